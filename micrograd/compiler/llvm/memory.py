"""Where everything stands that the code of a program works on, and the instructions that find it there.

block       so many samples; a row of a block is as many numbers side by side
n           how many of them are to be computed: all, but fewer in the last block
x           the leaves of a block: its inputs and targets, row by row
u           the uniform vector, with room behind it for packed factors, gradient, value and status
t           the workspace: the weights of the samples, then the other rows
a           accumulators that are vectors of lanes; g: accumulators that are numbers, one per incoming slot
i           tables of whole numbers; o: outputs
round       of a loop over rows of one step: what it computes for one of them
"""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index
    from micrograd.compiler.llvm.instructions import Function, Integer, Registers

NAMES = "xutagio"
ARGUMENTS = ", ".join([f"ptr %{name}" for name in NAMES] + ["i64 %n"])


class Memory:
    """The places of the rows of a program, and what its code asks for beside them as it is written.

    places      by row, see `Buffers`; the leaves have the first ones; count: how many there are
    tables      whole numbers, one table after the other
    packed      slots whose numbers are put side by side once a step, behind the slots of the program
    lane_slots  for each accumulator of lanes, the slot it goes to
    spare       how many rows the workspace has beyond the places, which hold nothing from one stage to the next
    """

    def __init__(
        self,
        program: ArrayProgram,
        registers: Registers,
        block: int,
        places: Index,
        count: int,
        lane_slots: Sequence[int] = (),
    ) -> None:
        self.program, self.registers, self.block = program, registers, block
        self.places, self.count, self.leaves = places, count, program.weight
        self.tables: list[int] = []
        self.packed: list[int] = []
        self.lane_slots = list(lane_slots)
        self.spare = 0
        self._table_at: dict[bytes, int] = {}  # where it begins
        self._packed_at: dict[bytes, int] = {}
        self._accumulators_at: dict[bytes, int] = {}

    @property
    def workspace_rows(self) -> int:
        """How many rows the workspace has."""
        return self.count + self.spare - self.leaves

    def spare_rows(self, count: int) -> int:
        """The first place of so many spare rows."""
        self.spare = max(count, self.spare)
        return self.count

    def accumulators(self, slots: Index) -> int:
        """The first of the accumulators of lanes for these incoming slots."""
        key = slots.tobytes()
        if key not in self._accumulators_at:
            self._accumulators_at[key] = len(self.lane_slots)
            self.lane_slots += slots.ravel().tolist()
        return self._accumulators_at[key]

    def table(self, index: Index | Sequence[int]) -> int:
        """Where these whole numbers stand among the tables."""
        values = np.asarray(index, np.int32).ravel()
        key = values.tobytes()
        if key not in self._table_at:
            self._table_at[key] = len(self.tables)
            self.tables += values.tolist()
        return self._table_at[key]

    # rows

    def at_place(self, f: Function, place: int) -> str:
        """The pointer to a row of the block by its place."""
        if place < self.leaves:
            return f.into("x", place * self.block)
        return f.into("t", (place - self.leaves) * self.block)

    def row(self, f: Function, row: int) -> str:
        """The pointer to a row of the block."""
        return self.at_place(f, int(self.places[row]))

    def row_from(self, f: Function, index: Index, entry: Integer) -> str:
        """The pointer to row index[entry], by way of a table."""
        places = self.places[index]
        place = f.entry(f.into("i", self.table(places), "i32"), entry)
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
        places = self.places[index]
        first, last = int(places[0]), int(places[-1])
        if (places == first).all():
            return self.at_place(f, first)
        step = int(places[1]) - first
        regular = step > 0 and bool((places[1:] - places[:-1] == step).all())
        if regular and (first >= self.leaves or last < self.leaves):
            return f.at(self.at_place(f, first), f.times(round_, step * self.block))
        return self.row_from(f, index, round_)

    # slots

    def slot_of(self, f: Function, index: Index, round_: Integer) -> str:
        """The number in slot index[round]."""
        first = int(index[0])
        if (index == first).all():
            return f.load(f.into("u", first), 1)
        step = int(index[1]) - first
        if step > 0 and (index[1:] - index[:-1] == step).all():
            return f.load(f.at(f.into("u", first), f.times(round_, step)), 1)
        return f.load(f.at("%u", f.entry(f.into("i", self.table(index), "i32"), round_)), 1)

    def factors(self, slots: Index) -> tuple[int, int, int]:
        """(place of the first, step from row to row, step from column to column) of the factors of a Linear step.

        The steps may be 0, and negative. Factors that do not stand so regularly are packed once a step.
        """
        rows, columns = slots.shape
        down = int(slots[1, 0] - slots[0, 0]) if rows > 1 else 0
        across = int(slots[0, 1] - slots[0, 0]) if columns > 1 else 0
        first = int(slots[0, 0])
        if (slots == first + down * np.arange(rows)[:, None] + across * np.arange(columns)).all():
            return first, down, across
        place = self._packed_at.setdefault(slots.tobytes(), self.program.slots + len(self.packed))
        if place == self.program.slots + len(self.packed):
            self.packed += slots.ravel().tolist()
        return place, columns, 1


def aligned(count: int) -> np.ndarray:
    """Zeros that start at a multiple of 64 bytes."""
    raw = np.zeros(count + 8)
    start = -address_of(raw) % 64 // 8
    return raw[start : start + count]


def address_of(array: np.ndarray) -> int:
    """Where an array stands in memory."""
    address: int = array.__array_interface__["data"][0]
    return address
