"""Pictures of computation graphs and networks: `draw`, and `explore`, the picture one can play with.

drawn           `draw`
look            colours, type, sizes; what a picture is before it is laid out
typography      text in pictures
picture         what `draw` returns
views/          what a picture shows
layouts/        where it stands: `dot` and our own, and how it is written
explorer/       the page with a player

A label on its way from `Value(…, label="w1")` to the page: `draw` (drawn) lets `read_graph` (views.reading) number the
nodes and find their names, no two of which look alike (notation.naming), a view, such as `full` (views.boxes), makes a
Diagram of boxes and edges, in which `typeset` (notation.signs) writes w₁; a Picture has it laid out when it is asked
(layouts.dot, or layouts.layered where `dot` is not there or does worse), and `svg_of` (layouts.svg) writes it down.
"""

from __future__ import annotations

from micrograd.drawing.drawn import draw, draw_dot
from micrograd.drawing.explorer import Explorer, explore
from micrograd.drawing.picture import Picture
from micrograd.messages.counterparts import absent

__all__ = ["Explorer", "Picture", "draw", "draw_dot", "explore"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
