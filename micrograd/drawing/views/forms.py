"""Linear forms Σ w·x + b found in a graph as it was built, whoever wrote the sum; and the layers they make up.

form        a sum with its terms flattened, or a single product of a parameter
term        factor times x: factor a parameter or a number, or None where x is added as it is; x a value or a number
folded      inner nodes that a form replaces: partial sums and products used nowhere else
level       how many forms stand one above the other, up to and including a node
"""

from __future__ import annotations

from micrograd.drawing.views.reading import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Term:
    """One term of a form: `x` is operand k of `node`; `factor`, the other operand of that product, or None."""

    __slots__ = ("node", "k", "x", "factor")

    def __init__(self, node: int, k: int, x: Any, factor: Any) -> None:
        self.node, self.k, self.x, self.factor = node, k, x, factor


class Form:
    """The linear form whose result is `node`; `layered` if it weighs inputs by parameters, as a neuron does."""

    __slots__ = ("node", "terms", "biases", "folded", "layered")

    def __init__(self, node: int, terms: list[Term], biases: list[Any], folded: list[int]) -> None:
        self.node, self.terms, self.biases, self.folded = node, terms, biases, folded
        self.layered = False


def is_op(graph: Reading, operand: Any, name: str) -> bool:
    """Whether an operand is a value made by the primitive of that name."""
    return operand.__class__ is int and graph.primitives[operand] == name


def is_parameter(graph: Reading, operand: Any) -> bool:
    """Whether an operand is a parameter leaf."""
    return operand.__class__ is int and graph.roles.get(operand) == "parameter"


def summands(graph: Reading, root: int) -> tuple[list[tuple[int, int]], list[int]]:
    """The places (node, k) of what is added up in a chain or tree of sums, left to right; and the partial sums."""
    found: list[tuple[int, int]] = []
    partial: list[int] = []
    waiting = [(root, 1), (root, 0)]
    while waiting:
        node, k = waiting.pop()
        x = graph.operands[node][k]
        if is_op(graph, x, "add") and graph.uses[x] == 1:
            partial.append(x)
            waiting += [(x, 1), (x, 0)]
        else:
            found.append((node, k))
    return found, partial


def weighted(graph: Reading, product: int) -> Term | None:
    """A product as a term: a parameter times what is no parameter, or a number times a value; None if it is neither."""
    a, b = graph.operands[product]
    for factor, x, k in ((a, b, 1), (b, a, 0)):
        if is_parameter(graph, factor) and not is_parameter(graph, x):
            return Term(product, k, x, factor)
    for factor, x, k in ((a, b, 1), (b, a, 0)):
        if factor.__class__ is float and x.__class__ is int and not is_parameter(graph, x):
            return Term(product, k, x, factor)
    return None


def sum_form(graph: Reading, root: int) -> Form:
    """The form of a chain or tree of sums."""
    places, folded = summands(graph, root)
    form = Form(root, [], [], folded)
    for node, k in places:
        x = graph.operands[node][k]
        term = None
        if is_op(graph, x, "mul") and graph.uses[x] == 1:
            term = weighted(graph, x)
        if term is not None:
            form.terms.append(term)
            folded.append(term.node)
            form.layered = form.layered or is_parameter(graph, term.factor)
        elif x.__class__ is float or is_parameter(graph, x):
            form.biases.append(x)
        else:
            form.terms.append(Term(node, k, x, None))
    return form


def find_forms(graph: Reading) -> dict[int, Form]:
    """Node -> its form, for sums with parameters or of at least three terms, and for products with a parameter."""
    forms: dict[int, Form] = {}
    taken = bytearray(len(graph))
    for i in range(len(graph) - 1, -1, -1):
        primitive = graph.primitives[i]
        if taken[i] or primitive != "add" and primitive != "mul":
            continue
        if primitive == "add":
            if not any(is_op(graph, x, "add") or is_op(graph, x, "mul") for x in graph.operands[i]):
                continue
            form = sum_form(graph, i)
            for j in form.folded:
                taken[j] = 1
            if form.layered or len(form.terms) > 2:
                forms[i] = form
        else:
            term = weighted(graph, i)
            if term is not None and is_parameter(graph, term.factor) and term.x.__class__ is int:
                forms[i] = form = Form(i, [term], [], [])
                form.layered = True
    return forms


def levels(graph: Reading, forms: dict[int, Form]) -> list[int]:
    """The level of every node."""
    level = [0] * len(graph)
    for i, operands in enumerate(graph.operands):
        highest = 0
        for j in operands:
            if j.__class__ is int and level[j] > highest:
                highest = level[j]
        level[i] = highest + 1 if i in forms and forms[i].layered else highest
    return level


def feeding(graph: Reading, forms: dict[int, Form]) -> bytearray:
    """For each node 1 if some layered form depends on it."""
    feeds = bytearray(len(graph))
    for i in range(len(graph) - 1, -1, -1):
        if feeds[i] or (i in forms and forms[i].layered):
            for j in graph.operands[i]:
                if j.__class__ is int:
                    feeds[j] = 1
    return feeds


def layers(graph: Reading, forms: dict[int, Form]) -> tuple[list[int], bytearray]:
    """For each inner node the number of its layer, 0 if it is in none; and `feeding`.

    Layer k holds the layered forms of level k and what is computed from them before the next layer; of the last layer
    only functions applied right to a form, the activations: what follows them is the loss.
    """
    level, feeds = levels(graph, forms), feeding(graph, forms)
    layer = [0] * len(graph)
    for i, operands in enumerate(graph.operands):
        if feeds[i]:
            layer[i] = level[i] if operands else 0
        elif i in forms and forms[i].layered:
            layer[i] = level[i]
        elif len(operands) == 1 and operands[0] in forms and forms[operands[0]].layered:
            layer[i] = level[i]
    for form in forms.values():
        for j in form.folded:
            layer[j] = layer[form.node]
    return layer, feeds
