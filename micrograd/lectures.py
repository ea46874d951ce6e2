"""What code of Karpathy's lectures asks of a node: `_prev`, `_op` and `_backward`, to be read, not set.

>>> from micrograd import Value
>>> y = Value(2.0) - 1.0
>>> y._op, list(y._prev)
('-', [Value(data=2, grad=0)])
"""

from __future__ import annotations

from micrograd.messages.refusals import BY_HAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, KeysView, NoReturn

    from micrograd.engine import Value


def operands(node: Any) -> KeysView[Value]:
    """The operands that are Values, each once, in order (a set-like view)."""
    return dict.fromkeys([x for x in node.args if x.__class__ is not float]).keys()


def typed(node: Any) -> str:
    """The operator as one types it, or the primitive's symbol; "" for a leaf."""
    return "" if node.op is None else node.op.sign or node.op.symbol


def passing_on(node: Any) -> Callable[[], None]:
    """One step of `backward`: it adds what the operands receive of this node's `grad`."""
    return node._pass_on


def not_set(node: Any, _: Any) -> NoReturn:
    """What follows from the operands is not set."""
    raise AttributeError(f"_prev, _op and _backward cannot be set: {BY_HAND}")


class Lectures:
    """The three names, for Value to derive from."""

    __slots__ = ()

    _prev, _op, _backward = property(operands, not_set), property(typed, not_set), property(passing_on, not_set)
