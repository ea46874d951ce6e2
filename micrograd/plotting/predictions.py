"""`plot_predictions`: what a regression predicted beside what was true."""

from __future__ import annotations

from micrograd.drawing.look import BLUE, GREY
from micrograd.expect import array_of
from micrograd.plotting.style import axes, dress, expect_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes


def plot_predictions(predictions: Any, targets: Any, ax: Any = None) -> Axes:
    """A dot for every sample, as far right as its target and as high as its prediction, and the line where both agree.

    predictions, targets    numbers, (n,) each, not all of which need be finite: those that are not are left out

    Returns the Axes. ImportError without matplotlib, ValueError for numbers of different count, or none.

    >>> ax = plot_predictions([1.1, 1.9, 3.2], [1.0, 2.0, 3.0])  # doctest: +SKIP
    """
    expect_axes(ax)
    import numpy as np

    predicted = np.asarray(array_of(predictions, "predictions"), np.float64)
    true = np.asarray(array_of(targets, "targets"), np.float64)
    if predicted.ndim != 1 or predicted.shape != true.shape:
        raise ValueError(
            f"expected one prediction per target, (n,) each, got predictions of shape {predicted.shape} and targets of "
            f"shape {true.shape}"
        )
    kept = np.isfinite(predicted) & np.isfinite(true)
    if not kept.any():
        raise ValueError("expected finite predictions and targets, got none")
    predicted, true = predicted[kept], true[kept]
    ax = axes(ax)
    ends = [float(min(predicted.min(), true.min())), float(max(predicted.max(), true.max()))]
    ax.plot(ends, ends, color=GREY, linewidth=1.0, linestyle=(0, (5, 2)))
    ax.scatter(true, predicted, s=16, color=BLUE, alpha=0.6 if len(true) < 1000 else 0.25, linewidths=0)
    dress(ax, xlabel="true", ylabel="predicted", grid=True)
    return ax
