"""The training that the tests of checkpoints stop and kill; without pytest, which every process would have to load."""

import random

from micrograd import Trainer, Value, losses, nn, optim


def data():
    rng = random.Random(0)
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(30)]
    return X, [1.0 if a * b > 0 else -1.0 for a, b in X]


def trainer_for(backend="eager", optimizer=None):
    model = nn.MLP(2, [4, 1], activation="tanh", generator=random.Random(1))
    return Trainer(model, losses.hinge, optimizer or optim.Adam(lr=optim.cosine(0.05, steps=200)), backend=backend)


def long_training(backend, count=30_000):
    """A line, and data whose epochs in batches of one sample take their time."""
    w, b = Value(0.5, "w"), Value(0.0, "b")
    parts = lambda row: w * row[0] + b, lambda prediction, target: (prediction - target) ** 2, optim.Adam(1e-4)
    rows = [-1.0 + 2.0 * i / count for i in range(count)]
    return Trainer(*parts, parameters=[w, b], backend=backend), rows, [0.3 * x + 0.1 for x in rows]
