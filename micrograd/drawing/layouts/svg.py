"""The SVG of a laid out diagram: self-contained, no scripts, no style sheets, the same bytes for the same picture."""

from __future__ import annotations

from math import hypot

from micrograd.drawing.layouts.geometry import MARGIN, Geometry
from micrograd.drawing.look import FONT, GREY, PANEL, PAPER, ROUNDING, SMALL, WIDER, Box, Diagram, Edge, Line, wrapped
from micrograd.notation.signs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.drawing.layouts.geometry import Point

ESCAPED = {ord(character): text for character, text in zip("&<>\"'", ("&amp;", "&lt;", "&gt;", "&quot;", "&#39;"))}
BASELINE = 0.36  # from the middle of a line down to its baseline, over the font size
AROUND = 2.0  # paper beside text, in points
STRETCH = 1.25  # arrowheads are this much wider per point of line width


def escape(text: str) -> str:
    """Text that can stand in the content or an attribute of XML and HTML."""
    return text.translate(ESCAPED)


def at(x: float) -> str:
    """A coordinate, to a tenth of a point."""
    text = f"{x:.1f}"
    return text[:-2] if text.endswith(".0") else text


def svg_of(diagram: Diagram, geometry: Geometry) -> str:
    """The SVG document, in which programs find their way by class and key.

    Boxes have class `box`, edges `edge`, with their place in the diagram in `data-i`; where they stand for single
    values `data-key` is n3 for node 3 of `topological(root)` and n3.0 for its operand 0. Texts of class `data`,
    `gradient`, `local`, `bias`, `weight`, `slope` and `norms` hold the numbers.
    """
    caption = wrapped(diagram.caption, geometry.width - 2.0 * MARGIN)
    wide = max([geometry.width, *[WIDER * line.width + 2.0 * MARGIN for line in caption]])
    high = geometry.height + (len(caption) * SMALL * 1.35 + 6.0 if caption else 0.0)
    size = f'width="{at(wide)}" height="{at(high)}" viewBox="0 0 {at(wide)} {at(high)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" text-anchor="middle" role="img">',
        f"<title>{escape(clean(diagram.title, 200))}</title>",
    ]
    parts += [panel(*corners) for corners in geometry.panels]
    for i, edge in enumerate(diagram.edges):
        parts.append(edge_of(i, edge, geometry.routes[i], geometry.tips[i], geometry.labels[i]))
    parts += [panel_title(group.title, x, y) for group, (x, y, _, _) in zip(diagram.groups, geometry.panels)]
    for i, box in enumerate(diagram.boxes):
        parts.append(box_of(i, box, *geometry.centres[i]))
    if caption:
        widest = max([line.width for line in caption])
        parts.append(paper(MARGIN + WIDER * widest / 2.0, geometry.height + len(caption) * SMALL * 0.65, caption))
    for row, line in enumerate(caption):
        y = geometry.height + (row + 0.8) * SMALL * 1.35
        parts.append(
            f'<text class="caption" x="{at(MARGIN)}" y="{at(y)}" font-size="{at(SMALL)}" fill="{GREY}" '
            f'text-anchor="start">{escape(line.text)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def panel(x0: float, y0: float, x1: float, y1: float) -> str:
    """The panel of a group, behind all else."""
    colour, opacity = PANEL[:7], int(PANEL[7:], 16) / 255.0
    return (
        f'<rect class="panel" x="{at(x0)}" y="{at(y0)}" width="{at(x1 - x0)}" height="{at(y1 - y0)}" rx="10" '
        f'fill="{colour}" fill-opacity="{opacity:.2f}"/>'
    )


def panel_title(title: str, x: float, y: float) -> str:
    """The title of a panel whose upper left corner is at (x, y), over the lines that pass."""
    line = Line([(title, GREY)], SMALL)
    return (
        f'<g class="title">{paper(x + 9.0 + WIDER * line.width / 2.0, y + 14.0 - BASELINE * SMALL, (line,))}'
        f'<text x="{at(x + 9.0)}" y="{at(y + 14.0)}" font-size="{at(SMALL)}" fill="{GREY}" '
        f'text-anchor="start">{escape(title)}</text></g>'
    )


def paper(x: float, y: float, lines: Sequence[Line]) -> str:
    """White behind lines of text that are centred about (x, y), so that they can be read on any page."""
    wide = WIDER * max([line.width for line in lines]) + 2.0 * AROUND
    high = sum([line.height for line in lines])
    corner = f'x="{at(x - wide / 2.0)}" y="{at(y - high / 2.0)}"'
    return f'<rect class="paper" {corner} width="{at(wide)}" height="{at(high)}" rx="3" fill="{PAPER}"/>'


def text_of(lines: tuple[Line, ...], x: float, y: float) -> str:
    """Lines of text, centred about (x, y)."""
    parts = []
    top = y - sum([line.height for line in lines]) / 2.0
    for line in lines:
        baseline = top + line.height / 2.0 + BASELINE * line.size
        top += line.height
        bold = ' font-weight="bold"' if line.bold else ""
        kind = f' class="{line.kind}"' if line.kind else ""
        first, *more = line.spans or (("", ""),)
        rest = "".join([f'<tspan fill="{colour}">{escape(text)}</tspan>' for text, colour in more])
        parts.append(
            f'<text{kind} x="{at(x)}" y="{at(baseline)}" font-size="{at(line.size)}"{bold} fill="{first[1]}">'
            f"{escape(first[0])}{rest}</text>"
        )
    return "".join(parts)


def box_of(i: int, box: Box, x: float, y: float) -> str:
    """Box number i, centred at (x, y)."""
    look = f'fill="{box.fill}" stroke="{box.border}" stroke-width="1.3"'
    if box.circle:
        shape = f'<circle cx="{at(x)}" cy="{at(y)}" r="{at(box.width / 2.0)}" {look}/>'
    else:
        corner = f'x="{at(x - box.width / 2.0)}" y="{at(y - box.height / 2.0)}"'
        shape = f'<rect {corner} width="{at(box.width)}" height="{at(box.height)}" rx="{at(ROUNDING)}" {look}/>'
    opening = f'<g class="box {box.role}" data-i="{i}" data-key="{escape(box.key)}">'
    return f"{opening}<title>{escape(box.tooltip)}</title>{shape}{text_of(box.lines, x, y)}</g>"


def edge_of(i: int, edge: Edge, route: list[Point], tip: Point, label: Point) -> str:
    """Edge number i: its line, arrowhead and label."""
    dashes = ' stroke-dasharray="4 3"' if edge.dashed else ""
    colour, opacity = edge.colour[:7], edge.colour[7:]
    faint = f' stroke-opacity="{int(opacity, 16) / 255.0:.2f}"' if opacity else ""
    points = " ".join([f"{at(x)} {at(y)}" for x, y in route[1:]])
    line = (
        f'<path d="M{at(route[0][0])} {at(route[0][1])}C{points}" fill="none" stroke="{colour}"{faint} '
        f'stroke-width="{edge.width:.2f}"{dashes}/>'
    )
    head = f'<path d="{arrowhead(route[-1], tip, edge.width)}" fill="{colour}"/>' if edge.arrow else ""
    opening = f'<g class="edge" data-i="{i}" data-key="{escape(edge.key)}">'
    label_of = paper(*label, edge.lines) + text_of(edge.lines, *label) if edge.lines else ""
    return f"{opening}<title>{escape(edge.tooltip)}</title>{line}{head}{label_of}</g>"


def arrowhead(base: Point, tip: Point, line: float) -> str:
    """The path of an arrowhead from base to tip for a line of the given width."""
    (x, y), (u, v) = base, tip
    length = hypot(u - x, v - y) or 1.0
    half = 2.6 + STRETCH * line / 2.0
    across = (-(v - y) / length * half, (u - x) / length * half)
    back = 0.5  # a little over the end of the line, so that no gap shows
    x, y = x - (u - x) / length * back, y - (v - y) / length * back
    return f"M{at(x + across[0])} {at(y + across[1])}L{at(u)} {at(v)}L{at(x - across[0])} {at(y - across[1])}Z"
