"""Derivatives as nodes of the scalar graph itself: forward and reverse sweeps by the rows' partials.

tangent     of a node: its derivative along an input or a direction, a node; sparse: {column: tangent}, without zeros
adjoint     of a node: the derivative of an output by it, a node; sparse: {row: adjoint}, without zeros
ends        the nodes that are differentiated; wrt: those that they are differentiated by
again       what is made is differentiated again
guard       a contribution of an adjoint that is exactly 0 is 0, even through a factor of inf or nan, as in eager code

All sweeps go through the nodes once, in their order, and make nodes behind them: nothing recurses, and the structure of
a matrix of derivatives comes out by itself. What several rows or columns need is made once.

The fast programs have no guards. Where one of their numbers is not finite, a guarded twin is asked, which always goes
in reverse: forward there is no adjoint that could be 0.
"""

from __future__ import annotations

from functools import partial

from micrograd.compiler.scalar.derivatives.links import Finite, Links
from micrograd.compiler.scalar.graph import LEAVES
from micrograd.compiler.scalar.loops.derivatives import pulled, pushed, tangents_of_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph

    Sparse = dict[Any, int]


def collect(graph: Graph, found: Sparse, received: Iterable[tuple[Any, int]]) -> Sparse:
    """What a node has, with what it receives added."""
    for k, v in received:
        found[k] = graph.apply("add", (found[k], v)) if k in found else v
    return found


def dependent(graph: Graph, wrt: Iterable[int], top: int, stops: Container[int] = ()) -> bytearray:
    """By node below `top`: 1 if it is one of wrt or depends on one; of `stops` only those that are one of wrt."""
    found = bytearray(top)
    for x in wrt:
        if x < top:
            found[x] = 1
    kind = graph.kind
    for node, args in enumerate(graph.args[:top]):
        if not found[node] and kind[node] not in LEAVES and node not in stops:
            for x in args:
                if found[x]:
                    found[node] = 1
                    break
    return found


def adjoints(
    graph: Graph,
    seeds: dict[int, Sparse],
    wrt: Sequence[int],
    guard: bool = False,
    finite: Finite | None = None,
    again: bool = False,
    stops: Container[int] = (),
) -> list[Sparse]:
    """The adjoints of each node of wrt by several ends, from those in `seeds`, {node: {row: adjoint}}.

    stops       nodes that hand nothing on to their operands
    """
    links, kind, args = Links(graph, guard, finite, again), graph.kind, graph.args
    top = max(seeds, default=-1) + 1
    active, kept = dependent(graph, wrt, top, stops), set(wrt)
    found = {node: dict(rows) for node, rows in seeds.items()}
    for node in range(top - 1, -1, -1):
        if not active[node] or node not in found or kind[node] in LEAVES or node in stops:
            continue
        rows = found[node] if node in kept else found.pop(node)
        if kind[node] == "item":
            loop, which = args[node]
            item = int(args[which][0])
            found[loop] = collect(graph, found.get(loop, {}), [((row, item), v) for row, v in rows.items()])
            continue
        if kind[node] == "loop":
            of_body = partial(adjoints, graph, guard=guard, finite=finite, again=again)
            for x, received in pulled(graph, node, rows, active, guard, of_body).items():
                found[x] = collect(graph, found.get(x, {}), received.items())
            continue
        for i, x in enumerate(args[node]):
            link = links.link(node, i) if active[x] else None
            if link is not None:
                found[x] = collect(graph, found.get(x, {}), [(k, link(v)) for k, v in rows.items()])
    return [found.get(x, {}) for x in wrt]


def reverse(
    graph: Graph,
    ends: Sequence[int],
    seeds: Sequence[int],
    wrt: Sequence[int],
    guard: bool = False,
    finite: Finite | None = None,
    again: bool = False,
) -> list[int]:
    """The nodes Σ seed · ∂end/∂x for each x in wrt; a constant 0 where no end depends on it.

    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x, y = graph.leaf("input", 0), graph.leaf("input", 1)
    >>> reverse(graph, [graph.apply("mul", (x, y))], [graph.constant(1.0)], [x, y]) == [y, x]
    True
    """
    links, kind, args, apply = Links(graph, guard, finite, again), graph.kind, graph.args, graph.apply
    found, zero = collect(graph, {}, zip(ends, seeds)), graph.constant(0.0)
    if "loop" in kind[: max(ends, default=-1) + 1]:
        given = {end: {0: seed} for end, seed in found.items()}
        return [rows.get(0, zero) for rows in adjoints(graph, given, wrt, guard, finite, again)]
    active, kept = dependent(graph, wrt, max(ends, default=-1) + 1), set(wrt)
    for node in range(len(active) - 1, -1, -1):
        if not active[node] or node not in found or kind[node] in LEAVES:
            continue
        adjoint = found[node] if node in kept else found.pop(node)
        for i, x in enumerate(args[node]):
            link = links.link(node, i) if active[x] else None
            if link is not None:
                received = link(adjoint)
                found[x] = apply("add", (found[x], received)) if x in found else received
    return [found.get(x, zero) for x in wrt]


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
        if kind[node] == "loop":
            found[node] = pushed(graph, node, found, partial(forward, graph))
            continue
        if kind[node] == "item":
            found[node] = tangents_of_item(graph, node, found.get(args[node][0], {}))
            continue
        made: Sparse = {}
        for i, x in enumerate(args[node]):
            row = found.get(x, {})
            link = links.link(node, i) if row else None
            if link is not None:
                collect(graph, made, [(k, link(v)) for k, v in row.items() if k < limit])
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

    counted     by node: whether its tangents count, and its adjoints; all do unless given. Those of what such a node is
                made of count, too: what is the same for all samples has adjoints that are not
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
    counts_too = [True] * top if counted is None else list(counted[:top])
    for node in range(top - 1, -1, -1):
        bits = serves[node]
        if bits and depends[node] and kind[node] not in LEAVES:
            if counts_too[node]:
                received += bits.bit_count()
            for x in args[node]:
                if depends[x]:
                    serves[x] |= bits
                    counts_too[x] |= counts_too[node]
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
    slopes = reverse(graph, [end], [one], wrt, guard, again=True)
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
    slopes = reverse(graph, [end], [one], wrt, guard, again=True)
    return reverse(graph, slopes, vector, wrt, True) if guard else directional(graph, slopes, wrt, vector)
