"""A row of a table as the numbers that an exported model takes: what they are, told in the head of the source.

row         a number for each column that the model reads: nan where it is missing, for a word its place among those of
            the column, for a date its days since the beginning of 1970
"""

from __future__ import annotations

from micrograd.notation.signs import clean
from micrograd.tables.columns import Category, Date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd import tables
    from micrograd.tables.columns import Number

LONGEST = 60  # characters of a name
MISSING = "nan where it is missing"


def prediction(model: tables.TableModel, row: Sequence[Any]) -> Any:
    """What a model predicts for a row."""
    return model([raw for column, x in zip(model.columns, row) for raw in column.of_number(x)])


def head_of(model: tables.TableModel) -> list[str]:
    """What goes in and what comes out, line by line."""
    lines = []
    for i, column in enumerate(model.columns):
        if isinstance(column, Category):
            words = [f"{place} {clean(word, LONGEST)}" for place, word in enumerate(column.words) if word is not None]
            what = f"{', '.join(words)}; {MISSING if None in column.words else 'another number for others'}"
        else:
            what = f"days since 1970-01-01, {MISSING}" if isinstance(column, Date) else number_of(column)
        lines.append(f"x[{i}]  {clean(column.name, LONGEST)}: {what}")
    classes = ", ".join([clean(str(label), LONGEST) for label in model.classes or []])
    return [*lines, f"predicts  {clean(model.target.name, LONGEST)}{classes and f': the probabilities of {classes}'}"]


def number_of(column: Number) -> str:
    """What to put in for a column of numbers."""
    words = column.form.words
    return f"{'a number' if words is None else f'1 for {words[1]}, 0 for {words[0]}'}, {MISSING}"
