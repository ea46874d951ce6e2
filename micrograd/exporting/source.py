"""`export`: a model and its derivatives as source code that stands alone, in C, JavaScript or Python.

ONNX is left out: its library is a large dependency, and its operators follow other conventions at kinks and poles.
"""

from __future__ import annotations

from micrograd.dispatch import brief
from micrograd.exporting.c.code import CHeader, CPrinter
from micrograd.exporting.javascript.code import JavaScriptPrinter
from micrograd.exporting.python.code import PythonPrinter
from micrograd.exporting.statements import Module, Table
from micrograd.exporting.tracing import traced
from micrograd.exporting.words import function_name, harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.engine import Value

PRINTERS = {"python": PythonPrinter, "c": CPrinter, "header": CHeader, "javascript": JavaScriptPrinter}
DERIVATIVES = ("gradient", "jacobian", "hessian", "hvp")
FEW_NAMES = 12  # of parameters that are told


def export(
    model: Any,
    inputs: int | Sequence[Value],
    *,
    language: str = "python",
    name: str = "model",
    derivatives: Sequence[str] = (),
    wrt: str = "inputs",
    parameters: str = "constants",
    leaves: Sequence[Value] | None = None,
    loss: Callable[[Any, Any], Any] | None = None,
    targets: int = 0,
    penalty: Callable[[Any], Any] | None = None,
) -> str:
    """doc"""
    if not isinstance(language, str) or language not in PRINTERS:
        raise ValueError(f"expected language to be one of {', '.join(PRINTERS)}, got {language!r}")
    if not function_name(name):
        raise ValueError(f"expected a name for the function that no language takes for itself, got {name!r}")
    wanted = (derivatives,) if isinstance(derivatives, str) else tuple(derivatives)
    for option, value, allowed in (
        *[("derivatives", one, DERIVATIVES) for one in wanted],
        ("wrt", wrt, ("inputs", "parameters")),
        ("parameters", parameters, ("constants", "argument")),
    ):
        if value not in allowed:
            raise ValueError(f"expected {option} to be one of {', '.join(allowed)}, got {brief(value)}")
    trace, labels = traced(model, inputs, leaves, loss=loss, targets=targets, penalty=penalty)
    if parameters == "argument" or wrt == "parameters" or loss is not None:
        expect_ordered(trace)
    module = lowered(trace, labels, name, wanted, wrt, parameters == "argument", model)
    return PRINTERS[language](module).source()


def lowered(
    trace: Trace,
    labels: dict[int, str],
    name: str,
    derivatives: Sequence[str],
    wrt: str,
    argument: bool,
    model: Any = None,
) -> Module:
    """The module with the function `name`, its derivatives, and its loss, if the trace has one."""
    from micrograd.exporting.functions import Functions
    from micrograd.exporting.stepwise import LoopFunctions, with_loops

    looped = with_loops(trace, model)
    functions = (LoopFunctions if looped.graph.loops else Functions)(name, argument, labels, len(trace.graph))
    functions.value(looped, name)
    for one in derivatives:
        if one != "jacobian" and not trace.bare:
            raise TypeError(f"expected a model with a single output for its {one}, got one that returns a list")
        getattr(functions, one)(looped, harmless(f"{name}_{one}"), wrt)
    if trace.loss is not None and trace.targets is not None and "target" in trace.graph.kind:
        functions.loss(trace, harmless(f"{name}_loss"))
    ends = [(trace.inputs, "in"), (len(trace.outputs), "out")]
    counts = ", ".join([f"{count} number{'s' if count > 1 else ''} {way}" for count, way in ends])
    title = [f"{name}: {counts}. Written by micrograd."]
    table = Table(harmless(f"{name}_parameters"), [x.data for x in trace.parameters], (8,), public=True)
    return functions.module(title, [table] if argument else [])


def expect_ordered(trace: Trace) -> None:
    """ValueError where nobody said in which order the parameters stand, or there are none."""
    if not trace.parameters:
        raise ValueError("expected a model with parameters, got none: give them, leaves=[w, b]")
    if not trace.ordered:
        raise ValueError("expected the parameters in an order of yours: give them, leaves=[w, b]")
