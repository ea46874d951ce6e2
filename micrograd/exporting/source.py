"""`export`: a trained model as source code that stands alone, one function of one sample, in Python or C.

`freezing` makes the scalar graph of one sample, `parts` finds affine maps and vectors in it, `identifiers` names them
past the `words` of all languages, `writer` says what a part looks like, `python_code` and `c_code` in which language. A
language more derives from `Writer`, in a file of its own, and has a line in WRITERS; `words` knows those of C, C++,
JavaScript and Python.

ONNX is left out: its library is a large dependency, and its operators follow other conventions at kinks and poles.
"""

from __future__ import annotations

from micrograd.exporting.c_code import CWriter
from micrograd.exporting.freezing import freeze
from micrograd.exporting.parts import divide
from micrograd.exporting.python_code import PythonWriter
from micrograd.exporting.words import function_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.engine import Value

WRITERS = {"python": PythonWriter, "c": CWriter}


def export(
    model: Any,
    inputs: int | Sequence[Value],
    *,
    language: str = "python",
    name: str = "model",
    parameters: Sequence[Value] | None = None,
) -> str:
    """The source of a function `name` that gives the model's outputs for one sample, with the present parameters.

    model       an nn.Module or a function of a list of `inputs` Values; or a built Value, or a list of them, as a
                function of some of its leaves: export(expression, [x, y])
    language    "python": needs only `math`; takes a sequence of numbers, returns a float, or a list for several outputs
                "c": C99, needs only <math.h>; double name(const double x[…]), or for several outputs
                void name(const double x[…], double out[…])
    parameters  those of a function that calls methods on them; those of model.parameters() unless given

    Layers become loops over tables of weights, all else statements; what has a label keeps it as a name. As everywhere,
    overflow and poles give inf and nan and no errors. The Python code computes what the model does to the bit, but for
    x**n with n from -1 to 4, which are products. C differs in the last digits where its <math.h> does, and where its
    compiler contracts products and sums (forbid it with gcc's -ffp-contract=off; never use -ffast-math).

    TypeError where the model branches on a number (the message names the line), ValueError for a wrong language or
    name.

    >>> from micrograd import export, Value, relu
    >>> w, b = Value(2.0, "w"), Value(-1.0, "b")
    >>> print(export(lambda x: relu(w * x[0] + b), 1))
    # model: 1 number in, 1 number out. Written by micrograd.
    <BLANKLINE>
    w = 2.0
    b = -1.0
    <BLANKLINE>
    <BLANKLINE>
    def relu(x):
        return 0.0 if x <= 0.0 else x
    <BLANKLINE>
    <BLANKLINE>
    def model(x):
        x = [float(number) for number in x]
        if len(x) != 1:
            raise ValueError(f"expected 1 number, got {len(x)}")
        return relu(w * x[0] + b)
    <BLANKLINE>
    """
    if not isinstance(language, str) or language not in WRITERS:
        raise ValueError(f"expected language to be one of {', '.join(WRITERS)}, got {language!r}")
    if not function_name(name):
        raise ValueError(f"expected a name for the function that no language takes for itself, got {name!r}")
    graph = freeze(model, inputs, parameters)
    return WRITERS[language](graph, divide(graph), name).source()
