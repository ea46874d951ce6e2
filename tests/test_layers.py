"""Imports go down the floors only, and `import micrograd` loads nothing but a little of the standard library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import micrograd

PACKAGE = Path(micrograd.__file__).parent

# The house, bottom up. Rooms of one line do not import each other; a package (drawing, program, …) is one room.
FLOORS = [
    ["counterparts", "disk", "forking", "refusals"],
    ["collector", "differences", "dispatch", "edge_cases", "notation", "packages"],
    ["expect", "functions"],
    ["ops", "vectors"],
    ["engine"],
    ["copying", "leaves", "naming", "why"],
    ["derivatives", "check", "files", "formulas"],
    ["drawing", "chain_rule", "program", "nn", "optim", "losses"],
    ["arguments", "history", "objectives", "position", "standalone"],
    ["compilation"],
    ["checkpoints", "sharding", "watching"],
    ["training"],
    ["estimators", "plotting"],
    ["command_line"],
    ["__main__"],
    ["__init__"],
]
LAZY_AND_UPWARD = {  # imported when first asked for
    ("engine", "copying"),  # deepcopy and pickle of a Value
    ("history", "plotting"),  # History.plot
}
TYPES_ONLY = {"signatures"}
KNOWS = {  # who may import what from outside, inside the function that needs it
    "graphviz": {"drawing"},
    "IPython": {"watching"},
    "numpy": {"program", "derivatives", "optim", "estimators", "plotting", "position", "sharding"},
    "scipy": {"optim"},
    "sklearn": {"estimators"},
    "llvmlite": {"program"},
    "matplotlib": {"plotting"},
}
AT_ITS_TOP = {"estimators"}  # its classes derive from those of scikit-learn; nothing here imports it
NOT_AT_IMPORT = ["typing", "dataclasses", "re", "enum", "inspect", "collections", "json", "random", "numpy"]


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor(name):
    for level, rooms in enumerate(FLOORS):
        if name in rooms:
            return level
    raise LookupError(f"give the room {name!r} a floor in FLOORS of {Path(__file__).name}")


def imports(tree, *, lazy=False):
    """(statement, whether it stands in a function) for every import that can run."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, lazy
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from imports(ast.Module(node.orelse, []), lazy=lazy)
        else:
            yield from imports(node, lazy=lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))


def modules(statement):
    """The dotted names of the modules that a statement may import."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    assert statement.level == 0, f"write the whole name instead of a relative import: {ast.unparse(statement)}"
    if statement.module == "micrograd":
        inside = {room(path) for path in PACKAGE.iterdir()}
        return [f"micrograd.{alias.name if alias.name in inside else '__init__'}" for alias in statement.names]
    return [statement.module]


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.stem not in TYPES_ONLY)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    here = room(path)
    for statement, lazy in imports(ast.parse(path.read_text(encoding="utf-8"))):
        for name in modules(statement):
            where = f"{path.name}:{statement.lineno}: {ast.unparse(statement)}"
            top, _, rest = name.partition(".")
            if top == "micrograd":
                there = (rest or "__init__").partition(".")[0]
                assert there not in TYPES_ONLY, f"{where}: only under TYPE_CHECKING"
                inside = there == here or (lazy and (here, there) in LAZY_AND_UPWARD)
                whole = here in ("__main__", "command_line") and there == "__init__"
                assert inside or whole or floor(there) < floor(here), f"{where}: goes up or sideways"
            elif top not in sys.stdlib_module_names:
                assert here in KNOWS.get(top, set()), f"{where}: {here} must not know {top}"
                assert lazy or here in AT_ITS_TOP, f"{where}: import it inside the function that needs it"


def test_the_test_sees_upward_sideways_and_hidden_imports():
    source = """
from micrograd import ops
if TYPE_CHECKING:
    import numpy
def f():
    import micrograd.engine
    if True:
        from micrograd.vectors import dot
"""
    found = [(modules(statement), lazy) for statement, lazy in imports(ast.parse(source))]
    assert found == [(["micrograd.ops"], False), (["micrograd.engine"], True), (["micrograd.vectors"], True)]
    with pytest.raises(LookupError, match="give the room 'attic' a floor"):
        floor("attic")


def fresh(source):
    """What a fresh interpreter without site-packages prints, errors included; micrograd is importable."""
    run = [sys.executable, "-S", "-c", source]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(run, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def test_import_micrograd_loads_little():
    before = "import sys; before = set(sys.modules); import micrograd; "
    loaded = fresh(before + "print(*sorted(set(sys.modules) - before))").split()
    assert "micrograd.engine" in loaded
    foreign = [name for name in loaded if name.partition(".")[0] not in {"micrograd", *sys.stdlib_module_names}]
    assert foreign == []
    assert [name for name in loaded if name.partition(".")[0] in NOT_AT_IMPORT] == []
    assert "micrograd.signatures" not in loaded


def test_import_micrograd_prints_and_changes_nothing():
    assert fresh("import micrograd") == ""
    look = "(sys.getrecursionlimit(), gc.isenabled(), gc.get_threshold(), random.getstate(), len(warnings.filters))"
    import_between = f"import gc, random, sys, warnings; a = {look}; import micrograd; print(a == {look})"
    assert fresh(import_between) == "True\n"


def test_every_room_imports_alone():
    """No room works only because another was imported before it."""
    alone = [path for path in SOURCES if room(path) not in AT_ITS_TOP]
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in alone]
    source = f"""
import importlib, sys
for name in {[name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]}:
    for known in [module for module in sys.modules if module.startswith("micrograd")]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(name, repr(error))
"""
    assert fresh(source) == ""
