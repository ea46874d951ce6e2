"""`Reach`: the part of a graph that the derivatives of a root with respect to some nodes pass through.

    i           place of a node in `nodes`: operands before results, the root last
    active      on a path from the root to one of the nodes asked for
    edge        from an active node (its top) to an active operand (its bottom); a number, in the order of `backward`
    slope       the cached local derivative of the top by that operand; None for a branch not taken
    path        a way from the root down along edges; where a row's derivative is constantly 0 there is no edge
    adjoint     ∂root/∂node, as `backward` computes it; no `grad` field is read or written
    unit        an edge whose local derivative is 1 or −1 by its row (a sum, a difference)

Multiplications are counted as one does them on paper: a product of n factors takes n − 1, unit edges are no factors,
and computing the local derivatives themselves is not counted.
"""

from __future__ import annotations

from micrograd.engine import Value, numbered, topological

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

    Count = Optional[int]  # None where it has too many digits

TOO_MANY = 1 << 100_000


class Reach:
    """The active nodes between root and wrt, the edges between them, and the adjoints; `reach_of` finds them.

    place, args                         id(node) -> its place; for each node its operands, see `numbered`
    tops, bottoms, operands, slopes     for each edge: place of its top and bottom, number of the operand, slope
    begin, end                          for each node: its edges downwards are range(begin[i], end[i])
    last, previous                      for each node the last edge to it, for each edge the one before it; or -1
    uses                                for each node the number of edges that lead to it
    single                              for each node whether exactly one path leads to it
    adjoints                            for each node

    >>> x = Value(3.0)
    >>> reach = reach_of(x * x + x, [x])
    >>> reach.adjoints[0], reach.bottoms, reach.slopes
    (7.0, [1, 0, 0, 0], [1.0, 1.0, 3.0, 3.0])
    """

    def __init__(self, nodes: list[Value], wrt: Sequence[Value]) -> None:
        self.nodes = nodes
        self.place, self.args = numbered(nodes)
        self.wrt = [self.place[id(x)] for x in wrt if id(x) in self.place]
        self.tops: list[int] = []
        self.bottoms: list[int] = []
        self.operands: list[int] = []
        self.slopes: list[float | None] = []
        self.begin, self.end = [0] * len(nodes), [0] * len(nodes)
        self.last, self.uses = [-1] * len(nodes), [0] * len(nodes)
        self.previous: list[int] = []
        self.single = bytearray(len(nodes))
        self.adjoints = [0.0] * len(nodes)

    def activate(self) -> bytearray:
        """1 for each node that is in wrt or depends on it differentiably."""
        active = bytearray(len(self.nodes))
        for i in self.wrt:
            active[i] = 1
        for i, node in enumerate(self.nodes):
            op = node.op
            if op is not None:
                for j, partial in zip(self.args[i], op.partials):
                    if j.__class__ is int and active[j] and partial != 0.0:
                        active[i] = 1
        return active

    def connect(self, active: bytearray) -> None:
        """The edges, from the root down: first of one node, then of the next."""
        edge = 0
        reached = bytearray(len(self.nodes))  # a node below one of wrt may be active and yet not below the root
        reached[-1] = active[-1]
        for i in range(len(self.nodes) - 1, -1, -1):
            self.begin[i] = edge
            node = self.nodes[i]
            if reached[i] and node.op is not None:
                for k, j in enumerate(self.args[i]):
                    if j.__class__ is int and active[j] and node.op.partials[k] != 0.0:
                        reached[j] = 1
                        self.tops.append(i)
                        self.bottoms.append(j)
                        self.operands.append(k)
                        self.slopes.append(node._cached[k])
                        edge += 1
            self.end[i] = edge

    def link(self) -> None:
        """The edges upwards."""
        for edge, j in enumerate(self.bottoms):
            self.previous.append(self.last[j])
            self.last[j] = edge
            self.uses[j] += 1
        self.single[-1] = 1
        for i, j in zip(self.tops, self.bottoms):
            self.single[j] = self.single[i] and self.uses[j] == 1

    def sweep(self) -> None:
        """The adjoints, from the root down."""
        self.adjoints[-1] = 1.0
        for i, j, slope in zip(self.tops, self.bottoms, self.slopes):
            g = self.adjoints[i]
            if g and slope is not None:
                self.adjoints[j] += slope * g

    def below(self, i: int) -> range:
        """The edges from node i down to its operands."""
        return range(self.begin[i], self.end[i])

    def unit(self, edge: int) -> bool:
        """Whether the local derivative is 1 or −1 by the row."""
        return self.row_partial(edge) in (1.0, -1.0)

    def row_partial(self, edge: int) -> Any:
        """The partial in the row of the edge's top: a number where it is constant, else a function."""
        return self.nodes[self.tops[edge]].op.partials[self.operands[edge]]  # type: ignore[union-attr]


def reach_of(root: Value, wrt: Sequence[Value]) -> Reach:
    """What of the graph below root the derivatives with respect to wrt pass through."""
    reach = Reach(topological(root), wrt)
    reach.connect(reach.activate())
    reach.link()
    reach.sweep()
    return reach


class Tally:
    """Numbers of paths and of multiplications, exact; `tally` counts them.

    paths           place of a node of wrt -> number of paths to it; None beyond some thirty thousand digits
    expanded        place of a node of wrt -> multiplications in the sum over its paths, written out; None likewise
    backprop        multiplications of backprop, for all of wrt together

    >>> x = Value(3.0)
    >>> y = x * x
    >>> for _ in range(99):
    ...     y = y * y
    >>> tally(reach_of(y, [x])).paths[0] == 2**100
    True
    """

    def __init__(self, wrt: Sequence[int]) -> None:
        self.paths: dict[int, Count] = dict.fromkeys(wrt, 0)
        self.expanded: dict[int, Count] = dict.fromkeys(wrt, 0)
        self.backprop = 0


def tally(reach: Reach) -> Tally:
    """The paths and the multiplications of a Reach, counted from the root down."""
    found, n = Tally(reach.wrt), len(reach.nodes)
    paths: list[Count] = [0] * n
    units: list[Count] = [0] * n  # paths of unit edges alone
    factors: list[Count] = [0] * n  # edges that are no units, over all paths
    paths[-1], units[-1] = 1, 1
    for i in range(n - 1, -1, -1):
        if not paths[i] and paths[i] is not None:
            continue
        for edge in reach.below(i):
            j = reach.bottoms[edge]
            paths[j] = plus(paths[j], paths[i])
            factors[j] = plus(factors[j], factors[i])
            if reach.unit(edge):
                units[j] = plus(units[j], units[i])
            else:
                factors[j] = plus(factors[j], paths[i])
                found.backprop += not (paths[i] == 1 == units[i])  # there the adjoint is 1 or −1
        if i in found.paths:
            found.paths[i] = paths[i]
            known = factors[i] is not None and paths[i] is not None and units[i] is not None
            found.expanded[i] = factors[i] - paths[i] + units[i] if known else None  # type: ignore[operator]
        paths[i] = units[i] = factors[i] = 0  # a million large numbers would not fit
    return found


def plus(a: Count, b: Count) -> Count:
    """a + b, None if there are too many digits."""
    if a is None or b is None:
        return None
    total = a + b
    return total if total < TOO_MANY else None
