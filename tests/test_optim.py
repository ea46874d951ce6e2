"""Update rules against their published formulas, step by step, and against PyTorch where it is installed."""
import numpy
import pytest

from micrograd import optim
from micrograd.engine import Value


def slope(p):
    return 2.0 * p - 0.3


def trajectory(rule, start=1.5, steps=6):
    w, path = Value(start), []
    for _ in range(steps):
        w.grad = slope(w.data)
        rule.step([w])
        path.append(w.data)
    return path


def test_plain_steps():
    p, expected = 1.5, []
    for _ in range(6):
        p -= 0.1 * slope(p)
        expected.append(p)
    assert trajectory(optim.SGD(lr=0.1)) == expected


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov):
    p, v, expected = 1.5, 0.0, []
    for _ in range(6):
        g = slope(p)
        v = 0.9 * v + g
        p -= 0.1 * (g + 0.9 * v if nesterov else v)
        expected.append(p)
    assert trajectory(optim.SGD(lr=0.1, momentum=0.9, nesterov=nesterov)) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_against_pytorch(nesterov):
    torch = pytest.importorskip("torch")
    p = torch.nn.Parameter(torch.tensor([1.5], dtype=torch.float64))
    rule = torch.optim.SGD([p], lr=0.1, momentum=0.9, nesterov=nesterov)
    expected = []
    for _ in range(6):
        p.grad = slope(p.detach())
        rule.step()
        expected.append(p.item())
    assert trajectory(optim.SGD(lr=0.1, momentum=0.9, nesterov=nesterov)) == pytest.approx(expected, rel=1e-12)


def test_schedules_are_functions_of_the_step():
    rates = []
    trajectory(optim.SGD(lr=lambda step: rates.append(step) or 0.1 / (step + 1)), steps=3)
    assert rates == [0, 1, 2]


def test_arrays_take_the_same_step():
    rule = optim.SGD(lr=0.1, momentum=0.9)
    p, state, values = numpy.array([1.5, -2.0]), None, [Value(1.5), Value(-2.0)]
    for step in range(3):
        for w in values:
            w.grad = slope(w.data)
        p, state = rule.update(step, p, slope(p), state)
        rule.step(values)
    assert p.tolist() == [w.data for w in values]


@pytest.mark.parametrize("wrong, message", [
    (lambda: optim.SGD(lr=0.0), "learning rate above 0.* got 0.0"),
    (lambda: optim.SGD(lr=float("nan")), "learning rate above 0.* got nan"),
    (lambda: optim.SGD(momentum=1.0), "momentum from 0 to below 1, got 1.0"),
    (lambda: optim.SGD(nesterov=True), "needs a momentum"),
])  # fmt: skip
def test_clear_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_the_parameters_must_stay_the_same():
    rule = optim.SGD(lr=0.1)
    rule.step([Value(1.0)])
    with pytest.raises(ValueError, match="1 parameters of the first step, got 2"):
        rule.step([Value(1.0), Value(2.0)])
