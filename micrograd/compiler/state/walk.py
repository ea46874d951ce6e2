"""The walk from a user's code to all the state that it can reach.

    read        (how, source, what it gave), see `reads`
    visit       what is done with an object that is met, see `visits`
    owner       an object with attributes: only those count which some code names, see `owners`
    kind        what is known of a class of objects: what is done with them, and which names count for them
    house       this package's layers (`nn`), whose code names attributes of the user's objects too

Code that is met names attributes, which lead to more code: owners are read again until no name is new.
"""

from __future__ import annotations

from types import ModuleType

from micrograd.compiler.state import reads
from micrograd.compiler.state.classes import MODULE, derives
from micrograd.compiler.state.libraries import library_of, of_library
from micrograd.compiler.state.names import modules_named, names_read
from micrograd.compiler.state.owners import ClassRead, Kind, Scope
from micrograd.compiler.state.same import BY_CONTENT
from micrograd.engine import Leaf, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from micrograd.compiler.state.owners import Read

ALWAYS_NAMED = frozenset(["__getattr__", "__wrapped__"])  # of modules, of decorated functions
NOT_OF_LEAVES = ALWAYS_NAMED | dict.fromkeys(dir(Leaf)).keys() - {"label"} | {"append", "extend", "format", "join"}
MOST = 500_000  # objects beside numbers and texts; looking at so many takes some seconds


class Vast(Exception):
    """The code can reach more objects than are looked at, as code that calls eval in a large module."""


class Walk:
    """From codes to all that they reach. Nothing recurses: what was met waits in a list.

    seen                    ids of the objects that were met
    names, reflects         attributes that the user's code reads; whether it may read any
    house                   attributes that this package's layers read
    values, leaves          Values met that are no parameters; leaves that may have attributes of the user's own
    classes, scopes, kinds  owners: classes, globals of modules, and what is known of the classes of objects
    fresh                   kinds of which new objects were met
    lists, items            the plain lists met, and what they hold
    functions, parts        the functions met, and their code, defaults and closures
    """

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.parameters = list(parameters)
        self.seen = set(map(id, self.parameters))
        self.names = set(ALWAYS_NAMED)
        self.house: set[str] = set()
        self.reflects = False
        self.values: list[Value] = []
        self.leaves: list[Any] = [x for x in self.parameters if type(x) is Leaf]
        self.leaves_read = 0
        self.classes: list[ClassRead] = []
        self.fresh: dict[Kind, None] = {}
        self.scopes: dict[int, Scope] = {}
        self.kinds: dict[type, Kind] = {}
        self.library_module = Kind(ModuleType, narrow=True)
        self.lists: list[Any] = []
        self.items: list[Any] = []
        self.functions: list[Any] = []
        self.parts: list[Any] = []
        self.reads: list[Read] = []
        self.waiting: list[Any] = []

    def all_reads(self, codes: tuple[Any, ...]) -> list[Read]:
        """The reads that lead from the codes to all that they reach, with all names known."""
        for x in self.parameters:
            if type(x) is not Leaf:
                self.add_owner(x)
        self.watch(tuple, codes)
        while True:
            self.drain()
            if self.fresh:
                self.read_objects(self.fresh.popitem()[0])
            elif not (self.read_scopes() or self.read_again() or self.read_leaves()):
                break
        if self.reflects or "label" in self.names:
            self.watch(reads.labels, [*self.parameters, *self.values])
        self.watch(reads.numbers, self.values)
        self.reads.append((reads.functions, self.functions, self.parts))
        self.reads.append((reads.lists, self.lists, self.items))
        return [*self.reads, *[read for scope in self.scopes.values() for read in scope.reads], *self.reads_of_owners()]

    def watch(self, read: Callable[[Any], Any], source: Any) -> None:
        """Read, remember what it gave, and go there."""
        now = read(source)
        self.reads.append((read, source, now))
        self.waiting.append(now)

    def drain(self) -> None:
        """Visit all that waits, each object once."""
        waiting, seen = self.waiting, self.seen
        while waiting:
            if len(seen) > MOST:
                raise Vast
            for x in waiting.pop():
                try:
                    if type(x) in BY_CONTENT or id(x) in seen:
                        continue
                    seen.add(id(x))
                    visits = self.kind(type(x)).visits
                except Exception:  # a metaclass that defends its classes
                    continue
                for visit in visits:
                    try:
                        visit(self, x)
                    except Exception:  # an object that defends itself
                        continue

    def kind(self, cls: type) -> Kind:
        """What is known of a class of objects."""
        found = self.kinds.get(cls)
        if found is None:
            found = self.kinds[cls] = Kind(cls)
        return found

    # Owners

    def add_owner(self, x: Any) -> None:
        """Read the attributes of an object later, and those of its class."""
        kind = self.kind(type(x))
        if derives(type(x), ModuleType) and library_of(reads.module_name(x)):
            kind = self.library_module
        kind.objects.append(x)
        self.fresh[kind] = None

    def add_class(self, cls: Any) -> None:
        """Read the entries of a class later, and those of its metaclass."""
        if cls is not Value and cls is not Leaf:
            self.classes.append(ClassRead(self.kind(cls)))
            self.read_class(self.classes[-1])
        if type(cls) is not type:
            self.waiting.append((type(cls),))

    def wanted(self, kind: Kind) -> set[str] | None:
        """The names of attributes that count for a kind; None for all."""
        version = (len(self.names), len(self.house), len(kind.names), self.reflects, kind.reflects)
        if kind.version != version:
            kind.version = version
            if kind.narrow:
                kind.wanted = set(self.names)
            elif self.reflects or kind.reflects:
                kind.wanted = None
            else:
                kind.wanted = self.names | self.house | kind.names
        return kind.wanted

    def read_objects(self, kind: Kind) -> bool:
        """Read the attributes of the objects of a kind that are new, all if names are; whether there were any."""
        wanted = self.wanted(kind)
        if kind.read_version != kind.version:
            kind.read_version, kind.done, kind.found = kind.version, 0, []
        new = kind.objects[kind.done :]
        if not new:
            return False
        now = reads.attributes((new, kind.dictionary, kind.slots, wanted))
        kind.done = len(kind.objects)
        kind.found += now
        self.waiting.append(now)
        return True

    def read_class(self, entry: ClassRead) -> bool:
        """Read the entries of a class if names are new; whether they were."""
        kind = entry.kind
        wanted = self.wanted(kind)
        if entry.version == kind.version:
            return False
        entry.version = kind.version
        if wanted is None and library_of(MODULE(kind.cls)):  # all of a library is too much
            wanted = self.names | self.house | kind.names
        source: Any = (kind.cls, wanted, [])
        now = reads.class_attributes(source)
        entry.read = (reads.class_attributes, source, now)
        self.waiting.append(now)
        self.add_names_of_library(kind, now)
        return True

    def read_again(self) -> bool:
        """Read the attributes for which more names are known by now; whether there were any."""
        objects = [self.read_objects(kind) for kind in [*self.kinds.values(), self.library_module]]
        return any([*objects, *[self.read_class(entry) for entry in self.classes]])

    def add_names_of_library(self, kind: Kind, entries: Sequence[Any]) -> None:
        """The methods of libraries read attributes too; those of our layers also such of a user's neuron."""
        for entry in entries:
            f = reads.function_behind(entry)
            if f is not None and of_library(f.__code__.co_filename):
                names = names_read(f.__code__)
                house = f.__module__ == "micrograd.nn"
                (self.house if house else kind.names).update(names.attributes)
                kind.reflects |= names.reflects and not house

    def reads_of_owners(self) -> Iterator[Read]:
        """The reads of classes, and of the attributes of objects."""
        for entry in self.classes:
            if entry.read is not None:
                yield entry.read
        for kind in filter(lambda kind: kind.objects, [*self.kinds.values(), self.library_module]):
            yield reads.attributes, (kind.objects, kind.dictionary, kind.slots, kind.wanted), kind.found

    def read_leaves(self) -> bool:
        """Attributes of the user's own on leaves; whether there were leaves not looked at."""
        new = self.leaves[self.leaves_read :]
        if not new or not self.reflects and self.names <= NOT_OF_LEAVES:
            return False
        self.leaves_read = len(self.leaves)
        self.watch(reads.decorated, new)
        kind = self.kind(Leaf)
        kind.objects += self.reads[-1][2]
        self.fresh[kind] = None
        return True

    def scope(self, f: Any) -> Scope:
        """The globals that a function names."""
        found = self.scopes.get(id(f.__globals__))
        if found is None:
            found = self.scopes[id(f.__globals__)] = Scope(f)
        return found

    def read_scopes(self) -> bool:
        """Read the globals of which more names are known by now; whether there were any."""
        stale = False
        for scope in self.scopes.values():
            version = (len(scope.names), len(scope.imports), scope.evaluates)
            if scope.version != version:
                scope.version, stale = version, True
                names, package = tuple(scope.names), dict.get(scope.globals, "__package__")
                sources: list[Any] = [
                    (reads.globals_named, (scope.globals, scope.builtins, names)),
                    (reads.modules, modules_named(scope.imports, package)),
                ]
                if scope.evaluates:
                    sources.append((reads.entries, scope.globals))
                scope.reads = [(read, source, read(source)) for read, source in sources]
                self.waiting += [now for read, source, now in scope.reads]
        return stale
