"""An export in Python: functions of sequences of numbers, which need nothing but `math`."""

from __future__ import annotations

from micrograd import ops
from micrograd.exporting.printing import ATOM, CHOICE, WIDTH, Printer
from micrograd.exporting.python.lists import WholeList, gathered, unpacked, written_first
from micrograd.exporting.python.vocabulary import FUNCTIONS, TOTAL
from micrograd.exporting.statements import Argument, Array, Call, Given, Number, Return, parts
from micrograd.notation.signs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.exporting.printing import Form
    from micrograd.exporting.statements import Expression, For, Function, If, Module, Statement
    from micrograd.ops import Op


class PythonPrinter(Printer):
    """Prints a module."""

    LANGUAGE, END, COMMENT, NAN, INFINITY, FUNCTIONS = "Python", "", "# {}", "math.nan", "math.inf", FUNCTIONS

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.helpers: dict[str, str] = {}

    def source(self) -> str:
        texts = self.functions()
        tables = ["\n".join([self.wrapped(f"{one.name} = [", one, "]") for one in self.module.tables])]
        blocks = [*self.helpers.values(), *texts]
        head = [*map(self.told, self.module.title)]
        if "math." in "".join([*tables, *blocks]):
            head.append("import math")
        start = "\n\n".join(["\n".join(head), *filter(None, tables)])
        return "\n\n\n".join([start, *blocks]) + "\n"

    def function(self, function: Function) -> str:
        """A function."""
        self.lines = []
        self.results = [one.name for one in function.arguments if one.kind == "out"]
        given = [self.argument(one) for one in function.arguments if one.kind != "out" or one.optional]
        self.line(f"def {function.name}({', '.join(given)}):")
        self.lines += documented(function.doc)
        self.level += 1
        statements = self.taken(function)
        self.level -= 1
        self.body(statements)
        if not isinstance(function.body[-1], Return):
            self.line(f"    return {', '.join(self.results)}")
        return "\n".join(self.lines)

    def argument(self, one: Argument) -> str:
        """An argument; that of results that may be left out says whether they are wanted."""
        return f"{one.name}=True" if one.kind == "out" else one.name

    def taken(self, function: Function) -> list[Any]:
        """Lines that make of the arguments what the body takes them for; the statements of the body behind them."""
        count = next((one.name for one in function.arguments if one.kind == "count"), "")
        if count and not function.private:
            self.line(f"if {count} < 1:")
            self.line(f'    raise ValueError(f"expected {count} to be at least 1, got {{{count}}}")')
        body = [*function.body]
        for one in function.arguments:
            if one.kind in ("in", "samples") and not self.named(function, one, body) and not function.private:
                self.checked(one, count)
        outs = [one for one in function.arguments if one.kind == "out"]
        sizes = {one.name: one.size for one in [*parts(body), *outs] if isinstance(one, (Argument, Array))}
        statements = gathered(body, sizes)
        for one in outs:
            if one.optional:
                self.line(f"{one.name} = [0.0] * {one.size} if {one.name} else None")
            elif not written_first(statements, one.name):
                self.line(f"{one.name} = [0.0] * {one.size}")
        return statements

    def named(self, function: Function, one: Argument, body: list[Statement]) -> bool:
        """Whether all numbers of an argument get names at once, on a line for which statements leave the body."""
        names, rest = unpacked(body, one)
        x, left = one.name, ", ".join(names) if len(names) > 1 else f"{names}".replace("'", "")
        whole = f"{x} = [float(number) for number in {x}]" if x in parts(rest) else f"map(float, {x})"
        line = f"{left} = {x if function.private else whole}"
        if not names or len(line) > WIDTH:
            return False
        self.line(line)
        body[:] = rest
        return True

    def checked(self, one: Argument, count: str) -> None:
        """Lines that make floats of the numbers of an argument, as a list of so many."""
        x, numbers = one.name, "number" if one.size == 1 and one.kind == "in" else "numbers"
        size = f"{one.size}" if one.kind == "in" else f"{one.size} * {count}" if one.size != 1 else count
        shown = size if one.kind == "in" else f"{{{size}}}"
        self.line(f"{x} = [float(number) for number in {x}]")
        self.line(f"if len({x}) != {size}:")
        self.line(f'    raise ValueError(f"expected {shown} {numbers} in {x}, got {{len({x})}}")')

    # expressions

    def called(self, row: str) -> str:
        if row in TOTAL:
            self.helpers[row] = TOTAL[row].strip()
        return super().called(row)

    def choice(self, condition: str, x: str, y: str) -> str:
        return f"{x} if {condition} else {y}"

    def form(self, op: Op, operands: tuple[Expression, ...]) -> Form:
        if op is ops.DIV and not (isinstance(operands[1], Number) and operands[1].value):
            return f"{self.called(op.name)}({{0}}, {{1}})", ATOM, (CHOICE, CHOICE)
        return super().form(op, operands)

    def condition(self, expression: Expression | Given) -> str:
        return f"{expression.argument} is not None" if isinstance(expression, Given) else super().condition(expression)

    # statements

    def statement(self, one: Any) -> None:
        if not isinstance(one, WholeList):
            return super().statement(one)
        texts = [self.text(x) for x in one.expressions]
        if one.variable and isinstance(one.expressions[0], Number):
            line = f"[{texts[0]}] * {one.times}"
        elif one.variable:
            line = f"[{texts[0]} for {one.variable} in range({one.times})]"
        else:
            line = f"[{', '.join(texts)}]"
        if one.variable or len(f"{one.name} = {line}") + len(self.INDENT) * self.level <= WIDTH:
            return self.line(f"{one.name} = {line}")
        self.line(f"{one.name} = [")
        for text in texts:
            self.line(f"{self.INDENT}{text},")
        self.line("]")

    def array(self, one: Array) -> None:
        self.line(f"{one.name} = [0.0] * {one.size}")

    def loop(self, one: For) -> None:
        self.line(f"for {one.variable} in range({one.times}):")
        self.body(one.body)

    def choose(self, one: If) -> None:
        self.line(f"if {self.condition(one.condition)}:")
        self.body(one.body)

    def end(self, one: Return) -> None:
        if isinstance(one.expression, Call):
            function = next(other for other in self.module.functions if other.name == one.expression.function)
            given = zip(one.expression.arguments, function.arguments)
            texts = [x for x, to in given if to.kind != "out" or to.optional]
            self.line(f"return {function.name}({', '.join(texts)})")
        else:
            value = [] if one.expression is None else [self.text(one.expression)]
            self.line(f"return {', '.join([*value, *self.results])}")


def documented(text: str) -> list[str]:
    """A docstring; nothing, if there is nothing to say."""
    if not text:
        return []
    lines = [clean(line, WIDTH).replace("\\", "\\\\").replace('"', '\\"') for line in text.splitlines()]
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *[f"    {line}".rstrip() for line in lines[1:]], '    """']
