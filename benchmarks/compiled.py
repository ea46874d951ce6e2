"""Compiled programs against tuned C, PyTorch, JAX and HIPS autograd: one step is value and gradient of the mean loss.

    python benchmarks/compiled.py [--only toy,moons,…] [--rounds 25] [--growth]

All in one process, one thread each, the contenders one after the other in every round; figures are medians. Each must
first give the loss and gradient of tuned C (`reference.c`, which needs GCC and glibc on x86-64) to 1e-9. Peers that are
not installed are left out. `error` is the largest error of the program's gradient, relative to its largest entry,
against the same formulas in 80-bit arithmetic.
"""
from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import argparse  # noqa: E402
import ctypes  # noqa: E402
import platform  # noqa: E402
import shutil  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
import workloads  # noqa: E402

import micrograd  # noqa: E402
from micrograd import losses, nn  # noqa: E402

FUNCTIONS = {"toy": "toy", "hinge": "hinge", "tanh": "tanh_net", "cross-entropy 64 32": "digits",
             "cross-entropy 784 50": "wide"}  # fmt: skip
BLOCK = 64


def build():
    """The library of reference.c; None where it cannot be built."""
    compiler = shutil.which("gcc")
    if compiler is None or platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc":
        return None
    folder = tempfile.mkdtemp()
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference.c")
    path = os.path.join(folder, "reference")
    flags = ["-O3", "-march=native", "-ffast-math", "-fPIC", "-c", source, "-o", path + ".o"]
    subprocess.run([compiler, *flags], check=True)
    # linked without -ffast-math, which would make the whole process flush subnormal numbers to 0
    subprocess.run([compiler, "-shared", path + ".o", "-o", path + ".so", "-lmvec", "-lm"], check=True)
    library = ctypes.CDLL(path + ".so")
    shutil.rmtree(folder)
    return library


def aligned(count):
    """Zeros at a multiple of 64 bytes."""
    raw = np.zeros(8 * count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + 8 * count].view(float)


def blocked(array, fill):
    """(samples, rows) as blocks of 64 samples, row by row; the last block is filled up."""
    n, rows = array.shape
    count = -(-n // BLOCK)
    padded = np.concatenate([array, np.repeat(array[-1:] if fill else 0 * array[-1:], count * BLOCK - n, 0)])
    out = aligned(padded.size).reshape(count, rows, BLOCK)
    out[...] = padded.reshape(count, BLOCK, rows).transpose(0, 2, 1)
    return out


def targets_of(work):
    """Targets as an array (samples, outputs of the loss)."""
    y = np.asarray(work.y, float)
    return np.eye(work.targets)[y.astype(int)] if work.targets else y[:, None]


def tuned_c(library, work):
    """A step in C."""
    function = getattr(library, FUNCTIONS[work.kind])
    function.restype = ctypes.c_double
    n = len(work.X)
    arrays = [blocked(work.X, True), blocked(targets_of(work), True), blocked(np.full((n, 1), 1.0 / n), False)]
    gradient, totals = aligned(len(work.numbers)), aligned(8 * len(work.numbers))
    pointer = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, work.numbers, gradient, totals)]
    arguments = (*pointer[:3], ctypes.c_long(len(arrays[0])), *pointer[3:])
    keep = (arrays, totals)
    return lambda: (function(*arguments), gradient, keep)[:2]


def program_of(work, backend):
    """(seconds to compile, a step) of a compiled program."""
    start = time.perf_counter()
    program = micrograd.compile(work.model, work.inputs, loss=work.loss, targets=work.targets, penalty=work.penalty,
                                parameters=work.parameters, backend=backend, threads=1, cache=False)  # fmt: skip
    seconds = time.perf_counter() - start
    batch = program.batch(work.X, work.y)
    return seconds, lambda: program.value_and_gradient(batch, at=work.numbers)


def layers_of(work):
    """(rows, columns) of each layer's matrix with its bias as last column; None for the toy net."""
    if work.kind == "toy":
        return None
    return [(len(layer.neurons), len(layer.neurons[0].w) + 1) for layer in work.model.layers]


def tensor_loss(work, x, y, w, m):
    """The mean loss written with tensors; m has the functions of a tensor library."""
    if work.kind == "toy":
        p = m.sigmoid(w[1] * m.sigmoid(w[0] * x[:, 0]))
        return ((p - y[:, 0]) ** 2).mean()
    start, layers = 0, layers_of(work)
    for number, (rows, columns) in enumerate(layers):
        matrix = w[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
        x = x @ matrix[:, :-1].T + matrix[:, -1]
        if number < len(layers) - 1:
            x = m.relu(x) if work.kind == "hinge" else m.tanh(x)
    if work.kind == "hinge":
        return m.relu(1.0 - y[:, 0] * x[:, 0]).mean() + 1e-4 * (w * w).sum()
    if work.kind == "tanh":
        return ((x[:, 0] - y[:, 0]) ** 2).mean()
    return (m.logsumexp(x) - (x * y).sum(1)).mean()


def pytorch(work):
    """A step in PyTorch tensors."""
    import torch

    torch.set_num_threads(1)

    class Functions:
        sigmoid, relu, tanh = torch.sigmoid, torch.relu, torch.tanh
        logsumexp = staticmethod(lambda x: torch.logsumexp(x, 1))

    x, y = torch.tensor(work.X), torch.tensor(targets_of(work))
    w = torch.tensor(work.numbers, requires_grad=True)

    def step():
        w.grad = None
        loss = tensor_loss(work, x, y, w, Functions)
        loss.backward()
        return loss.item(), w.grad.numpy()

    return step


def jax(work):
    """A step in JAX, compiled."""
    import jax as library

    library.config.update("jax_enable_x64", True)
    library.config.update("jax_platforms", "cpu")
    functions = library.nn

    class Functions:
        sigmoid, relu, tanh = functions.sigmoid, functions.relu, library.numpy.tanh
        logsumexp = staticmethod(lambda x: functions.logsumexp(x, axis=1))

    x, y, w = (library.numpy.asarray(a) for a in (work.X, targets_of(work), work.numbers))
    compiled = library.jit(library.value_and_grad(lambda w: tensor_loss(work, x, y, w, Functions)))

    def step():
        value, gradient = compiled(w)
        return float(value), np.asarray(gradient)

    return step


def hips_autograd(work):
    """A step in HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    class Functions:
        sigmoid = staticmethod(lambda x: 1.0 / (1.0 + anp.exp(-x)))
        relu = staticmethod(lambda x: anp.maximum(x, 0.0))
        tanh = anp.tanh
        logsumexp = staticmethod(lambda x: anp.log(anp.exp(x - x.max()).sum(1)) + x.max())

    x, y = work.X, targets_of(work)
    step = value_and_grad(lambda w: tensor_loss(work, x, y, w, Functions))
    return lambda: step(work.numbers)


def exact_gradient(work):
    """The gradient in 80-bit arithmetic, by the textbook formulas."""
    big = np.longdouble
    x, y, w = work.X.astype(big), targets_of(work).astype(big), work.numbers.astype(big)
    n = big(len(x))

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    if work.kind == "toy":
        h = sigmoid(w[0] * x[:, 0])
        p = sigmoid(w[1] * h)
        u = 2 * (p - y[:, 0]) * p * (1 - p) / n
        return np.array([(u * w[1] * h * (1 - h) * x[:, 0]).sum(), (u * h).sum()])
    matrices, start = [], 0
    for rows, columns in layers_of(work):
        matrices.append(w[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    relu = work.kind == "hinge"
    values = [x]
    for number, matrix in enumerate(matrices):
        z = values[-1] @ matrix[:, :-1].T + matrix[:, -1]
        last = number == len(matrices) - 1
        values.append(z if last else np.where(z > 0, z, 0) if relu else np.tanh(z))
    out = values[-1]
    if relu:
        g = np.where(1 - y * out > 0, -y, 0) / n
    elif work.kind == "tanh":
        g = 2 * (out - y) / n
    else:
        e = np.exp(out - out.max(1, keepdims=True))
        g = (e / e.sum(1, keepdims=True) - y) / n
    parts = []
    for number in range(len(matrices) - 1, -1, -1):
        below = values[number]
        parts.append(np.concatenate([g.T @ below, g.sum(0)[:, None]], 1).ravel())
        if number:
            g = (g @ matrices[number][:, :-1]) * ((below > 0) if relu else 1 - below * below)
    return np.concatenate(parts[::-1]) + (2e-4 * w if relu else 0)


PEERS = {"PyTorch": pytorch, "JAX": jax, "autograd": hips_autograd}


def contenders(work, library):
    """name -> step, and the compile times of the programs."""
    steps, compiling = {}, {}
    for backend in ("llvm", "numpy"):
        compiling[backend], steps[backend] = program_of(work, backend)
    if library is not None:
        steps["C"] = tuned_c(library, work)
    for name, make in PEERS.items():
        try:
            steps[name] = make(work)
        except ImportError:
            continue
    return steps, compiling


def agree(steps):
    """RuntimeError if a contender computes something else."""
    base = "C" if "C" in steps else "llvm"
    value, gradient = steps[base]()
    gradient = gradient.copy()
    for name, step in steps.items():
        found, slopes = step()
        if abs(found - value) > 1e-9 * abs(value) or abs(slopes - gradient).max() > 1e-9 * abs(gradient).max():
            raise RuntimeError(f"{name} and {base} disagree: {found} and {value}")


def measured(steps, rounds, enough=0.003):
    """name -> median seconds of a step."""
    repeats, times = {}, {name: [] for name in steps}
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        repeats[name] = max(1, min(1000, int(enough / (time.perf_counter() - start + 1e-9))))
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                step()
            times[name].append((time.perf_counter() - start) / repeats[name])
    return {name: statistics.median(found) for name, found in times.items()}


def table(names, rounds):
    """Time all contenders on the named workloads."""
    library = build()
    if library is None:
        print("no tuned C here (it needs gcc and glibc on x86-64): ratios are to the backend llvm")
    base = "C" if library is not None else "llvm"
    ratios = []
    for name in names:
        work = workloads.ALL[name]()
        steps, compiling = contenders(work, library)
        agree(steps)
        times = measured(steps, rounds)
        exact = exact_gradient(work)
        error = float(abs(steps["llvm"]()[1] - exact).max() / abs(exact).max())
        ratios.append(times["llvm"] / times[base])
        shown = ", ".join([f"{other} {seconds / times[base]:.2f}" for other, seconds in times.items() if other != base])
        print(f"{work.name:32} {base} {times[base] * 1e6:9.1f} µs; times {base}: {shown}; error {error:.1e}; "
              f"compile {compiling['llvm']:.2f} s", flush=True)  # fmt: skip
    print(f"geometric mean of llvm / {base}: {statistics.geometric_mean(ratios):.2f}")


def growth():
    """How a step grows with samples, width and depth."""
    sweeps = {"samples": [100, 1_000, 10_000, 100_000], "width": [8, 16, 32, 64, 128], "depth": [1, 2, 4, 8]}
    for what, sizes in sweeps.items():
        for size in sizes:
            n = size if what == "samples" else 1000
            hidden = [size if what == "width" else 16] * (size if what == "depth" else 2)
            model = nn.MLP(2, [*hidden, 1], activation="tanh", initial="xavier normal")
            rng = np.random.default_rng(0)
            work = workloads.Workload("net", "tanh", model, model.parameters(), losses.squared_error,
                                      rng.standard_normal((n, 2)), rng.standard_normal(n))  # fmt: skip
            seconds, step = program_of(work, "llvm")
            times = measured({"llvm": step}, 9)
            print(f"{what} {size:7,}: step {times['llvm'] * 1e6:10.1f} µs, compile {seconds:.2f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(workloads.ALL))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--growth", action="store_true", help="how a step grows with samples, width and depth")
    options = parser.parse_args()
    if options.growth:
        growth()
    else:
        table(options.only.split(","), options.rounds)
