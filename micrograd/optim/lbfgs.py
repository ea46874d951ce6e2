"""L-BFGS: minimises a smooth objective of all parameters at once, through SciPy.

    objective   array (p,) of parameters -> (value, gradient array (p,)); the whole dataset, not a batch
"""
from __future__ import annotations

import math
from importlib import import_module

from micrograd.expect import at_least_zero, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Objective = Callable[[Any], "tuple[float, Any]"]


class Stopped(Exception):
    """The report asked for the end."""


class LBFGS:
    """Limited-memory BFGS (Liu and Nocedal 1989; SciPy's L-BFGS-B, no bounds), for smooth full-batch problems.

    memory      how many past steps shape the curvature
    tolerance   it ends where no component of the gradient is larger

    It has no learning rate and no `step`: it needs the objective itself. Every `minimise` starts with an empty memory.

    >>> import numpy
    >>> LBFGS().minimise(lambda p: (((p - 3.0) ** 2).sum(), 2.0 * (p - 3.0)), numpy.zeros(2)).round(6)
    array([3., 3.])
    """

    def __init__(self, *, memory: int = 10, tolerance: float = 1e-8) -> None:
        self.memory = whole(memory, "memory", 1)
        self.tolerance = at_least_zero(tolerance, "a tolerance")
        self.reset()

    def reset(self) -> None:
        """Forget how many iterations were made."""
        self.steps = 0

    def minimise(
        self, objective: Objective, start: Any, iterations: int = 100,
        report: Callable[[int, Any, float], Any] | None = None,
    ) -> Any:  # fmt: skip
        """The parameters, an array (p,), after at most so many iterations from `start`.

        After each, report(iteration, parameters, value) is called, with iterations from 1; a true answer ends the
        search. Raises ImportError without SciPy, ValueError for a wrong start or gradient, ArithmeticError where the
        objective or its gradient is nan or inf.
        """
        minimize, numpy = scipy_minimize(), numpy_here()
        best = numpy.array(start, float)  # a copy
        if best.ndim != 1 or best.size == 0 or not numpy.isfinite(best).all():
            raise ValueError(f"expected a start that is an array of p finite parameters, got shape {best.shape}")
        iterations = whole(iterations, "iterations", 1)
        seen: list[Any] = [None, math.nan]  # the last point and its value
        done = 0

        def evaluated(p: Any) -> tuple[float, Any]:
            seen[:] = [p.copy(), math.nan]
            value, gradient = objective(p.copy())  # SciPy writes into its own p
            value, gradient = float(value), numpy.array(gradient, float)
            if gradient.shape != best.shape:
                raise ValueError(f"expected a gradient of shape {best.shape}, got {gradient.shape}")
            if not (math.isfinite(value) and numpy.isfinite(gradient).all()):
                what = "gradient" if math.isfinite(value) else "value"
                raise ArithmeticError(f"the {what} of the objective is not finite in iteration {done + 1} of L-BFGS")
            seen[1] = value
            return value, gradient

        def finished(p: Any) -> None:
            nonlocal best, done
            best, done = p.copy(), done + 1
            self.steps += 1
            value = seen[1] if numpy.array_equal(seen[0], p) else evaluated(p)[0]
            if report is not None and report(done, best.copy(), value):
                raise Stopped

        options = {"maxcor": self.memory, "gtol": self.tolerance, "ftol": 0.0, "maxiter": iterations,
                   "maxfun": 25 * iterations + 25}  # its line search takes at most 20 evaluations  # fmt: skip
        try:
            minimize(evaluated, best.copy(), jac=True, method="L-BFGS-B", callback=finished, options=options)
        except Stopped:
            pass
        return best

    def update(self, step: int, p: Any, g: Any, state: Any) -> tuple[Any, Any]:
        """Refused: one gradient is not enough. TypeError."""
        raise TypeError("L-BFGS needs the objective on the whole dataset, not the gradient of a batch: call minimise, "
                        "train without a batch size, or take Adam or SGD")  # fmt: skip

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
