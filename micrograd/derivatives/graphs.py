"""Derivatives as Values: the gradient is itself a graph, so it can be drawn, explained and differentiated again.

y           the root, what is differentiated
wrt         the nodes it is differentiated with respect to
g           adjoint of a node: ∂y/∂node, a Value, or a float while it is a plain number
local       local derivative, from the row of the node's primitive
"""

from __future__ import annotations

from micrograd.collector import paused
from micrograd.dispatch import Operators, brief
from micrograd.engine import Value, apply, topological
from micrograd.functions import abs, where
from micrograd.ops import DETACH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence, overload
else:

    def overload(function):
        """For the type checker alone."""
        return function


def is_node(x: Any) -> bool:
    """Whether x is a Value, or stands for one while code is compiled."""
    return isinstance(x, (Value, Operators))


def data(x: Value | float) -> float:
    """The number of a Value or of a plain number."""
    return x.data if isinstance(x, Value) else x


def times(local: Value | float, g: Value | float) -> Value | float:
    """local · g, as few nodes as exactness allows."""
    if local.__class__ is float and local == 1.0:
        return g
    if g.__class__ is float and g == 1.0:
        return local
    if local.__class__ is float and local == -1.0:
        return -g
    product = local * g
    if data(g) == 0.0 and data(product) != 0.0:  # 0 · inf: an exactly zero gradient stops, as in `backward`
        return where(abs(g) > 0.0, product, 0.0)
    return product


def contribution(node: Value, i: int, g: Value | float) -> Value | float | None:
    """What operand i of node receives of the node's adjoint g; None for an exact 0."""
    op = node.op
    assert op is not None
    if op.partials[i].__class__ is float and op.partials[i] == 0.0:
        return None
    if op.selects:
        return op.contribution(i, node.args, node, g)
    return times(op.local(i, node.args, node), g)


def adjoint_graphs(y: Value, wrt: Sequence[Value]) -> dict[int, Value | float]:
    """id(node) -> adjoint with its graph, for the nodes between y and wrt."""
    active = {id(x) for x in wrt}
    order = topological(y)
    for node in order:
        if not active.isdisjoint([id(x) for x in node.args]):
            active.add(id(node))
    found: dict[int, Value | float] = {id(y): 1.0}
    for node in reversed(order):
        g = found.get(id(node))
        if g is None or id(node) not in active:
            continue
        for i, x in enumerate(node.args):
            if isinstance(x, Value) and id(x) in active:
                received = contribution(node, i, g)
                if received is not None:
                    found[id(x)] = found[id(x)] + received if id(x) in found else received
    return found


def sensitivities(y: Value | float, wrt: Sequence[Value]) -> list[Value | float]:
    """∂y/∂x for each x in wrt; a float where it is constant."""
    if isinstance(y, Operators):  # a placeholder of code that is compiled
        return y.sensitivities(wrt)  # type: ignore[attr-defined]
    with paused():
        found = adjoint_graphs(y, wrt) if isinstance(y, Value) else {}
    return [found.get(id(x), 0.0) for x in wrt]


def constant(x: Any) -> Value:
    """A number as a Value that is no leaf, so that nobody takes it for a parameter: detached, without an operand.

    A Value stays itself.
    """
    made: Value = x if is_node(x) else apply(DETACH, (x,))
    return made


@overload
def gradient(y: Value, wrt: Value) -> Value: ...
@overload
def gradient(y: Value, wrt: Sequence[Value]) -> list[Value]: ...  # noqa: F811
def gradient(y: Any, wrt: Any) -> Any:  # noqa: F811
    """∂y/∂x for each x in wrt, as Values with a graph of their own; one Value if wrt is one.

    Nodes of wrt may be leaves or inner nodes; 0 where y does not depend on them. No `grad` field is touched.
    The graphs have no leaves but those of y: constants in them are plain numbers, and a derivative that is constant is
    a detached number, so `compile([y, *gradient(y, wrt)], inputs)` has the parameters that y has.
    In code that is compiled it is one of the operations, as are `grad`, `hessian` and the others.
    Raises TypeError for what is not a Value.
    (The derivative program of reverse mode is an ordinary program: Griewank & Walther 2008, section 3.3.)

    >>> x = Value(3.0)
    >>> slope = gradient(x**3, x)
    >>> slope.data, gradient(slope, x).data
    (27.0, 18.0)
    """
    if is_node(wrt):
        return gradient(y, [wrt])[0]
    wrt = list(wrt)
    for x in [y, *wrt]:
        if not is_node(x):
            raise TypeError(f"gradient expects Values, got {brief(x)}; for plain functions use grad(f)")
    return [constant(g) for g in sensitivities(y, wrt)]
