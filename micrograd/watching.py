"""What watches over a training: the best epoch, the time to stop, numbers that are not finite, the progress line.

    figure      what an epoch is judged by: its validation loss, else its loss
    waited      epochs since the best one
    done        epochs that this fit has behind it
"""
from __future__ import annotations

import math
import sys
import time

from micrograd.history import Record
from micrograd.position import finite
from micrograd.why import why_nan

__all__ = ["DivergenceError", "Progress", "Watch"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.checkpoints import Checkpoint
    from micrograd.objectives import Batch

OFTEN = 0.1  # seconds from one update of the progress line to the next


class DivergenceError(ArithmeticError):
    """The loss or a gradient became nan or inf; the parameters are those before the step.

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
    """DivergenceError that names the epoch, the sample and the node, if the loss or its gradient is nan or inf."""
    if math.isfinite(mean) and finite(gradient):
        return
    trainer.position.give_back()
    what = "gradient" if math.isfinite(mean) else "loss"
    raise DivergenceError(
        f"the {what} is not finite in epoch {len(trainer.history) + 1}; a smaller learning rate may help. "
        f"{source_of_nan(trainer, batch)}"
    )


def source_of_nan(trainer: Any, batch: Batch) -> str:
    """Which sample and which node the first nan or inf comes from."""
    for i, (row, target) in enumerate(zip(batch.rows, batch.targets)):
        fault = why_nan(trainer.loss(trainer.model(row), target))
        if fault is not None:
            return f"Sample {i} of the batch, {fault}"
    return "Every sample is finite alone: the sum over them, or the penalty, is not"


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
        self, trainer: Any, epochs: int, *, patience: int | None = None, file: Checkpoint | None = None,
        progress: bool = False,
    ) -> None:  # fmt: skip
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
        """Before the first epoch: the checkpoint holds where the training begins."""
        if self.file is not None and self.done == 0:
            self.file.keep(0, self.waited, last=self.epochs == 0)

    def close(self) -> None:
        """End the progress line."""
        if self.line is not None:
            self.line.close()


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
