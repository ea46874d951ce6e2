"""What a Python user expects of an object: repr, formatting, completion, help, copy, pickle, no surprising output."""

import copy
import inspect
import pickle
import pydoc
import rlcompleter

import pytest

import micrograd
from micrograd.engine import Value


def test_reprs_are_short_and_show_the_label():
    x = Value(1 / 3, label="x")
    assert repr(x) == "Value(data=0.3333333333, grad=0, label='x')"
    assert repr(x * 3) == "Value(data=1, grad=0)" and str([x * 3]) == "[Value(data=1, grad=0)]"
    assert repr(Value(1e300)) == "Value(data=1e+300, grad=0)"


def test_models_and_trainers_have_reprs_that_tell_something():
    from micrograd import Trainer, losses, nn, optim

    trainer = Trainer(nn.MLP(2, [3, 1]), losses.hinge, optim.SGD(lr=0.1))
    assert repr(trainer) == "Trainer of 13 parameters by SGD(lr=0.1), after 0 epochs"
    assert repr(trainer.fit([[0.0, 1.0]], [1.0], epochs=2)).startswith("History of 2 epochs, loss ")
    assert repr(trainer).endswith("after 2 epochs")


def test_wrong_calls_of_a_network_say_what_was_expected():
    from micrograd import nn

    with pytest.raises(TypeError, match="list of the widths of the layers, got 2"):
        nn.MLP(2, 2)
    with pytest.raises(TypeError, match="MLP expects a list of 2 inputs, got 5"):
        nn.MLP(2, [1])(5)


def test_format_takes_the_specifications_of_floats():
    x = Value(-1 / 3)
    assert f"{x:.3f} {x:8.2f} {x:+.1e} {x:%}" == "-0.333    -0.33 -3.3e-01 -33.333333%"
    assert f"{x}" == repr(x) == f"{x!r}"


def test_tab_completion_finds_methods_and_rooms():
    completer = rlcompleter.Completer({"x": Value(1.0), "micrograd": micrograd})
    assert completer.complete("x.sigm", 0).startswith("x.sigmoid")
    assert completer.complete("x.backw", 0).startswith("x.backward")
    for name in ("explore", "losses", "check_gradients", "engine"):
        assert completer.complete(f"micrograd.{name[:-1]}", 0).startswith(f"micrograd.{name}")


def test_everything_public_is_in_dir_and_has_readable_help():
    assert set(micrograd.__all__) <= set(dir(micrograd))
    for name in micrograd.__all__:
        text = pydoc.plain(pydoc.render_doc(getattr(micrograd, name)))
        assert getattr(micrograd, name).__name__ in text and ">>>" in text, name
        assert " at 0x" not in text, name
    text = pydoc.plain(pydoc.render_doc(Value))
    for line in ("sigmoid(self", "backward(self", "Logistic function", "A number that remembers"):
        assert line in text, line
    assert "Value(data: 'float', label: 'str' = '')\n" in text and "micrograd.__" not in text
    fields = text.split("Data descriptors defined here:")[1].split("Data and other")[0]
    assert fields.replace("|", "").split()[:4] == ["data", "grad", "label", "op"]


def test_signatures_are_those_of_the_constructor():
    class Named(Value):
        def __init__(self, name, data=0.0, *, unit="m"):
            super().__init__(data, name)
            self.unit = unit

    assert str(inspect.signature(Value)) == "(data: 'float', label: 'str' = '')"
    assert str(inspect.signature(Named)) == "(name, data=0.0, *, unit='m')" and Named("v", 2.0).unit == "m"


def test_tab_completion_lists_what_is_meant_for_users():
    for value in (Value(1.0), Value(1.0) + 2.0):
        shown = {name for name in dir(value) if not name.startswith("_")}
        methods = {name for name in shown if callable(getattr(value, name))}
        assert shown - methods == {"args", "data", "grad", "label", "op", "partials"} and "backward" in methods


def test_copies_and_pickles():
    x = Value(2.0, label="x")
    x.colour = "red"
    y = x * x
    y.label = "y"
    y.backward()
    for z in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert (z.data, z.grad, z.label) == (4.0, 1.0, "y")
        [leaf] = z._prev
        assert leaf is not x and (leaf.grad, leaf.label, leaf.colour) == (4.0, "x", "red")
        z.backward()
        assert (leaf.grad, x.grad) == (8.0, 4.0)
    assert copy.copy(y)._prev == y._prev


def test_a_session_prints_nothing_by_itself(capfd):
    import random

    from micrograd import Trainer, check_gradients, draw, losses, nn, optim

    x = Value(0.5, label="x")
    y = x.tanh() * 2
    y.backward()
    check_gradients(y)
    draw(y, {}, view="full")
    model = nn.MLP(1, [2, 1], generator=random.Random(0))
    Trainer(model, losses.squared_error, optim.SGD(lr=0.1)).fit([[0.0], [1.0]], [0.0, 1.0], epochs=2)
    assert capfd.readouterr() == ("", "")
