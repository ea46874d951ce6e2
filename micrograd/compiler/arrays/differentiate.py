"""Reverse mode on array steps: the adjoints of whole groups, from the same rows of the table of primitives.

contribution    what a row receives of the adjoint of a row made from it: (row, source row, factor slot)
active          depends on what is differentiated with respect to; the others receive nothing
guard           an adjoint that is exactly 0 contributes 0, even through a factor of inf or nan
lasting         made of forward rows alone: a local derivative, which may be computed as soon as they are there
"""

from __future__ import annotations

from collections import defaultdict

from micrograd.compiler.arrays.steps import Linear, Map, Outer, Pairs, Rows, Slots, Space, Step
from micrograd.dispatch import Operators
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    import numpy as np

    from micrograd.compiler.arrays.steps import Index, Operand

    Accumulation = Union[Outer, Pairs]

ONE = -1  # the factor slot of a contribution with factor 1
FEW_TERMS = 4  # so many adjoints are summed by additions, which fuse with what stands around them
NONE = -1  # the adjoint row of a row that has none


class Symbol(Operators):
    """An operand that stands for a whole group in a row's partials; what it goes through becomes Maps."""

    __slots__ = ("tape", "operand")
    thorough = True  # nobody reads or differentiates the partial: it may be long

    def __init__(self, tape: Tape, operand: Operand) -> None:
        self.tape, self.operand = tape, operand

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive on groups."""
        return self.tape.map(name, args)


class Product(Symbol):
    """left · right, made into a Map only if it is used otherwise than in a sum over the samples."""

    __slots__ = ("left", "right")

    def __init__(self, tape: Tape, left: Rows, right: Rows) -> None:
        self.tape, self.left, self.right = tape, left, right

    @property
    def operand(self) -> Operand:  # type: ignore[override]
        """The Map."""
        return self.tape.step("mul", [self.left, self.right])


class Tape:
    """Appends Maps of one number of rows to a list of steps; equal Maps are made once."""

    def __init__(self, steps: list[Step], space: Space, made: dict[Any, Rows], count: int) -> None:
        self.steps, self.space, self.made, self.count = steps, space, made, count

    def symbol(self, operand: Operand) -> Any:
        """The operand as a partial sees it: a float, or a symbol."""
        return operand if isinstance(operand, float) else Symbol(self, operand)

    def map(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive on symbols and numbers, simplified where that is exact."""
        numbers = [float(x) if not isinstance(x, Symbol) else None for x in args]
        if name == "mul":
            if 1.0 in numbers:
                return args[1 - numbers.index(1.0)]
            if -1.0 in numbers and None in numbers:
                return self.map("neg", (args[1 - numbers.index(-1.0)],))
            if numbers == [None, None]:
                a, b = args[0].operand, args[1].operand
                if isinstance(a, Rows) and isinstance(b, Rows):
                    return Product(self, a, b)
        if name == "div" and numbers[1] == 1.0:
            return args[0]
        operands = [x.operand if number is None else number for x, number in zip(args, numbers)]
        if None not in numbers:
            return TABLE[name].forward(*numbers)
        return Symbol(self, self.step(name, operands))

    def step(self, name: str, operands: list[Operand]) -> Rows:
        """The rows of a Map that is there already, or now."""
        import numpy as np

        key = name, tuple([x if isinstance(x, float) else x.key() for x in operands])
        if key not in self.made:
            start = self.space.take(self.count)
            self.steps.append(Map(TABLE[name], operands, start, self.count))
            self.made[key] = Rows(np.arange(start, start + self.count))
        return self.made[key]


class Reverse:
    """The reverse sweep over some steps.

    seeds       [(row, source row)]: where the adjoints start
    active      by row, active_slots by slot: what the derivatives are wanted for, or anything made of it
    steps       what the sweep makes; sums: what the slots receive
    """

    def __init__(
        self,
        forward: list[Step],
        space: Space,
        slots: Space,
        active: np.ndarray,
        active_slots: np.ndarray,
        seeds: list[tuple[int, int]],
        *,
        guard: bool = False,
    ) -> None:
        import numpy as np

        self.space, self.slots, self.active, self.active_slots, self.guard = space, slots, active, active_slots, guard
        self.steps: list[Step] = []
        self.made: dict[Any, Rows] = {}
        self.received: dict[int, list[tuple[Index, Index, Index]]] = defaultdict(list)  # by owner
        self.single: dict[int, list[tuple[Index, Index]]] = defaultdict(list)
        self.products: list[tuple[Index, Index, Index | None]] = []
        self.outers: list[Outer] = []
        self.owner = np.full(space.size, NONE)
        self.forward = forward
        for number, step in enumerate(forward):
            self.owner[step.start : step.start + step.count] = number
        spread(forward, active, active_slots)
        rows, sources = np.array(seeds, np.int64).reshape(-1, 2).T
        self._send(rows, sources, np.full(len(rows), ONE))
        for number in range(len(forward) - 1, -1, -1):
            self._pull(number)
        self.sums: list[Accumulation] = [*self.outers, *self._pairs()]

    def _send(self, target: Index, source: Index, factor: Index) -> None:
        """Contributions to rows, put down with the step that makes them."""
        import numpy as np

        kept = self.active[target]
        if not kept.all():
            target, source, factor = target[kept], source[kept], factor[kept]
        owners = self.owner[target]
        for owner in np.unique(owners).tolist():
            of = owners == owner
            self.received[owner].append((target[of], source[of], factor[of]))

    def adjoints(self, number: int, start: int, count: int) -> Index:
        """The adjoint row of each row of a step (NONE for leaves: number), made of what the rows received."""
        import numpy as np

        adjoint = np.full(count, NONE)
        received = self.received.pop(number, [])
        if not received:
            return adjoint
        target, source, factor = [np.concatenate(parts) for parts in zip(*received)]
        order = np.argsort(target, kind="stable")
        target, source, factor = target[order] - start, source[order], factor[order]
        counts = np.bincount(target, minlength=count)
        first = np.cumsum(counts) - counts
        plain = (counts == 1) & (factor[np.minimum(first, len(factor) - 1)] == ONE)
        adjoint[plain] = source[first[plain]]
        for terms in np.unique(counts[(counts > 0) & ~plain]).tolist():
            rows = np.flatnonzero((counts == terms) & ~plain)
            places = first[rows][:, None] + np.arange(terms)
            if terms <= FEW_TERMS and (factor[places] == ONE).all():
                adjoint[rows] = self._added(source[places])
            elif terms == 1 and not self.guard:
                tape = Tape(self.steps, self.space, self.made, len(rows))
                adjoint[rows] = tape.step("mul", [Slots(factor[places[:, 0]]), Rows(source[places[:, 0]])]).index
            else:
                self._sum(adjoint, rows, source[places], factor[places])
        return adjoint

    def _added(self, source: Index) -> Index:
        """The sums of a few adjoints each, by additions."""
        tape = Tape(self.steps, self.space, self.made, len(source))
        added = tape.symbol(Rows(source[:, 0].copy()))
        for column in source.T[1:]:
            added = added + tape.symbol(Rows(column.copy()))
        return rows_of(tape, added)

    def _sum(self, adjoint: Index, rows: Index, source: Index, factor: Index) -> None:
        """Rows that receive equally much: those from the same rows together."""
        import numpy as np

        if (factor == ONE).any():
            factor = np.where(factor == ONE, self.slots.constant(1.0), factor)
        same, inverse = np.unique(source, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        alike = [np.flatnonzero(inverse == i) for i in range(len(same))] if 8 * len(same) <= len(rows) + 56 else []
        for chosen in alike or [np.arange(len(rows))]:
            start = self.space.take(len(chosen))
            adjoint[rows[chosen]] = np.arange(start, start + len(chosen))
            self.steps.append(Linear(source[chosen], factor[chosen], None, start, self.guard))

    def _pull(self, number: int) -> None:
        """Send what the rows of a step have received on to its operands."""
        import numpy as np

        step = self.forward[number]
        adjoint = self.adjoints(number, step.start, step.count)
        some = np.flatnonzero(adjoint != NONE)
        if len(some) == 0:
            return
        if isinstance(step, Linear):
            self._pull_linear(step, some, adjoint[some])
        elif isinstance(step, Map):
            self._pull_map(step, some, adjoint[some])

    def _pull_linear(self, step: Linear, some: Index, g: Index) -> None:
        import numpy as np

        rows, slots = step.rows[some], step.slots[some]
        source = np.repeat(g, rows.shape[1])
        factor = slots.ravel()
        self._send(rows.ravel(), source, np.where(factor == self.slots.constant(1.0), ONE, factor))
        active = self.active_slots[slots]
        if step.shared and active.all() and rows.shape[0] > 1 and len(np.unique(slots)) == slots.size:
            self.outers.append(Outer(g, rows[0], slots, self.guard))
        elif active.any():
            chosen = active.ravel()
            self.products.append((slots.ravel()[chosen], source[chosen], rows.ravel()[chosen]))
        if step.bias is not None:
            chosen = self.active_slots[step.bias[some]]
            self.products.append((step.bias[some][chosen], g[chosen], None))

    def _pull_map(self, step: Map, some: Index, g: Index) -> None:
        import numpy as np

        tape = Tape(self.steps, self.space, self.made, len(some))
        operands = [x if isinstance(x, float) else x.take(some) for x in step.operands]
        args = tuple([tape.symbol(x) for x in operands])
        out, adjoint = tape.symbol(Rows(step.start + some)), tape.symbol(Rows(g))
        for i, x in enumerate(operands):
            if isinstance(x, float) or step.op.partials[i].__class__ is float and step.op.partials[i] == 0.0:
                continue
            active = (self.active_slots if isinstance(x, Slots) else self.active)[x.index]
            if not active.any():
                continue
            received = self._contribution(step, i, args, out, adjoint)
            if isinstance(received, float):  # 0: anything else would have the adjoint in it
                continue
            places = np.flatnonzero(active)
            if isinstance(x, Slots):
                self._collect(x.index[places], received, places)
            else:
                source = rows_of(tape, received)
                self._send(x.index[places], source[places], np.full(len(places), ONE))

    def _contribution(self, step: Map, i: int, args: tuple[Any, ...], out: Any, g: Any) -> Any:
        """∂out/∂operand i times g; exactly 0 where g is 0 if the sweep is guarded."""
        received = step.op.contribution(i, args, out, g)
        if self.guard and not step.op.selects and step.op.partials[i].__class__ is not float:
            return g.operate("where", (g, received, 0.0))
        return received

    def _collect(self, slots: Index, received: Any, places: Index) -> None:
        """Contributions to slots: sums over the samples."""
        if isinstance(received, Product):
            self.products.append((slots, received.left.index[places], received.right.index[places]))
        else:
            self.products.append((slots, rows_of(received.tape, received)[places], None))

    def _pairs(self) -> list[Pairs]:
        """The collected products by slot: slots together that have equally many, made by one step or by several."""
        import numpy as np

        pairs = []
        for with_right in (True, False):
            parts = [part for part in self.products if (part[2] is not None) == with_right and len(part[0])]
            if not parts:
                continue
            slots, left = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
            right = np.concatenate([part[2] for part in parts]) if with_right else None
            step = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
            order = np.argsort(slots, kind="stable")
            slots, left, right = slots[order], left[order], None if right is None else right[order]
            distinct, first, counts = np.unique(slots, return_index=True, return_counts=True)
            step = step[order]
            by = np.where(step[first] == step[first + counts - 1], step[first], len(parts))
            for group in np.unique(np.stack([counts, by], axis=1), axis=0):
                chosen = (counts == group[0]) & (by == group[1])
                places = first[chosen][:, None] + np.arange(group[0])
                pairs.append(Pairs(distinct[chosen], left[places], None if right is None else right[places]))
        for pair in pairs:
            pair.guard = self.guard
        return pairs


def spread(steps: list[Step], active: np.ndarray, active_slots: np.ndarray) -> None:
    """Mark as active the rows that the steps make of active rows and slots."""
    for step in steps:
        made = slice(step.start, step.start + step.count)
        if isinstance(step, Linear):
            active[made] = active[step.rows].any(1) | active_slots[step.slots].any(1)
            if step.bias is not None:
                active[made] |= active_slots[step.bias]
        elif isinstance(step, Map):
            for i, x in enumerate(step.operands):
                if not isinstance(x, float) and (step.op.partials[i].__class__ is not float or step.op.partials[i]):
                    active[made] |= (active_slots if isinstance(x, Slots) else active)[x.index]


def rows_of(tape: Tape, symbol: Any) -> Index:
    """The rows of a symbol; a group made of slots alone becomes rows by adding to 0."""
    import numpy as np

    operand = symbol.operand
    if isinstance(operand, Slots):
        operand = tape.step("detach", [operand])
    return np.asarray(operand.index)
