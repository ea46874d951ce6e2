"""Random expressions over all rows, with sharing and numbers on either side, against an engine of another kind.

The reference knows no derivative of any primitive: it evaluates the same program in mpmath and takes differences in
high precision. Where a derivative is badly conditioned, so that rounding alone changes it, that is measured (every
intermediate is changed by an ulp) and allowed for.

    program     a list of (name of a row, operands); an operand is ("leaf", i), ("step", i) or ("number", x)
"""

from __future__ import annotations

import math
import operator
import random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from reference import exact

import micrograd
from micrograd import Value
from micrograd.derivatives import gradient
from micrograd.ops import TABLE

DIGITS, STEP = 80, mpf(10) ** -20
LIMITS = settings(max_examples=130, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TINY = mpf(10) ** -25  # what differences in DIGITS digits cannot resolve
LEAVES = st.floats(-2.0, 2.0).map(lambda x: x if abs(x) > 1e-3 else 0.0)
NUMBERS = st.one_of(st.floats(-3.0, 3.0).map(lambda x: x if abs(x) > 1e-3 else 0.0), st.integers(-3, 3))
WRITTEN = {  # as a user writes it; every other row is a function of micrograd
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "pow": operator.pow,
    "div": lambda x, y: x / y if isinstance(x, Value) or isinstance(y, Value) else micrograd.div(x, y),
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}


@st.composite
def programs(draw, *, steps=14):
    """(program, data of the leaves): every step is finite there and has moderate local derivatives."""
    leaves = draw(st.lists(LEAVES, min_size=1, max_size=4))
    program, values = [], []
    for _ in range(draw(st.integers(1, steps))):
        op = draw(st.sampled_from(list(TABLE.values())))
        nodes = [("leaf", i) for i in range(len(leaves))] + [("step", i) for i in range(len(values))]
        operand = st.one_of(st.sampled_from(nodes), st.sampled_from(nodes[-3:]), st.tuples(st.just("number"), NUMBERS))
        operands = [draw(operand) for _ in op.partials]
        if all(kind == "number" for kind, _ in operands) or op.name == "where" and operands[0][0] == "number":
            operands[0] = draw(st.sampled_from(nodes))
        known = {"leaf": leaves, "step": values}
        data = tuple([float(i if kind == "number" else known[kind][i]) for kind, i in operands])
        out = op.forward(*data)
        slopes = [op.local(i, data, out) for i in range(len(data))]
        if all(math.isfinite(z) and abs(z) < 1e4 for z in [out, *slopes]):
            program.append((op.name, operands))
            values.append(out)
    assume(program)
    return program, leaves


def run(program, leaves, call):
    """All steps of the program; call(k, name, operands) is step k."""
    steps = []
    for k, (name, operands) in enumerate(program):
        known = {"leaf": leaves, "step": steps}
        args = [i if kind == "number" else known[kind][i] for kind, i in operands]
        steps.append(call(k, name, args))
    return steps


def on_values(k, name, args):
    return (WRITTEN.get(name) or getattr(micrograd, name))(*args)


def side(name, args):
    """On which side of its kink or jump a row is; None for a smooth one."""
    if name in ("relu", "abs", "where"):
        return mp.sign(args[0]) if name != "where" else args[0] != 0
    if name in ("maximum", "minimum", "less", "less_equal", "greater", "greater_equal"):
        return mp.sign(args[0] - args[1])
    if name == "copysign":
        return mp.sign(args[0]), mp.sign(args[1])
    if name == "round":
        return mp.nint(args[0])
    if name in ("atan2", "hypot"):  # the origin, and the cut of atan2 along the negative x axis
        y, x = args
        return mp.sign(y) if x <= 0 else 0, mp.sign(x) if y == 0 else 0
    return None


class Exact:
    """The program in mpmath: derivatives of a weighted sum of its steps, by central differences."""

    def __init__(self, program, leaves, weights):
        self.program, self.leaves, self.weights = program, [mpf(x) for x in leaves], weights
        self.constants = {}  # what a detached step was at the point itself
        self.evaluate(self.leaves, {})

    def evaluate(self, leaves, errors):
        """(weighted sum of the steps, sides of all kinks); ValueError where the reals end."""
        sides = []

        def call(k, name, args):
            args = [mpf(x) for x in args]
            sides.append(side(name, args))
            z = exact(name)(*args) if name != "detach" else self.constants.setdefault(k, args[0])
            if not (isinstance(z, mpf) and mp.isfinite(z)):
                raise ValueError(f"{name} has no real result")
            return z * (1 + errors.get(k, 0))

        steps = run(self.program, leaves, call)
        return sum([w * z for w, z in zip(self.weights, steps)]), sides

    def gradient(self, errors):
        """∂/∂leaf for every leaf; ValueError at a kink."""
        slopes = []
        _, sides = self.evaluate(self.leaves, errors)
        for i, x in enumerate(self.leaves):
            ends = [self.evaluate([*self.leaves[:i], x + s, *self.leaves[i + 1 :]], errors) for s in (STEP, -STEP)]
            (right, right_sides), (left, left_sides) = ends
            if not right_sides == sides == left_sides:
                raise ValueError("a kink")
            slopes.append((right - left) / (2 * STEP))
        return slopes


def reference(program, leaves, weights):
    """[(derivative, what rounding can make of it)] for each leaf; None at a kink and where the reals end."""
    with mp.workdps(DIGITS):
        try:
            known = Exact(program, leaves, weights)
            slopes = known.gradient({})
            changed = []
            for seed in range(4):
                draw = random.Random(seed)
                changed.append(known.gradient({k: mpf(draw.choice([-1, 1])) * 2**-52 for k in range(len(program))}))
        except (ZeroDivisionError, ValueError):
            return None
        noise = [max([float(abs(row[i] - slope)) for row in changed]) for i, slope in enumerate(slopes)]
        return [(float(slope), n) for slope, n in zip(slopes, noise)]


def agree(got, true):
    for g, (slope, noise) in zip(got, true):
        assert abs(g - slope) <= 1e-12 * abs(slope) + 32.0 * noise + TINY, (got, true)


@LIMITS
@given(programs())
def test_backward_agrees_with_differences_in_high_precision(drawn):
    program, data = drawn
    true = reference(program, data, [0] * (len(program) - 1) + [1])
    assume(true is not None)
    leaves = [Value(x) for x in data]
    steps = run(program, leaves, on_values)
    steps[-1].backward()
    first = [x.grad for x in leaves]
    agree(first, true)
    inner = [z.grad for z in steps if z.op]
    steps[-1].backward()  # leaves accumulate, inner nodes start fresh
    agree([x.grad for x in leaves], [(2.0 * slope, 2.0 * noise) for slope, noise in true])
    assert [z.grad for z in steps if z.op] == inner


@LIMITS
@given(programs(), st.data())
def test_two_roots_add_up(drawn, data):
    program, numbers = drawn
    roots = [data.draw(st.integers(0, len(program) - 1)), len(program) - 1]
    true = reference(program, numbers, [roots.count(k) for k in range(len(program))])
    assume(true is not None)
    leaves = [Value(x) for x in numbers]
    steps = run(program, leaves, on_values)
    for k in roots:
        steps[k].backward()
    agree([x.grad for x in leaves], true)
    assert steps[-1].grad == 1.0 or steps[-1].op is None  # 0 + x is x itself


@LIMITS
@given(programs())
def test_the_gradient_graph_agrees_with_backward(drawn):
    program, data = drawn
    leaves = [Value(x) for x in data]
    root = run(program, leaves, on_values)[-1]
    root.backward()
    assume(all(math.isfinite(x.grad) for x in leaves))
    graph = [g.data for g in gradient(root, leaves)]
    true = reference(program, data, [0] * (len(program) - 1) + [1])
    noise = [1e-12 * abs(x.grad) for x in leaves] if true is None else [n for _, n in true]
    for x, g, n in zip(leaves, graph, noise):
        assert abs(g - x.grad) <= 1e-12 * abs(x.grad) + 32.0 * n + TINY


def test_the_reference_finds_a_wrong_derivative():
    """x·x with the derivative of one operand alone must not pass."""
    true = reference([("mul", [("leaf", 0), ("leaf", 0)])], [1.5], [1])
    assert true[0][0] == 3.0 and true[0][1] < 1e-14
    agree([3.0], true)
    try:
        agree([3.0 * (1 + 1e-11)], true)
    except AssertionError:
        return
    raise AssertionError("a relative error of 1e-11 went unseen")
