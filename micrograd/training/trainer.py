"""`Trainer`: minimises the mean of a loss over a dataset, (1/N) Σ L(f(xᵢ), yᵢ), plus a penalty on the parameters.

X, y        samples and targets: lists, iterables that are read once, arrays, frames, tensors that NumPy can read
row, target one sample and its target
batch       the samples of one step
"""

from __future__ import annotations

from functools import partial

from micrograd.engine import Value
from micrograd.expect import option, rows_of, whole
from micrograd.training.arguments import expect_parts, optimizer_of, size_of, trained
from micrograd.training.checkpoints import Checkpoint, read, restore, state_of, write
from micrograd.training.compiled import Compiled, compiled_objective, unless_refused
from micrograd.training.course import Course
from micrograd.training.history import History, Record
from micrograd.training.loop import Loop, laid_out, measured
from micrograd.training.objectives import Eager, Objective
from micrograd.training.watching import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any


class Trainer:
    """Trains a model: batches of samples, gradients of the mean loss, steps of an optimiser.

    model       called with a row (a list of floats), returns a Value or a list of Values
    loss        loss(prediction, target) of one sample
    optimizer   an update rule, such as `optim.SGD`; see `optim.optimizer.Optimizer`
    parameters  the leaves to train; those of model.parameters() unless given
    penalty     a function of the parameters, added to the mean loss
    metric      metric(prediction, target) -> number, on plain floats, recorded with the loss
    backend     "auto" compiles model and loss where that can be done (see `micrograd.compile`), and else runs them as
                they are, with the same results; "eager" never compiles; "llvm" and "numpy" compile or raise.
                `print(trainer.objective)` tells which, and after 64 steps whether machine code took them, or why not.
                Python state that the code reads (a weight that is annealed, a flag, a list) is read anew at every call
                of `fit`, `step`, `evaluate` and `predict`, and between the epochs of an open loop; see `retrace`

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
        loss: Callable[[Any, Any], Any],
        optimizer: Any,
        *,
        parameters: Sequence[Value] | None = None,
        penalty: Callable[[Sequence[Value]], Any] | None = None,
        metric: Callable[[Any, Any], Any] | None = None,
        backend: str = "auto",
    ) -> None:
        self.backend = option(backend, "backend", ("auto", "eager", "llvm", "numpy"))
        expect_parts(model, loss, optimizer, penalty, metric)
        self.model, self.loss, self.optimizer, self.penalty, self.metric = model, loss, optimizer, penalty, metric
        self.parameters = trained(model, parameters)
        self.objective: Any = None  # made when the first data come, which tell its width
        self.course = Course(self.parameters)

    def __repr__(self) -> str:
        return f"Trainer of {len(self.parameters)} parameters by {self.optimizer!r}, after {len(self.history)} epochs"

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
        progress    one line that follows the training, also within epochs: in a notebook an output, else on stderr
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
        as they are, after whole steps: at most the last 50 milliseconds are undone. ValueError or TypeError for bad
        data before any step, DivergenceError if the loss becomes nan or inf, or grows beyond 1e10 and 1e10 times the
        first of the trainer's life (or the loss that the same samples had with its first parameters).
        """
        epochs, seed, batch_size = whole(epochs, "epochs", 0), whole(seed, "seed"), size_of(batch_size)
        patience = None if patience is None else whole(patience, "patience", 1)
        shards = whole(shards, "shards", 1)
        workers = None if executor is None else (executor, shards)
        optimizer = optimizer_of(self.optimizer)
        settings: dict[str, Any] = {"batch_size": batch_size, "seed": seed, "shuffle": shuffle, "patience": patience}
        settings["shards"] = None if workers is None else shards
        file = None if checkpoint is None else Checkpoint(self.course, optimizer, checkpoint, settings)
        if file is not None and file.passes_over():
            return self.history
        if optimizer.minimises and batch_size is not None:
            raise ValueError(f"{optimizer!r} needs the whole dataset at every step: leave batch_size out")
        watch = Watch(self.course, epochs, patience=patience, file=file, progress=progress)
        watch.resume()
        loop = None
        try:
            loop = self._loop(X, y, validation, workers)
            watch.start(loop.objective.backend)
            if optimizer.minimises:
                loop.minimise(epochs, watch)
            else:
                loop.fit(batch_size, seed if shuffle else None, watch)
        finally:
            self.course.position.give_back()
            if loop is not None and workers is not None:
                loop.objective.close()
            watch.close()
        if patience is not None and self.best is not None:
            self.course.position.move(self.best)
        return watch.ended()

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
        if optimizer_of(self.optimizer).minimises:
            raise TypeError(f"{self.optimizer!r} has no open loop: call fit")
        epochs, seed, batch_size = whole(epochs, "epochs", 0), whole(seed, "seed"), size_of(batch_size)
        loop = self._loop(X, y, validation)
        return self._opened(loop, epochs, batch_size, seed if shuffle else None)

    def _opened(self, loop: Loop, count: int, size: int | None, seed: int | None) -> Iterator[Record]:
        """The epochs of an open loop: between them the parameters have their numbers, and all may be changed."""
        for _ in range(count):
            loop.begin()
            try:
                [record] = loop.epochs(1, size, seed).records
            finally:
                loop.end()
            yield record
            loop.objective, loop.optimizer, loop.metric = self._renewed(), optimizer_of(self.optimizer), self.metric

    def step(self, batch: Any) -> float:
        """One step on one batch, made by `objective.batch(X, y)`; the mean loss before it."""
        loop = self._loop_on(self._renewed(), batch)
        loop.begin()
        try:
            return loop.step(batch)
        finally:
            loop.end()

    def predict(self, X: Iterable[Any]) -> list[Any]:
        """The model's outputs as floats: one per sample, or a list per sample if the model has several."""
        X = rows_of(X, "X")
        return (self._renewed() or self._plain()).predict(X)

    def evaluate(self, X: Iterable[Any], y: Iterable[Any]) -> Record:
        """The mean loss (penalty included) and metric over a dataset, without a step."""
        X, y = rows_of(X, "X"), rows_of(y, "y")
        objective = self.objective_for(X, y)
        data = objective.batch(X, y)
        return Record(len(self.history), objective.value(data), measured(self.metric, objective, data))

    @property
    def history(self) -> History:
        """The records of all epochs since the trainer was made, or `reset`."""
        return self.course.history

    @property
    def best(self) -> list[float] | None:
        """The numbers of the parameters after the best epoch of the last fit."""
        return self.course.best

    def reset(self) -> None:
        """Back to the parameters that the trainer was made with, and to the first epoch: no history."""
        for p, value in zip(self.parameters, self.course.initial):
            p.data, p.grad = value, 0.0
        self.optimizer.reset()
        self.course.clear()

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
        write(path, state_of(self.course, optimizer_of(self.optimizer), None))

    def load(self, path: Any) -> None:
        """Take up what `save`, or `fit` with a checkpoint, wrote.

        CheckpointError for anything else, and nothing changes then; OSError if the file cannot be read. A file that
        you edit is taken once its digest is null.
        """
        restore(self.course, optimizer_of(self.optimizer), read(path), path)

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
        if self.objective is not None:
            self.objective.forget()

    def objective_for(self, X: Any, y: Any) -> Objective:
        """What `fit` minimises on such lists or arrays: that of before, as far as the code still computes the same."""
        if self._renewed() is None or (self.backend == "auto" and not self.objective.holds()):
            parts = self.model, self.loss, self.parameters, self.penalty
            compiled = partial(compiled_objective, *parts, X, y, backend=self.backend)
            made = self._plain if self.backend == "eager" else compiled
            self.objective = unless_refused(made, self._plain, self.backend)
        return self.objective

    @property
    def plain_model(self) -> Any:
        """The model while its code runs as it is, sample by sample; None once it is compiled, and predicts fast."""
        return None if self.objective is not None and self.objective.on_arrays else self.model

    def _renewed(self) -> Any:
        """The objective that the code has now, None before there is one."""
        if self.objective is not None:
            dropped = self.backend == "eager" and isinstance(self.objective, Compiled)
            renewed = self._plain if dropped else self.objective.renewed
            self.objective = unless_refused(renewed, self._plain, self.backend)
        return self.objective

    def _plain(self, because: Exception | None = None) -> Eager:
        """The objective as plain code."""
        return Eager(self.model, self.loss, self.parameters, self.penalty, because=because)

    def _loop(self, X: Any, y: Any, validation: Any, workers: tuple[Any, int] | None = None) -> Loop:
        """What trains on such data, with workers for the shards of the samples if there are any."""
        X, y = rows_of(X, "X"), rows_of(y, "y")
        objective = self.objective_for(X, y)
        if workers is not None:
            from micrograd.training.sharding import Sharded

            objective = Sharded(objective, workers[0], shards=workers[1])
        return self._loop_on(objective, *laid_out(objective, X, y, validation))

    def _loop_on(self, objective: Objective, data: Any, tested: Any = None) -> Loop:
        optimizer = optimizer_of(self.optimizer)
        return Loop(objective, optimizer, self.course, data, tested, metric=self.metric, plain=self._plain)
