"""`Rule`: the update rule of an optimiser as a scalar graph, which holds for every parameter.

column      a number that the graph needs and that depends on the step alone, see `symbols`
table       the columns at some steps, a row for each step
"""

from __future__ import annotations

from itertools import repeat

import numpy as np

from micrograd.compiler.descent.symbols import ByStep
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.descent.symbols import Reading

    Numbers = np.ndarray[Any, np.dtype[np.float64]]


class Rule:
    """An update rule, for one parameter.

    graph       leaves: input 0 is p, 1 is g, from 2 on the moments before the step; captured: the columns
    ends        the nodes of the new p and of the new moments
    gradient    the node of g
    moments     how many there are
    nodes       those that are computed, inputs among them; constants: those that are numbers

    >>> from micrograd.compiler.descent.reading import read
    >>> from micrograd.optim import SGD
    >>> print(read(SGD(lr=0.1)).graph)
    0  input 0
    1  input 1
    2  captured 0
    3  mul 2 1
    4  sub 0 3
    """

    gradient = 1  # of the leaves, which are made in the order above

    def __init__(self, reading: Reading, ends: list[int]) -> None:
        self.graph, self.ends, self.moments = reading.graph, ends, len(reading.moments)
        self._step, self._rate, self._columns = reading.step, reading.learning_rate, reading.columns
        self._order = needed(reading.columns)
        graph, wanted = self.graph, {self.gradient, *ends}
        for node in range(len(graph) - 1, -1, -1):
            if node in wanted and graph.kind[node] in TABLE:
                wanted.update(graph.args[node])
        self.constants = [node for node in sorted(wanted) if graph.kind[node] == "constant"]
        self.nodes = [node for node in sorted(wanted) if graph.kind[node] not in ("constant", "captured")]

    def key(self) -> tuple[Any, ...]:
        """Equal for rules that do the same with a parameter, given the columns."""
        return (*self.graph.keys(), *self.ends)

    def table(self, rate: float | Callable[[int], float], steps: range) -> Numbers:
        """The columns at these steps, (steps, columns); one row, (1, columns), where they are the same at all of them.

        rate: the learning rate, or a function of the step. Whatever error Python has at one of the steps.
        """
        known: dict[int, Any] = {}
        for x in self._order:
            if x is self._step:
                known[id(x)] = steps
            elif x is self._rate:
                known[id(x)] = list(map(rate, steps)) if callable(rate) else rate
            else:
                operands = [known[id(y)] if isinstance(y, ByStep) else y for y in x.args]
                if any(map(is_row, operands)):
                    known[id(x)] = list(map(x.compute, *[y if is_row(y) else repeat(y) for y in operands]))
                else:
                    known[id(x)] = x.compute(*operands)
        columns = [known[id(x)] for x in self._columns]
        table = np.empty((len(steps) if any(map(is_row, columns)) else 1, len(columns)))
        for k, column in enumerate(columns):
            table[:, k] = column
        return table

    def at(self, row: Sequence[float], numbers: Sequence[float]) -> list[float]:
        """The new p and moments of one parameter, given a row of the table, and p, g and the moments."""
        found: list[float] = []
        for kind, args in zip(self.graph.kind, self.graph.args):
            if kind == "constant":
                found.append(args[0])
            elif kind in ("input", "captured"):
                found.append(float((numbers if kind == "input" else row)[args[0]]))
            else:
                found.append(TABLE[kind].forward(*[found[x] for x in args]))
        return [found[end] for end in self.ends]


def is_row(x: Any) -> bool:
    """Whether x is a number for every step, and not one for all."""
    return isinstance(x, (list, range))


def needed(ends: Sequence[ByStep]) -> list[ByStep]:
    """The ends and what they are computed from, operands first."""
    order: dict[int, ByStep] = {}
    waiting = list(reversed(ends))
    while waiting:
        missing = [x for x in waiting[-1].args if isinstance(x, ByStep) and id(x) not in order]
        if missing:
            waiting += missing
        else:
            x = waiting.pop()
            order[id(x)] = x
    return list(order.values())
