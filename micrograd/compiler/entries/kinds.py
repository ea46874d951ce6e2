"""What an entry computes: one row of the table, a pair of rows, or a sum of any length.

A pair is a row one of whose operands is another row, whose result nobody else reads; it has three operands at most.
"""

from __future__ import annotations

from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

MOST_OPERANDS = 3
MOST_QUICK = 10  # the highest cost of a row that takes about as long as to fetch its operands


class Kind:
    """A row; with `inside`, that of a pair: operand `at` of the row is the row inside, whose operands come first.

    >>> print(Kind("add", "mul", 1))
    add(·, mul(·, ·))
    """

    __slots__ = ("at", "inside", "operands", "row")

    def __init__(self, row: str, inside: str = "", at: int = 0) -> None:
        self.row, self.inside, self.at = row, inside, at
        self.operands = 0 if row == SUM else arity(row) + (arity(inside) - 1 if inside else 0)

    @property
    def key(self) -> tuple[str, str, int]:
        """Equal for kinds that compute the same."""
        return self.row, self.inside, self.at

    @property
    def costly(self) -> bool:
        """Whether it takes much longer than to fetch its operands."""
        return self.row != SUM and find(self.row).cost > MOST_QUICK

    def of(self, apply: Callable[[str, Sequence[Any]], Any], operands: Sequence[Any]) -> Any:
        """What it computes of operands, where `apply` computes a row."""
        if not self.inside:
            return apply(self.row, operands)
        count = arity(self.inside)
        outer = [*operands[count:]]
        outer.insert(self.at, apply(self.inside, operands[:count]))
        return apply(self.row, outer)

    def __str__(self) -> str:
        return self.row if self.row == SUM else self.spelled(["·"] * self.operands)

    def spelled(self, operands: Sequence[str]) -> str:
        """It, of operands that are texts."""
        text: str = self.of(lambda row, texts: f"{row}({', '.join(texts)})", operands)
        return text


SUM = "sum"  # of terms, in any order


def arity(row: str) -> int:
    """How many operands a row has; ValueError if they are more than an entry holds."""
    count = len(find(row).partials)
    if count > MOST_OPERANDS:
        raise ValueError(f"expected a primitive of at most {MOST_OPERANDS} operands, got {row}, which has {count}")
    return count


def is_pair(row: str, inside: str) -> bool:
    """Whether one entry may make both: arithmetic alone, since functions are quicker many at a time, in groups."""
    return is_arithmetic(row) and is_arithmetic(inside) and arity(row) + arity(inside) > 2


def is_arithmetic(row: str) -> bool:
    """Whether a row is quick, and neither a choice nor made of others."""
    op = None if row == SUM else find(row)
    return op is not None and op.cost <= MOST_QUICK and not (op.comparison or op.selects or op.definition)
