"""An export in JavaScript: one module without dependencies (ECMAScript 2020), for node, browsers and workers.

arrays      the local arrays of a function: made once a module, in one object beside it, whose name no label has

A function returns its number; one without a number its results, an array or a list of arrays, which are made where they
are left out.
"""

from __future__ import annotations

from math import inf
from textwrap import wrap

from micrograd.exporting.definitions import called, defined
from micrograd.exporting.javascript.vocabulary import FUNCTIONS, brought
from micrograd.exporting.printing import WIDTH, Printer, arrays_of
from micrograd.exporting.statements import Add, Array, Let, Return, Store
from micrograd.notation.signs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from micrograd.exporting.statements import Argument, Comment, For, Function, If, Module, Statement, Table

SIMPLE = (Add, Let, Return, Store)  # what may stand behind a condition or a loop on its line


class JavaScriptPrinter(Printer):
    """Prints a module; without `exported` as the text of a function's body, where tables for others are left out."""

    INDENT, END, DIFFERS = "  ", ";", "!=="

    def __init__(self, module: Module, exported: bool = True) -> None:
        super().__init__(module)
        self.exported = exported

    def source(self) -> str:
        functions = [*defined(self.module, FUNCTIONS, "JavaScript"), *self.module.functions]
        tables = [self.table(table) for table in self.module.tables if self.exported or not table.public]
        texts = [self.function(function) for function in functions]
        title = "\n".join([f"// {commented(line)}" for line in self.module.title])
        return "\n\n".join([title, *tables, *brought("\n".join(texts)), *texts]) + "\n"

    def table(self, table: Table) -> str:
        """A table as a typed array."""
        kind = "Int32Array" if table.whole else "Float64Array"
        head = f"{'export ' * table.public}const {table.name} = new {kind}(["
        lines = self.wrapped(table, self.INDENT)
        line = f"{head}{''.join(lines).strip().removesuffix(',')}]);"
        return line if len(lines) <= 1 and len(line) <= WIDTH else "\n".join([head, *lines, "]);"])

    def function(self, function: Function) -> str:
        """A function with its arrays and what it tells about itself."""
        self.lines = []
        outs = [one.name for one in function.arguments if one.kind == "out"]
        self.result = "" if function.returns else outs[0] if len(outs) == 1 else f"[{', '.join(outs)}]"
        arrays = {one.name: one.size for one in arrays_of(function.body)}
        made = [f"  {name}: new Float64Array({size})," for name, size in arrays.items()]
        if arrays:
            self.lines += [f"const {function.name}$arrays = {{", *made, "};", ""]
        self.lines += [f"// {commented(line)}" for line in function.doc.splitlines()]
        given = [self.argument(one, made=not function.returns and not function.private) for one in function.arguments]
        shown = "export " * (self.exported and not function.private)
        self.line(f"{shown}function {function.name}({', '.join(given)}) {{")
        if not function.private:
            self.lines += list(checks(function))
        if arrays:
            names = wrap(f"const {{ {', '.join(arrays)} }} = {function.name}$arrays;", WIDTH)
            self.lines += [self.INDENT + line for line in names]
        self.body(function.body)
        if not function.returns and not isinstance(function.body[-1], Return):
            self.line(f"  return {self.result};")
        self.line("}")
        return "\n".join(self.lines)

    def argument(self, one: Argument, made: bool) -> str:
        """An argument; an array for results is made where it is left out, unless the function returns a number."""
        return f"{one.name} = new Float64Array({one.size})" if made and one.kind == "out" else one.name

    def literal(self, x: float) -> str:
        if abs(x) < inf:
            return repr(x).removesuffix(".0")
        return "NaN" if x != x else "Infinity" if x > 0.0 else "-Infinity"

    def called(self, row: str) -> str:
        return FUNCTIONS.get(row) or called(row)

    def choice(self, condition: str, x: str, y: str) -> str:
        return f"{condition} ? {x} : {y}"

    def let(self, one: Let) -> None:
        self.line(f"{'let' if one.changes else 'const'} {one.name} = {self.text(one.expression)};")

    def array(self, one: Array) -> None:
        if one.zero:
            self.line(f"{one.name}.fill(0);")

    def loop(self, one: For) -> None:
        i = one.variable
        self.block(f"for (let {i} = 0; {i} < {one.times}; {i}++)", one.body)

    def choose(self, one: If) -> None:
        self.block(f"if ({self.condition(one.condition)})", one.body)

    def block(self, head: str, body: Sequence[Statement]) -> None:
        """What is done in a loop or under a condition: on the same line, if it is one short statement."""
        start = len(self.lines)
        self.line(head + " {")
        self.body(body)
        if len(body) == 1 and isinstance(body[0], SIMPLE) and len(self.lines) == start + 2:
            line = self.INDENT * self.level + f"{head} {self.lines[-1].strip()}"
            if len(line) <= WIDTH:
                self.lines[start:] = [line]
                return
        self.line("}")

    def end(self, one: Return) -> None:
        if one.expression is not None:
            self.line(f"return {self.text(one.expression)};")
        else:
            self.line(f"return {self.result};")

    def comment(self, one: Comment) -> None:
        self.line(f"// {commented(one.text)}")


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


def commented(text: str) -> str:
    """Text for a comment, which ends neither that nor a script element of HTML.

    >>> commented("tanh</script> x\\u2028y")
    'tanh< /script> x�y'
    """
    return clean(text, WIDTH).replace("</", "< /").replace("<!", "< !")
