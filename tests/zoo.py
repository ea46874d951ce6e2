"""Models as engineers embed them, for the exports: what each is, where it is asked, and the same in mpmath.

model       a function (x, m) of a list of numbers; m has exp, log, sqrt, … of the numbers that it is given
exact       the same function for mpmath's numbers, with EXACT as m; None at a kink, where no limit gives the derivative
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import mpmath
from mpmath import mp
from reference import exact

from micrograd import Value, functions, hessian, hvp, jacobian, nn, softmax


class Exact:
    """The functions in mpmath's arithmetic."""

    def __getattr__(self, name):
        return exact(name)


EXACT = Exact()


class Animal(NamedTuple):
    """One of the zoo.

    model           a function of a list of Values, such as an nn.Module
    exact           the same of a list of mpf
    points          samples
    derivatives     those that are exported
    """

    model: Any
    exact: Any
    points: list
    derivatives: tuple

    @property
    def inputs(self):
        return len(self.points[0])

    @property
    def outputs(self):
        return len(eager_answer(self, self.points[0], None, ""))


def of(function, points, *derivatives, at_kinks=False):
    """One that is written once for all numbers."""
    exact = None if at_kinks else lambda x: function(x, EXACT)
    return Animal(lambda x: function(x, functions), exact, points, derivatives)


# Finance


def black_scholes(x, m):
    """The price of a European call: spot, strike, rate, volatility, years."""
    spot, strike, rate, volatility, years = x
    width = volatility * m.sqrt(years)
    d1 = (m.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / width
    normal = lambda d: 0.5 * (1.0 + m.erf(d / m.sqrt(2.0)))  # noqa: E731
    return spot * normal(d1) - strike * m.exp(-rate * years) * normal(d1 - width)


def greeks(spot, strike, rate, volatility, years):
    """Delta, gamma and vega by their formulas."""
    width = volatility * mp.sqrt(years)
    d1 = (mp.log(spot / strike) + (rate + volatility**2 / 2) * years) / width
    return mp.ncdf(d1), mp.npdf(d1) / (spot * width), spot * mp.npdf(d1) * mp.sqrt(years)


# Geometry and estimation


def reprojection(x, m):
    """The residual of bundle adjustment in ADBench: camera (turn, centre, focal, middle, radial), point, weight."""
    turn, centre, focal, middle, radial, point, weight = x[:3], x[3:6], x[6], x[7:9], x[9:11], x[11:14], x[14]
    v = [a - c for a, c in zip(point, centre)]
    square = sum(r * r for r in turn)
    angle = m.sqrt(square)
    c, s = m.cos(angle), m.sin(angle) / angle
    cross = [turn[1] * v[2] - turn[2] * v[1], turn[2] * v[0] - turn[0] * v[2], turn[0] * v[1] - turn[1] * v[0]]
    along = sum(r * a for r, a in zip(turn, v)) * (1.0 - c) / square
    px, py, pz = [a * c + b * s + r * along for a, b, r in zip(v, cross, turn)]
    u = [px / pz, py / pz]
    r2 = u[0] * u[0] + u[1] * u[1]
    scale = focal * (1.0 + radial[0] * r2 + radial[1] * r2 * r2)
    return [weight * (scale * a + b - seen) for a, b, seen in zip(u, middle, (0.3, -0.7))]


def kalman(x, m):
    """A step of a filter of place and speed: the state, its covariance (three numbers), a measurement, two noises."""
    place, speed, pp, pv, vv, measured, q, r = x
    dt = 0.1
    place = place + dt * speed
    pp, pv, vv = pp + dt * (2.0 * pv + dt * vv) + q * dt**3 / 3.0, pv + dt * vv + q * dt**2 / 2.0, vv + q * dt
    wrong, variance = measured - place, pp + r
    gain, drift = pp / variance, pv / variance
    likelihood = -0.5 * (wrong * wrong / variance + m.log(variance))
    state = [place + gain * wrong, speed + drift * wrong]
    return [*state, (1.0 - gain) * pp, (1.0 - gain) * pv, vv - drift * pv, likelihood]


# Differential equations


def runge_kutta(slope, state, h):
    """A step of the classical method of fourth order."""
    moved = lambda by, k: [s + by * v for s, v in zip(state, k)]  # noqa: E731
    k1 = slope(state)
    k2 = slope(moved(h / 2, k1))
    k3 = slope(moved(h / 2, k2))
    k4 = slope(moved(h, k3))
    return [s + h / 6.0 * (a + 2.0 * b + 2.0 * c + d) for s, a, b, c, d in zip(state, k1, k2, k3, k4)]


def lorenz(x, m):
    """A step of Lorenz' attractor."""
    slope = lambda s: [10.0 * (s[1] - s[0]), s[0] * (28.0 - s[2]) - s[1], s[0] * s[1] - s[2] * (8.0 / 3.0)]  # noqa: E731
    return runge_kutta(slope, x, 0.01)


def pendulum(x, m):
    """How far a damped pendulum gets in a step, from its angle, speed, length and damping."""
    angle, speed, length, damping = x
    slope = lambda s: [s[1], -9.81 / length * m.sin(s[0]) - damping * s[1]]  # noqa: E731
    return runge_kutta(slope, [angle, speed], 0.05)[0]


# Fits and test functions


def rosenbrock(x, m):
    """The chained function of Rosenbrock."""
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in zip(x, x[1:]))


def arrhenius(x, m):
    """The squared error of a rate k = A exp(−E / RT) and its decay, from A, E, a temperature, a time, what was seen."""
    factor, energy, temperature, time, seen = x
    rate = m.exp(factor) * m.exp(-energy / (8.314e-3 * temperature))
    return (m.exp(-rate * time) - seen) ** 2


def mixture(x, m):
    """The log-likelihood of a place in a mixture of three Gaussians, of which the middles are given."""
    place, *middles = x
    terms = [m.log(w) - m.log(s) - 0.5 * ((place - c) / s) ** 2 for w, s, c in zip((0.2, 0.3, 0.5), (1, 2, 3), middles)]
    return m.log(sum(m.exp(t) for t in terms))


def valve(x, m):
    """Kinks of every kind: a dead band, a limit, a switch, a rectifier; x holds error, gain, speed, limit."""
    error, gain, speed, limit = x
    wanted = m.where(m.abs(error) < 0.5, 0.0 * error, gain * error) + m.relu(speed)
    held = m.minimum(m.maximum(wanted, -limit), limit)
    return [held, m.where(speed > 0.0, m.sqrt(speed), -speed), m.copysign(m.abs(held), error)]


# Networks


def network(sizes, activation, points, *derivatives, head=None, seed=0):
    """An nn.MLP, and the same from its numbers alone."""
    model = nn.MLP(sizes[0], list(sizes[1:]), activation=activation, generator=random.Random(seed))

    def true(x):
        for k, layer in enumerate(model.layers):
            sums = [sum(w.data * v for w, v in zip(n.w, x)) + n.b.data for n in layer.neurons]
            x = sums if k + 1 == len(model.layers) else [exact(activation)(s) for s in sums]
        if head is not None:
            exps = [mp.exp(v) for v in x]
            x = [e / sum(exps) for e in exps]
        return x if len(x) > 1 else x[0]

    return Animal(model if head is None else lambda x: head(model(x)), true, points, derivatives)


def recurrent(size=2, steps=4):
    """A function of a sequence: h ← tanh(W h + w x + b), then a linear output."""
    draw = random.Random(0)

    def numbers(*shape):
        return [numbers(*shape[1:]) for _ in range(shape[0])] if shape else draw.uniform(-0.8, 0.8)

    across, along, bias, out = numbers(size), numbers(size, size), numbers(size), numbers(size)

    def function(x, m):
        h = [0.0] * size
        for v in x:
            h = [m.tanh(a * v + sum(w * u for w, u in zip(row, h)) + b) for a, row, b in zip(across, along, bias)]
        return sum(w * u for w, u in zip(out, h))

    return of(function, rows(2, steps), "gradient", "hvp")


def rows(count, width, scale=1.0):
    """Random samples, the same ones every time."""
    draw = random.Random(width)
    return [[draw.gauss(0.0, scale) for _ in range(width)] for _ in range(count)]


CAMERA = [0.1, -0.2, 0.3, 0.5, -0.1, -4.0, 1.2, 0.3, 0.1, 0.01, 0.002]
CALLS = [[100.0, 95.0, 0.03, 0.2, 0.5], [20.0, 45.0, 0.01, 0.6, 2.0]]
VALVES = [[0.5, 2.0, 0.0, 1.0], [-0.5, 2.0, -1.0, 1.0], [0.0, 1.0, 4.0, 4.0], [2.0, 0.5, -0.0, 1.0],
          [-0.0, -1.0, 1.0, 0.0], [1.0, 0.25, 3.0, 2.0]]  # fmt: skip
ZOO = {
    "tanh_net": network((3, 4, 1), "tanh", rows(2, 3), "gradient", "hessian"),
    "relu_net": network((4, 8, 3), "relu", rows(3, 4), "jacobian"),
    "sigmoid_net": network((2, 5, 2), "sigmoid", rows(3, 2), "jacobian"),
    "softplus_net": network((2, 5, 1), "softplus", rows(2, 2, 9.0), "gradient", "hvp"),
    "classifier": network((4, 7, 3), "tanh", rows(2, 4), "jacobian", head=softmax, seed=1),
    "recurrent": recurrent(),
    "black_scholes": of(black_scholes, CALLS, "gradient", "hessian"),
    "reprojection": of(reprojection, [[*CAMERA, *point] for point in rows(2, 4)], "jacobian"),
    "kalman": of(kalman, [[0.1, 1.0, 0.5, 0.1, 0.4, 0.3, 0.01, 0.2]], "jacobian"),
    "lorenz": of(lorenz, [[1.0, 2.0, 20.0], [-8.0, -7.0, 27.0]], "jacobian"),
    "pendulum": of(pendulum, [[1.0, 0.5, 1.2, 0.1]], "gradient", "hessian"),
    "rosenbrock": of(rosenbrock, rows(2, 6), "gradient", "hessian", "hvp"),
    "arrhenius": of(arrhenius, [[25.0, 80.0, 350.0, 2.0, 0.4]], "gradient", "hvp"),
    "mixture": of(mixture, [[0.5, -1.0, 0.2, 2.0], [40.0, 1.0, 2.0, 3.0]], "gradient", "hessian"),
    "valve": of(valve, VALVES, "jacobian", at_kinks=True),
}


def eager_answer(animal, x, vector, derivative):
    """What an exported function fills or returns, number by number, by graphs of derivatives."""
    leaves = [Value(v) for v in x]
    out = animal.model(leaves)
    outs = out if isinstance(out, list) else [out]
    matrix = jacobian(outs, leaves) if derivative else []
    if derivative == "hessian":
        matrix += hessian(out, leaves)
    elif derivative == "hvp":
        matrix.append(hvp(out, leaves, vector))
    return [v.data for v in outs] + [v.data for row in matrix for v in row]


def differences(function, x, along):
    """The derivative of mpmath's function by the numbers at the places `along`, one after another, in many digits."""
    if not along:
        found = function(x)
        return list(found) if isinstance(found, list) else [found]
    step = mp.mpf(10) ** -25
    up, down = [[v + by * (i == along[0]) for i, v in enumerate(x)] for by in (step, -step)]
    pairs = zip(differences(function, up, along[1:]), differences(function, down, along[1:]))
    return [(a - b) / (2 * step) for a, b in pairs]


def true_answer(animal, x, vector, derivative):
    """What an exported function fills or returns, number by number, in mpmath."""
    with mp.workdps(100):
        at, n = [mpmath.mpf(v) for v in x], len(x)
        value = differences(animal.exact, at, [])
        if derivative == "":
            return value
        first = [differences(animal.exact, at, [i]) for i in range(n)]  # [input][output]
        jacobian = [first[i][k] for k in range(len(value)) for i in range(n)]
        if derivative in ("gradient", "jacobian"):
            return value + jacobian
        second = [[differences(animal.exact, at, [i, j])[0] for j in range(n)] for i in range(n)]
        if derivative == "hessian":
            return value + jacobian + [number for row in second for number in row]
        return value + jacobian + [sum(h * v for h, v in zip(row, vector)) for row in second]
