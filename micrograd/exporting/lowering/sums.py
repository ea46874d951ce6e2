"""Sums that parameters receive, as statements: matrices, columns, and numbers one by one."""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.steps import Outer
from micrograd.exporting.lowering.cells import read_by
from micrograd.exporting.lowering.places import FEWEST, ROW, TERM, guarded
from micrograd.exporting.statements import Add, For, If, Let, Name, Number, Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.exporting.lowering.blocks import Lowering
    from micrograd.exporting.statements import Statement


def write_sum(lowering: Lowering, one: Any) -> None:
    """Products that are added up."""
    places = lowering.places
    if isinstance(one, Outer):
        return write_matrix(lowering, one)
    settled = places.home[one.slots] >= 0
    for home in np.unique(places.home[one.slots[settled]]):
        lowering.clear(one.slots[places.home[one.slots] == home])
    sides = [one.left] if one.right is None else [one.left, one.right]
    columns = [[side[:, j] for side in sides] for j in range(one.left.shape[1])]
    if len(one.slots) >= FEWEST >= len(columns) and places.regular(one.slots):
        if all(places.regular(x) for column in columns for x in column):
            return write_columns(lowering, one, columns)
    if len(columns) > FEWEST and all(map(places.regular, (one.slots, *sides))):
        return write_products(lowering, one)
    body = lowering.blocks[lowering.after(read_by(one))].body
    for r, slot in enumerate(one.slots.tolist()):
        terms = []
        for j, x in enumerate(one.left[r].tolist()):
            terms.append((Number(1.0) if one.right is None else places.one(int(one.right[r, j])), places.one(x)))
        parts, total = lowering.total(None, terms, one.guard)
        target: Any = places.one(slot)
        body += [*parts, Add(target, total)]


def write_columns(lowering: Lowering, one: Any, columns: list[Any]) -> None:
    """The sums of a few products each, in the loop that makes what they add up."""
    for column in columns:
        number, [x, *factors] = lowering.loop(len(one.slots), column, [])
        target: Any = lowering.places.item(one.slots, ROW)
        product = guarded(factors[0] if factors else Number(1.0), x, one.guard)
        lowering.blocks[number].body.append(Add(target, product))


def write_products(lowering: Lowering, one: Any) -> None:
    """The sums of many products each, one after the other."""
    places = lowering.places
    number, _ = lowering.loop(len(one.slots), [], read_by(one))
    x = places.item(one.left, ROW, TERM)
    factor = Number(1.0) if one.right is None else places.item(one.right, ROW, TERM)
    total, target = Name(places.fresh("total")), places.item(one.slots, ROW)
    inner = For(TERM, one.left.shape[1], [Add(total, guarded(factor, x, one.guard))])
    body: list[Any] = [Let(total.text, Number(0.0), changes=True), inner, Add(target, total)]  # type: ignore[arg-type]
    lowering.blocks[number].body += body


def write_matrix(lowering: Lowering, one: Outer) -> None:
    """A matrix that is a column times a row, in the loop that makes the column."""
    places = lowering.places
    number, [x] = lowering.loop(len(one.left), [one.left], [one.right])
    product = guarded(x, places.item(one.right, TERM), False)
    target: Any = places.item(one.slots, ROW, TERM)
    several = not places.cells.several.isdisjoint(one.slots.ravel().tolist())
    if lowering.into or one.guard or several:
        lowering.clear(one.slots)
        inner: Statement = For(TERM, len(one.right), [Add(target, product)])
    else:
        inner = For(TERM, len(one.right), [Store(target, places.of(one.slots[0, 0]).cleaned(product))])
    lowering.blocks[number].body.append(If(x, [inner]) if one.guard else inner)
