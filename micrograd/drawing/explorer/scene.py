"""What a page knows of a graph: the scene, as JSON, with the numbers of the leaves and all that is written and drawn.

differentiated  a copy of the graph, evaluated anew, after `backward`, in which every value has a name
foreign         a row that JavaScript cannot evaluate: then the page has no sliders
numbers         of inner nodes are in the scene where they are few, or where the page could not find them
"""

from __future__ import annotations

from micrograd.drawing import look
from micrograd.drawing.typography import LONGEST_TOOLTIP
from micrograd.drawing.views.boxes import formula, name
from micrograd.drawing.views.reading import Reading, read_graph
from micrograd.engine import Value, apply
from micrograd.notation.naming import name_nodes
from micrograd.notation.signs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_NUMBERS = 300
DRAWN = {  # how wide and in which colours arrows are drawn
    "narrowest": look.NARROWEST, "widest": look.WIDEST_EDGE, "none": look.GREY, "lit": "#e8871e",
    "positive": look.BLUE, "negative": look.RED, "unknown": look.BROWN,
}  # fmt: skip
ROLES = {  # in the words of the legend
    "input": "input",
    "parameter": "parameter",
    "constant": "target or constant",
    "inner": "computed",
    "output": "result",
}


def differentiated(original: Reading) -> Reading:
    """A copy of the graph, evaluated at its leaves, after `backward`; with the same roles, and a name for each node."""
    copies: list[Value] = []
    for i, node in enumerate(original.nodes):
        if node.op is None:
            copies.append(Value(node.data))
        else:
            operands = tuple([copies[x] if x.__class__ is int else x for x in original.operands[i]])
            copies.append(apply(node.op, operands))
        copies[i].label = original.names.get(i, "")
    copies[-1].backward()
    graph = read_graph(copies[-1], {})
    called = name_nodes(graph.nodes, {})
    graph.names = {i: called.name(node) for i, node in enumerate(graph.nodes)}
    graph.roles = original.roles
    return graph


def scene(graph: Reading, leaves: list[int], *, foreign: bool) -> dict[str, Any]:
    """The scene: an operand is the place of a node, or {"number": x}; numbers in formulas are places of operands."""
    roles = [role for role in ROLES if role in {graph.role(i) for i in range(len(graph))}]
    numbers = foreign or len(graph) <= MOST_NUMBERS
    return {
        "nodes": [node_of(graph, i, numbers=numbers) for i in range(len(graph))],
        "leaves": leaves,
        "parameters": [i for i in range(len(graph)) if not graph.primitives[i] and graph.role(i) == "parameter"],
        "look": DRAWN,
        "roles": [(ROLES[role], look.ROLES[role][1], look.ROLES[role][0]) for role in roles],
    }


def node_of(graph: Reading, i: int, *, numbers: bool) -> dict[str, Any]:
    """What the page knows of node i; `locals` are null where no gradient flows."""
    node, operands = graph.nodes[i], graph.operands[i]
    called, label = name(graph, i), clean(graph.names[i], LONGEST_TOOLTIP)
    found: dict[str, Any] = {"name": called, "role": graph.role(i), "rule": graph.primitives[i] or None}
    if label != called:
        found["label"] = label
    if node.op is None or numbers:
        found["data"] = node.data
    if numbers:
        found["locals"] = [d if j.__class__ is int else None for j, d in zip(operands, node._cached)]
    found["formula"] = pieces(graph, i)
    found["operands"] = [j if j.__class__ is int else {"number": j} for j in operands]
    return found


def pieces(graph: Reading, i: int) -> list[str | int] | None:
    """The formula of node i in pieces: text, and places of operands in between; None for a leaf.

    >>> pieces(read_graph(Value(2.0, "x") * 3.0 + 1.0, {}), 1)
    [0, ' × 3']
    """
    mark = "\0"
    marks = [f"{mark}{k}{mark}" if x.__class__ is int else None for k, x in enumerate(graph.operands[i])]
    parts = formula(graph, i, marks).split(mark)
    found = [int(part) if n % 2 else part for n, part in enumerate(parts)]
    return [part for part in found if part != ""] or None
