"""`scan` in code that is traced: a loop whose body is traced once, or None where it has to be unrolled."""

from __future__ import annotations

from itertools import chain

from micrograd.compiler.scalar.loops.loop import Loop, made
from micrograd.vectors import filled, form, numbers_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

FEWEST_STEPS = 8  # of a loop: a shorter one is quicker unrolled


def recorded(
    tracer: Any, placeholder: Callable[[int], Any], f: Callable[..., Any], state: Any, items: Sequence[Any]
) -> Any:
    """(last state, outputs) of a loop whose body is traced once; None where it is better, or has to be, unrolled.

    That is if it is short, if the items differ in their structure, or if the body asks for a number, or makes another
    structure, or an output that has none.
    """
    graph, refused, steps = tracer.graph, tracer.refused, len(items)
    if steps < FEWEST_STEPS:
        return None
    try:
        columns = columns_of(items)
        loop = Loop(steps, graph.step_leaves(len(numbers_in(state))), [], [])
        leaves = graph.step_leaves(len(columns))
        x = items[0] if items[0] is None else filled(items[0], map(placeholder, leaves))
        after, output = f(filled(state, map(placeholder, loop.carried)), x)
        if form(after) != form(state):
            return None
        outputs = [] if output is None else numbers_in(output)
        loop.news = list(map(tracer.node_of, numbers_in(after)))
        loop.outputs = list(map(tracer.node_of, outputs))
        form(0.0 if output is None else output)
    except (TypeError, ValueError):
        tracer.refused = refused  # unrolled, the same code may get a number
        return None
    if tracer.refused is not refused:
        tracer.refused = refused
        return None
    for leaf, column in zip(leaves, columns):
        numbers = all(x.__class__ is float for x in column)
        loop.take(leaf, loop.own(column if numbers else list(map(tracer.node_of, column)), not numbers))
    start = list(map(tracer.node_of, numbers_in(state)))
    node = made(graph, loop, start)
    if steps * len(loop.body) < tracer.loops:
        return None
    count = range(len(outputs))
    last = filled(state, iter([placeholder(graph.item(node, s)) for s in range(len(start))]))
    if output is None:
        return last, [None] * steps
    return last, [
        filled(output, iter([placeholder(graph.item(node, loop.output(t, k))) for k in count])) for t in range(steps)
    ]


def columns_of(items: Sequence[Any]) -> list[list[Any]]:
    """The numbers of the items, one list for each place in them; ValueError if they differ in structure."""
    if items[0] is None:
        if any(x is not None for x in items):
            raise ValueError("expected items of one structure")
        return []
    if set(map(type, items)) == {list} and set(map(type, chain.from_iterable(items))) == {float}:
        several = len(set(map(len, items))) > 1
    else:
        several = len(set(map(form, items))) > 1
    if several:
        raise ValueError("expected items of one structure")
    return [[float(x) if x.__class__ is int else x for x in column] for column in zip(*map(numbers_in, items))]
