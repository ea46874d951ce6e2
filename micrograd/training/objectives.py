"""The objective of a training: the mean loss over a batch, (1/N) Σ L(f(xᵢ), yᵢ), plus a penalty on the parameters.

`Objective` is what all are asked for. `Eager` evaluates plain Value code and holds the graph of one sample at a time;
`compiled.Compiled` runs a program on all samples, `sharding.Sharded` has workers evaluate another objective.

    X, y        samples and targets: lists, iterables that are read once, arrays, frames, tensors that NumPy can read
    N           how many samples a batch has
    p           how many parameters there are
    at          their numbers in order, (p,); the present ones of the parameters unless given
"""

from __future__ import annotations

import math

from micrograd.collector import paused
from micrograd.dispatch import number
from micrograd.engine import Value
from micrograd.training.rows import Batch, dataset, own, samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from micrograd.compiler.descent import Descent

TOGETHER = 16  # samples in one pause of the collector, which costs as much as a node or two


class Objective:
    """What a Trainer minimises: a function of the numbers of its parameters, the mean over the samples of a batch.

    parameters      the leaves, p of them, in the order of their numbers
    backend         what evaluates it, in a word for people
    on_arrays       whether a training gives it the numbers as an array, `at`, and takes the gradient as an array that
                    it returns; else the parameters themselves have the numbers while it trains
    penalty_apart   whether `portable` leaves out the penalty, which is then its value on a batch without samples
    alone           why a training took its steps one by one; "" if it took many in a call, None before it came to that

    One of your own derives from it, defines `batch`, `value_and_gradient` and `predict`, and is what a Trainer
    minimises once it stands in its `objective`. The mean of (w·x − y)², with its slope 2x(w·x − y) written by hand:

    >>> from micrograd import Trainer, losses, optim
    >>> from micrograd.training.rows import dataset, samples
    >>> class Line(Objective):
    ...     def batch(self, X, y):
    ...         return dataset(X, y)
    ...     def value_and_gradient(self, batch, at=None):
    ...         [w] = self.parameters
    ...         errors = [w.data * x - y for [x], y in zip(batch.rows, batch.targets)]
    ...         slopes = [2.0 * x * e for [x], e in zip(batch.rows, errors)]
    ...         return sum([e * e for e in errors]) / len(batch), [sum(slopes) / len(batch)]
    ...     def predict(self, X, at=None):
    ...         return [self.parameters[0].data * x for [x] in samples(X)]
    >>> w = Value(0.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> trainer.objective = Line([w])
    >>> history = trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=50)
    >>> print(f"{w:.4f}")
    3.0000
    """

    backend = "of your own"
    on_arrays = False
    penalty_apart = False
    alone: str | None = None

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.parameters = list(parameters)

    def batch(self, X: Iterable[Any], y: Iterable[Any]) -> Any:
        """X and y, checked and converted, as all other methods take them.

        Of a batch a Trainer wants its `len`, `width` (how many numbers a sample has), `rows`, `targets`, and
        `take(places)`, a batch of some of its samples. ValueError or TypeError for data that are none, see
        `rows.dataset`, and for targets that the loss does not take.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define batch")

    def value(self, batch: Any, at: Sequence[float] | None = None) -> float:
        """The mean loss plus the penalty; nan or inf where a loss is not finite. ValueError if `at` is not (p,)."""
        return self.value_and_gradient(batch, at)[0]

    def value_and_gradient(self, batch: Any, at: Sequence[float] | None = None) -> tuple[float, Any]:
        """The value and its derivative by each parameter, (p,): a list, or an array where it works on arrays.

        ValueError if `at` is not (p,).
        """
        raise NotImplementedError(f"{type(self).__name__} does not define value_and_gradient")

    def predict(self, X: Any, at: Sequence[float] | None = None) -> list[Any]:
        """The outputs as floats, (N,), or (N, outputs) if the model has several; X may be a batch.

        ValueError or TypeError for samples that are none.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define predict")

    def descent(self, batch: Any, optimizer: Any, size: int) -> Descent | None:
        """What takes many steps in one call, each on so many of the samples; None where each is taken by itself."""
        return None

    def portable(self) -> Any:
        """What answers for it elsewhere: it has `value`, `value_and_gradient` and `predict`, and can be pickled."""
        return self

    def holds(self) -> bool:
        """Whether there is no reason to make it anew from the code: it may become a compiled one otherwise."""
        return True

    def renewed(self) -> Objective:
        """The objective that the code has now: itself, unless Python state that the code reads made it another."""
        return self

    def forget(self) -> None:
        """Read the code anew at the next chance, whether or not a change of state is seen."""

    def close(self) -> None:
        """The fit that made it is over: it may let go of what it holds elsewhere, and take it up when asked again."""


class Eager(Objective):
    """The objective by plain Value code; memory does not grow with the batch.

    Python's cyclic collector is paused while some samples are evaluated (see `micrograd.collector`).

    >>> from micrograd.losses import squared_error
    >>> w = Value(1.0)
    >>> objective = Eager(lambda row: w * row[0], squared_error, [w])
    >>> objective.value_and_gradient(objective.batch([1.0, 2.0], [3.0, 6.0]), at=[2.0])
    (2.5, [-5.0])
    """

    backend = "eager"

    def __init__(
        self,
        model: Callable[[list[float]], Any],
        loss: Callable[[Any, Any], Any],
        parameters: Sequence[Value],
        penalty: Callable[[Sequence[Value]], Any] | None = None,
        *,
        because: Exception | None = None,
    ) -> None:
        super().__init__(parameters)
        self.model, self.loss, self.penalty = model, loss, penalty
        self._because = "" if because is None else f", since it cannot be compiled: {because}"
        self._state: Any = None  # in which the code could not be compiled
        if because is not None:
            from micrograd.compiler.state.state import State

            self._state = State(model, loss, penalty, apart_from=self.parameters)

    @property
    def penalty_apart(self) -> bool:  # type: ignore[override]
        return self.penalty is not None

    def portable(self) -> Eager:
        """The mean loss alone: a penalty is often a function that no other process knows."""
        return Eager(self.model, self.loss, self.parameters)

    def __repr__(self) -> str:
        return f"Eager objective of {len(self.parameters)} parameters{self._because}"

    def holds(self) -> bool:
        """Whether the Python state is that in which the code could not be compiled, if that was tried."""
        return self._state is None or self._state.holds()

    def forget(self) -> None:
        """Try again to compile the code, whether or not a change of state is seen."""
        from micrograd.compiler.state.state import ended

        self._state = ended()

    def batch(self, X: Iterable[Any], y: Iterable[Any]) -> Batch:
        """X and y checked and converted, see `dataset`; the targets also by the `prepare` of a loss that has one."""
        data = dataset(X, y)
        prepare = getattr(self.loss, "prepare", None)
        if prepare is not None:
            prediction = self.model(list(data.rows[0]))
            prepare(data.targets, len(prediction) if isinstance(prediction, (list, tuple)) else 1)
        return data

    def value(self, batch: Batch, at: Sequence[float] | None = None) -> float:
        """The mean loss plus the penalty; nan where a loss is not finite."""
        before = self._move(at)
        try:
            shares = []
            for part in parts(list(zip(batch.rows, batch.targets))):
                with paused():
                    shares += [self._loss(row, target).data / len(batch) for row, target in part]
            if self.penalty is not None:
                shares.append(self._penalty().data)
            return total(shares)
        finally:
            self._move(before)

    def value_and_gradient(self, batch: Batch, at: Sequence[float] | None = None) -> tuple[float, list[float]]:
        """The value and its derivative by each parameter; the gradients of the parameters hold it too."""
        before = self._move(at)
        try:
            for p in self.parameters:
                p.grad = 0.0
            shares = []
            for part in parts(list(zip(batch.rows, batch.targets))):
                with paused():  # the graphs die inside
                    shares += [backward(self._loss(row, target) * (1.0 / len(batch))) for row, target in part]
            if self.penalty is not None:
                with paused():
                    shares.append(backward(self._penalty()))
            return total(shares), [p.grad for p in self.parameters]
        finally:
            self._move(before)

    def predict(self, X: Any, at: Sequence[float] | None = None) -> list[Any]:
        """The outputs as floats: one per sample, or a list per sample if the model has several; X may be a batch."""
        rows = X.rows if isinstance(X, Batch) else samples(X)
        before = self._move(at)
        try:
            outputs: list[Any] = []
            for part in parts(rows):
                with paused():
                    outputs += [data_of(self.model(list(row))) for row in part]
            return outputs
        finally:
            self._move(before)

    def _loss(self, row: list[float], target: Any) -> Value:
        return expect_value(self.loss(self.model(list(row)), own(target)))

    def _penalty(self) -> Value:
        """The penalty, which may be a number."""
        share = self.penalty(list(self.parameters))  # type: ignore[misc]
        return share if isinstance(share, Value) else Value(number(share))

    def _move(self, at: Sequence[float] | None) -> list[float] | None:
        """Set the parameters to the numbers `at`, and return what they were; nothing for None."""
        if at is None:
            return None
        if len(at) != len(self.parameters):
            raise ValueError(f"expected a number for each of {len(self.parameters)} parameters, got {len(at)}")
        before = [p.data for p in self.parameters]
        for p, value in zip(self.parameters, at):
            p.data = float(value)
        return before


def parts(items: list[Any]) -> Iterator[list[Any]]:
    """The items, a few at a time: between them the collector looks for garbage that the user's code has made."""
    for start in range(0, len(items), TOGETHER):
        yield items[start : start + TOGETHER]


def backward(share: Value) -> float:
    """The data of a share of the objective, after it went backward."""
    share.backward()
    return share.data


def data_of(output: Any) -> Any:
    """The output of a model as a float, or as a list of them."""
    return [v.data for v in output] if isinstance(output, (list, tuple)) else output.data


def expect_value(loss: Any) -> Value:
    """The loss of a sample; TypeError if it is no Value."""
    if not isinstance(loss, Value):
        raise TypeError(f"expected the loss to be a Value that depends on the parameters, got {loss!r}")
    return loss


def total(shares: list[float]) -> float:
    """The exact sum, rounded once; nan if a share is not finite."""
    if not all(map(math.isfinite, shares)):
        return math.nan
    try:
        return math.fsum(shares)
    except OverflowError:
        return math.inf
