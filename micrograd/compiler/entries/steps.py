"""Steps of an array program as entries: each of their numbers is a node.

uniform     the steps on slots: slots keep their places in the uniform vector, where the code for the samples finds
            them; what is in between stands behind all of them
samples     the steps on rows, of a program whose steps have little in common: what an entry makes is a row of samples,
            and leaves its place to another when nobody reads it any more
filled      a row that holds the number of a slot, for every sample
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.steps import Linear, Map, Rows
from micrograd.compiler.entries.combine import combined
from micrograd.compiler.entries.entries import Entries, entries_at
from micrograd.compiler.entries.nodes import needed, nodes_of
from micrograd.compiler.entries.reuse import with_places_given_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Step
    from micrograd.compiler.entries.nodes import Numbers


class StepNodes:
    """Steps as nodes: their kinds and operands, and the node of each row and of each slot.

    The first nodes, `given`, are rows and slots as they come in. Numbers among the operands become constant slots.
    """

    def __init__(self, program: ArrayProgram, given: int, row: Numbers, slot: Numbers) -> None:
        self.constant, self.given, self.row, self.slot = program.slot_space.constant, given, row, slot
        self.kind: list[str] = [""] * given
        self.args: list[tuple[int, ...]] = [()] * given
        self.one, self.minus, self.zero = [self.constant(number) for number in (1.0, -1.0, 0.0)]

    def add(self, kind: str, *args: int) -> int:
        """A node more; its number."""
        self.kind.append(kind)
        self.args.append(args)
        return len(self.kind) - 1

    def add_steps(self, steps: list[Step]) -> StepNodes:
        """The nodes of steps, in their order."""
        for step in steps:
            if isinstance(step, Map):
                self._map(step)
            elif isinstance(step, Linear):
                self._sums(step)
            else:  # it gathers, and no entry does that
                self.row[step.own] = [self.add("") for _ in range(step.count)]
        return self

    def _map(self, step: Map) -> None:
        if step.count == 1:  # as most are where there are thousands
            self._one(step)
            return
        first, columns = len(self.kind), []
        for x in step.operands:
            if isinstance(x, float):
                columns.append([int(self.slot[self.constant(x)])] * step.count)
            else:
                columns.append((self.row if isinstance(x, Rows) else self.slot)[x.index].tolist())
        self.args += zip(*columns)
        self.kind += [step.op.name] * step.count
        self.row[step.own] = np.arange(first, first + step.count)

    def _one(self, step: Map) -> None:
        row, slot = self.row.item, self.slot.item
        args = [
            slot(self.constant(x)) if isinstance(x, float) else (row if x.__class__ is Rows else slot)(x.index.item(0))
            for x in step.operands
        ]
        self.row[step.start] = self.add(step.op.name, *args)

    def _sums(self, step: Linear) -> None:
        """Terms times 1 and −1 are added and taken away as they are, which is exact."""
        slots, factors, rows = step.slots.tolist(), self.slot[step.slots].tolist(), self.row[step.rows].tolist()
        biases: list[Any] = [None] * step.count if step.bias is None else self.slot[step.bias].tolist()
        for r, total in enumerate(biases):
            for slot, factor, row in zip(slots[r], factors[r], rows[r]):
                if slot == self.minus and total is not None:
                    total = self.add("sub", total, row)
                    continue
                term = row if slot == self.one else self.add("mul", factor, row)
                if step.guard and slot != self.one:  # 0 for a row of 0, whatever the factor
                    term = self.add("where", row, term, int(self.slot[self.zero]))
                total = term if total is None else self.add("add", total, term)
            self.row[step.start + r] = total

    def needed(self, ends: Iterable[int]) -> Any:
        """By node: whether the ends need it."""
        stops = bytearray([1] * self.given) + bytearray(len(self.kind) - self.given)
        return np.frombuffer(needed(self.args, stops, [*ends]), np.uint8) == 1

    @property
    def gathered(self) -> list[int]:
        """The nodes that come from tables, and that no entry makes."""
        return [node for node in range(self.given, len(self.kind)) if not self.kind[node]]


def constants_as_slots(program: ArrayProgram, steps: list[Step]) -> None:
    """Give a slot to each number that is an operand of the steps."""
    operands = [x for step in steps if isinstance(step, Map) for x in step.operands]
    for number in [1.0, -1.0, 0.0, *[x for x in operands if isinstance(x, float)]]:
        program.slot_space.constant(number)


def uniform_nodes(program: ArrayProgram, steps: list[Step]) -> StepNodes:
    """Uniform steps as nodes, whose rows are slots."""
    constants_as_slots(program, steps)
    node = np.arange(program.slots)
    return StepNodes(program, program.slots, node, node).add_steps(steps)


def uniform_entries(nodes: StepNodes, wanted: Iterable[int], first: int) -> Entries:
    """The entries that make the wanted slots, each in its place; what is in between stands from `first` on."""
    fixed: dict[int, int] = {}
    for slot in wanted:
        node = int(nodes.row[slot])
        if node != slot:
            if node < nodes.given or node in fixed:  # the number of another slot
                node = nodes.add("detach", node)
            fixed[node] = slot
    place = np.full(len(nodes.kind), -1)
    place[: nodes.given] = np.arange(nodes.given)
    made = np.flatnonzero(nodes.needed(fixed) & (place < 0))
    entries = entries_at(nodes.kind, nodes.args, made, place, first, list(fixed), fixed)
    entries.given = nodes.given
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


def sample_entries(program: ArrayProgram) -> tuple[Entries, Numbers, list[int]]:
    """(entries, the place of each row, the slots of the filled rows), over rows of samples.

    Place 0 has the weights, the next ones the leaves, then come the filled rows, those that are gathered, and what is
    made.
    """
    constants_as_slots(program, program.steps)
    given, slots = program.weight + 1, program.slots
    row, slot = np.arange(program.rows), given + np.arange(slots)
    row[given:] = 0  # of those that were left out, which nobody reads
    nodes = StepNodes(program, given + slots, row, slot).add_steps(program.steps)
    kept = [index.ravel() for one in program.sums for index in one.reads()]
    kept += [] if program.outputs is None else [program.outputs]
    ends = row[np.unique(np.concatenate([np.zeros(0, np.int64), *kept]))]
    seen = nodes.needed(ends.tolist())
    filled = np.flatnonzero(seen[given : given + slots]).tolist()
    place = np.full(len(nodes.kind), -1)
    place[:given] = [*range(1, given), 0]
    place[given + np.array(filled, np.int64)] = given + np.arange(len(filled))
    first, gathered = given + len(filled), nodes.gathered
    place[gathered] = first + np.arange(len(gathered))
    seen[gathered] = False
    made = np.flatnonzero(seen & (np.arange(len(seen)) >= nodes.given))
    some = combined(nodes_of(nodes.kind, nodes.args, made, ends.tolist()), with_sums=False)
    size = with_places_given_back(some, place, first + len(gathered), ends)
    entries = Entries(some.kinds, some.kind, place[some.node], place[some.operands], np.arange(len(some)))
    entries.size, entries.given = size, given
    return entries, place[row], filled
