"""The cyclic collector is paused while graphs are built, and never for longer."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
import weakref

import pytest

from micrograd import Trainer, Value, check_gradients, collector, explain, losses, nn, optim
from micrograd.collector import paused
from micrograd.training.objectives import Eager

X, Y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]


@pytest.fixture(autouse=True)
def on():
    assert gc.isenabled()
    yield
    still = gc.isenabled()
    gc.enable()
    assert still and not collector.inside


def seen(model, into):
    """The model, which notes at every call whether the collector is on."""

    def looking(x):
        into.append(gc.isenabled())
        return model(x)

    return looking


def test_blocks_within_blocks_end_with_the_outermost():
    with paused():
        with paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), paused():
        raise KeyError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with paused():
        pass
    assert not gc.isenabled()
    gc.enable()


def test_threads_share_the_pause():
    inside, leave, states = threading.Barrier(3), threading.Event(), []

    def work(first):
        with paused():
            inside.wait()
            if not first:
                leave.wait()
            states.append(gc.isenabled())

    threads = [threading.Thread(target=work, args=(i == 0,)) for i in range(2)]
    for thread in threads:
        thread.start()
    inside.wait()
    threads[0].join()
    assert not gc.isenabled()  # the other thread builds on
    leave.set()
    threads[1].join()
    assert states == [False, False] and gc.isenabled()


def test_the_eager_objective_pauses_and_is_on_between_samples():
    states = []
    model = nn.MLP(2, [2, 1], generator=random.Random(0))
    parameters = model.parameters()
    objective = Eager(seen(model, states), losses.squared_error, parameters, losses.l2(0.1))
    batch = objective.batch(X, Y)
    for method in (objective.value, objective.value_and_gradient, objective.predict):
        states.clear()
        method(batch)
        assert states == [False] * len(X) and gc.isenabled(), method


def test_an_open_loop_over_epochs_does_not_leave_it_off():
    states = []
    model = nn.MLP(2, [2, 1], generator=random.Random(0))
    trainer = Trainer(
        seen(model, states), losses.squared_error, optim.SGD(lr=0.1), parameters=model.parameters(), backend="eager"
    )
    for number, _ in enumerate(trainer.epochs(X, Y, epochs=5)):
        assert gc.isenabled()
        if number == 2:
            break
    assert gc.isenabled() and False in states


def test_fits_in_threads_put_it_back_once():
    def fit(seed):
        model = nn.MLP(2, [3, 1], generator=random.Random(seed))
        Trainer(model, losses.squared_error, optim.SGD(lr=0.1), backend="eager").fit(X, Y, epochs=10)

    threads = [threading.Thread(target=fit, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()


def test_a_check_pauses_while_the_function_runs_and_puts_back_after_an_error():
    states = []

    def f(x):
        states.append(gc.isenabled())
        return x * x

    assert check_gradients(f, 1.0) and False in states and gc.isenabled()
    objective = Eager(lambda row: 1 / 0, losses.squared_error, [Value(1.0)])
    with pytest.raises(ZeroDivisionError):
        objective.value(objective.batch([1.0], [1.0]))
    assert gc.isenabled()


@pytest.mark.parametrize("wrt", [True, False])
def test_an_explanation_pauses(wrt, monkeypatch):
    from micrograd.chain_rule import explaining

    states, room = [], "explanation_of" if wrt else "pass_of"
    monkeypatch.setattr(explaining, room, lambda *asked: states.append(gc.isenabled()))
    x = Value(2.0, "x")
    explain(x * x, x if wrt else None, {})
    assert states == [False] and gc.isenabled()


def test_garbage_in_cycles_does_not_pile_up_over_the_samples_of_a_batch():
    class Node:
        pass

    alive = weakref.WeakSet()

    def model(row):
        for _ in range(100):
            node = Node()
            node.itself = node
            alive.add(node)
        return w * row[0]

    w = Value(1.0)
    objective = Eager(model, losses.squared_error, [w])
    objective.value(objective.batch([1.0] * 500, [1.0] * 500))
    assert len(alive) < 25_000  # of 50,000


def test_garbage_is_looked_for_though_other_threads_build_on(monkeypatch):
    monkeypatch.setattr(collector, "MOST", 1000)
    collected = []
    with paused():
        held = [[] for _ in range(2000)]
        gc.callbacks.append(lambda phase, info: collected.append(info["generation"]))
        with paused():
            pass
        gc.callbacks.pop()
    assert collected == [0, 0] and len(held) == 2000  # start and stop


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_its_collector():
    with paused():
        child = os.fork()
        if child == 0:
            os._exit(0 if gc.isenabled() and not collector.inside else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_ctrl_c_at_any_line_does_not_leave_it_off():
    def broken_off_at(moment):
        count = 0

        def trace(frame, event, argument):
            nonlocal count
            if event == "line" and frame.f_code.co_filename == collector.__file__:
                count += 1
                if count == moment:
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            with paused():
                pass
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        return count >= moment

    moment = 1
    while broken_off_at(moment):
        assert gc.isenabled() and not collector.inside, moment
        moment += 1
    assert moment > 10


def test_completion_does_not_offer_slips():
    import rlcompleter

    x = Value(1.0)
    completer, found = rlcompleter.Completer({"x": x}), []
    while (word := completer.complete("x.gra", len(found))) is not None:
        found.append(word)
    assert found == ["x.grad"]
