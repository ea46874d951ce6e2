"""What code does in later runs, where two runs in a row do not show it.

drawn       the states of the random generators within reach: code that draws numbers may take another way any time
count       a number that every run changes, or the length of a list: the code may ask whether it is large or divides
            another without a remainder
moment      the contents of what the code can change, and what was drawn, at one time
"""

from __future__ import annotations

import random
from gc import get_referents
from itertools import chain, count, islice, repeat, starmap
from numbers import Real
from time import sleep
from types import GeneratorType

from micrograd.compiler.scalar.holders import changed, content, refill
from micrograd.compiler.scalar.undo import IDLE, Undo
from micrograd.compiler.state.classes import MODULE
from micrograd.compiler.state.draws import drawn, draws, generators, reached
from micrograd.compiler.state.reads import array, buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

FAR = 18_018_000  # more calls than trainings make, divisible by all numbers up to 16, and by 100 and 1000
CONSUMED = frozenset([*map(type, (iter([]), iter(()), iter(range(0)), iter({}), iter(set()), iter(""), reversed([]))),
                      GeneratorType, enumerate, filter, map, reversed, zip])  # fmt: skip
LONG = 1000  # items more than there were
NEW = [("later", i) for i in range(LONG)]


class Moment:
    """The contents of what the code can change, and what was drawn from random generators until now.

    What arrays hold is only compared: code that writes another thing into one at every run is not followed.
    """

    def __init__(
        self, contents: list[list[Any]], arrays: list[Any], drawn: list[tuple[Any, bytes]], progress: list[list[Any]]
    ) -> None:
        self.contents, self.arrays, self.drawn, self.progress = contents, arrays, drawn, progress

    def apart(self, other: Moment) -> list[Any]:
        """What was drawn from, taken from or written into between two moments: generators, or True for all else."""
        found = [mine[0] for mine, others in zip(self.drawn, other.drawn) if mine[1] != others[1]]
        return found if (self.progress, self.arrays) == (other.progress, other.arrays) else [*found, True]

    def later(self, undo: Undo, now: Moment, shift: bool) -> list[tuple[Any, list[Any]]]:
        """Holders with what they may hold after many runs such as that from this moment to another."""
        found = []
        for (holder, _), before, after in zip(undo.kept, self.contents, now.contents):
            if changed(before, after):
                far = content_later(holder, before, after, shift)
                if changed(after, far):
                    found.append((holder, far))
        return found


def moment(undo: Undo) -> Moment:
    """The contents and draws of now."""
    return Moment(
        [content(holder) for holder, _ in undo.kept],
        [read(source) for read, source, _ in undo.state.reads() if read in (array, buffer)],
        [(generator, drawn(generator)) for generator in generators(undo.state)],
        [progress(iterator) for iterator in iterators(undo)],
    )


def content_later(holder: Any, before: list[Any], after: list[Any], shift: bool) -> list[Any]:
    """The content of a holder after many runs."""
    if len(before) == len(after):
        return [number_later(a, b, shift) for a, b in zip(before, after)]
    if len(after) < len(before):
        return []
    if isinstance(holder, dict):
        half = len(after) // 2
        return [*after[:half], *NEW, *after[half:], *after[-1:] * LONG]
    return after + (list(NEW) if isinstance(holder, set) else after[-1:] * LONG)


def number_later(before: Any, after: Any, shift: bool) -> Any:
    """A number that a run has changed, after many runs: a round one, with `shift` one step before it."""
    if after is before or not (is_number(before) and is_number(after)) or after == before or after != after:
        return after
    step = after - before
    return type(after)((FAR if step > 0 else -FAR) - (step if shift else 0))


def is_number(x: Any) -> bool:
    """Whether x is a plain number or one of NumPy's."""
    return type(x) in (int, float) or MODULE(type(x)) == "numpy" and isinstance(x, Real)


def iterators(undo: Undo) -> Iterator[Any]:
    """Iterators and generators that the code can reach: what it takes from one is gone."""
    return reached(undo.state, is_iterator)


def is_iterator(kind: type) -> bool:
    """Whether the objects of a class of Python's own are iterators or generators."""
    return kind in CONSUMED or MODULE(kind) == "itertools"


def progress(iterator: Any) -> list[Any]:
    """Where an iterator stands, with those that it takes from; always another where that cannot be told."""
    found: list[Any] = []
    waiting = [iterator]
    for x in waiting:
        if type(x) in (count, repeat):
            found.append(repr(x))
        elif type(x) is GeneratorType:
            frame = x.gi_frame
            local = [] if frame is None else list(frame.f_locals.values())
            found += [frame and frame.f_lasti, *map(id, local)]
            waiting += [part for part in (*local, x.gi_yieldfrom) if is_iterator(type(part)) and part not in waiting]
        elif hasattr(x, "__length_hint__"):
            found.append(x.__length_hint__())
        elif type(x) in (chain, enumerate, filter, islice, map, starmap, zip):
            waiting += [part for part in get_referents(x) if is_iterator(type(part)) and part not in waiting]
        else:
            found.append(object())
    return found


def repeats(undo: Undo, before: Moment, same: Callable[[], bool]) -> bool:
    """Whether the code, of which `same()` tells whether it does what it did, goes on so in later runs.

    before      the moment before its last run
    """
    now = moment(undo)
    apart = before.apart(now)
    if apart:
        sleep(IDLE)
        others = now.apart(moment(undo))  # what other threads work on
        if any(x is not random for x in apart if x not in others) or random in apart and draws(same):
            return False
    for shift in (False, True):
        far = before.later(undo, now, shift)
        if not far:
            return True
        try:
            for holder, items in far:
                refill(holder, items)
            if not same():
                return False
        finally:
            for (holder, _), items in zip(undo.kept, now.contents):
                if changed(items, content(holder)):
                    refill(holder, items)
    return True
