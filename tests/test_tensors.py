"""Tensors of other libraries as data and as operands: read, or refused with the cure."""

from __future__ import annotations

import random

import numpy
import pytest

from micrograd import Trainer, Value, compile, dot, exp, losses, maximum, nn, optim, sigmoid
from micrograd.expect import rows_of
from micrograd.training.objectives import Eager


class Tensor:
    """What PyTorch's tensors on the CPU do, as far as it matters here."""

    def __init__(self, array, requires_grad=False):
        self.array, self.requires_grad = numpy.asarray(array), requires_grad

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: f"torch.{self.array.dtype}")
    ndim = property(lambda self: self.array.ndim)

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array

    def __array__(self, dtype=None, copy=None):
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __len__(self):
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self):
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return (Tensor(row, self.requires_grad) for row in self.array)

    def __getitem__(self, place):
        return Tensor(self.array[place], self.requires_grad)

    def tolist(self):
        return self.array.tolist()

    def item(self):
        return self.array.item()

    def detach(self):
        return type(self)(self.array)

    def __mul__(self, other):
        return NotImplemented

    __add__ = __sub__ = __truediv__ = __pow__ = __lt__ = __ge__ = __mul__

    def __repr__(self):
        return f"tensor({self.array.tolist()})"


class Lacking(Tensor):
    """A tensor of a type of numbers that NumPy lacks, such as bfloat16."""

    def numpy(self):
        raise TypeError("Got unsupported ScalarType BFloat16")


class Elsewhere(Lacking):
    """A tensor without numbers, or out of reach."""

    def tolist(self):
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")


X, Y = [[0.5, 1.0], [1.0, -0.5], [-1.0, 2.0]], [1.0, -1.0, 1.0]
BACKENDS = ["eager", "numpy", "llvm", "auto"]


def results(X, y, backend, loss=losses.squared_error, inputs=2, outputs=1):
    """All numbers that a trainer makes of some data."""
    pytest.importorskip({"llvm": "llvmlite"}.get(backend, "numpy"))
    model = nn.MLP(inputs, [3, outputs], activation="tanh", generator=random.Random(0))
    trainer = Trainer(model, loss, optim.SGD(lr=0.1), backend=backend, metric=lambda p, t: 1.0)
    before = trainer.predict(X)
    history = trainer.fit(X, y, epochs=3, batch_size=2, validation=(X, y))
    return before, history.to_dict(), trainer.predict(X), trainer.evaluate(X, y).loss, trainer.objective.backend


WAYS = {  # how the samples and targets are given
    "tensors": lambda X, y: (Tensor(X), Tensor(y)),
    "float32": lambda X, y: (Tensor(numpy.float32(X)), Tensor(numpy.float32(y))),
    "no NumPy": lambda X, y: (Lacking(X), Lacking(y)),
    "a list of rows": lambda X, y: (list(Tensor(X)), list(Tensor(y))),
    "a tuple of rows": lambda X, y: (tuple(Tensor(X)), tuple(Tensor(y))),
    "a list of lists of numbers": lambda X, y: ([list(row) for row in Tensor(X)], list(Tensor(y))),
    "columns of targets": lambda X, y: (Tensor(X), Tensor(numpy.array(y)[:, None])),
    "0-d arrays": lambda X, y: (X, [numpy.array(t) for t in y]),
    "whole targets": lambda X, y: (Tensor(X), Tensor(numpy.array(y, dtype=int))),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("way", WAYS)
def test_tensors_are_data(way, backend):
    assert results(*WAYS[way](X, Y), backend) == results(X, Y, backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_tensors_of_classes_rows_and_single_inputs(backend):
    classes = [2, 0, 1]
    expected = results(X, classes, backend, losses.cross_entropy, outputs=3)
    assert results(Tensor(X), Tensor(classes), backend, losses.cross_entropy, outputs=3) == expected
    assert results(X, list(Tensor(classes)), backend, losses.cross_entropy, outputs=3) == expected
    expected = results(X, X, backend, outputs=2)
    assert results(Tensor(X), Tensor(X), backend, outputs=2) == expected
    assert results(X, list(Tensor(X)), backend, outputs=2) == expected
    assert results(Tensor(Y), Tensor(Y), backend, inputs=1) == results(Y, Y, backend, inputs=1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_read_is_refused_before_any_step(backend):
    for X_, y, message in [
        (Tensor(X, True), Y, r"X as numbers, got a Tensor .* requires a gradient.*give its .detach\(\)"),
        (X, Tensor(Y, True), r"y as numbers, .*give its .detach\(\)"),
        (list(Tensor(X, True)), Y, r"X\[0\] as numbers, .*give its .detach\(\)"),
        ([list(row) for row in Tensor(X, True)], Y, r"X\[0\]\[0\] as numbers, .*give its .detach\(\)"),
        (Elsewhere(X), Y, "X as numbers, got a Elsewhere that cannot be read: Cannot copy out of meta tensor"),
        (Tensor(1.0), Y, r"expected X as an array, .*got Tensor tensor\(1.0\) of shape \(\)"),
    ]:
        with pytest.raises(TypeError, match=message):
            results(X_, y, backend) if "X" in message[:10] else Trainer(
                nn.MLP(2, [1]), losses.squared_error, optim.SGD(), backend=backend
            ).fit(X_, y, epochs=1)


def test_objectives_and_programs_take_tensors_too():
    w = Value(2.0)
    objective = Eager(lambda row: w * row[0], losses.squared_error, [w])
    program = compile(lambda row: w * row[0], 1, parameters=[w], loss=losses.squared_error)
    x = [1.0, 2.0]
    for found in (objective, program):
        batch = found.batch(Tensor(x), Tensor(x))
        assert found.value(batch) == 2.5 and list(found.predict(Tensor(x))) == [2.0, 4.0]
    assert program.value_and_gradient(Tensor(x), list(Tensor(x)), at=Tensor([2.0]))[0] == 2.5
    assert rows_of(iter([Tensor([1.0]), [2.0]]), "X")[1] == [2.0]


def test_estimators_take_tensors():
    pytest.importorskip("sklearn", minversion="1.6")
    from micrograd.estimators import Classifier, Regressor

    for model, y in [(Classifier(hidden=(2,), epochs=3), [0, 1, 0]), (Regressor(hidden=(2,), epochs=3), Y)]:
        expected = model.fit(X, y).predict(X).tolist()
        assert model.fit(Tensor(X), Tensor(y)).predict(Tensor(X)).tolist() == expected
        assert model.fit(Lacking(X), Tensor(y)).predict(Lacking(X)).tolist() == expected
        for wrong in (lambda m=model, t=y: m.fit(Tensor(X, True), t), lambda m=model: m.predict(Tensor(X, True))):
            with pytest.raises(TypeError, match=r"give its .detach\(\)"):
                wrong()


OPERATIONS = [
    lambda v, x: v * x, lambda v, x: x * v, lambda v, x: v + x, lambda v, x: x - v, lambda v, x: x / v,
    lambda v, x: v**x, lambda v, x: x**v, lambda v, x: v < x, lambda v, x: x >= v, maximum, Value.maximum,
    lambda v, x: exp(x), lambda v, x: Value(x),
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_tensor_as_an_operand_gets_the_cure(operation):
    for x, cure in [
        (Tensor(3.0), r"got Tensor tensor\(3.0\); write x.item\(\) for its number"),
        (Tensor(3.0, True), r"write x.detach\(\).item\(\) for its number"),
        (Tensor([1.0, 2.0]), r"one at a time: \[.* for v in x.tolist\(\)\]"),
        (Tensor([1.0, 2.0], True), r"for v in x.detach\(\).tolist\(\)\]"),
    ]:
        with pytest.raises(TypeError, match=cure):
            operation(Value(2.0), x)


@pytest.mark.parametrize(
    "several, cure",
    [
        (numpy.array([Value(1.0), Value(2.0)]), "x"),
        (numpy.ones(3), "x"),
        ([Value(1.0)], "x"),
        ((1.0, 2.0), "x"),
        (numpy.ones((2, 2)), "x.flat"),
        (Tensor([1.0]), r"x.tolist\(\)"),
    ],
)
def test_functions_of_several_numbers_name_the_loop(several, cure):
    with pytest.raises(TypeError, match=rf"one at a time: \[sigmoid\(v\) for v in {cure}\]"):
        sigmoid(several)
    with pytest.raises(TypeError, match=r"\[maximum\(v, …\) for v in"):
        maximum(several, 1.0)
    with pytest.raises(TypeError, match="one at a time"):
        Value(1.0).maximum(several)


def test_models_name_the_cure_for_a_tensor():
    with pytest.raises(TypeError, match=r"MLP expects a list of 2 numbers, got a Tensor; write model\(x.tolist\(\)\)"):
        nn.MLP(2, [1])(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="one sample at a time.* got 3 rows"):
        nn.MLP(2, [1])(Tensor(X))
    with pytest.raises(TypeError, match="for its number"):
        dot([Value(1.0)], Tensor([1.0]))


def test_pytorch_and_jax():
    """The libraries themselves, where they are installed."""
    torch = pytest.importorskip("torch")
    given = [
        (torch.tensor(X, dtype=torch.float64), torch.tensor(Y, dtype=torch.float64)),
        (list(torch.tensor(X)), torch.tensor(Y)),
        (torch.tensor(X).bfloat16(), torch.tensor(Y).int()),
    ]
    try:
        import jax.numpy

        given.append((jax.numpy.array(X), jax.numpy.array(Y)))
    except ImportError:
        pass
    for backend in BACKENDS:
        for samples, targets in given:
            assert results(samples, targets, backend) == results(X, Y, backend)
        with pytest.raises(TypeError, match=r"give its .detach\(\)"):
            results(torch.tensor(X, requires_grad=True), Y, backend)
    for operation in OPERATIONS:
        for samples, _ in given[::3]:
            with pytest.raises(TypeError, match="one at a time"):
                operation(Value(2.0), samples[0])
        with pytest.raises(TypeError, match=r"write x.item\(\)"):
            operation(Value(2.0), torch.tensor(3.0))
