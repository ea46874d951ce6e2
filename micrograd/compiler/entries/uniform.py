"""The uniform steps of an array program as nodes, a node for each number, and as entries over the uniform vector.

Slots keep their places, so that the code for the samples finds them; what is in between stands behind all of them.
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.steps import Linear, Map
from micrograd.compiler.entries.entries import Entries, entries_at
from micrograd.compiler.entries.nodes import needed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Step


class StepNodes:
    """Steps on slots as nodes: node s is slot s as it comes in; `node_of` has the node that a slot is made by.

    Numbers among the operands become constant slots of the program.
    """

    def __init__(self, program: ArrayProgram, steps: list[Step]) -> None:
        self.program, self.steps = program, steps
        constant = program.slot_space.constant
        self.one, self.minus, self.zero = constant(1.0), constant(-1.0), constant(0.0)
        numbers = [x for step in steps if isinstance(step, Map) for x in step.operands if isinstance(x, float)]
        for x in numbers:
            constant(x)
        self.slots = slots = program.slots
        self.kind: list[str] = ["slot"] * slots
        self.args: list[tuple[int, ...]] = [()] * slots
        self.node_of = np.arange(slots)
        for step in steps:
            if isinstance(step, Map):
                self._map(step)
            elif isinstance(step, Linear):
                self._sums(step)

    def _add(self, kind: str, *args: int) -> int:
        self.kind.append(kind)
        self.args.append(args)
        return len(self.kind) - 1

    def _map(self, step: Map) -> None:
        constant, first = self.program.slot_space.constant, len(self.kind)
        columns = [
            [constant(x)] * step.count if isinstance(x, float) else self.node_of[x.index].tolist()
            for x in step.operands
        ]
        self.args += zip(*columns)
        self.kind += [step.op.name] * step.count
        self.node_of[step.own] = np.arange(first, first + step.count)

    def _sums(self, step: Linear) -> None:
        slots, rows = step.slots.tolist(), self.node_of[step.rows].tolist()
        biases: list[Any] = [None] * step.count if step.bias is None else self.node_of[step.bias].tolist()
        factors = self.node_of[step.slots].tolist()
        for r in range(step.count):
            total = biases[r]
            for slot, factor, row in zip(slots[r], factors[r], rows[r]):
                if total is not None and slot == self.minus and not step.guard:
                    total = self._add("sub", total, row)
                    continue
                term = row if slot == self.one else self._add("mul", factor, row)
                if step.guard and slot != self.one:  # 0 for a row of 0, whatever the factor
                    term = self._add("where", row, term, self.zero)
                total = term if total is None else self._add("add", total, term)
            self.node_of[step.start + r] = total

    def entries(self, wanted: Iterable[int], first: int) -> Entries:
        """The entries that make the wanted slots, each in its place; others stand from `first` on."""
        slots = self.slots
        ends: list[int] = []
        fixed: dict[int, int] = {}
        for slot in wanted:
            node = int(self.node_of[slot])
            if node != slot:
                if node < slots or node in fixed:  # the number of another slot
                    node = self._add("detach", node)
                ends.append(node)
                fixed[node] = slot
        stops = bytearray([1] * slots) + bytearray(len(self.kind) - slots)
        seen = np.frombuffer(needed(self.args, stops, ends), np.uint8) == 1
        place = np.full(len(self.kind), -1)
        place[:slots] = np.arange(slots)
        entries = entries_at(self.kind, self.args, np.flatnonzero(seen & (place < 0)), place, first, ends, fixed)
        entries.given = slots
        return entries


def slots_read(program: ArrayProgram) -> tuple[list[int], list[int]]:
    """The slots whose numbers are read after `before`, and after `after`."""
    results = [*program.value, *([] if program.gradient is None else program.gradient.tolist())]
    reads: list[Any] = [index for step in program.steps for index in step.slot_columns()]
    reads += [index for step in program.after for index in (*step.reads(), *step.slot_columns())]
    read = np.unique(np.concatenate([np.zeros(0, np.int64), *[index.ravel() for index in reads]]))
    made = sorted({*read.tolist(), *results} & made_by(program.before))
    return made, sorted({*results} & made_by(program.after))


def made_by(steps: list[Step]) -> set[int]:
    """The slots that steps make."""
    return {slot for step in steps for slot in range(step.start, step.start + step.count)}
