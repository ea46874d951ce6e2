"""What there is to export: a trace of the model, compared with what it does on numbers, and the labels of its nodes."""

from __future__ import annotations

from micrograd.compiler.code import Code
from micrograd.compiler.scalar.trace import trace, undo_of
from micrograd.compiler.scalar.tracer import Trace, trace_expression, without_tables
from micrograd.compiler.self_check import SelfCheck, made_up
from micrograd.dispatch import brief
from micrograd.engine import Value
from micrograd.expect import leaves, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def traced(model: Any, inputs: Any, given: Sequence[Value] | None, **objective: Any) -> tuple[Trace, dict[int, str]]:
    """The trace of a function of `inputs` Values, or of a built expression whose leaves `inputs` are; node -> label.

    given       the parameters in their order; objective: loss, targets and penalty, as in `compile`
    """
    for name in ("loss", "penalty"):
        code = objective.get(name)
        if code is not None and not callable(code):
            raise TypeError(f"expected the {name} to be a function, got {brief(code)}")
    if objective.get("penalty") is not None and objective.get("loss") is None:
        raise TypeError("expected a loss beside the penalty, which is added to its mean; got none")
    if isinstance(model, Value) or isinstance(inputs, (list, tuple)):
        if objective.get("loss") is not None:
            raise TypeError("expected no loss beside an expression: make it a part of that, or give a function")
        return traced_expression(model, inputs, given)
    inputs = whole(inputs, "inputs, where they are no list of leaves,", 1)
    if not callable(model):
        raise TypeError(f"expected a model: an nn.Module, a function of a list of Values, or a Value, got {model!r}")
    if given is None:
        given = model.parameters() if hasattr(model, "parameters") else []
    code = Code(model, inputs, leaves(given, "leaves"), **objective)
    with undo_of(code) as undo:
        found = trace(code, undo, lambda: next(made_up(code)))
        code.indices = found.indices
        SelfCheck(found).trace_itself(code)
    found = without_tables(found)
    kinds = {"parameter": found.parameters, "captured": found.captured}
    return found, {
        found.graph.leaf(kind, i): x.label for kind, values in kinds.items() for i, x in enumerate(values) if x.label
    }


def traced_expression(model: Any, inputs: Any, given: Sequence[Value] | None) -> tuple[Trace, dict[int, str]]:
    """A built expression, or a list of them, as a function of some of its leaves."""
    bare = isinstance(model, Value)
    roots = [model] if bare else list(model) if isinstance(model, (list, tuple)) else []
    if not roots or not all(isinstance(root, Value) for root in roots):
        raise TypeError(f"expected a Value or a list of Values beside a list of leaves, got {model!r}")
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise TypeError(f"expected a list of the leaves that are the inputs, got {inputs!r}")
    inputs, labels = leaves(inputs, "inputs"), dict[int, str]()
    return trace_expression(roots, bare, inputs, None if given is None else leaves(given, "leaves"), labels), labels
