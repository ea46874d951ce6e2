"""Scalar programs: entries compute what the graph says, on every backend, and grow with the graph."""

import cProfile
import itertools
import math
import platform
import random
from importlib.util import find_spec

import pytest
from same import near, same
from test_targets import EXACT, GRID, points

from micrograd.ops import TABLE

np = pytest.importorskip("numpy")

from micrograd.compiler.backends import player_of  # noqa: E402
from micrograd.compiler.entries import entries_of  # noqa: E402
from micrograd.compiler.entries.kinds import SUM, Kind, is_pair  # noqa: E402
from micrograd.compiler.scalar.graph import Graph  # noqa: E402

BACKENDS = ["numpy", "llvm"] if find_spec("llvmlite") else ["numpy"]
without_llvm = pytest.mark.skipif(find_spec("llvmlite") is None, reason="llvmlite is not installed")
CLOSE = 4.0  # units in the last place


def inputs(graph, count):
    return [graph.leaf("input", i) for i in range(count)]


def plain(graph, leaves, numbers, ends):
    """The numbers of the ends, node by node."""
    found = dict(zip(leaves, numbers))
    for node, (kind, args) in enumerate(zip(graph.kind, graph.args)):
        if node not in found:
            found[node] = args[0] if kind == "constant" else TABLE[kind].forward(*[found[i] for i in args])
    return [found[end] for end in ends]


def played(graph, leaves, numbers, ends, backend):
    entries = entries_of(graph, leaves, ends)
    w, run = player_of(entries, backend, cache=False).workspace()
    w[: len(leaves)] = numbers
    run()
    return w[entries.outputs].tolist()


def chain(length):
    graph = Graph()
    leaves = a, b = inputs(graph, 2)
    s = a
    for _ in range(length):
        s = graph.apply("add", (graph.apply("sin", (graph.apply("mul", (a, s)),)), b))
    return graph, leaves, [s]


def layers(count, width):
    """Layers of tanh(w x + b) over all, whose groups are regular, and long sums."""
    graph = Graph()
    leaves = inputs(graph, 2 * width)
    values = leaves[:width]
    for layer in range(count):
        scaled = [graph.apply("mul", (w, v)) for w, v in zip(leaves[width:], values[layer % 3 :] + values[: layer % 3])]
        total = scaled[0]
        for term in scaled[1:]:
            total = graph.apply("add", (total, term))
        values = [graph.apply("tanh", (graph.apply("add", (v, total)),)) for v in scaled]
    return graph, leaves, [*values, total]


def irregular(count, seed=0):
    draw, graph = random.Random(seed), Graph()
    leaves = inputs(graph, 6)
    nodes = [*leaves, graph.constant(0.5), graph.constant(-1.25)]
    names = [name for name in TABLE if name not in ("pow", "exp", "expm1", "sinh", "cosh", "tan", "div")]
    for _ in range(count):
        name = draw.choice([*names, *["add", "sub", "mul"] * 9])
        nodes.append(graph.apply(name, tuple(draw.choice(nodes[-12:]) for _ in TABLE[name].partials)))
    return graph, leaves, draw.sample(nodes, 9)


def bits(numbers):
    """Equal for numbers that are the same to the bit; a nan has no sign to speak of."""
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()


GRAPHS = {
    "chain": lambda: chain(40),
    "layers": lambda: layers(4, 16),
    "wide layers": lambda: layers(3, 70),
    **{f"irregular {seed}": lambda seed=seed: irregular(30 * seed + 3, seed) for seed in range(8)},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_played_as_node_by_node(name, backend):
    graph, leaves, ends = GRAPHS[name]()
    draw = random.Random(1)
    for _ in range(3):
        numbers = [draw.uniform(-1.5, 1.5) for _ in leaves]
        expected = plain(graph, leaves, numbers, ends)
        found = played(graph, leaves, numbers, ends, backend)
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
        assert all(map(math.isfinite, expected)) or name.startswith("irregular")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", TABLE)
def test_every_row_alone_and_in_groups(name, backend):
    """Alone, a few, and many at a time: to the bit for arithmetic and choices, on numbers of all kinds."""
    grid = points(TABLE[name], GRID)[::3]
    graph, operands = Graph(), len(TABLE[name].partials)
    for count in (1, 3, len(grid)):
        graph = Graph()
        leaves = inputs(graph, operands * count)
        columns = [leaves[i * count : (i + 1) * count] for i in range(operands)]
        ends = [graph._node(name, args, (name, args), True) for args in zip(*columns)]  # as it is, not simplified
        for at in range(0, len(grid) - count + 1, count * (7 if count < 4 else 1)):
            chosen = grid[at : at + count]
            numbers = [point[i] for i in range(operands) for point in chosen]
            ulps = 0.0 if name in EXACT else CLOSE
            for point, found in zip(chosen, played(graph, leaves, numbers, ends, backend)):
                assert near(found, TABLE[name].forward(*point), ulps), (point, found)


@pytest.mark.parametrize("backend", BACKENDS)
def test_pairs_are_rounded_as_their_rows(backend):
    """So x·x − y·y is 0 where x is y, and never nan below a root."""
    draw = random.Random(2)
    for outer, inner in [(a, b) for a, b in itertools.product(TABLE, TABLE) if is_pair(a, b)]:
        for at in range(len(TABLE[outer].partials)):
            graph = Graph()
            leaves = inputs(graph, 3)
            inside = graph.apply(inner, tuple(leaves[: len(TABLE[inner].partials)]))
            args = [leaves[2]] * len(TABLE[outer].partials)
            args[at] = inside
            end = graph._node(outer, tuple(args), (outer, args[at], at), True)  # as it is, not simplified
            entries = entries_of(graph, leaves, [end])
            assert len(entries) == 1 and entries.kinds[entries.kind[0]].inside == inner
            numbers = [draw.uniform(0.1, 3.0) for _ in range(2)] + [0.01]
            assert same(*played(graph, leaves, numbers, [end], backend), *plain(graph, leaves, numbers, [end]))
    graph = Graph()
    x, y = inputs(graph, 2)
    ends = [graph.apply("sub", (graph.apply("mul", (x, x)), graph.apply("mul", (y, y))))]
    assert played(graph, [x, y], [0.1, 0.1], ends, backend) == [0.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_sums(backend):
    """Of many terms side by side, scattered, and of −0 alone."""
    for gap, count in itertools.product((1, 3), (9, 10, 17, 64, 65)):
        graph = Graph()
        leaves = inputs(graph, gap * count)
        total = leaves[0]
        for term in leaves[gap::gap]:
            total = graph.apply("add", (total, term))
        entries = entries_of(graph, leaves, [total])
        assert [kind.row for kind in entries.kinds if len(entries) == 1] == ([SUM] if count > 9 else [])
        assert played(graph, leaves, range(gap * count), [total], backend) == [gap * count * (count - 1) / 2]
        assert math.copysign(1.0, played(graph, leaves, [-0.0] * (gap * count), [total], backend)[0]) == -1.0


def test_results_stand_at_the_end():
    graph, leaves, ends = layers(1, 16)
    entries = entries_of(graph, leaves, ends)
    assert entries.block == (entries.size - 17, 17)
    assert entries_of(graph, leaves, [ends[0], ends[0]]).block is None
    assert entries_of(graph, leaves, leaves[3:5]).block == (3, 2)
    assert entries_of(graph, leaves, []).block is None
    both = entries_of(graph, leaves, [graph.constant(3.0), ends[0], leaves[1]])
    assert both.constants == [(32, 3.0)] and both.outputs.tolist()[::2] == [32, 1]


def test_an_end_that_needs_another_leaf_is_an_error():
    graph, leaves, ends = chain(3)
    with pytest.raises(ValueError, match="needs input 1, node 1"):
        entries_of(graph, leaves[:1], ends)


def test_runs_and_printing():
    graph, leaves, ends = layers(1, 12)
    lines = str(entries_of(graph, leaves, ends)).splitlines()
    assert lines == [
        "24 numbers given, 0 constants, 37 entries",
        "w[24:36] = mul(w[12:24], w[0:12])",
        "w[60] = sum of 12: w[24:36]",
        "w[36:48] = add(w[24:36], w[60])",
        "w[48:60] = tanh(w[36:48])",
        "results in w[48:61]",
    ]


def test_functions_wait_for_their_like():
    """Those along a chain whose results are added at the end are computed together."""
    graph = Graph()
    leaves = a, b = inputs(graph, 2)
    s, total = a, a
    for _ in range(12):
        s = graph.apply("add", (graph.apply("mul", (a, s)), b))
        total = graph.apply("add", (total, graph.apply("log", (s,))))
    entries = entries_of(graph, leaves, [total, graph.apply("log", (graph.apply("exp", (s,)),))])
    logs = [group for group, kind in zip(entries.group, entries.kind) if entries.kinds[kind].row == "log"]
    assert len(logs) == 13 and len(set(logs)) == 2
    assert played(graph, leaves, [0.5, 1.0], [total], "numpy") == plain(graph, leaves, [0.5, 1.0], [total])


@pytest.mark.parametrize("backend", BACKENDS)
def test_work_grows_with_the_graph(backend):
    """Calls of functions, since clocks lie; and a chain of 20,000 steps runs, without recursion."""

    def calls(made):
        profile = cProfile.Profile()
        profile.runcall(lambda: player_of(entries_of(*made), backend).workspace())
        return sum(entry.callcount for entry in profile.getstats())

    for make, sizes in ((chain, (100, 1000)), (irregular, (200, 2000)), (lambda n: layers(n, 20), (5, 50))):
        few, many = (calls(make(size)) for size in sizes)
        assert many < 11 * few + 1000
    graph, leaves, ends = chain(20_000)
    assert math.isfinite(played(graph, leaves, [0.9, 0.3], ends, backend)[0])


@without_llvm
class TestMachine:
    """Played by machine code: on other processors, without tail calls, in threads, in pieces."""

    def processors(self):
        """This one, and what it has of those with shorter vectors."""
        from micrograd.compiler.llvm.native.machine_code import Processor, host

        found = {"host": host(), "SSE2": Processor("x86-64", "")}
        if "+avx2" in host().features:
            found["AVX2"] = Processor("haswell", "+avx,+avx2,+fma")
        if "+avx512f" in host().features:
            found["AVX-512"] = Processor("skylake-avx512", "+avx,+avx2,+fma,+avx512f,+avx512dq,+avx512vl")
        return found if platform.machine() in ("x86_64", "AMD64") else {"host": host()}

    @pytest.mark.parametrize("tail", [True, False])
    @pytest.mark.parametrize("name", ["layers", "wide layers", "irregular 5", "chain"])
    def test_every_processor_plays_the_same(self, name, tail):
        from micrograd.compiler.llvm.machine.player import LlvmPlayer

        graph, leaves, ends = GRAPHS[name]()
        entries = entries_of(graph, leaves, ends)
        numbers = [0.3 + 0.01 * i for i in range(len(leaves))]
        expected = plain(graph, leaves, numbers, ends)
        for processor in self.processors().values():
            w, run = LlvmPlayer(entries, processor=processor, tail=tail).workspace()
            w[: len(leaves)] = numbers
            run()
            assert w[entries.outputs].tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)

    @pytest.mark.parametrize("form", ["one", "run", "each"])
    def test_handlers_of_another_architecture_jump_to_the_next(self, form):
        import llvmlite.binding as binding

        from micrograd.compiler.llvm.machine.handlers import handler

        binding.initialize_all_targets()
        binding.initialize_all_asmprinters()
        try:
            target = binding.Target.from_triple("aarch64-unknown-linux-gnu")
        except RuntimeError:
            pytest.skip("llvmlite has no AArch64")
        machine = target.create_target_machine(features="+neon", opt=2)
        for kind in (Kind("mul"), Kind("sin"), Kind("add", "mul", 0)):
            module = binding.parse_assembly(handler(kind, form, 1, 2, True))
            module.triple, module.data_layout = machine.triple, str(machine.target_data)
            module.verify()
            assert machine.emit_object(module) and "\tbr\t" in machine.emit_assembly(module)

    def test_threads_have_workspaces_of_their_own(self):
        from concurrent.futures import ThreadPoolExecutor

        graph, leaves, ends = irregular(300, 4)
        entries = entries_of(graph, leaves, ends)
        player = player_of(entries, "llvm")

        def some(seed):
            w, run = player.workspace()
            found = []
            for k in range(40):
                w[: len(leaves)] = 0.01 * seed + 0.001 * k
                run()
                found.append(w[entries.outputs].tolist())
            return found

        alone = [some(seed) for seed in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert repr(list(pool.map(some, range(4)))) == repr(alone)

    def test_long_programs_are_played_in_pieces(self, monkeypatch):
        from micrograd.compiler.llvm.machine import player as code
        from micrograd.compiler.llvm.machine.player import LlvmPlayer

        graph, leaves, ends = GRAPHS["layers"]()
        entries = entries_of(graph, leaves, ends)
        found = []
        for most in (code.PIECE, 5, 1, len(entries)):
            monkeypatch.setattr(code, "PIECE", most)
            player = LlvmPlayer(entries)
            w, run = player.workspace()
            w[: len(leaves)] = 0.7
            run()
            found.append((w[entries.outputs].tolist(), len(player.code.firsts)))
        assert found[0][1] == 1 and 1 < found[1][1] < found[2][1]
        assert all(numbers == found[0][0] for numbers, _ in found)

    def test_a_row_of_the_users(self, monkeypatch):
        """By its definition where it has one, else by its function; another row of the name is another handler."""
        from micrograd.ops import Op

        def no_function(x):
            raise AssertionError("called number by number")

        graph = Graph()
        leaves = inputs(graph, 12)
        for scale in (3.0, 5.0):
            for definition in (None, lambda x, scale=scale: scale * x * x):
                forward = no_function if definition else lambda x, scale=scale: scale * x * x
                monkeypatch.setitem(TABLE, "mine", Op("mine", "", forward, (1.0,), "", definition=definition))
                ends = [graph.apply("mine", (leaf,)) for leaf in leaves]
                for few in (1, 12):
                    found = played(graph, leaves, [0.5 * i for i in range(12)], ends[:few], "llvm")
                    assert found == [scale * 0.25 * i * i for i in range(few)]

    def test_results_stay_while_the_function_is_there(self):
        graph, leaves, ends = chain(3)
        run = player_of(entries_of(graph, leaves, ends), "llvm").workspace()[1]
        for _ in range(100):
            run()
        assert run.keeps[0][:2].tolist() == [0.0, 0.0]

    def test_calls_are_used_again(self):
        """So a process may make functions for ever."""
        graph, leaves, ends = chain(3)
        player = player_of(entries_of(graph, leaves, ends), "llvm")
        held = [player.workspace() for _ in range(40)]
        before = len(player.library.spare)
        for _ in range(100):
            player.workspace()
        assert len(player.library.spare) == before
        del held
        assert len(player.library.spare) == before + 40

    @pytest.mark.parametrize("name", [*GRAPHS, "long"])
    def test_emitted_code_computes_what_is_played_to_the_bit(self, name, monkeypatch):
        from micrograd.compiler.llvm.machine import emission, player

        monkeypatch.setattr(emission, "PART", 30)
        monkeypatch.setattr(emission, "TOGETHER", 3)
        monkeypatch.setattr(emission, "pays", lambda code: True)
        monkeypatch.setattr(player, "pays", lambda code: True)
        monkeypatch.setattr(player, "EARNED", 3)
        graph, leaves, ends = GRAPHS[name]() if name in GRAPHS else irregular(3000, 9)
        for tail in (True, False):
            one = player.LlvmPlayer(entries_of(graph, leaves, ends), cache=False, tail=tail)
            w, run = one.workspace()
            found = []
            for k in range(5):  # the third is the first that is emitted
                w[:] = np.where(np.arange(len(w)) < len(leaves), 0.31, w)
                made = one.entries.made
                w[made] = 7.0
                run()
                found.append(bits(w[one.entries.outputs]))
                assert (one._emitted is not None) == (k > 1)
            assert len(set(found)) == 1
            again, run = one.workspace()
            again[: len(leaves)] = 0.31
            run()
            assert bits(again[one.entries.outputs]) == found[0]

    def test_ctrl_c_while_code_is_emitted_comes_after_the_play(self, monkeypatch):
        from micrograd.compiler.llvm.machine import library, player

        def interrupted(self):
            raise KeyboardInterrupt

        told = []
        monkeypatch.setattr(player, "EARNED", 1)
        monkeypatch.setattr(player, "pays", lambda code: True)
        monkeypatch.setattr(player.LlvmPlayer, "emitted", interrupted)
        monkeypatch.setattr(library, "interrupt_main", lambda: told.append(True))
        graph, leaves, ends = chain(3)
        w, run = player.LlvmPlayer(entries_of(graph, leaves, ends)).workspace()
        w[:2] = 0.5
        run()
        assert told == [True] and w[-1] == plain(graph, leaves, [0.5, 0.5], ends)[0]
