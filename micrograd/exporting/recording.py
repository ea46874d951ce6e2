"""What there is to export: the scalar graph of one sample, with the numbers of all that does not depend on the sample.

node        a number, its place in the graph; operands stand before results
varying     depends on an input
"""

from __future__ import annotations

from micrograd.compiler.code import Code
from micrograd.compiler.scalar.trace import Trace, Tracer, trace, undo_of
from micrograd.compiler.self_check import SelfCheck, made_up
from micrograd.engine import Value, topological
from micrograd.expect import leaves, whole
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Recording:
    """The graph of one sample.

    outputs     nodes; `bare` if the model returns one Value and no list
    order       the varying inner nodes that the outputs need, operands first
    numbers     node -> number, of the nodes that are not varying
    labels      node -> label
    """

    def __init__(self, trace: Trace, labels: dict[int, str]) -> None:
        graph = trace.graph
        self.kind, self.args, self.varying = graph.kind, graph.args, graph.varying
        self.inputs, self.outputs, self.bare, self.labels = trace.inputs, trace.outputs, trace.bare, labels
        self.input_nodes = [graph.leaf("input", i) for i in range(trace.inputs)]
        needed = [False] * len(graph)
        for node in self.outputs:
            needed[node] = True
        for node in range(len(graph) - 1, -1, -1):
            if needed[node] and self.kind[node] in TABLE:
                for i in self.args[node]:
                    needed[i] = True
        leaves = {"parameter": trace.parameters, "held": trace.held}
        self.numbers: dict[int, float] = {}
        self.order: list[int] = []
        for node, kind in enumerate(self.kind):
            if kind in leaves:
                leaf = leaves[kind][self.args[node][0]]
                self.numbers[node] = leaf.data
                if leaf.label:
                    labels.setdefault(node, leaf.label)
            elif kind == "constant":
                self.numbers[node] = self.args[node][0]
            elif needed[node] and not self.varying[node]:
                self.numbers[node] = TABLE[kind].forward(*[self.numbers[i] for i in self.args[node]])
            elif needed[node] and kind in TABLE:
                self.order.append(node)


def recorded(model: Any, inputs: int | Sequence[Value], parameters: Sequence[Value] | None) -> Recording:
    """The recording of a function of `inputs` Values, or of a built expression whose leaves `inputs` are."""
    if isinstance(model, Value) or isinstance(inputs, (list, tuple)):
        return recorded_expression(model, inputs)
    inputs = whole(inputs, "inputs, where they are no list of leaves,", 1)
    if not callable(model):
        raise TypeError(f"expected a model: an nn.Module, a function of a list of Values, or a Value, got {model!r}")
    if parameters is None:
        parameters = model.parameters() if hasattr(model, "parameters") else []
    code = Code(model, inputs, leaves(parameters, "parameters"))
    with undo_of(code) as undo:
        found = trace(code, undo, lambda: next(made_up(code)))
        SelfCheck(found).trace_itself(code)
    return Recording(found, {})


def recorded_expression(model: Any, inputs: Any) -> Recording:
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
    return Recording(Trace(tracer, outputs, bare, None, None, len(inputs), 0), labels)
