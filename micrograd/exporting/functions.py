"""The functions of an export: for each the compiler's programs of one purpose, and how its results are called.

purpose     value, gradient, jacobian, hessian, hvp, loss: as in `compile`
wrt         "inputs" or "parameters"
twin        a function from the program with guards, in which an adjoint of exactly 0 contributes 0 even beside inf. As
            in `compile` it is asked where a derivative is not finite; it is left out where it has no guard to speak of
"""

from __future__ import annotations

from copy import copy

import numpy as np

from micrograd.compiler.arrays.accumulate import accumulate
from micrograd.compiler.arrays.differentiate import (
    differentiate,
    differentiate_uniform,
    differentiate_with_inputs,
    guard,
)
from micrograd.compiler.arrays.passes import through
from micrograd.compiler.arrays.prune import prune
from micrograd.compiler.arrays.roll import roll, roll_loss, roll_outputs
from micrograd.compiler.arrays.simplify import simplify
from micrograd.compiler.scalar.derivatives.matrices import dense, derived, expect_few
from micrograd.compiler.scalar.derivatives.sweeps import hessian_nodes, hvp_nodes, jacobian_nodes, reverse
from micrograd.exporting.lowering.places import Tables
from micrograd.exporting.lowering.writing import Result, Writing
from micrograd.exporting.printing import mentioned
from micrograd.exporting.statements import Call, Function, Given, If, Module, Return, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.exporting.statements import Statement

    Results = Callable[[ArrayProgram], tuple[Any, list[Result]]]

WHY = "The same with guards: what has no influence has a derivative of 0, even beside inf or nan."
LAYERED = 100  # multiplications in a step, on the average, of what is worth a loop over the rows of its Jacobian


class Functions:
    """Writes the functions of one module, each from a trace.

    name        of the function that gives the value
    argument    whether parameters are an argument; else their present numbers stand in the code
    labels      node of the scalar graph -> label; nodes: how many nodes the user's own code has
    """

    def __init__(self, name: str, argument: bool, labels: dict[int, str], nodes: int = 0) -> None:
        self.name, self.argument, self.labels, self.nodes = name, argument, labels, nodes
        self.tables = Tables(name)
        self.made: list[Function] = []

    def module(self, title: Sequence[str], public: Sequence[Table] = ()) -> Module:
        """The module of all functions written so far."""
        used = {name for function in self.made for name in mentioned(function)}
        tables = [one for one in self.tables.found.values() if one.name in used]
        return Module(self.name, title, [*public, *tables], self.made)

    def value(self, trace: Trace, name: str) -> None:
        """name(x), which returns the single output, or name(x, out)."""
        program = roll_outputs(trace)
        outputs = [program.row_of[node] for node in trace.outputs]
        results = [] if trace.bare else [Result("out", outputs, clean=False)]
        writing = self.writing(program, results, value=outputs[0] if trace.bare else None)
        self.made.append(writing.one_sample(name, ""))

    def gradient(self, trace: Trace, name: str, wrt: str) -> None:
        """name(x, gradient) returns the single output."""
        trace = copy(trace)
        trace.loss, trace.penalty = trace.outputs[0], None

        def writing(guards: bool) -> Writing:
            program, cells = swept(roll_loss(trace), wrt, guards)
            return self.writing(program, [Result("gradient", cells)], value=program.row_of[trace.outputs[0]])

        self.twice(name, f"The value, and its gradient by the {wrt}.", writing, Writing.one_sample)

    def jacobian(self, trace: Trace, name: str, wrt: str) -> None:
        """name(x, out, jacobian): the outputs, and for each of them a row of derivatives."""
        count, leaves = len(trace.outputs), width(trace, wrt)
        expect_few(count, leaves, wrt[:-1])
        doc = f"The outputs, and their derivatives by the {wrt}: a row for each output."

        def nodes(made: Trace, by: list[int], guarded: bool) -> list[int]:
            return dense(made, jacobian_nodes(made.graph, trace.outputs, by, guarded, made.graph.varying), len(by))

        if not trace.graph.loops and layered(trace):
            self.twice(name, doc, lambda guards: self.rows(trace, wrt, guards), Writing.by_rows)
        else:
            self.by_nodes(trace, name, wrt, doc, nodes, results_of(out=count, jacobian=count * leaves))

    def rows(self, trace: Trace, wrt: str, guards: bool) -> Writing:
        """What writes a Jacobian row by row: the reverse sweep of seed · outputs."""
        made, count = trace.copy(), len(trace.outputs)
        made.graph, made.penalty = trace.graph.copy(), None
        made.loss = made.graph.constant(-0.0)
        for k, node in enumerate(trace.outputs):
            term = made.graph.apply("mul", (made.graph.leaf("input", trace.inputs + k), node))
            made.loss = made.graph.apply("add", (made.loss, term))
        made.inputs = trace.inputs + count
        program, cells = swept(roll(made, [made.loss, *trace.outputs]), wrt, guards)
        out = Result("out", [program.row_of[node] for node in trace.outputs], clean=False)
        return self.writing(program, [out, Result("jacobian", cells[: width(trace, wrt)], rows=count)], direction=count)

    def hessian(self, trace: Trace, name: str, wrt: str) -> None:
        """name(x, gradient, hessian) returns the single output."""
        count = width(trace, wrt)
        expect_few(count, count, wrt[:-1])

        def nodes(made: Trace, by: list[int], guarded: bool) -> list[int]:
            slopes, half = hessian_nodes(made.graph, trace.outputs[0], by, guarded)
            rows = [{**row, **{i: half[i][k] for i in range(k, count) if k in half[i]}} for k, row in enumerate(half)]
            return [*slopes, *dense(made, rows, count)]

        doc = f"The value, its gradient by the {wrt}, and the matrix of its second derivatives."
        self.by_nodes(trace, name, wrt, doc, nodes, results_of(gradient=count, hessian=count * count))

    def hvp(self, trace: Trace, name: str, wrt: str) -> None:
        """name(x, vector, gradient, hvp) returns the single output."""
        count = width(trace, wrt)
        expect_few(1, count, wrt[:-1])

        def nodes(made: Trace, by: list[int], guarded: bool) -> list[int]:
            graph, end = made.graph, trace.outputs[0]
            vector = [graph.leaf("input", trace.inputs + k) for k in range(count)]
            made.inputs = trace.inputs + count
            slopes = reverse(graph, [end], [graph.constant(1.0)], by, guarded, again=True)
            return [*slopes, *hvp_nodes(graph, end, by, vector, guarded)]

        doc = f"The value, its gradient by the {wrt}, and its second derivatives times a vector."
        self.by_nodes(trace, name, wrt, doc, nodes, results_of(gradient=count, hvp=count), direction=count)

    def loss(self, trace: Trace, name: str) -> None:
        """name(x, y, n, [parameters,] gradient) returns the mean loss of n samples, plus the penalty."""

        def writing(guards: bool) -> Writing:
            program, cells = swept(roll_loss(trace), "parameters", guards)
            return self.writing(program, [Result("gradient", cells)], samples=True)

        doc = "The mean loss of n samples, and its gradient by the parameters."
        self.twice(f"{name}_gradient", doc, writing, Writing.over_samples)
        *arguments, gradient = self.made[-1].arguments
        alone = self.writing(through([roll_loss, accumulate], trace), [], samples=True)
        self.made.append(alone.over_samples(f"{name}_value", "The mean loss of n samples."))
        given = tuple([one.name for one in arguments])
        body: list[Statement] = [
            If(Given("gradient"), [Return(Call(f"{name}_gradient", (*given, "gradient")))]),
            Return(Call(f"{name}_value", given)),
        ]
        arguments.append(gradient._replace(optional=True))
        self.made.append(Function(name, doc + " Without the array, the loss alone.", arguments, body))

    # what they share

    def writing(self, program: ArrayProgram, results: list[Result], **options: Any) -> Writing:
        """What writes a program of this module."""
        return Writing(program, results, self.tables, self.labels, self.nodes, argument=self.argument, **options)

    def by_nodes(
        self, trace: Trace, name: str, wrt: str, doc: str, nodes: Any, results: Results, direction: int = 0
    ) -> None:
        """A function whose derivatives are nodes of the scalar graph, behind the outputs."""

        def writing(guarded: bool) -> Writing:
            made, by = derived(trace, wrt[:-1], width(trace, wrt))
            made.outputs = [*trace.outputs, *nodes(made, by, guarded)]
            program = roll_outputs(made)
            value, found = results(program)
            return self.writing(program, found, value=value, direction=direction)

        self.twice(name, doc, writing, Writing.one_sample)

    def twice(self, name: str, doc: str, writing: Callable[[bool], Writing], write: Callable[..., Function]) -> None:
        """A function, and ahead of it its twin, if there is one; writing: what writes it, without guards or with."""
        plain, guarded = writing(False), writing(True)
        twin = f"{name}_guarded" if guarded.guards_more_than(plain) else ""
        if twin:
            self.made.append(write(guarded, twin, WHY)._replace(private=True))
        self.made.append(write(plain, name, doc, twin))


def width(trace: Trace, wrt: str) -> int:
    """How many leaves it is differentiated by."""
    return trace.inputs if wrt == "inputs" else len(trace.parameters)


def results_of(**counts: int) -> Results:
    """What the outputs of a program are: so many numbers of each result; the first is returned unless it has "out"."""

    def results(program: ArrayProgram) -> tuple[int | None, list[Result]]:
        first = 0 if "out" in counts else 1
        value, *cells = np.split(np.asarray(program.outputs), np.cumsum([first, *counts.values()])[:-1])
        found = [Result(name, some, clean=name != "out") for name, some in zip(counts, cells)]
        return int(value[0]) if first else None, found

    return results


def by_inputs_alone(program: ArrayProgram) -> ArrayProgram:
    """The program without what parameters receive."""
    made = program.copy()
    made.sums = []
    return made


def swept(program: ArrayProgram, wrt: str, guards: bool) -> tuple[ArrayProgram, Any]:
    """The program of a loss with its derivatives, and the cells where they stand."""
    ahead: list[Any] = [differentiate_with_inputs, by_inputs_alone] if wrt == "inputs" else [differentiate]
    behind = [] if wrt == "inputs" else [accumulate, differentiate_uniform]
    made = through([guard, *ahead, prune, *behind] if guards else [*ahead, simplify, prune, *behind], program)
    return made, made.outputs if wrt == "inputs" else made.rows + np.asarray(made.gradient)


def layered(trace: Trace) -> bool:
    """Whether the outputs are made by few steps of many operations, as layers are."""
    program = roll_outputs(trace)
    work = sum([step.work for step in program.steps])
    return len(trace.outputs) > 1 and work >= LAYERED * len(program.steps)
