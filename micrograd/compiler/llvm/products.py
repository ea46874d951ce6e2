"""Matrix products in LLVM, in tiles that stay in registers, and sums whose rows stand in a table.

tile        some rows × some vectors of samples (or of columns): so many running sums at once
panel       some terms, whose rows stay in the first cache while all tiles are gone through
vb          first sample of the tile in the block
"""

from __future__ import annotations

from micrograd.compiler.arrays.scheduling.order import PANEL
from micrograd.compiler.llvm.instructions import Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.arrays.steps import Linear
    from micrograd.compiler.llvm.instructions import Integer
    from micrograd.compiler.llvm.loops import Loop
    from micrograd.compiler.llvm.memory import Memory


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


class Product:
    """The code of rows that are sums over the same rows: uniform times varying.

    then        goes on with each row as long as it is in registers; the rows are not written then
    factors     where the first stands, the step from row to row, from column to column; biases likewise
    """

    def __init__(self, memory: Memory, f: Function, step: Linear, then: Loop | None = None) -> None:
        self.memory, self.f, self.step, self.then = memory, f, step, then
        self.lanes, self.vectors = memory.registers.lanes, memory.registers.tile_vectors
        self.factors = memory.factors(step.slots)
        self.biases = None if step.bias is None else memory.factors(step.bias[:, None])

    def whole(self) -> None:
        """Panel after panel; the first begins with the biases."""
        f = self.f
        for start, terms, number in tiles(self.step.rows.shape[1], PANEL):
            if start == 0:
                self._panel(0, terms)
                start, number = terms, number - 1
            f.loop(number, lambda p, start=start, terms=terms: self._panel(f.plus(p, start), terms), step=terms)

    def _panel(self, begin: Integer, terms: int) -> None:
        """Add the terms from `begin` on to all rows and samples."""
        f, wide = self.f, self.lanes * self.vectors
        for start, size, number in tiles(self.step.count, self.memory.registers.tile_rows):

            def rows(r: Integer, start: int = start, size: int = size) -> None:
                f.loop("%n", lambda vb: self._tile(r, vb, begin, terms, start, size), step=wide)

            f.loop(number, rows)

    def _tile(self, r: Integer, vb: Integer, begin: Integer, terms: int, start: int, size: int) -> None:
        """Add them to one tile: rows start + r · size and so on, samples vb and so on."""
        f, lanes = self.f, self.lanes
        first, down, across = self.factors
        places = [] if self.then is not None else self._places(r, vb, start, size)
        sums = self._first_sums(r, start, size) if begin == 0 else [f.load(place, lanes) for place in places]
        factors = f.at(
            f.into("u", first), f.plus(f.plus(f.times(r, size * down), start * down), f.times(begin, across))
        )

        def add(k: Integer, *sums: str) -> list[str]:
            pointer = f.at(self.memory.row_of(f, self.step.rows[0], f.plus(begin, k)), vb)
            rows = [f.load(f.at(pointer, j * lanes), lanes) for j in range(self.vectors)]
            return self._add(f.at(factors, f.times(k, across)), rows, sums)

        values = f.loop(terms, add, [(kind(lanes), x) for x in sums])
        if self.then is not None:
            self._go_on(self.then, r, vb, start, size, values)
        for value, place in zip(values, places):
            f.store(value, place, lanes)

    def _places(self, r: Integer, vb: Integer, start: int, size: int) -> list[str]:
        """Pointers to the vectors of a tile."""
        f, block = self.f, self.memory.block
        target = f.at(self.memory.row(f, self.step.start + start), f.plus(f.times(r, size * block), vb))
        return [f.at(target, i * block + j * self.lanes) for i in range(size) for j in range(self.vectors)]

    def _first_sums(self, r: Integer, start: int, size: int) -> list[str]:
        """What the sums of a tile begin with."""
        f, lanes, vectors = self.f, self.lanes, self.vectors
        if self.biases is None:
            return [splat(-0.0, lanes)] * (size * vectors)  # −0 + x is x, and 0 + −0 is not
        first, down, _ = self.biases
        place = f.at(f.into("u", first), f.plus(f.times(r, size * down), start * down))
        return [b for i in range(size) for b in [f.broadcast(f.load(f.at(place, i * down), 1), lanes)] * vectors]

    def _add(self, column: str, row: list[str], sums: tuple[str, ...]) -> list[str]:
        """The sums of a tile and one term of each: a factor in a column, times a vector of a row."""
        f, lanes, vectors = self.f, self.lanes, self.vectors
        found: list[str] = []
        while len(found) < len(sums):
            factor = f.broadcast(f.load(f.at(column, len(found) // vectors * self.factors[1]), 1), lanes)
            for vector in row:
                found.append(add_product(f, factor, vector, sums[len(found)], lanes, self.step.guard))
        return found

    def _go_on(self, then: Loop, r: Integer, vb: Integer, start: int, size: int, values: list[str]) -> None:
        """Give each row of a tile, in one vector, to the steps that go on with it."""
        f, lanes, vectors = self.f, self.lanes, self.vectors
        for i in range(size):
            then.begin(f.plus(f.times(r, size), start + i))
            row = f.joined(values[i * vectors : i * vectors + vectors], lanes)
            totals = then.samples(vb, [f.load(place, lanes) for place in then.places], {self.step.start: row})
            for total, place in zip(totals, then.places):
                f.store(total, place, lanes)


def table(memory: Memory, f: Function, step: Linear) -> None:
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
