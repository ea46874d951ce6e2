"""`plot_decision_boundary`: what a classifier of two inputs answers everywhere, and where its answer changes.

score       the output of a model with a single one, for the upper of two classes
threshold   the score at which the answer changes
lead        how far the score is above the threshold; of several outputs, how far each is above the others
"""

from __future__ import annotations

from micrograd.compiler.samples import numbers, samples
from micrograd.drawing.look import INK
from micrograd.expect import numeric
from micrograd.notation.signs import numeral
from micrograd.plotting.classifiers import middle, places_of, predictor
from micrograd.plotting.style import CLASSES, MARKERS, axes, colour_map, dress, expect_axes, legend, points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from matplotlib.axes import Axes

FADE = 0.5  # how much of a class's colour its ground has where the model is sure
MARGIN = 0.1  # around the samples, as a share of their span


def plot_decision_boundary(
    model: Any, X: Any, y: Any, ax: Any = None, *, resolution: int = 61, threshold: float | None = None
) -> Axes:
    """The samples, the model's output as a ground that deepens with its lead, and the line where its answer changes.

    model       an nn.Module, a function of a list of two Values, a Trainer, a compiled program; anything with predict;
                a scikit-learn classifier, ours or another
    X, y        samples, (n, 2), and their classes: one of two numbers each for a model with one output, else 0, 1, …
                or a list with a number per class, the largest for the class; or text, in the order of the model's
                `classes_` if it has some, else of the alphabet
    resolution  points of the grid along each axis
    threshold   of a single output; unless given 0 for classes −1 and 1, and for 0 and 1 where outputs leave 0 … 1, else
                0.5; of what has a loss too, such as a Trainer, 0 for losses of a logit (see `losses.Loss`), halfway
                between the two classes for others

    Samples that the model gets wrong have a dark edge. Whatever can be compiled is. Returns the Axes. ImportError
    without matplotlib; TypeError and ValueError for samples that are not two finite numbers and unfit classes.

    >>> import random
    >>> from micrograd import nn
    >>> model = nn.MLP(2, [8, 1], generator=random.Random(0))
    >>> ax = plot_decision_boundary(model, [[0, 0], [1, 1], [0, 1]], [-1, -1, 1])  # doctest: +SKIP
    """
    expect_axes(ax)
    rows, names = samples(X, 2), column_names(X)
    predict = predictor(model)
    x1, x2 = [points(wide_span(column), resolution) for column in rows.T]
    outputs = predict(grid(x1, x2))
    y, kinds = places_of(y, getattr(model, "classes_", None), outputs.shape[1])
    if outputs.shape[1] == 1:
        answers: Score | Choice = Score(model, y, outputs, threshold, kinds)
    else:
        answers = Choice(y, outputs, threshold, kinds)
    if len(answers.targets) != len(rows):
        raise ValueError(f"expected one class per sample, got {len(rows)} samples and {len(answers.targets)} classes")
    at_samples = predict(rows)
    ax = axes(ax)
    step1, step2 = (x1[1] - x1[0]) / 2, (x2[1] - x2[0]) / 2  # pixels are centred at the points of the grid
    extent = (x1[0] - step1, x1[-1] + step1, x2[0] - step2, x2[-1] + step2)
    ground, options = answers.ground(at_samples)
    ax.imshow(
        ground.reshape(resolution, resolution, *ground.shape[1:]),
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        **options,
    )
    for lead, level in answers.leads():
        if (lead > level).any() and (lead < level).any():
            ax.contour(x1, x2, lead.reshape(resolution, resolution), levels=[level], colors=INK, linewidths=1.4)
    scatter(ax, rows, answers, at_samples)
    ax.set(xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
    dress(ax, xlabel=names[0], ylabel=names[1])
    return ax


def scatter(ax: Axes, rows: np.ndarray, answers: Score | Choice, at_samples: np.ndarray) -> None:
    """The samples, a colour and a marker per class, and a legend."""
    wrong = answers.classes(at_samples) != answers.targets

    def dots(place: int, chosen: np.ndarray, colour: str, mistaken: bool) -> Any:
        edge, width = (INK, 1.5) if mistaken else ("white", 0.6)
        return ax.scatter(
            rows[chosen, 0],
            rows[chosen, 1],
            s=26,
            marker=MARKERS[place % len(MARKERS)],
            color=colour,
            edgecolors=edge,
            linewidths=width,
            zorder=3,
        )

    handles, nothing = [], wrong & ~wrong
    for place in answers.names:
        colour = CLASSES[place % len(CLASSES)]
        for mistaken in (False, True):
            dots(place, (answers.targets == place) & (wrong == mistaken), colour, mistaken)
        handles.append(dots(place, nothing, colour, False))
    handles += ax.plot([], [], color=INK, linewidth=1.4)
    names = [*answers.names.values(), answers.boundary]
    if wrong.any():
        handles.append(dots(0, nothing, "white", True))
        names.append(f"wrong: {wrong.sum()} of {len(wrong)}")
    legend(ax, handles, names)


class Score:
    """A model with one output, which answers the upper class above the threshold."""

    def __init__(
        self, model: Any, y: Any, outputs: np.ndarray, threshold: float | None, called: list[str] | None
    ) -> None:
        import numpy as np

        y = np.squeeze(numbers(y, "y"))
        y = y[None] if y.ndim == 0 else y
        kinds = np.unique(y)
        if y.ndim != 1 or len(kinds) > 2:
            found = f"{len(kinds)} of them" if y.ndim == 1 else f"an array of shape {y.shape}"
            raise ValueError(
                f"expected y of two classes for a model with one output, got {found}; a model for several "
                "classes has one output each"
            )
        self.threshold = middle(model, kinds, outputs) if threshold is None else numeric(threshold, "threshold")
        self.outputs = outputs[:, 0]
        upper = y == kinds[-1] if len(kinds) == 2 else y > self.threshold
        self.targets = upper.astype(int)
        names = [called[int(kind)] if called else f"class {numeral(float(kind))}" for kind in kinds]
        self.names = {int(place): names[kinds.tolist().index(kind)] for kind, place in zip(y, self.targets)}
        self.names = dict(sorted(self.names.items()))
        self.boundary = f"output = {numeral(self.threshold)}"

    def classes(self, outputs: np.ndarray) -> np.ndarray:
        """0 or 1 for each row of outputs, 2 for one that is not a number."""
        import numpy as np

        return np.where(np.isnan(outputs[:, 0]), 2, outputs[:, 0] > self.threshold)

    def leads(self) -> list[tuple[np.ndarray, float]]:
        """What to draw a line through, and where."""
        return [(self.outputs, self.threshold)]

    def ground(self, at_samples: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """The scores, and how they become colours: the samples' largest leads, but for some, set the scale."""
        import numpy as np

        leads = np.abs(at_samples[:, 0] - self.threshold)
        leads = leads[np.isfinite(leads)]
        limit = float(np.percentile(leads, 90)) if len(leads) else 0.0
        limit = limit or 1.0
        low, high = [blend(colour, FADE) for colour in CLASSES[:2]]
        scale = {"vmin": self.threshold - limit, "vmax": self.threshold + limit}
        return self.outputs, {"cmap": colour_map("scores", [low, "#ffffff", high]), **scale}


class Choice:
    """A model with several outputs, which answers the class of the largest."""

    def __init__(self, y: Any, outputs: np.ndarray, threshold: float | None, called: list[str] | None) -> None:
        import numpy as np

        count = outputs.shape[1]
        if threshold is not None:
            raise ValueError(f"expected no threshold for a model with {count} outputs: the largest output decides")
        y = numbers(y, "y")
        if y.ndim == 2 and y.shape[1] == count:
            y = y.argmax(1)
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        if y.ndim != 1 or not np.isin(y, range(count)).all():
            raise ValueError(
                f"expected y of classes from 0 to {count - 1}, or of {count} numbers each, got numbers "
                f"from {numeral(y.min())} to {numeral(y.max())} in shape {y.shape}"
            )
        self.outputs, self.targets = outputs, y.astype(int)
        self.names = {int(k): called[k] if called else f"class {k}" for k in np.unique(self.targets)}
        self.boundary = "boundary"

    def classes(self, outputs: np.ndarray) -> np.ndarray:
        """The number of the class for each row of outputs."""
        return outputs.argmax(1)

    def leads(self) -> list[tuple[np.ndarray, float]]:
        """What to draw a line through, and where: each output less the largest of the others."""
        import numpy as np

        others = [np.delete(self.outputs, place, 1).max(1) for place in range(self.outputs.shape[1])]
        return [(self.outputs[:, place] - other, 0.0) for place, other in enumerate(others)]

    def ground(self, at_samples: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """The colour at each point: that of the class, deeper the larger its lead."""
        import numpy as np
        from matplotlib.colors import to_rgb

        top = np.sort(self.outputs, 1)
        sure = np.tanh((top[:, -1] - top[:, -2]) / 2)  # σ(lead) from ½ to 1, stretched to 0 to 1
        colours = np.array([to_rgb(CLASSES[place % len(CLASSES)]) for place in self.outputs.argmax(1)])
        return 1 - (FADE * np.nan_to_num(sure))[:, None] * (1 - colours), {}


def column_names(X: Any) -> tuple[str, str]:
    """What the two inputs are called: the columns of a frame, else x₁ and x₂."""
    names = getattr(X, "columns", ("x₁", "x₂"))
    return str(names[0]), str(names[1])


def wide_span(column: np.ndarray) -> tuple[float, float]:
    """The span of a column of samples, with a margin."""
    low, high = float(column.min()), float(column.max())
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def grid(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """All points of a grid, (points, 2), row by row from the lowest x2."""
    import numpy as np

    return np.stack([axis.ravel() for axis in np.meshgrid(x1, x2)], 1)


def blend(colour: str, share: float) -> str:
    """A colour on white."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = to_rgb(colour)
    return to_hex((1.0 - share * (1.0 - red), 1.0 - share * (1.0 - green), 1.0 - share * (1.0 - blue)))
