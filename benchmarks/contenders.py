"""The contenders of `compiled.py`: tuned C, programs, eager Values, PyTorch, JAX, CasADi and HIPS autograd.

Each is a function of a workload and returns a step: a function without arguments that gives the mean loss and its
gradient. A gradient comes in the form the library gives; `flat` makes it one array, in the order of the parameters.
Every peer is written as its users would: a matrix and a bias per layer, all samples at once, float64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile

import numpy as np

import micrograd

BLOCK = 64  # samples, see reference.c


def build(march="native", source="reference.c"):
    """The library of reference.c, or of another source, or None and a printed reason."""
    compiler = shutil.which("gcc")
    if compiler is None:
        print("no tuned C: there is no gcc here")
        return None
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), source)
    vector_functions = ["-lmvec"] if platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc" else []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "reference")
        flags = ["-O3", f"-march={march}", "-ffast-math", "-fPIC", "-c", source, "-o", path + ".o"]
        # linked without -ffast-math, which would make the whole process flush subnormal numbers to 0
        link = ["-shared", path + ".o", "-o", path + ".so", *vector_functions, "-lm"]
        for arguments in (flags, link):
            done = subprocess.run([compiler, *arguments], capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"no tuned C: {done.stderr.strip()}")
                return None
        return ctypes.CDLL(path + ".so")


def aligned(count):
    """Zeros at a multiple of 64 bytes."""
    raw = np.zeros(8 * count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + 8 * count].view(float)


def blocked(array, *, pad):
    """(samples, rows) as blocks of 64 samples, row by row; the last is filled by its last sample (pad="edge") or 0."""
    n, rows = array.shape
    count = -(-n // BLOCK)
    padded = np.pad(array, ((0, count * BLOCK - n), (0, 0)), pad)
    out = aligned(padded.size).reshape(count, rows, BLOCK)
    out[...] = padded.reshape(count, BLOCK, rows).transpose(0, 2, 1)
    return out


def targets_of(work):
    """Targets as an array (samples, outputs of the loss)."""
    y = np.asarray(work.y, float)
    return np.eye(work.targets)[y.astype(int)] if work.targets else y[:, None]


def tuned_c(work, library):
    """A step in C."""
    function = getattr(library, work.kind)
    function.restype = ctypes.c_double
    n, p = len(work.X), len(work.numbers)
    weights = blocked(np.full((n, 1), 1.0 / n), pad="constant")
    x, y = blocked(work.X, pad="edge"), blocked(targets_of(work), pad="edge")
    numbers, gradient, totals = work.numbers.copy(), aligned(p), aligned(8 * p)
    x_, y_, weights_, numbers_, gradient_, totals_ = (
        ctypes.c_void_p(array.ctypes.data) for array in (x, y, weights, numbers, gradient, totals)
    )
    arguments = (x_, y_, weights_, ctypes.c_long(len(x)), numbers_, gradient_, totals_)

    def step():
        return function(*arguments), gradient

    step.arrays = (x, y, weights, numbers, totals)  # they live as long as the step, which knows their addresses only
    return step


def program(work, backend):
    """A step of a compiled program, without the cache on disk."""
    compiled = micrograd.compile(work.model, work.inputs, loss=work.loss, targets=work.targets, penalty=work.penalty,
                                 parameters=work.parameters, backend=backend, threads=1, cache=False)  # fmt: skip
    batch = compiled.batch(work.X, work.y)
    return lambda: compiled.value_and_gradient(batch, at=work.numbers)


def eager(work):
    """A step in Values."""
    rows, targets = work.X.tolist(), targets_of(work).tolist()
    if not work.targets:
        targets = [target for [target] in targets]

    def step():
        for p in work.parameters:
            p.grad = 0.0
        loss = sum(work.loss(work.model(row), target) for row, target in zip(rows, targets)) * (1.0 / len(rows))
        if work.penalty is not None:
            loss = loss + work.penalty(work.parameters)
        loss.backward()
        return loss.data, np.array([p.grad for p in work.parameters])

    return step


def layers_of(work, numbers):
    """The numbers as a list of a matrix (outputs, inputs) and a bias (outputs,) per layer; of the toy net: w1, w2."""
    if work.kind == "toy":
        return list(numbers)
    arrays, start = [], 0
    for layer in work.model.layers:
        rows, columns = len(layer.neurons), len(layer.neurons[0].w) + 1
        matrix = numbers[start : start + rows * columns].reshape(rows, columns)
        arrays += [matrix[:, :-1].copy(), matrix[:, -1].copy()]
        start += rows * columns
    return arrays


def flat(gradient):
    """A gradient as one array, in the order of the parameters."""
    if isinstance(gradient, np.ndarray):
        return gradient
    arrays = [np.asarray(part, float) for part in gradient]
    if arrays[0].ndim == 0:
        return np.array(arrays)
    return np.concatenate([np.column_stack(pair).ravel() for pair in zip(arrays[::2], arrays[1::2])])


def mean_loss(work, x, y, parameters, library):
    """The mean loss in tensors; library has the functions of a tensor library."""
    if work.kind == "toy":
        w1, w2 = parameters
        return ((library.sigmoid(w2 * library.sigmoid(w1 * x[:, 0])) - y[:, 0]) ** 2).mean()
    last = len(parameters) - 2
    for i in range(0, len(parameters), 2):
        x = library.linear(x, parameters[i], parameters[i + 1])
        if i < last:
            x = library.relu(x) if work.kind == "hinge" else library.tanh(x)
    if work.kind == "hinge":
        return library.relu(1.0 - y * x).mean() + 1e-4 * sum((p * p).sum() for p in parameters)
    if work.kind == "tanh_net":
        return ((x - y) ** 2).mean()
    return library.cross_entropy(x, y)


def torch_library(torch):
    """PyTorch's functions as `mean_loss` calls them."""

    class Library:
        sigmoid, relu, tanh = torch.sigmoid, torch.relu, torch.tanh
        linear, cross_entropy = torch.nn.functional.linear, torch.nn.functional.cross_entropy

    return Library


def pytorch(work):
    """A step in PyTorch tensors."""
    import torch

    torch.set_num_threads(1)
    library = torch_library(torch)
    x, y = torch.tensor(work.X), torch.tensor(work.y if work.targets else targets_of(work))
    parameters = [torch.tensor(array, requires_grad=True) for array in layers_of(work, work.numbers)]

    def step():
        for p in parameters:
            p.grad = None
        loss = mean_loss(work, x, y, parameters, library)
        loss.backward()
        return loss.item(), [p.grad for p in parameters]

    return step


def jax_library(package):
    """JAX's functions as `mean_loss` calls them, on floats of 64 bits."""
    package.config.update("jax_enable_x64", True)
    package.config.update("jax_platforms", "cpu")
    functions = package.nn

    class Library:
        sigmoid, relu, tanh = functions.sigmoid, functions.relu, package.numpy.tanh
        linear = staticmethod(lambda x, matrix, bias: x @ matrix.T + bias)
        cross_entropy = staticmethod(lambda x, y: (functions.logsumexp(x, axis=1) - (x * y).sum(1)).mean())

    return Library


def jax(work):
    """A step in JAX, compiled."""
    import jax as package

    library = jax_library(package)
    x, y = package.numpy.asarray(work.X), package.numpy.asarray(targets_of(work))
    parameters = [package.numpy.asarray(array) for array in layers_of(work, work.numbers)]
    compiled = package.jit(package.value_and_grad(lambda p: mean_loss(work, x, y, p, library)))

    def step():
        value, gradient = package.block_until_ready(compiled(parameters))
        return float(value), gradient

    return step


def hips_autograd(work):
    """A step in HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    def cross_entropy(x, y):
        return (anp.log(anp.exp(x).sum(1)) - (x * y).sum(1)).mean()  # these scores are far from overflow

    class Library:
        sigmoid = staticmethod(lambda x: 1.0 / (1.0 + anp.exp(-x)))
        relu = staticmethod(lambda x: anp.maximum(x, 0.0))
        tanh = anp.tanh
        linear = staticmethod(lambda x, matrix, bias: anp.dot(x, matrix.T) + bias)

    Library.cross_entropy = staticmethod(cross_entropy)
    x, y, parameters = work.X, targets_of(work), layers_of(work, work.numbers)
    step = value_and_grad(lambda p: mean_loss(work, x, y, p, Library))
    return lambda: step(parameters)


def casadi(work):
    """A step in CasADi: matrix graphs (MX) of all samples. Here they are faster than a map over scalar graphs (SX)."""
    import casadi as ca

    X, Y = ca.DM(work.X.T), ca.DM(targets_of(work).T)
    x, y = ca.MX.sym("x", X.shape), ca.MX.sym("y", Y.shape)
    n, p = len(work.X), ca.MX.sym("p", len(work.numbers))
    if work.kind == "toy":
        h = 1 / (1 + ca.exp(-p[0] * x))
        loss = ca.sumsqr(1 / (1 + ca.exp(-p[1] * h)) - y) / n
    else:
        out, start, arrays = x, 0, layers_of(work, work.numbers)[::2]
        for number, (rows, columns) in enumerate(array.shape for array in arrays):
            layer = ca.reshape(p[start : start + rows * (columns + 1)], columns + 1, rows).T
            start += rows * (columns + 1)
            out = layer[:, :-1] @ out + ca.repmat(layer[:, -1], 1, n)
            if number < len(arrays) - 1:
                out = ca.fmax(out, 0) if work.kind == "hinge" else ca.tanh(out)
        if work.kind == "hinge":
            loss = ca.sum2(ca.fmax(1 - y * out, 0)) / n + 1e-4 * ca.sumsqr(p)
        elif work.kind == "tanh_net":
            loss = ca.sumsqr(out - y) / n
        else:
            loss = (ca.sum2(ca.log(ca.sum1(ca.exp(out)))) - ca.dot(out, y)) / n
    function = ca.Function("step", [p, x, y], [loss, ca.gradient(loss, p)])

    def step():
        value, gradient = function(work.numbers, X, Y)
        return float(value), gradient.full()[:, 0]

    return step


PEERS = {
    "PyTorch": ("torch", pytorch),
    "JAX": ("jax", jax),
    "CasADi": ("casadi", casadi),
    "autograd": ("autograd", hips_autograd),
}
