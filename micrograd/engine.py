"""`Value`, a number that remembers how it was computed, and `backward`, which walks that memory.

    node                a Value; a leaf was made by hand, an inner node by a primitive
    x, y, z             data of the operands and of the result
    _a, _b              first and second operand of a node: a Value, or a float where the operand is a plain number
    _da, _db            their cached local derivatives; None where no gradient flows
    order               inner nodes, operands before results

A node with more than two operands keeps the tuple of operands in `_a` and the tuple of partials in `_b`.
Nothing here recurses, so that a graph may be a million nodes deep.

First stands how rows become methods that make nodes; then `Value`, with `backward` and a line for every method; then
the walks, from a root down to its leaves. It is one file, so that it can be read in one sitting.
"""

from __future__ import annotations

from micrograd import ops
from micrograd.core.choice import compiled
from micrograd.dispatch import Operators, brief, equals, is_tensor, number
from micrograd.lectures import Lectures
from micrograd.messages.counterparts import absent
from micrograd.messages.help import Constructor, document
from micrograd.messages.refusals import BY_HAND, DIGITS, SLIPS, Quiet, Refusals
from micrograd.ops import Op, find

__all__ = ["Value", "topological"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence, Union

    Operand = Union["Value", float]
    Binary = Callable[["Value", Operand], "Value"]
else:
    __getattr__ = absent(__name__)

new = object.__new__
SLOTS = ("data", "grad", "op", "label", "_mark", "_a", "_da", "_b", "_db")


# How nodes are made


@compiled
def assemble(op: Op, z: float, args: tuple[Any, ...], partials: tuple[float | None, ...]) -> Value:
    """The inner node with these operands and cached local derivatives, for any number of them.

    The methods below write the same out for one operand and for two, which saves them the call.
    """
    out = new(Value)
    out.data, out.grad, out.op, out.label, out._mark = z, 0.0, op, "", None
    if len(args) > 2:
        out._a, out._da, out._b, out._db = args, None, partials, None
    else:
        out._a, out._da = args[0], partials[0]
        out._b, out._db = (args[1], partials[1]) if len(args) == 2 else (None, None)
    return out


def cached(op: Op, i: int) -> Callable[..., float | None]:
    """The function (x, y, z) -> local derivative i for the cache: None for a constant 0 and a branch not taken."""
    partial: Any = op.partials[i]
    if partial.__class__ is float:
        constant = partial or None
        return lambda *args: constant
    if op.selects:
        return lambda *args: partial(*args, 1.0) or None
    return partial


def apply(op: Op, args: tuple[Any, ...]) -> Value:
    """The node `op(*args)`, for any number of operands, Values or numbers; a placeholder among them answers for all."""
    for x in args:
        if isinstance(x, Operators):
            return x.operate(op.name, args)
    args = tuple([x if isinstance(x, Value) else number(x) for x in args])
    data = [x.data if isinstance(x, Value) else x for x in args]
    z = op.forward(*data)
    partials = [cached(op, i)(*data, z) if isinstance(x, Value) else None for i, x in enumerate(args)]
    return assemble(op, z, args, tuple(partials))


def applied(op: Op, x: Any, y: Any) -> Any:
    """A primitive called by its name on operands that are not plain Values and floats."""
    return apply(op, (x, y))


def mixed(op: Op, x: Any, y: Any) -> Any:
    """A binary operator on operands that are not plain Values and floats; NotImplemented lets an array take over."""
    other = y if isinstance(x, Value) else x
    if not isinstance(other, (Value, Operators)):
        try:
            number(other)
        except TypeError:
            if type(other).__module__ == "builtins" or is_tensor(other):
                raise
            return NotImplemented
    return apply(op, (x, y))


def unary(op: Op) -> Callable[[Value], Value]:
    """The method of a primitive with one operand."""
    forward, partial = op.forward, cached(op, 0)

    def method(self: Value) -> Value:
        x = self.data
        out = new(Value)
        out.data = z = forward(x)
        out._da = partial(x, z)
        out.op = op
        out.grad = 0.0
        out.label = ""
        out._mark = None
        out._a = self
        out._b = out._db = None
        return out

    return method


def function(op: Op) -> Binary:
    """The method of a primitive with two operands that is called by its name."""
    return binary(op, applied)


def binary(op: Op, otherwise: Callable[[Op, Any, Any], Any] = mixed) -> Binary:
    """The method of an operator; `otherwise` answers for operands that are not plain Values and floats."""
    if op.partials[0].__class__ is float and op.partials[1].__class__ is float:
        return linear(op, otherwise)
    forward, partial_a, partial_b = op.forward, cached(op, 0), cached(op, 1)

    def method(self: Value, other: Operand, /) -> Value:
        x = self.data
        out = new(Value)
        kind = other.__class__
        if kind is Value or kind is Leaf:
            y = other.data  # type: ignore[union-attr]
            out.data = z = forward(x, y)
            out._db = partial_b(x, y, z)
        else:
            if kind is not float:
                if kind is not int:
                    return otherwise(op, self, other)
                other = number(other)
            y = other
            out.data = z = forward(x, y)
            out._db = None
        out._da = partial_a(x, y, z)
        out.op = op
        out.grad = 0.0
        out.label = ""
        out._mark = None
        out._a = self
        out._b = other
        return out

    return method


def linear(op: Op, otherwise: Callable[[Op, Any, Any], Any]) -> Binary:
    """The method of an operator whose partials are constants: as in `binary`, two calls less."""
    forward = op.forward
    da, db = (cached(op, i)() for i in (0, 1))  # the constants

    def method(self: Value, other: Operand, /) -> Value:
        out = new(Value)
        kind = other.__class__
        if kind is Value or kind is Leaf:
            out.data = forward(self.data, other.data)  # type: ignore[union-attr]
            out._db = db
        else:
            if kind is not float:
                if kind is not int:
                    return otherwise(op, self, other)
                other = number(other)
            out.data = forward(self.data, other)
            out._db = None
        out._da = da
        out.op = op
        out.grad = 0.0
        out.label = ""
        out._mark = None
        out._a = self
        out._b = other
        return out

    return method


def reflected(op: Op) -> Binary:
    """The method of an operator for a number on the left: `2.0 - x`."""
    forward, partial = op.forward, cached(op, 1)

    def method(self: Value, other: Operand, /) -> Value:
        kind = other.__class__
        if kind is not float:
            if kind is not int:
                return mixed(op, other, self)
            other = number(other)
        y = self.data
        out = new(Value)
        out.data = z = forward(other, y)
        out._db = partial(other, y, z)
        out.op = op
        out.grad = 0.0
        out.label = ""
        out._mark = None
        out._a = other
        out._b = self
        out._da = None
        return out

    return method


@compiled
class Value(Lectures, Refusals):
    """A number that remembers how it was computed.

    `Value(data, label="")` makes a leaf; operators, methods and `micrograd`'s functions make inner nodes.
    `data` is an int, float, bool or NumPy scalar, kept as a float; TypeError for anything else.

    data        the number
    grad        after `root.backward()`: ∂root/∂self, added up in leaves, fresh in inner nodes
    op          the primitive's row, None for a leaf
    args        operands, in order: Values, and floats for plain numbers
    partials    the local derivative for each operand, cached when the node was made
    label       a name for pictures and explanations

    `<  <=  >  >=` compare numbers and give a Value of 0 or 1. `==  !=` give a bool: a Value equals a number if its
    data does, and another Value only if that is the same object. Hash is identity: lists and tuples look for the
    number, sets and dictionaries for the object.

    >>> x = Value(2.0, label="x")
    >>> y = x**2 + 3.0 * x
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)
    >>> t = Value(0.0)
    >>> t == 0, t in [0.0], t in {0.0}, t == Value(0.0)
    (True, True, False, False)
    """

    __slots__ = SLOTS

    data: float
    grad: float
    op: Op | None
    label: str
    _mark: Any
    _a: Any
    _da: float | None
    _b: Any
    _db: Any

    if not TYPE_CHECKING:  # what a constructor takes is said by __init__, here and in subclasses

        def __new__(cls, *args, **options):
            return new(Leaf if cls is Value else cls)

        __signature__ = Constructor()

    def __init__(self, data: float, label: str = "") -> None:
        if not isinstance(label, str):
            cure = f"; {BY_HAND}" if isinstance(label, (tuple, list, set, frozenset)) else ""
            raise TypeError(f"expected a label of type str, got {brief(label)}{cure}")
        self.data = number(data)
        self.grad, self.op, self.label, self._mark = 0.0, None, label, None
        self._a = self._da = self._b = self._db = None

    def backward(self) -> None:
        """Reverse-mode differentiation: set `grad` of every node that self depends on to ∂self/∂node.

        Leaves add up over calls until their `grad` is set to 0; inner nodes start fresh at every call.
        The cached local derivatives are used, so changing a leaf's `data` afterwards does not matter.
        Where the gradient is exactly 0 it stops; nan and inf travel on.
        Threads may go backward at the same time in graphs that share leaves, but not in graphs that share inner nodes,
        which keep the `grad` and the mark of one pass: there use `gradient`, which only reads, or a lock.
        (Griewank & Walther, Evaluating Derivatives, 2nd ed. 2008, section 3.2.)

        >>> x = Value(3.0)
        >>> (x**3).backward()
        >>> x.grad
        27.0
        """
        order = inner_nodes(self)
        for node in order:
            node.grad = 0.0
        self.grad += 1.0
        order.reverse()
        for node in order:
            g = node.grad
            if g:
                d = node._da
                if d is not None:
                    node._a.grad += d * g
                elif node._b.__class__ is tuple:
                    node._pass_on()
                    continue
                d = node._db
                if d is not None:
                    node._b.grad += d * g

    def _pass_on(self) -> None:
        """One step of `backward`: add what the operands receive of this node's `grad`."""
        g = self.grad
        for x, d in zip(self.args, self._cached):
            if g and d is not None and isinstance(x, Value):
                x.grad += d * g

    @property
    def _cached(self) -> tuple[float | None, ...]:
        """One cached local derivative per operand, None where no gradient flows."""
        if self._b.__class__ is tuple:
            return self._b
        return () if self.op is None else (self._da,) if self._b is None else (self._da, self._db)

    @property
    def args(self) -> tuple[Value | float, ...]:
        """The operands, in order: Values, and floats for plain numbers; () for a leaf."""
        if self._b.__class__ is tuple:
            return self._a
        return () if self.op is None else (self._a,) if self._b is None else (self._a, self._b)

    @property
    def partials(self) -> tuple[float, ...]:
        """The cached local derivative for each operand; 0.0 for a plain number and for a branch not taken."""
        return tuple([0.0 if d is None else d for d in self._cached])

    def operate(self, name: str, args: tuple[Any, ...]) -> Value:
        """The primitive `name` on args; how `micrograd.functions` reach Values."""
        op = find(name)
        method = getattr(Value, name, None) if len(args) == 1 else None
        return apply(op, args) if method is None else method(self)

    # arithmetic
    __add__ = binary(ops.ADD)
    _radd = reflected(ops.ADD)
    __sub__ = binary(ops.SUB)
    __rsub__ = reflected(ops.SUB)
    __mul__ = binary(ops.MUL)
    __rmul__ = reflected(ops.MUL)
    __truediv__ = binary(ops.DIV)
    __rtruediv__ = reflected(ops.DIV)
    __pow__ = binary(ops.POW)
    __rpow__ = reflected(ops.POW)
    __neg__ = unary(ops.NEG)
    __abs__ = unary(ops.ABS)

    def __radd__(self, other: Operand) -> Value:
        if other.__class__ is int and other == 0:  # sum(values) starts from the int 0 and leaves no stray node
            return self
        return self._radd(other)

    def __pos__(self) -> Value:
        return self

    def __round__(self, digits: None = None) -> Value:
        if digits is not None:
            raise TypeError(f"round(x, digits) is not defined for Values: {DIGITS}")
        return self.round()

    # comparisons
    __lt__ = binary(ops.LESS)
    __le__ = binary(ops.LESS_EQUAL)
    __gt__ = binary(ops.GREATER)
    __ge__ = binary(ops.GREATER_EQUAL)

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __eq__(self, other: object) -> bool:
        kind = other.__class__
        if kind is float or kind is int:
            return self.data == other
        return self is other if isinstance(other, Value) else equals(self, other)

    __hash__ = object.__hash__

    # functions
    abs = unary(ops.ABS)
    pow = function(ops.POW)
    div = function(ops.DIV)
    exp = unary(ops.EXP)
    expm1 = unary(ops.EXPM1)
    log = unary(ops.LOG)
    log1p = unary(ops.LOG1P)
    sqrt = unary(ops.SQRT)
    erf = unary(ops.ERF)
    gaussian = unary(ops.GAUSSIAN)
    sin = unary(ops.SIN)
    cos = unary(ops.COS)
    tan = unary(ops.TAN)
    asin = unary(ops.ASIN)
    acos = unary(ops.ACOS)
    atan = unary(ops.ATAN)
    atan2 = function(ops.ATAN2)
    hypot = function(ops.HYPOT)
    sinh = unary(ops.SINH)
    cosh = unary(ops.COSH)
    tanh = unary(ops.TANH)
    sech2 = unary(ops.SECH2)
    sigmoid = unary(ops.SIGMOID)
    softplus = unary(ops.SOFTPLUS)
    round = unary(ops.ROUND)
    copysign = function(ops.COPYSIGN)
    relu = unary(ops.RELU)
    maximum = function(ops.MAXIMUM)
    minimum = function(ops.MINIMUM)
    detach = unary(ops.DETACH)

    def where(self, x: Operand, y: Operand) -> Value:
        """x where self is not 0, else y: `(a > b).where(x, y)`."""
        return apply(ops.WHERE, (self, x, y))

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={shown(self.data)}, grad={shown(self.grad)}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __copy__(self) -> Value:
        clone = new(self.__class__)  # which other threads see as it is while one traces
        for name in SLOTS:
            setattr(clone, name, getattr(self, name))
        if hasattr(self, "__dict__"):
            clone.__dict__.update(self.__dict__)
        return clone

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from micrograd.copying import deep_copy

        return deep_copy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        from micrograd.copying import reduced

        return reduced(self)


@compiled
class Leaf(Value, metaclass=Quiet):
    """A Value made by hand: a parameter or an input. Unlike inner nodes it takes attributes of the user's own."""

    __slots__ = ("__dict__", "__weakref__")
    __origin__ = Value  # what `help` of a leaf describes
    vars().update(SLIPS)


document(Value, ops)
Leaf.__name__ = Leaf.__qualname__ = "Value"  # in messages, Python's own too, and in `help`, it is one


# Walks from a root down


@compiled
def inner_nodes(root: Value) -> list[Value]:
    """The inner nodes that root depends on, operands before results, root last; [] for a leaf. For `backward` alone.

    Depth first. A fresh object marks what is done, which costs less than the set of `topological`; leaves are never
    marked, so graphs that share only leaves can be walked in different threads.
    """
    order: list[Value] = []
    if root.op is None:
        return order
    mark = object()
    append = order.append
    waiting: list[Value] = []
    push, pop = waiting.append, waiting.pop
    node = root
    while True:
        a = node._a
        while a.__class__ is Value and a._mark is not mark:  # down along the first operands
            push(node)
            node = a
            a = node._a
        while True:  # first operands are done here
            b = node._b
            if b.__class__ is Value:
                if b._mark is not mark:
                    push(node)
                    node = b
                    break
            elif b.__class__ is tuple:
                pending = [x for x in node._a if x.__class__ is Value and x._mark is not mark]
                if pending:
                    push(node)
                    node = pending[0]
                    break
            node._mark = mark
            append(node)
            if not waiting:
                return order
            node = pop()


@compiled
def topological(root: Value) -> list[Value]:
    """All nodes that root depends on, leaves too, each once: operands before results, root last.

    Inner nodes depth first, each leaf just before the first node that takes it. Nothing is written to the graph, so
    that threads may walk one graph at the same time.

    >>> x = Value(3.0, label="x")
    >>> [node.label or node.op.name for node in topological(x * x + 1.0)]
    ['x', 'mul', 'add']
    """
    order: list[Value] = []
    done: set[Any] = set()
    waiting: list[Value] = []
    node = root
    while True:
        a, b = node._a, node._b
        if a.__class__ is Value and a not in done:
            waiting.append(node)
            node = a
        elif b.__class__ is Value and b not in done:
            waiting.append(node)
            node = b
        elif b.__class__ is tuple and (pending := [x for x in a if x.__class__ is Value and x not in done]):
            waiting.append(node)
            node = pending[0]
        else:
            for x in a if b.__class__ is tuple else (a, b):
                if isinstance(x, Value) and x not in done:  # a leaf
                    done.add(x)
                    order.append(x)
            done.add(node)
            order.append(node)
            if not waiting:
                return order
            node = waiting.pop()


def numbered(nodes: Sequence[Value]) -> tuple[dict[int, int], list[tuple[Any, ...]]]:
    """id(node) -> its place among nodes, and for each node its operands: a place for a Value, else the number.

    >>> x = Value(3.0)
    >>> numbered([x, x * 2.0])[1]
    [(), (0, 2.0)]
    """
    place = {id(node): i for i, node in enumerate(nodes)}
    return place, [tuple([place[id(x)] if isinstance(x, Value) else x for x in node.args]) for node in nodes]


def adjoints(root: Value) -> dict[int, float]:
    """id(node) -> ∂root/∂node, the bits that `backward` computes; no `grad` is touched. What gets nothing is missing.

    >>> x = Value(3.0)
    >>> adjoints(x * x)[id(x)], x.grad
    (6.0, 0.0)
    """
    found = {id(root): 1.0}
    get = found.get
    for node in reversed(topological(root)):
        g = get(id(node))
        if g:
            pairs: Any = ((node._a, node._da), (node._b, node._db))
            for x, d in zip(node._a, node._b) if node._b.__class__ is tuple else pairs:
                if d is not None:
                    found[id(x)] = get(id(x), 0.0) + d * g
    return found


def shown(x: Any) -> str:
    """A number with ten digits; whatever else somebody put in its place, with its type."""
    if isinstance(x, Value):
        return "a Value"
    try:
        return f"{x:.10g}"
    except (TypeError, ValueError):
        return brief(x)
