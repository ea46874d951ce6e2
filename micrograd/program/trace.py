"""Tracing: the user's scalar code runs once on placeholders, and the graph of one sample is what it did to them.

model       function of a list of inputs that returns a Value or a list of Values
loss        function of the model's prediction and the target
penalty     function of the parameters
placeholder stands for a number that is not known yet: an input, a target, a parameter, anything made of them
"""

from __future__ import annotations

from threading import RLock

from micrograd.dispatch import Operators, brief, number
from micrograd.engine import Value, topological
from micrograd.ops import TABLE
from micrograd.program.graph import Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


TRACING = RLock()  # one thread at a time: while code is traced, its parameters are placeholders


class TraceError(TypeError):
    """The code to compile does something that depends on the numbers, which a program cannot record."""


def users_line() -> str:
    """File, line and text of the innermost frame outside this package, NumPy and the standard library."""
    import linecache
    import os
    import sys

    library, package = (os.path.dirname(os.path.abspath(file)) + os.sep for file in (os.__file__, __file__))
    numpy = getattr(sys.modules.get("numpy"), "__file__", None) or __file__
    ours = (os.path.dirname(package[:-1]) + os.sep, os.path.dirname(os.path.abspath(numpy)) + os.sep)

    def foreign(file: str) -> bool:
        path = os.path.abspath(file)
        return path.startswith(ours) or path.startswith(library) and "site-packages" not in path

    frame: Any = sys._getframe(1)
    while frame.f_back is not None and foreign(frame.f_code.co_filename):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f'{name}, line {line}: "{linecache.getline(name, line, frame.f_globals).strip()}"'


def refuse(what: str, cure: str) -> Any:
    """Raise TraceError for the user's line."""
    raise TraceError(f"{what} while the code is compiled, but its number changes from call to call. {cure}. "
                     f"In {users_line()}")  # fmt: skip


class Placeholder(Operators):
    """What stands for a Value while code is traced: everything that Values do, except tell their number."""

    __slots__ = ()
    graph: Graph

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name` on args, as a new node."""
        return Traced(self.tracer, self.tracer.apply(name, args))  # type: ignore[attr-defined]

    def __pos__(self) -> Any:
        return self

    def __radd__(self, other: Any) -> Any:
        if other.__class__ is int and other == 0:  # as in Value: sum(values) starts from the int 0
            return self
        return self.operate("add", (other, self))

    def __bool__(self) -> bool:
        return refuse("a branch asks whether a Value is true", "Write where(condition, x, y), maximum or minimum")

    def __float__(self) -> float:
        return refuse("a Value is turned into a number", "Use micrograd's functions in place of those of math")

    __int__ = __index__ = __complex__ = __trunc__ = __floor__ = __ceil__ = __float__

    def __round__(self, digits: Any = None) -> Any:
        return float(self)

    def where(self, x: Any, y: Any) -> Any:
        """x where self is not 0, else y."""
        return self.operate("where", (self, x, y))

    @property
    def data(self) -> float:
        """Refused."""
        return refuse("`.data` is read", "Compute with the Value itself")

    @data.setter
    def data(self, value: Any) -> None:
        refuse("`.data` is set", "Change parameters outside the model")

    @property
    def grad(self) -> float:
        """Refused."""
        return refuse("`.grad` is read", "Read gradients outside the model")

    @grad.setter
    def grad(self, value: Any) -> None:
        refuse("`.grad` is set", "Set gradients outside the model")

    def backward(self) -> None:
        """Refused."""
        refuse("`backward` is called", "A program gives value and gradient by itself")

    def __repr__(self) -> str:
        return "Value(to be known later)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return refuse("a Value is formatted", "Print after compiling") if spec else repr(self)


def method(name: str) -> Callable[..., Any]:
    """The method of a primitive."""
    return lambda self, *args: self.operate(name, (self, *args))


for _name in TABLE:
    if hasattr(Value, _name) and not hasattr(Placeholder, _name):
        setattr(Placeholder, _name, method(_name))


class Traced(Placeholder):
    """The placeholder for one node."""

    __slots__ = ("tracer", "node", "label")

    def __init__(self, tracer: Tracer, node: int) -> None:
        self.tracer, self.node, self.label = tracer, node, ""

    def __add__(self, other: Any) -> Any:  # the two operators of a network, without detours
        tracer = self.tracer
        node = other.node if other.__class__ is Traced else tracer.node_of(other)
        return Traced(tracer, tracer.graph.apply("add", (self.node, node)))

    def __mul__(self, other: Any) -> Any:
        tracer = self.tracer
        node = other.node if other.__class__ is Traced else tracer.node_of(other)
        return Traced(tracer, tracer.graph.apply("mul", (self.node, node)))


class Tracer:
    """Builds the graph of one sample. `parameters` are leaves, all different, `held` the other leaves met on the way.

    Used as a context: inside, the parameters themselves are placeholders (their class is changed and put back).
    """

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.graph = Graph()
        self.parameters = list(parameters)
        self.held: list[Value] = []
        self.nodes = {id(p): self.graph.leaf("parameter", i) for i, p in enumerate(self.parameters)}

    def __enter__(self) -> Tracer:
        TRACING.acquire()
        self._classes: list[type] = []
        try:
            stand_ins = {cls: type(cls.__name__, (Placeholder, cls), {"__slots__": (), "tracer": self})
                         for cls in {type(p) for p in self.parameters}}  # fmt: skip
            for p in self.parameters:
                self._classes.append(type(p))
                p.__class__ = stand_ins[type(p)]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *details: Any) -> None:
        for p, cls in zip(self.parameters, self._classes):
            p.__class__ = cls
        TRACING.release()

    def end(self, x: Any, expected: str) -> int:
        """The node of what the user's code returned; TypeError, saying what was expected, for what has none."""
        try:
            return self.node_of(x)
        except TypeError as error:
            if isinstance(error, TraceError):
                raise
            got = "None: is a return missing?" if x is None else brief(x)
            raise TypeError(f"expected {expected}, got {got}") from None

    def placeholders(self, kind: str, count: int) -> list[Traced]:
        """Inputs or targets."""
        return [Traced(self, self.graph.leaf(kind, i)) for i in range(count)]

    def apply(self, name: str, args: tuple[Any, ...]) -> int:
        """The node of a primitive on placeholders, Values and numbers."""
        return self.graph.apply(name, tuple([self.node_of(x) for x in args]))

    def node_of(self, x: Any) -> int:
        """The node of a placeholder, a Value (with all it was computed from) or a number."""
        if x.__class__ is Traced:
            if x.tracer is not self:
                raise TraceError("expected Values of one compilation, got one that was kept from another")
            return x.node
        if x.__class__ is float:
            return self.graph.constant(x)
        found = self.nodes.get(id(x))
        if found is not None:
            return found
        return self._recorded(x) if isinstance(x, Value) else self.graph.constant(number(x))

    def _recorded(self, root: Value) -> int:
        """The node of a Value that was made before or outside: its graph becomes part of this one."""
        for value in topological(root):
            if id(value) in self.nodes:
                continue
            if value.op is None:
                self.nodes[id(value)] = self.graph.leaf("held", len(self.held))
                self.held.append(value)
            else:
                self.nodes[id(value)] = self.apply(value.op.name, value.args)
                self._keep.append(value)
        return self.nodes[id(root)]

    @property
    def _keep(self) -> list[Value]:
        """Values whose id stands in `nodes`: kept, so that no other object gets that id."""
        return self.__dict__.setdefault("_kept", [])


class Trace:
    """One sample's graph with its ends.

    outputs     nodes of what the model returns; `bare` if that is a single Value and no list
    loss        node of the loss; None without one
    penalty     node of the penalty; None without one
    inputs, targets     how many numbers a sample and a target have; targets is 0 for a bare number
    """

    def __init__(self, tracer: Tracer, outputs: list[int], bare: bool, loss: int | None, penalty: int | None,
                 inputs: int, targets: int) -> None:  # fmt: skip
        self.graph, self.parameters, self.held = tracer.graph, tracer.parameters, tracer.held
        self.outputs, self.bare, self.loss, self.penalty = outputs, bare, loss, penalty
        self.inputs, self.targets = inputs, targets


def trace(
    model: Callable[[list[Any]], Any], inputs: int, parameters: Sequence[Value], *,
    loss: Callable[[Any, Any], Any] | None = None, targets: int = 0, penalty: Callable[[Any], Any] | None = None,
) -> Trace:  # fmt: skip
    """Run the code once on placeholders. TraceError, naming the user's line, where it asks for a number.

    >>> from micrograd import Value
    >>> w = Value(2.0)
    >>> print(trace(lambda x: w * x[0], 1, [w]).graph)
    0  parameter 0
    1  input 0
    2  mul 0 1
    """
    with Tracer(parameters) as tracer:
        prediction = model(tracer.placeholders("input", inputs))
        bare = not isinstance(prediction, (list, tuple))
        expected = "the model to return a Value or a list of Values"
        outputs = [tracer.end(x, expected) for x in ([prediction] if bare else prediction)]
        if not outputs:
            raise TypeError(f"expected {expected}, got an empty {type(prediction).__name__}")
        nodes = []
        if loss is not None:
            target = tracer.placeholders("target", targets or 1)
            share = loss(prediction, target if targets else target[0])
            expected = "the loss to be a Value that depends on the parameters"
            if not isinstance(share, (Placeholder, Value)):
                raise TypeError(f"expected {expected}, got {share!r}")
            nodes.append(tracer.node_of(share))
        if penalty is not None:
            nodes.append(tracer.end(penalty(tracer.parameters), "the penalty to be a Value or a number"))
    ends = iter(nodes)
    return Trace(tracer, outputs, bare, None if loss is None else next(ends), None if penalty is None else next(ends),
                 inputs, targets)  # fmt: skip


def trace_expression(roots: Sequence[Value], bare: bool, inputs: Sequence[Value]) -> Trace:
    """A built expression as a function of some of its leaves; its other leaves are the parameters."""
    chosen = {id(x): i for i, x in enumerate(inputs)}
    found: dict[int, Value] = {}
    for root in roots:
        for node in topological(root):
            if node.op is None and id(node) not in chosen:
                found.setdefault(id(node), node)
    tracer = Tracer(list(found.values()))
    for i, x in enumerate(inputs):
        tracer.nodes[id(x)] = tracer.graph.leaf("input", i)
    outputs = [tracer.node_of(root) for root in roots]
    return Trace(tracer, outputs, bare, outputs[0] if bare else None, None, len(inputs), 0)
