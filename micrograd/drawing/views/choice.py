"""The views of a graph, and which of them suits it.

A view more is a function Reading -> Diagram in a file of its own, and its line in VIEWS.
"""

from __future__ import annotations

from micrograd.drawing.look import Diagram, make_room, weigh
from micrograd.drawing.typography import plural
from micrograd.drawing.views.boxes import full, name
from micrograd.drawing.views.collapsed import collapsed
from micrograd.drawing.views.fused import fused
from micrograd.drawing.views.reading import Reading

VIEWS = {"full": full, "fused": fused, "collapsed": collapsed}
MOST_FULL, MOST_FUSED = 60, 150  # values that auto draws one by one, and with sums folded; reading ends about there
MOST_DRAWN = 20_000  # beyond, a picture of single values would be of no use to anyone, and slow to open


def suiting(size: int) -> str:
    """The view that suits a graph of so many values."""
    return "full" if size <= MOST_FULL else "fused" if size <= MOST_FUSED else "collapsed"


def view_of(graph: Reading, view: str, direction: str) -> Diagram:
    """The diagram of a graph in the view of that name, or in the one that suits its size: "auto"."""
    size = len(graph)
    view = suiting(size) if view == "auto" else view
    if size > MOST_DRAWN and view != "collapsed":
        diagram = collapsed(graph)
        diagram.caption += f" · view={view!r} draws up to {MOST_DRAWN:,} values"
    else:
        diagram = VIEWS[view](graph)
    diagram.title, diagram.direction = title(graph), direction
    weigh(diagram.edges)
    make_room(diagram)
    return diagram


def title(graph: Reading) -> str:
    """The graph in a few words."""
    called = name(graph, len(graph) - 1)
    return f"Computation graph{' of ' + called if called else ''}, {plural(len(graph), 'value')}"
