"""The vector functions of compiled code against mpmath, number by number, for every width and several processors.

The same formulas on NumPy arrays are the case "arrays".
"""

import math
import operator
import platform
import random
import struct

import pytest
from same import near, same

from micrograd import Value, compile, functions

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
mpmath = pytest.importorskip("mpmath")

import ctypes  # noqa: E402
import functools  # noqa: E402

from micrograd.compiler.elementary import angles, logarithms, powers, real_powers  # noqa: E402
from micrograd.compiler.elementary.arithmetic import Arithmetic  # noqa: E402
from micrograd.compiler.elementary.table import FAR, FORMULAS  # noqa: E402
from micrograd.compiler.llvm.instructions import Function  # noqa: E402
from micrograd.compiler.llvm.native.machine_code import Processor, host, machine_code  # noqa: E402
from micrograd.compiler.llvm.vectors import VectorArithmetic  # noqa: E402
from micrograd.compiler.llvm.vocabulary import declared, definitions, primitive  # noqa: E402
from micrograd.compiler.numpy import vocabulary  # noqa: E402
from micrograd.compiler.numpy.arithmetic import ArrayArithmetic  # noqa: E402
from micrograd.compiler.samples import Batch  # noqa: E402

EXACT = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "gaussian": lambda x: mpmath.exp(-x * x),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)), "sech2": lambda x: mpmath.sech(x) ** 2,
    **{name: getattr(mpmath, name) for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos",
                                                "atan", "tanh", "sinh", "cosh", "erf")},
}  # fmt: skip
EXACT_OF_TWO = {"atan2": mpmath.atan2, "hypot": mpmath.hypot}
LIMIT = dict.fromkeys(EXACT, 2.5) | {"tan": 4.0, "pow": 1.5}  # ulp
BLOCK = 512
X86 = platform.machine().lower() in ("x86_64", "amd64")
CASES = [(None, lanes) for lanes in (1, 2, 4, 8, 16)]
CASES += [("", lanes) for lanes in (1, 2, 4, 8)] * X86  # SSE2
CASES += [("arrays", BLOCK)]
CASES += [("+avx2", lanes) for lanes in (4, 8)] * (X86 and "avx2" in host().features)
EDGES = [
    0.0, math.inf, math.nan, 5e-324, 1e-310, 2.0**-1022, 2.3e-308, 1e-20, 2.0**-54, 2.0**-53, 2.0**-28, 2.0**-27,
    math.nextafter(1.0, 0.0), 1.0, math.nextafter(1.0, 2.0), math.sqrt(2.0) - 1.0, math.sqrt(0.5), 0.5, 2.0, 19.5,
    20.0, 22.0, 26.5, 27.2, 27.3, 28.0, 36.7, 37.0, 40.0, 690.0, 708.4, 709.782712893384, 709.7827128933841, 710.0,
    710.4758600739439, 710.475860073944, 711.0, 744.4, 745.1332191019411, 745.1332191019412, 746.0, 760.0, 800.0,
    99999.99, 100000.0, 100000.01, 2.0**53, 1e22, 1e300, 1.7976931348623157e308,
]  # fmt: skip


def points():
    generator = random.Random("points")
    everywhere = [math.ldexp(generator.uniform(-1, 1), generator.randint(-1073, 1023)) for _ in range(300)]
    near = [generator.uniform(-s, s) for s in (1e-5, 0.1, 0.4, 1.0, 2.0, 5.0, 40.0, 745.0, 1e5) for _ in range(150)]
    one = [s + generator.uniform(-1, 1) * 10.0 ** -generator.randint(1, 15) for _ in range(100) for s in (1, -1)]
    turns = [k * math.pi / 4 for k in [*range(-40, 40), *range(120000, 127400, 97)]]
    under = [generator.uniform(-760.0, -690.0) for _ in range(50)]
    return np.array([*EDGES, *(-x for x in EDGES), *everywhere, *near, *one, *turns, *under])


def pairs():
    generator = random.Random("pairs")
    ends = [0.0, 5e-324, 1e-323, 1.5e-323, 1e-310, 2.0**-1022, 1e-200, 2.0**-451, 2.0**-450, 0.3, 0.5, 1.0, 2.0, 3.0,
            1e100, 2.0**510, 2.0**511, 1e300, 1.7976931348623157e308, math.inf, math.nan]  # fmt: skip
    grid = [(x, y) for x in ends for y in ends]
    signs = [(-x, y) for x, y in grid[::2]] + [(x, -y) for x, y in grid[::2]] + [(-x, -y) for x, y in grid]
    scales = [2.0 ** generator.randint(-1060, 1023) for _ in range(400)]
    alike = [(generator.uniform(-s, s), generator.uniform(-s, s)) for s in scales]
    scales = [10.0 ** generator.randint(-20, 20) for _ in range(400)]
    apart = [(generator.uniform(-1, 1), generator.uniform(-s, s)) for s in scales]
    return np.array(grid + signs + alike + apart)


@functools.cache
def bases_and_exponents():
    """Ends and their neighbours with both signs, and powers from the smallest number to the largest."""
    generator, smaller, larger = random.Random("powers"), math.nextafter(1.0, 0.0), math.nextafter(1.0, 2.0)
    ends = [0.0, 5e-324, 1e-310, 2.0**-1022, 1e-200, 0.3, 0.5, smaller, 1.0, larger, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0,
            2.0**51 - 0.5, 2.0**51 + 0.5, 2.0**52 - 0.5, 2.0**52 + 1, 2.0**53 - 1, 2.0**53, 2.0**53 + 2, 1e300,
            1.7976931348623157e308, math.inf, math.nan]  # fmt: skip
    ends += [-end for end in ends]
    found = [(x, y) for x in ends for y in ends]

    def add(x, size):
        found.append((x, size / math.log2(x)))

    for _ in range(400):
        add(math.ldexp(generator.uniform(0.5, 1.0), generator.randint(-1073, 1024)), generator.uniform(-1074.0, 1023.9))
        add(1.0 + generator.choice((-1, 1)) * 2.0 ** -generator.uniform(2.0, 52.0), generator.uniform(-1074.0, 1023.9))
        for bound in (0.7072, 1.4142):  # where the series is longest
            add(generator.uniform(bound, 1.0), generator.choice((-1, 1)) * generator.uniform(1000.0, 1021.0))
        add(generator.uniform(0.1, 9.0), generator.uniform(-1074.9, -1021.0))
        add(generator.uniform(0.1, 9.0), generator.uniform(1020.0, 1023.9999))
        found.append((generator.uniform(0.0, 4.0), generator.choice((0.3, -0.7, 0.5, 1.5, -2.5, 7.0))))
        found.append((-generator.uniform(0.0, 40.0), float(generator.randint(-90, 90))))
    return np.array(found)


@functools.cache
def compiled(features, lanes):
    """name -> the function of arrays, for the processor here or, given features, for a plain one that has these."""
    if features == "arrays":
        return on_arrays
    texts, called = [], set()
    for name in (*EXACT, *EXACT_OF_TWO, "pow"):
        f = Function(f"run_{name}", "ptr %x, ptr %y, ptr %out", "")
        names = ("%x",) if name in EXACT else ("%x", "%y")
        f.loop(
            BLOCK // lanes,
            lambda i, f=f, name=name, names=names: f.store(
                primitive(VectorArithmetic(f, lanes), name, [f.load(f.at(x, i), lanes) for x in names]),
                f.at("%out", i),
                lanes,
            ),
            step=lanes,
        )
        texts.append(f.text())
        called |= f.called
    processor = host() if features is None else Processor("x86-64", features)
    code = machine_code("\n".join([declared({lanes}), definitions(called), *texts]), processor, cache=False)

    def run(name, x, y=None):
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(code.address(f"run_{name}"))
        padded = [np.concatenate([v, np.ones(-len(v) % BLOCK)]) for v in (x, x if y is None else y)]
        out = np.empty_like(padded[0])
        for start in range(0, len(out), BLOCK):
            call(*[v[start:].ctypes.data for v in (*padded, out)])
        return out[: len(x)]

    return run


def on_arrays(name, *operands):
    with np.errstate(all="ignore"):
        return FORMULAS[name](ArrayArithmetic(), *operands)


@functools.cache
def expected(name):
    """What `functions` gives at the points, the nearest double to the exact value, and how much that lacks in ulp."""
    if name == "pow":
        return expected_powers()
    given, nearest, lacking = [], [], []
    for x in points().tolist():
        given.append(getattr(functions, name)(x))
        if not math.isfinite(given[-1]) or x == 0.0:
            nearest.append(given[-1])
            lacking.append(0.0)
            continue
        if not math.isfinite(x):
            value = mpmath.mpf(given[-1])  # 0, ±1 or ±π/2
        elif name == "gaussian" and abs(x) > 40.0 or name in ("exp", "sigmoid", "softplus") and x < -800.0:
            value = mpmath.mpf(0)
        elif name == "softplus" and x > 800.0 or name in ("tanh", "expm1", "erf") and abs(x) > 800.0:
            value = mpmath.mpf(given[-1])
        else:
            with mpmath.workprec(200):
                value = EXACT[name](mpmath.mpf(x))
        nearest.append(float(value))
        with mpmath.workprec(160):
            lacking.append(float((value - nearest[-1]) / math.ulp(nearest[-1])))
    return np.array(given), np.array(nearest), np.array(lacking)


def expected_powers():
    """The same for powers."""
    given, nearest, lacking = [], [], []
    for x, y in bases_and_exponents().tolist():
        given.append(functions.pow(x, y))
        nearest.append(given[-1])
        lacking.append(0.0)
        if math.isfinite(given[-1]) and given[-1] != 0.0 and math.isfinite(x) and math.isfinite(y):
            with mpmath.workprec(1200 if abs(y) > 1e17 else 200):
                value = mpmath.power(abs(mpmath.mpf(x)), mpmath.mpf(y)) * math.copysign(1.0, given[-1])
                nearest[-1] = float(value)
                lacking[-1] = float((value - nearest[-1]) / math.ulp(nearest[-1]))
    return np.array(given), np.array(nearest), np.array(lacking)


def error(name, y):
    """The distances to the exact values in ulp; inf for a wrong inf, nan or sign of zero."""
    given, nearest, lacking = expected(name)
    finite = np.isfinite(given)
    units = np.array([math.ulp(v) if math.isfinite(v) else 1.0 for v in nearest.tolist()])
    with np.errstate(invalid="ignore"):
        distance = np.where(finite & np.isfinite(y), np.abs((y - nearest) / units - lacking), np.inf)
    distance[~finite & ((y == given) | (np.isnan(y) & np.isnan(given)))] = 0.0
    distance[(y == 0.0) & (given == 0.0) & (np.signbit(y) != np.signbit(given))] = np.inf
    return distance


def test_every_function_is_here():
    assert sorted([*EXACT, *EXACT_OF_TWO, "pow"]) == sorted(FORMULAS)


@pytest.mark.parametrize("features, lanes", CASES)
def test_near_the_exact_value(features, lanes):
    x = points()
    for name in EXACT:
        y = compiled(features, lanes)(name, x)
        errors = error(name, y)
        worst = int(np.argmax(errors))
        assert errors[worst] <= LIMIT[name], (name, x[worst], y[worst], expected(name)[1][worst], errors[worst])
        assert errors[worst] > 0.0


@pytest.mark.parametrize("features, lanes", CASES)
@pytest.mark.parametrize("name", sorted(EXACT_OF_TWO))
def test_two_operands_near_the_exact_value(name, features, lanes):
    points = pairs()
    found = compiled(features, lanes)(name, points[:, 0].copy(), points[:, 1].copy())
    for (x, y), out in zip(points.tolist(), found.tolist()):
        given = getattr(functions, name)(x, y)
        if not math.isfinite(given) or not math.isfinite(x) or not math.isfinite(y) or 0.0 in (x, y):
            assert same(out, given), (x, y, out, given)
            continue
        with mpmath.workprec(200):
            exact = EXACT_OF_TWO[name](mpmath.mpf(x), mpmath.mpf(y))
            assert abs(out - exact) <= 2.5 * math.ulp(float(exact)), (x, y, out, given)


@pytest.mark.parametrize("features, lanes", CASES)
def test_powers(features, lanes):
    x, y = bases_and_exponents().T.copy()
    found = compiled(features, lanes)("pow", x, y)
    errors = error("pow", found)
    worst = int(np.argmax(errors))
    assert 0.5 < errors[worst] <= LIMIT["pow"], (x[worst], y[worst], found[worst], expected("pow")[1][worst])
    whole = np.array([(base, n, base**n) for base in range(2, 700) for n in range(2, 53) if base**n < 2**53], float)
    scale = np.exp2(np.arange(len(whole)) % 19 - 9.0)  # of the base
    found = compiled(features, lanes)("pow", whole[:, 0] * scale, whole[:, 1].copy())
    assert same(found, whole[:, 2] * scale ** whole[:, 1])  # what a float can hold is not rounded


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_constant_exponents(backend):
    """Of which a backend may compute ahead, or otherwise, what it can."""
    exponents = (0.3, -0.7, 0.5, 5.0, -6.0, 2.5, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan, 0.0, -0.0)
    w = Value(1.0)
    x = np.unique(bases_and_exponents()[:, 0])
    x = np.array([*x, 0.0, -0.0])
    program = compile(lambda x: [w * x[0] ** y for y in exponents], 1, parameters=[w], backend=backend)
    by_hand = Batch(x[:, None], np.zeros((len(x), 1)))  # it may have inf and nan
    for base, row in zip(x.tolist(), program.predict(by_hand).tolist()):
        for y, out in zip(exponents, row):
            given = functions.pow(base, y)
            limit = 2.0 if 0.0 < abs(given) < math.inf and 0.0 < abs(y) < math.inf else 0.0
            assert near(out, given, limit), (base, y, out, given)


def test_powers_in_programs():
    """Both derivatives."""
    w, generator = Value(1.0), random.Random(0)
    x = [(2.0 ** generator.uniform(-30.0, 30.0), generator.uniform(-20.0, 20.0)) for _ in range(700)]
    program = compile(lambda x: w * x[0] ** x[1], 2, parameters=[w], backend="llvm")
    values, slopes = program.input_gradients(x)
    for (base, y), value, (by_base, by_exponent) in zip(x, values.tolist(), slopes.tolist()):
        with mpmath.workprec(200):
            b, e = mpmath.mpf(base), mpmath.mpf(y)
            power = b**e
            for out, exact, most in ((value, power, 1.5), (by_exponent, power * mpmath.log(b), 4.0)):
                assert abs(out - exact) <= most * math.ulp(float(exact)), (base, y)
            exact = e * power / b
            assert abs(by_base - exact) <= 3.0 * math.ulp(float(exact)), (base, y)


def test_the_derivative_of_tanh():
    """sech² x, made of the power that tanh needs, to 2.5 ulp also where it is subnormal."""
    w, draw = Value(1.0), random.Random(0)
    program = compile(lambda x: (w * x[0]).tanh(), 1, parameters=[w], backend="llvm")
    x = [draw.uniform(-bound, bound) for bound in (1.0, 20.0, 354.0) for _ in range(700)]
    x += [0.0, 1e-300, 353.9, 354.1, -372.5, 400.0]
    values, slopes = program.input_gradients([[v] for v in x])
    with mpmath.workprec(200):
        for v, value, slope in zip(x, values.tolist(), slopes[:, 0].tolist()):
            exact = mpmath.sech(mpmath.mpf(v)) ** 2
            assert abs(slope - exact) <= 2.5 * math.ulp(float(exact)), v
            assert abs(value - mpmath.tanh(mpmath.mpf(v))) <= 2.5 * math.ulp(value), v


def test_a_wrong_result_is_found():
    y = expected("sin")[1].copy()
    assert error("sin", y).max() <= 0.5000001
    x = points().tolist()
    for place, wrong in ((x.index(1.0), y[x.index(1.0)] * (1 + 1e-15)), (0, -0.0), (x.index(math.inf), 0.0)):
        changed = y.copy()
        changed[place] = wrong
        assert error("sin", changed).max() > 2.5


def test_all_widths_give_the_same_bits():
    x = points()
    for name in (*EXACT, "pow"):
        operands = [x] if name in EXACT else bases_and_exponents().T.copy()
        for features in {features for features, _ in CASES}:
            first, *others = [compiled(features, n)(name, *operands) for f, n in CASES if f == features]
            for other in others:
                assert same(first, other), (name, features)


@pytest.mark.skipif(not X86, reason="needs a processor without a fused multiply-add")
def test_arrays_give_the_bits_of_vectors():
    """But for huge angles, which are the C library's here and NumPy's there."""
    x = points()
    operands_of = {"pow": bases_and_exponents().T.copy(), "atan2": pairs().T.copy(), "hypot": pairs().T.copy()}
    operands_of |= dict.fromkeys(("sin", "cos", "tan"), [x[~(abs(x) >= angles.LARGEST_ANGLE) | np.isinf(x)]])
    for name in FORMULAS:
        operands = operands_of.get(name, [x])
        first, second = on_arrays(name, *operands), compiled("", 2)(name, *operands)
        assert same(first, second), name


def test_the_primitives_of_numpy():
    """NumPy's own functions too are near the exact value, and a number's result does not depend on its neighbours."""
    x = points()
    for name in EXACT:
        with np.errstate(all="ignore"):
            found, alone = x[None].copy(), np.empty((1, 1))
            vocabulary.function(name)(found, found)
            assert error(name, found[0]).max() <= LIMIT[name], name
            for place in range(0, len(x), 101):
                vocabulary.function(name)(x[None, place : place + 1], alone)
                assert np.array_equal(alone, found[:, place : place + 1], equal_nan=True), (name, x[place])


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_the_ends_of_the_fast_range_of_angles(name):
    def steps(x, towards, count=64):
        for _ in range(count):
            yield x
            x = math.nextafter(x, towards)

    end = angles.LARGEST_ANGLE
    quarter = math.floor(end / (math.pi / 2)) * (math.pi / 2)
    x = np.array([*steps(end, 0.0), *steps(end, 1e6), *steps(quarter, 0.0), *steps(quarter, 1e6)])
    for number, y in zip(x.tolist(), compiled(None, host().registers.lanes)(name, x).tolist()):
        with mpmath.workprec(300):
            exact = EXACT[name](mpmath.mpf(number))
            assert abs(y - exact) <= LIMIT[name] * math.ulp(float(exact)), (name, number, y)


def test_one_huge_angle_does_not_touch_the_other_lanes():
    lanes = host().registers.lanes
    x = np.linspace(-3.0, 3.0, BLOCK)
    alone = compiled(None, lanes)("sin", x)
    x[5] = 1e22
    y = compiled(None, lanes)("sin", x)
    assert y[5] == math.sin(1e22)
    assert same(np.delete(y, 5), np.delete(alone, 5))


class Floats(Arithmetic):
    """Plain numbers, one at a time, in the exact words of the formulas: no target is needed for them."""

    SIGNS = {"<": operator.lt, "<=": operator.le, "==": operator.eq, ">=": operator.ge, ">": operator.gt,
             "!=": operator.ne, "+": operator.add, "-": operator.sub, "&": operator.and_, "^": operator.xor,
             "<<": operator.lshift, ">>": operator.rshift}  # fmt: skip

    def number(self, value):
        return value

    def add(self, a, b, fuse=True):
        return a + b

    def sub(self, a, b, fuse=True):
        return a - b

    def mul(self, a, b, fuse=True):
        return a * b

    def div(self, a, b):
        return functions.div(a, b)

    def sqrt(self, x):
        return functions.sqrt(x)

    def negative(self, x):
        return -x

    def magnitude(self, x):
        return abs(x)

    def signed(self, magnitude, x):
        return math.copysign(magnitude, x)

    def compare(self, sign, a, b):
        return self.SIGNS[sign.removeprefix("not ")](a, b) != sign.startswith("not ")

    def is_minus(self, x):
        return math.copysign(1.0, x) < 0.0

    def either(self, a, b):
        return a or b

    def select(self, condition, a, b):
        return a if condition else b

    choose = select

    def unless(self, far, near, name, x):
        if not far:
            return near
        return FAR[f"far_{name}"](self, x) if f"far_{name}" in FAR else getattr(functions, name)(x)

    def bits(self, x):
        return struct.unpack("<q", struct.pack("<d", x))[0]

    def doubles(self, x):
        return struct.unpack("<d", struct.pack("<q", x))[0]

    def whole(self, sign, a, b):
        return ((self.SIGNS[sign](a, b) + 2**63) & 2**64 - 1) - 2**63

    def odd(self, t):
        return self.bits(t) & 1 == 1


def test_the_formulas_know_no_target():
    """Plain floats give the bits of a processor that cannot fuse a product and a sum."""
    x = points()
    for name in EXACT:
        y = np.array([FORMULAS[name](Floats(), number) for number in x.tolist()])
        assert error(name, y).max() <= LIMIT[name], name
        if X86:
            assert same(y, compiled("", 2)(name, x)), name
    for name in (*EXACT_OF_TWO, "pow"):
        operands = bases_and_exponents() if name == "pow" else pairs()
        y = np.array([FORMULAS[name](Floats(), *pair) for pair in operands.tolist()])
        if X86:
            assert same(y, compiled("", 2)(name, *operands.T.copy())), name


def rest(f, order, *terms):
    """(f(r) − Σ c rⁱ) / r to the order, as a function of r², in 900 bits because it cancels."""

    def quotient(z):
        with mpmath.workprec(900):
            r = mpmath.sqrt(z)
            return (f(r) - sum(c * r**i for i, c in terms)) / r**order

    return quotient


@pytest.mark.filterwarnings("ignore:Descending")
def test_the_polynomials_are_those_of_a_fresh_fit():
    with mpmath.workprec(200):
        mp = mpmath.mpf
        half = mpmath.log(2) / 2 * mp("1.0005")
        tiny, wider = mp(2) ** -70, mp("1.001")
        bound = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * wider

        def exp_rest(r):
            return mp(1) / 2 + r / 6 + r * r / 24 if abs(r) < mp(2) ** -40 else (mpmath.exp(r) - 1 - r) / r**2

        for coefficients, f, interval in (
            (powers.EXP, exp_rest, [-half, half]),
            (logarithms.LOG, rest(lambda s: mpmath.log((1 + s) / (1 - s)), 3, (1, 2)), [tiny, bound]),
            (real_powers.SERIES, rest(lambda s: 1.5 * mpmath.log((1 + s) / (1 - s)), 5, (1, 3), (3, 1)), [tiny, bound]),
            (powers.ERF[:-1], rest(lambda x: mpmath.erf(x) / x, 2, (0, 2 / mpmath.sqrt(mpmath.pi))), [tiny, 1]),
            (angles.SIN, rest(mpmath.sin, 3, (1, 1)), [tiny, (mpmath.pi / 2) ** 2 * wider]),
            (angles.COS, rest(mpmath.cos, 4, (0, 1), (2, -0.5)), [tiny, (mpmath.pi / 4) ** 2 * wider]),
            (angles.ATAN, rest(mpmath.atan, 3, (1, 1)), [tiny, mp(1) / 4]),
        ):
            fitted = mpmath.chebyfit(f, interval, len(coefficients))
            assert [float(c) for c in fitted] == coefficients


def test_the_polynomial_of_erf_beyond_1():
    with mpmath.workprec(200):
        for i in range(501):
            u = mpmath.mpf(i) / 100
            exact = mpmath.erfc(1 + u)
            found = functools.reduce(lambda p, c: p * u + c, powers.LOG_ERFC)
            error = abs(found - mpmath.log(exact)) * exact
            assert error < 0.31 * mpmath.mpf(2) ** -53, (u, error)


def test_the_parts_of_the_constants():
    with mpmath.workprec(300):
        assert float(2 / mpmath.sqrt(mpmath.pi) - 1) == powers.ERF[-1]
        for parts, exact, bits in (
            (angles.PI, mpmath.pi, 120),
            (angles.QUARTER_PI, mpmath.pi / 4, 105),
            (powers.LOG_2, mpmath.log(2), 85),
            (real_powers.LOG_OF_2, mpmath.log(2), 78),
            (real_powers.TWO_THIRDS, mpmath.mpf(2) / 3, 78),
        ):
            assert abs(sum(map(mpmath.mpf, parts)) - exact) < mpmath.mpf(2) ** -bits
    most = round(angles.LARGEST_ANGLE / math.pi) + 0.5
    for k, parts in ((2 * most, angles.PI[:2]), (1100, powers.LOG_2[:1])):
        for part in parts:  # k times it is exact
            assert (int(math.ldexp(part, 100)) & -int(math.ldexp(part, 100))) * 2**53 > k * math.ldexp(part, 100)
    for high, _ in (real_powers.LOG_OF_2, real_powers.TWO_THIRDS):
        assert math.ldexp(high, real_powers.HIGH_BITS).is_integer()
