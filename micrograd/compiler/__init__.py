"""The compiler: scalar code as a program over arrays of samples.

compiled        `compile`
programs        what it returns
code            a model with loss and penalty, as it is run and traced
samples         data as the compiled code takes them
runner          what a program runs on: the protocol of every backend
backends        those that there are, by name
self_check      every program is compared with the code as eager runs it
state/          what Python state the code reads, and whether it changed
scalar/         the code runs on placeholders: the graph of one sample
arrays/         the graph as a few steps on whole groups: rolled, differentiated, simplified
elementary/     exp, tanh, … as arithmetic
numpy/, llvm/   the steps as code
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
