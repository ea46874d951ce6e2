"""The neuron diagram of a model: one circle per neuron, one line per weight, column by column.

model       whatever has .layers of .neurons with weights .w and bias .b, or one layer, or one neuron
column      the circles of the inputs, or of one layer
activation  the number a neuron gives for the inputs x
"""

from __future__ import annotations

from math import hypot, inf, isnan, sqrt

from micrograd.dispatch import brief
from micrograd.drawing.layouts.geometry import MARGIN, PANEL_MARGIN, PANEL_TITLE, Geometry
from micrograd.drawing.look import (
    BLUE,
    INK,
    NUMBER,
    RED,
    ROLES,
    SMALL,
    SOFT,
    WIDEST_EDGE,
    Box,
    Diagram,
    Edge,
    Group,
    Line,
    weigh,
)
from micrograd.drawing.typography import plural
from micrograd.drawing.views.names import layers_of
from micrograd.engine import Value
from micrograd.notation.signs import numeral, typeset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.drawing.layouts.geometry import Point, Rectangle

MOST_NEURONS = 16  # circles in one column; the others are counted
CROWDED = 80  # weights from which on lines get finer
DIAMETER, PITCH, COLUMN = 40.0, 47.0, 150.0  # points; the last two from centre to centre


def network(model: Any, x: Any = None, *, direction: str = "LR") -> tuple[Diagram, Geometry]:
    """The diagram and its geometry; with inputs x each circle shows its number.

    Raises ValueError if x has not one number for each input, or the model has no weights.
    """
    layers = layers_of(model)
    if not layers or not all(neuron.w for neurons in layers for neuron in neurons):
        raise ValueError(f"expected a model with neurons that have weights, got {type(model).__name__} without")
    columns: list[list[Any]] = [[None] * len(layers[0][0].w), *layers]
    values = None if x is None else activations(model, x, columns)
    boxes, groups, places = circles(columns, values)
    edges = weight_edges(layers, places)
    sizes = " → ".join([str(len(column)) for column in columns])
    parameters = sum([len(n.w) + (getattr(n, "b", None) is not None) for neurons in layers for n in neurons])
    weights = "a line is a weight: blue positive, red negative, wide large"
    caption = f"{sizes}, {plural(parameters, 'parameter')} · {weights}"
    diagram = Diagram(boxes, edges, title=f"Network {sizes}", caption=caption, groups=groups, direction=direction)
    weigh(edges)
    thin(edges)
    return diagram, in_columns(diagram)


def data_of(x: Any) -> float:
    """The number of a Value or of a plain number."""
    return x.data if isinstance(x, Value) else float(x)


def activations(model: Any, x: Any, columns: list[list[Any]]) -> list[list[float]]:
    """The numbers in each column when the model is given the inputs x."""
    if not hasattr(x, "__len__") or len(x) != len(columns[0]):
        got = len(x) if hasattr(x, "__len__") else brief(x)
        raise ValueError(f"the model expects a list of {plural(len(columns[0]), 'input')}, got {got}")
    found = [list(x)]
    for layer in getattr(model, "layers", [model]):
        out = layer(found[-1])
        out = list(out) if isinstance(out, (list, tuple)) else [out]
        if hasattr(model, "layers") and not getattr(layer, "neurons", None):
            found[-1] = out  # a layer without neurons of its own, such as an activation
        else:
            found.append(out)
    if [len(out) for out in found] != [len(column) for column in columns]:
        raise ValueError("the layers give another number of outputs than they have neurons; draw the model without x")
    return [[data_of(value) for value in column] for column in found]


def shown_places(size: int) -> list[int]:
    """Which neurons of a column get a circle: all, or the first and the last of many."""
    if size <= MOST_NEURONS:
        return list(range(size))
    half = MOST_NEURONS // 2
    return [*range(half), *range(size - half + 1, size)]


def circles(
    columns: list[list[Any]], values: list[list[float]] | None
) -> tuple[list[Box], list[Group], list[dict[int, int]]]:
    """The circles column by column with a mark for those left out, the panels, and neuron -> box for each column."""
    largest = max([abs(a) for column in values or [] for a in column if abs(a) < inf], default=0.0)
    boxes: list[Box] = []
    groups, places = [], []
    for depth, column in enumerate(columns):
        title = "input" if depth == 0 else "output" if depth == len(columns) - 1 else f"layer {depth}"
        first, shown = len(boxes), shown_places(len(column))
        place: dict[int, int] = {}
        for j in shown:
            if j and j - 1 not in place:
                left_out = f"{len(column) - len(shown):,}"
                boxes.append(Box([Line([(f"⋮ {left_out}", INK)], SMALL)], "inner", f"{left_out} more", key="more"))
            place[j] = len(boxes)
            boxes.append(circle(column[j], title, j, None if values is None else values[depth][j], largest))
        groups.append(Group(title, range(first, len(boxes))))
        places.append(place)
    return boxes, groups, places


def circle(neuron: Any, title: str, j: int, value: float | None, largest: float) -> Box:
    """The circle of a neuron, or of an input where there is none, coloured by its number."""
    role = "input" if neuron is None else "output" if title == "output" else "inner"
    bias = getattr(neuron, "b", None)
    lines, tooltip = [], f"{title} {j + 1}" if neuron is None else f"{title}, neuron {j + 1}"
    if value is not None:
        lines = [Line([(numeral(value, 2), INK)], SMALL)]
        tooltip += f"\nvalue {value!r}"
    elif neuron is None:
        lines = [Line([(typeset(f"x{j + 1}"), INK)], NUMBER)]
    elif bias is not None:
        lines = [Line([("b", SOFT)], SMALL), Line([(numeral(data_of(bias), 2), INK)], SMALL)]
    if bias is not None:
        tooltip += "\nb " + in_full(bias)
    fill = "" if value is None else tint(value, largest)
    return Box(lines, role, tooltip, diameter=DIAMETER, fill=fill, key=f"{title}.{j}")


def in_full(parameter: Any) -> str:
    """A parameter in full precision, with its gradient if it has one."""
    gradient = getattr(parameter, "grad", 0.0)
    return f"{data_of(parameter)!r}" + (f", ∇ {gradient!r}" if gradient else "")


def tint(value: float, largest: float) -> str:
    """A light ground: bluer for larger positive numbers, redder for negative ones."""
    share = min(1.0, abs(value) / largest) if largest and not isnan(value) else 0.0
    ground = ROLES["inner"][0]
    colour = BLUE if value > 0.0 else RED
    pairs = [(int(ground[k : k + 2], 16), int(colour[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join([f"{round(a + (b - a) * 0.5 * share):02x}" for a, b in pairs])


def weight_edges(layers: list[list[Any]], places: list[dict[int, int]]) -> list[Edge]:
    """One line per weight between circles that are shown."""
    edges = []
    for depth, neurons in enumerate(layers):
        for j, head in places[depth + 1].items():
            for i, w in enumerate(neurons[j].w):
                if i in places[depth]:
                    tooltip = f"layer {depth + 1}, neuron {j + 1}, weight {i + 1}\n{in_full(w)}"
                    edges.append(Edge(places[depth][i], head, flow=data_of(w), tooltip=tooltip, arrow=False))
    return edges


def thin(edges: list[Edge]) -> None:
    """Make the lines of many weights finer, and small weights fainter, so that large ones stand out."""
    finer = min(1.0, sqrt(CROWDED / max(len(edges), 1)))
    for edge in edges:
        share = edge.width / WIDEST_EDGE
        edge.width *= finer
        edge.colour += f"{round(255 * min(1.0, 0.15 + 0.8 * share)):02x}"


def in_columns(diagram: Diagram) -> Geometry:
    """The geometry: one column per group (one row for direction TB), all centred on one line."""
    lengthwise = diagram.direction == "LR"
    tallest = max([len(group.members) for group in diagram.groups])
    middle = MARGIN + PANEL_MARGIN + PANEL_TITLE + PITCH * tallest / 2.0
    centres: list[Point] = []
    panels: list[Rectangle] = []
    for depth, group in enumerate(diagram.groups):
        along = MARGIN + PANEL_MARGIN + PITCH / 2.0 + depth * COLUMN
        top = middle - PITCH * len(group.members) / 2.0
        rows = [top + (row + 0.5) * PITCH for row in range(len(group.members))]
        centres += [(along, row) if lengthwise else (row, along + PANEL_TITLE) for row in rows]
        half, bottom = PITCH / 2.0 + PANEL_MARGIN, 2.0 * middle - top
        if lengthwise:
            panels.append((along - half, top - PANEL_MARGIN - PANEL_TITLE, along + half, bottom + PANEL_MARGIN))
        else:
            panels.append((top - PANEL_MARGIN, along - half, bottom + PANEL_MARGIN, along + half + PANEL_TITLE))
    routes = [straight(centres[edge.tail], centres[edge.head]) for edge in diagram.edges]
    tips = [route[-1] for route in routes]
    width, height = max([panel[2] for panel in panels]) + MARGIN, max([panel[3] for panel in panels]) + MARGIN
    return Geometry(centres, routes, tips, tips, panels, width, height)


def straight(a: Point, b: Point) -> list[Point]:
    """The line between the rims of two circles."""
    (x, y), (u, v) = a, b
    length = hypot(u - x, v - y)
    dx, dy = (u - x) / length * DIAMETER / 2.0, (v - y) / length * DIAMETER / 2.0
    return [(x + dx, y + dy), (x + dx, y + dy), (u - dx, v - dy), (u - dx, v - dy)]
