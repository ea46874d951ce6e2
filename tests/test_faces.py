"""The `__init__` of a folder says what lives there and holds nothing else; `dispatch` says who reads operations."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import micrograd
from micrograd import dispatch
from micrograd.dispatch import Operators
from micrograd.engine import Value

PACKAGE = Path(micrograd.__file__).parent
FACES = sorted(path for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)


def rooms(face):
    """The modules and subfolders beside a face."""
    beside = [path for path in face.parent.iterdir() if path != face]
    return {path.stem for path in beside if path.suffix == ".py" or (path / "__init__.py").exists()}


def told(docstring):
    """The rooms that a docstring lists: the names in front of each line of its table, folders with a slash."""
    lines = re.findall(r"^ *((?:\w+/?, )*\w+/?)(?:  +|$)", "\n".join(docstring.split("\n")[1:]), re.M)
    return {name.strip().rstrip("/") for line in lines for name in line.split(",")}


def parts(tree):
    """What each statement of a face is."""
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield "import"
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield "docstring"
        elif isinstance(node, ast.Assign):
            yield ast.unparse(node.targets[0])
        elif isinstance(node, ast.If):
            yield f"if {ast.unparse(node.test).removeprefix('not ')}"
            yield from parts(ast.Module([*node.body, *node.orelse], []))
        else:
            yield ast.unparse(node)


@pytest.mark.parametrize("face", FACES, ids=lambda face: str(face.parent.relative_to(PACKAGE)))
def test_a_face_names_every_room_and_holds_nothing_else(face):
    tree = ast.parse(face.read_text(encoding="utf-8"))
    assert set(parts(tree)) <= {"docstring", "import", "__all__", "TYPE_CHECKING", "if TYPE_CHECKING", "__getattr__"}
    assert told(ast.get_docstring(tree)) == rooms(face)


def test_the_test_reads_tables():
    wing = "A wing.\n\nplain       a room\none, two    two rooms\ninner/      a folder\nOther text, that goes on.\n"
    assert told(wing) == {"plain", "one", "two", "inner"}
    assert list(parts(ast.parse("def f(): pass"))) == ["def f():\n    pass"]


def test_dispatch_lists_all_that_read_operations_in_their_own_way():
    for path in PACKAGE.rglob("*.py"):
        if "class " in (text := path.read_text(encoding="utf-8")) and "(Operators)" in text:
            importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    own = [cls for cls in Operators.__subclasses__() if cls.__module__.startswith("micrograd.")]
    found = {f"{cls.__module__}.{cls.__qualname__}".removeprefix("micrograd.") for cls in own}
    assert set(re.findall(r"^    ([a-z_.]+\.[A-Z]\w+)  ", dispatch.__doc__, re.M)) == found | {"engine.Value"}
    assert hasattr(Value, "operate")
