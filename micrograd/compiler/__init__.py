"""The compiler: scalar code as a program over arrays of samples.

compiled        `compile`
programs        what it returns
code            a model with loss and penalty, as it is run and traced
samples         data as the compiled code takes them
arguments       what a program is given beside its samples
runner          what a program runs on: the protocol of every backend
backends        those that there are, by name
one_row         the short way of a single row
self_check      every program is compared with the code as eager runs it
open_cases      where what the code gives is left open
descent/        many steps of an optimiser in one call
points/         plain functions at one point: `compile(function)`
state/          what Python state the code reads, and whether it changed
scalar/         the code runs on placeholders: the graph of one sample
arrays/         the graph as a few steps on whole groups: rolled, differentiated, simplified
entries/        what is computed once, as one list of operations
loops/          what is computed once, in loops
elementary/     exp, tanh, … as arithmetic
numpy/, llvm/   the steps as code, and what plays entries

Words that mean one thing in all of these rooms:

    node: one scalar of the graph of a sample; varying: it depends on the sample, else it is uniform
    uniform: the same for all samples (loop-invariant): computed once a step, and not once a sample
    captured: a Value that the code uses beside its parameters: its number is read anew at every step
    row, slot: a number for each sample; a number for all of them. A group is the rows that one step makes
    step: one operation on a group: a primitive (Map), a product of matrices, entries that an index says, a sum over the
        samples
    pass: a function from program to program; `program.stages` has what each made. In `llvm/` a stage is another thing:
        the code of one nest
    purpose: what a program computes: predictions, the value, gradients, Jacobians, Hessians
    guarded: zero-safe: an adjoint of exactly 0 stops, even beside a factor of inf or nan
    fusion: steps that run in one loop, a nest; buffer: the place of a row in memory, which others take after it
    vocabulary: the primitives that a target has; others are their definitions over those
    block, lane: the samples that go through the steps together; the numbers that one instruction computes
"""

from __future__ import annotations

from micrograd.compiler.compiled import compile
from micrograd.compiler.programs import Program
from micrograd.compiler.samples import Batch
from micrograd.compiler.scalar.placeholders import TraceError
from micrograd.compiler.self_check import CompilerError
from micrograd.messages.counterparts import absent

__all__ = ["Batch", "CompilerError", "Program", "TraceError", "compile"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
