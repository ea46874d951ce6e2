"""Matrices of derivatives, `jacobian`, `hessian` and `hvp`: of Values as Values, of plain functions as functions.

y, f        what is differentiated: a Value, or a function of numbers
wrt         of a Value the nodes, of a function the number of the argument, or a tuple of such
"""

from __future__ import annotations

from micrograd.derivatives.graphs import constant, data, gradient, is_node, sensitivities
from micrograd.derivatives.plain import expect_one, filled, items, lift, rebuilt
from micrograd.dispatch import brief
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Sequence, overload

    from micrograd.derivatives.plain import Call, Wrt
else:
    from micrograd.derivatives.graphs import overload


@overload
def jacobian(ys: Sequence[Value], wrt: Sequence[Value]) -> list[list[Value]]: ...
@overload
def jacobian(ys: Callable[..., Any], wrt: Wrt = 0) -> Callable[..., Any]: ...  # noqa: F811
def jacobian(ys: Any, wrt: Any = None) -> Any:  # noqa: F811
    """The matrix ∂yᵢ/∂xⱼ, one row per y; or, of a plain function, the function that returns it.

    `jacobian(ys, wrt)` takes Values and gives rows of Values.
    `jacobian(f, wrt=0)` takes a function that returns a number, a list or a NumPy array of them; arguments are as for
    `grad`. In place of each number or array that f returns stands its derivative, in the shape of the argument; of an
    array of shape a with respect to one of shape b it is an array of shape a + b.
    Raises TypeError for what is neither Values nor a function, and if f returns anything else.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[entry.data for entry in row] for row in jacobian([x * y, x + y], [x, y])]
    [[3.0, 2.0], [1.0, 1.0]]
    >>> jacobian(lambda p: [p[0] * p[1], p[0] + p[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    if callable(ys):
        return of_function(lambda call: table(call, call.y, call.outside(numbers(call.y, named=False))), ys, wrt)
    expect_nodes("jacobian", ys, wrt)
    if is_node(ys):
        raise TypeError("jacobian expects a list of Values; of a single one the derivatives are gradient(y, wrt)")
    return [gradient(y, wrt) for y in ys]


@overload
def hessian(y: Value, wrt: Sequence[Value]) -> list[list[Value]]: ...
@overload
def hessian(y: Callable[..., Any], wrt: Wrt = 0) -> Callable[..., Any]: ...  # noqa: F811
def hessian(y: Any, wrt: Any = None) -> Any:  # noqa: F811
    """The matrix of second derivatives ∂²y/∂xᵢ∂xⱼ; or, of a plain function, the function that returns it.

    `hessian(y, wrt)` takes Values and gives rows of Values; one Value if wrt is one.
    `hessian(f, wrt=0)` is the Jacobian of `grad(f, wrt=wrt)`: one number for a number, a list of lists for a list, an
    array of shape a + a for an array of shape a. Arguments and errors are as for `grad`.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [[entry.data for entry in row] for row in hessian(x * x * y, [x, y])]
    [[6.0, 4.0], [4.0, 0.0]]
    >>> hessian(lambda p: p[0] * p[0] * p[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    if callable(y):
        return of_function(second_derivatives, y, wrt)
    expect_nodes("hessian", y, wrt)
    return gradient(gradient(y, wrt), wrt) if is_node(wrt) else jacobian(gradient(y, wrt), wrt)


@overload
def hvp(y: Value, wrt: Sequence[Value], vector: Sequence[Value | float]) -> list[Value]: ...
@overload
def hvp(y: Callable[..., Any], wrt: Wrt = 0) -> Callable[..., Any]: ...  # noqa: F811
def hvp(y: Any, wrt: Any = None, vector: Any = None) -> Any:  # noqa: F811
    """Hessian of y times vector, at the cost of two gradients; or, of a plain function, the function that returns it.

    `hvp(y, wrt, vector)` takes Values, and one number or Value of the vector for each; just one if wrt is one.
    `hvp(f, wrt=0)` is called with the arguments of f and then the vector, in the shape of the argument number wrt, as
    the result is: `hvp(f)(x, vector)`. Arguments and errors are as for `grad`.
    ValueError if the vector has another number of entries.
    (Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994.)

    >>> x, y = Value(2.0), Value(3.0)
    >>> [entry.data for entry in hvp(x * x * y, [x, y], [1.0, 0.0])]
    [6.0, 4.0]
    >>> hvp(lambda p: p[0] * p[0] * p[1])([2.0, 3.0], [1.0, 0.0])
    [6.0, 4.0]
    """
    if callable(y):
        if vector is not None:
            raise TypeError("hvp of a function expects the vector later, with the arguments: hvp(f)(x, vector)")
        return of_function(product, y, wrt, vector=True)
    expect_nodes("hvp", y, wrt)
    if vector is None:
        raise TypeError("hvp of Values expects a vector: hvp(y, wrt, vector)")
    if is_node(wrt):
        return hvp(y, [wrt], [vector])[0]
    if len(vector) != len(wrt):
        raise ValueError(f"hvp expects one number for each of the {len(wrt)} nodes of wrt, got {len(vector)}")
    return gradient(constant(along(sensitivities(y, wrt), vector)), wrt)


def of_function(
    derivatives: Callable[..., Any], f: Callable[..., Any], wrt: Any, *, vector: bool = False
) -> Callable[..., Any]:
    """The function that calls f and returns its derivatives, made of the call and, where it takes one, of a vector."""

    def evaluate(*args: Any) -> Any:
        if vector and len(args) < 2:
            raise TypeError(f"expected the arguments of the function and then the vector, got {len(args)} arguments")
        count = len(args) - vector
        return derivatives(lift(f, args[:count], 0 if wrt is None else wrt), *args[count:])

    return evaluate


def expect_nodes(name: str, y: Any, wrt: Any) -> None:
    """TypeError for what is neither a function nor Values with the nodes to differentiate by."""
    if (is_node(y) or isinstance(y, (list, tuple))) and wrt is None:
        raise TypeError(f"{name} of Values expects the nodes to differentiate by: {name}(y, wrt)")
    if not is_node(y) and not hasattr(y, "__iter__"):
        raise TypeError(f"{name} expects Values or a function, got {brief(y)}")


def second_derivatives(call: Call) -> Any:
    """The Hessian of a function."""
    y = expect_one(call.y)
    return table(call, call.filled(sensitivities(y, call.variables)), call.outside([y]))


def product(call: Call, vector: Any) -> Any:
    """The Hessian of a function times a vector."""
    y, entries = expect_one(call.y), numbers(vector, "a vector of numbers")
    shapes = [getattr(x, "shape", None) for x in (call.x, vector)]
    if len(entries) != len(call.variables) or None not in shapes and shapes[0] != shapes[1]:
        got = len(entries) if None in shapes else f"an array of shape {shapes[1]}, not {shapes[0]}"
        raise ValueError(f"hvp expects one number for each of the {len(call.variables)} of the argument, got {got}")
    outside = call.outside([y, *entries])
    slopes = sensitivities(along(sensitivities(y, call.variables), entries), call.variables)
    return call.filled([finished(g, outside) for g in slopes])


def along(slopes: Sequence[Value | float], vector: Sequence[Value | float]) -> Any:
    """Σ gᵢ vᵢ, without the terms of plain zeros."""
    terms = [g * v for g, v in zip(slopes, vector) if is_node(v) or v]
    return sum(terms[1:], terms[0]) if terms else 0.0


def table(call: Call, outputs: Any, outside: bool) -> Any:
    """The outputs with derivatives in place of numbers."""
    rows = ([finished(g, outside) for g in sensitivities(y, call.variables)] for y in numbers(outputs))
    return arranged(call, outputs, rows)


def arranged(call: Call, outputs: Any, rows: Iterator[Any]) -> Any:
    """The rows, taken one by one, in place of the numbers of the outputs."""
    if isinstance(outputs, (list, tuple, dict)):
        return rebuilt(outputs, [arranged(call, item, rows) for item in items(outputs)])
    shape = getattr(outputs, "shape", ())
    taken = [next(rows) for _ in range(outputs.size if shape else 1)]
    return filled(call.x, [iter(row) for row in taken], shape)


def finished(g: Value | float, outside: bool) -> Value | float:
    """A derivative as it is returned: a Value if Values came from outside, else a number."""
    return constant(g) if outside else data(g)


def numbers(
    x: Any, expected: str = "a function that returns Values or numbers, in lists or an array", *, named: bool = True
) -> list[Any]:
    """The Values and numbers in lists, tuples, arrays and, if named, dictionaries, in order.

    TypeError, saying what was expected, if there are others.
    """
    if isinstance(x, (list, tuple)) or named and isinstance(x, dict) or getattr(x, "shape", ()) != ():
        return [y for item in items(x) for y in numbers(item, expected, named=named)]
    return [expect_one(x, expected)]
