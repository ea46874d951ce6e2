"""What the page computes with, in JavaScript: loss and gradient of samples, outputs and neurons of one.

    loss(x, y, n, parameters, gradient)     the mean over n samples, plus the penalty; gradient may be left out
    outputs(x, parameters, out)             of one sample
    neurons(x, parameters, out)             of one sample; null where the code is no network

As the exports, they are the compiler's own programs, and have its twin for results that are not finite.
"""

from __future__ import annotations

from micrograd.exporting.functions import Functions
from micrograd.exporting.javascript.code import JavaScriptPrinter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.watch.network import Network


def code_of(trace: Trace, network: Network | None) -> str:
    """The body of a function that returns the three."""
    functions = Functions("model", True, {})
    functions.loss(trace, "loss")
    functions.value(with_outputs(trace, trace.outputs), "outputs")
    if network is not None:
        functions.value(with_outputs(trace, [neuron.node for neuron in network.neurons]), "neurons")
    text = JavaScriptPrinter(functions.module([]), exported=False).source()
    return f"{text}{'const neurons = null;' * (network is None)}\nreturn {{ loss, outputs, neurons }};"


def with_outputs(trace: Trace, nodes: list[int]) -> Trace:
    """The same code, with these nodes as its outputs."""
    made = trace.copy()
    made.outputs, made.bare = nodes, False
    return made
