"""Runs an array program by its NumPy code, one block of samples after the other."""

from __future__ import annotations

import numpy as np

from micrograd.compiler.numpy.code import expand, numpy_code
from micrograd.compiler.runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.samples import Batch


class NumpyRunner(Runner):
    """One purpose of a program; memory depends on the block, not on the number of samples."""

    backend = "numpy"

    def __init__(self, program: ArrayProgram) -> None:
        program = expand(program)
        super().__init__(program)
        self.code = numpy_code(program)
        self.source, self.passes = self.code.source, self.code.passes
        self.workspace = np.zeros(self.code.places.count * self.code.block_size)
        self.uniform = np.zeros(program.slots)
        for slot, number in program.constants:
            self.uniform[slot] = number

    def _run(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None
    ) -> tuple[float, Any, bool]:
        finite = self._blocks(batch, leaves, weight, out)
        program, U = self.program, self.uniform
        value, gradient = sum(U[program.value].tolist()), None
        if program.gradient is not None:
            gradient = U[program.gradient] + 0.0  # as from 0 on
            finite = finite and bool(np.isfinite(gradient).all())
        return value, gradient, bool(finite and np.isfinite(value))

    def _blocks(self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None) -> bool:
        """Run on all blocks, one after the other; whether the outputs are finite."""
        program, code, U = self.program, self.code, self.uniform
        U[: len(leaves)] = leaves
        first, count = program.incoming
        U[first : first + count] = 0.0
        n, rows = len(batch), code.places.count
        size = -(-n // -(-n // code.block_size))  # as many blocks as it takes, of one size
        own, finite = isinstance(weight, np.ndarray), True
        with np.errstate(all="ignore"):
            code.before(U)
            for start in range(0, n, size):
                end = min(n, start + size)
                W = self.workspace[: rows * (end - start)].reshape(rows, end - start)
                code.block(batch.X[start:end].T, batch.Y[start:end].T, weight[start:end] if own else weight, W, U)  # type: ignore[index]
                if out is not None:
                    out[start:end] = W[code.places.of[program.outputs]].T
                    finite = finite and bool(np.isfinite(out[start:end]).all())
            code.after(U)
        return finite
