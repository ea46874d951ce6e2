"""Derivatives inside of code that is compiled: `gradient`, `grad`, `hessian` and others on what stands for numbers."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

import micrograd
from micrograd import Trainer, Value, functions, optim

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]


def cube(p):
    return p[0] ** 3 * p[1] + functions.sin(p[1])


FUNCTIONS = [
    (lambda x: micrograd.grad(cube)([x, 2.0 * x])[0], [0.7]),
    (lambda x: micrograd.value_and_grad(lambda t: t * t * x)(x)[1], [3.0]),
    (lambda x: micrograd.grad(lambda t: t * x)(2.0) + x, [3.0]),  # of a number, where f uses what changes
    (lambda x: micrograd.grad(micrograd.grad(lambda t: functions.tanh(t * x)))(x), [0.4]),
    (lambda x: micrograd.derivative(functions.exp, x, order=3), [0.4]),
    (lambda x: micrograd.derivative(lambda t: 5.0, x) + x, [0.4]),
    (lambda x, y: micrograd.hessian(cube)([x, y])[0][1], [0.7, 0.2]),
    (lambda x, y: micrograd.jacobian(lambda p: [p[0] * p[1], p[1]])([x, y])[0][1], [0.7, 0.2]),
    (lambda x, y: micrograd.hvp(cube)([x, y], [y, 1.0])[0], [0.7, 0.2]),
    (lambda x: micrograd.grad(lambda p: (p * p).sum())(np.array([x, 2.0 * x]))[1], [0.3]),
    (lambda x: x - (x * x - 2.0) / micrograd.derivative(lambda t: t * t - 2.0, x), [1.5]),  # a step of Newton's
]
AT_A_POLE = [
    (lambda x: micrograd.grad(lambda t: functions.where(t > 0.0, functions.sqrt(t), t * t))(x), [0.0]),
    (lambda x: micrograd.grad(lambda t: functions.where(t > 30.0, t, functions.log(1.0 + functions.exp(t))))(x), [1e3]),
    (lambda x: micrograd.grad(lambda t: functions.log(t) * functions.detach(t))(x), [0.0]),
    (lambda x: micrograd.grad(lambda t: functions.relu(t) * functions.maximum(t, 0.0))(x), [0.0]),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function, point", FUNCTIONS + AT_A_POLE)
def test_inner_derivatives_are_those_of_eager(function, point, backend):
    f = micrograd.compile(function, backend=backend)
    x = list(map(Value, point))
    expected = function(*x)
    assert f(*point) == pytest.approx(expected.data, rel=1e-12, nan_ok=True)
    if (function, point) not in AT_A_POLE:
        slopes = [slope.data for slope in micrograd.gradient(expected, x)]
        assert list(f.grad(*point, wrt=tuple(range(len(point))))) == pytest.approx(slopes, rel=1e-12)


def residual(net, t):
    """u″ + u, and u, of a net u(t)."""

    def u(t):
        out = net([t])
        return out[0] if isinstance(out, list) else out

    return micrograd.grad(micrograd.grad(u))(t) + u(t), u(t)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loss_with_derivatives_of_the_net_over_samples(backend):
    net = micrograd.nn.MLP(1, [4, 1])
    program = micrograd.compile(
        lambda x: list(residual(net, x[0])),
        inputs=1,
        parameters=net.parameters(),
        loss=lambda p, y: p[0] ** 2 + (p[1] - y) ** 2,
        backend=backend,
    )
    X, y = [[0.1 * i] for i in range(7)], [functions.sin(0.1 * i) for i in range(7)]
    value, gradient = program.value_and_gradient(X, y)
    total = sum(r**2 + (u - target) ** 2 for (t,), target in zip(X, y) for r, u in [residual(net, Value(t))]) * (
        1.0 / len(X)
    )
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-12)
    assert gradient.tolist() == pytest.approx([p.grad for p in net.parameters()], rel=1e-9, abs=1e-13)


def test_a_trainer_learns_a_differential_equation():
    w, b = Value(0.2), Value(0.1)

    def model(x):  # u = sin(w t) + b t; u″ + 4 u = 0 for w = 2, b = 0
        def u(t):
            return functions.sin(w * t) + b * t

        return micrograd.grad(micrograd.grad(u))(x[0]) + 4.0 * u(x[0]), micrograd.grad(u)(0.0) - 2.0

    def loss(prediction, y):
        return prediction[0] ** 2 + prediction[1] ** 2

    trainer = Trainer(lambda x: list(model(x)), parameters=[w, b], loss=loss, optimizer=optim.Adam(0.05))
    history = trainer.fit([[0.3 * i] for i in range(8)], [0.0] * 8, epochs=300)
    assert trainer.backend != "eager" and history.loss[-1] < 1e-3
    assert w.data == pytest.approx(2.0, abs=0.05) and b.data == pytest.approx(0.0, abs=0.05)


def test_by_parameters_and_by_inner_nodes():
    w = Value(3.0)
    program = micrograd.compile(
        lambda x: micrograd.gradient((w * x[0]) ** 2, [w, x[0]]), inputs=1, parameters=[w], backend=BACKENDS[-1]
    )
    assert program.predict([[2.0]]).tolist() == [[24.0, 36.0]]

    def inner(x):
        z = x * x
        return micrograd.gradient(z * functions.sin(z), z)

    assert micrograd.compile(inner)(0.5) == pytest.approx(inner(Value(0.5)).data, rel=1e-12)


def test_what_is_no_value_is_refused_as_in_eager_code():
    with pytest.raises(TypeError, match="gradient expects Values"):
        micrograd.compile(lambda x: micrograd.gradient(x * x, [3.0]))(1.0)
    with pytest.raises(TypeError, match="one Value or number"):
        micrograd.compile(lambda x: micrograd.grad(lambda t: [t, t])(x))(1.0)
