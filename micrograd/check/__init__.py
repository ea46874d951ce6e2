"""Is a gradient right, and where does a nan come from?

gradients       `check_gradients` compares a gradient with finite differences
differences     finite differences, extrapolated, with an estimate of their error
why             `why_nan` names the first node that made a nan, `recording` the line of code
"""

from __future__ import annotations

from micrograd.check.gradients import check_gradients
from micrograd.check.why import recording, why_nan
from micrograd.messages.counterparts import absent

__all__ = ["check_gradients", "recording", "why_nan"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
