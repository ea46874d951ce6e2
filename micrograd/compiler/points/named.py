"""Arguments that are given by name, and names that are none of a compiled function's: what is meant by them."""

from __future__ import annotations

from micrograd.messages.refusals import Elsewhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What others, and programs of samples, call what a compiled function has
NAMES = {
    "write grad": "gradient jac",
    "write value_and_grad": "value_and_gradient value_and_gradients",
    "write hessian": "hess",
    "write hvp": "hessp hessian_vector_product",
    "write map": "predict vmap batch",
    "programs over samples have it, compile(model, inputs=…)": "source graph steps stages value input_gradients",
}
ELSEWHERE = {
    name: Elsewhere(name, "a compiled function", cure) for cure, names in NAMES.items() for name in names.split()
}


def in_order(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments as a call without names gives them; TypeError where names leave a gap, and Python's own errors.

    >>> in_order(lambda spot, strike, years=1.0: spot, (100.0,), {"strike": 105.0})
    (100.0, 105.0)
    """
    from inspect import signature

    bound = signature(function).bind(*args, **named)
    for name, x in bound.kwargs.items():
        raise TypeError(
            f"expected arguments that could stand without their names, got {name}={x!r} where one before it is missing "
            f"or that has no place; give all before it, or fix it: compile(functools.partial(function, {name}={x!r}))"
        )
    return bound.args
