"""Where code goes another way on placeholders than on numbers: the line that a message names.

path        the instructions of the user's code that a run went through, in order
"""

from __future__ import annotations

import sys

from micrograd.collector import paused
from micrograd.compiler.scalar.users_code import foreign, shown_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

LONGEST = 1_000_000  # instructions that are followed; each costs a microsecond


class Enough(BaseException):
    """The path is as long as it may get."""


def path_of(run: Callable[[], Any]) -> list[tuple[CodeType, int, int]]:
    """(code, instruction, line) for every step of the user's code; errors end the run."""
    path: list[tuple[CodeType, int, int]] = []
    followed: dict[str, bool] = {}

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        name = code.co_filename
        if name not in followed:
            followed[name] = foreign(name)
        if not followed[name]:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            path.append((code, frame.f_lasti, frame.f_lineno))
            if len(path) >= LONGEST:
                raise Enough
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        with paused():  # finalisers of other objects are no part of the run
            run()
    except (Exception, Enough):
        pass
    finally:
        sys.settrace(before)
    return path


def parting(one: Callable[[], Any], other: Callable[[], Any]) -> str:
    """The user's line after which two runs of his code part; the last common line where they do not.

    >>> parting(lambda: None, lambda: None)
    'a line that is not known'
    """
    last, first, second = None, path_of(one), path_of(other)
    both = {code for code, _, _ in first} & {code for code, _, _ in second}
    for here, there in zip([step for step in first if step[0] in both], [step for step in second if step[0] in both]):
        if here != there:
            break
        last = here
    return "a line that is not known" if last is None else shown_line(last[0].co_filename, last[2])
