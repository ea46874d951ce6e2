"""Hostile labels, the same bytes everywhere, and sizes up to a hundred thousand values."""

import html.parser
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from drawing_help import chain, network, parsed

from micrograd import nn
from micrograd.drawing import draw
from micrograd.drawing.typography import width
from micrograd.engine import Value
from micrograd.notation.signs import clean, numeral, typeset

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
HOSTILE = [
    '"><script>alert(1)</script>', "a|b{c}<d>\"'", "two\nlines\r\n\tand a tab", "back\\slash\\",
    "\\N \\G \\n \\L \\E \\T", "%s %n %d", "_x_ ^y^ $z$", "&amp; &#65; &lt;", "x" * 10_000, "🎉 👩‍👩‍👧", "שלום",
    "\u202eevil\u202c", "\x00\x07\x1b\x7f\x85", "\ud800", "\ufffe\uffff", "<b>bold</b>", "<>", "]]>",
    "--><svg onload=alert(1)>", "javascript:alert(1)", "   ", "\u2028", 'yhat"', "é" * 50, "<table><tr><td>", "{{",
    "//", "/*", "#include", ";", "->", "subgraph cluster_0 {", "combining e\u0301",
]  # fmt: skip
DRAWN = ["{http://www.w3.org/2000/svg}" + tag for tag in ("svg", "g", "title", "path", "rect")]


def hostile_graph(label):
    """A graph in which leaves, inner nodes and the root carry the label; fused, weights and biases do, too."""
    w, x, b = Value(2.0, label), Value(3.0, label), Value(1.0, label)
    z = w * x + 2.0 * x + b
    z.label = label
    out = z.tanh()
    out.label = label
    out.backward()
    return out


class Tags(html.parser.HTMLParser):
    """Collects the names of tags and of attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("view", ["full", "fused", "collapsed"])
def test_hostile_labels_stay_text(label, view, monkeypatch):
    monkeypatch.setenv("PATH", "")
    plain = draw(hostile_graph("harmless"), {}, view=view)
    picture = draw(hostile_graph(label), {}, view=view)
    elements, wanted = ([element.tag for element in ElementTree.fromstring(p.svg).iter()] for p in (picture, plain))
    assert set(elements) == set(wanted)
    assert [elements.count(tag) for tag in DRAWN] == [wanted.count(tag) for tag in DRAWN]
    picture.svg.encode("utf-8")
    for got, wanted in ((picture.html, plain.html), (picture.notebook_html(), plain.notebook_html())):
        assert (Tags(got).tags, Tags(got).attributes) == (Tags(wanted).tags, Tags(wanted).attributes)
        got.encode("utf-8")
    assert not any("\u202a" <= character <= "\u202e" for character in picture.svg)
    assert len(picture.svg) < len(plain.svg) + 40_000


@needs_dot
@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_do_not_break_dot(label):
    picture = draw(hostile_graph(label), {}, view="full")
    answer = subprocess.run(["dot", "-Tjson0"], input=picture.source.encode(), capture_output=True, check=True)
    assert b"rror" not in answer.stderr
    found = json.loads(answer.stdout)
    assert [thing["name"] for thing in found["objects"]] == [f"n{i}" for i in range(len(picture.diagram.boxes))]
    assert [(e["tail"], e["head"]) for e in found["edges"]] == [(e.tail, e.head) for e in picture.diagram.edges]
    svg = subprocess.run(["dot", "-Tsvg"], input=picture.source.encode(), capture_output=True, check=True).stdout
    texts = [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    shown = picture.diagram.boxes[0].lines[0].text.replace("\\", "\\\u200b")
    assert shown.split() == (texts[0] or "").split()  # not even \N and \G are replaced


@needs_dot
def test_hostile_labels_in_png(tmp_path):
    value = hostile_graph("harmless")
    for label in HOSTILE:
        value = value * Value(1.0, label)
        value.label = label
    draw(value, {}, view="full").save(tmp_path / "hostile.png")
    assert (tmp_path / "hostile.png").stat().st_size > 10_000


def test_hostile_names_in_a_network():
    model = nn.MLP(2, [2, 1])
    model.layers[0].neurons[0].w[0].label = '"><script>'
    assert "<script" not in draw(model).svg


def test_labels_in_maths_type():
    for label, shown in [
        ("w1", "w₁"), ("w12", "w₁₂"), ("w_1", "w₁"), ("w_1_2", "w₁,₂"), ("yhat", "ŷ"), ("y_hat", "ŷ"),
        ("yhat3", "ŷ₃"), ("xbar", "x̄"), ("alpha", "α"), ("theta_2", "θ₂"), ("lambda_", "λ"), ("x_i", "xᵢ"),
        ("Sigma", "Σ"), ("that", "that"), ("what", "what"), ("z", "z"), ("learning_rate", "learning_rate"),
        ("loss", "loss"), ("w1 + w2", "w1 + w2"), ("x[0]", "x[0]"), ("", ""), ("2x", "2x"), ("layer1", "layer₁"),
        ("layer 2 neuron 10 w3", "w₂,₁₀,₃"), ("layer 2 neuron 1 b", "b₂₁"), ("neuron 3 w1", "w₃₁"),
    ]:  # fmt: skip
        assert typeset(label) == shown


def test_clean():
    assert clean("plain") == "plain" and clean("a" * 24) == "a" * 24 and clean("a" * 25) == "a" * 12 + "…" + "a" * 11
    assert clean("a\x00b\nc\x7f") == "a␀b␤c�" and clean("\ud800\ufffe") == "��"
    assert clean("\u202ex\u2066") == "x" and clean("שלום") == "\u2068שלום\u2069"


def test_numbers():
    for x, shown in [
        (0.0, "0"), (-0.0, "−0"), (1.0, "1"), (0.12345, "0.123"), (-1234.5, "−1234"), (99999.0, "99999"),
        (1e5, "1e5"), (1.23456e-5, "1.23e−5"), (5e-324, "4.94e−324"), (float("inf"), "∞"), (float("-inf"), "−∞"),
        (float("nan"), "nan"), (1.7e308, "1.7e308"), (0.00012345, "0.000123"), (999.7, "1000"),
        (2.0 / 3.0, "0.667"),
    ]:  # fmt: skip
        assert numeral(x) == shown


def test_widths_of_text():
    assert width("iii", 10.0) < width("000", 10.0) < width("WWW", 10.0)
    assert width("0123456789", 10.0) == pytest.approx(55.6)  # the digits of Helvetica are 0.556 em wide
    assert width("e\u0301", 10.0) == width("e", 10.0) and width("漢", 10.0) > 10.0


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from drawing_help import network, tangle, toy
from micrograd.drawing import draw
import hashlib
text = ""
for value in (toy(), tangle(3, 50), network(2, 4, 4, 1)[1], network(2, 5, 1, samples=5)[1], network(2, 3, 1)[0]):
    picture = draw(value, None if hasattr(value, "layers") else {"value": value})
    text += picture.svg + picture.source + picture.html + picture.notebook_html()
print(hashlib.sha256(text.encode()).hexdigest())
"""


@pytest.mark.parametrize("path", [os.environ.get("PATH", ""), ""])
def test_same_bytes_in_every_process(path):
    found = set()
    for seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PATH": path}
        command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
        found.add(subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout)
    assert len(found) == 1 and len(found.pop()) == 65


def test_a_copy_draws_the_same():
    import copy
    import pickle

    _, loss = network(2, 3, 1)
    svg = draw(loss, {}).svg
    assert draw(copy.deepcopy(loss), {}).svg == svg and draw(pickle.loads(pickle.dumps(loss)), {}).svg == svg


@pytest.mark.parametrize("length", [1_000, 10_000, 100_000])
def test_size(length):
    value = chain(length)
    start = time.process_time()  # not of the wall, which counts what else the machine does
    picture = draw(value, {})
    boxes, _, captions = parsed(picture.svg)
    assert len(boxes) == 12 and f"{length + 1:,} values in 12 boxes" in " ".join(captions)
    assert time.process_time() - start < 20.0  # a hang, not a benchmark


def test_every_value_of_a_long_chain_can_be_drawn():
    boxes, edges, _ = parsed(draw(chain(5_000), {}, view="full").svg)
    assert len(boxes) == 5_001 and len(edges) == 5_000


def test_long_edges_do_not_explode():
    w, v = Value(0.5, "w"), Value(0.1, "x")
    for _ in range(1_500):
        v = (w * v).tanh()  # w is used on every rank
    picture = draw(v, {}, view="full")
    assert len(picture.svg) < 5_000_000 and len(picture.diagram.edges) == 4_500
