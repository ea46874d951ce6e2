"""One run of the user's code on placeholders: the graph of one sample is what it did to them.

placeholder stands for a number that is not known yet: an input, a target, a parameter, anything made of them
captured        leaves that the code uses beside its parameters; their numbers are read anew at every step
"""

from __future__ import annotations

from copy import copy

from micrograd.collector import paused
from micrograd.compiler.scalar.derivatives.links import Finite
from micrograd.compiler.scalar.derivatives.sweeps import reverse
from micrograd.compiler.scalar.graph import LEAVES, Graph, chosen
from micrograd.compiler.scalar.placeholders import Placeholder, Traced, TraceError
from micrograd.compiler.scalar.stand_ins import StandIns
from micrograd.compiler.scalar.users_code import line_of, users_line
from micrograd.compiler.state.state import State
from micrograd.dispatch import brief, number
from micrograd.engine import Value, topological
from micrograd.messages.counterparts import lacking
from micrograd.ops import TABLE
from micrograd.system.forking import TRACING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.code import Code


class Tracer:
    """Builds the graph of one sample. `parameters` are leaves, all different, `captured` the others on the way.

    Used as a context: inside, the parameters themselves are placeholders for this thread.

    built       the inner Values that were there before the code ran, by id: eager code keeps their numbers
    moving      ids of the parameters, which are placeholders in the code: what it computes from them is no Value
    open        whether the code still runs
    refused     the first question for a number, whether or not the code caught the error
    loops       of one point, where `scan` may become a loop and `take` is made of choices: how many operations such a
                loop has at least, with all its steps; 0: the graph is of a sample
    indices     (kind, which) of the inputs and targets that are indices -> how many entries the smallest table has
    """

    def __init__(
        self, parameters: Sequence[Value], graph: Graph | None = None, built: Sequence[Value] = (), loops: int = 0
    ) -> None:
        self.graph = Graph() if graph is None else graph
        self.parameters, self.built = list(parameters), {id(x) for x in built}
        self.captured: list[Value] = []
        self.nodes = {id(p): self.graph.leaf("parameter", i) for i, p in enumerate(self.parameters)}
        self.moving: set[int] = set()
        self.open, self.refused, self.loops = False, None, loops
        self.indices: dict[tuple[str, int], int] = {}
        self._finite = Finite(self.graph)
        self._stand_ins = StandIns()
        self._kept: list[Value] = []  # whose id stands in `nodes`, so that no other object gets it

    def __enter__(self) -> Tracer:
        TRACING.acquire()
        try:
            self._stand_ins.replace(self.parameters, self)
        except BaseException:
            TRACING.release()
            raise
        self.open = True
        self.moving = {id(p) for p in self.parameters}
        return self

    def __exit__(self, *details: Any) -> None:
        self.open = False
        self._stand_ins.give_back()
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

    def entry(self, index: int, entries: Sequence[Any]) -> int | None:
        """The node of the one of the entries that an index chooses; None if it is neither input nor target."""
        kind, args = self.graph.kind[index], self.graph.args[index]
        if kind not in ("input", "target"):
            return None
        count = len(entries)
        self.indices[kind, args[0]] = min(count, self.indices.get((kind, args[0]), count))
        nodes = tuple(map(self.node_of, entries))
        uniform = not self.loops and True not in [self.graph.varying[node] for node in nodes]
        return self.graph.take(index, nodes) if uniform else chosen(self.graph, index, nodes)

    def slopes(self, node: int, wrt: list[int]) -> list[int]:
        """The derivatives of a node, zero-safe as those of eager code."""
        return reverse(self.graph, [node], [self.graph.constant(1.0)], wrt, True, self._finite, again=True)

    def node_of(self, x: Any) -> int:
        """The node of a placeholder, a Value (with all it was computed from) or a number."""
        if x.__class__ is Traced:
            if x.tracer is not self:
                raise TraceError(
                    "the code uses what it stored when it ran before: a program computes every sample by "
                    f"itself. Give such a state as an input. In {users_line()}"
                )
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
                if id(value) in self.moving:
                    raise TraceError(
                        "the code uses a Value that was computed from its parameters before it ran: such "
                        "a Value keeps its number when they move. Compute it inside, and keep it in no "
                        f"cache. In {users_line()}"
                    )
                continue
            if value.op is None or id(value) in self.built:
                self.nodes[id(value)] = self.graph.leaf("captured", len(self.captured))
                self.captured.append(value)
            else:
                if TABLE.get(value.op.name) is not value.op:
                    raise TraceError(
                        f"the primitive {value.op.name!r} is not in the table that is compiled: put its "
                        f"row there, micrograd.ops.TABLE[{value.op.name!r}] = row"
                    )
                self.nodes[id(value)] = self.apply(value.op.name, value.args)
                self._kept.append(value)
        return self.nodes[id(root)]


class Trace:
    """One sample's graph with its ends.

    outputs     nodes of what the model returns; `bare` if that is a single Value and no list
    loss        node of the loss; None without one
    penalty     node of the penalty; None without one
    inputs, targets     how many numbers a sample and a target have; targets is 0 for a bare number
    ordered     whether the parameters have an order that the user knows of: given, or that of one parameter alone
    indices     the inputs and targets that are indices, see `Tracer`
    guard, places, charges  of a trace of derivatives, see `matrices`: for each output its place in the matrix, (row,
                column), and the node of what is added to it once
    """

    ordered, guard = True, False
    places: Sequence[tuple[int, int]] = ()
    charges: Sequence[int] = ()

    def __init__(
        self,
        tracer: Tracer,
        outputs: list[int],
        bare: bool,
        loss: int | None,
        penalty: int | None,
        inputs: int,
        targets: int,
    ) -> None:
        self.graph, self.parameters, self.captured = tracer.graph, tracer.parameters, tracer.captured
        self.outputs, self.bare, self.loss, self.penalty = outputs, bare, loss, penalty
        self.inputs, self.targets, self.indices = inputs, targets, tracer.indices

    def __str__(self) -> str:
        return f"{self.graph}\noutputs {' '.join(map(str, self.outputs))}"

    def copy(self) -> Trace:
        """A trace of the same graph, which may be told something else."""
        return copy(self)

    def same(self, other: Trace) -> bool:
        """Whether two traces compute the same; the Values that they hold may be others."""
        mine, theirs = [
            (x.outputs, x.bare, x.loss, x.penalty, x.inputs, x.targets, x.indices, len(x.captured))
            for x in (self, other)
        ]
        return mine == theirs and self.graph.same(other.graph)


def state_of(code: Code) -> State:
    """The Python state that the code can reach, beside the numbers of its parameters."""
    return State(code.model, code.loss, code.penalty, apart_from=code.parameters)


def trace_once(
    code: Code,
    on_numbers: Callable[[], Any] | None = None,
    *,
    graph: Graph | None = None,
    built: Sequence[Value] | None = None,
) -> Trace:
    """One run of the code; `built` are the inner Values that it can reach."""
    tracer = Tracer(code.parameters, graph, state_of(code).built if built is None else built, code.loops)
    loss, penalty, targets = code.loss, code.penalty, code.targets
    with tracer, paused():
        try:
            prediction = code.model(tracer.placeholders("input", code.inputs))
            if loss is not None:
                target = tracer.placeholders("target", targets or 1)
                share = loss(prediction, target if targets else target[0])
            if penalty is not None:
                charge = penalty(list(tracer.parameters))
        except Exception as caught:
            failed: Exception | None = caught
        else:
            failed = None
    if tracer.refused is not None:
        raise tracer.refused from (None if failed is tracer.refused else failed)
    if failed is not None:
        raise fault_of_placeholders(failed, on_numbers)
    bare = not isinstance(prediction, (list, tuple))
    expected = "the model to return a Value or a list of Values"
    outputs = [tracer.end(x, expected) for x in ([prediction] if bare else prediction)]
    if not outputs:
        raise TypeError(f"expected {expected}, got an empty {type(prediction).__name__}")
    ends: dict[str, int] = {}
    if loss is not None:
        if not isinstance(share, (Placeholder, Value)):
            raise TypeError(f"expected the loss to be a Value that depends on the parameters, got {share!r}")
        ends["loss"] = tracer.node_of(share)
    if penalty is not None:
        ends["penalty"] = tracer.end(charge, "the penalty to be a Value or a number")
    return Trace(tracer, outputs, bare, ends.get("loss"), ends.get("penalty"), code.inputs, targets)


def fault_of_placeholders(error: Exception, on_numbers: Callable[[], Any] | None) -> Exception:
    """The error to raise for one that the code had on placeholders: a TraceError if it has none on numbers."""
    if isinstance(error, TraceError) or on_numbers is None:
        return error
    try:
        on_numbers()
    except Exception:
        return error
    cure = lacking(error) or "compute with micrograd's functions alone"
    refusal = TraceError(
        f"on numbers the code runs, but while it is compiled it raises {type(error).__name__}: {error}. It asks what "
        f"kind of thing it got, or does with a number what a Value cannot. {cure[0].upper()}{cure[1:]}. "
        f"In {line_of(error)}"
    )
    refusal.__cause__ = error
    return refusal


def trace_expression(
    roots: Sequence[Value],
    bare: bool,
    inputs: Sequence[Value],
    parameters: Sequence[Value] | None = None,
    labels: dict[int, str] | None = None,
) -> Trace:
    """A built expression as a function of some of its leaves.

    Its other leaves are captured; unless parameters are given, they are those, in no order that anybody chose. `labels`
    is told the labels of nodes.
    """
    found = {id(x): x for x in parameters or ()}
    if parameters is None:
        chosen = set(map(id, inputs))
        leaves = [node for root in roots for node in topological(root) if node.op is None]
        found = {id(node): node for node in leaves if id(node) not in chosen}
    tracer = Tracer(list(found.values()))
    for i, x in enumerate(inputs):
        tracer.nodes[id(x)] = tracer.graph.leaf("input", i)
    outputs = [tracer.node_of(root) for root in roots]
    if labels is not None:
        for value in [*inputs, *[node for root in roots for node in topological(root)]]:
            if value.label:
                labels.setdefault(tracer.nodes[id(value)], value.label)
    made = Trace(tracer, outputs, bare, outputs[0] if bare else None, None, len(inputs), 0)
    made.ordered = parameters is not None or len(found) < 2
    return made


def without_tables(trace: Trace) -> Trace:
    """The trace with choices in place of tables, for what has none; nan for an index out of range."""
    if "take" not in trace.graph.kind:
        return trace
    graph = Graph()
    of: list[int] = []  # a node of the trace -> its node here
    for kind, args in zip(trace.graph.kind, trace.graph.args):
        nodes = () if kind in LEAVES else tuple([of[i] for i in args])
        if kind == "take":
            of.append(chosen(graph, nodes[0], nodes[1:]))
        elif kind == "constant":
            of.append(graph.constant(args[0]))
        else:
            of.append(graph.apply(kind, nodes) if nodes else graph.leaf(kind, args[0]))
    made = copy(trace)
    made.graph, made.outputs = graph, [of[node] for node in trace.outputs]
    made.loss, made.penalty = [None if node is None else of[node] for node in (trace.loss, trace.penalty)]
    return made
