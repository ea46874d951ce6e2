"""Stand-ins: parameters that are placeholders for the thread that traces, and what they are for all other threads.

While code is traced, the class of each parameter is a stand-in's, derived from its own. All that a placeholder answers
differently asks which thread wants to know.
"""

from __future__ import annotations

from threading import get_ident

from micrograd.compiler.scalar.placeholders import Placeholder, Traced, compared, is_array, refusing
from micrograd.dispatch import Operators
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

CLASS = vars(object)["__class__"]  # sets and gets the class itself, past the property of a stand-in
SPARED = "__class__ __hash__ __init__ __module__ __doc__ __slots__ __dict__ __weakref__ operate".split()


def equality(name: str) -> Callable[[Any, Any], Any]:
    """Two Values are equal if they are one object, in a trace too; numbers are refused."""

    def answer(self: Any, other: Any) -> Any:
        if isinstance(other, Value) and other.__class__ is not Traced:
            return (self is other) == (name == "__eq__")
        return compared(self, other)

    return answer


def symbolic(self: Any, name: str, args: tuple[Any, ...]) -> Any:
    """`operate` of a stand-in for the thread that traces."""
    tracer = type(self).tracer
    return Traced(tracer, tracer.apply(name, args))


def plus(self: Any, other: Any) -> Any:
    """The sum, for the thread that traces."""
    return NotImplemented if is_array(other) else symbolic(self, "add", (self, other))


def times(self: Any, other: Any) -> Any:
    """The product, for the thread that traces."""
    tracer = type(self).tracer
    known = other.__class__ is Traced and other.tracer is tracer
    if not known and is_array(other):
        return NotImplemented
    node = other.node if known else tracer.node_of(other)
    return Traced(tracer, tracer.graph.apply("mul", (tracer.nodes[id(self)], node)))


ANSWERS: dict[str, Any] = {
    name: answer
    for kind in (Operators, Placeholder)
    for name, answer in vars(kind).items()
    if name not in SPARED and (callable(answer) or isinstance(answer, property))
} | {
    "__eq__": equality("__eq__"),
    "__ne__": equality("__ne__"),
    "operate": symbolic,
    "__add__": plus,
    "__mul__": times,
    "__copy__": refusing("a parameter is copied", "Compute with the parameter itself"),
}


def by_thread(name: str, answer: Any, cls: type, thread: int) -> Any:
    """A method that answers as a placeholder to one thread, as the class to all others."""
    own, identity = getattr(cls, name, None), get_ident

    def method(self: Any, *args: Any) -> Any:
        if identity() == thread:
            return answer(self, *args)
        if own is None:  # what only a placeholder has, so that it can refuse it
            if args:
                return NotImplemented
            raise TypeError(f"a Value has no {name}")
        return own(self, *args)

    return method


def field(answer: Any, own: Any, thread: int) -> property:
    """A field that is refused to one thread only."""

    def read(self: Any) -> Any:
        return answer.fget(self) if get_ident() == thread else own.__get__(self, type(self))

    def write(self: Any, value: Any) -> None:
        if get_ident() == thread:
            answer.fset(self, value)
        own.__set__(self, value)

    return property(read, write)


def stand_in(cls: type, tracer: Any) -> type:
    """The class of the stand-ins for parameters of a class; `isinstance` and `.__class__` go by the thread, too."""
    thread = get_ident()
    body: dict[str, Any] = {"__slots__": (), "tracer": tracer, "__hash__": cls.__hash__}
    for name, answer in ANSWERS.items():
        if isinstance(answer, property):
            body[name] = field(answer, getattr(cls, name), thread)
        else:
            body[name] = by_thread(name, answer, cls, thread)
    body["__class__"] = property(lambda self: Placeholder if get_ident() == thread else cls)
    return type(cls.__name__, (cls,), body)


class StandIns:
    """The parameters as stand-ins, until they are given back.

    >>> w = Value(2.0)
    >>> class Tracer: ...
    >>> stand_ins = StandIns()
    >>> stand_ins.replace([w], Tracer())
    >>> isinstance(w, Placeholder)
    True
    >>> stand_ins.give_back()
    >>> w * 2.0
    Value(data=4, grad=0)
    """

    def __init__(self) -> None:
        self.replaced: list[tuple[Value, type]] = []

    def replace(self, parameters: Sequence[Value], tracer: Any) -> None:
        """Make stand-ins of the parameters; where that is broken off, none."""
        made: dict[type, type] = {}
        try:
            for p in parameters:
                cls = CLASS.__get__(p)
                if cls not in made:
                    made[cls] = stand_in(cls, tracer)
                self.replaced.append((p, cls))
                CLASS.__set__(p, made[cls])
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Make the parameters what they were."""
        for p, cls in self.replaced:
            CLASS.__set__(p, cls)
        self.replaced = []
