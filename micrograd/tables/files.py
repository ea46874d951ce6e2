"""The file of a model, read and checked: JSON with all that is needed to predict, and nothing that could run."""

from __future__ import annotations

import math

from micrograd import nn
from micrograd.files import FileError, checked, short
from micrograd.tables.cells import NumberForm
from micrograd.tables.columns import PARTS, Category, Date, Number, Scale
from micrograd.tables.model import ENTRIES, FORMAT, VERSION, TableModel
from micrograd.tables.targets import ClassTarget, NumberTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSIONS = {VERSION: {"digest", *ENTRIES}}


def read_model(path: Any, text: str, state: Any) -> TableModel:
    """The model in the text of a file, which holds a state; FileError for what is damaged or of another version."""
    state = checked(path, text, state, FORMAT, VERSIONS)
    try:
        columns = [column_from(entry) for entry in expect(state["columns"], list, "a list of columns")]
        target = target_from(state["target"])
        network = network_from(state, sum(len(column.inputs) for column in columns), target.outputs)
        left_out = expect(state["left out"], dict, "the columns left out")
        figures = expect(state["figures"], dict, "figures")
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileError(f"{path}: expected a {FORMAT}, got a damaged one ({type(error).__name__}: {error})") from None
    return TableModel(target, columns, network, left_out=left_out, figures=figures)


def expect(entry: Any, kind: type, what: str) -> Any:
    """The entry, if it is of this kind, else FileError."""
    if not isinstance(entry, kind) or (kind is not bool and isinstance(entry, bool)):
        raise FileError(f"expected {what}, got {short(entry)}")
    return entry


def finite(entry: Any) -> float:
    """A finite number, else FileError."""
    if entry.__class__ not in (int, float) or not math.isfinite(float(entry)):
        raise FileError(f"expected a finite number, got {short(entry)}")
    return float(entry)


def fields(entry: Any, *names: str) -> list[Any]:
    """What an entry has under exactly these names beside its kind, else FileError."""
    if set(expect(entry, dict, "an entry with names")) != {"kind", *names}:
        raise FileError(f"expected the entries kind, {', '.join(names)}, got {short(sorted(entry))}")
    return [entry[name] for name in names]


def scale_from(entry: Any) -> Scale:
    """A scale."""
    median, mean, deviation, indicator = fields({"kind": None, **entry}, "median", "mean", "deviation", "indicator")
    if not finite(deviation) > 0.0:
        raise FileError(f"expected a deviation above 0, got {deviation}")
    return Scale(finite(median), finite(mean), finite(deviation), expect(indicator, bool, "true or false"))


def form_from(entry: Any) -> NumberForm:
    """The form of numbers."""
    form = NumberForm(**expect(entry, dict, "a form of numbers"))
    signs = form.decimal in (".", ",") and form.thousands in ("", ",", ".", " ", "'") and isinstance(form.unit, str)
    if not signs or not (form.words is None or (isinstance(form.words, list) and len(form.words) == 2)):
        raise FileError(f"expected a form of numbers, got {short(entry)}")
    return form


def column_from(entry: Any) -> Number | Date | Category:
    """A column."""
    kind = expect(entry, dict, "a column").get("kind")
    if kind == "number":
        name, form, scale = fields(entry, "name", "form", "scale")
        return Number(expect(name, str, "a name"), form_from(form), scale_from(scale))
    if kind == "date":
        name, form, parts, scales = fields(entry, "name", "form", "parts", "scales")
        if not parts or any(part not in PARTS for part in parts) or len(parts) != len(scales):
            raise FileError(f"expected parts of dates, got {short(parts)}")
        found = [scale_from(scale) for scale in scales]
        return Date(expect(name, str, "a name"), expect(form, str, "a form of dates"), parts, found)
    if kind == "category":
        name, words, others = fields(entry, "name", "words", "others")
        if not isinstance(words, list) or any(not isinstance(word, (str, type(None))) for word in words):
            raise FileError(f"expected a list of words, got {short(words)}")
        return Category(expect(name, str, "a name"), words, expect(others, bool, "true or false"))
    raise FileError(f"expected a column of kind number, date or category, got {short(kind)}")


def target_from(entry: Any) -> NumberTarget | ClassTarget:
    """A target."""
    kind = expect(entry, dict, "a target").get("kind")
    if kind == "number":
        name, form, mean, deviation = fields(entry, "name", "form", "mean", "deviation")
        return NumberTarget(expect(name, str, "a name"), form_from(form), finite(mean), finite(deviation))
    if kind == "class":
        name, classes, always = fields(entry, "name", "classes", "always")
        alike = any(all(c.__class__ in kinds for c in classes) for kinds in ((int, float), (str,)))
        if not alike or len(classes) < 2 or len(set(classes)) < len(classes) or always not in classes:
            raise FileError(f"expected a list of at least two different classes, got {short(classes)}")
        return ClassTarget(expect(name, str, "a name"), classes, always)
    raise FileError(f"expected a target of kind number or class, got {short(kind)}")


def network_from(state: dict[str, Any], inputs: int, outputs: int) -> nn.MLP:
    """The network, with its parameters."""
    layers = expect(state["layers"], list, "the widths of layers")
    numbers = expect(state["parameters"], list, "a list of parameters")
    if len(layers) < 2 or any(width.__class__ is not int or width < 1 for width in layers):
        raise FileError(f"expected the widths of layers, got {short(layers)}")
    if (layers[0], layers[-1]) != (inputs, outputs):
        raise FileError(f"expected layers from {inputs} to {outputs} numbers, got {short(layers)}")
    count = sum((a + 1) * b for a, b in zip(layers, layers[1:]))
    if len(numbers) != count:
        raise FileError(f"expected {count} parameters, got {len(numbers)}")
    network = nn.MLP(layers[0], layers[1:], activation=expect(state["activation"], str, "an activation"))
    for p, number in zip(network.parameters(), numbers):
        p.data = finite(number)
    return network
