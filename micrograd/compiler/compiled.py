"""`compile`: scalar code, or a built expression, as a program over arrays of samples."""

from __future__ import annotations

from time import process_time

from micrograd.compiler.backends import chosen
from micrograd.compiler.code import Built, Code, Rebuilt
from micrograd.compiler.programs import Program
from micrograd.compiler.scalar.trace import trace, undo_of
from micrograd.compiler.scalar.tracer import trace_expression
from micrograd.compiler.self_check import Sample, made_up, near
from micrograd.derivatives.graphs import overload
from micrograd.dispatch import brief
from micrograd.engine import Value
from micrograd.expect import leaves, parameters_of, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from micrograd.compiler.points.function import CompiledFunction
    from micrograd.compiler.scalar.undo import Undo


@overload
def compile(
    model: Any,
    inputs: None = None,
    *,
    parameters: Sequence[Value] | dict[str, Value] | None = None,
    backend: str = "auto",
    cache: bool = True,
) -> CompiledFunction: ...
@overload
def compile(  # noqa: F811
    model: Any,
    inputs: Any,
    *,
    loss: Callable[[Any, Any], Any] | None = None,
    targets: int = 0,
    penalty: Callable[[Sequence[Value]], Any] | None = None,
    parameters: Sequence[Value] | None = None,
    backend: str = "auto",
    threads: int | None = None,
    cache: bool = True,
) -> Program: ...
def compile(  # noqa: F811
    model: Any,
    inputs: Any = None,
    *,
    loss: Callable[[Any, Any], Any] | None = None,
    targets: int = 0,
    penalty: Callable[[Sequence[Value]], Any] | None = None,
    parameters: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    cache: bool = True,
) -> Any:
    """Scalar code as a program: over arrays of samples, or, without `inputs`, a plain function at one point.

    `compile(function)`: a function of numbers, arrays, and lists, tuples and dictionaries of them, as it stands.
    `help` of what comes back, a `CompiledFunction`, says what it gives: values, gradients, Jacobians, Hessians, steps.
    `compile(expression)`: a built Value, or a list of them, as a function without arguments. Its leaves, or those in
    `parameters`, are its parameters: f.grad(wrt="parameters"), f.descend(optim.SGD(lr=0.1), steps=1000).
    parameters: Values that it uses, a list, or a dictionary by name; those that it is found to use unless given.

    All else is over arrays of samples.
    Either `compile(model, inputs=2, …)`: the model is an nn.Module, or a function of a list of `inputs` Values with its
    parameters given, and returns a Value or a list of Values. loss(prediction, target) is that of one sample, whose
    target is a number, or a list of `targets` numbers. penalty(parameters) is added once to the mean loss.
    Or `compile(expression, [x, y], parameters=[a, b])`: a built Value, or a list of them, as a function of some of its
    leaves; `value` is its mean. Without `parameters=` its other leaves are the parameters, never a number in it; they
    stand in no order that you chose, so `at=` takes them by names, {"a": 2.0}, and no list of several.

    The code runs on placeholders, so nothing in it may ask for a number (a branch, `==`, `in`, text, int): TraceError,
    a TypeError, names the line. It may differentiate: `gradient`, `grad`, `hessian` and others are operations, too.
    The program is compared with the code on a few made-up samples, so that it is right or refused; CompilerError, a
    TraceError, is a fault of ours.
    Numbers of parameters, and of other Values that the code uses, are read at every call. All other Python state (a
    float, a flag, a list) is frozen at what it is now: print(program.graph) shows it as constants, compiling again
    renews it. A Trainer does that by itself.
    backend "llvm" needs llvmlite and numpy, "numpy" needs numpy; "auto" takes the first that is there. "numpy" refuses
    (ValueError) graphs that roll into more than 50,000 steps, such as a chain of 100,000 operations.
    threads: how many may work, all cores where it pays unless given; the result is the same to the bit. A step of some
    twenty microseconds or more runs without Python's lock (the GIL), so other threads go on meanwhile.
    cache: keep machine code in the user's cache directory.

    >>> from micrograd import Value, compile, losses, tanh
    >>> w = Value(2.0)
    >>> program = compile(lambda x: tanh(w * x[0]), inputs=1, parameters=[w], loss=losses.squared_error)
    >>> program.predict([0.0, 1.0]).round(4).tolist()
    [0.0, 0.964]
    >>> value, gradient = program.value_and_gradient([0.0, 1.0], [0.0, 1.0])
    >>> print(f"{value:.4f} {gradient[0]:.4f}")
    0.0006 -0.0025
    >>> f = compile(lambda x, y: x * tanh(y))
    >>> f(2.0, 0.0), f.grad(2.0, 0.0, wrt=(0, 1))
    (0.0, (0.0, 2.0))
    """
    if cache.__class__ is not bool:
        raise TypeError(f"expected cache to be True or False, got {cache!r}; MICROGRAD_CACHE names the folder")
    threads = None if threads is None else whole(threads, "threads", 1)
    backend = chosen(backend)
    if inputs is None:
        if (loss, penalty, targets, threads) != (None, None, 0, None):
            raise TypeError("expected the number of inputs beside a loss, targets, a penalty or threads")
        built = isinstance(model, (Value, list, tuple))
        return compile_function(Rebuilt(*values_of(model)) if built else model, parameters, backend, cache)
    if isinstance(inputs, (list, tuple)) or isinstance(model, Value):
        if (loss, penalty, targets) != (None, None, 0):
            raise TypeError(
                "expected no loss, targets or penalty beside an expression and its inputs: its value is its own"
            )
        return compile_expression(model, inputs, parameters, backend, threads, cache)
    inputs, targets = whole(inputs, "inputs", 1), whole(targets, "targets", 0)
    for name, code in (("model", model), ("loss", loss), ("penalty", penalty)):
        if not callable(code) and (code is not None or name == "model"):
            raise TypeError(f"expected the {name} to be a function, got {brief(code)}")
    if penalty is not None and loss is None:
        raise TypeError("expected a loss beside the penalty, which is added to its mean; got none")
    code = Code(model, inputs, parameters_of(model, parameters), loss=loss, targets=targets, penalty=penalty)
    with undo_of(code) as undo:
        return compile_code(code, undo, made_up(code), lambda: next(made_up(code)), backend, threads, cache)


def compile_function(function: Any, parameters: Any, backend: str, cache: bool) -> CompiledFunction:
    """A plain function, to be compiled when it is called."""
    from micrograd.compiler.points.function import CompiledFunction, check_parameters

    if not callable(function):
        raise TypeError(f"expected a function, got {brief(function)}")
    if parameters is None and hasattr(function, "parameters"):
        parameters = function.parameters()
    if parameters is not None:
        check_parameters(parameters)
    return CompiledFunction(function, parameters, backend, cache)


def compile_code(
    code: Code,
    undo: Undo,
    samples: Iterator[Sample],
    on_numbers: Callable[[], Any] | None,
    backend: str,
    threads: int | None = None,
    cache: bool = True,
) -> Program:
    """Code as a program that was compared with it on samples."""
    started = process_time()
    recorded = trace(code, undo, on_numbers)
    code.indices = recorded.indices
    tracing = process_time() - started
    program = Program(recorded, code.loss, backend, threads, cache)
    program._check.start(program._runner, code, samples, tracing)
    return program


def values_of(roots: Any) -> tuple[list[Value], bool]:
    """A Value, or a list of them, as a list, and whether it is a bare Value."""
    bare = isinstance(roots, Value)
    found = [roots] if bare else list(roots) if isinstance(roots, (list, tuple)) else []
    if not found or not all(isinstance(root, Value) for root in found):
        raise TypeError(
            "expected a Value or a list of Values beside a list of inputs; for a function or a model, give "
            "the number of its inputs"
        )
    return found, bare


def compile_expression(
    roots: Any, inputs: Any, parameters: Any, backend: str, threads: int | None, cache: bool
) -> Program:
    """A built expression as a function of some of its leaves."""
    roots, bare = values_of(roots)
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise TypeError(
            f"expected a list of the leaves that are the inputs, got {brief(inputs)}; without it the expression is "
            "compiled at one point, as a function of its leaves"
        )
    inputs = leaves(inputs, "inputs")
    if parameters is not None:
        parameters = leaves(parameters, "parameters")
        leaves([*inputs, *parameters], "inputs and parameters")
    recorded = trace_expression(roots, bare, inputs, parameters)
    program = Program(recorded, None, backend, threads, cache)
    program._check.kept = list(near(Built(roots, bare, inputs, recorded.parameters), inputs))
    return program
