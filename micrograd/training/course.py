"""`Course`: what became of a training so far, which is what a checkpoint holds beside the state of the optimiser.

figure      what an epoch is judged by: its validation loss, else its loss
"""

from __future__ import annotations

import math
import sys
from itertools import repeat

from micrograd.collector import paused
from micrograd.training.history import History, Record
from micrograd.training.position import Position

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.engine import Value

GROWTH = 1e10  # a loss so many times the first has diverged
LARGEST = sys.float_info.max


class Course:
    """What became of a training so far.

    position    where its parameters stand
    initial     their numbers before the first step
    history     the records of all epochs
    best        the numbers after the best epoch of the last fit, None before there is one
    least       the figure of that epoch
    fits        how many are finished
    limit       a loss beyond it has diverged; None before there was a loss

    >>> from micrograd import Value
    >>> course = Course([Value(1.0)])
    >>> course.allows(3.0), course.allows(2e10), course.allows(1e11)
    (True, True, False)
    >>> course.add(0.5, None, None), course.improved_by(course.history[0]), course.best
    (Record(epoch=1, loss=0.5), True, [1.0])
    """

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.position = Position(parameters)
        self.initial = self.position.numbers()
        self.clear()

    def clear(self) -> None:
        """Nothing has become of it."""
        self.history = History()
        self.best: list[float] | None = None
        self.least = math.inf
        self.fits = 0
        self.limit: float | None = None

    def begin_fit(self) -> None:
        """The best epoch is looked for anew."""
        self.best, self.least = None, math.inf

    def add(self, loss: float, metric: float | None, validation: float | None) -> Record:
        """The record of an epoch, put down in the history."""
        record = Record(len(self.history) + 1, loss, metric, validation)
        self.history.append(record)
        if len(self.history) == 1:
            self.limit = None  # now that of the whole first epoch
        return record

    def add_all(self, losses: list[float]) -> list[Record]:
        """The records of epochs after the first, of which the loss alone is known, put down in the history."""
        begin = len(self.history) + 1
        with paused():
            records = list(map(Record, range(begin, begin + len(losses)), losses, repeat(None)))
        self.history += records
        return records

    def improved_by(self, record: Record, numbers: list[float] | None = None) -> bool:
        """Whether this epoch is the best so far; the numbers after it are kept then, the present ones unless given."""
        figure = record.loss if record.validation is None else record.validation
        if not figure < self.least:
            return False
        self.best, self.least = self.position.numbers() if numbers is None else numbers, figure
        return True

    def allows(self, loss: float) -> bool:
        """Whether a loss is finite, and no more than GROWTH and GROWTH times the first."""
        if self.limit is None:
            self.limit = beyond(self.history[0].loss if self.history else loss)
        return -math.inf < loss <= self.limit

    def bound(self) -> float:
        """What no loss may pass; -inf before there was one, which `allows` has to see."""
        if self.limit is None and self.history:
            self.limit = beyond(self.history[0].loss)
        return -math.inf if self.limit is None else self.limit

    def allow_from(self, loss: float) -> None:
        """Allow what may become of a training that begins with this loss."""
        self.limit = max(self.limit or 0.0, beyond(loss))


def beyond(first: float) -> float:
    """What a loss that begins so may not pass."""
    return min(LARGEST, GROWTH * max(1.0, abs(first))) if math.isfinite(first) else GROWTH
