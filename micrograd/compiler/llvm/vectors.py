"""Arithmetic on vectors of doubles as LLVM's instructions: what the formulas of `elementary` are written with.

x, a, b     names of vectors of doubles; lanes is how many numbers stand in one
condition   the name of a vector of bits
"""

from __future__ import annotations

import platform
import sys

from micrograd.compiler.elementary.arithmetic import Arithmetic
from micrograd.compiler.llvm.instructions import CONTRACT, Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

RARELY = '!prof !{!"branch_weights", i32 1, i32 1000000}'  # else registers are saved even where no call is made
# Of what is called rarely: it saves the registers itself. Else code that mostly does not call saves them all the same,
# which took half the time of a sine that is played. Where LLVM may not know it, the usual one
KNOWN_HERE = sys.platform != "win32" and platform.machine().lower() in ("x86_64", "amd64", "aarch64", "arm64")
CONVENTION = "preserve_mostcc" if KNOWN_HERE else "ccc"
COMPARISONS = {  # "ordered" ones do not hold for nan, "unordered" ones do
    "<": "olt", "<=": "ole", "==": "oeq", ">=": "oge", ">": "ogt", "!=": "une",
    "not <": "uge", "not <=": "ugt", "not >=": "ult", "not >": "ule",
}  # fmt: skip
ON_WHOLE_NUMBERS = {"+": "add", "-": "sub", "&": "and", "^": "xor", "<<": "shl", ">>": "ashr"}


class VectorArithmetic(Arithmetic):
    """Writes operations on vectors into a function, one after the other.

    It holds for straight code, such as one round of a loop, since `once` knows what is there: a round makes its own.

    >>> f = Function("plus_one", "ptr %p")
    >>> c = VectorArithmetic(f, lanes=4)
    >>> f.store(c.add(f.load("%p", 4), c.number(1.0)), "%p", 4)
    >>> print(*f.lines, sep="\\n")
      %r1 = load <4 x double>, ptr %p, align 8
      %r2 = fadd contract <4 x double> %r1, splat (double 0x3FF0000000000000)
      store <4 x double> %r2, ptr %p, align 8
    """

    def __init__(self, f: Function, lanes: int) -> None:
        super().__init__()
        self.f, self.lanes = f, lanes
        self.bits_kind = "i64" if lanes == 1 else f"<{lanes} x i64>"
        self.conditions_kind = "i1" if lanes == 1 else f"<{lanes} x i1>"
        self._opposite: dict[str, str] = {}  # −x -> x

    # arithmetic

    def number(self, value: float) -> str:
        """A constant in every lane."""
        return splat(value, self.lanes)

    def _arithmetic(self, operation: str, a: str, b: str, fuse: bool) -> str:
        return self.f.arithmetic(operation, a, b, self.lanes, CONTRACT if fuse else "")

    def add(self, a: str, b: str, fuse: bool = True) -> str:
        """a + b."""
        return self._arithmetic("fadd", a, b, fuse)

    def sub(self, a: str, b: str, fuse: bool = True) -> str:
        """a − b."""
        return self._arithmetic("fsub", a, b, fuse)

    def mul(self, a: str, b: str, fuse: bool = True) -> str:
        """a · b."""
        return self._arithmetic("fmul", a, b, fuse)

    def div(self, a: str, b: str) -> str:
        """a / b."""
        return self._arithmetic("fdiv", a, b, False)

    def sqrt(self, x: str) -> str:
        """√x."""
        return self._intrinsic("sqrt", [x])

    # signs and choices

    def negative(self, x: str) -> str:
        """−x."""
        value: str = self.once(("negative", x), lambda: self.f.value(f"fneg {kind(self.lanes)} {x}"))
        self._opposite[value] = x
        return value

    def magnitude(self, x: str) -> str:
        """|x|; that of −x is the same vector."""
        x = self._opposite.get(x, x)
        value: str = self.once(("magnitude", x), lambda: self._intrinsic("fabs", [x]))
        return value

    def signed(self, magnitude: str, x: str) -> str:
        """The magnitude with the sign of x."""
        return self._intrinsic("copysign", [magnitude, x])

    def compare(self, sign: str, a: str, b: str) -> str:
        """A comparison, lane by lane."""
        return self.f.compare(COMPARISONS[sign], a, b, self.lanes)

    def is_nan(self, x: str) -> str:
        """Whether x is not a number."""
        return self.f.compare("uno", x, x, self.lanes)

    def is_minus(self, x: str) -> str:
        """Whether x has a minus sign."""
        zero = "0" if self.lanes == 1 else "zeroinitializer"
        return self.f.value(f"icmp slt {self.bits_kind} {self.bits(x)}, {zero}")

    def either(self, a: str, b: str) -> str:
        """Whether one of two conditions holds."""
        return self.f.value(f"or {self.conditions_kind} {a}, {b}")

    def select(self, condition: str, a: str, b: str) -> str:
        """a where the condition holds, else b."""
        return self.f.select(condition, a, b, self.lanes)

    def unless(self, far: str, near: str, name: str, x: str) -> str:
        """near; in a vector with lanes for which the condition `far` holds, those have far_<name> of x."""
        f = self.f
        f.count += 1
        before, here, after = f.block, f"far{f.count}", f"near{f.count}"
        some = far
        if self.lanes > 1:
            some = f.value(f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.conditions_kind} {far})")
        f.line(f"br i1 {some}, label %{here}, label %{after}, {RARELY}")
        f.begin(here)
        other = self.select(far, self.function(f"far_{name}", [x]), near)
        f.line(f"br label %{after}")
        f.begin(after)
        return f.value(f"phi {kind(self.lanes)} [{near}, %{before}], [{other}, %{here}]")

    # bits

    def bits(self, x: str) -> str:
        """The bits of doubles as whole numbers."""
        return self.f.value(f"bitcast {kind(self.lanes)} {x} to {self.bits_kind}")

    def doubles(self, x: str) -> str:
        """Whole numbers as the bits of doubles."""
        return self.f.value(f"bitcast {self.bits_kind} {x} to {kind(self.lanes)}")

    def whole(self, sign: str, a: str, b: str | int) -> str:
        """An operation on whole numbers; a number is one in every lane."""
        if isinstance(b, int) and self.lanes > 1:
            b = f"splat (i64 {b})"
        return self.f.value(f"{ON_WHOLE_NUMBERS[sign]} {self.bits_kind} {a}, {b}")

    def choose(self, condition: str, a: str, b: str) -> str:
        """`select` for whole numbers."""
        return self.f.value(f"select {self.conditions_kind} {condition}, {self.bits_kind} {a}, {self.bits_kind} {b}")

    def odd(self, t: str) -> str:
        """Whether the whole number in the lowest bits of t is odd."""
        return self.f.value(f"trunc {self.bits_kind} {self.bits(t)} to {self.conditions_kind}")

    # calls

    def _intrinsic(self, name: str, operands: Sequence[str]) -> str:
        return self.f.call(f"llvm.{name}.{suffix(self.lanes)}", operands, self.lanes)

    def function(self, name: str, operands: Sequence[str]) -> str:
        """A function of vectors that is defined beside the code."""
        self.f.called.add((name, self.lanes))
        listed = ", ".join([f"{kind(self.lanes)} {x}" for x in operands])
        return self.f.value(f"call {CONVENTION} {kind(self.lanes)} @{name}_{self.lanes}({listed})")


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
