"""Losses against mpmath, at extremes, and with wrong targets."""
import math

import mpmath
import pytest

from micrograd import losses
from micrograd.engine import Value


def value_and_slopes(loss, scores, target):
    leaves = [Value(s) for s in scores]
    y = loss(leaves if len(leaves) > 1 else leaves[0], target)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("score", [-1000.0, -40.0, -1.5, 0.0, 0.3, 40.0, 1000.0])
@pytest.mark.parametrize("target", [0, 1, 0.0, 0.25, 1.0])
def test_binary_cross_entropy(score, target):
    with mpmath.workdps(500):
        probability = 1 / (1 + mpmath.exp(-mpmath.mpf(score)))
        expected = -target * mpmath.log(probability) - (1 - target) * mpmath.log(1 - probability)
        slope = probability - target
    loss, [grad] = value_and_slopes(losses.binary_cross_entropy, [score], target)
    assert loss == pytest.approx(float(expected), rel=1e-14) and grad == pytest.approx(float(slope), rel=1e-14)


@pytest.mark.parametrize("scores", [[0.1, -0.4, 2.0], [1000.0, -1000.0, 0.0], [-1000.0, -1000.5, -1001.0]])
@pytest.mark.parametrize("target", [0, 1, 2, 2.0, [0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])
def test_cross_entropy(scores, target):
    with mpmath.workdps(1000):
        powers = [mpmath.exp(mpmath.mpf(s)) for s in scores]
        softmax = [p / sum(powers) for p in powers]
        wanted = target if isinstance(target, list) else [float(i == target) for i in range(3)]
        expected = -sum(w * mpmath.log(p) for w, p in zip(wanted, softmax) if w)
        slopes = [float(p - w) for p, w in zip(softmax, wanted)]
    loss, grads = value_and_slopes(losses.cross_entropy, scores, target)
    assert loss == pytest.approx(float(expected), rel=1e-13, abs=1e-13)
    assert grads == pytest.approx(slopes, rel=1e-13, abs=1e-15)


def test_squared_error_and_hinge():
    assert value_and_slopes(losses.squared_error, [3.0], 1) == (4.0, [4.0])
    assert value_and_slopes(losses.squared_error, [3.0, 1.0], [1.0, 2.0]) == (5.0, [4.0, -2.0])
    assert losses.squared_error([Value(3.0)], 1.0).data == losses.squared_error(Value(3.0), [1.0]).data == 4.0
    assert value_and_slopes(losses.hinge, [0.25], 1) == (0.75, [-1.0])
    assert value_and_slopes(losses.hinge, [0.25], -1.0) == (1.25, [1.0])
    assert value_and_slopes(losses.hinge, [1.0], 1) == (0.0, [0.0])  # the kink


def test_penalties():
    leaves = [Value(1.0), Value(-2.0), Value(0.0)]
    (losses.l2(0.5)(leaves) + losses.l1(3.0)(leaves)).backward()
    assert [p.grad for p in leaves] == [4.0, -5.0, 0.0]
    assert losses.l2(0)(leaves).data == 0.0


@pytest.mark.parametrize("wrong, message", [
    (lambda: losses.hinge(Value(1.0), 0), "target of -1 or 1, got 0"),
    (lambda: losses.hinge([Value(1.0)] * 2, 1), "one output, got 2"),
    (lambda: losses.binary_cross_entropy(Value(1.0), -1), "from 0 to 1, got -1"),
    (lambda: losses.binary_cross_entropy(Value(1.0), math.nan), "from 0 to 1, got nan"),
    (lambda: losses.cross_entropy([Value(1.0)] * 3, 3), "class from 0 to 2, got 3"),
    (lambda: losses.cross_entropy([Value(1.0)] * 3, 0.5), "class from 0 to 2, got 0.5"),
    (lambda: losses.cross_entropy([Value(1.0)] * 3, [1.0]), "3 probabilities"),
    (lambda: losses.cross_entropy([Value(1.0)] * 2, [0.5, 0.6]), "sum 1, got"),
    (lambda: losses.cross_entropy(Value(1.0), 0), "at least two outputs"),
    (lambda: losses.squared_error([Value(1.0)] * 2, [1.0]), "2 outputs, 1 targets"),
    (lambda: losses.l2(-1.0), "at least 0, got -1.0"),
    (lambda: losses.l1(math.nan), "at least 0, got nan"),
])  # fmt: skip
def test_clear_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
