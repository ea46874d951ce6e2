"""Update rules: how one step changes the parameters.

A rule is plain arithmetic on one parameter or on an array of them, alike bit for bit: `update(step, p, g, state)` takes
the number of the step (0, 1, …), parameters, their gradients and the state, and returns new parameters and state.

    p, g        parameters and their gradients: floats, or NumPy arrays of one shape
    state       None at first, then a tuple of moments
    moment      a running mean (of gradients, of their squares), of the shape of p
    lr          learning rate: a number, or a function of the step (a schedule)
"""

from __future__ import annotations

import math

from micrograd.dispatch import number
from micrograd.expect import at_least_zero, below_one, positive
from micrograd.messages.help import Constructor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.engine import Value
    from micrograd.optim.schedules import Rate


def root(x: Any) -> Any:
    """The square root of a float or an array, rounded correctly for both."""
    if x.__class__ is float:
        return math.sqrt(x)
    import numpy

    return numpy.sqrt(x)


def floats(x: Any) -> list[float]:
    """A list or array as a list of floats."""
    return x if isinstance(x, list) else x.tolist()


def moment_read(column: Any, count: int, where: str) -> list[float]:
    """A list of `count` numbers as floats, else ValueError that says where."""
    if not isinstance(column, list) or len(column) != count:
        got = f"{len(column)}" if isinstance(column, list) else type(column).__name__
        raise ValueError(f"{where}: expected a list of {count} numbers, one per parameter, got {got}")
    try:
        return [number(x) for x in column]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None


def is_model(x: Any) -> bool:
    """Whether x is a model, or a list of its parameters, where only numbers and schedules are wanted."""
    several = hasattr(x, "__iter__") and getattr(x, "shape", None) != () and not isinstance(x, str)
    return several or hasattr(x, "parameters")


class Rule:
    """What all optimisers share: the Trainer brings the parameters, so that none are given here."""

    __slots__ = ()

    if not TYPE_CHECKING:  # what a constructor takes is said by __init__, in subclasses too

        def __new__(cls, *given, **settings):
            named = [settings[key] for key in ("params", "parameters") if key in settings]
            if any(is_model(x) for x in (*given, *named)):
                known = cls.__init__.__code__.co_varnames
                shown = ", ".join([f"{key}={value!r}" for key, value in settings.items() if key in known])
                raise TypeError(
                    f"{cls.__name__} takes no parameters: the Trainer has them; write "
                    f"optim.{cls.__name__}({shown}). In a loop of your own they are given to "
                    "step(parameters)"
                )
            return object.__new__(cls)

        __signature__ = Constructor()


class UpdateRule(Rule):
    """What all rules share: the learning rate, the count of steps, and the state of all parameters.

    A rule of your own derives from it, names its moments and defines `update`.

    >>> from micrograd import Value
    >>> class SignDescent(UpdateRule):
    ...     def update(self, step, p, g, state):
    ...         return p - self.rate(step) * ((g > 0.0) - (g < 0.0)), ()
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SignDescent(lr=0.25).step([w])
    >>> w.data
    0.75
    """

    def __init__(self, lr: Rate) -> None:
        self.lr = lr if callable(lr) else positive(lr, "a learning rate")
        self.reset()

    def moments(self) -> tuple[str, ...]:
        """The names of the moments in the state, in order."""
        return ()

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        """The parameters and the state after a step; neither shares memory with g, nor are p and state changed."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def reset(self) -> None:
        """Forget all steps."""
        self.steps, self.count = 0, 0
        self.state: Any = None

    def rate(self, step: int) -> float:
        """The learning rate at a step; ValueError if a schedule gives one below 0, nan or inf."""
        if not callable(self.lr):
            return self.lr
        return at_least_zero(self.lr(step), f"the schedule to give, at step {step}, a learning rate")

    def step(self, parameters: Sequence[Value]) -> None:
        """Change the data of the parameters by their gradients; none of them, if the rule fails.

        ValueError if the number of parameters is not that of the first step.
        """
        self._expect(len(parameters))
        columns = [floats(moment) for moment in self.state or ()]
        states: Any = list(zip(*columns)) if columns else [None] * len(parameters)
        found = [self.update(self.steps, p.data, p.grad, state) for p, state in zip(parameters, states)]
        for p, (data, _) in zip(parameters, found):
            p.data = data
        self.state = tuple([list(column) for column in zip(*[state for _, state in found])])
        self.steps, self.count = self.steps + 1, len(parameters)

    def advance(self, p: Any, g: Any) -> Any:
        """The same step on the array p of all parameters and its gradient g: a new array. The state is kept here."""
        self._expect(len(p))
        if self.state and isinstance(self.state[0], list):
            import numpy

            self.state = tuple([numpy.array(moment, float) for moment in self.state])
        p, self.state = self.update(self.steps, p, g, self.state)
        self.steps, self.count = self.steps + 1, len(p)
        return p

    def _expect(self, count: int) -> None:
        if self.count not in (0, count):
            raise ValueError(f"expected the {self.count} parameters of the first step, got {count}")

    def to_state(self) -> dict[str, Any]:
        """All that `from_state` needs to go on bit for bit, in plain JSON types: rule, steps, parameters, moments.

        Floats survive JSON exactly. The settings (lr, momentum, …) are not part of it.
        """
        names, state = self.moments(), self.state or ()
        if state and len(names) != len(state):
            name = type(self).__name__
            raise TypeError(f"expected moments() of {name} to name all {len(state)} moments, got {names}")
        moments = {name: list(floats(moment)) for name, moment in zip(names, state)}
        return {"rule": type(self).__name__, "steps": self.steps, "parameters": self.count, "moments": moments}

    def from_state(self, state: Any) -> None:
        """Go on from what `to_state` gave. ValueError for anything else, and for a state of another rule.

        >>> SGD().from_state(Adam().to_state())
        Traceback (most recent call last):
        ...
        ValueError: expected the state of SGD, got the state of Adam
        """
        name, keys = type(self).__name__, {"rule", "steps", "parameters", "moments"}
        if not isinstance(state, dict) or set(state) != keys:
            got = ", ".join(sorted(map(str, state))) if isinstance(state, dict) else type(state).__name__
            raise ValueError(f"expected the state of {name}, a dict of {', '.join(sorted(keys))}, got {got[:80]}")
        if state["rule"] != name:
            raise ValueError(f"expected the state of {name}, got the state of {str(state['rule'])[:80]}")
        steps, count, moments = state["steps"], state["parameters"], state["moments"]
        for x in (steps, count):
            if x.__class__ is not int or not 0 <= x < 2**63 or (steps == 0) != (count == 0):
                got = f"{steps!r}, {count!r}"
                raise ValueError(f"expected the state of {name} to count its steps and parameters, got {got[:80]}")
        names = self.moments() if steps else ()
        if not isinstance(moments, dict) or set(moments) != set(names):
            got = ", ".join(sorted(map(str, moments))) if isinstance(moments, dict) else type(moments).__name__
            raise ValueError(
                f"expected the state of {self} to have the moments {', '.join(names) or 'none'}, "
                f"got {got[:80] or 'none'}; make the optimiser with the same settings"
            )
        columns = tuple([moment_read(moments[key], count, f"the moment {key} of {name}") for key in names])
        self.steps, self.count, self.state = steps, count, columns if steps else None

    def settings(self) -> str:
        """What the repr shows after the learning rate."""
        return ""

    def __repr__(self) -> str:
        rate = getattr(self.lr, "__name__", type(self.lr).__name__) if callable(self.lr) else repr(self.lr)
        return f"{type(self).__name__}(lr={rate}{self.settings()})"


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
        unbiased_mean = mean / (1.0 - self.beta1 ** (step + 1))
        unbiased_square = square / (1.0 - self.beta2 ** (step + 1))
        return p - self.rate(step) * (unbiased_mean / (root(unbiased_square) + self.epsilon)), (mean, square)

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
