"""Reading a table of numbers from a CSV file, with errors that name the line and the column."""

from __future__ import annotations

import csv
import math

from micrograd.command_line.terminal import InputError


class Table:
    """Columns by name, cells as text, and the line number of each row."""

    def __init__(self, path: str, names: list[str], rows: list[list[str]], lines: list[int]) -> None:
        self.path, self.names, self.rows, self.lines = path, names, rows, lines

    def column(self, name: str) -> int:
        """The place of the column; InputError that lists the columns if there is none of this name."""
        if name not in self.names:
            raise InputError(f"{self.path}: no column {name!r}; the columns are {', '.join(self.names)}")
        return self.names.index(name)

    def cells(self, name: str) -> list[str]:
        """The column as text."""
        place = self.column(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        """The column as finite numbers; InputError that names the first cell that is none."""
        found = []
        for cell, line in zip(self.cells(name), self.lines):
            value = as_number(cell)
            if value is None:
                raise InputError(f"{self.path}, line {line}, column {name!r}: expected a finite number, got {cell!r}")
            found.append(value)
        return found


def as_number(cell: str) -> float | None:
    """The finite number in a cell, else None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_table(path: str) -> Table:
    """The table in a CSV file: comma, semicolon or tab between cells, names in the first line (or c1, c2, …).

    Raises InputError for a file that cannot be read, is empty, has no rows, or rows of different lengths.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected a text file in UTF-8") from None
    if not text.strip():
        raise InputError(f"{path}: the file is empty")
    first = text.lstrip().splitlines()[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=separator, skipinitialspace=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from None
    names = rows[0]
    if all(as_number(cell) is not None for cell in names):
        names = [f"c{i + 1}" for i in range(len(names))]
    else:
        rows, lines = rows[1:], lines[1:]
    check_shape(path, names, rows, lines)
    return Table(path, names, rows, lines)


def check_shape(path: str, names: list[str], rows: list[list[str]], lines: list[int]) -> None:
    """InputError for doubled names, no rows, or a row that is too short or too long."""
    for i, name in enumerate(names):
        if not name:
            raise InputError(f"{path}: column {i + 1} has no name")
        if name in names[:i]:
            raise InputError(f"{path}: two columns are called {name!r}")
    if not rows:
        raise InputError(f"{path}: the file has a line of names but no rows")
    for row, line in zip(rows, lines):
        if len(row) != len(names):
            raise InputError(f"{path}, line {line}: expected {len(names)} cells, got {len(row)}")
