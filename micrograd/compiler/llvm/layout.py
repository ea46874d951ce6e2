"""How a batch stands in memory for the code, and what an entry point of the code is told.

layout      a batch in blocks of samples; in a block the leaves (inputs, then targets) stand row by row
context     what an entry point is given: addresses, a number of samples, a weight or weights, a status
"""

from __future__ import annotations

import ctypes
from weakref import WeakKeyDictionary

import numpy as np

from micrograd.compiler.llvm.memory import NAMES, address_of, aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.samples import Batch


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
        self.words = (ctypes.c_uint64 * (len(NAMES) + 4))(*pointers, end - first)
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
