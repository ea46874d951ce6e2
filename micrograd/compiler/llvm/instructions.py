"""Text of LLVM functions: one instruction after the other, and counted loops that carry values.

name, %r7   the result of an instruction; a value may also be a literal, such as "0" or "splat (double …)"
lanes       numbers in a vector; one lane is a plain double
pointer     name of a ptr; offsets count doubles unless said otherwise

What the text promises LLVM makes poison of where it does not hold, so each promise says why it does, where it is made.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Union

    Integer = Union[int, str]  # known now, or the name of an i64

# a · b + c may be one fused operation; no other freedom is safe for nan, inf and zeros. It is for sums of products,
# which are added in an order of their own anyhow, and for formulas that are right with and without it; not for what
# the user writes, where x · x − y · y would no longer be 0 for x = y
CONTRACT = "contract"


def literal(value: float) -> str:
    """A double as LLVM reads it, to the bit."""
    return "0x%016X" % struct.unpack("<Q", struct.pack("<d", value))[0]


def kind(lanes: int) -> str:
    """The type of a vector of doubles."""
    return "double" if lanes == 1 else f"<{lanes} x double>"


def splat(value: float, lanes: int) -> str:
    """A constant in every lane."""
    return literal(value) if lanes == 1 else f"splat (double {literal(value)})"


class Registers:
    """How the vector registers of a processor are used: lanes of a vector, size of a tile (rows × vectors of samples).

    wide        lanes of an elementwise loop; grain: the number of samples of a block is a multiple of this
    """

    def __init__(self, lanes: int, tile_rows: int, tile_vectors: int) -> None:
        self.lanes, self.tile_rows, self.tile_vectors = lanes, tile_rows, tile_vectors
        self.wide = min(4 * lanes, 16)  # one vector alone would wait for every result of a polynomial
        self.grain = max(self.wide, lanes * tile_vectors)


class Function:
    """The text of one function under construction.

    >>> f = Function("twice", "ptr %p")
    >>> x = f.load("%p", 1)
    >>> f.store(f.arithmetic("fadd", x, x, 1), "%p", 1)
    >>> print(f.text())
    define internal void @twice(ptr noalias %p) noinline nounwind {
    entry:
      %r1 = load double, ptr %p, align 8
      %r2 = fadd contract double %r1, %r1
      store double %r2, ptr %p, align 8
      ret void
    }
    """

    def __init__(self, name: str, arguments: str, attributes: str = "internal") -> None:
        self.name, self.attributes = name, attributes
        # noalias: what is written through one pointer is not touched through another. Each is an array of its own, but
        # for one: g of the first chunk is part of u, where no function that has g reads the incoming slots by u
        self.arguments = arguments.replace("ptr %", "ptr noalias %")
        self.lines: list[str] = []
        self.count, self.block = 0, "entry"
        self.called: set[tuple[str, int]] = set()  # (name, lanes) of functions of vectors, to be defined beside it
        self.offsets: dict[tuple[str, int], str] | None = None  # (array, offset) -> argument, where they are arguments

    def line(self, text: str) -> None:
        """An instruction without result."""
        self.lines.append("  " + text)

    def value(self, text: str) -> str:
        """An instruction with a result; its name."""
        self.count += 1
        self.lines.append(f"  %r{self.count} = {text}")
        return f"%r{self.count}"

    def begin(self, block: str) -> None:
        """A new block: jumps may lead here."""
        self.lines.append(f"{block}:")
        self.block = block

    def text(self) -> str:
        """The whole function."""
        body = "\n".join(self.lines)
        noinline = "noinline " if self.attributes == "internal" else ""
        arguments = ", ".join([self.arguments, *[f"i64 {name}" for name in (self.offsets or {}).values()]])
        return (
            f"define {self.attributes} void @{self.name}({arguments}) {noinline}nounwind {{\n"
            f"entry:\n{body}\n  ret void\n}}"
        )

    # numbers

    def arithmetic(self, operation: str, a: str, b: str, lanes: int, flags: str = CONTRACT) -> str:
        """fadd, fsub, fmul or fdiv."""
        return self.value(f"{operation} {flags + ' ' if flags else ''}{kind(lanes)} {a}, {b}")

    def multiply_add(self, a: str, b: str, c: str, lanes: int) -> str:
        """a · b + c, fused where the machine can."""
        return self.arithmetic("fadd", c, self.arithmetic("fmul", a, b, lanes), lanes)

    def compare(self, predicate: str, a: str, b: str, lanes: int) -> str:
        """fcmp: a vector of bits."""
        return self.value(f"fcmp {predicate} {kind(lanes)} {a}, {b}")

    def select(self, condition: str, a: str, b: str, lanes: int) -> str:
        """a where the bit is set, else b."""
        bits = "i1" if lanes == 1 else f"<{lanes} x i1>"
        return self.value(f"select {bits} {condition}, {kind(lanes)} {a}, {kind(lanes)} {b}")

    def call(self, name: str, arguments: Sequence[str], lanes: int) -> str:
        """A function of vectors of doubles."""
        listed = ", ".join([f"{kind(lanes)} {x}" for x in arguments])
        return self.value(f"call {kind(lanes)} @{name}({listed})")

    def broadcast(self, number: str, lanes: int) -> str:
        """A double in every lane."""
        if lanes == 1:
            return number
        one = self.value(f"insertelement {kind(lanes)} poison, double {number}, i64 0")
        return self.value(f"shufflevector {kind(lanes)} {one}, {kind(lanes)} poison, <{lanes} x i32> zeroinitializer")

    def shuffle(self, a: str, b: str, places: Sequence[int], lanes: int) -> str:
        """A vector of lanes of a and b, counted through both."""
        chosen = ", ".join([f"i32 {place}" for place in places])
        return self.value(f"shufflevector {kind(lanes)} {a}, {kind(lanes)} {b}, <{len(places)} x i32> <{chosen}>")

    def joined(self, vectors: Sequence[str], lanes: int) -> str:
        """Vectors of these many lanes side by side as one; their number is a power of two."""
        if len(vectors) == 1:
            return vectors[0]
        half = len(vectors) // 2
        a, b = self.joined(vectors[:half], lanes), self.joined(vectors[half:], lanes)
        return self.shuffle(a, b, range(2 * half * lanes), half * lanes)

    def sum(self, vector: str, lanes: int) -> str:
        """The sum of the lanes, always in the same order."""
        if lanes == 1:
            return vector
        start = literal(-0.0)
        return self.value(  # reassoc: in halves, quarters …, which are added in one order for one width of vectors
            f"call reassoc double @llvm.vector.reduce.fadd.v{lanes}f64(double {start}, {kind(lanes)} {vector})"
        )

    # memory

    def at(self, pointer: str, offset: Integer, element: str = "double") -> str:
        """The pointer moved on."""
        if str(offset) == "0":
            return pointer
        # inbounds: a pointer is moved from a number, or from the start, to another number of the same array, also
        # where it is moved back; the offset to a table's entry is added up before, since parts of it may lie outside
        return self.value(f"getelementptr inbounds {element}, ptr {pointer}, i64 {offset}")

    def into(self, array: str, offset: int, element: str = "double") -> str:
        """A pointer into an array that is an argument; so may the offset be, for code that is shared."""
        if self.offsets is None:
            return self.at(f"%{array}", offset, element)
        return self.at(f"%{array}", self.offsets.setdefault((array, offset), f"%q{len(self.offsets)}"), element)

    def load(self, pointer: str, lanes: int, align: int = 8) -> str:
        """Numbers that stand one after the other; any double in NumPy's arrays is aligned to 8."""
        return self.value(f"load {kind(lanes)}, ptr {pointer}, align {align}")

    def store(self, value: str, pointer: str, lanes: int, align: int = 8) -> None:
        """The same, written."""
        self.line(f"store {kind(lanes)} {value}, ptr {pointer}, align {align}")

    def entry(self, table: str, place: Integer) -> str:
        """A whole number from a table of i32, as i64: a row or slot, so not negative; 2³¹ of them fit no memory."""
        found = self.value(f"load i32, ptr {self.at(table, place, 'i32')}, align 4")
        return self.value(f"zext i32 {found} to i64")

    # whole numbers

    def times(self, a: Integer, b: int) -> Integer:
        """a · b; nsw, since it is an offset in memory. Not nuw: a step from place to place may be negative."""
        if isinstance(a, int):
            return a * b
        return 0 if b == 0 else a if b == 1 else self.value(f"mul nsw i64 {a}, {b}")

    def plus(self, a: Integer, b: Integer) -> Integer:
        """a + b; nsw as in `times`."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0 or b == 0:
            return b if a == 0 else a
        return self.value(f"add nsw i64 {a}, {b}")

    def loop(
        self,
        count: Integer,
        body: Callable[..., Sequence[str] | None],
        carried: Sequence[tuple[str, str]] = (),
        step: int = 1,
    ) -> list[str]:
        """for i in range(0, count·step, step): carried = body(i, *carried); `carried` has (type, first value).

        Returns the last values. A loop of one round is no loop. Given a name as count, i goes up to that number, not
        times the step; there is one round at least.
        """
        values = [value for _, value in carried]
        if count == 0:
            return values
        if count == 1:
            return list(body(0, *values) or ())
        self.count += 1
        n, before = self.count, self.block
        self.line(f"br label %L{n}")
        self.begin(f"L{n}")
        place = len(self.lines)
        names = [f"%c{n}_{i}" for i in range(len(values))]
        results = list(body(f"%i{n}", *names) or ())
        following = self.value(f"add nuw nsw i64 %i{n}, {step}")  # from 0 up to the end, a size in memory
        end = count if isinstance(count, str) else count * step
        again = self.value(f"icmp ult i64 {following}, {end}")
        self.line(f"br i1 {again}, label %L{n}, label %E{n}")
        inside = self.block
        self.begin(f"E{n}")
        heads = [f"  %i{n} = phi i64 [0, %{before}], [{following}, %{inside}]"]
        heads += [
            f"  {name} = phi {carried[i][0]} [{values[i]}, %{before}], [{results[i]}, %{inside}]"
            for i, name in enumerate(names)
        ]
        self.lines[place:place] = heads
        return results
