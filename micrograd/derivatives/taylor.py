"""Taylor series through a graph: derivatives of high order without an exponential number of nodes.

If x(t) = x₀ + t, every node is a power series in t. From out' = Σ ∂out/∂argᵢ · argᵢ' the coefficients follow:

    k outₖ = Σᵢ Σⱼ j argᵢ[j] ∂ᵢ[k - j]          j = 1 … k

where ∂ᵢ is the series of the local derivative. The row's partial, called on `Term`s, gives the expression for it; equal
expressions are one Term, and a partial is needed to one order less than its node, so the set of Terms stays small.
"""
from __future__ import annotations

from micrograd.dispatch import Operators, number
from micrograd.engine import Value, topological
from micrograd.ops import Op, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Term(Operators):
    """A node of the expressions that are expanded: its row, operands (Terms or floats), partials and series."""

    __slots__ = ("terms", "op", "args", "partials", "series")

    def __init__(self, terms: Terms, op: Op | None, args: tuple[Any, ...]) -> None:
        self.terms, self.op, self.args = terms, op, args
        self.partials: list[Any] = []
        self.series: list[float] = []

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The Term for the primitive `name` on args."""
        return self.terms.term(find(name), tuple([x if isinstance(x, Term) else number(x) for x in args]))


class Terms:
    """All Terms, each expression once, operands first."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], Term] = {}
        self.order: list[Term] = []

    def term(self, op: Op, args: tuple[Any, ...]) -> Term:
        """The one Term op(*args); -(-x) is x."""
        if op.name == "neg" and args[0].op is op:
            return args[0].args[0]
        key = (op.name, *[id(x) if isinstance(x, Term) else repr(x) for x in args])
        if key not in self.known:
            self.known[key] = self.leaf(op, args)
        return self.known[key]

    def leaf(self, op: Op | None = None, args: tuple[Any, ...] = ()) -> Term:
        """A new Term."""
        made = Term(self, op, args)
        self.order.append(made)
        return made

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


def coefficient(term: Term, k: int) -> float:
    """Coefficient k of the series of a Term, from lower ones and those of its operands."""
    op = term.op
    assert op is not None
    if k == 0:
        return op.forward(*[x.series[0] if isinstance(x, Term) else x for x in term.args])
    result = 0.0
    for x, partial in zip(term.args, term.partials):
        if isinstance(x, Term) and isinstance(partial, Term):
            for j in range(1, k + 1):
                factor = partial.series[k - j]
                if factor or not op.selects:  # a branch not taken gives nothing, not even nan
                    result += j / k * x.series[j] * factor
        elif isinstance(x, Term) and partial:
            result += x.series[k] * partial
    return result


def taylor_coefficient(y: Value, x: Value, order: int) -> float:
    """The derivative of the given order of y with respect to the leaf x, the only leaf y depends on."""
    terms = Terms()
    at: dict[int, Any] = {}
    variable = terms.leaf()
    for node in topological(y):
        if node is x:
            at[id(node)] = variable
        elif node.op is None:
            at[id(node)] = node.data
        else:
            args = tuple([at[id(a)] if isinstance(a, Value) else a for a in node.args])
            constant = not any(isinstance(a, Term) for a in args)
            at[id(node)] = node.op.forward(*args) if constant else terms.term(node.op, args)
    if not isinstance(at[id(y)], Term):
        return y.data if order == 0 else 0.0
    terms.differentiate(order)
    for k in range(order + 1):
        for term in terms.order:
            term.series.append(coefficient(term, k) if term.op is not None else (x.data, 1.0)[k] if k < 2 else 0.0)
    result: float = at[id(y)].series[order]
    for k in range(2, order + 1):
        result *= k
    return result
