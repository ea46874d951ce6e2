"""Plain loops over time in compiled functions: a long graph that repeats itself has a loop, and gives the same."""

from __future__ import annotations

import random

import numpy as np
import pytest

from micrograd import Value, compile, exp, log, sin, tanh, where
from micrograd.compiler.points import rolling

GENERATOR = random.Random(5)
DATA = [GENERATOR.gauss(0.0, 1.0) for _ in range(400)]
AT = [0.7, 0.3, 0.4]
STEPS = 40


@pytest.fixture(autouse=True)
def short_graphs(monkeypatch):
    monkeypatch.setattr(rolling, "FEWEST_ROWS", 40)
    monkeypatch.setattr(rolling, "ROWS_OF_A_STEP", 1)


def data_in_the_formula(p):
    s, total = p[1], 0.0
    for t in range(STEPS):
        s = tanh(p[0] * s + DATA[t]) + p[2] * s
        total = total + (s - DATA[t + 1]) ** 2
    return total


def summed_at_the_end(p):
    s, losses = p[1], []
    for t in range(STEPS):
        s = tanh(sin(p[0] * s + DATA[t])) + p[2] * s * exp(-s * s)
        losses.append(s * s - DATA[t] * s)
    return sum(losses)


def equal_constants(p):
    s, total = p[1], 0.0
    for t in range(STEPS):
        s = tanh(p[0] * s + (t % 4 + 1) * 0.5) + p[2] * s
        total = total + s * s
    return total


def time_in_the_formula(p):
    s, total = p[1], 0.0
    for t in range(STEPS):
        s = s + 0.01 * sin(p[0] * (0.1 * t) + s) * p[2]
        total = total + s * s
    return total


def invariants(p):
    s, total = p[1], 0.0
    for _ in range(STEPS):
        s = tanh(exp(p[0]) * s + log(1.0 + exp(p[2])))
        total = total + s * s
    return total


def two_before(p):
    a, b, total = p[1], p[2], 0.0
    for _ in range(STEPS):
        a, b = b, sin(p[0] * b) - 0.3 * a
        total = total + b * b
    return total


def heat(p):
    u = [p[0] * (i % 3) + p[1] for i in range(12)]
    for _ in range(STEPS):
        u = [u[0], *[u[i] + 0.1 * p[2] * (u[i - 1] - 2.0 * u[i] + u[i + 1]) for i in range(1, 11)], u[11]]
    return sum([v * v for v in u])


def another_first_step(p):
    s, total = p[1], 0.0
    for t in range(STEPS):
        s = sin(s * p[2]) if t == 0 else tanh(p[0] * s + DATA[t]) + p[2] * s
        total = total + s * s if t else exp(s)
    return total * total + s


def every_third(p):
    s, total = p[1], 0.0
    for t in range(3 * STEPS):
        s = tanh(p[0] * s + DATA[t]) + p[2] * s
        if t % 3 == 0:
            total = total + s * s
    return total


def exceptions(p):
    s, total = p[1], 0.0
    for t in range(3 * STEPS):
        s = tanh(p[0] * s) + p[2] * s
        if DATA[t] > 0.0:
            total = total + (s - DATA[t]) ** 2
    return total


def zeros_and_ones(p):
    s, total = p[1], 0.0
    for t in range(STEPS):
        s = tanh(p[0] * s + float(DATA[t] > 0.0) * p[2])
        total = total + float(DATA[t + 1] > 0.0) * (s - 0.5) ** 2
    return total


def triangular(p):
    rows = []
    for i in range(12):
        row = [sin(p[0] * i) + p[1]]
        for j in range(i):
            row.append(row[-1] * rows[j][j] + p[2])
        rows.append(row)
    return sum(rows[-1])


def side_by_side(p):
    """No step waits for the one before but with its sum."""
    total = 0.0
    for t in range(2 * STEPS):
        total = total + exp(-((p[0] * DATA[t] + p[1]) ** 2)) * p[2]
    return total


LOOPS = [data_in_the_formula, summed_at_the_end, equal_constants, time_in_the_formula, invariants, two_before, heat,
         another_first_step, every_third]  # fmt: skip
STRAIGHT = [exceptions, zeros_and_ones, triangular, side_by_side]


def loops_of(compiled):
    (recorded,) = compiled._recorded.values()
    return list(recorded.trace.graph.loops.values())


def unrolled(problem, monkeypatch, backend="numpy"):
    with monkeypatch.context() as patch:
        patch.setattr(rolling, "FEWEST_ROWS", 10**9)
        compiled = compile(lambda p: problem(p), backend=backend)
        compiled(AT)
    assert not loops_of(compiled)
    return compiled


def eager(problem, at):
    p = [Value(x) for x in at]
    value = problem(p)
    value.backward()
    return value.data, [x.grad for x in p]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("problem", [*LOOPS, *STRAIGHT])
def test_value_and_derivatives_are_those_of_the_unrolled_program_and_of_eager_code(problem, backend, monkeypatch):
    compiled, straight = compile(problem, backend=backend), unrolled(problem, monkeypatch, backend)
    found, expected = compiled.value_and_grad(AT), straight.value_and_grad(AT)
    assert bool(loops_of(compiled)[:1]) == (problem in LOOPS)
    for value, slopes in (expected, eager(problem, AT)):
        assert found[0] == pytest.approx(value, rel=1e-14)
        assert found[1] == pytest.approx(slopes, rel=1e-14, abs=1e-14 * max(map(abs, slopes)))


def path(p):
    s, v, found = p[1], p[2], []
    for t in range(STEPS):
        s, v = s + 0.1 * v, v - 0.1 * sin(s) * p[0] + 0.01 * DATA[t]
        found.append(s)
    return found


def test_matrices_and_products_of_them(monkeypatch):
    for problem in (data_in_the_formula, two_before, summed_at_the_end):
        compiled, straight = compile(problem, backend="numpy"), unrolled(problem, monkeypatch)
        assert np.allclose(compiled.hessian(AT), straight.hessian(AT), rtol=1e-12, atol=1e-12)
        assert np.allclose(compiled.hvp(AT, AT), straight.hvp(AT, AT), rtol=1e-12, atol=1e-12)
        assert loops_of(compiled)
    compiled, straight = compile(path, backend="numpy"), unrolled(path, monkeypatch)
    assert compiled(AT) == straight(AT)
    assert np.allclose(compiled.jacobian(AT), straight.jacobian(AT), rtol=1e-13, atol=1e-14)
    assert loops_of(compiled)
    assert compiled.map([AT, AT]).tolist()[1] == pytest.approx(path(AT), rel=1e-14)


def driven(p, xs, gain):
    s, total = p[0], 0.0
    for x in xs:
        s = tanh(p[1] * s + gain * x) - 0.1 * s * x
        total = total + s * s
    return total


def test_arguments_and_values_that_change_from_step_to_step(monkeypatch):
    """Derivatives by what is taken; matrices of many columns are without the loop, their structure as it was."""
    gain, at, xs = Value(0.4), [0.3, -0.2], DATA[:STEPS]
    compiled = compile(lambda p, xs: driven(p, xs, gain))
    for gain.data in (0.4, -1.3):
        value, slopes = compiled.value_and_grad(at, xs, wrt=(0, 1))
        p, inputs = [Value(x) for x in at], [Value(x) for x in xs]
        expected = driven(p, inputs, Value(gain.data))
        expected.backward()
        assert value == pytest.approx(expected.data, rel=1e-14)
        assert [*slopes[0], *slopes[1]] == pytest.approx([x.grad for x in [*p, *inputs]], rel=1e-13, abs=1e-14)
    found = compiled.hessian(at, xs, wrt=1)
    recorded = next(iter(compiled._recorded.values()))
    assert recorded.loops and not recorded.straight.loops
    assert compiled.map([at] * 2, [xs] * 2).tolist()[1] == pytest.approx(driven(at, xs, gain.data), rel=1e-14)
    monkeypatch.setattr(rolling, "FEWEST_ROWS", 10**9)
    assert np.allclose(found, compile(lambda p, xs: driven(p, xs, gain)).hessian(at, xs, wrt=1), rtol=1e-12, atol=0.0)


def test_the_loop_is_named_and_guarded_derivatives_are_those_of_eager_code():
    def overflowing(p):
        """A branch that is not taken, and is infinite in some steps."""
        s, total = p[1], 0.0
        for t in range(STEPS):
            s = tanh(p[0] * s + DATA[t]) + 0.1 * where(s > -3.0, s, exp(exp(20.0 + s * p[2])))
            total = total + s * s
        return total

    compiled = compile(overflowing, backend="numpy")
    value, slopes = compiled.value_and_grad(AT)
    expected = eager(overflowing, AT)
    assert loops_of(compiled) and len(compiled._routines) == 2  # with the guarded one
    assert value == pytest.approx(expected[0], rel=1e-14)
    assert slopes == pytest.approx(expected[1], rel=1e-13)
    compiled = compile(heat)
    assert "loop" not in repr(compiled)
    compiled(AT)
    # numbers of the first steps are equal: rows there are fewer
    assert repr(compiled).endswith(", loop of 34 steps of 50 operations")


def test_random_programs(monkeypatch):
    """Steps of random operations on what the last steps, the first ones, the data and the parameters have."""
    found = 0
    for seed in range(12):
        plan = random.Random(seed)
        count = plan.randint(2, 9)
        moves = [(plan.choice("+*-t"), plan.random(), plan.random(), plan.randrange(4)) for _ in range(count)]
        odd, lag = plan.choice([1, 1, 2, 3]), plan.randint(1, 2 + len(moves))

        def problem(p, moves=moves, odd=odd, lag=lag):
            past = [p[0], p[1] * 0.5, p[2], p[0] * p[1]] * 3
            for t in range(60):
                pool = [*past[-lag:], *past[:2], p[t % odd], DATA[t], float(t % 3)]
                for how, a, b, k in moves:
                    x, y = pool[int(a * len(pool))], pool[int(b * len(pool))]
                    new = x + y if how == "+" else x * y * 0.5 if how == "*" else x - y if how == "-" else tanh(x) * 0.9
                    pool.append(tanh(0.3 * new + past[-1]) if k == 0 else new)
                past.append(tanh(pool[-1]) + 0.5 * past[-1])
            return sum(past[-3:]) + past[20]

        compiled, straight = compile(problem, backend="numpy"), unrolled(problem, monkeypatch)
        (value, slopes), (right, expected) = compiled.value_and_grad(AT), straight.value_and_grad(AT)
        assert value == right
        assert slopes == pytest.approx(expected, rel=1e-13, abs=1e-13 * max(map(abs, expected)))
        found += bool(loops_of(compiled))
    assert found >= 6
