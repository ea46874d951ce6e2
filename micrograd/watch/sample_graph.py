"""The graph of one sample with its loss, for the page: nodes as those of `drawing.explorer`, and a picture of them.

leaf        an input, a target, a parameter, or a number that the code uses beside them; the page knows what each one is
"""

from __future__ import annotations

from micrograd.drawing.explorer.folding import deflated, roomy
from micrograd.drawing.explorer.scene import differentiated, node_of
from micrograd.drawing.layouts.layered import layered_layout
from micrograd.drawing.picture import Picture
from micrograd.drawing.views.choice import view_of
from micrograd.drawing.views.reading import read_graph
from micrograd.engine import Value, apply
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.scalar.trace import Trace
    from micrograd.drawing.look import Box, Edge

MOST_VALUES = 150
ROLES = {"input": "input", "target": "constant", "parameter": "parameter", "captured": "constant"}


def sample_graph(
    trace: Trace,
    row: Sequence[float],
    target: Sequence[float],
    inputs: Sequence[str],
    parameters: Sequence[str],
    outputs: Sequence[str],
) -> dict[str, Any] | None:
    """The scalar graph of a traced loss at a row and its target: {nodes, svg, outputs}.

    trace       of model and loss, without the penalty
    inputs      what the numbers of a row are called; so too `parameters` and `outputs`

    A leaf says which number it is, such as {"input": 0}; `outputs` are the places of the model's outputs. None for more
    than 150 values, or where a number is taken from a table by an index: there is nothing to play.
    """
    values = sample_values(trace, row, target, inputs, parameters, outputs)
    if values is None or trace.loss is None:
        return None
    kinds = {id(value): i for i, value in values.items()}
    original = read_graph(values[trace.loss], {})
    if len(original) > MOST_VALUES:
        return None
    graph, given = differentiated(original), {}
    for i, value in enumerate(original.nodes):
        kind, args = trace.graph.kind[kinds[id(value)]], trace.graph.args[kinds[id(value)]]
        if kind in ROLES:
            graph.roles[i] = ROLES[kind]
            given[i] = {kind: args[0]}
    diagram = roomy(view_of(graph, "full", "LR"))
    parts: list[Box | Edge] = [*diagram.boxes, *diagram.edges]
    for drawn in parts:
        drawn.tooltip = ""  # the page writes it
    places = {id(value): i for i, value in enumerate(original.nodes)}
    return {
        "nodes": [node_of(graph, i, numbers=False) | given.get(i, {}) for i in range(len(graph))],
        "outputs": [places.get(id(values[node])) for node in trace.outputs],
        "svg": deflated(Picture(diagram, layered_layout(diagram)).svg),
    }


def sample_values(
    trace: Trace,
    row: Sequence[float],
    target: Sequence[float],
    inputs: Sequence[str],
    parameters: Sequence[str],
    outputs: Sequence[str],
) -> dict[int, Any] | None:
    """The nodes on which the loss depends, as Values with the names of `sample_graph`; see `values_of`."""
    leaves = {
        "input": list(zip(row, inputs)),
        "target": list(zip(target, ["y"] if len(target) == 1 else [f"y{k + 1}" for k in range(len(target))])),
        "parameter": [(p.data, name) for p, name in zip(trace.parameters, parameters)],
        "captured": [(value.data, value.label) for value in trace.captured],
    }
    values = values_of(trace, leaves)
    if values is None or trace.loss is None:
        return None
    for node, called in [*zip(trace.outputs, outputs), (trace.loss, "L")]:
        if isinstance(values[node], Value) and not values[node].label:
            values[node].label = called
    return values


def values_of(trace: Trace, leaves: dict[str, list[tuple[float, str]]]) -> dict[int, Any] | None:
    """The nodes of outputs and loss as Values, constants as numbers; None where one is no row of the table."""
    if trace.loss is None:
        return None
    graph, waiting, below = trace.graph, [trace.loss, *trace.outputs], set()
    while waiting:
        node = waiting.pop()
        if node not in below:
            below.add(node)
            waiting += graph.args[node] if graph.kind[node] in TABLE else ()
    values: dict[int, Any] = {}
    for node in sorted(below):
        kind, args = graph.kind[node], graph.args[node]
        if kind in TABLE:
            values[node] = apply(TABLE[kind], tuple([values[x] for x in args]))
        elif kind in leaves:
            values[node] = Value(*leaves[kind][args[0]])
        elif kind == "constant":
            values[node] = args[0]
        else:
            return None
    return values
