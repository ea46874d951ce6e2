"""The user's code, and what it gives on plain numbers, as eager runs it.

model       function of a list of inputs that returns a Value or a list of Values
loss        function of the model's prediction and the target
penalty     function of the parameters
"""

from __future__ import annotations

from micrograd.collector import paused
from micrograd.engine import Value, adjoints, apply, topological

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class Result:
    """What one sample gives: outputs, and where there is a loss the value, penalty included, and its gradient."""

    def __init__(self, outputs: list[float], value: float | None = None, gradient: Sequence[float] = ()) -> None:
        self.outputs, self.value, self.gradient = outputs, value, list(gradient)


class Code:
    """Model, loss and penalty with their parameters; targets is 0 for a target that is a bare number.

    loops       see `Tracer`: a program of samples has none
    indices     which inputs and targets are indices, once the code is traced: see `Trace`

    >>> w = Value(3.0)
    >>> code = Code(lambda x: w * x[0], 1, [w], loss=lambda p, t: (p - t) ** 2)
    >>> result = code.run([1.0], 1.0)
    >>> result.outputs, result.value, result.gradient
    ([3.0], 4.0, [4.0])
    """

    def __init__(
        self,
        model: Callable[[list[Any]], Any],
        inputs: int,
        parameters: Sequence[Value],
        *,
        loss: Callable[[Any, Any], Any] | None = None,
        targets: int = 0,
        penalty: Callable[[Any], Any] | None = None,
    ) -> None:
        self.model, self.inputs, self.parameters = model, inputs, list(parameters)
        self.loss, self.targets, self.penalty = loss, targets, penalty
        self.loops = 0
        self.indices: dict[tuple[str, int], int] = {}
        self.charge: tuple[float, list[float]] | None = None  # the penalty and its gradient, once computed

    def run(self, row: list[Any], target: Any) -> Result:
        """The result of one sample; whatever error the code raises."""
        with paused():
            prediction = self.model(list(row))
            target = list(target) if isinstance(target, list) else target  # which the code may change, as its row
            return self.result(prediction, None if self.loss is None else self.loss(prediction, target))

    def result(self, prediction: Any, share: Any) -> Result:
        """The result of what model and loss returned."""
        outputs = [number_of(x) for x in (prediction if isinstance(prediction, (list, tuple)) else [prediction])]
        if self.loss is None:
            return Result(outputs)
        value, gradient = number_of(share), derivatives(share, self.parameters)
        if self.penalty is not None:
            if self.charge is None:
                charge = self.penalty(list(self.parameters))
                self.charge = number_of(charge), derivatives(charge, self.parameters)
            value += self.charge[0]
            gradient = [a + b for a, b in zip(gradient, self.charge[1])]
        return Result(outputs, value, gradient)


class Built:
    """A built expression, or a list of them, as code: its operations, applied to other numbers."""

    def __init__(
        self, roots: Sequence[Value], bare: bool, inputs: Sequence[Value], parameters: Sequence[Value]
    ) -> None:
        self.roots, self.bare, self.inputs, self.parameters = list(roots), bare, list(inputs), list(parameters)

    def run(self, row: list[float], target: Any = None) -> Result:
        """The outputs for other numbers in the inputs, and for a bare expression its gradient by the parameters."""
        with paused():
            return self._applied(row)

    def _applied(self, row: list[float]) -> Result:
        nodes: dict[int, Value] = {id(x): Value(number) for x, number in zip(self.inputs, row)}
        leaves = [Value(p.data) for p in self.parameters]
        nodes.update(zip(map(id, self.parameters), leaves))
        for root in self.roots:
            for node in topological(root):
                if id(node) not in nodes:
                    operands = tuple([nodes[id(x)] if isinstance(x, Value) else x for x in node.args])
                    nodes[id(node)] = apply(node.op, operands) if node.op is not None else node
        outputs = [nodes[id(root)] for root in self.roots]
        numbers = [out.data for out in outputs]
        return Result(numbers, numbers[0], derivatives(outputs[0], leaves)) if self.bare else Result(numbers)


class Rebuilt:
    """A built expression, or a list of them, as a function without arguments: its operations, applied to its leaves.

    >>> w = Value(3.0)
    >>> again = Rebuilt([w * w], bare=True)
    >>> w.data = 4.0
    >>> again().data
    16.0
    """

    def __init__(self, roots: Sequence[Value], bare: bool) -> None:
        found = {id(node): node for root in roots for node in topological(root)}
        place = {key: k for k, key in enumerate(found)}
        self._nodes = [
            node if node.op is None else (node.op, [place[id(x)] if isinstance(x, Value) else x for x in node.args])
            for node in found.values()
        ]
        self._roots, self._bare = [place[id(root)] for root in roots], bare

    def parameters(self) -> list[Value]:
        """The leaves."""
        return [node for node in self._nodes if not isinstance(node, tuple)]

    def __call__(self) -> Any:
        """The expression, or the list of them."""
        made: list[Any] = []
        for node in self._nodes:
            if node.__class__ is tuple:
                op, operands = node
                made.append(apply(op, tuple([made[x] if x.__class__ is int else x for x in operands])))
            else:
                made.append(node)
        outputs = [made[root] for root in self._roots]
        return outputs[0] if self._bare else outputs

    def __repr__(self) -> str:
        return f"<expression of {len(self._nodes)} nodes>"


def number_of(x: Any) -> float:
    """The number of what the user's code returned, a Value or a number."""
    return x.data if isinstance(x, Value) else float(x)


def derivatives(root: Any, leaves: Sequence[Value]) -> list[float]:
    """∂root/∂leaf for each leaf, without a `grad` that another thread could see; zeros for a root that is a number."""
    found = adjoints(root) if isinstance(root, Value) else {}
    return [found.get(id(leaf), 0.0) for leaf in leaves]
