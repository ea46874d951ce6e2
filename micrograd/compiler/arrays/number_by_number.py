"""Uniform steps that have little in common, such as those of a filter, differentiated number by number.

A step of a few rows costs as much as one of many: such steps become a scalar graph, whose sweep is quicker, and what
the sweep makes becomes steps of one row.

leaf        a slot that comes in: parameters, captured Values, sums over the samples
seed        (slot, the slot of what it receives from outside)
"""

from __future__ import annotations

from micrograd.compiler.arrays.steps import Map, Rows, Step
from micrograd.compiler.scalar.derivatives.sweeps import reverse
from micrograd.compiler.scalar.graph import LEAVES, Graph
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Linear

MANY, FEW_ROWS = 100, 4  # steps; rows of one, on the average


def little_in_common(steps: Sequence[Step]) -> bool:
    """Whether there are many steps of few rows each."""
    return len(steps) >= MANY and sum([step.count for step in steps]) < FEW_ROWS * len(steps)


class Numbers:
    """Uniform steps as a scalar graph.

    node        slot -> its node; slot: node -> the slot that has its number
    """

    def __init__(self, program: ArrayProgram) -> None:
        self.graph, self.node, self.slot = Graph(), dict[int, int](), dict[int, int]()
        for slot, number in program.constants:
            self.node[slot] = self.graph.constant(number)

    def at(self, slot: int) -> int:
        """The node of a slot."""
        found = self.node.get(slot)
        if found is None:
            found = self.node[slot] = self.graph.leaf("parameter", slot)
            self.slot[found] = slot
        return found

    def add(self, step: Step) -> None:
        """The nodes of a step."""
        made = self._of_map(step) if isinstance(step, Map) else self._of_sums(step)  # type: ignore[arg-type]
        for slot, node in zip(range(step.start, step.start + step.count), made):
            self.node[slot] = node
            if self.graph.kind[node] not in LEAVES:
                self.slot.setdefault(node, slot)

    def _of_map(self, step: Map) -> list[int]:
        graph = self.graph
        columns = [
            [graph.constant(x)] * step.count if isinstance(x, float) else [self.at(slot) for slot in x.index.tolist()]
            for x in step.operands
        ]
        return [graph.apply(step.op.name, args) for args in zip(*columns)]

    def _of_sums(self, step: Linear) -> list[int]:
        apply, made = self.graph.apply, []
        rows, factors = step.rows.tolist(), step.slots.tolist()
        for r in range(step.count):
            terms = [apply("mul", (self.at(factor), self.at(row))) for factor, row in zip(factors[r], rows[r])]
            total = terms.pop(0) if step.bias is None else self.at(int(step.bias[r]))
            for term in terms:
                total = apply("add", (total, term))
            made.append(total)
        return made

    def missing(self, ends: Sequence[int]) -> list[int]:
        """The nodes that the ends need and that no slot has, in order."""
        kind, args = self.graph.kind, self.graph.args
        wanted = bytearray(len(kind))
        for end in ends:
            wanted[end] = 1
        for node in range(len(kind) - 1, -1, -1):
            if wanted[node] and (node in self.slot or kind[node] in LEAVES):
                wanted[node] = 0
            elif wanted[node]:
                for x in args[node]:
                    wanted[x] = 1
        return [node for node in range(len(kind)) if wanted[node]]

    def steps(self, nodes: Sequence[int], start: int) -> list[Step]:
        """Steps of one row each that make nodes, in order, in the slots from `start` on."""
        import numpy as np

        kind, args, slot = self.graph.kind, self.graph.args, self.slot
        self.slot.update(zip(nodes, range(start, start + len(nodes))))
        read = sorted({x for node in nodes for x in args[node] if kind[x] != "constant"})
        rows = dict(zip(read, map(Rows, np.array([slot[x] for x in read], np.int64)[:, None])))
        numbers = {x: args[x][0] for node in nodes for x in args[node] if kind[x] == "constant"}
        operands = {**rows, **numbers}
        return [Map(TABLE[kind[node]], [operands[x] for x in args[node]], slot[node], 1) for node in nodes]


def reversed_number_by_number(program: ArrayProgram, seeds: Sequence[tuple[int, int]], count: int) -> list[int]:
    """The slots of the derivatives by the first `count` slots; what makes them is added to the program's last steps."""
    numbers, space = Numbers(program), program.slot_space
    for step in program.before:
        numbers.add(step)
    graph, wrt = numbers.graph, [numbers.at(slot) for slot in range(count)]
    ends, received = [numbers.at(slot) for slot, _ in seeds], [numbers.at(source) for _, source in seeds]
    found = reverse(graph, ends, received, wrt, program.guard)
    made = numbers.missing(found)
    program.after = program.after + numbers.steps(made, space.take(len(made)))
    return [
        space.constant(graph.args[node][0]) if graph.kind[node] == "constant" else numbers.slot[node] for node in found
    ]
