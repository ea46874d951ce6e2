"""Mathematics on vectors as LLVM text: one method per operation, so that it reads as formulas.

x, a, b     names of vectors of doubles; lanes is how many numbers stand in one
bits        the same 64 bits as whole numbers
condition   a vector of bits, the result of a comparison
near, far   a function is computed for arguments of usual size; where a lane has another, `far_<name>` is called for it
"""

from __future__ import annotations

from micrograd.compiler.llvm.instructions import Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from typing import Any

ROUND = 6755399441055744.0  # 1.5 · 2⁵²: adding it rounds to a whole number, which then stands in the lowest bits
RARELY = '!prof !{!"branch_weights", i32 1, i32 1000000}'  # else registers are saved even where no call is made


class Code:
    """Writes operations on vectors into a function, one after the other.

    What two formulas share is computed once: `once` knows what is there. It holds for straight code, such as one round
    of a loop, so a round makes a Code of its own.

    used        (name, lanes) of the functions that the code calls, to be defined
    """

    def __init__(self, f: Function, lanes: int, used: set[tuple[str, int]]) -> None:
        self.f, self.lanes, self.used = f, lanes, used
        self.bits_kind = "i64" if lanes == 1 else f"<{lanes} x i64>"
        self.truths_kind = "i1" if lanes == 1 else f"<{lanes} x i1>"
        self._made: dict[Hashable, Any] = {}
        self._opposite: dict[str, str] = {}  # −x -> x

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` returns, made when this key is met first."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # arithmetic

    def number(self, value: float) -> str:
        """A constant."""
        return splat(value, self.lanes)

    def add(self, a: str, b: str, flags: str = "contract") -> str:
        """a + b; without flags it is never fused with a product."""
        return self.f.arithmetic("fadd", a, b, self.lanes, flags)

    def sub(self, a: str, b: str, flags: str = "contract") -> str:
        """a − b."""
        return self.f.arithmetic("fsub", a, b, self.lanes, flags)

    def mul(self, a: str, b: str, flags: str = "contract") -> str:
        """a · b."""
        return self.f.arithmetic("fmul", a, b, self.lanes, flags)

    def multiply_add(self, a: str, b: str, c: str) -> str:
        """a · b + c."""
        return self.f.multiply_add(a, b, c, self.lanes)

    def div(self, a: str, b: str) -> str:
        """a / b."""
        return self.f.arithmetic("fdiv", a, b, self.lanes, "")

    def sqrt(self, x: str) -> str:
        """√x."""
        return self._intrinsic("sqrt", x)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """Horner's scheme."""
        p = self.number(coefficients[0])
        for c in coefficients[1:]:
            p = self.multiply_add(p, x, self.number(c))
        return p

    def rounded(self, x: str, factor: float, shift: float = ROUND) -> tuple[str, str]:
        """x · factor rounded: with the whole number in its lowest bits, and as a double.

        A shift of ROUND + n puts the whole number plus n in the lowest bits.
        """
        t = self.add(self.mul(x, self.number(factor)), self.number(shift))
        return t, self.sub(t, self.number(shift), "")

    def less_multiple(self, x: str, k: str, parts: Sequence[float]) -> str:
        """x − k · (sum of the parts)."""
        for part in parts:
            x = self.sub(x, self.mul(k, self.number(part)))
        return x

    # signs and choices

    def negative(self, x: str) -> str:
        """−x."""
        value = self.once(("negative", x), lambda: self.f.value(f"fneg {kind(self.lanes)} {x}"))
        self._opposite[value] = x
        return value

    def magnitude(self, x: str) -> str:
        """|x|; that of −x is the same vector."""
        x = self._opposite.get(x, x)
        return self.once(("magnitude", x), lambda: self._intrinsic("fabs", x))

    def signed(self, magnitude: str, x: str) -> str:
        """The magnitude with the sign of x."""
        return self._call(f"llvm.copysign.{suffix(self.lanes)}", [magnitude, x])

    def compare(self, predicate: str, a: str, b: str) -> str:
        """A comparison: ordered ones (olt, oeq …) do not hold for nan, unordered ones (ult, une …) do."""
        return self.f.compare(predicate, a, b, self.lanes)

    def select(self, condition: str, a: str, b: str) -> str:
        """a where the condition holds, else b."""
        return self.f.select(condition, a, b, self.lanes)

    def where(self, predicate: str, a: str, b: str, x: str, y: str) -> str:
        """x where the comparison of a and b holds, else y."""
        return self.select(self.compare(predicate, a, b), x, y)

    def where_minus(self, x: str, a: str, b: str) -> str:
        """a where x has a minus sign, else b."""
        zero = "0" if self.lanes == 1 else "zeroinitializer"
        return self.select(self.f.value(f"icmp slt {self.bits_kind} {self.bits(x)}, {zero}"), a, b)

    def either(self, a: str, b: str) -> str:
        """The condition that one of two holds."""
        return self.f.value(f"or {self.truths_kind} {a}, {b}")

    def at_most(self, x: str, bound: float) -> str:
        """min(x, bound); nan stays."""
        return self.where("ogt", x, self.number(bound), self.number(bound), x)

    def at_least(self, x: str, bound: float) -> str:
        """max(x, bound); nan stays."""
        return self.where("olt", x, self.number(bound), self.number(bound), x)

    # bits

    def bits(self, x: str) -> str:
        """The bits of doubles as whole numbers."""
        return self.f.value(f"bitcast {kind(self.lanes)} {x} to {self.bits_kind}")

    def doubles(self, x: str) -> str:
        """Whole numbers as the bits of doubles."""
        return self.f.value(f"bitcast {self.bits_kind} {x} to {kind(self.lanes)}")

    def odd(self, t: str) -> str:
        """The condition that the whole number in the lowest bits of t is odd."""
        return self.f.value(f"trunc {self.bits_kind} {self.bits(t)} to {self.truths_kind}")

    def whole(self, operation: str, a: str, b: int) -> str:
        """add, shl, and … of whole numbers with a constant."""
        constant = str(b) if self.lanes == 1 else f"splat (i64 {b})"
        return self.f.value(f"{operation} {self.bits_kind} {a}, {constant}")

    def choose(self, condition: str, a: str, b: str) -> str:
        """Whole numbers: a where the condition holds, else b."""
        return self.f.value(f"select {self.truths_kind} {condition}, {self.bits_kind} {a}, {self.bits_kind} {b}")

    def changed(self, operation: str, x: str, bits: str) -> str:
        """x with its bits added to others, or xor others."""
        return self.doubles(self.f.value(f"{operation} {self.bits_kind} {self.bits(x)}, {bits}"))

    # calls

    def _intrinsic(self, name: str, x: str) -> str:
        return self._call(f"llvm.{name}.{suffix(self.lanes)}", [x])

    def _call(self, name: str, operands: Sequence[str]) -> str:
        return self.f.call(name, operands, self.lanes)

    def function(self, name: str, operands: Sequence[str]) -> str:
        """A function that is defined beside the code."""
        self.used.add((name, self.lanes))
        return self._call(f"{name}_{self.lanes}", operands)

    def unless(self, far: str, near: str, name: str, x: str) -> str:
        """near; in a vector with lanes for which the condition `far` holds, those have far_<name> of x."""
        f = self.f
        f.count += 1
        before, here, after = f.block, f"far{f.count}", f"near{f.count}"
        some = far
        if self.lanes > 1:
            some = f.value(f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.truths_kind} {far})")
        f.line(f"br i1 {some}, label %{here}, label %{after}, {RARELY}")
        f.begin(here)
        other = self.select(far, self.function(f"far_{name}", [x]), near)
        f.line(f"br label %{after}")
        f.begin(after)
        return f.value(f"phi {kind(self.lanes)} [{near}, %{before}], [{other}, %{here}]")


def suffix(lanes: int) -> str:
    """How intrinsics name the type."""
    return "f64" if lanes == 1 else f"v{lanes}f64"


def declarations(lanes: int) -> str:
    """The intrinsics that code of this many lanes calls."""
    T, s = kind(lanes), suffix(lanes)
    lines = [f"declare {T} @llvm.{name}.{s}({T})" for name in ("fabs", "sqrt")]
    lines.append(f"declare {T} @llvm.copysign.{s}({T}, {T})")
    if lanes > 1:
        lines.append(f"declare i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1>)")
    return "\n".join(lines)
