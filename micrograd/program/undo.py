"""What tracing leaves behind in the user's objects is put back: placeholders always, all else where compiling failed.

A model may keep what it computed (a cache, the state of a recurrence). Eager code, which goes on where compiling
failed, must find it as it was.

holder      a container whose content the code may have changed: a dictionary, list, set, deque, cell of a closure, or
            the globals that the code names
"""

from __future__ import annotations

from collections import deque
from types import CellType

from micrograd.program import state_reads as reads
from micrograd.program.placeholders import Traced
from micrograd.program.state_reads import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from micrograd.program.state import State


class Globals:
    """Some names in the scope of a module."""

    def __init__(self, scope: dict[str, Any], names: tuple[str, ...]) -> None:
        self.scope, self.names = scope, names


def holders(read: Any, source: Any) -> Iterator[Any]:
    """The containers that a read of a state looks into."""
    if read is reads.attributes:
        objects, dictionary = source[:2]
        if dictionary is not None:
            yield from map(dictionary, objects)
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
    if isinstance(holder, Globals):
        return [dict.get(holder.scope, name, ABSENT) for name in holder.names]
    if isinstance(holder, dict):
        return reads.entries(holder)
    if isinstance(holder, CellType):
        return [reads.contents(holder)]
    base = next(kind for kind in (list, set, deque) if isinstance(holder, kind))
    return list(base.__iter__(holder))


def refill(holder: Any, items: list[Any]) -> None:
    """Give a holder the content that it had."""
    if isinstance(holder, Globals):
        holder.scope.update({name: x for name, x in zip(holder.names, items) if x is not ABSENT})
        for name, x in zip(holder.names, items):
            if x is ABSENT:
                holder.scope.pop(name, None)
    elif isinstance(holder, dict):
        half = len(items) // 2
        dict.clear(holder)
        dict.update(holder, zip(items[:half], items[half:]))
    elif isinstance(holder, CellType):
        if items[0] is not ABSENT:
            holder.cell_contents = items[0]
        elif reads.contents(holder) is not ABSENT:
            del holder.cell_contents
    else:
        base: Any = next(kind for kind in (list, set, deque) if isinstance(holder, kind))
        base.clear(holder)
        (base.update if base is set else base.extend)(holder, items)


def is_left(x: Any) -> bool:
    """Whether x is a placeholder, or a container with one in it."""
    if type(x) in (list, tuple, set, deque):
        return any(type(item) is Traced for item in x)
    return type(x) is Traced or type(x) is dict and any(type(item) is Traced for item in x.values())


class Undo:
    """The contents of all that a state reaches, to be put back; by a `with` if there was an error in it.

    >>> from micrograd.program.state import State
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
        for read, source, _ in state.reads():
            try:
                self.kept += [(holder, content(holder)) for holder in holders(read, source)]
            except Exception:  # an object that defends itself
                continue

    def __enter__(self) -> Undo:
        return self

    def __exit__(self, kind: Any, *details: Any) -> None:
        if kind is not None:
            self.all()

    def all(self) -> None:
        """Put back whatever has changed."""
        self._put_back(lambda now: True)

    def placeholders(self) -> None:
        """Put back what has placeholders in it."""
        self._put_back(lambda now: any(map(is_left, now)))

    def _put_back(self, wanted: Callable[[list[Any]], bool]) -> None:
        for holder, before in self.kept:
            now = content(holder)
            if (len(now) != len(before) or any(a is not b for a, b in zip(now, before))) and wanted(now):
                refill(holder, before)
