"""An array program as NumPy code: matrix products and functions on whole groups, one block of samples at a time.

    W       the workspace: a row of numbers for each row, one number per sample of the block
    U       the uniform vector
    x, y    inputs and targets of the block, one row per input; s: the weight of each sample in the mean
    C       index arrays and the like, made once

The code is text, in `source`, to be read.
"""

from __future__ import annotations

from micrograd.program.array_math import function
from micrograd.program.arrays import Linear, Map, Outer, Slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.program.array_program import ArrayProgram
    from micrograd.program.arrays import Index, Operand, Step

BLOCK_BYTES = 1 << 20  # of workspace: it should stay in the cache


class NumpyCode:
    """The functions of a program, `before(U)`, `block(x, y, s, W, U)` and `after(U)`, from their source."""

    def __init__(self, program: ArrayProgram) -> None:
        import numpy as np

        self.program = program
        self.constants: list[Any] = []
        self.names: dict[str, Any] = {"np": np, "C": self.constants}
        self.block_size = max(256, min(4096, BLOCK_BYTES // (8 * max(1, program.rows)) // 16 * 16))
        lines = ["def before(U):", *self._uniform(program.before), "", "def block(x, y, s, W, U):",
                 *self._samples(), "", "def after(U):", *self._uniform(program.after)]  # fmt: skip
        self.source = "\n".join(lines) + "\n"
        exec(compile(self.source, "<program>", "exec"), self.names)
        self.before, self.block, self.after = (self.names[name] for name in ("before", "block", "after"))

    def constant(self, value: Any) -> str:
        """A name for an array."""
        self.constants.append(value)
        return f"C[{len(self.constants) - 1}]"

    def call(self, name: str) -> str:
        """A name for the function of a primitive."""
        if name not in self.names:
            self.names[name] = function(name)
        return name

    def _uniform(self, steps: list[Step]) -> list[str]:
        return [f"    {line}" for step in steps for line in self._step(step, "U", "")] or ["    pass"]

    def _samples(self) -> list[str]:
        program = self.program
        targets, weight = program.rolled.targets, program.weight
        lines = [f"W[0:{targets}] = x", f"W[{targets}:{weight}] = y", f"W[{weight}] = s"]
        for step in program.steps:
            lines += self._step(step, "W", "[:, None]")
        for one in program.sums:
            lines.append(self._sum(one))
        return [f"    {line}" for line in lines]

    def _step(self, step: Step, space: str, column: str) -> list[str]:
        made = f"{space}[{step.start}:{step.start + step.count}]"
        if isinstance(step, Map):
            operands = [self._operand(x, space, column) for x in step.operands]
            return [f"{made} = {self.call(step.op.name)}({', '.join(operands)})"]
        assert isinstance(step, Linear)
        if step.guard:
            return [f"{made} = {self.call('guarded_sum')}({space}, U, {self.constant(step.rows)}, "
                    f"{self.constant(step.slots)})"]  # fmt: skip
        bias = [] if step.bias is None else [f"{made} += {self._operand(Slots(step.bias), space, column)}"]
        factors = self._matrix(step.slots)
        if step.shared:
            rows = place(step.rows[0], self, every=True)
            return [f"np.matmul({factors}, {space}[{rows}], out={made})", *bias]
        if column:
            terms = f'np.einsum("rk,rks->rs", {factors}, {space}[{self.constant(step.rows)}])'
        else:
            terms = f"({factors} * {space}[{self.constant(step.rows)}]).sum(1)"
        return [f"{made} = {terms}", *bias]

    def _matrix(self, slots: Index) -> str:
        """The factors of a Linear step: a view of U where they stand regularly."""
        rows, columns = slots.shape
        down = int(slots[1, 0] - slots[0, 0]) if rows > 1 else columns
        start, regular = int(slots[0, 0]), down > 0
        if regular:
            import numpy as np

            regular = bool((slots == start + down * np.arange(rows)[:, None] + np.arange(columns)).all())
        if not regular or columns > down:
            return f"U[{self.constant(slots)}]"
        end = start + down * rows
        if columns == down:
            return f"U[{start}:{end}].reshape({rows}, {columns})"
        return f"np.lib.stride_tricks.as_strided(U[{start}:], ({rows}, {columns}), ({8 * down}, 8))"

    def _operand(self, operand: Operand, space: str, column: str) -> str:
        if isinstance(operand, float):
            return f"{operand!r}" if operand == operand and abs(operand) < 1e308 else f'float("{operand!r}")'
        if isinstance(operand, Slots):
            return f"U[{place(operand.index, self)}]{column}"
        return f"{space}[{place(operand.index, self)}]"

    def _sum(self, one: Any) -> str:
        slots = place(one.slots.ravel(), self)
        if one.guard and (isinstance(one, Outer) or one.right is not None):
            right = one.right if not isinstance(one, Outer) else None
            name = self.call("guarded_outer" if right is None else "guarded_pairs")
            right = one.right if right is None else right
            return f"U[{slots}] += {name}(W, {self.constant(one.left)}, {self.constant(right)}).ravel()"
        if isinstance(one, Outer):
            left, right = place(one.left, self, every=True), place(one.right, self, every=True)
            return f"U[{slots}] += np.matmul(W[{left}], W[{right}].T).ravel()"
        if one.left.shape[1] == 1:
            left = f"W[{place(one.left[:, 0], self)}]"
            if one.right is None:
                return f"U[{slots}] += {left}.sum(1)"
            return f'U[{slots}] += np.einsum("is,is->i", {left}, W[{place(one.right[:, 0], self)}])'
        left = f"W[{self.constant(one.left)}]"
        if one.right is None:
            return f"U[{slots}] += {left}.sum((1, 2))"
        return f'U[{slots}] += np.einsum("ijs,ijs->i", {left}, W[{self.constant(one.right)}])'


def place(index: Index, code: NumpyCode, *, every: bool = False) -> str:
    """An index as a slice where it is one, else as an array; equal places as one, which broadcasts, unless `every`."""
    first = int(index[0])
    if len(index) == 1 or (not every and (index == first).all()):
        return f"{first}:{first + 1}"
    step = int(index[1]) - first
    if step > 0 and (index[1:] - index[:-1] == step).all():
        return f"{first}:{int(index[-1]) + 1}" + (f":{step}" if step > 1 else "")
    return code.constant(index)
