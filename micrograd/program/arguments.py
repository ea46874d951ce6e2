"""What `compile` is given: options and whole numbers, checked."""

from __future__ import annotations

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
