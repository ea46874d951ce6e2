"""Python, of which an export needs the standard library only.

code            an export
lists           arrays that are written as a whole
vocabulary      what Python calls the rows of the table, with those that `math` lacks
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
