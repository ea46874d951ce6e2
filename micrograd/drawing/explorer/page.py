"""`explore`: the picture of a graph with a player that steps through `backward`, and a slider for every leaf.

step        one inner node handing its gradient on to its operands, the root first
scene       what the page knows of the graph, as JSON
static      the picture as an image, which the player replaces where scripts may run
"""

from __future__ import annotations

from micrograd.copying import deep_copy
from micrograd.dispatch import brief
from micrograd.drawing import look
from micrograd.drawing.explorer.javascript import rule
from micrograd.drawing.layouts.svg import escape
from micrograd.drawing.picture import Picture, wanted
from micrograd.drawing.typography import LONGEST_TOOLTIP
from micrograd.drawing.views.boxes import derivative_name, formula, name
from micrograd.drawing.views.choice import view_of
from micrograd.drawing.views.reading import Reading, read_graph
from micrograd.engine import Value, topological
from micrograd.notation.signs import clean
from micrograd.ops import TABLE
from micrograd.system.disk import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

MOST_VALUES, MOST_SLIDERS = 300, 12
ROOM = 88.0  # width of a box in points: numbers change while one explores
SCRIPTS = ("functions.js", "backward.js", "picture.js", "controls.js", "explore.js")
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="margin:1.2em auto;max-width:76em;padding:0 1em">
{player}</body></html>
"""


def explore(
    value: Value, names: Mapping[str, Any] | None = None, *, leaves: Iterable[Value | str] | None = None
) -> Explorer:
    """The graph of `value` to play with: step through `backward`, and move leaves to see every number follow.

    value       the root: what is differentiated
    names       names for values without a label: a mapping such as locals(); in IPython the user's variables are
                taken unless it is given. Values that have none are called v1, v2, …
    leaves      the leaves that get a slider at first, as Values or by name; unless given the labelled ones, or all if
                none has a label, up to 12, inputs first. A click on any other leaf in the picture gives it one, too

    Everything runs inside the page: no kernel, no network. It starts with the numbers of the graph and what `backward`
    makes of them from gradients of 0; the graph itself stays as it is.

    Raises TypeError for what is not a Value, ValueError for more than 300 values and for what is not among the leaves.

    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> explore((w * x).tanh(), {}, leaves=["w"])
    <Explorer: Computation graph of out, 4 values>
    """
    if not isinstance(value, Value):
        raise TypeError(f"explore expects a Value, got {type(value).__name__}")
    size = len(topological(value))
    if size > MOST_VALUES:
        raise ValueError(
            f"explore plays graphs of up to {MOST_VALUES} values, got {size:,}: explore the loss of one sample or of a "
            "smaller model, or see the whole with draw(value)"
        )
    original = read_graph(value, names)
    graph = differentiated(original)
    diagram = view_of(graph, "full", "LR")
    for box in diagram.boxes:
        box.width = max(box.width, ROOM)
    rows = [node.op for node in graph.nodes if node.op is not None]
    foreign = {op.name for op in rows if TABLE.get(op.name) is not op}
    rules = {op.name: "null" if op.name in foreign else rule(op) for op in rows}
    return Explorer(Picture(diagram), scene(graph, slider_places(original, leaves)), rules)


def differentiated(original: Reading) -> Reading:
    """A copy of the graph after `backward`, with the same names and roles, and names for those without."""
    copies: dict[int, Any] = {id(node): Value(node.data) for node in original.nodes if node.op is None}
    root = deep_copy(original.nodes[-1], copies)
    root.backward()
    graph = read_graph(root, {})
    graph.names, graph.roles = dict(original.names), original.roles
    graph.names.setdefault(len(graph) - 1, "out")
    nameless = [i for i in range(len(graph)) if i not in graph.names]
    taken = set(graph.names.values())
    spare = [called for called in [f"v{n + 1}" for n in range(2 * len(graph))] if called not in taken]
    graph.names.update(zip(nameless, spare))
    return graph


def slider_places(graph: Reading, leaves: Iterable[Value | str] | None) -> list[int]:
    """The places of the leaves that get a slider at first."""
    places = [i for i, node in enumerate(graph.nodes) if node.op is None]
    if leaves is None:
        labelled = [i for i in places if i in graph.names] or places
        return sorted(sorted(labelled, key=lambda i: graph.role(i) == "parameter")[:MOST_SLIDERS])
    if isinstance(leaves, (Value, str)):
        raise TypeError(f"expected leaves as a list of Values or names, got {leaves!r}; write leaves=[…]")
    found = []
    for leaf in leaves:
        if not isinstance(leaf, (Value, str)):
            raise TypeError(f"expected leaves as Values or names, got {brief(leaf)}")
        matching = [i for i in places if graph.nodes[i] is leaf or graph.names.get(i) == leaf]
        if not matching:
            known = clean(", ".join([repr(graph.names[i]) for i in places if i in graph.names]), LONGEST_TOOLTIP)
            raise ValueError(f"{leaf!r} is not a leaf of this graph; its leaves by name: {known or 'none has one'}")
        found += [i for i in matching if i not in found]
    return found


class Explorer:
    """A graph to play with. It shows itself in a notebook and saves itself as a page.

    svg         the picture before anything is moved, as SVG text
    html        a page of its own, as text
    save(path)  write that page; the path ends in .html

    >>> x = Value(3.0, label="x")
    >>> explorer = explore(x * x, {})
    >>> explorer.html.startswith("<!DOCTYPE html>")
    True
    """

    def __init__(self, picture: Picture, scene: dict[str, Any], rules: dict[str, str]) -> None:
        self.picture, self.scene, self.rules = picture, scene, rules
        self.title = picture.diagram.title

    @property
    def svg(self) -> str:
        """The picture before anything is moved, as SVG text."""
        return self.picture.svg

    @property
    def html(self) -> str:
        """The player as a page of its own."""
        return PAGE.format(title=escape(self.title), player=self.notebook_html())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the player as a page of its own.

        Raises ValueError unless the path ends in .html, OSError from the file.
        """
        from pathlib import Path

        if Path(path).suffix.lower() != ".html":
            raise ValueError(f"expected a path that ends in .html, got {str(path)!r}; draw(value) saves pictures")
        write(path, self.html)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """What notebooks show."""
        return wanted({"text/html": self.notebook_html(), "text/plain": repr(self)}, include, exclude)

    def notebook_html(self) -> str:
        """The player as a piece of HTML: the static picture, and the script that replaces it.

        The script starts every player of this graph on the page that is not playing yet, so the same output may stand
        on a page twice.
        """
        from base64 import b64encode
        from hashlib import sha256

        rules = ",\n".join([f"{literal(called)}: {text}" for called, text in sorted(self.rules.items())])
        program = "\n".join([asset(file) for file in SCRIPTS]) + f"\nconst rules = {{\n{rules}\n}};\n"
        program += f"const scene = {literal(self.scene)};\nconst style = {literal(asset('explore.css'))};\n"
        image = b64encode(self.svg.encode()).decode()
        key = "g" + sha256((program + image).encode()).hexdigest()[:16]
        return (
            f'<div class="micrograd-explorer" data-graph="{key}" data-lm-suppress-shortcuts="true">'
            f'<img alt="{escape(self.title)}" src="data:image/svg+xml;base64,{image}" style="max-width:100%"></div>\n'
            f'<script>(() => {{\n"use strict";\n{program}start("{key}", scene, rules, style);\n}})();</script>\n'
        )

    def __repr__(self) -> str:
        return f"<Explorer: {self.title}>"


def scene(graph: Reading, leaves: list[int]) -> dict[str, Any]:
    """What the page knows of the graph: an operand is the place of a node, or {"number": x}."""
    nodes = []
    for i, node in enumerate(graph.nodes):
        operands = graph.operands[i]
        nodes.append(
            {
                "name": name(graph, i),
                "formula": formula(graph, i),
                "tooltip": tooltip(graph, i),
                "role": graph.role(i),
                "rule": node.op.name if node.op is not None else None,
                "operands": [j if j.__class__ is int else {"number": j} for j in operands],
                "derivatives": [derivative_name(graph, i, k) for k in range(len(operands))],
                "data": node.data,
                "locals": [d if j.__class__ is int else None for j, d in zip(operands, node._cached)],
            }
        )
    drawn = {"narrowest": look.NARROWEST, "widest": look.WIDEST_EDGE, "none": look.GREY}
    drawn |= {"positive": look.BLUE, "negative": look.RED, "unknown": look.BROWN}
    return {"nodes": nodes, "leaves": leaves, "look": drawn}


def tooltip(graph: Reading, i: int) -> str:
    """The first line of the tooltip of node i: name and formula."""
    called = clean(graph.names[i], LONGEST_TOOLTIP)
    return f"{called} = {formula(graph, i)}" if graph.operands[i] else called


def literal(x: Any) -> str:
    """x as JavaScript that can stand in a script element, whatever its strings hold; also nan and inf.

    >>> literal(["</script>", 0.5])
    '["\\\\u003c/script>",0.5]'
    """
    import json

    return json.dumps(x, separators=(",", ":")).replace("<", "\\u003c")


def asset(file: str) -> str:
    """The text of a file that belongs to the page."""
    from pathlib import Path

    return (Path(__file__).parent / file).read_text(encoding="utf-8")
