"""Gradients as graphs, derivatives of plain functions, and Taylor series, against mpmath, SciPy and each other."""
import math
import random

import mpmath
import numpy
import pytest
import scipy.optimize

from micrograd import functions as m
from micrograd.derivatives import derivative, grad, gradient, hessian, hvp, jacobian, value_and_grad
from micrograd.engine import Value, topological
from micrograd.ops import TABLE

POINTS = {"acos": 0.3, "asin": 0.3, "log1p": 0.3}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_gradient_graph_has_the_numbers_of_backward(name):
    op = TABLE[name]
    leaves = [Value(POINTS.get(name, 0.7) + 0.1 * i) for i in range(len(op.partials))]
    y = leaves[0].operate(name, tuple(leaves)) * 1.5
    y.backward()
    assert [g.data for g in gradient(y, leaves)] == pytest.approx([x.grad for x in leaves], rel=1e-15, abs=0.0)


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"less", "less_equal", "greater", "greater_equal"}))
def test_second_derivatives_are_the_slope_of_the_first(name):
    op = TABLE[name]
    h = 1e-6
    point = [POINTS.get(name, 0.7) + 0.1 * i for i in range(len(op.partials))]

    def slopes(at):
        leaves = [Value(x) for x in at]
        leaves[0].operate(name, tuple(leaves)).backward()
        return [x.grad for x in leaves]

    leaves = [Value(x) for x in point]
    rows = hessian(leaves[0].operate(name, tuple(leaves)), leaves)
    for j in range(len(point)):
        up, down = ([x + s * h * (i == j) for i, x in enumerate(point)] for s in (1, -1))
        expected = [(a - b) / (2 * h) for a, b in zip(slopes(up), slopes(down))]
        assert [row[j].data for row in rows] == pytest.approx(expected, rel=1e-6, abs=1e-6)


SMOOTH = {
    "tanh": (m.tanh, mpmath.tanh),
    "sigmoid": (m.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": (m.softplus, lambda x: mpmath.log(1 + mpmath.exp(x))),
    "log": (m.log, mpmath.log),
    "sqrt": (m.sqrt, mpmath.sqrt),
    "erf": (m.erf, mpmath.erf),
    "atan": (m.atan, mpmath.atan),
    "asin": (m.asin, mpmath.asin),
    "runge": (lambda x: 1.0 / (1.0 + x * x), lambda x: 1 / (1 + x * x)),
    "power": (lambda x: x**2.7, lambda x: x ** mpmath.mpf(2.7)),
    "self power": (lambda x: x**x, lambda x: x**x),
    "two arguments": (
        lambda x: m.hypot(x, x * 2.0) * m.atan2(x, 2.0 * x * x),
        lambda x: mpmath.hypot(x, 2 * x) * mpmath.atan2(x, 2 * x * x),
    ),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", [0, 1, 2, 5, 10])
def test_derivatives_of_any_order(name, order):
    ours, reference = SMOOTH[name]
    with mpmath.workdps(50):
        expected = float(mpmath.diff(reference, mpmath.mpf(0.5), order))
    assert derivative(ours, 0.5, order=order) == pytest.approx(expected, rel=1e-9)


def test_terms_grow_slowly_with_the_order():
    derivative(lambda x: (x**x).tanh(), 0.5, order=30)  # would take 2³⁰ steps if nothing were shared


def test_series_on_a_deep_graph():
    def f(x):
        y = x
        for _ in range(20_000):
            y = y * 0.9999 + x * 1e-4
        return y * y

    first = derivative(f, 0.5)
    assert derivative(f, 0.5, order=2) == pytest.approx(2 * (first / 2 / 0.5) * 1.0, rel=1e-9)  # f(x) = (c x)²


def test_a_branch_not_taken_stays_out_of_the_series():
    assert derivative(lambda x: m.where(x > 0.0, m.sqrt(x), x * x), -1.0, order=2) == 2.0
    assert derivative(lambda x: m.relu(x) ** 3, 2.0, order=2) == 12.0
    assert derivative(lambda x: 3.0, 1.0) == 0.0
    assert derivative(lambda x: x.detach() * x, 3.0, order=1) == 3.0


def test_gradients_nest():
    x = Value(0.5)
    y = x.tanh()
    for order in range(1, 5):
        y = gradient(y, x)
        with mpmath.workdps(40):
            assert y.data == pytest.approx(float(mpmath.diff(mpmath.tanh, mpmath.mpf(0.5), order)), rel=1e-12)
    assert x.grad == 0.0  # no field was touched


FAR_OUT = [1e-9, 0.3, 1.3, 20.0, 147.0, 183.5, 243.5, 300.0, 354.5, 356.0, 370.0, 372.4, 400.0, 800.0]


@pytest.mark.parametrize("x", FAR_OUT)
def test_derivatives_of_tanh_far_out(x):
    """To the fourth, nested and by series: -2.12e-260 at 300 in the second, and 0 only where no float is nearer."""
    with mpmath.workprec(2600):
        t = mpmath.tanh(mpmath.mpf(x))
        s = 1 - t * t
        exact = [s, -2 * t * s, (4 * t * t - 2 * s) * s, (16 * s - 8 * t * t) * t * s]
    for at in (x, -x):
        v = Value(at)
        y = v.tanh()
        for order, true in enumerate(exact, 1):
            y = gradient(y, v)
            true = float(true) * (-1 if order % 2 == 0 and at < 0.0 else 1)
            assert abs(y.data - true) <= 4 * math.ulp(true)
            assert abs(derivative(m.tanh, at, order=order) - true) <= 4 * math.ulp(true)
    a, b = Value(x), Value(0.999)
    [[_, ab], [ba, _]] = hessian((a * b).tanh(), [a, b])
    assert ab.data == pytest.approx(ba.data, rel=1e-15, abs=1e-320)  # sech² is one of the smallest floats


def test_gradient_with_respect_to_inner_nodes_and_strangers():
    x, stranger = Value(2.0), Value(1.0)
    h = x * x
    y = h * h + x
    assert [g.data for g in gradient(y, [h, x, stranger, y])] == [8.0, 33.0, 0.0, 1.0]


def test_exactly_zero_gradient_stops_as_in_backward():
    for y_of in (lambda x: x.sqrt() * 0.0, lambda x: x.sqrt() * Value(0.0), lambda x: m.where(x > 0.0, x.sqrt(), 0.0)):
        x = Value(0.0)
        y = y_of(x)
        y.backward()
        assert x.grad == 0.0 and gradient(y, x).data == 0.0


def test_a_live_nan_travels_on():
    x = Value(0.0)
    y = (x * x).sqrt()  # inf · 0
    y.backward()
    assert math.isnan(x.grad) and math.isnan(gradient(y, x).data)


def test_jacobian_hessian_hvp():
    rng = random.Random(0)
    xs = [Value(rng.uniform(0.5, 2.0)) for _ in range(4)]
    y = (xs[0] * xs[1]).sin() * xs[2] ** xs[3] + xs[0] / xs[3]
    rows = numpy.array([[entry.data for entry in row] for row in hessian(y, xs)])
    vector = [1.0, -2.0, 0.5, 3.0]
    assert rows == pytest.approx(rows.T, rel=1e-12)
    assert [v.data for v in hvp(y, xs, vector)] == pytest.approx(list(rows @ vector), rel=1e-12)
    jac = jacobian([xs[0] * xs[1], xs[2]], xs)
    assert [[v.data for v in row] for row in jac] == [[xs[1].data, xs[0].data, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    with pytest.raises(ValueError, match="one number for each of the 4 nodes"):
        hvp(y, xs, [1.0])


def test_no_perturbation_confusion():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * 2.0 * y)(x))(3.0) == 2.0
    assert derivative(lambda x: derivative(lambda y: x * y * y, x), 3.0) == 12.0
    assert grad(lambda x: x * derivative(lambda y: y * y * x, x, order=2))(3.0) == 12.0


def test_shapes():
    assert value_and_grad(lambda x, c: x * x * c)(3.0, 2.0) == (18.0, 12.0)
    assert grad(lambda x, c: x * c, wrt=1)(3.0, 2.0) == 3.0
    assert grad(lambda x, c: x * c, wrt=-1)(3.0, 2.0) == 3.0
    assert grad(lambda p: p[0] * p[1][0])([2.0, (3.0,)]) == [3.0, (2.0,)]
    g = grad(lambda w: (w @ numpy.array([1.0, 2.0])).sum())(numpy.ones((3, 2)))
    assert g.dtype == float and g.tolist() == [[1.0, 2.0]] * 3
    assert grad(lambda x: 3)(1.0) == 0.0


def test_values_from_outside_keep_outer_derivatives_alive():
    w = Value(2.0)
    slope = grad(lambda x: w * x * x)(3.0)
    assert isinstance(slope, Value) and slope.data == 12.0
    assert gradient(slope, w).data == 6.0 and w.grad == 0.0
    assert grad(lambda x: w)(1.0) == 0.0 and w.grad == 0.0


def test_scipy_takes_them_directly():
    def rosenbrock(x):
        return sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    both = scipy.optimize.minimize(value_and_grad(rosenbrock), numpy.zeros(4), jac=True)
    assert both.success and both.x == pytest.approx(numpy.ones(4), abs=1e-4)
    start = numpy.array([0.3, -0.2, 1.0])
    assert grad(rosenbrock)(start) == pytest.approx(scipy.optimize.rosen_der(start), rel=1e-13)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: gradient(3.0, [Value(1.0)]), "gradient expects Values, got float 3.0"),
        (lambda: gradient(Value(1.0), ["x"]), "gradient expects Values, got str 'x'"),
        (lambda: grad(lambda x: [x])(1.0), "returns one Value or number, got list"),
        (lambda: grad(lambda x: x)("1"), "expected a number .* got str '1'"),
        (lambda: grad(lambda: 1.0)(), "argument number 0 to differentiate by, got 0 arguments"),
    ],
)
def test_type_errors(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()


def test_order_must_be_a_whole_number():
    for order in (-1, 1.5, "2"):
        with pytest.raises(ValueError, match="expected order to be a whole number of at least 0"):
            derivative(lambda x: x, 1.0, order=order)


def test_gradient_of_a_million_nodes():
    x = Value(1.0)
    y = x
    for _ in range(500_000):
        y = y * x
    assert gradient(y, x).data == 500_001.0
    assert len(topological(y)) == 500_001
