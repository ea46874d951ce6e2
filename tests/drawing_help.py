"""Graphs that the drawing tests draw, and readers of what comes out."""

import random
import xml.etree.ElementTree as ElementTree

from micrograd import nn
from micrograd.engine import Value

SVG = "{http://www.w3.org/2000/svg}"


def toy():
    """The running example: ŷ = σ(w2·σ(w1·x)), L = (ŷ − y)², after backward."""
    w1, x, w2, y = Value(0.5, "w1"), Value(1.0, "x"), Value(-1.2, "w2"), Value(1.0, "y")
    values = {"z": w1 * x}
    values["h"] = values["z"].sigmoid()
    values["u"] = w2 * values["h"]
    values["yhat"] = values["u"].sigmoid()
    values["e"] = values["yhat"] - y
    values["L"] = values["e"] ** 2
    for label, value in values.items():
        value.label = label
    values["L"].backward()
    return values["L"]


def network(*sizes, samples=1, seed=0, floats=False):
    """A model and its mean squared error, after backward."""
    model = nn.MLP(sizes[0], list(sizes[1:]), activation="tanh", generator=random.Random(seed))
    draw = random.Random(seed + 1)
    losses = []
    for k in range(samples):
        inputs = [draw.uniform(-1, 1) for _ in range(sizes[0])]
        target = (-1.0) ** k
        if not floats:
            inputs, target = [Value(x, f"x{i + 1}") for i, x in enumerate(inputs)], Value(target, "y")
        losses.append((model(inputs) - target) ** 2)
    loss = sum(losses) / samples if samples > 1 else losses[0]
    loss.label = "L"
    loss.backward()
    return model, loss


def chain(length):
    """A chain of about that many values, after backward."""
    v = Value(0.5, "x")
    for _ in range(length // 2):
        v = (v + 0.01).tanh()
    v.backward()
    return v


OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b,
    lambda a, b: a.tanh(),
    lambda a, b: 2.0 * a,
    lambda a, b: b - 1.0,
]


def tangle(seed, size):
    """A random graph of Values with many shared operands."""
    draw = random.Random(seed)
    values = [Value(draw.uniform(-1, 1), draw.choice(["", "", "w", "x", "y"])) for _ in range(4)]
    for _ in range(size):
        a, b = draw.choice(values[-8:]), draw.choice(values)
        values.append(draw.choice(OPERATIONS)(a, b))
    return sum(values)


def parsed(svg):
    """(boxes, edges, captions) of an SVG: boxes and edges are {key: (texts, tooltip)}. Raises if it is not XML."""
    root = ElementTree.fromstring(svg)
    found = {"box": {}, "edge": {}}
    for group in root.iter(SVG + "g"):
        kind = group.get("class").split()[0]
        if kind in found:
            texts = ["".join(text.itertext()) for text in group.iter(SVG + "text")]
            found[kind][group.get("data-key")] = (texts, group.find(SVG + "title").text)
    captions = ["".join(text.itertext()) for text in root.findall(SVG + "text")]
    return found["box"], found["edge"], captions
