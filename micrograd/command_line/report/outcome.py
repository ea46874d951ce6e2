"""How good a training came out: its figures, and what was predicted beside what was true."""

from __future__ import annotations

from collections import Counter

from micrograd.command_line.report.page import escape
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd import tables

MOST_CLASSES = 30


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
    return f"± {numeral(error)}", f"{r2}always the mean: ± {numeral(figures.baseline)}"


def card(figure: str, beside: str, what: str, kind: str = "") -> str:
    """One figure."""
    return f'<div class="card {kind}"><span>{what}</span><b>{figure}</b><span>{beside}</span></div>'


def confusion(training: tables.Training) -> str:
    """How often each class was taken for each; nothing where no class is predicted."""
    if training.model.classes is None or training.tested_figures is None:
        return ""
    table = confusion_table(training.model.classes, *training.held_out())
    return f"{table}<p>Counts of the held-out rows; right on the diagonal.</p>"


def confusion_table(classes: Sequence[Any], targets: Sequence[Any], predicted: Sequence[Any]) -> str:
    """How often each class was taken for each, the most frequent classes if there are many.

    >>> confusion_table(["a", "b"], ["a", "b", "b"], ["a", "a", "b"]).count("<td")
    6
    """
    counts, totals = Counter(zip(targets, predicted)), Counter(targets)
    shown = [label for label, _ in totals.most_common(MOST_CLASSES)] if len(classes) > MOST_CLASSES else list(classes)
    rows = []
    for true in shown:
        cells = []
        for label in shown:
            count = counts[true, label]
            share, kind = 0.2 + 0.8 * count / max(totals[true], 1), "right" if true == label else "wrong"
            shade = f' class="{kind}" style="--share:{share:.2f}"' if count else ""
            cells.append(f"<td{shade}>{count or '·'}</td>")
        right = counts[true, true] / max(totals[true], 1)
        rows.append(f'<tr><th scope="row">{escape(true)}</th>{"".join(cells)}<td class="share">{right:.0%}</td></tr>')
    head = "".join([f'<th scope="col">{escape(label)}</th>' for label in shown])
    head = f'<tr><th>true ↓ &nbsp; predicted →</th>{head}<th scope="col">right</th></tr>'
    left = "" if len(shown) == len(classes) else f"<p>The {MOST_CLASSES} most frequent of {len(classes)} classes.</p>"
    body = f"<thead>{head}</thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="wide"><table class="confusion">{body}</table></div>{left}'
