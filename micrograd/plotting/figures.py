"""Figures for a file, of several plots side by side, and plots for a page; nothing of them is shown.

panel       a function that draws one plot on the Axes that it is given
"""

from __future__ import annotations

import re
from io import BytesIO, StringIO
from warnings import catch_warnings, simplefilter

from micrograd.plotting.style import SIZE, expect_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from matplotlib.axes import Axes

    Panel = Callable[[Axes], Any]

NO_METADATA = dict.fromkeys(["Creator", "Date", "Format", "Type"])


def expect_format(path: str) -> str:
    """The format that the suffix of a path says, such as png; ValueError for one that matplotlib does not write.

    ImportError without matplotlib.

    >>> expect_format("losses.png")  # doctest: +SKIP
    'png'
    """
    expect_axes(None)
    from pathlib import Path

    from matplotlib.figure import Figure

    suffix = Path(path).suffix[1:].lower()
    known = Figure().canvas.get_supported_filetypes()
    if suffix not in known:
        raise ValueError(f"expected a path that ends in .png, .svg or .pdf, got {path!r}")
    return suffix


def figure_of(panels: Sequence[Panel]) -> Any:
    """A matplotlib Figure with these plots side by side; ImportError without matplotlib."""
    expect_axes(None)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE[0] * len(panels), SIZE[1]), layout="constrained")
    for panel, ax in zip(panels, figure.subplots(1, len(panels), squeeze=False)[0]):
        panel(ax)
    return figure


def image(panels: Sequence[Panel], form: str) -> bytes:
    """The plots side by side as a file of this format."""
    found = BytesIO()
    with catch_warnings():
        simplefilter("ignore")  # a letter that the font lacks, in the name of a column
        figure_of(panels).canvas.print_figure(found, format=form, dpi=150)
    return found.getvalue()


def inline_svg(panel: Panel, key: str) -> str:
    """A plot as SVG that stands in a page and takes its ink and letters; the key keeps its names apart from others'."""
    from matplotlib import rc_context

    found = StringIO()
    with catch_warnings(), rc_context({"svg.fonttype": "none", "svg.hashsalt": key}):
        simplefilter("ignore")
        figure = figure_of([panel])
        for ax in figure.axes:
            ax.patch.set_visible(False)
        figure.canvas.print_figure(found, format="svg", dpi=150, facecolor="none", metadata=NO_METADATA)
    text = found.getvalue()
    text = re.sub('<g id="[^"]*"', "<g", text[text.index("<svg ") :])  # the same in each, and nothing refers to them
    return re.sub("(fill|stroke): #000000", r"\1: currentColor", text)
