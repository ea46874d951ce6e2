"""Elementary functions of vectors as LLVM text: range reduction and a polynomial, the same on every processor.

    k, r        the argument is k · log 2 + r with r small
    p           polynomial; its coefficients stand highest power first

The polynomials interpolate at Chebyshev nodes in 200-bit arithmetic (mpmath's `chebyfit`; tests/test_vector_math.py
fits them again). log 2 comes in parts with zeros at the end, so that k times a part is exact
(Cody and Waite, Software Manual for the Elementary Functions, 1980); nothing needs a fused multiply-add.
Every function is right to 4 ulp, most to 2.5. `vector_angles` has the functions of angles.

Formulas share what they can: σ(x), σ(−x) and softplus the power exp −|x|, the hyperbolic functions all they are made
of, so that a function and its derivative in one loop cost little more than the function.
"""

from __future__ import annotations

from micrograd.program import vector_angles
from micrograd.program.instructions import literal
from micrograd.program.vector_code import ROUND, Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# (exp r − 1 − r) / r² for |r| <= ½ log 2
EXP = [float.fromhex(x) for x in (
    "0x1.af38d53857513p-26", "0x1.2891a8c1d838dp-22", "0x1.71de0d9c145d0p-19", "0x1.a019b8ef67c6cp-16",
    "0x1.a01a01a7c8d47p-13", "0x1.6c16c17893833p-10", "0x1.11111111109adp-7", "0x1.5555555553d4fp-5",
    "0x1.5555555555556p-3", "0x1.0000000000001p-1")]  # fmt: skip
# (log (1 + s)/(1 − s) − 2s) / s³ as a function of s², for s from −(√2 − 1)/(√2 + 1) to that
LOG = [float.fromhex(x) for x in (
    "0x1.2b5f68a50d903p-3", "0x1.39fdcceb4bb45p-3", "0x1.7462b91b8df65p-3", "0x1.c71c62d5e53e0p-3",
    "0x1.2492492dfd86cp-2", "0x1.9999999995273p-2", "0x1.5555555555558p-1")]  # fmt: skip
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
LOG_2 = [float.fromhex(x) for x in ("0x1.62e42fee00000p-1", "0x1.a39ef35793c76p-33")]
ONE_OVER_LOG_2 = float.fromhex("0x1.71547652b82fep+0")

BIASED = ROUND + 1023.0  # rounding by this leaves k + 1023, the exponent of 2ᵏ, in the lowest bits
LARGEST_POWER = 708.0  # exp of this, and of minus this, is a normal number
LARGEST_ROOT = 26.6  # its square is below that

ROOT_HALF = 0x3FE6A09E00000000  # the leading bits of √½


# exp and its family


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


def hyperbolic(c: Code, x: str) -> tuple[str, str, str, str]:
    """e = exp −|x|, m = e² − 1, d = e² + 1 and 1 / d; e is right for |x| <= 708, the others always.

    With e = 2ᵏ (1 + p), m is 4ᵏ p (2 + p) + (4ᵏ − 1), which loses no digit where x is tiny.
    """

    def make() -> tuple[str, str, str, str]:
        t, p = reduced(c, c.negative(c.at_most(c.magnitude(x), LARGEST_POWER)))
        scale = power(c, t)
        square = c.mul(scale, scale)
        m = c.multiply_add(square, c.multiply_add(p, p, c.add(p, p)), c.sub(square, c.number(1.0), ""))
        d = c.add(m, c.number(2.0), "")
        return c.multiply_add(p, scale, scale), m, d, c.div(c.number(1.0), d)

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


def sech_squared(c: Code, x: str) -> str:
    """4 u / (1 + u)², the derivative of tanh."""
    u, _, _, r = doubled(c, x)
    twice = c.add(r, r)
    far = c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER / 2))
    return c.unless(far, c.mul(c.mul(twice, twice, ""), u, ""), "sech_squared", x)


def cosh(c: Code, x: str) -> str:
    """(1 + e²) / 2e; its reciprocal and the square of that come without a quotient of their own."""
    e, _, d, r = hyperbolic(c, x)
    far = c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER))
    twice = c.add(e, e)
    value = c.unless(far, c.div(d, twice), "cosh", x)
    return c.knows_reciprocal(value, c.unless(far, c.mul(twice, r, ""), "sech", x), lambda: sech_squared(c, x))


def sinh(c: Code, x: str) -> str:
    """(1 − e²) / 2e with the sign of x."""
    e, m, _, _ = hyperbolic(c, x)
    far = c.compare("ogt", c.magnitude(x), c.number(LARGEST_POWER))
    return c.unless(far, c.signed(c.div(m, c.add(e, e)), x), "sinh", x)


def far_cosh(c: Code, x: str) -> str:
    """½ exp |x| where exp −|x| is nothing beside it."""
    return far_exp(c, c.magnitude(x), halved=True)


def far_sech(c: Code, x: str) -> str:
    """2 exp −|x|, likewise."""
    e = far_exp(c, c.negative(c.magnitude(x)))
    return c.add(e, e, "")


def far_sech_squared(c: Code, x: str) -> str:
    """Its square, rounded once."""
    e = far_sech(c, x)
    return c.mul(e, e, "")


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


def erf(c: Code, x: str) -> str:
    """x + x p(x²) up to 1, beyond 1 − exp p(|x| − 1)."""
    a = c.magnitude(x)
    near = c.multiply_add(x, c.polynomial(c.mul(a, a), ERF), x)
    beyond = c.polynomial(c.sub(c.at_most(a, 6.0), c.number(1.0), ""), LOG_ERFC)
    far = c.signed(less_one(c, beyond, 0), x)
    return c.where("olt", a, c.number(1.0), near, far)


# log and its family


def split(c: Code, u: str) -> tuple[str, str]:
    """u = 2ᵏ (1 + f) with 1 + f from √½ to √2: 1 + f, and k as a whole number."""
    shifted = c.whole("sub", c.bits(u), ROOT_HALF)
    mantissa = c.whole("add", c.whole("and", shifted, 0x000FFFFFFFFFFFFF), ROOT_HALF)
    return c.doubles(mantissa), c.whole("ashr", shifted, 52)


def as_double(c: Code, k: str) -> str:
    """A whole number below 2⁵¹."""
    return c.sub(c.doubles(c.whole("add", k, int(literal(ROUND), 16))), c.number(ROUND), "")


def log_from(c: Code, f: str, k: str) -> str:
    """k log 2 + log(1 + f), by log(1 + f) = log (1 + s)/(1 − s), small terms first."""
    s = c.div(f, c.add(f, c.number(2.0), ""))
    z = c.mul(s, s)
    square = c.mul(c.mul(f, f, ""), c.number(0.5), "")
    low = c.multiply_add(k, c.number(LOG_2[1]), c.mul(s, c.multiply_add(z, c.polynomial(z, LOG), square)))
    return c.multiply_add(k, c.number(LOG_2[0]), c.sub(f, c.sub(square, low, ""), ""))


def ends_of_log(c: Code, x: str, value: str, pole: float) -> str:
    """The value for x, with −inf at the pole, nan below and for nan, and inf for inf."""
    value = c.where("oeq", x, c.number(float("inf")), x, value)
    value = c.where("oeq", x, c.number(pole), c.number(float("-inf")), value)
    return c.where("ult", x, c.number(pole), c.number(float("nan")), value)


def log(c: Code, x: str) -> str:
    """log of a normal number."""
    mantissa, k = split(c, x)
    near = log_from(c, c.sub(mantissa, c.number(1.0), ""), as_double(c, k))
    low, high = c.compare("ult", x, c.number(2.0**-1022)), c.compare("oeq", x, c.number(float("inf")))
    return c.unless(c.either(low, high), near, "log", x)


def far_log(c: Code, x: str) -> str:
    """log x for every x; a subnormal one is scaled by 2⁵⁴ first."""
    tiny = c.compare("olt", x, c.number(2.0**-1022))
    u = c.select(tiny, c.mul(x, c.number(2.0**54), ""), x)
    mantissa, whole = split(c, u)
    k = as_double(c, c.choose(tiny, c.whole("sub", whole, 54), whole))
    return ends_of_log(c, x, log_from(c, c.sub(mantissa, c.number(1.0), ""), k), 0.0)


def log1p(c: Code, x: str) -> str:
    """log u with u = 1 + x rounded, where f gets back what the rounding lost; x itself where it is tiny."""
    one = c.number(1.0)
    u = c.add(x, one, "")
    lost = c.where("ogt", x, one, c.sub(one, c.sub(u, x, ""), ""), c.sub(x, c.sub(u, one, ""), ""))
    mantissa, k = split(c, u)
    exponent = c.whole("shl", c.whole("add", c.whole("xor", k, -1), 1025), 52)  # of 2¹⁻ᵏ; k may be 1024
    f = c.add(c.sub(mantissa, one, ""), c.mul(c.mul(lost, c.number(0.5), ""), c.doubles(exponent), ""), "")
    value = ends_of_log(c, x, log_from(c, f, as_double(c, k)), -1.0)
    return c.where("olt", c.magnitude(x), c.number(2.0**-54), x, value)


def softplus(c: Code, x: str) -> str:
    """max(x, 0) + log(1 + e) with e = exp −|x|, where 1 + e = 2 (1 + ½(e − 1)) if e > √2 − 1."""
    zero, one = c.number(0.0), c.number(1.0)
    e = decay(c, x)
    big = c.compare("ogt", e, c.number(0.4142135623730951))
    f = c.select(big, c.mul(c.sub(e, one, ""), c.number(0.5), ""), e)
    return c.add(c.where("ogt", x, zero, x, zero), log_from(c, f, c.select(big, one, zero)), "")


FORMULAS = (exp, expm1, log, log1p, sigmoid, softplus, tanh, sinh, cosh, gaussian, erf, *vector_angles.FORMULAS)
BODIES = {f.__name__: f for f in FORMULAS}
FAR = {f.__name__: f for f in (far_exp, far_log, far_cosh, far_sech, far_sech_squared, far_sinh, far_gaussian)}
