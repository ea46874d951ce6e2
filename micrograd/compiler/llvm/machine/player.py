"""Entries as the machine reads them, and workspaces to play them over."""

from __future__ import annotations

from functools import partial

import numpy as np

from micrograd.compiler.llvm.machine.code import code_of
from micrograd.compiler.llvm.machine.emission import FEWEST, emitted, pays
from micrograd.compiler.llvm.machine.library import TAIL_CALLS, library
from micrograd.compiler.llvm.memory import address_of, aligned
from micrograd.compiler.llvm.native.machine_code import host
from micrograd.system.forking import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.entries import Entries
    from micrograd.compiler.llvm.machine.emission import Emitted
    from micrograd.compiler.llvm.native.machine_code import Processor

PIECE = 1_000_000  # entries: some milliseconds, after which Ctrl-C is heard
EARNED = 10_000  # plays, which take about as long as it takes to emit


class LlvmPlayer:
    """Entries, ready to be played over as many vectors as one likes, in threads at the same time.

    >>> from micrograd.compiler.entries import entries_of
    >>> from micrograd.compiler.scalar.graph import Graph
    >>> graph = Graph()
    >>> x = graph.leaf("input", 0)
    >>> w, run = LlvmPlayer(entries_of(graph, [x], [graph.apply("mul", (x, x))])).workspace()
    >>> w[0] = 3.0
    >>> run()
    >>> print(w)
    [3. 9.]
    """

    backend = "llvm"

    def __init__(
        self, entries: Entries, *, cache: bool = True, processor: Processor | None = None, tail: bool = TAIL_CALLS
    ) -> None:
        if entries.size >= 2**31:
            raise ValueError(f"expected at most 2³¹ numbers, got {entries.size:,}")
        self.entries, self.cache = entries, cache
        self.library = library(processor or host(), 1, tail, cache)
        self.code = code_of(entries, self.library, PIECE)
        self._emitted: Emitted | None = None
        self._lock = guarded(self)

    def forked(self) -> None:
        """In a forked process: what another thread was emitting is emitted again."""

    def workspace(self) -> tuple[np.ndarray, Callable[[], None]]:
        """A fresh vector, and what plays over it; after EARNED plays it has code of its own, if that pays."""
        entries, width, code = self.entries, self.library.width, self.code
        w = aligned(entries.size + width)  # vectors are read beyond the last number
        for place, number in entries.constants:
            w[place] = number
        earned = (self.plays(), self.emitted) if pays(code) else (0, None)
        pieces = [self.library.call(first, address_of(w), *earned) for first in code.firsts]
        run: Any = pieces[0] if len(pieces) == 1 else partial(one_by_one, pieces)
        run.keeps = w, self  # which the machine reads and writes
        return w[: entries.size], run

    def plays(self) -> int:
        """After how many plays it is time for code of its own, if that pays."""
        return EARNED if self._emitted is None else 1

    def emitted(self) -> int:
        """The address of code that does what is played, made at the first call."""
        with self._lock:
            if self._emitted is None:
                self._emitted = emitted(self.code, self.cache)
            return self._emitted.address

    def quickest(self) -> tuple[int, int]:
        """(address of a function, what it is given first and reads, or not): it plays over the vector given then.

        It is for many plays, so it has code of its own where that pays. ValueError for more than one piece.
        """
        if len(self.code.firsts) > 1:
            raise ValueError("the program is too long for one call")
        address = self.emitted() if pays(self.code) or len(self.code.head) < FEWEST else self.code.play()
        return address, self.code.firsts[0]


def one_by_one(calls: list[Callable[[], None]]) -> None:
    """Call them all; between two of them Python's signals are heard."""
    for call in calls:
        call()
