"""Where what the code gives is left open: there a program may give something else, and neither is at fault.

sign of a nan   of 0/0 it depends on the processor; open where a number that is no nan is made of it, as by copysign
order           second derivatives by x, then y and by y, then x differ where there are none, as of x**y at 0**1
"""

from __future__ import annotations

import math

from micrograd.compiler.code import derivatives, number_of
from micrograd.derivatives.graphs import gradient
from micrograd.engine import Value
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.scalar.graph import Graph


def sign_of_nan_matters(graph: Graph, nodes: Sequence[Any]) -> bool:
    """Whether some number of a graph depends on the sign of a nan; nodes: Values or numbers, as `replayed` gives them.

    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x, y = graph.leaf("input", 0), graph.leaf("input", 1)
    >>> _ = graph.apply("copysign", (x, y))
    >>> [sign_of_nan_matters(graph, [2.0, y, 2.0]) for y in (1.0, math.nan)]
    [False, True]
    """
    for node, kind in enumerate(graph.kind[: len(nodes)]):
        if kind in TABLE and nodes[node] is not None:
            numbers = [number_of(nodes[x]) for x in graph.args[node]]
            if any(map(math.isnan, numbers)):
                op = TABLE[kind]
                signs = [op.forward(*[math.copysign(x, s) if x != x else x for x in numbers]) for s in (1.0, -1.0)]
                if str(signs[0]) != str(signs[1]):  # nan has one text, zeros have two
                    return True
    return False


def other_order(y: Any, by: Sequence[Value], vector: Sequence[float]) -> list[float]:
    """The second derivatives of y times a vector, each entry taken in the other order than by differentiating along it.

    >>> x, n = Value(0.0), Value(1.0)
    >>> other_order(x**n, [x, n], [1.0, 0.0]), derivatives(gradient(x**n, [x, n])[0], [x, n])
    ([0.0, 0.0], [0.0, 1.0])
    """
    slopes = gradient(y, by) if isinstance(y, Value) else [0.0] * len(by)
    return [sum([a * v for a, v in zip(derivatives(slope, by), vector)]) for slope in slopes]
