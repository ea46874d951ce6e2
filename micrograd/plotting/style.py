"""What all plots share: the Axes to draw on, colours, and the grid of points under a picture.

ax          matplotlib Axes
span        the lowest and the highest number on an axis
resolution  how many points of a grid lie along each axis
"""

from __future__ import annotations

from micrograd.drawing.look import BLUE, GREY, INK, PAPER, RED
from micrograd.expect import whole
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    Span = tuple[float, float]

SIZE = (6.0, 4.2)  # inches, of a figure of our own
NAVY, AMBER = "#0f2f4f", "#ffb52e"

# Colours and markers of classes. Any two colours stay apart for those who see no red or no green (a test simulates it),
# and the markers differ too. The first two mean below and above the threshold, as negative and positive do in graphs.
CLASSES = [RED, BLUE, "#f0b429", "#7a1e3d", "#7fdada", "#2828a3", "#97cd97", "#0b8d8d", "#7171f3", "#485808"]
MARKERS = "osD^vPX<>p"


def expect_axes(ax: Any) -> None:
    """ImportError without matplotlib, TypeError for anything but Axes or None."""
    try:
        from matplotlib.axes import Axes
    except ImportError as error:
        raise ImportError(f"plots need matplotlib ({error}): pip install -e '.[plot]' in micrograd's folder") from error
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"expected ax to be matplotlib Axes, such as those of plt.subplots(), got {ax!r}")


def axes(ax: Axes | None) -> Axes:
    """The Axes to draw on, new ones for None; made last, so that an error leaves no empty figure behind."""
    from matplotlib import pyplot

    return pyplot.subplots(figsize=SIZE, layout="constrained")[1] if ax is None else ax


def dress(ax: Axes, *, xlabel: str, ylabel: str, grid: bool = False) -> None:
    """Names on the axes, no box around them, and if wanted a faint grid."""
    ax.set_xlabel(xlabel, parse_math=False)  # names are data: a $ is a $
    ax.set_ylabel(ylabel, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    if grid:
        ax.grid(color=GREY, alpha=0.2, linewidth=0.8)
        ax.set_axisbelow(True)


def legend(ax: Axes, handles: Sequence[Any], names: Sequence[str]) -> None:
    """What is what, above the picture, where it hides nothing; on paper of its own, which dark styles need."""
    found = ax.legend(handles, names, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, fontsize="small",
                      frameon=True, facecolor=PAPER, edgecolor="none", framealpha=1.0, labelcolor=INK,
                      columnspacing=1.4, handletextpad=0.5, borderaxespad=0.2)  # fmt: skip
    for text in found.get_texts():
        text.set_parse_math(False)


def colour_map(name: str, colours: Sequence[str]) -> Colormap:
    """A smooth scale through these colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(colours))


def points(span: Span, resolution: int) -> np.ndarray:
    """Evenly spaced numbers from the lowest to the highest. ValueError for a resolution below 2 or an empty span."""
    import numpy as np

    resolution = whole(resolution, "resolution", 2)
    low, high = span
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"expected a span of two finite numbers, the lower first, got {numeral(low)}, {numeral(high)}")
    return np.linspace(low, high, resolution)
