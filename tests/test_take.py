"""`take`, a row of a table by an index that is data: eager, compiled, exported, and what is refused."""

from __future__ import annotations

import random

import pytest

from micrograd import Trainer, Value, compile, dot, export, losses, nn, optim, softmax, take
from micrograd.compiler import TraceError

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
BACKENDS = ["eager", "numpy", "llvm"]
USERS, FILMS, RANK = 7, 5, 3


def table(rows, columns, seed=0):
    generator = random.Random(seed)
    return [[Value(generator.gauss(0.0, 1.0)) for _ in range(columns)] for _ in range(rows)]


def numbers(x):
    return [float(getattr(v, "data", v)) for v in x]


def test_an_element_or_a_row_by_any_kind_of_number():
    for i in (1, 1.0, True, np.int64(1), np.float32(1.0)):
        assert take([1.0, 2.0], i) == 2.0
    assert take(np.array([[1.0, 2.0], [3.0, 4.0]]), -0.0).tolist() == [1.0, 2.0]
    assert take(((1.0, [2.0]), (3.0, [4.0])), 1) == (3.0, [4.0])


def test_the_gradient_goes_to_the_row_alone():
    rows = table(3, 2)
    dot(take(rows, 2.0), [3.0, 5.0]).backward()
    assert [[v.grad for v in row] for row in rows] == [[0.0, 0.0], [0.0, 0.0], [3.0, 5.0]]


WRONG = {
    "expected the index of take to be from 0 to 1, got 2": (IndexError, lambda: take([1.0, 2.0], 2)),
    "expected the index of take to be from 0 to 1, got -1": (IndexError, lambda: take([1.0, 2.0], -1.0)),
    "to be a whole number from 0 to 1, got 0.5": (ValueError, lambda: take([1.0, 2.0], 0.5)),
    "to be a whole number from 0 to 1, got nan": (ValueError, lambda: take([1.0, 2.0], float("nan"))),
    "a table with at least one row, got an empty one": (ValueError, lambda: take([], 0)),
    "take expects a table, a list of numbers or rows, got float 1.0": (TypeError, lambda: take(1.0, 0)),
    "it has no derivative: give i.data; got a Value": (TypeError, lambda: take([1.0, 2.0], Value(1.0))),
    "expected a number (int, float, bool or NumPy scalar), got str '1'": (TypeError, lambda: take([1.0, 2.0], "1")),
    "got a list of (1 number) at 0 and a list of (2 numbers) at 1":
        (ValueError, lambda: compile(lambda x: take([[1.0], [1.0, 2.0]], x[0])[0], 1, parameters=[])),
    "an index of `take` is computed while the code is compiled":
        (TraceError, lambda: compile(lambda x: take([1.0, 2.0], x[0] + 1.0), 1, parameters=[])),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    kind, wrong = WRONG[message]
    with pytest.raises(kind) as caught:
        wrong()
    assert message in str(caught.value)


def test_a_parameter_is_no_index():
    w = Value(1.0)
    with pytest.raises(TraceError, match="an index of `take` is computed"):
        compile(lambda x: take([w, 2.0], w) * x[0], 1, parameters=[w])


class Factors(nn.Module):
    """Matrix factorisation: users and films as vectors, a rating as their product and two biases."""

    def __init__(self):
        self.users, self.films = table(USERS, RANK, 1), table(FILMS, RANK, 2)
        self.bias = [Value(0.0) for _ in range(FILMS)]

    def __call__(self, x):
        return dot(take(self.users, x[0]), take(self.films, x[1])) + take(self.bias, x[1])

    def parameters(self):
        return [v for row in self.users + self.films for v in row] + self.bias


class Words(nn.Module):
    """An embedding: two words as vectors, one layer, the scores of the next."""

    def __init__(self):
        random.seed(3)
        self.words, self.layer = table(USERS, RANK, 3), nn.Layer(2 * RANK, FILMS, activation="tanh")

    def __call__(self, x):
        return self.layer([*take(self.words, x[0]), *take(self.words, x[1])])

    def parameters(self):
        return [v for row in self.words for v in row] + self.layer.parameters()


def ratings():
    generator = random.Random(5)
    X = [[generator.randrange(USERS), generator.randrange(FILMS)] for _ in range(40)]
    return X, [generator.gauss(0.0, 1.0) for _ in X]


def words():
    X, y = ratings()
    return X, [int(abs(3.0 * v)) % FILMS for v in y]


@pytest.mark.parametrize(
    ("model", "data", "loss"), [(Factors, ratings, losses.squared_error), (Words, words, losses.cross_entropy)]
)
def test_every_backend_trains_alike(model, data, loss):
    X, y = data()
    found = []
    for backend in BACKENDS:
        trainer = Trainer(model(), loss, optim.SGD(lr=0.05, momentum=0.5), backend=backend)
        history = trainer.fit(X, y, epochs=5, batch_size=16, seed=1)
        found.append([*history.loss, *numbers(trainer.model.parameters())])
    assert found[1] == pytest.approx(found[0], rel=1e-12, abs=1e-14)
    assert found[2] == pytest.approx(found[0], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_a_program_refuses_what_is_no_place(backend):
    model = Factors()
    program = compile(model, 2, loss=losses.squared_error, backend=backend)
    rows = [[USERS - 1.0, FILMS - 1.0], [0.0, 0.0]]
    assert program.predict(rows) == pytest.approx([model(row).data for row in rows], rel=1e-14)
    for wrong, kind, message in (
        ([[0, 0], [USERS, 0]], IndexError, "expected X[1][0] to be from 0 to 6, got 7"),
        ([[0, -1]], IndexError, "expected X[0][1] to be from 0 to 4, got -1"),
        ([[0.25, 0]], ValueError, "expected X[0][0] to be a whole number from 0 to 6, got 0.25"),
    ):
        targets = [0.0] * len(wrong)
        for run, data in (
            (program.predict, [wrong]),
            (program.value, [wrong, targets]),
            (program.value_and_gradient, [wrong, targets]),
            (program.batch, [wrong, targets]),
        ):
            with pytest.raises(kind) as caught:
                run(*data)
            assert message in str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_targets_choose_too_and_so_do_what_varies(backend):
    """A cross-entropy with class numbers as targets: the table is what the model makes of the sample."""
    w = [Value(x) for x in (0.3, -0.5, 0.8)]

    def loss(scores, t):
        return -take(softmax(scores), t).log()

    def model(x):
        return [v * x[0] for v in w]

    program = compile(model, 1, parameters=w, loss=loss, backend=backend)
    rows, places = [[0.5], [1.5], [-2.0]], [2, 0, 1]
    expected = sum([loss(model(row), t) for row, t in zip(rows, places)]) / 3.0
    expected.backward()
    value, slopes = program.value_and_gradient(rows, places)
    assert value == pytest.approx(expected.data, rel=1e-13)
    assert slopes == pytest.approx([v.grad for v in w], rel=1e-12)
    with pytest.raises(IndexError, match=r"expected y\[2\] to be from 0 to 2, got 3"):
        program.value(rows, [0, 1, 3])


def test_an_index_has_no_derivative():
    program = compile(lambda x: take([1.0, 5.0, 7.0], x[0]) * x[1], 2, parameters=[])
    outputs, slopes = program.input_gradients([[2.0, 3.0]])
    assert (outputs.tolist(), slopes.tolist()) == ([21.0], [[0.0, 7.0]])


def test_exports_have_the_table_and_give_nan_for_what_is_no_place():
    model = Factors()
    names = {}
    exec(export(model, 2, language="python", name="rating"), names)
    assert names["rating"]([3.0, 2.0]) == pytest.approx(model([3.0, 2.0]).data, rel=1e-14)
    assert all(np.isnan(names["rating"](x)) for x in ([USERS, 0.0], [-1.0, 0.0], [0.5, 0.0], [0.0, float("nan")]))


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_tables_of_all_kinds_stand_in_a_program(backend):
    """Tables whose entries are parameters, numbers, captured Values and what is computed; in order and out of it."""
    w = [Value(v) for v in (0.5, -1.5, 2.5, 3.5)]
    outside = Value(0.7)

    def model(x):
        a = take([w[0], 2.0, outside, w[1] * w[2]], x[0])
        b = take([[w[2], w[0]], [w[0], w[3]], [w[3], w[2]]], x[1])
        c = take([w[1], w[1]], x[2])
        d = take([[v * outside, 1.0] for v in w], x[0])
        return a * b[0] + b[1] * c + d[0] * x[3] - d[1] * x[3] * a

    program = compile(model, 4, parameters=w, loss=losses.squared_error, backend=backend)
    assert "= gather 2×3 u[" in str(program.steps)
    generator = random.Random(7)
    rows = [[generator.randrange(n) for n in (4, 3, 2)] + [generator.gauss(0.0, 1.0)] for _ in range(150)]
    loss = sum([(model(row) - 0.5) ** 2 for row in rows]) / 150.0
    loss.backward()
    value, slopes = program.value_and_gradient(rows, [0.5] * 150)
    assert value == pytest.approx(loss.data, rel=1e-13)
    assert slopes == pytest.approx([v.grad for v in w], rel=1e-12)


def test_an_irregular_program_has_tables_too():
    """On LLVM it is played."""
    rows, shifts = table(4, 2), table(4, 1, 1)
    generator = random.Random(2)

    def model(x):
        generator.seed(2)
        v = [*take(rows, x[0]), take(shifts, x[1])[0], x[2]]
        for _ in range(500):
            a, b = generator.choice(v[-9:]), generator.choice(v[-9:])
            v.append(generator.choice([a * b, a - 0.5 * b, (a + b).tanh()]))
        return v[-1].tanh()

    p = [v for row in rows + shifts for v in row]
    program = compile(model, 3, parameters=p, loss=losses.squared_error, backend="llvm")
    assert "@play" in program.source
    data = [[float(k % 4), float(k % 3), 0.1 * k] for k in range(9)]
    loss = sum([(model(row) - 0.5) ** 2 for row in data]) / 9.0
    loss.backward()
    value, slopes = program.value_and_gradient(data, [0.5] * 9)
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert slopes == pytest.approx([v.grad for v in p], rel=1e-11, abs=1e-14)


def test_any_number_of_threads_gives_the_same_bits():
    model = Factors()
    X = np.stack([np.arange(200_000) % USERS, np.arange(200_000) % FILMS], axis=1)
    y = np.sin(np.arange(200_000.0))
    one, two = [compile(model, 2, loss=losses.squared_error, backend="llvm", threads=n) for n in (1, 2)]
    assert one.value_and_gradient(X, y)[1].tobytes() == two.value_and_gradient(X, y)[1].tobytes()
