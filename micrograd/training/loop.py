"""`Loop`: the steps of one call of a Trainer, epoch by epoch.

data        the batch of all samples
tested      the batch of the validation data, None if there are none
"""

from __future__ import annotations

import math

from micrograd.expect import rows_of
from micrograd.optim.optimizer import NotFinite
from micrograd.training.course import GROWTH
from micrograd.training.divergence import DivergenceError, source_of_nan
from micrograd.training.position import finite
from micrograd.training.rows import batches, first_sample, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from micrograd.optim.optimizer import Optimizer
    from micrograd.training.course import Course
    from micrograd.training.history import Record
    from micrograd.training.objectives import Eager, Objective


class Loop:
    """An optimiser at work on an objective: the mean loss over a batch, its gradient, a step, and so on.

    metric      metric(prediction, target) -> number, None for none
    plain       what makes the objective as plain code, which is asked where a nan comes from
    """

    def __init__(
        self,
        objective: Objective,
        optimizer: Optimizer,
        course: Course,
        data: Any,
        tested: Any = None,
        *,
        metric: Callable[[Any, Any], Any] | None,
        plain: Callable[[], Eager],
    ) -> None:
        self.objective, self.optimizer, self.course, self.data, self.tested = objective, optimizer, course, data, tested
        self.metric, self.plain, self.position = metric, plain, course.position

    def begin(self) -> None:
        """From now on the numbers may stand in an array."""
        self.position.take(self.objective, self.optimizer)

    def end(self) -> None:
        """The parameters have their numbers, and the last gradient."""
        self.position.give_back()

    def epochs(self, count: int, size: int | None, seed: int | None) -> Iterator[Record]:
        """So many epochs of batches of this size, or of all samples, in an order by the seed, or as they come."""
        whole = len(self.data)
        self.begin()
        try:
            for _ in range(count):
                order = None if seed is None else f"{seed} {len(self.course.history)}"
                parts = batches(self.data, whole if size is None else size, order)
                yield self.record(math.fsum([self.step(batch) * (len(batch) / whole) for batch in parts]))
        finally:
            self.end()

    def step(self, batch: Any) -> float:
        """One step; the mean loss before it. DivergenceError, and no step, if it has diverged."""
        mean, gradient = self.objective.value_and_gradient(batch, at=self.position.at)
        self.expect_finite(mean, gradient, batch)
        self.position.advance(self.optimizer, gradient)
        return mean

    def minimise(self, iterations: int, enough: Callable[[Record], bool]) -> None:
        """So many epochs, each an iteration of an optimiser that drives the loop itself, unless one was enough."""
        gradient: Any = None

        def finished(iteration: int, p: Any, value: float) -> bool:
            self.position.stand_at(p, gradient)  # the last that was computed is that at p
            self.expect_finite(value, gradient, self.data)
            return enough(self.record(value))

        def objective(p: Any) -> tuple[float, Any]:
            nonlocal gradient
            value, gradient = self.objective.value_and_gradient(self.data, at=p)
            return value, gradient

        if iterations > 0:
            try:
                self.optimizer.minimise(objective, self.position.numbers(), iterations, finished)
            except NotFinite as error:
                self.end()
                source = source_of_nan(self.plain(), self.data, error.point.tolist())
                raise DivergenceError(f"{error}. {source}") from None

    def record(self, loss: float) -> Record:
        """The record of an epoch, put down in the history."""
        at = self.position.at
        validation = None if self.tested is None else self.objective.value(self.tested, at=at)
        metric = measured(self.metric, self.objective, self.tested or self.data, at)
        return self.course.add(loss, metric, validation)

    def expect_finite(self, mean: float, gradient: Any, batch: Any) -> None:
        """DivergenceError that names the epoch, the sample and the node, if the loss or its gradient is nan or inf.

        Also for a loss that has grown too much since the first, unless the samples had such a loss with the parameters
        that the training began with.
        """
        if self.course.allows(mean) and finite(gradient):
            return
        grown = math.isfinite(mean) and finite(gradient)
        if grown:
            self.course.allow_from(self.objective.value(batch, at=self.course.initial))
            if self.course.allows(mean):
                return
        self.end()
        cure = "" if self.optimizer.minimises else "; a smaller learning rate may help"
        where = f"in epoch {len(self.course.history) + 1}"
        if grown:
            size = f"the loss has grown to {mean:.3g} {where}, beyond {GROWTH:.0e} times the first or 1"
            raise DivergenceError(size + cure)
        what = "gradient" if math.isfinite(mean) else "loss"
        raise DivergenceError(f"the {what} is not finite {where}{cure}. {source_of_nan(self.plain(), batch)}")


def laid_out(objective: Objective, X: Any, y: Any, validation: tuple[Any, Any] | None) -> tuple[Any, Any]:
    """Samples and validation data, if there are any, as batches; ValueError for rows of another width."""
    data = objective.batch(X, y)
    if validation is None:
        return data, None
    X, y = map(rows_of, validation, ("validation X", "validation y"))
    if len(first_sample(X)) != data.width:
        raise ValueError(f"expected validation rows of {data.width} numbers, got {len(first_sample(X))}")
    return data, objective.batch(X, y)


def measured(metric: Callable[[Any, Any], Any] | None, objective: Objective, data: Any, at: Any = None) -> float | None:
    """The mean metric over a batch, None without one."""
    if metric is None:
        return None
    predictions = objective.predict(data, at=at)
    figures = [metric(prediction, own(target)) for prediction, target in zip(predictions, data.targets)]
    return math.fsum([float(x) for x in figures]) / len(data)
