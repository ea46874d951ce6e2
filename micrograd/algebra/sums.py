"""Linear forms Σ weight · x + bias, whoever writes them down: the summands, and the weight of a product.

summand     what a sum adds up; a partial sum that is taken apart is none
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def summands(top: int, operands: Any, opens: Callable[[int, int], bool]) -> Iterator[tuple[int, int, bool]]:
    """The summands of a sum as places (node, k): operand k of node; from the right to the left.

    operands        node -> its operands
    opens(node, k)  whether operand k of node is a partial sum to be taken apart; such a place comes too, with True,
                    before what stands in it

    >>> list(summands(2, {2: (1, "c"), 1: ("a", "b")}, lambda node, k: (node, k) == (2, 0)))
    [(2, 1, False), (2, 0, True), (1, 1, False), (1, 0, False)]
    """
    waiting = [(top, 0), (top, 1)]
    while waiting:
        node, k = waiting.pop()
        opened = opens(node, k)
        yield node, k, opened
        if opened:
            x = operands[node][k]
            waiting += [(x, 0), (x, 1)]


def weighted(factors: tuple[Any, Any], weighs: Callable[[Any, Any], bool]) -> int | None:
    """The place of x in a product of a weight and x, of which weighs(weight, x) holds; the first factor is tried first.

    None if neither is a weight.

    >>> weighted((2.0, "x"), lambda weight, x: weight == 2.0)
    1
    """
    a, b = factors
    return 1 if weighs(a, b) else 0 if weighs(b, a) else None
