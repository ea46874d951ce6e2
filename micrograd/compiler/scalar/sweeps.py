"""Derivatives as nodes of the scalar graph itself: forward and reverse sweeps by the rows' partials.

tangent     of a node: its derivative along an input or a direction, a node; sparse: {column: tangent}, without zeros
adjoint     of a node: the derivative of an output by it, a node; sparse: {row: adjoint}, without zeros
ends        the nodes that are differentiated; wrt: those that they are differentiated by
guard       a contribution of an adjoint that is exactly 0 is 0, even through a factor of inf or nan, as in eager code

All sweeps go through the nodes once, in their order, and make nodes behind them: nothing recurses, and the structure of
a matrix of derivatives comes out by itself. What several rows or columns need is made once.

The fast programs have no guards. Where one of their numbers is not finite, a guarded twin is asked, which always goes
in reverse: forward there is no adjoint that could be 0.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import isfinite

from micrograd.compiler.scalar.graph import LEAVES
from micrograd.dispatch import Operators
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph

    Sparse = dict[int, int]


class Term(Operators):
    """A node as a partial sees it, unless it is a constant: that is a float there. What it goes through becomes nodes.

    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x = Term(graph, graph.leaf("input", 0))
    >>> _ = 2.0 * x + x
    >>> print(graph)
    0  input 0
    1  constant 2
    2  mul 1 0
    3  add 2 0
    """

    __slots__ = ("graph", "node")
    thorough = True

    def __init__(self, graph: Graph, node: int) -> None:
        self.graph, self.node = graph, node

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive as a node; a float where it is a constant."""
        graph = self.graph
        nodes = tuple([x.node if x.__class__ is Term else graph.constant(float(x)) for x in args])
        return term(graph, graph.apply(name, nodes))


def term(graph: Graph, node: int) -> Any:
    """A node as a partial sees it."""
    return graph.args[node][0] if graph.kind[node] == "constant" else Term(graph, node)


def node_of(graph: Graph, x: Any) -> int:
    """The node of what a partial gave."""
    node: int = x.node if x.__class__ is Term else graph.constant(x)
    return node


class Finite:
    """Which nodes are finite wherever the leaves are, unless a polynomial of them overflows.

    They are made of leaves by rows that have no pole and that grow no faster than a product.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known = bytearray()

    def holds(self, node: int) -> bool:
        """Whether a node is known to be finite."""
        graph, known = self.graph, self.known
        for i in range(len(known), node + 1):
            kind, args = graph.kind[i], graph.args[i]
            if kind == "constant":
                known.append(args[0] - args[0] == 0.0)
            else:
                known.append(kind in LEAVES or steady(kind) and all(map(known.__getitem__, args)))
        return known[node] == 1


@lru_cache(maxsize=None)
def steady(name: str) -> bool:
    """Whether a row is finite for all operands among some that are large or at its poles."""
    op = TABLE.get(name)
    points = (-1e3, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 1e3)
    return op is not None and all(isfinite(op.forward(*x)) for x in product(points, repeat=len(op.partials)))


class Links:
    """The links of a graph from a node to its operands: what tangents and adjoints are multiplied by on their way.

    finite      spares guards where the local derivative is finite
    last, made  the node whose symbols were made last, and those
    """

    def __init__(self, graph: Graph, guard: bool, finite: Finite | None = None) -> None:
        self.graph, self.guard, self.finite = graph, guard, finite
        self.last = -1
        self.made: list[Any] = []

    def through(self, node: int, i: int, vector: Sparse) -> Sparse:
        """The tangents or adjoints in `vector` times the local derivative of a node by its operand number i."""
        graph, apply = self.graph, self.graph.apply
        if graph.kind[node] == "take":
            return self.entry(node, i, vector)
        op = TABLE[graph.kind[node]]
        partial: Any = op.partials[i]
        if partial.__class__ is float:
            if partial == 1.0 or partial == 0.0:
                return vector if partial else {}
            if partial == -1.0:
                return {k: apply("neg", (v,)) for k, v in vector.items()}
            factor = graph.constant(partial)
        else:
            symbols = self.symbols(node)
            if op.selects:
                return {k: node_of(graph, partial(*symbols, term(graph, v))) for k, v in vector.items()}
            factor = node_of(graph, partial(*symbols))
            if self.guard and not (self.finite and self.finite.holds(factor)):
                return {k: self.guarded(apply("mul", (factor, v)), v) for k, v in vector.items()}
        return {k: apply("mul", (factor, v)) for k, v in vector.items()}

    def symbols(self, node: int) -> list[Any]:
        """The operands of a node and the node itself, as its partials see them; those of the last one are kept."""
        if self.last != node:
            graph, self.last = self.graph, node
            self.made = [term(graph, x) for x in graph.args[node]]
            self.made.append(Term(graph, node))
        return self.made

    def entry(self, node: int, i: int, vector: Sparse) -> Sparse:
        """The same for a row of a table: the entry that is taken receives what the row has, an index nothing."""
        if i == 0:
            return {}
        apply, place = self.graph.apply, self.graph.constant(float(i - 1))
        index, zero = self.graph.args[node][0], self.graph.constant(0.0)
        taken = apply("mul", (apply("less_equal", (index, place)), apply("greater_equal", (index, place))))
        return {k: apply("where", (taken, v, zero)) for k, v in vector.items()}

    def guarded(self, product: int, adjoint: int) -> int:
        """The product, but 0 where the adjoint is 0 and the product is not.

        Where both are 0 it is the product, as in the graphs of `gradient`, so that its derivative is not lost.
        """
        if self.graph.number(adjoint):
            return product
        apply, zero = self.graph.apply, self.graph.constant(0.0)
        none = apply("less_equal", (apply("abs", (product,)), zero))
        return apply("where", (adjoint, product, apply("where", (none, product, zero))))

    def collect(self, found: Sparse | None, received: Sparse) -> Sparse:
        """What a node has, and what it receives beside it, added up."""
        if found is None:
            return dict(received)
        apply = self.graph.apply
        for k, v in received.items():
            found[k] = apply("add", (found[k], v)) if k in found else v
        return found


def dependent(graph: Graph, wrt: Iterable[int], top: int) -> bytearray:
    """By node below `top`: 1 if it is one of wrt or depends on one."""
    found = bytearray(top)
    for x in wrt:
        if x < top:
            found[x] = 1
    kind = graph.kind
    for node, args in enumerate(graph.args[:top]):
        if not found[node] and kind[node] not in LEAVES:
            for x in args:
                if found[x]:
                    found[node] = 1
                    break
    return found


def adjoints(
    graph: Graph, seeds: dict[int, Sparse], wrt: Sequence[int], guard: bool = False, finite: Finite | None = None
) -> list[Sparse]:
    """The adjoints of each node of wrt, from those in `seeds`, {node: {row: adjoint}}."""
    links, kind, args = Links(graph, guard, finite), graph.kind, graph.args
    top = max(seeds, default=-1) + 1
    active, kept = dependent(graph, wrt, top), set(wrt)
    found = {node: dict(rows) for node, rows in seeds.items()}
    for node in range(top - 1, -1, -1):
        if not active[node] or node not in found or kind[node] in LEAVES:
            continue
        rows = found[node] if node in kept else found.pop(node)
        for i, x in enumerate(args[node]):
            if active[x]:
                received = links.through(node, i, rows)
                if received:
                    found[x] = links.collect(found.get(x), received)
    return [found.get(x, {}) for x in wrt]


def reverse(
    graph: Graph,
    ends: Sequence[int],
    seeds: Sequence[int],
    wrt: Sequence[int],
    guard: bool = False,
    finite: Finite | None = None,
) -> list[int]:
    """The nodes Σ seed · ∂end/∂x for each x in wrt; a constant 0 where no end depends on it.

    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x, y = graph.leaf("input", 0), graph.leaf("input", 1)
    >>> reverse(graph, [graph.apply("mul", (x, y))], [graph.constant(1.0)], [x, y]) == [y, x]
    True
    """
    links = Links(graph, guard)
    given: dict[int, Sparse] = {}
    for end, seed in zip(ends, seeds):
        given[end] = links.collect(given.get(end), {0: seed})
    zero = graph.constant(0.0)
    return [rows.get(0, zero) for rows in adjoints(graph, given, wrt, guard, finite)]


def forward(
    graph: Graph, ends: Sequence[int], seeds: dict[int, Sparse], columns: Sequence[int] | None = None
) -> list[Sparse]:
    """The tangents of each end, from those in `seeds`, {node: {column: tangent}}.

    columns     for each end how many of the first columns are wanted; all of them unless given
    """
    links, kind, args = Links(graph, False), graph.kind, graph.args
    top = max(ends, default=-1) + 1
    limits = columns_wanted(graph, ends, columns, top)
    found: dict[int, Sparse] = {}
    for node, row in seeds.items():
        if node < top:
            found[node] = {k: v for k, v in row.items() if k < limits[node]}
    for node in range(top):
        limit = limits[node]
        if not limit or node in seeds or kind[node] in LEAVES:
            continue
        made = None
        for i, x in enumerate(args[node]):
            row = found.get(x, {})
            if not row:
                continue
            if columns is not None:
                row = {k: v for k, v in row.items() if k < limit}
            made = links.collect(made, links.through(node, i, row))
        if made:
            found[node] = made
    return [found.get(end, {}) for end in ends]


def columns_wanted(graph: Graph, ends: Sequence[int], columns: Sequence[int] | None, top: int) -> list[int]:
    """By node below `top`: how many of the first columns the ends want of it; 0 if none of them is made of it."""
    every = 1 << 62
    limits = [0] * top
    for end, count in zip(ends, columns or [every] * len(ends)):
        limits[end] = max(limits[end], count)
    kind, args = graph.kind, graph.args
    for node in range(top - 1, -1, -1):
        limit = limits[node]
        if limit and kind[node] not in LEAVES:
            for x in args[node]:
                if limits[x] < limit:
                    limits[x] = limit
    return limits


def directional(graph: Graph, ends: Sequence[int], wrt: Sequence[int], direction: Sequence[int]) -> list[int]:
    """The nodes Σ ∂end/∂x · v for each end, with a node v of the direction for each x in wrt."""
    zero = graph.constant(0.0)
    return [row.get(0, zero) for row in forward(graph, ends, {x: {0: v} for x, v in zip(wrt, direction)})]


def counts(
    graph: Graph, ends: Sequence[int], wrt: Sequence[int], counted: Sequence[bool] | None = None
) -> tuple[int, int]:
    """How many tangents a forward sweep makes, and how many adjoints a reverse one, for a matrix of derivatives.

    counted     by node: whether its tangents and adjoints count; all do unless given
    """
    kind, args = graph.kind, graph.args
    top = max(ends, default=-1) + 1
    live = columns_wanted(graph, ends, None, top)
    depends, serves = [0] * top, [0] * top  # bit sets: of wrt, of ends
    for k, x in enumerate(wrt):
        if x < top:
            depends[x] |= 1 << k
    tangents = received = 0
    for node in range(top):
        if live[node] and kind[node] not in LEAVES:
            bits = depends[node]
            for x in args[node]:
                bits |= depends[x]
            depends[node] = bits
            if counted is None or counted[node]:
                tangents += bits.bit_count()
    for k, end in enumerate(ends):
        serves[end] |= 1 << k
    for node in range(top - 1, -1, -1):
        bits = serves[node]
        if bits and depends[node] and kind[node] not in LEAVES:
            if counted is None or counted[node]:
                received += bits.bit_count()
            for x in args[node]:
                if depends[x]:
                    serves[x] |= bits
    return tangents, received


def jacobian_nodes(
    graph: Graph, ends: Sequence[int], wrt: Sequence[int], guard: bool = False, counted: Sequence[bool] | None = None
) -> list[Sparse]:
    """The matrix ∂end/∂x, for each end {number of x in wrt: node}; entries that are 0 whatever the numbers are missing.

    Forward or in reverse, as the counts say.
    """
    one = graph.constant(1.0)
    if not guard and len(ends) > 1:
        tangents, received = counts(graph, ends, wrt, counted) if len(wrt) > 1 else (0, 1)
        if tangents <= 1.5 * received:  # a tangent costs less: no sums, no pass through nodes that serve nothing
            seeds: dict[int, Sparse] = {}
            for k, x in enumerate(wrt):
                seeds.setdefault(x, {})[k] = one
            return [nonzero(graph, row) for row in forward(graph, ends, seeds)]
    given: dict[int, Sparse] = {}
    for k, end in enumerate(ends):
        given.setdefault(end, {})[k] = one
    rows: list[Sparse] = [{} for _ in ends]
    for k, column in enumerate(adjoints(graph, given, wrt, guard)):
        for i, node in nonzero(graph, column).items():
            rows[i][k] = node
    return rows


def nonzero(graph: Graph, row: Sparse) -> Sparse:
    """A row without constant zeros."""
    return {k: node for k, node in row.items() if graph.number(node) != 0.0}


def hessian_nodes(graph: Graph, end: int, wrt: Sequence[int], guard: bool = False) -> tuple[list[int], list[Sparse]]:
    """The gradient of an end, and the lower half of its matrix of second derivatives, {j: node} for each i with j ≤ i.

    Forward through the gradient; guarded, in reverse.
    """
    one = graph.constant(1.0)
    slopes = reverse(graph, [end], [one], wrt, guard)
    if guard:
        rows = jacobian_nodes(graph, slopes, wrt, guard)
        return slopes, [{j: node for j, node in row.items() if j <= i} for i, row in enumerate(rows)]
    rows = forward(graph, slopes, {x: {k: one} for k, x in enumerate(wrt)}, range(1, len(wrt) + 1))
    return slopes, [
        nonzero(graph, {j: node for j, node in sorted(row.items()) if j <= i}) for i, row in enumerate(rows)
    ]


def hvp_nodes(graph: Graph, end: int, wrt: Sequence[int], vector: Sequence[int], guard: bool = False) -> list[int]:
    """The second derivatives of an end times a vector of nodes: the gradient, differentiated along it."""
    one = graph.constant(1.0)
    slopes = reverse(graph, [end], [one], wrt, guard)
    return reverse(graph, slopes, vector, wrt, True) if guard else directional(graph, slopes, wrt, vector)
