"""Neurons, layers and multilayer perceptrons: plain Value code, one neuron at a time.

nin, nout       number of inputs, of outputs
w, b            weights and bias of a neuron
activation      a function Value -> Value, or the name of one
initial         how the first weights are drawn: a name, or a function (generator, nin, nout) -> number
"""

from __future__ import annotations

import random
from math import sqrt
from operator import methodcaller

from micrograd.dispatch import is_tensor
from micrograd.engine import Value
from micrograd.expect import option, shortened, whole
from micrograd.messages.counterparts import absent
from micrograd.ops import TABLE

__all__ = ["Layer", "MLP", "Module", "Neuron"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol, Union

    Activation = Union[str, Callable[[Value], Value], None]

    class Generator(Protocol):
        """What initial weights are drawn from: the `random` module or a `random.Random`."""

        def uniform(self, a: float, b: float) -> float: ...

        def gauss(self, mu: float, sigma: float) -> float: ...

    Initial = Union[str, Callable[[Generator, int, int], float]]
else:
    __getattr__ = absent(__name__)


ACTIVATIONS = sorted(name for name, op in TABLE.items() if len(op.partials) == 1)


def activation_named(activation: Activation) -> Callable[[Value], Value] | None:
    """The function for an activation; None for the identity ("linear"). ValueError for an unknown name."""
    if activation is None or activation == "linear":
        return None
    if callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"expected an activation that is a function or one of linear, {', '.join(ACTIVATIONS)}; got {activation!r}"
        )
    return methodcaller(activation)


# Variance of a weight, a third of the squared bound of a uniform draw:
# 2 / nin (He et al. 2015, "Delving Deep into Rectifiers", eq. 10), made for relu;
# 2 / (nin + nout) (Glorot and Bengio 2010, "Understanding the Difficulty…", eq. 12 and 16), made for tanh.
INITIAL: dict[str, Callable[[Generator, int, int], float]] = {
    "uniform": lambda generator, nin, nout: generator.uniform(-1, 1),
    "kaiming uniform": lambda generator, nin, nout: generator.uniform(-sqrt(6 / nin), sqrt(6 / nin)),
    "kaiming normal": lambda generator, nin, nout: generator.gauss(0.0, sqrt(2 / nin)),
    "xavier uniform": lambda generator, nin, nout: generator.uniform(-sqrt(6 / (nin + nout)), sqrt(6 / (nin + nout))),
    "xavier normal": lambda generator, nin, nout: generator.gauss(0.0, sqrt(2 / (nin + nout))),
}


def initial_named(initial: Initial) -> Callable[[Generator, int, int], float]:
    """The function that draws a first weight. ValueError for an unknown name."""
    if callable(initial):
        return initial
    return INITIAL[option(initial, "initial weights, where they are no function,", list(INITIAL))]


def expect_sample(x: Any, count: int, name: str) -> None:
    """TypeError or ValueError for inputs that are not one sample of so many numbers."""
    if not hasattr(x, "__len__"):
        raise TypeError(f"{name} expects a list of {count} inputs, got {shortened(x)}")
    first = next(iter(x), None)
    nested = hasattr(first, "__len__") and getattr(first, "shape", None) != () and not isinstance(first, str)
    if nested or len(getattr(x, "shape", ())) > 1:
        raise TypeError(
            f"{name} expects one sample at a time, a list of {count} numbers, got {len(x)} rows; write "
            "[model(row) for row in X], or trainer.predict(X) for plain numbers"
        )
    if len(x) != count:
        raise ValueError(f"{name} expects {count} inputs, got {len(x)}")
    if is_tensor(x):
        raise TypeError(f"{name} expects a list of {count} numbers, got a {type(x).__name__}; write model(x.tolist())")


class Module:
    """What has parameters. Models of your own derive from it and give `parameters()`.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Value(2.0)
    ...     def parameters(self):
    ...         return [self.slope]
    >>> line = Line()
    >>> (line.slope * 3.0).backward()
    >>> line.zero_grad()
    >>> line.slope.grad
    0.0
    """

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def parameters(self) -> list[Value]:
        """The trainable leaves, in a fixed order."""
        return []


class Neuron(Module):
    """activation(Σ wᵢ·xᵢ + b), with the weights drawn from (-1, 1) and bias 0.

    Weights are drawn in order from `generator`, the `random` module unless one is given, in another way if `initial`
    says so ("kaiming normal", …), for a layer of nout such neurons; `nonlin=False` leaves the activation out;
    `bias=False` leaves b out. ValueError for a wrong number of inputs.

    >>> neuron = Neuron(2, generator=random.Random(0))
    >>> neuron, len(neuron.parameters())
    (ReLUNeuron(2), 3)
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        bias: bool = True,
        initial: Initial = "uniform",
        generator: Generator = random,
        label: str = "",
        nout: int = 1,
    ) -> None:
        count, width, draw = whole(nin, "nin", 1), whole(nout, "nout", 1), initial_named(initial)
        self.w = [Value(draw(generator, count, width), f"{label}w{i + 1}") for i in range(count)]
        self.b = Value(0.0, f"{label}b") if bias else None
        self.nonlin, self.activation = nonlin, activation
        function = activation_named(activation)
        self._function = function if nonlin else None

    def __call__(self, x: Sequence[Any]) -> Value:
        if not hasattr(x, "__len__") or len(x) != len(self.w) or hasattr(next(iter(x)), "__len__"):
            expect_sample(x, len(self.w), type(self).__name__)
        products = [w * v for w, v in zip(self.w, x)]
        total: Any = sum(products, self.b) if self.b is not None else sum(products)
        return total if self._function is None else self._function(total)

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return self.w if self.b is None else [*self.w, self.b]

    def __repr__(self) -> str:
        if self._function is None:
            kind = "Linear"
        elif self.activation == "relu":
            kind = "ReLU"
        else:
            name = self.activation if isinstance(self.activation, str) else self.activation.__name__  # type: ignore
            kind = name[:1].upper() + name[1:]
        return f"{kind}Neuron({len(self.w)})"


class Layer(Module):
    """nout neurons that see the same inputs; a single output comes bare, several as a list.

    >>> Layer(2, 2, generator=random.Random(0))
    Layer of [ReLUNeuron(2), ReLUNeuron(2)]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        bias: bool = True,
        initial: Initial = "uniform",
        generator: Generator = random,
        label: str = "",
    ) -> None:
        self.neurons = [
            Neuron(
                nin,
                nonlin,
                activation=activation,
                bias=bias,
                initial=initial,
                generator=generator,
                label=f"{label}neuron {i + 1} " if label else "",
                nout=nout,
            )
            for i in range(whole(nout, "nout", 1))
        ]

    def __call__(self, x: Sequence[Any]) -> Any:
        expect_sample(x, len(self.neurons[0].w), type(self).__name__)
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Those of the neurons, neuron by neuron."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(str(neuron) for neuron in self.neurons)}]"


class MLP(Module):
    """A multilayer perceptron: layers of nouts neurons, each with the activation but the last, which is linear.

    The parameters are labelled by place, such as "layer 2 neuron 1 w3". x is a sequence of nin numbers or Values.
    Raises ValueError for sizes below 1, an unknown activation, and inputs of another number than nin.

    >>> model = MLP(2, [2, 1], generator=random.Random(0))
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]
    >>> print(f"{model([1.0, 2.0]):.6f}")
    0.038800
    >>> wide = MLP(64, [32, 10], initial="kaiming normal", generator=random.Random(0))  # keeps the sizes of signals
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: Activation = "relu",
        bias: bool = True,
        initial: Initial = "uniform",
        generator: Generator = random,
    ) -> None:
        if not hasattr(nouts, "__len__"):
            raise TypeError(f"expected nouts to be a list of the widths of the layers, got {nouts!r}")
        sizes = [nin, *nouts]
        if len(sizes) < 2:
            raise ValueError("expected nouts to name the width of at least one layer, got none")
        self.layers = [
            Layer(
                sizes[i],
                sizes[i + 1],
                nonlin=i != len(nouts) - 1,
                activation=activation,
                bias=bias,
                initial=initial,
                generator=generator,
                label=f"layer {i + 1} ",
            )
            for i in range(len(nouts))
        ]

    def __call__(self, x: Sequence[Any]) -> Any:
        nin = len(self.layers[0].neurons[0].w)
        expect_sample(x, nin, "MLP")
        for layer in self.layers[:-1]:
            x = [neuron(x) for neuron in layer.neurons]
        return self.layers[-1](x)

    def parameters(self) -> list[Value]:
        """Those of the layers, layer by layer."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(str(layer) for layer in self.layers)}]"
