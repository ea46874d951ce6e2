"""What `compile` is given: options, whole numbers and lists of leaves, checked."""

from __future__ import annotations

from micrograd.dispatch import brief
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def expect_options(threads: Any, cache: Any) -> None:
    """TypeError or ValueError for what they cannot be."""
    if threads is not None:
        whole("threads", threads, 1)
    if cache.__class__ is not bool:
        raise TypeError(f"expected cache to be True or False, got {cache!r}; MICROGRAD_CACHE names the folder")


def whole(name: str, x: Any, least: int) -> int:
    """A whole number of at least `least`: an int, or a NumPy one."""
    if isinstance(x, bool) or not hasattr(x, "__index__") or isinstance(x, Value) or x.__index__() < least:
        raise ValueError(f"expected {name} to be a whole number of at least {least}, got {x!r}")
    return x.__index__()


def leaves(values: Any, name: str) -> list[Value]:
    """The leaves as a list; TypeError for anything but leaves, ValueError for a leaf that stands twice."""
    if isinstance(values, Value) or not hasattr(values, "__iter__"):
        raise TypeError(f"expected {name} to be a list of Values, got {brief(values)}")
    values = list(values)
    for value in values:
        if not isinstance(value, Value) or value.op is not None:
            raise TypeError(f"expected {name} that are leaves, made as Value(number), got {value!r}")
    if len({id(value) for value in values}) != len(values):
        raise ValueError(f"expected {name} that are all different, got one of them twice")
    return values
