"""An export in Python. Functions that are total here and raise in `math` are copied, others are their definitions."""

from __future__ import annotations

from functools import lru_cache

from micrograd import functions
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

AFFINE = """
def affine(weights, biases, x):
    out = []
    for row, total in zip(weights, biases):
        for weight, number in zip(row, x):
            total += weight * number
        out.append(total)
    return out
"""


def standalone(op: Op) -> tuple[str, str, tuple[str, ...]]:
    """(source, call, primitives that it calls) of a primitive on floats; source "" where `math` has it as it is.

    The source is that of the function in `functions`; of a primitive of somebody's own, its definition.

    >>> from micrograd.ops import RELU, TANH
    >>> standalone(TANH)[:2]
    ('', 'math.tanh')
    >>> print(standalone(RELU)[0])
    def relu(x):
        return 0.0 if x <= 0.0 else x
    """
    found = copied(op.name) if op.forward is getattr(functions, op.name, None) else None
    if found is not None:
        return *found, ()
    if op.definition is None:
        raise ValueError(f"expected primitives with a definition, or functions that need math alone, got {op.name}")
    return from_definition(op)


@lru_cache(maxsize=None)
def copied(name: str) -> tuple[str, str] | None:
    """(source, call) of a function of `functions`: what stands behind its docstring and the way to `operate`.

    None for one that is written otherwise, or needs others than `math` and Python.
    """
    import ast
    import builtins
    import inspect

    tree = ast.parse(inspect.getsource(getattr(functions, name)))
    function: Any = tree.body[0]
    function.decorator_list, function.returns = [], None
    for argument in function.args.args:
        argument.annotation = None
    if ast.get_docstring(function) is None or not isinstance(function.body[1], ast.If):
        return None
    function.body = function.body[2:]
    names = [x for x in ast.walk(function) if isinstance(x, ast.Name)]
    own = {x.arg for x in function.args.args} | {x.id for x in names if isinstance(x.ctx, ast.Store)}
    if not {x.id for x in names} <= own | {"math", "inf", "nan"} | set(dir(builtins)):
        return None
    call = getattr(function.body[0], "value", None)
    called = ast.unparse(call.func) if len(function.body) == 1 and isinstance(call, ast.Call) else ""
    return ("", called) if called.startswith("math.") else (ast.unparse(tree), name)


@lru_cache(maxsize=None)
def from_definition(op: Op) -> tuple[str, str, tuple[str, ...]]:
    """(source, call, primitives that it calls) of a primitive with a definition."""
    graph = freeze_definition(op)
    writer = PythonWriter(graph, one_by_one(graph), op.name)
    [result] = writer.body()
    head = f"def {op.name}({', '.join(writer.input_names)}):"
    return "\n    ".join([head, *writer.lines, f"return {result}"]), op.name, tuple(writer.used)


def needed(names: Iterable[str]) -> dict[str, str]:
    """The functions that an export brings along for some primitives; those that they call first."""
    texts: dict[str, str] = {}
    for name in names:
        source, _, parts = standalone(find(name))
        texts.update(needed(parts))
        if source:
            texts[name] = source
    return texts


class PythonWriter(Writer):
    """Writes Python."""

    def source(self) -> str:
        """The whole module."""
        outputs = self.body()
        brought = [*needed(self.used).values(), *([AFFINE.strip()] if self.affines else [])]
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
        self.used[kind] = None
        count = len(args)
        places = ", ".join([f"{{{i}}}" for i in range(count)])
        return f"{standalone(find(kind))[1]}({places})", ATOM, (CHOICE,) * count

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
