"""`Writer`: an export's parts as statements; what differs between languages is left to the two that derive from it.

strength    how strongly an expression binds; a weaker operand needs brackets
form        (template, its strength, the least strength of each operand without brackets)
text        an expression as it will stand in the code, with its strength
"""

from __future__ import annotations

from math import copysign

from micrograd import ops
from micrograd.exporting.identifiers import Identifiers, identifier
from micrograd.exporting.parts import Affine, Each, Parts
from micrograd.notation.signs import parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.exporting.freezing import FrozenGraph
    from micrograd.exporting.parts import Vector
    from micrograd.ops import Op

    Form = tuple[str, int, tuple[int, ...]]
    Text = tuple[str, int]

CHOICE, COMPARISON, SUM, PRODUCT, SIGN, ATOM = range(6)
LONGEST = 72  # an expression that is longer becomes a statement with a name of its own
WIDTH = 116  # of the lines of a table


def with_sign(op: Op) -> Form:
    """The form of a primitive with a sign; a sum or product on the right needs brackets, for the order of rounding.

    >>> with_sign(ops.SUB), with_sign(ops.NEG)
    (('{0} - {1}', 2, (2, 3)), ('-{0}', 4, (5,)))
    """
    if len(op.partials) == 1:
        return f"{op.sign}{{0}}", SIGN, (ATOM,)
    strength = SUM if op.binding[0] == ops.SUM else PRODUCT
    return f"{{0}} {op.sign} {{1}}", strength, (strength, strength + 1)


# Division is not among them: in Python that by 0 raises
FORMS = {op.name: with_sign(op) for op in ops.TABLE.values() if op.sign and not op.comparison and op is not ops.DIV}


class Writer:
    """Writes one export. The lists are filled in the order in which their lines will stand.

    used        names of the primitives that need a function of their own
    constants   (name, number) of the labelled parameters that are used
    tables      (name, rows) of weights and biases; a table of one dimension has a single row
    """

    def __init__(self, graph: FrozenGraph, parts: Parts, name: str) -> None:
        self.graph, self.parts, self.name = graph, parts, name
        self.names = Identifiers(name)
        self.used: dict[str, None] = {}
        self.constants: list[tuple[str, float]] = []
        self.tables: list[tuple[str, list[list[float]], bool]] = []
        self.lines: list[str] = []
        self.texts: dict[int, Text] = {}
        self.named: dict[Vector, str] = {}
        self.conditions: dict[str, str] = {}  # text of a comparison as a number -> as a condition
        self.affines = 0

    # what the languages say

    def source(self) -> str:
        """The whole source."""
        raise NotImplementedError

    def form(self, kind: str, args: tuple[int, ...]) -> Form:
        """The form of a primitive."""
        raise NotImplementedError

    def choice(self, condition: str, x: str, y: str) -> str:
        """x where the condition holds, else y."""
        raise NotImplementedError

    def literal(self, x: float) -> str:
        """A number."""
        raise NotImplementedError

    def statement(self, name: str, text: str) -> None:
        """A single number."""
        raise NotImplementedError

    def affine(self, name: str, affine: Affine, weights: str, biases: str, sources: str) -> None:
        """An affine map."""
        raise NotImplementedError

    def each(self, name: str, each: Each, operands: list[Any]) -> None:
        """A primitive on a vector; operands: names of vectors, names of tables in a list, texts of numbers."""
        raise NotImplementedError

    def gather(self, name: str, items: list[str]) -> None:
        """A vector from single numbers."""
        raise NotImplementedError

    # what they share

    def body(self) -> list[str]:
        """Fill the lists; the texts of the outputs."""
        self._inputs()
        shared = self.parts.shared()
        for part in self.parts.ordered:
            if isinstance(part, Affine):
                self._affine(part)
            elif isinstance(part, Each):
                self._each(part)
            else:
                self._single(part, part in shared)
        return [self.text(node)[0] for node in self.graph.outputs]

    def _inputs(self) -> None:
        """Inputs by their labels where all have one and none is part of a loop, else as x[0], x[1], …"""
        inputs = self.graph.input_nodes
        labels = [identifier(self.graph.labels.get(node, "")) for node in inputs]
        known = set(inputs)
        looped = any(
            i in known for part in self.parts.ordered if not isinstance(part, int) for i in self.parts.needs(part)
        )
        self.by_label = all(labels) and not looped
        if self.by_label:
            names = [self.names.take(label) for label in labels]
            self.argument = self.names.take("inputs")
            self.texts.update({node: (name, ATOM) for node, name in zip(inputs, names)})
            self.input_names = names
        else:
            self.argument = self.names.take("x")
            self.named[tuple(inputs)] = self.argument
            self.texts.update({node: (f"{self.argument}[{i}]", ATOM) for i, node in enumerate(inputs)})

    def text(self, node: int) -> Text:
        """What stands for a node where it is used."""
        if node not in self.texts:
            x = self.graph.numbers[node]
            label = self.graph.labels.get(node, "")
            name = identifier(label) if label and parameter(label) is None else ""
            if name and self.graph.kind[node] in ("parameter", "captured"):
                self.texts[node] = self.names.take(name), ATOM
                self.constants.append((self.texts[node][0], x))
            else:
                self.texts[node] = self.literal(x), SIGN if copysign(1.0, x) < 0.0 else ATOM
        return self.texts[node]

    def operand(self, text: Text, least: int) -> str:
        """An operand, in brackets if it binds less strongly than that."""
        return text[0] if text[1] >= least else f"({text[0]})"

    def fill(self, kind: str, args: tuple[int, ...], texts: list[Text]) -> Text:
        """A primitive on operands."""
        op = ops.TABLE[kind]
        if op is ops.DETACH:
            return texts[0]
        if op.comparison:
            condition = f"{self.operand(texts[0], SUM)} {op.sign} {self.operand(texts[1], SUM)}"
            text = self.choice(condition, "1.0", "0.0")
            self.conditions[text] = condition
            return text, CHOICE
        if op is ops.WHERE:
            condition = self.conditions.get(texts[0][0]) or f"{self.operand(texts[0], SUM)} != 0.0"
            return self.choice(condition, *[self.operand(text, COMPARISON) for text in texts[1:]]), CHOICE
        if op.of_negative and texts[1][0][:1] == "-" and args[1] in self.graph.numbers:
            kind, texts = op.of_negative, [texts[0], (texts[1][0][1:], ATOM)]
        template, strength, least = self.form(kind, args)
        return template.format(*[self.operand(text, n) for text, n in zip(texts, least)]), strength

    def _single(self, node: int, shared: bool) -> None:
        graph = self.graph
        args = graph.args[node]
        text = self.fill(graph.kind[node], args, [self.text(i) for i in args])
        name = identifier(graph.labels.get(node, ""))
        if shared or name or len(text[0]) > LONGEST:
            name = self.names.take(name) if name else self.names.numbered("v")
            self.statement(name, text[0])
            text = name, ATOM
        self.texts[node] = text

    def _vector(self, nodes: Vector) -> str:
        """The name of a vector; one is made of single numbers where there is none."""
        if nodes not in self.named:
            self.named[nodes] = self.names.numbered("g")
            self.gather(self.named[nodes], [self.text(node)[0] for node in nodes])
        return self.named[nodes]

    def _made(self, nodes: Vector) -> str:
        """The name for a vector that is computed now."""
        name = self.named[nodes] = self.names.numbered("h")
        self.texts.update({node: (f"{name}[{i}]", ATOM) for i, node in enumerate(nodes)})
        return name

    def _affine(self, affine: Affine) -> None:
        sources = self._vector(affine.sources)
        self.affines += 1
        weights, biases = [self.table_name(f"{what}_{self.affines}") for what in ("weights", "biases")]
        self.tables += [(weights, affine.weights, True), (biases, [affine.biases], False)]
        self.affine(self._made(affine.nodes), affine, weights, biases, sources)

    def table_name(self, wish: str) -> str:
        """The name of a table."""
        return self.names.take(wish)

    def _each(self, each: Each) -> None:
        operands: list[Any] = []
        for x in each.operands:
            if isinstance(x, tuple):
                operands.append((self._vector(x),))
            elif isinstance(x, int):
                operands.append(self.text(x))
            elif len({(number, copysign(1.0, number)) for number in x}) == 1:
                operands.append((self.literal(x[0]), SIGN if copysign(1.0, x[0]) < 0.0 else ATOM))
            else:
                name = self.table_name("numbers")
                self.tables.append((name, [x], False))
                operands.append((name,))
        self.each(self._made(each.nodes), each, operands)

    def table(self, head: str, rows: list[list[float]], deep: bool, brackets: str) -> list[str]:
        """The lines of a table, or of a list of numbers."""
        if not deep:
            return self._list(head, rows[0], "", brackets)
        lists = [line for row in rows for line in self._list("", row, "    ", brackets, ",")]
        return [head + brackets[0], *lists, brackets[1]]

    def _list(self, head: str, numbers: list[float], indent: str, brackets: str, end: str = "") -> list[str]:
        """A list of numbers: on one line, or wrapped."""
        texts = [self.literal(x) for x in numbers]
        line = f"{indent}{head}{brackets[0]}{', '.join(texts)}{brackets[1]}{end}"
        if len(line) <= WIDTH:
            return [line]
        lines = [indent + "   "]
        for text in texts:
            if len(lines[-1]) + len(text) >= WIDTH:
                lines.append(indent + "   ")
            lines[-1] += f" {text},"
        return [f"{indent}{head}{brackets[0]}", *lines, indent + brackets[1] + end]

    def title(self) -> str:
        """What the code is, in a line."""
        counts = [len(self.graph.input_nodes), len(self.graph.outputs)]
        ends = [f"{count} number{'s' if count > 1 else ''} {way}" for count, way in zip(counts, ("in", "out"))]
        return f"{self.name}: {', '.join(ends)}. Written by micrograd."
