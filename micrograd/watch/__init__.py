"""`explore`: a graph to play with, or a page on which a network learns, with the numbers of Python's own training.

exploring       what can be explored, and what is given with it
making          the page, put together
traced          the code of a trainer as the graph of one sample
network         the neurons in it
composed        their functions, where these are no primitives
sample_graph    the graph itself, where it is small
scene           what the page knows
programs        loss, gradient and neurons in JavaScript
rules           update rules in JavaScript
page            the page

In `page/` are its scripts and its style: `watch` is the page, `actions` what one does on it, `layout` where its parts
stand, `keys` those of the keyboard. Its parts: `numbers/`, all that computes; `canvas/`, what drawings share;
`network/`; `stage/`, samples and answers; `bar/`, with settings, time and loss; `explained/`, the next step and the
scalar graph; `address/`, the state of a page.
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent
from micrograd.watch.exploring import explore
from micrograd.watch.page import LearningPage

__all__ = ["LearningPage", "explore"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
