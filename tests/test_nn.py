"""Neurons, layers, MLPs: the numbers, names and orders that users of the lectures know."""

import math
import pickle
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


VARIANCE = {  # of a weight of the first layer, 30 inputs and 50 outputs
    "uniform": 1 / 3,
    "kaiming uniform": 2 / 30,
    "kaiming normal": 2 / 30,
    "xavier uniform": 2 / 80,
    "xavier normal": 2 / 80,
}


@pytest.mark.parametrize("initial", nn.INITIAL)
def test_initial_weights_have_the_published_variance(initial):
    layer = nn.MLP(30, [50, 2], initial=initial, generator=random.Random(7)).layers[0]
    weights = [w.data / math.sqrt(VARIANCE[initial]) for neuron in layer.neurons for w in neuron.w]
    n = len(weights)
    assert n == 1500 and all(neuron.b.data == 0.0 for neuron in layer.neurons)
    kurtosis = 3.0 if "normal" in initial else 1.8
    assert abs(sum(weights)) < 4 * math.sqrt(n)  # four standard errors
    assert abs(sum(w * w for w in weights) - n) < 4 * math.sqrt(n * (kurtosis - 1))
    assert abs(sum(w**4 for w in weights) / n - kurtosis) < 0.2 * kurtosis
    if "normal" not in initial:
        assert math.sqrt(3) * 0.99 < max(map(abs, weights)) <= math.sqrt(3) * (1 + 1e-15)


@pytest.mark.parametrize(
    "name, theirs, gain",
    [
        ("kaiming uniform", "kaiming_uniform_", {"nonlinearity": "relu"}),
        ("kaiming normal", "kaiming_normal_", {"nonlinearity": "relu"}),
        ("xavier uniform", "xavier_uniform_", {}),
        ("xavier normal", "xavier_normal_", {}),
    ],
)
def test_initial_weights_spread_as_those_of_pytorch(name, theirs, gain):
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    expected = getattr(torch.nn.init, theirs)(torch.empty(50, 30, dtype=torch.float64), **gain).flatten()
    layer = nn.Layer(30, 50, initial=name, generator=random.Random(7))
    ours = torch.tensor([w.data for neuron in layer.neurons for w in neuron.w], dtype=torch.float64)
    spread = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    assert (ours.quantile(spread) - expected.quantile(spread)).abs().max() < 0.15 * expected.std()


def test_initial_weights_from_a_function():
    asked = []

    def draw(generator, nin, nout):
        asked.append((nin, nout))
        return generator.random() / nin

    model = nn.MLP(2, [3, 1], initial=draw, generator=random.Random(5))
    assert asked == [(2, 3)] * 6 + [(3, 1)] * 3
    again = random.Random(5)
    assert [w.data for neuron in model.layers[0].neurons for w in neuron.w] == [again.random() / 2 for _ in range(6)]
    with pytest.raises(TypeError, match="expected a number"):
        nn.Neuron(2, initial=lambda generator, nin, nout: None)


def test_models_pickle():
    model = nn.MLP(2, [3, 1], activation="tanh", generator=random.Random(5))
    assert pickle.loads(pickle.dumps(model))([0.5, -1.0]).data == model([0.5, -1.0]).data


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
    assert repr(nn.MLP(2, [2, 1])) == ("MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]")
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


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: nn.MLP(2, [3, 1])([1.0]), "MLP expects 2 inputs, got 1"),
        (lambda: nn.Neuron(2)([1.0, 2.0, 3.0]), "Neuron expects 2 inputs, got 3"),
        (lambda: nn.MLP(0, [1]), "nin to be a whole number of at least 1, got 0"),
        (lambda: nn.MLP(2, [1.5]), "nout to be a whole number of at least 1, got 1.5"),
        (lambda: nn.MLP(2, []), "at least one layer"),
        (lambda: nn.MLP(2, [1], activation="swish"), "one of linear, abs, .* got 'swish'"),
        (lambda: nn.MLP(2, [1], initial="he"), "uniform, kaiming uniform, kaiming normal, xavier .* got 'he'"),
        (lambda: nn.Neuron(2, initial=["uniform"]), "got \\['uniform'\\]"),
        (lambda: nn.Neuron(2, nout=0), "nout to be a whole number of at least 1, got 0"),
    ],
)
def test_clear_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("rows", [2, 3, 1])
@pytest.mark.parametrize("model", [nn.MLP(2, [3, 1]), nn.Layer(2, 2), nn.Neuron(2)], ids=["MLP", "Layer", "Neuron"])
def test_one_sample_at_a_time(model, rows):
    X = [[1.0, 2.0]] * rows
    for wrong in (X, tuple(X), numpy.array(X), numpy.array(X, dtype=object), [tuple(row) for row in X]):
        with pytest.raises(TypeError, match=rf"one sample at a time, .* got {rows} rows; write \[model\(row\) for"):
            model(wrong)
    with pytest.raises(TypeError, match="expects a list of 2 inputs, got 1.0"):
        model(1.0)
    same = [model(x) for x in ([1.0, 2.0], (1, 2), numpy.array([1.0, 2.0]), [Value(1.0), Value(2.0)])]
    flat = [[v.data for v in out] if isinstance(out, list) else out.data for out in same]
    assert flat == [flat[0]] * 4


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
