"""Matrix products, outer products and sums over the samples in LLVM, in tiles that stay in registers.

tile        some rows × some vectors of samples (or of columns): so many running sums at once
panel       some rows, or columns, that stay in the first cache while all tiles are gone through
lanes       a vector of samples; sums kept per lane are added up at the end of a step
vb          first sample of the tile in the block; n: how many samples of the block are computed
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.fusion import PANEL
from micrograd.compiler.llvm.instructions import Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.arrays.steps import Index, Linear, Outer, Pairs
    from micrograd.compiler.llvm.instructions import Integer
    from micrograd.compiler.llvm.loops import Loop
    from micrograd.compiler.llvm.memory import Memory

AT_ONCE = 4  # sums over the samples, since each waits for its last addition
MANY_LANES = 2048  # sums of an outer product that have as many lanes, 16 kB, are kept as numbers


def tiles(count: int, size: int) -> list[tuple[int, int, int]]:
    """(first, size, how many) of tiles of at most this size, as equal as can be.

    >>> tiles(50, 6)
    [(0, 6, 5), (30, 5, 4)]
    """
    number = -(-count // size)
    small, larger = divmod(count, number)
    found = [(0, small + 1, larger), (larger * (small + 1), small, number - larger)]
    return [tile for tile in found if tile[2]]


def add_product(f: Function, factor: str, row: str, total: str, lanes: int, guard: bool) -> str:
    """total + factor · row; guarded, 0 for a row of 0 whatever the factor."""
    if not guard:
        return f.multiply_add(factor, row, total, lanes)
    zero = splat(0.0, lanes)
    product = f.arithmetic("fmul", factor, row, lanes)
    chosen = f.select(f.compare("une", row, zero, lanes), product, zero, lanes)
    return f.arithmetic("fadd", total, chosen, lanes)


def linear(memory: Memory, f: Function, step: Linear, then: Loop | None = None) -> None:
    """Rows of sums of uniform times varying; `then` goes on with each, as long as it is in registers."""
    if not step.shared:
        table_sums(memory, f, step)
        return
    lanes, vectors = memory.registers.lanes, memory.registers.tile_vectors
    first, down, across = memory.factors(step.slots)
    bias = None if step.bias is None else memory.factors(step.bias[:, None])

    def tile(r: Integer, vb: Integer, begin: Integer, terms: int, start: int, size: int) -> None:
        """Add the terms from `begin` on to one tile: rows start + r · size and so on, samples vb and so on."""
        places = []
        if then is None:
            target = f.at(memory.row(f, step.start + start), f.plus(f.times(r, size * memory.block), vb))
            places = [f.at(target, i * memory.block + j * lanes) for i in range(size) for j in range(vectors)]
        if begin != 0:
            sums = [f.load(place, lanes) for place in places]
        elif bias is not None:
            place = f.at(f.into("u", bias[0]), f.plus(f.times(r, size * bias[1]), start * bias[1]))
            sums = [b for i in range(size) for b in [f.broadcast(f.load(f.at(place, i * bias[1]), 1), lanes)] * vectors]
        else:
            sums = [splat(-0.0, lanes)] * (size * vectors)  # −0 + x is x, and 0 + −0 is not
        factors = f.at(
            f.into("u", first), f.plus(f.plus(f.times(r, size * down), start * down), f.times(begin, across))
        )

        def add(k: Integer, *sums: str) -> list[str]:
            pointer = f.at(memory.row_of(f, step.rows[0], f.plus(begin, k)), vb)
            rows = [f.load(f.at(pointer, j * lanes), lanes) for j in range(vectors)]
            column = f.at(factors, f.times(k, across))
            found = []
            for i in range(size):
                factor = f.broadcast(f.load(f.at(column, i * down), 1), lanes)
                found += [
                    add_product(f, factor, rows[j], sums[i * vectors + j], lanes, step.guard) for j in range(vectors)
                ]
            return found

        values = f.loop(terms, add, [(kind(lanes), x) for x in sums])
        if then is None:
            for value, place in zip(values, places):
                f.store(value, place, lanes)
            return
        for i in range(size):
            then.begin(f.plus(f.times(r, size), start + i))
            row = f.joined(values[i * vectors : i * vectors + vectors], lanes)
            totals = then.samples(vb, [f.load(place, lanes) for place in then.places], {step.start: row})
            for total, place in zip(totals, then.places):
                f.store(total, place, lanes)

    def panel(begin: Integer, terms: int) -> None:
        for start, size, number in tiles(step.count, memory.registers.tile_rows):
            f.loop(
                number,
                lambda r, start=start, size=size: f.loop(
                    "%n", lambda vb: tile(r, vb, begin, terms, start, size), step=lanes * vectors
                ),
            )

    for start, terms, number in tiles(step.rows.shape[1], PANEL):
        if start == 0:
            panel(0, terms)
            start, number = terms, number - 1
        f.loop(number, lambda p, start=start, terms=terms: panel(f.plus(p, start), terms), step=terms)


def table_sums(memory: Memory, f: Function, step: Linear) -> None:
    """Sums whose rows each have operands of their own, from a table."""
    lanes = memory.registers.lanes
    vectors = memory.registers.wide // lanes
    first, down, across = memory.factors(step.slots)
    bias = None if step.bias is None else memory.factors(step.bias[:, None])
    terms = step.rows.shape[1]
    index = step.rows.ravel()

    def one(r: Integer) -> None:
        factors = f.at(f.into("u", first), f.times(r, down))

        def samples(vb: Integer) -> None:
            begin = splat(-0.0, lanes)
            if bias is not None:
                begin = f.broadcast(f.load(f.at(f.into("u", bias[0]), f.times(r, bias[1])), 1), lanes)

            def add(k: Integer, *sums: str) -> list[str]:
                row = f.at(memory.row_from(f, index, f.plus(f.times(r, terms), k)), vb)
                factor = f.broadcast(f.load(f.at(factors, f.times(k, across)), 1), lanes)
                return [
                    add_product(f, factor, f.load(f.at(row, j * lanes), lanes), total, lanes, step.guard)
                    for j, total in enumerate(sums)
                ]

            result = f.loop(terms, add, [(kind(lanes), begin)] * vectors)
            target = f.at(memory.row(f, step.start), f.plus(f.times(r, memory.block), vb))
            for j in range(vectors):
                f.store(result[j], f.at(target, j * lanes), lanes)

        f.loop("%n", samples, step=lanes * vectors)

    f.loop(step.count, one)


def outer(memory: Memory, f: Function, step: Outer) -> None:
    """Sums over the samples of left[i] · right[j]."""
    rows, columns = step.slots.shape
    down = int(step.slots[1, 0] - step.slots[0, 0]) if rows > 1 else columns
    in_order = bool((step.slots == step.slots[0, 0] + down * np.arange(rows)[:, None] + np.arange(columns)).all())
    if in_order and columns >= memory.registers.lanes and step.slots.size * memory.registers.lanes >= MANY_LANES:
        outer_by_samples(memory, f, step, down)
        return
    lanes = memory.registers.lanes
    accumulators = memory.accumulators(step.slots)

    def tile(left: tuple[int, int, int], right: tuple[int, int, int]) -> None:
        def one(ti: Integer) -> None:
            a = [memory.row_of(f, step.left[left[0] + i :: left[1]][: left[2]], ti) for i in range(left[1])]

            def two(tj: Integer) -> None:
                b = [memory.row_of(f, step.right[right[0] + j :: right[1]][: right[2]], tj) for j in range(right[1])]
                row = f.plus(f.times(ti, left[1] * columns * lanes), f.times(tj, right[1] * lanes))
                place = f.at(f.into("a", accumulators * lanes), f.plus(row, (left[0] * columns + right[0]) * lanes))
                spots = [f.at(place, (i * columns + j) * lanes) for i in range(left[1]) for j in range(right[1])]
                sums = [(kind(lanes), f.load(spot, lanes)) for spot in spots]

                def samples(v: Integer, *sums: str) -> list[str]:
                    values = [f.load(f.at(pointer, v), lanes) for pointer in a]
                    others = [f.load(f.at(pointer, v), lanes) for pointer in b]
                    return [
                        add_product(f, y, x, sums[i * right[1] + j], lanes, step.guard)
                        for i, x in enumerate(values)
                        for j, y in enumerate(others)
                    ]

                for spot, value in zip(spots, f.loop("%n", samples, sums, lanes)):
                    f.store(value, spot, lanes)

            f.loop(right[2], two)

        f.loop(left[2], one)

    for left in tiles(rows, memory.registers.tile_rows):
        for right in tiles(columns, memory.registers.tile_vectors):
            tile(left, right)


def outer_by_samples(memory: Memory, f: Function, step: Outer, down: int) -> None:
    """The same where lanes would fill the cache: vectors of columns, sample after sample, and sums that are numbers."""
    rows, columns = step.slots.shape
    lanes, width = memory.registers.lanes, memory.registers.lanes * memory.registers.tile_vectors
    turned = memory.at_place(f, memory.spare_rows(width))
    first = int(step.slots[0, 0]) - memory.program.incoming[0]

    def panel(number: Integer, column: int, count: int, times: int) -> None:
        """The columns from column + number · width on."""
        for start in range(0, count, lanes):
            places = [min(column + start + i, columns - 1) for i in range(lanes)]
            turn(
                memory,
                f,
                [memory.row_of(f, step.right[place::width][:times], number) for place in places],
                f.at(turned, start),
                width,
            )
        widths = [min(lanes, count - start) for start in range(0, count, lanes)]
        sums = f.at(f.into("g", first), f.plus(f.times(number, width), column))
        for left, size, among in tiles(rows, memory.registers.tile_rows):
            f.loop(
                among,
                lambda r, left=left, size=size, among=among: tile(
                    r, step.left[left:], size, among, f.at(sums, f.plus(f.times(r, size * down), left * down)), widths
                ),
            )

    def tile(r: Integer, left: Index, size: int, among: int, place: str, widths: list[int]) -> None:
        adjoints = [memory.row_of(f, left[i::size][:among], r) for i in range(size)]
        spots = [(f.at(place, i * down + j * lanes), n) for i in range(size) for j, n in enumerate(widths)]

        def sample(s: Integer, *sums: str) -> list[str]:
            pointer = f.at(turned, f.times(s, width))
            values = [f.load(f.at(pointer, j * lanes), n) for j, n in enumerate(widths)]
            found = []
            for i, adjoint in enumerate(adjoints):
                g = f.load(f.at(adjoint, s), 1)
                found += [
                    add_product(f, value, f.broadcast(g, n), sums[i * len(widths) + j], n, step.guard)
                    for j, (value, n) in enumerate(zip(values, widths))
                ]
            return found

        for (spot, n), value in zip(spots, f.loop("%n", sample, [(kind(n), f.load(spot, n)) for spot, n in spots])):
            f.store(value, spot, n)

    full = columns // width
    f.loop(full, lambda number: panel(number, 0, width, full))
    if columns % width:
        panel(0, full * width, columns % width, 1)


def turn(memory: Memory, f: Function, rows: list[str], target: str, width: int) -> None:
    """Write the rows of a block sample by sample, `width` numbers from one sample to the next."""
    lanes = memory.registers.lanes

    def square(vb: Integer) -> None:
        if lanes == 2:
            vectors, largest = [f.load(f.at(row, vb), lanes) for row in rows], 1
        else:  # halves are loaded to where they belong, which takes less of a processor than to move them
            half, largest = lanes // 2, lanes // 4
            vectors = [
                f.shuffle(
                    f.load(f.at(rows[i], f.plus(vb, start)), half),
                    f.load(f.at(rows[i + half], f.plus(vb, start)), half),
                    range(lanes),
                    half,
                )
                for start in (0, half)
                for i in range(half)
            ]
        far = 1
        while far <= largest:  # exchange numbers, then pairs, between vectors `far` apart
            for i in range(lanes):
                if not i & far:
                    a, b = vectors[i], vectors[i + far]
                    low = [j if not j & far else lanes + j - far for j in range(lanes)]
                    vectors[i] = f.shuffle(a, b, low, lanes)
                    mixed = [j + far if not j & far else lanes + j for j in range(lanes)]
                    vectors[i + far] = f.shuffle(a, b, mixed, lanes)
            far *= 2
        for s, vector in enumerate(vectors):
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
