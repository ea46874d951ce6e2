"""`train`, `predict` and `export` on the command line: a table in, a model out, and what is refused in one line."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from same import same

pytest.importorskip("pandas", reason="tables need pandas")
pytest.importorskip("sklearn", reason="tables need scikit-learn")

import micrograd  # noqa: E402
from micrograd import tables  # noqa: E402
from micrograd.__main__ import main  # noqa: E402
from micrograd.command_line.arguments import read_arguments  # noqa: E402
from micrograd.command_line.exports import COMMENTS, commented  # noqa: E402
from micrograd.command_line.tables.train import EPOCHS  # noqa: E402
from micrograd.tables.cells import NumberForm  # noqa: E402
from micrograd.tables.columns import YEAR, Category, Date, Number, Scale, raw  # noqa: E402

HOSTILE = "<script>alert(1)</script>"


def mixed(rows=80):
    """A table of numbers with gaps, words, a constant and a name for every row; price follows from size and colour."""
    rng = random.Random(0)
    lines = [["name", "size", HOSTILE, "colour", "same", "price"]]
    for i in range(rows):
        size, colour = rng.uniform(1, 9), rng.choice(["red", "blue", "green"])
        price = 3 * size + {"red": 5, "blue": 0, "green": -5}[colour]
        lines.append([f"n{i}", "" if i % 11 == 5 else f"{size:.2f}", rng.randint(0, 9), colour, 1, f"{price:.2f}"])
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue()


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a table, the model, picture and report of `train`, and what it said."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "mixed.csv").write_text(mixed())
    said = io.StringIO()
    before, sys.stdout = sys.stdout, said
    try:
        results = ["-o", str(folder / "model.json"), "--plot", str(folder / "plot.png")]
        results += ["--save-report", str(folder / "report.html"), "--hidden", "6", "--epochs", "30"]
        assert main(["train", str(folder / "mixed.csv"), *results]) == 0
    finally:
        sys.stdout = before
    (folder / "said").write_text(said.getvalue())
    return folder


def test_train_tells_what_was_taken_for_what_and_how_good_it_is(work):
    said = (work / "said").read_text()
    for word in ("80 rows", "the number price", "left out: name", "same (constant)", "numbers: size", "words: colour"):
        assert word in said, word
    assert re.search(r"^trained rows: root mean squared error \S+, R² 0\.\d+; always", said, re.M)
    assert re.search(r"^held-out rows: root mean squared error \S+, R² 0\.\d+; always", said, re.M)
    assert said.endswith(f"The report is in {work / 'report.html'}\n")
    assert (work / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(micrograd.load(work / "model.json"), tables.TableModel)
    assert ">words</i>" in (work / "report.html").read_text(encoding="utf-8")


def test_predict_writes_the_table_again_with_predictions_beside(work, tmp_path, capfd):
    model, table, out = str(work / "model.json"), str(work / "mixed.csv"), str(tmp_path / "out.csv")
    assert main(["predict", model, table, "-o", out]) == 0
    said = capfd.readouterr()
    assert "missing cells filled by the median: size (7" in said.out and not said.err
    assert "price: root mean squared error" in said.out
    before, after = read(table), read(out)
    assert [row[:-1] for row in after] == before and after[0][-1] == "predicted price"
    learned = micrograd.load(model)
    predicted = learned.predict(learned.encode(table))
    assert [float(row[-1]) for row in after[1:]] == predicted
    done = subprocess.run(  # in another process, from pipe to pipe: the same to the digit
        [sys.executable, "-m", "micrograd", "predict", model, "-"], stdin=open(table), capture_output=True
    )
    assert done.returncode == 0 and done.stdout == open(out, "rb").read() and b"filled" in done.stderr


def test_classes_come_with_their_probabilities(work, tmp_path, capsys):
    model, out = str(tmp_path / "m.json"), str(tmp_path / "out.csv")
    table = str(work / "mixed.csv")
    arguments = ["--target", "colour", "--inputs", f"{HOSTILE},price", "--hidden", "6", "--epochs", "60", "-o", model]
    plots = ["--plot", str(tmp_path / "p.svg"), "--save-report", str(tmp_path / "r.html")]
    assert main(["train", table, *arguments, *plots]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert main(["predict", model, table, "-o", out]) == 0
    head, *rows = read(out)
    names = ["predicted colour", "probability of blue", "probability of green", "probability of red"]
    assert head[-4:] == names
    for row in rows:
        shares = dict(zip(("blue", "green", "red"), map(float, row[-3:])))
        assert math.isclose(sum(shares.values()), 1.0) and row[-4] == max(shares, key=shares.get)
    page = (tmp_path / "r.html").read_text()
    assert ">boundary</text>" in page and ">true</text>" in page and (tmp_path / "p.svg").exists()


def test_the_report_is_one_page_in_which_data_stay_data(work):
    page = (work / "report.html").read_text()
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "default-src 'none'" in page
    assert set(re.findall(r"(?:src|href)=\"(\w*)", page)) <= {""} and "url(http" not in page
    for words in ("What was taken for what", "left out", "mean loss", "predicted", "Network", "held-out rows"):
        assert words in page


def test_an_export_takes_a_row_of_the_table(work, tmp_path, capsys):
    model, table = micrograd.load(work / "model.json"), tables.read_table(str(work / "mixed.csv"))
    wanted = model.predict(model.encode(table))
    rows = []
    for cells in zip(*[table.columns[name] for name in model.source_names]):
        words = [column.words if column.kind == "category" else None for column in model.columns]
        rows.append([w.index(c) if w else float(c or "nan") for c, w in zip(cells, words)])
    for suffix in ("py", "c", "mjs"):
        arguments = ["-o", str(tmp_path / f"m.{suffix}"), "--name", "price", "--derivatives", "gradient"]
        assert main(["export", str(work / "model.json"), *arguments]) == 0
    source = (tmp_path / "m.py").read_text()
    assert "# x[0]  size: a number, nan where it is missing\n" in source and "colour: 0 blue, 1 green, 2 red" in source
    room = {}
    exec(source, room)
    assert [room["price"](row) for row in rows] == pytest.approx(wanted, rel=1e-12)
    assert [room["price_gradient"](row)[0] for row in rows] == pytest.approx(wanted, rel=1e-12)
    if shutil.which("cc"):
        subprocess.run(["cc", "-fsyntax-only", "-Wall", "-Werror", str(tmp_path / "m.c")], check=True)
    if shutil.which("node"):
        given = json.dumps(rows).replace("NaN", "null")
        script = f"{given}.map(row => price(row.map(x => x ?? NaN)))"
        script = f'import {{ price }} from "./m.mjs"; console.log(JSON.stringify({script}))'
        command = ["node", "--input-type=module", "-e", script]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        assert json.loads(done.stdout) == pytest.approx(wanted, rel=1e-12)


def test_names_of_columns_stay_in_their_comment():
    for name in ("a */ int x; /* b", "a\n#error\u2028throw 1;\\"):
        assert commented([name], "c").count("*/") == commented([name], "c").count("/*") == 1
        for language in COMMENTS:
            [line] = commented([name], language).splitlines()
            assert line.startswith(COMMENTS[language][:2])


def test_one_number_stands_for_a_cell_of_every_kind():
    """What an export computes of a row is what `predict` makes of its cells, since one text says both."""
    scale, gap = Scale(3.0, 2.0, 5.0, False), Scale(7.0, 2.0, 5.0, True)
    year = Date("d", "%Y-%m-%d", ["days", "sine of the year", "cosine of the day"], [gap, scale, scale])
    noon = Date("t", "%Y-%m-%d %H:%M", ["sine of the day", "cosine of the year"], [scale, scale])
    angle = 2.0 * math.pi / YEAR
    cases = [
        (Number("a", NumberForm(), scale), {"1.5": [1.5], "NA": [3.0]}),
        (Number("a", NumberForm(words=["no", "yes"]), gap), {"yes": [1.0, 0.0], "": [7.0, 1.0]}),
        (Category("c", ["x", None, "z"], False), {"x": [1.0, 0.0, 0.0], "z": [0.0, 0.0, 1.0], "": [0.0, 1.0, 0.0]}),
        (Category("c", ["x", "y"], True), {"y": [0.0, 1.0, 0.0], "strange": [0.0, 0.0, 1.0], "": [0.0, 0.0, 1.0]}),
        (year, {"1971-03-01": [424.0, math.sin(angle * 424.0), 1.0, 0.0], "": [7.0, 3.0, 3.0, 1.0]}),
        (noon, {"2026-11-27 18:00": [-1.0, math.cos(angle * 20784.75)], "NA": [3.0, 3.0]}),
    ]
    for column, cells in cases:
        values, _ = column.read(list(cells))
        assert list(map(list, zip(*raw(column, values)))) == list(cells.values()), column.name
        for value, wanted in zip(values, cells.values()):
            x = micrograd.Value(column.number(value))
            found = column.of_number(x)
            assert same([v.data if isinstance(v, micrograd.Value) else v for v in found], wanted), column.name


# Results


def test_what_is_there_is_not_overwritten_and_that_is_found_out_first(work, capsys):
    there = {name: (work / name).read_bytes() for name in ("model.json", "plot.png")}
    model, plot = str(work / "model.json"), str(work / "plot.png")
    assert main(["train", "no such file", "-o", model, "--plot", plot]) == 2
    assert capsys.readouterr().err == f"micrograd: {model}, {plot}: there already; --force overwrites them\n"
    assert main(["predict", model, "no such file", "-o", plot]) == 2
    assert capsys.readouterr().err == f"micrograd: {plot}: there already; --force overwrites it\n"
    assert there == {name: (work / name).read_bytes() for name in there}


def test_force_overwrites_but_never_what_is_read(work, tmp_path, capsys):
    table, model = shutil.copy(work / "mixed.csv", tmp_path), shutil.copy(work / "model.json", tmp_path)
    assert main(["predict", model, table, "-o", table, "--force"]) == 2
    assert capsys.readouterr().err == f"micrograd: --output: {table} is the table; expected another file\n"
    assert main(["export", model, "-o", model, "--force"]) == 2
    (tmp_path / "out.csv").write_text("old")
    assert main(["predict", model, table, "-o", str(tmp_path / "out.csv"), "--force"]) == 0
    assert read(tmp_path / "out.csv")[0][-1] == "predicted price"


@pytest.mark.parametrize("option", ["--output", "--plot", "--save-report"])
def test_results_that_cannot_be_written_are_found_out_before_the_table_is_read(option, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = f"none/result.{'svg' if option == '--plot' else 'html'}"
    assert main(["train", "no such file", option, path]) == 2
    said = capsys.readouterr().err
    assert said == f"micrograd: {path}: cannot be written: no such file or directory\n"
    assert main(["train", "no such file", "--save-report", "./x.html", "--plot", "x.html"]) == 2
    assert capsys.readouterr().err.endswith("--save-report: ./x.html is the file of --plot; expected another file\n")
    assert main(["train", "no such file", "--plot", "plot.xyz"]) == 2
    assert "plot.xyz: expected a path that ends in .png, .svg or .pdf" in capsys.readouterr().err
    assert main(["train", "no such file", "-o", "-"]) == 2
    assert "--output: expected a file" in capsys.readouterr().err
    assert main(["train", "no such file", "--save-report", "page.pdf"]) == 2
    assert "page.pdf: expected a path that ends in .html" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_help_tells_the_defaults_of_the_library():
    told = {action.dest: (action.default, action.help) for action in read_arguments(["train", "x"]).parser._actions}
    taken = [tables.prepare, tables.Training.__init__, tables.Training.epochs]
    defaults = {name: value for function in taken for name, value in function.__kwdefaults__.items()}
    for name in ("hidden", "activation", "lr", "epochs", "batch_size", "held_out", "seed"):
        wanted = str(defaults[name]).strip("()").replace(" ", "")
        assert told[name] == (None, told[name][1]) and told[name][1].endswith(f"({wanted})"), name
    assert defaults["epochs"] == EPOCHS


# What is refused


@pytest.mark.parametrize(
    "text, arguments, message",
    [
        (None, [], "no such file or directory"),
        ("", [], "the file is empty"),
        (",\n,\n", [], "the file holds no cell that says something"),
        ("a,b\n", [], "a line of names but no rows"),
        ("a,b\n1,2\n2,3\n", ["--target", "c"], "no column 'c'"),
        ("a,b\n1,2\n2,3\n", ["--ignore", "c,d,b"], "no columns 'c', 'd'"),
        ("a,b\n1,2\n2,3\n", ["--inputs", "--lr"], "joined to the option: --inputs=-x"),
        ("a\n1\n2\n", [], "'a' is the only column"),
        ("a,b\n1,2\n2,3\n3,4\n4,5\n5,7\n", ["--activation", "swish"], "--activation: expected an activation"),
        ("a,b\n1,2\n2,3\n", ["--held-out", "1"], "--held-out: expected a share"),
        ("a,b,c\n" + "1e200,1e308,2\n2,1e308,9\n3,1e308,1\n-1e308,1e308,2\n1,1,4\n" * 3, [], "columns 'a', 'b' hold"),
    ],
)
def test_one_line_and_exit_code_2(text, arguments, message, tmp_path, capsys):
    path = tmp_path / "data.csv"
    if text is not None:
        path.write_text(text)
    assert main(["train", str(path), "--epochs", "3", "-o", str(tmp_path / "m.json"), *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err and said.err.startswith("micrograd: ") and said.err.count("\n") == 1
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize("content", ["{}", "not JSON", '{"format": "micrograd table", "version": 99}', "graph", None])
def test_files_that_are_no_models(content, work, tmp_path, capsys):
    path = tmp_path / "model.json"
    if content == "graph":
        micrograd.save(micrograd.Value(1.0), path)
    elif content is not None:
        path.write_text(content)
    export = ["export", str(path), "-o", str(tmp_path / "m.c")]
    for command in (["predict", str(path), str(work / "mixed.csv")], export):
        assert main(command) == 2
        said = capsys.readouterr()
        assert said.err.startswith(f"micrograd: {path}: ") and said.err.count("\n") == 1 and not said.out


def test_a_table_without_the_columns_names_them_all(work, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("name,size\nx,1\ny,2\n")
    assert main(["predict", str(work / "model.json"), str(tmp_path / "other.csv")]) == 2
    assert f"no columns '{HOSTILE}', 'colour'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "package, arguments, cure",
    [
        ("pandas", [], "tables need pandas and scikit-learn: pip install -e '.[data]'"),
        ("sklearn.pipeline", [], "tables need pandas and scikit-learn: pip install -e '.[data]'"),
        ("matplotlib.axes", ["--plot", "plot.png"], "plot.png: plots need matplotlib"),
        ("matplotlib.axes", ["--save-report", "page.html"], "page.html: plots need matplotlib"),
    ],
)
def test_packages_that_are_missing(package, arguments, cure, work, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["train", str(work / "mixed.csv"), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"micrograd: {cure}") and said.count("\n") == 1


def test_the_epoch_whose_network_is_kept_is_told(tmp_path, capsys):
    """Of noise nothing is learned, so that the held-out rows are soon predicted worse."""
    draw = random.Random(1)
    (tmp_path / "noise.csv").write_text("x,y\n" + "".join(f"{draw.random()},{draw.random()}\n" for _ in range(60)))
    assert main(["train", str(tmp_path / "noise.csv"), "-o", str(tmp_path / "m.json"), "--hidden", "4"]) == 0
    found = re.search(r"^(\d+) epochs, stopped early, the best after (\d+); loss", capsys.readouterr().out, re.M)
    assert found and int(found[1]) == int(found[2]) + 20


# Ctrl-C, and the bar on a terminal


def test_ctrl_c_ends_the_training_and_keeps_what_was_learned(work, tmp_path, capsys, monkeypatch):
    model = tmp_path / "m.json"
    epochs = tables.Training.epochs

    def interrupted(self, **options):
        for record in epochs(self, **options):
            yield record
            if record.epoch == limit:
                raise KeyboardInterrupt

    monkeypatch.setattr(tables.Training, "epochs", interrupted)
    limit = 3
    assert main(["train", str(work / "mixed.csv"), "-o", str(model)]) == 130
    said = capsys.readouterr()
    assert said.err == "\nmicrograd: stopped\n" and "3 epochs, stopped by Ctrl-C" in said.out
    assert isinstance(micrograd.load(model), tables.TableModel)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_a_bar_follows_the_training_on_a_terminal_alone(work, tmp_path, monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr("micrograd.command_line.tables.progress.OFTEN", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["train", str(work / "mixed.csv"), "-o", str(tmp_path / "m.json"), "--epochs", "4"]) == 0
    shown = terminal.getvalue().split("\r")
    assert any("epoch 4 of 4" in line for line in shown) and shown[-1] == "" and not shown[-2].strip()
    assert "epoch 4 of 4" not in capsys.readouterr().out


# The README


def test_the_transcript_of_the_readme(tmp_path, capsys, monkeypatch):
    """Word by word; numbers within a tenth, since processors round differently."""
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    [transcript] = re.findall("```console\n(.*?)```", text, re.S)
    for part in transcript.removeprefix("$ ").split("\n$ "):
        command, _, wanted = part.partition("\n")
        program, *arguments = shlex.split(command)
        if program == "python":
            exec(arguments[-1], {})
        else:
            assert main(arguments) == 0
        said = capsys.readouterr().out.replace(str(tmp_path), "/home/you").strip()
        pattern = r"\d+(?:\.\d+)?"
        assert re.sub(pattern, "#", said) == re.sub(pattern, "#", wanted.strip())
        found, told = [list(map(float, re.findall(pattern, lines))) for lines in (said, wanted)]
        assert found == pytest.approx(told, rel=0.1)
