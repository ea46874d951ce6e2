"""Lowering: steps on cells become statements, groups as loops over arrays, single cells as formulas.

home        the array in which a cell stands, and its place there; a cell without one is a formula, by a name
block       a loop of so many rounds, or single statements; steps that line up share a loop
lined up    round r of the loop makes what round r needs
regular     cells that one item of an array can name, by the variables of loops
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from micrograd.compiler.arrays.steps import Linear, Map, Outer, Pairs, Rows
from micrograd.exporting.cells import Cells, read_by
from micrograd.exporting.statements import (
    Add,
    Apply,
    Array,
    Expression,
    For,
    If,
    Item,
    Let,
    Looked,
    Name,
    Number,
    Place,
    Statement,
    Store,
    Table,
)
from micrograd.exporting.tidying import UNNAMED

FEWEST = 4  # rows of a loop; fewer are better read as formulas
FEWEST_PRODUCTS = 8  # of a matrix
MOST_FORMULAS = 64  # a step is rather written as so many than by a table of places
ROW, TERM = "i", "k"  # variables


class Home:
    """An array in which cells stand; `ahead`: what stands ahead of a place in it, factors of the loop over samples.

    local       it is made in this function, once it is declared; clean: what is stored there is no −0
    zeroed      it begins with zeros, and is added to
    """

    def __init__(
        self, name: str, size: int, ahead: tuple[tuple[str, int], ...] = (), local: bool = False, clean: bool = False
    ) -> None:
        self.name, self.size, self.ahead, self.local, self.clean = name, size, ahead, local, clean
        self.zeroed = self.declared = False

    def item(self, offset: int, factors: tuple[tuple[str, int], ...] = ()) -> Item:
        """One of its items."""
        return Item(self.name, Place(offset, (*self.ahead, *[one for one in factors if one[1]])))


class Block:
    """A loop of `count` rounds, or single statements where that is 0. before: what stands ahead of it.

    made        number of the first cell of a step -> (its cells, the name of that which this round makes)
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.before: list[Statement] = []
        self.body: list[Statement] = []
        self.made: dict[int, tuple[Any, Expression]] = {}


class Tables:
    """The tables of a module: of numbers, and of places."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.found: dict[Any, Table] = {}
        self.counts: dict[str, int] = {}

    def keep(self, wish: str, numbers: np.ndarray) -> Table:
        """The table of these numbers."""
        key = numbers.tobytes(), numbers.shape
        if key not in self.found:
            self.counts[wish] = self.counts.get(wish, 0) + 1
            name = f"{self.prefix}_{wish}_{self.counts[wish]}"
            whole = numbers.dtype.kind == "i"
            self.found[key] = Table(name, numbers.ravel().tolist(), numbers.shape, whole)
        return self.found[key]


class Lowering:
    """Writes the statements of one function.

    home, place     by cell: number of its home, −1 without one; its place there
    formula         cell -> the step that makes it by itself, and which of its rows it is
    position        by cell: the number of the block that makes it, −1 of what is there before
    expressions     cell -> what stands for it
    ahead           what stands ahead of all blocks: numbers and arguments by their labels, zeros
    wanted          number of a home -> by cell: the place where it is wanted, too, or −1; by place: what is there as yet
    written         cell -> the cell of its first operand, as the user wrote it, where the order does not matter
    labels          cell -> the name that the user's label makes
    """

    def __init__(self, cells: Cells, tables: Tables, take: Any, labels: dict[int, str], written: dict[int, Any]) -> None:
        self.cells, self.tables, self.take, self.labels, self.written = cells, tables, take, labels, written
        size = len(cells.of)
        self.homes: list[Home] = []
        self.home, self.place = np.full(size, -1), np.zeros(size, np.int64)
        self.position = np.full(size, -1)
        self.formula: dict[int, tuple[Any, int]] = {}
        self.expressions: dict[int, Expression] = {}
        self.ahead: list[tuple[int, Statement]] = []  # with a number that says in which order they stand
        self.blocks: list[Block] = []
        self.count = 0
        self.wanted: dict[int, tuple[Any, Any]] = {}

    def settle(self, home: Home, cells: Any, places: Any = None) -> int:
        """Cells stand in a home, at these places, or in its order; its number."""
        self.homes.append(home)
        self.home[cells] = len(self.homes) - 1
        self.place[cells] = np.arange(len(cells)) if places is None else places
        return len(self.homes) - 1

    # what stands for cells

    def regular(self, cells: Any) -> bool:
        """Whether an item can name these cells; where they stand in no order, only if they are many."""
        flat = cells.ravel()
        if (flat == flat[0]).all() or self.cells.known[flat].all():
            return True
        home = self.home[flat]
        return bool(home[0] >= 0 and (home == home[0]).all()) and (len(flat) > FEWEST or fitted(self.place[cells]) is not None)

    def item(self, cells: Any, *variables: str, wish: str = "numbers") -> Expression:
        """What stands for regular cells in loops of these variables."""
        flat = cells.ravel()
        if (flat == flat[0]).all():
            return self.one(int(flat[0]))
        if self.cells.known[flat].all():
            numbers = self.cells.number[cells]
            if len(set(map(float.hex, numbers.ravel().tolist()))) == 1:
                return Number(float(numbers.flat[0]))
            if (self.home[flat] < 0).any() or (self.home[flat] != self.home[flat[0]]).any():
                table = self.tables.keep(wish, numbers)
                new = self.home[flat] < 0
                self.settle(Home(table.name, len(flat)), flat[new], np.flatnonzero(new))
                return Item(table.name, row_major(cells.shape, variables))
        if self.home[flat[0]] < 0 or (self.home[flat] != self.home[flat[0]]).any():
            raise RuntimeError("a fault of micrograd's export: cells of one loop stand in several places")
        home, fit = self.homes[self.home[flat[0]]], fitted(self.place[cells])
        if fit is not None:
            return home.item(fit[0], tuple(zip(variables, fit[1:])))
        table = self.tables.keep("places", self.place[cells])
        return Item(home.name, Looked(table.name, row_major(cells.shape, variables), Place(0, home.ahead)))

    def one(self, cell: int) -> Expression:
        """What stands for a single cell."""
        if cell not in self.expressions:
            known, home = bool(self.cells.known[cell]), self.homes[self.home[cell]]
            x: Expression = Number(float(self.cells.number[cell])) if known else home.item(int(self.place[cell]))
            if cell not in self.labels or not known and (home.local or home.ahead or self.position[cell] >= 0):
                return x
            name = self.take(self.labels[cell])
            self.ahead.append((-1 if known else cell, Let(name, x)))
            self.expressions[cell] = Name(name)
        return self.expressions[cell]

    def fresh(self, letter: str) -> str:
        """A name that nothing has as yet."""
        self.count += 1
        return f"{UNNAMED}{letter}{self.count}"

    # loops or formulas

    def settle_steps(self, steps: list[Any], live: set[int]) -> list[Any]:
        """Say of each step whether it is a loop, whose cells get a home, or formulas. The loops, with what they gather."""
        loops: list[Any] = []
        for step in steps:
            if self.loops(step, loops):
                if isinstance(step, Linear):  # tables are numbered in the order of the layers
                    self.item(step.slots, ROW, TERM, wish="weights")
                    if step.bias is not None:
                        self.item(step.bias, ROW, wish="biases")
                if step.count == 1 and isinstance(step, Linear):
                    self.home[step.own] = -1
                elif (self.home[step.own] < 0).any() or (self.home[step.own] != self.home[step.own[0]]).any():
                    self.settle(Home(self.fresh("h"), step.count, local=True), step.own)
                loops.append(step)
            else:
                self.home[step.own] = -1
                self.formula.update({cell: (step, r) for r, cell in enumerate(step.own.tolist()) if cell in live})
        return loops

    def loops(self, step: Any, loops: list[Any]) -> bool:
        """Whether a step is written as a loop."""
        if not self.labels.keys().isdisjoint(step.own.tolist()) and step.count <= MOST_FORMULAS:
            return False
        if isinstance(step, Map):
            return step.count >= FEWEST and all(map(self.regular, read_by(step)))
        rows = step.rows[0] if step.shared else step.rows
        if step.rows.size < FEWEST_PRODUCTS or not self.regular(step.slots):
            return False
        if not self.regular(rows):
            if not step.shared or step.count == 1 and rows.size <= MOST_FORMULAS:
                return False
            step.rows = np.tile(self.gathered(rows, loops), (step.count, 1))
        return step.bias is None or self.regular(step.bias)

    def settle_sum(self, one: Any, loops: list[Any]) -> Any:
        """The sum, as a loop over rows and columns only if they are many; of what stands side by side."""
        sides = one.left, one.right
        if not isinstance(one, Outer):
            return one
        if one.slots.size >= FEWEST_PRODUCTS and self.regular(one.slots):
            if all(map(self.regular, sides)) or one.slots.size > MOST_FORMULAS:
                sides = tuple([x if self.regular(x) else self.gathered(x, loops) for x in sides])
                return one.over(*sides)
        left, right = np.broadcast_arrays(one.left[:, None], one.right)
        return Pairs(one.slots.ravel(), left.reshape(-1, 1), right.reshape(-1, 1), one.guard)

    def gathered(self, cells: Any, loops: list[Any]) -> Any:
        """Cells that stand side by side, as copies of others."""
        start = self.cells.fresh(len(cells))
        own = np.arange(start, start + len(cells))
        self.home = np.append(self.home, np.full(len(cells), -1))
        self.place = np.append(self.place, np.zeros(len(cells), np.int64))
        self.position = np.append(self.position, np.full(len(cells), -1))
        self.settle(Home(self.fresh("g"), len(cells), local=True), own)
        loops.append(Copies(cells, start))
        return own

    # order

    def write(self, steps: list[Any], sums: list[Any], ends: Iterable[int], live: set[int], into: bool) -> None:
        """Write the statements of steps and sums, each after what it needs, as far as the ends need them.

        into    sums are added to what stands there
        """
        self.blocks.append(Block(0))
        loops = self.settle_steps(steps, live)
        sums = [self.settle_sum(one, loops) for one in sums]
        maker: dict[int, Any] = {cell: cell for cell in self.formula if cell not in self.expressions}
        for step in loops:
            maker.update(dict.fromkeys(step.own.tolist(), step))
        for one in ordered([*map(int, ends), *sums], maker, self.formula):
            if isinstance(one, int):
                self.single(one)
            elif isinstance(one, Map):
                self.map(one)
            elif isinstance(one, Linear):
                self.linear(one)
            elif isinstance(one, Copies):
                self.copies(one)
            else:
                self.sum(one, into)

    def block(self, count: int, earliest: int) -> int:
        """The number of the first block of so many rounds that does not stand before another."""
        last = len(self.blocks) - 1
        candidates = range(earliest, last + 1) if count else [last] if last >= earliest else []
        for number in candidates:
            if self.blocks[number].count == count:
                return number
        self.blocks.append(Block(count))
        return last + 1

    def placed(self, count: int, aligned: Sequence[Any], others: Sequence[Any]) -> tuple[int, list[Expression]]:
        """The block for a loop that reads some cells in the order of its rounds, and others; what stands for the former."""
        found = -1
        for cells in others:
            found = max(found, int(self.position[cells].max()) + 1)
        for cells in aligned:
            last = int(self.position[cells].max())
            lined = last >= 0 and self.blocks[last].count == count and self.lined_up(self.blocks[last], cells) is not None
            found = max(found, last + (not lined))
        number = self.block(count, max(found, 0))
        made = self.blocks[number]
        return number, [self.lined_up(made, cells) or self.item(cells, ROW) for cells in aligned]

    def lined_up(self, block: Block, cells: Any) -> Expression | None:
        """What stands for these cells, round by round, in a block that makes them."""
        own, name = block.made.get(int(cells[0]), (None, None))
        return name if own is not None and np.array_equal(own, cells) else None

    # statements

    def single(self, cell: int) -> None:
        """The formula of a cell."""
        step, r = self.formula[cell]
        parts: list[Statement] = []
        if isinstance(step, Map):
            operands = [x if isinstance(x, float) else int(x.index[r]) for x in step.operands]
            operands = self.in_order(step, operands, cell)
            expression: Expression = Apply(step.op.name, tuple(map(self.operand, operands)))
        else:
            terms = [(self.one(int(f)), self.one(int(x))) for f, x in zip(step.slots[r], step.rows[r])]
            parts, expression = self.total(None if step.bias is None else self.one(int(step.bias[r])), terms, step.guard)
        needed = [int(cells[r].max()) for cells in self.positions(step)]
        number = self.block(0, max([0, *needed]))
        body, label = self.blocks[number].body, self.labels.get(cell, "")
        name = self.take(label) if label else self.fresh("v")
        body += [*parts, Let(name, expression)]
        self.expressions[cell], self.position[cell] = Name(name), number

    def positions(self, step: Any) -> list[Any]:
        """The blocks of what each row of a step reads."""
        return [self.position[cells].reshape(len(cells), -1).max(1) for cells in read_by(step)]

    def operand(self, x: float | int) -> Expression:
        """A number, or what stands for a cell."""
        return Number(x) if isinstance(x, float) else self.one(x)

    def in_order(self, step: Map, operands: list[Any], cell: int) -> list[Any]:
        """The operands as the user wrote them, where their order does not matter; else a number stands first."""
        if not step.op.commutative:
            return operands
        first = self.written.get(cell)
        swapped = first is not None and first == operands[1] and first.__class__ is operands[1].__class__
        return operands[::-1] if swapped else operands

    def total(self, bias: Expression | None, terms: Sequence[Any], guard: bool) -> tuple[list[Statement], Expression]:
        """bias + Σ factor · x, with statements for what would be too long."""
        statements: list[Statement] = []
        total = bias
        for place, (factor, x) in enumerate(terms):
            negative = isinstance(factor, Number) and factor.value < 0.0
            factor = Number(-factor.value) if negative else factor
            product = x if factor == Number(1.0) else Apply("mul", (factor, x))
            product = Apply("where", (x, product, Number(0.0))) if guard and product != x else product
            if total is None:
                total = Apply("neg", (product,)) if negative else product
            else:
                total = Apply("sub" if negative else "add", (total, product))
            if place % FEWEST == FEWEST - 1 and place + 1 < len(terms):
                name = self.fresh("v")
                statements.append(Let(name, total))
                total = Name(name)
        return statements, total  # type: ignore[return-value]

    def finish(self, step: Any, number: int, expression: Expression) -> None:
        """What a round of a block makes of a step: a name, and an item of its home."""
        block, name = self.blocks[number], self.fresh("v")
        block.body.append(Let(name, expression))
        block.made[step.start] = step.own, Name(name)
        self.position[step.own] = number
        self.store(block, step.own, Name(name))

    def store(self, block: Block, cells: Any, x: Expression) -> None:
        """Store what a round makes where its cells stand."""
        home = self.homes[self.home[cells[0]]]
        self.declare(home, block)
        target: Any = self.item(cells, ROW)
        block.body.append(Store(target, x))
        for number, (places, there) in self.wanted.items():
            fit = fitted(places[cells]) if (places[cells] >= 0).all() else None
            if fit is not None:
                result = self.homes[number]
                block.body.append(Store(result.item(fit[0], ((ROW, fit[1]),)), self.clean(result, x)))
                there[places[cells]] = True

    def declare(self, home: Home, block: Block) -> None:
        """A local array is made ahead of the block that stores to it first."""
        if home.local and not home.declared:
            block.before.append(Array(home.name, home.size))
            home.declared = True

    def map(self, step: Map) -> None:
        """A primitive on every row."""
        cells = [x.index for x in step.operands if isinstance(x, Rows)]
        number, items = self.placed(step.count, cells, [])
        parts = iter(items)
        operands: list[Any] = [Number(x) if isinstance(x, float) else next(parts) for x in step.operands]
        first = self.written.get(step.start)
        given = [x if isinstance(x, float) else int(x.index[0]) for x in step.operands]
        if step.op.commutative and first is not None and first == given[1]:
            operands = operands[::-1]
        self.finish(step, number, Apply(step.op.name, tuple(operands)))

    def linear(self, step: Linear) -> None:
        """Sums of products, row by row, or where the factors of a term stand side by side term by term."""
        home = self.home[step.slots]
        fit = fitted(self.place[step.slots]) if home[0, 0] >= 0 and (home == home[0, 0]).all() else None
        across = fit is not None and abs(fit[1]) == 1 < abs(fit[2]) and step.shared and step.bias is None
        if across and step.rows.shape[1] > 1 and not self.cells.known[step.rows].any():
            return self.by_terms(step)
        rows = step.rows[0] if step.shared else step.rows
        bias = [] if step.bias is None else [step.bias]
        number, starts = self.placed(step.count if step.count > 1 else 0, bias, [step.rows, step.slots])
        x = self.item(rows, TERM) if step.shared else self.item(rows, ROW, TERM)
        factor = self.item(step.slots, ROW, TERM, wish="weights")
        name = self.fresh("total")
        product: Expression = x if factor == Number(1.0) else Apply("mul", (factor, x))
        if step.guard:
            product = Apply("where", (x, product, Number(0.0)))
        start = starts[0] if starts else Number(-0.0)
        body = self.blocks[number].body
        body.append(Let(name, start, changes=True))
        body.append(For(TERM, step.rows.shape[1], [Add(Name(name), product)]))
        self.position[step.own] = number
        if step.count == 1:
            self.expressions[step.start] = Name(name)
            return
        self.blocks[number].made[step.start] = step.own, Name(name)
        self.store(self.blocks[number], step.own, Name(name))

    def by_terms(self, step: Linear) -> None:
        """Add each term to all rows, in the loop that makes the terms."""
        number, [x] = self.placed(step.rows.shape[1], [step.rows[0]], [step.slots])
        factor = self.item(step.slots.T, ROW, TERM, wish="weights")
        block = self.blocks[number]
        self.clear(step.own, block if self.homes[self.home[step.start]].local else None)
        target: Any = self.item(step.own, TERM)
        inner = For(TERM, step.count, [Add(target, Apply("mul", (factor, x)))])
        block.body.append(If(x, [inner]) if step.guard else inner)
        self.position[step.own] = number

    def clear(self, cells: Any, block: Block | None = None) -> Home:
        """Zeros where sums are to go, ahead of a block or of all; where that is."""
        home = self.homes[self.home[cells.flat[0]]]
        if not home.zeroed:
            before = block.before if block else []
            if home.local:
                before.append(Array(home.name, home.size, zero=True))
            else:
                before.append(For(ROW, home.size, [Store(home.item(0, ((ROW, 1),)), Number(0.0))]))
            self.ahead += [] if block else [(len(self.home), one) for one in before]
        home.zeroed = home.declared = True
        return home

    def copies(self, step: Copies) -> None:
        """Cells side by side."""
        number = self.block(0, max(0, int(self.position[step.index].max()) + 1))
        self.position[step.own] = number
        self.copied(number, self.homes[self.home[step.start]], 0, step.index)

    def want(self, home: Home, cells: Any, targets: Any) -> int:
        """Cells are wanted in a home, of which some are what sums are added to there; its number."""
        own, first = np.unique(cells, return_index=True)
        summed = np.isin(own, targets) & (self.home[own] < 0)
        number = self.settle(home, own[summed], first[summed])
        places, there = np.full(len(self.home), -1), np.zeros(len(cells), bool)
        places[own], there[first[summed]] = first, True
        self.wanted[number] = places, there
        return number

    def complete(self, number: int, cells: Any) -> None:
        """Store what is wanted in a home and is not there as yet, behind all blocks; cells: of each place."""
        missing = np.flatnonzero(~self.wanted[number][1])
        for some in np.split(missing, np.flatnonzero(np.diff(missing) != 1) + 1) if len(missing) else ():
            block = self.block(0, len(self.blocks) - 1)
            self.copied(block, self.homes[number], int(some[0]), cells[some])

    def copied(self, number: int, home: Home, start: int, cells: Any) -> None:
        """Store cells side by side, from a place on: runs of what stands side by side elsewhere, and single ones."""
        block = self.blocks[number]
        self.declare(home, block)
        for first, length in runs(self.home[cells], self.place[cells]):
            if length < FEWEST:
                for r in range(first, first + length):
                    block.body.append(Store(home.item(start + r), self.clean(home, self.one(int(cells[r])))))
            else:
                x = self.clean(home, self.item(cells[first : first + length], ROW))
                block.body.append(For(ROW, length, [Store(home.item(start + first, ((ROW, 1),)), x)]))

    def clean(self, home: Home, x: Expression) -> Expression:
        """A number that is no −0 where its home wants none."""
        if isinstance(x, Number):
            return Number(x.value + 0.0) if home.clean else x
        return Apply("add", (x, Number(0.0))) if home.clean else x

    # sums

    def sum(self, one: Any, into: bool) -> None:
        """Products that are added up; `into` what stands there, over samples."""
        if isinstance(one, Outer):
            return self.outer(one, into)
        if (self.home[one.slots] >= 0).all():
            self.clear(one.slots)
        right = [] if one.right is None else [one.right]
        columns = [[x[:, j] for x in (one.left, *right)] for j in range(one.left.shape[1])]
        if len(one.slots) >= FEWEST and all(self.regular(x) for column in columns for x in column):
            if len(columns) <= FEWEST and self.regular(one.slots):
                return self.pairs(one, columns)
        needed = [int(self.position[x].max()) for x in read_by(one)]
        body = self.blocks[self.block(0, max([0, *needed]))].body
        for r, slot in enumerate(one.slots.tolist()):
            terms = [(Number(1.0) if one.right is None else self.one(int(one.right[r, j])), self.one(int(x)))
                     for j, x in enumerate(one.left[r])]  # fmt: skip
            parts, total = self.total(None, terms, one.guard)
            body += [*parts, Add(self.one(slot), total)]  # type: ignore[arg-type]

    def pairs(self, one: Any, columns: list[Any]) -> None:
        """The sums of a few products each, in the loop that makes what they add up."""
        for column in columns:
            number, items = self.placed(len(one.slots), column, [])
            x, *factors = items
            terms = [(factors[0] if factors else Number(1.0), x)]
            target: Any = self.item(one.slots, ROW)
            self.blocks[number].body.append(Add(target, self.total(None, terms, one.guard)[1]))

    def outer(self, one: Outer, into: bool) -> None:
        """A matrix that is a column times a row, in the loop that makes the column."""
        number, [x] = self.placed(len(one.left), [one.left], [one.right])
        product = Apply("mul", (x, self.item(one.right, TERM)))
        target: Any = self.item(one.slots, ROW, TERM)
        if into or one.guard or not self.cells.several.isdisjoint(one.slots.ravel().tolist()):
            self.clear(one.slots)
            inner: Statement = For(TERM, len(one.right), [Add(target, product)])
        else:
            inner = For(TERM, len(one.right), [Store(target, self.clean(self.homes[self.home[one.slots[0, 0]]], product))])
        self.blocks[number].body.append(If(x, [inner]) if one.guard else inner)

    def statements(self) -> list[Statement]:
        """The blocks as statements; they are given up here."""
        found: list[Statement] = []
        for block in self.blocks:
            found += [*block.before, For(ROW, block.count, block.body)] if block.count else [*block.before, *block.body]
        self.blocks = []
        self.position[:] = -1
        return found


class Copies:
    """Cells that are copies of others, side by side."""

    def __init__(self, index: Any, start: int) -> None:
        self.index, self.start = index, start
        self.own = np.arange(start, start + len(index))


def needs(one: Any, formula: dict[int, tuple[Any, int]]) -> list[int]:
    """The cells that a cell, a loop or a sum needs."""
    if isinstance(one, Copies):
        return list(one.index.tolist())
    if isinstance(one, int):
        if one not in formula:
            return []
        step, r = formula[one]
        return [int(x) for cells in read_by(step) for x in np.ravel(cells[r])]
    return [int(x) for cells in read_by(one) for x in np.unique(cells)]


def ordered(ends: Sequence[Any], maker: dict[int, Any], formula: dict[int, tuple[Any, int]]) -> list[Any]:
    """Loops, sums and cells, those that others need first; cells that nobody makes are there."""
    done: set[Any] = set()
    found: list[Any] = []
    waiting = [maker.get(one) if isinstance(one, int) else one for one in reversed(ends)]
    open_: set[Any] = set()
    while waiting:
        one = waiting[-1]
        if one is None or one in done:
            waiting.pop()
        elif one in open_:
            waiting.pop()
            done.add(one)
            found.append(one)
        else:
            open_.add(one)
            below = dict.fromkeys([maker[x] for x in needs(one, formula) if x in maker])
            waiting += [x for x in reversed(below) if x not in done]
    return found


def fitted(places: Any) -> tuple[int, ...] | None:
    """(offset, step of each dimension) of places that are regular.

    >>> fitted(np.array([[3, 5], [13, 15]])), fitted(np.array([1, 2, 4]))
    ((3, 10, 2), None)
    """
    offset = int(places.flat[0])
    steps = [int(places[tuple([int(d == axis) for d in range(places.ndim)])]) - offset if places.shape[axis] > 1 else 0
             for axis in range(places.ndim)]  # fmt: skip
    grid = offset + sum([step * index for step, index in zip(steps, np.indices(places.shape))])
    return (offset, *steps) if (grid == places).all() else None


def row_major(shape: tuple[int, ...], variables: Sequence[str]) -> Place:
    """The place in a table of this shape.

    >>> row_major((3, 8), "ik"), row_major((1, 8), "ik")
    (Place(offset=0, factors=(('i', 8), ('k', 1))), Place(offset=0, factors=(('k', 1),)))
    """
    factors = (shape[1], 1) if len(shape) == 2 else (1,)
    return Place(0, tuple([(x, factor) for x, factor, size in zip(variables, factors, shape) if size > 1]))


def runs(home: Any, place: Any) -> list[tuple[int, int]]:
    """(first, length) of what stands side by side in one home."""
    breaks = np.flatnonzero((home[1:] != home[:-1]) | (home[1:] < 0) | (place[1:] - place[:-1] != 1)) + 1
    starts = [0, *breaks.tolist()]
    return [(first, end - first) for first, end in zip(starts, [*starts[1:], len(home)])]
