"""`State`: whether anything that a user's code can reach has changed, told without running that code."""

from __future__ import annotations

import abc
import collections
import contextlib
import contextvars
import copy
import ctypes
import dataclasses
import enum
import functools
import importlib
import math
import operator
import os
import pickle
import random
import subprocess
import sys
import threading
import types
import weakref
from array import array
from collections import OrderedDict, defaultdict, deque, namedtuple
from types import SimpleNamespace

import pytest

from micrograd import Value, losses, nn
from micrograd.compiler.scalar.undo import remember
from micrograd.compiler.state.libraries import library_of, of_library
from micrograd.compiler.state.names import modules_named, names_read
from micrograd.compiler.state.state import State

ALPHA = 1.0
BETA = 1.0  # no code names it but `change`


def seen(change, *codes, apart_from=()):
    """Whether the state of the codes holds until `change` is called, and not after; a new state holds again."""
    state, twin = State(*codes, apart_from=apart_from), State(*codes, apart_from=apart_from)
    assert state.holds() and twin.holds() and state.holds()
    change()
    assert state.holds() == twin.holds()
    assert State(*codes, apart_from=apart_from).holds()
    return not state.holds()


def setting(owner, **changes):
    """The change that sets attributes."""
    return lambda: [setattr(owner, name, value) for name, value in changes.items()]


# Where a number may stand


def test_a_number_in_a_dictionary():
    k = {"k": 1.0, "other": 0.0}
    assert seen(lambda: k.update(k=3.0), lambda row: k["k"] * row[0])
    assert seen(lambda: k.update(new=3.0), lambda row: k["k"] * row[0])
    assert seen(lambda: k.pop("new"), lambda row: k["k"] * row[0])
    ordered = {"a": 1.0, "b": 2.0}
    assert seen(lambda: ordered.update(a=ordered.pop("a")), lambda row: sum(ordered.values()))


@pytest.mark.parametrize("container, change", [
    ([1.0, 2.0], lambda x: x.__setitem__(0, 3.0)), ([1.0], lambda x: x.append(1.0)),
    ([1.0, 2.0], lambda x: x.reverse()),
    ([[1.0], [2.0]], lambda x: x[1].append(x[0].pop())), ({1.0}, lambda x: x.add(2.0)), ({1.0, 2.0}, lambda x: x.pop()),
    (deque([1.0, 2.0]), lambda x: x.rotate()), (([1.0], 2.0), lambda x: x[0].clear()),
    (frozenset([(1.0, 2.0)]), None), (OrderedDict(a=1.0, b=2.0), lambda x: x.move_to_end("a")),
    (defaultdict(float), lambda x: setattr(x, "default_factory", int)), (defaultdict(float), lambda x: x[1]),
    (array("d", [1.0]), lambda x: x.append(2.0)), (bytearray(b"ab"), lambda x: x.reverse()),
    ((ctypes.c_double * 2)(1.0, 2.0), lambda x: x.__setitem__(0, 3.0)),
    (ctypes.c_double(1.0), lambda x: setattr(x, "value", 2.0)),
    (collections.UserDict(a=1.0), lambda x: x.update(a=2.0)),
    (collections.ChainMap({"a": 1.0}), lambda x: x.update(a=2.0)),
    (collections.Counter(a=1), lambda x: x.update(a=2)), (os.environ, lambda x: x.update(MICROGRAD_TEST="1")),
])  # fmt: skip
def test_containers(container, change):
    assert seen(lambda: change and change(container), lambda row: container) == (change is not None)
    os.environ.pop("MICROGRAD_TEST", None)


def test_views_and_references():
    inside = {"k": 1.0}
    view = types.MappingProxyType(inside)
    assert seen(lambda: inside.update(k=2.0), lambda row: view["k"])
    values = inside.values()
    assert seen(lambda: inside.update(k=3.0), lambda row: sum(values))
    error, part = ValueError([1.0]), slice([1.0])
    assert seen(lambda: error.args[0].append(1.0), lambda row: error.args)
    assert seen(lambda: part.stop.append(1.0), lambda row: part.stop)
    variable = contextvars.ContextVar("variable", default=1.0)
    assert seen(lambda: variable.set(2.0), lambda row: variable.get())
    table = Line()
    reference = weakref.ref(table)
    assert seen(setting(table, k=2.0), lambda row: reference().k)


def test_a_number_in_a_closure():
    k = 1.0
    scale = Value(2.0)

    def change():
        nonlocal k
        k = 3.0

    def inner(x):
        return scale * x * k

    assert seen(change, lambda row: inner(row[0]))


def test_an_empty_cell():
    def fill():
        nonlocal late
        late = 1.0

    def code(row):
        return late * row[0]

    assert seen(fill, code)
    late = 2.0


def test_a_global_named_and_one_that_is_not():
    def change(name, value):
        return lambda: globals().__setitem__(name, value)

    def code(row):
        return [ALPHA * x for x in row]  # a function of its own up to 3.11

    assert seen(change("ALPHA", 2.0), code)
    assert not seen(change("BETA", 2.0), code)
    assert not seen(change("ALPHA", 2.0), code)
    assert seen(change("ALPHA", 1.0), lambda row: (lambda: code(row))())


def test_a_global_that_comes_later():
    scope = {"__name__": "later"}
    exec("def code(row):\n    return missing if 'missing' in globals() else 0.0", scope)
    assert seen(lambda: scope.update(missing=1.0), scope["code"])
    plain = {"__name__": "later"}
    exec("def code(row):\n    try:\n        return missing\n    except NameError:\n        return sum(row)", plain)
    assert not seen(lambda: plain.update(other=1.0), plain["code"])
    assert seen(lambda: plain.update(missing=1.0), plain["code"])
    assert seen(lambda: plain.update(sum=max), plain["code"])  # instead of the built-in function


def test_defaults():
    def code(row, k=1.0, *, m=1.0, table={"k": 1.0}):  # noqa: B006
        return row[0] * k * m

    assert seen(setting(code, __defaults__=(2.0,)), code)
    assert seen(lambda: code.__kwdefaults__.update(m=2.0), code)
    assert seen(lambda: code.__kwdefaults__["table"].update(k=2.0), code)
    assert seen(setting(code, __code__=(lambda row, k=1.0, *, m=1.0, table={}: 0.0).__code__), code)  # noqa: B006


def test_attributes_of_functions():
    def code(row):
        code.calls = code.calls2 = 1
        return code.k * row[0]

    code.k, code.other = 1.0, 1.0
    assert seen(setting(code, k=2.0), code)
    assert not seen(setting(code, other=2.0, calls=2), code)


class Line:
    """A model with state of every kind."""

    power = 1.0
    unread = 1.0

    def __init__(self):
        self.w, self.k, self.settings = Value(2.0), 1.0, {"k": 1.0}
        self._scale, self.last, self.table = 1.0, None, SimpleNamespace(k=1.0)

    @property
    def scale(self):
        return self._scale

    @staticmethod
    def fixed(x):
        return x

    def forward(self, x):
        self.last = x
        return self.w * x * self.k * self.power * self.scale * self.table.k

    def __call__(self, row):
        return self.fixed(self.forward(row[0]))


@pytest.mark.parametrize(
    "change, counts",
    [
        (lambda line: setattr(line, "k", 2.0), True),
        (lambda line: setattr(line, "last", 2.0), False),  # only stored
        (lambda line: setattr(line, "new", 2.0), False),
        (lambda line: line.settings.update(k=2.0), False),  # nothing names it
        (lambda line: setattr(line, "power", 2.0), True),  # in front of the class's
        (lambda line: setattr(line, "_scale", 2.0), True),
        (lambda line: setattr(line.table, "k", 2.0), True),
        (lambda line: setattr(line.table, "new", 2.0), False),
        (lambda line: delattr(line, "k"), True),
        (lambda line: setattr(line, "w", Value(2.0)), True),
        (lambda line: setattr(line, "forward", lambda x: x), True),
        (lambda line: setattr(line, "__dict__", dict(line.__dict__, k=3.0)), True),
        (lambda line: setattr(line, "__class__", type("Line", (Line,), {})), True),
    ],
)
@pytest.mark.parametrize(
    "code",
    [
        lambda line: line,
        lambda line: line.__call__,
        lambda line: lambda row: line(row),
        lambda line: functools.partial(line),
    ],
)
def test_attributes_of_objects(change, counts, code):
    line = Line()
    assert seen(lambda: change(line), code(line)) == counts


@pytest.mark.parametrize("name, value, counts", [
    ("power", 2.0, True), ("unread", 2.0, False), ("forward", lambda self, x: x, True),
    ("fixed", staticmethod(abs), True),
    ("scale", property(lambda self: 2.0), True), ("__call__", lambda self, row: row, True), ("new", 1.0, False),
    ("__getattr__", lambda self, name: 1.0, True), ("k", 1.0, True), ("last", 1.0, False),
])  # fmt: skip
def test_attributes_of_classes(monkeypatch, name, value, counts):
    assert seen(lambda: monkeypatch.setattr(Line, name, value, raising=False), Line()) == counts


def test_what_classes_compute():
    class Meta(type):
        inner = 1.0

        @property
        def k(cls):
            return cls.inner

    class Named:
        def __get__(self, owner, cls=None):
            return owner.hidden

    class Proxy(metaclass=Meta):
        named = Named()

        def __getattr__(self, name):
            return self.table[name]

    proxy = Proxy()
    proxy.table, proxy.hidden = {"k": 1.0}, 1.0
    assert seen(setting(Meta, inner=2.0), lambda row: Proxy.k)
    assert seen(setting(proxy, hidden=2.0), lambda row: proxy.named)
    assert seen(lambda: proxy.table.update(k=2.0), lambda row: proxy.absent)


def test_a_class_by_itself_and_bases():
    class Base:
        k = 1.0

    class Model(Base):
        @classmethod
        def run(cls, row):
            return cls.k * row[0]

        @functools.cached_property
        def cached(self):
            return ALPHA

    assert seen(setting(Base, k=2.0), Model.run)
    assert seen(setting(Base, k=1.0), lambda row: Model().run(row))
    assert seen(setting(Model, __bases__=(type("Other", (Base,), {}),)), Model.run)


def test_slots_and_private_names():
    class Model:
        __slots__ = ("__k", "other")

        def set(self, k):
            self.__k = k

        def __call__(self, row):
            return self.__k

    model = Model()
    assert seen(lambda: model.set(1.0), model)
    assert seen(lambda: model.set(2.0), model)
    assert not seen(setting(model, other=2.0), model)


def test_a_module(monkeypatch):
    cfg = types.ModuleType("cfg")
    cfg.alpha, cfg.other, cfg.inner = 1.0, 1.0, SimpleNamespace(k=1.0)
    assert seen(setting(cfg, alpha=2.0), lambda row: cfg.alpha)
    assert seen(setting(cfg.inner, k=2.0), lambda row: cfg.inner.k)
    assert not seen(setting(cfg, other=2.0), lambda row: cfg.alpha)
    assert seen(lambda: monkeypatch.setattr(math, "tau", 6.0), lambda row: math.tau)
    monkeypatch.setitem(sys.modules, "cfg_of_test", cfg)

    def from_import(row):
        from cfg_of_test import alpha

        return alpha

    def whole_import(row):
        import cfg_of_test as settings

        return settings.alpha

    assert seen(setting(cfg, alpha=3.0), from_import)

    def named_import(row):
        return importlib.import_module("cfg_of_test").alpha

    assert seen(setting(cfg, alpha=4.0), whole_import)
    assert seen(setting(cfg, alpha=5.0), named_import)
    assert seen(lambda: monkeypatch.setitem(sys.modules, "cfg_of_test", types.ModuleType("cfg")), from_import)


def test_a_module_that_computes_its_attributes():
    scope = {"__name__": "cfg", "_table": {"alpha": 1.0}}
    exec("def __getattr__(name):\n    return _table[name]", scope)
    cfg = types.ModuleType("cfg")
    cfg.__getattr__ = scope["__getattr__"]
    assert cfg.alpha == 1.0
    assert seen(lambda: scope["_table"].update(alpha=2.0), lambda row: cfg.alpha)


def test_the_environment(monkeypatch):
    from os import getenv

    assert seen(lambda: monkeypatch.setenv("MICROGRAD_TEST", "1"), lambda row: float(os.environ["MICROGRAD_TEST"]))
    assert seen(lambda: monkeypatch.setenv("MICROGRAD_TEST", "2"), lambda row: getenv("MICROGRAD_TEST"))


def test_modules_of_a_package():
    assert modules_named({"a.b", ""}, "pkg.inner") == ["a.b", "pkg", "pkg.inner", "pkg.a.b", "pkg.inner.a.b", "a"]
    assert modules_named(set(), "pkg") == []


def test_any_attribute_where_code_reflects():
    line = Line()
    assert seen(setting(line, last=2.0), lambda row, name="k": getattr(line, name))
    assert seen(setting(line, last=3.0), lambda row: vars(line))
    assert seen(setting(line, last=4.0), lambda row: line.__dict__)
    assert seen(setting(line, anew=4.0), lambda row: hasattr(line, "anew"))
    line.table.other = 1.0
    getter = operator.attrgetter("table.other")
    assert seen(setting(line.table, other=4.0), lambda row: getter(line))
    scope = {"k": 1.0}
    exec("def code(row):\n    return eval('k' + '*2')", scope)
    assert seen(lambda: scope.update(k=2.0), scope["code"])


def test_patterns():
    @dataclasses.dataclass
    class Point:
        x: float
        y: float

    point = Point(1.0, 2.0)
    scope = {"Point": Point, "point": point}
    exec("def code(row):\n    match point:\n        case Point(a, y=2.0):\n            return a", scope)
    assert seen(setting(point, x=2.0), scope["code"])
    assert seen(setting(point, y=3.0), scope["code"])


def test_operators_of_users():
    class Table:
        def __init__(self):
            self._items, self._size = {"k": 1.0}, 1

        def __getitem__(self, name):
            return self._items[name]

        def __len__(self):
            return self._size

    table = Table()
    assert seen(lambda: table._items.update(k=2.0), lambda row: table["k"])
    assert seen(setting(table, _size=2), lambda row: len(table))


def test_dataclasses_named_tuples_and_enums():
    @dataclasses.dataclass
    class Settings:
        k: float = 1.0
        schedule: list = dataclasses.field(default_factory=lambda: [1.0])

    settings = Settings()
    assert seen(setting(settings, k=2.0), lambda row: settings.k)
    assert seen(lambda: settings.schedule.append(1.0), lambda row: settings.schedule[-1])
    Pair = namedtuple("Pair", "a b")
    pair = Pair([1.0], 2.0)
    assert seen(lambda: pair.a.append(2.0), lambda row: pair.a[0])

    class Mode(enum.Enum):
        TRAIN = 1
        TEST = 2

    mode = {"mode": Mode.TRAIN}
    assert not seen(lambda: mode.update(mode=Mode(1)), lambda row: mode["mode"] is Mode.TRAIN)
    assert seen(lambda: mode.update(mode=Mode.TEST), lambda row: mode["mode"] is Mode.TRAIN)


def test_subclasses_of_containers_are_read_by_their_base():
    class Hostile(list):
        def __iter__(self):
            raise RuntimeError

        __len__ = __getitem__ = __eq__ = __iter__

    weights = Hostile([1.0])
    weights.k = 1.0

    class Names(dict):
        __iter__ = __getitem__ = get = keys = items = Hostile.__iter__

    assert seen(lambda: weights.append(2.0), lambda row: list.__getitem__(weights, 0) * weights.k)
    assert seen(setting(weights, k=2.0), lambda row: list.__getitem__(weights, 0) * weights.k)
    weights.__dict__ = Names(k=1.0)
    assert seen(lambda: dict.update(weights.__dict__, k=2.0), lambda row: weights.k)


def test_decorated_and_bound():
    def twice(f):
        @functools.wraps(f)
        def wrapper(*args):
            return factor * f(*args)

        factor = Value(2.0)
        return wrapper

    k = [1.0]

    @twice
    @functools.lru_cache(maxsize=None)
    def code(row):
        return k[0]

    assert seen(lambda: k.append(2.0), code)
    settings = {"k": 1.0}
    get = settings.get
    assert seen(lambda: settings.update(k=2.0), lambda row: get("k"))
    np = pytest.importorskip("numpy")
    vectorized = np.vectorize(lambda x: x * k[0])
    assert seen(lambda: k.append(2.0), lambda row: vectorized(row))
    table = {"k": [1.0]}
    partly = functools.partial(lambda row, t: t["k"][0], t=table)
    assert seen(lambda: table["k"].append(1.0), partly)
    assert seen(lambda: partly.keywords.update(t={}), partly)


def test_functions_made_by_the_standard_library():
    k = [1.0]

    @contextlib.contextmanager
    def scope():
        yield k[0]

    @functools.singledispatch
    def chosen(x):
        return k[0]

    class Base(metaclass=abc.ABCMeta):
        @abc.abstractmethod
        def scaled(self, factor, row):
            raise NotImplementedError

    class Model(Base):
        def scaled(self, factor, row):
            return factor[0] * row[0] * self.factor

        factor = 1.0
        twice = functools.partialmethod(scaled, [2.0])

    def managed(row):
        with scope() as found:
            return found

    def generated(row):
        def numbers():
            yield from k

        return sum(numbers())

    model = Model()
    for code in (managed, chosen, generated, lambda row: functools.reduce(operator.mul, k)):
        assert seen(lambda: k.append(1.0), code)
    assert seen(lambda: chosen.register(list, lambda x: 2.0), lambda row: chosen(row))
    assert seen(setting(Model, factor=2.0), lambda row: model.twice(row))
    assert seen(lambda: vars(Model)["twice"].args[0].append(1.0), lambda row: model.twice(row))


def test_our_losses_and_penalties_hold_settings(monkeypatch):
    wide = functools.partial(losses.huber, delta=2.0)
    assert seen(lambda: wide.keywords.update(delta=3.0), wide)
    penalty = losses.l2(0.5)
    assert seen(lambda: setattr(penalty.__closure__[0], "cell_contents", 1.0), penalty)
    assert seen(lambda: monkeypatch.setitem(losses.huber.__kwdefaults__, "delta", 2.0), losses.huber)


# Numbers


@pytest.mark.parametrize("before, after, counts", [
    (float("nan"), float("nan") * 1.0, False), (0.0, -0.0, True), (1, True, True), (1, 1.0, True), (1.0, 1.5, True),
    (10**30, 10**29 * 10, False), ("ab", "".join("ab"), False), (b"ab", "ab", True), (None, False, True),
    (1j, 1.0, True), (complex(0.0, 0.0), complex(0.0, -0.0), True), (complex(1.0, 2.0), complex(1.0, 2.0), False),
    (1.25e300, float("1.25e300"), False),
    ([1.0], [1.0], True),  # another list
])  # fmt: skip
def test_numbers_by_type_and_bits(before, after, counts):
    k = [before]
    assert seen(lambda: k.__setitem__(0, after), lambda row: k[0]) == counts


def test_numpy():
    np = pytest.importorskip("numpy")
    x = np.arange(6.0).reshape(2, 3)

    def code(row):
        return x[0, 0] * row[0]

    assert seen(lambda: x.__setitem__((1, 1), -1.0), code)
    assert seen(lambda: x.__setitem__((0, 0), -0.0), code)
    assert not seen(lambda: x.__setitem__((0, 0), -0.0), code)
    assert seen(lambda: x.resize((3, 2), refcheck=False), code)
    x = np.zeros(10**5)
    assert seen(lambda: x.__setitem__(99_999, 1e-300), code)
    x = np.zeros((4, 4))[::2, ::2]
    assert seen(lambda: x.__setitem__((1, 1), 1.0), code)
    x = np.array([Value(1.0), [2.0]], dtype=object)
    assert seen(lambda: x[1].append(1.0), code)
    assert seen(lambda: setattr(x[0], "data", 2.0), code)
    assert seen(lambda: x.__setitem__(0, Value(2.0)), code)
    x = np.zeros(2, dtype=[("k", float)])
    assert seen(lambda: x["k"].__setitem__(0, 1.0), code)
    x = x[0]
    assert seen(lambda: x.__setitem__("k", 2.0), code)
    x = [np.float64(1.5)]
    assert not seen(lambda: x.__setitem__(0, np.float64(1.5)), code)
    assert seen(lambda: x.__setitem__(0, np.float32(1.5)), code)
    assert seen(lambda: x.__setitem__(0, 1.5), code)


def test_pandas():
    pd = pytest.importorskip("pandas")

    class Mine(pd.DataFrame):
        def __array__(self, *args, **options):
            raise RuntimeError("never run")

    for make in (pd.DataFrame, Mine):
        frame = make({"a": [1.0, 2.0], "b": [3.0, 4.0]})
        assert seen(lambda: frame.__setitem__("a", [1.0, 3.0]), lambda row: frame["a"][0])  # noqa: B023
        assert seen(lambda: setattr(frame, "columns", ["b", "a"]), lambda row: frame["a"][0])  # noqa: B023
    series = pd.Series([1.0, 2.0], index=["a", "b"])
    assert seen(lambda: series.__setitem__("a", 5.0), lambda row: series["a"])


# Values


def test_values_that_are_no_parameters():
    w, k = Value(1.0), Value(2.0)
    inner = k * k

    def code(row):
        return w * row[0] + k + inner

    state = State(code, apart_from=[w])
    assert len(state.built) == 1 and state.built[0] is inner
    assert seen(setting(k, data=3.0), code, apart_from=[w])
    assert seen(setting(inner, data=3.0), code, apart_from=[w])
    assert not seen(setting(w, data=3.0, grad=1.0), code, apart_from=[w])
    assert not seen(setting(k, grad=3.0, label="k"), code, apart_from=[w])
    assert not seen((w * k).backward, code, apart_from=[w])
    assert seen(setting(w, data=4.0), code)


def test_a_value_replaced_by_another():
    weights = [Value(1.0), Value(2.0)]
    parameters = list(weights)
    assert seen(lambda: weights.__setitem__(1, Value(2.0)), lambda row: weights[1], apart_from=parameters)
    assert seen(lambda: weights.reverse(), lambda row: weights[1], apart_from=parameters)


def test_labels_and_attributes_of_parameters():
    ps = [Value(1.0, "w"), Value(2.0, "b")]

    def labelled(parameters):
        return sum(p * p for p in parameters if p.label == "w")

    def marked(parameters):
        return sum(p * p for p in parameters if not hasattr(p, "frozen"))

    assert seen(setting(ps[1], label="w"), labelled, apart_from=ps)
    assert seen(setting(ps[1], frozen=True), marked, apart_from=ps)
    assert seen(setting(ps[1], frozen=False), marked, apart_from=ps)
    assert not seen(setting(ps[1], other=False), marked, apart_from=ps)
    assert not seen(setting(ps[1], frozen=None), labelled, apart_from=ps)


def test_values_of_a_class_of_the_users():
    class Weight(Value):
        decay = 1.0

    w = Weight(1.0)
    w.scale = 1.0

    def code(row):
        return w * w.scale * w.decay * row[0]

    assert not seen(setting(w, data=3.0, grad=1.0), code, apart_from=[w])
    assert seen(setting(w, scale=3.0), code, apart_from=[w])
    assert seen(setting(Weight, decay=3.0), code, apart_from=[w])
    assert seen(setting(w, data=4.0), code)


def test_our_layers(monkeypatch):
    model = nn.MLP(2, [3, 1], generator=random.Random(0))
    ps = model.parameters()

    def seen_in_model(change):
        return seen(change, model, losses.squared_error, apart_from=ps)

    def step():
        (model([1.0, 2.0]) ** 2).backward()
        for p in ps:
            p.data -= 0.1 * p.grad

    assert not seen_in_model(step)
    assert not seen_in_model(setting(model, note="kept here"))
    assert seen_in_model(setting(model.layers[0].neurons[1], b=None))
    assert seen_in_model(lambda: model.layers[0].neurons[1].w.__setitem__(0, Value(1.0)))
    assert seen_in_model(lambda: model.layers.append(nn.Layer(1, 1)))
    assert seen_in_model(setting(model.layers[0].neurons[0], _function=None))
    assert seen_in_model(lambda: monkeypatch.setattr(nn.Neuron, "__call__", lambda self, x: x[0]))
    assert seen_in_model(lambda: model.layers[0].neurons.__setitem__(0, lambda x: ALPHA * x[0]))
    assert seen_in_model(lambda: globals().__setitem__("ALPHA", ALPHA + 1.0))


def test_a_module_of_the_users():
    class Mine(nn.Module):
        def __init__(self):
            self.layers, self.scale, self.last = [nn.MLP(1, [1])], 1.0, None

        def __call__(self, row):
            for layer in self.layers:
                self.last = layer(row)
            return self.scale * layer(row)

        def parameters(self):
            return [p for layer in self.layers for p in layer.parameters()]

    class Scaled(nn.MLP):
        def __call__(self, row):
            self.last = row
            return super().__call__(row) * self.scale

    model = Mine()
    ps = model.parameters()
    assert not seen(lambda: model([1.0]), model, apart_from=ps)
    assert seen(setting(model, scale=2.0), model, apart_from=ps)
    assert seen(lambda: model.layers.append(nn.MLP(1, [1])), model, apart_from=ps)
    scaled = Scaled(1, [1])
    scaled.scale = 1.0
    assert not seen(lambda: scaled([1.0]), scaled, apart_from=scaled.parameters())
    assert seen(setting(scaled, scale=2.0), scaled, apart_from=scaled.parameters())
    neuron = scaled.layers[0].neurons[0]
    assert seen(setting(neuron, nonlin=True, _function=abs), scaled, apart_from=scaled.parameters())


# What never happens


def test_no_code_of_users_runs():
    class Hostile:
        def refuse(self, *args):
            raise RuntimeError("never run")

        __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __repr__ = refuse
        __getattribute__ = __hash__ = __str__ = __dir__ = __call__ = __float__ = __index__ = __reduce_ex__ = refuse
        __array__ = __reduce__ = __getattr__ = __get__ = refuse
        __class__ = __dict__ = k = property(refuse)

    class Meta(type):
        def __getattribute__(cls, name):
            raise RuntimeError("never run")

        __eq__ = __hash__ = __instancecheck__ = __subclasscheck__ = __call__ = __getattribute__

    hostile = Hostile()
    held = [hostile, {1.0: hostile}, (hostile,)]
    assert seen(lambda: held.pop(), lambda row: held[0].k, hostile, Hostile)
    assert not seen(lambda: None, hostile)
    odd = Meta("Odd", (), {"k": 1.0})
    assert not seen(lambda: None, lambda row: (odd, odd.k))


def test_what_is_out_of_reach_counts_by_identity(tmp_path):
    generator, stream, lock = random.Random(0), (tmp_path / "file").open("w"), threading.Lock()
    numbers, local = iter([1.0, 2.0]), threading.local()
    held = [generator, stream, lock, numbers, (x for x in [1.0]), local, random, sys, object(), type, (1).__add__, len]

    def change():
        generator.random(), generator.gauss(0, 1), stream.write("a"), next(numbers), random.gauss(0, 1)

    generator.scale = 1.0
    assert seen(setting(generator, scale=2.0), lambda row: held[0].scale)
    with stream:
        assert not seen(change, lambda row: held[0].random() + random.gauss(0, 1))
        assert seen(lambda: held.__setitem__(0, random.Random(0)), lambda row: held[0].random())


def test_nothing_at_all_and_no_code():
    assert State().holds() and State(None).holds() and State(None, 3.0, "text", len).holds()
    assert State().built == []


def test_a_copy_does_not_hold():
    k = {"k": 1.0}
    state = State(lambda row: k["k"])
    assert state.holds()
    assert not copy.deepcopy(state).holds() and not copy.copy(state).holds()
    assert not pickle.loads(pickle.dumps(state)).holds()
    assert state.holds()


def test_what_was_reached_is_kept_so_that_no_identity_is_taken_twice():
    k = [Value(1.0)]

    def code(row):
        return k[0]

    state = State(code)
    for _ in range(100):
        k[0] = Value(1.0)
        assert not state.holds()


def test_a_state_that_comes_back_holds():
    k = {"k": 1.0}
    state = State(lambda row: k["k"])
    k["k"] = 2.0
    assert not state.holds()
    k["k"] = 1.0
    assert state.holds()


# Size


def holds_until(change, code):
    """Whether one state holds, and does not after the change."""
    state = State(code)
    before = state.holds()
    change()
    return before and not state.holds()


def test_large():
    many = [float(i) for i in range(10**6)]
    assert holds_until(lambda: many.__setitem__(999_999, 0.0), lambda row: many[0])
    objects = [SimpleNamespace(k=1.0) for i in range(10**5)]
    assert holds_until(setting(objects[-1], k=2.0), lambda row: objects[0].k)


def test_deep():
    deep = bottom = []
    for _ in range(10**5):
        deep = [deep]
    assert holds_until(lambda: bottom.append(1.0), lambda row: deep)
    chain = last = Line()
    for _ in range(10**4):
        chain = SimpleNamespace(below=chain)
    assert holds_until(setting(last, k=2.0), lambda row: chain.below.k)


def test_recursive_and_shared():
    a = [1.0]
    a.append(a)
    d = {"a": a}
    d["d"] = d
    assert seen(lambda: a.append(1.0), lambda row: d["d"]["a"])
    shared = [1.0]
    for _ in range(100):  # 2¹⁰⁰ ways lead to it
        shared = [shared, shared]
    bottom = shared
    while type(bottom[0]) is list:
        bottom = bottom[0]
    assert seen(lambda: bottom.append(1.0), lambda row: shared)


# Names


def test_names_of_code():
    def code(row):
        global stored
        stored = row.loaded
        row.kept = ALPHA
        del row.gone
        import os.path as somewhere

        return [inner.deep for inner in row], "word", somewhere, print

    names = names_read(code.__code__)
    assert names.globals == {"ALPHA", "print"}
    assert names.attributes - {"path"} == {"loaded", "deep", "word"}
    assert names.imports == {"os.path"}
    assert not names.reflects and not names.evaluates
    assert names_read(code.__code__) is names


def test_whose_code():
    assert of_library(os.__file__) and of_library(losses.__file__) and of_library(pytest.__file__)
    assert not of_library(__file__) and not of_library("<stdin>") and not of_library("<ipython-input-1>")
    beside = os.path.join(os.path.dirname(os.__file__), "script_of_a_user.py")
    assert not of_library(beside)
    assert of_library("<frozen os>")
    assert library_of("random") == "random" and library_of("builtins") == "builtins" and library_of("micrograd.nn")
    assert library_of(__name__) == "" and library_of("__main__") == "" and library_of(None) == ""


def test_the_same_in_every_process():
    source = """
from micrograd import nn, losses
from micrograd.compiler.state.state import State
import random
k = {"a", "b", "c"}
model = nn.MLP(2, [3, 1])
state = State(lambda row: model(row) if "a" in k else 0.0, losses.squared_error, apart_from=model.parameters())
print(state.holds(), len(state._reads), sum(len(now) for read, source, now in state._reads))
"""
    outputs = set()
    for seed in "123":
        run = {"env": {**os.environ, "PYTHONHASHSEED": seed}, "capture_output": True, "text": True}
        outputs.add(subprocess.run([sys.executable, "-c", source], **run).stdout)
    assert len(outputs) == 1 and outputs.pop().startswith("True")


def test_code_that_reaches_too_much_is_traced_every_time(monkeypatch):
    from micrograd.compiler.state import walk as state_walk

    monkeypatch.setattr(state_walk, "MOST", 100)
    many = [[float(i)] for i in range(200)]
    state = State(lambda x: many[0][0] * x)
    assert not state.holds() and state.built == []


def test_a_module_that_the_code_imports_stays_in_its_package():
    """NumPy imports numpy.random when it is first asked for, and cannot do so twice."""
    import wsgiref

    vars(wsgiref).pop("headers", None)
    sys.modules.pop("wsgiref.headers", None)
    undo = remember(State(lambda: (wsgiref.headers, wsgiref.other)))
    importlib.import_module("wsgiref.headers")
    wsgiref.other = 1
    undo.all()
    assert wsgiref.headers is sys.modules["wsgiref.headers"] and not hasattr(wsgiref, "other")
