"""Text of LLVM functions of vectors: one method per operation, so that mathematics reads as formulas.

x, a, b     names of vectors of doubles; lanes is how many numbers stand in one
bits        the same 64 bits as whole numbers
condition   a vector of bits, the result of a comparison
"""

from __future__ import annotations

from micrograd.program.instructions import Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ROUND = 6755399441055744.0  # 1.5 · 2⁵²: adding it rounds to a whole number, which then stands in the lowest bits


class Code(Function):
    """The text of one function of vectors, as short as formulas."""

    def __init__(self, name: str, operands: int, lanes: int) -> None:
        super().__init__(name, "")
        self.lanes, self.operands = lanes, operands
        self.bits_kind = "i64" if lanes == 1 else f"<{lanes} x i64>"
        self.truths_kind = "i1" if lanes == 1 else f"<{lanes} x i1>"

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

    def choose(self, condition: str, a: str, b: str) -> str:
        """Whole numbers: a where the condition holds, else b."""
        return self.value(f"select {self.truths_kind} {condition}, {self.bits_kind} {a}, {self.bits_kind} {b}")

    def changed(self, operation: str, x: str, bits: str) -> str:
        """x with its bits added to others, or xor others."""
        return self.doubles(self.value(f"{operation} {self.bits_kind} {self.bits(x)}, {bits}"))

    def any(self, condition: str) -> str:
        """Whether the condition holds in some lane."""
        if self.lanes == 1:
            return condition
        return self.value(f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.truths_kind} {condition})")

    def rounded(self, x: str, factor: float) -> tuple[str, str]:
        """x · factor rounded: with the whole number in its lowest bits, and as a double."""
        t = self.add(self.mul(x, self.number(factor)), self.number(ROUND))
        return t, self.sub(t, self.number(ROUND), "")

    def less_multiple(self, x: str, k: str, parts: Sequence[float]) -> str:
        """x − k · (sum of the parts)."""
        for part in parts:
            x = self.sub(x, self.mul(k, self.number(part)))
        return x

    def finish(self, result: str, attributes: str) -> str:
        """The whole text."""
        T = kind(self.lanes)
        arguments = ", ".join([f"{T} {x}" for x in ("%x", "%y")[: self.operands]])
        body = "\n".join(self.lines)
        return (f"define internal {T} @{self.name}({arguments}) {attributes} {{\n"
                f"entry:\n{body}\n  ret {T} {result}\n}}")  # fmt: skip


def suffix(lanes: int) -> str:
    """How intrinsics name the type."""
    return "f64" if lanes == 1 else f"v{lanes}f64"
