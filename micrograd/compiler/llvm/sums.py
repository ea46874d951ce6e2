"""Sums over the samples in LLVM: outer products, in tiles that stay in registers, products of given pairs, and entries.

entry       what an index says, number by number: gather takes it, scatter adds to it
tile        some rows × some vectors of columns: so many running sums at once
lanes       a vector of samples; sums kept per lane are added up at the end of a step
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.llvm.instructions import Function, kind, splat
from micrograd.compiler.llvm.layout import turned
from micrograd.compiler.llvm.products import add_product, tiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.arrays.gather import Gather, Scatter
    from micrograd.compiler.arrays.steps import Index, Outer, Pairs
    from micrograd.compiler.llvm.instructions import Integer
    from micrograd.compiler.llvm.memory import Memory

    Tile = tuple[int, int, int]  # see `tiles`

AT_ONCE = 4  # sums over the samples, since each waits for its last addition
MANY_LANES = 2048  # sums of an outer product that have as many lanes, 16 kB, are kept as numbers


def outer(memory: Memory, f: Function, step: Outer) -> None:
    """Sums over the samples of left[i] · right[j]."""
    rows, columns = step.slots.shape
    down = int(step.slots[1, 0] - step.slots[0, 0]) if rows > 1 else columns
    in_order = bool((step.slots == step.slots[0, 0] + down * np.arange(rows)[:, None] + np.arange(columns)).all())
    lanes = memory.registers.lanes
    if in_order and columns >= lanes and step.slots.size * lanes >= MANY_LANES:
        BySamples(memory, f, step, down).whole()
    else:
        by_lanes(memory, f, step)


def by_lanes(memory: Memory, f: Function, step: Outer) -> None:
    """The sums of each lane, added up at the end of a step."""
    columns, lanes = step.slots.shape[1], memory.registers.lanes
    accumulators = memory.accumulators(step.slots)

    def tile(left: Tile, right: Tile) -> None:
        def one(ti: Integer) -> None:
            a = pointers(memory, f, step.left, left, ti)

            def two(tj: Integer) -> None:
                b = pointers(memory, f, step.right, right, tj)
                row = f.plus(f.times(ti, left[1] * columns * lanes), f.times(tj, right[1] * lanes))
                place = f.at(f.into("a", accumulators * lanes), f.plus(row, (left[0] * columns + right[0]) * lanes))
                spots = [f.at(place, (i * columns + j) * lanes) for i in range(left[1]) for j in range(right[1])]

                def samples(v: Integer, *sums: str) -> list[str]:
                    values = [f.load(f.at(pointer, v), lanes) for pointer in a]
                    others = [f.load(f.at(pointer, v), lanes) for pointer in b]
                    products = [(x, y) for x in values for y in others]
                    return [add_product(f, y, x, z, lanes, step.guard) for (x, y), z in zip(products, sums)]

                begin = [(kind(lanes), f.load(spot, lanes)) for spot in spots]
                for spot, value in zip(spots, f.loop("%n", samples, begin, lanes)):
                    f.store(value, spot, lanes)

            f.loop(right[2], two)

        f.loop(left[2], one)

    for left in tiles(step.slots.shape[0], memory.registers.tile_rows):
        for right in tiles(columns, memory.registers.tile_vectors):
            tile(left, right)


def pointers(memory: Memory, f: Function, rows: Index, tile: Tile, number: Integer) -> list[str]:
    """Pointers to the rows of one of the tiles of a kind."""
    first, size, among = tile
    return [memory.row_of(f, rows[first + i :: size][:among], number) for i in range(size)]


class BySamples:
    """The same where lanes would fill the cache: vectors of columns, sample after sample, and sums that are numbers.

    down        slots from one row of the gradient to the next
    width       columns of a panel, which are written sample by sample first, to `turned`
    """

    def __init__(self, memory: Memory, f: Function, step: Outer, down: int) -> None:
        self.memory, self.f, self.step, self.down = memory, f, step, down
        self.lanes = memory.registers.lanes
        self.width = self.lanes * memory.registers.tile_vectors
        self.turned = memory.at_place(f, memory.spare_rows(self.width))

    def whole(self) -> None:
        """Panel after panel; the last may be narrower."""
        columns, width = self.step.slots.shape[1], self.width
        full = columns // width
        self.f.loop(full, lambda number: self._panel(number, 0, width, full))
        if columns % width:
            self._panel(0, full * width, columns % width, 1)

    def _panel(self, number: Integer, column: int, count: int, times: int) -> None:
        """The columns from column + number · width on."""
        f, memory, step, lanes, width = self.f, self.memory, self.step, self.lanes, self.width
        rows, columns = step.slots.shape
        for start in range(0, count, lanes):
            places = [min(column + start + i, columns - 1) for i in range(lanes)]
            right = [memory.row_of(f, step.right[place::width][:times], number) for place in places]
            turn(memory, f, right, f.at(self.turned, start), width)
        widths = [min(lanes, count - start) for start in range(0, count, lanes)]
        first = int(step.slots[0, 0]) - memory.program.incoming[0]
        sums = f.at(f.into("g", first), f.plus(f.times(number, width), column))
        for tile in tiles(rows, memory.registers.tile_rows):
            f.loop(tile[2], lambda r, tile=tile: self._tile(r, tile, sums, widths))

    def _tile(self, r: Integer, tile: Tile, sums: str, widths: list[int]) -> None:
        f, down, lanes = self.f, self.down, self.lanes
        start, size, _ = tile
        place = f.at(sums, f.plus(f.times(r, size * down), start * down))
        adjoints = pointers(self.memory, f, self.step.left, tile, r)
        spots = [(f.at(place, i * down + j * lanes), n) for i in range(size) for j, n in enumerate(widths)]

        def sample(s: Integer, *sums: str) -> list[str]:
            pointer = f.at(self.turned, f.times(s, self.width))
            values = [f.load(f.at(pointer, j * lanes), n) for j, n in enumerate(widths)]
            found = []
            for i, adjoint in enumerate(adjoints):
                g = f.load(f.at(adjoint, s), 1)
                found += [
                    add_product(f, value, f.broadcast(g, n), sums[i * len(widths) + j], n, self.step.guard)
                    for j, (value, n) in enumerate(zip(values, widths))
                ]
            return found

        for (spot, n), value in zip(spots, f.loop("%n", sample, [(kind(n), f.load(spot, n)) for spot, n in spots])):
            f.store(value, spot, n)


def turn(memory: Memory, f: Function, rows: list[str], target: str, width: int) -> None:
    """Write the rows of a block sample by sample, `width` numbers from one sample to the next."""
    lanes = memory.registers.lanes

    def square(vb: Integer) -> None:
        for s, vector in enumerate(turned(f, rows, vb, lanes)):
            f.store(vector, f.at(target, f.times(f.plus(vb, s), width)), lanes)

    f.loop("%n", square, step=lanes)


def pairs(memory: Memory, f: Function, step: Pairs) -> None:
    """Sums over the samples of given pairs of rows, or of single rows."""
    lanes = memory.registers.lanes
    accumulators = memory.accumulators(step.slots)
    each = step.left.shape[1]

    def pointer(index: Index, i: Integer, j: Integer) -> str:
        if each == 1:
            return memory.row_of(f, index[:, 0], i)
        return memory.row_from(f, index.ravel(), f.plus(f.times(i, each), j))

    def one(i: Integer) -> None:
        place = f.at(f.into("a", accumulators * lanes), f.times(i, lanes))

        def some(j: Integer, *totals: str) -> list[str]:
            """Pairs j, j + 1 …, one for each of the totals."""
            a = [pointer(step.left, i, f.plus(j, k)) for k in range(len(totals))]
            b = [None if step.right is None else pointer(step.right, i, f.plus(j, k)) for k in range(len(totals))]

            def samples(v: Integer, *totals: str) -> list[str]:
                found = []
                for total, left, right in zip(totals, a, b):
                    x = f.load(f.at(left, v), lanes)
                    if right is None:
                        found.append(f.arithmetic("fadd", total, x, lanes))
                    else:
                        found.append(add_product(f, f.load(f.at(right, v), lanes), x, total, lanes, step.guard))
                return found

            return f.loop("%n", samples, [(kind(lanes), total) for total in totals], lanes)

        first, full = f.load(place, lanes), each // AT_ONCE * AT_ONCE
        if full:
            begin = [first] + [splat(0.0, lanes)] * (AT_ONCE - 1)
            first, *others = f.loop(full // AT_ONCE, some, [(kind(lanes), total) for total in begin], AT_ONCE)
            for other in others:
                first = f.arithmetic("fadd", first, other, lanes)
        rest = f.loop(each - full, lambda j, total: some(f.plus(j, full), total), [(kind(lanes), first)])
        f.store(rest[0], place, lanes)

    f.loop(len(step.slots), one)


def gather(memory: Memory, f: Function, step: Gather) -> None:
    """What the samples take from a table, one after the other."""
    index = memory.row(f, int(step.index[0]))

    def sample(s: Integer) -> None:
        k = place(f, index, s)

        def one(r: Integer) -> None:
            value = f.load(entry(memory, f, "u", step.slots, r, k), 1)
            f.store(value, f.at(memory.row_of(f, step.own, r), s), 1)

        f.loop(step.count, one)

    f.loop("%n", sample)


def scatter(memory: Memory, f: Function, step: Scatter) -> None:
    """Add what the samples have for the entries of a table, one after the other, since several may have the same."""
    index = memory.row(f, int(step.right[0]))
    incoming = step.slots - memory.program.incoming[0]

    def sample(s: Integer) -> None:
        k = place(f, index, s)

        def one(r: Integer) -> None:
            spot = entry(memory, f, "g", incoming, r, k)
            value = f.load(f.at(memory.row_of(f, step.left, r), s), 1)
            f.store(f.arithmetic("fadd", f.load(spot, 1), value, 1), spot, 1)

        f.loop(len(step.left), one)

    f.loop("%n", sample)


def place(f: Function, index: str, s: Integer) -> str:
    """The index of a sample as a whole number."""
    return f.value(f"fptosi double {f.load(f.at(index, s), 1)} to i64")


def entry(memory: Memory, f: Function, array: str, table: Index, r: Integer, k: str) -> str:
    """The pointer to entry k of row r: by arithmetic where the table stands regularly, else by way of its places."""
    rows, count = table.shape
    first = int(table[0, 0])
    down, across = int(table[-1, 0] - first) // max(1, rows - 1), int(table[0, 1]) - first
    if (table == first + down * np.arange(rows)[:, None] + across * np.arange(count)).all():
        return f.at(f.into(array, first), f.plus(f.times(r, down), f.times(k, across)))
    number = f.plus(f.times(r, count), k)
    return f.at(f"%{array}", f.entry(f.into("i", memory.table(table), "i32"), number))
