"""Update rules as JavaScript, read off their own `update`; learning-rate schedules as tables.

rule        an optimiser as the page knows it: {name, title, own, lr, rates, known, moments, nodes, ends}
rates       of a schedule: [step, rate] where the rate changes; `known`: how many steps they hold for
"""

from __future__ import annotations

import operator
from itertools import islice, product

from micrograd.compiler.descent.reading import SPECIAL, rate, read, updated
from micrograd.compiler.descent.symbols import ByStep, Unreadable
from micrograd.drawing.explorer.javascript import Body, JavaScript, in_javascript
from micrograd.ops import TABLE
from micrograd.optim import SGD, Adam, AdamW, RMSProp
from micrograd.optim.update_rule import UpdateRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from micrograd.compiler.descent.rule import Rule

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
    known, functions = [], {}
    for name, rule in offered.items():
        try:
            found = read(rule)
            expect_zeros_at_first(rule, found)
        except Unreadable as error:
            raise TypeError(
                f"explore cannot watch {optimizer!r}: {error}. Train with a rule that is arithmetic on p, g and its "
                "moments, see optim.UpdateRule, or with one of optim's: SGD, Adam, AdamW, RMSProp"
            ) from None
        functions[name] = f"Object.assign({function_of(found)}, {{ columns: {columns_of(found)} }})"
        known.append({"name": name, "title": repr(rule), "own": rule is optimizer, **described(rule, found)})
    return known, functions


def name_of(optimizer: Any) -> str:
    """What the menu calls a rule: those of optim by what they do, any other by its class."""
    if type(optimizer) is SGD and optimizer.momentum:
        return "Nesterov" if optimizer.nesterov else "momentum"
    return type(optimizer).__name__


def expect_zeros_at_first(optimizer: UpdateRule, rule: Rule) -> None:
    """Unreadable, if the first step, which has no moments yet, is another than that from moments of 0."""
    [row] = rule.table(rate, range(1)).tolist()
    for p, g in product(SPECIAL, SPECIAL):
        found = updated(optimizer, 0, p, g, None)  # type: ignore[arg-type]
        expected = rule.at(row, [p, g, *[0.0] * rule.moments])
        if len(found) != len(expected) or any(a != b and (a == a or b == b) for a, b in zip(found, expected)):
            raise Unreadable("its first step is another than from moments of 0")


def described(optimizer: UpdateRule, rule: Rule) -> dict[str, Any]:
    """What a page knows of a rule beside its function."""
    rates, known = rates_of(optimizer)
    graph, place = rule.graph, {node: k for k, node in enumerate(inner(rule))}

    def operand(node: int) -> dict[str, Any]:
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
        "nodes": [{"rule": graph.kind[node], "operands": [*map(operand, graph.args[node])]} for node in place],
        "ends": [operand(node) for node in rule.ends],
    }


def inner(rule: Rule) -> list[int]:
    """The nodes of a rule that are computed from others."""
    return [node for node in rule.nodes if rule.graph.kind[node] in TABLE]


def rates_of(optimizer: UpdateRule) -> tuple[list[tuple[int, float]] | None, int]:
    """The rates of a schedule, and for how many steps they hold; (None, 0) for a rate that is a number.

    ValueError where the schedule gives no rate, TypeError where it gives another at the same step.
    """
    if not callable(optimizer.lr):
        return None, 0
    found: list[tuple[int, float]] = []
    for step in range(MOST_STEPS):
        now = UpdateRule.rate(optimizer, step)
        if not found or now != found[-1][1]:
            if len(found) == MOST_RATES:
                return found, step
            found.append((step, now))
    if any(UpdateRule.rate(optimizer, step) != now for step, now in islice(found, 100)):
        raise TypeError(f"explore cannot watch {optimizer!r}: its schedule gives another rate when asked again")
    return found, MOST_STEPS


def function_of(rule: Rule) -> str:
    """The function (p, g, state, step, lr) of a rule: it changes p, and the moments in state, in place.

    >>> print(function_of(read(SGD(lr=0.1))))
    (p, g, state, step, lr) => {
    const c0 = lr;
    for (let i = 0; i < p.length; i++) {
    const v1 = c0 * g[i], v2 = p[i] - v1;
    p[i] = v2;
    }
    }
    """
    once, each, graph = Body(), Body(), rule.graph
    columns = [f"c{k} = {text}" for k, text in enumerate(columns_in_javascript(rule, once))]
    leaves = ["p[i]", "g[i]", *[f"state[{k}][i]" for k in range(rule.moments)]]
    found: list[Any] = []
    for kind, args in zip(graph.kind, graph.args):
        if kind in TABLE:
            found.append(each.value(kind, tuple([found[x] for x in args])))
        elif kind == "constant":
            found.append(args[0])
        else:
            found.append(JavaScript(leaves[args[0]] if kind == "input" else f"c{args[0]}", each))
    ends = [f"{leaf} = {in_javascript(found[end])};" for leaf, end in zip(leaves[:1] + leaves[2:], rule.ends)]
    lines = ["(p, g, state, step, lr) => {", *declared(once, columns), "for (let i = 0; i < p.length; i++) {"]
    return "\n".join([*lines, *declared(each), *ends, "}", "}"])


def columns_of(rule: Rule) -> str:
    """The function (step, lr) of a rule that gives what is the same for all parameters.

    >>> print(columns_of(read(SGD(lr=0.1))))
    (step, lr) => {
    return [lr];
    }
    """
    body = Body()
    columns = columns_in_javascript(rule, body)
    return "\n".join(["(step, lr) => {", *declared(body), f"return [{', '.join(columns)}];", "}"])


def declared(body: Body, more: list[str] | None = None) -> list[str]:
    """The statement that makes the constants of a body, and some more."""
    constants = [f"{name} = {text}" for text, name in body.constants.items()] + (more or [])
    return [f"const {', '.join(constants)};"] if constants else []


def columns_in_javascript(rule: Rule, body: Body) -> list[str]:
    """What depends on the step alone, see `compiler.descent.rule`, as constants of a body."""
    known: dict[int, Any] = {}
    for x in rule.order:
        if x is rule.step or x is rule.rate:
            known[id(x)] = JavaScript("step" if x is rule.step else "lr", body)
        else:
            known[id(x)] = computed(x.compute, [known[id(y)] if isinstance(y, ByStep) else y for y in x.args], body)
    return [str(known[id(x)]) for x in rule.columns]


def computed(compute: Callable[..., Any], operands: list[Any], body: Body) -> Any:
    """What Python computes of numbers by step, as JavaScript."""
    if compute is not operator.floordiv and compute is not operator.mod:
        return compute(*operands)
    text = f"Math.floor({' / '.join(map(in_javascript, operands))})"
    whole = JavaScript(body.constants.setdefault(text, f"v{len(body.constants) + 1}"), body)
    return whole if compute is operator.floordiv else operands[0] - operands[1] * whole
