"""The gradient checker objects to every spoiled partial and to nothing else; why_nan names the node and the line."""

from __future__ import annotations

import cProfile
import gc
import math
import random
import sys

import pytest

import micrograd
from micrograd import Value, check_gradients, why_nan
from micrograd.check import recording
from micrograd.check.differences import differences
from micrograd.engine import Leaf, apply
from micrograd.ops import TABLE

inf, nan = math.inf, math.nan
ROWS = [pytest.param(op, id=op.name) for op in TABLE.values()]


def smooth_points(op):
    """Arguments of moderate size at which the row is finite and no two arguments are close; 12 of them.

    The condition of `where` is 0 at every other point.
    """
    draw = random.Random(op.name)
    found = []
    while len(found) < 12:
        args = [draw.uniform(-1.5, 1.5) for _ in op.partials]
        apart = all(abs(x - y) > 0.05 for i, x in enumerate([0.0, *args]) for y in args[i:])
        if apart and math.isfinite(op.forward(*args)):
            if op.name == "where" and len(found) % 2:
                args[0] = 0.0
            found.append(args)
    return found


def checked(op, args):
    """The report for the row at args; a 0 stays a plain number, with a leaf that nothing depends on."""
    leaves = [Value(x) for x in args]
    return check_gradients(apply(op, tuple([leaf if leaf.data else 0.0 for leaf in leaves])), leaves=leaves)


def verdicts(report):
    return [row.verdict for row in report.rows]


# the table


@pytest.mark.parametrize("op", ROWS)
def test_every_row_is_accepted(op):
    for args in smooth_points(op):
        report = checked(op, args)
        assert verdicts(report) == ["ok"] * len(args), report


def spoiled(partial):
    if callable(partial):
        return lambda *args: 1.01 * partial(*args)
    return partial * 1.01 if partial else 0.01


@pytest.mark.parametrize(
    ("op", "i"), [pytest.param(op, i, id=f"{op.name}-{i}") for op in TABLE.values() for i in range(len(op.partials))]
)
def test_every_spoiled_partial_is_wrong(op, i, monkeypatch):
    constant = not callable(op.partials[i])
    points = [args for args in smooth_points(op) if args[i] and (constant or op.local(i, args, op.forward(*args)))]
    assert len(points) >= 3
    monkeypatch.setattr(op, "partials", tuple([spoiled(p) if j == i else p for j, p in enumerate(op.partials)]))
    for args in points:
        report = checked(op, args)
        assert verdicts(report) == ["wrong" if j == i else "ok" for j in range(len(args))], report
        assert not report.ok and not report
        with pytest.raises(ValueError, match=f"others for 1 of {len(args)} leaves: x{i}\n"):
            report.raise_if_wrong()


def test_a_spoiled_partial_deep_in_a_network_is_wrong(monkeypatch):
    weights = [Value(w) for w in (0.3, -0.7, 1.1)]

    def network():
        return apply(TABLE["tanh"], (weights[0] * 0.5 + weights[1],)) * weights[2] + 1.0

    assert verdicts(check_gradients(network, leaves=weights)) == ["ok", "ok", "ok"]
    monkeypatch.setattr(TABLE["tanh"], "partials", (lambda x, out: 1.0 - out,))
    assert verdicts(check_gradients(network, leaves=weights)) == ["wrong", "wrong", "ok"]


def test_a_network_of_the_package():
    model = micrograd.nn.MLP(2, [4, 3, 1], activation="tanh", generator=random.Random(0))
    report = check_gradients(lambda x: (model(x) - 1.0) ** 2, [0.5, -1.5], leaves=model.parameters())
    assert verdicts(report) == ["ok"] * (2 + 12 + 15 + 4), report


# smooth expressions


@pytest.mark.parametrize("size", [1e-150, 1e-12, 1e-8, 1e-3, 1e3, 1e8, 1e12])
@pytest.mark.parametrize("f", [
    lambda x: 3.0 * x, lambda x: x * x, lambda x: 1.0 / x, lambda x: x.sqrt() if x > 0 else (-x).sqrt(),
    lambda x: abs(x).log(), lambda x: x.tanh(), lambda x: x.sigmoid(), lambda x: x.sin(), lambda x: 5.0 + x * x,
])  # fmt: skip
def test_magnitudes(f, size):
    for x in (0.7 * size, -size):
        report = check_gradients(f, x)
        assert report.ok and verdicts(report) == ["ok"], report


@pytest.mark.parametrize("size", [1e-8, 1e8])
def test_a_spoiled_partial_is_wrong_at_any_magnitude(size, monkeypatch):
    x = Value(0.7 * size)
    for name in ("mul", "log", "sqrt", "sin"):
        op = TABLE[name]
        with monkeypatch.context() as patch:
            patch.setattr(op, "partials", tuple([spoiled(p) for p in op.partials]))
            assert verdicts(check_gradients(apply(op, (x, 3.0)[: len(op.partials)]))) == ["wrong"], name


@pytest.mark.parametrize(
    ("f", "slope", "x", "digits"),
    [
        (math.exp, math.exp, 1.0, 1e-11),
        (math.sin, math.cos, 100.0, 1e-10),
        (math.log, lambda x: 1 / x, 1e-8, 1e-10),
        (math.atan, lambda x: 1 / (1 + x * x), 3.0, 1e-11),
        (lambda x: math.sin(1e8 * x), lambda x: 1e8 * math.cos(1e8 * x), 1.0, 1e-6),
    ],
)
def test_differences_are_far_better_than_naive_ones_and_know_their_error(f, slope, x, digits):
    (best, error), right, left = differences(f, x)
    true = slope(x)
    assert abs(best - true) <= digits * abs(true)
    assert abs(best - true) <= 10 * error
    assert error <= 100 * digits * abs(true)


def test_random_expressions_agree():
    draw = random.Random(2)
    names = ["add", "sub", "mul", "div", "exp", "log", "tanh", "sin", "sigmoid", "softplus", "atan", "hypot", "erf"]
    count = 0
    for _ in range(80):
        leaves = [Value(draw.uniform(-2, 2)) for _ in range(3)]
        pool = list(leaves)
        for _ in range(20):
            op = TABLE[draw.choice(names)]
            node = apply(op, tuple([draw.choice(pool) for _ in op.partials]))
            if math.isfinite(node.data) and abs(node.data) < 1e3:
                pool.append(node)
        report = check_gradients(pool[-1])
        assert verdicts(report) == ["ok"] * len(report.rows), report
        count += len(report.rows)
    assert count > 80


# kinks


@pytest.mark.parametrize(
    ("f", "x", "sides"),
    [
        (lambda x: x.relu(), 0.0, (0.0, 1.0)),
        (abs, 0.0, (-1.0, 1.0)),
        (lambda x: micrograd.maximum(x, 2.0 * x - 1.0), 1.0, (1.0, 2.0)),
        (lambda x: micrograd.minimum(x, 2.0 * x - 1.0), 1.0, (2.0, 1.0)),
        (lambda x: micrograd.maximum(x, 3.0), 3.0, (0.0, 1.0)),
        (lambda x: micrograd.minimum(x, 1e8), 1e8, (1.0, 0.0)),
        (lambda x: micrograd.maximum(x, 1e-8), 1e-8, (0.0, 1.0)),
        (lambda x: x if x > 0.0 else -x, 0.0, (-1.0, 1.0)),
        (lambda x: (x - 2.0).relu() * x.exp() + x * x, 2.0, (4.0, 4.0 + math.exp(2.0))),
    ],
)
def test_kinks_are_told_from_wrong_gradients(f, x, sides):
    (row,) = check_gradients(f, x).rows
    assert row.verdict == "kink"
    assert (row.left, row.right) == pytest.approx(sides, rel=1e-6, abs=1e-9)
    assert f" to {max(sides):.4g}"[:6] in repr(row)


@pytest.mark.parametrize(("name", "partial"), [("relu", 1.01), ("relu", -0.01), ("abs", 1.1), ("abs", -1.1)])
def test_a_wrong_gradient_at_a_kink_is_wrong(name, partial, monkeypatch):
    monkeypatch.setattr(TABLE[name], "partials", (partial,))
    assert verdicts(check_gradients(apply(TABLE[name], (Value(0.0),)))) == ["wrong"]


@pytest.mark.parametrize("distance", [1e-1, 1e-2, 1e-3, 1e-5])
def test_a_kink_nearby_disturbs_nothing(distance):
    for x in (0.3 + distance, 0.3 - distance):
        report = check_gradients(lambda v: (v - 0.3).relu() + v.tanh() + 5.0, x)
        assert verdicts(report) == ["ok"], report


# domains


def test_one_sided_where_the_other_side_is_nan():
    (row,) = check_gradients(lambda x: x**1.5, 0.0).rows
    assert row.verdict == "ok" and math.isnan(row.left) and abs(row.right) < 1e-3
    (row,) = check_gradients(lambda x: micrograd.where(x >= 1.0, x * x, nan), 1.0).rows
    assert row.verdict == "ok" and row.expected == pytest.approx(2.0, rel=1e-9)


def test_not_finite():
    for f, x in [(micrograd.sqrt, 0.0), (micrograd.asin, 1.0), (micrograd.log, -1.0), (lambda x: x * inf, 1.0)]:
        report = check_gradients(f, x)
        assert verdicts(report) == ["not finite"] and not report


# what can be checked, and what comes back


def test_the_report_is_an_aligned_table():
    x, y = Value(0.5, label="x"), Value(2.0)
    report = check_gradients(x.sin() * y + x.detach())
    lines = str(report).splitlines()
    assert [line.split()[0] for line in lines] == ["leaf", "x", "x1"]
    assert len({line.index(word) for line, word in zip(lines, ["verdict", "ok", "ok"])}) == 1
    assert report and report.raise_if_wrong() is None
    assert report.rows[0].leaf is x and report.rows[0].got == 2.0 * math.cos(0.5)


def test_functions_of_numbers_lists_values_and_arrays():
    weight = Value(3.0, label="w")
    report = check_gradients(lambda a, b, c: a * b[0] + b[1] * c, 0.5, [1.0, 2], weight)
    assert [(row.name, row.got) for row in report.rows] == [("x0", 1.0), ("x1[0]", 0.5), ("x1[1]", 3.0), ("w", 2.0)]
    assert all(row.leaf is not weight for row in report.rows)
    numpy = pytest.importorskip("numpy")
    report = check_gradients(lambda w: (w @ numpy.array([1.0, 2.0])).sum(), numpy.array([[1.0, 2.0], [3.0, 4.0]]))
    assert [row.got for row in report.rows] == [1.0, 2.0, 1.0, 2.0] and report.ok


def test_leaves_choose():
    w, x, unused = Value(2.0, label="w"), Value(3.0, label="x"), Value(1.0)
    assert [row.name for row in check_gradients(w * x, leaves=[x]).rows] == ["x"]
    report = check_gradients(lambda a: a * w, 5.0, leaves=[w, unused])
    assert [(row.name, row.got, row.verdict) for row in report.rows] == [
        ("x0", 2.0, "ok"),
        ("w", 5.0, "ok"),
        ("x1", 0.0, "ok"),
    ]
    assert check_gradients(w).rows[0].got == 1.0


def test_nothing_of_the_users_is_touched():
    w, x = Value(2.0), Value(3.0)
    root = w * x + w.exp()
    root.backward()
    w.grad += 0.25
    nodes = micrograd.topological(root)
    before = [(node.data, node.grad) for node in nodes]
    assert check_gradients(root) and check_gradients(lambda: w * x, leaves=[w])
    assert [(node.data, node.grad) for node in nodes] == before
    with pytest.raises(ZeroDivisionError):
        check_gradients(lambda a: a * w if w.data == 2.0 else 1 / 0, 1.0, leaves=[w])
    assert w.data == 2.0


def test_what_is_detached_is_constant():
    x = Value(2.0)
    assert check_gradients(x * x.detach()) and check_gradients(lambda v: v * v.detach(), 2.0)
    assert check_gradients(lambda v: micrograd.logsumexp([v, 2.0 * v, 1.0]), 0.3)


def test_a_lost_gradient_is_wrong():
    assert verdicts(check_gradients(lambda x: x.data**2, 3.0)) == ["wrong"]
    assert verdicts(check_gradients(lambda x: x * x.data, 3.0)) == ["wrong"]
    assert verdicts(check_gradients(lambda x: 1.0, 3.0)) == ["ok"]


def test_bad_input():
    x = Value(2.0)
    root = x * x
    with pytest.raises(TypeError, match="a function of Values or a Value, got float 3.0"):
        check_gradients(3.0)
    with pytest.raises(TypeError, match="no inputs beside a Value"):
        check_gradients(root, 1.0)
    with pytest.raises(TypeError, match="expected leaves"):
        check_gradients(root, leaves=[root])
    with pytest.raises(TypeError, match="got str"):
        check_gradients(lambda v: "text", 1.0)
    draw = random.Random(0)
    with pytest.raises(ValueError, match="same number"):
        check_gradients(lambda v: v * draw.random(), 1.0)
    x.data = 3.0
    with pytest.raises(ValueError, match="have not changed"):
        check_gradients(root)


def test_a_large_graph_with_few_leaves():
    x, y = Value(0.5), Value(0.25)
    node = x
    for _ in range(25_000):
        node = (node * 0.9999 + y * 0.0001) + 0.0
    report = check_gradients(node.tanh() * x)
    assert verdicts(report) == ["ok", "ok"], report


# why_nan


def test_all_finite():
    x = Value(2.0)
    assert why_nan(x) is None and why_nan(x.log() * x) is None
    assert why_nan(micrograd.where(Value(-1.0) > 0.0, Value(-1.0).log(), 0.0)) is None  # not taken, no leak
    x = Value(-1.0)
    assert why_nan(micrograd.where(x > 0.0, x.sqrt(), 0.0 * x)) is None


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda x: x.log() * 2.0 + 1.0, "forward: log(x) of x = -1.0 is nan"),
        (lambda x: (x * 1000.0).exp().log() - (x + 1.0).log(), "forward: log(x) of x = 0.0 is -inf"),
        (lambda x: x / 0.0, "forward: div(x, 0.0) of x = -1.0 is -inf"),
        (lambda x: 1.0 / (x + 1.0), "forward: div(1.0, x) of x = 0.0 is inf"),
        (lambda x: (x - 1e200) * (x - 1e200), "forward: mul(x, y) of x = -1e+200, y = -1e+200 is inf"),
        (lambda x: x + Value(nan, label="bias"), "forward: the leaf bias is nan to begin with"),
        (lambda x: (x + Value(inf)).exp(), "forward: a leaf without a label is inf to begin with"),
        (lambda x: x * inf, "forward: mul(x, inf) of x = -1.0 is -inf"),
        (lambda x: micrograd.where(x > 0.0, x.sqrt(), x.log()), "forward: log(x) of x = -1.0 is nan"),
        (
            lambda x: (x + 1.0).sqrt(),
            "backward: sqrt(x) of x = 0.0 is 0.0, but passes inf to x: local derivative inf times adjoint 1.0",
        ),
        (lambda x: ((x * 1e-200) * 1e200) * 1e200 * 1e200, "forward: mul(x, 1e+200) of x = -1e+200 is -inf"),
    ],
)
def test_the_sentence(build, sentence):
    assert str(why_nan(build(Value(-1.0)))) == sentence


def test_labels_and_fields():
    z = Value(-4.0, label="z")
    h = z.sqrt()
    h.label = "h"
    fault = why_nan(h + 1.0)
    assert str(fault) == "forward: sqrt(z) of z = -4.0 (labelled h) is nan"
    assert (fault.direction, fault.op, fault.operands, fault.label) == ("forward", "sqrt", (-4.0,), "h")
    assert fault.node is h
    assert fault.partial is fault.adjoint is fault.operand is fault.line is None


def test_names_do_not_clash():
    y, other = Value(0.0, label="x"), Value(0.0)
    assert str(why_nan(other / y)) == "forward: div(y, x) of y = 0.0, x = 0.0 is nan"


def test_backward():
    x = Value(0.0, label="x")
    root = 3.0 * x.sqrt()
    x.grad = 7.0
    fault = why_nan(root)
    assert (fault.direction, fault.op, fault.operands) == ("backward", "sqrt", (0.0,))
    assert (fault.partial, fault.adjoint, fault.operand) == (inf, 3.0, x)
    assert [node.grad for node in micrograd.topological(root)] == [7.0, 0.0, 0.0]
    root.backward()
    assert x.grad == inf


def test_backward_overflow_of_a_product_and_of_a_sum():
    x = Value(1e-200)
    assert why_nan(((x * 1e200) * 1e200) * 1e-100 * 1e-100) is None
    fault = why_nan((Value(1e-300) * 1e250) * 1e250)
    assert fault.direction == "backward" and fault.adjoint == 1e250 and fault.partial == 1e250
    z = Value(0.5e-308)
    fault = why_nan(z * 1e308 + z * 1e308)
    assert "added to what x has already" in str(fault) and math.isfinite(fault.partial * fault.adjoint)


def test_backward_agrees_with_backward_on_random_graphs():
    draw = random.Random(3)
    found = {"forward": 0, "backward": 0, "none": 0}
    names = ["add", "mul", "div", "exp", "log", "sqrt", "abs", "relu", "maximum", "hypot"]
    for _ in range(800):
        pool = [Value(draw.choice([0.0, 1.0, -1.0, 30.0, 1e-200])) for _ in range(3)]
        for _ in range(8):
            op = TABLE[draw.choice(names)]
            pool.append(apply(op, tuple([draw.choice(pool) for _ in op.partials])))
        root, fault = pool[-1], why_nan(pool[-1])
        nodes = micrograd.topological(root)
        root.backward()
        forward = all(math.isfinite(node.data) for node in nodes)
        backward = all(math.isfinite(node.grad) for node in nodes)
        kind = "none" if fault is None else fault.direction
        assert kind == ("forward" if not forward else "backward" if not backward else "none")
        if kind == "forward":
            assert not math.isfinite(fault.node.data) and all(math.isfinite(x) for x in fault.operands)
        elif kind == "backward":
            assert math.isfinite(fault.adjoint) and fault.adjoint == fault.node.grad
            assert not math.isfinite(fault.operand.grad)
        found[kind] += 1
    assert min(found.values()) > 20


def test_a_million_deep():
    x = Value(0.0)
    node = x.sqrt()
    for _ in range(1_000_000):
        node = node + 1.0
    fault = why_nan(node)
    assert (fault.direction, fault.op) == ("backward", "sqrt")
    assert why_nan(node.log() + Value(-1.0).log()).op == "log"


def test_why_nan_refuses_what_is_no_value():
    with pytest.raises(TypeError, match="expects a Value, got float nan"):
        why_nan(nan)


# recording


def here():
    return sys._getframe(1).f_lineno


def test_recording_names_the_line():
    x = Value(-1.0)
    with recording() as lines:
        y = x * 2.0
        z, line = y.log(), here()
        root = micrograd.mean([z, y])
    assert lines.line(z) == (__file__, line) and lines.line(x) is None
    fault = why_nan(root, lines)
    assert fault.line == (__file__, line)
    assert str(fault).startswith("forward: log(x) of x = -2.0 is nan, made at ")
    assert str(fault).endswith(f"test_check.py:{line}: z, line = y.log(), here()")
    assert why_nan(root, recorded=lines).line == fault.line


def test_recording_names_the_users_line_not_the_packages():
    with recording() as lines:
        leaf, line = Value(1.0), here()
        root = micrograd.softmax([leaf, 2.0])[0]
        again = sum([leaf, +leaf])
    assert isinstance(leaf, Leaf) and lines.line(leaf) == (__file__, line)
    assert [lines.line(node) for node in root._prev] == [(__file__, line + 1)] * 2
    assert lines.line(again) == (__file__, line + 2)


def test_the_profiler_before_comes_back():
    calls = []

    def profiler(frame, event, arg):
        calls.append(event)

    before = sys.getprofile()
    try:
        sys.setprofile(profiler)
        with pytest.raises(KeyError):
            with recording():
                raise KeyError("on purpose")
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)
    assert calls
    with recording() as outer:
        with recording() as inner:
            x = Value(1.0) + 1.0
        y = x * 2.0
    assert sys.getprofile() is before
    assert inner.line(x) and outer.line(y) and inner.line(y) is None


def test_a_profiler_written_in_c_is_refused_or_left_alone():
    profile = cProfile.Profile()
    profile.enable()
    try:
        if sys.getprofile() is profile:  # before Python 3.12
            with pytest.raises(RuntimeError, match="expected no profiler written in C, got <cProfile"):
                with recording():
                    pass
        else:
            with recording() as lines:
                assert lines.line(Value(1.0) + 1.0)
    finally:
        profile.disable()
    assert any("enable" in str(entry.code) or "getprofile" in str(entry.code) for entry in profile.getstats())


def test_what_died_is_forgotten():
    with recording() as lines:
        for i in range(1000):
            kept = Value(float(i)) * 2.0
    gc.collect()
    assert len(lines.lines) == 2 and lines.line(kept)
    assert not [node for node in [Value(1.0) + 1.0 for _ in range(2000)] if lines.line(node)]
