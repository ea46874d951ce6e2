"""The functions on plain numbers: IEEE 754 to the last special case (NumPy is the reference), and what they refuse."""

from __future__ import annotations

import itertools
import math

import numpy
import pytest
from same import near, same

import micrograd
from micrograd import Value, functions
from micrograd.ops import TABLE

inf, nan = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-310, 710.0, -750.0, 1e300, -1e300, inf, -inf, nan]
UNARY = {
    "exp": numpy.exp, "expm1": numpy.expm1, "log": numpy.log, "log1p": numpy.log1p, "sqrt": numpy.sqrt,
    "abs": numpy.abs, "sin": numpy.sin, "cos": numpy.cos, "tan": numpy.tan, "sinh": numpy.sinh, "cosh": numpy.cosh,
    "tanh": numpy.tanh, "asin": numpy.arcsin, "acos": numpy.arccos, "atan": numpy.arctan,
    "softplus": lambda x: numpy.logaddexp(x, 0.0), "sigmoid": lambda x: 1.0 / (1.0 + numpy.exp(-x)),
    "relu": lambda x: numpy.maximum(x, 0.0), "gaussian": lambda x: numpy.exp(-x * x), "detach": numpy.positive,
    "round": numpy.rint,
    "erf": lambda x: numpy.float64(math.erf(x)), "sech2": lambda x: 1.0 / numpy.cosh(x) / numpy.cosh(x),
}  # fmt: skip
BINARY = {
    "div": numpy.divide,
    "pow": numpy.float_power,
    "atan2": numpy.arctan2,
    "hypot": numpy.hypot,
    "copysign": numpy.copysign,
    "maximum": numpy.maximum,
    "minimum": numpy.minimum,
}
ARITY = {  # of all that is called by its name, but `where`, which takes a condition
    name: len(op.partials) for name, op in TABLE.items() if hasattr(micrograd, name) and name != "where"
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_special_cases(name):
    function, reference = getattr(micrograd, name), UNARY.get(name) or BINARY[name]
    for args in itertools.product(SPECIAL, repeat=1 if name in UNARY else 2):
        got = function(*args)
        assert got.__class__ is float
        if name in ("maximum", "minimum") and args in [(0.0, -0.0), (-0.0, 0.0)]:
            assert same(got, args[0])  # the first of equals
        elif name == "relu" and args == (-0.0,):
            assert same(got, 0.0)
        else:
            assert near(got, float(reference(*map(numpy.float64, args))), 8.0), (args, got)


def test_every_function_is_tested_here():
    written = {name for name, f in vars(functions).items() if getattr(f, "__module__", "") == functions.__name__}
    assert written - {"where"} == {*UNARY, *BINARY}
    assert ARITY.items() >= {**dict.fromkeys(UNARY, 1), **dict.fromkeys(BINARY, 2)}.items()


@pytest.mark.parametrize("name", ARITY)
def test_numbers_of_every_kind(name):
    """int, bool and NumPy scalars count as numbers, and the result is always a plain float."""
    function, count = getattr(micrograd, name), ARITY[name]
    expected = function(*[1.0] * count)
    kinds = [1, True, numpy.float64(1), numpy.float32(1), numpy.int8(1), numpy.uint64(1), numpy.bool_(True)]
    for args in itertools.product(kinds, repeat=count):
        got = function(*args)
        assert got == expected and got.__class__ is float


@pytest.mark.parametrize("name", ARITY)
@pytest.mark.parametrize("wrong", ["1", "one", None, 1j, [1.0], (1.0,), {}, b"1", numpy.ones(2), object], ids=repr)
def test_what_is_no_number(name, wrong):
    function = getattr(micrograd, name)
    calls = [(wrong, 1.0), (1.0, wrong), (wrong, wrong), (wrong, Value(1.0)), (Value(1.0), wrong)]
    for args in [(wrong,)] if ARITY[name] == 1 else calls:
        with pytest.raises(TypeError, match="expected a number"):
            function(*args)


@pytest.mark.parametrize("name", ARITY)
def test_ints_beyond_the_floats(name):
    function = getattr(micrograd, name)
    for args in [(10**400,)] if ARITY[name] == 1 else [(10**400, 1.0), (1.0, -(10**400)), (Value(1.0), 10**400)]:
        with pytest.raises(ValueError, match="expected a number that fits a float"):
            function(*args)


def test_where():
    x = Value(3.0)
    assert micrograd.where(True, 1, 2) == 1.0 and micrograd.where(0.0, 1, 2) == 2.0
    assert micrograd.where(numpy.bool_(False), 1, numpy.float32(2)).__class__ is float
    assert micrograd.where(True, x, 2.0) is x  # a plain condition chooses at once
    out = micrograd.where(x > 2.0, x, 7)
    assert (out.op.name, out.data, out.args[1:]) == ("where", 3.0, (x, 7.0))
    assert (x > 2.0).where(1, x).data == 1.0
    with pytest.raises(TypeError, match="expected a number"):
        micrograd.where(x, "a", 1.0)
    with pytest.raises(TypeError, match="expected a number"):
        micrograd.where(True, None, 1.0)


def test_an_exponent_next_to_an_odd_one_is_not_odd():
    odd = [-1.0, -3.0, -(2.0**52 + 1.0)]
    for y in (*odd, math.nextafter(-1.0, 0.0), math.nextafter(-1.0, -2.0), -2.5, -(2.0**53)):
        assert same([micrograd.pow(-0.0, y), micrograd.pow(0.0, y)], [-inf if y in odd else inf, inf])


def test_long_values_are_shortened_in_messages():
    with pytest.raises(TypeError) as caught:
        micrograd.exp("9" * 1000)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("number", [30.0, 1e155, 1e308, -1.7e308])
def test_the_derivative_of_gaussian_far_out_is_zero(number):
    x = Value(number)
    micrograd.gaussian(x).backward()
    assert same(x.grad, 0.0)
