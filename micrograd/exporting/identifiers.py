"""Names that are good in every language alike, no two the same.

label       what a user called a value: any string at all
"""

from __future__ import annotations

import re

from micrograd.exporting.words import harmless, reserved
from micrograd.notation.signs import COMMANDS, LOWERED, parts


def identifier(label: str) -> str:
    """A label as a name in ASCII; "" if nothing is left of it.

    >>> [identifier(label) for label in ("ŷ", "σ_2", "w₁₂", "learning rate", "2x", "∂", "a -> b")]
    ['yhat', 'sigma_2', 'w12', 'learning_rate', '_2x', '', 'a_b']
    """
    found = parts(label)
    if found is not None:
        letter, accent, index, mark = found
        label = COMMANDS.get(letter, letter).lstrip("\\") + accent + index.translate(LOWERED)
    name = re.sub("[^0-9A-Za-z]+", "_", label)
    if not name.strip("_"):
        return ""
    return "_" + name if name[0].isdigit() else name


class Identifiers:
    """Gives out names. None begins with the first that is taken, as other functions and tables of a module do.

    >>> names = Identifiers("model")
    >>> names.take("x"), names.take("x"), names.take("lambda"), names.numbered("v"), names.numbered("v")
    ('x', 'x_2', 'lambda_2', 'v1', 'v2')
    """

    def __init__(self, *taken: str) -> None:
        self.taken, self.prefix = {*taken}, harmless(f"{taken[0]}_")
        self.counts: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """The name wished for, with a number if it is taken."""
        name, count = harmless(wish), 1
        name = f"_{name}" if name.startswith(self.prefix) else name
        stem = name.rstrip("_")
        while name in self.taken or reserved(name):
            count += 1
            name = f"{stem}_{count}"
        self.taken.add(name)
        return name

    def numbered(self, letter: str) -> str:
        """The next of v1, v2, …"""
        while True:
            self.counts[letter] = self.counts.get(letter, 0) + 1
            name = f"{letter}{self.counts[letter]}"
            if name not in self.taken:
                self.taken.add(name)
                return name
