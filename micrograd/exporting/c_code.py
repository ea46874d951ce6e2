"""An export in C (C99). What <math.h> lacks is written as its row defines it."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

from micrograd.exporting import words
from micrograd.exporting.freezing import freeze_definition
from micrograd.exporting.parts import one_by_one
from micrograd.exporting.writer import ATOM, CHOICE, Writer, with_sign
from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from micrograd.exporting.parts import Affine, Each
    from micrograd.exporting.writer import Form
    from micrograd.ops import Op

LIBRARY = {
    name: name
    for name in ("exp expm1 log log1p sqrt erf sin cos tan asin acos atan atan2 hypot sinh cosh tanh pow".split())
} | {"abs": "fabs", "copysign": "copysign", "round": "nearbyint"}


class CWriter(Writer):
    """Writes C."""

    def source(self) -> str:
        """The whole file."""
        outputs = self.body()
        inputs = len(self.graph.input_nodes)
        head = f"const double {self.argument}[{inputs}]"
        if self.graph.bare:
            head, ends = f"double {self.name}({head})", [f"return {outputs[0]};"]
        else:
            ends = self._outputs(outputs)
            head = f"void {self.name}({head}, double out[{len(outputs)}])"
        starts = [f"const double {name} = {self.literal(x)};" for name, x in self.constants]
        if self.by_label:
            starts += [
                f"const double {name} = {self.argument}[{i}];"
                for i, name in enumerate(self.input_names)
                if self.graph.input_nodes[i] in self.parts.uses
            ]
        if not any(node in self.parts.uses for node in self.graph.input_nodes):
            starts.append(f"(void){self.argument};")
        function = "\n    ".join([f"{head} {{", *starts, *self.lines, *ends]) + "\n}"
        tables = ["\n".join(self._table(name, rows, deep)) for name, rows, deep in self.tables]
        helpers = defined(self.used).values()
        return "\n\n".join([f"/* {self.title()} */\n#include <math.h>", *tables, *helpers, function]) + "\n"

    def _outputs(self, outputs: list[str]) -> list[str]:
        whole = self.named.get(tuple(self.graph.outputs))
        if whole is not None and len(outputs) > 1:
            return [f"for (int i = 0; i < {len(outputs)}; i++)", f"    out[i] = {whole}[i];"]
        return [f"out[{i}] = {text};" for i, text in enumerate(outputs)]

    def _table(self, name: str, rows: list[list[float]], deep: bool) -> list[str]:
        size = f"[{len(rows)}]" * deep + f"[{len(rows[0])}]"
        lines = self.table(f"static const double {name}{size} = ", rows, deep, "{}")
        return [*lines[:-1], lines[-1] + ";"]

    def table_name(self, wish: str) -> str:
        return self.names.take(f"{self.name}_{wish}")

    def literal(self, x: float) -> str:
        if isfinite(x):
            return repr(x)
        return "NAN" if x != x else "INFINITY" if x > 0.0 else "-INFINITY"

    def form(self, kind: str, args: tuple[int, ...]) -> Form:
        if find(kind).sign:
            return with_sign(find(kind))
        if kind not in LIBRARY and find(kind).definition is None:
            raise ValueError(f"expected primitives with a definition, or functions of C, got {kind}; give its row one")
        self.used[kind] = None
        count = len(args)
        places = ", ".join([f"{{{i}}}" for i in range(count)])
        return f"{LIBRARY.get(kind) or called(kind)}({places})", ATOM, (CHOICE,) * count

    def choice(self, condition: str, x: str, y: str) -> str:
        return f"{condition} ? {x} : {y}"

    def statement(self, name: str, text: str) -> None:
        self.lines.append(f"const double {name} = {text};")

    def gather(self, name: str, items: list[str]) -> None:
        self.lines.append(f"const double {name}[{len(items)}] = {{{', '.join(items)}}};")

    def affine(self, name: str, affine: Affine, weights: str, biases: str, sources: str) -> None:
        self.lines += [
            f"double {name}[{len(affine.nodes)}];",
            f"for (int i = 0; i < {len(affine.nodes)}; i++) {{",
            f"    double total = {biases}[i];",
            f"    for (int j = 0; j < {len(affine.sources)}; j++)",
            f"        total += {weights}[i][j] * {sources}[j];",
            f"    {name}[i] = total;",
            "}",
        ]

    def each(self, name: str, each: Each, operands: list[Any]) -> None:
        texts = [(f"{x[0]}[i]", ATOM) if len(x) == 1 else x for x in operands]
        text = self.fill(each.kind, self.graph.args[each.nodes[0]], texts)[0]
        self.lines += [
            f"double {name}[{len(each.nodes)}];",
            f"for (int i = 0; i < {len(each.nodes)}; i++)",
            f"    {name}[i] = {text};",
        ]


def defined(names: Iterable[str]) -> dict[str, str]:
    """The functions that C lacks for some primitives, from the definitions in their rows; those that they call first.

    >>> print(defined(["relu", "exp"])["relu"])
    static double relu(double x) {
        return x <= 0.0 ? 0.0 : x;
    }
    """
    texts: dict[str, str] = {}
    for name in names:
        if name not in LIBRARY:
            parts, text = from_definition(find(name))
            texts.update(defined(parts))
            texts[name] = text
    return texts


@lru_cache(maxsize=None)
def from_definition(op: Op) -> tuple[tuple[str, ...], str]:
    """A primitive as a function of C, and the primitives that it calls."""
    graph = freeze_definition(op)
    writer = CWriter(graph, one_by_one(graph), op.name)
    [result] = writer.body()
    head = f"static double {called(op.name)}({', '.join([f'double {x}' for x in writer.input_names])}) {{"
    unused = [f"(void){x};" for x, node in zip(writer.input_names, graph.input_nodes) if node not in writer.parts.uses]
    return tuple(writer.used), "\n    ".join([head, *unused, *writer.lines, f"return {result};"]) + "\n}"


def called(name: str) -> str:
    """What a primitive that C lacks is called there: <math.h> may know the name for itself.

    >>> called("relu"), called("cbrt")
    ('relu', 'micrograd_cbrt')
    """
    return f"micrograd_{name}" if name in words.LIBRARY or name in words.C.split() else name
