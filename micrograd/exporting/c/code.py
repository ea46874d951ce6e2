"""A module of statements as C (C99), and its header. What <math.h> lacks is written as its row defines it."""

from __future__ import annotations

from math import isfinite

from micrograd.exporting.definitions import called, defined
from micrograd.exporting.printing import WIDTH, Printer, mentioned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.exporting.statements import (
        Argument,
        Array,
        Comment,
        For,
        Function,
        If,
        Let,
        Return,
        Statement,
        Table,
    )

LIBRARY = {
    name: name
    for name in ("exp expm1 log log1p sqrt erf sin cos tan asin acos atan atan2 hypot sinh cosh tanh pow".split())
} | {"abs": "fabs", "copysign": "copysign", "round": "nearbyint"}


class CPrinter(Printer):
    """Prints C."""

    END = ";"

    def source(self) -> str:
        """The whole file."""
        functions = [*defined(self.module, LIBRARY, "C"), *self.module.functions]
        tables = ["\n".join(self.table(one)) for one in self.module.tables]
        head = [*[f"/* {line} */" for line in self.module.title], "#include <math.h>"]
        return "\n\n".join(["\n".join(head), *tables, *map(self.function, functions)]) + "\n"

    def table(self, one: Table) -> list[str]:
        """See `Table`."""
        head = f"{'' if one.public else 'static '}const {'int' if one.whole else 'double'} {one.name}"
        return [f"{head}[{len(one.numbers)}] = {{", *self.wrapped(one), "};"]

    def comments(self, one: Function) -> list[str]:
        """What stands above a function."""
        return [f"/* {line} */" for line in one.doc.splitlines()]

    def head(self, one: Function) -> str:
        """A function up to its body."""
        begin = f"{'static ' * one.private}{'double' if one.returns else 'void'} {one.name}("
        lines = [begin]
        for text in [*[f"{self.argument(x)}, " for x in one.arguments[:-1]], f"{self.argument(one.arguments[-1])})"]:
            if len(lines[-1]) + len(text) > WIDTH:
                lines.append(" " * len(begin))
            lines[-1] += text
        return "\n".join(map(str.rstrip, lines))

    def argument(self, one: Argument) -> str:
        """See `Argument`."""
        if one.kind == "number":
            return f"double {one.name}"
        if one.kind == "count":
            return f"int {one.name}"
        kind = "double" if one.kind == "out" else "const double"
        any_size = one.optional or one.kind == "samples"
        return f"{kind} *{one.name}" if any_size else f"{kind} {one.name}[{one.size}]"

    def function(self, one: Function) -> str:
        """See `Function`."""
        self.lines = [*self.comments(one), self.head(one) + " {"]
        used, self.returns = mentioned(one), one.returns
        self.lines += [f"    (void){argument.name};" for argument in one.arguments if argument.name not in used]
        self.body(one.body)
        return "\n".join([*self.lines, "}"])

    def literal(self, x: float) -> str:
        """See `Printer`."""
        if isfinite(x):
            return repr(x)
        return "NAN" if x != x else "INFINITY" if x > 0.0 else "-INFINITY"

    def called(self, row: str) -> str:
        """See `Printer`."""
        return LIBRARY.get(row) or called(row)

    def choice(self, condition: str, x: str, y: str) -> str:
        """See `Printer`."""
        return f"{condition} ? {x} : {y}"

    def let(self, one: Let) -> None:
        """See `Printer`."""
        self.line(f"{'' if one.changes else 'const '}double {one.name} = {self.text(one.expression)};")

    def array(self, one: Array) -> None:
        """See `Printer`."""
        self.line(f"double {one.name}[{one.size}]{' = {0.0}' * one.zero};")

    def loop(self, one: For) -> None:
        """See `Printer`."""
        self.block(f"for (int {one.variable} = 0; {one.variable} < {one.times}; {one.variable}++)", one.body)

    def choose(self, one: If) -> None:
        """See `Printer`."""
        self.block(f"if ({self.condition(one.condition)})", one.body)

    def block(self, head: str, body: Sequence[Statement]) -> None:
        """What a head governs; one line needs no braces."""
        before = len(self.lines)
        self.body(body)
        if len(self.lines) == before + 1:
            self.lines.insert(before, self.INDENT * self.level + head)
        else:
            self.lines.insert(before, self.INDENT * self.level + head + " {")
            self.line("}")

    def end(self, one: Return) -> None:
        """See `Printer`."""
        if one.expression is None:
            self.line("return;")
        elif self.returns:
            self.line(f"return {self.text(one.expression)};")
        else:
            self.line(f"{self.text(one.expression)};")

    def comment(self, one: Comment) -> None:
        """See `Printer`."""
        self.line(f"/* {one.text} */")


class CHeader(CPrinter):
    """Prints the declarations of what the same module in C defines."""

    def source(self) -> str:
        """The whole file."""
        guard = f"{self.module.name.upper()}_H"
        tables = [f"extern const double {one.name}[{len(one.numbers)}];" for one in self.module.tables if one.public]
        public = [one for one in self.module.functions if not one.private]
        heads = [line for one in public for line in (*self.comments(one), f"{self.head(one)};")]
        return "\n".join([
            *[f"/* {line} */" for line in self.module.title], f"#ifndef {guard}", f"#define {guard}", "",
            "#ifdef __cplusplus", 'extern "C" {', "#endif", "", *tables, *heads, "",
            "#ifdef __cplusplus", "}", "#endif", "", "#endif", "",
        ])  # fmt: skip
