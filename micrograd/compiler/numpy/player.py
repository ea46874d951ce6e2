"""Plays entries in NumPy: groups as one ufunc each, on slices or index arrays; the others one by one, in Python.

group       the entries of one kind on one level, whose results mostly stand side by side
few         entries of a group that are quicker one by one, such as those of a chain
"""

from __future__ import annotations

from functools import partial

import numpy as np

from micrograd.compiler.entries.kinds import SUM
from micrograd.compiler.numpy.vocabulary import function
from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    from micrograd.compiler.entries import Entries
    from micrograd.compiler.entries.kinds import Kind

    Where = Union[slice, np.ndarray]
    Part = Callable[[np.ndarray, Any], Callable[[], None]]  # given w as an array and as Python's numbers
    Step = tuple[Any, ...]

FEW = 8  # entries


class NumpyPlayer:
    """Entries, ready to be played over as many vectors as one likes.

    >>> from micrograd.compiler.entries import entries_of
    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x = graph.leaf("input", 0)
    >>> w, run = NumpyPlayer(entries_of(graph, [x], [graph.apply("mul", (x, x))])).workspace()
    >>> w[0] = 3.0
    >>> run()
    >>> print(w)
    [3. 9.]
    """

    backend = "numpy"

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.parts = parts(entries)

    def workspace(self) -> tuple[np.ndarray, Callable[[], None]]:
        """A fresh vector, and what plays over it."""
        entries = self.entries
        w = np.zeros(entries.size)
        for place, number in entries.constants:
            w[place] = number
        numbers = w.data  # whose numbers are Python's floats, as rows want them
        ready = [part(w, numbers) for part in self.parts]

        def run() -> None:
            with np.errstate(all="ignore"):
                for play in ready:
                    play()

        return w, run


def parts(entries: Entries) -> list[Part]:
    """The groups, and between them what is played one by one."""
    found: list[Part] = []
    alone: list[int] = []
    bounds = np.flatnonzero(np.diff(entries.group, prepend=-1, append=-1)).tolist()
    for begin, end in zip(bounds[:-1], bounds[1:]):
        kind = entries.kinds[entries.kind[begin]]
        if kind.row != SUM and end - begin < FEW:
            alone.extend(range(begin, end))
            continue
        if alone:
            found.append(partial(one_by_one, steps(entries, alone)))
            alone = []
        if kind.row == SUM:
            for made, (first, last, _) in zip(entries.made[begin:end].tolist(), entries.operands[begin:end].tolist()):
                found.append(partial(a_sum, made, places(entries.terms[first:last])))
        else:
            operands = [places(column) for column in entries.operands[begin:end].T[: kind.operands]]
            found.append(partial(a_group, kind, entries.made[begin:end], operands))
    return found + ([partial(one_by_one, steps(entries, alone))] if alone else [])


def places(index: np.ndarray) -> Where:
    """Places as a slice, which costs no copy, where they stand side by side or are the same."""
    first = int(index[0])
    if (index == first).all():
        return slice(first, first + 1)
    return slice(first, first + len(index)) if (index[1:] - index[:-1] == 1).all() else index


def a_group(kind: Kind, made: np.ndarray, operands: list[Where], w: np.ndarray, _: Any) -> Callable[[], None]:
    """Plays a group."""
    where = places(made)
    target = w[where] if isinstance(where, slice) else np.zeros(len(made))
    outs = (np.zeros(len(made)), target) if kind.inside else (target,)
    functions = {row: function(row) for row in (kind.row, kind.inside) if row}

    def play() -> None:
        following = iter(outs)  # the row inside is computed first

        def apply(row: str, values: Sequence[np.ndarray]) -> np.ndarray:
            functions[row](*values, (out := next(following)))
            return out

        kind.of(apply, [w[place] for place in operands])
        if not isinstance(where, slice):
            w[where] = target

    return play


def a_sum(made: int, terms: Where, w: np.ndarray, _: Any) -> Callable[[], None]:
    """Plays a sum; −0 + x is x, and 0 + −0 is not."""

    def play() -> None:
        w[made] = np.add.reduce(w[terms], initial=-0.0)

    return play


def steps(entries: Entries, alone: list[int]) -> list[Step]:
    """(function, place that is made, places of one to three operands) of some entries."""
    chosen = np.array(alone)
    functions = [in_python(kind) if kind.row != SUM else None for kind in entries.kinds]
    counts = [kind.operands for kind in entries.kinds]
    listed = zip(entries.kind[chosen].tolist(), entries.made[chosen].tolist(), entries.operands[chosen].tolist())
    return [(functions[kind], made, *operands[: counts[kind]]) for kind, made, operands in listed]


def in_python(kind: Kind) -> Callable[..., float]:
    """A kind on floats, by the functions of its rows."""
    if not kind.inside:
        return find(kind.row).forward
    names = ["x", "y", "z"][: kind.operands]
    rows = {row: find(row).forward for row in (kind.row, kind.inside)}
    made: Callable[..., float] = eval(f"lambda {', '.join(names)}: {kind.spelled(names)}", rows)  # noqa: S307
    return made


def one_by_one(steps: list[Step], _: np.ndarray, numbers: Any) -> Callable[[], None]:
    """Plays entries with the functions of the rows."""

    def play() -> None:
        for compute, made, first, *others in steps:
            numbers[made] = compute(numbers[first], *[numbers[place] for place in others])

    return play
