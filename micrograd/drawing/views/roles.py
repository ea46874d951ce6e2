"""Which leaves of a graph are inputs, parameters or targets: told by a model, else by where they stand and their names.

    weight      a parameter that multiplies something; bias: one that is added
    named       leaves whose name reads as that of a weight; nameless: leaves without a name
    feeding     what parameters multiply, and all that goes into it: no target is among that
    uses        leaf -> the places of the nodes of which it is an operand

A name alone decides little: y is a target only where it is subtracted or compared, in w2 · y it is an input.
"""

from __future__ import annotations

from micrograd.notation.signs import parameter
from micrograd.ops import ADD, MUL, SUB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.drawing.views.reading import Reading

    Uses = dict[int, list[int]]

WEIGHTS = frozenset(("w", "weight", "weights", "theta", "kernel"))
BIASES = frozenset(("b", "bias"))
TARGETS = frozenset(("y", "t", "target", "label", "truth", "ytrue", "ygt"))
SUMS = (ADD.name, SUB.name)


def stem(name: str) -> str:
    """The letters that a name, or the last word of a label, begins with: "w" of w1, w_2, W, "layer 2 neuron 1 w3"."""
    letters = (name.split() or [""])[-1].lower()
    for end, character in enumerate(letters):
        if not character.isalpha():
            return letters[:end]
    return letters


def rank(name: str) -> int:
    """How surely a name is that of a weight: w1 before theta1, w, theta."""
    return 2 * (stem(name) != name.split()[-1].lower()) + (stem(name) == "w")


def roles(graph: Reading, known: set[int]) -> dict[int, str]:
    """The role of every leaf and of the root ("output"); "constant" is a target, or what is made of numbers alone.

    graph       names and operands are read, `roles` need not be there
    known       the places of a model's parameters; with those labelled as parameters of `nn` are they are the only ones

    >>> from micrograd.drawing.views.reading import read_graph
    >>> from micrograd.engine import Value
    >>> w1, x, w2, y, b = [Value(0.5, name) for name in ("w1", "x", "w2", "y", "b")]
    >>> graph = read_graph(w1 * x + w2 * y + b, {})
    >>> {graph.names[i]: role for i, role in graph.roles.items() if i in graph.names}
    {'w1': 'parameter', 'x': 'input', 'w2': 'parameter', 'y': 'input', 'b': 'parameter'}
    """
    uses: Uses = {i: [] for i, node in enumerate(graph.nodes) if node.op is None}
    for i, operands in enumerate(graph.operands):
        for j in places(operands):
            if j in uses:
                uses[j].append(i)
    parameters = known | {i for i in uses if parameter(graph.names.get(i, "")) is not None}
    if not parameters:
        weights = weights_of(graph, uses)
        parameters = weights | biases_of(graph, uses, weights)
    targets = targets_of(graph, uses, parameters) if parameters else set()
    found = {i: "constant" for i in range(len(graph)) if graph.constant(i)}
    for i in uses:
        found[i] = "parameter" if i in parameters else "constant" if i in targets else "input"
    found[len(graph) - 1] = "output"
    return found


def places(operands: Iterable[Any]) -> list[int]:
    """The Values among some operands."""
    return [j for j in operands if j.__class__ is int]


def called(graph: Reading, leaves: Iterable[int], words: frozenset[str]) -> set[int]:
    """The leaves whose names are among the words."""
    return {i for i in leaves if i in graph.names and stem(graph.names[i]) in words}


def partners(graph: Reading, i: int, uses: Uses, primitive: str) -> list[Any]:
    """The other operand wherever leaf i is one of a primitive of two; not that of x·x."""
    pairs = [graph.operands[node] for node in uses[i] if graph.primitives[node] == primitive]
    return [b if a.__class__ is int and a == i else a for a, b in pairs if a is not b]


def inner(graph: Reading, operands: Iterable[Any]) -> bool:
    """Whether a computed value is among some operands."""
    return any(graph.primitives[j] != "" for j in places(operands))


def weights_of(graph: Reading, uses: Uses) -> set[int]:
    """The leaves that are weights, and those without a name that are weights or biases.

    Of two leaves in a product one is the weight: one without a name beside one that has another, else the one whose
    name is more like it, or the first, as in w · x. Words such as theta need a sum behind them, as θ·x + b has.
    """
    named, nameless = called(graph, uses, WEIGHTS), {i for i in uses if i not in graph.names}
    beside = {i: partners(graph, i, uses, MUL.name) for i in named | nameless}
    leaves = {i: {j for j in places(others) if j in uses} for i, others in beside.items()}
    summed = into_sums(graph)
    found = set()
    for i in nameless:  # what certainly is one: the name beside it is none, or it stands behind what was computed
        added = partners(graph, i, uses, ADD.name)
        if inner(graph, added) or inner(graph, beside[i]) or leaves[i] - named - nameless:
            found.add(i)
    modelled = bool(found)
    for i in nameless - found:
        products = [node for node in uses[i] if graph.primitives[node] == MUL.name]
        if leaves[i] & named:
            weighs = modelled
        elif leaves[i]:
            weighs = any(i in places(graph.operands[node][:1]) for node in products)
        else:
            weighs = any(summed[node] == 2 for node in products)
        if weighs:
            found.add(i)
    for i in named:
        beaten = any(rank(graph.names[j]) > rank(graph.names[i]) for j in leaves[i] & named)
        if not beaten and not (modelled and leaves[i] & nameless):
            if stem(graph.names[i]) == "w" or beside[i] and summed[i]:
                found.add(i)
    return found


def into_sums(graph: Reading) -> bytearray:
    """For each node 2 if it is a term of a sum or difference, 1 if it only goes into one, else 0."""
    found = bytearray(len(graph))
    for i in range(len(graph) - 1, -1, -1):
        goes = 2 if graph.primitives[i] in SUMS else 1 if found[i] else 0
        for j in places(graph.operands[i]):
            found[j] = max(found[j], goes)
    return found


def biases_of(graph: Reading, uses: Uses, weights: set[int]) -> set[int]:
    """The leaves called b, or w0, that are terms of sums which depend on weights, and are multiplied by none."""
    depends = bytearray(len(graph))
    for i, operands in enumerate(graph.operands):
        depends[i] = i in weights or any(depends[j] for j in places(operands))
    whole = list(range(len(graph)))  # of a sum, the last node of the sums that it is part of
    for i in range(len(graph) - 1, -1, -1):
        if graph.primitives[i] in SUMS:
            for j in places(graph.operands[i]):
                if graph.primitives[j] in SUMS:
                    whole[j] = whole[i]
    found = set()
    numbered = {i for i in called(graph, uses, WEIGHTS) if rank(graph.names[i]) > 1}
    for i in (called(graph, uses, BIASES) | numbered) - weights:
        added = any(depends[whole[node]] for node in uses[i] if graph.primitives[node] in SUMS)
        if added and weights.isdisjoint(places(partners(graph, i, uses, MUL.name))):
            found.add(i)
    return found


def targets_of(graph: Reading, uses: Uses, parameters: set[int]) -> set[int]:
    """The leaves called y, and those without a name, that outputs are compared with."""
    compared: set[int] = set()
    for node, operands in zip(graph.nodes, graph.operands):
        if node.op is not None and (node.op is SUB or node.op.comparison):
            compared.update(places(operands))
    found = set()
    for i in called(graph, uses, TARGETS) - parameters:
        if i in compared or any(node in compared for node in uses[i] if graph.primitives[node] == MUL.name):
            found.add(i)  # 1 − y · score, too
    for i in uses:
        if i not in graph.names and i not in parameters and inner(graph, partners(graph, i, uses, SUB.name)):
            found.add(i)
    return found - feeding(graph, parameters) if found else found


def feeding(graph: Reading, parameters: set[int]) -> set[int]:
    """The nodes that go into what a parameter multiplies."""
    found: set[int] = set()
    for i in range(len(graph) - 1, -1, -1):
        operands = places(graph.operands[i])
        if i in found or graph.primitives[i] == MUL.name and not parameters.isdisjoint(operands):
            found.update([j for j in operands if j not in parameters])
    return found
