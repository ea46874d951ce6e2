"""`prepare`: what is predicted, from which columns, and which rows are held out."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches

from micrograd.expect import numeric, whole
from micrograd.tables.cells import MISSING_AMONG_NUMBERS, form_of_numbers, is_missing
from micrograd.tables.choosing import choose, expect_moderate, scales_of, sklearn, summary
from micrograd.tables.columns import notes_of, raw, read_by, scaled, shown
from micrograd.tables.errors import TableError, listed, quoted
from micrograd.tables.reading import read_table
from micrograd.tables.reading.table import pandas_package
from micrograd.tables.targets import ClassTarget, NumberTarget, classes_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from micrograd.tables.cells import NumberForm
    from micrograd.tables.columns import Column
    from micrograd.tables.reading import Table
    from micrograd.tables.targets import Target

MOST_CLASSES = 100
FEW_NUMBERS = 20  # whole numbers that may stand for classes
OTHER = "choose another to predict"


class Prepared:
    """A table made ready for a training.

    target, columns     what is predicted, and what from
    left_out            column -> why nothing is made of it
    notes               what was decided
    rows                the place in the table of each row that has a target
    targets             what these rows hold there
    raw, X              arrays (rows, inputs): the numbers that `TableModel` takes, and what the network sees of them
    y                   what the network should return for each row
    trained, tested     places in X and y of the rows to learn from, and of those held out

    >>> prepared = prepare({"x": [1, 2, 3, 4, 5], "y": [2, 4, 6, 8, 10]})
    >>> prepared
    Prepared: y from 1 input, 4 rows to learn from, 1 held out
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
        targets: list[Any],
        raw: list[Any],
        split: tuple[list[int], list[int]],
    ) -> None:
        import numpy

        self.table, self.target, self.columns, self.left_out = table, target, columns, left_out
        self.notes, self.rows, self.targets = notes, rows, targets
        self.inputs = [name for column in columns for name in column.inputs]
        self.raw = numpy.stack(raw, axis=1)
        self.X = numpy.stack(scaled(columns, raw), axis=1)
        self.y = [target.learned(value) for value in targets]
        self.trained, self.tested = split

    def frame(self, rows: Sequence[int]) -> Any:
        """What the network sees of some rows, with the names of the inputs: a pandas.DataFrame."""
        return pandas_package().DataFrame(self.X[rows], columns=self.inputs)

    def __repr__(self) -> str:
        inputs, rows = counted(len(self.inputs), "input"), counted(len(self.trained), "row")
        return f"Prepared: {self.target.name} from {inputs}, {rows} to learn from, {len(self.tested):,} held out"


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
    classify    True: the target is a class; False: a number; None: words and two whole numbers are classes
    held_out    the share of rows kept for testing
    seed        of the choice of these rows

    Columns that say nothing are left out, unless they are named in inputs; then constant ones alone.
    TableError for a table or a choice of which no training comes, ImportError without scikit-learn.

    >>> prepared = prepare({"id": [1, 2, 3, 4], "x": ["1", "2", "NA", "4"], "y": ["a", "b", "a", "b"]}, held_out=0.0)
    >>> prepared.inputs, prepared.left_out
    (['x', 'x is missing'], {'id': 'numbers the rows'})
    """
    import numpy

    seed = whole(seed, "seed", 0)
    if not 0.0 <= numeric(held_out, "held_out") < 1.0:
        raise TableError(f"expected a share of rows to hold out, from 0 to below 1, got {held_out:g}")
    table = read_table(table, names=[] if target is None else [target])
    name, names = choice(table, target, inputs, ignore)
    form, kind, notes = kind_of_target(table, name, classify)
    cells = table.cells(name)
    values: list[Any] = classes_in(cells, form)
    strange: list[Any] = []
    if form is not None and kind == "number":
        values, strange = read_by(form.number, cells)
    rows = [i for i, value in enumerate(values) if value is not None]
    targets = [values[i] for i in rows]
    expect_targets(table, name, kind, targets, names)
    if len(rows) < len(cells):
        what = f" or no number ({shown(strange)})" if strange else ""
        notes.append(f"{counted(len(cells) - len(rows), 'row')} whose {name} is missing{what} left out")
    split = split_of(targets, held_out, seed, stratified=kind == "class")
    chosen = choose(table, names, rows, split[0], explicit=inputs is not None)
    if not chosen.columns:
        why = "; ".join(f"{name}: {reason}" for name, reason in chosen.left_out.items())
        raise TableError(f"{table.name}: no column is left to predict {name!r} from ({why})", "name some", inputs=None)
    found = target_of(table, name, kind, form, targets, split[0])
    notes += [*summary(chosen.columns, chosen.left_out), *chosen.notes]
    notes += notes_of(chosen.columns, chosen.values, chosen.strange)
    pairs = zip(chosen.columns, chosen.values)
    numbers = [numpy.array(each) for column, values in pairs for each in raw(column, values)]
    return Prepared(table, found, chosen.columns, chosen.left_out, notes, rows, targets, numbers, split)


def counted(count: int, what: str) -> str:
    """How many of a thing there are.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count} {what}{'s' * (count != 1)}"


# The choice


def choice(
    table: Table, target: str | None, inputs: Collection[str] | None, ignore: Collection[str]
) -> tuple[str, list[str]]:
    """The target and the columns to look at; TableError that names all columns that are not there."""
    for option, names in (("inputs", inputs), ("ignore", ignore)):
        if isinstance(names, str):
            raise TypeError(f"expected {option} to be a list of columns, got the text {names!r}")
    asked = [*([] if target is None else [target]), *(inputs or []), *ignore]
    absent = list(dict.fromkeys([name for name in asked if name not in table.columns]))
    if absent:
        raise TableError(f"{table.name}: no {quoted(absent)}{near(absent, table.names)}")
    left = [name for name in table.names if name not in ignore]
    if target is None and not left:
        raise TableError(f"{table.name}: all columns are ignored; expected one to predict, and one to predict it from")
    chosen = left[-1] if target is None else target
    names = [name for name in (left if inputs is None else dict.fromkeys(inputs)) if name != chosen]
    if chosen in ignore or (inputs is not None and chosen in inputs):
        what = f"{table.name}: {quoted([chosen])}, which is to be predicted, is an input or ignored as well"
        raise TableError(what, OTHER, target=None)
    names = [name for name in names if name not in ignore]
    if not names:
        raise TableError(f"{table.name}: {chosen!r} is the only column; expected at least one input beside the target")
    return chosen, names


def near(absent: Sequence[str], names: Sequence[str]) -> str:
    """What may have been meant by names that are not there.

    >>> near(["agee"], ["age", "sex"]), near(["q"], ["age", "sex"])
    ("; did you mean 'age'?", '; the columns are age, sex')
    """
    small = {name.casefold(): name for name in names}
    found = [small[close] for name in absent for close in get_close_matches(name.casefold(), small, 1)]
    return f"; did you mean {', '.join(map(repr, found))}?" if found else f"; the columns are {', '.join(names)}"


def kind_of_target(table: Table, name: str, classify: bool | None) -> tuple[NumberForm | None, str, list[str]]:
    """The form of the target if it holds numbers, whether it is a "number" or a "class", and what to say of that."""
    said = [cell for cell in table.cells(name) if not is_missing(cell)]
    among = [cell for cell in said if not is_missing(cell, MISSING_AMONG_NUMBERS)]
    form = form_of_numbers(list(dict.fromkeys(among)), table.decimal) if among else None
    if form is None or form.words is not None:
        if classify is False:
            shown = listed([repr(cell) for cell in dict.fromkeys(said)])
            raise TableError(f"{table.name}: {quoted([name])}, to be predicted as a number, holds none ({shown})")
        return None, "class", [f"predicting the class {name}"]
    values = {form.number(cell) for cell in among}
    whole = all(value is not None and value == value // 1 for value in values)
    if classify or (classify is None and whole and len(values) == 2):
        hint = "" if classify else " (two whole numbers; --regress predicts a number)"
        return form, "class", [f"predicting the class {name}{hint}"]
    hint = ""
    if classify is None and whole and len(values) <= FEW_NUMBERS and len(values) < len(among) / 2:
        hint = f" ({len(values)} whole numbers; --classify takes them as classes)"
    return form, "number", [f"predicting the number {name}{hint}"]


def expect_targets(table: Table, name: str, kind: str, targets: Sequence[Any], others: Sequence[str]) -> None:
    """TableError for too few targets, for targets that are all alike, and for classes that cannot be learned."""
    what, count = f"{table.name}: {quoted([name])}", len(set(targets))
    if not targets:
        raise TableError(f"{what}, which is to be predicted, is empty", OTHER, target=None)
    if len(targets) == 1:
        raise TableError(f"{table.name}: expected at least two rows with a target, got one")
    if count == 1:
        raise TableError(f"{what} is always {targets[0]!r}", OTHER, target=None)
    if kind == "number":
        expect_moderate(table, {name: list(targets)}, OTHER)
    elif count > MOST_CLASSES or (count > 10 and count > len(targets) / 2):
        raise TableError(
            f"{what} has {count} classes in {len(targets)} rows; expected 2 to {MOST_CLASSES}, each in several rows; "
            f"the other columns are {', '.join(others)}", OTHER, target=None
        )  # fmt: skip


def split_of(targets: Sequence[Any], held_out: float, seed: int, *, stratified: bool) -> tuple[list[int], list[int]]:
    """The places of rows to learn from, and of those held out: of every class the same share."""
    count = int(len(targets) * held_out)
    places = list(range(len(targets)))
    if count == 0:
        return places, []
    times = Counter(targets)
    single = [i for i in places if stratified and times[targets[i]] == 1]  # which have to be learned
    several = [i for i in places if not stratified or times[targets[i]] > 1]
    if len(several) < 2:
        return places, []
    count = min(count, len(several) - 1)
    classes = [targets[i] for i in several]
    each = stratified and len(set(classes)) <= min(count, len(several) - count)
    split = sklearn("model_selection").train_test_split
    trained, tested = split(several, test_size=count, random_state=seed, stratify=classes if each else None)
    return sorted([*trained, *single]), sorted(tested)


def target_of(
    table: Table, name: str, kind: str, form: NumberForm | None, targets: list[Any], trained: Sequence[int]
) -> Target:
    """The target, with the numbers of the rows to learn from; TableError where these are all alike."""
    what = f"{table.name}: {quoted([name])}"
    if kind == "number":
        [scale] = scales_of([targets], trained)
        if not scale.deviation:
            raise TableError(f"{what} varies by no more than rounding in the rows to learn from", OTHER, target=None)
        assert form is not None
        return NumberTarget(name, form, scale.mean, scale.deviation)
    always = Counter([targets[i] for i in trained]).most_common(1)[0][0]
    return ClassTarget(name, sorted(set(targets)), always)
