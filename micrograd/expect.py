"""What users may give, checked in one place: whole numbers, and numbers in a range.

    what        the name of an argument, as the message says it
    least       the smallest number that is taken
"""
from __future__ import annotations

import math
from operator import index

from micrograd.dispatch import brief, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def whole(x: Any, what: str, least: int | None = None) -> int:
    """x as an int of at least `least`: an int, or what stands for one, such as a NumPy integer; ValueError otherwise.

    A bool is refused, and so is a float, even 3.0.

    >>> whole(3, "epochs", 1)
    3
    >>> whole(True, "epochs", 1)
    Traceback (most recent call last):
    ...
    ValueError: expected epochs to be a whole number of at least 1, got True
    """
    try:
        found = None if "bool" in (type(x).__name__, *str(getattr(x, "dtype", "")).split(".")) else index(x)
    except TypeError:
        found = None
    if found is None or (least is not None and found < least):
        bound = "" if least is None else f" of at least {least}"
        raise ValueError(f"expected {what} to be a whole number{bound}, got {shortened(x)}")
    return found


def shortened(x: Any) -> str:
    """The repr of a number, on one short line; of anything else with its type."""
    return repr(x) if isinstance(x, (int, float)) and len(repr(x)) <= 60 else brief(x)


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
