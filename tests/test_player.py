"""The player, operated in a real headless Chromium: by mouse and keyboard, forward, backward, down the gradient."""

from __future__ import annotations

import math
import re

import pytest
from drawing_help import chain, network, parsed, toy
from player_help import HOSTILE, arrows, cube, differences, evaluated, labelled, needs_chromium, run

from micrograd.drawing import draw
from micrograd.drawing.explorer.page import explore
from micrograd.engine import Value, apply, topological
from micrograd.ops import TABLE, Op

TITLE = "Computation graph of L, 10 values"
FORWARD, WHOLE, LAST = 6, 13, 14  # positions in a round of the toy net: forward is done, backward is done, the update


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
    x = Value(2.0, "x")
    bodies.append(explore((x * x).tanh(), {}).notebook_html())
    return run(tmp_path_factory.mktemp("played"), "".join(bodies), PLAY)


PLAY = """
const [one, two, three, four, five, ...rest] = players(), seen = {};
const step = player => Number(player.dataset.step);
const keysOf = (player, kind) => [...player.querySelectorAll(kind)].map(part => part.dataset.key);
const look = player => ({
  step: step(player), story: story(player), lit: keysOf(player, ".lit"), joined: keysOf(player, ".receiving"),
  waiting: keysOf(player, ".waiting"), state: state(player), count: player.querySelector(".count").textContent,
  said: player.querySelector("[aria-live=polite]").textContent });
const wait = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
seen.opened = players().map(player => player.dataset.step);
seen.steps = [];
for (let k = 0; k < 16; k++) { seen.steps.push(look(one)); click(one, "forward"); }
for (let k = 0; k < 3; k++) click(one, "back");
seen.back = [one.dataset.round, look(one)];
click(one, "reset");
click(one, "last");
seen.svg = one.querySelector(".pictures svg").outerHTML;
seen.after = look(one);
seen.other = look(two);
const keys = "Home ArrowRight ArrowRight ArrowLeft ArrowLeft ArrowLeft End ArrowRight x End".split(" ");
seen.keys = keys.map(key => { press(one, key); return step(one); });
press(one.querySelector(".leaf input"), "ArrowLeft");
press(one, "ArrowLeft", { ctrlKey: true });
seen.keys.push(step(one));
const scrub = one.querySelector(".scrub");
scrub.value = 3;
scrub.dispatchEvent(new Event("input", { bubbles: true }));
seen.scrub = step(one);
const playing = () => [step(one), one.dataset.round, one.querySelector(".play").textContent];
press(one, " ");
seen.play = [playing()];
for (let k = 0; k < 3; k++) { await wait(1.05); seen.play.push(playing()); }
const speed = one.querySelector(".speed");
speed.value = "5";
speed.dispatchEvent(new Event("change"));
await wait(3.1);
seen.play.push(playing());
click(one, "play");
const paused = step(one);
await wait(3);
seen.pause = [paused, step(one), one.querySelector(".play").textContent];
press(three, "End");
const plain = rest.at(-1);
press(plain, "End");
press(plain, " ");
seen.without = [step(plain), plain.querySelectorAll(".descent").length];
await wait(6);
seen.without.push(step(plain), plain.querySelector(".play").textContent);
click(one, "reset");
click(one, "last");
set(one, 0, 2.5, "range");
seen.moved = look(one);
const narrow = edge => {
  const paper = edge.querySelector(".paper").getBoundingClientRect();
  const text = edge.querySelector("text").getBoundingClientRect();
  return paper.left > text.left || paper.right < text.right || paper.width > text.width + 16;
};
set(one, 0, -1e-7);
seen.papers = [...one.querySelectorAll("g.edge")].filter(narrow).map(edge => edge.textContent);
set(one, 0, 2.5, "range");
seen.movedSvg = one.querySelector(".pictures svg").outerHTML;
click(four, "last");
set(four, 0, 2.5);
seen.twin = state(four);
click(two, "last");
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
seen.sliders = [one, three].map(player => player.querySelectorAll(".leaf[data-i]").length);
leaf(three, 1);
seen.sliders.push(three.querySelectorAll(".leaf[data-i]").length);
const descent = [];
const rate = one.querySelector(".descent [type=number]");
const curve = one.querySelector(".curve");
const note = () => descent.push([Number(one.dataset.round), step(one), state(one), curve.ariaLabel]);
seen.rate = rate.value;
for (let k = 0; k < 3; k++) { click(one, "one"); note(); }
rate.value = 10;
rate.dispatchEvent(new Event("input", { bubbles: true }));
press(one, "d");
note();
click(one, "forward");
note();
click(one, "run");
await wait(1.1);
seen.running = one.querySelector(".run").textContent;
click(one, "run");
const line = curve.querySelector("polyline:last-of-type").getAttribute("points").split(" ");
seen.ran = [Number(one.dataset.round), line.length];
seen.descent = descent;
seen.hostile = rest.slice(0, HOSTILE).map(player => {
  click(player, "last");
  click(player, "back");
  set(player, 0, 1.5);
  return { story: story(player), nodes: player.querySelectorAll("script, img, iframe").length, data: state(player).n0 };
});
seen.rows = rest.slice(HOSTILE, HOSTILE + 3).map(player => {
  const disabled = player.querySelector(".leaf input").disabled, hint = player.querySelector(".hint").textContent;
  if (!disabled) set(player, 0, 3);
  click(player, "first");
  click(player, "last");
  return { disabled, hint, state: state(player) };
});
const untrusted = document.querySelector("#untrusted"), image = untrusted.querySelector("img");
seen.untrusted = [image.naturalWidth > 300, untrusted.querySelectorAll("button").length, untrusted.textContent.trim()];
const operated = [...document.querySelectorAll(".micrograd-explorer :is(input, button, select, summary, [tabindex])")];
seen.suppressed = operated.map(made => made.dataset.lmSuppressShortcuts);
seen.roles = [one, ...one.querySelectorAll(".pictures svg, g.box, g.edge, .curve")].map(
  made => [made.getAttribute("role"), made.getAttribute("aria-label") ?? title(made).split("\\n")[0]]);
seen.unnamed = [...document.querySelectorAll(".micrograd-explorer :is(input, button, select)")].filter(
  made => !(made.ariaLabel || made.textContent)).length;
seen.wide = [...document.querySelectorAll(".narrow svg, .narrow > div > div > img")].filter(
  picture => !picture.classList.contains("curve")).map(picture => (
  [picture.getBoundingClientRect().width, picture.naturalWidth ?? Number(picture.getAttribute("width"))]));
seen.within = [...document.querySelectorAll(".narrow > div")].map(part => part.getBoundingClientRect().width);
seen.alerts = alerts;
return seen;
""".replace("HOSTILE", str(len(HOSTILE)))


@needs_chromium
def test_after_backward_the_player_shows_the_static_picture(played):
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
    assert set(played["opened"]) == {"0", None}  # None: what is not trusted
    assert [found["step"] for found in steps] == [*range(LAST + 1), 0]
    assert steps[0]["story"] == ["The leaves have their numbers. Forward computes z, h, u, ŷ, e, L from them."]
    assert steps[3]["story"] == ["u = w₂ × h = −1.2 × 0.622 = −0.747", "∂u/∂w₂", "=", "0.622", "∂u/∂h", "=", "−1.2"]
    assert steps[6]["story"][0] == "L = e² = (−0.679)² = 0.46"
    assert steps[7]["story"] == ["Forward is done: L = 0.46. Backward begins with ∂L/∂L = 1."]
    factors = ["∂L/∂u", "+=", "∂ŷ/∂u · ∂L/∂ŷ", "=", "0.218 × −1.36 = −0.296"]
    assert steps[10]["story"] == ["ŷ = σ(u) = σ(−0.747) = 0.321", *factors]
    assert steps[14]["story"][1:6] == ["w₁", "←", "w₁ − rate · ∂L/∂w₁", "=", "0.5 − 2 × 0.0835 = 0.333"]
    assert steps[15]["story"][0].startswith("Step 1 of descent is done")
    assert set(steps[3]["lit"]) == {"n5", "n5.0", "n5.1"} and set(steps[3]["joined"]) == {"n3", "n4"}
    assert set(steps[10]["lit"]) == {"n6", "n6.0"} and steps[10]["joined"] == ["n5"]
    assert set(steps[11]["lit"]) == {"n5", "n5.0", "n5.1"}
    assert set(steps[14]["lit"]) == {"n0", "n4"}
    counts = ["beginning", "forward 3 of 6", "backward begins", "backward 3 of 6", "step of descent", "beginning"]
    assert [steps[k]["count"] for k in (0, 3, 7, 10, 14, 15)] == counts


@needs_chromium
def test_each_step_is_said_in_a_sentence(played):
    said = {k: played["steps"][k]["said"] for k in (3, 10, 14)}
    assert said[3] == "Forward, 3 of 6: u = w₂ × h = −1.2 × 0.622 = −0.747"
    assert said[10] == "Backward, 3 of 6: ŷ hands on −0.296 to u."
    assert said[14] == "A step of descent: w₁ becomes 0.333, w₂ becomes −0.831."


@needs_chromium
def test_steps_reach_one_node_after_the_other(played):
    nodes = topological(toy())
    order = [i for i, node in enumerate(nodes) if node.op is not None]
    for found in played["steps"][: WHOLE + 1]:
        state, position = found["state"], found["step"]
        unknown = set(order[position:])
        assert {i for i in range(len(nodes)) if state[f"n{i}"][0] == "not yet computed"} == unknown
        places = [f"n{i}.{k}" for i in unknown for k, x in enumerate(nodes[i].args) if isinstance(x, Value)]
        assert set(found["waiting"]) == {*places, *[f"n{i}" for i in unknown]}
        assert all((state[place] == "not yet computed") == (place in places) for place in state if "." in place)
        reached = {len(nodes) - 1} if position > FORWARD else set()
        for i in order[::-1][: max(0, position - FORWARD - 1)]:
            reached |= {nodes.index(x) for x in nodes[i].args if isinstance(x, Value)}
        assert {i for i in range(len(nodes)) if state[f"n{i}"][1] != "not yet computed"} == reached
        for i in reached:
            assert float(state[f"n{i}"][1]) == pytest.approx(nodes[i].grad, rel=1e-12)


def descended(steps):
    """The toy net after steps of plain descent with these rates: its nodes."""
    nodes = evaluated(toy(), {})
    for rate in steps:
        nodes = evaluated(nodes[-1], {i: nodes[i].data - rate * nodes[i].grad for i in (0, 4)})
    return nodes


@needs_chromium
def test_steps_of_descent_are_pythons(played):
    assert played["rate"] == "2"
    rates = [2.0, 2.0, 2.0, 10.0]
    for k, (steps, position, state, label) in enumerate(played["descent"][:4], 1):
        assert (steps, position) == (k, WHOLE)
        assert differences(state, descended(rates[:k])) == []
        assert label.startswith(f"L at step {k}: ") and label.endswith(" from 0.46")
    steps, position, state, _ = played["descent"][4]
    assert (steps, position) == (4, LAST)  # the update, not yet evaluated
    before, after = descended(rates), descended([*rates, 10.0])
    for i in (0, 4):
        assert float(state[f"n{i}"][0]) == pytest.approx(after[i].data, rel=1e-12)
        assert float(state[f"n{i}"][1]) == pytest.approx(before[i].grad, rel=1e-12)
    assert float(state["n5"][0]) == pytest.approx(before[5].data, rel=1e-12)
    assert played["running"] == "❚❚ pause" and played["ran"][0] >= 5 and played["ran"][1] == played["ran"][0] + 1


@needs_chromium
def test_stepping_back_goes_to_the_round_before(played):
    steps, found = played["back"]
    assert steps == "0" and found["step"] == WHOLE
    assert differences(found["state"], evaluated(toy(), {})) == []


@needs_chromium
def test_keyboard_scrubbing_and_playing(played):
    assert played["keys"] == [0, 1, 2, 1, 0, 0, WHOLE, LAST, LAST, WHOLE, WHOLE]
    assert played["scrub"] == 3
    steps, rounds, buttons = zip(*played["play"])
    assert steps[:4] == (3, 4, 5, 6) and set(buttons) == {"❚❚ pause"}
    assert (rounds[3], rounds[4]) == ("0", "1") and 3 <= steps[4] <= 7  # 15 steps or so at five times the speed
    first, later, button = played["pause"]
    assert first == later and button == "▶ play"
    assert played["without"] == [0, 0, 5, "▶ play"]  # without parameters the end is the end


@needs_chromium
def test_players_do_not_disturb_each_other_and_reset_goes_back(played):
    assert differences(played["moved"]["state"], evaluated(toy(), {0: 2.5})) == []
    assert differences(played["twin"], evaluated(toy(), {0: 2.5})) == []
    for state in [*played["unmoved"], played["reset"]]:
        assert differences(state, evaluated(toy(), {})) == []
    assert played["other"]["step"] == 0
    assert played["field"][0] == "2.5"  # an empty field moves nothing
    assert played["far"][0][0] == "1000000"
    assert played["sliders"] == [4, 1, 2]
    assert played["papers"] == []  # the white behind a number is as wide as the number


@needs_chromium
def test_only_a_number_that_is_typed_widens_a_slider(played):
    assert played["ends"] == [["3", "-3", "3"]] * 3 and played["told"] == ["−3", "3"]
    assert float(played["far"][1]) == 2e6


@needs_chromium
def test_in_jupyterlab_wide_pictures_scroll_and_keys_are_the_players(played):
    (player, player_size), (drawn, drawn_size) = played["wide"]
    assert player >= 0.75 * player_size > 2500
    assert drawn == pytest.approx(0.75 * drawn_size, abs=1.0) and drawn > 2000
    assert set(played["within"]) == {700}
    assert set(played["suppressed"]) == {"true"} and len(played["suppressed"]) > 100
    assert played["unnamed"] == 0


@needs_chromium
def test_roles_and_names_for_screen_readers(played):
    roles = played["roles"]
    assert roles[:2] == [["region", f"Player: {TITLE}"], ["group", TITLE]]
    assert [name for role, name in roles if role == "button"] == ["w1", "x", "w2", "y"]
    images = [name for role, name in roles if role == "img"]
    assert len(images) == 6 + 9 + 1 and "h = σ(z)" in images and any(name.startswith("∂h/∂z = ") for name in images)


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
    assert played["untrusted"] == [True, 0, "A still picture: running this cell brings the player."]


FOLDED = """
const [fused, collapsed, numbered, linear] = players(), seen = {};
const svg = player => (
  new XMLSerializer().serializeToString(player.querySelector(".pictures svg")));
const wait = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
const open = async (player, key) => {
  [...player.querySelectorAll(`[data-key="${key}"].folds`)].at(-1).dispatchEvent(new MouseEvent("click"));
  for (let k = 0; k < 50 && !player.querySelector(".unfolded"); k++) await wait(0.1);
  await wait(0.3);
};
const beats = player => {
  const found = [];
  click(player, "first");
  for (let k = 0; k < 200 && player.dataset.round === "0"; k++) {
    const lit = [...player.querySelectorAll(".box.lit")].map(part => part.dataset.key);
    found.push([player.dataset.step, lit, player.querySelector(".story .head").textContent]);
    click(player, "forward");
  }
  click(player, "reset");
  return found;
};
const numbers = [[0, 1.5], [1, -0.25]];
seen.beats = [fused, collapsed].map(beats);
await open(linear, LINEAR_FORM);
seen.at = players().map(player => { click(player, "last"); return svg(player); });
await open(fused, FORM);
await open(collapsed, "s2.0");
seen.finer = beats(collapsed).length;
await open(collapsed, COLLAPSED_FORM);
const heads = player => [...player.querySelectorAll(".unfolded .head")].map(made => made.textContent);
seen.open = [fused, collapsed].map(heads);
for (const player of [fused, collapsed]) click(player, "last");
seen.states = [fused, collapsed].map(state);
seen.linear = [linear.dataset.step, state(linear)];
for (const player of [fused, collapsed]) for (const [i, x] of numbers) set(player, i, x);
seen.moved = [fused, collapsed].map(player => [state(player), svg(player)]);
for (const player of [fused, collapsed]) for (let k = 0; k < 2; k++) click(player, "one");
seen.rates = [fused, collapsed].map(player => Number(player.querySelector(".descent [type=number]").value));
seen.down = [fused, collapsed].map(player => [state(player), svg(player)]);
press(collapsed, "Escape");
seen.closed = collapsed.querySelectorAll(".unfolded").length;
const picture = fused.querySelector(".pictures svg"), wide = () => Math.round(picture.getBoundingClientRect().width);
seen.zoom = [wide()];
click(fused, "fit");
click(fused, "larger");
seen.zoom.push(wide());
click(fused, "fit");
seen.zoom.push(wide());
const zoom = new WheelEvent("wheel", { deltaY: -400, ctrlKey: true, cancelable: true });
fused.querySelector(".pane").dispatchEvent(zoom);
seen.zoom.push(wide(), fused.querySelector(".pane").clientWidth, zoom.defaultPrevented);
return seen;
"""


def linear():
    """One neuron after the other, without a function between: what enters the second is the sum of the first."""
    w1, x, b1, w2, b2 = [Value(0.5 + k, name) for k, name in enumerate(["w1", "x", "b1", "w2", "b2"])]
    return w2 * (w1 * x + b1) + b2


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    """What players of folded views said, and the loss that both play; a third has inputs that are plain numbers."""
    _, loss = network(2, 3, 3, 1)
    explorers = [explore(loss, {}, view=view) for view in ("fused", "collapsed")]
    numbers, layers = explore(network(2, 2, 1, floats=True)[1], {}, view="fused"), explore(linear(), {}, view="fused")
    forms = [max(explorers[0].scene["forms"]), min(explorers[1].scene["forms"])]
    explorers += [numbers, layers]
    script = FOLDED.replace("LINEAR_FORM", f'"n{max(layers.scene["forms"])}"')
    script = script.replace("COLLAPSED_FORM", f'"n{forms[1]}"').replace("FORM", f'"n{forms[0]}"')
    body = "".join([explorer.notebook_html() for explorer in explorers])
    return run(tmp_path_factory.mktemp("folded"), body, script), loss, explorers, forms


def told(svg):
    """The boxes and edges of an SVG, with what cannot be the same in Python and JavaScript made the same."""
    boxes, edges, _ = parsed(re.sub(r"(?<= )(-?[0-9]+)\.0\b", r"\1", svg))
    return {
        key: (texts, [number(word) for word in (tooltip or "").replace(",", " ").split()])
        for key, (texts, tooltip) in {**boxes, **edges}.items()
    }


def number(word):
    """A number to twelve digits; a word as it is."""
    try:
        return f"{float(word):.12g}"
    except ValueError:
        return word


@needs_chromium
def test_folded_views_show_what_the_static_picture_shows(folded):
    seen, loss, explorers, _ = folded
    pairs = [(at, explorer.svg) for at, explorer in zip(seen["at"], explorers)]
    for view, (_, moved) in zip(("fused", "collapsed"), seen["moved"]):
        pairs.append((moved, explore(evaluated(loss, {0: 1.5, 1: -0.25})[-1], {}, view=view).svg))
    assert len(pairs) == 6
    for got, static in pairs:
        assert arrows(got) == arrows(static)
        found = told(got)
        for key, (texts, words) in told(static).items():
            assert found[key][0] == texts
            assert found[key][1] == words or "constant" in words, (key, found[key], words)


@needs_chromium
def test_what_is_unfolded_has_pythons_numbers(folded):
    seen, loss, explorers, _ = folded
    for state, (moved, _), (down, _), rate, explorer in zip(
        seen["states"], seen["moved"], seen["down"], seen["rates"], explorers
    ):
        assert sum(key.startswith("n") and "." not in key and found[0] is not None for key, found in state.items()) > 15
        nodes = evaluated(loss, {})
        assert known_differences(state, nodes) == []
        nodes = evaluated(loss, {0: 1.5, 1: -0.25})
        assert known_differences(moved, nodes) == []
        for _ in range(2):
            weights = explorer.scene["parameters"]
            leaves = {i: node.data for i, node in enumerate(nodes) if node.op is None}
            leaves |= {i: nodes[i].data - rate * nodes[i].grad for i in weights}
            nodes = evaluated(loss, leaves)
        assert known_differences(down, nodes) == []


@needs_chromium
def test_what_enters_an_unfolded_sum_may_be_a_sum(folded):
    (step, state), nodes = folded[0]["linear"], evaluated(linear(), {})
    assert step == "9"  # the end of backward is shown: nothing failed on the way
    assert {key for key in state if key[0] == "n" and "." not in key} >= {f"n{i}" for i in (4, 5, 6, 7, 8)}
    assert known_differences(state, nodes) == []


def known_differences(state, nodes):
    """The differences in the boxes and arrows that are on the page."""
    numbers = {f"n{i}": [str(node.data), str(node.grad)] for i, node in enumerate(nodes)}
    for i, node in enumerate(nodes):
        numbers |= {f"n{i}.{k}": str(local) for k, local in enumerate(node.partials)}
    return differences({**numbers, **{key: found for key, found in state.items() if key in numbers}}, nodes)


@needs_chromium
def test_a_step_goes_from_box_to_box(folded):
    seen, loss, explorers, forms = folded
    fused, collapsed = seen["beats"]
    neurons = 3 + 3 + 1
    assert len(fused) == 2 * (neurons + 6 + 2) + 3  # sums, tanh, ŷ − y and its square; beginning, seed, update
    assert len(collapsed) == 2 * (3 + 2) + 3
    keys = [stage["key"] for stage in explorers[1].scene["stages"] if stage["title"].startswith("layer")]
    assert [lit for _, lit, _ in collapsed[1:4]] == [[key] for key in keys] and len(keys) == 3
    assert collapsed[1][2] == "layer 1: 15 values are computed"
    assert re.fullmatch(r"layer 1: backward through 15 values; its 9 parameters: ‖∇‖ [\d.]+", collapsed[-2][2])
    assert seen["finer"] == len(collapsed) + 2 * (6 - 1)  # the first layer is unfolded: three sums, three tanh
    assert seen["open"][1][0] == "layer 1" and len(seen["open"][1]) == 2 and seen["closed"] == 1
    assert seen["open"][0] == [explorers[0].scene["unfolded"][f"n{forms[0]}"]["title"]]
    texts = [head for _, _, head in fused[1 : len(fused) // 2]]
    assert any(re.fullmatch(r"v₄ = w₁₁₁·x₁ \+ w₁₁₂·x₂ \+ b₁₁ = \S+", text) for text in texts), texts


@needs_chromium
def test_pictures_are_zoomed_and_fitted(folded):
    first, larger, fitted, wheeled, pane, prevented = folded[0]["zoom"]
    assert larger == pytest.approx(1.25 * fitted, abs=2) and fitted <= pane + 20  # a scroll bar
    assert wheeled == pytest.approx(fitted * math.e, rel=0.02) and prevented


QUIZ = """
const [toy, two] = players(), seen = {};
const part = (player, name) => player.querySelector("." + name);
const answer = (player, text) => {
  part(player, "answer").value = text;
  click(player, "check");
  return part(player, "verdict").textContent;
};
const question = player => part(player, "which").selectedOptions[0].textContent;
const hints = player => [...part(player, "hints").children].map(line => line.textContent);
seen.still = toy.dataset.step;
for (let k = 0; k < 8; k++) click(toy, "forward");
seen.forward = [toy.dataset.step, story(toy), state(toy)];
seen.html = part(toy, "pictures").innerHTML;
seen.first = [question(toy)];
for (let k = 0; k < 2; k++) click(toy, "help");
seen.first.push(hints(toy), part(toy, "help").textContent);
seen.wrong = ["", "abc", "1.36", "5"].map(text => answer(toy, text));
seen.right = [answer(toy, "−1,36"), question(toy), state(toy).n8, state(toy)["n9.0"], part(toy, "quiz").textContent];
answer(toy, "-1.357");
seen.local = answer(toy, "0.218");
seen.above = answer(toy, "-1.357");
for (let k = 0; k < 4; k++) click(toy, "help");
seen.hints = [question(toy), hints(toy), part(toy, "help").textContent];
click(toy, "help");
seen.shown = [part(toy, "verdict").textContent, part(toy, "quiz").textContent];
toy.querySelector('[data-key="n0"]').dispatchEvent(new MouseEvent("click"));
seen.clicked = question(toy);
for (let k = 0; k < 2; k++) click(toy, "help");
seen.unknown = hints(toy);
for (let k = 0; k < 5; k++) {
  const node = Number(part(toy, "which").value);
  answer(toy, String(ANSWERS[node]));
}
seen.done = part(toy, "quiz").textContent;
click(two, "last");
seen.several = [question(two), answer(two, "1"), question(two), answer(two, "3"), answer(two, "7")];
seen.sliders = document.querySelectorAll(".leaf").length;
return seen;
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """What the quiz on the toy net said, and one on f = x·x + x."""
    x = Value(3.0, "x")
    players = [explore(toy(), {}, quiz=True), explore(x * x + x, {"x": x}, quiz=True)]
    answers = [node.grad for node in topological(toy())]
    script = QUIZ.replace("ANSWERS", str(answers))
    return run(tmp_path_factory.mktemp("asked"), "".join([player.notebook_html() for player in players]), script)


@needs_chromium
def test_a_quiz_tells_no_derivative_before_it_is_found(asked):
    step, told, state = asked["forward"]
    assert (asked["still"], step) == ("0", str(FORWARD))  # there is no backward to look at
    assert told == ["L = e² = (−0.679)² = 0.46"]
    assert {state[f"n{i}"][1] for i in range(9) if i != 7} == {"not yet computed"} and state["n9"][1] == "1"
    assert {state[key] for key in state if "." in key and key != "n8.1"} == {"?"}
    svg = explore(toy(), {}, quiz=True).svg
    for words in (asked["html"], svg):
        texts = re.findall(r">([^<>]+)<", words)
        for node in topological(toy())[:-1]:
            assert not any(f"{node.grad:.3g}".replace("-", "−") == text.strip("∇ ") for text in texts if "∇" in text)
        assert "1.36" not in words and "0.218" not in words
    assert "1.357" not in svg and svg.count("∇ ?") == 9
    assert asked["sliders"] == 0


@needs_chromium
def test_a_quiz_says_right_wrong_or_the_next_factor(asked):
    assert asked["first"][0] == "∂L/∂e"
    assert asked["first"][1] == ["It is a local derivative: that of L = e² = (−0.679)² = 0.46", "∂L/∂e = 2e"]
    assert asked["wrong"][:2] == ["Type a number, such as −0.25."] * 2
    assert asked["wrong"][2] == "Not yet. Its size is right: look at the sign."
    assert asked["wrong"][3].startswith("Not yet. A hint") and asked["first"][2] == "show the answer"
    verdict, following, e, arrow, panel = asked["right"]
    assert (verdict, following) == ("Right: ∂L/∂e = −1.36.", "∂L/∂ŷ")
    assert float(e[1]) == pytest.approx(topological(toy())[8].grad) and arrow.startswith("-1.35") and "1 of 8" in panel
    assert "still to be multiplied by the gradient" in asked["local"]
    assert "still to be multiplied by the local derivative" in asked["above"]
    factors = ["∂L/∂ŷ = −1.36, found already", "∂ŷ/∂u = σ'(u) = 0.218", "σ'(u) = ŷ·σ(−u) = 0.218"]
    assert asked["hints"] == ["∂L/∂u", ["∂L/∂u = ∂L/∂ŷ · ∂ŷ/∂u", *factors], "show the answer"]
    assert asked["shown"][0] == "∂L/∂u = −0.296." and "2 of 8 found" in asked["shown"][1]
    assert asked["clicked"] == "∂L/∂w₁"
    assert asked["unknown"] == ["∂L/∂w₁ = ∂L/∂z · ∂z/∂w₁", "∂L/∂z is a question of its own: find it first"]
    assert "Done: 7 of 8 found." in asked["done"]
    along = "Not yet. That is what comes along one arrow: add up what comes along all."
    assert asked["several"] == ["∂f/∂v₁", "Right: ∂f/∂v₁ = 1.", "∂f/∂x", along, "Right: ∂f/∂x = 7."]


def test_quizzes_are_for_small_graphs():
    with pytest.raises(ValueError, match="a quiz is for a graph in the full view, up to 60 values, got 72"):
        explore(network(2, 3, 3, 1)[1], {}, quiz=True)
    with pytest.raises(ValueError, match="a quiz needs a gradient to ask for"):
        explore(Value(3.0), {}, quiz=True)
    scene = explore(toy(), {}, quiz=True).scene
    assert [asked["node"] for asked in scene["quiz"]] == [8, 6, 5, 4, 3, 2, 1, 0]
