"""The reference that compiled programs are timed against computes what they compute."""
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def compiled():
    sys.path.insert(0, str(FOLDER))
    try:
        import compiled as module
    finally:
        sys.path.remove(str(FOLDER))
    return module


@pytest.mark.parametrize("name", ["toy", "moons", "tanh", "wide"])
def test_tuned_c_and_the_exact_formulas_agree_with_the_program(compiled, name):
    library = compiled.build()
    if library is None:
        pytest.skip("tuned C needs gcc and glibc on x86-64")
    work = compiled.workloads.ALL[name]()
    work.X, work.y = work.X[:100], work.y[:100]
    steps = {"llvm": compiled.program_of(work, "llvm")[1], "C": compiled.tuned_c(library, work)}
    compiled.agree(steps)
    exact = compiled.exact_gradient(work)
    assert abs(steps["llvm"]()[1] - exact).max() <= 1e-14 * abs(exact).max()
    with pytest.raises(RuntimeError, match="disagree"):
        compiled.agree({"llvm": steps["llvm"], "C": lambda: (1.0, exact)})
