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

    def __init__(self, entries: Entries, library: Library, piece: int = ALL) -> None:
        self.entries, self.library = entries, library
        head, form, count = heads(entries) if library.lanes == 1 else one_by_one(entries)
        place = np.arange(len(head)) + np.arange(len(head)) // piece  # a stop behind each piece
        self.head, self.form, self.place = head, form, place
        self.words = words = np.zeros((len(head) + max(1, -(-len(head) // piece)), 3), np.uint64)
        self.firsts = [address_of(words[k:]) for k in range(0, len(words), piece + 1)]
        used, which = np.unique(entries.kind[head] * len(FORMS) + form, return_inverse=True)
        wanted = [(entries.kinds[number // len(FORMS)], FORMS[number % len(FORMS)]) for number in used.tolist()]
        addresses = np.array(library.addresses(wanted), np.uint64)
        self.calls_python = library.calls_python(wanted)
        words[:, 0] = library.stop
        words[place, 0] = addresses[which]
        halves = words.view(np.uint32)
        halves[place, 2] = entries.made[head]
        halves[place, 3:] = entries.operands[head]
        several = form != ONE
        halves[place[several], 2] = count[several]
        halves[place[several], 3] = entries.made[head[several]]
        self.tables, told = tables(entries, head[several], form[several], count[several], library.width)
        words[place[several], 2] = told

    def play(self) -> int:
        """The address of what plays the first piece: a function of the address of the first entry and that of w."""
        return self.library.play_from(self.firsts[0])


def one_by_one(entries: Entries) -> tuple[Numbers, Numbers, Numbers]:
    """`heads` where every value is many numbers."""
    total = len(entries)
    return np.arange(total), np.full(total, ONE), np.ones(total, np.int64)


def heads(entries: Entries) -> tuple[Numbers, Numbers, Numbers]:
    """(the entries that the machine has, the form of each, how many results or terms it stands for)."""
    total, kind = len(entries), entries.kind
    costly = np.array([one.costly for one in entries.kinds] or [False])[kind]
    sums = are_sums(entries)
    begin, end = entries.runs()
    alike = group_sizes(entries)
    if len(begin):
        runs = np.bincount(entries.group[begin], minlength=int(entries.group[-1]) + 1)[entries.group[begin]]
        kept = ~costly[begin] | (runs <= 1 + alike[begin] // SCATTERED)
        begin, end = begin[kept], end[kept]
    form, count = np.full(total, ONE), np.ones(total, np.int64)
    inside = np.zeros(total + 1, np.int64)
    np.add.at(inside, begin, 1)
    np.add.at(inside, end, -1)
    in_run = np.cumsum(inside)[:total] > 0
    form[begin], count[begin] = RUN, end - begin
    others = costly & ~in_run
    follows = np.zeros(total, bool)  # it goes on with results of the costly entry before
    follows[1:] = others[1:] & others[:-1] & (entries.group[1:] == entries.group[:-1])
    follows[1:] &= entries.made[1:] == entries.made[:-1] + 1
    first = np.flatnonzero(others & ~follows)
    lengths = np.diff(np.append(np.flatnonzero(~follows), total))[np.searchsorted(np.flatnonzero(~follows), first)]
    long = lengths >= FEW_COSTLY
    form[first[long]], count[first[long]] = EACH, lengths[long]
    gone = in_run | follows
    gone[begin] = False
    terms = entries.operands[sums, 1] - entries.operands[sums, 0]
    count[sums] = terms
    form[sums] = [RUN if beside(entries.terms[a:b]) else EACH for a, b in entries.operands[sums, :2].tolist()]
    head = np.flatnonzero(~gone)
    return head, form[head], count[head]


def are_sums(entries: Entries) -> Any:
    """By entry: whether it is a sum."""
    return np.array([one.row == SUM for one in entries.kinds] or [False])[entries.kind]


def group_sizes(entries: Entries) -> Numbers:
    """By entry: how many are in its group."""
    return np.bincount(entries.group)[entries.group] if len(entries) else entries.group


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
    for k in np.flatnonzero((form == EACH) | are_sums(entries)[head]).tolist():
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
