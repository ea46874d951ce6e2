"""Compiled programs against plain Value code: values, gradients, edge cases, shared weights, odd graphs, errors."""

import math
import pickle
import random
from importlib.util import find_spec

import pytest
from same import near
from test_targets import EXACT, GRID, MORE

import micrograd
from micrograd import Trainer, Value, losses, nn, optim
from micrograd.compiler.samples import Batch
from micrograd.engine import apply
from micrograd.ops import TABLE
from micrograd.training.objectives import Eager

np = pytest.importorskip("numpy")
without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")
backends = pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path_factory.getbasetemp() / "machine-code"))


def squares(parameters):
    return 1e-4 * sum(p * p for p in parameters)


def agree(program, objective, X, y, tolerance=1e-14):
    value, gradient = program.value_and_gradient(X, y)
    expected, expected_gradient = objective.value_and_gradient(objective.batch(X, y))
    scale = max(map(abs, expected_gradient)) + 1e-300
    assert abs(value - expected) <= tolerance * max(1.0, abs(expected))
    assert np.abs(gradient - expected_gradient).max() <= tolerance * max(scale, 1e-3)
    assert program.value(X, y) == pytest.approx(expected, rel=tolerance)


NETS = [
    (2, [16, 16, 1], "relu", losses.hinge, 0, squares),
    (2, [5, 3, 1], "tanh", losses.squared_error, 0, None),
    (7, [9, 4], "sigmoid", losses.cross_entropy, 4, None),
    (3, [6, 1], "softplus", losses.binary_cross_entropy, 0, squares),
    (20, [33, 10], "tanh", losses.cross_entropy, 10, None),
]


@backends
@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("net", NETS, ids=lambda net: f"{net[0]}-{'-'.join(map(str, net[1]))}")
def test_networks_agree_with_plain_code(backend, net, count):
    inputs, widths, activation, loss, targets, penalty = net
    model = nn.MLP(inputs, widths, activation=activation, generator=random.Random(1))
    program = micrograd.compile(model, inputs, loss=loss, targets=targets, penalty=penalty, backend=backend)
    rng = np.random.default_rng(count)
    X = rng.standard_normal((count, inputs))
    y = (
        rng.integers(0, targets, count)
        if targets
        else rng.choice([-1.0, 1.0], count)
        if loss is losses.hinge
        else rng.random(count)
    )
    objective = Eager(model, loss, model.parameters(), penalty)
    agree(program, objective, X, y)
    expected = np.array(objective.predict(X))
    assert program.predict(X).shape == expected.shape
    assert np.allclose(program.predict(X), expected, rtol=1e-13, atol=1e-14)


@backends
def test_a_number_on_either_side_of_every_row(backend):
    """What is known before the program runs goes other ways: identities, powers, what a backend does for one number."""
    rows = [op for op in TABLE.values() if len(op.partials) == 2]
    numbers = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, math.inf, math.nan)
    cases = [(op, number, first) for op in rows for number in numbers for first in (True, False)]

    def model(x):
        return [apply(op, (number, v) if first else (v, number)) for v, (op, number, first) in zip(x, cases)]

    X = np.array([[x] * len(cases) for x in GRID + MORE])
    batch = Batch(X, np.zeros((len(X), 1)))  # made by hand, it may have inf and nan
    found = micrograd.compile(model, len(cases), parameters=[], backend=backend).predict(batch).tolist()
    total = micrograd.compile(lambda x: sum(model(x)), len(cases), parameters=[], backend=backend)
    for row, values, slopes in zip(X.tolist(), found, total.input_gradients(batch)[1].tolist()):
        leaves = [Value(x) for x in row]
        for out, leaf, value, slope, case in zip(model(leaves), leaves, values, slopes, cases):
            out.backward()
            if case[0].name != "copysign" or case[1] == case[1] and leaf.data == leaf.data:  # a nan has no sign
                exact = case[0].name in EXACT
                assert near(value, out.data, 0.0 if exact else 4.0) and near(slope, leaf.grad, 4.0), (case, leaf, value)


def op_of(name, operands):
    for operand in operands:
        if hasattr(operand, "operate"):
            return operand.operate(name, tuple(operands))
    return TABLE[name].forward(*map(float, operands))


@backends
def test_a_branch_not_taken_gives_nothing_to_the_gradient(backend):
    x, w = Value(0.0), Value(1.0)
    root = micrograd.where(x > 0.0, micrograd.log(w * x), w * 3.0)
    program = micrograd.compile(root, [x], backend=backend)
    value, gradient = program.value_and_gradient([[0.0], [-1.0]])
    assert value == 3.0 and gradient.tolist() == [3.0]
    assert program.input_gradients([[0.0]])[1].tolist() == [[0.0]]


@backends
def test_weight_sharing_convolution_and_recurrence(backend):
    generator = random.Random(3)
    kernel = [Value(generator.gauss(0, 1)) for _ in range(3)]
    mix = [[Value(generator.gauss(0, 0.5)) for _ in range(4)] for _ in range(4)]
    out = [Value(generator.gauss(0, 1)) for _ in range(4)]
    parameters = kernel + [w for row in mix for w in row] + out

    def model(x):
        features = [sum(k * x[i + j] for j, k in enumerate(kernel)).relu() for i in range(10)]
        state = features[:4]
        for t in range(5):
            state = [(sum(w * s for w, s in zip(row, state)) + features[5 + t]).tanh() for row in mix]
        return sum(w * s for w, s in zip(out, state))

    program = micrograd.compile(model, 12, loss=losses.squared_error, parameters=parameters, backend=backend)
    rng = np.random.default_rng(0)
    agree(program, Eager(model, losses.squared_error, parameters), rng.standard_normal((70, 12)), rng.random(70))


@backends
@pytest.mark.parametrize(("seed", "size"), [(0, 40), (1, 150), (2, 150), (3, 150), (4, 800), (5, 800)])
def test_random_irregular_graphs(backend, seed, size):
    generator = random.Random(seed)
    names = ["add", "sub", "mul", "tanh", "sin", "maximum", "sigmoid", "relu", "atan2", "softplus", "neg", "hypot"]
    parameters = [Value(generator.gauss(0, 1)) for _ in range(8)]
    plan = [(name, [generator.random() for _ in TABLE[name].partials]) for name in generator.choices(names, k=size)]

    def model(x):
        nodes = [*x, *parameters]
        for name, places in plan:
            nodes.append(op_of(name, [nodes[-1 - int(p * min(len(nodes), 25))] for p in places]))
        return sum(nodes[-9:])

    program = micrograd.compile(model, 4, loss=losses.squared_error, parameters=parameters, backend=backend)
    rng = np.random.default_rng(seed)
    agree(program, Eager(model, losses.squared_error, parameters), rng.standard_normal((40, 4)), rng.random(40), 1e-12)


@backends
def test_a_sum_of_one_row_many_times(backend):
    w = [Value(0.5), Value(-2.0)]

    def model(x):
        return sum([w[0] * x[0], w[1] * x[0], w[0] * micrograd.exp(x[0]), x[0] * 3.0])

    agree(
        micrograd.compile(model, 1, loss=losses.squared_error, parameters=w, backend=backend),
        Eager(model, losses.squared_error, w),
        [0.1, 0.2],
        [1.0, 2.0],
    )


@backends
def test_losses_of_all_kinds(backend):
    w = [Value(0.3), Value(-0.8)]
    X, y = np.linspace(-2, 2, 9)[:, None], np.where(np.arange(9) % 2, 1.0, -1.0)
    for name in ("squared_error", "absolute_error", "huber", "hinge", "logistic"):
        loss = getattr(losses, name)

        def model(x):
            return w[0] * x[0] + w[1]

        agree(micrograd.compile(model, 1, loss=loss, parameters=w, backend=backend), Eager(model, loss, w), X, y)


@backends
def test_a_uniform_part_runs_once_and_reads_other_values_again(backend):
    a, held = Value(0.4), Value(2.0)

    def model(x):
        return micrograd.exp(a * held) * x[0] + a.sigmoid()

    program = micrograd.compile(model, 1, loss=losses.squared_error, parameters=[a], backend=backend)
    for value in (2.0, -1.0):
        held.data = value
        agree(program, Eager(model, losses.squared_error, [a]), [[1.0], [2.0]], [0.0, 1.0])


@backends
def test_values_at_other_parameters_leave_the_model_alone(backend):
    w = Value(3.0)
    program = micrograd.compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error, backend=backend)
    assert program.predict([2.0], at=[10.0]).tolist() == [20.0]
    assert program.value([1.0], [0.0], at=[2.0]) == 4.0
    assert w.data == 3.0 and w.grad == 0.0
    with pytest.raises(ValueError, match="at=1 numbers"):
        program.predict([2.0], at=[1.0, 2.0])


@backends
def test_a_constant_and_an_unused_parameter(backend):
    w, unused = Value(3.0), Value(1.0)
    program = micrograd.compile(lambda x: [w * 2.0, x[0], 7.0 + 0.0 * w], 2, parameters=[w, unused], backend=backend)
    assert program.predict([[1.0, 2.0], [4.0, 5.0]]).tolist() == [[6.0, 1.0, 7.0], [6.0, 4.0, 7.0]]
    program = micrograd.compile(
        lambda x: w * w, 1, parameters=[w, unused], loss=lambda p, t: p + 0.0 * t, backend=backend
    )
    value, gradient = program.value_and_gradient([1.0, 2.0], [0.0, 0.0])
    assert value == 9.0 and gradient.tolist() == [6.0, 0.0]


@backends
def test_a_value_that_no_input_reaches_has_its_derivative(backend):
    x, w = Value(2.0), Value(3.0)
    for root, slope in ((w * 1.0, 1.0), (w * w, 6.0), (w.sigmoid() - w.sigmoid(), 0.0)):
        value, gradient = micrograd.compile(root, [x], backend=backend).value_and_gradient([1.0, 2.0])
        assert value == root.data and gradient.tolist() == [slope][: len(gradient)]


@backends
def test_an_infinite_loss_is_inf_not_nan(backend):
    w = Value(3.0)
    program = micrograd.compile(
        lambda x: micrograd.exp(w * x[0]), 1, parameters=[w], loss=losses.squared_error, backend=backend
    )
    value, gradient = program.value_and_gradient([1000.0], [1.0])
    assert value == math.inf and gradient.tolist() == [math.inf] and program.value([1000.0], [1.0]) == math.inf


@backends
def test_the_same_bits_again_and_after_pickling(backend):
    model = nn.MLP(3, [8, 1], activation="tanh", generator=random.Random(0))
    program = micrograd.compile(model, 3, loss=losses.squared_error, backend=backend)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((500, 3)), rng.random(500)
    first = program.value_and_gradient(X, y)
    again = pickle.loads(pickle.dumps(program)).value_and_gradient(X, y)
    assert first[0] == again[0] and (first[1] == again[1]).all()
    assert X.astype(np.float32).dtype != program.batch(X.astype(np.float32), y).X.dtype
    assert (program.predict(np.asfortranarray(X)) == program.predict(X.tolist())).all()


@backends
def test_threads_may_share_a_program(backend):
    from concurrent.futures import ThreadPoolExecutor

    model = nn.MLP(3, [8, 1], activation="tanh", generator=random.Random(0))
    program = micrograd.compile(model, 3, loss=losses.squared_error, backend=backend)
    rng = np.random.default_rng(0)
    batches = [program.batch(rng.standard_normal((500, 3)), rng.random(500)) for _ in range(8)]
    expected = [program.value_and_gradient(batch)[0] for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            assert [value for value, _ in pool.map(program.value_and_gradient, batches)] == expected


@backends
def test_batches_are_checked_and_taken_apart(backend):
    w = Value(1.0)
    program = micrograd.compile(lambda x: w * x[0] + x[1], 2, parameters=[w], loss=losses.hinge, backend=backend)
    batch = program.batch([[1, 2], [3, 4], [5, 6]], [1, -1, 1])
    assert program.value(batch.take([2, 0])) == program.value([[5, 6], [1, 2]], [1, 1])
    for X, y, message in [
        ([[1, 2, 3]], [1], r"shape \(samples, 2\)"),
        ([], [], "expected X of shape|at least one sample"),
        ([[1, math.nan]], [1], r"X\[0\]\[1\]: expected finite numbers, got nan"),
        ([[1, 2], [3]], [1, 1], "rows of one width"),
        ([[1, 2]], [0], "-1 or 1"),
        ([[1, 2]], [1, 1], "one target per sample"),
        ([["a", "b"]], [1], "numbers in X"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            program.value(X, y)


def branching(x):
    if x[0] > 0:
        return x[0]
    return -x[0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (branching, r'branch.*test_compile.py, line \d+: "if x\[0\] > 0:"'),
        (lambda x: math.exp(x[0]), "turned into a number.*line"),
        (lambda x: Value(1.0) * x[0].data, "`.data` is read"),
        (lambda x: max(x[0], 0.0 * x[0]), "branch"),
        (lambda x: "text", "expected the model to return a Value or a list of Values, got str 'text'"),
    ],
)
def test_what_depends_on_numbers_is_refused_with_the_line(model, message):
    with pytest.raises(TypeError, match=message):
        micrograd.compile(model, 1, parameters=[Value(1.0)])


def test_a_model_that_draws_random_numbers_is_noticed():
    w, generator = Value(1.0), random.Random(0)
    with pytest.raises(micrograd.compiler.TraceError, match="random number"):
        micrograd.compile(lambda x: w * x[0] * generator.random(), 1, parameters=[w])


def test_parameters_are_themselves_again_after_a_failed_trace():
    w = Value(1.0, "w")
    with pytest.raises(TypeError):
        micrograd.compile(lambda x: w if w > 0 else x[0], 1, parameters=[w])
    assert type(w) is type(Value(1.0)) and (w * 2.0).data == 2.0


def test_bad_arguments():
    w = Value(1.0)
    for call, message in [
        (lambda: micrograd.compile(lambda x: x[0], 1), "parameters="),
        (lambda: micrograd.compile(lambda x: x[0], 0, parameters=[w]), "inputs"),
        (lambda: micrograd.compile(lambda x: x[0], 1, parameters=[w, w]), "twice"),
        (lambda: micrograd.compile(lambda x: x[0], 1, parameters=[w * 2.0]), "leaves"),
        (lambda: micrograd.compile(w * w, []), "leaves"),
        (lambda: micrograd.compile(w * w, [w], backend="fast"), "backend"),
    ]:
        with pytest.raises((TypeError, ValueError), match=message):
            call()


def test_every_stage_can_be_printed():
    w = [Value(1.0), Value(2.0)]
    program = micrograd.compile(
        lambda x: (w[0] * x[0]).sigmoid() * w[1], 1, parameters=w, loss=losses.squared_error, backend="numpy"
    )
    assert "sigmoid" in str(program.graph) and "sigmoid" in str(program.steps) and "def block" in program.source
    with pytest.raises(TypeError, match="intermediate representation"):
        program.ir  # noqa: B018


class TestLlvm:
    """What only machine code has: threads, targets, the cache."""

    @pytest.fixture(autouse=True)
    def llvm(self):
        pytest.importorskip("llvmlite")

    def net(self, **options):
        model = nn.MLP(8, [24, 3], activation="tanh", generator=random.Random(0))
        return micrograd.compile(model, 8, loss=losses.cross_entropy, targets=3, backend="llvm", **options)

    def test_the_same_bits_for_any_number_of_threads(self):
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((20_000, 8)), rng.integers(0, 3, 20_000)
        results = [self.net(threads=threads).value_and_gradient(X, y) for threads in (1, 2, 5)]
        assert len({(value, gradient.tobytes()) for value, gradient in results}) == 1

    @pytest.mark.parametrize("features", ["+avx512f,+avx2,+fma,+avx", "+avx2,+fma,+avx", ""])
    def test_other_processors(self, features):
        import llvmlite.binding as binding

        from micrograd.compiler.arrays.passes import PURPOSES, through
        from micrograd.compiler.llvm.native.machine_code import Processor, host
        from micrograd.compiler.llvm.runner import llvm_runner

        host()
        if "x86_64" not in binding.get_process_triple():
            pytest.skip("these features are those of x86-64 processors")
        have = {name for name, there in binding.get_host_cpu_features().items() if there}
        if not {feature[1:] for feature in features.split(",") if feature} <= have:
            pytest.skip(f"this processor has not all of {features}")
        program = self.net()
        target = Processor("x86-64", features)
        runner = llvm_runner(through(PURPOSES["gradient"], program._trace), processor=target, cache=False)
        rng = np.random.default_rng(0)
        batch = program.batch(rng.standard_normal((100, 8)), rng.integers(0, 3, 100))
        value, gradient, _ = runner.step(batch, program._leaves(None), 0.01)
        expected = program.value_and_gradient(batch)
        assert value == pytest.approx(expected[0], rel=1e-14)
        assert np.abs(gradient - expected[1]).max() <= 1e-14

    def test_machine_code_is_kept_and_damage_is_noticed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path))
        first = self.net().predict(np.ones((2, 8)))
        files = sorted(tmp_path.iterdir())
        assert files
        stamps = [file.stat().st_mtime_ns for file in files]
        assert (self.net().predict(np.ones((2, 8))) == first).all()
        assert [file.stat().st_mtime_ns for file in files] == stamps
        for file in files:
            file.write_bytes(file.read_bytes()[:-5])
        assert (self.net().predict(np.ones((2, 8))) == first).all()
        assert self.net(cache=False).ir.startswith("declare")

    def test_a_cache_that_cannot_be_written_is_no_error(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path / "file" / "folder"))
        assert self.net().predict(np.ones((1, 8))).shape == (1, 3)


def test_numpy_refuses_what_is_too_long_for_it(monkeypatch):
    from micrograd.compiler import backends

    monkeypatch.setitem(backends.MOST_STEPS, "numpy", 100)
    w, x = Value(0.5), Value(0.25)

    def chain(row, length):
        y = row[0]
        for _ in range(length):
            y = y * w + micrograd.sin(y)
        return y

    with pytest.raises(ValueError, match=r'at most 100 steps for the backend "numpy".*got \d{3}.*backend="llvm"'):
        micrograd.compile(chain([x], 200), [x], backend="numpy").predict([1.0])
    assert micrograd.compile(chain([x], 20), [x], backend="numpy").predict([0.25]) == pytest.approx(chain([x], 20).data)
    monkeypatch.setattr(backends, "chosen", lambda backend: "numpy")
    trainer = Trainer(lambda row: chain(row, 200), losses.squared_error, optim.SGD(lr=1e-9), parameters=[w])
    trainer.fit([0.1], [0.2], epochs=1)
    assert trainer.objective.backend == "eager" and "at most 100 steps" in repr(trainer.objective)
