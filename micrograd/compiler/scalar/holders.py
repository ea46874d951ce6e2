"""Holders: containers whose content code may change, how it is read and given back.

holder      a dictionary, list, set, deque, cell of a closure, the globals that the code names, entries of a class,
            slots, numbers of Values, small arrays
content     what it holds, in a row
"""

from __future__ import annotations

import sys
from collections import deque
from types import CellType

from micrograd.compiler.state import reads
from micrograd.compiler.state.classes import CLASS_DICTIONARY, FLAGS, IMMUTABLE, ORDER
from micrograd.compiler.state.libraries import of_library
from micrograd.compiler.state.names import names_read
from micrograd.compiler.state.reads import ABSENT
from micrograd.compiler.state.same import unchanged
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from micrograd.compiler.state.state import State

SMALL = 1 << 16  # bytes of an array that is put back
NUMBER = vars(Value)["data"]


class Globals:
    """Some names in the scope of a module."""

    def __init__(self, scope: dict[str, Any], names: tuple[str, ...]) -> None:
        self.scope, self.names = scope, names

    def content(self) -> list[Any]:
        """What the names mean."""
        return [dict.get(self.scope, name, ABSENT) for name in self.names]

    def refill(self, items: list[Any]) -> None:
        """Give the names their meaning; a module that was imported meanwhile stays in its package."""
        self.scope.update({name: x for name, x in zip(self.names, items) if x is not ABSENT})
        for name, x in zip(self.names, items):
            if x is ABSENT and not is_submodule(self.scope, name):
                self.scope.pop(name, None)


class Entries:
    """Entries of a class."""

    def __init__(self, cls: type, names: set[str]) -> None:
        self.entries = [
            (kind, name)
            for kind in ORDER(cls)
            if not FLAGS(kind) & IMMUTABLE
            for name in names & CLASS_DICTIONARY(kind).keys()
        ]

    def content(self) -> list[Any]:
        """What stands in the dictionaries of the classes."""
        return [CLASS_DICTIONARY(kind).get(name, ABSENT) for kind, name in self.entries]

    def refill(self, items: list[Any]) -> None:
        """Set those that are others now."""
        for (kind, name), now, x in zip(self.entries, self.content(), items):
            if x is not now:
                type.__delattr__(kind, name) if x is ABSENT else type.__setattr__(kind, name, x)


class Slots:
    """Slots of objects, each a descriptor with the object; the number of a Value is one, too."""

    def __init__(self, slots: list[tuple[Any, Any]]) -> None:
        self.slots = slots

    def content(self) -> list[Any]:
        """What they hold."""
        return [reads.slot(descriptor, x) for descriptor, x in self.slots]

    def refill(self, items: list[Any]) -> None:
        """Set those that hold another thing now."""
        for (descriptor, x), now, item in zip(self.slots, self.content(), items):
            if changed([item], [now]):
                descriptor.__delete__(x) if item is ABSENT else descriptor.__set__(x, item)


class Bytes:
    """The content of a small array of numbers."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def content(self) -> list[Any]:
        """Its bytes."""
        return [self.array.tobytes()]

    def refill(self, items: list[Any]) -> None:
        """Write them back if they are others now."""
        if self.array.tobytes() != items[0]:
            import numpy as np

            self.array[...] = np.frombuffer(items[0], self.array.dtype).reshape(self.array.shape)


def stores_of(state: State) -> set[str]:
    """The attributes that the code sets, "[]" if it sets items; what it does not set, other threads may set now."""
    functions = [f for read, source, _ in state.reads() if read is reads.functions for f in source]
    codes = [f.__code__ for f in functions if not of_library(f.__code__.co_filename)]
    return set().union(*[names_read(code).stores for code in codes])


def holders(read: Any, source: Any, stores: set[str]) -> Iterator[Any]:
    """The containers that a read of a state looks into; of attributes and items those that the code sets."""
    if read is reads.attributes:
        objects, dictionary, slots, _ = source
        if dictionary is not None:
            yield from map(dictionary, objects)
        if not stores.isdisjoint(name for name, _ in slots):
            yield Slots([(slot, x) for x in objects for name, slot in slots if name in stores])
    elif read is reads.class_attributes:
        yield Entries(source[0], stores)
    elif read is reads.numbers and "data" in stores:
        yield Slots([(NUMBER, x) for x in source])
    elif read is reads.array and "[]" in stores and source.dtype.kind in "biuf" and source.nbytes <= SMALL:
        yield Bytes(source)
    elif read is reads.lists:
        yield from source
    elif read in (reads.entries, reads.list_items, reads.set_items, reads.deque_items):
        yield source
    elif read is reads.functions:
        for function in source:
            yield from function.__closure__ or ()
    elif read is reads.globals_named:
        yield Globals(source[0], source[2])


def content(holder: Any) -> list[Any]:
    """What a holder holds: of a dictionary the keys and the values."""
    if isinstance(holder, (Globals, Entries, Slots, Bytes)):
        return holder.content()
    if isinstance(holder, dict):
        return reads.entries(holder)
    if isinstance(holder, CellType):
        return [reads.contents(holder)]
    base = next(kind for kind in (list, set, deque) if isinstance(holder, kind))
    return list(base.__iter__(holder))


def refill(holder: Any, items: list[Any]) -> None:
    """Give a holder the content that it had."""
    if isinstance(holder, (Globals, Entries, Slots, Bytes)):
        holder.refill(items)
    elif isinstance(holder, dict):  # entry by entry: another thread may be reading it
        half = len(items) // 2
        entries = dict(zip(items[:half], items[half:]))
        for key in [key for key in dict.keys(holder) if key not in entries and not is_submodule(holder, key)]:
            dict.pop(holder, key, None)
        for key, x in entries.items():
            if dict.get(holder, key, ABSENT) is not x:
                dict.__setitem__(holder, key, x)
    elif isinstance(holder, list):
        list.__setitem__(holder, slice(None), items)
    elif isinstance(holder, CellType):
        if items[0] is not ABSENT:
            holder.cell_contents = items[0]
        elif reads.contents(holder) is not ABSENT:
            del holder.cell_contents
    else:
        base: Any = set if isinstance(holder, set) else deque
        base.clear(holder)
        (base.update if base is set else base.extend)(holder, items)


def is_submodule(scope: dict[Any, Any], name: Any) -> bool:
    """Whether a name in the scope of a package is that of a module in it, which may have been imported just now."""
    module = sys.modules.get(f"{dict.get(scope, '__name__')}.{name}")
    return module is not None and dict.get(scope, name) is module


def changed(before: list[Any], after: list[Any]) -> bool:
    """Whether two contents are not the same objects, or numbers of the same bits."""
    return not unchanged(after, before)
