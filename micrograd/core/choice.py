"""Which core the engine runs on: the one in C where it was built from these sources, else the one in Python."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from micrograd.dispatch import equals, number
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Thing = TypeVar("Thing")

__all__ = ["compiled", "in_c", "watch"]


def found() -> Any:
    """The module in C; None where there is none, where nobody wants it, or where the sources have changed since."""
    if os.environ.get("MICROGRAD_PURE", "0") not in ("", "0"):
        return None
    try:
        core = import_module("micrograd.core._core")
    except ImportError:
        return None
    package = os.path.dirname(os.path.dirname(__file__))
    contents = b""
    try:
        for name in core.SOURCES.split():
            with open(os.path.join(package, name), "rb") as file:
                contents += file.read()
    except FileNotFoundError:  # installed without sources, which nobody changes then
        return core
    if core.digest(contents) == core.DIGEST:
        return core
    import warnings

    warnings.warn(
        f"{core.SOURCES.replace(' ', ', ')} are not those that the core in C was built from, so the engine runs in "
        f"Python: build it again (pip install -e .), or set MICROGRAD_PURE=1; {core.__file__}",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


CORE = found()


def in_c() -> bool:
    """Whether the engine runs in C."""
    return CORE is not None


def watch(function: Callable[[Any], object] | None) -> None:
    """Call a function with every node that the core in C makes, which no profiler sees; None ends that."""
    if CORE is not None:
        CORE.watch(function)


def compiled(thing: Thing) -> Thing:
    """What the core has in place of a class or a function of the engine; the thing itself where the core is Python.

    The class of nodes takes over from the one in Python whatever it does not do itself.
    """
    core, name = CORE, thing.__name__  # type: ignore[attr-defined]
    if core is None:
        return thing
    if not isinstance(thing, type):
        function = getattr(core, name)
        function.__module__ = thing.__module__
        return function
    if name != "Value":
        return core.leaf_class(thing)
    scope = vars(sys.modules[thing.__module__])
    value = core.value_class(thing.__bases__, TABLE, scope["apply"], scope["mixed"], number, equals)
    value.__name__ = name  # in messages, which else have the module too
    own = vars(value).keys() - {"__doc__"}
    for name, part in vars(thing).items():
        if name not in own:
            setattr(value, name, part)
    return value
