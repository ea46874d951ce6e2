"""What counts as a number, and who answers when a function is called on something that is not a float.

**A transform is another way to read the same operations.** Code computes with operators and with `functions`; on a
float they give a float, and anything else is asked: `x.operate(name, args)`. So each class that answers reads the
user's code, and the partials of the table, in its own way:

    engine.Value                                    the number, with the memory of how it was computed
    derivatives.taylor.Series                       coefficients of a power series
    compiler.scalar.placeholders.Placeholder        a node of the scalar graph, while code is traced
    compiler.scalar.derivatives.links.Term          the same node, while its graph is differentiated
    compiler.arrays.symbols.Symbol                  a whole group of numbers, while a program is differentiated
    compiler.descent.symbols.Symbol                 what an update rule does with its numbers
    compiler.llvm.machine.handlers.Term             a number in machine code that plays entries
    formulas.expressions.Expression                 a formula
    exporting.definitions.Symbol                    statements of an export, or of a page
    ops.Counted                                     what the parts of a definition cost

All but Value, which makes its operators from the rows for speed, derive from `Operators` below.
"""

from __future__ import annotations

from micrograd.messages.refusals import Refusals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, TypeVar

    from micrograd.signatures import Binary, Unary

    Definition = TypeVar("Definition", bound=Callable[..., Any])


def number(x: Any, call: str = "f(v)") -> float:
    """`x` as a float: an int, float, bool or NumPy scalar.

    Raises TypeError for anything else (a string of digits too), ValueError for an int beyond the largest float.
    `call` is how the cure writes the call for one number, where x is several.

    >>> number(2)
    2.0
    """
    if not isinstance(x, (int, float)) and not numpy_number(x):
        raise TypeError(f"expected a number (int, float, bool or NumPy scalar), got {brief(x)}; {cure(x, call)}")
    try:
        return float(x)
    except OverflowError:
        raise ValueError("expected a number that fits a float (below 1.8e308), got a larger int") from None


def cure(x: Any, call: str) -> str:
    """What to write where x was given for a number."""
    if isinstance(x, Operators):
        return "compute with micrograd's functions"
    if hasattr(x, "operate"):
        return "use its .data for the bare number"
    shape, name = getattr(x, "shape", None), "x.detach()" if getattr(x, "requires_grad", False) else "x"
    if shape == () and hasattr(x, "item"):
        return f"write {name}.item() for its number"
    if not isinstance(x, (list, tuple)) and not shape and not is_tensor(x):
        return "convert it first"
    each = f"{name}.tolist()" if is_tensor(x) else "x.flat" if shape and len(shape) > 1 else "x"
    return f"one at a time: [{call} for v in {each}]"


def is_tensor(x: Any) -> bool:
    """Whether x is an array of a library that does not compute with foreign objects, such as PyTorch or JAX."""
    return hasattr(x, "__array__") and not hasattr(x, "__array_ufunc__")


def brief(x: Any) -> str:
    """What was got, with its type, on one short line.

    >>> brief([1, 2])
    'list [1, 2]'
    """
    if isinstance(x, Operators):  # its class is nobody's business, and it may refuse to be shown
        return "a Value whose number is not known yet"
    if isinstance(x, (list, tuple)) or getattr(x, "shape", ()) != ():
        if any(isinstance(item, Operators) for item in getattr(x, "flat", x)):
            return f"{type(x).__name__} of Values whose numbers are not known yet"
    shown = repr(x)
    kind = "a" if hasattr(x, "operate") else type(x).__name__
    return f"{kind} {shown if len(shown) <= 60 else shown[:57] + '...'}"


def equals(x: Any, other: Any) -> Any:
    """Whether x.data is the number `other`, as Python compares numbers; NotImplemented where that is none.

    So an array may answer element by element, and Python itself for what is never equal to a number.
    """
    if getattr(other, "shape", None) == () and hasattr(other, "item"):
        other = other.item()  # a NumPy scalar, or an array or tensor of one number
    if isinstance(other, (int, float, complex)) or hasattr(other, "as_integer_ratio"):
        return bool(x.data == other)
    return NotImplemented


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
    if len(args) == 1 and isinstance(x, float):  # NumPy's, of which arrays are full
        return function(float(x))
    call = f"{function.__name__}(v{', …' * (len(args) - 1)})"
    return function(*[number(x, call) for x in args])


def of_one(function: Callable[[Any], Any]) -> Unary:
    """The function itself; tells the type checker that `operate` carries it over to Values."""
    return function  # type: ignore[return-value]


def of_two(function: Callable[[Any, Any], Any]) -> Binary:
    """The same for a function of two arguments."""
    return function  # type: ignore[return-value]


def by_definition(definition: Definition) -> Definition:
    """A function that floats take to what its definition, written over other functions, makes of them.

    For whatever else `operate` answers, so that a Value remembers the primitive and not the parts of its definition.

    >>> @by_definition
    ... def cube(x):
    ...     return x * x * x
    >>> cube(2), cube.definition(3)
    (8.0, 27)
    """

    def function(*args: Any) -> Any:
        for x in args:
            if x.__class__ is not float:
                return operate(function, *args)
        return float(definition(*args))

    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, name, getattr(definition, name))
    function.__wrapped__ = function.definition = definition  # type: ignore[attr-defined]  # for signatures, for the row
    return function  # type: ignore[return-value]


def thorough(x: Any) -> bool:
    """Whether a partial of x may be long, to be right over the whole range of floats.

    So for floats and in programs, where nobody reads it; a formula, a graph or a series of it is to be short.
    """
    return x.__class__ is float or isinstance(x, Operators) and x.thorough


class Operators(Refusals):
    """Arithmetic for symbolic operands: every operator asks `operate(name, args)`, which the subclass defines.

    With it an object can go through a row's partials, and so read a derivative off the table. Whoever asks for the
    number gets an error, since a wrong answer would not be noticed; a subclass that knows the number may answer.

    thorough    see the function of that name
    """

    __slots__ = ()
    thorough = False

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

    def __eq__(self, other: object) -> bool:
        raise TypeError(
            "a symbolic operand has no number that == or != could compare: write it with <= and >=, and "
            "where(condition, x, y) for a branch"
        )

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Any:
        return self.operate("less", (self, other))

    def __le__(self, other: Any) -> Any:
        return self.operate("less_equal", (self, other))

    def __gt__(self, other: Any) -> Any:
        return self.operate("greater", (self, other))

    def __ge__(self, other: Any) -> Any:
        return self.operate("greater_equal", (self, other))
