"""Programs whose steps have little in common: entries that the machine plays over rows of samples, block by block.

A graph whose nodes are all different rolls into thousands of small steps; code for each would take minutes to compile.
A block is as many samples as the machine has lanes here, and its workspace the vector that it plays over: the weights,
a copy of the leaves, the filled rows, then what is made.
"""

from __future__ import annotations

from micrograd.compiler.arrays.steps import Linear
from micrograd.compiler.llvm.instructions import Function
from micrograd.compiler.llvm.memory import ARGUMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.llvm.memory import Memory

MANY_STEPS = 400
LANES = 32


def worth_it(program: ArrayProgram) -> bool:
    """Whether the steps differ so much that compiling each costs more than playing entries."""

    def regular(index: Any) -> bool:
        return bool((index[1:] - index[:-1] == 1).all())

    alike: set[Any] = set()
    different = 0
    for step in program.steps:
        if isinstance(step, Linear):
            alike.add((step.rows.shape, (step.slots - step.slots[0, 0]).tobytes()))
        elif step.op is not None and step.count > 1 and all(regular(index) for index in step.reads()):
            alike.add((step.op.name, step.count))
        else:
            different += 1
    return different + len(alike) > MANY_STEPS


def filling(memory: Memory, filled: list[int]) -> Function:
    """Write the filled rows; they stand behind the weights and the leaves."""
    f, lanes = Function("fill", ARGUMENTS), memory.registers.lanes
    table = memory.table(filled or [0])

    def one(k: Any) -> None:
        number = f.broadcast(f.load(f.at("%u", f.entry("%i", f.plus(k, table))), 1), lanes)
        row = f.at(f.at("%t", (memory.leaves + 1) * memory.block), f.times(k, memory.block))
        f.loop(memory.block // lanes, lambda v: f.store(number, f.at(row, v), lanes), step=lanes)

    f.loop(len(filled), one)
    return f


def copying(memory: Memory) -> Function:
    """Copy the leaves of a block."""
    f, lanes = Function("copy", ARGUMENTS), memory.registers.lanes
    rows, whole = f.at("%t", memory.block), memory.leaves * memory.block // lanes
    f.loop(whole, lambda v: f.store(f.load(f.at("%x", v), lanes), f.at(rows, v), lanes), step=lanes)
    return f


def playing(place: int) -> Function:
    """Play; what plays stands at a place among the words of `uniform.PLAYED`."""
    f = Function("play", ARGUMENTS)
    play, first = [f.value(f"load ptr, ptr {f.at('@entries', place + k, 'ptr')}, align 8") for k in range(2)]
    f.line(f"call void {play}(ptr {first}, ptr %t)")
    return f
