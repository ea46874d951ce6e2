"""Imports go down the floors only, and `import micrograd` loads nothing but a little of the standard library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import micrograd

PACKAGE = Path(micrograd.__file__).parent

# The house, bottom up; in each folder its own floors. What stands on one line does not import each other; the face
# of a folder, its `__init__`, stands above all of it.
FLOORS = {
    "": [
        ["algebra", "collector", "messages", "system"],
        ["dispatch", "edge_cases", "lectures"],
        ["functions"],
        ["ops"],
        ["core"],
        ["engine"],
        ["copying", "expect", "notation"],
        ["check", "derivatives", "files", "formulas", "optim", "vectors"],
        ["chain_rule", "compiler", "losses", "nn"],
        ["exporting"],
        ["drawing"],
        ["plotting"],
        ["training"],
        ["estimators", "tables", "watch"],
        ["playground"],
        ["command_line"],
        ["__main__"],
    ],
    "command_line": [
        ["data_sets", "terminal"],
        ["arguments", "expressions", "results"],
        ["chain_rules", "pictures", "tables", "toy"],
        ["learning"],
        ["exports", "players", "playgrounds"],
    ],
    "command_line.tables": [["models", "progress", "report", "rows"], ["predict", "train"]],
    "command_line.tables.report": [["page"], ["columns", "outcome", "plots"], ["report"]],
    "exporting": [
        ["statements", "words"],
        ["definitions", "identifiers", "tracing"],
        ["lowering", "printing"],
        ["c", "functions", "javascript", "python", "splitting"],
        ["stepwise"],
        ["source"],
    ],
    "exporting.lowering": [["cells", "tidying"], ["places"], ["shapes", "sums"], ["blocks"], ["writing"]],
    "compiler": [
        ["samples"],
        ["code", "elementary", "runner", "state"],
        ["scalar"],
        ["arrays"],
        ["entries"],
        ["llvm", "numpy"],
        ["arguments", "backends", "open_cases"],
        ["self_check"],
        ["descent"],
        ["loops"],
        ["one_row"],
        ["programs"],
        ["points"],
        ["compiled"],
    ],
    "compiler.state": [
        ["classes", "libraries", "names"],
        ["reads", "same"],
        ["draws", "visits"],
        ["owners"],
        ["walk"],
        ["state"],
    ],
    "compiler.scalar": [
        ["graph", "holders", "users_code"],
        ["divergence", "loops"],
        ["derivatives"],
        ["placeholders"],
        ["stand_ins", "undo"],
        ["repeats", "tracer"],
        ["trace"],
    ],
    "compiler.scalar.derivatives": [["links"], ["sweeps"], ["matrices"]],
    "compiler.arrays": [
        ["prune", "steps"],
        ["gather"],
        ["program", "scheduling", "symbols"],
        ["number_by_number"],
        ["accumulate", "differentiate", "roll", "simplify"],
        ["passes"],
    ],
    "compiler.elementary": [["arithmetic"], ["angles", "powers"], ["logarithms"], ["real_powers"], ["table"]],
    "compiler.entries": [["kinds", "runs"], ["nodes"], ["combine", "groups", "reuse"], ["entries"], ["steps"]],
    "compiler.points": [
        ["named", "nests"],
        ["comparison", "periods", "routine", "short"],
        ["descent", "purposes", "rolling"],
        ["recorded"],
        ["rows"],
        ["function"],
    ],
    "compiler.descent": [["symbols"], ["rule"], ["reading"], ["descent"], ["loop"], ["program"]],
    "compiler.llvm.descent": [["code", "shuffle"], ["steps"]],
    "compiler.loops": [["plan"], ["steps"], ["program"]],
    "compiler.numpy": [["arithmetic"], ["vocabulary"], ["names"], ["code", "player"], ["runner"], ["steps"]],
    "compiler.llvm": [
        ["instructions", "memory"],
        ["layout", "products", "vectors"],
        ["sums", "vocabulary"],
        ["native"],
        ["machine"],
        ["irregular", "loops", "uniform"],
        ["code"],
        ["runner"],
        ["descent"],
    ],
    "compiler.llvm.machine": [["handlers"], ["library"], ["code"], ["emission"], ["player"], ["steps"]],
    "compiler.llvm.native": [["cache"], ["machine_code"], ["direct_call"]],
    "drawing": [["typography"], ["look"], ["layouts"], ["picture", "views"], ["drawn", "explorer"]],
    "drawing.views": [
        ["names", "roles"],
        ["network", "reading"],
        ["boxes", "forms"],
        ["collapsed", "fused"],
        ["choice"],
    ],
    "drawing.layouts": [["geometry", "layering"], ["layered", "svg"], ["dot"]],
    "exporting.stepwise": [["runs"], ["blocks"], ["functions"]],
    "playground": [
        ["archive", "code", "examples"],
        ["running", "splitting"],
        ["panels", "training"],
        ["answers"],
        ["page"],
    ],
    "tables": [
        ["cells", "errors", "figures"],
        ["columns", "reading"],
        ["choosing", "targets"],
        ["model", "preparation"],
        ["files"],
        ["fitting"],
    ],
    "watch": [
        ["network", "page", "rules", "sample_graph", "traced"],
        ["composed", "programs", "scene"],
        ["making"],
        ["exploring"],
    ],
    "training": [
        ["arguments", "history", "position", "rows", "watching"],
        ["checkpoints", "course", "divergence", "objectives"],
        ["compiled", "loop", "sharding"],
        ["trainer"],
    ],
}
LAZY_AND_UPWARD = {  # imported when first asked for
    ("engine", "copying"),  # deepcopy and pickle of a Value
    ("files", "tables.files"),  # load of a file that holds a model
}
SEE_ALL = ["__main__", "command_line", "playground"]  # the highest rooms, which may import the package's own face
TYPES_ONLY = {"signatures"}
KNOWS = {  # who may import what from outside
    "graphviz": {"drawing"},
    "IPython": {"training"},
    "numpy": {"compiler", "derivatives", "estimators", "exporting", "optim", "plotting", "tables", "training"},
    "pandas": {"tables"},
    "scipy": {"optim"},
    "sklearn": {"estimators", "tables"},
    "llvmlite": {"compiler.llvm"},
    "matplotlib": {"plotting"},
}
# Rooms that may do so at their top, since they are themselves imported where they are needed
LATE_IN_COMPILER = ("descent", "entries", "llvm", "loops", "numpy", "one_row", "points")
LATE_IN_WATCH = ("making", "programs", "rules")
LATE_IN_EXPORTING = ("functions", "lowering", "stepwise")
IMPORTED_LATE = {
    "estimators",
    *[f"compiler.{room}" for room in LATE_IN_COMPILER],
    *[f"exporting.{room}" for room in LATE_IN_EXPORTING],
    *[f"watch.{room}" for room in LATE_IN_WATCH],
}
NOT_AT_IMPORT = ["typing", "dataclasses", "re", "enum", "inspect", "collections", "json", "random", "numpy"]
MOST_AT_THE_ROOT, MOST_IN_A_FOLDER = 17, 13  # modules, the face included


def dotted(path):
    """The name of a module within the package; that of a folder for its face."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.stem not in TYPES_ONLY)
MODULES = {dotted(path): path for path in SOURCES}


def is_in(module, rooms):
    """Whether a module is one of the rooms, or stands in one."""
    return any(module == room or module.startswith(room + ".") for room in rooms)


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
    inside = [f"{statement.module}.{alias.name}" for alias in statement.names]
    known = [name for name in inside if name.removeprefix("micrograd.") in MODULES]
    return known + [statement.module] * (len(known) < len(inside))


def parting(here, there):
    """The folder in which the ways to two modules part, and the rooms of it that they lead to."""
    a, b = here.split("."), there.split(".")
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    folder = here.split(".")[: here.count(".") + 1 - len(a)] if a != [""] else []
    return ".".join(folder), (a or [""])[0], (b or [""])[0]


def floor(folder, room):
    """How high a room of a folder stands; the face of the folder, "", above all."""
    floors = FLOORS[folder]
    for level, rooms in enumerate([*floors, [""]]):
        if room in rooms:
            return level
    where = f"FLOORS[{folder!r}] of {Path(__file__).name}"
    raise LookupError(f"give the room {room!r} a floor in {where}")


@pytest.mark.parametrize("here", MODULES, ids=lambda name: name or "__init__")
def test_imports_go_down(here):
    for statement, lazy in imports(ast.parse(MODULES[here].read_text(encoding="utf-8"))):
        for name in modules(statement):
            where = f"{here}:{statement.lineno}: {ast.unparse(statement)}"
            top, _, there = name.partition(".")
            if top != "micrograd":
                if top not in sys.stdlib_module_names:
                    assert is_in(here, KNOWS.get(top, set())), f"{where}: {here} must not know {top}"
                    late = lazy or is_in(here, IMPORTED_LATE)
                    assert late, f"{where}: import it inside the function that needs it"
                continue
            assert there not in TYPES_ONLY, f"{where}: only under TYPE_CHECKING"
            if (here, there) in LAZY_AND_UPWARD and lazy or there == "" and is_in(here, SEE_ALL):
                continue
            late = lazy or not is_in(there, IMPORTED_LATE) or is_in(here, IMPORTED_LATE)
            assert late, f"{where}: it loads packages; import it inside the function that needs it"
            folder, mine, its = parting(here, there)
            if folder in FLOORS and mine != its:
                assert floor(folder, its) < floor(folder, mine), f"{where}: goes up or sideways"


@pytest.mark.parametrize("folder", sorted({name.rpartition(".")[0] for name in MODULES} - FLOORS.keys()))
def test_no_folder_has_a_circle(folder):
    """Folders of few rooms, which have no floors of their own."""
    below = {}
    for here in MODULES:
        if here.startswith(folder + "."):
            for statement, _ in imports(ast.parse(MODULES[here].read_text(encoding="utf-8"))):
                for name in modules(statement):
                    there = name.removeprefix("micrograd.")
                    if there.startswith(folder + "."):
                        _, mine, its = parting(here, there)
                        below.setdefault(mine, set()).update({its} - {mine})
    TopologicalSorter(below).prepare()  # CycleError where there is one


def test_a_folder_can_be_looked_through():
    for folder in [PACKAGE, *[path.parent for path in SOURCES if path.name == "__init__.py"]]:
        most = MOST_AT_THE_ROOT if folder == PACKAGE else MOST_IN_A_FOLDER
        count = len(list(folder.glob("*.py")))
        assert count <= most, f"{folder.name}: {count} modules, more than {most}; what belongs together gets a folder"


def test_the_test_sees_upward_sideways_and_hidden_imports():
    source = """
from micrograd import ops
if TYPE_CHECKING:
    import numpy
def f():
    import micrograd.engine
    if True:
        from micrograd.vectors import dot
        from micrograd.compiler import compile, samples
"""
    found = [(modules(statement), lazy) for statement, lazy in imports(ast.parse(source))]
    within = ["micrograd.compiler.samples", "micrograd.compiler"]
    assert found == [
        (["micrograd.ops"], False),
        (["micrograd.engine"], True),
        (["micrograd.vectors"], True),
        (within, True),
    ]
    assert parting("compiler.llvm.code", "compiler.arrays.steps") == ("compiler", "llvm", "arrays")
    assert parting("compiler.llvm.code", "compiler") == ("compiler", "llvm", "")
    assert parting("compiler", "compiler.arrays") == ("compiler", "", "arrays")
    assert parting("engine", "compiler.arrays") == ("", "engine", "compiler")
    assert parting("", "engine") == ("", "", "engine")
    assert floor("compiler", "llvm") > floor("compiler", "arrays") and floor("compiler", "") > floor("compiler", "llvm")
    with pytest.raises(LookupError, match="give the room 'attic' a floor"):
        floor("", "attic")


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
    names = [name for name in MODULES if not is_in(name, [*IMPORTED_LATE, "__main__"])]
    source = f"""
import importlib, sys
from importlib.machinery import SourceFileLoader
codes, get_code = {{}}, SourceFileLoader.get_code
def kept(loader, name):
    if name not in codes:
        codes[name] = get_code(loader, name)
    return codes[name]
SourceFileLoader.get_code = kept  # what runs anew each time need not be compiled anew
for name in {[f"micrograd.{name}".rstrip(".") for name in names]}:
    for known in [module for module in sys.modules if module.startswith("micrograd")]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(name, repr(error))
"""
    assert fresh(source) == ""
