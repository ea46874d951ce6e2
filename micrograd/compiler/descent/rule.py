"""`read`: the update rule of an optimiser as a scalar graph, which holds for every parameter.

The rule's own `update` runs once, on symbols; so nothing is written down twice. What was read is compared with `update`
on floats and on arrays, to the bit.

quantity    what varies from parameter to parameter: p, its gradient g, the moments, and what is made of them
by step     a number that depends on the step alone: a learning rate, a correction of bias. Python computes it, with
            its own arithmetic, on the real number of the step
column      such a number that the quantities need; the table has one for each, and a row for each step
"""

from __future__ import annotations

import operator
import random
from copy import copy
from itertools import product, repeat
from weakref import WeakKeyDictionary

import numpy as np

from micrograd import functions
from micrograd.compiler.scalar.graph import Graph
from micrograd.dispatch import Operators, brief, number
from micrograd.ops import TABLE
from micrograd.optim.update_rule import UpdateRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

# Rows that NumPy's arrays and machine code round alike. Functions such as exp are within a few ulp of each other
EXACT = {"add", "sub", "mul", "div", "neg", "abs", "sqrt", "less", "less_equal", "greater", "greater_equal", "where",
         "maximum", "minimum"}  # fmt: skip
OF_STEPS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow,
    "neg": operator.neg, "abs": operator.abs, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge,
}  # fmt: skip
MOVING = ("steps", "count", "state")  # attributes of a rule that every step changes
PLAIN = (int, float, bool, str, type(None))


compared: WeakKeyDictionary[type, set[Any]] = WeakKeyDictionary()  # class of rules -> what was compared with its update


class Unreadable(TypeError):
    """The rule cannot be read as a graph; the message says why, as a part of a sentence."""


class ByStep(Operators):
    """A number that depends on the step alone: what computes it, and of what."""

    __slots__ = ("args", "compute")

    def __init__(self, compute: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.compute, self.args = compute, args

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """A primitive; by a quantity, if there is one among the operands."""
        quantity = next((x for x in args if isinstance(x, Quantity)), None)
        if quantity is not None:
            return quantity.operate(name, args)
        return ByStep(OF_STEPS.get(name) or getattr(functions, name), args)

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        return by_numpy(self, ufunc, method, args, options)

    def __floordiv__(self, other: Any) -> Any:
        return ByStep(operator.floordiv, (self, other))

    def __mod__(self, other: Any) -> Any:
        return ByStep(operator.mod, (self, other))


class Quantity(Operators):
    """A node of the graph of a rule."""

    __slots__ = ("node", "reading")

    def __init__(self, reading: Reading, node: int) -> None:
        self.reading, self.node = reading, node

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """A primitive, as a new node."""
        reading = self.reading
        if name == "pow":
            return self._power(*args)
        if name not in EXACT:
            raise Unreadable(f"it uses {name}, whose last digits machine code need not have as NumPy has them")
        return Quantity(reading, reading.graph.apply(name, tuple(map(reading.node_of, args))))

    def _power(self, x: Any, exponent: Any) -> Any:
        """The powers that NumPy makes of exact operations."""
        if x is not self or isinstance(exponent, Operators) or exponent not in (1, 2, 0.5, -1):
            raise Unreadable("it takes a power that is no square, root or reciprocal")
        if exponent == 0.5:
            return self.operate("sqrt", (x,))
        return x if exponent == 1 else x * x if exponent == 2 else 1.0 / x

    def clip(self, low: Any, high: Any, out: Any = None) -> Any:
        """What numpy.clip asks for."""
        return OF_NUMPY["minimum"](OF_NUMPY["maximum"](self, low), high)

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        return by_numpy(self, ufunc, method, args, options)


def sign(x: Any) -> Any:
    """−1, 0 or 1, nan of nan, over exact rows."""
    known = (x <= 0.0) + (x >= 0.0)
    return functions.where(known, (x > 0.0) - (x < 0.0), x)


OF_NUMPY: dict[str, Callable[..., Any]] = {
    "sqrt": functions.sqrt, "absolute": operator.abs, "negative": operator.neg, "square": lambda x: x * x, "sign": sign,
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "true_divide": operator.truediv,
    "power": operator.pow, "maximum": functions.maximum, "minimum": functions.minimum,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge,
}  # fmt: skip


def by_numpy(x: Operators, ufunc: Any, method: str, args: Sequence[Any], options: dict[str, Any]) -> Any:
    """What a function of NumPy makes of numbers and symbols, one of which is x; Unreadable for most of them."""
    name = ufunc.__name__
    if name not in OF_NUMPY or method != "__call__" or options:
        raise Unreadable(f"it uses numpy.{name}")
    for other in args:
        if np.ndim(other) if not isinstance(other, Operators) else 0:
            raise Unreadable("it computes with an array of its own")
    return OF_NUMPY[name](*[other if isinstance(other, Operators) else number(other) for other in args])


class Reading:
    """A run of `update` on symbols: the graph that grows, and its columns."""

    def __init__(self, moments: int) -> None:
        self.graph = Graph()
        self.columns: dict[ByStep, int] = {}
        self.step, self.learning_rate = ByStep(int, ()), ByStep(float, ())
        self.p, self.g, *self.moments = [Quantity(self, self.graph.leaf("input", i)) for i in range(2 + moments)]

    def rate(self, step: Any) -> ByStep:
        """In the place of the rule's own: the learning rate at the step."""
        if step is not self.step:
            raise Unreadable("it asks for the learning rate at another step")
        return self.learning_rate

    def node_of(self, x: Any) -> int:
        """The node of a quantity, of a number by step, or of a number."""
        if isinstance(x, Quantity):
            if x.reading is not self:
                raise Unreadable("it uses what it kept from another step")
            return x.node
        if isinstance(x, ByStep):
            return self.graph.leaf("captured", self.columns.setdefault(x, len(self.columns)))
        if np.ndim(x):
            raise Unreadable("it computes with an array of its own")
        return self.graph.constant(number(x))


class Rule:
    """An update rule, for one parameter.

    graph       leaves: input 0 is p, 1 is g, from 2 on the moments before the step; captured: the columns
    ends        the nodes of the new p and of the new moments
    gradient    the node of g
    moments     how many there are
    nodes       those that are computed, inputs among them; constants: those that are numbers

    >>> from micrograd.optim import SGD
    >>> print(read(SGD(lr=0.1)).graph)
    0  input 0
    1  input 1
    2  captured 0
    3  mul 2 1
    4  sub 0 3
    """

    gradient = 1  # of the leaves, which are made in the order above

    def __init__(self, reading: Reading, ends: list[int]) -> None:
        self.graph, self.ends, self.moments = reading.graph, ends, len(reading.moments)
        self._step, self._rate, self._columns = reading.step, reading.learning_rate, list(reading.columns)
        self._order = needed(self._columns)
        graph, wanted = self.graph, {self.gradient, *ends}
        for node in range(len(graph) - 1, -1, -1):
            if node in wanted and graph.kind[node] in TABLE:
                wanted.update(graph.args[node])
        self.constants = [node for node in sorted(wanted) if graph.kind[node] == "constant"]
        self.nodes = [node for node in sorted(wanted) if graph.kind[node] not in ("constant", "captured")]

    def table(self, rate: float | Callable[[int], float], steps: range) -> Numbers:
        """The columns at these steps, (steps, columns); one row, (1, columns), where they are the same at all of them.

        rate: the learning rate, or a function of the step. Whatever error Python has at one of the steps.
        """
        known: dict[ByStep, Any] = {}
        for x in self._order:
            if x is self._step:
                known[x] = steps
                continue
            if x is self._rate:
                known[x] = list(map(rate, steps)) if callable(rate) else rate
                continue
            operands = [known[y] if isinstance(y, ByStep) else y for y in x.args]
            if any(map(is_row, operands)):
                known[x] = list(map(x.compute, *[y if is_row(y) else repeat(y) for y in operands]))
            else:
                known[x] = x.compute(*operands)
        columns = [known[x] for x in self._columns]
        table = np.empty((len(steps) if any(map(is_row, columns)) else 1, len(columns)))
        for k, column in enumerate(columns):
            table[:, k] = column
        return table

    def key(self) -> tuple[Any, ...]:
        """What tells rules apart that do the same at every step."""
        return (*self.graph.keys(), *self.ends)

    def at(self, row: Sequence[float], numbers: Sequence[float]) -> list[float]:
        """The new p and moments of one parameter, given a row of the table, and p, g and the moments."""
        found: list[float] = []
        for kind, args in zip(self.graph.kind, self.graph.args):
            if kind == "constant":
                found.append(args[0])
            elif kind in ("input", "captured"):
                found.append(float((numbers if kind == "input" else row)[args[0]]))
            else:
                found.append(TABLE[kind].forward(*[found[x] for x in args]))
        return [found[end] for end in self.ends]


def is_row(x: Any) -> bool:
    """Whether x is a number for every step, and not one for all."""
    return isinstance(x, (list, tuple, range))


def needed(ends: Sequence[ByStep]) -> list[ByStep]:
    """The ends and what they are computed from, operands first."""
    order: dict[ByStep, None] = {}
    waiting = list(reversed(ends))
    while waiting:
        missing = [x for x in waiting[-1].args if isinstance(x, ByStep) and x not in order]
        if missing:
            waiting += missing
        else:
            order[waiting.pop()] = None
    return list(order)


def read(optimizer: Any) -> Rule:
    """The rule of an optimiser, compared with its `update`. Unreadable where it is none, or does what no graph does.

    >>> from micrograd.optim import Adam
    >>> rule = read(Adam())
    >>> rule.moments, rule.table(lambda step: 0.001, range(1)).round(6).tolist()
    (2, [[0.1, 0.001, 0.001]])
    """
    if not isinstance(optimizer, UpdateRule) or getattr(optimizer.advance, "__func__", None) is not UpdateRule.advance:
        raise Unreadable("it is no UpdateRule, or has an `advance` of its own")
    expect_plain(optimizer)
    rule = run(optimizer)
    known, key = compared.setdefault(type(optimizer), set()), rule.key()
    if key not in known:
        if run(optimizer).key() != key:
            raise Unreadable("its update does something else at every step")
        compare(rule, optimizer)
        known.add(key)
    return rule


def expect_plain(optimizer: UpdateRule) -> None:
    """Unreadable, if the rule has attributes that may change without being set."""
    for name, x in vars(optimizer).items():
        if name not in MOVING and not is_plain(x):
            raise Unreadable(f"its attribute {name} is neither number nor text nor function, but {brief(x)}")


def is_plain(x: Any) -> bool:
    """Whether x is a number, a text, a function, or a tuple of such."""
    if isinstance(x, tuple):
        return all(map(is_plain, x))
    return isinstance(x, (*PLAIN, np.generic)) or callable(x)


def like(optimizer: UpdateRule, steps: Any, state: tuple[Any, ...], rate: Callable[[Any], Any]) -> UpdateRule:
    """The rule at a step, with another learning rate."""
    made: Any = copy(optimizer)
    made.steps, made.state = steps, state
    if getattr(made.rate, "__func__", None) is UpdateRule.rate:
        made.rate = rate
    if callable(made.lr):
        made.lr = rate
    return made


def run(optimizer: UpdateRule) -> Rule:
    """What `update` does with symbols."""
    count = len(optimizer.state or ()) if optimizer.steps else len(optimizer.moments())
    reading = Reading(count)
    moments = tuple(reading.moments)
    at_work = like(optimizer, reading.step, moments, reading.rate)
    before = vars(at_work).copy()
    try:
        p, state = at_work.update(reading.step, reading.p, reading.g, moments)  # type: ignore[arg-type]
        nodes = [reading.node_of(x) for x in (p, *state)]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"its update cannot be run on symbols: {error}") from error
    after = vars(at_work)
    if before.keys() != after.keys() or any(after[name] is not x for name, x in before.items()):
        raise Unreadable("its update changes attributes of its own")
    if len(nodes) != 1 + count:
        raise Unreadable(f"its update returns {len(nodes) - 1} moments where it gets {count}")
    return Rule(reading, nodes)


SPECIAL = (0.0, -0.0, 1.0, -2.5, 5e-324, -1e-310, 1e200, -1e300, np.inf, -np.inf, np.nan)
STEPS = (1, 2, 30, 1000)


def compare(rule: Rule, optimizer: UpdateRule) -> None:
    """Unreadable, if the rule does not give what `update` does, on arrays and on floats, to the bit."""
    generator = random.Random(0)
    pairs = [*product(SPECIAL, SPECIAL), *[(generator.gauss(0.0, 1.0), generator.gauss(0.0, 1.0)) for _ in range(32)]]
    moments = [[generator.choice((*SPECIAL, generator.random())) for _ in pairs] for _ in range(rule.moments)]
    columns = [*map(list, zip(*pairs)), *moments]
    for step in STEPS:
        [row] = rule.table(rate, range(step, step + 1)).tolist()
        expected = list(zip(*[rule.at(row, numbers) for numbers in zip(*columns)]))
        p, g, *state = [np.array(column) for column in columns]
        with np.errstate(all="ignore"):
            found = updated(optimizer, step, p, g, tuple(state))
        if len(found) != len(expected) or not all(map(same_bits, found, expected)):
            raise Unreadable("its update gives something else for arrays than for symbols")
        p, g, *state = [column[-1] for column in columns]
        try:
            found = updated(optimizer, step, p, g, tuple(state))
        except Unreadable:  # it takes arrays alone, which is enough
            continue
        if not all(map(same_bits, found, [column[-1] for column in expected])):
            raise Unreadable("its update gives something else for floats than for symbols")


def rate(step: int) -> float:
    """A learning rate that no rule has, for comparisons: a schedule of the user's may count its calls."""
    return 0.3 / (step + 1)


def updated(optimizer: UpdateRule, step: int, p: Any, g: Any, state: tuple[Any, ...]) -> list[Any]:
    """New p and moments of the rule at a step."""
    try:
        p, state = like(optimizer, step, state, rate).update(step, p, g, state)
        return [p, *state]
    except Exception as error:
        raise Unreadable(f"its update fails: {error}") from error


def same_bits(found: Any, expected: Sequence[float] | float) -> bool:
    """Whether numbers have the same bits; one nan is as good as another."""
    a, b = np.asarray(found), np.asarray(expected)
    if a.dtype.char != "d":
        return False
    return a.shape == b.shape and bool(((a.view(np.int64) == b.view(np.int64)) | ((a != a) & (b != b))).all())
