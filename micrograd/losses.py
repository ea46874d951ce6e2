"""Losses of one sample, and penalties on the parameters: Values in, a Value out, stable for huge inputs.

    prediction      what the model returned: a Value, or a list of Values
    target          what it should have returned: a number or a list of numbers
    outputs         how many outputs the model has
    score           an output of a classifier, any number; logit: a score before the sigmoid or softmax
    symbolic        a Value or a placeholder: its number may change later, so nothing may branch on it

Every loss takes symbolic targets too, unchecked. What else each can do is written down in `Loss`, such as checking the
targets of a whole dataset at once; a loss stands in this file with the check of its targets:

>>> cross_entropy.prepare([2, 0], 3)
[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
>>> hinge.prepare([1, 0], 1)
Traceback (most recent call last):
...
ValueError: y[1]: expected a target of -1 or 1, got 0; classes 0 and 1 become 2*y - 1
"""

from __future__ import annotations

import math
from typing import Protocol

from micrograd.dispatch import number
from micrograd.expect import at_least_zero, positive
from micrograd.functions import abs, exp, log, relu, softplus, where
from micrograd.messages.counterparts import absent
from micrograd.vectors import listed, shift, total

__all__ = [
    "absolute_error",
    "binary_cross_entropy",
    "cross_entropy",
    "hinge",
    "huber",
    "l1",
    "l2",
    "logistic",
    "squared_error",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any
else:
    __getattr__ = absent(__name__)


class Loss(Protocol):
    """A loss of one sample, (prediction, target) -> Value, and what it says of its targets and predictions.

    A plain function is a loss as well: of one without `prepare` targets are taken as they are, and of one without
    `of_logit` predictions are no scores. A loss added here is a function under `prepared_by`, with an example, and its
    name in `__all__`:

    >>> @prepared_by(real)
    ... def log_cosh(prediction, target):
    ...     return total([e + softplus(-2.0 * e) - math.log(2.0) for e in errors(prediction, target, "log_cosh")])
    >>> log_cosh(3.0, 1.0) == math.log(math.cosh(2.0)), log_cosh.prepare([True, 0.5], 1), log_cosh.of_logit
    (True, [1.0, 0.5], False)
    """

    of_logit: bool
    """Whether predictions are scores: 0 lies between two classes, and of several outputs the largest decides."""

    def prepare(self, targets: Iterable[Any], outputs: int) -> list[Any]:
        """The targets of a dataset, each as the loss takes it: a number, or a list of numbers.

        ValueError or TypeError, which names the sample, for a target that the loss of a model with so many outputs does
        not take.
        """

    def __call__(self, prediction: Any, target: Any) -> Any: ...


def prepared(loss: Callable[[Any, Any], Any], targets: list[Any], outputs: int) -> list[Any]:
    """The targets as the loss takes them; see `Loss.prepare`."""
    prepare = getattr(loss, "prepare", None)
    return targets if prepare is None else prepare(targets, outputs)


def of_logit(loss: Any) -> bool:
    """Whether predictions are scores; see `Loss.of_logit`."""
    return bool(getattr(loss, "of_logit", False))


def threshold(loss: Any, low: float, high: float) -> float:
    """The output above which a model with such a loss answers the upper of two classes: 0 for scores, else halfway.

    >>> threshold(hinge, -1.0, 1.0), threshold(squared_error, 0.0, 1.0)
    (0.0, 0.5)
    """
    return 0.0 if of_logit(loss) else (low + high) / 2.0


# Targets


def is_sequence(x: Any) -> bool:
    """Whether x holds several numbers or Values."""
    return hasattr(x, "__len__") and not isinstance(x, str) and getattr(x, "shape", None) != ()


def symbolic(target: Any) -> bool:
    """Whether a target, or one of a list of them, is a Value or a placeholder."""
    if is_sequence(target):
        return any(hasattr(t, "operate") for t in target)
    return hasattr(target, "operate")


def finite(target: Any) -> float:
    """A target as a float; ValueError for nan and inf, TypeError for what is no number."""
    value = number(target)
    if not math.isfinite(value):
        raise ValueError(f"expected a finite target, got {value}")
    return value


def single(target: Any, outputs: int) -> Any:
    """The target of a model with one output, bare or in a list of one; ValueError for more outputs or numbers."""
    if outputs != 1:
        raise ValueError(f"expected a model with one output, got {outputs}; several classes take cross_entropy")
    if not is_sequence(target):
        return target
    if len(target) != 1:
        raise ValueError(f"expected one number, got {len(target)}")
    return target[0]


def real(target: Any, outputs: int) -> Any:
    """A finite number for one output, else a list of one per output."""
    if outputs == 1:
        return finite(single(target, outputs))
    if not is_sequence(target) or len(target) != outputs:
        got = len(target) if is_sequence(target) else repr(target)
        raise ValueError(f"expected {outputs} numbers, one per output, got {got}")
    return [finite(t) for t in target]


def sign(target: Any, outputs: int) -> float:
    """-1.0 or 1.0."""
    value = number(single(target, outputs))
    if value not in (-1.0, 1.0):
        raise ValueError(f"expected a target of -1 or 1, got {value:g}; classes 0 and 1 become 2*y - 1")
    return value


def probability(target: Any, outputs: int) -> float:
    """A number from 0 to 1."""
    value = number(single(target, outputs))
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"expected a target from 0 to 1, got {value:g}; classes -1 and 1 become (y + 1) / 2")
    return value


def distribution(target: Any, outputs: int) -> list[float]:
    """A probability per output; a class number 0, 1, … becomes 1 for this class and 0 for all others."""
    if outputs < 2:
        raise ValueError("expected a model with at least two outputs; for one output use binary_cross_entropy")
    if not is_sequence(target):
        value = number(target)
        if not (0.0 <= value < outputs and value == int(value)):
            raise ValueError(f"expected a class from 0 to {outputs - 1}, got {target!r}")
        one_hot = [0.0] * outputs
        one_hot[int(value)] = 1.0
        return one_hot
    if len(target) != outputs:
        raise ValueError(f"expected {outputs} probabilities, one per output, got {len(target)}")
    row = [number(t) for t in target]
    if not (min(row) >= 0.0 and -1e-6 < sum(row) - 1.0 < 1e-6):
        raise ValueError(f"expected probabilities of at least 0 with sum 1, got {row}")
    return row


def prepared_by(
    check: Callable[[Any, int], Any], *, of_logit: bool = False
) -> Callable[[Callable[[Any, Any], Any]], Loss]:
    """Make a function a `Loss`: `prepare` is the check of every target, with errors that name the sample."""

    def prepare(targets: Iterable[Any], outputs: int) -> list[Any]:
        ready = []
        for i, target in enumerate(targets):
            try:
                ready.append(check(target, outputs))
            except (TypeError, ValueError) as error:
                raise type(error)(f"y[{i}]: {error}") from None
        return ready

    def attached(loss: Any) -> Any:
        loss.prepare, loss.of_logit = prepare, of_logit
        return loss

    return attached


def one_output(prediction: Any, loss: str) -> Any:
    """The single output of a model, bare or in a list of one; ValueError for more."""
    if not is_sequence(prediction):
        return prediction
    if len(prediction) != 1:
        raise ValueError(f"{loss} expects a model with one output, got {len(prediction)}")
    return prediction[0]


# Regression


def errors(prediction: Any, target: Any, loss: str) -> list[Any]:
    """ŷ − y for each output. ValueError if there is not one target per output."""
    if not is_sequence(target):
        return [one_output(prediction, f"{loss} with one target") - target]
    outputs = prediction if is_sequence(prediction) else [prediction]
    if len(outputs) != len(target):
        raise ValueError(f"{loss} expects a target an output, got {len(outputs)} outputs, {len(target)} targets")
    return [p - y for p, y in zip(outputs, target)]


@prepared_by(real)
def squared_error(prediction: Any, target: Any) -> Any:
    """(ŷ − y)²; for several outputs the sum over them. ValueError if their numbers differ.

    >>> squared_error(3.0, 1.0), squared_error([1.0, 2.0], [0.0, 0.0])
    (4.0, 5.0)
    """
    return total([e**2 for e in errors(prediction, target, "squared_error")])


@prepared_by(real)
def absolute_error(prediction: Any, target: Any) -> Any:
    """|ŷ − y|, which minds outliers less; for several outputs the sum over them. ValueError if their numbers differ.

    >>> absolute_error(3.0, 1.0), absolute_error([1.0, 2.0], [0.0, 0.0])
    (2.0, 3.0)
    """
    return total([abs(e) for e in errors(prediction, target, "absolute_error")])


@prepared_by(real)
def huber(prediction: Any, target: Any, *, delta: float = 1.0) -> Any:
    """½e² for an error e = ŷ − y of at most δ, δ·(|e| − ½δ) beyond; for several outputs the sum (Huber 1964).

    ValueError for a delta that is not above 0, or if the numbers of outputs and targets differ.

    >>> huber(0.5, 0.0), huber(3.0, 0.0), huber(3.0, 0.0, delta=2.0)
    (0.125, 2.5, 4.0)
    """
    width = positive(delta, "a delta")
    return total(
        [
            where(abs(e) <= width, 0.5 * (e * e), width * (abs(e) - 0.5 * width))
            for e in errors(prediction, target, "huber")
        ]
    )


# Classification


@prepared_by(sign, of_logit=True)
def hinge(prediction: Any, target: Any) -> Any:
    """max(0, 1 − y·score) for a class y of −1 or 1, as in support vector machines (Cortes and Vapnik 1995).

    ValueError for any other target.

    >>> hinge(0.25, 1.0), hinge(2.0, 1.0)
    (0.75, 0.0)
    """
    score = one_output(prediction, "hinge")
    return relu(1.0 - (target if symbolic(target) else sign(target, 1)) * score)


@prepared_by(sign, of_logit=True)
def logistic(prediction: Any, target: Any) -> Any:
    """log(1 + exp(−y·logit)) for a class y of −1 or 1: binary cross-entropy for these classes.

    ValueError for any other target.

    >>> logistic(1000.0, 1), logistic(1000.0, -1)
    (0.0, 1000.0)
    """
    logit = one_output(prediction, "logistic")
    return softplus(-(target if symbolic(target) else sign(target, 1)) * logit)


@prepared_by(probability, of_logit=True)
def binary_cross_entropy(prediction: Any, target: Any) -> Any:
    """−y log σ(s) − (1 − y) log(1 − σ(s)) from a logit s, for a target y from 0 to 1. ValueError for other targets.

    Written as y·softplus(−s) + (1 − y)·softplus(s), which neither overflows nor cancels.

    >>> binary_cross_entropy(1000.0, 1.0), binary_cross_entropy(1000.0, 0.0)
    (0.0, 1000.0)
    """
    logit = one_output(prediction, "binary_cross_entropy")
    if not symbolic(target):
        target = probability(target, 1)
        if target in (0.0, 1.0):
            return softplus(-logit if target else logit)  # the other term is 0
    return target * softplus(-logit) + (1.0 - target) * softplus(logit)


@prepared_by(distribution, of_logit=True)
def cross_entropy(prediction: Sequence[Any], target: Any) -> Any:
    """−Σ pᵢ log softmax(s)ᵢ from logits s; the target is a class number 0, 1, …, or a list of probabilities pᵢ.

    Written as log Σ exp(sᵢ − m) − Σ pᵢ (sᵢ − m) with m the largest logit, which neither overflows nor loses the digits
    of m. A symbolic target must be a list. ValueError for a class that does not exist, for probabilities of a wrong
    number, below 0 or not of sum 1.

    >>> cross_entropy([1000.0, 0.0], 0), cross_entropy([1000.0, 0.0], [0.0, 1.0])
    (0.0, 1000.0)
    """
    if not is_sequence(prediction) or len(prediction) < 2:
        raise ValueError("cross_entropy expects at least two outputs; for one output use binary_cross_entropy")
    row = probabilities(target, len(prediction))
    logits = listed(prediction, "cross_entropy")
    largest = shift(logits)
    lower = [s - largest for s in logits]
    wanted = [p * s for p, s in zip(row, lower) if symbolic(p) or p]  # a masked logit of -inf with p = 0 gives nothing
    return log(total([exp(s) for s in lower])) - total(wanted)


def probabilities(target: Any, outputs: int) -> Sequence[Any]:
    """The target of `cross_entropy` as a probability per output; unchecked where it is symbolic, but for its length."""
    if not symbolic(target):
        return distribution(target, outputs)
    if not is_sequence(target):
        raise TypeError(
            "cross_entropy cannot choose by a symbolic class: give a list of probabilities, 1.0 for the "
            "class and 0.0 for all others (cross_entropy.prepare makes them)"
        )
    if len(target) != outputs:
        raise ValueError(f"cross_entropy expects {outputs} probabilities, one per output, got {len(target)}")
    row: Sequence[Any] = target
    return row


# Penalties


def l2(strength: float) -> Callable[[Sequence[Any]], Any]:
    """The penalty strength · Σ w² on the parameters (ridge, weight decay).

    >>> l2(0.5)([1.0, 2.0])
    2.5
    """
    factor = at_least_zero(strength, "a strength")
    return lambda parameters: factor * total([p * p for p in listed(parameters, "l2")])


def l1(strength: float) -> Callable[[Sequence[Any]], Any]:
    """The penalty strength · Σ |w| on the parameters (lasso).

    >>> l1(0.5)([1.0, -2.0])
    1.5
    """
    factor = at_least_zero(strength, "a strength")
    return lambda parameters: factor * total([abs(p) for p in listed(parameters, "l1")])
