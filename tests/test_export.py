"""Exported models: Python that gives the model's bits, C that gives its numbers, both to be read."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess

import pytest
from same import same

import micrograd
from micrograd import Value, export, losses, nn
from micrograd.functions import sigmoid
from micrograd.ops import TABLE, Op

GCC = shutil.which("gcc")


def run_python(source, name="model"):
    names = {}
    exec(compile(source, "<export>", "exec"), names)
    assert "micrograd" not in source.replace("Written by micrograd", "")
    return names[name]


def run_c(source, folder, inputs, outputs, name="model"):
    """The function as Python calls it; outputs None for one that returns its number."""
    if GCC is None:
        pytest.skip("needs gcc")
    (folder / "model.c").write_text(source)
    options = ["-std=c99", "-O1", "-pedantic", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([GCC, *options, "-o", folder / "model.so", folder / "model.c", "-lm"], check=True)
    function = getattr(ctypes.CDLL(str(folder / "model.so")), name)
    function.restype = ctypes.c_double if outputs is None else None

    def call(x):
        given = (ctypes.c_double * inputs)(*x)
        if outputs is None:
            return function(given)
        out = (ctypes.c_double * outputs)()
        function(given, out)
        return list(out)

    return call


def eager(model, x):
    out = model([Value(v) for v in x])
    return [v.data for v in out] if isinstance(out, list) else out.data


def random_values(rng, inputs, size, left_out=()):
    """Nodes built of inputs, labelled and unlabelled leaves, numbers and shared parts."""
    ops = [op for op in TABLE.values() if op.name not in left_out]
    nodes = [*inputs, Value(0.7, "w"), Value(-1.3), Value(0.2, rng.choice(["w", "def", "x[0]", "ŷ", "sigmoid", "1 2"]))]
    for _ in range(size):
        op = rng.choice(ops)
        args = [rng.choice(nodes[-12:] if rng.random() < 0.8 else [-1.0, 0.5, 0.0]) for _ in op.partials]
        args[0] = args[0] if any(isinstance(a, Value) for a in args) else nodes[-1]
        nodes.append(micrograd.engine.apply(op, tuple(args)))
        nodes[-1].label = rng.choice([""] * 9 + ["h"])
    return nodes


@pytest.mark.parametrize("seed", range(60))
def test_any_expression_gives_its_bits_in_python(seed):
    rng = random.Random(seed)
    x, y = Value(0.3, "x" if seed % 2 else ""), Value(1.5, "lambda")
    nodes = random_values(rng, [x, y], 60, left_out=("pow",))
    roots = nodes[-3:] if seed % 3 else nodes[-1]
    function = run_python(export(roots, [x, y]))
    found = function([x.data, y.data])
    assert same(found, [v.data for v in roots] if seed % 3 else roots.data)


@pytest.mark.parametrize("seed", range(8))
def test_any_expression_compiles_without_a_warning_in_c(seed, tmp_path):
    rng = random.Random(seed)
    x, y = Value(0.3, "x"), Value(1.5, "y1")
    tame = ("pow", "tan", "div", "log", "sinh", "cosh", "exp", "expm1")
    nodes = random_values(rng, [x, y], 40, left_out=tame)
    function = run_c(export(nodes[-6:], [x, y], language="c"), tmp_path, 2, 6)
    for got, node in zip(function([x.data, y.data]), nodes[-6:]):
        assert got == pytest.approx(node.data, rel=1e-9, abs=1e-12, nan_ok=True)


def leaky(v):
    return v.maximum(0.1 * v)


def layered(kind):
    """(model, inputs): nets as people write them."""
    rng = random.Random(kind)
    draw = lambda: Value(rng.uniform(-1, 1))  # noqa: E731
    W = [[draw() for _ in range(6)] for _ in range(5)]
    b = [draw() for _ in range(5)]
    last = [draw() for _ in range(5)]

    def bias_last(x):
        h = [(sum((w * v for w, v in zip(row, x)), 0.0) + c).tanh() for row, c in zip(W, b)]
        return sum(w * v for w, v in zip(last, h))

    def residual(x):
        h = [sum((w * v for w, v in zip(row, x)), c).sigmoid() for row, c in zip(W, b)]
        return micrograd.softmax([v + 0.5 * u for v, u in zip(h, x)])

    def standardised(x):
        scaled = [(v - 0.1 * i) / (1.0 + i) for i, v in enumerate(x)]
        return [sum((w * v for w, v in zip(row, scaled)), c).relu() for row, c in zip(W, b)]

    def part_of_the_inputs(x):
        first = [sum((w * v for w, v in zip(row, x[1:5])), c) for row, c in zip(W, b)]
        return [sum(w * v for w, v in zip(row, [first[0], x[0], first[3], *first])) for row in W]

    def one_more_use(x):
        h = [sum((w * v for w, v in zip(row, x)), c) for row, c in zip(W, b)]
        return [h[0].exp(), *[v.tanh() for v in h], h[2] * x[1], W[0][0] * W[1][1], x[0]]

    generator = random.Random(1)
    models = {
        "bias last": (bias_last, 6),
        "residual": (residual, 6),
        "standardised": (standardised, 6),
        "part of the inputs": (part_of_the_inputs, 6),
        "one more use": (one_more_use, 6),
        "tanh": (nn.MLP(2, [16, 16, 1], activation="tanh", generator=generator), 2),
        "no bias": (nn.MLP(3, [4, 3], bias=False, generator=generator), 3),
        "leaky": (nn.MLP(3, [8, 4, 2], activation=leaky, generator=generator), 3),
        "one neuron": (nn.Neuron(2, generator=generator), 2),
        "linear": (nn.MLP(4, [4], generator=generator), 4),
    }
    return models[kind]


KINDS = ["bias last", "residual", "standardised", "part of the inputs", "one more use", "tanh", "no bias", "leaky",
         "one neuron", "linear"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_nets_as_people_write_them(kind, tmp_path):
    model, inputs = layered(kind)
    in_python = run_python(export(model, inputs))
    probe = eager(model, [0.5] * inputs)
    outputs = len(probe) if isinstance(probe, list) else None
    in_c = run_c(export(model, inputs, language="c"), tmp_path, inputs, outputs)
    rng = random.Random(2)
    samples = [[rng.gauss(0, 1) for _ in range(inputs)] for _ in range(20)]
    samples += [[x] * inputs for x in (0.0, -0.0, 1e308, math.inf, math.nan)]
    for x in samples:
        true = eager(model, x)
        assert same(in_python(x), true)
        assert in_c(x) == pytest.approx(true, rel=1e-13, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("language", ["python", "c"])
def test_the_digits_net_is_loops_over_tables(language, tmp_path):
    model = nn.MLP(64, [32, 10], generator=random.Random(0))
    source = export(model, 64, language=language, name="digits")
    _, _, code = source.partition("def relu" if language == "python" else "static double relu")
    assert len(code.splitlines()) < 40 and len(source.splitlines()) < 640 and max(map(len, source.splitlines())) <= 120
    run = run_python(source, "digits") if language == "python" else run_c(source, tmp_path, 64, 10, "digits")
    rng = random.Random(3)
    for _ in range(3):
        x = [rng.uniform(0, 16) for _ in range(64)]
        assert same(run(x), eager(model, x))  # sums and products in the same order: the same bits in C, too


def test_an_expression_reads_as_it_was_written():
    w1, x, w2, y = Value(0.5, "w1"), Value(1.0, "x"), Value(-1.2, "w2"), Value(1.0, "ŷ")
    z = w1 * x
    z.label = "z"
    loss = (w2 * z.tanh() - y) * (z - (y - 2.0)) / (1.0 + z * z)
    assert (
        export(loss, [x, y]).split("def ")[-1]
        == """model(inputs):
    x, yhat = map(float, inputs)
    w1 = 0.5
    w2 = -1.2
    z = w1 * x
    return div((w2 * math.tanh(z) - yhat) * (z - (yhat - 2.0)), 1.0 + z * z)
"""
    )
    assert (
        export(loss, [x, y], language="c", name="loss").split("\n\n")[-1]
        == """double loss(const double inputs[2]) {
    const double w1 = 0.5;
    const double w2 = -1.2;
    const double x = inputs[0];
    const double yhat = inputs[1];
    const double z = w1 * x;
    return (w2 * tanh(z) - yhat) * (z - (yhat - 2.0)) / (1.0 + z * z);
}
"""
    )
    choice = micrograd.where(x < 2.0, -x, (x > 0.0) + 1.0)
    assert "return -x if x < 2.0 else (1.0 if x > 0.0 else 0.0) + 1.0" in export(choice, [x])


def test_depth_and_length_do_not_matter():
    x = Value(0.5, "x")
    y = x
    for i in range(4000):
        y = (y * 0.99).sin() if i % 2 else y + x
    assert run_python(export(y, [x]))([0.5]) == y.data
    terms = [x * float(i) for i in range(3000)]
    assert run_python(export(sum(terms).tanh(), [x]))([0.5]) == 1.0
    right = x
    for i in range(2000):
        right = (x - (right - 0.5)).relu() if i % 3 else x * 0.3 - right
    assert run_python(export(right, [x]))([0.5]) == right.data


def test_names_are_never_words_of_the_languages(tmp_path):
    labels = ["def", "int", "x", "x", "math", "out", "total", "inf", "exp", "y0", "main", "a b", "1st", "σ", "∂",
              "inputs", "h1", "a", "number", "i"]  # fmt: skip
    leaves = [Value(0.1 * i + 0.1, label) for i, label in enumerate(labels)]
    product = leaves[0].exp()
    for leaf in leaves[1:]:
        product = product * leaf.tanh()
    for inputs in (leaves[:2], leaves[2:9], leaves):
        x = [leaf.data for leaf in inputs]
        assert run_python(export(product, inputs))(x) == product.data
    in_c = run_c(export(product, leaves[:4], language="c"), tmp_path, 4, None)
    assert in_c([leaf.data for leaf in leaves[:4]]) == pytest.approx(product.data, rel=1e-14)


def test_outputs_that_are_inputs_or_numbers(tmp_path):
    w = Value(2.0, "w")

    def model(x):
        return [x[1], w, w * w, x[0], x[0] * w]

    assert run_python(export(model, 2))([3, 4]) == [4.0, 2.0, 4.0, 3.0, 6.0]
    assert run_c(export(model, 2, language="c"), tmp_path, 2, 5)([3, 4]) == [4.0, 2.0, 4.0, 3.0, 6.0]
    assert run_python(export(lambda x: w, 1))([0.0]) == 2.0


def test_samples_of_another_width_are_refused_and_other_numbers_taken():
    model = run_python(export(lambda x: x[0] + x[1], 2))
    assert model((1, True)) == 2.0
    with pytest.raises(ValueError, match="expected 2 numbers in x, got 3"):
        model([1.0, 2.0, 3.0])
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with pytest.raises(ValueError, match="values to unpack"):
        run_python(export(x * y, [x, y]))([1.0])


def test_what_cannot_be_exported_is_refused_clearly():
    x = Value(1.0, "x")
    for arguments, options, error, message in (
        ((x, [x]), {"language": "rust"}, ValueError, "python, c, header, javascript, got 'rust'"),
        ((x, [x]), {"name": "while"}, ValueError, "name"),
        ((x, [x]), {"name": "a b"}, ValueError, "name"),
        ((x, [x]), {"name": "exp"}, ValueError, "name"),
        ((x, [x]), {"name": 3}, ValueError, "name"),
        ((abs, 1), {"loss": "mse"}, TypeError, "the loss to be a function, got str 'mse'"),
        ((abs, 1), {"penalty": losses.l2(0.1)}, TypeError, "a loss beside the penalty"),
        ((x, []), {}, TypeError, "list of the leaves"),
        ((x, 1), {}, TypeError, "list of the leaves"),
        ((x + 1.0, [x + 1.0]), {}, TypeError, "inputs that are leaves"),
        ((x, [x, x]), {}, ValueError, "twice"),
        (([], [x]), {}, TypeError, "list of Values"),
        (([3.0], [x]), {}, TypeError, "list of Values"),
        ((lambda x: x[0], 0), {}, ValueError, "at least 1"),
        ((lambda x: x[0], "2"), {}, ValueError, "at least 1"),
        ((3, 2), {}, TypeError, "model"),
        ((lambda x: x[0] if x[0] > 0 else 0.0, 1), {}, TypeError, "branch"),
    ):
        with pytest.raises(error, match=message):
            export(*arguments, **options)


def test_a_language_of_another_type_is_a_wrong_language():
    x = Value(1.0, "x")
    for language in (["c"], None, pytest.importorskip("numpy").array([1.0, 2.0])):
        with pytest.raises(ValueError, match="expected language to be one of python, c, header, javascript, got"):
            export(x, [x], language=language)


def test_a_loop_does_not_hide_a_name(tmp_path):
    a, b, i = Value(2.0, "a"), Value(3.0, "b"), Value(5.0, "i")
    model = nn.MLP(4, [4, 4], generator=random.Random(0))

    def scaled(x):
        h = model(x)
        return [v * a - (b * x[0]).tanh() / (i * u + 9.0) for v, u in zip(h, x)]

    x = [0.1, 0.2, 0.3, 0.4]
    assert same(run_python(export(scaled, 4))(x), eager(scaled, x))
    assert run_c(export(scaled, 4, language="c"), tmp_path, 4, 4)(x) == pytest.approx(eager(scaled, x), rel=1e-13)


PAIRS = {
    "maximum": lambda a, b: a.maximum(b),
    "minimum": lambda a, b: a.minimum(b),
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "where": lambda a, b: (a < b).where(a, b),
}
WITH_NUMBERS = [
    lambda a, c: a * c,
    lambda a, c: c + a,
    lambda a, c: a - c,
    lambda a, c: a / (c * c + 1.0),
    lambda a, c: (a > c) * 1.0,
]


def random_model(seed):
    """(model, inputs): layers, functions, sums and picks in any order, on lists of any width."""
    inputs = random.Random(seed).choice([2, 3, 4, 6, 8])

    def model(x):
        rng = random.Random(seed + 1)
        numbers = [0.0, -0.0, 1.0, -1.0]
        draw = lambda: Value(rng.choice([*numbers, *[rng.uniform(-1, 1)] * 4]), rng.choice(["", "w", "a"]))  # noqa: E731
        vectors, singles = [list(x)], [x[0] * x[-1]]
        for _ in range(rng.randint(1, 7)):
            kind = rng.choice(["layer", "layer", "bias last", "one", "two", "number", "single", "mix", "pick", "sum"])
            v, width = rng.choice(vectors[-3:]), rng.choice([1, 2, 4, 5])
            if kind == "layer":
                first = [draw() if rng.random() < 0.7 else 0] * width
                vectors.append([sum([draw() * u for u in v], b) for b in first])
            elif kind == "bias last":
                vectors.append([sum([u * draw() for u in v]) + draw() for _ in range(width)])
            elif kind == "one":
                name = rng.choice(["tanh", "relu", "sigmoid", "softplus", "sin", "exp", "abs", "gaussian"])
                vectors.append([getattr(u, name)() for u in v])
            elif kind == "two":
                other, pair = rng.choice([u for u in vectors if len(u) == len(v)]), PAIRS[rng.choice(list(PAIRS))]
                vectors.append([pair(a, b) for a, b in zip(v, other)])
            elif kind == "number":
                c, function = draw(), rng.choice(WITH_NUMBERS)
                vectors.append([function(a, rng.choice([c, c, c, draw()])) for a in v])
            elif kind == "single":
                singles.append(rng.choice(v) ** 2 + draw())
            elif kind == "mix":
                single = rng.choice(singles)
                vectors.append([a - single if rng.random() < 0.95 else single / a for a in v])
            elif kind == "pick":
                vectors.append([rng.choice(rng.choice(vectors)) for _ in range(width)])
            else:
                singles.append(sum(v))
        return [*rng.choice(vectors), rng.choice(singles)]

    return model, inputs


@pytest.mark.parametrize("seed", range(0, 1000, 100))
def test_models_of_any_shape_give_their_bits_in_python(seed):
    loops = 0
    for i in range(seed, seed + 25):
        model, inputs = random_model(i)
        source = export(model, inputs)
        function, rng = run_python(source), random.Random(i)
        loops += "model_weights_1[" in source
        odd = [rng.choice([1e200, -1e200, math.inf, math.nan, 1.0]) for _ in range(inputs)]
        for x in ([rng.gauss(0, 1) for _ in range(inputs)], [0.0] * inputs, [-0.0] * inputs, odd):
            assert same(function(x), eager(model, x)), i
    assert loops > 2


def test_a_sum_that_goes_on_elsewhere_is_a_layer_still():
    generator = random.Random(4)
    layer = nn.Layer(6, 5, False, generator=generator)
    w = [Value(generator.random()) for _ in range(5)]

    def model(x):
        sums = layer(x)
        return [(s + v * x[0]) * s for s, v in zip(sums, w)]

    source = export(model, 6)
    assert "t1 += model_weights_1[6 * i + j] * x[j]" in source
    assert same(run_python(source)([0.5] * 6), eager(model, [0.5] * 6))


def own_row(name, definition):
    return Op(name, name, definition, (lambda x, out: 0.0,), "", definition=definition)


def test_a_primitive_of_the_users_is_written_from_its_definition(tmp_path, monkeypatch):
    """With what the definition calls, under a name that <math.h> does not have, and as the row is now."""
    monkeypatch.setitem(TABLE, "swish", own_row("swish", lambda x: x * sigmoid(x)))
    monkeypatch.setitem(TABLE, "log2", own_row("log2", lambda x: micrograd.log(x) / math.log(2.0)))
    monkeypatch.setitem(TABLE, "own", Op("own", "own", math.floor, (0.0,), ""))
    layer = [[0.3 * i - 0.2 * k for i in range(4)] for k in range(6)]  # as a model it would become a loop over a table
    net = own_row("net", lambda x: sum(micrograd.tanh(sum(w * x**i for i, w in enumerate(row))) for row in layer))
    monkeypatch.setitem(TABLE, "net", net)

    def source(name, language):
        return export(lambda x: x[0].operate(name, (x[0],)), 1, language=language, name="f")

    def value(name, x):
        space = {}
        exec(source(name, "python"), space)
        return space["f"]([x])

    assert value("swish", 2.0) == 2.0 * sigmoid(2.0) and value("log2", 8.0) == 3.0 and value("log2", 0.0) == -math.inf
    assert value("net", 0.7) == pytest.approx(net.forward(0.7), rel=1e-14)
    assert "[" not in source("net", "c").split("double f(")[0]
    swish = "static double swish(double x) {\n    return x * sigmoid(x);"
    assert source("swish", "c").index("static double sigmoid") < source("swish", "c").index(swish)
    assert "micrograd_log2(" in source("log2", "c") and " log2(" not in source("log2", "c")
    w, x = Value(0.5, "swish"), Value(2.0, "x")
    y = (w * x).operate("swish", (w * x,))
    assert run_python(export(y, [x]))([2.0]) == y.data  # a number of that name gets another
    assert run_c(export(y, [x], language="c"), tmp_path, 1, None)([2.0]) == y.data
    monkeypatch.setitem(TABLE, "swish", own_row("swish", lambda x: 7.0 * x))
    assert value("swish", 2.0) == 14.0 and "7.0 * x" in source("swish", "c")
    for language, words in (("c", "functions of C"), ("python", "functions of Python")):
        with pytest.raises(ValueError, match=f"expected primitives with a definition, or {words}, got own"):
            source("own", language)
