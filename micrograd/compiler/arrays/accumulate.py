"""Where the sums over the samples go: places side by side in the uniform vector, and factors, once a step."""

from __future__ import annotations

from micrograd.compiler.arrays.program import PLAIN
from micrograd.compiler.arrays.steps import NONE, Map, Pairs, Rows
from micrograd.ops import MUL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Operand


def accumulate(program: ArrayProgram) -> ArrayProgram:
    """Give every slot that receives a sum a place among the incoming, the loss the first; and multiply by factors.

    The value is the mean loss and, where there is one, the penalty.
    """
    import numpy as np

    made, trace = program.copy(), program.trace
    receivers = np.unique(np.concatenate([np.empty(0, np.int64), *[one.slots.ravel() for one in program.sums]]))
    first = made.slot_space.take(len(receivers) + 1)
    made.incoming = first, len(receivers) + 1
    made.sums = [one.into(first + 1 + np.searchsorted(receivers, one.slots)) for one in program.sums]
    loss, weight = np.array([[made.row_of[trace.loss]]]), np.array([[made.weight]])  # type: ignore[index]
    made.sums.append(Pairs(np.array([first]), weight, loss, made.guard))
    made.value.append(first)
    slots = receivers.tolist()
    made.received = dict(zip(slots, multiplied(made, [made.factors.get(slot, PLAIN) for slot in slots]).tolist()))
    if trace.penalty is not None:
        number = trace.graph.number(trace.penalty)
        slot = made.slot_of[trace.penalty] if number is None else made.slot_space.constant(number)
        made.value.append(slot)
    return made


def multiplied(program: ArrayProgram, factors: list[tuple[float, int]]) -> Index:
    """Multiply the incoming sums by their factors, afterwards; the slots of all products."""
    import numpy as np

    found = program.incoming[0] + 1 + np.arange(len(factors))
    for scale in sorted({scale for scale, _ in factors if scale != 1.0}):
        multiply(program, found, [i for i, factor in enumerate(factors) if factor[0] == scale], scale)
    chosen = [i for i, (_, shared) in enumerate(factors) if shared != NONE]
    if chosen:
        multiply(program, found, chosen, Rows(np.array([factors[i][1] for i in chosen])))
    return found


def multiply(program: ArrayProgram, found: Index, chosen: list[int], factor: Operand) -> None:
    """Multiply some of the numbers found by a factor; they are found there then."""
    import numpy as np

    start = program.slot_space.take(len(chosen))
    program.after.append(Map(MUL, [Rows(found[chosen]), factor], start, len(chosen)))
    found[chosen] = np.arange(start, start + len(chosen))
