"""The README's editable install, made anew in an environment of its own: scripts and type checkers find the package.

And what is built: source and wheel hold what they need, with the core in C and without it.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
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


def cloned(target):
    """A copy of what the package is built from."""
    clone = target / "micrograd"
    shutil.copytree(ROOT / "micrograd", clone / "micrograd", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("setup.cfg", "setup.py", "MANIFEST.in", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    return clone


def built(kind, source, target, **environment):
    """What setuptools alone builds of a source in a folder: by "build_sdist", "build_wheel" or "build_editable"."""
    pytest.importorskip("setuptools", minversion="70.1", reason="building a wheel needs setuptools 70.1")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(target)],
        cwd=source,
        env={**os.environ, "MICROGRAD_PURE": "", **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    [file] = [*target.glob("*.whl"), *target.glob("*.tar.gz")]
    return file


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """(the Python of a new environment, the folder that contains a clone, which is installed there as editable)."""
    outside = tmp_path_factory.mktemp("outside")
    wheel = zipfile.ZipFile(built("build_editable", cloned(outside), outside, MICROGRAD_PURE="1"))
    environment = outside / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    wheel.extractall(packages)
    return str(python), outside


def alone(command, folder):
    """What a command run in a folder says, without hints by environment variables where the package is."""
    known = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


def test_a_wheel_has_every_file_of_the_package(tmp_path):
    """Modules, and what they read: scripts, styles and data; and the command `micrograd`."""
    wheel = zipfile.ZipFile(built("build_wheel", cloned(tmp_path), tmp_path, MICROGRAD_PURE="1"))
    assert wheel.filename.endswith("-py3-none-any.whl")
    [commands] = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert wheel.read(commands).decode().split("\n")[:2] == ["[console_scripts]", "micrograd = micrograd.__main__:main"]
    there = {name for name in wheel.namelist() if name.startswith("micrograd/")}
    left_out = (".pyc", ".so", ".c", ".h")
    files = [path for path in (ROOT / "micrograd").rglob("*") if path.is_file() and path.suffix not in left_out]
    here = {path.relative_to(ROOT).as_posix() for path in files}
    assert there == here and {path.suffix for path in files} >= {".py", ".js", ".css", ".csv", ".typed"}


@pytest.mark.parametrize("compiler", ["of this system", "missing"])
def test_a_source_is_built_with_the_core_in_c_or_without_a_compiler(compiler, tmp_path):
    if compiler != "missing" and shutil.which((sysconfig.get_config_var("CC") or "cl").split()[0]) is None:
        pytest.skip("there is no compiler")
    chosen = {"CC": "/no/compiler"} if compiler == "missing" else {}
    for name in ("source", "unpacked", "wheel", "installed"):
        (tmp_path / name).mkdir()
    source = built("build_sdist", cloned(tmp_path), tmp_path / "source")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path / "unpacked")
    [unpacked] = (tmp_path / "unpacked").iterdir()
    wheel = zipfile.ZipFile(built("build_wheel", unpacked, tmp_path / "wheel", **chosen))
    suffixes = [Path(name).suffix for name in wheel.namelist() if "/core/" in name]
    assert suffixes.count(".so") + suffixes.count(".pyd") == (compiler != "missing") and ".c" not in suffixes
    wheel.extractall(tmp_path / "installed")
    asked = "from micrograd import Value; from micrograd.core import in_c; print(in_c(), Value(2.0) * 3)"
    for pure in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", asked],
            cwd=tmp_path / "installed",
            env={**os.environ, "MICROGRAD_PURE": pure, "PYTHONPATH": str(tmp_path / "installed")},
            capture_output=True,
            text=True,
        )
        in_c = compiler != "missing" and pure == ""
        assert (done.stdout, done.stderr) == (f"{in_c} Value(data=6, grad=0)\n", "")


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
