"""Runs an array program by its NumPy code, one block of samples after the other."""

from __future__ import annotations

from micrograd.compiler.numpy.code import numpy_code
from micrograd.system.forking import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from micrograd.compiler.arrays.purposes import ArrayProgram


AGAIN = (
    "a program was called in the middle of its own step, by a signal handler, a finaliser or a primitive of the "
    "user's; expected it to be called when the step is over: note there what to do, and do it later"
)


class NumpyRunner:
    """One purpose of a program; memory depends on the block, not on the number of samples."""

    backend = "numpy"

    def __init__(self, program: ArrayProgram) -> None:
        import numpy as np

        self.program, self.code = program, numpy_code(program)
        self.workspace = np.zeros(self.code.places.count * self.code.block_size)
        self.uniform = np.zeros(program.slots)
        self._lock = guarded(self)  # there is one workspace: threads take turns
        self._in_use = False
        for slot, number in program.constants:
            self.uniform[slot] = number

    def forked(self) -> None:
        """In a forked process: a step that another thread was at is nobody's any more."""
        self._in_use = False

    @property
    def source(self) -> str:
        """The Python source of the functions that run."""
        return self.code.source

    def outputs(self, batch: Any, leaves: np.ndarray, weight: float) -> np.ndarray:
        """The outputs, (samples, outputs), of a program that has some.

        leaves are the numbers of parameters and held Values, weight that of each sample in the mean.
        """
        found: np.ndarray = self._turn(batch, leaves, weight)[0]
        return found

    def step(self, batch: Any, leaves: np.ndarray, weight: float) -> tuple[float, np.ndarray | None, bool]:
        """Value and gradient, if the program has one, and whether all are finite."""
        import numpy as np

        _, value, gradient = self._turn(batch, leaves, weight)
        return value, gradient, bool(np.isfinite(value) and (gradient is None or np.isfinite(gradient).all()))

    def _turn(self, batch: Any, leaves: np.ndarray, weight: float) -> tuple[Any, float, np.ndarray | None]:
        """Run and read the results while nobody else does: outputs, value and gradient, arrays of their own."""
        with self._lock:
            if self._in_use:
                raise RuntimeError(AGAIN)
            try:
                self._in_use = True
                outputs, U = self._run(batch, leaves, weight), self.uniform
                gradient = None if self.program.gradient is None else U[self.program.gradient] + 0.0  # as from 0 on
                return outputs, sum(U[self.program.value].tolist()), gradient
            finally:
                self._in_use = False

    def _run(self, batch: Any, leaves: np.ndarray, weight: float) -> Any:
        """Run; the outputs, if there are some."""
        import numpy as np

        program, code, U = self.program, self.code, self.uniform
        U[: len(leaves)] = leaves
        first, count = program.incoming
        U[first : first + count] = 0.0
        n, rows = len(batch), code.places.count
        size = -(-n // -(-n // code.block_size))  # as many blocks as it takes, of one size
        outputs = None if program.outputs is None else np.empty((n, len(program.outputs)))
        with np.errstate(all="ignore"):
            code.before(U)
            for start in range(0, n, size):
                end = min(n, start + size)
                W = self.workspace[: rows * (end - start)].reshape(rows, end - start)
                code.block(batch.X[start:end].T, batch.Y[start:end].T, weight, W, U)
                if outputs is not None:
                    outputs[start:end] = W[code.places.of[program.outputs]].T
            code.after(U)
        return outputs

    def again(self, batch: Any) -> None:
        """See `LlvmRunner.again`: there is no shorter way."""
