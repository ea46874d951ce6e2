"""`Loop`: the steps of one call of a Trainer, epoch by epoch.

data        the batch of all samples
tested      the batch of the validation data, None if there are none
piece       steps that machine code takes in one call, see `Descent.run`
span        epochs that such calls take in a row, since nothing is to be done between them
"""

from __future__ import annotations

import math

from micrograd.expect import rows_of
from micrograd.optim.optimizer import NotFinite
from micrograd.optim.rules import foreseen
from micrograd.training.course import GROWTH
from micrograd.training.divergence import DivergenceError, source_of_nan
from micrograd.training.history import Span
from micrograd.training.position import finite
from micrograd.training.rows import batches, first_sample, own, shuffled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.descent import Descent
    from micrograd.optim.optimizer import Optimizer
    from micrograd.training.course import Course
    from micrograd.training.history import Record
    from micrograd.training.objectives import Eager, Objective
    from micrograd.training.watching import Progress, Watch

ENOUGH = 64  # steps that are worth machine code
FEW, FEW_UNFORESEEN = 3, 16  # steps of an epoch that are worth a call; a rule of the user's is read anew for each
MOST_EPOCHS, MOST_KEPT = 4_000, 2_000_000  # in a span: those whose order is shuffled; numbers of parameters
MOST_PAUSES = 1_024


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
        self._line: Progress | None = None
        self._descent: Descent | None = None
        self._made_for: tuple[Any, ...] = (None, None, 0)  # objective, optimiser, and size of the batches
        self._alone = 0  # steps that were taken by themselves
        self._pause, self._pauses = 0, 1  # epochs until a span is tried again, and after it has failed
        self._foreseen = False

    def begin(self) -> None:
        """From now on the numbers may stand in an array."""
        self.position.take(self.objective, self.optimizer)
        self._foreseen = foreseen(self.optimizer)

    def end(self) -> None:
        """The parameters have their numbers, and the last gradient."""
        self.position.give_back()

    def fit(self, size: int | None, seed: int | None, watch: Watch) -> None:
        """Epochs until the watch has seen enough; its progress line moves within long ones, too."""
        self._line = watch.line
        self.begin()
        try:
            left = watch.left
            while left:
                left = watch(self.epochs(left, size, seed))
        finally:
            self.end()

    def epochs(self, most: int, size: int | None, seed: int | None) -> Span:
        """The next epoch, of batches of this size or of all samples, in an order by the seed or as they come.

        Or several, at most so many, where they are a span.
        """
        whole = len(self.data)
        size = whole if size is None else min(size, whole)
        steps = -(-whole // size)
        several = self._foreseen and most > 1 and self.tested is None and self.metric is None
        descent, spans = None, several and not self._pause
        if spans or steps >= (FEW if self._foreseen else FEW_UNFORESEEN):
            descent = self._descent_for(size, most * steps)
        elif not several and most * steps >= ENOUGH:
            why = "a metric or a validation follows" if self._foreseen else "a rule or rate of your own is read in each"
            self.objective.alone = f"an epoch is but a few, and {why}"
        if spans and descent is not None:
            span = self._span(descent, most, steps, seed)
            if span is not None:
                return span
        self._pause = max(0, self._pause - 1)
        order = None if steps == 1 else self._order(descent, seed)
        if descent is None or steps < FEW:
            losses = []
            for batch in batches(self.data, size, order):
                losses.append(self.step(batch))
                if self._line is not None:
                    self._line.within(len(self.course.history) + 1, len(losses) / steps)
        else:
            losses = self._pieces(descent, steps, order)
        return Span([self.record(mean_of(losses, size, whole))])

    def _order(self, descent: Descent | None, seed: int | None, epochs: int = 1) -> Any:
        """The order of the samples in the next so many epochs; None for that in which they come."""
        if seed is None:
            return None
        first = len(self.course.history)
        seeds = [f"{seed} {epoch}" for epoch in range(first, first + epochs)]
        return shuffled(len(self.data), seeds[0]) if descent is None else descent.shuffled(*seeds)

    def _descent_for(self, size: int, steps: int) -> Descent | None:
        """What takes pieces of so many steps on batches of a size; None where each step is taken by itself."""
        objective, optimizer, known = self._made_for
        if objective is not self.objective or optimizer is not self.optimizer or known != size:
            if self.position.at is None:
                self.objective.alone = "the optimiser takes the parameters one by one"
                return None
            if self._alone + steps < ENOUGH:
                return None
            self._descent = self.objective.descent(self.data, self.optimizer, size)
            self._made_for = self.objective, self.optimizer, size
        if self._descent is None:
            return None
        self._descent.read()
        self.objective.alone = self._descent.reason
        return None if self._descent.reason else self._descent

    def _pieces(self, descent: Descent, steps: int, order: Any) -> list[float]:
        """The losses of an epoch in pieces; a step that machine code does not take is taken by itself."""
        losses: list[float] = []
        apart = 1  # steps that are taken so in a row: more and more where pieces are short
        while len(losses) < steps:
            done = len(losses)
            piece = self.position.descend(descent, steps - done, order, done, self.course.bound())
            losses += piece.losses.tolist()
            if piece.stopped:
                apart = 1 if len(piece.losses) > apart else 2 * apart
                for k in range(len(losses), min(len(losses) + apart, steps)):
                    begin, end = k * descent.size, min((k + 1) * descent.size, len(self.data))
                    losses.append(self.step(self.data.take(range(begin, end) if order is None else order[begin:end])))
            if self._line is not None:
                self._line.within(len(self.course.history) + 1, len(losses) / steps)
        return losses

    def _span(self, descent: Descent, most: int, steps: int, seed: int | None) -> Span | None:
        """As many epochs as one call may take; None for fewer than two, and where a step is to be taken by itself.

        Ctrl-C in its middle undoes it.
        """
        position, optimizer, history = self.position, self.optimizer, self.course.history
        count = min(descent.pace(most * steps) // steps, MOST_KEPT // len(position.at))
        count = count if steps == 1 else min(count, MOST_EPOCHS)
        if count < 2 or not history:
            return None
        order = None if steps == 1 else self._order(descent, seed, count)
        at, slopes, before, known = position.at, position.gradient, optimizer.snapshot(), len(history)
        try:
            made = span_of(descent, at, count, steps, order, self.course.bound())
            self._pauses = 1 if made is not None else min(2 * self._pauses, MOST_PAUSES)
            if made is None:
                self._pause = self._pauses
                return None
            means = means_of(made.losses, steps, descent.size, len(self.data))
            best = means.index(min(means))
            span = Span(self.course.add_all(means), best, made.trail[best].tolist())
            position.stand_at(made.p, made.gradient)
            return span
        except BaseException:
            optimizer.go_back(before)
            position.stand_at(at, slopes)
            del history[known:]
            raise

    def step(self, batch: Any) -> float:
        """One step; the mean loss before it. DivergenceError, and no step, if it has diverged."""
        mean, gradient = self.objective.value_and_gradient(batch, at=self.position.at)
        self.expect_finite(mean, gradient, batch)
        self.position.advance(self.optimizer, gradient)
        self._alone += 1
        return mean

    def minimise(self, iterations: int, watch: Watch) -> None:
        """So many epochs, each an iteration of an optimiser that drives the loop itself, unless fewer are enough."""
        gradient: Any = None

        def finished(iteration: int, p: Any, value: float) -> bool:
            self.position.stand_at(p, gradient)  # the last that was computed is that at p
            self.expect_finite(value, gradient, self.data)
            return watch(Span([self.record(value)])) == 0

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


def span_of(descent: Descent, p: Any, count: int, steps: int, order: Any, bound: float) -> Any:
    """At most so many epochs from p in one call, and the parameters after each; None if not even one was done."""
    before = descent.optimizer.snapshot()
    while count > 0:
        made = descent.run(p, count * steps, order=order, bound=bound, every=steps)
        count = len(made.losses) // steps
        if made.trail is not None and len(made.losses) == count * steps > 0:
            return made
        descent.optimizer.go_back(before)  # it ended within an epoch, whose beginning is made again
    return None


def means_of(losses: Any, steps: int, size: int, samples: int) -> list[float]:
    """The mean losses of epochs of so many steps each."""
    if steps == 1:
        return (losses + 0.0).tolist()  # never -0, as the sum of one number
    return [mean_of(epoch, size, samples) for epoch in losses.reshape(-1, steps).tolist()]


def mean_of(losses: list[float], size: int, samples: int) -> float:
    """The mean over so many samples of the losses of batches of a size, of which the last may be shorter."""
    if len(losses) == 1:
        return math.fsum(losses)
    share, last = size / samples, (samples - size * (len(losses) - 1)) / samples
    return math.fsum([*[loss * share for loss in losses[:-1]], losses[-1] * last])


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
