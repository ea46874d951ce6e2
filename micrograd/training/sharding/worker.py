"""What runs in a worker: it keeps the shards and objectives that it was sent, and evaluates them.

content     an object as the bytes of its pickle
key         the hash of a content, by which a worker knows it
kept        what this process was sent, by key
"""

from __future__ import annotations

import pickle
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

UNUSED = 600.0  # seconds after which a worker may forget something; it costs no more than to be sent it again
kept: dict[str, Kept] = {}


class Kept:
    """What a worker keeps under a key: a shard, or the content of an objective and the copies that nobody uses now."""

    __slots__ = ("copies", "thing", "used")

    def __init__(self, thing: Any) -> None:
        self.thing, self.copies, self.used = thing, list[object](), time.monotonic()

    def borrow(self) -> Any:
        """A copy of the objective for one thread alone: it moves the parameters of its model."""
        try:
            return self.copies.pop()
        except IndexError:
            return read(self.thing)


class Missing:
    """The answer of a worker that lacks something; the keys of it."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys


class Failed:
    """The answer of a worker whose evaluation raised an error: the error, and where in the worker it arose.

    As an answer it cannot be taken for an error of the executor, which may have lost the worker.
    """

    def __init__(self, error: Exception) -> None:
        from traceback import format_exception

        self.where = "".join(format_exception(type(error), error, error.__traceback__))
        try:
            pickle.loads(pickle.dumps(error))
            self.error = error
        except Exception:  # whatever the pickling of a stranger's class raises
            self.error = RuntimeError(f"{type(error).__name__}: {error}")


def read(content: bytes) -> Any:
    """The object of a content; TypeError that names the cure where it needs a module that is not there."""
    try:
        return pickle.loads(content)
    except (AttributeError, ImportError) as error:
        raise TypeError(
            f"a worker cannot read the model ({error}): install there what the model needs; functions "
            "and classes of the main program need cloudpickle, or a module of their own"
        ) from error


def found(key: str, sent: dict[str, bytes], thing: Callable[[bytes], Any]) -> Kept | None:
    """What the worker keeps under a key, or makes of what it was sent just now; what was long unused goes then."""
    now = time.monotonic()
    if key in sent and key not in kept:
        for old in [old for old, other in list(kept.items()) if now - other.used > UNUSED]:
            kept.pop(old, None)
        kept[key] = item = Kept(thing(sent[key]))
        return item
    known = kept.get(key)
    if known is not None:
        known.used = now
    return known


def work(
    method: str, objective_key: str, shard_key: str, places: Sequence[int] | None, at: Any, sent: dict[str, bytes]
) -> Any:
    """In a worker: objective.method(samples, at=at) for the samples at these places of a shard, Missing or Failed."""
    try:
        return evaluated(method, objective_key, shard_key, places, at, sent)
    except Exception as error:
        return Failed(error)


def evaluated(
    method: str, objective_key: str, shard_key: str, places: Sequence[int] | None, at: Any, sent: dict[str, bytes]
) -> Any:
    """What `work` answers if all goes well, or Missing."""
    pairs = [(objective_key, found(objective_key, sent, bytes)), (shard_key, found(shard_key, sent, read))]
    if any(item is None for _, item in pairs):
        return Missing([key for key, item in pairs if item is None])
    objective, shard = [item for _, item in pairs if item is not None]
    borrowed = objective.borrow()
    try:
        return getattr(borrowed, method)(shard.thing if places is None else shard.thing.take(places), at=at)
    finally:
        objective.copies.append(borrowed)
