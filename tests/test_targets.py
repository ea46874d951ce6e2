"""Every primitive on every target, on one grid: values and first derivatives, which a failure names with the operands.

A target gives (value, derivatives by the operands) at all points of every row; a definition has None for them. Right is
what the row gives on floats, which `test_ops` holds to mpmath. A program has all rows, each on operands of its own.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import platform
import re
import shutil
import subprocess
from array import array
from functools import lru_cache

import pytest
from same import near, read, same

import micrograd
from micrograd import Value, derivative, export
from micrograd.compiler.elementary import powers
from micrograd.derivatives import gradient
from micrograd.drawing.explorer.javascript import rule
from micrograd.drawing.explorer.page import asset
from micrograd.engine import apply
from micrograd.exporting.javascript.vocabulary import brought, ours
from micrograd.ops import TABLE

inf, nan = math.inf, math.nan
GRID = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.5, 3.0, 1e-20, -1e-20, 5e-324, -1e-310, 2.2e-308, 0.3, -0.7, 37.0, -37.0,
    710.0, -750.0, 1e16, -1e150, 1e300, -1e300, 1.7e308, inf, -inf, nan,
)  # fmt: skip
MORE = (1e-8, 20.0, -40.0, 709.0, -745.2, 1e5, -3e10, 1e154, -1e308, 5.783448132983504, 1.0007)  # for one operand
ORDINARY = (0.1, 0.3, 0.5, 0.7, 0.9)  # where all is finite, and a program needs no guard
FEW = (0.0, -0.0, 1.0, -2.5, 5e-324, 710.0, inf, -inf, nan)  # for what is called for each sample
ROWS = list(TABLE.values())
OPERANDS = sum([len(op.partials) for op in ROWS])
CLOSE = 4.0  # units in the last place
EXACT = {
    "add", "sub", "mul", "div", "neg", "less", "less_equal", "greater", "greater_equal", "sqrt", "abs", "relu",
    "maximum", "minimum", "where", "detach", "round", "copysign",
}  # fmt: skip
UNEVEN = [
    (-5e-324, 4.8e-12), (1.1e-11, 5e-324), (4.4e-309, 4.4e-309), (1.2e-315, 1.5e-309), (1.7e308, -1e-12),
    (0.9999998552183823, 4471327834.353323), (-1.000000258912236, 1.7795130100201009e18),
]  # fmt: skip
# Where other derivatives than those of `backward` are written in a simpler way, as `edge_cases` says: (x, y, value)
SIMPLER = {
    "pow": lambda x, y, out: y - 1.0 == y or y - 1.0 + 1.0 != y,
    "hypot": lambda x, y, out: out < 1e-300 or out == inf,
    "atan2": lambda y, x, out: any(not 1e-300 < part < inf for part in radius_and_parts(x, y)),
}
SIMPLER_IN_CODE = {"pow": lambda x, y, out: not 1e-300 < abs(out) < 1e300 and SIMPLER["pow"](x, y, out)}
WRITTEN = {"eager": {}, "graph": SIMPLER, "series": SIMPLER}  # elsewhere as in code


def points(op, grid):
    """The grid and more numbers, or all pairs of the grid and some more; for three operands conditions with pairs."""
    if len(op.partials) == 3:
        return [(c, x, y) for c in (0.0, -0.0, 5e-324, *grid[-2:]) for x, y in zip(grid, grid[::-1])]
    if len(op.partials) == 2:
        return [*itertools.product(grid, grid), *UNEVEN * (grid is GRID)]
    return [(x,) for x in grid + MORE * (grid is GRID)]


def radius_and_parts(x, y):
    """The length of a point, and its nonzero coordinates divided by that."""
    r = math.hypot(x, y)
    return [r, *[abs(part) / r for part in (x, y) if part and 0.0 < r < inf]]


# Targets that are asked for one row at one point


def alone(one):
    """The target that is made of them."""
    return lambda grid, folder: {op: [one(op, args) for args in points(op, grid)] for op in ROWS}


def by_the_row(op, args):
    out = op.forward(*args)
    return out, [op.local(i, args, out) for i in range(len(args))]


def by_its_definition(op, args):
    return (op.definition or op.forward)(*args), None


def eager(op, args):
    leaves = [Value(x) for x in args]
    out = apply(op, tuple(leaves))
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def graph(op, args):
    leaves = [Value(x) for x in args]
    out = apply(op, tuple(leaves))
    return out.data, [slope.data for slope in gradient(out, leaves)]


def series(op, args):
    def of(i):
        return lambda x: apply(op, (*args[:i], x, *args[i + 1 :]))

    return derivative(of(0), args[0], order=0), [derivative(of(i), x) for i, x in enumerate(args)]


# Programs


def samples(grid):
    """Operands of all rows, so many that every row comes to all its points; those that have few see them again."""
    each = [points(op, grid) for op in ROWS]
    return [sum([found[k % len(found)] for found in each], ()) for k in range(max(map(len, each)))]


def everything(x):
    """All rows at a sample."""
    numbers = iter(x)
    return [apply(op, tuple(itertools.islice(numbers, len(op.partials)))) for op in ROWS]


def row_by_row(grid, values, slopes):
    """What a program gave: (samples, rows), and (samples, operands) or None."""
    found, start = {}, 0
    for row, op in enumerate(ROWS):
        end = start + len(op.partials)
        found[op] = [(values[k][row], slopes and slopes[k][start:end]) for k in range(len(points(op, grid)))]
        start = end
    return found


@lru_cache(maxsize=None)
def programs():
    """That of all rows, and that of their sum, in which each has the adjoint 1."""
    models = everything, lambda x: sum(everything(x))
    return [micrograd.compile(model, OPERANDS, parameters=[], backend="numpy") for model in models]


def compiled(make_runner):
    """The target of what makes a runner for a purpose of a program."""
    runner = lru_cache(maxsize=None)(make_runner)

    def target(grid, folder):
        numpy = pytest.importorskip("numpy")
        from micrograd.compiler.samples import Batch

        X = numpy.array(samples(grid))
        batch = Batch(X, numpy.zeros((len(X), 1)))  # made by hand, it may have inf and nan
        guard = "" if numpy.isfinite(X).all() else "guarded "
        purposes = "prediction", f"{guard}input gradient"
        values, slopes = [runner(*each).outputs(batch, numpy.zeros(0), 1.0) for each in zip(programs(), purposes)]
        return row_by_row(grid, values.tolist(), slopes[:, 1:].tolist())

    return target


def at_one_point(backend):
    """The target of the programs of numbers that are the same for all samples: parameters."""

    def target(grid, folder):
        pytest.importorskip("llvmlite" if backend == "llvm" else "numpy")
        held = [Value(0.5) for _ in range(OPERANDS)]
        options = {"parameters": held, "backend": backend, "threads": 1, "cache": False}
        values = micrograd.compile(lambda x: everything(held), 1, **options)
        slopes = micrograd.compile(lambda x: sum(everything(held)), 1, loss=lambda total, y: total, **options)
        found = [
            (values.predict([[0.0]], at=x)[0].tolist(), slopes.value_and_gradient([[0.0]], [0.0], at=x)[1].tolist())
            for x in samples(grid)
        ]
        return row_by_row(grid, *zip(*found))

    return target


def llvm(features=None, many_steps=400):
    """What makes a runner, for the processor here or for one of x86-64 with these features, which need not be here."""

    def make_runner(program, purpose):
        pytest.importorskip("llvmlite")
        from micrograd.compiler.arrays.passes import PURPOSES, through
        from micrograd.compiler.llvm.native.machine_code import Processor, host
        from micrograd.compiler.llvm.runner import llvm_runner

        processor = host() if features is None else Processor("x86-64", features)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("micrograd.compiler.llvm.irregular.MANY_STEPS", many_steps)
            made = through(PURPOSES[purpose], program._trace)
            runner = llvm_runner(made, threads=1, cache=False, processor=processor)
        if not set(processor.features.split(",")) <= {"", *host().features.split(",")}:
            pytest.skip(f"this processor has not all of {features}: compiled only")
        return runner

    return make_runner


# Exports: values and derivatives from the Jacobian of all rows


def exported(language):
    return export(everything, OPERANDS, name="rows", language=language, derivatives=("jacobian",))


def out_of_jacobians(grid, results):
    """What (values, matrix) of each sample hold; the derivatives of a row by operands of others are 0."""
    first = list(itertools.accumulate([len(op.partials) for op in ROWS], initial=0))
    own = [row * OPERANDS + i for row in range(len(ROWS)) for i in range(first[row], first[row + 1])]
    others = sorted({*range(len(ROWS) * OPERANDS)} - {*own})
    assert not any(matrix[place] for _, matrix in results for place in others)
    values, slopes = zip(*[(values, [matrix[place] for place in own]) for values, matrix in results])
    return row_by_row(grid, values, slopes)


def python(grid, folder):
    space = {}
    exec(exported("python"), space)
    return out_of_jacobians(grid, list(map(space["rows_jacobian"], samples(grid))))


def c(grid, folder):
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    (folder / "rows.c").write_text(exported("c"))
    strict = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    options = ["-O1", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run(["gcc", *strict, *options, "rows.c", "-o", "rows.so", "-lm"], cwd=folder, check=True)
    function, results = ctypes.CDLL(str(folder / "rows.so")).rows_jacobian, []
    for x in samples(grid):
        out, jacobian = (ctypes.c_double * len(ROWS))(), (ctypes.c_double * (len(ROWS) * OPERANDS))()
        function((ctypes.c_double * OPERANDS)(*x), out, jacobian)
        results.append((list(out), list(jacobian)))
    return out_of_jacobians(grid, results)


JACOBIANS = """
import { rows_jacobian } from "./rows.mjs";
import fs from "fs";
const bytes = fs.readFileSync("samples"), results = [];
const x = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
for (let at = 0; at < x.length; at += WIDTH) results.push(...rows_jacobian(x.subarray(at, at + WIDTH)));
fs.writeFileSync("results", Buffer.concat(results.map(({ buffer }) => Buffer.from(buffer))));
"""


def in_node(folder, grid, file, script):
    """What a script makes of the samples."""
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    (folder / file).write_text(script, encoding="utf-8")
    (folder / "samples").write_bytes(array("d", itertools.chain(*samples(grid))).tobytes())
    subprocess.run(["node", file], cwd=folder, check=True)
    return iter(array("d", (folder / "results").read_bytes()))


def javascript(grid, folder):
    (folder / "rows.mjs").write_text(exported("javascript"), encoding="utf-8")
    found = in_node(folder, grid, "script.mjs", JACOBIANS.replace("WIDTH", str(OPERANDS)))
    widths = len(ROWS), len(ROWS) * OPERANDS
    return out_of_jacobians(grid, [[[*itertools.islice(found, n)] for n in widths] for _ in samples(grid)])


# A page evaluates nodes and goes back through them: here each row is a graph of its own
PAGE = """
const fs = require("fs"), bytes = fs.readFileSync("samples");
const samples = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
const values = [], slopes = [];
for (let at = 0; at < samples.length;)
  rules.forEach((rule, row) => {
    const nodes = rule.locals.map(() => ({ rule: null, operands: [], data: samples[at++] }));
    nodes.push({ rule: row, operands: [...nodes.keys()] });
    evaluate(nodes, rules);
    values.push(nodes.at(-1).data);
    slopes.push(...sweep(nodes, [nodes.length - 1]).gradient.slice(0, -1));
  });
fs.writeFileSync("results", Buffer.from(new Float64Array(values.concat(slopes)).buffer));
"""


def page(grid, folder):
    rules = f"const rules = [{', '.join(map(rule, ROWS))}];"
    results = in_node(folder, grid, "page.js", "\n".join([*brought(rules), asset("backward.js"), rules, PAGE]))
    values, slopes = [
        [list(itertools.islice(results, width)) for _ in samples(grid)] for width in (len(ROWS), OPERANDS)
    ]
    return row_by_row(grid, values, slopes)


X86 = platform.machine().lower() in ("x86_64", "amd64")
WIDTHS = {"SSE2": "", "AVX2": "+avx2,+fma,+avx", "AVX-512": "+avx512f,+avx2,+fma,+avx"} if X86 else {"here": None}
TARGETS = {
    "definition": alone(by_its_definition),
    "eager": alone(eager),
    "graph": alone(graph),
    "series": alone(series),
    "numpy": compiled(lambda program, purpose: program._runner(purpose)),
    **{f"llvm, {name}": compiled(llvm(features)) for name, features in WIDTHS.items()},
    "llvm, played": compiled(llvm(many_steps=10)),
    "numpy, one point": at_one_point("numpy"),
    "llvm, one point": at_one_point("llvm"),
    "python": python,
    "c": c,
    "javascript": javascript,
    "page": page,
}
TO_THE_BIT = ("definition", "eager", "python")  # on these every value, on others those of the rows in EXACT
CASES = [(target, FEW if "one point" in target else GRID) for target in TARGETS]
CASES += [(target, ORDINARY) for target in TARGETS if target.startswith(("numpy", "llvm")) and "played" not in target]


def differences(target, op, args, found, right):
    """What a target gives for a row at a point and should not: (what, found, right)."""
    (value, slopes), (right_value, right_slopes) = found, right
    if op.name == "copysign" and args[1] != args[1]:  # a nan has no sign to speak of
        return
    exact = op.name in EXACT or target in TO_THE_BIT
    if not near(value, right_value, 0.0 if exact else CLOSE):
        yield "value", value, right_value
    simpler = WRITTEN.get(target, SIMPLER_IN_CODE).get(op.name)
    if slopes is None or simpler is not None and all(map(math.isfinite, args)) and simpler(*args, right_value):
        return
    for i, (slope, right_slope) in enumerate(zip(read(slopes), read(right_slopes))):
        if not near(slope, right_slope, CLOSE):
            yield f"derivative {i}", slope, right_slope


@pytest.mark.parametrize("target, grid", CASES, ids=[f"{t}{', no guard' * (g is ORDINARY)}" for t, g in CASES])
def test_values_and_derivatives(target, grid, tmp_path):
    right = alone(by_the_row)(grid, None)
    wrong = []
    for op, results in TARGETS[target](grid, tmp_path).items():
        assert len(results) == len(right[op])
        for args, *both in zip(points(op, grid), results, right[op]):
            wrong += [(target, op.name, args, *each) for each in differences(target, op, args, *both)]
    assert not wrong, "\n".join([f"{len(wrong)} differences", *map(str, wrong[:40])])


def test_a_wrong_sign_and_a_wrong_derivative_are_differences():
    larger, zeros = TABLE["maximum"], (0.0, -0.0)
    right = by_the_row(larger, zeros)
    assert list(differences("numpy", larger, zeros, right, right)) == []
    assert list(differences("numpy", larger, zeros, (-0.0, [0.5, 0.5]), right)) == [("value", -0.0, 0.0)]
    assert list(differences("numpy", larger, zeros, (0.0, [0.5, nan]), right))[0][0] == "derivative 1"
    assert same([nan, -0.0], (nan, -0.0)) and near(1.0, 1.0 + 2.0**-50, 4.0) and not near(1.0, 1.0 + 2.0**-49, 4.0)
    for apart in ((0.0, -0.0), (inf, -inf), (nan, 1.0), (1.7e308, inf), (1, 1.0), ([], [1.0])):
        assert not near(*apart, 9.0)


def test_the_polynomials_of_erf_in_javascript_are_those_of_the_compiler():
    numbers = [float(x) for x in re.findall(r"-?\d\.[\d.e-]+(?=,)", ours()["erf"])]
    assert numbers == [*powers.ERF, *powers.LOG_ERFC]
