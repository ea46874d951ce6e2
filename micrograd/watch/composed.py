"""Activations that are composed of primitives, such as z·σ(z), as rules of the page like those of the table."""

from __future__ import annotations

from micrograd.compiler.scalar.derivatives.sweeps import reverse
from micrograd.drawing.explorer.javascript import arrow
from micrograd.exporting.definitions import Body
from micrograd.exporting.javascript.vocabulary import FUNCTIONS
from micrograd.watch.network import nodes_between

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.scalar.trace import Trace
    from micrograd.watch.network import Network


def name_composed(trace: Trace, network: Network) -> dict[str, str]:
    """Give the neurons with composed functions the names of these, "f" or "f₁", "f₂", …; the functions by name.

    Neurons that compute the same share a function.
    """
    neurons = [neuron for neuron in network.neurons if neuron.rule == ""]
    texts = [rule_of(trace, neuron.sum, neuron.node) for neuron in neurons]
    names = {text: f"f{k + 1}" for k, text in enumerate(dict.fromkeys(texts))}
    for neuron, text in zip(neurons, texts):
        neuron.rule = names[text]
    return {name: text for text, name in names.items()}


def rule_of(trace: Trace, total: int, node: int) -> str:
    """The function of a node, total, that another node is, and its derivative; see `explorer.javascript.rule`."""
    graph = trace.graph.copy(node + 1)
    [slope] = reverse(graph, [node], [graph.constant(1.0)], [total], True)

    def text(end: int, *names: str) -> str:
        body = Body(FUNCTIONS)
        found: dict[int, Any] = {total: body.argument("x1")}
        for at in nodes_between(graph, [end], {total}):
            operands = tuple([found[x] if x in found else number(x) for x in graph.args[at]])
            found[at] = body.apply(graph.kind[at], operands)
        return arrow([*names], body, found[end] if end in found else number(end))

    def number(leaf: int) -> float:
        captured = graph.kind[leaf] == "captured"
        return float(trace.captured[graph.args[leaf][0]].data if captured else graph.args[leaf][0])

    return f"{{forward: {text(node, 'x1')}, locals: [{text(slope, 'x1', 'out')}], selects: false}}"
