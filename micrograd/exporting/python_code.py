"""An export in Python. What `math` lacks is written as its row defines it; where `math` raises, there is inf or nan."""

from __future__ import annotations

from functools import lru_cache

from micrograd.exporting.freezing import freeze_definition
from micrograd.exporting.parts import one_by_one
from micrograd.exporting.writer import ATOM, CHOICE, FORMS, PRODUCT, SIGN, Writer
from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.exporting.parts import Affine, Each
    from micrograd.exporting.writer import Form, Text
    from micrograd.ops import Op

LIBRARY = {name: f"math.{name}" for name in "tanh atan erf atan2 hypot copysign".split()} | {"abs": "math.fabs"}
RAISING = {  # functions of `math` -> what they raise, and what stands for it
    **dict.fromkeys(("exp", "expm1", "cosh"), ("OverflowError", "inf")),
    **dict.fromkeys(("sqrt", "sin", "cos", "tan", "asin", "acos"), ("ValueError", "nan")),
    "sinh": ("OverflowError", "math.copysign(inf, x)"),
    "log": ("ValueError", "-inf if x == 0.0 else nan"),
    "log1p": ("ValueError", "-inf if x == -1.0 else nan"),
}
TOTAL = """
def {name}(x):
    try:
        return math.{name}(x)
    except {error}:
        return {instead}
"""
DIV = """
def div(x, y):
    try:
        return x / y
    except ZeroDivisionError:
        return x * math.copysign(inf, y)
"""
POW = """
def pow(x, y):
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0.0 and y % 2.0 == 1.0 else inf
    except ValueError:
        odd = y > -inf and math.fmod(y, 2.0) == -1.0
        return nan if x != 0.0 else math.copysign(inf, x) if odd else inf
"""
ROUND = """
def round(x):
    return math.copysign(math.fabs(x) + 2.0**52 - 2.0**52, x) if math.fabs(x) < 2.0**52 else x
"""
AFFINE = """
def affine(weights, biases, x):
    out = []
    for row, total in zip(weights, biases):
        for weight, number in zip(row, x):
            total += weight * number
        out.append(total)
    return out
"""
HELPERS = {name: TOTAL.format(name=name, error=error, instead=instead) for name, (error, instead) in RAISING.items()}
HELPERS |= {"div": DIV, "pow": POW, "round": ROUND}


def defined(names: Iterable[str]) -> dict[str, str]:
    """The functions that an export brings along for some primitives; those that they call first.

    >>> print(defined(["relu"])["relu"])
    def relu(x):
        return 0.0 if x <= 0.0 else x
    """
    texts: dict[str, str] = {}
    for name in names:
        if name in HELPERS:
            texts[name] = HELPERS[name].strip()
        elif name not in LIBRARY:
            parts, text = from_definition(find(name))
            texts.update(defined(parts))
            texts[name] = text
    return texts


@lru_cache(maxsize=None)
def from_definition(op: Op) -> tuple[tuple[str, ...], str]:
    """The primitives that a definition calls, and its text."""
    graph = freeze_definition(op)
    writer = PythonWriter(graph, one_by_one(graph), op.name)
    [result] = writer.body()
    head = f"def {op.name}({', '.join(writer.input_names)}):"
    return tuple(writer.used), "\n    ".join([head, *writer.lines, f"return {result}"])


class PythonWriter(Writer):
    """Writes Python."""

    def source(self) -> str:
        """The whole module."""
        outputs = self.body()
        brought = [*defined(self.used).values(), *([AFFINE.strip()] if self.affines else [])]
        inputs = len(self.graph.input_nodes)
        if self.by_label:
            head = [f"[{', '.join(self.input_names)}] = [float(number) for number in {self.argument}]"]
        else:
            x, count = self.argument, f"{inputs} number" + ("s" if inputs > 1 else "")
            head = [
                f"{x} = [float(number) for number in {x}]",
                f"if len({x}) != {inputs}:",
                f'    raise ValueError(f"expected {count}, got {{len({x})}}")',
            ]
        result = outputs[0] if self.graph.bare else self._listed(outputs)
        function = [f"def {self.name}({self.argument}):", *head, *self.lines, f"return {result}"]
        numbers = [f"{name} = {self.literal(x)}" for name, x in self.constants]
        numbers += [line for name, rows, deep in self.tables for line in self.table(f"{name} = ", rows, deep, "[]")]
        blocks = ["\n".join(numbers), *brought, "\n    ".join(function)]
        text = "\n\n\n".join([block for block in blocks if block])
        imports = "import math\n" * ("math." in text)
        words = [word for word in ("inf", "nan") if word in "".join(c if c.isalnum() else " " for c in text).split()]
        imports += f"from math import {', '.join(words)}\n" * bool(words)
        gap = "\n" if numbers else "\n\n"
        return f"# {self.title()}\n{imports}{gap if imports else ''}{text}\n"

    def _listed(self, outputs: list[str]) -> str:
        whole = self.named.get(tuple(self.graph.outputs))
        return whole or f"[{', '.join(outputs)}]"

    def literal(self, x: float) -> str:
        return repr(x)

    def form(self, kind: str, args: tuple[int, ...]) -> Form:
        if kind in FORMS:
            return FORMS[kind]
        if kind == "div" and len(args) == 2 and self.graph.numbers.get(args[1], 0.0) != 0.0:
            return "{0} / {1}", PRODUCT, (PRODUCT, SIGN)
        if kind not in LIBRARY and kind not in HELPERS and find(kind).definition is None:
            raise ValueError(f"expected primitives with a definition, or those of math, got {kind}; give its row one")
        self.used[kind] = None
        count = len(args)
        places = ", ".join([f"{{{i}}}" for i in range(count)])
        return f"{LIBRARY.get(kind, kind)}({places})", ATOM, (CHOICE,) * count

    def choice(self, condition: str, x: str, y: str) -> str:
        return f"{x} if {condition} else {y}"

    def statement(self, name: str, text: str) -> None:
        self.lines.append(f"{name} = {text}")

    def gather(self, name: str, items: list[str]) -> None:
        self.lines.append(f"{name} = [{', '.join(items)}]")

    def affine(self, name: str, affine: Affine, weights: str, biases: str, sources: str) -> None:
        self.lines.append(f"{name} = affine({weights}, {biases}, {sources})")

    def each(self, name: str, each: Each, operands: list[Any]) -> None:
        vectors: dict[str, str] = {}
        letters = self.names.letters(len(operands))
        texts: list[Text] = []
        for x in operands:
            if len(x) == 1:
                vectors.setdefault(x[0], letters[len(vectors)])
                texts.append((vectors[x[0]], ATOM))
            else:
                texts.append(x)
        text = self.fill(each.kind, self.graph.args[each.nodes[0]], texts)[0]
        one, all = ", ".join(vectors.values()), ", ".join(vectors)
        self.lines.append(f"{name} = [{text} for {one} in {f'zip({all})' if len(vectors) > 1 else all}]")
