"""Plots of a training: its history, the decision boundary of a model, the loss over two of its parameters.

curves        the history
boundary      the decision boundary
classifiers   what models of all kinds answer, for the boundary
surface       the loss over two parameters
predictions   numbers and classes that were predicted, beside those that are true
figures       several plots as one file, or as a part of a page
style         Axes, colours and grids, which all plots share

Each function draws on matplotlib Axes, its own unless some are given, and returns them; none shows or saves anything:

    ax = plot_history(history)
    ax.figure.savefig("history.png")

Needs matplotlib (extra `plot`). The colours are those of the package's other pictures.
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent
from micrograd.plotting.boundary import plot_decision_boundary
from micrograd.plotting.curves import plot_history
from micrograd.plotting.predictions import plot_confusion, plot_predictions
from micrograd.plotting.surface import plot_loss_surface

__all__ = ["plot_confusion", "plot_decision_boundary", "plot_history", "plot_loss_surface", "plot_predictions"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
