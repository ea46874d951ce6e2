"""Placeholders: what the user's code gets in place of numbers and Values while it is traced.

A placeholder does all that a Value does, except tell its number, which changes from sample to sample and from step to
step. It *refuses* whatever would answer for the number: branches, equality, hashing, text, conversions, `.data`. The
trace remembers a refusal, so that code which catches the error is refused all the same.

tracer      who records what is done to a placeholder
symbolic    answered by the tracer, with a new node
"""

from __future__ import annotations

from functools import partial

from micrograd.compiler.scalar.loops.recording import recorded
from micrograd.compiler.scalar.users_code import at_a_power, users_line
from micrograd.dispatch import Operators
from micrograd.engine import Value
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class TraceError(TypeError):
    """The code to compile does something that depends on the numbers, which a program cannot record."""


def tracer_of(placeholder: Any) -> Any:
    """Who records what is done to a placeholder, or to a parameter that stands in for one."""
    return placeholder.tracer if placeholder.__class__ is Traced else type(placeholder).tracer


def refuse(placeholder: Any, what: str, cure: str) -> Any:
    """Raise TraceError for the user's line, and have the trace remember it."""
    tracer = tracer_of(placeholder)
    if tracer.open:
        error = TraceError(
            f"{what} while the code is compiled, but its number changes from call to call. {cure}. In {users_line()}"
        )
    else:
        error = TraceError(
            f"{what}, but it stands for a number that is not known: it was kept from a run of the code "
            "that compiled it, as a model does that stores what it computed. Run the code again on "
            f"numbers to store Values. In {users_line()}"
        )
    if tracer.refused is None:
        tracer.refused = error
    raise error


def refusing(what: str, cure: str) -> Callable[..., Any]:
    """A method that refuses."""
    return lambda self, *args, **options: refuse(self, what, cure)


DIGITS = "Write round(x * 100.0) / 100.0 for round(x, 2)"
EQUAL = "For x == c write where((x >= c) * (x <= c), a, b)"
FUNCTIONS = "Use micrograd's functions in place of those of math, and arrays of dtype=object"
INDEX = "Write take(xs, i) for xs[i]; a count, as in range(n), must be a plain number from outside the function"
CHOOSE = (
    "Write micrograd's where(condition, x, y) with <, <=, > or >=, maximum or minimum; "
    "in place of `while`, a fixed number of steps"
)
PRINT = "Print after compiling"
COLUMN = "Compute it outside, and give it as an input or target of the sample"


class Placeholder(Operators):
    """What stands for a number or a Value while code is traced: everything that Values do, except tell the number."""

    __slots__ = ()

    def __pos__(self) -> Any:
        return self

    def __radd__(self, other: Any) -> Any:
        if other.__class__ is int and other == 0:  # as in Value: sum(values) starts from the int 0
            return self
        return self.operate("add", (other, self))

    def where(self, x: Any, y: Any) -> Any:
        """x where self is not 0, else y."""
        return self.operate("where", (self, x, y))

    def entry_of(self, entries: Sequence[Any]) -> Any:
        """The one of the entries that has this number as its place, see `vectors.take`."""
        tracer = tracer_of(self)
        node = tracer.entry(tracer.node_of(self), entries)
        return refuse(self, "an index of `take` is computed", COLUMN) if node is None else Traced(tracer, node)

    def again(self) -> Any:
        """The same number under another name: what else depends on this one does not depend on that."""
        tracer = tracer_of(self)
        return Traced(tracer, tracer.graph.again(tracer.node_of(self)))

    def sensitivities(self, wrt: Sequence[Any]) -> list[Any]:
        """The derivative of this number by each of wrt, a float where it is constant, see `derivatives.graphs`."""
        tracer = tracer_of(self)
        graph = tracer.graph
        nodes = tracer.slopes(tracer.node_of(self), list(map(tracer.node_of, wrt)))
        return [Traced(tracer, node) if graph.number(node) is None else graph.number(node) for node in nodes]

    def loop(self, f: Callable[..., Any], state: Any, items: Sequence[Any]) -> Any:
        """What `scan` gives, by a loop; None where it is to be unrolled."""
        tracer = tracer_of(self)
        return recorded(tracer, partial(Traced, tracer), f, state, items) if tracer.loops else None

    def __copy__(self) -> Any:
        return self

    def __round__(self, digits: Any = None) -> Any:
        if digits is not None:
            return refuse(self, "a Value is rounded to digits", DIGITS)
        return self.operate("round", (self,))

    __bool__ = refusing("a branch asks whether a Value is true, as max, min and sort do, too,", CHOOSE)
    __float__ = __int__ = __complex__ = refusing("a Value is turned into a number", FUNCTIONS)
    __trunc__ = __floor__ = __ceil__ = __float__
    __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __divmod__ = __rdivmod__ = refusing(
        "a remainder or a whole quotient of a Value is asked for", "Compute it outside, and give it as an input"
    )
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __invert__ = refusing(
        "a bitwise operator is applied to a comparison", "Write a * b for and, maximum(a, b) for or, 1.0 - a for not"
    )
    __hash__ = refusing("a Value is looked up in a set or dictionary", CHOOSE)

    def __index__(self) -> int:
        if at_a_power():  # an array of NumPy before 2.3 asks its exponent, and goes on where it is no index
            raise TypeError("a Value is no index")
        count: int = refuse(self, "a Value is used as an index or a count", INDEX)
        return count

    def __repr__(self) -> str:
        return "Value(to be known later)" if not tracer_of(self).open else refuse(self, "a Value becomes text", PRINT)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    __deepcopy__ = __reduce_ex__ = refusing("a Value is copied or pickled", "Copy after compiling")
    backward = refusing("`backward` is called", "A program gives value and gradient by itself")
    data = property(
        refusing("`.data` is read", "Compute with the Value itself"),
        refusing("`.data` is set", "Change parameters outside the model"),
    )
    grad = property(
        refusing("`.grad` is read", "Read gradients outside the model"),
        refusing("`.grad` is set", "Set gradients outside the model"),
    )

    def __eq__(self, other: Any) -> Any:
        return compared(self, other)

    def __ne__(self, other: Any) -> Any:
        return compared(self, other)


def compared(x: Any, other: Any) -> Any:
    """`==` and `!=`: refused where the number decides; Python's own answer to None, text, containers and arrays."""
    if other is None or isinstance(other, (str, bytes, list, tuple, dict, set, frozenset)) or hasattr(other, "__len__"):
        return NotImplemented
    return refuse(x, "`==` or `!=` compares a Value with a number", EQUAL)


def is_array(x: Any) -> bool:
    """Whether x is an array that computes with foreign objects, item by item: NumPy's."""
    return hasattr(type(x), "__array_ufunc__") and getattr(x, "shape", ()) != ()


def operator(name: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator that leaves arrays to themselves, as that of a Value does."""

    def operate(self: Any, other: Any) -> Any:
        return NotImplemented if is_array(other) else answer(self, other)

    operate.__name__ = name
    return operate


for _name in "add radd sub rsub mul rmul truediv rtruediv pow rpow lt le gt ge".split():
    _answer = vars(Placeholder).get(f"__{_name}__") or vars(Operators)[f"__{_name}__"]
    setattr(Placeholder, f"__{_name}__", operator(f"__{_name}__", _answer))


def method(name: str) -> Callable[..., Any]:
    """The method of a primitive."""
    return lambda self, *args: self.operate(name, (self, *args))


for _name in TABLE:
    if hasattr(Value, _name) and not hasattr(Placeholder, _name):
        setattr(Placeholder, _name, method(_name))


class Traced(Placeholder):
    """The placeholder for one node."""

    __slots__ = ("tracer", "node", "label")
    __hash__ = Placeholder.__hash__

    def __init__(self, tracer: Any, node: int) -> None:
        self.tracer, self.node, self.label = tracer, node, ""

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name` on args, as a new node."""
        return Traced(self.tracer, self.tracer.apply(name, args))

    def __getattr__(self, name: str) -> Any:
        if hasattr(float, name) or hasattr(Value, name):
            return refuse(self, f"`.{name}` is read", "Compute with the Value itself")
        raise AttributeError(f"a Value has no attribute {name!r}")


def straight(row: str, swapped: bool) -> Callable[[Any, Any], Any]:
    """An operator of arithmetic without detours."""

    def operate(self: Any, other: Any) -> Any:
        tracer = self.tracer
        if other.__class__ is Traced and other.tracer is tracer:
            node = other.node
        elif other.__class__ is not float and is_array(other):
            return NotImplemented
        else:
            node = tracer.node_of(other)
        return Traced(tracer, tracer.graph.apply(row, (node, self.node) if swapped else (self.node, node)))

    return operate


for _name, _row in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "div")):
    setattr(Traced, f"__{_name}__", straight(_row, False))
    if _name != "add":  # sum(values) starts from the int 0
        setattr(Traced, f"__r{_name}__", straight(_row, True))


Traced.__name__ = Traced.__qualname__ = "Value"  # as messages of Python and NumPy call it
