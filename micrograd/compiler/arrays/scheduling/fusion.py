"""Loop fusion: which steps of the samples run in one loop, elementwise steps on equally many rows where they line up.

nest        a nest of loops, over rows and samples: fused Maps, or one Linear step, or one sum
lined up    row r of the operand is made in round r of the same loop, so it need not go through memory
short sum   a Linear step of one row with few terms; it is fused like a Map
product     a Linear step over rows that all share; quick steps go on with its rows in the same nest
depth       how many functions, such as tanh, one after the other a row waits for within its loop. One, never two: each
            takes a hundred cycles from operand to result, and a processor that works on some three hundred
            instructions at a time must find other samples among them to fill that time
"""

from __future__ import annotations

from micrograd.compiler.arrays.scheduling.order import MOST_ITEMS, goes_on, most_items, short_sum
from micrograd.compiler.arrays.steps import Linear, Map, Pairs, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index

    Item = Union[Map, Linear]

MOST_SUMS = 8
MANY_SUMS = 32  # of small programs, see one_by_one


class Nest:
    """Loops over `count` rows. `items` are made in each round; `sums` are (accumulator, left, right) added up there.

    The nest of a Linear step or of a sum has that as `step`; only that of a product may have items and sums too.
    """

    def __init__(self, count: int, step: Any = None) -> None:
        self.count, self.step = count, step
        self.open = step is None  # to items and sums
        self.items: list[Item] = []
        self.sums: list[tuple[int, Index, Index | None]] = []
        self.depth: dict[int, int] = {}  # by the first row of each step
        if goes_on(step):
            self.open, self.count, self.depth[step.start] = True, step.count, 0

    def __str__(self) -> str:
        steps = [*([] if self.step is None else [self.step]), *self.items]
        sums = f"{len(self.sums)} sums" if len(self.sums) > 1 else "1 sum"
        return "; ".join([*map(str, steps), *([sums] if self.sums else [])])

    @property
    def made(self) -> list[Step]:
        """The steps whose rows it makes."""
        return [*([self.step] if self.step is not None and self.step.count else []), *self.items]

    def depth_with(self, step: Item, operands: list[Index]) -> int:
        """The depth that a step would have here."""
        below = max([self.depth[int(index[0])] for index in operands if self.lines_up(index)], default=0)
        return below + (not step.quick)

    def lines_up(self, index: Index) -> bool:
        """Whether row r of these is made in round r of this loop."""
        first = int(index[0])
        return first in self.depth and (len(index) == 1 or bool((index[1:] - index[:-1] == 1).all()))

    def reads(self) -> list[Index]:
        """The rows that it reads from memory."""
        read = [] if self.step is None else self.step.reads()
        if not self.open:
            return read
        read = read + [index for item in self.items for index in item.row_columns()]
        read += [index for _, a, b in self.sums for index in (a, b) if index is not None]
        return [index for index in read if not self.lines_up(index)]


class Fused:
    """The nests of an array program in order.

    nest_of     by row: the number of the nest that makes it, −1 for a leaf
    in_memory   by row: somebody reads it from memory
    lane_slots  for each accumulator that is a vector of lanes, the incoming slot that it goes to
    """

    def __init__(self, rows: int) -> None:
        import numpy as np

        self.nests: list[Nest] = []
        self.nest_of = np.full(rows, -1)
        self.in_memory = np.zeros(rows, bool)
        self.lane_slots: list[int] = []

    def own(self, number: int) -> list[Step]:
        """The steps whose rows a nest makes, and no nest before it."""
        return [step for step in self.nests[number].made if self.nest_of[step.start] == number]


class Fuser:
    """Puts steps and sums into nests.

    most_sums   that are added up in one nest; most_items: that it makes
    cheap       first row -> a cheap step of one operand, to be made again where it is read
    """

    def __init__(self, fused: Fused, most_sums: int, most_items: int = MOST_ITEMS) -> None:
        self.fused, self.nests, self.most_sums, self.most_items = fused, fused.nests, most_sums, most_items
        self.cheap: dict[int, Item] = {}

    def alone(self, step: Step) -> None:
        """A nest for one step or sum."""
        self.fused.nest_of[step.start : step.start + step.count] = len(self.nests)
        self.nests.append(Nest(0, step))

    def _earliest(self, operands: list[Index], count: int) -> int:
        """The first nest in which all the operands are there."""
        earliest = 0
        for index in operands:
            last = int(self.fused.nest_of[index].max())
            if last >= 0:
                nest = self.nests[last]
                fits = nest.open and nest.count == count and nest.lines_up(index)
                earliest = max(earliest, last if fits else last + 1)
        return earliest

    def fuse(self, step: Item) -> None:
        """Add a step to the first nest in which it lines up with its operands; else to one of its own."""
        operands = step.row_columns()
        for number in range(self._earliest(operands, step.count), len(self.nests)):
            nest = self.nests[number]
            if nest.open and nest.count == step.count and len(nest.items) < self.most_items:
                if nest.depth_with(step, operands) <= (nest.step is None):
                    break
        else:
            number = len(self.nests)
            self.nests.append(Nest(step.count))
        for index in operands:
            self._make_again(self.nests[number], index)
        self.add(step, number)
        if step.cheap and len(operands) == 1 and not step.slot_columns():
            self.cheap[step.start] = step

    def add(self, step: Item, number: int) -> None:
        """Add a step to the nest of that number."""
        nest = self.nests[number]
        nest.depth[step.start] = nest.depth_with(step, step.row_columns())
        nest.items.append(step)
        self.fused.nest_of[step.start : step.start + step.count] = number

    def _make_again(self, nest: Nest, index: Index) -> None:
        """Make what is made of one row at little cost in this loop too, not read it.

        Reading would cost as much, and writing more; and code that sees −x lets f(x) and f(−x) share their work.
        """
        import numpy as np

        made = self.cheap.get(int(index[0]))
        if made is None or made in nest.items or nest.count != made.count or not np.array_equal(index, made.own):
            return
        read = [other for item in nest.items for other in item.row_columns()]
        if not any(np.array_equal(index, other) for other in read):  # else what is above would come before it
            nest.depth[made.start] = 0
            nest.items.append(made)

    def attach(self, pairs: Pairs) -> bool:
        """Add sums up in the loop that makes what is summed, if there is one with room."""
        slots, left, right = pairs.slots, pairs.left, pairs.right
        if left.shape[1] == 1 and len(slots) > 1:
            if self._attach_columns([(slots, left[:, 0], None if right is None else right[:, 0])]):
                return True
        if left.size > self.most_sums:
            return False
        columns = []
        for i in range(len(slots)):
            for j in range(left.shape[1]):
                other = None if right is None else right[i, j : j + 1]
                columns.append((slots[i : i + 1], left[i, j : j + 1], other))
        return self._attach_columns(columns)

    def _attach_columns(self, columns: list[tuple[Index, Index, Index | None]]) -> bool:
        count = len(columns[0][0])
        operands = [index for _, a, b in columns for index in (a, b) if index is not None]
        earliest = self._earliest(operands, count)
        for nest in self.nests[earliest:]:
            if nest.open and nest.count == count and len(nest.sums) + len(columns) <= self.most_sums:
                first: dict[int, int] = {}
                for taken, a, b in columns:
                    key = int(taken[0])
                    if key not in first:
                        first[key] = len(self.fused.lane_slots)
                        self.fused.lane_slots += taken.tolist()
                    nest.sums.append((first[key], a, b))
                return True
        return False


def fuse(program: ArrayProgram) -> ArrayProgram:
    """The loops in which steps and sums run, in order."""
    fused = Fused(program.rows)
    single = all(step.count <= 1 for step in program.order)
    fuser = Fuser(fused, MANY_SUMS if single else MOST_SUMS, most_items(program))
    step: Any
    for step in program.order:
        if elementwise(step):
            fuser.fuse(step)
        elif not isinstance(step, Pairs):
            fuser.alone(step)
    for one in program.sums:  # now that all loops are known
        if isinstance(one, Pairs) and (one.guard or not fuser.attach(one)):
            fuser.alone(one)
    mark(fused, program)
    made = program.copy()
    made.fused = fused
    return made


def apart(program: ArrayProgram) -> Fused:
    """Every step and every sum in a nest of its own, as they run where nothing is fused."""
    fused = Fused(program.rows)
    fuser = Fuser(fused, 0)
    step: Any
    for step in program.order:
        if elementwise(step):
            fused.nests.append(Nest(step.count))
            fuser.add(step, len(fused.nests) - 1)
        else:
            fuser.alone(step)
    mark(fused, program)
    return fused


def mark(fused: Fused, program: ArrayProgram) -> None:
    """Find the rows that are read from memory."""
    for nest in fused.nests:
        for index in nest.reads():
            fused.in_memory[index] = True
    if program.outputs is not None:
        fused.in_memory[program.outputs] = True


def elementwise(step: Any) -> bool:
    """Whether a step is a Map, or a short sum, which is fused like one."""
    return bool(step.rounds or (step.count == 1 and short_sum(step)))
