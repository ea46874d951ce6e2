"""What happens at kinks, poles, overflow and nan: the published conventions, as a table that the tests execute.

Values follow IEEE 754 (IEEE Std 754-2019, section 9.2 for the functions): nothing raises, nothing turns complex. What
is too large is inf, what has no real result is nan, and nan stays nan, but for x**0 = 1, 1**y = 1, hypot(inf, nan) =
inf and comparisons. Where IEEE 754 leaves a choice, of 0.0 and -0.0, `maximum` and `minimum` return the first; the sign
of a nan is left open.

Derivatives follow the rules that PyTorch publishes (its note "Autograd mechanics", section "Gradients for
non-differentiable functions"):

1. Where the function has a derivative, that is it, and within 4 ulp wherever it fits a float.
2. At a kink of a convex or concave function: the subgradient of least norm. So abs'(0) = 0 and relu'(0) = 0.
3. Else the limit, which may be infinite: sqrt'(0) = inf. Where there is none (atan2 at the origin, 0**0): 0.
4. Where the function is not defined: what the formula of the derivative gives, mostly nan (but log'(-1) = -1).

Where second derivatives depend on the order in which they are taken, as of x**y at 0**1, they are left open.

The tables list expressions of Values x and y with the value and the derivatives that `backward` leaves, exact to the
bit. (A derivative of -0.0 is read as 0, since `grad` starts from 0.) The last column has value and derivatives in
PyTorch 2 where they differ by more than the sign of a 0, and "–" where it has no such expression.

Overflow, poles and the edge of the domain
------------------------------------------

| expression                     | x       | y       | value              | ∂/∂x  | ∂/∂y  | PyTorch     |
|--------------------------------|---------|---------|--------------------|-------|-------|-------------|
| exp(x)                         | 1000    |         | inf                | inf   |       |             |
| exp(x)                         | -1000   |         | 0                  | 0     |       |             |
| exp(x)                         | inf     |         | inf                | inf   |       |             |
| exp(x)                         | -inf    |         | 0                  | 0     |       |             |
| exp(x)                         | nan     |         | nan                | nan   |       |             |
| expm1(x)                       | 1000    |         | inf                | inf   |       |             |
| expm1(x)                       | -inf    |         | -1                 | 0     |       |             |
| log(x)                         | 0       |         | -inf               | inf   |       |             |
| log(x)                         | -0.0    |         | -inf               | -inf  |       |             |
| log(x)                         | -1      |         | nan                | -1    |       |             |
| log(x)                         | inf     |         | inf                | 0     |       |             |
| log1p(x)                       | -1      |         | -inf               | inf   |       |             |
| log1p(x)                       | -2      |         | nan                | -1    |       |             |
| sqrt(x)                        | 0       |         | 0                  | inf   |       |             |
| sqrt(x)                        | -0.0    |         | -0.0               | -inf  |       |             |
| sqrt(x)                        | -1      |         | nan                | nan   |       |             |
| sqrt(x)                        | inf     |         | inf                | 0     |       |             |
| sinh(x)                        | -1000   |         | -inf               | inf   |       |             |
| cosh(x)                        | -1000   |         | inf                | -inf  |       |             |
| tanh(x)                        | 1000    |         | 1                  | 0     |       |             |
| sech2(x)                       | 1000    |         | 0                  | 0     |       | –           |
| sech2(x)                       | -inf    |         | 0                  | 0     |       | –           |
| sech2(x)                       | nan     |         | nan                | nan   |       | –           |
| sigmoid(x)                     | 1000    |         | 1                  | 0     |       |             |
| sigmoid(x)                     | -1000   |         | 0                  | 0     |       |             |
| softplus(x)                    | 1000    |         | 1000               | 1     |       |             |
| softplus(x)                    | -1000   |         | 0                  | 0     |       |             |
| erf(x)                         | -inf    |         | -1                 | 0     |       |             |
| gaussian(x)                    | inf     |         | 0                  | 0     |       | –           |
| sin(x)                         | inf     |         | nan                | nan   |       |             |
| cos(x)                         | -inf    |         | nan                | nan   |       |             |
| tan(x)                         | nan     |         | nan                | nan   |       |             |
| asin(x)                        | 1       |         | 1.5707963267948966 | inf   |       |             |
| asin(x)                        | 2       |         | nan                | nan   |       |             |
| acos(x)                        | 1       |         | 0                  | -inf  |       |             |
| acos(x)                        | -2      |         | nan                | nan   |       |             |
| atan(x)                        | inf     |         | 1.5707963267948966 | 0     |       |             |

Arithmetic
----------
Python's own `1.0 / 0.0` raises; on Values nothing does.

| expression                     | x       | y       | value              | ∂/∂x  | ∂/∂y  | PyTorch     |
|--------------------------------|---------|---------|--------------------|-------|-------|-------------|
| x / y                          | 1       | 0       | inf                | inf   | -inf  |             |
| x / y                          | -1      | 0       | -inf               | inf   | inf   |             |
| x / y                          | 1       | -0.0    | -inf               | -inf  | -inf  |             |
| x / y                          | 0       | 0       | nan                | inf   | nan   |             |
| x / y                          | 1       | inf     | 0                  | 0     | 0     |             |
| x / y                          | inf     | inf     | nan                | 0     | nan   |             |
| x / 0                          | -1      |         | -inf               | inf   |       |             |
| 1 / x                          | 0       |         | inf                | -inf  |       |             |
| div(1, x)                      | -0.0    |         | -inf               | -inf  |       |             |
| x * y                          | 0       | inf     | nan                | inf   | 0     |             |
| x * y                          | 1e200   | 1e200   | inf                | 1e200 | 1e200 |             |
| -x                             | 0       |         | -0.0               | -1    |       |             |
| x - y                          | inf     | inf     | nan                | 1     | -1    |             |
| x - x                          | inf     |         | nan                | 0     |       |             |
| x + y                          | 1.7e308 | 1.7e308 | inf                | 1     | 1     |             |

Kinks and ties
--------------
A tie of `maximum` or `minimum` is shared, ½ and ½: that is their subgradient of least norm, while `relu` has 0.
Comparisons are 0 or 1 and locally constant; with nan they are 0. `round` takes the even one of two that are as near,
keeps the sign, and is locally constant, at its jumps too. `copysign` has the derivative of abs, by the sign of y.

| expression                     | x       | y       | value              | ∂/∂x  | ∂/∂y  | PyTorch     |
|--------------------------------|---------|---------|--------------------|-------|-------|-------------|
| abs(x)                         | 0       |         | 0                  | 0     |       |             |
| abs(x)                         | -0.0    |         | 0                  | 0     |       |             |
| abs(x)                         | -inf    |         | inf                | -1    |       |             |
| abs(x)                         | nan     |         | nan                | 0     |       |             |
| round(x)                       | 0.5     |         | 0                  | 0     |       |             |
| round(x)                       | 2.5     |         | 2                  | 0     |       |             |
| round(x)                       | -0.3    |         | -0.0               | 0     |       |             |
| round(x)                       | -inf    |         | -inf               | 0     |       |             |
| round(x)                       | nan     |         | nan                | 0     |       |             |
| copysign(x, y)                 | 2       | -0.0    | -2                 | -1    | 0     |             |
| copysign(x, y)                 | -2      | -3      | -2                 | 1     | 0     |             |
| copysign(x, y)                 | 0       | -1      | -0.0               | 0     | 0     |             |
| copysign(x, y)                 | inf     | -inf    | -inf               | -1    | 0     |             |
| copysign(x, y)                 | nan     | -1      | nan                | 0     | 0     |             |
| relu(x)                        | 0       |         | 0                  | 0     |       |             |
| relu(x)                        | -0.0    |         | 0                  | 0     |       |             |
| relu(x)                        | -inf    |         | 0                  | 0     |       |             |
| relu(x)                        | inf     |         | inf                | 1     |       |             |
| relu(x)                        | nan     |         | nan                | 1     |       |             |
| maximum(x, y)                  | 2       | 1       | 2                  | 1     | 0     |             |
| maximum(x, y)                  | 1       | 1       | 1                  | 0.5   | 0.5   |             |
| maximum(x, y)                  | -0.0    | 0       | -0.0               | 0.5   | 0.5   |             |
| maximum(x, y)                  | inf     | inf     | inf                | 0.5   | 0.5   |             |
| maximum(x, y)                  | nan     | 1       | nan                | 1     | 1     |             |
| maximum(x, y)                  | 1       | nan     | nan                | 1     | 1     |             |
| maximum(x, x)                  | 1       |         | 1                  | 1     |       |             |
| maximum(x, 0)                  | 0       |         | 0                  | 0.5   |       |             |
| minimum(x, y)                  | 2       | 1       | 1                  | 0     | 1     |             |
| minimum(x, y)                  | 1       | 1       | 1                  | 0.5   | 0.5   |             |
| minimum(x, y)                  | 0       | -0.0    | 0                  | 0.5   | 0.5   |             |
| minimum(x, y)                  | 1       | nan     | nan                | 1     | 1     |             |
| hypot(x, y)                    | 0       | 0       | 0                  | 0     | 0     | 0, nan, nan |
| hypot(x, y)                    | 0       | -3      | 3                  | 0     | -1    |             |
| hypot(x, y)                    | 1e200   | 0       | 1e200              | 1     | 0     |             |
| hypot(x, y)                    | inf     | 1       | inf                | nan   | 0     |             |
| hypot(x, y)                    | inf     | nan     | inf                | nan   | nan   |             |
| atan2(y, x)                    | 0       | 0       | 0                  | 0     | 0     |             |
| atan2(y, x)                    | -1      | 0       | 3.141592653589793  | 0     | -1    |             |
| atan2(y, x)                    | -1      | -0.0    | -3.141592653589793 | 0     | -1    |             |
| atan2(y, x)                    | inf     | 1       | 0                  | 0     | nan   |             |
| atan2(y, x)                    | inf     | inf     | 0.7853981633974483 | nan   | nan   |             |
| x < y                          | 1       | 1       | 0                  | 0     | 0     |             |
| x <= y                         | 1       | 1       | 1                  | 0     | 0     |             |
| x > y                          | nan     | 1       | 0                  | 0     | 0     |             |
| x >= y                         | nan     | 1       | 0                  | 0     | 0     |             |
| (x > y) * x                    | 2       | 1       | 2                  | 1     | 0     |             |

Powers
------
A number as base or exponent has no derivative; the last rows have two Values. For 0 < y < 1, x**y rises from 0 with
infinite slope, as sqrt does.

| expression                     | x       | y       | value              | ∂/∂x  | ∂/∂y  | PyTorch     |
|--------------------------------|---------|---------|--------------------|-------|-------|-------------|
| x**0                           | 0       |         | 1                  | 0     |       |             |
| x**0                           | 3       |         | 1                  | 0     |       |             |
| x**0                           | nan     |         | 1                  | 0     |       |             |
| x**1                           | 0       |         | 0                  | 1     |       |             |
| x**2                           | 0       |         | 0                  | 0     |       |             |
| x**2                           | -3      |         | 9                  | -6    |       |             |
| x**2                           | 1e200   |         | inf                | 2e200 |       |             |
| x**2                           | inf     |         | inf                | inf   |       |             |
| x**3                           | -2      |         | -8                 | 12    |       |             |
| x**-1                          | 0       |         | inf                | -inf  |       |             |
| x**-1                          | -0.0    |         | -inf               | -inf  |       |             |
| x**-2                          | 0       |         | inf                | -inf  |       |             |
| x**0.5                         | 0       |         | 0                  | inf   |       |             |
| x**0.5                         | -1      |         | nan                | nan   |       |             |
| x**1.5                         | 0       |         | 0                  | 0     |       |             |
| x**(1 / 3)                     | -8      |         | nan                | nan   |       |             |
| x**inf                         | 2       |         | inf                | inf   |       |             |
| 0**x                           | 0       |         | 1                  | 0     |       |             |
| 0**x                           | 2       |         | 0                  | 0     |       |             |
| 0**x                           | -1      |         | inf                | -inf  |       |             |
| (-2) ** x                      | 3       |         | -8                 | nan   |       |             |
| 1**x                           | nan     |         | 1                  | 0     |       |             |
| 2**x                           | 10000   |         | inf                | inf   |       |             |
| 2**x                           | -10000  |         | 0                  | 0     |       |             |
| x**y                           | -2      | 3       | -8                 | 12    | nan   |             |
| x**y                           | 0       | 0       | 1                  | 0     | 0     |             |
| x**y                           | 0       | 1       | 0                  | 1     | 0     |             |
| x**y                           | 0       | 2       | 0                  | 0     | 0     |             |
| x**y                           | 0       | 0.5     | 0                  | inf   | 0     |             |
| x**y                           | 0       | -1      | inf                | -inf  | -inf  |             |
| x**y                           | -0.0    | -1      | -inf               | -inf  | inf   |             |
| x**y                           | 0       | -2      | inf                | -inf  | -inf  |             |
| x**y                           | -8      | 0.5     | nan                | nan   | nan   |             |
| x**y                           | 1       | nan     | 1                  | nan   | 0     |             |
| x**y                           | nan     | 0       | 1                  | 0     | nan   |             |
| x**y                           | inf     | 0       | 1                  | 0     | inf   |             |
| x**y                           | inf     | 1       | inf                | 1     | inf   |             |
| x**y                           | inf     | -1      | 0                  | 0     | 0     | 0, 0, nan   |
| x**y                           | -inf    | 3       | -inf               | inf   | nan   |             |
| x**y                           | 2       | inf     | inf                | inf   | inf   |             |
| x**y                           | 2       | -inf    | 0                  | nan   | 0     |             |
| x**y                           | 1       | inf     | 1                  | inf   | 0     |             |

Branches not taken, zero and nan upstream
-----------------------------------------
A branch not taken receives exactly nothing, not even nan times 0. A gradient that is exactly 0 stops where it is. Any
other, nan and inf included, is multiplied by the local derivative as it stands.

| expression                     | x       | y       | value              | ∂/∂x  | ∂/∂y  | PyTorch     |
|--------------------------------|---------|---------|--------------------|-------|-------|-------------|
| where(x > 0, sqrt(x), 0)       | -1      |         | 0                  | 0     |       | 0, nan      |
| where(x > 0, log(x), 0)        | 0       |         | 0                  | 0     |       | 0, nan      |
| where(x > 0, log(x), y)        | 0       | 7       | 7                  | 0     | 1     | 7, nan, 1   |
| where(x > 0, x, y)             | 1       | nan     | 1                  | 1     | 0     |             |
| where(x > 0, x, y)             | nan     | 2       | 2                  | 0     | 1     |             |
| where(x, 1, y)                 | nan     | 2       | 1                  | 0     | 0     | –           |
| where(x > 0, sqrt(x), 0) * nan | -1      |         | nan                | 0     |       | nan, nan    |
| where(x > 0, sqrt(x), 0) * inf | -1      |         | nan                | 0     |       | nan, nan    |
| where(x > 0, x, y) * nan       | 1       | 2       | nan                | nan   | 0     |             |
| relu(x) * nan                  | -1      |         | nan                | 0     |       |             |
| relu(x) * inf                  | -1      |         | nan                | 0     |       |             |
| relu(x) * nan                  | 1       |         | nan                | nan   |       |             |
| maximum(x, y) * nan            | 1       | 2       | nan                | 0     | nan   |             |
| maximum(x, y) * inf            | 1       | 1       | inf                | inf   | inf   |             |
| abs(x) * inf                   | 0       |         | nan                | nan   |       |             |
| abs(x) * nan                   | 1       |         | nan                | nan   |       |             |
| sqrt(x) * 0                    | 0       |         | 0                  | 0     |       | 0, nan      |
| log(x) * 0                     | 0       |         | nan                | 0     |       | nan, nan    |
| sqrt(x * x)                    | 0       |         | 0                  | nan   |       |             |
| relu(sqrt(x))                  | 0       |         | 0                  | 0     |       | 0, nan      |
| relu(sqrt(x))                  | -1      |         | nan                | nan   |       |             |
| x * 0 * y                      | 2       | inf     | nan                | nan   | 0     |             |
| detach(x) * x                  | 3       |         | 9                  | 3     |       |             |
| detach(log(x))                 | 0       |         | -inf               | 0     |       |             |

Gradient graphs and compiled code
---------------------------------
Where rule 1 says 4 ulp, `backward` keeps it, but for x / y and gaussian(x) where they are subnormal: their derivatives
are made of them. `gradient`, `hessian`, `derivative` and programs of `compile` write three derivatives in a simpler
way, which is right to 4 ulp in the middle of the range only. Towards its ends:

x**y        ∂/∂x is y · x**(y - 1), where y - 1 is rounded: up to |(y - 1) log x| ulp, which may be 700. Where
            x**(y - 1) overflows or is subnormal and y times it is not, it is inf or has few digits: inf at
            (1e-310, 1e-310) in place of 1. Where y is odd or even and y - 1 rounds to the same, the sign is wrong:
            9.007199254740994e15 at (-1, 2**53 + 2) in place of minus that. Where y is no whole number and y - 1 rounds
            to one, it is a number for x < 0, where x**y itself is nan: -1e-20 at (-1, 1e-20) in place of nan.
            All this is so in the derivatives that programs and pages take themselves only where x**y is beyond 1e300 or
            below 1e-300; else they divide x**y by x.
            ∂/∂y is x**y · log x, which is inf where x**y is, and has few digits where x**y is subnormal.
hypot(x, y) x / hypot(x, y) is 0 where that overflows, at (1.7e308, 1.7e308) in place of 0.7071067811865476, and has few
            digits where it is subnormal; not so in the derivatives that programs and pages take themselves.
atan2(y, x) likewise, and again not in programs and pages: 0 at (1.7e308, 1.7e308) in place of 2.941176470588236e-309,
            and few digits where hypot(x, y), or x or y divided by it, is subnormal.
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    Numbers = tuple[float, ...]
    Row = tuple[str, Numbers, Numbers, Numbers | None]
else:
    __getattr__ = absent(__name__)


def table() -> list[Row]:
    """The rows of the tables above: (expression, arguments, expected, in PyTorch).

    expression      Python source over x, y, `micrograd`'s functions, inf and nan
    arguments       x, or x and y
    expected        value, ∂/∂x and, where there is a y, ∂/∂y
    in PyTorch      the same three numbers; None where PyTorch has no such expression

    RuntimeError where Python was told to drop docstrings (`python -OO`).

    >>> table()[0]
    ('exp(x)', (1000.0,), (inf, inf), (inf, inf))
    """
    if __doc__ is None:
        raise RuntimeError("the table stands in this module's docstring, which `python -OO` drops: run without -OO")
    lines = [line for line in __doc__.splitlines() if line.startswith("|")]
    return [parsed(line) for line in lines if not line.startswith(("| expression", "|-"))]


def parsed(line: str) -> Row:
    """One row from its line of Markdown."""
    expression, x, y, value, dx, dy, torch = [cell.strip() for cell in line.strip("|").split("|")]
    expected = numbers(value, dx, dy)
    return expression, numbers(x, y), expected, None if torch == "–" else numbers(*torch.split(",")) or expected


def numbers(*cells: str) -> Numbers:
    """The numbers in those cells that are not empty."""
    return tuple([float(cell) for cell in cells if cell])
