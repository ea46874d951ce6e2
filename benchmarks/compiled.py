"""Compiled programs against tuned C, eager Values, PyTorch, JAX, CasADi and HIPS autograd, on the same workloads.

    python benchmarks/compiled.py                 the table: workloads of `workloads.py`, contenders of `contenders.py`
    python benchmarks/compiled.py --only toy,moons --quick
    python benchmarks/compiled.py --growth        how a step grows with samples, width and depth

A step is the value and the gradient of the mean loss by all parameters. All run in one process on one core, the
contenders in turn in every round; a figure is the median CPU time of a step, divided by that of tuned C (`reference.c`,
which needs GCC; the backend llvm where there is none). Before any timing each must give the loss and the gradient of
that base to 1e-9 of the largest entry. Peers that are not installed are left out.

    eager       plain Values; where there are many samples it runs the first few, and ≈ marks the time scaled up to all
    error       largest error of the llvm gradient, relative to the largest entry, against 80-bit arithmetic; goal 1e-14
    first step  a second line: seconds from the workload to the first gradient, so with tracing and compiling
"""

from __future__ import annotations

import os

if __name__ == "__main__":  # before the libraries are imported, which is when they count the cores
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[_name] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):  # JAX takes as many threads as there are cores, whatever its flags say
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import gc
import importlib
import importlib.util
import statistics
import time

import contenders
import numpy as np
import workloads

from micrograd import losses

EAGER_WORK = 50_000  # parameters × samples of an eager step: about a tenth of a second
GOAL = 1e-14


def installed():
    """name -> function of a workload that returns a step, for all that can run here but tuned C and eager."""
    found = {"numpy": lambda work: contenders.program(work, "numpy")}
    if importlib.util.find_spec("llvmlite"):
        importlib.import_module("llvmlite.binding")  # so that the first workload does not pay for the import
        found = {"llvm": lambda work: contenders.program(work, "llvm"), **found}
    for name, (package, make) in contenders.PEERS.items():
        if importlib.util.find_spec(package):
            importlib.import_module(package)
            found[name] = make
    return found


def exact_gradient(work):
    """The gradient by the textbook formulas in NumPy's longest floats, of 80 bits on x86."""
    big = np.longdouble
    x, y, numbers = work.X.astype(big), contenders.targets_of(work).astype(big), work.numbers.astype(big)
    n = big(len(x))

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    if work.kind == "toy":
        w1, w2 = numbers
        h = sigmoid(w1 * x)
        p = sigmoid(w2 * h)
        du = 2 * (p - y) * p * (1 - p) / n
        return np.array([(du * w2 * h * (1 - h) * x).sum(), (du * h).sum()])
    arrays, hinge = contenders.layers_of(work, numbers), work.kind == "hinge"
    layers, values = list(zip(arrays[::2], arrays[1::2])), [x]
    for number, (matrix, bias) in enumerate(layers, 1):
        z = values[-1] @ matrix.T + bias
        values.append(z if number == len(layers) else np.where(z > 0, z, 0) if hinge else np.tanh(z))
    out = values[-1]
    if hinge:
        dz = np.where(1 - y * out > 0, -y, 0) / n
    elif work.kind == "tanh_net":
        dz = 2 * (out - y) / n
    else:
        e = np.exp(out - out.max(1, keepdims=True))
        dz = (e / e.sum(1, keepdims=True) - y) / n
    parts = []
    for number in range(len(layers) - 1, -1, -1):
        below = values[number]
        parts.insert(0, np.column_stack([dz.T @ below, dz.sum(0)]).ravel())
        if number:
            dz = (dz @ layers[number][0]) * ((below > 0) if hinge else 1 - below * below)
    return np.concatenate(parts) + (2e-4 * numbers if hinge else 0)  # of workloads.l2


def error_of(step, work):
    """The largest error of a step's gradient, relative to its largest entry."""
    exact = exact_gradient(work)
    return float(abs(contenders.flat(step()[1]) - exact).max() / abs(exact).max())


def agree(steps, base):
    """RuntimeError if a step computes something else than the one named base."""
    value, gradient = steps[base]()
    gradient = contenders.flat(gradient).copy()
    for name, step in steps.items():
        found, slopes = step()
        wrong = abs(contenders.flat(slopes) - gradient).max() / abs(gradient).max()
        if not (abs(found - value) <= 1e-9 * abs(value) and wrong <= 1e-9):
            raise RuntimeError(f"{name} and {base} disagree: losses {found} and {value}, gradients by {wrong:.1e}")


def measured(steps, *, rounds, enough=0.02, budget=3.0):
    """name -> median CPU seconds of a step.

    enough: seconds that a contender runs in a round; budget: seconds after which it sits out, but for the first three.
    """
    times, repeats = {name: [] for name in steps}, {}
    gc.collect()
    gc.freeze()  # no contender pays for the search of the others' objects
    for name, step in steps.items():
        taken = []
        for _ in range(5 if name != "eager" else 1):  # the first is slow: nothing is in the caches
            start = time.process_time()
            step()
            taken.append(time.process_time() - start)
        repeats[name] = max(1, min(1000, int(enough / (min(taken) + 1e-9))))
    for number in range(rounds):
        for name, step in steps.items():
            if number >= 3 and sum(times[name]) * repeats[name] > budget:
                continue
            start = time.process_time()
            for _ in range(repeats[name]):
                step()
            times[name].append((time.process_time() - start) / repeats[name])
    gc.unfreeze()
    return {name: statistics.median(found) for name, found in times.items()}


def started(make, work):
    """(a step, seconds until it gave its first gradient)."""
    start = time.perf_counter()
    step = make(work)
    step()
    return step, time.perf_counter() - start


def row(work, makers, base, rounds, few=None):
    """Times, seconds to the first gradient, and the part of the samples that eager ran; all contenders checked.

    few: how many samples eager runs; by default as many as take a tenth of a second in plain networks
    """
    steps, seconds = {}, {}
    for name, make in makers.items():
        steps[name], seconds[name] = started(make, work)
    agree(steps, base)
    count = few or max(1, min(len(work.X), EAGER_WORK // len(work.numbers)))
    first = work.first(count)
    steps["eager"] = contenders.eager(first)
    agree({base: makers[base](first), "eager": steps["eager"]}, base)
    times = measured(steps, rounds=rounds)
    times["eager"] *= len(work.X) / count
    return steps, times, seconds, count / len(work.X)


def shown(ratio):
    """A ratio with two or three figures."""
    return f"{ratio:,.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 5 else f"{ratio:.2f}"


def table(names, rounds):
    """Time all contenders on the named workloads and print ratios to tuned C."""
    library, makers = contenders.build(), installed()
    if library is not None:
        makers = {"C": lambda work: contenders.tuned_c(work, library), **makers}
    base = next(iter(makers))
    others = [name for name in makers if name != base] + ["eager"]
    print(f"{'CPU time of a step':31}" + "".join([f"{head:>10}" for head in (f"{base}, µs", *others, "error")]))
    ratios = []
    for name in names:
        work = workloads.ALL[name]()
        steps, times, seconds, part = row(work, makers, base, rounds)
        cells = [shown(times[other] / times[base]) for other in others]
        cells[-1] = "≈" * (part < 1) + cells[-1]
        fast = "llvm" if "llvm" in steps else "numpy"
        error = error_of(steps[fast], work)
        print(
            f"{work.name:31}{times[base] * 1e6:10.1f}"
            + "".join([f"{cell:>10}" for cell in cells])
            + f"{error:10.1e}"
            + f" over {GOAL}" * (error > GOAL)
        )
        waits = "".join([f"{seconds[other]:10.2f}" for other in others[:-1]])
        print(f"{'  first step, s':41}" + waits, flush=True)
        ratios.append(times[fast] / times[base])
    if fast != base:
        print(f"geometric mean of {fast} / {base}: {statistics.geometric_mean(ratios):.2f}")


def growth(quick):
    """Print how the step of a 2-16-16-1 tanh network grows with samples, width and depth."""
    backend = "llvm" if importlib.util.find_spec("llvmlite") else "numpy"
    sweeps = {"samples": [100, 1_000, 10_000, 100_000], "width": [8, 16, 32, 64, 128], "depth": [1, 2, 4, 8, 16]}
    print(f"{'':9}{'':>8}{'parameters':>12}{'step, µs':>12}{'ns per sample and parameter':>30}{'first step, s':>16}")
    for what, sizes in sweeps.items():
        for size in sizes[:3] if quick else sizes:
            n = size if what == "samples" else 1000
            hidden = [size if what == "width" else 16] * (size if what == "depth" else 2)
            rng = np.random.default_rng(0)
            work = workloads.network(
                "network",
                "tanh_net",
                [2, *hidden, 1],
                "tanh",
                losses.squared_error,
                rng.standard_normal((n, 2)),
                rng.standard_normal(n),
            )
            step, seconds = started(lambda work: contenders.program(work, backend), work)
            taken, count = measured({backend: step}, rounds=3 if quick else 15)[backend], len(work.numbers)
            print(
                f"{what:9}{size:8,}{count:12,}{taken * 1e6:12.1f}{taken * 1e9 / n / count:30.3f}{seconds:16.2f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(workloads.ALL), help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="five rounds, and three sizes of each growth")
    parser.add_argument("--growth", action="store_true", help="how a step grows, in place of the table")
    options = parser.parse_args()
    names = options.only.split(",")
    unknown = [name for name in names if name not in workloads.ALL]
    if unknown:
        parser.error(f"expected --only with names among {', '.join(workloads.ALL)}, got {', '.join(unknown)}")
    if options.growth:
        growth(options.quick)
    else:
        table(names, 5 if options.quick else options.rounds)


if __name__ == "__main__":
    main()
