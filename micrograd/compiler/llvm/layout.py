"""How samples stand in memory for the user and for the code, and what an entry point of the code is told.

The user has numbers sample by sample, the code in blocks of samples, row by row.

layout      a batch in blocks of samples; in a block the leaves (inputs, then targets) stand row by row. A batch that
            runs again is laid out once; else the code lays out block after block
context     what an entry point is given: addresses, a number of samples, a weight or weights, a status
square      as many rows as a vector has lanes, turned: a vector holds numbers of one sample, or of one leaf
"""

from __future__ import annotations

import ctypes
from weakref import WeakKeyDictionary

import numpy as np

from micrograd.compiler.llvm.instructions import Function, kind, splat
from micrograd.compiler.llvm.memory import ARGUMENTS, NAMES, address_of, aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.arrays.steps import Index
    from micrograd.compiler.llvm.instructions import Integer
    from micrograd.compiler.llvm.memory import Memory
    from micrograd.compiler.samples import Batch

TURNED = 1024  # numbers of outputs that are turned before they are copied, 8 kB


class Layout:
    """A batch in blocks of so many samples: `leaves`, (blocks, leaves, block), and its address."""

    def __init__(self, batch: Batch, block: int) -> None:
        self.samples, inputs = n, _ = batch.X.shape
        self.blocks = -(-n // block)
        self.leaves = aligned(self.blocks * (inputs + batch.Y.shape[1]) * block).reshape(self.blocks, -1, block)
        self.address = address_of(self.leaves)
        full, rest = divmod(n, block)
        for data, rows in ((batch.X, self.leaves[:, :inputs]), (batch.Y, self.leaves[:, inputs:])):
            if full:
                rows[:full] = data[: n - rest].reshape(full, block, -1).transpose(0, 2, 1)
            if rest:  # the last sample, with weight 0, fills the last block
                rows[full, :, :rest] = data[n - rest :].T
                rows[full, :, rest:] = data[-1][:, None]


layouts: WeakKeyDictionary[Batch, dict[int, Layout]] = WeakKeyDictionary()  # batch -> samples in a block -> layout


def layout_of(batch: Batch, block: int) -> Layout:
    """The layout of a batch, which all runners with such blocks share; it goes with the batch."""
    found = layouts.setdefault(batch, {})
    if block not in found:  # runners have locks of their own: one layout stays
        found.setdefault(block, Layout(batch, block))
    return found[block]


class Context:
    """What an entry point of the code is given: the address of one array, of pointers, the number of samples, a weight.

    The samples are `first` to `end` of the batch. `sums` is where their sums go, `status` becomes 0 where all outputs
    are finite. What the addresses belong to must live as long.
    """

    def __init__(self, addresses: dict[str, int], sums: np.ndarray, first: int, end: int) -> None:
        self.sums, self.first = sums, first
        pointers = [addresses.get(name, 0) for name in NAMES]
        self.words = (ctypes.c_uint64 * (len(NAMES) + 6))(*pointers, end - first)
        self.weight = ctypes.c_double.from_buffer(self.words, 8 * (len(NAMES) + 1))
        self.status = ctypes.c_double.from_buffer(self.words, 8 * (len(NAMES) + 3))
        self.address = ctypes.addressof(self.words)
        self.pointer = ctypes.c_void_p(self.address)

    def weigh(self, weight: float | np.ndarray) -> None:
        """Each sample counts by the weight, in a mean 1/n; or by its own of all blocks, 0 for what fills the last."""
        if isinstance(weight, np.ndarray):
            self.words[len(NAMES) + 2] = address_of(weight) + 8 * self.first
        else:
            self.words[len(NAMES) + 2], self.weight.value = 0, weight

    def lay_out(self, batch: Batch) -> None:
        """The code reads the arrays of a batch, and lays out block after block in the room at x."""
        for k, array in enumerate((batch.X, batch.Y)):
            self.words[len(NAMES) + 4 + k] = address_of(array) + 8 * self.first * array.shape[1]

    def read(self, layout: Layout) -> None:
        """The code reads a batch that is laid out."""
        leaves = layout.leaves.shape[1]
        self.words[NAMES.index("x")], self.words[len(NAMES) + 4] = layout.address + 8 * self.first * leaves, 0


def laying(memory: Memory) -> Function:
    """Lay out the `real` samples of a block as `Layout` does; the last one fills it up to n."""
    f, program = Function("lay", "ptr %x, ptr %inputs, ptr %targets, i64 %n, i64 %real"), memory.program
    inputs, read = program.trace.inputs, [index for step in (*program.steps, *program.sums) for index in step.reads()]
    last = f.value("sub i64 %real, 1")
    wanted = np.unique(np.concatenate([*read, [0]]))
    parts = [("inputs", 0, inputs), ("targets", inputs, program.weight - inputs)]
    for array, first, width in parts if ((wanted >= inputs) & (wanted < program.weight)).any() else parts[:1]:

        def samples(v: Integer, array: str = array, first: int = first, width: int = width) -> None:
            rows = []
            for s in range(memory.registers.lanes):
                place = f.plus(v, s)
                inside = f.value(f"icmp ult i64 {place}, %real")
                rows.append(f.at(f"%{array}", f.times(f.value(f"select i1 {inside}, i64 {place}, i64 {last}"), width)))
            lay(memory, f, rows, f.at(f.at("%x", first * memory.block), v), width)

        f.loop("%n", samples, step=memory.registers.lanes)
    return f


def lay(memory: Memory, f: Function, samples: list[str], target: str, width: int) -> None:
    """Write as many samples as a vector has lanes, each of so many leaves, as rows of a block."""
    lanes, block = memory.registers.lanes, memory.block

    def square(column: Integer) -> None:
        for c, vector in enumerate(turned(f, samples, column, lanes)):
            f.store(vector, f.at(target, f.times(f.plus(column, c), block)), lanes)

    f.loop(width // lanes, square, step=lanes)
    if width % lanes and width > lanes:  # over a part of the square before
        square(width - lanes)
    for column in range(width if width < lanes else 0):
        vector = "poison"
        for s, sample in enumerate(samples):
            vector = f.value(f"insertelement {kind(lanes)} {vector}, double {f.load(f.at(sample, column), 1)}, i64 {s}")
        f.store(vector, f.at(target, column * block), lanes)


def turned(f: Function, rows: list[str], vb: Integer, lanes: int) -> list[str]:
    """The square of these rows from sample vb on: for each of its samples a vector."""
    if lanes == 2:
        vectors, largest = [f.load(f.at(row, vb), lanes) for row in rows], 1
    else:  # halves are loaded to where they belong, which takes less of a processor than to move them
        half, largest = lanes // 2, lanes // 4
        vectors = [
            f.shuffle(
                f.load(f.at(rows[i], f.plus(vb, start)), half),
                f.load(f.at(rows[i + half], f.plus(vb, start)), half),
                range(lanes),
                half,
            )
            for start in (0, half)
            for i in range(half)
        ]
    far = 1
    while far <= largest:  # exchange numbers, then pairs, between vectors `far` apart
        for i in range(lanes):
            if not i & far:
                a, b = vectors[i], vectors[i + far]
                low = [j if not j & far else lanes + j - far for j in range(lanes)]
                vectors[i] = f.shuffle(a, b, low, lanes)
                mixed = [j + far if not j & far else lanes + j for j in range(lanes)]
                vectors[i + far] = f.shuffle(a, b, mixed, lanes)
        far *= 2
    return vectors


def outputs(memory: Memory, rows: Index) -> Function:
    """Write the outputs of a block as the user has them, sample by sample, and add 0 times each to the status.

    Some samples at a time are turned in spare rows, which stay in the first cache, and copied from there in one go:
    what is written at once as whole lines of a cache need not be read before. Only the `real` samples are, not what
    fills the block up.
    """
    f, lanes, width = Function("outputs", f"{ARGUMENTS}, i64 %real, ptr %status"), memory.registers.lanes, len(rows)
    part, zero = min(memory.block, lanes * max(1, TURNED // (width * lanes))), splat(0.0, lanes)
    stage = memory.at_place(f, memory.spare_rows(-(-part * width // memory.block)))
    full, rest = divmod(width, lanes)

    def square(columns: Index, times: int, q: Integer, v: Integer, target: str, status: str) -> list[str]:
        pointers = [memory.row_of(f, columns[c::lanes][:times], q) for c in range(lanes)]
        for s, vector in enumerate(turned(f, pointers, v, lanes)):
            some = f.shuffle(vector, "poison", range(width), lanes) if width < lanes else vector
            f.store(some, f.at(target, s * width), min(width, lanes))
            status = f.multiply_add(vector, zero, status, lanes)
        return [status]

    def samples(v: Integer, target: str, status: str) -> list[str]:
        if width == 1:  # in a row already
            vector = f.load(f.at(memory.row(f, int(rows[0])), v), lanes)
            f.store(vector, target, lanes)
            return [f.multiply_add(vector, zero, status, lanes)]

        def one(q: Integer, status: str) -> list[str]:
            return square(rows, full, q, v, f.at(target, f.times(q, lanes)), status)

        [status] = f.loop(full, one, [(kind(lanes), status)])
        if rest:  # over a part of the square before, if there is one
            place = max(0, width - lanes)
            [status] = square(np.resize(rows[place:], lanes), 1, 0, v, f.at(target, place), status)
        return [status]

    def some(first: Integer, status: str) -> list[str]:
        left = f.value(f"sub nuw nsw i64 %real, {first}")
        count = f.value(f"select i1 {f.value(f'icmp ult i64 {left}, {part}')}, i64 {left}, i64 {part}")

        def vector(v: Integer, status: str) -> list[str]:
            return samples(f.plus(first, v), f.at(stage, f.times(v, width)), status)

        [status] = f.loop(count, vector, [(kind(lanes), status)], lanes)
        target, size = f.at("%o", f.times(first, width)), f.times(count, 8 * width)
        f.line(f"call void @llvm.memcpy.p0.p0.i64(ptr align 8 {target}, ptr align 8 {stage}, i64 {size}, i1 false)")
        return [status]

    [found] = f.loop("%real", some, [(kind(lanes), zero)], part)
    f.store(f.arithmetic("fadd", f.load("%status", 1), f.sum(found, lanes), 1), "%status", 1)
    return f
