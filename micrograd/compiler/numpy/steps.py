"""Many steps of an optimiser with NumPy: the gradient of a batch, then the update rule in place, without temporaries.

call        a function of NumPy on arrays that stay the same: `multiply(moment, 0.9, moment)`
target      an array that a step moves: that of p, or of a moment
row         of the table: the columns of a rule at a step
"""

from __future__ import annotations

import random
from functools import partial

import numpy as np

from micrograd.compiler.numpy.vocabulary import function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.descent.rule import Rule
    from micrograd.compiler.numpy.runner import NumpyRunner
    from micrograd.compiler.samples import Batch

    Array = np.ndarray[Any, np.dtype[np.float64]]


class InPlace:
    """A rule as calls on arrays, given p, its gradient and the moments, and a row of the table.

    >>> from micrograd.compiler.descent.reading import read
    >>> from micrograd.optim import SGD
    >>> p, g = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    >>> rule = InPlace(read(SGD(lr=0.1)), [p, g], np.array([0.1]))
    >>> for call in rule.calls:
    ...     _ = call()
    >>> p.tolist(), len(rule.temporaries)
    ([0.95, 2.1], 1)
    """

    def __init__(self, rule: Rule, arrays: Sequence[Array], row: Array) -> None:
        self.calls: list[Callable[[], Any]] = []
        self.temporaries: list[Array] = []
        graph, targets = rule.graph, [arrays[0], *arrays[2:]]
        operations = [node for node in rule.nodes if graph.kind[node] != "input"]
        last = {x: node for node in operations for x in graph.args[node]}  # that reads it
        last.update(dict.fromkeys(rule.ends, len(graph)))
        stands: dict[int, Any] = {node: graph.number(node) for node in rule.constants}
        held = [-1] * len(arrays)  # when an array is read as it was before the step, for the last time
        for node, (kind, args) in enumerate(zip(graph.kind, graph.args)):
            if kind == "captured":
                stands[node] = row[args[0] : args[0] + 1]
            elif kind == "input":
                stands[node], held[args[0]] = arrays[args[0]], last.get(node, -1)
        free: list[Array] = []
        for node in operations:
            args = graph.args[node]
            free += [stands[x] for x in {*args} if last[x] == node and self._is_temporary(stands[x])]
            ended = [k for k, end in enumerate(rule.ends) if end == node and held[k + (k > 0)] <= node]
            place = targets[ended[0]] if ended else free.pop() if free else self._temporary(arrays[0])
            self.calls.append(partial(function(graph.kind[node]), *[stands[x] for x in args], place))
            stands[node] = place
        self._bring([(target, stands[end]) for target, end in zip(targets, rule.ends) if stands[end] is not target])

    def _is_temporary(self, x: Any) -> bool:
        return any(x is array for array in self.temporaries)

    def _temporary(self, like: Array) -> Array:
        self.temporaries.append(np.empty_like(like))
        return self.temporaries[-1]

    def _bring(self, ends: list[tuple[Array, Any]]) -> None:
        """The ends that stand elsewhere to their targets, by way of temporaries, since they may change places."""
        passing = [self._temporary(target) for target, _ in ends]
        self.calls += [partial(np.copyto, through, x) for through, (_, x) in zip(passing, ends)]
        self.calls += [partial(np.copyto, target, through) for through, (target, _) in zip(passing, ends)]


class NumpySteps:
    """Steps of a rule on the samples of a batch, so many at a time; as `llvm.descent.steps.LlvmSteps`."""

    def __init__(self, runner: NumpyRunner, batch: Batch, rule: Rule, size: int, captured: Callable[[], Any]) -> None:
        self.runner, self.batch, self.rule, self.size, self.captured = runner, batch, rule, size, captured

    def run(
        self, p: Any, moments: Any, table: Any, order: Any, first: int, losses: Any, bound: float, trail: Any
    ) -> tuple[int, Any, Any]:
        """See `LlvmSteps.run`."""
        leaves, row = np.concatenate([p, self.captured()]), table[0].copy()
        p, g = leaves[: len(p)], np.empty_like(p)
        every = 0 if trail is None else len(losses) // len(trail)
        calls = InPlace(self.rule, [p, g, *moments], row).calls
        for step in range(len(losses)):
            batch = self.batch if order is None else self._taken(order, first + step)
            weight = 1.0 / len(batch) if batch.weights is None else batch.weights
            value, gradient, finite = self.runner.step(batch, leaves, weight)
            if not (finite and value <= bound):
                return step, p.copy(), g
            losses[step], g[:] = value, gradient
            row[:] = table[step]
            for call in calls:
                call()
            if every and (step + 1) % every == 0:
                trail[step // every] = p
        return len(losses), p.copy(), g

    def shuffled(self, seed: str) -> Any:
        """See `Descent.shuffled`."""
        order = list(range(len(self.batch)))
        random.Random(seed).shuffle(order)
        return np.array(order)

    def _taken(self, order: Any, step: int) -> Batch:
        """The samples of a step of the order, which begins again at its end."""
        n = len(self.batch)
        epoch, k = divmod(step, -(-n // self.size))
        begin = epoch * n % len(order)
        return self.batch.take(order[begin + k * self.size : min(begin + (k + 1) * self.size, begin + n)])
