"""`Expression`: a formula as a small tree of rows, and `in_writing`, which makes text or LaTeX of it, as a person does.

    symbol          a name that stands for a value
    strength        how strongly a written formula binds, as in `ops`; a weaker operand needs brackets
    term            what is added up in a sum; factor: what is multiplied in a product
    writing         text, page or LaTeX: how names, numbers and rows are written

What is simplified changes no value, special ones included: 1·x is x, −(−x) is x, a + −b is a − b, x·x is x². Plain
numbers are multiplied together. x·0 stays, x/x stays. Trees are as deep as a readable formula, so recursion is fine.
"""

from __future__ import annotations

from math import copysign, isfinite

from micrograd.dispatch import Operators, equals
from micrograd.formulas.writing import Writing
from micrograd.ops import ADD, ATOM, DETACH, DIV, MUL, NEG, POW, PRODUCT, SUB, SUM, Op, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Operand = Any  # an Expression or a float


MOST_TERMS = 12  # of a sum; what is in between becomes ⋯


class Expression(Operators):
    """A number, a symbol, or a row applied to operands; `data` is its value.

    It goes through a row's partials like a Value, and so the formula of a local derivative is read off the table.
    A choice (`where`) is made by the numbers: the branch taken remains, `reason` says why, as (condition, truth).

    >>> from micrograd.formulas.writing import TEXT
    >>> x = symbol("x", 3.0)
    >>> print(in_writing(2.0 * (x - 1.0), TEXT))
    2(x − 1)
    """

    __slots__ = ("op", "args", "data", "name", "reason")

    def __init__(self, op: Op | None, args: tuple[Expression, ...], data: float, name: str = "") -> None:
        self.op, self.args, self.data, self.name = op, args, data, name
        self.reason: tuple[Expression, bool] | None = None

    def operate(self, name: str, args: tuple[Any, ...]) -> Expression:
        """The primitive `name` on args, as a formula."""
        if name != "where":
            return call(find(name), args)
        condition, *branches = [operand(x) for x in args]
        taken = condition.data != 0.0
        chosen = branches[0 if taken else 1]
        result = Expression(chosen.op, chosen.args, chosen.data, chosen.name)
        result.reason = chosen.reason or (condition, taken)
        return result

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, Expression) else equals(self, other)

    __hash__ = Operators.__hash__


def operand(x: Operand) -> Expression:
    """An operand as an Expression."""
    return x if isinstance(x, Expression) else Expression(None, (), float(x))


def symbol(name: str, data: float) -> Expression:
    """The symbol called name, which stands for a value of data."""
    return Expression(None, (), data, name)


def call(op: Op, args: tuple[Operand, ...]) -> Expression:
    """The row applied to operands."""
    operands = tuple([operand(x) for x in args])
    if op is DETACH and operands[0].op is None and not operands[0].name:  # a constant derivative
        return operands[0]
    return Expression(op, operands, op.forward(*[x.data for x in operands]))


def weight(expression: Expression) -> int:
    """How much there is to read beside names: an arithmetic sign counts 1, a function 2."""
    if expression.op is None:
        return 0
    own = 2 if expression.op.binding[0] == ATOM or len(expression.args) == 1 and expression.op is not NEG else 1
    return own + sum([weight(x) for x in expression.args])


def exact(expression: Expression) -> Any:
    """What tells an expression from others that are written alike, since numbers are written to three digits."""
    if expression.op is None:
        return expression.name or expression.data
    return expression.op.name, *[exact(x) for x in expression.args]


def in_writing(expression: Expression, writing: Writing, least: int = 0) -> str:
    """The formula, in brackets if it binds less strongly than `least`."""
    text, strength = written(expression, writing)
    return text if strength >= least else writing.bracket(text)


def written(expression: Expression, writing: Writing) -> tuple[str, int]:
    """(the formula, its strength)"""
    op = expression.op
    if op is None or op in (MUL, DIV, NEG):
        negative, text, strength = signed(expression, writing)
        return (fill(NEG, [(text, strength)], writing), SUM) if negative else (text, strength)
    if op in (ADD, SUB):
        return written_sum(expression, writing)
    if op is POW:
        return power(expression.args[0], expression.args[1], writing)
    return fill(op, [written(x, writing) for x in expression.args], writing), writing.layout(op)[1][0]


def fill(op: Op, operands: list[tuple[str, int]], writing: Writing) -> str:
    """The row's template filled with written operands, in brackets where they bind too weakly."""
    template, binding = writing.layout(op)
    return template.format(
        *[
            text if strength >= least else writing.bracket(text)
            for (text, strength), least in zip(operands, binding[1:])
        ]
    )


def written_sum(expression: Expression, writing: Writing) -> tuple[str, int]:
    """A sum: its terms with their signs."""
    waiting, found = [(expression, False)], []
    while waiting:
        x, subtracted = waiting.pop()
        if x.op in (ADD, SUB) and not subtracted:
            waiting += [(x.args[1], x.op is SUB), (x.args[0], False)]
        else:
            found.append((x, subtracted))
    if len(found) > MOST_TERMS:
        found[MOST_TERMS // 2 : -MOST_TERMS // 4] = [(symbol("⋯", 0.0), False)]
    terms = []
    for x, subtracted in found:
        negative, text, strength = signed(x, writing)
        terms.append((negative != subtracted, text, strength))
    twice = len(terms) == 2 and terms[0] == terms[1] and exact(found[0][0]) == exact(found[1][0])
    if twice and terms[0][2] >= PRODUCT and not terms[0][0]:
        return writing.coefficient(2.0, terms[0][1]), PRODUCT  # a + a
    negative, text, strength = terms[0]
    text = fill(NEG, [(text, strength)], writing) if negative else text
    for negative, term, strength in terms[1:]:
        text = fill(SUB if negative else ADD, [(text, SUM), (term, strength)], writing)
    return text, SUM


def power(base: Expression, exponent: Expression, writing: Writing) -> tuple[str, int]:
    """A power; x to the 1 is x."""
    if exponent.op is None and not exponent.name and exponent.data == 1.0:
        return written(base, writing)
    if exponent.op is None and not exponent.name:
        text = writing.raised(in_writing(base, writing, ATOM), exponent.data)
        if text:
            return text, writing.layout(POW)[1][0]
    return fill(POW, [written(x, writing) for x in (base, exponent)], writing), writing.layout(POW)[1][0]


class Product:
    """A product taken apart: coefficient · Π over / (divisor · Π under)."""

    __slots__ = ("coefficient", "divisor", "over", "under")

    def __init__(self) -> None:
        self.coefficient = self.divisor = 1.0
        self.over: list[Expression] = []
        self.under: list[Expression] = []

    def reduce(self) -> None:
        """Plain numbers above and below as few as exactness allows: 4/2 is 2, 0.5/x is 1/(2x)."""
        if self.divisor < 0.0:
            self.coefficient, self.divisor = -self.coefficient, -self.divisor
        quotient = self.coefficient / self.divisor
        if isfinite(quotient) and quotient == int(quotient) and quotient * self.divisor == self.coefficient:
            self.coefficient, self.divisor = quotient, 1.0
        n = round(1.0 / abs(self.coefficient)) if abs(self.coefficient) > 1e-3 else 0
        if self.under and n > 1 and abs(self.coefficient) * n == 1.0:
            self.divisor *= n
            self.coefficient = -1.0 if self.coefficient < 0.0 else 1.0


def taken_apart(expression: Expression) -> Product:
    """A product or quotient, its factors apart."""
    product = Product()
    waiting = [(expression, False)]
    while waiting:
        x, flipped = waiting.pop()
        if x.op is MUL:
            waiting += [(x.args[1], flipped), (x.args[0], flipped)]
        elif x.op is DIV:
            waiting += [(x.args[1], not flipped), (x.args[0], flipped)]
        elif x.op is NEG:
            product.coefficient = -product.coefficient
            waiting.append((x.args[0], flipped))
        elif x.op is None and not x.name and isfinite(x.data) and (x.data != 0.0 or not flipped):
            if flipped:
                product.divisor *= x.data
            else:
                product.coefficient *= x.data
        else:
            (product.under if flipped else product.over).append(x)
    product.reduce()
    return product


def signed(expression: Expression, writing: Writing) -> tuple[bool, str, int]:
    """(whether a minus sign stands in front, the rest, its strength) of a number, a symbol, a product or a quotient."""
    if expression.op is None:
        x = expression.data
        if expression.name:
            return False, writing.name(expression.name), ATOM
        return copysign(1.0, x) < 0.0, writing.number(abs(x)), ATOM
    if expression.op not in (MUL, DIV, NEG):
        return False, *written(expression, writing)
    product = taken_apart(expression)
    negative = product.coefficient < 0.0
    over = multiplied(abs(product.coefficient), product.over, writing)
    if not product.under and product.divisor == 1.0:
        return negative, *over
    under = multiplied(product.divisor, product.under, writing)
    return negative, fill(DIV, [over, under], writing), writing.layout(DIV)[1][0]


def multiplied(coefficient: float, factors: list[Expression], writing: Writing) -> tuple[str, int]:
    """(written product, strength) of a number that is not negative and of factors; equal ones become a power."""
    equal: dict[Any, list[Expression]] = {}
    for x in factors:
        equal.setdefault(exact(x), []).append(x)
    powers = []
    for x, *more in equal.values():
        text, strength = written(x, writing)
        if more:
            text = writing.raised(text if strength >= ATOM else writing.bracket(text), 1.0 + len(more))
            strength = writing.layout(POW)[1][0]
        powers.append((text, strength))
    if not powers:
        return writing.number(coefficient), ATOM
    text, strength = powers[0]
    for factor in powers[1:]:
        text, strength = fill(MUL, [(text, strength), factor], writing), PRODUCT
    if coefficient == 1.0:
        return text, strength
    return writing.coefficient(coefficient, text if strength >= PRODUCT else writing.bracket(text)), PRODUCT
