"""`explain`: why is a derivative the number that it is?

>>> from micrograd.engine import Value
>>> x, w = Value(2.0, "x"), Value(3.0, "w")
>>> h = w * x
>>> h.label = "h"
>>> print(str(explain(h.sin(), w, {})).split("where")[0].rstrip())
∂f/∂w = ∂f/∂h · ∂h/∂w
      = cos(h) · x
      = 0.96 · 2
      = 1.92; w.grad is 0: f.backward() was not called
"""

from __future__ import annotations

from micrograd.chain_rule.explanation import Explanation, explanation_of
from micrograd.chain_rule.table import Pass, pass_of
from micrograd.collector import paused
from micrograd.dispatch import brief
from micrograd.engine import Value
from micrograd.expect import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, overload
else:

    def overload(function):
        """For the type checker alone."""
        return function


@overload
def explain(root: Value, wrt: None = None, names: Mapping[str, Any] | None = None, *, paths: int = 5) -> Pass: ...
@overload
def explain(  # noqa: F811
    root: Value, wrt: Value | Sequence[Value], names: Mapping[str, Any] | None = None, *, paths: int = 5
) -> Explanation: ...
def explain(root: Any, wrt: Any = None, names: Any = None, *, paths: int = 5) -> Any:  # noqa: F811
    """Why is ∂root/∂wrt this number? The chain rule factor by factor: in symbols, in formulas, in numbers.

    root        what is differentiated
    wrt         a Value, or several: then it is also told which adjoints they share. Without it the whole pass is
                shown as a table: node, formula, value, local derivatives, adjoint
    names       names for values without a label: a mapping such as locals(); in IPython the user's variables are
                taken unless it is given. Whoever has no name is called v₁, v₂ … in topological order
    paths       where several paths lead from root to wrt, how many of the largest contributions are told

    Numbers have three digits, but are computed and compared with `grad` in full. No `grad` is changed. Multiplications
    are counted as on paper: n factors take n − 1; derivatives 1 and −1 of sums and differences are no factors.
    Raises TypeError for what is no Value, ValueError for no node at all and for paths below 1.

    >>> w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(3.0, "y")
    >>> L = (w * x - y) ** 2
    >>> L.backward()
    >>> explain(L, w, {"L": L})
    ∂L/∂w = ∂L/∂v₂ · ∂v₂/∂w
          = 2v₂ · x
          = −4 · 2
          = −8, which equals w.grad
    <BLANKLINE>
    where
    v₂ = w·x − y = −2
    L  = v₂²     = 4
    <BLANKLINE>
    at w = 0.5, x = 2, y = 3
    ∂L/∂v₂ = 2v₂ = −4 is also a factor of ∂L/∂x and ∂L/∂y
    Multiplications: 1 with the formulas written out, 1 by backprop; for all 3 named leaves 2 and 2
    """
    asked = list(wrt) if isinstance(wrt, (list, tuple)) else [] if wrt is None else [wrt]
    for node in [root, *asked]:
        if not isinstance(node, Value):
            raise TypeError(f"explain expects Values, got {brief(node)}")
    paths = whole(paths, "paths", 1)
    if wrt is not None and not asked:
        raise ValueError("expected at least one node to differentiate by, got none; explain(root) shows the whole pass")
    with paused():
        return pass_of(root, names) if wrt is None else explanation_of(root, asked, names, paths)
