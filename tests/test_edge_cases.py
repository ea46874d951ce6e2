"""The published conventions: every row of the tables in `micrograd.edge_cases` is executed."""

from __future__ import annotations

import math
import random

import pytest
from mpmath import mp
from reference import derivative, ulps
from same import near, read, same

import micrograd
from micrograd import Value, functions, topological
from micrograd.derivatives import gradient
from micrograd.edge_cases import table
from micrograd.ops import TABLE

NAMES = {"inf": math.inf, "nan": math.nan, **{name: getattr(micrograd, name, None) for name in TABLE}}
ROWS = [pytest.param(*row, id=f"{row[0]} at {', '.join(map(str, row[1]))}") for row in table()]


def evaluated(expression, arguments, names=NAMES):
    """The expression with x, y bound to the arguments."""
    return eval(expression, {**names, **dict(zip("xy", arguments))})  # noqa: S307


@pytest.mark.parametrize("expression, arguments, expected, _", ROWS)
def test_backward(expression, arguments, expected, _):
    xs = [Value(x) for x in arguments]
    out = evaluated(expression, xs)
    out.backward()
    assert same((out.data, *[x.grad for x in xs]), expected)


@pytest.mark.parametrize("expression, arguments, expected, _", ROWS)
def test_value_of_plain_floats(expression, arguments, expected, _):
    """The functions give floats what they give Values, but for Python's own operators, which raise."""
    try:
        got = evaluated(expression, arguments)
    except (ZeroDivisionError, OverflowError):
        assert "/" in expression or "**" in expression
        return
    if isinstance(got, complex):
        assert "**" in expression
        return
    assert same(float(got), expected[0])


@pytest.mark.parametrize("expression, arguments, expected, _", ROWS)
def test_gradient_graph(expression, arguments, expected, _):
    xs = [Value(x) for x in arguments]
    out = evaluated(expression, xs)
    assert same(read([g.data for g in gradient(out, xs)]), expected[1:])


def in_a_graph(expression, arguments):
    xs = [Value(x) for x in arguments]
    return [g.data for g in gradient(evaluated(expression, xs), xs)]


def compiled(backend):
    programs = {}

    def derivatives(expression, arguments):
        pytest.importorskip("numpy")
        if backend == "llvm":
            pytest.importorskip("llvmlite")
        if expression not in programs:
            xs = [Value(0.5) for _ in arguments]
            programs[expression] = micrograd.compile(evaluated(expression, xs), xs, backend=backend)
        return programs[expression].input_gradients([arguments])[1][0].tolist()

    return derivatives


OTHERS = [
    pytest.param(in_a_graph, id="graph"),
    pytest.param(compiled("llvm"), id="llvm"),
    pytest.param(compiled("numpy"), id="numpy"),
]


@pytest.mark.parametrize("derivatives", OTHERS)
def test_what_is_said_of_gradient_graphs_and_compiled_code(derivatives):
    """The right numbers are those of `backward`. When one of these becomes right too, the text is to say so."""
    text = " ".join(micrograd.edge_cases.__doc__.split())
    for expression, arguments, said, expected, words in [
        ("x**y", (1e-310, 1e-310), math.inf, 1.0, "inf at (1e-310, 1e-310) in place of 1"),
        ("x**y", (-1.0, 2.0**53 + 2.0), 2.0**53 + 2.0, -(2.0**53) - 2.0, "9.007199254740994e15 at (-1, 2**53 + 2)"),
        ("x**y", (-1.0, 1e-20), -1e-20, math.nan, "-1e-20 at (-1, 1e-20) in place of nan"),
        ("hypot(x, y)", (1.7e308, 1.7e308), 0.0, 0.7071067811865476, "0 where that overflows, at (1.7e308, 1.7e308)"),
        ("atan2(y, x)", (1.7e308, 1.7e308), 0.0, -2.941176470588236e-309, "0 at (1.7e308, 1.7e308) in place of 2.94"),
    ]:
        assert words in text
        x, y = Value(arguments[0]), Value(arguments[1])
        evaluated(expression, [x, y]).backward()
        right = derivatives is not in_a_graph
        assert same([x.grad, read(derivatives(expression, arguments))[0]], [expected, expected if right else said])


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_compiled_derivatives_of_hypot_over_the_whole_range(backend):
    pytest.importorskip("llvmlite" if backend == "llvm" else "numpy")
    ends = [0.0, -0.0, 5e-324, -1e-310, 3e-308, 1e-200, -1e-136, 1e-135, 1.0, -3.0, 1e150, 1e151, -1e200, 1.7e308]
    pairs = [(a, b) for a in ends for b in ends]
    program = micrograd.compile(lambda x: functions.hypot(*x), 2, parameters=[], backend=backend)
    found = program.input_gradients(pairs)[1].tolist()
    for pair, got in zip(pairs, found):
        x, y = map(Value, pair)
        functions.hypot(x, y).backward()
        assert near(got, [x.grad, y.grad], 2.0), pair


@pytest.mark.parametrize("derivatives", OTHERS)
def test_the_bound_on_powers(derivatives):
    draw, errors = random.Random(7), []
    for exponent in (0.1, 0.3, -0.1, -1.3, 1.1, 5.0, 0.5, -0.7):
        ends = [draw.choice([1, -1]) * draw.uniform(250.0, 300.0) / max(1.0, abs(exponent - 1.0)) for _ in range(4)]
        for x in [10.0**end for end in ends] + [0.7, 3.0]:
            true = derivative(mp.power, (x, exponent), 0)
            errors.append(ulps(derivatives(f"x**{exponent}", (x,))[0], true))
            lost = abs((exponent - 1.0) * math.log(x)) if derivatives is in_a_graph else 0.0
            assert errors[-1] <= lost + 4.0, (x, exponent)
            y = Value(x)
            (y**exponent).backward()
            assert ulps(y.grad, true) <= 4.0
        for x in (0.0, -0.0, -0.5):
            y = Value(x)
            (y**exponent).backward()
            assert near(read(derivatives(f"x**{exponent}", (x,))), [y.grad], 4.0), (x, exponent)
    assert (max(errors) > 50.0) == (derivatives is in_a_graph)


def test_the_last_column_says_what_pytorch_does():
    torch = pytest.importorskip("torch")

    def tensor(x):
        return x if isinstance(x, torch.Tensor) else torch.tensor(float(x), dtype=torch.float64)

    def on_tensors(name):
        function = getattr(torch, name, None) or getattr(torch.nn.functional, name, None)
        return lambda *args: function(*map(tensor, args))

    names = {"inf": math.inf, "nan": math.nan, **{name: on_tensors(name) for name in TABLE}}
    names["where"], names["detach"] = torch.where, torch.Tensor.detach
    differences = []
    for expression, arguments, _, in_pytorch in table():
        xs = [tensor(x).requires_grad_() for x in arguments]
        if in_pytorch is None:
            with pytest.raises((RuntimeError, TypeError)):
                evaluated(expression, xs, names)
            continue
        out = evaluated(expression, xs, names)
        if out.requires_grad:
            out.backward()
        got = [out.item(), *[0.0 if x.grad is None else x.grad.item() for x in xs]]
        if got != pytest.approx(in_pytorch, rel=1e-15, abs=0, nan_ok=True):
            differences.append((expression, arguments, in_pytorch, got))
    assert differences == []


def test_the_table_is_large_and_has_no_row_twice():
    rows = [row[:2] for row in table()]
    assert len(rows) > 120
    assert len({repr(row) for row in rows}) == len(rows)


def test_every_row_of_the_table_of_primitives_appears():
    """A new primitive must say what it does at its edges."""
    written = set()
    for expression, arguments, *_ in table():
        written |= {node.op for node in topological(evaluated(expression, [Value(x) for x in arguments]))}
    assert set(TABLE.values()) - written == set()


def test_an_error_says_why_the_table_is_gone(monkeypatch):
    monkeypatch.setattr("micrograd.edge_cases.__doc__", None)
    with pytest.raises(RuntimeError, match="python -OO"):
        table()
