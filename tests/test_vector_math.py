"""The vector functions of compiled code against mpmath, number by number."""

import math
import random

import pytest

from micrograd import functions

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
mpmath = pytest.importorskip("mpmath")

import ctypes  # noqa: E402

from micrograd.program import vector_math  # noqa: E402
from micrograd.program.instructions import Function  # noqa: E402
from micrograd.program.llvm_engine import Engine, host  # noqa: E402
from micrograd.program.llvm_math import declarations, definitions, primitive  # noqa: E402

EXACT = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p,
    "sin": mpmath.sin, "cos": mpmath.cos, "tanh": mpmath.tanh, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "gaussian": lambda x: mpmath.exp(-x * x),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
}  # fmt: skip
ENDS = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.3e-308, 1e308, -1e308, -1.0, 1.0]


def compiled(name, lanes, features=None):
    """The function of arrays whose length is a multiple of lanes."""
    f, used = Function("run", "ptr %x, ptr %y"), set()
    f.loop(512 // lanes, lambda i: f.store(primitive(f, name, [f.load(f.at("%x", i), lanes)], lanes, used),
                                           f.at("%y", i), lanes), step=lanes)  # fmt: skip
    text = "\n".join([declarations({lanes}), definitions(used), f.text().replace("internal ", "")])
    target = host()
    if features is not None:
        target = type(target)("x86-64", features)
    engine = Engine(text, target, cache=False)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(engine.address("run"))

    def run(x):
        padded = np.concatenate([x, np.ones(-len(x) % 512)])
        y = np.empty_like(padded)
        for start in range(0, len(padded), 512):
            call(padded[start:].ctypes.data, y[start:].ctypes.data)
        return y[: len(x)]

    run.engine = engine
    return run


def points(name):
    generator = random.Random(name)
    far = [math.ldexp(generator.uniform(-1, 1), generator.randint(-1060, 1023)) for _ in range(300)]
    near = [generator.uniform(-scale, scale) for scale in (1e-5, 0.1, 1.0, 5.0, 40.0, 745.0, 1e4) for _ in range(150)]
    close = [1.0 + generator.uniform(-1, 1) * 10.0 ** -generator.randint(1, 15) for _ in range(100)]
    angles = [k * math.pi / 2 for k in range(-40, 40)] + [k * math.pi / 2 for k in range(60000, 63000, 97)]
    return np.array(ENDS + far + near + close + angles)


def exact(name, x):
    mpmath.mp.prec = 1200 if name in ("sin", "cos", "cosh", "sinh", "log1p", "softplus") else 160
    try:
        return EXACT[name](mpmath.mpf(x))
    finally:
        mpmath.mp.prec = 53


@pytest.mark.parametrize("name", sorted(EXACT))
def test_within_four_ulp_of_the_exact_value(name):
    x = points(name)
    found = compiled(name, host().machine.lanes)(x)
    worst = 0.0
    for number, y in zip(x.tolist(), found.tolist()):
        expected = getattr(functions, name)(number)
        if not math.isfinite(expected) or expected == 0.0 or abs(number) > 1e300:
            same = math.isclose(y, expected, rel_tol=1e-15) or y == expected or (y != y and expected != expected)
            assert same and (y != 0.0 or math.copysign(1.0, y) == math.copysign(1.0, expected)), (
                name,
                number,
                y,
                expected,
            )
            continue
        error = float(abs(mpmath.mpf(y) - exact(name, number)) / max(math.ulp(expected), 5e-324))
        worst = max(worst, error)
        assert error <= 4.0, (name, number, y, expected, error)
    assert worst > 0.0


@pytest.mark.parametrize("lanes", [1, 2, 4, 16])
def test_other_widths_agree(lanes):
    for name in sorted(EXACT):
        x = points(name)
        found, expected = compiled(name, lanes)(x), compiled(name, host().machine.lanes)(x)
        assert np.allclose(found, expected, rtol=1e-15, atol=0.0, equal_nan=True), name


@pytest.mark.skipif("fma" not in host().features, reason="not a processor with fused multiply-add")
def test_without_fused_multiply_add():
    for name in sorted(EXACT):
        x = points(name)
        found, expected = compiled(name, 2, "")(x), compiled(name, host().machine.lanes)(x)
        assert np.allclose(found, expected, rtol=1.4e-15, atol=1e-323, equal_nan=True), name


@pytest.mark.filterwarnings("ignore:Descending")
def test_the_polynomials_are_those_of_a_fresh_fit():
    mpmath.mp.prec = 200
    try:
        mp = mpmath.mpf
        half = mpmath.log(2) / 2 * mp("1.0005")

        def exp_rest(r):
            return mp(1) / 2 + r / 6 + r * r / 24 if abs(r) < mp(2) ** -40 else (mpmath.exp(r) - 1 - r) / r**2

        fitted = mpmath.chebyfit(exp_rest, [-half, half], len(vector_math.EXP))
        assert [float(c) for c in fitted] == vector_math.EXP

        def sin_rest(z):
            r = mpmath.sqrt(z)
            return -mp(1) / 6 + z / 120 if z < mp(2) ** -60 else (mpmath.sin(r) - r) / r**3

        fitted = mpmath.chebyfit(sin_rest, [mp(2) ** -70, (mpmath.pi / 4) ** 2 * mp("1.001")], len(vector_math.SIN))
        assert [float(c) for c in fitted] == vector_math.SIN

        def cos_rest(z):
            return mp(1) / 24 - z / 720 if z < mp(2) ** -60 else (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2

        fitted = mpmath.chebyfit(cos_rest, [mp(2) ** -70, (mpmath.pi / 4) ** 2 * mp("1.001")], len(vector_math.COS))
        assert [float(c) for c in fitted] == vector_math.COS

        def log_rest(z):
            s = mpmath.sqrt(z)
            return mp(2) / 3 + mp(2) / 5 * z if z < mp(2) ** -60 else (mpmath.log((1 + s) / (1 - s)) - 2 * s) / (s * z)

        bound = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * mp("1.001")
        fitted = mpmath.chebyfit(log_rest, [mp(2) ** -70, bound], len(vector_math.LOG))
        assert [float(c) for c in fitted] == vector_math.LOG
        assert abs(sum(map(mp, vector_math.HALF_PI)) - mpmath.pi / 2) < mp(2) ** -150
        assert abs(sum(map(mp, vector_math.LOG_2)) - mpmath.log(2)) < mp(2) ** -85
    finally:
        mpmath.mp.prec = 53
