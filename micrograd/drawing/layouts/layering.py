"""The first half of the layered layout: which rank each box stands on, and the items that edges become on the way.

(K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of hierarchical system structures, 1981.)

    along, across   the direction of the computation, and the other one
    rank            a place along; boxes and labels stand on ranks of their own
    item            what stands on a rank: a box, the label of an edge, or a bend, where an edge passes by
    above, below    how far an item reaches across, on either side of the line that goes through it
    port            where across an edge enters its box, seen from the centre
"""

from __future__ import annotations

from micrograd.drawing.look import ROUNDING, Box, Diagram, Edge

TYPE_CHECKING = False
if TYPE_CHECKING:
    Neighbour = tuple[int, float, float]

PORT, BEND, LINE, CLEAR = 13.0, 4.0, 3.0, 14.0
MOST_BENDS = 2.0  # per box and edge; longer edges than this allows go straight


class Items:
    """Boxes first, numbered as in the diagram, then labels and bends.

    rank, above, below, thick       of each item; thick is its size along
    before, after                   neighbours of each item on the ranks before and after: (item, port, weight)
    ranks                           the items on each rank, which the layout fills
    chains                          for each edge the items it goes through, from tail to head
    ports                           for each edge the port where it enters its head
    """

    __slots__ = ("rank", "above", "below", "thick", "before", "after", "chains", "ports", "ranks")

    def __init__(
        self, rank: list[int], above: list[float], below: list[float], thick: list[float], ports: list[float]
    ) -> None:
        self.rank, self.above, self.below, self.thick, self.ports = rank, above, below, thick, ports
        self.chains: list[list[int]] = []
        self.before: list[list[Neighbour]] = []
        self.after: list[list[Neighbour]] = []
        self.ranks: list[list[int]] = []

    def lay_chains(self, edges: list[Edge], lengthwise: bool) -> None:
        """The chain of each edge, with new items for its label and bends; bends go to the shortest edges first."""
        self.chains = [[] for _ in edges]
        budget = MOST_BENDS * (len(edges) + len(self.thick)) + 1000.0
        spans = [self.rank[edge.head] - self.rank[edge.tail] for edge in edges]
        for number in sorted(range(len(edges)), key=spans.__getitem__):
            edge = edges[number]
            last = self.rank[edge.head] - 1 if edge.lines else self.rank[edge.head]
            budget -= spans[number] - 1
            bends = range(self.rank[edge.tail] + 1, last) if budget > 0 else ()
            chain = [edge.tail, *[self.add(rank, BEND, BEND, 0.0) for rank in bends]]
            if edge.lines:
                wide, high = edge.label_size
                if lengthwise:
                    chain.append(self.add(last, high + LINE, LINE + 1.0, wide + 6.0))
                else:
                    chain.append(self.add(last, LINE, wide + 3.0 * LINE, high))
            self.chains[number] = [*chain, edge.head]

    def connect(self, boxes: int) -> None:
        """Make the items along each chain neighbours; `boxes` of them are boxes, between others a chain is stiff."""
        self.before, self.after = [[] for _ in self.rank], [[] for _ in self.rank]
        for chain, port in zip(self.chains, self.ports):
            for a, b in zip(chain, chain[1:]):
                weight = 1.0 if a < boxes or b < boxes else 4.0
                offset = port if b == chain[-1] else 0.0
                self.after[a].append((b, offset, weight))
                self.before[b].append((a, offset, weight))

    def add(self, rank: int, above: float, below: float, thick: float) -> int:
        """A new item; its number."""
        self.rank.append(rank)
        self.above.append(above)
        self.below.append(below)
        self.thick.append(thick)
        return len(self.rank) - 1


def items_of(diagram: Diagram) -> Items:
    """The boxes of a diagram on their ranks, with labels and bends on the way of its edges."""
    lengthwise = diagram.direction == "LR"
    boxes, edges = diagram.boxes, diagram.edges
    ranks = ranks_of(len(boxes), edges)
    labelled = {ranks[edge.head] for edge in edges if edge.lines}
    shift = shifts(max(ranks, default=0) + 1, labelled)
    halves = [(box.height if lengthwise else box.width) / 2.0 for box in boxes]
    if diagram.groups:  # a box beside a panel keeps clear of it
        members = {i for group in diagram.groups for i in group.members}
        halves = [half if i in members else half + CLEAR for i, half in enumerate(halves)]
    thick = [box.width if lengthwise else box.height for box in boxes]
    items = Items([shift[r] for r in ranks], halves, list(halves), thick, ports_of(boxes, edges, lengthwise))
    items.lay_chains(edges, lengthwise)
    items.connect(len(boxes))
    items.ranks = [[] for _ in range(max(items.rank, default=0) + 1)]
    return items


def ranks_of(size: int, edges: list[Edge]) -> list[int]:
    """A rank for each box, lower than those of all it points to, with short edges.

    First every box is as early as can be, then those that gain by it move later: leaves stand beside their first use.
    """
    tails: list[list[int]] = [[] for _ in range(size)]
    heads: list[list[int]] = [[] for _ in range(size)]
    for edge in edges:
        tails[edge.head].append(edge.tail)
        heads[edge.tail].append(edge.head)
    missing = [len(below) for below in tails]
    order = [i for i in range(size) if not missing[i]]
    for i in order:
        for head in heads[i]:
            missing[head] -= 1
            if not missing[head]:
                order.append(head)
    rank = [0] * size
    for i in order:
        rank[i] = max([rank[j] + 1 for j in tails[i]], default=0)
    for i in reversed(order):
        if heads[i] and len(set(tails[i])) <= len(set(heads[i])):
            rank[i] = min([rank[j] for j in heads[i]]) - 1
    least = min(rank, default=0)
    return [r - least for r in rank]


def shifts(count: int, labelled: set[int]) -> list[int]:
    """Where the ranks of boxes go when each rank of labels gets one of its own before the boxes it points to."""
    shift, extra = [], 0
    for rank in range(count):
        extra += rank in labelled
        shift.append(rank + extra)
    return shift


def ports_of(boxes: list[Box], edges: list[Edge], lengthwise: bool) -> list[float]:
    """Where each edge enters its head: in the order of the operands, spread over the side of the box."""
    entering = [0] * len(boxes)
    for edge in edges:
        entering[edge.head] += 1
    seen = [0] * len(boxes)
    ports = []
    for edge in edges:
        box, n = boxes[edge.head], entering[edge.head]
        room = (box.height if lengthwise else box.width) - ROUNDING
        step = min(PORT, room / (n - 1)) if n > 1 else 0.0
        ports.append((seen[edge.head] - (n - 1) / 2.0) * step)
        seen[edge.head] += 1
    return ports
