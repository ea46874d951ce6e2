"""What the table says of a primitive, as statements: its definition or a partial, read on symbols.

vocabulary      the rows for which a language has a function
node            a number of a definition: its place in the body
"""

from __future__ import annotations

import re

from micrograd.dispatch import Operators
from micrograd.exporting.statements import Apply, Argument, Function, If, Let, Name, Number, Return, rows
from micrograd.exporting.words import LIBRARY, RESERVED
from micrograd.ops import DETACH, WHERE, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, Union

    from micrograd.exporting.statements import Expression, Module, Statement
    from micrograd.ops import Op

    Operand = Union[int, Number]

MOST_PARTS = 16  # of one formula; what has more gets a name on the way


def defined(module: Module, vocabulary: Collection[str], language: str) -> list[Function]:
    """The functions that a module needs for rows beyond a vocabulary, those that they call first.

    ValueError for a row without a definition, and for one whose definition uses itself.

    >>> from micrograd.exporting.statements import Item, Module, at
    >>> body = [Return(Apply("softplus", (Item("x", at(0)),)))]
    >>> module = Module("f", [], [], [Function("f", "", [Argument("x", "in", 1)], body)])
    >>> [function.name for function in defined(module, ["exp"], "our language")]
    Traceback (most recent call last):
    ValueError: expected primitives with a definition, or functions of our language, got log1p; give its row one
    >>> [function.name for function in defined(module, ["exp", "log1p", "abs"], "our language")]
    ['softplus']
    """
    found: dict[str, Function] = {}

    def need(names: Collection[str], callers: tuple[str, ...]) -> None:
        for name in names:
            op = find(name)
            if name in found or known(op, vocabulary):
                continue
            if op.definition is None:
                raise ValueError(
                    f"expected primitives with a definition, or functions of {language}, got {name}; give its row one"
                )
            if name in callers:
                raise ValueError(f"the definition of {name} uses itself: write it over other primitives")
            function = definition(op)
            need(rows([function]), (*callers, name))
            found[name] = function

    need(rows(module.functions), ())
    return [*found.values()]


def definition(op: Op) -> Function:
    """A row's value as a function of x, y and z, with a name for what occurs twice.

    >>> [*lets, result] = definition(find("sigmoid")).body
    >>> len(lets), result.expression.row
    (1, 'div')
    """
    body = Body()
    names = "xyz"[: len(op.partials)] if len(op.partials) <= 3 else [f"x{i}" for i, _ in enumerate(op.partials)]
    result = op.definition(*[body.argument(name) for name in names])  # type: ignore[misc]
    arguments = [Argument(name, "number") for name in names]
    return Function(called(op.name), "", arguments, body.statements(result), private=True)


def known(op: Op, vocabulary: Collection[str]) -> bool:
    """Whether a language has a row: as one of its functions, or with a sign."""
    return op.name in vocabulary or op.sign != "" or op is WHERE or op is DETACH


def called(row: str) -> str:
    """What a primitive that a language lacks is called in an export, where the plain name may be one of the language.

    >>> called("relu"), called("log2"), called("lambda"), called("v1")
    ('relu', 'micrograd_log2', 'micrograd_lambda', 'micrograd_v1')
    """
    plain = row.isascii() and row.isidentifier() and not re.fullmatch("[A-Za-z]_*[0-9]*", row)
    if plain and row not in LIBRARY and row not in RESERVED:
        return row
    return "micrograd_" + re.sub(r"\W", lambda sign: f"_{ord(sign[0]):x}", row, flags=re.ASCII)


class Body:
    """What a function does: nodes, each once, operands before results, written down by what is done to its symbols.

    vocabulary      if given, what is beyond it is its definition in place, instead of a function of its own
    """

    def __init__(self, vocabulary: Collection[str] | None = None) -> None:
        self.vocabulary = vocabulary
        self.nodes: list[tuple[str, tuple[Any, ...]]] = []  # (row, operands), or ("argument", (name,))
        self.places: dict[str, int] = {}

    def argument(self, name: str) -> Symbol:
        """An argument of the function."""
        return self.node("argument", (name,))

    def apply(self, row: str, args: tuple[Any, ...]) -> Any:
        """A primitive on symbols and numbers."""
        op = find(row)
        if self.vocabulary is None or known(op, self.vocabulary):
            return self.node(row, tuple([operand(x) for x in args]))
        if op.definition is None:
            raise TypeError(f"{row} has no definition, and the language no function for it")
        return op.definition(*args)

    def node(self, row: str, operands: tuple[Any, ...]) -> Symbol:
        """A node, which is made if there is none like it."""
        place = self.places.setdefault(f"{row}{operands}", len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append((row, operands))
        return Symbol(self, place)

    def statements(self, returned: Any) -> list[Statement]:
        """What computes a result: a Let for each node that is used twice or would make a formula too long.

        Where the result is a choice, and a branch has such nodes of its own, they are computed if it is taken.
        """
        result = operand(returned)
        needed = self.needed(result)
        branches = self.branches(result)
        lets: tuple[list[Statement], ...] = [], [], []  # for both branches, for one, for the other
        formulas: dict[Operand, Expression] = {}
        sizes: dict[Operand, int] = {}
        for node in sorted(needed):
            row, operands = self.nodes[node]
            if row == "argument":
                formulas[node], sizes[node] = Name(operands[0]), 1
                continue
            formulas[node] = Apply(row, tuple([formulas.get(x, x) for x in operands]))
            sizes[node] = 1 + sum([sizes.get(x, 1) for x in operands])
            if node != result and (needed[node] > 1 or sizes[node] > MOST_PARTS):
                name = f"v{sum(map(len, lets)) + 1}"
                lets[branches.get(node, 0)].append(Let(name, formulas[node]))
                formulas[node], sizes[node] = Name(name), 1
        if not lets[1] and not lets[2]:
            return [*lets[0], Return(formulas[result] if isinstance(result, int) else result)]
        _, operands = self.nodes[result]  # type: ignore[index]
        condition, *chosen = [formulas.get(x, x) for x in operands]
        taken = If(condition, [*lets[1], Return(chosen[0])])
        return [*lets[0], taken, *lets[2], Return(chosen[1])]

    def needed(self, result: Operand) -> dict[int, int]:
        """The nodes that a result is made of, itself included, and how often each is used."""
        uses: dict[int, int] = {}
        waiting = [result]
        while waiting:
            node = waiting.pop()
            if isinstance(node, int):
                uses[node] = uses.get(node, 0) + 1
                if uses[node] == 1 and self.nodes[node][0] != "argument":
                    waiting += self.nodes[node][1]
        return uses

    def branches(self, result: Operand) -> dict[int, int]:
        """1 or 2 for the nodes that only this branch of a choice needs, if the result is one."""
        if not isinstance(result, int) or self.nodes[result][0] != WHERE.name:
            return {}
        condition, first, second = [self.needed(x).keys() for x in self.nodes[result][1]]
        return dict.fromkeys(first - second - condition, 1) | dict.fromkeys(second - first - condition, 2)


class Symbol(Operators):
    """A number that is not known yet."""

    __slots__ = ("body", "node")
    thorough = True  # nobody reads or differentiates it: a partial of it may be long

    def __init__(self, body: Body, node: int) -> None:
        self.body, self.node = body, node

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name` on args."""
        return self.body.apply(name, args)


def operand(x: Any) -> Operand:
    """The place of a symbol, or a number."""
    return x.node if isinstance(x, Symbol) else Number(float(x))
