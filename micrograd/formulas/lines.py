"""Formulas of Values: `formula`, in text and LaTeX, read off the op rows.

width       roughly how many characters a formula takes on a line
cut         the nodes that are shown by name and have a line of their own
"""

from __future__ import annotations

from micrograd.engine import Value, topological
from micrograd.formulas.document import Document, Equations, Math, Words
from micrograd.formulas.expressions import Expression, call, in_writing, operand, symbol
from micrograd.formulas.writing import TEXT
from micrograd.notation.naming import Names, name_nodes
from micrograd.notation.signs import numeral, text_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from micrograd.formulas.document import Block
    from micrograd.formulas.writing import Writing
    from micrograd.ops import Op

LONGEST_LINE = 72
MOST_LINES = 40
WORTH_A_NAME = 10  # a shared part narrower than this is written out each time


class Formula(Document):
    """A formula and the definitions of the names in it, as lines (name or "", Expression).

    It shows itself in a notebook; `str`, `.latex` and `.markdown` give it as text. `lines[0]` is the formula itself.

    >>> x = Value(3.0, "x")
    >>> print(formula(x * x, {}).latex)
    {x}^{2}
    """

    def __init__(self, lines: list[tuple[str, Expression]], omitted: int) -> None:
        self.lines, self.omitted = lines, omitted

    def blocks(self, writing: Writing) -> list[Block]:
        """The formula, then the definitions."""
        rows = []
        for name, expression in self.lines:
            right = [Math(in_writing(expression, writing))]
            rows.append([[Math(writing.name(name))], right] if name else [right])
        if len(rows) == 1:
            return [Equations(rows)]
        blocks: list[Block] = [Equations(rows[:1]), Words("where"), Equations(rows[1:])]
        if self.omitted:
            blocks.append(Words(f"and {self.omitted:,} more definitions"))
        return blocks


def formula(value: Value, names: Mapping[str, Any] | None = None) -> Formula:
    """The expression that computed `value`, with brackets only where needed.

    A short one is written out in full. A long one is broken: parts that have a name keep it, and others are called
    v₁, v₂ … in topological order, each defined on a line of its own. Numbers have three digits.

    names       names for values without a label: a mapping such as locals(); in IPython the user's variables are
                taken unless it is given

    Raises TypeError for what is not a Value.

    >>> w, x, y = Value(0.5, "w1"), Value(2.0, "x"), Value(1.0, "yhat")
    >>> formula(((w * x).sigmoid() - y) ** 2, {})
    (σ(w1·x) − ŷ)²
    >>> print(formula(w / (x + 1.0), {}).latex)
    \\frac{w_{1}}{x + 1}
    """
    if not isinstance(value, Value):
        raise TypeError(f"formula expects a Value, got {type(value).__name__}; for a list, take its items one by one")
    nodes = topological(value)
    called = name_nodes(nodes, names)
    if value.op is None:
        known = called.given(value)
        return Formula([("", symbol(called.name(value), value.data) if known else operand(value.data))], 0)
    cut = cuts(nodes, called)

    def shown(x: Value) -> Expression | None:
        return symbol(called.name(x), x.data) if x.op is None or id(x) in cut else None

    lines = [
        (
            called.name(value) if value.label or called.given(value) and called.name(value) != "f" else "",
            expression_of(value, shown),
        )
    ]
    defined = [x for x in nodes[:-1] if id(x) in cut or x.op is None and not called.given(x)]
    for x in defined[1 - MOST_LINES :]:  # those that the formula itself is made of are the last
        lines.append((called.name(x), expression_of(x, shown) if x.op is not None else operand(x.data)))
    return Formula(lines, max(0, len(defined) - len(lines) + 1))


def expression_of(node: Value, shown: Callable[[Value], Expression | None]) -> Expression:
    """The Expression of an inner node; an operand for which `shown` gives an Expression is that, others are opened."""
    made: dict[int, Expression] = {}
    waiting = [node]
    while waiting:
        x = waiting[-1]
        pending = []
        for a in x.args:
            if isinstance(a, Value) and id(a) not in made:
                atom = shown(a)
                if atom is None:
                    pending.append(a)
                else:
                    made[id(a)] = atom
        if pending:
            waiting.extend(pending)
            continue
        waiting.pop()
        assert x.op is not None
        made[id(x)] = call(x.op, tuple([made[id(a)] if isinstance(a, Value) else a for a in x.args]))
    return made[id(node)]


def cuts(nodes: list[Value], called: Names) -> set[int]:
    """The ids of the inner nodes to be shown by name: none if the formula fits a line without repeating itself."""
    ruler = Ruler(called)
    used: set[int] = set()
    repeated: set[int] = set()
    for node in nodes:
        for x in node.args:
            if isinstance(x, Value) and x.op is not None:
                (repeated if id(x) in used else used).add(id(x))
        ruler.measure(node)
    in_full = ruler.widths[id(nodes[-1])] <= LONGEST_LINE
    if in_full and all(ruler.widths[x] < WORTH_A_NAME for x in repeated):
        return set()
    for node in nodes[:-1]:
        ruler.fit(node)
        worth = id(node) in repeated and ruler.widths[id(node)] >= WORTH_A_NAME
        if node.op is not None and (worth or called.given(node)):
            ruler.cut.add(id(node))
    ruler.fit(nodes[-1])
    return ruler.cut


class Ruler:
    """Widths of formulas, counted up to a little more than a line; those of nodes in `cut` are of their names."""

    def __init__(self, called: Names) -> None:
        self.called = called
        self.widths: dict[int, int] = {}  # of a node's formula
        self.cut: set[int] = set()
        self.signs: dict[Op, int] = {}

    def operand(self, x: Value | float) -> int:
        """The width of an operand."""
        if not isinstance(x, Value):
            return len(numeral(x))
        if x.op is None or id(x) in self.cut:
            return len(text_name(self.called.name(x)))
        return self.widths[id(x)]

    def measure(self, node: Value) -> int:
        """The width of a node's formula, whose operands have been measured."""
        op, total = node.op, 0
        if op is not None:
            if op not in self.signs:
                self.signs[op] = len(TEXT.layout(op)[0].replace("{", "").replace("}", "")) - len(op.partials)
            total = min(self.signs[op] + sum([self.operand(x) for x in node.args]), LONGEST_LINE + 1)
        self.widths[id(node)] = total
        return total

    def fit(self, node: Value) -> None:
        """Cut operands of a node, the widest first, until its formula fits a line."""
        while self.measure(node) > LONGEST_LINE:
            whole = [x for x in node.args if isinstance(x, Value) and x.op is not None and id(x) not in self.cut]
            if not whole:
                break
            self.cut.add(id(max(whole, key=self.operand)))
