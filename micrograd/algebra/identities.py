"""Exact identities, from the facts in the rows: what has the same value to the bit in fewer operations."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.ops import Op


def simpler(
    op: Op, args: tuple[Any, ...], numbers: list[float | None], negated: Callable[[Any], Any]
) -> tuple[str, tuple[Any, ...]] | None:
    """(primitive, operands) with the value of op on args to the bit, for zeros of either sign and nan too; or None.

    The primitive is "" where it is the operand itself. Not all of args are plain numbers: those are left to whoever
    folds constants.

    numbers         by operand: the number that it is, or None
    negated(x)      y for an operand −y, else None

    >>> from micrograd.ops import ADD, MUL
    >>> simpler(MUL, ("x", 1.0), [None, 1.0], lambda x: None)
    ('', ('x',))
    >>> simpler(ADD, ("x", "-y"), [None, None], lambda x: x[1:] if x[0] == "-" else None)
    ('sub', ('x', 'y'))
    """
    if op.neutral is not None:
        for k in (1, 0) if op.commutative else (1,):
            if numbers[k] is not None:
                if same(numbers[k], op.neutral):
                    return "", (args[1 - k],)
                if same(numbers[k], op.negating):
                    return "neg", (args[1 - k],)
    if op.of_negative is not None:
        inner = negated(args[-1])
        if inner is not None:
            return op.of_negative, (*args[:-1], inner)
    return None


def same(x: float | None, y: float | None) -> bool:
    """Whether two numbers are one, by their signs too."""
    return x == y and str(x) == str(y)
