"""The form of a text: which lines hold the table, what stands between cells and around them, whether line 1 has names.

record      the cells of a line, or of several where a cell in quotes goes over their end
width       how many cells most records have
"""

from __future__ import annotations

import csv
import re
from collections import Counter

from micrograd.tables.cells import form_of_numbers, is_missing
from micrograd.tables.errors import TableError, listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import Any

SEPARATORS = {"\t": "tabs", ";": "';'", "|": "'|'", ",": "','", " ": "blanks"}
QUOTES = {'"': 1.0, "'": 1.01, None: 0.97}  # and how much to prefer them; "'" where it stands in most lines
SAMPLE = 200  # lines by which the form is told
END = "end-of-the-table"  # a record of its own, unless a quote before it is not closed
DECLARED = re.compile(r'"?sep=(\\t|.)"?$', re.IGNORECASE)
COMMENT = re.compile(r"\s*(#|//|%)")
NAME = re.compile(r"""(["']?)(.*)\1""", re.DOTALL)


class Form:
    """What stands between cells, and around them."""

    def __init__(self, separator: str, quote: str | None) -> None:
        self.separator, self.quote = separator, quote

    def records(self, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """The records of some lines, each with the place of its last line, from 1."""
        if self.separator == " ":
            lines = (line.replace("\t", " ").strip() for line in lines)
        reader = csv.reader(
            (line + "\n" for line in lines),
            delimiter=self.separator,
            quotechar=self.quote or '"',
            quoting=self.quoting,
            skipinitialspace=True,
        )
        for record in reader:
            yield reader.line_num, record

    @property
    def quoting(self) -> Any:
        """Whether quotes mean something, as csv and pandas are told."""
        return csv.QUOTE_NONE if self.quote is None else csv.QUOTE_MINIMAL

    def words(self) -> list[str]:
        """What a note says of it."""
        said = {'"': [], "'": ["single quotes around them"], None: ["quotes are letters"]}[self.quote or None]
        return [f"{SEPARATORS.get(self.separator, repr(self.separator))} between cells", *said]


def lines_of(text: str) -> tuple[list[tuple[int, str]], str | None, list[str]]:
    """The lines that hold the table, with their numbers, the separator that the text declares if it does, and notes."""
    lines = [(i + 1, line) for i, line in enumerate(text.split("\n"))]
    first = next((i for i, (_, line) in enumerate(lines) if line.strip()), len(lines))
    found = DECLARED.fullmatch(lines[first][1].strip()) if first < len(lines) else None
    separator = None if found is None else "\t" if found[1] == "\\t" else found[1]
    lines = lines[first + (found is not None) :]
    left_out = comments_among([line for _, line in lines])
    kept: list[tuple[int, str]] = []
    count, inside = 0, False
    for (number, line), comment in zip(lines, left_out):
        if comment and not inside:
            count += 1
        elif inside or line.strip():
            inside ^= line.count('"') % 2 == 1
            kept.append((number, line))
    return kept, separator, [f"{count} line{'s' * (count > 1)} of comment left out"] * (count > 0)


def comments_among(lines: Sequence[str]) -> list[bool]:
    """Which lines are comments: those that begin like one, and have another number of cells than most.

    Above all others the last may hold the names behind its sign: where the next line is no better.

    >>> comments_among(["# a, b, c", "x,y,z", "#1,2,3", "# so far"])
    [True, False, False, True]
    >>> comments_among(["# by hand", "#x,y,z", "1,2,3"])
    [True, False, False]
    """
    alike = [COMMENT.match(line) is not None for line in lines]
    if True not in alike:
        return alike
    said = [line for line in lines if line.strip()]
    sample = [*said[:SAMPLE], *said[-SAMPLE:]]
    modes = {separator: Counter(line.count(separator) for line in sample).most_common(1)[0] for separator in "\t;|,"}
    separator = max(modes, key=lambda each: (modes[each][0] > 0) * modes[each][1])
    count = modes[separator][0]
    record = [count > 0 and line.count(separator) == count for line in lines]
    above = alike.index(False) if False in alike else 0
    below = lines[above].split(separator)
    holds_numbers = any(form_of_numbers([cell.strip()]) is not None for cell in below if cell.strip())
    names = above - 1 if holds_numbers else above
    return [each and (i < names or not record[i]) for i, each in enumerate(alike)]


def form_of(lines: Sequence[str], declared: str | None) -> Form:
    """The form in which the first lines are most alike."""
    sample = lines[:SAMPLE]
    best, most = Form(declared or ",", '"'), 0.0
    for separator in [declared] if declared else SEPARATORS:
        for quote, weight in QUOTES.items():
            form = Form(separator, quote)
            try:
                records = [record for _, record in form.records(sample)]
            except csv.Error:
                continue
            if quote == "'" and 2 * sum(enclosed(line, separator) for line in sample) < len(sample):
                continue
            share = alike(records[: -1 if len(lines) > SAMPLE else None]) * weight * (0.85 if separator == " " else 1.0)
            if share > most:
                best, most = form, share
    return best


def enclosed(line: str, separator: str) -> bool:
    """Whether single quotes stand around a cell of a line."""
    return any(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in map(str.strip, line.split(separator)))


def alike(records: Sequence[Sequence[str]]) -> float:
    """The share of records that have as many cells as most; 0 where those have a single one."""
    if not records:
        return 0.0
    [(width, times)] = Counter(map(len, records)).most_common(1)
    return times / len(records) if width > 1 else 0.0


def has_names(records: Sequence[Sequence[str]], names: Collection[str]) -> bool:
    """Whether the first record holds the names of the columns, and is no sample.

    names       those that the table should have: where the record holds one of them that is told; c1, c2, … tell that
                it does not

    >>> has_names([["a", "b"], ["1", "x"]], ()), has_names([["1", "x"], ["2", "x"]], ())
    (True, False)
    >>> has_names([["country", "1952", "1957"], ["Norway", "3", "4"]], ()), has_names([["p", "x"], ["p", "x"]], ())
    (True, False)
    """
    first, rest = [cell.strip() for cell in records[0]], records[1:SAMPLE]
    if any(name_in(cell) in names for cell in first):
        return True
    if names and all(re.fullmatch(r"c\d+", name) for name in names):
        return False
    said = [cell for cell in first if not is_missing(cell)]
    numbers = [cell for cell in said if form_of_numbers([cell]) is not None]
    if first == [str(i) for i in range(len(first))]:
        return len(first) > 1
    if len(numbers) == len(said):
        return not said
    years = [cell for cell in numbers if re.fullmatch(r"(1[5-9]|20)\d\d", cell)]
    if numbers and (len(years) < len(numbers) or len(set(years)) < len(years)):
        return False
    wordy = [i for i, cell in enumerate(first) if cell and cell not in numbers and i < min(map(len, rest), default=0)]
    again = [i for i in wordy if any(record[i].strip() == first[i] for record in rest)]
    return len(again) * 2 < len(wordy) or not again


def name_in(cell: str) -> str:
    """A name without the quotes of either kind around it."""
    found = NAME.fullmatch(cell.strip())
    return (found[2] if found else cell).strip()


def names_from(record: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of columns, as pandas makes them different, and notes.

    >>> names_from(["'a'", "a", ""])
    (['a', 'a.1', 'Unnamed: 2'], ["several columns are called 'a': they become a, a.1"])
    """
    plain = [name_in(cell) or f"Unnamed: {i}" for i, cell in enumerate(record)]
    plain[:1] = [re.sub(r"^#\s*(?=.)", "", name) for name in plain[:1]]
    taken, names = set(plain), []
    became: dict[str, list[str]] = {}
    for name in plain:
        alike = became.setdefault(name, [])
        another, k = name, len(alike)
        while alike and another in taken:
            another, k = f"{name}.{k}", k + 1
        taken.add(another)
        alike.append(another)
        names.append(another)
    doubled = {name: alike for name, alike in became.items() if len(alike) > 1}
    return names, [f"several columns are called {name!r}: they become {listed(a)}" for name, a in doubled.items()]


def expect_alike(name: str, form: Form, lines: Sequence[str], numbers: Sequence[int], width: int) -> Form:
    """The form in which all records of these lines, which have numbers, are of this width.

    It is the one given, or the same without quotes, where one is opened and not closed. TableError that names the lines
    of records of another width.
    """
    wrong: list[str] = []
    for tried in (form, Form(form.separator, None)):
        found = []
        closed = False
        for end, record in tried.records([*lines, END]):
            closed = record == [END]
            if record and len(record) != width and not closed:
                found.append(f"line {numbers[min(end, len(numbers)) - 1]} has {len(record)}")
        if closed and not found:
            return tried
        wrong = wrong or found
    shown = ", ".join(wrong[:5]) + ", …" * (len(wrong) > 5)
    raise TableError(f"{name}: expected {width} cells in every line, got others in {len(wrong)}: {shown}")
