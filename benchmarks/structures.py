"""Programs that are no plain layers: shared weights, geometry, mixtures, random graphs; against C, JAX, eager Values.

    python benchmarks/structures.py [--only NAMES] [--quick]

One core, CPU time; a figure is the median time of a step, value and gradient, divided by that of the backend llvm. C is
`structures.c`, tuned by hand, where there is GCC; it knows more than the code says: that the camera of the bundle
adjustment turns all points alike. JAX, where it is installed, has the same function in arrays, as its users would write
it, compiled; first all must agree. A graph of 10,000 nodes is more than JAX compiles in a minute, so there it is left
out. `first` is seconds from the code to the first gradient.
"""

from __future__ import annotations

import compiled  # first, since it sets the number of threads  # isort: skip
import argparse
import importlib.util
import random

import contenders
import numpy as np
import workloads

from micrograd import Value, functions, logsumexp, losses

Workload = workloads.Workload


def values(draw, *shape, scale=0.3):
    """Nested lists of random Values."""
    if not shape:
        return Value(draw.gauss(0.0, scale))
    return [values(draw, *shape[1:], scale=scale) for _ in range(shape[0])]


def flat(nested):
    """All Values of nested lists, in order."""
    return [value for item in nested for value in flat(item)] if isinstance(nested, list) else [nested]


def itself(output, target):
    """A loss for a model that returns the loss."""
    return output


def convolution():
    """8 × 8 pixels, four 3 × 3 kernels, relu, means of 2 × 2, ten classes."""
    draw, rng = random.Random(0), np.random.default_rng(0)
    kernels, biases, dense, last = values(draw, 4, 9), values(draw, 4), values(draw, 10, 36), values(draw, 10)

    def model(x):
        pooled = []
        for kernel, bias in zip(kernels, biases):
            rows = [
                [
                    sum((kernel[3 * u + v] * x[8 * (i + u) + j + v] for u in range(3) for v in range(3)), bias).relu()
                    for j in range(6)
                ]
                for i in range(6)
            ]
            pooled += [
                (rows[i][j] + rows[i + 1][j] + rows[i][j + 1] + rows[i + 1][j + 1]) * 0.25
                for i in (0, 2, 4)
                for j in (0, 2, 4)
            ]
        return [sum((w * v for w, v in zip(weights, pooled)), bias) for weights, bias in zip(dense, last)]

    def arrays(p, x, y, jax):
        maps = jax.lax.conv_general_dilated(x.reshape(-1, 1, 8, 8), p[:36].reshape(4, 1, 3, 3), (1, 1), "VALID")
        maps = jax.nn.relu(maps + p[36:40, None, None])
        pooled = maps.reshape(-1, 4, 3, 2, 3, 2).mean((3, 5)).reshape(-1, 36)
        scores = pooled @ p[40:400].reshape(10, 36).T + p[400:]
        return (jax.nn.logsumexp(scores, axis=1) - (scores * y).sum(1)).mean()

    work = Workload(
        "convolution",
        "convolution",
        model,
        flat([kernels, biases, dense, last]),
        losses.cross_entropy,
        rng.standard_normal((1000, 64)),
        rng.integers(0, 10, 1000),
        targets=10,
    )
    return work, arrays


def recurrence(size=8, steps=16):
    """h ← tanh(W h + w x + b) over a sequence, then a linear output."""
    draw, rng = random.Random(0), np.random.default_rng(0)
    across, along, bias, out = values(draw, size), values(draw, size, size), values(draw, size), values(draw, size)

    def model(x):
        h = [0.0] * size
        for t in range(steps):
            h = [(across[i] * x[t] + sum(w * v for w, v in zip(along[i], h)) + bias[i]).tanh() for i in range(size)]
        return sum(w * v for w, v in zip(out, h))

    def arrays(p, x, y, jax):
        end, h = size + size * size, jax.numpy.zeros((len(x), size))
        for t in range(steps):
            h = jax.numpy.tanh(h @ p[size:end].reshape(size, size).T + x[:, t : t + 1] * p[:size] + p[end : end + size])
        return ((h @ p[end + size :] - y[:, 0]) ** 2).mean()

    work = Workload(
        "recurrence",
        "recurrence",
        model,
        flat([across, along, bias, out]),
        losses.squared_error,
        rng.standard_normal((1000, steps)),
        rng.standard_normal(1000),
    )
    return work, arrays


def bundle_adjustment():
    """Squared errors of points seen by one camera, with a rotation vector and radial distortion."""
    rng = np.random.default_rng(0)
    camera = [Value(v) for v in (0.1, -0.2, 0.3, 0.5, -0.1, 4.0, 1.2, 0.01, 0.002)]

    def error(camera, x, library):
        r, (tx, ty, tz, focal, k1, k2) = camera[:3], camera[3:]
        squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-12
        angle = library.sqrt(squared)
        c, s = library.cos(angle), library.sin(angle) / angle
        along = (r[0] * x[0] + r[1] * x[1] + r[2] * x[2]) * (1.0 - c) / squared
        px = x[0] * c + (r[1] * x[2] - r[2] * x[1]) * s + r[0] * along + tx
        py = x[1] * c + (r[2] * x[0] - r[0] * x[2]) * s + r[1] * along + ty
        pz = x[2] * c + (r[0] * x[1] - r[1] * x[0]) * s + r[2] * along + tz
        u, v = px / pz, py / pz
        radius = u * u + v * v
        scale = focal * (1.0 + k1 * radius + k2 * radius * radius)
        return (scale * u - x[3]) ** 2 + (scale * v - x[4]) ** 2

    work = Workload(
        "bundle adjustment",
        "bundle",
        lambda x: error(camera, x, functions),
        camera,
        itself,
        rng.standard_normal((5000, 5)),
        np.zeros(5000),
    )
    return work, lambda p, x, y, jax: error(list(p), list(x.T), jax.numpy).mean()


def mixture(parts=8):
    """The negative log-likelihood of a mixture of Gaussians with diagonal covariances, in the plane."""
    draw, rng = random.Random(0), np.random.default_rng(0)
    weights, means, scales = values(draw, parts), values(draw, parts, 2, scale=1.0), values(draw, parts, 2)

    def model(x):
        terms = []
        for weight, mean, scale in zip(weights, means, scales):
            distances = [(v - m) * functions.exp(s) for v, m, s in zip(x, mean, scale)]
            terms.append(weight + sum(scale) - 0.5 * sum(z * z for z in distances))
        return logsumexp(weights) - logsumexp(terms)

    def arrays(p, x, y, jax):
        weights, means, scales = p[:parts], p[parts : 3 * parts].reshape(-1, 2), p[3 * parts :].reshape(-1, 2)
        z = (x[:, None] - means) * jax.numpy.exp(scales)
        terms = weights + scales.sum(1) - 0.5 * (z * z).sum(2)
        return (jax.nn.logsumexp(weights) - jax.nn.logsumexp(terms, axis=1)).mean()

    work = Workload(
        "mixture",
        "mixture",
        model,
        flat([weights, means, scales]),
        itself,
        rng.standard_normal((5000, 2)),
        np.zeros(5000),
    )
    return work, arrays


def graph(size):
    """A random graph: every node takes two of the nodes before it, most often near ones."""
    draw, rng = random.Random(size), np.random.default_rng(0)
    parameters = [Value(draw.uniform(0.5, 1.5)) for _ in range(20)]
    picks = []
    for there in range(26, 26 + size):
        far = draw.randrange(there) if draw.random() < 0.2 else max(0, there - 1 - draw.randrange(60))
        picks.append(
            (
                draw.choice(["tanh", "sin", "cos", "sum", "difference", "product"]),
                far,
                max(0, there - 1 - draw.randrange(60)),
            )
        )

    def nodes(found, library):
        for kind, a, b in picks:
            x, y = found[a], found[b]
            if kind in ("tanh", "sin", "cos"):
                found.append(getattr(library, kind)(x))
            elif kind == "sum":
                found.append(library.tanh(x + y))
            else:
                found.append(x - y * 0.5 if kind == "difference" else x * y * 0.5)
        return sum(library.tanh(x) for x in found[-50:])

    work = Workload(
        f"graph of {size:,}",
        "",
        lambda x: nodes([*parameters, *x], functions),
        parameters,
        itself,
        rng.standard_normal((256, 6)),
        np.zeros(256),
    )
    return work, lambda p, x, y, jax: nodes([*p, *x.T], jax.numpy).mean() if size <= 1000 else None


ALL = {
    "convolution": convolution,
    "recurrence": recurrence,
    "bundle": bundle_adjustment,
    "mixture": mixture,
    "graph-1k": lambda: graph(1_000),
    "graph-10k": lambda: graph(10_000),
}


def jax_step(work, arrays):
    """A step in JAX, compiled."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    x, y, at = (jax.numpy.asarray(array) for array in (work.X, contenders.targets_of(work), work.numbers))
    step = jax.jit(jax.value_and_grad(lambda p: arrays(p, x, y, jax)))

    def run():
        value, gradient = jax.block_until_ready(step(at))
        return float(value), gradient

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(ALL), help="some of %(default)s")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    options = parser.parse_args()
    unknown = [name for name in options.only.split(",") if name not in ALL]
    if unknown:
        parser.error(f"expected --only with names among {', '.join(ALL)}, got {', '.join(unknown)}")
    fast = "llvm" if importlib.util.find_spec("llvmlite") else "numpy"
    library = contenders.build(source="structures.c")
    heads = f"{fast + ', µs':>12}{'C':>9}{'numpy':>9}{'JAX':>9}{'eager':>10}{f'first, s: {fast}':>18}{'JAX':>8}"
    print(f"{'CPU time of a step':31}{heads}")
    for name in options.only.split(","):
        work, arrays = ALL[name]()
        makers = {
            backend: lambda work, backend=backend: contenders.program(work, backend) for backend in (fast, "numpy")
        }
        if library is not None and work.kind:
            makers["C"] = lambda work: contenders.tuned_c(work, library)
        if importlib.util.find_spec("jax") and name != "graph-10k":
            makers["JAX"] = lambda work, arrays=arrays: jax_step(work, arrays)
        steps, times, seconds, part = compiled.row(work, makers, fast, 3 if options.quick else 15, few=2)
        ratio = {other: compiled.shown(times[other] / times[fast]) for other in steps}
        eager = "≈" * (part < 1) + ratio["eager"]
        waits = f"{seconds[fast]:18.2f}" + (f"{seconds['JAX']:8.2f}" if "JAX" in seconds else f"{'–':>8}")
        others = "".join([f"{ratio.get(other, '–'):>9}" for other in ("C", "numpy", "JAX")])
        print(f"{work.name:31}{times[fast] * 1e6:12.1f}{others}{eager:>10}{waits}", flush=True)


if __name__ == "__main__":
    main()
