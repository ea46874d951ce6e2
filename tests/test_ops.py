"""Every row of the table against mpmath: values, local derivatives and second derivatives, on floats and on Values.

A new row is tested by itself: mpmath's function of the same name is its reference (`reference.OTHER_NAMES` for the
others); a row that mpmath does not know is compared with differences of its own values.

Wherever the true result fits a float, local derivatives are within 4 ulp and values within 3. What each row reaches is
printed by `python tests/test_ops.py`; with glibc 2.36, the largest over all operands:

    0      add sub mul neg abs relu maximum minimum where, comparisons
    0.5    exp expm1 log sin cos
    1.0    asin acos sinh
    1.6    div sqrt hypot tan log1p pow cosh
    2.4    gaussian atan2 softplus atan erf tanh sech2
    3.7    sigmoid
"""

from __future__ import annotations

import doctest
import itertools
import math
import operator
import random

import pytest
from mpmath import mp
from reference import derivative, exact, second_derivative, ulps, value
from same import near, read, same

import micrograd
from micrograd import Value, ops
from micrograd.engine import apply
from micrograd.ops import TABLE

inf, nan, largest = math.inf, math.nan, 1.7976931348623157e308
ROWS = [pytest.param(op, id=op.name) for op in TABLE.values()]

MAGNITUDES = [
    5e-324, 1e-320, 2.2250738585072014e-308, 1e-300, 1e-200, 1e-155, 1e-20, 1e-16, 1e-10, 1e-8, 1e-5, 1e-3, 0.1, 0.25,
    0.3, 0.5, 0.7, 0.9, 0.999, 1 - 2**-53, 1.0, 1 + 2**-52, 1.1, math.pi / 2, math.pi / 2 + 2**-51, 2.0, 3.0, math.pi,
    5.0, 7.5, 10.0, 19.0, 20.0, 22.0, 26.0, 26.6, 36.7, 40.0, 100.0, 355.0, 372.0, 700.0, 709.7, 710.0, 720.0, 744.0,
    1e3, 1e5, 1e10, 1e16, 1e22, 1e100, 1e155, 1e200, 1e300, 1.7e308,
]  # fmt: skip
HARD = [  # where a search over 10⁵ points found the largest errors of sinh, tanh, sigmoid, erf, atan, softplus
    0.09836706984233601,
    0.24375029191506847,
    0.552484863681127,
    0.7907793124192215,
    2.675831889782597,
    2.774655904247355,
    3.485092282179462,
    3.494033723369423,
    5.541357097577226,
    6.265137633915067,
]
PAIRED = [5e-324, 3e-320, 1e-300, 1e-200, 1e-155, 1.7e-9, 0.1, 0.5, 1.0, 1.3, 3.0, 20.0, 1000.1, 1e155, 1e200, 1.7e308]
EXPONENTS = [0.1, 0.3, 0.001, -0.1, -1.3, 2.0, 3.0, -2.0, 1.1, -0.7, 1e-20, 1000.1]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e15, -1e15, inf, -inf, nan]
MADE_OF_THE_VALUE = {("div", 1), ("gaussian", 0)}  # where that is subnormal, these lose digits with it


def signed(magnitudes):
    return [sign * x for x in magnitudes for sign in (1.0, -1.0)]


def points(op):
    """Arguments for a row: a grid that reaches the ends of the range of floats, and random points in between."""
    draw = random.Random(op.name)

    def some():
        wide = draw.choice([1, -1]) * 10 ** draw.uniform(-20, 20)
        return draw.choice([draw.uniform(-3, 3), draw.uniform(-40, 40), wide])

    if len(op.partials) == 1:
        return [(x,) for x in signed(MAGNITUDES + HARD) + [some() for _ in range(60)]]
    if len(op.partials) == 2:
        grid = list(itertools.product(PAIRED, PAIRED))
        signs = [(x, y) for x, y in itertools.product(signed(PAIRED[::3]), signed(PAIRED[1::2])) if min(x, y) < 0.0]
        powers = [(10 ** draw.uniform(-300, 300), y) for y in EXPONENTS for _ in range(3)]
        subnormal = [(x, draw.uniform(-1070, -1030) / math.log2(x)) for x in (0.1, 0.5001, 0.99, 1.01, 3.0, 17.0, 1e5)]
        few_digits = [(1.5e-309, 1.2e-315), (1.2e-315, -1.5e-309), (-2e-317, 2.5e-317)]
        return grid + signs + powers + subnormal + few_digits + [(some(), some()) for _ in range(60)]
    return [(draw.choice([0.0, some()]), *[some() for _ in op.partials[1:]]) for _ in range(120)]


def tame(op):
    """Arguments of moderate size, no two equal, for which the row's derivatives are neither tiny nor huge."""
    draw = random.Random(op.name)
    for _ in range(25):
        args = tuple([draw.uniform(-1.2, 1.8) for _ in op.partials])
        smooth = all(1e-3 < abs(local) < 1e3 or local == 0.0 for local in locals_of(op, args))
        if smooth and math.isfinite(op.forward(*args)):
            yield args


def locals_of(op, args):
    out = op.forward(*args)
    return [op.local(i, args, out) for i in range(len(args))]


def value_ulps(op):
    """(ulps, args) of the row's value at its points; outside the real domain the value must be nan."""
    for args in points(op):
        true, got = value(exact(op.name), args), op.forward(*args)
        if mp.isfinite(true):
            yield ulps(got, true), args
        elif mp.isnan(true):
            yield (0.0 if math.isnan(got) else inf), args


def partial_ulps(op, i):
    """(ulps, args) of the local derivative for operand i, wherever there is one."""
    for args in points(op):
        out = op.forward(*args)
        if (op.name, i) in MADE_OF_THE_VALUE and abs(out) < 2.3e-308:
            continue
        true = derivative(exact(op.name), args, i)
        if true is not None:
            yield ulps(op.local(i, args, out), true), args


def worst(errors):
    """The largest error with its arguments, and how many there are."""
    errors = list(errors)
    return *max(errors), len(errors)


def known(op):
    if exact(op.name) is None:
        pytest.skip(f"mpmath has no {op.name}; see test_partials_against_differences")


@pytest.mark.parametrize("op", ROWS)
def test_values(op):
    known(op)
    error, args, count = worst(value_ulps(op))
    assert error <= 3.0, args
    assert count > 40


@pytest.mark.parametrize("op", ROWS)
def test_partials(op):
    known(op)
    if op.name == "detach":
        assert op.partials == (0.0,)  # by its definition, not by that of its value
        return
    for i in range(len(op.partials)):
        error, args, count = worst(partial_ulps(op, i))
        assert error <= 4.0, (i, args)
        assert count > 40


@pytest.mark.parametrize("op", ROWS)
def test_partials_against_differences(op):
    if op.name == "detach":
        return
    for args in tame(op):
        for i, local in enumerate(locals_of(op, args)):
            assert local == pytest.approx(difference(op.forward, args, i), rel=1e-7, abs=1e-7), args


def difference(f, args, i):
    """A central difference, extrapolated twice (Richardson): its error is of order step⁶."""

    def central(step):
        right, left = [f(*args[:i], args[i] + shift, *args[i + 1 :]) for shift in (step, -step)]
        return (right - left) / (2 * step)

    a, b, c = [central(step) for step in (4e-4, 2e-4, 1e-4)]
    a, b = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * b - a) / 15


@pytest.mark.parametrize("op", ROWS)
def test_second_derivatives_through_the_graph_of_a_partial(op):
    known(op)
    if op.name == "detach":
        return
    for args in tame(op):
        for i in range(len(args)):
            xs = [Value(x) for x in args]
            slope = op.local(i, tuple(xs), apply(op, tuple(xs)))
            if isinstance(slope, Value):
                slope.backward()
            for j, x in enumerate(xs):
                true = float(second_derivative(exact(op.name), args, i, j))
                assert x.grad == pytest.approx(true, rel=1e-9, abs=1e-9), (args, i, j)


def edge_points(op):
    special = SPECIAL if len(op.partials) <= 2 else [0.0, 1.0, -2.5, inf, nan]
    return list(itertools.product(special, repeat=len(op.partials)))


@pytest.mark.parametrize("op", ROWS)
def test_total_and_the_same_on_floats_and_values(op):
    """No exception and no complex number anywhere, and a partial means the same on Values, nan and inf included."""
    for args in edge_points(op) + list(tame(op)):
        out = op.forward(*args)
        assert out.__class__ is float
        xs = tuple([Value(x) for x in args])
        node = apply(op, xs)
        assert same(node.data, out)
        for i, local in enumerate(locals_of(op, args)):
            assert local.__class__ is float
            assert same(node.partials[i], local), (args, i)
            graph = op.local(i, xs, node)
            graph = graph.data if isinstance(graph, Value) else graph
            assert near(read([graph]), read([local]), 4096.0), (args, i)


PYTHON = {"div": "truediv", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
MIRRORED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}


def spellings(op):
    """The ways to write a row: operator, function, method."""
    in_python = getattr(operator, PYTHON.get(op.name, op.name), None)
    found = [in_python, getattr(micrograd, op.name, None), getattr(Value, op.name, None)]
    return [f for f in found if f is not None]


def mixtures(args):
    """args with Values in place of some numbers, and of all; whole numbers as ints."""
    for chosen in range(1, 2 ** len(args)):
        yield [Value(x) if chosen >> i & 1 else int(x) if x == int(x) else x for i, x in enumerate(args)]


@pytest.mark.parametrize("op", ROWS)
def test_operator_function_and_method_are_the_row(op):
    """Whichever operand is a Value, a float or an int: the same number, operands and partials."""
    args = [1.0, 0.5, 2.0][: len(op.partials)]
    assert spellings(op)
    for write in spellings(op):
        for mixed in mixtures(args):
            if not isinstance(mixed[0], Value) and (write is getattr(Value, op.name, None) or op.name == "where"):
                continue  # a method needs a Value; where of a plain condition chooses at once and makes no node
            out = write(*mixed)
            assert out.data == op.forward(*args)
            if out.op is not op:  # Python turns 1 < x into x > 1
                assert out.op.name == MIRRORED[op.name]
                mixed.reverse()
            assert all(x is y if isinstance(y, Value) else x == y and type(x) is float for x, y in zip(out.args, mixed))
            numbers = tuple([float(x.data if isinstance(x, Value) else x) for x in mixed])
            slopes = locals_of(out.op, numbers)
            assert list(out.partials) == [d if isinstance(x, Value) else 0.0 for d, x in zip(slopes, mixed)]


@pytest.mark.parametrize("op", ROWS)
def test_row_speaks_for_itself(op):
    assert repr(op) == f"<Op {op.name}>"
    assert op.symbol and op.latex.format(*"xyz")
    assert len(op.binding) >= 1 + len(op.partials)
    assert TABLE[op.name] is op and micrograd.ops.find(op.name) is op
    for test in doctest.DocTestFinder().find(op.forward, op.name, globs=vars(ops)) if op.definition else []:
        assert doctest.DocTestRunner().run(test).failed == 0


def test_find_says_which_names_there_are():
    with pytest.raises(ValueError, match=r"expected the name of a primitive \(add, .*\), got 'tanhh'"):
        micrograd.ops.find("tanhh")


def report():
    """What each row reaches, in ulps, as in the table at the top of this file."""
    for op in TABLE.values():
        if exact(op.name) is not None and op.name != "detach":
            partials = [f"{worst(partial_ulps(op, i))[0]:.2f}" for i in range(len(op.partials))]
            print(f"    {op.name:14} {worst(value_ulps(op))[0]:.2f}   ", *partials)


if __name__ == "__main__":
    report()
