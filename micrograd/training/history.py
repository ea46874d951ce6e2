"""What a training leaves behind: a record of every epoch."""

from __future__ import annotations

__all__ = ["History", "Record"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes


class Record:
    """The figures of one epoch: its number (from 1), the mean loss (penalty included), and where asked for the mean
    loss over the validation data and the mean metric.

    >>> Record(3, 0.25, None, validation=0.5)
    Record(epoch=3, loss=0.25, validation=0.5)
    """

    __slots__ = ("epoch", "loss", "metric", "validation")

    def __init__(self, epoch: int, loss: float, metric: float | None, validation: float | None = None) -> None:
        self.epoch, self.loss, self.metric, self.validation = epoch, loss, metric, validation

    def __repr__(self) -> str:
        figures = [("loss", self.loss), ("validation", self.validation), ("metric", self.metric)]
        shown = "".join([f", {name}={value:.6g}" for name, value in figures if value is not None])
        return f"Record(epoch={self.epoch}{shown})"


class Span:
    """Some epochs in a row, between which nothing was to be done.

    records     those of all of them
    best        the place of the first with the least loss
    numbers     of the parameters after that one; None for the present ones
    """

    __slots__ = ("best", "numbers", "records")

    def __init__(self, records: list[Record], best: int = 0, numbers: list[float] | None = None) -> None:
        self.records, self.best, self.numbers = records, best, numbers


class History(list[Record]):
    """The records of all epochs so far, in order: a list, and its columns.

    >>> history = History([Record(1, 0.5, None), Record(2, 0.25, None)])
    >>> history
    History of 2 epochs, loss 0.5 to 0.25
    >>> history.loss, history[-1].epoch
    ([0.5, 0.25], 2)
    """

    @property
    def loss(self) -> list[float]:
        """The mean loss of each epoch."""
        return [record.loss for record in self]

    @property
    def validation(self) -> list[float | None]:
        """The mean loss over the validation data after each epoch."""
        return [record.validation for record in self]

    @property
    def metric(self) -> list[float | None]:
        """The mean metric of each epoch."""
        return [record.metric for record in self]

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns by name."""
        epochs = [record.epoch for record in self]
        return {"epoch": epochs, "loss": self.loss, "validation": self.validation, "metric": self.metric}

    def plot(self, ax: Axes | None = None, *, log: bool | None = None) -> Axes:
        """Draw the figures of all epochs and return the matplotlib Axes, see `micrograd.plotting.plot_history`."""
        from micrograd.plotting import plot_history

        return plot_history(self, ax, log=log)

    def __repr__(self) -> str:
        if not self:
            return "History of 0 epochs"
        return f"History of {len(self)} epochs, loss {self[0].loss:.6g} to {self[-1].loss:.6g}"
