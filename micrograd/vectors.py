"""Functions of several scalars, composed of rows and numerically stable: dot, mean, logsumexp, softmax.

They take Values, floats or a mixture, and give Values as soon as one argument is a Value.
"""
from __future__ import annotations

from micrograd.dispatch import number
from micrograd.functions import detach, div, exp, inf, log, maximum, where

__all__ = ["dot", "logsumexp", "mean", "softmax"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from micrograd.signatures import Operand


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

    Its derivative is the softmax. -inf if all xᵢ are -inf.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    items = listed(values, "logsumexp")
    largest = shift(items)
    return largest + log(total([exp(x - largest) for x in items]))


def softmax(values: Iterable[Operand]) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ) for each i, without overflow.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    items = listed(values, "softmax")
    largest = shift(items)
    weights = [exp(x - largest) for x in items]
    whole = total(weights)
    return [div(w, whole) for w in weights]


def shift(items: list[Any]) -> Any:
    """The largest item, detached: taking it out of an exponential changes no derivative. 0.0 where it is infinite."""
    largest = items[0]
    for x in items[1:]:
        largest = maximum(largest, x)
    return detach(where(abs(largest) < inf, largest, 0.0))
