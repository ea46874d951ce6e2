"""Rows of the table as JavaScript, so that a page evaluates graphs without a second set of rules.

A row that JavaScript lacks, see its vocabulary, is its definition over those that it has. The local derivatives are the
row's own partials. Both are called on operands that write down what is done to them.

    x1, x2, …   operands            out     the result
    rule        what the page knows of one row: {forward, locals, selects}
    body        of a function: constants, each expression once, and what it returns
"""

from __future__ import annotations

from math import inf

from micrograd.dispatch import Operators
from micrograd.exporting.javascript.vocabulary import FUNCTIONS
from micrograd.ops import DETACH, TABLE, WHERE, Op, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def with_sign(op: Op) -> str:
    """The template of a primitive with a sign; + makes 1 or 0 of what a comparison is in JavaScript."""
    template = f"{{0}} {op.sign} {{1}}" if len(op.partials) == 2 else f"{op.sign}{{0}}"
    return f"+({template})" if op.comparison else template


OPERATORS = {op.name: with_sign(op) for op in TABLE.values() if op.sign}
OPERATORS |= {WHERE.name: "{0} !== 0 ? {1} : {2}", DETACH.name: "{0}"}


class Body:
    """The statements of a function: a constant for each expression, once.

    >>> body = Body()
    >>> print(body.function("x1", 2.0 * JavaScript("x1", body) + 1.0))
    x1 => { const v1 = 2.0 * x1, v2 = v1 + 1.0; return v2; }
    """

    def __init__(self) -> None:
        self.constants: dict[str, str] = {}  # expression -> name

    def value(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name` on expressions and numbers."""
        if name not in OPERATORS and name not in FUNCTIONS:
            definition = find(name).definition
            if definition is None:
                raise TypeError(f"{name} has no definition, and JavaScript no function for it")
            return definition(*args)
        texts = [in_javascript(x) for x in args]
        text = OPERATORS[name].format(*texts) if name in OPERATORS else f"{FUNCTIONS[name]}({', '.join(texts)})"
        return JavaScript(self.constants.setdefault(text, f"v{len(self.constants) + 1}"), self)

    def function(self, names: str, result: Any) -> str:
        """The function of these names; one of a single expression without a constant."""
        lines = [f"{name} = {text}" for text, name in self.constants.items()]
        if not lines:
            return f"{names} => {in_javascript(result)}"
        if len(lines) == 1:
            return f"{names} => {next(iter(self.constants))}"
        return f"{names} => {{ const {', '.join(lines)}; return {in_javascript(result)}; }}"


class JavaScript(Operators):
    """The name of a number in a body, which grows with what is done to it."""

    __slots__ = ("text", "body")
    thorough = True  # nobody reads or differentiates a local derivative: it may be long

    def __init__(self, text: str, body: Body) -> None:
        self.text, self.body = text, body

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name` on args."""
        return self.body.value(name, args)

    def __str__(self) -> str:
        return self.text


def in_javascript(x: Any) -> str:
    """A name, or a number as JavaScript writes it.

    >>> in_javascript(-0.5), in_javascript(float("inf"))
    ('(-0.5)', 'Infinity')
    """
    if isinstance(x, JavaScript):
        return x.text
    x = float(x)
    text = "NaN" if x != x else repr(x) if abs(x) < inf else "Infinity" if x > 0.0 else "-Infinity"
    return f"({text})" if text[0] == "-" else text


def value_function(op: Op) -> str:
    """The row's value as a function; TypeError where JavaScript neither has the row nor a definition of it.

    >>> from micrograd.ops import MUL, RELU
    >>> print(value_function(MUL))
    (x1, x2) => x1 * x2
    >>> print(value_function(RELU))
    (x1) => { const v1 = +(x1 <= 0.0), v2 = v1 !== 0 ? 0.0 : x1; return v2; }
    """
    body = Body()
    operands = tuple([JavaScript(f"x{i + 1}", body) for i in range(len(op.partials))])
    return body.function(f"({', '.join(map(str, operands))})", body.value(op.name, operands))


def local_derivative(op: Op, i: int) -> str:
    """The local derivative by an operand: a function, a number where it is constant, null where no gradient flows."""
    if op.partials[i].__class__ is float:
        return in_javascript(op.partials[i]) if op.partials[i] else "null"
    body = Body()
    operands = tuple([JavaScript(f"x{k + 1}", body) for k in range(len(op.partials))])
    names = f"({', '.join(map(str, operands))}, out)"
    return body.function(names, op.local(i, operands, JavaScript("out", body)))


def rule(op: Op) -> str:
    """The row in JavaScript; "null" if its value or a partial does not go through operands that have no number.

    >>> from micrograd.ops import MUL, SUB
    >>> print(rule(MUL))
    {forward: (x1, x2) => x1 * x2, locals: [(x1, x2, out) => x2, (x1, x2, out) => x1], selects: false}
    >>> print(rule(SUB))
    {forward: (x1, x2) => x1 - x2, locals: [1.0, (-1.0)], selects: false}
    """
    try:
        derivatives = [local_derivative(op, i) for i in range(len(op.partials))]
        forward = value_function(op)
    except Exception:  # somebody's own row, written for floats alone, may fail in any way
        return "null"
    selects = "true" if op.selects else "false"
    return f"{{forward: {forward}, locals: [{', '.join(derivatives)}], selects: {selects}}}"
