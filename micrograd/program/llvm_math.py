"""The primitives in LLVM: arithmetic and choices as instructions, functions as calls.

A function that `vector_math` has is a polynomial on whole vectors. Any other is called lane by lane: from the C library
where it has the primitive, else the row's own `forward` in Python, so a new row works without an entry here.
"""

from __future__ import annotations

from micrograd.ops import find
from micrograd.program import vector_math
from micrograd.program.instructions import Function, kind, splat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
COMPARISONS = {"less": "olt", "less_equal": "ole", "greater": "ogt", "greater_equal": "oge"}
C_LIBRARY = ("exp", "expm1", "log", "log1p", "erf", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot",
             "sinh", "cosh", "tanh", "pow")  # fmt: skip
PREFIX = "micrograd_"


def primitive(f: Function, name: str, operands: list[str], lanes: int, used: set[tuple[str, int]]) -> str:
    """The result of a primitive on vectors; functions that it needs defined are added to `used`."""
    zero, one, x = splat(0.0, lanes), splat(1.0, lanes), operands[0]
    y = operands[1] if len(operands) > 1 else ""
    if name in ARITHMETIC:
        return f.arithmetic(ARITHMETIC[name], x, y, lanes)
    if name in COMPARISONS:
        return f.select(f.compare(COMPARISONS[name], x, y, lanes), one, zero, lanes)
    if name == "neg":
        return f.value(f"fneg {kind(lanes)} {x}")
    if name == "detach":
        return x
    if name in ("sqrt", "abs"):
        return f.call(f"llvm.{'fabs' if name == 'abs' else 'sqrt'}.{suffix(lanes)}", [x], lanes)
    if name == "relu":
        return f.select(f.compare("ole", x, zero, lanes), zero, x, lanes)
    if name in ("maximum", "minimum"):  # x if x >= y or x is nan, else y
        wins = f.compare("ult" if name == "maximum" else "ugt", x, y, lanes)
        return f.select(f.compare("uno", x, x, lanes), x, f.select(wins, y, x, lanes), lanes)
    if name == "where":
        return f.select(f.compare("une", x, zero, lanes), y, operands[2], lanes)
    used.add((name, lanes))
    return f.call(f"v_{name}_{lanes}", operands, lanes)


def suffix(lanes: int) -> str:
    """How intrinsics name the type."""
    return "f64" if lanes == 1 else f"v{lanes}f64"


def definitions(used: set[tuple[str, int]]) -> str:
    """The text of all functions that are called, and of what those call."""
    texts, scalars = [], {}
    for name, lanes in sorted(used):
        if name in vector_math.FUNCTIONS:
            texts.append(vector_math.define(name, lanes))
            if name in vector_math.FAR:
                scalars[name] = 1
                texts.append(lane_by_lane(name, 1, lanes, "far"))
        else:
            scalars[name] = len(find(name).partials)
            texts.append(lane_by_lane(name, scalars[name], lanes))
    for name, operands in sorted(scalars.items()):
        texts.append(f"declare double @{PREFIX}{name}({', '.join(['double'] * operands)})")
    return "\n".join(texts)


def lane_by_lane(name: str, operands: int, lanes: int, prefix: str = "v") -> str:
    """A function of vectors that calls one of numbers for each lane."""
    T = kind(lanes)
    names = ["%x", "%y", "%z"][:operands]
    lines = [
        f"define internal {T} @{prefix}_{name}_{lanes}({', '.join([f'{T} {x}' for x in names])}) noinline nounwind {{"
    ]
    if lanes == 1:
        arguments = ", ".join([f"double {x}" for x in names])
        return "\n".join([*lines, f"  %r = call double @{PREFIX}{name}({arguments})", "  ret double %r", "}"])
    result = "poison"
    for lane in range(lanes):
        for x in names:
            lines.append(f"  {x}{lane} = extractelement {T} {x}, i64 {lane}")
        arguments = ", ".join([f"double {x}{lane}" for x in names])
        lines.append(f"  %c{lane} = call double @{PREFIX}{name}({arguments})")
        lines.append(f"  %r{lane} = insertelement {T} {result}, double %c{lane}, i64 {lane}")
        result = f"%r{lane}"
    return "\n".join([*lines, f"  ret {T} {result}", "}"])


def scalar_functions(names: list[str]) -> dict[str, Any]:
    """name of the symbol -> ctypes function, for the functions that are called lane by lane; keep them alive."""
    import ctypes
    import ctypes.util

    library = ctypes.CDLL(ctypes.util.find_library("m") or None)
    found: dict[str, Any] = {}
    for name in names:
        op = find(name)
        if name in C_LIBRARY and hasattr(library, name):
            found[PREFIX + name] = getattr(library, name)
        else:
            signature = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * len(op.partials))
            found[PREFIX + name] = signature(op.forward)
    return found


def declarations(lanes: set[int]) -> str:
    """The intrinsics of all vector widths in use."""
    return "\n".join([vector_math.declarations(n) for n in sorted(lanes)])
