"""Two questions to a graph: is its gradient right (`check_gradients`), and where does its nan come from (`why_nan`)?

    got         the derivative of the root by a leaf, from `backward`
    expected    the same from finite differences, with an estimate of its error
    h           step: the function is evaluated at x + h and x - h
    slope       difference quotient; its limit for h -> 0 is a derivative (from the right, from the left, or central)
    tolerance   how far two derivatives may lie apart before they count as different
    place       where a node's number stands in the list of numbers of a Graph
"""
from __future__ import annotations

import sys
from math import inf, isfinite, nan

from micrograd.dispatch import number
from micrograd.engine import Value, apply, inner_nodes, topological
from micrograd.ops import DETACH, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, Iterable, Sequence

    Function = Callable[[float], float]
    Estimate = tuple[float, float]  # a derivative and its estimated error
    Slope = tuple[float, float, float]  # step, slope, rounding error of the slope

EPSILON, SMALLEST = 2.0**-52, 5e-324  # a float is right to this part of itself, or to the smallest float
ROWS, RATIO = 10, 1.4  # of a tableau: number of steps, and each step over the next (both as in Ridders 1982)
SAFETY = 10.0  # a tolerance is this many estimated errors
CHANCE = 1e-6  # and at least this part of the derivative: rounding errors may agree by chance and hide their size
TIGHT, ENOUGH, PLENTY = 1e-4, 1e-7, 1e-9  # relative errors: trustworthy, needs no other ladder, needs no further row
UNKNOWN = (nan, inf)


# finite differences


def limit(slopes: Sequence[Slope], power: int) -> Estimate:
    """The limit of slopes for h -> 0, and an estimate of its error; slopes is [(h, slope, rounding error), …].

    The error of a slope is a series in h**power (1 from one side, 2 for central slopes). Polynomial extrapolation
    removes its terms one by one, and the entry of the tableau that differs least from its two parents is taken.
    (C. J. F. Ridders, Accurate computation of F'(x) and F'(x) F''(x), Advances in Engineering Software 4, 1982.)

    >>> limit([(0.4, 3.16, 0.0), (0.2, 3.04, 0.0)], 2)[0]  # 3 + h²
    3.0
    """
    best, least = UNKNOWN
    above: list[float] = []
    for i, (h, slope, rounding) in enumerate(slopes):
        row = [slope]
        for j, parent in enumerate(above):
            finer = row[j] + (row[j] - parent) / ((slopes[i - j - 1][0] / h) ** power - 1.0)
            error = max(abs(finer - row[j]), abs(finer - parent)) + rounding
            row.append(finer)
            if error <= least:
                best, least = finer, error
        above = row
    return best, least


def relative(estimate: Estimate) -> float:
    """The estimated error as a part of the derivative; 0 if there is none, inf if all of a zero derivative is error."""
    derivative, error = estimate
    return 0.0 if error == 0.0 else error / abs(derivative) if derivative else inf


def ladder(f: Function, x: float, h: float) -> tuple[Estimate, Estimate, Estimate]:
    """The derivative of f at x, central, from the right and from the left, from steps h, h / 1.4, h / 1.4², …

    Points where f is nan or inf are left out.
    """
    y = f(x)
    central: list[Slope] = []
    right: list[Slope] = []
    left: list[Slope] = []
    for _ in range(ROWS):
        if h <= 64.0 * (EPSILON * abs(x) + SMALLEST):  # x + h and x + h / 1.4 would hardly differ
            break
        above, below = x + h, x - h
        h /= RATIO
        up, down = f(above), f(below)
        rounding = EPSILON * max([abs(value) for value in (up, down, y) if isfinite(value)], default=0.0) + SMALLEST
        for slopes, a, b, high, low in [
            (central, above, below, up, down), (right, above, x, up, y), (left, x, below, y, down),
        ]:  # fmt: skip
            if isfinite(high - low):  # above - below, not 2 h: what was really stepped
                slopes.append((a - b, (high - low) / (a - b), rounding / (a - b)))
        if len(central) > 3 and relative(limit(central, 2)) <= PLENTY:
            break
    return limit(central, 2), limit(right, 1), limit(left, 1)


def differences(f: Function, x: float) -> tuple[Estimate, Estimate, Estimate]:
    """The derivative of f at x, with estimated errors: at its best, from the right and from the left.

    The best is central, or from one side where the other is nan or inf. The first steps are a tenth of |x|. Where they
    are too long for f, or so short that the differences drown in rounding errors, others are tried.

    >>> best, right, left = differences(abs, 0.0)
    >>> best[0], right[0], left[0]
    (0.0, 1.0, -1.0)
    """
    size = abs(x) or 1.0
    unit = min(size, 1.0)
    best, right, left, used, edge = UNKNOWN, UNKNOWN, UNKNOWN, inf, True
    for h in dict.fromkeys([0.1 * size, 0.1, 1e-3 * unit, 1e-5 * unit, 1e-8 * unit]):
        central, *sides = ladder(f, x, h)
        new = central if central[1] < inf else min(sides, key=error_of)
        if better(new, best, finer=h < used) and (edge or central[1] < inf):  # long steps may leave the domain
            best, (right, left), used, edge = new, sides, h, central[1] == inf
        if relative(best) <= ENOUGH:
            break
    if apart(right, left):  # a kink is there for short steps too; a mere bend is not
        _, right, left = ladder(f, x, 0.01 * used)
    return best, right, left


def apart(right: Estimate, left: Estimate) -> bool:
    """Whether the derivatives from both sides are known and differ."""
    return abs(right[0] - left[0]) > tolerance(right) + tolerance(left)  # false for nan


def better(new: Estimate, old: Estimate, *, finer: bool) -> bool:
    """Whether to replace the old estimate by the new, which comes from shorter steps if finer."""
    if abs(new[0] - old[0]) > tolerance(new) + tolerance(old):
        # They contradict each other: the longer steps reached over a kink or many waves, and their error is too small.
        if relative(new if finer else old) <= TIGHT:
            return finer
    return new[1] < old[1]


def error_of(estimate: Estimate) -> float:
    """The error of an estimate."""
    return estimate[1]


def tolerance(estimate: Estimate) -> float:
    """How far from this estimate the true derivative may lie."""
    return SAFETY * estimate[1] + CHANCE * abs(estimate[0])


# the graph as a function of one leaf


class Graph:
    """A graph as a function of the data of its leaves, read from the rows; what is detached keeps its value.

    ValueError where the data of a node is not what its row makes of the operands: some `data` was changed after the
    graph was built, and the cached local derivatives belong to the old numbers.
    """

    def __init__(self, root: Value) -> None:
        self.values: list[float] = []
        self.places: dict[int, int] = {}
        self.steps: list[tuple[Callable[..., float], list[int], int]] = []
        for node in topological(root):
            if node.op is not None and node.op is not DETACH:
                self._add(node)
            self.places[id(node)] = len(self.values)
            self.values.append(node.data)

    def _add(self, node: Value) -> None:
        """The step that makes the next number, from the operands of node."""
        operands = []
        for x in node.args:
            if isinstance(x, Value):
                operands.append(self.places[id(x)])
            else:
                operands.append(len(self.values))
                self.values.append(x)
        assert node.op is not None
        again = node.op.forward(*[self.values[place] for place in operands])
        if again != node.data and repr(again) != repr(node.data):  # nan is nan
            raise ValueError(
                f"expected a graph whose leaves have not changed since it was built, got {described(node)} where the "
                f"operands now give {again!r}; build the expression again, or pass a function that builds it"
            )
        self.steps.append((node.op.forward, operands, len(self.values)))

    def along(self, leaf: Value) -> Function:
        """The root as a function of the data of one leaf; only what depends on it is evaluated."""
        start = self.places.get(id(leaf))
        if start is None:
            return lambda x: self.values[-1]
        depends = bytearray(len(self.values))
        depends[start] = 1
        steps = []
        for step in self.steps:
            if any(depends[place] for place in step[1]):
                depends[step[2]] = 1
                steps.append(step)

        def root(x: float) -> float:
            values = self.values.copy()
            values[start] = x
            for forward, operands, place in steps:
                values[place] = forward(*[values[operand] for operand in operands])
            return values[-1]

        return root


def rebuilt(f: Callable[[], float], leaf: Value) -> Function:
    """f, which builds an expression on leaf and returns its value, as a function of the data of that leaf."""

    def root(x: float) -> float:
        before, leaf.data = leaf.data, x
        try:
            return f()
        finally:
            leaf.data = before

    return root


def fresh(x: Any, name: str) -> tuple[Any, list[tuple[str, Value]]]:
    """x with a fresh leaf in place of every number, and those leaves with their names.

    x is a number, a Value (its number and label are taken), a list or tuple of such, or an array.
    """
    if isinstance(x, Value):
        leaf = Value(x.data, label=x.label)
        return leaf, [(x.label or name, leaf)]
    if isinstance(x, (list, tuple)):
        parts = [fresh(item, f"{name}[{i}]") for i, item in enumerate(x)]
        return type(x)([part for part, _ in parts]), [leaf for _, found in parts for leaf in found]
    if getattr(x, "shape", ()) != ():
        array = x.astype(object)
        _, leaves = fresh(list(x.ravel()), name)
        for i, (_, leaf) in enumerate(leaves):
            array.flat[i] = leaf
        return array, leaves
    leaf = Value(x)
    return leaf, [(name, leaf)]


# the report


class Comparison:
    """One leaf: its name, the derivatives expected (± error) and got, those from each side, and the verdict."""

    __slots__ = ("name", "leaf", "expected", "error", "got", "left", "right", "verdict")

    def __init__(self, name: str, leaf: Value, got: float, f: Function) -> None:
        self.name, self.leaf, self.got = name, leaf, got
        best, right, left = differences(f, leaf.data)
        (self.expected, self.error), self.right, self.left = best, right[0], left[0]
        self.verdict = self._verdict(best, right, left)

    def _verdict(self, best: Estimate, right: Estimate, left: Estimate) -> str:
        if not isfinite(self.got) or not isfinite(self.expected):
            return "not finite"
        low, high = sorted([left, right])
        if apart(right, left) and low[0] - tolerance(low) <= self.got <= high[0] + tolerance(high):
            return "kink"
        return "ok" if abs(self.got - self.expected) <= tolerance(best) else "wrong"

    def cells(self) -> list[str]:
        """What the table shows."""
        if self.verdict == "kink":
            low, high = sorted([self.left, self.right])
            return [self.name, f"{low:.9g} to {high:.9g}", "", f"{self.got:.9g}", self.verdict]
        return [self.name, f"{self.expected:.9g}", f"{self.error:.1e}", f"{self.got:.9g}", self.verdict]

    def __repr__(self) -> str:
        name, expected, error, got, verdict = self.cells()
        return f"<Comparison {name}: expected {expected}{error and ' ± ' + error}, got {got}: {verdict}>"


class Report:
    """What `check_gradients` found: `rows`, one per leaf; `ok`; as text a table."""

    __slots__ = ("rows",)

    def __init__(self, rows: list[Comparison]) -> None:
        self.rows = rows

    @property
    def ok(self) -> bool:
        """Whether every verdict is "ok" or "kink"."""
        return all(row.verdict in ("ok", "kink") for row in self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> None:
        """ValueError that shows the table, unless `ok`."""
        if not self.ok:
            bad = [row.name for row in self.rows if row.verdict not in ("ok", "kink")]
            raise ValueError(
                f"expected gradients that agree with finite differences, got others for {len(bad)} of "
                f"{len(self.rows)} leaves: {', '.join(bad[:5])}{', …' if len(bad) > 5 else ''}\n{self}"
            )

    def __repr__(self) -> str:
        table = [["leaf", "expected", "± error", "got", "verdict"], *[row.cells() for row in self.rows]]
        widths = [max([len(cells[i]) for cells in table]) for i in range(5)]
        return "\n".join(["  ".join([c.ljust(w) for c, w in zip(cells, widths)]).rstrip() for cells in table])


def gradients(root: Value, leaves: Sequence[Value]) -> list[float]:
    """∂root/∂leaf as `backward` computes it; every `grad` is left as it was."""
    before = [(node, node.grad) for node in [*leaves, *topological(root)]]
    try:
        for leaf in leaves:
            leaf.grad = 0.0
        root.backward()
        return [leaf.grad for leaf in leaves]
    finally:
        for node, grad in before:
            node.grad = grad


def check_gradients(
    f_or_value: Callable[..., Any] | Value, *inputs: Any, leaves: Iterable[Value] | None = None
) -> Report:
    """Compare the gradient of `backward` with finite differences, leaf by leaf.

    f_or_value is a function of Values with its inputs (numbers, Values, lists or arrays of them), called on fresh
    leaves again and again; or a Value already built, whose graph is evaluated again at other leaf data. `leaves`
    names the leaves to check in a built graph (default: all), or those that the function uses besides its inputs.
    No `grad` is touched. What is detached is held constant.

    The report is true where all is well; printed it is a table. Its verdicts:
    ok           expected and got agree, within the estimated error of the differences
    kink         the derivatives from the left and from the right differ, and got lies between them
    wrong        neither
    not finite   got is nan or inf, or there is no finite value on either side to compare with

    The differences are extrapolated (Ridders 1982) from steps scaled to |x|, from one side where the other is nan or
    inf; some 10 to 100 evaluations a leaf. Where they do not converge (f jumps at x, or has a vertical tangent) their
    error is about as large as they are, and no gradient of that size is refused.

    TypeError for what is neither a function nor a Value; ValueError for a graph whose leaves were changed after it was
    built, and for a function that does not return the same number twice.

    >>> report = check_gradients(lambda x, y: x.relu() + y * y, 0.0, 2.0)
    >>> [(row.name, row.got, row.verdict) for row in report.rows]
    [('x0', 0.0, 'kink'), ('x1', 4.0, 'ok')]
    """
    if isinstance(f_or_value, Value):
        if inputs:
            raise TypeError("expected no inputs beside a Value that is already built; pass a function to vary inputs")
        root = f_or_value
        chosen = [node for node in topological(root) if node.op is None] if leaves is None else list(leaves)
        return report(root, named(chosen))
    if not callable(f_or_value):
        raise TypeError(f"expected a function of Values or a Value, got {type(f_or_value).__name__} {f_or_value!r}")
    packed, found = [], []
    for i, x in enumerate(inputs):
        part, new = fresh(x, f"x{i}")
        packed.append(part)
        found += new
    y = f_or_value(*packed)
    root = y if isinstance(y, Value) else Value(number(y))  # a function may be constant here

    def evaluate() -> float:
        again = f_or_value(*packed)
        return again.data if isinstance(again, Value) else number(again)

    if evaluate() != root.data and root.data == root.data:
        raise ValueError("expected a function that returns the same number for the same inputs, got two numbers; "
                         "give its random generator a fixed seed inside the function")  # fmt: skip
    further = [] if leaves is None else named(list(leaves))
    detached = any(node.op is DETACH for node in inner_nodes(root))
    return report(root, found + further, None if detached else evaluate)


def named(leaves: list[Value]) -> list[tuple[str, Value]]:
    """The leaves with their labels, or x0, x1, … where they have none."""
    for leaf in leaves:
        if not isinstance(leaf, Value) or leaf.op is not None:
            raise TypeError(f"expected leaves (Values made by hand), got {type(leaf).__name__} {leaf!r}")
    return [(leaf.label or f"x{i}", leaf) for i, leaf in enumerate(leaves)]


def report(root: Value, leaves: list[tuple[str, Value]], evaluate: Callable[[], float] | None = None) -> Report:
    """The rows for these leaves; the root is evaluated by its graph unless a function is given that builds it."""
    graph = Graph(root) if evaluate is None else None
    rows = []
    for (name, leaf), got in zip(leaves, gradients(root, [leaf for _, leaf in leaves])):
        f = graph.along(leaf) if graph is not None else rebuilt(evaluate, leaf)  # type: ignore[arg-type]
        rows.append(Comparison(name, leaf, got, f))
    return Report(rows)


# where a nan comes from


class Fault:
    """What `why_nan` found; as text a sentence.

    direction   "forward" or "backward"
    node        the Value whose number, or whose contribution to an operand, is nan or inf
    op          name of its primitive, "" for a leaf
    operands    the operands' numbers
    label       its label
    operand     backward: the operand that receives nan or inf
    partial     backward: the local derivative for that operand
    adjoint     backward: the derivative of the root by the node, which is finite
    line        (file name, line number) of the user's code that made the node, None where not recorded
    """

    __slots__ = ("direction", "node", "op", "operands", "label", "operand", "partial", "adjoint", "line")

    def __init__(
        self, node: Value, *, operand: Value | None = None, partial: float | None = None,
        adjoint: float | None = None, recorded: Recording | None = None,
    ) -> None:  # fmt: skip
        self.direction = "forward" if operand is None else "backward"
        self.node, self.op, self.label = node, node.op.name if node.op else "", node.label
        self.operands = tuple([x.data if isinstance(x, Value) else x for x in node.args])
        self.operand, self.partial, self.adjoint = operand, partial, adjoint
        self.line = None if recorded is None else recorded.line(node)

    def __repr__(self) -> str:
        where = "" if self.line is None else ", made at " + shown_line(*self.line)
        if self.operand is None:
            what = described(self.node)
            return f"forward: {what}{'' if self.op else ' to begin with'}{where}"
        assert self.partial is not None and self.adjoint is not None
        name = names(self.node)[id(self.operand)]
        passed = self.partial * self.adjoint
        what = f"but passes {passed!r} to {name}: local derivative {self.partial!r} times adjoint {self.adjoint!r}"
        if isfinite(passed):
            what += f"; added to what {name} has already, that leaves the range of floats"
        return f"backward: {described(self.node)}, {what}{where}"


def names(node: Value) -> dict[int, str]:
    """id(operand) -> its label, or x, y, z where it has none."""
    values = {id(x): x for x in node.args if isinstance(x, Value)}
    free = [name for name in "xyzabc" if name not in [x.label for x in values.values()]]
    return {i: x.label or free.pop(0) for i, x in values.items()}


def described(node: Value) -> str:
    """A node and its number in words: "log(x) of x = -1.0 is nan"."""
    if node.op is None:
        return f"{'the leaf ' + node.label if node.label else 'a leaf without a label'} is {node.data!r}"
    label = f" (labelled {node.label})" if node.label else ""
    called = names(node)
    inside = ", ".join([called[id(x)] if isinstance(x, Value) else repr(x) for x in node.args])
    values = {called[id(x)]: x.data for x in node.args if isinstance(x, Value)}
    given = ", ".join([f"{name} = {x!r}" for name, x in values.items()])
    return f"{node.op.name}({inside}) of {given}{label} is {node.data!r}"


def shown_line(file: str, line: int) -> str:
    """A place in the user's code, with its text where it can be read."""
    import linecache

    text = linecache.getline(file, line).strip()
    return f"{file}:{line}" + (f": {text}" if text else "")


def taken(node: Value) -> list[Value]:
    """The operands that made the node's number: for `where` not the other branch."""
    args = node.args
    if node.op is WHERE:
        chosen = args[0].data if isinstance(args[0], Value) else args[0]
        args = (args[0], args[1] if chosen else args[2])
    return [x for x in args if isinstance(x, Value)]


def broken(order: list[Value], *, through: bool) -> Value | None:
    """The first node that is nan or inf, among those whose numbers went into the last one.

    With `through`, only among those whose nan or inf reached the last one.
    """
    reached = {id(order[-1])}
    first = None
    for node in reversed(order):
        if id(node) in reached:
            bad = not isfinite(node.data)
            first = node if bad else first
            if bad or not through:
                reached.update([id(x) for x in taken(node)])
    return first


def why_nan(value: Value, recorded: Recording | None = None) -> Fault | None:
    """The first node that turned nan or inf from finite input, forward or, if forward all is finite, backward.

    None where all is finite. Printed, the answer is a sentence; its fields hold the numbers (see `Fault`).
    A branch that `where` did not take is nobody's fault. Pass what `recording` gave to learn the line of code too.
    No `grad` is touched: the adjoints are computed apart. TypeError for what is not a Value.

    >>> x = Value(-1.0, label="x")
    >>> why_nan(3.0 * x.log() + 1.0)
    forward: log(x) of x = -1.0 is nan
    >>> why_nan(Value(0.0).sqrt())
    backward: sqrt(x) of x = 0.0 is 0.0, but passes inf to x: local derivative inf times adjoint 1.0
    """
    if not isinstance(value, Value):
        raise TypeError(f"why_nan expects a Value, got {type(value).__name__} {value!r}")
    order = topological(value)
    if not all(isfinite(node.data) for node in order):
        for through in (True, False):
            node = broken(order, through=through)
            if node is not None:
                return Fault(node, recorded=recorded)
    adjoints = {id(value): 1.0}
    for node in reversed(order):
        g = adjoints.pop(id(node), 0.0)
        if g:
            for x, partial in zip(node.args, node._cached):
                if partial is not None and isinstance(x, Value):
                    adjoints[id(x)] = received = adjoints.get(id(x), 0.0) + partial * g
                    if not isfinite(received):
                        return Fault(node, operand=x, partial=partial, adjoint=g, recorded=recorded)
    return None


# which line made a node

ENGINE = apply.__code__.co_filename
PACKAGE = ENGINE[: -len("engine.py")]


class Recording:
    """Which line of the user's code made which node, as long as the block of `recording` ran."""

    def __init__(self) -> None:
        self.lines: dict[int, tuple[str, int]] = {}
        self.kept: list[Value] = []
        self.previous: Any = None

    def line(self, node: Value) -> tuple[str, int] | None:
        """(file name, line number) of the code that made the node; None if it was not recorded."""
        return self.lines.get(id(node))

    def _profile(self, frame: FrameType, event: str, made: Any) -> None:
        """Called by the interpreter at every call and return."""
        if event != "return" or frame.f_code.co_filename != ENGINE or not isinstance(made, Value):
            return
        if frame.f_locals.get("self") is made:  # +x and 0 + x give x itself, which was made elsewhere
            return
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        if caller is not None:
            self.lines[id(made)] = (caller.f_code.co_filename, caller.f_lineno)

    def __enter__(self) -> Recording:
        previous = sys.getprofile()
        if previous is not None and not callable(previous):
            raise RuntimeError(f"expected no profiler written in C, got {previous!r}; stop it before recording()")
        self.previous = previous
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(self.previous)
        import gc

        # Nodes that died have left their lines behind, and nodes to come may take their ids: keep the living only.
        self.kept = [x for x in gc.get_objects() if id(x) in self.lines and isinstance(x, Value)]
        self.lines = {id(x): self.lines[id(x)] for x in self.kept}


def recording() -> Recording:
    """Record which line of your code makes which node, for `why_nan`, in this thread and within a `with` block.

    Built on `sys.setprofile`, so code inside runs several times slower; nothing is paid outside. The profiler that ran
    before is put back at the end. RuntimeError if that is one written in C, which Python cannot put back.

    >>> with recording() as lines:
    ...     y = Value(-1.0).sqrt() * 2.0
    >>> why_nan(y, lines).line[1]
    2
    """
    return Recording()
