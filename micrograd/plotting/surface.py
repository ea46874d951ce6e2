"""`plot_loss_surface`: the mean loss over two of the parameters, and the path that a training took on it.

across, up      the spans of the first and of the second parameter
path            the pairs of numbers that the two had, in order
surface         the loss at every point of the grid, (resolution, resolution); rows go with `up`
"""

from __future__ import annotations

import math

from micrograd.engine import Value
from micrograd.expect import numeric, rows_of
from micrograd.notation.naming import told_apart
from micrograd.notation.signs import numeral, typeset
from micrograd.plotting.style import AMBER, NAVY, axes, colour_map, dress, expect_axes, points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from matplotlib.axes import Axes

    from micrograd.plotting.style import Span

FEWEST, MOST = 6, 14  # lines on the surface
MARGIN = 0.35  # around a path, as a share of its span
STEPS_SEEN = 400  # a path of more steps is a line without dots


def plot_loss_surface(
    trainer: Any,
    X: Any,
    y: Any,
    w1: Value,
    w2: Value,
    path: Any = None,
    ax: Any = None,
    *,
    across: Span | None = None,
    up: Span | None = None,
    resolution: int = 61,
) -> Axes:
    """The mean loss over the data (penalty included) for each (w1, w2), all other parameters as they are now.

    trainer     a Trainer, or an objective or compiled program with `batch(X, y)`, `value(batch, at=p)` and parameters
    w1, w2      two of its parameters; their labels name the axes
    path        pairs of numbers for (w1, w2), (steps, 2), drawn from start to end; the present pair unless given
    across, up  the span of w1 and of w2, as (lowest, highest); around the path unless given
    resolution  points of the grid along each axis

    The lines stand at 1, 2, 5, 10, … times a power of ten, so that steps down a valley look alike however deep it is.
    Returns the Axes. ImportError without matplotlib; TypeError for parameters that are no Values; ValueError for
    parameters of another model, for a path or span that is not finite, and where the loss is finite nowhere.

    >>> from micrograd import Trainer, losses, optim, sigmoid
    >>> w1, w2 = Value(0.5, "w1"), Value(-1.2, "w2")
    >>> model = lambda row: sigmoid(w2 * sigmoid(w1 * row[0]))
    >>> trainer = Trainer(model, losses.squared_error, optim.SGD(lr=3.0), parameters=[w1, w2])
    >>> X, y = [-1.0, 0.0, 1.0, 2.0], [0.4, 0.2, 0.1, 0.05]
    >>> path = [(w1.data, w2.data)]
    >>> for record in trainer.epochs(X, y, epochs=50):
    ...     path.append((w1.data, w2.data))
    >>> ax = plot_loss_surface(trainer, X, y, w1, w2, path)  # doctest: +SKIP
    """
    expect_axes(ax)
    import numpy as np

    X, y = rows_of(X, "X"), rows_of(y, "y")
    objective = trainer.objective_for(X, y) if hasattr(trainer, "objective_for") else trainer
    if not all(hasattr(objective, name) for name in ("batch", "value", "parameters")):
        raise TypeError(f"expected a Trainer, an objective or a compiled program, got {trainer!r}")
    places = [place_of(w, objective) for w in (w1, w2)]
    if w1 is w2:
        raise ValueError(f"expected two different parameters, got {w1!r} twice")
    path = pairs([(w1.data, w2.data)] if path is None else path)
    across, up = spans(path, across, up)
    horizontal, vertical = points(across, resolution), points(up, resolution)
    surface = loss_surface(objective, objective.batch(X, y), places, horizontal, vertical)
    if np.isnan(surface).all():
        raise ValueError("expected a loss that is finite somewhere in the span, got none: choose across= and up=")
    ax = axes(ax)
    contours(ax, horizontal, vertical, surface)
    descent(ax, path)
    ax.set(xlim=across, ylim=up)
    names = told_apart([w.label or f"parameter {place + 1}" for w, place in zip((w1, w2), places)])
    xlabel, ylabel = [typeset(name) for name in names]
    dress(ax, xlabel=xlabel, ylabel=ylabel)
    ax.set_title("mean loss", fontsize="medium")
    return ax


def loss_surface(objective: Any, batch: Any, places: list[int], across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The value of the objective where two of the parameters have the numbers of a grid; nan where it is not finite."""
    import numpy as np

    at = np.array([p.data for p in objective.parameters])
    surface = np.empty((len(up), len(across)))
    for row, vertical in enumerate(up):
        at[places[1]] = vertical
        for column, horizontal in enumerate(across):
            at[places[0]] = horizontal
            surface[row, column] = objective.value(batch, at=at)
    surface[~np.isfinite(surface)] = np.nan
    return surface


def contours(ax: Axes, across: np.ndarray, up: np.ndarray, surface: np.ndarray) -> None:
    """The surface as bands of colour, dark where the loss is low, with lines that tell the loss between them."""
    import numpy as np

    levels = levels_between(float(np.nanmin(surface)), float(np.nanmax(surface)))
    if len(levels) < 2:  # it is flat
        return
    scale = colour_map("loss", [NAVY, "#2f7fc0", "#a9cdec", "#f4f9fe"])
    bands = [scale(place) for place in np.linspace(0.0, 1.0, len(levels) + 1)]
    ax.contourf(across, up, surface, levels=levels, colors=bands, extend="both")
    half = (len(levels) + 1) // 2
    inks = ["#ffffff"] * half + [NAVY] * (len(levels) - half)  # on dark bands, on light ones
    lines = ax.contour(across, up, surface, levels=levels, colors=inks, linewidths=0.6)
    for label in ax.clabel(lines, fmt=lambda level: numeral(float(level)), fontsize=7.5):
        places = [fraction(x, span) for x, span in zip(label.get_position(), (across, up))]
        label.set_visible(all(0.05 < place < 0.95 for place in places))  # else it would be cut off


def fraction(x: float, points: np.ndarray) -> float:
    """How far along x lies between the first and the last of some points, from 0 to 1."""
    return float((x - points[0]) / (points[-1] - points[0]))


def descent(ax: Axes, path: np.ndarray) -> None:
    """The path as a line with a dot for every step, an open ring at its start and a star at its end."""
    from matplotlib.patheffects import withStroke

    start, end = path[0], path[-1]
    if len(path) > 1:
        outline = [withStroke(linewidth=3.4, foreground=NAVY)]
        ax.plot(*path.T, color=AMBER, linewidth=1.4, path_effects=outline, zorder=3)
        if len(path) <= STEPS_SEEN:
            ax.plot(*path.T, "o", color=AMBER, markersize=4.2, markeredgecolor=NAVY, markeredgewidth=0.35, zorder=3)
        ax.plot(*start, "o", color="white", markeredgecolor=NAVY, markersize=8, zorder=4)
        note(ax, "start", start, path[len(path) // 3])
    ax.plot(*end, "*", color=AMBER, markeredgecolor=NAVY, markersize=15, zorder=4)
    note(ax, "end" if len(path) > 1 else "now", end, path[0])


def note(ax: Axes, text: str, point: np.ndarray, away: np.ndarray) -> None:
    """A word beside a point, on the other side from another point."""
    from matplotlib.patheffects import withStroke

    right, above = point[0] >= away[0], point[1] >= away[1]
    ax.annotate(text, tuple(point), xytext=(9 if right else -9, 7 if above else -7), textcoords="offset points",
                ha="left" if right else "right", va="bottom" if above else "top", color=NAVY, fontsize=9.5,
                path_effects=[withStroke(linewidth=2.5, foreground="white")], zorder=5)  # fmt: skip


def levels_between(low: float, high: float) -> list[float]:
    """From 6 to 14 losses to draw lines at, none for a flat surface: 1, 2, 5 times powers of ten where that fits.

    >>> levels_between(0.003, 0.4)
    [0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    if low > 0.0:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for digits in ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 3), (1,)):
            found = [float(f"{digit}e{power}") for power in powers for digit in digits]
            found = [level for level in found if low < level < high]
            if FEWEST <= len(found) <= MOST:
                return found
        if len(found) > MOST:
            return found[:: math.ceil(len(found) / MOST)]
    if low <= 0.0 and low < high and math.isfinite(high - low):
        return [float(low + (high - low) * share) for share in np.geomspace(1e-3, 0.8, FEWEST + 3)]
    return [float(level) for level in MaxNLocator(10).tick_values(low, high) if low < level < high]


def place_of(w: Any, objective: Any) -> int:
    """Which of the parameters w is."""
    if not isinstance(w, Value):
        raise TypeError(f"expected a parameter, a Value, got {w!r}")
    for place, p in enumerate(objective.parameters):
        if p is w:
            return place
    raise ValueError(f"expected one of the {len(objective.parameters)} parameters of the training, got {w!r}")


def pairs(path: Any) -> np.ndarray:
    """The path as an array (steps, 2); TypeError and ValueError if it is not pairs of finite numbers."""
    from micrograd.compiler.samples import numbers

    found = numbers(path, "path")
    if found.ndim != 2 or found.shape[1] != 2 or not len(found):
        raise ValueError(f"expected a path of pairs of numbers, one for w1 and one for w2, got shape {found.shape}")
    return found


def spans(path: np.ndarray, across: Span | None, up: Span | None) -> tuple[Span, Span]:
    """The spans of both axes: those given, else the path with a margin, not too narrow beside the other's."""
    lows, highs = path.min(0), path.max(0)
    least = 0.25 * float((highs - lows).max()) or 1.0
    around: list[Span] = []
    for low, high in zip(lows.tolist(), highs.tolist()):
        half = max((0.5 + MARGIN) * (high - low), least)
        around.append(((low + high) / 2 - half, (low + high) / 2 + half))
    named = ("across", across), ("up", up)
    given = [None if span is None else (numeric(span[0], name), numeric(span[1], name)) for name, span in named]
    return given[0] or around[0], given[1] or around[1]
