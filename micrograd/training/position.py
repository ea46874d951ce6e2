"""`Position`: where a training stands, the numbers of its parameters, and how a step of an optimiser moves it.

at          the numbers as an array while a loop works on arrays; None while the parameters themselves have them
gradient    the last one of such a loop
"""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.descent import Descent, Steps
    from micrograd.engine import Value
    from micrograd.optim.optimizer import Optimizer
    from micrograd.training.objectives import Objective


class Position:
    """The numbers of some parameters.

    >>> from micrograd import Value
    >>> position = Position([Value(1.0), Value(2.0)])
    >>> position.move([3.0, 4.0])
    >>> position.numbers(), position.parameters[0].data
    ([3.0, 4.0], 3.0)
    """

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.parameters = list(parameters)
        self.at: Any = None
        self.gradient: Any = None

    def numbers(self) -> list[float]:
        """The present numbers."""
        return [p.data for p in self.parameters] if self.at is None else self.at.tolist()

    def move(self, values: Sequence[float]) -> None:
        """Give the parameters these numbers."""
        for p, value in zip(self.parameters, values):
            p.data = value

    def take(self, objective: Objective, optimizer: Optimizer) -> None:
        """Take the numbers into an array, if objective and optimiser work on arrays."""
        if objective.on_arrays and optimizer.on_arrays:
            import numpy

            self.at = numpy.array([p.data for p in self.parameters])

    def stand_at(self, at: Any, gradient: Any) -> None:
        """Stand at these numbers, an array, where the gradient is that one."""
        self.at, self.gradient = at, gradient

    def give_back(self) -> None:
        """Give the parameters their numbers back, if they were taken, and the last gradient."""
        if self.at is not None:
            self.move(self.at.tolist())
            if self.gradient is not None:
                self._give_gradient(self.gradient)
        self.at = self.gradient = None

    def _give_gradient(self, gradient: Any) -> None:
        for p, slope in zip(self.parameters, gradient if isinstance(gradient, list) else gradient.tolist()):
            p.grad = slope

    def advance(self, optimizer: Optimizer, gradient: Any) -> None:
        """One step; Ctrl-C in its middle undoes what was done of it."""
        at, numbers, before = self.at, self.numbers() if self.at is None else [], optimizer.snapshot()
        try:
            if at is None:
                self._give_gradient(gradient)
                optimizer.step(self.parameters)
            else:
                self.at, self.gradient = optimizer.advance(at, gradient), gradient
        except BaseException:
            optimizer.go_back(before)
            self.at = at
            self.move(numbers)
            raise

    def descend(self, descent: Descent, steps: int, order: Any, first: int, bound: float) -> Steps:
        """Some steps in one call, see `Descent.run`; Ctrl-C in their middle undoes them all."""
        at, slopes, before = self.at, self.gradient, descent.optimizer.snapshot()
        try:
            made = descent.run(at, steps, order=order, first=first, bound=bound)
            if len(made.losses):
                self.stand_at(made.p, made.gradient)
            return made
        except BaseException:
            descent.optimizer.go_back(before)
            self.stand_at(at, slopes)
            raise


def finite(gradient: Any) -> bool:
    """Whether all numbers of a list or array are."""
    if isinstance(gradient, list):
        return all(map(math.isfinite, gradient))
    return math.isfinite(gradient.sum()) or math.isfinite(abs(gradient).max())
