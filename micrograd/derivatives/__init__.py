"""Derivatives of graphs and of plain functions, of any order.

    graphs      the gradient as a graph of its own: `gradient`
    matrices    `jacobian`, `hessian` and `hvp`, of Values and of plain functions
    plain       `grad`, `value_and_grad` and `derivative` of plain functions of numbers, lists or arrays
    taylor      Taylor series through a graph, for high orders

>>> grad(lambda x: x**3)(2.0), derivative(lambda x: x**3, 2.0, order=2), hessian(lambda x: x**3)(2.0)
(12.0, 12.0, 12.0)
"""

from __future__ import annotations

from micrograd.derivatives.graphs import gradient
from micrograd.derivatives.matrices import hessian, hvp, jacobian
from micrograd.derivatives.plain import derivative, grad, value_and_grad
from micrograd.messages.counterparts import absent

__all__ = ["derivative", "grad", "gradient", "hessian", "hvp", "jacobian", "value_and_grad"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
