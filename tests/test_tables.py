"""Tables: files in all their forms, what becomes of their columns, models that predict the same in every process."""

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import os
import random
import subprocess
import sys
import warnings
import zipfile
from datetime import date, timedelta

import pytest

import micrograd
from micrograd import tables
from micrograd.files import FileError
from micrograd.tables.cells import form_of_numbers, forms_of_dates, moment

pytest.importorskip("pandas")
pytest.importorskip("sklearn")

NAMES = ["price", "colour", "day", "count", "active", "grade"]
RNG = random.Random(0)
ROWS = [
    [
        f"{RNG.uniform(-50, 5000):.2f}",
        RNG.choice(["red", "grün", "blue"]),
        (date(2019, 1, 13) + timedelta(days=17 * i)).isoformat(),
        str(RNG.randrange(100, 99999)),
        RNG.choice(["yes", "no"]),
        RNG.choice("ABC"),
    ]
    for i in range(60)
]


def changed(column, change):
    """The rows with another text in a column."""
    return [[*row[:column], change(row[column]), *row[column + 1 :]] for row in ROWS]


def text(names=NAMES, rows=ROWS, separator=",", quote="", end="\n"):
    return "".join(separator.join(quote + cell + quote for cell in row) + end for row in [names, *rows])


def grouped(cell, thousands=",", point="."):
    return f"{float(cell):,.2f}".replace(",", "?").replace(".", point).replace("?", thousands)


def zipped():
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        archive.writestr("table.csv", text())
    return packed.getvalue()


COMMAS = changed(0, lambda cell: cell.replace(".", ","))
FORMS = {
    "UTF-8": text().encode(),
    "UTF-8 with a mark": text().encode("utf-8-sig"),
    "UTF-16": text().encode("utf-16"),
    "UTF-16 without a mark": text().encode("utf-16-be"),
    "UTF-32": text().encode("utf-32"),
    "Windows-1252": text().encode("cp1252"),
    "semicolons": text(separator=";"),
    "tabs": text(separator="\t"),
    "bars": text(separator="|"),
    "blanks": text(separator=" "),
    "aligned": "".join("".join(cell.rjust(14) for cell in row) + "\n" for row in [NAMES, *ROWS]),
    "comma and blank": text(separator=", "),
    "quotes": text(quote='"'),
    "single quotes": text(quote="'"),
    "single quotes around names": text([f"'{name}'" for name in NAMES]),
    "Excel's line": "sep=;\r\n" + text(separator=";", end="\r\n"),
    "carriage returns": text(end="\r"),
    "comments": "# made by hand, today\n# price in $\n" + text() + "# end\n",
    "names behind a #": "# " + text(separator="\t"),
    "a title": "Prices of 2020\n\n" + text(),
    "empty lines": text(end="\n\n"),
    "no last line end": text().rstrip(),
    "decimal commas": text(rows=COMMAS, separator=";"),
    "decimal commas in quotes": text(rows=COMMAS, quote='"'),
    "thousands": text(rows=changed(0, grouped), quote='"'),
    "German": text(rows=changed(0, lambda cell: grouped(cell, ".", ",")), separator=";"),
    "Swiss": text(rows=changed(0, lambda cell: grouped(cell, "'"))),
    "French": text(rows=changed(0, lambda cell: grouped(cell, "\N{NARROW NO-BREAK SPACE}", ",")), separator=";"),
    "percent": text(rows=changed(0, lambda cell: cell + " %")),
    "dollars": text(rows=changed(0, lambda cell: f"${cell}".replace("$-", "-$"))),
    "minus signs": text(rows=changed(0, lambda cell: cell.replace("-", "−"))),
    "gzip": gzip.compress(text().encode()),
    "bzip2": bz2.compress(text().encode()),
    "xz": lzma.compress(text().encode()),
    "zip": zipped(),
    "pandas' index": text(["", *NAMES], [[str(i), *row] for i, row in enumerate(ROWS)]),
    "R's names of rows": text(NAMES, [[f'"r{i}"', *row] for i, row in enumerate(ROWS)], separator=" "),
    "an end to each line": text([*NAMES, ""], [[*row, ""] for row in ROWS]),
    "an end to each line but the names": text(NAMES, [[*row, ""] for row in ROWS]),
    "a quote that is not closed": text(rows=[*ROWS[:9], [*ROWS[9][:5], '"C'], *ROWS[10:]]),
    "truth in capitals": text(rows=changed(4, lambda cell: {"yes": "TRUE", "no": "FALSE"}[cell])),
    **{f"dates {form}": text(rows=changed(2, lambda cell, form=form: date.fromisoformat(cell).strftime(form)))
       for form in ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%b %d %Y", "%d-%b-%y", "%Y-%m-%dT%H:%M:%SZ", "%d %B %Y")},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_the_same_in_every_form(form):
    data = FORMS[form] if isinstance(FORMS[form], bytes) else FORMS[form].encode()
    prepared = tables.prepare(tables.read_table(io.BytesIO(data)))
    kinds = [(column.name, column.kind) for column in prepared.columns]
    assert kinds == list(zip(NAMES, ["number", "category", "date", "number", "number"]))
    columns = dict(zip(prepared.inputs, prepared.raw.T.tolist()))
    assert columns["price"] == [float(row[0]) for row in ROWS]
    assert columns["count"] == [float(row[3]) for row in ROWS]
    assert columns["active"] == [float(row[4] == "yes") for row in ROWS]
    assert columns["colour = grün"] == [float(row[1] == "grün") for row in ROWS]
    assert columns["day, days"] == [(date.fromisoformat(row[2]) - date(1970, 1, 1)).days for row in ROWS]
    assert {*prepared.target.classes} - {'"C'} == {"A", "B", "C"}


def test_files_of_scikit_learn_have_a_line_of_numbers_of_rows_and_inputs():
    for names in ("A,B,C", "A,B,C,D"):
        table = tables.read_table(io.BytesIO(f"60,5,{names}\n{text([], ROWS)[1:]}".encode()))
        assert len(table) == 60 and table.names == ["c1", "c2", "c3", "c4", "c5", "c6"]
        assert "1 line above the table left out" in table.notes[0]


@pytest.mark.parametrize(
    "missing", ["NA", "", "N/A", "nan", "NULL", "?", "-", "#N/A", "None", ".", "--", "<NA>", "missing"]
)
def test_spellings_of_nothing(missing):
    rows = [[missing, *row[1:]] if i % 3 == 0 else row for i, row in enumerate(ROWS)]
    prepared = tables.prepare(tables.read_table(io.BytesIO(text(rows=rows).encode())))
    assert prepared.inputs[:2] == ["price", "price is missing"] and prepared.raw[:, 1].sum() == 20
    median = prepared.columns[0].scale.median
    assert {prepared.raw[i, 0] for i in range(0, 60, 3)} == {median}
    assert f"missing cells filled by the median: price (20 by {median:g})" in prepared.notes


def test_missing_words_are_told_and_have_an_input():
    prepared = tables.prepare({"sky": ["sun", "rain", "", "sun"] * 9, "x": list(range(36)), "y": list(range(0, 72, 2))})
    assert prepared.inputs == ["sky = rain", "sky = sun", "sky is missing", "x"]
    assert "missing words, which have an input of their own: sky (9)" in prepared.notes


def test_a_number_beside_percents_is_none():
    assert form_of_numbers(["5%", "0", "7.5 %"]).to_dict() == {"unit": "%"} and form_of_numbers(["5%", "0.05"]) is None


def test_none_is_an_answer_among_words():
    table = {"x": list(range(20)), "better": ["None", "Some", "NA", "None"] * 5}
    prepared = tables.prepare(table)
    assert prepared.target.classes == ["None", "Some"] and len(prepared.rows) == 15
    assert "5 rows whose better is missing left out" in prepared.notes


@pytest.mark.parametrize(
    "lines, names, notes",
    [
        (["a,b", "1,2"], ["a", "b"], "names in line 1"),
        (["5.1,3.5,setosa", "4.9,3.0,setosa"], ["c1", "c2", "c3"], "no names in line 1"),
        (["p,x,s", "p,y,s", "e,x,s"], ["c1", "c2", "c3"], "no names"),
        (["country,1952,1957", "Norway,3,4"], ["country", "1952", "1957"], "names in line 1"),
        (["0,1,2", "3,4,5"], ["0", "1", "2"], "names in line 1"),
        (["1,2,3", "3,4,5"], ["c1", "c2", "c3"], "no names in line 1"),
        (["3,7", "3,4"], ["3", "7"], "names in line 1"),  # since the target is called 7
        (["a,a,", "1,2,3"], ["a", "a.1", "Unnamed: 2"], "several columns are called 'a': they become a, a.1"),
        (["", "# by hand", "sep,by", "1,2"], ["sep", "by"], "names in line 3; 1 line of comment left out"),
        (['"a', 'a",b', "1,2"], ["a\na", "b"], "1 row, 2 columns"),
        (["#a,b", "1,2"], ["a", "b"], "names in line 1"),
        (["colour,r", "#ff0000,1", "#00ff00,0", "#ff00ff,1"], ["colour", "r"], "3 rows"),
        (["# in m, kg", "a,b", "1,2"], ["a", "b"], "names in line 2; 1 line of comment left out"),
        ([*["# by hand"] * 30, "a,b", "1,2"], ["a", "b"], "names in line 31; 30 lines of comment left out"),
        (["a,a.1,a,a", "1,2,3,4"], ["a", "a.1", "a.2", "a.3"], "they become a, a.2, a.3"),
        (["sep=|", "a|b", "1,5|2"], ["a", "b"], "'|' between cells, names in line 2"),
    ],
)
def test_the_line_of_names(lines, names, notes):
    table = tables.read_table(io.BytesIO("\n".join(lines).encode()), names=["7"])
    assert table.names == names and any(notes in note for note in table.notes), table.notes


def test_a_table_without_names_is_predicted_without_names():
    rows = [f"{i},{'red' if i % 2 else 'blue'},{2 * i % 14}" for i in range(40)]
    model = tables.train(io.BytesIO("\n".join(rows).encode()), hidden=(2,), epochs=1)
    assert model.source_names == ["c1", "c2"]
    wanted = model.predict([[3, "red"]])
    assert model.predict(io.BytesIO(b"3,red")) == model.predict(io.BytesIO(b"c2,c1\nred,3")) == wanted


def test_where_a_form_is_open_the_table_decides():
    assert form_of_numbers(["1,500", "2,250"], ".").number("1,500") == 1500.0
    assert form_of_numbers(["1,500", "2,250"], ",").number("1,500") == 1.5
    assert form_of_numbers(["1.500", "2.250"], ",").number("1.500") == 1500.0
    assert tables.read_table(io.BytesIO(b"a;b\n1,500;x\n2,250;y\n")).decimal == ","
    assert tables.read_table(io.BytesIO(b"a\tb\n1,500\t0.5\n2,250\t0.7\n")).decimal == "."
    assert form_of_numbers(["1_000", "2_000"]) is None and form_of_numbers(["1", "x"]) is None
    assert forms_of_dates(["01/02/2020", "03/04/2020"]) == ["%m/%d/%Y", "%d/%m/%Y"]
    assert forms_of_dates(["1974Q1", "1974Q4"]) == ["%Y Q%q"] and moment("1974 Q1", "%Y Q%q") == 1461.0


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b",", "holds no cell that says something"),
        (b"a,b\n", "a line of names but no rows"),
        (b"a,b\n1,2\n3\n4,5,6\n7,8\n", "expected 2 cells in every line, got others in 2: line 3 has 1, line 4 has 3"),
        (b"a\x00b,c\n1,2\n", "NUL"),
        (b"PK\x03\x04junk", "a zip archive that cannot be unpacked"),
        (b"\x1f\x8bjunk", "a damaged gzip file"),
        (b"PAR1junk", "got a Parquet file: save the table as CSV"),
        (b'[{"a": 1}]', "got a JSON file: save the table as CSV"),
        (b"\xff\xfea", "damaged text"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "a cell has more than 131,072 characters: shorten it, or close a quote"),
    ],
)
def test_files_that_hold_no_table(data, message):
    with pytest.raises(tables.TableError) as caught:
        tables.read_table(io.BytesIO(data))
    assert message in str(caught.value) and "\n" not in str(caught.value)


X = [1.5 * i for i in range(40)]
HUGE, WORDS, HALF = [1e200, *X[1:]], [f"w{i}" for i in range(40)], ["u", "v"] * 20


@pytest.mark.parametrize(
    "columns, options, message",
    [
        ({"a": HUGE, "b": X, "c": [-1e155, *X[1:]], "d": X}, {},
         "columns 'a', 'c' hold numbers beyond ±1e150, or infinite ones: leave them out, --ignore a,c"),
        ({"a": [1e308] * 3 + X[3:], "b": X}, {}, "column 'a' holds numbers beyond"),
        ({"a": X, "b": ["inf", *X[1:]]}, {},
         "column 'b' holds numbers beyond ±1e150, or infinite ones: choose another to predict, --target"),
        ({"a": X, "b": X}, {"target": "c"}, "no column 'c'; the columns are a, b"),
        ({"a": X, "b": X}, {"inputs": ["A", "q"], "ignore": ["r"]}, "no columns 'A', 'q', 'r'; did you mean 'a'?"),
        ({"a": X, "b": X}, {"target": "a", "inputs": ["a"]}, "column 'a', which is to be predicted, is an input or"),
        ({"a": X, "b": X}, {"ignore": ["a", "b"]}, "all columns are ignored"),
        ({"a": X}, {}, "'a' is the only column"),
        ({"a": X, "b": ["NA"] * 40}, {}, "column 'b', which is to be predicted, is empty"),
        ({"a": X, "b": [5.0] * 40}, {}, "column 'b' is always 5.0: choose another to predict, --target"),
        ({"a": X, "b": ["x"] * 40}, {}, "column 'b' is always 'x'"),
        ({"a": X, "b": WORDS}, {}, "column 'b' has 40 classes in 40 rows; expected 2 to 100"),
        ({"a": X, "b": HALF}, {"classify": False}, "column 'b', to be predicted as a number, holds none ('u', 'v')"),
        ({"a": [0.1] * 40, "b": WORDS, "c": ["NA"] * 39 + [1], "d": X}, {}, "no column is left to predict 'd' from "
         "(a: constant; b: every text is another; c: 98% of its cells are missing): name some, --inputs"),
        ({"a": [1.0], "b": [2.0]}, {}, "expected at least two rows with a target, got one"),
        ({"a": X, "b": X}, {"held_out": 1.0}, "expected a share of rows to hold out, from 0 to below 1, got 1"),
        ({"a": X, "b": X[1:]}, {}, "expected columns of one length, got 40 in 'a', 39 in 'b'"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_told_in_one_line(columns, options, message):
    with pytest.raises(tables.TableError) as caught:
        tables.prepare(columns, **options)
    assert message in caught.value.on_command_line and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"hidden": 16}, r"hidden to be a list of widths, such as \[16, 16\], got int 16"),
        ({"hidden": "16"}, "hidden to be a list of widths"),
        ({"hidden": [0]}, "a width in hidden to be a whole number of at least 1, got 0"),
        ({"patience": 0}, "patience to be a whole number of at least 1, got 0"),
        ({"epochs": 0}, "epochs to be a whole number of at least 1, got 0"),
        ({"seed": "x"}, "seed to be a whole number of at least 0"),
        ({"held_out": "0.2"}, "held_out"),
    ],
)
def test_arguments_that_cannot_be(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        tables.train({"a": X, "b": X}, **options)


def test_columns_that_say_nothing_are_left_out_and_named():
    n = 399
    table = {
        "id": list(range(1, n + 1)), "tenth": [0.1] * n, "name": [f"Jo {i}" for i in range(n)], "empty": [None] * n,
        "rounding": [0.1 + 1e-17 * (i % 2) + 2.8e-17 * (i % 3) for i in range(n)],
        "town": [f"t{i // 2}" if i % 4 else f"u{i}" for i in range(n)],
        "age": [i % 61 for i in range(n)], "y": [float(i % 7) + 0.5 for i in range(n)],
    }  # fmt: skip
    prepared = tables.prepare(table)
    assert prepared.inputs == ["age"] and prepared.left_out == {
        "id": "numbers the rows", "tenth": "constant", "name": "every text is another", "empty": "empty",
        "rounding": "constant but for rounding", "town": "300 texts in 399 cells",
    }  # fmt: skip
    assert all(f"{name} ({why})" in " ".join(prepared.notes) for name, why in prepared.left_out.items())
    asked = tables.prepare(table, inputs=["id", "town", "tenth"])  # what is asked for is taken, where it says something
    assert [column.name for column in asked.columns] == ["id", "town"] and asked.left_out == {"tenth": "constant"}


@pytest.mark.parametrize(
    "target, options, kind, hint",
    [
        (HALF, {}, "class", "predicting the class y"),
        ([0, 1] * 20, {}, "class", "two whole numbers; --regress"),
        ([0, 1] * 20, {"classify": False}, "number", "predicting the number y"),
        ([0, 1, 2, 3] * 10, {}, "number", "4 whole numbers; --classify"),
        ([0, 1, 2, 3] * 10, {"classify": True}, "class", "predicting the class y"),
        ([0.5, 1, 2, 3] * 10, {}, "number", "predicting the number y"),
        ([True, False] * 20, {}, "class", "predicting the class y"),
    ],
)
def test_the_target_decides_what_is_predicted(target, options, kind, hint):
    prepared = tables.prepare({"x": X, "y": target}, **options)
    assert prepared.target.kind == kind and hint in prepared.notes[0]
    classes = sorted(map(str, set(target)))
    assert prepared.target.classes is None if kind == "number" else [*map(str, prepared.target.classes)] == classes


def test_rows_are_held_out_of_every_class_alike():
    target = ["a"] * 80 + ["b"] * 20 + ["once"]
    table = {"x": list(range(101)), "y": target}
    prepared = tables.prepare(table, held_out=0.25, seed=1)
    held = [prepared.targets[i] for i in prepared.tested]
    assert (held.count("a"), held.count("b"), held.count("once")) == (20, 5, 0)
    assert sorted([*prepared.trained, *prepared.tested]) == list(range(101))
    assert tables.prepare(table, held_out=0.25, seed=1).tested == prepared.tested
    assert tables.prepare(table, held_out=0.25, seed=2).tested != prepared.tested
    assert tables.prepare(table, held_out=0.0).tested == []


def test_inputs_are_those_of_scikit_learn():
    import numpy
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = random.Random(1)
    words = [rng.choice(["a"] * 9 + ["b"] * 9 + ["c"]) if i % 5 else None for i in range(50)] + ["once"]
    numbers = [rng.gauss(3.0, 2.0) if i % 6 else None for i in range(51)]
    prepared = tables.prepare({"x": numbers, "w": words, "y": range(51)}, held_out=0.0)
    frame = numpy.array([[math.nan if x is None else x, w] for x, w in zip(numbers, words)], dtype=object)
    transformer = ColumnTransformer([
        ("x", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), [0]),
        ("w", OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False), [1]),
    ])  # fmt: skip
    wanted = transformer.fit_transform(frame)
    assert prepared.inputs == ["x", "x is missing", "w = a", "w = b", "w = c", "w is missing", "w = another"]
    assert (prepared.X[:, [0, 2, 3, 4, 5, 6]] == wanted).all()
    assert prepared.X[:, 1].tolist() == [float(x is None) for x in numbers]


# Models


def sheet(n=120, seed=0):
    """A table in which price = 3·size, more for the red ones, with cells that are missing."""
    rng = random.Random(seed)
    size = [round(rng.uniform(0, 10), 3) for _ in range(n)]
    colour = [rng.choice(["red", "blue"]) for _ in range(n)]
    price = [3.0 * s + 5.0 * (c == "red") for s, c in zip(size, colour)]
    day = [(date(2020, 1, 1) + timedelta(days=3 * i)).isoformat() for i in range(n)]
    some = [None if i % 10 == 0 else s for i, s in enumerate(size)]
    return {"size": some, "colour": colour, "day": day, "price": price}


def sorts(n=120):
    """The same, with a class in place of the price."""
    table = sheet(n)
    table["class"] = [("dear" if price > 20.0 else "cheap") for price in table.pop("price")]
    return table


@pytest.fixture(scope="module")
def models():
    return tables.train(sheet(), hidden=(8,), epochs=60), tables.train(sorts(), hidden=(8,), epochs=40)


def test_figures_stand_beside_a_baseline(models):
    number, kind = models
    assert number.figures["held out"]["rows"] == 24 and number.figures["trained"]["rows"] == 96
    assert number.figures["held out"]["r2"] > 0.8 and kind.figures["held out"]["accuracy"] > 0.8
    assert number.figures["held out"]["error"] < 0.5 * number.figures["held out"]["baseline"]
    assert kind.figures["trained"]["always"] in kind.classes == ["cheap", "dear"]
    scored = tables.figures_of(number, sheet(80, seed=1))
    assert scored.rows == 80 and scored.r2 > 0.7 and not scored.worse
    assert tables.figures_of(number, {name: cells for name, cells in sheet().items() if name != "price"}) is None
    nothing = tables.Figures.of_numbers([1.0, 2.0], [3.0, 3.0], 1.5)
    assert nothing.worse and str(nothing).endswith("always 1.5 comes to 0.5; the model is worse than that")


def test_a_training_stops_when_held_out_rows_are_predicted_no_better():
    rng = random.Random(0)
    noise = {"x": [rng.gauss(0, 1) for _ in range(60)], "y": [rng.gauss(0, 1) for _ in range(60)]}
    training = tables.Training(tables.prepare(noise), hidden=(8,))
    records = list(training.epochs(epochs=200, patience=5))
    losses = [record.validation for record in records]
    assert len(records) == training.best_epoch + 5 < 200 and training.best_epoch == losses.index(min(losses)) + 1
    model = training.finish()
    targets, predictions = training.held_out()
    error = math.sqrt(sum((p - t) ** 2 for p, t in zip(predictions, targets)) / len(targets))
    assert error == pytest.approx(math.sqrt(min(losses)) * model.target.deviation)
    assert training.finish() is model and model.figures["held out"]["error"] == pytest.approx(error)


def test_rows_can_be_learned_from():
    table = sheet(40)
    rows = [dict(zip(table, row)) for row in zip(*table.values())]
    assert tables.prepare(rows, target="price").inputs == tables.prepare(table).inputs
    assert tables.prepare([list(row.values()) for row in rows]).target.name == "c4"


def test_the_same_seed_gives_the_same_bits():
    options = {"hidden": (3,), "epochs": 3}
    first, again, other = (tables.train(sheet(40), seed=seed, **options) for seed in (5, 5, 6))
    numbers = [[p.data for p in model.parameters()] for model in (first, again, other)]
    assert numbers[0] == numbers[1] != numbers[2] and len(first.figures) == 2


def test_another_process_predicts_the_same_to_the_digit(models, tmp_path):
    table, path = sorts(), tmp_path / "table.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([table, *zip(*table.values())])
    for model, name in zip(models, ("number.json", "class.json")):
        model.save(tmp_path / name)
    code = """
import micrograd, sys
from micrograd import tables
number, kind = micrograd.load("number.json"), micrograd.load("class.json")
print(repr((number.predict("table.csv"), kind.probabilities("table.csv"))))
print(repr(tables.figures_of(kind, "table.csv").to_dict()))
"""
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(micrograd.__file__))}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = models[0].predict(path), models[1].probabilities(path)
    figures = tables.figures_of(models[1], table).to_dict()
    assert done.stdout == f"{wanted!r}\n{figures!r}\n", done.stderr


def test_files_frames_and_rows_are_predicted_alike(models):
    import pandas

    table = {name: cells[1:10] for name, cells in sheet().items()}
    model = models[0]
    rows = list(zip(table["size"], table["colour"], table["day"]))
    wanted = model.predict(rows)
    frame = pandas.DataFrame(table)
    frame["day"], frame["colour"] = pandas.to_datetime(frame["day"]), frame["colour"].astype("category")
    file = io.BytesIO(frame.to_csv(sep=";", decimal=",").encode())
    assert model.predict(frame) == model.predict(table) == wanted
    with pytest.warns(UserWarning, match="^size: decimal commas$"):
        assert model.predict(file) == wanted
    assert model.predict([dict(zip(table, row)) for row in rows]) == wanted
    assert [model.predict([row])[0] for row in rows] == wanted and model.predict([]) == []


def test_cells_that_a_model_does_not_know_are_told(models):
    model = models[0]
    rows = [[None, "green", "?"], ["old", "red", "1.5.2020"], [1.0, None, "1.6.2020"]]
    with pytest.warns(UserWarning) as caught:
        model.predict(rows)
    encoded = model.encode(rows)
    assert str(caught[0].message) == "; ".join(encoded.notes) and len(encoded.notes) == 5
    assert encoded.notes[0] == "day: dates of the form %d.%m.%Y"
    assert "size (2 by" in encoded.notes[1] and "day (1)" in encoded.notes[1]
    assert encoded.notes[2] == "missing words taken as none: colour (1)"
    assert encoded.notes[3] == "cells taken as missing: size ('old')"
    assert encoded.notes[4] == "unknown words taken as none: colour ('green')"
    assert [row[model.inputs.index("colour = blue")] for row in encoded.X] == [0.0, 0.0, 0.0]
    day = model.inputs.index("day, days")
    assert encoded.X[1][day] == (date(2020, 5, 1) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    "rows, message",
    [
        ([[1.0, "red"]], "row 1: expected 3 cells (size, colour, day), got 2"),
        ([{"size": 1.0}], "row 1: no 'colour', 'day'; None stands for a missing cell"),
        ([["old", "red", None], [None, "red", None]], "column 'size' holds no number ('old')"),
        ([[1.0, "red", None], ["1e400", "red", None]], "row 2: column 'size' holds no finite number ('1e400')"),
        ([1.0, "red", "2020-01-01"], "write [row] for a single row"),
        ({"size": 1.0, "colour": "red", "day": "2020-01-01"}, "write [row] for a single row"),
        ({"size": [1.0], "tint": ["red"]}, "no columns 'colour', 'day', which the model needs; the columns are size, "),
        (io.BytesIO(b"size,day\n1,2\n"), "no column 'colour', which the model needs; the columns are size, day"),
        ("no such file.csv", "no such file.csv: no such file or directory"),
    ],
)  # fmt: skip
def test_sources_that_do_not_fit_a_model(models, rows, message):
    with pytest.raises(tables.TableError) as caught:
        models[0].predict(rows)
    assert message in str(caught.value)


def test_figures_of_targets_that_are_too_large():
    for targets in ([1e308, 1.0], [1e308, 1e308], [math.inf, 1.0], [math.inf, -math.inf]):
        assert str(tables.Figures.of_numbers(targets, [0.0, 0.0], 1.0)).startswith("root mean squared error inf; ")


def test_a_model_of_numbers_has_no_probabilities(models):
    with pytest.raises(TypeError, match="use predict"):
        models[0].probabilities([[1.0, "red", "2020-01-01"]])


def test_numbers_far_from_all_that_was_learned_give_numbers_or_an_error(models):
    assert all(map(math.isfinite, models[0].predict([[1e308, "red", "9999-12-31"], [-1e308, "red", "0001-01-01"]])))
    straight = tables.train({"x": [0.1, 0.2, 0.3, 0.4] * 9, "y": [1, 2, 3, 4] * 9}, hidden=(), epochs=5)
    with pytest.raises(tables.TableError, match="row 2: numbers too large for a prediction"):
        straight.predict([[1.0], [1e308]])


def test_without_numpy_rows_are_predicted_one_by_one(models, monkeypatch):
    rows = [[1.0, "red", "2020-01-01"], [2.0, "blue", "2020-02-01"]]
    wanted = models[0].predict(rows), models[1].probabilities(rows)
    monkeypatch.setattr("micrograd.system.packages.missing", lambda names: list(names))
    assert models[0].predict(rows) == pytest.approx(wanted[0], rel=1e-12)
    assert sum(models[1].probabilities(rows), []) == pytest.approx(sum(wanted[1], []), rel=1e-12)


@pytest.mark.parametrize("package", ["pandas", "sklearn"])
def test_what_is_needed_is_named_with_its_command(package, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"need pandas and scikit-learn: pip install -e '.\[data\]'"):
        tables.prepare(tables.read_table(io.BytesIO(text().encode())))


def test_a_model_can_be_exported(models):
    row = models[1].encode([[1.0, "red", "2020-01-01"]]).X[0]
    names = {}
    exec(micrograd.export(models[1], len(models[1].inputs)), names)
    assert names["model"](row) == pytest.approx(models[1].probabilities([[1.0, "red", "2020-01-01"]])[0], rel=1e-12)


def damaged(state, *places, by):
    """The text of a model file with another entry somewhere."""
    state = json.loads(json.dumps({**state, "digest": None}))
    inner = state
    for place in places[:-1]:
        inner = inner[place]
    inner[places[-1]] = by
    return json.dumps(state)


def test_model_files(models, tmp_path):
    path = tmp_path / "model.json"
    for model in models:
        model.save(path)
        again = micrograd.load(path)
        assert repr(again) == repr(model) and again.figures == model.figures
        again.save(tmp_path / "again.json")
        assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    state = json.loads(path.read_text(encoding="utf-8"))
    wrong = [
        (("version",), 1, "expected version 2"),
        (("parameters",), [0.5], "expected 82 parameters, got 1"),
        (("parameters", 3), True, "expected a finite number, got True"),
        (("layers", 1), 10**9, "parameters, got 82"),
        (("layers",), [1, 2], "expected layers from"),
        (("activation",), "swish", "expected an activation"),
        (("target", "classes"), ["cheap"], "at least two different classes"),
        (("target",), 3, "expected a target"),
        (("target", "kind"), "rank", "of kind number or class"),
        (("columns", 0, "scale", "deviation"), 0.0, "expected a deviation above 0"),
        (("columns", 0, "form"), {"decimal": "x"}, "expected a form of numbers"),
        (("columns", 0, "form"), {"colour": "x"}, "damaged"),
        (("columns", 1, "words"), [3, 4], "expected a list of words"),
        (("columns", 2, "parts"), ["weeks"], "expected parts of dates"),
        (("columns", 2), None, "expected a column"),
        (("columns",), [], "expected layers from 0"),
        (("figures",), 3, "expected figures"),
    ]
    for places, by, message in wrong:
        path.write_text(damaged(state, *places, by=by), encoding="utf-8")
        with pytest.raises(FileError) as caught:
            micrograd.load(path)
        assert message in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)
    model.save(path)
    path.write_bytes(path.read_bytes().replace(b"0.", b"1.", 1))
    with pytest.raises(FileError, match="digest"):
        micrograd.load(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(FileError, match="damaged or foreign"):
        micrograd.load(path)


def test_dates_of_other_zones_are_the_same_moments():
    form = "%Y-%m-%dT%H:%M%z"
    assert moment("2020-01-01T01:00+01:00", form) == moment("2020-01-01T00:00Z", form) == 18262.0
