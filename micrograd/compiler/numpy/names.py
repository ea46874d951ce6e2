"""The names in the source of a program, and what they stand for."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from micrograd.compiler.numpy.vocabulary import function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.steps import Index


class Names:
    """What the source may say: np, C, which holds arrays, the functions of the primitives in it, and views.

    views       what a view is -> its name
    """

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self.known: dict[str, Any] = {"np": np, "C": self.constants}
        self.views: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()

    def constant(self, value: Any) -> str:
        """A name for an array."""
        self.constants.append(value)
        return f"C[{len(self.constants) - 1}]"

    def view(self, text: str, letter: str = "") -> str:
        """A name for a view of W or U: the letter and a number, or one that says what it is."""
        if text not in self.views:
            name = f"{letter}{self._numbers[letter]}" if letter else re.sub(r"\W+", "_", text).strip("_")
            self._numbers[letter] += 1
            self.views[text] = name
        return self.views[text]

    def call(self, name: str) -> str:
        """A name for the function of a primitive."""
        if name not in self.known:
            self.known[name] = function(name)
        return name

    def places(self, index: Index, *, every: bool = False) -> str:
        """An index as a slice where it is one, else as an array; equal places as one, to broadcast, unless `every`."""
        if index.ndim > 1:
            return self.constant(index)
        first = int(index[0])
        if len(index) == 1 or (not every and (index == first).all()):
            return f"{first}:{first + 1}"
        step = int(index[1]) - first
        if step > 0 and (index[1:] - index[:-1] == step).all():
            return f"{first}:{int(index[-1]) + 1}" + (f":{step}" if step > 1 else "")
        return self.constant(index)
