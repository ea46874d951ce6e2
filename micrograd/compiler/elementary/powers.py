"""The exponential function and its family: sigmoid, the hyperbolic functions, the Gaussian and erf.

    k, r        the argument is k · log 2 + r with r small
    p           exp r − 1

log 2 comes in parts with zeros at the end, so that k times a part is exact (Cody and Waite, Software Manual for the
Elementary Functions, 1980). Formulas share what they can: σ(x), σ(−x) and softplus the power exp −|x|, tanh and its
derivative exp −2|x|, so that a function and its derivative in one loop cost little more than the function.
"""

from __future__ import annotations

from micrograd.compiler.elementary.arithmetic import ALONE, ROUND, Arithmetic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from micrograd.compiler.elementary.arithmetic import Condition, Number, Whole

# (exp r − 1 − r) / r² for |r| <= ½ log 2
EXP = [float.fromhex(x) for x in (
    "0x1.af38d53857513p-26", "0x1.2891a8c1d838dp-22", "0x1.71de0d9c145d0p-19", "0x1.a019b8ef67c6cp-16",
    "0x1.a01a01a7c8d47p-13", "0x1.6c16c17893833p-10", "0x1.11111111109adp-7", "0x1.5555555553d4fp-5",
    "0x1.5555555555556p-3", "0x1.0000000000001p-1")]  # fmt: skip
LOG_2 = [float.fromhex(x) for x in ("0x1.62e42fee00000p-1", "0x1.a39ef35793c76p-33")]
ONE_OVER_LOG_2 = float.fromhex("0x1.71547652b82fep+0")
# erf(x) / x − 1 as a function of x², for |x| <= 1
ERF = [float.fromhex(x) for x in (
    "0x1.0f8a27a51ad26p-34", "-0x1.3c1e91b012003p-30", "0x1.f8d476ab1a455p-27", "-0x1.5f39372686202p-23",
    "0x1.b9e2333703249p-20", "-0x1.f4d21efdafc7dp-17", "0x1.f9a324ddf0f34p-14", "-0x1.c02db3f4735cbp-11",
    "0x1.565bcd0e434bbp-8", "-0x1.b82ce312882f8p-6", "0x1.ce2f21a042bd7p-4", "-0x1.812746b0379e7p-2",
    "0x1.06eba8214db69p-3")]  # fmt: skip
# log(1 − erf(1 + u)) for u from 0 to 5, where 1 − erf times its error is at most 0.3 · 2⁻⁵³: least squares, weighted
# again and again by the error, until that is level (Lawson, 1961)
LOG_ERFC = [float.fromhex(x) for x in (
    "0x1.32106501edfe2p-36", "-0x1.8e93cb0693531p-32", "0x1.b77861b310f5ap-29", "-0x1.db0ef90427956p-27",
    "0x1.0c0fc93e824b2p-27", "0x1.3f52a51faef92p-22", "-0x1.2ed7692de4236p-19", "0x1.489efd8f10620p-17",
    "-0x1.c9caa122ac3ccp-16", "0x1.b9ef3141905cdp-16", "0x1.f1a7900e8db96p-13", "-0x1.033f37e203b42p-9",
    "0x1.48c9d2279fdd3p-7", "-0x1.5477f091b9d04p-5", "-0x1.afabc11a31106p-1", "-0x1.51c9b0006c1a8p+1",
    "-0x1.d97fbf27aa2a2p+0")]  # fmt: skip

BIASED = ROUND + 1023.0  # rounding by this leaves k + 1023, the exponent of 2ᵏ, in the lowest bits
LARGEST_POWER = 708.0  # exp of this, and of minus this, is a normal number
LARGEST_ROOT = 26.6  # its square is below that


def reduced(c: Arithmetic, x: Number, low: Number | None = None) -> tuple[Number, Number]:
    """exp(x + low) = 2ᵏ (1 + p): k + 1023 in the lowest bits, and p = exp r − 1."""
    t, k = c.rounded(x, ONE_OVER_LOG_2, BIASED)
    r = c.less_multiple(x, k, LOG_2[:1])
    r = c.less_multiple(r if low is None else c.add(r, low, ALONE), k, LOG_2[1:])
    return t, c.multiply_add(*beyond_linear(c, r), r)


def beyond_linear(c: Arithmetic, r: Number) -> tuple[Number, Number]:
    """r² and q with exp r = 1 + r + r² q, for |r| <= ½ log 2."""
    square = c.mul(r, r)  # two short polynomials in r² wait less than a long one in r
    return square, c.multiply_add(c.polynomial(square, EXP[0::2]), r, c.polynomial(square, EXP[1::2]))


def power(c: Arithmetic, t: Number) -> Number:
    """2ᵏ for k + 1023 in the lowest bits, from −1022 to 1023."""
    return c.doubles(c.whole("<<", c.bits(t), 52))


def near_exp(c: Arithmetic, x: Number, low: Number | None = None) -> Number:
    """exp(x + low) where it is a normal number; nan stays."""
    t, p = reduced(c, x, low)
    scale = power(c, t)
    return c.multiply_add(p, scale, scale)


def exp(c: Arithmetic, x: Number) -> Number:
    """2ᵏ (1 + p)."""
    near = c.once(("exp", x), lambda: near_exp(c, x))
    return c.unless(c.compare(">", c.magnitude(x), c.number(LARGEST_POWER)), near, "exp", x)


def scaled(c: Arithmetic, p: Number, k: Whole, low: Condition) -> Number:
    """p · 2ᵏ for p from √½ to √2, k in the lowest bits and at most 1024; low holds for k < −1000, not for k > −900.

    Where it does, it goes by way of 2¹²⁸, to round once; elsewhere by way of the half, which is finite.
    """
    exponent = c.whole("<<", c.choose(low, c.whole("+", k, 128), c.whole("+", k, -1)), 52)
    return c.mul(c.changed("+", p, exponent), c.select(low, c.number(2.0**-128), c.number(2.0)), ALONE)


def far_exp(c: Arithmetic, x: Number, low: Number | None = None, halved: bool = False) -> Number:
    """exp(x + low) for every x, or half of it, which overflows later."""
    limit = 709.782712893384 if not halved else 710.4758600739439  # log of the largest double, and of twice that
    near = c.at_least(c.at_most(x, limit), -760.0)
    t, p = reduced(c, near, low)
    k = c.whole("+", c.bits(t), -1024 if halved else -1023)
    value = scaled(c, c.add(p, c.number(1.0), ALONE), k, c.compare("<", near, c.number(-690.0)))
    value = c.where(">", x, c.number(limit), c.number(float("inf")), value)
    return c.select(c.is_nan(x), x, value)


def less_one(c: Arithmetic, x: Number, shift: int) -> Number:
    """2ˢ (exp x − 1) with s = shift, for −60 < x and k + s from −1022 to 1023.

    With scale = 2ᵏ⁺ˢ and r in two parts, scale · high + (scale − 2ˢ) comes first: where it cancels it is exact.
    """
    t, k = c.rounded(x, ONE_OVER_LOG_2, BIASED + shift)
    scale = power(c, t)
    high, low = c.less_multiple(x, k, LOG_2[:1]), c.mul(k, c.number(LOG_2[1]))
    r = c.sub(high, low)
    rest = c.sub(c.mul(c.mul(r, r), c.polynomial(r, EXP)), low)
    first = c.multiply_add(scale, high, c.sub(scale, c.number(2.0**shift), ALONE))
    return c.multiply_add(scale, rest, first)


def expm1(c: Arithmetic, x: Number) -> Number:
    """exp x − 1, through half of it, which overflows later; x itself where it is tiny."""
    half = less_one(c, c.at_least(c.at_most(x, 710.0), -40.0), -1)
    return c.where("<", c.magnitude(x), c.number(2.0**-54), x, c.add(half, half, ALONE))


def decay(c: Arithmetic, x: Number) -> Number:
    """exp −|x|."""

    def make() -> Number:
        a = c.magnitude(x)
        y = c.negative(a)
        return c.unless(c.compare(">", a, c.number(LARGEST_POWER)), near_exp(c, y), "exp", y)

    return c.once(("decay", c.magnitude(x)), make)


def sigmoid(c: Arithmetic, x: Number) -> Number:
    """1 / (1 + e) or e / (1 + e) with e = exp −|x|."""
    e = decay(c, x)
    r = c.once(("sigmoid", e), lambda: c.div(c.number(1.0), c.add(e, c.number(1.0), ALONE)))
    other = c.once(("1 - sigmoid", e), lambda: c.mul(e, r, ALONE))
    return c.select(c.is_minus(x), other, r)


def hyperbolic(c: Arithmetic, x: Number) -> tuple[Number, Number, Number]:
    """e = exp −|x|, m = e² − 1 and d = e² + 1; e is right for |x| <= 708, the others always.

    With e = 2ᵏ (1 + p), m is 4ᵏ p (2 + p) + (4ᵏ − 1), which loses no digit where x is tiny.
    """

    def make() -> tuple[Number, Number, Number]:
        t, p = reduced(c, c.negative(c.at_most(c.magnitude(x), LARGEST_POWER)))
        scale = power(c, t)
        square = c.mul(scale, scale)
        m = c.multiply_add(square, c.multiply_add(p, p, c.add(p, p)), c.sub(square, c.number(1.0), ALONE))
        return c.multiply_add(p, scale, scale), m, c.add(m, c.number(2.0), ALONE)

    return c.once(("hyperbolic", c.magnitude(x)), make)


def doubled(c: Arithmetic, x: Number) -> tuple[Number, Number, Number, Number]:
    """u = exp −2|x|, m = u − 1, d = u + 1 and 1 / d; u is right for |x| <= 354, the others always."""

    def make() -> tuple[Number, Number, Number, Number]:
        a = c.at_most(c.magnitude(x), LARGEST_POWER / 2)
        t, p = reduced(c, c.negative(c.add(a, a)))
        scale = power(c, t)
        m = c.multiply_add(p, scale, c.sub(scale, c.number(1.0), ALONE))
        d = c.add(m, c.number(2.0), ALONE)
        return c.multiply_add(p, scale, scale), m, d, c.div(c.number(1.0), d)

    return c.once(("doubled", c.magnitude(x)), make)


def tanh(c: Arithmetic, x: Number) -> Number:
    """(1 − u) / (1 + u) with the sign of x: m times 1 / d, and one step of Newton's for what that lacks."""
    _, m, d, r = doubled(c, x)
    t = c.mul(m, r, ALONE)
    return c.signed(c.multiply_add(c.sub(m, c.mul(t, d)), r, t), x)


def sech2(c: Arithmetic, x: Number) -> Number:
    """h (2 − h) with h = 2 u / (1 + u), which is 1 − tanh |x|: 2 u times 1 / d, and one step of Newton's."""
    u, _, _, r = doubled(c, x)
    twice = c.add(u, u)
    h = c.mul(twice, r, ALONE)
    h = c.multiply_add(c.sub(c.sub(twice, h, ALONE), c.mul(h, u)), r, h)
    value = c.mul(h, c.sub(c.number(2.0), h, ALONE), ALONE)
    return c.unless(c.compare(">", c.magnitude(x), c.number(LARGEST_POWER / 2)), value, "sech2", x)


def cosh(c: Arithmetic, x: Number) -> Number:
    """(1 + e²) / 2e."""
    e, _, d = hyperbolic(c, x)
    far = c.compare(">", c.magnitude(x), c.number(LARGEST_POWER))
    return c.unless(far, c.div(d, c.add(e, e)), "cosh", x)


def sinh(c: Arithmetic, x: Number) -> Number:
    """(1 − e²) / 2e with the sign of x."""
    e, m, _ = hyperbolic(c, x)
    far = c.compare(">", c.magnitude(x), c.number(LARGEST_POWER))
    return c.unless(far, c.signed(c.div(m, c.add(e, e)), x), "sinh", x)


def far_cosh(c: Arithmetic, x: Number) -> Number:
    """½ exp |x| where exp −|x| is nothing beside it."""
    return far_exp(c, c.magnitude(x), halved=True)


def far_sech2(c: Arithmetic, x: Number) -> Number:
    """The square of 2 exp −|x|, rounded once."""
    e = far_exp(c, c.negative(c.magnitude(x)))
    twice = c.add(e, e)
    return c.mul(twice, twice, ALONE)


def far_sinh(c: Arithmetic, x: Number) -> Number:
    """½ exp |x| with the sign of x, likewise."""
    return c.signed(far_exp(c, c.magnitude(x), halved=True), x)


def gaussian(c: Arithmetic, x: Number, power: Callable[..., Number] = near_exp) -> Number:
    """exp −x² with x² = h² + (x − h)(x + h), where h² is exact."""
    a = c.at_most(c.magnitude(x), 28.0)
    h = c.mul(c.rounded(a, 65536.0)[1], c.number(1.0 / 65536.0), ALONE)
    value = power(c, c.negative(c.mul(h, h, ALONE)), low=c.mul(c.sub(h, a, ALONE), c.add(h, a, ALONE), ALONE))
    if power is far_exp:
        return value
    return c.unless(c.compare(">", c.magnitude(x), c.number(LARGEST_ROOT)), value, "gaussian", x)


def far_gaussian(c: Arithmetic, x: Number) -> Number:
    """The same where the result is 0 or nearly so."""
    return gaussian(c, x, far_exp)


def erf(c: Arithmetic, x: Number) -> Number:
    """x + x p(x²) up to 1, beyond 1 − exp p(|x| − 1)."""
    a = c.magnitude(x)
    near = c.multiply_add(x, c.polynomial(c.mul(a, a), ERF), x)
    beyond = c.polynomial(c.sub(c.at_most(a, 6.0), c.number(1.0), ALONE), LOG_ERFC)
    far = c.signed(less_one(c, beyond, 0), x)
    return c.where("<", a, c.number(1.0), near, far)


FORMULAS = (exp, expm1, sigmoid, tanh, sech2, sinh, cosh, gaussian, erf)
FAR = (far_exp, far_cosh, far_sech2, far_sinh, far_gaussian)
