"""Where everything in a picture stands: what a layout finds out about a diagram, and writers need to know.

point       (x, y) in points, y downwards
route       cubic Bézier curves end to end: start, then two control points and an end for each curve
tip         the end of the arrowhead; the route ends where the arrowhead begins
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Point = tuple[float, float]
    Rectangle = tuple[float, float, float, float]

ARROW = 8.0  # length of an arrowhead in points
MARGIN, PANEL_MARGIN, PANEL_TITLE = 6.0, 9.0, 15.0


class Geometry:
    """Centres of boxes, routes and tips of edges, centres of labels, panels as (x0, y0, x1, y1), and size."""

    __slots__ = ("centres", "routes", "tips", "labels", "panels", "width", "height")

    def __init__(
        self,
        centres: list[Point],
        routes: list[list[Point]],
        tips: list[Point],
        labels: list[Point],
        panels: list[Rectangle],
        width: float,
        height: float,
    ) -> None:
        self.centres, self.routes, self.tips, self.labels, self.panels = centres, routes, tips, labels, panels
        self.width, self.height = width, height
