"""Programs of random structure against plain code: layers that share weights, sums in all orders, odd selections."""

import random
from importlib.util import find_spec

import pytest

import micrograd
from micrograd import Value, functions

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
ACTIVATIONS = {
    "none": lambda v: v,
    "tanh": functions.tanh,
    "relu": functions.relu,
    "sigmoid": functions.sigmoid,
    "softplus": functions.softplus,
    "sin": functions.sin,
    "gaussian": functions.gaussian,
    "abs": abs,
    "exp": lambda v: functions.exp(functions.tanh(v)),
    "square": lambda v: v * v,
    "negative": lambda v: -v,
    "maximum": lambda v: functions.maximum(v, 0.3),
}


def total(weights, values, bias, order):
    """A sum of products and a bias, as people write it."""
    if order == 0:
        return sum((w * v for w, v in zip(weights, values)), bias)
    if order == 1:
        return sum(w * v for w, v in zip(weights, values)) + bias
    if order == 2:
        return sum(v * w for w, v in zip(weights, values)) - bias
    return bias - sum(w * v for w, v in zip(weights, values))


def mixed(a, b, kind):
    """Two rows in one."""
    if kind == "select":
        return functions.where(functions.relu(a), a, b * 0.5)
    if kind == "divide":
        return a / (b * b + 1.0)
    return {"add": a + b, "subtract": a - b, "multiply": a * b, "maximum": functions.maximum(a, b)}[kind]


class RandomModel:
    """A few layers of random kinds; `parameters` are shared between places now and then."""

    def __init__(self, seed):
        self.draw, self.parameters, self.layers = random.Random(seed), [], []
        self.inputs = width = self.draw.randint(1, 6)
        for _ in range(self.draw.randint(1, 6)):
            kind = self.draw.choice(["dense", "own_term", "again", "elementwise", "slide", "reduce", "mix", "ratios"])
            layer, width = getattr(self, kind)(width)
            self.layers.append(layer)
            if width > 40:
                break
        self.outputs = width
        if not self.parameters:
            factor = self.parameter()
            self.layers.insert(0, lambda v: [factor * x for x in v])

    def parameter(self):
        if not self.parameters or self.draw.random() < 0.85:
            self.parameters.append(Value(self.draw.uniform(-1.0, 1.0)))
            return self.parameters[-1]
        return self.draw.choice(self.parameters)

    def weights(self, rows, columns):
        W = [[self.parameter() for _ in range(columns)] for _ in range(rows)]
        return W, [self.parameter() for _ in range(rows)]

    def activation(self, *names):
        return ACTIVATIONS[self.draw.choice(names or sorted(ACTIVATIONS))]

    def dense(self, width):
        size, order, f = self.draw.randint(1, 7), self.draw.randrange(4), self.activation()
        W, b = self.weights(size, width)
        return lambda v: [f(total(w, v, bias, order)) for w, bias in zip(W, b)], size

    def own_term(self, width):
        size, order, f = self.draw.randint(1, 7), self.draw.randrange(4), self.activation()
        (W, b), own = self.weights(size, width), [self.draw.randrange(width) for _ in range(size)]
        return lambda v: [f(total(w, v, bias, order) + v[k] * v[k]) for w, bias, k in zip(W, b, own)], size

    def again(self, width):
        times, order, f = self.draw.randint(2, 5), self.draw.randrange(4), self.activation("tanh", "relu", "none")
        W, b = self.weights(width, width)

        def layer(v):
            for _ in range(times):
                v = [f(total(w, v, bias, order)) for w, bias in zip(W, b)]
            return v

        return layer, width

    def elementwise(self, width):
        f = self.activation()
        return lambda v: [f(x) for x in v], width

    def slide(self, width):
        size, maps, f = self.draw.randint(1, min(3, width)), self.draw.randint(1, 3), self.activation("relu", "tanh")
        W, b = self.weights(maps, size)
        places = width - size + 1
        return (
            lambda v: [f(total(w, v[i : i + size], bias, 0)) for w, bias in zip(W, b) for i in range(places)],
            maps * places,
        )

    def reduce(self, width):
        size = self.draw.randint(1, width)
        f = self.draw.choice([sum, micrograd.mean, micrograd.logsumexp])
        return lambda v: [f(v[i : i + size]) for i in range(0, width, size)], -(-width // size)

    def mix(self, width):
        kinds = ["add", "subtract", "multiply", "divide", "select", "maximum"]
        picks = [
            (self.draw.randrange(width), self.draw.randrange(width), self.draw.choice(kinds))
            for _ in range(self.draw.randint(1, 7))
        ]
        return lambda v: [mixed(v[i], v[j], kind) for i, j, kind in picks], len(picks)

    def ratios(self, width):
        """Everything by one divisor, with signs, powers of two and factors that all samples share."""
        factors = [self.draw.choice([-1.0, 0.5, -2.0, 4.0, -0.25, 64.0, 0.3, self.parameter()]) for _ in range(width)]
        offset = self.parameter()

        def layer(v):
            below = sum([x * x for x in v]) + 1.0 + offset * offset
            return [factor * (x / below) - (-x * offset) / (2.0 + offset * offset) for factor, x in zip(factors, v)]

        return layer, width

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def loss(outputs, targets):
    return sum((a - b) ** 2 for a, b in zip(outputs, targets)) * (1.0 / len(targets))


def compare(seed):
    """Value and gradient by every backend, and by plain code."""
    model, rng = RandomModel(seed), np.random.default_rng(seed)
    X = rng.standard_normal((int(rng.integers(1, 90)), model.inputs))
    y = rng.standard_normal((len(X), model.outputs))
    expected = sum(loss(model(row), target) for row, target in zip(X.tolist(), y.tolist())) * (1.0 / len(X))
    expected.backward()
    gradient = np.array([p.grad for p in model.parameters])
    scale = max(np.abs(gradient).max(), 1e-3)
    for backend in BACKENDS:
        program = micrograd.compile(
            model,
            model.inputs,
            loss=loss,
            targets=model.outputs,
            backend=backend,
            parameters=model.parameters,
            cache=False,
        )
        value, found = program.value_and_gradient(X, y)
        assert value == pytest.approx(expected.data, rel=1e-12), (seed, backend)
        assert np.abs(found - gradient).max() <= 1e-11 * scale, (seed, backend)


@pytest.mark.parametrize("seed", [*range(40), 460, 494])  # the last two once read what was not yet made
def test_programs_of_random_structure(seed):
    compare(seed)


if __name__ == "__main__":
    import sys

    for number in range(*map(int, sys.argv[1:3])):
        try:
            compare(number)
        except Exception as error:
            print(number, type(error).__name__, error)
