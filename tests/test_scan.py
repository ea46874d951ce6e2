"""`scan` against the plain loop that it stands for: ordinary differential equations, a filter, a recurrent cell."""

from __future__ import annotations

import collections
import random

import pytest

import micrograd
from micrograd import Value, compile, exp, grad, gradient, hessian, log, losses, scan, sigmoid, tanh

np = pytest.importorskip("numpy")
STEPS = 5


def lotka_volterra(p, step):
    """One step of Runge and Kutta's method of order 4 for prey and predators."""
    a, b, c, d = p

    def slopes(s):
        return a * s[0] - b * s[0] * s[1], d * s[0] * s[1] - c * s[1]

    def moved(s, k, h):
        return tuple([x + h * v for x, v in zip(s, k)])

    def one(state, _):
        k1 = slopes(state)
        k2 = slopes(moved(state, k1, 0.5 * step))
        k3 = slopes(moved(state, k2, 0.5 * step))
        k4 = slopes(moved(state, k3, step))
        new = [x + step / 6.0 * (i + 2.0 * j + 2.0 * k + m) for x, i, j, k, m in zip(state, k1, k2, k3, k4)]
        return tuple(new), new[0]

    return one


def ordinary(p, xs, loop):
    _, prey = loop(lotka_volterra(p, 0.05), (1.0, 0.5), [None] * len(xs))
    return sum([(a - b) ** 2 for a, b in zip(prey, xs)])


def kalman(p, xs, loop):
    """The log-likelihood of a random walk that is observed with noise; variances are given by their logarithms."""
    q, r, start = exp(p[0]), exp(p[1]), p[2]

    def one(state, y):
        m, v = state["mean"], state["variance"] + q
        s, e = v + r, y - m
        gain = v / s
        return {"mean": m + gain * e, "variance": (1.0 - gain) * v}, -0.5 * (log(s) + e * e / s)

    return sum(loop(one, {"mean": start, "variance": 1.0}, xs)[1]) + 0.0 * p[3]


def recurrent(p, xs, loop):
    """A cell with one long and one short memory, as in an LSTM."""

    def one(state, x):
        [[h], c] = state
        i, f, o = sigmoid(p[0] * x + p[1] * h), sigmoid(p[1] * x + p[2] * h + 1.0), sigmoid(p[2] * x - p[0] * h)
        c = f * c + i * tanh(p[3] * x + p[0] * h)
        return [[o * tanh(c)], c], None

    [[h], c], nothing = loop(one, [[0.0], 0.1], xs)
    assert nothing == [None] * len(xs)
    return h * c


def plain(f, state, xs):
    outputs = []
    for x in xs:
        state, output = f(state, x)
        outputs.append(output)
    return state, outputs


PROBLEMS = [ordinary, kalman, recurrent]
AT = [0.7, -0.4, 0.9, 0.3]
DATA = [random.Random(1).gauss(0.0, 1.0) for _ in range(STEPS)]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_it_is_the_loop_it_stands_for(problem):
    found, expected = [hessian_and_all(lambda p, loop=loop: problem(p, DATA, loop)) for loop in (scan, plain)]
    assert found == expected


def hessian_and_all(f):
    p = [Value(x) for x in AT]
    y = f(p)
    return f(AT), y.data, [g.data for g in gradient(y, p)], grad(f)(AT), hessian(f)(AT)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_compiled_code_has_the_loop_too(problem, backend):
    """The sequence as a sample: many sequences, one set of parameters."""
    pytest.importorskip("llvmlite" if backend == "llvm" else "numpy")
    p = [Value(x) for x in AT]

    def model(x):
        return problem(p, x, scan)

    rows = [[random.Random(k).gauss(0.0, 1.0) for _ in range(STEPS)] for k in range(5)]
    program = compile(model, STEPS, parameters=p, loss=losses.squared_error, backend=backend)
    value, slopes = program.value_and_gradient(rows, [1.0] * 5)
    loss = sum([(model(row) - 1.0) ** 2 for row in rows]) / 5.0
    assert value == pytest.approx(loss.data, rel=1e-13)
    assert slopes == pytest.approx([g.data for g in gradient(loss, p)], rel=1e-11, abs=1e-13)


def test_sequences_of_every_kind():
    def last(state, x):
        return state, x

    assert scan(last, 0, (1, 2)) == (0, [1, 2])
    assert scan(last, 0, np.arange(4.0).reshape(2, 2)) == (0, [[0.0, 1.0], [2.0, 3.0]])
    assert scan(last, 0, zip([1], [2]))[1] == [(1, 2)]
    assert scan(last, 0, range(2))[1] == [0, 1]
    assert scan(last, 0, [])[1] == scan(last, 0, None, length=0)[1] == []
    assert scan(last, 0, None, length=2)[1] == [None, None]
    assert scan(last, 0, [1, 2], length=2)[1] == [1, 2]


def test_states_of_every_structure():
    Point = collections.namedtuple("Point", "x y")
    for state in (1.0, Value(1.0), [], [1.0, [2.0]], (1, (2.0, Value(3.0))), {"b": 1.0, "a": [2.0]}, Point(1.0, 2.0)):
        assert scan(lambda s, x: (s, x), state, [1.0, 2.0])[0] is state
    moved, _ = scan(lambda s, x: (s * x, None), np.array([[1.0, 2.0]]), [Value(2.0), 3.0])
    assert [[x.data for x in row] for row in moved] == [[6.0, 12.0]]
    assert scan(lambda s, x: ({"b": s["b"], "a": s["a"]}, x), {"a": 1.0, "b": 2.0}, [0.0])[0] == {"b": 2.0, "a": 1.0}


WRONG = {
    "scan expects a function of state and x, got float 1.0": lambda: scan(1.0, 0.0, [1.0]),
    "scan expects xs, or length=, the number of steps": lambda: scan(lambda s, x: (s, x), 0.0, None),
    "expected xs as an array, a frame or a list": lambda: scan(lambda s, x: (s, x), 0.0, {"a": 1.0}),
    "expected length to be a whole number of at least 0, got -1":
        lambda: scan(lambda s, x: (s, x), 0.0, None, length=-1),
    "as many xs as length says, 3, got 2": lambda: scan(lambda s, x: (s, x), 0.0, [1.0, 2.0], length=3),
    "a pair (state, output), got None: is a return missing? at step 0": lambda: scan(lambda s, x: None, 0.0, [1.0]),
    "a pair (state, output), got a list of 2 at step 0": lambda: scan(lambda s, x: [s, x], 0.0, [1.0]),
    "a pair (state, output), got a Value at step 1":
        lambda: scan(lambda s, x: (s + x, x) if x < 2.0 else s + x, Value(0.0), [1.0, 2.0]),
    "a state as at its start, a list of (2 numbers); f returned a list of (1 number) at step 1":
        lambda: scan(lambda s, x: (s[x:], None), [1.0, 2.0], [0, 1]),
    "a tuple of (1 number, a list of (2 numbers)); f returned a tuple of (3 numbers) at step 0":
        lambda: scan(lambda s, x: ((1.0, 2.0, 3.0), None), (0.0, [0.0, 0.0]), [0]),
    "a dict of ('a': a number); f returned a dict of ('b': a number) at step 0":
        lambda: scan(lambda s, x: ({"b": 1.0}, None), {"a": 1.0}, [0]),
    "an array of shape (2,); f returned a number at step 0":
        lambda: scan(lambda s, x: (1.0, None), np.zeros(2), [0]),
    "expected a number (int, float, bool or NumPy scalar), got str 'a'":
        lambda: scan(lambda s, x: ("a", None), 1.0, [0]),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        WRONG[message]()
    assert message in str(caught.value)


def test_a_branch_in_the_loop_is_refused_with_its_line():
    with pytest.raises(micrograd.compiler.TraceError, match="test_scan.py"):
        compile(lambda x: scan(lambda s, v: (s if v > 0.0 else -s, None), 1.0, x)[0], 3, parameters=[])
