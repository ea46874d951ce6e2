"""A loop as it is played: at each step its body, over a vector of its own, between copies to and from tapes.

body        what is played at each step; its vector w begins with the invariants, the taken numbers and the state
row         of a tape, or of the own columns: the numbers of one step
block       neighbouring numbers of such rows that are copied to w at each step
"""

from __future__ import annotations

from itertools import groupby

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.loops.plan import Plan

    Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Steps:
    """The steps of one loop of a program.

    sources     of the taken numbers as they stand in w: by their places in rows, so that neighbours are taken together
    noted       the columns of the tape behind the state, in the order in which they stand in w
    body        the player of the body
    news, notes where in w the new state, and what is noted, stand
    """

    def __init__(self, plan: Plan, node: int, others: dict[int, Steps], player_for: Callable[..., Any]) -> None:
        graph = plan.graph
        self.node, self.loop = node, graph.loops[node]
        loop = self.loop

        def in_rows(k: int) -> Any:
            how, other, column = loop.sources[k]
            return how == "own", how, other, others[other].place(column) if how == "tape" else column

        order = sorted(range(len(loop.taken)), key=in_rows)
        self.sources = [loop.sources[k] for k in order]
        leaves = [*loop.invariants, *[loop.taken[k] for k in order], *loop.carried]
        noted, tape = plan.columns[node], loop.tape
        self.body = player_for(leaves, [*loop.news, *[tape[c] for c in noted]])
        args, count = graph.args[node], len(loop.carried)
        self.news, self.notes = self.body.outputs[:count], self.body.outputs[count:]
        by_place = np.argsort(self.notes, kind="stable")
        self.noted, self.notes = [noted[k] for k in by_place], self.notes[by_place]
        self.start = [plan.slots[x] for x in args[:count]]
        self.invariants = [plan.slots[x] for x in loop.invariants]
        self.columns = [
            ([plan.slots[x] for x in column] if nodes else list(column), nodes) for column, nodes in loop.columns
        ]
        items = [(plan.which(item), plan.slots[item]) for item in plan.items.get(node, ())]
        self.last = [(which, slot) for which, slot in items if which < count]
        self.outputs = [(*divmod(which - count, len(loop.outputs)), slot) for which, slot in items if which >= count]

    def place(self, column: int) -> int:
        """Where a column of the tape stands in its rows."""
        count = len(self.loop.carried)
        return column if column < count else count + self.noted.index(column)


class Space:
    """What the steps work on: own columns, tape, and the vector of the body with what plays over it."""

    def __init__(self, steps: Steps) -> None:
        length, state = steps.loop.length, len(steps.loop.carried)
        self.rows = np.empty((length, len(steps.columns)))
        for k, (column, nodes) in enumerate(steps.columns):
            if not nodes:
                self.rows[:, k] = column
        self.tape = np.empty((length, state + len(steps.noted)))
        self.w, self.run = steps.body.workspace()


def blocks(steps: Steps, all_steps: dict[int, Steps], spaces: dict[int, Space]) -> list[tuple[np.ndarray, int]]:
    """(columns of rows, where they go in w) of what is taken at each step."""
    places: list[tuple[np.ndarray, int]] = []
    for how, other, k in steps.sources:
        space = spaces[steps.node if how == "own" else other]
        places.append((space.tape, all_steps[other].place(k)) if how == "tape" else (space.rows, k))
    found, first = [], len(steps.invariants)
    numbered = [(id(array), column - at, array, column) for at, (array, column) in enumerate(places)]
    for _, alike in groupby(numbered, key=lambda x: x[:2]):
        run = list(alike)
        _, _, array, column = run[0]
        found.append((array[:, column : column + len(run)], first))
        first += len(run)
    return found


def where(index: Sequence[int]) -> Any:
    """An index as a slice where it is one."""
    places = np.asarray(index, np.int64)
    if len(places) and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def around(steps: Steps, space: Space, v: np.ndarray, play: Callable[[], None]) -> Callable[[], None]:
    """A function that runs the loop: from v and to v."""
    w, rows, tape = space.w, space.rows, space.tape
    fixed, state, count = len(steps.invariants), len(steps.loop.carried), len(steps.sources)
    invariants, start = where(steps.invariants), where(steps.start)
    given, carried = w[:fixed], w[fixed + count : fixed + count + state]
    varying = [(k, where(column)) for k, (column, nodes) in enumerate(steps.columns) if nodes]
    last, slots = where([which for which, _ in steps.last]), where([slot for _, slot in steps.last])
    noted = where([t * tape.shape[1] + steps.place(state + k) for t, k, _ in steps.outputs])
    output_slots = where([slot for *_, slot in steps.outputs])
    flat = tape.reshape(-1)

    def run() -> None:
        given[:] = v[invariants]
        carried[:] = v[start]
        for k, column in varying:
            rows[:, k] = v[column]
        play()
        v[slots] = carried[last]
        v[output_slots] = flat[noted]

    return run


def repeated(steps: Steps, space: Space, taken: list[tuple[np.ndarray, int]]) -> Callable[[], None]:
    """A function that plays all steps over the vector of the body, from the state that stands there."""
    w, tape, state = space.w, space.tape, len(steps.loop.carried)
    first = len(steps.invariants) + len(steps.sources)
    carried, backward = w[first : first + state], steps.loop.backward
    copies = [(rows, w[begin : begin + rows.shape[1]]) for rows, begin in taken]
    player = getattr(steps.body, "player", None)  # none where there are loops in the body
    if player is not None and player.backend == "llvm" and len(player.code.firsts) == 1:
        from micrograd.compiler.llvm.machine.steps import in_machine_code

        return in_machine_code(player, w, carried, steps.news, tape, steps.notes, copies, backward)
    return in_python(space, carried, where(steps.news), where(steps.notes), copies, backward)


def in_python(
    space: Space,
    carried: np.ndarray,
    news: Any,
    notes: Any,
    copies: Sequence[tuple[np.ndarray, np.ndarray]],
    backward: bool,
) -> Callable[[], None]:
    """The steps, one after the other."""
    w, run, tape, state = space.w, space.run, space.tape, len(carried)
    noted, order = tape[:, state:], range(len(tape))[:: -1 if backward else 1]

    def play() -> None:
        for t in order:
            for rows, target in copies:
                target[:] = rows[t]
            tape[t, :state] = carried
            run()
            noted[t] = w[notes]
            carried[:] = w[news]

    return play
