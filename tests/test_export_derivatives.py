"""Derivatives of exports: networks of all widths, every function, by inputs and parameters; loops, guards, options."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess
import sys

import pytest

from micrograd import Value, export, functions, losses, nn, relu

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-ffp-contract=off"]
WIDTHS = [[1], [2, 1], [3, 1], [5, 1], [9, 3, 1]]


def python(source):
    space = {}
    exec(compile(source, "<export>", "exec"), space)
    return space


def slopes(root, leaves):
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward()
    return [leaf.grad for leaf in leaves]


def network(widths, inputs=2, activation="tanh"):
    return nn.MLP(inputs, widths, activation=activation, generator=random.Random(sum(widths)))


@pytest.mark.parametrize("wrt", ["inputs", "parameters"])
@pytest.mark.parametrize("parameters", ["constants", "argument"])
def test_every_function_of_networks(wrt, parameters):
    for widths in WIDTHS[:: 1 if wrt == "inputs" else 2]:
        model = network(widths)
        kinds = ["gradient", "jacobian", "hvp"] + ["hessian"] * (len(widths) < 3)
        f = python(export(model, 2, derivatives=kinds, wrt=wrt, parameters=parameters))
        given = [[0.4, -0.8], *([[p.data for p in model.parameters()]] if parameters == "argument" else [])]
        inputs = [Value(x) for x in given[0]]
        leaves = inputs if wrt == "inputs" else model.parameters()
        true = slopes(model(inputs), leaves)
        vector = [1.0 + 0.1 * k for k in range(len(leaves))]
        value, gradient = f["model_gradient"](*given)
        assert value == f["model"](*given) == model(given[0]).data and gradient == pytest.approx(true, rel=1e-13)
        out, jacobian = f["model_jacobian"](*given)
        assert out == [value] and jacobian == pytest.approx(true, rel=1e-13)
        _, again, product = f["model_hvp"](*given, vector)
        near = []
        for sign in (1.0, -1.0):  # the gradient along the vector
            for leaf, v in zip(leaves, vector):
                leaf.data += sign * 1e-6 * v
            near.append(slopes(model(inputs), leaves))
            for leaf, v in zip(leaves, vector):
                leaf.data -= sign * 1e-6 * v
        expected = [(a - b) / 2e-6 for a, b in zip(*near)]
        assert again == pytest.approx(true, rel=1e-13) and product == pytest.approx(expected, rel=1e-6, abs=1e-8)
        if "hessian" in kinds:
            _, again, matrix = f["model_hessian"](*given)
            n = len(leaves)
            rows = [matrix[n * i : n * (i + 1)] for i in range(n)]
            assert rows == [list(column) for column in zip(*rows)] and again == pytest.approx(true, rel=1e-13)
            assert [sum(a * v for a, v in zip(row, vector)) for row in rows] == pytest.approx(product, abs=1e-12)


@pytest.mark.parametrize("parameters", ["constants", "argument"])
def test_the_loss_over_samples(parameters):
    rng = random.Random(0)
    for widths, loss, targets in (
        *[(widths, losses.logistic, 0) for widths in WIDTHS],
        ([4, 3], losses.cross_entropy, 3),
        ([2], losses.cross_entropy, 2),
    ):
        model = network(widths, activation="relu" if targets == 3 else "tanh")
        penalty = lambda values: 0.01 * sum(p * p for p in values)  # noqa: E731
        f = python(export(model, 2, parameters=parameters, loss=loss, targets=targets, penalty=penalty))["model_loss"]
        X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(5)]
        y = [[float(k == i % targets) for k in range(targets)] if targets else [-1.0, 1.0][i % 2] for i in range(5)]
        flat = [t for row in y for t in row] if targets else y
        mean = sum(loss(model(row), target) for row, target in zip(X, y)) * 0.2 + penalty(model.parameters())
        true = slopes(mean, model.parameters())
        given = [[p.data for p in model.parameters()]] if parameters == "argument" else []
        for _ in range(2):  # nothing is left over of the first call
            value, gradient = f([x for row in X for x in row], flat, 5, *given)
            assert value == pytest.approx(mean.data, rel=1e-13)
            assert gradient == pytest.approx(true, rel=1e-12, abs=1e-15)


def test_layers_are_loops_in_all_derivatives():
    model = network([32, 10], inputs=64, activation="relu")
    for options, most in (
        ({"derivatives": ["jacobian"]}, 120),
        ({"derivatives": ["jacobian"], "wrt": "parameters"}, 150),
        ({"loss": losses.cross_entropy, "targets": 10}, 240),
    ):
        source = export(model, 64, language="c", parameters="argument", **options)
        code = [line for line in source.splitlines() if not line.startswith(("#", "    -", "    0", "    1"))]
        assert len(code) < most
        assert "/* 32 relu neurons of 64 inputs */" in source
    f = python(export(model, 64, derivatives=["jacobian"]))["model_jacobian"]
    inputs = [Value(random.Random(k).gauss(0, 1)) for k in range(64)]
    out, jacobian = f([x.data for x in inputs])
    true = [slope for output in model(inputs) for slope in slopes(output, inputs)]
    assert out == [x.data for x in model(inputs)] and jacobian == pytest.approx(true, rel=1e-12, abs=1e-14)


def test_a_kernel_that_moves_is_one_loop():
    kernels, bias = [[Value(0.1 * k - 0.3 + n) for k in range(9)] for n in range(2)], Value(0.1)
    nine = [(u, v) for u in range(3) for v in range(3)]

    def model(x):
        maps = [
            sum((w[3 * u + v] * x[8 * (i + u) + j + v] for u, v in nine), bias).relu()
            for w in kernels
            for i in range(6)
            for j in range(6)
        ]
        return sum(maps)

    leaves = [*kernels[0], *kernels[1], bias]
    options = {"leaves": leaves, "parameters": "argument", "wrt": "parameters", "derivatives": ["gradient"]}
    _, _, code = export(model, 64, language="c", **options).partition("double model(")
    assert len(code.splitlines()) < 100
    x = [math.sin(3.0 * k) for k in range(64)]
    value, gradient = python(export(model, 64, **options))["model_gradient"](x, [p.data for p in leaves])
    true = model([Value(v) for v in x])
    assert value == pytest.approx(true.data, rel=1e-14)
    assert gradient == pytest.approx(slopes(true, leaves), rel=1e-12)


def test_what_has_no_influence_has_a_derivative_of_zero():
    """Beside inf and nan, too, by the function with guards; where that is no other, it is left out."""
    choice = lambda x: functions.where(x[0] > 0.0, x[0] * 2.0, functions.log(x[0]) * x[1])  # noqa: E731
    source = export(choice, 2, derivatives=["gradient", "jacobian"])
    f = python(source)
    assert "_guarded" in source
    for point in ([1.0, math.inf], [math.inf, math.nan], [1.0, 2.0]):
        assert f["model_gradient"](point) == (choice(point), [2.0, 0.0])
        assert f["model_jacobian"](point) == ([choice(point)], [2.0, 0.0])
    endless = lambda x: Value(math.inf) * x[0] * 0.0 + x[1] * 2.0  # noqa: E731
    f = python(export(endless, 2, derivatives=["gradient", "jacobian"]))
    assert f["model_gradient"]([1.0, 2.0])[1] == f["model_jacobian"]([1.0, 2.0])[1] == [0.0, 2.0]
    zeros = python(export(lambda x: -0.0 * x[0] - x[1], 2, derivatives=["gradient"]))["model_gradient"]([1.0, 2.0])[1]
    assert zeros == [0.0, -1.0] and math.copysign(1.0, zeros[0]) == 1.0
    assert "_guarded" not in export(network([4, 1], activation="relu"), 2, derivatives=["gradient"])
    assert "_guarded" not in export(lambda x: relu(x[0] * 2.0), 1, derivatives=["gradient", "jacobian"])


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_in_c_without_a_warning(tmp_path):
    """Strictly C99, and C++, with its header; several functions of one file, called from several places at once."""
    model, kinds = network([9, 3, 1]), ["gradient", "jacobian", "hessian", "hvp"]
    options = {"name": "net", "derivatives": kinds, "parameters": "argument", "loss": losses.squared_error}
    (tmp_path / "net.c").write_text(export(model, 2, language="c", **options))
    (tmp_path / "net.h").write_text(export(model, 2, language="header", **options))
    both = '#include "net.h"\n#include "net.c"\n'
    for compiler, standard, name in (("gcc", "-std=c99", "both.c"), ("g++", "-std=c++17", "both.cpp")):
        (tmp_path / name).write_text(both)
        if shutil.which(compiler):
            strict = [compiler, *STRICT[1:], "-Wdouble-promotion", standard, "-fsyntax-only", name]
            subprocess.run(strict, cwd=tmp_path, check=True)
    command = ["gcc", *STRICT, "-O1", "-shared", "-fPIC", "-o", "net.so", "net.c", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    refused = subprocess.run([*command, "-ffast-math"], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode != 0 and "inf and nan count here" in refused.stderr
    library, array = ctypes.CDLL(str(tmp_path / "net.so")), lambda numbers: (ctypes.c_double * len(numbers))(*numbers)
    library.net_loss.restype = library.net_gradient.restype = ctypes.c_double
    at = array([p.data for p in model.parameters()])
    X, y = [[0.1, 0.2], [-0.4, 0.5]], [1.0, 0.0]
    found, flat = array([0.0] * len(at)), array([0.1, 0.2, -0.4, 0.5])
    mean = sum((model(row) - t) ** 2 for row, t in zip(X, y)) * 0.5
    assert library.net_loss(flat, array(y), 2, at, found) == pytest.approx(mean.data, rel=1e-13)
    assert list(found) == pytest.approx(slopes(mean, model.parameters()), rel=1e-12)
    assert library.net_loss(flat, array(y), 2, at, None) == pytest.approx(mean.data, rel=1e-13)
    assert list(array(at)) == list((ctypes.c_double * len(at)).in_dll(library, "net_parameters"))


def test_the_order_of_parameters():
    a, b, x = Value(2.0, "a"), Value(3.0, "b"), Value(0.0, "x")
    line = a * x + b
    f = python(export(line, [x], leaves=[b, a], parameters="argument", derivatives=["gradient"], wrt="parameters"))
    assert f["model"]([10.0], [1.0, 2.0]) == 21.0 and f["model_gradient"]([10.0], [1.0, 2.0]) == (21.0, [1.0, 10.0])
    assert list(f["model_parameters"]) == [3.0, 2.0]
    assert "parameters: b, a" in export(line, [x], leaves=[b, a], parameters="argument", language="c")


def test_options_that_do_not_fit_are_refused():
    a, b, x = Value(2.0, "a"), Value(3.0, "b"), Value(0.0, "x")
    several, single = (lambda v: [v[0], v[0] * 2.0]), (lambda v: v[0] * 2.0)
    for arguments, options, error, message in (
        ((single, 1), {"derivatives": ["slope"]}, ValueError, "derivatives to be gradient, jacobian, hessian or hvp"),
        ((single, 1), {"wrt": "weights"}, ValueError, "wrt"),
        ((single, 1), {"parameters": [a]}, ValueError, "parameters to be constants or argument"),
        ((several, 1), {"derivatives": ["gradient"]}, TypeError, "single output for its gradient"),
        ((single, 1), {"parameters": "argument"}, ValueError, r"leaves=\[w, b\]"),
        ((a * x + b, [x]), {"parameters": "argument"}, ValueError, "in an order of yours"),
        ((a * x + b, [x]), {"loss": losses.squared_error}, TypeError, "no loss beside an expression"),
        ((single, 1), {"leaves": [a, a]}, ValueError, "twice"),
    ):
        with pytest.raises(error, match=message):
            export(*arguments, **options)


def test_without_numpy_the_cure_is_told(monkeypatch):
    from micrograd.system import packages

    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setattr(packages, "_whole", set())
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="export needs numpy: pip install"):
        export(lambda x: x[0], 1)
