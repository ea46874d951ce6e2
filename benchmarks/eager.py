"""How fast the eager engine is: `python benchmarks/eager.py`.

One training step (build and backward) of a 2-16-16-1 network, hinge loss and L2 penalty, on 100 two-moons samples, by
engines in turn: the closures of `closures.py`; this package on its core in C, where it is built, and on the one in
Python; and the public package `micrograd` 0.1 when --public names a folder that holds it. Machines are noisy, so what
counts are the ratios of one run; medians of process time are compared. Then, of each core, bytes a node, the import,
and nanoseconds for single operations.

The step is timed with the cyclic garbage collector off, which compares the engines; on, as Python starts; and on beside
a million lists, as in a process with large libraries. What the collector costs depends on how often it runs, which
differs from one Python to the next (the thresholds are printed).
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import timeit
import tracemalloc

import closures

CORES = {"C": "", "Python": "1"}  # what MICROGRAD_PURE says
OPERATIONS = ("x + y", "x * y", "x / y", "x ** 2", "x.exp()", "x.relu()", "x.tanh()", "x.data", "Value(1.5)")


def two_moons(n: int, seed: int = 0) -> tuple[list[tuple[float, float]], list[float]]:
    """n points of two interleaved half circles with noise 0.1, and their classes ±1."""
    rng = random.Random(seed)
    points, classes = [], []
    for i in range(n):
        t = math.pi * rng.random()
        x, y = (math.cos(t), math.sin(t)) if i % 2 else (1.0 - math.cos(t), 0.5 - math.sin(t))
        points.append((x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)))
        classes.append(1.0 if i % 2 else -1.0)
    return points, classes


def network(kind, sizes=(2, 16, 16, 1), samples: int = 100):
    """The parameters, Values of this kind, and the function that builds the loss."""
    rng = random.Random(1)
    layers = [
        [([kind(rng.uniform(-1.0, 1.0)) for _ in range(nin)], kind(0.0)) for _ in range(nout)]
        for nin, nout in zip(sizes, sizes[1:])
    ]
    parameters = [p for layer in layers for weights, bias in layer for p in (*weights, bias)]
    points, classes = two_moons(samples)
    inputs = [[kind(x) for x in point] for point in points]

    def score(x):
        for layer in layers:
            sums = [sum((w * v for w, v in zip(weights, x)), bias) for weights, bias in layer]
            x = sums if layer is layers[-1] else [s.relu() for s in sums]
        return x[0]

    def build():
        losses = [(1.0 + -y * score(x)).relu() for x, y in zip(inputs, classes)]
        return sum(losses, kind(0.0)) * (1.0 / len(losses)) + 1e-4 * sum((p * p for p in parameters), kind(0.0))

    return parameters, build


def training_step(kind):
    """A function that builds the loss, goes backward and returns the loss."""
    parameters, build = network(kind)

    def step():
        for p in parameters:
            p.grad = 0.0
        loss = build()
        loss.backward()
        return loss

    return step


def engine_on(core: str):
    """The package's engine on a core, loaded anew so that both stand side by side; None where there is no such core."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "micrograd"]:
        del sys.modules[name]
    os.environ["MICROGRAD_PURE"] = CORES[core]
    engine = importlib.import_module("micrograd.engine")
    in_c = importlib.import_module("micrograd.core").in_c()
    return engine if in_c == (core == "C") else None


def public_engine(folder: str | None):
    """The Value of the public package in folder, or None."""
    path = os.path.join(folder, "micrograd", "engine.py") if folder else ""
    if not os.path.isfile(path):
        return None
    spec = importlib.util.spec_from_file_location("public_engine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Value


def interleaved(steps: dict, rounds: int) -> dict:
    """Median process time of each step, the steps taking turns."""
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            gc.collect()  # the cycles that one engine leaves behind are not the next one's to pay for
            start = time.process_time()
            step()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


def by_collector(steps: dict, rounds: int) -> dict[str, dict]:
    """The medians of the steps with the collector off, on, and on in a large heap."""
    medians = {}
    try:
        gc.disable()
        medians["off"] = interleaved(steps, rounds)
        gc.enable()
        medians["on"] = interleaved(steps, rounds)
        heap = [[] for _ in range(1_000_000)]
        medians["on, large heap"] = interleaved(steps, rounds)
        heap.clear()
    finally:
        gc.enable()
    return medians


def bytes_a_node(build, engine) -> float:
    """Bytes of the graph that build() makes, per inner node."""
    build()
    others = chain(engine.Value, 100_000)  # so that the core in C has no nodes left that it keeps
    tracemalloc.start()
    root = build()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / len(engine.inner_nodes(root)) if others else 0.0


def chain(kind, length: int):
    """x · 1.0001 · 1.0001 · …"""
    y = kind(1.0)
    for _ in range(length):
        y = y * 1.0001
    return y


def import_milliseconds(core: str) -> float:
    """CPU time of `import micrograd` in a fresh process, the best of ten."""
    code = "import time; t = time.process_time(); import micrograd; print(time.process_time() - t)"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "MICROGRAD_PURE": CORES[core]}
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        for _ in range(10)
    ]
    return 1e3 * min(float(run.stdout) for run in runs)


def nanoseconds(expression: str, kind) -> float:
    """Nanoseconds to build one node and to free it, the best of 21."""
    names = {"x": kind(1.5), "y": kind(2.5), "Value": kind}
    return 1e9 * min(timeit.repeat(expression, globals=names, number=5000, repeat=21)) / 5000


def report(core: str, engine) -> None:
    """Bytes, import and single operations of one core."""
    kind = engine.Value
    graphs = {"built": network(kind)[1], "after backward": training_step(kind), "chain": lambda: chain(kind, 10_000)}
    sizes = ", ".join([f"{name} {bytes_a_node(build, engine):.1f}" for name, build in graphs.items()])
    print(f"core in {core}: bytes a node: {sizes}; import micrograd: {import_milliseconds(core):.1f} ms of CPU")
    for expression in OPERATIONS:
        print(f"  {expression:<12}{nanoseconds(expression, kind):6.0f} ns")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--public", metavar="FOLDER", help="folder that holds the public package `micrograd` 0.1")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()

    engines = {core: engine for core in CORES if (engine := engine_on(core)) is not None}
    steps = {"closures": training_step(closures.Value)}
    steps |= {f"core in {core}": training_step(engine.Value) for core, engine in engines.items()}
    public = public_engine(options.public)
    if public is not None:
        steps["public package"] = training_step(public)
    losses = {name: step().data for name, step in steps.items()}
    if max(losses.values()) - min(losses.values()) > 1e-12:
        sys.exit(f"the engines disagree: {losses}")
    print(f"one training step, 2-16-16-1, 100 samples, loss {losses['closures']:.6f}")
    print(f"Python {platform.python_version()}, collector thresholds {gc.get_threshold()}")
    for mode, medians in by_collector(steps, options.rounds).items():
        print(f"  collector {mode}")
        for name, seconds in medians.items():
            ratio = medians["closures"] / seconds
            print(f"    {name:<16}{1e3 * seconds:9.1f} ms   closures take {ratio:5.1f} times that")
    for core, engine in engines.items():
        report(core, engine)


if __name__ == "__main__":
    main()
