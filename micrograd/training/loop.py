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
FEW = 3  # steps of an epoch that are as quick one by one
MOST_PAUSES = 1024


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

    def begin(self) -> None:
        """From now on the numbers may stand in an array."""
        self.position.take(self.objective, self.optimizer)

    def end(self) -> None:
        """The parameters have their numbers, and the last gradient."""
        self.position.give_back()

    def fit(self, size: int | None, seed: int | None, watch: Watch) -> None:
        """Epochs until the watch has seen enough; its progress line moves within long ones, too."""
        self._line = watch.line
        self.begin()
        try:
            while watch.left:
                watch(self.epochs(watch.left, size, seed))
        finally:
            self.end()

    def epochs(self, most: int, size: int | None, seed: int | None) -> Span:
        """The next epoch, of batches of this size or of all samples, in an order by the seed or as they come.

        Or several, at most so many, where they are a span.
        """
        whole = len(self.data)
        size = whole if size is None else min(size, whole)
        steps = -(-whole // size)
        descent = self._descent_for(size, most * steps)
        if descent is not None and most > 1 and self.tested is None and self.metric is None:
            span = self._span(descent, most, steps, seed)
            if span is not None:
                return span
        order = None if steps == 1 else self._order(descent, seed)
        if descent is None or steps < FEW:
            losses = []
            for batch in batches(self.data, size, order):
                losses.append(self.step(batch))
                self._follow(len(losses), steps)
        else:
            losses = self._pieces(descent, steps, order)
        return Span([self.record(mean_of(losses, size, whole))])

    def _order(self, descent: Descent | None, seed: int | None, ahead: int = 0) -> Any:
        """The order of the samples in this epoch, or so many ahead; None for that in which they come."""
        if seed is None:
            return None
        text = f"{seed} {len(self.course.history) + ahead}"
        return shuffled(len(self.data), text) if descent is None else descent.shuffled(text)

    def _descent_for(self, size: int, steps: int) -> Descent | None:
        """What takes pieces of so many steps on batches of a size; None where each step is taken by itself."""
        objective, optimizer, known = self._made_for
        if objective is not self.objective or optimizer is not self.optimizer or known != size:
            if self.position.at is None or self._alone + steps < ENOUGH:
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
        alone = 1  # steps that are taken so in a row: more and more where pieces are short
        while len(losses) < steps:
            done = len(losses)
            piece = self.position.descend(descent, steps - done, order, done, self.course.bound())
            losses += piece.losses.tolist()
            if piece.stopped:
                alone = 1 if len(piece.losses) > alone else 2 * alone
                for k in range(len(losses), min(len(losses) + alone, steps)):
                    begin, end = k * descent.size, min((k + 1) * descent.size, len(self.data))
                    losses.append(self.step(self.data.take(range(begin, end) if order is None else order[begin:end])))
            self._follow(len(losses), steps)
        return losses

    def _follow(self, done: int, steps: int) -> None:
        """Let the progress line follow within an epoch."""
        if self._line is not None:
            self._line.within(len(self.course.history) + 1, done / steps)

    def _span(self, descent: Descent, most: int, steps: int, seed: int | None) -> Span | None:
        """As many epochs as one call may take; None for fewer than two, and where a step is to be taken by itself.

        Ctrl-C in its middle undoes it.
        """
        count = descent.pace(most * steps) // steps
        if self._pause or count < 2 or not self.course.history or not foreseen(self.optimizer):
            self._pause = max(0, self._pause - 1)
            return None
        orders = None if steps == 1 or seed is None else [self._order(descent, seed, ahead) for ahead in range(count)]
        stretch = Stretch(descent, self.position.at, orders, self.course.bound())
        slopes, known = self.position.gradient, len(self.course.history)
        try:
            losses = stretch.to(count * steps)
            count = len(losses) // steps
            self._pauses = 1 if count else min(2 * self._pauses, MOST_PAUSES)
            if count == 0:
                self._pause = self._pauses
                stretch.begin_again()
                return None
            means = losses[:count]
            if steps > 1:
                begins, size, whole = range(0, count * steps, steps), descent.size, len(self.data)
                means = [mean_of(losses[begin : begin + steps], size, whole) for begin in begins]
            best, numbers = means.index(min(means)), None
            if best < count - 1 and means[best] < self.course.least:
                stretch.to((best + 1) * steps)
                numbers = stretch.p.tolist()
            stretch.to(count * steps)
            self.position.stand_at(stretch.p, stretch.gradient)
            return Span(self.course.add_all(means), best, numbers)
        except BaseException:
            stretch.begin_again()
            self.position.stand_at(stretch.p, slopes)
            del self.course.history[known:]
            raise

    def step(self, batch: Any) -> float:
        """One step; the mean loss before it. DivergenceError, and no step, if it has diverged."""
        mean, gradient = self.objective.value_and_gradient(batch, at=self.position.at)
        self.expect_finite(mean, gradient, batch)
        self.position.advance(self.optimizer, gradient)
        self._alone += 1
        return mean

    def minimise(self, iterations: int, enough: Callable[[Span], bool]) -> None:
        """So many epochs, each an iteration of an optimiser that drives the loop itself, unless one was enough."""
        gradient: Any = None

        def finished(iteration: int, p: Any, value: float) -> bool:
            self.position.stand_at(p, gradient)  # the last that was computed is that at p
            self.expect_finite(value, gradient, self.data)
            return enough(Span([self.record(value)]))

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


class Stretch:
    """Steps from a point, as far as machine code takes them; they can be taken again.

    orders      those of the epochs, None where the samples are taken as they come
    bound       see `Descent.run`
    p, gradient where the steps have led, and the gradient of the last; losses are those of all
    """

    def __init__(self, descent: Descent, p: Any, orders: list[Any] | None, bound: float) -> None:
        import numpy

        self.descent, self.bound, self.order = descent, bound, None if orders is None else numpy.concatenate(orders)
        self._start, self._before = p, descent.optimizer.snapshot()
        self.begin_again()

    def begin_again(self) -> None:
        """Back to where it began."""
        self.descent.optimizer.go_back(self._before)
        self.p: Any = self._start
        self.gradient: Any = None
        self.losses: list[float] = []

    def to(self, steps: int) -> list[float]:
        """To where so many steps lead, or fewer, if machine code does not take the next; their losses."""
        if steps < len(self.losses):
            self.begin_again()
        while len(self.losses) < steps:
            done = len(self.losses)
            piece = self.descent.run(self.p, steps - done, order=self.order, first=done, bound=self.bound)
            self.losses += (piece.losses + 0.0).tolist()  # a mean is never -0
            if len(piece.losses):
                self.p, self.gradient = piece.p, piece.gradient
            if piece.stopped:
                break
        return self.losses


def mean_of(losses: list[float], size: int, samples: int) -> float:
    """The mean over so many samples of the losses of batches of a size, of which the last may be shorter."""
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
