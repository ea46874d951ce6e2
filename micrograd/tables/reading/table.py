"""`read_table`: a file, a frame or rows as a table, and what was taken for what.

source      a path, "-" for standard input, an open binary file, a DataFrame, a dict of columns, or rows
rows        lists of cells, or dicts
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections import Counter

from micrograd.tables.cells import decimal_of, plain_number
from micrograd.tables.errors import DATA, TableError
from micrograd.tables.reading.form import SAMPLE, Form, expect_alike, form_of, has_names, lines_of, names_from
from micrograd.tables.reading.text import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    import pandas

    from micrograd.tables.cells import Cell


class Table:
    """Columns of cells by name.

    name        what messages call it
    columns     name -> cells
    notes       what was taken for what
    decimal     the sign before fractions where a column leaves that open

    >>> Table("a.csv", {"a": ["1", "2"], "b": ["x", "y"]})
    Table a.csv: 2 rows, columns a, b
    """

    def __init__(
        self, name: str, columns: dict[str, list[Cell]], notes: Sequence[str] = (), decimal: str = "."
    ) -> None:
        self.name, self.columns, self.notes, self.decimal = name, columns, list(notes), decimal

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __repr__(self) -> str:
        return f"Table {self.name}: {len(self)} rows, columns {', '.join(self.columns)}"

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    @property
    def frame(self) -> pandas.DataFrame:
        """The table as a DataFrame, cells as they stand in the file."""
        return pandas_package().DataFrame(self.columns)

    def cells(self, name: str) -> list[Cell]:
        """The cells of a column."""
        return self.columns[name]


def pandas_package() -> Any:
    """pandas; ImportError, with the command that installs it."""
    try:
        import pandas
    except ImportError:
        raise ImportError(f"tables need pandas and scikit-learn: {DATA}") from None
    return pandas


def read_table(source: Any, *, header: bool | None = None, names: Collection[str] = ()) -> Table:
    """A source as a table, see above.

    header      whether the first line of a text holds the names of the columns, which are c1, c2, … if it does not;
                None finds out
    names       columns that the table should have: a line that holds one of them holds the names

    Texts may be packed (gzip, bzip2, xz, zip), of any usual encoding, with commas, semicolons, tabs, bars or blanks
    between cells. TableError for what holds no table; ImportError without pandas.

    >>> table = read_table(io.BytesIO(b"sep=;\\nname;size\\nJo;1,5\\nAl;2\\n"))
    >>> table.columns, table.decimal
    ({'name': ['Jo', 'Al'], 'size': ['1,5', '2']}, ',')
    >>> table.notes
    ["the file: 2 rows, 2 columns; UTF-8, ';' between cells, names in line 2"]
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        data, name = bytes_of(source)
        try:
            return read_text(data, name, header, names)
        except csv.Error as error:
            if "field limit" in str(error):
                long = f"{name}: a cell has more than {csv.field_size_limit():,} characters"
                raise TableError(long, "shorten it, or close a quote that is left open") from None
            raise TableError(f"{name}: {error}") from None
    if hasattr(source, "iloc") and hasattr(source, "columns"):
        return table_of_frame(source)
    if isinstance(source, dict):
        return table_of_columns(source)
    return table_of_rows(source)


def bytes_of(source: Any) -> tuple[bytes, str]:
    """What a file holds, and its name."""
    if hasattr(source, "read"):
        data = source.read()
        return data if isinstance(data, bytes) else data.encode(), str(getattr(source, "name", "the file"))
    path = os.fspath(source)
    if path == "-":
        return sys.stdin.buffer.read(), "standard input"
    try:
        with open(path, "rb") as file:
            return file.read(), path
    except OSError as error:
        raise TableError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:  # a NUL in the path
        raise TableError(f"{path!r}: {error}") from None


def read_text(data: bytes, name: str, header: bool | None, names: Collection[str]) -> Table:
    """The table in the bytes of a file."""
    pandas_package()
    text, how = text_of(data, name)
    numbered, declared, notes = lines_of(text)
    lines, numbers = [line for _, line in numbered], [number for number, _ in numbered]
    if not any(line.strip(" \t,;|\"'") for line in lines):
        raise TableError(f"{name}: the file {'holds no cell that says something' if lines else 'is empty'}")
    form = form_of(lines, declared)
    skipped, width = above_table(form, lines)
    lines, numbers = lines[skipped:], numbers[skipped:]
    (end, first), *others = form.records(lines[:SAMPLE])
    rest = [record for _, record in others]
    if has_names([first, *rest], names) if header is None else header:
        where = f"names in line {numbers[0]}"
        lines, numbers = lines[end:], numbers[end:]
    else:
        where, first = f"no names in line {numbers[0]}, so columns are c1, c2, …", [f"c{i + 1}" for i in range(width)]
    if not lines:
        raise TableError(f"{name}: a line of names but no rows")
    if len(first) == width - 1:  # R writes no name above the names of rows, others end each line but this
        first = [*first, ""] if all(record[-1:] == [""] for record in rest) else ["", *first]
    if len(first) != width:
        raise TableError(f"{name}: {len(first)} names, but {width} cells in the lines below, from line {numbers[0]}")
    form = expect_alike(name, form, lines, numbers, width)
    columns, more = columns_of(form, lines, first)
    rows = len(next(iter(columns.values()), []))
    what = f"{name}: {rows} row{'s' * (rows != 1)}, {width} columns; {', '.join([*how, *form.words(), where])}"
    above = [f"{skipped} line{'s' * (skipped > 1)} above the table left out"] if skipped else []
    decimal = decimal_of(cell for column in columns.values() for cell in column[:1000])
    decimal = decimal or ("," if form.separator == ";" else ".")
    return Table(name, columns, ["; ".join([what, *notes, *above, *more])], decimal)


def columns_of(form: Form, lines: Sequence[str], first: Sequence[str]) -> tuple[dict[str, list[Cell]], list[str]]:
    """The columns in the lines of a table, by the record of their names, and notes of these."""
    pandas = pandas_package()
    frame = pandas.read_csv(
        io.StringIO("\n".join(lines) + "\n"), sep=r"\s+" if form.separator == " " else form.separator, header=None,
        names=range(len(first)), index_col=False, dtype=str, na_filter=False, quotechar=form.quote or '"',
        quoting=form.quoting, skipinitialspace=True,
    )  # fmt: skip
    titles, notes = names_from(first)
    columns: dict[str, list[Cell]] = {}
    for i, title in enumerate(titles):
        cells = [cell.strip() for cell in frame[i].tolist()]
        if title != f"Unnamed: {i}" or any(cells):
            columns[title] = cells
        else:
            notes.append(f"column {i + 1} without a name and content left out")
    return columns, notes


def above_table(form: Form, lines: Sequence[str]) -> tuple[int, int]:
    """How many lines stand above a table, and how many cells its records have.

    Such are titles, which have one cell, and the numbers of rows and inputs in the files of scikit-learn.
    """
    records = [record for _, record in form.records(lines[:SAMPLE])]
    widths = [len(record) for record in records]
    [(width, _)] = Counter(widths[1:] or widths).most_common(1)
    first = records[0]
    if first[:2] == [str(len(lines) - 1), str(width - 1)] and first[2:3] and plain_number(first[2]) is None:
        return 1, width
    above = 0
    while widths[above] == 1 < width - 1 and above < len(widths) - 1:
        above += 1
    return above, width


def table_of_frame(frame: Any) -> Table:
    """A DataFrame as a table."""
    titles, notes = names_from([str(name) for name in frame.columns])
    columns = {title: cells_of(frame.iloc[:, i]) for i, title in enumerate(titles)}
    if not len(frame):
        raise TableError("the frame: no rows")
    decimal = decimal_of(cell for column in columns.values() for cell in column[:1000])
    return Table("the frame", columns, notes, decimal or ".")


def cells_of(series: Any) -> list[Cell]:
    """The cells of a column of a frame: dates as text, truth values as words, NaN and its like as None."""
    kind = getattr(series.dtype, "kind", "O")
    if kind in "Mm":
        series = series.astype(str)
    missing = series.isna().tolist()
    return [None if absent else plain(cell) for cell, absent in zip(series.tolist(), missing)]


def table_of_columns(columns: dict[str, Any]) -> Table:
    """A dict of columns as a table."""
    if any(isinstance(cells, str) or not hasattr(cells, "__iter__") for cells in columns.values()):
        raise TableError("expected a dict of columns, or rows, got a dict of cells: write [row] for a single row")
    found = {str(name): [plain(cell) for cell in cells] for name, cells in columns.items()}
    if len({len(cells) for cells in found.values()}) > 1:
        lengths = ", ".join(f"{len(cells)} in {name!r}" for name, cells in found.items())
        raise TableError(f"expected columns of one length, got {lengths}")
    return Table("the table", found)


def are_rows(source: Any) -> bool:
    """Whether a source is none of the others: lists or dicts, one for each row."""
    others = isinstance(source, (Table, str, os.PathLike, dict)) or hasattr(source, "read") or hasattr(source, "iloc")
    return not others


def table_of_rows(rows: Any, names: Sequence[str] | None = None) -> Table:
    """Rows as a table: dicts, or lists of cells in the order of names; c1, c2, … if none are given.

    >>> table_of_rows([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]).columns, table_of_rows([[1, 2]]).columns
    ({'a': [1.0, 2.0], 'b': ['x', 'y']}, {'c1': [1.0], 'c2': [2.0]})
    """
    rows = rows.tolist() if hasattr(rows, "tolist") else list(rows)
    single = [row for row in rows if isinstance(row, str) or not hasattr(row, "__len__")]
    if single:
        raise TableError(f"expected rows, lists or dicts, got {single[0]!r}: write [row] for a single row")
    if names is None:
        first = rows[0] if rows else []
        names = list(first) if isinstance(first, dict) else [f"c{i + 1}" for i in range(len(first))]
    columns: dict[str, list[Cell]] = {name: [] for name in names}
    for i, row in enumerate(rows):
        if not isinstance(row, dict) and len(row) != len(names):
            raise TableError(f"row {i + 1}: expected {len(names)} cells ({', '.join(names)}), got {len(row)}")
        absent = [name for name in names if isinstance(row, dict) and name not in row]
        if absent:
            raise TableError(f"row {i + 1}: no {', '.join(map(repr, absent))}; None stands for a missing cell")
        for j, name in enumerate(names):
            columns[name].append(plain(row[name] if isinstance(row, dict) else row[j]))
    return Table("the rows", columns)


def plain(cell: Any) -> Cell:
    """A cell of a frame or of a row as text, a float or None."""
    if cell is None or isinstance(cell, (bool, str)):
        return str(cell) if isinstance(cell, bool) else cell
    if hasattr(cell, "isoformat"):
        return str(cell)
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return str(cell)
    return str(bool(cell)) if type(cell).__name__ == "bool" else None if number != number else number
