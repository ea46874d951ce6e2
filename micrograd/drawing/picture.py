"""`Picture`: what `draw` returns. It shows itself in a notebook and saves itself to a file.

A file format more, such as TikZ, is a function in a file of its own in `layouts/` that makes text or bytes of a Picture
(of what it shows, `diagram`, and where that stands, `geometry`; an edge names its boxes by their place in
`diagram.boxes`), and its line in WRITERS.
"""

from __future__ import annotations

from micrograd.drawing.layouts.dot import digraph, dot_layout, expect_dot, rendered
from micrograd.drawing.layouts.geometry import Geometry
from micrograd.drawing.layouts.layered import layered_layout
from micrograd.drawing.layouts.svg import escape, svg_of
from micrograd.drawing.look import Diagram
from micrograd.system.disk import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection
    from typing import Any

    from graphviz import Digraph  # type: ignore[import-untyped]

WRITERS: dict[str, Callable[[Picture], str | bytes]] = {  # by the suffix of the file
    "svg": lambda picture: picture.svg,
    "png": lambda picture: rendered(picture.diagram, picture.geometry, "png"),
    "pdf": lambda picture: rendered(picture.diagram, picture.geometry, "pdf"),
    "dot": lambda picture: picture.source,
    "html": lambda picture: picture.html,
}
RENDERED = ("png", "pdf")  # by Graphviz
MOST_TOOLTIPS = 200
LEAST_SCALE = 0.75  # a wide picture in a notebook is made smaller down to this, and scrolls beyond
PREVIEW_RESOLUTION, WIDEST_PREVIEW, LONGEST_PREVIEW = 110.0, 1_800, 6_000.0  # dots per inch; pixels; points
PREVIEWS = ("png:cairo:gd", "png")  # with 256 colours, which takes a fifth of the room, where Graphviz can


def writer_for(path: str | os.PathLike[str]) -> Callable[[Picture], str | bytes]:
    """What writes a picture to this path. ValueError for a suffix without a writer, RuntimeError without Graphviz."""
    from pathlib import Path

    suffix = Path(path).suffix[1:].lower()
    if suffix not in WRITERS:
        raise ValueError(f"expected a path that ends in .{', .'.join(WRITERS)}, got {str(path)!r}")
    if suffix in RENDERED:
        expect_dot(suffix)
    return WRITERS[suffix]


def wanted(bundle: dict[str, Any], include: Collection[str] | None, exclude: Collection[str] | None) -> dict[str, Any]:
    """What of a bundle a notebook asks for."""
    return {
        kind: data for kind, data in bundle.items() if (not include or kind in include) and kind not in (exclude or ())
    }


class Picture:
    """A drawn graph or network, as it was when it was drawn.

    svg         the picture as SVG text
    source      the picture as DOT text
    dot         the picture as a graph of the graphviz package, for those who want to change it
    save(path)  write a file in the format of its suffix, one of WRITERS, such as svg

    >>> from micrograd.drawing import draw
    >>> from micrograd.engine import Value
    >>> picture = draw(Value(2.0, label="x") * 3.0)
    >>> picture
    <Picture: Computation graph, 2 values>
    >>> picture.svg.startswith("<svg ")
    True
    """

    diagram: Diagram

    def __init__(self, diagram: Diagram, geometry: Geometry | None = None) -> None:
        self.diagram = diagram
        self._geometry = geometry
        self._svg = ""

    @property
    def geometry(self) -> Geometry:
        """Where everything stands: from `dot` where that is quick, else from the package's own layout."""
        if self._geometry is None:
            self._geometry = dot_layout(self.diagram) or layered_layout(self.diagram)
        return self._geometry

    @property
    def svg(self) -> str:
        """The picture as SVG text."""
        if not self._svg:
            self._svg = svg_of(self.diagram, self.geometry)
        return self._svg

    @property
    def dot(self) -> Digraph:
        """The picture as a `graphviz.Digraph`."""
        return digraph(self.diagram)

    @property
    def source(self) -> str:
        """The picture as DOT text, for Graphviz's `dot`."""
        return self.dot.source

    @property
    def html(self) -> str:
        """The picture as a page of its own."""
        title = escape(self.diagram.title)
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
            f'<body style="margin:1em">\n{self.svg}</body></html>\n'
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file; its suffix says how, as .svg or .pdf; WRITERS has them all.

        Raises ValueError for another suffix and for a png of more than 30,000 pixels, RuntimeError for png and pdf
        without Graphviz, OSError from the file.
        """
        write(path, writer_for(path)(self))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """What notebooks show, and what they are exported with: HTML, PNG where Graphviz is there, text.

        SVG stands in the HTML alone, unless it is asked for: for LaTeX nbconvert wants to make PDF of an SVG that has a
        place of its own, by Inkscape or not at all, even where a PNG is beside it.
        """
        bundle = {"text/html": self.notebook_html(), "text/plain": repr(self)}
        if include and "image/svg+xml" in include:
            bundle["image/svg+xml"] = self.svg
        if wanted({"image/png": ""}, include, exclude):
            bundle |= self.preview()
        return wanted(bundle, include, exclude)

    def preview(self) -> dict[str, str]:
        """A PNG of moderate size for notebooks that are exported to paper; none of a picture that no paper can show."""
        import base64

        longest = max(self.geometry.width, self.geometry.height)
        resolution = min(PREVIEW_RESOLUTION, 72.0 * WIDEST_PREVIEW / longest)
        for kind in PREVIEWS if longest <= LONGEST_PREVIEW else ():
            try:
                png = rendered(self.diagram, self.geometry, kind, resolution)
            except (RuntimeError, ImportError):  # a notebook shows its picture all the same
                continue
            return {"image/png": base64.b64encode(png).decode()}
        return {}

    def notebook_html(self) -> str:
        """The picture as an image with the data in it, which survives a notebook that is reopened untrusted.

        An image shows no tooltips, so transparent boxes with the tooltips lie on top of it; where a notebook strips
        their position they take no room.
        """
        import base64

        source = "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()
        least = f"max-width:100%;min-width:{self.size[0] * LEAST_SCALE:.0f}px"
        image = f'<img alt="{escape(self.diagram.title)}" src="{source}" style="{least}">'
        frame = f'<div style="position:relative;display:inline-block;{least}">{image}{self.tooltips()}</div>'
        return f'<div style="overflow-x:auto">{frame}</div>'

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the SVG in points."""
        wide, high = self.svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
        return float(wide), float(high)

    def tooltips(self) -> str:
        """Transparent boxes over boxes and labels of edges, in percent of the picture, so that they shrink with it."""
        geometry, diagram, (wide, high) = self.geometry, self.diagram, self.size
        places = [(x, y, box.width, box.height, box.tooltip) for box, (x, y) in zip(diagram.boxes, geometry.centres)]
        labels = zip(diagram.edges, geometry.labels)
        places += [(x, y, *edge.label_size, edge.tooltip) for edge, (x, y) in labels if edge.lines]
        if len(places) > MOST_TOOLTIPS:
            return ""
        return "".join(
            [
                f'<span title="{escape(text)}" style="position:absolute;left:{100 * (x - w / 2) / wide:.2f}%;'
                f'top:{100 * (y - h / 2) / high:.2f}%;width:{100 * w / wide:.2f}%;height:{100 * h / high:.2f}%"></span>'
                for x, y, w, h, text in places
            ]
        )

    def __repr__(self) -> str:
        return f"<Picture: {self.diagram.title}>"
