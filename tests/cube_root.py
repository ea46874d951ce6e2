"""A primitive that README's recipe added, from eager code to machine code: `test_new_primitive` runs this on a copy."""

from __future__ import annotations

import math
import re

import pytest

import micrograd
from micrograd import Value, derivative, draw, explain, explore, formula, gradient
from micrograd.ops import TABLE, find

cbrt, CBRT = getattr(micrograd, "cbrt", None), TABLE.get("cbrt")  # None where nobody runs this
POINTS = [-8.0, -2.5, -1e-300, 1e-310, 0.3, 1.0, 27.0, 1e200]


def slope(x):
    return 1.0 / (3.0 * cbrt(x) ** 2)


def test_on_numbers_on_values_and_in_help():
    x = Value(-8.0)
    y = x.cbrt() + cbrt(x) * 2.0
    y.backward()
    assert (y.data, x.grad, cbrt(-8), len(y._prev)) == (-6.0, 0.25, -2.0, 2)
    assert math.copysign(1.0, cbrt(-0.0)) == -1.0
    assert cbrt.__doc__.startswith("The cube root") and "The cube root" in Value.cbrt.__doc__
    assert micrograd.cbrt is cbrt and "cbrt" in micrograd.__all__ and micrograd.ops.CBRT is CBRT


def test_derivatives_of_higher_order():
    x = Value(8.0)
    assert gradient(gradient(cbrt(x), x), x).data == pytest.approx(-2.0 / 9.0 * 8.0 ** (-5.0 / 3.0), rel=1e-14)
    assert derivative(cbrt, 8.0, order=3) == pytest.approx(10.0 / 27.0 * 8.0 ** (-8.0 / 3.0), rel=1e-14)


def test_formula_and_pictures():
    x = Value(8.0, "x")
    y = cbrt(2.0 * x)
    y.backward()
    assert str(formula(y, {})) == "∛(2x)" and formula(y, {}).latex == r"\sqrt[3]{2 x}"
    assert "= 2/(3f²)\n" in str(explain(y, x, {})) and "∛" in draw(y, {}).svg


def test_cost_is_that_of_the_definition():
    parts = "abs log div exp abs mul div sub div sub abs greater abs less mul copysign where"
    assert CBRT.cost == sum(find(name).cost for name in parts.split())


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_compiled(backend):
    program = micrograd.compile(lambda x: x[0].cbrt(), 1, parameters=[], backend=backend)
    values, slopes = program.input_gradients([[x] for x in POINTS])
    assert "cbrt" not in program.source  # no number is handed to Python
    assert values.ravel().tolist() == pytest.approx([cbrt(x) for x in POINTS], rel=1e-15)
    assert slopes.ravel().tolist() == pytest.approx([slope(x) for x in POINTS], rel=4e-15)


def test_in_a_page():
    """As the definition, whose values on every target are tested with those of the other rows."""
    page = explore(cbrt(Value(8.0, "x")), {}).html
    [rule] = re.findall(r'^"cbrt": {forward: (.*), locals: \[(.*)\], selects: false}$', page, re.M)
    assert "Math.log" in rule[0] and " copysign(" in rule[0]
    assert rule[1] == "(x1, out) => 1 / (3 * out * out)"
