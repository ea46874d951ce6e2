"""The columns that a network sees: how cells become its inputs.

    raw         the numbers of a cell before they are scaled: one of a number, several of a date, 0 or 1 of a category
    filled      a cell that is missing, or says nothing of use, in whose place the median stands
    indicator   an input that is 1 where something holds, else 0

Each column has a `kind` and offers the same: `inputs`, the names of what it gives the network; `raw(cells)`, which
reads cells; `scaled(raw)`, which makes them what the network sees; and `to_dict()`, what a model file holds of it.
"""

from __future__ import annotations

import math

from micrograd.tables.cells import (
    MISSING_AMONG_NUMBERS,
    NumberForm,
    form_of_numbers,
    forms_of_dates,
    is_missing,
    moment,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.tables.cells import Cell

    Raw = tuple[list[list[float]], list[str]]

YEAR = 365.2425


class Scale:
    """One number as an input: (x − mean) / deviation, with the median where x is missing.

    indicator   whether a second input tells that it was missing
    """

    def __init__(self, median: float, mean: float, deviation: float, indicator: bool) -> None:
        self.median, self.mean, self.deviation, self.indicator = median, mean, deviation, indicator

    def raw(self, numbers: Sequence[float | None]) -> list[list[float]]:
        """The numbers, and the indicator if there is one."""
        filled = [self.median if x is None else x for x in numbers]
        return [filled, [float(x is None) for x in numbers]] if self.indicator else [filled]

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values."""
        return [(raw[0] - self.mean) / self.deviation, *raw[1:]]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return dict(vars(self))


class Number:
    """A column of numbers.

    >>> age = Number("age", NumberForm(), Scale(30.0, 31.0, 10.0, True))
    >>> age.inputs, age.raw(["41", "NA"])
    (['age', 'age is missing'], ([[41.0, 30.0], [0.0, 1.0]], ['age: 1 missing cell filled by 30']))
    >>> age.scaled([41.0, 0.0])
    [1.0, 0.0]
    """

    kind = "number"

    def __init__(self, name: str, form: NumberForm, scale: Scale) -> None:
        self.name, self.form, self.scale = name, form, scale
        self.inputs = [name, f"{name} is missing"][: 1 + scale.indicator]

    def raw(self, cells: Sequence[Cell]) -> Raw:
        """The raw numbers, input by input, and what has to be said of the cells."""
        numbers, notes = read_numbers(self.name, cells, self.form)
        if any(x is None for x in numbers):
            notes.append(filled(self.name, numbers, f"{self.scale.median:g}"))
        return self.scale.raw(numbers), notes

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values."""
        return self.scale.scaled(raw)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {"kind": self.kind, "name": self.name, "form": self.form.to_dict(), "scale": self.scale.to_dict()}


class Date:
    """A column of dates: days, and where these go through a year or a day, the place on the circle of it.

    parts       the names of PARTS that are used, and the scale of each
    """

    kind = "date"

    def __init__(self, name: str, form: str, parts: list[str], scales: list[Scale]) -> None:
        self.name, self.form, self.parts, self.scales = name, form, parts, scales
        self.inputs = [f"{name}, {part}" for part in parts]
        self.inputs += [f"{name} is missing"] * scales[0].indicator

    def raw(self, cells: Sequence[Cell]) -> Raw:
        """The raw numbers, input by input, and what has to be said of the cells."""
        days, notes = read_dates(self.name, cells, self.form)
        if any(x is None for x in days):
            notes.append(filled(self.name, days, "the middle"))
        columns = [scale.raw(part_of(days, part)) for part, scale in zip(self.parts, self.scales)]
        return [column[0] for column in columns] + columns[0][1:], notes

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values."""
        return [scale.scaled([x])[0] for scale, x in zip(self.scales, raw)] + list(raw[len(self.scales) :])

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        scales = [scale.to_dict() for scale in self.scales]
        return {"kind": self.kind, "name": self.name, "form": self.form, "parts": self.parts, "scales": scales}


class Category:
    """A column of words: an indicator for each of its values.

    values      the words; None is a missing cell
    others      whether one more indicator stands for all other words

    >>> Category("sex", ["f", "m"], False).raw(["m", "f", "d"])
    ([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], ["sex: 1 cell with an unknown value ('d'), taken as none of its values"])
    """

    kind = "category"

    def __init__(self, name: str, values: list[str | None], others: bool) -> None:
        self.name, self.values, self.others = name, values, others
        self.inputs = [f"{name} is missing" if value is None else f"{name} = {value}" for value in values]
        self.inputs += [f"{name} = another"] * others

    def raw(self, cells: Sequence[Cell]) -> Raw:
        """The raw numbers, input by input, and what has to be said of the cells."""
        words = [word_of(cell) for cell in cells]
        columns = [[float(word == value) for word in words] for value in self.values]
        known = set(self.values)
        strange = [word for word in words if word not in known]
        if self.others:
            columns.append([float(word not in known) for word in words])
            return columns, []
        if not strange:
            return columns, []
        named = listed(["missing" if word is None else repr(word) for word in dict.fromkeys(strange)])
        what = f"{len(strange)} cell{'s' * (len(strange) > 1)} with an unknown value ({named})"
        return columns, [f"{self.name}: {what}, taken as none of its values"]

    def scaled(self, raw: Sequence[Any]) -> list[Any]:
        """The inputs from the raw numbers of a row, which may be Values."""
        return list(raw)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {"kind": self.kind, "name": self.name, "values": self.values, "others": self.others}


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


def read_numbers(name: str, cells: Sequence[Cell], form: NumberForm) -> tuple[list[float | None], list[str]]:
    """The numbers of a column, None where there is none, and a note of cells that hold something else.

    Where the file writes numbers in another form than the one that was trained on, that is found out.
    """
    notes = []
    said = [cell for cell in cells if not is_missing(cell, MISSING_AMONG_NUMBERS)]
    if any(form.number(cell) is None for cell in said):
        another = None if form.words else form_of_numbers(set(said), form.decimal)
        if another is not None and sum(another.number(c) is None for c in said) < sum(
            form.number(c) is None for c in said
        ):
            form = another
            notes.append(f"{name}: taken as numbers with {form.words_for_it() or 'decimal points'}")
    numbers = [None if is_missing(cell, MISSING_AMONG_NUMBERS) else form.number(cell) for cell in cells]
    strange = [cell for cell in said if form.number(cell) is None]
    if strange:
        named = listed([repr(cell) for cell in dict.fromkeys(strange)])
        notes.append(f"{name}: {len(strange)} cells that hold no number ({named}), taken as missing")
    return numbers, notes


def read_dates(name: str, cells: Sequence[Cell], form: str) -> tuple[list[float | None], list[str]]:
    """The days of a column, None where there is no date, and a note of cells that hold something else."""
    notes = []
    said = [cell for cell in cells if not is_missing(cell, MISSING_AMONG_NUMBERS)]
    if said and all(moment(cell, form) is None for cell in said[:20]):
        another = forms_of_dates(list(dict.fromkeys(said)))
        if another:
            form = another[0]
            notes.append(f"{name}: taken as dates of the form {form}")
    known = {cell: moment(cell, form) for cell in set(said)}
    strange = [cell for cell in said if known[cell] is None]
    if strange:
        named = listed([repr(cell) for cell in dict.fromkeys(strange)])
        notes.append(f"{name}: {len(strange)} cells that hold no date ({named}), taken as missing")
    return [known.get(cell) for cell in cells], notes


PARTS = {
    "days": lambda day: day,
    "sine of the year": lambda day: math.sin(2.0 * math.pi * day / YEAR),
    "cosine of the year": lambda day: math.cos(2.0 * math.pi * day / YEAR),
    "sine of the day": lambda day: math.sin(2.0 * math.pi * (day % 1.0)),
    "cosine of the day": lambda day: math.cos(2.0 * math.pi * (day % 1.0)),
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


def filled(name: str, values: Sequence[float | None], by: str) -> str:
    """The note that cells of a column are filled."""
    count = sum(value is None for value in values)
    return f"{name}: {count} missing cell{'s' * (count > 1)} filled by {by}"


def listed(words: Sequence[str], most: int = 5) -> str:
    """The first of some words.

    >>> listed(["a", "b", "c"], 2)
    'a, b, …'
    """
    return ", ".join([*words[:most], *["…"] * (len(words) > most)])
