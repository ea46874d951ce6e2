"""Rolling: a scalar graph becomes a few steps over groups of like scalars.

A sum of parameter · varying terms becomes a row of a Linear step; rows that sum over the same rows are a matrix
product. Entries of tables by one index become one Gather. All other nodes of one level with the same primitive and the
same kinds of operands become one Map.

    inner       a node that becomes a row here; outer: an operand from elsewhere, which becomes a slot
    level       steps from the leaves: nodes of one level do not depend on each other
    chain       a sum leaning left, ((t₀ + t₁) + t₂) − t₃, whose partial sums nobody else uses
    term        (factor, row node) of a chain; the factor is an outer node
"""

from __future__ import annotations

from collections import defaultdict

from micrograd.algebra.sums import summands, weighted
from micrograd.compiler.arrays.gather import Gather
from micrograd.compiler.arrays.program import ArrayProgram
from micrograd.compiler.arrays.steps import Linear, Map, Pairs, Rows, Slots, Space, Step
from micrograd.ops import ADD, MUL, NEG, SUB, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.compiler.arrays.steps import Index, Operand
    from micrograd.compiler.scalar.graph import Graph
    from micrograd.compiler.scalar.tracer import Trace

    Term = tuple[int, int]

SUMS = (ADD.name, SUB.name)
FEWEST_PRODUCTS, FEWEST_TERMS = 2, 4  # a shorter sum stays single additions, which fuse with what stands around them
FEW_SUMS = 8  # so many sums over different rows are worth a step each


def live(graph: Graph, ends: Iterable[int], inner: list[bool]) -> list[int]:
    """The inner nodes that the ends need, operands first."""
    seen: set[int] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if inner[node] and node not in seen:
            seen.add(node)
            if graph.kind[node] in TABLE or graph.kind[node] == "take":
                waiting.extend(graph.args[node])
    return sorted(seen)


class Roller:
    """Rolls nodes of a graph into steps.

    inner       by node: it becomes a row here
    rows        node -> its row: the leaves', then those of every group
    outer       the nodes that the steps take as slots
    order       the nodes to be rolled, operands first; uses: how often each node is used
    chains      node -> (bias, terms)
    """

    def __init__(self, graph: Graph, inner: list[bool], rows: dict[int, int], space: Space) -> None:
        self.graph, self.inner, self.rows, self.space = graph, inner, rows, space
        self.steps: list[Step] = []
        self.outer: set[int] = set()
        self.order: list[int] = []
        self.uses: dict[int, int] = defaultdict(int)
        self.chains: dict[int, tuple[int | None, list[Term]]] = {}

    def roll(self, ends: list[int]) -> None:
        """Make the steps of the inner nodes that `ends` need."""
        self.order = [node for node in live(self.graph, ends, self.inner) if node not in self.rows]
        for used in [i for node in self.order for i in self.graph.args[node]] + ends:
            self.uses[used] += 1
        self._find_chains()
        self._group()

    # sums

    def _find_chains(self) -> None:
        absorbed: set[int] = set()
        for node in reversed(self.order):
            if node not in absorbed and self.graph.kind[node] in SUMS:
                bias, terms, swallowed, products = self._chain(node)
                if products >= FEWEST_PRODUCTS or len(terms) >= FEWEST_TERMS:
                    self.chains[node] = bias, terms
                    absorbed.update(swallowed)
        self.order = [node for node in self.order if node not in absorbed]

    def _chain(self, top: int) -> tuple[int | None, list[Term], list[int], int]:
        """(bias, terms in their order, nodes that are part of the chain alone, number of products among the terms)."""
        kind, args = self.graph.kind, self.graph.args
        signed: list[tuple[bool, int]] = []  # (negative, operand), last first
        swallowed: list[int] = []
        bias = None
        if not self.inner[args[top][1]]:
            return None, [], [], 0
        for node, k, opened in summands(top, args, self._goes_on):
            negative, x = k == 1 and kind[node] == SUB.name, args[node][k]
            if opened:
                swallowed.append(x)
            elif self.inner[x]:
                signed.append((negative, x))
            else:  # where the sum begins: t + b is b + t
                bias = self._negative(x) if negative else x
        terms, products = [], 0
        for negative, node in reversed(signed):
            factor, row = self._product(node)
            if row != node:
                swallowed.append(node)
                products += 1
            terms.append((self._negative(factor) if negative else factor, row))
        return bias, terms, swallowed, products

    def _goes_on(self, node: int, k: int) -> bool:
        """Whether a chain goes on in an operand; what is added in the middle of a sum and is outer stays there."""
        x = self.graph.args[node][k]
        if k == 1 or not self._partial(x):
            return False
        left, right = self.graph.args[x]
        return self.inner[right] or not self._partial(left)

    def _partial(self, node: int) -> bool:
        """Whether a node is a sum that is used once."""
        return self.inner[node] and self.uses[node] == 1 and self.graph.kind[node] in SUMS

    def _product(self, node: int) -> Term:
        """A term: outer · inner taken apart, anything else times 1."""
        if self.graph.kind[node] == MUL.name and self.uses[node] == 1:
            args = self.graph.args[node]
            k = weighted(args, lambda factor, x: not self.inner[factor])
            if k is not None:
                return args[1 - k], args[k]
        return self._one, node

    @property
    def _one(self) -> int:
        return self._outer(self.graph.constant(1.0))

    def _negative(self, factor: int) -> int:
        return self._outer(self.graph.apply(NEG.name, (factor,)))

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
                elif key[0] == "take":
                    self._gather(nodes)
                else:
                    self._map(key[0], nodes)

    def _key(self, node: int, chain: Any) -> tuple[Any, ...]:
        """Equal for nodes that one step can make."""
        if chain:
            return "chain", len(chain[1]), chain[0] is None
        kind, args = self.graph.kind[node], self._ordered(node)
        if kind == "take":
            return kind, len(args), args[0]
        return kind, tuple(["row" if self.inner[i] else self.graph.kind[i] == "constant" for i in args])

    def _ordered(self, node: int) -> tuple[int, ...]:
        """The operands, a row before a slot where their order does not matter."""
        args, op = self.graph.args[node], TABLE.get(self.graph.kind[node])
        if op is not None and op.commutative and not self.inner[args[0]]:
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

    def _gather(self, nodes: list[int]) -> None:
        """Entries of tables of one length, by one index."""
        import numpy as np

        index, *_ = self.graph.args[nodes[0]]
        slots = np.array([self.graph.args[node][1:] for node in nodes])
        self.outer.update(np.unique(slots).tolist())
        start = self.space.take(len(nodes))
        self.steps.append(Gather(np.array([self.rows[index]]), slots, start))
        self._place(nodes, start)

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


def roll(trace: Trace, each: list[int], once: Iterable[int] = ()) -> ArrayProgram:
    """The steps that make some nodes of a trace for each sample, and uniform nodes once a step."""
    graph, program = trace.graph.copy(), ArrayProgram(trace)  # rolling adds factors of 1 and −1 to it
    program.row_space.take(program.weight + 1)
    program.slot_space.take(len(trace.parameters) + len(trace.captured))
    first = {"input": 0, "target": program.targets, "parameter": 0, "captured": len(trace.parameters)}
    for node, kind in enumerate(graph.kind):
        if kind in first:
            place = program.row_of if graph.varying[node] else program.slot_of
            place[node] = first[kind] + graph.args[node][0]
    ends, varying = [*each, *once], list(graph.varying)
    samples = Roller(graph, varying, program.row_of, program.row_space)
    samples.roll([node for node in ends if varying[node]])
    wanted = samples.outer | {node for node in ends if not varying[node]}
    uniform = [not varying[i] and graph.kind[i] != "constant" for i in range(len(graph))]
    shared = Roller(graph, uniform, program.slot_of, program.slot_space)
    shared.roll(sorted(i for i in wanted if uniform[i]))
    slot_of = slots_by_node(graph, program, wanted | shared.outer)
    program.steps = [step.renamed(slot_of) for step in samples.steps]
    program.before = [step.renamed(slot_of) for step in shared.steps]
    for node in each:
        add_row(program, node)
    program.forward = len(program.steps)
    return program


def slots_by_node(graph: Graph, program: ArrayProgram, nodes: Iterable[int]) -> Index:
    """The slots of all nodes that have one, as an array by node; constants among the nodes are given one."""
    import numpy as np

    for node in sorted(nodes):
        if graph.kind[node] == "constant":
            program.slot_of[node] = program.slot_space.constant(graph.args[node][0])
    slot_of = np.zeros(len(graph), np.int64)
    for node, slot in program.slot_of.items():
        slot_of[node] = slot
    return slot_of


def add_row(program: ArrayProgram, node: int) -> None:
    """Give a node a row; a uniform one has none as yet."""
    import numpy as np

    if node not in program.row_of:
        start = program.row_of[node] = program.row_space.take(1)
        number = program.trace.graph.number(node)
        operand = Slots(np.array([program.slot_of.get(node)])) if number is None else number
        program.steps.append(Map(ADD, [-0.0, operand], start, 1))  # -0.0 + x is x, and has its derivative


def roll_outputs(trace: Trace) -> ArrayProgram:
    """What the model returns, for each sample."""
    import numpy as np

    program = roll(trace, trace.outputs)
    program.outputs = np.array([program.row_of[node] for node in trace.outputs])
    return program


def roll_loss(trace: Trace) -> ArrayProgram:
    """The loss of each sample, and the penalty."""
    if trace.loss is None:
        raise TypeError("expected a program compiled with a loss, or an expression with one value; this one has none")
    return roll(trace, [trace.loss], [] if trace.penalty is None else [trace.penalty])


def roll_sums(trace: Trace) -> ArrayProgram:
    """The sums of the outputs over the samples, each times the sample's weight, and the charges.

    They are the lower half of a symmetric matrix, whose numbers, row after row, stand in place of the gradient.
    """
    import numpy as np

    program, count, width = roll(trace, trace.outputs, trace.charges), len(trace.outputs), len(trace.parameters)
    program.guard = trace.guard
    first = program.slot_space.take(count)
    slots = np.arange(first, first + count)
    rows = np.array([[program.row_of[node]] for node in trace.outputs])
    program.incoming = first, count
    program.sums = [Pairs(slots, np.full_like(rows, program.weight), rows, program.guard)]
    if trace.charges:
        charges = np.array([program.slot_of[node] for node in trace.charges])
        start = program.slot_space.take(count)
        program.after = [Map(ADD, [Rows(slots), Rows(charges)], start, count)]
        slots = np.arange(start, start + count)
    matrix = np.full((width, width), program.slot_space.constant(0.0))
    i, j = np.array(trace.places).T
    matrix[i, j] = matrix[j, i] = slots
    program.gradient = matrix.ravel()
    return program
