"""Types of the mathematical functions, for the type checker alone: nothing imports this module at run time."""

from __future__ import annotations

from typing import Protocol, Union, overload

from micrograd.engine import Value

Operand = Union[float, Value]


class Unary(Protocol):
    """float -> float, Value -> Value."""

    @overload
    def __call__(self, x: float) -> float: ...
    @overload
    def __call__(self, x: Value) -> Value: ...


class Binary(Protocol):
    """Two floats -> float; a Value as soon as one of them is a Value."""

    @overload
    def __call__(self, x: float, y: float) -> float: ...
    @overload
    def __call__(self, x: Value, y: Operand) -> Value: ...
    @overload
    def __call__(self, x: Operand, y: Value) -> Value: ...
