"""Plain functions compiled: what users write, against eager derivatives; shapes, parameters, refusals, threads."""

from __future__ import annotations

import copy
import math
import pickle
import random
import threading
import weakref
from collections import namedtuple
from enum import IntEnum
from importlib.util import find_spec

import pytest
from same import near

import micrograd
from micrograd import Value, functions
from micrograd.collector import paused

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
Pair = namedtuple("Pair", "low high")


def rosenbrock(x):
    return sum(100.0 * (b - a * a) ** 2 + functions.sin(a) for a, b in zip(x[:-1], x[1:]))


def same(found, expected):
    """Equal nests: of one type, in one order, equal up to rounding."""
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[k], expected[k]) for k in expected)
    if isinstance(expected, np.ndarray):
        return found.shape == expected.shape and np.allclose(found, expected, 1e-12, 1e-13, equal_nan=True)
    if isinstance(expected, (list, tuple)):
        return type(found) is type(expected) and len(found) == len(expected) and all(map(same, found, expected))
    return type(found) is float and (found == pytest.approx(expected, rel=1e-12, abs=1e-13, nan_ok=True))


ARGUMENTS = [
    (lambda x: functions.sin(x) * x, (0.7,)),
    (lambda x, y: x * y * y, (2.0, 3)),
    (rosenbrock, ([0.3, -0.5, 0.7],)),
    (rosenbrock, ((0.3, -0.5, 0.7),)),
    (rosenbrock, (np.array([0.3, -0.5, 0.7]),)),
    (lambda W: functions.exp((W @ W).sum()), (np.array([[0.1, 0.2], [-0.3, 0.4]]),)),
    (lambda x, W: np.tanh(W @ x).sum(), (np.array([0.3, 0.1]), np.array([[0.1, 0.2], [-0.3, 0.4]]))),
    (lambda p: [p[0], [p[1] * p[0]]][1][0] ** 2, ([1.5, np.float64(2.0), 7],)),
    (lambda p: p["a"] * functions.sin(p["b"][1]) + (p["b"] ** 2).sum(), ({"a": 2.0, "b": np.array([0.5, 1.0])},)),
    (lambda p, how: p.low * p.high if how == "product" else p.low, (Pair(2.0, 5.0), "product")),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function, args", ARGUMENTS)
def test_derivatives_are_those_of_eager_in_the_same_shape(function, args, backend):
    f = micrograd.compile(function, backend=backend)
    wrts = [0] if isinstance(args[-1], str) or len(args) == 1 else [0, 1, (0, 1), (1,), -1]
    for _ in range(2):  # the second call goes the short way
        assert same(f(*args), functions_value(function, args))
        for wrt in wrts:
            assert same(f.value_and_grad(*args, wrt=wrt), micrograd.value_and_grad(function, wrt=wrt)(*args))
            assert same(f.grad(*args, wrt=wrt), micrograd.grad(function, wrt=wrt)(*args))
            assert same(f.hessian(*args, wrt=wrt), micrograd.hessian(function, wrt=wrt)(*args))
            vector = args[wrt] if isinstance(wrt, int) else tuple(args[i] for i in wrt)
            assert same(f.hvp(*args, vector, wrt=wrt), micrograd.hvp(function, wrt=wrt)(*args, vector))


def functions_value(function, args):
    """What the function returns, as a float."""
    found = micrograd.value_and_grad(function, wrt=0)(*args)[0]
    return found.data if isinstance(found, Value) else float(found)


@pytest.mark.parametrize("backend", BACKENDS)
def test_jacobians_have_the_shapes_of_results_and_arguments(backend):
    x, W = np.array([0.3, 0.1]), np.array([[0.1, 0.2], [-0.3, 0.4], [1.0, 2.0]])

    def several(x, W):
        return [W @ x, (x[0], [x[1] * W[0][0]])]

    f = micrograd.compile(several, backend=backend)
    assert same(f(x, W), [W @ x, (x[0], [x[1] * W[0, 0]])])
    for wrt in (0, 1, (1, 0)):
        assert same(f.jacobian(x, W, wrt=wrt), micrograd.jacobian(several, wrt=wrt)(x, W))
    f = micrograd.compile(lambda x: [x[0] * x[1], functions.sin(x[0])], backend=backend)
    expected = [[0.1, 0.3], [math.cos(0.3), 0.0]]
    assert same(f.jacobian(x), np.array(expected)) and same(f.jacobian([0.3, 0.1]), expected)
    named = micrograd.compile(lambda p: {"sum": p["a"] + p["b"][0], "product": p["a"] * p["b"]}, backend=backend)
    given = {"a": 2.0, "b": x}
    assert same(named(given), {"sum": 2.3, "product": 2.0 * x})
    assert same(
        named.jacobian(given), {"sum": {"a": 1.0, "b": np.array([1.0, 0.0])}, "product": {"a": x, "b": 2.0 * np.eye(2)}}
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_sparse_and_large_matrices(backend):
    pytest.importorskip("scipy")
    f = micrograd.compile(rosenbrock, backend=backend)
    x = np.linspace(-1.0, 1.0, 100)
    dense, sparse = f.hessian(x), f.hessian(x, sparse=True)
    assert sparse.nnz == 3 * 100 - 2 and sparse.format == "csr" and same(sparse.toarray(), dense)
    assert same(dense[:3, :3], np.array(micrograd.hessian(rosenbrock)(x[:4].tolist()))[:3, :3])
    g = micrograd.compile(lambda x: [a * b for a, b in zip(x[:-1], x[1:])], backend=backend)
    assert g.jacobian(x, sparse=True).nnz == 2 * 99
    assert same(g.jacobian(x, sparse=True).toarray(), g.jacobian(x))
    assert not f.hessian(x)[0, 5:].any()
    other = f.hessian(x, sparse=True)
    other.data[:] = other.indices[:] = other.indptr[:] = 0  # its own
    assert same(f.hessian(x, sparse="data"), sparse.data) and same(f.hessian(x, sparse=True).toarray(), dense)
    assert same(g.jacobian(x, sparse="data"), g.jacobian(x, sparse=True).data)
    with pytest.raises(ValueError, match="expected sparse to be True, False or \"data\", got 'coo'"):
        f.hessian(x, sparse="coo")


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_of_a_sparse_matrix_have_one_order_at_poles_too(backend):
    """There a twin runs, which may find other entries to be always 0."""
    f = micrograd.compile(lambda x: functions.sqrt(x[0]) * x[1] + (x[2] - x[2] * 1.0) * x[0] * x[2], backend=backend)
    count = len(f.hessian([2.0, 3.0, 5.0], sparse="data"))
    for x in ([2.0, 3.0, 5.0], [0.0, 3.0, 5.0], [0.0, 0.0, 0.0]):
        whole, numbers = np.ravel(f.hessian(x)), f.hessian(x, sparse="data")
        assert len(numbers) == count < 9
        assert sorted(numbers[numbers != 0.0].tolist()) == sorted(whole[whole != 0.0].tolist())


def test_scipy_minimises_with_gradient_and_hessian():
    optimize = pytest.importorskip("scipy.optimize")
    f = micrograd.compile(lambda x: sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in zip(x[:-1], x[1:])))
    start = np.array([-1.2, 1.0, 0.5])
    assert np.allclose(optimize.minimize(f.value_and_grad, start, jac=True).x, 1.0, atol=1e-4)
    for options in ({"hess": f.hessian}, {"hessp": f.hvp}):
        found = optimize.minimize(f.value_and_grad, start, jac=True, method="trust-ncg", **options)
        assert np.allclose(found.x, 1.0, atol=1e-6)
    residuals = micrograd.compile(lambda x: [10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]])
    assert np.allclose(optimize.least_squares(residuals, [-1.2, 1.0], jac=residuals.jacobian).x, 1.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_of_a_closure_are_parameters_that_are_read_at_every_call(backend):
    a, b, unused = Value(2.0, "a"), Value(3.0, "b"), Value(1.0)
    keep = [a, b, unused]
    f = micrograd.compile(lambda x: b * x + a * keep[0], backend=backend)
    with pytest.raises(TypeError, match="called before"):
        print(f.parameters)
    assert f(1.0) == 7.0 and f(np.array([1.0])).tolist() == [7.0]
    assert f.parameters == [b, a]
    a.data = 10.0
    assert f(1.0) == 103.0 and f.value_and_grad(2.0) == (106.0, 3.0)
    value, slopes = f.value_and_grad(2.0, wrt="parameters")
    assert (value, slopes.tolist()) == (106.0, [2.0, 20.0])
    named = micrograd.compile(f.function, parameters={"a": a, "b": b, "c": unused}, backend=backend)
    assert named.grad(2.0, wrt="parameters") == {"a": 20.0, "b": 2.0, "c": 0.0}
    assert named.parameters == {"a": a, "b": b, "c": unused}
    listed = micrograd.compile(f.function, parameters=[a], backend=backend)
    assert listed.grad(2.0, wrt="parameters").tolist() == [20.0]
    b.data = 1.0
    assert listed(2.0) == 102.0 and listed.hessian(2.0, wrt="parameters").tolist() == [[2.0]]


def test_values_that_the_function_makes_are_no_parameters():
    w = Value(3.0)
    f = micrograd.compile(lambda x: Value(2.0) * x * w)
    assert f.value_and_grad(1.0, wrt="parameters")[1].tolist() == [2.0] and f.parameters == [w]
    g = micrograd.compile(lambda x: micrograd.grad(lambda t: t * t * w)(2.0) + x)
    assert g(1.0) == 13.0 and g.grad(1.0, wrt="parameters").tolist() == [4.0]


def test_arithmetic_with_arrays_goes_item_by_item():
    w, a = Value(2.0), np.array([1.0, 2.0])
    for function in (
        lambda x: (w * a * x).sum(),
        lambda x: (a - x).prod() + (x - a).prod(),
        lambda x: (x / a).sum() + (a / x).sum() + (w + a).sum(),
        lambda x: (x**a).sum() + (a**x).sum() + (a**w).sum(),
    ):
        expected = [getattr(x, "data", x) for x in micrograd.value_and_grad(function)(1.5)]
        assert list(micrograd.compile(function).value_and_grad(1.5)) == pytest.approx(expected, rel=1e-14)
    program = micrograd.compile(lambda x: list(w * np.array(x)), inputs=2, parameters=[w])
    assert program.predict([[1.0, 2.0]]).tolist() == [[2.0, 4.0]]


def test_a_module_has_its_parameters():
    net = micrograd.nn.MLP(2, [3, 1])
    f = micrograd.compile(net)
    x = [0.5, -1.0]
    out = net(x)
    out = out[0] if isinstance(out, list) else out
    out.backward()
    found = f.grad(x, wrt="parameters")
    assert np.allclose(found, [p.grad for p in net.parameters()]) and f.parameters == net.parameters()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_zero_adjoint_stops_even_at_an_infinite_factor(backend):
    f = micrograd.compile(lambda x: functions.where(x[0] > 0.0, functions.sqrt(x[0]), x[1] * x[1]), backend=backend)
    x = np.array([0.0, 3.0])
    for _ in range(2):
        assert f.value_and_grad(x)[1].tolist() == [0.0, 6.0]
        assert f.hessian(x).tolist() == [[0.0, 0.0], [0.0, 2.0]]
        assert f.hvp(x, x).tolist() == [0.0, 6.0]
        assert f.jacobian(x).tolist() == [0.0, 6.0]
    assert f.grad(np.array([4.0, 1.0])).tolist() == [0.25, 0.0]
    assert math.isnan(f(np.array([math.nan, math.nan])))
    minus = micrograd.compile(lambda x: -0.0 * x, backend=backend)
    assert math.copysign(1.0, minus.grad(1.0)) == 1.0  # a gradient is never −0


@pytest.mark.parametrize("backend", BACKENDS)
def test_map_is_the_function_of_every_row(backend):
    X = np.random.default_rng(0).normal(size=(7, 3))
    f = micrograd.compile(rosenbrock, backend=backend)
    f.hvp(X[0], X[0])  # so that there are more nodes than those of the value
    assert same(f.map(X), np.array([f(x) for x in X])) and same(f.map(X.tolist()), f.map(X))
    g = micrograd.compile(lambda x, y: {"sum": x[0] + y, "all": x * y}, backend=backend)
    y = X[:, 0].copy()
    assert same(g.map(X, y), {"sum": X[:, 0] + y, "all": X * y[:, None]})
    several = micrograd.compile(lambda x: [x[0], x[1] * x[2]], backend=backend)
    assert same(several.map(X), np.stack([X[:, 0], X[:, 1] * X[:, 2]], axis=1))
    with pytest.raises(ValueError, match="equally many rows"):
        g.map(X, y[:3])


REFUSED = [
    (lambda x: x if x > 0 else -x, "asks whether a Value is true"),
    (lambda x: math.sin(x), "turned into a number"),
    (lambda x: [10, 20][x], "used as an index or a count"),
    (lambda x: x * (OUTSIDE if OUTSIDE > 0.0 else 1.0), "asks whether a Value is true"),
    (lambda x: x * OUTSIDE.data, "`.data` is read"),
    (lambda x: max(x, 0.0), "as max, min and sort do.*maximum or minimum"),
    (lambda x: np.arctan(x), r"no callable arctan method\. .* Use micrograd\.atan\."),
    (lambda x: round(x, 2), r"round\(x \* 100.0\) / 100.0"),
    (lambda x: pytest.approx(x) == 1.0, "is turned into a number|asks whether|is read"),  # the line is ours
    (lambda x: x * 2.0 if isinstance(x, float) else x, "on numbers the code gives another value"),
]
OUTSIDE = Value(2.0)


def scaled(x):
    return OUTSIDE * x


@pytest.mark.parametrize("function, message", REFUSED)
def test_control_flow_on_numbers_is_refused_with_the_line(function, message):
    with pytest.raises(micrograd.compiler.TraceError, match=message) as caught:
        micrograd.compile(function)(1.0)
    assert "test_points.py, line" in str(caught.value)


def test_round_is_a_primitive_here_too():
    f = micrograd.compile(lambda x: round(x) * x)
    assert (f(2.5), f.grad(2.6)) == (5.0, 3.0)


def test_errors_say_what_was_got():
    f = micrograd.compile(lambda x: [x, x])
    with pytest.raises(TypeError, match="grad expects a function that returns one Value or number, got a list"):
        f.grad(1.0)
    with pytest.raises(TypeError, match="is a return missing"):
        micrograd.compile(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="the arguments: expected a number, or numbers in arrays, .* got set"):
        f({1.0})
    with pytest.raises(TypeError, match="expected the function to return numbers, .* got str 's'"):
        micrograd.compile(lambda x: [x, "s"])(1.0)
    with pytest.raises(ValueError, match="rows of equally many numbers, got list"):
        micrograd.compile(lambda x: x[0]).map([[1.0, 2.0], [3.0]])
    with pytest.raises(TypeError, match=r"np.full\(n, 3.0\)"):
        micrograd.compile(lambda x, y: x[0] * y).map([[1.0], [2.0]], 3.0)
    with pytest.raises(TypeError, match="argument number 3"):
        micrograd.compile(abs).grad(1.0, wrt=3)
    with pytest.raises(TypeError, match="expected numbers to differentiate by, got str 'x' as argument 0"):
        micrograd.compile(lambda how, x: x).grad("x", 1.0)
    assert micrograd.compile(lambda x, y: x * y).grad(1.0, 2.0, wrt=[0, 1]) == (2.0, 1.0)
    with pytest.raises(ValueError, match="one number for each of the 2"):
        micrograd.compile(rosenbrock).hvp([1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match="expected a function"):
        micrograd.compile(3.0)
    with pytest.raises(TypeError, match="number of inputs"):
        micrograd.compile(rosenbrock, loss=lambda p, y: p)
    with pytest.raises(ValueError, match="one of them twice"):
        micrograd.compile(rosenbrock, parameters=[OUTSIDE, OUTSIDE])
    with pytest.raises(ZeroDivisionError):  # the user's own error, as it is
        micrograd.compile(lambda x: 1 / 0)(1.0)


def test_arguments_by_name_and_names_of_others():
    @micrograd.compile
    def price(spot, strike, years=1.0, *, put=False):
        """A price."""
        return spot * strike**2 * years

    assert (price.__name__, price.__doc__) == ("price", "A price.")
    assert price(strike=3.0, spot=2.0) == 18.0 and price.grad(2.0, strike=3.0, wrt=1) == 12.0
    assert price.map(strike=[3.0, 4.0], spot=[2.0, 1.0]).tolist() == [18.0, 16.0]
    for call, message in (
        (lambda: price(1.0, 2.0, put=True), r"got put=True .*functools.partial\(function, put=True\)"),
        (lambda: price(strike=2.0), "missing a required argument: 'spot'"),
        (lambda: price.value_and_gradient(1.0, 2.0), "no attribute 'value_and_gradient'; write value_and_grad"),
        (lambda: price.source, "programs over samples have it"),
        (lambda: micrograd.compile(lambda x: x[0], 1, parameters=[]).grad, "'grad'; write value_and_gradient"),
    ):
        with pytest.raises((TypeError, AttributeError), match=message):
            call()


def test_values_as_arguments_go_through_the_function_itself():
    x = Value(2.0)
    f = micrograd.compile(lambda x: x * x * x)
    y = f(x)
    y.backward()
    assert (y.data, x.grad) == (8.0, 12.0) and f.grad(x).data == 12.0
    assert micrograd.grad(f)(2.0) == 12.0
    outer = micrograd.compile(lambda x: f(x) + f(2.0 * x))
    assert outer.grad(1.0) == 27.0


def test_a_compiled_function_is_traced_within_another():
    w = Value(2.0)
    inner = micrograd.compile(lambda x: w * x * x)
    for _ in range(2):  # the second inner function has been compiled before
        outer = micrograd.compile(lambda x, inner=inner: x * inner(3.0) + inner.grad(x))
        assert outer(1.0) == 22.0 and outer.grad(1.0, wrt="parameters").tolist() == [11.0]
        w.data = 4.0
        assert outer(1.0) == 44.0 and inner(1.0) == 4.0
        w.data = 2.0


def test_threads_have_workspaces_of_their_own():
    f = micrograd.compile(rosenbrock)
    points = np.random.default_rng(1).normal(size=(8, 20))
    expected = [micrograd.compile(rosenbrock).grad(x) for x in points]
    wrong = []

    def work(i):
        for _ in range(30):
            if not np.array_equal(f.grad(points[i]), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_results_are_the_callers_own():
    f = micrograd.compile(rosenbrock)
    x = np.array([0.3, -0.5, 0.7])
    value, slopes = f.value_and_grad(x)
    kept = slopes.copy()
    f.value_and_grad(2.0 * x)
    assert np.array_equal(slopes, kept) and slopes.flags.owndata


def test_compiled_functions_are_copied_and_pickled():
    f = micrograd.compile(rosenbrock)
    f([0.3, 0.4])
    for other in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert other is not f and other([0.3, 0.4]) == f([0.3, 0.4])
    net = micrograd.nn.MLP(2, [2, 1])
    f = micrograd.compile(net)
    for other in (copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert other.grad([0.3, 0.4], wrt="parameters").tolist() == f.grad([0.3, 0.4], wrt="parameters").tolist()
        other.parameters[-1].data += 1.0  # its own
        assert other([0.3, 0.4]) != f([0.3, 0.4])
    g = micrograd.compile(scaled, parameters=[OUTSIDE])
    assert copy.deepcopy(g).grad(3.0, wrt="parameters").tolist() == [3.0]
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(g)


def test_arrays_of_other_kinds_take_the_long_way():
    f = micrograd.compile(rosenbrock)
    x = np.array([1.0, 2.0, 3.0])
    expected = f.grad(x).tolist()
    for other in (x.astype(np.float32), x.astype(int), x[::-1][::-1], np.ma.array(x), x.astype(">f8")):
        assert f.grad(other).tolist() == expected
    assert f.grad(np.array([1.0, 2.0])).shape == (2,)
    with pytest.raises(TypeError, match="expected a number"):
        f.grad(x.astype(complex))


def test_short_ways_check_what_they_get():
    f = micrograd.compile(lambda x, y: x * y)
    for _ in range(2):
        assert f(2.0, 3.0) == f(2, 3) == f(np.float64(2.0), True + 2) == 6.0
    assert f.grad(2.0, 3.0, wrt=(0, 1)) == (3.0, 2.0) and f.grad(2.0, 3.0, wrt=1) == 2.0
    assert f(Value(2.0), 3.0).data == 6.0
    with pytest.raises(ValueError, match="fits a float"):
        f(10**400, 3.0)
    with pytest.raises(TypeError, match="expected a number"):
        f(2.0, 3.0j)
    g = micrograd.compile(rosenbrock)
    points = [[1.0, 2.0, 3.0], (1.0, 2.0, 3.0), np.array([1.0, 2.0, 3.0])]
    for _ in range(2):
        assert [type(g.grad(x)) for x in points] == [list, tuple, np.ndarray]
        assert [len(g.grad(x[:2])) for x in points] == [2, 2, 2]
        assert g([1, 2.0, np.float64(3.0)]) == g(points[0])
    assert isinstance(g([Value(1.0), 2.0, 3.0]), Value)
    h = micrograd.compile(lambda x, k, y: (x * k).sum() * y[1])
    for _ in range(2):
        assert h(points[2], 2.0, [3.0, 4.0]) == 48.0 and h(points[2][:2], 2.0, [3.0, 4.0]) == 24.0
        assert h.grad(points[2], 2.0, [3, 4.0], wrt=2) == [0.0, 12.0]


def test_short_ways_of_dictionaries_and_of_arrays():
    f = micrograd.compile(lambda p: p["a"] * functions.exp(p["b"]))
    point = {"a": 2.0, "b": 0.0}
    for _ in range(3):
        assert f.value_and_grad(point) == (2.0, {"a": 1.0, "b": 2.0})
        assert f.value_and_grad({"a": 3, "b": np.float64(0.0)}) == (3.0, {"a": 1.0, "b": 3.0})
        assert f.value_and_grad({"b": 0.0, "a": 2.0}) == (2.0, {"b": 2.0, "a": 1.0})  # by names, in another order
        assert f({"a": math.inf, "b": -math.inf}) != f({"a": math.inf, "b": 0.0})
        assert isinstance(f({"a": Value(2.0), "b": 0.0}), Value)
        with pytest.raises(KeyError):
            f({"a": 2.0, "c": 0.0})
        with pytest.raises(TypeError, match="expected a number"):
            f({"a": 2.0, "b": 0.0j})
    g = micrograd.compile(lambda x, y: (x * y).sum() * x[0])
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    for _ in range(3):
        assert g.hvp(x, y, x).tolist() == [14.0, 4.0]
        assert g(x, y) == g(x.astype(int), y) == g([1.0, 2.0], y) == g(x[::-1][::-1], y) == 11.0
        assert g(x[:1], y[:1]) == 3.0 and g.grad(x, y, wrt=1).tolist() == [1.0, 2.0]


def test_repeated_calls_compile_once():
    f = micrograd.compile(lambda x: x * x)
    assert [f.value_and_grad(1.0), f.value_and_grad(2.0), f(3.0), f.hessian(3.0)] == [(1.0, 2.0), (4.0, 4.0), 9.0, 2.0]
    assert len(f._recorded) == 1 and len(f._routines) == 3


def test_an_index_is_an_argument():
    table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], [Value(5.0), Value(6.0)]]
    f = micrograd.compile(lambda i, x: sum(w * x for w in micrograd.take(table, i)) * x)
    assert f(1, 2.0) == 28.0 and f.grad(2, 1.0, wrt=1) == 22.0 and f.map([0, 2], [1.0, 1.0]).tolist() == [3.0, 11.0]
    assert sorted(f.grad(1, 1.0, wrt="parameters")) == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    table[1][0].data = 0.0
    assert f(1.0, 2.0) == 16.0
    for index, error in ((3, IndexError), (0.5, ValueError)):
        with pytest.raises(error):
            f(index, 1.0)


@pytest.mark.parametrize("exponent", [1.0000001, 0.5, 3.7, -0.2])
def test_second_derivatives_of_powers_keep_their_digits(exponent):
    """The first derivative is written so that it can be differentiated: y x**y / x would lose digits near y = 1."""
    right = exponent * (exponent - 1.0) * 0.7 ** (exponent - 2.0)
    assert near(micrograd.compile(lambda x: x**exponent).hessian(0.7), right, 4.0)
    assert near(micrograd.compile(lambda x, y: x**y).hessian(0.7, exponent), right, 4.0)


WAYS = [("reverse", "grad"), ("jacobian_nodes", "jacobian"), ("hessian_nodes", "hessian")]


@pytest.mark.parametrize("way, purpose", WAYS)
def test_a_fault_of_the_compiler_is_found(way, purpose, monkeypatch):
    from micrograd.compiler.points import purposes

    right = getattr(purposes, way)

    def wrong(graph, *args):  # the last derivative twice
        found = right(graph, *args)
        row = found[1][-1] if way == "hessian_nodes" else found[-1] if way == "jacobian_nodes" else found
        k = len(row) - 1 if way == "reverse" else max(row)
        row[k] = graph.apply("add", (row[k], row[k]))
        return found

    monkeypatch.setattr(purposes, way, wrong)
    with pytest.raises(micrograd.compiler.CompilerError, match=f"compiled {purpose} differs"):
        getattr(micrograd.compile(rosenbrock), purpose)([0.3, -0.5, 0.7])


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_left_open_is_no_fault(backend):
    """The sign of 0/0 depends on the processor, and x**y has no second derivative by both at 0**1."""
    signed = micrograd.compile(lambda x, y: micrograd.copysign(y, x / x), backend=backend)
    assert abs(signed(0.0, 2.0)) == 2.0 and abs(signed.grad(0.0, 2.0, wrt=1)) == 1.0
    assert micrograd.compile(lambda x, y: x**y, backend=backend).hessian(0.0, 1.0) == 0.0
    power = micrograd.compile(lambda p: p[0] ** p[1], backend=backend)
    assert power.hessian([0.0, 1.0]) == [[0.0, 0.0], [0.0, 0.0]]
    x, y = Value(0.0), Value(1.0)
    assert abs(micrograd.compile(micrograd.copysign(y, x / x), [x, y], backend=backend)([0.0, 1.0])) == 1.0
    assert not micrograd.compile(x**y, [x, y], backend=backend).hessian([[0.0, 1.0]]).any()


def test_what_is_passed_on_is_nothing_to_differentiate_by():
    """The derivative of x² by True was True, by text that text."""
    f = micrograd.compile(lambda x, mode: x * x if mode else 3.0 * x)
    assert f(2.0, True) == 4.0 and f.grad(2.0, False) == 3.0
    for args, wrt in (((True, True), 0), ((2.0, True), 1), ((2.0, "text"), (0, 1))):
        with pytest.raises(TypeError, match="expected numbers to differentiate by, got (bool|str)"):
            f.grad(*args, wrt=wrt)
    with pytest.raises(TypeError, match='expected wrt="parameters", since there is no argument'):
        micrograd.compile(Value(2.0) ** 2).value_and_grad()


def test_second_derivatives_that_are_all_rounding_are_no_fault():
    for x in np.linspace(0.1, 3.0, 50).tolist():
        f = micrograd.compile(lambda x: micrograd.hypot(x[0], x[0]) * x[1], backend="numpy")
        [[found, _], [_, zero]] = f.hessian([x, 1.0])
        assert abs(found) < 1e-13 and zero == 0.0
        assert f.hvp([x, 1.0], [1.0, 0.0]) == pytest.approx([0.0, math.sqrt(2.0)], abs=1e-13)


@pytest.mark.parametrize("function", [lambda x: functions.hypot(x, x), lambda x: (3.0 * x) / (x + 2.0 * x)])
def test_derivatives_that_are_all_rounding_are_no_fault(function):
    for x in [0.1 + 0.1 * i for i in range(30)]:
        f = micrograd.compile(lambda x: function(x[0]), backend="numpy")
        assert abs(f.hessian([x])[0][0]) < 1e-12 > abs(f.hvp([x], [1.0])[0])
        assert f.grad([x])[0] == pytest.approx(f.jacobian([x])[0], abs=1e-14)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sparse", [False, True])
def test_derivatives_at_a_pole_come_without_warnings(sparse):
    if sparse:
        pytest.importorskip("scipy")
    f = micrograd.compile(lambda x: functions.sqrt(x[0]) * x[1], backend="numpy")
    slopes, curvature = f.jacobian([0.0, 1.0], sparse=sparse), f.hessian([0.0, 1.0], sparse=sparse)
    if sparse:
        [slopes], curvature = slopes.toarray().tolist(), curvature.toarray().tolist()
    assert slopes == [math.inf, 0.0] and curvature == [[-math.inf, math.inf], [math.inf, 0.0]]


ROWS = {  # without copysign: a nan has a sign, which targets make as they like
    1: "sin tanh relu abs sqrt log exp neg asin log1p softplus detach gaussian".split(),
    2: "add sub mul div maximum minimum hypot atan2 less".split(),
    3: ["where"],
}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -3.0, math.inf, -math.inf, math.nan, 1e300]


def random_function(seed):
    """A random function of three numbers."""
    draw = random.Random(seed)
    plan = [
        (draw.choice(ROWS[count]), [draw.random() for _ in range(count)]) for count in draw.choices((1, 2, 3), k=12)
    ]

    def function(x):
        values = list(x)
        for name, places in plan:
            operands = tuple([values[int(place * len(values))] for place in places])
            values.append(operands[0].operate(name, operands))
        return values[-3] + values[-2] + values[-1]

    return function


@pytest.mark.parametrize("backend", BACKENDS)
def test_random_functions_at_special_values(backend):
    for seed in range(15):
        function, draw = random_function(seed), random.Random(-seed - 1)
        f = micrograd.compile(function, backend=backend)
        f.value_and_grad([0.3, 0.4, -0.5])
        for _ in range(8):
            point = [draw.choice(SPECIAL) if draw.random() < 0.5 else draw.gauss(0.0, 1.5) for _ in range(3)]
            assert same(f.value_and_grad(point), micrograd.value_and_grad(function)(point)), (seed, point)


def test_true_and_one_are_two_arguments():
    class One(IntEnum):
        ONE = 1

    f = micrograd.compile(lambda x, flag: 2.0 * x if flag is True else 3.0 * x)
    assert (f(1.0, True), f(1.0, One.ONE)) == (2.0, 3.0)


def test_functions_among_the_arguments_are_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr("micrograd.compiler.points.function.MOST_FIXED", 3)
    f, seen = micrograd.compile(lambda x, g: g(x) * x, backend="numpy"), []
    first = lambda x: x  # noqa: E731
    for k in range(6):
        g = lambda x, k=k: k * x  # noqa: E731
        seen.append(weakref.ref(g))
        assert (f(2.0, g), f.grad(2.0, g), f.hvp(2.0, g, 1.0)) == (4.0 * k, 4.0 * k, 2.0 * k)
        assert f(2.0, first) == 4.0
    del g
    assert [one() is None for one in seen] == [True, True, True, True, False, False]


def test_a_compiled_function_dies_with_its_last_user():
    f = micrograd.compile(lambda x: functions.sqrt(x[0]) * x[1])
    with paused():
        f.value_and_grad([1.0, 2.0]), f.hessian([0.0, 1.0])
        last = weakref.ref(f)
        del f
        assert last() is None


def test_map_of_one_row_gives_what_map_of_many_does():
    Pair = namedtuple("Pair", "a b")
    functions_of = [
        lambda p: p[0] * p[1],
        lambda p: [p[0], p[1] * 2.0],
        lambda p: (p * 2.0, {"sum": p[0] + p[1], "both": [p[0], p * 3.0]}),
        lambda p: Pair([p[0]], p[1]),
    ]
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    for function in functions_of:
        f = micrograd.compile(function)
        many, one = f.map(X), f.map(X[1:])
        assert str(one) == str(micrograd.compile(function).map(X[1:].tolist())) and same_rows(one, many)
        with pytest.raises(ValueError, match="finite"):
            f.map(np.array([[1.0, np.inf]]))
    of_two = micrograd.compile(lambda p, q: p[0] * q[0, 1])
    assert of_two.map(X[:1], X[None]).tolist() == [2.0]


def same_rows(one, many):
    """Whether the arrays of one nest are the last rows of those of another, in the same containers."""
    if isinstance(many, np.ndarray):
        return one.tolist() == many[-1:].tolist()
    parts = [(one[key], many[key]) for key in many] if isinstance(many, dict) else list(zip(one, many))
    return type(one) is type(many) and len(one) == len(many) and all(same_rows(*pair) for pair in parts)


def test_what_is_no_number_in_an_argument_stays_what_it_is_in_its_derivatives():
    f = micrograd.compile(lambda p: p["a"] * p["a"] * p["w"][1])
    p = {"on": True, "a": 2.0, "w": np.array([1.0, 3.0])}
    for found in (f.grad(p), f.jacobian(p)):
        assert found["on"] is True and found["a"] == 12.0 and found["w"].tolist() == [0.0, 4.0]
    second = f.hessian(p)
    assert second["on"] is True and second["a"]["on"] is True
    assert second["a"]["a"] == 6.0 and second["w"]["a"].tolist() == second["a"]["w"].tolist() == [0.0, 4.0]
    assert f.jacobian(p, sparse=np.str_("data")).tolist() == [12.0, 4.0]
