"""Many steps of an optimiser in one call: the rule is read, and the bits are those of the steps one by one."""

from __future__ import annotations

import math
import pickle
import random
import threading
from functools import lru_cache

import numpy as np
import pytest

from micrograd import Value, compile, log, losses, maximum, nn, optim, scan, sigmoid, take, tanh
from micrograd.compiler.descent import Descent, descent_of
from micrograd.compiler.descent.reading import read, same_bits
from micrograd.compiler.descent.symbols import Unreadable
from micrograd.compiler.llvm.descent.shuffle import shuffled
from micrograd.compiler.llvm.runner import LlvmRunner
from micrograd.compiler.numpy.steps import InPlace
from micrograd.optim import UpdateRule
from micrograd.optim.optimizer import NotFinite, Optimizer


class Halved(optim.SGD):
    def rate(self, step):
        return 0.5 * super().rate(step) / (1 + step)


RULES = {
    "SGD": lambda: optim.SGD(lr=0.05),
    "momentum": lambda: optim.SGD(lr=0.02, momentum=0.9),
    "Nesterov": lambda: optim.SGD(lr=optim.exponential(0.02, factor=0.99), momentum=0.8, nesterov=True),
    "Adam": lambda: optim.Adam(lr=0.01),
    "AdamW": lambda: optim.AdamW(lr=optim.warm_up(optim.cosine(0.02, steps=40), steps=5), weight_decay=0.1),
    "RMSProp": lambda: optim.RMSProp(lr=optim.step_decay(0.01, every=10, factor=0.5)),
    "RMSProp, momentum": lambda: optim.RMSProp(lr=0.01, momentum=0.5),
}


class Own(UpdateRule):
    """A rule of one's own whose update is given."""

    def __init__(self, body, moments=0, lr=0.1, **attributes):
        super().__init__(lr)
        self.body, self.names = body, tuple(f"moment {k}" for k in range(moments))
        self.__dict__.update(attributes)

    def moments(self):
        return self.names

    def update(self, step, p, g, state):
        return self.body(self, step, p, g, state or tuple(0.0 * g for _ in self.names))


def appended(self, step, p, g, state):
    self.seen = (*self.seen, 1.0)
    return p - g, ()


READABLE = {
    "comparisons": Own(lambda self, step, p, g, s: (p - self.rate(step) * (1.0 * (g > 0.0) - 1.0 * (g <= 0.0)), ())),
    "sign": Own(lambda self, step, p, g, s: (p - self.rate(step) * np.sign(g), ())),
    "powers": Own(lambda self, step, p, g, s: (p - g**2 / (9.0 + np.abs(g) ** 0.5 + np.square(g) * p**-1) ** 2, ())),
    "clipped": Own(lambda self, step, p, g, s: (p - self.rate(step) * np.clip(g, -0.1, np.maximum(p, 0.1)), ())),
    "steps": Own(lambda self, step, p, g, s: (p - 0.1 ** (step // 10 + 2) * (g / (1 + step % 3)), ())),
    "its count": Own(lambda self, step, p, g, s: (p - g / (self.steps + 9) / (1 + self.count), ())),
    "schedule": Own(lambda self, step, p, g, s: (p - self.lr(step) * g, ()), lr=lambda step: 0.1 / (step + 9)),
    "warm-up": Own(lambda self, step, p, g, s: (p - np.where(step < 9, 0.01, self.rate(step)) * np.where(p, g, p), ())),
    "clip": Own(lambda self, step, p, g, s: (p - self.rate(step) * g.clip(-1.0, 0.5), ())),
    "halved": Halved(lr=0.1, momentum=0.9),
    "halved schedule": Halved(lr=optim.cosine(0.1, steps=20)),
    "settings": Own(lambda self, step, p, g, s: (p - self.lr * self.scale[1] * s[0], (g + s[0],)), 1, scale=(1, 0.5)),
    "swapped": Own(lambda self, step, p, g, s: (p - 0.01 * s[1], (s[1], s[0] * 0.5 + g)), 2),
}
SEEN, NOISE = [], random.Random(3)


def seen(self, step, p, g, state):
    SEEN.append(g)
    return p - g, ()


UNREADABLE = {
    "branch": (Own(lambda self, step, p, g, s: (p - g if step < 5 else p, ())), "neither true nor false"),
    "shape": (Own(lambda self, step, p, g, s: (p - g / p.shape[0], ())), "no attribute 'shape'"),
    "norm": (Own(lambda self, step, p, g, s: (p - g / np.linalg.norm(g), ())), "numpy.norm"),
    "sum": (Own(lambda self, step, p, g, s: (p - g / np.add.reduce(g), ())), "numpy.add.reduce"),
    "dot": (Own(lambda self, step, p, g, s: (p - g / np.dot(g, g), ())), "numpy.dot"),
    "whole": (Own(lambda self, step, p, g, s: (p - g / np.multiply(g, g)[()], ())), "subscriptable"),
    "NumPy": (Own(lambda self, step, p, g, s: (p - np.exp(g), ())), "numpy.exp"),
    "exp": (Own(lambda self, step, p, g, s: (p - tanh(g), ())), "uses tanh"),
    "cube": (Own(lambda self, step, p, g, s: (p - g**3, ())), "power"),
    "array": (Own(lambda self, step, p, g, s: (p - np.array([1.0, 2.0]) * g, ())), "array of its own"),
    "list": (Own(lambda self, step, p, g, s: (p - g, ()), seen=[]), "attribute seen"),
    "changes": (Own(appended, seen=()), "changes attributes"),
    "random": (Own(lambda self, step, p, g, s: (p - np.random.random() * g, ())), "something else at every step"),
    "noise": (Own(lambda self, step, p, g, s: (p - NOISE.gauss(0.0, 1.0) * g, ())), "something else at every step"),
    "side effect": (Own(seen), "changes what lies outside"),
    "moments": (Own(lambda self, step, p, g, s: (p - g, (g, g)), 1), "returns 2 moments where it gets 1"),
    "table": (Own(lambda self, step, p, g, s: (p - {0: 0.5}.get(step, 0.1) * g, ())), "unhashable"),
    "float": (Own(lambda self, step, p, g, s: (p - math.exp(step) * g, ())), "on symbols"),
    "no rule": (Optimizer(), "no UpdateRule"),
    "L-BFGS": (optim.LBFGS(), "no UpdateRule"),
}


@pytest.mark.parametrize("name", [*RULES, *READABLE])
def test_a_rule_that_is_arithmetic_is_read(name):
    rule = RULES[name]() if name in RULES else READABLE[name]
    assert read(rule).moments == len(rule.moments())


@pytest.mark.parametrize("name", UNREADABLE)
def test_another_is_not_read_and_the_reason_is_told(name):
    rule, reason = UNREADABLE[name]
    before, drawn = dict(vars(rule)), NOISE.getstate()
    with pytest.raises(Unreadable, match=reason):
        read(rule)
    assert vars(rule) == before and SEEN == [] and NOISE.getstate() == drawn


@lru_cache(None)
def network(backend="auto", penalty=False):
    """A network with 23 samples, one for many tests: nothing moves its parameters."""
    charge = losses.l2(0.01) if penalty else None
    program = compile(nn.MLP(2, [5, 1]), 2, loss=losses.squared_error, penalty=charge, backend=backend)
    numbers = np.random.default_rng(0).standard_normal((23, 3))
    return program, program.batch(numbers[:, :2], numbers[:, 2])


def start(program):
    return np.random.default_rng(1).standard_normal(len(program.parameters))


def parts(batch, size, order):
    """The samples of the steps, as a Trainer takes them, until the order ends."""
    n = len(batch)
    if size >= n:
        return [batch]
    epochs = [range(n)] if order is None else np.reshape(order, (-1, n))
    return [batch.take(list(epoch[k : k + size])) for epoch in epochs for k in range(0, n, size)]


def one_by_one(program, batch, p, rule, steps, size=99, order=None):
    """(values, parameters, moments) of steps, each a call of the program and one of the rule."""
    found, taken = [], parts(batch, size, order)
    for k in range(steps):
        value, gradient = program.value_and_gradient(taken[k % len(taken)], at=p)
        found.append(value)
        p = rule.advance(p, gradient)
    return found, p, rule.state


def in_pieces(program, batch, p, rule, steps, size=99, order=None, piece=7, descent=None):
    """The same by a descent, at most so many steps a call; the first step of all is taken one by one."""
    descent, found, taken = descent or descent_of(program, batch, rule, size), [], parts(batch, size, order)
    assert descent.reason == ""
    while len(found) < steps:
        done = descent.run(p, min(piece, steps - len(found)), order=order, first=len(found))
        assert done.stopped == (rule.steps == 0)
        if done.stopped:
            value, gradient = program.value_and_gradient(taken[0], at=p)
            found, p = [value], rule.advance(p, gradient)
        else:
            found += done.losses.tolist()
            p = done.p
    return found, p, rule.state


def same(a, b):
    """Whether values, parameters and moments have the same bits."""
    bits, expected = [[np.asarray(x).tobytes() for x in (values, p, *state)] for values, p, state in (a, b)]
    return bits == expected


def test_settings_that_change_are_read_anew():
    program, batch = network()
    rule = optim.SGD(lr=0.1)
    descent, p = descent_of(program, batch, rule), start(program)
    for change in ({"lr": 0.01}, {"lr": optim.cosine(0.1, steps=9)}, {"momentum": 0.5}, {"momentum": 0.0}):
        rule.__dict__.update(change)
        rule.reset()
        expected = one_by_one(program, batch, p, rule, 5)
        rule.reset()
        assert same(in_pieces(program, batch, p, rule, 5, descent=descent), expected)


def test_globals_that_change_are_read_anew_and_a_rule_with_one_graph_is_no_other():
    program, batch = network()
    settings, p = [0.1, lambda g: g], start(program)
    rule = Own(lambda self, step, p, g, s: (p - settings[0] * settings[1](g), ()))
    descent = descent_of(program, batch, rule)
    for settings[0] in (0.01, 0.02):
        rule.reset()
        expected = one_by_one(program, batch, p, rule, 5)
        rule.reset()
        assert same(in_pieces(program, batch, p, rule, 5, descent=descent), expected)
    settings[1] = lambda g: g[::-1] if isinstance(g, np.ndarray) else g  # which does the same with symbols
    assert "for arrays" in descent_of(program, batch, rule).reason


@pytest.mark.parametrize("penalty", [False, True])
@pytest.mark.parametrize("name", [*RULES, *READABLE])
def test_the_bits_are_those_of_single_steps(name, penalty):
    program, batch = network(penalty=penalty)
    rule = RULES[name]() if name in RULES else READABLE[name]
    p, generator = start(program), np.random.default_rng(2)
    for size, epochs, piece in ((1, 1, 50), (5, 3, 4), (16, 2, 1), (23, 1, 13)):
        order = np.concatenate([generator.permutation(23) for _ in range(epochs)])
        rule.reset()
        expected = one_by_one(program, batch, p, rule, 30, size, order)
        rule.reset()
        assert same(in_pieces(program, batch, p, rule, 30, size, order, piece), expected)
        assert rule.steps == 30 and rule.count == len(p)


def test_samples_as_they_come_and_a_state_that_was_read_from_a_file():
    program, batch = network()
    p, rules = start(program), [optim.Adam(), optim.Adam()]
    halves = [one_by_one(program, batch, p, rule, 3, 10) for rule in rules]
    rules[1] = optim.Adam()
    rules[1].from_state(rules[0].to_state())
    expected = one_by_one(program, batch, halves[0][1], rules[0], 9, 10)
    assert same(in_pieces(program, batch, halves[0][1], rules[1], 9, 10), expected)


def test_weights_of_samples_and_tables():
    table, w = [Value(0.1 * k, f"t{k}") for k in range(5)], Value(0.5)
    leaves = [*table, w]
    program = compile(lambda x: tanh(w * x[0]) * take(table, x[1]), 2, parameters=leaves, loss=losses.squared_error)
    generator = np.random.default_rng(3)
    X = np.column_stack([generator.standard_normal(40), generator.integers(0, 5, 40)])
    batch = program.batch(X, generator.standard_normal(40), weights=generator.random(40))
    order = generator.permutation(40)
    for size in (7, 40):
        rules = [optim.Adam(), optim.Adam()]
        expected = one_by_one(program, batch, start(program), rules[0], 20, size, order)
        assert same(in_pieces(program, batch, start(program), rules[1], 20, size, order), expected)


def test_it_stops_before_a_step_that_is_not_finite_or_beyond_the_bound():
    w = Value(1.0, "w")
    program = compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error)
    batch = program.batch([1.0, 1e200, 1.0, 2.0], [2.0, 0.0, 2.0, 4.0])
    rule, order = optim.SGD(lr=0.1, momentum=0.5), [3, 0, 2, 1]
    expected, p, _ = one_by_one(program, batch, np.array([1.0]), rule, 3, 1, order)
    rule.reset()
    descent = descent_of(program, batch, rule, 1)
    _, first, _ = one_by_one(program, batch, np.array([1.0]), rule, 1, 1, order)
    moment = rule.state[0]
    done = descent.run(first, 9, order=order, first=1)
    assert done.stopped and done.losses.tolist() == expected[1:] and done.p.tolist() == p.tolist() and rule.steps == 3
    at, _ = one_by_one(program, batch, np.array([1.0]), optim.SGD(lr=0.1, momentum=0.5), 2, 1, order)[1:]
    assert done.gradient.tolist() == program.value_and_gradient(batch.take([2]), at=at)[1].tolist()  # of the last one
    again = descent.run(done.p, 9, order=order, first=3)
    assert again.stopped and again.gradient is None and len(again.losses) == 0 and again.p.tolist() == p.tolist()
    assert rule.steps == 3 and moment.tolist() != rule.state[0].tolist()  # the array before was left alone
    rule.steps, rule.state = 1, (moment,)
    done = descent.run(first, 9, order=order, first=1, bound=0.05)
    assert done.stopped and done.losses.tolist() == expected[1:2] and expected[1] < 0.05 < expected[2]


def test_orders_are_those_of_random():
    program, batch = network()
    for seed in ("0 0", "1 7", "2 99"):
        expected = list(range(23))
        random.Random(seed).shuffle(expected)
        descents = descent_of(program, batch, optim.SGD()), descent_of(*network("numpy"), optim.SGD())
        assert [descent.shuffled(seed).tolist() for descent in descents] == [expected] * 2
        assert descents[0].shuffled("0", seed).reshape(2, 23)[1].tolist() == expected
    for count in [*range(40), 1023, 1024, 1025, 70_000]:
        expected = list(range(count))
        random.Random("3").shuffle(expected)
        assert shuffled(count, "3").tolist() == expected


def test_a_call_is_short_whatever_takes_its_time(monkeypatch):
    program, batch = network()
    ticks = iter(range(0, 10_000, 3))
    monkeypatch.setattr("micrograd.compiler.descent.descent.perf_counter", lambda: 0.001 * next(ticks))
    rule = optim.SGD(lr=lambda step: 0.001 + 0.0 * next(ticks))  # a schedule that takes 3 ms
    descent, p = descent_of(program, batch, rule), start(program)
    rule.advance(p, p)
    assert [len(descent.run(p, 1000).losses) for _ in range(3)] == [16, 15, 15]


CHOICES = {
    "from 0": lambda p, g: np.clip(p, 0.0, 1.0),
    "to 0": lambda p, g: np.clip(p, -1.0, 0.0),
    "where": lambda p, g: np.where(p > g, p, g),
    "abs": lambda p, g: abs(p) * g,
}


@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("count", [1, 7, 64, 4096])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_rules_in_numpy_have_the_signs_of_zero_of_update_and_of_the_rows(choose, count):
    """Of maximum and minimum NumPy gives either zero where both are one, which depends on the place in the array."""
    rule = read(Own(lambda self, step, p, g, s: (choose(p, g), ())))
    special = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan, 5e-324]
    pairs = [(a, b) for a in special for b in special]
    for first in range(0, len(pairs), 1 if count < 8 else 17):
        taken = [pairs[(first + i) % len(pairs)] for i in range(count)]
        p, g = map(np.array, zip(*taken))
        for call in InPlace(rule, [p, g], np.empty(0)).calls:
            call()
        assert same_bits(p, choose(*map(np.array, zip(*taken))))
        assert same_bits(p, [rule.at([], pair)[0] for pair in taken])


def test_what_it_refuses():
    program, batch = network()
    descent, p = descent_of(program, batch, optim.SGD(lr=0.01), 5), start(program)
    descent.optimizer.advance(p, p)
    with pytest.raises(IndexError, match="numbers of samples below 23, got 1 to 23"):
        descent.run(p, 1, order=range(1, 24))
    with pytest.raises(ValueError, match="whole epochs of 23 samples, got 22 numbers"):
        descent.run(p, 1, order=range(22))
    assert descent.run(p[1:], 1).stopped and descent.optimizer.steps == 1  # plain code has the error
    for end in (3, 2):
        descent.optimizer.steps, descent.optimizer.lr = 1, lambda step, end=end: 0.1 / (end - step)  # an error there
        done = [descent.run(p, 9) for _ in range(2)]
        assert [(len(one.losses), one.stopped) for one in done] == [(end - 1, False), (0, True)]
    with pytest.raises(TypeError, match="whole numbers of samples"):
        descent.run(p, 1, order=np.arange(23.0))
    with pytest.raises(TypeError, match=r"expected a batch, as program.batch\(X, y\) makes it, got"):
        program.descend((batch.X, batch.Y), optim.SGD(), steps=1)


def test_a_table_of_many_steps_has_the_errors_of_python():
    rule = Own(lambda self, step, p, g, s: (p - g / (1 / (self.rate(step) / (step - 70)) + 9), ()), lr=lambda step: 0.1)
    with pytest.raises(ZeroDivisionError):  # NumPy's numbers give inf
        read(rule).table(rule.rate, range(1, 100))


def test_batches_that_are_work_for_threads_are_left_to_them(monkeypatch):
    monkeypatch.setattr(LlvmRunner, "chunks", lambda self, samples: 1 + (samples > 9))
    program, batch = network(penalty=True)
    assert descent_of(program, batch, optim.SGD(), 10).reason == "a batch is work for several threads"
    assert descent_of(program, batch, optim.SGD(), 9).reason == ""


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("name", RULES)
def test_program_descend(name, backend):
    program, batch = network(backend, penalty=True)
    before, rules = [p.data for p in program.parameters], [RULES[name](), RULES[name]()]
    expected, p, state = one_by_one(program, batch, np.array(before), rules[0], 40)
    try:
        found = np.append(program.descend(batch, rules[1], steps=25), program.descend(batch, rules[1], steps=15))
        assert same((found, [p.data for p in program.parameters], rules[1].state), (expected, p, state))
        assert program.descend(batch, rules[1], steps=0).tolist() == []
    finally:
        for parameter, x in zip(program.parameters, before):
            parameter.data = x


def test_steps_that_need_the_guarded_twin_are_taken_one_by_one(monkeypatch):
    w, calls, run = Value(1.0), [], Descent.run
    program = compile(lambda x: 0.0 * (0.0 * w * x[0]).sqrt() + w * x[0], 1, parameters=[w], loss=losses.squared_error)
    batch, rules = program.batch([1.0, 2.0], [3.0, 6.0]), [optim.SGD(lr=0.01), optim.SGD(lr=0.01)]
    expected, p, _ = one_by_one(program, batch, np.array([1.0]), rules[0], 200)
    monkeypatch.setattr(Descent, "run", lambda self, p, steps: calls.append(steps) or run(self, p, steps))
    assert program.descend(batch, rules[1], steps=200).tolist() == expected and [w.data] == p.tolist()
    assert calls == [200, 198, 194, 186, 170, 138, 74]  # asked more and more rarely


class ByHand:
    """An optimiser that derives from nothing."""

    def reset(self):
        pass

    def step(self, parameters):
        for p in parameters:
            p.data -= 0.1 * p.grad


def test_program_descend_with_any_optimiser_that_steps():
    w, x = Value(0.0, "w"), Value(1.0, "x")
    program = compile((w * x - 3.0) ** 2, [x])
    values = program.descend([1.0], ByHand(), steps=3)
    w.data = 0.0
    assert program.descend([1.0], optim.SGD(lr=0.1), steps=3).tolist() == values.tolist()
    assert program.descend([1.0, 1.0], optim.Adam(lr=0.1), steps=500)[-1] < 1e-6
    for wrong in (optim.LBFGS(), optim.SGD, 0.1):
        with pytest.raises(TypeError, match="expected an optimiser that takes steps"):
            program.descend([1.0], wrong, steps=3)
    with pytest.raises(ValueError, match="steps"):
        program.descend([1.0], optim.SGD(), steps=-1)
    with pytest.raises(TypeError, match="expected a batch, as program.batch"):
        network()[0].descend([[1.0, 2.0]], optim.SGD(), steps=3)


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_an_error_names_step_sample_and_node_and_keeps_what_was_done(backend):
    w = Value(1.0, "w")
    program = compile(lambda x: log(w * x[0]), 1, parameters=[w], loss=lambda p, y: p * y, backend=backend)
    batch, rule = program.batch([1.0, 2.0, 1.0], [1.0, 2.0, 0.0]), optim.SGD(lr=0.3)
    message = r"the value is not finite before step 4 of 100; .* Sample 0 .* log\("
    with pytest.raises(NotFinite, match=message) as caught:
        program.descend(batch, rule, steps=100)
    assert rule.steps == 3 and [w.data] == caught.value.point.tolist() and w.data < 0.0


def test_ctrl_c_keeps_what_was_done(monkeypatch):
    program, batch = network()
    before, rule, calls = [p.data for p in program.parameters], optim.Adam(), []
    descent_run = Descent.run

    def run(self, p, steps):
        done = descent_run(self, p, min(steps, 5))
        calls.append(len(done.losses))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(Descent, "run", run)
    with pytest.raises(KeyboardInterrupt):
        program.descend(batch, rule, steps=100)
    found = [p.data for p in program.parameters]
    for parameter, x in zip(program.parameters, before):
        parameter.data = x
    assert calls == [0, 5, 5, 5] and rule.steps == 12
    assert found == one_by_one(program, batch, np.array(before), optim.Adam(), 12)[1].tolist()


def test_other_threads_have_their_turn():
    program, batch = network()
    p, rule = start(program), optim.Adam()
    expected, _, _ = one_by_one(program, batch, p, rule, 2001)
    value, done, values = program.value_and_gradient(batch, at=p)[0], threading.Event(), []

    def ask():
        while not done.is_set() or not values:
            values.append(program.value_and_gradient(batch, at=p)[0])

    thread = threading.Thread(target=ask)
    thread.start()
    rule.reset()
    found, _, _ = in_pieces(program, batch, p, rule, 2001, piece=40)
    done.set()
    thread.join()
    assert set(values) == {value} and found == expected


# at one point


def tiny(a, b):
    c = a + b
    return ((c - (a * b + b**3)) ** 2 / 2.0 + sigmoid(a * b)) * 0.001


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("name", RULES)
def test_functions_descend(name, backend):
    f, rules = compile(tiny, backend=backend), [RULES[name](), RULES[name]()]
    p, expected = np.array([-4.0, 2.0]), []
    for _ in range(30):
        value, gradient = f.value_and_grad(*p.tolist(), wrt=(0, 1))
        expected.append(value)
        p = rules[0].advance(p, np.array(gradient))
    values, x = f.descend(-4.0, 2.0, rules[1], steps=30, wrt=(0, 1))
    assert same((values, x, rules[1].state), (expected, p, rules[0].state))
    a, b = Value(-4.0), Value(2.0)
    given = [b, a] if name == "Adam" else [a, b]
    g, rule = compile(lambda: tiny(a, b), parameters=given, backend=backend), RULES[name]()
    assert np.append(g.descend(rule, steps=10), g.descend(rule, steps=20)).tolist() == expected
    assert [a.data, b.data] == p.tolist()


def test_functions_descend_from_nests_beside_other_arguments_and_values():
    w = Value(3.0)
    f = compile(lambda scale, p: sum(scale * (x - w) ** 2 for x in p["x"]) + maximum(p["y"], 1.0))
    values, p = f.descend(0.5, {"x": np.zeros((2,)), "y": 5.0}, optim.SGD(lr=0.5), steps=60, wrt=1)
    assert values[0] == 14.0 and p["x"].round(6).tolist() == [3.0, 3.0] and p["y"] == 0.75
    values, scale = f.descend(0.5, {"x": np.zeros((2,)), "y": 5.0}, optim.SGD(lr=0.01), steps=2)
    assert scale == 0.5 - 2 * 0.18
    w.data = 1.0
    assert f.descend(0.5, {"x": np.zeros((2,)), "y": 0.0}, optim.SGD(lr=0.5), steps=3, wrt=1)[0].tolist()[0] == 2.0
    with pytest.raises(TypeError, match="expected the optimiser as last argument"):
        f.descend(steps=3)
    with pytest.raises(TypeError, match="expected numbers as arguments"):
        f.descend(w, {"x": np.zeros((2,)), "y": 0.0}, optim.SGD(), steps=3)
    with pytest.raises(TypeError, match="several|one Value"):
        compile(lambda x: [x, x]).descend(1.0, optim.SGD(), steps=3)


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_built_expressions_descend(backend):
    a, b, x = Value(-4.0, "a"), Value(2.0, "b"), Value(3.0)
    root = tiny(a, b) + 1e-3 * (a * x - 1.0) ** 2
    f = compile(root, parameters=[a, b], backend=backend)
    assert f() == root.data and f.parameters == [a, b] and x in compile(root).parameters
    root.backward()
    assert f.grad(wrt="parameters").tolist() == pytest.approx([a.grad, b.grad], 1e-14)
    p, expected, rules = np.array([-4.0, 2.0]), [], [optim.Adam(lr=0.1), optim.Adam(lr=0.1)]
    for _ in range(20):
        a.data, b.data = p.tolist()
        value, gradient = f.value_and_grad(wrt="parameters")
        expected.append(value)
        p = rules[0].advance(p, gradient)
    a.data, b.data = -4.0, 2.0
    again = pickle.loads(pickle.dumps(f))
    assert f.descend(rules[1], steps=20).tolist() == expected and [a.data, b.data] == p.tolist() and x.data == 3.0
    assert again.descend(optim.Adam(lr=0.1), steps=20).tolist() == expected
    assert compile([a * b, a], backend=backend)() == [a.data * b.data, a.data]
    for wrong in ([], [a, 1.0]):
        with pytest.raises(TypeError, match="expected a Value or a list of Values"):
            compile(wrong)


def test_functions_that_machine_code_does_not_take():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    f, rule = compile(lambda: a.log(), parameters=[b, a]), optim.AdamW(lr=0.75, weight_decay=0.1)  # b has no place
    with pytest.raises(NotFinite, match=r"before step 4 of 9; .* forward: log\(a\) of a = -"):
        f.descend(rule, steps=9)
    assert rule.steps == 3 and b.data == pytest.approx(3.0 * 0.925**3)
    long = compile(lambda x: scan(lambda s, t: (0.5 * s + x * t, None), x, [0.1] * 30)[0] ** 2)
    assert f"{long.descend(1.0, optim.SGD(lr=1.0), steps=200)[1]:.6f}" == "0.000000"
    assert "loop of 29 steps" in repr(long)
    with pytest.raises(TypeError, match="several"):
        compile(lambda x: (x, x)).descend(1.0, rule, steps=1)


def test_a_value_that_is_not_finite_beside_a_gradient_that_is():
    far = Value(1.0)
    f, rule = compile(lambda x: x + far), optim.SGD(lr=0.5)
    assert f.descend(1.0, rule, steps=3)[1] == -0.5
    far.data = math.inf
    with pytest.raises(NotFinite, match="the value is not finite before step 1 of 2"):
        f.descend(1.0, rule, steps=2)
    assert rule.steps == 3


def test_functions_say_where_a_nan_comes_from():
    f, rule = compile(log), optim.SGD(lr=0.6)
    with pytest.raises(NotFinite, match=r"before step 3 of 9; .* log\(x\)") as caught:
        f.descend(1.0, rule, steps=9)
    assert rule.steps == 2 and caught.value.point[0] < 0.0
