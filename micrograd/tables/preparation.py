"""`prepare`: which columns are inputs and how they are encoded, what is predicted, and which rows are held out.

scikit-learn does the fitting: medians, means and deviations, the words that are frequent enough, the stratified split.
What it finds stands in `columns`, which encode rows by it, here and in every other process.

left out    a column of which nothing is made, and why
"""

from __future__ import annotations

import math
from collections import Counter
from difflib import get_close_matches

from micrograd.tables.cells import MISSING_AMONG_NUMBERS, form_of_numbers, forms_of_dates, is_missing
from micrograd.tables.columns import (
    Category,
    Date,
    Number,
    Scale,
    listed,
    part_of,
    parts_for,
    read_dates,
    read_numbers,
    word_of,
)
from micrograd.tables.errors import DATA, TableError, quoted
from micrograd.tables.model import scaled
from micrograd.tables.reading import absent_cells, read_table
from micrograd.tables.targets import ClassTarget, NumberTarget, class_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from micrograd.tables.cells import Cell, NumberForm
    from micrograd.tables.model import Column
    from micrograd.tables.reading import Table
    from micrograd.tables.targets import Target

MOST_CLASSES = 100
MOST_WORDS = 30  # indicators of a column; rarer words share one more
FEW_NUMBERS = 20  # whole numbers that may stand for classes
OTHER = "choose another to predict"
LARGEST = 1e150  # beyond it squares are no floats
ROW_NUMBERS = {"unnamed: 0", "index", "id", "rowid", "row_id", "row", "rownames", "rownumber", "obs", "no", "nr", "c1"}


class Prepared:
    """A table made ready for a training.

    target, columns     what is predicted, and what from
    left_out            column -> why nothing is made of it
    notes               what was decided
    X, y                rows of scaled inputs, and what the network should return for each
    rows                the place in the table of each row: those whose target is missing are not among them
    trained, tested     places in X and y of the rows to learn from, and of those held out

    >>> prepared = prepare({"x": [1, 2, 3, 4, 5], "y": [2, 4, 6, 8, 10]})
    >>> prepared.X.shape, len(prepared.trained), len(prepared.tested)
    ((5, 1), 4, 1)
    """

    def __init__(
        self,
        table: Table,
        target: Target,
        columns: list[Column],
        left_out: dict[str, str],
        notes: list[str],
        rows: list[int],
        X: Any,
        y: list[Any],
        split: tuple[list[int], list[int]],
    ) -> None:
        self.table, self.target, self.columns, self.left_out = table, target, columns, left_out
        self.notes, self.rows, self.X, self.y = notes, rows, X, y
        self.trained, self.tested = split
        self.inputs = [name for column in columns for name in column.inputs]


def prepare(
    table: Any,
    *,
    target: str | None = None,
    inputs: Collection[str] | None = None,
    ignore: Collection[str] = (),
    classify: bool | None = None,
    held_out: float = 0.2,
    seed: int = 0,
) -> Prepared:
    """Make a table, or a source of one, ready for a training.

    target      the column to predict; the last one unless given
    inputs      the columns to predict it from; all others unless given
    ignore      columns of which nothing is made
    classify    True: the target is a class; False: a number; None: words and two numbers are classes
    held_out    the share of rows kept for testing
    seed        of the choice of these rows

    TableError for a table or a choice of which no training comes, ImportError without scikit-learn.

    >>> prepared = prepare({"id": [1, 2, 3, 4], "x": ["1", "2", "NA", "4"], "y": ["a", "b", "a", "b"]}, held_out=0.0)
    >>> prepared.inputs, prepared.left_out
    (['x', 'x is missing'], {'id': 'numbers the rows'})
    """
    table = read_table(table, names=[] if target is None else [target])
    if not 0.0 <= held_out < 1.0:
        raise TableError(f"expected a share of rows to hold out, from 0 to below 1, got {held_out:g}")
    chosen, names = choice(table, target, inputs, ignore)
    form, kind, notes = kind_of_target(table, chosen, classify)
    cells = table.cells(chosen)
    if kind == "class":
        words = [word_of(cell) for cell in cells]
        values: list[Any] = [class_of(word) for word in words] if form else words
    else:
        values = read_numbers(chosen, cells, form)[0]  # type: ignore[arg-type]
    rows = [i for i, value in enumerate(values) if value is not None]
    expect_rows(table, chosen, rows)
    if len(rows) < len(cells):
        count = len(cells) - len(rows)
        notes.append(f"{count} row{'s' * (count > 1)} whose {chosen} is missing left out")
    known = [values[i] for i in rows]
    if kind == "class":
        expect_classes(table, chosen, known, names)
    split = split_of(known, held_out, seed, stratified=kind == "class")
    left_out, columns, more = columns_of(table, names, rows, split[0], explicit=inputs is not None)
    if not columns:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise TableError(f"{table.name}: no column is left to predict {chosen!r} from ({why})")
    found = target_of(table, chosen, kind, form, [known[i] for i in split[0]], known)
    X, filled = encoded(table, columns, rows)
    y = [found.learned(value) for value in known]
    return Prepared(table, found, columns, left_out, [*notes, *more, *filled], rows, X, y, split)


def encoded(table: Table, columns: Sequence[Column], rows: Sequence[int]) -> tuple[Any, list[str]]:
    """The scaled inputs of some rows, an array, and notes of cells that are filled."""
    import numpy

    raw: list[Any] = []
    notes: list[str] = []
    for column in columns:
        cells = table.cells(column.name)
        numbers, said = column.raw([cells[i] for i in rows])
        raw += [numpy.array(each) for each in numbers]
        notes += said
    return numpy.stack(scaled(columns, raw), axis=1), notes


# The choice


def choice(
    table: Table, target: str | None, inputs: Collection[str] | None, ignore: Collection[str]
) -> tuple[str, list[str]]:
    """The target and the columns to look at; TableError that names all columns that are not there."""
    asked = {"target": [] if target is None else [target], "inputs": inputs or [], "ignore": ignore}
    absent = {name: option for option, names in asked.items() for name in names if name not in table.columns}
    if absent:
        near = {name: get_close_matches(name, table.names, 1) for name in absent}
        said = ", ".join(repr(name) + f" (did you mean {close[0]!r}?)" * bool(close) for name, close in near.items())
        raise TableError(f"{table.name}: no column {said}; the columns are {', '.join(table.names)}")
    chosen = target if target is not None else [name for name in table.names if name not in ignore][-1:][0]
    names = [name for name in (table.names if inputs is None else inputs) if name != chosen and name not in ignore]
    if chosen in ignore or (inputs is not None and chosen in inputs):
        raise TableError(f"{table.name}: {chosen!r} is the target, and cannot be an input or ignored as well")
    if not names:
        raise TableError(f"{table.name}: {chosen!r} is the only column; expected at least one input beside the target")
    return chosen, list(dict.fromkeys(names))


def kind_of_target(table: Table, name: str, classify: bool | None) -> tuple[NumberForm | None, str, list[str]]:
    """The form of the target if it holds numbers, whether it is a "number" or a "class", and what to say of that."""
    said = [cell for cell in table.cells(name) if not is_missing(cell)]
    among = [cell for cell in said if not is_missing(cell, MISSING_AMONG_NUMBERS)]
    form = form_of_numbers(among, table.decimal) if among else None
    words = form is None or form.words is not None
    if words and classify is False:
        shown = listed([repr(cell) for cell in dict.fromkeys(said)])
        raise TableError(f"{table.name}: {quoted([name])} holds no numbers ({shown}): it is a class")
    if words:
        return None, "class", [f"predicting the class {name}"]
    assert form is not None
    values = {form.number(cell) for cell in among}
    whole = all(value is not None and value == value // 1 for value in values)
    if classify or (classify is None and whole and len(values) == 2):
        hint = "" if classify else " (two whole numbers; to predict a number: --regress)"
        return form, "class", [f"predicting the class {name}{hint}"]
    hint = ""
    if classify is None and whole and len(values) <= FEW_NUMBERS and len(values) < len(among) / 2:
        hint = f" ({len(values)} whole numbers; if they are classes: --classify)"
    return form, "number", [f"predicting the number {name}{hint}"]


def expect_rows(table: Table, target: str, rows: Sequence[int]) -> None:
    """TableError for fewer than two rows to learn from."""
    if not rows:
        raise TableError(f"{table.name}: {quoted([target])}, which is to be predicted, holds nothing")
    if len(rows) < 2:
        raise TableError(f"{table.name}: expected at least 2 rows with a target, got {len(rows)}")


def expect_classes(table: Table, target: str, known: Sequence[Any], names: Sequence[str]) -> None:
    """TableError for a target that has one class, or so many that none could be learned."""
    count = len(set(known))
    if count < 2:
        raise TableError(f"{table.name}: {quoted([target])} is always {known[0]!r}", OTHER, target=None)
    if count > MOST_CLASSES or (count > 10 and count > len(known) / 2):
        raise TableError(
            f"{table.name}: {quoted([target])} has {count} classes in {len(known)} rows; expected 2 to {MOST_CLASSES}, "
            f"each of several rows; the other columns are {', '.join(names)}", OTHER, target=None
        )  # fmt: skip


def split_of(known: Sequence[Any], held_out: float, seed: int, *, stratified: bool) -> tuple[list[int], list[int]]:
    """The places of rows to learn from, and of those held out: of every class the same share."""
    count = int(len(known) * held_out)
    places = list(range(len(known)))
    if count == 0:
        return places, []
    split = sklearn("model_selection").train_test_split
    times = Counter(known)
    single = [i for i in places if stratified and times[known[i]] == 1]  # to be learned
    several = [i for i in places if not stratified or times[known[i]] > 1]
    classes = [known[i] for i in several]
    fits = stratified and len(set(classes)) <= count <= len(several) - len(set(classes))
    count = min(count, len(several) - 1)
    trained, tested = split(several, test_size=count, random_state=seed, stratify=classes if fits else None)
    return sorted([*trained, *single]), sorted(tested)


def sklearn(module: str) -> Any:
    """A module of scikit-learn; ImportError, with the command that installs it."""
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise ImportError(f"tables need pandas and scikit-learn: {DATA}") from None


def target_of(
    table: Table, name: str, kind: str, form: NumberForm | None, trained: Sequence[Any], known: Sequence[Any]
) -> Target:
    """The target, with the numbers of the rows to learn from."""
    if kind == "class":
        return ClassTarget(name, sorted(set(known)), Counter(trained).most_common(1)[0][0])
    expect_moderate(table, {name: known}, OTHER, "target")
    if len(set(known)) == 1:
        raise TableError(f"{table.name}: {quoted([name])} is always {known[0]:g}", OTHER, target=None)
    [scale] = scales_of([trained], [False])
    assert form is not None
    return NumberTarget(name, form, scale.mean, scale.deviation)


def expect_moderate(table: Table, numbers: dict[str, Sequence[float | None]], cure: str, argument: str) -> None:
    """TableError that names all columns that hold numbers of which no mean and deviation come."""
    wrong = [name for name, column in numbers.items() if any(x is not None and not abs(x) <= LARGEST for x in column)]
    if wrong:
        what = f"{table.name}: {quoted(wrong)} hold{'s' * (len(wrong) == 1)} numbers beyond ±1e150, or infinite ones"
        raise TableError(what, cure, **{argument: wrong if argument == "ignore" else None})


# The columns


def columns_of(
    table: Table, names: Sequence[str], rows: Sequence[int], trained: Sequence[int], *, explicit: bool
) -> tuple[dict[str, str], list[Column], list[str]]:
    """The columns left out, those that are inputs, and what to say of them."""
    left_out: dict[str, str] = {}
    numbers: dict[str, tuple[NumberForm, list[float | None]]] = {}
    dates: dict[str, tuple[str, list[float | None]]] = {}
    words: dict[str, list[str | None]] = {}
    notes = []
    for name in names:
        cells = [table.cells(name)[i] for i in rows]
        why = useless(name, cells, explicit)
        if why:
            left_out[name] = why
            continue
        said = list(dict.fromkeys(cell for cell in cells if not is_missing(cell, MISSING_AMONG_NUMBERS)))
        form = form_of_numbers(said, table.decimal) if said else None
        forms = forms_of_dates(said) if form is None and said else []
        if form is not None:
            numbers[name] = form, read_numbers(name, cells, form)[0]
            if form.words_for_it():
                notes.append(f"{name}: {form.words_for_it()}")
        elif forms:
            dates[name] = forms[0], read_dates(name, cells, forms[0])[0]
            also = f" ({forms[1]} would do as well)" if len(forms) > 1 else ""
            notes.append(f"{name}: dates of the form {forms[0]}{also}")
        elif not explicit and (why := unique(cells)):
            left_out[name] = why
        else:
            words[name] = [word_of(cell) for cell in cells]
    expect_moderate(table, {name: column for name, (_, column) in numbers.items()}, "leave them out", "ignore")
    for name in list(numbers):
        if len({numbers[name][1][i] for i in trained} - {None}) < 2:
            left_out[name] = "constant in the rows to learn from"
            del numbers[name]
    columns = fitted(numbers, dates, words, trained)
    order = {name: i for i, name in enumerate(names)}
    columns.sort(key=lambda column: order[column.name])
    return left_out, columns, [*summary(columns, left_out), *notes]


def useless(name: str, cells: Sequence[Cell], explicit: bool) -> str | None:
    """Why nothing is made of a column, whatever it holds."""
    missing = absent_cells(cells)
    if missing == len(cells):
        return "empty"
    if not explicit and missing > len(cells) / 2:
        return f"{missing / len(cells):.0%} of its cells are missing"
    distinct = set(cells)
    if len(distinct) == 1:
        return "constant"
    if name.casefold() in ROW_NUMBERS and len(distinct) == len(cells) and not explicit:
        form = form_of_numbers(distinct)
        numbers = [form.number(cell) for cell in cells] if form else [None]
        if all(b is not None and a is not None and b - a == 1.0 for a, b in zip(numbers, numbers[1:])):
            return "numbers the rows"
    return None


def unique(cells: Sequence[Cell]) -> str | None:
    """Why a column of words says nothing: most of them stand in one row only."""
    said = [cell for cell in cells if not is_missing(cell)]
    count = len(set(said))
    if count == len(said):
        return "every text is another"
    return f"{count} texts in {len(said)} cells" if count > len(said) / 2 else None


def fitted(
    numbers: dict[str, tuple[NumberForm, list[float | None]]],
    dates: dict[str, tuple[str, list[float | None]]],
    words: dict[str, list[str | None]],
    trained: Sequence[int],
) -> list[Column]:
    """The columns with the numbers that scikit-learn finds in the rows to learn from."""
    known = {name: [day for i in trained if (day := days[i]) is not None] for name, (_, days) in dates.items()}
    parts = {name: parts_for(days) for name, days in known.items()}
    raw = [column for _, column in numbers.values()]
    raw += [part_of(days, part) for name, (_, days) in dates.items() for part in parts[name]]
    missing = [any(x is None for x in column) for column in raw]
    scales = iter(scales_of([[column[i] for i in trained] for column in raw], missing))
    columns: list[Column] = [Number(name, form, next(scales)) for name, (form, _) in numbers.items()]
    for name, (form, _) in dates.items():
        columns.append(Date(name, form, parts[name], [next(scales) for _ in parts[name]]))
    return columns + categories_of(words, trained)


def scales_of(columns: Sequence[Sequence[float | None]], missing: Sequence[bool]) -> list[Scale]:
    """The scale of each column of numbers."""
    if not columns:
        return []
    import numpy

    pipeline = sklearn("pipeline").make_pipeline(
        sklearn("impute").SimpleImputer(strategy="median", keep_empty_features=True),
        sklearn("preprocessing").StandardScaler(),
    )
    pipeline.fit(numpy.array([[math.nan if x is None else x for x in column] for column in columns]).T)
    medians, scaler = pipeline[0].statistics_, pipeline[1]
    figures = zip(medians.tolist(), scaler.mean_.tolist(), scaler.scale_.tolist(), missing)
    return [Scale(*each) for each in figures]


def categories_of(words: dict[str, list[str | None]], trained: Sequence[int]) -> list[Column]:
    """The columns of words."""
    encoder = sklearn("preprocessing").OneHotEncoder
    found: list[Column] = []
    for name, column in words.items():
        fit = encoder(handle_unknown="infrequent_if_exist", max_categories=MOST_WORDS + 1, min_frequency=2)
        fit.fit([[column[i]] for i in trained])
        [values], [rare] = fit.categories_, fit.infrequent_categories_
        others = rare is not None
        kept = [value for value in values.tolist() if not others or value not in rare.tolist()]
        found.append(Category(name, kept, others))
    return found


def summary(columns: Sequence[Column], left_out: dict[str, str]) -> list[str]:
    """Which columns are inputs, by kind, and which are left out."""
    notes = []
    for kind, what in (("number", "numbers"), ("category", "words"), ("date", "dates")):
        names = [column.name for column in columns if column.kind == kind]
        if names:
            notes.append(f"{what}: {', '.join(names)}")
    if left_out:
        notes.append("left out: " + "; ".join(f"{name} ({why})" for name, why in left_out.items()))
    return notes
