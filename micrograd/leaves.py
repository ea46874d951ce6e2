"""Lists of leaves, such as the parameters of a model, checked."""

from __future__ import annotations

from micrograd.dispatch import brief
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
