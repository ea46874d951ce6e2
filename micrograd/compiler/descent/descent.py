"""`Descent`: many steps of an optimiser on a program's gradient, as many in one call as machine code can take.

p           the numbers of the parameters, (p,)
order       numbers of samples, one epoch after the other; a step takes the next few of them
bound       a loss beyond it is one that has diverged
reason      why the steps cannot be taken in machine code, as a part of a sentence
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.samples import expect_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.descent.rule import Numbers, Rule
    from micrograd.compiler.programs import Program
    from micrograd.compiler.samples import Batch

PIECE = 0.05  # seconds that a call may last: then Ctrl-C is heard, and other threads have their turn
FIRST = 16  # steps of a first call, which tells how long one takes
MOST = 100_000  # steps of one call, whose losses and learning rates stand in memory


class Steps:
    """What became of some steps.

    p           where they led, a new array
    gradient    that of the last step, (p,); None if there was none
    losses      the value before each step, (steps,): as many as were done
    stopped     whether the next step is one that machine code does not take: by plain code it may have an error that
                tells what is wrong, or a result
    """

    def __init__(self, p: Numbers, gradient: Numbers | None, losses: Numbers, stopped: bool) -> None:
        self.p, self.gradient, self.losses, self.stopped = p, gradient, losses, stopped


class Descent:
    """An optimiser at work on the samples of a batch; `descent_of` makes one.

    reason      "" where steps are taken in machine code
    """

    def __init__(self, program: Program, batch: Batch, optimizer: Any) -> None:
        self.program, self.batch, self.optimizer, self.reason = program, batch, optimizer, ""
        self._rule: Rule | None = None
        self._read_from: dict[str, Any] = {}  # the attributes of the optimiser that the rule was read with
        self._machine: Any = None
        self._seconds = 0.0  # of a step, as the last call took them; 0 before there was one

    def run(
        self, p: Numbers, order: Any = None, size: int | None = None, first: int = 0, steps: int = 1,
        bound: float = np.inf,
    ) -> Steps:  # fmt: skip
        """At most so many steps from p; the optimiser moves, the parameters of the program do not.

        It ends before the first step whose loss or gradient is not finite, or whose loss is beyond the bound, and after
        some 50 milliseconds.

        order: of as many epochs as it has, (epochs · n,), after which it begins again; None takes the samples as they
        come. size: of a batch, all samples unless given; the last of an epoch may be shorter. first: the step of
        the order that it begins with. What is interrupted may have moved the optimiser: see `Optimizer.go_back`.
        """
        return Steps(p.copy(), None, np.empty(0), True)


def descent_of(program: Program, batch: Batch, optimizer: Any) -> Descent:
    """The descent of an optimiser on the samples of a batch that belongs to a program with a value."""
    expect_places(batch, program._trace.indices)
    return Descent(program, batch, optimizer)
