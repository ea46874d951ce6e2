"""Losses against mpmath, at extremes, and with wrong targets."""

import math
import random

import mpmath
import numpy
import pytest

from micrograd import losses
from micrograd.derivatives import gradient
from micrograd.dispatch import Operators
from micrograd.engine import Value
from micrograd.ops import TABLE


def value_and_slopes(loss, scores, target):
    leaves = [Value(s) for s in scores]
    y = loss(leaves if len(leaves) > 1 else leaves[0], target)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("score", [-1000.0, -40.0, -1.5, 0.0, 0.3, 40.0, 1000.0])
@pytest.mark.parametrize("target", [0, 1, 0.0, 0.25, 1.0, 1.0 - 2.0**-40, 2.0**-40])
def test_binary_cross_entropy(score, target):
    with mpmath.workdps(500):
        probability = 1 / (1 + mpmath.exp(-mpmath.mpf(score)))
        expected = -target * mpmath.log(probability) - (1 - target) * mpmath.log(1 - probability)
        slope = probability - target
    loss, [grad] = value_and_slopes(losses.binary_cross_entropy, [score], target)
    assert loss == pytest.approx(float(expected), rel=1e-14, abs=1e-300)
    assert grad == pytest.approx(float(slope), rel=1e-14, abs=1e-300)


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


@pytest.mark.parametrize("score", [-1000.0, -40.0, -1.5, 0.0, 0.3, 40.0, 1000.0])
@pytest.mark.parametrize("target", [-1, 1.0])
def test_logistic(score, target):
    with mpmath.workdps(500):
        expected = mpmath.log(1 + mpmath.exp(-target * mpmath.mpf(score)))
        slope = -target / (1 + mpmath.exp(target * mpmath.mpf(score)))
    loss, [grad] = value_and_slopes(losses.logistic, [score], target)
    assert loss == pytest.approx(float(expected), rel=1e-14, abs=1e-300)
    assert grad == pytest.approx(float(slope), rel=1e-14, abs=1e-300)
    assert loss == losses.binary_cross_entropy(score, (target + 1) / 2)


def test_absolute_error():
    assert value_and_slopes(losses.absolute_error, [3.0], 1) == (2.0, [1.0])
    assert value_and_slopes(losses.absolute_error, [3.0, 1.0, 2.0], [1.0, 2.0, 2.0]) == (3.0, [1.0, -1.0, 0.0])


@pytest.mark.parametrize("error, delta", [(0.3, 1.0), (-0.3, 1.0), (0.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (7.0, 2.5),
                                          (-7.0, 2.5), (1e300, 1.0), (1e-200, 1.0)])  # fmt: skip
def test_huber(error, delta):
    """The slope is e, held between -δ and δ."""
    expected = 0.5 * error**2 if abs(error) <= delta else delta * (abs(error) - 0.5 * delta)
    loss, [slope] = value_and_slopes(lambda p, y: losses.huber(p, y, delta=delta), [0.25 + error], 0.25)
    kept = (0.25 + error) - 0.25
    assert loss == pytest.approx(expected, rel=1e-14, abs=1e-16)
    assert slope == pytest.approx(max(-delta, min(delta, kept)), rel=1e-15)
    p = Value(error)
    [first] = gradient(losses.huber(p, 0.0, delta=delta), [p])
    if abs(error) != delta:
        assert gradient(first, [p])[0].data == float(abs(error) < delta)


def test_several_outputs_sum():
    assert losses.huber([3.0, 0.5], [0.0, 0.0]) == 2.5 + 0.125
    assert losses.squared_error([3.0, 0.5], numpy.array([0.0, 0.0])) == 9.25
    assert losses.absolute_error(2.0, numpy.float64(0.5)) == losses.absolute_error(2.0, numpy.array(0.5)) == 1.5


def test_no_digits_are_lost_to_large_logits():
    scores = [1e6 + 1.0, 1e6, 1e6 - 2.0]
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(s) - 10**6) for s in scores]
        expected = [float(mpmath.log(sum(powers)) - (mpmath.mpf(s) - 10**6)) for s in scores]
    assert [losses.cross_entropy(scores, k) for k in range(3)] == pytest.approx(expected, rel=1e-14)


def test_a_masked_class_gives_nothing():
    scores = [Value(1.0), Value(-math.inf), Value(2.0)]
    loss = losses.cross_entropy(scores, 2)
    loss.backward()
    assert loss.data == pytest.approx(math.log1p(math.exp(-1.0)), rel=1e-14) and scores[1].grad == 0.0


# Symbolic targets: the compiler traces a loss once, with placeholders, and then puts numbers in


class Placeholder(Operators):
    """An operand without a number, which refuses to be branched on; `at(numbers)` evaluates what became of it."""

    def __init__(self, evaluate):
        self.at = evaluate

    def operate(self, name, args):
        def evaluate(numbers):
            return TABLE[name].forward(*[x.at(numbers) if isinstance(x, Placeholder) else float(x) for x in args])

        return Placeholder(evaluate)


def leaf(i):
    return Placeholder(lambda numbers: numbers[i])


SCORES = [-1000.0, -40.0, -1.5, 0.0, 0.3, 1.0, 40.0, 1000.0]
ONE_OUTPUT = {
    losses.squared_error: [-2.0, 0.0, 3.5],
    losses.absolute_error: [-2.0, 0.0, 3.5],
    losses.huber: [-2.0, 0.0, 3.5],
    losses.hinge: [-1.0, 1.0],
    losses.logistic: [-1.0, 1.0],
    losses.binary_cross_entropy: [0.0, 0.25, 1.0],
}
SEVERAL_OUTPUTS = {
    losses.squared_error: [[0.5, -1.0, 2.0]],
    losses.absolute_error: [[0.5, -1.0, 2.0]],
    losses.huber: [[0.5, -1.0, 2.0]],
    losses.cross_entropy: [[0.0, 1.0, 0.0], [0.2, 0.5, 0.3]],
}


def name_of(loss):
    return loss.__name__


@pytest.mark.parametrize("loss", ONE_OUTPUT, ids=name_of)
@pytest.mark.parametrize("score", SCORES)
def test_traced_once_and_right_for_every_target(loss, score):
    traced = loss(leaf(0), leaf(1))
    for target in ONE_OUTPUT[loss]:
        expected, slopes = value_and_slopes(loss, [score], target)
        assert traced.at([score, target]) == pytest.approx(expected, rel=1e-15, abs=1e-300)
        p, y = Value(score), Value(target)
        built = loss([p], y)  # a Value as target is symbolic too: its data may change later
        built.backward()
        assert built.data == pytest.approx(expected, rel=1e-15, abs=1e-300)
        assert [p.grad] == pytest.approx(slopes, rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("loss", SEVERAL_OUTPUTS, ids=name_of)
@pytest.mark.parametrize("scores", [[0.1, -0.4, 2.0], [1000.0, -1000.0, 0.0], [-1000.0, -1000.5, -1001.0]])
def test_traced_once_with_several_outputs(loss, scores):
    traced = loss([leaf(0), leaf(1), leaf(2)], [leaf(3), leaf(4), leaf(5)])
    for target in SEVERAL_OUTPUTS[loss]:
        expected, slopes = value_and_slopes(loss, scores, target)
        assert traced.at(scores + target) == pytest.approx(expected, rel=1e-14)
        leaves = [Value(s) for s in scores]
        loss(leaves, [Value(t) for t in target]).backward()
        assert [p.grad for p in leaves] == pytest.approx(slopes, rel=1e-14)


def test_a_mixed_target_is_symbolic():
    built = losses.cross_entropy([Value(1.0), Value(2.0)], [Value(0.25), 0.75])
    assert built.data == pytest.approx(losses.cross_entropy([1.0, 2.0], [0.25, 0.75]), rel=1e-15)


def test_a_symbolic_class_is_refused():
    with pytest.raises(TypeError, match="give a list of probabilities"):
        losses.cross_entropy([Value(1.0), Value(2.0)], Value(1.0))
    with pytest.raises(ValueError, match="2 probabilities, one per output, got 1"):
        losses.cross_entropy([Value(1.0), Value(2.0)], [Value(1.0)])


# Targets of a dataset


@pytest.mark.parametrize(
    "loss, targets, outputs, expected",
    [
        (losses.squared_error, [1, numpy.float32(0.5), [2], True], 1, [1.0, 0.5, 2.0, 1.0]),
        (losses.absolute_error, numpy.array([[1, 2], [3, 4]]), 2, [[1.0, 2.0], [3.0, 4.0]]),
        (losses.huber, ((1, 2),), 2, [[1.0, 2.0]]),
        (losses.hinge, numpy.array([1, -1]), 1, [1.0, -1.0]),
        (losses.logistic, [[1], [-1.0]], 1, [1.0, -1.0]),
        (losses.binary_cross_entropy, [0, True, 0.25], 1, [0.0, 1.0, 0.25]),
        (losses.cross_entropy, [2, 0.0, numpy.int64(1)], 3, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        (losses.cross_entropy, iter([[0.25, 0.75], 1]), 2, [[0.25, 0.75], [0.0, 1.0]]),
    ],
)
def test_prepared_targets(loss, targets, outputs, expected):
    ready = loss.prepare(targets, outputs)
    assert ready == expected
    flat = [t for row in ready for t in (row if isinstance(row, list) else [row])]
    assert all(t.__class__ is float for t in flat)


def test_a_prepared_target_gives_the_loss_of_the_target():
    draw = random.Random(2)
    for loss, targets, outputs in [(losses.cross_entropy, [0, 2, 1], 3), (losses.hinge, [1, -1], 1)]:
        for target, ready in zip(targets, loss.prepare(targets, outputs)):
            scores = [draw.uniform(-3, 3) for _ in range(outputs)]
            prediction = scores if outputs > 1 else scores[0]
            assert loss(prediction, ready) == loss(prediction, target)


@pytest.mark.parametrize("loss, targets, outputs, kind, message", [
    (losses.squared_error, [1.0, [1.0, 2.0]], 1, ValueError, r"y\[1\]: expected one number, got 2"),
    (losses.squared_error, [[1.0, 2.0], [1.0]], 2, ValueError, r"y\[1\]: expected 2 numbers, one per output, got 1"),
    (losses.huber, [1.0], 2, ValueError, r"y\[0\]: expected 2 numbers, one per output, got 1.0"),
    (losses.absolute_error, [0.0, math.nan], 1, ValueError, r"y\[1\]: expected a finite target, got nan"),
    (losses.squared_error, [0.0, "1"], 1, TypeError, r"y\[1\]: expected a number .* got str '1'"),
    (losses.hinge, [1, 1, 0], 1, ValueError, r"y\[2\]: expected a target of -1 or 1, got 0; .* 2\*y - 1"),
    (losses.logistic, [1, "1"], 1, TypeError, r"y\[1\]: expected a number .* got str '1'"),
    (losses.hinge, [1], 2, ValueError, "a model with one output, got 2; several classes take cross_entropy"),
    (losses.binary_cross_entropy, [1, -1], 1, ValueError, r"y\[1\]: expected a target from 0 to 1, got -1; .*/ 2"),
    (losses.binary_cross_entropy, [math.nan], 1, ValueError, r"y\[0\]: expected a target from 0 to 1, got nan"),
    (losses.cross_entropy, [0, 3], 3, ValueError, r"y\[1\]: expected a class from 0 to 2, got 3"),
    (losses.cross_entropy, [math.inf], 3, ValueError, r"y\[0\]: expected a class from 0 to 2, got inf"),
    (losses.cross_entropy, [math.nan], 3, ValueError, r"y\[0\]: expected a class from 0 to 2, got nan"),
    (losses.cross_entropy, [[0.5, 0.5], [1.0, 1.0]], 2, ValueError, r"y\[1\]: expected probabilities .* sum 1"),
    (losses.cross_entropy, [[1.5, -0.5]], 2, ValueError, r"y\[0\]: expected probabilities of at least 0"),
    (losses.cross_entropy, [[math.nan, 1.0]], 2, ValueError, r"y\[0\]: expected probabilities of at least 0"),
    (losses.cross_entropy, [0], 1, ValueError, "at least two outputs; for one output use binary_cross_entropy"),
])  # fmt: skip
def test_wrong_targets_are_named(loss, targets, outputs, kind, message):
    with pytest.raises(kind, match=message):
        loss.prepare(targets, outputs)


def test_penalties():
    leaves = [Value(1.0), Value(-2.0), Value(0.0)]
    (losses.l2(0.5)(leaves) + losses.l1(3.0)(leaves)).backward()
    assert [p.grad for p in leaves] == [4.0, -5.0, 0.0]
    assert losses.l2(0)(leaves).data == 0.0


@pytest.mark.parametrize(
    "wrong, message",
    [
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
        (lambda: losses.huber(Value(1.0), 0.0, delta=0.0), "delta above 0, and finite, got 0.0"),
        (lambda: losses.l2(0.1)([]), "l2 expects at least one value, got none"),
        (lambda: losses.l2(-1.0), "strength of at least 0, and finite, got -1.0"),
        (lambda: losses.l1(math.nan), "strength of at least 0, and finite, got nan"),
    ],
)
def test_clear_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
