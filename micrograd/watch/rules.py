"""Update rules as JavaScript, read off their own `update`; learning-rate schedules as tables.

rule        an optimiser as the page knows it: {name, title, own, lr, rates, known, moments, nodes, ends}
rates       of a schedule: [step, rate] where the rate changes; `known`: how many steps they hold for
"""

from __future__ import annotations

import operator
from itertools import islice

from micrograd import functions
from micrograd.compiler.descent.reading import read, starts_from_zeros
from micrograd.compiler.descent.symbols import ByStep, Unreadable
from micrograd.drawing.explorer.javascript import NOTHING
from micrograd.exporting.definitions import Body, operand
from micrograd.exporting.javascript.code import JavaScriptPrinter
from micrograd.exporting.javascript.vocabulary import FUNCTIONS
from micrograd.exporting.statements import Apply, For, Item, Let, Name, Store, at
from micrograd.ops import TABLE
from micrograd.optim import SGD, Adam, AdamW, RMSProp
from micrograd.optim.update_rule import UpdateRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.descent.rule import Rule
    from micrograd.exporting.statements import Expression

MOST_RATES, MOST_STEPS = 2_000, 50_000  # of a schedule
OFFERED: dict[str, Callable[[], UpdateRule]] = {
    "SGD": lambda: SGD(lr=0.1),
    "momentum": lambda: SGD(lr=0.03, momentum=0.9),
    "Nesterov": lambda: SGD(lr=0.03, momentum=0.9, nesterov=True),
    "Adam": lambda: Adam(lr=0.01),
    "AdamW": lambda: AdamW(lr=0.01),
    "RMSProp": lambda: RMSProp(lr=0.01),
}


def rules(optimizer: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All rules that a page offers, the optimiser's first, and their functions in JavaScript, by name.

    TypeError for an optimiser that is no rule, or cannot be read; ValueError where its schedule gives no rate.
    """
    own = name_of(optimizer)
    offered = {own: optimizer, **{name: make() for name, make in OFFERED.items() if name != own}}
    known, written_down = [], {}
    for name, rule in offered.items():
        try:
            found = read(rule)
            if not starts_from_zeros(found, rule):
                raise Unreadable("its first step is another than from moments of 0")
        except Unreadable as error:
            raise TypeError(
                f"explore cannot watch {optimizer!r}: {error}. Train with a rule that is arithmetic on p, g and its "
                "moments, see optim.UpdateRule, or with one of optim's: SGD, Adam, AdamW, RMSProp"
            ) from None
        written_down[name] = f"Object.assign({function_of(found)}, {{ columns: {function_of_columns(found)} }})"
        known.append({"name": name, "title": repr(rule), "own": rule is optimizer, **described(rule, found)})
    return known, written_down


def name_of(optimizer: Any) -> str:
    """What the menu calls a rule: those of optim by what they do, any other by its class."""
    if type(optimizer) is SGD and optimizer.momentum:
        return "Nesterov" if optimizer.nesterov else "momentum"
    return type(optimizer).__name__


def described(optimizer: UpdateRule, rule: Rule) -> dict[str, Any]:
    """What a page knows of a rule beside its function."""
    rates, known = rates_of(optimizer)
    graph, place = rule.graph, {node: k for k, node in enumerate(inner(rule))}

    def taken(node: int) -> dict[str, Any]:
        kind, args = graph.kind[node], graph.args[node]
        if kind == "input":
            return {"moment": args[0] - 2} if args[0] > 1 else {"pg"[args[0]]: 0}
        if kind in ("captured", "constant"):
            return {"column" if kind == "captured" else "number": args[0]}
        return {"node": place[node]}

    return {
        "lr": None if rates else optimizer.lr,
        "rates": rates,
        "known": known,
        "moments": list(optimizer.moments()),
        "nodes": [{"rule": graph.kind[node], "operands": [*map(taken, graph.args[node])]} for node in place],
        "ends": [taken(node) for node in rule.ends],
    }


def inner(rule: Rule) -> list[int]:
    """The nodes of a rule that are computed from others."""
    return [node for node in rule.nodes if rule.graph.kind[node] in TABLE]


def rates_of(optimizer: UpdateRule) -> tuple[list[tuple[int, float]] | None, int]:
    """The rates of a schedule, and for how many steps they hold; (None, 0) for a rate that is a number.

    They end before a step at which the schedule fails. Its error if that is the first; TypeError where it gives another
    rate when it is asked again.
    """
    if not callable(optimizer.lr):
        return None, 0
    found: list[tuple[int, float]] = []
    for step in range(MOST_STEPS):
        try:
            now = UpdateRule.rate(optimizer, step)
        except Exception:
            if step == 0:
                raise
            break
        if not found or now != found[-1][1]:
            if len(found) == MOST_RATES:
                break
            found.append((step, now))
    else:
        step = MOST_STEPS
    if any(UpdateRule.rate(optimizer, asked) != now for asked, now in islice(found, 100)):
        raise TypeError(f"explore cannot watch {optimizer!r}: its schedule gives another rate when it is asked again")
    return found, step


def function_of(rule: Rule) -> str:
    """The function (p, g, state, step, lr) of a rule: it changes p, and the moments in state, in place.

    >>> print(function_of(read(SGD(lr=0.1, momentum=0.9))))
    (p, g, [m0], step, lr, n = p.length) => {
      const c0 = lr;
      for (let i = 0; i < n; i++) {
        const v3 = 0.9 * m0[i];
        const v4 = v3 + g[i];
        const v6 = c0 * v4;
        const v7 = p[i] - v6;
        p[i] = v7;
        m0[i] = v4;
      }
    }
    """
    moments = [f"m{k}" for k in range(rule.moments)]
    each, graph = Body(FUNCTIONS), rule.graph
    leaves = [each.argument(f"{name}[i]") for name in ("p", "g", *moments)]
    found: list[Any] = []
    for kind, args in zip(graph.kind, graph.args):
        if kind in TABLE:
            found.append(each.apply(kind, tuple([found[x] for x in args])))
        elif kind == "constant":
            found.append(args[0])
        else:
            found.append(leaves[args[0]] if kind == "input" else each.argument(f"c{args[0]}"))
    lets, ends = written(each, [found[end] for end in rule.ends])
    stores = [Store(Item(name, at(0, i=1)), end) for name, end in zip(["p", *moments], ends)]
    once, columns = columns_of(rule)
    constants = [Let(f"c{k}", column) for k, column in enumerate(columns)]
    lines = printed([*once, *constants, For("i", "n", [*lets, *stores])])
    return "\n".join([f"(p, g, [{', '.join(moments)}], step, lr, n = p.length) => {{", *lines, "}"])


def function_of_columns(rule: Rule) -> str:
    """The function (step, lr) of a rule that gives what is the same for all parameters.

    >>> print(function_of_columns(read(SGD(lr=0.1))))
    (step, lr) => {
      return [lr];
    }
    """
    once, columns = columns_of(rule)
    texts = [JavaScriptPrinter(NOTHING).text(column) for column in columns]
    return "\n".join(["(step, lr) => {", *printed(once), f"  return [{', '.join(texts)}];", "}"])


def columns_of(rule: Rule) -> tuple[list[Let], list[Expression]]:
    """What depends on the step alone, see `compiler.descent.rule`: statements, and the columns."""
    body = Body(FUNCTIONS)
    known: dict[int, Any] = {}
    for x in rule.order:
        if x is rule.step or x is rule.rate:
            known[id(x)] = body.argument("step" if x is rule.step else "lr")
        else:
            known[id(x)] = computed(x.compute, [known[id(y)] if isinstance(y, ByStep) else y for y in x.args])
    return written(body, [known[id(x)] for x in rule.columns])


def computed(compute: Callable[..., Any], operands: list[Any]) -> Any:
    """What Python computes of numbers by step, on symbols."""
    if compute is not operator.floordiv and compute is not operator.mod:
        return compute(*operands)
    x, divisor = operands
    if not isinstance(divisor, int):
        raise Unreadable("it divides a number by a fraction, and takes the whole part or the rest")
    nearest = functions.round(x / divisor)
    whole = nearest - (nearest > x / divisor)
    return whole if compute is operator.floordiv else x - divisor * whole


def written(body: Body, ends: list[Any]) -> tuple[list[Let], list[Expression]]:
    """A statement for each node of a body, and what stands for the ends."""
    lets: list[Let] = []
    names: dict[Any, Any] = {}
    for node, (row, operands) in enumerate(body.nodes):
        if row == "argument":
            names[node] = Name(operands[0])
        else:
            lets.append(Let(f"v{node}", Apply(row, tuple([names.get(x, x) for x in operands]))))
            names[node] = Name(f"v{node}")
    return lets, [names.get(x, x) for x in map(operand, ends)]


def printed(statements: list[Any]) -> list[str]:
    """Statements in JavaScript."""
    printer = JavaScriptPrinter(NOTHING)
    printer.body(statements)
    return printer.lines
