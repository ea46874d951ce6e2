"""No name in an export is a word of C, C++, JavaScript or Python: compilers of each are given all that could be."""

from __future__ import annotations

import builtins
import ctypes
import json
import keyword
import re
import shutil
import subprocess
from functools import lru_cache

import pytest

from micrograd import Value, export, topological
from micrograd.exporting.words import LIBRARY, WORDS, function_name, harmless, reserved

COMPILERS = [("gcc", "-std=c99"), ("gcc", "-std=gnu17"), ("g++", "-std=gnu++20"), ("clang", "-std=gnu17")]
HEADERS = ("math", "stdio", "stdlib", "string", "ctype", "time")
ODD = ["__func__", "__debug__", "__LINE__", "__name__", "__x", "x__", "x_", "x__2", "_", "_x", "_X", "_2x", "2x", "λ",
       "a b"]  # fmt: skip


def compiled(compiler, standard, source, folder):
    """The errors and warnings of a compiler; skipped where it is missing."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    path = folder / ("model.cpp" if "++" in compiler else "model.c")
    path.write_text(source)
    options = [standard, "-O0", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    return subprocess.run([compiler, *options, path], capture_output=True, text=True).stderr


@lru_cache(None)
def known():
    """What gcc has a meaning for where <math.h> and its like are included: macros, and the names that they declare."""
    if shutil.which("gcc") is None:
        return []
    found = []
    headers = "".join(f"#include <{name}.h>\n" for name in HEADERS)
    for option in ("-dM", "-P"):
        command = ["gcc", "-std=gnu17", "-E", option, "-x", "c", "-"]
        text = subprocess.run(command, input=headers, capture_output=True, text=True).stdout
        found += re.findall(r"^#define (\w+)", text, re.M) if option == "-dM" else re.findall(r"\b(\w+) *\(", text)
    return found


def labels():
    """Everything that a language might take for its own."""
    words = [word for language in WORDS.values() for word in language]
    return list(dict.fromkeys([*words, *keyword.kwlist, *dir(builtins), *sorted(LIBRARY), *known(), *ODD]))


def labelled(names):
    """An expression of leaves with these labels, half of them inputs."""
    leaves = [Value(1.0 + 1e-3 * i, name) for i, name in enumerate(names)]
    total = Value(0.0)
    for x, w in zip(leaves[::2], leaves[1::2]):
        total = (total + x * w).tanh()
    total.label = "auto"
    return total.sigmoid(), leaves[::2]


@pytest.mark.parametrize("compiler, standard", COMPILERS)
def test_no_label_keeps_an_export_from_compiling(compiler, standard, tmp_path):
    assert compiled(compiler, standard, export(*labelled(labels()), language="c"), tmp_path) == ""


def in_python(source, inputs, folder):
    """The value and the gradient that an export gives."""
    names = {}
    exec(compile(source, "<export>", "exec"), names)
    value, gradient = names["model_gradient"](inputs)
    return [value, *gradient]


def in_javascript(source, inputs, folder):
    if shutil.which("node") is None:
        pytest.skip("needs node")
    call = "const g = []; g.length = x.length; console.log(JSON.stringify([model_gradient(x, g), ...g]));"
    (folder / "model.mjs").write_text(f"{source}\n{{ const x = {inputs}; {call} }}", encoding="utf-8")
    return json.loads(subprocess.run(["node", "model.mjs"], cwd=folder, check=True, capture_output=True).stdout)


def in_c(source, inputs, folder):
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    (folder / "model.c").write_text(source, encoding="utf-8")
    options = ["-std=c99", "-trigraphs", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *options, "model.c", "-o", "model.so", "-lm"], cwd=folder, check=True)
    function, numbers = ctypes.CDLL(str(folder / "model.so")).model_gradient, ctypes.c_double * len(inputs)
    function.restype, gradient = ctypes.c_double, numbers()
    return [function(numbers(*inputs), gradient), *gradient]


HOSTILE = [
    '"', "'", "\\", "\n", "*/ int main(void) {} /*", "// \\\n", "??/", "</script>", "<!--", "`${x}`", "{x}", "\u2028",
    "\u202e", '"""', "#", "ｅxp", "ехр", "ﬁ", "²", "x²", "\u200d", "ß", "\u212a", "constructor", "__proto__", "w" * 300,
    "model", "model$arrays", "model_gradient", "model_gradient_guarded", "x", "inputs", "gradient", "out", "number",
    "weight", "parameters", "vector", "total", "h1", "v1", "t1", "f1", "i", "k", "s", "j", "a", "b", "y",
    *dir(builtins),
]  # fmt: skip


@pytest.mark.parametrize("language, run", [("python", in_python), ("javascript", in_javascript), ("c", in_c)])
def test_no_label_leaves_its_place(language, run, tmp_path):
    names = [*HOSTILE, *WORDS[language]][: 2 * ((len(HOSTILE) + len(WORDS[language])) // 2)]
    root, inputs = labelled(names)
    for node, name in zip(topological(root), names):
        node.label = node.label or name
    root.backward()
    source = export(root, inputs, language=language, derivatives=("gradient",))
    found = run(source, [x.data for x in inputs], tmp_path)
    assert found == pytest.approx([root.data, *[x.grad for x in inputs]], rel=1e-14, abs=1e-300)


def test_no_label_keeps_an_export_from_running():
    root, inputs = labelled(labels())
    names = {}
    exec(compile(export(root, inputs), "<export>", "exec"), names)
    assert names["model"]([x.data for x in inputs]) == root.data


@pytest.mark.parametrize("compiler, standard", COMPILERS)
def test_what_may_be_the_name_of_a_function_is_one(compiler, standard, tmp_path):
    x = Value(1.0, "x")
    accepted = [name for name in labels() if function_name(name)]
    refused = ("M_PI", "asm", "HUGE_VAL", "_Bool", "__func__", "linux", "y1", "malloc", "std", "xor", "typeof", "await")
    assert {"input", "gamma_2", "x_", "_x"} - set(accepted) == {"gamma_2"} and not set(refused) & set(accepted)
    sources = [export(x * 2.0, [x], language="c", name=name) for name in accepted]
    assert compiled(compiler, standard, "\n".join(sources), tmp_path) == ""
    for name in refused:
        with pytest.raises(ValueError, match="no language takes for itself"):
            export(x * 2.0, [x], name=name)


def test_names_are_good_in_javascript(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("needs node")
    root, inputs = labelled(labels())
    x = Value(3.0, "x")
    functions = [name for name in dict.fromkeys([*labels(), *HOSTILE]) if function_name(name)]
    sources = [export(x * 2.0, [x], language="javascript", name=name) for name in functions]
    (tmp_path / "functions.mjs").write_text("\n".join(sources), encoding="utf-8")
    (tmp_path / "model.mjs").write_text(export(root, inputs, language="javascript"), encoding="utf-8")
    script = f"""
import {{ model }} from "./model.mjs";
import * as functions from "./functions.mjs";
const found = Object.values(functions).map(f => f([3]));
console.log(JSON.stringify([model({[x.data for x in inputs]}), found]));"""
    (tmp_path / "script.mjs").write_text(script)
    found = subprocess.run(["node", "script.mjs"], cwd=tmp_path, check=True, capture_output=True)
    value, doubled = json.loads(found.stdout)
    assert value == pytest.approx(root.data, rel=1e-14) and doubled == [6.0] * len(functions)


def test_names_end_even_if_a_label_is_taken_again_and_again():
    from micrograd.exporting.identifiers import Identifiers

    names = Identifiers("model_")
    assert [names.take("M_PI") for _ in range(3)] == ["m_pi", "m_pi_2", "m_pi_3"]
    assert [names.take("x_") for _ in range(2)] == ["x_", "x_2"]
    assert [names.take("__x__") for _ in range(2)] == ["_x_", "_x_2"]
    assert names.take("the__weights_1") == "the_weights_1"
    assert names.take("model__weights_1") == "_model_weights_1"  # the module's own tables and functions begin like that
    assert not any(map(reserved, ("weights", "y1", "gamma", "input", "bias_2"))) and harmless("_Complex") == "Complex"
