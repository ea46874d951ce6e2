"""An array program as LLVM functions: loops over blocks of samples, explicit vectors, products in register tiles.

block       so many samples; a row of a block is as many numbers side by side
n           how many of them are to be computed: all, but fewer in the last block
x           the leaves of a block: its inputs and targets, row by row
u           the uniform vector, with room behind it for packed factors, gradient, value and status
t           the workspace: the weights of the samples, then the other rows
a           accumulators that are vectors of lanes; g: accumulators that are numbers, one per incoming slot
i           tables of whole numbers; o: outputs
"""

from __future__ import annotations

from micrograd.compiler.arrays.fusion import Schedule, Stage
from micrograd.compiler.arrays.steps import Linear, Outer
from micrograd.compiler.llvm import tape as llvm_tape
from micrograd.compiler.llvm import tiles as llvm_tiles
from micrograd.compiler.llvm import uniform as llvm_uniform
from micrograd.compiler.llvm.instructions import Function
from micrograd.compiler.llvm.loops import Loop, slots_of
from micrograd.compiler.llvm.vocabulary import declared, definitions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.purposes import ArrayProgram
    from micrograd.compiler.arrays.steps import Index
    from micrograd.compiler.llvm.instructions import Integer

SMALLEST_BLOCK, USUAL_BLOCK, LARGEST_BLOCK = 32, 64, 512
BLOCK_BYTES = 16384  # larger blocks than the usual must not fill more than half of a first cache
TABLE_BYTES = 40960  # rows that fit into a first cache, or nearly so; a matrix product goes through few at a time
FEW_PLACES = 12  # of a stage: they may be arguments, in registers
NAMES = "xutagio"
ARGUMENTS = ", ".join([f"ptr %{name}" for name in NAMES] + ["i64 %n"])


class Machine:
    """What the code is made for: lanes of a vector, size of a register tile (rows × vectors of samples).

    wide        lanes of an elementwise loop; grain: the number of samples of a block is a multiple of this
    """

    def __init__(self, lanes: int, tile_rows: int, tile_vectors: int) -> None:
        self.lanes, self.tile_rows, self.tile_vectors = lanes, tile_rows, tile_vectors
        self.wide = min(4 * lanes, 16)  # one vector alone would wait for every result of a polynomial
        self.grain = max(self.wide, lanes * tile_vectors)


class LlvmCode:
    """The text of a program, its tables, and the sizes of the memory it works on."""

    def __init__(self, program: ArrayProgram, machine: Machine) -> None:
        self.program, self.machine, self.block = program, machine, USUAL_BLOCK
        self.tables: list[int] = []
        self._known: dict[bytes, int] = {}  # table -> where it begins
        self.packed: list[int] = []  # slots whose numbers are put side by side once a step
        self._packed: dict[bytes, int] = {}  # slots -> where
        self.leaves = program.weight
        self.early: dict[int, list[Index]] = {}  # see Places
        self.extra_rows = 0  # of the workspace, beyond those of the program; the last `_spare` are anybody's
        self._spare = 0
        self.lane_slots: list[int] = []  # for each accumulator of lanes, the slot it goes to
        self._accumulators: dict[bytes, int] = {}  # slots -> the first
        self.calls: list[tuple[str, list[int]]] = []  # for each block: functions, and their origins
        self._origins: dict[tuple[str, int], str] | None = None  # -> argument, for the stage that is being written
        self._stages: dict[str, str] = {}  # text -> name
        functions, player, stages = self._tape() if llvm_tape.worth_it(program) else ([], "", self._loops())
        for number, stage in enumerate(stages):
            functions += self._stage(number, stage)
        if program.outputs is not None:
            functions.append(self._outputs(program.outputs))
            self.calls.append(("outputs", []))
        self.gradient, self.value = self._results()
        extra = llvm_uniform.functions(self)
        drivers = llvm_uniform.drivers(self)
        texts = [f.text() for f in functions + extra] + [player]
        called = {call for f in functions + extra for call in f.called}
        lanes = {1, machine.lanes, machine.wide} | {n for _, n in called}
        self.source = "\n\n".join([declared(lanes), definitions(called), *texts, drivers]) + "\n"

    def _results(self) -> tuple[int, int]:
        """Where the gradient and the value are in the uniform vector, the status behind the value.

        A gradient whose numbers do not stand side by side is gathered behind the packed factors.
        """
        behind, gradient = self.program.slots + len(self.packed), self.program.gradient
        if gradient is None or not len(gradient):
            return behind, behind
        if (gradient[1:] - gradient[:-1] == 1).all():
            return int(gradient[0]), behind
        return behind, behind + len(gradient)

    def _tape(self) -> tuple[list[Function], str, list[Stage]]:
        """For an irregular program: the functions of a tape, its player, the sums as stages."""
        functions, player = llvm_tape.functions(self)
        self.calls = [("fill", []), ("play", [])]
        return functions, player, [Stage(0, one) for one in self.program.sums]

    def _loops(self) -> list[Stage]:
        """For any other: the stages, with places for their rows, and blocks as large as is good for so many places."""
        self.schedule = Schedule(self.program)
        self.lane_slots = self.schedule.lane_slots
        places = self.schedule.places()
        self.use_places(places.of, places.count)
        self.early = places.early
        if max([stage.table_rows for stage in self.schedule.stages], default=0) * USUAL_BLOCK * 8 > TABLE_BYTES:
            self.block = SMALLEST_BLOCK
        while USUAL_BLOCK <= self.block < LARGEST_BLOCK and 2 * self.block * 8 * places.count <= BLOCK_BYTES:
            self.block *= 2
        return self.schedule.stages

    def _stage(self, number: int, stage: Stage) -> list[Function]:
        """The code of a stage, and its call; stages that differ only in where things stand share their code.

        The places are arguments then; where there is one call alone, LLVM puts its numbers in.
        """
        f, step = Function("stage", ARGUMENTS), stage.step
        few = step is not None or len(stage.reads()) + sum([len(slots_of(item)) for item in stage.items]) <= FEW_PLACES
        self._origins = {} if few else None
        if step is None:
            Loop(self, f, stage, number, self.machine.wide).whole()
        elif isinstance(step, Linear):
            lanes = self.machine.lanes * self.machine.tile_vectors
            then = Loop(self, f, stage, number, lanes) if stage.items or stage.sums else None
            llvm_tiles.linear(self, f, step, then)
        elif isinstance(step, Outer):
            llvm_tiles.outer(self, f, step)
        else:
            llvm_tiles.pairs(self, f, step)
        origins, self._origins = self._origins or {}, None
        f.arguments += "".join([f", i64 {name}" for name in origins.values()])
        text = f.text()
        known = text in self._stages
        f.name = self._stages.setdefault(text, f"stage{number}")
        self.calls.append((f.name, [offset for _, offset in origins]))
        return [] if known else [f]

    def at(self, f: Function, memory: str, offset: int, element: str = "double") -> str:
        """A pointer into x, u, t, a, g or i; the offset is an argument of the stage that is being written."""
        if self._origins is None:
            return f.at(f"%{memory}", offset, element)
        origin = self._origins.setdefault((memory, offset), f"%q{len(self._origins)}")
        return f.at(f"%{memory}", origin, element)

    # places in memory

    def use_places(self, of: Index, count: int) -> None:
        """Where the rows stand, see `Places`."""
        self._place, self._places = of, count

    def table(self, index: Any) -> int:
        """Where these whole numbers stand among the tables."""
        import numpy as np

        values = np.asarray(index, np.int32).ravel()
        key = values.tobytes()
        if key not in self._known:
            self._known[key] = len(self.tables)
            self.tables += values.tolist()
        return self._known[key]

    @property
    def workspace_rows(self) -> int:
        """How many rows the workspace has."""
        return self._places + self.extra_rows - self.leaves

    def at_place(self, f: Function, place: int) -> str:
        """The pointer to a row of the block by its place, see `Places`."""
        if place < self.leaves:
            return self.at(f, "x", place * self.block)
        return self.at(f, "t", (place - self.leaves) * self.block)

    def row(self, f: Function, row: int) -> str:
        """The pointer to a row of the block."""
        return self.at_place(f, int(self._place[row]))

    def row_from(self, f: Function, index: Index, entry: Integer) -> str:
        """The pointer to row index[entry], by way of a table."""
        places = self._place[index]
        place = f.entry(self.at(f, "i", self.table(places), "i32"), entry)
        if (places < self.leaves).all():
            return f.at("%x", f.times(place, self.block))
        moved = f.times(f.plus(place, -self.leaves), self.block)  # negative for a leaf, which takes the other
        if (places >= self.leaves).all():
            return f.at("%t", moved)
        inside = f.value(f"icmp ult i64 {place}, {self.leaves}")
        base = f.value(f"select i1 {inside}, ptr %x, ptr %t")
        return f.at(base, f.value(f"select i1 {inside}, i64 {f.times(place, self.block)}, i64 {moved}"))

    def row_of(self, f: Function, index: Index, round_: Integer) -> str:
        """The pointer to row index[round]: by arithmetic where the rows rise regularly, else from a table."""
        places = self._place[index]
        first, last = int(places[0]), int(places[-1])
        if (places == first).all():
            return self.at_place(f, first)
        step = int(places[1]) - first
        regular = step > 0 and bool((places[1:] - places[:-1] == step).all())
        if regular and (first >= self.leaves or last < self.leaves):
            return f.at(self.at_place(f, first), f.times(round_, step * self.block))
        return self.row_from(f, index, round_)

    def slot_of(self, f: Function, index: Index, round_: Integer) -> str:
        """The number in slot index[round]."""
        first = int(index[0])
        if (index == first).all():
            return f.load(self.at(f, "u", first), 1)
        step = int(index[1]) - first
        if step > 0 and (index[1:] - index[:-1] == step).all():
            return f.load(f.at(self.at(f, "u", first), f.times(round_, step)), 1)
        return f.load(f.at("%u", f.entry(self.at(f, "i", self.table(index), "i32"), round_)), 1)

    def factors(self, slots: Index) -> tuple[int, int, int]:
        """(place of the first, step from row to row, step from column to column) of the factors of a Linear step.

        The steps may be 0, and negative. Factors that do not stand so regularly are packed once a step.
        """
        import numpy as np

        rows, columns = slots.shape
        down = int(slots[1, 0] - slots[0, 0]) if rows > 1 else 0
        across = int(slots[0, 1] - slots[0, 0]) if columns > 1 else 0
        first = int(slots[0, 0])
        if (slots == first + down * np.arange(rows)[:, None] + across * np.arange(columns)).all():
            return first, down, across
        place = self._packed.setdefault(slots.tobytes(), self.program.slots + len(self.packed))
        if place == self.program.slots + len(self.packed):
            self.packed += slots.ravel().tolist()
        return place, columns, 1

    def spare_rows(self, count: int) -> int:
        """The first place of so many rows that hold nothing from one stage to the next."""
        self.extra_rows += max(0, count - self._spare)
        self._spare = max(count, self._spare)
        return self._places + self.extra_rows - self._spare

    def accumulators(self, slots: Index) -> int:
        """The first of the accumulators of lanes for these incoming slots."""
        key = slots.tobytes()
        if key not in self._accumulators:
            self._accumulators[key] = len(self.lane_slots)
            self.lane_slots += slots.ravel().tolist()
        return self._accumulators[key]

    def _outputs(self, rows: Index) -> Function:
        """Copy the outputs of a block, row by row."""
        f, lanes = Function("outputs", ARGUMENTS), self.machine.lanes

        def copy(r: Integer) -> None:
            source, target = self.row_of(f, rows, r), f.at("%o", f.times(r, self.block))
            f.loop("%n", lambda v: f.store(f.load(f.at(source, v), lanes), f.at(target, v), lanes), step=lanes)

        f.loop(len(rows), copy)
        return f
