"""Checks of the settings that optimisers and schedules are made with."""
from __future__ import annotations

import math

from micrograd.dispatch import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def at_least_zero(x: Any, what: str) -> float:
    """x as a finite float of at least 0, else ValueError; TypeError for what is no number."""
    value = number(x)
    if not 0.0 <= value < math.inf:
        raise ValueError(f"expected {what} of at least 0, and finite, got {x!r}")
    return value


def positive(x: Any, what: str) -> float:
    """x as a finite float above 0, else ValueError; TypeError for what is no number."""
    value = number(x)
    if not 0.0 < value < math.inf:
        raise ValueError(f"expected {what} above 0, and finite, got {x!r}")
    return value


def below_one(x: Any, what: str) -> float:
    """x as a float with 0 ≤ x < 1, else ValueError; TypeError for what is no number."""
    value = number(x)
    if not 0.0 <= value < 1.0:
        raise ValueError(f"expected {what} from 0 to below 1, got {x!r}")
    return value


def whole(x: Any, what: str) -> int:
    """x as an int of at least 1, else ValueError."""
    if isinstance(x, bool) or not hasattr(x, "__index__") or x.__index__() < 1:
        raise ValueError(f"expected {what} to be a whole number of at least 1, got {x!r}")
    return int(x.__index__())
