"""What users may give: whole numbers of every kind, in every place that takes one."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

from micrograd import Trainer, Value, check_gradients, compile, derivative, draw, explain, export, losses, nn, optim
from micrograd.expect import whole
from micrograd.training.sharding import Sharded

WHOLE = [numpy.int64(3), numpy.int8(3), numpy.uint16(3), numpy.array(3), 3]
NOT_WHOLE = [True, numpy.bool_(True), numpy.array(True), 3.0, numpy.float64(3.0), "3", None, [3], Value(3.0)]


@pytest.mark.parametrize("x", WHOLE, ids=repr)
def test_whole_numbers_of_every_kind(x):
    assert whole(x, "epochs", 1) == 3 and type(whole(x, "epochs")) is int


@pytest.mark.parametrize("x", [*NOT_WHOLE, 0, numpy.int64(-1)], ids=repr)
def test_what_is_no_whole_number(x):
    with pytest.raises(ValueError, match="expected epochs to be a whole number of at least 1, got"):
        whole(x, "epochs", 1)
    if x.__class__ not in (int, numpy.int64):
        with pytest.raises(ValueError, match="expected seed to be a whole number, got"):
            whole(x, "seed")


def trainer():
    return Trainer(nn.Neuron(1, nonlin=False, generator=random.Random(0)), losses.squared_error, optim.SGD())


X, Y = [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]
PLACES = {  # name -> a call that takes a whole number there
    "epochs": lambda n: trainer().fit(X, Y, epochs=n),
    "batch_size": lambda n: trainer().fit(X, Y, epochs=1, batch_size=n),
    "seed": lambda n: trainer().fit(X, Y, epochs=1, batch_size=2, seed=n),
    "patience": lambda n: trainer().fit(X, Y, epochs=1, patience=n),
    "shards": lambda n: Sharded(trainer().objective_for(X, Y), ThreadPoolExecutor(1), shards=n),
    "order": lambda n: derivative(lambda x: x**5, 2.0, order=n),
    "inputs": lambda n: compile(lambda x: sum(x), n, parameters=[]),
    "inputs, where": lambda n: export(lambda x: sum(x), n),
    "targets": lambda n: compile(lambda x: x[0], 1, parameters=[], loss=lambda p, t: p * sum(t), targets=n),
    "threads": lambda n: compile(lambda x: x[0], 1, parameters=[], threads=n),
    "nin": lambda n: nn.Neuron(n),
    "nout": lambda n: nn.MLP(2, [n]),
    "memory": lambda n: optim.LBFGS(memory=n),
    "every": lambda n: optim.step_decay(0.1, every=n),
    "steps": lambda n: optim.cosine(0.1, steps=n),
    "paths": lambda n: explain(Value(2.0, "x") * 3.0, paths=n),
}


@pytest.mark.parametrize("name", PLACES)
def test_every_place_takes_numpy_integers_and_refuses_the_rest(name):
    PLACES[name](3)
    PLACES[name](numpy.int64(3))
    for wrong in (True, numpy.bool_(True), 3.0, "3", numpy.array([3]), -1 if name != "seed" else 0.5):
        with pytest.raises(ValueError, match=f"expected {name}.* to be a whole number.*, got"):
            PLACES[name](wrong)


def test_files_hold_plain_numbers(tmp_path):
    options = {name: numpy.int64(2) for name in ("epochs", "batch_size", "seed", "patience")}
    first = trainer()
    first.fit(X, Y, **options, checkpoint=tmp_path / "run.json")
    settings = json.loads((tmp_path / "run.json").read_text())["run"]["settings"]
    assert settings == {"batch_size": 2, "seed": 2, "shuffle": True, "patience": 2, "shards": None}
    again = trainer()
    again.fit(X, Y, epochs=2, batch_size=2, seed=2, patience=2, checkpoint=tmp_path / "run.json")
    assert again.course.position.numbers() == first.course.position.numbers()


NAMES = {  # what -> a call that takes a name there, and one of the names
    "backend": (lambda name: compile(lambda x: x[0], 1, parameters=[], backend=name), "numpy"),
    "view": (lambda name: draw(Value(2.0), {}, view=name), "collapsed"),
    "direction": (lambda name: draw(Value(2.0), {}, direction=name), "TB"),
    "initial weights": (lambda name: nn.Neuron(1, initial=name), "xavier normal"),
}


@pytest.mark.parametrize("what", NAMES)
def test_every_place_takes_its_names_and_refuses_the_rest(what):
    call, name = NAMES[what]
    call(name)
    for wrong in (name + "s", name.swapcase(), 3, [name], {}):
        with pytest.raises(ValueError, match=f"expected {what}.* to be .* or {name}, got "):
            call(wrong)


@pytest.mark.parametrize("call, message", [
    (lambda: optim.SGD(lr="0.1"), "a learning rate: expected a number .* got str '0.1'"),
    (lambda: optim.Adam(beta1=None), "beta1: expected a number"),
    (lambda: losses.l2([1.0]), "a strength: expected a number .* got list"),
    (lambda: check_gradients(Value(1.0) * 2.0, leaves=[2.0]), r"expected leaves, made as Value\(number\), got float"),
    (lambda: compile(lambda x: x[0], 1), r"expected a model with parameters\(\), or parameters="),
])  # fmt: skip
def test_what_is_of_another_kind_is_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()
