"""Statements: an export before it is text in some language. Plain data, which `lowering` makes and printers read.

expression  Number, Name, Item, Apply, Call: a double. Small ones stand in one another; a printer adds the brackets
place       of an item in an array: Place, offset + Σ factor · variable; Looked, where a table of whole numbers says it
array       an argument, a local Array or a Table: numbers in a row, also where they are a matrix
primitive   by its name in the table, `ops.TABLE`, comparisons and `where` too; what a language lacks it defines

A module that adds up three products, w · x with w in a table:

>>> w = Table("f_weights", [1.0, 2.0, 3.0], (3,))
>>> product = Apply("mul", (Item("f_weights", at(0, k=1)), Item("x", at(0, k=1))))
>>> loop = For("k", 3, [Add(Name("total"), product)])
>>> body = [Let("total", Number(0.0), changes=True), loop, Return(Name("total"))]
>>> f = Function("f", "The sum of 3 products.", [Argument("x", "in", 3)], body)
>>> module = Module("f", ["f: 3 numbers in, 1 number out. Written by micrograd."], [w], [f])
>>> rows(module.functions), f.returns
(['mul'], True)
"""

from __future__ import annotations

from typing import NamedTuple, Union

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any


class Number(NamedTuple):
    """A number; −0.0, inf and nan too."""

    value: float


class Name(NamedTuple):
    """The double of that name: a Let, or an argument that is one number."""

    text: str


class Place(NamedTuple):
    """offset + Σ factor · variable of a loop."""

    offset: int
    factors: tuple[tuple[str, int], ...] = ()


class Looked(NamedTuple):
    """start + the whole number at a place of a table."""

    table: str
    place: Place
    start: Place = Place(0)


class Item(NamedTuple):
    """A number of an array."""

    array: str
    place: Union[Place, Looked]


class Apply(NamedTuple):
    """A primitive on its operands."""

    row: str
    operands: tuple[Expression, ...]


class Call(NamedTuple):
    """A function of this module on arguments of the caller, by their names: its number; a statement if it has none."""

    function: str
    arguments: tuple[str, ...]


Expression = Union[Number, Name, Item, Apply, Call]


class Let(NamedTuple):
    """A double with a name; `changes` if statements after it store or add to it."""

    name: str
    expression: Expression
    changes: bool = False


class Array(NamedTuple):
    """A local array of doubles; `zero` if it must begin with zeros, else every item is stored before it is read."""

    name: str
    size: int
    zero: bool = False


class Store(NamedTuple):
    """An item, or a name that changes, gets another number."""

    target: Union[Name, Item]
    expression: Expression


class Add(NamedTuple):
    """An item, or a name that changes, is increased."""

    target: Union[Name, Item]
    expression: Expression


class For(NamedTuple):
    """A loop of a whole number from 0 on; so many times, a number or the name of an argument of the kind "count"."""

    variable: str
    times: Union[int, str]
    body: Sequence[Statement]


class If(NamedTuple):
    """What is done where a condition holds: an expression, as in `where`, or Given, an argument that is there."""

    condition: Union[Expression, Given]
    body: Sequence[Statement]


class Given(NamedTuple):
    """Whether an argument that may be left out (NULL, null, None) is there."""

    argument: str


class Return(NamedTuple):
    """The end of the function, with its number if it has one (a Call that returns none stands here, too)."""

    expression: Union[Expression, None] = None


class Comment(NamedTuple):
    """A line for the reader; plain text."""

    text: str


Statement = Union[Let, Array, Store, Add, For, If, Return, Comment, Call]


class Argument(NamedTuple):
    """kind: "in" or "out", an array of `size` doubles; "samples", count × size of them; "number"; "count", an int.

    "inout"     of a part of a function: an array that it changes
    optional    an "out" that may be left out
    """

    name: str
    kind: str
    size: int = 1
    optional: bool = False


class Function(NamedTuple):
    """A function; `private` if only others of the module call it.

    doc         what stands above it, lines of plain text
    returns     whether it returns a number; then its last statement is a Return
    """

    name: str
    doc: str
    arguments: Sequence[Argument]
    body: Sequence[Statement]
    private: bool = False
    returns: bool = True


class Table(NamedTuple):
    """Numbers in a row, printed by rows of shape[-1]; whole: of ints, for `Looked`. public: others may read it."""

    name: str
    numbers: Sequence[float]
    shape: tuple[int, ...]
    whole: bool = False
    public: bool = False


class Module(NamedTuple):
    """A file: lines that tell what it is, then tables, then functions, each before those that call it."""

    name: str
    title: Sequence[str]
    tables: Sequence[Table]
    functions: Sequence[Function]


def at(offset: int, **factors: int) -> Place:
    """A place in short.

    >>> at(2, i=3)
    Place(offset=2, factors=(('i', 3),))
    """
    return Place(offset, tuple(factors.items()))


def parts(whole: object) -> Iterator[Any]:
    """Statements, expressions, and all that they are made of, names as text, in the order in which they stand.

    >>> [one for one in parts(Apply("exp", (Name("x"),))) if isinstance(one, str)]
    ['exp', 'x']
    """
    waiting = [whole]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, (tuple, list)):
            waiting += reversed(one)


def rows(functions: Sequence[Function]) -> list[str]:
    """The primitives that functions use, each once, in the order of their use."""
    return [*dict.fromkeys([one.row for one in parts([one.body for one in functions]) if isinstance(one, Apply)])]
