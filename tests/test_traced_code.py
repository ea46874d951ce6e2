"""Code that asks for numbers: compiled it is right, or refused with its line; under "auto" it does what eager does."""

import copy
import functools
import itertools
import math
import pickle
import random
import sys
import threading
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

import micrograd
from micrograd import Trainer, Value, losses, nn, optim, relu, softplus, tanh, where
from micrograd.compiler import TraceError

np = pytest.importorskip("numpy")
without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")
backends = pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])

TABLE = {0.0: 5.0, 1.0: 7.0}
SMALL = {0.0, 1.0}


def swallowed(t):
    try:
        k = [5.0, 7.0][int(t)]
    except Exception:
        k = 1.0
    return k


def swallowed_wholly(t):
    try:
        return 2.0 if t == 1 else 3.0
    except BaseException:
        return 4.0


def matched(t):
    match t:
        case 0:
            return 5.0
        case 1:
            return 7.0
    return 1.0


def raising(t):
    if not isinstance(t, float):
        raise KeyError("a key")
    return 2.0


def asserting(t):
    if type(t) is not float:
        raise AssertionError("floats only")
    return 2.0


# What people write with a number t, an input or a target; each gives a float. Some of these run on floats alone.
ASKING = {
    "==": lambda t: 5.0 if t == 1 else 7.0,
    "!=": lambda t: 5.0 if t != 1 else 7.0,
    "1 ==": lambda t: 5.0 if 1 == t else 7.0,
    "numpy ==": lambda t: 5.0 if np.float64(1.0) == t else 7.0,
    "guard": lambda t: 1.0 / t if t != 0 else 0.0,
    "in list": lambda t: 5.0 if t in [1.0, 3.0] else 7.0,
    "in tuple": lambda t: 5.0 if t in (1.0, 3.0) else 7.0,
    "in set": lambda t: 5.0 if t in SMALL else 7.0,
    "dict": lambda t: TABLE[t],
    "dict get": lambda t: TABLE.get(t, 1.0),
    "count": lambda t: 1.0 + [1.0, 2.0, 1.0].count(t),
    "index": lambda t: 1.0 + [0.0, 1.0].index(t),
    "match": matched,
    "<": lambda t: 5.0 if t < 1 else 7.0,
    "if": lambda t: 5.0 if t else 7.0,
    "not": lambda t: 5.0 if not t else 7.0,
    "and": lambda t: t and 5.0,
    "max": lambda t: max(t, 0.5),
    "sorted": lambda t: sorted([0.5, t])[0],
    "chained": lambda t: 5.0 if 0.5 < t < 2 else 7.0,
    "bitwise": lambda t: 1.0 + ((t > 0.5) & (t < 2.0)),
    "is True": lambda t: 5.0 if (t > 0.5) is True else 7.0,
    "int": lambda t: [5.0, 7.0][int(t)],
    "float": lambda t: float(t) + 1.0,
    "round": lambda t: round(t, 1) + 1.0,
    "floor": lambda t: math.floor(t) + 1.0,
    "math": lambda t: math.exp(t),
    "isnan": lambda t: 5.0 if math.isnan(t) else 7.0,
    "%": lambda t: 5.0 if t % 2 == 0 else 7.0,
    "//": lambda t: t // 1 + 1.0,
    "divmod": lambda t: divmod(t, 2.0)[1],
    "is_integer": lambda t: 5.0 if t.is_integer() else 7.0,
    "str": lambda t: 5.0 if str(t) == "1.0" else 7.0,
    "repr": lambda t: 5.0 if repr(t) == "1.0" else 7.0,
    "f-string": lambda t: 5.0 if f"{t}" == "1.0" else 7.0,
    "format": lambda t: 5.0 if f"{t:.0f}" == "1" else 7.0,
    "percent": lambda t: 5.0 if "%s" % t == "1.0" else 7.0,
    "isinstance": lambda t: 5.0 if isinstance(t, float) else 7.0,
    "isinstance of a pair": lambda t: 5.0 if isinstance(t, (int, float)) else 7.0,
    "type": lambda t: 5.0 if type(t) is float else 7.0,
    "hasattr": lambda t: 5.0 if hasattr(t, "is_integer") else 7.0,
    "callable method": lambda t: 5.0 if hasattr(t, "tanh") else 7.0,
    "hash": lambda t: 1.0 + hash(t),
    "one-hot by numpy": lambda t: float((np.arange(3) == t) @ np.array([5.0, 7.0, 9.0])),
    "one-hot": lambda t: sum([5.0 * (j == t) for j in range(3)], 0.0),
    "numpy where": lambda t: float(np.where(np.array([t]) > 0.5, 5.0, 7.0)[0]),
    "numpy sign": lambda t: float(np.sign(t)) + 2.0,
    "swallowed": swallowed,
    "swallowed wholly": swallowed_wholly,
    "KeyError": raising,
    "AssertionError": asserting,
}
asking = pytest.mark.parametrize("ask", ASKING.values(), ids=list(ASKING))
ROWS, TARGETS = [[0.0], [1.0], [1.0], [0.0], [1.0]], [1.0, 0.0, 1.0, 0.0, 1.0]


def eager_sum(model, loss, w, rows=ROWS, targets=TARGETS):
    """The mean loss and its derivative by w, by Values alone."""
    w.grad = 0.0
    total = sum([loss(model(row), t) for row, t in zip(rows, targets)]) * (1.0 / len(rows))
    total.backward()
    return total.data, w.grad


@pytest.mark.parametrize("place", ["input", "target"])
@asking
def test_auto_is_what_eager_gives(ask, place):
    w = Value(0.5)
    model = (lambda x: w * ask(x[0])) if place == "input" else lambda x: w + 0.0 * x[0]
    loss = losses.squared_error if place == "input" else lambda p, t: (p * ask(t)) ** 2
    trainer = Trainer(model, loss, optim.SGD(lr=0.1), parameters=[w])
    expected = eager_sum(model, loss, w)
    assert trainer.fit(ROWS, TARGETS, epochs=1).loss[0] == pytest.approx(expected[0], rel=1e-12)
    assert w.data == pytest.approx(0.5 - 0.1 * expected[1], rel=1e-12)
    at = [model(row).data for row in ROWS]
    assert trainer.predict(ROWS) == pytest.approx(at, rel=1e-12)
    assert trainer.evaluate(ROWS, TARGETS).loss == pytest.approx(eager_sum(model, loss, w)[0], rel=1e-12)


@backends
@asking
def test_a_named_backend_is_right_or_refuses(ask, backend):
    w = Value(0.5)
    for model, loss in [
        (lambda x: w * ask(x[0]), losses.squared_error),
        (lambda x: w + 0.0 * x[0], lambda p, t: (p * ask(t)) ** 2),
    ]:
        trainer = Trainer(model, loss, optim.SGD(lr=0.1), parameters=[w], backend=backend)
        with pytest.raises(TraceError, match=r"In .*test_traced_code.py, line \d+"):
            trainer.fit(ROWS, TARGETS, epochs=1)
        with pytest.raises(TraceError, match=r"In .*test_traced_code.py, line \d+"):
            micrograd.compile(model, 1, parameters=[w], loss=loss, backend=backend)
    assert w.data == 0.5


@pytest.mark.parametrize("language", ["python", "c"])
@asking
def test_export_refuses(ask, language):
    w = Value(0.5)
    with pytest.raises(TraceError, match=r"In .*test_traced_code.py, line \d+"):
        micrograd.export(lambda x: w * ask(x[0]), 1, language=language)


PARAMETERS = {
    "==": lambda w: 5.0 if w == 0.5 else 7.0,
    "in": lambda w: 5.0 if w in [0.5] else 7.0,
    "<": lambda w: 5.0 if w < 1.0 else 7.0,
    "data": lambda w: w.data + 1.0,
    "grad": lambda w: w.grad + 1.0,
    "derived": lambda w: 5.0 if tanh(w * 2.0) > 0.0 else 7.0,
    "str": lambda w: float(len(str(w))),
    "float": lambda w: 2.0 if f"{w:.1f}" == "0.5" else 3.0,
}


@pytest.mark.parametrize("ask", PARAMETERS.values(), ids=list(PARAMETERS))
def test_code_that_asks_for_a_parameter(ask):
    w = Value(0.5)

    def model(x):
        return w * ask(w) * x[0]

    with pytest.raises(TraceError, match=r"In .*test_traced_code.py, line \d+"):
        micrograd.compile(model, 1, parameters=[w])
    losses_found = []
    for backend in ("auto", "eager"):
        w.data, w.grad = 0.5, 0.0
        trainer = Trainer(model, losses.squared_error, optim.SGD(lr=0.01), parameters=[w], backend=backend)
        losses_found.append(trainer.fit(ROWS, TARGETS, epochs=4).loss)
    assert losses_found[0] == losses_found[1]


def test_parameters_are_themselves_in_dictionaries_and_lists():
    w, c = Value(0.5, "w"), Value(2.0, "c")
    scales = {w: 3.0, c: 4.0}

    def model(x):
        assert w == w and w != c and [w, c].index(c) == 1 and c in [w, c] and len({w, c, w}) == 2
        return scales[w] * w * x[0] + scales[c] * c

    program = micrograd.compile(model, 1, parameters=[w, c])
    assert program.predict([1.0]).tolist() == [9.5]


def test_the_classifier_that_branches_on_its_target_learns_both_classes():
    def bce(score, t):
        return softplus(-score) if t == 1 else softplus(score)

    X, y = [[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1]
    trainer = Trainer(nn.MLP(1, [1], generator=random.Random(0)), bce, optim.SGD(lr=0.5))
    assert trainer.fit(X, y, epochs=200).loss[-1] < 0.02
    assert [p > 0.0 for p in trainer.predict(X)] == [False, False, True, True]
    assert trainer.objective.backend == "eager"
    with pytest.raises(TraceError, match="in bce|== 1"):
        w = Value(1.0)
        micrograd.compile(lambda x: w * x[0], 1, parameters=[w], loss=bce)


def test_a_branch_is_not_dropped_from_an_export():
    with pytest.raises(TraceError, match=r"x\[0\] == 1"):
        micrograd.export(lambda x: 2 * x[0] if x[0] == 1 else 3 * x[0], 1)


@backends
def test_one_sample_of_every_target_is_tried(backend):
    """What cannot be refused, and differs for one target alone, is found."""
    w = Value(1.0)

    def loss(p, t):
        return (p + t) ** 2 if (t > 4.0) is True else (p - t) ** 2

    X, y = [1.0, 2.0, 3.0, 1.0], [0.0, 1.0, 5.0, 0.0]
    trainer = Trainer(lambda x: w * x[0], loss, optim.SGD(lr=1e-9), parameters=[w])
    assert trainer.fit(X, y, epochs=1).loss == [(1.0 + 1.0 + 64.0 + 1.0) / 4.0]
    named = Trainer(lambda x: w * x[0], loss, optim.SGD(lr=0.1), parameters=[w], backend=backend)
    with pytest.raises(TraceError, match="is True"):
        named.fit(X, y, epochs=1)


def test_code_that_computes_with_numbers_alone_is_compiled():
    """Nothing of what is right is refused."""
    w, c = Value(0.5), Value(2.0)
    models = [
        lambda x: w * x[0] + c * x[1], lambda x: np.dot([w, c], x), lambda x: np.array([w, c]) @ np.array(x),
        lambda x: (np.array([[w, c], [c, w]]) @ np.array(x)).sum(), lambda x: np.exp(np.array(x) * w).sum(),
        lambda x: sum(w * v for v in x) / len(x), lambda x: sum([w, c][i] * v for i, v in enumerate(x)),
        lambda x: where(x[0] > 0, w, c), lambda x: (x[0] > 0) * w + x[1], lambda x: relu(x[0] * w) + tanh(x[1]) * c,
        lambda x: micrograd.softmax([w * x[0], c * x[1]]), lambda x: [v * w for v in reversed(x)],
        lambda x: np.mean(np.array([w * x[0], c * x[1]])), lambda x: math.pi * w * x[0] if len(x) == 2 else c,
        lambda x: w.real * x[0].real + np.var([w * x[0], c * x[1]]),
        lambda x: w * x[0] if x is not None and x != [] else c, lambda x: +x[0] * w - -x[1] * abs(c),
    ]  # fmt: skip
    for model in models:
        trainer = Trainer(lambda x, model=model: model(x), losses.squared_error, optim.SGD(lr=0.1), parameters=[w, c])
        width = 2 if isinstance(model([1.0, 2.0]), list) else 1
        targets = [[0.5, 1.0]] * 3 if width == 2 else [0.5, 1.0, 2.0]
        trainer.evaluate([[1.0, 2.0], [-1.0, 0.5], [0.0, 0.0]], targets)
        assert trainer.objective.backend != "eager"


def appending(row):
    row.append(1.0)
    return row


def halving(row):
    for i, v in enumerate(row):
        row[i] = v / 2.0
    return row


def test_rows_targets_and_parameters_that_the_code_changes_are_its_own():
    """Each call gets them as they are, whatever another call did to its own."""
    X, y = [[1.0, 2.0], [-1.0, 0.5]], [[4.0, 0.0], [2.0, 1.0]]

    def loss(prediction, target):
        target[0] -= 1.0
        return (prediction - target.pop(0)) ** 2 + target[0]

    def metric(prediction, target):
        return abs(prediction - target.pop())

    for prepare, expected in ((appending, 2.125), (halving, 3.40625), (list, 2.625)):
        for backend in ("auto", "eager", "numpy"):
            ws = [Value(1.0), Value(1.0), Value(1.0)]

            trainer = Trainer(
                lambda row, ws=ws, change=prepare: sum(w * x for w, x in zip(ws, change(row))),
                loss,
                optim.SGD(lr=1e-12),
                parameters=ws,
                penalty=lambda ps: 1.0 * ps.pop(),
                metric=metric,
                backend=backend,
            )
            found = trainer.fit(X, y, epochs=3, validation=(X, y))
            outputs = trainer.predict(X)
            assert found.loss == pytest.approx([expected] * 3)
            assert found.validation == pytest.approx([expected] * 3), backend
            assert found.metric == pytest.approx([(abs(outputs[0]) + abs(outputs[1] - 1.0)) / 2.0] * 3)
            assert trainer.objective.backend != "eager" or backend == "eager"
    assert X == [[1.0, 2.0], [-1.0, 0.5]] and y == [[4.0, 0.0], [2.0, 1.0]]


def test_what_was_computed_from_parameters_before_keeps_its_number():
    w, k = Value(1.0, "w"), Value(2.0, "k")
    doubled, offset = w * 2.0, k * k

    def model(x):
        return doubled * x[0] + offset * 0.5

    found = []
    for backend in ("auto", "eager"):
        w.data = 1.0
        trainer = Trainer(model, losses.squared_error, optim.SGD(lr=0.1), parameters=[w], backend=backend)
        found.append((trainer.fit([1.0], [1.0], epochs=3).loss, w.data))
    assert found[0] == found[1] and found[0][0] == [9.0, 9.0, 9.0]
    with pytest.raises(TraceError, match=r"before it ran.* In .*test_traced_code.py, line \d+: \"return doubled"):
        micrograd.compile(model, 1, parameters=[w])
    program = micrograd.compile(lambda x: w * x[0] + offset * 0.5, 1, parameters=[w])
    k.data = 100.0
    offset.data = 6.0
    assert program.predict([1.0]).tolist() == [w.data + 3.0]


def test_a_primitive_that_is_in_no_table():
    row = micrograd.ops.Op("cube", "( )³", lambda x: x**3, (lambda x, out: 3.0 * x * x,), "{{{0}}}^3")
    cube, w, x = micrograd.engine.unary(row), Value(0.5), Value(2.0)
    for call in (lambda: micrograd.compile(cube(w) * x, [x]), lambda: micrograd.export(cube(w) * x, [x])):
        with pytest.raises(TraceError, match=r"'cube' is not in the table .* micrograd.ops.TABLE\['cube'\] = row"):
            call()
    trainer = Trainer(lambda x: cube(w) * x[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    assert trainer.fit([1.0], [0.0], epochs=1).loss == [0.125**2]


def test_whatever_the_code_raises_is_eagers():
    w = Value(1.0)

    def late(x):
        if x[0] > 2.0:
            raise LookupError(f"no {x[0]}")
        return w * x[0]

    trainer = Trainer(late, losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    with pytest.raises(LookupError, match=r"no 3.0"):
        trainer.fit([1.0, 2.0, 3.0, 1.0], [1.0, 1.0, 1.0, 1.0], epochs=1)
    wrong = Trainer(lambda x: w * x[5], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    with pytest.raises(IndexError):
        wrong.fit([1.0], [1.0], epochs=1)


def test_random_numbers_and_counts_run_eagerly():
    w, generator, calls = Value(1.0), random.Random(0), []

    def noisy(x):
        return w * x[0] + generator.random()

    def counted(x):
        calls.append(1)
        return w * x[0] * float(len(calls))

    for model in (noisy, counted):
        trainer = Trainer(model, losses.squared_error, optim.SGD(lr=1e-9), parameters=[w])
        assert len(set(trainer.fit([1.0, 2.0], [1.0, 2.0], epochs=3).loss)) == 3
        assert trainer.objective.backend == "eager"
        with pytest.raises(TraceError, match=r"at every run.* In .*test_traced_code.py, line \d+: \"return w"):
            micrograd.compile(model, 1, parameters=[w])


class Slotted:
    __slots__ = ("calls", "tenth")


class Counting:
    """A model that does something else in some later calls, or only counts them."""

    made, ids = 0, itertools.count()

    def __init__(self):
        type(self).made = 0
        self.array, self.held, self.kept, self.ticks = np.zeros(2, dtype=int), Value(1.0), {}, itertools.count()
        self.slotted, self.tick, self.name = Slotted(), itertools.count().__next__, f"model {next(self.ids)}"
        self.slotted.calls = 0
        self.w, self.calls, self.left, self.seen, self.weight = Value(0.5), 0, [2.0] * 40, [], 1.0

    def warm(self, x):
        self.calls += 1
        return self.w * x[0] * (1.0 if self.calls < 40 else 2.0)

    def sometimes(self, x):
        self.calls += 1
        return self.w * x[0] * (2.0 if self.calls % 9 == 0 else 1.0)

    def before_counting(self, x):
        factor = 2.0 if self.calls % 7 == 0 and self.calls > 0 else 1.0
        self.calls += 1
        return self.w * x[0] * factor

    def using_up(self, x):
        return self.w * x[0] * (self.left.pop() if self.left else 1.0)

    def filling(self, x):
        self.seen.append(1.0)
        return self.w * x[0] * (1.0 if len(self.seen) < 40 else 2.0)

    def fading(self, x):
        self.weight -= 0.02
        return self.w * x[0] * (1.0 if self.weight > 0.3 else 2.0)

    def by_class(self, x):
        type(self).made += 1
        return self.w * x[0] * (1.0 if self.made < 40 else 2.0)

    def in_a_slot(self, x):
        self.slotted.calls += 1
        return self.w * x[0] * (1.0 if self.slotted.calls < 40 else 2.0)

    def in_an_array(self, x):
        self.array[1] += 1
        return self.w * x[0] * (1.0 if self.array[1] < 40 else 2.0)

    def in_a_value(self, x):
        self.held.data *= 1.01
        return self.w * x[0] * (1.0 if self.held.data < 1.5 else 2.0)

    def in_a_dictionary(self, x):
        self.kept[len(self.kept)] = True
        return self.w * x[0] * (1.0 if len(self.kept) < 40 else 2.0)

    def iterating(self, x):
        return self.w * x[0] * (1.0 if next(self.ticks) < 40 else 2.0)

    def calling(self, x):
        return self.w * x[0] * (1.0 if self.tick() < 40 else 2.0)

    def noting(self, x):
        self.calls += 1
        if self.calls % 10 == 0:
            self.slotted.tenth = self.calls
        self.kept[self.calls] = self.calls
        self.slotted.calls += 1
        self.weight *= 1.5
        self.seen.append(self.calls)
        return self.w * x[0]


@pytest.mark.parametrize("way", [way for way in vars(Counting) if way[0] != "_" and way not in ("made", "ids")])
def test_counts_that_matter_in_later_calls(way):
    found = []
    for backend in ("auto", "eager"):
        model = Counting()
        trainer = Trainer(
            getattr(model, way), losses.squared_error, optim.SGD(lr=0.01), backend=backend, parameters=[model.w]
        )
        found.append(trainer.fit([1.0, 2.0, 3.0], [0.5, 0.1, 0.2], epochs=20).loss)
        if way == "noting":
            assert backend == "eager" or trainer.objective.backend != "eager"
            assert len(model.seen) == model.calls < 100 and getattr(model.slotted, "tenth", 0) < 100
        else:
            assert trainer.objective.backend == "eager"
            with pytest.raises(TraceError, match="at every run"):
                micrograd.compile(getattr(Counting(), way), 1, parameters=[model.w])
    if way not in ("sometimes", "before_counting", "iterating", "calling"):  # of which compiling uses up some
        assert found[0] == pytest.approx(found[1])


def test_what_the_code_does_not_set_is_left_to_other_threads():
    """Putting back after tracing takes no step back that another training made meanwhile."""
    from micrograd.compiler.code import Code
    from micrograd.compiler.scalar.trace import undo_of

    w, shared, array = Value(1.0), Value(1.0), np.zeros(2)

    def only_reads(x):
        return w * x[0] * shared + array[0]

    def sets(x):
        shared.data += 1.0
        array[0] += 1.0
        return w * x[0] * shared + array[0]

    for model, expected in ((only_reads, [5.0, 7.0]), (sets, [1.0, 2.0])):
        shared.data, array[0] = 1.0, 2.0
        undo = undo_of(Code(model, 1, [w]))
        shared.data, array[0] = 5.0, 7.0
        undo.all()
        assert [shared.data, array[0]] == expected


def test_rare_draws_are_seen():
    """A coin that mostly falls on one side: the generator has moved."""
    import random as module

    w, own, arrays = Value(1.0), random.Random(0), np.random.default_rng(0)
    models = [
        lambda x: w * x[0] if random.random() < 0.999 else w,
        lambda x: w * x[0] if own.random() < 0.999 else w,
        lambda x: w * x[0] if np.random.rand() < 0.999 else w,
        lambda x: w * x[0] if arrays.random() < 0.999 else w,
        lambda x, draw=module.gauss: w * x[0] if draw(0.0, 1.0) < 4.0 else w,
    ]
    for model in models:
        with pytest.raises(TraceError, match="random number"):
            micrograd.compile(model, 1, parameters=[w])
    for make in (
        lambda: random.Random(3).random,
        lambda: np.random.default_rng(3).random,
        lambda: np.random.RandomState(3).rand,
    ):
        found = []
        for backend in ("auto", "eager"):
            w.data, draw = 1.0, make()
            trainer = Trainer(
                lambda x, draw=draw: w * x[0] * (draw() < 0.5),
                losses.squared_error,
                optim.SGD(lr=0.1),
                parameters=[w],
                backend=backend,
            )
            found.append(trainer.fit([1.0, 2.0], [1.0, 2.0], epochs=5).loss)
        assert found[0] == found[1]
    w.data = 1.0
    fixed = micrograd.compile(lambda x: w * x[0] * random.Random(5).random(), 1, parameters=[w])
    assert fixed.predict([1.0]).tolist() == [random.Random(5).random()]


def test_values_in_a_cache_of_functools():
    """A cached Value keeps its number, as in eager code; compiling leaves nothing in the cache."""
    w, calls = Value(1.0, "w"), []

    @functools.lru_cache(maxsize=None)
    def scaled(k):
        calls.append(k)
        return w * k

    def model(x):
        return scaled(2.0) * x[0]

    for backend in ("auto", "eager"):
        w.data = 1.0
        scaled.cache_clear()
        trainer = Trainer(model, losses.squared_error, optim.SGD(lr=0.1), parameters=[w], backend=backend)
        assert trainer.fit([1.0], [1.0], epochs=3).loss == [1.0, 1.0, 1.0]
    with pytest.raises(TraceError, match="before it ran.*in no cache"):
        micrograd.compile(model, 1, parameters=[w])
    scaled.cache_clear()
    with pytest.raises(TraceError, match="stored when it ran before"):
        micrograd.compile(model, 1, parameters=[w])
    assert model([1.0]).data == 2.0 * w.data


class Keeping:
    """A model that keeps what it computed, in one way or another."""

    def __init__(self):
        self.w, self.hidden, self.cache, self.calls, self.seen = Value(0.5), 0.0, None, 0, []

    def parameters(self):
        return [self.w]

    def carry(self, x):
        self.hidden = tanh(self.w * x[0] + self.hidden)
        return self.hidden

    def cached(self, x):
        if self.cache is None:
            self.cache = self.w**2
        return self.cache * x[0]

    def counting(self, x):
        self.calls += 1
        return self.w * x[0] * self.calls

    def counting_late(self, x):
        self.calls += 1
        return self.w * x[0] * (2.0 if self.calls > 2 else 1.0)

    def listing(self, x):
        self.seen.append(self.w * x[0])
        return sum(self.seen)

    def noting(self, x):
        self.hidden = tanh(self.w * x[0])
        return self.hidden * self.w


@pytest.mark.parametrize("way", ["carry", "cached", "counting", "counting_late", "listing", "noting"])
def test_models_that_keep_what_they_computed(way):
    found = []
    for backend in ("auto", "eager"):
        model = Keeping()
        trainer = Trainer(
            getattr(model, way),
            losses.squared_error,
            optim.SGD(lr=0.01),
            backend=backend,
            parameters=model.parameters(),
        )
        found.append([*trainer.fit([1.0, 2.0, 3.0], [0.5, 0.1, 0.2], epochs=3).loss, model.w.data])
        assert (trainer.objective.backend == "eager") == (way != "noting" or backend == "eager")
        assert isinstance(model.hidden, (float, Value)) and isinstance(model.cache, (type(None), Value))
    assert found[0] == (pytest.approx(found[1]) if way == "noting" else found[1])


def test_compiling_leaves_no_placeholders():
    model, bare = Keeping(), Keeping()
    micrograd.compile(model.noting, 1, parameters=model.parameters())
    assert isinstance(model.hidden, Value) and repr(model.hidden).startswith("Value(data=")
    with pytest.raises(TraceError, match="stored when it ran before"):
        micrograd.compile(bare.carry, 1, parameters=bare.parameters())
    assert bare.hidden == 0.0
    micrograd.export(bare.noting, 1)
    assert isinstance(bare.hidden, (float, Value))


class Plane:
    """A model that pickles."""

    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        return self.w * x[0]


class TestThreads:
    """A trace in one thread is not seen by another."""

    def test_a_model_used_while_it_is_compiled(self, monkeypatch):
        model = nn.MLP(2, [8, 1], activation="tanh", generator=random.Random(0))
        row, target = [0.3, -0.7], 0.25
        loss = losses.squared_error(model(row), target)
        loss.backward()
        expected = [p.grad for p in model.parameters()]
        model.zero_grad()
        wrong, done = [], threading.Event()

        def use():
            parameters = model.parameters()
            while not done.is_set():
                for p in parameters:
                    p.grad = 0.0
                value = losses.squared_error(model(row), target)
                if type(value) is not Value or value.data != loss.data:
                    wrong.append(value)
                value.backward()
                found = [p.grad for p in parameters]
                if found != expected:
                    wrong.append(found)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        user = threading.Thread(target=use)
        try:
            user.start()
            for _ in range(20):
                micrograd.compile(model, 2, loss=losses.squared_error, backend="numpy")
        finally:
            done.set()
            user.join()
            sys.setswitchinterval(interval)
        assert not wrong, wrong[0]

    def test_a_parameter_in_another_thread_while_it_is_traced(self):
        w = Value(2.0, "w")
        seen = {}

        def look():
            w.grad = 0.5
            w.data = 3.0
            seen.update(kind=type(w * 2.0), text=repr(w), data=w.data, grad=w.grad, true=bool(w), less=(w < 4.0).data,
                        same=w == w, known=w in {w}, left=(1.0 + w).data, power=(w**2).data, tanh=w.tanh().data,
                        copied=type(copy.copy(w)) is type(Value(0.0)), pickled=pickle.loads(pickle.dumps(w)).data,
                        deep=type(copy.deepcopy([w, w * w])[0]) is type(Value(0.0)),
                        is_value=w.__class__ is type(Value(0.0)), function=tanh(w).data)  # fmt: skip
            y = w * w
            y.backward()
            seen["after"] = w.grad

        def model(x):
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            assert isinstance(w, Value)
            return w * x[0]

        program = micrograd.compile(model, 1, parameters=[w])
        assert seen == {
            "kind": Value, "text": "Value(data=3, grad=0.5, label='w')", "data": 3.0, "grad": 0.5, "true": True,
            "less": 1.0, "same": True, "known": True, "left": 4.0, "power": 9.0, "tanh": math.tanh(3.0), "copied": True,
            "pickled": 3.0, "deep": True, "is_value": True, "function": math.tanh(3.0), "after": 6.5,
        }  # fmt: skip
        assert program.predict([1.0]).tolist() == [3.0] and type(w) is type(Value(0.0))

    @pytest.mark.parametrize("backend", ["auto", "numpy"])
    def test_random_numbers_of_another_thread_are_not_the_models(self, backend):
        over = threading.Event()

        def draw():
            while not over.is_set():
                random.random()

        other = threading.Thread(target=draw)
        other.start()
        try:
            for _ in range(3):
                trainer = Trainer(nn.MLP(2, [3, 1]), losses.squared_error, optim.SGD(lr=0.1), backend=backend)
                trainer.fit([[0.0, 1.0]], [1.0], epochs=1)
                assert trainer.objective.backend != "eager"
        finally:
            over.set()
            other.join()

    def test_compiling_sets_no_gradient(self):
        model = nn.MLP(2, [3, 1], generator=random.Random(0))
        for i, p in enumerate(model.parameters()):
            p.grad = float(i)
        micrograd.compile(model, 2, loss=losses.squared_error, penalty=losses.l2(0.1)).value([[1.0, 2.0]], [1.0])
        assert [p.grad for p in model.parameters()] == [float(i) for i in range(13)]

    def test_packing_for_workers_touches_no_parameter(self):
        from micrograd.training.objectives import Eager
        from micrograd.training.sharding.contents import packed

        w = Value(2.0, "w")
        w.note = "kept"
        objective = Eager(Plane(w), losses.squared_error, [w])
        first = packed(objective)
        w.data, w.grad = 5.0, 1.0
        sent = pickle.loads(packed(objective))
        assert packed(objective) == first and (w.data, w.grad) == (5.0, 1.0)
        assert (sent.parameters[0].data, sent.parameters[0].grad, sent.parameters[0].note) == (0.0, 0.0, "kept")
        assert sent.model.w is sent.parameters[0]


class TestSelfCheck:
    """A program that computes something else than its code is never handed out, whatever it is for."""

    @pytest.fixture(params=["numpy", pytest.param("llvm", marks=without_llvm)])
    def spoiled(self, request, monkeypatch):
        """A backend, and a function that makes its programs wrong by a millionth from now on."""
        if request.param == "llvm":
            from micrograd.compiler.llvm.runner import LlvmRunner as Runner
        else:
            from micrograd.compiler.numpy.runner import NumpyRunner as Runner
        step, outputs = Runner.step, Runner.outputs

        def wrong_step(self, *args):
            value, gradient, finite = step(self, *args)
            for out in args[3:]:
                if out is not None:
                    out[...] = out * (1.0 + 1e-6) + 1e-6
            return value * (1.0 + 1e-6) + 1e-6, gradient, finite

        def spoil():
            monkeypatch.setattr(Runner, "step", wrong_step)
            monkeypatch.setattr(Runner, "outputs", lambda self, *args: outputs(self, *args) * (1.0 + 1e-6) + 1e-6)

        return request.param, spoil

    def test_every_purpose(self, spoiled):
        backend, spoil = spoiled
        w, x = Value(0.5), Value(0.25)
        options = {"parameters": [w], "loss": losses.squared_error, "backend": backend}
        program = micrograd.compile(lambda x: tanh(w * x[0]), 1, **options)
        expressions = [micrograd.compile(tanh(w * x), [x], backend=backend) for _ in range(4)]
        several = micrograd.compile([w * x, w + x], [x], backend=backend)
        trainer = Trainer(lambda x: tanh(w * x[0]), losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
        spoil()
        for run in (
            lambda: program.predict([1.0]),
            lambda: program.value([1.0], [2.0]),
            lambda: program.input_gradients([1.0]),
            lambda: expressions[0].predict([1.0]),
            lambda: expressions[1].value([1.0]),
            lambda: expressions[2].value_and_gradient([1.0]),
            lambda: expressions[3].input_gradients([1.0]),
            lambda: several.predict([1.0]),
            lambda: micrograd.compile(lambda x: tanh(w * x[0]), 1, **options),
        ):
            with pytest.raises(micrograd.compiler.CompilerError, match="a fault of micrograd's compiler, not of the"):
                run()
        assert trainer.fit([1.0], [0.0], epochs=1).loss == [math.tanh(0.5) ** 2]  # eagerly, by "auto"

    def test_the_guarded_program_too(self, spoiled):
        backend, spoil = spoiled
        w = Value(0.5)
        program = micrograd.compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error, backend=backend)
        spoil()
        with pytest.raises(micrograd.compiler.CompilerError, match="compiled value"):
            program.value_and_gradient([1e300], [0.0])

    def test_a_pickled_program_is_compared_too(self, spoiled):
        backend, spoil = spoiled
        w = Value(0.5)
        program = micrograd.compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error, backend=backend)
        spoil()
        with pytest.raises(micrograd.compiler.CompilerError):
            pickle.loads(pickle.dumps(program)).value([1.0], [2.0])


class TestState:
    """Python state that the code reads is read anew at every call."""

    @pytest.fixture(params=["auto", "eager", "numpy", pytest.param("llvm", marks=without_llvm)])
    def backend(self, request):
        return request.param

    def test_an_annealed_weight(self, backend):
        w, k = Value(1.0), {"k": 1.0}
        trainer = Trainer(
            lambda r: w * r[0] * k["k"], losses.squared_error, optim.SGD(lr=1e-9), parameters=[w], backend=backend
        )
        trainer.fit([1.0], [5.0], epochs=1)
        k["k"] = 3.0
        trainer.fit([1.0], [5.0], epochs=1)
        assert trainer.history.loss == pytest.approx([16.0, 4.0])
        k["k"] = 5.0
        assert trainer.evaluate([1.0], [5.0]).loss == pytest.approx(0.0, abs=1e-12)
        assert trainer.predict([2.0]) == pytest.approx([10.0])
        k["k"] = 1.0
        assert trainer.predict([2.0]) == pytest.approx([2.0])
        batch = trainer.objective.batch([1.0], [5.0])
        assert trainer.step(batch) == pytest.approx(16.0)
        k["k"] = 3.0
        assert trainer.step(batch) == pytest.approx(4.0)

    def test_between_the_epochs_of_an_open_loop(self, backend):
        w, k = Value(1.0), {"k": 1.0}
        trainer = Trainer(
            lambda r: w * r[0] * k["k"], losses.squared_error, optim.SGD(lr=1e-9), parameters=[w], backend=backend
        )
        found = []
        for record in trainer.epochs([1.0], [5.0], epochs=3):
            found.append(record.loss)
            k["k"] += 1.0
        assert found == pytest.approx([16.0, 9.0, 4.0])

    def test_a_flag_that_matters_for_some_rows_only(self, backend):
        w, settings = Value(1.0), SimpleNamespace(clip=False)

        def model(r):
            return (w * r[0]).minimum(2.0) if settings.clip else w * r[0]

        trainer = Trainer(model, losses.squared_error, optim.SGD(lr=1e-9), parameters=[w], backend=backend)
        assert trainer.evaluate([1.0, 5.0], [1.0, 5.0]).loss == pytest.approx(0.0)
        settings.clip = True
        assert trainer.evaluate([1.0, 5.0], [1.0, 5.0]).loss == pytest.approx(4.5)

    def test_a_weight_is_replaced(self, backend):
        model = SimpleNamespace(w=Value(1.0), c=Value(0.5))
        trainer = Trainer(
            lambda r: model.w * r[0] + model.c,
            losses.squared_error,
            optim.SGD(lr=1e-9),
            parameters=[model.w, model.c],
            backend=backend,
        )
        assert trainer.predict([2.0]) == pytest.approx([2.5])
        model.w = Value(3.0)
        assert trainer.predict([2.0]) == pytest.approx([6.5])
        model.w.data = 4.0
        assert trainer.predict([2.0]) == pytest.approx([8.5])
        model.c = 1.0
        assert trainer.predict([2.0]) == pytest.approx([9.0])

    def test_the_penalty_and_the_loss(self, backend):
        w, strength, margins = Value(1.0), [0.5], np.array([1.0, 2.0])
        trainer = Trainer(
            lambda r: w * r[0],
            lambda p, t: (p - t) ** 2 * float(margins[1]),
            optim.SGD(lr=1e-9),
            parameters=[w],
            penalty=lambda ps: strength[0] * sum(p * p for p in ps),
            backend=backend,
        )
        assert trainer.evaluate([1.0], [3.0]).loss == pytest.approx(8.5)
        strength[0] = 2.0
        assert trainer.evaluate([1.0], [3.0]).loss == pytest.approx(10.0)
        margins[1] = 1.0
        assert trainer.evaluate([1.0], [3.0]).loss == pytest.approx(6.0)

    def test_the_class_numbers_of_cross_entropy(self, backend):
        model, scale = nn.MLP(2, [3], generator=random.Random(0)), [1.0]
        trainer = Trainer(
            lambda r: [scale[0] * s for s in model(r)],
            losses.cross_entropy,
            optim.SGD(lr=1e-9),
            parameters=model.parameters(),
            backend=backend,
        )
        X, y = [[1.0, 2.0], [0.5, -1.0], [0.0, 1.0]], [0, 2, 1]
        for factor in (1.0, 3.0):
            scale[0] = factor
            expected = sum(losses.cross_entropy([factor * s for s in model(row)], t).data for row, t in zip(X, y)) / 3.0
            assert trainer.evaluate(X, y).loss == pytest.approx(expected)
            assert trainer.fit(X, y, epochs=1).loss[-1] == pytest.approx(expected)

    def test_what_is_out_of_reach_is_seen_after_retrace(self, backend):
        w, numbers = Value(1.0), iter([1.0] * 20)
        memory = {"k": 1.0}

        class Hidden:
            __slots__ = ()

            @staticmethod
            def read():
                return vars(sys)["_micrograd_test_state"]["k"]

        vars(sys)["_micrograd_test_state"] = memory
        try:
            read = Hidden.read
            trainer = Trainer(
                lambda r: w * r[0] * read(), losses.squared_error, optim.SGD(lr=1e-9), parameters=[w], backend=backend
            )
            assert trainer.predict([1.0]) == [1.0]
            trainer.evaluate([1.0], [5.0])
            memory["k"] = 3.0
            trainer.retrace()
            assert trainer.predict([1.0]) == pytest.approx([3.0])
        finally:
            del vars(sys)["_micrograd_test_state"], numbers


def test_code_that_can_be_compiled_again_is():
    w, settings = Value(1.0), SimpleNamespace(branch=True)

    def model(r):
        if settings.branch and r[0] > 0.0:
            return w * r[0]
        return w * r[0] * 2.0

    trainer = Trainer(model, losses.squared_error, optim.SGD(lr=1e-9), parameters=[w])
    assert trainer.evaluate([1.0, -1.0], [0.0, 0.0]).loss == 2.5
    assert "cannot be compiled: a branch asks" in repr(trainer.objective)
    settings.branch = False
    assert trainer.evaluate([1.0, -1.0], [0.0, 0.0]).loss == 4.0
    assert trainer.objective.backend != "eager"
    settings.branch = True
    assert trainer.predict([1.0, -1.0]) == [1.0, -2.0]
    assert trainer.objective.backend == "eager"


@pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])
def test_a_derivative_that_is_rounding_alone_is_no_fault(backend):
    """Of 3w / (w + 2w), which is 1 for all w."""
    for k in range(20):
        w = Value(0.5 + 0.013 * k)
        program = micrograd.compile(
            lambda x, w=w: (3.0 * w) / (w + 2.0 * w) * x[0], 1, parameters=[w], loss=lambda y, _: y, backend=backend
        )
        assert abs(program.value_and_gradient([[1.0]], [0.0])[1][0]) < 1e-14
