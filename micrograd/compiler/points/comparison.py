"""What is compiled is compared: the graph with the function on plain numbers, every routine with the graph.

The graph runs on plain numbers, forward and backward. Of a matrix of derivatives one product with a vector is compared,
which costs no more than a gradient; second derivatives with a difference of gradients, and where that is not near,
with those of eager code.

numbers     of the arguments, in a row
"""

from __future__ import annotations

import random
from math import isfinite

import numpy as np

from micrograd.collector import paused
from micrograd.compiler.code import derivatives, number_of
from micrograd.compiler.open_cases import other_order, sign_of_nan_matters
from micrograd.compiler.points.nests import outer_order, taken_apart
from micrograd.compiler.self_check import differing, fault, not_as_recorded, replayed
from micrograd.derivatives.graphs import gradient
from micrograd.engine import Value
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.points.purposes import Wanted
    from micrograd.compiler.points.recorded import Recorded
    from micrograd.compiler.points.routine import Routine
    from micrograd.compiler.self_check import Sample

FEW_NODES = 20_000  # of a graph whose second derivatives are taken, which costs a hundred times as much
LARGE = 1e100  # where numbers are larger, or as small, second derivatives are mostly rounding errors
STEP, CLOSE = 1e-6, 1e-4  # of a difference of gradients, and how near it is to the second derivatives, relative
# Of all steps of loops, by the order of the derivatives: those of more, made of a body alone, are not compared
LOOPED = {1: 20_000, 2: 2_000}


def compare_graph(recorded: Recorded, samples: Sequence[Sample]) -> None:
    """TraceError for a function that does something else on numbers than on placeholders."""
    for sample in samples:

        def outputs(noise: float, row: list[float] = sample.row) -> list[float]:
            nodes = eager(recorded, row, noise)
            return [number_of(nodes[i]) for i in recorded.trace.outputs]

        numbers = played(recorded, sample.row)
        found, expected = [numbers[i] for i in recorded.trace.outputs], sample.result.outputs
        place = differing(found, expected, outputs)
        if place is not None and not sign_of_nan_matters(recorded.trace.graph, eager(recorded, sample.row, 0.0)):
            raise not_as_recorded("value", found[place], expected[place], sample, recorded.code)


def compare_routine(
    recorded: Recorded, numbers: list[float], purpose: str, wanted: Wanted, routine: Routine, backend: str
) -> None:
    """CompilerError where the routine differs from the graph.

    Gradients of a loop are compared with those of its steps, one after the other, where the graph has that form, too.
    """
    looped, second = bool(recorded.trace.graph.loops), purpose in ("hessian", "hvp")
    plain = None if looped and second else recorded.straight if looped else recorded
    if plain is None and purpose != "value" and recorded.work > LOOPED[1 + second]:
        return
    vector = [1.0 + 0.1 * i for i in range(len(wanted.wrt))]
    weights = [1.0 + 0.1 * i if purpose == "jacobian" else 1.0 for i in range(len(wanted.ends))]
    result = routine.play(numbers + vector[: len(wanted.vector)])
    if purpose in ("jacobian", "hessian"):
        found = product(purpose, wanted, result, vector if purpose == "hessian" else weights)
        if not all(map(isfinite, found)):
            return
    else:
        found = flat(result[1] if purpose == "value_and_grad" else result)

    def expected(noise: float, numbers: list[float] = numbers) -> list[float]:
        nodes = eager(recorded, numbers, noise)
        if purpose == "value":
            return [number_of(nodes[i]) for i in wanted.ends]
        by = [nodes[i] for i in wanted.wrt]
        y = along([nodes[i] for i in wanted.ends], weights)
        if second and isinstance(y, Value):
            y = along(gradient(y, by), vector)
        return derivatives(y, by)

    with paused():
        if purpose == "value":
            nodes = played(recorded, numbers)
            true = [nodes[i] for i in wanted.ends]
        elif plain is None or second:
            moderate = looped or all(x == 0.0 or 1.0 / LARGE < abs(x) < LARGE for x in played(recorded, numbers))
            near = not looped and moderate and slope_between(recorded, numbers, wanted, found, vector)
            if near or not moderate or recorded.work > FEW_NODES:
                return
            true = expected(0.0)
            if second and not all(map(isfinite, true)):  # at a pole eager code multiplies what others leave out
                return
        else:
            graph = wanted.graph
            wrt = [plain.trace.graph.leaf(graph.kind[x], graph.args[x][0]) for x in wanted.wrt]
            true = pulled(plain, played(plain, numbers), list(zip(plain.trace.outputs, weights)), wrt)
        shaken = expected if purpose == "value" else farthest(expected, numbers, true)
        place = differing(found, true, shaken)
        if place is None:
            return
        nodes = eager(recorded, numbers, 0.0)
        if second:
            y, by = along([nodes[i] for i in wanted.ends], weights), [nodes[i] for i in wanted.wrt]
            if differing(other_order(y, by, vector), true, shaken) is not None:
                return
    if not sign_of_nan_matters(recorded.trace.graph, nodes):
        raise fault(purpose, found[place], true[place], backend)


def farthest(
    expected: Callable[..., list[float]], numbers: list[float], true: list[float]
) -> Callable[[float], list[float]]:
    """For `differing`: how far rounding moves derivatives, at some points that are nearly these numbers.

    At one point it may move none of those that cancel, as of x / x and of hypot(x, x), where all that is left is
    rounding.
    """

    def moved(noise: float) -> list[float]:
        generator, count = random.Random(2), 8 if noise else 1
        points = [[x + 8.0 * noise * generator.uniform(-1.0, 1.0) * x for x in numbers] for _ in range(count)]
        columns = zip(*[expected(noise, point) for point in points])
        return [max(column, key=lambda x: abs(x - t)) for t, column in zip(true, columns)]  # noqa: B023

    return moved


def slope_between(
    recorded: Recorded, numbers: list[float], wanted: Wanted, found: list[float], vector: list[float]
) -> bool:
    """Whether second derivatives along a vector are near the difference of the gradients at two points on it."""
    base = played(recorded, numbers)
    largest = max([1.0, *[abs(base[x]) for x in wanted.wrt]]) / max([1.0, *vector])
    ends = [(end, 1.0) for end in wanted.ends]
    gradients = []
    for step in (STEP * largest, -STEP * largest):
        shift = {x: step * v for x, v in zip(wanted.wrt, vector)}
        gradients.append(pulled(recorded, played(recorded, numbers, shift), ends, wanted.wrt))
    slopes = [(a - b) / (2.0 * STEP * largest) for a, b in zip(*gradients)]
    scale = max(map(abs, [*slopes, *found]), default=0.0)
    return all(abs(a - b) <= CLOSE * scale for a, b in zip(found, slopes))


def along(terms: Sequence[Any], weights: Sequence[float]) -> Any:
    """Σ term · weight."""
    products = [term * weight for term, weight in zip(terms, weights)]
    return sum(products[1:], products[0]) if products else 0.0


def product(purpose: str, wanted: Wanted, result: Any, vector: list[float]) -> list[float]:
    """The matrix of a nest of derivatives times a vector: a Hessian on its right, a Jacobian on its left."""
    matrix = result
    if wanted.entries is not None:
        i, j = np.array(wanted.entries, np.int64).reshape(-1, 2).T
        total, (into, by) = np.zeros(len(wanted.wrt)), (i, j) if purpose == "hessian" else (j, i)
        with np.errstate(all="ignore"):
            np.add.at(total, into, result * np.array(vector)[by])
        return total.tolist()
    if not wanted.sparse:
        found = flat(result)
        matrix = np.empty(len(found))
        matrix[outer_order(wanted.by if purpose == "hessian" else wanted.returned, wanted.by)] = found
        matrix = matrix.reshape(-1, len(wanted.wrt) or 1)
    with np.errstate(all="ignore"):  # they may be inf and nan
        multiplied: list[float] = (matrix @ np.array(vector) if purpose == "hessian" else matrix.T @ vector).tolist()
    return multiplied


def played(recorded: Recorded, numbers: Sequence[float], shift: dict[int, float] | None = None) -> Any:
    """The numbers of the nodes of the recorded graph, or of its outputs alone where there are loops.

    shift       leaves that are moved, and how far; not where there are loops
    """
    trace = recorded.trace
    if trace.graph.loops:
        player = recorded.player(trace.graph, [*recorded.inputs, *recorded.nodes], trace.outputs)
        w, run = player.workspace()
        w[: len(recorded.inputs) + len(recorded.nodes)] = [*numbers, *[x.data for x in recorded.values]]
        run()
        return dict(zip(trace.outputs, w[player.outputs].tolist()))
    given: dict[str, Any] = {"input": numbers}
    given |= {"parameter": [x.data for x in trace.parameters], "captured": [x.data for x in trace.captured]}
    found: list[float] = []
    for kind, args in zip(trace.graph.kind[: recorded.length], trace.graph.args):
        if kind in TABLE:
            found.append(TABLE[kind].forward(*[found[x] for x in args]))
        else:
            found.append(args[0] if kind == "constant" else given[kind][args[0]])
            if shift and len(found) - 1 in shift:
                found[-1] += shift[len(found) - 1]
    return found


def pulled(recorded: Recorded, found: list[float], weights: list[tuple[int, float]], wrt: Sequence[int]) -> list[float]:
    """Σ weight · ∂end/∂x for each x of wrt, as `backward` computes it: an adjoint of 0 stops."""
    graph, adjoints = recorded.trace.graph, [0.0] * recorded.length
    for end, weight in weights:
        adjoints[end] += weight
    for node in range(recorded.length - 1, -1, -1):
        adjoint, op = adjoints[node], TABLE.get(graph.kind[node])
        if adjoint and op is not None:
            args = graph.args[node]
            numbers = tuple([found[x] for x in args])
            for i, x in enumerate(args):
                partial: Any = op.partials[i]
                if partial.__class__ is float:
                    adjoints[x] += partial * adjoint if partial else 0.0
                elif op.selects:
                    adjoints[x] += partial(*numbers, found[node], adjoint)
                else:
                    adjoints[x] += partial(*numbers, found[node]) * adjoint
    return [adjoints[x] if x < recorded.length else 0.0 for x in wrt]


def eager(recorded: Recorded, numbers: Sequence[float], noise: float) -> list[Any]:
    """The nodes of the recorded graph by eager arithmetic, for the numbers that Values have now."""
    trace = recorded.trace
    given = {
        "input": [Value(x) for x in numbers],
        "parameter": [Value(x.data) for x in trace.parameters],
        "captured": [Value(x.data) for x in trace.captured],
    }
    return replayed(trace.graph, given, noise, recorded.length)


def flat(found: Any) -> list[float]:
    """The numbers of a nest."""
    items: list[Any] = []
    taken_apart(found, items)
    return items
