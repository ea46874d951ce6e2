"""Jacobians and Hessians of compiled programs against eager code: random models, kinks, special values, tables."""

import math
from importlib.util import find_spec

import pytest
from test_random_programs import RandomModel, loss

import micrograd
from micrograd import Value, gradient
from micrograd.compiler.code import derivatives

np = pytest.importorskip("numpy")
without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")
backends = pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 1e-300, 1e300, -745.0, 800.0]
KINKS = {
    "relu": lambda a, x: (a * x).relu() * x,
    "abs": lambda a, x: abs(a * x - 0.5) * a,
    "maximum": lambda a, x: micrograd.maximum(a * x, x * x),
    "masked log": lambda a, x: micrograd.where(x > 0.0, micrograd.log(a * x) * x, a * a * x),
    "masked root": lambda a, x: micrograd.where(x <= 0.0, a * x, micrograd.sqrt(x * x) / a),
    "root": lambda a, x: micrograd.sqrt(a * a * x * x),
    "power": lambda a, x: x**a,
    "overflow": lambda a, x: micrograd.exp(a * x) / (1.0 + micrograd.exp(a * x)),
    "0 · inf": lambda a, x: micrograd.exp(x * x) * (a - a) + x * (a - 0.5),
    "hypot": lambda a, x: micrograd.hypot(a * x, x - 1.0),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path_factory.getbasetemp() / "machine-code"))


def second(y, by):
    """The matrix of second derivatives of a Value, by eager code."""
    return [derivatives(slope, by) for slope in gradient(y, by)]


def assert_close(found, expected, tolerance, what=""):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite], equal_nan=True), (what, found, expected)
    scale = max(np.abs(expected[finite]).max(initial=0.0), 1e-3)
    assert (np.abs(found[finite] - expected[finite]) <= tolerance * scale).all(), (what, found, expected)


@backends
@pytest.mark.parametrize("seed", [0, 2, 7])
def test_jacobians_of_random_models(seed, backend):
    model, rng = RandomModel(seed), np.random.default_rng(seed)
    X = rng.standard_normal((int(rng.integers(1, 40)), model.inputs))
    program = micrograd.compile(model, model.inputs, backend=backend, parameters=model.parameters, cache=False)
    found = {wrt: program.jacobian(X, wrt=wrt) for wrt in ("inputs", "parameters")}
    for k, row in enumerate(X.tolist()):
        inputs = [Value(x) for x in row]
        outputs = model(inputs)
        for wrt, by in (("inputs", inputs), ("parameters", model.parameters)):
            assert_close(found[wrt][k], [derivatives(out, by) for out in outputs], 1e-11, (seed, wrt))


@backends
@pytest.mark.parametrize("seed", [9])
def test_hessians_of_random_models(seed, backend):
    """Of the value by some parameters, penalty and weights included; of the loss without them by the inputs."""
    model, rng = RandomModel(seed), np.random.default_rng(seed)
    X = rng.standard_normal((7, model.inputs))
    y, weights = rng.standard_normal((7, model.outputs)), rng.standard_normal(7)
    chosen = model.parameters[:: max(1, len(model.parameters) // 6)]

    def penalty(parameters):
        return parameters[0] ** 4 + parameters[-1].tanh() * parameters[0]

    program = micrograd.compile(
        model,
        model.inputs,
        loss=loss,
        targets=model.outputs,
        penalty=penalty,
        backend=backend,
        parameters=chosen,
        cache=False,
    )
    samples = zip(X.tolist(), y.tolist(), weights.tolist())
    total = sum((loss(model(row), target) * weight for row, target, weight in samples), penalty(chosen))
    found = program.hessian(X, y, wrt="parameters", weights=weights)
    assert_close(found, second(total, chosen), 1e-10, seed)
    assert np.array_equal(found, found.T)
    alone = micrograd.compile(
        lambda x: loss(model(x), [0.5] * model.outputs), model.inputs, backend=backend, parameters=chosen, cache=False
    )
    found = alone.hessian(X)
    for k, row in enumerate(X.tolist()):
        inputs = [Value(x) for x in row]
        assert_close(found[k], second(loss(model(inputs), [0.5] * model.outputs), inputs), 1e-10, seed)


@backends
@pytest.mark.parametrize("name", KINKS)
def test_kinks_and_special_values(name, backend):
    f, a = KINKS[name], Value(0.5, "a")
    program = micrograd.compile(lambda x: f(a, x[0]), 1, parameters=[a], backend=backend, cache=False)
    for number in (0.5, 0.0, -1.0):
        found = [
            program.jacobian(SPECIAL, at=[number]),
            program.jacobian(SPECIAL, wrt="parameters", at=[number]),
            program.hessian(SPECIAL, at=[number])[:, 0],
        ]
        for k, x in enumerate(SPECIAL):
            leaves = [Value(number), Value(x)]
            y = f(*leaves)
            by_parameter, by_input = derivatives(y, leaves)
            for got, expected in zip(found, (by_input, by_parameter, second(y, leaves)[1][1])):
                assert_close(got[k], [expected], 1e-12, (name, number, x))


@backends
def test_a_table_of_parameters(backend):
    table = [Value(float(k) + 1.0, f"t{k}") for k in range(4)]

    def model(x):
        return micrograd.take(table, x[0]) * x[1] ** 2

    program = micrograd.compile(model, 2, parameters=table, backend=backend)
    X = [[2.0, 3.0], [0.0, -1.0]]
    assert program.jacobian(X).tolist() == [[0.0, 18.0], [0.0, -2.0]]
    assert program.jacobian(X, wrt="parameters").tolist() == [[0.0, 0.0, 9.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    assert program.hessian(X).tolist() == [[[0.0, 0.0], [0.0, 6.0]], [[0.0, 0.0], [0.0, 2.0]]]


@backends
@pytest.mark.parametrize("count", [1, 5, 64, 1100])
def test_results_of_any_number_of_samples_go_where_they_are_wanted(count, backend):
    w, v = Value(0.5), Value(-1.5)
    program = micrograd.compile(
        lambda x: [w * x[0] * x[1], x[1].sin(), 3.0, w, x[2] / v], 3, parameters=[w, v], backend=backend
    )
    X = np.random.default_rng(count).uniform(0.5, 2.0, (count, 3))
    (a, b, c), one, none = X.T, np.ones(count), np.zeros(count)
    by_inputs = [[0.5 * b, 0.5 * a, none], [none, np.cos(b), none], [none] * 3, [none] * 3, [none, none, one / -1.5]]
    by_parameters = [[a * b, none], [none] * 2, [none] * 2, [one, none], [none, -c / 2.25]]
    for wrt, expected in (("inputs", by_inputs), ("parameters", by_parameters)):
        room = np.full((count + 2, 5, len(expected[0])), 7.0)
        assert program.jacobian(X, wrt=wrt, out=room[1:-1]).base is room
        assert room[1:-1] == pytest.approx(np.array(expected).transpose(2, 0, 1), rel=1e-14)
        assert (room[[0, -1]] == 7.0).all()


@without_llvm
def test_chunks_in_threads_have_their_own_weights_and_room(monkeypatch):
    from micrograd.compiler.llvm import runner

    w = Value(0.5, "w")
    X, y, weights = np.random.default_rng(0).normal(size=(3, 5000))
    found = []
    for threads, work in ((1, 10**9), (2, 100), (1, 100)):
        monkeypatch.setattr(runner, "CHUNK_WORK", work)
        program = micrograd.compile(
            lambda x: (w * x[0]).tanh(), 1, loss=lambda p, t: (p - t) ** 2, parameters=[w], threads=threads
        )
        value, slopes = program.value_and_gradient(X, y, wrt=("parameters", "inputs"), weights=weights)
        jacobian, curvature = program.jacobian(X), program.hessian(X, y, wrt="parameters", weights=weights)
        found.append([value, *slopes[0], *curvature.ravel(), *slopes[1].ravel(), *jacobian.ravel()])
    assert len(program._runner("jacobian by inputs")._known) == 0  # of batches that are gone
    assert found[1] == found[2] and found[0] == pytest.approx(found[1], rel=1e-12, abs=1e-12)


@backends
def test_slopes_by_inputs_and_parameters_in_one_pass(backend):
    model, rng = RandomModel(5), np.random.default_rng(5)
    X, y = rng.standard_normal((9, model.inputs)), rng.standard_normal((9, model.outputs))
    program = micrograd.compile(
        model, model.inputs, loss=loss, targets=model.outputs, parameters=model.parameters, backend=backend, cache=False
    )
    rows = [[Value(x) for x in row] for row in X.tolist()]
    expected = sum(loss(model(row), target) for row, target in zip(rows, y.tolist())) * (1.0 / 9.0)
    slopes = derivatives(expected, model.parameters)
    by_inputs = [derivatives(expected, row) for row in rows]
    value, (found, others) = program.value_and_gradient(X, y, wrt=("parameters", "inputs"))
    assert value == pytest.approx(expected.data, rel=1e-12)
    assert_close(found, slopes, 1e-11)
    assert_close(others, by_inputs, 1e-11)
    _, alone = program.value_and_gradient(X, y, wrt="inputs", weights=1)
    assert_close(alone, np.array(by_inputs) * 9.0, 1e-11)


@backends
def test_a_masked_branch_gives_the_inputs_nothing(backend):
    a, x = Value(1.0, "a"), Value(0.0)
    program = micrograd.compile(micrograd.where(x > 0.0, micrograd.log(a * x), a * 3.0), [x], backend=backend)
    value, (slopes, by_inputs) = program.value_and_gradient([0.0, -1.0], wrt=["parameters", "inputs"])
    assert value == 3.0 and slopes.tolist() == [3.0] and by_inputs.tolist() == [[0.0], [0.0]]
    assert math.copysign(1.0, by_inputs[0, 0]) == 1.0
    assert program.hessian([0.0, -1.0], wrt="parameters").tolist() == [[0.0]]


class TestErrors:
    def program(self, **options):
        w = Value(0.5, "w")
        return micrograd.compile(lambda x: [w * x[0], x[1]], 2, parameters=[w], backend="numpy", **options)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda p: p.jacobian([[1.0, 2.0]], wrt="weights"), "expected wrt to be inputs or parameters"),
            (lambda p: p.hessian([[1.0, 2.0]], wrt="weights"), "expected wrt to be inputs or parameters"),
            (lambda p: p.jacobian([[1.0, 2.0]], out=np.empty((1, 2))), r"out of shape \(1, 2, 2\)"),
            (lambda p: p.jacobian([1.0, 2.0]), "shape"),
            (lambda p: p.hessian([[1.0, 2.0]]), "single output"),
            (lambda p: p.hessian([[1.0, 2.0]], wrt="parameters"), "this one has none"),
            (lambda p: p.hessian([[1.0, 2.0]], [1.0]), "they belong to the value"),
            (lambda p: p.value_and_gradient([[1.0, 2.0]], wrt="weights"), "expected wrt to be parameters or inputs"),
            (lambda p: p.value_and_gradient([[1.0, 2.0]], wrt=("inputs", 3)), "expected wrt to be"),
        ],
    )
    def test_what_cannot_be_given(self, call, message):
        with pytest.raises((TypeError, ValueError), match=message):
            call(self.program())

    def test_a_matrix_that_is_too_large(self):
        many = [Value(0.0) for _ in range(1001)]
        program = micrograd.compile(lambda x: sum(w * x[0] for w in many), 1, parameters=many, loss=lambda p, t: p - t,
                                    backend="numpy")  # fmt: skip
        assert program.jacobian([1.0], wrt="parameters").shape == (1, 1001)
        with pytest.raises(ValueError, match="at most 1,000,000 derivatives, got 1,001 × 1,001"):
            program.hessian([1.0], [1.0], wrt="parameters")

    def test_nothing_to_differentiate_by(self):
        x = Value(1.0)
        with pytest.raises(ValueError, match="at least one parameter"):
            micrograd.compile(x * 2.0, [x], backend="numpy").jacobian([1.0], wrt="parameters")
