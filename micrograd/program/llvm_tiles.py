"""Matrix products, outer products and sums over the samples in LLVM, in tiles that stay in registers.

tile        some rows × some vectors of samples (or of columns): so many running sums at once
lanes       a vector of samples; sums kept per lane are added up at the end of a step
vb          first sample of the tile in the block
"""

from __future__ import annotations

from micrograd.program.instructions import Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.program.arrays import Index, Linear, Outer, Pairs
    from micrograd.program.instructions import Integer
    from micrograd.program.llvm_code import LlvmCode

BLOCK = 64
MANY_SUMS = 128  # an outer product over the inputs with more sums than this keeps them as numbers, not as lanes


def tiles(count: int, size: int) -> list[tuple[int, int, int]]:
    """(first, size, how many) of the full tiles and of the rest."""
    full = [(0, size, count // size)] if count >= size else []
    return full + ([(count // size * size, count % size, 1)] if count % size else [])


def add_product(f: Function, factor: str, row: str, total: str, lanes: int, guard: bool) -> str:
    """total + factor · row; guarded, 0 for a row of 0 whatever the factor."""
    if not guard:
        return f.multiply_add(factor, row, total, lanes)
    zero = splat(0.0, lanes)
    product = f.arithmetic("fmul", factor, row, lanes)
    chosen = f.select(f.compare("une", row, zero, lanes), product, zero, lanes)
    return f.arithmetic("fadd", total, chosen, lanes)


def linear(code: LlvmCode, f: Function, step: Linear) -> None:
    """Rows of sums of uniform times varying."""
    if not step.shared:
        table_sums(code, f, step)
        return
    lanes, vectors = code.machine.lanes, code.machine.tile_vectors
    first, down, across = code.factors(step.slots)
    bias = None if step.bias is None else code.factors(step.bias[:, None])
    terms = step.rows.shape[1]

    def tile(vb: Integer, start: int, size: int, number: int) -> None:
        def one(r: Integer) -> None:
            moved = f.at("%u", f.plus(f.times(r, size * down), first + start * down))
            sums = [splat(0.0, lanes)] * (size * vectors)
            if bias is not None:
                place = f.at("%u", f.plus(f.times(r, size * bias[1]), bias[0] + start * bias[1]))
                sums = [b for i in range(size)
                        for b in [f.broadcast(f.load(f.at(place, i * bias[1]), 1), lanes)] * vectors]  # fmt: skip

            def add(k: Integer, *sums: str) -> list[str]:
                pointer = f.at(code.row_of(f, step.rows[0], k), vb)
                rows = [f.load(f.at(pointer, j * lanes), lanes) for j in range(vectors)]
                column = f.at(moved, f.times(k, across))
                found = []
                for i in range(size):
                    factor = f.broadcast(f.load(f.at(column, i * down), 1), lanes)
                    found += [add_product(f, factor, rows[j], sums[i * vectors + j], lanes, step.guard)
                              for j in range(vectors)]  # fmt: skip
                return found

            result = f.loop(terms, add, [(kind(lanes), x) for x in sums])
            target = f.at(code.row(f, step.start + start), f.plus(f.times(r, size * BLOCK), vb))
            for i in range(size):
                for j in range(vectors):
                    f.store(result[i * vectors + j], f.at(target, i * BLOCK + j * lanes), lanes)

        f.loop(number, one)

    def columns(vb: Integer) -> None:
        for start, size, number in tiles(step.count, code.machine.tile_rows):
            tile(vb, start, size, number)

    f.loop(BLOCK // (lanes * vectors), columns, step=lanes * vectors)


def table_sums(code: LlvmCode, f: Function, step: Linear) -> None:
    """Sums whose rows each have operands of their own, from a table."""
    lanes = code.machine.lanes
    vectors = min(8, BLOCK // lanes)
    first, down, across = code.factors(step.slots)
    bias = None if step.bias is None else code.factors(step.bias[:, None])
    terms = step.rows.shape[1]
    table, index = code.table(step.rows), step.rows.ravel()

    def one(r: Integer) -> None:
        start = f.plus(f.times(r, down), first)

        def samples(vb: Integer) -> None:
            begin = splat(0.0, lanes)
            if bias is not None:
                begin = f.broadcast(f.load(f.at("%u", f.plus(f.times(r, bias[1]), bias[0])), 1), lanes)

            def add(k: Integer, *sums: str) -> list[str]:
                row = f.at(code.row_from(f, table, f.plus(f.times(r, terms), k), index), vb)
                factor = f.broadcast(f.load(f.at("%u", f.plus(start, f.times(k, across))), 1), lanes)
                return [add_product(f, factor, f.load(f.at(row, j * lanes), lanes), total, lanes, step.guard)
                        for j, total in enumerate(sums)]  # fmt: skip

            result = f.loop(terms, add, [(kind(lanes), begin)] * vectors)
            target = f.at(code.row(f, step.start), f.plus(f.times(r, BLOCK), vb))
            for j in range(vectors):
                f.store(result[j], f.at(target, j * lanes), lanes)

        f.loop(BLOCK // (lanes * vectors), samples, step=lanes * vectors)

    f.loop(step.count, one)


def regular(index: Index) -> bool:
    """Whether the rows stand side by side."""
    return len(index) == 1 or bool((index[1:] - index[:-1] == 1).all())


def outer(code: LlvmCode, f: Function, step: Outer) -> None:
    """Sums over the samples of left[i] · right[j]."""
    import numpy as np

    inputs = code.program.trace.inputs
    rows, columns = step.slots.shape
    down = int(step.slots[1, 0] - step.slots[0, 0]) if rows > 1 else columns
    in_order = bool((step.slots == step.slots[0, 0] + down * np.arange(rows)[:, None] + np.arange(columns)).all())
    if (in_order and step.slots.size >= MANY_SUMS and columns >= code.machine.lanes and not step.guard
            and regular(step.right) and int(step.right[-1]) < inputs):  # fmt: skip
        outer_of_inputs(code, f, step, down)
        return
    lanes = code.machine.lanes
    accumulators = code.accumulators(step.slots)

    def tile(left: tuple[int, int, int], right: tuple[int, int, int]) -> None:
        def one(ti: Integer) -> None:
            a = [code.row_of(f, step.left[left[0] + i :: left[1]][: left[2]], ti) for i in range(left[1])]

            def two(tj: Integer) -> None:
                b = [code.row_of(f, step.right[right[0] + j :: right[1]][: right[2]], tj) for j in range(right[1])]
                row = f.plus(f.times(ti, left[1] * columns * lanes), f.times(tj, right[1] * lanes))
                place = f.at("%a", f.plus(row, (accumulators + left[0] * columns + right[0]) * lanes))
                spots = [f.at(place, (i * columns + j) * lanes) for i in range(left[1]) for j in range(right[1])]
                sums = [(kind(lanes), f.load(spot, lanes)) for spot in spots]

                def samples(v: Integer, *sums: str) -> list[str]:
                    values = [f.load(f.at(pointer, v), lanes) for pointer in a]
                    others = [f.load(f.at(pointer, v), lanes) for pointer in b]
                    return [add_product(f, y, x, sums[i * right[1] + j], lanes, step.guard)
                            for i, x in enumerate(values) for j, y in enumerate(others)]  # fmt: skip

                for spot, value in zip(spots, f.loop(BLOCK // lanes, samples, sums, lanes)):
                    f.store(value, spot, lanes)

            f.loop(right[2], two)

        f.loop(left[2], one)

    size = 4
    for left in tiles(rows, size):
        for right in tiles(columns, size if code.machine.tile_vectors >= 4 else 2):
            tile(left, right)


def outer_of_inputs(code: LlvmCode, f: Function, step: Outer, down: int) -> None:
    """The same where the right side are inputs: vectors of columns, sample by sample, with no lanes to add up."""
    inputs, size = code.program.trace.inputs, code.machine.tile_rows
    rows, columns = step.slots.shape
    first = int(step.slots[0, 0]) - code.program.incoming[0]
    lanes, most = code.machine.lanes, code.machine.tile_vectors

    def tile(start: int, widths: list[int], column: Integer) -> None:
        places = [sum(widths[:i]) for i in range(len(widths))]
        samples = f.at("%c", f.plus(column, int(step.right[0])))

        def rows_tile(left: tuple[int, int, int]) -> None:
            def one(r: Integer) -> None:
                a = [code.row_of(f, step.left[left[0] + i :: left[1]][: left[2]], r) for i in range(left[1])]
                row = f.plus(f.times(r, left[1] * down), f.plus(column, first + left[0] * down))
                place = f.at("%g", row)
                spots = [(f.at(place, i * down + places[j]), n) for i in range(left[1]) for j, n in enumerate(widths)]
                sums = [(kind(n), f.load(spot, n)) for spot, n in spots]

                def sample(s: Integer, *sums: str) -> list[str]:
                    pointer = f.at(samples, f.times(s, inputs))
                    values = [f.load(f.at(pointer, places[j]), n) for j, n in enumerate(widths)]
                    found = []
                    for i in range(left[1]):
                        g = f.load(f.at(a[i], s), 1)
                        found += [f.multiply_add(f.broadcast(g, n), values[j], sums[i * len(widths) + j], n)
                                  for j, n in enumerate(widths)]  # fmt: skip
                    return found

                for (spot, n), value in zip(spots, f.loop(BLOCK, sample, sums)):
                    f.store(value, spot, n)

            f.loop(left[2], one)

        for left in tiles(rows, size):
            rows_tile(left)

    full = columns // (lanes * most)
    f.loop(full, lambda column: tile(0, [lanes] * most, column), step=lanes * most)
    rest = columns - full * lanes * most
    if rest:
        widths = [lanes] * (rest // lanes) + ([rest % lanes] if rest % lanes else [])
        tile(0, widths, full * lanes * most)


def pairs(code: LlvmCode, f: Function, step: Pairs) -> None:
    """Sums over the samples of given pairs of rows, or of single rows."""
    lanes = code.machine.lanes
    accumulators = code.accumulators(step.slots)
    each = step.left.shape[1]

    def pointer(index: Index, i: Integer, j: Integer) -> str:
        if each == 1:
            return code.row_of(f, index[:, 0], i)
        return code.row_from(f, code.table(index), f.plus(f.times(i, each), j), index.ravel())

    def one(i: Integer) -> None:
        place = f.at("%a", f.plus(f.times(i, lanes), accumulators * lanes))

        def pair(j: Integer, total: str) -> list[str]:
            a = pointer(step.left, i, j)
            b = None if step.right is None else pointer(step.right, i, j)

            def samples(v: Integer, total: str) -> list[str]:
                x = f.load(f.at(a, v), lanes)
                if b is None:
                    return [f.arithmetic("fadd", total, x, lanes)]
                return [add_product(f, f.load(f.at(b, v), lanes), x, total, lanes, step.guard)]

            return f.loop(BLOCK // lanes, samples, [(kind(lanes), total)], lanes)

        f.store(f.loop(each, pair, [(kind(lanes), f.load(place, lanes))])[0], place, lanes)

    f.loop(len(step.slots), one)
