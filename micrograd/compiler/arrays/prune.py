"""Dead code goes: the adjoints that nobody reads."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.arrays.program import ArrayProgram


def prune(program: ArrayProgram) -> ArrayProgram:
    """The program without adjoints that neither a step nor a sum reads, and that are no output."""
    import numpy as np

    made = program.copy()
    wanted = np.zeros(program.rows, bool)
    for index in [index for one in program.sums for index in one.reads()]:
        wanted[index] = True
    if program.outputs is not None:
        wanted[program.outputs] = True
    kept = []
    for step in reversed(program.steps[program.forward :]):
        if wanted[step.own].any():
            kept.append(step)
            for index in step.reads():
                wanted[index] = True
    made.steps = program.steps[: program.forward] + kept[::-1]
    return made
