"""Functions of several scalars, composed of rows and numerically stable: dot, mean, logsumexp, softmax.

They take Values, floats or a mixture, and give Values as soon as one argument is a Value.
"""

from __future__ import annotations

from micrograd.dispatch import number
from micrograd.functions import detach, div, exp, inf, log, maximum, where
from micrograd.messages.counterparts import absent

__all__ = ["dot", "logsumexp", "mean", "softmax"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from micrograd.signatures import Operand
else:
    __getattr__ = absent(__name__)


def listed(values: Iterable[Operand], name: str) -> list[Any]:
    """The values as a list, numbers as floats; ValueError if there are none, TypeError for what is no number."""
    items = [x if hasattr(x, "operate") else number(x) for x in values]
    if not items:
        raise ValueError(f"{name} expects at least one value, got none")
    return items


def total(items: list[Any]) -> Any:
    """The sum of a list that is not empty, left to right, without a stray 0 at its start."""
    result = items[0]
    for x in items[1:]:
        result = result + x
    return result


def dot(xs: Iterable[Operand], ys: Iterable[Operand]) -> Any:
    """Σ xᵢ yᵢ of two sequences of one length; ValueError if the lengths differ or are 0.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    xs, ys = listed(xs, "dot"), listed(ys, "dot")
    if len(xs) != len(ys):
        raise ValueError(f"dot expects two sequences of one length, got {len(xs)} and {len(ys)}")
    return total([x * y for x, y in zip(xs, ys)])


def mean(values: Iterable[Operand]) -> Any:
    """(1/n) Σ xᵢ; ValueError for an empty sequence.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    items = listed(values, "mean")
    return total(items) / float(len(items))


def logsumexp(values: Iterable[Operand]) -> Any:
    """log Σ exp(xᵢ), without overflow: the largest xᵢ is taken out first.

    Its derivative is the softmax, of infinite xᵢ too. -inf if all xᵢ are -inf, nan if one is nan.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    largest, lower = lowered(listed(values, "logsumexp"))
    return largest + log(total([exp(x) for x in lower]))


def softmax(values: Iterable[Operand]) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ) for each i, without overflow.

    Where one xᵢ is inf, it is the limit. Several inf share equally, and so do all if all are -inf: as the same number
    they would, however large, and as `maximum` shares between ties. nan for all if one is nan.

    >>> softmax([1000.0, 1000.0]), softmax([inf, 1.0]), softmax([-inf, 1.0])
    ([0.5, 0.5], [1.0, 0.0], [0.0, 1.0])
    """
    weights = [exp(x) for x in lowered(listed(values, "softmax"))[1]]
    whole = total(weights)
    return [div(w, whole) for w in weights]


def largest_of(items: list[Any]) -> Any:
    """The largest item."""
    largest = items[0]
    for x in items[1:]:
        largest = maximum(largest, x)
    return largest


def shift(items: list[Any]) -> Any:
    """The largest item, detached: taking it out of an exponential changes no derivative. 0.0 where it is infinite."""
    largest = largest_of(items)
    return detach(where(abs(largest) < inf, largest, 0.0))


def lowered(items: list[Any]) -> tuple[Any, list[Any]]:
    """The largest item m and each item minus m, 0 for items that are m, be it infinite.

    m is detached, for taking it out of exponentials changes no derivative; but if it is infinite, those items that are
    m share it, so that log Σ exp, which is then m, has their derivatives.
    """
    largest = detach(largest_of(items))
    finite, infinite = abs(largest) < inf, abs(largest) >= inf  # neither, if it is nan
    threshold = where(finite, inf, largest)
    ties = [x >= threshold for x in items]
    shared = div(total([where(tie, x, 0.0) for tie, x in zip(ties, items)]), total(ties) + finite)
    m = where(infinite, shared, largest)
    return m, [where(tie, 0.0, x - m) for tie, x in zip(ties, items)]
