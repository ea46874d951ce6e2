"""The scalar graph of a program: what the user's code computes for one sample, every expression once.

node        a number, its place in the lists below; operands stand before results
kind        "input", "target", "parameter", "captured" (another Value the code used), "constant", a primitive's name, or
            "take": one of its operands, the first of which is the index, an input or target; the others are uniform;
            "step", a leaf that changes from step to step of a loop, "loop" and "item": see `loops.loop`
args        operands of a primitive, as nodes; of a leaf: which input, target, parameter, captured Value; the constant
varying     depends on an input or target, so differs from sample to sample; all else is uniform
"""

from __future__ import annotations

from math import copysign, nan

from micrograd.algebra.identities import simpler
from micrograd.notation.signs import numeral
from micrograd.ops import DIV, MUL, NEG, POW, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.compiler.scalar.loops.loop import Loop
    from micrograd.ops import Op

SHOWN = 8  # operands of a printed node
LEAVES = ("input", "target", "parameter", "captured", "constant", "step")


class Graph:
    """A scalar graph; `leaf` and `apply` add nodes and return the node that is already there where there is one.

    >>> graph = Graph()
    >>> x = graph.leaf("input", 0)
    >>> graph.apply("mul", (x, x)) == graph.apply("mul", (x, x))
    True
    >>> print(graph)
    0  input 0
    1  mul 0 0
    """

    def __init__(self) -> None:
        self.kind: list[str] = []
        self.args: list[tuple[Any, ...]] = []
        self.varying: list[bool] = []
        self.loops: dict[int, Loop] = {}
        self._places: dict[Any, int] = {}
        self._numbers: dict[float, int] = {}  # the constants that are told apart by ==

    def __len__(self) -> int:
        return len(self.kind)

    def __str__(self) -> str:
        width = len(str(len(self) - 1))
        return "\n".join(
            [
                f"{i:{width}}  {kind} {' '.join(map(arg_text, args[:SHOWN]))}{' …' * (len(args) > SHOWN)}"
                for i, (kind, args) in enumerate(zip(self.kind, self.args))
            ]
        )

    def copy(self, count: int | None = None) -> Graph:
        """A graph that goes on from here by itself, or from its first `count` nodes."""
        made = Graph()
        made.kind, made.args, made.varying = self.kind[:count], self.args[:count], self.varying[:count]
        made._places = {key: node for key, node in self._places.items() if count is None or node < count}
        made.loops = {node: loop.again() for node, loop in self.loops.items() if count is None or node < count}
        return made

    def keys(self) -> list[Any]:
        """What each node is, in a form that can be compared (nan with nan, and zeros by their signs)."""
        return list(self._places)

    def same(self, other: Graph) -> bool:
        """Whether two graphs have the same nodes in the same order."""
        return self._places == other._places

    def _node(self, kind: str, args: tuple[Any, ...], key: Any, varying: bool) -> int:
        self._places[key] = place = len(self.kind)
        self.kind.append(kind)
        self.args.append(args)
        self.varying.append(varying)
        return place

    def leaf(self, kind: str, which: int) -> int:
        """The input, target, parameter or captured Value number `which`."""
        found = self._places.get((kind, which))
        return self._node(kind, (which,), (kind, which), kind in ("input", "target")) if found is None else found

    def constant(self, value: float) -> int:
        """A number; 0.0 and -0.0 are two."""
        found = self._numbers.get(value)
        if found is not None:
            return found
        key = ("constant", value.hex(), copysign(1.0, value))
        found = self._places.get(key)
        node = self._node("constant", (value,), key, False) if found is None else found
        if value == value != 0.0:
            self._numbers[value] = node
        return node

    def number(self, node: int) -> float | None:
        """The number of a constant; None for any other node."""
        return self.args[node][0] if self.kind[node] == "constant" else None

    def apply(self, name: str, args: tuple[int, ...]) -> int:
        """The primitive `name` on nodes: simplified where that is exact, else one node."""
        op, places, kind = TABLE[name], self._places, self.kind
        key = (name, args[::-1]) if op.commutative and args[0] > args[1] else (name, args)
        found = places.get(key)
        if found is not None:
            return found
        kinds = [kind[x] for x in args]
        if "constant" in kinds or (op.of_negative is not None and kinds[-1] == NEG.name):
            simpler = self._simpler(op, args)
            if simpler is not None:
                return simpler
        varying = self.varying
        varies = varying[args[0]]
        for x in args[1:]:
            varies = varies or varying[x]
        places[key] = place = len(kind)  # as `_node` does, which is called less often
        kind.append(name)
        self.args.append(args)
        varying.append(varies)
        return place

    def take(self, index: int, entries: tuple[int, ...]) -> int:
        """The one of the entries, uniform nodes, that an input or target chooses."""
        if len(set(entries)) == 1:
            return entries[0]
        key = "take", (index, *entries)
        found = self._places.get(key)
        return self._node(*key, key, True) if found is None else found

    def again(self, node: int) -> int:
        """A node of its own with the number of another, for what is differentiated by, or a result beside others."""
        nothing = self.constant(-0.0)  # x + −0 is x, to the bit
        return self._node("add", (node, nothing), ("again", len(self)), self.varying[node])

    def step_leaves(self, count: int) -> list[int]:
        """New leaves for the body of a loop."""
        first = len(self)
        return [self.leaf("step", first + k) for k in range(count)]

    def loop(self, loop: Loop, args: tuple[int, ...]) -> int:
        """The node of a loop on these operands."""
        key = "loop", args, loop.key()
        found = self._places.get(key)
        if found is None:
            found = self._node("loop", args, key, True)
            self.loops[found] = loop
        return found

    def item(self, loop: int, which: int) -> int:
        """One of the numbers that a loop makes."""
        args = loop, self.constant(float(which))
        found = self._places.get(("item", args))
        return self._node("item", args, ("item", args), True) if found is None else found

    def _simpler(self, op: Op, args: tuple[int, ...]) -> int | None:
        """A node with the same value to the bit (a power: to the last digit) for any operands, zeros and nan too."""
        numbers = [self.number(i) for i in args]
        if None not in numbers:
            return self.constant(op.forward(*numbers))
        if op is POW and numbers[1] in POWERS:
            return self._product(args[0], int(numbers[1]))
        found = simpler(op, args, numbers, self._negated)
        if found is None:
            return None
        return self.apply(*found) if found[0] else found[1][0]

    def _negated(self, node: int) -> int | None:
        """x of a node −x."""
        return self.args[node][0] if self.kind[node] == NEG.name else None

    def _product(self, x: int, exponent: int) -> int:
        if exponent < 2:
            return x if exponent == 1 else self.apply(DIV.name, (self.constant(1.0), x))
        square = self.apply(MUL.name, (x, x))
        return square if exponent == 2 else self.apply(MUL.name, (square, x if exponent == 3 else square))


def chosen(graph: Graph, index: int, entries: Sequence[int]) -> int:
    """The node of entries[index], by choices, as many as entries; nan for what is no place among them."""
    holds = graph.constant(1.0)
    whole = graph.apply("round", (index,))
    fits = [("greater_equal", index, graph.constant(0.0)), ("less", index, graph.constant(float(len(entries)))),
            ("greater_equal", whole, index), ("less_equal", whole, index)]  # fmt: skip
    for name, a, b in fits:
        holds = graph.apply("mul", (holds, graph.apply(name, (a, b))))
    return graph.apply("where", (holds, halved(graph, index, entries, 0), graph.constant(nan)))


def halved(graph: Graph, index: int, entries: Sequence[int], first: int) -> int:
    """The node of entries[index − first]: few choices stand one after the other."""
    if len(entries) == 1:
        return entries[0]
    half = len(entries) // 2
    below = graph.apply("less", (index, graph.constant(float(first + half))))
    lower, upper = halved(graph, index, entries[:half], first), halved(graph, index, entries[half:], first + half)
    return graph.apply("where", (below, lower, upper))


POWERS = (-1.0, 1.0, 2.0, 3.0, 4.0)  # x**n by these many products is right to two ulp, and as fast as it gets


def arg_text(arg: Any) -> str:
    """An operand in the printed graph."""
    return str(arg) if arg.__class__ is int else numeral(arg)
