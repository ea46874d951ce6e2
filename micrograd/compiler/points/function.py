"""`CompiledFunction`: what `compile` returns for a plain function of numbers, lists, arrays and dictionaries of them.

purpose     what is computed: the value, the gradient, …; one routine for each, and for each shape of the arguments
wrt         the number of the argument that is differentiated by, a tuple of such, or "parameters"
"""

from __future__ import annotations

from copy import deepcopy
from functools import partial, update_wrapper
from types import FunctionType
from weakref import WeakMethod

import numpy as np

from micrograd import derivatives
from micrograd.collector import paused
from micrograd.compiler.loops import player_for
from micrograd.compiler.points.comparison import compare_routine
from micrograd.compiler.points.descent import PARAMETERS, Where, descend
from micrograd.compiler.points.named import ELSEWHERE, in_order
from micrograd.compiler.points.nests import NUMBER, built_up, floats, has_fixed, size, symbolic, taken_apart
from micrograd.compiler.points.purposes import PURPOSES, Wanted, expect_number, own, total
from micrograd.compiler.points.recorded import Recorded, for_columns, record, without_loops
from micrograd.compiler.points.routine import Routine
from micrograd.compiler.points.rows import in_one_row, only_row, program_of, rows_of, stacked
from micrograd.compiler.points.short import never, short
from micrograd.derivatives.plain import argument_place
from micrograd.dispatch import brief
from micrograd.expect import leaves
from micrograd.system.forking import TRACING, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.points.short import Call
    from micrograd.compiler.programs import Program
    from micrograd.engine import Value

MOST_FIXED = 128  # kinds of arguments with something fixed, such as functions, of which every call may bring another


class CompiledFunction:
    """What `compile` returns for a plain function. A call is as one of the function; its numbers become floats.

    Arguments may be given by name, too: f.grad(spot=100.0, strike=105.0, wrt=1).
    Arguments are numbers, arrays, and lists, tuples and dictionaries of them, nested; text, None, bools and functions
    are passed on. The function is compiled when it is first called with arguments of a new shape. The numbers of Values
    that it uses are read at every call; all other state of Python is frozen then, as in `compile`. A long loop over
    time whose steps do the same may become a loop of the program; `repr` names it.
    Where there are Values among the arguments, the function itself runs, so that they may be differentiated.
    """

    def __init__(self, function: Callable[..., Any], parameters: Any, backend: str, cache: bool) -> None:
        self.function, self.backend = function, backend
        self._given, self._cache = parameters, cache
        self._recorded: dict[Any, Recorded] = {}
        self._routines: dict[Any, Routine] = {}
        self._programs: dict[Any, Program] = {}
        self._fixed: dict[Any, None] = {}  # shapes with something fixed, that which was asked for last at the end
        purposes = [*PURPOSES, *[way(one, sparse) for one in ("jacobian", "hessian") for sparse in (True, "data")]]
        self._short: dict[str, dict[Any, Call]] = {purpose: {} for purpose in purposes}  # by purpose and wrt
        self._lock = guarded(self)  # while a routine is built; after TRACING, which whoever traces has already
        update_wrapper(self, function, updated=())  # `@compile` keeps name, docstring and signature

    def forked(self) -> None:
        """In a forked process: a routine that a thread was building is built again."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What the function returns, with floats in place of Values.

        >>> import micrograd
        >>> f = micrograd.compile(lambda p: p[0] * micrograd.sin(p[1]))
        >>> f([2.0, 0.0])
        0.0
        """
        args = args if not named else in_order(self.function, args, named)
        found = self._short["value"].get(None, never)(args)
        return self._long("value", None, False, args) if found is None else found

    def value_and_grad(self, *args: Any, wrt: Any = 0, **named: Any) -> tuple[float, Any]:
        """The number that the function returns, and its gradient by one of the arguments, in the shape of that.

        If wrt is a tuple of numbers of arguments, the gradient is a tuple; with "parameters" it is by `parameters`: an
        array, or a dictionary where they were given as one. TypeError if the function returns more than one number.
        `scipy.optimize.minimize(f.value_and_grad, x0, jac=True)` works.

        >>> import micrograd
        >>> f = micrograd.compile(lambda p: p["a"] * p["b"] ** 2)
        >>> f.value_and_grad({"a": 2.0, "b": 3.0})
        (18.0, {'a': 9.0, 'b': 12.0})
        """
        wrt = tuple(wrt) if wrt.__class__ is list else wrt
        args = args if not named else in_order(self.function, args, named)
        found = self._short["value_and_grad"].get(wrt, never)(args)
        return self._long("value_and_grad", wrt, False, args) if found is None else found

    def grad(self, *args: Any, wrt: Any = 0, **named: Any) -> Any:
        """The gradient alone."""
        wrt = tuple(wrt) if wrt.__class__ is list else wrt
        args = args if not named else in_order(self.function, args, named)
        found = self._short["grad"].get(wrt, never)(args)
        return self._long("grad", wrt, False, args) if found is None else found

    def jacobian(self, *args: Any, wrt: Any = 0, sparse: bool | str = False, **named: Any) -> Any:
        """The derivative of every number that the function returns, in its place, each in the shape of the argument.

        Of an array of shape a by one of shape b it is an array of shape a + b; a list of numbers by an array gives an
        array, too. sparse: the matrix, with a row for each number that is returned, as a `csr_matrix` of SciPy; with
        "data" its numbers alone, in the order of the `data` of such a matrix, which takes less time.

        >>> import micrograd
        >>> f = micrograd.compile(lambda p: [p[0] * p[1], p[0]])
        >>> f.jacobian([2.0, 3.0])
        [[3.0, 2.0], [1.0, 0.0]]
        """
        wrt = tuple(wrt) if wrt.__class__ is list else wrt
        args = args if not named else in_order(self.function, args, named)
        found = self._short["jacobian" if sparse is False else way("jacobian", sparse)].get(wrt, never)(args)
        return self._long("jacobian", wrt, sparse, args) if found is None else found

    def hessian(self, *args: Any, wrt: Any = 0, sparse: bool | str = False, **named: Any) -> Any:
        """The matrix of second derivatives: an array of shape a + a for an array of shape a, lists for a list.

        sparse: see `jacobian`.

        >>> import micrograd
        >>> f = micrograd.compile(lambda p: p[0] ** 2 * p[1])
        >>> f.hessian([2.0, 3.0])
        [[6.0, 4.0], [4.0, 0.0]]
        """
        wrt = tuple(wrt) if wrt.__class__ is list else wrt
        args = args if not named else in_order(self.function, args, named)
        found = self._short["hessian" if sparse is False else way("hessian", sparse)].get(wrt, never)(args)
        return self._long("hessian", wrt, sparse, args) if found is None else found

    def hvp(self, *args: Any, wrt: Any = 0) -> Any:
        """The matrix of second derivatives times a vector, which stands behind the arguments: f.hvp(x, vector).

        ValueError if it has another number of entries than the argument.
        """
        wrt = tuple(wrt) if wrt.__class__ is list else wrt
        found = self._short["hvp"].get(wrt, never)(args)
        return self._long("hvp", wrt, False, args) if found is None else found

    def descend(self, *args: Any, steps: int, wrt: Any = None) -> Any:
        """So many steps of an optimiser, which stands behind the arguments: f.descend(x, optimizer, steps=100).

        From an argument on, the first unless `wrt` says another, or several: (values, x), the value before each step,
        (steps,), and where they led. wrt="parameters", or no argument: the parameters move, and the values alone come
        back. Bits, speed, errors and Ctrl-C as in `Program.descend`; TypeError if the function returns several numbers.

        >>> import micrograd
        >>> f = micrograd.compile(lambda p: (p[0] - 1.0) ** 2 + (p[1] - p[0]) ** 2)
        >>> values, x = f.descend([0.0, 0.0], micrograd.optim.SGD(lr=0.1), steps=200)
        >>> float(values[0]), [round(number, 6) for number in x]
        (1.0, [1.0, 1.0])
        """
        return descend(self, args, steps, wrt)

    def map(self, *args: Any, **named: Any) -> Any:
        """What the function returns for each row of its arguments: arrays, or nests of arrays, of equally many rows.

        In place of each number that it returns stands an array of them, (n,), and for each array of shape s one of
        shape (n, *s); a list of numbers becomes an array (n, m). It is a program of samples (see `compile`), so it
        takes finite numbers. ValueError for other numbers of rows.

        >>> import micrograd
        >>> f = micrograd.compile(lambda p: p[0] * p[1])
        >>> f.map([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [2.0, 12.0]
        """
        args = args if not named else in_order(self.function, args, named)
        only = only_row(args)
        if only:
            return in_one_row(self(*only))
        shape, matrix = rows_of(args)
        with TRACING, self._lock:
            if shape not in self._programs:
                recorded = self._record(shape, matrix[0].tolist())
                self._programs[shape] = program_of(recorded, matrix[0].tolist(), self.backend, self._cache)
            program, returned = self._programs[shape], self._recorded[shape].returned
        return stacked(returned, program.predict(matrix))

    @property
    def parameters(self) -> Any:
        """The Values that the function uses beside its arguments; their numbers are read at every call.

        In the order in which they were given; else in that of their use, and known when the function was called.
        """
        if self._given is not None:
            return self._given
        if not self._recorded:
            raise TypeError("expected the function to be called before: which Values it uses is known when it has run")
        return [x for x, _ in self._recorded[next(reversed(self._recorded))].found]

    vars().update(ELSEWHERE)

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ELSEWHERE]

    def __repr__(self) -> str:
        found = [f", loop of {loop}" for recorded in self._recorded.values() for loop in recorded.loops]
        return f"CompiledFunction of {self.function!r}, backend {self.backend!r}{''.join(found)}"

    def __copy__(self) -> CompiledFunction:
        return CompiledFunction(self.function, self._given, self.backend, self._cache)

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledFunction:
        function, given = deepcopy(self.function, memo), self._given
        if function is not self.function:  # an object with its Values; what a function closes over is not copied
            given = deepcopy(given, memo)
        return CompiledFunction(function, given, self.backend, self._cache)

    def __reduce__(self) -> Any:
        if self._given is not None and isinstance(self.function, FunctionType):
            raise TypeError(
                "a compiled function with parameters=… cannot be pickled: a function is pickled by its name, and would "
                "not use the copies of its parameters. Pickle the function, and compile it there"
            )
        return CompiledFunction, (self.function, self._given, self.backend, self._cache)

    # calling

    def _long(self, purpose: str, wrt: Any, sparse: bool | str, args: tuple[Any, ...]) -> Any:
        """The call with arguments of any shape."""
        items: list[Any] = []
        shape = taken_apart(args, items)
        if symbolic(items) or TRACING._is_owned():  # type: ignore[attr-defined]
            return self._plainly(purpose, wrt, args)
        numbers = floats(items)
        key = purpose, wrt, sparse, shape
        routine = self._routines.get(key)
        if shape in self._fixed:
            self._fixed[shape] = self._fixed.pop(shape, None)
        if routine is None:
            with TRACING, self._lock, paused():
                routine = self._routines.get(key) or self._build(key, numbers, guard=False)
                self._routines[key] = routine
        self._short[way(purpose, sparse)][wrt] = short(routine)
        return routine.play(numbers)

    def _plainly(self, purpose: str, wrt: Any, args: tuple[Any, ...]) -> Any:
        """The same by the function itself, where there are Values among the arguments, or this thread traces code."""
        if purpose == "value":
            return self.function(*args)
        if wrt == PARAMETERS:
            raise TypeError('expected numbers as arguments beside wrt="parameters", and no code around it')
        return getattr(derivatives, purpose)(self.function, wrt=wrt)(*args)

    def _stand(self, shape: Any, numbers: list[float], wrt: Any) -> tuple[Any, list[int], Where]:
        """The shape and the nodes of what steps change from these numbers on, and where it stands."""
        wrt = tuple(wrt) if wrt.__class__ is list else wrt
        self._long("value_and_grad", wrt, False, built_up(shape, iter(numbers), np.array))
        recorded = self._record(shape, numbers)
        by, nodes = self._by(recorded, shape[2], wrt)
        return by, nodes, Where(self._routines["value_and_grad", wrt, False, shape], recorded, numbers, nodes)

    # building

    def _build(self, key: Any, numbers: list[float], guard: bool, entries: Any = None, loops: bool = True) -> Routine:
        """The routine of a purpose for arguments of a shape, compared with the function at these numbers.

        entries: of a twin, those that the other has, if it gives the numbers of these alone. loops: False for one in
        which the steps of loops stand one after the other.
        """
        purpose, wrt, sparse, shape = key
        parts = shape[2]
        vector: tuple[Any, ...] = ()
        if purpose == "hvp":
            if len(parts) < 2:
                raise TypeError(f"expected the arguments and then the vector, got {len(parts)} arguments")
            *parts, vector = parts
        arguments = ("list", tuple, tuple(parts))
        count = size(arguments)
        recorded = self._record(arguments, numbers[:count])
        recorded = recorded if loops else without_loops(recorded)
        expect_number(purpose, recorded.returned)
        by, nodes = ((), []) if purpose == "value" else self._by(recorded, parts, wrt)
        if purpose in ("jacobian", "hessian"):
            recorded = for_columns(recorded, len(nodes))
            by, nodes = self._by(recorded, parts, wrt)
        graph = recorded.trace.graph
        directions = [graph.leaf("input", count + i) for i in range(size(vector))] if vector else []
        if vector and len(directions) != len(nodes):
            raise ValueError(
                f"hvp expects one number for each of the {len(nodes)} of the argument, got {len(directions)}"
            )
        wanted = Wanted(graph, recorded.trace.outputs, recorded.returned, nodes, by, directions, sparse, entries)
        try:
            made = PURPOSES[purpose](wanted, guard)
        except NotImplementedError:  # a loop has no derivative of such an order; its steps have
            return self._build(key, numbers, guard, entries, loops=False)
        entries = wanted.entries
        for part in made:
            part.nodes = own(graph, part.nodes)
        slopes = [node for part in made[purpose == "value_and_grad" :] for node in part.nodes]
        ends = [node for part in made for node in part.nodes]
        if purpose != "value":
            ends.append(total(graph, slopes))
        given = [*recorded.inputs, *directions, *recorded.nodes]
        player = self._player()(graph, given, ends)
        made_by = WeakMethod(self._twin)  # so that the function is freed when nobody has it any more
        twin = None if guard or purpose == "value" else lambda: made_by()(key, numbers, entries)  # type: ignore[misc]
        routine = Routine(player, made, player.outputs, recorded.values, shape[2], recorded.indices, twin)
        compare_routine(recorded, numbers[:count], purpose, wanted, routine, self.backend)
        return routine

    def _twin(self, key: Any, numbers: list[float], entries: Any) -> Routine:
        """The guarded twin of a routine."""
        with TRACING, self._lock:
            key_of_twin = (*key, "guarded")
            if key_of_twin not in self._routines:
                self._routines[key_of_twin] = self._build(key, numbers, True, entries)
            return self._routines[key_of_twin]

    def _player(self) -> Callable[..., Any]:
        """See `player_for`."""
        return partial(player_for, backend=self.backend, cache=self._cache)

    def _record(self, shape: Any, numbers: list[float]) -> Recorded:
        if has_fixed(shape):
            self._keep(shape)
        if shape not in self._recorded:
            given = self._given.values() if isinstance(self._given, dict) else self._given or ()
            parameters = leaves(list(given), "parameters")
            self._recorded[shape] = record(self.function, shape, numbers, parameters, self._player())
        return self._recorded[shape]

    def _keep(self, shape: Any) -> None:
        """Forget what was made for other shapes with something fixed, if there are many."""
        self._fixed.pop(shape, None)
        self._fixed[shape] = None
        while len(self._fixed) > MOST_FIXED:
            old = next(iter(self._fixed))
            for made in (self._fixed, self._recorded, self._programs):
                made.pop(old, None)
            for key in [key for key in self._routines if key[3][2][: len(old[2])] == old[2]]:
                del self._routines[key]

    def _by(self, recorded: Recorded, parts: Any, wrt: Any) -> tuple[Any, list[int]]:
        """The shape and the nodes of what is differentiated by."""
        if wrt == PARAMETERS:
            return self._by_parameters(recorded)
        if not parts:
            raise TypeError('expected wrt="parameters", since there is no argument to differentiate by')
        first, places = [0], [argument_place(i, len(parts)) for i in (wrt if isinstance(wrt, tuple) else (wrt,))]
        for part in parts:
            first.append(first[-1] + size(part))
        if not places or len(set(places)) < len(places):
            raise ValueError(f"expected different arguments to differentiate by, at least one, got wrt={wrt!r}")
        for i in places:
            if parts[i][0] == "fixed":
                raise TypeError(f"expected numbers to differentiate by, got {brief(parts[i][1])} as argument {i}")
        nodes = [node for i in places for node in recorded.inputs[first[i] : first[i + 1]]]
        return ("list", tuple, tuple([parts[i] for i in places])) if isinstance(wrt, tuple) else parts[places[0]], nodes

    def _by_parameters(self, recorded: Recorded) -> tuple[Any, list[int]]:
        """The same for the parameters."""
        if self._given is None:
            return ("array", (len(recorded.found),)), [node for _, node in recorded.found]
        nodes = [recorded.trace.graph.leaf("parameter", i) for i in range(len(self._given))]
        if isinstance(self._given, dict):
            return ("dict", tuple(self._given), (NUMBER,) * len(nodes)), nodes
        return ("array", (len(nodes),)), nodes


def way(purpose: str, sparse: Any) -> str:
    """The name of a purpose, by how a matrix is given; ValueError for what is neither True, False nor "data"."""
    if isinstance(sparse, str):
        if sparse != "data":
            raise ValueError(f'expected sparse to be True, False or "data", got {sparse!r}')
        return f"{purpose} data"
    return f"sparse {purpose}" if sparse else purpose


def check_parameters(parameters: Any) -> list[Value]:
    """The given parameters as a list; the errors of `leaves`."""
    return leaves(list(parameters.values()) if isinstance(parameters, dict) else parameters, PARAMETERS)
