"""What a compiled function computes: for each purpose the nodes to be made, and the nests that they become.

value           what the function returns
value_and_grad, grad, hessian, hvp      of one number that it returns
jacobian        of all that it returns
"""

from __future__ import annotations

from importlib import import_module

import numpy as np

from micrograd.compiler.points.nests import NUMBER, outer, outer_order, size
from micrograd.compiler.points.routine import FEW, Part
from micrograd.compiler.scalar.derivatives.sweeps import hessian_nodes, hvp_nodes, jacobian_nodes, reverse
from micrograd.compiler.scalar.graph import LEAVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph

    Rows = list[dict[int, int]]


class Wanted:
    """What derivatives are taken of, and by.

    graph           it gets the nodes that are made
    ends, returned  the nodes that the function returns, and the shape of their nest
    wrt, by         the nodes to differentiate by, and the shape of their nest
    vector          the nodes of the vector of `hvp`
    sparse          a matrix of derivatives is to be SciPy's CSR; "data": its numbers alone
    entries         of these: (row, column) of each, in order; in a guarded twin those of the other, since each finds
                    for itself what is always 0
    """

    def __init__(
        self,
        graph: Graph,
        ends: list[int],
        returned: Any,
        wrt: list[int],
        by: Any,
        vector: Sequence[int] = (),
        sparse: bool | str = False,
        entries: list[tuple[int, int]] | None = None,
    ) -> None:
        self.graph, self.ends, self.returned, self.wrt, self.by = graph, ends, returned, wrt, by
        self.vector, self.sparse, self.entries = list(vector), sparse, entries

    def plain(self, nodes: list[int], shape: Any) -> Part:
        """A nest of derivatives of which each is a node; none of them is −0."""
        graph = self.graph
        zero = graph.constant(0.0)
        return Part([graph.apply("add", (node, zero)) for node in nodes], shape)

    def matrix(self, rows: Rows, shape: Any, order: Callable[[], np.ndarray]) -> Part:
        """A matrix of derivatives as a nest; `order`: where in the matrix, flat, the numbers of the nest stand."""
        width, entries = len(self.wrt), sum(map(len, rows))
        if self.sparse == "data":
            if self.entries is None:
                self.entries = [(i, j) for i, row in enumerate(rows) for j in sorted(row)]
            zero = self.graph.constant(0.0)
            return self.plain([rows[i].get(j, zero) for i, j in self.entries], ("array", (len(self.entries),)))
        if self.sparse:
            chosen = [(j, row[j]) for row in rows for j in sorted(row)]
            part = self.plain([node for _, node in chosen], ("array", (len(rows), width)))
            part.sparse = structure(rows, width)
            return part
        total = len(rows) * width
        if total <= max(FEW, 2 * entries):
            zero = self.graph.constant(0.0)
            flat = [row.get(j, zero) for row in rows for j in range(width)]
            return self.plain([flat[place] for place in order().tolist()], shape)
        where = np.empty(total, np.int64)
        where[order()] = np.arange(total)
        found = sorted([(int(where[i * width + j]), node) for i, row in enumerate(rows) for j, node in row.items()])
        part = self.plain([node for _, node in found], shape)
        part.places = np.array([place for place, _ in found], np.int64)
        return part


def structure(rows: Rows, width: int) -> Any:
    """A matrix of SciPy with entries where the rows have some; ImportError, with the cure, without SciPy."""
    try:
        sparse = import_module("scipy.sparse")
    except ImportError as error:
        raise ImportError("a sparse matrix is SciPy's: pip install scipy, or leave out sparse=True") from error
    columns = np.array([j for row in rows for j in sorted(row)], np.int32)
    pointers = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    made = sparse.csr_matrix((np.zeros(len(columns)), columns, pointers), (len(rows), width))
    made.has_sorted_indices = made.has_canonical_format = True
    return made


def value(wanted: Wanted, guard: bool) -> list[Part]:
    """What the function returns."""
    return [Part(wanted.ends, wanted.returned)]


def value_and_grad(wanted: Wanted, guard: bool) -> list[Part]:
    """The number that the function returns, and its gradient."""
    return [*value(wanted, guard), *grad(wanted, guard)]


def grad(wanted: Wanted, guard: bool) -> list[Part]:
    """The gradient."""
    one = wanted.graph.constant(1.0)
    return [wanted.plain(reverse(wanted.graph, wanted.ends, [one], wanted.wrt, guard), wanted.by)]


def jacobian(wanted: Wanted, guard: bool) -> list[Part]:
    """The derivative of every number that the function returns."""
    rows = jacobian_nodes(wanted.graph, wanted.ends, wanted.wrt, guard)
    returned, by = wanted.returned, wanted.by
    return [wanted.matrix(rows, outer(returned, by), lambda: outer_order(returned, by))]


def hessian(wanted: Wanted, guard: bool) -> list[Part]:
    """The matrix of second derivatives."""
    _, lower = hessian_nodes(wanted.graph, wanted.ends[0], wanted.wrt, guard)
    rows: Rows = [dict(row) for row in lower]
    for i, row in enumerate(lower):
        for j, node in row.items():
            rows[j][i] = node
    by = wanted.by
    return [wanted.matrix(rows, outer(by, by), lambda: outer_order(by, by))]


def hvp(wanted: Wanted, guard: bool) -> list[Part]:
    """The second derivatives times a vector."""
    return [wanted.plain(hvp_nodes(wanted.graph, wanted.ends[0], wanted.wrt, wanted.vector, guard), wanted.by)]


PURPOSES = {one.__name__: one for one in (value, value_and_grad, grad, jacobian, hessian, hvp)}
OF_ONE_NUMBER = ("value_and_grad", "grad", "hessian", "hvp")


def expect_number(purpose: str, returned: Any) -> None:
    """TypeError where a purpose is of one number and the function returns others."""
    if purpose in OF_ONE_NUMBER and returned != NUMBER:
        kind = {"array": "an array", "dict": "a dictionary", "list": "a list or tuple"}[returned[0]]
        raise TypeError(
            f"{purpose} expects a function that returns one Value or number, got {kind} of {size(returned)}; "
            "the derivatives of several are `jacobian`"
        )


def own(graph: Graph, ends: list[int]) -> list[int]:
    """The ends, each a node of its own that is made, so that all of them may stand side by side."""
    found: dict[int, None] = {}
    for node in ends:
        found[graph.again(node) if node in found or graph.kind[node] in LEAVES else node] = None
    return list(found)


def total(graph: Graph, nodes: list[int]) -> int:
    """Their sum, which is finite only where all of them are."""
    found = graph.constant(0.0)
    for node in nodes:
        found = graph.apply("add", (found, node))
    return graph.again(found)
