"""The primitives once more, in mpmath and independent of micrograd: what the tests of rows and graphs compare with.

true        a value in many digits (mpf)
ulps        |got - true| in units of the last place of true
kink        a point where the derivatives from the left and from the right differ
"""

from __future__ import annotations

import math

import mpmath
from mpmath import mp, mpf

OTHER_NAMES = {  # rows that mpmath does not have, or has under another name
    "add": mp.fadd,
    "sub": mp.fsub,
    "mul": mp.fmul,
    "div": mp.fdiv,
    "neg": mp.fneg,
    "pow": mp.power,
    "abs": mp.fabs,
    "less": lambda x, y: mpf(x < y),
    "less_equal": lambda x, y: mpf(x <= y),
    "greater": lambda x, y: mpf(x > y),
    "greater_equal": lambda x, y: mpf(x >= y),
    "gaussian": lambda x: mp.exp(-x * x),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sech2": lambda x: mp.sech(x) ** 2,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "round": lambda x: mp.nint(x),
    "copysign": lambda x, y: mp.fabs(x) * (-1 if math.copysign(1.0, y) < 0.0 else 1),
    "relu": lambda x: max(x, mpf(0)),
    "maximum": max,
    "minimum": min,
    "where": lambda condition, x, y: x if condition else y,
    "detach": lambda x: x,  # the value; that its derivative is 0 is no property of the function
}


def exact(name):
    """The primitive `name` in mpmath's arithmetic; None where mpmath knows nothing of that name."""
    return OTHER_NAMES.get(name) or getattr(mp, name, None)


def value(function, args):
    """function(*args) with far more digits than a float has; nan outside the real domain, inf at a pole."""
    with mp.workprec(1300):  # 1 + 5e-324 keeps its last bit
        return real(function, [mpf(x) for x in args])


def real(function, args):
    """function(*args); nan where that is not a real number."""
    try:
        true = function(*args)
    except ZeroDivisionError:
        return mp.inf
    return true if isinstance(true, mpf) else mp.nan


def derivative(function, args, i):
    """∂function/∂args[i] to 20 digits or more, by differences in high precision; None at a kink and off the domain.

    The step is 2⁻¹²⁰ of the argument (of 1 if that is smaller), so the error of a central difference is below 10⁻⁴⁰ for
    all that a float can tell apart; the precision grows until the difference has digits left.
    """
    x = mpf(args[i])
    step = mp.ldexp(1, min(mp.mag(x) if x else -1080, 0) - 120)
    precision = 160 + (mp.mag(x) - mp.mag(step) if x else 0)
    while True:
        with mp.workprec(precision):
            points = [[*map(mpf, args[:i]), x + shift, *map(mpf, args[i + 1 :])] for shift in (-step, 0, step)]
            left, middle, right = results = [real(function, point) for point in points]
            if not all(map(mp.isfinite, results)):
                return None
            slope = (right - left) / (2 * step)
            left_slope, right_slope = (middle - left) / step, (right - middle) / step
            noise = mp.ldexp(max(map(abs, results)), -precision) / step
            if abs(slope) > noise * 2**80:
                return slope if abs(left_slope - right_slope) < abs(slope) * 2**-50 else None
            if noise < mp.ldexp(1, -1200):  # the derivative is 0, or too small for a float
                return mpf(0) if abs(left_slope - right_slope) < 2**-70 else None
        precision *= 2


def second_derivative(function, args, i, j):
    """∂²function/∂args[i]∂args[j] at a point of moderate size, by differences in high precision."""
    with mp.workprec(300):
        order = [(k == i) + (k == j) for k in range(len(args))]
        return mpmath.diff(function, tuple(map(mpf, args)), tuple(order))


def ulps(got, true):
    """How far the float got is from the mpf true, in units of the last place of true; inf where one overflows."""
    nearest = float(true)
    if got == nearest:
        return 0.5 if math.isinf(nearest) else float(abs(mpf(got) - true) / mpf(math.ulp(nearest)))
    if not math.isfinite(got) or not math.isfinite(nearest):
        return math.inf
    return float(abs(mpf(got) - true) / mpf(math.ulp(nearest)))
