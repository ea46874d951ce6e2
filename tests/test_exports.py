"""What the package offers by name: sorted, present, documented."""
import inspect
import subprocess
import sys

import pytest

import micrograd


def test_all_is_sorted_and_present():
    assert micrograd.__all__ == sorted(set(micrograd.__all__))
    for name in micrograd.__all__:
        assert callable(getattr(micrograd, name)), name


def test_everything_public_is_documented_with_an_example():
    for name in micrograd.__all__:
        doc = inspect.getdoc(getattr(micrograd, name))
        assert doc and ">>>" in doc, name


def test_every_primitive_is_a_method_and_a_function():
    operators = {"add", "sub", "mul", "neg", "less", "less_equal", "greater", "greater_equal"}
    for name in set(micrograd.ops.TABLE) - operators:
        assert callable(getattr(micrograd.Value, name)) and callable(getattr(micrograd, name)), name


def test_star_import_leaves_the_builtins_alone():
    names = {}
    exec("from micrograd import *", names)
    assert "abs" not in names and "pow" not in names and "sum" not in names


def test_import_needs_the_standard_library_only():
    code = "import sys; before = set(sys.modules); import micrograd; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    strangers = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"micrograd"}
    assert not strangers


def test_rooms_open_on_demand():
    assert micrograd.nn.__name__ == "micrograd.nn" and "nn" in dir(micrograd)
    try:
        _ = micrograd.nonsense
    except AttributeError as error:
        assert "'nonsense'" in str(error)
    else:
        raise AssertionError("expected an AttributeError")


@pytest.mark.parametrize("name", [name for name in micrograd.__all__ if callable(getattr(micrograd, name, None))])
def test_every_public_name_has_an_example(name):
    found = getattr(micrograd, name)
    assert ">>> " in (found.__doc__ or ""), f"the docstring of {name} has no example"
