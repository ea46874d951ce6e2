"""Statements that together write or read a whole array, as one: what Python says with a list, or by unpacking one."""

from __future__ import annotations

from typing import NamedTuple

from micrograd.exporting.statements import Array, For, If, Item, Let, Return, Store, at, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Union

    from micrograd.exporting.statements import Argument, Expression, Statement

    Part = Union[Statement, "WholeList"]


class WholeList(NamedTuple):
    """An array becomes a list of these numbers; of one as many as a variable has, if there is one."""

    name: str
    expressions: Sequence[Expression]
    variable: str = ""
    times: int = 1


def gathered(statements: Sequence[Statement], sizes: Mapping[str, int]) -> list[Part]:
    """The same statements, with those together that write the whole of an array of that size, and do not read it.

    An array that is not needed before it is written so is left out.

    >>> from micrograd.exporting.statements import Number
    >>> gathered([Store(Item("a", at(i)), Number(0.5)) for i in range(2)], {"a": 2})
    [WholeList(name='a', expressions=[Number(value=0.5), Number(value=0.5)], variable='', times=1)]
    """
    found: list[Part] = []
    start = 0
    while start < len(statements):
        one, whole = statements[start], run(statements, start, sizes)
        start += len(whole.expressions) if whole else 1
        if isinstance(one, (For, If)):
            whole = loop(one, sizes)
            one = one._replace(body=gathered(one.body, sizes))  # type: ignore[arg-type]
        found.append(whole or one)
    arrays = [i for i, one in enumerate(found) if isinstance(one, Array) and written_first(found[i + 1 :], one.name)]
    return [one for i, one in enumerate(found) if i not in arrays]


def run(statements: Sequence[Statement], start: int, sizes: Mapping[str, int]) -> WholeList | None:
    """A list, if the statements from one on store all items of an array, one after the other."""
    first = statements[start]
    if not isinstance(first, Store) or not isinstance(first.target, Item):
        return None
    name, size = first.target.array, sizes.get(first.target.array, 0)
    stores = [one for one in statements[start : start + size] if isinstance(one, Store)]
    expressions = [one.expression for one in stores]
    whole = size and [one.target for one in stores] == [Item(name, at(i)) for i in range(size)]
    return WholeList(name, expressions) if whole and not reads(expressions, name) else None


def loop(one: For | If, sizes: Mapping[str, int]) -> WholeList | None:
    """A list comprehension, if a loop stores all items of an array, and does nothing else."""
    if isinstance(one, If) or len(one.body) != 1 or not isinstance(one.body[0], Store) or isinstance(one.times, str):
        return None
    target, expression = one.body[0]
    if not isinstance(target, Item) or target.place != at(0, **{one.variable: 1}) or reads(expression, target.array):
        return None
    whole = WholeList(target.array, [expression], one.variable, one.times)
    return whole if sizes.get(target.array) == one.times else None


def reads(whole: object, array: str) -> bool:
    """Whether there is an item of an array in expressions or statements."""
    return any(isinstance(one, Item) and one.array == array for one in parts(whole))


def written_first(statements: Sequence[Part], array: str) -> bool:
    """Whether the first statement with an array writes it as a whole, so that there need not be one before."""
    first = next((one for one in statements if array in parts(one) or ends(one)), None)
    return isinstance(first, WholeList) and first.name == array


def ends(statement: Part) -> bool:
    """Whether a function may end there."""
    return any(isinstance(one, Return) for one in parts(statement))


def unpacked(statements: Sequence[Statement], argument: Argument) -> tuple[list[str], list[Statement]]:
    """The names that all items of an argument get, if it is not read elsewhere; and the other statements.

    >>> from micrograd.exporting.statements import Argument
    >>> body = [Let("w", Item("x", at(0))), Let("b", Item("x", at(1)))]
    >>> unpacked(body, Argument("x", "in", 2))
    (['w', 'b'], [])
    """
    places = {Item(argument.name, at(i)): i for i in range(argument.size)}
    names: dict[int, str] = {}
    rest: list[Statement] = []
    for one in statements:
        place = places.get(one.expression) if isinstance(one, Let) and isinstance(one.expression, Item) else None
        if isinstance(one, Let) and place is not None and place not in names:
            names[place] = one.name
        else:
            rest.append(one)
    if argument.kind != "in" or len(names) < argument.size or reads(rest, argument.name):
        return [], [*statements]
    return [names[i] for i in range(argument.size)], rest
