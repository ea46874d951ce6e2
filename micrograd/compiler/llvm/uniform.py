"""What runs once a step in LLVM: the uniform steps, packing of factors, adding up the lanes; and the entry points.

flat        the layout of the uniform vector: one number per slot, so vectors run over the rows of a step
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.arrays.steps import Linear, Map
from micrograd.compiler.llvm.instructions import Function, kind, literal, splat
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.steps import Index, Step
    from micrograd.compiler.llvm.instructions import Integer
    from micrograd.compiler.llvm.memory import Memory

UNIFORM = "ptr %u, ptr %i"


def results(memory: Memory) -> tuple[int, int]:
    """Where the gradient and the value are in the uniform vector, the status behind the value.

    A gradient whose numbers do not stand side by side is gathered behind the packed factors.
    """
    behind, gradient = memory.program.slots + len(memory.packed), memory.program.gradient
    if gradient is None or not len(gradient):
        return behind, behind
    if (gradient[1:] - gradient[:-1] == 1).all():
        return int(gradient[0]), behind
    return behind, behind + len(gradient)


def functions(memory: Memory, gradient: int, value: int) -> list[Function]:
    """before, after, fold and result, which leaves its results there."""
    before = steps(memory, "before", memory.program.before)
    if memory.packed:
        gather(memory, before, memory.packed, memory.program.slots)
    return [before, steps(memory, "after", memory.program.after), fold(memory), result(memory, gradient, value)]


def steps(memory: Memory, name: str, made: list[Step]) -> Function:
    """The uniform steps, one loop each."""
    f = Function(name, UNIFORM)
    for step in made:
        if isinstance(step, Map):
            flat_map(memory, f, step)
        elif isinstance(step, Linear):
            flat_sums(memory, f, step)
    return f


def step_of(index: Index) -> int | None:
    """The step from each place to the next; None if it is not always the same and 0 or 1."""
    if len(index) == 1 or (index == index[0]).all():
        return 0
    return 1 if (index[1:] - index[:-1] == 1).all() else None


def flat_map(memory: Memory, f: Function, step: Map) -> None:
    """A primitive on slots: in vectors where all operands stand side by side, else one by one."""
    indices = [None if isinstance(x, float) else x.index for x in step.operands]
    spacing = [0 if index is None else step_of(index) for index in indices]

    def operand(i: int, place: Integer, lanes: int) -> str:
        x, index, step_ = step.operands[i], indices[i], spacing[i]
        if index is None:
            return splat(float(x), lanes)  # type: ignore[arg-type]
        if step_ is None:
            return f.load(f.at("%u", f.entry("%i", f.plus(place, memory.table(index)))), 1)
        first = int(index[0])
        if step_ == 0:
            return f.broadcast(f.load(f.at("%u", first), 1), lanes)
        return f.load(f.at("%u", f.plus(place, first)), lanes)

    def run(start: int, number: int, lanes: int) -> None:
        def body(r: Integer) -> None:
            place = f.plus(r, start)
            operands = [operand(i, place, lanes) for i in range(len(step.operands))]
            value = primitive(VectorArithmetic(f, lanes), step.op.name, operands)
            f.store(value, f.at("%u", f.plus(place, step.start)), lanes)

        f.loop(number, body, step=lanes)

    lanes = 1 if None in spacing else memory.registers.lanes
    full = step.count // lanes
    run(0, full, lanes)
    run(full * lanes, step.count - full * lanes, 1)


def flat_sums(memory: Memory, f: Function, step: Linear) -> None:
    """Sums over slots; a long one over neighbours in vectors."""
    terms, lanes = step.rows.shape[1], memory.registers.lanes

    def one(r: Integer, rows: Index, slots: Index) -> None:
        start = (
            literal(-0.0)
            if step.bias is None
            else f.load(f.at("%u", f.entry("%i", f.plus(r, memory.table(step.bias)))), 1)
        )
        target = f.at("%u", f.plus(r, step.start))
        along, factor = step_of(rows), step_of(slots)
        if step.count == 1 and along == 1 and factor is not None and terms >= lanes > 1 and not step.guard:
            full = terms // lanes

            def vector(k: Integer, total: str) -> list[str]:
                scale = f.load(f.at("%u", int(slots[0])), 1) if factor == 0 else ""
                scales = f.broadcast(scale, lanes) if scale else f.load(f.at("%u", f.plus(k, int(slots[0]))), lanes)
                return [f.multiply_add(scales, f.load(f.at("%u", f.plus(k, int(rows[0]))), lanes), total, lanes)]

            total = f.loop(full, vector, [(kind(lanes), splat(-0.0, lanes))], lanes)[0]
            start = f.arithmetic("fadd", start, f.sum(total, lanes), 1)
            for k in range(full * lanes, terms):
                start = f.multiply_add(
                    f.load(f.at("%u", int(slots[k])), 1), f.load(f.at("%u", int(rows[k])), 1), start, 1
                )
            f.store(start, target, 1)
            return
        table_rows, table_slots = memory.table(step.rows), memory.table(step.slots)

        def term(k: Integer, total: str) -> list[str]:
            place = f.plus(f.times(r, terms), k)
            x = f.load(f.at("%u", f.entry("%i", f.plus(place, table_rows))), 1)
            w = f.load(f.at("%u", f.entry("%i", f.plus(place, table_slots))), 1)
            product = f.arithmetic("fmul", w, x, 1)
            if step.guard:
                product = f.select(f.compare("une", x, literal(0.0), 1), product, literal(0.0), 1)
            return [f.arithmetic("fadd", total, product, 1)]

        f.store(f.loop(terms, term, [("double", start)])[0], target, 1)

    f.loop(step.count, lambda r: one(r, step.rows[0], step.slots[0]))


def gather(memory: Memory, f: Function, slots: Any, target: int) -> None:
    """Put the numbers of these slots side by side."""
    index = np.asarray(slots)
    lanes = memory.registers.lanes
    first, full = int(index[0]), len(index) // lanes
    if step_of(index) == 1:

        def copy(k: Integer) -> None:
            f.store(f.load(f.at("%u", f.plus(k, first)), lanes), f.at("%u", f.plus(k, target)), lanes)

        f.loop(full, copy, step=lanes)
        for k in range(full * lanes, len(index)):
            f.store(f.load(f.at("%u", first + k), 1), f.at("%u", target + k), 1)
        return
    table = memory.table(index)
    f.loop(
        len(index),
        lambda k: f.store(f.load(f.at("%u", f.entry("%i", f.plus(k, table))), 1), f.at("%u", f.plus(k, target)), 1),
    )


def fold(memory: Memory) -> Function:
    """Add the lanes of every accumulator to the number of its incoming slot."""
    f, lanes = Function("fold", "ptr %a, ptr %g, ptr %i"), memory.registers.lanes
    if memory.lane_slots:
        places = np.array(memory.lane_slots) - memory.program.incoming[0]
        table = memory.table(places)

        def one(k: Integer) -> None:
            target = f.at("%g", f.entry("%i", f.plus(k, table)))
            total = f.sum(f.load(f.at("%a", f.times(k, lanes)), lanes), lanes)
            f.store(f.arithmetic("fadd", f.load(target, 1), total, 1), target, 1)

        f.loop(len(places), one)
    return f


def result(memory: Memory, gradient: int, value: int) -> Function:
    """The gradient side by side, the value, and the status, which is 0 if all are finite."""
    f, program, lanes = Function("result", UNIFORM), memory.program, memory.registers.lanes
    count = 0 if program.gradient is None else len(program.gradient)
    total = literal(0.0)
    for slot in program.value:
        total = f.arithmetic("fadd", total, f.load(f.at("%u", slot), 1), 1)
    f.store(total, f.at("%u", value), 1)
    status = f.arithmetic("fmul", total, literal(0.0), 1)
    if count:
        assert program.gradient is not None
        if gradient != int(program.gradient[0]):
            gather(memory, f, program.gradient, gradient)
        full = count // lanes
        zero = splat(0.0, lanes)

        def add(k: Integer, total: str) -> list[str]:
            return [f.multiply_add(f.load(f.at("%u", f.plus(k, gradient)), lanes), zero, total, lanes)]

        sums = f.loop(full, add, [(kind(lanes), zero)], lanes)
        status = f.arithmetic("fadd", status, f.sum(sums[0], lanes), 1)
        for k in range(full * lanes, count):
            status = f.multiply_add(f.load(f.at("%u", gradient + k), 1), literal(0.0), status, 1)
    f.store(status, f.at("%u", value + 1), 1)
    return f


def weights(memory: Memory) -> Function:
    """The weights of a block's samples: w, and 0 for what fills the last block up."""
    f, lanes = Function("weights", "ptr %t, i64 %samples, double %w"), memory.registers.lanes
    weight, numbers = f.broadcast("%w", lanes), "i64" if lanes == 1 else f"<{lanes} x i64>"
    counted = "0" if lanes == 1 else "<" + ", ".join([f"i64 {lane}" for lane in range(lanes)]) + ">"

    def some(v: Integer) -> None:
        left = f.value(f"sub i64 %samples, {v}")
        if lanes > 1:
            one = f.value(f"insertelement {numbers} poison, i64 {left}, i64 0")
            left = f.value(f"shufflevector {numbers} {one}, {numbers} poison, <{lanes} x i32> zeroinitializer")
        real = f.value(f"icmp sgt {numbers} {left}, {counted}")
        f.store(f.select(real, weight, splat(0.0, lanes), lanes), f.at("%t", v), lanes)

    f.loop(memory.block // lanes, some, step=lanes)
    return f
