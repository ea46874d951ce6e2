"""Buffer allocation: where the rows of a block stand in memory, each group in place of some that nobody reads any more.

The less memory a block goes through, the more of it stays in the first cache.

place       number of a row in memory; the leaves and the weight have the first ones
work        what runs at once: it reads rows and makes rows
segment     groups that stand side by side, since something reads them in one go
in place    elementwise work may write a row over one that it alone still reads, number by number
"""

from __future__ import annotations

from collections import defaultdict
from heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Step

NOWHERE = -1


class Work:
    """What is read, and the steps whose rows are made.

    rounds      the number of rows of an elementwise loop, which makes row r in round r; None of other work
    """

    def __init__(self, reads: Sequence[Index], made: Sequence[Step], rounds: int | None) -> None:
        self.reads, self.firsts, self.rounds = reads, [step.start for step in made], rounds


class Buffers:
    """`of` gives the place of every row, NOWHERE for one that nobody reads; `count` is how many places there are.

    early       by number of the work: rows to be read before anything is written, since they are written over
    """

    def __init__(self, rows: int, first: int) -> None:
        """The rows before the first stay where they are."""
        import numpy as np

        self.of = np.full(rows, NOWHERE)
        self.of[:first] = np.arange(first)
        self.count = first
        self.early: dict[int, list[Index]] = {}
        self._hole_from: dict[int, int] = {}  # where a hole begins -> where it ends
        self._hole_to: dict[int, int] = {}  # where a hole ends -> where it begins
        self._holes: dict[int, list[int]] = {}  # length -> heap of where holes begin, among them some that are gone

    def __str__(self) -> str:
        return f"{len(self.of)} rows in {self.count} places"

    def take(self, size: int) -> int:
        """So many places side by side: the smallest hole that is large enough, or new ones."""
        while wide := [length for length in self._holes if length >= size]:
            length = min(wide)
            first = heappop(self._holes[length])
            if not self._holes[length]:
                del self._holes[length]
            if self._hole_from.get(first) == first + length:
                del self._hole_from[first], self._hole_to[first + length]
                if length > size:
                    self._hole(first + size, first + length)
                return first
        self.count += size
        return self.count - size

    def give_back(self, start: int, stop: int) -> None:
        """The places of these rows, which nobody reads any more."""
        first, end = int(self.of[start]), int(self.of[stop - 1]) + 1
        if first in self._hole_to:
            first = self._hole_to.pop(first)
            del self._hole_from[first]
        if end in self._hole_from:
            end = self._hole_from.pop(end)
            del self._hole_to[end]
        self._hole(first, end)

    def _hole(self, first: int, end: int) -> None:
        self._hole_from[first], self._hole_to[end] = end, first
        heappush(self._holes.setdefault(end - first, []), first)


def allocate(program: ArrayProgram) -> ArrayProgram:
    """Give every row that something reads a place; what is read last leaves its place to what comes after."""
    import numpy as np

    works, rows, first = works_of(program), program.rows, program.weight + 1
    made = program.copy()
    made.buffers = buffers = Buffers(rows, first)
    reads = [work.reads for work in works] + [[] if program.outputs is None else [program.outputs]]
    segments = joined(rows, first, [row for work in works for row in work.firsts], reads)
    segment_of = np.full(rows, -1)
    for number, (start, end) in enumerate(segments):
        segment_of[start:end] = number
    last = np.full(len(segments), -1)  # work that reads a segment
    for number, found in enumerate(reads):
        for index in found:
            last[segment_of[index[index >= first]]] = number
    living: dict[int, list[int]] = defaultdict(list)  # segments by the work that reads them last
    for number, work in enumerate(works):
        for old in living.pop(number - 1, []):
            buffers.give_back(*segments[old])
        over = [old for old in living[number] if written_over(work, *segments[old])]
        for new in dict.fromkeys([int(segment_of[row]) for row in work.firsts]):
            start, end = segments[new]
            if last[new] < 0 or buffers.of[start] != NOWHERE:
                continue
            living[max(int(last[new]), number)].append(new)
            if over and end - start == work.rounds:
                old = over.pop()
                living[number].remove(old)
                buffers.of[start:end] = buffers.of[slice(*segments[old])]
                buffers.early.setdefault(number, []).append(np.arange(*segments[old]))
            else:
                buffers.of[start:end] = buffers.take(end - start) + np.arange(end - start)
    return made


def works_of(program: ArrayProgram) -> list[Work]:
    """What runs at once: a loop where there are loops, else a step or a sum."""
    if program.fused is not None:
        return [
            Work(nest.reads(), program.fused.own(number), nest.count if nest.step is None else None)
            for number, nest in enumerate(program.fused.nests)
        ]
    return [Work(step.reads(), [step] if step.count else [], step.rounds) for step in program.order]


def joined(rows: int, first: int, firsts: Sequence[int], reads: Sequence[Sequence[Index]]) -> list[tuple[int, int]]:
    """The segments, as (row, end): what a regular read goes through stays together."""
    import numpy as np

    begins = np.zeros(rows + 1, bool)
    begins[[0, first, rows]] = True
    begins[firsts] = True
    for found in reads:
        for index in found:
            spacing = np.diff(index)
            if len(spacing) and spacing[0] > 0 and (spacing == spacing[0]).all() and index[0] >= first:
                begins[index[0] + 1 : index[-1] + 1] = False
    bounds = np.flatnonzero(begins)
    return [(a, b) for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist()) if a >= first]


def written_over(work: Work, start: int, end: int) -> bool:
    """Whether the work reads these rows one by one, as it makes its own."""
    import numpy as np

    if work.rounds != end - start:
        return False
    inside = [index for index in work.reads if ((index >= start) & (index < end)).any()]
    return all(np.array_equal(index, np.arange(start, end)) for index in inside)
