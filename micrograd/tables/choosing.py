"""Which columns are inputs, how their cells are read, and the numbers by which they are scaled.

scikit-learn finds these: medians, means and deviations, the words that are frequent enough. They stand in `columns`,
which encode rows by them, here and in every other process.

left out    a column of which nothing is made -> why
trained     places in the values of the rows to learn from
"""

from __future__ import annotations

import math
from itertools import compress

from micrograd.tables.cells import MISSING_AMONG_NUMBERS, MOSTLY, form_of_numbers, forms_of_dates, is_missing
from micrograd.tables.columns import Category, Date, Number, Scale, note_of_form, part_of, parts_for
from micrograd.tables.errors import DATA, TableError, listed, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.tables.cells import Cell
    from micrograd.tables.columns import Column, Values
    from micrograd.tables.reading import Table

MOST_WORDS = 30  # indicators of a column; rarer words share one more
LARGEST = 1e150  # beyond it squares are no floats
ROW_NUMBERS = {"unnamed: 0", "index", "row", "rownames", "rownumber", "obs", "no", "nr"}
NO_SCALE = Scale(0.0, 0.0, 1.0, False)  # of a column that is read, and whose numbers are found after that


class Chosen:
    """What is made of the columns of a table.

    columns     those that are inputs, with what their cells say in the rows that have a target, and strange cells
    left_out    the others, and why
    notes       how cells are read, where that is not plain
    """

    def __init__(
        self,
        columns: list[Column],
        values: list[Values],
        strange: list[list[Cell]],
        left_out: dict[str, str],
        notes: list[str],
    ) -> None:
        self.columns, self.values, self.strange = columns, values, strange
        self.left_out, self.notes = left_out, notes


def choose(
    table: Table, names: Sequence[str], rows: Sequence[int], trained: Sequence[int], *, explicit: bool
) -> Chosen:
    """What is made of the named columns in some rows; all that can be, if they were asked for explicitly.

    TableError that names all columns whose numbers are too large.
    """
    chosen = Chosen([], [], [], {}, [])
    for name in names:
        cells = table.cells(name)
        cells = [cells[i] for i in rows] if len(rows) < len(cells) else cells
        column, also = unscaled(name, cells, table.decimal)
        why = useless(column, cells, explicit)
        values, strange = ([], []) if why else column.read(cells)
        if not why and len({values[i] for i in trained} - {None if column.kind != "category" else ""}) < 2:
            why = "constant in the rows to learn from"
        if why:
            chosen.left_out[name] = why
            continue
        chosen.columns.append(column)
        chosen.values.append(values)
        chosen.strange.append(strange)
        chosen.notes += [note + also for note in note_of_form(column)]
    numbers = {c.name: values for c, values in zip(chosen.columns, chosen.values) if isinstance(c, Number)}
    expect_moderate(table, numbers, "leave them out", ignore=True)
    complete = fitted(chosen.columns, chosen.values, trained)
    alike = [isinstance(column, Number) and not column.scale.deviation for column in complete]
    chosen.left_out |= {column.name: "constant but for rounding" for column in compress(complete, alike)}
    varied = [not same for same in alike]
    chosen.columns, chosen.values = list(compress(complete, varied)), list(compress(chosen.values, varied))
    chosen.strange = list(compress(chosen.strange, varied))
    return chosen


def unscaled(name: str, cells: Sequence[Cell], decimal: str) -> tuple[Column, str]:
    """The column by which cells are read, without the numbers by which it is scaled, and what else would do as well."""
    said = [cell for cell in dict.fromkeys(cells) if not is_missing(cell, MISSING_AMONG_NUMBERS)]
    form = form_of_numbers(said, decimal) if said else None
    if form is not None:
        return Number(name, form, NO_SCALE), ""
    forms = forms_of_dates(said)
    if forms:
        date = Date(name, forms[0], ["days"], [NO_SCALE])
        if len(date.read(said)[1]) <= (1.0 - MOSTLY) * len(said):
            return date, f"; {forms[1]} would do as well" if len(forms) > 1 else ""
    return Category(name, [], True), ""


def useless(column: Column, cells: Sequence[Cell], explicit: bool) -> str:
    """Why a column says nothing; "" if it says something. What was asked for explicitly says something if it varies."""
    distinct = set(cells)
    empty = {cell for cell in distinct if is_missing(cell)}
    said = len(cells) - (sum(cell in empty for cell in cells) if empty else 0)
    texts = len(distinct) - len(empty)
    if said == 0:
        return "empty"
    if len(distinct) == 1:
        return "constant"
    if explicit:
        return ""
    if said < len(cells) / 2:
        return f"{1.0 - said / len(cells):.0%} of its cells are missing"
    if isinstance(column, Category) and texts > said / 2:
        return "every text is another" if texts == said else f"{texts} texts in {said} cells"
    if isinstance(column, Number) and texts == len(cells) and called_after_rows(column.name):
        numbers = column.read(cells)[0]
        if all(b is not None and a is not None and b - a == 1.0 for a, b in zip(numbers, numbers[1:])):
            return "numbers the rows"
    return ""


def called_after_rows(name: str) -> bool:
    """Whether a column has the name of one that numbers the rows."""
    return name.casefold() in ROW_NUMBERS or name.casefold().endswith("id")


def expect_moderate(table: Table, numbers: dict[str, Values], cure: str, *, ignore: bool = False) -> None:
    """TableError that names all columns that hold numbers of which no mean and deviation come."""
    wrong = [name for name, values in numbers.items() if any(x is not None and not abs(x) <= LARGEST for x in values)]
    if wrong:
        what = f"{table.name}: {quoted(wrong)} hold{'s' * (len(wrong) == 1)} numbers beyond ±1e150, or infinite ones"
        raise TableError(what, cure, ignore=wrong) if ignore else TableError(what, cure, target=None)


def fitted(columns: Sequence[Column], values: Sequence[Values], trained: Sequence[int]) -> list[Column]:
    """The columns with the numbers that scikit-learn finds in the rows to learn from."""
    raw: list[Values] = []
    parts = {}
    for column, each in zip(columns, values):
        if isinstance(column, Date):
            parts[column.name] = parts_for([each[i] for i in trained if each[i] is not None])
            raw += [part_of(each, part) for part in parts[column.name]]
        elif isinstance(column, Number):
            raw.append(each)
    found = iter(scales_of(raw, trained))
    complete: list[Column] = []
    for column, each in zip(columns, values):
        if isinstance(column, Number):
            complete.append(Number(column.name, column.form, next(found)))
        elif isinstance(column, Date):
            names = parts[column.name]
            scales = [next(found) for _ in names]
            for scale in scales:
                scale.deviation = scale.deviation or 1.0
            complete.append(Date(column.name, column.form, names, scales))
        else:
            complete.append(Category(column.name, *frequent([each[i] for i in trained])))
    return complete


def scales_of(columns: Sequence[Values], trained: Sequence[int]) -> list[Scale]:
    """The scale of each column of numbers, from the rows to learn from; it tells of missing ones if there are some.

    The deviation is 0 where the numbers differ by no more than rounding.
    """
    if not columns:
        return []
    import numpy

    pipeline = sklearn("pipeline").make_pipeline(
        sklearn("impute").SimpleImputer(strategy="median"), sklearn("preprocessing").StandardScaler()
    )
    pipeline.fit(numpy.array([[math.nan if values[i] is None else values[i] for i in trained] for values in columns]).T)
    medians, scaler = pipeline[0].statistics_, pipeline[1]
    deviations = numpy.where((scaler.scale_ == 1.0) & (scaler.var_ < 0.5), 0.0, scaler.scale_)  # 1 is no deviation then
    missing = [any(x is None for x in values) for values in columns]
    return [Scale(*each) for each in zip(medians.tolist(), scaler.mean_.tolist(), deviations.tolist(), missing)]


def frequent(words: Sequence[str | None]) -> tuple[list[str | None], bool]:
    """The words of a column that are frequent enough for an indicator, and whether there are others."""
    encoder = sklearn("preprocessing").OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_WORDS + 1, min_frequency=2
    )
    encoder.fit([[word] for word in words])
    [found], [rare] = encoder.categories_, encoder.infrequent_categories_
    others = set() if rare is None else set(rare.tolist())
    return [word for word in found.tolist() if word not in others], bool(others)


def sklearn(module: str) -> Any:
    """A module of scikit-learn; ImportError, with the command that installs it."""
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise ImportError(f"tables need pandas and scikit-learn: {DATA}") from None


def summary(columns: Sequence[Column], left_out: dict[str, str]) -> list[str]:
    """Which columns are inputs, by kind, and which are left out."""
    notes = []
    for kind, what in (("number", "numbers"), ("category", "words"), ("date", "dates")):
        names = [column.name for column in columns if column.kind == kind]
        if names:
            notes.append(f"{what}: {listed(names, 12)}" + f" ({len(names)} columns)" * (len(names) > 12))
    if left_out:
        notes.append("left out: " + "; ".join(f"{name} ({why})" for name, why in left_out.items()))
    return notes
