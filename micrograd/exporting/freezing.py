"""What there is to export: the scalar graph of one sample, with the numbers of all that does not depend on the sample.

node        a number, its place in the graph; operands stand before results
varying     depends on an input
"""

from __future__ import annotations

from micrograd.compiler.code import Code
from micrograd.compiler.scalar.trace import trace, undo_of
from micrograd.compiler.scalar.tracer import Trace, Tracer, without_tables
from micrograd.compiler.self_check import SelfCheck, made_up
from micrograd.engine import Value, topological
from micrograd.expect import leaves, whole
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.ops import Op


class FrozenGraph:
    """The graph of one sample.

    outputs     nodes; `bare` if the model returns one Value and no list
    order       the varying inner nodes that the outputs need, operands first
    numbers     node -> number, of the nodes that are not varying
    labels      node -> label
    """

    def __init__(
        self, trace: Trace, input_nodes: list[int], order: list[int], numbers: dict[int, float], labels: dict[int, str]
    ) -> None:
        self.kind, self.args, self.varying = trace.graph.kind, trace.graph.args, trace.graph.varying
        self.outputs, self.bare = trace.outputs, trace.bare
        self.input_nodes, self.order, self.numbers, self.labels = input_nodes, order, numbers, labels


def freeze_trace(trace: Trace, labels: dict[int, str]) -> FrozenGraph:
    """The graph of a trace, with the numbers that its parameters and captured Values have now, and their labels."""
    graph = trace.graph
    inputs = [graph.leaf("input", i) for i in range(trace.inputs)]
    needed = [False] * len(graph)
    for node in trace.outputs:
        needed[node] = True
    for node in range(len(graph) - 1, -1, -1):
        if needed[node] and graph.kind[node] in TABLE:
            for i in graph.args[node]:
                needed[i] = True
    leaves = {"parameter": trace.parameters, "captured": trace.captured}
    numbers: dict[int, float] = {}
    order: list[int] = []
    for node, kind in enumerate(graph.kind):
        if kind in leaves:
            leaf = leaves[kind][graph.args[node][0]]
            numbers[node] = leaf.data
            if leaf.label:
                labels.setdefault(node, leaf.label)
        elif kind == "constant":
            numbers[node] = graph.args[node][0]
        elif needed[node] and not graph.varying[node]:
            numbers[node] = TABLE[kind].forward(*[numbers[i] for i in graph.args[node]])
        elif needed[node] and kind in TABLE:
            order.append(node)
    return FrozenGraph(trace, inputs, order, numbers, labels)


def freeze(model: Any, inputs: int | Sequence[Value], parameters: Sequence[Value] | None) -> FrozenGraph:
    """The frozen graph of a function of `inputs` Values, or of a built expression whose leaves `inputs` are."""
    if isinstance(model, Value) or isinstance(inputs, (list, tuple)):
        return freeze_expression(model, inputs)
    inputs = whole(inputs, "inputs, where they are no list of leaves,", 1)
    if not callable(model):
        raise TypeError(f"expected a model: an nn.Module, a function of a list of Values, or a Value, got {model!r}")
    if parameters is None:
        parameters = model.parameters() if hasattr(model, "parameters") else []
    code = Code(model, inputs, leaves(parameters, "parameters"))
    with undo_of(code) as undo:
        found = trace(code, undo, lambda: next(made_up(code)))
        code.indices = found.indices
        SelfCheck(found).trace_itself(code)
    return freeze_trace(without_tables(found), {})


def freeze_definition(op: Op) -> FrozenGraph:
    """The definition of a primitive as a function of x, y and z."""
    code = Code(lambda x: op.definition(*x), len(op.partials), [])  # type: ignore[misc]
    with undo_of(code) as undo:
        found = trace(code, undo, lambda: next(made_up(code)))
    return freeze_trace(found, {found.graph.leaf("input", i): "xyz"[i] for i in range(found.inputs)})


def freeze_expression(model: Any, inputs: Any) -> FrozenGraph:
    """A built expression as a function of some of its leaves; it keeps its labels."""
    bare = isinstance(model, Value)
    roots = [model] if bare else list(model) if isinstance(model, (list, tuple)) else []
    if not roots or not all(isinstance(root, Value) for root in roots):
        raise TypeError(f"expected a Value or a list of Values beside a list of leaves, got {model!r}")
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise TypeError(f"expected a list of the leaves that are the inputs, got {inputs!r}")
    tracer, inputs = Tracer([]), leaves(inputs, "inputs")
    for i, x in enumerate(inputs):
        tracer.nodes[id(x)] = tracer.graph.leaf("input", i)
    outputs = [tracer.node_of(root) for root in roots]
    labels: dict[int, str] = {}
    for value in [*inputs, *[node for root in roots for node in topological(root)]]:
        if value.label:
            labels.setdefault(tracer.nodes[id(value)], value.label)
    return freeze_trace(Trace(tracer, outputs, bare, None, None, len(inputs), 0), labels)
