"""An export in JavaScript: one module without dependencies (ECMAScript 2020), for node, browsers and workers.

arrays      the local arrays of a function: made once a module, in one object beside it, whose name no label has

A function returns its number; one without a number its results, an array or a list of arrays, which are made where they
are left out.
"""

from __future__ import annotations

from textwrap import wrap

from micrograd.exporting.javascript.vocabulary import FUNCTIONS, brought
from micrograd.exporting.printing import WIDTH, Printer
from micrograd.exporting.statements import Array, Return, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from micrograd.exporting.statements import Argument, Function, Module, Table


class JavaScriptPrinter(Printer):
    """Prints a module; without `exported` as the text of a function's body, where tables for others are left out."""

    LANGUAGE, INDENT, DIFFERS, COMMENT, NAN, INFINITY = "JavaScript", "  ", "!==", "// {}", "NaN", "Infinity"
    CONSTANT, CHANGING, COUNTER, FUNCTIONS = "const ", "let ", "let", FUNCTIONS

    def __init__(self, module: Module, exported: bool = True) -> None:
        super().__init__(module)
        self.exported = exported

    def source(self) -> str:
        tables = [self.table(table) for table in self.module.tables if self.exported or not table.public]
        title, texts = "\n".join(map(self.told, self.module.title)), self.functions()
        return "\n\n".join([title, *tables, *brought("\n".join(texts)), *texts]) + "\n"

    def table(self, table: Table) -> str:
        """A table as a typed array."""
        kind = "Int32Array" if table.whole else "Float64Array"
        return self.wrapped(f"{'export ' * table.public}const {table.name} = new {kind}([", table, "]);")

    def function(self, function: Function) -> str:
        """A function with its arrays and what it tells about itself."""
        self.lines = []
        outs = [one.name for one in function.arguments if one.kind == "out"]
        self.result = "" if function.returns or not outs else outs[0] if len(outs) == 1 else f"[{', '.join(outs)}]"
        arrays = {one.name: one.size for one in parts(function.body) if isinstance(one, Array)}
        made = [f"  {name}: new Float64Array({size})," for name, size in arrays.items()]
        if arrays:
            self.lines += [f"const {function.name}$arrays = {{", *made, "};", ""]
        self.lines += map(self.told, function.doc.splitlines())
        given = [self.argument(one, made=not function.returns and not function.private) for one in function.arguments]
        shown = "export " * (self.exported and not function.private)
        self.line(f"{shown}function {function.name}({', '.join(given)}) {{")
        if not function.private:
            self.lines += list(checks(function))
        if arrays:
            names = wrap(f"const {{ {', '.join(arrays)} }} = {function.name}$arrays;", WIDTH)
            self.lines += [self.INDENT + line for line in names]
        self.body(function.body)
        if self.result and not isinstance(function.body[-1], Return):
            self.line(f"  return {self.result};")
        self.line("}")
        return "\n".join(self.lines)

    def argument(self, one: Argument, made: bool) -> str:
        """An argument; an array for results is made where it is left out, unless the function returns a number."""
        return f"{one.name} = new Float64Array({one.size})" if made and one.kind == "out" else one.name

    def literal(self, x: float) -> str:
        return super().literal(x).removesuffix(".0")

    def array(self, one: Array) -> None:
        if one.zero:
            self.line(f"{one.name}.fill(0);")

    def end(self, one: Return) -> None:
        self.line(f"return {self.result if one.expression is None else self.text(one.expression)};")


def checks(function: Function) -> Iterator[str]:
    """Lines that refuse arrays of another length than the function expects."""
    count = next((one.name for one in function.arguments if one.kind == "count"), "")
    if count:
        yield f"  if (!(Number.isInteger({count}) && {count} > 0))"
        yield f"    throw new RangeError(`expected {count} to be a whole number from 1 on, got ${{{count}}}`);"
    for one in function.arguments:
        if one.kind in ("in", "out"):
            given = f"{one.name} && " * one.optional
            wrong, expected = f"{given}{one.name}?.length !== {one.size}", str(one.size)
        elif one.kind == "samples":
            expected = f"{count} * {one.size}" if one.size != 1 else count
            wrong, expected = f"!({one.name}?.length >= {expected})", f"at least ${{{expected}}}"
        else:
            continue
        yield f"  if ({wrong})"
        numbers = "number" if expected == "1" else "numbers"
        yield f"    throw new RangeError(`expected {expected} {numbers} in {one.name}, got ${{{one.name}?.length}}`);"
