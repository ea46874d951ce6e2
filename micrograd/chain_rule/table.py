"""`Pass`: forward and backward pass over a graph as a table, a step a node.

step        place in topological order: forward runs from the first step to the last, backward the other way
"""

from __future__ import annotations

from micrograd.chain_rule.links import MARKS, Links
from micrograd.chain_rule.reach import reach_of
from micrograd.engine import Value, topological
from micrograd.formulas.document import Document, Math, Table, Words
from micrograd.formulas.expressions import in_writing
from micrograd.notation.naming import name_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from micrograd.formulas.document import Block, Line
    from micrograd.formulas.writing import Writing

MOST_STEPS, FIRST, LAST = 60, 30, 20


class Pass(Document):
    """The whole pass: step, node, formula, value, local derivatives, adjoint. Of many steps the middle is left out.

    adjoints    ∂root/∂node for each node in topological order, as `backward` computes them; no `grad` is touched

    >>> from micrograd import explain
    >>> x = Value(3.0, "x")
    >>> explain(x * x + x, names={}).adjoints
    [7.0, 1.0, 1.0]
    """

    def __init__(self, links: Links, steps: list[list[int]]) -> None:
        self.links, self.steps = links, steps
        self.reach = links.reach
        self.adjoints = links.reach.adjoints

    def blocks(self, writing: Writing) -> list[Block]:
        """A sentence and the table."""
        root = Math(writing.name(self.links.called.name(self.reach.nodes[-1])))
        adjoint = Math(writing.inline_slope(root, writing.words("node")))
        header: list[Line] = [["step"], ["node"], ["formula"], ["value"], ["local derivatives"], [adjoint]]
        rows: list[list[Line]] = [self.row(i, writing) for i in self.steps[0]]
        if len(self.steps) > 1:
            skipped = len(self.reach.nodes) - FIRST - LAST
            rows.append([["⋯"], [f"{skipped:,} more"], ["⋯"], ["⋯"], ["⋯"], ["⋯"]])
            rows += [self.row(i, writing) for i in self.steps[1]]
        blocks: list[Block] = [
            Words("Forward goes down the table and keeps the local derivatives. Backward goes up:"),
            Words("the adjoint of a node is the sum of adjoint · local derivative over all its uses."),
            Table(header, rows),
        ]
        edges = [edge for steps in self.steps for i in steps for edge in self.reach.below(i)]
        return [*blocks, Words(MARKS)] if any(self.links.which(self.links.linked(edge)) for edge in edges) else blocks

    def row(self, i: int, writing: Writing) -> list[Line]:
        """One step."""
        node, links, reach = self.reach.nodes[i], self.links, self.reach
        name = writing.name(links.called.name(node))
        formula = [Math(in_writing(links.definition(i), writing))] if node.op is not None else []
        slopes: list[str] = []
        for edge in reach.below(i):
            link = links.linked(edge)
            told, number = in_writing(links.formula(link), writing), writing.number(link.slope)
            sides = [links.slope(link, writing, inline=True), told, *([number] if told != number else [])]
            slopes += [", "] if slopes else []
            slopes.append(Math(writing.equal(*sides)))
        value, adjoint = writing.number(node.data), writing.number(reach.adjoints[i])
        return [[str(i + 1)], [Math(name)], formula, [Math(value)], slopes, [Math(adjoint)]]


def pass_of(root: Value, names: Mapping[str, Any] | None) -> Pass:
    """The whole pass over the graph of root; `names` as for `explain`."""
    nodes = topological(root)
    links = Links(reach_of(root, [x for x in nodes if x.op is None]), name_nodes(nodes, names))
    links.kept.update(range(len(nodes)))
    steps = list(range(len(nodes)))
    return Pass(links, [steps[:FIRST], steps[-LAST:]] if len(steps) > MOST_STEPS else [steps])
