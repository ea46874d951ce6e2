"""The period of a long graph: rows that come again and again, as those of a Python loop over time.

row         a node that is made, without leaves and what nothing needs; rows are numbered in their order
period      how many rows further the same comes again: the operation is the same, and each operand is a leaf in both,
            or the same row, or one a period further, for as long as the rows repeat
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.entries.nodes import needed
from micrograd.compiler.scalar.graph import LEAVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

NONE, LEAF = -1, -2  # in place of the row of an operand
NEAR = 64  # rows: how far an operand may stand for its distance to be part of the look of a row
RARE, TRIED = 24, 12  # looks whose distances are taken, and distances that are tried
SAMPLED = 61  # one row of so many is compared first


class Rows:
    """The rows of a graph.

    nodes       of the rows
    operations  numbers of the primitives
    operands    by row: the rows of the operands, LEAF or NONE
    """

    def __init__(self, nodes: list[int], operations: Numbers, operands: Numbers) -> None:
        self.nodes, self.operations, self.operands = nodes, operations, operands

    def __len__(self) -> int:
        return len(self.nodes)


class Period:
    """Rows that repeat: `count` times `length` of them from row `start` on."""

    def __init__(self, start: int, length: int, count: int) -> None:
        self.start, self.length, self.count = start, length, count

    @property
    def end(self) -> int:
        """The first row behind."""
        return self.start + self.length * self.count


def rows_of(graph: Graph, ends: Sequence[int]) -> Rows:
    """The rows that the ends need."""
    kind, args = graph.kind, graph.args
    wanted = needed(args, bytearray([one in LEAVES for one in kind]), ends)
    nodes = [node for node, used in enumerate(wanted) if used and kind[node] not in LEAVES]
    numbers = np.full(len(kind) + 1, LEAF, np.int64)
    numbers[nodes] = np.arange(len(nodes))
    numbers[-1] = NONE
    operands = [args[node] for node in nodes]
    names: dict[str, int] = {}
    operations = np.array([names.setdefault(kind[node], len(names)) for node in nodes], np.int64)
    columns = [[x[i] if i < len(x) else -1 for x in operands] for i in range(max(map(len, operands), default=0))]
    return Rows(nodes, operations, numbers[np.array(columns, np.int64).T])


def repeating(rows: Rows, distance: int, chosen: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
    """By row: whether that a distance further is the same, and which operands, as bits, are so much further."""
    before, after = rows.operands[:-distance][chosen], rows.operands[distance:][chosen]
    further = (before >= 0) & (after == before + distance)
    same = rows.operations[:-distance][chosen] == rows.operations[distance:][chosen]
    same &= (further | (after == before)).all(1)
    return same, further @ (1 << np.arange(further.shape[1]))


def longest(rows: Rows, distance: int) -> Period:
    """The longest part of the rows that has a distance as its period."""
    same, further = repeating(rows, distance)
    same[distance:] &= ~(same[:-distance] & (further[distance:] != further[:-distance]))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]])))
    if not len(edges):
        return Period(0, distance, 0)
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    which = int(np.argmax(lengths))
    return Period(int(starts[which]), distance, int(lengths[which]) // distance + 1)


def distances(rows: Rows) -> list[int]:
    """Distances between rows of the same look, the commonest first: of the rarer looks, which tell most."""
    own = np.arange(len(rows))[:, None]
    away = np.where(rows.operands >= 0, own - rows.operands, rows.operands)
    look = rows.operations
    for column in np.where(away < NEAR, away, NEAR).T:
        look = look * (NEAR + 3) + column
    _, inverse, counts = np.unique(look, return_inverse=True, return_counts=True)
    order, first = np.argsort(inverse, kind="stable"), np.concatenate([[0], np.cumsum(counts)])
    found: dict[int, int] = {}
    for which in np.argsort(np.where(counts >= 8, counts, len(rows) + 1), kind="stable")[:RARE]:
        places = order[first[which] : first[which + 1]]
        for apart in (1, 2, 3, 4):
            values, many = np.unique(places[apart:] - places[:-apart], return_counts=True)
            for i in np.argsort(-many)[:3]:
                found[int(values[i])] = found.get(int(values[i]), 0) + 1
    return sorted(found, key=lambda distance: (-found[distance], distance))


def period_of(rows: Rows, fewest: int) -> Period | None:
    """The period of most of the rows, repeated so often at least; None where there is none."""
    best = None
    likely: Iterable[int] = [x for x in distances(rows) if 0 < x <= len(rows) // fewest]
    for distance in list(likely)[:TRIED]:
        if repeating(rows, distance, slice(None, None, SAMPLED))[0].mean() < 0.4:
            continue
        found = longest(rows, distance)
        covered = found.count * found.length
        if found.count >= fewest and 2 * covered > len(rows):
            if best is None or covered > 1.05 * best.count * best.length:
                best = found
            if 10 * covered > 9 * len(rows):
                break
    return best
