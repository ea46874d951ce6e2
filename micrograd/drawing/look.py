"""The look of every picture, decided in one place: colours, type, sizes; and what a picture is before it is laid out.

    Box         one rounded box (or circle) with a few lines of text
    Edge        an arrow between two boxes, with a label; drawn as wide as the gradient that flows back along it
    Group       boxes that stand on one panel, such as a layer
    Diagram     boxes, edges, groups and a caption: what layouts place and writers write
    span        a piece of text in one colour; a Line is spans side by side

Boxes bring their own light ground, and text outside them stands on paper, so that one picture serves light and dark
pages alike: text has a contrast of 4.5 : 1 with what is behind it, lines and borders one of 3 : 1 with either page.
No colour would do for text on both.
"""

from __future__ import annotations

from math import isfinite, sqrt

from micrograd.drawing.typography import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[str, str]

FONT = "Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif"
NAME, NUMBER, SMALL, TITLE = 13.0, 12.5, 11.0, 13.0  # font sizes in points
LEADING = 1.28  # line height over font size
PADDING, ROUNDING = (11.0, 5.0), 9.0
NARROWEST, WIDEST_EDGE = 0.9, 4.6
ARROW_ROOM, TALLEST = 8.0, 400.0
# Widths are estimated for Helvetica. DejaVu Sans, which many machines have alone, is up to a fifth wider: what stands
# in a box or at the edge of a picture gets that much room, with this padding.
WIDER, LEAST_PADDING = 1.2, 3.0
NARROWEST_CAPTION = 340.0

INK, SOFT = "#23232e", "#666674"  # inside boxes: what matters, and operators and gradients
GREY, BLUE, RED, BROWN, GREEN = "#73737f", "#2f7fc0", "#d64a40", "#a06a1c", "#28833b"  # of lines, and of text on paper
PANEL, PAPER = "#7a7a8622", "#ffffff"

ROLES = {  # fill, border, text
    "input": ("#dcebfa", "#2f7fc0", "#12304d"),
    "parameter": ("#e1f2e1", "#2b8a3e", "#123d1b"),
    "constant": ("#fdf4d8", "#b07a10", "#4d3800"),
    "inner": ("#f8f8fb", "#85859a", "#23232e"),
    "output": ("#f7e3f6", "#a24d9f", "#4a1248"),
}


class Line:
    """Spans of (text, colour) side by side, at one font size in points; `kind` says what it tells: data, gradient, …"""

    __slots__ = ("spans", "size", "bold", "kind")

    def __init__(self, spans: Sequence[Span], size: float, *, bold: bool = False, kind: str = "") -> None:
        self.spans, self.size, self.bold, self.kind = tuple(spans), size, bold, kind

    @property
    def text(self) -> str:
        """The line without its colours."""
        return "".join([text for text, _ in self.spans])

    @property
    def width(self) -> float:
        """Estimated width in points."""
        return width(self.text, self.size) * (1.08 if self.bold else 1.0)

    @property
    def height(self) -> float:
        """Height in points, with the space to the next line."""
        return self.size * LEADING


class Box:
    """A rounded box, or a circle; width and height in points are taken from its lines unless given.

    `key` says for programs what it stands for, see `svg`.
    """

    __slots__ = ("lines", "role", "tooltip", "fill", "border", "width", "height", "circle", "key")

    def __init__(
        self, lines: Sequence[Line], role: str, tooltip: str, *, diameter: float = 0.0, fill: str = "", key: str = ""
    ) -> None:
        self.lines, self.role, self.tooltip, self.key = tuple(lines), role, tooltip, key
        self.fill, self.border = fill or ROLES[role][0], ROLES[role][1]
        self.circle = diameter > 0.0
        across, down = PADDING
        longest = max([line.width for line in lines], default=0.0)
        self.width = diameter or max(longest + 2.0 * across, WIDER * longest + 2.0 * LEAST_PADDING)
        self.height = diameter or sum([line.height for line in lines]) + 2.0 * down


class Edge:
    """An arrow from box number `tail` to box number `head`, with the lines of its label.

    `flow` is the gradient that flows back along it, None where none was computed; it sets colour and width (`weigh`).
    """

    __slots__ = ("tail", "head", "lines", "flow", "tooltip", "dashed", "colour", "width", "arrow", "key")

    def __init__(
        self,
        tail: int,
        head: int,
        lines: Sequence[Line] = (),
        *,
        flow: float | None = None,
        tooltip: str = "",
        dashed: bool = False,
        colour: str = "",
        arrow: bool = True,
        key: str = "",
    ) -> None:
        self.tail, self.head, self.lines, self.flow, self.tooltip = tail, head, tuple(lines), flow, tooltip
        self.dashed, self.colour, self.width, self.arrow, self.key = dashed, colour, 1.2, arrow, key

    @property
    def label_size(self) -> tuple[float, float]:
        """Width and height of the label in points; (0, 0) without one."""
        return max([line.width for line in self.lines], default=0.0), sum([line.height for line in self.lines])


class Group:
    """A titled panel behind some boxes, given by their numbers."""

    __slots__ = ("title", "members")

    def __init__(self, title: str, members: Sequence[int]) -> None:
        self.title, self.members = title, tuple(members)


class Diagram:
    """What a picture shows. `title` describes it in a few words, `caption` says what was folded."""

    __slots__ = ("boxes", "edges", "groups", "caption", "title", "direction")

    def __init__(
        self,
        boxes: list[Box],
        edges: list[Edge],
        *,
        title: str,
        caption: str = "",
        groups: Sequence[Group] = (),
        direction: str = "LR",
    ) -> None:
        self.boxes, self.edges, self.groups = boxes, edges, tuple(groups)
        self.title, self.caption, self.direction = title, caption, direction


def wrapped(caption: str, room: float) -> list[Line]:
    """The caption in lines that fit into `room`, or the narrowest that is good to read, in any of the fonts."""
    room = max(room, NARROWEST_CAPTION)
    lines: list[str] = []
    for word in caption.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and WIDER * width(longer, SMALL) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return [Line([(line, GREY)], SMALL) for line in lines]


def make_room(diagram: Diagram) -> None:
    """Let boxes grow that many arrows enter, so that the arrowheads stay apart."""
    entering = [0] * len(diagram.boxes)
    for edge in diagram.edges:
        entering[edge.head] += 1
    for box, n in zip(diagram.boxes, entering):
        needed = min(n * ARROW_ROOM, TALLEST) + 2.0 * ROUNDING
        if diagram.direction == "LR":
            box.height = max(box.height, needed)
        else:
            box.width = max(box.width, needed)


def weigh(edges: Sequence[Edge]) -> None:
    """Set width and colour of each edge by the gradient that flows back along it.

    The width grows with √|flow|, the largest in the picture being the widest; blue is positive, red negative, grey
    none. A flow of inf is as wide as can be, nan is brown.
    """
    flows = [abs(edge.flow) for edge in edges if edge.flow is not None and isfinite(edge.flow) and not edge.dashed]
    largest = max(flows, default=0.0)
    for edge in edges:
        flow = edge.flow
        if flow is None or flow == 0.0 or edge.dashed:
            edge.colour = edge.colour or GREY
            continue
        edge.colour = edge.colour or (BLUE if flow > 0.0 else RED if flow < 0.0 else BROWN)
        share = min(1.0, abs(flow) / largest) if isfinite(flow) else 1.0
        edge.width = NARROWEST + (WIDEST_EDGE - NARROWEST) * sqrt(share)
