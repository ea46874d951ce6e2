"""Update rules: how a step changes the parameters.

A rule is plain arithmetic on one parameter or on an array of them: `update(step, p, g, state)` takes the number of the
step (0, 1, …), a parameter, its gradient and the rule's state for it, and returns the new parameter and state.

    lr      learning rate: a number, or a function of the step (a schedule)
"""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    from micrograd.engine import Value

    Rate = Union[float, Callable[[int], float]]


class SGD:
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
        if not callable(lr) and not 0.0 < lr < float("inf"):
            raise ValueError(f"expected a learning rate above 0, or a function of the step, got {lr!r}")
        if not 0.0 <= momentum < 1.0:
            raise ValueError(f"expected a momentum from 0 to below 1, got {momentum!r}")
        if nesterov and momentum == 0.0:
            raise ValueError("nesterov=True needs a momentum above 0")
        self.lr, self.momentum, self.nesterov = lr, momentum, nesterov
        self.reset()

    def reset(self) -> None:
        """Forget all steps."""
        self.steps = 0
        self.states: list[Any] = []

    def rate(self, step: int) -> float:
        """The learning rate at a step."""
        return float(self.lr(step)) if callable(self.lr) else float(self.lr)

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        """The parameter and the state after a step; p, g, state are floats or arrays; state is None at first."""
        if self.momentum == 0.0:
            return p - self.rate(step) * g, None
        velocity = g if state is None else self.momentum * state + g
        direction = g + self.momentum * velocity if self.nesterov else velocity
        return p - self.rate(step) * direction, velocity

    def step(self, parameters: Sequence[Value]) -> None:
        """Change the data of the parameters by their gradients."""
        if not self.states:
            self.states = [None] * len(parameters)
        if len(self.states) != len(parameters):
            raise ValueError(f"expected the {len(self.states)} parameters of the first step, got {len(parameters)}")
        for i, p in enumerate(parameters):
            p.data, self.states[i] = self.update(self.steps, p.data, p.grad, self.states[i])
        self.steps += 1

    def __repr__(self) -> str:
        momentum = f", momentum={self.momentum:g}" if self.momentum else ""
        nesterov = ", nesterov=True" if self.nesterov else ""
        return f"SGD(lr={self.lr!r}{momentum}{nesterov})"
