"""Entries as the machine reads them: 24 bytes each, with the addresses of handlers and of tables.

head        the first of those that one entry of the machine stands for
"""

from __future__ import annotations

import numpy as np

from micrograd.compiler.entries.kinds import SUM
from micrograd.compiler.llvm.memory import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.entries import Entries
    from micrograd.compiler.llvm.machine.library import Library

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

ALL = 1 << 40  # entries in one piece
FEW_COSTLY = 2  # results of costly functions that are worth a vector with operands from anywhere
SCATTERED = 16  # of costly results: more runs than one in so many are slower than operands from anywhere
FORMS = ("one", "run", "each")
ONE, RUN, EACH = range(3)


class Code:
    """The entries of a program for a library of handlers.

    words       (entries, 3) words of 64 bits; firsts: the addresses at which playing begins, piece after piece
    head        by entry: the first of those that it stands for; form: how, see `handlers`; place: where it is in words
    tables      of whole numbers, whose addresses stand among the words
    calls_python    whether a row's function in Python is called
    """

    def __init__(self, entries: Entries, library: Library, head: Numbers, form: Numbers, piece: int) -> None:
        self.entries, self.library, self.head, self.form = entries, library, head, form
        self.place = np.arange(len(head)) + np.arange(len(head)) // piece  # a stop behind each piece
        self.words = np.zeros((len(head) + max(1, -(-len(head) // piece)), 3), np.uint64)
        self.firsts = [address_of(self.words[k:]) for k in range(0, len(self.words), piece + 1)]
        self.tables: list[np.ndarray] = []
        self.calls_python = False

    def play(self) -> int:
        """The address of what plays the first piece: a function of the address of the first entry and that of w."""
        return self.library.play_from(self.firsts[0])


def code_of(entries: Entries, library: Library, piece: int = ALL) -> Code:
    """The code of a program, in pieces of so many entries."""
    head, form, count = heads(entries) if library.lanes == 1 else one_by_one(entries)
    code = Code(entries, library, head, form, piece)
    used, which = np.unique(entries.kind[head] * len(FORMS) + form, return_inverse=True)
    wanted = [(entries.kinds[number // len(FORMS)], FORMS[number % len(FORMS)]) for number in used.tolist()]
    addresses = np.array(library.addresses(wanted), np.uint64)
    code.calls_python = library.calls_python(wanted)
    words, place, several = code.words, code.place, form != ONE
    words[:, 0] = library.stop
    words[place, 0] = addresses[which]
    halves = words.view(np.uint32)
    halves[place, 2] = entries.made[head]
    halves[place, 3:] = entries.operands[head]
    halves[place[several], 2] = count[several]
    halves[place[several], 3] = entries.made[head[several]]
    code.tables, told = tables(entries, head[several], form[several], count[several], library.width)
    words[place[several], 2] = told
    return code


def one_by_one(entries: Entries) -> tuple[Numbers, Numbers, Numbers]:
    """`heads` where every value is many numbers."""
    total = len(entries)
    return np.arange(total), np.full(total, ONE), np.ones(total, np.int64)


def heads(entries: Entries) -> tuple[Numbers, Numbers, Numbers]:
    """(the entries that the machine has, the form of each, how many results or terms it stands for)."""
    _, form, count = one_by_one(entries)
    costly = np.array([one.costly for one in entries.kinds] or [False])[entries.kind]
    begin, end = runs_that_pay(entries, costly)
    form[begin], count[begin] = RUN, end - begin
    inside = np.zeros(len(entries) + 1, np.int64)
    inside[begin] = 1
    inside[end] -= 1  # where one run ends another may begin
    in_run = np.cumsum(inside)[:-1] > 0
    others = costly & ~in_run
    follows = np.zeros(len(entries), bool)  # it goes on with results of the costly entry before
    follows[1:] = others[1:] & others[:-1] & (entries.group[1:] == entries.group[:-1])
    follows[1:] &= entries.made[1:] == entries.made[:-1] + 1
    first = np.flatnonzero(~follows)
    lengths = np.diff(np.append(first, len(entries)))
    long = others[first] & (lengths >= FEW_COSTLY)
    form[first[long]], count[first[long]] = EACH, lengths[long]
    gone = in_run | follows
    gone[begin] = False
    sums = entries.sums
    count[sums] = entries.operands[sums, 1] - entries.operands[sums, 0]
    form[sums] = [RUN if beside(entries.terms[a:b]) else EACH for a, b in entries.operands[sums, :2].tolist()]
    head = np.flatnonzero(~gone)
    return head, form[head], count[head]


def runs_that_pay(entries: Entries, costly: Any) -> tuple[Numbers, Numbers]:
    """(first entries, ends) of the runs, but for those of groups of costly functions that fall into many."""
    begin, end = entries.runs()
    group = entries.group[begin]
    runs, sizes = np.bincount(group), np.bincount(entries.group)
    kept = ~costly[begin] | (runs[group] <= 1 + sizes[group] // SCATTERED)
    return begin[kept], end[kept]


def beside(places: Numbers) -> bool:
    """Whether places stand side by side."""
    return bool((places[1:] - places[:-1] == 1).all())


def tables(
    entries: Entries, head: Numbers, form: Numbers, count: Numbers, width: int
) -> tuple[list[np.ndarray], Numbers]:
    """The tables of entries of several results, and the word of each: where its table stands, or its first place."""
    operands = entries.operands
    step = operands[np.minimum(head + 1, len(operands) - 1)] - operands[head]
    regular = np.ascontiguousarray(np.stack([operands[head], step], axis=2).astype(np.int32))
    words = address_of(regular) + regular.itemsize * regular[:1].size * np.arange(len(head))
    found = [regular]
    for k in np.flatnonzero((form == EACH) | entries.sums[head]).tolist():
        at, n = int(head[k]), int(count[k])
        kind = entries.kinds[entries.kind[at]]
        columns = [entries.terms[slice(*operands[at, :2])]] if kind.row == SUM else operands[at : at + n].T
        if form[k] == RUN:
            words[k] = columns[0][0]
            continue
        table = np.concatenate([np.pad(c, (0, -n % width), "edge") for c in columns[: kind.operands or 1]])
        found.append(np.ascontiguousarray(table.astype(np.int32)))
        words[k] = address_of(found[-1])
    return found, words
