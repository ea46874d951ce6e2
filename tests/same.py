"""Whether numbers are the same: what every test means by the word.

same    the same bits: 0.0 is not -0.0, but nan is nan, whatever its bits
near    the same, or finite and apart by some units in the last place (ulps) at most; 0.0 is not near -0.0

Numbers are floats, or lists, tuples and arrays of them, which must be as long.
"""

from __future__ import annotations

import math
from struct import pack


def near(found, right, ulps):
    """Whether all numbers are near the right ones."""
    found, right = [x.tolist() if hasattr(x, "tolist") else x for x in (found, right)]
    if isinstance(found, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(found) == len(right) and all(near(a, b, ulps) for a, b in zip(found, right))
    if not isinstance(found, float) or not isinstance(right, float):
        return False
    if pack("d", found) == pack("d", right):
        return True
    if found != found or right != right:
        return found != found and right != right
    if found == right or math.isinf(found) or math.isinf(right):
        return False
    return abs(found - right) <= ulps * math.ulp(max(abs(found), abs(right)))


def same(found, right):
    """Whether all numbers are the same."""
    return near(found, right, 0.0)


def read(derivatives):
    """Derivatives as `grad` has them: it starts from 0, and so has no -0.0 (see `micrograd.edge_cases`)."""
    return [0.0 + x for x in derivatives]
