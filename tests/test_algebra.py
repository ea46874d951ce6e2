"""Exact identities hold to the bit, and are all that is applied; linear forms are found in one way."""

import math

import pytest
from same import same

from micrograd.algebra.identities import simpler
from micrograd.algebra.sums import summands, weighted
from micrograd.ops import ADD, DIV, EXP, MUL, NEG, SUB, TABLE

NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 5e-324, -5e-324, 1e308, -1e308, math.inf, -math.inf, math.nan]


class Negative:
    """−x, as an operand that `negated` sees through."""

    def __init__(self, x):
        self.x = x


def number(x):
    return -x.x if isinstance(x, Negative) else x


def inner(x):
    return x.x if isinstance(x, Negative) else None


@pytest.mark.parametrize("op", [op for op in TABLE.values() if len(op.partials) == 2], ids=lambda op: op.name)
def test_identities_of_two_operands_hold_to_the_bit(op):
    """Each operand is a plain number, or one that is known only when the program runs, maybe as −x."""
    applied = 0
    for x in NUMBERS:
        for y in NUMBERS:
            for args, known in [((x, y), (0,)), ((x, y), (1,)), ((Negative(x), y), ()), ((x, Negative(y)), ())]:
                plain = [args[i] if i in known else None for i in range(2)]
                found = simpler(op, args, plain, inner)
                if found is not None:
                    applied += 1
                    result = TABLE[found[0]].forward(*map(number, found[1])) if found[0] else number(found[1][0])
                    assert same(result, op.forward(*map(number, args))), (args, known, found)
            assert not op.commutative or same(op.forward(x, y), op.forward(y, x))
    assert bool(applied) == (op in (ADD, SUB, MUL, DIV))


def test_double_negation_and_what_is_no_identity():
    assert simpler(NEG, (Negative(3.0),), [None], inner) == ("", (3.0,))
    assert simpler(ADD, ("x", 0.0), [None, 0.0], lambda x: None) is None  # −0 + 0 is 0
    assert simpler(SUB, ("x", -0.0), [None, -0.0], lambda x: None) is None
    assert simpler(MUL, ("x", 0.0), [None, 0.0], lambda x: None) is None  # inf · 0 is nan
    assert simpler(MUL, (-1.0, "x"), [-1.0, None], lambda x: None) == ("neg", ("x",))
    assert simpler(EXP, ("x",), [None], lambda x: None) is None


def test_summands_come_from_the_right_and_lazily():
    operands = {4: (3, "d"), 3: ("a", 2), 2: ("b", "c")}
    found = list(summands(4, operands, lambda node, k: operands[node][k] in (2, 3)))
    assert [operands[node][k] for node, k, opened in found if not opened] == ["d", "c", "b", "a"]
    assert [operands[node][k] for node, k, opened in found if opened] == [3, 2]
    looked = []

    def opens(node, k):
        looked.append((node, k))
        return operands[node][k] in (2, 3)

    next(summands(4, operands, opens))
    assert looked == [(4, 1)]


def test_the_weight_of_a_product():
    assert weighted((2.0, "x"), lambda weight, x: isinstance(weight, float)) == 1
    assert weighted(("x", 2.0), lambda weight, x: isinstance(weight, float)) == 0
    assert weighted((3.0, 2.0), lambda weight, x: isinstance(weight, float)) == 1
    assert weighted(("x", "y"), lambda weight, x: isinstance(weight, float)) is None
