"""A page of one file on which visitors type scalar code and see it drawn, played, explained, as a formula, and trained.

page            `playground`: the file, put together
archive         the package, packed for the browser's Python
examples        what the page offers to begin with
answers         what the page asks Python
panels          what is shown of a run
training        learning from data
splitting       a loss taken apart: what is predicted, and how it is compared
running         the code on numbers
code            what was typed, read

In `site` are the page's own parts. There Python runs in a worker without network or origin (`room.html`, `worker.js`);
what comes from it is shown as inert elements (`inert.js`), players in frames of their own.
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent
from micrograd.playground.page import PYODIDE, playground

__all__ = ["PYODIDE", "playground"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
