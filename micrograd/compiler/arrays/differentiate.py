"""Reverse mode on array steps: the adjoints of whole groups, from the same rows of the table of primitives.

contribution    what a row receives of the adjoint of a row made from it: (row, source row, factor slot)
active          depends on what is differentiated with respect to; the others receive nothing
guard           an adjoint that is exactly 0 contributes 0, even through a factor of inf or nan
"""

from __future__ import annotations

from collections import defaultdict

from micrograd.compiler.arrays.gather import Gather, Scatter
from micrograd.compiler.arrays.number_by_number import little_in_common, reversed_number_by_number
from micrograd.compiler.arrays.steps import NONE, Linear, Map, Outer, Pairs, Rows, Slots
from micrograd.compiler.arrays.symbols import MapBuilder, Product
from micrograd.ops import DETACH, MUL, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Space, Step, Sum

ONE = -1  # the factor slot of a contribution with factor 1
FEW_TERMS = 4  # so many adjoints are summed by additions, which fuse with what stands around them


class Reverse:
    """The reverse sweep over some steps.

    active      by row, active_slots by slot: what the derivatives are wanted for, or anything made of it
    owner       by row: the number of the step that makes it, NONE for a leaf
    received    number of a step -> the contributions to its rows
    steps       what the sweep makes; known: the rows of its Maps
    products    what slots receive, (slots, left, right), beside `alone`, the sums that stand for themselves
    """

    def __init__(
        self, forward: list[Step], space: Space, slots: Space, active: np.ndarray, active_slots: np.ndarray, guard: bool
    ) -> None:
        import numpy as np

        self.forward, self.space, self.slots, self.guard = forward, space, slots, guard
        self.active, self.active_slots = active, active_slots
        self.owner = np.full(space.size, NONE)
        self.received: dict[int, list[tuple[Index, Index, Index]]] = defaultdict(list)
        self.steps: list[Step] = []
        self.known: dict[Any, Rows] = {}
        self.products: list[tuple[Index, Index, Index | None]] = []
        self.alone: list[Sum] = []

    def run(self, seeds: list[tuple[int, int]]) -> Reverse:
        """Go through the steps from the last to the first; the adjoints start from the seeds, [(row, source row)]."""
        import numpy as np

        for number, step in enumerate(self.forward):
            self.owner[step.start : step.start + step.count] = number
        spread(self.forward, self.active, self.active_slots)
        rows, sources = np.array(seeds, np.int64).reshape(-1, 2).T
        self._send(rows, sources, np.full(len(rows), ONE))
        for number in range(len(self.forward) - 1, -1, -1):
            self._pull(number)
        return self

    def sums(self) -> list[Sum]:
        """What the slots receive."""
        return [*self.alone, *self._pairs()]

    def _send(self, target: Index, source: Index, factor: Index) -> None:
        """Contributions to rows, put down with the step that makes them."""
        import numpy as np

        kept = self.active[target]
        if not kept.all():
            target, source, factor = target[kept], source[kept], factor[kept]
        owners = self.owner[target]
        if len(owners) == 1:  # as in programs of single numbers, of which there may be thousands
            self.received[int(owners[0])].append((target, source, factor))
            return
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
        if count == 1 and len(source) <= FEW_TERMS and (factor == ONE).all():
            return source if len(source) == 1 else self._added(source[None])
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
                product: list[Any] = [Slots(factor[places[:, 0]]), Rows(source[places[:, 0]])]
                adjoint[rows] = self._maps(len(rows)).made_by(MUL, product).index
            else:
                self._sum(adjoint, rows, source[places], factor[places])
        return adjoint

    def _added(self, source: Index) -> Index:
        """The sums of a few adjoints each, by additions."""
        maps = self._maps(len(source))
        added = maps.symbol(Rows(source[:, 0].copy()))
        for column in source.T[1:]:
            added = added + maps.symbol(Rows(column.copy()))
        return maps.index(added)

    def _maps(self, count: int) -> MapBuilder:
        return MapBuilder(self.steps, self.space, self.known, count)

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
        elif isinstance(step, Gather):
            self.alone.append(Scatter(step.slots[some], adjoint[some], step.index))
        else:
            self._pull_map(step, some, adjoint[some])  # type: ignore[arg-type]

    def _pull_linear(self, step: Linear, some: Index, g: Index) -> None:
        import numpy as np

        rows, slots = step.rows[some], step.slots[some]
        source = np.repeat(g, rows.shape[1])
        factor = slots.ravel()
        self._send(rows.ravel(), source, np.where(factor == self.slots.constant(1.0), ONE, factor))
        active = self.active_slots[slots]
        if step.shared and active.all() and rows.shape[0] > 1 and len(np.unique(slots)) == slots.size:
            self.alone.append(Outer(slots, g, rows[0], self.guard))
        elif active.any():
            chosen = active.ravel()
            self.products.append((slots.ravel()[chosen], source[chosen], rows.ravel()[chosen]))
        if step.bias is not None:
            chosen = self.active_slots[step.bias[some]]
            self.products.append((step.bias[some][chosen], g[chosen], None))

    def _pull_map(self, step: Map, some: Index, g: Index) -> None:
        import numpy as np

        maps = self._maps(len(some))
        operands = [x if isinstance(x, float) else x.take(some) for x in step.operands]
        args = tuple([maps.symbol(x) for x in operands])
        out, adjoint = maps.symbol(Rows(step.start + some)), maps.symbol(Rows(g))
        for i, x in enumerate(operands):
            if isinstance(x, float) or not step.varies(i):
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
                source = maps.index(received)
                self._send(x.index[places], source[places], np.full(len(places), ONE))

    def _contribution(self, step: Map, i: int, args: tuple[Any, ...], out: Any, g: Any) -> Any:
        """∂out/∂operand i times g; exactly 0 where g is 0 if the sweep is guarded."""
        received = step.op.contribution(i, args, out, g)
        if self.guard and not step.op.selects and step.op.partials[i].__class__ is not float:
            return g.operate(WHERE.name, (g, received, 0.0))
        return received

    def _collect(self, slots: Index, received: Any, places: Index) -> None:
        """Contributions to slots: sums over the samples."""
        if isinstance(received, Product):
            self.products.append((slots, received.left.index[places], received.right.index[places]))
        else:
            self.products.append((slots, received.maps.index(received)[places], None))

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
                other = None if right is None else right[places]
                pairs.append(Pairs(distinct[chosen], left[places], other, self.guard))
        return pairs


def spread(steps: list[Step], active: np.ndarray, active_slots: np.ndarray) -> None:
    """Mark as active the rows that the steps make of active rows and slots."""
    for step in steps:
        active[step.start : step.start + step.count] = step.depends(active, active_slots)


def guard(program: Any) -> Any:
    """The program, or trace, in which an adjoint of exactly 0 contributes 0, even through a factor of inf or nan."""
    made = program.copy()
    made.guard = True
    return made


def differentiate(program: ArrayProgram) -> ArrayProgram:
    """The adjoints of what stands between the loss and parameters, and the sums that parameters receive."""
    made, reverse = reversed_from_loss(program)
    made.steps = made.steps + reverse.steps
    return made


def reversed_from_loss(program: ArrayProgram, inputs: bool = False) -> tuple[ArrayProgram, Reverse]:
    """The program with the sums that parameters receive, and the sweep, whose steps are not in it as yet."""
    import numpy as np

    made = program.copy()
    active_slots = active_parameters(made)
    spread(made.before, active_slots, np.zeros(made.slots, bool))
    active = np.zeros(made.rows, bool)
    active[: made.trace.inputs] = inputs
    reverse = Reverse(made.steps, made.row_space, made.slot_space, active, active_slots, made.guard)
    reverse.run([(made.row_of[made.trace.loss], made.weight)])  # type: ignore[index]
    made.sums = reverse.sums()
    return made, reverse


def differentiate_with_inputs(program: ArrayProgram) -> ArrayProgram:
    """The same; and the adjoints of the inputs, handed out for each sample."""
    import numpy as np

    made, reverse = reversed_from_loss(program, inputs=True)
    adjoint = reverse.adjoints(NONE, 0, made.trace.inputs)
    made.steps = made.steps + reverse.steps
    if (adjoint == NONE).any():
        zero = made.row_space.take(1)
        made.steps.append(Map(DETACH, [0.0], zero, 1))
        adjoint = np.where(adjoint == NONE, zero, adjoint)
    made.outputs = adjoint
    return made


def differentiate_uniform(program: ArrayProgram) -> ArrayProgram:
    """The derivative of the value by every parameter, from the sums over the samples and from the penalty."""
    import numpy as np

    made = program.copy()
    seeds = list(made.received.items())
    if made.trace.penalty is not None:
        seeds.append((made.value[-1], made.slot_space.constant(1.0)))
    active, parameters = active_parameters(made), len(made.trace.parameters)
    space = made.slot_space
    if little_in_common(made.before):
        made.gradient = np.array(reversed_number_by_number(made, seeds, parameters), np.int64)
        return made
    reverse = Reverse(made.before, space, space, active, np.zeros(made.slots, bool), made.guard).run(seeds)
    gradient = reverse.adjoints(NONE, 0, parameters)
    made.after = made.after + reverse.steps
    made.gradient = np.where(gradient == NONE, space.constant(0.0), gradient)
    return made


def active_parameters(program: ArrayProgram) -> np.ndarray:
    """By slot: it holds a parameter."""
    import numpy as np

    active = np.zeros(program.slots, bool)
    active[: len(program.trace.parameters)] = True
    return active
