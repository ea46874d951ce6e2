"""The code of a trainer as the graph of one sample, with switches on its penalty that the page can turn.

strength    λ of the page's own penalty λ Σ w², a parameter behind those of the model
share       1 where a penalty of the user's counts, 0 where it does not: one parameter more, if there is such a penalty
"""

from __future__ import annotations

from itertools import islice

from micrograd.compiler.code import Code
from micrograd.compiler.scalar.trace import trace, undo_of
from micrograd.compiler.scalar.tracer import without_tables
from micrograd.compiler.self_check import EPSILON, SelfCheck, sampled
from micrograd.engine import Value
from micrograd.losses import prepared
from micrograd.ops import ADD, MUL
from micrograd.training.compiled import listed, telling
from micrograd.training.rows import Batch, dataset, width
from micrograd.vectors import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.trace import Trace
    from micrograd.compiler.self_check import Sample

    Penalty = Callable[[Sequence[Any]], Any]

COMPARED = 2  # samples beside the first on which trace and page are compared with the code
STEADY = 1e-9  # what a number moves by at most, relatively, where its operations are off by a rounding error


class Expected:
    """What the page must have at its start: the mean value of the samples at these places, and its gradient.

    None for a number that is not to be compared, as at a kink.
    """

    def __init__(self, places: list[int], value: float | None, gradient: list[float] | None) -> None:
        self.places, self.value, self.gradient = places, value, gradient


class Watched:
    """What a page is made of.

    trace       of one sample; its parameters are those of the model, then λ, then the share if there is one
    data        the samples; tested: those of the validation, None without
    strength    λ at the start
    own         the name of the user's penalty; None where there is none, or it is λ Σ w² itself
    start       the parameters that the training began with, or begins with
    """

    def __init__(
        self,
        trace: Trace,
        data: Batch,
        tested: Batch | None,
        strength: float,
        own: str | None,
        start: list[float],
        expected: Expected,
    ) -> None:
        self.trace, self.data, self.tested, self.strength, self.own = trace, data, tested, strength, own
        self.start, self.expected = start, expected
        self.parameters = trace.parameters[: -1 if own is None else -2]


def watched(trainer: Any, X: Any, y: Any, validation: Any = None) -> Watched:
    """The traced code of a trainer, and its data as the loss takes them.

    ValueError or TypeError for data that are none, TraceError, naming the line, for code that cannot be compiled, or
    computes something else on numbers. It runs on placeholders, and on a few samples.
    """
    parameters, loss, data = trainer.parameters, trainer.loss, dataset(X, y)
    tested = None if validation is None else dataset(*validation)
    if tested is not None and tested.width != data.width:
        raise ValueError(f"expected validation rows of {data.width} numbers, got {tested.width}")
    strength = strength_of(trainer.penalty, parameters)
    own = name_of(trainer.penalty) if strength is None else None
    switches = [Value(strength or 0.0, "λ"), *([] if own is None else [Value(1.0)])]
    penalty = penalty_with(trainer.penalty if own is not None else None, len(parameters))
    code = Code(trainer.model, data.width, [*parameters, *switches], loss=loss, penalty=penalty)
    with undo_of(code) as undo:
        prediction = trainer.model(list(data.rows[0]))
        outputs = len(prediction) if isinstance(prediction, (list, tuple)) else 1
        given, data = data.targets, Batch(data.rows, prepared(loss, data.targets, outputs))
        if tested is not None:
            tested = Batch(tested.rows, prepared(loss, tested.targets, outputs))
        code.targets = width(data.targets[0])
        found = trace(code, undo, lambda: code.run(data.rows[0], data.targets[0]))
        places = [0, *islice(telling(data.targets, len(data)), COMPARED)]
        samples = [sampled(code, data.rows[i], given[i], listed(data.targets[i])) for i in places]
        check = SelfCheck(found)
        check.trace_itself(code, samples)
    start = trainer.course.initial if trainer.history else [p.data for p in parameters]
    check.leaves[: len(start)] = start
    expected = Expected(places[:2], *means(check, samples[:2], len(start)))
    return Watched(without_tables(found), data, tested, strength or 0.0, own, start, expected)


def means(check: SelfCheck, samples: list[Sample], count: int) -> tuple[float | None, list[float] | None]:
    """The mean value of some samples, penalty included, and its gradient by the first `count` parameters.

    None for what rounding may turn about.
    """
    found = []
    for noise in (0.0, EPSILON, -EPSILON):
        known = [check.recorded(sample, noise) for sample in samples]
        columns = zip(*[[*one["value"], *one["gradient"][:count]] for one in known])
        found.append([sum(column) / len(samples) for column in columns])
    (value, *slopes), *others = found
    size = sum(map(abs, slopes))
    steady = all(abs(a - b) <= STEADY * size for _, *other in others for a, b in zip(slopes, other))
    certain = all(abs(value - other) <= STEADY * abs(value) for other, *_ in others)
    return value if certain else None, slopes if steady else None


def penalty_with(own: Penalty | None, count: int) -> Penalty:
    """The penalty as a function of `count` parameters, the strength, and for a penalty of the user's its share."""

    def penalty(values: Sequence[Any]) -> Any:
        parameters, switches = values[:count], values[count:]
        squares = switches[0] * total([p * p for p in parameters])
        return squares if own is None else squares + switches[1] * own(list(parameters))

    return penalty


def strength_of(penalty: Penalty | None, parameters: Sequence[Value]) -> float | None:
    """λ of a penalty that is λ Σ w² of all parameters, 0 where there is none; None for any other."""
    if penalty is None:
        return 0.0
    code = Code(lambda row: penalty(list(parameters)), 1, parameters)
    with undo_of(code) as undo:
        found = trace(code, undo, lambda: code.run([0.0], None))
    graph, [top] = found.graph, found.outputs
    if graph.kind[top] == "constant":
        return 0.0 if graph.number(top) == 0.0 else None
    if graph.kind[top] != MUL.name:
        return None
    strength, waiting = sorted(graph.args[top], key=lambda node: graph.kind[node] != "constant")
    squares, left = sorted(graph.leaf("parameter", i) for i in range(len(parameters))), [waiting]
    seen: list[int] = []
    while left:
        kind, args = graph.kind[node := left.pop()], graph.args[node]
        if kind == ADD.name:
            left += args
        elif kind == MUL.name and args[0] == args[1]:
            seen.append(args[0])
        else:
            return None
    return graph.number(strength) if sorted(seen) == squares else None


def name_of(penalty: Any) -> str:
    """What a penalty is called."""
    name = getattr(penalty, "__name__", "<lambda>")
    return "penalty" if name == "<lambda>" else name.replace("_", " ")
