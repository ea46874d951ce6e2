"""Loops that are traced once: `scan` in plain functions that are compiled, against unrolled graphs and eager code."""

from __future__ import annotations

import math
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from test_scan import AT, PROBLEMS, ordinary, plain

import micrograd
from micrograd import Value, compile, scan, take, tanh
from micrograd.compiler.scalar.derivatives import sweeps
from micrograd.compiler.scalar.tracer import Tracer

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from micrograd.compiler.llvm.machine import player  # noqa: E402
from micrograd.compiler.loops import player_for  # noqa: E402
from micrograd.compiler.points import recorded  # noqa: E402

BACKENDS = ["numpy", "llvm"]
GENERATOR = random.Random(2)
DATA = [GENERATOR.gauss(0.0, 0.3) for _ in range(30)]


@pytest.fixture(autouse=True)
def short_loops(monkeypatch):
    monkeypatch.setattr(recorded, "FEWEST_NODES", 1)


def derivatives(graph, end, wrt, guard):
    """The value, gradient, Hessian and a product with it, as nodes."""
    directions = [graph.constant(1.0 + i) for i in range(len(wrt))]
    slopes, rows = sweeps.hessian_nodes(graph, end, wrt, guard)
    zero = graph.constant(0.0)
    second = [row.get(j, zero) for row in rows for j in range(len(wrt))]
    return [end, *slopes, *second, *sweeps.hvp_nodes(graph, end, wrt, directions, guard)]


def results(problem, given, backend, looped, guard=False):
    """All of them, by a graph with a loop or without one."""
    tracer = Tracer([], loops=looped)
    with tracer:
        x = tracer.placeholders("input", len(given))
        end = tracer.node_of(problem(x))
    graph, wrt = tracer.graph, [v.node for v in x]
    assert bool(graph.loops) == looped
    played = player_for(graph, wrt, derivatives(graph, end, wrt, guard), backend=backend)
    w, run = played.workspace()
    w[: len(given)] = given
    run()
    return w[played.outputs].copy()


def agrees(problem, given, backend="numpy", guard=False):
    looped, unrolled = [results(problem, given, backend, how, guard) for how in (True, False)]
    assert np.isfinite(unrolled).all() and np.abs(unrolled).max() > 0.0
    assert looped == pytest.approx(unrolled, rel=1e-12, abs=1e-14 * np.abs(unrolled).max())


@pytest.mark.parametrize("guard", [False, True], ids=["fast", "guarded"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_derivative_is_that_of_the_unrolled_loop(problem, backend, guard):
    agrees(lambda p: problem(p, DATA[:10], scan), AT, backend, guard)


def by_data(x):
    """Derivatives by what is taken, and by the first state; all outputs are used."""
    last, outputs = scan(lambda s, v: (tanh(s * v[0] + 0.5 * v[1]), s * v[0]), x[0], list(zip(x[1:12], x[2:])))
    return last * sum([y * (k + 1.0) for k, y in enumerate(outputs)])


def nested(x):
    def outer(s, v):
        inner, path = scan(lambda r, u: (r * tanh(u * s) + x[1], r * u), v, [0.1 * k for k in range(10)])
        return 0.9 * s + 0.1 * inner, path[3] + path[-1]

    last, outputs = scan(outer, x[0], [0.3 * math.sin(k) for k in range(10)])
    return last + sum(outputs)


def two_after_another(x):
    """The outputs of one are the data of another, whose invariants are what the first ended with."""
    last, outputs = scan(lambda s, v: (tanh(s + x[0] * v), s * x[1]), x[2], DATA[:11])
    return scan(lambda s, v: ((s[1], tanh(s[0] * v + last)), None), (x[0], x[1]), outputs)[0][1]


def odd(x):
    """A state that is moved on, one that stays, invariants and numbers as what is made, data that nobody reads."""

    def step(s, v):
        a, b, c, d = s
        return [b, a, c, x[1] * x[0]], [x[1], 2.0, v[0] * a, c]

    last, outputs = scan(step, [x[0], 1.0, x[1], 0.0], [[math.cos(k), 5.0] for k in range(12)])
    return last[0] * last[1] + last[3] * last[2] + sum([sum(y) for y in outputs])


@pytest.mark.parametrize(("problem", "count"), [(by_data, 13), (nested, 2), (two_after_another, 3), (odd, 2)])
def test_data_states_and_loops_in_loops(problem, count):
    generator = random.Random(3)
    for guard in (False, True):
        agrees(problem, [generator.uniform(0.2, 0.9) for _ in range(count)], guard=guard)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_compiled_function_has_the_loop(backend):
    """Parameters are Values and arguments, data come from outside; the value is that of eager code."""
    gain = Value(0.4)

    def loss(p, xs):
        last, outputs = scan(lambda s, x: ([tanh(p[0] * s[0] + gain * x), s[0] + p[1]], s[1]), [p[0], 0.0], xs)
        return last[0] * last[1] + outputs[-1]

    compiled = compile(loss, parameters=[gain], backend=backend)
    arguments = [0.3, -0.2], DATA
    value, slopes = compiled.value_and_grad(*arguments, wrt=(0, 1))
    p, xs = [[Value(v) for v in part] for part in arguments]
    expected = loss(p, xs)
    expected.backward()
    assert [value, *slopes[0], *slopes[1]] == pytest.approx(
        [expected.data, *[v.grad for v in p + xs]], rel=1e-12, abs=1e-15
    )
    assert compiled.value_and_grad(*arguments, wrt="parameters")[1] == pytest.approx([gain.grad], rel=1e-12)
    assert list(graph_of(compiled).loops)


def graph_of(compiled):
    return next(iter(compiled._recorded.values())).trace.graph


def test_the_graph_does_not_grow_with_the_steps():
    sizes = []
    for steps in (50, 500):
        f = compile(lambda p, steps=steps: scan(lambda s, _: (tanh(p * s) + 0.1, None), 0.5, None, length=steps)[0])
        assert f(0.7) == plain(lambda s, _: (tanh(0.7 * s) + 0.1, None), 0.5, [None] * steps)[0]
        f.grad(0.7)
        sizes.append(len(graph_of(f)))
    assert sizes[0] == sizes[1]


def counting(p):
    count = [0]

    def step(s, x):
        count[0] += 1
        return s * p * (1.0 if count[0] < 15 else 0.5), None

    return scan(step, 1.0, DATA)[0]


def keeping(p):
    seen = []

    def step(s, x):
        seen.append(s)
        return s * p + x, None

    last, _ = scan(step, 1.0, DATA)
    return last * seen[3] * seen[-1]


UNROLLED = {
    "states that are kept": keeping,
    "a branch on the data": lambda p: scan(lambda s, x: (s * p if x > 0.0 else s + p * x, None), 1.0, DATA)[0],
    "an index that is data": lambda p: scan(lambda s, k: (s * take([p, 2.0 * p, 1.0], k), None), 1.0, [0, 1, 2] * 5)[0],
    "steps that differ": counting,
    "items of several structures": lambda p: scan(lambda s, x: (s + p * sum(x), x), 1.0, [[1.0], [1.0, 2.0]] * 9)[0],
    "outputs of another kind": lambda p: scan(lambda s, x: (s + p * x, "text"), 1.0, DATA)[0],
}


@pytest.mark.parametrize("how", UNROLLED)
def test_what_cannot_be_a_loop_is_unrolled(how):
    f = UNROLLED[how]
    compiled = compile(f, backend="numpy")
    assert compiled.value_and_grad(0.9) == pytest.approx(micrograd.value_and_grad(f)(0.9), rel=1e-13)
    assert not graph_of(compiled).loops


def test_rows_of_a_function_with_a_loop():
    f = compile(lambda p: scan(lambda s, x: (s * p + x, None), 1.0, DATA[:12])[0])
    f(0.5)
    assert f.map([0.5, 0.9]) == pytest.approx([f(0.5), f(0.9)], rel=1e-13)


def test_threads_have_loops_of_their_own():
    f = compile(lambda p: scan(lambda s, x: (tanh(s * p + x), None), 1.0, DATA)[0])
    points = np.linspace(0.1, 0.9, 40).tolist()
    expected = [f.value_and_grad(x) for x in points]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(f.value_and_grad, points)) == expected


def test_a_derivative_in_the_code_is_a_loop_too():
    """A Newton step: a gradient and a second derivative on placeholders, which are differentiated again."""

    def f(x, p):
        return scan(lambda s, v: (tanh(s * p + x * v), None), x, DATA[:12])[0]

    def newton(p):
        slope = micrograd.grad(lambda x: f(x, p))(0.4)
        return 0.4 - slope / (1.0 + micrograd.grad(micrograd.grad(lambda x: f(x, p)))(0.4) ** 2)

    compiled = compile(newton, backend="numpy")
    expected = micrograd.value_and_grad(newton)(0.7)  # with what is outside of the inner functions, Values
    assert compiled.value_and_grad(0.7) == pytest.approx([v.data for v in expected], rel=1e-12)
    assert len(graph_of(compiled).loops) > 2


def test_a_body_that_is_played_often_gets_code_of_its_own(monkeypatch):
    monkeypatch.setattr(player, "EARNED", 60)
    f = compile(lambda p: ordinary(p, DATA, scan), backend="llvm")
    given = np.array([0.9, 0.5, 0.4, 0.3])
    value, slopes = f.value_and_grad(given)
    for _ in range(4):
        again, others = f.value_and_grad(given)
        assert (again, others.tobytes()) == (value, slopes.tobytes())
    [routine] = f._routines.values()
    assert [steps.body.player.plays() for steps in routine.player.steps.values()] == [1, 1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_adjoint_of_zero_stops_in_a_loop(backend):
    """Beside √0, whose derivative is inf: the guarded twin runs, which is made of loops too."""

    def f(p):
        def step(s, x):
            root = micrograd.where(x * p[0] > 0.0, micrograd.sqrt(x * p[0]), 0.0)
            return s * 0.9 + root * p[1], None

        return scan(step, 0.0, [0.0, 1.0, 0.0, -1.0, 2.0] * 5)[0]

    compiled = compile(f, backend=backend)
    value, slopes = compiled.value_and_grad([0.5, 2.0])
    expected, others = micrograd.value_and_grad(f)([0.5, 2.0])
    assert [value, *slopes] == pytest.approx([expected, *others], rel=1e-13)
    assert np.array(compiled.hessian([0.5, 2.0])) == pytest.approx(np.array(micrograd.hessian(f)([0.5, 2.0])))
    assert len(compiled._routines) > 2  # the twin of the gradient is one of them


def test_where_a_loop_has_no_derivative_its_steps_have(monkeypatch):
    def refuse(graph, loops):
        raise NotImplementedError

    monkeypatch.setattr("micrograd.compiler.scalar.loops.derivatives.known_at_a_step", refuse)

    def function(p):
        return scan(lambda s, x: (tanh(s * p[0]) + x * p[1], s), p[1], [0.1 * k for k in range(20)])[0]

    f = compile(function, backend="numpy")
    assert np.allclose(f.hessian([0.3, 0.5]), micrograd.hessian(function)([0.3, 0.5]), rtol=1e-12)
    assert "loop of" in repr(f)
