"""`Printer`: a module of statements as text; what differs between languages is left to those that derive from it.

strength    how strongly an expression binds; a weaker operand needs brackets
form        (template, its strength, the least strength of each operand without brackets)
text        an expression as it will stand in the code, with its strength
"""

from __future__ import annotations

from math import copysign, inf

from micrograd import ops
from micrograd.exporting.definitions import called, defined
from micrograd.exporting.statements import (
    Add,
    Apply,
    Array,
    Call,
    Comment,
    For,
    Given,
    If,
    Item,
    Let,
    Looked,
    Name,
    Number,
    Place,
    Return,
    Store,
    parts,
)
from micrograd.notation.signs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.exporting.statements import Expression, Function, Module, Statement, Table
    from micrograd.ops import Op

    Form = tuple[str, int, tuple[int, ...]]
    Text = tuple[str, int]

CHOICE, COMPARISON, SUM, PRODUCT, SIGN, ATOM = range(6)
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


class Printer:
    """Prints one module. A language has its words, and methods of its own where it differs from C and JavaScript.

    FUNCTIONS           row -> the function that computes it; what is neither there nor a sign is the row's definition
    CONSTANT, CHANGING  what stands before the name of a Let; COUNTER: before that of a variable of a loop
    """

    LANGUAGE, INDENT, END, DIFFERS, COMMENT = "", "    ", ";", "!=", "{}"
    NAN, INFINITY, CONSTANT, CHANGING, COUNTER = "", "", "", "", ""
    FUNCTIONS: dict[str, str] = {}

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []
        self.level = 0

    # what a language says

    def source(self) -> str:
        """The whole text."""
        raise NotImplementedError

    def array(self, one: Array) -> None:
        """A local array."""
        raise NotImplementedError

    def end(self, one: Return) -> None:
        """The end of a function."""
        raise NotImplementedError

    def literal(self, x: float) -> str:
        """A number."""
        if abs(x) < inf:
            return repr(x)
        return self.NAN if x != x else self.INFINITY if x > 0.0 else f"-{self.INFINITY}"

    def called(self, row: str) -> str:
        """The function of a primitive that has no sign, as it is called."""
        return self.FUNCTIONS.get(row) or called(row)

    def choice(self, condition: str, x: str, y: str) -> str:
        """x where the condition holds, else y."""
        return f"{condition} ? {x} : {y}"

    def let(self, one: Let) -> None:
        """A double with a name."""
        kind = self.CHANGING if one.changes else self.CONSTANT
        self.line(f"{kind}{one.name} = {self.text(one.expression)}{self.END}")

    def loop(self, one: For) -> None:
        """A loop."""
        self.block(f"for ({self.COUNTER} {one.variable} = 0; {one.variable} < {one.times}; {one.variable}++)", one.body)

    def choose(self, one: If) -> None:
        """What is done under a condition."""
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

    def comment(self, one: Comment) -> None:
        """A line for the reader."""
        self.line(self.told(one.text))

    def call(self, one: Call) -> None:
        """A function that is called for what it fills."""
        self.line(self.text(one) + self.END)

    def told(self, text: str) -> str:
        """A comment, which no text leaves, and no script element of HTML."""
        text = clean(text, WIDTH).replace("</", "< /").replace("<!", "< !")
        return self.COMMENT.format(text.replace("*/", "* /").replace("??/", "?? /"))

    def functions(self) -> list[str]:
        """The texts of all functions, those first that the language lacks."""
        return [
            self.function(one) for one in [*defined(self.module, self.FUNCTIONS, self.LANGUAGE), *self.module.functions]
        ]

    def function(self, one: Function) -> str:
        """A function."""
        raise NotImplementedError

    # what they share

    def line(self, text: str) -> None:
        """A line at the present level."""
        self.lines.append(self.INDENT * self.level + text)

    def body(self, statements: Sequence[Statement]) -> None:
        """Statements, one level deeper."""
        self.level += 1
        for one in statements:
            self.statement(one)
        self.level -= 1

    def statement(self, one: Statement) -> None:
        """A statement at the present level."""
        if isinstance(one, (Store, Add)):
            sign = "=" if isinstance(one, Store) else "+="
            self.line(f"{self.text(one.target)} {sign} {self.text(one.expression)}{self.END}")
        else:
            getattr(self, PARTS[one.__class__])(one)

    def text(self, expression: Expression) -> str:
        """An expression."""
        return self.formula(expression)[0]

    def formula(self, expression: Expression) -> Text:
        """An expression and its strength."""
        if isinstance(expression, Number):
            x = expression.value
            return self.literal(x), SIGN if copysign(1.0, x) < 0.0 else ATOM
        if isinstance(expression, Name):
            return expression.text, ATOM
        if isinstance(expression, Item):
            return f"{expression.array}[{self.place(expression.place)}]", ATOM
        if isinstance(expression, Call):
            return f"{expression.function}({', '.join(expression.arguments)})", ATOM
        return self.applied(ops.find(expression.row), expression.operands)

    def operand(self, expression: Expression, least: int) -> str:
        """An operand, in brackets if it binds less strongly than that."""
        text, strength = self.formula(expression)
        return text if strength >= least else f"({text})"

    def applied(self, op: Op, operands: tuple[Expression, ...]) -> Text:
        """A primitive on operands."""
        if op is ops.DETACH:
            return self.formula(operands[0])
        if op.comparison:
            return self.choice(self.condition(Apply(op.name, operands)), self.literal(1.0), self.literal(0.0)), CHOICE
        if op is ops.WHERE:
            condition, *chosen = operands
            return self.choice(self.condition(condition), *[self.operand(x, COMPARISON) for x in chosen]), CHOICE
        last = operands[-1]
        if op.of_negative and isinstance(last, Number) and copysign(1.0, last.value) < 0.0:
            op, operands = ops.find(op.of_negative), (*operands[:-1], Number(-last.value))
        template, strength, least = self.form(op, operands)
        return template.format(*[self.operand(x, n) for x, n in zip(operands, least)]), strength

    def form(self, op: Op, operands: tuple[Expression, ...]) -> Form:
        """The form of a primitive that is no comparison or choice."""
        if op.sign:
            return with_sign(op)
        places = ", ".join([f"{{{i}}}" for i in range(len(operands))])
        return f"{self.called(op.name)}({places})", ATOM, (CHOICE,) * len(operands)

    def condition(self, expression: Expression | Given) -> str:
        """What holds or not."""
        if isinstance(expression, Given):
            return expression.argument
        if isinstance(expression, Apply) and ops.find(expression.row).comparison:
            x, y = expression.operands
            return f"{self.operand(x, SUM)} {ops.find(expression.row).sign} {self.operand(y, SUM)}"
        return f"{self.operand(expression, SUM)} {self.DIFFERS} {self.literal(0.0)}"

    def place(self, place: Place | Looked) -> str:
        """A place in an array."""
        if isinstance(place, Looked):
            start = "" if place.start == Place(0) else f"{self.place(place.start)} + "
            return f"{start}{place.table}[{self.place(place.place)}]"
        terms = [(factor < 0, variable if abs(factor) == 1 else f"{abs(factor)} * {variable}")
                 for variable, factor in place.factors if factor]  # fmt: skip
        if place.offset or not terms:
            terms.append((place.offset < 0, str(abs(place.offset))))
        terms.sort(key=lambda term: term[0])
        first, *others = terms
        return "".join(["-" * first[0], first[1], *[(" - " if negative else " + ") + x for negative, x in others]])

    def wrapped(self, head: str, table: Table, end: str) -> str:
        """A table, on one line if it fits; else each row of it begins a line."""
        texts = [str(int(x)) if table.whole else self.literal(x) for x in table.numbers]
        width, lines = table.shape[-1], [""]
        for place, text in enumerate(texts):
            if place % width == 0 and place or len(lines[-1]) + len(text) >= WIDTH - len(self.INDENT):
                lines.append("")
            lines[-1] += f" {text},"
        whole = f"{head}{lines[0].strip().removesuffix(',')}{end}"
        if len(lines) == 1 and len(whole) <= WIDTH:
            return whole
        return "\n".join([head, *[f"{self.INDENT}{line[1:]}" for line in lines], end])


# The method of each statement
PARTS = {Let: "let", Array: "array", For: "loop", If: "choose", Return: "end", Comment: "comment", Call: "call"}


def mentioned(function: Function) -> set[str]:
    """All names that the body of a function mentions: of doubles, arrays, tables, functions and primitives.

    >>> from micrograd.exporting.statements import Argument, Function
    >>> sorted(mentioned(Function("f", "", [Argument("x", "in", 3)], [Return(Item("w", Place(0)))])))
    ['w']
    """
    return {one for one in parts(function.body) if isinstance(one, str)}
