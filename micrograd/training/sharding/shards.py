"""A batch cut into shards: samples that stay together, with their targets, in one worker or another.

bounds      the places of the first samples of all shards, and at the end the number of samples
key         the hash of a shard's content, the bytes of its pickle
part        what one step needs of one shard: some of its samples, or all
"""

from __future__ import annotations

import hashlib
import pickle
from array import array
from bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Part:
    """What one step needs of one shard, and at which positions of the step; the keys of what must go with it."""

    __slots__ = ("needed", "number", "places", "positions", "size")

    def __init__(self, number: int, places: array[int] | None, positions: Sequence[int]) -> None:
        self.number, self.places, self.positions, self.size = number, places, positions, len(positions)
        self.needed: set[str] = set()


class Shards:
    """A batch cut into shards of consecutive samples; `take` picks some samples, which stay where they are."""

    def __init__(self, batch: Any, bounds: list[int], keys: list[str], places: list[int] | None = None) -> None:
        self.batch, self.bounds, self.keys, self.places = batch, bounds, keys, places

    def __len__(self) -> int:
        return self.bounds[-1] if self.places is None else len(self.places)

    def take(self, places: Sequence[int]) -> Shards:
        """The samples at these places, in this order."""
        chosen = list(places) if self.places is None else [self.places[i] for i in places]
        return Shards(self.batch, self.bounds, self.keys, chosen)

    @property
    def width(self) -> int:
        """How many numbers a sample has."""
        return self.batch.width

    @property
    def rows(self) -> list[list[float]]:
        """The samples."""
        return self._local.rows

    @property
    def targets(self) -> list[Any]:
        """The targets."""
        return self._local.targets

    @property
    def _local(self) -> Any:
        return self.batch if self.places is None else self.batch.take(self.places)

    def parts(self) -> list[Part]:
        """One for each shard that has some of the samples, in order; ValueError if there are no samples."""
        if not len(self):
            raise ValueError("expected at least one sample, got none")
        if self.places is None:
            return [Part(i, None, range(self.bounds[i], self.bounds[i + 1])) for i in range(len(self.keys))]
        chosen = [(array("I"), array("I")) for _ in self.keys]
        for position, place in enumerate(self.places):
            shard = bisect_right(self.bounds, place) - 1
            for numbers, number in zip(chosen[shard], (place - self.bounds[shard], position)):
                numbers.append(number)
        return [Part(i, places, positions) for i, (places, positions) in enumerate(chosen) if places]

    def content(self, number: int) -> bytes:
        """A shard as bytes; made when needed, so that the data are not held twice."""
        return shard_content(self.batch, self.bounds, number)


def shard_content(batch: Any, bounds: list[int], number: int) -> bytes:
    """The samples between two bounds as bytes."""
    start, end = bounds[number], bounds[number + 1]
    return pickle.dumps(batch[start:end] if isinstance(batch, list) else batch.take(range(start, end)), protocol=5)


def cut(batch: Any, count: int) -> Shards:
    """A batch or a list of rows as shards whose sizes differ by one at most; none is empty."""
    count = min(count, len(batch))
    bounds = [len(batch) * i // count for i in range(count + 1)]
    return Shards(batch, bounds, [key_of(shard_content(batch, bounds, i)) for i in range(count)])


def key_of(content: bytes) -> str:
    """The hash by which a worker knows a content."""
    return hashlib.sha256(content).hexdigest()
