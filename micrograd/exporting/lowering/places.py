"""Where cells stand: in arrays, in tables of numbers, in names.

home        the array in which a cell stands, and its place there; a cell without one is a formula, by a name
regular     cells that one item of an array can name, by the variables of loops
wanted      a result is an array in which cells stand a second time, beside the home that they are read from
"""

from __future__ import annotations

import numpy as np

from micrograd.exporting.lowering.tidying import UNNAMED
from micrograd.exporting.statements import Apply, Item, Let, Looked, Name, Number, Place, Table
from micrograd.exporting.words import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.exporting.identifiers import Identifiers
    from micrograd.exporting.lowering.cells import Cells
    from micrograd.exporting.statements import Expression, Statement

    Factors = tuple[tuple[str, int], ...]

FEWEST = 4  # rows of a loop; fewer are better read as formulas
ROW, TERM = "i", "j"  # variables of loops


class Home:
    """An array in which cells stand; `ahead`: factors of an outer loop, for the part that belongs to its round.

    local       it is made in this function, once it is declared; clean: what is stored there is no −0
    zeroed      it begins with zeros, and is added to
    """

    def __init__(self, name: str, size: int, ahead: Factors = (), local: bool = False, clean: bool = False) -> None:
        self.name, self.size, self.ahead, self.local, self.clean = name, size, ahead, local, clean
        self.zeroed = self.declared = False

    def item(self, offset: int, factors: Factors = ()) -> Item:
        """One of its items."""
        return Item(self.name, Place(offset, (*self.ahead, *[one for one in factors if one[1]])))

    def cleaned(self, x: Expression) -> Expression:
        """The number, but no −0 if none may stand here."""
        if not self.clean:
            return x
        return Number(x.value + 0.0) if isinstance(x, Number) else Apply("add", (x, Number(0.0)))


class Tables:
    """The tables of a module of this name: of numbers, and of places."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.found: dict[Any, Table] = {}
        self.counts: dict[str, int] = {}

    def keep(self, wish: str, numbers: np.ndarray) -> Table:
        """The table of these numbers, called by its kind, and numbered; its shape is that in which they came first."""
        whole = numbers.dtype.kind == "i"
        key = numbers.tobytes(), whole
        if key not in self.found:
            self.counts[wish] = self.counts.get(wish, 0) + 1
            name = harmless(f"{self.module}_{wish}_{self.counts[wish]}")
            self.found[key] = Table(name, numbers.ravel().tolist(), numbers.shape, whole)
        return self.found[key]


class Places:
    """The homes of cells, and what stands for them.

    home, place     by cell: number of its home, −1 without one; its place there
    position        by cell: number of the block that makes it, −1 of what is there before
    expressions     cell -> what stands for it
    labels          cell -> the name that the user's label makes
    ahead           (number by which they are sorted, what stands ahead of all blocks: labelled leaves, zeros)
    wanted          number of a home -> by cell the place where it is wanted, or −1; by place whether it is there
    """

    def __init__(self, cells: Cells, tables: Tables, names: Identifiers, labels: dict[int, str]) -> None:
        self.cells, self.tables, self.names, self.labels = cells, tables, names, labels
        size = len(cells.of)
        self.homes: list[Home] = []
        self.home, self.place, self.position = np.full(size, -1), np.zeros(size, np.int64), np.full(size, -1)
        self.expressions: dict[int, Expression] = {}
        self.ahead: list[tuple[int, Statement]] = []
        self.wanted: dict[int, tuple[Any, Any]] = {}
        self.count = 0

    def fresh(self, letter: str) -> str:
        """A name that nothing has as yet."""
        self.count += 1
        return f"{UNNAMED}{letter}{self.count}"

    def more(self, count: int) -> Any:
        """New cells."""
        start = self.cells.fresh(count)
        self.home, self.place = np.append(self.home, np.full(count, -1)), np.append(self.place, np.zeros(count, int))
        self.position = np.append(self.position, np.full(count, -1))
        return np.arange(start, start + count)

    # homes

    def settle(self, home: Home, cells: Any, places: Any = None) -> int:
        """Cells stand in a home, at these places, or in its order; its number."""
        self.homes.append(home)
        self.home[cells] = len(self.homes) - 1
        self.place[cells] = np.arange(len(cells)) if places is None else places
        return len(self.homes) - 1

    def of(self, cell: Any) -> Home:
        """The home of a cell."""
        return self.homes[self.home[cell]]

    def want(self, home: Home, cells: Any, targets: Any) -> int:
        """Cells are wanted in a home, in which sums are added to those that are targets; its number."""
        own, first = np.unique(cells, return_index=True)
        summed = np.isin(own, targets) & (self.home[own] < 0)
        number = self.settle(home, own[summed], first[summed])
        places, there = np.full(len(self.home), -1), np.zeros(len(cells), bool)
        places[own], there[first[summed]] = first, True
        self.wanted[number] = places, there
        return number

    # what stands for cells

    def regular(self, cells: Any) -> bool:
        """Whether an item can name these cells; where they stand in no order, only if they are many."""
        flat = cells.ravel()
        if (flat == flat[0]).all() or self.cells.known[flat].all():
            return True
        home = self.home[flat]
        one = bool(home[0] >= 0 and (home == home[0]).all())
        return one and (len(flat) > FEWEST or fitted(self.place[cells]) is not None)

    def item(self, cells: Any, *variables: str, wish: str = "numbers") -> Expression:
        """What stands for regular cells in loops of these variables; `wish`: the kind of a table of numbers."""
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
        home, fit = self.of(flat[0]), fitted(self.place[cells])
        if fit is not None:
            return home.item(fit[0], tuple(zip(variables, fit[1:])))
        return Item(home.name, self.looked(self.place[cells], variables, home.ahead))

    def looked(self, places: Any, variables: Sequence[str], ahead: Factors) -> Looked:
        """Places in a table; of their first column if the others go on regularly from there."""
        step = int(places[0, 1] - places[0, 0]) if places.ndim == 2 and places.shape[1] > 1 else 0
        if places.ndim == 2 and (places == places[:, :1] + step * np.arange(places.shape[1])).all():
            places = places[:, 0]
            ahead = (*ahead, *[(variables[1], step)] * bool(step))
        table = self.tables.keep("places", places)
        return Looked(table.name, row_major(places.shape, variables), Place(0, ahead))

    def one(self, cell: int) -> Expression:
        """What stands for a single cell."""
        if cell not in self.expressions:
            known, home = bool(self.cells.known[cell]), self.of(cell)
            x: Expression = Number(float(self.cells.number[cell])) if known else home.item(int(self.place[cell]))
            if cell not in self.labels or not known and (home.local or home.ahead or self.position[cell] >= 0):
                return x
            name = self.names.take(self.labels[cell])
            self.ahead.append((-1 if known else cell, Let(name, x)))
            self.expressions[cell] = Name(name)
        return self.expressions[cell]


def guarded(factor: Expression, x: Expression, guard: bool) -> Expression:
    """factor · x; 0 where x is 0, if there is a guard."""
    for one, other in ((factor, x), (x, factor)):
        if one == Number(1.0):
            return other
    product = Apply("mul", (factor, x))
    return Apply("where", (x, product, Number(0.0))) if guard and not isinstance(x, Number) else product


def fitted(places: Any) -> tuple[int, ...] | None:
    """(offset, step of each dimension) of places that are regular.

    >>> fitted(np.array([[3, 5], [13, 15]])), fitted(np.array([1, 2, 4]))
    ((3, 10, 2), None)
    """
    offset, steps = int(places.flat[0]), []
    for axis, size in enumerate(places.shape):
        second = tuple([int(other == axis) for other in range(places.ndim)])
        steps.append(int(places[second]) - offset if size > 1 else 0)
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
    """(first, length) of what stands side by side in one home.

    >>> runs(np.array([0, 0, 1, -1]), np.array([4, 5, 6, 0]))
    [(0, 2), (2, 1), (3, 1)]
    """
    breaks = np.flatnonzero((home[1:] != home[:-1]) | (home[1:] < 0) | (place[1:] - place[:-1] != 1)) + 1
    starts = [0, *breaks.tolist()]
    return [(first, end - first) for first, end in zip(starts, [*starts[1:], len(home)])]
