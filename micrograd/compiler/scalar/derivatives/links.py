"""The links of the scalar graph: by what a tangent or adjoint is multiplied on its way through a node, as nodes.

term        a node as a partial sees it
link        from a node to an operand: the function that makes of a tangent or adjoint its product with the local
            derivative, by the row of the node's primitive
guard       the product with an adjoint that is exactly 0 is 0, even if the local derivative is inf or nan
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
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph

    Link = Callable[[int], int]


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
        nodes = tuple([x.node if isinstance(x, Term) else graph.constant(float(x)) for x in args])
        return term(graph, graph.apply(name, nodes), self.__class__)


class ShortTerm(Term):
    """The same where what is made is differentiated again: a long partial would lose digits there."""

    __slots__ = ()
    thorough = False


def term(graph: Graph, node: int, kind: type[Term]) -> Any:
    """A node as a partial sees it."""
    return graph.args[node][0] if graph.kind[node] == "constant" else kind(graph, node)


def node_of(graph: Graph, x: Any) -> int:
    """The node of what a partial gave."""
    node: int = x.node if isinstance(x, Term) else graph.constant(x)
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
                leaf = kind in LEAVES and kind != "step"  # a state may overflow
                known.append(leaf or steady(kind) and all(map(known.__getitem__, args)))
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
    again       what is made is differentiated again
    last, made  the node whose symbols were made last, and those
    """

    def __init__(self, graph: Graph, guard: bool, finite: Finite | None = None, again: bool = False) -> None:
        self.graph, self.guard, self.finite = graph, guard, finite
        self.term = ShortTerm if again else Term
        self.last = -1
        self.made: list[Any] = []

    def link(self, node: int, i: int) -> Link | None:
        """What makes of a tangent or adjoint its product with the local derivative of a node by its operand number i.

        None where that is 0.
        """
        graph, apply = self.graph, self.graph.apply
        if graph.kind[node] == "take":
            return self.entry(node, i)
        op = TABLE[graph.kind[node]]
        partial: Any = op.partials[i]
        if partial.__class__ is float:
            if partial == 1.0 or partial == 0.0:
                return same if partial else None
            if partial == -1.0:
                return lambda v: apply("neg", (v,))
            factor = graph.constant(partial)
        else:
            symbols = self.symbols(node)
            if op.selects:
                return lambda v: node_of(graph, partial(*symbols, term(graph, v, self.term)))
            factor = node_of(graph, partial(*symbols))
            if self.guard and not (self.finite and self.finite.holds(factor)):
                return lambda v: self.guarded(apply("mul", (factor, v)), v)
        return lambda v: apply("mul", (factor, v))

    def symbols(self, node: int) -> list[Any]:
        """The operands of a node and the node itself, as its partials see them; those of the last one are kept."""
        if self.last != node:
            graph, self.last = self.graph, node
            self.made = [term(graph, x, self.term) for x in graph.args[node]]
            self.made.append(self.term(graph, node))
        return self.made

    def entry(self, node: int, i: int) -> Link | None:
        """The same for a row of a table: the entry that is taken receives what the row has, an index nothing."""
        if i == 0:
            return None
        apply, place = self.graph.apply, self.graph.constant(float(i - 1))
        index, zero = self.graph.args[node][0], self.graph.constant(0.0)
        taken = apply("mul", (apply("less_equal", (index, place)), apply("greater_equal", (index, place))))
        return lambda v: apply("where", (taken, v, zero))

    def guarded(self, product: int, adjoint: int) -> int:
        """The product, but 0 where the adjoint is 0 and the product is not.

        Where both are 0 it is the product, as in the graphs of `gradient`, so that its derivative is not lost.
        """
        if self.graph.number(adjoint):
            return product
        apply, zero = self.graph.apply, self.graph.constant(0.0)
        none = apply("less_equal", (apply("abs", (product,)), zero))
        return apply("where", (adjoint, product, apply("where", (none, product, zero))))


def same(v: int) -> int:
    """The link of a local derivative of 1."""
    return v
