"""The operations that formulas are made of: a target that has these has every elementary function.

c           the arithmetic that a formula is written for: its first argument
x, a, b     numbers: whatever the arithmetic computes with, such as vectors of doubles
bits        the same 64 bits as whole numbers
condition   the result of a comparison
near, far   a formula holds for arguments of usual size; for others `unless` takes far_<name>, see `table.FAR`
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from typing import Any

    Number = Any  # numbers of an arithmetic; its whole numbers; its conditions
    Whole = Any
    Condition = Any

ROUND = 6755399441055744.0  # 1.5 · 2⁵²: adding it rounds to a whole number, which then stands in the lowest bits
ROUND_BITS = 0x4338000000000000  # its bits
ALONE = False  # for an operation that is rounded by itself, since a formula relies on it


class Arithmetic:
    """Numbers of 64 bits (IEEE 754), as many at a time as one likes, and the operations on them.

    An arithmetic defines those that raise NotImplementedError; the others are made of them, and may be defined anew.
    `fuse` allows the operation to be one with a product, with a single rounding; formulas are right with and without.
    """

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` returns, made when this key is met first: what two formulas share is computed once.

        A key is a name and the numbers that it is about, which are hashed: by identity if they are arrays.
        """
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # arithmetic

    def number(self, value: float) -> Number:
        """A constant."""
        raise NotImplementedError

    def add(self, a: Number, b: Number, fuse: bool = True) -> Number:
        """a + b."""
        raise NotImplementedError

    def sub(self, a: Number, b: Number, fuse: bool = True) -> Number:
        """a − b."""
        raise NotImplementedError

    def mul(self, a: Number, b: Number, fuse: bool = True) -> Number:
        """a · b."""
        raise NotImplementedError

    def div(self, a: Number, b: Number) -> Number:
        """a / b."""
        raise NotImplementedError

    def sqrt(self, x: Number) -> Number:
        """√x."""
        raise NotImplementedError

    def multiply_add(self, a: Number, b: Number, c: Number) -> Number:
        """a · b + c."""
        return self.add(c, self.mul(a, b))

    def polynomial(self, x: Number, coefficients: Sequence[float]) -> Number:
        """Horner's scheme: the coefficients stand highest power first."""
        p = self.number(coefficients[0])
        for c in coefficients[1:]:
            p = self.multiply_add(p, x, self.number(c))
        return p

    def rounded(self, x: Number, factor: float, shift: float = ROUND) -> tuple[Number, Number]:
        """x · factor rounded: with the whole number in its lowest bits, and as a double.

        A shift of ROUND + n puts the whole number plus n in the lowest bits.
        """
        t = self.add(self.mul(x, self.number(factor)), self.number(shift))
        return t, self.sub(t, self.number(shift), ALONE)

    def less_multiple(self, x: Number, k: Number, parts: Sequence[float]) -> Number:
        """x − k · (sum of the parts)."""
        for part in parts:
            x = self.sub(x, self.mul(k, self.number(part)))
        return x

    # signs and choices

    def negative(self, x: Number) -> Number:
        """−x."""
        raise NotImplementedError

    def magnitude(self, x: Number) -> Number:
        """|x|."""
        raise NotImplementedError

    def signed(self, magnitude: Number, x: Number) -> Number:
        """The magnitude with the sign of x."""
        raise NotImplementedError

    def compare(self, sign: str, a: Number, b: Number) -> Condition:
        """Whether a < b, or what else the sign says: < <= == >= > do not hold for nan, != does.

        A sign after "not " is the contrary, so "not >=" holds for nan.
        """
        raise NotImplementedError

    def is_nan(self, x: Number) -> Condition:
        """Whether x is not a number."""
        return self.compare("!=", x, x)

    def is_minus(self, x: Number) -> Condition:
        """Whether x has a minus sign, as −0 has."""
        raise NotImplementedError

    def either(self, a: Condition, b: Condition) -> Condition:
        """Whether one of two conditions holds."""
        raise NotImplementedError

    def select(self, condition: Condition, a: Number, b: Number) -> Number:
        """a where the condition holds, else b."""
        raise NotImplementedError

    def where(self, sign: str, a: Number, b: Number, x: Number, y: Number) -> Number:
        """x where the comparison of a and b holds, else y."""
        return self.select(self.compare(sign, a, b), x, y)

    def at_most(self, x: Number, bound: float) -> Number:
        """min(x, bound); nan stays."""
        return self.where(">", x, self.number(bound), self.number(bound), x)

    def at_least(self, x: Number, bound: float) -> Number:
        """max(x, bound); nan stays."""
        return self.where("<", x, self.number(bound), self.number(bound), x)

    def unless(self, far: Condition, near: Number, name: str, x: Number) -> Number:
        """near; where the condition `far` holds, what `table.FAR` or else the primitive itself gives for x.

        The name is that of the primitive, and of the far formula behind "far_". It is rarely needed.
        """
        raise NotImplementedError

    # bits

    def bits(self, x: Number) -> Whole:
        """The bits of doubles as whole numbers."""
        raise NotImplementedError

    def doubles(self, x: Whole) -> Number:
        """Whole numbers as the bits of doubles."""
        raise NotImplementedError

    def whole(self, sign: str, a: Whole, b: Whole | int) -> Whole:
        """a + b, a - b, a & b, a ^ b, a << b or a >> b of whole numbers, modulo 2⁶⁴; >> keeps the sign of a."""
        raise NotImplementedError

    def choose(self, condition: Condition, a: Whole, b: Whole) -> Whole:
        """`select` for whole numbers."""
        raise NotImplementedError

    def odd(self, t: Number) -> Condition:
        """Whether the whole number in the lowest bits of t is odd."""
        raise NotImplementedError

    def changed(self, sign: str, x: Number, bits: Whole) -> Number:
        """x with its bits + or ^ others."""
        return self.doubles(self.whole(sign, self.bits(x), bits))
