"""Views of a graph: every value, sums of products folded, layers folded; and which of them suits a graph."""

from __future__ import annotations

from micrograd.drawing.look import Diagram, make_room
from micrograd.drawing.typography import count, maths
from micrograd.drawing.views.boxes import value_box, value_edge
from micrograd.drawing.views.collapsed import collapsed
from micrograd.drawing.views.fused import fused
from micrograd.drawing.views.reading import Reading
from micrograd.notation.signs import clean

VIEWS = ("auto", "full", "fused", "collapsed")
MOST_FULL, MOST_FUSED = 60, 150  # values that auto draws one by one, and with sums folded; reading ends about there
MOST_DRAWN = 20_000  # beyond, a picture of single values would be of no use to anyone, and slow to open


def full(graph: Reading) -> Diagram:
    """One box per value, one edge per operand."""
    boxes = [value_box(graph, i) for i in range(len(graph))]
    edges = [
        value_edge(graph, i, k, j, i)
        for i, operands in enumerate(graph.operands)
        for k, j in enumerate(operands)
        if j.__class__ is int
    ]
    return Diagram(boxes, edges, title=title(graph))


def title(graph: Reading) -> str:
    """The graph in a few words."""
    root = len(graph) - 1
    called = clean(maths(graph.names.get(root, "")))
    return f"Computation graph{' of ' + called if called else ''}, {count(root + 1, 'value')}"


def view_of(graph: Reading, view: str, direction: str) -> Diagram:
    """The diagram of a graph in the view of that name."""
    size = len(graph)
    if view == "auto":
        view = "full" if size <= MOST_FULL else "fused" if size <= MOST_FUSED else "collapsed"
    too_many = view != "collapsed" and size > MOST_DRAWN
    if view == "full" and not too_many:
        diagram = full(graph)
    elif view == "fused" and not too_many:
        diagram = fused(graph)
    else:
        diagram = collapsed(graph)
        if too_many:
            diagram.caption += f" · view={view!r} draws up to {MOST_DRAWN:,} values"
    diagram.title, diagram.direction = title(graph), direction
    make_room(diagram)
    return diagram
