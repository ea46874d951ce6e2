"""Linear forms Σ w·x + b found in a graph as it was built, whoever wrote the sum; and the layers they make up.

form        a sum with its terms flattened, or a single product of a parameter
term        factor times x: factor a parameter or a number, or None where x is added as it is; x a value or a number
folded      inner nodes that a form replaces: partial sums and products used nowhere else
level       how many forms stand one above the other, up to and including a node
layer       the forms of one level that weigh inputs by parameters, and their activations
"""

from __future__ import annotations

from micrograd.algebra.sums import summands, weighted
from micrograd.drawing.views.reading import Reading
from micrograd.drawing.views.roles import places
from micrograd.ops import ADD, MUL, POW, Op

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


def is_op(graph: Reading, operand: Any, op: Op) -> bool:
    """Whether an operand is a value made by that primitive."""
    return operand.__class__ is int and graph.primitives[operand] == op.name


def is_parameter(graph: Reading, operand: Any) -> bool:
    """Whether an operand is a parameter leaf."""
    return operand.__class__ is int and graph.roles.get(operand) == "parameter"


def weighted_term(graph: Reading, product: int) -> Term | None:
    """A product as a term: a parameter times what is no parameter, or a number times a value; None if it is neither."""
    factors = graph.operands[product]

    def number(weight: Any, x: Any) -> bool:
        return weight.__class__ is float and x.__class__ is int and not is_parameter(graph, x)

    k = weighted(factors, lambda weight, x: is_parameter(graph, weight) and not is_parameter(graph, x))
    k = weighted(factors, number) if k is None else k
    return None if k is None else Term(product, k, factors[k], factors[1 - k])


def sum_form(graph: Reading, root: int) -> Form:
    """The form of a chain or tree of sums."""
    form = Form(root, [], [], [])
    places: list[tuple[int, int]] = []
    for node, k, opened in summands(root, graph.operands, lambda node, k: once(graph, graph.operands[node][k], ADD)):
        if opened:
            form.folded.append(graph.operands[node][k])
        else:
            places.append((node, k))
    for node, k in reversed(places):
        x = graph.operands[node][k]
        term = weighted_term(graph, x) if once(graph, x, MUL) else None
        if term is not None:
            form.terms.append(term)
            form.folded.append(term.node)
            form.layered = form.layered or is_parameter(graph, term.factor)
        elif x.__class__ is float or is_parameter(graph, x):
            form.biases.append(x)
        else:
            form.terms.append(Term(node, k, x, None))
    return form


def once(graph: Reading, operand: Any, op: Op) -> bool:
    """Whether an operand is made by that primitive, and used nowhere else."""
    return is_op(graph, operand, op) and graph.uses[operand] == 1


def find_forms(graph: Reading) -> dict[int, Form]:
    """Node -> its form, for sums with parameters or of at least three terms, and for products with a parameter."""
    forms: dict[int, Form] = {}
    taken = bytearray(len(graph))
    for i in range(len(graph) - 1, -1, -1):
        is_sum = is_op(graph, i, ADD)
        if taken[i] or not (is_sum or is_op(graph, i, MUL)):
            continue
        if is_sum:
            if not any(is_op(graph, x, ADD) or is_op(graph, x, MUL) for x in graph.operands[i]):
                continue
            form = sum_form(graph, i)
            for j in form.folded:
                taken[j] = 1
            if form.layered or len(form.terms) > 2:
                forms[i] = form
        else:
            term = weighted_term(graph, i)
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


def layers(graph: Reading, forms: dict[int, Form]) -> tuple[list[int], list[int]]:
    """For each inner node (the number of its layer, 0 if it is in none), (how many layers it follows, -1 behind all).

    Layer k holds the layered forms of level k and their activations. What meets a value from elsewhere, as a skip
    connection does, follows the layer.
    """
    level, feeds = levels(graph, forms), feeding(graph, forms)
    layer = [0] * len(graph)
    for form, cone in cones(graph, forms).items():
        layer[form] = level[form]
        for i in [*forms[form].folded, *activation(graph, form, cone, more=bool(feeds[form]))]:
            layer[i] = level[form]
    return layer, [high if more else -1 for high, more in zip(level, feeds)]


def cones(graph: Reading, forms: dict[int, Form]) -> dict[int, list[int]]:
    """Layered form -> the nodes, in order, that are computed from it and from parameters and numbers alone."""
    folded = bytearray(len(graph))
    for form in forms.values():
        for i in form.folded:
            folded[i] = 1
    found: dict[int, list[int]] = {}
    origin = [-1] * len(graph)
    for i, operands in enumerate(graph.operands):
        if i in forms and forms[i].layered:
            found[i], origin[i] = [], i
        elif operands and not folded[i]:
            origins = {origin[j] for j in operands if j.__class__ is int and not is_parameter(graph, j)}
            if len(origins) == 1 and -1 not in origins:
                origin[i] = origins.pop()
                found[origin[i]].append(i)
    return found


def activation(graph: Reading, form: int, cone: list[int], *, more: bool) -> list[int]:
    """The nodes of a form's cone that are its activation: functions such as tanh(z), or what is made of z in several
    ways that come together again, such as z · σ(z). Where no layer follows (not `more`), it is one function at most."""
    found: list[int] = []
    last, ways = form, graph.uses[form]
    between: set[int] = set()  # what stands on the ways that lead on from `last`
    for i in cone:
        joined = sum([j == last or j in between for j in places(graph.operands[i])])
        ways -= joined
        if ways:
            between.add(i)
            ways += graph.uses[i]
            continue
        if not (joined == 1 and not between and is_function(graph, i) or more and joined > 1 and last == form):
            break
        found += [*sorted(between), i]
        if not more:
            break
        last, between, ways = i, set(), graph.uses[i]
    if more and not found:  # the form itself goes elsewhere, too
        found = [i for i in cone if is_function(graph, i) and set(places(graph.operands[i])) == {form}]
    return found


def is_function(graph: Reading, i: int) -> bool:
    """Whether node i is written as a function, not with a sign."""
    op = graph.nodes[i].op
    return op is not None and not op.sign and op is not POW
