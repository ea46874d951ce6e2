"""Real powers, xʸ = exp(y log |x|), right to 1.5 ulp for any two numbers, without a branch.

    k, m        |x| = 2ᵏ m with m from √½ to √2
    s           (m − 1) / (m + 1)
    w           s (3 + s² + s⁴ series), where log m = 2/3 w
    p           y log |x| = (y log 2) k + (2/3 y) w
    high, low   a number in two parts, where high has HIGH_BITS bits, so that the product of two highs is exact

|p| goes up to 745, and what it lacks the result lacks of itself, so w needs 63 bits: the quotient, the sum and the
products are computed in two parts (as in Sun's fdlibm, e_pow.c, 1993), all but s⁴ series, which is small.
"""

from __future__ import annotations

from micrograd.compiler.elementary.arithmetic import ALONE, Arithmetic
from micrograd.compiler.elementary.logarithms import as_double, split
from micrograd.compiler.elementary.powers import LOG_2, ONE_OVER_LOG_2, beyond_linear, scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.elementary.arithmetic import Condition, Number

# (log ((1 + s)/(1 − s)) · 3/2 − 3s − s³) / s⁵ as a function of s², for s from −(√2 − 1)/(√2 + 1) to that
SERIES = [float.fromhex(x) for x in (
    "0x1.682bdc1b45fa4p-3", "0x1.679cb97760752p-3", "0x1.99a5341ab7aa7p-3", "0x1.d89d60943a82dp-3",
    "0x1.1745d19c1f28fp-2", "0x1.555555552fc41p-2", "0x1.b6db6db6db7b4p-2", "0x1.3333333333333p-1")]  # fmt: skip
HIGH_BITS = 26
TWO_THIRDS = [float.fromhex(x) for x in ("0x1.5555550000000p-1", "0x1.5555555555555p-27")]  # high and low
LOG_OF_2 = [float.fromhex(x) for x in ("0x1.62e4300000000p-1", "-0x1.05c610ca86c39p-29")]
LARGEST_ODD = 2.0**53  # but for one; adding it makes a smaller number even


def high(c: Arithmetic, x: Number) -> Number:
    """x without its last bits."""
    return c.doubles(c.whole("&", c.bits(x), -(2 ** (53 - HIGH_BITS))))


def log_parts(c: Arithmetic, a: Number) -> tuple[Number, Number, Number]:
    """k, and w in two parts, for log a = k log 2 + 2/3 w; a is positive and finite."""
    one, three = c.number(1.0), c.number(3.0)
    tiny = c.compare("<", a, c.number(2.0**-1022))
    m, whole = split(c, c.select(tiny, c.mul(a, c.number(2.0**54), ALONE), a))
    k = as_double(c, c.choose(tiny, c.whole("-", whole, 54), whole))
    over, under = c.sub(m, one, ALONE), c.add(m, one, ALONE)
    under_high = high(c, under)
    under_low = c.sub(m, c.sub(under_high, one, ALONE), ALONE)  # m + 1 is rounded
    inverse = c.div(one, under)
    s = c.mul(over, inverse, ALONE)
    s_high = high(c, s)
    s_low = c.mul(c.sub(c.sub(over, c.mul(s_high, under_high)), c.mul(s_high, under_low)), inverse, ALONE)
    z = c.mul(s, s, ALONE)  # good enough for the series; s⁴ before it takes what s lacks, too
    z2 = c.mul(z, z, ALONE)
    series = c.multiply_add(c.polynomial(z2, SERIES[0::2]), z, c.polynomial(z2, SERIES[1::2]))
    square, lacking = c.mul(s_high, s_high, ALONE), c.mul(s_low, c.add(s_high, s, ALONE), ALONE)
    z = c.add(square, lacking, ALONE)
    factor_high = high(c, c.add(three, square, ALONE))
    factor_low = c.sub(square, c.sub(factor_high, three, ALONE), ALONE)
    factor_low = c.add(factor_low, c.multiply_add(c.mul(z, z), series, lacking), ALONE)
    first, rest = c.mul(s_high, factor_high, ALONE), c.multiply_add(s_low, factor_high, c.mul(factor_low, s))
    w_high = high(c, c.add(first, rest, ALONE))
    return k, w_high, c.sub(rest, c.sub(w_high, first, ALONE), ALONE)


def times(c: Arithmetic, y: Number, constant: Sequence[float]) -> tuple[Number, Number, Number]:
    """y times a constant that is given in two parts: rounded, and in two parts."""
    first, second, both = [c.number(part) for part in (*constant, sum(constant))]
    y_high, product = high(c, y), c.mul(y, both, ALONE)
    product_high = high(c, product)
    low = c.multiply_add(c.sub(y, y_high, ALONE), both, c.mul(y_high, second))
    return product, product_high, c.add(c.sub(c.mul(y_high, first), product_high), low, ALONE)


def exp_of_sum(c: Arithmetic, first: Number, second: Number, third: Number) -> Number:
    """exp of a sum; the first two are products of two highs, the third is small beside the larger one.

    n log 2 leaves the first term without an error, so the second meets what it goes with in the exact sum u + v.
    """
    one = c.number(1.0)
    p = c.add(c.add(first, second, ALONE), third, ALONE)
    t, n = c.rounded(p, ONE_OVER_LOG_2)
    first = c.less_multiple(first, n, LOG_2[:1])
    third = c.less_multiple(third, n, LOG_2[1:])
    u = c.add(first, second, ALONE)
    v = c.add(third, c.sub(second, c.sub(u, first, ALONE), ALONE), ALONE)
    rest = c.multiply_add(*beyond_linear(c, c.add(u, third, ALONE)), v)
    near_one = c.add(one, u, ALONE)
    lost = c.sub(u, c.sub(near_one, one, ALONE), ALONE)
    value = c.add(near_one, c.add(lost, rest, ALONE), ALONE)
    value = scaled(c, value, c.bits(t), c.compare("<", n, c.number(-1000.0)))
    value = c.where(">", p, c.number(710.0), c.number(float("inf")), value)
    return c.where("<", p, c.number(-748.0), c.number(0.0), value)


def parity(c: Arithmetic, y: Number) -> tuple[Condition, Condition]:
    """Whether y is whole, and whether it is odd."""
    size, bound = c.at_most(c.magnitude(y), LARGEST_ODD), c.number(LARGEST_ODD)
    from_even = c.magnitude(c.sub(size, c.sub(c.add(size, bound, ALONE), bound, ALONE), ALONE))
    odd = c.compare("==", from_even, c.number(1.0))
    return c.either(c.compare("==", from_even, c.number(0.0)), odd), odd


def pow(c: Arithmetic, x: Number, y: Number) -> Number:
    """|x|ʸ, with a minus sign where x has one and y is odd; nan where x < 0 is finite and y is not whole."""
    zero, one, infinite = c.number(0.0), c.number(1.0), c.number(float("inf"))
    a = c.magnitude(x)
    k, w_high, w_low = c.once(("log_parts", a), lambda: log_parts(c, a))
    bounded = c.at_least(c.at_most(y, 2.0**1000), -(2.0**1000))  # times log 1 it is 0
    _, for_k_high, for_k_low = times(c, bounded, LOG_OF_2)
    for_w, for_w_high, for_w_low = times(c, bounded, TWO_THIRDS)
    small = c.multiply_add(for_w, w_low, c.multiply_add(for_w_low, w_high, c.mul(for_k_low, k)))
    value = exp_of_sum(c, c.mul(for_k_high, k, ALONE), c.mul(for_w_high, w_high, ALONE), small)
    whole, odd = parity(c, y)
    value = c.where("<", x, zero, c.select(whole, value, c.number(float("nan"))), value)
    rises, falls = c.compare(">", y, zero), c.compare("<", y, zero)
    at_zero = c.select(rises, zero, c.select(falls, infinite, one))
    value = c.where("==", a, zero, at_zero, value)
    beyond = c.select(rises, a, c.select(falls, c.where("==", a, infinite, zero, a), one))  # for inf and nan
    value = c.where("not <", a, infinite, beyond, value)
    value = c.select(c.is_nan(y), c.where("==", x, one, one, y), value)
    return c.signed(value, c.select(odd, x, a))


FORMULAS = (pow,)
