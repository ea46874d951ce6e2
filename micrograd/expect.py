"""What users may give, checked in one place: numbers, whole ones and those in a range, names, leaves, and data.

What is of another kind is TypeError, what is out of range ValueError; so is what is no whole number, or none of a few
names.

what        the name of an argument, as the message says it
least       the smallest number that is taken
data        samples or targets: a frame, an array or a tensor, or a list or other iterable of rows or numbers
tensor      an array of another library than NumPy, which NumPy can read through its `__array__`
"""

from __future__ import annotations

import math
from operator import index

from micrograd.dispatch import brief, number
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def whole(x: Any, what: str, least: int | None = None) -> int:
    """x as an int of at least `least`: an int, or what stands for one, such as a NumPy integer; ValueError otherwise.

    A bool is refused, and so is a float, even 3.0.

    >>> whole(3, "epochs", 1)
    3
    >>> whole(True, "epochs", 1)
    Traceback (most recent call last):
    ...
    ValueError: expected epochs to be a whole number of at least 1, got True
    """
    try:
        found = None if "bool" in (type(x).__name__, *str(getattr(x, "dtype", "")).split(".")) else index(x)
    except TypeError:
        found = None
    if found is None or (least is not None and found < least):
        bound = "" if least is None else f" of at least {least}"
        raise ValueError(f"expected {what} to be a whole number{bound}, got {shortened(x)}")
    return found


def shortened(x: Any) -> str:
    """The repr of a number, on one short line; of anything else with its type."""
    return repr(x) if isinstance(x, (int, float)) and len(repr(x)) <= 60 else brief(x)


def numeric(x: Any, what: str) -> float:
    """x as a float, which may be nan or inf; TypeError for what is no number, ValueError for an int too large."""
    try:
        return number(x)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what}: {error}") from None


def finite(x: Any, where: str) -> float:
    """x as a finite float; the errors of `numeric`, and ValueError for nan and inf.

    >>> finite(math.inf, "X[0]")
    Traceback (most recent call last):
    ...
    ValueError: X[0]: expected finite numbers, got inf
    """
    value = numeric(x, where)
    if not math.isfinite(value):
        raise ValueError(f"{where}: expected finite numbers, got {value}")
    return value


def at_least_zero(x: Any, what: str) -> float:
    """x as a finite float of at least 0, else ValueError; TypeError for what is no number."""
    value = numeric(x, what)
    if not 0.0 <= value < math.inf:
        raise ValueError(f"expected {what} of at least 0, and finite, got {x!r}")
    return value


def positive(x: Any, what: str) -> float:
    """x as a finite float above 0, else ValueError; TypeError for what is no number."""
    value = numeric(x, what)
    if not 0.0 < value < math.inf:
        raise ValueError(f"expected {what} above 0, and finite, got {x!r}")
    return value


def below_one(x: Any, what: str) -> float:
    """x as a float with 0 ≤ x < 1, else ValueError; TypeError for what is no number."""
    value = numeric(x, what)
    if not 0.0 <= value < 1.0:
        raise ValueError(f"expected {what} from 0 to below 1, got {x!r}")
    return value


def option(x: Any, what: str, choices: Sequence[str]) -> str:
    """x, if it is one of the choices, else ValueError.

    >>> option("eager", "backend", ("auto", "eager"))
    'eager'
    """
    if not isinstance(x, str) or x not in choices:
        raise ValueError(f"expected {what} to be {', '.join(choices[:-1])} or {choices[-1]}, got {x!r}")
    return x


def is_foreign(kind: type) -> bool:
    """Whether objects of this class hold an array, and are none of NumPy."""
    return hasattr(kind, "__array__") and not any(base.__module__ == "numpy" for base in kind.__mro__)


def array_of(x: Any, name: str) -> Any:
    """What a tensor holds, as an array, or as a number where it is one; x itself, if it is no tensor.

    Where NumPy is missing or lacks the type of the numbers, lists take its place. TypeError for a tensor that needs a
    gradient, which would be lost, and for one that cannot be read.
    """
    if not is_foreign(type(x)):
        return x
    fault: Any = "it requires a gradient, which would be lost"
    if not getattr(x, "requires_grad", False):
        for read in ("__array__", "tolist"):
            try:
                array = getattr(x, read)()
                return array.item() if getattr(array, "shape", None) == () else array
            except Exception as error:  # whatever the other library raises
                fault = error
                if "detach" in str(error):
                    break
    cure = "give its .detach()" if "detach" in str(fault) or getattr(x, "requires_grad", False) else "convert it first"
    raise TypeError(f"expected {name} as numbers, got a {type(x).__name__} that cannot be read: {fault}; {cure}")


def rows_of(data: Any, name: str) -> Any:
    """Samples or targets as an array or a list, which may be gone through twice; of a frame or a tensor its array.

    TypeError for what is no sequence of rows or numbers, or has no order, and for tensors that require a gradient.
    """
    if hasattr(data, "to_numpy"):  # iterating would give the names of the columns
        return data.to_numpy()
    given, data = data, array_of(data, name)
    if isinstance(data, (list, tuple)):
        return without_tensors(data, name)
    if hasattr(data, "dtype") and data.shape:
        return data
    listed = (hasattr(data, "__iter__") or hasattr(data, "__len__")) and getattr(data, "shape", None) != ()
    if not listed or isinstance(data, (str, bytes, dict, set, frozenset)):
        shape = f" of shape {tuple(given.shape)}" if hasattr(given, "shape") else ""
        raise TypeError(f"expected {name} as an array, a frame or a list of numbers or rows, got {brief(given)}{shape}")
    rows = [row if hasattr(row, "__len__") or not hasattr(row, "__iter__") else list(row) for row in data]
    return without_tensors(rows, name)


def without_tensors(rows: Any, name: str) -> Any:
    """A list with arrays, or numbers, in place of the tensors in it and in its rows, which are alike."""
    foreign = {kind for kind in set(map(type, rows)) if is_foreign(kind)}
    if not foreign:
        if not rows or not isinstance(rows[0], (list, tuple)) or not any(is_foreign(type(x)) for x in rows[0]):
            return rows
        return [without_tensors(row, f"{name}[{i}]") for i, row in enumerate(rows)]
    return [array_of(row, f"{name}[{i}]") if type(row) in foreign else row for i, row in enumerate(rows)]


def one_leaf(x: Any, what: str) -> Value:
    """x, if it is a Value made by hand, else TypeError."""
    if not isinstance(x, Value) or x.op is not None:
        raise TypeError(f"expected {what}, made as Value(number), got {brief(x)}")
    return x


def leaves(values: Any, name: str) -> list[Value]:
    """The leaves as a list; TypeError for anything but leaves, ValueError for a leaf that stands twice."""
    if isinstance(values, Value) or not hasattr(values, "__iter__"):
        raise TypeError(f"expected {name} to be a list of Values, got {brief(values)}")
    values = [one_leaf(value, f"{name} that are leaves") for value in values]
    if len({id(value) for value in values}) != len(values):
        raise ValueError(f"expected {name} that are all different, got one of them twice")
    return values


def parameters_of(model: Any, parameters: Any) -> list[Value]:
    """The parameters as given, or else those of the model; TypeError if it has none, and the errors of `leaves`."""
    if parameters is None:
        if not hasattr(model, "parameters"):
            raise TypeError("expected a model with parameters(), or parameters=[…] beside a function")
        parameters = model.parameters()
    return leaves(parameters, "parameters")
