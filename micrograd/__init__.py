"""micrograd: write scalars, see every number and every derivative.

>>> import micrograd
>>> x = micrograd.Value(2.0, label="x")
>>> y = micrograd.tanh(x * 3.0 - 5.0)
>>> y.backward()
>>> print(f"{y:.4f} {x.grad:.4f}")
0.7616 1.2599

Rooms: `engine` (Value, backward), `functions`, `ops` (the table of primitives), `derivatives`, `check`, `drawing`,
`chain_rule` (explain), `formulas`, `nn`, `losses`, `optim`, `compiler` (compile), `training`, `plotting`, `files`
(save, load), `exporting` (export), `watch` (explore), `estimators` (for scikit-learn), `tables` (from a file to a
model).
`from micrograd import *` leaves Python's own `abs`, `compile` and `pow`: write `micrograd.compile`.
`help(micrograd.edge_cases)` lists what happens at kinks, poles and overflow.
"""

import builtins as _builtins
from importlib import import_module as _import_module

from micrograd import functions as functions
from micrograd import ops as _ops
from micrograd.engine import Value as Value
from micrograd.engine import topological as topological
from micrograd.functions import *  # noqa: F403
from micrograd.messages.counterparts import absent as _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd import edge_cases as edge_cases
    from micrograd import estimators as estimators
    from micrograd import losses as losses
    from micrograd import nn as nn
    from micrograd import optim as optim
    from micrograd import tables as tables
    from micrograd.chain_rule import explain as explain
    from micrograd.check import check_gradients as check_gradients
    from micrograd.check import recording as recording
    from micrograd.check import why_nan as why_nan
    from micrograd.compiler import compile as compile
    from micrograd.derivatives import derivative as derivative
    from micrograd.derivatives import grad as grad
    from micrograd.derivatives import gradient as gradient
    from micrograd.derivatives import hessian as hessian
    from micrograd.derivatives import hvp as hvp
    from micrograd.derivatives import jacobian as jacobian
    from micrograd.derivatives import value_and_grad as value_and_grad
    from micrograd.drawing import Explorer as Explorer
    from micrograd.drawing import Picture as Picture
    from micrograd.drawing import draw as draw
    from micrograd.drawing import draw_dot as draw_dot
    from micrograd.exporting import export as export
    from micrograd.files import load as load
    from micrograd.files import save as save
    from micrograd.formulas import formula as formula
    from micrograd.plotting import plot_decision_boundary as plot_decision_boundary
    from micrograd.plotting import plot_history as plot_history
    from micrograd.plotting import plot_loss_surface as plot_loss_surface
    from micrograd.training import Trainer as Trainer
    from micrograd.training import sharding as sharding
    from micrograd.vectors import dot as dot
    from micrograd.vectors import logsumexp as logsumexp
    from micrograd.vectors import mean as mean
    from micrograd.vectors import scan as scan
    from micrograd.vectors import softmax as softmax
    from micrograd.vectors import take as take
    from micrograd.watch import LearningPage as LearningPage
    from micrograd.watch import explore as explore

__version__ = "0.2.0"

_defined = {name: op.forward for name, op in _ops.TABLE.items() if hasattr(op.forward, "definition")}
globals().update(_defined)

_ROOMS = {
    "chain_rule": ("explain",),
    "check": ("check_gradients", "recording", "why_nan"),
    "compiler": ("compile",),
    "derivatives": ("derivative", "grad", "gradient", "hessian", "hvp", "jacobian", "value_and_grad"),
    "drawing": ("Explorer", "Picture", "draw", "draw_dot"),
    "edge_cases": (),
    "estimators": (),
    "exporting": ("export",),
    "files": ("load", "save"),
    "formulas": ("formula",),
    "losses": (),
    "nn": (),
    "optim": (),
    "plotting": ("plot_decision_boundary", "plot_history", "plot_loss_surface"),
    "tables": (),
    "training": ("Trainer",),
    "training.sharding": (),
    "vectors": ("dot", "logsumexp", "mean", "scan", "softmax", "take"),
    "watch": ("LearningPage", "explore"),
}

# Names of builtins are left out, so that `from micrograd import *` keeps Python's own `abs`, `compile` and `pow`
__all__ = sorted(
    name
    for name in [
        "Value",
        "topological",
        *_defined,
        *[name for names in _ROOMS.values() for name in names],
        *[name for name, x in vars(functions).items() if getattr(x, "__module__", "") == "micrograd.functions"],
    ]
    if not hasattr(_builtins, name)
)

if not TYPE_CHECKING:  # which would make every name one that exists
    _missed = _absent(__name__, calls=2)

    def __getattr__(name: str) -> object:
        """Rooms that a first look does not need are imported when they are first asked for.

        AttributeError where a room lacks a package that it needs, so that `hasattr`, `help` and completion go on.
        """
        for room, names in _ROOMS.items():
            if name == room.rpartition(".")[2] or name in names:
                try:
                    module = _import_module(f"micrograd.{room}")
                except ImportError as error:
                    raise AttributeError(str(error), name=name) from error
                globals()[name] = found = getattr(module, name) if name in names else module
                return found
        return _missed(name)


def __dir__() -> list[str]:
    rooms = [room.rpartition(".")[2] for room in _ROOMS]
    return sorted({*__all__, *rooms, *[name for names in _ROOMS.values() for name in names],
                   "abs", "pow", "engine", "functions", "ops"})  # fmt: skip
