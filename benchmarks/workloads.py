"""The workloads of `benchmarks/compiled.py`: plain user code, one neuron at a time, with its data.

X, y        samples and targets as `micrograd.compile` takes them
parameters  leaves of the model
numbers     where the gradient is taken: the parameters as an array, neuron by neuron, weights then bias
kind        what is computed, whatever the number of samples: the name of its function in reference.c
"""

from __future__ import annotations

import random

import numpy as np

from micrograd import Value, losses, nn


class Workload:
    """A model, its loss and its data; `name` says which and how many samples."""

    def __init__(self, name, kind, model, parameters, loss, X, y, *, targets=0, penalty=None):
        self.name, self.kind = f"{name}, N={len(X):,}", kind
        self.model, self.parameters, self.loss = model, parameters, loss
        self.X, self.y, self.targets, self.penalty = X, y, targets, penalty
        self.inputs = X.shape[1]
        self.numbers = np.array([p.data for p in parameters])

    def first(self, n):
        """The same with the first n samples only."""
        return Workload(self.name.split(",")[0], self.kind, self.model, self.parameters, self.loss, self.X[:n],
                        self.y[:n], targets=self.targets, penalty=self.penalty)  # fmt: skip


def toy(n):
    """ŷ = σ(w2·σ(w1·x)), squared error."""
    w = [Value(0.7), Value(-1.3)]
    rng = np.random.default_rng(0)
    return Workload(
        "toy net",
        "toy",
        lambda x: (w[1] * (w[0] * x[0]).sigmoid()).sigmoid(),
        w,
        losses.squared_error,
        rng.standard_normal((n, 1)),
        rng.random(n),
    )


def network(name, kind, sizes, activation, loss, X, y, **options):
    """A multilayer perceptron with weights that keep the sizes of signals."""
    model = nn.MLP(sizes[0], sizes[1:], activation=activation, initial="xavier normal", generator=random.Random(0))
    return Workload(name, kind, model, model.parameters(), loss, X, y, **options)


def l2(parameters):
    """1e-4 Σ p²."""
    return 1e-4 * sum(p * p for p in parameters)


def moons(n):
    """2-16-16-1, relu, hinge loss and an L2 penalty, on two interleaved half circles with noise 0.1."""
    rng = np.random.default_rng(0)
    y, angle = rng.choice([-1.0, 1.0], n), np.pi * rng.random(n)
    circles = np.stack([0.5 + y * (np.cos(angle) - 0.5), 0.25 + y * (np.sin(angle) - 0.25)], axis=1)
    return network(
        "2-16-16-1 hinge + L2",
        "hinge",
        [2, 16, 16, 1],
        "relu",
        losses.hinge,
        circles + 0.1 * rng.standard_normal((n, 2)),
        y,
        penalty=l2,
    )


def regression(n):
    """2-16-16-1, tanh, squared error."""
    rng = np.random.default_rng(0)
    return network(
        "2-16-16-1 tanh",
        "tanh_net",
        [2, 16, 16, 1],
        "tanh",
        losses.squared_error,
        rng.standard_normal((n, 2)),
        rng.standard_normal(n),
    )


def digits():
    """64-32-10, tanh, softmax cross-entropy, on scikit-learn's handwritten digits."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return network("digits 64-32-10", "digits", [64, 32, 10], "tanh", losses.cross_entropy, X / 16.0, y, targets=10)


def wide():
    """784-50-10, tanh, softmax cross-entropy, random data."""
    rng = np.random.default_rng(0)
    return network(
        "784-50-10",
        "wide",
        [784, 50, 10],
        "tanh",
        losses.cross_entropy,
        rng.standard_normal((1000, 784)),
        rng.integers(0, 10, 1000),
        targets=10,
    )


ALL = {
    "toy": lambda: toy(1_000),
    "toy-100k": lambda: toy(100_000),
    "moons": lambda: moons(100),
    "moons-10k": lambda: moons(10_000),
    "tanh": lambda: regression(100),
    "tanh-10k": lambda: regression(10_000),
    "digits": digits,
    "wide": wide,
}
