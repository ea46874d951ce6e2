"""The vocabulary of Python: functions of `math`, and total ones around those that raise.

TOTAL       row -> a function that an export brings along, to the bit the one of `functions`
FUNCTIONS   row -> what it is called
"""

from __future__ import annotations

RAISING = {  # functions of `math` -> what they raise, and what stands for it
    **dict.fromkeys(("exp", "expm1", "cosh"), ("OverflowError", "math.inf")),
    **dict.fromkeys(("sqrt", "sin", "cos", "tan", "asin", "acos"), ("ValueError", "math.nan")),
    "sinh": ("OverflowError", "math.copysign(math.inf, x)"),
    "log": ("ValueError", "-math.inf if x == 0.0 else math.nan"),
    "log1p": ("ValueError", "-math.inf if x == -1.0 else math.nan"),
}
AROUND = """
def {name}(x):
    try:
        return math.{name}(x)
    except {error}:
        return {instead}
"""
DIV = """
def div(x, y):
    try:
        return x / y
    except ZeroDivisionError:
        return x * math.copysign(math.inf, y)
"""
POW = """
def pow(x, y):
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0.0 and y % 2.0 == 1.0 else math.inf
    except ValueError:
        odd = y > -math.inf and math.fmod(y, 2.0) == -1.0
        return math.nan if x != 0.0 else math.copysign(math.inf, x) if odd else math.inf
"""
ROUND = """
def round(x):
    return math.copysign(math.fabs(x) + 2.0**52 - 2.0**52, x) if math.fabs(x) < 2.0**52 else x
"""
TOTAL = {name: AROUND.format(name=name, error=error, instead=instead) for name, (error, instead) in RAISING.items()}
TOTAL |= {"div": DIV, "pow": POW, "round": ROUND}
FUNCTIONS = {name: f"math.{name}" for name in "tanh atan erf atan2 hypot copysign".split()} | {"abs": "math.fabs"}
FUNCTIONS |= {name: name for name in TOTAL}
