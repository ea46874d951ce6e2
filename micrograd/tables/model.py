"""`TableModel`: what was learned from a table, and how the cells of a row become inputs of the network."""

from __future__ import annotations

import json
import math

from micrograd import nn
from micrograd.files import NETWORK, write_json
from micrograd.tables.columns import note_of_form, notes_of, raw, scaled, shown
from micrograd.tables.errors import TableError, quoted
from micrograd.tables.reading import are_rows, read_table, table_of_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.tables.columns import Column
    from micrograd.tables.reading import Table
    from micrograd.tables.targets import Target


FORMAT, VERSION = NETWORK, 2  # version 1 knew no columns but numbers
ENTRIES = ("target", "columns", "left out", "layers", "activation", "figures", "parameters")


class Encoded:
    """A table as a model sees it.

    X           the raw numbers of each row
    notes       what was made of cells that are missing, or that the model does not know
    """

    def __init__(self, table: Table, X: list[tuple[float, ...]], notes: list[str]) -> None:
        self.table, self.X, self.notes = table, X, notes


class TableModel(nn.Module):
    """A network with all that it needs to read a table, made by `micrograd.tables.train` or `micrograd.load`.

    target          what is predicted: its name, and its classes if it has some
    columns         the columns that are read
    inputs          the names of the numbers that `model(numbers)` takes, unscaled
    left_out        the other columns of the table that it was trained on, and why
    network         an nn.MLP of the scaled numbers
    figures         how good it was: {"trained": …, "held out": …}

    As a function of numbers it can be exported, `micrograd.export(model, len(model.inputs))`, and compiled.

    >>> from micrograd import tables
    >>> rows = {"size": [1, 2, 3, 4] * 9, "colour": ["red", "blue"] * 18, "price": ["$3", "$4", "$7", "$8"] * 9}
    >>> model = tables.train(rows, hidden=(4,), epochs=100)
    >>> model.target, model.columns
    (NumberTarget('price'), [Number('size'), Category('colour')])
    >>> model.inputs
    ['size', 'colour = blue', 'colour = red']
    >>> [round(price) for price in model.predict([[1, "red"], {"colour": "blue", "size": "4"}])]
    [3, 8]
    """

    def __init__(
        self,
        target: Target,
        columns: Sequence[Column],
        network: nn.MLP,
        *,
        left_out: dict[str, str] | None = None,
        figures: dict[str, Any] | None = None,
    ) -> None:
        self.target, self.columns, self.network = target, list(columns), network
        self.left_out, self.figures = left_out or {}, figures or {}
        self.inputs = [name for column in self.columns for name in column.inputs]
        self._program: Any = None

    def __repr__(self) -> str:
        what = f"{len(self.classes)} classes" if self.classes else "a number"
        return f"TableModel: {self.target.name} ({what}) from {', '.join(self.source_names)}"

    @property
    def classes(self) -> list[Any] | None:
        """The classes that are predicted, None for numbers."""
        return self.target.classes

    @property
    def source_names(self) -> list[str]:
        """The columns that a table must have, in the order of rows that are lists."""
        return [column.name for column in self.columns]

    def parameters(self) -> list[Any]:
        """Those of the network."""
        return self.network.parameters()

    def __call__(self, numbers: Sequence[Any]) -> Any:
        """The prediction from raw numbers, one for each of `inputs`: a number, or the probability of each class."""
        return self.target.prediction(self.network(scaled(self.columns, numbers)))

    def encode(self, source: Any) -> Encoded:
        """A file, frame or rows as the model sees them.

        source      a path, "-" for standard input, a DataFrame, a dict of columns, or rows: lists in the order of
                    `source_names`, or dicts

        TableError for columns that are not there, or hold no number or date where the model needs one.
        """
        if isinstance(source, Encoded):
            return source
        names = self.source_names
        table = table_of_rows(source, names) if are_rows(source) else read_table(source, names=names)
        absent = [name for name in names if name not in table.columns]
        if absent:
            raise TableError(
                f"{table.name}: no {quoted(absent)}, which the model needs; the columns are {', '.join(table.columns)}"
            )
        columns = [column.written_as(table.cells(column.name)) for column in self.columns]
        readings = [column.read(table.cells(column.name)) for column in columns]
        for column, (values, strange) in zip(columns, readings):
            if strange and column.kind != "category" and all(value is None for value in values):
                raise TableError(f"{table.name}: {quoted([column.name])} holds no {column.kind} ({shown(strange)})")
            for i, value in enumerate(values):
                if isinstance(value, float) and not math.isfinite(value):
                    where, cell = f"{table.name}: row {i + 1}", table.cells(column.name)[i]
                    raise TableError(f"{where}: {quoted([column.name])} holds no finite number ({cell!r})")
        numbers = [each for column, (values, _) in zip(columns, readings) for each in raw(column, values)]
        others = [column for column, learned in zip(columns, self.columns) if column is not learned]
        notes = [note for column in others for note in note_of_form(column) or [f"{column.name}: plain numbers"]]
        notes += notes_of(columns, [values for values, _ in readings], [strange for _, strange in readings])
        return Encoded(table, list(zip(*numbers)), notes)

    def predict(self, source: Any) -> list[Any]:
        """A number or a class for each row of a source, see `encode`.

        UserWarning for cells that are filled or unknown; TableError where no finite number comes out.
        """
        return self.answers(self._outputs(source))

    def probabilities(self, source: Any) -> list[list[float]]:
        """The probability of each class, in the order of `classes`, for each row of a source; TypeError for numbers."""
        if self.classes is None:
            raise TypeError(f"expected a model of classes, got one of the number {self.target.name!r}: use predict")
        return self._outputs(source)

    def answers(self, outputs: Sequence[Any]) -> list[Any]:
        """Predictions as users get them: numbers, or the most probable class of each row."""
        return [self.target.answer(prediction) for prediction in outputs]

    def _outputs(self, source: Any) -> list[Any]:
        """The prediction for each row, one of an encoded table without a warning, since its notes are seen."""
        encoded = self.encode(source)
        if encoded is not source and encoded.notes:
            import warnings

            warnings.warn("; ".join(encoded.notes), stacklevel=3)
        found = self.run(encoded.X) if encoded.X else []
        for i, outputs in enumerate(found):
            if not all(map(math.isfinite, outputs if isinstance(outputs, list) else [outputs])):
                raise TableError(f"{encoded.table.name}: row {i + 1}: numbers too large for a prediction")
        return found

    def run(self, rows: Any) -> list[Any]:
        """The predictions for raw numbers, by a compiled program; row by row where NumPy is not installed."""
        from micrograd.system.packages import missing

        if missing(["numpy"]):
            outputs = [self(row) for row in rows]
            return [[p.data for p in out] if isinstance(out, list) else out.data for out in outputs]
        if self._program is None:
            from micrograd.compiler import compile

            self._program = compile(self, inputs=len(self.inputs))
        return self._program.predict(rows).tolist()

    def save(self, path: Any) -> None:
        """Write the model to a JSON file, whole or not at all; `micrograd.load` reads it. OSError if it cannot."""
        layers = self.network.layers
        content = {
            "target": self.target.to_dict(),
            "columns": [column.to_dict() for column in self.columns],
            "left out": self.left_out,
            "layers": [len(self.inputs), *[len(layer.neurons) for layer in layers]],
            "activation": layers[0].neurons[0].activation,
            "figures": self.figures,
            "parameters": [p.data for p in self.parameters()],
        }
        write_json(path, FORMAT, VERSION, {name: in_lines(content[name]) for name in ENTRIES})


def in_lines(entry: Any) -> str:
    """An entry of a model file as JSON, with a line for each column."""
    if isinstance(entry, list) and entry and isinstance(entry[0], dict):
        return "[\n" + ",\n".join([in_lines(each) for each in entry]) + "\n]"
    return json.dumps(entry, ensure_ascii=False)
