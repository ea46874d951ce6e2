"""Array programs for each purpose: value, value and gradient, predictions, derivatives by the inputs.

before      uniform steps that run once a step, ahead of the samples
steps       what every block of samples runs through; sums: what is added up over the samples
incoming    the slots that the sums go to
after       uniform steps that run once a step, when the sums are there
outputs     the rows that are handed out for each sample
"""

from __future__ import annotations

from micrograd.compiler.arrays.differentiate import NONE, Reverse, spread
from micrograd.compiler.arrays.roll import Rolled
from micrograd.compiler.arrays.simplify import PLAIN, Simplifier, needed
from micrograd.compiler.arrays.steps import Map, Pairs, Rows, Slots, reads_of
from micrograd.ops import ADD, DETACH, MUL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.differentiate import Accumulation
    from micrograd.compiler.arrays.simplify import Factor
    from micrograd.compiler.arrays.steps import Index, Operand, Step
    from micrograd.compiler.scalar.tracer import Trace


class ArrayProgram:
    """The steps of one purpose; `print` shows them all.

    value       slots whose sum is the value: the mean loss, the penalty
    gradient    for each parameter, the slot of the derivative of the value
    """

    def __init__(self, trace: Trace, ends: list[int]) -> None:
        self.trace = trace
        rolled = Rolled(trace, ends)
        expect_short(len(rolled.steps) + len(rolled.uniform), trace.most_steps)
        self.rolled = rolled
        self.row_space, self.slot_space = rolled.row_space, rolled.slot_space
        self.weight = rolled.weight
        self.before: list[Step] = rolled.uniform
        self.steps: list[Step] = rolled.steps
        self.sums: list[Accumulation] = []
        self.after: list[Step] = []
        self.incoming = (0, 0)  # first slot, number of slots
        self.value: list[int] = []
        self.gradient: Index | None = None
        self.outputs: Index | None = None

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

    def row(self, node: int) -> int:
        """The row of a node; a uniform node gets one."""
        import numpy as np

        if node not in self.rolled.rows:
            start = self.rolled.rows[node] = self.row_space.take(1)
            slot = self.rolled.slots.get(node)
            number = self.trace.graph.number(node)
            operand = Slots(np.array([slot])) if number is None else number
            self.steps.append(Map(ADD, [-0.0, operand], start, 1))  # -0.0 + x is x, and has its derivative
        return self.rolled.rows[node]

    def sweep(self, reverse: Reverse, ends: Any) -> tuple[list[Accumulation], dict[int, Factor], Index]:
        """Go on with the steps of a reverse sweep, in a simpler form if it has no guard.

        Returns its sums, the factors that these are to be multiplied by, and where the rows called `ends` are now.
        """
        import numpy as np

        ends = np.asarray(ends, np.int64)
        if reverse.guard:
            self.steps = self.steps + reverse.steps
            return reverse.sums, {}, ends
        simpler = Simplifier(self.steps, reverse.steps, self.row_space)
        ends = simpler.made(ends)
        sums, factors = simpler.sums(reverse.sums)
        self.steps = self.steps + needed(simpler.steps, sums, self.rows, ends)
        return sums, factors, ends

    def multiplied(self, receivers: list[int], factors: dict[int, Factor]) -> tuple[list[Step], Index]:
        """Uniform steps that multiply the sums by their factors, and the slots of all products."""
        import numpy as np

        steps: list[Step] = []
        found = self.incoming[0] + 1 + np.arange(len(receivers))
        own = [factors.get(slot, PLAIN) for slot in receivers]
        for scale in sorted({scale for scale, _ in own if scale != 1.0}):
            self._multiply(steps, found, [i for i, factor in enumerate(own) if factor[0] == scale], scale)
        chosen = [i for i, (_, shared) in enumerate(own) if shared != NONE]
        if chosen:
            self._multiply(steps, found, chosen, Rows(np.array([own[i][1] for i in chosen])))
        return steps, found

    def _multiply(self, steps: list[Step], found: Index, chosen: list[int], factor: Operand) -> None:
        import numpy as np

        start = self.slot_space.take(len(chosen))
        steps.append(Map(MUL, [Rows(found[chosen]), factor], start, len(chosen)))
        found[chosen] = np.arange(start, start + len(chosen))

    def collect(self, sums: list[Accumulation], loss: int | None, guard: bool = False) -> list[int]:
        """Give every slot that receives a sum a place among the incoming, the loss the first; the slots, in order."""
        import numpy as np

        receivers = np.unique(np.concatenate([np.empty(0, np.int64)] + [s.slots.ravel() for s in sums]))
        first = self.slot_space.take(len(receivers) + 1)
        self.incoming = first, len(receivers) + 1
        for one in sums:
            one.slots = first + 1 + np.searchsorted(receivers, one.slots)
        if loss is not None:
            value = np.array([first])
            sums.append(Pairs(value, np.array([[self.weight]]), np.array([[self.row(loss)]]), guard))
            self.value.append(first)
        self.sums = sums
        return receivers.tolist()

    def in_order(self) -> list[Step | Accumulation]:
        """The steps for each sample, and every sum as soon as what it adds up is there."""
        import numpy as np

        made_by = np.full(self.rows, -1)
        for number, step in enumerate(self.steps):
            made_by[step.start : step.start + step.count] = number
        after: dict[int, list[Accumulation]] = {}
        for one in self.sums:
            after.setdefault(max([int(made_by[index].max()) for index in reads_of(one)]), []).append(one)
        found: list[Step | Accumulation] = [*after.get(-1, [])]
        for number, step in enumerate(self.steps):
            found += [step, *after.get(number, [])]
        return found

    def __str__(self) -> str:
        parts: list[tuple[str, list[Any]]] = [
            ("once a step", self.before),
            ("for each sample", self.steps),
            ("sums over the samples", self.sums),
            ("once a step", self.after),
        ]
        shown = [title + "".join([f"\n    {step}" for step in steps]) for title, steps in parts if steps]
        return "\n".join(shown)


def expect_short(steps: int, most: int | None) -> None:
    """ValueError, with the cure, for more steps than a backend takes."""
    if most is not None and steps > most:
        raise ValueError(
            f'expected at most {most:,} steps for the backend "numpy", each of them lines of Python, got '
            f'{steps:,}, since few operations are alike: take backend="llvm" (pip install llvmlite), or '
            "run the code as it is"
        )


def prediction_program(trace: Trace) -> ArrayProgram:
    """The model's outputs."""
    import numpy as np

    program = ArrayProgram(trace, trace.outputs)
    program.outputs = np.array([program.row(node) for node in trace.outputs])
    return program


def value_program(trace: Trace, *, guard: bool = False) -> ArrayProgram:
    """The mean loss plus the penalty."""
    program = ArrayProgram(trace, ends(trace))
    program.collect([], trace.loss, guard)
    if trace.penalty is not None:
        program.value.append(penalty_slot(program, trace.penalty))
    return program


def gradient_program(trace: Trace, *, guard: bool = False) -> ArrayProgram:
    """The mean loss plus the penalty, and its derivative by every parameter."""
    import numpy as np

    program = ArrayProgram(trace, ends(trace))
    loss = program.row(trace.loss)  # type: ignore[arg-type]
    active_slots = np.zeros(program.slots, bool)
    active_slots[: len(trace.parameters)] = True
    spread(program.before, active_slots, np.zeros(program.slots, bool))
    reverse = Reverse(
        program.steps,
        program.row_space,
        program.slot_space,
        np.zeros(program.rows, bool),
        active_slots,
        [(loss, program.weight)],
        guard=guard,
    )
    sums, factors, _ = program.sweep(reverse, [])
    receivers = program.collect(sums, trace.loss, guard)
    after, sources = program.multiplied(receivers, factors)
    seeds = list(zip(receivers, sources.tolist()))
    if trace.penalty is not None:
        program.value.append(penalty_slot(program, trace.penalty))
        seeds.append((program.value[-1], program.slot_space.constant(1.0)))
    active = np.zeros(program.slots, bool)
    active[: len(trace.parameters)] = True
    uniform = Reverse(
        program.before,
        program.slot_space,
        program.slot_space,
        active,
        np.zeros(program.slots, bool),
        seeds,
        guard=guard,
    )
    gradient = uniform.adjoints(NONE, 0, len(trace.parameters))
    program.after = after + uniform.steps
    program.gradient = np.where(gradient == NONE, program.slot_space.constant(0.0), gradient)
    return program


def input_gradient_program(trace: Trace, *, guard: bool = False) -> ArrayProgram:
    """The single output of every sample and its derivative by every input: outputs 1 + inputs."""
    import numpy as np

    program = ArrayProgram(trace, trace.outputs)
    output = program.row(trace.outputs[0])
    active = np.zeros(program.rows, bool)
    active[: trace.inputs] = True
    reverse = Reverse(
        program.steps,
        program.row_space,
        program.slot_space,
        active,
        np.zeros(program.slots, bool),
        [(output, program.weight)],
        guard=guard,
    )
    adjoint = reverse.adjoints(NONE, 0, trace.inputs)
    _, _, adjoint[adjoint != NONE] = program.sweep(reverse, adjoint[adjoint != NONE])
    if (adjoint == NONE).any():
        zero = program.row_space.take(1)
        program.steps.append(Map(DETACH, [0.0], zero, 1))
        adjoint = np.where(adjoint == NONE, zero, adjoint)
    program.outputs = np.concatenate([[output], adjoint])
    return program


def ends(trace: Trace) -> list[int]:
    """The nodes that a value needs."""
    if trace.loss is None:
        raise TypeError("expected a program compiled with a loss, or an expression with one value; this one has none")
    return [node for node in (trace.loss, trace.penalty) if node is not None]


def penalty_slot(program: ArrayProgram, penalty: int) -> int:
    """The slot of the penalty; it may be a constant."""
    number = program.trace.graph.number(penalty)
    return program.rolled.slots[penalty] if number is None else program.slot_space.constant(number)
