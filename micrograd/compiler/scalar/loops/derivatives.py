"""The derivatives of a loop, which are loops along its tape.

A derivative goes along the tape of its loop: in reverse from the last step to the first, with the adjoints of the state
as its state, and sums for the invariants; forward in the same order, with the tangents as its state.
The body is made once for what is asked; each row of adjoints, or column of tangents, is a loop with it.
"""

from __future__ import annotations

from micrograd.compiler.scalar.loops.loop import Loop, body_of, column_of, made, moves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Union

    from micrograd.compiler.scalar.graph import Graph
    from micrograd.compiler.scalar.loops.loop import Source

    Sparse = dict[Any, int]
    Column = Union[Source, list[int]]  # a column of a tape, or a node for each step


class Derivative:
    """The body of a derivative of a loop: leaves for its state and for what it is given at each step; what it makes."""

    def __init__(self, carried: list[int], given: list[int], news: list[int], outputs: list[int]) -> None:
        self.carried, self.given, self.news, self.outputs = carried, given, news, outputs


def read_by(graph: Graph, node: int) -> list[int]:
    """A loop and those that it reads, and that these read."""
    found = [node]
    for one in found:
        found += [x for x in graph.args[one] if graph.kind[x] == "loop" and x not in found]
    return found


def known_at_a_step(graph: Graph, loops: Iterable[int]) -> dict[int, Source]:
    """The nodes whose numbers are known at each step of some loops without a computation, and their sources."""
    found: dict[int, Source] = {}
    carried = [x for node in loops for x in graph.loops[node].carried]
    if len(set(carried)) < len(carried):
        raise NotImplementedError("a derivative of such an order of a loop, of which others share a body")
    for node in loops:
        loop = graph.loops[node]
        found.update({x: ("tape", node, s) for s, x in enumerate(loop.carried)})
        for x, source in zip(loop.taken, loop.sources):
            found.setdefault(x, ("taken", node, source[2]) if source[0] == "own" else source)
    return found


def along(
    graph: Graph, node: int, derivative: Derivative, start: list[int], columns: list[Column], backward: bool
) -> int:
    """The loop of a derivative of another, a node; columns: what it is given."""
    of = read_by(graph, node)
    loop = Loop(graph.loops[node].length, derivative.carried, derivative.news, derivative.outputs, backward)
    for leaf, column in zip(derivative.given, columns):
        if isinstance(column, tuple):
            loop.take(leaf, column)
            continue
        numbers = [graph.number(x) for x in column]
        loop.take(leaf, loop.own(column, True) if None in numbers else loop.own(numbers, False))
    places = known_at_a_step(graph, of)
    owner = {x: other for other in of for x in graph.loops[other].body if graph.kind[x] != "loop" and x not in places}
    ends = [*loop.news, *loop.outputs]
    inside, _ = body_of(graph, [*loop.carried, *loop.taken, *places, *owner], ends)
    read = {x for one in inside for x in graph.args[one]}.union(ends)
    columns_of_tapes = {other: {x: c for c, x in enumerate(graph.loops[other].tape)} for other in of}
    for x in sorted(read.intersection([*places, *owner])):
        if x in owner:
            noted, noting = columns_of_tapes[owner[x]], graph.loops[owner[x]]
            if x not in noted:
                noted[x] = len(noting.carried) + len(noting.outputs) + len(noting.kept)
                noting.kept.append(x)
            places[x] = "tape", owner[x], noted[x]
        loop.take(x, places[x])
    return made(graph, loop, start)


def reverse_body(
    graph: Graph, loop: Loop, sums: list[int], moving: list[int], seeded: list[int], sweep: Callable[..., Any]
) -> Derivative:
    """The body of a derivative in reverse.

    sums: the active invariants; moving: the active taken nodes; seeded: the columns of the tape that have adjoints.
    """
    count = len(loop.carried)
    leaves = graph.step_leaves(count + len(sums) + len(seeded))
    totals, given = leaves[count : count + len(sums)], leaves[count + len(sums) :]
    seeds: dict[int, Sparse] = {}
    for end, g in zip([*loop.news, *[loop.tape[c] for c in seeded]], [*leaves[:count], *given]):
        known = seeds.get(end)
        seeds[end] = {0: g if known is None else graph.apply("add", (known[0], g))}
    stops = {*loop.invariants, *loop.taken}
    zero = graph.constant(0.0)
    found = [row.get(0, zero) for row in sweep(seeds, [*loop.carried, *sums, *moving], stops=stops)]
    states, received, outputs = found[:count], found[count : count + len(sums)], found[count + len(sums) :]
    news = states + [graph.apply("add", pair) for pair in zip(totals, received)]
    return Derivative(leaves[: count + len(sums)], given, news, outputs)


def pulled(
    graph: Graph, node: int, adjoints: Sparse, active: Sequence[int], guard: bool, sweep: Callable[..., Any]
) -> dict[int, Sparse]:
    """What operands of a loop, and what it reads of others, receive: {node: {row: adjoint}}.

    adjoints: {(row, item): adjoint}, and {(row, (column of the tape, loop, column of its tape)): loop} where another
    loop has them on its tape; what other loops receive has this form, too. sweep: see `reverse_body`.
    """
    loop = graph.loops[node]
    zero, first = graph.constant(0.0), list(graph.args[node][: len(loop.carried)])
    sums = [x for x in loop.invariants if active[x]]
    moving = [(x, source) for x, source in zip(loop.taken, loop.sources) if moves(graph, source, loop, active)]
    by_row: dict[int, Sparse] = {}
    for (row, item), g in adjoints.items():
        by_row.setdefault(row, {})[item] = g
    received: dict[int, Sparse] = {}
    for row, given in by_row.items():
        columns = given_columns(loop, given, zero)
        key = "reverse", tuple(sums), tuple([x for x, _ in moving]), tuple([c for c, _ in columns]), guard
        if key not in loop.known:
            seeded = [c for c, _ in columns]
            loop.known[key] = reverse_body(graph, loop, sums, [x for x, _ in moving], seeded, sweep)
        derivative = loop.known[key]
        start = [given.get(s, zero) for s in range(len(first))] + [zero] * len(sums)
        back = along(graph, node, derivative, start, [column for _, column in columns], not loop.backward)
        found = [(x, graph.item(back, s)) for s, x in enumerate([*first, *sums])]
        for k, (_, source) in enumerate(moving):
            column = column_of(graph, source, loop)
            if graph.number(derivative.outputs[k]) == 0.0:
                continue
            if column is None:
                tape = len(derivative.carried) + k
                received.setdefault(source[1], {})[row, (source[2], back, tape)] = back
            else:
                found += [(x, graph.item(back, graph.loops[back].output(t, k))) for t, x in enumerate(column)]
        for x, g in found:
            if active[x]:
                rows = received.setdefault(x, {})
                rows[row] = graph.apply("add", (rows[row], g)) if row in rows else g
    return received


def given_columns(loop: Loop, given: Sparse, zero: int) -> list[tuple[int, Column]]:
    """(column of the tape, its adjoints, step by step) for those of a loop that have some."""
    found: list[tuple[int, Column]] = []
    steps = range(loop.length)
    for k in range(len(loop.outputs)):
        if any(loop.output(t, k) in given for t in steps):
            column = [given.get(loop.output(t, k), zero) for t in steps]
            found.append((len(loop.carried) + k, column))
    return found + [(mark[0], ("tape", *mark[1:])) for mark in given if isinstance(mark, tuple)]


def forward_body(
    graph: Graph, loop: Loop, fixed: list[int], moving: list[int], sweep: Callable[..., Any]
) -> Derivative:
    """The body of a derivative forward; fixed: invariants that have tangents; moving: what is taken and has some."""
    count = len(loop.carried)
    leaves = graph.step_leaves(count + len(fixed) + len(moving))
    carried, given = leaves[: count + len(fixed)], leaves[count + len(fixed) :]
    seeds = {x: {0: tangent} for x, tangent in zip([*loop.carried, *fixed, *moving], leaves)}
    zero = graph.constant(0.0)
    found = [row.get(0, zero) for row in sweep([*loop.news, *loop.outputs], seeds)]
    return Derivative(carried, given, found[:count] + carried[count:], found[count:])


def pushed(graph: Graph, node: int, tangents: dict[int, Sparse], sweep: Callable[..., Any]) -> Sparse:
    """The loops of the tangents of a loop, {column: loop}, from those of its operands. sweep: see `forward_body`.

    What other loops have kept is no operand here: its tangents follow from those of what it was made of.
    """
    loop, of = graph.loops[node], read_by(graph, node)
    zero = graph.constant(0.0)
    first = graph.args[node][: len(loop.carried)]
    invariants = list(dict.fromkeys([x for other in of for x in graph.loops[other].invariants]))
    places = known_at_a_step(graph, of)
    found: Sparse = {}
    for c in sorted({c for x in graph.args[node] for c in tangents.get(x, ())}):
        fixed = [x for x in invariants if c in tangents.get(x, ())]
        moving: list[int] = []
        columns: list[Column] = []
        for x, source in places.items():
            column = column_of(graph, source, loop)
            if x in loop.carried or column is None and source[2] >= len(graph.loops[source[1]].carried):
                continue
            if column is None:
                if c in tangents.get(source[1], ()):
                    moving.append(x)
                    columns.append(("tape", tangents[source[1]][c], source[2]))
            elif any(c in tangents.get(i, ()) for i in column):
                moving.append(x)
                columns.append([tangents.get(i, {}).get(c, zero) for i in column])
        key = "forward", tuple(fixed), tuple(moving)
        if key not in loop.known:
            loop.known[key] = forward_body(graph, loop, fixed, moving, sweep)
        start = [tangents.get(x, {}).get(c, zero) for x in first] + [tangents[x][c] for x in fixed]
        found[c] = along(graph, node, loop.known[key], start, columns, loop.backward)
    return found


def tangents_of_item(graph: Graph, node: int, loops: Sparse) -> Sparse:
    """The tangents of an item, from the loops of the tangents; without those that are 0 whatever the numbers."""
    of, which = graph.args[node]
    item, count = int(graph.args[which][0]), len(graph.loops[of].carried)
    found: Sparse = {}
    for c, other in loops.items():
        loop = graph.loops[other]
        if item < count:
            same, end = item, loop.news[item]
        else:
            step, k = divmod(item - count, len(loop.outputs))
            same, end = loop.output(step, k), loop.outputs[k]
        if graph.number(end) != 0.0:
            found[c] = graph.item(other, same)
    return found
