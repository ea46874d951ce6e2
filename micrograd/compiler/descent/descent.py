"""`Descent`: many steps of an optimiser on a program's gradient, in machine code where the backend has some.

It takes the steps that are arithmetic and nothing else; whoever calls it takes the others one by one, by plain code.

p           the numbers of the parameters, (p,)
order       numbers of samples, one epoch after the other; a step takes the next few of them
bound       a loss beyond it is one that has diverged
"""

from __future__ import annotations

import random
from functools import partial
from time import perf_counter

import numpy as np

from micrograd.compiler.descent.reading import is_ours, read
from micrograd.compiler.descent.symbols import Unreadable
from micrograd.optim.update_rule import UpdateRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.descent.rule import Numbers, Rule

PIECE = 0.05  # seconds that a call may last: then Ctrl-C is heard, and other threads have their turn
FIRST = 16  # steps of a first call, which tells how long one takes
MOST = 100_000  # steps of one call, whose losses and learning rates stand in memory


class Steps:
    """What became of some steps.

    p           where they led, a new array
    gradient    that of the last step, (p,); None if there was none
    losses      the value before each step, (steps,): as many as were done
    stopped     whether the next step is one for plain code: there it may have a result, or an error that tells what is
                wrong
    trail       the parameters after every so many of the steps of the call, (k, p), as far as they were done; None
                where none is asked for, and where the steps of the call are no multiple of that
    """

    def __init__(
        self, p: Numbers, gradient: Numbers | None, losses: Numbers, stopped: bool, trail: Numbers | None = None
    ) -> None:
        self.p, self.gradient, self.losses, self.stopped, self.trail = p, gradient, losses, stopped, trail


class Descent:
    """An optimiser at work on an objective; `descent_of` makes the one on the samples of a program.

    steps_of    makes what takes many steps of a rule in one call, see `backends.steps_of`
    samples     how many there are; size: how many a step takes
    reason      why all steps are for plain code, as a part of a sentence; "" where they are not
    """

    def __init__(self, optimizer: Any, steps_of: Callable[[Rule], Any], samples: int = 1, size: int = 1) -> None:
        self.optimizer, self.samples, self.size, self.reason = optimizer, samples, size, ""
        self._steps_of = steps_of
        self._machine: Any = None
        self._rule: Rule | None = None
        self._attributes: list[Any] = []  # of the optimiser, with which the rule was read
        self._seconds = 0.0  # of a step in the last call, its row of the table included; 0 before there was one
        self._known: Any = None  # the order that `shuffled` made last

    def run(
        self, p: Numbers, steps: int, *, order: Any = None, first: int = 0, bound: float = np.inf, every: int = 0
    ) -> Steps:
        """At most so many steps from p; the optimiser moves, the parameters of the program do not.

        It ends before the first step whose loss or gradient is not finite, or whose loss is beyond the bound, and after
        some 50 milliseconds. The first step of all is one that plain code takes.

        order: the numbers of samples of as many epochs as it has, (epochs · n,), after which it begins again; None
        takes the samples as they come. first: the step of the order that it begins with. every: of the trail; 0 for
        none. What is interrupted may have moved the optimiser, so see `Optimizer.go_back`.
        """
        self.read()
        optimizer = self.optimizer
        if self._rule is None or not optimizer.steps or optimizer.count != len(p):
            return Steps(p.copy(), None, np.empty(0), True)
        count, order, started = self.pace(steps), self._order(order), perf_counter()
        table, moments = self._table(self._rule, count), moments_of(optimizer, len(p))
        if table is None or moments is None:
            return Steps(p.copy(), None, np.empty(0), True)
        trail = np.empty((len(table) // every, len(p))) if every and not len(table) % every else None
        losses = np.empty(len(table))
        done, p, gradient = self._machine.run(p, moments, table, order, first, losses, bound, trail)
        if done:
            self._seconds = (perf_counter() - started) / done
            optimizer.state, optimizer.steps = tuple(moments), optimizer.steps + done
        return Steps(p, gradient if done else None, losses[:done], done < len(losses), trail)

    def shuffled(self, *seeds: str) -> Numbers:
        """An order for `run`, that of `random.Random(seed).shuffle` for each epoch: an array that stays as it is."""
        made = [self._shuffled(seed) for seed in seeds]
        self._known = made[0] if len(made) == 1 else np.concatenate(made)
        self._known.flags.writeable = False
        return self._known

    def _shuffled(self, seed: str) -> Numbers:
        if self._machine is not None:
            found: Numbers = self._machine.shuffled(seed)
            return found
        order = list(range(self.samples))
        random.Random(seed).shuffle(order)
        return np.array(order)

    def read(self) -> None:
        """Read the rule of the optimiser, if that may be another than before."""
        now = attributes(self.optimizer)
        same = len(now) == len(self._attributes) and all(x is y for x, y in zip(now, self._attributes))
        if same and (self._rule is None or is_ours(self.optimizer)):
            return
        self._attributes = now
        try:
            rule = read(self.optimizer, self._rule if same else None)
            if self._rule is None or self._rule.key() != rule.key():
                self._machine = self._steps_of(rule)
            self._rule, self.reason = rule, ""
        except (Unreadable, ValueError) as error:
            self._rule, self._machine, self.reason = None, None, str(error)

    def pace(self, steps: int) -> int:
        """So many steps, or as many as a call may have."""
        return min(steps, MOST, max(1, int(PIECE / self._seconds)) if self._seconds else FIRST)

    def _table(self, rule: Rule, count: int) -> Numbers | None:
        """The table for so many steps, for fewer where Python has an error at one of them, and None for none."""
        optimizer, first = self.optimizer, self.optimizer.steps
        rate = partial(UpdateRule.rate, optimizer) if callable(optimizer.lr) else optimizer.lr
        while count:
            try:
                return rule.table(rate, range(first, first + count))
            except Exception:  # plain code has it again when it comes to that step
                count //= 2
        return None

    def _order(self, order: Any) -> Any:
        """The order as 64-bit numbers of samples, None for all in each step.

        TypeError, ValueError and IndexError for what is none; its own was made right, and is not looked through again.
        """
        n = self.samples
        if self.size >= n:
            return None
        if order is self._known and self._known is not None and not order.flags.writeable:
            return order
        found = np.arange(n) if order is None else np.asarray(order)
        if found.dtype.kind not in "iu":
            raise TypeError(f"expected whole numbers of samples in the order, got {found.dtype}")
        found = np.ascontiguousarray(found, np.int64).reshape(-1)
        if len(found) % n or not len(found):
            raise ValueError(f"expected the order of whole epochs of {n} samples, got {len(found)} numbers")
        if found.min() < 0 or found.max() >= n:
            raise IndexError(f"expected numbers of samples below {n}, got {found.min()} to {found.max()}")
        return found


def attributes(optimizer: Any) -> list[Any]:
    """What the rule of an optimiser may depend on: its attributes, but for those that every step changes."""
    moments = len(getattr(optimizer, "state", None) or ())
    return [moments, *[x for name, x in vars(optimizer).items() if name not in ("steps", "state")]]


def moments_of(optimizer: Any, count: int) -> Any:
    """The moments as one array of its own, (moments, p); None if they are not one number for each parameter."""
    state = optimizer.state or ()
    found = np.empty((len(state), count))
    for k, moment in enumerate(state):
        if np.shape(moment) != (count,):
            return None
        found[k] = moment
    return found
