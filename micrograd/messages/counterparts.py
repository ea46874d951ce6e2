"""What a module says of a name that it does not have: what the thing is called here, or where it lives.

counterpart     what does here what the name does in PyTorch, JAX, Keras, NumPy or scikit-learn
plain           a name without case and underscores: MSELoss, mse_loss and mseloss are one
offered         the public names of a module
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import NoReturn

# What to use, which begins with its name behind `micrograd.`, and what others call it
COUNTERPARTS = {
    "losses.squared_error": "mse mse_loss mean_squared_error square_loss l2_loss",
    "losses.absolute_error": "mae mae_loss mean_absolute_error l1_loss",
    "losses.huber": "huber_loss smooth_l1_loss",
    "losses.hinge": "hinge_loss svm_loss",
    "losses.logistic": "logistic_loss soft_margin_loss",
    "losses.binary_cross_entropy, of the logit: what the model returns before a sigmoid":
        "bce bce_loss bce_with_logits bce_with_logits_loss binary_cross_entropy_with_logits binary_crossentropy "
        "sigmoid_cross_entropy sigmoid_binary_cross_entropy",
    "losses.cross_entropy, of the logits: what the model returns before a softmax":
        "cross_entropy_loss nll nll_loss log_loss categorical_crossentropy sparse_categorical_crossentropy "
        "softmax_cross_entropy softmax_cross_entropy_with_integer_labels",
    "losses.l1(strength), given as penalty=": "lasso",
    "losses.l2(strength), given as penalty=": "ridge weight_decay",
    "nn.Layer(nin, nout, activation=None)": "linear dense fully_connected",
    "nn.MLP, or call plain functions one after the other": "sequential feed_forward",
    "nn.Module, or any object with parameters()": "model",
    "functions": "functional",
    "Value": "tensor as_tensor variable parameter scalar param var float_tensor from_numpy array asarray",
    "optim.RMSProp, its successor": "adagrad adadelta",
    "optim.Adam, the nearest here": "nadam radam adamax amsgrad",
    "optim.SGD(lr=…, momentum=0.9)": "momentum",
    "optim.SGD(lr=…, momentum=0.9, nesterov=True)": "nesterov",
    "optim.UpdateRule": "optimizer",
    "optim.step_decay, given as lr=": "step_lr",
    "optim.exponential, given as lr=": "exponential_lr exponential_decay",
    "optim.cosine, given as lr=": "cosine_annealing_lr cosine_decay cosine_decay_schedule",
    "optim.constant, given as lr=": "constant_lr constant_schedule",
    "optim.warm_up, given as lr=": "linear_lr warmup linear_warmup",
    "optim.cosine, or any other function of the step, given as lr=": "lambda_lr lr_scheduler scheduler",
    "training.Trainer": "fit train",
    "estimators.Classifier": "classifier mlp_classifier",
    "estimators.Regressor": "regressor mlp_regressor",
    "sigmoid": "expit logistic_sigmoid",
    "maximum, or Python's max of a list": "max fmax amax",
    "minimum, or Python's min of a list": "min fmin amin",
    "dot": "inner vdot matmul",
    "where": "cond select if_else",
    "abs": "absolute fabs",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "detach, or .data": "no_grad stop_gradient",
    "take": "gather index_select embedding embedding_lookup",
    "scan": "fori_loop while_loop rnn lstm",
    "gradient": "autograd backward vjp",
    "jacobian": "jacrev jacfwd",
    "hvp": "jvp",
    "derivative": "diff",
    "compile": "jit vmap",
    "check_gradients": "gradcheck check_grad check_grads numerical_gradient",
    "draw": "make_dot render plot_graph",
}  # fmt: skip
# What to write, with functions of the package, and what others call it
FORMULAS = {
    "minimum(relu(x), 6.0)": "relu6",
    "minimum(maximum(x, low), high)": "clip clamp",
    "maximum(x, 0.01 * x)": "leaky_relu",
    "where(x > 0.0, x, expm1(x))": "elu",
    "x * sigmoid(x)": "silu swish",
    "x * tanh(softplus(x))": "mish",
    "0.5 * x * (1.0 + erf(x / sqrt(2.0)))": "gelu",
    "-softplus(-x)": "log_sigmoid",
    "[x - logsumexp(xs) for x in xs]": "log_softmax",
    "log(x) / log(10.0)": "log10",
    "log(x) / log(2.0)": "log2",
    "where(x < 0.0, -log1p(x * x / (1.0 + hypot(1.0, x)) - x), log1p(x * x / (1.0 + hypot(1.0, x)) + x))": (
        "asinh arcsinh"
    ),
    "log(x + sqrt(x - 1.0) * sqrt(x + 1.0))": "acosh arccosh",
    "2.0 ** x": "exp2",
    "x ** 2": "square",
    "x ** y": "power",
    "1.0 / x": "reciprocal",
    "x / y": "divide true_divide",
    "1.0 / sqrt(x)": "rsqrt",
    "where(x > 0.0, 1.0, 0.0)": "heaviside step_function",
    "where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0))": "sign sgn signum",
}
SEARCHED = ("nn", "losses", "optim", "training", "compiler", "sharding", "files", "ops")


def plain(name: str) -> str:
    """The name without case and underscores."""
    return name.replace("_", "").lower()


def offered(module: ModuleType) -> list[str]:
    """The public names of a module."""
    if "__dir__" in vars(module):
        return dir(module)
    if "__all__" in vars(module):
        return list(module.__all__)
    return [
        name
        for name, x in vars(module).items()
        if name[:1] != "_" and getattr(x, "__module__", None) == module.__name__
    ]


def resident(name: str) -> str | None:
    """Where in the house something of this name lives: `nn.MLP`, or None."""
    from importlib import import_module

    for room in ("", *SEARCHED):
        try:
            module = import_module(f"micrograd.{room}".rstrip("."))
        except Exception:  # a name that is missed while the house is still being imported
            continue
        for there in offered(module):
            if plain(there) == plain(name):
                return f"micrograd.{room}.{there}".replace("..", ".")
    return None


def advice(module: ModuleType, name: str) -> str:
    """What to use instead of a name that the module does not have; "" where nothing is near."""
    from difflib import get_close_matches
    from importlib.util import find_spec

    own = {plain(there): there for there in offered(module)}
    if plain(name) in own:
        return f"did you mean {own[plain(name)]}?"
    for verb, table in (("use micrograd.", COUNTERPARTS), ("write ", FORMULAS)):
        for cure, names in table.items():
            if plain(name) in plain(names).split():
                return verb + cure
    if plain(name) in vars(module).get("ACTIVATIONS", ()):  # such as nn.ReLU
        return f'use activation="{plain(name)}" of nn.MLP and nn.Layer, or the function micrograd.{plain(name)}'
    place = resident(name)
    if place is not None:
        return f"use {place}"
    if "__path__" in vars(module) and find_spec(f"{module.__name__}.{name}") is not None:
        return f"import {module.__name__}.{name} first"
    near = get_close_matches(plain(name), own, n=2, cutoff=0.7)
    close = [own[there] for there in near if there == near[0] or not there.startswith(near[0])]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"it has {', '.join(sorted(own.values()))}" if len(own) < 20 else ""


def lacking(error: Exception) -> str:
    """What to use in place of a function of NumPy that looks in vain for a method of its name; "" for other errors.

    >>> lacking(TypeError("argument 0 of type Value which has no callable arctan method"))
    'use micrograd.atan'
    """
    from re import search

    name = search(r"no callable (\w+) method", str(error))
    cure = "" if name is None else advice(sys.modules["micrograd"], name[1])
    return cure if cure.startswith(("use ", "write ")) else ""


def is_import(frame: FrameType) -> bool:
    """Whether the code of a frame is at `from module import name`, which would hide what an AttributeError says."""
    from opcode import opmap

    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def absent(module: str, calls: int = 1) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a module, which is asked for names that the module does not have.

    It stands so many calls below the code that asks.

    >>> from micrograd import losses
    >>> losses.MSELoss
    Traceback (most recent call last):
    ...
    AttributeError: module 'micrograd.losses' has no attribute 'MSELoss'; use micrograd.losses.squared_error
    """

    def missed(name: str) -> NoReturn:
        what = "" if name[:1] == "_" else advice(sys.modules[module], name)
        what = f"; {what}" if what else ""
        if is_import(sys._getframe(calls)):
            raise ImportError(f"cannot import name {name!r} from {module!r}{what}", name=module)
        raise AttributeError(f"module {module!r} has no attribute {name!r}{what}", name=name)

    return missed
