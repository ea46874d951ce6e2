# ruff: noqa: F405
"""The table of primitives: everything micrograd knows about one primitive stands in its one row.

Eager evaluation, the gradient graph, Taylor series, pictures, formulas and tests all read these rows. They stand in
one file, a page to look things up in.

    x, y    operands            out     the result, forward(x, y)
    g       adjoint of out, the derivative of the root with respect to out

A partial is ∂out/∂operand, one per operand: a number where it is constant, else a function (x, y, out) -> partial.
It is written once, with operators and `functions`, and so works on floats (eager), on Values (the gradient
graph, hence derivatives of any order) and on Taylor series. Write `div(x, y)` where y may be 0.

A row that *selects* (relu, maximum, where) gives functions (x, y, out, g) -> contribution instead: g itself where the
operand was taken, 0.0 where it was not, so that a branch not taken gets exactly nothing, even of an inf or nan.
"""

from __future__ import annotations

import operator

from micrograd.dispatch import Operators, by_definition, thorough  # noqa: F401  (the definitions for rows to come)
from micrograd.functions import *  # noqa: F403  (all of them, abs and pow too)
from micrograd.functions import inf
from micrograd.messages.counterparts import absent

__all__ = ["Op", "TABLE", "find"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Union

    Partial = Union[float, Callable[..., Any]]
else:
    __getattr__ = absent(__name__)

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4  # how strongly a formula binds; a weaker operand needs brackets
TWO_OVER_ROOT_PI = 1.1283791670955126
LIBRARY_FUNCTION = 20  # the cost of exp, sin and the like


class Op:
    """One row: a primitive, and all facts of it that anybody needs.

    name        what it is called, as a method and in `functions`
    symbol      what a picture shows
    forward     floats -> float; total: inf or nan, never an exception
    partials    one per operand, see above
    latex       formula, {0} and {1} stand for the operands
    binding     (binding strength of the formula, least strength of each operand that needs no brackets)
    selects     the partials are functions of g too, see above
    definition  the value over other rows, written as a partial is, for targets that have no such row of their own: that
                of a function made `by_definition`, or one beside a faster `forward`; else None
    sign        how C, Python and JavaScript write it, between two operands or before one; "" for a function
    comparison  the result is 1 or 0, as something holds or not
    commutative its two operands may change places, to the bit
    neutral     a number that as second operand leaves the first as it is, to the bit; as first too if it is commutative
    negating    a number that makes −x of x in the same way
    of_negative the row that does with x what this one does with −x as its last operand; "" if that is x itself
    cost        about how many additions it takes; if that is not given, what the parts of its definition take

    >>> TABLE["mul"].forward(2.0, 3.0), TABLE["mul"].local(0, (2.0, 3.0), 6.0)
    (6.0, 3.0)
    """

    __slots__ = ("name", "symbol", "forward", "partials", "latex", "binding", "selects", "definition",
                 "sign", "comparison", "commutative", "neutral", "negating", "of_negative", "_cost")  # fmt: skip

    def __init__(
        self,
        name: str,
        symbol: str,
        forward: Callable[..., float],
        partials: tuple[Partial, ...],
        latex: str,
        binding: tuple[int, ...] = (ATOM, 0, 0, 0),
        *,
        selects: bool = False,
        definition: Callable[..., Any] | None = None,
        sign: str = "",
        comparison: bool = False,
        commutative: bool = False,
        neutral: float | None = None,
        negating: float | None = None,
        of_negative: str | None = None,
        cost: int | None = None,
    ) -> None:
        self.name, self.symbol, self.forward, self.partials = name, symbol, forward, partials
        self.latex, self.binding, self.selects = latex, binding, selects
        self.definition = definition or getattr(forward, "definition", None)
        self.sign, self.comparison, self.commutative = sign, comparison, commutative
        self.neutral, self.negating, self.of_negative = neutral, negating, of_negative
        self._cost = cost

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return find, (name_in_table(self),)  # a copied or pickled graph refers to the one row

    @property
    def cost(self) -> int:
        """About how many additions it takes; TypeError for a definition that cannot be followed.

        >>> TABLE["add"].cost, TABLE["relu"].cost, TABLE["sigmoid"].cost
        (1, 2, 33)
        """
        if self._cost is None:
            self._cost = LIBRARY_FUNCTION if self.definition is None else cost_of(self)
        return self._cost

    def local(self, i: int, args: tuple[Any, ...], out: Any) -> Any:
        """The local derivative ∂out/∂args[i]."""
        partial = self.partials[i]
        if partial.__class__ is float:
            return partial
        return partial(*args, out, 1.0) if self.selects else partial(*args, out)  # type: ignore[operator]

    def contribution(self, i: int, args: tuple[Any, ...], out: Any, g: Any) -> Any:
        """What args[i] receives of the adjoint g of out: local derivative times g, or g selected."""
        if self.selects and self.partials[i].__class__ is not float:
            return self.partials[i](*args, out, g)  # type: ignore[operator]
        return self.local(i, args, out) * g


def find(name: str) -> Op:
    """The row called `name`; ValueError if there is none.

    >>> find("mul").symbol, find("mul").forward(2.0, 3.0)
    ('×', 6.0)
    """
    try:
        return TABLE[name]
    except KeyError:
        raise ValueError(f"expected the name of a primitive ({', '.join(TABLE)}), got {name!r}") from None


def name_in_table(op: Op) -> str:
    """The name by which `find` gives this very row; ValueError, with the cure, if it gives none, or another.

    >>> name_in_table(TABLE["mul"])
    'mul'
    """
    if TABLE.get(op.name) is not op:
        raise ValueError(
            f"the primitive {op.name!r} is not in the table of primitives: put its row there, "
            f"micrograd.ops.TABLE[{op.name!r}] = row"
        )
    return op.name


class Counted(Operators):
    """An operand that adds up the cost of what is done to it."""

    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total = 0

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive `name`, whatever its operands are."""
        self.total += find(name).cost
        return self


def cost_of(op: Op) -> int:
    """The cost of all primitives in the definition of a row; TypeError if that branches on numbers, or uses itself."""
    counted = Counted()
    try:
        op.definition(*[counted] * len(op.partials))  # type: ignore[misc]
    except (TypeError, RecursionError) as error:
        why = "it uses itself" if isinstance(error, RecursionError) else error
        raise TypeError(f"the definition of {op.name} is no expression over other primitives: {why}") from error
    return counted.total


def pow_base(x: Any, y: Any, out: Any) -> Any:
    """∂/∂x x**y = y x**(y - 1), and 0 for y = 0."""
    if y.__class__ is float:
        if y == 0.0 or y == 1.0:  # 0 ** 0 is 1 for every x near 0: the derivative must not meet 0 * 0 ** -1
            return y
        if y == 2.0:
            return y * x
    smaller = y - 1.0
    if out.__class__ is not float and thorough(out):
        return pow_base_by_division(x, y, out, smaller)
    if y.__class__ is not float:
        return where(abs(y) <= 0.0, 0.0, y * pow(x, smaller))
    if x.__class__ is float and 0.0 < abs(x) < inf and abs(y) < inf:
        if smaller == y or smaller + 1.0 != y:  # y - 1 rounds; where |log x| is large that costs some hundred ulps
            return scaled_pow(x, y, out, y) / x
        return scaled_pow(x, smaller, pow(x, smaller), y)
    return y * pow(x, smaller)


def pow_base_by_division(x: Any, y: Any, out: Any, smaller: Any) -> Any:
    """y x**y / x, with no rounded y - 1 and no second power; y x**(y - 1) where x**y is too large or has few digits.

    For programs, see `dispatch.thorough`.
    """
    quotient = div(y * out, x)
    if y.__class__ is float:
        if abs(y) <= 0.5 or smaller + 1.0 != y and abs(y) < 1000.0:  # where x**y has few digits, the derivative has too
            return where(abs(x) <= 0.0, y * inf, where(abs(x) >= inf, 0.0, quotient))
        return y * pow(x, smaller)
    product = y * pow(x, smaller)
    for edge in (abs(out) <= 1e-300, abs(out) >= 1e300, abs(y) >= inf, abs(smaller) <= 0.0):
        quotient = where(edge, product, quotient)
    return where(abs(y) <= 0.0, 0.0, quotient)


def scaled_pow(x: float, y: float, power: float, factor: float) -> float:
    """factor · power for power = x**y, in two halves where the power has few digits and the product more."""
    if power != power or 1e-300 < abs(power) < inf:
        return factor * power
    half = pow(abs(x), 0.5 * y)
    return copysign(1.0, power) * factor * half * half


def pow_exponent(x: Any, y: Any, out: Any) -> Any:
    """∂/∂y x**y = x**y log x; 0 where x**y is 0, and at 0**0."""
    if out.__class__ is float and 0.0 < x < inf and not 1e-300 < out < inf:  # out itself has few digits or none
        half = pow(x, 0.5 * y)
        return half * log(x) * half if half < inf else out * log(x)
    flat = (x >= 0.0) * (abs(out) <= 0.0) + (abs(x) <= 0.0) * (abs(y) <= 0.0)
    return where(flat, 0.0, out * log(x))


def sigmoid_partial(x: Any, out: Any) -> Any:
    """σ(x) σ(-x), on floats e / (1 + e)² with e = exp(-|x|). 1 - σ(x) would lose every digit by x = 40."""
    if x.__class__ is float:
        e = exp(-abs(x))
        return e / (1.0 + e * (2.0 + e))
    return out * sigmoid(-x)


def atan_partial(x: Any, out: Any) -> Any:
    """1 / (1 + x²), without overflow of x²."""
    if x.__class__ is float and abs(x) < 1e150:
        return 1.0 / (1.0 + x * x)
    r = hypot(1.0, x)
    return 1.0 / r / r


def hypot_partial(x: Any, y: Any, r: Any) -> Any:
    """x / r for r = hypot(x, y), 0 at the origin; where it may be long, right too if r overflows or has few digits."""
    if not thorough(r) or r.__class__ is float and 1e-300 < r < inf:
        return where(r <= 0.0, 0.0, div(x, r))
    up, down = where(r < 2.0**-450, 2.0**600, 1.0), where(r > 2.0**500, 2.0**-600, 1.0)
    a, b = up * down * x, up * down * y
    return where(r <= 0.0, 0.0, div(up * x, sqrt(a * a + b * b)) * down)


def gaussian_definition(x: Any) -> Any:
    """As in `functions`: high² is exact, so that x² = high² + (x − high)(x + high) keeps its last bits."""
    high = round(x * 1024.0) / 1024.0
    near = exp(-high * high) * exp((high - x) * (high + x))
    return where(abs(x) < 28.0, near, where(x >= x, 0.0, x))


def sech2_definition(x: Any) -> Any:
    """4 e / (1 + e)² with e = exp(−2|x|); where that has few digits, the square of 2 exp(−|x|)."""
    e, root = exp(-2.0 * abs(x)), 2.0 * exp(-abs(x))
    return where(e < 1e-300, root * root, 4.0 * (e / (1.0 + e * (2.0 + e))))


def sigmoid_definition(x: Any) -> Any:
    """1 / (1 + e) or e / (1 + e) with e = exp(−|x|), which does not overflow."""
    e = exp(-abs(x))
    return where(x >= 0.0, 1.0, e) / (1.0 + e)


def over_square(x: Any, y: Any) -> Any:
    """x / (x² + y²), 0 at the origin; where it may be long, right too if the square or x / r would lack digits."""
    r = hypot(x, y)
    if r.__class__ is float and 1e-150 < r < 1e150:
        return x / (r * r)
    if not thorough(r):
        return where(r <= 0.0, 0.0, div(div(x, r), r))
    scale = where(r < 2.0**-450, 2.0**600, 1.0) * where(r > 2.0**500, 2.0**-600, 1.0)
    a, b = scale * x, scale * y
    return where(r <= 0.0, 0.0, div(a, a * a + b * b) * scale)


def latex_function(name: str) -> str:
    """The LaTeX template of a function that LaTeX has no command for."""
    return r"\operatorname{{" + name + r"}}\left({0}\right)"


# arithmetic
ADD = Op(
    "add",
    "+",
    operator.add,
    (1.0, 1.0),
    "{0} + {1}",
    (SUM, SUM, SUM),
    sign="+",
    commutative=True,
    neutral=-0.0,  # x + 0.0 is not x for x = −0.0
    of_negative="sub",
    cost=1,
)
SUB = Op(
    "sub",
    "−",
    operator.sub,
    (1.0, -1.0),
    "{0} - {1}",
    (SUM, SUM, PRODUCT),
    sign="-",
    neutral=0.0,
    of_negative="add",
    cost=1,
)
MUL = Op(
    "mul",
    "×",
    operator.mul,
    (lambda x, y, out: y, lambda x, y, out: x),
    r"{0} \cdot {1}",
    (PRODUCT, PRODUCT, PRODUCT),
    sign="*",
    commutative=True,
    neutral=1.0,
    negating=-1.0,
    cost=1,
)
DIV = Op(
    "div",
    "÷",
    div,
    (lambda x, y, out: div(1.0, y), lambda x, y, out: div(-out, y)),
    r"\frac{{{0}}}{{{1}}}",
    (PRODUCT, 0, 0),
    sign="/",
    neutral=1.0,
    negating=-1.0,
    cost=8,
)
NEG = Op("neg", "−", operator.neg, (-1.0,), "-{0}", (SUM, PRODUCT), sign="-", of_negative="", cost=1)
POW = Op("pow", "**", pow, (pow_base, pow_exponent), "{{{0}}}^{{{1}}}", (POWER, ATOM, 0), cost=60)


def comparison(name: str, symbol: str, sign: str, latex: str, forward: Callable[[float, float], float]) -> Op:
    """The row of a comparison: 0 or 1, locally constant."""
    return Op(name, symbol, forward, (0.0, 0.0), f"[{{0}} {latex} {{1}}]", sign=sign, comparison=True, cost=1)


LESS = comparison("less", "<", "<", "<", lambda x, y: 1.0 if x < y else 0.0)
LESS_EQUAL = comparison("less_equal", "≤", "<=", r"\le", lambda x, y: 1.0 if x <= y else 0.0)
GREATER = comparison("greater", ">", ">", ">", lambda x, y: 1.0 if x > y else 0.0)
GREATER_EQUAL = comparison("greater_equal", "≥", ">=", r"\ge", lambda x, y: 1.0 if x >= y else 0.0)

# exponentials and logarithms
EXP = Op("exp", "exp", exp, (lambda x, out: out,), "e^{{{0}}}", (POWER, 0))
EXPM1 = Op("expm1", "expm1", expm1, (lambda x, out: exp(x),), latex_function("expm1"))
LOG = Op("log", "log", log, (lambda x, out: div(1.0, x),), r"\log\left({0}\right)")
LOG1P = Op("log1p", "log1p", log1p, (lambda x, out: div(1.0, 1.0 + x),), latex_function("log1p"))
SQRT = Op("sqrt", "√", sqrt, (lambda x, out: div(0.5, out),), r"\sqrt{{{0}}}", cost=8)
ERF = Op("erf", "erf", erf, (lambda x, out: TWO_OVER_ROOT_PI * gaussian(x),), latex_function("erf"))
GAUSSIAN = Op(
    "gaussian",
    "exp −x²",
    gaussian,
    (lambda x, out: where(abs(x) < inf, -2.0 * (x * out), 0.0),),
    r"e^{{-\left({0}\right)^2}}",
    (POWER, 0),
    definition=gaussian_definition,
)

# trigonometry
SIN = Op("sin", "sin", sin, (lambda x, out: cos(x),), r"\sin\left({0}\right)")
COS = Op("cos", "cos", cos, (lambda x, out: -sin(x),), r"\cos\left({0}\right)")
TAN = Op("tan", "tan", tan, (lambda x, out: 1.0 + out * out,), r"\tan\left({0}\right)")
ASIN = Op("asin", "asin", asin, (lambda x, out: div(1.0, sqrt((1.0 - x) * (1.0 + x))),), r"\arcsin\left({0}\right)")
ACOS = Op("acos", "acos", acos, (lambda x, out: div(-1.0, sqrt((1.0 - x) * (1.0 + x))),), r"\arccos\left({0}\right)")
ATAN = Op("atan", "atan", atan, (atan_partial,), r"\arctan\left({0}\right)")
ATAN2 = Op(
    "atan2",
    "atan2",
    atan2,
    (lambda y, x, out: over_square(x, y), lambda y, x, out: -over_square(y, x)),
    r"\operatorname{{atan2}}\left({0}, {1}\right)",
)
HYPOT = Op(
    "hypot",
    "hypot",
    hypot,
    (lambda x, y, out: hypot_partial(x, y, out), lambda x, y, out: hypot_partial(y, x, out)),
    r"\sqrt{{{{{0}}}^2 + {{{1}}}^2}}",
)

# hyperbolic functions and the sigmoid family
SINH = Op("sinh", "sinh", sinh, (lambda x, out: cosh(x),), r"\sinh\left({0}\right)")
COSH = Op("cosh", "cosh", cosh, (lambda x, out: sinh(x),), r"\cosh\left({0}\right)")
TANH = Op("tanh", "tanh", tanh, (lambda x, out: sech2(x),), r"\tanh\left({0}\right)")
SECH2 = Op(
    "sech2",
    "sech²",
    sech2,
    (lambda x, out: -2.0 * (tanh(x) * out),),
    r"\operatorname{{sech}}^2\left({0}\right)",
    definition=sech2_definition,
)
SIGMOID = Op("sigmoid", "σ", sigmoid, (sigmoid_partial,), r"\sigma\left({0}\right)", definition=sigmoid_definition)
SOFTPLUS = Op(
    "softplus",
    "softplus",
    softplus,
    (lambda x, out: sigmoid(x),),
    latex_function("softplus"),
    definition=lambda x: where(x > 0.0, x, 0.0) + log1p(exp(-abs(x))),
)

# kinks and choices
ABS = Op("abs", "|x|", abs, (lambda x, out: 1.0 * (x > 0.0) - (x < 0.0),), r"\left|{0}\right|", cost=1)
ROUND = Op("round", "round", round, (0.0,), latex_function("round"), cost=5)
COPYSIGN = Op(
    "copysign",
    "copysign",
    copysign,
    (lambda x, y, out: (1.0 * (x > 0.0) - (x < 0.0)) * copysign(1.0, y), 0.0),
    r"\operatorname{{copysign}}\left({0}, {1}\right)",
    cost=1,
)
RELU = Op(
    "relu",
    "ReLU",
    relu,
    (lambda x, out, g: where(out <= 0.0, 0.0, g),),
    latex_function("ReLU"),
    selects=True,
    definition=lambda x: where(x <= 0.0, 0.0, x),
)
MAXIMUM = Op(
    "maximum",
    "max",
    maximum,
    (
        lambda x, y, out, g: where(x < y, 0.0, where(x <= y, 0.5 * g, g)),
        lambda x, y, out, g: where(y < x, 0.0, where(y <= x, 0.5 * g, g)),
    ),
    r"\max\left({0}, {1}\right)",
    selects=True,
    definition=lambda x, y: where(x >= y, x, where(x >= x, y, x)),
)
MINIMUM = Op(
    "minimum",
    "min",
    minimum,
    (
        lambda x, y, out, g: where(x > y, 0.0, where(x >= y, 0.5 * g, g)),
        lambda x, y, out, g: where(y > x, 0.0, where(y >= x, 0.5 * g, g)),
    ),
    r"\min\left({0}, {1}\right)",
    selects=True,
    definition=lambda x, y: where(x <= y, x, where(x >= x, y, x)),
)
WHERE = Op(
    "where",
    "where",
    where,
    (0.0, lambda c, x, y, out, g: where(c, g, 0.0), lambda c, x, y, out, g: where(c, 0.0, g)),
    r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    selects=True,
    cost=1,
)
DETACH = Op("detach", "detach", detach, (0.0,), latex_function("detach"), cost=1)

TABLE = {op.name: op for op in list(globals().values()) if op.__class__ is Op}
