"""A long graph that repeats itself becomes what stands before, a loop, and what stands behind.

repeat      one of the periods of the graph, and one step of the loop
place       of a row in its repeat
lag         how many repeats before, where an operand was made

The steps of the loop do what the rows do, in their order, so that each number is the same. Not every loop pays: rows
that do not wait for the repeat before are quicker side by side, as groups of entries.
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.entries.nodes import needed
from micrograd.compiler.points.periods import LEAF, Period, Rows, period_of, rows_of
from micrograd.compiler.scalar.graph import LEAVES, Graph
from micrograd.compiler.scalar.loops.loop import Loop, made, replayed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.compiler.scalar.tracer import Trace

FEWEST_ROWS, FEWEST_STEPS = 30_000, 8  # of a graph, and of a loop: less is quicker as it stands
ROWS_OF_A_STEP = 500  # several periods are one step until it has so many: the copies between steps cost less
LONGEST_LAG = 4
ONE_IN = 4  # at most one of so many rows may be read behind the loop, beside the last repeat


def rolled(trace: Trace, *, fewest_rows: int | None = None, rows_of_a_step: int | None = None) -> Trace:
    """The trace with a loop where its graph has a period and that pays; else the trace itself.

    The numbers are those that pay where the loop is played, unless given: exported code is to be short.
    """
    fewest = FEWEST_ROWS if fewest_rows is None else fewest_rows
    if len(trace.graph) < fewest or trace.graph.loops:
        return trace
    rows = rows_of(trace.graph, trace.outputs)
    period = period_of(rows, FEWEST_STEPS) if len(rows) >= fewest else None
    of_a_step = ROWS_OF_A_STEP if rows_of_a_step is None else rows_of_a_step
    period = None if period is None else begun(rows, lengthened(period, of_a_step))
    if period is None:
        return trace
    last, others = read_behind(trace, rows, period)
    if len(others) * ONE_IN > len(rows):
        return trace
    copy = Copy(trace.graph)
    copy.make(rows.nodes[: period.start])
    loop, start, outputs = loop_of(copy, rows, period, last, others)
    node = made(copy.graph, loop, start)
    if not waits(copy.graph, loop):
        return trace
    for k, place in enumerate(last):
        copy.of[rows.nodes[period.end - period.length + place]] = copy.graph.item(node, k)
    for row in others:
        step, place = divmod(row - period.start, period.length)
        copy.of[rows.nodes[row]] = copy.graph.item(node, loop.output(step, outputs[place]))
    copy.make(rows.nodes[period.end :])
    found = trace.copy()
    found.graph, found.outputs = copy.graph, [copy.node(end) for end in trace.outputs]
    return found


def lengthened(period: Period, rows: int) -> Period:
    """The same with several periods as one, so that each has enough rows."""
    times = max(1, min(-(-rows // period.length), period.count // FEWEST_STEPS))
    return Period(period.start, period.length * times, period.count // times)


def begun(rows: Rows, period: Period) -> Period | None:
    """The same, begun so late that all that its first repeat reads is there; None where too few repeats are left."""
    same, back = reads(rows, period)
    first = max(int(same.max(initial=-1)) + 1, int(lags(back, period.length).max(initial=1)) * period.length)
    late = max(0, -(-(first - period.start) // period.length))
    found = Period(period.start + late * period.length, period.length, period.count - late)
    few = found.count < FEWEST_STEPS or 2 * found.count * found.length < len(rows)
    return None if few or lags(back, period.length).max(initial=0) > LONGEST_LAG else found


def reads(rows: Rows, period: Period) -> tuple[np.ndarray, np.ndarray]:
    """The operands of the second repeat: rows that all repeats read, or −1; rows from its own start, or its length."""
    first, length = period.start, period.length
    before, after = rows.operands[first : first + length], rows.operands[first + length : first + 2 * length]
    same = np.where((after >= 0) & (after == before), after, -1)
    return same, np.where((after >= 0) & (after != before), after - first - length, length)


def lags(back: np.ndarray, length: int) -> np.ndarray:
    """How many repeats before such rows stand."""
    found: np.ndarray = np.maximum(0, -(back // length))
    return found


def read_behind(trace: Trace, rows: Rows, period: Period) -> tuple[list[int], list[int]]:
    """What is read behind the loop: places in the last repeat, and rows of the others."""
    behind = rows.operands[period.end :].ravel()
    numbers = {node: row for row, node in enumerate(rows.nodes)}
    ends = [numbers[end] for end in trace.outputs if end in numbers]
    found = np.unique(np.concatenate([behind, np.array(ends, np.int64)]))
    found = found[(found >= period.start) & (found < period.end)]
    last = period.end - period.length
    return (found[found >= last] - last).tolist(), found[found < last].tolist()


class Copy:
    """A graph that is copied, node by node.

    of          node of the old graph -> that of the new one
    """

    def __init__(self, old: Graph) -> None:
        self.old, self.graph = old, Graph()
        self.of: dict[int, int] = {}

    def node(self, old: int) -> int:
        """The node of one that was made, or of a leaf."""
        if old not in self.of:
            kind, (which,) = self.old.kind[old], self.old.args[old]
            self.of[old] = self.graph.constant(which) if kind == "constant" else self.graph.leaf(kind, which)
        return self.of[old]

    def make(self, nodes: Iterable[int]) -> None:
        """Nodes that are made of such."""
        kind, args, of, node = self.old.kind, self.old.args, self.of, self.node
        for old in nodes:
            of[old] = self.graph.apply(kind[old], tuple([node(x) for x in args[old]]))


def loop_of(
    copy: Copy, rows: Rows, period: Period, last: list[int], others: list[int]
) -> tuple[Loop, list[int], dict[int, int]]:
    """The loop, the nodes that it starts from, and which output a place is; the state begins with the places `last`."""
    graph, length, start = copy.graph, period.length, period.start
    _, back = reads(rows, period)
    behind = lags(back, length)
    state = dict.fromkeys([(place, 1) for place in last])
    for row, lag in zip(back[behind > 0].tolist(), behind[behind > 0].tolist()):
        state.update(dict.fromkeys([(row + lag * length, k) for k in range(1, lag + 1)]))
    numbers = {key: k for k, key in enumerate(state)}
    first = [copy.node(rows.nodes[start + place - lag * length]) for place, lag in state]
    loop = Loop(period.count, graph.step_leaves(len(state)), [], [])
    body: list[int] = []
    taken: dict[tuple[int, ...], int] = {}
    for place in range(length):
        operands = []
        for i, x in enumerate(copy.old.args[rows.nodes[start + length + place]]):
            row, lag = int(back[place, i]), int(behind[place, i])
            if row < length:
                operands.append(loop.carried[numbers[row + lag * length, lag]] if lag else body[row])
            elif rows.operands[start + length + place, i] != LEAF:
                operands.append(copy.node(x))
            else:
                column = tuple([copy.old.args[node][i] for node in rows.nodes[start + place : period.end : length]])
                operands.append(taken_node(copy, loop, column, taken))
        body.append(graph.apply(copy.old.kind[rows.nodes[start + place]], tuple(operands)))
    loop.news = [body[place] if lag == 1 else loop.carried[numbers[place, lag - 1]] for place, lag in state]
    places = sorted({(row - start) % length for row in others})
    loop.outputs = [body[place] for place in places]
    return loop, first, {place: k for k, place in enumerate(places)}


def taken_node(copy: Copy, loop: Loop, column: tuple[int, ...], taken: dict[tuple[int, ...], int]) -> int:
    """The node of leaves, one for each step: a leaf where they are one, else one that is taken from a column."""
    if len(set(column)) == 1:
        return copy.node(column[0])
    if column not in taken:
        numbers = [copy.old.number(x) for x in column]
        varies = None in numbers
        (taken[column],) = copy.graph.step_leaves(1)
        loop.take(taken[column], loop.own([copy.node(x) for x in column] if varies else numbers, varies))
    return taken[column]


def waits(graph: Graph, loop: Loop) -> bool:
    """Whether half of the body has to wait for the step before."""
    waiting = set(loop.carried)
    for node in sorted(loop.body):
        if graph.kind[node] not in LEAVES and not waiting.isdisjoint(graph.args[node]):
            waiting.add(node)
    return 2 * len(waiting.intersection(loop.body)) >= len(loop.body)


def straight(trace: Trace) -> Trace:
    """The trace with all steps of its loops, one after the other."""
    old = trace.graph
    kind, args, copy = old.kind, old.args, Copy(old)
    made_of: dict[int, Any] = {}  # loop -> what it made

    def number(x: int) -> Any:
        return made_of[x] if kind[x] == "loop" else copy.node(x)

    def node(x: Any) -> int:
        return copy.graph.constant(x) if x.__class__ is float else x

    def apply(name: str, operands: list[Any]) -> int:
        return copy.graph.apply(name, tuple(map(node, operands)))

    wanted = needed(args, bytearray([one in LEAVES for one in kind]), trace.outputs)
    for x in [x for x, used in enumerate(wanted) if used and kind[x] not in LEAVES]:
        if kind[x] == "loop":
            made_of[x] = replayed(old, x, number, apply)
        elif kind[x] == "item":
            loop, which = args[x]
            copy.of[x] = node(made_of[loop].items[int(args[which][0])])
        else:
            copy.make([x])
    found = trace.copy()
    found.graph, found.outputs = copy.graph, [copy.node(end) for end in trace.outputs]
    return found
