"""`plot_predictions`, `plot_confusion`: numbers and classes that were predicted, beside those that are true."""

from __future__ import annotations

from micrograd.drawing.look import BLUE, GREY
from micrograd.expect import array_of
from micrograd.notation.signs import clean
from micrograd.plotting.style import axes, colour_map, dress, expect_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

MANY = 1000  # dots; more are an image in files of vectors
MOST_COUNTS = 20  # classes whose counts are written into the picture


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
    many = len(true) > MANY
    ax.scatter(true, predicted, s=16, color=BLUE, alpha=0.25 if many else 0.6, linewidths=0, rasterized=many)
    dress(ax, xlabel="true", ylabel="predicted", grid=True)
    return ax


def plot_confusion(predictions: Sequence[Any], targets: Sequence[Any], classes: Sequence[Any], ax: Any = None) -> Axes:
    """How often samples of each class, a row, were predicted to be of each, a column; the darker the larger the share.

    predictions, targets    one of the classes each, (n,)
    classes                 in the order of rows and columns

    Returns the Axes. ImportError without matplotlib, ValueError for what is none of the classes, and for no sample.

    >>> ax = plot_confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])  # doctest: +SKIP
    """
    expect_axes(ax)
    import numpy as np

    place = {label: i for i, label in enumerate(classes)}
    strange = [label for label in [*predictions, *targets] if label not in place]
    if strange or len(predictions) != len(targets) or not len(targets):
        found = f"{strange[0]!r}" if strange else f"{len(predictions)} of them for {len(targets)} targets"
        raise ValueError(f"expected a prediction per target, both of the classes, got {found}")
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, ([place[t] for t in targets], [place[p] for p in predictions]), 1)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    ax = axes(ax)
    ax.imshow(shares, cmap=colour_map("shares", [BLUE + "00", BLUE]), vmin=0.0, vmax=1.0)
    names = [shortened(label) for label in classes]
    if len(names) <= MOST_COUNTS:
        for (i, j), count in np.ndenumerate(counts):
            colour = "white" if shares[i, j] > 0.6 else "black"
            ax.text(j, i, str(count) if count else "", ha="center", va="center", color=colour, fontsize="small")
        steep = len(names) * max(map(len, names)) > 40
        ax.set_xticks(range(len(names)), names, rotation=90 if steep else 0, parse_math=False)
        ax.set_yticks(range(len(names)), names, parse_math=False)
    dress(ax, xlabel="predicted", ylabel="true")
    return ax


def shortened(label: Any) -> str:
    """A class as the name of a row."""
    return clean(str(label), 20)
