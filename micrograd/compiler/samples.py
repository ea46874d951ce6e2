"""Samples and targets as arrays of floats, checked."""

from __future__ import annotations

from micrograd.dispatch import number
from micrograd.expect import finite, rows_of
from micrograd.vectors import place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np

    from micrograd.compiler.scalar.tracer import Trace


class Batch:
    """Samples X, (n, inputs), and targets Y, (n, targets), both float64 in C order; `take` picks some samples.

    weights     what the loss of each sample is multiplied by, (n,); None for the mean
    key         an object of its own, by which others know the batch again without keeping its arrays alive
    """

    __slots__ = ("X", "Y", "weights", "key", "__weakref__")

    def __init__(self, X: np.ndarray, Y: np.ndarray, weights: np.ndarray | None = None) -> None:
        self.X, self.Y, self.weights, self.key = X, Y, weights, object()

    def __reduce__(self) -> Any:
        return Batch, (self.X, self.Y, self.weights)

    def __len__(self) -> int:
        return len(self.X)

    @property
    def width(self) -> int:
        """How many numbers a sample has."""
        return self.X.shape[1]

    def take(self, places: Sequence[int]) -> Batch:
        """The samples at these places, in this order; those of a range are not copied."""
        taken: Any = slice(places.start, places.stop) if isinstance(places, range) and places.step == 1 else places
        return Batch(self.X[taken], self.Y[taken], None if self.weights is None else self.weights[taken])

    @property
    def rows(self) -> list[list[float]]:
        """The samples as lists of floats."""
        return self.X.tolist()

    @property
    def targets(self) -> list[Any]:
        """The targets: numbers, or lists of several."""
        return self.Y[:, 0].tolist() if self.Y.shape[1] == 1 else self.Y.tolist()


def frozen(batch: Batch) -> Batch:
    """The batch, whose arrays cannot be written any more: a backend may have laid them out for itself."""
    for array in (batch.X, batch.Y, batch.weights):
        if array is not None:
            array.flags.writeable = False
    return batch


def batch_of(trace: Trace, loss: Any, X: Any, y: Any, given: Any = None, *, copy: bool = False) -> Batch:
    """X, y and weights, if some are given, checked for a program; X may be a batch, which has its own."""
    inputs, width = trace.inputs, trace.targets or 1
    if isinstance(X, Batch):
        if X.X.shape[1] != inputs or X.Y.shape[1] != width:
            raise ValueError(
                f"expected a batch of {inputs} inputs and {width} targets, got one of {X.X.shape[1]} and {X.Y.shape[1]}"
            )
        if y is not None or given is not None:
            what = "targets y" if y is not None else "weights"
            raise TypeError(f"expected a batch alone, which has its targets and weights, got {what} beside it")
        return X
    rows = samples(X, inputs, copy=copy)
    own = None if given is None else weights(given, len(rows))
    if loss is None:
        if y is not None:
            raise TypeError("expected no targets: this program has no loss")
        return without_targets(trace, rows, own)
    if y is None:
        raise TypeError("expected targets y beside X")
    y = rows_of(y, "y")
    prepare = getattr(loss, "prepare", None)
    if prepare is not None:
        y = prepare(y.tolist() if hasattr(y, "tolist") else list(y), len(trace.outputs))
    return Batch(rows, targets(y, width, len(rows), copy=copy), own)


def samples_of(trace: Trace, X: Any) -> Batch:
    """Samples checked, whose targets do not matter; X may be a batch."""
    if not isinstance(X, Batch):
        return without_targets(trace, samples(X, trace.inputs, copy=False))
    if X.X.shape[1] != trace.inputs:
        raise ValueError(f"expected a batch of {trace.inputs} inputs, got one of {X.X.shape[1]}")
    return X if X.Y.shape[1] == (trace.targets or 1) else without_targets(trace, X.X)


def without_targets(trace: Trace, rows: np.ndarray, own: np.ndarray | None = None) -> Batch:
    """Rows that have been checked, with weights of their own; where a program reads targets, they are 0."""
    import numpy as np

    return Batch(rows, np.zeros((len(rows), trace.targets or 1)), own)


def numbers(data: Any, name: str, *, copy: bool = True) -> np.ndarray:
    """data as a float64 array; TypeError for what is no number, ValueError for nan, inf and rows of two widths.

    copy: False if the array is only to be read while the caller waits; it may be his own then.
    """
    return array_of_rows(rows_of(data, name), name, copy)


def array_of_rows(rows: Any, name: str, copy: bool) -> np.ndarray:
    """The same for what `rows_of` gave."""
    import numpy as np

    try:
        array = np.asarray(rows)
    except ValueError:
        raise ValueError(ragged(rows, name)) from None
    if array.dtype == object:
        array = floats(array, name)
    if array.dtype.kind not in "buif":
        raise TypeError(f"expected numbers in {name}, got {array.dtype} such as {array.ravel()[:1].tolist()}")
    if np.ma.is_masked(rows):
        raise ValueError(f"expected numbers in {name}, got an array in which some are masked; fill or drop them first")
    with np.errstate(over="ignore"):  # a long double that is too large becomes inf, and is told of
        array = array.astype(np.float64, order="C", copy=copy)
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{at(name, place)}: expected finite numbers, got {array[place]}")
    return array


def floats(array: np.ndarray, name: str) -> np.ndarray:
    """An array of objects, such as a frame of columns of several types, as floats, if all are numbers."""
    import numpy as np

    found = np.empty(array.shape)
    for place in np.ndindex(array.shape):
        try:
            found[place] = number(array[place])
        except (TypeError, ValueError) as error:
            raise type(error)(f"{at(name, place)}: {error}") from None
    return found


def at(name: str, place: tuple[int, ...]) -> str:
    """The name of an item: X[2][0]."""
    return name + "".join([f"[{i}]" for i in place])


def ragged(rows: Any, name: str) -> str:
    """What is wrong with rows of different widths."""
    widths = [len(row) if hasattr(row, "__len__") else 0 for row in rows]
    other = next((i for i, width in enumerate(widths) if width != widths[0]), None)
    if other is None:
        return f"expected rows of numbers in {name}, got rows of lists of different lengths"
    return f"expected rows of one width, got {widths[0]} numbers in {name}[0] and {widths[other]} in {name}[{other}]"


def samples(X: Any, inputs: int, *, copy: bool = True) -> np.ndarray:
    """X as an array (n, inputs); single numbers are samples of one input."""
    return in_rows(numbers(X, "X", copy=copy), inputs)


def in_rows(array: np.ndarray, inputs: int) -> np.ndarray:
    """The same for numbers that have been checked."""
    if array.ndim == 1 and inputs == 1:
        array = array[:, None]
    if array.ndim != 2 or (len(array) and array.shape[1] != inputs):
        raise ValueError(f"expected X of shape (samples, {inputs}), got {array.shape}")
    if len(array) == 0:
        raise ValueError("expected at least one sample, got none")
    return array


def targets(y: Any, width: int, count: int, *, copy: bool = True) -> np.ndarray:
    """y, as `rows_of` gave it, as an array (n, width)."""
    array = array_of_rows(y, "y", copy)
    if array.ndim == 1 and width == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != width:
        wanted = "(samples,)" if width == 1 else f"(samples, {width})"
        raise ValueError(
            f"expected y of shape {wanted}, got {array.shape if array.shape[1:] != (1,) else (len(array),)}"
        )
    if len(array) != count:
        raise ValueError(f"expected one target per sample, got {count} samples and {len(array)} targets")
    return array


def expect_places(batch: Batch, indices: dict[tuple[str, int], int]) -> None:
    """The errors of `take` for the first number in a column of indices that is no place in its table.

    indices: see `Trace`.
    """
    for (kind, which), count in indices.items():
        name, array = ("X", batch.X) if kind == "input" else ("y", batch.Y)
        column = array[:, which]
        fits = (column >= 0.0) & (column < count) & (column % 1.0 == 0.0)
        if not fits.all():
            row = int(fits.argmin())
            where = (row,) if kind == "target" and array.shape[1] == 1 else (row, which)
            place_of(float(column[row]), count, at(name, where))


def weights(given: Any, count: int) -> np.ndarray:
    """Weights as an array (n,), of its own; a number is that of every sample."""
    import numpy as np

    if not hasattr(given, "__len__") and not hasattr(given, "__iter__") or getattr(given, "shape", None) == ():
        return np.full(count, finite(given, "weights"))
    array = numbers(given, "weights")
    if array.shape != (count,):
        raise ValueError(f"expected weights of shape ({count},), one per sample, or one number, got {array.shape}")
    return array


def one_or_many(X: Any, inputs: int) -> tuple[np.ndarray, bool]:
    """X as an array (n, inputs), and whether it is a single row; of one input a number is one, a list is many."""
    if inputs == 1 and not hasattr(X, "__len__") and not hasattr(X, "__iter__") or getattr(X, "shape", None) == ():
        return samples([X], inputs, copy=False), True
    array = numbers(X, "X", copy=False)
    if array.shape == (inputs,) and inputs > 1:
        return array[None], True
    return in_rows(array, inputs), False
