"""What `help` shows of a class: how its constructor is called, and what the methods do that were made for it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class Constructor:
    """The signature of a class by its __init__ alone, since `help` would else show the arguments of __new__."""

    def __get__(self, instance: Any, owner: type) -> Any:
        from inspect import Signature, signature

        whole = signature(owner.__init__)  # type: ignore[misc]
        return Signature(list(whole.parameters.values())[1:])


def document(cls: type, functions: ModuleType) -> None:
    """Name the methods that were made for a class as they stand in it, and describe them as the functions are."""
    for name, method in vars(cls).items():
        if getattr(method, "__name__", "") == "method":
            method.__name__, method.__qualname__ = name, f"{cls.__name__}.{name}"
            described = None if name.startswith("__") else getattr(functions, name, None)
            if described is not None and described.__doc__:  # `python -OO` drops docstrings
                method.__doc__ = described.__doc__.split("\n\n")[0] + f" See `micrograd.{name}`."
