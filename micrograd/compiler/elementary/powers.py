"""The exponential function of vectors and its family as LLVM text: sigmoid, the hyperbolic functions, the Gaussian.

    k, r        the argument is k · log 2 + r with r small
    p           exp r − 1

log 2 comes in parts with zeros at the end, so that k times a part is exact (Cody and Waite, Software Manual for the
Elementary Functions, 1980). Formulas share what they can: σ(x), σ(−x) and softplus the power exp −|x|, tanh and its
derivative exp −2|x|, so that a function and its derivative in one loop cost little more than the function.
"""

from __future__ import annotations

from micrograd.compiler.elementary.arithmetic import ROUND, Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# (exp r − 1 − r) / r² for |r| <= ½ log 2
EXP = [float.fromhex(x) for x in (
    "0x1.af38d53857513p-26", "0x1.2891a8c1d838dp-22", "0x1.71de0d9c145d0p-19", "0x1.a019b8ef67c6cp-16",
    "0x1.a01a01a7c8d47p-13", "0x1.6c16c17893833p-10", "0x1.11111111109adp-7", "0x1.5555555553d4fp-5",
    "0x1.5555555555556p-3", "0x1.0000000000001p-1")]  # fmt: skip
LOG_2 = [float.fromhex(x) for x in ("0x1.62e42fee00000p-1", "0x1.a39ef35793c76p-33")]
ONE_OVER_LOG_2 = float.fromhex("0x1.71547652b82fep+0")

BIASED = ROUND + 1023.0  # rounding by this leaves k + 1023, the exponent of 2ᵏ, in the lowest bits
LARGEST_POWER = 708.0  # exp of this, and of minus this, is a normal number
LARGEST_ROOT = 26.6  # its square is below that


def reduced(c: Code, x: str, low: str | None = None) -> tuple[str, str]:
    """exp(x + low) = 2ᵏ (1 + p): k + 1023 in the lowest bits, and p = exp r − 1."""
    t, k = c.rounded(x, ONE_OVER_LOG_2, BIASED)
    r = c.less_multiple(x, k, LOG_2[:1])
    r = c.less_multiple(r if low is None else c.add(r, low, ""), k, LOG_2[1:])
    square = c.mul(r, r)  # two short polynomials in r² wait less than a long one in r
    q = c.multiply_add(c.polynomial(square, EXP[0::2]), r, c.polynomial(square, EXP[1::2]))
    return t, c.multiply_add(square, q, r)


def power(c: Code, t: str) -> str:
    """2ᵏ for k + 1023 in the lowest bits, from −1022 to 1023."""
    return c.doubles(c.whole("shl", c.bits(t), 52))


def near_exp(c: Code, x: str, low: str | None = None) -> str:
    """exp(x + low) where it is a normal number; nan stays."""
    t, p = reduced(c, x, low)
    scale = power(c, t)
    return c.multiply_add(p, scale, scale)


def exp(c: Code, x: str) -> str:
    """2ᵏ (1 + p)."""
    near = c.once(("exp", x), lambda: near_exp(c, x))
    return c.unless(c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER)), near, "exp", x)


def scaled(c: Code, p: str, t: str, x: str) -> str:
    """p · 2ᵏ for p near 1, exp x the result, k + 1023 in the lowest bits of t.

    Below 2⁻⁹⁹⁵ it goes by way of 2¹²⁸, to round once. The exponent of p itself is added to, so k may be 1024.
    """
    low = c.compare("olt", x, c.number(-690.0))
    k = c.whole("add", t, -1023)
    exponent = c.whole("shl", c.choose(low, c.whole("add", k, 128), k), 52)
    return c.mul(c.changed("add", p, exponent), c.select(low, c.number(2.0**-128), c.number(1.0)), "")


def far_exp(c: Code, x: str, low: str | None = None, halved: bool = False) -> str:
    """exp(x + low) for every x, or half of it, which overflows later."""
    limit = 709.782712893384 if not halved else 710.4758600739439  # log of the largest double, and of twice that
    near = c.at_least(c.at_most(x, limit), -760.0)
    t, p = reduced(c, near, low)
    k = c.whole("add", c.bits(t), -1) if halved else c.bits(t)
    value = scaled(c, c.add(p, c.number(1.0), ""), k, near)
    value = c.where("ogt", x, c.number(limit), c.number(float("inf")), value)
    return c.where("uno", x, x, x, value)


def less_one(c: Code, x: str, shift: int) -> str:
    """2ˢ (exp x − 1) with s = shift, for −60 < x and k + s from −1022 to 1023.

    With scale = 2ᵏ⁺ˢ and r in two parts, scale · high + (scale − 2ˢ) comes first: where it cancels it is exact.
    """
    t, k = c.rounded(x, ONE_OVER_LOG_2, BIASED + shift)
    scale = power(c, t)
    high, low = c.less_multiple(x, k, LOG_2[:1]), c.mul(k, c.number(LOG_2[1]))
    r = c.sub(high, low)
    rest = c.sub(c.mul(c.mul(r, r), c.polynomial(r, EXP)), low)
    first = c.multiply_add(scale, high, c.sub(scale, c.number(2.0**shift), ""))
    return c.multiply_add(scale, rest, first)


def expm1(c: Code, x: str) -> str:
    """exp x − 1, through half of it, which overflows later; x itself where it is tiny."""
    half = less_one(c, c.at_least(c.at_most(x, 710.0), -40.0), -1)
    return c.where("olt", c.magnitude(x), c.number(2.0**-54), x, c.add(half, half, ""))


def decay(c: Code, x: str) -> str:
    """exp −|x|."""

    def make() -> str:
        a = c.magnitude(x)
        y = c.negative(a)
        return c.unless(c.compare("ogt", a, c.number(LARGEST_POWER)), near_exp(c, y), "exp", y)

    return c.once(("decay", c.magnitude(x)), make)


def sigmoid(c: Code, x: str) -> str:
    """1 / (1 + e) or e / (1 + e) with e = exp −|x|."""
    e = decay(c, x)
    r = c.once(("sigmoid", e), lambda: c.div(c.number(1.0), c.add(e, c.number(1.0), "")))
    other = c.once(("1 - sigmoid", e), lambda: c.mul(e, r, ""))
    return c.where_minus(x, other, r)


def hyperbolic(c: Code, x: str) -> tuple[str, str, str]:
    """e = exp −|x|, m = e² − 1 and d = e² + 1; e is right for |x| <= 708, the others always.

    With e = 2ᵏ (1 + p), m is 4ᵏ p (2 + p) + (4ᵏ − 1), which loses no digit where x is tiny.
    """

    def make() -> tuple[str, str, str]:
        t, p = reduced(c, c.negative(c.at_most(c.magnitude(x), LARGEST_POWER)))
        scale = power(c, t)
        square = c.mul(scale, scale)
        m = c.multiply_add(square, c.multiply_add(p, p, c.add(p, p)), c.sub(square, c.number(1.0), ""))
        return c.multiply_add(p, scale, scale), m, c.add(m, c.number(2.0), "")

    return c.once(("hyperbolic", c.magnitude(x)), make)


def doubled(c: Code, x: str) -> tuple[str, str, str, str]:
    """u = exp −2|x|, m = u − 1, d = u + 1 and 1 / d; u is right for |x| <= 354, the others always."""

    def make() -> tuple[str, str, str, str]:
        a = c.at_most(c.magnitude(x), LARGEST_POWER / 2)
        t, p = reduced(c, c.negative(c.add(a, a)))
        scale = power(c, t)
        m = c.multiply_add(p, scale, c.sub(scale, c.number(1.0), ""))
        d = c.add(m, c.number(2.0), "")
        return c.multiply_add(p, scale, scale), m, d, c.div(c.number(1.0), d)

    return c.once(("doubled", c.magnitude(x)), make)


def tanh(c: Code, x: str) -> str:
    """(1 − u) / (1 + u) with the sign of x: m times 1 / d, and one step of Newton's for what that lacks."""
    _, m, d, r = doubled(c, x)
    t = c.mul(m, r, "")
    return c.signed(c.multiply_add(c.sub(m, c.mul(t, d)), r, t), x)


def sech2(c: Code, x: str) -> str:
    """h (2 − h) with h = 2 u / (1 + u), which is 1 − tanh |x|: 2 u times 1 / d, and one step of Newton's."""
    u, _, _, r = doubled(c, x)
    twice = c.add(u, u)
    h = c.mul(twice, r, "")
    h = c.multiply_add(c.sub(c.sub(twice, h, ""), c.mul(h, u)), r, h)
    value = c.mul(h, c.sub(c.number(2.0), h, ""), "")
    return c.unless(c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER / 2)), value, "sech2", x)


def cosh(c: Code, x: str) -> str:
    """(1 + e²) / 2e."""
    e, _, d = hyperbolic(c, x)
    far = c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER))
    return c.unless(far, c.div(d, c.add(e, e)), "cosh", x)


def sinh(c: Code, x: str) -> str:
    """(1 − e²) / 2e with the sign of x."""
    e, m, _ = hyperbolic(c, x)
    far = c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER))
    return c.unless(far, c.signed(c.div(m, c.add(e, e)), x), "sinh", x)


def far_cosh(c: Code, x: str) -> str:
    """½ exp |x| where exp −|x| is nothing beside it."""
    return far_exp(c, c.magnitude(x), halved=True)


def far_sech2(c: Code, x: str) -> str:
    """The square of 2 exp −|x|, rounded once."""
    e = far_exp(c, c.negative(c.magnitude(x)))
    twice = c.add(e, e)
    return c.mul(twice, twice, "")


def far_sinh(c: Code, x: str) -> str:
    """½ exp |x| with the sign of x, likewise."""
    return c.signed(far_exp(c, c.magnitude(x), halved=True), x)


def gaussian(c: Code, x: str, power: Callable[..., str] = near_exp) -> str:
    """exp −x² with x² = h² + (x − h)(x + h), where h² is exact."""
    a = c.at_most(c.magnitude(x), 28.0)
    h = c.mul(c.rounded(a, 65536.0)[1], c.number(1.0 / 65536.0), "")
    value = power(c, c.negative(c.mul(h, h, "")), low=c.mul(c.sub(h, a, ""), c.add(h, a, ""), ""))
    if power is far_exp:
        return value
    return c.unless(c.compare("ogt", c.magnitude(x), c.number(LARGEST_ROOT)), value, "gaussian", x)


def far_gaussian(c: Code, x: str) -> str:
    """The same where the result is 0 or nearly so."""
    return gaussian(c, x, far_exp)


FORMULAS = (exp, expm1, sigmoid, tanh, sech2, sinh, cosh, gaussian)
FAR = (far_exp, far_cosh, far_sech2, far_sinh, far_gaussian)
