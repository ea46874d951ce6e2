"""What runs in a worker: it keeps the shards and objectives that it was sent, by their keys, and evaluates them."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Sequence
from traceback import format_exc
from typing import Any, NamedTuple

UNUSED = 600.0  # seconds after which a worker may forget something; it costs no more than to be sent it again
kept: dict[str, tuple[float, Any]] = {}  # when it was used last, and what was sent: a shard, or an objective


class Own(threading.local):
    """An objective of which each thread has a copy of its own, made when it first asks: it moves the parameters."""

    def __init__(self, content: bytes) -> None:
        self.copy = read(content)


class Answer(NamedTuple):
    """A result, or the keys of what the worker lacks, or the error of the model and where in the worker it arose.

    As an answer it cannot be taken for an error of the executor, which may have lost the worker.
    """

    result: Any = ...  # which stands for none
    lacking: Sequence[str] = ()
    error: Exception | None = None
    where: str = ""


def work(method: str, keys: tuple[str, str], places: Sequence[int] | None, at: Any, sent: dict[str, bytes]) -> Answer:
    """objective.method(samples, at=at), by the keys of objective and shard; the samples are all, or those at places."""
    try:
        objective, shard = found(keys[0], sent, Own), found(keys[1], sent, read)
        if objective is None or shard is None:
            return Answer(lacking=[key for key, thing in zip(keys, (objective, shard)) if thing is None])
        return Answer(getattr(objective.copy, method)(shard if places is None else shard.take(places), at=at))
    except Exception as error:
        where = format_exc()
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # whatever the pickling of a stranger's class raises
            error = RuntimeError(f"{type(error).__name__}: {error}")
        return Answer(error=error, where=where)


def found(key: str, sent: dict[str, bytes], made: Callable[[bytes], Any]) -> Any:
    """What the worker keeps under a key, or makes of what it was sent just now; what was long unused goes then."""
    now = time.monotonic()
    _, thing = kept.get(key, (now, None))
    if thing is None and key in sent:
        for old in [old for old, (used, _) in list(kept.items()) if now - used > UNUSED]:
            kept.pop(old, None)
        thing = made(sent[key])
    if thing is not None:
        kept[key] = now, thing
    return thing


def read(content: bytes) -> Any:
    """The object of a content; TypeError that names the cure where it needs a module that is not there."""
    try:
        return pickle.loads(content)
    except (AttributeError, ImportError) as error:
        raise TypeError(
            f"a worker cannot read the model ({error}): install there what the model needs; functions "
            "and classes of the main program need cloudpickle, or a module of their own"
        ) from error
