"""A million nodes, deep or wide: build, backward, copy, pickle and free; no recursion, no cycles, few bytes."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import random
import sys
import tracemalloc
import weakref

import pytest

from micrograd import Value, topological
from micrograd.core import in_c
from micrograd.engine import inner_nodes

MILLION = 1_000_000


@contextlib.contextmanager
def no_collector():
    """The cyclic collector off: what is freed here is freed by counting references alone."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def deep(x, n):
    """A chain of n nodes on x: y = y · 1 + 1 · x, …, of value and derivative that are known."""
    y = x
    for _ in range(n // 2):
        y = y * 1.0 + x
    return y


def deep_right(x, n):
    """The same along second operands."""
    y = x
    for _ in range(n // 2):
        y = x + 1.0 * y
    return y


def wide(x, n):
    """The sum of n/2 products, added in pairs: shallow, a million nodes."""
    layer = [x * float(i % 2) for i in range(n // 2)]
    while len(layer) > 1:
        layer = [a + b for a, b in zip(layer[::2], layer[1::2])] + layer[len(layer) & ~1 :]
    return layer[0]


def chosen(x, n):
    """A chain of nodes with three operands."""
    y = x
    for _ in range(n):
        y = (x > 0.0).where(y, x)
    return y


SHAPES = [(deep, MILLION // 2 + 1), (deep_right, MILLION // 2 + 1), (wide, MILLION // 4), (chosen, 1)]


@pytest.mark.parametrize("shape, slope", SHAPES, ids=lambda thing: getattr(thing, "__name__", ""))
def test_build_backward_and_free(shape, slope):
    n = MILLION if shape is not chosen else MILLION // 10
    with no_collector():
        x = Value(1.0)
        alive = weakref.ref(x)
        y = shape(x, n)
        y.backward()
        assert x.grad == slope == (y.data if shape is not chosen else 1.0)
        assert len(inner_nodes(y)) >= 0.99 * n
        del x, y
        assert alive() is None  # the whole graph went with its root
        assert gc.collect() == 0


def test_pickle_of_a_deep_graph():
    with no_collector():
        x = Value(1.0, label="x")
        y = deep(x, MILLION)
        z, new = pickle.loads(pickle.dumps((y, x)))
        z.backward()
        assert (z.data, new.grad, x.grad) == (y.data, MILLION // 2 + 1, 0.0)


def test_deepcopy_of_a_deep_graph():
    with no_collector():
        x = Value(1.0, label="x")
        y = deep(x, MILLION)
        z, new = copy.deepcopy((y, x))
        z.backward()
        assert (z.data, new.grad, x.grad) == (y.data, MILLION // 2 + 1, 0.0)
        del y, z
        assert gc.collect() == 0


@pytest.mark.parametrize("shape", [deep_right, wide, chosen])
def test_copies_of_other_shapes(shape):
    x = Value(1.0)
    y = shape(x, 20_000)
    for z, new in [copy.deepcopy((y, x)), pickle.loads(pickle.dumps((y, x)))]:
        z.backward()
        y.backward()
        assert (z.data, new.grad) == (y.data, x.grad)
        assert len(topological(z)) == len(topological(y))
        x.grad = 0.0


def test_the_recursion_limit_plays_no_part():
    limit = sys.getrecursionlimit()
    x = Value(1.0)
    depth = 3 * limit
    y = deep(x, depth)
    assert len(topological(y)) == depth + 1
    assert repr(y) and y._prev and str(y.args)
    copy.copy(y).backward()
    assert sys.getrecursionlimit() == limit


def test_a_training_loop_leaves_no_cycles():
    """Nothing for the cyclic collector after build and backward, also when a node is kept while its root goes."""
    with no_collector():
        x = Value(0.5)
        for _ in range(100):
            h = (x * 2.0).tanh()
            (h * h + x).backward()
        h.backward()
        topological(h)
        del h
        assert gc.collect() == 0


def perceptron(sizes, draw):
    """(parameters, function of a list of numbers) of a plain relu network."""

    def neuron(m):
        return [Value(draw.uniform(-1, 1)) for _ in range(m)], Value(0.0)

    layers = [[neuron(m) for _ in range(n)] for m, n in zip(sizes, sizes[1:])]

    def model(x):
        for layer in layers:
            last = layer is layers[-1]
            x = [sum([w * v for w, v in zip(ws, x)]) + b for ws, b in layer]
            x = x if last else [z.relu() for z in x]
        return x[0]

    return [p for layer in layers for ws, b in layer for p in (*ws, b)], model


def test_bytes_per_node():
    """A built graph of the 2-16-16-1 network holds at most 140 bytes a node, and gives all of them back.

    The core in C keeps them for the nodes that are made next; so here it has none when it begins, and as many are made
    when it ends.
    """
    others = deep(Value(1.0), MILLION // 10)
    draw = random.Random(1)
    parameters, model = perceptron([2, 16, 16, 1], draw)
    samples = [[draw.uniform(-1, 1), draw.uniform(-1, 1)] for _ in range(20)]
    with no_collector():
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            loss = sum([(1.0 - model(x)).relu() for x in samples])
            held = tracemalloc.get_traced_memory()[0] - before
            nodes = len(inner_nodes(loss))
            loss.backward()
            for p in parameters:
                p.grad = 0.0
            del loss
            if in_c():
                again = deep(Value(1.0), nodes)
            left = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
    assert nodes == 20 * (2 * 16 * 2 + 16 + 2 * 16 * 16 + 16 + 2 * 16 + 2) + 19
    assert held / nodes <= 140.0
    if in_c():
        assert left < 1.01 * held and len(inner_nodes(again)) >= nodes - 1 and others
    else:
        assert left < 200 * len(parameters)  # the floats of their gradients, and no node
