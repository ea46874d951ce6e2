"""Descent: many steps of an optimiser on a program's gradient in one call.

rule            the update rule of an optimiser as a graph
descent         the steps, as many as one call takes
loop            calls until they are done
program         on the samples of a program
"""

from __future__ import annotations

from micrograd.compiler.descent.descent import Descent, Steps
from micrograd.compiler.descent.program import descent_of

__all__ = ["Descent", "Steps", "descent_of"]
