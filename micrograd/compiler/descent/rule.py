"""`Rule`: the update rule of an optimiser as a scalar graph, which holds for every parameter.

column      a number that the graph needs and that depends on the step alone, see `symbols`
table       the columns at some steps, a row for each step
"""

from __future__ import annotations

import operator
from itertools import repeat

import numpy as np

from micrograd import functions
from micrograd.compiler.descent.symbols import ByStep
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.descent.symbols import Reading

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

MANY = 64  # steps that are worth NumPy
# Python's way with floats -> NumPy's with arrays, where both give the same, errors included
IN_NUMPY: dict[Callable[..., Any], Any] = {f: f for f in (operator.add, operator.sub, operator.mul, operator.neg)}
IN_NUMPY[functions.sqrt] = np.sqrt


class Rule:
    """An update rule, for one parameter.

    graph       leaves: input 0 is p, 1 is g, from 2 on the moments before the step; captured: the columns
    ends        the nodes of the new p and of the new moments
    gradient    the node of g
    moments     how many there are
    columns     what computes each, from the symbols of the `step` and of the learning `rate`; order: these and all
                that they are computed from, operands first
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
        self.step, self.rate, self.columns = reading.step, reading.learning_rate, reading.columns
        self.order = needed(reading.columns)
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
        """The columns at these steps, (steps, columns).

        rate: the learning rate, or a function of the step. Whatever error Python has at one of the steps.
        """
        known: dict[int, Any] = {}
        for x in self.order:
            if x is self.step:
                known[id(x)] = steps
            elif x is self.rate:
                known[id(x)] = each(rate, [steps]) if callable(rate) else rate
            else:
                known[id(x)] = computed(x.compute, [known[id(y)] if isinstance(y, ByStep) else y for y in x.args])
        columns = [known[id(x)] for x in self.columns]
        varying = any(map(is_row, columns))
        table = np.empty((len(steps) if varying else 1, len(columns)))
        for k, column in enumerate(columns):
            table[:, k] = column
        return table if varying else np.broadcast_to(table, (len(steps), len(columns)))

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
    """Whether x is a number for every step, and not one for all: a range, an array of floats, or a list of others."""
    return isinstance(x, (range, np.ndarray, list))


def computed(compute: Callable[..., Any], operands: list[Any]) -> Any:
    """A number by step, as Python computes it; NumPy does where both do the same."""
    if not any(map(is_row, operands)):
        return compute(*operands)
    first, last = operands[0], operands[-1]
    if compute is operator.add and first.__class__ is range and last.__class__ is int:
        return range(first.start + last, first.stop + last)
    if all(isinstance(x, (float, np.ndarray)) for x in operands):
        found: Any = compute if compute is operator.truediv and np.all(last) else IN_NUMPY.get(compute)
        if found is not None:
            with np.errstate(all="ignore"):
                return found(*operands)
    return each(compute, [x if is_row(x) else repeat(x) for x in operands])


def each(compute: Callable[..., Any], operands: list[Any]) -> Any:
    """It, step by step, of Python's own numbers: those of NumPy have no ZeroDivisionError."""
    found = list(map(compute, *[x.tolist() if isinstance(x, np.ndarray) else x for x in operands]))
    return np.array(found) if len(found) >= MANY and set(map(type, found)) == {float} else found


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
