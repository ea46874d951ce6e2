"""Neurons, layers, MLPs: the numbers, names and orders that users of the lectures know."""
import math
import random

import numpy
import pytest

from micrograd import nn
from micrograd.engine import Value


def plain_mlp(x, sizes, draw, activation):
    """The same network in floats, weights drawn in the lectures' order: neuron by neuron, biases 0."""
    for i, (nin, nout) in enumerate(zip(sizes, sizes[1:])):
        weights = [[draw(-1, 1) for _ in range(nin)] for _ in range(nout)]
        sums = [sum(w * v for w, v in zip(row, x)) for row in weights]
        x = sums if i == len(sizes) - 2 else [activation(s) for s in sums]
    return x


@pytest.mark.parametrize("activation, function", [("relu", lambda s: max(s, 0.0)), ("tanh", math.tanh)])
def test_a_seed_gives_the_numbers_of_the_lectures(activation, function):
    random.seed(1337)
    model = nn.MLP(3, [4, 4, 2], activation=activation)
    random.seed(1337)
    expected = plain_mlp([2.0, 3.0, -1.0], [3, 4, 4, 2], random.uniform, function)
    assert [v.data for v in model([2.0, 3.0, -1.0])] == pytest.approx(expected, rel=1e-14)
    assert all(neuron.b.data == 0.0 for layer in model.layers for neuron in layer.neurons)


def test_a_generator_leaves_the_random_module_alone():
    random.seed(3)
    before = random.getstate()
    models = [nn.MLP(2, [3, 1], generator=random.Random(5)) for _ in range(2)]
    assert random.getstate() == before
    assert [p.data for p in models[0].parameters()] == [p.data for p in models[1].parameters()]


def test_parameters_in_order_and_zero_grad():
    model = nn.MLP(2, [3, 1])
    assert len(model.parameters()) == 2 * 3 + 3 + 3 + 1
    assert model.parameters()[2] is model.layers[0].neurons[0].b
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())
    assert len(nn.MLP(2, [3, 1], bias=False).parameters()) == 2 * 3 + 3
    labels = [p.label for p in nn.MLP(12, [11, 1]).parameters()]
    assert len(set(labels)) == len(labels) and labels[0] == "layer 1 neuron 1 w1"


def test_reprs():
    assert repr(nn.MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )
    assert repr(nn.Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(nn.Neuron(3, activation=Value.tanh)) == repr(nn.Neuron(3, activation="tanh")) == "TanhNeuron(3)"


def test_outputs_bare_or_in_a_list():
    assert isinstance(nn.MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert isinstance(nn.Layer(2, 1)([1.0, 2.0]), Value)
    assert len(nn.MLP(2, [1, 3])([1.0, 2.0])) == 3
    assert isinstance(nn.MLP(2, [1, 1, 1])([1.0, 2.0]), Value)  # a hidden layer of one is still a list inside


def test_inputs_may_be_values_or_arrays():
    model = nn.MLP(2, [3, 1], generator=random.Random(0), activation="tanh")
    x = [Value(0.5), Value(-1.0)]
    y = model(x)
    y.backward()
    assert x[0].grad != 0.0
    assert model(numpy.array([0.5, -1.0])).data == model((0.5, -1)).data == y.data


@pytest.mark.parametrize("wrong, message", [
    (lambda: nn.MLP(2, [3, 1])([1.0]), "MLP expects 2 inputs, got 1"),
    (lambda: nn.Neuron(2)([1.0, 2.0, 3.0]), "Neuron expects 2 inputs, got 3"),
    (lambda: nn.MLP(0, [1]), "nin to be a whole number of at least 1, got 0"),
    (lambda: nn.MLP(2, [1.5]), "nout to be a whole number of at least 1, got 1.5"),
    (lambda: nn.MLP(2, []), "at least one layer"),
    (lambda: nn.MLP(2, [1], activation="swish"), "one of linear, abs, .* got 'swish'"),
])  # fmt: skip
def test_clear_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_models_of_the_users_own():
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.offset = Value(2.0), Value(1.0)

        def parameters(self):
            return [self.slope, self.offset]

    line = Line()
    (line.slope * 3.0 + line.offset).backward()
    assert [p.grad for p in line.parameters()] == [3.0, 1.0]
    line.zero_grad()
    assert [p.grad for p in line.parameters()] == [0.0, 0.0]
    assert nn.Module().parameters() == []
