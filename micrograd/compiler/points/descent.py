"""Steps of an optimiser on a plain function: from one of its arguments on, or from its parameters."""

from __future__ import annotations

import numpy as np

from micrograd.check.why import why_nan
from micrograd.compiler.arguments import numbers_of
from micrograd.compiler.backends import point_steps_of
from micrograd.compiler.descent import loop
from micrograd.compiler.descent.descent import Descent
from micrograd.compiler.points.comparison import flat
from micrograd.compiler.points.nests import floats, symbolic, taken_apart
from micrograd.compiler.points.routine import Part
from micrograd.compiler.self_check import replayed
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.descent.rule import Numbers, Rule
    from micrograd.compiler.points.function import CompiledFunction
    from micrograd.compiler.points.recorded import Recorded
    from micrograd.compiler.points.routine import Routine

PARAMETERS = "parameters"


class Where:
    """Where the numbers that steps change stand.

    routine     of value and gradient; recorded: of the same function
    numbers     of the arguments, in a row
    places      of what changes, among the numbers or, behind them, among the Values; −1 where one has no place
    """

    def __init__(self, routine: Routine, recorded: Recorded, numbers: list[float], nodes: list[int]) -> None:
        self.routine, self.recorded, self.numbers = routine, recorded, np.array(numbers, float)
        known = {node: place for place, node in enumerate([*recorded.inputs, *recorded.nodes])}
        self.places = [known.get(node, -1) for node in nodes]

    def steps_of(self, rule: Rule) -> Any:
        """What takes many steps of a rule in one call; ValueError where nothing does."""
        routine, places, outputs = self.routine, self.places, self.routine.outputs
        player = getattr(routine.player, "player", None)
        if player is None:
            raise ValueError("the program has loops")
        first, gradient = places[0] if places else 0, outputs[1:-1]
        beside = places == list(range(first, first + len(places))) and (np.diff(gradient) == 1).all()
        if not places or first < 0 or not beside:
            raise ValueError("the numbers do not stand side by side")
        stand = first, int(outputs[0]), int(gradient[0]), int(outputs[-1])
        return point_steps_of(player, rule, len(places), stand, self.given)

    def given(self) -> Numbers:
        """The numbers of the arguments and of Values, as they are now."""
        return np.append(self.numbers, [value.data for value in self.routine.values])

    def source(self, p: Numbers) -> str:
        """Which node the first nan or inf comes from, with the arguments at p, or the Values as they are."""
        trace, numbers = self.recorded.trace, self.numbers.copy()
        for place, x in zip(self.places, p.tolist()):
            if 0 <= place < len(numbers):
                numbers[place] = x
        kinds = {"input": list(map(Value, numbers.tolist()))}
        for kind, values in (("parameter", trace.parameters), ("captured", trace.captured)):
            kinds[kind] = [Value(x.data, x.label) for x in values]
        fault = why_nan(replayed(trace.graph, kinds, count=self.recorded.length)[trace.outputs[0]])
        return "Run as plain code it is finite" if fault is None else f"{fault}"


def descend(function: CompiledFunction, args: tuple[Any, ...], steps: int, wrt: Any) -> Any:
    """See `CompiledFunction.descend`."""
    if not args:
        raise TypeError("expected the optimiser as last argument, got none")
    *given, optimizer = args
    wrt = (0 if given else PARAMETERS) if wrt is None else wrt
    optimizer = loop.stepping(optimizer)
    items: list[Any] = []
    shape = taken_apart(tuple(given), items)
    if symbolic(items):
        raise TypeError("expected numbers as arguments, and no Values: those of the code are its parameters")
    by, nodes, where = function._stand(shape, floats(items), wrt)
    values = [] if wrt != PARAMETERS else function.parameters
    moving = list(values.values() if isinstance(values, dict) else values)
    p = where.given()[where.places] if not moving else numbers_of(moving)

    def arrive(at: Numbers) -> None:
        nonlocal p
        p = at
        for value, x in zip(moving, at.tolist()):
            value.data = x

    def value_and_gradient(at: Numbers) -> tuple[float, Numbers]:
        arrive(at)
        numbers = where.numbers.copy()
        if not moving:
            numbers[where.places] = at
        value, slopes = where.routine.play(numbers)
        return value, np.array(flat(slopes))

    descent = Descent(optimizer, where.steps_of)
    losses = loop.descend(descent, p, steps, value_and_gradient, where.source, arrive)
    return losses if moving else (losses, Part(nodes, by).arranged(p))
