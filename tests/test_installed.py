"""The README's editable install, made anew in an environment of its own: scripts and type checkers find the package."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"

SCRIPT = """
import micrograd
from micrograd import Value, gradient, nn, tanh

x = Value(2.0)
y: int = tanh(x).label
model: int = nn.MLP(2, [1])
total: int = micrograd.losses.squared_error
micrograd.nonsense
micrograd.nn.nonsense
print(micrograd.__file__)
"""


def built(kind, target):
    """The wheel of a copy of the package, built in a folder by setuptools alone: "build_wheel" or "build_editable"."""
    pytest.importorskip("setuptools", minversion="70.1", reason="building a wheel needs setuptools 70.1")
    clone = target / "micrograd"
    shutil.copytree(ROOT / "micrograd", clone / "micrograd", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    done = subprocess.run([sys.executable, "-c", BUILD, kind, str(target)], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [wheel] = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """(the Python of a new environment, the folder that contains a clone, which is installed there as editable)."""
    outside = tmp_path_factory.mktemp("outside")
    wheel = built("build_editable", outside)
    environment = outside / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    wheel.extractall(packages)
    return str(python), outside


def alone(command, folder):
    """What a command run in a folder says, without hints by environment variables where the package is."""
    import os

    known = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


def test_a_wheel_has_every_file_of_the_package(tmp_path):
    """Modules, and what they read: scripts, styles and data; and the command `micrograd`."""
    wheel = built("build_wheel", tmp_path)
    [commands] = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert wheel.read(commands).decode().split("\n")[:2] == ["[console_scripts]", "micrograd = micrograd.__main__:main"]
    there = {name for name in wheel.namelist() if name.startswith("micrograd/")}
    files = [path for path in (ROOT / "micrograd").rglob("*") if path.is_file() and path.suffix not in (".pyc", ".so")]
    here = {path.relative_to(ROOT).as_posix() for path in files}
    assert there == here and {path.suffix for path in files} >= {".py", ".js", ".css", ".csv", ".typed"}


def test_a_script_beside_the_clone_imports_the_package(installed):
    """The clone's folder has the package's name and no __init__: it must not be taken for the package."""
    python, outside = installed
    done = alone([python, "-c", "import micrograd; print(micrograd.Value(2.0), micrograd.__file__)"], outside)
    assert done.stderr == "" and done.stdout.split()[-1] == str(outside / "micrograd" / "micrograd" / "__init__.py")


def test_mypy_finds_the_types_in_a_script_of_the_users(installed, tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    python, _ = installed
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--python-executable", python, "--cache-dir", str(tmp_path / "cache")]
    said = alone([*command, str(script)], tmp_path).stdout
    assert "missing library stubs" not in said and "import-" not in said
    lines = SCRIPT.splitlines()
    found = {lines[int(line.split(":")[1]) - 1] for line in said.splitlines() if ": error: " in line}
    wrong = {line for line in lines if ": int = " in line or "nonsense" in line}
    assert found == wrong, said


def test_the_oldest_versions_are_read_off_the_setup():
    ci = Path(__file__).parent.parent / ".ci" / "floors"
    if not ci.exists():
        pytest.skip("needs a clone")
    floors = subprocess.run([sys.executable, ci], capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"numpy==2.2", "llvmlite==0.45", "matplotlib==3.9", "graphviz==0.20"} <= set(floors)
