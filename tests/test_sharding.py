"""Sharded objectives: the same bits whatever the executor, the number of workers and their fate; clear errors."""

import os
import pickle
import random
import signal
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context

import pytest

from micrograd import losses, nn, optim
from micrograd.engine import Value
from micrograd.training import Trainer
from micrograd.training.compiled import compiled_objective
from micrograd.training.objectives import Eager
from micrograd.training.sharding import Sharded, worker


class Mortal(nn.MLP):
    """A network that kills its process once, in the midst of a sample, when the file `flag` is there."""

    def __init__(self, nin, nouts, *, generator, flag):
        super().__init__(nin, nouts, generator=generator)
        self.flag = flag

    def __call__(self, x):
        if x == X[40] and os.path.exists(self.flag):
            try:
                os.remove(self.flag)
            except FileNotFoundError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(x)


class Here(Executor):
    """Tasks run at once, after a trip through pickle; a worker that forgets everything whenever `forgetful` says so."""

    def __init__(self, forgetful=lambda: False):
        self.forgetful, self.sent, self.tasks = forgetful, [], 0

    def submit(self, fn, /, *args, **kwargs):
        task = pickle.dumps((fn, args, kwargs))
        self.sent.append(len(task))
        if self.forgetful():
            worker.kept.clear()
        fn, args, kwargs = pickle.loads(task)
        future = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(fn(*args, **kwargs))))
        except Exception as error:  # noqa: BLE001 as executors do
            future.set_exception(error)
        return future


@pytest.fixture(autouse=True)
def fresh_worker():
    worker.kept.clear()
    yield
    worker.kept.clear()


def forget():
    worker.kept.clear()


def keeps():
    return len(worker.kept)


def moons(n, seed=0):
    rng = random.Random(seed)
    X = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(n)]
    return X, [1.0 if a * b > 0 else -1.0 for a, b in X]


def trainer_of(kind=nn.MLP, optimizer=None, **options):
    model = kind(2, [4, 1], generator=random.Random(1))
    options = {"loss": losses.logistic, "penalty": losses.l2(1e-3), **options}
    return Trainer(model, optimizer=optimizer or optim.SGD(lr=0.5, momentum=0.9), **options)


def eager_of(trainer):
    return Eager(trainer.model, trainer.loss, trainer.parameters, trainer.penalty)


def process_pool():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))  # a fork of a process with threads may hang


X, Y = moons(53)


def trained(executor, *, shards=5, batch_size=None, kind=nn.MLP, epochs=3, watch=None):
    """Losses and parameters of a training on this executor, or without one, as exact hexadecimal numbers."""
    trainer = trainer_of(kind)
    if executor is not None:
        trainer.objective = Sharded(eager_of(trainer), executor, shards=shards)
    for record in trainer.epochs(X, Y, epochs=epochs, batch_size=batch_size, seed=3, validation=moons(11, seed=5)):
        if watch is not None:
            watch(record, trainer)
    figures = [*trainer.history.loss, *trainer.history.validation, *[p.data for p in trainer.parameters]]
    return [figure.hex() for figure in figures]


def floats(figures):
    return [float.fromhex(figure) for figure in figures]


@pytest.mark.parametrize("batch_size", [None, 10])
@pytest.mark.parametrize("shards", [1, 5, 100])
def test_training_agrees_with_eager_to_rounding(batch_size, shards):
    sharded = floats(trained(Here(), shards=shards, batch_size=batch_size))
    assert sharded == pytest.approx(floats(trained(None, batch_size=batch_size)), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("batch_size", [None, 10])
def test_the_bits_depend_on_the_number_of_shards_only(batch_size):
    wanted = trained(Here(), batch_size=batch_size)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(4) as four, process_pool() as processes:
        for executor in (one, four, processes):
            assert trained(executor, batch_size=batch_size) == wanted
    assert trained(Here(), shards=4, batch_size=batch_size) != wanted  # so that equality above means something


@pytest.fixture
def restless_threads():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_do_not_share_a_model(restless_threads):
    """Many threads on one objective, each at other parameters: each gets what it gets alone."""
    trainer = trainer_of()
    with ThreadPoolExecutor(4) as pool:
        sharded = Sharded(eager_of(trainer), pool, shards=4)
        batch = sharded.batch(X, Y)
        points = [[0.01 * i * (j + 1) for j in range(17)] for i in range(8)]
        alone = [sharded.value(batch, at=point) for point in points]
        with ThreadPoolExecutor(8) as callers:
            assert list(callers.map(lambda point: sharded.value(batch, at=point), points)) == alone


def test_value_gradient_and_predictions_at_other_numbers_leave_the_parameters_alone():
    eager = eager_of(trainer_of())
    sharded = Sharded(eager_of(trainer_of()), Here(), shards=7)
    at = [0.1 * i - 0.7 for i in range(len(sharded.parameters))]
    before = [p.data for p in sharded.parameters]
    value, gradient = sharded.value_and_gradient(sharded.batch(X, Y), at=at)
    wanted, slopes = eager.value_and_gradient(eager.batch(X, Y), at=at)
    assert value == pytest.approx(wanted, rel=1e-13) and gradient == pytest.approx(slopes, rel=1e-12, abs=1e-15)
    assert sharded.value(sharded.batch(X, Y), at=at) == pytest.approx(wanted, rel=1e-13)
    assert sharded.predict(X, at=at) == eager.predict(X, at=at)
    assert [p.data for p in sharded.parameters] == before
    assert [p.grad for p in sharded.parameters] == gradient


def test_predictions_of_several_outputs_and_the_metric():
    model = nn.MLP(2, [3], generator=random.Random(0))
    eager = Eager(model, losses.cross_entropy, model.parameters())
    assert Sharded(eager, Here(), shards=3).predict(iter(X)) == eager.predict(X)
    trainer = trainer_of(metric=lambda prediction, target: prediction * target > 0)
    trainer.objective = Sharded(eager_of(trainer), Here())
    trainer.fit(X, Y, epochs=1)
    assert trainer.history.metric == [pytest.approx(trainer.evaluate(X, Y).metric)]
    assert 0.0 < trainer.history.metric[0] < 1.0


def test_predictions_of_picked_samples_come_in_their_order():
    eager = eager_of(trainer_of())
    sharded = Sharded(eager, Here(), shards=4)
    places = [50, 3, 20, 4, 52, 3]
    picked = sharded.batch(X, Y).take(places)
    assert sharded.predict(picked) == eager.predict(eager.batch(X, Y).take(places))
    assert sharded.predict(picked.take([4, 1])) == eager.predict([X[52], X[3]])


def test_a_step_sends_numbers_only_and_a_worker_that_forgot_is_sent_its_shard_again():
    big, targets = moons(2000)
    executor = Here()
    sharded = Sharded(eager_of(trainer_of()), executor, shards=4)
    batch = sharded.batch(big, targets)
    first = sharded.value_and_gradient(batch)
    assert max(executor.sent) > 5000 and len(executor.sent) == 8  # refused, then sent with the shard
    del executor.sent[:]
    assert sharded.value_and_gradient(batch) == first
    assert sharded.value_and_gradient(batch.take(range(0, 2000, 100)))[0] != first[0]
    assert max(executor.sent) < 1000 and len(executor.sent) == 8
    rng = random.Random(0)
    executor.forgetful = lambda: rng.random() < 0.4
    assert [sharded.value_and_gradient(batch) for _ in range(10)] == [first] * 10
    assert max(executor.sent) > 5000


def test_a_worker_forgets_what_was_long_unused(monkeypatch):
    executor = Here()
    for seed in range(3):
        sharded = Sharded(eager_of(trainer_of()), executor, shards=2)
        sharded.value(sharded.batch(*moons(20, seed)))
    assert len(worker.kept) == 7  # one objective, for its parameters are not part of it, and six shards
    monkeypatch.setattr(worker, "UNUSED", -1.0)
    sharded.value(sharded.batch(*moons(20, 4)))
    assert len(worker.kept) <= 2


def test_what_a_fit_has_sent_serves_the_next():
    executor = Here()
    for sent in (4, 6):  # the first is refused both shards, and sends them then
        trainer_of(backend="eager").fit(X, Y, epochs=1, executor=executor, shards=2)
        assert len(executor.sent) == sent


def test_a_batch_that_another_objective_cut():
    """After an executor was lost, say: the samples are cut as they were."""
    eager = eager_of(trainer_of())
    first = Sharded(eager, Here(), shards=3)
    batch = first.batch(X, Y)
    worker.kept.clear()
    assert Sharded(eager, Here()).value_and_gradient(batch) == first.value_and_gradient(batch)
    assert Sharded(eager, Here()).predict(batch.take([3, 1])) == first.predict([X[3], X[1]])


def test_what_changes_beside_the_parameters_is_sent_again():
    """A number in the model that is no parameter is that of the latest batch, not that of the first."""
    model = nn.Neuron(1, nonlin=False, generator=random.Random(0))
    sharded = Sharded(Eager(model, losses.squared_error, model.w), Here(), shards=2)
    for bias in (1.0, 2.0):
        model.b.data = bias
        assert sharded.value(sharded.batch([1, 2], [1, 1]), at=[0.0]) == (bias - 1.0) ** 2


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_fit_takes_an_executor(backend):
    """With an iterator as data, and back to the objective that it had."""
    executor, losses_of = Here(), {}
    for shards in (None, 4):
        trainer = trainer_of(optimizer=optim.Adam(lr=0.05), backend=backend)
        trainer.fit(X, Y, epochs=1)
        before = trainer.objective
        options = {} if shards is None else {"executor": executor, "shards": shards}
        trainer.fit(iter(X), iter(Y), epochs=3, batch_size=20, validation=moons(9), **options)
        assert trainer.objective is before
        losses_of[shards] = trainer.history.loss
        assert bool(executor.sent) == (shards is not None)
    assert losses_of[4] == pytest.approx(losses_of[None], rel=1e-12)


def test_lbfgs_trains_on_shards():
    pytest.importorskip("scipy")
    histories = []
    for executor in (None, Here()):
        trainer = trainer_of(optimizer=optim.LBFGS())
        if executor is not None:
            trainer.objective = Sharded(eager_of(trainer), executor)
        histories.append(trainer.fit(X, Y, epochs=5).loss)
    assert histories[0] == pytest.approx(histories[1], rel=1e-8)


def compiled(backend):
    model = nn.MLP(2, [4, 1], generator=random.Random(1))
    return compiled_objective(model, losses.logistic, model.parameters(), losses.l2(0.1), X, Y, backend=backend)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_compiled_objective_with_its_penalty(backend):
    pytest.importorskip("numpy" if backend == "numpy" else "llvmlite")
    objective = compiled(backend)
    wanted, slopes = objective.value_and_gradient(objective.batch(X, Y))
    with process_pool() as processes, ThreadPoolExecutor(3) as threads:
        for executor in (processes, threads):
            sharded = Sharded(objective, executor, shards=3)
            batch = sharded.batch(X, Y)
            value, gradient = sharded.value_and_gradient(batch)
            assert value == pytest.approx(wanted, rel=1e-13)
            assert gradient == pytest.approx(slopes, rel=1e-12, abs=1e-15)
            assert sharded.predict(X) == sharded.predict(batch) == pytest.approx(objective.predict(X), rel=1e-13)
            few = [3, 50, 4]
            part, _ = sharded.value_and_gradient(batch.take(few))
            some = objective.batch([X[i] for i in few], [Y[i] for i in few])
            assert part == pytest.approx(objective.value(some), rel=1e-13)


def test_a_killed_process_of_a_pool_gives_a_clear_error_and_harms_nothing(tmp_path):
    flag = tmp_path / "die"
    trainer = trainer_of(partial(Mortal, flag=str(flag)))
    eager = eager_of(trainer)
    with process_pool() as processes:
        trainer.objective = Sharded(eager, processes, shards=5)
        trainer.fit(X, Y, epochs=1)
        before = [p.data for p in trainer.parameters]
        flag.touch()
        with pytest.raises(BrokenProcessPool, match="make a new executor and go on"):
            trainer.fit(X, Y, epochs=1)
        with pytest.raises(BrokenProcessPool, match="make a new executor and go on"):  # refused by submit now
            trainer.fit(X, Y, epochs=1)
    assert not flag.exists() and [p.data for p in trainer.parameters] == before
    with process_pool() as processes:
        trainer.objective = Sharded(eager, processes, shards=5)
        trainer.fit(X, Y, epochs=2)
    unharmed = trainer_of()
    unharmed.objective = Sharded(eager_of(unharmed), Here(), shards=5)
    assert trainer.history.loss == unharmed.fit(X, Y, epochs=3).loss


def test_dask_workers_are_killed_and_training_ends_with_the_same_numbers(tmp_path):
    """One between two steps, by its id; one in the midst of a sample, by its own hand."""
    distributed = pytest.importorskip("distributed")
    flag = tmp_path / "die"
    wanted = trained(Here(), batch_size=20, epochs=8)
    options = {"n_workers": 3, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        victim = min(client.run(os.getpid).values())

        def watch(record, trainer):
            if record.epoch == 3:
                os.kill(victim, signal.SIGKILL)
            if record.epoch == 5:
                flag.touch()

        kind = partial(Mortal, flag=str(flag))
        assert trained(client.get_executor(), batch_size=20, epochs=8, kind=kind, watch=watch) == wanted
        assert not flag.exists()
        assert victim not in client.run(os.getpid).values()
        client.wait_for_workers(3)
        client.run(forget)
        executors = [client.get_executor(workers=[name], allow_other_workers=True) for name in client.nthreads()]
        assert trained(executors, batch_size=20, epochs=8) == wanted
        # each an objective, and 1 or 2 shards of each of 2 datasets: 3 + 5 + 5, but Dask may move a task or two
        assert 13 <= sum(client.run(keeps).values()) <= 17


class Careless(Here):
    """Loses every third answer, or each, as Dask does when a worker dies just before its result is passed on."""

    def __init__(self, losses, every=3):
        super().__init__()
        self.losses, self.every = losses, every

    def submit(self, fn, /, *args, **kwargs):
        future = super().submit(fn, *args, **kwargs)
        self.tasks += 1
        if self.losses and self.tasks % self.every == 0:
            self.losses -= 1
            lost = Future()
            try:
                kind, error, trace = future.result()
            except Exception as error:  # noqa: BLE001 whichever it is
                lost.set_exception(error)
            return lost
        return future


def test_answers_that_an_executor_lost_are_asked_for_again():
    assert trained(Careless(7)) == trained(Here())
    with pytest.raises((ValueError, TypeError)):
        trained(Careless(10**9, every=1))  # in the end its error is shown


def faulty(prediction, target):
    if target < 0:
        raise ValueError("no logarithm")
    return prediction * target


def test_errors_of_the_model_are_raised_at_once_with_the_place():
    targets = [1.0] * (len(X) - 1) + [-1.0]
    for executor in (Here(), ThreadPoolExecutor(2)):
        trainer = trainer_of(loss=faulty)
        sharded = Sharded(eager_of(trainer), executor, shards=2)
        with pytest.raises(ValueError, match="no logarithm") as caught:
            sharded.value(sharded.batch(X, targets))
        assert "in faulty" in str(caught.value.__cause__)
        if isinstance(executor, Here):
            assert len(executor.sent) == 4  # the two shards, and once more with what the worker lacked


def strange(prediction, target):
    if target < 0:
        error = LookupError("7 seas")
        error.open = (sea for sea in range(7))  # which no pickle takes
        raise error
    return prediction * target


def test_an_error_that_cannot_travel_comes_as_text():
    sharded = Sharded(eager_of(trainer_of(loss=strange)), Here(), shards=2)
    with pytest.raises(RuntimeError, match="LookupError: 7 seas") as caught:
        sharded.value(sharded.batch(X, [1.0] * (len(X) - 1) + [-1.0]))
    assert "in strange" in str(caught.value.__cause__)


def test_lambdas_travel_by_cloudpickle_and_without_it_the_error_names_the_cure(monkeypatch):
    w = Value(0.5)
    lambdas = Eager(lambda row: w * row[0], lambda p, y: (p - y) ** 2, [w], lambda parameters: 0.1 * parameters[0])
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    sharded = Sharded(lambdas, Here(), shards=2)
    with pytest.raises(TypeError, match="cannot be sent to a worker.*install cloudpickle, or write lambdas"):
        sharded.batch([1.0, 2.0], [1.0, 2.0])
    assert w.data == 0.5
    monkeypatch.undo()
    pytest.importorskip("cloudpickle")
    value, gradient = sharded.value_and_gradient(sharded.batch([1.0, 2.0], [1.0, 2.0]))
    assert (value, gradient) == (pytest.approx(0.675), [pytest.approx(-2.4)])


GLOBAL = Value(2.0)


def line(row):
    return GLOBAL * row[0]


def test_a_parameter_under_a_global_name_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(TypeError, match="1 of the model's parameters would not follow it to a worker"):
        Sharded(Eager(line, losses.squared_error, [GLOBAL]), Here()).batch([1.0], [1.0])


def test_bad_arguments_and_data():
    eager = eager_of(trainer_of())
    for executor in (4, [], [Here(), 4], ThreadPoolExecutor):
        with pytest.raises(TypeError, match=r"expected a concurrent.futures.Executor, got .*; Dask has"):
            Sharded(eager, executor)
    for objective in (trainer_of(), trainer_of().model):
        with pytest.raises(TypeError, match=r"expected an objective, got .*; a Trainer has fit\(…, executor=…\)"):
            Sharded(objective, Here())
    for shards in (0, 2.0, True):
        with pytest.raises(ValueError, match="expected shards to be a whole number of at least 1"):
            Sharded(eager, Here(), shards=shards)
    sharded = Sharded(eager, Here(), shards=4)
    with pytest.raises(ValueError, match="expected finite numbers, got nan"):
        sharded.batch([[0.0, float("nan")]], [1.0])
    with pytest.raises(ValueError, match=r"y\[1\]: expected a target of -1 or 1"):
        sharded.batch([[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0])
    batch = sharded.batch(X, Y)
    with pytest.raises(TypeError, match="expected a batch that a Sharded objective made, got "):
        sharded.value(eager.batch(X, Y))
    with pytest.raises(ValueError, match="a number for each of 17 parameters, got 2"):
        sharded.value(batch, at=[1.0, 2.0])
    with pytest.raises(ValueError, match="at least one sample, got none"):
        sharded.value_and_gradient(batch.take([]))


def test_a_model_that_a_worker_cannot_import():
    with pytest.raises(TypeError, match="a worker cannot read the model .No module named 'no_such_module'"):
        worker.read(b"cno_such_module\nmodel\n.")


def test_divergence_is_told_as_ever():
    trainer = trainer_of(optimizer=optim.SGD(lr=1e200), loss=losses.squared_error)
    trainer.objective = Sharded(eager_of(trainer), Here())
    with pytest.raises(ArithmeticError, match="is not finite in epoch"):
        trainer.fit(X, Y, epochs=10)
