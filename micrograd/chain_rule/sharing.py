"""What several derivatives have in common: the adjoints that backprop computes once, and the multiplications it saves.

copy        a node whose only use is a unit edge: its adjoint is that of its use or minus it, not computed anew
group       the nodes asked for that lie below a node, as the bits of a number
"""

from __future__ import annotations

from micrograd.chain_rule.derivation import Chain, chain_along
from micrograd.chain_rule.reach import Reach, Tally, reach_of, tally
from micrograd.engine import Value
from micrograd.formulas.document import Math, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.chain_rule.links import Links
    from micrograd.chain_rule.reach import Count
    from micrograd.formulas.document import Block
    from micrograd.formulas.writing import Writing

MOST_BITS = 500_000_000
LARGE = 20_000  # nodes; beyond, one derivative is not compared with those by all other leaves
MOST_SHARED, MOST_NAMES = 5, 4


class Shared:
    """An adjoint that serves the derivatives by several nodes; `chain` if one path leads to it, else None."""

    __slots__ = ("place", "chain", "serves")

    def __init__(self, place: int, chain: Chain | None, serves: list[Value]) -> None:
        self.place, self.chain, self.serves = place, chain, serves


class Sharing:
    """What the derivatives by `wrt` share; one alone is compared with those by all leaves that have a name.

    adjoints        the shared adjoints, from the root down
    expanded        multiplications in all formulas written out; None if there are too many paths to count
    backprop        multiplications of backprop
    alone           whether it is one derivative
    together        (number of leaves, expanded, backprop) for the leaves that one derivative was compared with, or None
    """

    def __init__(self, links: Links, expanded: Count, backprop: int, alone: bool) -> None:
        self.links, self.expanded, self.backprop, self.alone = links, expanded, backprop, alone
        self.adjoints: list[Shared] = []
        self.together: tuple[int, Count, int] | None = None

    def find(self, reach: Reach, told: set[int] | None) -> None:
        """Fill `adjoints`; of a derivative alone only those that are told in it."""
        links = self.links
        for i, group in shared(reach):
            if i not in links.merged and (told is None or i in told):
                single = links.reach.single[i]
                chain = chain_along(links, only_path(links.reach, i), links.reach.adjoints[i]) if single else None
                self.adjoints.append(Shared(i, chain, [reach.nodes[j] for j in group]))

    def blocks(self, writing: Writing) -> list[Block]:
        """A sentence for each adjoint, and one on multiplications."""
        blocks: list[Block] = [Words(*self.sentence(adjoint, writing)) for adjoint in self.adjoints[:MOST_SHARED]]
        if len(self.adjoints) > MOST_SHARED:
            blocks.append(Words(f"and {len(self.adjoints) - MOST_SHARED:,} more adjoints are shared"))
        line = ["Multiplications: ", *self.counted(self.expanded, writing), " with the formulas written out, "]
        line += [*self.counted(self.backprop, writing), " by backprop"]
        if self.together is not None:
            leaves, expanded, backprop = self.together
            line += ["; for all ", Math(writing.count(leaves)), " named leaves ", *self.counted(expanded, writing)]
            line += [" and ", *self.counted(backprop, writing)]
        return [*blocks, Words(*line)]

    def counted(self, count: Count, writing: Writing) -> list[str]:
        """A number of multiplications."""
        return ["too many to count"] if count is None else [Math(writing.count(count))]

    def sentence(self, adjoint: Shared, writing: Writing) -> list[str]:
        """What an adjoint is, and whom it serves."""
        reach = self.links.reach
        sides = [self.slope(reach.nodes[adjoint.place], writing)]
        number = writing.number(reach.adjoints[adjoint.place])
        if adjoint.chain is not None:
            sides += [line for line in adjoint.chain.lines(writing)[1:2] if line != number]
        equality = Math(writing.equal(*sides, number))
        line = [equality, " is also a factor of " if self.alone else ", computed once, serves "]
        served = [x for x in adjoint.serves if not (self.alone and reach.place[id(x)] in reach.wrt)]
        return line + listed([self.slope(x, writing) for x in served])

    def slope(self, x: Value, writing: Writing) -> str:
        """∂root/∂x"""
        root, name = [writing.name(self.links.called.name(node)) for node in (self.links.reach.nodes[-1], x)]
        return Math(writing.inline_slope(root, name))


def share(links: Links, wrt: Sequence[Value], tallied: Tally, told: set[int]) -> Sharing:
    """What the derivatives by wrt share, of which `told` are the places of the nodes in the chains."""
    reach = links.reach
    sharing = Sharing(links, total(tallied), tallied.backprop, len({id(x) for x in wrt}) == 1)
    if not sharing.alone:
        sharing.find(reach, None)
    elif len(reach.nodes) <= LARGE:
        leaves = {x: None for x in [*wrt, *reach.nodes] if x.op is None and links.called.given(x)}
        wide = reach_of(reach.nodes[-1], [*wrt, *leaves])
        if len(leaves) > 1:
            together = tally(wide)
            sharing.together = len(together.paths), total(together), together.backprop
        sharing.find(wide, told)
    return sharing


def total(tallied: Tally) -> Count:
    """Multiplications in all formulas written out."""
    counts = [count for count in tallied.expanded.values() if count is not None]
    return sum(counts) if len(counts) == len(tallied.expanded) else None


def shared(reach: Reach) -> list[tuple[int, list[int]]]:
    """(node, places of the nodes asked for that its adjoint serves), from the root down.

    Only the last adjoint in common is told for each group: those above it are its factors. [] where it would take more
    memory than it is worth.

    >>> from micrograd.engine import Value
    >>> a, b, c = Value(2.0), Value(3.0), Value(5.0)
    >>> shared(reach_of((a * b).tanh() * c, [a, b, c]))
    [(2, [0, 1])]
    """
    n, root = len(reach.nodes), len(reach.nodes) - 1
    asked = sorted(set(reach.wrt))
    if len(asked) < 2 or n * len(asked) > MOST_BITS:
        return []
    groups = [0] * n
    again = bytearray(n)  # whether a node below has the same group and an adjoint of its own
    for bit, i in enumerate(asked):
        groups[i] = 1 << bit
    found = []
    for i in range(n):
        for edge in reach.below(i):
            groups[i] |= groups[reach.bottoms[edge]]
        for edge in reach.below(i):
            j = reach.bottoms[edge]
            if groups[j] == groups[i] and (again[j] or not copy(reach, j)):
                again[i] = 1
        several = groups[i] & (groups[i] - 1)
        if several and i != root and reach.uses[i] and not again[i] and not copy(reach, i):
            found.append((i, [x for bit, x in enumerate(asked) if groups[i] >> bit & 1]))
    return found[::-1]


def copy(reach: Reach, i: int) -> bool:
    """Whether the adjoint of node i is that of its one use, up to the sign."""
    return reach.uses[i] == 1 and reach.unit(reach.last[i])


def only_path(reach: Reach, i: int) -> list[int]:
    """The edges of the one path from the root to node i."""
    edges = []
    while reach.last[i] >= 0:
        edges.append(reach.last[i])
        i = reach.tops[reach.last[i]]
    return edges[::-1]


def listed(names: Sequence[str]) -> list[str]:
    """Names with commas and an "and" between them; of many only the first.

    >>> "".join(listed(["a", "b", "c"])), "".join(listed(list("abcdefg")))
    ('a, b and c', 'a, b, c, d and 3 more')
    """
    line: list[str] = []
    for n, name in enumerate(names[:MOST_NAMES]):
        line += ["" if n == 0 else " and " if n == len(names) - 1 else ", ", name]
    return line + ([f" and {len(names) - MOST_NAMES:,} more"] if len(names) > MOST_NAMES else [])
