"""Where the rows of a block stand in memory: a group takes the place of groups that nobody reads any more.

The less memory a block goes through, the more of it stays in the first cache.

place       number of a row in memory; the leaves have the first ones
segment     groups that stand side by side, since something reads them in one go
in place    an elementwise loop may write a row over one that it alone still reads, number by number
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.program.arrays import Index
    from micrograd.program.schedule import Schedule, Stage

NOWHERE = -1


class Places:
    """`of` gives the place of every row, NOWHERE for one that stays in registers; `count` is how many places there are.

    early       by stage: rows to be read before anything is written, since they are written over
    """

    def __init__(self, schedule: Schedule, leaves: int) -> None:
        import numpy as np

        rows = schedule.program.rows
        self.of = np.full(rows, NOWHERE)
        self.of[: leaves + 1] = np.arange(leaves + 1)  # the weight of a sample follows the leaves
        self.count = leaves + 1
        self.early: dict[int, list[Index]] = {}
        self._free: list[tuple[int, int]] = []  # (first, end)
        segments = joined(schedule, leaves)
        last = np.zeros(len(segments), int)
        of = np.full(rows, -1)
        for number, (first, end) in enumerate(segments):
            of[first:end] = number
        for number, reads in enumerate(schedule.reads):
            for index in reads:
                last[of[index[index > leaves]]] = number
        made: dict[int, list[int]] = {}  # stage -> segments that it begins
        for number, (first, end) in enumerate(segments):
            if schedule.in_memory[first:end].any():
                made.setdefault(int(schedule.stage_of[first:end].min()), []).append(number)
        living: list[int] = []
        for number, stage in enumerate(schedule.stages):
            for old in [old for old in living if last[old] < number]:
                living.remove(old)
                self._give_back(segments[old])
            ending = [segments[old] for old in living if last[old] == number]
            over = [own for own in ending if written_over(stage, own, schedule.reads[number])]
            for new in made.get(number, []):
                first, end = segments[new]
                living.append(new)
                if over and end - first == stage.count and stage.step is None:
                    old_first, old_end = over.pop()
                    self.of[first:end] = self.of[old_first:old_end]
                    self.early.setdefault(number, []).append(np.arange(old_first, old_end))
                    living.remove(next(old for old in living if segments[old] == (old_first, old_end)))
                else:
                    self.of[first:end] = self._take(end - first) + np.arange(end - first)

    def _take(self, size: int) -> int:
        """So many places in a row: the smallest hole that is large enough, or new ones."""
        holes = [(end - first, first) for first, end in self._free if end - first >= size]
        if not holes:
            self.count += size
            return self.count - size
        length, first = min(holes)
        self._free.remove((first, first + length))
        if length > size:
            self._free.append((first + size, first + length))
        return first

    def _give_back(self, segment: tuple[int, int]) -> None:
        first, end = int(self.of[segment[0]]), int(self.of[segment[1] - 1]) + 1
        for hole in [hole for hole in self._free if first in hole or end in hole]:
            self._free.remove(hole)
            first, end = min(first, hole[0]), max(end, hole[1])
        self._free.append((first, end))


def joined(schedule: Schedule, leaves: int) -> list[tuple[int, int]]:
    """The segments, as (first row, end): what a regular read goes through stays together."""
    import numpy as np

    begins = np.zeros(schedule.program.rows + 1, bool)
    begins[-1] = True
    for step in schedule.program.steps:
        begins[step.start] = True
    for reads in schedule.reads:
        for index in reads:
            steps = np.diff(index)
            if len(steps) and steps[0] > 0 and (steps == steps[0]).all() and index[0] > leaves:
                begins[index[0] + 1 : index[-1] + 1] = False
    bounds = np.flatnonzero(begins)
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist()))


def written_over(stage: Stage, segment: tuple[int, int], reads: list[Index]) -> bool:
    """Whether a stage reads these rows one by one, as it makes its own."""
    import numpy as np

    first, end = segment
    own = np.arange(first, end)
    inside = [index for index in reads if ((index >= first) & (index < end)).any()]
    return stage.step is None and stage.count == end - first and all(np.array_equal(own, index) for index in inside)
