"""One function of an export from one program: its leaves as arguments, its ends as results.

result      an array that the function fills with cells of the program
direction   the last inputs of a program: an argument, or the rows of a unit matrix, one after the other
twin        the name of the function with guards, which is asked where a derivative is not finite; "" without one
"""

from __future__ import annotations

from math import inf

import numpy as np

from micrograd.exporting.identifiers import Identifiers, identifier
from micrograd.exporting.lowering.blocks import Lowering
from micrograd.exporting.lowering.cells import Cells, read_by
from micrograd.exporting.lowering.places import ROW, Home, Places
from micrograd.exporting.lowering.tidying import UNNAMED, named, tidied
from micrograd.exporting.statements import (
    Add,
    Apply,
    Argument,
    Array,
    Call,
    For,
    Function,
    If,
    Item,
    Let,
    Name,
    Number,
    Return,
    Store,
    at,
)
from micrograd.notation.signs import parameter
from micrograd.ops import TABLE, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.exporting.lowering.places import Tables
    from micrograd.exporting.statements import Expression, Statement

SAMPLE, DIRECTION = "s", "r"  # variables of loops
FEW = 4  # numbers that are added up in one expression


class Result:
    """An array that a function fills: the cells that stand there, in each of so many rows.

    clean       no −0 may stand there: it is of derivatives
    """

    def __init__(self, name: str, cells: Any, clean: bool = True, rows: int = 1) -> None:
        self.name, self.cells, self.clean, self.rows = name, np.array(cells, np.int64), clean, rows
        self.home = -1

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return self.rows * len(self.cells)


class Writing:
    """Writes one program.

    value       the cell whose number is returned, if one is; the functions over samples return the mean loss
    labels      node of the scalar graph -> label; nodes: how many of its nodes are the user's
    argument    parameters are an argument, else their present numbers are in the code
    direction   how many of the last inputs are a direction
    samples     it runs over samples; else it is of one
    """

    def __init__(
        self,
        program: ArrayProgram,
        results: list[Result],
        tables: Tables,
        labels: dict[int, str],
        nodes: int,
        *,
        argument: bool,
        value: int | None = None,
        direction: int = 0,
        samples: bool = False,
    ) -> None:
        self.program, self.results, self.tables, self.labels, self.nodes = program, results, tables, labels, nodes
        self.argument, self.value, self.direction, self.samples = argument, value, direction, samples
        self.inputs = program.trace.inputs - direction
        self.cells = cells = Cells(program)
        held = program.trace.captured if argument else [*program.trace.parameters, *program.trace.captured]
        first = program.rows + len(program.trace.parameters) * argument
        cells.know(np.arange(first, first + len(held)), [x.data for x in held])
        if not samples:
            cells.know([program.weight], [1.0])
        cells.fill(samples)
        for one in results:
            one.cells = cells.of[one.cells]

    @property
    def ends(self) -> list[int]:
        """The cells of all results."""
        return [cell for one in self.results for cell in one.cells.tolist()]

    def guards(self) -> int:
        """How many steps may be guards: those that choose, and those that say so, if a result needs them."""
        cells = self.cells.needed(self.ends)
        steps = [*cells.once, *cells.steps, *cells.sums, *cells.after]
        return sum([step.guard or step.op is WHERE for step in steps])

    def guards_more_than(self, plain: Writing) -> bool:
        """Whether this program, with guards, may do something else than the plain one."""
        derivatives = [cell for one in plain.results if one.clean for cell in one.cells.tolist()]
        numbers = plain.cells.number[list(plain.cells.needed(derivatives).live)]
        return self.cells.cut or self.guards() > plain.guards() or not np.isfinite(numbers).all()

    # functions

    def one_sample(self, name: str, doc: str, twin: str = "") -> Function:
        """The function of one sample."""
        ends = self.ends if self.value is None else [int(self.cells.of[self.value]), *self.ends]
        lowering, arguments = self.of_one_sample(ends, "vector", name, twin)
        places, cells = lowering.places, lowering.places.cells
        before = self.swept(lowering, [*cells.once, *cells.steps], ends)
        value = None if self.value is None else places.one(ends[0])
        body = [*before, *self.completed(lowering, self.results)]
        return self.function(lowering, name, doc, twin, arguments, body, value)

    def by_rows(self, name: str, doc: str, twin: str = "") -> Function:
        """The same with a matrix, row by row: the direction is one output after the other.

        Results: the outputs, and a row; what does not depend on the direction is made once.
        """
        (outputs, row), seed = self.results, f"{UNNAMED}seed"
        lowering, arguments = self.of_one_sample(self.ends, seed, name, twin, DIRECTION)
        cells = lowering.places.cells
        ahead, inside = cells.apart(np.arange(self.inputs, self.inputs + self.direction))
        needed = read([*inside, *cells.sums, *cells.after])
        lowering.write(ahead, sorted(needed.union(outputs.cells.tolist())))
        before = self.completed(lowering, [outputs])
        lowering.inside = True
        first = self.swept(lowering, inside, row.cells.tolist())
        one = Store(Item(seed, at(0, **{DIRECTION: 1})), Number(1.0))
        unit: list[Statement] = [Array(seed, self.direction, zero=True), one]
        loop = For(DIRECTION, self.direction, [*unit, *first, *self.completed(lowering, [row])])
        return self.function(lowering, name, doc, twin, arguments, [*before, loop], None)

    def over_samples(self, name: str, doc: str, twin: str = "") -> Function:
        """The private function of the mean loss over samples, plus the penalty."""
        program, trace = self.program, self.program.trace
        x, y = Argument("x", "samples", trace.inputs), Argument("y", "samples", trace.targets or 1)
        arguments = self.arguments([x, y, Argument("n", "count")])
        values = [int(self.cells.of[program.rows + slot]) for slot in program.value]
        ends = [*values, *self.ends]
        lowering = self.lowering(ends, False, arguments, name, twin, SAMPLE, "weight")
        places, cells, total, weight = lowering.places, lowering.places.cells, Name("total"), Name("weight")
        places.settle(Home(x.name, x.size, ((SAMPLE, x.size),)), np.arange(x.size))
        places.settle(Home(y.name, y.size, ((SAMPLE, y.size),)), np.arange(program.targets, program.targets + y.size))
        places.expressions[values[0]], places.expressions[program.weight] = total, weight
        head = [Let("weight", Apply("div", (Number(1.0), Name("n")))), Let("total", Number(0.0), changes=True)]
        places.ahead += [(-2, one) for one in head]
        self.settle_results(places)
        lowering.write(cells.once, sorted(read([*cells.steps, *cells.sums, *cells.after]).union(ends)))
        before = lowering.statements()
        lowering.write(cells.steps, [], cells.sums)
        loop = For(SAMPLE, "n", lowering.statements())
        lowering.write(cells.after, ends)
        value: Expression = total
        for cell in values[1:]:
            value = Apply("add", (value, places.one(cell)))
        body = [*before, loop, *self.completed(lowering, self.results)]
        return self.function(lowering, name, doc, twin, arguments, body, value)

    # what they share

    def arguments(self, first: list[Argument]) -> list[Argument]:
        """The arguments of a function, of which these are the first."""
        parameters = [Argument("parameters", "in", len(self.program.trace.parameters))] * self.argument
        return [*first, *parameters, *[Argument(one.name, "out", one.size) for one in self.results]]

    def lowering(self, ends: list[int], labelled: bool, arguments: list[Argument], *taken: str) -> Lowering:
        """What lowers all that the ends need, with parameters in their places; taken: names that nothing else gets."""
        cells, program = self.cells.needed(ends), self.program
        names = Identifiers(self.tables.module, *taken, *[one.name for one in arguments])
        places = Places(cells, self.tables, names, self.labels_of_cells(labelled))
        if self.argument:
            width = len(program.trace.parameters)
            places.settle(Home("parameters", width), cells.rows + np.arange(width))
        neurons = {row for node, row in program.row_of.items() if node < self.nodes}
        return Lowering(places, written(program), neurons, self.samples)

    def of_one_sample(self, ends: list[int], direction: str, *taken: str) -> tuple[Lowering, list[Argument]]:
        """What lowers a function of one sample, whose direction stands in an array of that name, and its arguments."""
        graph = self.program.trace.graph
        labelled = all(identifier(self.labels.get(graph.leaf("input", i), "")) for i in range(self.inputs))
        x, vector = Argument("inputs" if labelled else "x", "in", self.inputs), Argument("vector", "in", self.direction)
        arguments = self.arguments([x])
        if self.direction and direction == vector.name:
            arguments.insert(1 + self.argument, vector)
        lowering = self.lowering(ends, labelled, arguments, *taken)
        lowering.places.settle(Home(x.name, self.inputs), np.arange(self.inputs))
        if self.direction:
            cells = np.arange(self.inputs, self.inputs + self.direction)
            lowering.places.settle(Home(direction, self.direction), cells)
        self.settle_results(lowering.places)
        return lowering, arguments

    def settle_results(self, places: Places) -> None:
        """Say where the results and what is added up stand."""
        targets = sorted({slot for one in places.cells.sums for slot in one.slots.ravel().tolist()})
        for one in self.results:
            ahead = ((DIRECTION, len(one.cells)),) * (one.rows > 1)
            one.home = places.want(Home(one.name, len(one.cells), ahead, clean=one.clean), one.cells, targets)
        rest = [slot for slot in targets if places.home[slot] < 0 and slot not in places.expressions]
        if rest:
            places.settle(Home(places.fresh("h"), len(rest), local=True), np.array(rest))

    def swept(self, lowering: Lowering, steps: list[Any], ends: list[int]) -> list[Statement]:
        """Write steps and sums, and behind them, in blocks of their own, the steps that read the sums."""
        cells = lowering.places.cells
        lowering.write(steps, sorted(read(cells.after).union(ends)), cells.sums)
        if not cells.after:
            return []
        found = lowering.statements()
        lowering.write(cells.after, ends)
        return found

    def completed(self, lowering: Lowering, results: Sequence[Result]) -> list[Statement]:
        """The statements written so far, with those that fill what is missing in results."""
        for one in results:
            lowering.complete(one.home, one.cells)
        return lowering.statements()

    def function(
        self, lowering: Lowering, name: str, doc: str, twin: str, arguments: list[Argument], body: list[Any], value: Any
    ) -> Function:
        """The function of these statements, with what stands ahead of all, and the end."""
        ahead = [statement for _, statement in sorted(lowering.places.ahead, key=lambda pair: pair[0])]
        body = tidied([*ahead, *body, *checked(self.results, value, twin, arguments)])
        made = named(body, lowering.places.names)
        return Function(name, doc, arguments, made, private=self.samples, returns=value is not None)

    def labels_of_cells(self, inputs: bool) -> dict[int, str]:
        """cell -> what it is called, of what users named; inputs only if all of them are."""
        program, found = self.program, {}
        for node, label in self.labels.items():
            kind = program.trace.graph.kind[node]
            leaf = kind in ("parameter", "captured")
            if kind == "input" and not inputs or leaf and parameter(label) is not None:
                continue
            cell = program.row_of.get(node)
            if cell is None and leaf and node in program.slot_of:
                cell = program.rows + program.slot_of[node]
            if cell is not None and identifier(label):
                found[cell] = identifier(label)
        return found


def read(steps: Sequence[Any]) -> set[int]:
    """The cells that steps and sums read."""
    return {cell for step in steps for index in read_by(step) for cell in index.ravel().tolist()}


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
    terms: list[Expression] = []
    loops: list[Statement] = []
    total = Name(f"{UNNAMED}finite")
    for one in [one for one in results if one.clean]:
        if one.size <= FEW:
            terms += [Item(one.name, at(place)) for place in range(one.size)]
        else:
            loops.append(For(ROW, one.size, [Add(total, Item(one.name, at(0, **{ROW: 1})))]))
    start: Expression = terms[0] if terms else Number(0.0)
    for term in terms[1:]:
        start = Apply("add", (start, term))
    finite = Apply("less", (Apply("abs", (total,)), Number(inf)))
    call = Call(twin, tuple([one.name for one in arguments]))
    return [Let(total.text, start, changes=bool(loops)), *loops, If(finite, [Return(value)]), Return(call)]
