"""What values are called: by their label, by the variable that holds them, or by a number.

names       a mapping of names to anything, such as locals(); in IPython the user's variables unless given
look        what a label looks like once it is typeset and cut: two of one look would be taken for one value
"""

from __future__ import annotations

from micrograd.engine import Value
from micrograd.notation.signs import ESCAPES, SUBSCRIPTS, marked, typeset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

MOST_ITEMS = 20_000  # how far the containers among the variables are searched
REPLACED = str.maketrans({sign: text.strip("{}") for sign, text in ESCAPES.items() if len(text) == 3})  # in LaTeX


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


def look(label: str) -> str:
    """What a label looks like in a picture or in a formula, wherever it is cut most."""
    from unicodedata import normalize

    shown = typeset(label)
    return shown if shown.isalnum() else " ".join(normalize("NFC", shown).translate(REPLACED).split())


def told_apart(labels: Iterable[str]) -> list[str]:
    """The labels in order, and a mark at each that looks like one before it, in whatever way they are written.

    >>> told_apart(["w1", "x", "w_1", "x", "x"])
    ['w1', 'x', 'w_1₍₂₎', 'x₍₂₎', 'x₍₃₎']
    """
    counts: dict[str, int] = {}
    found = []
    for label in labels:
        shown, name = look(label), label
        number = counts.get(shown, 0) + 1
        if number > 1:
            while (seen := look(name := marked(label, number))) in counts:
                number += 1
            counts[seen] = 1
        counts[shown] = number
        found.append(name)
    return found


class Names:
    """One name for each node of a graph, no two alike; `name_nodes` gives them.

    chosen      id(node) -> name, for nodes that the user named, and the root
    numbers     id(node) -> number, for the others, which are called by `letter` and it

    A node is called by its label, else by the variable that holds it, else v₁, v₂, … in topological order (another
    letter where the user has a v1); the root without a name is f. Names that look alike are told apart as x, x₍₂₎.

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
    called = [(node, node.label.strip() or given.get(id(node), "")) for node in nodes]
    named = [(id(node), name) for node, name in called if name]
    chosen = dict(zip([key for key, _ in named], told_apart([name for _, name in named])))
    nameless = [node for node, name in called if not name]
    if nameless and nameless[-1] is nodes[-1] and nodes[-1].op is not None and "f" not in chosen.values():
        chosen[id(nameless.pop())] = "f"
    return Names(chosen, {id(node): k for k, node in enumerate(nameless, 1)}, free_letter(chosen.values()))


def free_letter(names: Iterable[str]) -> str:
    """A letter for numbered names that look like none of the names: v, unless there is a v1 or v_2 among them."""
    used = {name[0] for name in names if name and not name[1:].strip("0123456789₀₁₂₃₄₅₆₇₈₉₍₎_")}
    return next((letter for letter in "vtsqrpcdgk" if letter not in used), "value ")
