"""Exports of models as engineers embed them, in every language, compiled and run, against Python and mpmath."""

from __future__ import annotations

import ctypes
import json
import math
import random
import re
import shutil
import subprocess
from array import array
from itertools import islice

import pytest
from same import same

from micrograd import Trainer, export, losses, nn, optim

mpmath = pytest.importorskip("mpmath")
from zoo import ZOO, eager_answer, greeks, rows, true_answer  # noqa: E402

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
WITH_HEADER = ("lorenz", "arrhenius")
SUFFIXES = {"c": "c", "javascript": "mjs", "python": "py"}


ASKED = """
import { readFileSync, writeFileSync } from "node:fs";
const answers = [];
for (const [file, name, given, sizes, returns] of JSON.parse(readFileSync("calls.json"))) {
    const outs = sizes.map(size => new Float64Array(size));
    const value = (await import(`./${file}.mjs`))[name](...given.map(row => Float64Array.from(row)), ...outs);
    answers.push(...(returns ? [value] : []), ...outs.flatMap(out => [...out]));
}
writeFileSync("answers", Float64Array.from(answers));
"""


def called(name, derivative):
    return f"{name}_{derivative}" if derivative else name


def vector_for(x):
    return [0.5 - 0.25 * i for i in range(len(x))]


def sizes(animal, derivative):
    """How many numbers each array holds that a function fills, and whether it returns the value."""
    n, m = animal.inputs, animal.outputs
    matrix = {"": [], "gradient": [n], "jacobian": [m * n], "hessian": [n, n * n], "hvp": [n, n]}[derivative]
    return ([m] if m > 1 else []) + matrix, m == 1


def questions():
    """(animal, its name, derivative, sample) of everything that is asked."""
    return [
        (animal, name, derivative, x)
        for name, animal in ZOO.items()
        for derivative in ("", *animal.derivatives)
        for x in animal.points
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every animal in every language, and the header of each, as files."""
    place = tmp_path_factory.mktemp("zoo")
    for name, animal in ZOO.items():
        for language, suffix in {**SUFFIXES, **({"header": "h"} if name in WITH_HEADER else {})}.items():
            text = export(animal.model, animal.inputs, language=language, name=name, derivatives=animal.derivatives)
            (place / f"{name}.{suffix}").write_text(text)
    return place


@pytest.fixture(scope="module")
def right():
    """What is right for every question, by Python and (None at kinks) by mpmath, with the size of the whole answer."""
    found = []
    for animal, _, derivative, x in questions():
        vector = vector_for(x)
        true = true_answer(animal, x, vector, derivative) if animal.exact else None
        found.append((eager_answer(animal, x, vector, derivative), true))
    return found


def in_c(folder):
    library = folder / "zoo.so"
    files = [folder / f"{name}.c" for name in ZOO]
    subprocess.run(["gcc", "-std=c99", "-O1", *STRICT, "-shared", "-fPIC", "-o", library, *files, "-lm"], check=True)
    loaded, answers = ctypes.CDLL(str(library)), []
    for animal, name, derivative, x in questions():
        function, (outs, returns) = getattr(loaded, called(name, derivative)), sizes(animal, derivative)
        function.restype = ctypes.c_double if returns else None
        given = [x, vector_for(x)] if derivative == "hvp" else [x]
        arrays = [(ctypes.c_double * len(row))(*row) for row in given] + [(ctypes.c_double * size)() for size in outs]
        value = function(*arrays)
        answers.append([value] * returns + [number for out in arrays[len(given) :] for number in out])
    return answers


def in_javascript(folder):
    calls = []
    for animal, name, derivative, x in questions():
        given = [x, vector_for(x)] if derivative == "hvp" else [x]
        calls.append([name, called(name, derivative), given, *sizes(animal, derivative)])
    (folder / "calls.json").write_text(json.dumps(calls))
    (folder / "run.mjs").write_text(ASKED)
    subprocess.run(["node", "run.mjs"], cwd=folder, check=True)
    numbers = iter(array("d", (folder / "answers").read_bytes()))
    return [list(islice(numbers, returns + sum(outs))) for *_, outs, returns in calls]


def in_python(folder):
    rooms, answers = {}, []
    for _, name, derivative, x in questions():
        if name not in rooms:
            rooms[name] = {}
            exec((folder / f"{name}.py").read_text(), rooms[name])
        found = rooms[name][called(name, derivative)](x, *([vector_for(x)] if derivative == "hvp" else []))
        answers.append(flat(found))
    return answers


def flat(found):
    return [y for part in found for y in flat(part)] if isinstance(found, (list, tuple)) else [found]


RUNS = {"c": ("gcc", in_c), "javascript": ("node", in_javascript), "python": ("", in_python)}


@pytest.mark.parametrize("language", RUNS)
def test_values_and_derivatives_are_those_of_python_and_mpmath(language, folder, right):
    program, run = RUNS[language]
    if program and shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    wrong = []
    for (animal, name, derivative, x), found, (eager, true) in zip(questions(), run(folder), right):
        exact = [float(number) for number in true or eager]
        if found != pytest.approx(eager, rel=1e-12, abs=1e-15) or found != pytest.approx(exact, rel=2e-12, abs=1e-15):
            wrong.append((called(name, derivative), x, found, eager, exact))
        if not animal.exact and not derivative:
            assert same(found, eager), (name, x)
    assert not wrong, wrong


def test_the_greeks_are_those_of_the_formulas(folder):
    room = {}
    exec((folder / "black_scholes.py").read_text(), room)
    for x in ZOO["black_scholes"].points:
        _, gradient, hessian = room["black_scholes_hessian"](x)
        with mpmath.workdps(50):
            delta, gamma, vega = map(float, greeks(*map(mpmath.mpf, x)))
        found = flat(hessian)
        assert (gradient[0], found[0], gradient[3]) == pytest.approx((delta, gamma, vega), rel=1e-12)


@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++", "clang++"])
def test_every_compiler_takes_the_code_and_its_header_without_a_word(compiler, folder):
    """In C++ all of it in one file, each model in a namespace of its own."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    headed = "".join([f'#include "{name}.h"\n#include "{name}.c"\n' for name in WITH_HEADER])
    if compiler.endswith("++"):
        others = [name for name in ZOO if name not in WITH_HEADER]
        headed += "".join([f'namespace of_{name} {{\n#include "{name}.c"\n}}\n' for name in others])
    (folder / "headed.c").write_text(headed)
    files = ["headed.c", *[f"{name}.c" for name in ZOO if compiler == "clang"]]  # gcc has built them
    language = ["-x", "c++"] if compiler.endswith("++") else ["-std=c99"]
    command = [compiler, *language, *STRICT, "-fsyntax-only", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


# Training in the exported code


STEPS, LEARNING_RATE = 100, 0.2
STEPPED = """
import {{ {name}_loss as loss, {name}_parameters as start }} from "./{name}.mjs";
const [x, y] = {samples}.map(rows => Float64Array.from(rows.flat())), at = Float64Array.from(start);
const gradient = new Float64Array(at.length);
for (let step = 0; step < {steps}; step++) {{
    loss(x, y, {count}, at, gradient);
    gradient.forEach((slope, i) => {{ at[i] -= {rate} * slope; }});
}}
console.log(JSON.stringify([...at]));
"""


def trainings():
    """Name -> model, loss, penalty, samples, targets as users give them, and as the exported code takes them."""
    generator, X = random.Random(0), rows(12, 2)
    kind = [int(a > 0.0) + int(b > 0.0) for a, b in X]
    regression = nn.MLP(2, [5, 1], activation="tanh", generator=generator)
    classes = nn.MLP(2, [4, 3], activation="relu", generator=generator)
    hot = [[float(k == i) for i in range(3)] for k in kind]
    number = [[math.sin(a) - b] for a, b in X]
    return {
        "regression": (regression, losses.squared_error, losses.l2(0.01), X, [y for [y] in number], number),
        "classes": (classes, losses.cross_entropy, None, X, kind, hot),
    }


def trained_in_c(source, name, X, y, count):
    (folder, text) = source
    (folder / f"{name}.c").write_text(text)
    command = ["gcc", "-std=c99", "-O1", *STRICT, "-shared", "-fPIC", "-o", folder / f"{name}.so", folder / f"{name}.c"]
    subprocess.run([*command, "-lm"], check=True)
    library = ctypes.CDLL(str(folder / f"{name}.so"))
    loss, doubles = library[f"{name}_loss"], ctypes.c_double * count
    loss.restype = ctypes.c_double
    at, gradient = doubles.in_dll(library, f"{name}_parameters"), doubles()
    at = doubles(*at)
    x, y = [(ctypes.c_double * len(flat(numbers)))(*flat(numbers)) for numbers in (X, y)]
    for _ in range(STEPS):
        loss(x, y, len(X), at, gradient)
        at = doubles(*[p - LEARNING_RATE * g for p, g in zip(at, gradient)])
    assert loss(x, y, len(X), at, None) == loss(x, y, len(X), at, gradient)
    return list(at)


def trained_in_javascript(source, name, X, y, count):
    (folder, text) = source
    (folder / f"{name}.mjs").write_text(text)
    script = STEPPED.format(name=name, samples=json.dumps([X, y]), steps=STEPS, count=len(X), rate=LEARNING_RATE)
    (folder / f"train_{name}.mjs").write_text(script)
    command = ["node", folder / f"train_{name}.mjs"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def trained_in_python(source, name, X, y, count):
    room = {}
    exec(source[1], room)
    at = list(room[f"{name}_parameters"])
    for _ in range(STEPS):
        _, gradient = room[f"{name}_loss"](flat(X), flat(y), len(X), at)
        at = [p - LEARNING_RATE * g for p, g in zip(at, gradient)]
    return at


TRAINED = {"c": trained_in_c, "javascript": trained_in_javascript, "python": trained_in_python}


@pytest.mark.parametrize("language", TRAINED)
def test_a_training_in_exported_code_ends_where_the_trainer_does(language, tmp_path):
    program, _ = RUNS[language]
    if program and shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    for name, (model, loss, penalty, X, targets, numbers) in trainings().items():
        targets_of_loss = len(numbers[0]) if loss is losses.cross_entropy else 0
        text = export(
            model, 2, language=language, name=name, parameters="argument", loss=loss, penalty=penalty,
            targets=targets_of_loss,
        )  # fmt: skip
        found = TRAINED[language]((tmp_path, text), name, X, numbers, len(model.parameters()))
        Trainer(model, loss, optim.SGD(lr=LEARNING_RATE), penalty=penalty).fit(X, targets, epochs=STEPS)
        assert found == pytest.approx([p.data for p in model.parameters()], rel=1e-12, abs=1e-13), name


# Read as a reviewer of firmware would


def test_a_network_is_loops_over_its_layers_and_not_ten_thousand_statements():
    model = nn.MLP(64, [32, 10], activation="relu", generator=random.Random(0))
    for language in ("c", "javascript", "python"):
        text = export(model, 64, language=language, name="digits", derivatives=("jacobian",), parameters="argument")
        code = [line for line in text.splitlines() if not re.match(r"\s*-?\d", line)]  # without the rows of numbers
        assert len(code) < 160, (language, len(code))


def test_the_code_can_be_read_and_put_into_a_device(folder):
    """No allocation, no state, one header, loops instead of statements, lines that fit, a line for each layer."""
    for name in ZOO:
        text = (folder / f"{name}.c").read_text()
        found = re.findall(r"#\s*\w+.*", text)
        assert found[:2] == ["#include <math.h>", "#ifdef __FAST_MATH__"] and len(found) == 4, name
        assert not re.search(r"\b(malloc|calloc|free|goto|printf)\b|\bstatic (?!const |double |void )", text), name
        for language in ("c", "mjs", "py"):
            assert max(map(len, (folder / f"{name}.{language}").read_text().splitlines())) <= 140, (name, language)
