"""Runs: parts of a group whose results stand side by side, and each operand too, or is the same in all of it."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.entries.nodes import Numbers

REGULAR = 6  # rows: a shorter run is no quicker than its rows one by one


def regular(operands: Numbers, group: Numbers) -> tuple[Numbers, Numbers]:
    """(first rows, ends) of the runs, in order; `group` is equal for rows whose results stand side by side."""
    if len(operands) < REGULAR:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    step = operands[1:] - operands[:-1]
    follows = ((step == 0) | (step == 1)).all(1) & (group[1:] == group[:-1])
    goes_on = np.concatenate([[False], follows[1:] & follows[:-1] & (step[1:] == step[:-1]).all(1)])
    begins = np.flatnonzero(follows & ~goes_on)
    over = np.flatnonzero(~goes_on)
    ends = np.append(over, len(step))[np.searchsorted(over, begins, side="right")] + 1
    long = ends - begins >= REGULAR
    first, last, taken = [], [], 0
    for begin, end in zip(begins[long].tolist(), ends[long].tolist()):
        begin = max(begin, taken)  # the last row of a run may begin the next
        if end - begin >= REGULAR:
            first.append(begin)
            last.append(end)
            taken = end
    return np.array(first, np.int64), np.array(last, np.int64)
