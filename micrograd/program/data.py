"""Samples and targets as arrays of floats, checked."""

from __future__ import annotations

import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np


class Batch:
    """Samples X, (n, inputs), and targets Y, (n, targets), both float64 in C order; `take` picks some samples."""

    __slots__ = ("X", "Y", "packed", "again", "_programs")

    def __init__(self, X: np.ndarray, Y: np.ndarray) -> None:
        self.X, self.Y = X, Y
        self.packed: dict[Any, Any] = {}  # what a backend keeps beside
        self.again: dict[Any, Any] = {}  # a program's lock -> the short way to run it on this batch once more
        self._programs: dict[Any, Any] = {}

    def remember(self, program: Any, lock: Any, step: Any) -> None:
        """Keep the short way to run a program, which is not kept alive, and drop those of programs that are gone."""
        for other, reference in list(self._programs.items()):
            if reference() is None:
                self.again.pop(other, None)
                self._programs.pop(other, None)
        self.again[lock], self._programs[lock] = step, weakref.ref(program)

    def __reduce__(self) -> Any:
        return Batch, (self.X, self.Y)

    def __len__(self) -> int:
        return len(self.X)

    @property
    def width(self) -> int:
        """How many numbers a sample has."""
        return self.X.shape[1]

    def take(self, places: Sequence[int]) -> Batch:
        """The samples at these places, in this order; those of a range are not copied."""
        if isinstance(places, range) and places.step == 1:
            return Batch(self.X[places.start : places.stop], self.Y[places.start : places.stop])
        return Batch(self.X[places], self.Y[places])

    @property
    def rows(self) -> list[list[float]]:
        """The samples as lists of floats."""
        return self.X.tolist()

    @property
    def targets(self) -> list[Any]:
        """The targets: numbers, or lists of several."""
        return self.Y[:, 0].tolist() if self.Y.shape[1] == 1 else self.Y.tolist()


def numbers(data: Any, name: str) -> np.ndarray:
    """data as a float64 array; TypeError for what is no number, ValueError for nan, inf and rows of two widths."""
    import numpy as np

    if hasattr(data, "to_numpy"):  # a frame: iterating would give the names of its columns
        data = data.to_numpy()
    if not hasattr(data, "dtype") and not isinstance(data, (list, tuple)):
        data = list(data)
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(ragged(data, name)) from None
    if array.dtype.kind not in "buif":
        raise TypeError(f"expected numbers in {name}, got {array.dtype} such as {array.ravel()[:1].tolist()}")
    array = array.astype(np.float64, order="C")
    if not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        shown = "".join([f"[{i}]" for i in place])
        raise ValueError(f"{name}{shown}: expected finite numbers, got {array[place]}")
    return array


def ragged(data: Any, name: str) -> str:
    """What is wrong with rows of different widths."""
    widths = [len(row) if hasattr(row, "__len__") else 0 for row in data]
    other = next((i for i, width in enumerate(widths) if width != widths[0]), 0)
    return f"expected rows of one width, got {widths[0]} numbers in {name}[0] and {widths[other]} in {name}[{other}]"


def samples(X: Any, inputs: int) -> np.ndarray:
    """X as an array (n, inputs); single numbers are samples of one input."""
    array = numbers(X, "X")
    if array.ndim == 1 and inputs == 1:
        array = array[:, None]
    if array.ndim != 2 or (len(array) and array.shape[1] != inputs):
        raise ValueError(f"expected X of shape (samples, {inputs}), got {array.shape}")
    if len(array) == 0:
        raise ValueError("expected at least one sample, got none")
    return array


def targets(y: Any, width: int, count: int) -> np.ndarray:
    """y as an array (n, width)."""
    array = numbers(y, "y")
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
