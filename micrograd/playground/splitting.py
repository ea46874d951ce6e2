"""A loss taken apart into what is predicted and how it is compared with the target, where the code has such a seam.

step        `name = expression`, or the result in the end
dependent   a step that reads the target, or what was made of it
seam        what all dependent steps read of the others: one name, or one expression
"""

from __future__ import annotations

import ast

from micrograd.playground.code import FILE, RESULT, ending, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType
    from typing import Any

HELPERS = (ast.FunctionDef, ast.Import, ast.ImportFrom)
PREDICTION = "the prediction"  # its name in the program of the loss; no name that a text can hold


class Split:
    """Two programs: `prediction` leaves it under RESULT, `loss` reads it under PREDICTION; it is written as `name`."""

    __slots__ = ("prediction", "loss", "name")

    def __init__(self, prediction: CodeType, loss: CodeType, name: str) -> None:
        self.prediction, self.loss, self.name = prediction, loss, name


def split(text: str, target: str, free: list[str]) -> Split | None:
    """The code taken apart, None where it has no seam; that the parts do what the whole does is for the caller to see.

    >>> from micrograd.playground.code import read
    >>> text = "h = sigmoid(w1*x); (sigmoid(w2*h) - y)**2"
    >>> split(text, "y", read(text).free).name
    'sigmoid(w2 * h)'
    >>> split("(w*x - y)**2 + w*w", "y", ["w", "x", "y"]) is None
    True
    """
    before, after, tainted = parted(steps_of(parsed(text)), target)
    made = {x.id for step in before for x in ast.walk(step) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)}
    read = {name for step in after for name in names_in(step.value)} & (made | set(free)) - tainted
    seams: list[ast.expr] = [ast.Name(name, ast.Load()) for name in read]
    if len(read) > 1:
        seams = [part for step in after for part in largest(step.value, tainted, read)]
    written = {ast.unparse(seam) for seam in seams}
    if len(written) != 1:
        return None
    ends = ast.Assign([ast.Name(RESULT, ast.Store())], seams[0])
    helpers: list[ast.stmt] = [step for step in before if isinstance(step, HELPERS)]
    [seam] = written
    compared: list[ast.stmt] = [Exchange(seam).visit(step) for step in after]
    return Split(compiled([*before, ends]), compiled([*helpers, *compared]), seam)


def parted(steps: list[ast.stmt], target: str) -> tuple[list[ast.stmt], list[ast.Assign], set[str]]:
    """(the steps that do not depend on the target, those that do, what they make); no second where one is no step."""
    before: list[ast.stmt] = []
    after: list[ast.Assign] = []
    tainted = {target}
    for step in steps:
        if tainted.isdisjoint(names_in(step)):
            before.append(step)
        elif isinstance(step, ast.Assign) and isinstance(step.targets[0], ast.Name):
            after.append(step)
            tainted.add(step.targets[0].id)
        else:
            return before, [], tainted
    return before, after, tainted


def steps_of(tree: ast.Module) -> list[ast.stmt]:
    """The statements with the result as the last; those of a function in the end in its place."""
    last = tree.body[-1]
    ending(tree)
    if isinstance(last, ast.FunctionDef) and isinstance(last.body[-1], ast.Return) and last.body[-1].value is not None:
        result = ast.Assign([ast.Name(RESULT, ast.Store())], last.body[-1].value)
        return [*tree.body[:-2], *last.body[:-1], result]
    return tree.body


def names_in(node: ast.AST) -> set[str]:
    """All names that are read or written."""
    return {x.id for x in ast.walk(node) if isinstance(x, ast.Name)}


def largest(expression: ast.expr, tainted: set[str], read: set[str]) -> list[ast.expr]:
    """The largest parts of an expression that read some of `read` and nothing tainted."""
    names = names_in(expression)
    if names.isdisjoint(read):
        return []
    if names.isdisjoint(tainted):
        return [expression]
    parts = [part for part in ast.iter_child_nodes(expression) if isinstance(part, ast.expr)]
    return [found for part in parts for found in largest(part, tainted, read)]


class Exchange(ast.NodeTransformer):
    """Puts the prediction in the place of an expression that is written like this."""

    def __init__(self, seam: str) -> None:
        self.seam = seam

    def visit(self, node: ast.AST) -> Any:
        """The node, or the prediction."""
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            if ast.unparse(node) == self.seam:
                return ast.Name(PREDICTION, ast.Load())
        return self.generic_visit(node)


def compiled(steps: Sequence[ast.stmt]) -> CodeType:
    """Statements as a program."""
    return compile(ast.fix_missing_locations(ast.Module(list(steps), [])), FILE, "exec")
