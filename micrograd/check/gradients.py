"""Is a gradient right? `check_gradients` compares it with finite differences.

got         the derivative of the root by a leaf, from `backward`
expected    the same from finite differences, with an estimate of its error
place       where a node's number stands in the list of numbers of a Forward
"""

from __future__ import annotations

from math import isfinite

from micrograd.check.differences import apart, differences, tolerance
from micrograd.check.why import described
from micrograd.collector import paused
from micrograd.dispatch import brief, number
from micrograd.engine import Value, adjoints, numbered, topological
from micrograd.expect import one_leaf
from micrograd.notation.naming import told_apart
from micrograd.ops import DETACH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Sequence

    from micrograd.check.differences import Estimate, Function


# the graph as a function of one leaf


class Forward:
    """A graph as a function of the data of its leaves, read from the rows; what is detached keeps its value.

    values      the numbers of all nodes, then of plain operands; root: how many nodes there are, less one
    places      id(node) -> place of its number
    steps       (forward of a row, places of the operands, place of the result)
    """

    def __init__(self, places: dict[int, int], values: list[float]) -> None:
        self.places, self.values, self.root = places, values, len(values) - 1
        self.steps: list[tuple[Callable[..., float], list[int], int]] = []

    def add(self, node: Value, args: tuple[Any, ...]) -> None:
        """The step that makes a node from its operands, places or numbers, where it is no leaf and not detached."""
        if node.op is not None and node.op is not DETACH:
            operands = []
            for x in args:
                operands.append(x if x.__class__ is int else len(self.values))
                if x.__class__ is not int:
                    self.values.append(x)
            again = node.op.forward(*[self.values[place] for place in operands])
            if again != node.data and repr(again) != repr(node.data):  # nan is nan
                raise ValueError(
                    f"expected a graph whose leaves have not changed since it was built, got {described(node)} where "
                    f"the operands now give {again!r}; build the expression again, or pass a function that builds it"
                )
            self.steps.append((node.op.forward, operands, self.places[id(node)]))

    def along(self, leaf: Value) -> Function:
        """The root as a function of the data of one leaf; only what depends on it is evaluated."""
        start = self.places.get(id(leaf))
        if start is None:
            return lambda x: self.values[self.root]
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
            return values[self.root]

        return root


def forward_of(root: Value) -> Forward:
    """The graph below a root as a Forward.

    ValueError where the data of a node is not what its row makes of the operands: some `data` was changed after the
    graph was built, and the cached local derivatives belong to the old numbers.
    """
    nodes = topological(root)
    places, operands = numbered(nodes)
    forward = Forward(places, [node.data for node in nodes])
    for node, args in zip(nodes, operands):
        forward.add(node, args)
    return forward


def rebuilt(f: Callable[[], float], leaf: Value) -> Function:
    """f, which builds an expression on leaf and returns its value, as a function of the data of that leaf."""

    def root(x: float) -> float:
        before, leaf.data = leaf.data, x
        try:
            with paused():
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

    def __init__(
        self, name: str, leaf: Value, got: float, best: Estimate, right: Estimate, left: Estimate, verdict: str
    ) -> None:
        self.name, self.leaf, self.got, self.verdict = name, leaf, got, verdict
        (self.expected, self.error), self.right, self.left = best, right[0], left[0]

    def cells(self) -> list[str]:
        """What the table shows."""
        if self.verdict == "kink":
            low, high = sorted([self.left, self.right])
            return [self.name, f"{low:.9g} to {high:.9g}", "", f"{self.got:.9g}", self.verdict]
        return [self.name, f"{self.expected:.9g}", f"{self.error:.1e}", f"{self.got:.9g}", self.verdict]

    def __repr__(self) -> str:
        name, expected, error, got, verdict = self.cells()
        return f"<Comparison {name}: expected {expected}{error and ' ± ' + error}, got {got}: {verdict}>"


def compare(name: str, leaf: Value, got: float, f: Function) -> Comparison:
    """What finite differences of f say of a derivative."""
    best, right, left = differences(f, leaf.data)
    low, high = sorted([left, right])
    if not isfinite(got) or not isfinite(best[0]):
        verdict = "not finite"
    elif apart(right, left) and low[0] - tolerance(low) <= got <= high[0] + tolerance(high):
        verdict = "kink"
    else:
        verdict = "ok" if abs(got - best[0]) <= tolerance(best) else "wrong"
    return Comparison(name, leaf, got, best, right, left, verdict)


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
    """∂root/∂leaf as `backward` computes it; no `grad` is touched."""
    found = adjoints(root)
    return [found.get(id(leaf), 0.0) for leaf in leaves]


def check_gradients(
    f_or_value: Callable[..., Any] | Value, *inputs: Any, leaves: Iterable[Value] | None = None
) -> Report:
    """Compare the gradient of `backward` with finite differences, leaf by leaf.

    f_or_value is a function of Values with its inputs (numbers, Values, lists or arrays of them), called on fresh
    leaves again and again; or a Value already built, whose graph is evaluated again at other leaf data. `leaves`
    names the leaves to check in a built graph (default: all), or those that the function uses besides its inputs.
    No `grad` is touched; the data of `leaves` that a function uses moves while it is compared, and is put back.
    What is detached is held constant.

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
        raise TypeError(f"expected a function of Values or a Value, got {brief(f_or_value)}")
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
        raise ValueError(
            "expected a function that returns the same number for the same inputs, got two numbers; "
            "give its random generator a fixed seed inside the function"
        )
    further = [] if leaves is None else named(list(leaves))
    detached = any(node.op is DETACH for node in topological(root))
    return report(root, found + further, None if detached else evaluate)


def named(leaves: list[Value]) -> list[tuple[str, Value]]:
    """The leaves with their labels, or x0, x1, … where they have none."""
    return [(one_leaf(x, "leaves").label or f"x{i}", x) for i, x in enumerate(leaves)]


def report(root: Value, leaves: list[tuple[str, Value]], evaluate: Callable[[], float] | None = None) -> Report:
    """The rows for these leaves; the root is evaluated by its graph unless a function is given that builds it."""
    forward = forward_of(root) if evaluate is None else None
    rows = []
    names = told_apart([name for name, _ in leaves])
    for name, (_, leaf), got in zip(names, leaves, gradients(root, [leaf for _, leaf in leaves])):
        f = forward.along(leaf) if forward is not None else rebuilt(evaluate, leaf)  # type: ignore[arg-type]
        rows.append(compare(name, leaf, got, f))
    return Report(rows)
