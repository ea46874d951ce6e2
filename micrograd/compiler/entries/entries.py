"""`Entries`: a scalar program, and how it is made of the nodes of a graph.

>>> from micrograd.compiler.scalar.graph import Graph
>>> graph = Graph()
>>> x, y = graph.leaf("input", 0), graph.leaf("input", 1)
>>> entries = entries_of(graph, [x, y], [graph.apply("add", (graph.apply("mul", (x, y)), y)), x])
>>> print(entries)
2 numbers given, 0 constants, 1 entries
w[2] = add(mul(w[0], w[1]), w[1])
results in w[2,0]
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.steps import spelled
from micrograd.compiler.entries.combine import combined
from micrograd.compiler.entries.groups import in_groups, placed
from micrograd.compiler.entries.kinds import SUM
from micrograd.compiler.entries.nodes import needed, nodes_of
from micrograd.compiler.entries.runs import regular
from micrograd.compiler.scalar.graph import LEAVES
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.entries.kinds import Kind
    from micrograd.compiler.entries.nodes import Nodes, Numbers
    from micrograd.compiler.scalar.graph import Graph

CONSTANT = "constant"
FEW_BROKEN = 64  # entries


class Entries:
    """A scalar program: entry k makes place made[k] by kinds[kind[k]] of the places operands[k].

    operands    (entries, 3), the last one again where there are fewer; of a sum: where its terms begin and end in terms
    group       by entry, equal for those of one group; their entries stand one after the other
    terms       the places that sums add, one sum after the other
    size        numbers in w; given: how many of them come from outside, the first ones
    constants   (place, number) of every constant
    outputs     the place of each end; block: (first, count) if these are one run in order, else None
    """

    def __init__(self, kinds: list[Kind], kind: Numbers, made: Numbers, operands: Numbers, group: Numbers) -> None:
        self.kinds, self.kind, self.made, self.operands, self.group = kinds, kind, made, operands, group
        self.terms = np.zeros(0, np.int64)
        self.size = self.given = 0
        self.constants: list[tuple[int, float]] = []
        self.outputs = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.made)

    @property
    def block(self) -> tuple[int, int] | None:
        """See above."""
        out = self.outputs
        if not len(out) or (out[1:] - out[:-1] != 1).any():
            return None
        return int(out[0]), len(out)

    @property
    def sums(self) -> Any:
        """By entry: whether it is a sum."""
        return np.array([kind.row == SUM for kind in self.kinds] or [False])[self.kind]

    def runs(self) -> tuple[Numbers, Numbers]:
        """(first entries, ends) of parts of groups whose results and operands stand side by side."""
        beside = self.group * 2 * (self.size + len(self) + 1) - self.made + np.arange(len(self))
        return regular(self.operands, np.where(self.sums, -1 - np.arange(len(self)), beside))

    def __str__(self) -> str:
        lines = [f"{self.given} numbers given, {len(self.constants)} constants, {len(self)} entries"]
        lines += [f"w[{place}] = {numeral(number)}" for place, number in self.constants]
        first, ends = self.runs()
        end_of = dict(zip(first.tolist(), ends.tolist()))
        k = 0
        while k < len(self):
            end = end_of.get(k, k + 1)
            lines.append(self._line(slice(k, end)))
            k = end
        return "\n".join([*lines, f"results in w[{spelled(self.outputs)}]" if len(self.outputs) else "no results"])

    def _line(self, part: slice) -> str:
        """One entry, or a run of them, as shown."""
        kind, made = self.kinds[self.kind[part.start]], f"w[{spelled(self.made[part])}]"
        if kind.row == SUM:
            begin, end = self.operands[part.start, :2].tolist()
            return f"{made} = sum of {end - begin}: w[{spelled(self.terms[begin:end])}]"
        operands = [f"w[{spelled(column)}]" for column in self.operands[part].T[: kind.operands]]
        return f"{made} = {kind.spelled(operands)}"


def entries_of(graph: Graph, leaves: Sequence[int], ends: Sequence[int]) -> Entries:
    """The entries that make the ends of a graph, whose leaves have the places 0, 1, 2, …

    Constants stand behind the leaves, then what the entries make; results that are made stand at the very end, in the
    order of the ends, where that breaks no run. ValueError for an end that needs a leaf that is not given.

    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x = [graph.leaf("input", i) for i in range(12)]
    >>> squares = [graph.apply("mul", (i, i)) for i in x]
    >>> print(entries_of(graph, x, squares))
    12 numbers given, 0 constants, 12 entries
    w[12:24] = mul(w[0:12], w[0:12])
    results in w[12:24]
    """
    kind, args = graph.kind, graph.args
    place = np.full(len(kind), -1)
    place[list(leaves)] = np.arange(len(leaves))
    stops = bytearray([name in LEAVES for name in kind])
    for leaf in leaves:
        stops[leaf] = 1
    wanted = np.frombuffer(needed(args, stops, ends), np.uint8) == 1
    entries_free = len(leaves)
    constants = []
    for node in np.flatnonzero(wanted & (np.frombuffer(stops, np.uint8) == 1) & (place < 0)).tolist():
        if kind[node] != CONSTANT:
            raise ValueError(f"expected ends that need the given leaves only, got one that needs {kind[node]} "
                             f"{args[node][0]}, node {node}")  # fmt: skip
        place[node] = entries_free
        constants.append((entries_free, args[node][0]))
        entries_free += 1
    entries = entries_at(kind, args, np.flatnonzero(wanted & (place < 0)), place, entries_free, ends)
    entries.given, entries.constants = len(leaves), constants
    return entries


def entries_at(
    kind: Sequence[str],
    args: Sequence[tuple[Any, ...]],
    made: Numbers,
    place: Numbers,
    first: int,
    ends: Sequence[int],
    fixed: dict[int, int] | None = None,
) -> Entries:
    """The entries that make some nodes, in rising order.

    `place` has the places of all others, and is given theirs: those in `fixed` have them there, others from `first` on.
    Without it the ends come last, where that breaks no run.
    """
    nodes = combined(nodes_of(kind, args, made, ends))
    order, bounds = in_groups(nodes)
    order = placed(nodes, order, bounds, place, first)
    group = np.repeat(np.arange(len(bounds) - 1), bounds[1:] - bounds[:-1])
    entries = Entries(nodes.kinds, nodes.kind[order], nodes.node[order], nodes.operands[order], group)
    entries.size = first + len(order)
    outputs = np.array(ends, np.int64)
    if fixed is None:
        ends_last(entries, place, outputs, first)
    elif fixed:
        place[list(fixed)] = list(fixed.values())
        others = entries.made[place[entries.made] >= first]
        place[others] = first + np.arange(len(others))
        entries.size = first + len(others)
    finish(entries, nodes, place)
    entries.outputs = place[outputs]
    return entries


def finish(entries: Entries, nodes: Nodes, place: Numbers) -> None:
    """Places in the place of nodes."""
    terms: list[Numbers] = []
    begin, sums = 0, entries.sums
    for entry in np.flatnonzero(sums).tolist():
        added = np.sort(place[nodes.terms[int(entries.made[entry])]])
        terms.append(added)
        entries.operands[entry] = begin, begin + len(added), begin + len(added)
        begin += len(added)
    entries.terms = np.concatenate(terms) if terms else entries.terms
    entries.operands = np.where(sums[:, None], entries.operands, place[entries.operands])
    entries.made = place[entries.made]


def ends_last(entries: Entries, place: Numbers, ends: Numbers, first: int) -> None:
    """Move the ends that are made to the end of w, in their order, unless that breaks many runs.

    A few are less than what it takes to read ends that stand here and there.
    """
    nodes = entries.made
    if not len(nodes) or (place[ends] < first).any() or len(np.unique(ends)) < len(ends):
        return
    before = place[nodes]
    is_end = np.zeros(len(place), bool)
    is_end[ends] = True
    others = nodes[~is_end[nodes]]
    operands = entries.operands

    def regular_entries() -> int:
        entries.made, entries.operands = place[nodes], place[operands]
        begin, end = entries.runs()
        entries.made, entries.operands = nodes, operands
        return int((end - begin).sum()) - len(begin)

    regular_before = regular_entries()
    place[others] = first + np.arange(len(others))
    place[ends] = first + len(others) + np.arange(len(ends))
    if regular_entries() < regular_before - FEW_BROKEN - len(ends):
        place[nodes] = before
