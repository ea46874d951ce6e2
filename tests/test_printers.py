"""Printers: every kind of statement in every language, with the same numbers; and what the text looks like."""

from __future__ import annotations

import json
import math
import shutil
import subprocess

import pytest
from same import same

from micrograd.exporting.javascript.code import JavaScriptPrinter
from micrograd.exporting.python.code import PythonPrinter
from micrograd.exporting.statements import (
    Add,
    Apply,
    Argument,
    Array,
    Call,
    Comment,
    For,
    Function,
    Given,
    If,
    Item,
    Let,
    Looked,
    Module,
    Name,
    Number,
    Return,
    Store,
    Table,
    at,
)
from micrograd.functions import sigmoid

HOSTILE = 'end */ """ \\ </script> <!-- \n // \u2028 ??/'


def apply(row, *operands):
    return Apply(row, tuple([Number(x) if isinstance(x, float) else x for x in operands]))


def item(array, offset=0, **factors):
    return Item(array, at(offset, **factors))


def every_statement():
    """total = Σ over samples of w · x, with gradients by w and by the last sample, which may be left out; a twin."""
    arguments = [
        Argument("x", "samples", 2),
        Argument("n", "count"),
        Argument("w", "in", 2),
        Argument("gradient", "out", 2, optional=True),
    ]
    total = Name("total")
    picked = Item("w", Looked("f_order", at(1, j=-1)))
    samples = [
        Comment(HOSTILE),
        For("j", 2, [Store(item("products", j=1), apply("mul", picked, item("x", i=2, j=1)))]),
        For("j", 2, [Add(total, item("products", j=1)), Add(item("twice", j=1), apply("mul", 2.0, total))]),
        If(Given("gradient"), [For("j", 2, [Add(item("gradient", 1, j=-1), item("x", i=2, j=1))])]),
    ]
    loss = Function("f_loss", HOSTILE, arguments, [
        Let("total", Number(-0.0), changes=True),
        Array("products", 2),
        Array("twice", 2, zero=True),
        If(Given("gradient"), [For("j", 2, [Store(item("gradient", j=1), Number(0.0))])]),
        For("i", "n", samples),
        If(apply("less", total, 1e6), [Return(apply("add", total, apply("mul", 1e-3, item("twice", 1))))]),
        Return(Call("f_twin", ("x", "n", "w", "gradient"))),
    ])  # fmt: skip
    twin = Function("f_twin", "", arguments, [
        If(Given("gradient"), [
            Store(item("gradient"), apply("neg", math.inf)),
            Store(item("gradient", 1), Number(math.nan)),
        ]),
        Return(apply("sigmoid", apply("sub", Name("n"), 3.0))),
    ], private=True)  # fmt: skip
    x, y = item("x"), item("x", 1)
    squares = Function("f", "Squares.", [Argument("x", "in", 2), Argument("a", "out", 2), Argument("b", "out", 1)], [
        Store(item("a"), apply("mul", x, x)),
        Store(item("a", 1), apply("where", apply("greater", y, -1.0), y, apply("less", x, 0.0))),
        Store(item("b"), apply("div", 1.0, item("a", 1))),
    ], returns=False)  # fmt: skip
    tables = [Table("f_order", [0.0, 1.0], (2,), whole=True), Table("f_w", [0.5, -0.0], (2,), public=True)]
    return Module("f", ["f: a test.", HOSTILE], tables, [twin, loss, squares])


TIMES, BEYOND = [10.0, 1.0], [1e7, 1.0]
RIGHT = [64.17, [6.0, 4.0]]  # 1 + 20 + 3 + 40 and a thousandth of 2 (21 + 64)


def test_every_statement_in_python():
    space = {}
    exec(compile(PythonPrinter(every_statement()).source(), "<export>", "exec"), space)
    loss, squares, x = space["f_loss"], space["f"], [1, 2, 3, 4]
    assert [*loss(x, 2, TIMES)] == RIGHT
    assert loss(x, 2, TIMES, gradient=False) == (RIGHT[0], None)
    value, gradient = loss(x, 2, BEYOND)
    assert same(gradient, [-math.inf, math.nan]) and value == sigmoid(-1.0)
    assert squares((2, -4)) == ([4.0, 0.0], [math.inf]) and same(space["f_w"], [0.5, -0.0])
    with pytest.raises(ValueError, match="expected 4 numbers in x, got 3"):
        loss(x[:3], 2, TIMES)
    with pytest.raises(ValueError, match="expected n to be at least 1, got 0"):
        loss([], 0, TIMES)
    with pytest.raises(ValueError, match="expected 2 numbers in w, got 1"):
        loss(x, 2, [1])


SCRIPT = """
import * as f from "./f.mjs";
import fs from "fs";
const g = [0, 0], x = [1, 2, 3, 4], said = call => { try { call(); } catch (error) { return `${error}`; } };
const inner = new Function(fs.readFileSync("inner.js", "utf8") + "return [f_loss, f];")();
const results = [f.f_loss, inner[0]].flatMap(loss => [
  [loss(x, 2, [10, 1], g), [...g]], loss(x, 2, [10, 1]), [loss(x, 2, [1e7, 1], g), String(g)],
  said(() => loss([1, 2, 3], 2, [1, 1])), said(() => loss(x, 2, [1])), said(() => loss(x, 2, [1, 1], [0])),
  said(() => loss(x, 1.5, [1, 1])),
]);
const given = new Float64Array(2);
const made = [f.f([2, -4]), f.f([2, -4], given)].map(([a, b]) => [[...a], String(b), a === given]);
console.log(JSON.stringify([results, made, Object.keys(f), Object.is(f.f_w[1], -0), said(() => f.f())]));
"""


def test_every_statement_in_javascript(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("needs node")
    (tmp_path / "f.mjs").write_text(JavaScriptPrinter(every_statement()).source(), encoding="utf-8")
    inner = JavaScriptPrinter(every_statement(), exported=False).source()
    (tmp_path / "inner.js").write_text(inner, encoding="utf-8")
    (tmp_path / "script.mjs").write_text(SCRIPT)
    found = subprocess.run(["node", "script.mjs"], cwd=tmp_path, check=True, capture_output=True)
    results, made, names, signed, missing = json.loads(found.stdout)
    assert results == 2 * [
        RIGHT,
        RIGHT[0],
        [sigmoid(-1.0), "-Infinity,NaN"],
        "RangeError: expected at least 4 numbers in x, got 3",
        "RangeError: expected 2 numbers in w, got 1",
        "RangeError: expected 2 numbers in gradient, got 1",
        "RangeError: expected n to be a whole number from 1 on, got 1.5",
    ]
    assert made == [[[4, 0], "Infinity", False], [[4, 0], "Infinity", True]]
    assert (sorted(names), signed) == (["f", "f_loss", "f_w"], True)
    assert missing == "RangeError: expected 2 numbers in x, got undefined"
    assert "export" not in inner and "f_w" not in inner and "</" not in inner
