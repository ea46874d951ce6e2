"""Whose code it is: a library's or the user's.

library     the standard library, what is installed beside it (site-packages), and this package
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
PACKAGE = os.path.dirname(os.path.abspath(str(sys.modules["micrograd"].__file__))) + os.sep
INSTALLED = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))


@lru_cache(maxsize=4096)
def of_library(file: str) -> bool:
    """Whether code of this file is a library's; what has no file (a notebook's cell, `exec`) is the user's."""
    if file.startswith("<"):
        return file.startswith(("<frozen ", "<__array_function__"))
    path = os.path.abspath(file)
    if path.startswith(PACKAGE) or any(part in path for part in INSTALLED):
        return True
    first = path[len(STANDARD) :].partition(os.sep)[0].removesuffix(".py")
    return path.startswith(STANDARD) and (first in sys.stdlib_module_names or first == "lib-dynload")


def library_of(module: Any) -> str:
    """The name of the library that a module belongs to; "" for the user's own."""
    if type(module) is not str or module == "__main__":
        return ""
    root = module.partition(".")[0]
    file = getattr(sys.modules.get(module), "__file__", None)
    library = of_library(file) if type(file) is str else root in sys.stdlib_module_names
    return root if library else ""
