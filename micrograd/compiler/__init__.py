"""The compiler: trace → roll → differentiate → emit, one room each.

`trace` records the scalar graph of one sample on `placeholders`; `self_check` compares every program with the code as
eager runs it; `state` tells whether Python state that the code reads has changed, `undo` puts back what tracing
left in it and drew from generators (`draws`), `repeats` asks what the code will do in later runs. `roll` makes the
graph a few steps on whole groups, `differentiate` adds the reverse sweep, which `simplify` shortens, `numpy_code` and
`llvm_code` write the steps down as code. `compiled` has `compile`, `programs` what it returns.
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
