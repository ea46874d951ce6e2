"""Loops over time in exports: a few lines of code whatever the number of steps, with derivatives along a tape."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess

import pytest
from test_export_zoo import STRICT, flat

from micrograd import Value, export, functions, gradient, hessian, hvp, jacobian, nn, scan
from micrograd.exporting.stepwise import blocks, with_loops
from micrograd.exporting.tracing import traced

DATA = [math.sin(0.3 * i) for i in range(150)]
RATE = Value(0.9, "rate")


def lorenz(x):
    """A plain loop, which is found as a period of the graph."""
    for _ in range(120):
        slopes = [10.0 * (x[1] - x[0]), x[0] * (28.0 - x[2]) - x[1], x[0] * x[1] - x[2] * (8.0 / 3.0)]
        x = [a + 0.005 * b for a, b in zip(x, slopes)]
    return x


def swapped(x):
    """A state of which each number is read for another one: the steps must not see half of a new state."""
    a, b, c = x
    for _ in range(400):
        a, b, c = b + 0.01 * functions.sin(c), c, a
    return a + 2.0 * b


def filtered(x):
    """A `scan` along data, whose outputs are added up; a parameter with a label; √ makes a guarded twin."""

    def step(state, measured):
        a, b = state
        a = a * RATE + functions.sin(b * x[0]) + measured * 0.1
        return (a, b + 0.01 * a * x[1]), a * a

    (a, b), outputs = scan(step, (x[0], x[1]), DATA)
    return a + functions.sqrt(functions.abs(b)) + 0.01 * sum(outputs)


def series(x):
    """A `scan` along its inputs, forward and backward, whose gradient has so many numbers."""
    count = (len(x) - 2) // 2

    def step(h, pair):
        return functions.tanh(0.7 * h + pair[0] * x[0] - pair[1]), h * pair[1]

    h, outputs = scan(step, x[1], [[x[2 + i], x[1 + count - i]] for i in range(count)])
    return h + 2.0 * outputs[3] + outputs[-1]


LOOPS = {
    "lorenz": (lorenz, 3, ("jacobian",), 300),
    "swapped": (swapped, 3, ("gradient", "hessian"), 600),
    "filtered": (filtered, 2, ("gradient", "hvp"), 600),
    "series": (series, 302, ("gradient", "hvp"), 400),
}


def eager(model, x, vector, derivative):
    leaves = [Value(v) for v in x]
    out = model(leaves)
    outs = out if isinstance(out, list) else [out]
    found = [*outs, *flat(jacobian(outs, leaves))]
    if derivative == "hessian":
        found += flat(hessian(out, leaves))
    elif derivative == "hvp":
        found += hvp(out, leaves, vector)
    return [v.data for v in found]


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_a_loop_and_so_are_its_derivatives(name, tmp_path):
    model, width, derivatives, lines = LOOPS[name]
    draw = random.Random(name)
    x, vector = [draw.uniform(0.5, 1.0) for _ in range(width)], [draw.uniform(-1.0, 1.0) for _ in range(width)]
    room = {}
    exec(export(model, width, name=name, derivatives=derivatives), room)
    text = export(model, width, name=name, derivatives=derivatives, language="c")
    assert "for (int t = 0; t < " in text and len(text.splitlines()) < lines
    assert name != "filtered" or "const double rate = 0.9;" in text
    for derivative in derivatives:
        given = [x, vector] if derivative == "hvp" else [x]
        right = eager(model, x, vector, derivative)
        scale = 1e-12 * max(map(abs, right))
        assert flat(room[f"{name}_{derivative}"](*given)) == pytest.approx(right, rel=1e-11, abs=scale)
    if shutil.which("gcc"):
        (tmp_path / "loop.c").write_text(text)
        command = ["gcc", "-std=c99", "-O1", *STRICT, "-shared", "-fPIC", "-o", "loop.so", "loop.c", "-lm"]
        subprocess.run(command, cwd=tmp_path, check=True)
        function = getattr(ctypes.CDLL(str(tmp_path / "loop.so")), f"{name}_{derivative}")
        function.restype = ctypes.c_double if name != "lorenz" else None
        sizes = {"jacobian": [3, 9], "hessian": [width, width * width], "hvp": [width, width]}[derivative]
        outs = [(ctypes.c_double * size)() for size in sizes]
        value = function(*[(ctypes.c_double * width)(*row) for row in given], *outs)
        assert flat([[value] * (name != "lorenz"), *map(list, outs)]) == pytest.approx(right, rel=1e-11, abs=scale)


def test_a_built_expression_is_a_loop_too():
    x, y = Value(0.4, "x"), Value(0.3, "y")
    state = x
    for _ in range(500):
        state = functions.sin(state * y) + 0.5 * state
    room = {}
    text = export(state, [x, y], derivatives=("gradient",))
    exec(text, room)
    assert len(text.splitlines()) < 150
    assert flat(room["model_gradient"]([0.4, 0.3])) == pytest.approx(
        [state.data, *[v.data for v in gradient(state, [x, y])]], rel=1e-12
    )


def test_what_repeats_without_waiting_is_no_loop_over_time():
    model = nn.MLP(40, [16, 4], activation="relu", generator=random.Random(0))
    trace, _ = traced(model, 40, None)
    assert len(trace.graph) > 1000 and with_loops(trace, model) is trace


def test_a_tape_that_no_stack_holds_is_refused(monkeypatch):
    monkeypatch.setattr(blocks, "MOST_NUMBERS", 300)
    with pytest.raises(ValueError, match="expected loops whose derivatives note at most 300 numbers"):
        export(filtered, 2, derivatives=("gradient",))
