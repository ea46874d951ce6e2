"""The package runs in a browser's Python: its wheel, installed into Pyodide under Node.js, without a network.

Needs `node` and the npm package `pyodide`, found by Node's own rules (node_modules here or above, or NODE_PATH).
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from math import exp
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCATE = "process.stdout.write(require.resolve('pyodide'))"

# Unpacks the archives (the wheel first) and runs the Python file; `fetch` refuses, so that nothing is downloaded.
DRIVER = """
globalThis.fetch = () => { throw new Error("no network here"); };
const { readFileSync } = require("fs");
const [pyodidePath, program, ...archives] = process.argv.slice(2);
const { loadPyodide } = require(pyodidePath);
(async () => {
    const pyodide = await loadPyodide();
    for (const archive of archives) pyodide.unpackArchive(new Uint8Array(readFileSync(archive)), "wheel");
    await pyodide.runPythonAsync(readFileSync(program, "utf8"));
})().catch((error) => { console.error(error); process.exit(1); });
"""

PROGRAM = """
import json, random, sys
from importlib.util import find_spec
random.seed(1337)
import micrograd
from micrograd import Trainer, Value, check_gradients, draw, explain, explore, gradient, losses, nn, optim, sigmoid

w1, x, w2, y = Value(0.5, "w1"), Value(1.0, "x"), Value(-1.2, "w2"), Value(1.0, "y")
L = (sigmoid(w2 * sigmoid(w1 * x)) - y) ** 2
L.backward()
picture = draw(L, {"L": L})
model = nn.MLP(2, [4, 1], activation="tanh")
trainer = Trainer(model, losses.squared_error, optim.SGD(lr=0.1))
history = trainer.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=200)
print(json.dumps({
    "platform": sys.platform, "numpy": "numpy" in sys.modules, "L": L.data.hex(), "gradients": [w1.grad, w2.grad],
    "svg": picture.svg, "html": picture._repr_mimebundle_()["text/html"],
    "explore": len(explore(L, {"L": L})._repr_mimebundle_()["text/html"]), "network": draw(model).svg[:4],
    "checked": bool(check_gradients(L)), "second": gradient(gradient(L, w1), w1).data,
    "losses": [history.loss[0], history.loss[-1]], "graphviz": find_spec("graphviz") is not None,
    "explained": str(explain(L, w1, {"L": L})).splitlines()[0],
}))
"""


def pyodide():
    """Path of the npm package's entry; skips where it or Node.js is absent."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Pyodide needs node")
    found = subprocess.run([node, "-e", LOCATE], capture_output=True, text=True, cwd=ROOT)
    if found.returncode != 0:
        pytest.skip("Pyodide is not installed: npm install pyodide")
    return found.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the sources, so that no build directory stays behind."""
    pyodide()
    pytest.importorskip("setuptools", minversion="70.1", reason="building a wheel for Pyodide needs setuptools 70.1")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "micrograd", source / "micrograd", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    environment = {**os.environ, "MICROGRAD_PURE": "1"}
    subprocess.run([*command, "-w", str(target), str(source)], check=True, capture_output=True, env=environment)
    [built] = target.glob("micrograd-*-py3-none-any.whl")
    return built


@pytest.fixture(scope="module")
def graphviz_archive(tmp_path_factory):
    """The graphviz package, which the wheel requires, packed from where it is installed here."""
    graphviz = pytest.importorskip("graphviz")
    home = Path(graphviz.__file__).parent
    archive = tmp_path_factory.mktemp("graphviz") / "graphviz.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in home.rglob("*.py"):
            packed.write(path, path.relative_to(home.parent))
    return archive


def run(tmp_path, program, *archives):
    """What the program prints, as JSON."""
    (tmp_path / "driver.cjs").write_text(DRIVER, encoding="utf-8")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    files = [tmp_path / "driver.cjs", pyodide(), tmp_path / "program.py", *archives]
    done = subprocess.run([shutil.which("node"), *map(str, files)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, textwrap.shorten(done.stderr, 3000)
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_wheel_holds_the_whole_package(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    left_out = (".pyc", ".so", ".c", ".h")
    here = {path for path in (ROOT / "micrograd").rglob("*") if path.is_file() and path.suffix not in left_out}
    assert {path.relative_to(ROOT).as_posix() for path in here} <= packed


@pytest.mark.parametrize("with_graphviz", [True, False])
def test_toy_net_pictures_and_training(tmp_path, wheel, graphviz_archive, with_graphviz):
    archives = [wheel, graphviz_archive] if with_graphviz else [wheel]
    got = run(tmp_path, PROGRAM, *archives)
    assert got["platform"] == "emscripten" and got["graphviz"] is with_graphviz and got["numpy"] is False
    h = 1 / (1 + exp(-0.5))
    yhat = 1 / (1 + exp(1.2 * h))
    du = 2 * (yhat - 1) * yhat * (1 - yhat)
    assert float.fromhex(got["L"]) == pytest.approx((yhat - 1) ** 2, rel=1e-14)
    assert got["gradients"] == pytest.approx([du * -1.2 * h * (1 - h), du * h], rel=1e-13)
    assert got["second"] == pytest.approx(-0.021282, rel=1e-4) and got["checked"]
    assert got["svg"].startswith("<svg") and "∇ 0.0835" in got["svg"]
    assert "data:image/svg+xml;base64," in got["html"]
    assert got["explore"] > 10_000 and got["network"] == "<svg"
    assert got["losses"][1] < got["losses"][0] / 2
    assert got["explained"].startswith("∂L/∂w1 = ")
