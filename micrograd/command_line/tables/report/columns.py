"""The columns of a table: what each was taken for, how it looks, and why it was left out if it was."""

from __future__ import annotations

import math
from collections import Counter

from micrograd.command_line.tables.report.page import escape, rows_of
from micrograd.notation.signs import numeral
from micrograd.tables.cells import is_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd import tables

MOST_BARS = 12


def columns(table: tables.Table, prepared: tables.Prepared) -> str:
    """What each column of the table was taken for, how it looks, and why it was left out if it was."""
    inputs = {column.name: column for column in prepared.columns}
    rows = []
    for name in table.names:
        cells = table.columns[name]
        said = [cell for cell in cells if not is_missing(cell)]
        if name in inputs:
            kind, (detail, bars) = inputs[name].kind, looks(inputs[name], said)
        elif name == prepared.target.name:
            kind, detail, bars = "target", "predicted as a " + ("class" if prepared.target.classes else "number"), ""
        else:
            kind, detail, bars = "left out", escape(prepared.left_out.get(name, "not chosen")), ""
        missing = len(cells) - len(said)
        taken = f'<i class="{kind.replace(" ", "-")}">{"words" if kind == "category" else kind}</i>'
        rows.append([f"<b>{escape(name)}</b>", taken, bars, detail, str(missing or "")])
    return rows_of(rows, ["column", "taken as", "", "", "missing"], "columns")


def looks(column: Any, said: Sequence[Any]) -> tuple[str, str]:
    """An input in words, and as bars."""
    if column.kind == "number":
        numbers = [x for x in column.read(said)[0] if x is not None and math.isfinite(x)]
        scale = column.scale
        detail = f"mean {numeral(scale.mean)}, deviation {numeral(scale.deviation)}, median {numeral(scale.median)}"
        return detail, bars_of(heights(numbers))
    counts = Counter([str(cell).strip() for cell in said]).most_common()
    if column.kind == "category":
        named = [f"{escape(word)} {count}" for word, count in counts[:4]]
        return ", ".join([*named, *["…"] * (len(counts) > 4)]), bars_of([count for _, count in counts[:MOST_BARS]])
    return f"for example {escape(counts[0][0])}" if counts else "", ""


def heights(numbers: Sequence[float]) -> list[int]:
    """How many numbers lie in each of some equal parts of their span.

    >>> heights([0.0, 1.0, 2.0, 11.0, 12.0])
    [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    """
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    half = high / 2 - low / 2  # the span itself may be no float
    found = [0] * MOST_BARS
    for x in numbers:
        found[min(int(MOST_BARS * ((x / 2 - low / 2) / half)), MOST_BARS - 1) if half > 0.0 else 0] += 1
    return found


def bars_of(counts: Sequence[int]) -> str:
    """Counts as a row of bars, for the eye."""
    highest = max(counts, default=0)
    if not highest:
        return ""
    bars = "".join(
        [f'<rect x="{6 * i}" y="{20 - 20 * count / highest:.1f}" width="5" height="{20 * count / highest:.1f}"/>'
         for i, count in enumerate(counts)]
    )  # fmt: skip
    return f'<svg class="bars" width="{6 * MOST_BARS}" height="20" aria-hidden="true">{bars}</svg>'
