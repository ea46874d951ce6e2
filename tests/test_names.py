"""Names in formulas, pictures and pages: whatever is typeset and cut, two values never look like one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd import Value, check_gradients, draw, explain, formula
from micrograd.notation.naming import told_apart
from micrograd.notation.signs import clean, latex_name, maths, text_name, typeset

LONG = "first_layer_weight_of_the_input_number_"


def factors(*labels):
    return [Value(2.0 + k, label) for k, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("labels", "text", "latex", "boxes"),
    [
        (("w1", "w_1"), "w1·w_1₍₂₎", r"w_{1} \cdot w_{1(2)}", ["w₁", "w₁₍₂₎"]),
        (("x1", "x₁"), "x1·x₁₍₂₎", r"x_{1} \cdot x_{1(2)}", ["x₁", "x₁₍₂₎"]),
        (("ω0", "omega_0"), "ω0·ω_0₍₂₎", r"\omega_{0} \cdot \omega_{0(2)}", ["ω₀", "ω₀₍₂₎"]),
        (("θ1", "theta_1"), "θ1·θ_1₍₂₎", r"\theta_{1} \cdot \theta_{1(2)}", ["θ₁", "θ₁₍₂₎"]),
        (("x", "x"), "x·x₍₂₎", r"x \cdot x_{(2)}", ["x", "x₍₂₎"]),
        (("a b", "a  b"), "a b·a  b₍₂₎", r"\mathrm{a\ b} \cdot \mathrm{a\ \ b}_{(2)}", ["a b", "a  b₍₂₎"]),
        (("w123", "layer 1 neuron 2 w3"), "w123·w₁₂₃₍₂₎", r"w_{123} \cdot w_{123(2)}", ["w₁₂₃", "w₁₂₃₍₂₎"]),
        (("x", "2x"), "x·“2x”", r"x \cdot \mathrm{“2x”}", ["x", "2x"]),  # no factor 2
        (("x", "x²"), "x·“x²”", r"x \cdot \mathrm{“x²”}", ["x", "x²"]),  # no power
    ],
)
def test_names_that_look_alike_are_told_apart(labels, text, latex, boxes):
    a, b = factors(*labels)
    written = formula(a * b, {})
    assert (str(written), written.latex) == (text, latex)
    assert [box.lines[0].text for box in draw(a * b, {}).diagram.boxes[:2]] == boxes
    assert str(formula(a + b, {})) == text.replace("·", " + ", 1)


def test_long_names_are_cut_in_the_middle():
    a, b = factors(LONG + "alpha", LONG + "beta")
    shown = "first_layer_weight_o…_input_number_alpha·first_layer_weight_o…e_input_number_beta"
    assert str(formula(a * b, {})) == shown
    assert [box.lines[0].text for box in draw(a * b, {}).diagram.boxes[:2]] == [
        "first_layer_…umber_alpha",
        "first_layer_…number_beta",
    ]
    assert "²" not in formula(a * b, {}).latex + str(formula(a * b, {}))
    c, d = factors(LONG + "1" + LONG, LONG + "2" + LONG)
    assert [text_name(name)[-3:] for name in told_apart([c.label, d.label])] == ["er_", "₍₂₎"]
    assert len(str(formula(Value(1.0, "x" * 10_000), {}))) == 40  # a single letter is as long as its word
    assert clean("ab\u200d" + "x" * 9 + "e\u0301", 6) == "ab…e\u0301" and clean("abcdef" + "e\u0301", 4) == "ab…"


def test_explanations_keep_them_apart():
    a, b = factors("x", "x")
    f = a * b
    f.backward()
    told = str(explain(f, [a, b], {}))
    assert told.startswith("∂f/∂x = x₍₂₎\n      = 3, which equals x.grad\n\n∂f/∂x₍₂₎ = x\n")
    assert "at x = 2, x₍₂₎ = 3" in told


def test_names_of_our_own_look_like_none_of_the_users():
    v1 = Value(2.0, "v_1")
    shared = (v1 + 1.0) * (v1 + 2.0) * (v1 + 3.0)
    assert str(formula(shared.exp() * shared, {})) == "exp(t₅)·t₅\n\nwhere\nt₅ = (v_1 + 1)·(v_1 + 2)·(v_1 + 3)"


LABELS = st.text("wxé12_₁₂₍₎ (ωα'’\"e\u0301…", max_size=4).map(str.strip).filter(bool)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(LABELS, max_size=9), st.booleans())
def test_no_two_names_are_written_alike(labels, long):
    labels = [f"{label}{LONG}{label}" if long else label for label in [*labels, "omega", "x̂", "xhat"]]
    names = told_apart(labels)
    assert all(name.startswith(label) for name, label in zip(names, labels))
    for write in (text_name, maths, latex_name, typeset):
        assert len({" ".join(write(name).split()) for name in names}) == len(names), write


def test_factors_that_differ_beyond_the_third_digit_are_not_one():
    x = Value(2.0, "x")
    assert str(formula((x + 1.0001) * (x + 1.0002), {})) == "(x + 1)·(x + 1)"
    assert str(formula(1.001 * x + 1.002 * x, {})) == "1·x + 1·x"
    assert str(formula((x + 1.0001) * (x + 1.0001), {})) == "(x + 1)²"


def test_a_number_with_an_exponent_does_not_run_into_a_name():
    x = Value(2.0, "x")
    assert [str(formula(f, {})) for f in (1.23e8 * x, 1e5 * (x + 1.0), 123.0 * x)] == [
        "1.23e8·x",
        "1e5·(x + 1)",
        "123x",
    ]


def test_rows_of_a_check_are_told_apart():
    a, b = factors("x", "x")
    assert [line.split()[:2] for line in str(check_gradients(a * b)).splitlines()[1:]] == [["x", "3"], ["x₍₂₎", "2"]]
