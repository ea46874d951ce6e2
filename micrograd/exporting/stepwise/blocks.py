"""A scalar graph with loops as statements: a loop over time is a loop, and its derivative one along its tape.

block       the statements of a function, or of a step of a loop
ends        the nodes that a block is made for
tape        a local array with the columns of a loop's tape that are read behind it, a row for each step
column      of a loop: for each step a number or a node, as `compiler.scalar.loops` has it

A node that is used once, in the block that makes it, stands in the formula of its user where that stays short.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from micrograd.compiler.scalar.graph import LEAVES
from micrograd.exporting.statements import Add, Apply, Array, For, Item, Let, Looked, Name, Number, Place, Store, parts
from micrograd.exporting.stepwise.runs import in_loops
from micrograd.ops import ADD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from micrograd.compiler.scalar.graph import Graph
    from micrograd.compiler.scalar.loops.loop import Loop
    from micrograd.exporting.identifiers import Identifiers
    from micrograd.exporting.lowering.places import Tables
    from micrograd.exporting.statements import Expression, Statement

FEW = 4  # numbers of a column that are not 0
FEWEST_TERMS = 8  # of a sum that is a loop, and of each of the loops that it becomes, on average
LONGEST = 6  # operations of a formula
ZERO = repr(Number(0.0))  # which −0 is not
MOST_NUMBERS = 500_000  # of the tapes of a function: 4 MB of the stack


class Standing(NamedTuple):
    """Where the numbers of a column stand: in an array, from a place on, or at the places that stand so in a table."""

    array: str
    first: Place = Place(0)
    stride: int = 1
    table: str = ""


class Blocks:
    """Makes statements of a graph.

    leaf        the expression of an input, parameter or captured Value, a node
    names       gives out those of doubles and arrays; tables: keeps the numbers that loops go along
    known       node -> its expression, where it stands
    weight      node -> operations in its formula
    states      loop -> the names of its state
    tapes       loop -> the name of its tape; columns: loop -> the columns that the tape has, in order
    given       (loop, own column) -> where its numbers stand, or the expression of all of them
    variables   of loops, by how many are open around them; depth: how many are open now
    size        numbers of all local arrays
    """

    def __init__(self, graph: Graph, leaf: Callable[[int], Expression], names: Identifiers, tables: Tables) -> None:
        self.graph, self.leaf, self.names, self.tables = graph, leaf, names, tables
        self.known: dict[int, Expression] = {}
        self.weight: dict[int, int] = {}
        self.states: dict[int, list[str]] = {}
        self.tapes: dict[int, str] = {}
        self.columns: dict[int, list[int]] = {}
        self.given: dict[tuple[int, int], Standing | Expression] = {}
        self.variables: list[str] = []
        self.depth = 0
        self.size = 0

    def statements(self, ends: Sequence[int]) -> list[Statement]:
        """The statements that make the ends, whose expressions are then known; ValueError for too long tapes."""
        nodes = live(self.graph, ends)
        self.columns = columns_read(self.graph, nodes)
        made = self._block(nodes, ends)
        if self.size > MOST_NUMBERS:
            raise ValueError(
                f"expected loops whose derivatives note at most {MOST_NUMBERS:,} numbers, which stand in a local array "
                f"of the exported function, got {self.size:,}; export one step of the loop, and write the loop yourself"
            )
        return made

    def expression(self, node: int) -> Expression:
        """That of a node that is made, or of a leaf."""
        found = self.known.get(node)
        if found is None:
            number = self.graph.number(node)
            found = self.known[node] = self.leaf(node) if number is None else Number(number)
        return found

    def _block(self, nodes: Iterable[int], ends: Sequence[int]) -> list[Statement]:
        """The statements that make nodes, in order; ends may be used once more each."""
        graph, statements = self.graph, []
        nodes = list(nodes)
        uses = Counter(ends)
        for node in nodes:
            uses.update(graph.args[node] * (2 if graph.kind[node] == "loop" else 1))
        chains = chains_of(graph, nodes, uses)
        inner = {node for chain in chains.values() for node in chain[:-1]}
        for node in nodes:
            if graph.kind[node] == "loop":
                statements += self._loop(node)
            elif graph.kind[node] == "item":
                self.known[node] = self._item(*graph.args[node])
            elif node in chains:
                statements += self._sum(chains[node]) or self._formulas(chains[node], uses)
            elif node not in inner:
                statements += self._formulas([node], uses)
        return statements

    def _formulas(self, nodes: Iterable[int], uses: Counter[int]) -> list[Statement]:
        """Each node as the formula of its operands, with a name where that is used again, or is long."""
        statements: list[Statement] = []
        for node in nodes:
            args = self.graph.args[node]
            self.weight[node] = 1 + sum([self.weight.get(x, 0) for x in args])
            self.known[node] = formula = Apply(self.graph.kind[node], tuple([self.expression(x) for x in args]))
            if uses[node] > 1 or self.weight[node] >= LONGEST:
                statements.append(Let(self._name(node), formula))
        return statements

    def _sum(self, chain: Sequence[int]) -> list[Statement]:
        """A sum whose terms are regular as loops that add them up, in their order; nothing if they are not."""
        first, *_ = self.graph.args[chain[0]]
        total = self.names.take("total")
        terms = [Add(Name(total), self.expression(self.graph.args[node][1])) for node in chain]
        made = list(in_loops(terms, self._variable()))
        if FEWEST_TERMS * len(made) > len(terms):
            return []
        self.known[chain[-1]], self.weight[chain[-1]] = Name(total), 0
        return [Let(total, self.expression(first), True), *made]

    def _name(self, node: int) -> str:
        """A name for a node, which it is known by from now on."""
        name = self.names.numbered("v")
        self.known[node], self.weight[node] = Name(name), 0
        return name

    # loops

    def _loop(self, node: int) -> list[Statement]:
        """The statements of a loop: its first state, its tape, its steps."""
        graph, columns = self.graph, self.columns[node]
        loop = graph.loops[node]
        state = self.states[node] = [self.names.numbered("s") for _ in loop.carried]
        first = graph.args[node][: len(state)]
        made: list[Statement] = [Let(name, self.expression(x), True) for name, x in zip(state, first)]
        if columns:
            self.tapes[node] = self.names.take("tape")
            made.append(self._array(self.tapes[node], loop.length * len(columns)))
        t = self._variable()
        for x, (how, other, k) in zip(loop.taken, loop.sources):
            if how == "tape":
                self.known[x] = self._noted(other, k, loop, t)
            else:
                owner = node if how == "own" else other
                if (owner, k) not in self.given:
                    made += self._column(owner, k)
                standing = self.given[owner, k]
                self.known[x] = at_place(standing, loop, t) if isinstance(standing, Standing) else standing
            self.weight[x] = 0
        self.known.update(zip(loop.carried, map(Name, state)))
        self.depth += 1
        made.append(For(t, loop.length, self._step(node, loop, t, state)))
        self.depth -= 1
        return made

    def _step(self, node: int, loop: Loop, t: str, state: list[str]) -> list[Statement]:
        """The statements of a step: what it makes, what it notes, and last its new state."""
        columns = [loop.tape[c] for c in self.columns[node]]
        ends = [*columns, *loop.news]
        made = self._block(live(self.graph, ends, loop.body), ends)
        for k, x in enumerate(columns):
            made.append(Store(Item(self.tapes[node], at_step(loop, t, Place(k), len(columns))), self.expression(x)))
        news = [self.expression(x) for x in loop.news]
        for k, new in enumerate(news):
            if any(
                isinstance(one, Name) and one.text in state[:k] for one in parts(new)
            ):  # it reads a state that has its new number already
                name = self.names.numbered("v")
                made.append(Let(name, new))
                news[k] = Name(name)
        return made + [Store(Name(name), new) for name, new in zip(state, news) if new != Name(name)]

    def _item(self, node: int, which: int) -> Expression:
        """What a loop has made: a number of its last state, or an output of a step."""
        loop, item = self.graph.loops[node], int(self.graph.args[which][0])
        count = len(loop.carried)
        if item < count:
            return Name(self.states[node][item])
        step, k = divmod(item - count, len(loop.outputs))
        columns = self.columns[node]
        return Item(self.tapes[node], Place(step * len(columns) + columns.index(count + k)))

    def _noted(self, other: int, column: int, loop: Loop, t: str) -> Expression:
        """What another loop noted at this step."""
        columns = self.columns[other]
        return Item(self.tapes[other], at_step(loop, t, Place(columns.index(column)), len(columns)))

    def _column(self, owner: int, k: int) -> list[Statement]:
        """Find where the numbers of a column stand; the statements that put them there, if they do not yet."""
        column, are_nodes = self.graph.loops[owner].columns[k]
        found = [self.expression(x) if are_nodes else Number(x) for x in column]
        if len(set(map(repr, found))) == 1:
            self.given[owner, k] = found[0]
            return []
        others = [i for i, x in enumerate(found) if repr(x) != ZERO]
        if len(others) <= FEW:
            name = self.names.take("given")
            self.given[owner, k] = Standing(name)
            stores: list[Statement] = [Store(Item(name, Place(i)), found[i]) for i in others]
            return [self._array(name, len(found), zero=True), *stores]
        if not are_nodes:
            self.given[owner, k] = Standing(self.tables.keep("data", np.array(column, float)).name)
            return []
        items = [(x.array, x.place) for x in found if isinstance(x, Item) and isinstance(x.place, Place)]
        if len(items) == len(found) and len({(array, place.factors) for array, place in items}) == 1:
            array, first = items[0]
            places = [place.offset for _, place in items]
            stride = places[1] - places[0]
            if places == [places[0] + stride * i for i in range(len(places))]:
                self.given[owner, k] = Standing(array, first, stride)
                return []
            if not first.factors:
                self.given[owner, k] = Standing(array, table=self.tables.keep("places", np.array(places)).name)
                return []
        name = self.names.take("given")
        self.given[owner, k] = Standing(name)
        return [self._array(name, len(found)), *self.stored(name, column)]

    def stored(self, array: str, nodes: Sequence[int], *, clean: bool = False) -> list[Statement]:
        """The statements that store the numbers of nodes in an array, in order: loops where they are regular.

        clean       no −0 is stored
        """
        found = [self.expression(x) for x in nodes]
        found = [Apply("add", (x, Number(0.0))) if clean and not isinstance(x, Number) else x for x in found]
        return list(in_loops([Store(Item(array, Place(i)), x) for i, x in enumerate(found)], self._variable()))

    def _variable(self) -> str:
        """That of a loop within those that are open."""
        if self.depth == len(self.variables):
            self.variables.append(self.names.take("t"))
        return self.variables[self.depth]

    def _array(self, name: str, size: int, *, zero: bool = False) -> Array:
        """A local array."""
        self.size += size
        return Array(name, size, zero)


def at_place(standing: Standing, loop: Loop, t: str) -> Item:
    """The number of a column at the present step."""
    place = at_step(loop, t, standing.first, standing.stride)
    return Item(standing.array, Looked(standing.table, place) if standing.table else place)


def at_step(loop: Loop, t: str, first: Place, stride: int) -> Place:
    """The place of the present step's number, from that of the first step; a backward loop comes to the last one first.

    >>> from micrograd.compiler.scalar.loops.loop import Loop
    >>> at_step(Loop(10, [], [], []), "t", Place(3), 2), at_step(Loop(10, [], [], [], True), "t", Place(3), 2)
    (Place(offset=3, factors=(('t', 2),)), Place(offset=21, factors=(('t', -2),)))
    """
    offset = first.offset
    if loop.backward:
        offset, stride = offset + stride * (loop.length - 1), -stride
    return Place(offset, (*first.factors, (t, stride)) if stride else first.factors)


def chains_of(graph: Graph, nodes: Iterable[int], uses: Counter[int]) -> dict[int, list[int]]:
    """Last node -> the nodes of a long sum, of which each adds a term to the one before, and is used for that alone."""
    found: dict[int, list[int]] = {}
    for node in nodes:
        if graph.kind[node] == ADD.name:
            before = graph.args[node][0]
            found[node] = found.pop(before, []) if uses[before] == 1 else []
            found[node].append(node)
    return {node: chain for node, chain in found.items() if len(chain) >= FEWEST_TERMS}


def live(graph: Graph, ends: Iterable[int], among: set[int] | None = None) -> list[int]:
    """The nodes that the ends need, in order; only those of a body if that is given."""
    found: set[int] = set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node in found or graph.kind[node] in LEAVES or (among is not None and node not in among):
            continue
        found.add(node)
        waiting += graph.args[node]
    return sorted(found)


def columns_read(graph: Graph, nodes: Iterable[int]) -> dict[int, list[int]]:
    """For each loop among nodes, and in their bodies, the columns of its tape that other loops, or items, read."""
    found: dict[int, set[int]] = {}
    items: list[tuple[int, int]] = []
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if graph.kind[node] == "item":
            items.append((graph.args[node][0], int(graph.args[graph.args[node][1]][0])))
        elif graph.kind[node] == "loop" and node not in found:
            found[node] = set()
            waiting += graph.loops[node].body
    for loop, item in items:
        count = len(graph.loops[loop].carried)
        if item >= count:
            found[loop].add(count + (item - count) % len(graph.loops[loop].outputs))
    for node in list(found):
        for how, other, column in graph.loops[node].sources:
            if how == "tape":
                found[other].add(column)
    return {node: sorted(columns) for node, columns in found.items()}
