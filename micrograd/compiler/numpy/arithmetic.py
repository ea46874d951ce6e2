"""Arithmetic on NumPy arrays, operation by operation: what the formulas of `elementary` compute with.

x, a, b     arrays of doubles, or floats, which are constants
whole       arrays of whole numbers of 64 bits; condition: arrays of bools
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.elementary.arithmetic import Arithmetic
from micrograd.compiler.elementary.table import FAR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

COMPARISONS = {
    "<": np.less, "<=": np.less_equal, "==": np.equal, ">=": np.greater_equal, ">": np.greater, "!=": np.not_equal,
}  # fmt: skip
ON_WHOLE_NUMBERS = {
    "+": np.add, "-": np.subtract, "&": np.bitwise_and, "^": np.bitwise_xor, "<<": np.left_shift, ">>": np.right_shift,
}  # fmt: skip


class ArrayArithmetic(Arithmetic):
    """Operations on whole arrays, one for each formula that is computed, since `once` keeps what it made.

    >>> from micrograd.compiler.elementary.table import FORMULAS
    >>> FORMULAS["erf"](ArrayArithmetic(), np.array([-0.0, 0.5, np.inf])).tolist()
    [-0.0, 0.5204998778130465, 1.0]
    """

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """See `Arithmetic`; the key is kept, for another array could get the identity of one that is gone."""
        same = (key[0], *map(id, key[1:]))
        if same not in self._made:
            self._made[same] = key, make()
        return self._made[same][1]

    # arithmetic

    def number(self, value: float) -> float:
        """A constant."""
        return value

    def add(self, a: Any, b: Any, fuse: bool = True) -> Any:
        """a + b."""
        return np.add(a, b)

    def sub(self, a: Any, b: Any, fuse: bool = True) -> Any:
        """a − b."""
        return np.subtract(a, b)

    def mul(self, a: Any, b: Any, fuse: bool = True) -> Any:
        """a · b."""
        return np.multiply(a, b)

    def div(self, a: Any, b: Any) -> Any:
        """a / b."""
        return np.divide(a, b)

    def sqrt(self, x: Any) -> Any:
        """√x."""
        return np.sqrt(x)

    def polynomial(self, x: Any, coefficients: Sequence[float]) -> Any:
        """Horner's scheme, in one array."""
        first, second, *others = coefficients
        p = np.multiply(x, first)
        p += second
        for c in others:
            p *= x
            p += c
        return p

    # signs and choices

    def negative(self, x: Any) -> Any:
        """−x."""
        return np.negative(x)

    def magnitude(self, x: Any) -> Any:
        """|x|."""
        return np.abs(x)

    def signed(self, magnitude: Any, x: Any) -> Any:
        """The magnitude with the sign of x."""
        return np.copysign(magnitude, x)

    def compare(self, sign: str, a: Any, b: Any) -> Any:
        """A comparison, number by number."""
        holds = COMPARISONS[sign.removeprefix("not ")](a, b)
        return np.logical_not(holds) if sign.startswith("not ") else holds

    def is_minus(self, x: Any) -> Any:
        """Whether x has a minus sign."""
        return np.signbit(x)

    def either(self, a: Any, b: Any) -> Any:
        """Whether one of two conditions holds."""
        return np.logical_or(a, b)

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """a where the condition holds, else b."""
        return np.where(condition, a, b)

    def unless(self, far: Any, near: Any, name: str, x: Any) -> Any:
        """near; where the condition `far` holds, what FAR, or else NumPy's own function, gives for those x alone."""
        if not far.any():
            return near
        formula, numbers = FAR.get(f"far_{name}"), x[far]
        value = near.copy()
        value[far] = getattr(np, name)(numbers) if formula is None else formula(ArrayArithmetic(), numbers)
        return value

    # bits

    def bits(self, x: Any) -> Any:
        """The bits of doubles as whole numbers."""
        return x.view(np.int64)

    def doubles(self, x: Any) -> Any:
        """Whole numbers as the bits of doubles."""
        return x.view(np.float64)

    def whole(self, sign: str, a: Any, b: Any) -> Any:
        """An operation on whole numbers."""
        return ON_WHOLE_NUMBERS[sign](a, b)

    def choose(self, condition: Any, a: Any, b: Any) -> Any:
        """`select` for whole numbers."""
        return np.where(condition, a, b)

    def odd(self, t: Any) -> Any:
        """Whether the whole number in the lowest bits of t is odd."""
        return (self.bits(t) & 1).astype(bool)
