"""What the package offers by name: sorted, present, documented; what it says of names that it does not have."""

import builtins
import inspect
import math
import os
import re
import subprocess
import sys
import types

import pytest

import micrograd
from micrograd.messages import counterparts

X = 1.7


def test_all_is_sorted_and_present():
    assert micrograd.__all__ == sorted(set(micrograd.__all__))
    for name in micrograd.__all__:
        assert callable(getattr(micrograd, name)), name


def test_everything_public_is_documented_with_an_example():
    for name in [*micrograd.__all__, "compile"]:
        doc = inspect.getdoc(getattr(micrograd, name))
        assert doc and ">>>" in doc, name


def test_every_primitive_is_a_method_and_a_function():
    operators = {"add", "sub", "mul", "neg", "less", "less_equal", "greater", "greater_equal"}
    for name in set(micrograd.ops.TABLE) - operators:
        assert callable(getattr(micrograd.Value, name)) and callable(getattr(micrograd, name)), name


def test_star_import_leaves_the_builtins_alone():
    names = {}
    exec("from micrograd import *", names)
    assert not set(names) & set(dir(builtins)) and names["tanh"] is micrograd.tanh
    assert {"abs", "compile", "pow"} <= set(dir(micrograd))


def test_import_needs_the_standard_library_only():
    code = "import sys; before = set(sys.modules); import micrograd; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    strangers = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"micrograd"}
    assert not strangers


def test_rooms_open_on_demand():
    assert micrograd.nn.__name__ == "micrograd.nn" and "nn" in dir(micrograd)
    with pytest.raises(AttributeError, match="'nonsense'"):
        _ = micrograd.nonsense


BARE = """
import inspect, pydoc, rlcompleter, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "sklearn", "matplotlib", "scipy", "llvmlite", "graphviz", "pandas"):
            raise {error}

sys.meta_path.insert(0, Refuse())
import micrograd
assert "Help on package micrograd" in pydoc.plain(pydoc.render_doc("micrograd", title="Help on %s"))
shown = rlcompleter.Completer({{"micrograd": micrograd}}).attr_matches("micrograd.")
assert any(name.startswith("micrograd.tanh") for name in shown) and "micrograd.nn" in shown
members = dict(inspect.getmembers(micrograd))
assert "nn" in members and "estimators" not in members and not hasattr(micrograd, "estimators")
exec("from micrograd import *")
for code in ("import micrograd.estimators", "from micrograd import estimators", "micrograd.estimators",
             "from micrograd.estimators import Classifier", "micrograd.estimators.Classifier"):
    try:
        exec(code)
    except (ImportError, AttributeError) as error:
        assert str(error) == "micrograd.estimators needs scikit-learn 1.6 or newer: pip install scikit-learn", error
    else:
        raise RuntimeError(code)
"""


@pytest.mark.parametrize("error", ["ModuleNotFoundError(name)", "ValueError('numpy.dtype size changed')"])
def test_help_and_completion_do_without_the_packages_of_the_extras(error):
    """They are not there, or broken: the rooms that need them are left out, and say why where they are asked for."""
    done = subprocess.run([sys.executable, "-c", BARE.format(error=error)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


WITHOUT_DOCSTRINGS = """
import importlib, pkgutil
import micrograd
from micrograd.__main__ import main
for module in pkgutil.walk_packages(micrograd.__path__, "micrograd."):
    if module.name not in {}:
        importlib.import_module(module.name)
assert False, "assertions are off"
x = micrograd.Value(0.5)
micrograd.tanh(x).backward()
if micrograd.tanh.__doc__ or abs(x.grad - 0.7864477329659274) > 1e-15:
    raise RuntimeError(x.grad)
raise SystemExit(main(["toy"]) or main(["train", "data.csv", "--epochs", "3"]))
"""


def test_without_docstrings_and_assertions(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(10)))
    try:
        import sklearn  # noqa: F401
    except ImportError:
        left = ["micrograd.estimators"]
    else:
        left = []
    code = WITHOUT_DOCSTRINGS.format([*left, "micrograd.__main__"])
    done = subprocess.run(
        [sys.executable, "-OO", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "backward" in done.stdout and "held-out rows" in done.stdout


ROOMS = [name for name in dir(micrograd) if isinstance(getattr(micrograd, name, None), types.ModuleType)]
SHOWN_BY_COMPILE = {"Batch", "CompilerError", "Program", "TraceError"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_a_room_has_an_example(room):
    module = getattr(micrograd, room)
    assert module.__doc__, f"the room {room} does not say what it is"
    for name in set(getattr(module, "__all__", ())) - SHOWN_BY_COMPILE:
        found = getattr(module, name)
        assert not callable(found) or ">>> " in (found.__doc__ or ""), f"{room}.{name} has no example"


def test_every_room_says_what_it_offers():
    without = {room for room in ROOMS if not hasattr(getattr(micrograd, room), "__all__")}
    assert without == {"edge_cases", "functions"}  # a table; every function is offered


@pytest.mark.parametrize(
    "room, name, cure",
    [
        ("losses", "mse", "use micrograd.losses.squared_error"),
        ("losses", "MSELoss", "use micrograd.losses.squared_error"),
        ("losses", "l1_loss", "use micrograd.losses.absolute_error"),
        ("losses", "squared_eror", "did you mean squared_error?"),
        ("losses", "focal", "it has absolute_error, binary_cross_entropy, cross_entropy, hinge"),
        ("nn", "MSELoss", "use micrograd.losses.squared_error"),
        ("nn", "Linear", "use micrograd.nn.Layer(nin, nout, activation=None)"),
        ("nn", "ReLU", 'use activation="relu" of nn.MLP and nn.Layer, or the function micrograd.relu'),
        ("nn", "Mlp", "did you mean MLP?"),
        ("nn", "Conv2d", "it has Layer, MLP, Module, Neuron"),
        ("optim", "Adagrad", "use micrograd.optim.RMSProp"),
        ("optim", "sgd", "did you mean SGD?"),
        ("optim", "StepLR", "use micrograd.optim.step_decay, given as lr="),
        ("functions", "tenh", "did you mean tanh?"),
        ("derivatives", "hesian", "did you mean hessian?"),
        ("training", "train", "use micrograd.training.Trainer"),
        ("", "MLP", "use micrograd.nn.MLP"),
        ("", "adam", "use micrograd.optim.Adam"),
        ("", "tensor", "use micrograd.Value"),
        ("", "relu6", "write minimum(relu(x), 6.0)"),
        ("", "jit", "use micrograd.compile"),
        ("", "compiel", "did you mean compile?"),
        ("", "nonsense", "'nonsense'"),
    ],
)
def test_a_name_that_is_not_there_gets_what_to_use(room, name, cure):
    module = getattr(micrograd, room) if room else micrograd
    assert not hasattr(module, name)
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert cure in str(caught.value) and repr(name) in str(caught.value)
    with pytest.raises(ImportError) as caught:
        exec(f"from {module.__name__} import {name}")
    assert cure in str(caught.value) and caught.value.name == module.__name__


def test_private_names_are_not_looked_for():
    with pytest.raises(AttributeError, match=r"'__wrapped__'$"):
        _ = micrograd.nn.__wrapped__


def test_every_room_answers_for_names_that_it_does_not_have():
    assert [room for room in ROOMS if not hasattr(getattr(micrograd, room), "__getattr__")] == []


def test_counterparts_exist_and_their_formulas_are_right():
    pytest.importorskip("sklearn")  # for the estimators
    for cure in counterparts.COUNTERPARTS:
        found = micrograd
        for part in re.match(r"[\w.]+", cure)[0].split("."):
            found = getattr(found, part)
    asked = [
        counterparts.plain(name)
        for table in (counterparts.COUNTERPARTS, counterparts.FORMULAS)
        for names in table.values()
        for name in names.split()
    ]
    assert len(asked) == len(set(asked)), "a name has two counterparts"
    known = {
        "relu6": min(max(X, 0.0), 6.0), "clip": 1.5, "leaky_relu": X, "elu": X, "silu": X / (1 + math.exp(-X)),
        "mish": X * math.tanh(math.log1p(math.exp(X))), "gelu": 0.5 * X * (1 + math.erf(X / math.sqrt(2))),
        "log_sigmoid": -math.log1p(math.exp(-X)), "log_softmax": X - math.log(math.exp(X) + 1),
        "log10": math.log10(X), "log2": math.log2(X), "exp2": 2**X, "square": X * X, "power": X**3, "reciprocal": 1 / X,
        "divide": X / 3, "rsqrt": X**-0.5, "heaviside": 1.0, "sign": 1.0,
        "asinh": math.asinh(X), "acosh": math.acosh(X),
    }  # fmt: skip
    names = {
        **vars(micrograd.functions),
        "logsumexp": micrograd.logsumexp,
        "xs": [micrograd.Value(X), 0.0],
        "y": 3.0,
        "low": 0.5,
        "high": 1.5,
        "x": micrograd.Value(X),
    }
    for formula, called in counterparts.FORMULAS.items():
        value = eval(formula, names)
        value = value[0] if isinstance(value, list) else value
        assert float(value.data) == pytest.approx(known.pop(called.split()[0]), rel=1e-14), formula
    assert not known
