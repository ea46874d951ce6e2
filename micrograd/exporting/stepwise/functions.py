"""The functions of a module whose model has a loop over time: from its scalar graph, and not from an array program.

long        a graph that is better written as a loop, if it is one
"""

from __future__ import annotations

from micrograd.compiler.code import Code
from micrograd.compiler.scalar.derivatives.matrices import derived
from micrograd.compiler.scalar.derivatives.sweeps import reverse
from micrograd.compiler.scalar.trace import trace, undo_of
from micrograd.compiler.self_check import SelfCheck, made_up
from micrograd.exporting.functions import WHY, Functions, width
from micrograd.exporting.identifiers import Identifiers, identifier
from micrograd.exporting.lowering.tidying import named, tidied
from micrograd.exporting.lowering.writing import Result, checked
from micrograd.exporting.statements import Argument, Function, Item, Let, Name, Number, at
from micrograd.exporting.stepwise.blocks import Blocks
from micrograd.notation.signs import parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.exporting.statements import Expression

LONG = 1_000  # nodes of a graph
SHORT = 200  # operations that the steps of a `scan` have together where it stays a loop
WORTH = 8  # so many times shorter a graph has to become with a loop that was found in it


def with_loops(found: Trace, model: Any) -> Trace:
    """The trace of a model with its loops over time as loops, where it is long and has some; else `found` itself.

    model       a function, or anything else for what was built and not traced
    """
    if len(found.graph) < LONG:
        return found
    from micrograd.compiler.points.rolling import rolled

    if callable(model):
        code = Code(model, found.inputs, found.parameters)
        code.loops = SHORT
        try:
            with undo_of(code) as undo:
                made = trace(code, undo, lambda: next(made_up(code)))
                if made.graph.loops:
                    SelfCheck(made).trace_itself(code)
                    return made
        except Exception:  # the steps of a `scan` do different things, or keep what they get: all of them stay
            pass
    made = rolled(found, fewest_rows=LONG, rows_of_a_step=1)
    return made if WORTH * len(made.graph) < len(found.graph) else found


class LoopFunctions(Functions):
    """Writes the functions of one module, each from a trace with loops; its loss from one without."""

    def value(self, trace: Trace, name: str) -> None:
        """See `Functions`."""
        results = [] if trace.bare else [Result("out", trace.outputs, clean=False)]
        self.made.append(self.function(trace, name, "", trace.outputs[0] if trace.bare else None, results))

    def gradient(self, trace: Trace, name: str, wrt: str) -> None:
        """See `Functions`."""

        def nodes(made: Trace, by: list[int], guarded: bool) -> list[int]:
            graph = made.graph
            return reverse(graph, made.outputs, [graph.constant(1.0)], by, guarded)

        def results(made: Any) -> tuple[int, list[Result]]:
            return made.outputs[0], [Result("gradient", made.outputs[1:])]

        self.by_nodes(trace, name, wrt, f"The value, and its gradient by the {wrt}.", nodes, results)

    def by_nodes(
        self, trace: Trace, name: str, wrt: str, doc: str, nodes: Any, results: Any, direction: int = 0
    ) -> None:
        """See `Functions`; the nodes are those that are written."""
        plain, guarded = [derived(trace, wrt[:-1], width(trace, wrt)) for _ in range(2)]
        for (made, by), guard in ((plain, False), (guarded, True)):
            made.outputs = [*trace.outputs, *nodes(made, by, guard)]
        twin = "" if guarded[0].same(plain[0]) else f"{name}_guarded"
        if twin:
            written = self.function(guarded[0], twin, WHY, *results(guarded[0]), direction=direction)
            self.made.append(written._replace(private=True))
        self.made.append(self.function(plain[0], name, doc, *results(plain[0]), direction=direction, twin=twin))

    def function(
        self,
        trace: Trace,
        name: str,
        doc: str,
        value: int | None,
        results: list[Result],
        *,
        direction: int = 0,
        twin: str = "",
    ) -> Function:
        """The function that returns the number of a node, if one is given, and fills arrays with those of others."""
        inputs, graph = trace.inputs - direction, trace.graph
        held = {"parameter": trace.parameters, "captured": trace.captured}
        head: list[Let] = []

        def leaf(node: int) -> Expression:
            kind, (which,) = graph.kind[node], graph.args[node]
            if kind == "input":
                return Item("x", at(which)) if which < inputs else Item("vector", at(which - inputs))
            if kind == "parameter" and self.argument:
                return Item("parameters", at(which))
            value = held[kind][which]
            label = identifier(value.label)
            if not label or parameter(value.label) is not None:
                return Number(value.data)
            head.append(Let(names.take(label), Number(value.data)))
            return Name(head[-1].name)

        arguments = [Argument("x", "in", inputs)]
        arguments += [Argument("parameters", "in", len(trace.parameters))] * self.argument
        arguments += [Argument("vector", "in", direction)] * bool(direction)
        arguments += [Argument(one.name, "out", one.size) for one in results]
        names = Identifiers(name, twin, *[one.name for one in arguments])
        blocks = Blocks(graph, leaf, names, self.tables)
        ends = [int(node) for one in results for node in one.cells]
        body = blocks.statements(ends if value is None else [value, *ends])
        for one in results:
            body += blocks.stored(one.name, one.cells.tolist(), clean=one.clean)
        body += checked(results, None if value is None else blocks.expression(value), twin, arguments)
        return Function(name, doc, arguments, named(tidied([*head, *body]), names), returns=value is not None)
