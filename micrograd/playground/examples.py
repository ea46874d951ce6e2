"""Examples that the page offers: code, numbers of its free names, and data to learn from.

code        what stands in the editor
at          numbers of free names; all others begin as `running.numbers_at` has it
data        lines as in a CSV file: the first names the columns by free names of the code, the last column is the target
"""

from __future__ import annotations

import math
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def table(header: str, rows: Sequence[tuple[float, ...]]) -> str:
    """Rows as lines below a header."""
    return "\n".join([header, *[", ".join([f"{x:g}" for x in row]) for row in rows]])


TOY = (Path(__file__).parent.parent / "data" / "toy.csv").read_text(encoding="utf-8").strip().replace(",", ", ")
CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]
SINE = [(x / 4, round(math.sin(x / 4), 4)) for x in range(-12, 13, 2)]

EXAMPLES: list[dict[str, Any]] = [
    {
        "title": "The toy net",
        "code": "z = w1*x\nh = sigmoid(z)\nu = w2*h\nyhat = sigmoid(u)\nL = (yhat - y)**2",
        "at": {"w1": 0.5, "x": 1.0, "w2": -1.2, "y": 1.0},
        "data": TOY,
        "rate": 10.0,
    },
    {
        "title": "One neuron",
        "code": "# tanh of a weighted sum, learning OR\nz = w1*x1 + w2*x2 + b\nyhat = tanh(z)\n(yhat - y)**2",
        "at": {"w1": 0.5, "x1": 1.0, "w2": -1.2, "x2": 0.0, "b": 0.1, "y": 1.0},
        "data": table("x1, x2, y", [(a, b, 1 if a or b else -1) for a, b in CORNERS]),
        "rate": 0.5,
    },
    {
        "title": "A kink",
        "code": "# no slope at the kinks: move x to 0\nrelu(x) + abs(x - 1) / 2",
        "at": {"x": 0.5},
        "data": "",
    },
    {
        "title": "Logistic loss, numerically stable",
        "code": "# y is 1 or -1. Try w = -800, and with it\n# L = log(1 + exp(-m)), which is inf there\n"
        "m = y * (w*x + b)\nL = softplus(-m)",
        "at": {"y": 1.0, "w": 0.5, "x": 2.0, "b": 0.1},
        "data": table("x, y", [(-2, -1), (-1.5, -1), (-1, -1), (-0.4, 1), (0.3, -1), (1, 1), (1.2, 1), (2, 1)]),
        "rate": 1.0,
    },
    {
        "title": "Fit a sine",
        "code": "def loss(x, y, w1, b1, w2, b2, w3, b3, w4, w5, w6, b4):\n    h1 = tanh(w1*x + b1)\n"
        "    h2 = tanh(w2*x + b2)\n    h3 = tanh(w3*x + b3)\n    yhat = w4*h1 + w5*h2 + w6*h3 + b4\n"
        "    return (yhat - y)**2",
        "at": {"w1": 1.0, "b1": 0.0, "w2": 0.6, "b2": 1.5, "w3": 0.6, "b3": -1.5, "w4": 0.6, "w5": -0.4, "w6": -0.3,
               "b4": 0.0, "x": 0.5, "y": 0.4794},
        "data": table("x, y", SINE),
        "rate": 0.1,
    },
    {
        "title": "Newton’s steps to a square root",
        "code": "# two steps from 1; ∂√a/∂a is 1/(2√a)\nx = 1.0\nfor _ in range(2):\n"
        "    x = x - (x*x - a) / (2*x)\nx",
        "at": {"a": 2.0},
        "data": "",
    },
    {
        "title": "Softmax and cross-entropy",
        "code": "# three scores; the first class is right\n"
        "e1, e2, e3 = exp(s1), exp(s2), exp(s3)\np = e1 / (e1 + e2 + e3)\nL = -log(p)",
        "at": {"s1": 1.0, "s2": 2.0, "s3": 0.5},
        "data": "",
    },
    {
        "title": "Vanishing gradients",
        "code": "# each σ′ is at most a quarter\nh = x\nfor _ in range(6):\n"
        "    h = sigmoid(w*h)\n(h - y)**2",
        "at": {"w": 1.0, "x": 1.0, "y": 0.0},
        "data": "",
    },
    {
        "title": "A second derivative",
        "code": "# the derivative is a graph, too\nf = sin(x) * exp(-x)\ngradient(f, x)",
        "at": {"x": 1.0},
        "data": "",
    },
]  # fmt: skip
