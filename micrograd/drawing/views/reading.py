"""A graph of Values read for drawing: numbered nodes, operands, names, roles, and which gradients were computed.

i, j        places in `nodes`: operands before results, the root last
operand     an int is the place of a Value, a float a plain number
role        input, parameter, constant (or target), inner, output
flow        what an operand receives of the gradient in `backward`: local derivative times adjoint
"""

from __future__ import annotations

from micrograd.drawing.views.names import named_values
from micrograd.drawing.views.roles import roles
from micrograd.engine import Value, numbered, topological
from micrograd.notation.naming import told_apart, variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Reading:
    """The nodes that a root depends on, as `read_graph` finds them.

    nodes       operands before results, the root last
    operands    for each node a tuple: the place of a Value (int) or a plain number (float)
    primitives  for each node the name of the primitive that made it, "" for a leaf
    uses        for each node how many edges leave it
    computed    for each node whether `backward` gave it a gradient
    names       place -> what the user calls it, with a mark where that looks like another name
    roles       place -> role, for leaves, constants and the root; all others are inner
    """

    __slots__ = ("nodes", "operands", "primitives", "uses", "computed", "names", "roles")

    def __init__(
        self,
        nodes: list[Value],
        operands: list[tuple[Any, ...]],
        primitives: list[str],
        uses: list[int],
        computed: bytearray,
        names: dict[int, str],
    ) -> None:
        self.nodes, self.operands, self.primitives, self.uses = nodes, operands, primitives, uses
        self.computed, self.names = computed, names
        self.roles: dict[int, str] = {}

    def role(self, i: int) -> str:
        """The role of node i."""
        return self.roles.get(i, "inner")

    def constant(self, i: int) -> bool:
        """Whether node i is made of plain numbers alone, as a derivative that does not vary is."""
        return self.primitives[i] != "" and not any(x.__class__ is int for x in self.operands[i])

    def flow(self, i: int, k: int) -> float | None:
        """What operand k of node i receives of the gradient; None where it was not computed."""
        if not self.computed[i]:
            return None
        d = self.nodes[i]._cached[k]
        return 0.0 if d is None or self.nodes[i].grad == 0.0 else d * self.nodes[i].grad

    def __len__(self) -> int:
        return len(self.nodes)


def read_graph(root: Value, names: Mapping[str, Any] | None = None) -> Reading:
    """The graph below a root, read once, without recursion; `names` as for `draw`."""
    nodes = topological(root)
    place, operands = numbered(nodes)
    primitives = [node.op.name if node.op is not None else "" for node in nodes]
    uses = [0] * len(nodes)
    for places in operands:
        for j in places:
            if j.__class__ is int:
                uses[j] += 1
    given, known = named_values(variables(names))
    called = {i: node.label or given.get(id(node), "") for i, node in enumerate(nodes)}
    named = [i for i, label in called.items() if label]
    unique = dict(zip(named, told_apart([called[i] for i in named])))
    graph = Reading(nodes, operands, primitives, uses, computed(nodes, operands), unique)
    graph.roles = roles(graph, {place[key] for key in known if key in place})
    return graph


def computed(nodes: list[Value], operands: list[tuple[Any, ...]]) -> bytearray:
    """For each node 1 if `backward` gave it a gradient.

    A gradient of 0 may have been computed or not, so it is told by the nodes above: `backward` starts from a root with
    gradient 1 and reaches all below it. A leaf's gradient alone says nothing, since it may be left from another graph.
    """
    reached = bytearray(len(nodes))
    root = nodes[-1]
    reached[-1] = root.grad != 0.0
    for i in range(len(nodes) - 1, -1, -1):
        node = nodes[i]
        if node.op is not None and (reached[i] or node.grad != 0.0):
            reached[i] = 1
            for j in operands[i]:
                if j.__class__ is int:
                    reached[j] = 1
    return reached
