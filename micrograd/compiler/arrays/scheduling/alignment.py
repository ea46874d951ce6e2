"""Rows in the order in which they are read: groups are taken apart and sorted, so that more steps run in one loop.

part        some rows of a step, by their places in it; it becomes a step of its own
lead        the operand of a Map whose rows it follows: row r of the part reads row r of another part
readers     parts that follow a part
"""

from __future__ import annotations

from collections import defaultdict

from micrograd.compiler.arrays.gather import Gather
from micrograd.compiler.arrays.scheduling.order import goes_on
from micrograd.compiler.arrays.steps import NONE, Linear, Map, Rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Operand

FEWEST = 8  # rows of a part
MOST = 8  # parts of a step


class Part:
    """Some rows of a step: their places in it, and the rows of its lead, one for each, if it has one."""

    def __init__(self, step: Any, places: Index, lead: Index | None) -> None:
        self.step, self.places, self.lead = step, places, lead

    @property
    def rows(self) -> Index:
        """Its rows, in its order."""
        return self.places + self.step.start

    def some(self, chosen: Index) -> Part:
        """A part of it."""
        return Part(self.step, self.places[chosen], None if self.lead is None else self.lead[chosen])


def line_up(program: ArrayProgram) -> ArrayProgram:
    """Take apart and sort the steps of a program that adds nothing up, where rows are read in another order than made.

    In others the rows of a group stand side by side for products over the samples.
    """
    import numpy as np

    if program.sums:
        return program
    parts = by_readers(program.rows, by_lead(program))
    row_of = np.arange(program.rows)
    moved = False
    for step in program.order:
        made = np.concatenate([part.places for part in parts[step]])
        row_of[step.start + made] = step.own
        moved |= len(parts[step]) > 1 or bool((made[1:] < made[:-1]).any())
    if not moved:
        return program
    lined = program.copy()
    lined.order = []
    for step in program.order:
        first = step.start
        for part in parts[step]:
            lined.order.append(taken(part, first, row_of))
            first += len(part.places)
    lined.outputs = None if program.outputs is None else row_of[program.outputs]
    return lined


def by_lead(program: ArrayProgram) -> dict[Any, list[Part]]:
    """The parts of each step by what its rows follow, sorted as that is."""
    import numpy as np

    home, rank = np.full(program.rows, -1), np.arange(program.rows)  # by row: the number of its part, its place there
    found: dict[Any, list[Part]] = {}
    number = 0
    step: Any
    for step in program.order:
        places = np.arange(step.count)
        parts = [Part(step, places, None)]
        for lead in step.reads() if step.rounds and step.quick and step.count >= FEWEST else []:
            homes = home[lead]
            numbers, counts = np.unique(homes, return_counts=True)
            distinct = len(np.unique(lead)) == len(lead)
            if numbers[0] >= 0 and len(numbers) <= MOST and counts.min() >= FEWEST and distinct:
                order = np.lexsort((rank[lead], homes))
                sizes = np.cumsum(counts)[:-1]
                parts = [Part(step, some, lead[some]) for some in np.split(order, sizes)]
                break
        found[step] = parts
        if step.count >= FEWEST and (step.rounds or goes_on(step)):
            for part in parts:
                home[part.rows], rank[part.rows] = number, np.arange(len(part.places))
                number += 1
    return found


def by_readers(rows: int, parts: dict[Any, list[Part]]) -> dict[Any, list[Part]]:
    """The same parts, each taken apart by the parts that follow it."""
    import numpy as np

    made_by = np.zeros(rows, int)  # by row: the first row of its step
    for step in parts:
        made_by[step.own] = step.start
    found: dict[Any, list[Part]] = {}
    readers: dict[int, list[Part]] = defaultdict(list)  # by the first row of the step that they follow
    for step in reversed(parts):
        found[step] = [some for part in parts[step] for some in split(part, readers[step.start])]
        for part in found[step]:
            if part.lead is not None:
                readers[int(made_by[part.lead[0]])].append(part)
    return {step: found[step] for step in parts}


def split(part: Part, readers: list[Part]) -> list[Part]:
    """A part taken apart by its readers, each of which has other rows; as it is where little would be left."""
    import numpy as np

    place = np.full(part.step.count, NONE)
    place[part.places] = np.arange(len(part.places))
    left = np.ones(len(part.places), bool)
    found: list[Part] = []
    for reader in readers:
        assert reader.lead is not None
        chosen = place[reader.lead - part.step.start]
        if (chosen != NONE).all() and left[chosen].all() and len(found) < MOST:
            left[chosen] = False
            found.append(part.some(chosen))
    if left.any():
        found.append(part.some(np.flatnonzero(left)))
    return found if len(found[-1].places) >= FEWEST else [part]


def taken(part: Part, start: int, row_of: Index) -> Any:
    """A part as a step that makes the rows from `start` on, and reads those that the others have become."""
    step, places = part.step, part.places
    if isinstance(step, Linear):
        bias = None if step.bias is None else step.bias[places]
        return Linear(row_of[step.rows[places]], step.slots[places], bias, start, step.guard)
    if isinstance(step, Gather):
        return Gather(row_of[step.index], step.slots[places], start)
    operands: list[Operand] = []
    for x in step.operands:
        operands.append(x if isinstance(x, float) else x.take(places))
        if isinstance(x, Rows):
            operands[-1] = Rows(row_of[x.index[places]])
    return Map(step.op, operands, start, len(places))
