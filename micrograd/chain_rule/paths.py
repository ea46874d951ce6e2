"""The paths that contribute most to a derivative, found one after the other without listing all.

    product         of the slopes along a path, multiplied from the root down as `backward` does
    size            |product|; nan counts as infinite, so that a path that spoils everything comes first
    found           a node's best paths so far, best first, each as (product, last edge, rank of the rest at its top)
    waiting         a heap of further candidates for a node: (−size, last edge, rank of the rest)

The n-th best path to a node is the best or next best path to one of its uses, and an edge more. So the next path is
asked for along one chain of nodes only. (V. M. Jiménez and A. Marzal, Computing the K Shortest Paths: a New Algorithm
and an Experimental Comparison, WAE 1999; here the recursion is a stack.)
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf

from micrograd.chain_rule.reach import Reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    Found = tuple[float, int, int]


def extended(product: float, slope: float | None) -> float:
    """The product with one slope more; 0 stays 0, as in `backward`."""
    return 0.0 if slope is None or product == 0.0 else slope * product


def size(product: float) -> float:
    """How large a contribution is."""
    return abs(product) if product == product else inf


class Path:
    """One path from the root down to a node: its edges, and `value`, what it contributes to the derivative."""

    __slots__ = ("edges", "value")

    def __init__(self, edges: list[int], value: float) -> None:
        self.edges, self.value = edges, value


class Paths:
    """The paths of a Reach by size. Equal ones come in the order of the graph.

    >>> from micrograd.engine import Value
    >>> x = Value(3.0)
    >>> from micrograd.chain_rule.reach import reach_of
    >>> reach = reach_of(x * x * x + 5.0 * x, [x])
    >>> [path.value for path in paths_of(reach).largest(reach.place[id(x)], 10)]
    [9.0, 9.0, 9.0, 5.0]
    """

    def __init__(self, reach: Reach, product: list[float], edge: list[int]) -> None:
        self.reach = reach
        self.product, self.edge = product, edge  # of the best path to a node, and its last edge
        self.found: dict[int, list[Found]] = {}
        self.waiting: dict[int, list[tuple[float, int, int]]] = {}

    def largest(self, target: int, most: int) -> list[Path]:
        """The paths to the node at place `target`, largest first, at most `most`."""
        if self.edge[target] < 0:
            return [Path([], 1.0)][:most] if target == len(self.reach.nodes) - 1 else []
        while len(self.best(target)) < most and self.advance(target):
            pass
        return [self.traced(target, rank) for rank in range(min(most, len(self.best(target))))]

    def best(self, i: int) -> list[Found]:
        """The best paths found so far to node i, one at least."""
        if i not in self.found:
            self.found[i] = [(self.product[i], self.edge[i], 0)]
        return self.found[i]

    def advance(self, target: int) -> bool:
        """Find the next path to a node; False if there is none."""
        chain = [target]  # nodes of which the next path is wanted, each for the one before it
        asked = False  # whether the last of them has got its answer
        grown = False
        while chain:
            i = chain[-1]
            _, edge, rank = self.best(i)[-1]
            top = self.reach.tops[edge] if edge >= 0 else -1
            if i not in self.waiting:
                self.waiting[i] = self.candidates(i, edge)
            if top >= 0 and not self.reach.single[top]:
                if not asked and len(self.best(top)) <= rank + 1:
                    chain.append(top)
                    continue
                if len(self.best(top)) > rank + 1:
                    self.offer(i, edge, rank + 1)
            grown = self.take(i)
            asked = True
            chain.pop()
        return grown

    def candidates(self, i: int, best: int) -> list[tuple[float, int, int]]:
        """The best path through each edge to node i but through `best`, as a heap."""
        heap = []
        edge = self.reach.last[i]
        while edge >= 0:
            if edge != best:
                product = extended(self.product[self.reach.tops[edge]], self.reach.slopes[edge])
                heap.append((-size(product), edge, 0))
            edge = self.reach.previous[edge]
        heapify(heap)
        return heap

    def offer(self, i: int, edge: int, rank: int) -> None:
        """One candidate more for node i."""
        product = extended(self.best(self.reach.tops[edge])[rank][0], self.reach.slopes[edge])
        heappush(self.waiting[i], (-size(product), edge, rank))

    def take(self, i: int) -> bool:
        """The best candidate of node i becomes its next path; False if there is none."""
        if not self.waiting[i]:
            return False
        _, edge, rank = heappop(self.waiting[i])
        self.found[i].append((extended(self.best(self.reach.tops[edge])[rank][0], self.reach.slopes[edge]), edge, rank))
        return True

    def traced(self, i: int, rank: int) -> Path:
        """The path of a rank to node i, its edges from the root down."""
        value = self.best(i)[rank][0]
        edges: list[int] = []
        while True:
            _, edge, rank = self.best(i)[rank]
            if edge < 0:
                return Path(edges[::-1], value)
            edges.append(edge)
            i = self.reach.tops[edge]


def paths_of(reach: Reach) -> Paths:
    """The paths of a Reach, with the best one to every node."""
    n = len(reach.nodes)
    products, last, sizes = [0.0] * n, [-1] * n, [-1.0] * n
    products[-1] = 1.0
    for edge, (i, j, slope) in enumerate(zip(reach.tops, reach.bottoms, reach.slopes)):
        product = extended(products[i], slope)
        if size(product) > sizes[j]:
            products[j], last[j], sizes[j] = product, edge, size(product)
    return Paths(reach, products, last)
