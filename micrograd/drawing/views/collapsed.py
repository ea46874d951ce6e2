"""The collapsed view: one box per layer of a network, or per range of depths where a graph has no layers.

stage       where a node is folded to: a pair that sorts in the direction of the computation
passing     the values that go from one stage to another
"""

from __future__ import annotations

from math import hypot

from micrograd.drawing.look import GREY, INK, ROLES, SMALL, SOFT, TITLE, Box, Diagram, Edge, Line
from micrograd.drawing.typography import listed, plural
from micrograd.drawing.views.boxes import has_gradient, name, value_box
from micrograd.drawing.views.forms import find_forms, layers
from micrograd.drawing.views.reading import Reading
from micrograd.drawing.views.roles import stem
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stage = tuple[int, int]
    Passing = dict[tuple[Stage, Stage], dict[int, float | None]]

MOST_LAYERS, MOST_BLOCKS = 16, 10
INPUTS, TARGETS, PARAMETERS, BEFORE, AFTER, ROOT = (0, 0), (0, 1), (0, 2), (1, 0), (3, 0), (4, 0)
LAYERS = 2  # (LAYERS, 2k) is the k-th box of layers, (LAYERS, 2k + 1) what stands between it and the next
LEAVES = {"input": INPUTS, "constant": TARGETS, "parameter": PARAMETERS}
LOSSES = frozenset(("l", "loss", "e", "error", "cost", "j", "objective"))


def collapsed(graph: Reading) -> Diagram:
    """The diagram; its caption says what was folded."""
    stages, titles = stages_of(graph)
    members: dict[Stage, list[int]] = {}
    for i, stage in enumerate(stages):
        members.setdefault(stage, []).append(i)
    order = sorted(members)
    place = {stage: k for k, stage in enumerate(order)}
    boxes = [stage_box(graph, stage, members[stage], titles) for stage in order]
    edges = [
        passing_edge(place[a], place[b], received, dashed=a == TARGETS)
        for (a, b), received in passing(graph, stages).items()
    ]
    edges.sort(key=lambda edge: (edge.head, edge.tail))
    folded = "values of a layer are one box" if AFTER in titles else "values of about the same depth are one box"
    caption = f"{plural(len(graph), 'value')} in {plural(len(boxes), 'box')}: {folded}"
    caption += "; arrows count the values that pass"
    if any("‖" in line.text for box in boxes for line in box.lines):
        caption += "; ‖·‖ is the root of the sum of squares"
    return Diagram(boxes, edges, title="", caption=caption)


def stages_of(graph: Reading) -> tuple[list[Stage], dict[Stage, str]]:
    """The stage of every node; and the titles of layers, empty where there are none."""
    layer, follows = layers(graph, find_forms(graph))
    deepest = max(layer)
    if not deepest:
        return blocks(graph)
    wide = -(-deepest // MOST_LAYERS)  # very deep networks: several layers in one box
    titles = {}
    for first in range(1, deepest + 1, wide):
        last = min(first + wide - 1, deepest)
        k = (first - 1) // wide
        titles[LAYERS, 2 * k] = f"layer {first}" if first == last else f"layers {first}–{last}"
        titles[LAYERS, 2 * k + 1] = f"after layer {last}"
    stages: list[Stage] = []
    for i, operands in enumerate(graph.operands):
        if layer[i]:
            stages.append((LAYERS, 2 * ((layer[i] - 1) // wide)))
        elif operands and follows[i] > 0:  # what stands between layers of one box is in the box
            k, inside = divmod(follows[i] - 1, wide)
            stages.append((LAYERS, 2 * k + (inside == wide - 1)))
        elif operands:
            stages.append(AFTER if follows[i] else BEFORE)
        else:
            stages.append(LEAVES.get(graph.role(i), INPUTS))
    absorb_parameters(graph, stages)
    stages[-1] = ROOT
    titles[AFTER] = "loss" if is_loss(graph) else "after the layers"
    titles[BEFORE] = "before the layers"
    return stages, titles


def is_loss(graph: Reading) -> bool:
    """Whether what follows the last layer is a loss, by its name or because it meets targets."""
    return "constant" in graph.roles.values() or stem(graph.names.get(len(graph) - 1, "")) in LOSSES


def absorb_parameters(graph: Reading, stages: list[Stage]) -> None:
    """Move parameters that one layer uses into that layer; uses in the loss, a penalty on weights, do not count."""
    home: dict[int, Stage] = {}
    for i, operands in enumerate(graph.operands):
        stage = stages[i]
        if stage == AFTER:
            continue
        for j in operands:
            if j.__class__ is int and stages[j] == PARAMETERS:
                if home.setdefault(j, stage) != stage:
                    home[j] = PARAMETERS
    for j, stage in home.items():
        if stage[0] == LAYERS:
            stages[j] = stage


def blocks(graph: Reading) -> tuple[list[Stage], dict[Stage, str]]:
    """Stages and titles by depth, the longest path from a leaf, cut so that each holds about as many values."""
    depth = [0] * len(graph)
    for i, operands in enumerate(graph.operands):
        if operands:
            depth[i] = 1 + max([depth[j] for j in operands if j.__class__ is int], default=0)
    held = [0] * (max(depth) + 1)
    for i, operands in enumerate(graph.operands):
        held[depth[i]] += bool(operands)
    block, filled, share = [0] * len(held), 0, max(1.0, sum(held) / MOST_BLOCKS)
    reach: dict[int, tuple[int, int]] = {}  # block -> its first and last depth
    for d, n in enumerate(held):
        block[d] = min(MOST_BLOCKS - 1, int(filled / share))
        if n:
            reach[block[d]] = (reach.get(block[d], (d, d))[0], d)
        filled += n
    titles = {(LAYERS, k): f"depth {a:,}" if a == b else f"depth {a:,}–{b:,}" for k, (a, b) in reach.items()}
    stages = [LEAVES.get(graph.role(i), INPUTS) for i in range(len(graph))]
    for i, operands in enumerate(graph.operands):
        if operands:
            stages[i] = (LAYERS, block[depth[i]])
    stages[-1] = ROOT
    return stages, titles


def passing(graph: Reading, stages: list[Stage]) -> Passing:
    """(stage, stage) -> {value that passes: gradient that it receives that way}; None where it was not computed."""
    found: Passing = {}
    for i, operands in enumerate(graph.operands):
        head = stages[i]
        for k, j in enumerate(operands):
            if j.__class__ is int and stages[j] != head:
                received = found.setdefault((stages[j], head), {})
                flow = graph.flow(i, k)
                received[j] = None if flow is None else (received.get(j) or 0.0) + flow
    return found


def passing_edge(tail: int, head: int, received: dict[int, float | None], *, dashed: bool) -> Edge:
    """The edge between two stages: as wide as the norm of the gradients, coloured where all have one sign."""
    flows = [flow for flow in received.values() if flow is not None]
    label, key = [Line([(f"{len(received):,}", GREY)], SMALL)], f"{tail}-{head}"
    passes = plural(len(received), "value") + (" passes" if len(received) == 1 else " pass")
    if dashed or len(flows) < len(received):
        return Edge(tail, head, label, tooltip=passes, dashed=dashed, key=key)
    norm = hypot(*flows)
    least, most = min(flows), max(flows)
    signs = "" if least >= 0.0 or most <= 0.0 else ", of both signs"
    tooltip = f"{passes}\n‖∇‖ {norm!r} flows back{signs}"
    flow, colour = -norm if most <= 0.0 else norm, GREY if signs else ""
    return Edge(tail, head, label, flow=flow, tooltip=tooltip, colour=colour, key=key)


def stage_box(graph: Reading, stage: Stage, members: list[int], titles: dict[Stage, str]) -> Box:
    """The box of a stage: what it holds, its parameters, and norms of weights and gradients."""
    if len(members) == 1:
        return value_box(graph, members[0])
    inner = [i for i in members if graph.operands[i]]
    parameters = [i for i in members if not graph.operands[i] and graph.role(i) == "parameter"]
    role = "parameter" if parameters else "inner" if inner else "constant" if stage == TARGETS else "input"
    lines = [Line([(stage_title(graph, stage, members, titles), ROLES[role][2])], TITLE, bold=True)]
    lines.append(Line([(plural(len(members), "value"), SOFT)], SMALL))
    if inner:
        lines.append(Line([(operations(graph, inner), SOFT)], SMALL))
    if parameters and inner:
        lines.append(Line([(plural(len(parameters), "parameter"), INK)], SMALL))
    tooltip = [lines[0].text, *[line.text for line in lines[1:]]]
    if not inner:
        called = [name(graph, i) for i in members if i in graph.names]
        tooltip += [listed(called, 20)] if called else []
    measured = parameters or ([] if stage == TARGETS else members if not inner else [])
    if measured:
        norms, exact = norm_line(graph, measured, "w" if parameters else "x")
        lines.append(norms)
        tooltip += exact
    return Box(lines, role, "\n".join(tooltip), key=f"s{stage[0]}.{stage[1]}")


def stage_title(graph: Reading, stage: Stage, members: list[int], titles: dict[Stage, str]) -> str:
    """What a stage is called."""
    if stage in titles:
        return titles[stage]
    return {INPUTS: "inputs", TARGETS: "targets"}.get(stage, "parameters")


def operations(graph: Reading, inner: list[int]) -> str:
    """The most frequent primitives among some nodes, with how often they occur."""
    times: dict[str, int] = {}
    for i in inner:
        called = graph.primitives[i]
        times[called] = times.get(called, 0) + 1
    often = sorted(times, key=lambda called: (-times[called], called))
    return ", ".join([f"{times[called]:,} {called}" for called in often[:3]]) + (", …" if len(often) > 3 else "")


def norm_line(graph: Reading, members: list[int], letter: str) -> tuple[Line, list[str]]:
    """The norms of data and gradient of some leaves, short and in full precision."""
    data = hypot(*[graph.nodes[i].data for i in members])
    spans, exact = [(f"‖{letter}‖ {numeral(data)}", INK)], [f"‖{letter}‖ {data!r}"]
    if all(has_gradient(graph, i) for i in members):
        gradient = hypot(*[graph.nodes[i].grad for i in members])
        spans.append((f"\u00a0\u00a0 ‖∇‖ {numeral(gradient)}", SOFT))
        exact.append(f"‖∇‖ {gradient!r}")
    return Line(spans, SMALL, kind="norms"), exact
