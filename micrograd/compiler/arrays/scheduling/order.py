"""The order in which steps and sums run, and steps taken apart where that lets more of them run in one loop."""

from __future__ import annotations

from micrograd.compiler.arrays.steps import Linear, Pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Map, Sum

PANEL = 32  # so many rows of a block, half of a first cache of 32 kB, are added to all sums before the next ones
SHORT = 32  # terms of a sum that is fused like a Map
MOST_ITEMS, MOST_ITEMS_ALONE = 200, 600  # of a loop; of one that adds nothing up
FEW_ROWS, FEW_ROWS_ALONE, FEW_TERMS = 4, 24, 64  # of a small program's step, see one_by_one


def in_order(program: ArrayProgram) -> ArrayProgram:
    """The steps for each sample, and every sum as soon as what it adds up is there."""
    import numpy as np

    made_by = np.full(program.rows, -1)
    for number, step in enumerate(program.steps):
        made_by[step.start : step.start + step.count] = number
    after: dict[int, list[Sum]] = {}
    for one in program.sums:
        after.setdefault(max([int(made_by[index].max()) for index in one.reads()]), []).append(one)
    made = program.copy()
    made.order = [*after.get(-1, [])]
    for number, step in enumerate(program.steps):
        made.order += [step, *after.get(number, [])]
    return made


def by_product(program: ArrayProgram) -> ArrayProgram:
    """A quick Map on the rows of several products, as in a convolution, in parts, one for each product."""
    product: dict[int, Any] = {}  # by its first row
    made = program.copy()
    made.order = []
    step: Any
    for step in program.order:
        parts: list[Map] = []
        if goes_on(step):
            product[step.start] = step
        elif step.rounds and step.quick:
            parts = [piece for index in step.reads()[:1] for piece in parts_of(step, index, product)]
        made.order += parts or [step]
    return made


def one_by_one(program: ArrayProgram) -> ArrayProgram:
    """The Maps of a small program without layers row by row, so that all of it fits into one loop.

    Steps that add nothing up and are of one length have one loop as they are, over rows too, which is quicker.
    """
    made = program.copy()
    rows = sum([step.count for step in program.order])
    if not program.sums and len({step.count for step in program.order}) == 1:
        return made
    if rows <= most_items(program) and all(one_row_or_few(step, not program.sums) for step in program.order):
        made.order = []
        step: Any
        for step in program.order:
            apart = step.rounds or isinstance(step, Linear)
            made.order += [step.part(r, 1) for r in range(step.count)] if apart else [step]
    return made


def most_items(program: ArrayProgram) -> int:
    """Of a loop: sums would have to stay in registers beside what it makes."""
    return MOST_ITEMS if program.sums else MOST_ITEMS_ALONE


def one_row_or_few(step: Any, alone: bool) -> bool:
    """Whether a step makes one row, or a few quick ones; a function is better called for one row after the other.

    alone: the program adds nothing up; then short sums may be few, too, but products have loops of their own.
    """
    if step.count == 1 or isinstance(step, Pairs):
        return True
    if alone and short_sum(step):
        return not step.shared and step.work <= FEW_TERMS
    return bool(step.rounds and step.quick and step.count <= (FEW_ROWS_ALONE if alone else FEW_ROWS))


def short_sum(step: Any) -> bool:
    """Whether a step has sums of few terms, which run as Maps do where they are one by one."""
    return isinstance(step, Linear) and step.rows.shape[1] <= SHORT and not step.guard


def parts_of(step: Any, index: Index, product: dict[int, Any]) -> list[Map]:
    """A Map in parts, if its first operand is the rows of several products one after the other; else none."""
    import numpy as np

    parts, place = [], 0
    while place < len(index):
        made = product.get(int(index[place]))
        if made is None or made.count == step.count or not np.array_equal(index[place : place + made.count], made.own):
            return []
        parts.append(step.part(place, made.count))
        place += made.count
    return parts


def goes_on(step: Any) -> bool:
    """Whether a step is a product with whose rows quick steps may go on in its loop."""
    return isinstance(step, Linear) and step.shared and not step.guard and step.rows.shape[1] <= PANEL
