"""A module of statements as C (C99), and its header. What <math.h> lacks is written as its row defines it."""

from __future__ import annotations

from micrograd.exporting.printing import WIDTH, Printer, mentioned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.exporting.statements import Argument, Array, Function, Return, Table

LIBRARY = {
    name: name
    for name in ("exp expm1 log log1p sqrt erf sin cos tan asin acos atan atan2 hypot sinh cosh tanh pow".split())
} | {"abs": "fabs", "copysign": "copysign", "round": "nearbyint"}

NO_FAST_MATH = ["#ifdef __FAST_MATH__", '#error "inf and nan count here: compile without -ffast-math"', "#endif"]


class CPrinter(Printer):
    """Prints C."""

    LANGUAGE, COMMENT, NAN, INFINITY = "C", "/* {} */", "NAN", "HUGE_VAL"
    CONSTANT, CHANGING, COUNTER, FUNCTIONS = "const double ", "double ", "int", LIBRARY

    def source(self) -> str:
        """The whole file."""
        tables = map(self.table, self.module.tables)
        head = [*map(self.told, self.module.title), "#include <math.h>", "", *NO_FAST_MATH]
        return "\n\n".join(["\n".join(head), *tables, *self.functions()]) + "\n"

    def table(self, one: Table) -> str:
        """A table as an array."""
        kind = f"{'' if one.public else 'static '}const {'int' if one.whole else 'double'}"
        return self.wrapped(f"{kind} {one.name}[{len(one.numbers)}] = {{", one, "};")

    def comments(self, one: Function) -> list[str]:
        """What stands above a function."""
        return list(map(self.told, one.doc.splitlines()))

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
        kind = "double" if one.kind in ("out", "inout") else "const double"
        any_size = one.optional or one.kind == "samples"
        return f"{kind} *{one.name}" if any_size else f"{kind} {one.name}[{one.size}]"

    def function(self, one: Function) -> str:
        """See `Function`."""
        self.lines = [*self.comments(one), self.head(one) + " {"]
        used, self.returns = mentioned(one), one.returns
        self.lines += [f"    (void){argument.name};" for argument in one.arguments if argument.name not in used]
        self.body(one.body)
        return "\n".join([*self.lines, "}"])

    def array(self, one: Array) -> None:
        """See `Printer`."""
        self.line(f"double {one.name}[{one.size}]{' = {0.0}' * one.zero};")

    def end(self, one: Return) -> None:
        """See `Printer`."""
        if one.expression is None:
            self.line("return;")
        elif self.returns:
            self.line(f"return {self.text(one.expression)};")
        else:
            self.line(f"{self.text(one.expression)};")


class CHeader(CPrinter):
    """Prints the declarations of what the same module in C defines."""

    def source(self) -> str:
        """The whole file."""
        guard = f"{self.module.name.upper()}_H"
        tables = [f"extern const double {one.name}[{len(one.numbers)}];" for one in self.module.tables if one.public]
        public = [one for one in self.module.functions if not one.private]
        heads = [line for one in public for line in (*self.comments(one), f"{self.head(one)};")]
        return "\n".join([
            *map(self.told, self.module.title), f"#ifndef {guard}", f"#define {guard}", "",
            "#ifdef __cplusplus", 'extern "C" {', "#endif", "", *tables, *heads, "",
            "#ifdef __cplusplus", "}", "#endif", "", "#endif", "",
        ])  # fmt: skip
