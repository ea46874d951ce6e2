"""Sweeps on the scalar graph against eager derivatives: random graphs, selecting rows, special values, both ways."""

from __future__ import annotations

import math
import random
from time import process_time

import pytest

import micrograd
from micrograd import Value, functions
from micrograd.compiler.scalar.derivatives import sweeps
from micrograd.compiler.scalar.tracer import Tracer
from micrograd.ops import TABLE

SMOOTH = {
    1: ["sin", "tanh", "sigmoid", "gaussian", "softplus", "atan", "sech2", "cosh", "erf", "neg"],
    2: ["add", "sub", "mul", "hypot", "atan2", "mul", "add"],
}
KINKED = {1: [*SMOOTH[1], "relu", "abs"], 2: [*SMOOTH[2], "maximum", "minimum"]}


def traced(function, inputs):
    """(graph, end or ends, inputs) of a function of a list."""
    with Tracer([]) as tracer:
        out = function(tracer.placeholders("input", inputs))
        ends = [tracer.node_of(x) for x in (out if isinstance(out, list) else [out])]
    leaves = [tracer.graph.leaf("input", i) for i in range(inputs)]
    return tracer.graph, ends if isinstance(out, list) else ends[0], leaves


def played(graph, numbers):
    """The number of every node."""
    found = []
    for kind, args in zip(graph.kind, graph.args):
        if kind in TABLE:
            found.append(TABLE[kind].forward(*[found[i] for i in args]))
        else:
            found.append(args[0] if kind == "constant" else numbers[args[0]])
    return found


def filled(rows, columns, numbers):
    """Sparse rows of nodes as rows of numbers."""
    return [[numbers[row[j]] if j in row else 0.0 for j in range(columns)] for row in rows]


def expression(seed, rows):
    """A random function of five numbers to four, in which each name stands for the primitive on Values and nodes."""
    draw = random.Random(seed)
    plan = [(draw.choice(rows[k]), k, draw.random(), draw.random(), draw.random()) for k in draw.choices((1, 2), k=30)]

    def function(x):
        values = list(x)
        for name, count, a, b, c in plan:
            chosen = [values[int(t * len(values))] for t in (a, b)[:count]]
            made = chosen[0].operate(name, tuple(chosen))
            values.append(made if c < 0.6 else made * (c - 0.3))
        return values[-4:]

    return function


def eager(function, point, vector):
    """Outputs, Jacobian, gradient, Hessian and Hessian times vector of the sum of the outputs."""
    x = [Value(number) for number in point]
    ys = function(x)
    y = sum(ys[1:], ys[0])
    return [
        [[v.data for v in row] for row in micrograd.jacobian(ys, x)],
        [v.data for v in micrograd.gradient(y, x)],
        [[v.data for v in row] for row in micrograd.hessian(y, x)],
        [v.data for v in micrograd.hvp(y, x, vector)],
    ]


def swept(function, point, vector, guard):
    """The same by sweeps."""
    count = len(point)
    graph, ends, x = traced(function, count)
    end = ends[0]
    for other in ends[1:]:
        end = graph.apply("add", (end, other))
    v = [graph.constant(number) for number in vector]
    jacobian = sweeps.jacobian_nodes(graph, ends, x, guard)
    slopes, lower = sweeps.hessian_nodes(graph, end, x, guard)
    along = sweeps.hvp_nodes(graph, end, x, v, guard)
    numbers = played(graph, point)
    hessian = filled(lower, count, numbers)
    for i in range(count):
        for j in range(i):
            hessian[j][i] = hessian[i][j]
    return [filled(jacobian, count, numbers), [numbers[i] for i in slopes], hessian, [numbers[i] for i in along]]


def close(found, expected):
    """Equal up to rounding, nan to nan, inf to inf."""
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    return found == expected or abs(found - expected) <= 1e-10 * (1.0 + abs(expected)) or found != found != expected


@pytest.mark.parametrize("guard", [False, True])
@pytest.mark.parametrize("rows", [SMOOTH, KINKED], ids=["smooth", "kinked"])
def test_random_graphs_have_the_derivatives_of_eager(rows, guard):
    for seed in range(40):
        draw, function = random.Random(seed), expression(seed, rows)
        point, vector = ([draw.uniform(-1.5, 1.5) for _ in range(5)] for _ in range(2))
        assert close(swept(function, point, vector, guard), eager(function, point, vector)), seed


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_row_forward_and_in_reverse(name):
    count = len(TABLE[name].partials)

    def function(x):
        made = x[0].operate(name, tuple(x))
        return [made, made * made + x[-1]]

    draw = random.Random(name)
    for _ in range(4):
        point = [draw.uniform(0.1, 0.9) for _ in range(count)]
        vector = [draw.uniform(-1.0, 1.0) for _ in range(count)]
        expected = eager(function, point, vector)
        for guard in (False, True):
            assert close(swept(function, point, vector, guard), expected)


KINKS = [
    (functions.relu, [0.0]),
    (functions.relu, [math.inf]),
    (functions.abs, [0.0]),
    (functions.maximum, [1.0, 1.0]),
    (functions.minimum, [math.inf, math.inf]),
    (lambda x, y: functions.where(x > 0.0, functions.sqrt(x) * y, x * y), [0.0, 2.0]),
    (lambda x: functions.where(x > 0.0, functions.log(x), 0.0), [0.0]),
    (lambda x: 0.0 * functions.sqrt(x), [0.0]),
    (lambda x: functions.sqrt(x) * functions.detach(x), [0.0]),
    (lambda x, y: functions.hypot(x, y), [0.0, 0.0]),
    (lambda x, y: functions.hypot(x, y), [1e300, 1e300]),
    (lambda x, y: functions.maximum(functions.sqrt(x), y) ** 2, [0.0, 0.0]),
    (lambda x, y: x**y, [0.0, 0.0]),
    (lambda x: x**0.0, [0.0]),
    (lambda x: x**2.5, [0.0]),
    (lambda x, y: functions.atan2(x, y), [0.0, 0.0]),
    (lambda x: functions.sqrt(functions.sqrt(x) * 0.0 + x * x), [0.0]),
]


@pytest.mark.parametrize("function, point", KINKS)
def test_guarded_sweeps_stop_where_eager_stops(function, point):
    def of_list(x):
        return [function(*x)]

    vector = [1.0, 0.5][: len(point)]
    found, expected = swept(of_list, point, vector, True), eager(of_list, point, vector)
    assert close(found[:2], expected[:2])  # the Jacobian and the gradient
    expected[2] = [[expected[2][max(i, j)][min(i, j)] for j in range(len(point))] for i in range(len(point))]
    assert close(found[2:], expected[2:])  # eager's Hessian is not symmetric where a factor is inf


def test_zero_entries_are_missing_and_both_ways_agree():
    def tall(x):
        return [functions.sin(x[i % 2]) * 2.0 for i in range(8)]

    def wide(x):
        return [sum(x[i] * x[i] for i in range(0, 8, 2)), functions.exp(x[7])]

    for function, inputs in ((tall, 2), (wide, 8)):
        graph, ends, x = traced(function, inputs)
        rows, guarded = sweeps.jacobian_nodes(graph, ends, x), sweeps.jacobian_nodes(graph, ends, x, True)
        assert [sorted(row) for row in rows] == [sorted(row) for row in guarded]
        numbers = played(graph, [0.1 * i for i in range(inputs)])
        assert close(filled(rows, inputs, numbers), filled(guarded, inputs, numbers))
    assert [sorted(row) for row in rows] == [[0, 2, 4, 6], [7]]


def test_counts_are_the_tangents_and_adjoints_that_are_made():
    graph, ends, x = traced(lambda x: [functions.sin(x[0]), functions.cos(x[0]), x[0] * x[1]], 2)
    assert sweeps.counts(graph, ends, x) == (4, 3)
    graph, ends, x = traced(lambda x: [functions.sin(x[0]) * x[1], functions.exp(x[0]) * x[1]], 2)
    varying = [graph.kind[node] == "mul" for node in range(len(graph))]  # as if x[1] were of a sample
    assert sweeps.counts(graph, ends, x, varying) == (4, 4)  # adjoints of sin and exp vary, their tangents do not


def test_a_hessian_of_a_sum_of_neighbours_is_a_band_made_in_linear_time():
    def function(x):
        return sum(100.0 * (b - a * a) ** 2 + functions.sin(a) for a, b in zip(x[:-1], x[1:]))

    sizes = []
    for inputs in (100, 400):
        graph, end, x = traced(function, inputs)
        _, rows = sweeps.hessian_nodes(graph, end, x)
        assert [sorted(row) for row in rows] == [[0]] + [[i - 1, i] for i in range(1, inputs)]
        sizes.append(len(graph))
    assert 3.9 < sizes[1] / sizes[0] < 4.1


def test_deep_graphs_are_swept_without_recursion():
    def function(x):
        s = x[0]
        for _ in range(5_000):
            s = functions.sin(x[1] * s) + x[1]
        return s

    graph, end, x = traced(function, 2)
    before, started = len(graph), process_time()
    sweeps.reverse(graph, [end], [graph.constant(1.0)], x)
    sweeps.directional(graph, [end], x, x)
    assert (process_time() - started) / (len(graph) - before) < 100e-6
