"""An objective as bytes that a worker can read, and the test that they mean the same there."""

from __future__ import annotations

import pickle
from importlib import import_module
from io import BytesIO

from micrograd.engine import Value, topological
from micrograd.training.objectives import Eager
from micrograd.training.rows import own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any


def packed(objective: Any) -> bytes:
    """The objective as bytes, in which all parameters are 0: every task brings their numbers.

    The parameters themselves are not touched, since other threads may use them.
    """
    return dumps(objective, {id(p) for p in objective.parameters})


def dumps(thing: Any, zeros: Collection[int] = ()) -> bytes:
    """A pickle, by cloudpickle where it is installed; TypeError that names the cure where there is none.

    Leaves whose id is among `zeros` are pickled as if they held 0.
    """
    base: Any = pickle.Pickler
    try:
        base = import_module("cloudpickle").Pickler
        cure = "keep open files, locks, generators and the like out of the model"
    except ImportError:
        cure = "install cloudpickle, or write lambdas and inner functions as functions of a module"

    class Pickler(base):
        def reducer_override(self, x: Any) -> Any:
            if id(x) in zeros:
                make, (kind, _, _, label), *state = x.__reduce__()
                return make, (kind, 0.0, 0.0, label), *state
            return super().reducer_override(x) if hasattr(base, "reducer_override") else NotImplemented

    content = BytesIO()
    try:
        Pickler(content, protocol=5).dump(thing)
    except Exception as error:
        raise TypeError(f"the model, or its loss, cannot be sent to a worker ({error}): {cure}") from error
    return content.getvalue()


def reach(objective: Eager, row: Any, target: Any) -> set[int]:
    """The places of the parameters that the loss of a sample, or without target the prediction, depends on."""
    found = objective.model(list(row))
    if target is not None:
        found = objective.loss(found, own(target))
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
        raise TypeError(
            f"{len(lost)} of the model's parameters would not follow it to a worker, because it finds "
            "them under a global name: keep them in the model itself, as nn.Module does"
        )
