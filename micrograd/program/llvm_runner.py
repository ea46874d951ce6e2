"""Runs an array program as machine code, in one thread or several.

packed      a batch laid out for the code: leaves row by row, in blocks
chunk       a run of blocks with accumulators of its own; how many there are depends on the samples and the program
            alone, so that the result is the same to the bit for any number of threads
"""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor

from micrograd.program.llvm_code import NAMES, LlvmCode
from micrograd.program.llvm_engine import Engine, host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import numpy as np

    from micrograd.program.array_program import ArrayProgram
    from micrograd.program.data import Batch

MOST_CHUNKS = 16
CHUNK_WORK = 5_000_000  # multiplications that are worth a thread, some hundred microseconds
CHUNK_BLOCKS = 4  # fewer do not pay for sums of their own, which may be as many as the parameters


class Packed:
    """One batch in the layout of the code, with the pointers of a run."""

    def __init__(self, batch: Batch, block: int) -> None:
        import numpy as np

        self.samples, inputs = n, _ = batch.X.shape
        self.blocks = -(-n // block)
        padded, leaves = self.blocks * block, inputs + batch.Y.shape[1]
        self.leaves = aligned(padded * leaves).reshape(self.blocks, leaves, block)
        last = np.minimum(np.arange(padded), n - 1)  # what fills the last block: its last sample, with weight 0
        X = batch.X if padded == n else batch.X[last]
        Y = batch.Y if padded == n else batch.Y[last]
        self.leaves[:, :inputs] = X.reshape(self.blocks, block, inputs).transpose(0, 2, 1)
        self.leaves[:, inputs:] = Y.reshape(self.blocks, block, -1).transpose(0, 2, 1)
        self.contexts: dict[LlvmRunner, list[Context]] = {}


class Context:
    """What an entry point of the code is given: the address of one array, of pointers, the number of samples, a weight.

    The samples are `first` to `end` of the batch; each counts by the weight, in a mean 1/n.
    """

    def __init__(self, arrays: dict[str, np.ndarray], first: int, end: int) -> None:
        import numpy as np

        self.arrays, self.first = arrays, first  # the arrays must live as long
        pointers = [arrays[n].ctypes.data if n in arrays else 0 for n in NAMES]
        self.words = np.array([*pointers, end - first, 0], np.uint64)
        self.weight = self.words[-1:].view(np.float64)
        self.pointer = ctypes.c_void_p(self.words.ctypes.data)


class LlvmRunner:
    """One purpose of a program."""

    backend = "llvm"

    def __init__(
        self, program: ArrayProgram, *, threads: int | None = None, cache: bool = True, target: Any = None
    ) -> None:
        import numpy as np

        target = target or host()
        self.program, self.threads = program, threads or os.cpu_count() or 1
        self.code = LlvmCode(program, target.machine)
        self.engine = Engine(self.code.source, target, cache=cache)
        entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        names = ("prepare", "chunk", "finish", "whole")
        self._prepare, self._chunk, self._finish, self._whole = [entry(self.engine.address(name)) for name in names]
        self.gradient_at = self.code.gradient
        count = 0 if program.gradient is None else len(program.gradient)
        self.value_at = self.gradient_at + count
        self.uniform = aligned(self.value_at + 2 + target.machine.lanes)
        for slot, number in program.constants:
            self.uniform[slot] = number
        self.tables = np.array(self.code.tables + [0], np.int32)
        self.work = self.code.block * (
            sum([step.rows.size if hasattr(step, "rows") else 8 * step.count for step in program.steps])
            + sum([one.slots.size for one in program.sums])
        )
        self._spaces: list[tuple[Any, Any, Any]] = []
        self._parameters = len(program.trace.parameters)
        self._outputs = 0 if program.outputs is None else len(program.outputs)
        self._pool: ThreadPoolExecutor | None = None

    @property
    def source(self) -> str:
        """The text that was compiled."""
        return self.code.source

    def run(self, batch: Batch, leaves: np.ndarray, weight: float) -> np.ndarray | None:
        """See `NumpyRunner.run`."""
        packed = self._packed(batch)
        self.uniform[: len(leaves)] = leaves
        contexts, block, outputs = packed.contexts[self], self.code.block, None
        for context in contexts:
            context.weight[0] = weight
        if self._outputs:
            outputs = aligned(packed.blocks * self._outputs * block).reshape(packed.blocks, self._outputs, block)
        if len(contexts) == 1 and outputs is None:
            self._whole(contexts[0].pointer)
        else:
            self._in_chunks(contexts, outputs)
        if outputs is not None:
            outputs = outputs.transpose(0, 2, 1).reshape(-1, self._outputs)[: len(batch)]
        return outputs

    def again(self, batch: Batch) -> Callable[[Any], tuple[float, np.ndarray] | None] | None:
        """For a batch that was run: a function of all parameters that gives value and gradient, if all is finite.

        It is called for every step of a training, and on a small batch each line of Python would be felt.
        """
        import numpy as np

        contexts = self._packed(batch).contexts[self]
        if len(contexts) > 1 or self.program.rolled.held or self.program.gradient is None:
            return None
        run, context = self._whole, contexts[0].pointer
        parameters, gradient = self.uniform[: self._parameters], self.uniform[self.gradient_at : self.value_at]
        numbers, value, status = self.uniform.data, self.value_at, self.value_at + 1
        array, shape, copy = np.ndarray, (self._parameters,), gradient.copy

        def step(at: Any) -> tuple[float, np.ndarray] | None:
            if at.__class__ is not array or at.shape != shape:
                return None
            parameters[...] = at
            run(context)
            return (numbers[value], copy()) if numbers[status] == 0.0 else None

        return step

    def result(self) -> tuple[float, np.ndarray | None, bool]:
        """See `NumpyRunner.result`."""
        U, value = self.uniform, self.value_at
        gradient = None if self.program.gradient is None else U[self.gradient_at : value].copy()
        return float(U[value]), gradient, bool(U[value + 1] == 0.0)

    def _packed(self, batch: Batch) -> Packed:
        """The batch laid out, kept with it."""
        block = self.code.block
        if block not in batch.packed:
            batch.packed[block] = Packed(batch, block)
        kept: Packed = batch.packed[block]
        if self not in kept.contexts:
            kept.contexts[self] = self._contexts(kept)
        return kept

    def _contexts(self, packed: Packed) -> list[Context]:
        """One for each chunk."""
        most = min(MOST_CHUNKS, packed.blocks // CHUNK_BLOCKS)
        chunks = max(1, min(most, packed.blocks * self.work // CHUNK_WORK))
        while len(self._spaces) < (chunks if self.threads > 1 else 1):  # one thread needs one space
            self._spaces.append((aligned(self.code.workspace_rows * self.code.block),
                                 aligned(len(self.code.lane_slots) * self.code.machine.lanes),
                                 aligned(self.program.incoming[1])))  # fmt: skip
        bounds = [packed.blocks * k // chunks for k in range(chunks + 1)]
        first, block, contexts = self.program.incoming[0], self.code.block, []
        for k in range(chunks):
            t, a, g = self._spaces[k if self.threads > 1 else 0]
            if k == 0:
                g = self.uniform[first:]
            arrays = {"x": packed.leaves[bounds[k] :], "u": self.uniform, "t": t, "a": a, "g": g, "i": self.tables}
            contexts.append(Context(arrays, bounds[k] * block, min(bounds[k + 1] * block, packed.samples)))
        return contexts

    def _work(self, waiting: Iterator[Context]) -> None:
        """Run chunks until there are none."""
        for context in waiting:
            self._chunk(context.pointer)

    def _in_chunks(self, contexts: list[Context], outputs: Any) -> None:
        """Chunk by chunk, in threads where there is more than one; their sums are added in order."""
        if outputs is not None:
            for context in contexts:
                context.words[NAMES.index("o")] = outputs.ctypes.data + 8 * context.first * self._outputs
        self._prepare(contexts[0].pointer)
        first, count = self.program.incoming
        incoming = self.uniform[first : first + count]  # where the sums of the first chunk are
        if self.threads > 1 and len(contexts) > 1:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.threads - 1)
            waiting = iter(contexts)  # this thread and the others take chunk after chunk
            helpers = [self._pool.submit(self._work, waiting) for _ in range(min(self.threads, len(contexts)) - 1)]
            self._work(waiting)
            for helper in helpers:
                helper.result()
            for context in contexts[1:]:
                incoming += context.arrays["g"][:count]
        else:
            for context in contexts:
                self._chunk(context.pointer)
                if context is not contexts[0]:
                    incoming += context.arrays["g"][:count]
        self._finish(contexts[0].pointer)


def aligned(count: int) -> np.ndarray:
    """Zeros that start at a multiple of 64 bytes."""
    import numpy as np

    raw = np.zeros(8 * count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + 8 * count].view(np.float64)
