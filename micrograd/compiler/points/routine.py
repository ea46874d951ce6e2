"""One purpose of a plain function, for arguments of one shape: numbers in, nests out.

A call writes the numbers that it was given into a vector, plays the program over it and reads the results. Threads
have a vector each: they take a workspace from a list, and put it back. `short` has the quick ways of a call.

part        results side by side in the vector, which become one nest
check       the sum of all derivatives: where it is finite, they all are
twin        the routine with guarded derivatives; it runs where the check is not finite
"""

from __future__ import annotations

from functools import partial

import numpy as np

from micrograd.compiler.points.nests import NUMBER, built_up, is_flat, is_flat_dict, of_lists, size
from micrograd.vectors import place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.engine import Value

FEW = 4096  # numbers of a matrix that are read as they are, zeros too


class Part:
    """Some of the ends of a program, and the nest that they become.

    nodes       the ends, side by side
    shape       of the nest
    places      where in the nest, flat, the ends stand; the others are 0; None where all are ends, in order
    sparse      a matrix of SciPy with the structure of the nest, where that is such a matrix
    """

    def __init__(self, nodes: list[int], shape: Any, places: np.ndarray | None = None, sparse: Any = None) -> None:
        self.nodes, self.shape, self.places, self.sparse = nodes, shape, places, sparse
        self.count = size(shape)

    def reader(self, w: np.ndarray, outputs: np.ndarray) -> Callable[[], Any]:
        """The function that reads the nest from a vector; `outputs` are the places of the ends in it."""
        first = int(outputs[0]) if len(outputs) else 0
        if self.shape == NUMBER:
            return partial(w.item, first)
        read: Callable[[], np.ndarray]
        if len(outputs) and (np.diff(outputs) == 1).all():
            view = w[first : first + len(outputs)]
            if self.places is None and self.sparse is None:
                if self.shape[0] == "array":
                    return view.reshape(self.shape[1]).copy
                if (dimensions := of_lists(self.shape)) is not None:
                    return view.reshape(dimensions).tolist
                numbers = view.tolist
                if is_flat(self.shape):
                    return lambda: tuple(numbers())
                if is_flat_dict(self.shape):
                    keys = self.shape[1]
                    return lambda: dict(zip(keys, numbers()))
            read = view.copy
        else:
            read = partial(w.take, outputs)
        if self.sparse is not None:
            return like(self.sparse, read)
        return lambda: self.arranged(read())

    def arranged(self, numbers: np.ndarray) -> Any:
        """The numbers of the ends as a nest."""
        if self.places is not None:
            filled = np.zeros(self.count)
            filled[self.places] = numbers
            numbers = filled
        if self.shape[0] == "array":
            return numbers.reshape(self.shape[1])
        return built_up(self.shape, iter(numbers.tolist()), np.array)


def like(sparse: Any, read: Callable[[], np.ndarray]) -> Callable[[], Any]:
    """The function that reads the numbers of a matrix of SciPy with the structure of another.

    It leaves out the constructor, which takes ten times as long; each matrix has arrays of its own.
    """
    new, kind, fields = object.__new__, sparse.__class__, sparse.__dict__
    indices, indptr = sparse.indices.copy, sparse.indptr.copy

    def matrix() -> Any:
        made = new(kind)
        made.__dict__ = {**fields, "data": read(), "indices": indices(), "indptr": indptr()}
        return made

    return matrix


class Routine:
    """A program that is played: numbers in, nests out.

    player      what plays it
    parts       what it gives: one nest, or a number and a nest as a tuple
    outputs     the places of the ends of all parts, and of the check, where there is one
    values      the Values whose numbers are read at every call
    shapes      of the arguments
    indices     which of the numbers of the arguments are indices of tables -> how many entries these have
    twin        makes the twin; None where the program has no derivatives, or is one
    first, check    the places of the first end and of the last one
    """

    def __init__(
        self,
        player: Any,
        parts: list[Part],
        outputs: np.ndarray,
        values: Sequence[Value],
        shapes: Sequence[Any],
        indices: dict[int, int],
        twin: Callable[[], Routine] | None,
    ) -> None:
        self.player, self.parts, self.outputs, self.values = player, parts, outputs, list(values)
        self.shapes, self.indices, self.twin = list(shapes), indices, twin
        self.first, self.check = (int(outputs[0]), int(outputs[-1])) if len(outputs) else (0, 0)
        self.free: list[Any] = []

    @property
    def count(self) -> int:
        """How many numbers the arguments have."""
        return sum(map(size, self.shapes))

    def workspace(self) -> tuple[Any, ...]:
        """A fresh vector: views for all arguments, for each, for Values; what plays, what reads; its numbers."""
        w, run = self.player.workspace()
        readers, first = [], 0
        for part in self.parts:
            readers.append(part.reader(w, self.outputs[first : first + len(part.nodes)]))
            first += len(part.nodes)
        views, first = [], 0
        for shape in self.shapes:
            views.append(w[first : first + size(shape)].reshape(shape[1] if shape[0] == "array" else -1))
            first += size(shape)
        return w[:first], views, w[first : first + len(self.values)], run, readers[0], readers[-1], w.data

    def play(self, numbers: Any) -> Any:
        """The results for the numbers of the arguments, all of them in a row."""
        for which, count in self.indices.items():
            place_of(numbers[which], count, "the index of take")
        space = self.free_space()
        space[0][:] = numbers
        return self.results(space)

    def free_space(self) -> tuple[Any, ...]:
        """A workspace that nobody has."""
        try:
            return self.free.pop()
        except IndexError:
            return self.workspace()

    def results(self, space: tuple[Any, ...]) -> Any:
        """The results in a workspace that has the numbers of the arguments; it is put back."""
        given, _, leaves, run, read, read_last, w = space
        if self.values:
            leaves[:] = [value.data for value in self.values]
        run()
        found, total = read() if len(self.parts) == 1 else (read(), read_last()), w[self.check]
        numbers = None if total - total == 0.0 or self.twin is None else given.copy()
        self.free.append(space)
        return found if numbers is None or self.twin is None else self.twin().play(numbers)
