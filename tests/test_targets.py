"""Every primitive on every target, on one grid: the same to the sign of zero, to nan and inf, else to the last digits.

The reference is `micrograd.functions` on floats. A target is a function: name of a primitive, points -> floats.
"""

from __future__ import annotations

import itertools
import json
import math
import shutil
import subprocess

import pytest

import micrograd
from micrograd import Value, export
from micrograd.drawing.explorer.javascript import value_function
from micrograd.drawing.explorer.page import asset
from micrograd.functions import div
from micrograd.ops import TABLE, find

inf, nan = math.inf, math.nan
GRID = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.5, 3.0, 1e-20, -1e-20, 5e-324, -1e-310, 2.2e-308, 0.3, -0.7, 37.0, -37.0,
    710.0, -750.0, 1e16, -1e150, 1e300, -1e300, 1.7e308, inf, -inf, nan,
]  # fmt: skip
CLOSE = 4.0  # units in the last place
CLOSE_IN = {("erf", "javascript"): 8.0}  # a page has a series for it
EXACT = {
    "add", "sub", "mul", "div", "neg", "less", "less_equal", "greater", "greater_equal", "sqrt", "abs", "relu",
    "maximum", "minimum", "where", "detach", "round", "copysign",
}  # fmt: skip


def same(a, b, ulps=0.0):
    """Whether two floats are alike: to the sign of zero, to nan and inf, else within units in the last place."""
    if a != a or b != b:
        return a != a and b != b
    if a == b:
        return math.copysign(1.0, a) == math.copysign(1.0, b)
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= ulps * math.ulp(max(abs(a), abs(b)))


def points(name):
    """The grid for a primitive: all pairs, and for three operands conditions with some pairs."""
    count = len(find(name).partials)
    if count == 3:
        return [(c, x, y) for c in (0.0, -0.0, 1.0, nan, 5e-324) for x, y in zip(GRID, GRID[::-1])]
    grid = itertools.product(GRID, repeat=count)
    return [point for point in grid if name != "copysign" or point[1] == point[1]]  # a nan has no sign to speak of


def applied(name, operands):
    """The primitive on floats, Values or placeholders."""
    first = next((x for x in operands if not isinstance(x, float)), None)
    return find(name).forward(*operands) if first is None else first.operate(name, tuple(operands))


def in_a_graph(name, grid):
    return [applied(name, [Value(x) for x in point]).data for point in grid]


def as_quotient(x):
    """A number as a quotient of two that are finite, as data must be."""
    return (x, 1.0) if math.isfinite(x) else (0.0, 0.0) if x != x else (math.copysign(1.0, x), 0.0)


def compiled(backend, **options):
    def values(name, grid):
        pytest.importorskip("llvmlite" if backend == "llvm" else "numpy")
        count = len(grid[0])

        def code(x):
            return applied(name, [div(x[2 * i], x[2 * i + 1]) for i in range(count)])

        program = micrograd.compile(code, 2 * count, parameters=[], backend=backend, **options)
        return program.predict([sum(map(as_quotient, point), ()) for point in grid]).tolist()

    return values


def in_python(name, grid):
    space = {}
    exec(export(lambda x: applied(name, list(x)), len(grid[0]), name="exported"), space)  # noqa: S102
    return [space["exported"](point) for point in grid]


def literal(x):
    return "NAN" if x != x else f"{'-' if x < 0 else ''}INFINITY" if math.isinf(x) else float(x).hex()


def in_c(name, grid, folder):
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    count = len(grid[0])
    rows = ",\n".join(["{" + ", ".join(map(literal, point)) + "}" for point in grid])
    main = f"""
#include <stdio.h>
static const double points[][{count}] = {{{rows}}};
int main(void) {{
    for (int i = 0; i < {len(grid)}; i++) printf("%a\\n", exported(points[i]));
    return 0;
}}
"""
    code = export(lambda x: applied(name, list(x)), count, name="exported", language="c")
    (folder / "exported.c").write_text(code + main, encoding="utf-8")
    build = ["gcc", "-O1", "-ffp-contract=off", "exported.c", "-o", "exported", "-lm"]
    subprocess.run(build, cwd=folder, check=True)
    lines = subprocess.run([str(folder / "exported")], capture_output=True, text=True, check=True).stdout.split()
    return [nan if "nan" in line else float.fromhex(line) if "inf" not in line else float(line) for line in lines]


def in_javascript(name, grid, folder):
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    numbers = json.dumps([[str(x) for x in point] for point in grid])
    lines = [
        asset("functions.js"),
        "const read = s => s.endsWith('inf') ? Number(s.replace('inf', 'Infinity')) : Number(s);",
        "const write = x => Object.is(x, -0) ? '-0.0' : Number.isNaN(x) ? 'nan' : `${x}`.replace('Infinity', 'inf');",
        f"const points = {numbers}.map(row => row.map(read));",
        f"console.log(points.map(p => write(({value_function(find(name))})(...p))).join('\\n'));",
    ]
    (folder / "page.js").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(["node", str(folder / "page.js")], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


TARGETS = {
    "graph": in_a_graph,
    "numpy": compiled("numpy"),
    "llvm": compiled("llvm", threads=1),
    "python": in_python,
    "c": in_c,
    "javascript": in_javascript,
}


@pytest.mark.parametrize("name", [op.name for op in TABLE.values() if op.definition is not None])
def test_the_faster_forms_are_their_definitions_to_the_bit(name):
    for point in points(name):
        assert same(find(name).forward(*point), find(name).definition(*point)), point


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", TABLE)
def test_the_values(name, target, tmp_path):
    grid = points(name)
    with_folder = TARGETS[target] in (in_c, in_javascript)
    got = TARGETS[target](name, grid, tmp_path) if with_folder else TARGETS[target](name, grid)
    ulps = 0.0 if name in EXACT else CLOSE_IN.get((name, target), CLOSE)
    expected = [find(name).forward(*point) for point in grid]
    wrong = [(p, a, b) for p, a, b in zip(grid, got, expected) if not same(a, b, ulps)]
    assert len(got) == len(grid) and not wrong, (len(wrong), wrong[:5])


def test_the_comparison_sees_signs():
    assert same(nan, nan) and same(-0.0, -0.0) and same(1.0, 1.0 + 2.0**-52, 1.0)
    assert not same(0.0, -0.0, 9.0) and not same(inf, -inf, 9.0) and not same(nan, 1.0, 9.0)
    assert not same(1.0, 1.0 + 2.0**-50, 2.0)
