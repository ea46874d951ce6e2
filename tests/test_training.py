"""The trainer: the objective, trajectories against closed formulas, batches, memory, and bad data."""

import gc
import math
import random
import tracemalloc

import numpy
import pytest

from micrograd import functions as f
from micrograd import losses, nn, optim
from micrograd.engine import Value
from micrograd.training import DivergenceError, Trainer
from micrograd.training.objectives import total
from micrograd.training.rows import Batch


def sigma(x):
    return 1.0 / (1.0 + math.exp(-x))


XS = [-1.5, -0.5, 0.2, 1.0, 2.5]
YS = [0.4, 0.35, 0.3, 0.2, 0.15]


def toy_trainer(lr=2.0, **options):
    w1, w2 = Value(0.5, "w1"), Value(-1.2, "w2")
    trainer = Trainer(
        lambda row: f.sigmoid(w2 * f.sigmoid(w1 * row[0])),
        losses.squared_error,
        optim.SGD(lr=lr),
        parameters=[w1, w2],
        **options,
    )
    return trainer, w1, w2


def toy_slopes(w1, w2, xs, ys):
    """Mean loss and its derivatives by the closed formulas of the toy net."""
    loss = d1 = d2 = 0.0
    for x, y in zip(xs, ys):
        h = sigma(w1 * x)
        out = sigma(w2 * h)
        common = 2.0 * (out - y) * out * (1.0 - out)
        loss += (out - y) ** 2 / len(xs)
        d1 += common * w2 * h * (1.0 - h) * x / len(xs)
        d2 += common * h / len(xs)
    return loss, d1, d2


def test_trajectory_of_the_toy_net():
    trainer, w1, w2 = toy_trainer()
    a, b = 0.5, -1.2
    for record in trainer.epochs(XS, YS, epochs=200):
        loss, d1, d2 = toy_slopes(a, b, XS, YS)
        a, b = a - 2.0 * d1, b - 2.0 * d2
        assert record.loss == pytest.approx(loss, rel=1e-12)
    assert (w1.data, w2.data) == pytest.approx((a, b), rel=1e-12)
    assert len(trainer.history) == 200 and trainer.history.loss[-1] < trainer.history.loss[0] / 5


def test_batches_cover_every_sample_and_weigh_the_last_by_its_size():
    seen = []
    w = Value(1.0)
    trainer = Trainer(
        lambda row: seen.append(row[0]) or w * row[0],
        losses.squared_error,
        optim.SGD(lr=1e-12),
        parameters=[w],
        backend="eager",
    )
    history = trainer.fit(XS, YS, epochs=3, batch_size=2, seed=1)
    seen.pop(0)  # the first call tells the loss how many outputs there are
    assert [sorted(seen[i : i + 5]) for i in (0, 5, 10)] == [XS] * 3 and seen[:5] != seen[5:10]
    mean = sum((x - y) ** 2 for x, y in zip(XS, YS)) / 5
    assert history.loss == pytest.approx([mean] * 3, rel=1e-9)
    assert trainer.evaluate(XS, YS).loss == pytest.approx(mean, rel=1e-9)


def test_a_seed_gives_the_same_bits_and_reset_goes_back():
    trainer, w1, w2 = toy_trainer()
    first = trainer.fit(XS, YS, epochs=5, batch_size=2, seed=7).loss
    trainer.reset()
    assert (w1.data, w2.data, len(trainer.history)) == (0.5, -1.2, 0)
    assert trainer.fit(XS, YS, epochs=5, batch_size=2, seed=7).loss == first
    trainer.reset()
    assert trainer.fit(XS, YS, epochs=5, batch_size=2, seed=8).loss != first
    trainer.reset()
    assert trainer.fit(iter(XS), numpy.array(YS), epochs=5, batch_size=2, seed=7).loss == first


def test_penalty_and_metric():
    w = Value(2.0)
    trainer = Trainer(
        lambda row: w * row[0],
        losses.squared_error,
        optim.SGD(lr=0.1),
        parameters=[w],
        penalty=losses.l2(0.5),
        metric=lambda prediction, target: abs(prediction - target),
    )
    [record] = trainer.fit([1.0, 3.0], [1.0, 4.0], epochs=1)
    assert record.loss == pytest.approx((1.0 + 4.0) / 2 + 2.0)
    assert w.data == pytest.approx(2.0 - 0.1 * ((2.0 * 1.0 + 2.0 * 2.0 * 3.0) / 2 + 2.0))
    assert record.metric == pytest.approx((abs(w.data - 1.0) + abs(3.0 * w.data - 4.0)) / 2)  # after the step
    columns = {"epoch": [1], "loss": [record.loss], "validation": [None], "metric": [record.metric]}
    assert trainer.history.to_dict() == columns
    assert "1 epochs, loss 4.5 to 4.5" in repr(trainer.history) and "metric=" in repr(record)


def test_two_moons():
    rng = random.Random(0)
    rows, classes = [], []
    for i in range(60):
        t = math.pi * rng.random()
        rows.append((math.cos(t), math.sin(t)) if i % 2 else (1.0 - math.cos(t), 0.5 - math.sin(t)))
        classes.append(1 if i % 2 else -1)
    model = nn.MLP(2, [16, 16, 1], generator=random.Random(1))
    trainer = Trainer(model, losses.hinge, optim.SGD(lr=0.1), penalty=losses.l2(1e-4))
    trainer.fit(rows, classes, epochs=15, batch_size=10)
    assert sum((p > 0) == (c > 0) for p, c in zip(trainer.predict(rows), classes)) >= 58


def test_several_outputs():
    model = nn.MLP(1, [4, 2], activation="tanh", generator=random.Random(0))
    trainer = Trainer(model, losses.cross_entropy, optim.SGD(lr=0.5))
    history = trainer.fit([-1.0, -0.5, 0.5, 1.0], [0, 0, 1, 1], epochs=60)
    assert history.loss[-1] < 0.1
    assert [max(range(2), key=out.__getitem__) for out in trainer.predict([[-1.0], [1.0]])] == [0, 1]


def test_memory_does_not_grow_with_the_dataset():
    def peak(n):
        trainer, _, _ = toy_trainer(backend="eager")
        data = [0.001 * i for i in range(n)]
        list(trainer.epochs(data, data, epochs=1))
        batch = Batch([[0.5]] * n, [0.5] * n)
        gc.collect()
        tracemalloc.start()
        trainer.step(batch)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(2_000) - peak(200) < 1_800 * 100  # floats in two lists; a graph would take 1,000


def test_divergence_is_an_error_that_names_the_epoch_and_keeps_the_parameters():
    w = Value(1.0)
    trainer = Trainer(lambda row: f.exp(w * row[0]), losses.squared_error, optim.SGD(lr=1e3), parameters=[w])
    with pytest.raises(DivergenceError, match=r"in epoch 2;.* Sample 1 .*, forward: exp\(x\) of x = .* is inf"):
        trainer.fit([-1.0, 1.0], [5.0, 5.0], epochs=5)
    assert len(trainer.history) == 1 and math.isfinite(w.data)


@pytest.mark.parametrize("backend", ["eager", "numpy", "llvm"])
def test_a_loss_that_grows_beyond_all_bounds_is_a_divergence(backend):
    """w - 3 is multiplied by 1 - 2·lr in every step, so the loss by 9: 4·9ᵏ passes 4e10 at k = 11, in epoch 12."""
    pytest.importorskip({"llvm": "llvmlite"}.get(backend, "numpy"))

    def trainer_with(lr=2.0, start=1.0):
        w = Value(start)
        return Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=lr), parameters=[w], backend=backend)

    trainer = trainer_with()
    with pytest.raises(DivergenceError, match="has grown to 1.26e.11 in epoch 12, beyond 1e.10 times.*smaller"):
        trainer.fit([1.0], [3.0], epochs=50)
    assert len(trainer.history) == 11 and trainer.parameters[0].data - 3.0 == -2.0 * (-3.0) ** 11
    trainer.reset()
    with pytest.raises(DivergenceError, match="in epoch 12"):  # the first loss is the first of the trainer's life
        for _ in range(50):
            trainer.fit([1.0], [3.0], epochs=1)
    trainer.reset()
    with pytest.raises(DivergenceError, match="in epoch 1,"):  # within an epoch
        trainer.fit([1.0] * 50, [3.0] * 50, epochs=1, batch_size=1)
    small = trainer_with(start=3.0 + 1e-9)  # losses from 1e-18 are compared with 1: 1e-18·9ᵏ > 1e10 at k = 30
    with pytest.raises(DivergenceError, match="in epoch 31,"):
        small.fit([1.0], [3.0], epochs=50)
    assert trainer_with(0.1, start=1e140).fit([1.0], [3.0], epochs=9).loss[0] == pytest.approx(1e280)


@pytest.mark.parametrize("backend", ["eager", "numpy", "llvm"])
def test_samples_of_another_size_are_no_divergence(backend):
    pytest.importorskip({"llvm": "llvmlite"}.get(backend, "numpy"))
    w = Value(1.0)
    trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=1e-3), parameters=[w], backend=backend)
    for shuffle in (True, False):  # the first sample has no loss, the others 1e16
        losses_ = trainer.fit([1.0, 1.0, 1.0], [1.0, 1e8, 1e8], epochs=2, batch_size=1, shuffle=shuffle).loss
        assert len(losses_) == 2 and losses_[0] > losses_[1] > 1e15
        trainer.reset()
    assert trainer.fit([1.0], [2.0], epochs=2).loss[0] == 1.0
    assert trainer.fit([1.0], [1e8], epochs=2).loss[2] > 1e15
    trainer.optimizer = optim.SGD(lr=3.0)
    with pytest.raises(DivergenceError, match="has grown to 1.51e.27 in epoch 13"):  # from 1e16, 25 times each
        trainer.fit([1.0], [1e8], epochs=50)


LIKELIHOODS = {  # name -> (loss of the parameters and y, start, data)
    "normal": (lambda p, y: f.log(p[1]) + (y - p[0]) ** 2 / (2.0 * p[1] ** 2), [0.0, 1.0], [99.9, 100.0, 100.3]),
    "Poisson": (lambda p, y: p[0] - y * f.log(p[0]), [50.0], [0.0, 1.0, 0.0]),
    "square root": (lambda p, y: (f.sqrt(p[0]) - y) ** 2, [4.0], [0.01, 0.02]),
}
MINIMA = {"normal": [100.06666666666666, 0.16996731711975949], "Poisson": [1 / 3], "square root": [0.015**2]}


@pytest.mark.parametrize("backend", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_lbfgs_on_likelihoods_whose_domain_ends(backend, name):
    pytest.importorskip("scipy")
    pytest.importorskip({"llvm": "llvmlite"}.get(backend, "numpy"))
    loss, start, y = LIKELIHOODS[name]
    parameters = [Value(x) for x in start]
    trainer = Trainer(
        lambda row: [p * row[0] for p in parameters], loss, optim.LBFGS(), parameters=parameters, backend=backend
    )
    history = trainer.fit([1.0] * len(y), y, epochs=200)
    assert [p.data for p in parameters] == pytest.approx(MINIMA[name], rel=1e-5)
    assert history.loss == sorted(history.loss, reverse=True)


def penalty_of(parameters):
    return f.log(parameters[0])


@pytest.mark.parametrize("backend", ["eager", "numpy"])
@pytest.mark.parametrize("optimizer", [optim.SGD(lr=1.0), optim.LBFGS()], ids=["SGD", "LBFGS"])
def test_the_reason_of_a_divergence_is_true(backend, optimizer):
    pytest.importorskip("scipy")

    def reason(model, loss, X, y, start, penalty=None):
        w = Value(start, "w")
        trainer = Trainer(
            lambda row: model(w, row[0]), loss, optimizer, parameters=[w], penalty=penalty, backend=backend
        )
        optimizer.reset()
        w.grad = 5.0
        with pytest.raises(DivergenceError) as caught:
            trainer.fit(X, y, epochs=1)
        assert w.data == start and (w.grad == 5.0 or backend == "eager")
        return str(caught.value)

    product, squared = lambda w, x: w * x, losses.squared_error
    assert "The penalty, forward: log(w) of w = -1.0 is nan" in reason(product, squared, [1.0], [1.0], -1.0, penalty_of)
    assert "finite alone, but their sum is not" in reason(
        product, lambda p, y: p, [1e154] * 3, [1.0] * 3, 1.7e154, lambda parameters: 1e154 * parameters[0]
    )
    # the inner inf of sample 0 does no harm, the square root of sample 1 does
    harmless = reason(
        lambda w, x: f.where(x > 0.0, f.tanh(f.exp(w * x)), f.sqrt(w * x)), squared, [900.0, 0.0], [1.0, 1.0], 1.0
    )
    assert "Sample 1 of the batch, backward: sqrt(x) of x = 0.0" in harmless


def test_an_error_of_the_users_own_is_not_taken_for_a_divergence():
    pytest.importorskip("scipy")
    w = Value(1.0)
    trainer = Trainer(
        lambda row: w * (1.0 / (row[0] - 1.0)), losses.squared_error, optim.LBFGS(), parameters=[w], backend="eager"
    )
    with pytest.raises(ZeroDivisionError):
        trainer.fit([1.0], [3.0], epochs=1)


def test_an_interrupt_keeps_history_and_parameters():
    trainer, w1, _w2 = toy_trainer()
    with pytest.raises(KeyboardInterrupt):
        for record in trainer.epochs(XS, YS, epochs=10):
            if record.epoch == 4:
                raise KeyboardInterrupt
    assert len(trainer.history) == 4 and w1.data != 0.5


@pytest.mark.parametrize(
    "X, y, error, message",
    [
        ([], [], ValueError, "at least one sample"),
        ([1.0, 2.0], [1.0], ValueError, "2 samples and 1 targets"),
        ([1.0, math.nan], [1.0, 2.0], ValueError, r"X\[1\]: expected finite numbers, got nan"),
        ([1.0], [math.inf], ValueError, r"y\[0\]: expected finite numbers, got inf"),
        ([[1.0], [1.0, 2.0]], [1.0, 2.0], ValueError, r"1 numbers in X\[0\] and 2 in X\[1\]"),
        ([1.0, 2.0], [1.0, [1.0, 2.0]], ValueError, r"targets of one width.* in y\[1\]|y\[1\]: expected one number"),
        (["a"], [1.0], TypeError, r"X\[0\]: expected a number"),
    ],
)
def test_bad_data_is_refused_before_any_step(X, y, error, message):
    trainer, w1, _ = toy_trainer()
    with pytest.raises(error, match=message):
        trainer.epochs(X, y, epochs=1)
    assert w1.data == 0.5


def test_bad_calls():
    trainer, w1, _ = toy_trainer()
    for options in ({"epochs": -1}, {"epochs": 1.5}, {"epochs": 1, "batch_size": 0}):
        with pytest.raises(ValueError, match="whole number of at least"):
            trainer.epochs(XS, YS, **options)
    with pytest.raises(TypeError, match=r"model with parameters\(\)"):
        Trainer(lambda row: w1, losses.squared_error, optim.SGD())
    with pytest.raises(TypeError, match="parameters that are leaves"):
        Trainer(lambda row: w1, losses.squared_error, optim.SGD(), parameters=[w1 * 2.0])
    with pytest.raises(ValueError, match="at least one parameter"):
        Trainer(lambda row: w1, losses.squared_error, optim.SGD(), parameters=[])
    with pytest.raises(TypeError, match="loss to be a Value"):
        Trainer(lambda row: 1.0, losses.squared_error, optim.SGD(), parameters=[w1]).fit(XS, YS, epochs=1)
    with pytest.raises(ValueError, match="MLP expects 2 inputs, got 1"):
        Trainer(nn.MLP(2, [1]), losses.squared_error, optim.SGD()).fit(XS, YS, epochs=1)


ADAM = "expected an optimiser, got .*; write optim.Adam.lr=0.01."


@pytest.mark.parametrize("part, wrong, message", [
    ("optimizer", "adam", ADAM), ("optimizer", optim.Adam, ADAM), ("optimizer", "lbfgs", r"write optim.LBFGS\(\)"),
    ("optimizer", 0.1, "got float 0.1; write optim.SGD.lr=0.1."), ("optimizer", None, "got None; write optim.SGD"),
    ("optimizer", losses.squared_error, "write optim.SGD"), ("optimizer", [optim.SGD()], "got list .*write optim.SGD"),
    ("loss", "mse", "function of prediction and target, got str 'mse'; write losses.squared_error"),
    ("loss", "bce", "write losses.binary_cross_entropy"), ("loss", None, "got None; write losses.squared_error"),
    ("loss", optim.SGD(), "write losses.squared_error"), ("loss", "Cross-Entropy", "write losses.cross_entropy"),
    ("metric", "accuracy", "expected a metric that is a function of prediction and target, got str 'accuracy'; write"),
    ("penalty", 0.1, "function of the parameters, got float 0.1; write losses.l2.0.1."),
    ("penalty", "l1", "write losses.l1"), ("penalty", losses.l2, "with its strength; write losses.l2.1e-4."),
    ("model", nn.MLP, "expected a model.* got the class MLP itself"), ("model", None, "expected a model.* got None"),
])  # fmt: skip
def test_parts_are_checked_when_a_trainer_is_made(part, wrong, message):
    parts = {"model": nn.MLP(1, [1]), "loss": losses.squared_error, "optimizer": optim.SGD(), part: wrong}
    with pytest.raises(TypeError, match=message):
        Trainer(**parts)


def test_an_optimiser_of_the_users_own():
    class Halving:
        def reset(self):
            pass

        def step(self, parameters):
            for p in parameters:
                p.data /= 2.0

    w = Value(1.0)
    Trainer(lambda row: w, losses.squared_error, Halving(), parameters=[w], backend="eager").fit([1.0], [1.0], epochs=3)
    assert w.data == 0.125


def test_patience_stops_early_and_ends_with_the_best_parameters():
    w = Value(0.0)
    trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    history = trainer.fit([1.0], [1.0], epochs=100, validation=([1.0], [0.5]), patience=3)
    path, p = [], 0.0
    for _ in range(100):
        p -= 0.1 * 2.0 * (p - 1.0)
        path.append(p)
    best = min(range(100), key=lambda i: (path[i] - 0.5) ** 2)
    assert len(history) == best + 1 + 3 and w.data == pytest.approx(path[best], rel=1e-12)
    assert history.validation == pytest.approx([(p - 0.5) ** 2 for p in path[: best + 4]], rel=1e-9)


def test_progress_is_one_line_off_a_terminal_and_none_unless_asked(capsys):
    trainer, _, _ = toy_trainer()
    trainer.fit(XS, YS, epochs=3)
    assert capsys.readouterr().err == ""
    trainer.fit(XS, YS, epochs=3, progress=True)
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("epoch 6, loss 0.") and "\r" not in err


def test_frames_give_their_rows():
    class Frame:
        def __init__(self, array):
            self.array = array

        def to_numpy(self):
            return self.array

        def __iter__(self):
            return iter(["column"])

    trainer, _, _ = toy_trainer()
    expected = trainer.fit(XS, YS, epochs=3).loss
    trainer.reset()
    frame, series = Frame(numpy.array(XS)[:, None]), Frame(numpy.array(YS))
    assert trainer.fit(frame, series, epochs=3).loss == expected


def test_the_objective_at_other_parameters_leaves_the_model_alone():
    trainer, w1, w2 = toy_trainer()
    trainer.evaluate(XS, YS)  # makes the objective
    batch = trainer.objective.batch(XS, YS)
    value, gradient = trainer.objective.value_and_gradient(batch, at=[0.9, -0.3])
    loss, d1, d2 = toy_slopes(0.9, -0.3, XS, YS)
    assert (value, *gradient) == pytest.approx((loss, d1, d2), rel=1e-12)
    assert trainer.objective.value(batch, at=[0.9, -0.3]) == pytest.approx(loss, rel=1e-12)
    assert (w1.data, w2.data) == (0.5, -1.2)
    with pytest.raises(ValueError, match="each of 2 parameters, got 1|at=2 numbers"):
        trainer.objective.value(batch, at=[0.9])


def test_targets_the_loss_does_not_take_are_found_before_any_step():
    w = Value(0.5)
    trainer = Trainer(lambda row: w * row[0], losses.hinge, optim.SGD(lr=0.1), parameters=[w])
    with pytest.raises(ValueError, match=r"y\[2\]: expected a target of -1 or 1, got 0"):
        trainer.fit([1.0, 2.0, 3.0], [1, -1, 0], epochs=1, batch_size=1, shuffle=False)
    assert w.data == 0.5 and len(trainer.history) == 0


def test_lbfgs_finds_the_least_squares_line():
    pytest.importorskip("scipy")
    w, b = Value(0.0, "w"), Value(0.0, "b")
    xs, ys = [0.0, 1.0, 2.0, 4.0], [1.0, 2.5, 5.5, 8.0]
    trainer = Trainer(lambda row: w * row[0] + b, losses.squared_error, optim.LBFGS(), parameters=[w, b])
    history = trainer.fit(xs, ys, epochs=30, validation=(xs, ys))
    slope, intercept = numpy.polyfit(xs, ys, 1)
    assert (w.data, b.data) == pytest.approx((slope, intercept), rel=1e-6)
    assert history[-1].loss == pytest.approx(trainer.evaluate(xs, ys).loss, rel=1e-12) == history[-1].validation
    with pytest.raises(ValueError, match="leave batch_size out"):
        trainer.fit(xs, ys, epochs=1, batch_size=2)
    with pytest.raises(TypeError, match="no open loop: call fit"):
        trainer.epochs(xs, ys, epochs=1)
    with pytest.raises(DivergenceError, match="not finite"):
        Trainer(lambda row: (w - w).log() * row[0], losses.squared_error, optim.LBFGS(), parameters=[w]).fit(
            xs, ys, epochs=1
        )


@pytest.mark.parametrize("backend", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize("optimizer", [optim.SGD(lr=0.1), optim.LBFGS()], ids=["SGD", "LBFGS"])
def test_the_gradients_after_fit_belong_to_the_last_loss(backend, optimizer):
    pytest.importorskip("scipy")
    pytest.importorskip({"llvm": "llvmlite"}.get(backend, "numpy"))
    X, y = [[0.0, 1.0], [1.0, 0.5], [-1.0, 0.2]], [0.3, -0.2, 0.9]
    model = nn.MLP(2, [3, 1], activation="tanh", generator=random.Random(0))
    trainer = Trainer(model, losses.squared_error, optimizer, backend=backend)
    for p in model.parameters():
        p.grad = 99.0
    for _ in range(2):
        history = trainer.fit(X, y, epochs=3)
        left = [p.grad for p in model.parameters()]
    if isinstance(optimizer, optim.SGD):  # its loss and gradient are those before the step
        for p, slope in zip(model.parameters(), left):
            p.data += 0.1 * slope
    batch = trainer.objective.batch(X, y)
    value, gradient = trainer.objective.value_and_gradient(batch)
    assert history.loss[-1] == pytest.approx(value, rel=1e-12)
    assert left == pytest.approx(list(gradient), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("optimizer", [optim.SGD(lr=0.1, momentum=0.9), optim.Adam(lr=0.05)])
def test_backends_train_alike_and_leave_the_numbers_in_the_model(backend, optimizer):
    pytest.importorskip("numpy")
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    rng = random.Random(0)
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(70)]
    y = [1.0 if a * b > 0 else -1.0 for a, b in X]
    results = []
    for name in ("eager", backend):
        model = nn.MLP(2, [6, 1], activation="tanh", generator=random.Random(1))
        optimizer.reset()
        trainer = Trainer(
            model, losses.hinge, optimizer, penalty=losses.l2(1e-3), backend=name, metric=lambda p, t: float(p * t > 0)
        )
        trainer.fit(X, y, epochs=5, batch_size=16, seed=3, validation=(X[:9], y[:9]))
        for record in trainer.epochs(X, y, epochs=2, batch_size=32, seed=4):
            model.parameters()[0].data += 0.01 * record.epoch  # between epochs the user may change parameters
        assert trainer.objective.backend == name
        numbers = [p.data for p in model.parameters()]
        assert trainer.predict(X) == [v.data for v in map(model, X)] or name != "eager"
        results.append((numbers, trainer.history.loss, trainer.history.validation[:5], trainer.history.metric))
    for expected, found in zip(*results):
        assert found == pytest.approx(expected, rel=1e-9)
    assert any(p.grad for p in model.parameters())


@pytest.mark.parametrize("shards", [0, 2.5, "4"])
def test_shards_are_checked_without_an_executor_too(shards):
    trainer, _, _ = toy_trainer()
    with pytest.raises(ValueError, match="expected shards to be a whole number of at least 1, got"):
        trainer.fit(XS, YS, epochs=1, shards=shards)
    assert trainer.history == []


@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_a_trainer_that_becomes_eager_runs_the_code_that_it_has_then(backend):
    """Another model, another loss, at the next call."""
    trainer, w1, _ = toy_trainer(backend=backend)
    trainer.fit(XS, YS, epochs=1)
    assert "Eager" not in repr(trainer.objective)
    trainer.backend, trainer.model = "eager", lambda row: w1 * row[0]
    assert trainer.predict(XS) == [w1.data * x for x in XS]
    assert "Eager" in repr(trainer.objective)


def test_code_that_cannot_be_compiled_is_trained_as_it_is():
    pytest.importorskip("numpy")
    w = Value(0.5)

    def model(row):
        return w * row[0] if row[0] > 0 else -w * row[0]

    trainer = Trainer(model, losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    assert trainer.fit([1.0, -2.0], [2.0, 4.0], epochs=30).loss[-1] < 1e-6
    assert trainer.objective.backend == "eager"
    with pytest.raises(TypeError, match="branch.*test_training.py, line"):
        Trainer(model, losses.squared_error, optim.SGD(), parameters=[w], backend="numpy").fit([1.0], [2.0], epochs=1)
    with pytest.raises(ValueError, match="backend to be auto"):
        Trainer(model, losses.squared_error, optim.SGD(), parameters=[w], backend="c")


def test_an_interrupted_training_leaves_whole_steps():
    w = Value(0.5)
    trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])

    def interrupt(prediction, target):
        if len(trainer.history) == 3:
            raise KeyboardInterrupt
        return 0.0

    trainer.metric = interrupt
    with pytest.raises(KeyboardInterrupt):
        trainer.fit([1.0, 2.0], [2.0, 4.0], epochs=9)
    expected = 0.5
    for _ in range(4):
        expected -= 0.1 * 2.5 * 2 * (expected - 2.0)
    assert w.data == pytest.approx(expected, rel=1e-12) and len(trainer.history) == 3


def test_a_sum_that_overflows_is_a_divergence():
    w = Value(1.0)
    trainer = Trainer(lambda row: w * 1e308, lambda p, t: p * 4.0, optim.SGD(), parameters=[w], backend="eager")
    with pytest.raises(DivergenceError):
        trainer.fit([1.0, 2.0, 3.0], [0.0] * 3, epochs=1)
    assert total([1e308, 1e308]) == math.inf


def test_an_executor_trains_alike():
    from concurrent.futures import ThreadPoolExecutor

    results = []
    for threads in (0, 2, 1):
        options = {"executor": ThreadPoolExecutor(threads), "shards": 3} if threads else {}
        model = nn.MLP(1, [4, 1], activation="tanh", generator=random.Random(1))
        trainer = Trainer(model, losses.squared_error, optim.Adam(lr=0.05))
        trainer.fit(XS, YS, epochs=6, batch_size=4, **options)
        trainer.fit(XS, YS, epochs=1)
        results.append([p.data for p in model.parameters()])
    assert results[1] == results[2] and results[1] == pytest.approx(results[0], rel=1e-9)
    with pytest.raises(TypeError, match="Executor"):
        trainer.fit(XS, YS, epochs=1, executor=3)
    assert len(trainer.fit(XS, YS, epochs=1)) == 8
