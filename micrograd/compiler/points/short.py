"""The short ways of a call: arguments that are checked and written by a few operations in C.

Each is a function of the arguments that gives the results as `Routine.play` does, or None for arguments of another
shape. Most calls go such a way, so every name is local, and nothing is done that could be done before.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError

import numpy as np

from micrograd.compiler.one_row import DOUBLE, NUMBERS
from micrograd.compiler.points.nests import NUMBER, is_flat, is_flat_dict
from micrograd.system.forking import TRACING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.points.routine import Routine

    Call = Callable[[tuple[Any, ...]], Any]


def never(args: tuple[Any, ...]) -> None:
    """The way of a routine that has no short one."""


def short(routine: Routine) -> Call:
    """The short way of a routine; none while this thread traces code, for which Values have no numbers."""
    if not routine.values:
        return by_shape(routine)
    call, traces = by_shape(routine), TRACING._is_owned  # type: ignore[attr-defined]
    return lambda args: None if traces() else call(args)


def by_shape(routine: Routine) -> Call:
    """The way that arguments of the routine's shapes go."""
    shapes = routine.shapes
    if routine.indices or not shapes:
        return never
    if len(shapes) == 1 and shapes[0][0] == "array":
        return of_one_array(routine)
    if all(shape == NUMBER for shape in shapes):
        return of_numbers(routine, tuple)
    if len(shapes) == 1 and is_flat(shapes[0]):
        return of_numbers(routine, shapes[0][1])
    if len(shapes) == 1 and is_flat_dict(shapes[0]):
        return of_numbers(routine, dict)
    if len(shapes) == 2 and all(is_flat(shape) for shape in shapes):
        return of_two_lists(routine)
    if len(shapes) == 2 and shapes[0][0] == shapes[1][0] == "array":
        return of_two_arrays(routine)
    return of_several(routine) if all(shape[0] in ("number", "array") or is_flat(shape) for shape in shapes) else never


def of_one_array(routine: Routine) -> Call:
    """For one array of doubles."""
    shape, values, twin, check, first = routine.shapes[0][1], routine.values, routine.twin, routine.check, routine.first
    pop, push, workspace, alone = routine.free.pop, routine.free.append, routine.workspace, len(routine.parts) == 1
    length, dimensions, array, double = shape[0], len(shape), np.ndarray, DOUBLE

    def call(args: tuple[Any, ...]) -> Any:
        if len(args) != 1:
            return None
        x = args[0]
        if x.__class__ is not array or x.ndim != dimensions or len(x) != length or x.dtype is not double:
            return None
        if dimensions > 1 and x.shape != shape:
            return None
        try:
            space = pop()
        except IndexError:
            space = workspace()
        _, (given,), leaves, run, read, read_last, w = space
        given[...] = x
        if values:
            leaves[:] = [value.data for value in values]
        run()
        found = read() if alone else (w[first], read_last())
        if twin:
            total = w[check]
            push(space)
            return found if total - total == 0.0 else twin().play(x.ravel())
        push(space)
        return found

    return call


def of_numbers(routine: Routine, kind: type) -> Call:
    """For numbers alone: all arguments, or those in the one list, tuple or dictionary that is the argument."""
    count, values, twin, check, first = routine.count, routine.values, routine.twin, routine.check, routine.first
    pop, push, workspace, alone = routine.free.pop, routine.free.append, routine.workspace, len(routine.parts) == 1
    write, inside, double, numbers = Struct(f"{count}d").pack_into, routine.shapes[0] != NUMBER, float, NUMBERS
    keys = routine.shapes[0][1] if kind is dict else None

    def call(args: Any) -> Any:
        if inside:
            if len(args) != 1 or args[0].__class__ is not kind:
                return None
            args = args[0]
            if keys is not None:
                if tuple(args) != keys:
                    return None
                args = args.values()
        if len(args) != count:
            return None
        for x in args:
            if x.__class__ is not double and x.__class__ not in numbers:
                return None
        try:
            space = pop()
        except IndexError:
            space = workspace()
        _, _, leaves, run, read, read_last, w = space
        try:
            write(w, 0, *args)
        except (OverflowError, StructError):  # an int that is too large for a float
            return None
        if values:
            leaves[:] = [value.data for value in values]
        run()
        found = read() if alone else (w[first], read_last())
        total = w[check] if twin else 0.0
        push(space)
        return found if total - total == 0.0 or twin is None else twin().play([*args])

    return call


def results_of(routine: Routine) -> Callable[[tuple[Any, ...]], Any]:
    """What `Routine.results` does, for a workspace that has the numbers of the arguments, by local names."""
    values, twin, check, first = routine.values, routine.twin, routine.check, routine.first
    push, alone = routine.free.append, len(routine.parts) == 1

    def results(space: tuple[Any, ...]) -> Any:
        given, _, leaves, run, read, read_last, w = space
        if values:
            leaves[:] = [value.data for value in values]
        run()
        found = read() if alone else (w[first], read_last())
        total = w[check] if twin else 0.0
        if total - total == 0.0 or twin is None:
            push(space)
            return found
        numbers = given.copy()
        push(space)
        return twin().play(numbers)

    return results


def of_two_lists(routine: Routine) -> Call:
    """For two lists or tuples of numbers."""
    (_, kind, parts), (_, other_kind, others) = routine.shapes
    length, other_length, numbers, double = len(parts), len(others), NUMBERS, float
    pop, workspace, results = routine.free.pop, routine.workspace, results_of(routine)
    write = Struct(f"{routine.count}d").pack_into

    def call(args: tuple[Any, ...]) -> Any:
        if len(args) != 2:
            return None
        x, y = args
        if x.__class__ is not kind or y.__class__ is not other_kind or len(x) != length or len(y) != other_length:
            return None
        found = [*x, *y]
        for v in found:
            if v.__class__ is not double and v.__class__ not in numbers:
                return None
        try:
            space = pop()
        except IndexError:
            space = workspace()
        try:
            write(space[-1], 0, *found)
        except (OverflowError, StructError):  # an int that is too large for a float
            return None
        return results(space)

    return call


def of_two_arrays(routine: Routine) -> Call:
    """For two arrays of doubles, such as a point and a direction."""
    (_, shape), (_, other) = routine.shapes
    double, array, pop = DOUBLE, np.ndarray, routine.free.pop
    workspace, results = routine.workspace, results_of(routine)

    def call(args: tuple[Any, ...]) -> Any:
        if len(args) != 2:
            return None
        x, y = args
        if x.__class__ is not array or x.shape != shape or x.dtype is not double:
            return None
        if y.__class__ is not array or y.shape != other or y.dtype is not double:
            return None
        try:
            space = pop()
        except IndexError:
            space = workspace()
        first, second = space[1]
        first[...] = x
        second[...] = y
        return results(space)

    return call


def of_several(routine: Routine) -> Call:
    """For numbers, arrays of doubles, and lists or tuples of numbers."""
    kinds: dict[str, Any] = {"number": float, "array": np.ndarray}
    expected: list[Any] = [
        (kinds.get(how, rest[0]) if rest else float, rest[0] if how == "array" else None, len(rest[-1]) if rest else 0)
        for how, *rest in routine.shapes
    ]
    free_space, results = routine.free_space, results_of(routine)

    def call(args: tuple[Any, ...]) -> Any:
        if len(args) != len(expected):
            return None
        x: Any
        for x, (kind, shape, length) in zip(args, expected):
            if x.__class__ is not kind and not (kind is float and x.__class__ is np.float64):
                return None
            if shape is not None:
                if x.shape != shape or x.dtype is not DOUBLE:
                    return None
            elif length and (len(x) != length or not NUMBERS.issuperset(map(type, x))):
                return None
        space = free_space()
        for view, x in zip(space[1], args):
            view[...] = x
        return results(space)

    return call
