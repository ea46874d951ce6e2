"""What the emitters make of a program: where rows stand, what is shared, blocks that are not full, other processors."""

import itertools
import math
import pickle
import random
from importlib.util import find_spec

import pytest
from same import near, same

import micrograd
from micrograd import Value, compile, functions, losses, nn, sin, tanh
from micrograd.training.objectives import Eager

np = pytest.importorskip("numpy")
without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")


def layers(widths, activation, loss, targets=0):
    def make():
        model = nn.MLP(widths[0], widths[1:], activation=activation, generator=random.Random(2))
        return model, widths[0], model.parameters(), loss, targets

    return make


def recurrence(steps=6, size=5, form=0):
    """h ← tanh(W h + w x + b), written in ways that put the bias and the input in other places of the sum."""

    def make():
        draw = random.Random(3)
        W = [[Value(draw.gauss(0.0, 0.4)) for _ in range(size)] for _ in range(size)]
        w, b, out = ([Value(draw.gauss(0.0, 0.4)) for _ in range(size)] for _ in range(3))

        def cell(i, x, h):
            if form == 0:
                return sum((a * v for a, v in zip(W[i], h)), w[i] * x + b[i])
            if form == 1:
                return w[i] * x + sum(a * v for a, v in zip(W[i], h)) + b[i]
            return sum(a * v for a, v in zip(W[i], h)) - b[i] + (w[i] * x).sin()

        def model(x):
            h = [0.0] * size
            for t in range(steps):
                h = [cell(i, x[t], h).tanh() for i in range(size)]
            return sum(a * v for a, v in zip(out, h))

        return model, steps, [p for row in W for p in row] + w + b + out, losses.squared_error, 0

    return make


def convolution():
    draw = random.Random(4)
    kernels = [[Value(draw.gauss(0.0, 0.5)) for _ in range(5)] for _ in range(3)]
    dense = [Value(draw.gauss(0.0, 0.5)) for _ in range(3 * 8)]

    def model(x):
        maps = [
            (sum(w * x[i + k] for k, w in enumerate(kernel[:4])) + kernel[4]).relu()
            for kernel in kernels
            for i in range(8)
        ]
        return sum(w * v for w, v in zip(dense, maps))

    return model, 11, [w for kernel in kernels for w in kernel] + dense, losses.squared_error, 0


def irregular():
    """A graph whose nodes have little in common: its samples are played."""
    draw = random.Random(5)
    parameters = [Value(draw.uniform(0.5, 1.5)) for _ in range(6)]
    choices = [(draw.randrange(5), draw.random(), draw.random()) for _ in range(900)]

    def model(x):
        nodes = [*parameters, *x]
        for kind, a, b in choices:
            left, right = nodes[int(a * len(nodes))], nodes[-1 - int(b * 9)]
            nodes.append([left + right, left - right, sin(left * right), tanh(right), sin(left) * 0.5][kind])
        return sum(nodes[-40:]) * 0.02

    return model, 3, parameters, losses.squared_error, 0


def geometry():
    """Points turned, moved and projected: groups of two and three rows, many sums, no layer."""
    p = [Value(v) for v in (0.3, -0.2, 0.5, 0.1, -0.4, 4.0, 1.1, 0.01, 0.7, 0.2)]

    def model(x):
        turned = [p[(i + 1) % 3] * x[(i + 2) % 3] - p[(i + 2) % 3] * x[(i + 1) % 3] for i in range(3)]
        a, b, c = [x[i] * p[8] + turned[i] * p[9] + p[3 + i] for i in range(3)]
        c = c * c + 1.0
        radius = (a / c) ** 2 + (b / c) ** 2
        return p[6] * (1.0 + p[7] * radius) * (a / c - b / c) + (c * p[9]).sin()

    return model, 3, p, losses.squared_error, 0


MODELS = {
    "relu": layers([2, 16, 16, 1], "relu", losses.hinge),
    "tanh": layers([3, 9, 7, 1], "tanh", losses.squared_error),
    "digits": layers([20, 33, 10], "tanh", losses.cross_entropy, 10),
    "sigmoid": layers([4, 40, 1], "sigmoid", losses.squared_error),
    "recurrence, bias after the input": recurrence(form=0),
    "recurrence, bias last": recurrence(form=1),
    "recurrence, a sine in the sum": recurrence(form=2),
    "convolution": convolution,
    "irregular": irregular,
    "geometry": geometry,
}
models = pytest.mark.parametrize("name", sorted(MODELS))


def compiled(name, backend="numpy", **options):
    model, inputs, parameters, loss, targets = MODELS[name]()
    return micrograd.compile(
        model, inputs, loss=loss, targets=targets, parameters=parameters, backend=backend, **options
    )


def data(program, count, seed=0):
    """Samples, and targets that suit every loss: classes where there are several."""
    rng = np.random.default_rng(seed)
    classes = program._trace.targets
    y = rng.integers(0, classes, count) if classes else rng.choice([-1.0, 1.0], count)
    return rng.standard_normal((count, program._trace.inputs)), y


def eager(name, X, y):
    """Value and gradient in plain code."""
    model, _, parameters, loss, targets = MODELS[name]()
    objective = Eager(model, loss, parameters)
    value, gradient = objective.value_and_gradient(objective.batch(X, y))
    return value, np.array(gradient)


def gradient_program(trace, guard=False):
    """The array program of value and gradient."""
    from micrograd.compiler.arrays.passes import PURPOSES, through

    return through(PURPOSES["guarded gradient" if guard else "gradient"], trace)


class Memory:
    """Which row stands in each place; reading a row that was written over is an error."""

    def __init__(self, of, rows):
        self.of, self.row_at = of, {int(of[row]): row for row in range(rows)}

    def read(self, index):
        for row in np.ravel(index).tolist():
            assert self.row_at[int(self.of[row])] == row

    def write(self, step):
        for row in range(step.start, step.start + step.count):
            if self.of[row] >= 0:
                self.row_at[int(self.of[row])] = row


class TestPlaces:
    """Every row is where it is looked for, and what nobody reads takes no room."""

    def gradient(self, name, guard):
        return gradient_program(compiled(name)._trace, guard)

    @models
    @pytest.mark.parametrize("guard", [False, True])
    def test_in_numpy_code(self, name, guard):
        from micrograd.compiler.arrays.passes import through
        from micrograd.compiler.numpy.code import PASSES

        program = through(PASSES, self.gradient(name, guard))
        places = program.buffers
        memory = Memory(places.of, program.weight + 1)
        for step in program.order:
            memory.read([row for index in step.reads() for row in index])
            memory.write(step)
        assert places.count <= program.rows

    def test_inputs_that_go_into_products_alone_are_not_copied(self):
        for name in ("digits", "convolution"):
            assert "= x\n" not in compiled(name).source
        assert "W[0:6] = x\n" in compiled("recurrence, a sine in the sum").source

    @models
    @pytest.mark.parametrize("guard", [False, True])
    def test_in_loops(self, name, guard):
        from micrograd.compiler.arrays.passes import through
        from micrograd.compiler.llvm.code import PASSES

        program = through(PASSES, self.gradient(name, guard))
        fused, places = program.fused, program.buffers
        memory = Memory(places.of, program.weight + 1)
        for number, nest in enumerate(fused.nests):
            own = fused.own(number)
            for index in nest.reads():
                memory.read(index)
            for index in places.early.get(number, ()):  # a loop reads these before it writes the same row elsewhere
                assert nest.step is None and len(index) == nest.count
            written = [set(places.of[step.own].tolist()) - {-1} for step in own]
            assert sum(map(len, written)) == len(set().union(*written))  # nothing over what was made beside it
            taken = set().union(*written) & {int(p) for index in nest.reads() for p in places.of[index]}
            assert taken <= {int(p) for index in places.early.get(number, ()) for p in places.of[index]}
            for step in own:
                memory.write(step)

    def test_where_samples_are_played(self):
        from micrograd.compiler.entries.steps import sample_entries
        from micrograd.compiler.llvm.irregular import worth_it

        program = self.gradient("irregular", False)
        assert worth_it(program) and not worth_it(self.gradient("relu", False))
        entries, places, filled = sample_entries(program)
        given = program.weight + 1
        assert entries.size - len(filled) < program.rows / 2
        assert set(entries.made.tolist()) == set(range(given + len(filled), entries.size))
        kept = np.concatenate([index.ravel() for one in program.sums for index in one.reads()])
        assert (places[kept] >= 0).all()

    def test_a_network_takes_little_more_than_what_its_backward_pass_needs(self):
        from micrograd.compiler.arrays.passes import through
        from micrograd.compiler.llvm.code import PASSES

        program = through(PASSES, self.gradient("relu", False))
        needed = 16 + 16 + 16  # two hidden layers; the adjoints of one take its place
        assert needed <= program.buffers.count <= needed + 10
        assert program.rows > 3 * needed


@without_llvm
class TestCode:
    """Machine code: partial blocks, all widths, code that is shared."""

    @pytest.fixture(autouse=True)
    def own_cache(self, tmp_path_factory, monkeypatch):
        monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path_factory.getbasetemp() / "machine-code"))

    def runner(self, program, features, guard):
        """Code for a processor with these features; it need not have the instructions of wider ones."""
        from micrograd.compiler.llvm.native.machine_code import Processor, host
        from micrograd.compiler.llvm.runner import llvm_runner

        here = host()
        if not {f for f in features.split(",") if f} <= set(here.features.split(",")):
            pytest.skip(f"this processor has not all of {features}")
        target = here if features == "" else Processor("x86-64", features)
        return llvm_runner(gradient_program(program._trace, guard), processor=target)

    @models
    @pytest.mark.parametrize("features", ["", "+sse2", "+avx2,+fma,+avx", "+avx512f,+avx2,+fma,+avx"])
    def test_blocks_that_are_not_full(self, name, features):
        program = compiled(name)
        for guard, counts in ((False, (1, 7, 8, 9, 31, 33, 64, 65, 127, 130, 513)), (True, (40, 70))):
            runner = self.runner(program, features, guard)
            for count in counts:
                X, y = data(program, count, seed=count)
                batch = program.batch(X, y)
                value, gradient, finite = runner.step(batch, program._leaves(None), 1.0 / count)
                expected, expected_gradient = program.value_and_gradient(batch)  # by NumPy
                assert finite and value == pytest.approx(expected, rel=1e-13)
                scale = np.abs(expected_gradient).max()
                assert np.abs(gradient - expected_gradient).max() <= 1e-13 * scale

    @models
    def test_both_backends_agree_with_plain_code(self, name):
        for backend in ("numpy", "llvm"):
            program = compiled(name, backend)
            X, y = data(program, 21)
            value, gradient = program.value_and_gradient(X, y)
            expected, expected_gradient = eager(name, X.tolist(), y.tolist())
            assert value == pytest.approx(expected, rel=1e-13)
            assert np.abs(gradient - expected_gradient).max() <= 1e-13 * np.abs(expected_gradient).max()

    @pytest.mark.parametrize("form", [0, 1, 2])
    def test_a_longer_recurrence_is_no_more_code(self, form):
        lengths = []
        for steps in (8, 40):
            model, inputs, parameters, loss, _ = recurrence(steps, form=form)()
            program = micrograd.compile(model, inputs, loss=loss, parameters=parameters, backend="llvm", cache=False)
            matrices = [step for step in program.steps.steps if "matrix 5×" in str(step)]
            assert len(matrices) >= 2 * (steps - 1)  # forward and backward
            lengths.append(program.ir.count("define internal void @stage"))
        assert lengths[1] <= lengths[0] + 3

    def test_what_runs_once_a_step_is_played(self):
        """So code does not grow with it, nor does the time that LLVM takes."""

        def program(steps):
            a, b = Value(0.9), Value(0.3)

            def model(x):
                s = a
                for _ in range(steps):
                    s = sin(a * s) + b
                return s * x[0]

            return compile(model, 1, parameters=[a, b], loss=losses.squared_error, backend="llvm", cache=False)

        short, long = program(3), program(300)
        assert short.ir.count("\n") == long.ir.count("\n")
        X, y = [[0.5], [2.0]], [0.1, 0.7]
        value, gradient = long.value_and_gradient(X, y)
        step = 1e-6
        slopes = [
            (long.value(X, y, at=[0.9 + da, 0.3 + db]) - long.value(X, y, at=[0.9 - da, 0.3 - db])) / (2 * step)
            for da, db in ((step, 0.0), (0.0, step))
        ]
        assert gradient.tolist() == pytest.approx(slopes, rel=1e-6) and math.isfinite(value)

    def test_what_runs_once_a_step_is_emitted_when_a_batch_comes_again(self):
        a, b = Value(0.9), Value(0.3)

        def model(x):
            s = a
            for _ in range(60):
                s = (a * s + b) / (s * s + 1.0)
            return s * x[0]

        program = compile(model, 1, parameters=[a, b], loss=losses.squared_error, backend="llvm", cache=False)
        batch = program.batch([[0.5], [2.0]], [0.1, 0.7])
        runner, found = program._runner("gradient"), []
        for k in range(4):
            value, gradient = program.value_and_gradient(batch, at=[0.8, 0.2])
            found.append((value, *gradient.tolist()))
            assert bool(runner._emitted) == (k > 0)
        assert found == found[:1] * 4

    def test_layers_of_one_size_share_their_code(self):
        counts = []
        for depth in (5, 60):
            model = nn.MLP(3, [6] * depth + [1], activation="tanh", generator=random.Random(0))
            program = micrograd.compile(model, 3, loss=losses.squared_error, backend="llvm", cache=False)
            counts.append(program.ir.count("define internal void @stage"))
            assert "@play" not in program.ir
        assert counts[1] <= counts[0] + 2

    def test_positions_of_a_convolution_share_their_code(self):
        program = compiled("convolution", "llvm")
        assert program.ir.count("define internal void @stage") < 16
        assert program.ir.count("call void @stage") >= 20

    @pytest.mark.parametrize(
        "triple, features, machine",
        [("aarch64-unknown-linux-gnu", "+neon", (2, 4, 4)), ("riscv64-unknown-linux-gnu", "+d", (2, 4, 2))],
    )
    def test_code_for_processors_of_other_kinds_can_be_made(self, triple, features, machine):
        """It cannot be run here; that LLVM takes it, without functions it does not have, is what this shows."""
        import llvmlite.binding as binding

        from micrograd.compiler.llvm.code import llvm_code
        from micrograd.compiler.llvm.instructions import Registers
        from micrograd.compiler.llvm.native.machine_code import optimise, started

        started()
        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        target = binding.Target.from_triple(triple).create_target_machine(features=features, opt=2)
        for name in ("relu", "digits", "irregular"):
            program = gradient_program(compiled(name)._trace)
            module = binding.parse_assembly(llvm_code(program, Registers(*machine)).source)
            module.triple, module.data_layout = triple, str(target.target_data)
            optimise(module, target)
            text = target.emit_assembly(module)
            assert "whole:" in text and ("fmla" in text or "fmadd.d" in text)

    def test_small_programs_run_in_larger_blocks(self):
        from micrograd.compiler.llvm.code import BLOCK_BYTES, LARGEST_BLOCK, USUAL_BLOCK

        w = [Value(0.7), Value(-1.3)]
        program = micrograd.compile(
            lambda x: (w[1] * (w[0] * x[0]).sigmoid()).sigmoid(),
            1,
            parameters=w,
            loss=losses.squared_error,
            backend="llvm",
        )
        code = program._main.code
        assert USUAL_BLOCK < code.block <= LARGEST_BLOCK
        assert code.block * 8 * (code.leaves + code.workspace_rows) <= BLOCK_BYTES
        assert compiled("digits", "llvm")._main.code.block == USUAL_BLOCK

    def test_quick_steps_go_on_with_each_place_of_a_convolution(self):
        from micrograd.compiler.llvm.code import SMALLEST_BLOCK

        draw = random.Random(0)
        kernels = [[Value(draw.gauss(0.0, 0.5)) for _ in range(4)] for _ in range(4)]
        bias = Value(0.1)

        def model(x):  # 8 × 8 pixels, four 2 × 2 kernels, sums over rows
            maps = [
                [
                    sum((w * x[8 * (i + k // 2) + j + k % 2] for k, w in enumerate(kernel)), bias).relu()
                    for i in range(7)
                    for j in range(7)
                ]
                for kernel in kernels
            ]
            pooled = [sum(places[7 * i : 7 * i + 7]) for places in maps for i in range(7)]
            return micrograd.functions.tanh(sum(pooled) * 0.01)

        parameters = [*[w for kernel in kernels for w in kernel], bias]
        program = micrograd.compile(
            model, 64, parameters=parameters, loss=losses.squared_error, backend="llvm", cache=False
        )
        code = program._main.code
        products = [stage for stage in code.fused.nests if stage.step is not None and stage.items]
        assert sum([item.count for stage in products for item in stage.items if item.op.name == "relu"]) == 4 * 49
        assert code.block == SMALLEST_BLOCK
        assert program.ir.count("define internal void @stage") < 20  # all places share their code
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((77, 64)), rng.standard_normal(77)
        value, gradient = program.value_and_gradient(X, y)
        other = micrograd.compile(model, 64, parameters=parameters, loss=losses.squared_error, backend="numpy")
        expected, slopes = other.value_and_gradient(X, y)
        assert value == pytest.approx(expected, rel=1e-13)
        assert np.abs(gradient - slopes).max() <= 1e-13 * np.abs(slopes).max()

    def test_small_groups_without_layers_are_one_loop(self):
        stages = compiled("geometry", "llvm")._main.code.fused.nests
        assert len(stages) <= 2 and stages[0].count == 1  # the function waits for what comes before
        assert len(stages[0].sums) + len(stages[-1].sums) > 8
        assert len(compiled("tanh", "llvm")._main.code.fused.nests) > 2

    def test_again_with_parameters_of_all_kinds(self):
        program = compiled("tanh", "llvm")
        batch = program.batch(*data(program, 50))
        at = np.array([p.data for p in program.parameters])
        first, gradient = program.value_and_gradient(batch)
        for given in (at, at.tolist(), tuple(at), at[::-1][::-1], at.astype(np.longdouble), None):
            value, found = program.value_and_gradient(batch, at=given)
            assert value == first and (found == gradient).all() and type(value) is float
        for wrong in (at[:-1], at[:1], at[None], 3.0, np.float64(3.0)):
            with pytest.raises(ValueError, match="expected at="):
                program.value_and_gradient(batch, at=wrong)
        value, found = program.value_and_gradient(batch, at=np.zeros(len(at)))
        assert value != first and found is not gradient  # earlier results are the caller's own
        assert (program.value_and_gradient(batch, at=at)[1] == gradient).all()

    def test_a_batch_can_be_pickled_after_it_was_run(self):
        program = compiled("tanh", "llvm")
        batch = program.batch(*data(program, 50))
        expected = program.value_and_gradient(batch)
        again = pickle.loads(pickle.dumps(batch))
        value, gradient = program.value_and_gradient(again)
        assert value == expected[0] and (gradient == expected[1]).all()

    def test_one_batch_for_several_programs_and_purposes(self):
        small = micrograd.compile(lambda x: x[0] * x[1], 2, loss=losses.hinge, parameters=[], backend="llvm")
        large = compiled("relu", "llvm")
        batch = small.batch(*data(large, 300))
        for program in (small, large):
            value = program.value(batch)
            assert value == pytest.approx(program.value(batch.X, batch.Y[:, 0]), rel=1e-15)
        assert large.value_and_gradient(batch)[0] == pytest.approx(large.value(batch), rel=1e-14)

    @pytest.mark.parametrize("x", [-720.0, -745.2, -40.0, 0.0, 40.0, 355.0, 372.5, 709.0, 720.0])
    def test_arguments_far_out_within_a_program(self, x):
        """The code in a loop leaves them to functions beside it; one lane must not touch its neighbours."""
        for activation in ("tanh", "sigmoid", "softplus", "exp", "sinh", "cosh", "gaussian"):
            w = Value(1.0)
            program = micrograd.compile(
                lambda x, w=w, f=activation: getattr(w * x[0], f)(),
                1,
                parameters=[w],
                loss=lambda out, y: out,
                backend="llvm",
            )
            samples = np.full((40, 1), 0.3)
            samples[17] = x
            program.value(samples, np.zeros(40))
            results = np.ravel(program.predict(samples))
            for sample, result in zip(samples[:, 0], results):
                expected = getattr(Value(sample), activation)().data
                assert result == pytest.approx(expected, rel=1e-15 * 4)
            value, gradient = program.value_and_gradient(np.array([[x]]), [0.0])
            leaf = Value(1.0)
            out = getattr(leaf * x, activation)()
            out.backward()
            assert gradient[0] == pytest.approx(leaf.grad, rel=1e-14, abs=1e-320)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])
def test_selections_to_the_bit(backend):
    """What is not selected may be anything, and the signs of zeros stay."""
    special = [0.0, -0.0, 1.0, -2.5, float("inf"), -float("inf"), float("nan"), 5e-324]
    held = [Value(0.0) for _ in range(3)]
    program = micrograd.compile(
        lambda x: micrograd.where(*[x[0] + value for value in held]), 1, parameters=held, backend=backend
    )
    for c in special:
        for a in special:
            for b in special:
                found = np.ravel(program.predict([[-0.0]], at=[c, a, b]))[0]
                expected = a if c != 0.0 else b
                assert same(found, expected)


ZEROS = [0.0, -0.0, 1.0, -1.0]
SUMS = {
    "one sum": (2, 2, lambda w, x: w[0] * x[0] + w[1] * x[1]),
    "with a bias": (2, 3, lambda w, x: w[0] * x[0] + w[1] * x[1] + w[2]),
    "a difference": (2, 2, lambda w, x: w[0] * x[0] - w[1] * x[1]),
    "an angle": (1, 2, lambda w, x: functions.atan2(w[0] * x[0] + w[1] * x[0], -1.0)),
    "a table": (3, 2, lambda w, x: functions.atan2(w[0] * x[0] + w[1] * x[1], w[0] * x[1] + w[1] * x[2])),
    "a matrix": (2, 4, lambda w, x: functions.atan2(w[0] * x[0] + w[1] * x[1], w[2] * x[0] + w[3] * x[1])),
    "of parameters": (1, 2, lambda w, x: functions.atan2(w[0] * w[1] + w[1] * w[1], -1.0) * x[0]),
}


@pytest.mark.parametrize("backend", [pytest.param("llvm", marks=without_llvm), "numpy"])
@pytest.mark.parametrize("name", SUMS)
def test_signs_of_zero_in_sums_of_products(name, backend):
    inputs, count, model = SUMS[name]
    w, rows = [Value(0.5) for _ in range(count)], list(itertools.product(ZEROS, repeat=inputs))
    program = compile(lambda x: model(w, x), inputs, parameters=w, backend=backend, cache=False)
    for numbers in list(itertools.product(ZEROS, repeat=count))[:: 1 if count < 3 else 5]:
        for p, number in zip(w, numbers):
            p.data = number
        found, slopes = program.input_gradients(rows)
        assert same(found, program.predict(rows))
        for row, got, slope in zip(rows, found, slopes):
            x = [Value(number) for number in row]
            true = model(w, x)
            true.backward()
            assert near(got, true.data, 4.0), (numbers, row)
            assert near(slope, [leaf.grad for leaf in x], 64.0), (numbers, row)
