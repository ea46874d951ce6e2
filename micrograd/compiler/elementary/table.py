"""The formulas by name.

FORMULAS    primitive -> its formula, which takes the arithmetic and the operands
FAR         far_<primitive> -> its formula for arguments that the one above leaves out; see `Arithmetic.unless`
"""

from __future__ import annotations

from micrograd.compiler.elementary import angles, logarithms, powers, real_powers

FORMULAS = {f.__name__: f for f in (*powers.FORMULAS, *logarithms.FORMULAS, *angles.FORMULAS, *real_powers.FORMULAS)}
FAR = {f.__name__: f for f in (*powers.FAR, *logarithms.FAR)}
