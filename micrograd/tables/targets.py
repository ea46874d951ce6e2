"""What a model predicts: the numbers of a column, or one of its classes."""

from __future__ import annotations

from micrograd import losses
from micrograd.tables.columns import by_name, form_for, read_by, word_of
from micrograd.tables.figures import Figures
from micrograd.vectors import softmax

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Union

    from micrograd.tables.cells import Cell, NumberForm

    Target = Union["NumberTarget", "ClassTarget"]


class NumberTarget:
    """A column of numbers. The network learns (y − mean) / deviation.

    >>> from micrograd.tables.cells import NumberForm
    >>> price = NumberTarget("price", NumberForm(unit="$"), 100.0, 50.0)
    >>> price.read(["$150", "NA"]), price.learned(150.0), price.prediction(1.0)
    ([150.0, None], 1.0, 150.0)
    """

    kind, classes, outputs, loss = "number", None, 1, staticmethod(losses.squared_error)
    __repr__ = by_name

    def __init__(self, name: str, form: NumberForm, mean: float, deviation: float) -> None:
        self.name, self.form, self.mean, self.deviation = name, form, mean, deviation

    def read(self, cells: Sequence[Cell]) -> list[float | None]:
        """The targets in cells, None where one is missing."""
        return read_by(form_for(cells, self.form).number, cells)[0]

    def learned(self, target: float) -> float:
        """What the network should return for a target."""
        return (target - self.mean) / self.deviation

    def prediction(self, outputs: Any) -> Any:
        """What outputs of the network say, a number or a Value."""
        return outputs * self.deviation + self.mean

    def answer(self, prediction: float) -> float:
        """A prediction as users get it."""
        return prediction

    def figures(self, targets: Sequence[float], predictions: Sequence[float]) -> Figures:
        """How good predictions are."""
        return Figures.of_numbers(targets, predictions, self.mean)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {"kind": self.kind, "name": self.name, "form": self.form.to_dict(), "mean": self.mean,
                "deviation": self.deviation}  # fmt: skip


class ClassTarget:
    """A column of classes: words, or numbers that stand for classes. The network learns a score for each.

    classes     in order
    always      the most frequent one

    >>> sex = ClassTarget("sex", ["f", "m"], "m")
    >>> sex.read(["m", "NA", "d"]), sex.learned("m"), sex.prediction([0.0, 0.0]), sex.answer([0.25, 0.75])
    (['m', None, 'd'], 1, [0.5, 0.5], 'm')
    """

    kind, loss = "class", staticmethod(losses.cross_entropy)
    __repr__ = by_name

    def __init__(self, name: str, classes: list[Any], always: Any) -> None:
        self.name, self.classes, self.always = name, classes, always
        self.outputs = len(classes)

    def read(self, cells: Sequence[Cell]) -> list[Any]:
        """The classes in cells, None where one is missing; a class that is not known stays what it is."""
        return [self.read_class(cell) for cell in cells]

    def read_class(self, cell: Cell) -> Any:
        """The class in a cell."""
        word = word_of(cell)
        return word if isinstance(self.classes[0], str) else class_of(word)

    def learned(self, target: Any) -> int:
        """What the network should return for a target: the place of the class."""
        return self.classes.index(target)

    def prediction(self, outputs: Any) -> Any:
        """What outputs of the network say: the probability of each class."""
        return softmax(outputs)

    def answer(self, prediction: Sequence[float]) -> Any:
        """The most probable class."""
        return self.classes[max(range(len(prediction)), key=prediction.__getitem__)]

    def figures(self, targets: Sequence[Any], predictions: Sequence[Any]) -> Figures:
        """How good predictions are."""
        return Figures.of_classes(targets, predictions, self.always)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {"kind": self.kind, "name": self.name, "classes": self.classes, "always": self.always}


def classes_in(cells: Sequence[Cell], form: NumberForm | None) -> list[Any]:
    """The classes in cells: numbers, if they are all written in that form, else words."""
    words = [word_of(cell) for cell in cells]
    known = {word: class_of(word) for word in set(words)}
    if form is None or any(isinstance(found, str) for found in known.values()):
        return words
    return [known[word] for word in words]


def class_of(word: str | None) -> Any:
    """A class that is a number as one, whole where it is; any other word as it stands.

    >>> class_of("3.0"), class_of("2.5"), class_of("red")
    (3, 2.5, 'red')
    """
    try:
        number = float(word)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return word
    return int(number) if number == number // 1 else number
