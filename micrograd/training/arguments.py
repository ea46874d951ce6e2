"""What a Trainer is made of, checked when it is made: a wrong part gets one TypeError, with what to write."""

from __future__ import annotations

from micrograd import losses, optim
from micrograd.dispatch import brief
from micrograd.expect import parameters_of, whole
from micrograd.optim.optimizer import ByHand, Optimizer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.engine import Value

COMMON = {
    "mse": "squared_error",
    "mae": "absolute_error",
    "l2": "squared_error",
    "l1": "absolute_error",
    "bce": "binary_cross_entropy",
    "logloss": "cross_entropy",
}


def expect_parts(model: Any, loss: Any, optimizer: Any, penalty: Any, metric: Any) -> None:
    """TypeError for a part that cannot be what its name says."""
    if not callable(model) or isinstance(model, type):
        raise TypeError(f"expected a model: an nn.Module, or a function of a row, got {got(model)}")
    if not callable(loss) or isinstance(loss, type):
        name = named(loss, {**{name: name for name in losses.__all__}, **COMMON}) or "squared_error"
        raise TypeError(
            f"expected a loss that is a function of prediction and target, got {got(loss)}; write losses.{name}"
        )
    optimizer_of(optimizer)
    if metric is not None and not callable(metric):
        raise TypeError(
            f"expected a metric that is a function of prediction and target, got {got(metric)}; "
            "write lambda prediction, target: …, of plain floats"
        )
    if penalty is losses.l2 or penalty is losses.l1:
        raise TypeError(f"expected a penalty with its strength; write losses.{penalty.__name__}(1e-4)")
    if penalty is not None and not callable(penalty):
        name = penalty if penalty in ("l1", "l2") else "l2"
        strength = float(penalty) if isinstance(penalty, float) else 1e-4
        raise TypeError(
            f"expected a penalty that is a function of the parameters, got {got(penalty)}; "
            f"write losses.{name}({strength!r})"
        )


def trained(model: Any, parameters: Sequence[Value] | None) -> list[Value]:
    """The parameters given, or those of the model; TypeError or ValueError for none."""
    found = parameters_of(model, parameters)
    if not found:
        raise ValueError("expected at least one parameter to train, got none")
    return found


def optimizer_of(optimizer: Any) -> Optimizer:
    """What a Trainer asks of an optimiser; TypeError for what is none: a class, a name, a learning rate."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    parts = [callable(getattr(optimizer, name, None)) for name in ("reset", "step", "minimise")]
    if parts[0] and any(parts[1:]) and not isinstance(optimizer, type):
        return ByHand(optimizer)
    rate = float(optimizer) if isinstance(optimizer, float) and optimizer > 0.0 else 0.01
    called = optimizer.__name__ if isinstance(optimizer, type) else optimizer
    name = named(called, {name: name for name in optim.__all__ if name[0].isupper()}) or "SGD"
    arguments = "" if name == "LBFGS" else f"lr={rate!r}"
    raise TypeError(f"expected an optimiser, got {got(optimizer)}; write optim.{name}({arguments})")


def size_of(batch: Any) -> int | None:
    """The size of a batch as an int of at least 1; None for the whole dataset."""
    return None if batch is None else whole(batch, "batch_size", 1)


def named(x: Any, names: dict[str, str]) -> str | None:
    """What a name in any spelling stands for."""

    def plain(name: str) -> str:
        return "".join(filter(str.isalnum, name.lower()))

    return {plain(name): meant for name, meant in names.items()}.get(plain(x)) if isinstance(x, str) else None


def got(x: Any) -> str:
    """What was got, in words."""
    if isinstance(x, type):
        return f"the class {x.__name__} itself"
    return "None" if x is None else brief(x)
