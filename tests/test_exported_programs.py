"""Random models and expressions, exported: values and derivatives in Python and JavaScript are those of Values."""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess

import pytest
from test_export import random_values

from micrograd import Value, export
from micrograd.engine import apply, topological

MODELS = [5, 6, 8, 12, 19, 57]
EXPRESSIONS = [*range(24)]
TANGLES = [65, 75]
POINTS = [[0.3, 1.5], [-1.2, 0.1], [0.0, -0.0], [1e200, 1.0], [math.inf, -1.0], [math.nan, 0.5]]
SCRIPT = """
import fs from "fs";
const special = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const read = x => (Array.isArray(x) ? x.map(read) : typeof x === "string" ? special[x] ?? Number(x) : x);
const written = x => (typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x)) : Array.from(x, written));
const modules = {}, results = [];
for (const [name, called, args, sizes] of JSON.parse(fs.readFileSync("calls.json"))) {
  modules[name] ??= await import(`./${name}.mjs`);
  const outs = sizes.map(size => new Float64Array(size));
  const result = modules[name][called](...read(args), ...outs);
  results.push(written([...(typeof result === "number" ? [result] : []), ...outs]));
}
console.log(JSON.stringify(results));
"""


class Exported:
    """Exports, and calls of their functions that wait for the one process of node."""

    def __init__(self):
        self.texts, self.spaces, self.calls, self.right = {}, {}, [], []

    def add(self, name, *args, **options):
        self.texts[name], source = [
            export(*args, name="f", language=language, **options) for language in ("javascript", "python")
        ]
        self.spaces[name] = {}
        exec(compile(source, name, "exec"), self.spaces[name])

    def call(self, name, called, args, sizes, right):
        """Python is compared at once; right: the number, if there is one, and the arrays."""
        found = self.spaces[name][called](*args)
        compare((name, called, args), found if isinstance(found, tuple) else (found,), right)
        self.calls.append((name, called, words(args), sizes))
        self.right.append(right)

    def run(self, folder):
        """In JavaScript."""
        for name, text in self.texts.items():
            (folder / f"{name}.mjs").write_text(text, encoding="utf-8")
        (folder / "calls.json").write_text(json.dumps(self.calls))
        (folder / "script.mjs").write_text(SCRIPT)
        found = subprocess.run(["node", "script.mjs"], cwd=folder, check=True, capture_output=True)
        results = json.loads(found.stdout)
        assert len(results) == len(self.right) > 0
        for call, result, right in zip(self.calls, results, self.right):
            compare(call, numbers(result), right)


def words(x):
    """Numbers in lists as text, since JSON has no inf and nan."""
    return [words(item) for item in x] if isinstance(x, (list, tuple)) else x if isinstance(x, int) else str(float(x))


def numbers(x):
    """The other way round."""
    return [numbers(item) for item in x] if isinstance(x, list) else float(x.replace("Infinity", "inf"))


def compare(what, found, right):
    """The same to 1e-10 of the largest number of an array that is finite."""
    assert len(found) == len(right), what
    for some, true in zip(found, right):
        some, true = [x if isinstance(x, list) else [x] for x in (some, true)]
        scale = max([1e-3, *[abs(x) for x in true if math.isfinite(x)]])
        assert some == pytest.approx(true, rel=1e-10, abs=1e-10 * scale, nan_ok=True), what


def gradient(root, leaves):
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward()
    return [leaf.grad for leaf in leaves]


def add_model(exported, seed):
    """Outputs and their Jacobian by inputs; loss and gradient by parameters."""
    np = pytest.importorskip("numpy")
    from test_random_programs import RandomModel, loss

    model, rng = RandomModel(seed), np.random.default_rng(seed)
    X, y = [rng.standard_normal((4, width)).tolist() for width in (model.inputs, model.outputs)]
    name, parameters = f"model{seed}", [p.data for p in model.parameters]
    options = {"leaves": model.parameters, "parameters": "argument", "loss": loss, "targets": model.outputs}
    exported.add(name, model, model.inputs, derivatives=["jacobian"], **options)
    inputs = [Value(x) for x in X[0]]
    outputs = model(inputs)
    jacobian = [x for output in outputs for x in gradient(output, inputs)]
    values = [output.data for output in outputs]
    exported.call(name, "f_jacobian", [X[0], parameters], [len(values), len(jacobian)], [values, jacobian])
    mean = sum(loss(model(row), target) for row, target in zip(X, y)) * (1.0 / len(X))
    slopes = gradient(mean, model.parameters)
    flat = [[x for row in rows for x in row] for rows in (X, y)]
    exported.call(name, "f_loss", [*flat, len(X), parameters], [len(slopes)], [mean.data, slopes])


def add_expression(exported, seed):
    """Value and gradient at points of all kinds."""
    rng = random.Random(seed)
    leaves = [Value(0.3, "x" if seed % 2 else ""), Value(1.5, "y")]
    nodes = topological(random_values(rng, leaves, 15)[-1])
    exported.add(f"expression{seed}", nodes[-1], leaves, derivatives=["gradient"])
    for point in POINTS:
        made = {id(leaf): Value(x) for leaf, x in zip(leaves, point)}
        for node in nodes:
            if node.op is not None:
                made[id(node)] = apply(node.op, tuple([made.get(id(x), x) for x in node.args]))
        root = made[id(nodes[-1])] if id(nodes[-1]) in made else nodes[-1]
        slopes = gradient(root, [made[id(leaf)] for leaf in leaves])
        exported.call(f"expression{seed}", "f_gradient", [point], [2], [root.data, slopes])


def tangled(leaves, size, draw):
    """A sum of nodes of which each takes two before it, near ones or far ones."""
    nodes = [*leaves]
    for _ in range(size):
        x, y = [draw.choice(nodes if draw.random() < 0.3 else nodes[-40:]) for _ in range(2)]
        nodes.append(draw.choice([x.tanh, x.sin, x.cos, (x + y).tanh, lambda x=x, y=y: x - y * 0.5, (x * y).cos])())
    return sum([node.tanh() for node in nodes[-40:]])


def add_tangle(exported, size):
    """Value and gradient by parameters that many nodes use, and uses that depend on no input."""
    draw = random.Random(size)
    inputs, parameters = [[Value(draw.uniform(0.5, 1.5)) for _ in range(count)] for count in (4, 20)]
    root = tangled([*parameters, *inputs], size, draw)
    options = {"leaves": parameters, "parameters": "argument", "wrt": "parameters"}
    exported.add(f"tangle{size}", root, inputs, derivatives=["gradient"], **options)
    numbers = [[x.data for x in leaves] for leaves in (inputs, parameters)]
    exported.call(f"tangle{size}", "f_gradient", numbers, [20], [root.data, gradient(root, parameters)])


def test_models_and_expressions(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("needs node")
    exported = Exported()
    for seed in MODELS:
        add_model(exported, seed)
    for seed in EXPRESSIONS:
        add_expression(exported, seed)
    for size in TANGLES:
        add_tangle(exported, size)
    exported.run(tmp_path)
