"""A network in the scalar graph of one sample: neurons are found in what the code computes, not in a class of ours.

neuron      f(Σ w·x + b): weights and bias are parameters, each x an input or an earlier neuron; f is a primitive, a
            function composed of some, or left out
sum         the node of Σ w·x + b
feature     what a neuron sees of the inputs beside themselves, such as x₁·x₂: it has a place among them
head        what an output computes from neurons and is no neuron itself, such as a softmax
"""

from __future__ import annotations

from micrograd.ops import ADD, MUL, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.scalar.graph import Graph

MOST_HEAD, MOST_COMPOSED = 60, 24  # nodes
NUMBERS = ("constant", "captured")


class Neuron:
    """One neuron, or a feature: then it has no terms.

    node, sum   nodes; the same where there is no function
    rule        the name of f; None where it is left out, "" where it is composed and has no name yet
    terms       (place of the weight among the parameters, node of x), in the order in which the code adds them
    bias        place among the parameters; None without one
    layer       0 for a feature, else one more than the highest of its sources, where inputs have 0
    """

    def __init__(self, node: int, total: int, rule: str | None, terms: list[tuple[int, int]], bias: int | None) -> None:
        self.node, self.sum, self.rule, self.terms, self.bias = node, total, rule, terms, bias
        self.layer = min(1, len(terms))


class Network:
    """The neurons, sources first and layer by layer, and the nodes of the head, operands first."""

    def __init__(self, neurons: list[Neuron], head: list[int]) -> None:
        self.neurons, self.head = neurons, head


def network_of(graph: Graph, outputs: list[int]) -> Network | None:
    """The network that these nodes are the outputs of; None where the code is none.

    >>> from micrograd import Value
    >>> from micrograd.compiler.code import Code
    >>> from micrograd.compiler.scalar.trace import trace, undo_of
    >>> w, b = Value(1.0), Value(0.0)
    >>> code = Code(lambda x: (w * x[0] + b).tanh(), 1, [w, b])
    >>> found = trace(code, undo_of(code))
    >>> [neuron] = network_of(found.graph, found.outputs).neurons
    >>> neuron.rule, neuron.terms, neuron.bias, neuron.layer
    ('tanh', [(0, 2)], 1, 1)
    """
    neurons: dict[int, Neuron] = {}
    head: set[int] = set()
    waiting = [(node, True) for node in outputs]
    while waiting:
        node, above = waiting.pop()
        if node in neurons or graph.kind[node] == "input" or node in head and above:
            continue
        neuron = neuron_at(graph, node) or (None if above else feature_at(graph, node))
        if neuron is not None:
            neurons[node] = neuron
            waiting += [(x, False) for _, x in neuron.terms]
            continue
        if not above or len(head) >= MOST_HEAD or graph.kind[node] not in TABLE:
            return None
        head.add(node)
        waiting += [(x, True) for x in graph.args[node] if graph.kind[x] not in NUMBERS]
    found = [neurons[node] for node in sorted(neurons)]
    for neuron in found:
        neuron.layer = max([1 + neurons[x].layer if x in neurons else 1 for _, x in neuron.terms], default=0)
    return Network(sorted(found, key=lambda neuron: neuron.layer), sorted(head)) if found else None


def feature_at(graph: Graph, node: int) -> Neuron | None:
    """The feature that a node is; None where it depends on parameters, or is too long to be told."""
    inner = nodes_between(graph, [node], set())
    leaves = {graph.kind[x] for at in inner for x in graph.args[at]} - TABLE.keys()
    known = graph.varying[node] and 0 < len(inner) <= MOST_COMPOSED and leaves <= {"input", *NUMBERS}
    return Neuron(node, node, None, [], None) if known else None


def neuron_at(graph: Graph, node: int) -> Neuron | None:
    """The neuron whose answer a node is; None if it is none."""
    kind, args = graph.kind[node], graph.args[node]
    parts = affine(graph, node)
    if parts is not None:
        return Neuron(node, node, None, *parts)
    total = composed_of(graph, node)
    parts = None if total is None else affine(graph, total)
    if total is None or parts is None:
        return None
    return Neuron(node, total, kind if args == (total,) else "", *parts)


def composed_of(graph: Graph, node: int) -> int | None:
    """The one node Σ w·x + b that a node is a function of, beside numbers; None if there is none, or are several."""
    found: set[int] = set()
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if at in seen or graph.kind[at] in NUMBERS:
            continue
        seen.add(at)
        if affine(graph, at) is not None:
            found.add(at)
        elif graph.kind[at] not in TABLE or len(seen) > MOST_COMPOSED:
            return None
        else:
            waiting += graph.args[at]
    return found.pop() if len(found) == 1 else None


def affine(graph: Graph, top: int) -> tuple[list[tuple[int, int]], int | None] | None:
    """(terms, bias) of a node Σ w·x + b, see `Neuron`; None if it is no such sum."""
    terms: list[tuple[int, int]] = []
    bias: int | None = None
    waiting = [top]
    while waiting:
        node = waiting.pop()
        kind, args = graph.kind[node], graph.args[node]
        if kind == ADD.name:
            waiting += args
        elif kind == "parameter" and bias is None:
            bias = args[0]
        elif kind == MUL.name:
            w, x = args if graph.kind[args[0]] == "parameter" else args[::-1]
            if graph.kind[w] != "parameter" or not graph.varying[x]:
                return None
            terms.append((graph.args[w][0], x))
        else:
            return None
    return (terms[::-1], bias) if terms else None


def nodes_between(graph: Graph, tops: list[int], stops: set[int]) -> list[int]:
    """The inner nodes that `tops` are made of, operands first, down to the stops, which are not among them."""
    found: set[int] = set()
    waiting = [*tops]
    while waiting:
        node = waiting.pop()
        if node not in found and node not in stops and graph.kind[node] in TABLE:
            found.add(node)
            waiting += graph.args[node]
    return sorted(found)
