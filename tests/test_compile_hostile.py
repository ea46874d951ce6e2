"""What a hostile user does to `compile` and its programs: odd data and code, threads, forks, copies, a broken cache."""

import copy
import cProfile
import gc
import math
import multiprocessing
import os
import pickle
import random
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from importlib.util import find_spec

import pytest

import micrograd
from micrograd import Trainer, Value, losses, nn, optim
from micrograd.core import in_c

np = pytest.importorskip("numpy")
without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")
backends = pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=without_llvm)])
X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path_factory.getbasetemp() / "machine-code"))


def plane(backend="numpy", **options):
    w, c = Value(2.0, "w"), Value(0.5, "c")
    return micrograd.compile(
        lambda x: w * x[0] + c * x[1], 2, parameters=[w, c], loss=losses.squared_error, backend=backend, **options
    )


def net(backend, inputs=8, **options):
    model = nn.MLP(inputs, [24, 3], activation="tanh", generator=random.Random(0))
    return micrograd.compile(model, inputs, loss=losses.cross_entropy, targets=3, backend=backend, **options)


class TestData:
    """Samples, targets and parameters in every form."""

    @backends
    def test_forms_that_are_numbers_give_the_same(self, backend):
        program = plane(backend)
        expected = program.value_and_gradient(X, Y)
        read_only = X.copy()
        read_only.flags.writeable = False
        for form in (
            X.astype(np.float32),
            X.astype(int),
            X.astype(">f8"),
            X.astype(object),
            X.astype(np.longdouble),
            np.asfortranarray(X),
            np.repeat(np.repeat(X, 2, 0), 3, 1)[::2, ::3],
            X[::-1, ::-1].copy()[::-1, ::-1],
            X.tolist(),
            tuple(map(tuple, X)),
            (row for row in X),
            ((x for x in row) for row in X),
            read_only,
            np.ma.masked_array(X),
        ):
            value, gradient = program.value_and_gradient(form, Y)
            assert value == expected[0] and (gradient == expected[1]).all()
        for form in (Y[:, None], Y.tolist(), (y for y in Y), Y.astype(object)):
            assert program.value(X, form) == program.value(X, Y)

    def test_frames(self):
        pandas = pytest.importorskip("pandas")
        program = plane()
        expected = program.value(X, Y)
        assert program.value(pandas.DataFrame(X), pandas.DataFrame({"y": Y})) == expected
        assert program.value(pandas.DataFrame(X.astype(int)).astype("Int64"), pandas.Series(Y, index=range(9, 15))) > 0
        mixed = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1] > 3})  # an array of objects
        assert program.predict(mixed)[5] == 20.5
        with pytest.raises(TypeError, match=r"X\[1\]\[0\]: expected a number"):
            program.predict(pandas.DataFrame({"a": [1, None], "b": [1, 2]}).astype("Int64"))

    @pytest.mark.parametrize(("form", "message"), [
        (5, "expected X as an array.* got int 5"), (None, "expected X as an array.* got NoneType"),
        ({"a": [1.0], "b": [2.0]}, "got dict"), ({1.0, 2.0}, "got set"), ("ab", "got str"), (b"ab", "got bytes"),
        ([[[1], 2], [3, 4]], "lists of different lengths"), ([[Value(1.0), 2.0]], r"X\[0\]\[0\].*use its .data"),
        (np.ma.masked_array(X, X > 9), "masked"), ([[10**400, 1]], r"X\[0\]\[0\].*larger int"),
        (X.astype(np.longdouble) * np.longdouble(2) ** 2000, "expected finite"), (X + 0j, "complex"),
        (X[:, :, None], "shape"), (np.float64(3.0), "shape"), (np.array(3.0), "shape"),
        ([["1", "2"]], "expected numbers in X"),
    ])  # fmt: skip
    def test_what_is_no_data_is_named(self, form, message):
        with pytest.raises((TypeError, ValueError), match=message):
            plane().predict(form)

    @backends
    @pytest.mark.parametrize(
        ("at", "message"),
        [
            ([1], r"at=2 numbers.*\(1,\)"),
            ([[1], [2]], r"\(2, 1\)"),
            (1.0, r"shape \(\)"),
            (["a", "b"], "numbers in at"),
            ([None, 1.0], r"at\[0\]: expected a number"),
            ([Value(1.0), 2.0], "use its .data"),
            ([1j, 2.0], "complex"),
            ([[1], 2], "lists of different lengths"),
            ([1.0, 10**400], r"at\[1\]: expected a number that fits a float"),
        ],
    )
    def test_at_that_is_no_point(self, backend, at, message):
        with pytest.raises((TypeError, ValueError), match=message):
            plane(backend).predict(X, at=at)

    @backends
    def test_parameters_that_hold_no_number(self, backend):
        program = plane(backend)
        message = "expected a number" if in_c() else "data of the Value w: expected a number"
        for wrong in (None, "x", [1.0], np.array([1.0])):
            with pytest.raises(TypeError, match=message):
                program.parameters[0].data = wrong  # which the core in C refuses at once
                program.predict(X)
        program.parameters[0].data = np.float32(1)
        assert program.predict(X)[1] == 3.5

    @backends
    def test_a_batch_of_another_width_is_refused(self, backend):
        narrow, wide = plane(backend), net(backend)
        for run in (narrow.predict, narrow.value, narrow.value_and_gradient, narrow.input_gradients):
            with pytest.raises(ValueError, match="expected a batch of 2 inputs"):
                run(wide.batch(np.ones((4, 8)), [0, 1, 2, 0]))
        with pytest.raises(TypeError, match="batch alone"):
            narrow.value(narrow.batch(X, Y), Y)

    @backends
    def test_a_batch_with_other_targets_may_be_predicted(self, backend):
        rows = np.random.default_rng(0).standard_normal((200, 2))
        classes, number = net(backend, inputs=2), plane(backend)
        batch = number.batch(rows, rows[:, 0])
        assert (classes.predict(batch) == classes.predict(rows)).all()
        with pytest.raises(ValueError, match="2 inputs and 3 targets, got one of 2 and 1"):
            classes.value(batch)

    @backends
    def test_a_batch_stays_as_it_is(self, backend):
        program, samples = plane(backend), X.copy()
        batch = program.batch(samples, Y)
        expected = program.value(batch)
        samples[:] = 0.0
        assert program.value(batch) == expected
        for array in (batch.X, batch.Y):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0
        for run in (program.value, program.value_and_gradient, program.predict, program.input_gradients):
            with pytest.raises(ValueError, match="at least one sample"):
                run(batch.take([]))


class TestCode:
    """Models, losses and penalties that return or do something odd."""

    @backends
    def test_models_that_return_numbers_inputs_parameters(self, backend):
        w = Value(2.0)
        for model, expected in [
            (lambda x: 1.5, [1.5, 1.5]),
            (lambda x: np.float64(2.0), [2.0, 2.0]),
            (lambda x: x[0], [1.0, 3.0]),
            (lambda x: w, [2.0, 2.0]),
            (lambda x: (w, x[1], w), [[2.0, 2.0, 2.0], [2.0, 4.0, 2.0]]),
        ]:
            program = micrograd.compile(model, 2, parameters=[w], backend=backend)
            assert program.predict([[1.0, 2.0], [3.0, 4.0]]).tolist() == expected

    @pytest.mark.parametrize(
        ("model", "message"),
        [
            (lambda x: None, "expected the model to return .* got None: is a return missing"),
            (lambda x: [], "expected the model to return .* got an empty list"),
            (lambda x: [[x[0]]], "return .* got list"),
            (lambda x: {"a": x[0]}, "return .* got dict"),
            (lambda x: np.array(x), "return .* got ndarray"),
            (lambda x: round(x[0], 1), "line"),
            (lambda x: math.floor(x[0]) * x[0], "line"),
            (lambda x: np.max(x), r"In .*test_compile_hostile.py, line"),
            (lambda x: copy.deepcopy(x[0]), r"In .*test_compile_hostile.py, line"),
            (lambda x: x[0].grad * x[1], "`.grad` is read"),
        ],
    )
    def test_models_that_are_refused(self, model, message):
        with pytest.raises(TypeError, match=message):
            micrograd.compile(model, 2, parameters=[Value(1.0)], backend="numpy")

    def test_the_gradient_of_a_parameter_is_not_for_the_model(self):
        w = Value(1.0)

        def forgetful(x):
            w.grad = 0.0
            return w * x[0]

        for model, message in ((lambda x: w.grad * x[0], "is read"), (forgetful, "is set")):
            with pytest.raises(micrograd.compiler.TraceError, match=message):
                micrograd.compile(model, 1, parameters=[w], backend="numpy")
            assert type(w) is type(Value(1.0)) and w.grad == 0.0

    def test_parameters_of_a_class_that_has_no_subclasses(self):
        class Final(Value):
            def __init_subclass__(cls):
                raise TypeError("no subclasses")

        w, final = Value(1.0), Final(2.0)
        with pytest.raises(TypeError, match="no subclasses"):
            micrograd.compile(lambda x: final * x[0], 1, parameters=[w, final], backend="numpy")
        assert type(w) is type(Value(1.0)) and type(final) is Final
        other = threading.Thread(
            target=micrograd.compile,
            args=(lambda x: w * x[0], 1),
            kwargs={"parameters": [w], "backend": "numpy"},
            daemon=True,
        )
        other.start()
        other.join(30)
        assert not other.is_alive()

    def test_losses_and_penalties_that_are_refused(self):
        w = Value(1.0)
        for loss in (lambda p, t: 1.5, lambda p, t: None, lambda p, t: [p]):
            with pytest.raises(TypeError, match="expected the loss to be a Value"):
                micrograd.compile(lambda x: w * x[0], 1, parameters=[w], loss=loss, backend="numpy")
        for penalty in (lambda parameters: None, lambda parameters: list(parameters)):
            with pytest.raises(TypeError, match="expected the penalty to be a Value or a number"):
                micrograd.compile(lambda x: w, 1, parameters=[w], loss=losses.hinge, penalty=penalty, backend="numpy")

    @pytest.mark.parametrize("backend", ["eager", "numpy"])
    @pytest.mark.parametrize("penalty", [lambda parameters: 0, lambda parameters: 0.5])
    def test_a_penalty_may_be_a_number(self, backend, penalty):
        w = Value(0.0)
        trainer = Trainer(
            lambda x: w * x[0],
            losses.squared_error,
            optim.SGD(lr=0.1),
            parameters=[w],
            penalty=penalty,
            backend=backend,
        )
        assert trainer.fit([1.0], [1.0], epochs=1).loss == [1.0 + penalty([])]

    def test_arguments(self):
        w = Value(1.0)

        def model(x):
            return w * x[0]

        program = micrograd.compile(model, np.int64(1), parameters=(p for p in [w]), backend="numpy")
        assert program.predict([3.0]).tolist() == [3.0]
        for call, message in [
            (lambda: micrograd.compile(model, True, parameters=[w]), "inputs to be a whole number of at least 1"),
            (lambda: micrograd.compile(model, 1, targets=-1, parameters=[w]), "targets to be a whole number"),
            (lambda: micrograd.compile(model, [w]), "for a function or a model, give the number of its inputs"),
            (lambda: micrograd.compile(w * w, [w], loss=losses.hinge), "expected no loss"),
            (lambda: micrograd.compile(model, 1, parameters=[w], penalty=sum), "expected a loss beside the penalty"),
            (lambda: micrograd.compile(3, 1, parameters=[w]), "expected the model to be a function, got int 3"),
            (lambda: micrograd.compile(model, 1, parameters=[w], loss="mse"), "expected the loss to be a function"),
            (lambda: micrograd.compile(model, 1, parameters=w), "expected parameters to be a list of Values"),
            (lambda: micrograd.compile(model, 1, parameters=[w], threads=0), "threads to be a whole number"),
            (lambda: micrograd.compile(model, 1, parameters=[w], threads=2.5), "threads to be a whole number"),
            (lambda: micrograd.compile(model, 1, parameters=[w], cache="here"), "MICROGRAD_CACHE names the folder"),
            (lambda: Trainer(model, losses.hinge, optim.SGD(lr=1.0), parameters=[w, w]), "one of them twice"),
        ]:
            with pytest.raises((TypeError, ValueError), match=message):
                call()

    @backends
    def test_where_on_a_constant(self, backend):
        x, y = Value(1.0), Value(2.0)
        program = micrograd.compile(x.operate("where", (0.0, x, y)) * y, [x, y], backend=backend)
        assert program.predict([[1.0, 2.0], [3.0, 4.0]]).tolist() == [4.0, 16.0]

    @backends
    def test_code_that_loses_digits_is_no_random_code(self, backend):
        w = Value(0.9)

        def variance(x):
            x = [w * (1e-3 * v + 1e5) for v in x]
            mean = sum(x) * (1.0 / 3.0)
            return sum(v * v for v in x) * (1.0 / 3.0) - mean * mean

        program = micrograd.compile(variance, 3, parameters=[w], loss=losses.squared_error, backend=backend)
        assert abs(program.predict([[1.0, 2.0, 3.0]])[0]) < 1e-4
        for slight in (1e-3, 1e-6):
            with pytest.raises(micrograd.compiler.TraceError, match="random"):

                def noisy(x, slight=slight):
                    return w * (x[0] + slight * random.random())

                micrograd.compile(noisy, 1, parameters=[w], loss=losses.squared_error, backend=backend)

    def test_the_graph_stands_in_columns(self):
        w = Value(1.0)
        program = micrograd.compile(lambda x: sum(w * v for v in x), 12, parameters=[w], backend="numpy")
        lines = str(program.graph).splitlines()
        assert lines[0] == " 0  parameter 0" and lines[10] == "10  input 9"


class TestLife:
    """Threads, processes, copies, memory."""

    @backends
    def test_neither_batch_nor_program_keeps_the_other(self, backend):
        program, other = net(backend), net(backend)
        batch = program.batch(np.ones((100, 8)), np.zeros(100))
        for one in (program, other):
            for run in (one.value, one.value_and_gradient, one.value_and_gradient, one.predict):
                run(batch)
        gone = [weakref.ref(program), *[weakref.ref(runner) for runner in program._runners.values()]]
        del program, one, run
        gc.collect()
        assert [ref() for ref in gone] == [None] * len(gone)
        assert net(backend).value_and_gradient(batch)[0] == other.value_and_gradient(batch)[0]
        gone = weakref.ref(batch.X)
        del batch
        gc.collect()
        assert gone() is None
        assert all(not runner.again and not getattr(runner, "_known", None) for runner in other._runners.values())

    @backends
    def test_batches_that_come_and_go_are_never_taken_for_each_other(self, backend):
        program = plane(backend)
        for turn in range(200):  # one stands where the last one stood
            batch = program.batch([[float(turn), 1.0]], [0.0])
            for _ in range(3):
                value, _ = program.value_and_gradient(batch, at=np.array([1.0, 2.0]))
                assert value == (turn + 2.0) ** 2
        del batch
        assert not program._runners["gradient"].again

    @backends
    def test_a_program_called_in_the_middle_of_its_own_step_says_so(self, backend, monkeypatch):
        """As by a signal handler: it would get the memory that the step is at work in."""
        program = plane(backend)
        batch = program.batch(X, Y)
        for _ in range(3):  # the short way too
            expected = program.value_and_gradient(batch, at=[1.0, 2.0])
        runner, run = program._runners["gradient"], program._runners["gradient"]._run

        def interrupted(*args):
            with pytest.raises(RuntimeError, match="in the middle of its own step, by a signal handler"):
                program.value_and_gradient(batch, at=[7.0, 7.0])
            with pytest.raises(RuntimeError, match="in the middle of its own step, by a signal handler"):
                program.value_and_gradient(batch, at=np.array([7.0, 7.0]))
            return run(*args)

        monkeypatch.setattr(runner, "_run", interrupted)
        value, gradient = program.value_and_gradient(X, Y, at=[1.0, 2.0])
        monkeypatch.undo()
        again = program.value_and_gradient(batch, at=np.array([1.0, 2.0]))
        assert value == again[0] == expected[0] and (gradient == expected[1]).all() and (again[1] == expected[1]).all()

    @backends
    def test_arrays_of_floats_are_read_as_they_are(self, backend):
        rng = np.random.default_rng(0)
        program = micrograd.compile(nn.MLP(8, [5, 1]), 8, loss=losses.squared_error, backend=backend, cache=False)
        X, y = rng.standard_normal((200_000, 8)), rng.standard_normal(200_000)
        kept = X.copy(), y.copy()
        program.value_and_gradient(X[:10], y[:10])
        program.predict(X[:10])
        tracemalloc.start()
        try:
            program.value_and_gradient(X, y)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1.3 * (X.nbytes + y.nbytes)  # which numbers are finite; for "llvm" a copy in blocks
        program.predict(X)
        assert X.flags.writeable and y.flags.writeable and (X == kept[0]).all() and (y == kept[1]).all()
        batch = program.batch(X, y)
        expected = program.value_and_gradient(batch)[0]
        X[:] = 0.0
        assert program.value_and_gradient(batch)[0] == expected  # a batch has its own

    @backends
    def test_programs_copied_and_pickled(self, backend):
        w = Value(2.0)
        program = micrograd.compile(
            lambda x: w * x[0], 1, parameters=[w], loss=lambda p, t: (p - t) ** 2, backend=backend
        )
        value, gradient = program.value_and_gradient([1.0], [0.5])
        batch = program.batch([1.0], [0.5])
        for other in (copy.copy(program), copy.deepcopy(program), pickle.loads(pickle.dumps(program))):
            again = other.value_and_gradient(pickle.loads(pickle.dumps(batch)))
            assert again[0] == value and (again[1] == gradient).all()
        follower = copy.copy(program)
        w.data = 3.0
        assert follower.predict([1.0]).tolist() == [3.0]
        twin, pickled = pickle.loads(pickle.dumps((w, program)))
        twin.data = 5.0
        assert pickled.predict([1.0]).tolist() == [5.0]

    @backends
    def test_one_model_compiled_in_many_threads(self, backend):
        model = nn.MLP(2, [4, 1], generator=random.Random(0))
        errors = []

        def slow(x):
            time.sleep(0.002)  # others get their turn while the parameters are placeholders
            return model(x)

        def build():
            try:
                micrograd.compile(slow, 2, parameters=model.parameters(), backend=backend)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=build) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors and {type(p) for p in model.parameters()} == {type(Value(0.0))}

    @backends
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    def test_a_forked_process_may_go_on(self, backend):
        program = net(backend, **({"threads": 4} if backend == "llvm" else {}))
        rng = np.random.default_rng(0)
        batch = program.batch(rng.standard_normal((20_000, 8)), rng.integers(0, 3, 20_000))
        expected, _ = program.value_and_gradient(batch)
        child = multiprocessing.get_context("fork").Process(target=same_value, args=(program, batch, expected))
        child.start()
        child.join(60)
        stuck = child.exitcode is None
        child.kill()
        child.join()
        assert not stuck and child.exitcode == 0

    @backends
    def test_a_deep_graph_takes_no_more_work_for_each_node(self, backend):
        def calls(depth):
            profile = cProfile.Profile()
            w, program = profile.runcall(deep, depth, backend)
            assert program.predict([1.0])[0] == chain(w, [Value(1.0)], depth).data
            return sum([entry.callcount for entry in profile.getstats()])

        calls(10)
        assert calls(2000) < 4.5 * calls(500)

    @backends
    def test_a_graph_40_000_nodes_deep(self, backend):
        w, program = deep(20_000, backend)
        assert program.predict([1.0])[0] == chain(w, [Value(1.0)], 20_000).data


def chain(w, x, depth):
    h = x[0]
    for _ in range(depth):
        h = w - (x[0] - h)
    return h


def deep(depth, backend):
    """A parameter, and the program of a chain."""
    w = Value(0.7)
    return w, micrograd.compile(lambda x: chain(w, x, depth), 1, parameters=[w], backend=backend, cache=False)


def same_value(program, batch, expected):
    assert program.value_and_gradient(batch)[0] == expected


class TestCache:
    """Where machine code is kept."""

    @pytest.fixture(autouse=True)
    def llvm(self):
        pytest.importorskip("llvmlite")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has a folder of its own")
    def test_a_user_without_a_home_has_no_cache(self, monkeypatch, tmp_path):
        from micrograd.compiler.llvm.native import cache as code_cache

        monkeypatch.delenv("MICROGRAD_CACHE")
        monkeypatch.setattr(code_cache.sys, "platform", "linux")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert code_cache.cache_folder() == str(tmp_path / "micrograd")
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says its specification
        assert os.path.isabs(code_cache.cache_folder())
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)
        assert code_cache.cache_folder() is None
        monkeypatch.chdir(tmp_path)
        assert plane("llvm").predict(X).shape == (6,) and not list(tmp_path.iterdir())

    def test_a_folder_full_of_garbage(self, monkeypatch, tmp_path):
        monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path))
        expected = plane("llvm").value(X, Y)
        files = list(tmp_path.iterdir())
        for garbage in (b"", b"x", bytes(31), bytes(64), os.urandom(1000)):
            for file in files:
                file.write_bytes(garbage)
            assert plane("llvm").value(X, Y) == expected
        for file in files:
            file.unlink()
            file.mkdir()
        assert plane("llvm").value(X, Y) == expected

    @pytest.mark.skipif(os.name == "nt", reason="rights of another kind")
    def test_the_folder_is_ours_alone(self, monkeypatch, tmp_path):
        folder = tmp_path / "parent" / "code"
        monkeypatch.setenv("MICROGRAD_CACHE", str(folder))
        before = os.umask(0)
        try:
            expected = plane("llvm").value(X, Y)
        finally:
            os.umask(before)
        files = sorted(folder.iterdir())
        assert files and stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        contents = [file.read_bytes() for file in files]
        for mode, owner in ((0o770, None), (0o707, None), (0o1777, None), (0o700, 65534)):
            folder.chmod(mode)
            if owner is not None:
                if os.geteuid() != 0:
                    break
                os.chown(folder, owner, owner)
            for file in files:
                file.write_bytes(b"planted")
            with pytest.warns(RuntimeWarning, match="machine code is not kept in .*(belongs to another|others may)"):
                assert plane("llvm").value(X, Y) == expected
            assert {file.read_bytes() for file in files} == {b"planted"} and sorted(folder.iterdir()) == files
        if os.geteuid() == 0:
            os.chown(folder, 0, 0)
        folder.chmod(0o755)  # others may look
        assert plane("llvm").value(X, Y) == expected and [file.read_bytes() for file in files] == contents

    def test_a_folder_that_is_refused_is_told_once(self, tmp_path):
        source = """if True:
            import micrograd
            w = micrograd.Value(2.0)
            for factor in range(3):
                program = micrograd.compile(lambda row: w * row[0] + factor, 1, parameters=[w], backend="llvm")
                print(*program.predict([[1.0]]))
        """
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            cwd=os.getcwd(),
            env={**os.environ, "MICROGRAD_CACHE": str(tmp_path / "open")},
        )
        assert done.stdout.split() == ["2.0", "3.0", "4.0"] and done.stderr.count("machine code is not kept") == 1

    @pytest.mark.skipif(os.name == "nt", reason="no named pipes")
    def test_what_is_no_file_of_ours_is_not_run_and_replaced(self, monkeypatch, tmp_path):
        folder = tmp_path / "code"
        monkeypatch.setenv("MICROGRAD_CACHE", str(folder))
        expected = plane("llvm").value(X, Y)
        files = {file: file.read_bytes() for file in folder.iterdir()}
        (tmp_path / "elsewhere").write_bytes(b"another file of ours")

        def foreign(file):
            file.write_bytes(b"planted")
            os.chown(file, 65534, 65534)

        plants = [os.mkfifo, lambda file: file.symlink_to(tmp_path / "elsewhere"), lambda file: file.symlink_to(file)]
        for plant in [*plants, foreign] if os.geteuid() == 0 else plants:
            for file in files:
                file.unlink()
                plant(file)
            assert plane("llvm").value(X, Y) == expected
            assert {file: file.read_bytes() for file in folder.iterdir()} == files
            assert all(file.stat().st_uid == os.geteuid() and not file.is_symlink() for file in files)
        assert (tmp_path / "elsewhere").read_bytes() == b"another file of ours"

    def test_a_whole_file_under_the_name_of_another_is_not_run(self, monkeypatch, tmp_path):
        monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path))
        w, made = micrograd.Value(2.0), {}

        def predicted(sign):
            program = micrograd.compile(
                lambda row: w * row[0] * 3.0 if sign > 0 else w - row[0] * 3.0, 1, parameters=[w], backend="llvm"
            )
            return program.predict([[1.0]]).tolist()

        for sign, expected in ((1, [6.0]), (-1, [-1.0])):
            before = set(tmp_path.iterdir())
            assert predicted(sign) == expected
            made[sign] = sorted(set(tmp_path.iterdir()) - before, key=lambda file: file.stat().st_mtime_ns)
        [first, *_], [second, *_] = made.values()
        second.write_bytes(first.read_bytes())
        assert predicted(-1) == [-1.0] and second.read_bytes() != first.read_bytes()
