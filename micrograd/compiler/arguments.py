"""The options of `compile`, checked."""

from __future__ import annotations

from micrograd.expect import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def expect_options(threads: Any, cache: Any) -> None:
    """TypeError or ValueError for what they cannot be."""
    if threads is not None:
        whole(threads, "threads", 1)
    if cache.__class__ is not bool:
        raise TypeError(f"expected cache to be True or False, got {cache!r}; MICROGRAD_CACHE names the folder")
