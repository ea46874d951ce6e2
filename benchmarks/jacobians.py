"""Jacobians of many samples: a hand's vertices by its angles, reprojections by cameras and points; against JAX, CasADi.

    python benchmarks/jacobians.py [--only NAMES] [--quick]

One core, CPU time; a figure is the median of a call that fills an array of the user's, divided by that of the backend
llvm, of which the time is shown; `anew` is that of samples in an array, not in a batch, into an array that is made at
each call. First all must agree. `hand` has 26 parameters, which are the same for all vertices: a
kinematic chain of 21 bones, whose placements are blended by weights. `cameras` has none: a row is a camera (Rodrigues'
rotation, place, focal length, centre, radial distortion), a point, a weight, and where the point was seen. JAX has
`vmap` of `jacfwd`, compiled, on the same scalar code; CasADi a function mapped over the samples, which fills in
nonzeros alone. `first` is seconds from the code to the first matrix.
"""

from __future__ import annotations

import compiled  # first, since it sets the number of threads  # isort: skip
import argparse
import importlib.util
import random
import time

import numpy as np

import micrograd
from micrograd import Value, functions

FINGERS, BONES = 5, 4
ANGLES = 6 + 4 * FINGERS  # of the whole hand three, its place three; four of each finger


class Work:
    """A function of a row (and of parameters), the samples, and by what it is differentiated.

    function    (f, parameters, row) -> a list; f has sin, cos, sqrt, where of the numbers that it is given
    """

    def __init__(self, name, function, parameters, X, wrt):
        self.name, self.function, self.parameters, self.X, self.wrt = name, function, parameters, X, wrt

    def first(self, count):
        """The same with fewer samples."""
        return Work(self.name, self.function, self.parameters, self.X[:count], self.wrt)


def turned(f, A, axis, angle):
    """A rotation after one about an axis: two columns mix."""
    c, s = f.cos(angle), f.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    rows = [list(row) for row in A]
    for row in rows:
        row[i], row[j] = row[i] * c + row[j] * s, row[j] * c - row[i] * s
    return rows


def hand(vertices):
    """How far each vertex is from where it was seen: the mean of the bones' placements by its weights moves it."""
    draw, rng = random.Random(0), np.random.default_rng(0)
    lengths = [[draw.uniform(0.5, 1.5) for _ in range(BONES)] for _ in range(FINGERS)]
    splayed = [draw.uniform(-0.5, 0.5) for _ in range(FINGERS)]

    def bones(f, p):
        """Of each the rotation with its place in a fourth column."""
        whole = [[f.cos(p[1]), 0.0, f.sin(p[1])], [0.0, 1.0, 0.0], [-f.sin(p[1]), 0.0, f.cos(p[1])]]
        whole = turned(f, turned(f, whole, 0, p[0]), 2, p[2])
        found = [[[*row, place] for row, place in zip(whole, p[3:6])]]
        for finger in range(FINGERS):
            first, *bends = p[6 + 4 * finger : 10 + 4 * finger]
            turn, place = turned(f, whole, 2, first + splayed[finger]), list(p[3:6])
            for length, bend in zip(lengths[finger], [*bends, bends[-1]]):
                turn = turned(f, turn, 0, bend)
                place = [a + length * row[1] for a, row in zip(place, turn)]
                found.append([[*row, a] for row, a in zip(turn, place)])
        return found

    def function(f, p, x):
        seen, vertex, weights = x[:3], x[3:6], x[6:]
        placed = bones(f, p)
        found = []
        for i in range(3):
            *row, place = (sum(w * bone[i][j] for w, bone in zip(weights, placed)) for j in range(4))
            found.append(seen[i] - (sum(m * v for m, v in zip(row, vertex)) + place))
        return found

    weights = rng.dirichlet(np.full(1 + FINGERS * BONES, 0.2), vertices)
    X = np.hstack([rng.normal(size=(vertices, 6)), weights])
    return Work(f"hand, {vertices:,}", function, [draw.uniform(-0.4, 0.4) for _ in range(ANGLES)], X, "parameters")


def cameras(observations):
    """Where a camera sees a point, less where it was seen, times a weight."""
    rng = np.random.default_rng(0)

    def rotated(f, r, v):
        """Rodrigues' formula, which has a limit where there is no rotation."""
        square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
        angle = f.sqrt(square)
        c, s = f.cos(angle), f.sin(angle) / angle
        cross = [r[1] * v[2] - r[2] * v[1], r[2] * v[0] - r[0] * v[2], r[0] * v[1] - r[1] * v[0]]
        along = (r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) * (1.0 - c) / square
        return [a * c + b * s + k * along for a, b, k in zip(v, cross, r)]

    def function(f, p, x):
        turn, centre, (focal, *middle), (k1, k2), point, weight, seen = (
            x[:3], x[3:6], x[6:9], x[9:11], x[11:14], x[14], x[15:17]
        )  # fmt: skip
        v = rotated(f, turn, [a - b for a, b in zip(point, centre)])
        plane = [v[0] / v[2], v[1] / v[2]]
        square = plane[0] * plane[0] + plane[1] * plane[1]
        radial = focal * (1.0 + square * (k1 + k2 * square))
        return [weight * (u * radial + m - s) for u, m, s in zip(plane, middle, seen)]

    X = rng.normal(size=(observations, 17))
    X[:, 5] -= 10.0
    return Work(f"cameras, {observations:,}", function, [], X, "inputs")


ALL = {"hand": lambda: hand(100), "hands": lambda: hand(6_400), "cameras": lambda: cameras(31_843)}


def program(work, backend):
    """A call that fills an array of its own, which it returns; one that is given all anew; seconds to the first."""
    started = time.process_time()
    parameters = [Value(p) for p in work.parameters]
    made = micrograd.compile(
        lambda x: work.function(functions, parameters, x),
        work.X.shape[1],
        parameters=parameters,
        backend=backend,
        threads=1,
        cache=False,
    )
    batch = made.batch(work.X)
    out = made.jacobian(batch, wrt=work.wrt)
    seconds = time.process_time() - started
    return lambda: made.jacobian(batch, wrt=work.wrt, out=out), lambda: made.jacobian(work.X, wrt=work.wrt), seconds


def eager(work):
    """The same by Values, sample by sample."""

    def call():
        found = []
        for row in work.X.tolist():
            leaves = {"parameters": [Value(p) for p in work.parameters], "inputs": [Value(x) for x in row]}
            outputs = work.function(functions, leaves["parameters"], leaves["inputs"])
            rows = [micrograd.gradient(out, leaves[work.wrt]) for out in outputs]
            found.append([[slope.data for slope in row] for row in rows])
        return np.array(found)

    return call


def jax(work):
    """JAX with the same scalar code on its numbers, forward, mapped over the samples and compiled."""
    import jax as package

    package.config.update("jax_enable_x64", True)
    package.config.update("jax_platforms", "cpu")
    p, X = package.numpy.array(work.parameters), package.numpy.asarray(work.X)
    f = package.jacfwd(lambda p, x: package.numpy.stack(work.function(package.numpy, p, x)), 0 if p.size else 1)
    step = package.jit(package.vmap(f, (None, 0)))
    return lambda: package.block_until_ready(step(p, X))


def casadi(work):
    """CasADi's virtual machine with the same scalar code; what is no constant zero, sample by sample."""
    import casadi as package

    p, x = package.SX.sym("p", len(work.parameters)), package.SX.sym("x", work.X.shape[1])
    outputs = package.vertcat(*work.function(package, package.vertsplit(p), package.vertsplit(x)))
    matrix = package.jacobian(outputs, p if work.wrt == "parameters" else x)
    f = package.Function("f", [p, x], [matrix]).map(len(work.X))
    buffer, trigger = f.buffer()
    given = [np.tile(work.parameters, (len(work.X), 1)), work.X]
    found = np.zeros((len(work.X), matrix.nnz()))
    for number, array in enumerate(given):
        buffer.set_arg(number, memoryview(array))
    buffer.set_res(0, memoryview(found))
    rows, columns = (np.array(index) for index in matrix.sparsity().get_triplet())

    def call():
        trigger()
        return found

    def dense():
        whole = np.zeros((len(work.X), *matrix.shape))
        whole[:, rows, columns] = call()
        return whole

    call.dense, call.buffer, call.given = dense, buffer, given  # which live as long as the call
    return call


def agree(steps, base):
    """RuntimeError if a contender has another matrix than the one named base."""
    right = np.array(steps[base]())
    for name, step in steps.items():
        found = np.array(getattr(step, "dense", step)())
        wrong = abs(found - right[: len(found)]).max() / abs(right).max()
        if not wrong <= 1e-9:
            raise RuntimeError(f"{name} and {base} disagree by {wrong:.1e} of the largest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(ALL), help="some of %(default)s")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    options = parser.parse_args()
    unknown = [name for name in options.only.split(",") if name not in ALL]
    if unknown:
        parser.error(f"expected --only with names among {', '.join(ALL)}, got {', '.join(unknown)}")
    fast = "llvm" if importlib.util.find_spec("llvmlite") else "numpy"
    others = [name for name in ("casadi", "jax") if importlib.util.find_spec(name)]
    heads = [f"{fast}, µs", "anew", *[name for name in ("numpy", *others) if name != fast], "eager", "first, s"]
    print(f"{'CPU time of a call':24}" + "".join([f"{head:>11}" for head in heads]))
    for name in options.only.split(","):
        work = ALL[name]()
        steps, seconds = {}, {}
        for backend in dict.fromkeys((fast, "numpy")):
            steps[backend], anew, seconds[backend] = program(work, backend)
            steps.setdefault("anew", anew)  # of the first backend
        steps |= {other: {"jax": jax, "casadi": casadi}[other](work) for other in others}
        steps["eager"] = eager(work.first(3))
        agree(steps, fast)
        times = compiled.measured(steps, rounds=3 if options.quick else 15)
        times["eager"] *= len(work.X) / 3
        cells = [f"{times[fast] * 1e6:.1f}", *[compiled.shown(times[x] / times[fast]) for x in steps if x != fast]]
        print(f"{work.name:24}" + "".join([f"{cell:>11}" for cell in (*cells, f"{seconds[fast]:.2f}")]), flush=True)


if __name__ == "__main__":
    main()
