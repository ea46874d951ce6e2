"""Exact identities, whoever writes an operation down: what has the same value to the bit in fewer operations."""

from __future__ import annotations

from math import copysign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def simpler(
    name: str, args: tuple[Any, ...], numbers: list[float | None], negated: Callable[[Any], Any]
) -> tuple[str, tuple[Any, ...]] | None:
    """(primitive, operands) with the value of `name` on args to the bit, for zeros of either sign and nan too; or None.

    The primitive is "" where it is the operand itself. Not all of args are plain numbers: those are left to whoever
    folds constants.

    numbers         by operand: the number that it is, or None
    negated(x)      y for an operand −y, else None

    >>> simpler("mul", ("x", 1.0), [None, 1.0], lambda x: None)
    ('', ('x',))
    >>> simpler("add", ("x", "-y"), [None, None], lambda x: x[1:] if x[0] == "-" else None)
    ('sub', ('x', 'y'))
    """
    if name == "mul":
        if 1.0 in numbers:
            return "", (args[1 - numbers.index(1.0)],)
        if -1.0 in numbers:
            return "neg", (args[1 - numbers.index(-1.0)],)
    elif name == "add" or name == "sub":
        if numbers[1] == 0.0 and copysign(1.0, numbers[1]) == (-1.0 if name == "add" else 1.0):
            return "", (args[0],)  # x + 0.0 is not x for x = -0.0
        inner = negated(args[1])
        if inner is not None:
            return "sub" if name == "add" else "add", (args[0], inner)
    elif name == "div" and numbers[1] == 1.0:
        return "", (args[0],)
    elif name == "neg":
        inner = negated(args[0])
        if inner is not None:
            return "", (inner,)
    return None
