"""`Trainer`: minimises the mean of a loss over a dataset, (1/N) Σ L(f(xᵢ), yᵢ), plus a penalty on the parameters.

    X, y        samples and targets: lists, iterables that are read once, or NumPy arrays
    row, target one sample and its target
    batch       the samples of one step
"""
from __future__ import annotations

import math
import random

from micrograd.dispatch import number
from micrograd.engine import Value
from micrograd.why import why_nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from micrograd.optim import SGD

    Loss = Callable[[Any, Any], Any]


class Record:
    """The figures of one epoch: its number (from 1), the mean loss (penalty included) and the mean metric, if any."""

    __slots__ = ("epoch", "loss", "metric")

    def __init__(self, epoch: int, loss: float, metric: float | None) -> None:
        self.epoch, self.loss, self.metric = epoch, loss, metric

    def __repr__(self) -> str:
        metric = "" if self.metric is None else f", metric={self.metric:.6g}"
        return f"Record(epoch={self.epoch}, loss={self.loss:.6g}{metric})"


class History(list[Record]):
    """The records of all epochs so far, in order."""

    @property
    def loss(self) -> list[float]:
        """The mean loss of each epoch."""
        return [record.loss for record in self]

    @property
    def metric(self) -> list[float | None]:
        """The mean metric of each epoch."""
        return [record.metric for record in self]

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns by name."""
        return {"epoch": [record.epoch for record in self], "loss": self.loss, "metric": self.metric}

    def __repr__(self) -> str:
        if not self:
            return "History of 0 epochs"
        return f"History of {len(self)} epochs, loss {self[0].loss:.6g} to {self[-1].loss:.6g}"


class DivergenceError(ArithmeticError):
    """The loss or a gradient became nan or inf; the parameters are those before the step."""


def plain(x: Any, where: str) -> Any:
    """A number as a finite float, a sequence of numbers as a list of them; ValueError or TypeError that says where."""
    if hasattr(x, "__len__") and not isinstance(x, (str, bytes)):
        return [plain(item, where) for item in x]
    try:
        value = number(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    if not math.isfinite(value):
        raise ValueError(f"{where}: expected finite numbers, got {value}")
    return value


def dataset(X: Iterable[Any], y: Iterable[Any]) -> tuple[list[list[float]], list[Any]]:
    """X as a list of rows, y as a list of targets, all numbers finite floats.

    A sample that is a single number becomes a row of one. ValueError for no samples, rows of different widths, and
    numbers of samples and targets that differ.
    """
    rows = samples(X)
    targets = [plain(target, f"y[{i}]") for i, target in enumerate(y)]
    if len(rows) != len(targets):
        raise ValueError(f"expected one target per sample, got {len(rows)} samples and {len(targets)} targets")
    return rows, targets


def samples(X: Iterable[Any]) -> list[list[float]]:
    """X as a list of rows of one width."""
    found = [plain(row, f"X[{i}]") for i, row in enumerate(X)]
    if not found:
        raise ValueError("expected at least one sample, got none")
    rows = [row if isinstance(row, list) else [row] for row in found]
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"expected rows of one width, got {len(rows[0])} numbers in X[0] and {len(row)} in X[{i}]")
    return rows


class Trainer:
    """Trains a model: batches of samples, gradients of the mean loss, steps of an optimiser.

    model       called with a row (a list of floats), returns a Value or a list of Values
    loss        loss(prediction, target) of one sample
    optimizer   an update rule, such as `optim.SGD`
    parameters  the leaves to train; those of model.parameters() unless given
    penalty     a function of the parameters, added to the mean loss
    metric      metric(prediction, target) -> number, recorded with the loss

    >>> from micrograd import Value, losses, optim
    >>> w = Value(0.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> history = trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=50)
    >>> print(f"{w:.4f}")
    3.0000
    """

    def __init__(
        self, model: Callable[[list[float]], Any], loss: Loss, optimizer: SGD, *,
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
        self.history = History()
        self._initial = [p.data for p in self.parameters]

    def reset(self) -> None:
        """Back to the parameters that the trainer was made with, and no history."""
        for p, value in zip(self.parameters, self._initial):
            p.data, p.grad = value, 0.0
        self.optimizer.reset()
        self.history = History()

    def fit(
        self, X: Iterable[Any], y: Iterable[Any], *, epochs: int, batch_size: int | None = None, seed: int = 0,
        shuffle: bool = True,
    ) -> History:  # fmt: skip
        """Train for a number of epochs and return the history, which grows from fit to fit.

        A batch is the whole dataset unless batch_size is given; then each epoch takes the samples in an order drawn
        from the seed, or as they come if shuffle is False. After Ctrl-C history and parameters stay as they are.
        Raises ValueError or TypeError for bad data before any step, DivergenceError if the loss becomes nan or inf.
        """
        for _ in self.epochs(X, y, epochs=epochs, batch_size=batch_size, seed=seed, shuffle=shuffle):
            pass
        return self.history

    def epochs(
        self, X: Iterable[Any], y: Iterable[Any], *, epochs: int, batch_size: int | None = None, seed: int = 0,
        shuffle: bool = True,
    ) -> Iterator[Record]:  # fmt: skip
        """The open loop: `for record in trainer.epochs(…)` trains one epoch at a time; arguments as for `fit`.

        The loss of a record is the mean over the samples, each taken before the step of its batch.
        """
        rows, targets = dataset(X, y)
        n = len(rows)
        for name, count, least in (("epochs", epochs, 0), ("batch_size", batch_size or n, 1)):
            if count.__class__ is not int or count < least:
                raise ValueError(f"expected {name} to be a whole number of at least {least}, got {count!r}")
        if batch_size == 0:
            raise ValueError("expected batch_size to be a whole number of at least 1, got 0")
        return self._epochs(rows, targets, epochs, batch_size or n, random.Random(seed), shuffle)

    def _epochs(
        self, rows: list[Any], targets: list[Any], epochs: int, size: int, rng: random.Random, shuffle: bool
    ) -> Iterator[Record]:
        order = list(range(len(rows)))
        for _ in range(epochs):
            if shuffle and size < len(rows):
                rng.shuffle(order)
            losses, metrics = [], []
            for start in range(0, len(order), size):
                batch = order[start : start + size]
                mean, metric = self.step([rows[i] for i in batch], [targets[i] for i in batch])
                losses.append(mean * (len(batch) / len(order)))
                metrics.append(metric * (len(batch) / len(order)))
            record = Record(len(self.history) + 1, math.fsum(losses), math.fsum(metrics) if self.metric else None)
            self.history.append(record)
            yield record

    def step(self, rows: Sequence[Any], targets: Sequence[Any]) -> tuple[float, float]:
        """One step on one batch: the mean loss and metric before it. Holds the graph of one sample at a time."""
        for p in self.parameters:
            p.grad = 0.0
        losses, metrics = [], []
        for row, target in zip(rows, targets):
            prediction = self.model(row)
            share = self.loss(prediction, target) * (1.0 / len(rows))
            if not isinstance(share, Value):
                raise TypeError(f"expected the loss to be a Value that depends on the parameters, got {share!r}")
            share.backward()
            losses.append(share.data)
            metrics.append(self._measured(prediction, target))
        if self.penalty is not None:
            penalty = self.penalty(self.parameters)
            penalty.backward()
            losses.append(penalty.data)
        mean = math.fsum(losses) if all(map(math.isfinite, losses)) else math.nan
        if not (math.isfinite(mean) and all(math.isfinite(p.grad) for p in self.parameters)):
            what = "loss" if not math.isfinite(mean) else "gradient"
            raise DivergenceError(f"the {what} is not finite in epoch {len(self.history) + 1}; a smaller learning rate "
                                  f"may help. {self._source_of_nan(rows, targets)}")  # fmt: skip
        self.optimizer.step(self.parameters)
        return mean, math.fsum(metrics) / len(rows)

    def _source_of_nan(self, rows: Sequence[Any], targets: Sequence[Any]) -> str:
        """Which sample and which node the first nan or inf comes from."""
        for i, (row, target) in enumerate(zip(rows, targets)):
            fault = why_nan(self.loss(self.model(row), target))
            if fault is not None:
                return f"Sample {i} of the batch, {fault}"
        return "Every sample is finite alone: the sum over them, or the penalty, is not"

    def _measured(self, prediction: Any, target: Any) -> float:
        """The metric of one sample, 0 where there is none."""
        if self.metric is None:
            return 0.0
        value = self.metric(prediction, target)
        return value.data if isinstance(value, Value) else float(value)

    def predict(self, X: Iterable[Any]) -> list[Any]:
        """The model's outputs as floats: one per sample, or a list per sample if the model has several."""
        outputs = [self.model(row) for row in samples(X)]
        return [[v.data for v in out] if isinstance(out, (list, tuple)) else out.data for out in outputs]

    def evaluate(self, X: Iterable[Any], y: Iterable[Any]) -> Record:
        """The mean loss (penalty included) and metric over a dataset, without a step."""
        rows, targets = dataset(X, y)
        losses, metrics = [], []
        for row, target in zip(rows, targets):
            prediction = self.model(row)
            losses.append(self.loss(prediction, target).data / len(rows))
            metrics.append(self._measured(prediction, target) / len(rows))
        if self.penalty is not None:
            losses.append(self.penalty(self.parameters).data)
        return Record(len(self.history), math.fsum(losses), math.fsum(metrics) if self.metric else None)
