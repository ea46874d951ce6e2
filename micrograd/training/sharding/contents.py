"""What is sent to a worker: shards, which are samples that stay together with their targets, and the objective.

content     an object as the bytes of its pickle
key         the hash of a content, by which a worker knows it
"""

from __future__ import annotations

import hashlib
import pickle
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from operator import attrgetter
from typing import Any

from micrograd.engine import Value, topological
from micrograd.training.objectives import Eager
from micrograd.training.rows import own


class Shards:
    """A batch cut into shards of consecutive samples, at `bounds`; `take` picks samples, which stay where they are."""

    width = property(attrgetter("batch.width"))
    rows = property(attrgetter("_picked.rows"))
    targets = property(attrgetter("_picked.targets"))
    _picked = property(lambda self: self.batch.take(self.places))

    def __init__(self, batch: Any, bounds: list[int], keys: list[str], places: Sequence[int]) -> None:
        self.batch, self.bounds, self.keys, self.places = batch, bounds, keys, places

    def __len__(self) -> int:
        return len(self.places)

    def take(self, places: Sequence[int]) -> Shards:
        """The samples at these places, in this order."""
        return Shards(self.batch, self.bounds, self.keys, [self.places[i] for i in places])

    def parts(self) -> dict[int, tuple[Sequence[int], array[int] | None]]:
        """For each shard that has some of the samples: which they are, and their places in the shard (None for all).

        ValueError if there are no samples.
        """
        if not self.places:
            raise ValueError("expected at least one sample, got none")
        if isinstance(self.places, range):
            return {shard: (range(*ends), None) for shard, ends in enumerate(zip(self.bounds, self.bounds[1:]))}
        parts: dict[int, Any] = {}
        for i, place in enumerate(self.places):
            shard = bisect_right(self.bounds, place) - 1
            which, places = parts.setdefault(shard, ([], array("I")))
            which.append(i)
            places.append(place - self.bounds[shard])
        return dict(sorted(parts.items()))

    def content(self, shard: int) -> bytes:
        """A shard as bytes; made when needed, so that the data are not held twice."""
        start, end = self.bounds[shard : shard + 2]
        samples = self.batch[start:end] if isinstance(self.batch, list) else self.batch.take(range(start, end))
        return pickle.dumps(samples, protocol=5)


def cut(batch: Any, count: int) -> Shards:
    """A batch or a list of rows as shards whose sizes differ by one at most; none is empty."""
    count, size = min(count, len(batch)), len(batch)
    shards = Shards(batch, [size * i // count for i in range(count + 1)], [], range(size))
    shards.keys.extend(key_of(shards.content(i)) for i in range(count))
    return shards


def key_of(content: bytes) -> str:
    """The hash by which a worker knows a content."""
    return hashlib.sha256(content).hexdigest()


def packed(objective: Any) -> bytes:
    """The objective as bytes, in which all parameters are 0: every task brings their numbers.

    By cloudpickle where it is installed; TypeError that names the cure where there is none. The parameters themselves
    are not touched, since other threads may use them.
    """
    try:
        base: Any = import_module("cloudpickle").Pickler
        cure = "keep open files, locks, generators and the like out of the model"
    except ImportError:
        base = pickle.Pickler
        cure = "install cloudpickle, or write lambdas and inner functions as functions of a module"
    parameters, content = {id(p) for p in objective.parameters}, BytesIO()

    class Pickler(base):
        def reducer_override(self, x: Any) -> Any:
            if id(x) in parameters:
                make, (kind, _, _, label), *state = x.__reduce__()
                return make, (kind, 0.0, 0.0, label), *state
            return super().reducer_override(x) if hasattr(base, "reducer_override") else NotImplemented

    try:
        Pickler(content, protocol=5).dump(objective)
    except Exception as error:
        raise TypeError(f"the model, or its loss, cannot be sent to a worker ({error}): {cure}") from error
    return content.getvalue()


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


def reach(objective: Eager, row: Any, target: Any) -> set[int]:
    """The places of the parameters that the loss of a sample, or without target the prediction, depends on."""
    found = objective.model(list(row))
    if target is not None:
        found = objective.loss(found, own(target))
    outputs = found if isinstance(found, (list, tuple)) else [found]
    nodes = {id(node) for output in outputs if isinstance(output, Value) for node in topological(output)}
    return {place for place, p in enumerate(objective.parameters) if id(p) in nodes}
