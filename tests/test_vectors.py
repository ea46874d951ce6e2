"""dot, mean, logsumexp and softmax against mpmath, at sizes where the textbook formulas overflow."""

from __future__ import annotations

import math
import random

import mpmath
import pytest
from mpmath import mp, mpf
from same import read, same

from micrograd import Value, compile, topological
from micrograd.derivatives import gradient, jacobian
from micrograd.dispatch import Operators
from micrograd.ops import TABLE
from micrograd.vectors import dot, logsumexp, mean, softmax

inf, nan = math.inf, math.nan
SAMPLES = {
    "one": [0.3],
    "two": [1.0, -2.0],
    "equal": [0.7, 0.7, 0.7],
    "tie of the largest": [3.0, 1.0, 3.0],
    "far apart": [0.0, -800.0, 800.0],
    "large": [1e5, 1e5 - 1.0, 1e5 - 30.0],
    "very negative": [-1e5, -1e5 - 1.0],
    "random": [random.Random(5).uniform(-8, 8) for _ in range(20)],
}


def exact_softmax(xs):
    with mp.workdps(60):
        weights = [mp.exp(mpf(x) - max(xs)) for x in xs]
        return [w / mpmath.fsum(weights) for w in weights]


def close(got, true, rel=1e-14):
    return got == pytest.approx(float(true), rel=rel, abs=5e-324)


@pytest.mark.parametrize("xs", SAMPLES.values(), ids=SAMPLES)
def test_softmax(xs):
    """pᵢ, and ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ - pⱼ)."""
    true = exact_softmax(xs)
    assert all(close(p, t) for p, t in zip(softmax(xs), true))
    for i in range(len(xs)):
        values = [Value(x) for x in xs]
        out = softmax(values)[i]
        out.backward()
        assert close(out.data, true[i])
        for j, x in enumerate(values):
            assert x.grad == pytest.approx(float(true[i] * ((i == j) - true[j])), rel=1e-13, abs=1e-16)


@pytest.mark.parametrize("xs", SAMPLES.values(), ids=SAMPLES)
def test_logsumexp(xs):
    with mp.workdps(60):
        true = max(xs) + mp.log(mpmath.fsum([mp.exp(mpf(x) - max(xs)) for x in xs]))
    values = [Value(x) for x in xs]
    out = logsumexp(values)
    out.backward()
    assert close(logsumexp(xs), true) and close(out.data, true)
    assert all(close(x.grad, p) for x, p in zip(values, exact_softmax(xs)))


def test_second_derivatives_of_logsumexp_are_the_covariance_of_softmax():
    xs = [Value(x) for x in (0.5, -1.0, 0.5)]
    p = [float(t) for t in exact_softmax([x.data for x in xs])]
    for i, slope in enumerate(gradient(logsumexp(xs), xs)):
        row = [g.data for g in gradient(slope, xs)]
        assert row == pytest.approx([p[i] * ((i == j) - p[j]) for j in range(3)], rel=1e-14)


def test_infinite_arguments():
    assert logsumexp([-inf, -inf]) == -inf
    assert logsumexp([-inf, 2.0]) == 2.0
    assert logsumexp([inf, 2.0]) == inf
    assert math.isnan(logsumexp([nan, 2.0])) and math.isnan(logsumexp([2.0, nan]))
    assert softmax([-inf, 2.0]) == [0.0, 1.0]
    masked, x = Value(-inf), Value(2.0)  # how a score is masked out
    logsumexp([masked, x]).backward()
    assert (masked.grad, x.grad) == (0.0, 1.0)


INFINITE = [  # arguments, softmax
    ((inf, 1.0), (1.0, 0.0)),
    ((1.0, -inf, inf), (0.0, 0.0, 1.0)),
    ((1.7e308, inf), (0.0, 1.0)),
    ((inf, inf, 1.0), (0.5, 0.5, 0.0)),
    ((inf, -inf), (1.0, 0.0)),
    ((-inf, 1.0), (0.0, 1.0)),
    ((-inf, -inf), (0.5, 0.5)),
    ((inf,), (1.0,)),
    ((-inf,), (1.0,)),
    ((nan, 1.0), (nan, nan)),
    ((nan, inf), (nan, nan)),
    ((-inf, nan), (nan, nan)),
]


@pytest.mark.parametrize("xs, expected", INFINITE, ids=repr)
def test_the_derivative_of_logsumexp_is_the_softmax_at_infinity_too(xs, expected):
    values = [Value(x) for x in xs]
    out = logsumexp(values)
    out.backward()
    assert same(out.data, nan if any(map(math.isnan, xs)) else max(xs))
    assert same([x.grad for x in values], expected)
    assert same(read([g.data for g in gradient(out, values)]), expected)
    assert same(softmax(xs), expected) and same([p.data for p in softmax(values)], expected)
    slopes = [g.data for row in jacobian(softmax(values), values) for g in row]
    assert any(map(math.isnan, xs)) or set(slopes) == {0.0}  # a limit, or shares that do not depend on the numbers


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("xs, expected", INFINITE, ids=repr)
def test_infinite_arguments_in_compiled_code(xs, expected, backend):
    pytest.importorskip("numpy")
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    values = [Value(0.0) for _ in xs]
    program = compile(
        lambda x: logsumexp([x[0] * 0.0 + v for v in values]),
        1,
        parameters=values,
        backend=backend,
        loss=lambda prediction, target: prediction,
    )
    shares = compile(lambda x: softmax([x[0] * 0.0 + v for v in values]), 1, parameters=values, backend=backend)
    for v, x in zip(values, xs):
        v.data = x
    assert same(program.value_and_gradient([[1.0]], [0.0])[1], expected)
    assert same(shares.predict([[1.0]])[0], expected)


def test_dot():
    draw = random.Random(3)
    xs, ys = [draw.uniform(-1, 1) for _ in range(50)], [draw.uniform(-1, 1) for _ in range(50)]
    values, weights = [Value(x) for x in xs], [Value(y) for y in ys]
    out = dot(values, weights)
    out.backward()
    assert out.data == dot(xs, ys) == pytest.approx(math.fsum([x * y for x, y in zip(xs, ys)]), rel=1e-13)
    assert [x.grad for x in values] == ys and [w.grad for w in weights] == xs
    assert len(topological(out)) == 50 + 50 + 50 + 49  # leaves, products, sums: no stray 0


def test_mean():
    values = [Value(x) for x in (1.0, 2.0, 6.0)]
    out = mean(values)
    out.backward()
    assert out.data == 3.0 and [x.grad for x in values] == [1 / 3] * 3
    assert mean([1, 2]) == 1.5


def test_floats_values_and_iterators_mix():
    x = Value(2.0)
    out = dot(iter([1.0, x, 3]), (4, 5.0, x))
    out.backward()
    assert out.data == 4.0 + 10.0 + 6.0 and x.grad == 5.0 + 3.0
    out = softmax([x, 2.0])
    assert [p.data for p in out] == [0.5, 0.5] and all(isinstance(p, Value) for p in out)
    assert logsumexp((x, 2)).data == 2.0 + math.log(2.0)
    assert mean(iter([x, 4.0])).data == 3.0


def test_many_terms():
    values = [Value(1.0) for _ in range(20_000)]
    out = logsumexp(values)
    out.backward()
    assert out.data == pytest.approx(1.0 + math.log(20_000), rel=1e-14)
    assert values[0].grad == pytest.approx(5e-5, rel=1e-14) == values[-1].grad


@pytest.mark.parametrize("function", [mean, logsumexp, softmax, lambda xs: dot(xs, [1.0]), lambda xs: dot([1.0], xs)])
def test_nothing_to_add(function):
    with pytest.raises(ValueError, match="expects at least one value, got none"):
        function([])


def test_lengths_that_differ():
    with pytest.raises(ValueError, match="dot expects two sequences of one length, got 2 and 3"):
        dot([1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("function", [mean, logsumexp, softmax, lambda xs: dot(xs, xs)])
@pytest.mark.parametrize("wrong", ["12", [None], ["1", "2"], [1j], [[1.0]]], ids=repr)
def test_what_is_no_number(function, wrong):
    with pytest.raises(TypeError):
        function(wrong)


class Traced(Operators):
    """An operand without a number, which refuses to be branched on; it counts the primitives by name."""

    def __init__(self, evaluate, made):
        self.at, self.made = evaluate, made

    def operate(self, name, args):
        self.made.append(name)

        def evaluate(numbers):
            return TABLE[name].forward(*[x.at(numbers) if isinstance(x, Traced) else float(x) for x in args])

        return Traced(evaluate, self.made)


@pytest.mark.parametrize("function", [logsumexp, mean, lambda xs: softmax(xs)[1], lambda xs: dot(xs, xs)])
def test_symbolic_operands(function):
    """Traced once, right for every number put in afterwards, also where the largest moves or is infinite."""
    made = []
    out = function([Traced(lambda numbers, i=i: numbers[i], made) for i in range(3)])
    for xs in [(0.3, -1.0, 2.0), (2.0, 1.0, 0.0), (-800.0, 800.0, 799.0), (-inf, 1.0, 1.0), (0.0, 0.0, 0.0)]:
        assert out.at(xs) == function(list(xs))
    assert made.count("detach") <= 1 and made.count("maximum") in (0, 2)
