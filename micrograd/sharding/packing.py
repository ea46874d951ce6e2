"""An objective as bytes that a worker can read, and the test that they mean the same there."""
from __future__ import annotations

import pickle
from importlib import import_module

from micrograd.engine import Value, topological
from micrograd.objectives import Eager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def packed(objective: Any) -> bytes:
    """The objective as bytes, in which all parameters are 0: every task brings their numbers."""
    parameters = objective.parameters
    before = [(p.data, p.grad) for p in parameters]
    try:
        for p in parameters:
            p.data = p.grad = 0.0
        return dumps(objective)
    finally:
        for p, (data, grad) in zip(parameters, before):
            p.data, p.grad = data, grad


def dumps(thing: Any) -> bytes:
    """A pickle, by cloudpickle where it is installed; TypeError that names the cure where there is none."""
    try:
        write: Any = import_module("cloudpickle").dumps
        cure = "keep open files, locks, generators and the like out of the model"
    except ImportError:
        write, cure = pickle.dumps, "install cloudpickle, or write lambdas and inner functions as functions of a module"
    try:
        content: bytes = write(thing, protocol=5)
    except Exception as error:
        raise TypeError(f"the model, or its loss, cannot be sent to a worker ({error}): {cure}") from error
    return content


def reach(objective: Eager, row: Any, target: Any) -> set[int]:
    """The places of the parameters that the loss of a sample, or without target the prediction, depends on."""
    found = objective.model(row)
    if target is not None:
        found = objective.loss(found, target)
    places = {id(p): i for i, p in enumerate(objective.parameters)}
    outputs = found if isinstance(found, (list, tuple)) else [found]
    nodes = [node for output in outputs if isinstance(output, Value) for node in topological(output)]
    return {places[id(node)] for node in nodes if id(node) in places}


def expect_the_same_reach(objective: Eager, content: bytes, row: Any, target: Any) -> None:
    """TypeError if the objective that a worker gets does not depend on its parameters as this one does."""
    sent = pickle.loads(content)
    for p, copied in zip(objective.parameters, sent.parameters):
        copied.data = p.data
    lost = reach(objective, row, target) - reach(sent, row, target)
    if lost:
        raise TypeError(f"{len(lost)} of the model's parameters would not follow it to a worker, because it finds "
                        "them under a global name: keep them in the model itself, as nn.Module does")  # fmt: skip
