"""Files: graphs of Values as JSON, and JSON files that tell when they were changed or damaged.

    digest      of all that follows it in the file; null in a file that was edited by hand and is taken as it is
    row         a node: operation (null for a leaf), label, data, gradient, its operands, their cached partials
    operand     the place of an earlier row; a plain number stands in quotes, "2.0"
    number      JSON's; what JSON lacks stands in quotes: "inf", "-inf", "nan", "-nan"

A file holds names and numbers only. Reading one runs no code: operations are looked up in the table of primitives.
"""

from __future__ import annotations

from math import copysign, isfinite

from micrograd.collector import paused
from micrograd.dispatch import number
from micrograd.engine import Value, assemble, numbered
from micrograd.messages.counterparts import absent
from micrograd.ops import TABLE, name_in_table
from micrograd.system.disk import write

__all__ = ["FileError", "load", "save"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike
    from typing import Any, Union

    Path = Union[str, PathLike[str]]
else:
    __getattr__ = absent(__name__)

FORMAT, VERSION = "micrograd graph", 2
NETWORK = "micrograd network"  # the format of the models that `micrograd.tables` makes
EITHER = f"{FORMAT} or network"
KEYS = {"roots", "nodes"}
VERSIONS = {1: KEYS, 2: {*KEYS, "digest"}}


class FileError(ValueError):
    """A file that is damaged or was changed, is foreign, or of another version.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "notes.json")
    >>> with open(path, "w") as file:
    ...     _ = file.write("{}")
    >>> try:
    ...     load(path)
    ... except FileError as error:
    ...     print("refused")
    refused
    """


def save(values: Any, path: Path) -> None:
    """Write a Value, or a list or dict of Values, to a JSON file with all that they depend on.

    Data, gradients, cached partials (to the bit), labels and sharing are kept; attributes of the user's own and
    subclasses of Value are not. The file appears whole or not at all. A million nodes take seconds.
    TypeError for anything but Values, OSError if the file cannot be written.

    >>> import os, tempfile
    >>> from micrograd import load, save
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> path = os.path.join(tempfile.mkdtemp(), "graph.json")
    >>> save({"w": w, "loss": (w * x - 3.0) ** 2}, path)
    >>> graph = load(path)
    >>> graph["loss"].backward()
    >>> graph["loss"].data, graph["w"].grad
    (4.0, -8.0)
    """
    import json

    if isinstance(values, dict):
        if not all(isinstance(name, str) for name in values):
            raise TypeError(f"expected names that are strings, got {short(list(values))}")
        roots = list(values.values())
    else:
        roots = [values] if isinstance(values, Value) else list(values) if isinstance(values, (list, tuple)) else []
    if not roots or not all(isinstance(root, Value) for root in roots):
        raise TypeError(f"expected a Value, or a list or dict of Values, to save, got {short(values)}")
    nodes = gathered(roots)
    place, operands = numbered(nodes)
    places: Any = [place[id(root)] for root in roots]
    places = places[0] if isinstance(values, Value) else places
    places = dict(zip(values, places)) if isinstance(values, dict) else places
    rows = ",\n".join([row_of(node, args, json.dumps) for node, args in zip(nodes, operands)])
    write_json(path, FORMAT, VERSION, {"roots": json.dumps(places), "nodes": f"[\n{rows}\n]"})


def gathered(roots: Iterable[Value]) -> list[Value]:
    """All nodes that the roots depend on, each once, operands first: the order of the rows in a file."""
    nodes: list[Value] = []
    done: set[int] = set()
    for root in roots:
        waiting = [root]
        while waiting:
            node = waiting[-1]
            pending = [x for x in node.args if isinstance(x, Value) and id(x) not in done]
            if pending:
                pending.reverse()
                waiting.extend(pending)
                continue
            waiting.pop()
            if id(node) not in done:
                done.add(id(node))
                nodes.append(node)
    return nodes


def row_of(node: Value, operands: tuple[Any, ...], quoted: Callable[[str], str]) -> str:
    """The row of a node, as JSON; operands are places, or numbers."""
    label = quoted(node.label) if node.label else '""'
    if node.op is None:
        return f"[null, {label}, {in_json(node.data)}, {in_json(node.grad)}]"
    entries = [str(x) if x.__class__ is int else f'"{exact(x)}"' for x in operands]
    entries += ["null" if d is None else in_json(d) for d in node._cached]
    return f'["{name_in_table(node.op)}", {label}, {in_json(node.data)}, {in_json(node.grad)}, {", ".join(entries)}]'


def exact(x: Any) -> str:
    """A number to the last digit; nan with its sign."""
    x = x if x.__class__ is float else number(x)
    return "-nan" if x != x and copysign(1.0, x) < 0.0 else repr(x)


def in_json(x: Any) -> str:
    """A number as JSON."""
    return repr(x) if x.__class__ is float and isfinite(x) else exact(x) if isfinite(x) else f'"{exact(x)}"'


def load(path: Path) -> Any:
    """What a file holds: the Value, list or dict of Values that `save` wrote, as a new graph, or a model of a table.

    A model that `micrograd.tables` trained comes as its `TableModel`. FileError (a ValueError) for a damaged, changed
    or foreign file, OSError for one that cannot be read. An operation that is not in the table of primitives is
    refused. A file that you edit is read once its digest is null.

    >>> import os, tempfile
    >>> from micrograd import load, save
    >>> path = os.path.join(tempfile.mkdtemp(), "graph.json")
    >>> x = Value(3.0, "x")
    >>> save([x * x, x], path)
    >>> square, leaf = load(path)
    >>> square.args == (leaf, leaf), leaf
    (True, Value(data=3, grad=0, label='x'))
    """
    text, state = parsed(path, EITHER)
    form = state.get("format") if isinstance(state, dict) else None
    if form == NETWORK:
        from micrograd.tables.files import read_model

        return read_model(path, text, state)
    if form != FORMAT:
        raise foreign(path, EITHER)
    state = checked(path, text, state, FORMAT, VERSIONS)
    if not isinstance(state["nodes"], list):
        raise FileError(f"{path}: expected a list of nodes, got {short(state['nodes'])}")
    nodes: list[Value] = []
    with paused():
        for row in state["nodes"]:
            try:
                nodes.append(read_node(row, nodes))
            except FileError as error:
                raise FileError(f"{path}: node {len(nodes)}: {error}") from None
    roots = state["roots"]
    listed = list(roots.values()) if isinstance(roots, dict) else roots if isinstance(roots, list) else [roots]
    if not listed or any(i.__class__ is not int or not 0 <= i < len(nodes) for i in listed):
        raise FileError(f"{path}: expected roots that are places of nodes, below {len(nodes)}, got {short(roots)}")
    if isinstance(roots, dict):
        return {name: nodes[i] for name, i in roots.items()}
    return [nodes[i] for i in roots] if isinstance(roots, list) else nodes[roots]


def read_node(row: Any, nodes: list[Value]) -> Value:
    """The node of a row; its operands are among `nodes`."""
    if not isinstance(row, list) or len(row) < 4 or not isinstance(row[1], str):
        raise FileError(f"expected a row of operation, label, data, gradient, operands, partials, got {short(row)}")
    name, label = row[0], row[1]
    op = TABLE.get(name) if isinstance(name, str) else None
    if op is None and name is not None:
        raise FileError(f"expected the name of a primitive, or null for a leaf, got {short(name)}")
    count = 0 if op is None else len(op.partials)
    if len(row) != 4 + 2 * count:
        raise FileError(f"expected {count} operands and as many partials, got {short(row)}")
    if op is None:
        node = Value(read_number(row[2]), label)
    else:
        args = tuple([read_operand(x, nodes) for x in row[4 : 4 + count]])
        partials = tuple([None if d is None else read_number(d) for d in row[4 + count :]])
        if any(d is not None and x.__class__ is float for x, d in zip(args, partials)):
            raise FileError(f"expected null as the partial for an operand that is a plain number, got {short(row)}")
        node = assemble(op, read_number(row[2]), args, partials)
        node.label = label
    node.grad = read_number(row[3])
    return node


def read_operand(x: Any, nodes: list[Value]) -> Value | float:
    """The operand that an entry of a row stands for."""
    if x.__class__ is int and 0 <= x < len(nodes):
        return nodes[x]
    if x.__class__ is str:
        return read_number(x)
    raise FileError(f"expected an operand that is the place of an earlier row, or a number in quotes, got {short(x)}")


def read_number(x: Any) -> float:
    """A number as it stands in a file."""
    if x.__class__ is float and isfinite(x):
        return x
    try:
        if x.__class__ is int or x.__class__ is str:
            return float(x)
    except (ValueError, OverflowError):
        pass
    raise FileError(f"expected a number, or inf or nan in quotes, got {short(x)}")


def write_json(path: Path, form: str, version: int, entries: dict[str, str]) -> None:
    """Write entries, each as JSON, to a file that says its format, its version, and the digest of all that follows."""
    rest = "".join([f',\n"{key}": {entry}' for key, entry in entries.items()]) + "\n}\n"
    write(path, f'{{"format": "{form}", "version": {version}, "digest": "{digest_of(rest)}"{rest}')


def digest_of(rest: str) -> str:
    """The SHA-256 of a text, whatever blanks and lines an editor leaves at its ends."""
    from hashlib import sha256

    return sha256(rest.strip().encode(errors="surrogatepass")).hexdigest()


def read_json(path: Path, form: str, versions: dict[int, set[str]]) -> dict[str, Any]:
    """The content of a JSON file of this format, else FileError.

    versions    those that are read, each with exactly the entries that it has beside format and version
    """
    return checked(path, *parsed(path, form), form, versions)


def parsed(path: Path, form: str) -> tuple[str, Any]:
    """The text of a JSON file, and what it holds; FileError, which names the form, for a file that is none."""
    import json

    def refused(constant: str) -> float:
        raise ValueError(f"JSON has no {constant}")

    try:
        with paused(), open(path, encoding="utf-8") as file:
            text = file.read()
            return text, json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError) as error:  # damaged JSON, other bytes than UTF-8, brackets without end
        raise FileError(f"{path}: expected a {form}, got a damaged or foreign file ({error})") from None


def checked(path: Path, text: str, state: Any, form: str, versions: dict[int, set[str]]) -> dict[str, Any]:
    """What the text of a file holds, if it is of this format and one of these versions, else FileError."""
    if not isinstance(state, dict) or state.get("format") != form:
        raise foreign(path, form)
    version = state.get("version")
    if version.__class__ is not int or version not in versions:
        raise FileError(
            f"{path}: expected version {max(versions)} of a {form}, got {short(version)}; "
            "read it with the micrograd that wrote it, and write it again"
        )
    wanted = {"format", "version", *versions[version]}
    if "digest" in wanted:
        check_digest(state.get("digest"), text, path)
    if set(state) != wanted:
        raise FileError(f"{path}: expected the entries {', '.join(sorted(wanted))}, got {short(sorted(state))}")
    return state


def foreign(path: Path, form: str) -> FileError:
    """The error for a file of another format."""
    return FileError(f"{path}: expected a {form}, got a foreign file; its first entry should be the format")


def check_digest(digest: Any, text: str, path: Path) -> None:
    """FileError unless what follows the digest in a text is what it was made from, or the digest is null."""
    if digest is not None and not (isinstance(digest, str) and digest_of(text.partition(f'"{digest}"')[2]) == digest):
        raise FileError(
            f"{path}: expected the content of which the digest was taken, got another: the file was "
            'changed by hand, or is damaged; if you changed it and mean it, make it "digest": null, '
            "else take a copy of the file"
        )


def short(x: Any) -> str:
    """What something looks like, in at most 80 characters."""
    shown = repr(x)
    return shown if len(shown) <= 80 else shown[:77] + "…"
