"""`Trainer`: minimises the mean of a loss over a dataset, (1/N) Σ L(f(xᵢ), yᵢ), plus a penalty on the parameters.

    X, y        samples and targets: lists, iterables that are read once, or NumPy arrays
    row, target one sample and its target
    batch       the samples of one step
"""
from __future__ import annotations

import math
import random

from micrograd.engine import Value
from micrograd.objectives import Batch, Eager
from micrograd.why import why_nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any


    Loss = Callable[[Any, Any], Any]


class Record:
    """The figures of one epoch: its number (from 1), the mean loss (penalty included), and where asked for the mean
    loss over the validation data and the mean metric."""

    __slots__ = ("epoch", "loss", "metric", "validation")

    def __init__(self, epoch: int, loss: float, metric: float | None, validation: float | None = None) -> None:
        self.epoch, self.loss, self.metric, self.validation = epoch, loss, metric, validation

    def __repr__(self) -> str:
        figures = [("loss", self.loss), ("validation", self.validation), ("metric", self.metric)]
        shown = "".join([f", {name}={value:.6g}" for name, value in figures if value is not None])
        return f"Record(epoch={self.epoch}{shown})"


class History(list[Record]):
    """The records of all epochs so far, in order."""

    @property
    def loss(self) -> list[float]:
        """The mean loss of each epoch."""
        return [record.loss for record in self]

    @property
    def validation(self) -> list[float | None]:
        """The mean loss over the validation data after each epoch."""
        return [record.validation for record in self]

    @property
    def metric(self) -> list[float | None]:
        """The mean metric of each epoch."""
        return [record.metric for record in self]

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns by name."""
        epochs = [record.epoch for record in self]
        return {"epoch": epochs, "loss": self.loss, "validation": self.validation, "metric": self.metric}

    def __repr__(self) -> str:
        if not self:
            return "History of 0 epochs"
        return f"History of {len(self)} epochs, loss {self[0].loss:.6g} to {self[-1].loss:.6g}"


class DivergenceError(ArithmeticError):
    """The loss or a gradient became nan or inf; the parameters are those before the step."""


class Trainer:
    """Trains a model: batches of samples, gradients of the mean loss, steps of an optimiser.

    model       called with a row (a list of floats), returns a Value or a list of Values
    loss        loss(prediction, target) of one sample
    optimizer   an update rule, such as `optim.SGD`
    parameters  the leaves to train; those of model.parameters() unless given
    penalty     a function of the parameters, added to the mean loss
    metric      metric(prediction, target) -> number, on plain floats, recorded with the loss

    >>> from micrograd import Value, losses, optim
    >>> w = Value(0.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> history = trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=50)
    >>> print(f"{w:.4f}")
    3.0000
    """

    def __init__(
        self, model: Callable[[list[float]], Any], loss: Loss, optimizer: Any, *,
        parameters: Sequence[Value] | None = None, penalty: Callable[[Sequence[Value]], Any] | None = None,
        metric: Callable[[Any, Any], Any] | None = None,
    ) -> None:  # fmt: skip
        if parameters is None:
            if not hasattr(model, "parameters"):
                raise TypeError("expected a model with parameters(), or parameters=[…] beside a function")
            parameters = model.parameters()
        self.model, self.loss, self.optimizer, self.penalty, self.metric = model, loss, optimizer, penalty, metric
        self.parameters = list(parameters)
        for p in self.parameters:
            if not isinstance(p, Value) or p.op is not None:
                raise TypeError(f"expected parameters that are leaves, made as Value(number), got {p!r}")
        if not self.parameters:
            raise ValueError("expected at least one parameter to train, got none")
        self.objective = Eager(model, loss, self.parameters, penalty)
        self._initial = [p.data for p in self.parameters]
        self._clear()

    def _clear(self) -> None:
        self.history = History()
        self.best: list[float] | None = None
        self._least = math.inf

    def reset(self) -> None:
        """Back to the parameters that the trainer was made with, and no history."""
        for p, value in zip(self.parameters, self._initial):
            p.data, p.grad = value, 0.0
        self.optimizer.reset()
        self._clear()

    def fit(
        self, X: Iterable[Any], y: Iterable[Any], *, epochs: int, batch_size: int | None = None, seed: int = 0,
        shuffle: bool = True, validation: tuple[Any, Any] | None = None, patience: int | None = None,
        progress: bool = False,
    ) -> History:  # fmt: skip
        """Train for a number of epochs and return the history, which grows from fit to fit.

        batch_size  samples a step; the whole dataset unless given
        seed        of the order in which an epoch takes the samples; as they come if shuffle is False
        validation  (X, y) whose mean loss is recorded after every epoch
        patience    stop after this many epochs without a smaller validation loss (without validation: loss)
        progress    one line on stderr that follows the training

        With `optim.LBFGS` an epoch is one iteration on the whole dataset, and its loss is that after the iteration.
        With patience the parameters end as the best ones, kept in `best`. After Ctrl-C history and parameters stay
        as they are. ValueError or TypeError for bad data before any step, DivergenceError if the loss becomes nan or
        inf.
        """
        count("patience", 1 if patience is None else patience, 1)
        self.best, self._least, waited = None, math.inf, 0
        line = Progress(epochs) if progress else None

        def enough(record: Record) -> bool:
            nonlocal waited
            waited = 0 if self._improved(record) else waited + 1
            if line is not None:
                line.show(record)
            return patience is not None and waited >= patience

        try:
            if hasattr(self.optimizer, "minimise"):
                self._minimise(X, y, count("epochs", epochs, 0), batch_size, validation, enough)
            else:
                loop = self.epochs(
                    X, y, epochs=epochs, batch_size=batch_size, seed=seed, shuffle=shuffle, validation=validation
                )
                any(enough(record) for record in loop)
        finally:
            if line is not None:
                line.close()
        if patience is not None and self.best is not None:
            self._move(self.best)
        return self.history

    def _minimise(
        self, X: Any, y: Any, epochs: int, batch_size: int | None, validation: Any, enough: Callable[[Record], bool]
    ) -> None:
        """Train by an optimiser that minimises the whole objective; an epoch is one of its iterations."""
        if batch_size is not None:
            raise ValueError(f"{self.optimizer!r} needs the whole dataset at every step: leave batch_size out")
        data, tested = self._data(X, y, validation)

        def finished(iteration: int, p: Any, value: float) -> bool:
            self._move(p.tolist())
            return enough(self._recorded(value, data, tested))

        def objective(p: Any) -> tuple[float, list[float]]:
            return self.objective.value_and_gradient(data, at=p.tolist())

        if epochs > 0:
            try:
                self.optimizer.minimise(objective, [p.data for p in self.parameters], epochs, finished)
            except ArithmeticError as error:
                raise DivergenceError(f"{error}. {self._source_of_nan(data)}") from None

    def _move(self, values: Sequence[float]) -> None:
        for p, value in zip(self.parameters, values):
            p.data = value

    def _improved(self, record: Record) -> bool:
        """Whether this epoch is the best so far; its parameters are kept then."""
        figure = record.loss if record.validation is None else record.validation
        if not figure < self._least:
            return False
        self._least, self.best = figure, [p.data for p in self.parameters]
        return True

    def epochs(
        self, X: Iterable[Any], y: Iterable[Any], *, epochs: int, batch_size: int | None = None, seed: int = 0,
        shuffle: bool = True, validation: tuple[Any, Any] | None = None,
    ) -> Iterator[Record]:  # fmt: skip
        """The open loop: `for record in trainer.epochs(…)` trains one epoch at a time; arguments as for `fit`.

        The loss of a record is the mean over the samples, each taken before the step of its batch; validation loss
        and metric are measured after the epoch, the metric on the validation data if there are any.
        """
        if hasattr(self.optimizer, "minimise"):
            raise TypeError(f"{self.optimizer!r} has no open loop: call fit")
        data, tested = self._data(X, y, validation)
        count("epochs", epochs, 0)
        size = len(data) if batch_size is None else count("batch_size", batch_size, 1)
        return self._epochs(data, tested, epochs, size, random.Random(seed), shuffle)

    def _data(self, X: Any, y: Any, validation: Any) -> tuple[Batch, Batch | None]:
        data = self.objective.batch(X, y)
        tested = None if validation is None else self.objective.batch(*validation)
        if tested is not None and len(tested.rows[0]) != len(data.rows[0]):
            raise ValueError(f"expected validation rows of {len(data.rows[0])} numbers, got {len(tested.rows[0])}")
        return data, tested

    def _recorded(self, loss: float, data: Batch, tested: Batch | None) -> Record:
        """The record of an epoch, put down in the history."""
        validation = None if tested is None else self.objective.value(tested)
        record = Record(len(self.history) + 1, loss, self._measured(tested or data), validation)
        self.history.append(record)
        return record

    def _epochs(
        self, data: Batch, tested: Batch | None, epochs: int, size: int, rng: random.Random, shuffle: bool
    ) -> Iterator[Record]:
        order = list(range(len(data)))
        for _ in range(epochs):
            if shuffle and size < len(data):
                rng.shuffle(order)
            losses = []
            for start in range(0, len(order), size):
                batch = data.take(order[start : start + size])
                losses.append(self.step(batch) * (len(batch) / len(order)))
            yield self._recorded(math.fsum(losses), data, tested)

    def step(self, batch: Batch) -> float:
        """One step on one batch; the mean loss before it."""
        mean, gradient = self.objective.value_and_gradient(batch)
        if not (math.isfinite(mean) and all(map(math.isfinite, gradient))):
            what = "loss" if not math.isfinite(mean) else "gradient"
            raise DivergenceError(f"the {what} is not finite in epoch {len(self.history) + 1}; a smaller learning rate "
                                  f"may help. {self._source_of_nan(batch)}")  # fmt: skip
        self.optimizer.step(self.parameters)
        return mean

    def _source_of_nan(self, batch: Batch) -> str:
        """Which sample and which node the first nan or inf comes from."""
        for i, (row, target) in enumerate(zip(batch.rows, batch.targets)):
            fault = why_nan(self.loss(self.model(row), target))
            if fault is not None:
                return f"Sample {i} of the batch, {fault}"
        return "Every sample is finite alone: the sum over them, or the penalty, is not"

    def _measured(self, data: Batch) -> float | None:
        """The mean metric over the data."""
        if self.metric is None:
            return None
        measured = [self.metric(p, target) for p, target in zip(self.objective.predict(data.rows), data.targets)]
        return math.fsum([float(x) for x in measured]) / len(data)

    def predict(self, X: Iterable[Any]) -> list[Any]:
        """The model's outputs as floats: one per sample, or a list per sample if the model has several."""
        return self.objective.predict(X)

    def evaluate(self, X: Iterable[Any], y: Iterable[Any]) -> Record:
        """The mean loss (penalty included) and metric over a dataset, without a step."""
        data = self.objective.batch(X, y)
        return Record(len(self.history), self.objective.value(data), self._measured(data))


def count(name: str, value: Any, least: int) -> int:
    """value, if it is a whole number of at least `least`; ValueError otherwise."""
    if value.__class__ is not int or value < least:
        raise ValueError(f"expected {name} to be a whole number of at least {least}, got {value!r}")
    return value


class Progress:
    """One line on stderr: rewritten in a terminal, written once at the end elsewhere."""

    def __init__(self, epochs: int) -> None:
        import sys

        self.stream, self.epochs, self.text = sys.stderr, epochs, ""
        self.live = self.stream.isatty()

    def show(self, record: Record) -> None:
        """Follow to this epoch."""
        before = len(self.text)
        self.text = f"epoch {record.epoch}, loss {record.loss:.6g}"
        if record.validation is not None:
            self.text += f", validation {record.validation:.6g}"
        if record.metric is not None:
            self.text += f", metric {record.metric:.6g}"
        if self.live:
            self.stream.write("\r" + self.text.ljust(before))
            self.stream.flush()

    def close(self) -> None:
        """End the line."""
        if self.text:
            self.stream.write("\n" if self.live else self.text + "\n")
            self.stream.flush()
