"""Elementary functions of vectors as LLVM text: range reduction and a polynomial, the same on every processor.

    p           polynomial; its coefficients stand highest power first

The polynomials interpolate at Chebyshev nodes in 200-bit arithmetic (mpmath's `chebyfit`; tests/test_vector_math.py
fits them again); nothing needs a fused multiply-add. Every function is right to 4 ulp, most to 2.5. Here are log, erf
and the tables of all; `vector_powers` has exp and what is made of it, `vector_angles` the functions of angles.
"""

from __future__ import annotations

from micrograd.compiler.elementary import angles as vector_angles
from micrograd.compiler.elementary import powers as vector_powers
from micrograd.compiler.elementary.arithmetic import ROUND, Code
from micrograd.compiler.elementary.powers import LOG_2, decay, less_one
from micrograd.compiler.llvm.instructions import literal

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
ROOT_HALF = 0x3FE6A09E00000000  # the leading bits of √½


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


FORMULAS = (log, log1p, softplus, erf, *vector_powers.FORMULAS, *vector_angles.FORMULAS)
BODIES = {f.__name__: f for f in FORMULAS}
FAR = {f.__name__: f for f in (far_log, *vector_powers.FAR)}
