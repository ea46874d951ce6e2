"""Those whose attributes, entries or globals count only where some code names them.

kind        what is known of a class of objects
version     how many names were known when something was read; with more names it is read again
"""

from __future__ import annotations

from micrograd.compiler.state.classes import FLAGS, IMMUTABLE, dictionary_of, slots_of
from micrograd.compiler.state.visits import hidden, visit_owner, visits_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Read = tuple[Callable[[Any], Any], Any, Any]  # how, source, what it gave


class Kind:
    """A class of objects: the visits that each gets, how attributes are read, which count, and the objects met.

    names       attributes that methods of libraries read; they may read any if it `reflects`
    narrow      whether only those count which the user's code names, even where it may read any
    wanted      the names that count, None for all, found with the names of `version`
    found       what reading the first `done` objects gave, with the names of `read_version`
    """

    def __init__(self, cls: type, *, narrow: bool = False) -> None:
        self.cls, self.visits, self.narrow = cls, visits_for(cls), narrow or hidden(cls)
        self.dictionary, self.slots = dictionary_of(cls), slots_of(cls)
        if self.dictionary is None and not self.slots and FLAGS(cls) & IMMUTABLE and visit_owner in self.visits:
            self.visits.remove(visit_owner)
        self.names: set[str] = set()
        self.reflects = False
        self.wanted: set[str] | None = None
        self.version: Any = None
        self.objects: list[Any] = []
        self.found: list[Any] = []
        self.done = 0
        self.read_version: Any = None


class ClassRead:
    """A class whose entries are read again when more names are known, and the last `read` of them."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.version = kind, None
        self.read: Read | None = None


class Scope:
    """The globals of a module with the names of them that code reads; all of them if it may evaluate anything."""

    def __init__(self, f: Any) -> None:
        self.globals, self.builtins = f.__globals__, f.__builtins__
        self.names: dict[str, None] = {}
        self.imports: set[str] = set()
        self.evaluates = False
        self.version: Any = None
        self.reads: list[Read] = []
