"""The page on which a network learns: its numbers are those of Python's own training, at every epoch."""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from player_help import needs_chromium, run

from micrograd import Trainer, Value, explore, log, losses, nn, optim, sin, softmax, tanh, where
from micrograd.compiler import TraceError
from micrograd.training.divergence import DivergenceError
from micrograd.training.rows import shuffled
from micrograd.watch.page import own

NODE = shutil.which("node")
EPOCHS = 100
FOLLOW = """
const epochs = [];
const training = new Training(scene, code, updates);
for (let e = 1; e <= EPOCHS; e++) {
  training.runEpoch();
  const { loss, validation, p } = training.records[e];
  epochs.push([loss, validation, [...p]]);
}
const right = scene.stage.classes ? training.right() : null;
return { epochs, right, diverged: training.diverged };
"""


def numbers(page):
    """The scripts that compute, with the numbers of a page: the body of a function."""
    return "\n".join([own("numbers/random.js"), own("numbers/training.js"), page.numbers()])


def in_node(script):
    """What a script, the body of a function, returns."""
    done = subprocess.run(
        [NODE, "-"], input=f"console.log(JSON.stringify((() => {{{script}}})()))", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def points(count, inputs, seed=0):
    generator = random.Random(seed)
    return [[generator.gauss(0.0, 1.0) for _ in range(inputs)] for _ in range(count)]


def sides(X):
    """Classes −1 and 1, parted by a curve."""
    return [1.0 if row[-1] > math.sin(2.0 * row[0]) else -1.0 for row in X]


def trainer(loss, optimizer, inputs, *widths, activation="tanh", **parts):
    model = nn.MLP(inputs, [*widths], activation=activation, generator=random.Random(1))
    return Trainer(model, loss, optimizer, **parts)


class Sign(optim.UpdateRule):
    """A rule of the user's, with a rate of its own: it falls by a half every 20 steps."""

    def moments(self):
        return ("mean",)

    def update(self, step, p, g, state):
        mean = 0.9 * (state[0] if state else 0.0) + 0.1 * g
        rate = self.rate(step) * 0.5 ** (step // 20)
        return p - rate * (1.0 * (mean > 0.0) - 1.0 * (mean < 0.0)), (mean,)


def toy(optimizer):
    w1, w2 = Value(0.5, "w1"), Value(-1.2, "w2")
    return Trainer(lambda row: (w2 * (w1 * row[0]).sigmoid()).sigmoid(), losses.squared_error, optimizer,
                   parameters=[w1, w2])  # fmt: skip


def spring(optimizer, **parts):
    """No network: parameters stand in functions of their own, beside a Value that is held."""
    a, b, c, d = [Value(x, name) for x, name in zip((0.5, 1.0, 0.5, 1.5), "abcd")]
    held = Value(0.1, "g")

    def model(row):
        [x] = row
        return a * (b * x + c).sin() + held * where(x > 0.0, d, 0.1) * x * x

    return Trainer(model, losses.huber, optimizer, parameters=[a, b, c, d], **parts)


def recurrence(optimizer):
    """Weights that are used again and again, and a layer of two neurons."""
    ps = [Value(0.3 * (-1) ** k * (1 + k), f"p{k}") for k in range(6)]

    def model(row):
        a, b = 0.0, 0.0
        for x in row:
            a, b = (ps[0] * x + ps[1] * a + ps[2] * b).tanh(), (ps[3] * x + ps[4] * b).sigmoid()
        return ps[5] * a * b + a

    return Trainer(model, losses.logistic, optimizer, parameters=ps)


def swish(z):
    return z * z.sigmoid()


def cases():
    """Name -> (a trainer, X, y, the arguments of fit)."""
    plane, line, wide = points(30, 2), points(24, 1, 1), points(20, 3, 2)
    waves, thirds = [math.sin(2.0 * x) for [x] in line], [int(row[0] > 0.0) + int(row[1] > 0.0) for row in plane]
    some = {"batch_size": 7, "validation": (points(9, 2, 5), sides(points(9, 2, 5)))}
    slow = optim.warm_up(optim.cosine(0.05, steps=120), steps=30)
    logistic, hinge = losses.logistic, losses.hinge
    l2, momentum = losses.l2(0.01), optim.SGD(lr=0.02, momentum=0.9)
    nesterov = optim.SGD(lr=0.01, momentum=0.8, nesterov=True)
    rms = trainer(losses.absolute_error, optim.RMSProp(lr=0.003, momentum=0.5), 3, 3, 2, activation=swish)
    chances = nn.MLP(2, [3], generator=random.Random(4))
    return {
        "toy": (toy(optim.SGD(lr=1.0)), line, [float(x > 0.0) for [x] in line], {}),
        "penalty": (trainer(logistic, optim.SGD(lr=0.1), 2, 5, 1, penalty=l2), plane, sides(plane), some),
        "momentum": (trainer(logistic, momentum, 2, 4, 1), plane, sides(plane), {}),
        "Nesterov": (trainer(hinge, nesterov, 2, 4, 1, activation="relu"), plane, sides(plane),
                     {"batch_size": 10, "seed": 2**70 + 3}),
        "Adam": (trainer(losses.cross_entropy, optim.Adam(lr=0.01), 2, 4, 3), plane, thirds, {"batch_size": 8}),
        "AdamW": (trainer(losses.squared_error, optim.AdamW(lr=0.01), 1, 4, 1), line, waves,
                  {"batch_size": 7, "validation": (line[:5], waves[:5])}),
        "RMSProp": (rms, wide, [[row[0], -row[1]] for row in wide], {"batch_size": 6, "shuffle": False}),
        "schedule": (trainer(logistic, optim.Adam(lr=slow), 2, 4, 1), plane, sides(plane), {"batch_size": 15}),
        "own rule": (spring(Sign(lr=0.01), penalty=losses.l1(0.001)), line, waves, {"batch_size": 5}),
        "no network": (spring(optim.Adam(lr=0.01)), line, waves, {"validation": (line[:4], waves[:4])}),
        "recurrence": (recurrence(optim.SGD(lr=0.05)), wide, sides(wide), {"batch_size": 4}),
        "head": (Trainer(lambda x: softmax(chances(x)), losses.squared_error, optim.SGD(lr=0.2),
                         parameters=chances.parameters()), plane, [[float(t == k) for k in range(3)] for t in thirds],
                 {"batch_size": 10}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def followed():
    """Name -> (page, what Python has after every epoch: loss, validation, parameters; how many answers are right)."""
    found = {}
    for name, (made, X, y, how) in cases().items():
        page = explore(made, X, y, **how)
        epochs = [
            [record.loss, record.validation, [p.data for p in made.parameters]]
            for record in made.epochs(X, y, epochs=EPOCHS, **how)
        ]
        found[name] = page, epochs, right(page, made, X)
    return found


def right(page, made, X):
    """How many answers are those of the class, by Python."""
    stage, targets = page.scene["stage"], page.scene["y"]
    if stage["classes"] is None:
        return None
    answers = [out if isinstance(out, list) else [out] for out in made.predict(X)]
    if stage["threshold"] is None:
        places = [out.index(max(out)) for out in answers]
    else:
        places = [int(out > stage["threshold"]) for [out] in answers]
    return sum(stage["classes"][place]["target"] == target for place, target in zip(places, targets))


def expect_same(found, expected, count):
    assert found["diverged"] is None and found["right"] == count
    for epoch, (mine, (loss, validation, p)) in enumerate(zip(found["epochs"], expected, strict=True)):
        assert mine[0] == pytest.approx(loss, rel=1e-9), epoch
        assert mine[1] == (None if validation is None else pytest.approx(validation, rel=1e-9)), epoch
        assert mine[2] == pytest.approx(p, rel=1e-9, abs=1e-300), epoch


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_every_epoch_is_pythons_own(followed):
    scripts = [f"(() => {{{numbers(page)}\n{FOLLOW}}})()" for page, _, _ in followed.values()]
    found = in_node(f"const EPOCHS = {EPOCHS}; return [{', '.join(scripts)}];")
    for mine, (_, epochs, count) in zip(found, followed.values(), strict=True):
        expect_same(mine, epochs, count)


@needs_chromium
def test_every_epoch_is_pythons_own_in_a_browser(followed, tmp_path):
    chosen = ("penalty", "Adam", "no network")
    scripts = [f"(() => {{{numbers(followed[name][0])}\n{FOLLOW}}})()" for name in chosen]
    found = run(tmp_path, "", f"const EPOCHS = {EPOCHS}; return [{', '.join(scripts)}];")
    for name, mine in zip(chosen, found):
        expect_same(mine, *followed[name][1:])


SEEDS = [f"{seed} {epoch}" for seed in (0, 7, -3, 2**70) for epoch in (0, 1, 99)] + ["", "ŷ ∂", "a" * 200]
COUNTS = (1, 2, 3, 16, 17, 31, 64, 100, 1000)


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_samples_come_in_pythons_order():
    asked = [(count, seed) for seed in SEEDS for count in COUNTS]
    asks = f"return {json.dumps(asked)}.map(([n, seed]) => [...shuffled(n, seed)]);"
    found = in_node(f"{own('numbers/random.js')}; {asks}")
    assert found == [shuffled(count, seed) for count, seed in asked]


BACK_AND_ON = """
const rounded = t => [...t.p, ...t.state.flatMap(m => [...m]), t.steps, t.epoch, t.taken];
const straight = new Training(scene, code, updates), other = new Training(scene, code, updates);
for (let e = 0; e < 12; e++) straight.runEpoch();
for (let e = 0; e < 9; e++) other.runEpoch();
other.step();
other.goTo(4);
const told = other.next(), again = other.next(), steps = other.steps;
other.settings.optimizer = "SGD";
other.next();
other.settings.optimizer = "Adam";
other.step();
const same = [told.p.every((x, i) => x === other.p[i] && x === again.p[i]), other.steps === steps + 1];
while (other.epoch < 12) other.step();
const end = rounded(other), p = other.p.slice();

other.settings.penalty = 0.5;
const shares = [other.penaltyOf(), 0.5 * p.reduce((sum, x) => sum + x * x, 0)];
const bare = Array.from({ length: other.data.N }, (_, i) => other.sample(i));
const mean = bare.reduce((sum, one) => sum + one.value, 0) / bare.length;
const whole = other.gradientHere();
const slopes = p.map((x, k) => bare.reduce((sum, one) => sum + one.g[k], 0) / bare.length + x);

other.settings.lr = 1e9;
for (let k = 0; k < 40 && !other.diverged; k++) other.runEpoch();
const still = [...other.p];
other.step();
const stopped = [other.diverged !== null, other.p.every((x, k) => x === still[k])];
other.begin(p);
other.setData([[0, 0], [1, 1]], [[1], [-1]]);
other.settings.lr = 0.01;
other.runEpoch();
return { straight: rounded(straight), end, same, shares, stopped, on: [other.diverged, other.epoch, other.steps],
  whole: whole.value - mean - shares[0], slopes: Math.max(...slopes.map((x, k) => Math.abs(x - whole.g[k]))) };
"""


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_one_goes_back_and_on_and_changes_what_one_likes():
    X = points(20, 2)
    page = explore(trainer(losses.logistic, optim.Adam(lr=0.05), 2, 3, 1), X, sides(X), batch_size=6)
    found = in_node(numbers(page) + BACK_AND_ON)
    assert found["end"] == found["straight"]
    assert found["same"] == found["stopped"] == [True, True]
    assert found["shares"][0] == pytest.approx(found["shares"][1], rel=1e-9)
    assert abs(found["whole"]) < 1e-12 and found["slopes"] < 1e-12
    assert found["on"] == [None, 1, 1]


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_a_training_that_diverges_does_so_where_pythons_does():
    X, y = points(8, 1), [3.0 * x for [x] in points(8, 1)]
    made = trainer(losses.squared_error, optim.SGD(lr=3.0), 1, 1)
    page = explore(made, X, y)
    with pytest.raises(DivergenceError) as raised:
        made.fit(X, y, epochs=100)
    script = "const t = new Training(scene, code, updates); while (!t.diverged) t.runEpoch(); return t.diverged;"
    found = in_node(numbers(page) + script)
    assert f"in epoch {found['epoch']}" in str(raised.value) and not found["unknown"]


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_where_zero_meets_infinity_python_is_followed():
    w = Value(1.0, "w")
    model = lambda row: w * where(row[0] > 0.0, w * log(row[0]), 0.0)  # noqa: E731
    made = Trainer(model, losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    X, y = [0.0, 1.5, 2.0], [0.0, 1.0, 1.0]
    page = explore(made, X, y)
    history = made.fit(X, y, epochs=5)
    found = in_node(numbers(page) + FOLLOW.replace("EPOCHS", "5"))
    assert [epoch[0] for epoch in found["epochs"]] == pytest.approx(history.loss)
    assert found["epochs"][-1][2] == pytest.approx([w.data])


def test_a_page_begins_where_the_training_began_and_leaves_the_trainer_alone():
    made, [X, y] = toy(optim.SGD(lr=1.0, momentum=0.5)), [[1.0, 2.0], [0.0, 1.0]]
    before = explore(made, X, y)
    made.fit(X, y, epochs=3)
    numbers_of = lambda: [made.history[:], [(p.data, p.grad) for p in made.parameters], made.optimizer.to_state()]  # noqa: E731
    known, objective = numbers_of(), made.objective
    after = explore(made, X, y)
    assert after.scene["parameters"] == before.scene["parameters"] == [0.5, -1.2]
    assert numbers_of() == known and made.objective is objective
    assert before.scene == after.scene


def test_what_cannot_be_watched_is_told():
    X, y = [1.0, 2.0], [0.0, 1.0]
    made = toy(optim.SGD(lr=1.0))
    with pytest.raises(TypeError, match="explore takes no y for a Value: explore.trainer, X, y. watches a training"):
        explore(Value(1.0), None, y)
    with pytest.raises(TypeError, match="explore takes no X for a Value"):
        explore(Value(1.0), X)
    with pytest.raises(TypeError, match="explore takes no names for a Trainer: label the parameters"):
        explore(made, X, y, names={})
    with pytest.raises(TypeError, match="explore takes no quiz for a Trainer: explore.loss. plays the graph"):
        explore(made, X, y, quiz=True)
    with pytest.raises(TypeError, match="the data of a Trainer, too: write explore"):
        explore(made)
    with pytest.raises(TypeError, match=r"expects a Value or a Trainer, got MLP.*; write explore\(Trainer\(model"):
        explore(nn.MLP(1, [1]), X, y)
    with pytest.raises(TypeError, match="shows the steps of an update rule, and LBFGS"):
        explore(toy(optim.LBFGS()), X, y)
    with pytest.raises(TypeError, match="explore cannot watch .*: it uses tanh, whose last digits"):
        explore(toy(Tanh(lr=0.1)), X, y)
    with pytest.raises(TypeError, match="its first step is another than from moments of 0"):
        explore(toy(First(lr=0.1)), X, y)
    calls: list[int] = []
    with pytest.raises(TypeError, match="its schedule gives another rate when it is asked again"):
        explore(toy(optim.SGD(lr=lambda step: calls.append(step) or 1.0 / len(calls))), X, y)
    with pytest.raises(ValueError, match="up to 2,000 samples, got 2,001: give some of them"):
        explore(made, [0.0] * 2001, [0.0] * 2001)
    with pytest.raises(ValueError, match="up to 5,000 parameters, got 10,401: give a smaller model"):
        explore(trainer(losses.squared_error, optim.SGD(), 1, 100, 100, 1), X, y)
    with pytest.raises(ValueError, match="expected batch_size to be a whole number of at least 1, got 0"):
        explore(made, X, y, batch_size=0)
    with pytest.raises(ValueError, match="expected validation rows of 1 numbers, got 2"):
        explore(made, X, y, validation=([[1.0, 2.0]], [0.0]))
    with pytest.raises(TraceError, match="test_watch.py"):
        explore(Trainer(lambda row: made.parameters[0] * (2.0 if row[0] > 0 else 1.0), losses.squared_error,
                        optim.SGD(), parameters=made.parameters), X, y)  # fmt: skip


class Tanh(optim.UpdateRule):
    def update(self, step, p, g, state):
        return p - self.rate(step) * tanh(g), ()


class First(optim.UpdateRule):
    """Its mean begins with the first gradient."""

    def moments(self):
        return ("mean",)

    def update(self, step, p, g, state):
        mean = 0.9 * state[0] + 0.1 * g if state else 1.0 * g
        return p - self.rate(step) * mean, (mean,)


def test_the_scene_says_how_data_are_shown():
    plane = points(12, 2)
    scene = explore(trainer(losses.logistic, optim.SGD(lr=0.3), 2, 3, 1), plane, sides(plane)).scene
    assert scene["stage"]["kind"] == "plane" and scene["stage"]["threshold"] == 0.0
    assert [one["name"] for one in scene["stage"]["classes"]] == ["−1", "1"]
    assert scene["title"] == "2–3–1, 13 parameters" and scene["inputs"] == ["x₁", "x₂"]
    assert scene["settings"]["lr"] == 0.3
    assert [one["name"] for one in scene["optimizers"]] == ["SGD", "momentum", "Nesterov", "Adam", "AdamW", "RMSProp"]
    scene = explore(toy(optim.Adam()), [0.0, 1.0, 2.0], [0.0, 1.0, 1.0]).scene
    assert scene["stage"]["kind"] == "line" and scene["stage"]["threshold"] == 0.5
    assert [(n["name"], n["sum"]) for n in scene["neurons"]] == [("h", "z"), ("ŷ", "u")]
    assert scene["parameterNames"] == ["w₁", "w₂"]
    wide = explore(trainer(losses.squared_error, optim.SGD(), 3, 1), points(9, 3), [0.1 * i for i in range(9)]).scene
    assert wide["stage"]["classes"] is None and wide["stage"]["shown"] == [0, 1] and len(wide["stage"]["rest"]) == 3
    assert explore(spring(optim.SGD()), [0.0, 1.0], [0.0, 1.0]).scene["neurons"] is None
    for loss, names in ((losses.hinge, ["−1", "1"]), (losses.binary_cross_entropy, ["0", "1"])):  # of one class alone
        stage = explore(trainer(loss, optim.SGD(), 1, 1), [0.0, 1.0], [1, 1]).scene["stage"]
        assert [one["name"] for one in stage["classes"]] == names and stage["threshold"] == 0.0


def test_what_users_call_things_stays_text():
    hostile = "</script><script>alert(1)</script>"
    w = Value(1.0, hostile)
    optimizer = type(hostile, (optim.SGD,), {})(lr=lambda step: 1.0 / (3 - step))
    loss = lambda prediction, target: (prediction - target) ** 2  # noqa: E731
    loss.__name__ = hostile
    made = Trainer(lambda row: w * row[0], loss, optimizer, parameters=[w])
    page = explore(made, Frame([[1.0], [2.0]], [hostile]), [1, 2])
    assert page.html.count("</script>") == 1 and page.notebook_html().count("</script>") == 1
    assert [page.scene["optimizers"][0][key] for key in ("own", "known", "lr")] == [True, 3, None]


class Frame:
    """What a frame of pandas is asked for."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns

    def to_numpy(self):
        return self.rows


def test_the_page_is_small_and_shows_itself(tmp_path):
    X = points(100, 2)
    made = trainer(losses.logistic, optim.SGD(lr=0.3), 2, 16, 16, 1, penalty=losses.l2(1e-4))
    page = explore(made, X, sides(X), batch_size=10)
    page.save(tmp_path / "learn.html")
    text = (tmp_path / "learn.html").read_text(encoding="utf-8")
    assert text == page.html and len(text.encode()) < 250_000 and "http" not in text.replace("http://www.w3.org", "")
    assert repr(page) == "<LearningPage: 2–16–16–1, 337 parameters, 100 samples>"
    bundle = page._repr_mimebundle_()
    assert bundle["text/plain"] == repr(page) and "data:image/svg+xml;base64," in bundle["text/html"]
    assert "it trains in front of you" in bundle["text/html"]
    assert set(page._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    with pytest.raises(ValueError, match="expected a path that ends in .html"):
        page.save(tmp_path / "learn.svg")


def test_code_that_asks_what_it_got_is_found_out():
    w = Value(1.0, "w")
    model = lambda row: w * row[0] if isinstance(row[0], float) else 2.0 * w * row[0]  # noqa: E731
    with pytest.raises(TraceError, match="on numbers the code gives another prediction"):
        explore(Trainer(model, losses.squared_error, optim.SGD(), parameters=[w]), [1.0, 2.0], [1.0, 2.0])


def test_neurons_are_found_in_what_the_code_computes():
    X = points(9, 2)

    def neurons(model, parameters, loss=losses.logistic, y=None):
        return explore(Trainer(model, loss, optim.SGD(), parameters=parameters), X, y or sides(X)).scene

    w = [Value(0.1 * k, f"w{k}") for k in range(8)]
    skip = lambda x: w[0] * (w[1] * x[0] + w[2] * x[1] + w[3]).relu() + w[4] * x[0] + w[5]  # noqa: E731
    hidden, top = neurons(skip, w)["neurons"]
    assert (hidden["rule"], hidden["weights"], hidden["bias"], hidden["layer"]) == ("relu", [1, 2], 3, 1)
    assert top["sources"] == [{"neuron": 0}, {"input": 0}] and top["weights"] == [0, 4] and top["bias"] == 5
    leaky = lambda x: swish(w[0] * x[0] + w[1] * x[1]) * w[2] + swish(w[3] * x[0]) * w[4]  # noqa: E731
    assert [neuron["rule"] for neuron in neurons(leaky, w)["neurons"]] == ["f1", "f1", None]
    product = lambda x: (w[0] * x[0]).tanh() * (w[1] * x[1]).tanh()  # noqa: E731
    scene = neurons(product, w)
    assert [node["rule"] for node in scene["head"]] == ["mul"] and scene["heads"] == [{"head": 0}]
    both = lambda x: [product(x), w[4] * product(x)]  # noqa: E731
    pairs = [[0.0, 1.0] for _ in X]
    assert neurons(both, w, losses.squared_error, pairs)["neurons"] is None  # a source would be no neuron
    scene = neurons(lambda x: w[0] * (x[0] * x[1]) + w[1] * sin(2.0 * x[0]) + w[2] * x[1], w)
    assert [(one["name"], one["layer"]) for one in scene["neurons"]] == [("x₁·x₂", 0), ("sin(2x₁)", 0), ("ŷ", 1)]
    assert scene["neurons"][1]["nodes"][1] == {"rule": "sin", "operands": [{"node": 0}]}
    assert scene["neurons"][2]["sources"] == [{"neuron": 0}, {"neuron": 1}, {"input": 1}]
    assert scene["title"] == "2–1, 8 parameters"
    assert neurons(lambda x: w[0] * x[0] * x[1] + w[1].exp(), w)["neurons"] is None


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_a_page_that_computes_something_else_says_so():
    page = explore(toy(optim.SGD(lr=1.0)), [1.0, 2.0, 3.0], [0.0, 1.0, 1.0])
    page.scene["expected"]["slopes"] *= 1.0001
    script = "try { new Training(scene, code, updates); } catch (error) { return error.message; }"
    assert in_node(numbers(page) + script).startswith("The gradient on this page is not that of Python")
    w, b = Value(0.3, "w"), Value(-0.3 * 0.7, "b")
    kink = Trainer(lambda row: (w * row[0] + b).relu(), losses.squared_error, optim.SGD(lr=0.1), parameters=[w, b])
    expected = explore(kink, [0.7], [1.0]).scene["expected"]
    assert expected["value"] == pytest.approx(1.0) and expected["slopes"] is None  # rounding decides about it


def test_without_numpy_a_graph_is_explored_and_a_training_asks_for_it():
    script = """
from micrograd import Trainer, Value, explore, losses, optim
w = Value(1.0, "w")
print(explore(w * w, {}))
try:
    explore(Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(), parameters=[w]), [1.0], [1.0])
except ImportError as error:
    print(error)
"""
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-S", "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "<Explorer: Computation graph of f, 2 values>"
    assert done.stdout.splitlines()[1].startswith("explore of a Trainer needs numpy: pip install")
