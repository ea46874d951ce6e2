"""Functions of several scalars, composed of rows and numerically stable: dot, mean, logsumexp, softmax, scan, take.

They take Values, floats or a mixture, and give Values as soon as one argument is a Value.

structure   a number, or a list, tuple, dictionary or array of structures: the state of a loop, the row of a table
form        what structures have in common that differ in their numbers alone, as text
"""

from __future__ import annotations

from itertools import groupby

from micrograd.dispatch import Operators, brief, number
from micrograd.expect import rows_of, whole
from micrograd.functions import detach, div, exp, inf, log, maximum, where
from micrograd.messages.counterparts import absent

__all__ = ["dot", "logsumexp", "mean", "scan", "softmax", "take"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from micrograd.signatures import Operand
else:
    __getattr__ = absent(__name__)


def listed(values: Iterable[Operand], name: str) -> list[Any]:
    """The values as a list, numbers as floats; ValueError if there are none, TypeError for what is no number."""
    items = [x if hasattr(x, "operate") else number(x) for x in values]
    if not items:
        raise ValueError(f"{name} expects at least one value, got none")
    return items


def total(items: list[Any]) -> Any:
    """The sum of a list that is not empty, left to right, without a stray 0 at its start."""
    result = items[0]
    for x in items[1:]:
        result = result + x
    return result


def dot(xs: Iterable[Operand], ys: Iterable[Operand]) -> Any:
    """Σ xᵢ yᵢ of two sequences of one length; ValueError if the lengths differ or are 0.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    xs, ys = listed(xs, "dot"), listed(ys, "dot")
    if len(xs) != len(ys):
        raise ValueError(f"dot expects two sequences of one length, got {len(xs)} and {len(ys)}")
    return total([x * y for x, y in zip(xs, ys)])


def mean(values: Iterable[Operand]) -> Any:
    """(1/n) Σ xᵢ; ValueError for an empty sequence.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    items = listed(values, "mean")
    return total(items) / float(len(items))


def logsumexp(values: Iterable[Operand]) -> Any:
    """log Σ exp(xᵢ), without overflow: the largest xᵢ is taken out first.

    Its derivative is the softmax, of infinite xᵢ too. -inf if all xᵢ are -inf, nan if one is nan.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    largest, lower = lowered(listed(values, "logsumexp"))
    return largest + log(total([exp(x) for x in lower]))


def softmax(values: Iterable[Operand]) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ) for each i, without overflow.

    Where one xᵢ is inf, it is the limit. Several inf share equally, and so do all if all are -inf: as the same number
    they would, however large, and as `maximum` shares between ties. nan for all if one is nan.

    >>> softmax([1000.0, 1000.0]), softmax([inf, 1.0]), softmax([-inf, 1.0])
    ([0.5, 0.5], [1.0, 0.0], [0.0, 1.0])
    """
    weights = [exp(x) for x in lowered(listed(values, "softmax"))[1]]
    whole = total(weights)
    return [div(w, whole) for w in weights]


def largest_of(items: list[Any]) -> Any:
    """The largest item."""
    largest = items[0]
    for x in items[1:]:
        largest = maximum(largest, x)
    return largest


def shift(items: list[Any]) -> Any:
    """The largest item, detached: taking it out of an exponential changes no derivative. 0.0 where it is infinite."""
    largest = largest_of(items)
    return detach(where(abs(largest) < inf, largest, 0.0))


def lowered(items: list[Any]) -> tuple[Any, list[Any]]:
    """The largest item m and each item minus m, 0 for items that are m, be it infinite.

    m is detached, for taking it out of exponentials changes no derivative; but if it is infinite, those items that are
    m share it, so that log Σ exp, which is then m, has their derivatives.
    """
    largest = detach(largest_of(items))
    finite, infinite = abs(largest) < inf, abs(largest) >= inf  # neither, if it is nan
    threshold = where(finite, inf, largest)
    ties = [x >= threshold for x in items]
    shared = div(total([where(tie, x, 0.0) for tie, x in zip(ties, items)]), total(ties) + finite)
    m = where(infinite, shared, largest)
    return m, [where(tie, 0.0, x - m) for tie, x in zip(ties, items)]


def scan(f: Callable[[Any, Any], Any], state: Any, xs: Any, *, length: int | None = None) -> tuple[Any, list[Any]]:
    """The loop `for x in xs: state, output = f(state, x)`; gives the last state and the list of the outputs.

    state: a number, a Value, or a list, tuple, dictionary or array of them, nested as it may be; f gives it back in the
    same structure. xs: a list, an array or a frame, whose rows f gets as lists; None where f needs none: `length` says
    how many steps there are then, and f gets None. An output may be anything, None too. What f uses beside is the same
    at every step. Derivatives go through all of it, in code that is compiled too. In a plain function that is compiled
    f runs once for all steps but the first, where it can: if it asks for no number, and all it gets and makes is alike.
    Raises TypeError for xs without an order, and if f does not return a pair; ValueError if the structure of the state
    changes, or if xs are not as many as length says.

    >>> scan(lambda total, x: (total + x, total), 0.0, [1.0, 2.0, 3.0])
    (6.0, [0.0, 1.0, 3.0])
    >>> def euler(state, _):  # x'' = -x
    ...     x, v = state
    ...     return (x + 0.1 * v, v - 0.1 * x), x
    >>> (x, v), path = scan(euler, (1.0, 0.0), None, length=3)
    >>> print(f"{x:.3f} {v:.3f}", len(path))
    0.970 -0.299 3
    """
    if not callable(f):
        raise TypeError(f"scan expects a function of state and x, got {brief(f)}")
    if xs is None and length is None:
        raise TypeError("scan expects xs, or length=, the number of steps, where xs is None")
    count = None if length is None else whole(length, "length", 0)
    items = [None] * (count or 0) if xs is None else rows_of(xs, "xs")
    items = items.tolist() if hasattr(items, "tolist") else items
    if count is not None and count != len(items):
        raise ValueError(f"scan expects as many xs as length says, {count}, got {len(items)}")
    expected, outputs = form(state), []
    for step, x in enumerate(items):
        made = f(state, x)
        if not isinstance(made, tuple) or len(made) != 2:
            raise TypeError(f"scan expects f to return a pair (state, output), got {kind_of(made)} at step {step}")
        state, output = made
        got = form(state)
        if got != expected:
            raise ValueError(f"scan expects a state as at its start, {expected}; f returned {got} at step {step}")
        outputs.append(output)
        if step == 0 and len(items) > 1:
            rest = in_one_go(f, state, output, items[1:])
            if rest is not None:
                return rest[0], outputs + rest[1]
    return state, outputs


def in_one_go(f: Callable[[Any, Any], Any], state: Any, output: Any, items: list[Any]) -> Any:
    """(last state, outputs) of the other steps, from code that is traced and can have a loop; else None."""
    for x in numbers_in([state, output]):
        if isinstance(x, Operators) and hasattr(x, "loop"):
            return x.loop(f, state, items)
    return None


def kind_of(made: Any) -> str:
    """What f returned, without its numbers, which may not be known."""
    if made is None:
        return "None: is a return missing?"
    return f"a {type(made).__name__}" + (f" of {len(made)}" if isinstance(made, (list, tuple)) else "")


def form(x: Any) -> str:
    """The form of a structure; TypeError for what is none.

    >>> form([1.0, (2.0, 3.0)])
    'a list of (1 number, a tuple of (2 numbers))'
    """
    if isinstance(x, (list, tuple)):
        forms = ["a number"] * len(x) if flat(x) else map(form, x)
        runs = [(one, len([*alike])) for one, alike in groupby(forms)]
        items = [f"{n} number{'s' if n > 1 else ''}" if one == "a number" else f"{n} × {one}" if n > 1 else one
                 for one, n in runs]  # fmt: skip
        return f"a {type(x).__name__} of ({', '.join(items)})"
    if isinstance(x, dict):
        return f"a dict of ({', '.join([f'{key!r}: {form(x[key])}' for key in sorted(x, key=repr)])})"
    if getattr(x, "shape", ()) != ():
        return f"an array of shape {tuple(x.shape)}"
    if not hasattr(x, "operate"):
        number(x)
    return "a number"


def flat(x: Sequence[Any]) -> bool:
    """Whether a list or tuple has nothing but numbers, as far as their classes say."""
    return all(issubclass(kind, float) or hasattr(kind, "operate") for kind in set(map(type, x)))


def numbers_in(x: Any) -> list[Any]:
    """The numbers of a structure, in order."""
    if isinstance(x, dict):
        x = [x[key] for key in sorted(x, key=repr)]
    elif getattr(x, "shape", ()) != ():
        x = x.ravel().tolist()
    elif not isinstance(x, (list, tuple)):
        return [x]
    return list(x) if flat(x) else [one for part in x for one in numbers_in(part)]


def filled(x: Any, numbers: Iterator[Any]) -> Any:
    """The structure with other numbers, in order."""
    if isinstance(x, dict):
        parts = {key: filled(x[key], numbers) for key in sorted(x, key=repr)}
        return type(x)({key: parts[key] for key in x})
    if isinstance(x, (list, tuple)):
        made = [filled(part, numbers) for part in x]
        return type(x)(*made) if hasattr(x, "_fields") else type(x)(made)
    if getattr(x, "shape", ()) == ():
        return next(numbers)
    array = x.astype(object)
    for k in range(x.size):
        array.flat[k] = next(numbers)
    return array


def take(table: Any, i: Any) -> Any:
    """table[i] for an index that is data, such as a column of the samples: a word, a user, a camera.

    table: a list, tuple or array of numbers or Values, or of rows of them. i: a number, 0, 1, 2, … also as a float. The
    element or row alone has the gradient; an index has none. In code that is compiled, i is an input or a target of the
    sample as it stands, and all rows are of one structure.
    Raises IndexError if i is below 0 or too large, ValueError if it is no whole number or the table is empty, TypeError
    for a Value as i, whose derivative would be lost: give its number, `i.data`.

    >>> take([[0.1, 0.2], [0.3, 0.4]], 1.0)
    [0.3, 0.4]
    """
    if not isinstance(table, (list, tuple)) and getattr(table, "shape", ()) == ():
        raise TypeError(f"take expects a table, a list of numbers or rows, got {brief(table)}")
    if len(table) == 0:
        raise ValueError("take expects a table with at least one row, got an empty one")
    if isinstance(i, Operators) and hasattr(i, "entry_of"):
        return row_at(table, i)
    if hasattr(i, "operate"):
        raise TypeError(f"take expects the index as a number, since it has no derivative: give i.data; got {brief(i)}")
    return table[place_of(number(i), len(table), "the index of take")]


def row_at(table: Any, i: Any) -> Any:
    """The row at a place that is not known yet: `i.entry_of(column)` answers for each of its numbers."""
    forms = list(map(form, table))
    for k, other in enumerate(forms):
        if other != forms[0]:
            raise ValueError(f"take expects rows of one structure, got {forms[0]} at 0 and {other} at {k}")
    return filled(table[0], map(i.entry_of, zip(*map(numbers_in, table))))


def place_of(i: float, count: int, what: str) -> int:
    """i as a place among so many; IndexError if there is none, ValueError for what is no whole number."""
    if not i.is_integer():
        raise ValueError(f"expected {what} to be a whole number from 0 to {count - 1}, got {i!r}")
    if not 0.0 <= i < count:
        raise IndexError(f"expected {what} to be from 0 to {count - 1}, got {int(i)}")
    return int(i)
