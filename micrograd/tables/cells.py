"""What a cell says: nothing, a number in one of the ways in which people write numbers, or a date.

cell        text, or what a frame holds: a float, or None for what is missing
form        in which way the cells of a column are written: a `NumberForm`, or a format of `datetime.strptime`
decimal     the sign before the fraction, "." or ","
thousands   the sign between groups of three digits, "" for none
unit        a sign that stands beside each number: "%", "$", …
words       the two words of a column of truth values, the false one first
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Union

    Cell = Union[str, float, None]

# In small letters. What says "nothing" wherever it stands, and what does so among numbers alone: elsewhere "none" may
# well be an answer.
MISSING = frozenset(
    "|na|n/a|n.a.|n.a|nan|-nan|nat|null|(null)|<na>|#n/a|#na|#n/a n/a|-1.#ind|1.#ind|-1.#qnan|1.#qnan|?|\\n".split("|")
)
MISSING_AMONG_NUMBERS = MISSING | frozenset(
    "none|nil|-|--|---|–|—|.|..|...|…|*|x|missing|unknown|undefined|#value!|#div/0!|#ref!|#num!|#null!|#name?".split(
        "|"
    )
)
TRUTH = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"))
UNITS = "%$€£¥"
MOSTLY = 0.9  # of the cells that say something must be numbers, or dates, for a column to be one of those

GROUPED = {
    sign: re.compile(rf"[+-]?\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+(?![\d{re.escape(sign)}])") for sign in ",. '"
}
FRACTION = {sign: re.compile(rf"[+-]?(?:\d*{re.escape(sign)}(?!\d{{3}}$)\d+|0{re.escape(sign)}\d+)") for sign in ".,"}
BLANKS = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ",
                        "−": "-", "’": "'"})  # fmt: skip


def is_missing(cell: Cell, words: Collection[str] = MISSING) -> bool:
    """Whether a cell says nothing.

    >>> [is_missing(cell) for cell in (None, " ", "NA", "N/A", "none", "0")]
    [True, True, True, True, False, False]
    """
    if isinstance(cell, str):
        return cell.strip().casefold() in words
    return cell is None or cell != cell


class NumberForm:
    """In which way the numbers of a column are written.

    >>> NumberForm(thousands=",").number("3,750.5"), NumberForm(decimal=",", unit="%").number("12,5 %")
    (3750.5, 12.5)
    >>> NumberForm(words=["no", "yes"]).number("Yes"), NumberForm().number("3,750")
    (1.0, None)
    """

    def __init__(self, decimal: str = ".", thousands: str = "", unit: str = "", words: list[str] | None = None) -> None:
        self.decimal, self.thousands, self.unit, self.words = decimal, thousands, unit, words

    def __repr__(self) -> str:
        return f"NumberForm({self.to_dict()})"

    def to_dict(self) -> dict[str, object]:
        """As it stands in a model file: what differs from plain numbers."""
        return {name: value for name, value in vars(self).items() if value != vars(PLAIN)[name]}

    def number(self, cell: Cell) -> float | None:
        """The number in a cell, None if there is none in this form; inf where it is too large for a float."""
        if not isinstance(cell, str):
            return None if cell is None or cell != cell else float(cell)
        if self.words is not None:
            word = cell.strip().casefold()
            return {self.words[0]: 0.0, self.words[1]: 1.0, "0": 0.0, "1": 1.0}.get(word)
        if self.unit or self.decimal != "." or self.thousands:
            cell = self.plain(cell)
        return plain_number(cell)

    def plain(self, cell: str) -> str:
        """The text with a point before the fraction, and nothing between or beside the digits."""
        text = cell.translate(BLANKS).strip()
        if self.unit == "%" and "%" not in text:
            return text if text == "0" else ""  # 5 beside 5% might be 500%
        if self.unit:
            sign, text = ("-", text[1:]) if text[:1] == "-" else ("", text)
            text = sign + text.removeprefix(self.unit).removesuffix(self.unit).strip()
        if self.thousands and self.thousands in text:
            if not GROUPED[self.thousands].match(text):
                return ""
            text = text.replace(self.thousands, "")
        if self.decimal != ".":
            return "" if "." in text else text.replace(self.decimal, ".")
        return text

    def words_for_it(self) -> str:
        """What a note says of it; nothing of plain numbers.

        >>> NumberForm(thousands=",").words_for_it(), PLAIN.words_for_it()
        ("',' between thousands", '')
        """
        if self.words is not None:
            return f"{self.words[1]} is 1, {self.words[0]} is 0"
        said = [f"{self.unit} left out"] if self.unit else []
        said += [f"{self.thousands!r} between thousands"] if self.thousands else []
        said += ["decimal commas"] if self.decimal == "," else []
        return ", ".join(said)


PLAIN = NumberForm()


def plain_number(text: str) -> float | None:
    """The number in a text as Python writes it, without underscores."""
    try:
        value = float(text)
    except ValueError:
        return plain_number(text.replace("−", "-")) if "−" in text else None
    return None if "_" in text or value != value else value


def form_of_numbers(cells: Collection[Cell], decimal: str = ".") -> NumberForm | None:
    """The form in which most of the cells are numbers, None if there is none; `decimal` where several would do.

    >>> form_of_numbers(["1,5", "20,25"]).to_dict(), form_of_numbers(["1,500", "20,250"]).to_dict()
    ({'decimal': ','}, {'thousands': ','})
    >>> form_of_numbers(["Yes", "no"]).to_dict(), form_of_numbers(["red", "blue"])
    ({'words': ['no', 'yes']}, None)
    """
    texts = [cell for cell in cells if isinstance(cell, str)]
    said = {text.strip().casefold() for text in texts[:10]} if len(texts) == len(cells) <= 10 else set()
    for pair in TRUTH:
        if said == set(pair):
            return NumberForm(words=list(pair))
    count = sum(PLAIN.number(cell) is not None for cell in cells)
    if count == len(cells) and (decimal == "." or not any("." in text for text in texts)):
        return PLAIN
    if sum(any(c.isdigit() for c in text) for text in texts[:100]) < 0.5 * len(texts[:100]):
        return None
    unit = next((unit for unit in UNITS if sum(unit in text for text in texts) > 0.5 * len(texts)), "")
    best, most = None, MOSTLY * len(cells)
    for point in (".", ",") if decimal == "." else (",", "."):
        for thousands in ("", "," if point == "." else ".", " ", "'"):
            form = NumberForm(point, thousands, unit)
            count = sum(form.number(cell) is not None for cell in cells)
            if count >= most and (best is None or count > most):
                best, most = form, count
    return best


def decimal_of(cells: Iterable[Cell]) -> str | None:
    """The sign before fractions in the cells of a table, None where they leave it open.

    >>> decimal_of(["1,5", "2"]), decimal_of(["1.5", "2"]), decimal_of(["1,500", "red"])
    (',', '.', None)
    """
    count = {".": 0, ",": 0}
    for cell in cells:
        if isinstance(cell, str):
            text = cell.strip(" %$€£¥")
            for sign in count:
                count[sign] += sign in text and FRACTION[sign].fullmatch(text) is not None
    if count["."] == count[","]:
        return None
    return max(count, key=lambda sign: count[sign])


# Dates

DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%Y",
        "%m-%d-%Y", "%b %d %Y", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%B %d %Y", "%B %d, %Y", "%d %B %Y",
        "%b-%d-%Y", "%Y-%m", "%Y/%m", "%b %Y", "%B %Y", "%b-%y", "%b-%Y", "%Y-%b", "%a %b %d %Y")  # fmt: skip
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %I:%M %p",
         " %I:%M:%S %p")  # fmt: skip
ZONES = ("", "%z", " %z")
CLOCK = ("%H:%M", "%H:%M:%S")
QUARTERS = "%Y Q%q"  # which strptime does not know: 1974Q1, 1974 Q1, 1974-Q1
QUARTER = re.compile(r"(\d{4})[ -]?[Qq]([1-4])")
EPOCH = datetime(1970, 1, 1)


def shape(text: str) -> str:
    """A text with "a" for each word, and "0" for each number: dates of one form have one shape.

    >>> shape("Jan 31, 1999"), shape("1999-01-31T08:00Z")
    ('a 0, 0', '0-0-0a0:0a')
    """
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", text.strip()))


def forms_by_shape() -> dict[str, list[str]]:
    """The forms of dates that a text of a shape may have."""
    found: dict[str, list[str]] = {}
    stamps = [day + time + zone for day in DAYS for time in TIMES for zone in (ZONES if time else ZONES[:1])]
    for form in [*stamps, *CLOCK]:
        plain = re.sub(r"%[YmdyHMSfI]", "0", re.sub(r"%[bBap]", "a", form))
        for zone in ("Z", "+0", "-0", "+0:0", "-0:0") if "%z" in form else ("",):
            found.setdefault(shape(plain.replace("%z", zone)), []).append(form)
    return {**found, **dict.fromkeys(("0a0", "0 a0", "0-a0"), [QUARTERS])}


SHAPES = forms_by_shape()


def moment(cell: Cell, form: str) -> float | None:
    """The days from the beginning of 1970 to a date, None if there is none in this form.

    >>> moment("1970-01-02 12:00", "%Y-%m-%d %H:%M"), moment("red", "%Y-%m-%d")
    (1.5, None)
    """
    if not isinstance(cell, str):
        return None
    quarter = QUARTER.fullmatch(cell.strip()) if form == QUARTERS else None
    try:
        if quarter is not None:
            found = datetime(int(quarter[1]), 3 * int(quarter[2]) - 2, 1)
        else:
            found = datetime.strptime(cell.strip(), form)
    except ValueError:
        return None
    if found.tzinfo is not None:
        found = found.astimezone(timezone.utc).replace(tzinfo=None)
    return (found - EPOCH).total_seconds() / 86400.0


def forms_of_dates(cells: Sequence[Cell]) -> list[str]:
    """The forms in which most of the cells are dates, by the first of them.

    >>> forms_of_dates(["31/12/1999", "01/02/2000"]), forms_of_dates(["red"]), forms_of_dates(["01/02/2000"])
    (['%d/%m/%Y'], [], ['%m/%d/%Y', '%d/%m/%Y'])
    """
    sample = [cell for cell in cells[:1000] if isinstance(cell, str)]
    likely = dict.fromkeys([form for cell in sample[:10] for form in SHAPES.get(shape(cell), [])])
    counts = {form: sum(moment(cell, form) is not None for cell in sample) for form in likely}
    most = max(counts.values(), default=0)
    return [form for form in likely if counts[form] == most >= MOSTLY * len(cells[:1000])]
