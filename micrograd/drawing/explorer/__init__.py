"""`explore`: a page that plays a graph forward and backward, live, without a kernel.

page            the page
scene           what the page knows of the graph
questions       the quiz
folding         what folded boxes stand for
javascript      rows of the table of primitives in its language

In `player` are the scripts and the style of the page, a file for each of its parts, put one behind the other: `explore`
is the player itself, `walk` what goes forward and backward through any graph; numbers only are in `backward`,
`timeline` and `descent`.
"""

from __future__ import annotations

from micrograd.drawing.explorer.page import Explorer, explore
from micrograd.messages.counterparts import absent

__all__ = ["Explorer", "explore"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
