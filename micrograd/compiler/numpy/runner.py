"""Runs an array program by its NumPy code, one block of samples after the other."""

from __future__ import annotations

from math import isfinite

import numpy as np

from micrograd.compiler.numpy.code import expand, numpy_code
from micrograd.compiler.runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.samples import Batch

MOST_READY = 4  # numbers of samples for which views are kept: most programs meet one or two


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
        self._value = np.array(program.value, np.int64)
        self._outputs_at = None if program.outputs is None else self.code.places.of[program.outputs]
        self._ready: dict[int, Any] = {}  # samples of a block -> its workspace and the functions for it

    def _run(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None
    ) -> tuple[float, Any, bool]:
        finite, U = self._blocks(batch, leaves, weight, out), self.uniform
        value, gradient = sum(U[self._value].tolist()), None
        if self.program.gradient is not None:
            gradient = U[self.program.gradient] + 0.0  # as from 0 on
            finite = finite and all_finite(gradient)
        return value, gradient, finite and isfinite(value)

    def _blocks(self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None) -> bool:
        """Run on all blocks, one after the other; whether the outputs are finite."""
        U, X, Y = self.uniform, batch.X, batch.Y
        U[: len(leaves)] = leaves
        first, count = self.program.incoming
        U[first : first + count] = 0.0
        n = len(X)
        size = -(-n // -(-n // self.code.block_size))  # as many blocks as it takes, of one size
        own, finite = isinstance(weight, np.ndarray), True
        with np.errstate(all="ignore"):
            W, before, block, after = self._functions(size)
            before()
            for start in range(0, n, size):
                end = min(n, start + size)
                if end - start < size:
                    W, _, block, _ = self._functions(end - start)
                block(X[start:end].T, Y[start:end].T, weight[start:end] if own else weight)  # type: ignore[index]
                if out is not None:
                    out[start:end] = W[self._outputs_at].T
                    finite = finite and all_finite(out[start:end])
            after()
        return finite

    def _functions(self, samples: int) -> Any:
        """The workspace of a block of so many samples, and the functions of the code for it."""
        if samples not in self._ready:
            if len(self._ready) == MOST_READY:
                del self._ready[next(iter(self._ready))]
            rows = self.code.places.count
            W = self.workspace[: rows * samples].reshape(rows, samples)
            self._ready[samples] = W, *self.code.on(W, self.uniform)
        return self._ready[samples]


def all_finite(numbers: np.ndarray) -> bool:
    """Whether none is inf or nan."""
    return bool(np.count_nonzero(np.isfinite(numbers)) == numbers.size)
