"""What the page knows of a training, as JSON.

stage       how the data are shown: over a plane of two inputs, or along a line of one
places      of inputs, outputs, parameters and neurons: their numbers, from 0
"""

from __future__ import annotations

from math import fsum, isfinite

from micrograd.drawing.explorer.scene import DRAWN
from micrograd.drawing.look import ROLES
from micrograd.drawing.typography import plural
from micrograd.engine import Value, apply
from micrograd.formulas import formula
from micrograd.losses import of_logit, prepared, threshold
from micrograd.notation.signs import clean, maths, numeral
from micrograd.ops import TABLE
from micrograd.training.rows import width
from micrograd.watch.network import nodes_between
from micrograd.watch.sample_graph import sample_graph

GOLDEN = 0.6180339887498949  # of whose multiples the rests lie everywhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.scalar.trace import Trace
    from micrograd.training import Trainer
    from micrograd.training.rows import Batch
    from micrograd.watch.network import Network
    from micrograd.watch.traced import Expected, Watched


def scene_of(watched: Watched, network: Network | None, trainer: Trainer, columns: list[str]) -> dict[str, Any]:
    """What follows from the code and the data; columns: the names of the inputs, if they have some."""
    trace, data = watched.trace, watched.data
    inputs = [maths(name) for name in columns] or numbered("x", data.width)
    outputs, names = numbered("ŷ", len(trace.outputs)), names_of(watched)
    graph = None
    if network is None:
        graph = sample_graph(trace, data.rows[0], rows_of(data)[0], inputs, names, outputs)
    return {
        "title": title_of(watched, network),
        "inputs": inputs,
        "outputs": outputs,
        "targets": max(1, trace.targets),
        "X": data.rows,
        "y": rows_of(data),
        "validation": None if watched.tested is None else {"X": watched.tested.rows, "y": rows_of(watched.tested)},
        "stage": stage_of(data, trainer.loss, len(outputs)),
        "parameters": watched.start,
        "expected": told(watched.expected),
        "parameterNames": names,
        "penalty": {"strength": watched.strength, "own": watched.own},
        "lossName": called(trainer.loss),
        **graphs_of(watched, network, inputs),
        "graph": graph,
        "look": DRAWN | {"roles": ROLES},
    }


def title_of(watched: Watched, network: Network | None) -> str:
    """The widths of the layers, and how many parameters there are."""
    counts = [] if network is None else [neuron.layer for neuron in network.neurons if neuron.terms]
    widths = [watched.data.width, *[counts.count(layer) for layer in sorted(set(counts))]]
    shape = "" if network is None else "–".join(map(str, widths)) + ", "
    return shape + plural(len(watched.parameters), "parameter")


def called(loss: Any) -> str:
    """What a loss is called."""
    name = getattr(loss, "__name__", type(loss).__name__)
    return "L" if name == "<lambda>" else name.replace("_", " ")


def told(expected: Expected) -> dict[str, Any]:
    """What the page must have at its start; of the gradient a mixture, and how large that may be."""
    known: dict[str, Any] = {"places": expected.places, "value": finite(expected.value), "slopes": None, "size": 0.0}
    if expected.gradient is not None:
        mixed = [slope * ((k + 1) * GOLDEN % 1.0) for k, slope in enumerate(expected.gradient)]
        known |= {"slopes": finite(sum(mixed)), "size": sum(map(abs, mixed))}
    return known


def finite(x: float | None) -> float | None:
    """x, if it is a finite number."""
    return x if x is not None and isfinite(x) else None


def numbered(letter: str, count: int) -> list[str]:
    """Names of some inputs or outputs; one alone needs no number."""
    return [letter] if count == 1 else [maths(f"{letter}{i + 1}") for i in range(count)]


def rows_of(data: Batch) -> list[list[float]]:
    """The targets, each a list."""
    return [target if isinstance(target, list) else [target] for target in data.targets]


def stage_of(data: Batch, loss: Any, outputs: int) -> dict[str, Any]:
    """How the data are shown: the axes, what other inputs are held at, the classes, what else to say."""
    classes, between = classes_of(data, loss, outputs)
    return {
        "kind": "line" if data.width == 1 else "plane",
        "shown": [0] if data.width == 1 else [0, 1],
        "rest": [fsum(column) / len(data) for column in zip(*data.rows)],
        "classes": classes,
        "threshold": between,
        "note": "",
    }


def classes_of(data: Batch, loss: Any, outputs: int) -> tuple[list[dict[str, Any]] | None, float | None]:
    """(classes, threshold) as the boundary of `plot_decision_boundary` has them; (None, None) where none are told."""
    targets = rows_of(data)
    if outputs > 1:
        sure = all(sorted(row) == [0.0] * (outputs - 1) + [1.0] for row in targets)
        if not sure or width(data.targets[0]) != outputs:
            return None, None
        return [{"name": str(k), "target": [float(i == k) for i in range(outputs)]} for k in range(outputs)], None
    kinds = sorted({row[0] for row in targets})
    if len(kinds) == 1 and of_logit(loss):  # the other class is the one that the loss takes, too
        kinds = [kinds[0], *[kind for kind in (-1.0, 0.0, 1.0) if kind != kinds[0] and takes(loss, kind)][:1]]
        kinds.sort()
    if len(kinds) != 2 or len(targets) == 2 and not of_logit(loss):
        return None, None
    return [{"name": numeral(kind), "target": [kind]} for kind in kinds], threshold(loss, *kinds)


def takes(loss: Any, target: float) -> bool:
    """Whether a loss takes such a target."""
    try:
        return bool(prepared(loss, [target], 1))
    except ValueError:
        return False


def names_of(watched: Watched) -> list[str]:
    """What the parameters are called: by their labels, and else p₁, p₂, …; no two alike."""
    found: dict[str, int] = {}
    for i, p in enumerate(watched.parameters):
        name = maths(p.label) if p.label else maths(f"p{i + 1}")
        found[name if name not in found else f"{name} ({i + 1})"] = i
    return list(found)


def graphs_of(watched: Watched, network: Network | None, inputs: list[str]) -> dict[str, Any]:
    """Neurons, head and loss, where the code is a network."""
    trace, graph = watched.trace, watched.trace.graph
    known: dict[int, dict[str, Any]] = {}

    def operand(node: int) -> dict[str, Any]:
        if node in known:
            return known[node]
        kind, args = graph.kind[node], graph.args[node]
        if kind == "captured":
            return {"number": trace.captured[args[0]].data}
        return {"number" if kind == "constant" else kind: args[0]}

    def listed(nodes: list[int], called: str) -> list[dict[str, Any]]:
        found = []
        for k, node in enumerate(nodes):
            found.append({"rule": graph.kind[node], "operands": [operand(x) for x in graph.args[node]]})
            known[node] = {called: k}
        return found

    ends = [trace.loss] if trace.loss is not None else []
    if network is None:
        return {"neurons": None, "head": [], "heads": [], "loss": []}
    places = {neuron.node: k for k, neuron in enumerate(network.neurons)}
    neurons = neurons_of(network, trace, inputs)
    known |= {node: {"neuron": k} for node, k in places.items()}
    head = listed(network.head, "head")
    heads = [operand(node) for node in trace.outputs]
    known |= {node: {"output": k} for k, node in enumerate(trace.outputs)}
    loss = listed(nodes_between(graph, ends, {*known}), "loss")
    return {"neurons": neurons, "head": head, "heads": heads, "loss": loss}


def neurons_of(network: Network, trace: Trace, inputs: list[str]) -> list[dict[str, Any]]:
    """What the page knows of the neurons; a feature has no weights, and `nodes` that say what it is of the inputs."""
    graph, places = trace.graph, {neuron.node: k for k, neuron in enumerate(network.neurons)}
    found, counts = [], [0] * (network.neurons[-1].layer + 1)
    for neuron, (name, total) in zip(network.neurons, named(network, trace.outputs)):
        counts[neuron.layer] += 1
        sources = [{"neuron": places[x]} if x in places else {"input": graph.args[x][0]} for _, x in neuron.terms]
        feature = {} if neuron.terms else feature_of(trace, neuron.node, inputs)
        described = {
            "name": name,
            "sum": total,
            "layer": neuron.layer,
            "place": counts[neuron.layer],
            "rule": neuron.rule,
            "symbol": TABLE[neuron.rule].symbol if neuron.rule in TABLE else maths(neuron.rule or ""),
            "bias": neuron.bias,
            "weights": [w for w, _ in neuron.terms],
            "sources": sources,
        }
        found.append(described | feature)
    return found


def feature_of(trace: Trace, node: int, inputs: list[str]) -> dict[str, Any]:
    """What a feature is called, and its nodes: operands are inputs, numbers, and the nodes before."""
    graph, inner = trace.graph, nodes_between(trace.graph, [node], set())
    values: dict[int, Any] = {}
    known: dict[int, dict[str, Any]] = {}
    nodes: list[dict[str, Any]] = []
    leaves = {x for at in inner for x in graph.args[at]} - {*inner}
    for at in [*sorted(leaves), *inner]:
        kind, args = graph.kind[at], graph.args[at]
        if kind == "input":
            values[at], known[at] = Value(0.0, inputs[args[0]]), {"input": args[0]}
        elif kind in TABLE:
            values[at], known[at] = apply(TABLE[kind], tuple([values[x] for x in args])), {"node": len(nodes)}
            nodes.append({"rule": kind, "operands": [known[x] for x in args]})
        else:
            values[at] = trace.captured[args[0]].data if kind == "captured" else args[0]
            known[at] = {"number": values[at]}
    name = clean(str(formula(values[node], {})))
    return {"name": name, "sum": name, "nodes": nodes}


def named(network: Network, outputs: list[int]) -> list[tuple[str, str]]:
    """(name, name of the sum) of each neuron: h₂₃ and z₂₃ for the third in layer 2; outputs are ŷ.

    Where every layer has one neuron they are numbered by layer, and h, z and u are enough for two.
    """
    neurons, last = network.neurons, network.neurons[-1].layer
    chain = len([neuron for neuron in neurons if neuron.terms]) == last
    counts = [0] * (last + 1)
    found = []
    for neuron in neurons:
        counts[neuron.layer] += 1
        place = f"_{neuron.layer}" if chain else f"_{neuron.layer}_{counts[neuron.layer]}"
        name, total = ("h", "z") if chain and last < 3 else (short(f"h{place}"), short(f"z{place}"))
        if neuron.node in outputs:
            name = numbered("ŷ", len(outputs))[outputs.index(neuron.node)]
            total = "u" if total == "z" and last == 2 else total
        found.append((name, total if neuron.rule else name))
    return found


def short(name: str) -> str:
    """A name in maths type, with commas between numbers only where one has two digits.

    >>> short("h_1_2"), short("h_1_12")
    ('h₁₂', 'h₁,₁₂')
    """
    letter, *numbers = name.split("_")
    return maths(name if any(len(n) > 1 for n in numbers) else letter + "".join(numbers))
