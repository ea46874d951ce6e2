"""Steps of an optimiser on the samples of a program: `descent_of`, for whoever has a loop, and `descend`."""

from __future__ import annotations

from micrograd.check.why import why_nan
from micrograd.compiler.arguments import numbers_of
from micrograd.compiler.backends import steps_of
from micrograd.compiler.descent import loop
from micrograd.compiler.descent.descent import Descent
from micrograd.compiler.samples import expect_places
from micrograd.compiler.self_check import replayed
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.descent.rule import Numbers, Rule
    from micrograd.compiler.programs import Program
    from micrograd.compiler.samples import Batch


def descent_of(program: Program, batch: Batch, optimizer: Any, size: int | None = None) -> Descent:
    """The descent of an optimiser on batches of so many of the samples, all unless given; see `Descent.run`.

    The program has a value, and the batch is one that it made.
    """
    expect_places(batch, program._trace.indices)
    size = size or len(batch)

    def steps(rule: Rule) -> Any:
        return steps_of(program._runner("gradient"), batch, rule, size, program._captured)

    made = Descent(optimizer, steps, len(batch), size)
    made.read()
    return made


def descend(program: Program, batch: Batch, optimizer: Any, steps: int) -> Numbers:
    """See `Program.descend`."""
    descent, parameters = descent_of(program, batch, loop.stepping(optimizer)), program.parameters

    def arrive(p: Numbers) -> None:
        for parameter, x in zip(parameters, p.tolist()):
            parameter.data = x

    def value_and_gradient(p: Numbers) -> tuple[float, Numbers]:
        arrive(p)
        return program._run("gradient", batch, None)

    def source(p: Numbers) -> str:
        return source_of_nan(program, batch, p)

    return loop.descend(descent, numbers_of(parameters), steps, value_and_gradient, source, arrive)


def source_of_nan(program: Program, batch: Batch, p: Numbers) -> str:
    """Which sample and which node the first nan or inf comes from, with the parameters at p."""
    trace = program._trace
    leaves = [Value(x, parameter.label) for parameter, x in zip(trace.parameters, p.tolist())]
    for i, (row, target) in enumerate(zip(batch.rows, batch.Y.tolist())):
        nodes = replayed(trace.graph, {"input": row, "target": target, "parameter": leaves, "captured": trace.captured})
        for end, where in ((trace.loss, f"Sample {i} of the batch"), (trace.penalty, "The penalty")):
            fault = None if end is None or not isinstance(nodes[end], Value) else why_nan(nodes[end])
            if fault is not None:
                return f"{where}, {fault}"
    return "Every sample is finite alone, but their sum is not"
