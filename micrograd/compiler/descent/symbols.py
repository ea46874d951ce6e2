"""What the update rule of an optimiser is run on in place of numbers, to be read: it writes down what is done with it.

quantity    what varies from parameter to parameter: p, its gradient g, the moments, and what is made of them
by step     a number that depends on the step alone: a learning rate, a correction of bias. Python computes it, with
            its own arithmetic, on the real number of the step
column      such a number that the quantities need
"""

from __future__ import annotations

import operator

import numpy as np

from micrograd import functions
from micrograd.compiler.numpy.vocabulary import EXACT
from micrograd.compiler.scalar.graph import Graph
from micrograd.dispatch import Operators, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

OF_STEPS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow,
    "neg": operator.neg, "abs": operator.abs, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge,
}  # fmt: skip


class Unreadable(TypeError):
    """The rule cannot be read as a graph; the message says why, as a part of a sentence."""


class Symbol(Operators):
    """What stands for a number; NumPy asks it, too."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # no dictionary of numbers answers for it

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        return by_numpy(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}", args, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return by_numpy(function.__name__, args, options)

    def clip(self, low: Any, high: Any) -> Any:
        """The nearest number that is not below low nor above high."""
        return functions.minimum(functions.maximum(self, low), high)  # type: ignore[call-overload]


class ByStep(Symbol):
    """A number that depends on the step alone: what computes it, and of what."""

    __slots__ = ("args", "compute")

    def __init__(self, compute: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.compute, self.args = compute, args

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """A primitive; by a quantity, if there is one among the operands."""
        quantity = next((x for x in args if isinstance(x, Quantity)), None)
        if quantity is not None:
            return quantity.operate(name, args)
        return ByStep(OF_STEPS.get(name) or getattr(functions, name), args)

    def __floordiv__(self, other: Any) -> Any:
        return ByStep(operator.floordiv, (self, other))

    def __mod__(self, other: Any) -> Any:
        return ByStep(operator.mod, (self, other))


class Quantity(Symbol):
    """A node of the graph of a rule."""

    __slots__ = ("node", "reading")

    def __init__(self, reading: Reading, node: int) -> None:
        self.reading, self.node = reading, node

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """A primitive, as a new node."""
        reading = self.reading
        if name == "pow":
            return self._power(*args)
        if name not in EXACT:
            raise Unreadable(f"it uses {name}, whose last digits machine code need not have as NumPy has them")
        return Quantity(reading, reading.graph.apply(name, tuple(map(reading.node_of, args))))

    def _power(self, x: Any, exponent: Any) -> Any:
        """The powers that NumPy makes of exact operations."""
        if x is not self or isinstance(exponent, Operators) or exponent not in (1, 2, 0.5, -1):
            raise Unreadable("it takes a power that is no square, root or reciprocal")
        if exponent == 0.5:
            return self.operate("sqrt", (x,))
        return x if exponent == 1 else x * x if exponent == 2 else 1.0 / x


def sign(x: Any) -> Any:
    """−1, 0 or 1, nan of nan, over exact rows."""
    known = (x <= 0.0) + (x >= 0.0)
    return functions.where(known, (x > 0.0) - (x < 0.0), x)


OF_NUMPY: dict[str, Callable[..., Any]] = {
    "sqrt": functions.sqrt, "absolute": operator.abs, "negative": operator.neg, "square": lambda x: x * x, "sign": sign,
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "true_divide": operator.truediv, "power": operator.pow, "maximum": functions.maximum, "minimum": functions.minimum,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "where": functions.where, "clip": Symbol.clip,
}  # fmt: skip


def by_numpy(name: str, args: Sequence[Any], options: dict[str, Any]) -> Any:
    """What a function of NumPy makes of numbers and symbols; Unreadable for most of them."""
    if name not in OF_NUMPY or options:
        raise Unreadable(f"it uses numpy.{name}")
    if any(not isinstance(x, Operators) and np.ndim(x) for x in args):
        raise Unreadable("it computes with an array of its own")
    return OF_NUMPY[name](*[x if isinstance(x, Operators) else number(x) for x in args])


class Reading:
    """A run of `update` on symbols: the graph that grows, and its columns."""

    def __init__(self, moments: int) -> None:
        self.graph = Graph()
        self.columns: list[ByStep] = []
        self.step, self.learning_rate = ByStep(int, ()), ByStep(float, ())
        self.p, self.g, *self.moments = [Quantity(self, self.graph.leaf("input", i)) for i in range(2 + moments)]

    def rate(self, step: Any) -> ByStep:
        """In the place of the rule's own: the learning rate at the step."""
        if step is not self.step:
            raise Unreadable("it asks for the learning rate at another step")
        return self.learning_rate

    def node_of(self, x: Any) -> int:
        """The node of a quantity, of a number by step, or of a number."""
        if isinstance(x, Quantity):
            if x.reading is not self:
                raise Unreadable("it uses what it kept from another step")
            return x.node
        if isinstance(x, ByStep):
            if not any(column is x for column in self.columns):
                self.columns.append(x)
            return self.graph.leaf("captured", [column is x for column in self.columns].index(True))
        if np.ndim(x):
            raise Unreadable("it computes with an array of its own")
        return self.graph.constant(number(x))
