"""Lowering: steps on cells become statements, groups as loops over arrays, single cells as formulas.

block       a loop of so many rounds, or single statements; steps that line up share a loop
lined up    round r of the loop makes what round r needs
layer       a sum of products for every neuron, and the functions that go on with it in its loop
"""

from __future__ import annotations

import numpy as np

from micrograd.algebra.identities import simpler
from micrograd.compiler.arrays.steps import Linear, Map
from micrograd.exporting.lowering.cells import read_by
from micrograd.exporting.lowering.places import FEWEST, ROW, TERM, fitted, guarded, runs
from micrograd.exporting.lowering.shapes import Copies, Shapes, ordered
from micrograd.exporting.lowering.sums import write_sum
from micrograd.exporting.statements import Add, Apply, Array, Comment, For, If, Let, Name, Number, Store
from micrograd.ops import WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from micrograd.exporting.lowering.places import Home, Places
    from micrograd.exporting.statements import Expression, Statement


class Block:
    """A loop of `count` rounds, or single statements where that is 0. before: what stands ahead of it.

    made        first cell of a step -> (its cells, the name of that which this round makes)
    layers      of the sums made here -> [neurons, inputs, names of the functions that go on with them]
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.before: list[Statement] = []
        self.body: list[Statement] = []
        self.made: dict[int, tuple[Any, Expression]] = {}
        self.layers: dict[str, list[Any]] = {}

    def statements(self) -> list[Statement]:
        """The block, with a line on each layer in it."""
        told: list[Statement] = []
        for count, inputs, functions in self.layers.values():
            kind = f"{functions[0]} " if len(functions) == 1 else ""
            told.append(Comment(f"{count} {kind}neurons of {inputs} inputs"))
        return [*self.before, *told, For(ROW, self.count, self.body)] if self.count else [*self.before, *self.body]


class Lowering:
    """Writes the blocks of one function.

    written     cell -> the cell, or number, of its first operand, as the user wrote it, where the order does not matter
    neurons     the cells of the user's own sums, of which a line tells
    into        sums are added to what stands there
    inside      what is written now stands in a loop, and its zeros too
    """

    inside = False

    def __init__(self, places: Places, written: dict[int, Any], neurons: set[int], into: bool) -> None:
        self.places, self.written, self.neurons, self.into = places, written, neurons, into
        self.shapes = Shapes(places)
        self.blocks: list[Block] = []

    def write(self, steps: list[Any], ends: Iterable[int], sums: Sequence[Any] = ()) -> None:
        """Write the blocks of steps and sums, each after what it needs, as far as ends and sums need them."""
        self.blocks.append(Block(0))
        shapes = self.shapes
        shapes.loops = []
        shapes.settle(steps)
        sums = [shapes.settle_sum(one) for one in sums]
        maker: dict[int, Any] = {cell: cell for cell in shapes.formulas if cell not in self.places.expressions}
        for step in shapes.loops:
            maker.update(dict.fromkeys(step.own.tolist(), step))
        for one in ordered([*map(int, ends), *sums], maker, shapes.formulas):
            if isinstance(one, int):
                self.single(one)
            elif isinstance(one, Map):
                self.map(one)
            elif isinstance(one, Linear):
                self.linear(one)
            elif isinstance(one, Copies):
                number = self.after([one.index])
                self.places.position[one.own] = number
                self.copy(number, self.places.of(one.own[0]), 0, one.index)
            else:
                write_sum(self, one)

    def statements(self) -> list[Statement]:
        """All blocks as statements; they are given up here."""
        found = [statement for block in self.blocks for statement in block.statements()]
        self.blocks = []
        self.places.position[:] = -1
        return found

    # which block

    def block(self, count: int, earliest: int) -> int:
        """The number of the first block of so many rounds from there on; of single statements that is the last."""
        last = len(self.blocks) - 1
        for number in range(earliest if count else max(earliest, last), last + 1):
            if self.blocks[number].count == count:
                return number
        self.blocks.append(Block(count))
        return last + 1

    def after(self, read: Sequence[Any]) -> int:
        """The number of the block for single statements that read some cells."""
        return self.block(0, max([0, *[int(self.places.position[cells].max()) for cells in read]]))

    def loop(self, count: int, aligned: Sequence[Any], others: Sequence[Any]) -> tuple[int, list[Expression]]:
        """The block for a loop that reads some cells round by round, and others; what stands for the former."""
        position, earliest = self.places.position, 0
        for cells in others:
            earliest = max(earliest, int(position[cells].max()) + 1)
        for cells in aligned:
            last = int(position[cells].max())
            lined = last >= 0 and self.blocks[last].count == count and self.lined_up(last, cells) is not None
            earliest = max(earliest, last + (not lined))
        number = self.block(count, earliest)
        return number, [self.lined_up(number, cells) or self.places.item(cells, ROW) for cells in aligned]

    def lined_up(self, number: int, cells: Any) -> Expression | None:
        """What stands for these cells, round by round, in a block that makes them."""
        own, name = self.blocks[number].made.get(int(cells[0]), (None, None))
        return name if own is not None and np.array_equal(own, cells) else None

    # formulas

    def single(self, cell: int) -> None:
        """The formula of a cell."""
        places = self.places
        step, r = self.shapes.formulas[cell]
        parts: list[Statement] = []
        if isinstance(step, Map):
            operands = [x if isinstance(x, float) else int(x.index[r]) for x in step.operands]
            if self.is_less(step, operands, cell):
                return
            expression = self.applied(step, operands, cell, list(map(self.operand, operands)))
        else:
            terms = [(places.one(int(f)), places.one(int(x))) for f, x in zip(step.slots[r], step.rows[r])]
            bias = None if step.bias is None else places.one(int(step.bias[r]))
            parts, expression = self.total(bias, terms, step.guard)
        number = self.after([cells[r] for cells in read_by(step)])
        label = places.labels.get(cell, "")
        name = places.names.take(label) if label else places.fresh("v")
        self.blocks[number].body += [*parts, Let(name, expression)]
        places.expressions[cell], places.position[cell] = Name(name), number

    def is_less(self, step: Map, operands: list[Any], cell: int) -> bool:
        """Whether a cell is known, or another one, which its step was not for all of its rows; it is that then."""
        places = self.places
        known, numbers = places.cells.known, places.cells.number
        given = [x if isinstance(x, float) else float(numbers[x]) if known[x] else None for x in operands]
        if None not in given:
            places.cells.know([cell], [step.op.forward(*given)])
            return True
        if step.op is WHERE:
            same = None if given[0] is None else operands[1 if given[0] != 0.0 else 2]
        else:
            found = simpler(step.op, tuple(operands), given, lambda x: None)
            same = found[1][0] if found is not None and not found[0] else None
        if same is None or cell in places.labels:
            return False
        places.expressions[cell] = self.operand(same)
        places.position[cell] = -1 if isinstance(same, float) else places.position[same]
        return True

    def operand(self, x: float | int) -> Expression:
        """A number, or what stands for a cell."""
        return Number(x) if isinstance(x, float) else self.places.one(x)

    def applied(self, step: Map, operands: list[Any], cell: int, items: list[Expression]) -> Expression:
        """A primitive on items, which stand for operands; in the order of the user where it does not matter."""
        first = self.written.get(cell) if step.op.commutative else None
        turned = first is not None and first == operands[1] and first.__class__ is operands[1].__class__
        return Apply(step.op.name, tuple(items[::-1] if turned else items))

    def total(self, bias: Expression | None, terms: Sequence[Any], guard: bool) -> tuple[list[Statement], Expression]:
        """bias + Σ factor · x from the left, with statements for what would be too long."""
        statements: list[Statement] = []
        total = bias
        for place, (factor, x) in enumerate(terms):
            negative = isinstance(factor, Number) and factor.value < 0.0
            product = guarded(Number(-factor.value) if negative else factor, x, guard)
            if total is None:
                total = Apply("neg", (product,)) if negative else product
            else:
                total = Apply("sub" if negative else "add", (total, product))
            if place % FEWEST == FEWEST - 1 and place + 1 < len(terms):
                name = self.places.fresh("v")
                statements.append(Let(name, total))
                total = Name(name)
        return statements, total  # type: ignore[return-value]

    # loops

    def map(self, step: Map) -> None:
        """A primitive on every row."""
        number, found = self.loop(step.count, step.reads(), [])
        block, items = self.blocks[number], iter(found)
        operands = [x if isinstance(x, float) else int(x.index[0]) for x in step.operands]
        expressions = [Number(x) if isinstance(x, float) else next(items) for x in step.operands]
        if step.start in self.neurons and not step.op.sign:
            for layer in [x.text for x in found if isinstance(x, Name) and x.text in block.layers]:
                block.layers[layer][2].append(step.op.name)
        name = self.places.fresh("v")
        block.body.append(Let(name, self.applied(step, operands, step.start, expressions)))
        self.made(number, step, Name(name))

    def linear(self, step: Linear) -> None:
        """Sums of products, row by row; term by term where so the factors are read one after the other."""
        places = self.places
        if self.across(step):
            return self.by_terms(step)
        bias = [] if step.bias is None else [step.bias]
        number, starts = self.loop(step.count if step.count > 1 else 0, bias, [step.rows, step.slots])
        x = places.item(step.rows[0], TERM) if step.shared else places.item(step.rows, ROW, TERM)
        factor = places.item(step.slots, ROW, TERM, wish="weights")
        total, body = Name(places.fresh("total")), self.blocks[number].body
        body.append(Let(total.text, starts[0] if starts else Number(-0.0), changes=True))
        body.append(For(TERM, step.rows.shape[1], [Add(total, guarded(factor, x, step.guard))]))
        if step.count == 1:
            places.expressions[step.start], places.position[step.own] = total, number
            return
        if step.start in self.neurons and not isinstance(factor, Number):
            self.blocks[number].layers[total.text] = [step.count, step.rows.shape[1], []]
        self.made(number, step, total)

    def across(self, step: Linear) -> bool:
        """Whether the factors of one term stand side by side, as in a product with a transposed matrix."""
        places = self.places
        home = places.home[step.slots]
        if home[0, 0] < 0 or (home != home[0, 0]).any() or not step.shared or step.bias is not None:
            return False
        fit = fitted(places.place[step.slots])
        return fit is not None and abs(fit[1]) == 1 < abs(fit[2]) and not places.cells.known[step.rows].any()

    def by_terms(self, step: Linear) -> None:
        """Add each term to all rows, in the loop that makes the terms."""
        number, [x] = self.loop(step.rows.shape[1], [step.rows[0]], [step.slots])
        factor = self.places.item(step.slots.T, ROW, TERM, wish="weights")
        self.clear(step.own, self.blocks[number])
        target: Any = self.places.item(step.own, TERM)
        inner = For(TERM, step.count, [Add(target, guarded(factor, x, False))])
        self.blocks[number].body.append(If(x, [inner]) if step.guard else inner)
        self.places.position[step.own] = number

    def made(self, number: int, step: Any, name: Name) -> None:
        """A round of a block makes this of a step: it is stored in its home, and in the results that want it."""
        places, block = self.places, self.blocks[number]
        block.made[step.start] = step.own, name
        places.position[step.own] = number
        self.declare(places.of(step.start), block)
        target: Any = places.item(step.own, ROW)
        block.body.append(Store(target, name))
        for wanting, (at, there) in places.wanted.items():
            fit = fitted(at[step.own]) if (at[step.own] >= 0).all() else None
            if fit is not None:
                home = places.homes[wanting]
                block.body.append(Store(home.item(fit[0], ((ROW, fit[1]),)), home.cleaned(name)))
                there[at[step.own]] = True

    # arrays

    def declare(self, home: Home, block: Block) -> None:
        """A local array is made ahead of the block that stores to it first."""
        if home.local and not home.declared:
            block.before.append(Array(home.name, home.size))
            home.declared = True

    def clear(self, cells: Any, block: Block | None = None) -> None:
        """Zeros where sums are to go, once: of a local array ahead of a block, else ahead of all."""
        home = self.places.of(cells.flat[0])
        if not home.zeroed:
            zeros: Any = Array(home.name, home.size, zero=True)
            if not home.local:
                zeros = For(ROW, home.size, [Store(home.item(0, ((ROW, 1),)), Number(0.0))])
            if block is not None and home.local:
                block.before.append(zeros)
            elif self.inside:
                self.blocks[0].before.append(zeros)
            else:
                self.places.ahead.append((len(self.places.home), zeros))
            home.zeroed = home.declared = True

    def complete(self, number: int, cells: Any) -> None:
        """Store what is wanted in a home and is not there as yet, behind all blocks; cells: of each place."""
        missing = np.flatnonzero(~self.places.wanted[number][1])
        for some in np.split(missing, np.flatnonzero(np.diff(missing) != 1) + 1) if len(missing) else ():
            self.copy(self.block(0, len(self.blocks) - 1), self.places.homes[number], int(some[0]), cells[some])

    def copy(self, number: int, home: Home, start: int, cells: Any) -> None:
        """Store cells side by side, from a place on: runs of what stands side by side elsewhere, and single ones."""
        places, block = self.places, self.blocks[number]
        self.declare(home, block)
        for first, length in runs(places.home[cells], places.place[cells]):
            if length < FEWEST:
                for r in range(first, first + length):
                    block.body.append(Store(home.item(start + r), home.cleaned(places.one(int(cells[r])))))
            else:
                x = home.cleaned(places.item(cells[first : first + length], ROW))
                block.body.append(For(ROW, length, [Store(home.item(start + first, ((ROW, 1),)), x)]))
