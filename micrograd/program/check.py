"""A new program is compared with the code it was made from, on a few samples."""

from __future__ import annotations

import random
from math import isfinite

from micrograd.engine import Value
from micrograd.program.trace import Trace, TraceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TOLERANCE = 1e-9  # of the largest number: rounding errors are far below, a wrong program is far above
MANY_NODES = 20_000  # one sample is enough for so large a graph


def check(program: Any, model: Any, loss: Any, penalty: Any, trace: Trace) -> None:
    """TraceError if outputs, value or gradient differ from those of the code itself."""
    generator = random.Random(0)
    count = 1 if len(trace.graph) > MANY_NODES else 2
    rows = [[generator.gauss(0.0, 1.0) for _ in range(trace.inputs)] for _ in range(count)]
    if loss is None:
        found = [x for row in program.predict(rows).tolist() for x in (row if isinstance(row, list) else [row])]
        compare("outputs", found, [x.data for row in rows for x in listed(model([Value(v) for v in row]))])
        return
    targets = [[generator.gauss(0.0, 1.0) for _ in range(trace.targets or 1)] for _ in range(count)]
    kept = [p.grad for p in trace.parameters]
    try:
        value, gradient = by_hand(model, loss, penalty, trace, rows, targets)
    finally:
        for p, grad in zip(trace.parameters, kept):
            p.grad = grad
    found_value, found_gradient = program.value_and_gradient(batch_of(rows, targets))
    compare("value", [found_value], [value])
    compare("gradient", found_gradient.tolist(), gradient)


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
        value += share.data if isinstance(share, Value) else share
    return value, [p.grad for p in trace.parameters]


def listed(x: Any) -> list[Any]:
    """The outputs of a model as a list."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


def compare(what: str, found: list[float], expected: list[float]) -> None:
    """TraceError if two lists of numbers differ by more than rounding."""
    scale = max([abs(x) for x in expected if isfinite(x)], default=0.0) + 1e-300
    for a, b in zip(found, expected):
        same = a == b or (a != a and b != b) if not isfinite(b) else abs(a - b) <= TOLERANCE * scale
        if not same:
            raise TraceError(
                f"the compiled {what} differs from that of the code itself ({a!r}, not {b!r}): the code gives another "
                "result at every call, or depends on something that changes, such as a random number"
            )
