"""`plot_history`: the figures of a training, epoch by epoch."""

from __future__ import annotations

import math

from micrograd.drawing.look import BLUE, BROWN, RED
from micrograd.plotting.style import axes, dress, expect_axes, legend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from micrograd.training.history import Record


def plot_history(history: Sequence[Record], ax: Any = None, *, log: bool | None = None) -> Axes:
    """The mean loss of every epoch, that of the validation data and its least value, and the metric on its own axis.

    history     what `Trainer.fit` returns, or any sequence of its records
    log         whether the axis of the loss is logarithmic; unless given where the losses span a factor of 10 or more

    Returns the Axes of the loss. ImportError without matplotlib, TypeError for no history, ValueError for an empty one.

    >>> from micrograd import Trainer, Value, losses, optim
    >>> w = Value(0.0)
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> ax = plot_history(trainer.fit([1.0, 2.0], [3.0, 6.0], epochs=20))  # doctest: +SKIP
    >>> ax.figure.savefig("history.png")  # doctest: +SKIP
    """
    expect_axes(ax)
    if not isinstance(history, (list, tuple)) or not all(hasattr(record, "epoch") for record in history):
        raise TypeError(f"expected a history, as Trainer.fit returns it, got {history!r}")
    if not history:
        raise ValueError("expected a history of at least one epoch, got an empty one: call fit first")
    ax = axes(ax)
    epochs = [record.epoch for record in history]
    loss = [record.loss for record in history]
    validation = [math.nan if record.validation is None else record.validation for record in history]
    metric = [math.nan if record.metric is None else record.metric for record in history]
    marker = "o" if len(history) == 1 else ""
    lines = ax.plot(epochs, loss, color=BLUE, marker=marker, label="training")
    if known(validation):
        lines += ax.plot(epochs, validation, color=RED, marker=marker, linestyle=(0, (5, 2)), label="validation")
        place = validation.index(min(known(validation)))
        lines += ax.plot(
            epochs[place],
            validation[place],
            "o",
            color=RED,
            markersize=6,
            clip_on=False,
            label=f"least, epoch {epochs[place]}",
        )
    figures = known(loss) + known(validation)
    if log or (log is None and figures and min(figures) > 0.0 and max(figures) >= 10.0 * min(figures)):
        ax.set_yscale("log")
    ax.xaxis.get_major_locator().set_params(integer=True)
    dress(ax, xlabel="epoch", ylabel="mean loss", grid=True)
    if known(metric):
        beside = ax.twinx()
        lines += beside.plot(epochs, metric, color=BROWN, marker=marker, linestyle=":", label="metric (right)")
        beside.set_ylabel("mean metric")
        beside.spines["top"].set_visible(False)
    if len(lines) > 1:
        legend(ax, lines, [str(line.get_label()) for line in lines])
    return ax


def known(figures: Sequence[float]) -> list[float]:
    """Those that are finite."""
    return [figure for figure in figures if math.isfinite(figure)]
