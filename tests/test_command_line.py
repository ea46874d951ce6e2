"""The command line as a user meets it: real files, one clear line for what is wrong, fresh processes where needed."""

import io
import json
import math
import os
import re
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

import micrograd
from micrograd import functions as f
from micrograd.__main__ import main
from micrograd.command_line.expressions import read_expression, values_at
from micrograd.command_line.terminal import InputError, spelled
from micrograd.engine import Value


def run(folder, *arguments):
    """A command in this process, as `fresh` runs it in another."""
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    os.chdir(folder)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(list(arguments))
    except SystemExit as error:  # of --help
        code = error.code
    finally:
        os.chdir(before)
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def fresh(folder, *arguments, encoding="utf-8", **variables):
    return subprocess.run(
        [sys.executable, "-m", "micrograd", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding=encoding,
        env={**os.environ, "PYTHONIOENCODING": encoding, **variables},
    )


def write(folder, text, name="data.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_the_main_job(tmp_path):
    done = fresh(tmp_path)
    assert done.returncode == 0 and not done.stderr
    lines = done.stdout.splitlines()
    for name in ("w1", "w2", "x", "y", "z", "h", "u", "ŷ", "L"):
        assert any(line.split()[:1] == [name] for line in lines), name
    for formula in ("2(ŷ−y) · σ'(u) · w2 · σ'(z) · x", "2(ŷ−y) · σ'(u) · h"):
        [line] = [line for line in lines if formula in line and line.split()[0] in ("∂L/∂w1", "∂L/∂w2")]
        by_formula, backward = line.split()[-2:]
        assert by_formula == backward
    losses = [float(line.split()[1]) for line in lines if len(line.split()) == 4 and line.split()[0].isdigit()]
    assert len(losses) >= 10 and losses[-1] < losses[0] / 50 and losses == sorted(losses, reverse=True)
    saved = json.loads((tmp_path / "toy-net.json").read_text())
    assert saved["weights"].keys() == {"w1", "w2"} and saved["mean loss"] < 1e-3
    assert str(tmp_path / "toy-net.json") in lines[-1]
    assert os.listdir(tmp_path) == ["toy-net.json"]


def test_options_of_the_toy_net_need_no_command(tmp_path):
    done = run(tmp_path, "toy", "--epochs", "2", "-o", "w.json")
    assert done.returncode == 0 and (tmp_path / "w.json").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["train", "x.csv", "--epochs", "0"], "expected a whole number of at least 1, got '0'"),
        (["train", "x.csv", "--lr", "-1"], "expected a number above 0, got '-1'"),
        (["train", "x.csv", "--hidden", "16,0"], "layer widths such as 16,16, got '16,0'"),
        (["nonsense"], "COMMAND: invalid choice: 'nonsense' (choose from"),
        (["trian", "x.csv"], "; did you mean train?"),
        (["train", "x.csv", "--tagret", "y"], "train: no option --tagret; did you mean --target?"),
        (["train", "x.csv", "--epoch=3", "--zzz=4"], "train: no option --zzz\n"),
        (["train", "x.csv", "y.csv"], "train: 'y.csv' is one argument too many"),
        (["train", "x.csv", "--target", "--lr"], "one that begins with a dash is joined to the option: --target=-x"),
        (["draw", "x", "--view", "ful"], "; did you mean full?"),
        (["train"], "the following arguments are required: FILE.csv"),
        ([__file__], f"to learn from that table: train {__file__}"),
        (["--vresion"], "no option --vresion; did you mean --version?"),
        (["train", "x.csv", "--a\nb"], "train: no option --a␤b"),
    ],
)
def test_bad_options(arguments, message, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("micrograd: ") and message in said.err and said.err.count("\n") == 1 and said.out == ""


@pytest.mark.parametrize("program, name", [("/bin/micrograd", "micrograd"), ("__main__.py", "python -m micrograd")])
def test_help_is_called_as_the_command_was(program, name, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", [program])
    assert run(tmp_path, "--help").stdout.startswith(f"usage: {name} [-h]")


def test_help(tmp_path):
    top, train = run(tmp_path, "--help"), run(tmp_path, "train", "--help")
    assert top.returncode == train.returncode == 0
    assert "train" in top.stdout and "toy" in top.stdout
    for option in ("--target", "--hidden", "--epochs", "--lr", "--seed", "--output"):
        assert option in train.stdout
    assert run(tmp_path, "--version").stdout.startswith("micrograd 0.")


def test_draw(tmp_path):
    done = run(tmp_path, "draw", "z = w*x; tanh(z + b)", "--at", "w=0.5, x=2,b=-1", "-o", "net.svg")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("value = 0;") and str(tmp_path / "net.svg") in done.stdout
    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    words = " ".join(element.text or "" for element in root.iter() if element.tag.endswith(("text", "tspan")))
    assert "tanh" in words and "∇" in words and "0.5" in words


def test_explore(tmp_path):
    done = run(tmp_path, "explore", "z = w*x; tanh(z + b)", "--at", "w=0.5, x=2,b=-1", "-o", "net.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("value = 0;") and str(tmp_path / "net.html") in done.stdout
    done = run(tmp_path, "explore", "--at", "x=2")
    assert done.stdout.startswith("L = 0.498797") and '"label":"yhat"' in (tmp_path / "explore.html").read_text("utf-8")
    done = run(tmp_path, "explore", "--quiz", "-o", "quiz.html")
    assert '"quiz":[' in (tmp_path / "quiz.html").read_text("utf-8")
    done = run(tmp_path, "explore", "not even an expression", "-o", "net.svg")
    assert done.returncode == 2 and "expected a path that ends in .html, got 'net.svg'" in done.stderr


def exported(tmp_path, *arguments):
    """What the file holds that `export` wrote."""
    done = run(tmp_path, "export", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    room = {}
    exec((tmp_path / arguments[arguments.index("-o") + 1]).read_text("utf-8"), room)
    return room


def test_export_of_an_expression_is_a_function_of_the_names_without_a_number(tmp_path):
    expression = "z = w*x + b; tanh(z)*y"
    room = exported(tmp_path, expression, "--at", "w=0.5,b=-1", "-o", "f.py", "--derivatives", "gradient, hessian")
    assert room["model"]([2.0, 3.0]) == 0.0 and room["model_gradient"]([2.0, 3.0]) == (0.0, [1.5, 0.0])
    assert room["model_hessian"]([2.0, 3.0])[-1] == [0.0, 0.5, 0.5, 0.0]
    options = ["--at", "w=0.5,b=-1,y=3", "--name", "f", "--derivatives", "gradient", "--wrt", "parameters", "--inputs"]
    assert exported(tmp_path, expression, *options, "y,x", "-o", "p.py")["f_gradient"]([3.0, 2.0]) == (0.0, [6.0, 3.0])
    assert exported(tmp_path, "e * x", "-o", "e.py")["model"]([1.0]) == math.e


def test_export_of_a_saved_graph_names_its_inputs(tmp_path):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    micrograd.save({"w": w, "loss": (w * x - 3.0) ** 2}, tmp_path / "graph.json")
    room = exported(tmp_path, "graph.json", "--inputs", "x", "-o", "graph.txt", "--language", "python")
    assert room["model"]([4.0]) == 1.0
    done = run(tmp_path, "export", "graph.json", "-o", "g.c")
    assert done.returncode == 2 and "graph.json: expected the leaves that are inputs (--inputs), of w, x" in done.stderr
    micrograd.save([w * x, w + x], tmp_path / "two.json")
    done = run(tmp_path, "export", "two.json", "--inputs", "x", "--derivatives", "gradient", "-o", "g.c")
    assert done.returncode == 2 and "micrograd: two.json: expected a model with a single output" in done.stderr


def test_export_writes_a_header_beside_the_code(tmp_path):
    done = run(tmp_path, "export", "x*y", "-o", "f.c", "--name", "area", "--derivatives", "gradient", "--header")
    assert done.stdout == f"The function area is in {tmp_path / 'f.c'} and {tmp_path / 'f.h'}\n", done.stderr
    told = "/* The value, and its gradient by the inputs. */\ndouble area_gradient(const double"
    header = (tmp_path / "f.h").read_text()
    assert told in header and header.startswith("/* inputs: x, y */\n")
    assert '#include <math.h>\n#include "f.h"\n' in (tmp_path / "f.c").read_text()
    done = run(tmp_path, "export", "x*y", "-o", "f.c", "--header")
    assert done.returncode == 2 and "f.c, f.h: there already; --force overwrites them" in done.stderr
    assert run(tmp_path, "export", "x", "-o", "f.mjs", "--header").returncode == 2 and len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["x*y", "-o", "f.rs"], "f.rs: expected a path that ends in .c, .js, .mjs or .py, or the language"),
        (["x*y", "--at", "x=1,y=2", "-o", "f.c"], "--at gives a number to every name; expected an input"),
        (["x*y", "--inputs", "x", "-o", "f.c"], "'y' has no value; add y=… to --at"),
        (["x*y", "--inputs", "x,y,z", "-o", "f.c"], "--inputs: no 'z' there; the leaves are x, y"),
        (["x*y", "-o", "f.c", "--derivatives", "laplacian"], "f.c: expected derivatives"),
        (["x*y", "-o", "f.c", "--name", "while"], "f.c: expected a name for the function"),
        (["x*y", "-o", "f.c", "--wrt", "parameters"], "--wrt parameters: expected --derivatives, too"),
        (["x*y", "-o", "-", "--language", "c"], "--output: expected a file, got -"),
        (["none.json", "-o", "f.c"], "none.json: no such file or directory"),
        (["x*", "-o", "f.c"], "column"),
    ],
)
def test_an_export_that_is_refused(arguments, message, tmp_path):
    done = run(tmp_path, "export", *arguments)
    assert done.returncode == 2 and message in done.stderr and not done.stdout and not os.listdir(tmp_path)


def test_explore_a_training(tmp_path):
    done = run(tmp_path, "explore", "--train", "-o", "toy.html")
    assert done.returncode == 0 and done.stdout == f"The page is in {tmp_path / 'toy.html'}\n"
    assert '"parameters":[0.5,-1.2]' in (tmp_path / "toy.html").read_text("utf-8")
    rows = ["a,b,kind", *[f"{i % 7},{i % 5},{'up' if i % 7 > i % 5 else 'down'}" for i in range(40)]]
    (tmp_path / "data.csv").write_text("\n".join(rows), "utf-8")
    done = run(tmp_path, "explore", "--data", "data.csv", "--hidden", "3", "-o", "data.html")
    assert "predicting the class kind" in done.stdout and "on the page -1 is down, 1 is up" in done.stdout
    page = (tmp_path / "data.html").read_text("utf-8")
    assert "2\\u20133\\u20131, 13 parameters" in page and '"inputs":["a","b"]' in page
    assert '{"name":"down","target":[-1.0]}' in page and "standard deviations from their mean" in page
    wrong = {
        ("--train", "-o", "toy.html"): "toy.html: there already; --force overwrites it",
        ("--data", "data.csv", "-o", "data.csv"): "data.csv: expected a path that ends in .html",
        ("--data", "data.csv", "--target", "kinds", "-o", "x.html"): "no column 'kinds'; did you mean 'kind'?",
        ("x * x", "--moons"): "explore: an expression and --moons; expected one of them",
        ("--quiz", "--xor"): "explore: --quiz and --xor; expected one of them",
        ("--moons", "--xor"): "--xor: not allowed with argument --moons",
        ("--moons", "--target", "a"): "--target: is about a table: expected --data FILE.csv, got --moons",
        ("--train", "--hidden", "3"): "--hidden: the toy net has no layers",
        ("x * x", "--force"): "--force: is about a training",
    }
    for arguments, said in wrong.items():
        done = run(tmp_path, "explore", *arguments)
        assert done.returncode == 2 and said in done.stderr, (arguments, done.stderr)
    assert not (tmp_path / "x.html").exists() and not (tmp_path / "explore.html").exists()


def test_the_page_of_a_training_opens_unless_it_is_told_where_to_go(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert run(tmp_path, "explore", "--circles", "--hidden", "2").returncode == 0
    assert opened == [(tmp_path / "explore.html").as_uri()]


def test_a_picture_that_cannot_be_written(tmp_path):
    done = run(tmp_path, "draw", "x*x", "--at", "x=1", "-o", "none/net.svg")
    assert done.returncode == 2
    assert done.stderr == "micrograd: none/net.svg: cannot be written: no such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [["toy", "--epochs", "100000000"], ["draw", "x*x", "--at", "x=1"], ["train", "data.csv", "--epochs", "100000000"]],
)
def test_that_a_result_cannot_be_written_is_found_out_before_the_work(arguments, tmp_path):
    write(tmp_path, "a,b\n1,2\n2,3\n")
    (tmp_path / "folder.svg").mkdir()
    for path, why in (("none/net.svg", "no such file or directory"), ("folder.svg", "is a directory")):
        done = run(tmp_path, *arguments, "-o", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"micrograd: {path}: cannot be written: {why}\n"
    assert sorted(os.listdir(tmp_path)) == ["data.csv", "folder.svg"]


def test_pictures_of_kinds_that_need_graphviz_are_refused_before_the_work(tmp_path):
    for path, why in (("net.png", "needs the program dot of Graphviz"), ("net.gif", "expected a path that ends in")):
        done = fresh(tmp_path, "draw", "not even an expression", "-o", path, PATH="")
        assert done.returncode == 2 and f"micrograd: {path}: " in done.stderr and why in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_that_standard_output_takes_nothing_is_found_out_before_the_work(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "micrograd", "toy", "--epochs", "100000000"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
    assert done.returncode == 1 and done.stderr == "micrograd: standard output: no space left on device\n"


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout")
def test_a_result_on_standard_output_stands_among_what_is_printed(tmp_path):
    with open(tmp_path / "said", "w") as said:
        subprocess.run(
            [sys.executable, "-m", "micrograd", "toy", "--epochs", "1", "-o", "/dev/stdout"],
            stdout=said,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
    text = (tmp_path / "said").read_text(encoding="utf-8")
    before, braces, after = text.partition("{\n")
    assert before.startswith("The toy net") and "mean loss" in after and after.endswith("/dev/stdout\n") and braces
    assert os.listdir(tmp_path) == ["said"]


def test_explain(tmp_path):
    done = run(tmp_path, "explain", "h = sigmoid(w*x); (h - y)**2", "--at", "w=0.5,x=2,y=1", "--wrt", "w")
    assert done.returncode == 0, done.stderr
    assert "∂f/∂w = ∂f/∂h · ∂h/∂v₁ · ∂v₁/∂w\n" in done.stdout and "which equals w.grad" in done.stdout
    table = run(tmp_path, "explain", "x*y", "--at", "x=2,y=3")
    assert table.returncode == 0 and "local derivatives" in table.stdout
    wrong = run(tmp_path, "explain", "x*y", "--at", "x=2,y=3", "--wrt", "q")
    assert wrong.returncode == 2 and "the expression has no 'q'; it has x, y" in wrong.stderr


def test_expressions_have_the_value_and_gradients_of_python():
    at = {"a": 0.7, "b": -1.3}
    text = "c = a*b - b/a; d = maximum(c, a) ** 2 + sigmoid(-b); d * (a < b) + exp(c) - abs(b) + e + pi/2"
    root, names = read_expression(text, at)
    root.backward()
    a, b = Value(0.7), Value(-1.3)
    c = a * b - b / a
    d = f.maximum(c, a) ** 2 + f.sigmoid(-b)
    expected = d * (a < b) + f.exp(c) - f.abs(b) + math.e + math.pi / 2
    expected.backward()
    assert (root.data, names["a"].grad, names["b"].grad) == (expected.data, a.grad, b.grad)
    assert names["c"].label == "c" and list(names) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "text, at, message, column",
    [
        ("tanh(w*x + q)", "w=1,x=2", "'q' has no value; add q=… to --at", 12),
        ("w + tahn(w)", "w=1", "no function 'tahn'; did you mean tan or tanh", 5),
        ("w + tanh(w, w)", "w=1", "tanh takes 1 argument, got 2", 5),
        ("w + exp(x=w)", "w=1", "exp takes no named arguments", 5),
        ("ä + w.real", "ä=1,w=1", "expected numbers, names", 5),
        ("w + __import__('os').system('true')", "w=1", "expected the plain name of a function", 5),
        ("w + 'a'", "w=1", "expected a number, got 'a'", 5),
        ("w^2", "w=1", "expected ** for a power, got ^", 1),
        ("w + True", "w=1", "expected a number, got True", 5),
        ("w if w else w", "w=1", "expected numbers, names", 1),
        ("w; w = 2", "w=1", "'w' has a value already", 4),
        ("w + [x for x in w]", "w=1", "expected numbers, names", 5),
        ("import os", "w=1", "expected an expression, or steps", 1),
        ("w * ", "w=1", "invalid syntax", 4),
    ],
)
def test_errors_point_at_the_column(text, at, message, column):
    with pytest.raises(InputError) as caught:
        read_expression(text, values_at(at))
    said, line, caret = str(caught.value).split("\n")
    assert message in said and said.startswith(f"column {column}: ")
    assert caret.index("^") == 4 + column - 1 and line.strip() in text


@pytest.mark.parametrize(
    "text, at, message",
    [
        ("", "w=1", "the expression is empty"),
        ("1 + 2", "", "holds no name"),
        ("w", "w=1,x=2", "the expression has no 'x'"),
        ("w", "w", "name=number pairs"),
        ("w", "w=1,w=2", "'w' is given twice"),
        ("w", "w=nan", "name=number pairs"),
        ("w" + "+w" * 2_001, "w=1", "nested too deeply: expected at most 2,000 operations"),
        ("w" + "**w" * 30_000, "w=1", "nested too deeply: expected at most 2,000 operations"),
        ("-" * 99_000 + "w", "w=1", "nested too deeply: expected at most 2,000 operations"),
        ("w" + "+w" * 100_000, "w=1", "at most 100,000 characters, got 200,001"),
    ],
)
def test_errors_without_a_column(text, at, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read_expression(text, values_at(at))


@pytest.mark.parametrize(
    "text, value, gradient",
    [
        ("w" + "+w" * 2_000, 2001.0, 2001.0),
        ("-" * 2_000 + "w", 1.0, 1.0),
        ("w" + "**w" * 2_000, 1.0, 1.0),
        ("a = 0*w" + "; a%d = w+w" * 3_000 % tuple(range(3_000)), 2.0, 2.0),
        ("+".join(["tanh(w)*2"] * 1_000), 2000.0 * math.tanh(1.0), 2000.0 / math.cosh(1.0) ** 2),
    ],
)
def test_long_and_deep_expressions(text, value, gradient):
    root, names = read_expression(text, {"w": 1.0})
    root.backward()
    assert root.data == pytest.approx(value, rel=1e-12) and names["w"].grad == pytest.approx(gradient, rel=1e-12)


@pytest.mark.parametrize("command", [["explain"], ["explain", "--wrt", "w"], ["draw", "-o", "sum.svg"]])
def test_a_sum_of_800_terms_on_the_command_line(command, tmp_path):
    text = "+".join([f"{i}*w" for i in range(799)] + ["x"])
    done = run(tmp_path, *command, text, "--at", "w=1,x=2")
    assert done.returncode == 0 and done.stderr == "", done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of another kind")
def test_a_reader_that_leaves_early_is_no_error_to_report(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)  # as head does when it has its lines
    command = [sys.executable, "-m", "micrograd", "explain", "tanh(w*x)", "--at", "w=1,x=2", "--wrt", "w"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path)
    os.close(writing)
    assert done.returncode == 1 and done.stderr == b""


EXPLAINED = ["explain", "σ = w*x + βhat; tanh(σ)*名*é", "--at", "w=1,x=2,βhat=-.1,名=3,é=1", "--wrt", "w"]


@pytest.mark.parametrize(
    "encoding, plain, escaped",
    [
        ("ascii", "df/dsigma = \\xe9 * \\u540d * sech^2(sigma)", "v3    = v2*\\u540d     = 2.87"),
        ("cp1252", "df/dsigma = é · \\u540d · sech²(sigma)", "v3    = v2·\\u540d     = 2.87"),
        ("cp437", "df/dσ = é · \\u540d · sech²(σ)", "v3 = v2·\\u540d     = 2.87"),
    ],
)
def test_what_an_encoding_lacks_is_spelled_plainly_and_stays_in_columns(tmp_path, encoding, plain, escaped):
    done = fresh(tmp_path, *EXPLAINED, encoding=encoding)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert plain in done.stdout and escaped in done.stdout and "betahat" in done.stdout
    at, data = ["x*y", "--at", "x=1,y=2"], write(tmp_path, "ŷ,名\n" + "".join(f"{i},{i}\n" for i in range(9)), "σ.csv")
    commands = [[], ["explain", *at], ["draw", *at, "-o", "ŷ.svg"], ["train", "--help"]]
    if encoding == "ascii" and find_spec("pandas"):  # it lacks what the others lack
        commands.insert(0, ["train", data, "--epochs", "2"])
    several = f"from micrograd.__main__ import main\nfor command in {commands!a}:\n    print('exit', main(command))"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", several], cwd=tmp_path, capture_output=True, env=environment)
    said = done.stdout.decode(encoding)
    assert done.returncode == 0 and done.stderr == b"", done.stderr  # the exit of --help
    assert said.count("exit 0") == len(commands) - 1 and "usage: " in said.rpartition("exit 0")[2]
    wrong = fresh(tmp_path, "explain", "σ*q", "--at", "σ=2", encoding=encoding)
    said, text, caret = wrong.stderr.splitlines()
    assert wrong.returncode == 2 and text[caret.index("^")] == "q" and "'q' has no value" in said


def test_the_toy_net_in_ascii(tmp_path):
    done = fresh(tmp_path, PYTHONIOENCODING="", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C", encoding="ascii")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "The toy net:  z = w1*x   h = sigma(z)   u = w2*h   yhat = sigma(u)   L = (yhat - y)^2"
    assert lines[4].split() == ["formula", "value", "dL/d."] and {len(line) for line in lines[4:14]} == {len(lines[4])}
    assert lines[12] == "  yhat  sigma(u)         0.321486     -1.35703"
    assert "  dL/dw2 = 2(yhat-y) * sigma'(u) * h                     -0.184256    -0.184256" in lines


def test_every_character_of_the_package_has_a_plain_spelling():
    from pathlib import Path

    import micrograd

    sources = [path.read_text(encoding="utf-8") for path in Path(micrograd.__file__).parent.rglob("*.py")]
    lost = {c for c in set("".join(sources)) if spelled(c, "ascii").startswith("\\") and not c.isascii()}
    assert lost <= {"␛", "␤", "é", "名"}  # pictures of control characters, and two letters of examples
    assert spelled("x⁻¹ + v₁₂⁽²⁾ aᵢⱼ √½ ‖g‖ “a” σ̂ ␤", "ascii") == 'x^-1 + v12^(2) a_ij sqrt1/2 ||g|| "a" sigmahat \\n'
    assert spelled("∂L/∂ŷ ≤ 2¹⁰⁰, x²", "cp1252") == "dL/dyhat <= 2^100, x²"
    assert spelled("ŷ", "utf-8") == spelled("ŷ", None) == "ŷ" and spelled("a\udce9", "utf-8") == "a\\udce9"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [[], ["--help"], ["explain", "x*y", "--at", "x=1,y=2"], ["--version"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_told_in_a_line(tmp_path, arguments, unbuffered):
    command = [sys.executable, "-m", "micrograd", *arguments]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 1 and done.stderr == "micrograd: standard output: no space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell of another kind")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams(tmp_path, closed):
    command = f"{sys.executable} -m micrograd toy --epochs 1 {closed}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    wrong = subprocess.run(command.replace("toy --epochs 1", "train none"), shell=True, cwd=tmp_path)
    assert wrong.returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="no named pipes")
def test_results_written_to_what_is_no_file_leave_it_what_it_is(tmp_path):
    """Such as /dev/null, which root can replace by a file."""
    os.mkfifo(tmp_path / "pipe")
    command = f"cat pipe & {sys.executable} -m micrograd toy --epochs 1 -o pipe > said; wait"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(done.stdout)["weights"].keys() == {"w1", "w2"} and done.stderr == ""
    assert sorted(os.listdir(tmp_path)) == ["pipe", "said"] and not os.path.isfile(tmp_path / "pipe")


def test_python_says_nothing_of_an_expression():
    with warnings.catch_warnings(), pytest.raises(InputError, match="expected numbers"):
        warnings.simplefilter("error")
        read_expression("x*1if x else 2", {"x": 1.0})
