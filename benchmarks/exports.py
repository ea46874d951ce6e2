"""Exported code against compiled functions: one gradient at one point, on the workloads of `structures.py`.

    python benchmarks/exports.py [--only NAMES] [--quick]

The loss of one sample and its gradient by the parameters, which are an argument of the exported function. One core, CPU
time; a figure is the least of many, divided by that of `compile`'s function (the backend llvm, where there is
llvmlite), called until it has machine code of its own, if it gets some. C is timed by a loop in C, JavaScript by one in
node, both around calls of the exported function; Python calls its own. First all must agree to 1e-9 of the largest
entry. `lines` is the length of the C, `gcc` the seconds that it takes with -O2.
"""

from __future__ import annotations

import compiled  # first, since it sets the number of threads  # isort: skip
import argparse
import ctypes
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import contenders
import numpy as np
import structures

import micrograd

LOOP = """
double repeated(int times, const double *x, const double *parameters, double *gradient);
double model_gradient(const double *x, const double *parameters, double *gradient);
double repeated(int times, const double *x, const double *parameters, double *gradient) {
    double value = 0.0;
    for (int i = 0; i < times; i++)
        value = model_gradient(x, parameters, gradient);
    return value;
}
"""
TIMED = """
import { model_gradient, model_parameters } from "./model.mjs";
const x = Float64Array.from(%s), at = Float64Array.from(model_parameters), gradient = new Float64Array(at.length);
let value = 0, least = Infinity, times = 1;
for (const start = Date.now(); Date.now() - start < %d;) // V8 compiles it in another thread
    value = model_gradient(x, at, gradient);
for (let round = 0; round < %d; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++)
        value = model_gradient(x, at, gradient);
    const { user, system } = process.cpuUsage(before), taken = (user + system) * 1e-6;
    if (taken > 0.01)
        least = Math.min(least, taken / times);
    else
        times *= 2, round--;
}
console.log(JSON.stringify([least, value, [...gradient]]));
"""


class Point:
    """The loss of a workload's first sample, as a function of the row; the parameters are captured."""

    def __init__(self, work):
        target = contenders.targets_of(work)[0]
        self.target = target.tolist() if work.targets else float(target[0])
        self.work, self.x = work, work.X[0].tolist()

    def __call__(self, x):
        return self.work.loss(self.work.model(x), self.target)

    def source(self, language):
        """The exported code."""
        return micrograd.export(
            self, len(self.x), language=language, derivatives=("gradient",), wrt="parameters", parameters="argument",
            leaves=self.work.parameters,
        )  # fmt: skip


def of_compile(point):
    """A step of the compiled function: (value, gradient)."""
    f = micrograd.compile(point, parameters=point.work.parameters)
    x = np.array(point.x)
    return lambda: f.value_and_grad(x, wrt="parameters")


def in_c(point, folder, level):
    """(a step of the exported C, seconds of gcc); the loop around it is C, too, so a step is many: `step.times`."""
    (folder / "model.c").write_text(point.source("c"))
    (folder / "loop.c").write_text(LOOP)
    library = folder / f"model{level}.so"
    command = ["gcc", level, "-std=c99", "-fPIC", "-shared", "model.c", "loop.c", "-o", library, "-lm"]
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True)
    taken = time.perf_counter() - start
    repeated = ctypes.CDLL(str(library)).repeated
    repeated.restype = ctypes.c_double
    x, numbers, gradient = np.array(point.x), point.work.numbers.copy(), np.zeros(len(point.work.numbers))
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, numbers, gradient)]

    def step(times=1):
        return repeated(times, *pointers), gradient

    step.arrays = (x, numbers, gradient)  # they live as long as the step, which knows their addresses only
    return step, taken


def in_python(point):
    """A step of the exported Python."""
    room = {}
    exec(compile(point.source("python"), "<export>", "exec"), room)
    function, numbers = room["model_gradient"], point.work.numbers.tolist()

    def step():
        value, gradient = function(point.x, numbers)
        return value, np.array(gradient)

    return step


def in_javascript(point, folder, rounds):
    """(seconds of the exported JavaScript, a step that gives what it gave)."""
    (folder / "model.mjs").write_text(point.source("javascript"))
    (folder / "timed.mjs").write_text(TIMED % (json.dumps(point.x), 200 * rounds, rounds))
    done = subprocess.run(["node", "timed.mjs"], cwd=folder, check=True, capture_output=True)
    taken, value, gradient = json.loads(done.stdout)
    return taken, lambda: (value, np.array(gradient))


def least(steps, rounds):
    """name -> the least CPU seconds of a step in some rounds, the contenders in turn; steps: name -> run(times)."""
    times, counts = dict.fromkeys(steps, float("inf")), dict.fromkeys(steps, 1)
    for name, run in steps.items():
        while True:
            start = time.process_time()
            run(counts[name])
            if time.process_time() - start > 0.005:
                break
            counts[name] *= 2
    for _ in range(rounds):
        for name, run in steps.items():
            start = time.process_time()
            run(counts[name])
            times[name] = min(times[name], (time.process_time() - start) / counts[name])
    return times


def often(step):
    """A step so many times."""

    def run(times):
        for _ in range(times):
            step()

    return run


def warmed(step, seconds):
    """The step, after the calls of which a compiled function gets machine code of its own, or so many seconds."""
    start, calls = time.process_time(), 0
    while calls < 20_000 and time.process_time() - start < seconds:
        step()
        calls += 1
    return step


def row(work, folder, rounds):
    """Seconds by contender, lines of C, seconds of gcc."""
    point = Point(work)
    step, found = warmed(of_compile(point), rounds / 5), {}
    found["C -O2"], waited = in_c(point, folder, "-O2")
    found["C -O3"], _ = in_c(point, folder, "-O3")
    found["Python"] = in_python(point)
    taken = None
    if shutil.which("node"):
        taken, found["JavaScript"] = in_javascript(point, folder, rounds)
    compiled.agree({"compile": step, **found}, "compile")
    steps = {"compile": often(step), "Python": often(found["Python"])}
    steps |= {name: found[name] for name in ("C -O2", "C -O3")}
    times = least(steps, rounds)
    if taken is not None:
        times["JavaScript"] = taken
    return times, len((folder / "model.c").read_text().splitlines()), waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(structures.ALL), help="some of %(default)s")
    parser.add_argument("--quick", action="store_true", help="five rounds")
    options = parser.parse_args()
    unknown = [name for name in options.only.split(",") if name not in structures.ALL]
    if unknown:
        parser.error(f"expected --only with names among {', '.join(structures.ALL)}, got {', '.join(unknown)}")
    if shutil.which("gcc") is None:
        parser.error("there is no gcc here")
    columns = ["C -O2", "C -O3", "JavaScript", "Python"]
    heads = "".join([f"{name:>12}" for name in columns])
    print(f"{'CPU time of a gradient':25}{'compile, µs':>12}{heads}{'lines':>8}{'gcc, s':>8}")
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            times, lines, waited = row(structures.ALL[name]()[0].first(1), Path(folder), 5 if options.quick else 25)
        cells = [compiled.shown(times[other] / times["compile"]) if other in times else "–" for other in columns]
        ratios = "".join([f"{cell:>12}" for cell in cells])
        print(f"{name:25}{times['compile'] * 1e6:12.1f}{ratios}{lines:8,}{waited:8.2f}", flush=True)


if __name__ == "__main__":
    main()
