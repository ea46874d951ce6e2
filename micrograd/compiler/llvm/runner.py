"""Runs an array program as machine code, in one thread or several.

chunk       a run of blocks with accumulators of its own; how many there are depends on the samples and the program
            alone, so that the result is the same to the bit for any number of threads
workspace   what one chunk works in
short way   a call of machine code without ctypes, for a batch of one chunk that is run again: see `direct_call`
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from weakref import ReferenceType

import numpy as np

from micrograd.compiler.llvm import irregular
from micrograd.compiler.llvm.code import expand, llvm_code
from micrograd.compiler.llvm.layout import Context, Layout, layout_of
from micrograd.compiler.llvm.machine.code import code_of
from micrograd.compiler.llvm.machine.emission import Emitted, emitted, pays
from micrograd.compiler.llvm.machine.library import library
from micrograd.compiler.llvm.memory import NAMES, address_of, aligned
from micrograd.compiler.llvm.native import direct_call
from micrograd.compiler.llvm.native.machine_code import host, machine_code
from micrograd.compiler.runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.llvm.code import LlvmCode
    from micrograd.compiler.llvm.native.machine_code import MachineCode, Processor
    from micrograd.compiler.samples import Batch

MOST_CHUNKS = 16
CHUNK_WORK = 5_000_000  # multiplications that are worth a thread, some hundred microseconds
SHORT_WORK = 1_000_000  # multiplications in which nobody misses Python's lock, some twenty microseconds
CHUNK_BLOCKS = 4  # fewer do not pay for sums of their own, which may be as many as the parameters


class Known:
    """What a runner keeps for a batch while both live: the contexts of its chunks, and its layout if it was run before.

    blocks      how many there are
    weights     those that each sample has of its own, with zeros for what fills the last block
    """

    __slots__ = ("blocks", "contexts", "layout", "reference", "was_run", "weights")

    def __init__(self, blocks: int, contexts: list[Context], reference: Any) -> None:
        self.blocks, self.contexts, self.reference = blocks, contexts, reference
        self.was_run = False  # many a batch is run once, and needs no layout and no short way
        self.layout: Layout | None = None
        self.weights: np.ndarray | None = None

    def weigh(self, weight: float | np.ndarray, block: int) -> None:
        """Let the samples count by a weight, or each by its own."""
        if isinstance(weight, np.ndarray):
            if self.weights is None:
                self.weights = aligned(self.blocks * block)
            self.weights[: len(weight)] = weight
            weight = self.weights
        for context in self.contexts:
            context.weigh(weight)


class Workspace:
    """Arrays that a chunk works in, their addresses by NAMES but for the outputs, and where its sums go."""

    __slots__ = ("addresses", "arrays", "sums")

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays, self.sums = arrays, arrays["g"]
        self.addresses = {name: address_of(array) for name, array in arrays.items()}


class LlvmRunner(Runner):
    """One purpose of a program, whose code is machine code; `llvm_runner` makes both."""

    backend = "llvm"

    def __init__(
        self,
        program: ArrayProgram,
        code: LlvmCode,
        machine: MachineCode,
        processor: Processor,
        threads: int,
        cache: bool,
    ) -> None:
        super().__init__(program)
        self.code, self.source, self.passes = code, code.source, code.passes
        self.machine, self.processor, self.threads, self.cache = machine, processor, threads, cache
        entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        names = ("prepare", "chunk", "finish", "whole")
        self._prepare, self._chunk, self._finish, self._whole = [entry(machine.address(name)) for name in names]
        count = 0 if program.gradient is None else len(program.gradient)
        self.gradient_at, self.value_at = slice(code.gradient, code.gradient + count), code.value
        self.uniform = aligned(max(entries.size for entries in code.played[:2]) + code.registers.lanes)
        for slot, number in code.constants:
            self.uniform[slot] = number
        one, many = [library(processor, lanes, cache=cache) for lanes in (1, irregular.LANES)]
        self.played = [code_of(entries, played_by) for entries, played_by in zip(code.played, (one, one, many))]
        self._words = (ctypes.c_uint64 * 6).from_address(machine.address_of_data("entries"))  # see `uniform.PLAYED`
        for k, entries in enumerate(self.played):
            self._words[2 * k : 2 * k + 2] = [entries.play(), entries.firsts[0]]
        self._emitted: list[Emitted] | None = None
        self.calls_python = machine.calls_python or any(entries.calls_python for entries in self.played)
        self.tables = np.array(code.tables + [0], np.int32)
        self.work = work_of(program, code.block)
        self._known: dict[object, Known] = {}  # by the key of a batch
        self._usual: tuple[int, list[Context]] = (0, [])  # samples of the last new batch, contexts for as many
        self._workspaces: list[Workspace] = []
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0  # whose threads those of the pool are

    def step(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None = None
    ) -> tuple[float, Any, bool]:
        """See `Runner.step`; a batch that comes again gets the short way."""
        value, gradient, finite = super().step(batch, leaves, weight, out)
        known = self._known[batch.key]
        if known.was_run:
            self.emit()
        if finite and gradient is not None and known.was_run and batch.key not in self.again:
            self.again[batch.key] = self._short_way(known)
        known.was_run = True
        return value, gradient, finite

    def emit(self) -> None:
        """Replace what is played once a step by code that does the same to the bit, once, where that is quicker."""
        with self._lock:
            if self._emitted is None:
                pay = [k for k, code in enumerate(self.played[:2]) if pays(code)]
                self._emitted = [emitted(self.played[k], self.cache) for k in pay]
                for k, made in zip(pay, self._emitted):
                    self._words[2 * k] = made.address

    def _run(
        self, batch: Batch, leaves: np.ndarray, weight: float | np.ndarray, out: np.ndarray | None
    ) -> tuple[float, Any, bool]:
        known = self._known.get(batch.key)
        if known is None:
            known = self._take_up(batch)
        elif known.layout is None:
            self._lay_out(known, batch)
        self.uniform[: len(leaves)] = leaves
        contexts = known.contexts
        known.weigh(weight, self.code.block)
        if out is not None:
            for context in contexts:
                context.words[NAMES.index("o")] = address_of(out) + 8 * context.first * out.shape[1]
        if len(contexts) == 1:
            self._whole(contexts[0].pointer)
        else:
            self._in_chunks(contexts)
        U, value = self.uniform, self.value_at
        gradient = None if self.program.gradient is None else U[self.gradient_at].copy()
        finite = U[value + 1] == 0.0 and (out is None or all(context.status.value == 0.0 for context in contexts))
        return float(U[value]), gradient, bool(finite)

    def _short_way(self, known: Known) -> Callable[[Any], tuple[float, np.ndarray] | None] | None:
        """The function of all parameters for a batch; None if it has several chunks, or the code reads other numbers.

        Python's own code in a program gives the GIL back where it likes: there threads take turns.
        """
        contexts = known.contexts
        alone = not self.calls_python and direct_call.possible()
        if len(contexts) > 1 or self.program.trace.captured or not alone:
            return None
        short = known.blocks * self.work <= SHORT_WORK
        in_use = self._in_use if short else array("q", [0])  # a longer step has its turn anyhow
        numbers, parameters = address_of(self.uniform), len(self.program.trace.parameters)
        gradient, value = numbers + 8 * self.gradient_at.start, numbers + 8 * self.value_at
        words = direct_call.Words(
            self.machine.address("whole"),
            contexts[0].address,
            numbers,
            8 * parameters,
            gradient,
            value,
            in_use.buffer_info()[0],
            not short,
        )
        keep = known.layout, contexts, self._workspaces, in_use, self.machine, self.played, self._emitted
        step = direct_call.direct(words, partial(np.empty, parameters), keep, self.cache)
        return step if short else direct_call.taking_turns(step, self._lock, self._in_use)

    def _take_up(self, batch: Batch) -> Known:
        """What is kept for a batch until it dies. One that is new has the contexts of others with as many samples."""
        gone = ReferenceType(batch, partial(forget, ReferenceType(self), batch.key))
        if self._usual[0] != len(batch):
            self._usual = len(batch), self._contexts(len(batch))
        blocks, contexts = -(-len(batch) // self.code.block), self._usual[1]
        for context in contexts:
            context.lay_out(batch)
        self._known[batch.key] = known = Known(blocks, contexts, gone)
        return known

    def _lay_out(self, known: Known, batch: Batch) -> None:
        """Lay out a batch that runs again, which gets contexts of its own."""
        known.layout, known.contexts = layout_of(batch, self.code.block), self._contexts(len(batch))
        for context in known.contexts:
            context.read(known.layout)

    def _contexts(self, samples: int) -> list[Context]:
        """One for each chunk."""
        blocks, chunks = -(-samples // self.code.block), self.chunks(samples)
        bounds = [blocks * k // chunks * self.code.block for k in range(chunks + 1)]
        contexts = []
        for k in range(chunks):
            workspace = self.workspace(k if self.threads > 1 else min(k, 1))
            contexts.append(Context(workspace.addresses, workspace.sums, bounds[k], min(bounds[k + 1], samples)))
        return contexts

    def chunks(self, samples: int) -> int:
        """How many chunks so many samples are."""
        blocks = -(-samples // self.code.block)
        return max(1, min(MOST_CHUNKS, blocks // CHUNK_BLOCKS, blocks * self.work // CHUNK_WORK))

    def workspace(self, number: int) -> Workspace:
        """That of a chunk. The first sums straight on; one thread needs one, and other sums for all other chunks."""
        first, count = self.program.incoming
        while len(self._workspaces) <= number:
            arrays = {"u": self.uniform, "i": self.tables}
            if not self._workspaces or self.threads > 1:
                arrays["x"] = aligned(self.code.leaves * self.code.block)
                arrays["t"] = aligned(self.code.workspace_rows * self.code.block)
                arrays["a"] = aligned(len(self.code.lane_slots) * self.code.registers.lanes)
            else:
                arrays.update({name: self._workspaces[0].arrays[name] for name in "xta"})
            arrays["g"] = aligned(count) if self._workspaces else self.uniform[first : first + count]
            self._workspaces.append(Workspace(arrays))
        return self._workspaces[number]

    def _work(self, waiting: deque[Context]) -> None:
        """Run chunks until there are none; a deque gives each to one thread, by a lock of its own or by the GIL."""
        while True:
            try:
                context = waiting.popleft()
            except IndexError:
                return
            self._chunk(context.pointer)

    def _helpers(self) -> ThreadPoolExecutor:
        """The helping threads; a forked process has none of its parent's."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self.threads - 1), os.getpid()
        return self._pool

    def _in_chunks(self, contexts: list[Context]) -> None:
        """Chunk by chunk, in threads where there is more than one; their sums are added in order."""
        self._prepare(contexts[0].pointer)
        first, count = self.program.incoming
        incoming = self.uniform[first : first + count]  # where the sums of the first chunk are
        if self.threads > 1 and len(contexts) > 1:
            waiting = deque(contexts)  # this thread and the others take chunk after chunk
            helpers = [self._helpers().submit(self._work, waiting) for _ in range(min(self.threads, len(contexts)) - 1)]
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


def llvm_runner(
    program: ArrayProgram, *, threads: int | None = None, cache: bool = True, processor: Processor | None = None
) -> LlvmRunner:
    """What runs a program on a processor, this one unless given, in so many threads: one a core unless given."""
    processor = processor or host()
    program = expand(program)
    code = llvm_code(program, processor.registers)
    machine = machine_code(code.source, processor, cache=cache)
    return LlvmRunner(program, code, machine, processor, threads or os.cpu_count() or 1, cache)


def forget(runner: ReferenceType[LlvmRunner], key: object, _: Any) -> None:
    """Drop what a runner keeps for a batch that is gone."""
    kept = runner()
    if kept is not None:
        kept.again.pop(key, None)
        kept._known.pop(key, None)


def work_of(program: ArrayProgram, block: int) -> int:
    """The multiplications of one block of samples, about."""
    return block * sum([step.work for step in (*program.steps, *program.sums)])
