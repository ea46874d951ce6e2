"""Derivatives of plain functions: of numbers, lists, tuples and NumPy arrays.

x           the argument that is differentiated by, or the tuple of those
variables   the fresh Values in place of its numbers, in order; f is called with them
slopes      derivatives with respect to the variables, in order
outside     Values that f uses without getting them as numbers: the result is a Value then
"""

from __future__ import annotations

from operator import index

from micrograd.derivatives.graphs import constant, is_node, sensitivities
from micrograd.derivatives.taylor import taylor_derivative
from micrograd.dispatch import Operators, brief, number
from micrograd.engine import Value, topological
from micrograd.expect import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Sequence, Union

    Wrt = Union[int, Sequence[int]]


class Call:
    """One call of f with fresh Values in place of the numbers in some of its arguments.

    x           the argument number wrt, or the tuple of those if wrt is a tuple
    variables   the Values in place of its numbers
    y           what f returned
    """

    def __init__(self, x: Any, variables: list[Value], y: Any) -> None:
        self.x, self.variables, self.y = x, variables, y

    def outside(self, outputs: Sequence[Value | float]) -> bool:
        """Whether Values went in, or the outputs depend on Values that are no variables."""
        if any(isinstance(x, Operators) for x in [*self.variables, *outputs]):
            return True
        own = {id(v) for v in self.variables if v.op is None}
        if len(own) < len(self.variables):
            return True
        return any(x.op is None and id(x) not in own for y in outputs if isinstance(y, Value) for x in topological(y))

    def filled(self, slopes: Sequence[Any]) -> Any:
        """The slopes in the shape of x."""
        return filled(self.x, [iter(slopes)])


def lift(f: Callable[..., Any], args: tuple[Any, ...], wrt: Wrt) -> Call:
    """The call of f with fresh Values in its arguments number wrt; ValueError where there is none, or one twice."""
    several = isinstance(wrt, (tuple, list))
    places = [argument_place(i, len(args)) for i in (wrt if several else [wrt])]  # type: ignore[union-attr]
    if not places or len(set(places)) < len(places):
        raise ValueError(f"expected different arguments to differentiate by, at least one, got wrt={wrt!r}")
    chosen = tuple([args[i] for i in places])
    lifted, found = variables(chosen)
    with_values = list(args)
    for i, argument in zip(places, lifted):
        with_values[i] = argument
    return Call(chosen if several else chosen[0], found, f(*with_values))


def argument_place(i: Any, count: int) -> int:
    """The argument number i of so many, which may count from the end; TypeError if there is none."""
    try:
        number_of_it = index(i)
    except TypeError:
        raise TypeError(
            f"expected wrt to be the number of an argument or a tuple of such, got {brief(i)}; the first argument is 0"
        ) from None
    if not -count <= number_of_it < count:
        raise TypeError(f"expected an argument number {i} to differentiate by, got {count} arguments")
    return number_of_it % count


def variables(x: Any) -> tuple[Any, list[Value]]:
    """x with a fresh Value in place of every number, and those Values in order.

    x is a number, a Value, a NumPy array, or a list, tuple or dictionary of such. A Value is not used itself but
    wrapped in a node 1 · x: what the function has closed over may depend on it too, and must not be taken for its
    argument.
    """
    if isinstance(x, (list, tuple, dict)):
        parts = [variables(item) for item in items(x)]
        return rebuilt(x, [part for part, _ in parts]), [v for _, found in parts for v in found]
    if getattr(x, "shape", ()) != ():
        import numpy

        found = [variables(item)[0] for item in x.ravel()]
        array = numpy.empty(len(found), dtype=object)
        array[:] = found
        return array.reshape(x.shape), found
    if isinstance(x, Operators):  # a placeholder of code that is compiled
        v = x.again()  # type: ignore[attr-defined]
    else:
        v = 1.0 * x if isinstance(x, Value) else Value(x)
    return v, [v]


def items(x: Any) -> Any:
    """What a list or tuple holds, or a dictionary under its keys."""
    return x.values() if isinstance(x, dict) else x


def rebuilt(x: Any, parts: list[Any]) -> Any:
    """A list, tuple, named tuple or dictionary like x that holds the parts."""
    if isinstance(x, dict):
        return dict(zip(x, parts))
    return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)


def filled(x: Any, rows: Sequence[Iterator[Any]], shape: tuple[int, ...] = ()) -> Any:
    """What the rows yield, one row for each item of an array of that shape, in the shape of x.

    An array of numbers for each array in x and, unless shape is (), for each number in it.
    """
    if isinstance(x, (list, tuple, dict)):
        return rebuilt(x, [filled(item, rows, shape) for item in items(x)])
    own = getattr(x, "shape", ())
    taken = [next(row) for row in rows for _ in range(x.size if own else 1)]
    if shape + own == ():
        return taken[0]
    import numpy

    kind = object if any(map(is_node, taken)) else float
    return numpy.array(taken, dtype=kind).reshape(shape + own)


def expect_one(y: Any, expected: str = "a function that returns one Value or number") -> Value | float:
    """What f returned as a Value or a float; TypeError, saying what was expected, unless it is one number."""
    if getattr(y, "shape", None) == () and hasattr(y, "item"):
        y = y.item()
    if is_node(y):
        return y
    if not isinstance(y, (int, float)):
        hint = ": is a return missing?" if y is None else ""
        raise TypeError(f"expected {expected}, got {brief(y)}{hint}")
    return number(y)


def expect_function(f: Any, name: str, cure: str) -> None:
    """TypeError for what cannot be called."""
    if not callable(f):
        raise TypeError(f"{name} expects a function, got {brief(f)}; {cure}")


def value_and_grad(f: Callable[..., Any], *, wrt: Wrt = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns (f(…), gradient of f with respect to its positional argument number wrt).

    That argument is a number, a NumPy array, or a list, tuple or dictionary of such; the gradient has the same shape.
    If wrt is a tuple of numbers of arguments, the gradient is a tuple with one part for each of them.
    Further arguments are passed on. `scipy.optimize.minimize(value_and_grad(f), x0, jac=True)` works.
    Numbers in, numbers out. If Values go in, or f uses Values from outside, Values come out, constant ones too, so that
    an outer derivative sees through an inner one. Raises TypeError if f does not return one Value or number.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    >>> value_and_grad(lambda x, y: x * y, wrt=(0, 1))(3.0, 2.0)
    (6.0, (2.0, 3.0))
    """
    expect_function(f, "grad", "the gradient of a Value is gradient(y, wrt)")

    def evaluate(*args: Any) -> tuple[Any, Any]:
        call = lift(f, args, wrt)
        y = expect_one(call.y)
        if call.outside([y]):
            return constant(y), call.filled([constant(g) for g in sensitivities(y, call.variables)])
        if not isinstance(y, Value):
            return y, call.filled([0.0] * len(call.variables))
        y.backward()
        return y.data, call.filled([v.grad for v in call.variables])

    return evaluate


def grad(f: Callable[..., Any], *, wrt: Wrt = 0) -> Callable[..., Any]:
    """The gradient of f as a function; arguments and errors as for `value_and_grad`.

    >>> grad(lambda x: x**3)(2.0), grad(lambda p: p[0] * p[1])([2.0, 3.0])
    (12.0, [3.0, 2.0])
    >>> grad(lambda x, y: x * y * y, wrt=(0, 1))(2.0, 3.0)
    (9.0, 12.0)
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, wrt=wrt)
    return lambda *args: both(*args)[1]


def derivative(f: Callable[[Value], Any], x: Value | float, *, order: int = 1) -> Any:
    """The derivative of the given order of a function of one number, at x.

    Taylor series run through the graph of f, in time that grows with a small power of the order (Griewank & Walther
    2008, chapter 13). No derivative is too large or too small on the way: the result is inf or 0 only where no float
    is nearer. Its relative error is some 2⁻⁵³ for each order, that of moving x by so much, unless the terms of the
    derivative cancel. The values inside f are floats, though: where one of those has overflowed or underflowed, the
    derivative may be nan, or that of what the value has become.
    Where x is a Value, or f uses Values from outside, gradients are nested and the result is a Value, as in `grad`.
    Raises TypeError if f does not return one Value or number, ValueError for another order than 0, 1, 2, ….

    >>> derivative(lambda x: x**5, 2.0, order=3)
    240.0
    """
    expect_function(f, "derivative", "the derivative of a Value is gradient(y, x)")
    order = whole(order, "order", 0)
    if not isinstance(x, Operators):
        number(x.data if isinstance(x, Value) else x)
    call = lift(f, (x,), 0)
    y = expect_one(call.y)
    if call.outside([y]):
        for _ in range(order):
            y = sensitivities(y, call.variables)[0]
        return constant(y)
    if not isinstance(y, Value):
        return y if order == 0 else 0.0
    return taylor_derivative(y, call.variables[0], order)
