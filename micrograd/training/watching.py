"""What watches over a training: the best epoch, the time to stop, numbers that are not finite, the progress line.

figure      what an epoch is judged by: its validation loss, else its loss
waited      epochs since the best one
done        epochs that this fit has behind it
"""

from __future__ import annotations

import math
import sys
import time

from micrograd.check.why import why_nan
from micrograd.engine import Value
from micrograd.training.history import History, Record
from micrograd.training.objectives import Eager
from micrograd.training.position import finite
from micrograd.training.rows import own

__all__ = ["DivergenceError", "Progress", "Watch"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.training.checkpoints import Checkpoint
    from micrograd.training.rows import Batch

GROWTH = 1e10  # a loss so many times the first has diverged
LARGEST = sys.float_info.max
OFTEN = 0.1  # seconds from one update of the progress line to the next


class DivergenceError(ArithmeticError):
    """The loss or a gradient became nan or inf, or the loss grew beyond all bounds; the parameters stay where it did.

    >>> from micrograd import Trainer, Value, losses, optim
    >>> w = Value(1.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=1e200), parameters=[w])
    >>> try:
    ...     history = trainer.fit([1.0], [3.0], epochs=9)
    ... except DivergenceError as error:
    ...     print(str(error).split(";")[0])
    the loss is not finite in epoch 2
    """


def expect_finite(mean: float, gradient: Any, trainer: Any, batch: Batch) -> None:
    """DivergenceError that names the epoch, the sample and the node, if the loss or its gradient is nan or inf.

    Also for a loss above GROWTH and GROWTH times the first of the trainer's life, unless the samples had such a loss
    with the parameters that the trainer was made with.
    """
    if trainer.limit is None:
        trainer.limit = beyond(trainer.history[0].loss if trainer.history else mean)
    if -math.inf < mean <= trainer.limit and finite(gradient):
        return
    if math.isfinite(mean) and finite(gradient):
        trainer.limit = max(trainer.limit, beyond(trainer.objective.value(batch, at=trainer._initial)))
        if mean <= trainer.limit:
            return
    trainer.position.give_back()
    cure = "" if hasattr(trainer.optimizer, "minimise") else "; a smaller learning rate may help"
    where = f"in epoch {len(trainer.history) + 1}"
    if math.isfinite(mean) and finite(gradient):
        grown = f"the loss has grown to {mean:.3g} {where}, beyond {GROWTH:.0e} times the first or 1"
        raise DivergenceError(grown + cure)
    what = "gradient" if math.isfinite(mean) else "loss"
    raise DivergenceError(f"the {what} is not finite {where}{cure}. {source_of_nan(trainer, batch)}")


def beyond(first: float) -> float:
    """What a loss that begins so may not pass."""
    return min(LARGEST, GROWTH * max(1.0, abs(first))) if math.isfinite(first) else GROWTH


def source_of_nan(trainer: Any, batch: Batch, at: Sequence[float] | None = None) -> str:
    """Which sample and which node the first nan or inf comes from, with the parameters at these numbers."""
    position, parameters = trainer.position, trainer.parameters
    before, slopes = position.numbers(), [p.grad for p in parameters]
    position.move(before if at is None else at)
    try:
        for i, (row, target) in enumerate(zip(batch.rows, batch.targets)):
            fault = fault_of(trainer.loss(trainer.model(list(row)), own(target)), parameters)
            if fault is not None:
                return f"Sample {i} of the batch, {fault}"
        fault = None if trainer.penalty is None else fault_of(trainer.penalty(list(parameters)), parameters)
        if fault is not None:
            return f"The penalty, {fault}"
        value, gradient = Eager(trainer.model, trainer.loss, parameters, trainer.penalty).value_and_gradient(batch)
        if math.isfinite(value) and finite(gradient):
            return "Run as plain code it is finite: compare with backend='eager'"
        return "Every sample is finite alone, but their sum is not"
    finally:
        position.move(before)
        for p, slope in zip(parameters, slopes):
            p.grad = slope


def fault_of(share: Any, parameters: Sequence[Value]) -> Any:
    """Why a share of the loss is not finite, or a derivative of it; None if all are, and for a number."""
    if not isinstance(share, Value):
        return None
    for p in parameters:
        p.grad = 0.0
    share.backward()
    return None if math.isfinite(share.data) and finite([p.grad for p in parameters]) else why_nan(share)


class Watch:
    """Called with the record of each epoch of a fit; its answer is whether that is enough.

    It keeps the best parameters of the trainer, counts the epochs without improvement, writes the checkpoint and shows
    the progress line.

    >>> from micrograd import Trainer, Value, losses, optim
    >>> w = Value(1.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> watch = Watch(trainer, 9, patience=2)
    >>> [watch(Record(1, 0.5, None)), watch(Record(2, 0.6, None)), watch(Record(3, 0.7, None))]
    [False, False, True]
    """

    def __init__(
        self,
        trainer: Any,
        epochs: int,
        *,
        patience: int | None = None,
        file: Checkpoint | None = None,
        progress: bool = False,
    ) -> None:
        self.trainer, self.epochs, self.patience, self.file = trainer, epochs, patience, file
        trainer.best, trainer.least = None, math.inf
        self.done, self.waited = (0, 0) if file is None else file.resume()
        self.line = Progress() if progress else None

    def __call__(self, record: Record) -> bool:
        """Take note of an epoch; True if the training should stop."""
        self.waited, self.done = 0 if self.improved(record) else self.waited + 1, self.done + 1
        if self.file is not None:
            self.file.keep(self.done, self.waited, last=self.patient_no_more or self.done == self.epochs)
        if self.line is not None:
            self.line.show(record)
        return self.patient_no_more

    @property
    def patient_no_more(self) -> bool:
        """Whether the epochs without improvement are as many as patience allows."""
        return self.patience is not None and self.waited >= self.patience

    def improved(self, record: Record) -> bool:
        """Whether this epoch is the best so far; its parameters are kept then."""
        figure = record.loss if record.validation is None else record.validation
        if not figure < self.trainer.least:
            return False
        self.trainer.best, self.trainer.least = self.trainer.position.numbers(), figure
        return True

    def start(self) -> None:
        """Before the first epoch: the checkpoint holds where the training begins, or tells of another backend."""
        if self.file is not None and self.done == 0:
            self.file.keep(0, self.waited, last=self.epochs == 0)
        elif self.file is not None:
            self.file.compare()

    def close(self) -> None:
        """End the progress line."""
        if self.line is not None:
            self.line.close()

    def ended(self) -> History:
        """What fit returns at its end, as its last act: after a Ctrl-C before it the same fit goes on, not the next."""
        self.trainer.fits += 1
        return self.trainer.history


class Progress:
    """One line that follows a training: on stderr, rewritten in a terminal, written once at the end elsewhere.

    In a notebook it is an output of the cell, which is updated in place, and of which the last state is saved.

    >>> line = Progress()
    >>> line.show(Record(3, 0.25, None))
    >>> line.text
    'epoch 3, loss 0.25'
    """

    def __init__(self) -> None:
        self.stream, self.text, self.shown, self.due = sys.stderr, "", "", -math.inf
        self.live = self.stream.isatty()
        self.display: Any = displayed if in_notebook() else None
        self.handle: Any = None

    def show(self, record: Record) -> None:
        """Follow to this epoch."""
        self.text = f"epoch {record.epoch}, loss {record.loss:.6g}"
        if record.validation is not None:
            self.text += f", validation {record.validation:.6g}"
        if record.metric is not None:
            self.text += f", metric {record.metric:.6g}"
        now = time.monotonic()
        if now >= self.due:
            self.due = now + OFTEN
            self.update()

    def update(self) -> None:
        """Bring the line up to date, where it can be rewritten."""
        if self.display is not None:
            self.handle = self.display(self.text, self.handle)
        elif self.live:
            self.stream.write("\r" + self.text.ljust(len(self.shown)))
            self.stream.flush()
        self.shown = self.text

    def close(self) -> None:
        """End the line."""
        if self.text and self.text != self.shown:
            self.update()
        if self.text and self.display is None:
            self.stream.write("\n" if self.live else self.text + "\n")
            self.stream.flush()


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook, which shows rich outputs."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def displayed(text: str, handle: Any) -> Any:
    """Show a line of text as an output of the cell, or in place of the one that a handle stands for; the handle."""
    from IPython.display import display  # type: ignore[import-not-found,unused-ignore]

    data = {"text/plain": text}
    if handle is None:
        return display(data, raw=True, display_id=True)
    handle.update(data, raw=True)
    return handle
