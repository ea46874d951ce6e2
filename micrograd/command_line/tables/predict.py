"""`micrograd predict MODEL.json FILE.csv`: the table again, with a prediction for every row."""

from __future__ import annotations

import csv
import io
import os
import sys

from micrograd import tables
from micrograd.command_line.results import expect_places, save
from micrograd.command_line.tables.models import input_errors, read_model, read_table
from micrograd.command_line.terminal import one_line, pour

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import Any

STANDARD = "-"


def run(options: argparse.Namespace) -> None:
    """Read the model and the table, predict, write; what there is to say goes where the predictions do not."""
    to_file = options.output != STANDARD
    if to_file:
        read = {"the model": options.model, "the table": options.file}
        expect_places({"--output": options.output}, read, force=options.force)
    model = read_model(options.model)
    with input_errors():
        encoded = model.encode(read_table(options, model.source_names))
        names, columns = predictions_of(model, encoded)
        figures = tables.figures_of(model, encoded)
    table = encoded.table.columns
    text = csv_text([*table, *apart(names, table)], zip(*table.values(), *columns))
    if to_file:
        save(options.output, text)
    else:
        pour(text)
    said = [*encoded.notes, *([f"{model.target.name}: {figures}"] if figures is not None else [])]
    said += [f"The predictions are in {os.path.abspath(options.output)}"] if to_file else []
    place = sys.stdout if to_file else sys.stderr
    for line in said if place is not None else ():
        print(one_line(line), file=place)


def predictions_of(model: Any, encoded: Any) -> tuple[list[str], list[list[Any]]]:
    """The names and the columns of what a model predicts: the value or class, and for classes their probabilities."""
    name = f"predicted {model.target.name}"
    if model.classes is None:
        return [name], [model.predict(encoded)]
    probabilities = model.probabilities(encoded)
    names = [name, *[f"probability of {label}" for label in model.classes]]
    return names, [model.answers(probabilities), *map(list, zip(*probabilities))]


def apart(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Names for further columns of a table, which may have been predicted before.

    >>> apart(["predicted y"], ["y", "predicted y"])
    ['predicted y again']
    """
    found = list(taken)
    there = len(found)
    for name in names:
        while name in found:
            name += " again"
        found.append(name)
    return found[there:]


def csv_text(names: list[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows as the text of a CSV file; numbers to the last digit."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return file.getvalue()
