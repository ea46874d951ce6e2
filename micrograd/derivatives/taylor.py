"""Taylor series through a graph: derivatives of high order without an exponential number of nodes.

If x(t) = x₀ + t, every node is a power series in t. From out' = Σ ∂out/∂argᵢ · argᵢ' the coefficients follow:

    k outₖ = Σᵢ Σⱼ j argᵢ[j] ∂ᵢ[k - j]          j = 1 … k

where ∂ᵢ is the series of the local derivative. The row's partial, called on `Term`s, gives the expression for it; equal
expressions are one Term, and a partial is needed to one order less than its node, so the set of Terms stays small.

Coefficients are Decimals: 1/300! does not underflow, nor does (1e200)³ overflow. A series ends where all further
coefficients are 0 whatever x₀ is, as those of a polynomial are: they stop even an infinite local derivative, while a
coefficient that happens to be 0 at x₀ does not.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from math import factorial
from operator import mul

from micrograd.dispatch import Operators, equals, number
from micrograd.engine import Value, topological
from micrograd.ops import ADD, DIV, MUL, NEG, SUB, Op, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIGITS = 40  # with more than twice those of a float, rounding a coefficient is nothing beside rounding a value
WIDE = Context(prec=DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
ZERO = Decimal(0)
ARITHMETIC = (ADD, SUB, MUL, DIV, NEG)


class Term(Operators):
    """A node of the expressions that are expanded: its row, operands (Terms or floats), partials and series.

    data        the number at x₀ as a float, which a partial may compare by == as it does that of a Value
    series      coefficients 0, 1, … as Decimals, as far as they are not 0 whatever x₀ is
    slopes      k times coefficient k, for k = 1, 2, …
    """

    __slots__ = ("terms", "op", "args", "partials", "data", "series", "slopes")

    def __init__(self, terms: Terms, op: Op | None, args: tuple[Any, ...], value: float, first: Decimal) -> None:
        self.terms, self.op, self.args, self.data = terms, op, args, value
        self.partials: list[Any] = []
        self.series, self.slopes = [first], []  # type: list[Decimal], list[Decimal]

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, Term) else equals(self, other)

    __hash__ = Operators.__hash__

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The Term for the primitive `name` on args."""
        return self.terms.term(find(name), tuple([x if isinstance(x, Term) else number(x) for x in args]))


class Terms:
    """All Terms, each expression once, operands first."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], Term] = {}
        self.order: list[Term] = []

    def term(self, op: Op, args: tuple[Any, ...], value: float | None = None) -> Term:
        """The one Term op(*args); -(-x) is x. Its value is what the row gives, unless it is known."""
        if op is NEG and args[0].op is NEG:
            inner: Term = args[0].args[0]
            return inner
        key = (op.name, *[id(x) if isinstance(x, Term) else repr(x) for x in args])
        if key not in self.known:
            if value is None and op in ARITHMETIC:
                first = arithmetic(op, args)
                self.known[key] = self.made(Term(self, op, args, float(first), first))
            else:
                if value is None:
                    value = op.forward(*[x.data if isinstance(x, Term) else x for x in args])
                self.known[key] = self.made(Term(self, op, args, value, wide(value)))
        return self.known[key]

    def made(self, term: Term) -> Term:
        """A new Term, put last."""
        self.order.append(term)
        return term

    def differentiate(self, order: int) -> None:
        """Give every Term the Terms of its partials, so deep as the order asks for."""
        done = 0
        for _ in range(order):
            until = len(self.order)
            for term in self.order[done:until]:
                if term.op is not None:
                    term.partials = [
                        term.op.local(i, term.args, term) if isinstance(x, Term) else 0.0
                        for i, x in enumerate(term.args)
                    ]
            done = until


def wide(x: float) -> Decimal:
    """A float as a Decimal of that many digits."""
    return WIDE.create_decimal_from_float(x)


def arithmetic(op: Op, args: tuple[Any, ...]) -> Decimal:
    """A local derivative's sum, product or quotient at x₀, which as a float might overflow or underflow."""
    numbers = [x.series[0] if isinstance(x, Term) else wide(x) for x in args]
    if op is NEG:
        return numbers[0].copy_negate()  # which keeps the sign of a zero
    return numbers[0] / numbers[1] if op is DIV else op.forward(*numbers)  # type: ignore[return-value]


def extend(term: Term, k: int) -> None:
    """Give the series of a Term its coefficient k, from lower ones and those of its operands, unless it has ended."""
    op, total, ended = term.op, ZERO, True
    assert op is not None
    for x, partial in zip(term.args, term.partials):
        if not isinstance(x, Term) or partial.__class__ is float and partial == 0.0:
            continue
        local = partial.series if isinstance(partial, Term) else [wide(partial)]
        least, most = max(1, k - len(local) + 1), min(k, len(x.slopes))  # j with both factors in the series
        if least > most:
            continue
        ended = False
        slopes, factors = x.slopes[least - 1 : most], local[k - most : k - least + 1][::-1]
        if op.selects:  # a branch not taken gives nothing, not even nan
            total += sum([a * b for a, b in zip(slopes, factors) if b], ZERO)
        else:
            total += sum(map(mul, slopes, factors), ZERO)
    if not ended:
        term.slopes.append(total)
        term.series.append(total / k)


def taylor_derivative(y: Value, x: Value, order: int) -> float:
    """The derivative of the given order of y with respect to the leaf x, the only leaf y depends on."""
    if order == 0:
        return y.data
    terms = Terms()
    at: dict[int, Any] = {}
    variable = terms.made(Term(terms, None, (), x.data, wide(x.data)))
    with localcontext(WIDE):
        for node in topological(y):
            if node is x:
                at[id(node)] = variable
            elif node.op is None:
                at[id(node)] = node.data
            else:
                args = tuple([at[id(a)] if isinstance(a, Value) else a for a in node.args])
                varying = any(isinstance(a, Term) for a in args)
                at[id(node)] = terms.term(node.op, args, node.data) if varying else node.data
        if not isinstance(at[id(y)], Term):
            return 0.0
        terms.differentiate(order)
        variable.slopes.append(Decimal(1))
        variable.series.append(Decimal(1))
        for k in range(1, order + 1):
            for term in terms.order:
                if term.op is not None:
                    extend(term, k)
        series = at[id(y)].series
        return float(series[order] * factorial(order)) if order < len(series) else 0.0
