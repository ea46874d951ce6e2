"""Fused elementwise steps in LLVM: for each row what is the same for all samples, then vector after vector of them.

round       one row of every fused step
item        a Map, or a short sum
made        for one vector of samples: first row of a step -> the value of its row of this round
"""

from __future__ import annotations

from micrograd.compiler.arrays.steps import Map, Slots
from micrograd.compiler.llvm.instructions import kind, splat
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.arrays.scheduling.fusion import Nest
    from micrograd.compiler.arrays.steps import Index, Linear, Operand, Step
    from micrograd.compiler.llvm.instructions import Function, Integer
    from micrograd.compiler.llvm.memory import Memory


class Loop:
    """The code of a stage of fused steps, or of those that a matrix product hands its rows to.

    kept        the steps whose rows somebody reads from memory; early: the rows to be read before any is written
    factors     of this round, in all lanes: numbers of the uniform vector
    pointers    to the rows of this round that are read or written
    places      of this round: the accumulators of its sums, each a vector of the machine's lanes
    """

    def __init__(
        self, memory: Memory, f: Function, stage: Nest, lanes: int, kept: list[Step], early: list[Index]
    ) -> None:
        self.memory, self.f, self.stage, self.lanes, self.kept, self.early = memory, f, stage, lanes, kept, early
        self.narrow = memory.registers.lanes
        self.factors: dict[bytes, str] = {}
        self.pointers: dict[Any, str] = {}
        self.places: list[str] = []
        # sums of one slot share its accumulator
        self.firsts = list(dict.fromkeys([first for first, _, _ in stage.sums]))

    def whole(self) -> None:
        """All rounds, each with all samples."""
        f = self.f

        def one(r: Integer) -> None:
            self.begin(r)
            carried = [(kind(self.narrow), f.load(place, self.narrow)) for place in self.places]
            for place, total in zip(self.places, f.loop("%n", self._some, carried, self.lanes)):
                f.store(total, place, self.narrow)

        f.loop(self.stage.count, one)

    def _some(self, v: Integer, *totals: str) -> list[str]:
        return self.samples(v, totals, {})

    def begin(self, r: Integer) -> None:
        """What a round needs for all samples."""
        f, stage = self.f, self.stage
        self.factors, self.pointers = {}, {}
        reads = [index for item in stage.items for index in item.row_columns()]
        reads += [index for _, left, right in stage.sums for index in (left, right) if index is not None]
        for index in reads:
            if not stage.lines_up(index) and index.tobytes() not in self.pointers:
                self.pointers[index.tobytes()] = self.memory.row_of(f, index, r)
        for index in [index for item in stage.items for index in item.slot_columns()]:
            if index.tobytes() not in self.factors:
                self.factors[index.tobytes()] = f.broadcast(self.memory.slot_of(f, index, r), self.lanes)
        for step in self.kept:
            self.pointers["made", step.start] = f.at(self.memory.row(f, step.start), f.times(r, self.memory.block))
        narrow = self.narrow
        self.places = [f.at(f.into("a", first * narrow), f.times(r, narrow)) for first in self.firsts]

    def samples(self, v: Integer, totals: Sequence[str], made: dict[int, str]) -> list[str]:
        """One round on the samples from v on, as many as lanes; the totals of the sums with them added."""
        f, lanes = self.f, self.lanes
        c = VectorArithmetic(f, lanes)
        loaded: dict[bytes, str] = {}

        def row(index: Index) -> str:
            if self.stage.lines_up(index):
                return made[int(index[0])]
            key = index.tobytes()
            if key not in loaded:
                loaded[key] = f.load(f.at(self.pointers[key], v), lanes)
            return loaded[key]

        def operand(x: Operand) -> str:
            if isinstance(x, float):
                return splat(x, lanes)
            return self.factors[x.index.tobytes()] if isinstance(x, Slots) else row(x.index)

        for index in self.early:
            row(index)
        for start, value in made.items():
            self._keep(start, value, v)
        for item in self.stage.items:
            if isinstance(item, Map):
                value = primitive(c, item.op.name, [operand(x) for x in item.operands])
            else:
                value = self._short_sum(item, row)
            made[item.start] = value
            self._keep(item.start, value, v)
        found = dict(zip(self.firsts, totals))
        for first, left, right in self.stage.sums:
            found[first] = self._add(found[first], row(left), None if right is None else row(right))
        return list(found.values())

    def _keep(self, start: int, value: str, v: Integer) -> None:
        """Store a value that somebody reads from memory."""
        if ("made", start) in self.pointers:
            self.f.store(value, self.f.at(self.pointers["made", start], v), self.lanes)

    def _short_sum(self, item: Linear, row_of: Callable[[Index], str]) -> str:
        f, lanes = self.f, self.lanes
        total = "" if item.bias is None else self.factors[item.bias.tobytes()]
        for k in range(item.rows.shape[1]):
            factor, row = self.factors[item.slots[:, k].tobytes()], row_of(item.rows[:, k])
            if not total:
                total = f.arithmetic("fmul", factor, row, lanes)
            else:
                total = f.multiply_add(factor, row, total, lanes)
        return total

    def _add(self, total: str, a: str, b: str | None) -> str:
        """total + a · b, the parts of a wide vector one after the other."""
        f, wide, narrow = self.f, self.lanes, self.narrow
        for start in range(0, wide, narrow):
            part = a if wide == narrow else self._part(a, start)
            if b is None:
                total = f.arithmetic("fadd", total, part, narrow)
            else:
                total = f.multiply_add(part, b if wide == narrow else self._part(b, start), total, narrow)
        return total

    def _part(self, value: str, start: int) -> str:
        wide, narrow = self.lanes, self.narrow
        if narrow == 1:
            return self.f.value(f"extractelement {kind(wide)} {value}, i64 {start}")
        return self.f.shuffle(value, "poison", range(start, start + narrow), wide)
