"""Taylor series through a graph: derivatives of high order without an exponential number of nodes.

If x(t) = x₀ + t, every node is a power series in t. From out' = Σ ∂out/∂argᵢ · argᵢ' the coefficients follow:

    k outₖ = Σᵢ Σⱼ j argᵢ[j] ∂ᵢ[k - j]          j = 1 … k

where ∂ᵢ is the series of the local derivative. The row's partial, called on `Series`, gives the expression for it.
Equal expressions are one Series, and a partial is needed to one order less than its node, so there are few.

Coefficients are Decimals: 1/300! does not underflow, nor does (1e200)³ overflow. A series ends where all further
coefficients are 0 whatever x₀ is, as those of a polynomial are: they stop even an infinite local derivative, while a
coefficient that happens to be 0 at x₀ does not.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from math import factorial
from operator import mul

from micrograd.algebra.identities import simpler
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


class Series(Operators):
    """A node of the expressions that are expanded: its row, operands (Series or floats), partials and coefficients.

    data            the number at x₀ as a float, which a partial may compare by == as it does that of a Value
    coefficients    0, 1, … as Decimals, as far as they are not 0 whatever x₀ is
    slopes          k times coefficient k, for k = 1, 2, …
    """

    __slots__ = ("expansion", "op", "args", "partials", "data", "coefficients", "slopes")

    def __init__(self, expansion: Expansion, op: Op | None, args: tuple[Any, ...], data: float, first: Decimal) -> None:
        self.expansion, self.op, self.args, self.data = expansion, op, args, data
        self.partials: list[Any] = []
        self.coefficients, self.slopes = [first], []  # type: list[Decimal], list[Decimal]

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, Series) else equals(self, other)

    __hash__ = Operators.__hash__

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The Series for the primitive `name` on args."""
        return self.expansion.series(find(name), tuple([x if isinstance(x, Series) else number(x) for x in args]))


class Expansion:
    """All Series, each expression once, operands first."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], Series] = {}
        self.order: list[Series] = []

    def series(self, op: Op, args: tuple[Any, ...], value: float | None = None) -> Series:
        """The one Series op(*args); -(-x) is x. Its value is what the row gives, unless it is known."""
        if op is NEG:
            found = simpler(NEG, args, [None], lambda x: x.args[0] if x.op is NEG else None)
            if found is not None:
                return found[1][0]
        key = (op.name, *[id(x) if isinstance(x, Series) else repr(x) for x in args])
        if key not in self.known:
            if value is None and op in ARITHMETIC:
                first = arithmetic(op, args)
                self.known[key] = self.made(Series(self, op, args, float(first), first))
            else:
                if value is None:
                    value = op.forward(*[x.data if isinstance(x, Series) else x for x in args])
                self.known[key] = self.made(Series(self, op, args, value, wide(value)))
        return self.known[key]

    def made(self, series: Series) -> Series:
        """A new Series, put last."""
        self.order.append(series)
        return series

    def differentiate(self, order: int) -> None:
        """Give every Series those of its partials, so deep as the order asks for."""
        done = 0
        for _ in range(order):
            until = len(self.order)
            for series in self.order[done:until]:
                if series.op is not None:
                    series.partials = [
                        series.op.local(i, series.args, series) if isinstance(x, Series) else 0.0
                        for i, x in enumerate(series.args)
                    ]
            done = until


def wide(x: float) -> Decimal:
    """A float as a Decimal of that many digits."""
    return WIDE.create_decimal_from_float(x)


def arithmetic(op: Op, args: tuple[Any, ...]) -> Decimal:
    """A local derivative's sum, product or quotient at x₀, which as a float might overflow or underflow."""
    numbers = [x.coefficients[0] if isinstance(x, Series) else wide(x) for x in args]
    if op is NEG:
        return numbers[0].copy_negate()  # which keeps the sign of a zero
    return numbers[0] / numbers[1] if op is DIV else op.forward(*numbers)  # type: ignore[return-value]


def extend(series: Series, k: int) -> None:
    """Give a Series its coefficient k, from lower ones and those of its operands, unless it has ended."""
    op, total, ended = series.op, ZERO, True
    assert op is not None
    for x, partial in zip(series.args, series.partials):
        if not isinstance(x, Series) or partial.__class__ is float and partial == 0.0:
            continue
        local = partial.coefficients if isinstance(partial, Series) else [wide(partial)]
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
        series.slopes.append(total)
        series.coefficients.append(total / k)


def taylor_derivative(y: Value, x: Value, order: int) -> float:
    """The derivative of the given order of y with respect to the leaf x, the only leaf y depends on."""
    if order == 0:
        return y.data
    expansion = Expansion()
    at: dict[int, Any] = {}
    variable = expansion.made(Series(expansion, None, (), x.data, wide(x.data)))
    with localcontext(WIDE):
        for node in topological(y):
            if node is x:
                at[id(node)] = variable
            elif node.op is None:
                at[id(node)] = node.data
            else:
                args = tuple([at[id(a)] if isinstance(a, Value) else a for a in node.args])
                varying = any(isinstance(a, Series) for a in args)
                at[id(node)] = expansion.series(node.op, args, node.data) if varying else node.data
        if not isinstance(at[id(y)], Series):
            return 0.0
        expansion.differentiate(order)
        variable.slopes.append(Decimal(1))
        variable.coefficients.append(Decimal(1))
        for k in range(1, order + 1):
            for series in expansion.order:
                if series.op is not None:
                    extend(series, k)
        final = at[id(y)].coefficients
        return float(final[order] * factorial(order)) if order < len(final) else 0.0
