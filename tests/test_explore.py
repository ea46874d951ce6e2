"""The explorer, driven in a real headless Chromium: its numbers are Python's, whatever is moved, for every primitive.

scene       a page with one or more players and a script that operates them by mouse and keyboard
state       what a player shows: {key: [data, ∇]} of the boxes and {key: local derivative} of the arrows, from the
            tooltips, which have full precision
"""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import re
import shutil
import subprocess
from urllib.parse import unquote

import pytest
from drawing_help import chain, network, parsed, tangle, toy

from micrograd.dispatch import of_one, operate
from micrograd.drawing import draw
from micrograd.drawing.explorer.javascript import Body, JavaScript, in_javascript, rule
from micrograd.drawing.explorer.page import explore, literal
from micrograd.engine import Value, apply, topological
from micrograd.functions import detach, exp, log, maximum, relu, sqrt, where
from micrograd.ops import TABLE, Op

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="needs Chromium")

DRIVER = """
const players = () => [...document.querySelectorAll(".micrograd-explorer")];
function title(part) { return part.querySelector("title").textContent; }
function state(player) {
  const found = {};
  for (const box of player.querySelectorAll("g.box")) {
    const text = title(box);
    found[box.dataset.key] = [/\\ndata (.*)/.exec(text)[1], (/\\n∇ (.*)/.exec(text) || [])[1]];
  }
  for (const edge of player.querySelectorAll("g.edge")) found[edge.dataset.key] = / = (.*)\\n/.exec(title(edge))[1];
  return found;
}
function leaf(player, i) {
  if (!player.querySelector(`.leaf[data-i="${i}"]`)) {
    player.querySelector(`[data-key="n${i}"]`).dispatchEvent(new MouseEvent("click", { bubbles: true }));
  }
  return player.querySelector(`.leaf[data-i="${i}"]`);
}
function set(player, i, x, kind = "number") {
  const input = leaf(player, i).querySelector(`input[type="${kind}"]`);
  input.value = x;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
function click(player, name) { player.querySelector("button." + name).click(); }
function press(target, key, more = {}) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}
function story(player) {
  return [...player.querySelectorAll(".story span, .story .head")].map(part => part.textContent);
}
"""


def run(folder, body, script):
    """What `script`, the body of an async function, returns in a page with that body; alerts are counted."""
    assert CHROMIUM is not None, "Chromium is not installed"
    page = folder / "page.html"
    page.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><body><script>let alerts = 0; window.alert = () => alerts++;</script>\n'
        f'{body}<pre id="result"></pre><script>{DRIVER}(async () => {{{script}}})()'
        ".catch(error => ({ error: String(error.stack) })).then(outcome => {"
        "document.getElementById('result').textContent = encodeURIComponent(JSON.stringify(outcome)); });</script>",
        encoding="utf-8",
    )
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--mute-audio"]
    command = [CHROMIUM, "--headless", *options, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000"]
    dom = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, timeout=120).stdout.decode()
    found = re.search(r'<pre id="result">([^<]+)</pre>', dom)
    assert found, dom[:2000]
    result = json.loads(unquote(found.group(1)))
    assert "error" not in result, result["error"]
    return result


def evaluated(root, settings):
    """The graph of root with leaves set to {place: number}, evaluated anew, after backward: its nodes in order."""
    fresh = {}
    for i, node in enumerate(topological(root)):
        if node.op is None:
            fresh[id(node)] = Value(settings.get(i, node.data))
        else:
            fresh[id(node)] = apply(node.op, tuple([fresh[id(x)] if isinstance(x, Value) else x for x in node.args]))
        fresh[id(node)].label = node.label
    copy = fresh[id(root)]
    copy.backward()
    return list(fresh.values())


def near(got, wanted):
    """As the page shows a number, which has no sign of zero."""
    got = float(got.replace("Infinity", "inf"))
    return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-300) or got != got and wanted != wanted


def differences(state, nodes):
    """Where the page does not say what Python does."""
    wrong = []
    place = {id(node): i for i, node in enumerate(nodes)}
    for i, node in enumerate(nodes):
        data, grad = state[f"n{i}"]
        if not near(data, node.data):
            wrong.append((i, "data", data, node.data))
        if not near(grad, node.grad):
            wrong.append((i, "grad", grad, node.grad))
        for k, (x, local) in enumerate(zip(node.args, node.partials)):
            if id(x) in place and not near(state[f"n{i}.{k}"], local):
                args = [getattr(x, "data", x) for x in node.args]
                wrong.append((node.op.name, args, k, state[f"n{i}.{k}"], local))
    return wrong


def arrows(svg):
    """(colour, width) of every arrow."""
    return re.findall(r'<path d="M[^"]*C[^"]*" fill="none" stroke="(#\w+)" stroke-width="([0-9.]+)"', svg)


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
    body = "".join([explore(root, {}).notebook_html() for root, _ in scenes.values()])
    script = f"""
return {literal([settings for _, settings in scenes.values()])}.map((settings, p) => settings.map(setting => {{
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


def labelled(hostile):
    x, w = Value(2.0, hostile), Value(-0.5, hostile + " ")
    y = (x * w).tanh()
    y.label = hostile + "="
    return y


HOSTILE = [
    '"><script>alert(1)</script>', "</script><script>alert(2)</script>", "<!--<script>", "'; alert(3); //",
    "${alert(4)}", "\\u003cimg src=x onerror=alert(5)>", "line\nbreak\u2028\u2029", "a\\", "]]>", "&lt;b&gt;",
    "x" * 10_000, "😀 שלום", '<img src=x onerror="alert(6)">', "\0\x1b\ud800",
]  # fmt: skip


@of_one
def cube(x):
    """A primitive of somebody's own."""
    return x * x * x if x.__class__ is float else operate(cube, x)


def own_row(**options):
    return Op("cube", "( )³", cube, (lambda x, out: 3.0 * x * x,), "{{{0}}}^3", **options)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What a page says whose players were stepped, scrubbed, played and moved."""
    page = explore(toy(), {}).notebook_html()
    bodies = [page, page, explore(toy(), {}, leaves=["w1"]).notebook_html()]
    picture, script = explore(toy(), {}, leaves=["x"]).notebook_html().split("\n", 1)
    bodies += [picture, picture, script]  # as where one output is shown twice
    bodies += [explore(labelled(label), {}).notebook_html() for label in HOSTILE]
    not_symbolic = Op("cube", "", cube, (lambda x, out: 3.0 * math.pow(x, 2.0),), "", definition=lambda x: x * x * x)
    rows = [own_row(), own_row(definition=lambda x: x * x * x), not_symbolic]
    with pytest.MonkeyPatch.context() as patch:
        for row in rows:
            patch.setitem(TABLE, "cube", row)
            bodies.append(explore(apply(row, (Value(2.0, "x"),)) * 2.0, {}).notebook_html())
    image = re.sub("<script>.*?</script>", "", page, flags=re.S)
    bodies.append(f'<div id="untrusted">{image.replace("data-graph", "data-other")}</div>')
    shrinks = "<style>.narrow svg, .narrow img { max-width: 100%; height: auto }</style>"  # as JupyterLab has it
    wide = [explore(chain(40), {}).notebook_html(), draw(chain(40), {}).notebook_html()]
    bodies.append(f'{shrinks}<div class="narrow" style="width: 700px">{"".join(wide)}</div>')
    return run(tmp_path_factory.mktemp("played"), "".join(bodies), PLAY)


PLAY = """
const [one, two, three, four, five, ...rest] = players(), seen = {};
const step = player => Number(player.dataset.step);
const lit = player => [...player.querySelectorAll(".lit")].map(part => part.dataset.key);
const waiting = player => [...player.querySelectorAll(".waiting")].map(part => part.dataset.key);
const look = player => (
  { step: step(player), story: story(player), lit: lit(player), waiting: waiting(player), state: state(player) });
const wait = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
seen.svg = one.querySelector("svg").outerHTML;
seen.steps = [];
click(one, "first");
for (let k = 0; k < 7; k++) { seen.steps.push(look(one)); click(one, "forward"); }
seen.after = look(one);
seen.other = look(two);
const keys = ["Home", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowLeft", "End", "ArrowRight", "x"];
seen.keys = keys.map(key => { press(one, key); return step(one); });
press(one.querySelector(".leaf input"), "ArrowLeft");
press(one, "ArrowLeft", { ctrlKey: true });
seen.keys.push(step(one));
const scrub = one.querySelector(".scrub");
scrub.value = 3;
scrub.dispatchEvent(new Event("input", { bubbles: true }));
seen.scrub = step(one);
press(one, " ");
seen.play = [[step(one), one.querySelector(".play").textContent]];
for (let k = 0; k < 5; k++) { await wait(1.05); seen.play.push([step(one), one.querySelector(".play").textContent]); }
click(one, "play");
await wait(2.5);
click(one, "play");
const paused = step(one);
await wait(3);
seen.pause = [paused, step(one)];
click(one, "last");
set(one, 0, 2.5, "range");
seen.moved = look(one);
seen.movedSvg = one.querySelector("svg").outerHTML;
set(four, 0, 2.5);
seen.twin = state(four);
click(five, "last");
seen.unmoved = [two, three, five].map(state);
set(one, 0, "");
seen.field = state(one).n0;
set(one, 0, 1e6);
const range = leaf(one, 0).querySelector("[type=range]");
seen.far = [state(one).n0, range.max];
click(one, "reset");
seen.reset = state(one);
seen.ends = [0, 1, 2].map(() => { set(one, 0, range.max, "range"); return [range.value, range.min, range.max]; });
seen.told = [...leaf(one, 0).querySelectorAll(".end")].map(end => end.textContent);
click(one, "reset");
const operated = [...document.querySelectorAll(".micrograd-explorer :is(input, button)")];
seen.suppressed = operated.map(made => made.dataset.lmSuppressShortcuts);
seen.wide = [...document.querySelectorAll(".narrow svg, .narrow > div > div > img")].map(picture => (
  [picture.getBoundingClientRect().width, picture.naturalWidth ?? Number(picture.getAttribute("width"))]));
seen.within = [...document.querySelectorAll(".narrow > div")].map(part => part.getBoundingClientRect().width);
seen.sliders = [one, three].map(player => player.querySelectorAll(".leaf").length);
leaf(three, 1);
seen.sliders.push(three.querySelectorAll(".leaf").length);
seen.hostile = rest.slice(0, -5).map(player => {
  click(player, "back");
  set(player, 0, 1.5);
  return { story: story(player), nodes: player.querySelectorAll("script, img, iframe").length, data: state(player).n0 };
});
seen.rows = rest.slice(-5, -2).map(player => {
  const disabled = player.querySelector(".leaf input").disabled, hint = player.querySelector(".hint").textContent;
  if (!disabled) set(player, 0, 3);
  click(player, "first");
  click(player, "last");
  return { disabled, hint, state: state(player) };
});
const image = document.querySelector("#untrusted img");
seen.untrusted = [image.naturalWidth > 300, rest.at(-2).querySelectorAll("button").length];
seen.alerts = alerts;
return seen;
"""


@needs_chromium
def test_at_first_the_player_shows_the_static_picture(played):
    """Every number, colour and width that the script paints is what the static picture has."""
    static = re.sub(r"(?<= )(-?[0-9]+)\.0\b", r"\1", explore(toy(), {}).svg)  # JavaScript writes 1 for 1.0
    boxes, edges, _ = parsed(played["svg"])
    static_boxes, static_edges, _ = parsed(static)
    assert boxes.pop("n7")[0] == static_boxes.pop("n7")[0] == ["y", "1"]  # a target; the player's tooltip adds its ∇
    assert boxes == static_boxes
    assert edges == static_edges
    assert arrows(played["svg"]) == arrows(explore(toy(), {}).svg)
    assert len(set(arrows(played["svg"]))) > 4


@needs_chromium
def test_arrows_follow_the_numbers(played):
    root = evaluated(toy(), {0: 2.5})[-1]
    assert arrows(played["movedSvg"]) == arrows(explore(root, {}).svg) != arrows(played["svg"])


@needs_chromium
def test_steps_tell_the_arithmetic(played):
    steps = played["steps"]
    assert [found["step"] for found in steps] == [0, 1, 2, 3, 4, 5, 6]
    assert played["after"]["step"] == 6
    assert steps[0]["story"] == ["Forward is done: L = 0.46. Backward begins with ∂L/∂L = 1."]
    assert steps[3]["story"] == ["ŷ = σ(u) = 0.321", "∂L/∂u", "+=", "∂ŷ/∂u · ∂L/∂ŷ", "=", "0.218 × −1.36 = −0.296"]
    assert set(steps[3]["lit"]) == {"n6", "n6.0"}
    assert set(steps[4]["lit"]) == {"n5", "n5.0", "n5.1"}


@needs_chromium
def test_steps_reach_one_node_after_the_other(played):
    nodes = topological(toy())
    for found in played["steps"]:
        reached = {len(nodes) - 1}
        order = [i for i, node in enumerate(nodes) if node.op is not None][::-1]
        for i in order[: found["step"]]:
            reached |= {nodes.index(x) for x in nodes[i].args if isinstance(x, Value)}
        shown = {i for i in range(len(nodes)) if found["state"][f"n{i}"][1] != "not yet computed"}
        assert shown == reached
        places = [(i, k) for i in order[found["step"] :] for k, x in enumerate(nodes[i].args) if isinstance(x, Value)]
        assert set(found["waiting"]) == {f"n{i}.{k}" for i, k in places}
        for i in reached:
            assert float(found["state"][f"n{i}"][1]) == pytest.approx(nodes[i].grad, rel=1e-12)


@needs_chromium
def test_keyboard_scrubbing_and_playing(played):
    assert played["keys"] == [0, 1, 2, 1, 0, 0, 6, 6, 6, 6]
    assert played["scrub"] == 3
    steps, buttons = zip(*played["play"])
    assert steps == (3, 4, 5, 6, 6, 6)
    assert buttons[0] == buttons[1] == "❚❚ pause" and buttons[-1] == "▶ play"
    first, later = played["pause"]
    assert first == later and 0 < first < 6


@needs_chromium
def test_players_do_not_disturb_each_other_and_reset_goes_back(played):
    assert differences(played["moved"]["state"], evaluated(toy(), {0: 2.5})) == []
    assert differences(played["twin"], evaluated(toy(), {0: 2.5})) == []
    for state in [*played["unmoved"], played["reset"]]:
        assert differences(state, evaluated(toy(), {})) == []
    assert played["other"]["step"] == 6
    assert played["field"][0] == "2.5"  # an empty field moves nothing
    assert played["far"][0][0] == "1000000" and float(played["far"][1]) >= 1e6
    assert played["sliders"] == [4, 1, 2]


@needs_chromium
def test_only_a_number_that_is_typed_widens_a_slider(played):
    assert played["ends"] == [["3", "-3", "3"]] * 3 and played["told"] == ["−3", "3"]
    assert float(played["far"][1]) == 2e6


@needs_chromium
def test_in_jupyterlab_wide_pictures_scroll_and_keys_are_the_players(played):
    (player, player_size), (drawn, drawn_size) = played["wide"]
    assert player == player_size > 3000
    assert drawn == pytest.approx(0.75 * drawn_size, abs=1.0) and drawn > 2000
    assert set(played["within"]) == {700}
    assert set(played["suppressed"]) == {"true"} and len(played["suppressed"]) > 100


@needs_chromium
def test_hostile_labels_stay_text(played):
    assert played["alerts"] == 0
    assert len(played["hostile"]) == len(HOSTILE)
    for label, found in zip(HOSTILE, played["hostile"]):
        assert found["nodes"] == 0 and found["data"][0] == "1.5"
        assert found["story"][0].startswith(explore(labelled(label), {}).scene["nodes"][-1]["name"])


@needs_chromium
def test_rows_of_somebodys_own(played):
    without, defined, not_symbolic = played["rows"]
    assert (without["disabled"], defined["disabled"], not_symbolic["disabled"]) == (True, False, True)
    assert "cannot evaluate “cube”" in without["hint"] and "a definition" in not_symbolic["hint"]
    assert [defined["state"][f"n{i}"] for i in (0, 1, 2)] == [["3", "54"], ["27", "2"], ["54", "1"]]
    assert [without["state"][f"n{i}"] for i in (0, 1, 2)] == [["2", "24"], ["8", "2"], ["16", "1"]]


@needs_chromium
def test_without_scripts_the_picture_stands(played):
    assert played["untrusted"] == [True, 0]


def test_names_for_all_and_the_graph_stays_as_it_is():
    x = Value(2.0, "v1")
    y = x * x + 1.0
    x.grad = 5.0
    explorer = explore(y, {"y": y})
    assert [node["name"] for node in explorer.scene["nodes"]] == ["v₁", "v₂", "y"]
    assert [node["formula"] for node in explorer.scene["nodes"]] == ["", "v₁ × v₁", "v₂ + 1"]
    assert (x.grad, y.grad, y.label, x.label) == (5.0, 0.0, "", "v1")
    assert "∇ 4" in explorer.svg and "∇ 9" not in explorer.svg
    assert explore(y, {}).scene["nodes"][-1]["name"] == "out"
    assert explore(Value(3.0), {}).scene["leaves"] == [0]


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
    with pytest.raises(ValueError, match=r"up to 300 values, got 100,001: explore the loss .* draw\(value\)"):
        explore(chain(100_000))


def test_pages_files_and_notebooks(tmp_path):
    explorer = explore(toy(), {})
    explorer.save(tmp_path / "toy.html")
    page = (tmp_path / "toy.html").read_text(encoding="utf-8")
    assert page == explorer.html and explorer.notebook_html() in page
    assert not re.search(r"(src|href)=\"(?!data:)|url\(|@import|fetch\(|import\(", page), "the page asks for nothing"
    with pytest.raises(ValueError, match=r"expected a path that ends in .html, got .*toy.svg"):
        explorer.save(tmp_path / "toy.svg")
    shown = {"text/html": explorer.notebook_html(), "text/plain": "<Explorer: Computation graph of L, 10 values>"}
    assert explorer._repr_mimebundle_() == shown
    assert set(explorer._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(explorer._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_the_same_graph_gives_the_same_page():
    assert explore(toy(), {}).html == explore(toy(), {}).html
    assert len(explore(toy(), {}).notebook_html()) < 40_000


def test_scripts_end_where_they_should():
    """No label ends the script element early: the only script is ours, to the end."""
    for label in HOSTILE:
        html = explore(labelled(label), {}).notebook_html()
        assert html.count("<script") == html.count("</script") == 1
        assert "<!--" not in html and "\u2028" not in html
        assert html.endswith("})();</script>\n")


def test_expressions_refuse_what_they_cannot_write_down():
    body = Body()
    x = JavaScript("x", body)
    assert body.function("x", abs(-x) ** 2.0) == (
        "x => { const v1 = -x, v2 = mg.abs(v1), v3 = mg.pow(v2, 2.0); return v3; }"
    )
    assert [in_javascript(number) for number in (1.0, -2.5, math.inf, -math.inf, math.nan)] == [
        "1.0",
        "(-2.5)",
        "Infinity",
        "(-Infinity)",
        "NaN",
    ]
    with pytest.raises(TypeError, match=r"write where\(condition, x, y\)"):
        bool(x > 0.0)
    with pytest.raises(TypeError, match="write it with <="):
        _ = x == 0.0
    assert rule(Op("own", "", cube, (lambda x, out: x if x > 0.0 else 0.0,), "")) == "null"
