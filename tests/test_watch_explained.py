"""What the page of a training explains: the next step, scalar graphs, its address; by keyboard too, in Chromium."""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess

import pytest
from browser_help import Browser
from player_help import needs_chromium

from micrograd import Trainer, Value, losses, nn, optim
from micrograd.command_line.data_sets import DATA_SETS, data_set
from micrograd.drawing.explorer.page import asset
from micrograd.functions import exp, maximum, sin, tanh, where
from micrograd.watch import explore
from micrograd.watch.page import own

NODE = shutil.which("node")
HIDDEN = 9  # neurons in the first layer of the network
OPENED, ABOVE, SAMPLE = 4, HIDDEN, 2  # neurons whose graph opens, of the first and the second layer; the sample


def network():
    return nn.MLP(2, [HIDDEN, 3, 1], activation="tanh", generator=random.Random(1))


def watched(optimizer):
    X, y = data_set("moons", 12)
    return explore(Trainer(network(), losses.logistic, optimizer, penalty=losses.l2(0.01)), X, y, batch_size=5)


class Curve:
    """Scalar code that is no network."""

    X, y = [[-1.0], [0.5], [2.0]], [0.25, 1.0, -1.0]

    def __init__(self):
        self.a, self.b, self.c = Value(0.5, "a"), Value(1.5, "b"), Value(-0.25, "c")

    def __call__(self, row):
        return self.a * sin(self.b * row[0]) + where(row[0] > 0.0, self.c, self.a) * row[0]

    def parameters(self):
        return [self.a, self.b, self.c]


HELP = """
const frame = async () => { for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame); };
const part = (root, name) => root.querySelector("." + name);
const at = async (root, name) => { part(root, name).scrollIntoView(); await frame(); };
const press = async (target, key) => {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  await frame();
};
const told = root => [...root.querySelectorAll(".mw-card")].map(card => (
  [...card.querySelectorAll(".mw-told")].map(line => [line.textContent, line.title])));
const update = root => { const lines = told(root)[3]; return [lines.at(-2)[1], lines.at(-1)[1]]; };
const pick = async (select, value) => {
  select.value = value;
  select.dispatchEvent(new Event("change"));
  await frame();
};
const choose = (root, name, value) => pick(part(root, "mw-next").querySelector(`select[aria-label="${name}"]`), value);
const boxes = root => Object.fromEntries([...root.querySelectorAll(".mw-graph g.box")].map(box => {
  const text = box.querySelector("title").textContent;
  return [/^\\S+/.exec(text)[0], [/\\ndata (.*)/, /\\n∇ (.*)/].map(line => (line.exec(text) || [])[1])];
}));
const steps = async root => {
  const found = [];
  await at(root, "mw-next");
  for (const weight of [0, 1]) {
    await choose(root, "weight", weight);
    for (let k = 0; k < 1 + weight; k++) {
      const [, foretold] = update(root);
      part(root, "mw-one-step").click();
      await frame();
      found.push([foretold, update(root)]);
    }
  }
  const rule = told(root)[3];
  await press(root, "r");
  return { found, rule };
};
const operated = ":is(input, button, select, summary, [tabindex='0'])";
const controls = () => [...document.querySelectorAll(".micrograd-watch " + operated)].map(made => (
  [made.dataset.lmSuppressShortcuts, Boolean(made.ariaLabel || made.textContent || made.labels?.length)]));
const pages = [...document.querySelectorAll(".micrograd-watch")], seen = {};
await frame();
"""
NOTEBOOK = """
seen.steps = [];
for (const root of pages) seen.steps.push(await steps(root));
const [, , plain] = pages;
await choose(plain, "sample", 1);
seen.plain = [told(plain)];
await at(plain, "mw-graph");
seen.plain.push(boxes(plain));
seen.controls = controls();
return seen;
"""
STANDALONE = """
const [root] = pages, graph = part(root, "mw-graph");
const open = async neuron => {
  root.querySelectorAll(".mw-neuron")[neuron].click();
  await at(root, "mw-graph");
  return boxes(root);
};
seen.steps = [await steps(root)];
await choose(root, "sample", SAMPLE);
seen.neuron = await open(OPENED);
seen.terms = Object.keys(await open(ABOVE));
part(graph, "mw-toggle").click();
await frame();
seen.every = boxes(root);
seen.walk = [];
for (const key of ["Home", "ArrowRight", "ArrowRight", "ArrowLeft", "End"]) {
  await press(part(graph, "micrograd-explorer"), key);
  seen.walk.push(part(graph, "count").textContent);
}
await at(root, "mw-next");
seen.next = told(root);
await press(root, "e");
seen.trained = [told(root)];
await at(root, "mw-graph");
seen.trained.push(boxes(root));
await press(root, "r");
seen.keys = [];
const keyed = async (key, target) => {
  await press(target, key);
  const { epoch, at, samples } = root.dataset;
  seen.keys.push([key, epoch, at, samples, part(root, "mw-said").textContent]);
};
const walked = ["ArrowRight", "ArrowRight", "e", "e", "ArrowLeft", "Home", "End", "Escape"];
for (const key of walked) await keyed(key, document.body);
seen.closed = graph.hidden;
const stage = part(root, "mw-stage").querySelector("canvas");
for (const key of ["PageDown", "ArrowUp", "+", "c", "PageUp", "Delete"]) await keyed(key, stage);

const state = async () => {
  const weights = [];
  await at(root, "mw-next");
  for (const weight of [20, 40, 0]) {
    await choose(root, "weight", weight);
    weights.push(update(root));
  }
  return [weights, root.dataset.epoch, root.dataset.at, root.dataset.samples];
};
const settings = [...part(root, "mw-settings").querySelectorAll("select")];
await press(root, "e");
await pick(settings.find(select => [...select.options].some(({ value }) => value === "Adam")), "Adam");
await press(root, "e");
await press(root, "ArrowRight");
await pick(settings[0], "0.03");
await press(root, "ArrowRight");
const go = async address => {
  location.hash = address;
  await new Promise(done => setTimeout(done, 50));
  await frame();
};
seen.sent = [await state(), location.hash];
await go("");
seen.fresh = await state();
await go(seen.sent[1]);
seen.received = [await state(), location.hash];
await go("#batch=0&lr=nonsense&points=+1&epoch=2");
seen.refused = [part(root, "mw-said").textContent, root.dataset.epoch];
seen.controls = controls();
return seen;
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What pages said that were operated: a page of its own, and three in a notebook, the last of no network."""
    folder = tmp_path_factory.mktemp("seen")
    alone = watched(optim.SGD(lr=0.5))
    pages = [watched(optim.SGD(lr=0.1, momentum=0.9)), watched(optim.Adam(lr=0.02))]
    pages.append(explore(Trainer(Curve(), losses.squared_error, optim.RMSProp(lr=0.01)), Curve.X, Curve.y))
    alone.save(folder / "alone.html")
    notebook = "".join([page.notebook_html() for page in pages])
    (folder / "notebook.html").write_text(f'<!DOCTYPE html><meta charset="utf-8">{notebook}', encoding="utf-8")
    script = STANDALONE.replace("OPENED", str(OPENED)).replace("ABOVE", str(ABOVE)).replace("SAMPLE", str(SAMPLE))
    with Browser(folder) as browser:
        tab, other = browser.open(folder / "alone.html"), None
        found = tab.run(HELP + script)
        other = browser.open(folder / "notebook.html")
        further = other.run(HELP + NOTEBOOK)
        assert tab.errors == other.errors == []
    return found | {
        "steps": found["steps"] + further["steps"],
        "controls": found["controls"] + further["controls"],
        "plain": further["plain"],
    }


def of_sample(epochs=0):
    """Name -> (data, gradient) of all neurons and parameters at the sample, and the loss, by Python, after training."""
    model, (X, y) = network(), data_set("moons", 12)
    trainer = Trainer(model, losses.logistic, optim.SGD(lr=0.5), penalty=losses.l2(0.01))
    trainer.fit(X, y, epochs=epochs, batch_size=5)
    model.zero_grad()
    answers, named = [Value(x) for x in X[SAMPLE]], {}
    for k, layer in enumerate(model.layers, 1):
        sums = [sum((w * x for w, x in zip(neuron.w, answers)), neuron.b) for neuron in layer.neurons]
        answers = [z.tanh() for z in sums] if k < 3 else sums
        for j, neuron in enumerate(layer.neurons, 1):
            lowered = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
            named |= {f"z{k}{j}".translate(lowered): sums[j - 1], f"h{k}{j}".translate(lowered): answers[j - 1]}
            named |= {f"w{k}{j}{i}".translate(lowered): w for i, w in enumerate(neuron.w, 1)}
            named[f"b{k}{j}".translate(lowered)] = neuron.b
    loss = losses.logistic(answers[0], y[SAMPLE])
    loss.backward()
    return {name: (value.data, value.grad) for name, value in named.items()} | {"L": (loss.data, 1.0)}


def same(shown, expected):
    return all(math.isclose(float(text), number, rel_tol=1e-12) for text, number in zip(shown, expected))


@needs_chromium
def test_a_step_does_what_was_foretold(seen):
    for page in seen["steps"]:
        assert len(page["found"]) == 3
        for foretold, (now, then) in page["found"]:
            assert foretold == now != then
    sgd, momentum, adam, rms = [[text for text, _ in page["rule"]] for page in seen["steps"]]
    assert momentum[0] == "velocity ← 0.9 · velocity + ∇" and adam[0] == "mean ← 0.9 · mean + 0.1 · ∇"
    assert rms[0] == "square ← 0.99 · square + 0.01 · ∇²" and sgd[0].endswith(" − lr · ∇")


@needs_chromium
def test_the_graph_of_a_neuron_has_pythons_numbers(seen):
    expected = of_sample()
    neuron, every = seen["neuron"], seen["every"]
    assert {"w₁₅₁", "w₁₅₂", "b₁₅", "z₁₅", "h₁₅", "L"} <= neuron.keys()
    assert {"w₂₁₁", "w₂₁₉", "h₁₁", "h₁₉", "b₂₁", "z₂₁", "h₂₁", "L"} <= every.keys()
    for boxes in (neuron, every):
        for name in expected.keys() & boxes.keys():
            data, gradient = boxes[name]
            shown = [data] if gradient.endswith(" + …") else boxes[name]  # it goes to neurons that are not seen, too
            assert same(shown, expected[name]), (name, shown, expected[name])
    assert neuron["x₁"][1].endswith(" + …") and every["h₁₁"][1].endswith(" + …")
    terms = [name for name in seen["terms"] if name.startswith("w")]
    assert len(terms) == 6 and "rest" in seen["terms"] and "rest" not in every
    assert seen["walk"] == ["beginning", "forward 1 of 12", "forward 2 of 12", "forward 1 of 12", "backward 12 of 12"]


@needs_chromium
def test_a_step_is_told_with_pythons_numbers(seen):
    expected, (forward, backward, mean, update) = of_sample(), seen["next"]
    titles = [title for _, title in forward + backward if title]
    assert same(titles[:2], [expected["z₂₁"][0], expected["h₂₁"][0]])
    slopes = {text.split(" ")[0]: title for text, title in backward}
    for name in ("h₂₁", "z₂₁", "w₂₁₁"):
        assert same([slopes[f"∂L/∂{name}"]], expected[name][1:])
    assert [text.split("=")[0] for text, _ in mean] == ["(1/5) Σ ∂Lᵢ/∂w₂₁₁ ", "2 λ w₂₁₁ from λ Σ w²", "∇ the sum"]
    assert update[0][0] == "w₂₁₁ ← w₂₁₁ − lr · ∇"


@needs_chromium
def test_sample_and_graph_are_told_with_the_numbers_of_now(seen):
    expected, (lines, boxes) = of_sample(epochs=1), seen["trained"]
    told = [float(title) for text, title in lines[0] + lines[1] if text.startswith(("h₂₁", "L ", "∂L/∂w₂₁₁"))]
    assert told == pytest.approx([expected["h₂₁"][0], expected["L"][0], expected["w₂₁₁"][1]], rel=1e-9)
    for name in expected.keys() & boxes.keys():
        assert float(boxes[name][0]) == pytest.approx(expected[name][0], rel=1e-9), name


@needs_chromium
def test_code_without_layers_is_told_by_its_graph(seen):
    curve = Curve()
    loss = losses.squared_error(curve(Curve.X[1]), Curve.y[1])
    loss.backward()
    (forward, backward, *_), boxes = seen["plain"]
    for p in curve.parameters():
        assert same(boxes[p.label], [p.data, p.grad])
    assert same(boxes["L"], [loss.data, 1.0])
    parts = [float(title) for text, title in backward if text.startswith("∂L/∂b")]
    assert parts == [pytest.approx(curve.b.grad, rel=1e-12)] and forward[-1][0].startswith("L squared error(ŷ, y)")


@needs_chromium
def test_the_page_by_keyboard(seen):
    assert [found[1:3] for found in seen["keys"][:8]] == [
        ["0", "5"], ["0", "10"], ["1", "0"], ["2", "0"], ["1", "0"], ["0", "0"], ["2", "0"], ["2", "0"],
    ]  # fmt: skip
    assert seen["closed"]
    editing = [(key, samples, said.split(":")[0]) for key, _, _, samples, said in seen["keys"][8:]]
    assert editing == [
        ("PageDown", "12", "sample 4 of 12"), ("ArrowUp", "12", "sample 4 of 12"), ("+", "13", "sample 13 of 13"),
        ("c", "13", "sample 13 of 13"), ("PageUp", "13", "sample 12 of 13"), ("Delete", "12", "sample 12 of 12"),
    ]  # fmt: skip
    [moved, added, changed] = [said.rpartition("target ")[2] for *_, said in seen["keys"][9:12]]
    assert (added, changed) == ("1", "−1") and moved in ("1", "−1")
    assert {suppressed for suppressed, _ in seen["controls"]} == {"true"}
    assert all(named for _, named in seen["controls"])


@needs_chromium
def test_an_address_comes_back_to_the_same_bits(seen):
    (sent, address), (received, again) = seen["sent"], seen["received"]
    assert received == sent != seen["fresh"] and again == address
    assert "optimizer=Adam" in address and "points=" in address and len(address) < 200
    said, epoch = seen["refused"]
    assert epoch == "2" and "batch=0, lr=nonsense, points=+1" in said


INNER = """
const training = new Training(scene, code, updates), page = { scene, rules, training, kept: new Map() };
page.points = scene.X.map((x, i) => ({ x, y: scene.y[i] }));
const found = [];
for (page.sample = 0; page.sample < page.points.length; page.sample++) {
  const { leaves, gradient, nodes } = SampleNodes.of(page), { value, g } = training.sample(page.sample);
  const mine = [...g].map((_, k) => gradient[leaves.get(`parameter ${k}`)] ?? 0);
  found.push([[nodes[nodes.length - 1].data, ...mine], [value, ...g]]);
}
return found;
"""


def gated(row, p, q):
    return where(row[0] > 0.0, p * row[1], q * exp(row[1])) + maximum(p * row[0], q) * p


def repeated(row, p, q):
    h = p
    for x in row:
        h = tanh(p * h + q * x)
    return h


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_values_of_a_sample_have_the_gradient_of_the_generated_code():
    rng = random.Random(3)
    X = [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(9)]
    signs, classes = [math.copysign(1.0, a * b) for a, b in X], [i % 3 for i in range(9)]
    p, q = Value(0.5, "p"), Value(-0.25, "q")
    code = {"parameters": [p, q]}
    trainings = [
        (nn.MLP(2, [9, 4, 1], activation="relu", generator=rng), losses.hinge, signs, {"penalty": losses.l1(0.01)}),
        (nn.MLP(2, [3, 3], activation="tanh", generator=rng), losses.cross_entropy, classes, {}),
        (lambda row: gated(row, p, q), losses.absolute_error, signs, code),
        (lambda row: repeated(row, p, q), losses.huber, signs, code),
    ]
    scripts = [asset(f"{file}.js") for file in ("elements", "backward", "words")]
    needed = "numbers/random", "numbers/training", "explained/formulas", "explained/sample_nodes"
    scripts += [own(f"{file}.js") for file in needed]
    for model, loss, y, more in trainings:
        page = explore(Trainer(model, loss, optim.SGD(lr=0.1), **more), X, y)
        text = "\n".join([*scripts, page.numbers(), INNER])
        script = f"console.log(JSON.stringify((() => {{{text}}})()))"
        done = subprocess.run([NODE, "-"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        for inner, generated in json.loads(done.stdout):
            assert inner == pytest.approx(generated, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", DATA_SETS)
def test_data_sets_are_the_same_everywhere(name):
    X, y = data_set(name)
    assert (X, y) == data_set(name) != data_set(name, seed=1) and sorted(set(y)) == [-1.0, 1.0]
    assert all(abs(x) < 2.5 and x == round(x, 4) for row in X for x in row)
    assert sum(y) == 0.0 and len({tuple(row) for row in X}) == len(X) == 100
