"""`Runner`: what a compiled purpose of a program runs on, the protocol between `Program` and the backends.

purpose     what is computed: predictions, the value, value and gradient, …; one array program and one runner each
leaves      the numbers of all parameters, then of the Values that the code holds, float64
weight      of each sample in the value: 1/n of a mean over n samples; or an array of one for each, (n,)
out         an array for the outputs of a program that has some, (samples, outputs), float64 in C order; else None
guarded     the twin of a program in which 0 times inf is 0; it runs where a result is not finite
"""

from __future__ import annotations

from array import array

from micrograd.compiler.samples import expect_places
from micrograd.system.forking import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import numpy as np

    from micrograd.compiler.arrays.passes import Pass
    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.samples import Batch

REENTERED = (
    "a program was called in the middle of its own step, by a signal handler, a finaliser or a primitive of the "
    "user's; expected it to be called when the step is over: note there what to do, and do it later"
)


class Runner:
    """One purpose of a program: what a backend derives from, to give `backend`, `source`, `passes` and `_run`.

    Threads take turns, for there is one workspace.

    backend     its name
    program     the array program that it runs
    source      the code that runs, as text
    passes      those of its own that the program goes through before it becomes code
    again       key of a batch -> the short way to run it again: a function of the numbers of all parameters, (p,), with
                the weight of the last step, which gives value and gradient, or None where it cannot be sure or they
                are not finite: then `step` gives them. None for a batch that has no such way. A backend fills it as it
                likes; it keeps no batch alive, nor does a batch keep a runner
    """

    backend: str
    source: str
    passes: list[Pass]

    def __init__(self, program: ArrayProgram) -> None:
        self.program = program
        self.again: dict[object, Callable[[Any], tuple[float, np.ndarray] | None] | None] = {}
        self._in_use = array("q", [0])  # 1 while a thread has the workspace; machine code reads it
        self._lock = guarded(self)

    def forked(self) -> None:
        """In a forked process: a step that another thread was at is nobody's any more."""
        self._in_use[0] = 0

    def outputs(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        """`out`, or else a new array, filled with the outputs; RuntimeError in the middle of a step."""
        if out is None:
            import numpy as np

            out = np.empty((len(batch), 0 if self.program.outputs is None else len(self.program.outputs)))
        self._turn(batch, leaves, weight, out)
        return out

    def step(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None = None
    ) -> tuple[float, Any, bool]:
        """The value, the gradient, (p,), if the program has one, else None, and whether all these are finite.

        The gradient is the caller's own. RuntimeError in the middle of another step.
        """
        return self._turn(batch, leaves, weight, out)

    def _turn(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None
    ) -> tuple[float, Any, bool]:
        """Run and read the results while no other thread does."""
        expect_places(batch, self.program.trace.indices)
        found: tuple[float, Any, bool] = self.alone(self._run, batch, leaves, weight, out)
        return found

    def alone(self, work: Callable[..., Any], *args: Any) -> Any:
        """What work(*args) gives, while no other thread has the workspace. RuntimeError in the middle of a step."""
        with self._lock:
            if self._in_use[0]:
                raise RuntimeError(REENTERED)
            try:
                self._in_use[0] = 1
                return work(*args)
            finally:
                self._in_use[0] = 0

    def _run(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None
    ) -> tuple[float, Any, bool]:
        """Fill `out`; value, gradient, if there is one, and whether all these are finite.

        The gradient is the caller's own.
        """
        raise NotImplementedError
