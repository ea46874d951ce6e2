"""`train --save-report`: one page on a training, which needs nothing but itself: columns, curves, figures, network.

report      `report_of`
plots       its plots
columns     what each column was taken for
outcome     how good the training came out
page        the page, and the parts that it is made of
"""

from __future__ import annotations

from micrograd.command_line.tables.report.plots import plots_of
from micrograd.command_line.tables.report.report import report_of

__all__ = ["plots_of", "report_of"]
