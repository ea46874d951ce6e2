"""Exports of long irregular code: functions in parts that compilers take, with the answers of one that is whole."""

from __future__ import annotations

import ctypes
import json
import random
import re
import subprocess

import pytest

from micrograd import Value, export
from micrograd.exporting import splitting

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-ffp-contract=off", "-O0"]
X = [0.3, -0.7, 1.1, 0.9]
RUN = """
import { f, f_gradient } from "./f.mjs";
const gradient = new Float64Array(4), x = Float64Array.from(%s);
f_gradient(x.map(z => z + 1), gradient);
console.log(JSON.stringify([f(x), f_gradient(x, gradient), ...gradient]));
"""


def tangled(x):
    """Some 600 operations, each on numbers from anywhere before it."""
    chance, made = random.Random(5), [*x]
    for _ in range(600):
        a, b = chance.choice(made[-40:]), chance.choice(made)
        made.append(chance.choice([a * b, a + b, a - b, a.tanh(), (a * b).sin(), (a * a + 1.0).log()]).tanh())
    return sum(made[-200:], made[0])


@pytest.fixture(scope="module")
def right():
    leaves = [Value(x) for x in X]
    value = tangled(leaves)
    value.backward()
    return [value.data, value.data, *[leaf.grad for leaf in leaves]]


@pytest.fixture(scope="module")
def texts():
    return {language: export(tangled, 4, language=language, name="f", derivatives=["gradient"])
            for language in ("c", "javascript")}  # fmt: skip


def test_in_c(tmp_path, texts, right):
    (tmp_path / "f.c").write_text(texts["c"])
    subprocess.run(["g++", "-x", "c++", *STRICT, "-fsyntax-only", "f.c"], cwd=tmp_path, check=True)
    command = ["gcc", "-std=c99", *STRICT, "-shared", "-fPIC", "f.c", "-o", "f.so", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "f.so"))
    library.f.restype = library.f_gradient.restype = ctypes.c_double
    x, gradient = (ctypes.c_double * 4)(*X), (ctypes.c_double * 4)()
    assert [library.f(x), library.f_gradient(x, gradient), *gradient] == pytest.approx(right, rel=1e-13)


def test_in_javascript(tmp_path, texts, right):
    (tmp_path / "f.mjs").write_text(texts["javascript"])
    (tmp_path / "run.mjs").write_text(RUN % json.dumps(X))
    found = subprocess.run(["node", "run.mjs"], cwd=tmp_path, check=True, capture_output=True).stdout
    assert json.loads(found) == pytest.approx(right, rel=1e-13)


@pytest.mark.parametrize("language", ["c", "javascript"])
def test_no_function_is_long(texts, language):
    bodies = re.findall(r"^\S.*\) \{\n((?:[ ].*\n)+)\}", texts[language], re.M)
    assert len([body for body in bodies if body.count("\n") > 100]) > 6
    assert max(body.count("\n") for body in bodies) <= splitting.LONGEST


def test_what_a_part_only_reads_is_const(texts):
    heads = re.findall(r"^static void f_gradient_part_\d+\((.*)\)", texts["c"], re.M)
    assert len(heads) > 3
    assert all("double shared" in head for head in heads)
    assert not any(re.search("const double gradient|(?<!const )double x", head) for head in heads)
