"""The parts of an export: affine maps, functions of whole vectors, single numbers, in an order that can be computed.

vector      numbers that are computed together: a tuple of nodes; the inputs are one too
affine map  sums bias + Σ weight · source over the same sources, added up from the left
each        one primitive for every number of a vector
sum         what may become a row of an affine map; its partial sums and products, used nowhere else, are swallowed
"""

from __future__ import annotations

from micrograd.algebra.sums import summands, weighted
from micrograd.ops import ADD, MUL, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Union

    from micrograd.exporting.freezing import FrozenGraph

    Vector = tuple[int, ...]
    Row = tuple[float, list[float], Vector]
    Part = Union["Affine", "Each", int]  # an int is the node of a single number

FEWEST_PRODUCTS = 8  # in an affine map of inputs; fewer are better read as formulas
FEWEST_TERMS = 4  # in one of other numbers
FEWEST_INPUTS = 4  # for which a primitive on each input is written as a loop
EMPTY = -0.0  # a sum that starts from it is the rest of the sum, for zeros of either sign too


class Affine:
    """A vector of sums: biases[i] + Σⱼ weights[i][j] · sources[j]."""

    def __init__(self, nodes: Vector, rows: list[Row]) -> None:
        self.nodes, self.sources = nodes, rows[0][2]
        self.biases = [bias for bias, _, _ in rows]
        self.weights = [weights for _, weights, _ in rows]


class Each:
    """A vector of results of one primitive. An operand is a vector, a list of numbers, or one node for all."""

    def __init__(self, nodes: Vector, kind: str, operands: list[Any]) -> None:
        self.nodes, self.kind, self.operands = nodes, kind, operands


class Parts:
    """The parts of a frozen graph; `divide` finds them.

    uses        node -> how often it is used
    users       node -> the nodes that use it, but for those that an affine map swallowed or makes
    swallowed   nodes inside the rows of affine maps
    no_sums     nodes that are known to be no sums of products
    made        node -> the affine map or vector that makes it
    vectors     node -> (the vector it belongs to, its place there)
    ordered     the parts that the outputs need, each after what it needs; inputs are none
    """

    def __init__(self, graph: FrozenGraph) -> None:
        self.graph = graph
        self.kind, self.args, self.varying = graph.kind, graph.args, graph.varying
        self.uses: dict[int, int] = {}
        self.users: dict[int, list[int]] = {}
        self.swallowed: set[int] = set()
        self.no_sums: set[int] = set()
        self.made: dict[int, Affine | Each] = {}
        self.vectors: dict[int, tuple[Vector, int]] = {}
        self.ordered: list[Part] = []

    def count_uses(self) -> None:
        """Fill `uses`, for the finder of affine maps."""
        for node in [*[i for made in self.graph.order for i in self.args[made]], *self.graph.outputs]:
            self.uses[node] = self.uses.get(node, 0) + 1

    def _enter(self, nodes: Vector) -> None:
        for i, node in enumerate(nodes):
            self.vectors[node] = nodes, i

    # affine maps

    def find_affines(self) -> None:
        """Find the sums over the same sources, and who uses what is left."""
        rows: dict[int, Row] = {}
        inside: dict[int, list[int]] = {}
        absorbed: set[int] = set()
        for node in reversed(self.graph.order):
            if node not in absorbed and self.kind[node] == ADD.name:
                found = self._sum(node)
                if found is not None:
                    rows[node], inside[node] = found
                    absorbed.update(inside[node])
        together: dict[Vector, list[int]] = {}
        for node in sorted(rows):
            together.setdefault(rows[node][2], []).append(node)
        for sources, nodes in together.items():
            later = len(sources) >= FEWEST_TERMS and not any(i in self.graph.input_nodes for i in sources)
            if later or (len(sources) >= 2 and len(sources) * len(nodes) >= FEWEST_PRODUCTS):
                affine = Affine(tuple(nodes), [rows[node] for node in nodes])
                self._enter(affine.nodes)
                self.made.update(dict.fromkeys(nodes, affine))
                self.swallowed.update([i for node in nodes for i in inside[node]])
        for node in self.graph.order:
            if node not in self.swallowed and node not in self.made:
                for i in dict.fromkeys(self.args[node]):
                    self.users.setdefault(i, []).append(node)

    def _sum(self, top: int) -> tuple[Row, list[int]] | None:
        """(bias, weights, sources) of a sum of numbers times nodes, and the nodes inside it; None for anything else."""
        if top in self.no_sums:
            return None
        terms: list[tuple[float, int]] = []
        partial: list[int] = []  # sums
        products: list[int] = []
        bias = EMPTY
        for node, k, opened in summands(top, self.args, self._goes_on):
            x = self.args[node][k]
            term = self._product(x)
            if opened:
                partial.append(x)
            elif term is not None:
                terms.append(term)
                products.append(x)
            elif not self.varying[x] and (k == 0 or self._product(self.args[node][0]) is not None):  # w · x + b, too
                bias = self.graph.numbers[x]
            else:
                self.no_sums.update(partial)  # they end in the same
                return None
        terms.reverse()
        return (bias, [weight for weight, _ in terms], tuple([source for _, source in terms])), [*partial, *products]

    def _goes_on(self, node: int, k: int) -> bool:
        """Whether a sum goes on in an operand."""
        x = self.args[node][k]
        return k == 0 and self.kind[x] == ADD.name and self.varying[x] and self.uses[x] == 1 and x not in self.no_sums

    def _product(self, node: int) -> tuple[float, int] | None:
        """(number, varying node) of a product of the two that is used once."""
        if self.kind[node] != MUL.name or self.uses[node] > 1:
            return None
        args = self.args[node]
        k = weighted(args, lambda weight, x: not self.varying[weight])
        return None if k is None else (self.graph.numbers[args[1 - k]], args[k])

    # a primitive for each

    def find_eaches(self) -> None:
        """Find the primitives that stand at every number of a vector."""
        inputs = tuple(self.graph.input_nodes)
        self._enter(inputs)
        waiting = list(dict.fromkeys([nodes for nodes, _ in self.vectors.values()]))
        for vector in waiting:
            if len(vector) < FEWEST_INPUTS and vector == inputs:
                continue
            for first in self.users.get(vector[0], []):
                each = None if first in self.vectors else self._each(vector, first)
                if each is not None:
                    self._enter(each.nodes)
                    self.made.update(dict.fromkeys(each.nodes, each))
                    waiting.append(each.nodes)

    def _each(self, vector: Vector, first: int) -> Each | None:
        """The vector whose first number is the node `first`, if every number of `vector` has such a node."""
        kind, found, given = self.kind[first], [first], self.args[first]
        places = [self._along(x, vector) for x in given]
        taken = {first}
        for node in vector[1:]:
            here = self.vectors[node][1]
            free = [user for user in self.users.get(node, []) if self.kind[user] == kind and user not in taken]
            alike = [
                user
                for user in free
                if user not in self.vectors
                and all(self._same(x, given[k], places[k], here) for k, x in enumerate(self.args[user]))
            ]
            if not alike:
                return None
            found.append(alike[0])
            taken.add(alike[0])
        operands: list[Any] = []
        for k, x in enumerate(given):
            if places[k] is not None:
                operands.append(places[k])
            elif self.varying[x]:
                operands.append(x)
            else:
                operands.append([self.graph.numbers[self.args[node][k]] for node in found])
        return Each(tuple(found), kind, operands)

    def _along(self, node: int, vector: Vector) -> Vector | None:
        """The vector, as long as this one, whose first number is node."""
        other, place = self.vectors.get(node, ((), 0))
        return other if place == 0 and len(other) == len(vector) else None

    def _same(self, x: int, first: int, along: Vector | None, here: int) -> bool:
        """Whether operand x stands at place `here` to what the operand `first` is at place 0."""
        if along is not None:
            return along[here] == x
        return x == first if self.varying[first] else not self.varying[x]

    # order

    def part(self, node: int) -> Part:
        """The part that computes a node."""
        return self.made.get(node, node)

    def needs(self, part: Part) -> Iterator[int]:
        """The varying nodes that a part is computed from."""
        if isinstance(part, Affine):
            yield from part.sources
        elif isinstance(part, Each):
            for x in part.operands:
                if isinstance(x, tuple):
                    yield from x
                elif isinstance(x, int):
                    yield x
        else:
            for i in self.args[part] if self.kind[part] in TABLE else ():
                if self.varying[i]:
                    yield i

    def put_in_order(self) -> None:
        """Fill `ordered`."""
        done: set[Any] = set()
        waiting = [self.part(node) for node in reversed(self.graph.outputs) if self.varying[node]]
        while waiting:
            part = waiting[-1]
            pending = [x for x in map(self.part, self.needs(part)) if x not in done and self._computed(x)]
            if pending and part not in done:
                waiting.extend(reversed(dict.fromkeys(pending)))
                continue
            waiting.pop()
            if part not in done and self._computed(part):
                done.add(part)
                self.ordered.append(part)

    def _computed(self, part: Part) -> bool:
        return not isinstance(part, int) or self.kind[part] in TABLE

    def shared(self) -> set[int]:
        """The single numbers that are used more than once, or by a vector."""
        uses: dict[int, int] = {}
        for part in self.ordered:
            for node in self.needs(part) if isinstance(part, int) else [*self.needs(part)] * 2:
                uses[node] = uses.get(node, 0) + 1
        for node in self.graph.outputs:
            uses[node] = uses.get(node, 0) + 1
        return {node for node, count in uses.items() if count > 1}


def divide(graph: FrozenGraph) -> Parts:
    """The graph divided into affine maps, vectors and single numbers."""
    parts = Parts(graph)
    parts.count_uses()
    parts.find_affines()
    parts.find_eaches()
    parts.put_in_order()
    return parts


def one_by_one(graph: FrozenGraph) -> Parts:
    """The graph as single numbers alone, as in the definition of a primitive, which has neither loops nor tables."""
    parts = Parts(graph)
    parts.count_uses()
    parts.put_in_order()
    return parts
