"""What is made when in a graph with loops, and where it stands in v."""

from __future__ import annotations

from micrograd.compiler.entries.nodes import needed
from micrograd.compiler.scalar.graph import LEAVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.scalar.graph import Graph


class Plan:
    """Parts and loops by stage.

    wanted      by node: 1 for those that the ends need
    slots       node -> its place in v, for what is given, constants that are no operand of an entry, and what one part
                or loop makes and another reads; ends stand last, in order, where they are made
    reads       by stage: the nodes that its entries read from v; makes: those that they hand on
    loops       by stage: the loops that run after its entries
    items       loop -> the items that are read
    columns     loop -> the columns of its tape that are read, beside the state
    """

    def __init__(self, graph: Graph, leaves: Sequence[int], ends: Sequence[int]) -> None:
        self.graph = graph
        self.given = {node: k for k, node in enumerate(leaves)}
        stops = bytearray([kind in LEAVES for kind in graph.kind])
        for node in leaves:
            stops[node] = 1
        self.wanted = needed(graph.args, stops, ends)
        self.slots: dict[int, int] = dict(self.given)
        self.constants: list[tuple[int, float]] = []
        self.items: dict[int, list[int]] = {}
        self.columns: dict[int, list[int]] = {}
        self._find_stages(stops)
        self._find_columns()
        self._find_slots(ends)

    def _find_stages(self, stops: bytearray) -> None:
        kind, args = self.graph.kind, self.graph.args
        self.stage = stage = [0] * len(kind)
        self.loops: list[list[int]] = [[]]
        for node, used in enumerate(self.wanted):
            if used and not stops[node]:
                stage[node] = max([stage[x] for x in args[node]], default=0) + (kind[node] == "item")
                while len(self.loops) <= stage[node]:
                    self.loops.append([])
                if kind[node] == "loop":
                    self.loops[stage[node]].append(node)
                elif kind[node] == "item":
                    self.items.setdefault(args[node][0], []).append(node)
        self.made = [used and not stops[node] and kind[node] not in ("loop", "item")
                     for node, used in enumerate(self.wanted)]  # fmt: skip

    def _find_columns(self) -> None:
        found: dict[int, set[int]] = {node: set() for loops in self.loops for node in loops}
        for node in found:
            loop = self.graph.loops[node]
            for how, other, column in loop.sources:
                if how == "tape" and column >= len(self.graph.loops[other].carried):
                    found[other].add(column)
            count = len(loop.carried)
            for item in self.items.get(node, ()):
                which = self.which(item)
                if which >= count:
                    found[node].add(count + (which - count) % len(loop.outputs))
        self.columns = {node: sorted(columns) for node, columns in found.items()}

    def which(self, item: int) -> int:
        """The number of an item among those of its loop."""
        return int(self.graph.args[self.graph.args[item][1]][0])

    def _find_slots(self, ends: Sequence[int]) -> None:
        kind, args, stage = self.graph.kind, self.graph.args, self.stage
        self.reads: list[list[int]] = [[] for _ in self.loops]
        self.makes: list[list[int]] = [[] for _ in self.loops]
        read: list[set[int]] = [set() for _ in self.loops]
        handed: dict[int, None] = {}
        for node, used in enumerate(self.wanted):
            if not used:
                continue
            if self.made[node]:
                for x in args[node]:
                    if kind[x] != "constant" or x in self.given:
                        if not self.made[x] or stage[x] < stage[node]:
                            read[stage[node]].add(x)
                            handed[x] = None
            elif kind[node] == "loop" and node not in self.given:
                handed.update(dict.fromkeys([x for x in args[node] if kind[x] != "loop"]))
        items = [item for found in self.items.values() for item in found]
        last = dict.fromkeys(ends)
        for node in [*handed, *items, *last]:
            if node not in self.slots and (node not in last or kind[node] == "constant"):
                self.slots[node] = len(self.slots)
                if kind[node] == "constant":
                    self.constants.append((self.slots[node], self.graph.args[node][0]))
        for node in last:
            self.slots.setdefault(node, len(self.slots))
        for node in self.slots:
            if self.made[node]:
                self.makes[stage[node]].append(node)
        self.reads = [sorted(nodes) for nodes in read]
