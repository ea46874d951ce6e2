"""An irregular program in LLVM: a tape of single operations on the rows of a block, and one loop that plays it.

A graph whose nodes have little in common rolls into thousands of small steps; code for each would take minutes to
compile. The tape is data: one kernel per primitive is compiled, and an entry names a kernel and its rows.

    entry       kernel, place of the row that is made, places of the rows of up to three operands
    filled row  holds one number of the uniform vector, or a constant, for every sample of the block
    gathered    rows that are there before the tape is played, as the leaves are: what the samples take from tables
    place       a row that no later entry reads leaves its place to another; the filled rows stand behind all others
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.gather import Gather
from micrograd.compiler.arrays.steps import Linear, Map, Slots
from micrograd.compiler.llvm.instructions import Function
from micrograd.compiler.llvm.memory import ARGUMENTS
from micrograd.compiler.llvm.products import add_product
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import primitive
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.llvm.memory import Memory

MANY_STEPS = 400
WIDTH = 5
OPERANDS = "dabc"


def worth_it(program: ArrayProgram) -> bool:
    """Whether the steps differ so much that compiling each costs more than playing a tape."""

    def regular(index: Any) -> bool:
        return bool((np.diff(index) == 1).all())

    alike: set[Any] = set()
    different = 0
    for step in program.steps:
        if isinstance(step, Linear):
            alike.add((step.rows.shape, (step.slots - step.slots[0, 0]).tobytes()))
        elif step.op is not None and step.count > 1 and all(regular(index) for index in step.reads()):
            alike.add((step.op.name, step.count))
        else:
            different += 1
    return different + len(alike) > MANY_STEPS


class Tape:
    """The entries of a program, the slots of its filled rows, and `of`, the place of every row.

    A kernel promises that the row it makes is none of those it reads (but for what a sum has so far, which it reads as
    the row that it makes). A row gets its place before those that are read there for the last time give theirs back.
    """

    def __init__(self, program: ArrayProgram) -> None:
        self.program = program
        self.filled: dict[int, int] = {}  # slot -> row, as yet behind those of the program
        self.kernels: dict[str, int] = {}
        self.entries: list[int] = []
        for step in program.steps:
            if isinstance(step, Map):
                self._map(step)
            elif isinstance(step, Linear):
                self._linear(step)
        self._give_places()

    def _give_places(self) -> None:
        """Replace rows by places."""
        program, entries = self.program, np.array(self.entries, np.int64).reshape(-1, WIDTH)
        kept = [index for one in program.sums for index in one.reads()]
        kept += [] if program.outputs is None else [program.outputs]
        last = np.full(program.rows + len(self.filled), -1)
        for column in range(1, WIDTH):
            np.maximum.at(last, entries[:, column], np.arange(len(entries)))
        gathered = [step.own for step in program.steps if isinstance(step, Gather)]
        first = np.concatenate([np.arange(program.weight + 1), *gathered])
        last[first] = len(entries)
        for index in kept:
            last[index] = len(entries)
        ends: dict[int, list[int]] = {}
        for row in np.flatnonzero(last[: program.rows] < len(entries)).tolist():
            ends.setdefault(int(last[row]), []).append(row)
        places, count = [-1] * program.rows, len(first)
        free: list[int] = []
        for place, row in enumerate(first.tolist()):
            places[row] = place
        for number, made in enumerate(entries[:, 1].tolist()):
            if places[made] < 0:
                if free:
                    places[made] = free.pop()
                else:
                    places[made], count = count, count + 1
            free += [places[row] for row in ends.get(number, ())]
        self.of, self.first_filled = np.array(places), count
        every = np.concatenate([self.of, np.arange(count, count + len(self.filled))])
        entries[:, 1:] = every[entries[:, 1:]]
        self.entries = entries.ravel().tolist()

    def fill(self, slot: int) -> int:
        """The row that holds the number of a slot."""
        return self.filled.setdefault(int(slot), self.program.rows + len(self.filled))

    def _entry(self, kernel: str, *rows: int) -> None:
        number = self.kernels.setdefault(kernel, len(self.kernels))
        self.entries += [number, *rows, *[rows[-1]] * (WIDTH - 1 - len(rows))]

    def _map(self, step: Map) -> None:
        columns: list[list[int]] = []
        for x in step.operands:
            if isinstance(x, float):
                columns.append([self.fill(self.program.slot_space.constant(x))] * step.count)
            elif isinstance(x, Slots):
                columns.append([self.fill(slot) for slot in x.index.tolist()])
            else:
                columns.append(x.index.tolist())
        for r, rows in enumerate(zip(*columns)):
            self._entry(step.op.name, step.start + r, *rows)

    def _linear(self, step: Linear) -> None:
        kernel = "guarded multiply-add" if step.guard else "multiply-add"
        for r in range(step.count):
            begin = self.program.slot_space.constant(-0.0) if step.bias is None else step.bias[r]
            self._entry("detach", step.start + r, self.fill(begin))
            for slot, row in zip(step.slots[r].tolist(), step.rows[r].tolist()):
                self._entry(kernel, step.start + r, self.fill(slot), row)


def kernel(memory: Memory, name: str, number: int) -> Function:
    """One primitive on the rows of a block."""
    arguments = ", ".join([f"ptr %{x}" for x in OPERANDS] + ["i64 %n"])
    f, lanes = Function(f"kernel{number}", arguments), memory.registers.wide

    def samples(v: Any) -> None:
        rows = [f.load(f.at(f"%{x}", v), lanes) for x in "abc"[: len(TABLE[name].partials) if name in TABLE else 2]]
        if name in TABLE:
            value = primitive(VectorArithmetic(f, lanes), name, rows)
        else:
            total = f.load(f.at("%d", v), lanes)
            value = add_product(f, rows[0], rows[1], total, lanes, name.startswith("guarded"))
        f.store(value, f.at("%d", v), lanes)

    f.loop("%n", samples, step=lanes)
    return f


def filling(memory: Memory, tape: Tape) -> Function:
    """Write the filled rows."""
    f, lanes = Function("fill", ARGUMENTS), memory.registers.lanes
    table = memory.table(list(tape.filled) or [0])

    def one(k: Any) -> None:
        number = f.broadcast(f.load(f.at("%u", f.entry("%i", f.plus(k, table))), 1), lanes)
        row = f.at(memory.at_place(f, tape.first_filled), f.times(k, memory.block))
        f.loop("%n", lambda v: f.store(number, f.at(row, v), lanes), step=lanes)

    f.loop(len(tape.filled), one)
    return f


def player(memory: Memory, tape: Tape) -> str:
    """The loop over the entries."""
    pointers = []
    for place, x in enumerate(OPERANDS, 1):
        pointers.append(f"""  %{x}p = getelementptr i32, ptr %entry_, i64 {place}
  %{x}r = load i32, ptr %{x}p, align 4
  %{x}n = zext i32 %{x}r to i64
  %{x}l = icmp ult i64 %{x}n, {memory.leaves}
  %{x}s = select i1 %{x}l, ptr %x, ptr %t
  %{x}m = sub i64 %{x}n, {memory.leaves}
  %{x}k = select i1 %{x}l, i64 %{x}n, i64 %{x}m
  %{x}o = mul i64 %{x}k, {memory.block}
  %{x}_ = getelementptr double, ptr %{x}s, i64 %{x}o""")
    passed = ", ".join([f"ptr %{x}_" for x in OPERANDS] + ["i64 %n"])
    numbers = sorted(tape.kernels.values())
    cases = " ".join([f"i32 {n}, label %kernel{n}" for n in numbers])
    calls = "\n".join([f"kernel{n}:\n  call void @kernel{n}({passed})\n  br label %joined" for n in numbers])
    first, count = memory.table(tape.entries), len(tape.entries) // WIDTH
    return f"""define internal void @play({ARGUMENTS}) noinline nounwind {{
entry:
  br label %next
next:
  %e = phi i64 [0, %entry], [%following, %joined]
  %place = mul i64 %e, {WIDTH}
  %offset = add i64 %place, {first}
  %entry_ = getelementptr i32, ptr %i, i64 %offset
  %number = load i32, ptr %entry_, align 4
{chr(10).join(pointers)}
  switch i32 %number, label %joined [{cases}]
{calls}
joined:
  %following = add i64 %e, 1
  %more = icmp ult i64 %following, {count}
  br i1 %more, label %next, label %done
done:
  ret void
}}"""
