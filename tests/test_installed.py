"""The README's editable install, made anew in an environment of its own: scripts and type checkers find the package."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUILD = "import sys; from setuptools.build_meta import build_editable; build_editable(sys.argv[1])"

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


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """(the Python of a new environment, the folder that contains a clone, which is installed there as editable)."""
    pytest.importorskip("setuptools", minversion="70.1", reason="building an editable wheel needs setuptools 70.1")
    outside = tmp_path_factory.mktemp("outside")
    clone = outside / "micrograd"
    shutil.copytree(ROOT / "micrograd", clone / "micrograd", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    done = subprocess.run([sys.executable, "-c", BUILD, str(outside)], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    environment = outside / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    [wheel] = outside.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(packages)
    return str(python), outside


def alone(command, folder):
    """What a command run in a folder says, without hints by environment variables where the package is."""
    import os

    known = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


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
