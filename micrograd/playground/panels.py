"""What each panel of the page shows of a run: Graph, Explore, Explain, Formula."""

from __future__ import annotations

from micrograd.chain_rule import explain
from micrograd.derivatives import gradient
from micrograd.drawing import Picture, draw, explore
from micrograd.drawing.layouts.layered import layered_layout
from micrograd.drawing.views.reading import read_graph
from micrograd.engine import Value, topological
from micrograd.formulas import formula
from micrograd.formulas.writing import TEXT
from micrograd.notation.naming import name_nodes
from micrograd.notation.signs import maths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.playground.running import Run

MOST_FORMULAS, LARGEST_DERIVED = 8, 150  # derivatives that are written out; values of a graph of which they are


def graph(run: Run, asked: dict[str, Any]) -> dict[str, Any]:
    """The picture, laid out as where there is no `dot`, so that it is the same wherever the page was made."""
    diagram = draw(run.root, run.names).diagram
    return {"svg": Picture(diagram, layered_layout(diagram)).svg}


def player(run: Run, asked: dict[str, Any]) -> dict[str, Any]:
    """The player, as HTML with a script."""
    made = explore(run.root, run.names)
    return {"html": made.notebook_html("A still picture: with scripts it is a player."), "title": made.title}


def explanation(run: Run, asked: dict[str, Any]) -> dict[str, Any]:
    """Why the derivative by the leaf called asked["by"] is this number; or, for "", the whole pass."""
    leaves = leaves_of(run)
    chosen = asked.get("by")
    if chosen is None or chosen not in ["", *leaves]:
        chosen = next(iter(leaves), "")
    told = explain(run.root, leaves[chosen] if chosen else None, run.names)
    return {"html": told._repr_html_(), "by": [*leaves], "chosen": chosen, "names": [maths(name) for name in leaves]}


def formulas(run: Run, asked: dict[str, Any]) -> dict[str, Any]:
    """The formula of the root, and of its derivatives."""
    nodes, leaves = topological(run.root), leaves_of(run)
    top = maths(name_nodes(nodes, run.names).name(run.root))
    found = [shown(top, formula(run.root, run.names))]
    if len(nodes) <= LARGEST_DERIVED and run.root.op is not None:
        for name, leaf in list(leaves.items())[:MOST_FORMULAS]:
            slope = gradient(run.root, leaf)
            found.append(shown(TEXT.slope(top, maths(name)), formula(slope, run.names)))
    return {"formulas": found, "more": len(leaves) + 1 - len(found)}


def leaves_of(run: Run) -> dict[str, Value]:
    """The leaves of the graph that have a name, by it: those with sliders, then those that the code made itself."""
    nodes = topological(run.root)
    called = name_nodes(nodes, run.names)
    known = {id(x): x for x in nodes if x.op is None and called.given(x)}
    sliders = {name: known.pop(id(leaf)) for name, leaf in run.leaves.items() if id(leaf) in known}
    return sliders | {called.name(x): x for x in known.values()}


def shown(title: str, made: Any) -> dict[str, str]:
    """One formula with its title, for the page and for a paper."""
    return {"title": title, "html": made._repr_html_(), "latex": made.latex}


PANELS: dict[str, Callable[[Run, dict[str, Any]], dict[str, Any]]] = {
    "graph": graph, "explore": player, "explain": explanation, "formula": formulas,
}  # fmt: skip


def numbers(run: Run) -> list[dict[str, Any]]:
    """Of each free name its number, its gradient, and its role in pictures, "" if the result does not depend on it."""
    read = read_graph(run.root, run.names)
    roles = {id(node): read.role(i) for i, node in enumerate(read.nodes)}
    return [
        {"name": name, "shown": maths(name), "data": leaf.data, "grad": leaf.grad, "role": roles.get(id(leaf), "")}
        for name, leaf in run.leaves.items()
    ]
