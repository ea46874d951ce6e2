"""Places that are given back: where a value is many numbers, few places stay in the cache."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.entries.nodes import Nodes, Numbers


def with_places_given_back(nodes: Nodes, place: Numbers, first: int, ends: Numbers) -> int:
    """Give the node of each row a place, from `first` on, in their order; how many places there are then.

    A place goes to another node at the last row that reads its node: that row itself may take it, since it reads before
    it writes. Ends keep theirs.
    """
    last = np.full(len(place), -1)
    for column in nodes.operands.T:
        np.maximum.at(last, column, np.arange(len(nodes)))
    last[ends] = -1
    given_back: dict[int, list[int]] = {}
    for node in nodes.node[last[nodes.node] >= 0].tolist():
        given_back.setdefault(int(last[node]), []).append(node)
    free: list[int] = []
    found = place.tolist()
    for row, node in enumerate(nodes.node.tolist()):
        free += [found[other] for other in given_back.get(row, ())]
        if free:
            found[node] = free.pop()
        else:
            found[node], first = first, first + 1
    place[:] = found
    return first
