"""Copies and pickles keep what is shared shared, and gradients, labels and attributes; in other processes too."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import weakref

import pytest

import micrograd
from micrograd import Value, topological
from micrograd.ops import TABLE


def graph():
    """(root, w, x): a graph with sharing, a wide node, numbers as operands, labels and gradients."""
    w, x = Value(0.5, label="w"), Value(-1.5, label="x")
    h = micrograd.tanh(w * x + 2)
    h.label = "h"
    root = micrograd.where(h > 0.0, h * h, 7.0) + 3.0**w / x
    root.backward()
    return root, w, x


def described(root):
    """Everything about a graph but identity."""
    order = topological(root)
    place = {node: i for i, node in enumerate(order)}
    return [
        (node.op, node.data, node.grad, node.label, node.partials, [place.get(x, x) for x in node.args], node._cached)
        for node in order
    ]


def through_pickle(protocol):
    return lambda thing: pickle.loads(pickle.dumps(thing, protocol))


COPIES = [pytest.param(copy.deepcopy, id="deepcopy")]
COPIES += [pytest.param(through_pickle(p), id=f"pickle {p}") for p in range(pickle.HIGHEST_PROTOCOL + 1)]


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_is_the_same_graph_apart_from_the_original(copied):
    root, w, x = graph()
    clone = copied(root)
    assert described(clone) == described(root)
    assert not set(topological(clone)) & set(topological(root))
    before = w.grad
    leaves = {leaf.label: leaf for leaf in topological(clone) if leaf.op is None}
    leaves["w"].grad = 0.0
    clone.backward()
    assert leaves["w"].grad == w.grad == before
    clone.backward()
    assert leaves["w"].grad == pytest.approx(2.0 * before, rel=1e-15) and w.grad == before


@pytest.mark.parametrize("copied", COPIES)
def test_parameters_beside_the_graph_stay_the_graphs(copied):
    root, w, x = graph()
    clone, (new_w, again), others = copied((root, [w, w], {"x": x}))
    assert new_w is again and new_w is not w
    assert {new_w, others["x"]} == {leaf for leaf in topological(clone) if leaf.op is None}
    first, second = copied((w * 2.0, w * 3.0))
    assert first.args[0] is second.args[0]


@pytest.mark.parametrize("copied", COPIES)
def test_leaves_keep_attributes_and_types(copied):
    w = Value(1.0, label="w")
    w.velocity, w.history = 0.25, [1, 2]
    clone = copied(w * 2.0).args[0]
    assert (clone.velocity, clone.history, clone.label) == (0.25, [1, 2], "w")
    assert clone.history is not w.history
    p = copied(Parameter(3.0, label="p"))
    assert type(p) is Parameter and (p.data, p.label, p.op) == (3.0, "p", None)


class Parameter(Value):
    """A subclass of the user's own."""


@pytest.mark.parametrize("copied", COPIES)
def test_an_attribute_may_point_back_into_the_graph(copied):
    w = Value(2.0)
    w.itself, w.square = w, w * w
    clone = copied(w)
    assert clone.itself is clone and clone.square.args == (clone, clone)


@pytest.mark.parametrize("copied", COPIES)
def test_a_row_is_never_copied(copied):
    assert all(copied(op) is op for op in TABLE.values())
    assert copied(Value(1.0).exp()).op is TABLE["exp"]


def test_deepcopy_shares_inner_nodes_with_its_memo():
    root, w, _ = graph()
    h = next(node for node in topological(root) if node.label == "h")
    new_root, new_h, new_w = copy.deepcopy([root, h, w])
    assert new_h in topological(new_root) and new_w in topological(new_h)
    memo = {}
    assert copy.deepcopy(w, memo) is copy.deepcopy(w, memo)


def test_copy_is_shallow():
    root, w, _ = graph()
    clone = copy.copy(root)
    assert clone is not root and clone.args == root.args and described(clone)[:-1] == described(root)[:-1]
    w.velocity = [0.25]
    leaf = copy.copy(w)
    assert leaf is not w and leaf.velocity is w.velocity and (leaf.data, leaf.label) == (w.data, "w")
    leaf.data = 9.0
    leaf.frozen = True
    assert w.data == 0.5 and not hasattr(w, "frozen")


def test_models_and_other_objects_that_hold_values():
    class Model:
        def __init__(self):
            self.weights = [Value(1.0), Value(2.0)]
            self.loss = self.weights[0] * self.weights[1]

    clone = copy.deepcopy(Model())
    assert list(clone.loss.args) == clone.weights


def test_a_pickle_is_read_in_another_process_with_the_same_bits():
    root, w, x = graph()
    reader = (
        "import pickle, sys; root, w, x = pickle.load(sys.stdin.buffer); g = w.grad; w.grad = 0.0; root.backward(); "
        "print(root.data.hex(), g.hex(), w.grad.hex())"
    )
    sent = pickle.dumps((root, w, x))
    run = subprocess.run([sys.executable, "-c", reader], input=sent, capture_output=True, check=True)
    assert run.stdout.decode().split() == [root.data.hex(), w.grad.hex(), w.grad.hex()]


def test_the_same_bytes_every_time():
    root, *_ = graph()
    assert pickle.dumps(root) == pickle.dumps(root)


def test_leaves_can_be_referred_to_weakly():
    w = Value(1.0)
    reference = weakref.ref(w)
    assert reference() is w
    del w
    assert reference() is None
