"""The passes of the compiler: each takes a program and leaves it as it was; what one need not do can be left out."""

import random
from functools import lru_cache
from importlib.util import find_spec

import pytest
from test_program_code import MODELS, compiled, data

import micrograd
from micrograd import Trainer, Value, losses, nn, optim, tanh
from micrograd.compiler.arrays.passes import PURPOSES, through

np = pytest.importorskip("numpy")
BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
SOME = ["relu", "digits", "recurrence, a sine in the sum", "convolution", "geometry"]
OPTIONAL = ["simplify", "prune", "by_product", "one_by_one", "fuse"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """That of test_program_code, which has the same models; a pass that changes nothing costs nothing."""
    monkeypatch.setenv("MICROGRAD_CACHE", str(tmp_path_factory.getbasetemp() / "machine-code"))


def of_backend(backend):
    """The backend's own passes, a list that its code reads when it is made."""
    if backend == "llvm":
        from micrograd.compiler.llvm import code
    else:
        from micrograd.compiler.numpy import code
    return code


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("name", "purpose"),
    [(name, purpose) for name in ("relu", "geometry") for purpose in PURPOSES]
    + [("recurrence, bias last", purpose) for purpose in PURPOSES if "hessian" not in purpose],  # of 35,000 nodes
)
def test_each_pass_runs_alone_and_changes_a_copy(name, purpose, backend):
    program = trace = compiled(name)._trace
    graph = str(trace.graph)
    for one in [*PURPOSES[purpose], *of_backend(backend).PASSES]:
        before = str(program)
        made = one(program)
        assert str(one(program)) == str(made), f"{one.__name__} is not the same twice"
        assert str(program) == before, f"{one.__name__} changed what it was given"
        program = made
    assert str(trace.graph) == graph


@lru_cache(None)
def whole(name, backend):
    """(samples, value and gradient, names of the stages) of a program of which no pass is left out."""
    program = compiled(name, backend)
    samples = data(program, 70)
    return samples, program.value_and_gradient(*samples), list(program.stages)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("left_out", OPTIONAL)
@pytest.mark.parametrize("name", SOME)
def test_what_a_pass_gains_is_speed_alone(name, left_out, backend, monkeypatch):
    samples, (value, gradient), stages = whole(name, backend)
    code = of_backend(backend)
    lists = {"gradient": PURPOSES["gradient"], "own": code.PASSES}
    shorter = {key: [one for one in passes if one.__name__ != left_out] for key, passes in lists.items()}
    if shorter == lists:
        pytest.skip(f"no pass of the backend {backend}")
    monkeypatch.setitem(PURPOSES, "gradient", shorter["gradient"])
    monkeypatch.setattr(code, "PASSES", shorter["own"])
    part = compiled(name, backend)
    assert left_out in stages or left_out not in shorter["gradient"]
    assert left_out not in part.stages
    found, slopes = part.value_and_gradient(*samples)
    assert found == pytest.approx(value, rel=1e-13)
    assert np.abs(slopes - gradient).max() <= 1e-13 * np.abs(gradient).max()


def test_stages_show_what_each_pass_did():
    w = Value(0.5)
    program = micrograd.compile(lambda x: tanh(w * x[0]), 1, parameters=[w], loss=losses.squared_error, backend="numpy")
    stages = program.stages
    assert list(stages)[:3] == ["trace", "roll_loss", "differentiate"] and stages["trace"] is program.graph
    texts = {name: str(stage) for name, stage in stages.items()}
    assert "tanh" in texts["roll_loss"] and "sech2" not in texts["roll_loss"]
    assert "sech2" in texts["differentiate"] and "slots 0 += " in texts["differentiate"]
    assert "factors of the sums\n    slots 0 · 2" in texts["simplify"]
    assert "gradient in slots 3" in texts["differentiate_uniform"]
    assert texts["differentiate_uniform"] == str(program.steps)
    assert "in this order" in texts["in_order"] and "places" in texts["allocate"]


def test_prune_leaves_out_what_nobody_reads():
    s, m = Value(0.2), Value(-0.1)
    stages = micrograd.compile(
        lambda x: (x[0] - m) * s.exp(), 1, parameters=[s, m], loss=losses.squared_error, backend="numpy"
    ).stages
    assert len(stages["prune"].steps) < len(stages["simplify"].steps)


def test_stages_of_predictions_and_of_an_irregular_program():
    w = Value(0.5)
    predictions = micrograd.compile(lambda x: w * x[0], 1, parameters=[w], backend="numpy").stages
    assert list(predictions) == ["trace", "roll_outputs", "expand", "in_order", "allocate"]
    if "llvm" in BACKENDS:
        assert list(compiled("irregular", "llvm").stages)[-1] == "differentiate_uniform"  # no loops: it is played


def test_a_pass_of_ones_own_takes_one_name_in_a_list(monkeypatch):
    """Here: additions of equal rows as a product by 2."""
    from micrograd.compiler.arrays.steps import Map
    from micrograd.ops import ADD, MUL

    def double(program):
        made = program.copy()
        made.steps = [twice(step) if getattr(step, "op", None) is ADD else step for step in program.steps]
        return made

    def twice(step):
        x, y = step.operands
        alike = not isinstance(x, float) and not isinstance(y, float) and x.key() == y.key()
        return Map(MUL, [x, 2.0], step.start, step.count) if alike else step

    w = Value(0.5)

    def program():
        return micrograd.compile(lambda x: tanh(w * x[0] + w * x[0]), 1, parameters=[w], loss=losses.squared_error)

    before = program()
    monkeypatch.setitem(PURPOSES, "gradient", [*PURPOSES["gradient"][:1], double, *PURPOSES["gradient"][1:]])
    after = program()
    assert "add(" in str(before.stages["roll_loss"]) and "add(" not in str(after.stages["double"])
    assert after.value_and_gradient([1.5], [1.0])[0] == before.value_and_gradient([1.5], [1.0])[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_trainer_keeps_its_program_where_the_code_computes_what_it_did(backend):
    """Rolling a graph leaves it as it was traced, so that it can be compared with that of another run of the code."""
    settings = {"scale": 1.0}
    net = nn.MLP(2, [4, 1], activation="tanh", generator=random.Random(0))

    class Model:
        def __call__(self, x):
            return net(x) * settings["scale"]

        def parameters(self):
            return net.parameters()

    trainer = Trainer(Model(), losses.squared_error, optim.SGD(lr=0.1), backend=backend)
    kept = []
    for change in ({}, {"note": "read, and used for nothing"}, {"scale": 2.0}):
        settings.update(change)
        trainer.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=1)
        kept.append(trainer.objective)
    assert kept[0] is kept[1] and kept[1] is not kept[2]


def test_through_is_all_of_them():
    trace = compiled(sorted(MODELS)[0])._trace
    last = None
    for one in PURPOSES["gradient"]:
        last = one(trace if last is None else last)
    assert str(through(PURPOSES["gradient"], trace)) == str(last)


@pytest.mark.skipif("llvm" not in BACKENDS, reason="loops are fused for llvm")
def test_short_sums_of_a_program_without_sums_run_in_the_one_loop_of_the_others():
    def model(x):
        sums = [2.0 * x[i] - x[(3 * i + 1) % 16] + x[(5 * i + 2) % 16] * 3.0 - x[15 - i] for i in range(12)]
        return [*sums, x[0] * x[1]]

    program, X = micrograd.compile(model, 16, parameters=[], threads=1), np.random.default_rng(0).normal(size=(70, 16))
    assert np.allclose(program.predict(X), [model(x) for x in X.tolist()], rtol=1e-14)
    assert "table 12×4" in str(program.stages["roll_outputs"])
    assert len(program.stages["fuse"].fused.nests) == 1, "not in the loop of x[0] * x[1]"


@pytest.mark.parametrize("backend", BACKENDS)
def test_uniform_steps_with_little_in_common_are_differentiated_number_by_number(backend):
    """A chain; beside a weighted sum, a parameter that is received as it is, and 0 times the slope of √ at 0."""
    rng = random.Random(3)
    a, b, c = [Value(rng.gauss(0.0, 1.0)) for _ in range(3)]
    zero = Value(0.0)

    def s():
        s = a
        for k in range(120):
            s = [tanh(s * b) + c, s / (1.0 + b * b) - a, a * s + b * c + c * a][k % 3]
        return s

    def penalty(parameters):
        return parameters[0] * 0.1 + s() * s()

    parameters = [a, b, c, zero]
    models = [lambda x: s() * x[0] + c * x[1], lambda x: s() * x[0] + c * x[1] + 0.0 * micrograd.sqrt(zero)]
    kind = {"parameters": parameters, "loss": losses.squared_error, "penalty": penalty, "backend": backend}
    compiled = [micrograd.compile(model, 2, **kind) for model in models]
    assert all(len(program.steps.before) > 100 for program in compiled)
    X, y = [[1.0, 2.0], [-0.5, 0.3]], [0.2, -0.1]
    value = sum((s() * x[0] + c * x[1] - t) ** 2 for x, t in zip(X, y)) / 2.0 + penalty(parameters)
    right = micrograd.gradient(value, parameters[:3])
    for program in compiled:
        found, gradient = program.value_and_gradient(X, y)
        assert found == pytest.approx(value.data, rel=1e-13)
        assert gradient.tolist() == pytest.approx([g.data for g in right] + [0.0], rel=1e-11)


@pytest.mark.skipif("llvm" not in BACKENDS, reason="loops are fused for llvm")
@pytest.mark.parametrize("seed", range(4))
def test_rows_are_sorted_so_that_a_product_goes_on_in_one_loop(seed, monkeypatch):
    """Some are read by one step, some by another, in other orders than they are made, some twice, some by no step."""
    from micrograd.compiler.llvm import code

    draw = random.Random(seed)
    factors = [[draw.gauss(0.0, 1.0) for _ in range(4)] for _ in range(40)]
    first, second = draw.sample(range(40), 18), draw.sample(range(40), 18 if seed else 40)
    second = [i for i in second if seed or i not in first]

    def model(x):
        products = [sum([a * b for a, b in zip(row, x)]) for row in factors]
        moved = [products[i] + 0.5 * i for i in first]
        twice = [products[i] * x[3 + i % 2] for i in second]
        return [*[y * x[k % 3] for k, y in enumerate(reversed(moved))], *[-y for y in twice], products[0]]

    X = np.random.default_rng(seed).normal(size=(70, 5))
    X[3], X[5], X[7] = 0.0, -0.0, 1e200
    program = micrograd.compile(model, 5, parameters=[], threads=1, backend="llvm", cache=False)
    found = program.predict(X)
    assert np.allclose(found, [model(x) for x in X.tolist()], rtol=1e-12)
    kept = program.stages["fuse"].fused.in_memory.sum()
    monkeypatch.setattr(code, "PASSES", [one for one in code.PASSES if one.__name__ != "line_up"])
    plain = micrograd.compile(model, 5, parameters=[], threads=1, backend="llvm", cache=False)
    assert np.allclose(found, plain.predict(X), rtol=1e-15)
    others = plain.stages["fuse"].fused.in_memory.sum()
    assert kept < others, "no row less goes through memory"
