"""One function of an export from one program: its leaves as arguments, its ends as results.

result      an array that the function fills with cells of the program; what is clean there is no −0
twin        the name of the function with guards, which is asked where a derivative is not finite; "" without one
"""

from __future__ import annotations

from math import inf

import numpy as np

from micrograd.exporting.cells import Cells, read_by
from micrograd.exporting.identifiers import Identifiers, identifier
from micrograd.exporting.lowering import Home, Lowering
from micrograd.exporting.statements import (
    Add,
    Apply,
    Argument,
    Call,
    For,
    Function,
    If,
    Item,
    Let,
    Name,
    Number,
    Return,
    at,
)
from micrograd.exporting.tidying import named, tidied
from micrograd.notation.signs import parameter
from micrograd.ops import TABLE, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.exporting.lowering import Tables
    from micrograd.exporting.statements import Expression, Statement

SAMPLE = "s"  # the variable of the loop over samples
FEW = 4  # numbers that are added up in one expression


class Result:
    """An array that a function fills: the cells that stand there."""

    def __init__(self, name: str, cells: Any, clean: bool = True) -> None:
        self.name, self.cells, self.clean = name, np.array(cells, np.int64), clean
        self.home = -1


class Writing:
    """Writes one program; `argument`: parameters are one, else their present numbers are in the code.

    vector      how many of the last inputs are an argument of their own
    samples     whether it runs over samples; else it is of one
    """

    def __init__(
        self,
        program: ArrayProgram,
        results: list[Result],
        tables: Tables,
        labels: dict[int, str],
        *,
        argument: bool,
        vector: int = 0,
        samples: bool = False,
    ) -> None:
        self.program, self.results, self.tables, self.labels = program, results, tables, labels
        self.argument, self.vector, self.samples = argument, vector, samples
        self.inputs = program.trace.inputs - vector
        self.cells = cells = Cells(program)
        held = program.trace.captured if argument else [*program.trace.parameters, *program.trace.captured]
        first = program.rows + len(program.trace.parameters) * argument
        cells.know(np.arange(first, first + len(held)), [x.data for x in held])
        if not samples:
            cells.know([program.weight], [1.0])
        cells.fill(samples)
        for one in results:
            one.cells = cells.of[one.cells]

    def guards(self) -> int:
        """How many steps may be guards: those that choose, and those that say so."""
        steps = [*self.cells.once, *self.cells.steps, *self.cells.sums, *self.cells.after]
        return sum([step.guard or step.op is WHERE for step in steps])

    # one sample

    def function(self, name: str, doc: str, value: int | None, twin: str = "", private: bool = False) -> Function:
        """The function of one sample, which returns the number of a cell, if one is given."""
        cells, trace = self.cells, self.program.trace
        ends = [cell for one in self.results for cell in one.cells.tolist()]
        ends = ends if value is None else [int(cells.of[value]), *ends]
        live = cells.live([ends])
        labelled = all(identifier(self.labels.get(trace.graph.leaf("input", i), "")) for i in range(self.inputs))
        arguments = [Argument("inputs" if labelled else "x", "in", self.inputs)]
        arguments += [Argument("parameters", "in", len(trace.parameters))] * self.argument
        arguments += [Argument("vector", "in", self.vector)] * bool(self.vector)
        arguments += [Argument(one.name, "out", len(one.cells)) for one in self.results]
        names = Identifiers(name, twin, *[one.name for one in arguments])
        lowering = self.lowering(names, labelled)
        lowering.settle(Home(arguments[0].name, self.inputs), np.arange(self.inputs))
        if self.vector:
            lowering.settle(Home("vector", self.vector), np.arange(self.inputs, self.inputs + self.vector))
        self.settle(lowering)
        lowering.write([*cells.once, *cells.steps, *cells.after], cells.sums, ends, live, into=False)
        result = None if value is None else lowering.one(ends[0])
        body = self.finished(lowering)
        body += checked(self.results, result, twin, arguments)
        return Function(name, doc, arguments, named(tidied(body), names), private, value is not None)

    def lowering(self, names: Identifiers, labelled: bool = False) -> Lowering:
        """What lowers the program, with the leaves of all functions in their places."""
        cells, trace = self.cells, self.program.trace
        labels = cells_of_labels(self.program, self.labels, labelled)
        lowering = Lowering(cells, self.tables, names.take, labels, written(self.program))
        if self.argument:
            width = len(trace.parameters)
            lowering.settle(Home("parameters", width), cells.rows + np.arange(width))
        return lowering

    def settle(self, lowering: Lowering) -> None:
        """Say where the ends and what is added up stand."""
        targets = sorted({slot for one in self.cells.sums for slot in one.slots.ravel().tolist()})
        for one in self.results:
            one.home = lowering.want(Home(one.name, len(one.cells), clean=one.clean), one.cells, targets)
        rest = [slot for slot in targets if lowering.home[slot] < 0 and slot not in lowering.expressions]
        if rest:
            lowering.settle(Home(lowering.fresh("h"), len(rest), local=True), np.array(rest))

    def finished(self, lowering: Lowering) -> list[Statement]:
        """The statements written so far, behind what stands ahead of all, and what the results have from elsewhere."""
        for one in self.results:
            lowering.complete(one.home, one.cells)
        body = lowering.statements()
        return [*[statement for _, statement in sorted(lowering.ahead, key=lambda pair: pair[0])], *body]

    # many samples

    def over_samples(self, names: Identifiers, arguments: Sequence[Argument], twin: str = "") -> list[Statement]:
        """The statements of the mean loss over samples, plus the penalty; the last is a Return."""
        cells, program = self.cells, self.program
        x, y = arguments[:2]
        values = [int(cells.of[program.rows + slot]) for slot in program.value]
        ends = [*values, *[cell for one in self.results for cell in one.cells.tolist()]]
        live = cells.live([ends])
        lowering = self.lowering(names)
        lowering.settle(Home(x.name, x.size, ((SAMPLE, x.size),)), np.arange(x.size))
        lowering.settle(Home(y.name, y.size, ((SAMPLE, y.size),)), np.arange(program.targets, program.targets + y.size))
        total, weight = "total", "weight"  # words of ours, which no label gets
        lowering.expressions[values[0]], lowering.expressions[program.weight] = Name(total), Name(weight)
        self.settle(lowering)
        steps = [*cells.steps, *cells.sums, *cells.after]
        needed = {cell for step in steps for index in read_by(step) for cell in index.ravel().tolist()}
        lowering.write(cells.once, [], sorted(needed.union(ends)), live, into=False)
        before = lowering.statements()
        lowering.write(cells.steps, cells.sums, [], live, into=True)
        loop = For(SAMPLE, arguments[2].name, lowering.statements())
        lowering.write(cells.after, [], ends, live, into=False)
        result: Expression = Name(total)
        for cell in values[1:]:
            result = Apply("add", (result, lowering.one(cell)))
        after = self.finished(lowering)
        count = len(lowering.ahead)
        head = [Let(weight, Apply("div", (Number(1.0), Name(arguments[2].name)))), Let(total, Number(0.0), True)]
        end = checked(self.results, result, twin, arguments)
        return named(tidied([*head, *after[:count], *before, loop, *after[count:], *end]), names)


def cells_of_labels(program: ArrayProgram, labels: dict[int, str], inputs: bool) -> dict[int, str]:
    """cell -> what it is called, of what users named; inputs only if all of them are."""
    graph, found = program.trace.graph, {}
    for node, label in labels.items():
        kind = graph.kind[node]
        if kind == "input" and not inputs or kind in ("parameter", "captured") and parameter(label) is not None:
            continue
        cell = program.row_of.get(node)
        if cell is None and node in program.slot_of and (kind in ("parameter", "captured")):
            cell = program.rows + program.slot_of[node]
        if cell is not None and identifier(label):
            found[cell] = identifier(label)
    return found


def written(program: ArrayProgram) -> dict[int, Any]:
    """cell -> the cell, or number, of the first operand as it was written, where the order does not matter."""
    graph, found = program.trace.graph, {}

    def place(node: int) -> Any:
        if node in program.row_of:
            return program.row_of[node]
        if node in program.slot_of:
            return program.rows + program.slot_of[node]
        return graph.number(node)

    for node, kind in enumerate(graph.kind):
        if kind in TABLE and TABLE[kind].commutative and place(node) is not None:
            found[place(node)] = place(graph.args[node][0])
    return found


def checked(
    results: Sequence[Result], value: Expression | None, twin: str, arguments: Sequence[Argument]
) -> list[Statement]:
    """The end of a function, which asks its twin where a derivative is not finite, if there is one."""
    if not twin:
        return [] if value is None else [Return(value)]
    total = Name("%finite")
    terms: list[Expression] = []
    loops: list[Statement] = []
    for one in results:
        if one.clean and len(one.cells) <= FEW:
            terms += [Item(one.name, at(place)) for place in range(len(one.cells))]
        elif one.clean:
            loops.append(For("i", len(one.cells), [Add(total, Item(one.name, at(0, i=1)))]))
    start: Expression = terms[0] if terms else Number(0.0)
    for term in terms[1:]:
        start = Apply("add", (start, term))
    finite = Apply("less", (Apply("abs", (total,)), Number(inf)))
    call = Call(twin, tuple([one.name for one in arguments]))
    return [Let(total.text, start, changes=bool(loops)), *loops, If(finite, [Return(value)]), Return(call)]
