"""Descent: many steps of an optimiser on a program's gradient in one call.

rule            the update rule of an optimiser as a graph
descent         the steps
"""

from __future__ import annotations

from micrograd.compiler.descent.descent import Descent, Steps, descent_of

__all__ = ["Descent", "Steps", "descent_of"]
