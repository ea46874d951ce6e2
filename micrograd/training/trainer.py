"""`Trainer`: minimises the mean of a loss over a dataset, (1/N) Σ L(f(xᵢ), yᵢ), plus a penalty on the parameters.

X, y        samples and targets: lists, iterables that are read once, arrays, frames, tensors that NumPy can read
row, target one sample and its target
batch       the samples of one step
"""

from __future__ import annotations

import math

from micrograd.engine import Value
from micrograd.expect import leaves, rows_of, whole
from micrograd.optim.lbfgs import NotFinite
from micrograd.system.packages import BrokenPackage
from micrograd.training.arguments import expect_parts
from micrograd.training.checkpoints import Checkpoint, read, restore, state_of, write
from micrograd.training.compiled import Compiled
from micrograd.training.history import History, Record
from micrograd.training.objectives import Eager
from micrograd.training.position import Position
from micrograd.training.rows import Batch, batches, first_sample, own
from micrograd.training.watching import DivergenceError, Watch, expect_finite, source_of_nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from typing import Any

    Loss = Callable[[Any, Any], Any]


class Trainer:
    """Trains a model: batches of samples, gradients of the mean loss, steps of an optimiser.

    model       called with a row (a list of floats), returns a Value or a list of Values
    loss        loss(prediction, target) of one sample
    optimizer   an update rule, such as `optim.SGD`
    parameters  the leaves to train; those of model.parameters() unless given
    penalty     a function of the parameters, added to the mean loss
    metric      metric(prediction, target) -> number, on plain floats, recorded with the loss
    backend     "auto" compiles model and loss where that can be done (see `micrograd.compile`), and else runs them as
                they are, with the same results; "eager" never compiles; "llvm" and "numpy" compile or raise.
                `print(trainer.objective)` tells which, and why. Python state that the code reads (a weight that is
                annealed, a flag, a list) is read anew at every call of `fit`, `step`, `evaluate` and `predict`, and
                between the epochs of an open loop; see `retrace`

    TypeError for what cannot be such a part, with what to write instead.

    >>> from micrograd import Value, losses, optim
    >>> w = Value(0.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> history = trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=50)
    >>> print(f"{w:.4f}")
    3.0000
    """

    def __init__(
        self,
        model: Callable[[list[float]], Any],
        loss: Loss,
        optimizer: Any,
        *,
        parameters: Sequence[Value] | None = None,
        penalty: Callable[[Sequence[Value]], Any] | None = None,
        metric: Callable[[Any, Any], Any] | None = None,
        backend: str = "auto",
    ) -> None:
        if backend not in ("auto", "eager", "llvm", "numpy"):
            raise ValueError(f"expected backend to be auto, eager, llvm or numpy, got {backend!r}")
        expect_parts(model, loss, optimizer, penalty, metric)
        if parameters is None:
            if not hasattr(model, "parameters"):
                raise TypeError("expected a model with parameters(), or parameters=[…] beside a function")
            parameters = model.parameters()
        self.model, self.loss, self.optimizer, self.penalty, self.metric = model, loss, optimizer, penalty, metric
        self.parameters = leaves(parameters, "parameters")
        if not self.parameters:
            raise ValueError("expected at least one parameter to train, got none")
        self.backend = backend
        self.objective: Any = None  # made when the first data come, which tell its width
        self.position = Position(self.parameters)
        self._workers: tuple[Any, int] | None = None  # the executor of a fit, and its shards
        self._initial = [p.data for p in self.parameters]
        self._clear()

    def __repr__(self) -> str:
        return f"Trainer of {len(self.parameters)} parameters by {self.optimizer!r}, after {len(self.history)} epochs"

    def _objective(self, X: Any, y: Any) -> Any:
        """The objective for such data: that of before, as far as the code still computes the same."""
        self._renew()
        if self.objective is None or self._may_compile():
            self.objective = self._made(
                lambda: Compiled(self.model, self.loss, self.parameters, self.penalty, X, y, backend=self.backend)
            )
        return self.objective

    def _renew(self) -> None:
        """Trace the code again where Python state that it reads has changed, and compile what it has become."""
        if isinstance(self.objective, Compiled):
            self.objective = self._made(self.objective.renewed)

    def _made(self, make: Callable[[], Any]) -> Any:
        """A compiled objective; an eager one if that is wanted, or where "auto" finds that it cannot be compiled."""
        reason: Exception | None = None
        if self.backend != "eager":
            try:
                return make()
            except Exception as error:
                if self.backend != "auto" or isinstance(error, BrokenPackage):
                    raise
                reason = error
        return Eager(self.model, self.loss, self.parameters, self.penalty, because=reason)

    def _may_compile(self) -> bool:
        """Whether an eager objective may have become one that can be compiled, since Python state has changed."""
        return self.backend == "auto" and isinstance(self.objective, Eager) and not self.objective.holds()

    def retrace(self) -> None:
        """Read the code anew at the next call of `fit`, `step`, `evaluate` or `predict`.

        They do so by themselves where Python state has changed that model, loss or penalty read: variables, attributes,
        the contents of lists, dictionaries and arrays. What is out of reach (a file, an object in C that is no array)
        is seen after `retrace`.

        >>> from micrograd import losses, optim
        >>> w, settings = Value(1.0), {"slope": 1.0}
        >>> trainer = Trainer(lambda row: settings["slope"] * w * row[0], losses.squared_error, optim.SGD(lr=1e-9),
        ...                   parameters=[w])
        >>> trainer.fit([1.0], [5.0], epochs=1).loss[-1]
        16.0
        >>> settings["slope"] = 3.0
        >>> round(trainer.fit([1.0], [5.0], epochs=1).loss[-1], 6)
        4.0
        """
        if isinstance(self.objective, (Compiled, Eager)):
            self.objective.forget()

    def _clear(self) -> None:
        self.history = History()
        self.best: list[float] | None = None
        self.least = math.inf
        self.fits = 0  # that are finished
        self.limit: float | None = None  # of a loss that has not diverged

    def reset(self) -> None:
        """Back to the parameters that the trainer was made with, and to the first epoch: no history."""
        for p, value in zip(self.parameters, self._initial):
            p.data, p.grad = value, 0.0
        self.optimizer.reset()
        self._clear()

    def fit(
        self,
        X: Iterable[Any],
        y: Iterable[Any],
        *,
        epochs: int,
        batch_size: int | None = None,
        seed: int = 0,
        shuffle: bool = True,
        validation: tuple[Any, Any] | None = None,
        patience: int | None = None,
        progress: bool = False,
        checkpoint: Any = None,
        executor: Any = None,
        shards: int = 8,
    ) -> History:
        """Train for a number of epochs and return the history, which grows from fit to fit.

        Epochs count over the trainer's life, until `reset`: fits of one epoch, one after the other, take the same steps
        as one fit of them all.

        batch_size  samples a step; the whole dataset unless given
        seed        of the order in which an epoch takes the samples, by its number; as they come if shuffle is False
        validation  (X, y) whose mean loss is recorded after every epoch
        patience    stop after this many epochs without a smaller validation loss (without validation: loss)
        progress    one line that follows the training: in a notebook as an output, else on stderr
        checkpoint  a file for the state after every epoch (less often where writing would slow down short epochs). A
                    script that was stopped and is run again goes on from it, bit for bit as if it had never stopped:
                    the fit that wrote it, called with the same arguments, makes the epochs that are missing, and
                    fits that were finished before are passed over. UserWarning where another backend goes on, which
                    comes to other bits
        executor    any `concurrent.futures.Executor`, whose workers evaluate the shards that the samples are cut into;
                    the same number of shards gives the same bits, see `micrograd.sharding.Sharded`

        With `optim.LBFGS` an epoch is one iteration on the whole dataset, its loss is that after the iteration; each
        fit begins with an empty memory of the curvature, so give all epochs to one.
        With patience the parameters end as the best ones, kept in `best`. After Ctrl-C history and parameters stay
        as they are. ValueError or TypeError for bad data before any step, DivergenceError if the loss becomes nan or
        inf, or grows beyond 1e10 and 1e10 times the first loss of the trainer's life (or the loss that the same samples
        had with its first parameters).
        """
        epochs, seed, batch_size = whole(epochs, "epochs", 0), whole(seed, "seed"), size_of(batch_size)
        patience = None if patience is None else whole(patience, "patience", 1)
        shards = whole(shards, "shards", 1)
        settings = {
            "batch_size": batch_size,
            "seed": seed,
            "shuffle": shuffle,
            "patience": patience,
            "shards": None if executor is None else shards,
        }
        file = None if checkpoint is None else Checkpoint(self, checkpoint, settings)
        if file is not None and file.passes_over():
            return self.history
        watch = Watch(self, epochs, patience=patience, file=file, progress=progress)
        self._workers = None if executor is None else (executor, shards)
        try:
            if hasattr(self.optimizer, "minimise"):
                self._minimise(X, y, epochs, batch_size, validation, watch)
            else:
                loop = self._loop(X, y, epochs, batch_size, seed, shuffle, validation, watch.done)
                watch.start()
                if not watch.patient_no_more:
                    any(watch(record) for record in loop)
                loop.close()
        finally:
            self.position.give_back()
            if self._workers is not None and hasattr(self.objective, "executor"):
                self.objective = self.objective.objective
            self._workers = None
            watch.close()
        if patience is not None and self.best is not None:
            self.position.move(self.best)
        return watch.ended()

    def _minimise(self, X: Any, y: Any, epochs: int, batch_size: int | None, validation: Any, watch: Watch) -> None:
        """Train by an optimiser that minimises the whole objective; an epoch is one of its iterations."""
        if batch_size is not None:
            raise ValueError(f"{self.optimizer!r} needs the whole dataset at every step: leave batch_size out")
        data, tested = self._data(X, y, validation)

        gradient: Any = None

        def finished(iteration: int, p: Any, value: float) -> bool:
            self.position.reach(p, gradient)  # the last that was computed is that at p
            expect_finite(value, gradient, self, data)
            return watch(self._recorded(value, data, tested))

        def objective(p: Any) -> tuple[float, Any]:
            nonlocal gradient
            value, gradient = self.objective.value_and_gradient(data, at=p)
            return value, gradient

        if epochs > 0:
            try:
                self.optimizer.minimise(objective, self.position.numbers(), epochs, finished)
            except NotFinite as error:
                self.position.give_back()
                raise DivergenceError(f"{error}. {source_of_nan(self, data, error.point.tolist())}") from None

    def epochs(
        self,
        X: Iterable[Any],
        y: Iterable[Any],
        *,
        epochs: int,
        batch_size: int | None = None,
        seed: int = 0,
        shuffle: bool = True,
        validation: tuple[Any, Any] | None = None,
    ) -> Iterator[Record]:
        """The open loop: `for record in trainer.epochs(…)` trains one epoch at a time; arguments as for `fit`.

        The loss of a record is the mean over the samples, each taken before the step of its batch; validation loss
        and metric are measured after the epoch, the metric on the validation data if there are any.
        """
        if hasattr(self.optimizer, "minimise"):
            raise TypeError(f"{self.optimizer!r} has no open loop: call fit")
        epochs, seed, batch_size = whole(epochs, "epochs", 0), whole(seed, "seed"), size_of(batch_size)
        return self._loop(X, y, epochs, batch_size, seed, shuffle, validation, open=True)

    def save(self, path: Any) -> None:
        """Write parameters, state of the optimizer and history to a JSON file, whole or not at all.

        >>> import os, tempfile
        >>> from micrograd import losses, optim
        >>> path = os.path.join(tempfile.mkdtemp(), "trained.json")
        >>> w = Value(0.0, "w")
        >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.Adam(lr=0.1), parameters=[w])
        >>> history = trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=3)
        >>> trainer.save(path)
        >>> trainer.reset()
        >>> trainer.load(path)
        >>> len(trainer.history), round(w.data, 1)
        (3, 0.3)
        """
        write(path, state_of(self, None))

    def load(self, path: Any) -> None:
        """Take up what `save`, or `fit` with a checkpoint, wrote.

        CheckpointError for anything else, and nothing changes then; OSError if the file cannot be read. A file that
        you edit is taken once its digest is null.
        """
        restore(self, read(path), path)

    def _loop(
        self,
        X: Any,
        y: Any,
        epochs: int,
        batch_size: int | None,
        seed: int,
        shuffle: bool,
        validation: Any,
        done: int = 0,
        open: bool = False,
    ) -> Generator[Record, None, None]:
        data, tested = self._data(X, y, validation)
        size = len(data) if batch_size is None else batch_size
        return self._epochs(data, tested, epochs - done, size, seed, shuffle, open)

    def _data(self, X: Any, y: Any, validation: Any) -> tuple[Batch, Batch | None]:
        X, y = rows_of(X, "X"), rows_of(y, "y")
        objective = self._objective(X, y)
        if self._workers is not None:
            from micrograd.training.sharding import Sharded

            self.objective = objective = Sharded(objective, self._workers[0], shards=self._workers[1])
        data = objective.batch(X, y)
        if validation is None:
            return data, None
        X, y = map(rows_of, validation, ("validation X", "validation y"))
        if len(first_sample(X)) != data.width:
            raise ValueError(f"expected validation rows of {data.width} numbers, got {len(first_sample(X))}")
        tested = self.objective.batch(X, y)
        return data, tested

    def _recorded(self, loss: float, data: Batch, tested: Batch | None) -> Record:
        """The record of an epoch, put down in the history."""
        validation = None if tested is None else self.objective.value(tested, at=self.position.at)
        record = Record(len(self.history) + 1, loss, self._measured(tested or data), validation)
        self.history.append(record)
        if len(self.history) == 1:
            self.limit = None  # now that of the whole first epoch
        return record

    def _epochs(
        self, data: Batch, tested: Batch | None, epochs: int, size: int, seed: int, shuffle: bool, open: bool
    ) -> Generator[Record, None, None]:
        """The epochs; between those of an open loop the parameters have their numbers, and may be changed."""
        self.position.take(self.objective)
        try:
            for _ in range(epochs):
                order = f"{seed} {len(self.history)}" if shuffle else None
                losses = [self._step(batch) * (len(batch) / len(data)) for batch in batches(data, size, order)]
                record = self._recorded(math.fsum(losses), data, tested)
                if open:
                    self.position.give_back()
                yield record
                if open:
                    self._renew()
                    self.position.take(self.objective)
        finally:
            self.position.give_back()

    def step(self, batch: Batch) -> float:
        """One step on one batch, made by `objective.batch(X, y)`; the mean loss before it."""
        self._renew()
        self.position.take(self.objective)
        try:
            return self._step(batch)
        finally:
            self.position.give_back()

    def _step(self, batch: Batch) -> float:
        mean, gradient = self.objective.value_and_gradient(batch, at=self.position.at)
        expect_finite(mean, gradient, self, batch)
        self.position.advance(self.optimizer, gradient)
        return mean

    def _measured(self, data: Batch) -> float | None:
        """The mean metric over the data."""
        if self.metric is None:
            return None
        predictions = self.objective.predict(data, at=self.position.at)
        measured = [self.metric(p, own(target)) for p, target in zip(predictions, data.targets)]
        return math.fsum([float(x) for x in measured]) / len(data)

    def predict(self, X: Iterable[Any]) -> list[Any]:
        """The model's outputs as floats: one per sample, or a list per sample if the model has several."""
        X = rows_of(X, "X")
        self._renew()
        if self.objective is not None:
            return self.objective.predict(X)
        return Eager(self.model, self.loss, self.parameters).predict(X)

    def evaluate(self, X: Iterable[Any], y: Iterable[Any]) -> Record:
        """The mean loss (penalty included) and metric over a dataset, without a step."""
        data, _ = self._data(X, y, None)
        return Record(len(self.history), self.objective.value(data), self._measured(data))


def size_of(batch: Any) -> int | None:
    """The size of a batch as an int of at least 1; None for the whole dataset."""
    return None if batch is None else whole(batch, "batch_size", 1)
