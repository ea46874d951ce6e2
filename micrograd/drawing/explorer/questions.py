"""A quiz on a graph: which gradient is asked for, and the factors of the chain rule in `explain`'s own words.

question    a node whose gradient is asked for, with the arrows that leave it: its uses
factor      what is told of one arrow: the local derivative, by its formula and as a number
"""

from __future__ import annotations

from html import unescape

from micrograd.chain_rule import explain
from micrograd.chain_rule.explanation import cells_of
from micrograd.drawing.look import GREY, Line
from micrograd.formulas.expressions import in_writing
from micrograd.formulas.writing import PAGE, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.chain_rule.links import Links
    from micrograd.drawing.look import Diagram
    from micrograd.drawing.views.reading import Reading


def questions(graph: Reading) -> list[dict[str, Any]]:
    """The questions in the order of `backward`: {node, uses: [{node, operand, slope, factor: [line, …]}, …]}.

    Raises ValueError if there is none.

    >>> from micrograd.drawing.views.reading import read_graph
    >>> from micrograd.engine import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> questions(read_graph(w * x, {}))[0]["uses"]
    [{'node': 2, 'operand': 1, 'slope': '∂f/∂x', 'factor': ['∂f/∂x = w = 0.5']}]
    """
    links = explain(graph.nodes[-1], names={}).links
    reach = links.reach
    uses: dict[int, list[dict[str, Any]]] = {}
    for edge, node in enumerate(reach.bottoms):
        slope = plain(links.slope(links.linked(edge), PAGE, inline=True))
        use = {"node": reach.tops[edge], "operand": reach.operands[edge], "slope": slope}
        uses.setdefault(node, []).append({**use, "factor": factor(links, edge, slope)})
    asked = [i for i in range(len(graph) - 2, -1, -1) if i in uses and graph.role(i) != "constant"]
    if not asked:
        raise ValueError("a quiz needs a gradient to ask for, and this graph has none below its root")
    return [{"node": i, "uses": uses[i]} for i in asked]


def factor(links: Links, edge: int, slope: str) -> list[str]:
    """The factor of an arrow in lines; the second is what f' is, where the first says f'(x)."""
    link = links.linked(edge)
    formula = links.formula(link)
    lines = [equated(slope, *["".join(line) for line in cells_of(formula, link.slope, PAGE)])]
    known = links.functions.get(in_writing(formula, TEXT))
    if known is not None:
        prime, meaning, number = known
        lines.append(equated(in_writing(prime, PAGE), *["".join(line) for line in cells_of(meaning, number, PAGE)]))
    return lines


def equated(*sides: str) -> str:
    """Sides that are equal, each written once."""
    return " = ".join(dict.fromkeys([plain(side) for side in sides]))


def plain(text: str) -> str:
    """What is written for a page as text."""
    return unescape(text)


def without_derivatives(diagram: Diagram) -> None:
    """Take gradients and local derivatives out of a diagram."""
    for box in diagram.boxes:
        box.lines = tuple([unsaid(line, "∇ ?") if line.kind == "gradient" else line for line in box.lines])
        box.tooltip = "\n".join([line for line in box.tooltip.split("\n") if not line.startswith("∇")])
    for edge in diagram.edges:
        edge.lines = tuple([unsaid(line, "?") for line in edge.lines])
        edge.tooltip = edge.tooltip.split(" = ")[0]
        edge.colour, edge.width = GREY, 1.2


def unsaid(line: Line, text: str) -> Line:
    """A line that says this in its place."""
    return Line([(text, line.spans[0][1])], line.size, kind=line.kind)
