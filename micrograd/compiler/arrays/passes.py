"""The compiler in sight: the passes that make the program of each purpose from a trace, one after the other.

A pass is a function from program to program; that which rolls (`roll_…`) takes a trace, and before it may stand passes
from trace to trace, which put derivatives into the scalar graph. So each can be run, printed and left out alone.
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
from micrograd.compiler.arrays.differentiate import (
    differentiate,
    differentiate_uniform,
    differentiate_with_inputs,
    guard,
)
from micrograd.compiler.arrays.prune import prune
from micrograd.compiler.arrays.roll import roll_loss, roll_outputs, roll_sums
from micrograd.compiler.arrays.simplify import simplify
from micrograd.compiler.scalar.derivatives.matrices import (
    hessian_by_inputs,
    hessian_by_parameters,
    jacobian_by_inputs,
    jacobian_by_parameters,
    outputs_and_jacobian,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Callable

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.scalar.tracer import Trace

    Pass = Callable[[Any], Any]

PURPOSES: dict[str, list[Pass]] = {
    "prediction": [roll_outputs],
    "value": [roll_loss, accumulate],
    "guarded value": [roll_loss, guard, accumulate],
    "gradient": [roll_loss, differentiate, simplify, prune, accumulate, differentiate_uniform],
    "guarded gradient": [roll_loss, guard, differentiate, accumulate, differentiate_uniform],
    "gradients": [roll_loss, differentiate_with_inputs, simplify, prune, accumulate, differentiate_uniform],
    "guarded gradients": [roll_loss, guard, differentiate_with_inputs, accumulate, differentiate_uniform],
    "input gradient": [outputs_and_jacobian, roll_outputs],
    "guarded input gradient": [guard, outputs_and_jacobian, roll_outputs],
    "jacobian by inputs": [jacobian_by_inputs, roll_outputs],
    "guarded jacobian by inputs": [guard, jacobian_by_inputs, roll_outputs],
    "jacobian by parameters": [jacobian_by_parameters, roll_outputs],
    "guarded jacobian by parameters": [guard, jacobian_by_parameters, roll_outputs],
    "hessian by inputs": [hessian_by_inputs, roll_outputs],
    "guarded hessian by inputs": [guard, hessian_by_inputs, roll_outputs],
    "hessian by parameters": [hessian_by_parameters, roll_sums],
    "guarded hessian by parameters": [guard, hessian_by_parameters, roll_sums],
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
