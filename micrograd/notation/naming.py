"""What values are called: by their label, by the variable that holds them, or by a number.

names       a mapping of names to anything, such as locals(); in IPython the user's variables unless given
"""

from __future__ import annotations

from micrograd.engine import Value
from micrograd.notation.signs import LONGEST, SUBSCRIPTS, raised, text_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

MOST_ITEMS = 20_000  # how far the containers among the variables are searched


def variables(names: Mapping[str, Any] | None) -> dict[str, Any]:
    """The variables to look for names in: those given, else the user's own in IPython, else none.

    Raises TypeError if `names` is not a mapping.
    """
    if names is None:
        import sys

        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        names = getattr(shell, "user_ns", {})
    if not hasattr(names, "items"):
        raise TypeError(f"expected names as a mapping such as locals(), got {type(names).__name__}")
    items = [(key, x) for key, x in list(names.items()) if isinstance(key, str) and key[:1] != "_"]
    return {key: x for key, x in items if key not in ("In", "Out")}  # what IPython keeps of the session itself


def held(name: str, x: Any) -> Iterator[tuple[Value, str]]:
    """The Values inside a list, tuple, dict or array called `name`, each with its place, such as `xs[0]`."""
    waiting, seen = [(name, x)], 0
    while waiting and seen < MOST_ITEMS:
        name, x = waiting.pop()
        if isinstance(x, Value):
            yield x, name
            continue
        if getattr(getattr(x, "dtype", None), "kind", "") == "O":
            x = x.tolist()
        items = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, (list, tuple)) else ()
        found = [(f"{name}[{key!r}]", item) for key, item in items if not isinstance(item, (str, int, float))]
        seen += len(found)
        waiting.extend(reversed(found[:MOST_ITEMS]))


def variable_names(given: Mapping[str, Any], further: Iterable[tuple[Value, str]] = ()) -> dict[int, str]:
    """id(value) -> name for the Values that variables hold.

    A variable's own name counts before the names of `further` Values, and those before a place in a list.
    """
    found = {id(x): key for key, x in reversed(list(given.items())) if isinstance(x, Value)}
    for value, name in further:
        found.setdefault(id(value), name)
    for key, x in given.items():
        if not isinstance(x, Value):
            for value, name in held(key, x):
                found.setdefault(id(value), name)
    return found


class Names:
    """One name for each node of a graph, no two alike; `name_nodes` gives them.

    chosen      id(node) -> name, for nodes that the user named, and the root
    numbers     id(node) -> number, for the others, which are called by `letter` and it

    A node is called by its label, else by the variable that holds it, else v₁, v₂, … in topological order (another
    letter where the user has a v1); the root without a name is f. A name given twice is told apart as x, x⁽²⁾.

    >>> x = Value(2.0, label="x")
    >>> y = x * 3.0 + x
    >>> names = name_nodes([x, y.args[0], y])
    >>> [names.name(node) for node in (x, y.args[0], y)]
    ['x', 'v₁', 'f']
    """

    __slots__ = ("chosen", "numbers", "letter")

    def __init__(self, chosen: dict[int, str], numbers: dict[int, int], letter: str) -> None:
        self.chosen, self.numbers, self.letter = chosen, numbers, letter

    def name(self, node: Value) -> str:
        """What node is called."""
        return self.chosen.get(id(node)) or self.letter + str(self.numbers[id(node)]).translate(SUBSCRIPTS)

    def given(self, node: Value) -> bool:
        """Whether the user named node."""
        return id(node) in self.chosen


def name_nodes(nodes: Sequence[Value], names: Mapping[str, Any] | None = None) -> Names:
    """Names for nodes in topological order, the root last; `names` are the user's variables."""
    given = variable_names(variables(names))
    taken: dict[str, int] = {}
    chosen: dict[int, str] = {}
    numbers: dict[int, int] = {}
    for node in nodes:
        name = node.label.strip() or given.get(id(node), "")
        if name:
            chosen[id(node)] = unique(name, taken)
        else:
            numbers[id(node)] = len(numbers) + 1
    if id(nodes[-1]) in numbers and nodes[-1].op is not None and "f" not in taken:
        chosen[id(nodes[-1])] = "f"
    used = {name[0] for name in taken if name and not name[1:].strip("0123456789₀₁₂₃₄₅₆₇₈₉_")}
    return Names(chosen, numbers, next((letter for letter in "vtsqrpcdgk" if letter not in used), "value "))


def unique(name: str, taken: dict[str, int]) -> str:
    """The name, with a number if it looks like one that is taken; `taken` counts each."""
    shown = text_name(name)
    count = taken[shown] = taken.get(shown, 0) + 1
    while count > 1 and f"{shown}{raised(count)}" in taken:
        count += 1
    if count == 1:
        return name
    taken[shown] = count
    taken[f"{shown}{raised(count)}"] = 1
    return name[:LONGEST] + raised(count)
