"""`export`: a model and its derivatives as source code that stands alone, in C, JavaScript or Python.

To add a language, derive from `Printer` in a folder of its own, and give it a line in PRINTERS; `words` has the names
that a language keeps for itself. ONNX is left out: its library is a large dependency, and its operators follow other
conventions at kinks and poles.
"""

from __future__ import annotations

from micrograd.expect import option
from micrograd.exporting.c.code import CHeader, CPrinter
from micrograd.exporting.identifiers import identifier
from micrograd.exporting.javascript.code import JavaScriptPrinter
from micrograd.exporting.python.code import PythonPrinter
from micrograd.exporting.splitting import split
from micrograd.exporting.statements import Table
from micrograd.exporting.tracing import traced
from micrograd.exporting.words import function_name, harmless
from micrograd.system.packages import missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.scalar.tracer import Trace
    from micrograd.engine import Value

PRINTERS = {"python": PythonPrinter, "c": CPrinter, "header": CHeader, "javascript": JavaScriptPrinter}
DERIVATIVES = ("gradient", "jacobian", "hessian", "hvp")
MOST_NAMED = 12  # parameters that are told one by one


def export(
    model: Any,
    inputs: int | Sequence[Value],
    *,
    language: str = "python",
    name: str = "model",
    derivatives: Sequence[str] = (),
    wrt: str = "inputs",
    parameters: str = "constants",
    leaves: Sequence[Value] | None = None,
    loss: Callable[[Any, Any], Any] | None = None,
    targets: int = 0,
    penalty: Callable[[Any], Any] | None = None,
) -> str:
    """The source of a function `name` that gives the model's outputs for one sample, and of its derivatives.

    model       an nn.Module or a function of a list of `inputs` Values; or a built Value, or a list of them, as a
                function of some of its leaves: export(expression, [x, y])
    language    "c": C99 that is C++ too, needs only <math.h>; "header": the declarations of the same functions
                "javascript": an ES module; "python": the standard library alone
    derivatives any of "gradient", "hessian" and "hvp", of a single output, and "jacobian", of all; wrt: by the
                "inputs" or the "parameters"
    parameters  "constants": their present numbers stand in the code; "argument": all functions take an array of them,
                and the present numbers stand beside them as name_parameters
    leaves      those parameters, in their order; those of model.parameters() unless given
    loss, targets, penalty      as in `compile`: name_loss gives the mean loss of n samples, plus the penalty, and its
                gradient by the parameters

    In C the functions are as follows, with `const double *parameters` behind x where they are an argument. Arrays are
    filled row by row, and must not overlap. The other languages have the same names and arguments; Python returns
    what C fills, (value, gradient).

        double name(const double *x)                            of one output; of several
        void name(const double *x, double *out)
        double name_gradient(x, double *gradient)               returns the value, as the next two do
        double name_hessian(x, double *gradient, double *hessian)
        double name_hvp(x, const double *vector, double *gradient, double *hvp)
        void name_jacobian(x, double *out, double *jacobian)    a row for each output
        double name_loss(x, y, int n, double *gradient)         n rows of inputs and of targets; NULL: no gradient

    Layers become loops, all else statements; what has a label keeps it as a name. As everywhere, overflow and poles
    give inf and nan and no errors, and what has no influence has a derivative of 0, even beside inf: where a derivative
    is not finite, a second function with guards is asked, as in `compile`. The Python code computes what the model does
    to the bit, but for x**n with n from -1 to 4, which are products. C and JavaScript differ in the last digits where
    their libraries do, and where a C compiler contracts products and sums (forbid it with gcc's -ffp-contract=off).
    With -ffast-math it does not compile.

    TypeError where the model branches on a number (the message names the line), and for derivatives of one output of
    a model that has a list; ValueError for a wrong option or name; ImportError without NumPy, which only the exporting
    needs.

    >>> from micrograd import export, Value, relu
    >>> w, b = Value(2.0, "w"), Value(-1.0, "b")
    >>> print(export(lambda x: relu(w * x[0] + b), 1, language="c", derivatives=["gradient"]))
    /* model: 1 number in, 1 number out. Written by micrograd. */
    #include <math.h>
    <BLANKLINE>
    #ifdef __FAST_MATH__
    #error "inf and nan count here: compile without -ffast-math"
    #endif
    <BLANKLINE>
    static double relu(double x) {
        return x <= 0.0 ? 0.0 : x;
    }
    <BLANKLINE>
    double model(const double x[1]) {
        const double w = 2.0;
        const double b = -1.0;
        return relu(w * x[0] + b);
    }
    <BLANKLINE>
    /* The value, and its gradient by the inputs. */
    double model_gradient(const double x[1], double gradient[1]) {
        const double w = 2.0;
        const double b = -1.0;
        const double v1 = relu(w * x[0] + b);
        gradient[0] = w * (v1 <= 0.0 ? 0.0 : 1.0) + 0.0;
        return v1;
    }
    <BLANKLINE>
    """
    if not isinstance(language, str) or language not in PRINTERS:
        raise ValueError(f"expected language to be one of {', '.join(PRINTERS)}, got {language!r}")
    if not function_name(name):
        what = "letters, digits and _, a name that no language takes for itself"
        raise ValueError(f"expected a name for the function of {what}, got {name!r}")
    wanted = list(dict.fromkeys([derivatives] if isinstance(derivatives, str) else derivatives))
    for one in wanted:
        option(one, "derivatives", DERIVATIVES)
    option(wrt, "wrt", ("inputs", "parameters"))
    option(parameters, "parameters", ("constants", "argument"))
    if missing(["numpy"]):
        raise ImportError("export needs numpy: pip install -e '.[fast]' in micrograd's folder")
    from micrograd.exporting.functions import Functions
    from micrograd.exporting.stepwise import LoopFunctions, with_loops

    trace, labels = traced(model, inputs, leaves, loss=loss, targets=targets, penalty=penalty)
    argument = parameters == "argument"
    if argument or loss is not None or wanted and wrt == "parameters":
        expect_ordered(trace)
    looped = with_loops(trace, model)
    functions = (LoopFunctions if looped.graph.loops else Functions)(name, argument, labels, len(trace.graph))
    functions.value(looped, name)
    for one in wanted:
        if one != "jacobian" and not trace.bare:
            raise TypeError(
                f"expected a model with a single output for its {one}, got one that returns a list: "
                "the derivatives of several are the jacobian"
            )
        getattr(functions, one)(looped, harmless(f"{name}_{one}"), wrt)
    if loss is not None:
        functions.loss(trace, harmless(f"{name}_loss"))
    numbers = [x.data for x in trace.parameters]
    table = Table(harmless(f"{name}_parameters"), numbers, (len(numbers),), public=True)
    module = functions.module(title(trace, name, argument), [table] * argument)
    return PRINTERS[language](module if language == "python" else split(module)).source()


def title(trace: Trace, name: str, argument: bool) -> list[str]:
    """What the code is, in a line or two."""
    ends = [(trace.inputs, "in"), (len(trace.outputs), "out")]
    counts = ", ".join([f"{count} number{'s' if count > 1 else ''} {way}" for count, way in ends])
    lines = [f"{name}: {counts}. Written by micrograd."]
    labels = [identifier(x.label) for x in trace.parameters]
    if argument and all(labels) and len(labels) <= MOST_NAMED:
        lines.append(f"parameters: {', '.join(labels)}")
    return lines


def expect_ordered(trace: Trace) -> None:
    """ValueError where there are no parameters, or nobody said in which order they stand."""
    if not trace.parameters:
        raise ValueError("expected a model with parameters, got none: give them, leaves=[w, b]")
    if not trace.ordered:
        raise ValueError("expected the parameters of an expression in an order of yours: leaves=[w, b]")
