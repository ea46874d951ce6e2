"""Statements made shorter: what nobody reads goes, what is read once stands where it is read, and all gets its name.

unnamed     a Let or Array whose name begins with `UNNAMED`: it may go, and is numbered in the end
read        by a name: by how many expressions; an Array by any Item that is no target
"""

from __future__ import annotations

from collections import Counter
from itertools import count

from micrograd.exporting.statements import (
    Add,
    Apply,
    Array,
    Call,
    For,
    If,
    Item,
    Let,
    Looked,
    Name,
    Number,
    Return,
    Store,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from micrograd.exporting.identifiers import Identifiers
    from micrograd.exporting.statements import Expression, Statement

UNNAMED = "%"
LONGEST = 72  # characters, more or less, of an expression that takes the place of a name
LINE = 86  # of one for a line; of a longer one parts become statements


def length(expression: Any) -> int:
    """About how many characters an expression has.

    >>> length(Apply("mul", (Name("w"), Apply("tanh", (Name("x"),)))))
    11
    """
    if isinstance(expression, Number):
        return len(repr(expression.value))
    if isinstance(expression, Name):
        return 3 if expression.text.startswith(UNNAMED) else len(expression.text)
    if isinstance(expression, Item):
        array, place = expression.array, expression.place
        inside = 12 if isinstance(place, Looked) else 5 * len(place.factors) + len(str(place.offset))
        return (2 if array.startswith(UNNAMED) else len(array)) + 2 + inside
    if isinstance(expression, Call):
        return LONGEST
    inner = sum(map(length, expression.operands))
    if expression.row in ("add", "sub", "mul", "div", "neg"):
        return inner + 3
    return inner + (20 if expression.row == "where" else len(expression.row) + 2)


def reads(body: Sequence[Statement]) -> Counter[str]:
    """How often names are read in statements."""
    found: Counter[str] = Counter()
    waiting: list[Any] = [*body]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (Name, Item)):
            found[one[0]] += 1
        elif isinstance(one, (Store, Add)):
            waiting += [one.expression, *[one.target] * isinstance(one.target, Name)]
        elif isinstance(one, (tuple, list)):
            waiting += one
    return found


def replaced(one: Any, names: dict[str, Expression]) -> Any:
    """An expression, or None, with others in place of names."""
    if isinstance(one, Name):
        return names.get(one.text, one)
    if isinstance(one, Apply):
        return Apply(one.row, tuple([replaced(x, names) for x in one.operands]))
    return one


def tidied(body: Sequence[Statement]) -> list[Statement]:
    """The statements without what nobody reads, and with short expressions in place of what is read once."""
    body = list(body)
    while True:
        used = reads(body)
        kept = without(body, used)
        if kept == body:
            return broken(inlined(body, used), count())
        body = kept


def without(body: Sequence[Statement], used: Counter[str]) -> list[Statement]:
    """The statements that make something that is read, or that is not made here alone."""
    found: list[Statement] = []
    for one in body:
        if isinstance(one, (For, If)):
            inner = without(one.body, used)
            found += [one._replace(body=inner)] * bool(inner)
            continue
        name = one.name if isinstance(one, (Let, Array)) else one.target[0] if isinstance(one, (Store, Add)) else ""
        if not name.startswith(UNNAMED) or used[name]:
            found.append(one)
    return found


def inlined(body: Sequence[Statement], used: Counter[str]) -> list[Statement]:
    """The statements of one level, in which a Let that is read once, there, gives way to its expression."""
    names: dict[str, Expression] = {}
    here = reads([one for one in body if not isinstance(one, (For, If))])
    found: list[Statement] = []
    for one in body:
        if isinstance(one, (For, If)):
            found.append(one._replace(body=inlined(one.body, used)))
            continue
        if isinstance(one, (Let, Store, Add, Return)):
            one = one._replace(expression=replaced(one.expression, names))
        if isinstance(one, Let) and one.name.startswith(UNNAMED) and not one.changes:
            once = used[one.name] == 1 == here[one.name]
            if once and length(one.expression) <= LONGEST:
                names[one.name] = one.expression
                continue
        found.append(one)
    return found


def broken(body: Sequence[Statement], numbers: Iterator[int]) -> list[Statement]:
    """The statements with others ahead of those whose expressions are too long for a line; numbers: of their names."""
    found: list[Statement] = []
    for one in body:
        if isinstance(one, (For, If)):
            found.append(one._replace(body=broken(one.body, numbers)))
        elif isinstance(one, (Let, Store, Add, Return)):
            lets, expression = parted(one.expression, numbers)
            found += [*lets, one._replace(expression=expression)]
        else:
            found.append(one)
    return found


def parted(expression: Any, numbers: Iterator[int]) -> tuple[list[Statement], Any]:
    """An expression, or None, that fits a line, and ahead of it the Lets of its longest parts.

    >>> long = Name("a name of so many characters, more than thirty")
    >>> lets, rest = parted(Apply("add", (Apply("tanh", (long,)), long)), count())
    >>> len(lets), length(rest) <= LINE
    (1, True)
    """
    lets: list[Statement] = []
    while isinstance(expression, Apply) and length(expression) > LINE:
        place, part = max(enumerate(expression.operands), key=lambda pair: length(pair[1]))
        if not isinstance(part, Apply):
            break
        ahead, short = parted(part, numbers)
        name = f"{UNNAMED}v of {next(numbers)}"
        lets += [*ahead, Let(name, short)]
        operands = expression.operands
        expression = expression._replace(operands=(*operands[:place], Name(name), *operands[place + 1 :]))
    return lets, expression


def named(body: Sequence[Statement], names: Identifiers) -> list[Statement]:
    """The statements with a name for each unnamed Let and Array, numbered in their order: v1, v2, … and h1, h2, …"""
    given: dict[str, str] = {}

    def renamed(one: Any) -> Any:
        if isinstance(one, str) and one.startswith(UNNAMED):
            if one not in given:
                given[one] = names.numbered(one[1])
            return given[one]
        if isinstance(one, (tuple, list)):
            parts = [renamed(x) for x in one]
            return one.__class__(*parts) if hasattr(one, "_fields") else one.__class__(parts)
        return one

    return renamed(list(body))
