"""micrograd: write scalars, see every number and every derivative.

>>> import micrograd
>>> x = micrograd.Value(2.0, label="x")
>>> y = micrograd.tanh(x * 3.0 - 5.0)
>>> y.backward()
>>> print(f"{y:.4f} {x.grad:.4f}")
0.7616 1.2599

Rooms: `engine` (Value, backward), `functions`, `ops` (the table of primitives), `derivatives`, `check`, `nn`, `losses`,
`optim`, `training`. `help(micrograd.edge_cases)` lists what happens at kinks, poles and overflow.
"""

from importlib import import_module as _import_module

from micrograd.engine import Value, topological
from micrograd.functions import (
    abs as abs, acos, asin, atan, atan2, cos, cosh, detach, div, erf, exp, expm1, gaussian, hypot, log, log1p,
    maximum, minimum, pow as pow, relu, sigmoid, sin, sinh, softplus, sqrt, tan, tanh, where,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.check import check_gradients, why_nan
    from micrograd.derivatives import derivative, grad, gradient, hessian, hvp, jacobian, value_and_grad
    from micrograd.training import Trainer
    from micrograd.vectors import dot, logsumexp, mean, softmax

__version__ = "0.2.0"

# abs and pow are left out, so that `from micrograd import *` keeps Python's own
__all__ = [
    "Trainer", "Value", "acos", "asin", "atan", "atan2", "check_gradients", "cos", "cosh", "derivative", "detach",
    "div", "dot", "erf", "exp", "expm1", "gaussian", "grad", "gradient", "hessian", "hvp", "hypot", "jacobian", "log",
    "log1p", "logsumexp", "maximum", "mean", "minimum", "relu", "sigmoid", "sin", "sinh", "softmax", "softplus", "sqrt",
    "tan", "tanh", "topological", "value_and_grad", "where", "why_nan",
]  # fmt: skip

_ROOMS = {
    "check": ("check_gradients", "why_nan"),
    "derivatives": ("derivative", "grad", "gradient", "hessian", "hvp", "jacobian", "value_and_grad"),
    "edge_cases": (),
    "losses": (),
    "nn": (),
    "optim": (),
    "training": ("Trainer",),
    "vectors": ("dot", "logsumexp", "mean", "softmax"),
}


def __getattr__(name: str) -> object:
    """Rooms that a first look does not need are imported when they are first asked for."""
    for room, names in _ROOMS.items():
        if name == room or name in names:
            module = _import_module(f"micrograd.{room}")
            globals()[name] = found = module if name == room else getattr(module, name)
            return found
    raise AttributeError(f"module 'micrograd' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, "abs", "pow", "engine", "functions", "ops"])
