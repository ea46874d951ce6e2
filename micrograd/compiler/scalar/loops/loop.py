"""A loop as a node of the graph: what it does, what its body is, and how it is computed eagerly.

loop        a node: what it makes is read through nodes of the kind "item", (loop, constant that counts)
carried     leaves that hold the state; at the end of a step they get the numbers of `news`
taken       nodes whose numbers differ from step to step and come from outside: data, or what another loop noted
body        the nodes that a step makes of these; invariants: nodes outside of it that it reads
items       first the last state, then the outputs of step 0, of step 1, …
tape        what a loop notes at each step, in columns: the state that it begins with, its outputs, then `kept`,
            nodes of its body that a derivative reads, and so does not compute again
source      where the numbers of a taken node stand: ("own", 0, k), a column of the loop itself; ("taken", other,
            k), one of another loop; ("tape", other, k), a column of the other's tape
"""

from __future__ import annotations

from copy import copy

from micrograd.compiler.scalar.graph import LEAVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph

    Source = tuple[str, int, int]


class Loop:
    """What a node of the kind "loop" does.

    Its operands are the first state, the invariants, the nodes of own columns, and the loops that it reads.

    length      how many steps
    sources     for each taken node where its numbers stand
    columns     own columns: for each step a number or a node, and whether these are nodes
    backward    the last step of the data and the tapes comes first
    known       the bodies of its derivatives that were made, by what was asked
    """

    def __init__(
        self, length: int, carried: list[int], news: list[int], outputs: list[int], backward: bool = False
    ) -> None:
        self.length, self.backward = length, backward
        self.carried, self.news, self.outputs = carried, news, outputs
        self.taken: list[int] = []
        self.sources: list[Source] = []
        self.columns: list[tuple[Sequence[Any], bool]] = []
        self.invariants: list[int] = []
        self.body: set[int] = set()
        self.kept: list[int] = []
        self.known: dict[Any, Any] = {}

    def again(self) -> Loop:
        """The same in another graph, which makes derivatives of its own."""
        made = copy(self)
        made.kept, made.known = list(self.kept), {}
        return made

    def key(self) -> Any:
        """Equal for loops that do the same with equal operands."""
        numbers = [len(column) if nodes else tuple(column) for column, nodes in self.columns]
        lists = self.carried, self.taken, self.news, self.outputs, self.sources, numbers
        return self.length, self.backward, *[tuple(part) for part in lists]

    def take(self, node: int, source: Source) -> None:
        """A node that is taken."""
        self.taken.append(node)
        self.sources.append(source)

    def own(self, column: Sequence[Any], nodes: bool) -> Source:
        """The source of a new column."""
        self.columns.append((column, nodes))
        return "own", 0, len(self.columns) - 1

    @property
    def tape(self) -> list[int]:
        """The nodes whose numbers the tape has, by column."""
        return [*self.carried, *self.outputs, *self.kept]

    def output(self, step: int, k: int) -> int:
        """Which item is output k of a step."""
        return len(self.carried) + step * len(self.outputs) + k


def made(graph: Graph, loop: Loop, start: Sequence[int]) -> int:
    """The node of a loop that starts from these nodes; its body and invariants are found."""
    loop.body, loop.invariants = body_of(graph, [*loop.carried, *loop.taken], [*loop.news, *loop.outputs])
    nodes = [node for column, are_nodes in loop.columns if are_nodes for node in column]
    others = sorted({other for how, other, _ in loop.sources if how != "own"})
    return graph.loop(loop, (*start, *loop.invariants, *nodes, *others))


def body_of(graph: Graph, given: Iterable[int], ends: Iterable[int]) -> tuple[set[int], list[int]]:
    """The nodes that are made of given ones on the way to the ends, and the others that these read, in order."""
    stops, args, kind = set(given), graph.args, graph.kind
    inside = set(stops)
    for node in range(min(stops, default=len(graph)), len(graph)):
        if kind[node] not in LEAVES and not inside.isdisjoint(args[node]):
            inside.add(node)
    body: set[int] = set()
    outside: set[int] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node in stops or node in body:
            continue
        if node in inside:
            body.add(node)
            waiting.extend(args[node])
        elif kind[node] != "constant":
            outside.add(node)
    return body, sorted(outside)


def moves(graph: Graph, source: Source, loop: Loop, active: Sequence[int]) -> bool:
    """Whether what a node takes depends on what is differentiated by."""
    column = column_of(graph, source, loop)
    return bool(active[source[1]]) if column is None else any(active[x] for x in column)


def column_of(graph: Graph, source: Source, loop: Loop) -> list[int] | None:
    """The nodes of a column, none of one of numbers; None for a column of a tape."""
    how, other, k = source
    if how == "tape":
        return None
    column, nodes = (loop if how == "own" else graph.loops[other]).columns[k]
    return list(column) if nodes else []


class Replay:
    """A loop by eager arithmetic: the items, and the numbers, or Values, of the nodes of each step."""

    def __init__(self, items: list[Any], steps: list[dict[int, Any]]) -> None:
        self.items, self.steps = items, steps


def replayed(graph: Graph, node: int, number: Callable[[int], Any], apply: Callable[[str, list[Any]], Any]) -> Replay:
    """A loop by eager arithmetic; number: what nodes outside of its body have, a Replay if they are loops."""
    loop = graph.loops[node]
    body = sorted(loop.body)
    steps: list[dict[int, Any]] = [{} for _ in range(loop.length)]
    state = [number(x) for x in graph.args[node][: len(loop.carried)]]
    for t in range(loop.length)[:: -1 if loop.backward else 1]:
        here = steps[t]

        def operand(x: int, here: dict[int, Any] = here) -> Any:
            return here[x] if x in here else number(x)

        here.update(zip(loop.carried, state))
        for x, (how, other, k) in zip(loop.taken, loop.sources):
            if how == "tape":
                here[x] = number(other).steps[t][graph.loops[other].tape[k]]
            else:
                column, nodes = (loop if how == "own" else graph.loops[other]).columns[k]
                here[x] = operand(column[t]) if nodes else column[t]
        for x in body:
            kind, args = graph.kind[x], graph.args[x]
            if kind == "loop":
                here[x] = replayed(graph, x, operand, apply)
            elif kind == "item":
                here[x] = operand(args[0]).items[int(graph.args[args[1]][0])]
            else:
                here[x] = apply(kind, [operand(i) for i in args])
        state = [operand(x) for x in loop.news]
        here.update((x, operand(x)) for x in loop.tape)
    return Replay(state + [here[x] for here in steps for x in loop.outputs], steps)
