"""What a piece of code reads by name, told from its instructions.

code        a code object; those inside it (lambdas, comprehensions, inner functions and classes) count with it
read        loaded; a name that is only stored or deleted is not read
"""

from __future__ import annotations

import dis
from types import CodeType
from weakref import WeakKeyDictionary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Who names one of these may read any attribute.
REFLECTION = frozenset(["getattr", "__dict__", "__getattribute__", "__getstate__", "__reduce__", "__reduce_ex__",
                        "asdict", "astuple", "attrgetter", "getmembers", "methodcaller"])  # fmt: skip
GLOBAL_REFLECTION = frozenset(["dir", "vars"])
IMPORTS = frozenset(["import_module", "__import__"])
EVALUATION = frozenset(["eval", "exec", "globals", "locals"])  # … and any global


class NamesRead:
    """What code reads: `globals`, `attributes`, `imports` (modules); all attributes, all globals by `reflects` and
    `evaluates`. `stores` are the attributes that it sets, and "[]" if it sets items."""

    __slots__ = ("globals", "attributes", "imports", "reflects", "evaluates", "stores")

    def __init__(self) -> None:
        self.globals: set[str] = set()
        self.attributes: set[str] = set()
        self.imports: set[str] = set()
        self.stores: set[str] = set()
        self.reflects = self.evaluates = False

    def add(self, code: CodeType) -> None:
        """The names in the instructions of a piece of code."""
        for instruction in dis.get_instructions(code):
            name = instruction.opname
            if name == "STORE_ATTR":
                self.stores.add(instruction.argval)
            elif name in ("STORE_SUBSCR", "STORE_SLICE"):
                self.stores.add("[]")
            elif name == "MATCH_CLASS":  # __match_args__ name attributes
                self.reflects = True
            elif instruction.opcode in dis.hasname and not name.startswith(("STORE_", "DELETE_")):
                if name == "IMPORT_NAME":
                    self.imports.add(instruction.argval)
                elif "GLOBAL" in name or name.endswith("_NAME"):
                    self.globals.add(instruction.argval)
                else:
                    self.attributes.add(instruction.argval)


FOUND: WeakKeyDictionary[CodeType, NamesRead] = WeakKeyDictionary()


def names_read(code: CodeType) -> NamesRead:
    """What the code reads by name.

    >>> names = names_read((lambda model: model.scale * factor).__code__)
    >>> names.globals, names.attributes
    ({'factor'}, {'scale'})
    """
    found = FOUND.get(code)
    if found is None:
        found = FOUND[code] = names_inside(code)
    return found


def names_inside(code: CodeType) -> NamesRead:
    """The names in the instructions of code and of the code inside it; texts in it may be names of attributes too."""
    found, texts = NamesRead(), set()
    waiting: list[Any] = [code]
    while waiting:
        part = waiting.pop()
        if type(part) is CodeType:
            found.add(part)
            waiting += part.co_consts
        elif type(part) is str and part.replace(".", "_").isidentifier():
            texts.add(part)
        elif type(part) in (tuple, frozenset):
            waiting += part
    if not (found.globals | found.attributes).isdisjoint(IMPORTS):
        found.imports |= texts
    found.attributes.update(filter(str.isidentifier, texts))  # hasattr(x, "name"), keyword patterns
    found.evaluates = not found.globals.isdisjoint(EVALUATION)
    reflection = (found.globals | found.attributes) & REFLECTION | found.globals & GLOBAL_REFLECTION
    found.reflects |= found.evaluates or bool(reflection)
    return found


def modules_named(imports: set[str], package: Any) -> list[str]:
    """The full names of the modules that import statements in a package may mean, relative ones too."""
    parts = package.split(".") if type(package) is str and package else []
    above = [".".join(parts[: i + 1]) for i in range(len(parts))]
    names = dict.fromkeys(name for name in sorted(imports) if name)
    for name in sorted(imports):
        names.update(dict.fromkeys(f"{outer}.{name}".rstrip(".") for outer in above))
        names[name.partition(".")[0]] = None
    return [name for name in names if name]
