"""Losses of one sample, and penalties on the parameters: Values in, a Value out, stable for huge inputs.

    prediction      what the model returned: a Value, or a list of Values
    target          what it should have returned
    logit           a score before the sigmoid or softmax
"""
from __future__ import annotations

from micrograd.functions import abs, relu, softplus
from micrograd.vectors import dot, logsumexp, total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def is_sequence(x: Any) -> bool:
    """Whether x holds several numbers or Values."""
    return hasattr(x, "__len__") and not isinstance(x, str)


def one_logit(prediction: Any, loss: str) -> Any:
    """The single output of a model, bare or in a list of one; ValueError for more."""
    if not is_sequence(prediction):
        return prediction
    if len(prediction) != 1:
        raise ValueError(f"{loss} expects a model with one output, got {len(prediction)}")
    return prediction[0]


def squared_error(prediction: Any, target: Any) -> Any:
    """(ŷ − y)²; for several outputs the sum over them. ValueError if their numbers differ.

    >>> squared_error(3.0, 1.0), squared_error([1.0, 2.0], [0.0, 0.0])
    (4.0, 5.0)
    """
    if not is_sequence(target):
        return (one_logit(prediction, "squared_error with one target") - target) ** 2
    outputs = prediction if is_sequence(prediction) else [prediction]
    if len(outputs) != len(target):
        raise ValueError(f"squared_error expects a target an output, got {len(outputs)} outputs, {len(target)} targets")
    return total([(p - y) ** 2 for p, y in zip(outputs, target)])


def hinge(prediction: Any, target: Any) -> Any:
    """max(0, 1 − y·score) for a class y of −1 or 1, as in support vector machines (Cortes and Vapnik 1995).

    ValueError for any other target.

    >>> hinge(0.25, 1.0), hinge(2.0, 1.0)
    (0.75, 0.0)
    """
    if target not in (-1, 1):
        raise ValueError(f"hinge expects a target of -1 or 1, got {target!r}; classes 0 and 1 become 2*y - 1")
    return relu(1.0 - float(target) * one_logit(prediction, "hinge"))


def binary_cross_entropy(prediction: Any, target: Any) -> Any:
    """−y log σ(s) − (1 − y) log(1 − σ(s)) from a logit s, for a target y from 0 to 1. ValueError for other targets.

    Written as softplus(s) − y·s, which neither overflows nor loses digits.

    >>> binary_cross_entropy(1000.0, 1.0), binary_cross_entropy(1000.0, 0.0)
    (0.0, 1000.0)
    """
    if not 0 <= target <= 1:
        raise ValueError(f"binary_cross_entropy expects a target from 0 to 1, got {target!r}; "
                         "classes -1 and 1 become (y + 1) / 2")  # fmt: skip
    logit = one_logit(prediction, "binary_cross_entropy")
    if target == 1:
        return softplus(-logit)  # softplus(s) − s without the cancellation
    return softplus(logit) - float(target) * logit if target else softplus(logit)


def cross_entropy(prediction: Sequence[Any], target: Any) -> Any:
    """−Σ pᵢ log softmax(s)ᵢ from logits s; the target is a class number 0, 1, …, or a list of probabilities pᵢ.

    ValueError for a class that does not exist, for probabilities of a wrong number, below 0 or not of sum 1.

    >>> cross_entropy([1000.0, 0.0], 0), cross_entropy([1000.0, 0.0], [0.0, 1.0])
    (0.0, 1000.0)
    """
    if not is_sequence(prediction) or len(prediction) < 2:
        raise ValueError("cross_entropy expects at least two outputs; for one output use binary_cross_entropy")
    if not is_sequence(target):
        if not (0 <= target < len(prediction) and target == int(target)):
            raise ValueError(f"cross_entropy expects a class from 0 to {len(prediction) - 1}, got {target!r}")
        return logsumexp(prediction) - prediction[int(target)]
    if len(target) != len(prediction):
        raise ValueError(f"cross_entropy expects {len(prediction)} probabilities, one per output, got {len(target)}")
    if min(target) < 0 or not -1e-6 < sum(target) - 1.0 < 1e-6:
        raise ValueError(f"cross_entropy expects probabilities of at least 0 with sum 1, got {list(target)}")
    return logsumexp(prediction) - dot([float(p) for p in target], prediction)


def strength_of(strength: float) -> float:
    """The strength of a penalty as a float; ValueError below 0."""
    if not strength >= 0.0:
        raise ValueError(f"expected a strength of at least 0, got {strength!r}")
    return float(strength)


def l2(strength: float) -> Callable[[Sequence[Any]], Any]:
    """The penalty strength · Σ w² on the parameters (ridge, weight decay).

    >>> l2(0.5)([1.0, 2.0])
    2.5
    """
    factor = strength_of(strength)
    return lambda parameters: factor * total([p * p for p in parameters])


def l1(strength: float) -> Callable[[Sequence[Any]], Any]:
    """The penalty strength · Σ |w| on the parameters (lasso).

    >>> l1(0.5)([1.0, -2.0])
    1.5
    """
    factor = strength_of(strength)
    return lambda parameters: factor * total([abs(p) for p in parameters])
