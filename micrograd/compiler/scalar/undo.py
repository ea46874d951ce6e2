"""What tracing leaves behind in the user's objects is put back: placeholders always, all else where compiling failed.

A model may keep what it computed (a cache, the state of a recurrence). Eager code, which goes on where compiling
failed, must find it as it was.

holder      a container whose content the code may have changed: a dictionary, list, set, deque, cell of a closure,
            the globals that the code names, entries of a class, slots, numbers of Values, small arrays
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from operator import is_not
from time import sleep
from types import CellType

from micrograd.compiler.scalar.placeholders import Traced
from micrograd.compiler.state import reads
from micrograd.compiler.state.classes import CLASS_DICTIONARY, FLAGS, IMMUTABLE, ORDER
from micrograd.compiler.state.draws import draw_again, drawn, generators
from micrograd.compiler.state.names import names_read, of_library
from micrograd.compiler.state.reads import ABSENT
from micrograd.engine import Value

SMALL = 1 << 16  # bytes of an array that is put back
NUMBER = vars(Value)["data"]
IDLE = 0.01  # seconds, in which other threads have their turn
CACHED = type(lru_cache(lambda: None))

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from micrograd.compiler.state.state import State


class Globals:
    """Some names in the scope of a module."""

    def __init__(self, scope: dict[str, Any], names: tuple[str, ...]) -> None:
        self.scope, self.names = scope, names

    def content(self) -> list[Any]:
        """What the names mean."""
        return [dict.get(self.scope, name, ABSENT) for name in self.names]

    def refill(self, items: list[Any]) -> None:
        """Give the names their meaning."""
        self.scope.update({name: x for name, x in zip(self.names, items) if x is not ABSENT})
        for name, x in zip(self.names, items):
            if x is ABSENT:
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
            if item is not now:
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
        for key in [key for key in dict.keys(holder) if key not in entries]:
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


def is_left(x: Any) -> bool:
    """Whether x is a placeholder, or a container with one in it."""
    if type(x) in (list, tuple, set, deque):
        return any(type(item) is Traced for item in x)
    return type(x) is Traced or type(x) is dict and any(type(item) is Traced for item in x.values())


class Undo:
    """The contents of all that a state reaches, to be put back; by a `with` if there was an error in it.

    >>> from micrograd.compiler.state.state import State
    >>> memory = []
    >>> undo = Undo(State(lambda x: memory.append(x)))
    >>> memory.append(3.0)
    >>> undo.all()
    >>> memory
    []
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.kept: list[tuple[Any, list[Any]]] = []
        self.drawn = [(generator, drawn(generator)) for generator in generators(state)]
        stores = stores_of(state)
        self.caches: list[tuple[Any, int]] = []
        for read, source, _ in state.reads():
            if read is reads.attributes:
                self.caches += [(x, x.cache_info().misses) for x in source[0] if type(x) is CACHED]
            try:
                self.kept += [(holder, content(holder)) for holder in holders(read, source, stores)]
            except Exception:  # an object that defends itself
                continue

    def __enter__(self) -> Undo:
        return self

    def __exit__(self, kind: Any, *details: Any) -> None:
        if kind is not None:
            self.all()

    def all(self) -> None:
        """Put back whatever has changed, random generators too."""
        moved = [(generator, drawn(generator), before) for generator, before in self.drawn]
        self._put_back(lambda now: True)
        if any(now != before for _, now, before in moved):
            sleep(IDLE)
        for generator, now, before in moved:
            if drawn(generator) == now:  # else another thread draws from it
                draw_again(generator, before)

    def placeholders(self) -> None:
        """Put back what has placeholders in it."""
        self._put_back(lambda now: any(map(is_left, now)))

    def _put_back(self, wanted: Callable[[list[Any]], bool]) -> None:
        for cache, misses in self.caches:
            if cache.cache_info().misses != misses:  # what it keeps since then cannot be taken out alone
                cache.cache_clear()
        others = []
        for holder, before in self.kept:
            now = content(holder)
            if changed(before, now) and wanted(now):
                others.append((holder, now, before))
        for holder, before in at_rest(others):
            refill(holder, before)


def changed(before: list[Any], after: list[Any]) -> bool:
    """Whether two contents are not the same objects."""
    return len(before) != len(after) or any(map(is_not, before, after))


def at_rest(holders: list[tuple[Any, list[Any], Any]]) -> list[tuple[Any, Any]]:
    """Those holders, with what comes with them, whose content stays for a while: no other thread works on them."""
    if holders:
        sleep(IDLE)
    return [
        (holder, other)
        for holder, now, other in holders
        if isinstance(holder, Bytes) or not changed(now, content(holder))
    ]
