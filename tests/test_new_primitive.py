"""Adding a primitive takes one row, one line on Value, one function; everything else follows from the row."""
import pytest

from micrograd import derivative, gradient
from micrograd.dispatch import of_one, operate
from micrograd.engine import Value, unary
from micrograd.ops import TABLE, Op


@of_one
def cube(x):
    """x³, the function: floats here, anything else through operate."""
    if x.__class__ is not float:
        return operate(cube, x)
    return x * x * x


CUBE = Op("cube", "( )³", cube, (lambda x, out: 3.0 * x * x,), "{{{0}}}^3")


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setitem(TABLE, "cube", CUBE)  # the row
    monkeypatch.setattr(Value, "cube", unary(CUBE), raising=False)  # the line on Value


def test_method_function_gradient_graph_and_series(table):
    x = Value(2.0)
    y = x.cube() + cube(x) * 2.0
    y.backward()
    assert (y.data, x.grad, cube(2), y._prev.__len__()) == (24.0, 36.0, 8.0, 2)
    assert gradient(gradient(y, x), x).data == 36.0
    assert derivative(cube, 2.0, order=3) == 6.0
    assert derivative(lambda v: cube(v) * v, 1.0, order=4) == 24.0
