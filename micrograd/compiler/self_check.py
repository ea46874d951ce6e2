"""The self-check: every program is compared with the code that it was made from, on a few samples.

The code runs as eager runs it, on plain floats. What it gives is kept, so that a program for another purpose, which is
built later, is compared with it too.

sample      the row and target that the code gets, and the target that the program gets (a class number may become a
            list of probabilities)
leaves      the numbers of parameters and captured Values at the time of the comparison
noise       a relative error of every operation, by which one sees how far rounding may move a result
"""

from __future__ import annotations

import random
from itertools import islice
from math import isfinite, isqrt
from time import process_time

from micrograd.compiler.code import Built, Code, Result, derivatives, number_of
from micrograd.compiler.open_cases import sign_of_nan_matters
from micrograd.compiler.samples import Batch
from micrograd.compiler.scalar.divergence import parting
from micrograd.compiler.scalar.loops.loop import replayed as replayed_loop
from micrograd.compiler.scalar.placeholders import TraceError
from micrograd.compiler.scalar.tracer import Trace, trace_once
from micrograd.derivatives import gradient
from micrograd.engine import Value, apply
from micrograd.ops import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from micrograd.compiler.runner import Runner
    from micrograd.compiler.scalar.graph import Graph

    Numbers = dict[str, list[float]]

TOLERANCE = 1e-9  # of the largest number: rounding errors are far below, a wrong program is far above
EPSILON = 2.0**-53  # the largest relative rounding error of one operation
NOISES = [1.0 + 0.2 * k for k in range(16)]  # of it: what is rounding alone is 0 in many a try
FEWEST = 2  # samples that are compared at least
SHARE, BRIEF = 0.25, 0.05  # the part of the time of compiling that others may take; seconds that they always may


class CompilerError(TraceError):
    """A program does not compute what its code does, by a fault of this compiler."""


class Sample:
    """A row with its target, as the code gets them and as the program does, and what the code gives for them."""

    def __init__(self, row: list[Any], target: Any, ready: list[float], result: Result) -> None:
        self.given = row, target
        self.row, self.ready, self.result = [number_of(x) for x in row], ready, result


def sampled(code: Code | Built, row: list[Any], target: Any, ready: list[float]) -> Sample:
    """A sample on which the code has run; whatever error it raises."""
    return Sample(row, target, ready, code.run(row, target))


class SelfCheck:
    """What the code gave on some samples, to be compared with every program that is made of its trace.

    main        the purpose that is built first
    guarded     in its methods: purpose -> its runner, which is asked for the guarded twin of a purpose
    """

    def __init__(self, trace: Trace) -> None:
        self.trace, self.main = trace, "prediction" if trace.loss is None else "gradient"
        self.leaves = [float(x.data) for x in trace.parameters + trace.captured]
        self.kept: list[Sample] = []

    def start(self, build: Callable[..., Runner], code: Code, samples: Iterator[Sample], tracing: float) -> None:
        """Compare the main program on two samples, and on others as long as that takes a small part of the time.

        build: purpose, code -> its runner, compared with the samples that are kept. tracing: the seconds that tracing
        took; of the processor, so that what else runs has no say in what is compared.
        """
        moments = [process_time(), process_time()]
        for sample in islice(samples, FEWEST):
            self.kept.append(sample)
            moments.append(process_time())
        runner = build(self.main, code)
        built = process_time()
        one = moments[-1] - moments[-2]  # what a sample takes
        while process_time() + one - built <= max(BRIEF, SHARE * (tracing + built - moments[-1])):
            other = next(samples, None)
            if other is None:
                break
            self.compare(self.main, runner, build, other, code)

    def all(self, purpose: str, runner: Runner, guarded: Callable[[str], Runner], code: Any = None) -> None:
        """Compare what runs a purpose with all samples that are kept."""
        for sample in self.kept[:FEWEST] if is_matrix(purpose) else self.kept:
            self.compare(purpose, runner, guarded, sample, code)

    def compare(
        self, purpose: str, runner: Runner, guarded: Callable[[str], Runner], sample: Sample, code: Any = None
    ) -> None:
        """CompilerError if the program differs from the code, TraceError if the code differs from its own trace."""
        expected = self.expected(purpose, sample)
        for what, found in self.found(purpose, runner, guarded, sample).items():
            self.compare_numbers(what, found, expected[what], sample, runner.backend, code)

    def compare_numbers(
        self, what: str, found: list[float], expected: list[float], sample: Sample, backend: str, code: Any = None
    ) -> None:
        """The same for some of the numbers that the program gives."""

        def shaken(noise: float) -> list[float]:
            return self.recorded(sample, noise, what)[what]

        place = differing(found, expected, shaken)
        if place is None:
            return
        a, b = found[place], expected[place]
        if differing(shaken(0.0), expected, shaken) is not None:
            raise not_as_recorded(what, a, b, sample, code)
        if not self.left_open(what, sample, expected, shaken):
            raise fault(what, a, b, backend)

    def left_open(
        self, what: str, sample: Sample, expected: list[float], shaken: Callable[[float], list[float]]
    ) -> bool:
        """Whether what the code gives may be something else, see `open_cases`."""
        if what.startswith("hessian"):
            size = isqrt(len(expected))
            if differing([x for i in range(size) for x in expected[i::size]], expected, shaken) is not None:
                return True
        return sign_of_nan_matters(self.trace.graph, self.nodes(sample.row, sample.ready, self.leaves))

    def trace_itself(self, code: Code, samples: Iterable[Sample] | None = None) -> None:
        """TraceError if the trace differs from the code on some samples, made up unless given."""
        for sample in made_up(code) if samples is None else samples:
            known = {"prediction": sample.result.outputs}
            if samples is not None and sample.result.value is not None:
                known |= {"value": [sample.result.value], "gradient": sample.result.gradient}
            recorded = self.recorded(sample)
            for what, expected in known.items():
                found = recorded[what]
                place = differing(found, expected, lambda noise: self.recorded(sample, noise)[what])  # noqa: B023
                if place is not None:
                    raise not_as_recorded(what, found[place], expected[place], sample, code)

    def expected(self, purpose: str, sample: Sample) -> Numbers:
        """What the program should give; matrices of derivatives, and those by the inputs, as the trace has them."""
        result = sample.result
        if is_matrix(purpose) or purpose.endswith(("input gradient", "gradients")):
            return self.recorded(sample, wanted=purpose.removeprefix("guarded "))
        numbers = {"prediction": result.outputs, "gradient": result.gradient}
        return numbers if result.value is None else {**numbers, "value": [result.value]}

    def found(self, purpose: str, runner: Runner, guarded: Callable[[str], Runner], sample: Sample) -> Numbers:
        """What the program gives; where that is not finite, what the guarded program gives, as in a call of it."""
        import numpy as np

        batch, leaves = Batch(np.array([sample.row]), np.array([sample.ready])), np.array(self.leaves)
        out = None if runner.program.outputs is None else np.empty((1, len(runner.program.outputs)))
        value, gradient, finite = runner.step(batch, leaves, 1.0, out)
        if not (finite or purpose == "prediction" or purpose.startswith("guarded")):
            twin = f"guarded {purpose}"
            return self.found(twin, guarded(twin), guarded, sample)
        outputs = [] if out is None else out[0].tolist()
        slopes = [] if gradient is None else gradient.tolist()
        if purpose == "prediction":
            return {"prediction": outputs}
        if is_matrix(purpose):
            return {purpose.removeprefix("guarded "): outputs or slopes}
        if purpose.endswith("input gradient"):
            return {"prediction": outputs[:1], "input gradient": outputs[1:]}
        numbers = {"value": [value]} if gradient is None else {"value": [value], "gradient": slopes}
        return {**numbers, "slopes": outputs} if purpose.endswith("gradients") else numbers

    def recorded(self, sample: Sample, noise: float = 0.0, wanted: str = "") -> Numbers:
        """What the trace gives by eager arithmetic, if every result is off by up to `noise` of itself.

        So are the numbers that it starts from, since a derivative that is 0 may be rounding alone.
        wanted: the matrix of derivatives that is to be among it, if it is one.
        """
        trace, generator = self.trace, random.Random(2)

        def leaf(x: float) -> Value:
            return Value(x * (1.0 + 8.0 * noise * generator.uniform(-1.0, 1.0)) if noise else x)

        leaves, inputs = list(map(leaf, self.leaves)), list(map(leaf, sample.row))
        count = len(trace.parameters)
        nodes = self.nodes(inputs, sample.ready, leaves, noise)
        outputs = [nodes[i] for i in trace.outputs]
        numbers = {"prediction": [number_of(x) for x in outputs]}
        if trace.bare:
            numbers["input gradient"] = derivatives(outputs[0], inputs)
        value = None
        if trace.loss is not None:
            value = nodes[trace.loss] + (0.0 if trace.penalty is None else nodes[trace.penalty])
            numbers["value"], numbers["gradient"] = [number_of(value)], derivatives(value, leaves[:count])
            numbers["slopes"] = derivatives(value, inputs)
        if is_matrix(wanted):
            numbers[wanted] = matrix(wanted, outputs, value, inputs, leaves[:count])
        return numbers

    def nodes(self, inputs: Any, target: list[float], leaves: list[Any], noise: float = 0.0) -> list[Any]:
        """The nodes of the graph by eager arithmetic, see `replayed`."""
        trace = self.trace
        given = {"input": inputs, "target": target}
        given |= {"parameter": leaves, "captured": leaves[len(trace.parameters) :]}
        return replayed(trace.graph, given, noise)


def replayed(graph: Graph, given: dict[str, Any], noise: float = 0.0, count: int | None = None) -> list[Any]:
    """The first `count` nodes of a graph by eager arithmetic, each off by up to `noise` of itself.

    given: by kind, the numbers or Values of the leaves.
    """
    generator = random.Random(1)
    nodes: list[Any] = []

    def computed(kind: str, operands: list[Any]) -> Any:
        if None in operands:  # in the body of a loop, which is computed with it
            return None
        made = apply(TABLE[kind], tuple(operands))
        return made * (1.0 + noise * generator.uniform(-1.0, 1.0)) if noise else made

    for node, (kind, args) in enumerate(zip(graph.kind[:count], graph.args)):
        if kind == "step":
            nodes.append(None)
        elif kind == "take":
            nodes.append(nodes[args[1 + int(number_of(nodes[args[0]]))]])
        elif kind == "loop":
            inside = None in [nodes[arg] for arg in args]
            nodes.append(None if inside else replayed_loop(graph, node, nodes.__getitem__, computed))
        elif kind == "item":
            nodes.append(nodes[args[0]] and nodes[args[0]].items[int(graph.args[args[1]][0])])
        elif kind not in TABLE:
            nodes.append(args[0] if kind == "constant" else given[kind][args[0]])
        else:
            nodes.append(computed(kind, [nodes[arg] for arg in args]))
    return nodes


def fault(what: str, a: float, b: float, backend: str) -> CompilerError:
    """The error for a program that gives a where the code gives b."""
    return CompilerError(
        f"the compiled {what} differs from that of the code itself ({a!r}, not {b!r}): a fault of "
        "micrograd's compiler, not of the code. Please report it with the code and print(program.graph); "
        f'until it is mended, use eager code, or another backend than "{backend}"'
    )


def is_matrix(purpose: str) -> bool:
    """Whether a purpose is a Jacobian or a Hessian, of which few samples are compared: they take long by eager code."""
    return purpose.removeprefix("guarded ").startswith(("jacobian", "hessian"))


def matrix(what: str, outputs: list[Any], value: Any, inputs: list[Value], parameters: list[Value]) -> list[float]:
    """A matrix of derivatives, row after row."""
    by = inputs if what.endswith("by inputs") else parameters
    if what.startswith("jacobian"):
        return [slope for out in outputs for slope in derivatives(out, by)]
    root = outputs[0] if by is inputs else value
    slopes = gradient(root, by) if isinstance(root, Value) else [0.0] * len(by)
    return [second for slope in slopes for second in derivatives(slope, by)]


def not_as_recorded(what: str, a: float, b: float, sample: Sample, code: Any) -> TraceError:
    """The error for code that gives b on numbers where its trace gives a; it names the line where the two part."""
    where = ""
    if isinstance(code, Code):
        where = f" In {parting(lambda: trace_once(code), lambda: code.run(*sample.given))}"
    return TraceError(
        f"on numbers the code gives another {what} than was recorded when it was compiled ({b!r}, not {a!r}), since it "
        "asks what kind of thing it got (isinstance, type, hasattr, is), or reads what changes, such as a random "
        f"number. Compute without asking.{where}"
    )


def differing(found: list[float], expected: list[float], shaken: Callable[[float], list[float]]) -> int | None:
    """The first place at which two lists of numbers differ by more than rounding; None if there is none.

    Rounding errors may be large, as in E[x²] − E[x]²: where the numbers differ, `shaken` tells how large.
    """
    scale = max([abs(x) for x in expected if isfinite(x)], default=0.0) + 1e-300
    for place, (a, b) in enumerate(zip(found, expected)):
        same = a == b or (a != a and b != b) if not isfinite(b) else abs(a - b) <= TOLERANCE * scale
        if not same:
            exact, *moved = [shaken(k * EPSILON)[place] for k in (0.0, *NOISES)]
            if not abs(a - b) <= 100.0 * max([abs(x - exact) for x in moved]):
                return place
    return None


def made_up(code: Code) -> Iterator[Sample]:
    """Samples for code of which no data are known: random rows, some large, 1 and 0; targets such as the loss takes.

    A model may call methods of Values on its inputs, and a loss on its target: where floats do not do, they get Values.
    The first two have the errors of the code; where one of the others has one, it is left out.
    """
    generator, width = random.Random(0), code.targets or 1

    def drawn(count: int) -> list[float]:
        return [generator.gauss(0.0, 1.0) for _ in range(count)]

    rows = [drawn(code.inputs) for _ in range(5)]
    rows[1] = [abs(x) for x in rows[1]]
    rows[2] = [4.0 * x for x in rows[2]]
    rows[3:3] = [[1.0] * code.inputs, [0.0] * code.inputs]
    for k, row in enumerate(rows):
        one_of_all = [float(i == k % width) for i in range(width)]
        wanted = [drawn(width), one_of_all, [0.0] * width, [-1.0] * width]
        for (kind, which), count in code.indices.items():
            for given in [row] if kind == "input" else wanted:
                given[which] = float(generator.randrange(count))
        shift = max(0, k - 1) % 4
        try:
            sample = first_that_runs(code, row, wanted[shift:] + wanted[:shift])
        except Exception:
            if k < FEWEST:
                raise
            continue
        yield sample


def first_that_runs(code: Code, row: list[float], targets: list[list[float]]) -> Sample:
    """The sample of this row and the first of the targets that the code takes; the first error if it takes none."""
    errors: list[Exception] = []
    for kind in (float, Value):
        for numbers in targets if code.loss is not None else targets[:1]:
            target: Any = [kind(t) for t in numbers]
            try:
                return sampled(code, [kind(x) for x in row], target if code.targets else target[0], numbers)
            except Exception as error:
                errors.append(error)
    raise errors[0]


def near(built: Built, inputs: list[Value]) -> Iterator[Sample]:
    """Samples for a built expression: the numbers that its inputs have, and some near them."""
    generator = random.Random(0)
    present = [float(x.data) for x in inputs]
    yield sampled(built, present, None, [0.0])
    yield sampled(built, [x * generator.uniform(0.8, 1.2) + generator.gauss(0.0, 0.01) for x in present], None, [0.0])
