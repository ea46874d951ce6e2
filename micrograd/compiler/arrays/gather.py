"""Gather and scatter: each sample takes the entries of slots that its index says, and adds to them what they receive.

index       the row that has the index of each sample: an input or target, a whole number from 0 on, checked before
slots       [r, k]: what row r takes where the index is k
"""

from __future__ import annotations

from micrograd.compiler.arrays.steps import Step, Sum, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from micrograd.compiler.arrays.steps import Index


class Gather(Step):
    """Row r is the number in slots[r, index]."""

    __slots__ = ("index", "slots")

    def __init__(self, index: Index, slots: Index, start: int) -> None:
        super().__init__(start, len(slots))
        self.index, self.slots = index, slots

    @property
    def work(self) -> int:
        """See `Step`."""
        return self.count

    def reads(self) -> list[Index]:
        """See `Step`."""
        return [self.index]

    def slot_columns(self) -> list[Index]:
        """See `Step`: one of them is chosen."""
        return [*self.slots.T]

    def depends(self, active: np.ndarray, active_slots: np.ndarray) -> Any:
        """See `Step`; an index has no derivative."""
        return active_slots[self.slots].any(1)

    def renamed(self, slot_of: Index) -> Gather:
        """See `Step`."""
        return Gather(self.index, slot_of[self.slots], self.start)

    def __str__(self) -> str:
        return f"{self.made} = gather {self.count}×{self.slots.shape[1]} u[{self.slots[0, 0]}…] at r[{self.index[0]}]"


class Scatter(Sum):
    """slots[r, index] gets left[r], added up over the samples; `right` is the index."""

    __slots__ = ()
    right: Index

    @property
    def work(self) -> int:
        """See `Step`."""
        return self.left.size

    def __str__(self) -> str:
        size = f"{len(self.slots)}×{self.slots.shape[1]}"
        return f"scatter {size} slots {self.slots[0, 0]}… at r[{self.right[0]}] += r[{spelled(self.left)}]"
