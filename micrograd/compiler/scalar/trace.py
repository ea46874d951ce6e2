"""Tracing: the user's scalar code as the graph of one sample, or a TraceError that names the line to change."""

from __future__ import annotations

from micrograd.compiler.scalar.graph import Graph
from micrograd.compiler.scalar.placeholders import TraceError
from micrograd.compiler.scalar.repeats import moment, repeats
from micrograd.compiler.scalar.tracer import Trace, state_of, trace_once
from micrograd.compiler.scalar.undo import Undo, remember
from micrograd.compiler.scalar.users_code import line_of, users_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.code import Code


def trace(code: Code, undo: Undo, on_numbers: Callable[[], Any] | None = None) -> Trace:
    """Run the code on placeholders. TraceError, naming the user's line, where it asks for a number.

    It runs twice: TraceError too where it does something else at every run, or may do so later (see `repeats`). Another
    error of the code is raised as it is if `on_numbers`, which runs it on numbers, has an error too; else it is
    TraceError: placeholders brought it.
    `undo`, made before, takes away the placeholders that the code leaves in the user's objects; use it as a context, so
    that all else is put back where tracing fails.

    >>> from micrograd import Value
    >>> from micrograd.compiler.code import Code
    >>> w = Value(2.0)
    >>> code = Code(lambda x: w * x[0], 1, [w])
    >>> print(trace(code, undo_of(code)).graph)
    0  parameter 0
    1  input 0
    2  mul 0 1
    """
    first = trace_once(code, on_numbers, built=undo.state.built)
    before = moment(undo)
    second = trace_once(code, on_numbers, built=undo.state.built if undo.state.holds() else None)
    steady = alike(first, second) and repeats(undo, before, lambda: does_as(second, code))
    undo.placeholders()  # after both runs, so that the second one meets what the first has stored
    if not steady:
        raise TraceError(
            "the code computes something else at every run, as with a random number, the time or a count "
            "of its calls. Draw such numbers outside, and give them as inputs or as Values. "
            f"In {changing_line(second, code)}"
        )
    return second


def alike(first: Trace, second: Trace) -> bool:
    """Whether two runs of the code did the same, on the same captured Values, or ones made of the same numbers."""
    captured = zip(first.captured, second.captured)
    return first.same(second) and all(a is b or float(a.data).hex() == float(b.data).hex() for a, b in captured)


def does_as(before: Trace, code: Code) -> bool:
    """Whether the code still does what it did before; an error is something else."""
    try:
        return alike(before, trace_once(code))
    except Exception:
        return False


def undo_of(code: Code) -> Undo:
    """What puts back all that the code can change."""
    return remember(state_of(code))


class LinedGraph(Graph):
    """A graph that knows the user's line behind each node."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def _node(self, kind: str, args: tuple[Any, ...], key: Any, varying: bool) -> int:
        self.lines.append(users_line())
        return super()._node(kind, args, key, varying)

    def apply(self, name: str, args: tuple[int, ...]) -> int:
        """See `Graph`."""
        node = super().apply(name, args)
        if len(self.lines) < len(self):
            self.lines.append(users_line())
        return node


def changing_line(before: Trace, code: Code) -> str:
    """The user's line of the first node that another run makes differently."""
    graph = LinedGraph()
    try:
        trace_once(code, graph=graph)
    except Exception as error:
        return line_of(error)
    return next(
        (line for line, mine, other in zip(graph.lines, graph.keys(), before.graph.keys()) if mine != other),
        graph.lines[-1],
    )
