"""Whether what was read is the same as before, told without calling an operator of a user's object.

same        one object, or numbers and texts of one type with the same bits
"""

from __future__ import annotations

import sys
from operator import is_
from struct import pack

from micrograd.compiler.state.classes import derives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Numbers, texts and the like: they lead nowhere, and count by their content.
BY_CONTENT = frozenset([int, float, complex, bool, str, bytes, range, type(None), type(...), type(NotImplemented)])


def unchanged(now: Sequence[Any], before: Sequence[Any]) -> bool:
    """Whether two rows hold the same, item by item."""
    if len(now) != len(before):
        return False
    return all(map(is_, now, before)) or all(x is y or same(x, y) for x, y in zip(now, before))


def same(x: Any, y: Any) -> bool:
    """Whether two objects are numbers or texts of one type with the same bits.

    >>> same(float("nan"), float("nan")), same(0.0, -0.0), same(1, True)
    (True, False, False)
    """
    kind = type(x)
    if kind is not type(y):
        return False
    if kind is float:
        return pack("d", x) == pack("d", y)
    if kind is complex:
        return pack("dd", x.real, x.imag) == pack("dd", y.real, y.imag)
    if kind in BY_CONTENT:
        return x == y
    numpy: Any = sys.modules.get("numpy")
    if not hasattr(numpy, "generic") or not derives(kind, numpy.generic):
        return False
    return x.dtype == y.dtype and numpy.generic.tobytes(x) == numpy.generic.tobytes(y)
