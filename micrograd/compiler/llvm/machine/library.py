"""Handlers in the memory of this process: made where they are first met, for a processor and a number of lanes.

They stay for good: there are a few hundred, of some hundred bytes each.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import weakref
from _thread import interrupt_main

from micrograd.compiler.entries.kinds import SUM, Kind
from micrograd.compiler.llvm.machine.handlers import AT_A_TIME, CALLS, PLAY, STOP, handler, name_of
from micrograd.compiler.llvm.native.machine_code import machine_code, machine_code_of, names_called
from micrograd.compiler.llvm.vocabulary import in_c
from micrograd.ops import find
from micrograd.system.forking import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from micrograd.compiler.llvm.native.machine_code import MachineCode, Processor

    Wanted = tuple[Kind, str]  # a kind, and the form of the entry

NO_ARGUMENTS = ctypes.CFUNCTYPE(None)
TAIL_CALLS = platform.machine().lower() in ("x86_64", "amd64", "aarch64", "arm64")


class Lent:
    """Dies with a call, whose code is free then."""

    __slots__ = ("__weakref__",)


class Library:
    """The handlers of a processor: `addresses` gives those that are wanted, and makes what is new.

    stop        the address that ends a list of entries; play: that of the loop over handlers, where there is one
    """

    def __init__(self, processor: Processor, lanes: int, tail: bool, cache: bool) -> None:
        self.processor, self.lanes, self.tail, self.cache = processor, lanes, tail, cache
        self.width = processor.registers.lanes if lanes == 1 else min(processor.registers.wide, lanes)
        self._made: dict[Any, int] = {}
        self._in_python: set[Any] = set()
        self._codes: list[MachineCode] = []
        self._lock = guarded(self)
        self.stop = self.play = 0
        self.spare: list[tuple[MachineCode, int]] = []  # calls that nobody has: their code, their number

    def forked(self) -> None:
        """In a forked process: what a thread was making is made again."""

    def addresses(self, wanted: Iterable[Wanted]) -> list[int]:
        """Where the handlers stand."""
        with self._lock:
            asked = [(key_of(*one), one) for one in wanted]
            new = {key: one for key, one in asked if key not in self._made}
            if new or not self._codes:
                self._make(new)
            return [self._made[key] for key, _ in asked]

    def calls_python(self, wanted: Iterable[Wanted]) -> bool:
        """Whether one of these handlers calls a row's function in Python."""
        return any(key_of(*one) in self._in_python for one in wanted)

    def play_from(self, first: int) -> int:
        """The address of what plays from an entry on: a function of the address of the entry and that of w."""
        return self.play or ctypes.c_uint64.from_address(first).value

    def call(self, first: int, w: int, plays: int = 0, emitted: Callable[[], int] | None = None) -> Any:
        """A function that plays from an entry on; it has no arguments, since ctypes takes long for each.

        It needs the library, the entries and w, and keeps none of them alive. Its code serves others when it is gone.
        After so many plays it asks for the address of code that does the same.
        """
        with self._lock:
            if not self.spare:
                code = machine_code(CALLS, self.processor, cache=self.cache)
                self.spare.extend([(code, k) for k in range(AT_A_TIME)])
            code, k = self.spare.pop()
        words = (ctypes.c_uint64 * 5).from_address(code.address_of_data(f"words{k}"))
        call: Any = NO_ARGUMENTS(code.address(f"call{k}"))
        call.code, call.lent = code, Lent()
        words[:] = [self.play_from(first), first, w, 0, 0]
        if emitted is not None:
            call.earned = NO_ARGUMENTS(functools.partial(earned, words, emitted))
            words[3:] = [plays, ctypes.cast(call.earned, ctypes.c_void_p).value or 0]
        weakref.finalize(call.lent, self.spare.append, (code, k)).atexit = False
        return call

    def _make(self, new: dict[Any, Wanted]) -> None:
        texts = [handler(kind, form, self.lanes, self.width, self.tail) for kind, form in new.values()]
        first = [] if self._codes else [STOP if self.tail else PLAY]
        code = machine_code_of([*texts, *first], self.processor, cache=self.cache)
        if first and self.tail:
            self.stop = code.address("stop")
        elif first:
            self.play = code.address("play")
        for key, (kind, form), text in zip(new, new.values(), texts):
            self._made[key] = code.address(name_of(kind, form))
            if any(in_c(name) is None for name in names_called(text)):
                self._in_python.add(key)
        self._codes.append(code)


def earned(words: Any, emitted: Callable[[], int]) -> None:
    """From now on the emitted code plays; Ctrl-C in between, which cannot go through a play, comes after it."""
    try:
        words[0] = emitted()
    except KeyboardInterrupt:
        interrupt_main()


def key_of(kind: Kind, form: str) -> tuple[Any, ...]:
    """Equal for handlers that do the same: a row that another takes the place of has another handler."""
    rows = [] if kind.row == SUM else [find(name) for name in (kind.row, kind.inside) if name]
    return (*kind.key, form, *rows)


@functools.lru_cache(None)
def library(processor: Processor, lanes: int = 1, tail: bool = TAIL_CALLS, cache: bool = True) -> Library:
    """That of a processor."""
    return Library(processor, lanes, tail, cache)
