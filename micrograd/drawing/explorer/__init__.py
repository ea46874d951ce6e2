"""`explore`: a page that plays a graph forward and backward, live, without a kernel.

page            the page
javascript      rows of the table of primitives in its language
"""

from __future__ import annotations

from micrograd.drawing.explorer.page import Explorer, explore
from micrograd.messages.counterparts import absent

__all__ = ["Explorer", "explore"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
