"""How good a training came out: the figures that one looks for first."""

from __future__ import annotations

from micrograd.command_line.tables.report.page import escape
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd import tables


def cards(training: tables.Training) -> str:
    """The figures that one looks for first, each beside what it is to be compared with."""
    trained, tested = training.trained_figures, training.tested_figures
    found = []
    for figures, rows in ((tested, "held-out rows"), (trained, "trained rows")):
        if figures is not None:
            found.append(card(*told(figures), f"{figures.rows:,} {rows}", "worse" if figures.worse else ""))
    epochs, parameters = len(training.history), len(training.model.network.parameters())
    found.append(card(f"{epochs}", f"the best after {training.best_epoch}", "epochs"))
    found.append(card(f"{parameters:,}", f"{len(training.prepared.inputs)} inputs", "parameters"))
    return f'<div class="cards">{"".join(found)}</div>'


def told(figures: tables.Figures) -> tuple[str, str]:
    """A figure, and what the simplest of all predictions comes to."""
    if figures.accuracy is not None:
        return f"{figures.accuracy:.1%} right", f"always {escape(figures.always)}: {figures.baseline:.1%}"
    error, r2 = figures.error or 0.0, "" if figures.r2 is None else f"R² {figures.r2:.3f}; "
    return numeral(error), f"root mean squared error; {r2}always the mean: {numeral(figures.baseline)}"


def card(figure: str, beside: str, what: str, kind: str = "") -> str:
    """One figure."""
    return f'<div class="card {kind}"><span>{what}</span><b>{figure}</b><span>{beside}</span></div>'
