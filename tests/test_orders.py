"""Programs whose parameters and rows stand in all orders, expressions and functions alike, against plain code.

order       places, one after the other: rising, falling, strided, repeated or irregular
table       places of the factors of several sums: first + down · sum + across · term, or irregular
"""

import math
import random
from importlib.util import find_spec

import pytest
from same import near, same

import micrograd
from micrograd import Value, functions

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
each_backend = pytest.mark.parametrize("backend", BACKENDS)
without_llvm = pytest.mark.skipif("llvm" not in BACKENDS, reason="llvmlite is not installed")
MACHINES = [(2, 4, 2), (2, 4, 4), (4, 6, 2), (8, 8, 2)]  # lanes, rows and vectors of a tile
TOLERANCE = 1e-11  # of the largest number
SMOOTH = {
    "none": lambda v: v, "tanh": functions.tanh, "sigmoid": functions.sigmoid, "sin": functions.sin,
    "relu": functions.relu, "negative": lambda v: -v, "square": lambda v: v * v, "half": lambda v: 0.5 * v,
    "softplus": functions.softplus, "gaussian": functions.gaussian, "cosh": lambda v: 1.0 / functions.cosh(v),
    "exp": lambda v: functions.exp(functions.tanh(v)), "log": lambda v: functions.log(1.0 + v * v),
    "atan": functions.atan, "abs": abs,
}  # fmt: skip
TWO = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (1.5 + b * b),
    "maximum": functions.maximum,
    "minimum": functions.minimum,
    "select": lambda a, b: functions.where(a > b, a, 0.5 * b),
    "hypot": lambda a, b: functions.hypot(a, b + 2.0),
    "tanh": lambda a, b: a * functions.tanh(b),
    "quotient of tanh": lambda a, b: functions.tanh(a / (2.0 + b * b)),
}


def an_order(draw, size, count):
    """`count` places among `size`, round and round where there are fewer."""
    kind = draw.choice(["rising", "falling", "strided", "backwards", "same", "each twice", "again", "any", "shuffled"])
    if kind in ("rising", "falling", "strided", "backwards"):
        step = 1 if kind in ("rising", "falling") else draw.randint(2, 4)
        first = draw.randrange(max(1, size - step * (count - 1)))
        places = [(first + step * i) % size for i in range(count)]
        return places[::-1] if kind in ("falling", "backwards") else places
    if kind == "same":
        return [draw.randrange(size)] * count
    if kind == "each twice":
        return [i // 2 % size for i in range(count)]
    if kind == "again":
        period = draw.randint(1, min(size, 5))
        return [i % period for i in range(count)]
    places = list(range(size))
    draw.shuffle(places)
    return [places[i % size] for i in range(count)] if kind == "shuffled" else draw.choices(range(size), k=count)


def drawn(draw):
    """A number that one may divide by."""
    return draw.choice([-1.0, 1.0]) * draw.uniform(0.4, 1.4)


class Model:
    """A few layers of sums, products and functions, with factors from one pool; called with its inputs."""

    def __init__(self, seed):
        self.draw = draw = random.Random(seed)
        self.inputs = width = draw.randint(1, 9)
        self.size = draw.choice([1, 3, 10, 40, draw.randint(4, 120)])
        self.parameters = [Value(drawn(draw)) for _ in range(self.size)]
        self.pool = self.size  # what the parameters and what is made of them are together
        self.layers = []
        for _ in range(draw.randint(1, 5)):
            kind = draw.choice(
                ["sums", "sums", "table", "one", "two", "by_factor", "uniform", "beside", "reduce", "angle"]
            )
            layer, width = getattr(self, kind)(width)
            self.layers.append(layer)
        ends = draw.randint(1, 3)
        layer, self.outputs = (
            self.sums(width, ends, draw.choice([3, 8, width])) if draw.random() < 0.7 else self.by_factor(width)
        )
        self.layers.append(layer)

    def order(self, size, count):
        return an_order(self.draw, size, count)

    def more_parameters(self, count):
        """So many places of fresh parameters, the first of them."""
        if self.pool != len(self.parameters):  # behind them stands what is made of them
            return None
        self.parameters += [Value(drawn(self.draw)) for _ in range(count)]
        self.pool += count
        return self.pool - count

    def a_table(self, sums, terms):
        """The places of the factors."""
        draw, form = self.draw, self.draw.randrange(8)
        if form < 5 and self.pool == len(self.parameters):
            down, across = draw.choice([(terms, 1), (1, sums), (1, 1), (terms + 2, 1), (2 * terms, 2), (0, 1), (1, 0)])
            first = self.more_parameters(1 + down * (sums - 1) + across * (terms - 1))
            rows = [[first + down * i + across * j for j in range(terms)] for i in range(sums)]
            rows = rows[::-1] if draw.random() < 0.5 else rows
            return [row[::-1] for row in rows] if draw.random() < 0.5 else rows
        if form < 7:
            return [self.order(self.pool, terms) for _ in range(sums)]
        flat = self.order(self.pool, sums * terms)
        return [flat[i * terms : (i + 1) * terms] for i in range(sums)]

    def written(self, terms, bias):
        """A sum as people write it."""
        form = self.form
        if form == 0:
            return sum((w * v for w, v in terms), bias)
        if form == 1:
            return sum(v * w for w, v in terms) + bias
        if form == 2:
            return bias - sum(w * v for w, v in terms)
        if form == 3:
            return sum(w * v for w, v in terms) - bias * 2.0
        return sum((w * v if i % 2 else -(w * v) for i, (w, v) in enumerate(terms)), bias)

    def sums(self, width, count=None, terms=None):
        """Sums over the same rows: a matrix product."""
        draw = self.draw
        count = count or draw.choice([1, 2, 3, 6, 7, 9, 13, 17, 30])
        terms = terms or draw.choice([2, 3, 4, 8, 9, 31, 32, 33, 40])
        if draw.random() < 0.15:  # what tiles and panels are made of
            count, terms = draw.choice([12, 30]), draw.choice([64, 100])
        while count * terms > (400 if len(self.parameters) > 2000 else 3000):
            terms = (terms + 1) // 2
        rows, table, biases = self.order(width, terms), self.a_table(count, terms), self.order(self.pool, count)
        form, f = draw.randrange(5), SMOOTH[draw.choice(sorted(SMOOTH))]
        plain = draw.random() < 0.2

        def layer(v, pool):
            self.form = form
            made = [
                self.written([(pool[p], v[r]) for p, r in zip(places, rows)], 0.0 if plain else pool[b])
                for places, b in zip(table, biases)
            ]
            return [f(x * (1.0 / terms)) for x in made]

        return layer, count

    def table(self, width):
        """Sums over rows of their own, as in a convolution."""
        draw = self.draw
        count, terms = draw.choice([1, 2, 5, 8, 9, 12, 20]), draw.choice([1, 2, 3, 4, 6])
        table, biases = self.a_table(count, terms), self.order(self.pool, count)
        rows = [self.order(width, terms) for _ in range(count)]
        if draw.random() < 0.6:
            first, down, across = draw.randrange(width), draw.choice([-2, -1, 1, 2]), draw.choice([-2, -1, 1, 2])
            rows = [[(first + down * i + across * j) % width for j in range(terms)] for i in range(count)]
        form, f = draw.randrange(5), SMOOTH[draw.choice(sorted(SMOOTH))]

        def layer(v, pool):
            self.form = form
            return [
                f(self.written([(pool[p], v[r]) for p, r in zip(places, own)], pool[b]) * (1.0 / terms))
                for places, own, b in zip(table, rows, biases)
            ]

        return layer, count

    def one(self, width):
        count = self.draw.choice([1, 2, 5, 9, 16])
        rows, f = self.order(width, count), SMOOTH[self.draw.choice(sorted(SMOOTH))]
        return lambda v, pool: [f(v[r]) for r in rows], count

    def two(self, width):
        count = self.draw.choice([1, 2, 5, 9, 16])
        first, second, f = self.order(width, count), self.order(width, count), TWO[self.draw.choice(sorted(TWO))]
        return lambda v, pool: [f(v[a], v[b]) for a, b in zip(first, second)], count

    def by_factor(self, width):
        """A row and a number that all samples share, in both orders."""
        count = self.draw.choice([1, 2, 5, 9, 16])
        rows, places = self.order(width, count), self.order(self.pool, count)
        f, turned = TWO[self.draw.choice(sorted(TWO))], self.draw.random() < 0.5
        if turned:
            return lambda v, pool: [f(pool[p], v[r]) for r, p in zip(rows, places)], count
        return lambda v, pool: [f(v[r], pool[p]) for r, p in zip(rows, places)], count

    def angle(self, width):
        """a · tanh(w · x / c): 1 / cosh is there where something is divided by a parameter."""
        count, f = self.draw.choice([1, 1, 2, 5]), self.draw.choice([functions.tanh, functions.sin, functions.tan])
        rows, a, w, c = self.order(width, count), *[self.order(self.pool, count) for _ in range(3)]
        return (
            lambda v, pool: [pool[i] * f(0.5 * (pool[j] * v[r] / pool[k])) for r, i, j, k in zip(rows, a, w, c)],
            count,
        )

    def uniform(self, width):
        """The pool gets what is made of parameters."""
        draw, count = self.draw, self.draw.choice([1, 3, 8, 17])
        first, second, kind = self.order(self.pool, count), self.order(self.pool, count), draw.randrange(3)
        f, g = TWO[draw.choice(sorted(TWO))], SMOOTH[draw.choice(sorted(SMOOTH))]
        terms = draw.choice([2, 9, 20])
        table = [self.order(self.pool, terms) for _ in range(count)]

        def layer(v, pool):
            if kind == 0:
                pool += [f(pool[a], pool[b]) for a, b in zip(first, second)]
            elif kind == 1:
                pool += [g(pool[a]) for a in first]
            else:
                pool += [sum(0.125 * pool[p] for p in places) for places in table]
            return v

        self.pool += count
        return layer, width

    def beside(self, width):
        """Rows and inputs in another order."""
        count, ours = self.draw.choice([2, 6, 12]), self.inputs
        places = self.order(width + ours, count)
        return lambda v, pool: [(v + self.x)[i] for i in places], count

    def reduce(self, width):
        size = self.draw.randint(1, width)
        f = self.draw.choice([micrograd.mean, micrograd.logsumexp, lambda v: sum(x * x for x in v) * (1.0 / len(v))])
        places = self.order(width, width)
        count = -(-width // size)
        return lambda v, pool: [f([v[p] for p in places[i * size : (i + 1) * size]]) for i in range(count)], count

    def __call__(self, x):
        self.x, v, pool = list(x), list(x), list(self.parameters)
        for layer in self.layers:
            v = layer(v, pool)
        return v


def loss(outputs, targets):
    return sum((a - b) ** 2 for a, b in zip(outputs, targets)) * (1.0 / len(targets))


def share(outputs):
    """A single number."""
    return sum((0.5 + 0.25 * k) * y for k, y in enumerate(outputs)) + outputs[0] * outputs[-1]


def close(found, expected):
    """Whether all is equal but for rounding, nan and inf too."""
    found, expected = np.asarray(found), np.asarray(expected)
    finite = np.isfinite(expected)
    scale = max(np.abs(expected[finite]).max(initial=0.0), 1e-3)
    return (
        found.shape == expected.shape
        and same(found[~finite], expected[~finite])
        and bool((np.abs(found[finite] - expected[finite]) <= TOLERANCE * scale).all())
    )


def compare_function(model, X, y, backend):
    """Value and gradient of the mean loss, and predictions, of a function."""
    for p in model.parameters:
        p.grad = 0.0
    expected = sum(loss(model(row), target) for row, target in zip(X.tolist(), y.tolist())) * (1.0 / len(X))
    expected.backward()
    program = micrograd.compile(
        model, model.inputs, loss=loss, targets=model.outputs, backend=backend, parameters=model.parameters, cache=False
    )
    value, gradient = program.value_and_gradient(X, y)
    assert close(value, expected.data), "value"
    assert close(gradient, [p.grad for p in model.parameters]), "gradient"


def compare_expressions(model, X, backend):
    """A list of built Values, and a single one with its derivatives by parameters and inputs."""
    x = [Value(0.3 + 0.1 * i) for i in range(model.inputs)]
    outputs = model(x)
    rows = [[y.data for y in model([Value(v) for v in row])] for row in X.tolist()]
    assert close(micrograd.compile(outputs, x, backend=backend, cache=False).predict(X), rows), "predict"
    program = micrograd.compile(share(outputs), x, backend=backend, cache=False)
    for p in program.parameters:
        p.grad = 0.0
    expected, by_inputs = [], []
    for row in X.tolist():
        leaves = [Value(v) for v in row]
        one = share(model(leaves))
        one.backward()
        expected.append(one.data)
        by_inputs.append([leaf.grad for leaf in leaves])
    gradient = np.array([p.grad for p in program.parameters]) * (1.0 / len(X))
    value, found = program.value_and_gradient(X)
    assert close(value, sum(expected) / len(X)), "value of an expression"
    assert close(found, gradient), "gradient of an expression"
    outputs, found = program.input_gradients(X)
    assert close(outputs, expected), "output"
    assert close(found, by_inputs), "input gradients"


def compare(seed, backends=BACKENDS, special=False):
    """Everything about one program; some of its parameters may be zero, infinite or nan."""
    model, rng = Model(seed), np.random.default_rng(seed)
    if special:
        for p in model.draw.sample(model.parameters, min(3, len(model.parameters))):
            p.data = model.draw.choice([0.0, -0.0, math.inf, -math.inf, math.nan])
    X = rng.standard_normal((int(rng.choice([1, 2, 9, 33, 70])), model.inputs))
    y = rng.standard_normal((len(X), model.outputs))
    for backend in backends:
        if seed % 2:
            compare_expressions(model, X, backend)
        else:
            compare_function(model, X, y, backend)


def with_machine(lanes, tile_rows, tile_vectors):
    """A processor with vectors and tiles of other sizes; LLVM makes of them what this processor has."""
    from micrograd.compiler.llvm.instructions import Registers
    from micrograd.compiler.llvm.native.machine_code import Processor, host

    processor = Processor(host().name, host().features, Registers(lanes, tile_rows, tile_vectors))
    return lambda: processor


@pytest.mark.parametrize("seed", range(24))
def test_programs_in_all_orders(seed):
    compare(seed)


@pytest.mark.parametrize("seed", range(500, 506))
def test_programs_with_numbers_that_are_zero_infinite_or_nan(seed):
    compare(seed, special=True)


@each_backend
def test_signs_of_zero_in_all_orders(backend):
    """Of what is computed number by number; a sum of products starts from 0."""
    draw, functions_of_two = random.Random(0), [TWO[name] for name in ("add", "subtract", "multiply", "select")]
    for _ in range(6):
        first, second = an_order(draw, 4, 9), an_order(draw, 4, 9)

        def model(x, first=first, second=second):
            of_one = [f(x[a]) for f in (abs, SMOOTH["negative"], functions.sin) for a in first]
            return of_one + [f(x[a], x[b]) for f in functions_of_two for a, b in zip(first, second)]

        X = [[draw.choice([0.0, -0.0, 1.0, -1.0]) for _ in range(4)] for _ in range(40)]
        found = micrograd.compile(model, 4, parameters=[], backend=backend, cache=False).predict(X)
        expected = np.array([[y.data for y in model([Value(v) for v in row])] for row in X])
        assert near(found, expected, 4.0)


@without_llvm
@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_programs_in_all_orders_with_vectors_and_tiles_of_other_sizes(machine, monkeypatch):
    monkeypatch.setattr("micrograd.compiler.llvm.runner.host", with_machine(*machine))
    for seed in range(100 * sum(machine), 100 * sum(machine) + 4):
        compare(seed, ["llvm"])


@pytest.mark.skipif("llvm" not in BACKENDS, reason="the code of llvm lays samples out")
@pytest.mark.parametrize("machine", [(8, 8, 2), (4, 6, 2), (2, 4, 2)])
@pytest.mark.parametrize("width", [1, 3, 8, 17])
def test_samples_are_laid_out_in_code_as_before_it(machine, width, monkeypatch):
    """Those of a call alone block by block, a batch that runs again once; for targets, weights and several threads."""
    monkeypatch.setattr("micrograd.compiler.llvm.runner.host", with_machine(*machine))
    monkeypatch.setattr("micrograd.compiler.llvm.runner.CHUNK_WORK", 2_000)
    rng, w = np.random.default_rng(width), Value(2.0)

    def loss(found, y):
        return sum([(a - b) * b for a, b in zip(found, y)])

    program = micrograd.compile(
        lambda x: [w * a for a in x], width, targets=width, parameters=[w], loss=loss, backend="llvm", threads=2
    )
    for n in (1, 7, 33, 130, 700):
        X, y, weights = rng.normal(size=(n, width)), rng.normal(size=(n, width)), rng.normal(size=n)
        batch = program.batch(X, y, weights=weights)
        once = program.value_and_gradient(X, y, weights=weights)
        assert (program.predict(X) == 2.0 * X).all()
        for _ in range(3):
            assert program.value_and_gradient(batch) == once
            assert (program.predict(batch) == 2.0 * X).all()


@each_backend
def test_factors_in_falling_order(backend):
    N, M = 100, 30
    p, x = [Value(0.01 * i + 1.0) for i in range(N * M)], Value(0.5)
    h = [functions.sin(x * (0.01 * i + 0.3)) for i in range(N)]
    out = [sum(w * x for w in p)] + [sum(p[(N - 1 - r) * M + j] * h[r] for r in range(N)) for j in range(M)]
    found = micrograd.compile(out, [x], backend=backend, cache=False).predict([[0.5]])[0]
    assert found[1:3].tolist() == pytest.approx([492.68165810743216, 493.0647531219759], rel=1e-13)
    assert found.tolist() == pytest.approx([y.data for y in out], rel=1e-13)


@each_backend
def test_a_divisor_that_all_samples_share_is_not_taken_for_a_row(backend):
    for count in range(20):  # one of them has the row of cosh where the divisor has its slot
        q, e = [Value(0.1 * (i + 1)) for i in range(count)], Value(0.2)
        c, w, a, x = Value(1.7, "c"), Value(0.9, "w"), Value(1.3), Value(0.94, "x")
        y = (sum(q, e) + 0.0 * c) + a * (w * x / c).tanh()
        y.backward()
        program = micrograd.compile(y, [x], backend=backend, cache=False)
        gradient = program.value_and_gradient([[0.94]])[1]
        assert gradient.tolist() == pytest.approx([p.grad for p in program.parameters], rel=1e-14)
        found = dict(zip([p.label for p in program.parameters], gradient.round(4)))
        assert found["c"] == -0.2999 and found["w"] == 0.5665


@each_backend
def test_what_cancels_in_plain_code_cancels(backend):
    """A fused multiply-add would leave the rounding error of one product, of either sign."""
    rng = np.random.default_rng(0)
    pairs = rng.standard_normal((100, 2))
    X = np.concatenate([pairs, pairs[:, ::-1]], axis=1)

    def model(x):
        area = x[0] * x[1] - x[2] * x[3]
        return [area, functions.sqrt(area), functions.where(area > 0.0, 1.0, 0.0), x[0] * x[0] - x[3] * x[3]]

    for block in (X[:1], X):
        assert (micrograd.compile(model, 4, parameters=[], backend=backend, cache=False).predict(block) == 0.0).all()
    p = [Value(v) for v in X[0]]  # numbers that all samples share
    program = micrograd.compile(lambda x: model(p)[1] + x[0], 1, parameters=p, backend=backend, cache=False)
    assert program.predict([2.0]).tolist() == [2.0]


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 3:
        import micrograd.compiler.llvm.runner

        micrograd.compiler.llvm.runner.host = with_machine(*map(int, sys.argv[3:]))
    for number in range(*map(int, sys.argv[1:3])):
        try:
            compare(number)
        except Exception as error:
            print(number, type(error).__name__, error)
