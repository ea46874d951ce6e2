"""`explain` and `formula`: the derivations word for word, and their numbers against gradients and brute force."""

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd import Value, explain, formula, gradient, maximum, minimum, ops, topological
from micrograd.engine import apply


def toy():
    w1, x, w2, y = Value(0.5, "w1"), Value(1.0, "x"), Value(-1.2, "w2"), Value(1.0, "y")
    z = w1 * x
    h = z.sigmoid()
    u = w2 * h
    yhat = u.sigmoid()
    L = (yhat - y) ** 2
    for node, name in ((z, "z"), (h, "h"), (u, "u"), (yhat, "yhat"), (L, "L")):
        node.label = name
    L.backward()
    return L, w1, w2, x


W1 = """\
∂L/∂w1 = ∂L/∂ŷ · ∂ŷ/∂u · ∂u/∂h · ∂h/∂z · ∂z/∂w1
       = 2(ŷ−y) · σ'(u) · w2 · σ'(z) · x
       = −1.36 · 0.218 · −1.2 · 0.235 · 1
       = 0.0835, which equals w1.grad
"""
W2 = """\
∂L/∂w2 = ∂L/∂ŷ · ∂ŷ/∂u · ∂u/∂w2
       = 2(ŷ−y) · σ'(u) · h
       = −1.36 · 0.218 · 0.622
       = −0.184, which equals w2.grad
"""


def test_the_toy_net_is_told_symbol_by_symbol():
    L, w1, w2, _ = toy()
    assert str(explain(L, w1, {})).startswith(W1)
    told = str(explain(L, [w1, w2], {}))
    assert told.startswith(W1 + "\n" + W2)
    assert "∂L/∂u = 2(ŷ−y) · σ'(u) = −0.296, computed once, serves ∂L/∂w1 and ∂L/∂w2" in told
    assert "Multiplications: 6 with the formulas written out, 5 by backprop" in told  # 4 + 2, against 2 + 2 + 1


def test_the_toy_net_in_latex():
    L, w1, _, _ = toy()
    lines = explain(L, w1, {}).latex.splitlines()
    chain = ["L", r"\hat{y}", "u", "h", "z", "w_{1}"]
    slopes = [rf"\frac{{\partial {a}}}{{\partial {b}}}" for a, b in zip(chain, chain[1:])]
    assert lines[2] == r"\frac{\partial L}{\partial w_{1}} &= " + r" \cdot ".join(slopes) + r" \\"
    prime = r"\sigma'\mathopen{}\left(%s\right)\mathclose{}"
    assert lines[3] == (
        rf" &= 2 \left(\hat{{y}} - y\right) \cdot {prime % 'u'} \cdot w_{{2}} "
        rf"\cdot {prime % 'z'} \cdot x \\"
    )
    assert lines[4] == r" &= -1.36 \cdot 0.218 \cdot -1.2 \cdot 0.235 \cdot 1 \\"


def test_the_pass_as_a_table_has_every_node_value_and_adjoint():
    L = toy()[0]
    rows = str(explain(L)).splitlines()[3:]
    nodes = topological(L)
    assert len(rows) == len(nodes) == 10
    for place, (row, node) in enumerate(zip(rows, nodes), 1):
        shown = row.replace("−", "-").split()
        assert shown[0] == str(place)
        assert float(shown[-1]) == pytest.approx(node.grad, rel=5e-3)
        assert any(word.strip(",") == f"{node.data:.3g}" for word in shown)


def brute_force(root, x):
    """The product of local derivatives along each path from root down to x."""
    if root is x:
        return [1.0]
    return [
        d * rest
        for operand, d in zip(root.args, root.partials)
        if isinstance(operand, Value)
        for rest in brute_force(operand, x)
    ]


def random_graph(seed, size):
    """A DAG of sums, products and tanh, whose last node depends on most others."""
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(-1.5, 1.5), f"x{i}") for i in range(3)]
    for _ in range(size):
        a, b = rng.choice(nodes), rng.choice(nodes[-4:])
        kinds = [lambda a, b: a * b, lambda a, b: a - b, lambda a, b: b.tanh(), lambda a, b: a + b]
        nodes.append(rng.choice(kinds)(a, b))
    root = nodes[-1] * nodes[-2]
    root.backward()
    return root, nodes[:3]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 8))
def test_paths_are_counted_and_the_largest_told_with_the_remainder(seed, size, told):
    root, leaves = random_graph(seed, size)
    explanation = explain(root, leaves, {}, paths=told)
    for derivation, x in zip(explanation.derivations, leaves):
        products = sorted(brute_force(root, x), key=abs, reverse=True)
        assert derivation.count == len(products)
        shown = [chain.value for chain in derivation.chains]
        assert [abs(v) for v in shown] == pytest.approx([abs(v) for v in products[:told]], rel=1e-12, abs=1e-300)
        assert math.fsum([*shown, derivation.remainder]) == pytest.approx(x.grad, rel=1e-12, abs=1e-15)
        assert derivation.value == pytest.approx(math.fsum(products), rel=1e-10, abs=1e-13)


def test_two_to_the_hundred_paths_at_once():
    x = Value(1.0, "x")
    y = x
    for _ in range(100):
        y = y + y
    y.backward()
    derivation = explain(y, x, {}).derivations[0]
    assert derivation.count == 2**100 and len(derivation.chains) == 5
    told = str(explain(y, x, {}))
    assert "2¹⁰⁰ = 1267650600228229401496703205376 paths" in told
    assert derivation.remainder == x.grad - 5.0


def test_a_spoiled_local_derivative_changes_the_numbers_and_is_noticed():
    L, w1, _, _ = toy()
    u = [node for node in topological(L) if node.label == "u"][0]
    u._db *= 1.01
    told = str(explain(L, w1, {}))
    assert "−1.21" in told and "which equals w1.grad" not in told


def test_nothing_hidden_where_there_is_no_derivative_to_tell():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = x * 2.0
    f.backward()
    assert str(explain(f, y, {})) == "∂f/∂y = 0, since f does not depend on y"
    assert "1, as for anything by itself" in str(explain(f, f, {}))
    with pytest.raises(TypeError, match="expects Values, got float"):
        explain(f, 2.0)
    with pytest.raises(ValueError, match="at least one node"):
        explain(f, [])
    with pytest.raises(ValueError, match="paths to be a whole number"):
        explain(f, x, paths=0)


TIE = """\
∂f/∂a is a sum over 2 paths:
path 1 = ∂f/∂v₁ · ∂v₁/∂a
       = 0.5 · b
       = 0.5 · 2
       = 1

path 2 = (∂f/∂a)₂
       = 0.5

∂f/∂a = 1 + 0.5
      = 1.5, which equals a.grad

where
v₁     = a·b                  = 4
v₂     = a + b                = 4
f      = max(v₁, a + b)       = 4
∂f/∂v₁ = 0.5 since v₁ = a + b
∂f/∂v₂ = 0.5 since a + b = v₁

at a = 2, b = 2
∂f/∂v₁ = 0.5 is also a factor of ∂f/∂b
Multiplications: 1 with the formulas written out, 1 by backprop; for all 2 named leaves 2 and 2
A mark 1, 2 at a derivative says that it is by that operand alone, the others being fixed."""


def test_a_tie_is_told_as_one_and_its_names_are_defined():
    a, b = Value(2.0, "a"), Value(2.0, "b")
    f = maximum(a * b, a + b)
    f.backward()
    assert str(explain(f, a, {})) == TIE
    assert "0.5 since a = b" in str(explain(maximum(a, b), a, {}))
    assert "∂f/∂a = 1 since a > c" in str(explain(maximum(a, Value(1.0, "c")), a, {}))
    assert "since n is nan" in str(explain(maximum(Value(math.nan, "n"), b), b, {}))
    assert "v₁     = min(a, b)       = 2\n" in str(explain(3.0 * minimum(a, b), a, {}))


def test_local_and_total_derivatives_are_written_differently():
    x = Value(3.0, "x")
    f = x.tanh() + x
    f.backward()
    explanation = explain(f, x, {})
    assert "\npath 1 = (∂f/∂x)₂\n" in str(explanation) and "\n∂f/∂x = 1 + 0.00987\n" in str(explanation)
    assert r"\left(\frac{\partial f}{\partial x}\right)_{2}" in explanation.latex
    table = str(explain(f, names={}))
    assert "∂f/∂v₁ = 1, (∂f/∂x)₂ = 1 " in table and table.endswith("the others being fixed.")
    assert "others being fixed" not in str(explain(toy()[0]))  # one way everywhere: no marks


def test_definitions_stand_in_their_order():
    x = Value(0.5, "x")
    a = x.exp() + 1.0
    b = a * a.sin()
    a.label, b.label = "a", "b"
    assert str(formula(b.exp() * b, {})).splitlines() == ["exp(b)·b", "", "where", "a = exp(x) + 1", "b = a·sin(a)"]
    told = str(explain(b, x, {}))
    assert told.index("\na  = ") < told.index("\nv₂ = ") < told.index("\nb  = ")


def test_a_forgotten_or_repeated_backward_is_told():
    x = Value(2.0, "x")
    f = x**3
    assert "x.grad is 0: f.backward() was not called" in str(explain(f, x, {}))
    f.backward()
    f.backward()
    assert "x.grad is 24: grad adds up" in str(explain(f, x, {}))


@pytest.mark.parametrize("name", ops.TABLE)
def test_every_row_is_explained_and_written(name):
    op = ops.TABLE[name]
    for data in ((0.6, 0.3, 0.2), (0.0, 0.0, 0.0), (math.inf, math.nan, -1.0)):
        args = tuple([Value(v, label) for v, label in zip(data, "abc")][: len(op.partials)])
        root = apply(op, args)
        root.backward()
        explanation = explain(root, list(args), {})
        for derivation, x in zip(explanation.derivations, args):
            assert derivation.value == x.grad or x.grad != x.grad
        written = formula(root, {})
        assert all(label in str(written) for label in "abc"[: len(args)])
        for text in (explanation.latex, written.latex):
            assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")
        assert explanation.markdown and explanation._repr_html_()


HOSTILE = ['a"b', "<script>alert(1)</script>", "a & b | c", "line\nbreak", "$x$", r"\input{x}", "a_b^c", "%",
           "\u202eabc", "{", "`"]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_are_data(label):
    x = Value(2.0, label)
    f = x.sin() * x
    f.backward()
    for shown in (explain(f, x, {}), explain(f), formula(f, {})):
        assert "<script>" not in shown._repr_html_() and "<script>" not in shown.markdown
        assert "\u202e" not in str(shown)
        latex = shown.latex
        assert r"\input" not in latex and "$x$" not in latex.replace(r"\$", "")
        plain = latex.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")


def test_formula_brackets_only_where_needed():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    assert str(formula(a - (b - c), {})) == "a − (b − c)"
    assert str(formula((a - b) - c, {})) == "a − b − c"
    assert str(formula((a + b) * c, {})) == "(a + b)·c"
    assert str(formula(a * b + c, {})) == "a·b + c"
    assert str(formula((a + b) ** 2, {})) == "(a + b)²"
    with pytest.raises(TypeError, match="formula expects a Value"):
        formula([a, b])


def test_the_symbolic_gradient_of_the_toy_net_is_short_and_right():
    w1, x, w2, y = Value(0.5, "w1"), Value(1.5, "x"), Value(-1.2, "w2"), Value(1.0, "y")
    L = ((w2 * (w1 * x).sigmoid()).sigmoid() - y) ** 2
    g = gradient(L, [w1])[0]
    text = str(formula(g, {}))
    assert len(text) < 120
    lines = [line.split(" = ") for line in text.replace("\n\nwhere\n", "\n").splitlines()]
    names = {"w1": 0.5, "x": 1.5, "w2": -1.2, "y": 1.0}
    python = str.maketrans("·−₀₁₂₃₄₅₆₇₈₉", "*-0123456789")
    for name, right in [*lines[1:], ["result", lines[0][0]]]:
        source = right.translate(python).replace("2x", "2*x").replace("σ", "sigma")
        names[name.strip().translate(python)] = eval(source, {"sigma": lambda t: 1.0 / (1.0 + math.exp(-t))}, names)
    assert names["result"] == pytest.approx(g.data, rel=1e-14)


def test_a_million_nodes_deep_and_wide():
    x = Value(0.5, "x")
    deep = x
    for _ in range(10**6):
        deep = deep + 1e-6
    deep.backward()
    derivation = explain(deep, x, {}).derivations[0]
    assert derivation.count == 1 and derivation.value == 1.0
    wide = sum([x * 0.5 for _ in range(10**5)])
    wide.backward()
    derivation = explain(wide, x, {}).derivations[0]
    assert derivation.count == 10**5 and derivation.value == x.grad - 1.0
    assert len(str(formula(wide, {}))) < 10_000


def test_rows_in_a_notebook_are_not_striped_and_stand_left_without_styles():
    page = explain(toy()[0], names={})._repr_html_()
    rows = re.findall("<tr[^>]*>", page)
    assert rows and set(rows) == {'<tr align="left" style="background:transparent">'}
