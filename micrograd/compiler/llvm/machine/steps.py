"""The steps of a loop in machine code: at each step entries are played, between copies to and from rows of numbers.

The function is the same for all loops; a context, an array of 64-bit words, says what it works on.

tape        a row for each step: the state that it begins with, then what is noted
copy        of neighbouring numbers: where they stand, how far that moves on from row to row, how many bytes they have,
            where they go, and how far that moves on
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from micrograd.compiler.llvm.machine.emission import pays
from micrograd.compiler.llvm.memory import address_of
from micrograd.compiler.llvm.native.machine_code import host, machine_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.llvm.machine.player import LlvmPlayer

    Copy = tuple[int, int, int, int, int]

WORDS = ("play", "entries", "w", "first_row", "onward", "length", "before", "befores", "after", "afters")
POINTERS = ("play", "entries", "w", "before", "after")
COPY = ("source", "source_apart", "bytes", "target", "target_apart")


def loads(names: Sequence[str], array: str) -> str:
    """The instructions that read words, one after the other; those that are pointers as such."""
    return "\n".join(
        f"  %{name}_at = getelementptr i64, ptr %{array}, i64 {k}\n"
        f"  %{name} = load {'ptr' if name in (*POINTERS, 'source', 'target') else 'i64'}, ptr %{name}_at, align 8"
        for k, name in enumerate(names)
    )


STEPS = f"""declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal void @copied(ptr %copies, i64 %count, i64 %row) nounwind {{
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %one, label %done
one:
  %k = phi i64 [0, %entry], [%following, %next]
  %word = mul i64 %k, {len(COPY)}
  %copy = getelementptr i64, ptr %copies, i64 %word
{loads(COPY, "copy")}
  %source_offset = mul i64 %source_apart, %row
  %from = getelementptr i8, ptr %source, i64 %source_offset
  %target_offset = mul i64 %target_apart, %row
  %to = getelementptr i8, ptr %target, i64 %target_offset
  %single = icmp eq i64 %bytes, 8
  br i1 %single, label %number, label %several
number:
  %x = load double, ptr %from, align 8
  store double %x, ptr %to, align 8
  br label %next
several:
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %to, ptr align 8 %from, i64 %bytes, i1 false)
  br label %next
next:
  %following = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %following, %count
  br i1 %more, label %one, label %done
done:
  ret void
}}

define void @steps(ptr %context) nounwind {{
entry:
{loads(WORDS, "context")}
  br label %step
step:
  %i = phi i64 [0, %entry], [%following, %step]
  %row = phi i64 [%first_row, %entry], [%next_row, %step]
  call void @copied(ptr %before, i64 %befores, i64 %row)
  call void %play(ptr %entries, ptr %w)
  call void @copied(ptr %after, i64 %afters, i64 %row)
  %next_row = add i64 %row, %onward
  %following = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %following, %length
  br i1 %more, label %step, label %done
done:
  ret void
}}"""


@functools.lru_cache(None)
def code(cache: bool) -> Any:
    """The function in the memory of this process."""
    return machine_code(STEPS, host(), cache=cache)


def gathered(w: np.ndarray, places: np.ndarray, target: np.ndarray) -> list[Copy]:
    """The copies of numbers of w to neighbouring columns of a target of rows, or of one row."""
    begins = np.flatnonzero(np.diff(places, prepend=-2) != 1).tolist()
    apart = target.strides[0] if target.ndim == 2 else 0
    ends = [*begins[1:], len(places)]
    first, column = address_of(w), target.strides[-1]
    return [
        (first + 8 * int(places[a]), 0, 8 * (b - a), address_of(target) + column * a, apart)
        for a, b in zip(begins, ends)
    ]


def in_machine_code(
    player: LlvmPlayer,
    w: np.ndarray,
    carried: np.ndarray,
    news: np.ndarray,
    tape: np.ndarray,
    notes: np.ndarray,
    blocks: Sequence[tuple[np.ndarray, np.ndarray]],
    backward: bool,
) -> Callable[[], None]:
    """A function that plays over w once for each row of the tape.

    carried: the part of w that holds the state; news, notes: the places in w of the new state, and of what is noted;
    blocks: (rows, the part of w that each goes to); backward: from the last row to the first.
    """
    [first] = player.code.firsts
    length, states = len(tape), len(carried)
    scratch = np.empty(states)
    before = [(address_of(x), x.strides[0], 8 * x.shape[1], address_of(part), 0) for x, part in blocks]
    before.append((address_of(carried), 0, 8 * states, address_of(tape), tape.strides[0]))
    after = gathered(w, notes, tape[:, states:]) + gathered(w, news, scratch)
    after.append((address_of(scratch), 0, 8 * states, address_of(carried), 0))
    tables = [np.array([copy for copy in copies if copy[2]], np.int64) for copies in (before, after)]
    words = {
        "play": player.library.play_from(first),
        "entries": first,
        "w": address_of(w),
        "first_row": length - 1 if backward else 0,
        "onward": -1 if backward else 1,
        "length": length,
        "before": address_of(tables[0]),
        "befores": len(tables[0]),
        "after": address_of(tables[1]),
        "afters": len(tables[1]),
    }
    context = np.array([words[name] for name in WORDS], np.int64)
    keeps = w, tape, scratch, [rows for rows, _ in blocks], tables
    return Repeated(player, context, length, keeps).run


class Repeated:
    """The steps of a loop; when the body has been played often enough it gets code of its own, if that pays.

    left        how many plays until then; keeps: what the context has the addresses of
    """

    def __init__(self, player: LlvmPlayer, context: np.ndarray, length: int, keeps: Any) -> None:
        self.player, self.context, self.length, self.keeps = player, context, length, keeps
        self.left = player.plays() if pays(player.code) else 0
        play = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code(player.cache).address("steps"))
        self._play = functools.partial(play, ctypes.c_void_p(address_of(context)))

    def run(self) -> None:
        """Play all steps."""
        self._play()
        if self.left > 0:
            self.left -= self.length
            if self.left <= 0:
                self.context[WORDS.index("play")] = self.player.emitted()
