"""Graphviz: the DOT source of a diagram, its layout by `dot`, and PNG and PDF.

`dot` is asked only for places; the SVG is drawn from them as from the package's own layout, and PNG and PDF get the
same places back (`neato -n2`), so that a picture looks the same however it was laid out and stored.
"""

from __future__ import annotations

from math import ceil

from micrograd.drawing.layouts.geometry import MARGIN, Geometry
from micrograd.drawing.layouts.svg import escape
from micrograd.drawing.look import GREY, PANEL, PAPER, SMALL, Box, Diagram, Edge, Line, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from graphviz import Digraph  # type: ignore[import-untyped]

    from micrograd.drawing.layouts.geometry import Point

MOST_BOXES, MOST_EDGES = 150, 260  # what `dot` lays out at once
LONGEST_LAYOUT, LONGEST_RENDERING = 3.0, 60.0  # seconds
RESOLUTION, WIDEST_PNG = 192, 30_000  # dots per inch; pixels
WIDEST_CAPTION = 600.0  # points, where the width of the picture is not known yet
FONT = "Helvetica,Arial,sans-serif"
MISSING = (
    "saving as {} needs the program dot of Graphviz, which was not found on PATH: install it (apt install graphviz, "
    "brew install graphviz, conda install graphviz, or https://graphviz.org/download), or save as svg or html"
)


def inches(points: float) -> str:
    """A length as Graphviz wants it."""
    return f"{points / 72.0:.4f}"


def markup(lines: tuple[Line, ...]) -> str:
    """Lines of text as a label in Graphviz's own markup."""
    shown = []
    for line in lines:
        # Graphviz replaces \N and its like by names even here; a space of no width between the two prevents it.
        spans = [(escape(text).replace("\\", "\\\u200b"), colour) for text, colour in line.spans if text]
        text = "".join([f'<font color="{colour}">{text}</font>' for text, colour in spans]) or " "
        shown.append(f'<font point-size="{line.size:g}">{f"<b>{text}</b>" if line.bold else text}</font>')
    return "<" + "<br/>".join(shown) + ">" if shown else ""


def literal(text: str) -> str:
    """Text for an attribute in which Graphviz would read backslashes and entities."""
    import graphviz

    return graphviz.escape(text.replace("&", "&amp;"))


def reserved(width: float, height: float) -> str:
    """A label of that size without text, for a layout that does not depend on the fonts of a machine."""
    size = f'fixedsize="true" width="{ceil(width)}" height="{ceil(height)}"'
    return f'<<table border="0" cellborder="0" cellpadding="0" cellspacing="0" {size}><tr><td></td></tr></table>>'


def digraph(diagram: Diagram, geometry: Geometry | None = None, *, texts: bool = True) -> Digraph:
    """The diagram as a graph of the graphviz package; with a geometry every place is fixed for `neato -n2`.

    Without texts, boxes are empty and labels are room of the size that they will take.
    """
    import graphviz

    graph = graphviz.Digraph("micrograd")
    graph.attr(rankdir=diagram.direction, ordering="in", nodesep="0.14", ranksep="0.3", pad="0.08")
    graph.attr(bgcolor="transparent")
    graph.attr("node", shape="box", style="rounded,filled", fixedsize="true", fontname=FONT, penwidth="1.3")
    graph.attr("edge", fontname=FONT, arrowsize="0.7")
    if texts and diagram.caption:
        lines = wrapped(diagram.caption, geometry.width - 2.0 * MARGIN if geometry else WIDEST_CAPTION)
        text = markup(tuple(lines)).replace("<br/>", '<br align="left"/>')[:-1] + '<br align="left"/>>'
        graph.attr(label=text, labelloc="b", labeljust="l", fontname=FONT)
    for k, group in enumerate(diagram.groups):
        if geometry is None:
            with graph.subgraph(name=f"cluster_{k}") as cluster:
                cluster.attr(
                    label=literal(group.title),
                    style="rounded,filled",
                    color=PANEL,
                    fontname=FONT,
                    fontsize=f"{SMALL:g}",
                    fontcolor=GREY,
                    labeljust="l",
                    margin="9",
                )
                for i in group.members:
                    cluster.node(f"n{i}")
        else:
            place_panel(graph, group.title, geometry, k)
    for i, box in enumerate(diagram.boxes):
        graph.node(f"n{i}", **box_attributes(box, geometry, i) | ({} if texts else {"label": ""}))
    for i, edge in enumerate(diagram.edges):
        label = {} if texts or not edge.lines else {"label": reserved(*edge.label_size)}
        graph.edge(f"n{edge.tail}", f"n{edge.head}", **edge_attributes(edge, geometry, i) | label)
    return graph


def placed(point: Point, geometry: Geometry) -> str:
    """A point as Graphviz wants it, y upwards."""
    return f"{point[0]:.2f},{geometry.height - point[1]:.2f}"


def place_panel(graph: Digraph, title: str, geometry: Geometry, k: int) -> None:
    """Add a panel and its title as nodes at fixed places; `neato -n2` knows no clusters."""
    x0, y0, x1, y1 = geometry.panels[k]
    line = Line([(title, GREY)], SMALL)
    middle = placed(((x0 + x1) / 2.0, (y0 + y1) / 2.0), geometry)
    graph.node(f"panel{k}", "", pos=middle, width=inches(x1 - x0), height=inches(y1 - y0), color=PANEL, penwidth="0")
    corner = placed((x0 + 9.0 + line.width / 2.0, y0 + 10.0), geometry)
    graph.node(f"title{k}", markup((line,)), pos=corner, shape="none", style="", width="0", height="0")


def box_attributes(box: Box, geometry: Geometry | None, i: int) -> dict[str, str]:
    """The attributes of box number i."""
    found = {
        "label": markup(box.lines),
        "width": inches(box.width),
        "height": inches(box.height),
        "color": box.border,
        "fillcolor": box.fill,
        "tooltip": literal(box.tooltip),
    }
    if box.circle:
        found["shape"] = "circle"
    if geometry is not None:
        found["pos"] = placed(geometry.centres[i], geometry)
    return found


def edge_attributes(edge: Edge, geometry: Geometry | None, i: int) -> dict[str, str]:
    """The attributes of edge number i."""
    found = {
        "id": f"e{i}",
        "color": edge.colour,
        "penwidth": f"{edge.width:.2f}",
        "tooltip": literal(edge.tooltip),
        "style": "dashed" if edge.dashed else "solid",
    }
    if edge.lines:
        found["label"] = markup(edge.lines)
    if not edge.arrow:
        found["dir"] = "none"
    if geometry is not None:
        points = " ".join([placed(point, geometry) for point in geometry.routes[i]])
        found["pos"] = (f"e,{placed(geometry.tips[i], geometry)} " if edge.arrow else "") + points
        found["lp"] = placed(geometry.labels[i], geometry)
    return found


def run(arguments: list[str], source: str, seconds: float) -> bytes:
    """What `dot` answers; OSError or subprocess.SubprocessError if it is missing, fails or takes too long."""
    import subprocess

    window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    command = ["dot", *arguments]
    return subprocess.run(
        command, input=source.encode(), capture_output=True, timeout=seconds, check=True, creationflags=window
    ).stdout


def expect_dot(kind: str) -> None:
    """RuntimeError with the cure if `dot` is missing."""
    import shutil

    if shutil.which("dot") is None:
        raise RuntimeError(MISSING.format(kind))


def dot_layout(diagram: Diagram) -> Geometry | None:
    """The geometry that `dot` finds; None where it is not there, would take long, fails, or does worse.

    It does worse with panels: inside clusters it gives up the order of the operands (`ordering=in`).
    """
    if diagram.groups or len(diagram.boxes) > MOST_BOXES or len(diagram.edges) > MOST_EDGES:
        return None
    import json
    import shutil
    import subprocess

    if shutil.which("dot") is None:
        return None
    try:
        source = digraph(diagram, texts=False).source
        return geometry_of(diagram, json.loads(run(["-Tjson0"], source, LONGEST_LAYOUT)))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, ImportError):
        return None  # the own layout takes over: drawing never fails


def numbers(text: str) -> list[float]:
    """The numbers in "1,2 3,4"."""
    return [float(part) for part in text.replace(",", " ").split()]


def geometry_of(diagram: Diagram, found: dict[str, Any]) -> Geometry:
    """The geometry in an answer of `dot -Tjson0`. ValueError or KeyError if anything is missing."""
    x0, y0, x1, y1 = numbers(found["bb"])
    margin = 6.0

    def points(text: str) -> list[Point]:
        flat = numbers(text)
        return [(x - x0 + margin, y1 - y + margin) for x, y in zip(flat[::2], flat[1::2])]

    objects = {thing["name"]: thing for thing in found["objects"]}
    centres = [points(objects[f"n{i}"]["pos"])[0] for i in range(len(diagram.boxes))]
    edges = {thing["id"]: thing for thing in found.get("edges", [])}
    routes, tips, labels = [], [], []
    for i in range(len(diagram.edges)):
        thing = edges[f"e{i}"]
        arrow, _, line = thing["pos"].partition(" ") if thing["pos"].startswith("e,") else ("", "", thing["pos"])
        route = points(line)
        routes.append(route)
        tips.append(points(arrow[2:])[0] if arrow else route[-1])
        x, y = points(thing["lp"])[0] if "lp" in thing else route[0]
        clear = 2.0 + diagram.edges[i].width / 2.0
        labels.append((x, y - clear) if diagram.direction == "LR" else (x + clear, y))
    return Geometry(centres, routes, tips, labels, [], x1 - x0 + 2.0 * margin, y1 - y0 + 2.0 * margin)


def rendered(diagram: Diagram, geometry: Geometry, kind: str, resolution: float = RESOLUTION) -> bytes:
    """The picture as PNG, on paper, or PDF, with every place as in the geometry; `kind` as Graphviz calls it.

    Raises ValueError for a PNG of more pixels in a row than programs read, RuntimeError with the cure if `dot` is
    missing or fails.
    """
    import subprocess

    graph = digraph(diagram, geometry)
    graph.attr(outputorder="edgesfirst")  # boxes lie on lines
    if kind.startswith("png"):
        pixels = max(geometry.width, geometry.height) * resolution / 72.0
        if pixels > WIDEST_PNG:
            raise ValueError(
                f"a PNG of this picture would be {pixels:,.0f} pixels long, more than the {WIDEST_PNG:,} that can be "
                "read: save it as svg or pdf"
            )
        graph.attr(dpi=f"{resolution:g}", bgcolor=PAPER)
    try:
        return run(["-Kneato", "-n2", f"-T{kind}"], graph.source, LONGEST_RENDERING)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"dot could not draw the picture: {said}") from None
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"dot took longer than {LONGEST_RENDERING:g} s; save as svg or html instead") from None
    except OSError:
        raise RuntimeError(MISSING.format(kind)) from None
