"""In which order rows run, and where their results stand: level by level, those of one kind side by side.

group       the rows of one kind on one level
origin      of a node: the group that makes it, or LEAF
regular     rows in an order in which operands stand side by side, or are the same: see `runs`
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.entries.kinds import SUM
from micrograd.compiler.entries.runs import REGULAR, regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.entries.nodes import Nodes, Numbers

MANY = 24  # rows: NumPy sorts fewer no quicker than Python
LEAF = -1


def levels(nodes: Nodes) -> Numbers:
    """By row: 1 + the highest level of its operands; leaves have 0."""
    level = [0] * len(nodes.uses)
    a, b, c = nodes.operands.T.tolist()
    for node, i, j, k in zip(nodes.node.tolist(), a, b, c):
        high, other, last = level[i], level[j], level[k]
        if other > high:
            high = other
        level[node] = (high if high > last else last) + 1
        if node in nodes.terms:
            level[node] = 1 + max([level[term] for term in nodes.terms[node]])
    return np.array(level, np.int64)[nodes.node] if len(nodes) else nodes.node


def gathered(nodes: Nodes, level: Numbers) -> Numbers:
    """The levels, with functions as late as it takes to compute as many as there are of one kind at a time.

    A row may wait until the first that reads it; rows of a kind that can all be on one level are put there.
    """
    latest = np.full(len(nodes.uses), level.max(initial=0) + 1)
    for column in nodes.operands.T:
        np.minimum.at(latest, column, level)
    of_node = dict(zip(nodes.node.tolist(), level.tolist())) if nodes.terms else {}
    for node, terms in nodes.terms.items():
        np.minimum.at(latest, terms, of_node[node])
    latest = latest[nodes.node] - 1
    found = level.copy()
    for number, kind in enumerate(nodes.kinds):
        if kind.costly:
            rows = np.flatnonzero(nodes.kind == number)
            rows, at = rows[np.argsort(latest[rows], kind="stable")], -1
            for row, begin, end in zip(rows.tolist(), level[rows].tolist(), latest[rows].tolist()):
                if begin > at:
                    at = end
                found[row] = at
    return found


def in_groups(nodes: Nodes) -> tuple[Numbers, Numbers]:
    """Rows in order, and where groups begin among them, with their end behind."""
    key = gathered(nodes, levels(nodes)) * max(len(nodes.kinds), 1) + nodes.kind
    order = np.argsort(key, kind="stable")
    key = key[order]
    return order, np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1], [True]]) if len(key) else [True])


def placed(nodes: Nodes, order: Numbers, bounds: Numbers, place: Numbers, first: int) -> Numbers:
    """Give the node of each row a place, from `first` on; the rows in the order of their places."""
    counts, order = bounds[1:] - bounds[:-1], order.copy()
    origin = np.full(len(place), LEAF)
    origin[nodes.node[order]] = np.repeat(np.arange(len(counts)), counts)
    place[nodes.node[order]] = first + np.arange(len(order))
    large = np.flatnonzero(counts >= REGULAR)
    for begin, end in zip(bounds[large].tolist(), bounds[large + 1].tolist()):
        rows = order[begin:end]
        if nodes.kinds[nodes.kind[rows[0]]].row != SUM:
            rows = order[begin:end] = sorted_rows(nodes.operands[rows], rows, place, origin)
            place[nodes.node[rows]] = first + np.arange(begin, end)
    return order


def sorted_rows(operands: Numbers, rows: Numbers, place: Numbers, origin: Numbers) -> Numbers:
    """The rows of a group by the places of their operands, of which one or another comes first, or by their groups."""
    places, origins = place[operands], origin[operands]
    if len(rows) < MANY:
        keys = np.concatenate([origins, places], axis=1).tolist()
        return rows[sorted(range(len(rows)), key=keys.__getitem__)]
    keys = [np.roll(places, -first, axis=1) for first in range(places.shape[1])]
    if (origins != origins[0]).any():
        keys.insert(0, np.concatenate([origins, places], axis=1))
    best, least = rows, 2 * len(rows)
    for key in keys:
        by = np.lexsort(key.T[::-1])
        found = cost(places[by])
        if found < least:
            best, least = rows[by], found
        if 2 * least < len(rows):  # others would hardly be better
            break
    return best


def cost(places: Numbers) -> int:
    """About how long a group in this order takes: regular parts as some rows each, the others one by one."""
    begin, end = regular(places, np.zeros(len(places), np.int64))
    return len(places) + 6 * len(begin) - int((end - begin).sum())
