"""What a compiled program is given beside its samples: the numbers of its parameters, and room for its results.

at          numbers for all parameters in their order, (p,), or {name: number} for some of them; the others keep theirs
name        the label of a parameter
out         an array that takes the results: of float64, in C order, of their shape, which nothing else is read from
"""

from __future__ import annotations

from micrograd.compiler.samples import floats
from micrograd.dispatch import brief
from micrograd.expect import numeric, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np

    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.engine import Value

MOST_NAMES = 8  # that are shown


def leaves_at(at: Any, trace: Trace) -> np.ndarray:
    """The numbers of the parameters at a point, then those of the captured Values."""
    import numpy as np

    parameters, captured = trace.parameters, trace.captured
    if at is None:
        return numbers_of(parameters + captured)
    if isinstance(at, dict):
        found = named(at, parameters)
    elif trace.ordered:
        found = point(at, len(parameters))
    else:
        names = listed([name or "…" for name in names_of(parameters)])
        raise TypeError(
            f"expected at by names, such as at={{{names_of(parameters)[0] or 'w'!r}: 1.0}}, since nobody said in which "
            f"order the parameters of the expression stand, got {brief(at)}; to give a list or an array, compile with "
            f"parameters=[{names}]"
        )
    return np.concatenate([found, numbers_of(captured)]) if captured else found


def named(at: dict[Any, Any], parameters: Sequence[Value]) -> np.ndarray:
    """The numbers of all parameters, some given by their names."""
    found, names = numbers_of(parameters), names_of(parameters)
    for name, x in at.items():
        count = names.count(name) if name else 0
        if count != 1:
            known = listed([repr(name) for name in names if name])
            fault = f"there are {count} of that name" if count else f"the names are {known or 'missing: give labels'}"
            raise ValueError(f"expected the names of parameters in at, got {name!r}; {fault}")
        found[names.index(name)] = numeric(x, f"at[{name!r}]")
    return found


def point(numbers: Any, count: int) -> np.ndarray:
    """The numbers of `count` parameters as an array; they need not be finite."""
    import numpy as np

    if numbers.__class__ is np.ndarray and numbers.shape == (count,) and numbers.dtype.char == "d":
        return numbers
    array = rows_of(numbers, "at") if hasattr(numbers, "__iter__") else numbers
    try:
        array = np.asarray(array)
    except ValueError:
        raise ValueError("expected at to be a flat list of numbers, got lists of different lengths in it") from None
    if array.dtype == object:
        array = floats(array, "at")
    if array.shape != (count,):
        raise ValueError(f"expected at={count} numbers, one per parameter, got shape {array.shape}")
    if array.dtype.kind not in "buif":
        raise TypeError(f"expected numbers in at, got {array.dtype} such as {array.ravel()[:1].tolist()}")
    return array.astype(np.float64, copy=False)


def room(out: Any, shape: tuple[int, ...], *read: np.ndarray) -> np.ndarray:
    """`out`, if it can take results of this shape and shares no memory with what is read; a new array where it is None.

    TypeError for what is no array of float64, ValueError for one of another shape or layout.
    """
    import numpy as np

    if out is None:
        return np.empty(shape)
    if not isinstance(out, np.ndarray) or out.dtype.char != "d" or not out.dtype.isnative:
        got = f"one of {out.dtype}" if isinstance(out, np.ndarray) else brief(out)
        raise TypeError(f"expected out to be an array of float64, got {got}")
    if out.shape != shape:
        raise ValueError(f"expected out of shape {shape}, got {out.shape}")
    if not out.flags.c_contiguous or not out.flags.aligned:
        raise ValueError("expected out in C order, without gaps, got another layout: give np.empty(shape)")
    if not out.flags.writeable:
        raise ValueError("expected out to be an array that can be written, got one that cannot")
    if any(np.may_share_memory(out, array) for array in read):
        raise ValueError("expected out to be an array of its own, got one that shares memory with X")
    return out


def names_of(parameters: Sequence[Value]) -> list[str]:
    """The label of each."""
    return [str(x.label) for x in parameters]


def listed(names: Sequence[str]) -> str:
    """Names with commas, the first of many."""
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")


def numbers_of(values: Sequence[Value]) -> np.ndarray:
    """What the Values hold; TypeError where somebody has set what is no number."""
    import numpy as np

    found = [value.data for value in values]
    try:
        array = np.array(found)
    except ValueError:  # an array among them
        array = np.array(None)
    if array.ndim == 1 and array.dtype.char == "d":
        return array
    where = [f"the data of the Value {value.label or 'without a label'}" for value in values]
    return np.array([numeric(x, place) for x, place in zip(found, where)])
