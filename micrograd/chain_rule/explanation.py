"""`Explanation`: the derivations of some derivatives, the definitions they need, and what backprop saves.

definition  what an inner node is computed by: ŷ = σ(u) = 0.321
"""

from __future__ import annotations

from micrograd.chain_rule.derivation import Derivation, derive
from micrograd.chain_rule.links import MARKS, Links
from micrograd.chain_rule.paths import paths_of
from micrograd.chain_rule.reach import reach_of, tally
from micrograd.chain_rule.sharing import Sharing, share
from micrograd.engine import Value
from micrograd.formulas.document import Document, Equations, Math, Words
from micrograd.formulas.expressions import in_writing
from micrograd.notation.naming import name_nodes
from micrograd.ops import GREATER, GREATER_EQUAL, LESS, LESS_EQUAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from micrograd.chain_rule.derivation import Chain
    from micrograd.formulas.document import Block, Line
    from micrograd.formulas.expressions import Expression
    from micrograd.formulas.writing import Writing

MOST_DEFINITIONS, MOST_NUMBERS = 30, 12
OPPOSITES = {LESS: GREATER_EQUAL, LESS_EQUAL: GREATER, GREATER: LESS_EQUAL, GREATER_EQUAL: LESS}


class Explanation(Document):
    """Why some derivatives are these numbers; it shows itself in a notebook, and `str`, `.latex`, `.markdown` give it.

    derivations     one `Derivation` for each derivative asked for: value, count of paths, chains, remainder
    sharing         `Sharing`: the adjoints in common, and the numbers of multiplications
    definitions     (place of a node, its Expression) for the nodes that stand in chains and formulas, operands first
    numbers         places of the nodes in them that are not defined, of which only the number is given

    >>> from micrograd import explain
    >>> x = Value(3.0, "x")
    >>> why = explain(x * x, x, {})
    >>> why.derivations[0].value, why.derivations[0].count
    (6.0, 2)
    """

    def __init__(
        self,
        links: Links,
        derivations: list[Derivation],
        sharing: Sharing,
        definitions: list[tuple[int, Expression]],
        numbers: list[int],
    ) -> None:
        self.links, self.derivations, self.sharing = links, derivations, sharing
        self.definitions, self.numbers = definitions, numbers

    def chains(self) -> list[Chain]:
        """All chains told."""
        return [chain for derivation in self.derivations for chain in derivation.chains]

    def blocks(self, writing: Writing) -> list[Block]:
        """Derivations, definitions, sharing."""
        blocks = [block for derivation in self.derivations for block in derivation.blocks(writing)]
        definitions = self.definition_rows(writing)
        if definitions:
            blocks += [Words("where"), Equations(definitions)]
        worked = any(chain.factors for chain in self.chains())
        sharing = self.sharing.blocks(writing) if worked else []
        return [*blocks, *self.values(writing), *sharing, *self.notes()]

    def definition_rows(self, writing: Writing) -> list[list[Line]]:
        """Definitions of nodes, of primed functions, and of the choices of rows that select."""
        nodes, links = self.links.reach.nodes, self.links
        rows: list[list[Line]] = []
        for i, definition in self.definitions:
            name, value = writing.name(links.called.name(nodes[i])), writing.number(nodes[i].data)
            rows.append([[Math(name)], [Math(in_writing(definition, writing))], [Math(value)]])
        for prime, formula, slope in links.functions.values():
            rows.append([[Math(in_writing(prime, writing))], *cells_of(formula, slope, writing)])
        for edge, formula in links.choices.items():
            reach = links.reach
            top, bottom = [writing.name(links.called.name(nodes[i])) for i in (reach.tops[edge], reach.bottoms[edge])]
            rows.append([[Math(writing.slope(top, bottom))], *cells_of(formula, reach.slopes[edge] or 0.0, writing)])
        return rows

    def values(self, writing: Writing) -> list[Block]:
        """The numbers of what is not defined, and a warning where they are not those that root was computed from."""
        nodes, called = self.links.reach.nodes, self.links.called
        line: list[str] = []
        for i in self.numbers[:MOST_NUMBERS]:
            name, value = writing.name(called.name(nodes[i])), writing.number(nodes[i].data)
            line += [", " if line else "at ", Math(writing.equal(name, value))]
        more = len(self.numbers) - MOST_NUMBERS
        blocks: list[Block] = [Words(*line, *([f" and {more:,} more"] if more > 0 else []))] if line else []
        changed = [nodes[i] for i, definition in self.definitions if not same_or_nan(definition.data, nodes[i].data)]
        if changed:
            name = Math(writing.name(called.name(changed[-1])))
            blocks.append(Words("What ", name, " was computed from has changed; these derivatives are of before."))
        return blocks

    def notes(self) -> list[Block]:
        """What marks and dots mean, where there are some."""
        blocks: list[Block] = []
        if any(self.links.which(link) for chain in self.chains() for link in chain.told):
            blocks.append(Words(MARKS))
        if any(chain.skipped for chain in self.chains()):
            blocks.append(Words("Where factors are left out, the numbers give their product."))
        return blocks


def explanation_of(root: Value, wrt: Sequence[Value], names: Mapping[str, Any] | None, paths: int) -> Explanation:
    """Why ∂root/∂x is its number for each x in wrt, told by so many of the largest paths; `names` as for `explain`."""
    reach = reach_of(root, wrt)
    tallied, best = tally(reach), paths_of(reach)
    strangers = [x for x in wrt if id(x) not in reach.place]
    links = Links(reach, name_nodes([*reach.nodes[:-1], *strangers, root], names))
    derivations = []
    for x in wrt:
        place = reach.place.get(id(x))
        largest = best.largest(place, paths) if place is not None else []
        count = tallied.paths[place] if place is not None else 0
        derivations.append(derive(links, x, count, largest))
    chains = [chain for derivation in derivations for chain in derivation.chains]
    sharing = share(links, wrt, tallied, {link.bottom for chain in chains for link in chain.factors})
    return Explanation(links, derivations, sharing, *defined(links, chains))


def defined(links: Links, chains: list[Chain]) -> tuple[list[tuple[int, Expression]], list[int]]:
    """The definitions of nodes, operands first, and the places of those of which only the number is given.

    A node of a chain, of the formula of a factor or of its reason is defined; what its definition is made of has its
    number given.
    """
    reach, nodes = links.reach, links.reach.nodes
    told = {i for chain in chains for link in chain.told for i in (link.top, link.bottom)} | links.mentioned
    told |= {i for edge in links.choices for i in (reach.tops[edge], reach.bottoms[edge])}
    inner = sorted([i for i in told if nodes[i].op is not None])[-MOST_DEFINITIONS:]
    definitions = [(i, links.definition(i)) for i in inner]
    numbers = (told | links.mentioned).difference(inner)
    return definitions, sorted(numbers, key=lambda i: (i not in told, i))


def cells_of(formula: Expression, slope: float, writing: Writing) -> list[Line]:
    """What a derivative is: its formula and number, or the number that a row selects and why."""
    number = Math(writing.number(slope))
    if formula.op is not None or formula.name or formula.reason is None:
        return [[Math(in_writing(formula, writing))], [number]]
    return [[number, " since ", *reason(*formula.reason, writing)]]


def reason(condition: Expression, holds: bool, writing: Writing) -> Line:
    """What holds where a row selects: a = b where that is so, whatever the row asks, else the comparison."""
    if condition.op not in OPPOSITES:
        return [Math(in_writing(condition, writing)), " is not 0" if holds else " is 0"]
    sides = [in_writing(x, writing) for x in condition.args]
    for side, x in zip(sides, condition.args):
        if x.data != x.data:
            return [Math(side), " is nan"]
    if condition.args[0].data == condition.args[1].data:
        return [Math(writing.equal(*sides))]
    return [Math(writing.comparison(condition.op if holds else OPPOSITES[condition.op], *sides))]


def same_or_nan(x: float, y: float) -> bool:
    """Whether two numbers are equal, or both nan."""
    return x == y or x != x and y != y
