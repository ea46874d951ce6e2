"""What a page is made of, put together: the traced code, its scene, and its JavaScript."""

from __future__ import annotations

from micrograd.drawing import draw
from micrograd.drawing.explorer.javascript import rule
from micrograd.engine import Value
from micrograd.notation.signs import maths
from micrograd.ops import ADD, MUL, TABLE
from micrograd.watch.composed import name_composed
from micrograd.watch.network import network_of
from micrograd.watch.page import LearningPage
from micrograd.watch.programs import code_of
from micrograd.watch.rules import rules
from micrograd.watch.sample_graph import sample_values
from micrograd.watch.scene import scene_of
from micrograd.watch.traced import watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.drawing import Picture
    from micrograd.training import Trainer
    from micrograd.watch.traced import Watched


def made(
    trainer: Trainer, X: Any, y: Any, validation: Any, columns: list[str], settings: dict[str, Any]
) -> LearningPage:
    """The page of a trainer and its data; columns: the names of the inputs, if they have some."""
    found = watched(trainer, X, y, validation)
    network = network_of(found.trace.graph, found.trace.outputs)
    composed = {} if network is None else name_composed(found.trace, network)
    offered, updates = rules(trainer.optimizer)
    scene = scene_of(found, network, trainer, columns)
    own = offered[0]
    scene |= {"optimizers": offered}
    scene |= {"settings": {"optimizer": own["name"], "lr": own["lr"], "penalty": found.strength, **settings}}
    called = {name: rule(TABLE[name]) for name in sorted(rows_in(scene) - composed.keys())} | composed
    scene["symbols"] = {name: TABLE[name].symbol if name in TABLE else maths(name) for name in called}
    return LearningPage(picture_of(trainer, found, scene), scene, code_of(found.trace, network), updates, called)


def rows_in(scene: dict[str, Any]) -> set[str]:
    """The primitives that a page evaluates one by one."""
    parts = [scene[part] or () for part in ("neurons", "head", "loss")]
    parts += [neuron.get("nodes", ()) for neuron in scene["neurons"] or ()]
    parts += [(scene["graph"] or {"nodes": ()})["nodes"], *[one["nodes"] for one in scene["optimizers"]]]
    return {ADD.name, MUL.name} | {node["rule"] for nodes in parts for node in nodes if node["rule"]}


def picture_of(trainer: Trainer, found: Watched, scene: dict[str, Any]) -> Picture:
    """A still picture: the neurons of a model that has layers, else the graph of the first sample."""
    if hasattr(trainer.model, "layers"):
        return draw(trainer.model)
    names = scene["inputs"], scene["parameterNames"], scene["outputs"]
    values = sample_values(found.trace, scene["X"][0], scene["y"][0], *names)
    loss = found.trace.loss
    return draw(Value(0.0, "L") if values is None or loss is None else values[loss], {})
