"""Objectives, optimisers, losses and runners, ours and by hand, have what is asked of them."""

import inspect
import math
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from micrograd import Trainer, Value, losses, nn, optim
from micrograd.optim.optimizer import Optimizer
from micrograd.training.compiled import compiled_objective
from micrograd.training.objectives import Eager, Objective
from micrograd.training.rows import dataset, samples
from micrograd.training.sharding import Sharded

X, Y = [[-1.0], [0.0], [1.0], [2.0], [3.0]], [-1.0, 2.0, 5.0, 8.0, 11.0]
BACKENDS = ["eager", "numpy", "llvm"]
needs = {"numpy": "numpy", "llvm": "llvmlite"}


def methods(kind):
    return {name: f for name, f in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def takes(function):
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]


def line_trainer(optimizer, backend="auto", loss=losses.squared_error):
    w, b = Value(0.0, "w"), Value(0.0, "b")
    return Trainer(lambda row: w * row[0] + b, loss, optimizer, parameters=[w, b], backend=backend)


def numbers(trainer):
    return [p.data for p in trainer.parameters]


# Objectives


def objectives():
    model = nn.MLP(1, [3, 1], activation="tanh", generator=random.Random(0))
    parts = model, losses.squared_error, model.parameters(), losses.l2(0.1)
    eager = Eager(*parts)
    compiled = [compiled_objective(*parts, X, Y, backend=backend) for backend in installed()]
    return [eager, *compiled, *[Sharded(one, ThreadPoolExecutor(1), shards=2) for one in (eager, *compiled)]]


def installed():
    from importlib.util import find_spec

    return [backend for backend, package in needs.items() if find_spec(package)]


def test_all_objectives_answer_alike():
    eager, *others = objectives()
    wanted, slopes = eager.value_and_gradient(eager.batch(X, Y))
    at = [0.1 * i for i in range(len(slopes))]
    for one in (eager, *others):
        assert isinstance(one, Objective) and isinstance(one.backend, str)
        for name, method in methods(Objective).items():
            assert takes(getattr(type(one), name)) == takes(method), (type(one), name)
        batch = one.batch(X, Y)
        assert len(batch) == 5 and batch.width == 1 and len(batch.take([0, 2])) == 2
        assert [list(row) for row in batch.rows] == X and list(batch.targets) == Y
        value, gradient = one.value_and_gradient(batch)
        assert value == pytest.approx(wanted, rel=1e-12) == one.value(batch)
        assert isinstance(gradient, list) != one.on_arrays and list(gradient) == pytest.approx(slopes, rel=1e-9)
        assert one.value(batch, at=at) == pytest.approx(eager.value(eager.batch(X, Y), at=at), rel=1e-12)
        assert one.predict(X) == pytest.approx(eager.predict(X), rel=1e-12)
        one.forget()
        one.close()
        assert one.holds() or isinstance(one, Eager)
        assert one.value(batch) == pytest.approx(wanted, rel=1e-12)


class Line(Objective):
    """(w·x + b − y)², with derivatives by hand."""

    def batch(self, X, y):
        return dataset(X, y)

    def value_and_gradient(self, batch, at=None):
        w, b = [p.data for p in self.parameters] if at is None else at
        errors = [w * x + b - y for [x], y in zip(batch.rows, batch.targets)]
        slopes = sum([2.0 * x * e for [x], e in zip(batch.rows, errors)]), sum([2.0 * e for e in errors])
        return math.fsum([e * e for e in errors]) / len(batch), [slope / len(batch) for slope in slopes]

    def predict(self, X, at=None):
        w, b = [p.data for p in self.parameters] if at is None else at
        return [w * x + b for [x] in samples(X)]


def test_an_objective_by_hand_trains(tmp_path):
    ours, by_hand = [line_trainer(optim.SGD(lr=0.05, momentum=0.9), "eager") for _ in range(2)]
    by_hand.objective = Line(by_hand.parameters)
    for trainer in (ours, by_hand):
        trainer.fit(X, Y, epochs=20, batch_size=2, validation=(X, Y), checkpoint=tmp_path / f"{id(trainer)}.json")
    assert numbers(by_hand) == pytest.approx(numbers(ours), rel=1e-12)
    assert by_hand.history.loss == pytest.approx(ours.history.loss, rel=1e-12)
    assert isinstance(by_hand.objective, Line) and by_hand.predict([[2.0]]) == pytest.approx(ours.predict([[2.0]]))
    assert [p.grad for p in by_hand.parameters] == pytest.approx([p.grad for p in ours.parameters], rel=1e-9)
    by_hand.retrace()
    assert by_hand.evaluate(X, Y).loss == pytest.approx(ours.evaluate(X, Y).loss, rel=1e-12)


def test_lbfgs_minimises_an_objective_by_hand():
    pytest.importorskip("scipy")
    trainer = line_trainer(optim.LBFGS())
    trainer.objective = Line(trainer.parameters)
    trainer.fit(X, Y, epochs=30)
    assert numbers(trainer) == pytest.approx([3.0, 2.0], rel=1e-6)


def test_what_an_objective_lacks_is_named():
    for method, arguments in (("batch", (X, Y)), ("value", (X,)), ("predict", (X,))):
        with pytest.raises(NotImplementedError, match="Objective does not define"):
            getattr(Objective([]), method)(*arguments)


# Optimisers


class Momentum(Optimizer):
    """SGD with momentum, as our own."""

    def __init__(self):
        self.velocities = {}

    def reset(self):
        self.velocities = {}

    def step(self, parameters):
        velocities = {p.label: 0.9 * self.velocities.get(p.label, 0.0) + p.grad for p in parameters}
        for p in parameters:
            p.data -= 0.01 * velocities[p.label]
        self.velocities = velocities


class Alone:
    """The same, which derives from nothing."""

    __init__, reset, step = Momentum.__init__, Momentum.reset, Momentum.step


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [Momentum, Alone])
def test_an_optimiser_by_hand_trains_on_every_backend(backend, kind):
    """It needs no step on arrays."""
    if backend != "eager":
        pytest.importorskip(needs[backend])
    ours, by_hand = line_trainer(optim.SGD(lr=0.01, momentum=0.9), backend), line_trainer(kind(), backend)
    for trainer in (ours, by_hand):
        trainer.fit(X, Y, epochs=7, batch_size=2)
        trainer.step(trainer.objective.batch(X, Y))
    assert numbers(by_hand) == pytest.approx(numbers(ours), rel=1e-13)
    assert [p.grad for p in by_hand.parameters] == pytest.approx([p.grad for p in ours.parameters], rel=1e-9)
    for trainer in (ours, by_hand):
        trainer.reset()
    assert by_hand.optimizer.velocities == {} and numbers(by_hand) == [0.0, 0.0]


@pytest.mark.parametrize("kind", [Momentum, Alone])
def test_a_step_by_hand_that_fails_is_undone(kind):
    class Failing(kind):
        def step(self, parameters):
            super().step(parameters)
            if len(trainer.history) == 2:
                raise KeyboardInterrupt

    trainer, whole = line_trainer(Failing()), line_trainer(kind())
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(X, Y, epochs=5)
    whole.fit(X, Y, epochs=2)
    assert numbers(trainer) == numbers(whole) and trainer.optimizer.velocities == whole.optimizer.velocities


def test_an_optimiser_by_hand_goes_on_from_files(tmp_path):
    class Counting(Alone):
        count = 0

        def step(self, parameters):
            super().step(parameters)
            self.count = len(parameters)

        def to_state(self):
            return {"velocities": self.velocities, "count": self.count}

        def from_state(self, state):
            self.velocities, self.count = dict(state["velocities"]), state["count"]

    whole = line_trainer(Counting())
    whole.fit(X, Y, epochs=6, batch_size=2)
    for epochs in (2, 3, 6):
        part = line_trainer(Counting())
        part.fit(X, Y, epochs=epochs, batch_size=2, checkpoint=tmp_path / "run.json")
    assert numbers(part) == numbers(whole) and part.optimizer.velocities == whole.optimizer.velocities
    part.optimizer.count = 3
    part.save(tmp_path / "wrong.json")
    with pytest.raises(ValueError, match="expected the state of 2 parameters, got that of 3"):
        line_trainer(Counting()).load(tmp_path / "wrong.json")


def test_a_minimiser_by_hand():
    class Newton:
        """One that drives the loop itself, for a parabola in each parameter."""

        def reset(self):
            pass

        def minimise(self, objective, start, iterations, report):
            p = list(start)
            for iteration in range(1, iterations + 1):
                for i in range(len(p)):
                    slopes = [objective([*p[:i], x, *p[i + 1 :]])[1][i] for x in (p[i], p[i] + 1.0)]
                    p[i] -= slopes[0] / (slopes[1] - slopes[0])
                value, _ = objective(p)
                if report(iteration, numpy.array(p), value):
                    break

    numpy = pytest.importorskip("numpy")
    trainer = line_trainer(Newton(), "eager")
    trainer.fit(X, Y, epochs=40)
    assert numbers(trainer) == pytest.approx([3.0, 2.0], rel=1e-5) and len(trainer.history) == 40
    with pytest.raises(TypeError, match="Newton.*has no open loop: call fit"):
        trainer.epochs(X, Y, epochs=1)
    with pytest.raises(TypeError, match="Newton.*cannot go on from a checkpoint"):
        trainer.fit(X, Y, epochs=1, checkpoint="never.json")


@pytest.mark.parametrize("optimizer", [optim.SGD(), optim.Adam(), optim.AdamW(), optim.RMSProp(), optim.LBFGS()])
def test_our_optimisers_take_what_the_protocol_says(optimizer):
    assert isinstance(optimizer, Optimizer) and optimizer.minimises != optimizer.on_arrays
    used = ["minimise"] if optimizer.minimises else ["step", "advance"]
    for name in ("reset", "to_state", "from_state", *used):
        wanted = takes(getattr(Optimizer, name))
        assert takes(getattr(type(optimizer), name)) == wanted, name
    assert optimizer.count == 0
    optimizer.from_state(optimizer.to_state())


def test_what_an_optimiser_cannot_do_is_named(tmp_path):
    trainer = line_trainer(Momentum())
    trainer.fit(X, Y, epochs=1)
    with pytest.raises(NotImplementedError, match="Momentum does not define to_state: it cannot be saved"):
        trainer.save(tmp_path / "a.json")
    with pytest.raises(NotImplementedError, match="Optimizer does not define step"):
        line_trainer(Optimizer()).fit(X, Y, epochs=1)


# Losses


@pytest.mark.parametrize("name", [name for name in losses.__all__ if name not in ("l1", "l2")])
def test_our_losses_say_what_the_protocol_says(name):
    loss = getattr(losses, name)
    targets = [1.0, 1.0] if name != "cross_entropy" else [1, 0]
    ready = losses.prepared(loss, targets, 2 if name == "cross_entropy" else 1)
    assert ready == targets or ready == [[0.0, 1.0], [1.0, 0.0]]
    of_logit = name in ("hinge", "logistic", "binary_cross_entropy", "cross_entropy")
    assert losses.of_logit(loss) is loss.of_logit is of_logit
    assert takes(loss)[:2] == [("prediction", inspect.Parameter.empty), ("target", inspect.Parameter.empty)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_losses_by_hand_train(backend):
    """A plain function, and one with a check of its own."""
    if backend != "eager":
        pytest.importorskip(needs[backend])

    def fourth(prediction, target):
        return (prediction - target) ** 4

    def single(target, outputs):
        if outputs != 1:
            raise ValueError(f"expected a model with one output, got {outputs}")
        return target

    assert losses.prepared(fourth, [1.0], 3) == [1.0] and not losses.of_logit(fourth)
    for loss in (fourth, losses.prepared_by(single)(lambda p, y: (p - y) ** 4)):
        trainer = line_trainer(optim.Adam(lr=0.3), backend, loss)
        assert trainer.fit(X, Y, epochs=300).loss[-1] < 0.1
    with pytest.raises(ValueError, match=r"y\[0\]: expected a model with one output"):
        losses.prepared_by(single)(fourth).prepare([1.0], 2)


# Runners


def line_program(backend):
    compile = pytest.importorskip("micrograd.compiler").compile
    pytest.importorskip(needs[backend])
    w, b = Value(2.0, "w"), Value(-1.0, "b")
    return compile(
        lambda row: w * row[0] + b, 1, parameters=[w, b], loss=losses.squared_error, backend=backend, cache=False
    )


@pytest.mark.parametrize("backend", needs)
def test_runners_give_what_the_protocol_says(backend):
    from micrograd.compiler.runner import Runner

    program = line_program(backend)
    batch, leaves = program.batch(X, Y), program._leaves([1.0, 0.5])
    for purpose, has_gradient in {"gradient": True, "guarded gradient": True, "value": False}.items():
        runner = program._runner(purpose)
        assert isinstance(runner, Runner) and runner.backend == backend and isinstance(runner.source, str)
        value, gradient, finite = runner.step(batch, leaves, 0.2)
        errors = [1.0 * x + 0.5 - y for [x], y in zip(X, Y)]
        assert type(value) is float and value == pytest.approx(sum(e * e for e in errors) / 5) and finite is True
        if has_gradient:
            assert gradient.tolist() == pytest.approx(
                [sum(2.0 * e * x for e, [x] in zip(errors, X)) / 5, sum(2.0 * e for e in errors) / 5]
            )
            gradient[:] = 7.0  # it is the caller's own
            assert runner.step(batch, leaves, 0.2)[1].tolist() != [7.0, 7.0]
        else:
            assert gradient is None
    outputs = program._runner("prediction").outputs(batch, leaves, 1.0)
    assert outputs.shape == (5, 1) and outputs[:, 0].tolist() == [x + 0.5 for [x] in X]
    assert program._runner("gradient").step(batch, program._leaves([math.nan, 0.0]), 0.2)[2] is False


@pytest.mark.parametrize("backend", needs)
def test_what_a_runner_keeps_for_a_batch_goes_with_it(backend):
    program = line_program(backend)
    batches = [program.batch(X, Y) for _ in range(3)]
    wanted = program.value_and_gradient(batches[0])
    runner = program._runner("gradient")
    for batch in batches * 2:
        assert program.value_and_gradient(batch)[0] == wanted[0]
    for key, again in list(runner.again.items()):
        assert key in [batch.key for batch in batches]
        value, gradient = again(program._leaves(None))
        assert value == wanted[0] and gradient.tolist() == wanted[1].tolist()
    batch = key = again = None
    del batches[1:]
    assert set(runner.again) <= {batches[0].key}


def test_a_runner_by_hand_is_all_that_a_program_asks_for(monkeypatch):
    """The mean of (w·x + b − y)² written down, in place of what NumPy would run."""
    np = pytest.importorskip("numpy")
    from micrograd.compiler import programs
    from micrograd.compiler.runner import Runner

    class ByHand(Runner):
        backend, source = "by hand", "(w·x + b − y)²"

        def _run(self, batch, leaves, weight, out):
            w, b = leaves
            outputs = w * batch.X + b
            if out is not None:
                out[:] = outputs
            errors = outputs - batch.Y
            gradient = np.array([(2.0 * errors * batch.X).sum(), (2.0 * errors).sum()]) * weight
            value = float((errors * errors).sum()) * weight
            return value, gradient, bool(np.isfinite([value, *gradient]).all())

    monkeypatch.setattr(programs, "runner_of", lambda program, backend, threads, cache: ByHand(program))
    program = line_program("numpy")
    assert program.source == "(w·x + b − y)²"
    assert program.predict(X).tolist() == [2.0 * x - 1.0 for [x] in X]
    assert program.value([1.0], [1.0]) == 0.0 and program.value_and_gradient([1.0], [0.0])[1].tolist() == [2.0, 2.0]
    monkeypatch.setattr(ByHand, "_run", lambda self, batch, leaves, weight, out: program.predict(batch))
    with pytest.raises(RuntimeError, match="in the middle of its own step"):
        program.predict(X)
