"""The primitives in LLVM: arithmetic and choices as instructions, functions as the formulas of `elementary`.

A primitive that is not there is called lane by lane: from the C library where it has the primitive, else the row's own
`forward` in Python, so a new row works without an entry here. So are huge angles, for which sine needs many digits
of π.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools

from micrograd.compiler.elementary.arithmetic import ALONE
from micrograd.compiler.elementary.table import FAR, FORMULAS
from micrograd.compiler.llvm.instructions import Function, kind
from micrograd.compiler.llvm.vectors import CONVENTION, VectorArithmetic, declarations
from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.ops import Op

C_LIBRARY = ("exp", "expm1", "log", "log1p", "erf", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot",
             "sinh", "cosh", "tanh")  # fmt: skip
PREFIX = "micrograd_"  # of functions of numbers that come from outside
LANE_BY_LANE = "each_"  # of functions of vectors that call those
CALLBACKS: dict[Op, Any] = {}


def comparison(sign: str) -> Callable[..., str]:
    """1 where the comparison holds, else 0."""
    return lambda c, x, y: c.where(sign, x, y, c.number(1.0), c.number(0.0))


def rounded(c: VectorArithmetic, x: str) -> str:
    """The nearest whole number, of two the even one; from 2⁵² on all are whole, and nan stays."""
    magnitude, shift = c.magnitude(x), c.number(2.0**52)
    whole = c.signed(c.sub(c.add(magnitude, shift, ALONE), shift, ALONE), x)
    return c.where("<", magnitude, shift, whole, x)


def relu(c: VectorArithmetic, x: str) -> str:
    """x where it is positive, else 0; nan stays."""
    return c.where("<=", x, c.number(0.0), c.number(0.0), x)


def maximum(c: VectorArithmetic, x: str, y: str) -> str:
    """x if x >= y or x is nan, else y."""
    wins = c.where("not >=", x, y, y, x)
    return c.select(c.is_nan(x), x, wins)


def minimum(c: VectorArithmetic, x: str, y: str) -> str:
    """x if x <= y or x is nan, else y."""
    wins = c.where("not <=", x, y, y, x)
    return c.select(c.is_nan(x), x, wins)


# ALONE: the user's x·x − y·y is 0 where x is y, as in eager code, and never below
VOCABULARY: dict[str, Callable[..., str]] = {
    "add": lambda c, x, y: c.add(x, y, ALONE),
    "sub": lambda c, x, y: c.sub(x, y, ALONE),
    "mul": lambda c, x, y: c.mul(x, y, ALONE),
    "div": VectorArithmetic.div,
    "neg": VectorArithmetic.negative,
    "sqrt": VectorArithmetic.sqrt,
    "abs": VectorArithmetic.magnitude,
    "detach": lambda c, x: x,
    "round": rounded,
    "copysign": VectorArithmetic.signed,
    "relu": relu,
    "maximum": maximum,
    "minimum": minimum,
    "where": lambda c, condition, x, y: c.where("!=", condition, c.number(0.0), x, y),
    "less": comparison("<"),
    "less_equal": comparison("<="),
    "greater": comparison(">"),
    "greater_equal": comparison(">="),
    **FORMULAS,
}


def primitive(c: VectorArithmetic, name: str, operands: Sequence[str]) -> str:
    """The result of a primitive on vectors."""
    if name in VOCABULARY:
        return VOCABULARY[name](c, *operands)
    return c.function(f"{LANE_BY_LANE}{name}", operands)


def definitions(called: set[tuple[str, int]]) -> str:
    """The text of all functions that are called, and of what those call."""
    texts, scalars = [], {}
    for name, lanes in sorted(called):
        if name in FAR:
            texts.append(far(name, lanes))
        else:
            primitive = name.removeprefix(LANE_BY_LANE).removeprefix("far_")
            scalars[primitive] = len(find(primitive).partials)
            texts.append(lane_by_lane(name, primitive, scalars[primitive], lanes))
    for name, operands in sorted(scalars.items()):
        texts.append(f"declare double @{PREFIX}{name}({', '.join(['double'] * operands)})")
    return "\n".join(texts)


def far(name: str, lanes: int) -> str:
    """A function of vectors for arguments that the code in the loops leaves out."""
    f = Function(f"{name}_{lanes}", "")
    value = FAR[name](VectorArithmetic(f, lanes), "%x")
    body = "\n".join(f.lines)
    # memory(none), willreturn: it is arithmetic on %x alone; the formulas of FAR call nothing
    return (
        f"define internal {CONVENTION} {kind(lanes)} @{f.name}({kind(lanes)} %x) "
        f"noinline cold nounwind willreturn memory(none) {{\nentry:\n{body}\n  ret {kind(lanes)} {value}\n}}"
    )


def lane_by_lane(name: str, primitive: str, operands: int, lanes: int) -> str:
    """A function of vectors that calls one of numbers for each lane."""
    T = kind(lanes)
    names = ["%x", "%y", "%z"][:operands]
    # nounwind: C does not throw, and ctypes prints what a row's `forward` raises
    passed = ", ".join([f"{T} {x}" for x in names])
    lines = [f"define internal {CONVENTION} {T} @{name}_{lanes}({passed}) noinline nounwind {{"]
    if lanes == 1:
        arguments = ", ".join([f"double {x}" for x in names])
        return "\n".join([*lines, f"  %r = call double @{PREFIX}{primitive}({arguments})", "  ret double %r", "}"])
    result = "poison"
    for lane in range(lanes):
        for x in names:
            lines.append(f"  {x}{lane} = extractelement {T} {x}, i64 {lane}")
        arguments = ", ".join([f"double {x}{lane}" for x in names])
        lines.append(f"  %c{lane} = call double @{PREFIX}{primitive}({arguments})")
        lines.append(f"  %r{lane} = insertelement {T} {result}, double %c{lane}, i64 {lane}")
        result = f"%r{lane}"
    return "\n".join([*lines, f"  ret {T} {result}", "}"])


def scalar_functions(names: list[str]) -> dict[str, Any]:
    """name of the symbol -> ctypes function, for the functions that are called lane by lane; keep them alive."""
    return {PREFIX + name: in_c(name) or callback(find(name)) for name in names}


@functools.lru_cache(None)
def in_c(name: str) -> Any:
    """A primitive of the C library; None where it has none."""
    return getattr(ctypes.CDLL(ctypes.util.find_library("m") or None), name, None) if name in C_LIBRARY else None


def callback(op: Op) -> Any:
    """A primitive as C calls it; one for all programs and threads, since LLVM knows one address by its name."""
    if op not in CALLBACKS:
        made = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * len(op.partials))(op.forward)
        CALLBACKS.setdefault(op, made)
    return CALLBACKS[op]


def declared(lanes: set[int]) -> str:
    """The intrinsics of all vector widths in use."""
    return "\n".join([declarations(n) for n in sorted(lanes)])
