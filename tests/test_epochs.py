"""Training in pieces of many steps: the same bits as one gradient and one step of the rule after the other.

stepwise    an optimiser of the same name and rule whose `advance` is its own, so that every step is taken by itself
"""

import io
import json
import math
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from checkpoint_help import long_training
from same import same
from test_checkpoints import interrupted

from micrograd import Trainer, Value, losses, nn, optim
from micrograd.training import DivergenceError
from micrograd.training.rows import batches, shuffled

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    return request.param


def data(count=23):
    rng = random.Random(0)
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(count)]
    return X, [math.sin(a) * b for a, b in X]


X, Y = data()


def trainer_with(rule, backend, **options):
    model = nn.MLP(2, [3, 1], activation="tanh", generator=random.Random(1))
    return Trainer(model, losses.squared_error, rule, backend=backend, **options)


def stepwise(rule):
    """The rule with an `advance` of its own, whose steps are taken one by one."""
    kind = type(rule)
    rule.__class__ = type(kind.__name__, (kind,), {"advance": lambda self, p, g: kind.advance(self, p, g)})
    return rule


def state_of(trainer):
    """All that a training leaves behind."""
    slopes = [p.grad for p in trainer.parameters]
    numbers = trainer.course.position.numbers()
    return numbers, slopes, trainer.history.to_dict(), trainer.optimizer.to_state(), trainer.best


def expect_same(one, other):
    """Everything equal, numbers bit by bit."""
    for found, right in zip(state_of(one), state_of(other)):
        assert json.dumps(found) == json.dumps(right)


class SignDescent(optim.UpdateRule):
    """A rule of comparisons."""

    def update(self, step, p, g, state):
        return p - self.rate(step) * (1.0 * (g > 0.0) - 1.0 * (g < 0.0)), ()


class Averaged(optim.UpdateRule):
    """A rule of one's own: powers, a root, an absolute value, minus, three moments, of which one is not moved."""

    def moments(self):
        return "mean", "size", "start"

    def update(self, step, p, g, state):
        mean, size, start = state or (0.0 * p, 0.0 * p, 1.0 * p)
        mean, size = 0.7 * mean - -g, 0.9 * size + abs(g)
        return p - self.rate(step) * (mean / (size + 1e-8) ** 0.5) + 1e-3 * (start - p) ** 3, (mean, size, start)


class Restarted(optim.SGD):
    """A rule that branches on the step."""

    def update(self, step, p, g, state):
        if step % 3 == 0:
            return p - 0.1 * g, (1.0 * g,)
        return super().update(step, p, g, state)


class Clipped(optim.UpdateRule):
    """A rule that looks at all parameters at once."""

    def update(self, step, p, g, state):
        size = float(abs(g).max())
        return p - self.rate(step) * g / (size if size > 0.5 else 1.0), ()


class Noisy(optim.UpdateRule):
    """A rule that draws."""

    def __init__(self, lr):
        self.generator = random.Random(5)
        super().__init__(lr)

    def update(self, step, p, g, state):
        return p - self.rate(step) * self.generator.random() * g, ()


class Counting(optim.UpdateRule):
    """A rule that keeps count by itself."""

    calls = 0

    def update(self, step, p, g, state):
        self.calls = self.calls + 1
        return p - self.rate(step) / self.calls * g, ()


class Numeric(optim.UpdateRule):
    """A rule in functions of NumPy."""

    def update(self, step, p, g, state):
        return p - self.rate(step) * np.clip(np.sign(g) * np.minimum(abs(g), 0.1), -0.05, 0.05), ()


class OneByOne(optim.UpdateRule):
    """A rule that branches on numbers, one parameter after the other."""

    on_arrays = False

    def update(self, step, p, g, state):
        return (p - self.rate(step) * g if g > 0.0 else p - 2.0 * self.rate(step) * g), ()


RULES = {
    "plain": lambda: optim.SGD(0.1),
    "momentum": lambda: optim.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optim.SGD(0.05, momentum=0.8, nesterov=True),
    "adam": lambda: optim.Adam(0.02),
    "adamw": lambda: optim.AdamW(0.02, weight_decay=0.1, beta1=0.0),
    "rmsprop": lambda: optim.RMSProp(0.01),
    "rmsprop momentum": lambda: optim.RMSProp(optim.constant(0.01), decay=0.9, momentum=0.7, epsilon=1e-4),
    "cosine": lambda: optim.Adam(optim.warm_up(optim.cosine(0.05, steps=60), steps=5)),
    "decay": lambda: optim.SGD(optim.step_decay(0.1, every=7, factor=0.5), momentum=0.5),
    "schedule": lambda: optim.SGD(lambda step: 0.1 / (1 + step)),
    "signs": lambda: SignDescent(0.01),
    "averaged": lambda: Averaged(0.01),
    "branch": lambda: Restarted(0.05, momentum=0.9),
    "clipped": lambda: Clipped(0.1),
    "noisy": lambda: Noisy(0.1),
    "counting": lambda: Counting(0.1),
    "numpy": lambda: Numeric(0.1),
    "one by one": lambda: OneByOne(0.05),
}
SIZES = [1, 10, None]


def by_hand(trainer, epochs, size):
    """What `fit` does: losses of the epochs, parameters, last gradient."""
    objective = trainer.objective_for(X, Y)
    whole, p, found = objective.batch(X, Y), np.array([v.data for v in trainer.parameters]), []
    for epoch in range(epochs):
        shares = []
        for batch in batches(whole, size or len(whole), shuffled(len(whole), f"0 {epoch}")):
            mean, slopes = objective.value_and_gradient(batch, at=p)
            if trainer.optimizer.on_arrays:
                p = trainer.optimizer.advance(p, slopes)
            else:
                leaves = [Value(x) for x in p.tolist()]
                for leaf, slope in zip(leaves, slopes.tolist()):
                    leaf.grad = slope
                trainer.optimizer.step(leaves)
                p = np.array([leaf.data for leaf in leaves])
            shares.append(mean * (len(batch) / len(whole)))
        found.append(math.fsum(shares))
    return found, p.tolist(), slopes.tolist()


@pytest.fixture(scope="module")
def trained():
    """Trainers by backend, which compile once."""
    return {}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_takes_the_steps_of_a_plain_loop(name, backend, trained):
    trainer = trained.setdefault(backend, trainer_with(optim.SGD(0.1), backend))
    for size in SIZES:
        trainer.optimizer = RULES[name]()
        trainer.reset()
        expected = by_hand(trainer, 9, size)
        right, trainer.optimizer = trainer.optimizer.to_state(), RULES[name]()
        trainer.fit(X, Y, epochs=9, batch_size=size)
        found = trainer.history.loss, [p.data for p in trainer.parameters], [p.grad for p in trainer.parameters]
        assert all(map(same, found, expected))
        assert json.dumps(trainer.optimizer.to_state()) == json.dumps(right)


FITS = {  # name -> options of the Trainer, of `fit`
    "penalty": ({"penalty": losses.l2(1e-2)}, {"batch_size": 5}),
    "as they come": ({}, {"batch_size": 4, "shuffle": False}),
    "validation": ({}, {"batch_size": 10, "validation": (X[:5], Y[:5])}),
    "metric": ({"metric": lambda prediction, target: abs(prediction - target)}, {}),
    "patience": ({}, {"patience": 3}),
    "patience in batches": ({}, {"patience": 3, "batch_size": 8}),
    "many epochs": ({}, {}),
    "one sample too few": ({}, {"batch_size": len(X) - 1}),
    "progress": ({}, {"progress": True}),
}


@pytest.mark.parametrize("name", FITS)
def test_every_fit_leaves_what_single_steps_leave(name, backend, tmp_path):
    """At rates where the best epoch is none of the last."""
    parts, options = FITS[name]
    for make in (lambda: optim.SGD(0.3, momentum=0.8), lambda: optim.Adam(0.3)):
        one, other = trainer_with(make(), backend, **parts), trainer_with(stepwise(make()), backend, **parts)
        for epochs in (1, 40):
            one.fit(X, Y, epochs=epochs, **options, checkpoint=tmp_path / f"{make()}.json")
            other.fit(X, Y, epochs=epochs, **options)
            expect_same(one, other)
    assert "patience" not in options or len(one.history) < 41


@pytest.mark.parametrize("size", [10, None])
def test_checkpoints_of_pieces_and_of_single_steps_are_one(size, backend, tmp_path):
    path, options = tmp_path / "run.json", {"batch_size": size, "seed": 4}
    whole = trainer_with(optim.Adam(0.05), backend)
    whole.fit(X, Y, epochs=9, **options)
    for epochs, hand in ((2, False), (3, True), (7, False), (8, True), (9, False)):
        rule = optim.Adam(0.05)
        part = trainer_with(stepwise(rule) if hand else rule, backend)
        part.fit(X, Y, epochs=epochs, **options, checkpoint=path)
    expect_same(part, whole)


def both(backend, rule, model, X, y, *, penalty=None, **options):
    """What becomes of one parameter, by pieces and by single steps: the error, and all that is left."""
    found = []
    for kind in (lambda rule: rule, stepwise):
        w = Value(1.0, "w")
        trainer = Trainer(
            lambda row: model(w, row[0]),  # noqa: B023
            losses.squared_error,
            kind(rule()),
            parameters=[w],
            backend=backend,
            penalty=penalty,
        )
        try:
            trainer.fit(X, y, **options)
            error = None
        except (DivergenceError, ValueError, ZeroDivisionError) as caught:
            error = str(caught)
        found.append((error, state_of(trainer)))
    assert json.dumps(found[0]) == json.dumps(found[1])
    return found[0][0]


def test_a_divergence_in_the_middle_of_a_piece_is_the_same(backend):
    def exponential(w, x):
        return (w * x).exp()

    rows = [0.01 * i for i in range(50)]
    rule, targets = lambda: optim.SGD(lambda step: 0.001 if step < 40 else 1e5), [5.0] * 50
    spoiled = both(backend, rule, exponential, rows, targets, epochs=50, batch_size=3)
    assert "is not finite in epoch 3" in spoiled and "exp(x) of x" in spoiled and "of the batch" in spoiled
    alone = both(backend, rule, exponential, rows, targets, epochs=99)
    assert "is not finite in epoch 42" in alone
    grown = both(backend, lambda: optim.SGD(2.0), lambda w, x: w * x, [1.0] * 50, [3.0] * 50, epochs=9, batch_size=4)
    assert "has grown to" in grown and "in epoch 1" in grown
    grown = both(backend, lambda: optim.SGD(2.0), lambda w, x: w * x, [1.0], [3.0], epochs=50)
    assert "has grown to 1.26e+11 in epoch 12" in grown


def test_a_schedule_that_fails_fails_at_its_step(backend):
    def rate(step):
        return 1.0 / (20 - step)

    rows = [0.1 * i for i in range(30)]
    for size in (1, 4, None):
        error = both(backend, lambda: optim.SGD(rate), lambda w, x: w * x, rows, rows, epochs=99, batch_size=size)
        assert "division by zero" in error
        error = both(backend, lambda: optim.SGD(lambda step: 0.1 - 0.01 * step), lambda w, x: w * x, rows, rows,
                     epochs=99, batch_size=size)  # fmt: skip
        assert "at step 11, a learning rate" in error


def test_steps_whose_infinities_do_no_harm_go_on(backend):
    """0 times inf is 0, which only the slower twin of a program knows."""

    def model(w, x):
        return (w * x).exp().tanh()

    rows = [900.0 if i % 7 == 3 else 0.1 * i for i in range(30)]
    for size in (1, 4, None):
        assert both(backend, lambda: optim.Adam(0.01), model, rows, [0.5] * 30, epochs=20, batch_size=size) is None


def test_samples_of_another_size_are_no_divergence(backend):
    rows, targets = [1.0] * 9, [1.0] + [1e8] * 8
    for size in (1, 2, None):
        found = both(backend, lambda: optim.SGD(1e-3), lambda w, x: w * x, rows, targets, epochs=3, batch_size=size)
        assert found is None


def test_what_changes_between_the_epochs_of_an_open_loop_is_heard(backend):
    results = []
    for kind in (lambda rule: rule, stepwise):
        trainer = trainer_with(kind(optim.SGD(0.1, momentum=0.9)), backend)
        for record in trainer.epochs(X, Y, epochs=12, batch_size=5):
            if record.epoch == 2:
                trainer.optimizer.lr = 0.05
            if record.epoch == 4:
                trainer.optimizer.momentum = 0.5
            if record.epoch == 6:
                trainer.parameters[0].data += 0.25
            if record.epoch == 8:
                trainer.optimizer = kind(optim.Adam(0.05))
            if record.epoch == 10:
                trainer.optimizer.reset()
        results.append(trainer)
    expect_same(*results)


def test_what_a_metric_changes_is_heard(backend):
    """It is the one code of the user's that runs between the epochs of a fit."""
    results = []
    for kind in (lambda rule: rule, stepwise):
        trainer = trainer_with(kind(optim.SGD(0.1)), backend)

        def metric(prediction, target, trainer=trainer):
            trainer.optimizer.lr = 0.1 / (1 + len(trainer.history))
            return prediction

        trainer.metric = metric
        trainer.fit(X, Y, epochs=9, batch_size=7)
        results.append(trainer)
    expect_same(*results)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends a signal")
@pytest.mark.parametrize("size, epochs", [(1, 1), (30_000, 10**6), (None, 10**9)], ids=["within", "two", "many"])
def test_ctrl_c_is_heard_within_a_call_and_leaves_whole_steps(size, epochs, backend):
    count = {1: 1_000_000 if backend == "llvm" else 30_000, 30_000: 60_000, None: 40}[size]
    options = {"batch_size": size, "shuffle": False}
    trainer, again = [long_training(backend, count)[0] for _ in range(2)]
    rows = np.linspace(-1.0, 1.0, count)
    for one in (trainer, again):
        one.fit(rows, rows, epochs=1)

    def interrupt(*_):
        if trainer.optimizer.steps > 1:
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    def bound():  # asked just before the first steps in one call
        trainer.course.bound = again.course.bound
        signal.setitimer(signal.ITIMER_REAL, 0.08)
        return again.course.bound()

    trainer.course.bound = bound
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(rows, rows, epochs=epochs, **options)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    ended, steps, each = len(trainer.history) - 1, trainer.optimizer.steps - 1, -(-count // (size or count))
    assert steps > 0 and ended <= steps // each <= ended + 1 and trainer.course.position.at is None
    again.fit(rows, rows, epochs=ended, **options)
    left = (steps - ended * each) * (size or count)
    if left:
        again.fit(rows[:left], rows[:left], epochs=1, **options)
    assert same(*[[p.data for p in one.parameters] for one in (trainer, again)])
    assert trainer.optimizer.to_state() == again.optimizer.to_state()
    assert trainer.history.loss == again.history.loss[: ended + 1]


ROOMS = ["trainer", "loop", "course", "position", "watching", "history", "descent", "steps", "update_rule", "rules"]


@pytest.mark.parametrize("size, apart", [(8, 97), (None, 23)])
def test_ctrl_c_at_any_line_leaves_whole_steps(size, apart):
    pytest.importorskip("llvmlite")
    whole = trainer_with(stepwise(optim.Adam(0.05)), "llvm")
    advance, states = whole.course.position.advance, [([p.data for p in whole.parameters], whole.optimizer.to_state())]

    def noted(*step):
        advance(*step)
        states.append((whole.course.position.numbers(), whole.optimizer.to_state()))

    whole.course.position.advance = noted
    whole.fit(X, Y, epochs=80, batch_size=size)
    trainer, each, seen = trainer_with(optim.Adam(0.05), "llvm"), -(-len(X) // (size or len(X))), set()
    trainer.fit(X, Y, epochs=80, batch_size=size)
    rooms, fit = tuple(f"{room}.py" for room in ROOMS), lambda: trainer.fit(X, Y, epochs=80, batch_size=size)
    for moment in range(200, 100_000, apart):
        trainer.reset()
        if not interrupted(fit, moment, rooms):
            break
        steps = trainer.optimizer.steps
        assert trainer.course.position.at is None
        assert ([p.data for p in trainer.parameters], trainer.optimizer.to_state()) == states[steps], moment
        assert steps // each - 1 <= len(trainer.history) <= steps // each
        assert trainer.history.loss == whole.history.loss[: len(trainer.history)]
        seen.add(steps)
    assert len(seen) > 2
    expect_same(trainer, whole)


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from checkpoint_help import long_training
trainer, rows, targets = long_training("llvm")
trainer.fit(rows, targets, epochs=10**6, batch_size=1, seed=3, checkpoint={path!r})
"""


def test_a_training_killed_within_an_epoch_goes_on(tmp_path):
    pytest.importorskip("llvmlite")
    path = tmp_path / "run.json"
    script = SCRIPT.format(folder=str(Path(__file__).parent), path=str(path))
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        done = 0
        while not done and process.poll() is None:
            time.sleep(0.02)
            done = path.exists() and json.loads(path.read_text())["run"]["done"]
        process.kill()
    assert process.wait() == -signal.SIGKILL
    done = json.loads(path.read_text())["run"]["done"]
    whole, rows, targets = long_training("llvm")
    whole.fit(rows, targets, epochs=done + 2, batch_size=1, seed=3)
    again, _, _ = long_training("llvm")
    again.fit(rows, targets, epochs=done + 2, batch_size=1, seed=3, checkpoint=path)
    expect_same(again, whole)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_progress_line_moves_within_long_epochs(backend, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    trainer, rows, targets = long_training(backend, 400_000 if backend == "llvm" else 4_000)
    trainer.fit(rows, targets, epochs=2, batch_size=1, shuffle=False, progress=True)
    states = [state.strip() for state in stream.getvalue().split("\r")]
    assert any(re.fullmatch(r"epoch 1 at \d+%", state) for state in states)
    assert any(re.fullmatch(r"epoch 1, loss \S+; epoch 2 at \d+%", state) for state in states)
    assert re.fullmatch(r"epoch 2, loss \S+", states[-1])


def test_an_objective_says_how_its_steps_are_taken(backend):
    trainer = trainer_with(optim.SGD(0.1), backend)
    trainer.fit(X, Y, epochs=1)
    assert repr(trainer.objective).endswith(f"parameters, backend {backend!r}")
    trainer.fit(X, Y, epochs=99)
    assert repr(trainer.objective).endswith(", steps in machine code" if backend == "llvm" else ", steps in NumPy")
    for rule, why in [
        (Clipped(0.1), "its update cannot be run on symbols"),
        (OneByOne(0.1), "the optimiser takes the parameters one by one"),
        (stepwise(optim.SGD(0.1)), "it is no UpdateRule, or has an `advance` of its own"),
    ]:
        trainer.optimizer = rule
        trainer.fit(X, Y, epochs=9, batch_size=1)
        assert f", steps one by one: {why}" in repr(trainer.objective)
    trainer.optimizer = SignDescent(0.1)
    trainer.fit(X, Y, epochs=99)
    assert repr(trainer.objective).endswith("an epoch is but a few, and a rule or rate of your own is read in each")
    trainer.fit(X, Y, epochs=9, batch_size=1)
    assert "one by one" not in repr(trainer.objective)
    trainer.optimizer = optim.SGD(0.1)
    trainer.fit(X, Y, epochs=99, validation=(X, Y))
    assert repr(trainer.objective).endswith("an epoch is but a few, and a metric or a validation follows")
