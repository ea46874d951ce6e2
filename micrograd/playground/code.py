"""What a visitor typed, read: its free names, and the line that gives the result.

text        Python: expressions and steps such as `z = w*x; h = tanh(z)`, or a function; the last statement counts
free        a name that is used and that nothing gives a value to: a leaf, whose number the page asks for
offered     a name that needs no import: the public ones of micrograd, a few of mathematics
"""

from __future__ import annotations

import ast
import builtins
import math
import random
import symtable
import warnings

import micrograd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import NoReturn

FILE = "your code"
RESULT = "the result"  # what the last statement gives; no name that a text can hold
MATHEMATICS = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan, "math": math, "random": random}
LONGEST = 20_000


class CodeError(Exception):
    """What is wrong with the text, told to the visitor at a line (from 1; 0 for none)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message, self.line = message, line


class Code:
    """A text that was read.

    program     compiled; it leaves what the last statement gives under RESULT
    free        the free names in the order in which they occur; of a function in the end, its arguments too
    starts      numbers that arguments have by default, as in `def f(w=0.5)`
    used        the offered names that occur
    last        the line of the last statement
    """

    __slots__ = ("program", "free", "starts", "used", "last")

    def __init__(
        self, program: CodeType, free: list[str], starts: dict[str, float], used: list[str], last: int
    ) -> None:
        self.program, self.free, self.starts, self.used, self.last = program, free, starts, used, last


def read(text: str) -> Code:
    """The text as Code; CodeError for what cannot be read.

    >>> code = read("h = sigmoid(w1*x); (h - y)**2")
    >>> code.free, code.used
    (['w1', 'x', 'y'], ['sigmoid'])
    >>> read("def f(w, x=2.0): return w * x").free
    ['w', 'x']
    """
    tree = parsed(text)
    if not tree.body:
        raise CodeError("")
    last = tree.body[-1]
    starts = ending(tree)
    bound, used = names_of(text)
    wanted = [name for name in used if name not in bound]
    free = [name for name in wanted if not hasattr(builtins, name) and not is_offered(name)]
    expect_no_calls(tree, set(free))
    arguments = [name for name in starts if name not in bound and name not in free]
    numbers = {name: x for name, x in starts.items() if x is not None}
    program = compile(ast.fix_missing_locations(tree), FILE, "exec")
    return Code(program, [*free, *arguments], numbers, [x for x in wanted if is_offered(x)], last.lineno)


def is_offered(name: str) -> bool:
    """Whether a name needs no import."""
    return name in MATHEMATICS or not hasattr(builtins, name) and name in dir(micrograd)


def parsed(text: str) -> ast.Module:
    """The tree of a text; CodeError where Python cannot read it."""
    if len(text) > LONGEST:
        raise CodeError(f"expected at most {LONGEST:,} characters, got {len(text):,}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, FILE)
            compile(text, FILE, "exec")  # what the parser lets pass, such as a return outside of a function
        return tree
    except SyntaxError as error:
        raise CodeError(error.msg, error.lineno or 0) from None
    except (RecursionError, MemoryError):
        raise CodeError("the code is nested too deeply: give its parts names") from None
    except ValueError as error:
        raise CodeError(str(error)) from None


def ending(tree: ast.Module) -> dict[str, float | None]:
    """Let the last statement leave its result; the arguments that it takes, if it is a function, by default numbers."""
    last = tree.body[-1]
    made: ast.expr
    starts: dict[str, float | None] = {}
    if isinstance(last, ast.Expr):
        made = last.value
        tree.body.pop()
    elif isinstance(last, ast.FunctionDef):
        made, starts = called(last)
    else:
        stored = [x for x in ast.walk(last) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)]
        if not stored:
            raise CodeError("the last line gives no number: end with an expression, such as the loss", last.lineno)
        made = ast.Name(max(stored, key=lambda x: (x.lineno, x.col_offset)).id, ast.Load())
    target = ast.Name(RESULT, ast.Store())
    tree.body.append(ast.copy_location(ast.Assign([target], made), last))
    return starts


def called(function: ast.FunctionDef) -> tuple[ast.expr, dict[str, float | None]]:
    """The call of a function with names for its arguments, and those names with the numbers by default."""
    arguments = function.args
    if arguments.vararg or arguments.kwarg:
        name = function.name
        raise CodeError(f"how many arguments {name} takes is open: call it in the last line", function.lineno)
    plain, named = [*arguments.posonlyargs, *arguments.args], arguments.kwonlyargs
    defaults = [None] * (len(plain) - len(arguments.defaults)) + [*arguments.defaults, *arguments.kw_defaults]
    starts = {argument.arg: number_of(default) for argument, default in zip([*plain, *named], defaults)}
    given: list[ast.expr] = [ast.Name(argument.arg, ast.Load()) for argument in plain]
    keywords = [ast.keyword(argument.arg, ast.Name(argument.arg, ast.Load())) for argument in named]
    return ast.Call(ast.Name(function.name, ast.Load()), given, keywords), starts


def number_of(default: ast.expr | None) -> float | None:
    """The number that an expression spells out, else None."""
    try:
        found = ast.literal_eval(default) if default is not None else None
        return None if found is None else float(found)
    except (ValueError, TypeError, OverflowError, SyntaxError):
        return None


def names_of(text: str) -> tuple[set[str], list[str]]:
    """(the names that the text gives a value to, all global names that it reads, in the order in which they occur)."""
    module = symtable.symtable(text, FILE, "exec")
    bound = {x.get_name() for x in module.get_symbols() if x.is_local()}
    read = set()
    for table in tables(module):
        for symbol in table.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (table is module or symbol.is_global()):
                read.add(symbol.get_name())
    places: dict[str, tuple[int, int]] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id in read:
            here = (node.lineno, node.col_offset)
            places[node.id] = min(places.get(node.id, here), here)
    return bound, sorted(places, key=lambda name: places[name])


def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """A table of names, and those of all functions in it."""
    yield table
    for inner in table.get_children():
        yield from tables(inner)


def expect_no_calls(tree: ast.Module, free: set[str]) -> None:
    """CodeError for a call of a name that nobody defined, with what it may have meant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in free:
            unknown(node.func)


def unknown(function: ast.Name) -> NoReturn:
    """CodeError for a function that does not exist."""
    from difflib import get_close_matches

    near = get_close_matches(function.id, [*micrograd.__all__, *dir(builtins)], n=2)
    cure = f"did you mean {' or '.join(near)}?" if near else "define it above, or take one of micrograd's"
    raise CodeError(f"no function {function.id!r}; {cure}", function.lineno)
