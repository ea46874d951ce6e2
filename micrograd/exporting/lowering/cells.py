"""Cells: rows and slots of an array program in one numbering, and its steps on them, without what is known beforehand.

cell        row r is cell r, slot s is cell rows + s; what is made here has cells behind those
known       cells whose number is known: constants, held Values, what is made of such alone
alias       a cell that is another one, as of x · 1
target      a cell that receives a sum over the samples; ends: the cells that are asked for

The steps are those of the compiler, `Map`, `Linear`, `Outer` and `Pairs`, with cells in place of rows and slots.
"""

from __future__ import annotations

from copy import copy
from math import isfinite

import numpy as np

from micrograd.algebra.identities import simpler
from micrograd.compiler.arrays.steps import Linear, Map, Outer, Pairs, Rows, Slots, Sum
from micrograd.ops import ADD, MUL, SUB, TABLE, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Operand
MANY = 24  # like steps that become one, whose operands a table says


class Cells:
    """The steps of a program on cells: `once` before the samples, `steps` and `sums` for each, `after` them.

    rows        the cell of slot 0
    number, known, of   by cell: its number; whether it is known; the cell that it is an alias of, or itself
    several     targets that several sums add to; live: cells that the ends need, see `needed`
    kept        first cell of a choice that is 0 or other cells -> its cells, and those
    cut         whether a choice is known to leave out what may not be finite
    tame        first cell of a product -> its cells, and those that are multiplied by finite numbers there
    """

    def __init__(self, program: ArrayProgram) -> None:
        self.program, self.rows = program, program.rows
        size = program.rows + program.slots
        self.number, self.known, self.of = np.zeros(size), np.zeros(size, bool), np.arange(size)
        self.once: list[Any] = []
        self.steps: list[Any] = []
        self.sums: list[Any] = []
        self.after: list[Any] = []
        self.tame: dict[int, tuple[Any, Any]] = {}
        self.kept: dict[int, tuple[Any, Any]] = {}
        self.cut = False
        self.several: set[int] = set()
        self.live: set[int] = set()
        for slot, x in program.constants:
            self.know([self.rows + slot], [x])

    def know(self, cells: Any, numbers: Any) -> None:
        """These cells have these numbers."""
        self.number[cells], self.known[cells] = numbers, True

    def fresh(self, count: int) -> int:
        """The first of so many new cells."""
        start = len(self.of)
        self.number, self.known = np.append(self.number, np.zeros(count)), np.append(self.known, np.zeros(count, bool))
        self.of = np.append(self.of, np.arange(start, start + count))
        return start

    def fill(self, samples: bool) -> Cells:
        """Fill the lists, once the known leaves are told. Of one sample, not several, the short sums are steps, too."""
        program, rows = self.program, self.rows
        for step in program.before:
            self._add(self.once, step, rows)
        for step in program.steps:
            self._add(self.steps, step, 0)
        self.steps = merged(self.steps)
        for one in program.sums:
            self._add_sum(one)
        self.sums = merged_sums(self.sums)
        if not samples:
            self._single()
        for step in program.after:
            self._add(self.after, step, rows)
        return self

    # steps

    def _add(self, steps: list[Any], step: Any, first: int) -> None:
        """A step as one on cells; first: the cell of row 0."""
        if isinstance(step, Map):
            operands = [x if isinstance(x, float) else self.of[x.index + (self.rows if isinstance(x, Slots) else first)]
                        for x in step.operands]  # fmt: skip
            self.map(steps, step.op, operands, step.start + first, step.count)
        else:
            bias = None if step.bias is None else self.of[step.bias + self.rows]
            cells = self.of[step.rows + first], self.of[step.slots + self.rows], bias
            self._linear(steps, *cells, step.start + first, step.guard)

    def _uniform(self, cells: Any) -> float | None:
        """The number that all of them have, if it is known."""
        if isinstance(cells, float):
            return cells
        if not self.known[cells].all() or len({x.hex() for x in self.number[cells].ravel().tolist()}) > 1:
            return None
        return float(self.number[cells].flat[0])

    def map(self, steps: list[Any], op: Any, operands: list[Any], start: int, count: int) -> None:
        """A primitive on cells, or on numbers; made only if it is not known, and no alias."""
        own = np.arange(start, start + count)
        if all(isinstance(x, float) or self.known[x].all() for x in operands):
            columns = [[x] * count if isinstance(x, float) else self.number[x].tolist() for x in operands]
            return self.know(own, [op.forward(*args) for args in zip(*columns)])
        numbers = [self._uniform(x) for x in operands]
        if op is WHERE and numbers[0] is not None:
            other = operands[1]
            if numbers[0] == 0.0 and not isinstance(other, float) and not self._finite(other):
                self.cut = True
            return self._alias(own, operands[1 if numbers[0] != 0.0 else 2])
        if op is WHERE and self._is_tame(*operands):
            return self._alias(own, operands[1])
        if op is WHERE and isinstance(operands[2], float) and operands[2] == 0.0:
            self.kept[start] = own, operands[1]
        if op is MUL:
            for factor, x in (operands, operands[::-1]):
                if not isinstance(x, float) and self._finite(factor):
                    self.tame[start] = own, x
        found = simpler(op, tuple(operands), numbers, lambda x: None)
        if found is not None and not found[0]:
            return self._alias(own, found[1][0])
        if found is not None:
            return self.map(steps, TABLE[found[0]], list(found[1]), start, count)
        made: list[Operand] = [
            x if isinstance(x, float) else Rows(x) if number is None or (x == x[0]).all() else number
            for x, number in zip(operands, numbers)
        ]
        steps.append(Map(op, made, start, count))

    def _is_tame(self, x: Any, product: Any, otherwise: Any) -> bool:
        """Whether a choice is the guard of a product of x and finite numbers, which needs none.

        Otherwise: 0, or the product where that is 0 and else 0, as guards are that are differentiated again.
        """
        if isinstance(product, float) or not self._same(self.tame, product, x):
            return False
        return otherwise == 0.0 if isinstance(otherwise, float) else self._same(self.kept, otherwise, product)

    def _same(self, found: dict[int, tuple[Any, Any]], cells: Any, others: Any) -> bool:
        """Whether cells were made of others, as it is written down."""
        own, made_of = found.get(int(cells[0]), (None, None))
        return own is not None and np.array_equal(own, cells) and np.array_equal(made_of, others)

    def _alias(self, own: Any, x: Any) -> None:
        if isinstance(x, float):
            return self.know(own, x)
        self.of[own] = x
        self.know(own[self.known[x]], self.number[x[self.known[x]]])

    def _linear(self, steps: list[Any], rows: Index, factors: Index, bias: Any, start: int, guard: bool) -> None:
        own = np.arange(start, start + len(rows))
        if self.known[rows].all() and self.known[factors].all() and (bias is None or self.known[bias].all()):
            total = np.full(len(rows), -0.0) if bias is None else self.number[bias]
            for x, factor in zip(self.number[rows].T, self.number[factors].T):
                left_out = guard & (x == 0.0) & ~np.isfinite(factor)
                with np.errstate(all="ignore"):
                    total = total + np.where(left_out, 0.0, factor * x)
            return self.know(own, total)
        if rows.shape[1] == 1 and bias is None:
            for x, y in ((rows, factors), (factors, rows)):
                if self._uniform(x) == 1.0:
                    return self._alias(own, y[:, 0])
            return self._product(steps, rows[:, 0], factors[:, 0], start, guard and not self._finite(factors))
        sign = self._uniform(factors[:, -1])
        if rows.shape[1] > 2 and sign in (1.0, -1.0) and self._uniform(factors[:, 0]) not in (1.0, -1.0):
            first = self.fresh(len(rows))  # as in W h − y: a product of its own, then a sum
            self._linear(steps, rows[:, :-1], factors[:, :-1], bias, first, guard)
            summands = [self.of[np.arange(first, first + len(rows))], rows[:, -1]]
            return self.map(steps, ADD if sign == 1.0 else SUB, summands, start, len(rows))
        steps.append(Linear(rows, factors, bias, start, guard and not self._finite(factors)))

    def _product(self, steps: list[Any], x: Index, factor: Index, start: int, guard: bool) -> None:
        """x · factor, 0 where x is 0 if there is a guard."""
        made = self.fresh(len(x)) if guard else start
        self.map(steps, MUL, [factor, x], made, len(x))
        if guard:
            self.map(steps, WHERE, [x, self.of[np.arange(made, made + len(x))], 0.0], start, len(x))

    def _finite(self, cells: Any) -> bool:
        """Whether all of them are known, and finite."""
        if isinstance(cells, float):
            return isfinite(cells)
        return bool(self.known[cells].all() and np.isfinite(self.number[cells]).all())

    # sums

    def _add_sum(self, one: Any) -> None:
        matrix = isinstance(one, Outer) and len(one.left) > 1
        one = in_pairs(one) if isinstance(one, Outer) and not matrix else one
        left, right = self.of[one.left], None if one.right is None else self.of[one.right]
        if not matrix and right is not None and self._uniform(left) == 1.0:
            left, right = right, None
        if not matrix and right is not None and self._uniform(right) == 1.0:
            right = None
        guard = one.guard and right is not None and not self._finite(right)
        self.sums.append(one.__class__(one.slots + self.rows, left, right, guard))

    def _single(self) -> None:
        """Of one sample: a sum that is the only one of its targets is a step; only others have to be added up."""
        slots = np.concatenate([np.empty(0, np.int64), *[one.slots.ravel() for one in self.sums]])
        targets, counts = np.unique(slots, return_counts=True)
        self.several = set(targets[counts > 1].tolist())
        kept = []
        for one in self.sums:
            if isinstance(one, Outer) or self.several.intersection(one.slots.tolist()):
                kept.append(one)
                continue
            start, factors = self.fresh(len(one.slots)), one.right
            if factors is None:
                factors = np.full_like(one.left, self.fresh(1))
                self.know(factors, 1.0)
            self._linear(self.steps, one.left, factors, None, start, one.guard)
            self._alias(one.slots, self.of[np.arange(start, start + len(one.slots))])
        self.sums = kept

    # ends

    def apart(self, cells: Index) -> tuple[list[Any], list[Any]]:
        """The steps ahead of all that depends on some cells, and those that do."""
        depends = np.zeros(len(self.of), bool)
        depends[cells] = True
        ahead: list[Any] = []
        behind: list[Any] = []
        for step in [*self.once, *self.steps]:
            if any(depends[index].any() for index in read_by(step)):
                depends[step.own] = True
                behind.append(step)
            else:
                ahead.append(step)
        return ahead, behind

    def needed(self, ends: Sequence[int]) -> Cells:
        """The same with only those steps and sums that the ends need, and with `live`."""
        made, needed = copy(self), np.zeros(len(self.of), bool)
        needed[ends] = True
        for name in ("after", "sums", "steps", "once"):
            kept = []
            for step in reversed(getattr(self, name)):
                if needed[step.slots if isinstance(step, Sum) else step.own].any():
                    kept.append(step)
                    for cells in read_by(step):
                        needed[cells] = True
            setattr(made, name, kept[::-1])
        made.live = set(np.flatnonzero(needed).tolist())
        return made


def merged(steps: list[Any]) -> list[Any]:
    """The steps with one for many products with the same matrix, as of a kernel that moves over a picture."""
    made: list[Any] = []
    runs: list[list[Any]] = []
    for step in steps:
        if runs and alike(runs[-1][-1], step):
            runs[-1].append(step)
        else:
            runs.append([step])
    for run in runs:
        if len(run) < MANY:
            made += run
            continue
        bias = None if run[0].bias is None else np.concatenate([step.bias for step in run])
        rows, factors = [np.concatenate(parts) for parts in zip(*[(step.rows, step.slots) for step in run])]
        made.append(Linear(rows, factors, bias, run[0].start, run[0].guard))
    return made


def alike(before: Any, step: Any) -> bool:
    """Whether two steps, one behind the other, are products with the same matrix."""
    if not (isinstance(before, Linear) and isinstance(step, Linear)):
        return False
    if before.start + before.count != step.start or before.guard != step.guard:
        return False
    return np.array_equal(before.slots, step.slots) and (
        step.bias is None and before.bias is None or np.array_equal(before.bias, step.bias)  # type: ignore[arg-type]
    )


def merged_sums(sums: list[Any]) -> list[Any]:
    """The sums with one for many matrices that are added up in the same place."""
    found: dict[Any, list[Any]] = {}
    for one in sums:
        key = (one.slots.tobytes(), one.slots.shape, one.guard) if isinstance(one, Outer) else id(one)
        found.setdefault(key, []).append(one)
    made: list[Any] = []
    for several in found.values():
        if len(several) < MANY:
            made += several
            continue
        pairs = [in_pairs(one) for one in several]
        left, right = [np.concatenate(sides, axis=1) for sides in zip(*[(one.left, one.right) for one in pairs])]
        made.append(pairs[0].over(left, right))
    return made


def in_pairs(one: Outer) -> Any:
    """A matrix as a sum for each of its numbers."""
    left, right = np.broadcast_arrays(one.left[:, None], one.right)
    return Pairs(one.slots.ravel(), left.reshape(-1, 1), right.reshape(-1, 1), one.guard)


def read_by(step: Any) -> Sequence[Index]:
    """The cells that a step or sum reads."""
    if isinstance(step, Map):
        return step.reads()
    parts = (step.rows, step.slots, step.bias) if isinstance(step, Linear) else (step.left, step.right)
    return [x for x in parts if x is not None]
