"""`micrograd export MODEL.json -o model.c`: a model as one function of the numbers in a row, in C or Python.

row         a number for each column that the model reads, as a comment at the top of the file tells: nan where it is
            missing, for a word its place among those of the column, for a date its days since the beginning of 1970
"""

from __future__ import annotations

import os
from functools import partial

from micrograd.command_line.results import expect_places, save, written
from micrograd.command_line.tables.models import read_model
from micrograd.exporting import export
from micrograd.notation.signs import clean
from micrograd.tables.columns import Category, Date

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from micrograd import tables
    from micrograd.tables.columns import Number

LONGEST = 60  # characters of a name
MISSING = "nan where it is missing"
LANGUAGES = {".py": "python", ".c": "c"}


def run(options: argparse.Namespace) -> None:
    """Read the model, write its source."""
    path = options.output
    with written(path):
        language = language_of(path)
    expect_places({"--output": path}, {"the model": options.model}, force=options.force)
    model = read_model(options.model)
    with written(path):
        predict = partial(prediction, model)
        source = export(predict, len(model.columns), language=language, name=options.name)
    save(path, commented(head_of(model), language) + source)
    print(f"The function {options.name} is in {os.path.abspath(path)}")


def language_of(path: str) -> str:
    """The language that a suffix says; ValueError for another one."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in LANGUAGES:
        raise ValueError(f"expected a path that ends in {' or '.join(LANGUAGES)}")
    return LANGUAGES[suffix]


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


def commented(lines: Sequence[str], language: str) -> str:
    """Lines as a comment, whatever they hold.

    >>> print(commented(["a */ b"], "c"), end="")
    /* a * / b */
    """
    if language == "c":
        return "".join([f"/* {line.replace('*/', '* /')} */\n" for line in lines])
    return "".join([f"# {line}\n" for line in lines])
