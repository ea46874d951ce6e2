"""Training: a step of `Trainer.fit`, against its gradient alone, a jitted scan in JAX, and PyTorch.

    python benchmarks/training.py [--only NAMES] [--quick]

One core, CPU time in microseconds, all contenders in turn in one process; a figure is the median of a step.

    gradient    value and gradient of one batch, which was laid out before
    SGD, Adam   a step of `fit`: the order of the epoch, taking the batch, the gradient, the rule, checks, the history
    plain       what `fit` does to SGD, written as a loop in Python: `value_and_gradient` and `advance`, step by step
    numpy       a step of `fit` by SGD on the backend numpy
    JAX         a step of SGD in one jitted `lax.scan` over all steps of several epochs, whose orders come ready made
    PyTorch     a step of `torch.optim.SGD`

First all must end, after some steps of SGD, with the same parameters to 1e-9, and fit and the plain loop with the same
bits. The second table has descent on two graphs of a few nodes (Burlachenko and Richtárik 2025, arXiv 2503.13795,
experiments 1 and 2): `descend` of a compiled function, a call of its gradient for each step, and a scan in JAX.
"""

from __future__ import annotations

import compiled  # first, since it sets the number of threads  # isort: skip
import argparse
import importlib.util

import contenders
import numpy as np
import workloads

import micrograd
from micrograd import Trainer, Value, functions, optim
from micrograd.training.rows import shuffled

RATE = 0.01
STEPS = 10_000  # of a run that is timed, at least

ALL = {
    "tens": (lambda: workloads.regression(1_000), 10),
    "thirties": (lambda: workloads.regression(1_000), 32),
    "ones": (lambda: workloads.regression(1_000), 1),
    "whole": (lambda: workloads.regression(100), 100),
    "toy": (lambda: workloads.toy(40), 40),
}
if importlib.util.find_spec("sklearn"):
    ALL["digits"] = workloads.digits, 32


class Run:
    """Some epochs of a workload in batches of a size, and the orders in which they take the samples."""

    def __init__(self, work, size, epochs):
        self.work, self.size, self.epochs = work, size, epochs
        self.samples = len(work.X)
        self.steps = -(-self.samples // size) * epochs

    @property
    def orders(self):
        """That of each epoch, as `fit` takes it; None where a batch is all samples."""
        if self.size >= self.samples:
            return None
        return [shuffled(self.samples, f"0 {epoch}") for epoch in range(self.epochs)]


def fit(run, rule, backend):
    """The whole run by `fit`; the parameters at its end, in the order of the workload."""
    work = run.work
    trainer = Trainer(
        work.model, work.loss, rule(RATE), parameters=work.parameters, penalty=work.penalty, backend=backend
    )

    def call():
        for p, number in zip(work.parameters, work.numbers.tolist()):
            p.data = number
        trainer.reset()
        trainer.fit(work.X, work.y, epochs=run.epochs, batch_size=run.size)
        return np.array([p.data for p in work.parameters])

    return call


def plain(run):
    """The same steps of SGD as a loop."""
    work, rule = run.work, optim.SGD(RATE)
    trainer = Trainer(work.model, work.loss, rule, parameters=work.parameters, penalty=work.penalty)
    objective = trainer.objective_for(work.X, work.y)
    data = objective.batch(work.X, work.y)

    def call():
        rule.reset()
        p, orders = work.numbers.copy(), run.orders
        for epoch in range(run.epochs):
            taken = data if orders is None else data.take(orders[epoch])
            for start in range(0, run.samples, run.size):
                batch = taken if orders is None else taken.take(range(start, min(start + run.size, run.samples)))
                _, gradient = objective.value_and_gradient(batch, at=p)
                p = rule.advance(p, gradient)
        return p

    return call


def gradient(run, backend):
    """A gradient of the first batch, again and again, as many as the run has steps."""
    first = run.work.first(run.size)
    step = contenders.program(first, backend)

    def call():
        for _ in range(run.steps):
            step()

    return call


def jax(run):
    """The run in JAX: a scan over the steps of an epoch, in a scan over the epochs."""
    import jax as package

    work, size = run.work, run.size
    library = contenders.jax_library(package)
    X, y = package.numpy.asarray(work.X), package.numpy.asarray(contenders.targets_of(work))
    start = [package.numpy.asarray(array) for array in contenders.layers_of(work, work.numbers)]
    slopes = package.value_and_grad(lambda p, x, y: contenders.mean_loss(work, x, y, p, library))

    def moved(p, x, y):
        loss, g = slopes(p, x, y)
        return [a - RATE * b for a, b in zip(p, g)], loss

    whole = run.samples // size * size

    def epoch(p, order):
        p, losses = package.lax.scan(lambda p, at: moved(p, X[at], y[at]), p, order[:whole].reshape(-1, size))
        if whole < run.samples:
            p, _ = moved(p, X[order[whole:]], y[order[whole:]])
        return p, losses

    orders = None if run.orders is None else package.numpy.asarray(run.orders)
    if orders is None:
        trained = package.jit(lambda p: package.lax.scan(lambda p, _: moved(p, X, y), p, length=run.epochs))
    else:
        trained = package.jit(lambda p: package.lax.scan(epoch, p, orders))
    return lambda: contenders.flat(package.block_until_ready(trained(start))[0])


def pytorch(run):
    """The run in PyTorch."""
    import torch

    work = run.work
    torch.set_num_threads(1)
    library = contenders.torch_library(torch)
    X, y = torch.tensor(work.X), torch.tensor(work.y if work.targets else contenders.targets_of(work))
    orders = None if run.orders is None else [torch.tensor(order) for order in run.orders]

    def call():
        parameters = [torch.tensor(array, requires_grad=True) for array in contenders.layers_of(work, work.numbers)]
        rule = torch.optim.SGD(parameters, lr=RATE)
        for epoch in range(run.epochs):
            for start in range(0, run.samples, run.size):
                at = slice(None) if orders is None else orders[epoch][start : start + run.size]
                rule.zero_grad()
                contenders.mean_loss(work, X[at], y[at], parameters, library).backward()
                rule.step()
        return contenders.flat([p.detach() for p in parameters])

    return call


PEERS = {"JAX": ("jax", jax), "PyTorch": ("torch", pytorch)}


def contestants(run):
    """name -> call, of those that train."""
    fast = "llvm" if importlib.util.find_spec("llvmlite") else "numpy"
    found = {"SGD": fit(run, optim.SGD, fast), "Adam": fit(run, optim.Adam, fast), "plain": plain(run)}
    if fast == "llvm":
        found["numpy"] = fit(run, optim.SGD, "numpy")
    for name, (package, make) in PEERS.items():
        if importlib.util.find_spec(package):
            found[name] = make(run)
    return found, fast


def agree(run):
    """RuntimeError if a contender ends anywhere else than fit."""
    calls, _ = contestants(run)
    right = calls["SGD"]()
    for name, call in calls.items():
        if name == "Adam":
            continue
        wrong = abs(call() - right).max() / abs(right).max()
        if not wrong <= (0.0 if name == "plain" else 1e-9):
            raise RuntimeError(f"{name} and fit disagree by {wrong:.1e} after {run.steps} steps")


def row(name, rounds):
    """Microseconds of a step of each contender, which were checked."""
    make, size = ALL[name]
    work = make()
    agree(Run(work, size, 2))
    run = Run(work, size, -(-STEPS // -(-len(work.X) // size)))
    calls, fast = contestants(run)
    times = compiled.measured({"gradient": gradient(run, fast), **calls}, rounds=rounds, enough=0.0)
    return f"{work.name}, {size} a step", {name: taken / run.steps * 1e6 for name, taken in times.items()}


def tiny(a, b, _):
    """Ten nodes: experiment 1."""
    return 0.5 * ((a + b) - (a * b + b**3)) ** 2


def small(a, b, library):
    """Some thirty: experiment 2, the graph in the readme of the lectures' micrograd."""
    c, d = a + b, a * b + b**3
    c = c + c + 1.0
    c = c + 1.0 + c - a
    d = d + d * 2.0 + library.relu(b + a)
    d = d + 3.0 * d + library.relu(b - a)
    f = (c - d) ** 2
    return f / 2.0 + 10.0 / f


GRAPHS = {"10 nodes": (tiny, (-41.0, 2.0), 1e-5), "30 nodes": (small, (-4.0, 2.0), 1e-6)}


def descents(name, steps):
    """name -> call of so many steps of descent on a graph, which gives the point where they end."""
    graph, start, rate = GRAPHS[name]
    f, at = micrograd.compile(lambda p: graph(p[0], p[1], functions)), np.array(start)

    def calls():
        p = at
        for _ in range(steps):
            p = p - rate * f.grad(p)
        return p

    found = {"descend": lambda: f.descend(at, optim.SGD(rate), steps=steps)[1], "calls": calls}
    if importlib.util.find_spec("jax"):
        import jax as package

        contenders.jax_library(package)
        slope = package.grad(lambda p: graph(p[0], p[1], package.nn))
        scan = package.jit(lambda p: package.lax.scan(lambda p, _: (p - rate * slope(p), None), p, length=steps)[0])
        begin = package.numpy.asarray(at)
        found["JAX"] = lambda: np.asarray(scan(begin))
    return found


def eager(name, steps):
    """Where the same steps lead in Values."""
    graph, start, rate = GRAPHS[name]
    p = list(start)
    for _ in range(steps):
        leaves = [Value(x) for x in p]
        graph(*leaves, functions).backward()
        p = [leaf.data - rate * leaf.grad for leaf in leaves]
    return np.array(p)


def tiny_graphs(rounds):
    """Print the time of a step on each of the graphs."""
    steps, columns = 100_000, ["descend", "calls", "JAX"]
    print(f"\n{'CPU time of a step on a graph, µs':42}" + "".join([f"{name:>10}" for name in columns]))
    for name in GRAPHS:
        right = eager(name, 50)
        for contender, call in descents(name, 50).items():
            if not np.allclose(call(), right, rtol=1e-9):
                raise RuntimeError(f"{contender} and eager Values disagree on {name}: {call()} and {right}")
        times = compiled.measured(descents(name, steps), rounds=rounds, enough=0.0)
        cells = [f"{times[column] / steps * 1e6:.3f}" if column in times else "–" for column in columns]
        print(f"{name:42}" + "".join([f"{cell:>10}" for cell in cells]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(ALL), help="some of %(default)s")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    options = parser.parse_args()
    names = options.only.split(",")
    unknown = [name for name in names if name not in ALL]
    if unknown:
        parser.error(f"expected --only with names among {', '.join(ALL)}, got {', '.join(unknown)}")
    rounds = 3 if options.quick else 15
    columns = ["gradient", "SGD", "Adam", "plain", "numpy", *PEERS]
    print(f"{'CPU time of a step, µs':42}" + "".join([f"{name:>10}" for name in columns]))
    for name in names:
        title, times = row(name, rounds)
        cells = [f"{times[name]:.2f}" if name in times else "–" for name in columns]
        print(f"{title:42}" + "".join([f"{cell:>10}" for cell in cells]), flush=True)
    if options.only == ",".join(ALL):
        tiny_graphs(rounds)


if __name__ == "__main__":
    main()
