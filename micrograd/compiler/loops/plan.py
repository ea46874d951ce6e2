"""What is made when in a graph with loops, and where it stands in v."""

from __future__ import annotations

from micrograd.compiler.entries.nodes import needed
from micrograd.compiler.scalar.graph import LEAVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.scalar.graph import Graph


class Plan:
    """The parts and loops of a program, stage by stage.

    loops       by stage: the loops that run after its entries
    items       loop -> the items that are read
    columns     loop -> the columns of its tape that are read, beside the state
    slots       node -> its place in v: of what is given, of constants that no entry reads, and of what one part or loop
                makes and another reads; ends that are made stand last, in order
    reads       by stage: the nodes that its entries read from v; makes: those that they hand on
    """

    def __init__(self, graph: Graph, loops: list[list[int]]) -> None:
        self.graph, self.loops = graph, loops
        self.items: dict[int, list[int]] = {}
        self.columns: dict[int, list[int]] = {}
        self.slots: dict[int, int] = {}
        self.reads: list[list[int]] = [[] for _ in loops]
        self.makes: list[list[int]] = [[] for _ in loops]

    @property
    def constants(self) -> list[tuple[int, float]]:
        """(slot, number) of the constants in v."""
        graph = self.graph
        return [(slot, graph.args[x][0]) for x, slot in self.slots.items() if graph.kind[x] == "constant"]

    def which(self, item: int) -> int:
        """The number of an item among those of its loop."""
        return int(self.graph.args[self.graph.args[item][1]][0])


def live(graph: Graph, leaves: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The nodes that are made on the way from the leaves to the ends, in order; loops and items are among them."""
    stops = bytearray([kind in LEAVES for kind in graph.kind])
    for node in leaves:
        stops[node] = 1
    return [node for node, used in enumerate(needed(graph.args, stops, ends)) if used and not stops[node]]


def plan_of(graph: Graph, leaves: Sequence[int], ends: Sequence[int]) -> Plan:
    """The plan of what makes the ends."""
    kind, args, made = graph.kind, graph.args, live(graph, leaves, ends)
    stage = dict.fromkeys(range(len(kind)), 0)
    for node in made:
        stage[node] = max([stage[x] for x in args[node]], default=0) + (kind[node] == "item")
    loops: list[list[int]] = [[] for _ in range(1 + max([stage[node] for node in made], default=0))]
    for node in made:
        if kind[node] == "loop":
            loops[stage[node]].append(node)
    plan = Plan(graph, loops)
    for node in made:
        if kind[node] == "item":
            plan.items.setdefault(args[node][0], []).append(node)
    plan.columns = columns_read(plan)
    find_slots(plan, [node for node in made if kind[node] not in ("loop", "item")], stage, leaves, ends)
    return plan


def columns_read(plan: Plan) -> dict[int, list[int]]:
    """For each loop the columns of its tape that other loops, or items, read, beside the state."""
    graph = plan.graph
    found: dict[int, set[int]] = {node: set() for loops in plan.loops for node in loops}
    for node in found:
        loop = graph.loops[node]
        count = len(loop.carried)
        for how, other, column in loop.sources:
            if how == "tape" and column >= len(graph.loops[other].carried):
                found[other].add(column)
        outputs = [plan.which(item) - count for item in plan.items.get(node, ()) if plan.which(item) >= count]
        found[node].update([count + which % len(loop.outputs) for which in outputs])
    return {node: sorted(columns) for node, columns in found.items()}


def find_slots(
    plan: Plan, entries: list[int], stage: dict[int, int], leaves: Sequence[int], ends: Sequence[int]
) -> None:
    """Find what each part reads and makes, and give it slots; entries: the nodes that parts make."""
    kind, args = plan.graph.kind, plan.graph.args
    given, made = set(leaves), set(entries)
    read: list[dict[int, None]] = [{} for _ in plan.loops]
    for node in entries:
        for x in args[node]:
            own = x in made and stage[x] == stage[node]
            if not own and (kind[x] != "constant" or x in given):
                read[stage[node]][x] = None
    operands = [x for loops in plan.loops for loop in loops for x in args[loop] if kind[x] != "loop"]
    items = [item for found in plan.items.values() for item in found]
    last = dict.fromkeys(ends)
    constants = [end for end in last if kind[end] == "constant"]
    first = [node for part in read for node in part] + operands + items + constants
    for node in [*leaves, *[node for node in first if node not in last or kind[node] == "constant"], *last]:
        plan.slots.setdefault(node, len(plan.slots))
    plan.reads = [sorted(part) for part in read]
    for node in plan.slots:
        if node in made:
            plan.makes[stage[node]].append(node)
