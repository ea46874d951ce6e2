"""A plain function over rows of numbers: the program of samples that its graph is, too."""

from __future__ import annotations

import numpy as np

from micrograd.compiler.one_row import DOUBLE
from micrograd.compiler.points.nests import NUMBER, pieces, taken_apart, widened
from micrograd.compiler.points.recorded import sample_at, trace_of_rows
from micrograd.compiler.programs import Program
from micrograd.dispatch import brief

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.points.recorded import Recorded


def rows_of(args: tuple[Any, ...]) -> tuple[Any, np.ndarray]:
    """The shape of the arguments of one call, and the numbers of all calls, one row each."""
    found: list[np.ndarray] = []
    shape = "list", tuple, tuple([row_shape(x, found) for x in args])
    counts = sorted({len(x) for x in found})
    if len(counts) != 1 or counts == [0]:
        raise ValueError(f"expected arguments of equally many rows, at least one, got {counts or 'none'}")
    return shape, np.concatenate([x.reshape(len(x), -1) for x in found], axis=1)


def row_shape(x: Any, found: list[np.ndarray]) -> Any:
    """The shape of one row of an argument; its numbers are added to a list."""
    if isinstance(x, dict):
        return "dict", tuple(x), tuple([row_shape(part, found) for part in x.values()])
    if isinstance(x, tuple):
        return "list", type(x), tuple([row_shape(part, found) for part in x])
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"expected rows of equally many numbers, got {brief(x)}") from None
    if array.ndim == 0 and array.dtype.kind in "buif":
        raise TypeError(
            f"expected arrays of numbers, one row for each call, got {brief(x)}; repeat it for each of n, "
            f"np.full(n, {x}), or let the function use it as it stands"
        )
    if array.dtype.kind not in "buif":
        raise TypeError(f"expected arrays of numbers, one row for each call, got {brief(x)}")
    found.append(array.astype(np.float64, copy=False))
    return ("array", array.shape[1:]) if array.ndim > 1 else NUMBER


def program_of(recorded: Recorded, numbers: list[float], backend: str, cache: bool) -> Program:
    """The program of samples, compared with the function at these numbers when it is built."""
    program = Program(trace_of_rows(recorded), None, backend, None, cache)
    program._check.kept = [sample_at(recorded.code, numbers)]
    return program


def stacked(returned: Any, outputs: np.ndarray) -> Any:
    """The outputs, (n, numbers), as a nest with arrays of n in place of numbers."""
    if returned[0] == "list" and returned[2] and all(part == NUMBER for part in returned[2]):
        return outputs
    parts, first = [], 0
    for count in pieces(returned):
        parts.append(outputs[:, first : first + count])
        first += count
    return filled(widened(returned, (len(outputs),)), iter(parts))


def only_row(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The arguments of the one call, where each is an array of one row of finite doubles; else None."""
    row = []
    for x in args:
        if x.__class__ is not np.ndarray or x.ndim < 2 or len(x) != 1 or x.dtype is not DOUBLE:
            return None
        total = sum(x.ravel().tolist())
        if total - total != 0.0:
            return None
        row.append(x[0])
    return tuple(row)


def in_one_row(found: Any) -> Any:
    """What a function returned for the only row, as `stacked` gives it."""
    if found.__class__ is float:
        return np.array([found])
    items: list[float] = []
    returned = taken_apart(found, items)
    return stacked(returned, np.array([items]))


def filled(shape: Any, parts: Any) -> Any:
    """The nest of a shape whose arrays are these, in order."""
    if shape[0] == "array":
        return next(parts).reshape(shape[1])
    made = [filled(part, parts) for part in shape[2]]
    if shape[0] == "dict":
        return dict(zip(shape[1], made))
    return shape[1](*made) if hasattr(shape[1], "_fields") else shape[1](made)
