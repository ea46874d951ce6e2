"""An array program as NumPy code: matrix products and functions on whole groups, one block of samples at a time.

    W       the workspace: a row of numbers for each place, see `scheduling.buffers`, one number per sample of the block
    U       the uniform vector
    x, y    inputs and targets of the block, one row per input; s: the weight of each sample in the mean
    C       index arrays and the like, made once
    A0, b0  views of U as a matrix and as a column; W_4_20 is W[4:20], and so on

The code is text, in `source`, to be read: views, which are made once for a number of samples, since with few samples
making them takes as long as computing, and functions. What a function makes it writes into its last argument.
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.gather import Gather, Scatter
from micrograd.compiler.arrays.passes import through
from micrograd.compiler.arrays.scheduling.buffers import NOWHERE, allocate
from micrograd.compiler.arrays.scheduling.order import in_order
from micrograd.compiler.arrays.steps import Linear, Map, Slots
from micrograd.compiler.arrays.symbols import expanded
from micrograd.compiler.numpy.names import Names
from micrograd.compiler.numpy.vocabulary import VOCABULARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.arrays.passes import Pass
    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.scheduling.buffers import Buffers
    from micrograd.compiler.arrays.steps import Index, Operand


def expand(program: ArrayProgram) -> ArrayProgram:
    """The program with the definitions of primitives that NumPy lacks."""
    return expanded(program, VOCABULARY)


PASSES: list[Pass] = [expand, in_order, allocate]
LARGEST_BLOCK = 4000  # and not 4096: rows that are a power of 2 apart take the same few lines of a cache
FEW_RUNS, LONG_RUN = 3, 8  # of rows in a matrix product; else they are gathered first
BLOCK_BYTES = 1 << 21  # of workspace: it should stay in the cache


class NumpyCode:
    """The code of a program, as text and ready to run.

    passes      those that the program went through
    places      where the rows stand in W; block_size: the most samples of a block
    """

    def __init__(self, source: str, names: dict[str, Any], places: Buffers, block_size: int) -> None:
        self.source, self.passes, self.places, self.block_size = source, PASSES, places, block_size
        self._code, self._names = compile(source, "<program>", "exec"), names

    def on(self, W: np.ndarray, U: np.ndarray) -> list[Callable[..., None]]:
        """The functions `before()`, `block(x, y, s)` and `after()`, for a workspace and a uniform vector."""
        known = {**self._names, "W": W, "U": U}
        exec(self._code, known)
        return [known.pop(name) for name in ("before", "block", "after")]  # so that there is no cycle


def numpy_code(program: ArrayProgram) -> NumpyCode:
    """The code of a program, made by Python from its source."""
    program = through(PASSES, program)
    places, inputs, names = program.buffers, program.targets, Names()
    assert places is not None
    copied = any(bool((index < inputs).any()) for index in read_from_memory(program))
    uniform, samples = Uniform(program, names), Samples(program, names, places, copied)
    before = [line for step in program.before for line in uniform.step(step)]
    block = samples.all()
    after = [line for step in program.after for line in uniform.step(step)]
    heads = {"def before():": before, "def block(x, y, s):": block, "def after():": after}
    texts = ["\n".join([f"{name} = {view}" for view, name in names.views.items()])]
    texts += ["\n    ".join([head, *(lines or ["pass"])]) for head, lines in heads.items()]
    source = "\n\n".join(texts) + "\n"
    held = places.count - (0 if copied else inputs)
    block_size = max(256, min(LARGEST_BLOCK, BLOCK_BYTES // (8 * held)))
    return NumpyCode(source, names.known, places, block_size)


class Uniform:
    """Writes steps on slots, in U: lines of Python.

    column      whether numbers of U stand below each other beside what the steps make
    axis        einsum's letter for the samples, if any
    """

    space, column, axis = "U", False, ""

    def __init__(self, program: ArrayProgram, names: Names) -> None:
        self.program, self.names = program, names
        values = program.steps[: program.forward]  # and not adjoints, of which no sign of zero is seen
        self.values = {id(step) for step in values}

    def place_of(self, index: Any) -> Any:
        """Where rows, or one row, stand in the space."""
        return index

    def step(self, step: Any) -> list[str]:
        """The lines of a step; none if nobody reads it."""
        start = int(self.place_of(step.start))
        if start == NOWHERE:
            return []
        made = self.names.view(f"{self.space}[{start}:{start + step.count}]")
        if isinstance(step, Gather):
            return [f"{made}[...] = {self._entries(step)}"]
        if isinstance(step, Map):
            operands = [self._operand(x) for x in step.operands]
            return [f"{self.names.call(step.op.name)}({', '.join([*operands, made])})"]
        if step.guard:
            index, name = self.place_of(step.rows), self.names.call("guarded_sum")
            arguments = f"{self.space}, U, {self.names.constant(index)}, {self.names.constant(step.slots)}"
            return [f"{made}[...] = {name}({arguments})"]
        bias = [] if step.bias is None else [self._add(made, self._operand(Slots(step.bias)))]
        return self._sums(step, made) + bias

    def _add(self, total: str, more: str) -> str:
        """A line that adds to a view."""
        return f"{self.names.call('add')}({total}, {more}, {total})"

    def _sums(self, step: Linear, made: str) -> list[str]:
        """Sums of products; one that is 0 may have to be −0."""
        factors = self._matrix(step.slots)
        if step.shared:
            values = self._matrix_of(step.rows[0])
            lines = self._product(step, made, factors, values)
        else:
            values = self._rows(step.rows)
            lines = [self._table(factors, values, made)]
        if id(step) in self.values:
            indices = f"rk,{'' if step.shared else 'r'}k{self.axis}->r{self.axis}"
            fix = f'{self.names.call("sign_zeros")}({made}, "{indices}", {factors}, {values})'
            often = "" if step.bias is None else "unbiased and "
            lines.append(f"if {often}{self.names.call('any_zero')}({made}): {fix}")
        return lines

    def _entries(self, step: Gather) -> str:
        """What the samples take from a table: rows of a view of U where it stands regularly."""
        places, matrix = self._indices(step.index), self._matrix(step.slots.T)
        if "C[" in matrix:
            return f"U[{self.names.constant(step.slots)}[:, {places}]]"
        return f"{matrix}[{places}].T"

    def _indices(self, index: Index) -> str:
        """A row of indices as whole numbers."""
        return f"{self.space}[{self.place_of(index[0])}].astype(int)"

    def _product(self, step: Linear, made: str, factors: str, values: str) -> list[str]:
        """Sums over the same rows: a matrix product."""
        return [f"np.matmul({factors}, {values}, {made})"]

    def _table(self, factors: str, values: str, made: str) -> str:
        """Sums each over rows of its own."""
        return f"np.add.reduce({factors} * {values}, 1, None, {made})"

    def _matrix(self, slots: Index) -> str:
        """The factors of a Linear step: a view of U where they stand regularly."""
        rows, columns = slots.shape
        down = int(slots[1, 0] - slots[0, 0]) if rows > 1 else columns
        start = int(slots[0, 0])
        regular = start + down * np.arange(rows)[:, None] + np.arange(columns)
        if not 0 < columns <= down or not (slots == regular).all():
            return f"U[{self.names.constant(slots)}]"
        end = start + down * rows
        if columns == down:
            view = f"U[{start}:{end}].reshape({rows}, {columns})"
        elif end <= self.program.slots:
            view = f"U[{start}:{end}].reshape({rows}, {down})[:, :{columns}]"
        else:
            view = f"np.lib.stride_tricks.as_strided(U[{start}:], ({rows}, {columns}), ({8 * down}, 8))"
        return self.names.view(view, "A")

    def _operand(self, operand: Operand) -> str:
        if isinstance(operand, float):
            return f"{operand!r}" if operand == operand and abs(operand) < 1e308 else f'float("{operand!r}")'
        if isinstance(operand, Slots):
            places = self.names.places(operand.index)
            if places.startswith("C"):
                return f"U[{places}]" + "[:, None]" * self.column
            return self.names.view(f"U[{places}, None]", "b") if self.column else self.names.view(f"U[{places}]")
        return self._rows(operand.index)

    def _rows(self, index: Index, *, every: bool = False) -> str:
        places = self.names.places(self.place_of(index), every=every)
        text = f"{self.space}[{places}]"
        return text if places.startswith("C") else self.names.view(text)

    def _matrix_of(self, index: Index) -> str:
        """Rows as a factor of a matrix product."""
        return self._rows(index, every=True)


class Samples(Uniform):
    """Writes steps on the rows of a block, in W, and the sums over its samples.

    copied      whether the inputs are copied into the workspace, since something reads them there
    """

    space, column, axis = "W", True, "s"

    def __init__(self, program: ArrayProgram, names: Names, places: Buffers, copied: bool) -> None:
        super().__init__(program, names)
        self.of, self.copied = places.of, copied

    def place_of(self, index: Any) -> Any:
        """See `Buffers`."""
        return self.of[index]

    def all(self) -> list[str]:
        """The lines of steps and sums."""
        targets, weight = self.program.targets, self.program.weight
        lines = [f"W[0:{targets}] = x"] if self.copied else []
        lines += [f"W[{targets}:{weight}] = y", f"W[{weight}] = s"]
        values = self.program.steps[: self.program.forward]
        biases = [step.bias for step in values if isinstance(step, Linear) and step.bias is not None]
        if biases:  # one that is not 0 hides the sign of a zero
            places = self.names.places(np.concatenate(biases), every=True)
            lines.append(f"unbiased = {self.names.call('any_zero')}(U[{places}])")
        for one in self.program.order:
            lines += self.step(one) if one.count else [self._sum(one)]
        return lines

    def _product(self, step: Linear, made: str, factors: str, values: str) -> list[str]:
        """A matrix product: one for each run of neighbouring rows if those are few, so that no rows are gathered."""
        runs = np.split(np.arange(step.rows.shape[1]), np.flatnonzero(np.diff(self.of[step.rows[0]]) != 1) + 1)
        if len(runs) > FEW_RUNS or max(map(len, runs)) < LONG_RUN:
            runs = [np.arange(step.rows.shape[1])]
        parts = [
            (self._matrix(step.slots[:, run]), self._matrix_of(step.rows[0, run]))
            for run in sorted(runs, key=len, reverse=True)
        ]
        lines = [f"np.matmul({parts[0][0]}, {parts[0][1]}, {made})"]
        return lines + [self._add(made, f"np.matmul({matrix}, {rows})") for matrix, rows in parts[1:]]

    def _table(self, factors: str, values: str, made: str) -> str:
        return f'{made}[...] = np.einsum("rk,rks->rs", {factors}, {values})'

    def _matrix_of(self, index: Index) -> str:
        """Rows as a factor of a matrix product, for which neighbouring inputs need not be copied."""
        if not self.copied and straight(index, self.program.targets):
            return "x" if len(index) == self.program.targets else f"x[{index[0]}:{index[-1] + 1}]"
        return super()._matrix_of(index)

    def _products_of(self, left: Index, right: Index) -> str:
        """Sums over the samples of left row · right row; with one row for all it is a matrix times a vector."""
        for one, others in ((left, right), (right, left)):
            if (one == one[0]).all():
                return f"np.matmul({self._rows(others, every=True)}, {self.names.view(f'W[{self.of[one[0]]}]')})"
        return f'np.einsum("is,is->i", {self._rows(left)}, {self._rows(right)})'

    def _sum(self, one: Any) -> str:
        if isinstance(one, Scatter):  # += would add once to a slot that several samples have
            slots = f"{self.names.constant(one.slots)}[:, {self._indices(one.right)}]"
            return f"np.add.at(U, {slots}, {self._rows(one.left, every=True)})"
        slots = self.names.places(one.slots.ravel())
        more = self._guarded(one) if one.guard and one.right is not None else self._plain(one)
        return f"U[{slots}] += {more}" if slots.startswith("C") else self._add(self.names.view(f"U[{slots}]"), more)

    def _guarded(self, one: Any) -> str:
        name = self.names.call("guarded_outer" if one.shared else "guarded_pairs")
        left, right = self.of[one.left], self.of[one.right]
        return f"{name}(W, {self.names.constant(left)}, {self.names.constant(right)}).ravel()"

    def _plain(self, one: Any) -> str:
        if one.shared:
            left, right = self._matrix_of(one.left), self._matrix_of(one.right)
            return f"np.matmul({left}, {right}.T).ravel()"
        if one.left.shape[1] == 1:
            if one.right is None:
                return f"np.add.reduce({self._rows(one.left[:, 0])}, 1)"
            return self._products_of(one.left[:, 0], one.right[:, 0])
        left = self._rows(one.left)
        if one.right is None:
            return f"{left}.sum((1, 2))"
        return f'np.einsum("ijs,ijs->i", {left}, {self._rows(one.right)})'


def read_from_memory(program: ArrayProgram) -> list[Index]:
    """All that steps and sums read from the workspace, outputs too."""
    found = [] if program.outputs is None else [program.outputs]
    for step in program.order:
        product = step.shared and not step.guard
        found += [index for index in step.reads() if not (product and straight(index, program.targets))]
    return found


def straight(index: Index, inputs: int) -> bool:
    """Whether these rows are neighbouring inputs."""
    return bool(index.max() < inputs and (index[1:] - index[:-1] == 1).all())
