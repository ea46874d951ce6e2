"""What `benchmarks/compiled.py` compares computes the same: tuned C, eager Values, programs, peers, exact formulas."""

import importlib
import platform
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
FOLDER = Path(__file__).parent.parent / "benchmarks"
SAMPLES = {"toy": [3, 64, 100], "moons": [3, 64, 100], "tanh": [3, 64, 100], "digits": [3, 65], "wide": [3]}


@pytest.fixture(scope="module")
def compiled():
    return benchmark("compiled")


@pytest.fixture(scope="module")
def structures():
    return benchmark("structures")


def benchmark(name):
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def library(compiled):
    found = compiled.contenders.build()
    if found is None:
        pytest.skip("tuned C needs gcc")
    return found


@lru_cache(None)
def workload(compiled, name, samples):
    if name == "digits":
        pytest.importorskip("sklearn")
    return compiled.workloads.ALL[name]().first(samples)


@lru_cache(None)
def structure(structures, name, samples):
    return structures.ALL[name]()[0].first(samples)


@lru_cache(None)
def eager(compiled, work):
    """The step in Values, which takes long and always gives the same."""
    found = compiled.contenders.eager(work)()
    return lambda: found


def assert_same(compiled, step, other, tolerance=1e-12):
    (value, gradient), (expected, slopes) = step(), other()
    gradient, slopes = compiled.contenders.flat(gradient), compiled.contenders.flat(slopes)
    assert value == pytest.approx(expected, rel=tolerance)
    assert abs(gradient - slopes).max() <= tolerance * abs(slopes).max()


@pytest.mark.parametrize("name, samples", [(name, n) for name, counts in SAMPLES.items() for n in counts])
def test_tuned_c_gives_the_value_and_gradient_of_eager(compiled, library, name, samples):
    work = workload(compiled, name, samples)
    assert_same(compiled, compiled.contenders.tuned_c(work, library), eager(compiled, work))


@pytest.mark.parametrize("march", ["x86-64", "x86-64-v3"])
def test_tuned_c_for_narrower_vectors_gives_the_same(compiled, library, march):
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        pytest.skip("these are x86-64's vectors")
    if march == "x86-64-v3" and not {"avx2", "fma"} <= set(Path("/proc/cpuinfo").read_text().split()):
        pytest.skip("this machine has no AVX2")
    narrow, tuned_c = compiled.contenders.build(march), compiled.contenders.tuned_c
    for name in SAMPLES if find_spec("sklearn") else set(SAMPLES) - {"digits"}:
        work = workload(compiled, name, 100)
        assert_same(compiled, tuned_c(work, narrow), tuned_c(work, library))


@pytest.mark.parametrize("name, samples", [(name, counts[-1]) for name, counts in SAMPLES.items()])
def test_the_exact_gradient_is_that_of_eager(compiled, name, samples):
    work = workload(compiled, name, samples)
    assert compiled.error_of(eager(compiled, work), work) <= 1e-14


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("name", ["toy", "moons", "tanh", "digits"])
def test_programs_are_within_the_goal_of_the_exact_gradient(compiled, name, backend):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    work = workload(compiled, name, 20)
    step = compiled.contenders.program(work, backend)
    assert compiled.error_of(step, work) <= compiled.GOAL
    assert_same(compiled, step, eager(compiled, work))


@pytest.mark.parametrize("name", ["toy", "moons", "tanh", "digits"])
@pytest.mark.parametrize("peer", ["PyTorch", "JAX", "CasADi", "autograd"])
def test_peers_compute_what_eager_computes(compiled, peer, name):
    package, make = compiled.contenders.PEERS[peer]
    pytest.importorskip(package)
    work = workload(compiled, name, 64)
    assert_same(compiled, make(work), eager(compiled, work))


@pytest.mark.parametrize("name", ["convolution", "recurrence", "bundle", "mixture", "graph-1k"])
def test_structures_compute_the_same_in_values_in_programs_and_in_arrays(compiled, structures, name):
    work, arrays = structures.ALL[name]()
    work = work.first(3)
    expected = eager(compiled, work)
    for backend in ["numpy"] + ["llvm"] * bool(find_spec("llvmlite")):
        assert_same(compiled, compiled.contenders.program(work, backend), expected)
    if find_spec("jax") and name != "graph-1k":  # which takes JAX long to compile
        assert_same(compiled, structures.jax_step(work, arrays), expected)


@pytest.mark.parametrize("march", ["native", "x86-64", "x86-64-v3"])
def test_structures_in_c_give_the_value_and_gradient_of_eager(compiled, structures, library, march):
    if march == "x86-64" and platform.machine() != "x86_64":
        pytest.skip("these are x86-64's vectors")
    if march == "x86-64-v3" and not {"avx2", "fma"} <= set(Path("/proc/cpuinfo").read_text().split()):
        pytest.skip("this machine has no AVX2")
    built = compiled.contenders.build(march, "structures.c")
    for name in ("convolution", "recurrence", "bundle", "mixture"):
        work = structure(structures, name, 70)
        assert_same(compiled, compiled.contenders.tuned_c(work, built), eager(compiled, work))


def test_layers_and_flat_are_inverse(compiled):
    for name in ("toy", "moons", "wide"):
        work = compiled.workloads.ALL[name]()
        arrays = compiled.contenders.layers_of(work, work.numbers)
        assert np.array_equal(compiled.contenders.flat(arrays), work.numbers)


def test_a_contender_that_disagrees_is_refused(compiled):
    right = (2.0, np.array([1.0, -3.0]))
    compiled.agree({"a": lambda: right, "b": lambda: (2.0 + 1e-10, np.array([1.0, -3.0]))}, "a")
    for wrong in [(2.1, right[1]), (2.0, np.array([1.0, -3.1])), (2.0, np.array([np.nan, -3.0])), (np.nan, right[1])]:
        with pytest.raises(RuntimeError, match="b and a disagree"):
            compiled.agree({"a": lambda: right, "b": lambda wrong=wrong: wrong}, "a")


def test_the_script_prints_the_table_and_refuses_unknown_names():
    def run(*arguments):
        command = [sys.executable, FOLDER / "compiled.py", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run("--only", "toy", "--quick")
    assert done.returncode == 0, done.stderr
    header, line = done.stdout[done.stdout.index("CPU time") :].splitlines()[:2]
    columns = header.split("µs")[1].split()
    assert {"numpy", "eager", "error"} <= set(columns) | {header.split(",")[0].split()[-1]}
    assert line.startswith("toy net, N=1,000") and len(line.split("N=1,000")[1].split()) == len(columns) + 1
    assert ("llvm" in header) == bool(find_spec("llvmlite"))
    refused = run("--only", "toys")
    assert refused.returncode == 2 and "expected --only with names among toy, " in refused.stderr


@pytest.mark.parametrize("name", ["hand", "cameras"])
def test_jacobians_are_the_same_by_all_contenders(name):
    jacobians = benchmark("jacobians")
    work = {"hand": jacobians.hand, "cameras": jacobians.cameras}[name](9)
    backends = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
    steps = {backend: jacobians.program(work, backend)[0] for backend in backends}
    peers = {"jax": jacobians.jax, "casadi": jacobians.casadi}
    steps |= {peer: make(work) for peer, make in peers.items() if find_spec(peer)}
    jacobians.agree({**steps, "eager": jacobians.eager(work.first(2))}, "numpy")
    with pytest.raises(RuntimeError, match="eager and numpy disagree"):
        jacobians.agree({"numpy": steps["numpy"], "eager": lambda: steps["numpy"]() * 1.001}, "numpy")


def test_trainings_are_the_same_by_all_contenders(compiled, monkeypatch):
    training = benchmark("training")
    run = training.Run(workload(compiled, "tanh", 3), 2, 2)
    training.agree(run)
    for name in training.GRAPHS:
        for call in training.descents(name, 9).values():
            assert np.allclose(call(), training.eager(name, 9), rtol=1e-9)
    monkeypatch.setattr(training, "plain", lambda run: lambda: np.zeros(len(run.work.numbers)))
    with pytest.raises(RuntimeError, match="plain and fit disagree"):
        training.agree(run)
