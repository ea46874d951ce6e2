"""Folded views on a page: what each folded box stands for, and a picture of it that a click brings.

form        a sum Σ w·x + b in one box, with its weights on arrows, as the fused view has it
stage       values in one box, such as those of a layer, as the collapsed view has it
part        the Reading of some nodes alone; what enters from outside is leaves there
places      of the nodes of a part, in the whole graph
home        of a node: the keys of the boxes that show it where it has none of its own, the innermost first
"""

from __future__ import annotations

from micrograd.drawing.layouts.layered import layered_layout
from micrograd.drawing.picture import Picture
from micrograd.drawing.views.choice import view_of
from micrograd.drawing.views.collapsed import stage_title, stages_of
from micrograd.drawing.views.forms import find_forms
from micrograd.drawing.views.fused import folded_away, form_formula
from micrograd.drawing.views.reading import Reading
from micrograd.engine import Value
from micrograd.notation.signs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from micrograd.drawing.look import Box, Diagram, Edge
    from micrograd.drawing.views.forms import Form

ROOM, BIAS_ROOM = 88.0, 124.0  # least widths of a box in points: numbers change while one explores
MOST_LEAVES = 300  # of a stage of leaves alone, such as many inputs, that unfolds
MOST_LABELS = 80  # arrows that have labels; the weights of a large layer are told by the mouse, and by its neurons
LONGEST_TITLE = 90


class Folding:
    """What the page knows of folded boxes.

    forms       node -> {biases, text}
    stages      what the collapsed view folds, in the order of its boxes: {key, title, members, measured}
    homes       for each node its homes
    unfolded    key of a folded box -> {title, svg: deflated}
    order       the inner nodes, operands before results, those of a folded box one behind the other where they can be
    """

    def __init__(self, size: int) -> None:
        self.forms: dict[int, dict[str, Any]] = {}
        self.stages: list[dict[str, Any]] = []
        self.homes: list[list[str]] = [[] for _ in range(size)]
        self.unfolded: dict[str, dict[str, str]] = {}
        self.order: list[int] = []


def roomy(diagram: Diagram) -> Diagram:
    """The diagram with boxes in which numbers may grow."""
    for box in diagram.boxes:
        biased = any(line.kind == "bias" for line in box.lines)
        box.width = max(box.width, BIAS_ROOM if biased else ROOM)
    return diagram


def at_place(key: str, places: list[int]) -> str:
    """The key n3 or n3.0 of a part in the whole graph."""
    node, dot, operand = key[1:].partition(".")
    return f"n{places[int(node)]}{dot}{operand}" if key[:1] == "n" else key


def part_of(graph: Reading, members: list[int]) -> tuple[Reading, list[int]]:
    """The Reading of some nodes, operands before results, and the places of its nodes."""
    inside = set(members)
    outside = sorted({x for i in members for x in graph.operands[i] if x.__class__ is int and x not in inside})
    places = [*outside, *members]
    local = {i: k for k, i in enumerate(places)}
    nodes = [stand_in(graph.nodes[i]) for i in outside] + [graph.nodes[i] for i in members]
    operands: list[tuple[Any, ...]] = [() for _ in outside]
    operands += [tuple([local[x] if x.__class__ is int else x for x in graph.operands[i]]) for i in members]
    primitives = [""] * len(outside) + [graph.primitives[i] for i in members]
    names = {k: graph.names[i] for k, i in enumerate(places)}
    part = Reading(nodes, operands, primitives, [graph.uses[i] for i in places], bytearray(b"\1" * len(places)), names)
    part.roles = {k: graph.roles[i] for k, i in enumerate(places) if i in graph.roles}
    return part, places


def stand_in(node: Value) -> Value:
    """A leaf with the numbers of a node."""
    leaf = Value(node.data)
    leaf.grad = node.grad
    return leaf


def fold_forms(graph: Reading, part: Reading, places: list[int], folding: Folding) -> dict[int, Form]:
    """Note the forms of a part, with a picture of each."""
    forms = find_forms(part)
    hidden = folded_away(part, forms)
    for form in forms.values():
        leaves = [x for x in (*[term.factor for term in form.terms], *form.biases) if x.__class__ is int and hidden[x]]
        node, folded = places[form.node], sorted({places[i] for i in (*form.folded, *leaves)})
        text = form_formula(part, form)
        biases = [places[bias] for bias in form.biases if bias.__class__ is int]
        folding.forms[node] = {"biases": biases, "text": text}
        for i in folded:
            folding.homes[i].append(f"n{node}")
        if folded:
            svg = picture_of(graph, [*folded, node])
            folding.unfolded[f"n{node}"] = {"title": clean(text, LONGEST_TITLE), "svg": svg}
    return forms


def picture_of(graph: Reading, members: list[int], view: str = "full") -> str:
    """The SVG of some nodes and of what enters them, deflated."""
    part, places = part_of(graph, members)
    diagram = roomy(view_of(part, view, "LR"))
    diagram.groups, diagram.caption = (), ""
    parts: list[Box | Edge] = [*diagram.boxes, *diagram.edges]
    for drawn in parts:
        drawn.key, drawn.tooltip = at_place(drawn.key, places), ""  # the page writes the tooltips
    for edge in diagram.edges if len(diagram.edges) > MOST_LABELS else []:
        edge.lines = ()
    return deflated(Picture(diagram, layered_layout(diagram)).svg)


def deflated(text: str) -> str:
    """The text compressed, in base64: pictures of a thousand values would be megabytes."""
    from base64 import b64encode
    from zlib import compress

    return b64encode(compress(text.encode(), 9)).decode()


def stages_in_order(graph: Reading) -> Iterator[tuple[Any, str, list[int]]]:
    """Each stage with its title and members, in the order of the boxes of the collapsed view."""
    stages, titles = stages_of(graph)
    members: dict[Any, list[int]] = {}
    for i, stage in enumerate(stages):
        members.setdefault(stage, []).append(i)
    for stage in sorted(members):
        yield stage, stage_title(graph, stage, members[stage], titles), members[stage]


def fold_stages(graph: Reading, folding: Folding) -> None:
    """Note the stages of the collapsed view, with a picture of each, and the forms in them."""
    for stage, title, members in stages_in_order(graph):
        key, leaves = f"s{stage[0]}.{stage[1]}", [i for i in members if not graph.operands[i]]
        parameters = [i for i in leaves if graph.role(i) == "parameter"]
        measured = parameters or (leaves if len(leaves) == len(members) else [])
        folding.stages.append({"key": key, "title": title, "members": members, "measured": measured})
        if len(members) == 1:
            continue
        forms: dict[int, Form] = {}
        if len(leaves) < len(members):
            forms = fold_forms(graph, *part_of(graph, members), folding)
        for i in members:
            folding.homes[i].append(key)
        if len(leaves) < len(members) or len(members) <= MOST_LEAVES:
            svg = picture_of(graph, members, "fused" if forms else "full")
            folding.unfolded[key] = {"title": title, "svg": svg}


def folding_of(graph: Reading, view: str) -> dict[str, Any]:
    """What the page knows of what this view of a graph folds, see `Folding`; nothing for the full view."""
    if view == "full":
        return {}
    folding = Folding(len(graph))
    if view == "fused":
        fold_forms(graph, graph, list(range(len(graph))), folding)
    else:
        fold_stages(graph, folding)
    folding.order = order_of(graph, folding)
    return vars(folding)


def order_of(graph: Reading, folding: Folding) -> list[int]:
    """The order of the inner nodes."""
    stage = [0] * len(graph)
    for k, folded in enumerate(folding.stages):
        for i in folded["members"]:
            stage[i] = k
    inner = [i for i in range(len(graph)) if graph.primitives[i]]
    form = {i: int(homes[0][1:]) for i, homes in enumerate(folding.homes) if homes and homes[0][0] == "n"}
    order = sorted(inner, key=lambda i: (stage[i], form.get(i, i), i))
    turn = {i: k for k, i in enumerate(order)}
    whole = all(turn.get(x, -1) < turn[i] for i in inner for x in graph.operands[i] if x.__class__ is int)
    return order if whole else inner
