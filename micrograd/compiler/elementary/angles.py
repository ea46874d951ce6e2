"""sin, cos, tan, their inverses and hypot.

k, r        an angle is k · π + r with r small
t           tan of an angle up to atan ½
"""

from __future__ import annotations

from micrograd.compiler.elementary.arithmetic import ALONE, ROUND, Arithmetic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.elementary.arithmetic import Number

# (sin r − r) / r³ for |r| <= π/2 and (cos r − 1 + r²/2) / r⁴ for |r| <= π/4, as functions of r²
SIN = [float.fromhex(x) for x in (
    "0x1.89a19d400e252p-49", "-0x1.ae512165ca336p-41", "0x1.612401122d89fp-33", "-0x1.ae6455a0f523dp-26",
    "0x1.71de3a54550e7p-19", "-0x1.a01a01a018a8cp-13", "0x1.1111111111107p-7", "-0x1.5555555555555p-3")]  # fmt: skip
COS = [
    float.fromhex(x)
    for x in (
        "-0x1.907cd8ff5ede7p-37",
        "0x1.1eeb67d026ec6p-29",
        "-0x1.27e4fa16cc2d1p-22",
        "0x1.a01a019f4ddfdp-16",
        "-0x1.6c16c16c16963p-10",
        "0x1.5555555555555p-5",
    )
]
# (atan t − t) / t³ as a function of t², for |t| <= ½
ATAN = [float.fromhex(x) for x in (
    "0x1.6d755fc1636f4p-7", "-0x1.da5fdeb30e33ep-6", "0x1.5ee9281016ed2p-5", "-0x1.a680f4658c711p-5",
    "0x1.e0955a999ace7p-5", "-0x1.110025075dddcp-4", "0x1.3b128bfd32fbbp-4", "-0x1.745d0a99d91e0p-4",
    "0x1.c71c7173fae64p-4", "-0x1.2492492404d83p-3", "0x1.9999999998dc7p-3", "-0x1.5555555555554p-2")]  # fmt: skip
PI = [float.fromhex(x) for x in ("0x1.921fb54440000p+1", "0x1.68c234c4c0000p-38", "0x1.98a2e03707345p-76")]
QUARTER_PI = [float.fromhex(x) for x in ("0x1.921fb54442d18p-1", "0x1.1a62633145c07p-55")]  # and what that lacks
ONE_OVER_PI = float.fromhex("0x1.45f306dc9c883p-2")
LARGEST_ANGLE = 100000.0  # k has 16 bits up to here


# from angles


def sine(c: Arithmetic, r: Number) -> Number:
    """sin r for |r| <= π/2."""
    z = c.mul(r, r)
    return c.add(c.mul(c.mul(z, r), c.polynomial(z, SIN)), r)


def turned(c: Arithmetic, value: Number, t: Number) -> Number:
    """−value where the whole number in the lowest bits of t is odd."""
    return c.changed("^", value, c.whole("<<", c.bits(t), 63))


def unless_huge(c: Arithmetic, near: Number, name: str, x: Number) -> Number:
    """The value; for a huge angle the primitive itself, which knows π to many more digits."""
    return c.unless(c.compare(">", c.magnitude(x), c.number(LARGEST_ANGLE)), near, name, x)


def sin(c: Arithmetic, x: Number) -> Number:
    """sin(k π + r) = ±sin r."""
    t, k = c.rounded(x, ONE_OVER_PI)
    value = turned(c, sine(c, c.less_multiple(x, k, PI)), t)
    return unless_huge(c, c.where("==", x, c.number(0.0), x, value), "sin", x)


def cos(c: Arithmetic, x: Number) -> Number:
    """cos((k − ½) π + r) = ±sin r."""
    t = c.add(c.add(c.mul(x, c.number(ONE_OVER_PI)), c.number(0.5)), c.number(ROUND), ALONE)
    k = c.sub(c.sub(t, c.number(ROUND), ALONE), c.number(0.5), ALONE)
    value = turned(c, sine(c, c.less_multiple(x, k, PI)), t)
    return unless_huge(c, value, "cos", x)


def tan(c: Arithmetic, x: Number) -> Number:
    """tan(k π/2 + r) = sin r / cos r or −cos r / sin r, with |r| <= π/4."""
    t, k = c.rounded(x, 2.0 * ONE_OVER_PI)
    r = c.less_multiple(x, k, [part / 2.0 for part in PI])
    z = c.mul(r, r)
    cosine = c.add(c.sub(c.number(1.0), c.mul(z, c.number(0.5))), c.mul(c.mul(z, z), c.polynomial(z, COS)))
    over, under, odd = sine(c, r), cosine, c.odd(t)
    value = c.div(c.select(odd, under, over), c.select(odd, over, under))
    value = turned(c, value, t)
    return unless_huge(c, c.where("==", x, c.number(0.0), x, value), "tan", x)


# to angles


def atan_of_quotient(c: Arithmetic, y: Number, x: Number) -> tuple[Number, Number]:
    """atan y / x for y, x >= 0: 0, π/4 or π/2, and what to add: atan t for t = y / x, (y − x) / (y + x) or −x / y."""
    middle = c.compare(">", y, c.mul(c.number(0.5), x, ALONE))
    steep = c.compare(">", y, c.mul(c.number(2.0), x, ALONE))

    def by_range(flat: Number, between: Number, beyond: Number) -> Number:
        return c.select(steep, beyond, c.select(middle, between, flat))

    base, lacking = [by_range(c.number(0.0), c.number(part), c.number(2.0 * part)) for part in QUARTER_PI]
    t = c.div(by_range(y, c.sub(y, x, ALONE), c.negative(x)), by_range(x, c.add(y, x, ALONE), y))
    z = c.mul(t, t)
    return base, c.add(t, c.add(c.mul(c.mul(z, t), c.polynomial(z, ATAN)), lacking), ALONE)


def reflected(c: Arithmetic, base: Number, rest: Number, x: Number) -> Number:
    """π − (base + rest) where x has a minus sign, else base + rest."""
    high, low = [c.number(4.0 * part) for part in QUARTER_PI]
    left = c.add(c.sub(high, base, ALONE), c.sub(low, rest, ALONE), ALONE)
    return c.where("<", c.signed(c.number(1.0), x), c.number(0.0), left, c.add(base, rest, ALONE))


def other_side(c: Arithmetic, x: Number) -> Number:
    """√(1 − x²)."""
    one = c.number(1.0)
    return c.sqrt(c.mul(c.sub(one, x, ALONE), c.add(one, x, ALONE), ALONE))


def atan(c: Arithmetic, x: Number) -> Number:
    """atan |x| / 1 with the sign of x."""
    return c.signed(c.add(*atan_of_quotient(c, c.magnitude(x), c.number(1.0)), ALONE), x)


def asin(c: Arithmetic, x: Number) -> Number:
    """atan |x| / √(1 − x²) with the sign of x; nan outside [−1, 1]."""
    return c.signed(c.add(*atan_of_quotient(c, c.magnitude(x), other_side(c, x)), ALONE), x)


def acos(c: Arithmetic, x: Number) -> Number:
    """atan √(1 − x²) / |x|, reflected for a negative x; nan outside [−1, 1]."""
    return reflected(c, *atan_of_quotient(c, other_side(c, x), c.magnitude(x)), x)


def power_for(c: Arithmetic, m: Number, small: float, large: float, power: int) -> tuple[Number, Number]:
    """2ᵖ where m < small, 2⁻ᵖ where m > large, else 1, for p = power; and one over that."""

    def three(low: float, high: float) -> Number:
        not_small = c.where(">", m, c.number(large), c.number(high), c.number(1.0))
        return c.where("<", m, c.number(small), c.number(low), not_small)

    return three(2.0**power, 2.0**-power), three(2.0**-power, 2.0**power)


def larger(c: Arithmetic, a: Number, b: Number) -> Number:
    """max(a, b) of magnitudes; a nan may be lost."""
    return c.where(">", a, b, a, b)


def atan2(c: Arithmetic, ordinate: Number, abscissa: Number) -> Number:
    """The angle of the point (abscissa, ordinate)."""
    y, x, zero, one = c.magnitude(ordinate), c.magnitude(abscissa), c.number(0.0), c.number(1.0)
    scale, _ = power_for(c, larger(c, y, x), 2.0**-900, 2.0**1000, 100)
    y, x = c.mul(y, scale, ALONE), c.mul(x, scale, ALONE)
    same = c.compare("==", y, x)  # 0 / 0 is 0, inf / inf is 1
    y = c.select(same, c.where("==", y, zero, zero, one), y)
    x = c.select(same, one, x)
    return c.signed(reflected(c, *atan_of_quotient(c, y, x), abscissa), ordinate)


def hypot(c: Arithmetic, x: Number, y: Number) -> Number:
    """√(x² + y²), scaled where a square would leave the range; inf if either is."""
    x, y = c.magnitude(x), c.magnitude(y)
    m = larger(c, x, y)
    scale, back = power_for(c, m, 2.0**-450, 2.0**510, 600)
    a, b = c.mul(x, scale, ALONE), c.mul(y, scale, ALONE)
    infinite = c.number(float("inf"))
    value = c.mul(c.sqrt(c.multiply_add(b, b, c.mul(a, a))), back, ALONE)
    value = c.where("==", x, infinite, infinite, value)
    return c.where("==", y, infinite, infinite, value)


FORMULAS = (sin, cos, tan, asin, acos, atan, atan2, hypot)
