"""What a compiled program of samples takes and gives: parameters by order and by name."""

import pickle
from importlib.util import find_spec

import pytest

import micrograd
from micrograd import Value

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
