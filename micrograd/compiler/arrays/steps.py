"""The steps of an array program: whole groups of like scalars at a time.

    row         one number per sample, a place in the workspace of the samples: inputs, targets, the weight of the
                sample in the mean, then what the steps make
    uniform     the same for all samples: loop-invariant, where the loop is that over the samples
    slot        one number for all samples, a place in the uniform vector: parameters, captured Values, constants,
                and what the uniform steps make of them
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

NONE = -1  # no row, or no slot
CHEAP, QUICK = 4, 10  # the highest costs of primitives; see `Step`


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

    def take(self, places: Index | slice) -> Any:
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
    """One step that makes the rows start to start + count; with a count of 0 it makes none.

    op          the primitive, of a Map
    rounds      of an elementwise step, which makes row r in round r: how many there are; None of others
    shared      all that it makes takes the same rows: it is a product of matrices
    guard       an adjoint of exactly 0 makes its term 0, even beside a factor of inf or nan
    quick       it takes a few cycles from operand to result; cheap: as few as reading a number from memory
    """

    __slots__ = ("start", "count")
    op: Op | None = None
    rounds: int | None = None
    shared = guard = cheap = False
    quick = True

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

    @property
    def work(self) -> int:
        """About how many multiplications it takes for one sample."""
        raise NotImplementedError

    def reads(self) -> list[Index]:
        """The rows that it reads, as columns: one row for each that it makes, or all that it sums over."""
        raise NotImplementedError

    def row_columns(self) -> list[Index]:
        """The rows that it reads as columns of one row for each that it makes."""
        raise NotImplementedError

    def slot_columns(self) -> list[Index]:
        """The slots that it takes, in the same way."""
        raise NotImplementedError

    def depends(self, active: np.ndarray, active_slots: np.ndarray) -> Any:
        """Which of its rows are made of active rows or slots, in a way that has a derivative."""
        raise NotImplementedError

    def renamed(self, slot_of: Index) -> Step:
        """The same step with slot_of[s] for every slot s."""
        raise NotImplementedError

    def table_rows(self) -> int:
        """How many rows a table, sums that share no rows, reads and makes; 0 of any other step."""
        return 0


class Map(Step):
    """A primitive on every row: row r is op(operand 0 of r, operand 1 of r, …)."""

    __slots__ = ("op", "operands", "rounds", "quick", "cheap")
    op: Op

    def __init__(self, op: Op, operands: list[Operand], start: int, count: int) -> None:
        super().__init__(start, count)
        self.op, self.operands, self.rounds = op, operands, count
        self.quick, self.cheap = op.cost <= QUICK, op.cost <= CHEAP

    @property
    def work(self) -> int:
        """See `Step`; a function takes as long as some multiplications."""
        return 8 * self.count

    def reads(self) -> list[Index]:
        """See `Step`."""
        return [x.index for x in self.operands if isinstance(x, Rows)]

    row_columns = reads

    def slot_columns(self) -> list[Index]:
        """See `Step`."""
        return [x.index for x in self.operands if isinstance(x, Slots)]

    def depends(self, active: np.ndarray, active_slots: np.ndarray) -> Any:
        """See `Step`."""
        import numpy as np

        found = np.zeros(self.count, bool)
        for i, x in enumerate(self.operands):
            if isinstance(x, Taken) and self.varies(i):
                found |= (active_slots if isinstance(x, Slots) else active)[x.index]
        return found

    def varies(self, i: int) -> bool:
        """Whether operand i has a derivative that is not always 0."""
        partial = self.op.partials[i]
        return partial.__class__ is not float or partial != 0.0

    def renamed(self, slot_of: Index) -> Map:
        """See `Step`."""
        operands = [Slots(slot_of[x.index]) if isinstance(x, Slots) else x for x in self.operands]
        return Map(self.op, operands, self.start, self.count)

    def part(self, first: int, count: int) -> Map:
        """Some neighbouring rows of it."""
        taken = slice(first, first + count)
        operands = [x.take(taken) if isinstance(x, Taken) else x for x in self.operands]
        return Map(self.op, operands, self.start + first, count)

    def __str__(self) -> str:
        operands = ", ".join([shown(x) if isinstance(x, float) else str(x) for x in self.operands])
        return f"{self.made} = {self.op.name}({operands})"


class Linear(Step):
    """Sums of uniform times varying: row r is bias[r] + Σₖ slots[r, k] · rows[r, k]; no bias where that is None.

    Where all rows sum over the same rows (`shared`) it is a product of a matrix, else a table.
    """

    __slots__ = ("rows", "slots", "bias", "guard", "shared")

    def __init__(self, rows: Index, slots: Index, bias: Index | None, start: int, guard: bool = False) -> None:
        super().__init__(start, len(rows))
        self.rows, self.slots, self.bias, self.guard = rows, slots, bias, guard
        self.shared = len(rows) == 1 or bool((rows == rows[0]).all())

    def table_rows(self) -> int:
        """See `Step`."""
        import numpy as np

        return 0 if self.shared else len(np.unique(self.rows)) + self.count

    @property
    def work(self) -> int:
        """See `Step`."""
        return self.rows.size

    def reads(self) -> list[Index]:
        """See `Step`."""
        return [self.rows[0] if self.shared else self.rows.ravel()]

    def row_columns(self) -> list[Index]:
        """See `Step`."""
        return list(self.rows.T)

    def slot_columns(self) -> list[Index]:
        """See `Step`."""
        return [*self.slots.T, *([] if self.bias is None else [self.bias])]

    def depends(self, active: np.ndarray, active_slots: np.ndarray) -> Any:
        """See `Step`."""
        found = active[self.rows].any(1) | active_slots[self.slots].any(1)
        return found if self.bias is None else found | active_slots[self.bias]

    def renamed(self, slot_of: Index) -> Linear:
        """See `Step`."""
        bias = None if self.bias is None else slot_of[self.bias]
        return Linear(self.rows, slot_of[self.slots], bias, self.start, self.guard)

    def part(self, first: int, count: int) -> Linear:
        """Some of its rows."""
        some = slice(first, first + count)
        bias = None if self.bias is None else self.bias[some]
        return Linear(self.rows[some], self.slots[some], bias, self.start + first, self.guard)

    def __str__(self) -> str:
        bias = "" if self.bias is None else f"u[{spelled(self.bias)}] + "
        kind = f"{'matrix' if self.shared else 'table'} {self.count}×{self.rows.shape[1]}"
        over = f"r[{spelled(self.rows[0])}]" if self.shared else "r[…]"
        return f"{self.made} = {bias}{kind} u[{self.slots[0, 0]}…] · {over}"


class Sum(Step):
    """What slots get, added up over the samples: it makes no rows. left holds the adjoints."""

    __slots__ = ("slots", "left", "right", "guard")

    def __init__(self, slots: Index, left: Index, right: Index | None, guard: bool = False) -> None:
        super().__init__(0, 0)
        self.slots, self.left, self.right, self.guard = slots, left, right, guard

    @property
    def work(self) -> int:
        """See `Step`."""
        return self.slots.size

    def reads(self) -> list[Index]:
        """See `Step`."""
        read = [index for index in (self.left, self.right) if index is not None]
        return [column for index in read for column in (index.T if index.ndim == 2 else [index])]

    def over(self, left: Index, right: Index | None = None) -> Any:
        """The same sum over other rows."""
        return type(self)(self.slots, left, right, self.guard)

    def into(self, slots: Index) -> Any:
        """The same sum for other slots."""
        return type(self)(slots, self.left, self.right, self.guard)


class Outer(Sum):
    """Gradient of a matrix: slots[i, j] gets the sum over the samples of left[i] · right[j]."""

    __slots__ = ()
    right: Index
    shared = True

    def __str__(self) -> str:
        return f"slots {spelled(self.slots.ravel())} += r[{spelled(self.left)}] ⊗ r[{spelled(self.right)}]"


class Pairs(Sum):
    """Slot i gets the sum over the samples of Σⱼ left[i, j] · right[i, j], or of Σⱼ left[i, j] if right is None."""

    __slots__ = ()

    def __str__(self) -> str:
        right = "" if self.right is None else f" · r[{spelled(self.right[:, 0])}]"
        return f"slots {spelled(self.slots)} += Σ{self.left.shape[1]} r[{spelled(self.left[:, 0])}]{right}"


class Space:
    """Counts the rows or slots given out; keeps the slots of constants."""

    def __init__(self) -> None:
        self.size = 0
        self.constants: dict[Any, tuple[int, float]] = {}

    def copy(self) -> Space:
        """A space that goes on from here by itself."""
        made = Space()
        made.size, made.constants = self.size, dict(self.constants)
        return made

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
