"""Numbers that are not finite: the error that a training ends with then, and where the first of them comes from."""

from __future__ import annotations

import math

from micrograd.check.why import why_nan
from micrograd.engine import Value
from micrograd.training.position import finite
from micrograd.training.rows import own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.training.objectives import Eager
    from micrograd.training.rows import Batch


class DivergenceError(ArithmeticError):
    """The loss or a gradient became nan or inf, or the loss grew beyond all bounds; the parameters stay where it did.

    >>> from micrograd import Trainer, Value, losses, optim
    >>> w = Value(1.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=1e200), parameters=[w])
    >>> try:
    ...     history = trainer.fit([1.0], [3.0], epochs=9)
    ... except DivergenceError as error:
    ...     print(str(error).split(";")[0])
    the loss is not finite in epoch 2
    """


def source_of_nan(code: Eager, batch: Batch, at: Sequence[float] | None = None) -> str:
    """Which sample and which node the first nan or inf comes from, with the parameters at these numbers."""
    parameters = code.parameters
    before, slopes = [p.data for p in parameters], [p.grad for p in parameters]
    for p, x in zip(parameters, before if at is None else at):
        p.data = x
    try:
        for i, (row, target) in enumerate(zip(batch.rows, batch.targets)):
            fault = fault_of(code.loss(code.model(list(row)), own(target)), parameters)
            if fault is not None:
                return f"Sample {i} of the batch, {fault}"
        fault = None if code.penalty is None else fault_of(code.penalty(list(parameters)), parameters)
        if fault is not None:
            return f"The penalty, {fault}"
        value, gradient = code.value_and_gradient(batch)
        if math.isfinite(value) and finite(gradient):
            return "Run as plain code it is finite: compare with backend='eager'"
        return "Every sample is finite alone, but their sum is not"
    finally:
        for p, x, slope in zip(parameters, before, slopes):
            p.data, p.grad = x, slope


def fault_of(share: Any, parameters: Sequence[Value]) -> Any:
    """Why a share of the loss is not finite, or a derivative of it; None if all are, and for a number."""
    if not isinstance(share, Value):
        return None
    for p in parameters:
        p.grad = 0.0
    share.backward()
    return None if math.isfinite(share.data) and finite([p.grad for p in parameters]) else why_nan(share)
