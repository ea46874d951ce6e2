"""A program of samples for one row of inputs: played number by number, without the ways of many samples."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError

import numpy as np

from micrograd.compiler.arguments import leaves_at
from micrograd.compiler.entries.kinds import MOST_OPERANDS
from micrograd.compiler.loops import player_for
from micrograd.system.forking import TRACING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.compiler.self_check import SelfCheck

    Call = Callable[[Any, Any], Any]

DOUBLE = np.dtype(np.float64)
NUMBERS = frozenset([float, int, np.float64])
MOST_NODES = 100_000  # of a graph: more take as long in a block of samples, and seconds to be made ready


def fits(trace: Trace) -> bool:
    """Whether a trace can be played number by number, and had better be."""
    graph = trace.graph
    if trace.indices or graph.loops or len(graph) > MOST_NODES:
        return False
    return max(map(len, graph.args), default=0) <= MOST_OPERANDS


def one_row(trace: Trace, check: SelfCheck, backend: str, cache: bool) -> Call:
    """A function of a row and `at` that gives what the model of a trace returns, a number or (outputs,).

    It gives None for what is no row of finite numbers, which others look at. It is made ready, and compared with the
    code, when it is first called. Every name is local, for most of its time goes into finding its way.
    """
    free: list[Any] = []  # workspaces that nobody has: each call takes one
    pop, push, workspace = free.pop, free.append, Row(trace, check, backend, cache).ready
    count, values = trace.inputs, trace.parameters + trace.captured
    write, write_values = [Struct(f"{n}d").pack_into for n in (count, len(values))]
    array, double, numbers, behind = np.ndarray, DOUBLE, NUMBERS, 8 * count
    traces = TRACING._is_owned  # type: ignore[attr-defined]

    def call(X: Any, at: Any) -> Any:
        kind = X.__class__
        if kind is array:
            if X.ndim != 1 or len(X) != count or count == 1 or X.dtype is not double:
                return None
        else:
            if count == 1:
                X = (X,)
            elif kind is not list and kind is not tuple or len(X) != count:
                return None
            if not numbers.issuperset(map(type, X)):
                return None
        if traces():  # Values have no numbers then
            return None
        held = [x.data for x in values] if at is None else leaves_at(at, trace).tolist()
        if not numbers.issuperset(map(type, held)):
            return None
        try:
            w, given, run, read, finite = pop()
        except IndexError:
            w, given, run, read, finite = workspace()
        try:
            if kind is array:
                given[...] = X
            else:
                write(w, 0, *X)
            write_values(w, behind, *held)
        except (OverflowError, StructError):  # an int that is too large for a float
            return None
        run()
        found, total = read(), w[finite]
        push((w, given, run, read, finite))
        return found if total - total == 0.0 else None

    return call


class Row:
    """Makes workspaces for one row, once it has made what plays over them."""

    def __init__(self, trace: Trace, check: SelfCheck, backend: str, cache: bool) -> None:
        self.trace, self.check, self.backend, self.cache = trace, check, backend, cache
        self.player: Any = None

    def ready(self) -> tuple[Any, ...]:
        """A fresh vector: its numbers, a view for the inputs; what plays, what reads, where the inputs' sum is."""
        trace = self.trace
        if self.player is None:
            graph = trace.graph.copy()
            counts = {"input": trace.inputs, "parameter": len(trace.parameters), "captured": len(trace.captured)}
            leaves = [graph.leaf(kind, i) for kind, count in counts.items() for i in range(count)]
            total = leaves[0]
            for x in leaves[1 : trace.inputs]:
                total = graph.apply("add", (total, x))
            ends = [*trace.outputs, graph.again(total)]
            player = player_for(graph, leaves, ends, backend=self.backend, cache=self.cache)
            self.compare(player)
            self.player = player
        return self.workspace(self.player)

    def workspace(self, player: Any) -> tuple[Any, ...]:
        """See `ready`."""
        w, run = player.workspace()
        *outputs, finite = player.outputs.tolist()
        side_by_side = outputs == [*range(outputs[0], outputs[0] + len(outputs))]
        read: Any = w[outputs[0] : outputs[-1] + 1].copy if side_by_side else lambda: w.take(outputs)
        if self.trace.bare:
            read = lambda: w.item(outputs[0])  # noqa: E731
        return w.data, w[: self.trace.inputs], run, read, finite

    def compare(self, player: Any) -> None:
        """CompilerError where it differs from the code on the samples that are kept."""
        check, (w, _, run, read, _) = self.check, self.workspace(player)
        for sample in check.kept:
            numbers = [*sample.row, *check.leaves]
            Struct(f"{len(numbers)}d").pack_into(w, 0, *numbers)
            run()
            found = np.ravel(read()).tolist()
            check.compare_numbers("prediction", found, sample.result.outputs, sample, self.backend)
