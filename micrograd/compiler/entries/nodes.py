"""The nodes that some ends need, as arrays: what each computes, of which nodes.

Nodes are numbers, operands before results. Linear in the nodes, without recursion.
"""

from __future__ import annotations

from itertools import chain

import numpy as np

from micrograd.compiler.entries.kinds import MOST_OPERANDS, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]


class Nodes:
    """Nodes to be made, in rising order, one row each; what one entry makes of several is the row of the last.

    kinds       the kinds there are; kind: for each row, which of them
    node        the node that it makes; operands: (rows, 3), the last one again where there are fewer
    terms       node -> the terms of a sum; its operands are the first of them
    uses        by node: how many operands it is; an end counts as two
    """

    def __init__(self, kinds: list[Kind], kind: Numbers, node: Numbers, operands: Numbers, uses: Numbers) -> None:
        self.kinds, self.kind, self.node, self.operands, self.uses = kinds, kind, node, operands, uses
        self.terms: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self.node)

    def number(self, kind: Kind) -> int:
        """Which of the kinds it is; a new one is added."""
        for number, known in enumerate(self.kinds):
            if known.key == kind.key:
                return number
        self.kinds.append(kind)
        return len(self.kinds) - 1


def needed(args: Sequence[tuple[Any, ...]], given: Sequence[int] | bytearray, ends: Sequence[int]) -> bytearray:
    """By node: 1 for those that the ends need. Given nodes need no others."""
    seen = bytearray(len(args))
    for end in ends:
        seen[end] = 1
    for i in range(max(ends, default=-1), -1, -1):
        if seen[i] and not given[i]:
            for j in args[i]:
                seen[j] = 1
    return seen


def nodes_of(kind: Sequence[str], args: Sequence[tuple[int, ...]], made: Numbers, ends: Sequence[int]) -> Nodes:
    """The rows of the nodes to be made."""
    order = made.tolist()
    rows = [kind[i] for i in order]
    names = {name: number for number, name in enumerate(dict.fromkeys(rows))}
    kinds = [Kind(name) for name in names]
    code = np.fromiter(map(names.__getitem__, rows), np.int64, len(rows))
    counts = np.array([one.operands for one in kinds], np.int64)[code] if kinds else code
    flat = np.fromiter(chain.from_iterable([args[i] for i in order]), np.int64)
    operands = np.zeros((len(order), MOST_OPERANDS), np.int64)
    operands[np.arange(MOST_OPERANDS) < counts[:, None]] = flat
    for column in range(1, MOST_OPERANDS):  # where there are fewer, the one before again
        operands[:, column] = np.where(counts > column, operands[:, column], operands[:, column - 1])
    twice = np.array([*ends, *ends], np.int64)  # so that no entry swallows an end
    uses = np.bincount(np.concatenate([flat, twice]), minlength=len(args))
    return Nodes(kinds, code, made, operands, uses)
