"""Derivatives as Values: the gradient is itself a graph, so it can be drawn, explained and differentiated again.

    y           the root, what is differentiated
    wrt         the nodes it is differentiated with respect to
    g           adjoint of a node: ∂y/∂node, a Value, or a float while it is a plain number
    local       local derivative, from the row of the node's primitive
"""
from __future__ import annotations

from micrograd.counterparts import absent
from micrograd.engine import Value, inner_nodes, topological
from micrograd.expect import whole
from micrograd.functions import abs, where
from micrograd.taylor import taylor_coefficient

__all__ = ["derivative", "grad", "gradient", "hessian", "hvp", "jacobian", "value_and_grad"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence, overload
else:
    __getattr__ = absent(__name__)

    def overload(function):
        """For the type checker alone."""
        return function


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


def adjoints(y: Value, wrt: Sequence[Value]) -> dict[int, Value | float]:
    """id(node) -> adjoint, for the nodes between y and wrt."""
    active = {id(x) for x in wrt}
    order = inner_nodes(y)
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


def sensitivities(y: Value, wrt: Sequence[Value]) -> list[Value | float]:
    """∂y/∂x for each x in wrt; a float where it is constant."""
    found = adjoints(y, wrt)
    return [found.get(id(x), 0.0) for x in wrt]


@overload
def gradient(y: Value, wrt: Value) -> Value: ...
@overload
def gradient(y: Value, wrt: Sequence[Value]) -> list[Value]: ...  # noqa: F811
def gradient(y: Any, wrt: Any) -> Any:  # noqa: F811
    """∂y/∂x for each x in wrt, as Values with a graph of their own; one Value if wrt is one.

    Nodes of wrt may be leaves or inner nodes; 0 where y does not depend on them. No `grad` field is touched.
    Raises TypeError for what is not a Value.
    (The derivative program of reverse mode is an ordinary program: Griewank & Walther 2008, section 3.3.)

    >>> x = Value(3.0)
    >>> slope = gradient(x**3, x)
    >>> slope.data, gradient(slope, x).data
    (27.0, 18.0)
    """
    if isinstance(wrt, Value):
        return gradient(y, [wrt])[0]
    wrt = list(wrt)
    for x in [y, *wrt]:
        if not isinstance(x, Value):
            raise TypeError(f"gradient expects Values, got {type(x).__name__} {x!r}; for plain functions use grad(f)")
    return [g if isinstance(g, Value) else Value(g) for g in sensitivities(y, wrt)]


def jacobian(ys: Sequence[Value], wrt: Sequence[Value]) -> list[list[Value]]:
    """The matrix ∂yᵢ/∂xⱼ, one row per y.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[entry.data for entry in row] for row in jacobian([x * y, x + y], [x, y])]
    [[3.0, 2.0], [1.0, 1.0]]
    """
    return [gradient(y, wrt) for y in ys]


def hessian(y: Value, wrt: Sequence[Value]) -> list[list[Value]]:
    """The matrix of second derivatives ∂²y/∂xᵢ∂xⱼ.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[entry.data for entry in row] for row in hessian(x * x * y, [x, y])]
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(gradient(y, wrt), wrt)


def hvp(y: Value, wrt: Sequence[Value], vector: Sequence[Value | float]) -> list[Value]:
    """Hessian of y times vector, at the cost of two gradients. ValueError if the lengths differ.

    (Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994.)

    >>> x, y = Value(2.0), Value(3.0)
    >>> [entry.data for entry in hvp(x * x * y, [x, y], [1.0, 0.0])]
    [6.0, 4.0]
    """
    if len(vector) != len(wrt):
        raise ValueError(f"hvp expects one number for each of the {len(wrt)} nodes of wrt, got {len(vector)}")
    along: Any = sum([g * v for g, v in zip(gradient(y, wrt), vector)])
    return gradient(along, wrt) if isinstance(along, Value) else []


def variables(x: Any) -> tuple[Any, list[Value]]:
    """x with a fresh Value in place of every number, and those Values in order.

    x is a number, a Value, a list or tuple of such, or a NumPy array. A Value is not used itself but wrapped in a node
    1 · x: what the function has closed over may depend on it too, and must not be taken for its argument.
    """
    if isinstance(x, (list, tuple)):
        parts = [variables(item) for item in x]
        return type(x)([part for part, _ in parts]), [v for _, found in parts for v in found]
    if getattr(x, "shape", ()) != ():
        import numpy

        found = [variables(item)[0] for item in x.ravel()]
        array = numpy.empty(len(found), dtype=object)
        array[:] = found
        return array.reshape(x.shape), found
    v = 1.0 * x if isinstance(x, Value) else Value(x)
    return v, [v]


def filled(x: Any, results: list[Any]) -> Any:
    """The results, taken from the front of the list, in the shape of x."""
    if isinstance(x, (list, tuple)):
        return type(x)([filled(item, results) for item in x])
    if getattr(x, "shape", ()) != ():
        import numpy

        here, results[: x.size] = results[: x.size], []
        kind = object if any(isinstance(g, Value) for g in here) else float
        return numpy.array(here, dtype=kind).reshape(x.shape)
    return results.pop(0)


def value_and_grad(f: Callable[..., Any], *, wrt: int = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns (f(…), gradient of f with respect to its positional argument number wrt).

    That argument is a number, a list (or tuple) of numbers, or a NumPy array; the gradient comes in the same shape.
    Further arguments are passed on. `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)` works.
    Numbers in, numbers out. If Values go in, or f uses Values from outside, Values come out, so that an outer
    derivative sees through an inner one. Raises TypeError if f does not return one Value or number.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """

    def evaluate(*args: Any) -> tuple[Any, Any]:
        if not -len(args) <= wrt < len(args):
            raise TypeError(f"expected an argument number {wrt} to differentiate by, got {len(args)} arguments")
        lifted, leaves = variables(args[wrt])
        y = f(*[lifted if i == wrt % len(args) else x for i, x in enumerate(args)])
        if getattr(y, "shape", None) == () and hasattr(y, "item"):
            y = y.item()
        if not isinstance(y, (Value, float, int)):
            raise TypeError(f"expected a function that returns one Value or number, got {type(y).__name__} {y!r}")
        if not isinstance(y, Value):
            return float(y), filled(args[wrt], [0.0] * len(leaves))
        own = {id(leaf) for leaf in leaves}
        if all(id(node) in own for node in topological(y) if node.op is None):
            y.backward()
            return y.data, filled(args[wrt], [leaf.grad for leaf in leaves])
        return y, filled(args[wrt], sensitivities(y, leaves))

    return evaluate


def grad(f: Callable[..., Any], *, wrt: int = 0) -> Callable[..., Any]:
    """The gradient of f as a function; arguments as for `value_and_grad`.

    >>> grad(lambda x: x**3)(2.0), grad(lambda p: p[0] * p[1])([2.0, 3.0])
    (12.0, [3.0, 2.0])
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, wrt=wrt)
    return lambda *args: both(*args)[1]


def derivative(f: Callable[[Value], Any], x: Value | float, *, order: int = 1) -> Any:
    """The derivative of the given order of a function of one number, at x.

    Exact at any order, in time that grows with a small power of it: Taylor series run through the graph of f
    (Griewank & Walther 2008, chapter 13). Where x is a Value, or f uses Values from outside, gradients are nested.

    >>> derivative(lambda x: x**5, 2.0, order=3)
    240.0
    """
    order = whole(order, "order", 0)
    v = variables(x)[0]
    y = f(v)
    if not isinstance(y, Value):
        return float(y) if order == 0 else 0.0
    if isinstance(x, Value) or any(node.op is None and node is not v for node in topological(y)):
        for _ in range(order):
            y = sensitivities(y, [v])[0] if isinstance(y, Value) else 0.0
        return y
    return taylor_coefficient(y, v, order)
