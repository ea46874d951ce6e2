"""Derivatives of a function of one float by finite differences, extrapolated, with an estimate of their error.

h           step: the function is evaluated at x + h and x - h
slope       difference quotient; its limit for h -> 0 is a derivative (from the right, from the left, or central)
tolerance   how far two derivatives may lie apart before they count as different
"""

from __future__ import annotations

from math import inf, isfinite, nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    Function = Callable[[float], float]
    Estimate = tuple[float, float]  # a derivative and its estimated error
    Slope = tuple[float, float, float]  # step, slope, rounding error of the slope

EPSILON, SMALLEST = 2.0**-52, 5e-324  # a float is right to this part of itself, or to the smallest float
ROWS, RATIO = 10, 1.4  # of a tableau: number of steps, and each step over the next (both as in Ridders 1982)
SAFETY = 10.0  # a tolerance is this many estimated errors
CHANCE = 1e-6  # and at least this part of the derivative: rounding errors may agree by chance and hide their size
TIGHT, ENOUGH, PLENTY = 1e-4, 1e-7, 1e-9  # relative errors: trustworthy, needs no other ladder, needs no further row
UNKNOWN = (nan, inf)


def limit(slopes: Sequence[Slope], power: int) -> Estimate:
    """The limit of slopes for h -> 0, and an estimate of its error; slopes is [(h, slope, rounding error), …].

    The error of a slope is a series in h**power (1 from one side, 2 for central slopes). Polynomial extrapolation
    removes its terms one by one, and the entry of the tableau that differs least from its two parents is taken.
    (C. J. F. Ridders, Accurate computation of F'(x) and F'(x) F''(x), Advances in Engineering Software 4, 1982.)

    >>> limit([(0.4, 3.16, 0.0), (0.2, 3.04, 0.0)], 2)[0]  # 3 + h²
    3.0
    """
    best, least = UNKNOWN
    above: list[float] = []
    for i, (h, slope, rounding) in enumerate(slopes):
        row = [slope]
        for j, parent in enumerate(above):
            finer = row[j] + (row[j] - parent) / ((slopes[i - j - 1][0] / h) ** power - 1.0)
            error = max(abs(finer - row[j]), abs(finer - parent)) + rounding
            row.append(finer)
            if error <= least:
                best, least = finer, error
        above = row
    return best, least


def relative(estimate: Estimate) -> float:
    """The estimated error as a part of the derivative; 0 if there is none, inf if all of a zero derivative is error."""
    derivative, error = estimate
    return 0.0 if error == 0.0 else error / abs(derivative) if derivative else inf


def ladder(f: Function, x: float, h: float) -> tuple[Estimate, Estimate, Estimate]:
    """The derivative of f at x, central, from the right and from the left, from steps h, h / 1.4, h / 1.4², …

    Points where f is nan or inf are left out.
    """
    y = f(x)
    central: list[Slope] = []
    right: list[Slope] = []
    left: list[Slope] = []
    for _ in range(ROWS):
        if h <= 64.0 * (EPSILON * abs(x) + SMALLEST):  # x + h and x + h / 1.4 would hardly differ
            break
        above, below = x + h, x - h
        h /= RATIO
        up, down = f(above), f(below)
        rounding = EPSILON * max([abs(value) for value in (up, down, y) if isfinite(value)], default=0.0) + SMALLEST
        for slopes, a, b, high, low in [
            (central, above, below, up, down),
            (right, above, x, up, y),
            (left, x, below, y, down),
        ]:
            if isfinite(high - low):  # above - below, not 2 h: what was really stepped
                slopes.append((a - b, (high - low) / (a - b), rounding / (a - b)))
        if len(central) > 3 and relative(limit(central, 2)) <= PLENTY:
            break
    return limit(central, 2), limit(right, 1), limit(left, 1)


def differences(f: Function, x: float) -> tuple[Estimate, Estimate, Estimate]:
    """The derivative of f at x, with estimated errors: at its best, from the right and from the left.

    The best is central, or from one side where the other is nan or inf. The first steps are a tenth of |x|. Where they
    are too long for f, or so short that the differences drown in rounding errors, others are tried.

    >>> best, right, left = differences(abs, 0.0)
    >>> best[0], right[0], left[0]
    (0.0, 1.0, -1.0)
    """
    size = abs(x) or 1.0
    unit = min(size, 1.0)
    best, right, left, used, edge = UNKNOWN, UNKNOWN, UNKNOWN, inf, True
    for h in dict.fromkeys([0.1 * size, 0.1, 1e-3 * unit, 1e-5 * unit, 1e-8 * unit]):
        central, *sides = ladder(f, x, h)
        new = central if central[1] < inf else min(sides, key=error_of)
        if better(new, best, finer=h < used) and (edge or central[1] < inf):  # long steps may leave the domain
            best, (right, left), used, edge = new, sides, h, central[1] == inf
        if relative(best) <= ENOUGH:
            break
    if apart(right, left):  # a kink is there for short steps too; a mere bend is not
        _, right, left = ladder(f, x, 0.01 * used)
    return best, right, left


def apart(right: Estimate, left: Estimate) -> bool:
    """Whether the derivatives from both sides are known and differ."""
    return abs(right[0] - left[0]) > tolerance(right) + tolerance(left)  # false for nan


def better(new: Estimate, old: Estimate, *, finer: bool) -> bool:
    """Whether to replace the old estimate by the new, which comes from shorter steps if finer."""
    if abs(new[0] - old[0]) > tolerance(new) + tolerance(old):
        # They contradict each other: the longer steps reached over a kink or many waves, and their error is too small.
        if relative(new if finer else old) <= TIGHT:
            return finer
    return new[1] < old[1]


def error_of(estimate: Estimate) -> float:
    """The error of an estimate."""
    return estimate[1]


def tolerance(estimate: Estimate) -> float:
    """How far from this estimate the true derivative may lie."""
    return SAFETY * estimate[1] + CHANCE * abs(estimate[0])
