"""Runs the loop of steps in the memory of a runner, which nobody else has meanwhile.

Python's lock (the GIL) is given back for as long as a call lasts.
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from micrograd.compiler.llvm.descent.code import Words, descent_code
from micrograd.compiler.llvm.layout import Context, layout_of
from micrograd.compiler.llvm.memory import address_of, aligned
from micrograd.compiler.llvm.native.machine_code import machine_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.descent.rule import Rule
    from micrograd.compiler.llvm.native.machine_code import MachineCode, Processor
    from micrograd.compiler.llvm.runner import LlvmRunner
    from micrograd.compiler.samples import Batch


@functools.lru_cache(64)
def machine_of(text: str, processor: Processor, cache: bool) -> MachineCode:
    """The machine code of a text, which descents of programs alike share."""
    return machine_code(text, processor, cache=cache)


class LlvmSteps:
    """Steps of a rule on the samples of a batch, so many at a time."""

    def __init__(self, runner: LlvmRunner, batch: Batch, rule: Rule, size: int) -> None:
        code, inputs, targets = runner.code, batch.X.shape[1], batch.Y.shape[1]
        grain = code.block if code.fused is None else code.registers.grain
        self.runner, self.batch, self.size = runner, batch, min(size, len(batch))
        self.count = len(runner.program.trace.parameters)
        text = descent_code(rule, code.registers, self.count, (inputs, targets), code.block, grain)
        self._machine = machine_of(text, runner.processor, runner.cache)
        self._descend = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self._machine.address("descend"))
        self._last = np.empty(self.count)
        self._constants = np.array([rule.graph.number(node) for node in rule.constants], float)
        runner.emit()
        self._words = self._prepared()

    def _prepared(self) -> Words:
        """The words that stay the same: where the data stand, and what the program is given."""
        runner, batch, code, words = self.runner, self.batch, self.runner.code, Words()
        blocks, workspace = -(-self.size // code.block), runner.workspace(0)
        whole = self.size == len(batch)
        self._x = layout_of(batch, code.block).leaves if whole else aligned(blocks * code.leaves * code.block)
        self._w = aligned(blocks * code.block)
        self._context = Context({**workspace.addresses, "x": address_of(self._x)}, workspace.sums, 0, self.size)
        self._context.weigh(1.0 / self.size if batch.weights is None else self._w)
        if whole and batch.weights is not None:
            self._w[: self.size] = batch.weights
        words.code, words.context = runner.machine.address("whole"), self._context.address
        numbers = address_of(runner.uniform)
        words.p, words.g, words.value = numbers, numbers + 8 * code.gradient, numbers + 8 * code.value
        words.last, words.constants = address_of(self._last), address_of(self._constants)
        words.X, words.Y, words.W = address_of(batch.X), address_of(batch.Y), 0
        if batch.weights is not None:
            words.W = address_of(batch.weights)
        words.x, words.w, words.samples, words.size = address_of(self._x), address_of(self._w), len(batch), self.size
        return words

    def run(
        self, leaves: Any, moments: Any, table: Any, order: Any, first: int, losses: Any, bound: float
    ) -> tuple[int, Any, Any]:
        """(how many steps were done, the parameters then, the gradient of the last one); moments and losses change.

        leaves: the numbers of parameters and captured Values; moments: (moments, p); table: see `Rule.table`; losses: a
        place for each step; order and first as in `Descent.run`.
        """
        words = self._words
        words.moments, words.table, words.losses = address_of(moments), address_of(table), address_of(losses)
        words.stride = 0 if len(table) == 1 else table.strides[0]
        words.steps, words.bound, words.order = len(losses), bound, 0
        if order is not None:
            n, epoch = len(self.batch), -(-len(self.batch) // self.size)
            round_, step = divmod(first, epoch)
            words.place = step * self.size
            words.order, words.end = address_of(order), address_of(order) + 8 * len(order)
            words.at = words.order + 8 * ((round_ * n) % len(order) + words.place)
        found: tuple[int, Any, Any] = self.runner.alone(self._run, leaves)
        return found

    def _run(self, leaves: Any) -> tuple[int, Any, Any]:
        uniform = self.runner.uniform
        uniform[: len(leaves)] = leaves
        done = self._descend(ctypes.addressof(self._words))
        return done, uniform[: self.count].copy(), self._last.copy()
