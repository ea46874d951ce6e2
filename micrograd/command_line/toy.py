"""The main job: the toy net by hand on one sample, then trained on the dataset that ships with the package.

z = w1·x    h = σ(z)    u = w2·h    ŷ = σ(u)    L = (ŷ − y)²
"""

from __future__ import annotations

import csv
import os

from micrograd import losses, optim
from micrograd.chain_rule import explain
from micrograd.command_line.results import expect_place, save_json
from micrograd.command_line.terminal import spell
from micrograd.derivatives import gradient
from micrograd.engine import Value
from micrograd.functions import sigmoid
from micrograd.training import Trainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

DATA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "toy.csv")
START = {"w1": 0.5, "w2": -1.2}
SAMPLE = {"x": 1.0, "y": 1.0}


class ToyNet:
    """f(x) = σ(w2·σ(w1·x)), two parameters.

    >>> net = ToyNet(0.5, -1.2)
    >>> print(f"{net([1.0]):.4f}")
    0.3215
    """

    def __init__(self, w1: float, w2: float) -> None:
        self.w1, self.w2 = Value(w1, "w1"), Value(w2, "w2")

    def __call__(self, row: list[float]) -> Value:
        return sigmoid(self.w2 * sigmoid(self.w1 * row[0]))

    def parameters(self) -> list[Value]:
        """w1 and w2."""
        return [self.w1, self.w2]


def six_digits(x: float) -> str:
    """Six significant digits, with a place for the sign."""
    return f"{x: .6g}"


def in_columns(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """Rows of cells in columns: first so many of words, then numbers."""
    spelled = [[spell(cell) for cell in row] for row in rows]
    widths = [f"<{max(map(len, column)) + 2}" for column in list(zip(*spelled))[:words]]
    widths += [">11", *[">13"] * (len(rows[0]) - words - 1)]
    return ["  " + "".join([f"{cell:{width}}" for cell, width in zip(row, widths)]) for row in spelled]


def sample_table() -> str:
    """Every intermediate and its gradient for one sample, the two gradients beside the closed formulas, and told."""
    x, y, w1, w2 = (Value(v, name) for name, v in {**SAMPLE, **START}.items())
    z = w1 * x
    h = sigmoid(z)
    u = w2 * h
    yhat = sigmoid(u)
    loss = (yhat - y) ** 2
    loss.backward()
    rows = [("w1", "", w1), ("w2", "", w2), ("x", "", x), ("y", "", y), ("z", "w1·x", z), ("h", "σ(z)", h)]
    rows += [("u", "w2·h", u), ("ŷ", "σ(u)", yhat), ("L", "(ŷ − y)²", loss)]
    shown = [(name, formula, six_digits(v.data), six_digits(v.grad)) for name, formula, v in rows]
    lines = in_columns([("", "formula", "value", "∂L/∂·"), *shown], words=2)
    common = 2.0 * (yhat.data - y.data) * yhat.data * (1.0 - yhat.data)
    closed = {
        "∂L/∂w1 = 2(ŷ−y) · σ'(u) · w2 · σ'(z) · x": (common * w2.data * h.data * (1.0 - h.data) * x.data, w1),
        "∂L/∂w2 = 2(ŷ−y) · σ'(u) · h": (common * h.data, w2),
    }
    compared = [("closed formula, σ′ = σ(1 − σ)", "by formula", "backward")]
    for (formula, (by_hand, w)), g in zip(closed.items(), gradient(loss, [w1, w2])):
        compared.append((formula, six_digits(by_hand), six_digits(w.grad)))
        if abs(by_hand - w.grad) > 1e-15 or abs(g.data - w.grad) > 1e-15:
            raise ArithmeticError(f"backward disagrees with {formula}")
    lines += ["", *in_columns(compared, words=1)]
    named = {"z": z, "h": h, "u": u, "yhat": yhat, "L": loss}
    lines += ["", "Why these numbers: explain(L, [w1, w2])", ""]
    lines += ["  " + line if line else "" for line in explain(loss, [w1, w2], named).text(spell).splitlines()]
    return "\n".join(lines)


def samples() -> tuple[list[list[float]], list[float]]:
    """Inputs and targets of the dataset that ships with the package."""
    with open(DATA, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [[float(row["x"])] for row in rows], [float(row["y"]) for row in rows]


def run(options: argparse.Namespace) -> None:
    """Show one sample, train on the dataset, say where the weights are."""
    expect_place(options.output)
    print("The toy net:  z = w1·x   h = σ(z)   u = w2·h   ŷ = σ(u)   L = (ŷ − y)²", flush=True)
    print("\nOne sample: forward values and, after backward, every gradient\n")
    print(sample_table())
    rows, targets = samples()
    net = ToyNet(**START)
    trainer = Trainer(net, losses.squared_error, optim.SGD(lr=options.lr))
    print(f"\nTraining: minimise the mean of L over {len(rows)} samples, (1/N) Σ L(f(xᵢ), yᵢ)\n")
    print(f"  {'epoch':>5}{'mean loss':>14}{'w1':>12}{'w2':>12}")
    shown = {round(options.epochs * k / 10) for k in range(11)}
    weights = [w.data for w in net.parameters()]
    for record in trainer.epochs(rows, targets, epochs=options.epochs, seed=0):
        if record.epoch in shown or record.epoch == 1:  # the loss of an epoch is measured before its step
            print(f"  {record.epoch:>5}{record.loss:>14.8f}{weights[0]:>12.6f}{weights[1]:>12.6f}")
        weights = [w.data for w in net.parameters()]
    final = trainer.evaluate(rows, targets)
    save_json(options.output, {"model": "σ(w2·σ(w1·x))", "weights": dict(zip(START, weights)), "mean loss": final.loss})
    print(f"  {'end':>5}{final.loss:>14.8f}{weights[0]:>12.6f}{weights[1]:>12.6f}")
    print(f"\nThe final weights are in {os.path.abspath(options.output)}")
