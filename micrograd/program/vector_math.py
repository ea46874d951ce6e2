"""Elementary functions of vectors as LLVM text: range reduction and a polynomial, the same on every processor.

    k, r        the argument is k · log 2 + r, or k · π/2 + r, with r small
    p           polynomial; its coefficients stand highest power first

The polynomials interpolate at Chebyshev nodes in 200-bit arithmetic (mpmath's `chebyfit`; tests/test_vector_math.py
fits them again). log 2 and π/2 come in parts with zeros at the end, so that k times a part is exact
(Cody and Waite, Software Manual for the Elementary Functions, 1980).
Every function is right to 4 ulp.
"""

from __future__ import annotations

from micrograd.program.instructions import Function, kind, literal, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# (exp r − 1 − r) / r² for |r| <= ½ log 2
EXP = [float.fromhex(x) for x in (
    "0x1.af38d53857513p-26", "0x1.2891a8c1d838dp-22", "0x1.71de0d9c145d0p-19", "0x1.a019b8ef67c6cp-16",
    "0x1.a01a01a7c8d47p-13", "0x1.6c16c17893833p-10", "0x1.11111111109adp-7", "0x1.5555555553d4fp-5",
    "0x1.5555555555556p-3", "0x1.0000000000001p-1")]  # fmt: skip
# (log (1 + s)/(1 − s) − 2s) / s³ as a function of s², for s from −(√2 − 1)/(√2 + 1) to that
LOG = [float.fromhex(x) for x in (
    "0x1.2b5f68a50d903p-3", "0x1.39fdcceb4bb45p-3", "0x1.7462b91b8df65p-3", "0x1.c71c62d5e53e0p-3",
    "0x1.2492492dfd86cp-2", "0x1.9999999995273p-2", "0x1.5555555555558p-1")]  # fmt: skip
# (sin r − r) / r³ and (cos r − 1 + r²/2) / r⁴ as functions of r², for |r| <= π/4
SIN = [float.fromhex(x) for x in (
    "0x1.5e0a4fc16be59p-33", "-0x1.ae6008d114485p-26", "0x1.71de37946ed6dp-19", "-0x1.a01a019e820aep-13",
    "0x1.1111111110babp-7", "-0x1.5555555555555p-3")]  # fmt: skip
COS = [float.fromhex(x) for x in (
    "-0x1.907cd8ff5ede7p-37", "0x1.1eeb67d026ec6p-29", "-0x1.27e4fa16cc2d1p-22", "0x1.a01a019f4ddfdp-16",
    "-0x1.6c16c16c16963p-10", "0x1.5555555555555p-5")]  # fmt: skip
LOG_2 = [float.fromhex(x) for x in ("0x1.62e42fee00000p-1", "0x1.a39ef35793c76p-33")]
HALF_PI = [float.fromhex(x) for x in (
    "0x1.921fb54400000p+0", "0x1.0b4611a600000p-34", "0x1.3198a2e000000p-69", "0x1.b839a252049c1p-104")]  # fmt: skip
ONE_OVER_LOG_2, TWO_OVER_PI = float.fromhex("0x1.71547652b82fep+0"), float.fromhex("0x1.45f306dc9c883p-1")

ROUND = 6755399441055744.0  # 1.5 · 2⁵²: adding it rounds to a whole number, which then stands in the lowest bits
ROOT_HALF = 0x3FE6A09E00000000  # the leading bits of √½
LARGEST_ANGLE = 100000.0  # beyond, sin and cos are those of the C library


class Code(Function):
    """The text of one function of vectors, as short as formulas."""

    def __init__(self, name: str, operands: int, lanes: int) -> None:
        super().__init__(name, "")
        self.lanes, self.operands = lanes, operands
        self.bits_kind = "i64" if lanes == 1 else f"<{lanes} x i64>"

    def number(self, value: float) -> str:
        """A constant."""
        return splat(value, self.lanes)

    def add(self, a: str, b: str, flags: str = "contract") -> str:
        """a + b; without flags it is never fused with a product."""
        return self.arithmetic("fadd", a, b, self.lanes, flags)

    def sub(self, a: str, b: str, flags: str = "contract") -> str:
        """a − b."""
        return self.arithmetic("fsub", a, b, self.lanes, flags)

    def mul(self, a: str, b: str, flags: str = "contract") -> str:
        """a · b."""
        return self.arithmetic("fmul", a, b, self.lanes, flags)

    def div(self, a: str, b: str) -> str:
        """a / b."""
        return self.arithmetic("fdiv", a, b, self.lanes, "")

    def where(self, predicate: str, a: str, b: str, x: str, y: str) -> str:
        """x where the comparison of a and b holds, else y."""
        return self.select(self.compare(predicate, a, b, self.lanes), x, y, self.lanes)

    def magnitude(self, x: str) -> str:
        """|x|."""
        return self.call(f"llvm.fabs.{suffix(self.lanes)}", [x], self.lanes)

    def signed(self, magnitude: str, x: str) -> str:
        """The magnitude with the sign of x."""
        return self.call(f"llvm.copysign.{suffix(self.lanes)}", [magnitude, x], self.lanes)

    def negative(self, x: str) -> str:
        """−x."""
        return self.value(f"fneg {kind(self.lanes)} {x}")

    def at_most(self, x: str, bound: float) -> str:
        """min(x, bound); nan stays."""
        return self.where("ogt", x, self.number(bound), self.number(bound), x)

    def at_least(self, x: str, bound: float) -> str:
        """max(x, bound); nan stays."""
        return self.where("olt", x, self.number(bound), self.number(bound), x)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """Horner's scheme."""
        p = self.number(coefficients[0])
        for c in coefficients[1:]:
            p = self.multiply_add(p, x, self.number(c), self.lanes)
        return p

    def bits(self, x: str) -> str:
        """The bits of doubles as whole numbers."""
        return self.value(f"bitcast {kind(self.lanes)} {x} to {self.bits_kind}")

    def doubles(self, x: str) -> str:
        """Whole numbers as the bits of doubles."""
        return self.value(f"bitcast {self.bits_kind} {x} to {kind(self.lanes)}")

    def whole(self, operation: str, a: str, b: int) -> str:
        """add, shl, and … of whole numbers with a constant."""
        constant = str(b) if self.lanes == 1 else f"splat (i64 {b})"
        return self.value(f"{operation} {self.bits_kind} {a}, {constant}")

    def rounded(self, x: str, factor: float) -> tuple[str, str]:
        """x · factor rounded: with the whole number in its lowest bits, and as a double."""
        t = self.add(self.mul(x, self.number(factor)), self.number(ROUND))
        return t, self.sub(t, self.number(ROUND), "")

    def less_multiple(self, x: str, k: str, parts: Sequence[float]) -> str:
        """x − k · (sum of the parts)."""
        for part in parts:
            x = self.sub(x, self.mul(k, self.number(part)))
        return x

    def finish(self, result: str) -> str:
        """The whole text."""
        T = kind(self.lanes)
        arguments = ", ".join([f"{T} {x}" for x in ("%x", "%y")[: self.operands]])
        body = "\n".join(self.lines)
        return (f"define internal {T} @{self.name}({arguments}) alwaysinline nounwind {{\n"
                f"entry:\n{body}\n  ret {T} {result}\n}}")  # fmt: skip


def suffix(lanes: int) -> str:
    """How intrinsics name the type."""
    return "f64" if lanes == 1 else f"v{lanes}f64"


# exp and its family


def reduced(c: Code, x: str) -> tuple[str, str, str]:
    """exp x = 2ᵏ (1 + p): k in the lowest bits, k as a double, and p = exp r − 1."""
    t, k = c.rounded(x, ONE_OVER_LOG_2)
    r = c.less_multiple(x, k, LOG_2)
    p = c.add(c.mul(c.mul(r, r), c.polynomial(r, EXP)), r)
    return t, k, p


def power_of_two(c: Code, t: str) -> str:
    """2ᵏ for |k| < 1023, k in the lowest bits."""
    return c.doubles(c.whole("shl", c.whole("add", c.bits(t), 1023), 52))


def scaled(c: Code, p: str, t: str, x: str) -> str:
    """p · 2ᵏ for p near 1, exp x the result, k in the lowest bits of t; below 2⁻⁹⁹⁵ by way of 2¹²⁸, to round once."""
    low = c.compare("olt", x, c.number(-690.0), c.lanes)
    raised = c.whole("add", t, 128)
    bits = "i1" if c.lanes == 1 else f"<{c.lanes} x i1>"
    exponent = c.whole("shl", c.value(f"select {bits} {low}, {c.bits_kind} {raised}, {c.bits_kind} {t}"), 52)
    result = c.doubles(c.value(f"add {c.bits_kind} {c.bits(p)}, {exponent}"))
    return c.mul(result, c.select(low, c.number(2.0**-128), c.number(1.0), c.lanes), "")


def exp_below(c: Code, x: str) -> str:
    """exp x for x that is not above 700, or nan."""
    x = c.at_least(x, -760.0)
    t, _, p = reduced(c, x)
    return c.where("uno", x, x, x, scaled(c, c.add(p, c.number(1.0), ""), c.bits(t), x))


def exp(c: Code, x: str = "%x", halved: bool = False) -> str:
    """exp x, or half of it, which overflows later."""
    limit = 709.782712893384 if not halved else 710.4758600739439  # log of the largest double, and of twice that
    near = c.at_least(c.at_most(x, limit), -760.0)
    t, _, p = reduced(c, near)
    k = c.whole("add", c.bits(t), -1) if halved else c.bits(t)
    value = scaled(c, c.add(p, c.number(1.0), ""), k, near)
    value = c.where("ogt", x, c.number(limit), c.number(float("inf")), value)
    return c.where("uno", x, x, x, value)


def expm1(c: Code, x: str = "%x") -> str:
    """exp x − 1: 2ᵏ p + (2ᵏ − 1) loses nothing near 0."""
    t, _, p = reduced(c, c.at_least(c.at_most(x, 60.0), -60.0))
    scale = power_of_two(c, t)
    near = c.signed(c.add(c.mul(scale, p), c.sub(scale, c.number(1.0), "")), x)
    return c.where("ogt", x, c.number(50.0), exp(c, x), near)


def sigmoid(c: Code) -> str:
    """1 / (1 + e) or e / (1 + e) with e = exp −|x|."""
    e = exp_below(c, c.negative(c.magnitude("%x")))
    r = c.div(c.number(1.0), c.add(e, c.number(1.0), ""))
    return c.where("oge", "%x", c.number(0.0), r, c.mul(e, r, ""))


def tanh(c: Code) -> str:
    """m / (m + 2) with m = exp 2|x| − 1."""
    a = c.at_most(c.magnitude("%x"), 20.0)
    t, _, p = reduced(c, c.add(a, a, ""))
    scale = power_of_two(c, t)
    m = c.add(c.mul(scale, p), c.sub(scale, c.number(1.0), ""))
    return c.signed(c.div(m, c.add(m, c.number(2.0), "")), "%x")


def cosh(c: Code) -> str:
    """½ exp |x| + ½ exp −|x|."""
    half = exp(c, c.magnitude("%x"), halved=True)
    return c.add(half, c.div(c.number(0.25), half), "")


def sinh(c: Code) -> str:
    """½ (m + m / (m + 1)) with m = exp |x| − 1; far out ½ exp |x|."""
    a = c.magnitude("%x")
    m = expm1(c, c.at_most(a, 40.0))
    near = c.mul(c.number(0.5), c.add(m, c.div(m, c.add(m, c.number(1.0), "")), ""), "")
    return c.signed(c.where("ogt", a, c.number(30.0), exp(c, a, halved=True), near), "%x")


def gaussian(c: Code) -> str:
    """exp −x² with x² = h² + (x − h)(x + h), where h² is exact."""
    near = c.at_least(c.at_most("%x", 40.0), -40.0)
    h = c.mul(c.rounded(near, 1024.0)[1], c.number(1.0 / 1024.0), "")
    rest = c.mul(c.sub(h, near, ""), c.add(h, near, ""), "")
    return c.mul(exp_below(c, c.negative(c.mul(h, h, ""))), exp_below(c, rest), "")


# log and its family


def split(c: Code, u: str) -> tuple[str, str]:
    """f and k of u = 2ᵏ (1 + f), with 1 + f from √½ to √2."""
    shifted = c.whole("sub", c.bits(u), ROOT_HALF)
    mantissa = c.whole("add", c.whole("and", shifted, 0x000FFFFFFFFFFFFF), ROOT_HALF)
    exponent = c.whole("add", c.whole("ashr", shifted, 52), int(literal(ROUND), 16))
    return c.sub(c.doubles(mantissa), c.number(1.0), ""), c.sub(c.doubles(exponent), c.number(ROUND), "")


def log_from(c: Code, f: str, k: str, correction: str | None) -> str:
    """k log 2 + log(1 + f) + correction, by log(1 + f) = log (1 + s)/(1 − s), small terms first."""
    s = c.div(f, c.add(f, c.number(2.0), ""))
    z = c.mul(s, s)
    square = c.mul(c.mul(f, f, ""), c.number(0.5), "")
    low = c.add(c.mul(s, c.add(square, c.mul(z, c.polynomial(z, LOG)))), c.mul(k, c.number(LOG_2[1])))
    if correction is not None:
        low = c.add(low, correction, "")
    return c.add(c.mul(k, c.number(LOG_2[0])), c.sub(f, c.sub(square, low, ""), ""))


def log(c: Code) -> str:
    """log x; a subnormal x is scaled by 2⁵⁴ first."""
    tiny = c.compare("olt", "%x", c.number(2.0**-1022), c.lanes)
    u = c.select(tiny, c.mul("%x", c.number(2.0**54), ""), "%x", c.lanes)
    f, k = split(c, u)
    k = c.select(tiny, c.sub(k, c.number(54.0), ""), k, c.lanes)
    return ends_of_log(c, "%x", log_from(c, f, k, None), 0.0)


def ends_of_log(c: Code, x: str, value: str, pole: float) -> str:
    """The value, with −inf at the pole, nan below, and inf and nan as they come."""
    value = c.where("oeq", x, c.number(float("inf")), x, value)
    value = c.where("oeq", x, c.number(pole), c.number(float("-inf")), value)
    value = c.where("olt", x, c.number(pole), c.number(float("nan")), value)
    return c.where("uno", x, x, x, value)


def log1p_of(c: Code, x: str) -> str:
    """log(1 + x) for x > −1: what rounding 1 + x loses is put back."""
    u = c.add(x, c.number(1.0), "")
    large = c.compare("ogt", x, c.number(1.0), c.lanes)
    lost = c.select(
        large, c.sub(c.number(1.0), c.sub(u, x, ""), ""), c.sub(x, c.sub(u, c.number(1.0), ""), ""), c.lanes
    )
    return log_from(c, *split(c, u), c.div(lost, u))


def log1p(c: Code) -> str:
    """log(1 + x); x itself where it is tiny."""
    value = ends_of_log(c, "%x", log1p_of(c, "%x"), -1.0)
    return c.where("olt", c.magnitude("%x"), c.number(2.0**-54), "%x", value)


def softplus(c: Code) -> str:
    """max(x, 0) + log(1 + exp −|x|)."""
    e = exp_below(c, c.negative(c.magnitude("%x")))
    far = c.where("ogt", "%x", c.number(0.0), "%x", c.number(0.0))
    return c.add(far, c.where("olt", e, c.number(2.0**-54), e, log1p_of(c, e)), "")


# sin and cos


def circular(c: Code, quarter: int, name: str) -> str:
    """sin(x + quarter · π/2); a vector with a huge angle goes to the C library lane by lane."""
    t, k = c.rounded("%x", TWO_OVER_PI)
    r = c.less_multiple("%x", k, HALF_PI)
    z = c.mul(r, r)
    sine = c.add(c.mul(c.mul(z, r), c.polynomial(z, SIN)), r)
    cosine = c.add(c.sub(c.number(1.0), c.mul(z, c.number(0.5))), c.mul(c.mul(z, z), c.polynomial(z, COS)))
    place = c.whole("add", c.bits(t), quarter)
    bits = "i1" if c.lanes == 1 else f"<{c.lanes} x i1>"
    odd = c.value(f"trunc {c.bits_kind} {place} to {bits}")
    value = c.select(odd, cosine, sine, c.lanes)
    sign = c.whole("shl", c.whole("and", place, 2), 62)
    near = c.doubles(c.value(f"xor {c.bits_kind} {c.bits(value)}, {sign}"))
    if quarter == 0:
        near = c.where("oeq", "%x", c.number(0.0), "%x", near)
    huge = c.compare("ogt", c.magnitude("%x"), c.number(LARGEST_ANGLE), c.lanes)
    some = huge if c.lanes == 1 else c.value(f"call i1 @llvm.vector.reduce.or.v{c.lanes}i1({bits} {huge})")
    c.line(f"br i1 {some}, label %far, label %end")
    c.lines.append("far:")
    far = c.call(f"far_{name}_{c.lanes}", ["%x"], c.lanes)
    c.line("br label %end")
    c.lines.append("end:")
    return c.value(f"phi {kind(c.lanes)} [{near}, %entry], [{far}, %far]")


def sin(c: Code) -> str:
    """sin x."""
    return circular(c, 0, "sin")


def cos(c: Code) -> str:
    """cos x."""
    return circular(c, 1, "cos")


BODIES = {f.__name__: f for f in (exp, expm1, log, log1p, sigmoid, softplus, tanh, sinh, cosh, gaussian, sin, cos)}
FUNCTIONS = tuple(BODIES)
FAR = ("sin", "cos")  # need @far_<name>_<lanes> beside them: the function lane by lane


def define(name: str, lanes: int) -> str:
    """The text of @v_<name>_<lanes>, a function of one vector."""
    c = Code(f"v_{name}_{lanes}", 1, lanes)
    return c.finish(BODIES[name](c))


def declarations(lanes: int) -> str:
    """The intrinsics that functions of this many lanes call."""
    T, s = kind(lanes), suffix(lanes)
    lines = [f"declare {T} @llvm.{name}.{s}({T})" for name in ("fabs", "sqrt")]
    lines.append(f"declare {T} @llvm.copysign.{s}({T}, {T})")
    if lanes > 1:
        lines.append(f"declare i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1>)")
    return "\n".join(lines)
