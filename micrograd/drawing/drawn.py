"""`draw`: a graph or a model as a picture.

>>> from micrograd.engine import Value
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> draw(w * x, {})
<Picture: Computation graph, 3 values>
"""

from __future__ import annotations

from micrograd.drawing.picture import Picture
from micrograd.drawing.views.choice import VIEWS, view_of
from micrograd.drawing.views.names import is_model
from micrograd.drawing.views.network import network
from micrograd.drawing.views.reading import read_graph
from micrograd.engine import Value
from micrograd.expect import option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIRECTIONS = ("LR", "TB")


def draw(value: Any, names: Any = None, *, view: str = "auto", direction: str = "LR") -> Picture:
    """A picture of the graph that `value` was computed by, or of a model's neurons.

    value       a Value; or a model: whatever has .layers, .neurons or .w
    names       names for values without a label: a mapping such as locals(); in IPython the user's variables are
                taken unless it is given. For a model: the inputs to show it at work on, one number each
    view        "full": every value; "fused": sums Σ w·x + b are one box; "collapsed": layers are one box;
                "auto": full up to 60 values, fused up to 150, else collapsed
    direction   "LR", left to right, or "TB", top to bottom

    Boxes show name and operation, number, and ∇, the gradient, if `backward` computed one. An arrow shows the local
    derivative; it is as wide as the gradient that flows back along it is large, blue positive, red negative.
    Hovering shows full precision. Numbers are those at the time of drawing.

    Raises TypeError for what is neither, ValueError for an unknown view or direction.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> picture = draw(y, {"y": y})
    >>> "∇ 6" in picture.svg
    True
    """
    option(view, "view", ("auto", *VIEWS))
    option(direction, "direction", DIRECTIONS)
    if isinstance(value, Value):
        return Picture(view_of(read_graph(value, names), view, direction))
    if is_model(value):
        return Picture(*network(value, names, direction=direction))
    cure = "; draw its items one by one" if isinstance(value, (list, tuple)) else ""
    raise TypeError(f"draw expects a Value or a model, got {type(value).__name__}{cure}")


draw_dot = draw
