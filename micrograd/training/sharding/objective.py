"""`Sharded`: an objective evaluated by the workers of any `concurrent.futures.Executor`, here or on other machines.

The mean over samples is a sum over shards. A step sends parameters and, for a batch, the places of its samples, and
gets back a loss and a gradient from each shard. They are added in the order of the shards, so that the bits depend on
the number of shards, not on who computed what.
"""

from __future__ import annotations

from array import array
from concurrent.futures import BrokenExecutor, CancelledError
from threading import RLock

from micrograd.expect import whole
from micrograd.training.objectives import Eager, Objective
from micrograd.training.rows import Batch, samples
from micrograd.training.sharding.packing import expect_the_same_reach, packed
from micrograd.training.sharding.shards import Shards, cut, key_of
from micrograd.training.sharding.worker import Failed, Missing, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Executor, Future
    from typing import Any

    from micrograd.training.sharding.shards import Part

# What an executor raises by itself where an answer was lost with its worker; errors of the model come as answers. Dask
# unpacks a result as if it were an error (ValueError, TypeError, AttributeError) if the worker dies just before the
# result is passed on.
LOST = (AttributeError, CancelledError, OSError, TypeError, ValueError)
MOST_LOST = 20  # in one evaluation
NOTHING = Batch([], [])  # of which the objective is the penalty


class Sharded(Objective):
    """Another objective, evaluated by the workers of an executor.

    objective   what each worker evaluates on its shards; it must be picklable (see below)
    executor    any `concurrent.futures.Executor`: a ProcessPoolExecutor, Dask's client.get_executor(), …; or a list of
                them, which get the shards in turn
    shards      into how many the samples are cut; the same number gives the same bits, whatever the executor. Take a
                few per worker, and so many that each can travel (Dask warns of messages above 10 MB)

    Value and gradient equal those of the objective to rounding. A worker that was restarted, or has not seen a shard
    yet, is sent it; so in time each worker of an executor holds all of its shards. With Dask, samples that are too many
    for one machine stay apart where every worker has an executor,
    `[client.get_executor(workers=[name], allow_other_workers=True) for name in client.nthreads()]`.

    Where the executor itself is lost (a ProcessPoolExecutor when one of its processes dies), its
    error comes with the cure, and the parameters are those before the step.

    The model is sent by `batch`, as it is then. Models made of `nn` and losses of `losses` are picklable, and so is
    an object of a class that an importable module defines; lambdas and functions of the main program need the package
    cloudpickle. TypeError otherwise, and for a model that finds its parameters under a global name: a worker has
    globals of its own.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from micrograd import losses, nn
    >>> model = nn.Neuron(1, nonlin=False)
    >>> objective = Sharded(Eager(model, losses.squared_error, model.parameters()), ThreadPoolExecutor(2), shards=3)
    >>> objective.value_and_gradient(objective.batch([1, 2, 3, 4], [3, 5, 7, 9]), at=[1.0, 1.0])
    (7.5, [-15.0, -5.0])
    """

    def __init__(self, objective: Objective, executor: Executor | Sequence[Executor], *, shards: int = 8) -> None:
        self._executors: list[Any] = list(executor) if isinstance(executor, (list, tuple)) else [executor]
        if not self._executors or not all(callable(getattr(one, "submit", None)) for one in self._executors):
            raise TypeError(f"expected a concurrent.futures.Executor, got {executor!r}; Dask has client.get_executor()")
        self.objective, self.executor, self.shards = objective, executor, whole(shards, "shards", 1)
        super().__init__(objective.parameters)
        self.backend, self.on_arrays = objective.backend, objective.on_arrays
        self._content, self._key = b"", ""
        self._alone = RLock()  # the penalty is evaluated here, by moving the parameters themselves

    def batch(self, X: Iterable[Any], y: Iterable[Any]) -> Shards:
        """X and y checked, converted and cut into shards; errors as those of the objective."""
        data = self.objective.batch(X, y)
        self._pack(data)
        return cut(data, self.shards)

    def value(self, batch: Shards, at: Sequence[float] | None = None) -> float:
        """The mean loss plus the penalty."""
        mean = 0.0
        for part, value in self._evaluated("value", batch, at):
            mean += part.size / len(batch) * value
        if not self.objective.penalty_apart:
            return mean
        with self._alone:
            return mean + self.objective.value(NOTHING, at=at)

    def value_and_gradient(self, batch: Shards, at: Sequence[float] | None = None) -> tuple[float, Any]:
        """The value and its derivative by each parameter; the gradients of the parameters hold it too."""
        mean = 0.0
        gradient: Any = None
        for part, (value, slopes) in self._evaluated("value_and_gradient", batch, at):
            weight = part.size / len(batch)
            mean += weight * value
            gradient = added(gradient, weight, slopes)
        if self.objective.penalty_apart:
            with self._alone:
                value, slopes = self.objective.value_and_gradient(NOTHING, at=at)
            mean, gradient = mean + value, added(gradient, 1.0, slopes)
        for p, slope in zip(self.parameters, gradient if isinstance(gradient, list) else gradient.tolist()):
            p.grad = slope
        return mean, gradient

    def predict(self, X: Any, at: Sequence[float] | None = None) -> list[Any]:
        """The outputs as floats: one per sample, or a list per sample if the model has several; X may be a batch."""
        if not isinstance(X, Shards):
            rows = samples(X)
            self._pack(Batch(rows[:1], [None]))
            X = cut(rows, self.shards)
        outputs: dict[int, Any] = {}
        for part, found in self._evaluated("predict", X, at):
            outputs.update(zip(part.positions, found if isinstance(found, list) else found.tolist()))
        return [outputs[position] for position in range(len(X))]

    def _pack(self, batch: Any) -> None:
        """Make the content of the objective, without its penalty if that can be evaluated here, and test it."""
        bare = self.objective.portable()
        content = packed(bare)
        if content != self._content and isinstance(bare, Eager):
            expect_the_same_reach(bare, content, batch.rows[0], batch.targets[0])
        self._content, self._key = content, key_of(content)

    def _evaluated(self, method: str, batch: Shards, at: Any) -> list[tuple[Part, Any]]:
        """The parts of a batch and what the workers made of them, in order."""
        numbers = [p.data for p in self.parameters] if at is None else at
        numbers = numbers if hasattr(numbers, "dtype") else array("d", numbers)
        parts = batch.parts()
        answers: dict[int, Any] = {}
        lost = 0
        while len(answers) < len(parts):  # a worker that lacks something gets it in the next round
            asked = [(part, self._submit(method, batch, part, numbers)) for part in parts if part.number not in answers]
            try:
                for part, future in asked:
                    try:
                        answer = future.result()
                    except LOST:
                        lost += 1
                        if lost > MOST_LOST:
                            raise
                        continue  # it is asked for again in the next round
                    if isinstance(answer, Failed):
                        raise answer.error from RuntimeError("in a worker:\n" + answer.where)
                    if isinstance(answer, Missing):
                        part.needed.update(answer.keys)
                    else:
                        answers[part.number] = answer
            except BrokenExecutor as error:
                raise broken(error) from error
            finally:
                for _, future in asked:
                    future.cancel()
        return [(part, answers[part.number]) for part in parts]

    def _submit(self, method: str, batch: Shards, part: Part, numbers: Any) -> Future[Any]:
        key = batch.keys[part.number]
        sent = {needed: self._content if needed == self._key else batch.content(part.number) for needed in part.needed}
        executor = self._executors[part.number % len(self._executors)]
        try:
            return executor.submit(work, method, self._key, key, part.places, numbers, sent)
        except BrokenExecutor as error:
            raise broken(error) from error


def added(total: Any, weight: float, gradient: Any) -> Any:
    """total + weight · gradient, for lists or arrays; a total of None is nothing yet."""
    if not isinstance(gradient, list):
        return weight * gradient if total is None else total + weight * gradient
    if total is None:
        return [weight * slope for slope in gradient]
    return [sum + weight * slope for sum, slope in zip(total, gradient)]


def broken(error: BrokenExecutor) -> BrokenExecutor:
    """The error of a lost executor, with the cure."""
    return type(error)(
        f"the executor is lost ({error}), because a worker process was killed or ran out of memory. The parameters are "
        "those before this step: make a new executor and go on. Dask's client.get_executor() survives lost workers"
    )
