"""Rolling: a scalar graph becomes a few steps over groups of like scalars.

A sum of parameter · varying terms becomes a row of a Linear step; rows that sum over the same rows are a matrix
product. All other nodes of one level with the same primitive and the same kinds of operands become one Map.

    inner       a node that becomes a row here; outer: an operand from elsewhere, which becomes a slot
    level       steps from the leaves: nodes of one level do not depend on each other
    chain       a sum leaning left, ((t₀ + t₁) + t₂) − t₃, whose partial sums nobody else uses
    term        (factor, row node) of a chain; the factor is an outer node
"""

from __future__ import annotations

from collections import defaultdict

from micrograd.compiler.arrays.steps import Linear, Map, Rows, Slots, Space, Step
from micrograd.ops import ADD, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.compiler.arrays.steps import Operand
    from micrograd.compiler.scalar.graph import Graph

    Term = tuple[int, int]

FEWEST_PRODUCTS, FEWEST_TERMS = 2, 4  # a shorter sum stays single additions, which fuse with what stands around them
FEW_SUMS = 8  # so many sums over different rows are worth a step each


def live(graph: Graph, ends: Iterable[int], inner: list[bool]) -> tuple[list[int], set[int]]:
    """The inner nodes that the ends need, operands first, and the outer nodes that those need."""
    seen: set[int] = set()
    outer: set[int] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if not inner[node]:
            outer.add(node)
        elif node not in seen:
            seen.add(node)
            if graph.kind[node] in TABLE:
                waiting.extend(graph.args[node])
    return sorted(seen), outer


class Roller:
    """Rolls the inner nodes that `ends` need into steps; `rows` places the leaves among them and then every group."""

    def __init__(self, graph: Graph, ends: list[int], inner: list[bool], rows: dict[int, int], space: Space) -> None:
        self.graph, self.inner, self.rows, self.space = graph, inner, rows, space
        self.steps: list[Step] = []
        self.order, _ = live(graph, ends, inner)
        self.outer: set[int] = set()
        self.order = [node for node in self.order if node not in rows]
        self.uses: dict[int, int] = defaultdict(int)
        for used in [i for node in self.order for i in graph.args[node]] + ends:
            self.uses[used] += 1
        self.chains: dict[int, tuple[int | None, list[Term]]] = {}
        self._find_chains()
        self._group()

    # sums

    def _find_chains(self) -> None:
        absorbed: set[int] = set()
        for node in reversed(self.order):
            if node not in absorbed and self.graph.kind[node] in ("add", "sub"):
                bias, terms, swallowed, products = self._chain(node)
                if products >= FEWEST_PRODUCTS or len(terms) >= FEWEST_TERMS:
                    self.chains[node] = bias, terms
                    absorbed.update(swallowed)
        self.order = [node for node in self.order if node not in absorbed]

    def _chain(self, top: int) -> tuple[int | None, list[Term], list[int], int]:
        """(bias, terms in their order, nodes that are part of the chain alone, number of products among the terms)."""
        kind, args, inner, uses = self.graph.kind, self.graph.args, self.inner, self.uses
        signed: list[tuple[bool, int]] = []  # (negative, operand), last first
        swallowed: list[int] = []
        bias = None
        node = top
        while True:
            left, right = args[node]
            if not inner[right]:
                if node == top:
                    return None, [], [], 0
                if uses[left] == 1 and kind[left] in ("add", "sub"):  # in the middle of a sum it stays where it is
                    signed.append((False, node))
                else:  # t + b is b + t
                    swallowed.append(node)
                    signed.append((False, left))
                    bias = self._negative(right) if kind[node] == "sub" else right
                break
            if node != top:
                swallowed.append(node)
            signed.append((kind[node] == "sub", right))
            if not inner[left]:
                bias = left
                break
            if uses[left] > 1 or kind[left] not in ("add", "sub"):
                signed.append((False, left))
                break
            node = left
        terms, products = [], 0
        for negative, node in reversed(signed):
            factor, row = self._product(node)
            if row != node:
                swallowed.append(node)
                products += 1
            terms.append((self._negative(factor) if negative else factor, row))
        return bias, terms, swallowed, products

    def _product(self, node: int) -> Term:
        """A term: outer · inner taken apart, anything else times 1."""
        if self.graph.kind[node] == "mul" and self.uses[node] == 1:
            a, b = self.graph.args[node]
            if not self.inner[a]:
                return a, b
            if not self.inner[b]:
                return b, a
        return self._one, node

    @property
    def _one(self) -> int:
        return self._outer(self.graph.constant(1.0))

    def _negative(self, factor: int) -> int:
        return self._outer(self.graph.apply("neg", (factor,)))

    def _outer(self, node: int) -> int:
        """A node that may have been made just now, and is outer."""
        self.inner.extend([False] * (len(self.graph) - len(self.inner)))
        return node

    # groups

    def _group(self) -> None:
        level: dict[int, int] = {}
        waiting: dict[int, dict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))
        for node in self.order:
            chain = self.chains.get(node)
            below = [i for _, i in chain[1]] if chain else self.graph.args[node]
            level[node] = at = 1 + max([level.get(i, 0) for i in below if self.inner[i]], default=0)
            waiting[at][self._key(node, chain)].append(node)
        for at in sorted(waiting):
            for key, nodes in waiting[at].items():
                if key[0] == "chain":
                    self._linear(nodes)
                else:
                    self._map(key[0], nodes)

    def _key(self, node: int, chain: Any) -> tuple[Any, ...]:
        """Equal for nodes that one step can make."""
        if chain:
            return "chain", len(chain[1]), chain[0] is None
        kind, args = self.graph.kind[node], self._ordered(node)
        return kind, tuple(["row" if self.inner[i] else self.graph.kind[i] == "constant" for i in args])

    def _ordered(self, node: int) -> tuple[int, ...]:
        """The operands, a row before a slot where their order does not matter."""
        args = self.graph.args[node]
        if self.graph.kind[node] in ("add", "mul") and not self.inner[args[0]]:
            return args[::-1]
        return args

    def _linear(self, nodes: list[int]) -> None:
        """Chains of one length: those over the same rows together, the rest in one table."""
        over: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for node in nodes:
            over[tuple([self.rows[row] for _, row in self.chains[node][1]])].append(node)
        alone = self._with_own_terms([alike[0] for alike in over.values() if len(alike) == 1])
        groups = [alike for alike in over.values() if len(alike) > 1]
        groups += [alone] if len(alone) > FEW_SUMS else [[node] for node in alone]
        for alike in groups:
            if alike:
                self._place(alike, self._sums([self.chains[node] for node in alike]))

    def _with_own_terms(self, nodes: list[int]) -> list[int]:
        """Make chains over the same rows but for terms of factor 1, as in W h + v: a matrix product, then additions.

        Returns the others.
        """
        import numpy as np

        one, over = self._one, defaultdict(list)
        for node in nodes:
            over[tuple([self.rows[row] for factor, row in self.chains[node][1] if factor != one])].append(node)
        others = []
        for shared, alike in over.items():
            if len(alike) == 1 or not FEWEST_PRODUCTS <= len(shared) < len(self.chains[alike[0]][1]):
                others += alike
                continue
            chains = [self.chains[node] for node in alike]
            start = self._sums([(bias, [term for term in terms if term[0] != one]) for bias, terms in chains])
            for own in zip(*[[self.rows[row] for factor, row in terms if factor == one] for _, terms in chains]):
                operands: list[Operand] = [Rows(np.arange(start, start + len(own))), Rows(np.array(own))]
                start = self.space.take(len(own))
                self.steps.append(Map(ADD, operands, start, len(own)))
            self._place(alike, start)
        return others

    def _sums(self, chains: list[tuple[int | None, list[Term]]]) -> int:
        """Make a Linear step of these chains; its first row."""
        import numpy as np

        rows = np.array([[self.rows[row] for _, row in terms] for _, terms in chains])
        factors = np.array([[factor for factor, _ in terms] for _, terms in chains])
        bias = None if chains[0][0] is None else np.array([bias for bias, _ in chains])
        self.outer.update(np.unique(factors).tolist())
        self.outer.update([] if bias is None else bias.tolist())
        start = self.space.take(len(chains))
        self.steps.append(Linear(rows, factors, bias, start))
        return start

    def _map(self, name: str, nodes: list[int]) -> None:
        import numpy as np

        def place(node: int) -> list[int]:
            return [self.rows[i] for i in self._ordered(node) if self.inner[i]]

        nodes = sorted(nodes, key=place)
        operands: list[Operand] = []
        for column in zip(*map(self._ordered, nodes)):
            if self.inner[column[0]]:
                operands.append(Rows(np.array([self.rows[i] for i in column])))
            elif len(set(column)) == 1 and self.graph.kind[column[0]] == "constant":
                operands.append(self.graph.args[column[0]][0])
            else:
                self.outer.update(column)
                operands.append(Slots(np.array(column)))
        start = self.space.take(len(nodes))
        self.steps.append(Map(TABLE[name], operands, start, len(nodes)))
        self._place(nodes, start)

    def _place(self, nodes: list[int], start: int) -> None:
        for r, node in enumerate(nodes):
            self.rows[node] = start + r


def renamed(steps: list[Step], slot_of: Any) -> None:
    """Replace outer nodes by their slots; slot_of is an array by node."""
    for step in steps:
        if isinstance(step, Linear):
            step.slots = slot_of[step.slots]
            step.bias = None if step.bias is None else slot_of[step.bias]
        elif isinstance(step, Map):
            step.operands = [Slots(slot_of[x.index]) if isinstance(x, Slots) else x for x in step.operands]


class Rolled:
    """The array program of some nodes of a trace, forward only.

    steps       make the rows, uniform the slots they need
    rows, slots where every node stands: a number by node
    """

    def __init__(self, trace: Any, ends: list[int]) -> None:
        import numpy as np

        graph = trace.graph
        self.row_space, self.slot_space = Space(), Space()
        self.inputs = self.row_space.take(trace.inputs)
        self.targets = self.row_space.take(trace.targets or 1)
        self.weight = self.row_space.take(1)
        self.parameters, self.held = len(trace.parameters), len(trace.held)
        self.slot_space.take(self.parameters + self.held)
        rows = {i: self._leaf_row(graph, i) for i, kind in enumerate(graph.kind) if kind in ("input", "target")}
        slots = {i: self._leaf_slot(graph, i) for i, kind in enumerate(graph.kind) if kind in ("parameter", "held")}
        varying = list(graph.varying)
        samples = Roller(graph, [node for node in ends if varying[node]], varying, rows, self.row_space)
        wanted = samples.outer | {node for node in ends if not varying[node]}
        uniform = [not varying[i] and graph.kind[i] != "constant" for i in range(len(graph))]
        once = Roller(graph, sorted(i for i in wanted if uniform[i]), uniform, slots, self.slot_space)
        slot_of = np.zeros(len(graph), np.int64)
        for node in sorted(wanted | once.outer):
            if graph.kind[node] == "constant":
                slots[node] = self.slot_space.constant(graph.args[node][0])
        for node, slot in slots.items():
            slot_of[node] = slot
        renamed(samples.steps, slot_of)
        renamed(once.steps, slot_of)
        self.steps, self.uniform, self.rows, self.slots = samples.steps, once.steps, rows, slots

    def _leaf_row(self, graph: Graph, node: int) -> int:
        return (self.inputs if graph.kind[node] == "input" else self.targets) + graph.args[node][0]

    def _leaf_slot(self, graph: Graph, node: int) -> int:
        return graph.args[node][0] + (self.parameters if graph.kind[node] == "held" else 0)
