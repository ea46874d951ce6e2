"""Rows of the table as JavaScript, so that a page evaluates graphs without a second set of rules.

A row that JavaScript lacks, see its vocabulary, is its definition over those that it has. The local derivatives are the
row's own partials.

    x1, x2, …   operands            out     the result
    rule        what the page knows of one row: {forward, locals, selects}
"""

from __future__ import annotations

from micrograd.exporting.definitions import Body
from micrograd.exporting.javascript.code import JavaScriptPrinter
from micrograd.exporting.javascript.vocabulary import FUNCTIONS
from micrograd.exporting.statements import Module, Return

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.ops import Op


def value_function(op: Op) -> str:
    """The row's value as a function; TypeError where JavaScript neither has the row nor a definition of it.

    >>> from micrograd.ops import MUL, RELU
    >>> print(value_function(MUL))
    (x1, x2) => x1 * x2
    >>> print(value_function(RELU))
    (x1) => x1 <= 0 ? 0 : x1
    """
    body = Body(FUNCTIONS)
    names = [f"x{i + 1}" for i in range(len(op.partials))]
    return arrow(names, body, body.apply(op.name, tuple([body.argument(name) for name in names])))


def local_derivative(op: Op, i: int) -> str:
    """The local derivative by an operand: a function, a number where it is constant, null where no gradient flows."""
    partial = op.partials[i]
    if isinstance(partial, float):
        return JavaScriptPrinter(NOTHING).literal(partial) if partial else "null"
    body = Body(FUNCTIONS)
    names = [*[f"x{k + 1}" for k in range(len(op.partials))], "out"]
    *operands, out = [body.argument(name) for name in names]
    return arrow(names, body, op.local(i, tuple(operands), out))


NOTHING = Module("", [], [], [])


def arrow(names: list[str], body: Body, result: object) -> str:
    """A function on one line."""
    statements, printer = body.statements(result), JavaScriptPrinter(NOTHING)
    [*_, last] = statements
    if len(statements) == 1 and isinstance(last, Return) and last.expression is not None:
        return f"({', '.join(names)}) => {printer.text(last.expression)}"
    printer.body(statements)
    return f"({', '.join(names)}) => {{ {' '.join([line.strip() for line in printer.lines])} }}"


def rule(op: Op) -> str:
    """The row in JavaScript; "null" if its value or a partial does not go through operands that have no number.

    >>> from micrograd.ops import MUL, SUB
    >>> print(rule(MUL))
    {forward: (x1, x2) => x1 * x2, locals: [(x1, x2, out) => x2, (x1, x2, out) => x1], selects: false}
    >>> print(rule(SUB))
    {forward: (x1, x2) => x1 - x2, locals: [1, -1], selects: false}
    """
    try:
        derivatives = [local_derivative(op, i) for i in range(len(op.partials))]
        forward = value_function(op)
    except Exception:  # somebody's own row, written for floats alone, may fail in any way
        return "null"
    selects = "true" if op.selects else "false"
    return f"{{forward: {forward}, locals: [{', '.join(derivatives)}], selects: {selects}}}"
