"""Pictures of computation graphs and networks: `draw`, and `explore`, the picture one can play with.

drawn           `draw`
look            colours, type, sizes; what a picture is before it is laid out
typography      text in pictures
picture         what `draw` returns
views/          what a picture shows
layouts/        where it stands: `dot` and our own, and how it is written
explorer/       the page with a player
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
