"""Runs an array program as machine code, in one thread or several.

packed      a batch laid out for the code: leaves row by row, in blocks
chunk       a run of blocks with accumulators of its own; how many there are depends on the samples and the program
            alone, so that the result is the same to the bit for any number of threads
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from weakref import ReferenceType

from micrograd.compiler.llvm.code import llvm_code
from micrograd.compiler.llvm.memory import NAMES
from micrograd.compiler.llvm.native.machine_code import host, machine_code
from micrograd.compiler.numpy.runner import AGAIN
from micrograd.system.forking import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import numpy as np

    from micrograd.compiler.arrays.purposes import ArrayProgram
    from micrograd.compiler.samples import Batch

MOST_CHUNKS = 16
CHUNK_WORK = 5_000_000  # multiplications that are worth a thread, some hundred microseconds
SHORT_WORK = 1_000_000  # multiplications in which nobody misses Python's lock, some twenty microseconds
CHUNK_BLOCKS = 4  # fewer do not pay for sums of their own, which may be as many as the parameters


class Packed:
    """One batch in the layout of the code, with the pointers of a run."""

    def __init__(self, batch: Batch, block: int) -> None:
        self.samples, inputs = n, _ = batch.X.shape
        self.blocks = -(-n // block)
        self.leaves = aligned(self.blocks * (inputs + batch.Y.shape[1]) * block).reshape(self.blocks, -1, block)
        self.address = address_of(self.leaves)
        full, rest = divmod(n, block)
        for data, rows in ((batch.X, self.leaves[:, :inputs]), (batch.Y, self.leaves[:, inputs:])):
            if full:
                rows[:full] = data[: n - rest].reshape(full, block, -1).transpose(0, 2, 1)
            if rest:  # the last sample, with weight 0, fills the last block
                rows[full, :, :rest] = data[n - rest :].T
                rows[full, :, rest:] = data[-1][:, None]
        self.contexts: dict[ReferenceType[LlvmRunner], list[Context]] = {}


class Context:
    """What an entry point of the code is given: the address of one array, of pointers, the number of samples, a weight.

    The samples are `first` to `end` of the batch; each counts by the weight, in a mean 1/n. `sums` is where their sums
    go. What the addresses belong to must live as long.
    """

    def __init__(self, addresses: dict[str, int], sums: np.ndarray, first: int, end: int) -> None:
        self.sums, self.first = sums, first
        pointers = [addresses.get(name, 0) for name in NAMES]
        self.words = (ctypes.c_uint64 * (len(NAMES) + 2))(*pointers, end - first)
        self.weight = ctypes.c_double.from_buffer(self.words, 8 * (len(NAMES) + 1))
        self.address = ctypes.addressof(self.words)
        self.pointer = ctypes.c_void_p(self.address)


class LlvmRunner:
    """One purpose of a program."""

    backend = "llvm"

    def __init__(
        self, program: ArrayProgram, *, threads: int | None = None, cache: bool = True, target: Any = None
    ) -> None:
        import numpy as np

        target = target or host()
        self.program, self.threads = program, threads or os.cpu_count() or 1
        self.code = llvm_code(program, target.registers)
        self.engine = machine_code(self.code.source, target, cache=cache)
        self._cache = cache
        entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        names = ("prepare", "chunk", "finish", "whole")
        self._prepare, self._chunk, self._finish, self._whole = [entry(self.engine.address(name)) for name in names]
        count = 0 if program.gradient is None else len(program.gradient)
        self.gradient_at, self.value_at = slice(self.code.gradient, self.code.gradient + count), self.code.value
        self.uniform = aligned(self.value_at + 2 + target.registers.lanes)
        for slot, number in program.constants:
            self.uniform[slot] = number
        self.tables = np.array(self.code.tables + [0], np.int32)
        self.work = self.code.block * (
            sum([step.rows.size if hasattr(step, "rows") else 8 * step.count for step in program.steps])
            + sum([one.slots.size for one in program.sums])
        )
        self._spaces: list[tuple[dict[str, int], np.ndarray, np.ndarray, np.ndarray]] = []  # see _memory
        self._parameters = len(program.trace.parameters)
        self._outputs = 0 if program.outputs is None else len(program.outputs)
        self._reference = ReferenceType(self)  # under which a batch has the contexts: it keeps no program alive
        self._in_use = ctypes.c_int64(0)  # 1 while a thread has the workspace: see `direct_call`
        self._lock = guarded(self)  # there is one workspace: threads take turns
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0  # whose threads those of the pool are

    def forked(self) -> None:
        """In a forked process: a step that another thread was at is nobody's any more."""
        self._in_use.value = 0

    @property
    def source(self) -> str:
        """The text that was compiled."""
        return self.code.source

    def outputs(self, batch: Batch, leaves: np.ndarray, weight: float) -> np.ndarray:
        """See `NumpyRunner.outputs`."""
        found: np.ndarray = self._turn(batch, leaves, weight)[0]
        return found

    def step(self, batch: Batch, leaves: np.ndarray, weight: float) -> tuple[float, np.ndarray | None, bool]:
        """See `NumpyRunner.step`."""
        _, value, gradient, finite = self._turn(batch, leaves, weight)
        return value, gradient, finite

    def _turn(self, batch: Batch, leaves: np.ndarray, weight: float) -> tuple[Any, float, np.ndarray | None, bool]:
        """Run and read the results while no other thread does."""
        with self._lock:
            if self._in_use.value:
                raise RuntimeError(AGAIN)
            try:
                self._in_use.value = 1
                outputs, U, value = self._run(batch, leaves, weight), self.uniform, self.value_at
                gradient = None if self.program.gradient is None else U[self.gradient_at].copy()
                return outputs, float(U[value]), gradient, bool(U[value + 1] == 0.0)
            finally:
                self._in_use.value = 0

    def _run(self, batch: Batch, leaves: np.ndarray, weight: float) -> Any:
        """Run; the outputs, if the program has some."""
        packed = self._packed(batch)
        self.uniform[: len(leaves)] = leaves
        contexts, block, outputs = packed.contexts[self._reference], self.code.block, None
        for context in contexts:
            context.weight.value = weight
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
        """For a batch of one chunk that was run: a function of all parameters, see `direct_call`."""
        import numpy as np

        from micrograd.compiler.llvm.native import direct_call

        with self._lock:  # a layout may have to be made
            packed = self._packed(batch)
        contexts = packed.contexts[self._reference]
        alone = not self.engine.calls_python and direct_call.possible()  # in Python code threads take turns
        if len(contexts) > 1 or self.program.rolled.held or not alone:
            return None
        short = packed.blocks * self.work <= SHORT_WORK
        in_use = self._in_use if short else ctypes.c_int64(0)  # a longer step has its turn anyhow
        numbers = address_of(self.uniform)
        gradient, value = numbers + 8 * self.gradient_at.start, numbers + 8 * self.value_at
        words = direct_call.Words(
            self.engine.address("whole"),
            contexts[0].address,
            numbers,
            8 * self._parameters,
            gradient,
            value,
            ctypes.addressof(in_use),
            not short,
        )
        keep = packed, contexts, self._spaces, self.tables, in_use, self.engine
        step = direct_call.direct(words, partial(np.empty, self._parameters), keep, self._cache)
        return step if short else direct_call.taking_turns(step, self._lock, self._in_use)

    def _packed(self, batch: Batch) -> Packed:
        """The batch laid out, kept with it."""
        block = self.code.block
        if block not in batch.packed:  # programs that share the batch have locks of their own: one layout stays
            batch.packed.setdefault(block, Packed(batch, block))
        kept: Packed = batch.packed[block]
        if self._reference not in kept.contexts:
            for other in [other for other in list(kept.contexts) if other() is None]:
                kept.contexts.pop(other, None)
            kept.contexts[self._reference] = self._contexts(kept)
        return kept

    def _contexts(self, packed: Packed) -> list[Context]:
        """One for each chunk."""
        most = min(MOST_CHUNKS, packed.blocks // CHUNK_BLOCKS)
        chunks = max(1, min(most, packed.blocks * self.work // CHUNK_WORK))
        bounds = [packed.blocks * k // chunks for k in range(chunks + 1)]
        block, contexts = self.code.block, []
        for k in range(chunks):
            addresses, sums = self._memory(k if self.threads > 1 else min(k, 1))
            begin, end = bounds[k] * block, min(bounds[k + 1] * block, packed.samples)
            addresses["x"] = packed.address + 8 * begin * self.code.leaves
            contexts.append(Context(addresses, sums, begin, end))
        return contexts

    def _memory(self, number: int) -> tuple[dict[str, int], np.ndarray]:
        """The addresses of what a chunk works on, but for its data, and where its sums go: for the first, straight on.

        One thread needs one workspace, and sums of their own for all chunks but the first.
        """
        while len(self._spaces) <= number:
            t, a = (
                aligned(size)
                for size in (
                    self.code.workspace_rows * self.code.block,
                    len(self.code.lane_slots) * self.code.registers.lanes,
                )
            )
            first, count = self.program.incoming
            sums = aligned(count) if self._spaces else self.uniform[first : first + count]
            if self._spaces and self.threads == 1:
                t, a = self._spaces[0][2:]
            arrays = {"u": self.uniform, "t": t, "a": a, "g": sums, "i": self.tables}
            self._spaces.append(({name: address_of(array) for name, array in arrays.items()}, sums, t, a))
        addresses, sums, _, _ = self._spaces[number]
        return dict(addresses), sums

    def _work(self, waiting: deque[Context]) -> None:
        """Run chunks until there are none; a deque gives each to one thread, by a lock of its own or by the GIL."""
        while True:
            try:
                context = waiting.popleft()
            except IndexError:
                return
            self._chunk(context.pointer)

    def _threads(self) -> ThreadPoolExecutor:
        """The helping threads; a forked process has none of its parent's."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self.threads - 1), os.getpid()
        return self._pool

    def _in_chunks(self, contexts: list[Context], outputs: Any) -> None:
        """Chunk by chunk, in threads where there is more than one; their sums are added in order."""
        if outputs is not None:
            for context in contexts:
                context.words[NAMES.index("o")] = address_of(outputs) + 8 * context.first * self._outputs
        self._prepare(contexts[0].pointer)
        first, count = self.program.incoming
        incoming = self.uniform[first : first + count]  # where the sums of the first chunk are
        if self.threads > 1 and len(contexts) > 1:
            waiting = deque(contexts)  # this thread and the others take chunk after chunk
            helpers = [self._threads().submit(self._work, waiting) for _ in range(min(self.threads, len(contexts)) - 1)]
            try:
                self._work(waiting)
            finally:  # after Ctrl-C too nobody may be writing here any more
                for helper in helpers:
                    helper.result()
            for context in contexts[1:]:
                incoming += context.sums
        else:
            for context in contexts:
                self._chunk(context.pointer)
                if context is not contexts[0]:
                    incoming += context.sums
        self._finish(contexts[0].pointer)


def aligned(count: int) -> np.ndarray:
    """Zeros that start at a multiple of 64 bytes."""
    import numpy as np

    raw = np.zeros(count + 8)
    start = -address_of(raw) % 64 // 8
    return raw[start : start + count]


def address_of(array: np.ndarray) -> int:
    """Where an array stands in memory."""
    address: int = array.__array_interface__["data"][0]
    return address
