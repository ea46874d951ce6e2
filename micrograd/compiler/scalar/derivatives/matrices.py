"""Matrices of derivatives as outputs of a trace: nodes of the scalar graph, which are rolled like any others.

jacobian    of the outputs of a sample: by output, then by input or parameter; an entry that is always 0 is a constant
hessian     of the single output by the inputs; of the value, the mean loss and the penalty, by the parameters: of that
            the lower half, where it is not always 0
guard       of a trace: an adjoint that is exactly 0 contributes 0, even through a factor of inf or nan
"""

from __future__ import annotations

from copy import copy

from micrograd.compiler.scalar.derivatives.sweeps import hessian_nodes, jacobian_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.scalar.derivatives.sweeps import Sparse
    from micrograd.compiler.scalar.tracer import Trace

MOST = 1_000_000  # entries of a matrix


def jacobian_by_inputs(trace: Trace) -> Trace:
    """The derivatives of each output by each input, as outputs."""
    return jacobian(trace, "input", trace.inputs)


def jacobian_by_parameters(trace: Trace) -> Trace:
    """The derivatives of each output by each parameter, as outputs."""
    return jacobian(trace, "parameter", len(trace.parameters))


def outputs_and_jacobian(trace: Trace) -> Trace:
    """The outputs, and behind them their derivatives by each input."""
    made = jacobian_by_inputs(trace)
    made.outputs = [*trace.outputs, *made.outputs]
    return made


def hessian_by_inputs(trace: Trace) -> Trace:
    """The second derivatives of the single output by the inputs, as outputs."""
    expect_few(trace.inputs, trace.inputs, "input")
    made, wrt = derived(trace, "input", trace.inputs)
    _, lower = hessian_nodes(made.graph, trace.outputs[0], wrt, trace.guard)
    rows = [{**row, **{i: lower[i][k] for i in range(k, len(wrt)) if k in lower[i]}} for k, row in enumerate(lower)]
    made.outputs = dense(made, rows, len(wrt))
    return made


def hessian_by_parameters(trace: Trace) -> Trace:
    """The second derivatives of the loss by the parameters, as outputs, and of the penalty, as charges."""
    if trace.loss is None:
        raise TypeError("expected a program compiled with a loss, or an expression with one value; this one has none")
    count = len(trace.parameters)
    expect_few(count, count, "parameter")
    made, wrt = derived(trace, "parameter", count)
    ends = [trace.loss] if trace.penalty is None else [trace.loss, trace.penalty]
    halves = [hessian_nodes(made.graph, end, wrt, trace.guard)[1] for end in ends]
    made.places = sorted({(i, j) for half in halves for i, row in enumerate(half) for j in row}) or [(0, 0)][:count]
    zero = made.graph.constant(0.0)
    made.outputs, *charges = [[half[i].get(j, zero) for i, j in made.places] for half in halves]
    made.charges = charges[0] if charges else []
    return made


def jacobian(trace: Trace, kind: str, count: int) -> Trace:
    """The derivatives of each output by all leaves of a kind, as outputs; the way is chosen by what varies."""
    expect_few(len(trace.outputs), count, kind)
    made, wrt = derived(trace, kind, count)
    rows = jacobian_nodes(made.graph, trace.outputs, wrt, trace.guard, made.graph.varying)
    made.outputs = dense(made, rows, count)
    return made


def derived(trace: Trace, kind: str, count: int) -> tuple[Trace, list[int]]:
    """A trace whose graph goes on by itself, and its leaves of a kind."""
    made = copy(trace)
    made.graph = trace.graph.copy()
    return made, [made.graph.leaf(kind, i) for i in range(count)]


def dense(trace: Trace, rows: list[Sparse], count: int) -> list[int]:
    """All entries, row after row; 0 is a constant."""
    zero = trace.graph.constant(0.0)
    return [row.get(k, zero) for row in rows for k in range(count)]


def expect_few(rows: int, columns: int, kind: str) -> None:
    """ValueError, with the cure, for a matrix that is too large, or has no entry."""
    if not columns:
        raise ValueError(f"expected at least one {kind} to differentiate by, got none")
    if rows * columns > MOST:
        raise ValueError(
            f"expected a matrix of at most {MOST:,} derivatives, got {rows:,} × {columns:,}; sums of them take less: "
            f"`value_and_gradient`, or the derivative along a direction, by `micrograd.hvp`"
        )
