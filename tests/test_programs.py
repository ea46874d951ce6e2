"""What a compiled program of samples takes and gives: parameters by name, one row or many, weights, room."""

import pickle
from importlib.util import find_spec

import pytest

import micrograd
from micrograd import Value
from micrograd.core import in_c

np = pytest.importorskip("numpy")

without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")
backends = pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path_factory.getbasetemp() / "machine-code"))


def line():
    """The leaves a, b, x of y = b·x + a + 2x − 7."""
    a, b, x = Value(1.0, "a"), Value(3.0, "b"), Value(0.5, "x")
    return a, b, x, b * x + a + 2.0 * x - 7.0


class TestParametersOfAnExpression:
    @backends
    def test_they_stand_in_the_order_that_is_given(self, backend):
        a, b, x, y = line()
        program = micrograd.compile(y, [x], parameters=[a, b], backend=backend)
        assert program.parameters == [a, b] and "2 parameters (a, b)" in repr(program)
        assert program.predict([1.0], at=[2.0, 5.0]).tolist() == [2.0]
        value, gradient = program.value_and_gradient([1.0, 2.0], at=np.array([2.0, 5.0]))
        assert value == 5.5 and gradient.tolist() == [1.0, 1.5]

    @backends
    def test_without_an_order_they_go_by_names(self, backend):
        """at=[2, 5] meant (b, a), as they stand in b·x + a."""
        _, _, x, y = line()
        program = pickle.loads(pickle.dumps(micrograd.compile(y, [x], backend=backend)))
        assert program.predict([1.0], at={"a": 2.0, "b": 5.0}).tolist() == [2.0]
        assert program.predict([1.0], at={"a": 2.0}).tolist() == [0.0]
        batch = program.batch([1.0, 2.0])
        for _ in range(3):  # the short way, too
            with pytest.raises(TypeError, match=r"such as at={'b': 1.0}.*compile with parameters=\[b, a\]"):
                program.value_and_gradient(batch, at=np.array([2.0, 5.0]))
            program.value_and_gradient(batch, at={"a": 2.0})

    def test_one_needs_no_order(self):
        w, x = Value(3.0), Value(1.0)
        assert micrograd.compile(w * x + 2.0, [x], backend="numpy").predict([1.0], at=[5.0]).tolist() == [7.0]

    @backends
    def test_other_leaves_are_read_at_every_call(self, backend):
        a, b, x, y = line()
        program = micrograd.compile(y, [x], parameters=[a], backend=backend)
        assert program.predict([1.0], at=[2.0]).tolist() == [0.0]
        b.data = 4.0
        assert program.predict([1.0], at=[2.0]).tolist() == [1.0]

    @pytest.mark.parametrize(
        ("at", "message"),
        [
            ({"c": 1.0}, "got 'c'; the names are 'b', 'a'"),
            ({"": 1.0}, "got ''; the names are"),
            ({"a": "s"}, r"at\['a'\]: expected a number"),
            ({"a": [1.0]}, r"at\['a'\]: expected a number"),
        ],
    )
    def test_names_that_are_none(self, at, message):
        _, _, x, y = line()
        with pytest.raises((TypeError, ValueError), match=message):
            micrograd.compile(y, [x], backend="numpy").predict([1.0], at=at)

    def test_two_of_one_name(self):
        v, w, x = Value(1.0, "w"), Value(2.0, "w"), Value(1.0)
        with pytest.raises(ValueError, match="there are 2 of that name"):
            micrograd.compile(v * x + w, [x], backend="numpy").predict([1.0], at={"w": 2.0})

    def test_an_input_is_no_parameter(self):
        a, _, x, y = line()
        with pytest.raises(ValueError, match="inputs and parameters that are all different"):
            micrograd.compile(y, [x], parameters=[a, x], backend="numpy")


def pair(backend):
    """A model of two inputs that returns a list of two, and one that returns its first alone, with a loss."""
    w, v = Value(0.5, "w"), Value(-1.5, "v")
    two = micrograd.compile(lambda x: [w * x[0] + x[1], v * x[0] * x[1]], 2, parameters=[w, v], backend=backend)
    one = micrograd.compile(
        lambda x: (w * x[0] + x[1]).tanh(),
        2,
        loss=lambda p, t: (p - t) ** 2 + v * v,
        penalty=lambda parameters: parameters[1] * 0.25,
        parameters=[w, v],
        backend=backend,
    )
    return two, one


class TestOneRowOrMany:
    @backends
    def test_each_gives_what_predict_gives(self, backend):
        two, one = pair(backend)
        X = [[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]]
        for given in (X, np.array(X), two.batch(X)):
            assert two(given).tolist() == two.predict(X).tolist() == [two(row).tolist() for row in X]
        for given in (X, np.array(X), one.batch(X, [0.0, 0.0, 0.0])):
            assert one(given).tolist() == one.predict(X).tolist() == [one(tuple(row)) for row in X]
        assert type(one(X[0])) is float and two(X[0], at={"v": 0.0}).tolist() == [2.5, 0.0]

    @backends
    def test_a_row_goes_a_short_way(self, backend):
        """Which has all kinds of outputs, reads Values at every call, and leaves to others what it does not take."""
        a, c = Value(2.0, "a"), Value(0.5)
        program = micrograd.compile(
            lambda x: [x[0], 7.0, x[0] * x[1] + c, a, x[0], a * x[1]], 2, parameters=[a], backend=backend
        )
        program = pickle.loads(pickle.dumps(program)) if backend == "numpy" else program
        for row in ([1.0, 2.0], (1, 2), np.array([1.0, 2.0]), np.array([1, 2]), [np.float64(1.0), 2]):
            assert program(row).tolist() == [1.0, 7.0, 2.5, 2.0, 1.0, 4.0]
        assert program([1.0, 2.0], at=[9.0]).tolist() == program([1.0, 2.0], at={"a": 9.0}).tolist()
        assert program([1e308, 1e308]).tolist()[2] == np.inf  # their sum is no number, they are
        for row, message in (([np.nan, 1.0], "finite"), ([10**400, 1.0], "larger int"), ([a, 1.0], "got a Value")):
            with pytest.raises((TypeError, ValueError), match=message):
                program(row)
        values = {x.label: x for x in [*program._trace.parameters, *program._trace.captured]}
        values["a"].data, values[""].data = 3.0, 1.0
        assert program([1.0, 2.0]).tolist() == [1.0, 7.0, 3.0, 3.0, 1.0, 6.0]
        with pytest.raises(TypeError, match="expected a number" if in_c() else "the data of the Value a"):
            values["a"].data = "3.0"  # which the core in C refuses at once
            program([1.0, 2.0])

    @backends
    def test_of_one_input_a_list_is_many(self, backend):
        x = Value(1.0)
        program = micrograd.compile(x * 2.0, [x], backend=backend)
        assert program(3) == program(np.float64(3.0)) == program(np.array(3.0)) == 6.0
        assert program([3.0]).tolist() == program([[3.0]]).tolist() == [6.0]

    @pytest.mark.parametrize("X", [[1.0], [1.0, 2.0, 3.0], 1.0, [[[1.0, 2.0]]], [], "ab", [None, 1.0], [1.0, np.nan]])
    def test_what_is_no_row(self, X):
        with pytest.raises((TypeError, ValueError), match="expected"):
            pair("numpy")[0](X)


class TestOut:
    @backends
    @pytest.mark.parametrize("count", [1, 7, 130])
    def test_results_go_where_they_are_wanted(self, backend, count):
        two, one = pair(backend)
        X = np.random.default_rng(0).normal(size=(count, 2))
        room = np.full((count + 2, 2), 7.0)
        out = room[1:-1]
        assert two(X, out=out) is out and two.predict(X, out=out) is out
        assert out.tolist() == two.predict(X).tolist() and (room[[0, -1]] == 7.0).all()
        alone = np.empty(count)
        assert one(X, out=alone) is alone and alone.tolist() == one.predict(X).tolist()
        row = np.empty(2)
        assert two(X[0], out=row) is row and row.tolist() == out[0].tolist()

    @pytest.mark.parametrize(
        ("out", "message"),
        [
            (lambda X: [[0.0, 0.0]], "array of float64, got list"),
            (lambda X: np.empty((3, 2), np.float32), "got one of float32"),
            (lambda X: np.empty((3, 2), ">f8"), "got one of >f8"),
            (lambda X: np.empty((2, 2)), r"shape \(3, 2\), got \(2, 2\)"),
            (lambda X: np.empty(6), r"got \(6,\)"),
            (lambda X: np.empty((2, 3)).T, "C order"),
            (lambda X: np.empty((3, 4))[:, ::2], "without gaps"),
            (lambda X: np.empty((3, 2)), None),
            (lambda X: X, "shares memory with X"),
        ],
    )
    def test_what_takes_no_results(self, out, message):
        X = np.ones((3, 2))
        given = out(X)
        if message is None:
            given.flags.writeable = False
            message = "one that cannot"
        with pytest.raises((TypeError, ValueError), match=message):
            pair("numpy")[0].predict(X, out=given)

    @backends
    def test_gradients_go_there_too(self, backend):
        _, one = pair(backend)
        X, y = np.random.default_rng(2).normal(size=(9, 2)), np.zeros(9)
        value, (slopes, by_inputs) = one.value_and_gradient(X, y, wrt=("parameters", "inputs"))
        room = np.empty(2), np.empty((9, 2))
        for wrt, out in (("parameters", room[0]), ("inputs", room[1]), (["parameters", "inputs"], room)):
            found = one.value_and_gradient(X, y, wrt=wrt, out=out)
            assert found[0] == pytest.approx(value, rel=1e-15)
            for got, place in zip(*[[x] if wrt in ("parameters", "inputs") else x for x in (found[1], out)]):
                assert got is place
            assert slopes == pytest.approx(room[0], rel=1e-13)
        assert by_inputs.tolist() == room[1].tolist()
        for wrt, out in (("inputs", room), (("parameters", "inputs"), room[0]), (("inputs",), room)):
            with pytest.raises((TypeError, ValueError), match="expected out to be"):
                one.value_and_gradient(X, y, wrt=wrt, out=out)

    def test_a_number_needs_no_room(self):
        with pytest.raises(TypeError, match="the result of one row is a number"):
            pair("numpy")[1]([1.0, 2.0], out=np.empty(1))


class TestWeights:
    @backends
    @pytest.mark.parametrize("count", [1, 70, 20_000])
    def test_each_loss_counts_by_its_weight(self, backend, count):
        _, one = pair(backend)
        draw = np.random.default_rng(1)
        X, y, weights = draw.normal(size=(count, 2)), draw.normal(size=count), draw.normal(size=count)
        losses = (one.predict(X) - y) ** 2 + 2.25
        assert one.value(X, y, weights=weights) == pytest.approx(weights @ losses - 0.375, rel=1e-12)
        assert one.value(X, y, weights=1) == pytest.approx(losses.sum() - 0.375, rel=1e-12)
        assert one.value(X, y) == pytest.approx(losses.mean() - 0.375, rel=1e-12)
        value, gradient = one.value_and_gradient(X, y, weights=weights)
        slopes = 2.0 * (one.predict(X) - y) * (1.0 - one.predict(X) ** 2) * X[:, 0]
        assert value == pytest.approx(weights @ losses - 0.375, rel=1e-12)
        assert gradient == pytest.approx([weights @ slopes, -3.0 * weights.sum() + 0.25], rel=1e-10, abs=1e-12)

    @backends
    def test_a_batch_keeps_its_weights(self, backend):
        """On the short way, too; beside a batch of the same samples without any."""
        _, one = pair(backend)
        X, y, weights = np.ones((40, 2)), np.zeros(40), np.arange(40.0)
        weighted, plain = one.batch(X, y, weights=weights), one.batch(X, y)
        weights[:] = 7.0
        for at in ([0.5, -1.5], np.array([0.5, -1.5])) * 3:
            value, gradient = one.value_and_gradient(plain, at=at)
            total, slope = one.value_and_gradient(weighted, at=at)
            assert total + 0.375 == pytest.approx(780.0 * (value + 0.375), rel=1e-13)
            assert slope[1] - 0.25 == pytest.approx(780.0 * (gradient[1] - 0.25), rel=1e-13)
        some = weighted.take([3, 4])
        assert some.weights.tolist() == [3.0, 4.0] and pickle.loads(pickle.dumps(some)).weights.tolist() == [3.0, 4.0]
        assert one.predict(weighted).tolist() == one.predict(X).tolist()
        assert one.input_gradients(weighted)[1].tolist() == one.input_gradients(X)[1].tolist()

    @backends
    def test_a_sample_of_weight_0_does_not_count(self, backend):
        w = Value(1.0, "w")
        program = micrograd.compile(
            lambda x: micrograd.log(w * x[0]), 1, loss=lambda p, t: p - t, parameters=[w], backend=backend
        )
        value, gradient = program.value_and_gradient([1.0, 0.0], [0.0, 0.0], weights=[2.0, 0.0])
        assert value == 0.0 == program.value([1.0, 0.0], [0.0, 0.0], weights=[2.0, 0.0]) and gradient.tolist() == [2.0]

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([1.0], r"weights of shape \(2,\).*got \(1,\)"),
            ([[1.0], [2.0]], r"got \(2, 1\)"),
            ([1.0, np.inf], r"weights\[1\]: expected finite"),
            (np.nan, "weights: expected finite"),
            ("ab", "expected weights as an array"),
        ],
    )
    def test_what_are_no_weights(self, weights, message):
        _, one = pair("numpy")
        for call in (one.value, one.value_and_gradient, one.batch):
            with pytest.raises((TypeError, ValueError), match=message):
                call(np.ones((2, 2)), [0.0, 0.0], weights=weights)

    def test_a_batch_is_given_none_beside_it(self):
        _, one = pair("numpy")
        with pytest.raises(TypeError, match="got weights beside it"):
            one.value(one.batch(np.ones((2, 2)), [0.0, 0.0]), weights=1.0)
