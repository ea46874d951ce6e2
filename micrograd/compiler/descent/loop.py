"""`descend`: steps until they are done, in machine code where that is possible, and NotFinite where they end."""

from __future__ import annotations

import numpy as np

from micrograd.compiler.descent.descent import Descent, Steps
from micrograd.dispatch import brief
from micrograd.engine import Value
from micrograd.expect import whole
from micrograd.optim.optimizer import ByHand, NotFinite, Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.descent.rule import Numbers

MOST_ALONE = 1024  # steps that are taken one by one before machine code is asked again


def stepping(optimizer: Any) -> Optimizer:
    """An optimiser that takes steps; TypeError for anything else."""
    if isinstance(optimizer, Optimizer) and not optimizer.minimises:
        return optimizer
    if isinstance(optimizer, type) or not hasattr(optimizer, "step") or getattr(optimizer, "minimises", False):
        raise TypeError(f"expected an optimiser that takes steps, such as optim.SGD(lr=0.1), got {brief(optimizer)}")
    return ByHand(optimizer)


def descend(
    descent: Descent,
    p: Numbers,
    steps: int,
    value_and_gradient: Callable[[Numbers], tuple[float, Numbers]],
    source: Callable[[Numbers], str],
    arrive: Callable[[Numbers], None],
) -> Numbers:
    """The value before each of so many steps from p, (steps,).

    value_and_gradient  the objective, for steps that machine code does not take
    source              says where a number comes from that is not finite
    arrive              told where the steps led, after an error or Ctrl-C, too

    NotFinite, with the point, where value or gradient is nan or inf: the optimiser and p stand as before that step.
    """
    optimizer, steps, done = descent.optimizer, whole(steps, "steps", 0), 0
    losses, alone, left = np.empty(steps), 1, 0  # steps that are taken one by one until machine code is asked again
    try:
        while done < steps:
            at, before = p, optimizer.snapshot()
            try:
                if not left:
                    found = descent.run(p, steps - done)
                    alone = 1 if len(found.losses) else min(2 * alone, MOST_ALONE)
                    left = alone if found.stopped else 0
                else:
                    value, gradient = value_and_gradient(p)
                    if not (np.isfinite(value) and np.isfinite(gradient).all()):
                        what = "gradient" if np.isfinite(value) else "value"
                        cure = f"is not finite before step {done + 1} of {steps}; a smaller learning rate may help"
                        raise NotFinite(f"the {what} {cure}. {source(p)}", p)
                    found, left = Steps(advanced(optimizer, p, gradient), gradient, np.array([value]), True), left - 1
                p = found.p
            except BaseException:
                optimizer.go_back(before)
                p = at
                raise
            losses[done : done + len(found.losses)] = found.losses
            done += len(found.losses)
    finally:
        arrive(p)
    return losses


def advanced(optimizer: Optimizer, p: Numbers, gradient: Numbers) -> Numbers:
    """The parameters after a step; those of an optimiser that takes no arrays are Values for so long."""
    if optimizer.on_arrays:
        found: Numbers = optimizer.advance(p, gradient)
        return found
    values = [Value(x) for x in p.tolist()]
    for value, slope in zip(values, gradient.tolist()):
        value.grad = slope
    optimizer.step(values)
    return np.array([value.data for value in values])
