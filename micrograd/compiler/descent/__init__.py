"""Descent: many steps of an optimiser on a program's gradient in one call.

symbols         what an update rule is run on, to be read
rule            the rule as a graph
reading         both: from an optimiser to its rule
descent         the steps, as many as one call takes
loop            calls until they are done
program         on the samples of a program
"""

from __future__ import annotations

from micrograd.compiler.descent.descent import Descent, Steps
from micrograd.compiler.descent.program import descent_of

__all__ = ["Descent", "Steps", "descent_of"]
