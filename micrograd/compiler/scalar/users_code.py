"""Which code is the user's, and the line of it that a message names."""

from __future__ import annotations

from micrograd.compiler.state.libraries import PACKAGE, STANDARD, of_library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


def foreign(file: str) -> bool:
    """Whether a file of code is the user's: no part of this package, NumPy or the standard library."""
    import os
    import sys

    numpy = getattr(sys.modules.get("numpy"), "__file__", None) or __file__
    path = os.path.abspath(file)
    if path.startswith((PACKAGE, os.path.dirname(os.path.abspath(numpy)) + os.sep)):
        return False
    return not path.startswith(STANDARD) or "site-packages" in path


def shown_line(name: str, line: int, variables: Any = None) -> str:
    """A line of code as messages name it: file, number, text."""
    import linecache

    return f'{name}, line {line}: "{linecache.getline(name, line, variables).strip()}"'


def users_line() -> str:
    """File, line and text of the innermost frame of the user's code; an installed library's if there is no other."""
    import sys

    frame: FrameType | None = sys._getframe(1)
    place: FrameType | None = None
    while frame is not None:
        name = frame.f_code.co_filename
        if foreign(name):
            place = place or frame
            if not of_library(name):
                place = frame
                break
        elif place is not None and name.endswith("tracer.py"):  # which called the code: what follows only asked for it
            break
        frame = frame.f_back
    if place is None:
        return "code that is not known"
    return shown_line(place.f_code.co_filename, place.f_lineno, place.f_globals)


def line_of(error: BaseException) -> str:
    """The user's line that an error comes from, or else that of an installed library."""
    place = None
    own = False
    trail = error.__traceback__
    while trail is not None:
        name = trail.tb_frame.f_code.co_filename
        if place is None or foreign(name) and (not own or not of_library(name)):
            place, own = trail, foreign(name) and not of_library(name)
        trail = trail.tb_next
    if place is None:
        return "code that is not known"
    return shown_line(place.tb_frame.f_code.co_filename, place.tb_lineno, place.tb_frame.f_globals)


def at_a_power() -> bool:
    """Whether the code outside of this package that is running stands at x ** y or x **= y.

    To Python 3.10 these are instructions of their own, then numbers 8 and 21 of one for all operators.
    """
    import sys
    from opcode import opname

    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    place, code = frame.f_lasti, frame.f_code.co_code
    name = opname[code[place]]
    return name in ("BINARY_POWER", "INPLACE_POWER") or name == "BINARY_OP" and code[place + 1] in (8, 21)
