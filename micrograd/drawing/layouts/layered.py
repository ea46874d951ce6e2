"""The package's own layered layout: draws any graph, without Graphviz, in a time that grows with its size.

Continues `layering`, whose words it uses.

    place       of each item: where across its line goes
    wish        where an item would like to be: the mean of its neighbours
    gap         free space along between two ranks
"""

from __future__ import annotations

from micrograd.drawing.layouts.geometry import ARROW, MARGIN, PANEL_MARGIN, PANEL_TITLE, Geometry
from micrograd.drawing.layouts.layering import Items, items_of
from micrograd.drawing.look import Diagram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.drawing.layouts.geometry import Point, Rectangle
    from micrograd.drawing.layouts.layering import Neighbour

APART, GAP, STEEPEST_GAP = 9.0, 20.0, 60.0
SWEEPS, SMALL, LARGE = 24, 600, 10_000


def layered_layout(diagram: Diagram) -> Geometry:
    """The geometry of a diagram, its boxes ranked in the direction of the computation."""
    items = items_of(diagram)
    place = arranged(items, len(diagram.boxes))
    starts, ends = along(items, place)
    centres = [((starts[rank] + ends[rank]) / 2.0, place[i]) for i, rank in enumerate(items.rank)]
    routes, tips, labels = [], [], []
    lengthwise = diagram.direction == "LR"
    for edge, chain, port in zip(diagram.edges, items.chains, items.ports):
        route = route_of(items, chain, place, port, starts, ends)
        arrow = ARROW if edge.arrow else 0.0
        tips.append((route[-1][0], route[-1][1]))
        routes.append(shortened(route, arrow))
        middle, line = centres[chain[-2]]
        wide, high = edge.label_size
        labels.append((middle, line - 2.0 - high / 2.0) if lengthwise else (middle, line + 5.0 + wide / 2.0))
    return placed(diagram, centres[: len(diagram.boxes)], routes, tips, labels)


def arranged(items: Items, boxes: int) -> list[float]:
    """The place of every item: sweeps move items to their wishes, and the order with the fewest crossings stays."""
    place = first_order(items, boxes)
    size = len(items.rank)
    sweeps = SWEEPS if size <= SMALL else 8 if size <= LARGE else 3
    best, fewest = [list(rank) for rank in items.ranks], crossings(items) if size <= SMALL else 0
    for sweep in range(sweeps):
        forward = sweep % 2 == 0
        for rank in items.ranks if forward else reversed(items.ranks):
            settle(items, rank, place, items.before if forward else items.after, sort=True)
        if size <= SMALL:
            found = crossings(items)
            if found < fewest:
                best, fewest = [list(rank) for rank in items.ranks], found
    if size <= SMALL:
        items.ranks = best
    both = [before + after for before, after in zip(items.before, items.after)]
    for neighbours in (items.after, items.before, both, items.after, items.before):  # ends forward: chains run straight
        for rank in reversed(items.ranks) if neighbours is items.after else items.ranks:
            settle(items, rank, place, neighbours, sort=False)
    return place


def first_order(items: Items, boxes: int) -> list[float]:
    """Fill the ranks depth first from the results down, operands in order; the first place of each item."""
    entering: list[list[list[int]]] = [[] for _ in range(boxes)]
    for chain in items.chains:
        entering[chain[-1]].append(chain)
    seen = bytearray(len(items.rank))
    for root in sorted(range(boxes), key=lambda i: -items.rank[i]):
        waiting = [root]
        while waiting:
            i = waiting.pop()
            if seen[i]:
                continue
            seen[i] = 1
            items.ranks[items.rank[i]].append(i)
            if i < boxes:
                for chain in reversed(entering[i]):
                    waiting.extend(chain[:-1])
    place = [0.0] * len(items.rank)
    for rank in items.ranks:
        line = 0.0
        for i in rank:
            place[i] = line + items.above[i]
            line += items.above[i] + items.below[i] + APART
        for i in rank:
            place[i] -= line / 2.0
    return place


def settle(items: Items, rank: list[int], place: list[float], neighbours: list[list[Neighbour]], *, sort: bool) -> None:
    """Move the items of one rank as near to their wishes as their sizes allow; in the order of the wishes if `sort`."""
    wishes: dict[int, tuple[float, float]] = {}
    ranks = items.rank
    for i in rank:
        total = weight = 0.0
        for j, port, w in neighbours[i]:
            total += w * (place[j] - port if ranks[j] < ranks[i] else place[j] + port)
            weight += w
        wishes[i] = (total / weight, weight) if weight else (place[i], 1.0)
    if sort:
        rank.sort(key=lambda i: wishes[i][0])
    offsets: list[float] = []
    for k, i in enumerate(rank):
        offsets.append(offsets[-1] + items.below[rank[k - 1]] + APART + items.above[i] if k else 0.0)
    free = rising([wishes[i][0] - offset for i, offset in zip(rank, offsets)], [wishes[i][1] for i in rank])
    for i, line, offset in zip(rank, free, offsets):
        place[i] = line + offset


def rising(wishes: list[float], weights: list[float]) -> list[float]:
    """The numbers nearest to the wishes, in weighted squares, of which none is below the one before.

    By pooling adjacent violators (R. E. Barlow et al., Statistical Inference under Order Restrictions, 1972).

    >>> rising([1.0, 3.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0])
    [1.0, 2.5, 2.5, 5.0]
    """
    pools: list[tuple[float, float, int]] = []  # mean of the wishes, their weight, and their number
    for mean, weight in zip(wishes, weights):
        number = 1
        while pools and pools[-1][0] > mean:
            other, heavy, more = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight, number = weight + heavy, number + more
        pools.append((mean, weight, number))
    return [mean for mean, _, number in pools for _ in range(number)]


def crossings(items: Items) -> int:
    """How many pairs of edge pieces cross between neighbouring ranks."""
    from bisect import bisect_right, insort

    order = {i: position for rank in items.ranks for position, i in enumerate(rank)}
    total = 0
    for rank in items.ranks:
        passed: list[tuple[int, float]] = []
        for i in rank:
            for end in sorted([(order[j], port) for j, port, _ in items.after[i]]):
                total += len(passed) - bisect_right(passed, end)
                insort(passed, end)
    return total


def along(items: Items, place: list[float]) -> tuple[list[float], list[float]]:
    """Where each rank starts and ends; steep edges get a wider gap."""
    thick = [max([items.thick[i] for i in rank], default=0.0) for rank in items.ranks]
    steep = [0.0] * len(items.ranks)
    for i, neighbours in enumerate(items.after):
        for j, port, _ in neighbours:
            rise = abs(place[j] + port - place[i])
            if rise > steep[items.rank[i]]:
                steep[items.rank[i]] = rise
    starts, ends, position = [], [], 0.0
    for rank, size in enumerate(thick):
        starts.append(position)
        ends.append(position + size)
        position += size + min(GAP + 0.16 * steep[rank], STEEPEST_GAP)
    return starts, ends


def route_of(
    items: Items, chain: list[int], place: list[float], port: float, starts: list[float], ends: list[float]
) -> list[Point]:
    """The route of an edge: level through the ranks it passes, curved in the gaps between them."""
    tail, head = chain[0], chain[-1]
    middle = (starts[items.rank[tail]] + ends[items.rank[tail]]) / 2.0
    route = [(middle + items.thick[tail] / 2.0, place[tail])]
    for i in chain[1:]:
        a, line = route[-1]
        rank = items.rank[i]
        b, goal = (starts[rank], place[i])
        if i == head:
            b, goal = (starts[rank] + ends[rank] - items.thick[i]) / 2.0, place[i] + port
        half = (b - a) / 2.0
        route += [(a + half, line), (b - half, goal), (b, goal)]
        if i != head and ends[rank] > b:
            route += [(b, goal), (ends[rank], goal), (ends[rank], goal)]
    return route


def shortened(route: list[Point], arrow: float) -> list[Point]:
    """The route without its last few points along, which the arrowhead takes."""
    (a, line), (b, goal), (end, _) = route[-3:]
    return [*route[:-3], (a - arrow / 2.0, line), (b - arrow / 2.0, goal), (end - arrow, goal)]


def placed(
    diagram: Diagram, centres: list[Point], routes: list[list[Point]], tips: list[Point], labels: list[Point]
) -> Geometry:
    """The geometry in x and y, moved so that all of it is inside."""
    lengthwise = diagram.direction == "LR"
    sizes = [(box.width, box.height) if lengthwise else (box.height, box.width) for box in diagram.boxes]
    panels = [panel_of(group.members, centres, sizes, lengthwise) for group in diagram.groups]
    corners = [(x + side * w / 2.0, y + side * h / 2.0) for (x, y), (w, h) in zip(centres, sizes) for side in (-1, 1)]
    corners += [point for route in routes for point in route]
    corners += [corner for x0, y0, x1, y1 in panels for corner in ((x0, y0), (x1, y1))]
    for edge, (x, y) in zip(diagram.edges, labels):
        w, h = edge.label_size if lengthwise else reversed(edge.label_size)
        corners += [(x - w / 2.0, y - h / 2.0), (x + w / 2.0, y + h / 2.0)] if edge.lines else []
    left, top = min([x for x, _ in corners]) - MARGIN, min([y for _, y in corners]) - MARGIN
    width, height = max([x for x, _ in corners]) + MARGIN - left, max([y for _, y in corners]) + MARGIN - top

    def moved(points: Sequence[Point]) -> list[Point]:
        return [(x - left, y - top) if lengthwise else (y - top, x - left) for x, y in points]

    rectangles: list[Rectangle] = []
    for x0, y0, x1, y1 in panels:
        (a, b), (c, d) = moved([(x0, y0), (x1, y1)])
        rectangles.append((a, b, c, d))
    size = (width, height) if lengthwise else (height, width)
    return Geometry(moved(centres), [moved(route) for route in routes], moved(tips), moved(labels), rectangles, *size)


def panel_of(members: Sequence[int], centres: list[Point], sizes: list[Point], lengthwise: bool) -> Rectangle:
    """The rectangle of a panel around its members, with room for its title on top."""
    x0 = min([centres[i][0] - sizes[i][0] / 2.0 for i in members]) - PANEL_MARGIN
    y0 = min([centres[i][1] - sizes[i][1] / 2.0 for i in members]) - PANEL_MARGIN
    x1 = max([centres[i][0] + sizes[i][0] / 2.0 for i in members]) + PANEL_MARGIN
    y1 = max([centres[i][1] + sizes[i][1] / 2.0 for i in members]) + PANEL_MARGIN
    return (x0, y0 - PANEL_TITLE, x1, y1) if lengthwise else (x0 - PANEL_TITLE, y0, x1, y1)
