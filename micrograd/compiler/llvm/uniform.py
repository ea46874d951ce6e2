"""What runs once a step in LLVM: the uniform steps, packing of factors, adding up the lanes; and the entry points.

played      the uniform steps are entries that the machine plays over the uniform vector
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.llvm.instructions import Function, kind, literal, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.steps import Index, Step
    from micrograd.compiler.llvm.instructions import Integer
    from micrograd.compiler.llvm.memory import Memory

UNIFORM = "ptr %u, ptr %i"
# What plays the steps before the samples, and their first entry; the same for those after, and where they are played,
# for the samples; the runner writes it
PLAYED = "@entries = global [6 x ptr] zeroinitializer"
BEFORE, AFTER, SAMPLES = 0, 2, 4


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
    before = played("before", memory.program.before, BEFORE)
    if memory.packed:
        gather(memory, before, memory.packed, memory.program.slots)
    return [before, played("after", memory.program.after, AFTER), fold(memory), result(memory, gradient, value)]


def played(name: str, steps: list[Step], place: int) -> Function:
    """Uniform steps: entries that the machine plays, if there are some; see PLAYED."""
    f = Function(name, UNIFORM)
    if steps:
        play, first = [f.value(f"load ptr, ptr {f.at('@entries', place + k, 'ptr')}, align 8") for k in range(2)]
        f.line(f"call void {play}(ptr {first}, ptr %u)")
    return f


def step_of(index: Index) -> int | None:
    """The step from each place to the next; None if it is not always the same and 0 or 1."""
    if len(index) == 1 or (index == index[0]).all():
        return 0
    return 1 if (index[1:] - index[:-1] == 1).all() else None


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
