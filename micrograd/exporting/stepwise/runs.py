"""Runs: statements one after the other that differ by where they read and write alone, as loops."""

from __future__ import annotations

from micrograd.exporting.statements import For, Number, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from micrograd.exporting.statements import Add, Statement, Store

FEWEST = 4  # rounds of a loop


def in_loops(stores: Sequence[Store | Add], t: str) -> Iterator[Statement]:
    """Statements that differ by where they read and write alone, and go on so, as loops of the variable t.

    >>> from micrograd.exporting.statements import Item, Store
    >>> found = in_loops([Store(Item("out", Place(i)), Item("x", Place(9 - 2 * i))) for i in range(5)], "t")
    >>> [loop] = found
    >>> loop.times, loop.body[0].expression
    (5, Item(array='x', place=Place(offset=9, factors=(('t', -2),))))
    """
    apart = [taken_apart(one) for one in stores]
    start = 0
    while start < len(stores):
        (form, first), end = apart[start], start + 1
        steps = [b - a for a, b in zip(first, apart[end][1])] if end < len(stores) else []
        while end < len(stores) and apart[end] == (form, [a + (end - start) * d for a, d in zip(first, steps)]):
            end += 1
        if end - start < FEWEST:
            yield from stores[start:end]
        else:
            yield For(t, end - start, [moved(stores[start], t, steps)])
        start = end


def moved(store: Store | Add, t: str, steps: list[int]) -> Any:
    """A statement whose places go on by these steps in each round of t."""
    rest = iter(steps)

    def place(first: Place) -> Place:
        step = next(rest)
        return Place(first.offset, (*first.factors, (t, step)) if step else first.factors)

    return with_places(store, place)


def taken_apart(store: Store | Add) -> tuple[str, list[int]]:
    """A statement without the offsets of its places, as a text, in which zeros are two; and these."""
    offsets: list[int] = []

    def without(place: Place) -> Place:
        offsets.append(place.offset)
        return Place(0, place.factors)

    return repr(with_places(store, without)), offsets


def with_places(one: Any, place: Callable[[Place], Place]) -> Any:
    """A statement or expression with other places, in the order in which they stand."""
    if isinstance(one, Place):
        return place(one)
    if isinstance(one, tuple) and one.__class__ is not Number:
        parts = [with_places(x, place) for x in one]
        return one.__class__(*parts) if hasattr(one, "_fields") else tuple(parts)
    return one
