"""`explore`: the picture of a graph with a player that goes forward and backward, and a slider for every leaf.

static      the picture as an image, which the player replaces where scripts may run
"""

from __future__ import annotations

import sys

from micrograd.dispatch import brief
from micrograd.drawing.explorer.folding import folding_of, roomy
from micrograd.drawing.explorer.javascript import rule
from micrograd.drawing.explorer.scene import differentiated, scene
from micrograd.drawing.layouts.svg import escape
from micrograd.drawing.picture import LEAST_SCALE, Picture, wanted
from micrograd.drawing.typography import LONGEST_TOOLTIP
from micrograd.drawing.views.choice import MOST_FULL, VIEWS, suiting, view_of
from micrograd.drawing.views.reading import Reading, read_graph
from micrograd.engine import Value, topological
from micrograd.expect import option
from micrograd.exporting.javascript.vocabulary import brought
from micrograd.notation.signs import clean
from micrograd.ops import TABLE
from micrograd.system.disk import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

MOST_VALUES, MOST_SLIDERS = 3_000, 12
SCRIPTS = (
    "elements", "backward", "timeline", "descent", "words", "story", "picture", "folded", "frame", "views", "controls",
    "curve", "board", "bar", "quiz", "walk", "explore",
)  # fmt: skip
SOMETIMES = {"folded": "unfolded", "quiz": "quiz"}  # a script, and what of the scene needs it
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="background:Canvas;color:CanvasText;font-family:system-ui,sans-serif;margin:1.2em 0">
<main style="margin:auto;max-width:88em;padding:0 1.4em"><h1 style="font-size:1.35em;margin:0 0 .6em">{title}</h1>
{player}</main></body></html>
"""


def explore(
    value: Value,
    names: Mapping[str, Any] | None = None,
    *,
    leaves: Iterable[Value | str] | None = None,
    view: str = "auto",
    quiz: bool = False,
) -> Explorer:
    """The graph of `value` to play with: forward, backward, a step of descent; move leaves to see every number follow.

    value       the root: what is differentiated
    names       names for values without a label: a mapping such as locals(). Unless given, the variables of the
                function or the cell that calls `explore`, and of its module. Values that have none are called v₁, v₂, …
    leaves      the leaves that get a slider at first, as Values or by name; unless given the labelled ones, or all if
                none has a label, up to 12, inputs first. A click on any other leaf in the picture gives it one, too
    view        what is folded, as for `draw`: "full", "fused", "collapsed", "auto" by size. A click on a folded box
                unfolds it below: the neurons of a layer, the values of a neuron
    quiz        hide the gradients, for a student to find: right, wrong, or as a hint the next factor of the chain rule

    Everything runs inside the page: no kernel, no network. It opens at the beginning, where only the leaves have
    numbers; the graph is evaluated there, and itself stays as it is. Steps of descent move what the picture shows as
    parameters, see `views.roles`. A quiz has no sliders and no descent.

    Raises TypeError for what is not a Value, ValueError for more than 3,000 values, an unknown view, what is not
    among the leaves, and for a quiz on more than 60 values or on none.

    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> explore((w * x).tanh(), {}, leaves=["w"])
    <Explorer: Computation graph of f, 4 values>
    """
    option(view, "view", ("auto", *VIEWS))
    if not isinstance(value, Value):
        raise TypeError(f"explore expects a Value, got {type(value).__name__}")
    size = len(topological(value))
    if size > MOST_VALUES:
        raise ValueError(
            f"explore plays graphs of up to {MOST_VALUES:,} values, got {size:,}: explore the loss of one sample or "
            "of a smaller model, or see the whole with draw(value)"
        )
    if names is None:
        caller = sys._getframe(1)
        names = {**caller.f_globals, **caller.f_locals}
    view = suiting(size) if view == "auto" else view
    if quiz and view != "full":
        raise ValueError(f"a quiz is for a graph in the full view, up to {MOST_FULL} values, got {size:,} in {view}")
    original = read_graph(value, names)
    graph = differentiated(original)
    diagram = roomy(view_of(graph, view, "LR"))
    rules = rules_of(graph)
    known = scene(graph, slider_places(original, leaves), foreign="null" in rules.values())
    known |= folding_of(graph, view)
    if quiz:
        from micrograd.drawing.explorer.questions import questions, without_derivatives

        known |= {"quiz": questions(graph), "leaves": []}
        without_derivatives(diagram)
    return Explorer(Picture(diagram), known, rules)


def rules_of(graph: Reading) -> dict[str, str]:
    """The rows that a graph uses, in JavaScript; "null" for one that is foreign."""
    rows = {node.op.name: node.op for node in graph.nodes if node.op is not None}
    foreign = {node.op.name for node in graph.nodes if node.op is not None and TABLE.get(node.op.name) is not node.op}
    return {called: "null" if called in foreign else rule(op) for called, op in rows.items()}


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
        called = {i: (graph.names.get(i), graph.nodes[i].label.strip()) for i in places}
        matching = [i for i in places if graph.nodes[i] is leaf or leaf in called[i]]
        if not matching:
            known = clean(", ".join([repr(graph.names[i]) for i in places if i in graph.names]), LONGEST_TOOLTIP)
            raise ValueError(f"{leaf!r} is not a leaf of this graph; its leaves by name: {known or 'none has one'}")
        found += [i for i in matching if i not in found]
    return found


class Page:
    """A still picture, and scripts that bring it to life: it shows itself in a notebook and saves itself.

    title       what it is called
    """

    picture: Picture
    title: str

    @property
    def html(self) -> str:
        """A page of its own, as text."""
        raise NotImplementedError

    def notebook_html(self) -> str:
        """The page as a piece of HTML."""
        raise NotImplementedError

    @property
    def svg(self) -> str:
        """The still picture, as SVG text."""
        return self.picture.svg

    def image(self) -> str:
        """The still picture as an element that survives where scripts do not run."""
        from base64 import b64encode

        source = f"data:image/svg+xml;base64,{b64encode(self.svg.encode()).decode()}"
        least = f"max-width:100%;min-width:{self.picture.size[0] * LEAST_SCALE:.0f}px"
        return f'<img alt="{escape(self.title)}" src="{source}" style="{least}">'

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as a page of its own.

        Raises ValueError unless the path ends in .html, OSError from the file.
        """
        expect_page(path)
        write(path, self.html)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """What notebooks show, and a PNG that they are exported with, as that of a Picture."""
        bundle = {"text/html": self.notebook_html(), "text/plain": repr(self)}
        if wanted({"image/png": ""}, include, exclude):
            bundle |= self.picture.preview()
        return wanted(bundle, include, exclude)


class Explorer(Page):
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
        self.title = scene["title"] = picture.diagram.title

    @property
    def html(self) -> str:
        """The player as a page of its own."""
        player = self.notebook_html("A still picture: with scripts it is a player.")
        return PAGE.format(title=escape(self.title), player=player)

    def notebook_html(self, still: str = "A still picture: running this cell brings the player.") -> str:
        """The player as a piece of HTML: the static picture with a line below, and the script that replaces both.

        The script starts every player of this graph on the page that is not playing yet, so the same output may stand
        on a page twice.
        """
        from hashlib import sha256

        rules = ",\n".join([f"{literal(called)}: {text}" for called, text in sorted(self.rules.items())])
        needed = [f"{file}.js" for file in SCRIPTS if SOMETIMES.get(file, "nodes") in self.scene]
        program = "\n".join([bare(text) for text in [*map(asset, needed), *brought(rules)]])
        program += f"\nconst rules = {{\n{rules}\n}};\n"
        program += f"const scene = {literal(self.scene)};\nconst style = {literal(bare(asset('explore.css')))};\n"
        image = self.image()
        key = "g" + sha256((program + image).encode()).hexdigest()[:16]
        return (
            f'<div class="micrograd-explorer" data-graph="{key}" data-lm-suppress-shortcuts="true" '
            'style="overflow-x:auto">'
            f"{image}<p>{still}</p></div>\n"
            f'<script>(() => {{\n"use strict";\n{program}start("{key}", scene, rules, style);\n}})();</script>\n'
        )

    def __repr__(self) -> str:
        return f"<Explorer: {self.title}>"


def expect_page(path: str | os.PathLike[str]) -> None:
    """ValueError for the path of anything but a page."""
    from pathlib import Path

    if Path(path).suffix.lower() != ".html":
        raise ValueError(f"expected a path that ends in .html, got {str(path)!r}; draw(value) saves pictures")


def literal(x: Any) -> str:
    """x as JavaScript that can stand in a script element, whatever its strings hold; also nan and inf.

    >>> literal(["</script>", 0.5])
    '["\\\\u003c/script>",0.5]'
    """
    import json

    return json.dumps(x, separators=(",", ":")).replace("<", "\\u003c")


def asset(file: str) -> str:
    """The text of a file that belongs to the player."""
    from pathlib import Path

    return (Path(__file__).parent / "player" / file).read_text(encoding="utf-8")


def bare(text: str) -> str:
    """A script or a style as a page needs it: without indentation, and without lines that are a comment."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join([line for line in lines if line and not line.startswith("//")])
