"""Gradients as graphs, derivatives of plain functions, and Taylor series, against mpmath, SciPy and each other."""

import math
import random

import mpmath
import numpy
import pytest
import scipy.optimize

from micrograd import compile
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


@pytest.mark.parametrize("order", [100, 174, 175, 178, 300, 1000])
def test_high_orders_at_zero(order):
    assert derivative(m.exp, 0.0, order=order) == 1.0
    assert derivative(m.cosh, 0.0, order=order) == 1.0 - order % 2
    assert derivative(m.sin, 0.0, order=order) == (0.0, 1.0, 0.0, -1.0)[order % 4]


LARGE_AND_SMALL = [  # function, point, order, derivative
    (lambda x: 1.0 / (1e3 - x), 0.0, 150, 5.7133839564458575e-191),
    (lambda x: 1.0 / (1e3 - x), 0.0, 50, 3.0414093201713376e-89),
    (lambda x: 1.0 / (1e-3 - x), 0.0, 60, 8.3209871127413901e264),
    (lambda x: 1.0 / (1e-3 - x), 0.0, 80, math.inf),
    (lambda x: x**3, 1e200, 2, 6e200),
    (lambda x: x * x * x, 1e200, 2, 6e200),
    (lambda x: x * x * x, 1e200, 3, 6.0),
    (lambda x: x * x * x, 1e200, 4, 0.0),
    (lambda x: x**3, 1e200, 1, math.inf),
    (m.exp, 720.0, 2, math.inf),
    (lambda x: 1.0 / x, 1e-200, 2, math.inf),
    (lambda x: 1e-300 / x, 1e-200, 1, -1e100),
    (lambda x: 1e-300 * (1.0 / x), 1e-200, 1, -1e100),
    (lambda x: m.atan(x) * 1e300, 1e200, 1, 1e-100),
    (m.sqrt, 0.0, 2, -math.inf),
    (m.sqrt, 0.0, 3, math.inf),
    (lambda x: 1.0 / x, 0.0, 2, math.inf),
    (lambda x: 1.0 / x, -0.0, 2, -math.inf),
    (m.tanh, 800.0, 2, 0.0),
    (m.tanh, 300.0, 2, -2.1203172424034486e-260),
    (lambda x: m.exp(1e-3 * x), 0.0, 100, 1e-300),
    (lambda x: m.exp(1e-3 * x), 0.0, 110, 0.0),
    (lambda x: x**5.0, 0.0, 5, 120.0),
    (lambda x: x**2.5, 0.0, 3, math.inf),
]


@pytest.mark.parametrize("f, x, order, expected", LARGE_AND_SMALL)
def test_no_coefficient_is_too_large_or_too_small(f, x, order, expected):
    assert derivative(f, x, order=order) == pytest.approx(expected, rel=order * 2e-16, abs=0.0)


def test_a_coefficient_that_happens_to_be_zero_does_not_stop_infinity():
    assert math.isnan(derivative(lambda x: (x * x).sqrt(), 0.0))  # as in `grad`: 0 · inf
    assert math.isnan(derivative(lambda x: (x**4).sqrt(), 0.0, order=2))  # and not 0, which would be wrong


def test_high_orders_against_contour_integrals():
    """f⁽ⁿ⁾ = n!/2πi ∮ f(z)/(z - x)ⁿ⁺¹ dz by the trapezoidal rule, which converges like a geometric series."""
    points = 400
    with mpmath.workdps(60):
        for name, x, radius in (("tanh", 0.5, 1.2), ("sigmoid", 3.0, 3.0), ("log", 0.9, 0.6), ("runge", -0.3, 0.7)):
            ours, reference = SMOOTH[name]
            roots = [mpmath.expjpi(mpmath.mpf(2 * k) / points) for k in range(points)]
            values = [reference(x + radius * root) for root in roots]
            for order in (3, 20, 60):
                terms = [v * roots[-k * order % points] for k, v in enumerate(values)]
                exact = (mpmath.fsum(terms) / points * mpmath.factorial(order) / mpmath.mpf(radius) ** order).real
                assert abs(derivative(ours, x, order=order) / exact - 1) < order * 3e-16, (name, order)


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


def test_several_arguments():
    f = lambda x, p, c: x * p[0] * p[1] * c  # noqa: E731
    assert grad(f, wrt=(0, 1))(2.0, [3.0, 5.0], 7.0) == (105.0, [70.0, 42.0])
    assert grad(f, wrt=(1, -3))(2.0, [3.0, 5.0], 7.0) == ([70.0, 42.0], 105.0)
    assert grad(f, wrt=[2])(2.0, (3.0, 5.0), 7.0) == (30.0,)
    assert value_and_grad(f, wrt=(0,))(2.0, [3.0, 5.0], 7.0) == (210.0, (105.0,))
    assert hessian(lambda x, y: x * x * y, wrt=(0, 1))(3.0, 5.0) == ((10.0, 6.0), (6.0, 0.0))
    assert jacobian(lambda x, y: [x * y, x], wrt=(1, 0))(3.0, 5.0) == [(3.0, 5.0), (0.0, 1.0)]
    assert hvp(lambda x, y: x * x * y, wrt=(0, 1))(3.0, 5.0, (1.0, 2.0)) == (22.0, 6.0)
    a, b = grad(lambda u, v: (u * v).sum(), wrt=(0, 1))(numpy.ones(2), numpy.array([[1.0, 2.0]]))
    assert a.tolist() == [1.0, 2.0] and b.tolist() == [[1.0, 1.0]]
    same = Value(3.0)
    assert [g.data for g in grad(lambda x, y: x * y * y, wrt=(0, 1))(same, same)] == [9.0, 18.0]


def test_matrices_of_plain_functions():
    f = lambda p: p[0] ** 2 * p[1]  # noqa: E731
    assert hessian(f)([3.0, 2.0]) == [[4.0, 6.0], [6.0, 0.0]]
    assert hessian(f)((3, 2)) == ((4.0, 6.0), (6.0, 0.0))
    assert hessian(lambda x: x**3)(2) == 12.0 == hessian(lambda c, x: c * x**3, wrt=1)(1, 2)
    assert hessian(f)(numpy.array([3.0, 2.0])).tolist() == [[4.0, 6.0], [6.0, 0.0]]
    assert hessian(lambda w: (w * w * w).sum())(numpy.ones((1, 2))).tolist() == [[[[6.0, 0.0]], [[0.0, 6.0]]]]
    assert hessian(lambda p: p[0][0] * p[1])([[2.0], 3.0]) == [[[[0.0], 1.0]], [[1.0], 0.0]]
    assert jacobian(lambda x: x * x)(3.0) == 6.0 and jacobian(lambda x: [x, 2.0])(3.0) == [1.0, 0.0]
    matrix = numpy.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    found = jacobian(lambda x: matrix @ x)(numpy.array([7.0, 8.0]))
    assert found.dtype == float and found.tolist() == matrix.tolist()
    assert [row.tolist() for row in jacobian(lambda x: list(matrix @ x))(numpy.ones(2))] == matrix.tolist()
    assert [c.tolist() for c in jacobian(lambda p: p[0] * matrix[:, 0] + p[1] * matrix[:, 1])([7.0, 8.0])] == (
        matrix.T.tolist()
    )
    assert hvp(f)([3.0, 2.0], [1.0, 10.0]) == [64.0, 6.0]
    assert hvp(f)(numpy.array([3.0, 2.0]), numpy.array([1.0, 10.0])).tolist() == [64.0, 6.0]
    assert hvp(lambda x, c: c * x**3)(2.0, 10.0, 0.5) == 60.0
    assert hvp(lambda x: 3.0 * x)(2.0, 1.0) == 0.0 and hvp(lambda x: 3.0)(2.0, 1.0) == 0.0
    start = numpy.array([0.3, -0.2, 1.0])
    rosenbrock = lambda x: sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)  # noqa: E731
    assert hessian(rosenbrock)(start) == pytest.approx(scipy.optimize.rosen_hess(start), rel=1e-13)
    assert hvp(rosenbrock)(start, start) == pytest.approx(scipy.optimize.rosen_hess_prod(start, start), rel=1e-13)
    fit = scipy.optimize.least_squares(lambda x: matrix @ x - 1.0, numpy.zeros(2), jac=jacobian(lambda x: matrix @ x))
    assert fit.success


def test_a_single_node_in_place_of_a_list():
    x = Value(2.0)
    assert hessian(x**3, x).data == 12.0
    assert [row.data for row in jacobian([x * x, x], x)] == [4.0, 1.0]
    assert hvp(x**3, x, 2.0).data == 24.0


def test_values_in_values_out_whatever_the_function_does():
    """So an outer function need not ask of what kind an inner derivative is."""
    w, x = Value(2.0), Value(3.0)
    for f in (lambda t: w * t * t, lambda t: t * t, lambda t: 2.0 * t, lambda t: 5.0):
        inner = [derivative(f, x, order=k) for k in range(4)]
        inner += [*value_and_grad(f)(x), jacobian(f)(x), hessian(f)(x), hvp(f)(x, 1.0), hvp(f)(x, w), grad(f)(x)]
        assert all(isinstance(g, Value) for g in inner)
        assert [g.data for g in inner[:3]] == [g.data for g in (inner[4], inner[5], inner[7])]
    numbers = [derivative(lambda t: 2.0 * t, 3.0), grad(lambda t: 5.0)(3), hessian(lambda t: t)(numpy.float32(1.0))]
    assert numbers == [2.0, 0.0, 0.0] and all(g.__class__ is float for g in numbers)
    assert (
        grad(lambda t: derivative(lambda s: s * s * t, t))(3.0)
        == 12.0
        == derivative(lambda t: t * grad(lambda s: s * t)(1.0) * 2.0, 3.0)
    )


def test_constants_are_no_leaves():
    k, w = Value(3.0), Value(2.0, label="w")
    y = w * k * k + 5.0
    first = gradient(y, [w, k])
    second = [g for row in jacobian(first, [w, k]) for g in row]
    found = [*first, *second, *hvp(y, [w, k], [1.0, 0.0]), *gradient(3.0 * k, [k, w, Value(1.0)])]
    assert {id(x) for g in found for x in topological(g) if x.op is None} == {id(k), id(w)}
    assert [g.data for g in found] == [9.0, 12.0, 0.0, 6.0, 6.0, 4.0, 0.0, 6.0, 3.0, 0.0, 0.0]


def test_compiled_gradients_have_no_parameters_but_those_of_the_expression():
    pytest.importorskip("numpy")
    k, w, c = Value(3.0), Value(2.0), Value(0.5)
    y = (w * k).tanh() * c + 2.0 * w + k
    roots = [y, *gradient(y, [w, c]), *[g for row in hessian(y, [w, c, k]) for g in row], *gradient(2.0 * w, [w, c])]
    program = compile(roots, [k])
    assert {id(p) for p in program.parameters} == {id(w), id(c)}
    assert list(program.predict([[3.0]])[0]) == pytest.approx([root.data for root in roots], rel=1e-14)


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
        (lambda: grad(lambda x: None)(1.0), "returns one Value or number, got NoneType None: is a return missing"),
        *[
            (lambda f=f, order=order: derivative(f, 1.0, order=order), "returns one Value or number, got ")
            for f in (lambda x: None, lambda x: [x], lambda x: numpy.array([x]), lambda x: "x", lambda x: 1j * 2)
            for order in (0, 1, 2)
        ],
        (lambda: derivative(lambda x: x, [1.0]), "expected a number .* got list"),
        (lambda: derivative(Value(1.0), 1.0), r"derivative expects a function, got .*gradient\(y, x\)"),
        (lambda: grad(Value(1.0)), r"grad expects a function, got .*gradient\(y, wrt\)"),
        (lambda: jacobian(lambda x: [x, None])(1.0), "returns Values or numbers, in lists or an array, got NoneType"),
        (lambda: jacobian(lambda x: {"a": x})(1.0), "returns Values or numbers, in lists or an array, got dict"),
        (lambda: hessian(lambda x: [x])(1.0), "returns one Value or number, got list"),
        (lambda: hvp(lambda x: x)(1.0, "1"), "a vector of numbers, got str"),
        (lambda: hvp(lambda x: x)(1.0), "and then the vector, got 1 arguments"),
        (lambda: hvp(lambda x: x, 0, [1.0]), r"hvp\(f\)\(x, vector\)"),
        (lambda: hvp(Value(1.0), [Value(1.0)]), r"expects a vector: hvp\(y, wrt, vector\)"),
        (lambda: hessian(Value(1.0)), r"nodes to differentiate by: hessian\(y, wrt\)"),
        (lambda: jacobian(Value(1.0), [Value(1.0)]), "list of Values; of a single one"),
        (lambda: hessian(3.0), "hessian expects Values or a function, got float"),
        (lambda: grad(lambda x, y: x, wrt="0")(1.0, 2.0), "number of an argument or a tuple of such, got str"),
        (lambda: grad(lambda x, y: x, wrt=(0, 2))(1.0, 2.0), "argument number 2 to differentiate by, got 2 arguments"),
        (lambda: grad(lambda: 1.0)(), "argument number 0 to differentiate by, got 0 arguments"),
    ],
)
def test_type_errors(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()


def test_lengths_and_arguments_that_do_not_fit():
    for wrt in ((), (0, 0), (0, -2)):
        with pytest.raises(ValueError, match="expected different arguments to differentiate by, at least one"):
            grad(lambda x, y: x * y, wrt=wrt)(1.0, 2.0)
    with pytest.raises(ValueError, match="one number for each of the 2 of the argument, got 1"):
        hvp(lambda p: p[0] * p[1])([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"got an array of shape \(3, 2\), not \(2, 3\)"):
        hvp(lambda w: (w * w).sum())(numpy.ones((2, 3)), numpy.ones((3, 2)))


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
