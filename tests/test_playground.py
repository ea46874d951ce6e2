"""The playground's Python: what it answers its page, as it runs there; the page itself is in `test_playground_page`."""

from __future__ import annotations

import json

import pytest

from micrograd.command_line.toy import SAMPLE, START
from micrograd.engine import Value
from micrograd.playground.answers import Session
from micrograd.playground.examples import EXAMPLES

TOY, OR = EXAMPLES[0], EXAMPLES[1]
TRAIN = {"panel": "train", "watch": False, "rule": "SGD", "batch": None, "start": 0, "since": 0}
TRAIN |= {"epochs": 0, "seconds": 60.0}


def answer(code, at=(), panel="formula", session=None, **more):
    """What Python answers the page."""
    asked = {"code": code, "at": dict(at), "panel": panel, **more}
    return json.loads((session or Session()).answer(json.dumps(asked)))


def grads(found):
    return {x["name"]: x["grad"] for x in found["numbers"]}


# ---- what Python answers


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_every_panel_shows_every_example(example):
    for panel in ("graph", "explore", "explain", "formula"):
        found = answer(example["code"], example["at"], panel)
        assert "error" not in found and "note" not in found["panel"], (panel, found)
    if example["data"]:
        found = answer(session=(session := Session()), **{**TRAIN, **example})["panel"]
        assert found["prediction"] and found["losses"] == [] and found["new"]
        later = answer(session=session, **{**TRAIN, **example, "epochs": 20})["panel"]
        assert len(later["losses"]) == later["epoch"] == 20 and later["loss"] < found["loss"] and not later["new"]


def test_numbers_are_those_of_the_package():
    w1, x, w2, y = [Value({**START, **SAMPLE}[name], name) for name in ("w1", "x", "w2", "y")]
    yhat = (w2 * (w1 * x).sigmoid()).sigmoid()
    ((yhat - y) ** 2).backward()
    found = answer(TOY["code"], TOY["at"])
    assert grads(found) == {"w1": w1.grad, "x": x.grad, "w2": w2.grad, "y": y.grad}
    assert found["result"] == {"name": "L", "text": "0.46", "full": repr((yhat.data - 1.0) ** 2)}
    assert found["panel"]["formulas"][0]["title"] == "L"
    assert [x["role"] for x in found["numbers"]] == ["parameter", "input", "parameter", "constant"]


@pytest.mark.parametrize(
    "code, at, expected",
    [
        ("w * x", {"w": 3, "x": 2}, {"w": 2, "x": 3}),
        ("def f(w, x=2.0, *, b=1): return w * x + b", {"w": 3}, {"w": 2, "x": 3, "b": 1}),
        ("def g(a):\n    return a * k\ng(g(x))", {"k": 3, "x": 2}, {"k": 12, "x": 9}),
        ("x = 1.0\nfor _ in range(2):\n    x = x * w", {"w": 3}, {"w": 6}),
        ("s = sum([w * k for k in range(4)])\ns.backward()\ns * s", {"w": 1}, {"w": 72}),
        ("w if w > 0 else -w", {"w": -2}, {"w": -1}),
        ("pi * w + e + math.sqrt(4)", {"w": 1}, {"w": 3.141592653589793}),
        ("v = Value(2.0, 'v')\nv * w", {"w": 5}, {"w": 2}),
        ("w * 0 + unused * 0 * math.nan if False else w", {}, {"w": 1, "unused": 0}),
        ("losses.squared_error(w, 1.0)", {"w": 3}, {"w": 4}),
    ],
)
def test_code_of_all_forms(code, at, expected):
    assert grads(answer(code, at)) == expected


@pytest.mark.parametrize(
    "code, line, message",
    [
        ("", 0, ""),
        ("# only words", 0, ""),
        ("w +", 1, "invalid syntax"),
        ("w\n  x", 2, "unexpected indent"),
        ("z = w\nsigmod(z)", 2, "no function 'sigmod'; did you mean sigmoid"),
        ("z = w\nreturn z", 2, "'return' outside function"),
        ("def f(x):\n    return x % 2\nf(w)", 2, "x % y is not defined for Values"),
        ("a = [w]\na[3]", 2, "IndexError: list index out of range"),
        ("float(w)", 1, "a Value does not turn into a float"),
        ("import nothing_at_all\nw", 1, "No module named 'nothing_at_all'"),
        ("w = 2\n3 * w", 2, "the last line gives the plain number 6"),
        ("[w, w]", 1, "the last line gives several values"),
        ("print(w)", 1, "the last line gives nothing"),
        ("nn.MLP(2, [1])", 1, "the last line gives a model"),
        ("def f(*xs): return w", 1, "how many arguments f takes is open"),
        ("w\nimport math", 2, "the last line gives no number"),
        ("def f(x): return f(x)\nf(w)", 1, "maximum recursion depth exceeded"),
        ("raise SystemExit(3)", 1, "the last line gives no number"),
        ("exit()\nw", 1, "the code ends Python before its last line"),
        ("exit_now = [][0] if w else w\nexit_now", 1, "IndexError"),
        ("w" + " + w" * 9_999, 0, "expected at most 20,000 characters"),
    ],
)
def test_errors_name_the_line(code, line, message):
    found = answer(code)["error"]
    assert found["message"].startswith(message) and found["line"] == line, found


def test_what_is_printed_is_kept_also_before_an_error():
    assert answer("print('so far')\nw / [1]")["said"] == answer("print('so far')\nw")["said"] == "so far\n"


def test_inner_names_of_functions_are_shown():
    code = "def neuron(x):\n    z = w * x\n    return tanh(z)\nneuron(neuron(x))"
    svg = answer(code, panel="graph")["panel"]["svg"]
    assert "z[0]" in svg and "z[1]" in svg


def test_a_panel_that_cannot_show_something_says_why():
    found = answer("y = x\nfor _ in range(4_000):\n    y = y * w\ny", panel="explore")
    assert found["panel"]["note"].startswith("explore plays graphs of up to 3,000 values")


def test_explain_tells_of_leaves_that_the_code_made_too():
    found = answer("v = Value(2.0, 'v')\nv * w", panel="explain", by="v")["panel"]
    assert found["by"] == ["w", "v"] and found["chosen"] == "v" and "∂f/∂v" in found["html"]


# ---- training


@pytest.mark.parametrize(
    "code, prediction",
    [
        ("h = sigmoid(w1*x); (sigmoid(w2*h) - y)**2", "sigmoid(w2 * h)"),
        ("p = sigmoid(w*x)\n-y*log(p) - (1 - y)*log(1 - p)", "p"),
        ("def loss(w, x, y):\n    s = w*x\n    return losses.squared_error(s, y)", "s"),
        ("def half(u): return u / 2\n(half(w*x) - half(y))**2", "half(w * x)"),
        ("(w*x - y)**2 + 0.1*w*w", ""),  # the penalty reads a parameter
        ("h = w*x\nh = h - y\nh*h", ""),
        ("h = w*x\nif y > 0:\n    h = h - y\nh*h", ""),
    ],
)
def test_a_loss_is_taken_apart_where_it_has_a_seam_and_trains_the_same(code, prediction):
    data = "x, y\n0.5, 0.25\n-1 0.75\n2; 0.125"
    found = answer(code, {"w": 0.5}, data=data, rate=0.25, **{**TRAIN, "epochs": 3})["panel"]
    assert found["prediction"] == prediction and found["columns"] == ["x", "y"] and found["epoch"] == 3
    assert ("curve" in found) == bool(prediction)
    numbers = {name: 0.5 if name == "w" else None for name in ["w"]} if "w1" not in code else {}
    if numbers:
        w = 0.5
        for _ in range(3):
            slopes = [grads(answer(code, {"w": w, "x": x, "y": y}))["w"] for x, y in found["rows"]]
            w -= 0.25 * sum(slopes) / 3
        assert found["parameters"][0]["data"] == pytest.approx(w, rel=1e-12)


@pytest.mark.parametrize(
    "data, message",
    [
        ("", "data begin with a line of names, such as x, y"),
        ("x, t\n1, 2", "data: the code has no name 't' without a value; it has w, x, y"),
        ("x, x\n1, 2", "data: a name heads two columns"),
        ("x, y\n1, two", "data: expected 2 numbers in line 2, got 1, two"),
        ("x, y\n1, 2\n3", "data: expected 2 numbers in line 3, got 3"),
        ("x, y\n1, inf", "data: expected 2 numbers in line 2"),
        ("w, x, y\n1, 2, 3", "data: every free name of the code has a column"),
        ("x, y\n" + "1, 2\n" * 501, "data: expected at most 500 rows, got 501"),
    ],
)
def test_data_that_cannot_be_read(data, message):
    assert answer("(w*x - y)**2", data=data, rate=1.0, **TRAIN)["panel"]["note"].startswith(message)


def test_a_training_begins_anew_where_something_changes_and_says_when_it_diverges():
    session, asked = Session(), {**TRAIN, "data": "x, y\n1, 2\n3, 4", "rate": 0.01, "epochs": 2}
    first = answer("(w*x - y)**2", session=session, **asked)["panel"]
    again = answer("(w*x - y)**2", session=session, **{**asked, "since": 2})["panel"]
    assert first["new"] and not again["new"] and (again["epoch"], len(again["losses"])) == (4, 2)
    assert answer("(w*x - y)**2", session=session, **{**asked, "rule": "Adam"})["panel"]["epoch"] == 2
    wild = answer("(w*x - y)**2", session=session, **{**asked, "rate": 1e6, "epochs": 100})["panel"]
    assert "diverged" in wild["stopped"] or "loss" in wild["stopped"]


def test_where_numpy_is_there_it_is_a_page_that_learns_by_itself():
    pytest.importorskip("numpy")
    found = answer(**{**TRAIN, **TOY, "watch": True})["panel"]
    assert found["title"].startswith("1–1–1, 2 parameters") and "micrograd-watch" in found["html"]
    assert (found["columns"], found["samples"]) == (["x", "y"], 40)
    code = "h = w*x\nif h > 0.6:\n    h = h*h\n(h - y)**2"
    found = answer(code, data="x, y\n1, 2\n3, 4", rate=0.1, **{**TRAIN, "watch": True, "epochs": 1})["panel"]
    assert "line 2" in found["why"] and found["epoch"] == 1
