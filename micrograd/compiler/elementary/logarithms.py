"""log and its family: log1p, and softplus, which is made of exp too.

k, f        the argument is 2ᵏ (1 + f) with 1 + f from √½ to √2
"""

from __future__ import annotations

from micrograd.compiler.elementary.arithmetic import ALONE, ROUND, ROUND_BITS, Arithmetic
from micrograd.compiler.elementary.powers import LOG_2, decay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.elementary.arithmetic import Number, Whole

# (log (1 + s)/(1 − s) − 2s) / s³ as a function of s², for s from −(√2 − 1)/(√2 + 1) to that
LOG = [float.fromhex(x) for x in (
    "0x1.2b5f68a50d903p-3", "0x1.39fdcceb4bb45p-3", "0x1.7462b91b8df65p-3", "0x1.c71c62d5e53e0p-3",
    "0x1.2492492dfd86cp-2", "0x1.9999999995273p-2", "0x1.5555555555558p-1")]  # fmt: skip
ROOT_HALF = 0x3FE6A09E00000000  # the leading bits of √½


def split(c: Arithmetic, u: Number) -> tuple[Number, Whole]:
    """u = 2ᵏ (1 + f) with 1 + f from √½ to √2: 1 + f, and k as a whole number."""
    shifted = c.whole("-", c.bits(u), ROOT_HALF)
    mantissa = c.whole("+", c.whole("&", shifted, 0x000FFFFFFFFFFFFF), ROOT_HALF)
    return c.doubles(mantissa), c.whole(">>", shifted, 52)


def as_double(c: Arithmetic, k: Whole) -> Number:
    """A whole number below 2⁵¹."""
    return c.sub(c.doubles(c.whole("+", k, ROUND_BITS)), c.number(ROUND), ALONE)


def log_from(c: Arithmetic, f: Number, k: Number) -> Number:
    """k log 2 + log(1 + f), by log(1 + f) = log (1 + s)/(1 − s), small terms first."""
    s = c.div(f, c.add(f, c.number(2.0), ALONE))
    z = c.mul(s, s)
    square = c.mul(c.mul(f, f, ALONE), c.number(0.5), ALONE)
    low = c.multiply_add(k, c.number(LOG_2[1]), c.mul(s, c.multiply_add(z, c.polynomial(z, LOG), square)))
    return c.multiply_add(k, c.number(LOG_2[0]), c.sub(f, c.sub(square, low, ALONE), ALONE))


def ends_of_log(c: Arithmetic, x: Number, value: Number, pole: float) -> Number:
    """The value for x, with −inf at the pole, nan below and for nan, and inf for inf."""
    value = c.where("==", x, c.number(float("inf")), x, value)
    value = c.where("==", x, c.number(pole), c.number(float("-inf")), value)
    return c.where("not >=", x, c.number(pole), c.number(float("nan")), value)


def log(c: Arithmetic, x: Number) -> Number:
    """log of a normal number."""
    mantissa, k = split(c, x)
    near = log_from(c, c.sub(mantissa, c.number(1.0), ALONE), as_double(c, k))
    low, high = c.compare("not >=", x, c.number(2.0**-1022)), c.compare("==", x, c.number(float("inf")))
    return c.unless(c.either(low, high), near, "log", x)


def far_log(c: Arithmetic, x: Number) -> Number:
    """log x for every x; a subnormal one is scaled by 2⁵⁴ first."""
    tiny = c.compare("<", x, c.number(2.0**-1022))
    u = c.select(tiny, c.mul(x, c.number(2.0**54), ALONE), x)
    mantissa, whole = split(c, u)
    k = as_double(c, c.choose(tiny, c.whole("-", whole, 54), whole))
    return ends_of_log(c, x, log_from(c, c.sub(mantissa, c.number(1.0), ALONE), k), 0.0)


def log1p(c: Arithmetic, x: Number) -> Number:
    """log u with u = 1 + x rounded, where f gets back what the rounding lost; x itself where it is tiny."""
    one = c.number(1.0)
    u = c.add(x, one, ALONE)
    lost = c.where(">", x, one, c.sub(one, c.sub(u, x, ALONE), ALONE), c.sub(x, c.sub(u, one, ALONE), ALONE))
    mantissa, k = split(c, u)
    exponent = c.whole("<<", c.whole("+", c.whole("^", k, -1), 1025), 52)  # of 2¹⁻ᵏ; k may be 1024
    f = c.add(c.sub(mantissa, one, ALONE), c.mul(c.mul(lost, c.number(0.5), ALONE), c.doubles(exponent), ALONE), ALONE)
    value = ends_of_log(c, x, log_from(c, f, as_double(c, k)), -1.0)
    return c.where("<", c.magnitude(x), c.number(2.0**-54), x, value)


def softplus(c: Arithmetic, x: Number) -> Number:
    """max(x, 0) + log(1 + e) with e = exp −|x|, where 1 + e = 2 (1 + ½(e − 1)) if e > √2 − 1."""
    zero, one = c.number(0.0), c.number(1.0)
    e = decay(c, x)
    big = c.compare(">", e, c.number(0.4142135623730951))
    f = c.select(big, c.mul(c.sub(e, one, ALONE), c.number(0.5), ALONE), e)
    return c.add(c.where(">", x, zero, x, zero), log_from(c, f, c.select(big, one, zero)), ALONE)


FORMULAS = (log, log1p, softplus)
FAR = (far_log,)
