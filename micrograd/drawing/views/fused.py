"""The fused view: each linear form Σ w·x + b is one box, its weights stand on the edges and its bias in the box."""

from __future__ import annotations

from micrograd.drawing.look import BROWN, GREEN, GREY, ROLES, SMALL, SOFT, Box, Diagram, Edge, Group, Line
from micrograd.drawing.typography import listed, plural
from micrograd.drawing.views.boxes import has_gradient, name, number_box, spoken, value_box, value_edge, value_tooltip
from micrograd.drawing.views.forms import Form, Term, find_forms, is_parameter, layers
from micrograd.drawing.views.reading import Reading
from micrograd.notation.signs import numeral

PARAMETER_INK = ROLES["parameter"][2]


def fused(graph: Reading) -> Diagram:
    """The diagram; its caption says what was folded. Layers of two neurons or more stand on a panel."""
    forms = find_forms(graph)
    hidden = folded_away(graph, forms)
    shown = [i for i in range(len(graph)) if not hidden[i]]
    place = {i: k for k, i in enumerate(shown)}
    boxes = [form_box(graph, forms[i]) if i in forms else value_box(graph, i) for i in shown]
    edges: list[Edge] = []
    numbers: dict[tuple[int, float], int] = {}
    for i in shown:
        if i in forms:
            for position, term in enumerate(forms[i].terms):
                if term.x.__class__ is int:
                    tail = place[term.x]
                else:
                    tail = numbers.setdefault((position, term.x), len(boxes))
                    if tail == len(boxes):
                        boxes.append(number_box(term.x, f"x{tail}"))
                edges.append(term_edge(graph, term, tail, place[i]))
            continue
        for k, j in enumerate(graph.operands[i]):
            if j.__class__ is int:
                edges.append(value_edge(graph, i, k, place[j], place[i]))
    caption = ""
    if sum(hidden):
        caption = (
            f"{plural(len(graph), 'value')} in {plural(len(boxes), 'box')}: sums of products are one box each, "
            "with the weights on its arrows and the bias inside"
        )
    return Diagram(boxes, edges, title="", caption=caption, groups=panels(graph, forms, place))


def folded_away(graph: Reading, forms: dict[int, Form]) -> bytearray:
    """For each node 1 if it gets no box: what forms replace, and parameters that stand only in forms."""
    hidden = bytearray(len(graph))
    inside = [0] * len(graph)
    for form in forms.values():
        for i in form.folded:
            hidden[i] = 1
        for operand in [*[term.factor for term in form.terms], *form.biases]:
            if operand.__class__ is int:
                inside[operand] += 1
    for i, times in enumerate(inside):
        if times and times == graph.uses[i]:
            hidden[i] = 1
    return hidden


def form_symbol(form: Form) -> str:
    """What a form does, as its box says it."""
    several = len(form.terms) > 1
    if form.layered:
        return ("Σ " if several else "") + "w·x" + (" + b" if form.biases else "")
    return "Σ"


def form_box(graph: Reading, form: Form) -> Box:
    """The box of a form, with a line for each bias."""
    extra = []
    for bias in form.biases:
        if bias.__class__ is float:
            extra.append(Line([("+ " + numeral(bias), SOFT)], SMALL))
            continue
        spans = [(f"{name(graph, bias) or 'b'} {numeral(graph.nodes[bias].data)}", PARAMETER_INK)]
        if has_gradient(graph, bias):
            spans.append((f"\u00a0\u00a0 ∇ {numeral(graph.nodes[bias].grad)}", SOFT))
        extra.append(Line(spans, SMALL, kind="bias"))
    box = value_box(graph, form.node, doing=form_symbol(form), extra=tuple(extra))
    box.tooltip = "\n".join([form_formula(graph, form), *value_tooltip(graph, form.node).split("\n")[1:]])
    for bias in form.biases:
        if bias.__class__ is int:
            box.tooltip += "\n" + value_tooltip(graph, bias).replace("\n", ", ")
    return box


def form_formula(graph: Reading, form: Form) -> str:
    """A form written out, the first terms of it."""
    terms = [
        spoken(graph, term.x) if term.factor is None else f"{spoken(graph, term.factor)}·{spoken(graph, term.x)}"
        for term in form.terms
    ]
    written = listed([*terms, *[spoken(graph, b) for b in form.biases]], 12).replace(", ", " + ")
    called = name(graph, form.node)
    return f"{called} = {written}" if called else written


def term_edge(graph: Reading, term: Term, tail: int, head: int) -> Edge:
    """The edge of a term: what it weighs x by, and the gradient of the weight where it is a parameter."""
    if term.factor is None:
        return value_edge(graph, term.node, term.k, tail, head)
    if term.x.__class__ is float:
        flow, tooltip = (0.0 if graph.computed[term.node] else None), f"the number {term.x!r}"
    else:
        edge = value_edge(graph, term.node, term.k, tail, head)
        flow, tooltip = edge.flow, edge.tooltip
    key = f"n{term.node}.{term.k}"
    if not is_parameter(graph, term.factor):
        return Edge(tail, head, [Line([(numeral(term.factor), BROWN)], SMALL)], flow=flow, tooltip=tooltip, key=key)
    weight = term.factor
    called = f"{name(graph, weight)} {numeral(graph.nodes[weight].data)}".strip()
    lines = [Line([(called, GREEN)], SMALL, kind="weight")]
    if has_gradient(graph, weight):
        lines.append(Line([(f"∇ {numeral(graph.nodes[weight].grad)}", GREY)], SMALL, kind="slope"))
    tooltip = f"{value_tooltip(graph, weight)}\n{tooltip}"
    constant = term.x.__class__ is int and graph.role(term.x) == "constant"
    return Edge(tail, head, lines, flow=flow, tooltip=tooltip, dashed=constant, key=key)


def panels(graph: Reading, forms: dict[int, Form], place: dict[int, int]) -> list[Group]:
    """One panel per layer, if any layer has two neurons or more."""
    layer, _ = layers(graph, forms)
    members: dict[int, list[int]] = {}
    neurons: dict[int, int] = {}
    for i, where in place.items():
        if layer[i] and graph.role(i) != "constant":
            members.setdefault(layer[i], []).append(where)
            neurons[layer[i]] = neurons.get(layer[i], 0) + (i in forms)
    if max(neurons.values(), default=0) < 2:
        return []
    return [Group(f"layer {k}", members[k]) for k in sorted(members)]
