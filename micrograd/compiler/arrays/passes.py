"""The compiler in sight: the passes that make the program of each purpose from a trace, one after the other.

A pass is a function from program to program; the first takes the trace. So each can be run, printed and left out alone.
The backends have lists of their own, PASSES in `numpy.code` and `llvm.code`: in which order steps run, which in one
loop, and where rows stand. To add a pass, write it beside its kin or in a file of its own (`prune` is a short one: it
changes a copy of the program, and leaves the program as it was), and put its name into each list that it is for.

The first `forward` steps make values: whoever adds some or takes some away counts them anew. After `differentiate`
the others make adjoints. A plain number is the operand of a Map itself, or stands in a constant slot where a Linear
step takes it. The guarded lists make the twins for results that are not finite, where 0 · inf matters. A pass that
changes what is computed ends in a CompilerError: programs are compared with the code.
"""

from __future__ import annotations

from micrograd.compiler.arrays.accumulate import accumulate
from micrograd.compiler.arrays.differentiate import differentiate, differentiate_inputs, differentiate_uniform, guard
from micrograd.compiler.arrays.prune import prune
from micrograd.compiler.arrays.roll import roll_loss, roll_outputs
from micrograd.compiler.arrays.simplify import simplify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Callable

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.scalar.tracer import Trace

    Pass = Callable[[Any], ArrayProgram]

PURPOSES: dict[str, list[Pass]] = {
    "prediction": [roll_outputs],
    "value": [roll_loss, accumulate],
    "guarded value": [roll_loss, guard, accumulate],
    "gradient": [roll_loss, differentiate, simplify, prune, accumulate, differentiate_uniform],
    "guarded gradient": [roll_loss, guard, differentiate, accumulate, differentiate_uniform],
    "input gradient": [roll_outputs, differentiate_inputs, simplify, prune],
    "guarded input gradient": [roll_outputs, guard, differentiate_inputs],
}


def through(passes: Iterable[Pass], program: Trace | ArrayProgram) -> Any:
    """What the passes make of a program, or of a trace."""
    for one in passes:
        program = one(program)
    return program


def stages(passes: Iterable[Pass], program: Trace | ArrayProgram) -> dict[str, ArrayProgram]:
    """The program after each pass, by the name of the pass; of one that is there twice, after its last run."""
    found = {}
    for one in passes:
        found[one.__name__] = program = one(program)
    return found
