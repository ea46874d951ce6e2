"""An array program as NumPy code: matrix products and functions on whole groups, one block of samples at a time.

    W       the workspace: a row of numbers for each place, see `arrays.memory`, one number per sample of the block
    U       the uniform vector
    x, y    inputs and targets of the block, one row per input; s: the weight of each sample in the mean
    C       index arrays and the like, made once

The code is text, in `source`, to be read.
"""

from __future__ import annotations

from micrograd.compiler.arrays.memory import NOWHERE, Places, Work
from micrograd.compiler.arrays.steps import Linear, Map, Outer, Slots, Step, reads_of
from micrograd.compiler.numpy.vocabulary import function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.differentiate import Accumulation
    from micrograd.compiler.arrays.purposes import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Operand

LARGEST_BLOCK = 4000  # and not 4096: rows that are a power of 2 apart take the same few lines of a cache
FEW_RUNS, LONG_RUN = 3, 8  # of rows in a matrix product; else they are gathered first
BLOCK_BYTES = 1 << 21  # of workspace: it should stay in the cache


class NumpyCode:
    """The functions of a program, `before(U)`, `block(x, y, s, W, U)` and `after(U)`, from their source."""

    def __init__(self, program: ArrayProgram) -> None:
        import numpy as np

        self.program = program
        self.constants: list[Any] = []
        self.names: dict[str, Any] = {"np": np, "C": self.constants}
        self.order = program.in_order()
        self.values = {id(step) for step in program.rolled.steps}  # and not adjoints, of which no sign of zero is seen
        works = [work_of(step) for step in self.order]
        self.places = Places(program.rows, program.weight + 1, works, program.outputs)
        self.inputs = program.rolled.targets
        self.copied = any(bool((index < self.inputs).any()) for index in self._read_from_memory())
        held = self.places.count - (0 if self.copied else self.inputs)
        self.block_size = max(256, min(LARGEST_BLOCK, BLOCK_BYTES // (8 * held)))
        lines = [
            "def before(U):",
            *self._uniform(program.before),
            "",
            "def block(x, y, s, W, U):",
            *self._samples(),
            "",
            "def after(U):",
            *self._uniform(program.after),
        ]
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
        lines = [f"W[0:{targets}] = x"] if self.copied else []
        lines += [f"W[{targets}:{weight}] = y", f"W[{weight}] = s"]
        for one in self.order:
            lines += self._step(one, "W", "[:, None]") if isinstance(one, Step) else [self._sum(one)]
        return [f"    {line}" for line in lines]

    def _step(self, step: Step, space: str, column: str) -> list[str]:
        start = step.start if space == "U" else int(self.places.of[step.start])
        if start == NOWHERE:
            return []
        made = f"{space}[{start}:{start + step.count}]"
        if isinstance(step, Map):
            operands = [self._operand(x, space, column) for x in step.operands]
            return [f"{self.call(step.op.name)}({', '.join(operands)}, out={made})"]
        assert isinstance(step, Linear)
        if step.guard:
            index: Any = step.rows if space == "U" else self.places.of[step.rows]
            return [
                f"{made} = {self.call('guarded_sum')}({space}, U, {self.constant(index)}, {self.constant(step.slots)})"
            ]
        bias = [] if step.bias is None else [f"{made} += {self._operand(Slots(step.bias), space, column)}"]
        factors = self._matrix(step.slots)
        if step.shared:
            values = self._matrix_of(step.rows[0]) if column else f"U[{place(step.rows[0], self, every=True)}]"
            lines = self._product(step, made) if column else [f"np.matmul({factors}, {values}, out={made})"]
        else:
            values = self._rows(step.rows) if column else f"U[{self.constant(step.rows)}]"
            terms = f'np.einsum("rk,rks->rs", {factors}, {values})' if column else f"({factors} * {values}).sum(1)"
            lines = [f"{made} = {terms}"]
        if id(step) in self.values:
            indices = f"rk,{'' if step.shared else 'r'}k{'s' * bool(column)}->r{'s' * bool(column)}"
            rare = "" if step.bias is None else f"U[{place(step.bias, self)}].all() or "
            fix = f'{self.call("sign_zeros")}({made}, "{indices}", {factors}, {values})'
            lines.append(f"if not ({rare}{made}.all()): {fix}")
        return lines + bias

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
        if end <= self.program.slots:
            return f"U[{start}:{end}].reshape({rows}, {down})[:, :{columns}]"
        return f"np.lib.stride_tricks.as_strided(U[{start}:], ({rows}, {columns}), ({8 * down}, 8))"

    def _operand(self, operand: Operand, space: str, column: str) -> str:
        if isinstance(operand, float):
            return f"{operand!r}" if operand == operand and abs(operand) < 1e308 else f'float("{operand!r}")'
        if isinstance(operand, Slots):
            return f"U[{place(operand.index, self)}]{column}"
        return f"U[{place(operand.index, self)}]" if space == "U" else self._rows(operand.index)

    def _rows(self, index: Index, *, every: bool = False) -> str:
        """Rows of the workspace."""
        places = self.places.of[index]
        return f"W[{place(places, self, every=every) if index.ndim == 1 else self.constant(places)}]"

    def _product(self, step: Linear, made: str) -> list[str]:
        """A matrix product: one for each run of neighbouring rows if those are few, so that no rows are gathered."""
        import numpy as np

        runs = np.split(np.arange(step.rows.shape[1]), np.flatnonzero(np.diff(self.places.of[step.rows[0]]) != 1) + 1)
        if len(runs) > FEW_RUNS or max(map(len, runs)) < LONG_RUN:
            runs = [np.arange(step.rows.shape[1])]
        factors = [
            (self._matrix(step.slots[:, run]), self._matrix_of(step.rows[0, run]))
            for run in sorted(runs, key=len, reverse=True)
        ]
        lines = [f"np.matmul({factors[0][0]}, {factors[0][1]}, out={made})"]
        return lines + [f"{made} += np.matmul({matrix}, {rows})" for matrix, rows in factors[1:]]

    def _products_of(self, left: Index, right: Index) -> str:
        """Sums over the samples of left row · right row; with one row for all it is a matrix times a vector."""
        for one, others in ((left, right), (right, left)):
            if (one == one[0]).all():
                return f"np.matmul({self._rows(others, every=True)}, W[{self.places.of[one[0]]}])"
        return f'np.einsum("is,is->i", {self._rows(left)}, {self._rows(right)})'

    def _matrix_of(self, index: Index) -> str:
        """Rows as a factor of a matrix product, for which neighbouring inputs need not be copied."""
        if not self.copied and self._straight(index):
            return f"x[{index[0]}:{index[-1] + 1}]"
        return self._rows(index, every=True)

    def _straight(self, index: Index) -> bool:
        return bool(index.max() < self.inputs and (index[1:] - index[:-1] == 1).all())

    def _read_from_memory(self) -> list[Index]:
        """All that steps and sums read from the workspace, outputs too."""
        found = [] if self.program.outputs is None else [self.program.outputs]
        for step in self.order:
            straight = (isinstance(step, Outer) or isinstance(step, Linear) and step.shared) and not step.guard
            found += [index for index in reads_of(step) if not (straight and self._straight(index))]
        return found

    def _sum(self, one: Any) -> str:
        slots = place(one.slots.ravel(), self)
        if one.guard and (isinstance(one, Outer) or one.right is not None):
            right = one.right if not isinstance(one, Outer) else None
            name = self.call("guarded_outer" if right is None else "guarded_pairs")
            left, right = self.places.of[one.left], self.places.of[one.right if right is None else right]
            return f"U[{slots}] += {name}(W, {self.constant(left)}, {self.constant(right)}).ravel()"
        if isinstance(one, Outer):
            left, right = self._matrix_of(one.left), self._matrix_of(one.right)
            return f"U[{slots}] += np.matmul({left}, {right}.T).ravel()"
        if one.left.shape[1] == 1:
            left = self._rows(one.left[:, 0])
            if one.right is None:
                return f"U[{slots}] += {left}.sum(1)"
            return f"U[{slots}] += {self._products_of(one.left[:, 0], one.right[:, 0])}"
        left = self._rows(one.left)
        if one.right is None:
            return f"U[{slots}] += {left}.sum((1, 2))"
        return f'U[{slots}] += np.einsum("ijs,ijs->i", {left}, {self._rows(one.right)})'


def work_of(step: Step | Accumulation) -> Work:
    """What a step or a sum reads and makes."""
    if isinstance(step, Step):
        return Work(reads_of(step), [step], step.count if isinstance(step, Map) else None)
    return Work(reads_of(step), [])


def place(index: Index, code: NumpyCode, *, every: bool = False) -> str:
    """An index as a slice where it is one, else as an array; equal places as one, which broadcasts, unless `every`."""
    first = int(index[0])
    if len(index) == 1 or (not every and (index == first).all()):
        return f"{first}:{first + 1}"
    step = int(index[1]) - first
    if step > 0 and (index[1:] - index[:-1] == step).all():
        return f"{first}:{int(index[-1]) + 1}" + (f":{step}" if step > 1 else "")
    return code.constant(index)
