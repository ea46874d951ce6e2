"""The core in C does what the one in Python does: the same bits, errors, texts, copies; neither leaks, nor crashes.

The other core runs in a process of its own, on the same program, and what both print is compared.
"""

from __future__ import annotations

import gc
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

import micrograd
from micrograd import Value, topological
from micrograd.core import in_c
from micrograd.engine import apply, inner_nodes

PACKAGE = Path(micrograd.__file__).parent
needs_c = pytest.mark.skipif(not in_c(), reason="the engine runs in Python here")

START = """
import copy, math, operator, pickle, random, sys, inspect
import micrograd
from micrograd import Value, gradient, topological
from micrograd.core import in_c
from micrograd.engine import Leaf, adjoints, apply, assemble, inner_nodes
from micrograd.ops import TABLE

def bits(x):
    return "nan" if x != x else x.hex()

def shown(node):
    return [bits(node.data), bits(node.grad), node.op and node.op.name, node.label,
            [bits(d) if d is not None else None for d in node._cached]]

def attempt(f):
    try:
        return f()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""

EDGES = """
EDGES = [0.0, -0.0, 5e-324, -1e-310, 1e-160, 0.3, -0.5, 1.0, -1.0, 1.5, 2.0, -2.0, 3.0, 27.9, 28.5, -700.5, 746.0,
         1e154, -1e160, 1.7e308, math.inf, -math.inf, math.nan, 9007199254740993.0, 0.9999999999999999]
generator = random.Random(1)
EDGES += [generator.uniform(-3.0, 3.0) for _ in range(8)] + [10.0 ** generator.uniform(-20.0, 20.0) for _ in range(4)]
for name, op in TABLE.items():
    signs = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
             "neg": operator.neg, "pow": operator.pow, "less": operator.lt, "less_equal": operator.le,
             "greater": operator.gt, "greater_equal": operator.ge, "where": micrograd.where}
    call = signs.get(name) or getattr(Value, name)
    if len(op.partials) == 1:
        print(name, [shown(call(Value(x))) for x in EDGES])
    elif len(op.partials) == 2:
        for x in EDGES:
            print(name, bits(x), [[shown(call(a, b)) for a, b in [(Value(x), Value(y)), (Value(x), y)]] for y in EDGES])
            if name in signs:
                print(name, bits(x), [shown(call(x, Value(y))) for y in EDGES])
"""

GRAPHS = """
ONE = [op.name for op in TABLE.values() if len(op.partials) == 1 and op.name != "neg"]
TWO = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt, operator.ge,
       Value.maximum, Value.minimum, Value.atan2, Value.hypot, Value.copysign]
generator = random.Random(7)
for _ in range(60):
    leaves = [Value(generator.uniform(-2.0, 2.0), f"x{i}") for i in range(4)]
    pool = list(leaves)
    for _ in range(60):
        a, b, c = [generator.choice(pool[-12:] + leaves) for _ in range(3)]
        kind = generator.randrange(6)
        if kind == 0:
            y = getattr(a, generator.choice(ONE))()
        elif kind < 3:
            y = generator.choice(TWO)(a, b)
        elif kind == 3:
            y = generator.choice(TWO)(a, generator.choice([2, 0.5, -1.0, True, 3.0]))
        elif kind == 4:
            y = generator.choice(TWO[:7])(generator.choice([2, 0, 0.5, -1.0, False]), a)
        else:
            y = micrograd.where(a > 0.0, b, c)
        pool.append(y)
    root = pool[-1]
    for _ in range(2):
        root.backward()
    order = topological(root)
    print([shown(node) for node in order])
    found = adjoints(root)
    print([order.index(node) for node in inner_nodes(root)], [bits(found.get(id(node), 0.0)) for node in order])
    clone, other = copy.deepcopy(root), pickle.loads(pickle.dumps(root))
    print([[shown(node) for node in topological(z)] == [shown(node) for node in order] for z in (clone, other)])
    print(shown(copy.copy(root)), pickle.dumps(root) == pickle.dumps(other))
    print([bits(g.data) for g in gradient(root, leaves)])
"""

HABITS = """
x, y, z = Value(0.5, "x"), Value(-2), Value(3.0) * 2.0
class Own(Value):
    __slots__ = ("more",)
class Seen(Value):
    log = []
    @property
    def grad(self):
        return Value.grad.__get__(self)
    @grad.setter
    def grad(self, g):
        Seen.log.append(g)
        Value.grad.__set__(self, g)
class Doubled(Value):
    @property
    def data(self):
        return 2.0 * Value.data.__get__(self)
    @data.setter
    def data(self, number):
        Value.data.__set__(self, number)
own, seen, doubled = Own(1.5), Seen(2.0), Doubled(4.0)
OPERANDS = [x, z, own, doubled, 2, 0, 2.5, True, 10**400, -(10**400), 2**63, "a", None, 1j, [1.0], (x,), {}, object]
SIGNS = "add sub mul truediv pow lt le gt ge eq ne mod floordiv matmul and_ or_ xor lshift".split()
for sign in SIGNS:
    f = getattr(operator, sign)
    for b in OPERANDS:
        for pair in ((x, b), (b, x), (own, b), (b, own), (doubled, b), (b, z)):
            print(sign, repr(b)[:40], attempt(lambda: repr(f(*pair))))
for name in "maximum minimum atan2 hypot copysign pow div".split():
    print(name, [attempt(lambda: repr(getattr(x, name)(b))) for b in OPERANDS])
for f in (operator.neg, operator.pos, abs, bool, float, int, round, repr, str, math.exp, math.floor, hash, len, iter,
          operator.invert, lambda v: round(v, 3), lambda v: v(), lambda v: v[0], lambda v: v.zero(),
          lambda v: f"{v:.3f}", lambda v: setattr(v, "gard", 1.0), lambda v: Value(v),
          lambda v: v.operate("tanh", (v,)), lambda v: v.operate("nothing", (v,)), lambda v: setattr(v, "_op", "+")):
    for v in (x, z, own, doubled):
        if f is not hash:
            print(attempt(lambda: repr(f(v))).replace("lambda", ""))
print([attempt(f).split(":")[0] for f in (lambda: pow(x, 2, 5), lambda: x.tanh(1.0), lambda: x.pow())])
for arguments in [(), ("a",), (1.0, 2), (1.0, "a", 3), (True,), (10**400,), (None,), (x,), (1.0, ("a",))]:
    print(attempt(lambda: repr(Value(*arguments))))
print(attempt(lambda: repr(Value(data=2, label="n"))), attempt(lambda: repr(Value(2.0, name="n"))))
(seen * x + seen * seen).backward()
seen.backward()
print(Seen.log, shown(seen), shown(doubled * 3.0), shown(-doubled), shown(doubled.tanh()))
print(doubled == 8.0, doubled == 4.0, doubled != 8, bool(doubled))
out = (own + x) * own
out.backward()
print(shown(own), [type(node).__name__ for node in topological(out)], [node is x for node in topological(out)])
for value in (x, x * 2.0, own):
    print(sorted(name for name in dir(value) if name[0] != "_"), isinstance(value, Value), type(value).__name__,
          type(value).__module__, type(value).__mro__[-3:], hasattr(value, "__dict__"))
print(Value.__doc__, inspect.signature(Value), Value.args.__doc__, Value.backward.__doc__ and Value.tanh.__doc__)
print([Value.__dict__[name].__doc__ for name in ("exp", "maximum", "where", "operate", "partials")])
wide = micrograd.where(x > 0.0, x, 2)
print(shown(wide), wide.args, wide.partials, attempt(lambda: assemble(TABLE["exp"], "a", (x,), (1.0,))) != 0)
x.colour, x.itself = "red", x
print(copy.copy(x).colour, copy.deepcopy(x).itself is not x, pickle.loads(pickle.dumps(x)).colour)
"""


def printed(program, pure):
    """What a program prints on a core."""
    environment = {**os.environ, "MICROGRAD_PURE": "1" if pure else "", "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", START + f"assert in_c() is {not pure}\n" + program],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs_c
@pytest.mark.parametrize("program", [EDGES, GRAPHS, HABITS], ids=["edges", "graphs", "habits"])
def test_both_cores_print_the_same(program):
    in_python, in_machine_code = printed(program, True), printed(program, False)
    assert len(in_python) > 20
    for a, b in zip(in_python, in_machine_code):
        assert a == b
    assert len(in_python) == len(in_machine_code)


ROWS = runpy.run_path(str(PACKAGE / "core" / "rows.py"))


@needs_c
def test_the_core_was_built_from_these_sources():
    from micrograd.core import _core

    assert _core.SOURCES.split() == list(ROWS["SOURCES"])
    assert _core.DIGEST == ROWS["digest"]([(PACKAGE / name).read_bytes() for name in ROWS["SOURCES"]])
    sources = [path.read_bytes() for path in ROWS["c_files"](PACKAGE)]
    assert _core.DIGEST_OF_C == ROWS["digest"](sources) or not sources, "build it again: pip install -e ."
    for content in (b"", b"1234567", b"12345678", b"123456789" * 100):
        assert _core.digest(content) == ROWS["digest"]([content])


@needs_c
def test_a_core_of_other_sources_is_left_out_with_a_warning(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "micrograd", ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / "micrograd" / "ops.py", "a", encoding="utf-8") as file:
        file.write("# edited\n")
    command = [sys.executable, "-c", "from micrograd.core import in_c; print(in_c())"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "MICROGRAD_PURE": ""}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert done.stderr.count("RuntimeWarning: functions.py, ops.py, engine.py are not") == 1


def rows_of(tmp_path, file, before, after):
    """The methods that have C where one line of a source is another."""
    for name in ROWS["SOURCES"]:
        text = (PACKAGE / name).read_text(encoding="utf-8")
        assert name != file or text.count(before) == 1
        (tmp_path / name).write_text(text.replace(before, after) if name == file else text, encoding="utf-8")
    return set(re.findall(r'{"(\w+)", ', ROWS["headers"](tmp_path)["rows.h"]))


EXP = "        return math.exp(x)\n    except OverflowError:\n        return "


@pytest.mark.parametrize(
    "file, before, after, gone",
    [
        ("ops.py", "(lambda x, out: sech2(x),)", "(lambda x, out: sum([sech2(x)]),)", {"tanh"}),
        ("ops.py", "(lambda x, out: cos(x),)", "(lambda x, out: [cos(x)][0],)", {"sin"}),
        ("functions.py", "return math.tan(x) if", "return math.tau + math.tan(x) if", {"tan"}),
        ("functions.py", EXP + "inf", EXP + "0.0", {"exp", "expm1", "sigmoid"}),  # and those that use it
        ("engine.py", "    tanh = unary(ops.TANH)", "    def tanh(self):\n        return self", {"tanh"}),
        ("engine.py", "    tanh = unary(ops.TANH)", "    tanh2 = unary(ops.TANH)", {"tanh"}),
    ],
)
def test_a_row_that_has_no_c_stays_in_python(tmp_path, file, before, after, gone):
    whole = rows_of(tmp_path, "engine.py", "import ops", "import ops")
    assert whole >= {"tanh", "sin", "exp", "hypot", "relu", "maximum"} and not whole & {"where", "add", "radd"}
    assert whole - rows_of(tmp_path, file, before, after) == gone


def test_operators_without_c_keep_the_core_from_being_built(tmp_path):
    with pytest.raises(ValueError, match="the core needs the rows mul, which"):
        rows_of(tmp_path, "ops.py", "(lambda x, y, out: y, lambda x, y, out: x)", "(lambda x, y, out: y, max)")


@needs_c
def test_threads_that_go_backward_in_graphs_that_share_inner_nodes():
    """Nothing else runs between two nodes of a walk."""
    x = Value(0.9, "x")
    shared = x
    for _ in range(300):
        shared = shared * 0.999 + x * 0.001
    roots = [shared * float(k) for k in range(1, 5)]
    roots[0].backward()
    slope, rounds = x.grad, 100
    x.grad = 0.0

    def work(root):
        for _ in range(rounds):
            root.backward()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(root,)) for root in roots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert x.grad == pytest.approx(rounds * slope * (1 + 2 + 3 + 4), rel=1e-12)


def test_cycles_that_a_user_makes_are_collected():
    class Marked(Value):
        __slots__ = ("__dict__", "__weakref__")

    alive = weakref.WeakSet()
    for _ in range(10):
        w = Marked(2.0)
        w.square = w * w  # leaf → attribute → node → leaf
        label = (w * 3.0).tanh()
        label.label = [label]  # by a label
        row = micrograd.ops.Op("own", "", lambda x, w=w: x, (1.0,), "")
        w.own = apply(row, (w,))  # by a row
        wide = micrograd.where(w, w, 1.0)
        w.wide = [wide]
        alive.add(w)
    del w, label, wide, row
    gc.collect()
    assert len(alive) == 0


def test_a_constructor_of_the_users_own_is_called(monkeypatch):
    made, init = [], Value.__init__

    def counting(self, *args, **options):
        made.append(args)
        init(self, *args, **options)

    monkeypatch.setattr(Value, "__init__", counting)
    assert (Value(1.0, "a").label, Value(-1).data, Value(label="b", data=2).label) == ("a", -1.0, "b")
    assert made == [(1.0, "a"), (-1,), ()]
    monkeypatch.undo()
    assert (Value(3, "c").label, len(made)) == ("c", 3)


def test_a_subclass_that_leaves_out_the_constructor_has_no_number():
    class Forgetful(Value):
        def __init__(self, data):
            self.colour = "red"

    x, y, bare = Forgetful(3.0), Value(1.0), Value.__new__(Value)
    of_bare = bare.tanh, lambda: 2.0 - bare, lambda: y * bare
    for f in (lambda: x.data, lambda: x.grad, lambda: x * 2.0, lambda: y - x, x.tanh, lambda: x == 0.0, *of_bare):
        with pytest.raises(AttributeError, match="no number yet|no attribute 'data'|no attribute 'grad'"):
            f()
    x.data = 2.0
    assert (x * y).data == 2.0


def test_operands_of_methods_have_no_names():
    with pytest.raises(TypeError, match="keyword argument"):
        Value(1.0).maximum(other=2.0)


def test_graphs_give_their_memory_back():
    x = Value(0.5)

    def build():
        y = x
        for _ in range(2000):
            y = (y * 1.001 + x).tanh()
        micrograd.where(y > 0.0, y, x).backward()

    build()
    before = sys.getallocatedblocks()
    for _ in range(20):
        build()
    assert abs(sys.getallocatedblocks() - before) < 200


@pytest.mark.parametrize("field, right", [("_a", 3.0), ("_a", "text"), ("_b", ()), ("_b", (1.0, "text")), ("op", None)])
def test_a_node_that_was_tampered_with_does_not_crash(field, right):
    x = Value(2.0)
    for node in (x * x, micrograd.where(x, x, x), x.tanh(), x):
        setattr(node, field, right)
        try:
            node.backward(), topological(node), inner_nodes(node), node.args, repr(node), node * 2.0
        except (TypeError, AttributeError):
            pass
