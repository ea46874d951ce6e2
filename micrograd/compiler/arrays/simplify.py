"""What a reverse sweep can do without: signs and powers of two, quotients, factors that all samples share.

multiple    a row that is scale · another row, where the scale is ±2ᵏ. It is not made: what is made of it is a multiple
            too, and so are sums, whose few numbers are multiplied once a step. What reads it for itself has it made
inverse     1 / row, made once where several adjoints are divided by the row
shared      a factor u of adjoints that are only summed over the samples: Σ u · r is u · Σ r

A product with ±2ᵏ is exact and one with an inverse nearly so, unless the inverse overflows, or what is to be multiplied
is so small that it has few digits. Inverses overflow only for subnormal rows. Then something becomes inf or nan and the
guarded program runs, whose steps are left as they came; on the way there it is not lost, since all that is made of an
adjoint is products, sums and choices. Scales stay near 1, so digits stay too.
"""

from __future__ import annotations

from math import frexp

from micrograd.compiler.arrays.gather import Scatter
from micrograd.compiler.arrays.program import PLAIN
from micrograd.compiler.arrays.steps import NONE, Linear, Map, Outer, Rows, Slots, Taken
from micrograd.ops import ADD, DIV, MUL, NEG, SUB, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram, Factor
    from micrograd.compiler.arrays.steps import Index, Operand, Space, Step, Sum

LARGEST = 4.0  # scale of what something is made of


class Simplifier:
    """The steps of a sweep in a simpler form; rows keep their numbers, and new ones are taken for what is new.

    of, scale   by row: the row it is a multiple of, itself if it is made
    """

    def __init__(self, space: Space) -> None:
        import numpy as np

        self.space = space
        self.steps: list[Step] = []
        self.of, self.scale = np.arange(space.size), np.ones(space.size)
        self.group: dict[int, Index] = {}  # first row -> the rows of a step of multiples
        self.group_of = np.full(space.size, NONE)
        self.inverse: dict[tuple[str, int], int] = {}
        self.quotients: dict[tuple[str, int], int] = {}  # how many there are by a row or slot

    def run(self, steps: list[Any]) -> None:
        """Make the steps in a simpler form."""
        for divisor in [step.operands[1] for step in steps if step.op is DIV]:
            for key in keys(divisor):
                self.quotients[key] = self.quotients.get(key, 0) + 1
        for step in steps:
            if step.op is None:
                self._linear(step)
            else:
                self._map(step)

    # rows and their multiples

    def made(self, index: Index) -> Index:
        """Rows that hold these numbers themselves."""
        import numpy as np

        multiples = index[self.scale[index] != 1.0]
        for first in np.unique(self.group_of[multiples]).tolist() if len(multiples) else ():
            rows, scale = self.group[first], float(self.scale[first])
            op, factor = (NEG, []) if scale == -1.0 else (MUL, [scale])
            self.steps.append(Map(op, [Rows(self.of[rows]), *factor], first, len(rows)))
            self.of[rows], self.scale[rows] = rows, 1.0
        found: Index = self.of[index]
        return found

    def multiple(self, x: Operand) -> tuple[Operand, float]:
        """An operand as scale · another; rows of several scales, or of one far from 1, themselves.

        So is a row of which many are to be made: it would be more work to multiply those, or what they add up to.
        """
        if not isinstance(x, Rows):
            return x, 1.0
        scales = self.scale[x.index]
        scale = float(scales[0])
        if (scales != scale).any() or scale != 1.0 and (not near_one(scale) or repeats(x.index)):
            return Rows(self.made(x.index)), 1.0
        return Rows(self.of[x.index]), scale

    def _is(self, step: Step, of: Index, scale: float) -> None:
        """The rows of a step are not made, but multiples of others."""
        own = step.own
        self.of[own], self.scale[own], self.group_of[own] = of, scale, step.start
        self.group[step.start] = own

    def _make(self, step: Step, op: Any, operands: list[Operand], scale: float = 1.0) -> None:
        """The rows of a step are scale · what the primitive makes of the operands."""
        if scale == 1.0:
            self.steps.append(Map(op, operands, step.start, step.count))
        else:
            rows = self._rows(step.count)
            self.steps.append(Map(op, operands, int(rows[0]), step.count))
            self._is(step, rows, scale)

    def _rows(self, count: int) -> Index:
        """New rows."""
        import numpy as np

        start, known = self.space.take(count), len(self.of)
        if start + count > known:  # room for as many again: a large graph takes rows many thousand times
            more = np.arange(known, 2 * known + count)
            self.of, self.scale = np.append(self.of, more), np.append(self.scale, np.ones(len(more)))
            self.group_of = np.append(self.group_of, np.full(len(more), NONE))
        return np.arange(start, start + count)

    # steps

    def _map(self, step: Map) -> None:
        op = step.op
        if op is NEG:
            x, scale = self.multiple(step.operands[0])
            if isinstance(x, Rows):
                return self._is(step, x.index, -scale)
        elif op is MUL:
            return self._product(step)
        elif op is ADD or op is SUB:
            return self._sum(step)
        elif op is DIV:
            return self._quotient(step)
        elif op is WHERE:
            return self._choice(step)
        self._make(step, op, [self._itself(x) for x in step.operands])

    def _itself(self, x: Operand) -> Operand:
        return Rows(self.made(x.index)) if isinstance(x, Rows) else x

    def _product(self, step: Map) -> None:
        (x, a), (y, b) = [self.multiple(operand) for operand in step.operands]
        for number, other in ((x, y), (y, x)):
            if isinstance(number, float) and isinstance(other, Rows) and is_power(number):
                return self._is(step, other.index, a * b * number)
        self._make(step, MUL, [x, y], a * b)

    def _sum(self, step: Map) -> None:
        import numpy as np

        (x, a), (y, b) = [self.multiple(operand) for operand in step.operands]
        if not (isinstance(x, Rows) and isinstance(y, Rows)) or abs(a) != abs(b):
            return self._make(step, step.op, [self._itself(operand) for operand in step.operands])
        b = -b if step.op is SUB else b
        if a == b and np.array_equal(x.index, y.index):
            return self._is(step, x.index, 2.0 * a)
        if a == b:
            self._make(step, ADD, [x, y], a)
        elif a > 0.0:
            self._make(step, SUB, [x, y], a)
        else:
            self._make(step, SUB, [y, x], b)

    def _quotient(self, step: Map) -> None:
        import numpy as np

        (x, a), y = self.multiple(step.operands[0]), self._itself(step.operands[1])
        if not isinstance(y, Taken) or any(self.quotients.get(key, 0) < 2 for key in keys(y)):
            return self._make(step, DIV, [x, y], a)
        new = sorted({key for key in keys(y) if key not in self.inverse})
        if new:
            made = self._rows(len(new))
            of = type(y)(np.array([place for _, place in new]))
            self.steps.append(Map(DIV, [1.0, of], int(made[0]), len(new)))
            self.inverse.update(zip(new, made.tolist()))
        inverse = np.array([self.inverse[key] for key in keys(y)])
        if isinstance(x, float) and is_power(x):
            return self._is(step, inverse, x)
        self._make(step, MUL, [x, Rows(inverse)], a)

    def _choice(self, step: Map) -> None:
        condition = self._itself(step.operands[0])
        (x, a), (y, b) = [self.multiple(operand) for operand in step.operands[1:]]
        a, b = (b if x == 0.0 else a), (a if y == 0.0 else b)
        if a == b:
            return self._make(step, WHERE, [condition, x, y], a)
        self._make(step, WHERE, [condition, *[self._itself(operand) for operand in step.operands[1:]]])

    def _linear(self, step: Any) -> None:
        import numpy as np

        rows, scale = self.multiple(Rows(step.rows.ravel()))
        if scale != 1.0 and (step.bias is not None or step.count > len(np.unique(step.rows))):
            rows, scale = Rows(self.made(step.rows.ravel())), 1.0
        rows = rows.index.reshape(step.rows.shape)  # type: ignore[union-attr]
        if scale == 1.0:
            self.steps.append(Linear(rows, step.slots, step.bias, step.start, step.guard))
            return
        made = self._rows(step.count)
        self.steps.append(Linear(rows, step.slots, None, int(made[0]), step.guard))
        self._is(step, made, scale)

    # sums

    def sums(self, sums: list[Sum]) -> tuple[list[Sum], dict[int, Factor]]:
        """The sums in a simpler form, and by slot what they are to be multiplied by."""
        import numpy as np

        read = np.zeros(self.space.size, bool)
        for step in self.steps:
            for index in step.reads():
                read[index] = True
        makers = {row: (step, i) for step in self.steps if step.op is MUL for i, row in enumerate(step.own.tolist())}
        found = [self._terms(one, makers, read) for one in sums]
        while True:  # a slot has one factor, in all the sums that it gets
            factors: dict[int, set[Factor]] = {}
            for one, (_, own) in zip(sums, found):
                for slot, factor in zip(one.slots.ravel().tolist(), own):
                    factors.setdefault(slot, set()).add(factor)
            mixed = {slot for slot, several in factors.items() if len(several) > 1}
            wrong = [
                k
                for k, (one, (_, own)) in enumerate(zip(sums, found))
                if set(own) != {PLAIN} and not mixed.isdisjoint(one.slots.ravel().tolist())
            ]
            if not wrong:
                return [one for one, _ in found], {slot: f for slot, [f] in factors.items() if f != PLAIN}
            for k in wrong:
                found[k] = self._as_it_is(sums[k])

    def _as_it_is(self, one: Sum) -> tuple[Sum, list[Factor]]:
        """A sum of rows that are made."""
        left, *right = [self.made(x.ravel()).reshape(x.shape) for x in (one.left, one.right) if x is not None]
        return one.over(left, *right), [PLAIN] * one.slots.size

    def _terms(self, one: Sum, makers: Any, read: Any) -> tuple[Sum, list[Factor]]:
        """A sum in a simpler form and the factor of each of its slots."""
        import numpy as np

        sides = [x for x in (one.left, one.right) if x is not None]
        rows, scales = [self.of[x] for x in sides], [self.scale[x] for x in sides]
        if isinstance(one, Scatter):
            return self._as_it_is(one)
        several = {scale for x in scales for scale in x.ravel().tolist()} - {1.0}
        fewer = one.slots.size > one.left.size or any(repeats(x.ravel()) for x in sides)
        if several and (fewer or not all(near_one(scale) for scale in several)):
            return self._as_it_is(one)
        if isinstance(one, Outer):
            return one.over(*rows), [(scale, NONE) for scale in np.outer(*scales).ravel().tolist()]
        scale = scales[0] if len(sides) == 1 else scales[0] * scales[1]
        if (scale != scale[:, :1]).any():
            return self._as_it_is(one)
        factors = [(first, NONE) for first in scale[:, 0].tolist()]
        if one.right is None:  # else the product with the right might have no digits without the factor
            for i, own in enumerate(rows[0].tolist()):
                apart = [product(makers.get(row)) for row in own]
                [slot, *others] = {slot for slot, _ in apart}
                if slot != NONE and not others and not read[own].any():
                    rows[0][i] = [row for _, row in apart]
                    factors[i] = factors[i][0], slot
        return one.over(*rows), factors


def keys(x: Operand) -> list[tuple[str, int]]:
    """Each row or slot of an operand; of a number none."""
    return [(x.letter, place) for place in x.index.tolist()] if isinstance(x, Taken) else []


def is_power(x: float) -> bool:
    """Whether a number is ±2ᵏ."""
    return abs(frexp(x)[0]) == 0.5


def repeats(index: Index) -> bool:
    """Whether a row is there twice."""
    import numpy as np

    return len(index) > 1 and len(np.unique(index)) < len(index)


def near_one(scale: float) -> bool:
    """Whether what is multiplied by this has its digits anyhow."""
    return 1.0 / LARGEST <= abs(scale) <= LARGEST


def product(maker: tuple[Map, int] | None) -> tuple[int, int]:
    """(slot, row) of a row that is a slot times a row, else NONE."""
    if maker is not None:
        step, place = maker
        for x, y in (step.operands, step.operands[::-1]):
            if isinstance(x, Slots) and isinstance(y, Rows):
                return int(x.index[place]), int(y.index[place])
    return NONE, NONE


def simplify(program: ArrayProgram) -> ArrayProgram:
    """The adjoints and sums in a simpler form; not for a program with a guard."""
    made = program.copy()
    simpler = Simplifier(made.row_space)
    simpler.run(program.steps[program.forward :])
    if program.outputs is not None:
        made.outputs = simpler.made(program.outputs)
    made.sums, made.factors = simpler.sums(program.sums)
    made.steps = program.steps[: program.forward] + simpler.steps
    return made
