"""The primitives on NumPy arrays, with the edge cases of `micrograd.functions`; a new row needs no entry here.

They are NumPy's own functions, some made of those, and formulas of `elementary` for what NumPy has not. All write
their result to the last argument, `out`, which may be an operand.
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.elementary.table import FORMULAS
from micrograd.compiler.numpy.arithmetic import ArrayArithmetic
from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NEARLY_INFINITE = 2.0**1020
MANY = 1000  # numbers
# name in the table -> name in NumPy
FUNCTIONS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative",
    "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt", "sin": "sin", "cos": "cos",
    "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "hypot": "hypot",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "abs": "abs",
    "less": "less", "less_equal": "less_equal", "greater": "greater", "greater_equal": "greater_equal",
    "detach": "positive", "round": "rint", "copysign": "copysign",
}  # fmt: skip
# Rows of which every target gives the same bits; NumPy's exp and such are within a few ulp of those of machine code
EXACT = {
    "add", "sub", "mul", "div", "neg", "abs", "sqrt", "less", "less_equal", "greater", "greater_equal",
    "maximum", "minimum", "where",
}  # fmt: skip


def pow(x: Any, y: Any, out: Any) -> None:
    """x to the power y. For y = 0.5 NumPy may take the root, which has another sign at −0 and is nan at −inf."""
    half = y == 0.5
    if half is not False:
        edge = half & ((x == 0.0) | (x == -np.inf))
        if edge.any():
            x = np.where(edge, np.abs(x), x)
    np.power(x, y, out=out)


def sigmoid(x: Any, out: Any) -> None:
    """1 / (1 + exp(-x)), or exp x where that overflows or nearly so."""
    e = np.negative(x)
    np.exp(e, e)
    np.add(e, 1.0, e)
    far = np.greater_equal(e, NEARLY_INFINITE)
    small = np.exp(x) if np.count_nonzero(far) else None  # now, since out may be x
    np.divide(1.0, e, out)
    if small is not None:
        np.copyto(out, small, where=far)


def sech2(x: Any, out: Any) -> None:
    """2 / (1 + cosh 2x), or (2 exp -|x|)² where that overflows or nearly so."""
    c = np.multiply(x, 2.0)
    np.cosh(c, c)
    np.add(c, 1.0, c)
    far = np.greater_equal(c, NEARLY_INFINITE)
    small = np.square(2.0 * np.exp(-np.abs(x))) if np.count_nonzero(far) else None
    np.divide(2.0, c, out)
    if small is not None:
        np.copyto(out, small, where=far)


def softplus(x: Any, out: Any) -> None:
    """log(1 + exp(x)), without overflow."""
    e = np.abs(x)
    np.negative(e, e)
    np.exp(e, e)
    np.log1p(e, e)
    np.maximum(x, 0.0, out=out)
    np.add(out, e, out)


def relu(x: Any, out: Any) -> None:
    """x where it is positive, else 0; nan stays."""
    np.maximum(x, 0.0, out=out)
    np.add(out, 0.0, out)  # which makes 0 of −0


def gaussian(x: Any, out: Any) -> None:
    """exp(-x²), with the last bits of x² kept."""
    near = np.minimum(np.maximum(x, -40.0), 40.0)
    high = np.rint(near * 1024.0) / 1024.0
    np.multiply(np.exp(-high * high), np.exp((high - near) * (high + near)), out)


def maximum(x: Any, y: Any, out: Any) -> None:
    """The larger of two, of equals the first (of 0 and −0 NumPy gives either); nan if either is nan."""
    select(np.logical_or(np.greater_equal(x, y), np.not_equal(x, x)), x, y, out)


def minimum(x: Any, y: Any, out: Any) -> None:
    """The smaller of two, in the same way."""
    select(np.logical_or(np.less_equal(x, y), np.not_equal(x, x)), x, y, out)


def where(condition: Any, x: Any, y: Any, out: Any) -> None:
    """x where the condition is not 0, else y."""
    select(np.not_equal(condition, 0.0), x, y, out)


def select(condition: Any, x: Any, y: Any, out: Any) -> None:
    """x where the condition holds, else y; of many bit by bit, since `np.where` is slow without a pattern."""
    if out.size < MANY:
        out[...] = np.where(condition, x, y)
        return
    mask = np.asarray(condition).astype(np.int64)
    np.negative(mask, out=mask)  # all bits where x is taken
    chosen = None if isinstance(x, float) and bits(x) == 0 else np.bitwise_and(bits(x), mask)
    np.invert(mask, out=mask)
    if chosen is None:  # as in the derivative of relu
        np.bitwise_and(bits(y), mask, out=bits(out))
    else:
        other = np.bitwise_and(bits(y), mask, out=mask if mask.shape == out.shape else None)
        np.bitwise_or(chosen, other, out=bits(out))


def bits(x: Any) -> Any:
    """The bits of doubles as whole numbers."""
    return np.asarray(x, np.float64).view(np.int64)


def any_zero(x: Any) -> bool:
    """Whether a number is 0."""
    return bool(np.count_nonzero(np.equal(x, 0.0)))  # faster than `all`


def sign_zeros(total: Any, indices: str, factors: Any, values: Any) -> None:
    """Make those sums of products −0 of which every product is: NumPy starts from 0."""
    signs = np.einsum(indices, np.copysign(1.0, factors), np.copysign(1.0, values), optimize=True)
    np.copyto(total, -0.0, where=(total == 0.0) & (signs == -factors.shape[1]))


def guarded_sum(space: Any, U: Any, rows: Any, slots: Any) -> Any:
    """Σₖ U[slots[r, k]] · space[rows[r, k]], where a zero in space makes its term 0 whatever the factor."""
    total = np.zeros((len(rows), *space.shape[1:]))
    for k in range(rows.shape[1]):
        g = space[rows[:, k]]
        factor = U[slots[:, k]]
        total += np.where(g != 0.0, g * (factor[:, None] if g.ndim == 2 else factor), 0.0)
    return total


def guarded_outer(W: Any, left: Any, right: Any) -> Any:
    """Σ over the samples of left · right, where a zero on the left makes the product 0."""
    values = W[right]
    return np.array([np.where(g != 0.0, g * values, 0.0).sum(1) for g in W[left]])


def guarded_pairs(W: Any, left: Any, right: Any) -> Any:
    """The same for given pairs."""
    g = W[left]
    return np.where(g != 0.0, g * W[right], 0.0).sum((1, 2))


def by_formula(formula: Callable[..., Any]) -> Callable[..., None]:
    """A formula of `elementary` as a primitive."""

    def written(*operands: Any) -> None:
        *args, out = operands
        out[...] = formula(ArrayArithmetic(), *map(np.atleast_1d, args))

    return written


COMPOSED = (pow, sigmoid, sech2, softplus, relu, gaussian, maximum, minimum, where)
# NumPy's own functions take a tenth of the time of the formulas or less, and are as close
VOCABULARY = (
    {name: by_formula(formula) for name, formula in FORMULAS.items()}
    | {name: getattr(np, known) for name, known in FUNCTIONS.items()}
    | {f.__name__: f for f in COMPOSED}
)
HELPERS = {f.__name__: f for f in (any_zero, sign_zeros, guarded_sum, guarded_outer, guarded_pairs)}


def function(name: str) -> Callable[..., Any]:
    """A helper, or the primitive on arrays; a user's that has a `forward` alone is called number by number."""
    known = VOCABULARY.get(name) or HELPERS.get(name)
    if known is not None:
        return known
    op = find(name)
    one_by_one = np.frompyfunc(lambda *args: op.forward(*map(float, args)), len(op.partials), 1)

    def written(*operands: Any) -> None:
        *args, out = operands
        out[...] = one_by_one(*args)

    return written
