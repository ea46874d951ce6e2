"""A plain function as a graph, for arguments of one shape, compared with the function itself.

flat        a function of a list of numbers that returns a list, as the tracer takes it
reached     the Values that the code can reach beside its arguments: placeholders while it is traced
"""

from __future__ import annotations

import random
from copy import copy

import numpy as np

from micrograd.compiler.code import Code
from micrograd.compiler.points.comparison import compare_graph
from micrograd.compiler.points.nests import built_up, objects, taken_apart
from micrograd.compiler.points.rolling import rolled, straight
from micrograd.compiler.scalar.graph import LEAVES
from micrograd.compiler.scalar.trace import trace, undo_of
from micrograd.compiler.self_check import Sample, sampled
from micrograd.compiler.state import reads
from micrograd.compiler.state.state import State
from micrograd.dispatch import Operators, brief, number
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.tracer import Trace

FEWEST_NODES = 4000  # operations of a loop with all its steps: a shorter one is quicker unrolled
MUCH_WORK = 100_000  # operations: some tenths of a second
FEW_STEPS = 40_000  # operations of a loop with all its steps, whose gradients are compared
MOST_COLUMNS = 32  # of a matrix of derivatives of a loop that was found as a period


class Flat:
    """A function of nests as one of a list of numbers, which returns a list; `shape`: of its arguments together.

    returned    the shape of what it returned last
    """

    def __init__(self, function: Callable[..., Any], shape: Any) -> None:
        self.function, self.shape = function, shape
        self.returned: Any = None

    def __call__(self, items: list[Any]) -> list[Any]:
        array = np.array if all(x.__class__ is float for x in items) else objects
        found: list[Any] = []
        self.returned = taken_apart(self.function(*built_up(self.shape, iter(items), array)), found, fixed=False)
        for x in found:
            if not isinstance(x, (float, Value, Operators)):
                expect_returned(x)
        return found


def expect_returned(x: Any) -> None:
    """TypeError unless x, which stands for a number in what a function returned, is one."""
    try:
        number(x)
    except TypeError:
        missing = ": is a return missing?" if x is None else ""
        raise TypeError(
            "expected the function to return numbers, alone or in lists, tuples, dictionaries or arrays, "
            f"got {brief(x)}{missing}"
        ) from None


class Recorded:
    """A function for arguments of one shape.

    trace       its graph, that of one point (see `Tracer`); the inputs are the numbers of the arguments in a row
    indices     which of the inputs are indices of tables -> how many entries these have
    length      how many nodes the graph has before derivatives are added to it
    work        how many it has with all steps of its loops
    returned    the shape of what the function returns
    inputs      the nodes of the arguments
    values      the Values whose numbers are read at every call: those that the graph needs, in the order of their use
    nodes       of those Values
    player      makes what plays some nodes of the graph: `player_for` on the backend of the function
    found       (Value, node) of those that were there before the function ran
    loops       what its loops are, for people
    periodic    whether a loop of it was found as a period
    straight    the same without loops, once it is needed
    """

    straight: Recorded | None = None

    def __init__(
        self, trace: Trace, returned: Any, code: Code, player: Callable[..., Any], periodic: bool = False
    ) -> None:
        self.trace, self.returned, self.code, self.player = trace, returned, code, player
        self.periodic = periodic
        self.inputs = [trace.graph.leaf("input", i) for i in range(trace.inputs)]
        self.length, self.nodes = len(trace.graph), values_used(trace)
        sizes = [(loop.length, len(loop.body)) for loop in trace.graph.loops.values()]
        self.work = self.length + sum([steps * operations for steps, operations in sizes])
        self.loops = [f"{steps} steps of {operations} operations" for steps, operations in sizes]
        self.indices = {which: count for (_, which), count in trace.indices.items()}
        kinds = {"parameter": trace.parameters, "captured": trace.captured}
        self.values = [kinds[trace.graph.kind[node]][trace.graph.args[node][0]] for node in self.nodes]
        self.found = [(x, i) for x, i in zip(self.values, self.nodes) if trace.graph.kind[i] == "parameter"]


def record(
    function: Callable[..., Any],
    shape: Any,
    numbers: list[float],
    parameters: Sequence[Value],
    player: Callable[..., Any],
) -> Recorded:
    """Run the function on placeholders, and compare with what it gives at these numbers, and at some near them."""
    code = Code(Flat(function, shape), len(numbers), reached(function, parameters))
    code.loops = FEWEST_NODES
    try:
        return recorded_as(code, numbers, player)
    except Exception:  # it may be that the steps of a loop do different things, or keep what they get
        code.loops = 0
        return recorded_as(code, numbers, player)


def recorded_as(code: Code, numbers: list[float], player: Callable[..., Any]) -> Recorded:
    """Record code whose graph may have loops or not."""
    with undo_of(code) as undo:
        traced = trace(code, undo, lambda: code.run(numbers, None))
        found, returned = rolled(traced) if code.loops else traced, code.model.returned  # type: ignore[attr-defined]
        recorded = Recorded(found, returned, code, player, found is not traced)
        if recorded.periodic and recorded.work <= FEW_STEPS:  # more take long, and memory, which the loop saves
            recorded.straight = Recorded(traced, returned, code, player)
        compare_graph(recorded, samples_at(code, numbers, recorded.work))
    return recorded


def for_columns(recorded: Recorded, count: int) -> Recorded:
    """The same for a matrix of derivatives with so many columns: of many, each would be a loop along all steps."""
    return recorded if not recorded.periodic or count <= MOST_COLUMNS else without_loops(recorded)


def without_loops(recorded: Recorded) -> Recorded:
    """The same with all steps of its loops, one after the other."""
    if recorded.straight is None:
        unrolled = straight(recorded.trace)
        recorded.straight = Recorded(unrolled, recorded.returned, recorded.code, recorded.player)
    return recorded.straight


def trace_of_rows(recorded: Recorded) -> Trace:
    """The trace for a program of samples, which has tables, but no loops, and none of the derivatives."""
    if recorded.periodic and not recorded.indices:
        return straight(recorded.trace)
    made = copy(recorded.trace)
    made.graph = made.graph.copy(recorded.length)
    if not made.graph.loops and not recorded.indices:
        return made
    code = copy(recorded.code)
    code.loops = 0
    with undo_of(code) as undo:
        return trace(code, undo)


def reached(function: Callable[..., Any], parameters: Sequence[Value]) -> list[Value]:
    """The given parameters, and the other leaves that the code can reach."""
    found = {id(x): x for x in parameters}
    for read, source, _ in State(function, apart_from=parameters).reads():
        if read is reads.numbers:
            found.update({id(x): x for x in source if x.op is None})
    return list(found.values())


def values_used(trace: Trace) -> list[int]:
    """The nodes of the Values that the outputs need, in the order of their use."""
    graph = trace.graph
    live = bytearray(len(graph))
    for end in trace.outputs:
        live[end] = 1
    for node in range(len(graph) - 1, -1, -1):
        if live[node] and graph.kind[node] not in LEAVES:
            for x in graph.args[node]:
                live[x] = 1
    users = [x for node in range(len(graph)) if live[node] and graph.kind[node] not in LEAVES for x in graph.args[node]]
    return [x for x in dict.fromkeys([*users, *trace.outputs]) if graph.kind[x] in ("parameter", "captured")]


def samples_at(code: Code, numbers: list[float], work: int) -> list[Sample]:
    """What the function gives at these numbers, and at some near them, where it takes them and they are little work."""
    generator = random.Random(0)
    near = [x * generator.uniform(0.9, 1.1) + generator.gauss(0.0, 0.01) for x in numbers]
    found = []
    for row in (numbers, near)[: 1 if work > MUCH_WORK else 2]:
        try:
            found.append(sample_at(code, row))
        except Exception:
            if row is numbers:
                raise
    return found


def sample_at(code: Code, row: list[float]) -> Sample:
    """A sample on floats, or on Values where the code calls their methods."""
    try:
        return sampled(code, row, None, [0.0])
    except Exception:
        return sampled(code, [Value(x) for x in row], None, [0.0])
