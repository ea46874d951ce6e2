"""The objective of a training as a compiled program, which follows what the code computes.

code        model, loss and penalty
state       Python state that the code reads; where it has changed, the code is traced again
ready       a target as the program gets it: of a class number, say, the list of probabilities
"""

from __future__ import annotations

from itertools import chain

from micrograd.engine import Value
from micrograd.losses import prepared
from micrograd.system.packages import BrokenPackage, expect_whole
from micrograd.training.objectives import Objective, expect_value
from micrograd.training.rows import first, first_sample, own, plain, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    import numpy as np

    from micrograd.compiler.code import Code
    from micrograd.compiler.descent import Descent
    from micrograd.compiler.programs import Program
    from micrograd.compiler.samples import Batch
    from micrograd.compiler.self_check import Sample


class Compiled(Objective):
    """The objective as a compiled program, see `compiled_objective`; gradients are arrays.

    code        what the program computes
    >>> from micrograd.losses import squared_error
    >>> w, settings = Value(1.0), {"slope": 1.0}
    >>> model = lambda row: settings["slope"] * w * row[0]
    >>> objective = compiled_objective(model, squared_error, [w], None, [1.0], [3.0])
    >>> objective.renewed() is objective
    True
    >>> settings["slope"] = 2.0
    >>> objective.renewed() is objective
    False
    """

    on_arrays = True

    def __init__(self, code: Code, program: Program) -> None:
        super().__init__(code.parameters)
        self.code, self.program, self.backend = code, program, program.backend
        self._remember()

    def _remember(self) -> None:
        from micrograd.compiler.scalar.tracer import state_of

        self._state = state_of(self.code)

    def renewed(self) -> Compiled:
        """The objective that the code has now: itself, unless Python state that the code reads made it another.

        Where the state changed (see `compiler.state.state.State`), the code is traced again, and compiled where that
        gives another graph.
        """
        from micrograd.compiler.compiled import compile_code
        from micrograd.compiler.scalar.trace import undo_of

        if self._state.holds():
            return self
        if self.program.follow(self.code):
            self._remember()
            return self
        with undo_of(self.code) as undo:
            again = self.program.samples_again(self.code)
            return Compiled(self.code, compile_code(self.code, undo, again, lambda: None, self.backend))

    def forget(self) -> None:
        """Trace the code anew at the next call of `renewed`, whether or not a change of state is seen."""
        from micrograd.compiler.state.state import ended

        self._state = ended()

    def batch(self, X: Iterable[Any], y: Iterable[Any]) -> Batch:
        """X and y checked and laid out once."""
        return self.program.batch(X, y)

    def value(self, batch: Batch, at: Any = None) -> float:
        """The mean loss plus the penalty."""
        return self.program.value(batch, at=at)

    def value_and_gradient(self, batch: Batch, at: Any = None) -> tuple[float, np.ndarray]:
        """The value and its derivative by each parameter, an array (p,); the parameters are left alone."""
        return self.program.value_and_gradient(batch, at=at)

    def predict(self, X: Any, at: Any = None) -> list[Any]:
        """The outputs as floats: one per sample, or a list per sample if the model has several."""
        return self.program.predict(X, at=at).tolist()

    def descent(self, batch: Any, optimizer: Any, size: int) -> Descent | None:
        """What takes many steps in one call; its `reason` says why, where it does not."""
        from micrograd.compiler.descent import descent_of

        return descent_of(self.program, batch, optimizer, size)

    def portable(self) -> Program:
        """The program, penalty included."""
        return self.program

    def __repr__(self) -> str:
        many = "in machine code" if self.backend == "llvm" else "in NumPy"
        steps = "" if self.alone is None else f", steps one by one: {self.alone}" if self.alone else f", steps {many}"
        return f"Compiled objective of {len(self.parameters)} parameters, backend {self.backend!r}{steps}"


def compiled_objective(
    model: Callable[[list[float]], Any],
    loss: Callable[[Any, Any], Any],
    parameters: Sequence[Value],
    penalty: Callable[[Sequence[Value]], Any] | None,
    X: Any,
    y: Any,
    *,
    backend: str = "auto",
) -> Compiled:
    """The objective for such data as a compiled program, compared with the code on some of them.

    ImportError if a package is missing or broken, TypeError (a TraceError names the line) for code that cannot be
    compiled, and whatever error the code itself raises on the data.
    """
    expect_whole("micrograd.compiler.compiled")
    from micrograd.compiler.backends import chosen
    from micrograd.compiler.code import Code
    from micrograd.compiler.compiled import compile_code
    from micrograd.compiler.scalar.trace import undo_of
    from micrograd.compiler.self_check import Sample

    backend = chosen(backend)
    row, target = first_sample(X), plain(first(y), "y[0]")
    code = Code(model, len(row), parameters, loss=loss, penalty=penalty)
    with undo_of(code) as undo:
        prediction = model(list(row))
        outputs = len(prediction) if isinstance(prediction, (list, tuple)) else 1
        ready = prepared(loss, [target], outputs)[0]
        code.targets = width(ready)
        result = code.result(prediction, expect_value(loss(prediction, own(target))))
        samples = chain([Sample(row, target, listed(ready), result)], others(code, X, y, outputs))
        return Compiled(code, compile_code(code, undo, samples, lambda: None, backend))


def unless_refused(make: Callable[[], Objective], plain: Callable[[Exception], Objective], backend: str) -> Objective:
    """An objective, or that of plain code where "auto" finds that the code cannot be compiled."""
    try:
        return make()
    except Exception as error:
        if backend != "auto" or isinstance(error, BrokenPackage):
            raise
        return plain(error)


def others(code: Code, X: Any, y: Any, outputs: int) -> Iterator[Sample]:
    """Samples beside the first on which to compare a program with its code: those that tell most come first."""
    from micrograd.compiler.self_check import sampled

    for i in telling(y, min(len(X), len(y))):
        try:
            row, target = plain(X[i], f"X[{i}]"), plain(y[i], f"y[{i}]")
            ready = prepared(code.loss, [target], outputs)[0]  # type: ignore[arg-type]
        except (TypeError, ValueError):  # told of when the data are taken as a batch
            return
        yield sampled(code, listed(row), target, listed(ready))


def listed(x: Any) -> list[float]:
    """A number or a list of numbers as a list."""
    return x if isinstance(x, list) else [x]


def telling(y: Any, count: int) -> Iterator[int]:
    """The last place of the data but the first, and the first place of every other distinct target."""
    if count > 1:
        yield count - 1
    seen: set[Any] = set()
    for i in range(count):
        target = y[i].tolist() if hasattr(y[i], "tolist") else y[i]
        key = tuple(target) if isinstance(target, list) else target
        if key not in seen:
            seen.add(key)
            if 0 < i < count - 1:
                yield i
