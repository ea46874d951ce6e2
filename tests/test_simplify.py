"""What a reverse sweep leaves out: signs, powers of two, quotients, shared factors; and that nothing is lost by it."""

import random
from importlib.util import find_spec

import pytest

import micrograd
from micrograd import Value, functions, losses, nn

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
backends = pytest.mark.parametrize("backend", BACKENDS)


def itself(output, target):
    """A loss for a model that returns the loss."""
    return output


def compiled(model, inputs, parameters, loss=itself, backend="numpy"):
    return micrograd.compile(model, inputs, parameters=parameters, loss=loss, backend=backend, cache=False)


def reverse(program):
    """The names of the primitives of the sweep, with the number of rows of each, and what follows the samples."""
    program = program.steps
    return (
        [(step.op.name, step.count) for step in program.steps[program.forward :]],
        [(step.op.name, step.count) for step in program.after],
    )


def eager(model, rows, parameters):
    """The mean and its gradient."""
    for p in parameters:
        p.grad = 0.0
    mean = sum(model(row) for row in rows) * (1.0 / len(rows))
    mean.backward()
    return mean.data, [p.grad for p in parameters]


def agrees(program, model, X, parameters, ulps=16):
    value, gradient = program.value_and_gradient(X, np.zeros(len(X)))
    expected, slopes = eager(model, X.tolist(), parameters)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    np.testing.assert_allclose(gradient, slopes, rtol=ulps * 2.0**-53)


def test_a_square_is_doubled_once_a_step():
    w = Value(0.5)
    program = compiled(lambda x: w * x[0], 1, [w], losses.squared_error)
    made, after = reverse(program)
    assert made == [("mul", 1)] and after == [("mul", 1)]  # error · weight; the sum · 2
    assert program.value_and_gradient([3.0], [1.0])[1].tolist() == [2.0 * 0.5 * 3.0]


def test_signs_and_powers_of_two_go_through_products_sums_and_choices():
    w = Value(0.7)
    x, y = np.array([[0.5, 2.0], [-1.0, 0.25]]), [0.0, 0.0]

    def model(x):
        a = w * x[0]
        return -0.5 * functions.where(x[1] - 1.0, -(a * x[1]), -a) * x[1]

    program = compiled(model, 2, [w])
    made, after = reverse(program)
    assert sorted(name for name, _ in made) == ["add", "mul", "mul", "where", "where"] and after == [("mul", 1)]
    assert program.value_and_gradient(x, y)[1].tolist() == eager(model, x.tolist(), [w])[1]


def test_opposite_signs_are_a_difference():
    w = Value(0.7)

    def model(x):
        a = (w * x[0]).tanh()
        return -a.exp() + a * x[0]

    program = compiled(model, 2, [w])
    names = [name for name, _ in reverse(program)[0]]
    assert names.count("sub") == 1 and "neg" not in names and "add" not in names
    agrees(program, model, np.array([[0.5, 2.0], [-1.0, 0.25]]), [w])


def test_a_scale_far_from_one_is_multiplied_out():
    w = Value(0.7)

    def model(x):  # 1e-305 · 2 ** 60 · x is right, 1e-305 · x · 2 ** 60 is not
        return w * x[0] * 2.0**60 * 1e-305

    program = compiled(model, 1, [w])
    agrees(program, model, np.array([[1e-17], [2.3e-17]]), [w])
    scales = [x for step in program.steps.after for x in step.operands if isinstance(x, float)]
    assert all(0.05 < abs(scale) < 20.0 for scale in scales)


def test_one_quotient_for_all_adjoints():
    w, v = Value(0.7), Value(1.3)

    def model(x):
        below = functions.exp(w * x[0])
        return (v * x[1]) / below + functions.tanh(w * x[1]) / below

    program = compiled(model, 2, [w, v])
    made = reverse(program)[0]
    values = program.steps.steps[: program.steps.forward]
    forward = [step for step in values if getattr(step, "op", None) is micrograd.ops.DIV]
    quotients = sum([count for name, count in made if name == "div"])
    assert sum([step.count for step in forward]) == 2
    assert quotients == 1  # the inverse
    agrees(program, model, np.random.default_rng(0).standard_normal((9, 2)), [w, v])


def test_a_single_quotient_stays_one():
    w = Value(0.7)
    program = compiled(lambda x: functions.log(functions.exp(w * x[0]) + 1.0), 1, [w])
    assert [name for name, _ in reverse(program)[0]].count("div") == 1


@backends
@pytest.mark.parametrize("divisor", [1e-310, 5e-324, -1e-309, 2e-308, 1e308, 1.7e308, 0.0])
def test_inverses_that_overflow_or_lose_digits(backend, divisor):
    w, d = Value(1e-290), Value(divisor)

    def model(x):
        return w * x[0] / (d * x[1]) + w * x[1] / (d * x[1])

    program = compiled(model, 2, [w, d], backend=backend)
    X = np.array([[1e-20, 1.0], [2e-20, 1.0]])
    value, gradient = program.value_and_gradient(X, [0.0, 0.0])
    with np.errstate(all="ignore"):
        expected, slopes = eager(model, X.tolist(), [w, d])
    np.testing.assert_allclose([value, *gradient], [expected, *slopes], rtol=1e-14)


def test_a_factor_of_all_samples_leaves_the_sum():
    w, s, m = Value(0.7), Value(0.2), Value(-0.1)

    def model(x):
        z = (x[0] - m) * functions.exp(s)
        return z * z + w * x[0]

    program = compiled(model, 1, [w, s, m])
    made, after = reverse(program)
    assert made == [("mul", 1)]  # z · weight; signs, 2 and exp s come once a step
    assert [name for name, _ in after[:3]] == ["mul", "mul", "mul"]
    agrees(program, model, np.random.default_rng(0).standard_normal((9, 1)), [w, s, m])


@backends
def test_a_factor_of_a_product_stays_where_it_is(backend):
    """Σ (u · r) · x is not u · Σ r · x, which may have no digits."""
    w, u = Value(0.5), Value(1e200)

    def model(x):
        return (w * x[0] * x[1]) * u * x[2]

    program = compiled(model, 3, [w, u], backend=backend)
    X = np.array([[1e-200, 1e-200, 1e150]] * 3)
    agrees(program, model, X, [w, u])


@backends
def test_a_slot_with_several_sums_has_one_factor(backend):
    w, b = Value(0.7), Value(0.1)

    def model(x):  # b gets sums with factors 1, −1 and exp w
        return (b * x[0] + b).tanh() - b * x[0] + (x[1] - b) * functions.exp(w) - b

    agrees(compiled(model, 2, [w, b], backend=backend), model, np.random.default_rng(0).standard_normal((9, 2)), [w, b])


@backends
def test_derivatives_by_inputs_are_made_in_full(backend):
    model = nn.MLP(3, [5, 1], activation="tanh", generator=random.Random(0))
    program = micrograd.compile(
        lambda x: -2.0 * (model(x) * x[0]) / x[1] - 3.0 / x[1], 3, backend=backend, parameters=model.parameters()
    )
    X = np.random.default_rng(0).standard_normal((9, 3))
    _, found = program.input_gradients(X)
    for row, slopes in zip(X.tolist(), found.tolist()):
        x = [Value(v) for v in row]
        (-2.0 * (model(x) * x[0]) / x[1] - 3.0 / x[1]).backward()
        np.testing.assert_allclose(slopes, [v.grad for v in x], rtol=1e-13)


@backends
def test_the_guarded_program_is_left_as_it_is(backend):
    """0 · inf: eager code has 0 where the choice falls on the other side."""
    w = Value(1.0)

    def model(x):
        return functions.where(x[1], -2.0 * (w * x[0]) / x[2] + 1.0 / x[2], w * 4.0)

    program = compiled(model, 3, [w], backend=backend)
    value, gradient = program.value_and_gradient(np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 2.0]]), [0.0, 0.0])
    assert value == pytest.approx(0.5 * (4.0 - 0.5)) and gradient.tolist() == [0.5 * (4.0 - 1.0)]
