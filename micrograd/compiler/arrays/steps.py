"""The steps of an array program: whole groups of like scalars at a time.

    row         one number per sample, a place in the workspace of the samples: inputs, targets, the weight of the
                sample in the mean, then what the steps make
    slot        one number for all samples, a place in the uniform vector: parameters, held Values, constants, and what
                the uniform steps make of them
    group       the rows (or slots) that one step makes, start to start + count
    operand     of a Map: `Rows` or `Slots`, one for each row of the group, or a float
    adjoint     derivative of the weighted loss with respect to a row

The uniform vector has steps of its own, with the same classes: there, rows are slots and there are no samples.
"""

from __future__ import annotations

from micrograd.notation.signs import numeral as shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    import numpy as np

    from micrograd.ops import Op

    Index = np.ndarray[Any, np.dtype[np.int64]]
    Operand = Union["Rows", "Slots", float]


def spelled(index: Index) -> str:
    """An index array in short: 3, 3:7, or 3,9,4…"""
    if len(index) == 1 or (index == index[0]).all():
        return str(index[0])
    if ((index[1:] - index[:-1]) == 1).all():
        return f"{index[0]}:{index[-1] + 1}"
    return ",".join(map(str, index[:4])) + ("…" if len(index) > 4 else "")


class Taken:
    """Which place each row of a group takes as operand; `Rows` and `Slots` say of what, and neither is the other."""

    __slots__ = ("index",)
    letter = ""

    def __init__(self, index: Index) -> None:
        self.index = index

    def key(self) -> tuple[str, bytes]:
        """Equal for equal operands."""
        return self.letter, self.index.tobytes()

    def take(self, places: Index) -> Any:
        """The operands of some of the rows."""
        return type(self)(self.index[places])

    def __str__(self) -> str:
        return f"{self.letter}[{spelled(self.index)}]"


class Rows(Taken):
    """Which row each row of a group takes as operand."""

    __slots__ = ()
    letter = "r"


class Slots(Taken):
    """Which slot of the uniform vector each row of a group takes as operand."""

    __slots__ = ()
    letter = "u"


class Step:
    """One step that makes the rows start to start + count."""

    __slots__ = ("start", "count")

    def __init__(self, start: int, count: int) -> None:
        self.start, self.count = start, count

    @property
    def own(self) -> Index:
        """The rows it makes."""
        import numpy as np

        return np.arange(self.start, self.start + self.count)

    @property
    def made(self) -> str:
        """The rows it makes, as shown."""
        return f"[{self.start}]" if self.count == 1 else f"[{self.start}:{self.start + self.count}]"


class Map(Step):
    """A primitive on every row: row r is op(operand 0 of r, operand 1 of r, …)."""

    __slots__ = ("op", "operands")

    def __init__(self, op: Op, operands: list[Operand], start: int, count: int) -> None:
        super().__init__(start, count)
        self.op, self.operands = op, operands

    @property
    def uses_slots(self) -> bool:
        """Whether an operand stands in the uniform vector."""
        return any(isinstance(x, Slots) for x in self.operands)

    def __str__(self) -> str:
        operands = ", ".join([shown(x) if isinstance(x, float) else str(x) for x in self.operands])
        return f"{self.made} = {self.op.name}({operands})"


class Linear(Step):
    """Sums of uniform times varying: row r is bias[r] + Σₖ slots[r, k] · rows[r, k]; no bias where that is None.

    Where all rows sum over the same rows (`shared`) it is a product of a matrix.
    `guard` is for sums of adjoints: a term whose row is exactly 0 counts 0, whatever its factor.
    """

    __slots__ = ("rows", "slots", "bias", "guard")

    def __init__(self, rows: Index, slots: Index, bias: Index | None, start: int, guard: bool = False) -> None:
        super().__init__(start, len(rows))
        self.rows, self.slots, self.bias, self.guard = rows, slots, bias, guard

    @property
    def shared(self) -> bool:
        """Whether all rows sum over the same rows."""
        return self.count == 1 or bool((self.rows == self.rows[0]).all())

    def __str__(self) -> str:
        bias = "" if self.bias is None else f"u[{spelled(self.bias)}] + "
        kind = (
            f"matrix {self.count}×{self.rows.shape[1]}" if self.shared else f"table {self.count}×{self.rows.shape[1]}"
        )
        over = f"r[{spelled(self.rows[0])}]" if self.shared else "r[…]"
        return f"{self.made} = {bias}{kind} u[{self.slots[0, 0]}…] · {over}"


class Outer:
    """Gradient of a matrix: slots[i, j] gets the sum over the samples of left[i] · right[j]."""

    __slots__ = ("left", "right", "slots", "guard")

    def __init__(self, left: Index, right: Index, slots: Index, guard: bool = False) -> None:
        self.left, self.right, self.slots, self.guard = left, right, slots, guard

    def __str__(self) -> str:
        return f"slots {spelled(self.slots.ravel())} += r[{spelled(self.left)}] ⊗ r[{spelled(self.right)}]"


class Pairs:
    """Slot i gets the sum over the samples of Σⱼ left[i, j] · right[i, j], or of Σⱼ left[i, j] if right is None.

    left holds the adjoints.
    """

    __slots__ = ("slots", "left", "right", "guard")

    def __init__(self, slots: Index, left: Index, right: Index | None, guard: bool = False) -> None:
        self.slots, self.left, self.right, self.guard = slots, left, right, guard

    def __str__(self) -> str:
        right = "" if self.right is None else f" · r[{spelled(self.right[:, 0])}]"
        return f"slots {spelled(self.slots)} += Σ{self.left.shape[1]} r[{spelled(self.left[:, 0])}]{right}"


def reads_of(step: Step | Outer | Pairs) -> list[Index]:
    """The rows that a step or a sum reads, as columns: one row for each that it makes, or all that it sums over."""
    if isinstance(step, Map):
        return [x.index for x in step.operands if isinstance(x, Rows)]
    if isinstance(step, Linear):
        return [step.rows[0] if step.shared else step.rows.ravel()]
    assert isinstance(step, (Outer, Pairs))
    read = [index for index in (step.left, step.right) if index is not None]
    return [column for index in read for column in (index.T if index.ndim == 2 else [index])]


class Space:
    """Counts the rows or slots given out; keeps the slots of constants."""

    def __init__(self) -> None:
        self.size = 0
        self.constants: dict[Any, tuple[int, float]] = {}

    def take(self, count: int) -> int:
        """The first of `count` fresh places in a row."""
        self.size += count
        return self.size - count

    def constant(self, value: float) -> int:
        """The slot that holds this number."""
        key = value.hex()
        if key not in self.constants:
            self.constants[key] = (self.take(1), value)
        return self.constants[key][0]
