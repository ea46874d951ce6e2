"""Runs the loop of steps in the memory of a runner, which nobody else has meanwhile.

Python's lock (the GIL) is given back for as long as a call lasts.
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from micrograd.compiler.llvm.descent.code import Batches, Words, descent_code
from micrograd.compiler.llvm.descent.shuffle import shuffled
from micrograd.compiler.llvm.layout import Context, layout_of
from micrograd.compiler.llvm.memory import address_of, aligned
from micrograd.compiler.llvm.native.machine_code import machine_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.descent.rule import Rule
    from micrograd.compiler.llvm.machine.player import LlvmPlayer
    from micrograd.compiler.llvm.native.machine_code import MachineCode, Processor
    from micrograd.compiler.llvm.runner import LlvmRunner
    from micrograd.compiler.samples import Batch


@functools.lru_cache(64)
def machine_of(text: str, processor: Processor, cache: bool) -> MachineCode:
    """The machine code of a text, which descents of programs alike share."""
    return machine_code(text, processor, cache=cache)


class Loop:
    """The code of a loop of steps, and its words, which whoever makes it fills in."""

    def __init__(self, text: str, rule: Rule, count: int, processor: Processor, cache: bool) -> None:
        self._machine = machine_of(text, processor, cache)
        self._descend = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self._machine.address("descend"))
        self._constants = np.array([rule.graph.number(node) for node in rule.constants], float)
        self.count, self.last, self.words = count, np.empty(count), Words()
        self.words.last, self.words.constants = address_of(self.last), address_of(self._constants)

    def begin(self, moments: Any, table: Any, losses: Any, bound: float, trail: Any) -> None:
        """Get ready for a call."""
        words = self.words
        words.moments, words.table, words.losses = address_of(moments), address_of(table), address_of(losses)
        words.stride = table.strides[0]  # 0 where all rows are one
        words.steps, words.bound = len(losses), bound
        words.trail, words.every = (0, 0) if trail is None else (address_of(trail), len(losses) // len(trail))

    def run(self) -> int:
        """How many steps were done."""
        done: int = self._descend(ctypes.addressof(self.words))
        return done


class PointSteps:
    """Steps of a rule at one point, whose program is played over a vector of its own, or has code of its own.

    places      where in the vector p, the value, the gradient and what is finite with it stand
    given       gives the numbers with which the vector begins
    """

    def __init__(
        self, player: LlvmPlayer, rule: Rule, count: int, places: tuple[int, int, int, int], given: Callable[[], Any]
    ) -> None:
        processor = player.library.processor
        text = descent_code(rule, processor.registers, count, None)
        self._loop, self._given = Loop(text, rule, count, processor, player.cache), given
        self._vector, self._keeps = player.workspace()
        words, address = self._loop.words, address_of(self._vector)
        words.x = address
        words.code, words.context = player.quickest()
        words.p, words.value, words.g, words.status = [address + 8 * place for place in places]
        self._p = slice(places[0], places[0] + count)

    def run(
        self, p: Any, moments: Any, table: Any, order: Any, first: int, losses: Any, bound: float, trail: Any
    ) -> tuple[int, Any, Any]:
        """As `LlvmSteps.run`; there is no order."""
        self._loop.begin(moments, table, losses, bound, trail)
        given, vector = self._given(), self._vector
        vector[: len(given)] = given
        vector[self._p] = p
        return self._loop.run(), vector[self._p].copy(), self._loop.last.copy()


class LlvmSteps:
    """Steps of a rule on the samples of a batch, so many at a time.

    captured    gives the numbers of captured Values
    """

    def __init__(self, runner: LlvmRunner, batch: Batch, rule: Rule, size: int, captured: Callable[[], Any]) -> None:
        code, widths = runner.code, (batch.X.shape[1], batch.Y.shape[1])
        grain = code.block if code.fused is None else code.registers.grain
        self.runner, self.batch, self.size, self.captured = runner, batch, min(size, len(batch)), captured
        count = len(runner.program.trace.parameters)
        text = descent_code(rule, code.registers, count, Batches(widths, code.block, grain))
        self._loop = Loop(text, rule, count, runner.processor, runner.cache)
        runner.emit()
        self._fill_in()

    def _fill_in(self) -> None:
        """The words that stay the same: where the data stand, and what the program is given."""
        runner, batch, code, words = self.runner, self.batch, self.runner.code, self._loop.words
        blocks, workspace, numbers = -(-self.size // code.block), runner.workspace(0), address_of(runner.uniform)
        whole, weights = self.size == len(batch), batch.weights
        self._x = layout_of(batch, code.block).leaves if whole else aligned(blocks * code.leaves * code.block)
        self._w = aligned(blocks * code.block)
        self._context = Context({**workspace.addresses, "x": address_of(self._x)}, workspace.sums, 0, self.size)
        self._context.weigh(1.0 / self.size if weights is None else self._w)
        if whole and weights is not None:
            self._w[: self.size] = weights
        words.code, words.context = runner.machine.address("whole"), self._context.address
        words.p, words.g, words.value = numbers, numbers + 8 * code.gradient, numbers + 8 * code.value
        words.status = words.value + 8
        self._data = [np.ascontiguousarray(array, float) for array in (batch.X, batch.Y)]
        words.X, words.Y, words.x, words.w = map(address_of, (*self._data, self._x, self._w))
        words.W = 0 if weights is None else address_of(weights)
        words.samples, words.size = len(batch), self.size

    def run(
        self, p: Any, moments: Any, table: Any, order: Any, first: int, losses: Any, bound: float, trail: Any
    ) -> tuple[int, Any, Any]:
        """(how many steps were done from p, the parameters then, the gradient of the last step).

        moments, (moments, p), losses, a place for each step, and the trail, (k, p), if there is one, change. table: see
        `Rule.table`; order and first as in `Descent.run`.
        """
        self._loop.begin(moments, table, losses, bound, trail)
        words, n = self._loop.words, len(self.batch)
        words.order = 0
        if order is not None:
            epoch, step = divmod(first, -(-n // self.size))
            address, place = address_of(order), step * self.size
            words.order, words.end, words.place = address, address + 8 * len(order), place
            words.at = address + 8 * (epoch * n % len(order) + place)
        found: tuple[int, Any, Any] = self.runner.alone(self._run, p, self.captured())
        return found

    def shuffled(self, seed: str) -> Any:
        """See `Descent.shuffled`."""
        return shuffled(len(self.batch), seed)

    def _run(self, p: Any, captured: Any) -> tuple[int, Any, Any]:
        uniform, count = self.runner.uniform, self._loop.count
        uniform[:count], uniform[count : count + len(captured)] = p, captured
        return self._loop.run(), uniform[:count].copy(), self._loop.last.copy()
