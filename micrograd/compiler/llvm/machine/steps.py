"""The steps of a loop in machine code: at each step entries are played, between copies to and from rows of numbers.

The function is the same for all loops; a context, an array of 64-bit words, says what it works on.

block       neighbouring numbers of a row for each step, which are copied into w
tape        a row for each step: the state that it begins with, then what is noted
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from micrograd.compiler.llvm.memory import address_of
from micrograd.compiler.llvm.native.machine_code import host, machine_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.llvm.machine.player import LlvmPlayer

WORDS = ("play", "entries", "w", "length", "from", "onward", "state", "states", "news", "scratch", "tape", "width",
         "notes", "noted", "blocks", "count")  # fmt: skip
POINTERS = ("play", "entries", "w", "state", "news", "scratch", "tape", "notes", "blocks")


def loads() -> str:
    """The instructions that read the words of a context."""
    return "\n".join(
        f"  %{name}_at = getelementptr i64, ptr %context, i64 {k}\n"
        f"  %{name} = load {'ptr' if name in POINTERS else 'i64'}, ptr %{name}_at, align 8"
        for k, name in enumerate(WORDS)
    )


# One step copies the blocks, notes the state, plays, notes what is noted, and gathers the new state. A block is four
# words: where its rows begin, how far they are apart, how many bytes it has, where in w it goes
STEPS = f"""declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal void @gathered(ptr %to, ptr %w, ptr %index, i64 %count) nounwind {{
entry:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %one, label %done
one:
  %k = phi i64 [0, %entry], [%following, %one]
  %place_at = getelementptr i64, ptr %index, i64 %k
  %place = load i64, ptr %place_at, align 8
  %from = getelementptr double, ptr %w, i64 %place
  %number = load double, ptr %from, align 8
  %there = getelementptr double, ptr %to, i64 %k
  store double %number, ptr %there, align 8
  %following = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %following, %count
  br i1 %more, label %one, label %done
done:
  ret void
}}

define void @steps(ptr %context) nounwind {{
entry:
{loads()}
  %state_bytes = mul i64 %states, 8
  %taking = icmp sgt i64 %count, 0
  br label %step
step:
  %i = phi i64 [0, %entry], [%following, %play_it]
  %t = phi i64 [%from, %entry], [%then, %play_it]
  br i1 %taking, label %take, label %play_it
take:
  %b = phi i64 [0, %step], [%after, %take]
  %word = mul i64 %b, 4
  %rows_at = getelementptr i64, ptr %blocks, i64 %word
  %rows = load ptr, ptr %rows_at, align 8
  %apart_at = getelementptr i64, ptr %rows_at, i64 1
  %apart = load i64, ptr %apart_at, align 8
  %bytes_at = getelementptr i64, ptr %rows_at, i64 2
  %bytes = load i64, ptr %bytes_at, align 8
  %goes_at = getelementptr i64, ptr %rows_at, i64 3
  %goes = load ptr, ptr %goes_at, align 8
  %offset = mul i64 %t, %apart
  %row = getelementptr i8, ptr %rows, i64 %offset
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %goes, ptr align 8 %row, i64 %bytes, i1 false)
  %after = add nuw nsw i64 %b, 1
  %others = icmp ult i64 %after, %count
  br i1 %others, label %take, label %play_it
play_it:
  %at = mul i64 %t, %width
  %note = getelementptr double, ptr %tape, i64 %at
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %note, ptr align 8 %state, i64 %state_bytes, i1 false)
  call void %play(ptr %entries, ptr %w)
  %behind = getelementptr double, ptr %note, i64 %states
  call void @gathered(ptr %behind, ptr %w, ptr %notes, i64 %noted)
  call void @gathered(ptr %scratch, ptr %w, ptr %news, i64 %states)
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %state, ptr align 8 %scratch, i64 %state_bytes, i1 false)
  %then = add i64 %t, %onward
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


def in_machine_code(
    player: LlvmPlayer,
    w: np.ndarray,
    carried: np.ndarray,
    news: Sequence[int],
    tape: np.ndarray,
    notes: Sequence[int],
    blocks: Sequence[tuple[np.ndarray, np.ndarray]],
    backward: bool,
) -> Callable[[], None]:
    """A function that plays over w once for each row of the tape.

    carried: the part of w that holds the state; news, notes: the places in w of the new state, and of what is noted;
    blocks: (rows, the part of w that each goes to); backward: from the last row to the first.
    """
    [first] = player.code.firsts
    length = len(tape)
    indices = np.asarray(news, np.int64), np.asarray(notes, np.int64)
    scratch = np.empty(len(carried) + 1)
    told = [[address_of(rows), rows.strides[0], rows.shape[1] * 8, address_of(part)] for rows, part in blocks]
    table = np.array(told, np.int64).reshape(-1, 4)
    words = {
        "play": player.library.play or ctypes.c_uint64.from_address(first).value,
        "entries": first,
        "w": address_of(w),
        "length": length,
        "from": length - 1 if backward else 0,
        "onward": -1 if backward else 1,
        "state": address_of(carried),
        "states": len(carried),
        "news": address_of(indices[0]),
        "scratch": address_of(scratch),
        "tape": address_of(tape),
        "width": tape.shape[1],
        "notes": address_of(indices[1]),
        "noted": len(indices[1]),
        "blocks": address_of(table),
        "count": len(table),
    }
    context = np.array([words[name] for name in WORDS], np.int64)
    play = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code(player.library.cache).address("steps"))
    run: Any = functools.partial(play, ctypes.c_void_p(address_of(context)))
    run.keeps = player, w, tape, indices, scratch, [rows for rows, _ in blocks], table, context
    made: Callable[[], None] = run
    return made
