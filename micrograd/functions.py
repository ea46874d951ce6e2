"""The mathematical functions: a float gives a float, a `Value` gives a `Value`.

On floats every function is *total*: it follows IEEE 754 and returns inf or nan where the `math` module raises,
so `exp(1000.0)` is inf and `log(-1.0)` is nan. On anything else `operate` asks the arguments what to do.
x, y are the arguments throughout. The file is long, not deep: each function stands for itself.
"""

from __future__ import annotations

import math

from micrograd.dispatch import number, of_one, of_two, operate
from micrograd.messages.counterparts import absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
else:
    __getattr__ = absent(__name__)

inf, nan = math.inf, math.nan


@of_one
def exp(x: Any) -> Any:
    """e to the power x; inf beyond 709.78.

    >>> exp(0.0), exp(1000.0)
    (1.0, inf)
    """
    if x.__class__ is not float:
        return operate(exp, x)
    try:
        return math.exp(x)
    except OverflowError:
        return inf


@of_one
def expm1(x: Any) -> Any:
    """exp(x) - 1 without cancellation near 0.

    >>> expm1(1e-20)
    1e-20
    """
    if x.__class__ is not float:
        return operate(expm1, x)
    try:
        return math.expm1(x)
    except OverflowError:
        return inf


@of_one
def log(x: Any) -> Any:
    """Natural logarithm; -inf at 0, nan below.

    >>> log(1.0), log(0.0), log(-1.0)
    (0.0, -inf, nan)
    """
    if x.__class__ is not float:
        return operate(log, x)
    if x > 0.0:
        return math.log(x)
    return -inf if x == 0.0 else nan


@of_one
def log1p(x: Any) -> Any:
    """log(1 + x) without cancellation near 0.

    >>> log1p(1e-20), log1p(-1.0)
    (1e-20, -inf)
    """
    if x.__class__ is not float:
        return operate(log1p, x)
    if x > -1.0:
        return math.log1p(x)
    return -inf if x == -1.0 else nan


@of_one
def sqrt(x: Any) -> Any:
    """Square root; nan below 0.

    >>> sqrt(9.0), sqrt(-1.0)
    (3.0, nan)
    """
    if x.__class__ is not float:
        return operate(sqrt, x)
    return nan if x < 0.0 else math.sqrt(x)


@of_one
def abs(x: Any) -> Any:
    """Absolute value.

    >>> abs(-2.5)
    2.5
    """
    if x.__class__ is not float:
        return operate(abs, x)
    return math.fabs(x)


@of_one
def sin(x: Any) -> Any:
    """Sine of x in radians; nan at ±inf.

    >>> sin(0.0), sin(inf)
    (0.0, nan)
    """
    if x.__class__ is not float:
        return operate(sin, x)
    return math.sin(x) if math.isfinite(x) else nan


@of_one
def cos(x: Any) -> Any:
    """Cosine of x in radians; nan at ±inf.

    >>> cos(0.0)
    1.0
    """
    if x.__class__ is not float:
        return operate(cos, x)
    return math.cos(x) if math.isfinite(x) else nan


@of_one
def tan(x: Any) -> Any:
    """Tangent of x in radians; nan at ±inf.

    >>> tan(0.0)
    0.0
    """
    if x.__class__ is not float:
        return operate(tan, x)
    return math.tan(x) if math.isfinite(x) else nan


@of_one
def sinh(x: Any) -> Any:
    """Hyperbolic sine; ±inf beyond ±710.47.

    >>> sinh(0.0), sinh(-1000.0)
    (0.0, -inf)
    """
    if x.__class__ is not float:
        return operate(sinh, x)
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(inf, x)


@of_one
def cosh(x: Any) -> Any:
    """Hyperbolic cosine; inf beyond ±710.47.

    >>> cosh(0.0), cosh(-1000.0)
    (1.0, inf)
    """
    if x.__class__ is not float:
        return operate(cosh, x)
    try:
        return math.cosh(x)
    except OverflowError:
        return inf


@of_one
def tanh(x: Any) -> Any:
    """Hyperbolic tangent, between -1 and 1.

    >>> tanh(0.0), tanh(100.0)
    (0.0, 1.0)
    """
    if x.__class__ is not float:
        return operate(tanh, x)
    return math.tanh(x)


@of_one
def sech2(x: Any) -> Any:
    """1 / cosh² x, the derivative of tanh, right to the last digits in the tails, where 1 - tanh² x has none.

    >>> sech2(0.0), sech2(1000.0)
    (1.0, 0.0)
    """
    if x.__class__ is not float:
        return operate(sech2, x)
    e = math.exp(-2.0 * math.fabs(x))
    if e < 1e-300:  # it has few digits or none, the square of its root has more
        root = 2.0 * math.exp(-math.fabs(x))
        return root * root
    return 4.0 * (e / (1.0 + e * (2.0 + e)))


@of_one
def asin(x: Any) -> Any:
    """Arc sine in radians; nan outside [-1, 1].

    >>> asin(0.0), asin(2.0)
    (0.0, nan)
    """
    if x.__class__ is not float:
        return operate(asin, x)
    return math.asin(x) if -1.0 <= x <= 1.0 else nan


@of_one
def acos(x: Any) -> Any:
    """Arc cosine in radians; nan outside [-1, 1].

    >>> acos(1.0), acos(2.0)
    (0.0, nan)
    """
    if x.__class__ is not float:
        return operate(acos, x)
    return math.acos(x) if -1.0 <= x <= 1.0 else nan


@of_one
def atan(x: Any) -> Any:
    """Arc tangent in radians, between -π/2 and π/2.

    >>> atan(0.0)
    0.0
    """
    if x.__class__ is not float:
        return operate(atan, x)
    return math.atan(x)


@of_one
def erf(x: Any) -> Any:
    """Error function, (2/√π) ∫₀ˣ exp(-t²) dt.

    >>> erf(0.0), erf(10.0)
    (0.0, 1.0)
    """
    if x.__class__ is not float:
        return operate(erf, x)
    return math.erf(x)


@of_one
def gaussian(x: Any) -> Any:
    """exp(-x²), right to the last digits in the tails, where rounding x² first would cost hundreds of ulps.

    >>> gaussian(0.0), gaussian(inf)
    (1.0, 0.0)
    """
    if x.__class__ is not float:
        return operate(gaussian, x)
    if not math.fabs(x) < 28.0:  # beyond, exp(-x²) is below the smallest float
        return 0.0 if x == x else nan
    high = round(x * 1024.0) / 1024.0  # high² is exact, so x² = high² + (x - high)(x + high) keeps its last bits
    return math.exp(-high * high) * math.exp((high - x) * (high + x))


@of_one
def sigmoid(x: Any) -> Any:
    """Logistic function σ(x) = 1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    if x.__class__ is not float:
        return operate(sigmoid, x)
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


@of_one
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), the smooth relu, without overflow.

    >>> softplus(1000.0), softplus(-1000.0)
    (1000.0, 0.0)
    """
    if x.__class__ is not float:
        return operate(softplus, x)
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


@of_one
def relu(x: Any) -> Any:
    """Rectifier: x where it is positive, else 0.

    >>> relu(3.0), relu(-3.0)
    (3.0, 0.0)
    """
    if x.__class__ is not float:
        return operate(relu, x)
    return 0.0 if x <= 0.0 else x


@of_one
def round(x: Any) -> Any:
    """The nearest whole number, of two that are as near the even one; the sign stays, of what becomes 0 too.

    >>> round(2.5), round(-2.6), round(-0.3)
    (2.0, -3.0, -0.0)
    """
    if x.__class__ is not float:
        return operate(round, x)
    if not math.fabs(x) < 4503599627370496.0:  # 2⁵²: from there on all are whole
        return x
    return math.copysign(math.fabs(x) + 4503599627370496.0 - 4503599627370496.0, x)


@of_one
def detach(x: Any) -> Any:
    """x itself, but the derivative stops here (it is 0), as for a constant.

    >>> detach(3.0)
    3.0
    """
    if x.__class__ is not float:
        return operate(detach, x)
    return x


@of_two
def div(x: Any, y: Any) -> Any:
    """x / y; ±inf for a zero divisor, nan for 0 / 0.

    >>> div(1.0, 4.0), div(-1.0, 0.0)
    (0.25, -inf)
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(div, x, y)
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0.0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


@of_two
def pow(x: Any, y: Any) -> Any:
    """x to the power y; nan where the result would be complex, inf where it overflows.

    >>> pow(2.0, 3.0), pow(-8.0, 1 / 3), pow(0.0, -1.0)
    (8.0, nan, inf)
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(pow, x, y)
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0.0 and y % 2.0 == 1.0 else inf
    except ValueError:  # a zero base with a negative exponent, or a negative base with a fraction
        odd = y > -inf and math.fmod(y, 2.0) == -1.0  # y % 2.0 rounds, for -0.9999999999999999 to 1.0
        return nan if x != 0.0 else math.copysign(inf, x) if odd else inf


@of_two
def atan2(y: Any, x: Any) -> Any:
    """Angle of the point (x, y) in radians, in (-π, π].

    >>> atan2(0.0, 1.0)
    0.0
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(atan2, y, x)
    return math.atan2(y, x)


@of_two
def hypot(x: Any, y: Any) -> Any:
    """√(x² + y²) without overflow on the way.

    >>> hypot(3.0, 4.0)
    5.0
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(hypot, x, y)
    return math.hypot(x, y)


@of_two
def copysign(x: Any, y: Any) -> Any:
    """x with the sign of y, which a zero has too; that of a nan is left open.

    >>> copysign(2.0, -0.0), copysign(-2.0, 3.0)
    (-2.0, 2.0)
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(copysign, x, y)
    return math.copysign(x, y)


@of_two
def maximum(x: Any, y: Any) -> Any:
    """The larger of two; nan if either is nan.

    >>> maximum(1.0, 2.0)
    2.0
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(maximum, x, y)
    return x if x >= y or x != x else y


@of_two
def minimum(x: Any, y: Any) -> Any:
    """The smaller of two; nan if either is nan.

    >>> minimum(1.0, 2.0)
    1.0
    """
    if x.__class__ is not float or y.__class__ is not float:
        return operate(minimum, x, y)
    return x if x <= y or x != x else y


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds (is not 0), else y; the branch not taken never leaks into value or derivative.

    >>> where(True, 1.0, 2.0), where(0.0, 1.0, 2.0)
    (1.0, 2.0)
    """
    if condition.__class__ is not bool:
        if hasattr(condition, "operate"):
            return operate(where, condition, x, y)
        condition = number(condition)
    if x.__class__ is not float and not hasattr(x, "operate"):
        x = number(x)
    if y.__class__ is not float and not hasattr(y, "operate"):
        y = number(y)
    return x if condition else y
