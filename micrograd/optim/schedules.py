"""Learning-rate schedules: plain functions of the step, to give as `lr=`.

    step        how many steps were taken before: 0, 1, …; a step is one batch, not one epoch
    lr          the learning rate that a schedule starts from (or, with warm_up, rises to)

Any function of the step will do; these are the usual ones.
"""

from __future__ import annotations

import math

from micrograd.expect import at_least_zero, below_one, positive, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Schedule = Callable[[int], float]
    Rate = float | Schedule


def named(schedule: Schedule, name: str) -> Schedule:
    """The schedule, called so in the repr of an optimiser."""
    schedule.__name__ = name
    return schedule


def of_step_alone(lr: Rate) -> bool:
    """Whether nothing but the step decides about a rate: a number, or one of these schedules.

    >>> of_step_alone(warm_up(cosine(0.1, steps=9), steps=3)), of_step_alone(math.exp)
    (True, False)
    """
    cells = getattr(lr, "__closure__", None) or ()
    return not callable(lr) or lr.__module__ == __name__ and all(of_step_alone(cell.cell_contents) for cell in cells)


def constant(lr: float) -> Schedule:
    """lr at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    value = positive(lr, "a learning rate")
    return named(lambda step: value, f"constant({value:g})")


def step_decay(lr: float, *, every: int, factor: float = 0.1) -> Schedule:
    """lr · factor^⌊step / every⌋: the rate drops by a factor from 0 to below 1 after each `every` steps.

    >>> rate = step_decay(1.0, every=100, factor=0.5)
    >>> rate(99), rate(100), rate(250)
    (1.0, 0.5, 0.25)
    """
    value, width = positive(lr, "a learning rate"), whole(every, "every", 1)
    share = below_one(factor, "a factor")
    return named(lambda step: value * share ** (step // width), f"step_decay({value:g}, {width}, {share:g})")


def exponential(lr: float, *, factor: float) -> Schedule:
    """lr · factor^step, with a factor from 0 to below 1.

    >>> rate = exponential(1.0, factor=0.5)
    >>> rate(0), rate(3)
    (1.0, 0.125)
    """
    value = positive(lr, "a learning rate")
    share = below_one(factor, "a factor")
    return named(lambda step: value * share**step, f"exponential({value:g}, {share:g})")


def cosine(lr: float, *, steps: int, lowest: float = 0.0) -> Schedule:
    """From lr down to `lowest` along half a cosine over `steps` steps, and `lowest` from there on.

    lowest + ½ (lr − lowest) (1 + cos(π · step / steps)), without restarts (Loshchilov and Hutter 2017, SGDR, eq. 5).

    >>> rate = cosine(1.0, steps=100)
    >>> rate(0), round(rate(50), 12), rate(100), rate(1000)
    (1.0, 0.5, 0.0, 0.0)
    """
    value, length = positive(lr, "a learning rate"), whole(steps, "steps", 1)
    low = at_least_zero(lowest, "a lowest rate")
    if low > value:
        raise ValueError(f"expected a lowest rate of at most lr = {value:g}, got {low:g}")
    return named(
        lambda step: low + 0.5 * (value - low) * (1.0 + math.cos(math.pi * min(step, length) / length)),
        f"cosine({value:g}, {length}, {low:g})",
    )


def warm_up(lr: Rate, *, steps: int) -> Schedule:
    """A schedule, or a number, that rises to its size over the first steps: its rate · min(1, (step + 1) / steps).

    (Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.2.)

    >>> rate = warm_up(cosine(1.0, steps=1000), steps=4)
    >>> [round(rate(step), 3) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    schedule, length = lr if callable(lr) else constant(lr), whole(steps, "steps", 1)
    name = getattr(schedule, "__name__", "schedule")
    return named(lambda step: schedule(step) * min(1.0, (step + 1) / length), f"warm_up({name}, {length})")
