"""A new primitive takes four facts, as README's recipe says; everything else follows from its row."""

import math
import os
import pickle
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import micrograd
from micrograd import compile, derivative, explain, explore, export, functions, gradient, losses, save
from micrograd.dispatch import by_definition, of_one, operate
from micrograd.drawing.explorer.javascript import rule
from micrograd.engine import Value, apply, unary
from micrograd.ops import TABLE, Op


@of_one
def cube(x):
    """x³, the function: floats here, anything else through operate."""
    if x.__class__ is not float:
        return operate(cube, x)
    return x * x * x


CUBE = Op("cube", "( )³", cube, (lambda x, out: 3.0 * x * x,), "{{{0}}}^3")


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setitem(TABLE, "cube", CUBE)  # the row
    monkeypatch.setattr(Value, "cube", unary(CUBE), raising=False)  # the line on Value


def test_the_recipe_of_the_readme_to_the_letter(tmp_path):
    """In a copy of the package: its four facts and no other line; the tests of the table meet the new row, too."""
    root = Path(micrograd.__file__).parents[1]
    for folder in ("micrograd", "tests"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    recipe = (root / "README.md").read_text(encoding="utf-8").split("To **add a primitive**")[1]
    facts = re.findall(r"\d\. .*?\]\(([\w/.]+)\).*?   ```diff\n    (.*?\n)(.*?)   ```\n", recipe, re.S)
    assert len(facts) == 4
    for file, before, added in facts:
        lines = re.findall(r"   \+(.*\n)", added)
        assert len(lines) == added.count("\n")
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert text.count("\n" + before) == 1
        (tmp_path / file).write_text(text.replace(before, before + "".join(lines)), encoding="utf-8")
    rows = runpy.run_path(str(tmp_path / "micrograd" / "core" / "rows.py"))
    assert '{"cbrt", cbrt_method' in rows["headers"](tmp_path / "micrograd")["rows.h"]  # the core in C has it, too
    tests = ["cube_root", "test_ops", "test_edge_cases", "test_functions", "test_targets", "test_exports"]
    options = ["-q", "-p", "no:cacheprovider", "-k", "cbrt or cube_root or every"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *[f"tests/{name}.py" for name in tests]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


BRANCHING = Op("cube", "( )³", cube, (lambda x, out: 0.0 * x if x == 0 else 3.0 * out / x,), "{{{0}}}^3")


@pytest.mark.parametrize("at", [0.0, 2.0])
def test_a_partial_may_compare_with_a_number_where_there_is_one(table, monkeypatch, at):
    """By == on Values, series and formulas; what stands for many numbers, or for none, refuses."""
    monkeypatch.setitem(TABLE, "cube", BRANCHING)
    monkeypatch.setattr(Value, "cube", unary(BRANCHING))
    x = Value(at, "x")
    y = cube(x)
    assert (gradient(y, x).data, gradient(gradient(y, x), x).data) == (3.0 * at * at, 6.0 * at)
    assert derivative(cube, at, order=2) == 6.0 * at and derivative(cube, 2.0, order=3) == 6.0
    assert f"= {'0' if at == 0.0 else '12'}" in str(explain(y, x, {}))
    assert rule(BRANCHING) == "null"  # for pages
    with pytest.raises(TypeError, match="no number that == or != could compare"):
        compile(cube(Value(1.0) * x), [x], backend="numpy").value_and_gradient([[at], [1.0]])


def no_forward(x):
    raise RuntimeError("called number by number")


def definition(x):
    """x³, by way of a primitive that has a definition itself."""
    return functions.copysign(functions.relu(functions.abs(x) * x * x), x)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("irregular", [False, True])
def test_compiled_code_computes_a_definition(monkeypatch, backend, irregular):
    """For the samples, once a step (of parameters alone), played; with primitives in it that others define."""
    pytest.importorskip("llvmlite" if backend == "llvm" else "numpy")
    monkeypatch.setitem(TABLE, "cube", CUBE)
    w = [Value(0.1 * i - 0.35) for i in range(8)]

    def model(x):
        y = cube(w[0] * x[0]) + cube(w[1]) * x[1]
        if irregular:
            for i in range(300):
                y = cube(0.3 * y + w[i % 7] * x[i % 2]) if i % 3 else (y * x[i % 2]).tanh() + 0.1 * i
        return y

    monkeypatch.setattr("micrograd.compiler.llvm.irregular.MANY_STEPS", 20 if irregular else 400)
    X, y = [[0.5, -1.0], [2.0, 0.25], [-1.5, 3.0]], [0.0, 1.0, -1.0]
    plain = compile(model, 2, parameters=w, loss=losses.squared_error, backend=backend)
    value, slopes = plain.value_and_gradient(plain.batch(X, y))
    monkeypatch.setitem(TABLE, "cube", Op("cube", "", CUBE.forward, CUBE.partials, "", definition=definition))
    defined = compile(model, 2, parameters=w, loss=losses.squared_error, backend=backend)
    TABLE["cube"].forward = no_forward
    again = defined.value_and_gradient(defined.batch(X, y))
    assert math.isfinite(value) and again[0] == pytest.approx(value, rel=1e-13)
    assert again[1].tolist() == pytest.approx(slopes.tolist(), rel=1e-12)


def test_a_row_that_the_table_has_not_is_not_written_by_its_name(table, tmp_path):
    """Who reads the name back, from a file, a pickle or in a page, would get the other row."""
    other = Op("cube", "", CUBE.forward, (0.0,), "")
    y = apply(other, (Value(2.0),)) + cube(Value(2.0))
    for written in (lambda: save(y, tmp_path / "graph.json"), lambda: pickle.dumps(y)):
        with pytest.raises(ValueError, match="the primitive 'cube' is not in the table"):
            written()
    assert '"cube": null' in explore(y, {}).html


@pytest.mark.parametrize(
    "definition, why",
    [
        (lambda x: x if x > 0.0 else -x, r"write where\(condition, x, y\), not a branch"),
        (lambda x: math.exp(x), r"Write micrograd.exp\(v\)"),
        (lambda x: functions.where(x > 0.0, apply(TABLE["cube"], (x - 1.0,)), x), "it uses itself"),
    ],
)
def test_a_definition_that_is_no_expression_is_refused_by_its_name(monkeypatch, definition, why):
    monkeypatch.setitem(TABLE, "cube", Op("cube", "", cube, CUBE.partials, "", definition=definition))
    with pytest.raises(TypeError, match=f"the definition of cube is no expression over other primitives: .*{why}"):
        compile(lambda x: cube(x[0]), 1, parameters=[], backend="numpy")


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_c_of_a_definition_that_needs_not_all_operands(monkeypatch, tmp_path):
    second = by_definition(lambda x, y: 3.0 * y)
    monkeypatch.setitem(TABLE, "second", Op("second", "", second, (0.0, 3.0), ""))
    source = export(lambda x: apply(TABLE["second"], tuple(x)), 2, language="c", name="f")
    (tmp_path / "f.c").write_text(source)
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-c", "f.c"], cwd=tmp_path, check=True)
