"""What a Value promises: accumulation, sharing, cached derivatives, structure, comparisons, determinism, threads."""

from __future__ import annotations

import copy
import math
import os
import pickle
import pydoc
import random
import subprocess
import sys
import threading

import pytest

import micrograd
from micrograd import Value, check_gradients, draw, explain, formula, grad, gradient, topological
from micrograd.core import in_c
from micrograd.engine import Leaf, adjoints, apply, function, inner_nodes
from micrograd.messages.refusals import BY_HAND
from micrograd.ops import TABLE, Op


def gradients(root, *xs):
    """∂root/∂x for each x, by `backward`."""
    for x in xs:
        x.grad = 0.0
    root.backward()
    return [x.grad for x in xs]


# accumulation and sharing


def test_leaves_accumulate_over_calls():
    x = Value(3.0)
    y = x**3
    y.backward()
    assert x.grad == 27.0
    y.backward()
    assert x.grad == 54.0
    x.grad = 0.0
    y.backward()
    assert x.grad == 27.0


def test_leaves_accumulate_when_inner_nodes_are_shared():
    x = Value(3.0)
    square = x * x
    y = square * x
    y.backward()
    y.backward()
    assert (x.grad, square.grad, y.grad) == (54.0, 3.0, 1.0)


def test_roots_that_share_a_node():
    x = Value(2.0)
    h = x * x
    first, second = h * 3.0, h * h
    first.backward()
    assert (x.grad, h.grad) == (12.0, 3.0)
    second.backward()
    assert (x.grad, h.grad) == (12.0 + 32.0, 8.0)
    h.backward()  # an inner node is a root too
    assert (x.grad, h.grad) == (44.0 + 4.0, 1.0)


def test_a_root_on_top_of_a_root():
    x = Value(2.0)
    y = x * x
    y.backward()
    z = y * 5.0
    z.backward()
    assert (x.grad, y.grad) == (4.0 + 20.0, 5.0)


def test_operands_that_are_one_node():
    x = Value(3.0)
    assert gradients(x + x, x) == [2.0]
    assert gradients(x - x, x) == [0.0]
    assert gradients(x * x, x) == [6.0]
    assert gradients(x / x, x) == [pytest.approx(0.0, abs=1e-16)]
    assert gradients(micrograd.where(x, x, x), x) == [1.0]
    diamond = x + 1.0
    assert gradients((diamond * 2.0) * (diamond + x), x) == [2.0 * 7.0 + 8.0 * 2.0]


def test_sharing_is_walked_once():
    """2¹⁰⁰ paths, 100 nodes."""
    x = Value(1.0)
    y = x
    for _ in range(100):
        y = y + y
    assert gradients(y, x) == [2.0**100]


def test_a_leaf_is_its_own_derivative():
    x = Value(7.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0 and topological(x) == [x]


def test_what_does_not_depend_on_the_root_is_left_alone():
    x, bystander = Value(1.0), Value(2.0)
    aside = bystander * x
    aside.grad = 5.0
    (x * 2.0).backward()
    assert (bystander.grad, aside.grad) == (0.0, 5.0)


def test_derivatives_belong_to_the_forward_evaluation():
    x, w, c = Value(3.0), Value(4.0), Value(1.0)
    y = x * w + x**2 + micrograd.tanh(w) + micrograd.where(c, x, w)
    expected = [4.0 + 6.0 + 1.0, 3.0 + 1.0 / math.cosh(4.0) ** 2]
    x.data, w.data, c.data = 100.0, -100.0, 0.0
    assert gradients(y, x, w) == pytest.approx(expected, rel=1e-15)
    assert y.data == 12.0 + 9.0 + math.tanh(4.0) + 3.0
    assert (x * w).data == -10000.0  # a new forward evaluation takes the new data


def test_nan_travels_and_zero_stops():
    x, y = Value(0.0), Value(math.nan)
    assert gradients(micrograd.sqrt(x) * 0.0, x) == [0.0]
    assert math.isnan(gradients(x * y, x)[0])


# structure


def test_fields_of_a_leaf():
    x = Value(2, label="x")
    assert (x.data, x.grad, x.op, x.args, x.partials, x.label) == (2.0, 0.0, None, (), (), "x")
    assert x.data.__class__ is float
    assert (x._op, list(x._prev)) == ("", [])


def test_fields_of_an_inner_node():
    x, y = Value(2.0), Value(5.0)
    product, power, chosen = x * y, 3**x, (x > y).where(x, 7)
    assert (product.op.name, product.args, product.partials, product.label) == ("mul", (x, y), (5.0, 2.0), "")
    assert (power.args, power.partials) == ((3.0, x), (0.0, 9.0 * math.log(3.0)))
    assert (chosen.args[1:], chosen.partials) == ((x, 7.0), (0.0, 0.0, 0.0))
    product.label = "p"
    assert product.label == "p"


def test_prev_and_op_as_in_the_lectures():
    x, y = Value(2.0), Value(5.0)
    assert [(x + y)._op, (x - y)._op, (x * y)._op, (x / y)._op, (-x)._op, (x**2)._op] == ["+", "-", "*", "/", "-", "**"]
    assert [x.tanh()._op, x.exp()._op, x.relu()._op] == ["tanh", "exp", "ReLU"]
    assert list((x * y)._prev) == [x, y] and list((x * x)._prev) == [x] and list((x * 2.0)._prev) == [x]
    assert x in (x * y)._prev and {x, y} == set((y + x)._prev)
    with pytest.raises(AttributeError):
        (x * y)._prev = ()


def test_backward_written_out_as_in_the_lectures():
    """Their own recursive sort over `_prev` and their loop over `_backward` give what `backward` gives."""
    x, w, b = Value(0.5), Value(-3.0), Value(6.5)
    out = (x * w + b).tanh() ** 2 / (x + w).exp() + micrograd.where(x, x, w)
    expected = gradients(out, x, w, b)
    order, visited = [], set()

    def build(node):
        if node not in visited:
            visited.add(node)
            for child in node._prev:
                build(child)
            order.append(node)

    build(out)
    for node in order:
        node.grad = 0.0
    out.grad = 1.0
    for node in reversed(order):
        node._backward()
    assert [x.grad, w.grad, b.grad] == pytest.approx(expected, rel=1e-15)


def test_topological_order():
    x, y = Value(1.0), Value(2.0)
    product = x * y
    out = (product + x) * (product - 3.0)
    order = topological(out)
    assert order[-1] is out and len(order) == len(set(order)) == 6
    for node in order:
        for operand in node.args:
            assert isinstance(operand, float) or order.index(operand) < order.index(node)


def test_numbers_do_not_become_nodes():
    x = Value(2.0)
    assert [node.op and node.op.name for node in topological(3 * x + 1 - 0.5)] == [None, "mul", "add", "sub"]
    assert sum([x]) is x and 0 + x is x  # sum() starts from the int 0
    total = sum([x, x, x])
    assert len(topological(total)) == 3 and gradients(total, x) == [3.0]
    assert +x is x
    assert (0.0 + x).op.name == "add"


def test_a_value_equals_its_number_and_no_other_value():
    x, y = Value(1.0), Value(1.0)
    assert x == x and x != y and x == 1.0 and 1 == x and x != 2 and (x == 1).__class__ is bool
    assert Value(math.nan) != math.nan
    assert grad(lambda t: 3.0 * t if t == 0 else t * t / t)(0.0) == 3.0


def test_lists_look_for_the_number_sets_and_dictionaries_for_the_object():
    x, y, t = Value(1.0), Value(1.0), Value(0.0)
    assert len({x, y, x}) == 2 and {x: "x"}[x] == "x" and hash(x) == object.__hash__(x)
    assert t in [0.0] and t in (1, 0) and t not in {0.0} and x not in [y, 2.0] and y in [x, y] and 0.0 in [t]
    assert [1.0, 0.0].index(t) == 1 and (0, 0.0, x).count(t) == 2 and {0.0: "zero"}.get(t) is None
    match t:
        case 0:
            matched = "zero"
        case _:
            matched = "something else"
    assert matched == "zero"


def test_repr_and_format():
    x = Value(1 / 3, label="x")
    x.grad = -2.0
    assert repr(x) == "Value(data=0.3333333333, grad=-2, label='x')"
    assert repr(Value(2.0)) == "Value(data=2, grad=0)"
    assert f"{x:.3f}" == "0.333" and f"{x}" == repr(x)


# comparisons


def test_comparisons_are_zero_or_one_and_steer_an_if():
    x, y = Value(1.0), Value(2.0)
    assert [(x < y).data, (x > y).data, (x <= 1).data, (1.0 >= y).data, (3 > y).data] == [1.0, 0.0, 1.0, 0.0, 1.0]
    assert isinstance(x < y, Value)
    taken = [name for name, condition in {"less": x < y, "more": x > y, "at most": x <= x}.items() if condition]
    assert taken == ["less", "at most"]
    assert (x if x > y else y) is y and max(x, y) is y and min([y, x]) is x and sorted([y, x]) == [x, y]
    nan = Value(math.nan)
    assert not (nan < x) and not (nan >= x)
    assert gradients((x < y) * x, x, y) == [1.0, 0.0]


# subclasses and attributes


@pytest.mark.parametrize("slip", ["gard", "grd", "gradd", "grads", "Grad", "graf", "dat", "dta", "Data", "lable"])
def test_a_slip_of_a_field_is_refused(slip):
    p = Value(1.0)
    field = {"g": "grad", "d": "data", "l": "label"}[slip[0].lower()]
    with pytest.raises(AttributeError, match=f"no attribute '{slip}': did you mean '{field}'"):
        setattr(p, slip, 0.0)
    with pytest.raises(AttributeError, match=f"did you mean '{field}'"):
        getattr(p, slip)
    assert slip not in dir(p) and not hasattr(p, slip)


def test_every_other_attribute_is_allowed():
    p = Value(1.0)
    for name in ["velocity", "m", "v", "grad_mean", "old_grad", "grad2", "gradient", "data_", "requires_grad", "name",
                 "rate", "date", "grid", "labels", "mask", "lr", "step"]:  # fmt: skip
        setattr(p, name, 0.5)
        assert getattr(p, name) == getattr(copy.deepcopy(p), name) == getattr(copy.copy(p), name) == 0.5
        assert getattr(pickle.loads(pickle.dumps(p)), name) == 0.5
    assert "gard" not in pydoc.render_doc(p) and "A number that remembers" in pydoc.render_doc(p)

    class Own(Value):
        gard = "a name of its own"

    assert Own(1.0).gard == "a name of its own"


def test_a_node_made_by_hand_is_refused_with_the_cure():
    x = Value(2.0)
    out = Value(math.exp(x.data))
    for field in ("_backward", "_prev", "_op"):
        with pytest.raises(AttributeError, match="cannot be set: .* row: cube = micrograd.engine.unary"):
            setattr(out, field, lambda: None)
    with pytest.raises(TypeError, match="expected a label of type str, got tuple .* row: cube = micrograd.engine"):
        Value(4.0, (x, x))
    cure = BY_HAND.partition("row: cube = ")[2].partition(", and then")[0]
    cube = eval(cure)
    y = cube(x) * 2.0
    y.backward()
    assert (y.data, x.grad, gradient(gradient(y, x), x).data) == (16.0, 24.0, 24.0)


def test_other_things_in_the_fields_are_refused_or_shown_as_they_are():
    x = Value(1.0)
    if in_c():  # where the fields are numbers
        for field in ("data", "grad"):
            for wrong in ("a", None, [1.0], x, 1j):
                with pytest.raises(TypeError, match="expected a number"):
                    setattr(x, field, wrong)
            for right in (2, True, 2.5):
                setattr(x, field, right)
                assert getattr(x, field) == right and getattr(x, field).__class__ is float
            with pytest.raises(ValueError, match="larger int"):
                setattr(x, field, 10**400)
        return
    x.data, x.grad = "a", None
    assert repr(x) == "Value(data=str 'a', grad=NoneType None)"
    x.data = x
    assert repr(x) == "Value(data=a Value, grad=NoneType None)"


def test_the_class_of_leaves_does_not_show():
    x = Value(1.0)
    assert type(x).__name__ == type(x).__qualname__ == type(x * x).__name__ == "Value"
    for wrong in (lambda: x[0], lambda: len(x), lambda: iter(x), lambda: x(), lambda: "%d" % x, lambda: math.exp(x)):
        with pytest.raises(TypeError, match="Value"):
            wrong()
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'zero_'"):
        x.zero_()


def test_leaves_take_attributes_and_inner_nodes_do_not():
    x = Value(1.0)
    x.frozen = True
    assert x.frozen and type(x) is Leaf and isinstance(x, Value)
    with pytest.raises(AttributeError):
        (x * 2.0).frozen = True


def test_a_subclass_is_a_leaf_like_any_other():
    class Parameter(Value):
        pass

    p, x = Parameter(3.0, label="p"), Value(2.0)
    assert type(p) is Parameter and isinstance(p, Value)
    for out, expected in [(p * x, 2.0), (x * p, 2.0), (2.0 * p, 2.0), (p + x, 1.0), (micrograd.where(x, p, x), 1.0)]:
        assert type(out) is Value
        assert gradients(out, p) == [expected]
    assert topological(p * x)[:2] == [p, x]


def test_functions_of_one_operand_take_the_method_of_value():
    class Own(Value):
        def tanh(self):
            return micrograd.tanh(self) * 2.0

    x = Own(0.5)
    assert micrograd.tanh(x).data == math.tanh(0.5) and x.tanh().data == 2.0 * math.tanh(0.5)
    for name, op in TABLE.items():
        if len(op.partials) == 1:
            y = x.operate(name, (x,))
            assert y.op is op and y.args == (x,) and y.partials == apply(op, (x,)).partials
    with pytest.raises(ValueError, match="expected the name of a primitive"):
        x.operate("backward", (x,))


# determinism and threads

SCRIPT = """
import micrograd
from micrograd import Value, topological
leaves = [Value(0.1 * i, label=f"x{i}") for i in range(20)]
out = leaves[0]
for i, x in enumerate(leaves * 5):
    out = micrograd.tanh(out * leaves[i % 7] + x) + leaves[3 * i % 20]
out.backward()
print(out.data.hex(), [x.grad.hex() for x in leaves], [[p.label for p in n._prev] for n in topological(out)])
"""


def test_the_same_bits_in_every_process():
    outputs = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(subprocess.check_output([sys.executable, "-c", SCRIPT], env=environment, text=True))
    assert len(outputs) == 1 and "x19" in outputs.pop()


def test_threads_whose_graphs_share_only_parameters():
    """Every thread walks its own graphs; the gradients of the shared leaves add up as in one thread."""
    parameters = [Value(float(i)) for i in range(1, 9)]
    failures = []

    def work(k):
        for _ in range(200):
            hidden = sum([p * float(k) for p in parameters])
            out = hidden + hidden * 2.0
            out.backward()
            if hidden.grad != 3.0 or len(topological(out)) != 8 + 8 + 7 + 2:
                failures.append(k)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []
    assert [p.grad for p in parameters] == [200 * 3.0 * (1 + 2 + 3 + 4)] * 8


def in_threads(*works):
    """Run functions at the same time, with the interpreter changing over as often as it can; what they raised."""
    failures = []

    def run(work):
        try:
            work()
        except BaseException as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return failures


def test_threads_that_read_one_graph_while_another_goes_backward():
    """Who only reads writes nothing to the nodes, and does not see what `backward` writes."""
    x = Value(0.5, "x")
    y = x
    for _ in range(30):
        y = micrograd.where(y > 0.0, y.sin() * x + y, y * y)
    expected = [id(node) for node in topological(y)]
    slope, text = gradient(y, x).data, str(formula(y, {}))
    clone = pickle.dumps(y)

    def read():
        for _ in range(6):
            assert [id(node) for node in topological(y)] == expected
            assert gradient(y, x).data == slope and adjoints(y)[id(x)] == slope
            assert len(topological(copy.deepcopy(y))) == len(expected)

    def tell():
        assert explain(y, x, {}).derivations[0].value == slope and str(formula(y, {})) == text
        assert len(pickle.dumps(y)) == len(clone) and check_gradients(y).rows[0].got == slope
        draw(y, {}, view="full")

    def backward():
        for _ in range(20):
            y.backward()

    assert in_threads(read, read, read, tell, backward) == []
    x.grad = 0.0
    y.backward()
    assert x.grad == slope


def test_adjoints_are_the_bits_of_backward():
    x, w = Value(0.3), Value(-0.0)
    y = micrograd.where(x > w, (x * w).exp() / (x + 1.0), x) + micrograd.maximum(w, 0.0) * micrograd.sqrt(w)
    found = adjoints(y)
    y.backward()
    assert [found.get(id(node), 0.0).hex() for node in topological(y)] == [node.grad.hex() for node in topological(y)]


def test_the_two_walks_agree():
    """`backward` has a walk of its own, which is quicker because it marks the nodes."""
    generator = random.Random(0)
    for _ in range(50):
        pool = [Value(generator.random()) for _ in range(4)]
        for _ in range(30):
            a, b, c = [generator.choice(pool) for _ in range(3)]
            pool.append(generator.choice([a + b, a * 2.0, 2.0 - a, a.tanh(), micrograd.where(a, b, c)]))
        for root in pool:
            order = topological(root)
            assert inner_nodes(root) == [node for node in order if node.op is not None]
            assert len(set(order)) == len(order) and order[-1] is root


def test_subclasses_may_take_more_and_have_no_room():
    class Rated(Value):
        def __init__(self, data, *, lr):
            super().__init__(data)
            self.lr = lr

    class Bare(Value):
        __slots__ = ()

    rated = Rated(2.0, lr=0.5)
    (rated * rated).backward()
    assert (rated.grad, rated.lr) == (4.0, 0.5)
    bare = copy.deepcopy(Bare(3.0, label="b"))
    assert type(bare) is Bare and (bare.data, bare.label) == (3.0, "b") and copy.copy(bare).data == 3.0


def test_a_step_by_hand_stops_at_a_zero_gradient_too():
    x = Value(0.0)
    y = x.sqrt() * 0.0
    y.grad = 1.0
    for node in reversed(topological(y)):
        node._backward()
    assert x.grad == 0.0


def test_a_function_of_two_operands_may_be_flat_in_one_of_them(monkeypatch):
    """Its partial is a number, that for the other operand is not; what is no number is refused, not handed on."""
    row = Op("held", "held", lambda x, y: y * y, (0.0, lambda x, y, out: 2.0 * y), "")
    monkeypatch.setattr(Value, "held", function(row), raising=False)
    x, y = Value(3.0), Value(5.0)
    out = x.held(y)
    out.backward()
    assert (out.data, x.grad, y.grad) == (25.0, 0.0, 10.0)
    with pytest.raises(TypeError, match="expected a number"):
        x.held([5.0])
