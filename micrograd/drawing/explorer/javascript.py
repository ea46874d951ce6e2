"""Rows of the table as JavaScript, so that a page evaluates graphs without a second set of derivative rules.

A row brings its forward as a template (`Op.javascript`). Its local derivatives are the row's own partials, called on
operands that write down what is done to them.

    x1, x2, …   operands            out     the result
    rule        what the page knows of one row: {forward, locals, selects}
"""

from __future__ import annotations

from math import inf

from micrograd.dispatch import Operators
from micrograd.ops import Op, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class JavaScript(Operators):
    """A JavaScript expression that grows with what is done to it.

    >>> print(2.0 * JavaScript("x1") + 1.0)
    ((2.0 * x1) + 1.0)
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def operate(self, name: str, args: tuple[Any, ...]) -> JavaScript:
        """The primitive `name` on args."""
        return call(find(name), args)

    def __str__(self) -> str:
        return self.text


def in_javascript(x: Any) -> str:
    """An expression, or a number as JavaScript writes it.

    >>> in_javascript(-0.5), in_javascript(float("inf"))
    ('(-0.5)', 'Infinity')
    """
    if isinstance(x, JavaScript):
        return x.text
    x = float(x)
    text = "NaN" if x != x else repr(x) if abs(x) < inf else "Infinity" if x > 0.0 else "-Infinity"
    return f"({text})" if text[0] == "-" else text


def call(op: Op, args: tuple[Any, ...]) -> JavaScript:
    """The primitive of a row on expressions and numbers."""
    return JavaScript(f"({op.javascript.format(*map(in_javascript, args))})")


def rule(op: Op) -> str:
    """The row in JavaScript; "null" if one of its partials does not go through symbolic operands.

    A local derivative is a function, a number where it is constant, or null where no gradient ever flows.

    >>> from micrograd.ops import MUL, SUB
    >>> print(rule(MUL))
    {forward: (x1, x2) => (x1 * x2), locals: [(x1, x2, out) => x2, (x1, x2, out) => x1], selects: false}
    >>> print(rule(SUB))
    {forward: (x1, x2) => (x1 - x2), locals: [1.0, (-1.0)], selects: false}
    """
    operands = tuple([JavaScript(f"x{i + 1}") for i in range(len(op.partials))])
    names = ", ".join(map(str, operands))
    derivatives = []
    for i, partial in enumerate(op.partials):
        if partial.__class__ is float:
            derivatives.append(in_javascript(partial) if partial else "null")
            continue
        try:
            derivative = in_javascript(op.local(i, operands, JavaScript("out")))
        except Exception:  # somebody's own row, in_javascript for floats alone, may fail in any way
            return "null"
        derivatives.append(f"({names}, out) => {derivative}")
    selects = "true" if op.selects else "false"
    return f"{{forward: ({names}) => {call(op, operands)}, locals: [{', '.join(derivatives)}], selects: {selects}}}"
