"""Reading an expression such as `tanh(w*x + b)` into Values: parsed by Python's `ast` and a whitelist, never evaluated.

text        one expression, or steps `z = w1*x; h = sigmoid(z); …` of which the last is the root
at          the number for each name, as in `w=0.5,x=2`
free        names that need no number; None for all of them
column      place in the text, from 1
"""

from __future__ import annotations

import ast
import math
import warnings

from micrograd.command_line.terminal import InputError, spell
from micrograd.dispatch import number
from micrograd.engine import Value, apply
from micrograd.ops import TABLE, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any, NoReturn

OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
MOST_CHARACTERS, MOST_NESTED = 100_000, 2_000  # what the parsers of all versions of Python can do
TOO_DEEP = (
    f"the expression is nested too deeply: expected at most {MOST_NESTED:,} operations one within another (a sum of so "
    "many terms); name its parts, as in a = x + y; a + z"
)
CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS = sorted(name for name in TABLE if hasattr(Value, name))


def values_at(text: str) -> dict[str, float]:
    """`w=0.5,x=2` as numbers by name; InputError for anything else.

    >>> values_at("w=0.5, x=2")
    {'w': 0.5, 'x': 2.0}
    """
    found: dict[str, float] = {}
    for part in [part.strip() for part in text.split(",") if part.strip()]:
        name, _, digits = part.partition("=")
        value = as_number(digits)
        if not name.strip().isidentifier() or value is None:
            raise InputError(f"--at: expected name=number pairs such as w=0.5,x=2, got {part!r}")
        if name.strip() in found:
            raise InputError(f"--at: {name.strip()!r} is given twice")
        found[name.strip()] = value
    return found


def as_number(text: str) -> float | None:
    """The finite number that a text spells, else None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def pointed(what: str, line: str, column: int) -> str:
    """A message with the place (from 0) in its line, which is cut around the place where it is long."""
    start = max(column - 40, 0)
    before = spell(("…" if start else "") + line[start:column])
    after = spell(line[column : column + 40] + ("…" if line[column + 40 :] else ""))
    return f"column {column + 1}: {what}\n    {before}{after}\n    {' ' * len(before)}^"


class Reader:
    """Builds the Values of one text; `names` holds the leaves and the named steps."""

    def __init__(self, text: str, at: dict[str, float], free: Collection[str] | None) -> None:
        self.text, self.at, self.free = text, at, free
        self.names: dict[str, Value] = {}

    def fail(self, node: Any, what: str) -> NoReturn:
        """InputError that points at the column of a node."""
        line = self.text.splitlines()[node.lineno - 1]
        column = len(line.encode()[: node.col_offset].decode(errors="ignore"))
        raise InputError(pointed(what, line, column))

    def value(self, node: ast.expr) -> Any:
        """The Value, or float, of an expression; without recursion, so that only its stated size bounds it."""
        found: list[Any] = []
        waiting: list[tuple[Any, int]] = [(node, 0)]  # an expression and its depth, or a primitive and its operands
        while waiting:
            item, figure = waiting.pop()
            if isinstance(item, str):
                args = found[-figure:]
                found[-figure:] = [self.applied(item, args)]
                continue
            if figure > MOST_NESTED:
                raise InputError(TOO_DEEP)
            name, operands = self.operation(item)
            if name:
                waiting.append((name, len(operands)))
            elif not operands:
                found.append(self.leaf(item))
            waiting.extend([(operand, figure + 1) for operand in reversed(operands)])
        return found[0]

    def operation(self, node: ast.expr) -> tuple[str, list[ast.expr]]:
        """The primitive of an expression, empty where there is none, and its operands."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return "neg" if isinstance(node.op, ast.USub) else "", [node.operand]
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)], [node.left, node.right]
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            return OPERATORS[type(node.ops[0])], [node.left, node.comparators[0]]
        return self.called(node) if isinstance(node, ast.Call) else ("", [])

    def leaf(self, node: ast.expr) -> Any:
        """The float of a number, or what a name stands for."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
                self.fail(node, f"expected a number, got {node.value!r}")
            return number(node.value)
        if isinstance(node, ast.Name):
            return self.named(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            self.fail(node, "expected ** for a power, got ^")
        self.fail(node, "expected numbers, names, + - * / ** < <= > >= and functions only")

    def named(self, node: ast.Name) -> Any:
        """The Value of a name: a step, a leaf, or a constant."""
        if node.id not in self.names:
            if node.id not in (self.at if self.free is None else {*self.at, *self.free}):
                if node.id in CONSTANTS:
                    return CONSTANTS[node.id]
                if self.free is not None:
                    self.fail(node, f"{node.id!r} has no value; add {node.id}=… to --at")
            self.names[node.id] = Value(self.at.get(node.id, 1.0), node.id)
        return self.names[node.id]

    def applied(self, name: str, args: list[Any]) -> Any:
        """A primitive on operands; a number if all of them are."""
        if any(isinstance(x, Value) for x in args):
            return apply(find(name), tuple(args))
        return find(name).forward(*args)

    def called(self, node: ast.Call) -> tuple[str, list[ast.expr]]:
        """The primitive of a call, and its operands."""
        if not isinstance(node.func, ast.Name):
            self.fail(node, "expected the plain name of a function before the bracket")
        name = node.func.id
        if name not in FUNCTIONS:
            from difflib import get_close_matches

            close = get_close_matches(name, FUNCTIONS)
            cure = f"did you mean {' or '.join(close)}?" if close else f"the functions are {', '.join(FUNCTIONS)}"
            self.fail(node, f"no function {name!r}; {cure}")
        if node.keywords:
            self.fail(node, f"{name} takes no named arguments")
        expected = len(find(name).partials)
        if len(node.args) != expected:
            self.fail(node, f"{name} takes {expected} argument{'s' if expected > 1 else ''}, got {len(node.args)}")
        return name, node.args

    def step(self, statement: ast.stmt) -> Any:
        """The Value of one step, labelled if the step has a name."""
        if isinstance(statement, ast.Expr):
            return self.value(statement.value)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                if target.id in self.names or target.id in self.at:
                    self.fail(target, f"{target.id!r} has a value already")
                made = self.value(statement.value)
                made = +made if isinstance(made, Value) else Value(made)
                made.label = made.label or target.id
                self.names[target.id] = made
                return made
        self.fail(statement, "expected an expression, or steps such as z = w*x; h = tanh(z)")


def parsed(text: str) -> list[ast.stmt]:
    """Python's parse; what it has to say about style, as of `1if`, is not said to users of an expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text).body


def read_expression(
    text: str, at: dict[str, float], *, free: Collection[str] | None = ()
) -> tuple[Value, dict[str, Value]]:
    """The root, and the leaves and steps by name. InputError that points at the column of what is wrong.

    A free name without a number is a leaf of 1.

    >>> root, names = read_expression("tanh(w*x + 1)", {"w": 0.5, "x": 2.0})
    >>> print(f"{root:.6f}", list(names))
    0.964028 ['w', 'x']
    """
    text = text.strip()
    if not text:
        raise InputError("the expression is empty")
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"expected an expression of at most {MOST_CHARACTERS:,} characters, got {len(text):,}")
    reader = Reader(text, at, free)
    try:
        statements = parsed(text)
        made = [reader.step(statement) for statement in statements]
    except SyntaxError as error:
        line = (error.text or text).rstrip("\n")
        raise InputError(pointed(error.msg, line, max((error.offset or 1) - 1, 0))) from None
    except (RecursionError, MemoryError):
        raise InputError(TOO_DEEP) from None
    except ValueError as error:
        raise InputError(str(error)) from None
    unused = [name for name in at if name not in reader.names]
    if unused:
        raise InputError(f"--at: the expression has no {unused[0]!r}")
    root = made[-1] if made else None
    if not isinstance(root, Value):
        raise InputError("the expression holds no name that --at gives a value to: there is nothing to differentiate")
    return root, reader.names
