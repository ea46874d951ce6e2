"""L-BFGS: minimises a smooth objective of all parameters at once, through SciPy.

objective   array (p,) of parameters -> (value, gradient array (p,)); the whole dataset, not a batch
"""

from __future__ import annotations

import math
from importlib import import_module

from micrograd.expect import at_least_zero, whole
from micrograd.optim.optimizer import NotFinite, WithoutParameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Function = Callable[[Any], "tuple[float, Any]"]


GAVE_UP = 2  # the status of SciPy's L-BFGS-B where a line search fails


class Stopped(Exception):
    """The report asked for the end."""


class LBFGS(WithoutParameters):
    """Limited-memory BFGS (Liu and Nocedal 1989; SciPy's L-BFGS-B, no bounds), for smooth full-batch problems.

    memory      how many past steps shape the curvature
    tolerance   it ends where no component of the gradient is larger

    It has no learning rate and no `step`: it needs the objective itself. Every `minimise` starts with an empty memory.
    Where a step leads out of the domain of the objective (the logarithm of a scale below 0), a shorter one is tried.

    >>> import numpy
    >>> LBFGS().minimise(lambda p: (((p - 3.0) ** 2).sum(), 2.0 * (p - 3.0)), numpy.zeros(2)).round(6)
    array([3., 3.])
    """

    minimises = True

    def __init__(self, *, memory: int = 10, tolerance: float = 1e-8) -> None:
        self.memory = whole(memory, "memory", 1)
        self.tolerance = at_least_zero(tolerance, "a tolerance")
        self.reset()

    def reset(self) -> None:
        """Forget how many iterations were made."""
        self.steps = 0

    def minimise(
        self,
        objective: Function,
        start: Any,
        iterations: int = 100,
        report: Callable[[int, Any, float], Any] | None = None,
    ) -> Any:
        """The parameters, an array (p,), after at most so many iterations from `start`.

        After each, report(iteration, parameters, value) is called, with iterations from 1; a true answer ends the
        search. Raises ImportError without SciPy, ValueError for a wrong start or gradient, ArithmeticError where the
        objective or its gradient is nan or inf at the start, or at every step that is tried from some point on.
        """
        minimize, numpy = scipy_minimize(), numpy_here()
        best = numpy.array(start, float)  # a copy
        if best.ndim != 1 or best.size == 0 or not numpy.isfinite(best).all():
            raise ValueError(f"expected a start that is an array of p finite parameters, got shape {best.shape}")
        iterations = whole(iterations, "iterations", 1)
        search, done = Search(objective, best.shape), 0

        def finished(p: Any) -> None:
            nonlocal best, done
            best, done = p.copy(), done + 1
            self.steps += 1
            value = search.arrived(best)
            if report is not None and report(done, best.copy(), value):
                raise Stopped

        def evaluated(p: Any) -> tuple[float, Any]:
            return search(p.copy(), done + 1)  # SciPy writes into its own p

        # its line search takes at most 20 evaluations, and where it fails begins once more along the gradient
        options = {"maxcor": self.memory, "gtol": self.tolerance, "ftol": 0.0, "maxfun": 50 * iterations + 50}
        try:
            while done < iterations:
                ended = minimize(
                    evaluated,
                    best.copy(),
                    jac=True,
                    method="L-BFGS-B",
                    callback=finished,
                    options={**options, "maxiter": iterations - done},
                )
                if ended.status != GAVE_UP or not search.is_lower():
                    break
                finished(search.lowest[0])  # its line search has not come to an end, but further down
        except Stopped:
            return best
        search.expect_finite(done + 1)
        return best

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        """Refused: one gradient is not enough. TypeError."""
        raise TypeError(
            "L-BFGS needs the objective on the whole dataset, not the gradient of a batch: call minimise, "
            "train without a batch size, or take Adam or SGD"
        )

    def step(self, parameters: Any) -> None:
        """Refused, as `update`."""
        self.update(self.steps, None, None, None)

    def to_state(self) -> dict[str, Any]:
        """Its name and how many iterations were made, in plain JSON types; the memory of the curvature is not kept."""
        return {"rule": "LBFGS", "steps": self.steps}

    def from_state(self, state: Any) -> None:
        """Take the count of iterations from what `to_state` gave. ValueError for anything else."""
        if not isinstance(state, dict) or state.get("rule") != "LBFGS":
            got = str(state.get("rule"))[:80] if isinstance(state, dict) else type(state).__name__
            raise ValueError(f"expected the state of LBFGS, got that of {got}")
        steps = state.get("steps")
        if set(state) != {"rule", "steps"} or not isinstance(steps, int) or isinstance(steps, bool) or steps < 0:
            raise ValueError(f"expected the state of LBFGS to count its steps, got {str(state)[:80]}")
        self.steps = steps

    def __repr__(self) -> str:
        return f"LBFGS(memory={self.memory}, tolerance={self.tolerance:g})"


class Search:
    """The objective as the line search sees it.

    Outside its domain it is a parabola along the step tried, with the objective's value and slope where the step
    begins. Its lowest point, which is tried next, is at a quarter of the step, a sixteenth after that, and so on.
    So the search has numbers that agree with each other, and ends nowhere outside.
    """

    def __init__(self, objective: Function, shape: tuple[int, ...]) -> None:
        self.objective, self.shape = objective, shape
        self.begin: Any = None  # (point, value, gradient) where the step begins
        self.last: Any = None  # the same of the last point
        self.lowest: Any = None  # the same of the lowest point since then, None if all were outside
        self.fault: Any = None  # (what is not finite, point) of the last point outside since then
        self.in_a_row = 0  # points outside without one inside between them

    def __call__(self, p: Any, iteration: int) -> tuple[float, Any]:
        """Value and gradient at a point, for SciPy; NotFinite at the start."""
        numpy = numpy_here()
        value, gradient = self.objective(p.copy())
        value, gradient = float(value), numpy.array(gradient, float)
        if gradient.shape != self.shape:
            raise ValueError(f"expected a gradient of shape {self.shape}, got {gradient.shape}")
        self.last = p, value, gradient
        if not (math.isfinite(value) and numpy.isfinite(gradient).all()):
            self.fault = "gradient" if math.isfinite(value) else "value", p
            self.in_a_row += 1
            if self.begin is None:
                self.expect_finite(iteration)
            return self.parabola(p, 0.25**self.in_a_row, iteration)
        self.in_a_row = 0
        if self.begin is None:
            self.begin = self.last
        elif not numpy.array_equal(p, self.begin[0]) and (self.lowest is None or value < self.lowest[1]):
            self.lowest = self.last
        return value, gradient

    def parabola(self, p: Any, share: float, iteration: int) -> tuple[float, Any]:
        """Value and gradient at the end of a step, t = 1, of f + s·(t - t² / (2·share)), s the slope along the step."""
        begin, value, gradient = self.begin
        step = p - begin
        size = float(abs(step).max())
        if size == 0.0:  # no shorter step is left
            self.give_up(iteration, p)
        fall, step = abs(float(gradient @ step)), step / size
        slope = fall * (1.0 / share - 1.0) / size / float(step @ step)
        return value + fall * (0.5 / share - 1.0), slope * step

    def arrived(self, p: Any) -> float:
        """The value at a point that ends a step; the next one begins there."""
        if not numpy_here().array_equal(self.last[0], p):
            self(p.copy(), 0)
        self.begin, self.lowest, self.fault, self.in_a_row = self.last, None, None, 0
        return self.begin[1]

    def is_lower(self) -> bool:
        """Whether the search came further down before it failed, and it failed because of points outside."""
        return self.fault is not None and self.lowest is not None and self.lowest[1] < self.begin[1]

    def expect_finite(self, iteration: int) -> None:
        """NotFinite, if all points of the last step are outside the domain."""
        if self.fault is not None and self.lowest is None:
            self.give_up(iteration, self.fault[1])

    def give_up(self, iteration: int, point: Any) -> NoReturn:
        """NotFinite, at this point."""
        raise NotFinite(f"the {self.fault[0]} of the objective is not finite in iteration {iteration} of L-BFGS", point)


def scipy_minimize() -> Any:
    """scipy.optimize.minimize; ImportError that names the cure where there is no SciPy."""
    try:
        minimize: Any = import_module("scipy.optimize").minimize
    except ImportError as error:
        raise ImportError("L-BFGS works through SciPy: pip install scipy, or take optim.Adam") from error
    return minimize


def numpy_here() -> Any:
    """NumPy, which comes with SciPy."""
    import numpy

    return numpy
