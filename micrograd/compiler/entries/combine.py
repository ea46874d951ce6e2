"""Nodes that one entry makes: a long sum, or a pair, where nobody else reads what is in between."""

from __future__ import annotations

import numpy as np

from micrograd.compiler.entries.kinds import MOST_OPERANDS, SUM, Kind, is_pair
from micrograd.compiler.entries.nodes import Nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.entries.nodes import Numbers

LONG_SUM = 10  # terms: fewer are quicker one by one


def combined(nodes: Nodes, with_sums: bool = True) -> Nodes:
    """The same nodes in fewer rows."""
    row_of = np.full(len(nodes.uses), -1)
    row_of[nodes.node] = np.arange(len(nodes))
    gone = bytearray(len(nodes))
    if with_sums:
        sums(nodes, row_of, gone)
    pairs(nodes, row_of, gone)
    kept = np.flatnonzero(np.frombuffer(gone, np.uint8) == 0)
    used, kind = np.unique(nodes.kind[kept], return_inverse=True)
    kinds = [nodes.kinds[number] for number in used.tolist()]
    made = Nodes(kinds, kind, nodes.node[kept], nodes.operands[kept], nodes.uses)
    made.terms = nodes.terms
    return made


def sums(nodes: Nodes, row_of: Numbers, gone: bytearray) -> None:
    """Sums that lean left, ((t₀ + t₁) + t₂) + …, of many terms."""
    add = next((number for number, kind in enumerate(nodes.kinds) if kind.key == ("add", "", 0)), -1)
    is_add = nodes.kind == add
    left = row_of[nodes.operands[:, 0]]
    goes_on = is_add & (left >= 0) & is_add[left] & (nodes.uses[nodes.operands[:, 0]] == 1)
    begun, below = np.flatnonzero(is_add).tolist(), left.tolist()
    terms, linked = [0] * len(nodes), goes_on.tolist()
    for row in begun:
        terms[row] = terms[below[row]] + 1 if linked[row] else 2
    swallowed = np.zeros(len(nodes), bool)
    swallowed[left[goes_on]] = True
    operands = nodes.operands
    for row in np.flatnonzero(is_add & ~swallowed & (np.array(terms, np.int64) >= LONG_SUM)).tolist():
        top, found = row, []
        while linked[row]:
            found.append(int(operands[row, 1]))
            row = below[row]
            gone[row] = 1
        nodes.terms[int(nodes.node[top])] = found = [*operands[row, :2].tolist(), *found[::-1]]
        nodes.kind[top] = nodes.number(Kind(SUM))
        operands[top] = found[0]


def pairs(nodes: Nodes, row_of: Numbers, gone: bytearray) -> None:
    """Rows one of whose operands is a row that nobody else reads; the last ones first, each in one pair."""
    kinds = nodes.kinds[:]
    possible = np.array([[fits(outer, inner) for inner in kinds] for outer in kinds], bool)
    possible = possible.reshape(len(kinds), len(kinds))  # where there are none, too
    counts = np.array([kind.operands for kind in kinds], np.int64)[nodes.kind] if kinds else nodes.kind
    free = np.frombuffer(gone, np.uint8) == 0
    chosen: list[tuple[int, int, int]] = []
    inside = row_of[nodes.operands]
    single = (inside >= 0) & (np.arange(MOST_OPERANDS) < counts[:, None]) & (nodes.uses[nodes.operands] == 1)
    single &= free[:, None] & free[inside] & possible[nodes.kind[:, None], nodes.kind[inside]]
    candidates = np.flatnonzero(single.any(1))
    firsts = single[candidates].argmax(1)
    for row, at, inner in zip(
        candidates[::-1].tolist(), firsts[::-1].tolist(), inside[candidates, firsts][::-1].tolist()
    ):
        if not gone[row]:
            gone[inner] = 1
            chosen.append((row, at, inner))
    if not chosen:
        return
    row, at, inner = np.array(chosen).T
    outer_kind, inner_kind = nodes.kind[row], nodes.kind[inner]
    key = (outer_kind * len(kinds) + inner_kind) * MOST_OPERANDS + at
    for number in np.unique(key).tolist():
        here = key == number
        place, rest = number % MOST_OPERANDS, number // MOST_OPERANDS
        outer, inner_one = kinds[rest // len(kinds)], kinds[rest % len(kinds)]
        rows, insides = row[here], inner[here]
        others = [c for c in range(outer.operands) if c != place]
        columns = [nodes.operands[insides, c] for c in range(inner_one.operands)]
        columns += [nodes.operands[rows, c] for c in others]
        columns += [columns[-1]] * (MOST_OPERANDS - len(columns))
        nodes.kind[rows] = nodes.number(Kind(outer.row, inner_one.row, place))
        nodes.operands[rows] = np.stack(columns, axis=1)


def fits(outer: Kind, inner: Kind) -> bool:
    """Whether the two are a pair that an entry can hold."""
    return is_pair(outer.row, inner.row) and outer.operands + inner.operands - 1 <= MOST_OPERANDS
