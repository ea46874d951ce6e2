"""One derivative told as a teacher writes it on the board: the chain, the formulas, the numbers, the sum over paths.

root, x     the derivative told is ∂root/∂x
line        words and formulas in a row, as in `formulas.document`
"""

from __future__ import annotations

from math import fsum

from micrograd.formulas.document import Equations, Math, Words
from micrograd.formulas.expressions import in_writing, signed
from micrograd.ops import ADD, PRODUCT, SUB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.chain_rule.links import Link, Links
    from micrograd.chain_rule.paths import Path
    from micrograd.engine import Value
    from micrograd.formulas.document import Block, Line
    from micrograd.formulas.expressions import Expression
    from micrograd.formulas.writing import Writing

MOST_FACTORS, FIRST, LAST = 12, 7, 4  # of a chain; what is in between becomes ⋯


class Chain:
    """One path as a chain of factors, with their formulas; of a long one the first and the last few are told.

    value       its contribution to the derivative: the product of the factors
    factors     all of them; `told` are written, `skipped` are those in between
    """

    def __init__(self, links: Links, value: float, factors: list[Link], skipped: list[Link], told: list[Link]) -> None:
        self.links, self.value, self.factors, self.skipped, self.told = links, value, factors, skipped, told
        self.formulas = [links.formula(link) for link in told]

    def unwritten(self, link: Link) -> bool:
        """Whether a factor is 1 by the row, and so goes without saying."""
        return all(self.links.reach.row_partial(edge) == 1.0 for edge in link.edges)

    def lines(self, writing: Writing) -> list[str]:
        """The chain in ∂-notation, in formulas, in numbers."""
        slopes, formulas, numbers = [], [], []
        product = 1.0
        for link in self.skipped:
            product *= link.slope
        for n, (link, formula) in enumerate(zip(self.told, self.formulas)):
            if self.skipped and n == FIRST:
                slopes.append(writing.dots)
                if not all(map(self.unwritten, self.skipped)):
                    formulas.append(writing.dots)
                    numbers.append(writing.number(product))
            slopes.append(self.links.slope(link, writing))
            if not self.unwritten(link):
                formulas.append(factor(formula, writing.tight, first=not formulas))
                numbers.append(writing.number(link.slope))
        one = [writing.number(1.0)]
        return [writing.factor_sign.join(row) for row in (slopes, formulas or one, numbers or one)]

    def rows(self, left: Line, writing: Writing, *ending: str) -> list[list[Line]]:
        """The chain as rows of equations, the last its value; what would say the same again is left out."""
        value = writing.number(self.value)
        lines = [line for line in self.lines(writing) if line != value and [line] != left]
        rights: list[Line] = [*[[Math(line)] for line in lines], [Math(value), *ending]]
        return [[[] if n else left, right] for n, right in enumerate(rights)]


def chain_along(links: Links, edges: list[int], value: float) -> Chain:
    """The chain of the path along these edges, which contributes `value`."""
    factors = links.chain(edges)
    skipped = factors[FIRST:-LAST] if len(factors) > MOST_FACTORS else []
    return Chain(links, value, factors, skipped, [*factors[:FIRST], *factors[-LAST:]] if skipped else factors)


def factor(formula: Expression, writing: Writing, *, first: bool) -> str:
    """A formula as one factor of several; in front a minus sign needs no brackets."""
    if first and formula.op not in (ADD, SUB):
        negative, text, strength = signed(formula, writing)
        return writing.negated(text, strength) if negative else text if strength >= PRODUCT else writing.bracket(text)
    return in_writing(formula, writing, PRODUCT)


class Derivation:
    """∂root/∂x: its value, the number of paths, and those that contribute most.

    value       the derivative, as `backward` computes it; no `grad` was touched
    count       the number of paths from root to x, None if it has more than thirty thousand digits
    chains      the largest contributions, each a Chain with its value
    remainder   value minus what `chains` contribute
    """

    def __init__(self, links: Links, x: Value, value: float, count: int | None, chains: list[Chain]) -> None:
        self.links, self.x, self.value, self.count, self.chains = links, x, value, count, chains
        self.root = links.reach.nodes[-1]
        self.remainder = value - fsum([chain.value for chain in chains])

    def name(self, x: Value, writing: Writing) -> str:
        """What a node is called."""
        return writing.name(self.links.called.name(x))

    def left(self, writing: Writing) -> list[str]:
        """∂root/∂x"""
        return [Math(writing.slope(self.name(self.root, writing), self.name(self.x, writing)))]

    def blocks(self, writing: Writing) -> list[Block]:
        """The derivation of one path, or of the sum over several."""
        left, value = self.left(writing), Math(writing.number(self.value))
        root, x = [Math(self.name(node, writing)) for node in (self.root, self.x)]
        if self.count == 0:
            return [Equations([[left, [value, ", since ", root, " does not depend on ", x]]])]
        if not self.chains[0].factors:
            return [Equations([[left, [value, ", as for anything by itself"]]])]
        if self.count == 1:
            return [Equations(self.chains[0].rows(left, writing, *self.check(writing)))]
        blocks: list[Block] = [Words(*left, " is a sum over ", *self.paths(writing), self.which())]
        for n, chain in enumerate(self.chains, 1):
            blocks.append(Equations(chain.rows([f"path {n}"], writing)))
        return [*blocks, Equations(self.total(left, writing))]

    def paths(self, writing: Writing) -> list[str]:
        """The number of paths in words."""
        if self.count is None:
            return ["more than ", Math(writing.count(1 << 100_000)), " paths"]
        return [Math(writing.count(self.count)), " paths"]

    def others(self, writing: Writing) -> list[str]:
        """The paths that are not told, in words."""
        rest = 0 if self.count is None else self.count - len(self.chains)
        return ["path"] if rest == 1 else [Math(writing.count(rest)), " paths"] if rest else ["paths"]

    def which(self) -> str:
        """What of the sum is told."""
        if self.count == len(self.chains):
            return ":"
        many = len(self.chains)
        return "; the largest contribution:" if many == 1 else f"; the {many} largest contributions:"

    def total(self, left: Line, writing: Writing) -> list[list[Line]]:
        """The sum of the contributions, the remainder, and the derivative."""
        terms = ""
        for chain in self.chains:
            terms = writing.added(terms, chain.value)
        row: list[str] = [Math(terms)]
        if self.count != len(self.chains):
            row = [Math(writing.added(terms, self.remainder)), ", the last term from the other ", *self.others(writing)]
        return [[left, row], [[], [Math(writing.number(self.value)), *self.check(writing)]]]

    def check(self, writing: Writing) -> list[str]:
        """Whether the derivative is what x.grad holds, and if not, why."""
        grad, value = self.x.grad, self.value
        of_x = [Math(self.name(self.x, writing)), ".grad"]
        if grad == value or abs(grad - value) <= 1e-12 * abs(value) or grad != grad and value != value:
            return [", which equals ", *of_x]
        held = ["; ", *of_x, " is ", Math(writing.number(grad))]
        if self.root.grad == 0.0:
            return [*held, ": ", Math(self.name(self.root, writing)), ".backward() was not called"]
        return [*held, ": grad adds up over calls of backward() until it is set to 0"]


def derive(links: Links, x: Value, count: int | None, paths: list[Path]) -> Derivation:
    """The derivation of ∂root/∂x, of which `paths` are the largest of so many."""
    place = links.reach.place.get(id(x))
    value = links.reach.adjoints[place] if place is not None else 0.0
    return Derivation(links, x, value, count, [chain_along(links, path.edges, path.value) for path in paths])
