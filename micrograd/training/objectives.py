"""The objective of a training: the mean loss over a batch, (1/N) Σ L(f(xᵢ), yᵢ), plus a penalty on the parameters.

An objective has `batch(X, y)`, `value(batch, at=p)`, `value_and_gradient(batch, at=p)` and `predict(X, at=p)`. `Eager`
evaluates plain Value code and holds the graph of one sample at a time; `compilation.Compiled` runs a program on all.

    X, y        samples and targets: lists, iterables that are read once, arrays, frames, tensors that NumPy can read
    row         one sample, a list of floats
    p           the numbers of all parameters, in order
"""

from __future__ import annotations

import math
import random

from micrograd.collector import paused
from micrograd.dispatch import number
from micrograd.engine import Value
from micrograd.expect import array_of, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

TOGETHER = 16  # samples in one pause of the collector, which costs as much as a node or two


def plain(x: Any, where: str) -> Any:
    """A number as a finite float, a sequence of numbers as a list of them; ValueError or TypeError that says where."""
    x = array_of(x, where)
    if hasattr(x, "__len__") and getattr(x, "shape", None) != () and not isinstance(x, (str, bytes)):
        found = [plain(item, where) for item in x]
        if list in map(type, found):
            raise TypeError(f"{where}: expected a number or a list of numbers, got a list of lists")
        return found
    try:
        value = number(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
    if not math.isfinite(value):
        raise ValueError(f"{where}: expected finite numbers, got {value}")
    return value


def samples(X: Iterable[Any]) -> list[list[float]]:
    """X as a list of rows of one width; ValueError for no rows, rows of two widths, nan and inf."""
    found = [plain(row, f"X[{i}]") for i, row in enumerate(rows_of(X, "X"))]
    if not found:
        raise ValueError("expected at least one sample, got none")
    rows = [row if isinstance(row, list) else [row] for row in found]
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"expected rows of one width, got {len(rows[0])} numbers in X[0] and {len(row)} in X[{i}]")
    return rows


def width(target: Any) -> int:
    """How many numbers a target is: 0 for a bare number."""
    return len(target) if isinstance(target, list) else 0


class Batch:
    """Samples and targets, checked and converted; `take` picks some of them."""

    __slots__ = ("rows", "targets")

    def __init__(self, rows: list[list[float]], targets: list[Any]) -> None:
        self.rows, self.targets = rows, targets

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        """How many numbers a sample has."""
        return len(self.rows[0])

    def take(self, places: Sequence[int]) -> Batch:
        """The samples at these places, in this order."""
        return Batch([self.rows[i] for i in places], [self.targets[i] for i in places])


def dataset(X: Iterable[Any], y: Iterable[Any]) -> Batch:
    """X and y as a batch, all numbers finite floats.

    A sample that is a single number becomes a row of one. ValueError for no samples, nan and inf, rows or targets of
    different widths, and numbers of samples and targets that differ; TypeError for what is no number.

    >>> batch = dataset([1, 2], [0.5, 1])
    >>> batch.rows, batch.targets
    ([[1.0], [2.0]], [0.5, 1.0])
    """
    rows = samples(X)
    targets = [plain(target, f"y[{i}]") for i, target in enumerate(rows_of(y, "y"))]
    if len(rows) != len(targets):
        raise ValueError(f"expected one target per sample, got {len(rows)} samples and {len(targets)} targets")
    for i, target in enumerate(targets):
        if width(target) != width(targets[0]):
            raise ValueError(f"expected targets of one width, got {targets[0]!r} in y[0] and {target!r} in y[{i}]")
    return Batch(rows, targets)


class Eager:
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
        self.model, self.loss, self.parameters, self.penalty = model, loss, list(parameters), penalty
        self._because = "" if because is None else f", since it cannot be compiled: {because}"
        self._state: Any = None  # in which the code could not be compiled
        if because is not None:
            from micrograd.compiler.state.state import State

            self._state = State(model, loss, penalty, apart_from=self.parameters)

    def __repr__(self) -> str:
        return f"Eager objective of {len(self.parameters)} parameters{self._because}"

    def holds(self) -> bool:
        """Whether the Python state is that in which the code could not be compiled."""
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


def own(target: Any) -> Any:
    """The target as the code gets it: a list of its own, which it may change."""
    return list(target) if isinstance(target, list) else target


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


def first(data: Any) -> Any:
    """The first sample or target; ValueError if there is none."""
    rows = rows_of(data, "samples")
    if len(rows) == 0:
        raise ValueError("expected at least one sample, got none")
    return rows[0]


def first_sample(X: Any) -> list[float]:
    """The first sample as a row."""
    row = plain(first(X), "X[0]")
    return row if isinstance(row, list) else [row]


def total(shares: list[float]) -> float:
    """The exact sum, rounded once; nan if a share is not finite."""
    if not all(map(math.isfinite, shares)):
        return math.nan
    try:
        return math.fsum(shares)
    except OverflowError:
        return math.inf


def batches(data: Any, size: int, seed: str | None) -> Iterator[Any]:
    """The data in batches of a size; in an order that depends on the seed alone, or as they are."""
    if size >= len(data):
        yield data
        return
    if seed is not None:
        data = data.take(shuffled(len(data), seed))
    for start in range(0, len(data), size):
        yield data.take(range(start, min(start + size, len(data))))


def shuffled(count: int, seed: str) -> list[int]:
    """The numbers below count in an order that depends on the seed alone.

    >>> shuffled(5, "0 0")
    [1, 0, 3, 4, 2]
    """
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return order
