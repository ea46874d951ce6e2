"""A graph with or without loops, as what is played: `player_for`."""

from __future__ import annotations

from functools import partial

import numpy as np

from micrograd.compiler.backends import player_of
from micrograd.compiler.entries import entries_of
from micrograd.compiler.loops.plan import live, plan_of
from micrograd.compiler.loops.steps import Space, Steps, around, blocks, repeated, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from micrograd.compiler.scalar.graph import Graph


class Straight:
    """A program without loops: what plays its entries."""

    def __init__(self, graph: Graph, leaves: Sequence[int], ends: Sequence[int], backend: str, cache: bool) -> None:
        entries = entries_of(graph, leaves, ends)
        self.player, self.outputs = player_of(entries, backend, cache), entries.outputs

    def workspace(self) -> tuple[np.ndarray, Callable[[], None]]:
        """See `player_of`."""
        workspace: tuple[np.ndarray, Callable[[], None]] = self.player.workspace()
        return workspace


class Looped:
    """A program with loops; `outputs`: where in v its ends stand."""

    def __init__(self, graph: Graph, leaves: Sequence[int], ends: Sequence[int], backend: str, cache: bool) -> None:
        self.plan = plan = plan_of(graph, leaves, ends)
        self.outputs = np.array([plan.slots[end] for end in ends], np.int64)
        made = partial(player_for, graph, backend=backend, cache=cache)
        self.parts = [
            Straight(graph, reads, makes, backend, cache) if makes else None
            for reads, makes in zip(plan.reads, plan.makes)
        ]
        self.steps: dict[int, Steps] = {}
        for node in [node for loops in plan.loops for node in loops]:
            self.steps[node] = Steps(plan, node, self.steps, made)

    def workspace(self) -> tuple[np.ndarray, Callable[[], None]]:
        """See `player_of`."""
        plan = self.plan
        v = np.zeros(len(plan.slots))
        for slot, number in plan.constants:
            v[slot] = number
        spaces = {node: Space(steps) for node, steps in self.steps.items()}
        ready: list[Callable[[], None]] = []
        for part, reads, makes, loops in zip(self.parts, plan.reads, plan.makes, plan.loops):
            if part is not None:
                ready.append(handed_on(part, v, [plan.slots[x] for x in reads], [plan.slots[x] for x in makes]))
            for node in loops:
                steps, space = self.steps[node], spaces[node]
                taken = blocks(steps, self.steps, spaces)
                ready.append(around(steps, space, v, repeated(steps, space, taken)))

        def run() -> None:
            for play in ready:
                play()

        return v, run


def handed_on(part: Straight, v: np.ndarray, reads: list[int], makes: list[int]) -> Callable[[], None]:
    """A function that plays a part: from v and to v."""
    w, play = part.workspace()
    given, read, made, results = w[: len(reads)], where(reads), where(makes), where(part.outputs.tolist())

    def run() -> None:
        given[:] = v[read]
        play()
        v[made] = w[results]

    return run


def player_for(
    graph: Graph, leaves: Sequence[int], ends: Sequence[int], *, backend: str, cache: bool = True
) -> Straight | Looped:
    """What plays a graph: as `player_of` does with entries; `outputs` are the places of the ends in its vector.

    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x = graph.leaf("input", 0)
    >>> player = player_for(graph, [x], [graph.apply("mul", (x, x))], backend="numpy")
    >>> w, run = player.workspace()
    >>> w[0] = 3.0
    >>> run()
    >>> print(w[player.outputs])
    [9.]
    """
    loops = any(node in graph.loops for node in live(graph, leaves, ends)) if graph.loops else False
    return (Looped if loops else Straight)(graph, leaves, ends, backend, cache)
