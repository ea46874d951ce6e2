"""Code in the manner of Karpathy's lectures runs unchanged and prints the same numbers.

    public      micrograd 0.1.0, the package on the public index, whose figures are quoted here

Where the public package was run for a figure, its last digits depend on the memory addresses of that run: operands are
kept in a set, and gradients add up in the set's order. Two runs of it part in the 15th digit of the loss, so ten are
compared, which all runs share.
"""

import random

import pytest

from micrograd.engine import Value
from micrograd.nn import MLP, Layer, Module, Neuron

# public, CPython 3.11, 100 samples: loss to ten digits and accuracy of the first steps; 20 s for all hundred
MOONS = """
step 0 loss 0.8958441029, accuracy 50.0%
step 1 loss 1.723590534, accuracy 81.0%
step 2 loss 0.7429006314, accuracy 77.0%
step 3 loss 0.7705641261, accuracy 82.0%
step 4 loss 0.3692793386, accuracy 84.0%
step 5 loss 0.3135454819, accuracy 86.0%
step 6 loss 0.281423435, accuracy 89.0%
step 7 loss 0.2688873331, accuracy 91.0%
"""


def test_the_moons_are_learned_with_the_same_losses(capsys):
    numpy = pytest.importorskip("numpy")
    datasets = pytest.importorskip("sklearn.datasets")
    numpy.random.seed(1337)
    random.seed(1337)
    X, y = datasets.make_moons(n_samples=100, noise=0.1)
    y = 2 * y - 1
    model = MLP(2, [16, 16, 1])
    for step in range(8):
        rows = [list(map(Value, row)) for row in X]
        scores = list(map(model, rows))
        losses = [(1 + -target * score).relu() for target, score in zip(y, scores)]
        decay = 1e-4 * sum((p * p for p in model.parameters()))
        total = sum(losses) * (1.0 / len(losses)) + decay
        hits = [(target > 0) == (score.data > 0) for target, score in zip(y, scores)]
        model.zero_grad()
        total.backward()
        rate = 1.0 - 0.9 * step / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        print(f"step {step} loss {total.data:.10g}, accuracy {sum(hits) / len(hits) * 100}%")
    assert capsys.readouterr().out.split("\n") == MOONS.lstrip().split("\n")


# public and ours print the same, for four samples and a 3-4-4-1 network
FOUR_SAMPLES = ["18.43219647", "3.030388915", "2.502032318", "2.131827808", "1.858966717"]


def test_four_samples_and_a_small_network():
    random.seed(1337)
    inputs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    targets = [1.0, -1.0, -1.0, 1.0]
    net = MLP(3, [4, 4, 1])
    assert len(net.parameters()) == 41
    printed = []
    for _ in range(5):
        outputs = [net(row) for row in inputs]
        loss = sum((out - target) ** 2 for target, out in zip(targets, outputs))
        for p in net.parameters():
            p.grad = 0.0
        loss.backward()
        for p in net.parameters():
            p.data += -0.01 * p.grad
        printed.append(f"{loss.data:.10g}")
    assert printed == FOUR_SAMPLES


def test_the_long_expression():
    """Every operator of the lectures at once; figures of public, ten digits."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.10g} {a.grad:.10g} {b.grad:.10g}" == "24.70408163 138.8338192 645.5772595"


def test_a_neuron_by_hand_backward_step_by_step():
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")  # chosen so that 1 - tanh² n is 1/2
    x1w1 = x1 * w1
    x1w1.label = "x1*w1"
    x2w2 = x2 * w2
    both = x1w1 + x2w2
    n = both + b
    n.label = "n"
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, both, x1w1, x2w2):
        node._backward()
    by_hand = [v.grad for v in (x1, w1, x2, w2)]
    assert by_hand == pytest.approx([-1.5, 1.0, 0.5, 0.0], rel=1e-14)
    for v in (x1, w1, x2, w2):
        v.grad = 0.0
    e = (2 * (x1 * w1 + x2 * w2 + b)).exp()
    ((e - 1) / (e + 1)).backward()
    assert [v.grad for v in (x1, w1, x2, w2)] == pytest.approx(by_hand, rel=1e-12)


def traced(root):
    """Nodes and edges, followed through `_prev` as the lectures do."""
    nodes, edges = set(), set()

    def follow(node):
        if node not in nodes:
            nodes.add(node)
            for child in node._prev:
                edges.add((child, node))
                follow(child)

    follow(root)
    return nodes, edges


def test_tracing_code_draws_with_graphviz():
    graphviz = pytest.importorskip("graphviz")
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    out = (a * b + a * a).relu()
    out.label = "out"
    out.backward()
    nodes, edges = traced(out)
    dot = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    for n in nodes:
        text = "{ %s | data %.4f | grad %.4f }" % (n.label, n.data, n.grad)  # noqa: UP031, lecture style
        dot.node(name=str(id(n)), label=text, shape="record")
        if n._op:
            dot.node(name=str(id(n)) + n._op, label=n._op)
            dot.edge(str(id(n)) + n._op, str(id(n)))
    for child, parent in edges:
        dot.edge(str(id(child)), str(id(parent)) + parent._op)
    assert len(nodes) == 6 and len(edges) == 6  # both edges of a * a are one pair
    assert sorted(n._op for n in nodes) == ["", "", "*", "*", "+", "ReLU"]
    assert "{ a | data 2.0000 | grad 0.0000 }" in dot.source and dot.source.count("->") == 10


def test_the_modules_have_the_names_attributes_and_reprs_of_the_lectures():
    random.seed(1337)
    net = MLP(3, [4, 4, 1])
    neuron = net.layers[0].neurons[0]
    assert isinstance(net, Module) and isinstance(net.layers[0], Layer) and isinstance(neuron, Neuron)
    assert f"{neuron.w[0].data:.10g}" == "0.2355057139"  # random.Random(1337).uniform(-1, 1)
    assert neuron.b.data == 0.0 and neuron.parameters() == neuron.w + [neuron.b] and neuron.nonlin
    assert repr(MLP(2, [2, 1])) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    assert repr(Layer(2, 1, nonlin=False)) == "Layer of [LinearNeuron(2)]"
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value) and len(Layer(2, 3)([1.0, 2.0])) == 3
    net([1.0, 2.0, 3.0]).backward()
    net.zero_grad()
    assert {p.grad for p in net.parameters()} == {0.0}


def test_attributes_of_the_users_own_stay_on_parameters():
    model = MLP(2, [3, 1])
    for p in model.parameters():
        p.velocity = 0.0
    model([1.0, -2.0]).backward()
    for p in model.parameters():
        p.velocity = 0.9 * p.velocity + p.grad
        p.data -= 0.1 * p.velocity
    assert any(p.velocity for p in model.parameters())


def test_a_model_of_the_users_own():
    class Line(Module):
        def __init__(self):
            self.slope, self.offset = Value(random.uniform(-1, 1)), Value(0)

        def __call__(self, x):
            return self.slope * x + self.offset

        def parameters(self):
            return [self.slope, self.offset]

    line = Line()
    for _ in range(200):
        loss = sum([(line(x) - (3 * x - 1)) ** 2 for x in (-1, 0, 1, 2)])
        line.zero_grad()
        loss.backward()
        for p in line.parameters():
            p.data -= 0.05 * p.grad
    assert f"{line.slope.data:.6f} {line.offset.data:.6f}" == "3.000000 -1.000000"
