"""`UpdateRule`: a step that is plain arithmetic on one parameter, or on an array of them, alike bit for bit.

`update(step, p, g, state)` takes the number of the step (0, 1, …), parameters, their gradients and the state, and
returns new parameters and a new state.

    p, g        parameters and their gradients: floats, or NumPy arrays of one shape
    state       None at first, then a tuple of moments
    moment      a running mean (of gradients, of their squares), of the shape of p
    lr          learning rate: a number, or a function of the step (a schedule)
"""

from __future__ import annotations

from micrograd.dispatch import number
from micrograd.expect import at_least_zero, positive
from micrograd.optim.optimizer import WithoutParameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.engine import Value
    from micrograd.optim.schedules import Rate


class UpdateRule(WithoutParameters):
    """What all rules share: the learning rate, the count of steps, and the state of all parameters.

    A rule of your own derives from it, names its moments and defines `update`. Compiled training gives it all
    parameters as one array, eager training one float after the other: so it has no `if` on p or g, and multiplies
    comparisons by 1.0, since NumPy subtracts no bools. With `on_arrays = False` it gets floats alone, at some cost.
    A rule that is arithmetic, comparisons and roots, and asks for no number of p or g, is read: run once on symbols, it
    becomes part of the compiled program, to the same bits; what depends on the step alone stays Python's.
    `print(trainer.objective)` tells whether, and else why.

    >>> from micrograd import Value
    >>> class SignDescent(UpdateRule):
    ...     def update(self, step, p, g, state):
    ...         return p - self.rate(step) * (1.0 * (g > 0.0) - 1.0 * (g < 0.0)), ()
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SignDescent(lr=0.25).step([w])
    >>> w.data
    0.75
    """

    on_arrays = True

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

        >>> from micrograd.optim import SGD, Adam
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
