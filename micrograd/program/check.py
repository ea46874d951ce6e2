"""A new program is compared with the code it was made from, on a few samples."""

from __future__ import annotations

import random
from math import isfinite

from micrograd.engine import Value, apply
from micrograd.ops import TABLE
from micrograd.program.trace import Trace, TraceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TOLERANCE = 1e-9  # of the largest number: rounding errors are far below, a wrong program is far above
EPSILON = 2.0**-53  # the largest relative rounding error of one operation
MANY_NODES = 20_000  # one sample is enough for so large a graph


def check(program: Any, model: Any, loss: Any, penalty: Any, trace: Trace) -> None:
    """TraceError if outputs, value or gradient differ from those of the code itself."""
    generator = random.Random(0)
    count = 1 if len(trace.graph) > MANY_NODES else 2
    rows = [[generator.gauss(0.0, 1.0) for _ in range(trace.inputs)] for _ in range(count)]
    if loss is None:
        found = [x for row in program.predict(rows).tolist() for x in (row if isinstance(row, list) else [row])]
        expected = [data_of(x) for row in rows for x in listed(model([Value(v) for v in row]))]
        compare("prediction", found, expected, lambda noise: shaken(trace, rows, [], noise)[0])
        return
    targets = [[generator.gauss(0.0, 1.0) for _ in range(trace.targets or 1)] for _ in range(count)]
    kept = [p.grad for p in trace.parameters]
    try:
        value, gradient = by_hand(model, loss, penalty, trace, rows, targets)
    finally:
        for p, grad in zip(trace.parameters, kept):
            p.grad = grad
    found_value, found_gradient = program.value_and_gradient(batch_of(rows, targets))
    compare("value", [found_value], [value], lambda noise: shaken(trace, rows, targets, noise)[0])
    compare("gradient", found_gradient.tolist(), gradient, lambda noise: shaken(trace, rows, targets, noise)[1])


def batch_of(rows: list[list[float]], targets: list[list[float]]) -> Any:
    """The samples as a batch, their targets unchecked: they are random numbers."""
    import numpy as np

    from micrograd.program.data import Batch

    return Batch(np.array(rows), np.array(targets))


def by_hand(
    model: Any, loss: Any, penalty: Any, trace: Trace, rows: list[list[float]], targets: list[list[float]]
) -> tuple[float, list[float]]:
    """Value and gradient by plain Value code."""
    for p in trace.parameters:
        p.grad = 0.0
    value = 0.0
    for row, numbers in zip(rows, targets):
        target = [Value(t) for t in numbers]
        share = loss(model([Value(x) for x in row]), target if trace.targets else target[0]) * (1.0 / len(rows))
        share.backward()
        value += share.data
    if penalty is not None:
        share = penalty(trace.parameters)
        if isinstance(share, Value):
            share.backward()
        value += data_of(share)
    return value, [p.grad for p in trace.parameters]


def data_of(x: Any) -> float:
    """The number of what the user's code returned, a Value or a number."""
    return x.data if isinstance(x, Value) else float(x)


def listed(x: Any) -> list[Any]:
    """The outputs of a model as a list."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


def shaken(
    trace: Trace, rows: list[list[float]], targets: list[list[float]], noise: float
) -> tuple[list[float], list[float]]:
    """What the trace gives if every result is off by up to `noise` of itself: [value] and gradient, or outputs."""
    generator, graph = random.Random(1), trace.graph
    parameters = [Value(p.data) for p in trace.parameters]
    value, outputs = Value(0.0), []
    for i, row in enumerate(rows):
        leaves: dict[str, list[Any]] = {"input": row, "target": targets[i] if targets else [], "parameter": parameters,
                                        "held": [x.data for x in trace.held]}  # fmt: skip
        nodes: list[Any] = []
        for kind, args in zip(graph.kind, graph.args):
            if kind in TABLE:
                made = apply(TABLE[kind], tuple([nodes[arg] for arg in args]))
                nodes.append(made * (1.0 + noise * generator.uniform(-1.0, 1.0)))
            else:
                nodes.append(args[0] if kind == "constant" else leaves[kind][args[0]])
        outputs += [data_of(nodes[i]) for i in trace.outputs]
        if targets:
            value = value + nodes[trace.loss] * (1.0 / len(rows))  # type: ignore[index]
    if not targets:
        return outputs, []
    value = value + (0.0 if trace.penalty is None else nodes[trace.penalty])
    value.backward()
    return [value.data], [p.grad for p in parameters]


def compare(
    what: str, found: list[float], expected: list[float], shaken: Callable[[float], list[float]]
) -> None:
    """TraceError if two lists of numbers differ by more than rounding.

    Rounding errors may be large, as in E[x²] − E[x]²: where the numbers differ, `shaken` tells how large.
    """
    scale = max([abs(x) for x in expected if isfinite(x)], default=0.0) + 1e-300
    for place, (a, b) in enumerate(zip(found, expected)):
        same = a == b or (a != a and b != b) if not isfinite(b) else abs(a - b) <= TOLERANCE * scale
        if not same:
            exact, *moved = [shaken(k * EPSILON)[place] for k in (0, 1, 2, 4)]
            if abs(a - b) <= 100.0 * max([abs(x - exact) for x in moved]):
                continue
            raise TraceError(
                f"the compiled {what} differs from that of the code itself ({a!r}, not {b!r}): the code gives another "
                "result at every call, or depends on something that changes, such as a random number"
            )
