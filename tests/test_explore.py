"""The explorer: on its page every number is Python's, whatever is moved, for every primitive; what a page holds."""

from __future__ import annotations

import base64
import itertools
import math
import random
import re
import zlib

import pytest
from drawing_help import chain, network, parsed, tangle, toy
from player_help import HOSTILE, cube, differences, evaluated, labelled, needs_chromium, run

from micrograd.drawing.explorer import scene
from micrograd.drawing.explorer.javascript import arrow, rule
from micrograd.drawing.explorer.page import explore, literal
from micrograd.engine import Value, apply, topological
from micrograd.exporting.definitions import Body
from micrograd.functions import detach, exp, log, maximum, relu, sqrt, where
from micrograd.ops import TABLE, Op

OUTSIDE = Value(3.0)


def random_settings(root, count):
    draw = random.Random(count)
    leaves = [i for i, node in enumerate(topological(root)) if node.op is None]
    return [{}] + [{i: draw.uniform(-3, 3) for i in leaves} for _ in range(count)]


EDGE = [0.0, 1.0, -1.0, 40.0, -40.0, 0.5, -0.3, 2.0, 3.7, 1e-9, -7.25, 0.999, 5.9, -6.5, 710.0]
POINTS = {
    1: [(x,) for x in EDGE],
    2: list(itertools.product(EDGE[:5], EDGE[:5])),
    3: [(c, x, y) for c in EDGE[:4] for x, y in [(1.0, 2.0), (0.0, 0.0), (-40.0, 3.0)]],
}


def every_row():
    """One graph with every row of the table, each on leaves of its own, and settings that bring all to the points."""
    terms = [apply(op, tuple([Value(0.5) for _ in op.partials])) for op in TABLE.values()]
    root = sum(terms)
    place = {id(node): i for i, node in enumerate(topological(root))}
    settings = []
    for n in range(len(POINTS[2])):
        setting = {}
        for term in terms:
            points = POINTS[len(term.args)]
            setting.update({place[id(x)]: x0 for x, x0 in zip(term.args, points[n % len(points)])})
        settings.append(setting)
    return root, settings


def masked():
    """Branches that are not taken, with a derivative of inf or nan behind them; and gradients of exactly 0."""
    x, y = Value(-1.0, "x"), Value(2.0, "y")
    root = where(x > 0.0, sqrt(x), 0.0 * y) + log(relu(x)) * y + log(maximum(x, y) - 2.0) * detach(x) + (y - y) / x
    nodes = topological(root)
    grid = itertools.product([-1.0, 0.0, 2.0], [2.0, 0.0, -3.0])
    return root, [{nodes.index(x): x0, nodes.index(y): y0} for x0, y0 in grid]


def powers():
    """Powers with exponents of inf, -inf and nan, which JavaScript and IEEE 754 take differently."""
    x, y = Value(1.0, "x"), Value(0.0, "y")
    root = x ** exp(y) + x ** log(y)
    nodes = topological(root)
    grid = itertools.product([1.0, -1.0, 0.0, 0.5], [1000.0, 0.0, -1.0])
    return root, [{nodes.index(x): x0, nodes.index(y): y0} for x0, y0 in grid]


SCENES = {
    "toy net": lambda: (toy(), random_settings(toy(), 5)),
    "MLP 2-4-4-1": lambda: (network(2, 4, 4, 1)[1], random_settings(network(2, 4, 4, 1)[1], 3)),
    "every primitive": every_row,
    "masked branches": masked,
    "powers": powers,
    "tangle": lambda: (tangle(1, 60), random_settings(tangle(1, 60), 3)),
}


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """{scene: (root, settings, what the page showed after each)}, all from one page with a player each."""
    scenes = {name: make() for name, make in SCENES.items()}
    explorers = {name: explore(root, {}, view="full") for name, (root, _) in scenes.items()}
    with pytest.MonkeyPatch.context() as patch:  # as a graph of many values has it: the page finds its numbers itself
        patch.setattr(scene, "MOST_NUMBERS", 0)
        explorers["tangle"] = explore(scenes["tangle"][0], {}, view="full")
    assert "data" not in explorers["tangle"].scene["nodes"][-1] and "data" in explorers["powers"].scene["nodes"][-1]
    body = "".join([explorer.notebook_html() for explorer in explorers.values()])
    script = f"""
return {literal([settings for _, settings in scenes.values()])}.map((settings, p) => settings.map(setting => {{
  click(players()[p], "last");
  for (const [i, x] of Object.entries(setting)) set(players()[p], Number(i), x);
  return state(players()[p]);
}}));"""
    states = run(tmp_path_factory.mktemp("moved"), body, script)
    return {name: (*scenes[name], shown) for name, shown in zip(scenes, states)}


@needs_chromium
@pytest.mark.parametrize("name", SCENES)
def test_every_value_local_derivative_and_gradient_is_pythons(moved, name):
    root, settings, states = moved[name]
    assert len(states) == len(settings)
    for setting, state in zip(settings, states):
        assert differences(state, evaluated(root, setting)) == []


def test_the_scene_of_every_primitive_has_every_primitive():
    root, settings = every_row()
    assert {node.op.name for node in topological(root) if node.op is not None} == set(TABLE)
    assert all("null" != rule(op) for op in TABLE.values())


def test_names_for_all_and_the_graph_stays_as_it_is():
    x = Value(2.0, "v1")
    y = x * x + 1.0
    x.grad = 5.0
    explorer = explore(y, {"y": y})
    assert [node["name"] for node in explorer.scene["nodes"]] == ["v₁", "t₁", "y"]
    assert [node["formula"] for node in explorer.scene["nodes"]] == [None, [0, " × ", 1], [0, " + 1"]]
    assert (x.grad, y.grad, y.label, x.label) == (5.0, 0.0, "", "v1")
    assert "∇ 4" in explorer.svg and "∇ 9" not in explorer.svg
    assert explore(y, {}).scene["nodes"][-1]["name"] == "f"
    assert explore(Value(3.0), {}).scene["leaves"] == [0]


def test_a_page_keeps_the_names_that_its_caller_has():
    weight, x = Value(0.5), Value(2.0)
    h = weight * x
    assert [node["name"] for node in explore(h).scene["nodes"]] == ["weight", "x", "h"]
    assert [node["name"] for node in explore(OUTSIDE * x).scene["nodes"]] == ["OUTSIDE", "x", "f"]
    assert [node["name"] for node in explore(h, {}).scene["nodes"]] == ["v₁", "v₂", "f"]


def test_leaves_as_values_or_names():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0)
    y = a * b + c
    assert explore(y, {}).scene["leaves"] == [0, 1]
    assert explore(y, {}, leaves=[c, "a", a]).scene["leaves"] == [3, 0]
    assert explore(y, {"c": c}, leaves=["c"]).scene["leaves"] == [3]
    assert explore(sum(Value(float(i)) for i in range(20)), {}).scene["leaves"][-1] < 24
    assert len(explore(sum(Value(float(i)) for i in range(20)), {}).scene["leaves"]) == 12
    _, loss = network(2, 4, 4, 1)
    scene = explore(loss, {}).scene
    assert len(scene["leaves"]) == 12
    assert {"x₁", "x₂", "y"} <= {scene["nodes"][i]["name"] for i in scene["leaves"]}
    with pytest.raises(ValueError, match="'z' is not a leaf of this graph; its leaves by name: 'a', 'b'"):
        explore(y, {}, leaves=["z"])
    with pytest.raises(ValueError, match="is not a leaf"):
        explore(y, {}, leaves=[y])
    with pytest.raises(TypeError, match="got int 3"):
        explore(y, {}, leaves=[3])
    with pytest.raises(TypeError, match="list of Values or names"):
        explore(y, {}, leaves="ab")


def test_what_cannot_be_explored():
    with pytest.raises(TypeError, match="explore expects a Value, got float"):
        explore(2.0)
    with pytest.raises(ValueError, match=r"up to 3,000 values, got 100,001: explore the loss .* draw\(value\)"):
        explore(chain(100_000))
    with pytest.raises(ValueError, match="view"):
        explore(Value(1.0), view="whole")


def test_pages_files_and_notebooks(tmp_path):
    explorer = explore(toy(), {})
    explorer.save(tmp_path / "toy.html")
    page = (tmp_path / "toy.html").read_text(encoding="utf-8")
    assert page == explorer.html and "with scripts it is a player" in page and "running this cell" not in page
    assert explorer.notebook_html().split("</p>")[1] in page
    assert not re.search(r"(src|href)=\"(?!data:)|url\(|@import|fetch\(|import\(", page), "the page asks for nothing"
    with pytest.raises(ValueError, match=r"expected a path that ends in .html, got .*toy.svg"):
        explorer.save(tmp_path / "toy.svg")
    shown = {"text/html": explorer.notebook_html(), "text/plain": "<Explorer: Computation graph of L, 10 values>"}
    assert explorer._repr_mimebundle_() == shown | explorer.picture.preview()  # for LaTeX, where Graphviz is
    assert set(explorer._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(explorer._repr_mimebundle_(exclude=["text/plain", "image/png"])) == {"text/html"}


def test_the_same_graph_gives_the_same_page():
    assert explore(toy(), {}).html == explore(toy(), {}).html
    assert len(explore(toy(), {}).notebook_html()) < 64_000


def test_what_is_folded_on_a_page():
    """Each value is in exactly one box of the innermost pictures, and the steps go operands first, box by box."""
    _, loss = network(2, 8, 8, 1)
    explorer = explore(loss, {})
    nodes, scene = topological(loss), explorer.scene
    inner = [i for i, node in enumerate(nodes) if node.op is not None]
    assert sorted(scene["order"]) == inner
    turn = {i: k for k, i in enumerate(scene["order"])}
    place = {id(node): i for i, node in enumerate(nodes)}
    assert all(turn[place[id(x)]] < turn[i] for i in inner for x in nodes[i].args if getattr(x, "op", None))
    boxes = [scene["homes"][i][-1] if scene["homes"][i] else f"n{i}" for i in scene["order"]]
    assert len([key for key, _ in itertools.groupby(boxes)]) == len(set(boxes)) == 5  # three layers, ŷ − y, the square
    pictures = {key: pictured(unfolded["svg"]) for key, unfolded in scene["unfolded"].items()}
    for i in range(len(nodes)):
        innermost = pictures[scene["homes"][i][0]] if scene["homes"][i] else parsed(explorer.svg)
        assert f"n{i}" in innermost[0]
    assert len(pictures) == 4 + 17
    assert len(explorer.html) < 300_000


def pictured(deflated):
    """The boxes, edges and captions of a picture that unfolds."""
    return parsed(zlib.decompress(base64.b64decode(deflated)).decode())


def test_pages_of_thousands_of_values_stay_small():
    assert len(explore(chain(2_998), {}).html) < 1_000_000


def test_scripts_end_where_they_should():
    """No label ends the script element early: the only script is ours, to the end."""
    for label in HOSTILE:
        html = explore(labelled(label), {}).notebook_html()
        assert html.count("<script") == html.count("</script") == 1
        assert "<!--" not in html and "\u2028" not in html
        assert html.endswith("})();</script>\n")


def test_rules_of_rows_and_what_they_refuse():
    body = Body()
    x = body.argument("x")
    assert arrow(["x"], body, abs(-x) ** 2.0 - 2.5) == "(x) => pow(Math.abs(-x), 2) - 2.5"
    assert arrow(["x"], body, exp(x) * exp(x)) == "(x) => { const v1 = Math.exp(x); return v1 * v1; }"
    assert [arrow([], body, number) for number in (1.0, -2.5, math.inf, -math.inf, math.nan)] == [
        f"() => {text}" for text in ("1", "-2.5", "Infinity", "-Infinity", "NaN")
    ]
    with pytest.raises(TypeError, match=r"write where\(condition, x, y\)"):
        bool(x > 0.0)
    with pytest.raises(TypeError, match="write it with <="):
        _ = x == 0.0
    assert rule(Op("own", "", cube, (lambda x, out: x if x > 0.0 else 0.0,), "")) == "null"
