"""Models with a loop over time, whose exports are loops: from the scalar graph, step by step, and not an array program.

functions       `with_loops`, `LoopFunctions`: the functions of a module
blocks          a scalar graph with loops as statements
runs            statements that go on regularly as loops
"""

from __future__ import annotations

from micrograd.exporting.stepwise.functions import LoopFunctions, with_loops

__all__ = ["LoopFunctions", "with_loops"]
