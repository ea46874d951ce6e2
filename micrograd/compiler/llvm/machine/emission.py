"""Entries as code of their own, for programs that have earned it: arithmetic in registers, all else by the handlers.

So it computes what is played, to the bit: each operation is rounded by itself, and functions are the same code.
It comes in functions of some hundred entries, since LLVM takes longer for each instruction of a long one.

part        some entries, one function
list        entries that are played, one after the other, with a stop behind
"""

from __future__ import annotations

import ctypes

import numpy as np

from micrograd.compiler.elementary.table import FORMULAS
from micrograd.compiler.llvm.instructions import Function
from micrograd.compiler.llvm.machine.handlers import ARGUMENTS, ENTRY, row
from micrograd.compiler.llvm.memory import address_of
from micrograd.compiler.llvm.native.machine_code import machine_code_of
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import VOCABULARY, declared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.entries.kinds import Kind
    from micrograd.compiler.llvm.machine.code import Code
    from micrograd.compiler.llvm.native.machine_code import MachineCode

PART = 300  # entries
TOGETHER = 20  # parts that LLVM makes at a time: some tenths of a second, after which Ctrl-C is heard
FEWEST, MOST, MOST_MIXED = 20, 100_000, 20_000  # entries that are worth it; those of which more than a tenth are played
NEVER, ALWAYS = -1, 1 << 62  # parts


class Emitted:
    """Entries as machine code in this process: `address` takes the arguments of a handler, and reads the second."""

    def __init__(self, code: Code, machine: MachineCode, words: np.ndarray) -> None:
        self._keeps = code, machine, words
        self.address = machine.address("emitted")


def emitted(code: Code, cache: bool) -> Emitted:
    """The machine code of entries."""
    text = Text(code)
    machine = machine_code_of(text.sources(), code.library.processor, cache=cache, quick=True)
    return Emitted(code, machine, text.write_lists(machine.address_of_data("lists")))


def pays(code: Code) -> bool:
    """Whether emitted entries are quicker: mostly arithmetic, and not more than stay in the caches."""
    total, quick = len(code.head), int(inline(code).sum())
    return FEWEST <= total <= (MOST if 10 * quick > 9 * total else MOST_MIXED) and 2 * quick > total


class Text:
    """The text of entries as functions, and what these read.

    lists       for each list of entries that are played, which of the entries of the code: complete with the text. The
                global variable of that name has two addresses for each, of what plays it and of its first entry
    """

    def __init__(self, code: Code) -> None:
        self.code, self.lists = code, list[list[int]]()
        self._inline = inline(code)
        self._stored = stored(code, self._inline)

    def sources(self) -> list[str]:
        """Texts: `emitted`, of ARGUMENTS, runs the parts, which stand in the others."""
        total = len(self.code.head)
        parts = [range(k, min(k + PART, total)) for k in range(0, total, PART)]
        texts = [self._part(f"part{number}", part) for number, part in enumerate(parts)]
        f = Function("emitted", ARGUMENTS, "")
        for number in range(len(parts)):  # an address in a register, since quick selection knows no others
            f.line(f"call void @part{number}(ptr %w, ptr @lists)")
        known = [f"declare void @part{number}(ptr, ptr)" for number in range(len(parts))]
        lists = f"@lists = global [{2 * len(self.lists)} x ptr] zeroinitializer"
        together = ["\n".join(texts[k : k + TOGETHER]) for k in range(0, len(texts), TOGETHER)]
        return ["\n".join([*known, lists, f.text()]), *[f"{declared({1})}\n{text}" for text in together]]

    def _part(self, name: str, part: range) -> str:
        """One function."""
        f, entries, known = Function(name, "ptr %w, ptr %lists", ""), self.code.entries, {}
        c, played = VectorArithmetic(f, 1), False
        for number, k in zip(part, self.code.head[part.start : part.stop].tolist()):
            if not self._inline[number]:
                if not played:
                    self._play(f)
                self.lists[-1].append(number)
            else:
                kind, made = entries.kinds[entries.kind[k]], int(entries.made[k])
                operands = entries.operands[k, : kind.operands].tolist()
                for place in operands:
                    if place not in known:
                        known[place] = f.load(f.at("%w", place), 1)
                known[made] = kind.of(lambda name, x: row(c, name, x), [known[place] for place in operands])
                if self._stored[number]:
                    f.store(known[made], f.at("%w", made), 1)
            played = not self._inline[number]
        return f.text()

    def _play(self, f: Function) -> None:
        """Call what plays another list."""
        at = 2 * len(self.lists)
        self.lists.append([])
        play, first = [f.value(f"load ptr, ptr {f.at('%lists', at + k, 'ptr')}, align 8") for k in range(2)]
        f.line(f"call void {play}(ptr {first}, ptr %w)")

    def write_lists(self, address: int) -> np.ndarray:
        """Fill the global variable at an address; the entries, which must live as long as the code."""
        code = self.code
        chosen = [number for one in self.lists for number in (*one, -1)]
        words = np.zeros((len(chosen), 3), np.uint64)
        words[:] = code.words[code.place[chosen]]
        words[np.array(chosen) < 0] = code.library.stop, 0, 0
        at = address_of(words)
        table = (ctypes.c_uint64 * (2 * len(self.lists))).from_address(address)
        for number, one in enumerate(self.lists):
            table[2 * number : 2 * number + 2] = [code.library.play_from(at), at]
            at += ENTRY * (len(one) + 1)
        return words


def inline(code: Code) -> Any:
    """By entry of the code: whether it is emitted in registers."""
    alone = np.array([is_inline(kind) for kind in code.entries.kinds] or [False])
    return (code.form == 0) & alone[code.entries.kind[code.head]]


def is_inline(kind: Kind) -> bool:
    """Whether it is arithmetic or a choice: exact operations, of which a handler makes nothing else."""
    rows = [row for row in (kind.row, kind.inside) if row]
    return not kind.costly and all(row in VOCABULARY and row not in FORMULAS for row in rows)


def stored(code: Code, inline: Any) -> Any:
    """By entry of the code: whether what it makes is read from memory, by another part, by a handler or as a result."""
    entries, total = code.entries, len(code.entries)
    part = np.repeat(np.arange(len(code.head)) // PART, np.diff(np.append(code.head, total)))  # by row of the entries
    within = np.repeat(inline, np.diff(np.append(code.head, total)))
    last = np.full(entries.size, NEVER)
    for column in entries.operands.T:
        np.maximum.at(last, np.where(within, column, 0), np.where(within, part, NEVER))
        last[column[~within & ~entries.sums]] = ALWAYS
    last[entries.terms] = ALWAYS
    last[entries.outputs] = ALWAYS
    return last[entries.made[code.head]] > part[code.head]
