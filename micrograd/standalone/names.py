"""Names that are good in Python and in C alike, no two the same.

label       what a user called a value: any string at all
"""
from __future__ import annotations

from micrograd.notation import COMMANDS, LOWERED, parts
from micrograd.ops import TABLE

C_WORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool main "
    "fabs nearbyint INFINITY NAN"
)
PYTHON_WORDS = (
    "False None True and as assert async await break class continue def del elif else except finally for from global "
    "if import in is lambda nonlocal not or pass raise return try while with yield math inf nan len zip ValueError"
)
OURS = "affine out total i j"
RESERVED = frozenset([*C_WORDS.split(), *PYTHON_WORDS.split(), *OURS.split(), *TABLE])


def identifier(label: str) -> str:
    """A label as a name in ASCII; "" if nothing is left of it.

    >>> [identifier(label) for label in ("ŷ", "σ_2", "w₁₂", "learning rate", "2x", "∂")]
    ['yhat', 'sigma_2', 'w12', 'learning_rate', '_2x', '']
    """
    found = parts(label)
    if found is not None:
        letter, accent, index, mark = found
        label = COMMANDS.get(letter, letter).lstrip("\\") + accent + index.translate(LOWERED)
    name = "".join([c if c.isascii() and c.isalnum() else "_" for c in label])
    if not name.strip("_"):
        return ""
    return "_" + name if name[0].isdigit() else name


class Names:
    """Gives out names.

    >>> names = Names("model")
    >>> names.take("x"), names.take("x"), names.take("lambda"), names.numbered("v"), names.numbered("v")
    ('x', 'x_2', 'lambda_2', 'v1', 'v2')
    """

    def __init__(self, *taken: str) -> None:
        self.taken = {*RESERVED, *taken}
        self.counts: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """The name wished for, with a number if it is taken."""
        name, count = wish, 1
        while name in self.taken:
            count += 1
            name = f"{wish}_{count}"
        self.taken.add(name)
        return name

    def letters(self, count: int) -> list[str]:
        """Names that nothing else has, for use inside one loop only."""
        found: list[str] = []
        mark = ""
        while len(found) < count:
            found += [letter + mark for letter in "abc" if letter + mark not in self.taken]
            mark += "_"
        return found

    def numbered(self, letter: str) -> str:
        """The next of v1, v2, …"""
        while True:
            self.counts[letter] = self.counts.get(letter, 0) + 1
            name = f"{letter}{self.counts[letter]}"
            if name not in self.taken:
                self.taken.add(name)
                return name
