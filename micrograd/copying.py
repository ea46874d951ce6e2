"""Deep copies and pickles of graphs, without recursion: Python's own would overflow on a deep graph.

A pickle holds the leaves as objects, so that a parameter pickled beside the graph stays one object with the graph's,
and the inner nodes as one flat list of rows, operands first, in which an int stands for the operand's place.
"""

from __future__ import annotations

import copy

from micrograd.collector import paused
from micrograd.engine import Leaf, Value, assemble, new, numbered, topological
from micrograd.ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = tuple[Op, float, float, str, tuple[Any, ...], tuple[float | None, ...]]


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """A copy of root and of all that it depends on, as `copy.deepcopy` asks for it."""
    waiting = [root]
    with paused():
        while waiting:
            node = waiting[-1]
            pending = [x for x in node.args if isinstance(x, Value) and id(x) not in memo]
            if pending:
                waiting.extend(pending)
                continue
            waiting.pop()
            if id(node) in memo:
                continue
            if node.op is None:
                memo[id(node)] = clone = node.__copy__()
                if hasattr(node, "__dict__"):
                    clone.__dict__.update(copy.deepcopy(node.__dict__, memo))
            else:
                args = tuple([memo[id(x)] if isinstance(x, Value) else x for x in node.args])
                memo[id(node)] = clone = assemble(node.op, node.data, args, node._cached)
                clone.grad, clone.label = node.grad, node.label
            memo.setdefault(id(memo), []).append(node)  # kept alive, so that its id is not given to another object
    return memo[id(root)]


def reduced(root: Value) -> tuple[Any, ...]:
    """What pickle stores of root."""
    if root.op is None:
        kind = Value if root.__class__ is Leaf else root.__class__
        return restore_leaf, (kind, root.data, root.grad, root.label), getattr(root, "__dict__", None) or None
    nodes = sorted(topological(root), key=lambda node: node.op is not None)  # the leaves come first
    leaves = [node for node in nodes if node.op is None]
    _, operands = numbered(nodes)
    inner = list(zip(nodes, operands))[len(leaves) :]
    rows = [(node.op, node.data, node.grad, node.label, args, node._cached) for node, args in inner]
    return restore, (leaves, rows)


def restore_leaf(kind: type[Value], data: float, grad: float, label: str) -> Value:
    """A leaf from its pickle."""
    leaf = new(Leaf if kind is Value else kind)
    Value.__init__(leaf, data, label)
    leaf.grad = grad
    return leaf


def restore(leaves: list[Value], rows: list[Row]) -> Value:
    """An inner node, and all that it depends on, from its pickle."""
    nodes = list(leaves)
    with paused():
        for op, data, grad, label, refs, partials in rows:
            args = tuple([nodes[x] if x.__class__ is int else x for x in refs])
            node = assemble(op, data, args, partials)
            node.grad, node.label = grad, label
            nodes.append(node)
    return nodes[-1]
