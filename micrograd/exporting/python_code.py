"""An export in Python. The functions that are total here and raise in `math` are those of `functions`, copied."""

from __future__ import annotations

from functools import lru_cache

from micrograd import functions
from micrograd.exporting.writer import ATOM, CHOICE, FORMS, PRODUCT, SIGN, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.exporting.parts import Affine, Each
    from micrograd.exporting.writer import Form, Text

AFFINE = """
def affine(weights, biases, x):
    out = []
    for row, total in zip(weights, biases):
        for weight, number in zip(row, x):
            total += weight * number
        out.append(total)
    return out
"""


@lru_cache(maxsize=None)
def standalone(name: str) -> tuple[str, str]:
    """(source, call) of a function of `functions` on floats; the source is "" where `math` has the function as it is.

    The source is what stands behind its docstring and the statement that hands all but floats to `operate`: both must
    be there; no other function of `functions` is copied with it.

    >>> standalone("tanh")
    ('', 'math.tanh')
    >>> print(standalone("relu")[0])
    def relu(x):
        return 0.0 if x <= 0.0 else x
    """
    import ast
    import inspect

    tree = ast.parse(inspect.getsource(getattr(functions, name)))
    function: Any = tree.body[0]
    function.decorator_list, function.returns = [], None
    for argument in function.args.args:
        argument.annotation = None
    function.body = function.body[2:]  # without the documentation and the question whether all arguments are floats
    call = getattr(function.body[0], "value", None)
    called = ast.unparse(call.func) if len(function.body) == 1 and isinstance(call, ast.Call) else ""
    return ("", called) if called.startswith("math.") else (ast.unparse(tree), name)


class PythonWriter(Writer):
    """Writes Python."""

    def source(self) -> str:
        """The whole module."""
        outputs = self.body()
        copied = [text for text in (standalone(name)[0] for name in self.used) if text]
        if self.affines:
            copied.append(AFFINE.strip())
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
        blocks = ["\n".join(numbers), *copied, "\n    ".join(function)]
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
        return f"{standalone(kind)[1]}({places})", ATOM, (CHOICE,) * count

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
