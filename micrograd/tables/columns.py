"""The columns that a network sees: how cells become its inputs.

    value       what a cell of a column says: a number, days, or a word; None where it says nothing
    number      what stands for a value in a row of numbers: nan where it is missing, for a word its place among those
                of the column
    raw         numbers for the network, before they are scaled: one of a number, several of a date, 0 or 1 of a word
    indicator   a raw number that is 1 where something holds, else 0
    strange     cells of which nothing is made: words among numbers, words that are not known

Each column has a `kind` and offers the same: `inputs`, the names of what it gives the network; `read(cells)`, which
makes values of cells; `number(value)`; `of_number(x)`, the raw numbers of a number, which may be a Value, and so is
exported too; `scaled(raw)`, which makes them what the network sees; and `to_dict()`, what a model file holds of it.
"""

from __future__ import annotations

import math

from micrograd.functions import cos, round, sin, where
from micrograd.tables.cells import (
    MISSING_AMONG_NUMBERS,
    NumberForm,
    form_of_numbers,
    forms_of_dates,
    is_missing,
    moment,
)
from micrograd.tables.errors import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    from micrograd.tables.cells import Cell

    Column = Union["Number", "Date", "Category"]
    Values = list[Any]

YEAR = 365.2425


def by_name(self: Any) -> str:
    """The repr of a column: its kind and its name."""
    return f"{type(self).__name__}({self.name!r})"


class Scale:
    """One number as an input: (x − mean) / deviation, with the median where x is missing.

    indicator   whether a second input tells that it was missing
    """

    def __init__(self, median: float, mean: float, deviation: float, indicator: bool) -> None:
        self.median, self.mean, self.deviation, self.indicator = median, mean, deviation, indicator

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values."""
        return [(raw[0] - self.mean) / self.deviation, *raw[1:]]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return dict(vars(self))


class Number:
    """A column of numbers.

    >>> age = Number("age", NumberForm(), Scale(30.0, 31.0, 10.0, True))
    >>> age.read(["41", "NA", "old"])
    ([41.0, None, None], ['old'])
    >>> age.inputs, age.of_number(math.nan), age.scaled([41.0, 0.0])
    (['age', 'age is missing'], [30.0, 1.0], [1.0, 0.0])
    """

    kind = "number"
    __repr__ = by_name

    def __init__(self, name: str, form: NumberForm, scale: Scale) -> None:
        self.name, self.form, self.scale = name, form, scale
        self.inputs = [name, f"{name} is missing"][: 1 + scale.indicator]

    def read(self, cells: Sequence[Cell]) -> tuple[Values, list[Cell]]:
        """The numbers in cells, and strange cells."""
        return read_by(self.form.number, cells)

    def written_as(self, cells: Sequence[Cell]) -> Number:
        """The same column, in the form in which these cells are written."""
        form = form_for(cells, self.form)
        return self if form is self.form else Number(self.name, form, self.scale)

    def number(self, value: float | None) -> float:
        """What stands for a value: the number itself."""
        return math.nan if value is None else value

    def of_number(self, x: Any) -> list[Any]:
        """The number, the median where it is missing, and the indicator if there is one."""
        present = x <= math.inf  # which a nan is not
        return [where(present, x, self.scale.median)] + [1.0 - present] * self.scale.indicator

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values, or arrays."""
        return self.scale.scaled(raw)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {"kind": self.kind, "name": self.name, "form": self.form.to_dict(), "scale": self.scale.to_dict()}


class Date:
    """A column of dates: days, and where these go through a year or a day, the place on the circle of it.

    parts       the names of PARTS that are used, and the scale of each

    >>> born = Date("born", "%Y-%m-%d", ["days"], [Scale(0.0, 0.0, 2.0, False)])
    >>> born.read(["1970-01-05"]), born.of_number(4.0), born.scaled([4.0])
    (([4.0], []), [4.0], [2.0])
    """

    kind = "date"
    __repr__ = by_name

    def __init__(self, name: str, form: str, parts: list[str], scales: list[Scale]) -> None:
        self.name, self.form, self.parts, self.scales = name, form, parts, scales
        self.inputs = [f"{name}, {part}" for part in parts]
        self.inputs += [f"{name} is missing"] * scales[0].indicator

    def read(self, cells: Sequence[Cell]) -> tuple[Values, list[Cell]]:
        """The days of cells, and strange cells."""
        return read_dates(cells, self.form)

    def written_as(self, cells: Sequence[Cell]) -> Date:
        """The same column, in the form in which these cells are written."""
        form = form_for_dates(cells, self.form)
        return self if form == self.form else Date(self.name, form, self.parts, self.scales)

    def number(self, value: float | None) -> float:
        """What stands for a value: the days themselves."""
        return math.nan if value is None else value

    def of_number(self, x: Any) -> list[Any]:
        """The parts of a date, the median of each where it is missing, and the indicator if there is one."""
        present = x <= math.inf  # which a nan is not
        filled = [where(present, PARTS[part](x), scale.median) for part, scale in zip(self.parts, self.scales)]
        return filled + [1.0 - present] * self.scales[0].indicator

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values, or arrays."""
        return [scale.scaled([x])[0] for scale, x in zip(self.scales, raw)] + list(raw[len(self.scales) :])

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        scales = [scale.to_dict() for scale in self.scales]
        return {"kind": self.kind, "name": self.name, "form": self.form, "parts": self.parts, "scales": scales}


class Category:
    """A column of words: an indicator for each of them.

    words       None among them stands for a missing cell
    others      whether one more indicator stands for all other words

    >>> sex = Category("sex", ["f", "m"], False)
    >>> sex.inputs, sex.read(["m", "f", "d"]), sex.number("m"), sex.of_number(1.0)
    (['sex = f', 'sex = m'], (['m', 'f', None], ['d']), 1.0, [0.0, 1.0])
    """

    kind = "category"
    __repr__ = by_name

    def __init__(self, name: str, words: list[str | None], others: bool) -> None:
        self.name, self.words, self.others = name, words, others
        self.places = {word: place for place, word in enumerate(words)}
        self.inputs = [f"{name} is missing" if word is None else f"{name} = {word}" for word in words]
        self.inputs += [f"{name} = another"] * others

    def read(self, cells: Sequence[Cell]) -> tuple[Values, list[Cell]]:
        """The words of cells, and those that are not known, in whose place None stands unless others are expected."""
        known = {cell: word_of(cell) for cell in set(cells)}
        words = [known[cell] for cell in cells]
        if self.others:
            return words, []
        strange: list[Cell] = [word for word in words if word is not None and word not in self.words]
        return [word if word in self.words else None for word in words] if strange else words, strange

    def written_as(self, cells: Sequence[Cell]) -> Category:
        """The same column: words are written in one form."""
        return self

    def number(self, value: str | None) -> float:
        """What stands for a value: the place of a word, one past the last for another word."""
        return math.nan if value is None else float(self.places.get(value, len(self.words)))

    def of_number(self, x: Any) -> list[Any]:
        """The indicator of each word."""
        present = x <= math.inf  # which a nan is not
        hits = [1.0 - present if word is None else (x >= i) * (1.0 * (x <= i)) for i, word in enumerate(self.words)]
        return [*hits, 1.0 - sum(hits)] if self.others else hits

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values, or arrays."""
        return list(raw)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {"kind": self.kind, "name": self.name, "words": self.words, "others": self.others}


def raw(column: Column, values: Values) -> list[list[float]]:
    """The raw numbers of values, input by input; each value is looked at once.

    >>> raw(Category("sex", ["f", "m"], False), ["m", "f", None])
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    known = {value: column.of_number(column.number(value)) for value in set(values)}
    return [[known[value][i] for value in values] for i in range(len(column.inputs))]


def scaled(columns: Sequence[Column], raw: Sequence[Any]) -> list[Any]:
    """What the network sees of raw numbers, one for each input: of a row, or arrays of those of many rows."""
    found, at = [], 0
    for column in columns:
        found += column.scaled(raw[at : at + len(column.inputs)])
        at += len(column.inputs)
    return found


# Reading cells


def word_of(cell: Cell) -> str | None:
    """A cell as a word, None where it is missing; a whole number as it is written in files.

    >>> word_of(" red "), word_of(3.0), word_of("NA")
    ('red', '3', None)
    """
    if is_missing(cell):
        return None
    if isinstance(cell, str):
        return cell.strip()
    return str(int(cell)) if cell == cell // 1 else repr(cell)  # type: ignore[operator]


def form_for(cells: Sequence[Cell], form: NumberForm) -> NumberForm:
    """The form in which cells are written: this one, unless more of them are numbers in another.

    >>> form_for(["3,750", "1,000.5"], NumberForm()).to_dict()
    {'thousands': ','}
    """
    strange = read_by(form.number, cells)[1]
    if not strange or form.words is not None:
        return form
    said = [cell for cell in dict.fromkeys(cells) if not is_missing(cell, MISSING_AMONG_NUMBERS)]
    another = form_of_numbers(said, form.decimal)
    return form if another is None or len(read_by(another.number, cells)[1]) >= len(strange) else another


def form_for_dates(cells: Sequence[Cell], form: str) -> str:
    """The same for dates."""
    strange = read_dates(cells, form)[1]
    said = [cell for cell in dict.fromkeys(cells) if not is_missing(cell, MISSING_AMONG_NUMBERS)] if strange else []
    another = next(iter(forms_of_dates(said)), form)
    return form if not strange or len(read_dates(cells, another)[1]) >= len(strange) else another


def read_dates(cells: Sequence[Cell], form: str) -> tuple[list[float | None], list[Cell]]:
    """The days of dates, None where there is none, and the cells that hold something else."""
    return read_by(lambda cell: moment(cell, form), cells)


def read_by(value: Callable[[Cell], float | None], cells: Sequence[Cell]) -> tuple[list[float | None], list[Cell]]:
    """What cells say, and those that say something else; each is looked at once."""
    known = {cell: value(cell) for cell in set(cells)}
    strange = {cell for cell, x in known.items() if x is None and not is_missing(cell, MISSING_AMONG_NUMBERS)}
    return [known[cell] for cell in cells], [cell for cell in cells if cell in strange] if strange else []


# Dates


PARTS = {
    "days": lambda day: day,
    "sine of the year": lambda day: sin(2.0 * math.pi / YEAR * day),
    "cosine of the year": lambda day: cos(2.0 * math.pi / YEAR * day),
    "sine of the day": lambda day: sin(2.0 * math.pi * (day - round(day))),
    "cosine of the day": lambda day: cos(2.0 * math.pi * (day - round(day))),
}


def part_of(days: Sequence[float | None], part: str) -> list[float | None]:
    """A part of dates, None where there is none."""
    return [None if day is None else PARTS[part](day) for day in days]


def parts_for(days: Sequence[float]) -> list[str]:
    """The parts that tell dates apart: the year where they span most of one, the day where they have hours."""
    parts = ["days"]
    if days and max(days) - min(days) > 300.0:
        parts += ["sine of the year", "cosine of the year"]
    if len({day % 1.0 for day in days}) > 1:
        parts += ["sine of the day", "cosine of the day"]
    return parts


# Notes


def note_of_form(column: Column) -> list[str]:
    """How the cells of a column are written, where that is not plain."""
    if isinstance(column, Date):
        return [f"{column.name}: dates of the form {column.form}"]
    words = column.form.words_for_it() if isinstance(column, Number) else ""
    return [f"{column.name}: {words}"] if words else []


FILLED, APART = "missing cells filled by the median", "missing words, which have an input of their own"
WITHOUT, UNKNOWN, ODD = "missing words taken as none", "unknown words taken as none", "cells taken as missing"


def notes_of(columns: Sequence[Column], values: Sequence[Values], strange: Sequence[Sequence[Cell]]) -> list[str]:
    """What has to be said of the cells of a table: which were filled, and of which nothing was made."""
    notes: dict[str, list[str]] = {what: [] for what in (FILLED, APART, WITHOUT, ODD, UNKNOWN)}
    for column, each, cells in zip(columns, values, strange):
        missing = sum(value is None for value in each)
        what, odd = FILLED, ODD
        if isinstance(column, Category):
            missing -= len(cells)
            what, odd = APART if None in column.words else WITHOUT, UNKNOWN
        by = f" by {column.scale.median:g}" if isinstance(column, Number) else ""
        notes[what] += [f"{column.name} ({missing}{by})"] if missing else []
        notes[odd] += [f"{column.name} ({shown(cells)})"] if cells else []
    return [f"{what}: {', '.join(said)}" for what, said in notes.items() if said]


def shown(cells: Sequence[Cell]) -> str:
    """Some cells, each once, with how often it stands there.

    >>> shown(["a", "b", "a"])
    "'a' 2 times, 'b'"
    """
    count = dict.fromkeys(cells, 0)
    for cell in cells:
        count[cell] += 1
    return listed([repr(cell) + f" {times} times" * (times > 1) for cell, times in count.items()])
