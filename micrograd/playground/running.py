"""Running what a visitor typed, on numbers: the root of its graph, the leaves of its free names, names for the rest.

names       what `draw`, `explain` and `formula` call the values: variables, and those of the functions that ran
said        what the code printed
"""

from __future__ import annotations

import random
import sys
from contextlib import redirect_stdout
from io import StringIO

import micrograd
from micrograd.drawing.views.names import is_model
from micrograd.engine import Value, topological
from micrograd.playground.code import FILE, MATHEMATICS, RESULT, CodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType
    from typing import Any

    from micrograd.playground.code import Code

WEIGHTS, OTHERS = (0.5, -1.2, 0.8, -0.4, 1.5, -0.7), (1.0, 2.0, 0.5, 1.5, 3.0)
MOST_SAID, MOST_NAMED = 10_000, 2_000


class Run:
    """One run: `root`, after `backward`; `leaves` by free name; `names` for the other values; `said`."""

    __slots__ = ("root", "leaves", "names", "said")

    def __init__(self, root: Value, leaves: dict[str, Value], names: dict[str, Any], said: str) -> None:
        self.root, self.leaves, self.names, self.said = root, leaves, names, said


class Failure(CodeError):
    """What went wrong while the code ran, with what it had printed."""

    def __init__(self, message: str, line: int, said: str) -> None:
        super().__init__(message, line)
        self.said = said


def numbers_at(code: Code, at: Mapping[str, float]) -> dict[str, float]:
    """A number for each free name: the one given, that of a function's defaults, or one to begin with."""
    found: dict[str, float] = {}
    weights, others = iter(WEIGHTS * len(code.free)), iter(OTHERS * len(code.free))
    for name in code.free:
        first = next(weights) if name[0] in "wWvk" else 0.1 if name[0] == "b" else 1.0 if name[0] in "xyt" else None
        found[name] = at.get(name, code.starts.get(name, next(others) if first is None else first))
    return found


def run(code: Code, numbers: Mapping[str, float]) -> Run:
    """Run the code, then `backward`. Failure where it raises, or where its last line gives no Value.

    >>> from micrograd.playground.code import read
    >>> found = run(read("h = w*x; h*h"), {"w": 3.0, "x": 2.0})
    >>> found.root.data, found.leaves["w"].grad, list(found.names)
    (36.0, 24.0, ['h'])
    """
    leaves = {name: Value(numbers[name], name) for name in code.free}
    result, names, said = executed(code, leaves)
    if not isinstance(result, Value):
        raise Failure(no_value(result, bool(leaves)), code.last, said)
    for node in topological(result):
        node.grad = 0.0  # the code may have called backward itself
    result.backward()
    return Run(result, leaves, names, said)


def executed(code: Code, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any], str]:
    """(what the last statement gives, the values by name, what was printed) where the free names are what is given."""
    space = {**offers(code), **given}
    inner: dict[str, list[Value]] = {}
    random.seed(0)  # the same numbers at every keystroke
    with redirect_stdout(StringIO()) as printed, watched(inner):
        try:
            exec(code.program, space)
        except BaseException as error:
            raise Failure(message_of(error), line_of(error), printed.getvalue()[:MOST_SAID]) from error
    result = space.pop(RESULT)
    hidden = {*given, *code.used}
    variables = {name: x for name, x in space.items() if name not in hidden and name[:1] != "_"}
    names = {name: found[0] if len(found) == 1 else found for name, found in inner.items()} | variables
    return result, names, printed.getvalue()[:MOST_SAID]


def offers(code: Code) -> dict[str, Any]:
    """What the offered names of a code stand for."""
    found = {name: MATHEMATICS[name] if name in MATHEMATICS else getattr(micrograd, name) for name in code.used}
    return {"__name__": "__main__", **found}


class watched:
    """While the block runs, what the visitor's functions call their Values is written down when they return."""

    def __init__(self, found: dict[str, list[Value]]) -> None:
        self.found, self.count = found, 0

    def __enter__(self) -> None:
        sys.setprofile(self.look)

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def look(self, frame: FrameType, event: str, _: object) -> None:
        """Called by Python at every call and return."""
        if event != "return" or frame.f_code.co_filename != FILE or frame.f_code.co_name[0] == "<":
            return
        for name, x in frame.f_locals.items():
            if isinstance(x, Value) and not x.label and self.count < MOST_NAMED:
                self.count += 1
                self.found.setdefault(name, []).append(x)


def message_of(error: BaseException) -> str:
    """What the error says; Python's own kinds of error are named where the text alone says little."""
    if isinstance(error, SystemExit):
        return "the code ends Python before its last line"
    text = str(error) or type(error).__name__
    return f"{type(error).__name__}: {text}" if isinstance(error, (LookupError, AssertionError)) else text


def line_of(error: BaseException) -> int:
    """The innermost line of the visitor's code that an error came through."""
    return [0, *lines(error)][-1]


def lines(error: BaseException) -> Iterator[int]:
    """The lines of the visitor's code that an error came through, the outermost first."""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == FILE:
            yield step.tb_lineno
        step = step.tb_next


def no_value(result: Any, leaves: bool) -> str:
    """Why a result has no graph, and what to write."""
    if isinstance(result, (int, float)):
        cure = "it does not depend on " + ("the names that have sliders" if leaves else "any name: write w * 2, say")
        return f"the last line gives the plain number {result:.6g}: {cure}"
    if isinstance(result, (list, tuple)):
        return "the last line gives several values: end with one, such as their sum"
    if result is None:
        return "the last line gives nothing: end with an expression, such as the loss"
    if is_model(result):
        return "the last line gives a model: end with a number that it computes, such as model([1.0, 2.0])"
    if callable(result):
        return "the last line gives a function: end with a call of it"
    return f"expected a number at the end, got {type(result).__name__}"
