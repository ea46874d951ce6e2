"""Nests: numbers in lists, tuples, dictionaries and arrays, taken apart into a row of numbers, and built up again.

shape       what a nest is beside its numbers, hashable: NUMBER, or (how, …) as below, with the shapes of its parts
item        what stands in place of a number: a float, a placeholder, a Value
fixed       what is no number and stays what it is: text, None, bools, functions
"""

from __future__ import annotations

from enum import Enum
from math import prod

import numpy as np

from micrograd.dispatch import Operators, brief, number
from micrograd.engine import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

NUMBER = ("number",)
FIXED = (str, bytes, bool, type(None), Enum)


def taken_apart(x: Any, items: list[Any], fixed: bool = True) -> Any:
    """The shape of a nest; its items are added to a list, in order.

    What is no container counts as an item, also what is fixed, unless that may be.

    >>> items = []
    >>> taken_apart({"a": 1.0, "b": [2.0, 3.0]}, items)
    ('dict', ('a', 'b'), (('number',), ('list', <class 'list'>, (('number',), ('number',)))))
    >>> items
    [1.0, 2.0, 3.0]
    """
    kind = x.__class__
    if kind is float:
        items.append(x)
        return NUMBER
    if isinstance(x, (list, tuple)):
        return "list", kind, tuple([taken_apart(part, items, fixed) for part in x])
    if isinstance(x, dict):
        return "dict", tuple(x), tuple([taken_apart(part, items, fixed) for part in x.values()])
    if isinstance(x, np.ndarray) and x.shape != ():
        items += x.ravel().tolist()
        return "array", x.shape
    if fixed and (isinstance(x, FIXED) or callable(x) and not hasattr(x, "operate")):
        return "fixed", x, type(x)  # True is 1 for ==
    items.append(x.item() if getattr(x, "shape", None) == () and hasattr(x, "item") else x)
    return NUMBER


def built_up(shape: Any, items: Iterator[Any], array: Callable[[list[Any]], Any]) -> Any:
    """The nest of a shape with these items; `array` makes an array of one dimension of a list of them.

    >>> built_up(("list", tuple, (NUMBER, ("array", (2,)))), iter([1.0, 2.0, 3.0]), np.array)
    (1.0, array([2., 3.]))
    """
    how = shape[0]
    if how == "number":
        return next(items)
    if how == "array":
        return array([next(items) for _ in range(size(shape))]).reshape(shape[1])
    if how == "list":
        parts = [built_up(part, items, array) for part in shape[2]]
        return shape[1](*parts) if hasattr(shape[1], "_fields") else shape[1](parts)  # a named tuple
    if how == "dict":
        return {key: built_up(part, items, array) for key, part in zip(shape[1], shape[2])}
    return shape[1]


def objects(items: list[Any]) -> Any:
    """Placeholders or Values as an array."""
    made = np.empty(len(items), dtype=object)
    made[:] = items
    return made


def size(shape: Any) -> int:
    """How many numbers a nest of this shape has."""
    how = shape[0]
    if how == "array":
        return prod(shape[1])
    return 1 if how == "number" else 0 if how == "fixed" else sum(map(size, shape[2]))


def has_fixed(shape: Any) -> bool:
    """Whether something of a nest is fixed."""
    return shape[0] == "fixed" or shape[0] in ("list", "dict") and any(map(has_fixed, shape[2]))


def is_flat(shape: Any) -> bool:
    """Whether a nest is a list or tuple of numbers."""
    return shape[0] == "list" and shape[1] in (list, tuple) and all(part == NUMBER for part in shape[2])


def is_flat_dict(shape: Any) -> bool:
    """Whether a nest is a dictionary of numbers."""
    return shape[0] == "dict" and all(part == NUMBER for part in shape[2])


def of_lists(shape: Any) -> tuple[int, ...] | None:
    """The dimensions of a list of numbers, or of lists of equally many, nested; None for other nests.

    >>> of_lists(("list", list, (("list", list, (NUMBER, NUMBER)),) * 3))
    (3, 2)
    """
    if shape == NUMBER:
        return ()
    if shape[0] != "list" or shape[1] is not list or not shape[2] or any(part != shape[2][0] for part in shape[2]):
        return None
    below = of_lists(shape[2][0])
    return None if below is None else (len(shape[2]), *below)


def outer(of: Any, by: Any) -> Any:
    """The shape of the derivatives of one nest by another: each number of the first replaced by a nest like the second.

    Of an array of shape a by one of shape b it is an array of shape a + b; where the second nest is an array, a list of
    numbers counts as one.
    """
    if by[0] == "array" and of[0] == "list" and of[2] and all(part == NUMBER for part in of[2]):
        return widened(by, (len(of[2]),))
    return replaced(of, by)


def replaced(of: Any, by: Any) -> Any:
    """The same without such an exception."""
    if of[0] in ("list", "dict"):
        return of[0], of[1], tuple([replaced(part, by) for part in of[2]])
    if of[0] == "fixed":
        return of
    return widened(by, () if of[0] == "number" else of[1])


def widened(by: Any, above: tuple[int, ...]) -> Any:
    """A shape with arrays that have these dimensions, and behind them their own; numbers have none.

    What is fixed stays what it is.
    """
    if by[0] in ("list", "dict"):
        return by[0], by[1], tuple([widened(part, above) for part in by[2]])
    if by[0] == "fixed":
        return by
    below = () if by[0] == "number" else by[1]
    return ("array", above + below) if above + below else by


def outer_order(of: Any, by: Any) -> np.ndarray:
    """Where in the matrix of derivatives, row by row, the numbers of `outer` stand, in order."""
    places = np.arange(size(of) * size(by)).reshape(size(of), size(by))
    rows, columns = pieces(of), pieces(by)
    if outer(of, by)[0] == "array" and by[0] == "array":  # a flat list that counts as an array
        rows = [size(of)]
    found, above = [np.zeros(0, np.int64)], 0
    for height in rows:
        left = 0
        for width in columns:
            found.append(places[above : above + height, left : left + width].ravel())
            left += width
        above += height
    return np.concatenate(found)


def pieces(shape: Any) -> list[int]:
    """The sizes of the numbers and arrays of a nest."""
    if shape[0] in ("list", "dict"):
        return [n for part in shape[2] for n in pieces(part)]
    return [] if shape[0] == "fixed" else [size(shape)]


def floats(items: list[Any]) -> list[float]:
    """The items of arguments as floats; TypeError for what is no number, ValueError for an int too large."""
    found = []
    for x in items:
        try:
            found.append(number(x))
        except TypeError:
            bare = "x.detach()" if hasattr(x, "detach") else "x"
            cure = f"write np.asarray({bare})" if hasattr(x, "__array__") else "convert it first"
            raise TypeError(
                "the arguments: expected a number, or numbers in arrays, lists, tuples or dictionaries, got "
                f"{brief(x)}; {cure}"
            ) from None
        except ValueError as error:
            raise ValueError(f"the arguments: {error}") from None
    return found


def symbolic(items: list[Any]) -> bool:
    """Whether there are Values or placeholders among the items."""
    return any(isinstance(x, (Value, Operators)) for x in items)
