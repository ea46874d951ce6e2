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
    from micrograd.training.history import History, Record, Span

OFTEN = 0.1  # seconds from one update of the progress line to the next


class Watch:
    """Called with the epochs of a fit, as they come; its answer is how many more may come until the next call.

    It keeps the best parameters, counts the epochs without improvement, writes the checkpoint and shows the progress
    line.

    >>> from micrograd import Value
    >>> from micrograd.training.course import Course
    >>> from micrograd.training.history import Record, Span
    >>> watch = Watch(Course([Value(1.0)]), 9, patience=2)
    >>> watch(Span([Record(1, 0.5, None)])), watch(Span([Record(2, 0.6, None), Record(3, 0.7, None)]))
    (2, 0)
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

    def __call__(self, span: Span) -> int:
        """Take note of some epochs; how many may follow."""
        count = len(span.records)
        improved = self.course.improved_by(span.records[span.best], span.numbers)
        self.waited, self.done = count - 1 - span.best if improved else self.waited + count, self.done + count
        left = self.left
        if self.file is not None:
            self.file.keep(self.done, self.waited, last=left == 0)
        if self.line is not None:
            self.line.show(span.records[-1])
        return left

    @property
    def left(self) -> int:
        """How many epochs may follow until it is called again; 0 when that is enough."""
        left = self.epochs - self.done
        return max(0, left if self.patience is None else min(left, self.patience - self.waited))

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
        self.stream, self.ended, self.text, self.shown, self.due = sys.stderr, "", "", "", -math.inf
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
        self.ended = f"{self.text}; "
        self.update_now_and_then()

    def within(self, epoch: int, share: float) -> None:
        """Follow to this share of an epoch."""
        if time.monotonic() >= self.due:
            self.text = f"{self.ended}epoch {epoch} at {share:.0%}"
            self.update_now_and_then()

    def update_now_and_then(self) -> None:
        """Bring the line up to date, if it has not been for a while."""
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
