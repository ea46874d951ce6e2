"""What classes are, told past what metaclasses and attributes of users say."""

from __future__ import annotations

from types import GetSetDescriptorType, MemberDescriptorType

from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The descriptors of `type` itself: classes and metaclasses of users may have others of the same names.
ORDER = type.__dict__["__mro__"].__get__
CLASS_DICTIONARY = type.__dict__["__dict__"].__get__
FLAGS = type.__dict__["__flags__"].__get__
MODULE = type.__dict__["__module__"].__get__
IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE


def derives(cls: type, base: type) -> bool:
    """Whether a class is a base or derives from it, whatever its metaclass says."""
    return any(kind is base for kind in ORDER(cls))


def dictionary_of(kind: type) -> Callable[[Any], dict[str, Any]] | None:
    """What gives the instances' own attributes, past a `__dict__` that a user wrote; None if they have none."""
    for cls in ORDER(kind):
        found = CLASS_DICTIONARY(cls).get("__dict__")
        if type(found) in (GetSetDescriptorType, MemberDescriptorType):
            return found.__get__
    return None


def slots_of(kind: type) -> list[tuple[str, Any]]:
    """Name and descriptor of every slot that a user's class declares."""
    return [
        (name, found)
        for cls in ORDER(kind)
        if cls is not Value and not FLAGS(cls) & IMMUTABLE
        for name, found in list(CLASS_DICTIONARY(cls).items())
        if type(found) is MemberDescriptorType and name != "__dict__"
    ]
