"""Where does a nan come from? `why_nan` names the first node that made one, `recording` the line that made the node."""

from __future__ import annotations

import sys
from math import isfinite
from threading import get_ident

from micrograd.core.choice import watch
from micrograd.dispatch import brief
from micrograd.engine import Value, apply, topological
from micrograd.ops import WHERE

__all__ = ["recording", "why_nan"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


class Fault:
    """What `why_nan` found; as text a sentence.

    direction   "forward" or "backward"
    node        the Value whose number, or whose contribution to an operand, is nan or inf
    op          name of its primitive, "" for a leaf
    operands    the operands' numbers
    label       its label
    operand     backward: the operand that receives nan or inf
    partial     backward: the local derivative for that operand
    adjoint     backward: the derivative of the root by the node, which is finite
    line        (file name, line number) of the user's code that made the node, None where not recorded
    """

    __slots__ = ("direction", "node", "op", "operands", "label", "operand", "partial", "adjoint", "line")

    def __init__(
        self,
        node: Value,
        *,
        operand: Value | None = None,
        partial: float | None = None,
        adjoint: float | None = None,
        recorded: Recording | None = None,
    ) -> None:
        self.direction = "forward" if operand is None else "backward"
        self.node, self.op, self.label = node, node.op.name if node.op else "", node.label
        self.operands = tuple([x.data if isinstance(x, Value) else x for x in node.args])
        self.operand, self.partial, self.adjoint = operand, partial, adjoint
        self.line = None if recorded is None else recorded.line(node)

    def __repr__(self) -> str:
        where = "" if self.line is None else ", made at " + line_in_words(*self.line)
        if self.operand is None:
            what = described(self.node)
            return f"forward: {what}{'' if self.op else ' to begin with'}{where}"
        assert self.partial is not None and self.adjoint is not None
        name = names(self.node)[id(self.operand)]
        passed = self.partial * self.adjoint
        what = f"but passes {passed!r} to {name}: local derivative {self.partial!r} times adjoint {self.adjoint!r}"
        if isfinite(passed):
            what += f"; added to what {name} has already, that leaves the range of floats"
        return f"backward: {described(self.node)}, {what}{where}"


def names(node: Value) -> dict[int, str]:
    """id(operand) -> its label, or x, y, z where it has none."""
    values = {id(x): x for x in node.args if isinstance(x, Value)}
    free = [name for name in "xyzabc" if name not in [x.label for x in values.values()]]
    return {i: x.label or free.pop(0) for i, x in values.items()}


def described(node: Value) -> str:
    """A node and its number in words: "log(x) of x = -1.0 is nan"."""
    if node.op is None:
        return f"{'the leaf ' + node.label if node.label else 'a leaf without a label'} is {node.data!r}"
    label = f" (labelled {node.label})" if node.label else ""
    called = names(node)
    inside = ", ".join([called[id(x)] if isinstance(x, Value) else repr(x) for x in node.args])
    values = {called[id(x)]: x.data for x in node.args if isinstance(x, Value)}
    given = ", ".join([f"{name} = {x!r}" for name, x in values.items()])
    return f"{node.op.name}({inside}) of {given}{label} is {node.data!r}"


def line_in_words(file: str, line: int) -> str:
    """A place in the user's code, with its text where it can be read."""
    import linecache

    text = linecache.getline(file, line).strip()
    return f"{file}:{line}" + (f": {text}" if text else "")


def taken(node: Value) -> list[Value]:
    """The operands that made the node's number: for `where` not the other branch."""
    args = node.args
    if node.op is WHERE:
        chosen = args[0].data if isinstance(args[0], Value) else args[0]
        args = (args[0], args[1] if chosen else args[2])
    return [x for x in args if isinstance(x, Value)]


def broken(order: list[Value], *, through: bool) -> Value | None:
    """The first node that is nan or inf, among those whose numbers went into the last one.

    With `through`, only among those whose nan or inf reached the last one.
    """
    reached = {id(order[-1])}
    first = None
    for node in reversed(order):
        if id(node) in reached:
            bad = not isfinite(node.data)
            first = node if bad else first
            if bad or not through:
                reached.update([id(x) for x in taken(node)])
    return first


def why_nan(value: Value, recorded: Recording | None = None) -> Fault | None:
    """The first node that turned nan or inf from finite input, forward or, if forward all is finite, backward.

    None where all is finite. Printed, the answer is a sentence; its fields hold the numbers (see `Fault`).
    A branch that `where` did not take is nobody's fault. Pass what `recording` gave to learn the line of code too.
    No `grad` is touched: the adjoints are computed apart. TypeError for what is not a Value.

    >>> x = Value(-1.0, label="x")
    >>> why_nan(3.0 * x.log() + 1.0)
    forward: log(x) of x = -1.0 is nan
    >>> why_nan(Value(0.0).sqrt())
    backward: sqrt(x) of x = 0.0 is 0.0, but passes inf to x: local derivative inf times adjoint 1.0
    """
    if not isinstance(value, Value):
        raise TypeError(f"why_nan expects a Value, got {brief(value)}")
    order = topological(value)
    if not all(isfinite(node.data) for node in order):
        for through in (True, False):
            node = broken(order, through=through)
            if node is not None:
                return Fault(node, recorded=recorded)
    adjoints = {id(value): 1.0}
    for node in reversed(order):
        g = adjoints.pop(id(node), 0.0)
        if g:
            for x, partial in zip(node.args, node._cached):
                if partial is not None and isinstance(x, Value):
                    adjoints[id(x)] = received = adjoints.get(id(x), 0.0) + partial * g
                    if not isfinite(received):
                        return Fault(node, operand=x, partial=partial, adjoint=g, recorded=recorded)
    return None


# which line made a node

ENGINE = apply.__code__.co_filename
PACKAGE = ENGINE[: -len("engine.py")]


class Recording:
    """Which line of the user's code made which node, as long as the block of `recording` ran."""

    def __init__(self) -> None:
        self.lines: dict[int, tuple[str, int]] = {}
        self.kept: list[Value] = []
        self.previous: Any = None
        self.outer: Recording | None = None

    def line(self, node: Value) -> tuple[str, int] | None:
        """(file name, line number) of the code that made the node; None if it was not recorded."""
        return self.lines.get(id(node))

    def _profile(self, frame: FrameType, event: str, made: Any) -> None:
        """Called by the interpreter at every call and return."""
        if event != "return" or frame.f_code.co_filename != ENGINE or not isinstance(made, Value):
            return
        if frame.f_locals.get("self") is made:  # +x and 0 + x give x itself, which was made elsewhere
            return
        self._note(made, frame.f_back)

    def _note(self, made: Value, caller: FrameType | None) -> None:
        """Note the line of the user's code that a frame runs, or one that called it."""
        while caller is not None and caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        if caller is not None:
            self.lines[id(made)] = (caller.f_code.co_filename, caller.f_lineno)

    def __enter__(self) -> Recording:
        previous = sys.getprofile()
        if previous is not None and not callable(previous):
            raise RuntimeError(f"expected no profiler written in C, got {previous!r}; stop it before recording()")
        self.previous, self.outer = previous, watching.get(get_ident())
        watching[get_ident()] = self
        watch(seen)
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(self.previous)
        del watching[get_ident()]
        if self.outer is not None:
            watching[get_ident()] = self.outer
        if not watching:
            watch(None)
        import gc

        # Nodes that died have left their lines behind, and nodes to come may take their ids: keep the living only.
        self.kept = [x for x in gc.get_objects() if id(x) in self.lines and isinstance(x, Value)]
        self.lines = {id(x): self.lines[id(x)] for x in self.kept}


watching: dict[int, Recording] = {}  # thread -> its innermost recording


def seen(made: Value) -> None:
    """Called by the core in C for every node, of which the interpreter tells no profiler."""
    recording = watching.get(get_ident())
    if recording is not None:
        recording._note(made, sys._getframe(1))


def recording() -> Recording:
    """Record which line of your code makes which node, for `why_nan`, in this thread and within a `with` block.

    Built on `sys.setprofile`, so code inside runs several times slower; nothing is paid outside. The profiler that ran
    before is put back at the end. RuntimeError if that is one written in C, which Python cannot put back.

    >>> with recording() as lines:
    ...     y = Value(-1.0).sqrt() * 2.0
    >>> why_nan(y, lines).line[1]
    2
    """
    return Recording()
