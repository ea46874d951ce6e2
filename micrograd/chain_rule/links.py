"""The factors of a chain, as one writes them: ∂L/∂ŷ = 2(ŷ−y), with unnamed steps in between taken in.

    link        one factor of a chain: an edge, or several in a row with the unnamed nodes between them merged
    shown       a node that stands in the chain by name; all others are merged
    constant    an edge whose local derivative is a plain number whatever the operands are
    top, bottom the nodes at the ends of an edge or a link: the link is ∂top/∂bottom

An unnamed node that is used once is merged if it is the result of sums of named nodes, as ŷ − y in (ŷ − y)², or if it
stands directly in a sum, as w·x in w·x + b. Then each factor is still one product, and no sum over paths is hidden.
"""

from __future__ import annotations

from heapq import heappop, heappush

from micrograd.chain_rule.reach import Reach
from micrograd.engine import Value
from micrograd.formulas.expressions import Expression, call, in_writing, operand, symbol, weight
from micrograd.formulas.lines import expression_of
from micrograd.formulas.writing import TEXT
from micrograd.ops import ADD, ATOM, MUL, SUB, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.formulas.writing import Writing
    from micrograd.notation.naming import Names

SHORT = 8  # operands that a merged node may bring into the formula of another
DEEPEST = 5  # brackets in brackets
LIGHT = 3  # a formula that weighs more is written f'(x)
LONGEST_SEARCH = 100_000  # nodes
MARKS = "A mark 1, 2 at a derivative says that it is by that operand alone, the others being fixed."


class Link:
    """∂top/∂bottom along `edges`; `slope` is its number."""

    __slots__ = ("top", "bottom", "edges", "slope")

    def __init__(self, top: int, bottom: int, edges: list[int], slope: float) -> None:
        self.top, self.bottom, self.edges, self.slope = top, bottom, edges, slope


class Links:
    """Chains of links for the paths of a Reach, and the formulas of their factors.

    mentioned       places of the nodes that stood in a formula by name
    functions       text of f'(x) -> (f'(x), its formula by the row, its number), for the functions that were primed
    choices         edge -> the derivative that a row which selects (a maximum) has there, with its reason
    several         (top, bottom) -> whether several ways lead from one to the other, of those that were asked for
    """

    def __init__(self, reach: Reach, called: Names) -> None:
        self.reach, self.called = reach, called
        self.kept = {len(reach.nodes) - 1, *reach.wrt}
        self.merged: set[int] = set()
        self.regions: set[int] = set()
        self.constants: dict[tuple[Op, int], bool] = {}
        self.mentioned: set[int] = set()
        self.functions: dict[str, tuple[Expression, Expression, float]] = {}
        self.choices: dict[int, Expression] = {}
        self.weights: dict[Op, int] = {}
        self.several: dict[tuple[int, int], bool] = {}

    def candidate(self, i: int) -> bool:
        """Whether node i may be merged at all: it is unnamed and used once."""
        reach = self.reach
        return reach.uses[i] == 1 and i not in self.kept and not self.called.given(reach.nodes[i])

    def constant(self, edge: int) -> bool:
        """Whether the slope of an edge is a plain number by the formula of its row."""
        partial = self.reach.row_partial(edge)
        if partial.__class__ is float:
            return True
        node, k = self.reach.nodes[self.reach.tops[edge]], self.reach.operands[edge]
        assert node.op is not None
        if node.op.selects:
            return False
        numbers = [x for x in node.args if not isinstance(x, Value)]
        if numbers or (node.op, k) not in self.constants:
            args = tuple([symbol("x", x.data) if isinstance(x, Value) else x for x in node.args])
            found = operand(node.op.local(k, args, symbol("out", node.data)))
            known = found.op is None and not found.name
            if numbers:
                return known
            self.constants[node.op, k] = known
        return self.constants[node.op, k]

    def summed(self, i: int) -> bool:
        """Whether node i is a short expression whose active operands are shown nodes and have constant slopes."""
        reach, waiting, seen = self.reach, [i], 0
        while waiting:
            j = waiting.pop()
            seen += len(reach.nodes[j].args)
            if seen > SHORT:
                return False
            for edge in reach.below(j):
                bottom = reach.bottoms[edge]
                if not self.constant(edge):
                    return False
                if self.candidate(bottom):
                    waiting.append(bottom)
                elif not (self.called.given(reach.nodes[bottom]) or bottom in self.kept):
                    return False
        return True

    def merge_below(self, i: int) -> None:
        """Decide which nodes below the shown node i are merged into its factors."""
        if i in self.regions:
            return
        self.regions.add(i)
        reach = self.reach
        above: dict[int, list[int]] = {}  # shown node -> the nodes of the region that lead to it
        waiting = [(i, 0)]
        while waiting:
            j, depth = waiting.pop()
            if reach.nodes[j].op in (ADD, SUB):
                waiting += self.merge_terms(j, depth)
            for edge in reach.below(j):
                bottom = reach.bottoms[edge]
                nested = depth + (not in_line(reach.nodes[j].op, reach.operands[edge]))
                if nested < DEEPEST and self.candidate(bottom) and (self.constant(edge) or self.summed(bottom)):
                    self.merged.add(bottom)
                    waiting.append((bottom, nested))
                else:
                    above.setdefault(bottom, []).append(j)
        for tops in above.values():
            if len(tops) > 1:  # ∂i/∂bottom would mean two things
                self.merged.difference_update([j for j in tops if j != i])

    def merge_terms(self, i: int, depth: int) -> list[tuple[int, int]]:
        """Merge the unnamed inactive terms of a sum; the sums among them, with their depths in brackets."""
        reach, found = self.reach, []
        for k, x in enumerate(reach.nodes[i].args):
            if isinstance(x, Value) and x.op is not None and not self.called.given(x):
                j = reach.place[id(x)]
                nested = depth + (not in_line(reach.nodes[i].op, k))
                worth = nested < DEEPEST and x.op.binding[0] < ATOM  # arithmetic
                if worth and not reach.uses[j] and j not in self.kept:
                    self.merged.add(j)
                    found.append((j, nested))
        return [(j, nested) for j, nested in found if reach.nodes[j].op in (ADD, SUB)]

    def chain(self, edges: Sequence[int]) -> list[Link]:
        """The links of a path given by its edges from the root down."""
        links = []
        start, slope, run = len(self.reach.nodes) - 1, 1.0, []
        for edge in edges:
            self.merge_below(start)
            run.append(edge)
            slope *= self.reach.slopes[edge] or 0.0
            bottom = self.reach.bottoms[edge]
            if bottom not in self.merged:
                links.append(Link(start, bottom, run, slope))
                start, slope, run = bottom, 1.0, []
        return links

    def linked(self, edge: int) -> Link:
        """An edge as a link of its own."""
        reach = self.reach
        return Link(reach.tops[edge], reach.bottoms[edge], [edge], reach.slopes[edge] or 0.0)

    def which(self, link: Link) -> int:
        """The number of the operand of top that a link goes through, from 1, where top depends on bottom in other ways
        too, so that ∂top/∂bottom is not the link alone; else 0."""
        ends = link.top, link.bottom
        if ends not in self.several:
            self.several[ends] = several_ways(self.reach, *ends)
        return self.reach.operands[link.edges[0]] + 1 if self.several[ends] else 0

    def slope(self, link: Link, writing: Writing, *, inline: bool = False) -> str:
        """∂top/∂bottom"""
        top, bottom = [writing.name(self.called.name(self.reach.nodes[i])) for i in (link.top, link.bottom)]
        written = writing.inline_slope(top, bottom) if inline else writing.slope(top, bottom)
        which = self.which(link)
        return writing.numbered(written, which) if which else written

    def symbol(self, node: Value) -> Expression:
        """The name of a node in a formula."""
        self.mentioned.add(self.reach.place[id(node)])
        return symbol(self.called.name(node), node.data)

    def shown(self, node: Value) -> Expression | None:
        """The symbol of a node that is shown in formulas; None for one that is written out."""
        i = self.reach.place[id(node)]
        if node.op is None or self.called.given(node) or i in self.kept:
            return self.symbol(node)
        if i in self.merged or not self.reach.uses[i] and small(node):
            return None
        return self.symbol(node)

    def definition(self, i: int) -> Expression:
        """The Expression of node i, with merged nodes written out."""
        self.merge_below(i)
        return expression_of(self.reach.nodes[i], self.shown)

    def formula(self, link: Link) -> Expression:
        """The formula of a link: the product of those of its edges, without the factors 1 of sums."""
        product = None
        for edge in link.edges:
            if self.reach.row_partial(edge) != 1.0:
                factor = self.partial(edge)
                product = factor if product is None else call(MUL, (product, factor))
        return operand(1.0) if product is None else product

    def partial(self, edge: int) -> Expression:
        """The formula of the local derivative at an edge, by the row: f'(x) where that is easier to read."""
        reach = self.reach
        node, k = reach.nodes[reach.tops[edge]], reach.operands[edge]
        op = node.op
        assert op is not None
        args = tuple([self.operand(x) for x in node.args])
        out = self.operand(node)
        found = operand(op.local(k, args, out))
        if len(args) > 1:
            if op.selects:
                self.choices[edge] = found
            return found
        if self.light(op):
            return found
        prime = call(primed(op), args)
        self.functions[in_writing(prime, TEXT)] = (prime, found, reach.slopes[edge] or 0.0)
        return prime

    def light(self, op: Op) -> bool:
        """Whether the derivative of a function of one operand is easier to read than f'(x), as cos(x) for sin(x)."""
        if op not in self.weights:
            x = symbol("x", 1.0)
            self.weights[op] = weight(operand(op.local(0, (x,), symbol("out", op.forward(x.data)))))
        return not op.selects and self.weights[op] <= LIGHT

    def operand(self, x: Any) -> Any:
        """An operand in a formula: a number, a name, or the expression of a node that is not shown."""
        if not isinstance(x, Value):
            return x
        shown = self.shown(x)
        return expression_of(x, self.shown) if shown is None else shown


def several_ways(reach: Reach, top: int, bottom: int) -> bool:
    """Whether more than one way leads from top down to bottom; True as well where it would take long to tell.

    >>> from micrograd.chain_rule.reach import reach_of
    >>> x = Value(3.0)
    >>> y = x.tanh()
    >>> reach = reach_of(x * y, [x])
    >>> several_ways(reach, 2, 0), several_ways(reach, 1, 0)
    (True, False)
    """
    ways, waiting = {bottom: 1}, [bottom]  # ways from a node down to bottom, counted to 2
    while waiting:  # upwards: a node is done when all below it are
        i = heappop(waiting)
        if i == top or len(ways) > LONGEST_SEARCH:
            return ways[i] > 1 or i != top
        edge = reach.last[i]
        while edge >= 0:
            above = reach.tops[edge]
            if above <= top:
                if above not in ways:
                    ways[above] = 0
                    heappush(waiting, above)
                ways[above] = min(2, ways[above] + ways[i])
            edge = reach.previous[edge]
    return False


def small(node: Value) -> bool:
    """Whether an inner node computes so little that it may be written out: three operands at most."""
    waiting, seen = [node], 0
    while waiting:
        args = waiting.pop().args
        seen += len(args)
        if seen > 4:
            return False
        waiting += [x for x in args if isinstance(x, Value) and x.op is not None]
    return True


def in_line(op: Op | None, k: int) -> bool:
    """Whether a sum as operand k of op is written without brackets."""
    return op is ADD or op is SUB and k == 0


def primed(op: Op) -> Op:
    """The derivative of a function of one operand as a row of its own, which is written σ'."""
    called = (op.symbol if op.symbol.isalnum() else op.name) + "'"
    end = r"\left({0}\right)"
    head = op.latex.removesuffix(end)
    head = rf"\operatorname{{{{{op.name}}}}}" if "{0}" in head or not head else head
    return Op(op.name + "'", called, lambda x: op.local(0, (x,), op.forward(x)), (0.0,), head + "'" + end)
