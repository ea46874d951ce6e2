"""What the package offers by name: sorted, present, documented."""
import inspect
import subprocess
import sys
import types

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


ROOMS = [name for name in dir(micrograd) if isinstance(getattr(micrograd, name), types.ModuleType)]
SHOWN_BY_COMPILE = {"Batch", "Program", "TraceError"}


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
