"""What is done with an object of each kind that a walk meets: a visit reads it, and says what lies behind.

watched     read now, and again whenever one asks whether the state holds
passed      read once, since it cannot change
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict, defaultdict, deque
from contextvars import ContextVar
from functools import partial
from operator import attrgetter, methodcaller
from types import BuiltinFunctionType, FunctionType, GenericAlias, MappingProxyType, MethodType, MethodWrapperType
from weakref import ref

from micrograd.compiler.state import reads
from micrograd.compiler.state.classes import MODULE, ORDER, derives
from micrograd.compiler.state.libraries import library_of, of_library
from micrograd.compiler.state.names import names_read
from micrograd.compiler.state.reads import OPERATION
from micrograd.dispatch import Operators
from micrograd.engine import Leaf, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.state.walk import Walk

# Libraries whose objects hold streams, threads and random numbers, or change by being used.
HIDDEN = frozenset(["_asyncio", "_io", "_random", "_socket", "_thread", "asyncio", "concurrent", "io", "logging",
                    "pathlib", "random", "socket", "subprocess", "tempfile", "threading"])  # fmt: skip


def visit_owner(walk: Walk, x: Any) -> None:
    """An object with attributes, or of a class that can change."""
    walk.add_owner(x)


def visit_class(walk: Walk, cls: Any) -> None:
    """A class."""
    walk.add_class(cls)


def visit_function(walk: Walk, f: Any) -> None:
    """Closure and defaults of any function; of the user's also what its code names."""
    now = reads.functions((f,))
    walk.functions.append(f)
    walk.parts += now
    walk.waiting.append(now)
    if f is os.getenv:
        walk.waiting.append((os.environ,))
    if of_library(f.__code__.co_filename):
        return
    names = names_read(f.__code__)
    walk.names |= names.attributes
    walk.reflects |= names.reflects
    scope = walk.scope(f)
    scope.names.update(dict.fromkeys(sorted(names.globals)))
    scope.imports |= names.imports
    scope.evaluates |= names.evaluates


def visit_getter(walk: Walk, x: Any) -> None:
    """The attributes that an attrgetter or a methodcaller reads."""
    arguments = x.__reduce__()[1]
    walk.names.update(part for name in arguments if type(name) is str for part in name.split("."))
    walk.waiting.append(arguments)


def visit_value(walk: Walk, x: Any) -> None:
    """A Value that is no parameter."""
    reads.DATA(x)
    if OPERATION(x) is None and type(x) is Leaf:
        walk.leaves.append(x)
    walk.values.append(x)


def visit_list(walk: Walk, x: Any) -> None:
    """A plain list."""
    now = reads.lists((x,))
    walk.lists.append(x)
    walk.items += now
    walk.waiting.append(now)


def watched(read: Callable[[Any], Any]) -> Callable[[Walk, Any], None]:
    """The visit that reads an object in one way."""
    return lambda walk, x: walk.watch(read, x)


def passed(read: Callable[[Any], Any]) -> Callable[[Walk, Any], None]:
    """The visit to an object that cannot change."""
    return lambda walk, x: walk.waiting.append(read(x))


REFERRING: list[Any] = [MappingProxyType, GenericAlias, slice, type({}.keys()), type({}.values()), type({}.items())]
BOUND = (BuiltinFunctionType, MethodType, MethodWrapperType)
VISITS: list[tuple[type, Any]] = [
    (FunctionType, visit_function), (type, visit_class), (Value, visit_value),
    (tuple, passed(tuple.__iter__)), (frozenset, passed(frozenset.__iter__)),
    (list, watched(reads.list_items)), (set, watched(reads.set_items)), (deque, watched(reads.deque_items)),
    (dict, watched(reads.entries)), (OrderedDict, watched(reads.kept_order)), (defaultdict, watched(reads.factory)),
    *[(kind, passed(reads.bound)) for kind in BOUND], (partial, watched(reads.application)),
    *[(kind, passed(reads.wrapped)) for kind in (property, staticmethod, classmethod)],
    *[(kind, passed(reads.referred)) for kind in REFERRING], (BaseException, watched(reads.arguments)),
    (ref, watched(reads.target)), (ContextVar, watched(reads.current)),
    (attrgetter, visit_getter), (methodcaller, visit_getter),
    (bytearray, watched(reads.buffer)), (memoryview, watched(reads.buffer)),
]  # fmt: skip


def hidden(cls: type) -> bool:
    """Whether objects of a class count by identity, and by those attributes that the user's code names."""
    module = MODULE(cls)
    root = library_of(module)
    return root in HIDDEN or root == "micrograd" and module.startswith("micrograd.compiler")


def visits_for(cls: type) -> list[Callable[[Walk, Any], None]]:
    """What is done with the objects of a class, by what it derives from; [] if they count by identity alone."""
    if cls is list:
        return [visit_list]
    if cls is Value or cls is Leaf:
        return [visit_value]
    if derives(cls, Operators) and not derives(cls, Value):  # a placeholder that a trace left behind
        return []
    if hidden(cls):
        return [visit_owner]
    visits = [visit for kind, visit in VISITS if derives(cls, kind)]
    numpy: Any = sys.modules.get("numpy")
    known = hasattr(numpy, "void")  # it is not while its import is under way, or where that was broken off
    foreign = next((base for base in ORDER(cls) if library_of(MODULE(base)) in ("pandas", "torch")), None)
    if known and derives(cls, numpy.ndarray):
        visits.append(watched(reads.array))
    elif known and derives(cls, numpy.void):
        visits.append(watched(reads.scalar))
    elif foreign is not None and hasattr(foreign, "__array__"):
        visits.append(lambda walk, x: walk.watch(reads.as_array, (foreign, x)))
    elif any(library_of(MODULE(base)) in ("array", "_ctypes") for base in ORDER(cls)):
        visits.append(watched(reads.buffer))
    if not derives(cls, type) and cls not in BOUND and foreign is not cls:
        visits.append(visit_owner)
    return visits
