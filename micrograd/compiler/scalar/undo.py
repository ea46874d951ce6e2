"""What tracing leaves behind in the user's objects is put back: placeholders always, all else where compiling failed.

A model may keep what it computed (a cache, the state of a recurrence). Eager code, which goes on where compiling
failed, must find it as it was.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from time import sleep

from micrograd.compiler.scalar.holders import Bytes, changed, content, holders, refill, stores_of
from micrograd.compiler.scalar.placeholders import Traced
from micrograd.compiler.state import reads
from micrograd.compiler.state.draws import draw_again, drawn, generators

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.state.state import State

IDLE = 0.01  # seconds, in which other threads have their turn
CACHED = type(lru_cache(lambda: None))


def is_left(x: Any) -> bool:
    """Whether x is a placeholder, or a container with one in it."""
    if type(x) in (list, tuple, set, deque):
        return any(type(item) is Traced for item in x)
    return type(x) is Traced or type(x) is dict and any(type(item) is Traced for item in x.values())


class Undo:
    """The contents of all that a state reaches, to be put back; by a `with` if there was an error in it.

    kept        (holder, content)
    caches      (function of `lru_cache`, how often it was called with something new)
    drawn       (random generator, its state)

    >>> from micrograd.compiler.state.state import State
    >>> memory = []
    >>> undo = remember(State(lambda x: memory.append(x)))
    >>> memory.append(3.0)
    >>> undo.all()
    >>> memory
    []
    """

    def __init__(
        self, state: State, kept: list[tuple[Any, list[Any]]], caches: list[tuple[Any, int]], drawn: list[Any]
    ) -> None:
        self.state, self.kept, self.caches, self.drawn = state, kept, caches, drawn

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


def remember(state: State) -> Undo:
    """The Undo for all that a state reaches, as it is now."""
    kept: list[tuple[Any, list[Any]]] = []
    caches: list[tuple[Any, int]] = []
    generators_now = [(generator, drawn(generator)) for generator in generators(state)]
    stores = stores_of(state)
    for read, source, _ in state.reads():
        if read is reads.attributes:
            caches += [(x, x.cache_info().misses) for x in source[0] if type(x) is CACHED]
        try:
            kept += [(holder, content(holder)) for holder in holders(read, source, stores)]
        except Exception:  # an object that defends itself
            continue
    return Undo(state, kept, caches, generators_now)


def at_rest(holders: list[tuple[Any, list[Any], Any]]) -> list[tuple[Any, Any]]:
    """Those holders, with what comes with them, whose content stays for a while: no other thread works on them."""
    if holders:
        sleep(IDLE)
    return [
        (holder, other)
        for holder, now, other in holders
        if isinstance(holder, Bytes) or not changed(now, content(holder))
    ]
