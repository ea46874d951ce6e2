"""How each kind of object is read without running code of its user: `read(source)` gives what is there now, in a row.

source      an object, or an object with the names that count
absent      what a name, a cell or a slot gives that holds nothing
end         stands behind what belongs to one of many objects
wanted      the names of attributes that count; None for all
"""

from __future__ import annotations

import gc
import sys
from collections import OrderedDict, defaultdict, deque
from functools import partial
from types import FunctionType, ModuleType

from micrograd.compiler.state.classes import CLASS_DICTIONARY, FLAGS, IMMUTABLE, ORDER, derives
from micrograd.engine import Leaf, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

ABSENT, END = object(), object()

DATA, OPERATION = (Value.__dict__[name].__get__ for name in ("data", "op"))
LABEL = Value.__dict__["label"]
LEAF_DICTIONARY = Leaf.__dict__["__dict__"].__get__

# What stands in every class and tells nothing about what its code does.
DECORATION = frozenset(["__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__",
                        "__annotate__", "__annotate_func__", "__annotations_cache__", "__static_attributes__",
                        "__firstlineno__", "__abstractmethods__", "__orig_bases__", "__parameters__",
                        "__slots__"])  # fmt: skip


# Containers


def lists(source: Sequence[list[Any]]) -> list[Any]:
    """The items of plain lists, an end after each."""
    found: list[Any] = []
    for x in source:
        found += x
        found.append(END)
    return found


def list_items(x: Any) -> tuple[Any, ...]:
    """The items of a list, past an iteration that a user wrote."""
    return tuple(list.__iter__(x))


def set_items(x: Any) -> tuple[Any, ...]:
    """The items of a set."""
    return tuple(set.__iter__(x))


def deque_items(x: Any) -> tuple[Any, ...]:
    """The items of a deque."""
    return tuple(deque.__iter__(x))


def entries(dictionary: Any) -> list[Any]:
    """The keys, then the values."""
    return [*dict.keys(dictionary), *dict.values(dictionary)]


def kept_order(dictionary: Any) -> list[Any]:
    """The keys in the order that an OrderedDict keeps beside that of dict."""
    return list(OrderedDict.__iter__(dictionary))


def factory(dictionary: Any) -> tuple[Any, ...]:
    """The default factory of a defaultdict."""
    return (slot(defaultdict.__dict__["default_factory"], dictionary),)


def referred(x: Any) -> list[Any]:
    """What an object in C refers to: the mapping behind a view of it, the parts of a slice."""
    return gc.get_referents(x)


def arguments(error: Any) -> tuple[Any, ...]:
    """The arguments of an exception."""
    return (slot(BaseException.__dict__["args"], error),)


def target(reference: Any) -> tuple[Any, ...]:
    """What a weak reference refers to."""
    return (reference(),)


def current(variable: Any) -> tuple[Any, ...]:
    """What a context variable holds."""
    return (variable.get(ABSENT),)


# Arrays


def buffer(x: Any) -> tuple[Any, ...]:
    """The bytes of an array, a bytearray, an object of ctypes."""
    return (digest(memoryview(x).tobytes()),)


def array(x: Any) -> tuple[Any, ...]:
    """Type, shape and content of a NumPy array; the items of an array of objects."""
    base = sys.modules["numpy"].ndarray
    dtype = base.dtype.__get__(x)
    head = (str(dtype), repr(base.shape.__get__(x)))
    if dtype.kind == "O":
        return (*head, *base.tolist(base.reshape(x, -1)))
    return (*head, digest(base.tobytes(x)))


def as_array(source: tuple[type, Any]) -> list[Any]:
    """A frame, series, index or tensor by the conversion of its library's class; the axes too."""
    base, x = source
    numbers = base.detach(x) if hasattr(base, "detach") else x
    axes = base.axes.__get__(x) if hasattr(base, "axes") else ()
    return [*array(base.__array__(numbers)), *axes]  # type: ignore[attr-defined]


def scalar(x: Any) -> tuple[Any, ...]:
    """The bytes of a NumPy record, the one scalar that can change."""
    return (str(x.dtype), x.tobytes())


def digest(content: bytes) -> bytes | int:
    """The content itself; for a long one its hash of 64 bits (SipHash), which costs less memory."""
    return content if len(content) <= 1 << 16 else hash(content)


# Callables


def functions(source: Sequence[Any]) -> list[Any]:
    """Code, defaults and what the closures hold."""
    found: list[Any] = []
    for f in source:
        found += (f.__code__, f.__defaults__, f.__kwdefaults__)
        if f.__closure__ is not None:
            found += map(contents, f.__closure__)
    return found


def contents(cell: Any) -> Any:
    """What a cell of a closure holds, or absent."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def application(f: Any) -> list[Any]:
    """Function and arguments of a functools.partial."""
    return [slot(partial.__dict__[name], f) for name in ("func", "args", "keywords")]


def bound(method: Any) -> tuple[Any, ...]:
    """The object of a bound method, and its function if that is Python."""
    return method.__self__, getattr(method, "__func__", None)


def wrapped(descriptor: Any) -> tuple[Any, ...]:
    """The function of a property, staticmethod or classmethod."""
    for kind, name in ((property, "fget"), (staticmethod, "__func__"), (classmethod, "__func__")):
        if derives(type(descriptor), kind):
            return (slot(kind.__dict__[name], descriptor),)
    return ()


def function_behind(x: Any) -> Any:
    """The Python function that an entry of a class is or wraps, else None."""
    if type(x) is property or type(x) is staticmethod or type(x) is classmethod:
        (x,) = wrapped(x)
    return x if type(x) is FunctionType else None


def globals_named(source: tuple[Any, Any, Any]) -> list[Any]:
    """What these names mean in the scope of a module, absent for those that mean nothing."""
    scope, builtins, names = source
    get = dict.get
    return [get(scope, name, get(builtins, name, ABSENT)) for name in names]


def module_name(module: Any) -> Any:
    """The name of a module."""
    return vars(ModuleType)["__dict__"].__get__(module).get("__name__")


def modules(names: Sequence[str]) -> list[Any]:
    """The modules of these names that are loaded."""
    return [sys.modules.get(name) for name in names]


# Attributes


def slot(descriptor: Any, x: Any) -> Any:
    """What a slot holds, or absent."""
    try:
        return descriptor.__get__(x)
    except AttributeError:
        return ABSENT


def attributes(source: tuple[Sequence[Any], Any, list[tuple[str, Any]], set[str] | None]) -> list[Any]:
    """For each object: names and values of its own attributes, values of its slots, its class, an end."""
    objects, dictionary, slots, wanted = source
    slots = [(name, descriptor) for name, descriptor in slots if wanted is None or name in wanted]
    found: list[Any] = []
    names: list[str] = []
    chosen: list[str] = []  # of the object before: most objects of a class have the same
    for x in objects:
        if dictionary is not None:
            try:
                entries = dictionary(x)
                if type(entries) is not dict:
                    entries = dict(dict.items(entries))
                if names != (names := list(entries)):
                    chosen = names if wanted is None else [name for name in names if name in wanted]
                found += chosen
                found += map(entries.get, chosen)
            except Exception:  # names that defend themselves
                found.append(ABSENT)
        for _, descriptor in slots:
            found.append(slot(descriptor, x))
        found.append(type(x))
        found.append(END)
    return found


def class_attributes(source: tuple[type, set[str] | None, list[tuple[list[str], list[str]]]]) -> list[Any]:
    """The classes that a class derives from, and their entries: those wanted and all special methods.

    The third item of source remembers which of all names these were, class by class.
    """
    kind, wanted, known = source
    found: list[Any] = list(ORDER(kind))
    for i, cls in enumerate([cls for cls in found if not FLAGS(cls) & IMMUTABLE]):
        entries = CLASS_DICTIONARY(cls)
        names = list(entries)
        if i == len(known):
            known.append((names, relevant(names, wanted)))
        chosen = known[i][1] if names == known[i][0] else relevant(names, wanted)
        found += chosen
        found += map(entries.get, chosen)
        found.append(END)
    return found


def relevant(names: list[str], wanted: set[str] | None) -> list[str]:
    """The names wanted and those of special methods."""
    return [name for name in names if wanted is None or name in wanted or name[:2] == "__" and name not in DECORATION]


# Values


def numbers(values: Sequence[Value]) -> tuple[Any, ...]:
    """Their data."""
    return tuple(map(DATA, values))


def labels(values: Sequence[Value]) -> tuple[Any, ...]:
    """Their labels."""
    return tuple([slot(LABEL, x) for x in values])


def decorated(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Those that have attributes of the user's own."""
    return [x for x in leaves if LEAF_DICTIONARY(x)] if any(map(LEAF_DICTIONARY, leaves)) else []
