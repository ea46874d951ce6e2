"""`ArrayProgram`: the steps of one purpose, which each pass takes and hands on with something changed.

before      uniform steps that run once a step, ahead of the samples
steps       what every block of samples runs through; sums: what is added up over the samples
incoming    the slots that the sums go to
after       uniform steps that run once a step, when the sums are there
outputs     the rows that are handed out for each sample
"""

from __future__ import annotations

from copy import copy

from micrograd.compiler.arrays.steps import NONE, Space, spelled
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.scheduling.buffers import Buffers
    from micrograd.compiler.arrays.scheduling.fusion import Fused
    from micrograd.compiler.arrays.steps import Index, Step, Sum
    from micrograd.compiler.scalar.tracer import Trace

    Factor = tuple[float, int]  # a number, and a slot or NONE

PLAIN = (1.0, NONE)  # the factor of a sum that is not multiplied


class ArrayProgram:
    """The steps of one purpose; `print` shows them all. A pass changes a copy, whose lists are its own.

    guard       an adjoint that is exactly 0 contributes 0, even through a factor of inf or nan
    row_of      node of the graph -> its row; slot_of: its slot
    forward     so many steps, the first, make values; the others make adjoints
    factors     slot -> what the sums that it receives are to be multiplied by
    received    slot -> the slot of what it has received in the end
    value       slots whose sum is the value: the mean loss, the penalty
    gradient    for each parameter, the slot of the derivative of the value
    order       steps and sums in the order in which they run, if a pass has put them in one
    fused       the loops that they run in, if a pass has found them; buffers: where the rows stand in memory
    """

    def __init__(self, trace: Trace) -> None:
        self.trace, self.guard = trace, False
        self.row_space, self.slot_space = Space(), Space()
        self.row_of: dict[int, int] = {}
        self.slot_of: dict[int, int] = {}
        self.before: list[Step] = []
        self.steps: list[Step] = []
        self.forward = 0
        self.sums: list[Sum] = []
        self.factors: dict[int, Factor] = {}
        self.after: list[Step] = []
        self.received: dict[int, int] = {}
        self.incoming = (0, 0)  # first slot, number of slots
        self.value: list[int] = []
        self.gradient: Index | None = None
        self.outputs: Index | None = None
        self.order: list[Step] = []
        self.fused: Fused | None = None
        self.buffers: Buffers | None = None

    def copy(self) -> ArrayProgram:
        """A program with the same steps, in lists of its own."""
        made = copy(self)
        made.row_space, made.slot_space = self.row_space.copy(), self.slot_space.copy()
        made.before, made.steps, made.sums, made.after = [*self.before], [*self.steps], [*self.sums], [*self.after]
        made.value, made.order = [*self.value], [*self.order]
        return made

    @property
    def targets(self) -> int:
        """The first row of the targets; the inputs have the rows before."""
        return self.trace.inputs

    @property
    def weight(self) -> int:
        """The row of the weight, the last of the leaves."""
        return self.trace.inputs + (self.trace.targets or 1)

    @property
    def rows(self) -> int:
        """How many rows the workspace of the samples has."""
        return self.row_space.size

    @property
    def slots(self) -> int:
        """How long the uniform vector is."""
        return self.slot_space.size

    @property
    def constants(self) -> list[tuple[int, float]]:
        """(slot, number) of every constant in the uniform vector."""
        return list(self.slot_space.constants.values())

    def __str__(self) -> str:
        import numpy as np

        middle: list[tuple[str, list[Any]]] = [("for each sample", self.steps), ("sums over the samples", self.sums)]
        if self.fused is not None:
            middle = [("for each sample, in loops", self.fused.nests)]
        elif self.order:
            middle = [("for each sample, in this order", self.order)]
        factors: dict[Factor, list[int]] = {}
        for slot, factor in self.factors.items() if not self.received else ():
            factors.setdefault(factor, []).append(slot)
        lines = [f"slots {spelled(np.array(slots))} · {scaled(*factor)}" for factor, slots in factors.items()]
        parts = [("once a step", self.before), *middle, ("factors of the sums", lines), ("once a step", self.after)]
        shown = [title + "".join([f"\n    {step}" for step in steps]) for title, steps in parts if steps]
        ends = [("value in slots", self.value), ("gradient in slots", self.gradient), ("outputs in rows", self.outputs)]
        shown += [f"{what} {spelled(np.array(index))}" for what, index in ends if index is not None and len(index)]
        return "\n".join(shown if self.buffers is None else [*shown, str(self.buffers)])


def scaled(scale: float, slot: int) -> str:
    """A factor, as shown."""
    shared = [] if slot == NONE else [f"u[{slot}]"]
    return " · ".join([numeral(scale), *shared] if scale != 1.0 or not shared else shared)
