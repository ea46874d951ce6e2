"""`read`: the rule of an optimiser, by a run of its own `update` on symbols; so nothing is written down twice.

What was read is compared with `update` on arrays and on floats, to the bit.
"""

from __future__ import annotations

import random
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np

from micrograd.compiler.descent.rule import Rule
from micrograd.compiler.descent.symbols import Reading, Unreadable
from micrograd.compiler.scalar.undo import remember
from micrograd.compiler.state.state import State
from micrograd.dispatch import brief
from micrograd.optim.update_rule import UpdateRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

OURS = "micrograd.optim."  # modules of rules whose `update` depends on the rule's attributes alone
PLAIN = (int, float, bool, str, type(None))
SPECIAL = (0.0, -0.0, 1.0, -2.5, 5e-324, -1e-310, 1e200, -1e300, np.inf, -np.inf, np.nan)
STEPS = (1, 30, 1000)  # at which rules are compared

compared: WeakKeyDictionary[type, set[Any]] = WeakKeyDictionary()  # class of ours -> what was compared with its update


def read(optimizer: Any, known: Rule | None = None) -> Rule:
    """The rule of an optimiser. Unreadable where it is none, or does what no graph does.

    known: the rule as it was with the same attributes; if it still is, it is not compared again.

    >>> from micrograd.optim import Adam
    >>> rule = read(Adam())
    >>> rule.moments, rule.table(lambda step: 0.001, range(1)).round(12).tolist()
    (2, [[3.16e-10, 0.000316227766]])
    """
    if not isinstance(optimizer, UpdateRule) or getattr(optimizer.advance, "__func__", None) is not UpdateRule.advance:
        raise Unreadable("it is no UpdateRule, or has an `advance` of its own")
    if not optimizer.on_arrays:
        raise Unreadable("it takes floats alone")
    expect_plain(optimizer)
    if is_ours(optimizer):
        rule, done = run(optimizer), compared.setdefault(type(optimizer), set())
        if rule.key() not in done:
            compare(rule, optimizer)
            done.add(rule.key())
        return rule
    if known is not None:
        rule = run(optimizer)
        if rule.key() == known.key():
            return rule
    return read_with_care(optimizer)


def read_with_care(optimizer: UpdateRule) -> Rule:
    """The rule of the user's own code. What it draws and changes is put back; it is not read then."""
    undo = remember(State(optimizer.update))
    try:
        rule = run(optimizer)
        if run(optimizer).key() != rule.key():
            raise Unreadable("its update does something else at every step")
        compare(rule, optimizer)
        if not undo.state.holds():
            raise Unreadable("its update changes what lies outside of it")
    finally:
        undo.all()
    return rule


def is_ours(optimizer: UpdateRule) -> bool:
    """Whether the rule depends on its attributes alone; one of the user's may read anything of Python's."""
    own = vars(optimizer)
    return type(optimizer).__module__.startswith(OURS) and "update" not in own and "rate" not in own


def expect_plain(optimizer: UpdateRule) -> None:
    """Unreadable, if the rule has attributes that may change without being set."""
    for name, x in vars(optimizer).items():
        if name != "state" and not is_plain(x):
            raise Unreadable(f"its attribute {name} is neither number nor text nor function, but {brief(x)}")


def is_plain(x: Any) -> bool:
    """Whether x is a number, a text, a function, or a tuple of such."""
    if isinstance(x, tuple):
        return all(map(is_plain, x))
    return isinstance(x, (*PLAIN, np.generic)) or callable(x)


def like(optimizer: UpdateRule, steps: Any, state: tuple[Any, ...], rate: Callable[[Any], Any]) -> UpdateRule:
    """The rule at a step, with another learning rate; a `rate` of its own goes on from there."""
    made: Any = object.__new__(type(optimizer))
    made.__dict__.update(vars(optimizer), steps=steps, state=state)
    if getattr(made.rate, "__func__", None) is not UpdateRule.rate:
        made.lr = rate(steps)
    else:
        made.rate = rate
        if callable(made.lr):
            made.lr = rate
    return made


def run(optimizer: UpdateRule) -> Rule:
    """What `update` does with symbols."""
    count = len(optimizer.state or ()) if optimizer.steps else len(optimizer.moments())
    reading = Reading(count)
    moments = tuple(reading.moments)
    at_work = like(optimizer, reading.step, moments, reading.rate)
    before = vars(at_work).copy()
    try:
        p, state = at_work.update(reading.step, reading.p, reading.g, moments)  # type: ignore[arg-type]
        nodes = [reading.node_of(x) for x in (p, *state)]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"its update cannot be run on symbols: {error}") from error
    after = vars(at_work)
    if before.keys() != after.keys() or any(after[name] is not x for name, x in before.items()):
        raise Unreadable("its update changes attributes of its own")
    if len(nodes) != 1 + count:
        raise Unreadable(f"its update returns {len(nodes) - 1} moments where it gets {count}")
    return Rule(reading, nodes)


def compare(rule: Rule, optimizer: UpdateRule) -> None:
    """Unreadable, if the rule does not give what `update` does, on arrays and on floats, to the bit."""
    generator = random.Random(0)
    pairs = [*product(SPECIAL, SPECIAL), *[(generator.gauss(0.0, 1.0), generator.gauss(0.0, 1.0)) for _ in range(32)]]
    moments = [[generator.choice((*SPECIAL, generator.random())) for _ in pairs] for _ in range(rule.moments)]
    columns = [*map(list, zip(*pairs)), *moments]
    for step in STEPS:
        [row] = rule.table(rate, range(step, step + 1)).tolist()
        expected = list(zip(*[rule.at(row, numbers) for numbers in zip(*columns)]))
        p, g, *state = [np.array(column) for column in columns]
        with np.errstate(all="ignore"):
            found = updated(optimizer, step, p, g, tuple(state))
        if len(found) != len(expected) or not all(map(same_bits, found, expected)):
            raise Unreadable("its update gives something else for arrays than for symbols")
        p, g, *state = [column[-1] for column in columns]
        try:
            found = updated(optimizer, step, p, g, tuple(state))
        except Unreadable:  # it takes arrays alone, which is enough
            continue
        if not all(map(same_bits, found, [column[-1] for column in expected])):
            raise Unreadable("its update gives something else for floats than for symbols")


def starts_from_zeros(rule: Rule, optimizer: UpdateRule) -> bool:
    """Whether the first step, which has no moments yet, does what the rule does with moments of 0."""
    pairs, [row] = [*product(SPECIAL, SPECIAL)], rule.table(rate, range(1)).tolist()
    p, g = np.array(pairs).T
    with np.errstate(all="ignore"):
        found = updated(optimizer, 0, p, g, None)  # type: ignore[arg-type]
    expected = zip(*[rule.at(row, [*pair, *[0.0] * rule.moments]) for pair in pairs])
    same = [np.array_equal(np.broadcast_to(a, len(pairs)), b, equal_nan=True) for a, b in zip(found, expected)]
    return len(found) == len(rule.ends) and all(same)


def rate(step: int) -> float:
    """A learning rate that no rule has, for comparisons: a schedule of the user's may count its calls."""
    return 0.3 / (step + 1)


def updated(optimizer: UpdateRule, step: int, p: Any, g: Any, state: tuple[Any, ...]) -> list[Any]:
    """New p and moments of the rule at a step."""
    try:
        p, state = like(optimizer, step, state, rate).update(step, p, g, state)
        return [p, *state]
    except Exception as error:
        raise Unreadable(f"its update fails: {error}") from error


def same_bits(found: Any, expected: Sequence[float] | float) -> bool:
    """Whether numbers have the same bits; one nan is as good as another."""
    a, b = np.asarray(found), np.asarray(expected)
    if a.dtype.char != "d":
        return False
    return a.shape == b.shape and bool(((a.view(np.int64) == b.view(np.int64)) | ((a != a) & (b != b))).all())
