"""Learning from data: the code is the loss of one sample, the data give columns of numbers for some of its free names.

column      numbers for one free name, a number a sample; the last column is the target
parameter   a free name that is no column: it is trained, from the number that its slider has
prediction  what is compared with the target, where the code shows it, see `splitting`
"""

from __future__ import annotations

import math
import re
from contextlib import redirect_stdout
from io import StringIO
from time import perf_counter

from micrograd import explore, optim
from micrograd.engine import Value
from micrograd.notation.signs import maths
from micrograd.playground.code import RESULT, CodeError
from micrograd.playground.running import offers
from micrograd.playground.splitting import PREDICTION, split
from micrograd.training import Trainer
from micrograd.training.divergence import DivergenceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

    from micrograd.playground.code import Code

RULES: dict[str, Callable[[float], Any]] = {
    "SGD": lambda rate: optim.SGD(lr=rate),
    "momentum": lambda rate: optim.SGD(lr=rate, momentum=0.9),
    "Adam": lambda rate: optim.Adam(lr=rate),
}
MOST_ROWS, MOST_AT_ONCE, POINTS = 500, 64, 61


def read_data(text: str, free: list[str]) -> tuple[list[str], list[list[float]]]:
    """(the names of the columns, the rows). CodeError for what is no table of numbers under free names.

    >>> read_data("x, y\\n1, 2\\n3 4", ["w", "x", "y"])
    (['x', 'y'], [[1.0, 2.0], [3.0, 4.0]])
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        names = ", ".join(free[-2:]) or "x, y"
        raise CodeError(f"data begin with a line of names, such as {names}; below it stand numbers")
    table = [re.split(r"[,;\s]+", line.strip().rstrip(",;")) for line in lines]
    columns = table[0]
    for name in columns:
        if name not in free:
            raise CodeError(f"data: the code has no name {name!r} without a value; it has {', '.join(free) or 'none'}")
    if len(set(columns)) < len(columns):
        raise CodeError(f"data: a name heads two columns: {', '.join(columns)}")
    if len(table) - 1 > MOST_ROWS:
        raise CodeError(f"data: expected at most {MOST_ROWS} rows, got {len(table) - 1}")
    rows = []
    for number, cells in enumerate(table[1:], 2):
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            row = [math.nan]
        if len(row) != len(columns) or not all(map(math.isfinite, row)):
            raise CodeError(f"data: expected {len(columns)} numbers in line {number}, got {', '.join(cells)}")
        rows.append(row)
    return columns, rows


class Model:
    """A program on a row of numbers for `inputs`; its parameters are Values."""

    def __init__(self, program: CodeType, space: dict[str, Any], inputs: list[str], trained: dict[str, Value]) -> None:
        self.program, self.space, self.inputs, self.trained = program, space, inputs, trained

    def __call__(self, row: list[Any]) -> Any:
        return result_of(self.program, {**self.space, **dict(zip(self.inputs, row)), **self.trained})

    def parameters(self) -> list[Value]:
        """The Values that are trained."""
        return list(self.trained.values())


class Comparison:
    """A program on a prediction and its target: the loss of a sample."""

    __name__ = "L"  # what pages call it

    def __init__(self, program: CodeType, space: dict[str, Any], target: str) -> None:
        self.program, self.space, self.target = program, space, target

    def __call__(self, prediction: Any, target: Any) -> Any:
        return result_of(self.program, {**self.space, PREDICTION: prediction, self.target: target})


def result_of(program: CodeType, space: dict[str, Any]) -> Any:
    """What a program leaves."""
    exec(program, space)
    return space[RESULT]


def itself(loss: Any, target: Any) -> Any:
    """The loss of a model that computes it."""
    return loss


class Training:
    """A trainer with its samples.

    columns, rows   the data
    prediction      what is predicted, as it is written; "" where the code shows no seam, and the model is the loss
    batch           samples a step, None for all
    stopped         why it does not go on; "" while it does
    """

    def __init__(
        self, trainer: Trainer, columns: list[str], rows: list[list[float]], prediction: str, batch: int | None
    ) -> None:
        self.trainer, self.columns, self.rows, self.prediction, self.batch = trainer, columns, rows, prediction, batch
        self.stopped = ""

    @property
    def X(self) -> list[list[float]]:
        """The rows as the model takes them."""
        return [row[: len(self.columns) - bool(self.prediction)] for row in self.rows]

    @property
    def y(self) -> list[float]:
        """The targets."""
        return [row[-1] for row in self.rows]


def training_of(code: Code, numbers: Mapping[str, float], asked: Mapping[str, Any]) -> Training:
    """The training of a code on asked["data"] by asked["rule"]. CodeError for what cannot be trained."""
    columns, rows = read_data(asked["data"], code.free)
    names = [name for name in code.free if name not in columns]
    if not names:
        raise CodeError("data: every free name of the code has a column, and none is left to be trained")
    trained, space = {name: Value(numbers[name], name) for name in names}, offers(code)
    optimizer = RULES[asked["rule"]](asked["rate"])
    whole = Model(code.program, space, columns, trained)
    parts = split(asked["code"], columns[-1], code.free) if len(columns) > 1 else None
    if parts is not None:
        model, loss = Model(parts.prediction, space, columns[:-1], trained), Comparison(parts.loss, space, columns[-1])
        if agree(model, loss, whole, rows):
            return Training(Trainer(model, loss, optimizer), columns, rows, parts.name, asked["batch"])
    return Training(Trainer(whole, itself, optimizer), columns, rows, "", asked["batch"])


def agree(model: Model, loss: Comparison, whole: Model, rows: list[list[float]]) -> bool:
    """Whether prediction and comparison give what the whole code gives, to the last bit, on every row."""
    try:
        pairs = [(loss(model(row[:-1]), row[-1]), whole(row)) for row in rows]
    except Exception:
        return False
    return all(isinstance(x, Value) and repr(x.data) == repr(y.data) for x, y in pairs)


def learning_page(training: Training) -> dict[str, str]:
    """The page on which it learns, as HTML with a script; or why there is none."""
    try:
        page = explore(training.trainer, training.X, training.y, batch_size=training.batch)
    except ImportError:
        return {"why": "the page with the network needs NumPy, which this Pyodide does not have."}
    except Exception as error:  # such as a branch in the code, which a page cannot play
        return {"why": str(error)}
    return {"html": page.notebook_html(), "title": page.title}


def go_on(training: Training, epochs: int, seconds: float) -> None:
    """Train for so many epochs, or until the time is over."""
    begun, size = perf_counter(), 1
    while epochs > 0 and not training.stopped and perf_counter() - begun < seconds:
        size = min(size, epochs)
        try:
            with redirect_stdout(StringIO()):
                training.trainer.fit(training.X, training.y, epochs=size, batch_size=training.batch)
        except DivergenceError as error:
            training.stopped = str(error)
        epochs, size = epochs - size, min(2 * size, MOST_AT_ONCE)


def told(training: Training, since: int) -> dict[str, Any]:
    """What the page is told: losses from epoch `since` on, where the parameters are, the prediction as a curve."""
    trainer = training.trainer
    losses = trainer.history.loss
    found: dict[str, Any] = {
        "epoch": len(losses), "losses": losses[since:], "columns": training.columns, "rows": training.rows,
        "prediction": training.prediction, "stopped": training.stopped,
        "parameters": [{"name": x.label, "shown": maths(x.label), "data": x.data} for x in trainer.parameters],
    }  # fmt: skip
    found["loss"] = trainer.evaluate(training.X, training.y).loss
    if training.prediction and len(training.columns) == 2:
        xs = [row[0] for row in training.rows]
        low, high = min(xs), max(xs)
        margin = 0.06 * (high - low) or 1.0
        places = [low - margin + (high - low + 2 * margin) * k / (POINTS - 1) for k in range(POINTS)]
        found["curve"] = list(zip(places, trainer.predict([[x] for x in places])))
    return found
