"""What a value is called in a picture: its label, or the name of a variable that holds it.

names       a mapping of names to anything, such as locals(); in IPython the user's variables unless given
model       whatever has .layers, .neurons or .w, as networks made of Values do
"""

from __future__ import annotations

from micrograd.engine import Value
from micrograd.notation.naming import variable_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

PARTS = frozenset(("layers", "neurons", "w"))


def is_model(x: Any) -> bool:
    """Whether x is a network: has a list of layers, of neurons, or of weights."""
    lists = [isinstance(getattr(x, part, None), (list, tuple)) for part in sorted(PARTS)]
    return any(lists) and not isinstance(x, (Value, type))


def layers_of(model: Any) -> list[list[Any]]:
    """The neurons of a model, layer by layer; parts of it without neurons are passed over."""
    if hasattr(model, "layers"):
        layers = [getattr(layer, "neurons", None) for layer in model.layers]
    elif hasattr(model, "neurons"):
        layers = [model.neurons]
    else:
        layers = [[model]]
    return [list(neurons) for neurons in layers if neurons]


def parameter_names(model: Any) -> Iterator[tuple[Value, str]]:
    """Each weight and bias of a model with its name, by layer, neuron and input, counted from 1."""
    layers = layers_of(model)
    for number, neurons in enumerate(layers, 1):
        for place, neuron in enumerate(neurons, 1):
            where = (f"layer {number} " if len(layers) > 1 else "") + f"neuron {place} "
            if len(layers) == len(neurons) == 1:
                where = ""
            for i, w in enumerate(neuron.w, 1):
                yield w, f"{where}w{i}"
            if getattr(neuron, "b", None) is not None:
                yield neuron.b, f"{where}b"


def named_values(given: Mapping[str, Any]) -> tuple[dict[int, str], set[int]]:
    """id(value) -> name for the Values that the variables hold, and the ids of those that are parameters of a model."""
    models = [x for x in given.values() if not PARTS.isdisjoint(getattr(x, "__dict__", ())) and is_model(x)]
    models.sort(key=lambda x: not hasattr(x, "layers"))
    named = [(x, name) for model in models for x, name in parameter_names(model) if isinstance(x, Value)]
    return variable_names(given, named), {id(x) for x, _ in named}
