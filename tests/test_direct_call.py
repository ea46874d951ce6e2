"""The short way of a small batch into its machine code: the same bits, any buffer, nothing taken on trust."""

import array
import gc
import random
import sys
import threading
import tracemalloc

import pytest
from same import same

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import micrograd  # noqa: E402
from micrograd import Value, losses, nn  # noqa: E402
from micrograd.compiler.llvm.native import direct_call  # noqa: E402

COUNT = 2 * 8 + 8 + 8 + 1

pytestmark = pytest.mark.skipif(not direct_call.possible(), reason="this Python has no such interface, or no GIL")


def program_and_batch(samples=50, hidden=8):
    """A small net, and a batch that was run twice, so that it has the short way."""
    rng = np.random.default_rng(0)
    model = nn.MLP(2, [hidden, 1], activation="tanh", generator=random.Random(1))
    program = micrograd.compile(model, 2, loss=losses.squared_error, backend="llvm", cache=False)
    batch = program.batch(rng.standard_normal((samples, 2)), rng.standard_normal(samples))
    program.value_and_gradient(batch)
    assert batch.key not in program._again  # a batch that is run once needs none
    program.value_and_gradient(batch)
    return program, batch


def short_way(program, batch):
    return program._again[batch.key]


def long_way(program, batch, numbers):
    return program.value_and_gradient(batch.X, batch.Y[:, 0], at=numbers)


def test_it_gives_the_same_bits():
    program, batch = program_and_batch()
    for seed in range(20):
        numbers = np.random.default_rng(seed).standard_normal(COUNT)
        kept = numbers.copy()
        found = short_way(program, batch)(numbers)
        assert same(found, long_way(program, batch, numbers)) and type(found[0]) is float
        assert same(program.value_and_gradient(batch, at=numbers), found)
        assert (numbers == kept).all()


def test_a_gradient_is_the_callers_own():
    program, batch = program_and_batch()
    _, first = short_way(program, batch)(np.ones(COUNT))
    kept = first.copy()
    _, second = short_way(program, batch)(np.zeros(COUNT))
    second[:] = 7.0
    assert (first == kept).all() and first.flags.owndata and first.flags.writeable


def test_any_buffer_of_doubles_will_do():
    program, batch = program_and_batch()
    numbers = np.linspace(-1.0, 1.0, COUNT)
    expected = long_way(program, batch, numbers)
    readonly = numbers.copy()
    readonly.flags.writeable = False
    odd = np.zeros(8 * COUNT + 1, np.uint8)[1:]  # not where doubles usually stand
    odd[:] = numbers.view(np.uint8)
    for given in (array.array("d", numbers), memoryview(numbers), readonly, memoryview(odd).cast("d")):
        assert same(short_way(program, batch)(given), expected)


def unfit():
    numbers = np.linspace(-1.0, 1.0, COUNT)
    return {
        "list": numbers.tolist(),
        "strided": np.repeat(numbers, 2)[::2],
        "backwards": numbers[::-1].copy()[::-1],
        "float32": numbers.astype(np.float32),
        "other byte order": numbers.astype(numbers.dtype.newbyteorder()),
        "long double": numbers.astype(np.longdouble),
        "objects": numbers.astype(object),
        "unaligned": np.frombuffer(b"x" + numbers.tobytes(), np.float64, COUNT, 1),
    }


@pytest.mark.parametrize("name", list(unfit()))
def test_what_it_cannot_take_goes_the_long_way(name):
    program, batch = program_and_batch()
    given = unfit()[name]
    assert short_way(program, batch)(given) is None
    expected = long_way(program, batch, np.array([float(x) for x in np.asarray(given)]))
    assert same(program.value_and_gradient(batch, at=given), expected)


@pytest.mark.parametrize("given", [
    b"", "text", 3.0, np.ones(COUNT - 1), np.ones(COUNT + 1), np.ones((1, COUNT)), np.ones(()), np.ones(COUNT, "i8"),
    np.ones(COUNT, "M8[s]"), np.ones(COUNT, "f8,f8"), bytes(8 * COUNT), np.zeros(COUNT, "c16"),
])  # fmt: skip
def test_what_is_no_list_of_numbers_is_left_to_the_long_way(given):
    program, batch = program_and_batch()
    assert short_way(program, batch)(given) is None
    if not (isinstance(given, np.ndarray) and given.dtype.kind == "i"):  # whole numbers are numbers
        with pytest.raises((TypeError, ValueError), match="expected"):
            program.value_and_gradient(batch, at=given)


def test_an_object_whose_buffer_fails_raises_nothing():
    program, batch = program_and_batch()
    view = memoryview(np.ones(COUNT))
    view.release()
    assert short_way(program, batch)(view) is None


def test_what_is_not_finite_goes_the_long_way():
    program, batch = program_and_batch()
    for number in (np.nan, np.inf, 1e200):
        numbers = np.full(COUNT, number)
        assert short_way(program, batch)(numbers) is None
        value, gradient = program.value_and_gradient(batch, at=numbers)
        expected, expected_gradient = long_way(program, batch, numbers)
        assert same([value, *gradient], [expected, *expected_gradient])


def test_a_longer_step_waits_for_its_turn():
    program, batch = program_and_batch(20_000)
    runner, numbers = program._runners["gradient"], np.ones(COUNT)
    expected, step, found = long_way(program, batch, numbers), short_way(program, batch), []
    with runner._lock:
        thread = threading.Thread(target=lambda: found.append(step(numbers)))
        thread.start()
        thread.join()
    assert hasattr(step, "__code__")  # it is `turn`
    assert found == [None] and same(step(numbers), expected) and runner._in_use[0] == 0


def test_while_a_thread_has_the_memory_nobody_else_writes_there():
    program, batch = program_and_batch()
    runner = program._runners["gradient"]
    numbers, before = np.ones(COUNT), runner.uniform.copy()
    runner._in_use[0] = 1
    assert short_way(program, batch)(numbers) is None and (runner.uniform == before).all()
    runner._in_use[0] = 0
    assert short_way(program, batch)(numbers) is not None


def test_threads_on_one_batch_get_what_they_asked_for():
    program, batch = program_and_batch()
    large = program.batch(np.tile(batch.X, (400, 1)), np.tile(batch.Y[:, 0], 400))  # which gives the GIL back
    huge = program.batch(np.tile(batch.X, (4000, 1)), np.tile(batch.Y[:, 0], 4000))  # which is done in chunks
    points = [np.random.default_rng(seed).standard_normal(COUNT) for seed in range(4)]
    batches = (batch, large, huge)
    expected = [[long_way(program, b, p) for p in points] for b in batches]
    for b in (*batches, *batches):
        program.value_and_gradient(b)
    assert [callable(short_way(program, b)) for b in batches] == [True, True, False]
    assert type(short_way(program, batch)) is not type(short_way(program, large))
    wrong = []

    def work(k):
        for turn in range(400):
            for number in range(1 + (turn % 4 == 0) + (turn % 40 == 0)):
                if not same(program.value_and_gradient(batches[number], at=points[k]), expected[number][k]):
                    wrong.append((k, turn, number))

    in_threads(work, len(points))
    assert wrong == []


def in_threads(work, count):
    """work(0), work(1) …, in threads that come between each other often."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


def test_threads_get_their_own_gradients_by_many_parameters():
    program, batch = program_and_batch(4, hidden=200)  # 801: a copy of so many by NumPy gives the GIL back
    points = [np.random.default_rng(seed).standard_normal(801) for seed in range(4)]

    def bits(found):  # of which 12,000 are compared
        return found[0], found[1].tobytes()

    expected = [bits(long_way(program, batch, p)) for p in points]
    assert type(short_way(program, batch)) is type(len)
    wrong = []

    def work(k):
        wrong.extend(
            [turn for turn in range(3000) if bits(program.value_and_gradient(batch, at=points[k])) != expected[k]]
        )

    in_threads(work, len(points))
    assert wrong == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="buffers that run Python code are new in Python 3.12")
def test_a_buffer_that_runs_the_program_itself_changes_nothing():
    program, batch = program_and_batch()
    numbers, others = np.linspace(-1.0, 1.0, COUNT), np.ones(COUNT)
    expected = [long_way(program, batch, p) for p in (numbers, others)]
    step, found = short_way(program, batch), []

    class Numbers:
        def __buffer__(self, flags):
            found.append(step(others))
            return memoryview(numbers)

        def __release_buffer__(self, view):
            found.append(step(others))

    assert same(step(Numbers()), expected[0])
    assert len(found) == 2 and all(same(other, expected[1]) for other in found)


@pytest.mark.parametrize("samples", [50, 20_000])
def test_it_loses_no_memory(samples):
    program, batch = program_and_batch(samples)
    numbers, step, text = np.ones(COUNT), short_way(program, batch), "no numbers".upper()  # nobody else holds it
    held = [sys.getrefcount(x) for x in (numbers, step, text)]
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(3):
            start = tracemalloc.get_traced_memory()[0]
            for _ in range(2000 if samples < 1000 else 500):
                step(numbers)
                step(text)
            lost = tracemalloc.get_traced_memory()[0] - start
    finally:
        tracemalloc.stop()
    assert lost < 2000  # bytes: less than one for a call
    assert [sys.getrefcount(x) for x in (numbers, step, text)] == held


def test_it_outlives_its_program():
    program, batch = program_and_batch()
    numbers = np.ones(COUNT)
    expected, step = long_way(program, batch, numbers), short_way(program, batch)
    del program, batch
    gc.collect()
    assert same(step(numbers), expected)


def test_programs_for_which_it_is_not(monkeypatch):
    from micrograd.compiler.llvm import vocabulary as llvm_math

    w, held = Value(0.5), Value(2.0)

    def runs(model):
        """Whether there is a short way, and whether the result is right."""
        program = micrograd.compile(model, 1, parameters=[w], loss=losses.squared_error, backend="llvm", cache=False)
        batch = program.batch([0.5, -2.0, 3.0], [1.0, 2.0, 3.0])
        program.value_and_gradient(batch)
        program.value_and_gradient(batch)
        held.data += 1.0
        numbers = np.ones(1)
        assert same(program.value_and_gradient(batch, at=numbers), long_way(program, batch, numbers))
        return short_way(program, batch) is not None

    assert runs(lambda x: (w * x[0]).sin())  # huge angles go to the C library
    assert not runs(lambda x: w * x[0] * held)  # a captured Value may change from call to call
    with monkeypatch.context() as patch:
        patch.setattr(llvm_math, "C_LIBRARY", ())
        llvm_math.in_c.cache_clear()
        assert not runs(lambda x: (w * x[0]).sin())  # now they go to Python
    llvm_math.in_c.cache_clear()


def test_pythons_without_it(monkeypatch):
    monkeypatch.setattr(direct_call, "possible", lambda: False)
    program, batch = program_and_batch()
    assert short_way(program, batch) is None
    assert same(program.value_and_gradient(batch, at=np.ones(COUNT)), long_way(program, batch, np.ones(COUNT)))
    monkeypatch.undo()
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert not direct_call.possible()
