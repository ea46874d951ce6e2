"""Optimisers against their published formulas, step by step, and against PyTorch where it is installed."""

import copy
import inspect
import json
import math
import pickle
import sys

import numpy
import pytest

from micrograd import nn, optim
from micrograd.engine import Value

STARTS = [1.5, -2.0, 0.25, 0.0]


def slopes(step, ps):
    """Gradients of a bowl that moves, of very different sizes per parameter; one parameter first has none."""
    return [10.0 ** (i - 3) * (2.0 * p - 0.3 + math.sin(step)) if step or i else 0.0 for i, p in enumerate(ps)]


def trajectory(rule, steps=25):
    """All parameters after each step, by `step`, which works on Values."""
    values, path = [Value(p) for p in STARTS], []
    for step in range(steps):
        for w, g in zip(values, slopes(step, [w.data for w in values])):
            w.grad = g
        rule.step(values)
        path.append([w.data for w in values])
    return path


# The published algorithms, written out for one parameter: (p, gradient of step and p, number of steps) -> path.


def sgd(gradient, p, steps, lr, momentum=0.0, nesterov=False):
    v = 0.0
    for step in range(steps):
        g = gradient(step, p)
        v = momentum * v + g
        p -= lr(step) * (g + momentum * v if nesterov else v)
        yield p


def adam(gradient, p, steps, lr, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.0):
    m = v = 0.0
    for t in range(1, steps + 1):
        g = gradient(t - 1, p)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        p -= lr(t - 1) * (m_hat / (math.sqrt(v_hat) + epsilon) + decay * p)
        yield p


def rmsprop(gradient, p, steps, lr, decay=0.99, momentum=0.0, epsilon=1e-8):
    v = b = 0.0
    for step in range(steps):
        g = gradient(step, p)
        v = decay * v + (1 - decay) * g**2
        b = momentum * b + g / (math.sqrt(v) + epsilon)
        p -= lr(step) * b
        yield p


def half_life(step):
    return 0.1 * 0.5**step


RULES = {
    "plain": (lambda lr: optim.SGD(lr), sgd, {}, "SGD", {}),
    "momentum": (lambda lr: optim.SGD(lr, momentum=0.9), sgd, {"momentum": 0.9}, "SGD", {"momentum": 0.9}),
    "nesterov": (lambda lr: optim.SGD(lr, momentum=0.8, nesterov=True), sgd, {"momentum": 0.8, "nesterov": True},
                 "SGD", {"momentum": 0.8, "nesterov": True}),
    "adam": (lambda lr: optim.Adam(lr), adam, {}, "Adam", {}),
    "adam, other settings": (lambda lr: optim.Adam(lr, beta1=0.5, beta2=0.9, epsilon=1e-3), adam,
                             {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
                             "Adam", {"betas": (0.5, 0.9), "eps": 1e-3}),
    "adamw": (lambda lr: optim.AdamW(lr), adam, {"decay": 0.01}, "AdamW", {}),
    "adamw, strong": (lambda lr: optim.AdamW(lr, weight_decay=0.5, beta1=0.0), adam, {"decay": 0.5, "beta1": 0.0},
                      "AdamW", {"weight_decay": 0.5, "betas": (0.0, 0.999)}),
    "rmsprop": (lambda lr: optim.RMSProp(lr), rmsprop, {}, "RMSprop", {}),
    "rmsprop, momentum": (lambda lr: optim.RMSProp(lr, decay=0.9, momentum=0.7, epsilon=1e-4), rmsprop,
                          {"decay": 0.9, "momentum": 0.7, "epsilon": 1e-4},
                          "RMSprop", {"alpha": 0.9, "momentum": 0.7, "eps": 1e-4}),
}  # fmt: skip
every_rule = pytest.mark.parametrize("name", RULES)


def near(path, expected, rel):
    for got, wanted in zip(path, expected, strict=True):
        assert got == pytest.approx(wanted, rel=rel, abs=rel)


@every_rule
@pytest.mark.parametrize("lr", [0.1, half_life], ids=["fixed", "schedule"])
def test_published_algorithm(name, lr):
    make, published, settings, *_ = RULES[name]
    rate = lr if callable(lr) else lambda step: lr
    columns = [
        published(lambda step, p, i=i: slopes(step, [0.0] * i + [p])[i], p, 25, rate, **settings)
        for i, p in enumerate(STARTS)
    ]
    near(trajectory(make(lr)), [list(row) for row in zip(*columns)], 1e-13)


@every_rule
@pytest.mark.parametrize("lr", [0.1, half_life], ids=["fixed", "schedule"])
def test_pytorch(name, lr):
    torch = pytest.importorskip("torch")
    make, _, _, theirs, settings = RULES[name]
    p = torch.nn.Parameter(torch.tensor(STARTS, dtype=torch.float64))
    rule, expected = getattr(torch.optim, theirs)([p], lr=0.1, **settings), []
    for step in range(200):
        rule.param_groups[0]["lr"] = lr(step) if callable(lr) else lr
        p.grad = torch.tensor(slopes(step, p.tolist()), dtype=torch.float64)
        rule.step()
        expected.append(p.tolist())
    near(trajectory(make(lr), 200), expected, 1e-12)


@every_rule
def test_arrays_take_the_same_steps_bit_for_bit(name):
    make = RULES[name][0]
    path, rule = trajectory(make(0.1)), make(0.1)
    p, buffer = numpy.array(STARTS), numpy.zeros(4)
    before = p.copy()
    for step, expected in enumerate(path):
        buffer[:] = slopes(step, p.tolist())  # one buffer for all gradients: the state must not share its memory
        p = rule.advance(p, buffer)
        assert p.tolist() == expected
    assert before.tolist() == STARTS and rule.steps == 25


@every_rule
def test_update_keeps_its_arguments(name):
    rule = RULES[name][0](0.1)
    p, g, state = numpy.array([1.0, 2.0]), numpy.array([0.5, -3.0]), None
    for step in range(3):
        kept = [x.copy() for x in (p, g, *(state or ()))]
        after = rule.update(step, p, g, state)
        assert all((a == b).all() for a, b in zip(kept, (p, g, *(state or ()))))
        p, state = after
        assert not any(numpy.shares_memory(g, x) for x in (p, *state))


@every_rule
@pytest.mark.parametrize("first, second", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_resumed_from_json_bit_for_bit(name, first, second):
    """In Values or arrays, and even from one to the other."""

    def run(rule, ps, steps, arrays):
        values = [Value(p) for p in ps]
        for step in steps:
            gradients = slopes(step, [w.data for w in values])
            if arrays:
                for w, p in zip(values, rule.advance(numpy.array([w.data for w in values]), numpy.array(gradients))):
                    w.data = float(p)
            else:
                for w, g in zip(values, gradients):
                    w.grad = g
                rule.step(values)
        return [w.data for w in values]

    make = RULES[name][0]
    rule = make(half_life)
    ps = run(rule, STARTS, range(7), first)
    text = json.dumps(rule.to_state(), allow_nan=False)
    again = make(half_life)
    again.from_state(json.loads(text))
    assert again.to_state() == rule.to_state() and again.steps == 7
    end = run(again, ps, range(7, 25), second)
    assert end == trajectory(make(half_life))[-1]


def test_a_state_is_a_copy():
    rule = optim.SGD(lr=0.1, momentum=0.5)
    rule.advance(numpy.ones(2), numpy.ones(2))
    state = rule.to_state()
    assert state == {"rule": "SGD", "steps": 1, "parameters": 2, "moments": {"velocity": [1.0, 1.0]}}
    other = optim.SGD(lr=0.1, momentum=0.5)
    other.from_state(state)
    state["moments"]["velocity"][0] = 7.0
    assert rule.to_state()["moments"] == other.to_state()["moments"] == {"velocity": [1.0, 1.0]}


def test_reset_forgets_all():
    for make, *_ in RULES.values():
        rule = make(0.1)
        first = trajectory(rule)
        assert trajectory(rule) != first or rule.moments() == ()
        rule.reset()
        assert rule.to_state() == make(0.1).to_state() and trajectory(rule) == first
        fresh = make(0.1)
        fresh.from_state(make(0.1).to_state())
        assert trajectory(fresh) == first


GOOD = {"rule": "Adam", "steps": 2, "parameters": 2, "moments": {"mean": [1.0, 2.0], "square": [3.0, 4.0]}}


@pytest.mark.parametrize(
    "change, message",
    [
        (None, "a dict of moments, parameters, rule, steps, got NoneType"),
        ([1], "got list"),
        ({"extra": 1}, "got extra, moments"),
        ({"rule": "SGD"}, "expected the state of Adam, got the state of SGD"),
        ({"rule": None}, "got the state of None"),
        ({"steps": -1}, "to count its steps and parameters, got -1, 2"),
        ({"steps": 1.0}, "got 1.0, 2"),
        ({"steps": True}, "got True, 2"),
        ({"steps": 0}, "got 0, 2"),
        ({"steps": 10**400}, "got 1000"),
        ({"parameters": "2"}, "got 2, '2'"),
        ({"moments": None}, "to have the moments mean, square, got NoneType"),
        ({"moments": {}}, "to have the moments mean, square, got none; make the optimiser with the same settings"),
        ({"moments": {"mean": [1.0, 2.0], "velocity": [1.0, 2.0]}}, "got mean, velocity"),
        ({"moments": {"mean": [1.0, 2.0], "square": [1.0]}}, "square of Adam: expected a list of 2 numbers.* got 1"),
        ({"moments": {"mean": 1.0, "square": [1.0, 2.0]}}, "mean of Adam: expected a list of 2 numbers.* got float"),
        ({"moments": {"mean": [1.0, "2"], "square": [1.0, 2.0]}}, "mean of Adam: expected a number .* got str '2'"),
        ({"moments": {"mean": [1.0, None], "square": [1.0, 2.0]}}, "got NoneType"),
        ({"moments": {"mean": [1.0, 10**400], "square": [1.0, 2.0]}}, "mean of Adam: .*larger int"),
    ],
)
def test_foreign_states(change, message):
    rule = optim.Adam()
    with pytest.raises(ValueError, match=message):
        rule.from_state({**GOOD, **change} if isinstance(change, dict) else change)
    assert rule.steps == 0 and rule.state is None  # nothing was taken over
    rule.from_state(GOOD)
    assert rule.to_state() == GOOD


def test_momentum_is_not_lost_silently():
    rule = optim.SGD(momentum=0.9)
    rule.advance(numpy.ones(1), numpy.ones(1))
    with pytest.raises(ValueError, match=r"SGD\(lr=0.01\) to have the moments none, got velocity"):
        optim.SGD().from_state(rule.to_state())

    class Unnamed(optim.SGD):
        def moments(self):
            return ()

    rule = Unnamed(momentum=0.9)
    rule.advance(numpy.ones(1), numpy.ones(1))
    with pytest.raises(TypeError, match="to name all 1 moments"):
        rule.to_state()


def test_a_step_that_fails_changes_nothing():
    rates = iter([0.1, 0.1, math.nan])
    rule, values = optim.SGD(lr=lambda step: next(rates)), [Value(1.0), Value(2.0), Value(3.0)]
    for w in values:
        w.grad = 1.0
    with pytest.raises(ValueError, match="at step 0, a learning rate of at least 0, and finite, got nan"):
        rule.step(values)
    assert [w.data for w in values] == [1.0, 2.0, 3.0] and rule.steps == 0


def test_schedules():
    assert [optim.step_decay(0.8, every=2, factor=0.5)(t) for t in range(5)] == [0.8, 0.8, 0.4, 0.4, 0.2]
    assert [optim.warm_up(0.5, steps=2)(t) for t in range(4)] == [0.25, 0.5, 0.5, 0.5]
    assert optim.cosine(1.0, steps=4, lowest=0.2)(1) == pytest.approx(0.2 + 0.4 * (1 + math.sqrt(0.5)), rel=1e-15)
    rates = []
    rule = optim.SGD(lr=lambda step: rates.append(step) or 0.1)
    for _ in range(3):
        rule.step([Value(1.0)])
    assert rates == [0, 1, 2]


@pytest.mark.parametrize(
    "ours, theirs, settings",
    [
        (optim.constant(0.3), "ConstantLR", {"factor": 1.0}),
        (optim.step_decay(0.3, every=7, factor=0.4), "StepLR", {"step_size": 7, "gamma": 0.4}),
        (optim.exponential(0.3, factor=0.95), "ExponentialLR", {"gamma": 0.95}),
        (optim.cosine(0.3, steps=40, lowest=0.02), "CosineAnnealingLR", {"T_max": 40, "eta_min": 0.02}),
        (optim.warm_up(0.3, steps=10), "LinearLR", {"start_factor": 0.1, "total_iters": 9}),
    ],
)
def test_schedules_of_pytorch(ours, theirs, settings):
    torch = pytest.importorskip("torch")
    rule = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    schedule, expected = getattr(torch.optim.lr_scheduler, theirs)(rule, **settings), []
    for _ in range(40):
        expected.append(schedule.get_last_lr()[0])
        rule.step()
        schedule.step()
    assert [ours(step) for step in range(40)] == pytest.approx(expected, rel=1e-12)


def test_reprs_are_the_same_in_every_process():
    assert repr(optim.SGD(lr=0.1)) == "SGD(lr=0.1)"
    assert repr(optim.SGD(momentum=0.9, nesterov=True)) == "SGD(lr=0.01, momentum=0.9, nesterov=True)"
    assert repr(optim.AdamW()) == "AdamW(lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0.01)"
    assert repr(optim.RMSProp(half_life)) == "RMSProp(lr=half_life, decay=0.99, epsilon=1e-08)"
    rate = optim.warm_up(optim.cosine(0.1, steps=9), steps=3)
    assert repr(optim.SGD(rate)) == "SGD(lr=warm_up(cosine(0.1, 9, 0), 3))"
    assert repr(optim.LBFGS()) == "LBFGS(memory=10, tolerance=1e-08)"


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: optim.SGD(lr=0.0), "learning rate above 0.* got 0.0"),
        (lambda: optim.SGD(lr=float("nan")), "learning rate above 0.* got nan"),
        (lambda: optim.Adam(lr=math.inf), "learning rate above 0.* got inf"),
        (lambda: optim.SGD(momentum=1.0), "momentum from 0 to below 1, got 1.0"),
        (lambda: optim.SGD(nesterov=True), "needs a momentum"),
        (lambda: optim.Adam(beta1=1.0), "beta1 from 0 to below 1, got 1.0"),
        (lambda: optim.Adam(beta2=-0.1), "beta2 from 0 to below 1, got -0.1"),
        (lambda: optim.Adam(epsilon=0), "epsilon above 0, and finite, got 0"),
        (lambda: optim.AdamW(weight_decay=-1.0), "weight decay of at least 0, and finite, got -1.0"),
        (lambda: optim.RMSProp(decay=1), "decay from 0 to below 1, got 1"),
        (lambda: optim.SGD(lr=lambda step: -1.0).rate(5), "at step 5, a learning rate of at least 0.* got -1.0"),
        (lambda: optim.cosine(0.1, steps=0), "steps to be a whole number of at least 1, got 0"),
        (lambda: optim.cosine(0.1, steps=10, lowest=0.2), "at most lr = 0.1, got 0.2"),
        (lambda: optim.step_decay(0.1, every=1.5), "every to be a whole number of at least 1, got 1.5"),
        (lambda: optim.exponential(0.1, factor=1.0), "factor from 0 to below 1, got 1.0"),
        (lambda: optim.warm_up(0.0, steps=2), "learning rate above 0.* got 0.0"),
        (lambda: optim.LBFGS(memory=0), "memory to be a whole number of at least 1, got 0"),
        (lambda: optim.LBFGS(tolerance=-1.0), "tolerance of at least 0, and finite, got -1.0"),
        (lambda: optim.LBFGS().from_state({"rule": "Adam", "steps": 3}), "state of LBFGS, got that of Adam"),
        (lambda: optim.LBFGS().from_state({"rule": "LBFGS", "steps": -3}), "to count its steps"),
        (lambda: optim.LBFGS().from_state([]), "state of LBFGS, got that of list"),
    ],
)
def test_clear_errors(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize(
    "wrong", [lambda: optim.SGD(lr="0.1"), lambda: optim.Adam(lr=None), lambda: optim.SGD(lr=lambda step: None).rate(0)]
)
def test_a_rate_must_be_a_number(wrong):
    with pytest.raises(TypeError, match="expected a number"):
        wrong()


@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSProp, optim.LBFGS])
def test_parameters_are_the_trainers_to_give(rule):
    model = nn.MLP(2, [1])
    wanted = "" if rule is optim.LBFGS else "lr=0.1"
    for wrong in (
        lambda: rule(model.parameters(), lr=0.1),
        lambda: rule(model, lr=0.1),
        lambda: rule(iter([Value(1.0)]), lr=0.1),
        lambda: rule(params=model.parameters(), lr=0.1),
    ):
        with pytest.raises(TypeError, match=rf"takes no parameters: .*write optim.{rule.__name__}.{wanted}\)"):
            wrong()
    assert rule is optim.LBFGS or (rule(numpy.array(0.25)).lr == 0.25 and "lr" in str(inspect.signature(rule)))
    assert repr(copy.deepcopy(rule())) == repr(pickle.loads(pickle.dumps(rule()))) == repr(rule())


@pytest.mark.parametrize("arrays", [False, True])
def test_the_parameters_must_stay_the_same(arrays):
    rule = optim.SGD(lr=0.1)
    rule.step([Value(1.0)])
    with pytest.raises(ValueError, match="1 parameters of the first step, got 2"):
        rule.advance(numpy.ones(2), numpy.ones(2)) if arrays else rule.step([Value(1.0), Value(2.0)])


# L-BFGS


def rosenbrock(p):
    """Rosenbrock 1960, in any dimension; its only minimum below 4 dimensions is at (1, …, 1)."""
    a, b = p[:-1], p[1:]
    gradient = numpy.zeros_like(p)
    gradient[:-1] += -400.0 * a * (b - a * a) - 2.0 * (1.0 - a)
    gradient[1:] += 200.0 * (b - a * a)
    return float((100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2).sum()), gradient


def test_lbfgs_minimises():
    pytest.importorskip("scipy")
    start, seen = numpy.array([-1.2, 1.0, 0.5]), []
    rule = optim.LBFGS()
    p = rule.minimise(rosenbrock, start, 200, lambda iteration, p, value: seen.append((iteration, p, value)))
    assert p == pytest.approx(numpy.ones(3), abs=1e-7) and start.tolist() == [-1.2, 1.0, 0.5]
    assert [iteration for iteration, _, _ in seen] == list(range(1, rule.steps + 1)) and rule.steps < 100
    assert all(value == rosenbrock(p)[0] for _, p, value in seen) and (seen[-1][1] == p).all()
    values = [value for _, _, value in seen]
    assert values == sorted(values, reverse=True)
    assert rule.to_state() == {"rule": "LBFGS", "steps": rule.steps}
    again = optim.LBFGS()
    again.from_state(json.loads(json.dumps(rule.to_state())))
    assert again.steps == rule.steps
    rule.reset()
    assert rule.steps == 0


def test_lbfgs_solves_a_least_squares_problem_as_numpy_does():
    pytest.importorskip("scipy")
    draw = numpy.random.default_rng(4)
    a, b = draw.normal(size=(40, 6)), draw.normal(size=40)
    p = optim.LBFGS().minimise(lambda p: (float(((a @ p - b) ** 2).sum()), 2.0 * a.T @ (a @ p - b)), numpy.zeros(6), 99)
    assert p == pytest.approx(numpy.linalg.lstsq(a, b, rcond=None)[0], abs=1e-8)


def test_lbfgs_stops_when_told():
    pytest.importorskip("scipy")
    start = numpy.array([-1.2, 1.0])
    three = optim.LBFGS().minimise(rosenbrock, start, 3)
    rule = optim.LBFGS()
    assert (rule.minimise(rosenbrock, start, 50, lambda iteration, p, value: iteration == 3) == three).all()
    assert rule.steps == 3
    assert optim.LBFGS().minimise(rosenbrock, [1.0, 1.0], 5).tolist() == [1.0, 1.0]  # there already

    def interrupt(iteration, p, value):
        p[:] = math.nan  # a copy, so it does no harm
        if iteration == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optim.LBFGS().minimise(rosenbrock, start, 50, interrupt)


@pytest.mark.parametrize(
    "objective, start, kind, message",
    [
        (lambda p: (math.nan, p), [1.0], ArithmeticError, "the value of the objective is not finite in iteration 1"),
        (lambda p: (1.0, p * math.inf), [1.0], ArithmeticError, "the gradient of the objective is not finite"),
        (lambda p: (1.0, [1.0, 2.0]), [1.0], ValueError, r"gradient of shape \(1,\), got \(2,\)"),
        (rosenbrock, [[1.0]], ValueError, r"array of p finite parameters, got shape \(1, 1\)"),
        (rosenbrock, [], ValueError, "p finite parameters"),
        (rosenbrock, [math.nan, 1.0], ValueError, "p finite parameters"),
    ],
)
def test_lbfgs_refuses(objective, start, kind, message):
    pytest.importorskip("scipy")
    with pytest.raises(kind, match=message):
        optim.LBFGS().minimise(objective, start, 5)


def mean_of(share):
    """The mean of a share of the loss, with its gradient by differences of complex steps."""

    def objective(p):
        with numpy.errstate(all="ignore"):
            value = share(p).mean()
            steps = 1e-30j * numpy.eye(len(p))
            return float(value), numpy.array([share(p + step).mean().imag / 1e-30 for step in steps])

    return objective


DRAW = numpy.random.default_rng(0)
NORMAL, FAR, NARROW = DRAW.normal(3.0, 20.0, 50), DRAW.normal(100.0, 0.01, 50), DRAW.normal(0.0, 1e-4, 50)
COUNTS, TRIALS, WAITS = DRAW.poisson(0.3, 60), 1.0 * (DRAW.random(80) < 0.97), DRAW.exponential(1000.0, 70)
WALD = DRAW.wald(2.0, 5.0, 200)


def normal(y):
    return lambda p: numpy.log(p[1]) + (y - p[0]) ** 2 / (2.0 * p[1] ** 2)


LIKELIHOODS = {  # name -> (negative log-likelihood of the data, start, where its minimum is by the closed formula)
    "normal": (normal(NORMAL), [0.0, 1e-3], [NORMAL.mean(), NORMAL.std()]),
    "normal, far away": (normal(FAR), [0.0, 1.0], [FAR.mean(), FAR.std()]),
    "normal, narrow": (normal(NARROW), [1.0, 5.0], [NARROW.mean(), NARROW.std()]),
    "variance": (lambda p: 0.5 * numpy.log(p[1]) + (NARROW - p[0]) ** 2 / (2.0 * p[1]), [0.0, 1.0],
                 [NARROW.mean(), NARROW.var()]),
    "Poisson": (lambda p: p[0] - COUNTS * numpy.log(p[0]), [50.0], [COUNTS.mean()]),
    "Bernoulli": (lambda p: -TRIALS * numpy.log(p[0]) - (1.0 - TRIALS) * numpy.log(1.0 - p[0]), [0.001],
                  [TRIALS.mean()]),
    "exponential": (lambda p: p[0] * WAITS - numpy.log(p[0]), [1.0], [1.0 / WAITS.mean()]),
    "Wald": (lambda p: -0.5 * numpy.log(p[1]) + p[1] * (WALD - p[0]) ** 2 / (2.0 * p[0] ** 2 * WALD), [1.0, 1.0],
             [WALD.mean(), 1.0 / (1.0 / WALD - 1.0 / WALD.mean()).mean()]),
    "square root": (lambda p: (numpy.sqrt(p[0]) - numpy.array([0.01, 0.02])) ** 2, [4.0], [0.015**2]),
    "power": (lambda p: p[0] ** 1.5 - 3.0 * p[0] ** 0.5 + numpy.zeros(1), [100.0], [1.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_lbfgs_shortens_a_step_out_of_the_domain(name):
    pytest.importorskip("scipy")
    share, start, truth = LIKELIHOODS[name]
    outside, values, objective = [], [], mean_of(share)

    def watched(p):
        value, gradient = objective(p)
        outside.append(not math.isfinite(value))
        return value, gradient

    p = optim.LBFGS().minimise(watched, start, 200, lambda iteration, p, value: values.append(value))
    assert p == pytest.approx(truth, rel=1e-4, abs=1e-7)
    assert values == sorted(values, reverse=True) and all(map(math.isfinite, values)) and len(outside) < 300


def test_lbfgs_says_where_no_step_leads_into_the_domain():
    pytest.importorskip("scipy")
    with pytest.raises(ArithmeticError, match="the value of the objective is not finite in iteration 1") as caught:
        optim.LBFGS().minimise(lambda p: (1.0 if p[0] == 2.0 else math.nan, numpy.ones(1)), [2.0], 5)
    assert caught.value.point[0] != 2.0
    steps = []  # a hole that is met after some iterations
    with pytest.raises(ArithmeticError, match="the gradient of the objective is not finite in iteration 4"):
        optim.LBFGS().minimise(
            lambda p: (rosenbrock(p)[0], rosenbrock(p)[1] * (1.0 if len(steps) < 3 else math.inf)),
            [-1.2, 1.0],
            50,
            lambda *step: steps.append(step),
        )


def test_lbfgs_takes_no_batches():
    with pytest.raises(TypeError, match="needs the objective on the whole dataset.* train without a batch size"):
        optim.LBFGS().step([Value(1.0)])


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match="pip install scipy"):
        optim.LBFGS().minimise(rosenbrock, [1.0, 2.0], 5)
