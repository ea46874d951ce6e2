"""Functions of one point, value and gradient: against C, CasADi, JAX and eager Values; and Hessians.

    python benchmarks/points.py [--only NAMES] [--quick] [--hessians | --calls | --growth | --parameters]

One core, CPU time; a figure is the median time of a call divided by that of micrograd's (the backend llvm, where there
is llvmlite). C is `points.c`, written by hand; CasADi runs the same scalar code on its own virtual machine, through
its buffers, with the copies of argument and results that micrograd makes too; JAX has the function in arrays, loops
over time as `lax.scan`. First all must agree to 1e-9 of the largest entry. `first` is CPU seconds from the code to the
first gradient, llvmlite being imported and the machine, which is made once per computer, being there.

In place of the table: --hessians has the Hessian of a function with few nonzeros, --calls a call of each kind, of a
function so small that the way to it and back is what is seen, --growth functions of 10³ to 10⁶ nodes and derivatives,
--parameters a filter whose parameters are those of a program of samples.
"""

from __future__ import annotations

import compiled  # first, since it sets the number of threads  # isort: skip
import argparse
import ctypes
import importlib.util
import time
from functools import partial

import contenders
import numpy as np
import point_workloads as workloads

import micrograd
from micrograd import Value, functions

ALL = {
    "rosenbrock": workloads.rosenbrock,
    "bodies": workloads.bodies,
    "springs": workloads.springs,
    "lorenz": workloads.lorenz,
    "lotka": workloads.lotka_volterra,
    "kalman": workloads.kalman,
    "chain": workloads.chain,
    "process": workloads.gaussian_process,
    "lstm": workloads.lstm,
    "lstm-1024": lambda: workloads.lstm(1024, scan=micrograd.scan),
    "graph-3k": workloads.irregular,
    "graph-30k": lambda: workloads.irregular(30_000),
}


def program(point, backend):
    """A call of a compiled function."""
    f = micrograd.compile(lambda p: point.scalar(p, functions), backend=backend)
    return lambda: f.value_and_grad(point.at)


def eager(point):
    """A call in Values."""

    def call():
        p = [Value(number) for number in point.at.tolist()]
        value = point.scalar(p, functions)
        value.backward()
        return value.data, np.array([v.grad for v in p])

    return call


def tuned_c(point, library):
    """A call in C."""
    function, gradient = getattr(library, point.c), np.zeros(len(point.at))
    function.restype = ctypes.c_double
    at, into = (ctypes.c_void_p(array.ctypes.data) for array in (point.at, gradient))
    return lambda: (function(at, ctypes.c_long(len(gradient)), into), gradient)


def buffered(f, at, shapes):
    """A call of a CasADi function of one argument through its buffers; the results are copied out."""
    buffer, trigger = f.buffer()
    argument, results = np.zeros(len(at)), [np.zeros(shape) for shape in shapes]
    buffer.set_arg(0, memoryview(argument))
    for number, result in enumerate(results):
        buffer.set_res(number, memoryview(result))

    def call():
        argument[:] = at
        trigger()
        return [result.copy() for result in results]

    call.buffer = buffer  # lives as long as the call
    return call


class CasadiLibrary:
    """The functions that the scalar code asks for."""

    def __init__(self, casadi) -> None:
        self.sin, self.exp, self.log = casadi.sin, casadi.exp, casadi.log
        self.sqrt, self.tanh = casadi.sqrt, casadi.tanh
        self.sigmoid = lambda z: 1.0 / (1.0 + casadi.exp(-z))


def casadi(point):
    """A call in CasADi."""
    import casadi as package

    p = package.SX.sym("p", len(point.at))
    value = point.scalar(package.vertsplit(p), CasadiLibrary(package))
    f = package.Function("f", [p], [value, package.gradient(value, p)])
    call = buffered(f, point.at, [1, len(point.at)])

    def step():
        value, gradient = call()
        return float(value[0]), gradient

    return step


def jax(point):
    """A call in JAX, compiled."""
    import jax as package

    package.config.update("jax_enable_x64", True)
    package.config.update("jax_platforms", "cpu")
    step, at = package.jit(package.value_and_grad(lambda p: point.arrays(p, package))), package.numpy.asarray(point.at)

    def call():
        value, gradient = package.block_until_ready(step(at))
        return float(value), np.asarray(gradient)

    return call


def bent(n=100):
    """A function whose Hessian has three diagonals."""

    def scalar(p, m):
        return sum(m.sin(p[i] * p[i + 1]) + 100.0 * (p[i + 1] - p[i] * p[i]) ** 2 for i in range(n - 1))

    return workloads.Point(f"Hessian, n = {n}", np.random.default_rng(0).uniform(0.5, 1.5, n), scalar)


def hessians():
    """Print the time of a Hessian, dense and nonzeros alone, beside CasADi's nonzeros."""
    point, steps = bent(), {}
    f = micrograd.compile(lambda p: point.scalar(p, functions))
    steps["dense"] = lambda: f.hessian(point.at)
    if importlib.util.find_spec("scipy"):
        steps["sparse"] = lambda: f.hessian(point.at, sparse=True)
    steps["nonzeros"] = lambda: f.hessian(point.at, sparse="data")
    if importlib.util.find_spec("casadi"):
        import casadi as package

        p = package.SX.sym("p", len(point.at))
        H = package.hessian(point.scalar(package.vertsplit(p), CasadiLibrary(package)), p)[0]
        call = buffered(package.Function("f", [p], [H]), point.at, [H.nnz()])
        rows, columns = H.sparsity().row(), np.repeat(np.arange(len(point.at)), np.diff(H.sparsity().colind()))
        if not np.allclose(f.hessian(point.at)[rows, columns], call()[0], rtol=1e-9):
            raise RuntimeError("the Hessians disagree")
        steps["CasADi, nonzeros"] = call
    times = compiled.measured(steps, rounds=15)
    print(point.name + ": " + ", ".join(f"{name} {taken * 1e6:.1f} µs" for name, taken in times.items()))


def valley(p):
    """A small function of two numbers."""
    x, y = p
    return (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2 + 0.1 * functions.sin(3.0 * x * y)


def calls():
    """Print the time of a call of each kind, beside CasADi's."""
    f, of_numbers = micrograd.compile(valley), micrograd.compile(lambda x, y: valley([x, y]))
    pair = micrograd.compile(lambda p: [valley(p), p[0] * p[1]])
    x, numbers, names = np.array([0.3, 0.4]), [0.3, 0.4], {"x": 0.3, "y": 0.4}
    of_names = micrograd.compile(lambda p: valley([p["x"], p["y"]]))
    steps = {"nothing": lambda: None}
    for kind, argument in (("array", x), ("list", numbers)):
        for name in ("__call__", "value_and_grad", "grad", "hessian"):
            steps[f"{kind}, {name}"] = partial(getattr(f, name), argument)
        steps[f"{kind}, hvp"] = lambda argument=argument: f.hvp(argument, argument)
        steps[f"{kind}, jacobian"] = lambda argument=argument: pair.jacobian(argument)
    two = micrograd.compile(lambda p, q: valley(p) + q[0] * q[1])
    w = Value(2.0)
    program = micrograd.compile(lambda x: w * valley(x), 2, parameters=[w])
    steps["two arrays, value_and_grad"] = lambda: two.value_and_grad(x, x)
    steps["two lists, value_and_grad"] = lambda: two.value_and_grad(numbers, numbers)
    steps["array of one row, map"] = lambda: f.map(x[None])
    steps["one row of a program, list"] = lambda: program(numbers)
    steps["one row of a program, array"] = lambda: program(x)
    steps["numbers, __call__"] = lambda: of_numbers(0.3, 0.4)
    steps["numbers, value_and_grad"] = lambda: of_numbers.value_and_grad(0.3, 0.4, wrt=(0, 1))
    steps["dictionary, value_and_grad"] = lambda: of_names.value_and_grad(names)
    right = micrograd.value_and_grad(valley)(numbers)
    for name, step in steps.items():
        if "value_and_grad" in name and "two" not in name:
            value, gradient = step()
            gradient = list(gradient.values()) if isinstance(gradient, dict) else gradient
            if not (np.isclose(value, right[0], rtol=1e-12) and np.allclose(gradient, right[1], rtol=1e-12)):
                raise RuntimeError(f"{name} gives {value}, {gradient}, not {right}")
    if importlib.util.find_spec("casadi"):
        import casadi as package

        p = package.SX.sym("p", 2)
        value = (1.0 - p[0]) ** 2 + 100.0 * (p[1] - p[0] * p[0]) ** 2 + 0.1 * package.sin(3.0 * p[0] * p[1])
        steps["CasADi's buffers"] = buffered(package.Function("f", [p], [value, package.gradient(value, p)]), x, [1, 2])
    times = compiled.measured(steps, rounds=15)
    nothing = times.pop("nothing")
    for name, taken in times.items():
        print(f"{name:28}{(taken - nothing) * 1e9:8.0f} ns")


def growth(backend):
    """Print seconds to the first gradient, and the largest memory so far, of random graphs and chains of any size.

    A node of the random graph takes some 4.6 with its derivative, one of the chain some 9.
    """
    import resource

    print(f"{'first gradient, ' + backend:36}{'s':>8}{'µs a node':>12}{'MB so far':>12}")
    for make, parts in ((workloads.irregular, 4.6), (workloads.chain, 9.0)):
        program(make(100), backend)()
        for size in (1_000, 10_000, 100_000, 1_000_000):
            point = make(round(size / parts))
            start = time.process_time()
            program(point, backend)()
            taken = time.process_time() - start
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
            print(f"{point.name:36}{taken:8.2f}{taken / size * 1e6:12.1f}{memory:12.0f}", flush=True)


def parameters():
    """Print seconds to the first gradient of a filter by its parameters, as a program of samples and as a function."""
    point = ALL["kalman"]()

    def of_samples():
        leaves = [Value(number) for number in point.at.tolist()]
        f = micrograd.compile(
            lambda x: point.scalar(leaves, functions) + x[0], 1, parameters=leaves, loss=lambda value, _: value
        )
        return f.value_and_gradient([[0.0]], [0.0])

    kinds = {"program of samples": of_samples, "function": lambda: program(point, "auto")()}
    for name, first in kinds.items():
        seconds = []
        for _ in range(4):
            start = time.process_time()
            value, gradient = first()
            seconds.append(time.process_time() - start)
        print(f"{point.name}, {name}: first gradient {min(seconds):.2f} s, value {value:.6g}, {gradient}")


def row(point, makers, rounds):
    """Times of a call, and seconds to the first."""
    steps, seconds = {}, {}
    for name, make in makers.items():
        for _ in range(2 if name == "llvm" else 1):  # the first builds the machine
            start = time.process_time()
            steps[name] = make(point)
            steps[name]()
            seconds[name] = time.process_time() - start
    compiled.agree(steps, next(iter(steps)))
    return compiled.measured(steps, rounds=rounds), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", default=",".join(ALL), help="some of %(default)s")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--hessians", action="store_true", help="Hessians, in place of the table")
    kinds.add_argument("--calls", action="store_true", help="calls of every kind")
    kinds.add_argument("--growth", action="store_true", help="first gradients of functions of any size")
    kinds.add_argument("--parameters", action="store_true", help="a filter by the parameters of a program of samples")
    options = parser.parse_args()
    unknown = [name for name in options.only.split(",") if name not in ALL]
    if unknown:
        parser.error(f"expected --only with names among {', '.join(ALL)}, got {', '.join(unknown)}")
    fast = "llvm" if importlib.util.find_spec("llvmlite") else "numpy"
    if options.hessians or options.calls or options.parameters:
        (hessians if options.hessians else calls if options.calls else parameters)()
        return
    if options.growth:
        for backend in dict.fromkeys((fast, "numpy")):
            growth(backend)
        return
    library = contenders.build(source="points.c")
    columns = ["C", "numpy", "CasADi", "JAX", "eager"]
    print(f"{'CPU time of a call':31}{fast + ', µs':>12}" + "".join([f"{name:>9}" for name in columns]), end="")
    print(f"{'first, s: ' + fast:>18}{'CasADi':>8}{'JAX':>8}")
    for name in options.only.split(","):
        point = ALL[name]()
        makers = {backend: lambda point, backend=backend: program(point, backend) for backend in (fast, "numpy")}
        if library is not None and point.c:
            makers["C"] = lambda point: tuned_c(point, library)
        if importlib.util.find_spec("casadi") and "scan" not in point.name:
            makers["CasADi"] = casadi
        if importlib.util.find_spec("jax") and point.arrays:
            makers["JAX"] = jax
        makers["eager"] = eager
        times, seconds = row(point, makers, 3 if options.quick else 15)
        ratios = [compiled.shown(times[name] / times[fast]) if name in times else "–" for name in columns]
        waits = [f"{seconds[name]:.2f}" if name in seconds else "–" for name in ("CasADi", "JAX")]
        first = f"{seconds[fast]:18.2f}" + "".join([f"{wait:>8}" for wait in waits])
        print(f"{point.name:31}{times[fast] * 1e6:12.1f}" + "".join([f"{x:>9}" for x in ratios]) + first, flush=True)


if __name__ == "__main__":
    main()
