"""What watches over a fit: the best epoch, the time to stop, the checkpoint, the progress line.

waited      epochs since the best one
done        epochs that this fit has behind it
"""

from __future__ import annotations

import math
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.training.checkpoints import Checkpoint
    from micrograd.training.course import Course
    from micrograd.training.history import History, Record

OFTEN = 0.1  # seconds from one update of the progress line to the next


class Watch:
    """Called with the record of each epoch of a fit; its answer is whether that is enough.

    It keeps the best parameters, counts the epochs without improvement, writes the checkpoint and shows the progress
    line.

    >>> from micrograd import Value
    >>> from micrograd.training.course import Course
    >>> from micrograd.training.history import Record
    >>> watch = Watch(Course([Value(1.0)]), 9, patience=2)
    >>> [watch(Record(1, 0.5, None)), watch(Record(2, 0.6, None)), watch(Record(3, 0.7, None))]
    [False, False, True]
    """

    def __init__(
        self,
        course: Course,
        epochs: int,
        *,
        patience: int | None = None,
        file: Checkpoint | None = None,
        progress: bool = False,
    ) -> None:
        self.course, self.epochs, self.patience, self.file = course, epochs, patience, file
        self.done, self.waited = 0, 0
        self.line = Progress() if progress else None

    def resume(self) -> None:
        """Look for the best epoch anew, and take up what the checkpoint holds of this fit."""
        self.course.begin_fit()
        if self.file is not None:
            self.done, self.waited = self.file.resume()

    def __call__(self, record: Record) -> bool:
        """Take note of an epoch; True if the training should stop."""
        self.waited, self.done = 0 if self.course.improved_by(record) else self.waited + 1, self.done + 1
        if self.file is not None:
            self.file.keep(self.done, self.waited, last=self.patient_no_more or self.done == self.epochs)
        if self.line is not None:
            self.line.show(record)
        return self.patient_no_more

    @property
    def patient_no_more(self) -> bool:
        """Whether the epochs without improvement are as many as patience allows."""
        return self.patience is not None and self.waited >= self.patience

    def start(self, backend: str) -> None:
        """Before the first epoch: the checkpoint holds where the training begins, or tells of another backend."""
        if self.file is None:
            return
        if self.done > 0:
            self.file.compare(backend)
        self.file.backend = backend
        if self.done == 0:
            self.file.keep(0, self.waited, last=self.epochs == 0)

    def close(self) -> None:
        """End the progress line."""
        if self.line is not None:
            self.line.close()

    def ended(self) -> History:
        """What fit returns at its end, as its last act: after a Ctrl-C before it the same fit goes on, not the next."""
        self.course.fits += 1
        return self.course.history


class Progress:
    """One line that follows a training: on stderr, rewritten in a terminal, written once at the end elsewhere.

    In a notebook it is an output of the cell, which is updated in place, and of which the last state is saved.

    >>> from micrograd.training.history import Record
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
