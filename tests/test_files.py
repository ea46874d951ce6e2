"""Graphs in files: bit for bit, with sharing; a million nodes; one clear error for anything that is no such file."""

from __future__ import annotations

import json
import math
import os
import random
import re
import struct

import pytest

import micrograd
from micrograd import Value, load, save, topological
from micrograd.files import FileError
from micrograd.ops import TABLE

POOL = [0.0, -0.0, 1.0, -2.5, 0.1, 5e-324, 1.7e308, -1e-300, math.inf, -math.inf, math.nan, -math.nan, 1 / 3]


def bits(x):
    return None if x is None else struct.pack("<d", x)


def described(roots):
    """Everything about a graph, to the bit, but identity."""
    place, rows = {}, []
    for root in roots:
        for node in topological(root):
            if node not in place:
                place[node] = len(place)
                args = [place[x] if isinstance(x, Value) else bits(x) for x in node.args]
                numbers = [bits(x) for x in (node.data, node.grad, *node._cached)]
                rows.append((node.op, node.label, args, numbers))
    return rows, [place[root] for root in roots]


def random_graph(rng, size):
    """Values with every primitive, sharing, labels, odd numbers."""
    nodes = [Value(rng.choice(POOL), rng.choice(["", "x", "ŷ", 'a "b"\n', "\ud800"])) for _ in range(4)]
    for _ in range(size):
        op = rng.choice(list(TABLE.values()))
        args = [rng.choice(nodes) if rng.random() < 0.8 else rng.choice(POOL) for _ in op.partials]
        if not any(isinstance(x, Value) for x in args):
            args[0] = rng.choice(nodes)
        node = micrograd.engine.apply(op, tuple(args))
        node.label = rng.choice(["", "", "h"])
        node.grad = rng.choice(POOL)
        nodes.append(node)
    return nodes


@pytest.mark.parametrize("seed", range(30))
def test_what_is_loaded_is_what_was_saved_to_the_bit(seed, tmp_path):
    rng = random.Random(seed)
    roots = rng.sample(random_graph(rng, 200), 5)
    save(roots, tmp_path / "graph.json")
    found = load(tmp_path / "graph.json")
    assert described(found) == described(roots)
    assert not {id(v) for root in found for v in topological(root)} & {id(v) for r in roots for v in topological(r)}
    assert os.listdir(tmp_path) == ["graph.json"]


def test_a_loaded_graph_can_do_all_that_the_first_could(tmp_path):
    w, x = Value(0.5, "w"), Value(-1.5, "x")
    h = (w * x).tanh()
    root = (h * h + 3.0 / h).where(h, 2.0) + h
    save({"root": root, "w": w}, tmp_path / "g.json")
    again = load(tmp_path / "g.json")
    root.backward()
    again["root"].backward()
    assert again["w"].grad == w.grad != 0.0
    assert micrograd.gradient(again["root"], again["w"]).data == micrograd.gradient(root, w).data
    again["w"].note = "leaves take attributes"


def test_what_is_saved_comes_back_in_the_same_shape(tmp_path):
    x = Value(2.0, "x")
    for values, kind in ((x, Value), ([x], list), ((x, x), list), ({"x": x, "again": x}, dict)):
        save(values, tmp_path / "g.json")
        found = load(str(tmp_path / "g.json"))
        assert isinstance(found, kind)
    assert found["x"] is found["again"] and list(found) == ["x", "again"]


def test_depth_does_not_matter(tmp_path):
    x = Value(0.5, "x")
    y = x
    for _ in range(100_000):
        y = y * 1.0 + x
    y.grad = 0.25
    save([y, x], tmp_path / "g.json")
    root, leaf = load(tmp_path / "g.json")
    assert root.data == y.data and root.grad == 0.25
    root.backward()
    assert leaf.grad == 100_001.0


def test_only_values_are_saved(tmp_path):
    x = Value(1.0)
    for wrong in (3.0, [], {}, [x, 2.0], {1: x}, "x", None, {x}):
        with pytest.raises(TypeError, match="expected"):
            save(wrong, tmp_path / "g.json")
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "g.json"
    save(Value(1.0), path)
    monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(Value(2.0), path)
    assert load(path).data == 1.0 and os.listdir(tmp_path) == ["g.json"]


def test_a_link_stays_a_link_and_the_mode_is_the_usual_one(tmp_path):
    if not hasattr(os, "symlink") or os.name == "nt":
        pytest.skip("no symbolic links")
    (tmp_path / "data").mkdir()
    os.symlink(tmp_path / "data" / "g.json", tmp_path / "g.json")
    save(Value(1.0), tmp_path / "g.json")
    (tmp_path / "usual").write_text("")
    assert (tmp_path / "g.json").is_symlink() and load(tmp_path / "data" / "g.json").data == 1.0
    assert (tmp_path / "data" / "g.json").stat().st_mode == (tmp_path / "usual").stat().st_mode


LEAF = [None, "", 1.0, 0.0]
BAD_NODES = [
    ([3], "row"), ([[]], "row"), ([[None, 1, 1.0, 0.0]], "row"), ({}, "list of nodes"),
    ([["system", "", 1.0, 0.0, 0, 1.0]], "name of a primitive"), ([[["add"], "", 1.0, 0.0]], "name of a primitive"),
    ([["add", "", 1.0, 0.0]], "2 operands"), ([LEAF, ["tanh", "", 1.0, 0.0, 0, 1.0, 1.0]], "1 operands"),
    ([LEAF + [0]], "0 operands"),
    ([LEAF, ["tanh", "", 1.0, 0.0, 1, 1.0]], "operand"), ([LEAF, ["tanh", "", 1.0, 0.0, -1, 1.0]], "operand"),
    ([LEAF, ["tanh", "", 1.0, 0.0, True, 1.0]], "operand"), ([LEAF, ["tanh", "", 1.0, 0.0, 0.0, 1.0]], "operand"),
    ([LEAF, ["add", "", 1.0, 0.0, 0, "2.0", 1.0, 1.0]], "null as the partial"),
    ([LEAF, ["add", "", 1.0, 0.0, 0, "two", 1.0, None]], "number"),
    ([[None, "", "x", 0.0]], "number"), ([[None, "", 10**400, 0.0]], "number"), ([[None, "", True, 0.0]], "number"),
    ([[None, "", 1.0, None]], "number"), ([[None, "", [1.0], 0.0]], "number"),
]  # fmt: skip


@pytest.mark.parametrize("nodes, message", BAD_NODES)
def test_wrong_rows_are_refused(nodes, message, tmp_path):
    path = tmp_path / "g.json"
    path.write_text(json.dumps({"format": "micrograd graph", "version": 1, "roots": 0, "nodes": nodes}))
    with pytest.raises(FileError, match=message):
        load(path)


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "g.json"
    x = Value(2.0, "x")
    save(x * x, path)
    text = path.read_text()
    state = json.loads(text)
    for content, message in (
        ("", "damaged"),
        ("[" * 100_000, "damaged"),
        (text.replace("4.0", "NaN"), "NaN"),
        ("1" * 5000, "damaged|foreign"),
        ("{}", "foreign"),
        ("[]", "foreign"),
        (text.replace("graph", "net"), "foreign"),
        (json.dumps({**state, "version": 3}), "version 2 of a micrograd graph, got 3"),
        (json.dumps({**state, "more": 2}), "changed by hand"),
        (json.dumps({**state, "digest": None, "more": 2}), "entries"),
        (text.replace("4.0", "5.0"), 'got another: .* changed by hand, or is damaged; .* "digest": null'),
        (json.dumps({**state, "digest": 1}), "got another"),
        (json.dumps({**state, "digest": ""}), "got another"),
        *[
            (json.dumps({**state, "digest": None, "roots": roots}), "roots")
            for roots in (None, 2, -1, [], [9], True, {"a": "b"}, {}, 1.0)
        ],
    ):
        path.write_text(content)
        with pytest.raises(FileError, match=message):
            load(path)
    for end in range(len(text.rstrip())):  # cut off anywhere
        path.write_text(text[:end])
        with pytest.raises(FileError):
            load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileError, match="damaged"):
        load(path)
    with pytest.raises(OSError, match="nowhere"):
        load(tmp_path / "nowhere.json")


def mutated(data, rng):
    """The bytes of a file after a fault of the disk or of an editor: other bits, digits, lines, lost parts."""
    i, j = sorted(rng.sample(range(len(data) + 1), 2))
    kind = rng.randrange(8)
    if kind == 0:
        return data[:i] + bytes([data[min(i, len(data) - 1)] ^ 1 << rng.randrange(8)]) + data[i + 1 :]
    if kind == 1:  # a digit
        k = next(k for k in [*range(i, len(data)), *range(i)] if 48 <= data[k] < 58)
        return data[:k] + b"%d" % rng.randrange(10) + data[k + 1 :]
    if kind == 2:  # a number
        number = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")
        start, end = (number.search(data, i) or number.search(data)).span()
        return data[:start] + rng.choice([b"0.0", b"-0.0", b"1e999", b"7", b'"nan"', b"null"]) + data[end:]
    if kind == 3:
        lines = data.splitlines(keepends=True)
        rng.shuffle(lines)
        return b"".join(lines)
    j = min(j, i + rng.choice([1, 8, 500]))
    replaced = [b"", data[i:j] * 2, bytes(j - i), data[j : j + j - i]][kind - 4]
    return data[:i] + replaced + data[j:]


def test_every_changed_file_is_refused_or_has_the_same_numbers(tmp_path):
    rng, path, refused = random.Random(4), tmp_path / "g.json", {}
    for _ in range(4):
        roots = random_graph(rng, 15)[-3:]
        save(roots, path)
        data, expected = path.read_bytes(), described(roots)
        for _ in range(1000):
            path.unlink()  # ext4 brings a file to the disk that is written over
            path.write_bytes(mutated(data, rng))
            try:
                assert described(load(path)) == expected
            except FileError as error:
                kinds = "changed by hand|damaged or foreign|foreign file;|expected version|entries"
                [kind] = re.findall(kinds, str(error))
                refused[kind] = refused.get(kind, 0) + 1
    assert sum(refused.values()) > 3200 and min(refused["changed by hand"], refused["damaged or foreign"]) > 800


def test_a_file_that_was_edited_is_read_where_it_says_so(tmp_path):
    path = tmp_path / "g.json"
    save(Value(2.5, "x"), path)
    path.write_text(path.read_text().replace("2.5", "3.5"))
    with pytest.raises(FileError, match='the file was changed by hand, or is damaged; .* make it "digest": null'):
        load(path)
    path.write_text(re.sub('"digest": "[0-9a-f]*"', '"digest": null', path.read_text()))
    assert load(path).data == 3.5
    save(load(path), path)
    assert load(path).data == 3.5 and json.loads(path.read_text())["digest"]


def test_ends_of_lines_and_files_do_not_matter(tmp_path):
    path = tmp_path / "g.json"
    save([Value(2.5, "x"), Value(1.0, "\r\n")], path)
    data = path.read_bytes()
    for same in (data.replace(b"\n", b"\r\n"), data.rstrip(), data + b"\n\n"):
        path.write_bytes(same)
        assert load(path)[0].data == 2.5


def test_files_of_version_1_are_read(tmp_path):
    """They had no digest."""
    path, x = tmp_path / "g.json", Value(2.0, "x")
    save(x * x, path)
    state = json.loads(path.read_text())
    del state["digest"]
    path.write_text(json.dumps({**state, "version": 1}))
    assert load(path).data == 4.0
    path.write_text(json.dumps({**state, "version": 1, "digest": None}))
    with pytest.raises(FileError, match="entries"):
        load(path)
