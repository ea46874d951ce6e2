"""Formulas of Values: `formula`, in text and LaTeX, read off the rows of the table of primitives.

lines           `formula`: one line, or several with names for the parts
expressions     a formula as a small tree of rows
writing         the signs, as text, in a page, in LaTeX
document        what explanations are made of, and how they are shown
"""

from __future__ import annotations

from micrograd.formulas.lines import Formula, formula
from micrograd.messages.counterparts import absent

__all__ = ["Formula", "formula"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
