"""Which steps of the samples run in one loop: elementwise steps on equally many rows are fused where they line up.

stage       one loop over rows and samples: fused Maps, or one Linear step, or one sum
lined up    row r of the operand is made in round r of the same loop, so it need not go through memory
short sum   a Linear step of one row with few terms; it is fused like a Map
product     a Linear step over rows that all share; quick steps go on with its rows in the same stage
depth       how many functions, such as tanh, one after the other a row waits for within its loop. One, never two: each
            takes a hundred cycles from operand to result, and a processor that works on some three hundred
            instructions at a time must find other samples among them to fill that time
"""

from __future__ import annotations

from micrograd.compiler.arrays.memory import Places, Work
from micrograd.compiler.arrays.steps import Linear, Map, Outer, Pairs, reads_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    import numpy as np

    from micrograd.compiler.arrays.purposes import ArrayProgram
    from micrograd.compiler.arrays.steps import Index

    Item = Union[Map, Linear]

PANEL = 32  # so many rows of a block, half of a first cache of 32 kB, are added to all sums before the next ones
SHORT, MOST_ITEMS, MOST_SUMS = 32, 200, 8
FEW_ROWS, MANY_SUMS = 4, 32  # of small programs, see one_by_one
CHEAP = ("add", "sub", "mul", "neg", "abs", "relu", "maximum", "minimum", "where", "detach",
         "less", "less_equal", "greater", "greater_equal")  # fmt: skip
QUICK = (*CHEAP, "div", "sqrt")


class Stage:
    """One loop over `count` rows. `items` are made in each round; `sums` are (accumulator, left, right) added up there.

    Stages of a Linear step, Outer or Pairs have that as `step`; only that of a product may have items and sums too.
    """

    def __init__(self, count: int, step: Any = None) -> None:
        self.count, self.step = count, step
        self.open = step is None  # to items and sums
        self.items: list[Item] = []
        self.sums: list[tuple[int, Index, Index | None]] = []
        self.depth: dict[int, int] = {}  # by the first row of each step
        if isinstance(step, Linear) and goes_on(step):
            self.open, self.count, self.depth[step.start] = True, step.count, 0

    def depth_with(self, step: Item, operands: list[Index]) -> int:
        """The depth that a step would have here."""
        below = max([self.depth[int(index[0])] for index in operands if self.lines_up(index)], default=0)
        return below + (isinstance(step, Map) and step.op.name not in QUICK)

    def lines_up(self, index: Index) -> bool:
        """Whether row r of these is made in round r of this loop."""
        first = int(index[0])
        return first in self.depth and (len(index) == 1 or bool((index[1:] - index[:-1] == 1).all()))

    def reads(self) -> list[Index]:
        """The rows that it reads from memory."""
        read = [] if self.step is None else reads_of(self.step)
        if not self.open:
            return read
        read = read + [index for item in self.items for index in inputs_of(item)]
        read += [index for _, a, b in self.sums for index in (a, b) if index is not None]
        return [index for index in read if not self.lines_up(index)]

    @property
    def table_rows(self) -> int:
        """How many rows a table, sums that share no rows, reads and makes; no product."""
        import numpy as np

        if not isinstance(self.step, Linear) or self.step.shared:
            return 0
        return len(np.unique(self.step.rows)) + self.step.count


class Schedule:
    """The stages of an array program in order.

    in_memory   by row: somebody reads it from memory
    lane_sums   number of accumulators that are vectors of lanes, and the incoming slot of each
    """

    def __init__(self, program: ArrayProgram) -> None:
        import numpy as np

        self.program = program
        self.stages: list[Stage] = []
        self.stage_of = np.full(program.rows, -1)
        self.in_memory = np.zeros(program.rows, bool)
        self.lane_slots: list[int] = []
        self.cheap: dict[int, Map] = {}  # by the first row
        order = one_by_one(by_product(program.in_order()))
        self.most_sums = MANY_SUMS if is_one_by_one(order) else MOST_SUMS
        for step in order:
            if isinstance(step, Map) or (isinstance(step, Linear) and short(step)):
                self._fuse(step)
            elif isinstance(step, Linear):
                self._alone(step)
            elif isinstance(step, Outer):
                self.stages.append(Stage(0, step))
        for pairs in [one for one in program.sums if isinstance(one, Pairs)]:  # now that all loops are known
            if pairs.guard or not self._attach(pairs):
                self.stages.append(Stage(0, pairs))
        self._mark()

    def _alone(self, step: Any) -> None:
        self.stage_of[step.start : step.start + step.count] = len(self.stages)
        self.stages.append(Stage(0, step))

    def _earliest(self, operands: list[Index], count: int) -> int:
        """The first stage in which all the operands are there."""
        earliest = 0
        for index in operands:
            last = int(self.stage_of[index].max())
            if last >= 0:
                stage = self.stages[last]
                fits = stage.open and stage.count == count and stage.lines_up(index)
                earliest = max(earliest, last if fits else last + 1)
        return earliest

    def _fuse(self, step: Item) -> None:
        operands = inputs_of(step)
        for number in range(self._earliest(operands, step.count), len(self.stages)):
            stage = self.stages[number]
            if stage.open and stage.count == step.count and len(stage.items) < MOST_ITEMS:
                if stage.depth_with(step, operands) <= (stage.step is None):
                    break
        else:
            number = len(self.stages)
            self.stages.append(Stage(step.count))
        stage = self.stages[number]
        for index in operands:
            self._make_again(stage, index)
        stage.depth[step.start] = stage.depth_with(step, operands)
        stage.items.append(step)
        self.stage_of[step.start : step.start + step.count] = number
        if isinstance(step, Map) and step.op.name in CHEAP and len(operands) == 1 and not step.uses_slots:
            self.cheap[step.start] = step

    def _make_again(self, stage: Stage, index: Index) -> None:
        """Make what is made of one row at little cost in this loop too, not read it.

        Reading would cost as much, and writing more; and code that sees −x lets f(x) and f(−x) share their work.
        """
        import numpy as np

        made = self.cheap.get(int(index[0]))
        if made is None or made in stage.items or stage.count != made.count or not np.array_equal(index, made.own):
            return
        read = [other for item in stage.items for other in inputs_of(item)]
        if not any(np.array_equal(index, other) for other in read):  # else what is above would come before it
            stage.depth[made.start] = 0
            stage.items.append(made)

    def _attach(self, pairs: Pairs) -> bool:
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
        for stage in self.stages[earliest:]:
            if stage.open and stage.count == count and len(stage.sums) + len(columns) <= self.most_sums:
                first: dict[int, int] = {}
                for taken, a, b in columns:
                    key = int(taken[0])
                    if key not in first:
                        first[key] = len(self.lane_slots)
                        self.lane_slots += taken.tolist()
                    stage.sums.append((first[key], a, b))
                return True
        return False

    def _mark(self) -> None:
        """Find the rows that are read from memory."""
        for stage in self.stages:
            for index in stage.reads():
                self.in_memory[index] = True
        if self.program.outputs is not None:
            self.in_memory[self.program.outputs] = True

    def places(self) -> Places:
        """Where the rows stand that are read from memory."""
        works = []
        for number, stage in enumerate(self.stages):
            made = [*([stage.step] if isinstance(stage.step, Linear) else []), *stage.items]
            owned = [step for step in made if self.stage_of[step.start] == number]
            works.append(Work(stage.reads(), owned, stage.count if stage.step is None else None))
        return Places(self.program.rows, self.program.weight + 1, works, self.program.outputs)


def by_product(order: list[Any]) -> list[Any]:
    """The steps; a quick Map on the rows of several products, as in a convolution, in parts, one for each product."""
    product: dict[int, Linear] = {}  # by its first row
    found = []
    for step in order:
        parts = []
        if isinstance(step, Linear) and goes_on(step):
            product[step.start] = step
        elif isinstance(step, Map) and step.op.name in QUICK:
            parts = [piece for index in reads_of(step)[:1] for piece in parts_of(step, index, product)]
        found += parts or [step]
    return found


def one_by_one(order: list[Any]) -> list[Any]:
    """The steps; those of a small program without layers row by row, so that all of it fits into one loop."""
    made = [step for step in order if isinstance(step, (Map, Linear))]
    if sum([step.count for step in made]) > MOST_ITEMS or not all(one_row_or_few(step) for step in order):
        return order
    found = []
    for step in order:
        found += [part(step, r, 1) for r in range(step.count)] if isinstance(step, Map) else [step]
    return found


def one_row_or_few(step: Any) -> bool:
    """Whether a step makes one row, or a few quick ones; a function is better called for one row after the other."""
    if isinstance(step, Map):
        return step.count <= (FEW_ROWS if step.op.name in QUICK else 1)
    return isinstance(step, Pairs) or isinstance(step, Linear) and step.count == 1


def is_one_by_one(order: list[Any]) -> bool:
    """Whether all steps make one row."""
    return all(step.count == 1 for step in order if isinstance(step, (Map, Linear)))


def part(step: Map, first: int, count: int) -> Map:
    """Some neighbouring rows of a Map."""
    taken = slice(first, first + count)
    operands = [x if isinstance(x, float) else type(x)(x.index[taken]) for x in step.operands]
    return Map(step.op, operands, step.start + first, count)


def parts_of(step: Map, index: Index, product: dict[int, Linear]) -> list[Map]:
    """A Map in parts, if its first operand is the rows of several products one after the other; else none."""
    import numpy as np

    parts, place = [], 0
    while place < len(index):
        made = product.get(int(index[place]))
        if made is None or made.count == step.count or not np.array_equal(index[place : place + made.count], made.own):
            return []
        parts.append(part(step, place, made.count))
        place += made.count
    return parts


def goes_on(step: Linear) -> bool:
    """Whether quick steps may go on with the rows of a product in its stage."""
    return step.shared and not step.guard and step.rows.shape[1] <= PANEL


def short(step: Linear) -> bool:
    """Whether a sum is fused like a Map."""
    return step.count == 1 and step.rows.shape[1] <= SHORT and not step.guard


def inputs_of(step: Item) -> list[np.ndarray]:
    """The rows that each operand of a step takes."""
    if isinstance(step, Map):
        return reads_of(step)
    return [step.rows[:, k] for k in range(step.rows.shape[1])]
