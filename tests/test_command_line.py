"""The command line as a user meets it: fresh processes, real files, one clear line for what is wrong."""
import json
import os
import random
import subprocess
import sys

import pytest


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "micrograd", *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def write(folder, text, name="data.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.fixture
def line(tmp_path):
    """A file in which z = 2a − b, with a column of words that is no input of use but a good target."""
    rng = random.Random(0)
    rows = [(rng.uniform(-2, 2), rng.uniform(-2, 2)) for _ in range(60)]
    text = "a,b,sign,z\n" + "".join(f"{a},{b},{'plus' if 2 * a > b else 'minus'},{2 * a - b}\n" for a, b in rows)
    return write(tmp_path, text)


def test_the_main_job(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0 and not done.stderr
    lines = done.stdout.splitlines()
    for name in ("w1", "w2", "x", "y", "z", "h", "u", "ŷ", "L"):
        assert any(line.split()[:1] == [name] for line in lines), name
    for formula in ("2(ŷ−y) · σ'(u) · w2 · σ'(z) · x", "2(ŷ−y) · σ'(u) · h"):
        [line] = [line for line in lines if formula in line]
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


def test_regression(line, tmp_path):
    text = open(line).read().splitlines()
    numbers = write(tmp_path, "\n".join(",".join(row.split(",")[:2] + row.split(",")[3:]) for row in text), "n.csv")
    done = run(tmp_path, "train", numbers, "--hidden", "8", "--epochs", "60")
    assert done.returncode == 0, done.stderr
    assert "60 rows, 2 inputs, predicting z; 12 rows held out" in done.stdout
    assert float(done.stdout.split("held-out rows: root mean squared error ")[1].split()[0]) < 0.3
    saved = json.loads((tmp_path / "weights.json").read_text())
    assert saved["layers"] == [2, 8, 1] and len(saved["parameters"]) == 2 * 8 + 8 + 8 + 1
    again = run(tmp_path, "train", numbers, "--hidden", "8", "--epochs", "60")
    assert again.stdout == done.stdout  # same seed, same bits


def test_classification(line, tmp_path):
    text = open(line).read().splitlines()
    words = write(tmp_path, "\n".join(";".join(row.split(",")[:3]) for row in text), "w.csv")
    done = run(tmp_path, "train", words, "--target", "sign", "--hidden", "8", "--epochs", "40", "--activation", "relu")
    assert done.returncode == 0, done.stderr
    assert "predicting sign (2 classes)" in done.stdout
    assert float(done.stdout.split("held-out rows: accuracy ")[1].split("%")[0]) > 80


@pytest.mark.parametrize("text, arguments, message", [
    (None, [], "no such file or directory"),
    ("", [], "the file is empty"),
    ("a,b\n", [], "a line of names but no rows"),
    ("a,b\n1,2\n3\n", [], "line 3: expected 2 cells, got 1"),
    ("a,b\n1,2\nx,4\n", [], "line 3, column 'a': expected a finite number, got 'x'"),
    ("a,b\n1,2\n,4\n", [], "line 3, column 'a': expected a finite number, got ''"),
    ("a,b\n1,2\nnan,4\n", [], "line 3, column 'a': expected a finite number, got 'nan'"),
    ("a,b\n1,2\n2,x\n", [], "line 3, column 'b': expected a finite number, got 'x'"),
    ("a,b\n1,2\n2,3\n", ["--target", "c"], "no column 'c'; the columns are a, b"),
    ("a\n1\n2\n", [], "'a' is the only column"),
    ("a,a\n1,2\n", [], "two columns are called 'a'"),
    ("a,b\n1,x\n2,x\n", [], "column 'b' has 1 classes"),
    (b"a,b\n\xff\xfe,1\n", [], "expected a text file in UTF-8"),
    ("a,b\n1,2\n2,3\n", ["--activation", "swish"], "--activation: expected an activation"),
    ("a,b\n1,2\n2,3\n", ["--held-out", "1"], "--held-out: expected a share"),
    ("a,b\n1,2\n2,9\n3,1\n", ["--lr", "1e200"], "training diverged"),
    ("a,b\n1,2\n2,3\n", ["-o", "no/such/folder.json"], "cannot be written"),
])  # fmt: skip
def test_one_clear_line_and_exit_code_2(tmp_path, text, arguments, message):
    path = str(tmp_path / "missing.csv") if text is None else write(tmp_path, text)
    done = run(tmp_path, "train", path, "--epochs", "3", *arguments)
    assert done.returncode == 2
    assert message in done.stderr and len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments, message", [
    (["train", "x.csv", "--epochs", "0"], "expected a whole number of at least 1, got '0'"),
    (["train", "x.csv", "--lr", "-1"], "expected a number above 0, got '-1'"),
    (["train", "x.csv", "--hidden", "16,0"], "layer widths such as 16,16, got '16,0'"),
    (["nonsense"], "invalid choice"),
])  # fmt: skip
def test_bad_options(tmp_path, arguments, message):
    done = run(tmp_path, *arguments)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_help(tmp_path):
    top, train = run(tmp_path, "--help"), run(tmp_path, "train", "--help")
    assert top.returncode == train.returncode == 0
    assert "train" in top.stdout and "toy" in top.stdout
    for option in ("--target", "--hidden", "--epochs", "--lr", "--seed", "--output"):
        assert option in train.stdout
    assert run(tmp_path, "--version").stdout.startswith("micrograd 0.")
