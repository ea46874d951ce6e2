"""The order of a shuffled deck, as `random.Random.shuffle` leaves it: its own random numbers, its loop in machine code.

word        32 random bits; an index below n is the first k bits of the next word for which it is below n, where n has
            k bits
"""

from __future__ import annotations

import ctypes
import functools
import random

import numpy as np

from micrograd.compiler.llvm.memory import address_of
from micrograd.compiler.llvm.native.machine_code import host, machine_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BITS = 32
SOURCE = f"""
declare i64 @llvm.ctlz.i64(i64, i1)

; exchange the last of the order up to `last`, and so on, with one before it, while there are words; where it stopped
define i64 @shuffle(ptr %order, i64 %last, ptr %words, i64 %count) nounwind {{
entry:
  %some = icmp ugt i64 %last, 0
  br i1 %some, label %number, label %done
number:
  %i = phi i64 [%last, %entry], [%before, %exchange]
  %first = phi i64 [0, %entry], [%used, %exchange]
  %n = add nuw nsw i64 %i, 1
  %zeros = call i64 @llvm.ctlz.i64(i64 %n, i1 true)
  %unused = sub nsw i64 %zeros, {64 - BITS}
  br label %draw
draw:
  %w = phi i64 [%first, %number], [%used, %word]
  %left = icmp ult i64 %w, %count
  br i1 %left, label %word, label %done
word:
  %word_at = getelementptr i32, ptr %words, i64 %w
  %bits = load i32, ptr %word_at, align 4
  %wide = zext i32 %bits to i64
  %j = lshr i64 %wide, %unused
  %used = add nuw nsw i64 %w, 1
  %fits = icmp ult i64 %j, %n
  br i1 %fits, label %exchange, label %draw
exchange:
  %i_at = getelementptr i64, ptr %order, i64 %i
  %j_at = getelementptr i64, ptr %order, i64 %j
  %a = load i64, ptr %i_at, align 8
  %b = load i64, ptr %j_at, align 8
  store i64 %b, ptr %i_at, align 8
  store i64 %a, ptr %j_at, align 8
  %before = sub nuw nsw i64 %i, 1
  %more = icmp ugt i64 %before, 0
  br i1 %more, label %number, label %done
done:
  %stopped = phi i64 [0, %entry], [%i, %draw], [0, %exchange]
  ret i64 %stopped
}}
"""


@functools.lru_cache(None)
def shuffle() -> Any:
    """The function, and what keeps its code."""
    code = machine_code(SOURCE, host())
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
    return kind(code.address("shuffle")), code


def shuffled(count: int, seed: str) -> np.ndarray:
    """The numbers below count, fewer than 2³², in the order that `random.Random(seed).shuffle` gives them.

    >>> shuffled(5, "0 0").tolist()
    [1, 0, 3, 4, 2]
    """
    generator, (run, _) = random.Random(seed), shuffle()
    order, last = np.arange(count), count - 1
    while last > 0:
        words = last + last // 2 + BITS  # some more than are needed on the average
        drawn = np.frombuffer(generator.getrandbits(BITS * words).to_bytes(BITS // 8 * words, "little"), "<u4")
        last = run(address_of(order), last, address_of(drawn), words)
    return order
