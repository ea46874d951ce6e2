"""What a Value works with: numbers of every kind and NumPy arrays; and what it refuses, with which words."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from same import same

from micrograd import Value, compile


def gradients(root, *xs):
    """∂root/∂x for each x, by `backward`."""
    for x in xs:
        x.grad = 0.0
    root.backward()
    return [x.grad for x in xs]


KINDS = [2, True, 2.5, numpy.float64(2.5), numpy.float32(2.5), numpy.int64(2), numpy.bool_(True)]


@pytest.mark.parametrize("number", KINDS, ids=repr)
def test_numbers_of_every_kind(number):
    leaf, x = Value(number), Value(3.0)
    assert leaf.data == float(number) and leaf.data.__class__ is float
    for out, expected in [
        (x + number, 3.0 + float(number)),
        (number + x, 3.0 + float(number)),
        (x - number, 3.0 - float(number)),
        (number - x, float(number) - 3.0),
        (x * number, 3.0 * float(number)),
        (number * x, 3.0 * float(number)),
        (x / number, 3.0 / float(number)),
        (number / x, float(number) / 3.0),
        (x**number, 3.0 ** float(number)),
        (number**x, float(number) ** 3.0),
        (x < number, float(3.0 < number)),
        (number <= x, float(number <= 3.0)),
    ]:
        assert isinstance(out, Value), out
        assert out.data == expected and out.data.__class__ is float
        assert all(operand is x or operand.__class__ is float for operand in out.args)


WRONG = ["2", "two", 1j, None, [1.0], (1.0,), {1.0}, b"2", Value, numpy.ones(3)]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_leaf_refuses_what_is_no_number(wrong):
    with pytest.raises(TypeError, match=r"expected a number \(int, float, bool or NumPy scalar\), got"):
        Value(wrong)


def test_a_leaf_refuses_a_value():
    with pytest.raises(TypeError, match=r"got a Value\(data=2, grad=0\); use its .data for the bare number"):
        Value(Value(2.0))


@pytest.mark.parametrize("wrong", ["2", 1j, None, [1.0], (1.0,), {1.0}, b"2"], ids=repr)
def test_operators_refuse_what_is_no_number(wrong):
    x = Value(1.0)
    operations = [
        lambda: x + wrong, lambda: wrong + x, lambda: x - wrong, lambda: wrong - x, lambda: x * wrong,
        lambda: wrong * x, lambda: x / wrong, lambda: wrong / x, lambda: x**wrong, lambda: wrong**x,
        lambda: x < wrong, lambda: x >= wrong, lambda: wrong < x, lambda: x.maximum(wrong), lambda: x.where(wrong, 1.0),
    ]  # fmt: skip
    for operation in operations:
        with pytest.raises(TypeError, match="expected a number"):
            operation()


TWOS = [2, 2.0, numpy.float64(2), numpy.float32(2), numpy.int64(2), numpy.longdouble(2), numpy.array(2.0),
        Fraction(2), Decimal(2), 2 + 0j, numpy.complex64(2)]  # fmt: skip


@pytest.mark.parametrize("two", TWOS, ids=repr)
def test_equality_with_numbers_of_every_kind(two):
    x, other = Value(2.0), Value(3.0)
    assert x == two and two == x and not x != two and not two != x
    assert other != two and two != other and not other == two and not two == other
    assert (x == two).__class__ is bool


def test_equality_with_what_is_no_number():
    x = Value(2.0)
    for other in ("2", None, [2.0], (2.0,), {2.0}, b"2", numpy.str_("2"), object(), Value):
        assert x != other and other != x and not x == other and not other == x
    assert Value(1.0) == True and Value(1.0) == numpy.bool_(True) and x != numpy.bool_(True)  # noqa: E712


def test_equality_in_arrays_goes_element_by_element():
    x, y = Value(2.0), Value(2.0)
    for array in (numpy.array([1.0, 2.0]), numpy.array([Value(1.0), x]), numpy.array([y, x])):
        assert (x == array).tolist() == (array == x).tolist() == [array[0] == x, True]
        assert (x != array).tolist() == (array != x).tolist() == [array[0] != x, False]
    assert (numpy.array([x, y]) == 2.0).tolist() == [True, True] and (numpy.arange(4) == x).tolist().index(True) == 2


REFUSED = {
    r"x - k \* y": [
        lambda x: x % 2,
        lambda x: 2 % x,
        lambda x: divmod(x, 2),
        lambda x: divmod(2, x),
        lambda x: numpy.array([1.0]) % x,
    ],
    r"math.floor\(x.data": [lambda x: x // 2, lambda x: 2 // x, math.floor, lambda x: numpy.floor(numpy.array([x]))],
    r"math.ceil\(x.data": [math.ceil],
    r"math.trunc\(x.data": [math.trunc],
    r"round\(x.data": [lambda x: round(x, 2)],
    r"micrograd.dot\(": [lambda x: x @ x, lambda x: [x] @ x],
    r"a \* b": [lambda x: (x > 1) & (x < 3), lambda x: True & x],
    "micrograd.maximum": [lambda x: (x > 1) | (x < 3)],
    r"x\*\*y": [lambda x: x ^ 2],
    "1.0 - x": [lambda x: ~(x > 1)],
}


@pytest.mark.parametrize("cure", REFUSED)
def test_operators_that_a_value_does_not_have_name_what_to_write(cure):
    for operand in (Value(2.0), Value(1.0) + 1.0):
        for operation in REFUSED[cure]:
            with pytest.raises(TypeError, match=f"not defined for Values: .*{cure}"):
                operation(operand)


def test_an_operand_of_a_class_of_ones_own_may_answer():
    class Modulus:
        def __rmod__(self, other):
            return "answered"

    assert Value(2.0) % Modulus() == "answered" and "%s" % Value(2.0) == repr(Value(2.0))
    with pytest.raises(TypeError, match="unsupported operand"):
        Value(2.0) // Modulus()


def test_methods_called_by_name_do_not_answer_notimplemented():
    for method in (Value.maximum, Value.minimum, Value.hypot, Value.atan2, Value.pow, Value.div):
        for wrong in (numpy.ones(2), object()):
            with pytest.raises(TypeError, match="expected a number"):
                method(Value(1.0), wrong)


def test_foreign_objects_are_refused():
    for wrong in (object(), Fraction(1, 2)):
        with pytest.raises(TypeError):
            Value(1.0) + wrong
        with pytest.raises(TypeError):
            wrong * Value(1.0)


def test_ints_beyond_the_floats():
    x = Value(1.0)
    for operation in (lambda n: Value(n), lambda n: x + n, lambda n: n * x, lambda n: x**n, lambda n: n < x):
        with pytest.raises(ValueError, match="expected a number that fits a float"):
            operation(10**400)
    assert Value(10**300).data == 1e300


def test_labels_are_text():
    with pytest.raises(TypeError, match="expected a label of type str, got int 3"):
        Value(1.0, 3)
    with pytest.raises(TypeError, match="expected a label of type str, got tuple"):
        Value(1.0, ())


TURNING = [math.exp, math.sqrt, math.floor, math.hypot, float, int, complex, range, numpy.float64]


@pytest.mark.parametrize("function", TURNING)
def test_nothing_turns_a_value_into_a_bare_number(function):
    with pytest.raises(TypeError):
        function(Value(2.0))


def test_round_is_a_primitive():
    x = Value(-2.5)
    y = round(x) * x
    y.backward()
    assert (y.data, x.grad) == (5.0, -2.0) and same(round(Value(-0.3)).data, -0.0)
    z = Value(3.0)
    z.copysign(-1.0).backward()
    assert z.grad == -1.0


def test_the_refusal_says_what_to_call():
    with pytest.raises(TypeError, match="the gradient would be lost. Write micrograd.exp.v. for math.exp.v., v.data"):
        math.exp(Value(2.0))
    with pytest.raises(TypeError, match="does not turn into an int"):
        int(Value(2.0))
    with pytest.raises((TypeError, ValueError)):
        numpy.array([Value(2.0)], dtype=float)


def test_object_arrays():
    draw = numpy.random.default_rng(0)
    weights, inputs = draw.normal(size=(3, 2)), draw.normal(size=2)
    w = numpy.array([[Value(x) for x in row] for row in weights])
    x = numpy.array([Value(v) for v in inputs])
    z = w @ x
    h = numpy.tanh(z) + numpy.exp(-z) * 2.0 - numpy.float64(0.5) / (1.0 + z * z)
    loss = numpy.sum(h)
    assert isinstance(loss, Value)
    exact = weights @ inputs
    slope = 1 / numpy.cosh(exact) ** 2 - 2.0 * numpy.exp(-exact) + 0.5 * 2.0 * exact / (1.0 + exact**2) ** 2
    loss.backward()
    assert loss.data == pytest.approx(numpy.sum(numpy.tanh(exact) + 2.0 * numpy.exp(-exact) - 0.5 / (1.0 + exact**2)))
    assert numpy.array([[v.grad for v in row] for row in w]) == pytest.approx(numpy.outer(slope, inputs), rel=1e-13)
    assert numpy.array([v.grad for v in x]) == pytest.approx(weights.T @ slope, rel=1e-13)


NUMPY_NAMES = ["exp", "expm1", "log", "log1p", "sqrt", "abs", "sin", "cos", "tan", "sinh", "cosh", "tanh"]


@pytest.mark.parametrize("name", NUMPY_NAMES)
def test_numpy_functions_call_the_methods(name):
    """NumPy's name for a function on an object array reaches the method of that name."""
    x = Value(0.5)
    out = getattr(numpy, name)(numpy.array([x]))[0]
    assert isinstance(out, Value) and out.args == (x,)
    assert out.data == pytest.approx(float(getattr(numpy, name)(0.5)), rel=1e-15)


def test_arrays_and_values_side_by_side():
    x, numbers = Value(3.0), numpy.array([1.0, 2.0])
    for out, expected in [
        (x + numbers, [4.0, 5.0]),
        (numbers + x, [4.0, 5.0]),
        (x * numbers, [3.0, 6.0]),
        (numbers * x, [3.0, 6.0]),
        (numbers / x, [1 / 3, 2 / 3]),
        (x / numbers, [3.0, 1.5]),
        (x**numbers, [3.0, 9.0]),
        (x - numbers, [2.0, 1.0]),
        (x > numbers, [1.0, 1.0]),
        (numbers < x, [1.0, 1.0]),
    ]:
        assert isinstance(out, numpy.ndarray)
        assert [float(v.data if isinstance(v, Value) else v) for v in out] == expected
    total = numpy.array([x, x, x]).sum()
    assert gradients(total, x) == [3.0]
    assert gradients(numpy.array([x, Value(2.0)]).dot(numbers), x) == [1.0]
    assert gradients(numpy.float64(2.0) * x, x) == [2.0] and isinstance(numpy.float64(2.0) * x, Value)


REDUCTIONS = {  # name -> (of an array of Values, or of floats)
    "var": numpy.var,
    "std": numpy.std,
    "var, ddof": lambda a: numpy.var(a, ddof=1),
    "mean": numpy.mean,
    "sum": numpy.sum,
    "prod": numpy.prod,
    "dot": lambda a: numpy.dot(a, a[::-1]),
    "norm": numpy.linalg.norm,
    "norm 1": lambda a: numpy.linalg.norm(a, 1),
    "vdot": lambda a: numpy.vdot(a, a[::-1]),
    "average": lambda a: numpy.average(a, weights=[1.0, 2.0, 3.0]),
    "method": lambda a: a.var() + a.std(),
    "columns": lambda a: numpy.var(numpy.stack([a, a * a]), axis=0).sum(),
    "rows": lambda a: numpy.std(numpy.stack([a, a * a]), axis=1, keepdims=True).sum(),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_numpy_reductions_of_values(name):
    """Value and gradient against NumPy on floats and central differences."""
    f, numbers = REDUCTIONS[name], [2.0, 3.0, -5.0]
    values = [Value(x) for x in numbers]
    out = f(numpy.array(values))
    assert isinstance(out, Value) and out.data == pytest.approx(float(f(numpy.array(numbers))), rel=1e-14)
    step = 1e-6 * numpy.eye(3)
    slopes = [float(f(numbers + h) - f(numbers - h)) / 2e-6 for h in step]
    assert gradients(out, *values) == pytest.approx(slopes, rel=1e-7, abs=1e-9)


def test_numpy_reductions_compile():
    pytest.importorskip("llvmlite")
    w = Value(2.0)
    program = compile(lambda row: numpy.var(numpy.array(row) * w), 3, parameters=[w])
    assert program.predict([[1.0, 2.0, 4.0]])[0] == pytest.approx(4.0 * numpy.var([1.0, 2.0, 4.0]), rel=1e-14)
