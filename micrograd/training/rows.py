"""Samples and targets: checked and converted when they come, held as a batch, taken in an order that a seed gives.

X, y        samples and targets: lists, iterables that are read once, arrays, frames, tensors that NumPy can read
row         one sample, a list of floats
target      what belongs to a row: a number, or a list of numbers
"""

from __future__ import annotations

import random

from micrograd.expect import array_of, finite, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any


def plain(x: Any, where: str) -> Any:
    """A number as a finite float, a sequence of numbers as a list of them; ValueError or TypeError that says where."""
    x = array_of(x, where)
    if hasattr(x, "__len__") and getattr(x, "shape", None) != () and not isinstance(x, (str, bytes)):
        found = [plain(item, where) for item in x]
        if list in map(type, found):
            raise TypeError(f"{where}: expected a number or a list of numbers, got a list of lists")
        return found
    return finite(x, where)


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


def own(target: Any) -> Any:
    """The target as the code gets it: a list of its own, which it may change."""
    return list(target) if isinstance(target, list) else target


def first(rows: Any) -> Any:
    """The first of samples or targets, a list or an array; ValueError if there is none."""
    if len(rows) == 0:
        raise ValueError("expected at least one sample, got none")
    return rows[0]


def first_sample(X: Any) -> list[float]:
    """The first sample as a row."""
    row = plain(first(X), "X[0]")
    return row if isinstance(row, list) else [row]


def batches(data: Any, size: int, order: Any) -> Iterator[Any]:
    """The data in batches of a size, in an order, or as they are for None."""
    if size >= len(data):
        yield data
        return
    if order is not None:
        data = data.take(order)
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
