"""The vocabulary of JavaScript: what it calls the rows of the table, for pages and for exports alike.

FUNCTIONS   row -> the function that computes it: one of Math's, or one of functions.js, of the row's name. What has a
            sign is written with it; what is left is its definition
"""

from __future__ import annotations

import re
from functools import lru_cache

MATH = "exp expm1 log log1p sqrt sin cos tan asin acos atan atan2 hypot sinh cosh tanh abs"
OURS = "pow copysign round erf"  # in functions.js
FUNCTIONS = {name: f"Math.{name}" for name in MATH.split()} | {name: name for name in OURS.split()}


@lru_cache(maxsize=None)
def ours() -> dict[str, str]:
    """The functions of functions.js by name, each with what stands above it.

    >>> list(ours()) == OURS.split()
    True
    """
    from pathlib import Path

    text = (Path(__file__).parent / "functions.js").read_text(encoding="utf-8")
    blocks = text.strip().split("\n\n")[1:]
    return {re.findall(r"^function (\w+)", block, re.M)[0]: block for block in blocks}


def brought(text: str) -> list[str]:
    """The functions that a text calls and JavaScript lacks, and those that they call.

    >>> [block.splitlines()[0] for block in brought("v1 = Math.exp(x1), v2 = copysign(v1, x2)")]
    ['function copysign(x, y) {']
    >>> len(brought("round(x1)"))
    2
    """
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for name in re.findall(r"(?<![\w.])(\w+)\(", waiting.pop()):
            if name in ours() and name not in found:
                found[name] = ours()[name]
                waiting.append(found[name])
    return list(found.values())
