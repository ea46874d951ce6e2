"""JavaScript: for exports, and for pages that compute.

code            an export
vocabulary      what it calls the rows of the table; functions.js has those that Math lacks
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
