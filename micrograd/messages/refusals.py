"""What a number with a derivative does not do, and what to write instead: an error for each, which names the cure.

    slip        a name that is one slip of the keyboard away from a field's: `gard`, `grd`, `gradd` from `grad`

A leaf takes attributes of the user's own, so `p.gard = 0.0` would be accepted and the gradients would add up without a
word. A `__setattr__` that looks at every name would cost more than the additions of `backward`; an attribute of the
class that refuses to be set costs nothing where it is not touched, so there is one for every slip.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, TypeVar

    Self = TypeVar("Self", bound="Refusals")

BY_HAND = (
    "what a node passes back follows from its row in the table of primitives. Compute with operators and micrograd's "
    "functions; a function of your own takes a row: cube = micrograd.engine.unary(micrograd.ops.Op('cube', '( )³', "
    "lambda x: x**3, (lambda x, out: 3.0 * x * x,), '{{{0}}}^3')), and then cube(x)"
)
DERIVATIVE_LOST = "the gradient would be lost. Write micrograd.exp(v) for math.exp(v), v.data for the bare number"
DIGITS = "write round(x.data, 3) for the bare number, f'{x:.3f}' to show it"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = {"date", "grade", "grid", "labels"}  # meant as they stand


def refused(what: str, cure: str) -> Callable[..., Any]:
    """A method that raises TypeError; an operand of somebody's own class may answer in its place."""

    def method(self: Any, *others: Any) -> Any:
        for other in others:
            if type(other).__module__.partition(".")[0] not in ("builtins", "micrograd", "numpy"):
                return NotImplemented
        raise TypeError(f"{what} is not defined for Values: {cure}")

    method.__doc__ = f"Refused: {cure}."
    return method


class Refusals:
    """The operators that have no derivative worth the name, and the conversions that would lose it.

    Completion offers none of the names that are there to be refused.
    """

    __slots__ = ()

    def __float__(self) -> float:
        raise TypeError(f"a Value does not turn into a float: {DERIVATIVE_LOST}")

    def __int__(self) -> Any:
        raise TypeError(f"a Value does not turn into an int: {DERIVATIVE_LOST}")

    __mod__ = __rmod__ = refused("x % y", "write x - k * y with a plain whole number k, math.floor(x.data / y)")
    __floordiv__ = __rfloordiv__ = refused(
        "x // y", "write x / y, or math.floor(x.data / y) for the plain whole number, whose derivative is 0"
    )
    __divmod__ = __rdivmod__ = refused("divmod(x, y)", "write k = math.floor(x.data / y), and x - k * y")
    __floor__ = refused("math.floor(x)", "write math.floor(x.data) for the bare number, whose derivative is 0")
    __ceil__ = refused("math.ceil(x)", "write math.ceil(x.data) for the bare number, whose derivative is 0")
    __trunc__ = refused("math.trunc(x)", "write math.trunc(x.data) for the bare number, whose derivative is 0")
    __matmul__ = __rmatmul__ = refused("x @ y", "write x * y for numbers, micrograd.dot([…], […]) for lists of them")
    __and__ = __rand__ = refused("x & y", "comparisons give 0 or 1, write a * b where both shall hold")
    __or__ = __ror__ = refused("x | y", "comparisons give 0 or 1, write micrograd.maximum(a, b) where one shall hold")
    __xor__ = __rxor__ = refused("x ^ y", "write x**y for a power, abs(a - b) where one of two comparisons shall hold")
    __invert__ = refused("~x", "write 1.0 - x for the opposite of a comparison, which is 0 or 1")

    @property
    def real(self: Self) -> Self:
        """Itself, for NumPy (`numpy.var`): there are no complex numbers here."""
        return self

    def conjugate(self: Self) -> Self:
        """Itself, for NumPy (`numpy.var`): there are no complex numbers here."""
        return self

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in SLIPS and name != "real"]


def slips(word: str) -> set[str]:
    """The names that one wrong, missing, doubled or swapped letter, or a capital, makes of a word."""
    found = {word.capitalize(), word.upper()}
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        found.update([head + letter + tail for letter in LETTERS])
        found.update([head + letter + tail[1:] for letter in LETTERS])
        found.update([head + tail[1:], head + tail[1:2] + tail[:1] + tail[2:]])
    return found - {word} - WORDS


class Slip:
    """The attribute that refuses a slip of a field's name."""

    __slots__ = ("field", "name")

    def __init__(self, name: str, field: str) -> None:
        self.name, self.field = name, field

    def __get__(self, instance: Any, owner: type) -> Slip:
        return self if instance is None else self.refuse()

    def __set__(self, instance: Any, value: Any) -> None:
        self.refuse()

    def refuse(self) -> NoReturn:
        """AttributeError with the field."""
        raise AttributeError(
            f"a Value has no attribute {self.name!r}: did you mean {self.field!r}? (A subclass "
            f"may have the attribute {self.name} too.)"
        )


class Elsewhere:
    """The attribute that a class lacks under a name that others use for what it has: it says what to write.

    A `__getattr__` would make all attributes of the class slower.
    """

    __slots__ = ("message", "name")

    def __init__(self, name: str, whose: str, cure: str) -> None:
        self.name, self.message = name, f"{whose} has no attribute {name!r}; {cure}"

    def __get__(self, instance: Any, owner: type) -> Elsewhere:
        if instance is None:
            return self
        raise AttributeError(self.message, name=self.name)


def slips_of(fields: tuple[str, ...]) -> dict[str, Slip]:
    """The attributes that refuse all slips of these names."""
    return {name: Slip(name, field) for field in fields for name in slips(field)}


SLIPS = slips_of(("data", "grad", "label", "partials", "backward"))


class Quiet(type):
    """The class of a class with slips, which are there to be refused, not to be offered by completion."""

    def __dir__(cls) -> list[str]:
        return [name for name in type.__dir__(cls) if name not in SLIPS]
