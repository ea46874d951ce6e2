"""`Sharded`: an objective evaluated by the workers of any `concurrent.futures.Executor`, here or on other machines.

The mean over samples is a sum over shards. A step sends parameters and, for a batch, the places of its samples, and
gets back a loss and a gradient from each shard. They are added in the order of the shards, so that the bits depend on
the number of shards, not on who computed what.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from threading import RLock
from typing import Any

from micrograd.dispatch import brief
from micrograd.expect import whole
from micrograd.training.objectives import Eager, Objective
from micrograd.training.rows import Batch, samples
from micrograd.training.sharding.contents import Shards, cut, expect_the_same_reach, key_of, packed
from micrograd.training.sharding.worker import Answer, work

# What an executor raises by itself where an answer was lost with its worker; errors of the model come as answers. Dask
# unpacks a result as if it were an error (ValueError, TypeError, AttributeError) if the worker dies just before the
# result is passed on.
LOST = (AttributeError, CancelledError, OSError, TypeError, ValueError)
MOST_LOST = 20  # in one evaluation
NOTHING = Batch([], [])  # of which the objective is the penalty


class Sharded(Objective):
    """Another objective, evaluated by the workers of an executor; value and gradient equal its own to rounding.

    objective   what each worker evaluates on its shards
    executor    any `concurrent.futures.Executor`: a ProcessPoolExecutor, Dask's client.get_executor(), …; or a list of
                them, which get the shards in turn
    shards      into how many the samples are cut; the same number gives the same bits, whatever the executor. Take a
                few per worker, and so many that each can travel (Dask warns of messages above 10 MB)

    A worker that was restarted, or has not seen a shard yet, is sent it; so in time each worker of an executor holds
    all of its shards, for the next training too, and forgets what was not used for ten minutes when it is sent more.
    With Dask, samples that are too many for one machine stay apart where every worker has an executor,
    `[client.get_executor(workers=[name], allow_other_workers=True) for name in client.nthreads()]`.

    Where the executor itself is lost (a ProcessPoolExecutor when one of its processes dies), its error comes with the
    cure, and the parameters are those before the step.

    The model is sent by `batch`, as it is then, and must be picklable: models made of `nn` and losses of `losses` are,
    and so is an object of a class that an importable module defines; lambdas and functions of the main program need the
    package cloudpickle. TypeError otherwise, and for a model that finds its parameters under a global name: a worker
    has globals of its own.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from micrograd import losses, nn
    >>> model = nn.Neuron(1, nonlin=False)
    >>> objective = Sharded(Eager(model, losses.squared_error, model.parameters()), ThreadPoolExecutor(2), shards=3)
    >>> objective.value_and_gradient(objective.batch([1, 2, 3, 4], [3, 5, 7, 9]), at=[1.0, 1.0])
    (7.5, [-15.0, -5.0])
    """

    def __init__(self, objective: Objective, executor: Executor | Sequence[Executor], *, shards: int = 8) -> None:
        self._executors: list[Any] = list(executor) if isinstance(executor, (list, tuple)) else [executor]
        if not all(hasattr(one, "submit") and not isinstance(one, type) for one in self._executors or [None]):
            raise TypeError(f"expected a concurrent.futures.Executor, got {executor!r}; Dask has client.get_executor()")
        if not isinstance(objective, Objective):
            raise TypeError(f"expected an objective, got {brief(objective)}; a Trainer has fit(…, executor=…)")
        self.objective, self.executor, self.shards = objective, executor, whole(shards, "shards", 1)
        super().__init__(objective.parameters)
        self.backend, self.on_arrays = objective.backend, objective.on_arrays
        self._model = "", b""  # the key and the content that the workers get
        self._alone = RLock()  # the penalty is evaluated here, by moving the parameters themselves

    def batch(self, X: Iterable[Any], y: Iterable[Any]) -> Shards:
        """X and y checked, converted and cut into shards; errors as those of the objective."""
        data = self.objective.batch(X, y)
        self._pack(data)
        return cut(data, self.shards)

    def value(self, batch: Shards, at: Sequence[float] | None = None) -> float:
        """The mean loss plus the penalty."""
        mean = 0.0
        for share, value in self._terms("value", batch, at):
            mean += share * value
        return mean

    def value_and_gradient(self, batch: Shards, at: Sequence[float] | None = None) -> tuple[float, Any]:
        """The value and its derivative by each parameter; the gradients of the parameters hold it too."""
        mean, total = 0.0, [-0.0] * len(self.parameters)  # adding to -0.0 leaves every sign as it is
        for share, (value, slopes) in self._terms("value_and_gradient", batch, at):
            mean += share * value
            listed = isinstance(slopes, list)
            total = [sum + share * slope for sum, slope in zip(total, slopes)] if listed else total + share * slopes
        for p, slope in zip(self.parameters, total if isinstance(total, list) else total.tolist()):
            p.grad = slope
        return mean, total

    def predict(self, X: Any, at: Sequence[float] | None = None) -> list[Any]:
        """The outputs as floats: one per sample, or a list per sample if the model has several; X may be a batch."""
        if not isinstance(X, Shards):
            rows = samples(X)
            self._pack(Batch(rows[:1], [None]))
            X = cut(rows, self.shards)
        outputs: dict[int, Any] = {}
        for which, found in self._answers("predict", X, at):
            outputs.update(zip(which, found if isinstance(found, list) else found.tolist()))
        return [outputs[i] for i in range(len(X))]

    def _pack(self, batch: Any) -> None:
        """Make what the workers get of the objective as it is now, and test it on a sample."""
        sent = self.objective.portable()
        content = packed(sent)
        if content != self._model[1] and isinstance(sent, Eager):
            expect_the_same_reach(sent, content, batch.rows[0], batch.targets[0])
        self._model = key_of(content), content

    def _terms(self, method: str, batch: Shards, at: Any) -> list[tuple[float, Any]]:
        """What the objective is the sum of, by their weights: the answers of the workers, and a penalty apart."""
        terms = [(len(which) / len(batch), found) for which, found in self._answers(method, batch, at)]
        if self.objective.penalty_apart:
            with self._alone:
                terms.append((1.0, getattr(self.objective, method)(NOTHING, at=at)))
        return terms

    def _answers(self, method: str, batch: Shards, at: Any) -> list[tuple[Sequence[int], Any]]:
        """What the workers made of each part of a batch: which samples it has, and the result."""
        if not isinstance(batch, Shards):
            raise TypeError(f"expected a batch that a Sharded objective made, got {brief(batch)}")
        if not self._model[0]:  # the batch was cut by another Sharded
            self._pack(batch)
        key, content = self._model
        numbers = at if hasattr(at, "dtype") else array("d", [p.data for p in self.parameters] if at is None else at)
        parts = batch.parts()

        def ask(shard: int, lacking: frozenset[str]) -> Future[Answer]:
            sent = {one: content if one == key else batch.content(shard) for one in lacking}
            executor = self._executors[shard % len(self._executors)]
            return executor.submit(work, method, (key, batch.keys[shard]), parts[shard][1], numbers, sent)

        results = answered(ask, parts)
        return [(which, results[shard]) for shard, (which, _) in parts.items()]


def answered(ask: Callable[[int, frozenset[str]], Future[Answer]], shards: Iterable[int]) -> dict[int, Any]:
    """The results for these shards; each is asked for until it comes, with what its worker said that it lacks.

    An error of the model is raised as it is; the error of an executor that is lost, with the cure.
    """
    results: dict[int, Any] = {}
    waiting: deque[tuple[int, frozenset[str], Future[Answer]]] = deque()
    lost = 0
    try:
        waiting.extend((shard, frozenset(), ask(shard, frozenset())) for shard in shards)
        while waiting:
            shard, lacking, future = waiting[0]
            try:
                answer = future.result()
            except LOST:
                lost += 1
                if lost > MOST_LOST:
                    raise
                answer = Answer()
            waiting.popleft()
            if answer.error is not None:
                raise answer.error from RuntimeError("in a worker:\n" + answer.where)
            if answer.result is ...:
                lacking = lacking.union(answer.lacking)
                waiting.append((shard, lacking, ask(shard, lacking)))
            else:
                results[shard] = answer.result
    except BrokenExecutor as error:
        raise type(error)(
            f"the executor is lost ({error}), because a worker process was killed or ran out of memory. The parameters "
            "are those before this step: make a new executor and go on. Dask's client.get_executor() survives lost "
            "workers"
        ) from error
    finally:
        for _, _, future in waiting:
            future.cancel()
    return results
