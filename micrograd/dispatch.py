"""What counts as a number, and who answers when a function is called on something that is not a float."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from micrograd.signatures import Binary, Unary


def number(x: Any) -> float:
    """`x` as a float: an int, float, bool or NumPy scalar.

    Raises TypeError for anything else (a string of digits too), ValueError for an int beyond the largest float.

    >>> number(2)
    2.0
    """
    if not isinstance(x, (int, float)) and not numpy_number(x):
        shown = repr(x)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        kind, cure = type(x).__name__, "convert it first"
        if hasattr(x, "operate"):
            kind, cure = "a", "use its .data for the bare number"
        raise TypeError(f"expected a number (int, float, bool or NumPy scalar), got {kind} {shown}; {cure}")
    try:
        return float(x)
    except OverflowError:
        raise ValueError("expected a number that fits a float (below 1.8e308), got a larger int") from None


def brief(x: Any) -> str:
    """What was got, with its type, on one short line.

    >>> brief([1, 2])
    'list [1, 2]'
    """
    shown = repr(x)
    return f"{type(x).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"


def rows_of(data: Any, name: str) -> Any:
    """Samples or targets as an array or a list, which may be gone through twice; of a frame its array.

    TypeError for what is no sequence of rows or numbers, or has no order.
    """
    if hasattr(data, "to_numpy"):  # iterating would give the names of the columns
        return data.to_numpy()
    if hasattr(data, "dtype") and data.shape or isinstance(data, (list, tuple)):
        return data
    listed = (hasattr(data, "__iter__") or hasattr(data, "__len__")) and getattr(data, "shape", None) != ()
    if not listed or isinstance(data, (str, bytes, dict, set, frozenset)):
        shape = f" of shape {data.shape}" if hasattr(data, "shape") else ""
        raise TypeError(f"expected {name} as an array, a frame or a list of numbers or rows, got {brief(data)}{shape}")
    return [row if hasattr(row, "__len__") or not hasattr(row, "__iter__") else list(row) for row in data]


def numpy_number(x: Any) -> bool:
    """Whether x is a real NumPy scalar, told without importing NumPy."""
    return getattr(getattr(x, "dtype", None), "kind", "") in ("b", "i", "u", "f") and x.shape == ()


def operate(function: Callable[..., Any], *args: Any) -> Any:
    """`function` on arguments that are not all floats.

    The first argument with a method `operate(name, args)` (a `Value`, a Taylor series) answers for all of them;
    where there is none, every argument must be a number.
    """
    for x in args:
        if hasattr(x, "operate"):
            return x.operate(function.__name__, args)
    return function(*[number(x) for x in args])


def of_one(function: Callable[[Any], Any]) -> Unary:
    """The function itself; tells the type checker that `operate` carries it over to Values."""
    return function  # type: ignore[return-value]


def of_two(function: Callable[[Any, Any], Any]) -> Binary:
    """The same for a function of two arguments."""
    return function  # type: ignore[return-value]


class Operators:
    """Arithmetic for symbolic operands: every operator asks `operate(name, args)`, which the subclass defines.

    With it an object can go through a row's partials, and so read a derivative off the table.
    """

    __slots__ = ()

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name` on args, one of which is self."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self.operate("add", (self, other))

    def __radd__(self, other: Any) -> Any:
        return self.operate("add", (other, self))

    def __sub__(self, other: Any) -> Any:
        return self.operate("sub", (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self.operate("sub", (other, self))

    def __mul__(self, other: Any) -> Any:
        return self.operate("mul", (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self.operate("mul", (other, self))

    def __truediv__(self, other: Any) -> Any:
        return self.operate("div", (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.operate("div", (other, self))

    def __pow__(self, other: Any) -> Any:
        return self.operate("pow", (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self.operate("pow", (other, self))

    def __neg__(self) -> Any:
        return self.operate("neg", (self,))

    def __abs__(self) -> Any:
        return self.operate("abs", (self,))

    def __bool__(self) -> bool:
        raise TypeError("a symbolic operand is neither true nor false: write where(condition, x, y), not a branch")

    def __lt__(self, other: Any) -> Any:
        return self.operate("less", (self, other))

    def __le__(self, other: Any) -> Any:
        return self.operate("less_equal", (self, other))

    def __gt__(self, other: Any) -> Any:
        return self.operate("greater", (self, other))

    def __ge__(self, other: Any) -> Any:
        return self.operate("greater_equal", (self, other))
