"""`split`: functions too long for an optimising compiler, as several short ones that are called one after the other.

part        a private function of some hundred statements in a row of a body; a loop is never divided
shared      the array of doubles through which a part gets what an earlier one has computed; all else stays local
end         what follows the parts, in the function itself: from the first statement on that may return

Compilers give up or grow slow with the length of a function: V8 optimises none beyond 60 kB of its byte code, and does
so long after it could; gcc -O2 takes twice the time, or more. What is written stays the same, to the bit.
"""

from __future__ import annotations

from micrograd.exporting.identifiers import Identifiers
from micrograd.exporting.printing import mentioned
from micrograd.exporting.statements import (
    Add,
    Argument,
    Array,
    Call,
    Comment,
    Function,
    Item,
    Let,
    Module,
    Name,
    Return,
    Store,
    at,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.exporting.statements import Statement

LONGEST = 1000  # statements of a function, those in loops included, that is left as it is
PART = 150  # of a part, more or less, beside those that carry numbers between parts


def split(module: Module) -> Module:
    """The module with no function of more than LONGEST statements, but for those of one long loop.

    >>> lets = [Let(f"v{i}", Name("x")) for i in range(LONGEST)]
    >>> long = Function("f", "", [Argument("x", "number")], [*lets, Return(Name("v0"))])
    >>> *parts, f = split(Module("f", [], [], [long])).functions
    >>> [part.name for part in parts], len(f.body)
    (['f_part_1', 'f_part_2', 'f_part_3', 'f_part_4', 'f_part_5', 'f_part_6', 'f_part_7'], 10)
    """
    functions: list[Function] = []
    for one in module.functions:
        functions += parted(one, module.functions) if count(one.body) > LONGEST else [one]
    return module._replace(functions=functions)


def parted(function: Function, module: Sequence[Function]) -> list[Function]:
    """The parts of a function, then the function, which calls them; it alone, where it is one long loop."""
    pieces = cut(function.body)
    if len(pieces) < 3:
        return [function]
    used = [names_of(piece) for piece in pieces]
    made = [one for one in function.body if isinstance(one, (Let, Array)) and sum([one.name in x for x in used]) > 1]
    slots = {one.name: i for i, one in enumerate([one for one in made if isinstance(one, Let)])}
    arrays = {one.name: one for one in made if isinstance(one, Array)}
    taken = [one.name for one in function.arguments]
    shared = Identifiers(function.name, *taken, *set().union(*used)).take("shared")
    common = [*[Array(shared, len(slots))] * bool(slots), *arrays.values()]
    given = [*function.arguments, *[Argument(one.name, "out", one.size) for one in common]]
    *bodies, end = [carried([x for x in piece if x[0] not in arrays or not isinstance(x, Array)], shared, slots)
                    for piece in pieces]  # fmt: skip
    calls: list[Statement] = []
    parts: list[Function] = []
    for body in bodies:
        reads, writes = names_of(body), changed(body, module)
        arguments = [handed(one, one.name in writes) for one in given if one.name in reads]
        if arguments:  # else nobody sees what it does
            name = f"{function.name}_part_{len(parts) + 1}"
            parts.append(Function(name, "", arguments, body, private=True, returns=False))
            calls.append(Call(name, tuple([one.name for one in arguments])))
    return [*parts, function._replace(body=[*common, *calls, *end])]


def cut(body: Sequence[Statement]) -> list[list[Statement]]:
    """The pieces of a body, of about the same length, and its end; a comment stays with what follows it."""
    returning = [i for i, one in enumerate(body) if any(isinstance(x, Return) for x in flat([one]))]
    ahead = min([*returning, len(body)])
    total = count(body[:ahead])
    pieces: list[list[Statement]] = [[]]
    length, done = total / max(-(-total // PART), 1), 0
    for one in body[:ahead]:
        if done >= length:
            comment = [pieces[-1].pop()] if isinstance(pieces[-1][-1], Comment) else []
            pieces.append(comment)
            done = 0
        pieces[-1].append(one)
        done += count([one])
    return [*pieces, list(body[ahead:])]


def carried(piece: Sequence[Statement], shared: str, slots: dict[str, int]) -> list[Statement]:
    """A piece that reads what others computed from the shared array, ahead of its use, and puts theirs there."""
    known: set[str] = set()
    changes = names_changed(piece)
    body: list[Statement] = []
    for one in piece:
        made = {one.name} if isinstance(one, Let) else set()
        for name in sorted((names_of([one]) & slots.keys()) - known - made, key=slots.__getitem__):
            body.append(Let(name, Item(shared, at(slots[name])), changes=name in changes))
        known |= names_of([one])
        body.append(one)
        made |= names_changed([one])
        body += [Store(Item(shared, at(slots[name])), Name(name)) for name in sorted(made & slots.keys())]
    return body


def handed(argument: Argument, changes: bool) -> Argument:
    """An argument as a part has it: what it changes may be read, too."""
    kind = "in" if argument.kind == "out" else argument.kind
    return argument._replace(kind="inout" if changes else kind)


def changed(body: Sequence[Statement], module: Sequence[Function]) -> set[str]:
    """The arrays that statements write to, or give to functions that do."""
    written = {one.name: [x.kind in ("out", "inout") for x in one.arguments] for one in module}
    found = {one.target.array for one in flat(body) if isinstance(one, (Store, Add)) and isinstance(one.target, Item)}
    for one in flat(body):
        call = getattr(one, "expression", None)
        if isinstance(call, Call):
            found |= {name for name, writes in zip(call.arguments, written[call.function]) if writes}
    return found


def names_changed(body: Sequence[Statement]) -> set[str]:
    """The doubles that statements store or add to."""
    return {one.target.text for one in flat(body) if isinstance(one, (Store, Add)) and isinstance(one.target, Name)}


def names_of(body: Sequence[Statement]) -> set[str]:
    """All names that statements mention."""
    return mentioned(Function("", "", [], body))


def flat(body: Sequence[Statement]) -> list[Any]:
    """Statements and those within."""
    return [x for one in body for x in [one, *flat(getattr(one, "body", ()))]]


def count(body: Sequence[Statement]) -> int:
    """How many statements there are, those in loops included."""
    return len(flat(body))
