"""`Optimizer`: what a Trainer asks of an optimiser, of ours and of one by hand.

p, g        parameters and their gradients: Values with `data` and `grad`, or two arrays of one shape
"""

from __future__ import annotations

from micrograd.messages.help import Constructor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.engine import Value


class Optimizer:
    """Moves parameters to where an objective is smaller: by steps, or by minimising the objective itself.

    minimises   whether it drives the loop itself, by `minimise` on the whole dataset; else a Trainer does, and asks for
                a step with the gradient of every batch
    on_arrays   whether it has `advance`, the step on arrays that a compiled training takes; else `step` alone is asked
    count       of how many parameters it keeps a state; 0 where it keeps none

    A rule that treats all parameters alike derives from `optim.UpdateRule`, and defines `update` alone. Any other
    derives from this class and defines `step` or `minimise`, `reset` if there is something to forget, and `to_state`
    and `from_state` if it is to go on from files. An object of another class with `reset`, and `step` or `minimise`, is
    taken too. Here is the rule of Gauss and Southwell, which moves the parameter of the largest slope:

    >>> from micrograd import Trainer, Value, losses
    >>> class Steepest(Optimizer):
    ...     def step(self, parameters):
    ...         p = max(parameters, key=lambda p: abs(p.grad))
    ...         p.data -= 0.1 * p.grad
    >>> w, b = Value(0.0), Value(0.0)
    >>> trainer = Trainer(lambda row: w * row[0] + b, losses.squared_error, Steepest(), parameters=[w, b])
    >>> history = trainer.fit([-1.0, 1.0], [-1.0, 5.0], epochs=99)
    >>> print(f"{w:.4f} {b:.4f}")
    3.0000 2.0000
    """

    minimises = False
    on_arrays = False
    count = 0

    def reset(self) -> None:
        """Forget all steps."""

    def step(self, parameters: Sequence[Value]) -> None:
        """Change the data of the parameters by their gradients. ValueError for a wrong number of parameters."""
        raise NotImplementedError(f"{type(self).__name__} does not define step")

    def advance(self, p: Any, g: Any) -> Any:
        """The same step on arrays: a new array in place of p, the numbers of all parameters, whose gradient is g."""
        raise NotImplementedError(f"{type(self).__name__} does not define advance")

    def minimise(
        self,
        objective: Callable[[Any], tuple[float, Any]],
        start: Any,
        iterations: int = 100,
        report: Callable[[int, Any, float], Any] | None = None,
    ) -> Any:
        """The parameters, an array (p,), after at most so many iterations from `start`.

        objective gives value and gradient, (p,), at an array (p,). After each iteration, counted from 1,
        report(iteration, parameters, value) is called; a true answer ends the search. NotFinite where the objective
        is not finite; ValueError for a wrong start or gradient.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define minimise")

    def to_state(self) -> dict[str, Any]:
        """All that `from_state` needs to go on bit for bit, in plain JSON types."""
        raise NotImplementedError(f"{type(self).__name__} does not define to_state: it cannot be saved")

    def from_state(self, state: Any) -> None:
        """Go on from what `to_state` gave. ValueError or TypeError for anything else, and nothing changes."""
        raise NotImplementedError(f"{type(self).__name__} does not define from_state: it cannot be loaded")

    def snapshot(self) -> Any:
        """What a step changes, for `go_back`: all attributes. No step changes them in place."""
        return self.__dict__.copy()

    def go_back(self, snapshot: Any) -> None:
        """Undo a step that was interrupted."""
        self.__dict__.update(snapshot)


class NotFinite(ArithmeticError):
    """The objective is not finite at the start of a search, or wherever it tries to go on from some point.

    point       the last that was tried, an array (p,)
    """

    def __init__(self, message: str, point: Any) -> None:
        super().__init__(message)
        self.point = point


class WithoutParameters(Optimizer):
    """What all of ours share: no parameters are given when they are made, since the Trainer has them. TypeError."""

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


class ByHand(Optimizer):
    """An object that has some of the methods of an Optimizer, as one."""

    def __init__(self, given: Any) -> None:
        self.given = given
        self.minimises, self.on_arrays = hasattr(given, "minimise"), hasattr(given, "advance")
        for name in ("reset", "step", "advance", "minimise", "to_state", "from_state"):
            if hasattr(given, name):
                setattr(self, name, getattr(given, name))

    @property
    def count(self) -> int:  # type: ignore[override]
        return getattr(self.given, "count", 0)

    def snapshot(self) -> Any:
        return dict(getattr(self.given, "__dict__", {}))

    def go_back(self, snapshot: Any) -> None:
        getattr(self.given, "__dict__", {}).update(snapshot)

    def __repr__(self) -> str:
        return repr(self.given)


def is_model(x: Any) -> bool:
    """Whether x is a model, or a list of its parameters, where only numbers and schedules are wanted."""
    several = hasattr(x, "__iter__") and getattr(x, "shape", None) != () and not isinstance(x, str)
    return several or hasattr(x, "parameters")
