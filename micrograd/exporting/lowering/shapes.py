"""Loops or formulas: how each step is written, and what has to be copied side by side for it."""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.steps import Linear, Map, Outer
from micrograd.exporting.lowering.cells import in_pairs, read_by
from micrograd.exporting.lowering.places import FEWEST, ROW, TERM, Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.exporting.lowering.places import Places

    Formulas = dict[int, tuple[Any, int]]

FEWEST_PRODUCTS = 8  # of a matrix that is a loop
MOST_FORMULAS = 64  # a step that reads here and there is rather so many formulas than a loop over copies


class Copies:
    """Cells that are copies of others, side by side."""

    def __init__(self, index: Any, own: Any) -> None:
        self.index, self.own = index, own


class Shapes:
    """Says of steps how they are written.

    loops       those that are loops, with the copies that they need ahead of them
    formulas    cell -> the step that makes it, if it is no loop, and which of its rows it is; only of live cells
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        self.loops: list[Any] = []
        self.formulas: Formulas = {}

    def settle(self, steps: Sequence[Any]) -> None:
        """Say how steps are written; the cells that loops make get homes."""
        places, live = self.places, self.places.cells.live
        for step in steps:
            places.home[step.own] = -1
            if not self.is_loop(step):
                self.formulas.update({cell: (step, r) for r, cell in enumerate(step.own.tolist()) if cell in live})
                continue
            if isinstance(step, Linear):  # tables are numbered in the order of the layers
                places.item(step.slots, ROW, TERM, wish="weights")
                if step.bias is not None:
                    places.item(step.bias, ROW, wish="biases")
            if step.count > 1:
                places.settle(Home(places.fresh("h"), step.count, local=True), step.own)
            self.loops.append(step)

    def is_loop(self, step: Any) -> bool:
        """Whether a step is written as a loop."""
        regular = self.places.regular
        if not self.places.labels.keys().isdisjoint(step.own.tolist()) and step.count <= MOST_FORMULAS:
            return False
        if isinstance(step, Map):
            return step.count >= FEWEST and all(map(regular, read_by(step)))
        rows = step.rows[0] if step.shared else step.rows
        if step.rows.size < FEWEST_PRODUCTS or not regular(step.slots):
            return False
        if step.bias is not None and not regular(step.bias):
            return False
        if not regular(rows):
            if not step.shared or step.count == 1 and rows.size <= MOST_FORMULAS:
                return False
            step.rows = np.tile(self.copied(rows), (step.count, 1))
        return True

    def settle_sum(self, one: Any) -> Any:
        """The sum: a matrix as a loop over rows and columns if it is large, else as a sum for each of its numbers."""
        if not isinstance(one, Outer):
            return one
        regular, sides = self.places.regular, (one.left, one.right)
        if one.slots.size >= FEWEST_PRODUCTS and regular(one.slots):
            if all(map(regular, sides)) or one.slots.size > MOST_FORMULAS:
                return one.over(*[x if regular(x) else self.copied(x) for x in sides])
        return in_pairs(one)

    def copied(self, cells: Any) -> Any:
        """Cells that stand side by side, as copies of others."""
        own = self.places.more(len(cells))
        self.places.settle(Home(self.places.fresh("g"), len(cells), local=True), own)
        self.loops.append(Copies(cells, own))
        return own


def needs(one: Any, formulas: Formulas) -> list[int]:
    """The cells that a cell, a loop or a sum needs."""
    if isinstance(one, Copies):
        return list(one.index.tolist())
    if isinstance(one, int):
        step, r = formulas[one]
        return [int(x) for cells in read_by(step) for x in np.ravel(cells[r])]
    return [int(x) for cells in read_by(one) for x in np.unique(cells)]


def ordered(ends: Sequence[Any], maker: dict[int, Any], formulas: Formulas) -> list[Any]:
    """Loops, sums and cells that the ends need, those that others need first; what nobody makes is there."""
    seen: set[Any] = set()
    done: set[Any] = set()
    found: list[Any] = []
    waiting = [maker.get(one) if isinstance(one, int) else one for one in reversed(ends)]
    while waiting:
        one = waiting[-1]
        if one is None or one in done:
            waiting.pop()
        elif one in seen:
            waiting.pop()
            done.add(one)
            found.append(one)
        else:
            seen.add(one)
            below = dict.fromkeys([maker[x] for x in needs(one, formulas) if x in maker])
            waiting += [x for x in reversed(below) if x not in done]
    return found
