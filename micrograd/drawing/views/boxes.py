"""The full view: a box for every value, an edge for every operand; in full precision on hovering.

head        the first line of a box: name and operation, h = σ
local       local derivative ∂out/∂operand
flow        gradient that flows back along the edge, local · ∇out
"""

from __future__ import annotations

from micrograd.drawing.look import BROWN, GREY, INK, NAME, NUMBER, ROLES, SMALL, SOFT, Box, Diagram, Edge, Line
from micrograd.drawing.typography import LONGEST_TOOLTIP, superscript
from micrograd.drawing.views.reading import Reading
from micrograd.notation.signs import clean, numeral, typeset
from micrograd.ops import POW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def full(graph: Reading) -> Diagram:
    """One box per value, one edge per operand."""
    boxes = [value_box(graph, i) for i in range(len(graph))]
    edges = [
        value_edge(graph, i, k, j, i)
        for i, operands in enumerate(graph.operands)
        for k, j in enumerate(operands)
        if j.__class__ is int
    ]
    return Diagram(boxes, edges, title="")


def name(graph: Reading, i: int) -> str:
    """The name of node i in maths type, "" if it has none."""
    return typeset(graph.names.get(i, ""))


def spoken(graph: Reading, operand: Any) -> str:
    """An operand inside a formula: its name, a number, or a dot for a value without a name."""
    if operand.__class__ is float:
        return numeral(operand)
    return name(graph, operand) or "·"


def operation(graph: Reading, i: int) -> str:
    """What node i does, with the plain numbers among its operands: ×, − 1, ( )², max(·, 0)."""
    op, operands = graph.nodes[i].op, graph.operands[i]
    if op is None or graph.constant(i):
        return ""
    if not any(x.__class__ is float for x in operands):
        return "xʸ" if op is POW else op.symbol
    if op is POW:
        base, exponent = operands
        return "( )" + superscript(exponent) if exponent.__class__ is float else f"{numeral(base)}^( )"
    shown = [numeral(x) if x.__class__ is float else "" for x in operands]
    if op.sign and len(shown) == 2:
        return f"{shown[0]} {op.symbol} {shown[1]}".strip()
    return f"{op.symbol}({', '.join([text or '·' for text in shown])})"


def formula(graph: Reading, i: int, called: Sequence[str | None] = ()) -> str:
    """Node i as a formula of its operands' names, "" for a leaf; `called` has other names for them, None for none."""
    op = graph.nodes[i].op
    if op is None or graph.constant(i):
        return ""
    terms = [spoken(graph, x) for x in graph.operands[i]]
    terms = [other or term for other, term in zip(called, terms)] if called else terms
    if op.sign:
        return f" {op.symbol} ".join(terms) if len(terms) == 2 else op.symbol + terms[0]
    if op is POW and graph.operands[i][1].__class__ is float:
        return terms[0] + superscript(graph.operands[i][1])
    return f"{op.symbol if op.symbol.isalpha() else op.name}({', '.join(terms)})"


def head(graph: Reading, i: int, *, doing: str = "") -> Line | None:
    """The first line of the box of node i: its name and what it does; None if there is nothing to say."""
    called, doing = name(graph, i), doing or operation(graph, i)
    ink = ROLES[graph.role(i)][2]
    spans = [(called, ink)] if called else []
    if doing:
        spans.append((" = " + doing if called else doing, SOFT))
    return Line(spans, NAME) if spans else None


def has_gradient(graph: Reading, i: int) -> bool:
    """Whether a gradient is shown for node i: it was computed, and is of interest."""
    return bool(graph.computed[i]) and graph.role(i) != "constant"


def value_tooltip(graph: Reading, i: int) -> str:
    """Name, formula, data and gradient of node i in full precision."""
    node, role = graph.nodes[i], graph.role(i)
    called = clean(graph.names.get(i, ""), LONGEST_TOOLTIP)
    lines = [" = ".join([part for part in (called, formula(graph, i)) if part]) or role]
    lines.append(f"data {node.data!r}")
    if has_gradient(graph, i):
        lines.append(f"∇ {node.grad!r}")
    return "\n".join([*lines, role] if lines[0] != role else lines)


def value_box(graph: Reading, i: int, *, doing: str = "", extra: tuple[Line, ...] = ()) -> Box:
    """The box of node i: name and operation, data, lines of a view's own, gradient."""
    node, role = graph.nodes[i], graph.role(i)
    first = head(graph, i, doing=doing)
    lines = [first] if first else []
    lines.append(Line([(numeral(node.data), ROLES[role][2])], NUMBER, kind="data"))
    lines.extend(extra)
    if has_gradient(graph, i):
        lines.append(Line([("∇ " + numeral(node.grad), SOFT)], SMALL, kind="gradient"))
    return Box(lines, role, value_tooltip(graph, i), key=f"n{i}")


def number_box(x: float, key: str) -> Box:
    """The box of a plain number that enters a sum as an input."""
    return Box([Line([(numeral(x), INK)], NUMBER)], "constant", f"the number {x!r}", key=key)


def derivative_name(graph: Reading, i: int, k: int) -> str:
    """∂out/∂operand in names as far as there are any."""
    out, operand = name(graph, i), name(graph, graph.operands[i][k])
    return f"∂{out or 'out'}/∂{operand or 'operand ' + str(k + 1)}"


def value_edge(graph: Reading, i: int, k: int, tail: int, head: int) -> Edge:
    """The edge from operand k of node i, box number `tail`, to the box of node i, number `head`."""
    local = graph.nodes[i].partials[k]
    flow = graph.flow(i, k)
    tooltip = f"{derivative_name(graph, i, k)} = {local!r}"
    constant = graph.role(graph.operands[i][k]) == "constant"
    if flow is not None:
        tooltip += f"\npasses back {local!r} · {graph.nodes[i].grad!r} = {flow!r}"
    label = Line([(numeral(local), GREY if constant else BROWN)], SMALL, kind="local")
    return Edge(tail, head, [label], flow=flow, tooltip=tooltip, dashed=constant, key=f"n{i}.{k}")
