"""Symbols that stand for whole groups: a row's partial or definition, called on them, becomes Maps.

Constants are folded, equal Maps are made once (common subexpressions), exact identities are applied.
"""

from __future__ import annotations

from micrograd.algebra.identities import simpler
from micrograd.compiler.arrays.steps import Map, Rows, Slots, Space, Step
from micrograd.dispatch import Operators
from micrograd.ops import DETACH, MUL, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.steps import Index, Operand
    from micrograd.ops import Op


class Symbol(Operators):
    """An operand that stands for a whole group in a row's partials; what it goes through becomes Maps."""

    __slots__ = ("maps", "operand")
    thorough = True

    def __init__(self, maps: MapBuilder, operand: Operand) -> None:
        self.maps, self.operand = maps, operand

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive on groups."""
        return self.maps.apply(name, args)


class Product(Symbol):
    """left · right, made into a Map only if it is used otherwise than in a sum over the samples."""

    __slots__ = ("left", "right")

    def __init__(self, maps: MapBuilder, left: Rows, right: Rows) -> None:
        self.maps, self.left, self.right = maps, left, right

    @property
    def operand(self) -> Operand:  # type: ignore[override]
        """The Map."""
        return self.maps.made_by(MUL, [self.left, self.right])


class MapBuilder:
    """Appends Maps of one number of rows, `count`, to some steps; `known`: the rows of those that are there already."""

    def __init__(self, steps: list[Step], space: Space, known: dict[Any, Rows], count: int) -> None:
        self.steps, self.space, self.known, self.count = steps, space, known, count

    def symbol(self, operand: Operand) -> Any:
        """The operand as a partial sees it: a float, or a symbol."""
        return operand if isinstance(operand, float) else Symbol(self, operand)

    def apply(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive on symbols and numbers, simplified where that is exact."""
        numbers = [float(x) if not isinstance(x, Symbol) else None for x in args]
        op = TABLE[name]
        if None not in numbers:
            return op.forward(*numbers)
        found = simpler(op, args, numbers, lambda x: None)  # signs are left to `simplify`
        if found is not None:
            return self.apply(*found) if found[0] else found[1][0]
        if op is MUL and numbers == [None, None]:
            a, b = args[0].operand, args[1].operand
            if isinstance(a, Rows) and isinstance(b, Rows):
                return Product(self, a, b)
        operands = [x.operand if number is None else number for x, number in zip(args, numbers)]
        return Symbol(self, self.made_by(op, operands))

    def made_by(self, op: Op, operands: list[Operand]) -> Rows:
        """The rows of a Map that is there already, or now."""
        import numpy as np

        key = op, tuple([x if isinstance(x, float) else x.key() for x in operands])
        if key not in self.known:
            start = self.space.take(self.count)
            self.steps.append(Map(op, operands, start, self.count))
            self.known[key] = Rows(np.arange(start, start + self.count))
        return self.known[key]

    def index(self, symbol: Any) -> Index:
        """The rows of a symbol; a group made of slots alone becomes rows by adding to 0."""
        import numpy as np

        operand = symbol.operand
        if isinstance(operand, Slots):
            operand = self.made_by(DETACH, [operand])
        return np.asarray(operand.index)


def expanded(program: ArrayProgram, vocabulary: Container[str]) -> ArrayProgram:
    """The program with the definitions of primitives that a target does not have; what has none is left."""
    steps = [*program.before, *program.steps, *program.after]
    if all(step.op is None or step.op.name in vocabulary or step.op.definition is None for step in steps):
        return program
    made = program.copy()
    values, adjoints = program.steps[: program.forward], program.steps[program.forward :]
    made.before = defined(program.before, made.slot_space, vocabulary)
    forward = defined(values, made.row_space, vocabulary)
    made.forward, made.steps = len(forward), forward + defined(adjoints, made.row_space, vocabulary)
    made.after = defined(program.after, made.slot_space, vocabulary)
    return made


def defined(steps: list[Step], space: Space, vocabulary: Container[str]) -> list[Step]:
    """Steps with the definitions of those primitives that the vocabulary lacks."""
    made: list[Step] = []
    for step in steps:
        if not isinstance(step, Map) or step.op.name in vocabulary or step.op.definition is None:
            made.append(step)
            continue
        parts: list[Step] = []
        maps = MapBuilder(parts, space, {}, step.count)
        result = step.op.definition(*map(maps.symbol, step.operands))
        operand = result.operand if isinstance(result, Symbol) else float(result)
        made += defined(parts, space, vocabulary)
        made.append(Map(DETACH, [operand], step.start, step.count))
    return made
