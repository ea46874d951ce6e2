"""Primitives that a language lacks, as functions of an export: the definitions in their rows, read on symbols.

vocabulary      the rows for which a language has a function
node            a number of a definition: its place in the body
"""

from __future__ import annotations

import re

from micrograd.dispatch import Operators
from micrograd.exporting.statements import Apply, Argument, Function, Let, Module, Name, Number, Return, rows
from micrograd.exporting.words import LIBRARY, RESERVED
from micrograd.ops import DETACH, WHERE, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, Union

    from micrograd.exporting.statements import Expression, Statement
    from micrograd.ops import Op

    Operand = Union[int, Number]

MOST_PARTS = 16  # of one formula; what has more gets a name on the way


def defined(module: Module, vocabulary: Collection[str], language: str) -> list[Function]:
    """The functions that a module needs for rows beyond a vocabulary, those that they call first.

    ValueError for a row without a definition, and for one whose definition uses itself.

    >>> from micrograd.exporting.statements import Item, at
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
            if name in found or name in vocabulary or op.sign or op is WHERE or op is DETACH:
                continue
            if op.definition is None:
                raise ValueError(
                    f"expected primitives with a definition, or functions of {language}, got {name}; give its row one"
                )
            if name in callers:
                raise ValueError(f"the definition of {name} uses itself: write it over other primitives")
            function = definition(op)
            need([*rows(Module(name, [], [], [function]))], (*callers, name))
            found[name] = function

    need([*rows(module)], ())
    return [*found.values()]


def definition(op: Op) -> Function:
    """A row's value as a function of x, y and z, with a name for what occurs twice.

    >>> [*lets, result] = definition(find("sigmoid")).body
    >>> len(lets), result.expression.row
    (1, 'div')
    """
    body = Body()
    arguments = "xyz"[: len(op.partials)] if len(op.partials) <= 3 else [f"x{i}" for i, _ in enumerate(op.partials)]
    operands = [Symbol(body, body.node("argument", (name,))) for name in arguments]
    result = body.operand(op.definition(*operands))  # type: ignore[misc]
    statements = body.statements(result)
    return Function(called(op.name), "", [Argument(name, "number") for name in arguments], statements, private=True)


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
    """The nodes of a definition, each once, operands before results."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, tuple[Any, ...]]] = []  # (row, operands), or ("argument", (name,))
        self.places: dict[str, int] = {}

    def node(self, row: str, operands: tuple[Any, ...]) -> int:
        """The place of a node, which is made if there is none like it."""
        place = self.places.setdefault(f"{row}{operands}", len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append((row, operands))
        return place

    def operand(self, x: Any) -> Operand:
        """A symbol of this body, or a number."""
        return x.node if isinstance(x, Symbol) else Number(float(x))

    def statements(self, result: Operand) -> list[Statement]:
        """What computes the result: a Let for each node that is used twice or would make a formula too long."""
        uses = [0] * len(self.nodes)
        for x in [result, *[x for row, operands in self.nodes if row != "argument" for x in operands]]:
            if isinstance(x, int):
                uses[x] += 1
        formulas: list[Expression] = []
        sizes: list[int] = []
        lets: list[Statement] = []
        for node, (row, operands) in enumerate(self.nodes):
            if row == "argument":
                formulas.append(Name(operands[0]))
                sizes.append(1)
                continue
            formulas.append(Apply(row, tuple([formulas[x] if x.__class__ is int else x for x in operands])))
            sizes.append(1 + sum([sizes[x] if x.__class__ is int else 1 for x in operands]))
            if node != result and (uses[node] > 1 or sizes[node] > MOST_PARTS):
                lets.append(Let(f"v{len(lets) + 1}", formulas[node]))
                formulas[node], sizes[node] = Name(f"v{len(lets)}"), 1
        return [*lets, Return(formulas[result] if isinstance(result, int) else result)]


class Symbol(Operators):
    """A number of a definition, not known yet."""

    __slots__ = ("body", "node")
    thorough = True

    def __init__(self, body: Body, node: int) -> None:
        self.body, self.node = body, node

    def operate(self, name: str, args: tuple[Any, ...]) -> Symbol:
        """The primitive `name` on args."""
        return Symbol(self.body, self.body.node(name, tuple([self.body.operand(x) for x in args])))
