"""`report_of`: the whole page on a training."""

from __future__ import annotations

from micrograd.command_line.tables.report.columns import columns
from micrograd.command_line.tables.report.outcome import cards
from micrograd.command_line.tables.report.page import escape, figure, notes, page, section
from micrograd.command_line.tables.report.plots import plots_of
from micrograd.drawing import draw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd import tables


def report_of(table: tables.Table, training: tables.Training, path: str) -> str:
    """The page on a training that is finished, whose model is in the file `path`."""
    prepared, model = training.prepared, training.finish()
    title = f"{escape(prepared.target.name)}, predicted from {escape(table.name)}"
    plots = [figure(panel, str(i), caption) for i, (caption, panel) in enumerate(plots_of(training).items())]
    parts = [
        f"<h1>{title}</h1>",
        cards(training),
        section("Predictions", "".join(plots[1:]) or "<p>No rows were held out.</p>"),
        section("Training", plots[0]),
        section("What was taken for what", notes([*table.notes, *prepared.notes]) + columns(table, prepared)),
        section("Network", f'<div class="wide network">{draw(model.network).svg}</div>\n{inputs_of(model)}'),
        section("Use", f"<pre>micrograd predict {escape(path, 4_000)} FILE.csv -o predictions.csv</pre>"),
    ]
    return page(title, "\n".join(parts))


def inputs_of(model: tables.TableModel) -> str:
    """The numbers that the network sees, in the order of the picture."""
    return f"<p>Inputs, from the top: {'; '.join(map(escape, model.inputs))}. Numbers are scaled.</p>"
