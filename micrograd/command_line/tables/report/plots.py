"""The plots of a training: its losses, and what it predicts, as far as that can be drawn."""

from __future__ import annotations

import math

from micrograd.notation.signs import clean
from micrograd.plotting.boundary import plot_decision_boundary
from micrograd.plotting.curves import plot_history
from micrograd.plotting.predictions import plot_confusion, plot_predictions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes

    from micrograd import tables
    from micrograd.plotting.figures import Panel

MOST_ROWS = 2000


def plots_of(training: tables.Training) -> dict[str, Panel]:
    """The plots of a training that is finished, by what is said of them."""
    losses = "Mean loss of each epoch"
    if training.tested_figures is not None:
        losses += "; the network is that of the epoch at which the held-out rows were predicted best"
    found: dict[str, Panel] = {losses: lambda ax: plot_history(training.history, ax)}
    model = training.model
    if [column.inputs for column in model.columns if column.kind == "number"] == two(model.inputs) and model.classes:
        found["What is predicted everywhere, and rows of both parts"] = lambda ax: boundary(training, ax)
    if training.tested_figures is not None:
        targets, predictions = training.held_out()
        if model.classes is None:
            caption = "Predicted beside true, for the held-out rows; on the line where it is right"
            found[caption] = lambda ax: plot_predictions(predictions, targets, ax)
        else:
            classes = model.classes
            caption = "Predicted beside true, for the held-out rows; on the diagonal where it is right"
            found[caption] = lambda ax: plot_confusion(predictions, targets, classes, ax)
    return found


def two(inputs: Sequence[str]) -> list[list[str]] | None:
    """Two inputs, as the only ones of two columns; None where there are more or less."""
    return [[name] for name in inputs] if len(inputs) == 2 else None


class Scores:
    """The scores of a model's classes: logarithms of their probabilities."""

    def __init__(self, model: tables.TableModel) -> None:
        self.model, self.classes_ = model, [str(label) for label in model.classes or []]

    def decision_function(self, rows: Any) -> list[list[float]]:
        """A score for each class, (rows, classes)."""
        return [[math.log(max(p, 1e-300)) for p in row] for row in self.model.probabilities(rows)]


def boundary(training: tables.Training, ax: Axes) -> None:
    """Draw the decision boundary of a classifier of two numbers, with the rows of its table."""
    scores, prepared = Scores(training.model), training.prepared
    labels = [scores.classes_[int(place)] for place in prepared.y[:MOST_ROWS]]
    plot_decision_boundary(scores, prepared.raw[:MOST_ROWS], labels, ax)
    names = [clean(name) for name in training.model.inputs]
    ax.set_xlabel(names[0], parse_math=False)
    ax.set_ylabel(names[1], parse_math=False)
