"""The published update rules, each with its formula; `update_rule` says what a rule is.

A rule added here is a class, with an example, and its name in the package's `__init__`: an import, and in `__all__`.
In `tests/test_optim.py` the published algorithm is written down once more, and both have a line in RULES.
"""

from __future__ import annotations

import math

from micrograd.expect import at_least_zero, below_one, positive
from micrograd.optim.schedules import of_step_alone
from micrograd.optim.update_rule import UpdateRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.optim.schedules import Rate


def root(x: Any) -> Any:
    """The square root of a float or an array, rounded correctly for both."""
    if x.__class__ is float:
        return math.sqrt(x)
    import numpy

    return numpy.sqrt(x)


def foreseen(optimizer: Any) -> bool:
    """Whether what an optimiser does is known before its steps: one of these, at a rate by the step alone.

    A rule or a schedule of the user's may look at what became of the training so far.
    """
    ours = optimizer.__class__.__module__ == __name__ and not {"rate", "update"} & vars(optimizer).keys()
    return ours and of_step_alone(optimizer.lr)


class SGD(UpdateRule):
    """Stochastic gradient descent, p ← p − lr·g; with momentum μ: v ← μ·v + g, p ← p − lr·v.

    With `nesterov=True` the step looks ahead, p ← p − lr·(g + μ·v) (Sutskever et al. 2013, as PyTorch writes it).
    lr is a number above 0 or a function of the step. ValueError for a rate or momentum out of range.

    >>> from micrograd import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD(lr=0.1).step([w])
    >>> w.data
    0.8
    """

    def __init__(self, lr: Rate = 0.01, *, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.momentum, self.nesterov = below_one(momentum, "a momentum"), nesterov
        if nesterov and self.momentum == 0.0:
            raise ValueError("nesterov=True needs a momentum above 0")
        super().__init__(lr)

    def moments(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        if self.momentum == 0.0:
            return p - self.rate(step) * g, ()
        velocity = self.momentum * state[0] + g if state else 1.0 * g  # a copy: g may be a buffer that is used again
        direction = g + self.momentum * velocity if self.nesterov else velocity
        return p - self.rate(step) * direction, (velocity,)

    def settings(self) -> str:
        momentum = f", momentum={self.momentum:g}" if self.momentum else ""
        return momentum + (", nesterov=True" if self.nesterov else "")


class Adam(UpdateRule):
    """Adam (Kingma and Ba 2015, algorithm 1): steps of about lr in every parameter, whatever the size of its gradient.

    m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← p − lr · m̂ / (√v̂ + ε),
    with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ) at the t-th step. ValueError for settings out of range.

    It is computed as p − (lr · s / (1 − β₁ᵗ)) · m / (√v + s·ε) with s = √(1 − β₂ᵗ), which is the same with one division
    for a parameter (the paper's section 2).

    >>> from micrograd import Value
    >>> w = Value(1.0)
    >>> (100.0 * w * w).backward()
    >>> Adam(lr=0.1).step([w])
    >>> print(f"{w:.6f}")
    0.900000
    """

    def __init__(self, lr: Rate = 0.001, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta1, self.beta2 = below_one(beta1, "beta1"), below_one(beta2, "beta2")
        self.epsilon = positive(epsilon, "an epsilon")
        super().__init__(lr)

    def moments(self) -> tuple[str, ...]:
        return ("mean", "square")

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        mean, square = state or (0.0, 0.0)
        mean = self.beta1 * mean + (1.0 - self.beta1) * g
        square = self.beta2 * square + (1.0 - self.beta2) * (g * g)
        scale = root(1.0 - self.beta2 ** (step + 1))
        size = self.rate(step) * scale / (1.0 - self.beta1 ** (step + 1))
        return p - size * (mean / (root(square) + scale * self.epsilon)), (mean, square)

    def settings(self) -> str:
        return f", beta1={self.beta1:g}, beta2={self.beta2:g}, epsilon={self.epsilon:g}"


class AdamW(Adam):
    """Adam with decoupled weight decay λ (Loshchilov and Hutter 2019, algorithm 2): p ← p − lr·λ·p beside Adam's step.

    All parameters decay, biases too. An `l2` penalty instead would pass through Adam's scaling, which weakens it where
    gradients are large.

    >>> from micrograd import Value
    >>> w = Value(1.0)
    >>> AdamW(lr=0.1, weight_decay=0.5).step([w])
    >>> w.data
    0.95
    """

    def __init__(
        self,
        lr: Rate = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        self.weight_decay = at_least_zero(weight_decay, "a weight decay")
        super().__init__(lr, beta1=beta1, beta2=beta2, epsilon=epsilon)

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        return super().update(step, p - self.rate(step) * self.weight_decay * p, g, state)

    def settings(self) -> str:
        return f"{super().settings()}, weight_decay={self.weight_decay:g}"


class RMSProp(UpdateRule):
    """RMSProp (Tieleman and Hinton 2012, lecture 6e): v ← ρ·v + (1 − ρ)·g², p ← p − lr·g / (√v + ε).

    With momentum μ, as in PyTorch: b ← μ·b + g / (√v + ε), p ← p − lr·b. ValueError for settings out of range.

    >>> from micrograd import Value
    >>> w = Value(1.0)
    >>> (100.0 * w * w).backward()
    >>> RMSProp(lr=0.1, decay=0.75).step([w])
    >>> print(f"{w:.6f}")
    0.800000
    """

    def __init__(self, lr: Rate = 0.01, *, decay: float = 0.99, momentum: float = 0.0, epsilon: float = 1e-8) -> None:
        self.decay, self.momentum = below_one(decay, "a decay"), below_one(momentum, "a momentum")
        self.epsilon = positive(epsilon, "an epsilon")
        super().__init__(lr)

    def moments(self) -> tuple[str, ...]:
        return ("square", "velocity") if self.momentum else ("square",)

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        square, *velocity = state or (0.0, 0.0)
        square = self.decay * square + (1.0 - self.decay) * (g * g)
        scaled = g / (root(square) + self.epsilon)
        if self.momentum == 0.0:
            return p - self.rate(step) * scaled, (square,)
        moved = self.momentum * velocity[0] + scaled
        return p - self.rate(step) * moved, (square, moved)

    def settings(self) -> str:
        momentum = f", momentum={self.momentum:g}" if self.momentum else ""
        return f", decay={self.decay:g}{momentum}, epsilon={self.epsilon:g}"
