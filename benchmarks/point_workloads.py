"""Functions of one point, as engineers write them: energies, filters, calibrations, sequences; for `points.py`.

`scalar(p, m)` is the code in scalars, p a sequence of numbers of whatever library m is (it has sin, exp, log, sqrt,
tanh, sigmoid); `arrays(p, jax)` the same function as users of JAX would write it, a loop over time as `lax.scan`; both
give one number. `c` names the function of `points.c`, where there is one.
"""

from __future__ import annotations

import random

import numpy as np


class Point:
    """A function with the point it is asked at."""

    def __init__(self, name, at, scalar, arrays=None, c=""):
        self.name, self.at, self.scalar, self.arrays, self.c = name, np.asarray(at, float), scalar, arrays, c


def rosenbrock(n=1000):
    """The chained function of Rosenbrock."""

    def scalar(p, m):
        return sum(100.0 * (p[i + 1] - p[i] * p[i]) ** 2 + (1.0 - p[i]) ** 2 for i in range(n - 1))

    def arrays(p, jax):
        return (100.0 * (p[1:] - p[:-1] ** 2) ** 2 + (1.0 - p[:-1]) ** 2).sum()

    at = np.random.default_rng(0).uniform(0.5, 1.5, n)
    return Point(f"Rosenbrock, n = {n:,}", at, scalar, arrays, "rosenbrock")


def bodies(n=50):
    """The potential of n bodies in space, softened."""

    def scalar(p, m):
        total = 0.0
        for i in range(n):
            for j in range(i):
                squares = sum((p[3 * i + k] - p[3 * j + k]) ** 2 for k in range(3))
                total = total - 1.0 / m.sqrt(squares + 0.01)
        return total

    def arrays(p, jax):
        places = p.reshape(n, 3)
        i, j = np.tril_indices(n, -1)
        return -(1.0 / jax.numpy.sqrt(((places[i] - places[j]) ** 2).sum(1) + 0.01)).sum()

    return Point(f"{n} bodies", np.random.default_rng(0).standard_normal(3 * n), scalar, arrays, "bodies")


def springs(n=20):
    """A cloth of n × n masses on springs: those between neighbours, weight, a wall."""
    pairs = [(i * n + j, i * n + j + 1) for i in range(n) for j in range(n - 1)]
    pairs += [(i * n + j, i * n + j + n) for i in range(n - 1) for j in range(n)]

    def scalar(p, m):
        total = 0.0
        for a, b in pairs:
            length = m.sqrt(sum((p[3 * a + k] - p[3 * b + k]) ** 2 for k in range(3)))
            total = total + 50.0 * (length - 0.1) ** 2
        return total + 0.1 * sum(p[3 * a + 2] for a in range(n * n))

    def arrays(p, jax):
        places, (a, b) = p.reshape(-1, 3), np.array(pairs).T
        lengths = jax.numpy.sqrt(((places[a] - places[b]) ** 2).sum(1))
        return 50.0 * ((lengths - 0.1) ** 2).sum() + 0.1 * places[:, 2].sum()

    grid = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), -1).reshape(-1, 2) * 0.12
    at = np.column_stack([grid, np.random.default_rng(0).normal(0.0, 0.05, n * n)]).ravel()
    return Point(f"springs, {n} × {n}", at, scalar, arrays, "springs")


def runge_kutta(state, slope, h):
    """One step of the classical method of fourth order."""

    def moved(by, k):
        return [s + by * v for s, v in zip(state, k)]

    k1 = slope(state)
    k2 = slope(moved(0.5 * h, k1))
    k3 = slope(moved(0.5 * h, k2))
    k4 = slope(moved(h, k3))
    return [s + (h / 6.0) * (a + 2.0 * b + 2.0 * c + d) for s, a, b, c, d in zip(state, k1, k2, k3, k4)]


def lorenz(steps=500, h=0.01):
    """The square of the end of a path of Lorenz's equations; parameters: σ, ρ, β and the start."""

    def slope(p):
        return lambda s: [p[0] * (s[1] - s[0]), s[0] * (p[1] - s[2]) - s[1], s[0] * s[1] - p[2] * s[2]]

    def scalar(p, m):
        state = [p[3], p[4], p[5]]
        for _ in range(steps):
            state = runge_kutta(state, slope(p), h)
        return sum(s * s for s in state)

    def arrays(p, jax):
        def body(state, _):
            return tuple(runge_kutta(state, slope(p), h)), None

        state, _ = jax.lax.scan(body, (p[3], p[4], p[5]), None, length=steps)
        return sum(s * s for s in state)

    return Point(f"Lorenz, {steps} steps", [10.0, 28.0, 8.0 / 3.0, 1.0, 1.0, 1.0], scalar, arrays)


def lotka_volterra(steps=200, h=0.05):
    """The misfit of a path of predators and prey to what was seen at every tenth step."""
    seen = np.random.default_rng(1).uniform(0.5, 3.0, (steps // 10, 2)).tolist()

    def slope(p):
        return lambda s: [(p[0] - p[1] * s[1]) * s[0], (p[2] * s[0] - p[3] * 4.0) * s[1]]

    def scalar(p, m):
        state, misfit = [p[4], p[5]], 0.0
        for t in range(steps):
            state = runge_kutta(state, slope(p), h)
            if (t + 1) % 10 == 0:
                misfit = misfit + sum((s - v) ** 2 for s, v in zip(state, seen[t // 10]))
        return misfit * (1.0 / steps)

    def arrays(p, jax):
        def body(state, row):
            for _ in range(10):
                state = runge_kutta(state, slope(p), h)
            return tuple(state), sum((s - v) ** 2 for s, v in zip(state, row))

        misfits = jax.lax.scan(body, (p[4], p[5]), jax.numpy.array(seen))[1]
        return misfits.sum() * (1.0 / steps)

    return Point(f"Lotka–Volterra, {steps} steps", [1.1, 0.4, 0.4, 0.1, 1.0, 1.2], scalar, arrays)


def kalman(steps=200):
    """Minus the log-likelihood of a path seen through noise, by the filter of Kalman; two states, four parameters."""
    draw = random.Random(0)
    seen, place, speed = [], 0.0, 0.1
    for _ in range(steps):
        speed += draw.gauss(0.0, 0.1)
        place += speed
        seen.append(place + draw.gauss(0.0, 0.5))

    def step(state, z, p, log):
        x, v, a, b, d, total = state
        damping, q, r = p[0], p[1] * p[1], p[2] * p[2]
        x, v = x + v, damping * v
        a, b, d = a + 2.0 * b + d + 0.1 * q, damping * (b + d), damping * damping * d + q
        s, e = a + r, z - x
        total = total + 0.5 * (log(s) + e * e / s)
        gain, gain_v = a / s, b / s
        return [x + gain * e, v + gain_v * e, a - gain * a, b - gain * b, d - gain_v * b, total]

    def scalar(p, m):
        state = [0.0, p[3], 1.0, 0.0, 1.0, 0.0]
        for z in seen:
            state = step(state, z, p, m.log)
        return state[-1]

    def arrays(p, jax):
        def body(state, z):
            return tuple(step(state, z, p, jax.numpy.log)), None

        one = jax.numpy.float64
        state, _ = jax.lax.scan(body, (one(0), p[3], one(1), one(0), one(1), one(0)), jax.numpy.array(seen))
        return state[-1]

    return Point(f"Kalman, {steps} steps", [0.95, 0.2, 0.6, 0.1], scalar, arrays)


def chain(n=1000):
    """One function in another, n deep."""

    def scalar(p, m):
        s = p[0]
        for _ in range(n):
            s = m.sin(p[0] * s) + p[1]
        return s * s

    def arrays(p, jax):
        s, _ = jax.lax.scan(lambda s, _: (jax.numpy.sin(p[0] * s) + p[1], None), p[0], None, length=n)
        return s * s

    return Point(f"s = sin(a s) + b, {n:,} times", [0.9, 0.3], scalar, arrays)


def gaussian_process(n=20):
    """Minus the log-likelihood of n points under a Gaussian process, by Cholesky's factors in scalars."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0.0, 5.0, n))
    y = np.sin(x) + 0.1 * rng.standard_normal(n)

    def scalar(p, m):
        height, width, noise = m.exp(p[0]), m.exp(-2.0 * p[1]), m.exp(p[2])
        rows, w, total = [], [], 0.0
        for i in range(n):
            row = []
            for j in range(i + 1):
                s = height * m.exp(-0.5 * float(x[i] - x[j]) ** 2 * width) + (noise if i == j else 0.0)
                s = s - sum(a * b for a, b in zip(row, rows[j] if j < i else row))
                row.append(m.sqrt(s) if i == j else s / rows[j][j])
            rows.append(row)
            w.append((float(y[i]) - sum(a * b for a, b in zip(row, w))) / row[i])
            total = total + 0.5 * w[i] * w[i] + m.log(row[i])
        return total

    def arrays(p, jax):
        K = jax.numpy.exp(p[0]) * jax.numpy.exp(-0.5 * (x[:, None] - x) ** 2 * jax.numpy.exp(-2.0 * p[1]))
        L = jax.numpy.linalg.cholesky(K + jax.numpy.exp(p[2]) * jax.numpy.eye(n))
        w = jax.scipy.linalg.solve_triangular(L, jax.numpy.array(y), lower=True)
        return 0.5 * w @ w + jax.numpy.log(jax.numpy.diag(L)).sum()

    return Point(f"Gaussian process, n = {n}", [0.0, 0.0, -2.0], scalar, arrays)


def lstm(steps=64, width=8, scan=None):
    """The loss of a sequence of letters under a cell with gates; as a plain loop, or with a given `scan`."""
    rng = np.random.default_rng(0)
    words = np.eye(width)[rng.integers(0, width, steps + 1)].tolist()

    def body(state, now, then, p, m):
        hidden, cell = list(state[:width]), list(state[width:])
        gates = []
        for k in range(4 * width):
            row = p[3 * k : 3 * k + 3]
            gates.append(row[0] * now[k % width] + row[1] * hidden[k % width] + row[2])
        forget, into, out = ([m.sigmoid(z) for z in gates[k * width : (k + 1) * width]] for k in range(3))
        change = [m.tanh(z) for z in gates[3 * width :]]
        cell = [f * c + i * d for f, c, i, d in zip(forget, cell, into, change)]
        hidden = [o * m.tanh(c) for o, c in zip(out, cell)]
        scores = [p[12 * width + k] * h + p[13 * width + k] for k, h in enumerate(hidden)]
        loss = m.log(sum(m.exp(s) for s in scores)) - sum(t * s for t, s in zip(then, scores))
        return [*hidden, *cell], loss

    def scalar(p, m):
        state = [0.0] * (2 * width)
        if scan is not None:
            pairs = [[*now, *then] for now, then in zip(words, words[1:])]
            _, losses = scan(lambda s, x: body(s, x[:width], x[width:], p, m), state, pairs)
            return sum(losses) * (1.0 / steps)
        total = 0.0
        for now, then in zip(words, words[1:]):
            state, loss = body(state, now, then, p, m)
            total = total + loss
        return total * (1.0 / steps)

    def arrays(p, jax):
        class Library:
            sigmoid, tanh, exp, log = jax.nn.sigmoid, jax.numpy.tanh, jax.numpy.exp, jax.numpy.log

        rows, ends = p[: 12 * width].reshape(4 * width, 3), p[12 * width :].reshape(2, width)

        def step(state, pair):
            (hidden, cell), (now, then) = state, pair
            z = rows[:, 0] * jax.numpy.tile(now, 4) + rows[:, 1] * jax.numpy.tile(hidden, 4) + rows[:, 2]
            forget, into, out = (Library.sigmoid(z[k * width : (k + 1) * width]) for k in range(3))
            cell = forget * cell + into * Library.tanh(z[3 * width :])
            hidden = out * Library.tanh(cell)
            scores = ends[0] * hidden + ends[1]
            return (hidden, cell), jax.nn.logsumexp(scores) - then @ scores

        zeros, letters = jax.numpy.zeros(width), jax.numpy.array(words)
        return jax.lax.scan(step, (zeros, zeros), (letters[:-1], letters[1:]))[1].mean()

    at = rng.normal(0.0, 0.5, 14 * width)
    return Point(f"LSTM, {steps:,} letters" + (", scan" if scan else ""), at, scalar, arrays)


def irregular(n=3000, parameters=40):
    """A random graph of n nodes, half of them products and sums, half functions."""
    draw = random.Random(0)
    plan = [(draw.random(), draw.randrange(10**9), draw.randrange(10**9)) for _ in range(n)]

    def scalar(p, m):
        found = [p[k] for k in range(parameters)]
        for kind, a, b in plan:
            x, y = found[-1 - a % min(len(found), 200)], found[-1 - b % min(len(found), 200)]
            if kind < 0.5:
                found.append(x * y * 0.7 if kind < 0.25 else x - y)
            else:
                found.append(m.tanh(x) if kind < 0.75 else m.exp(-x * x))
        return sum(m.tanh(x) for x in found[-50:])

    return Point(f"random graph of {n:,}", np.random.default_rng(0).uniform(0.5, 1.5, parameters), scalar)
