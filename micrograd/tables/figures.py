"""How good predictions are, beside what always predicting the mean, or the most frequent class, comes to."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from micrograd.tables.model import TableModel


class Figures:
    """How good the predictions of some rows are.

    rows        how many
    error       the root mean squared error, in the target's own unit; None for classes
    r2          R²: the share of the variance that is explained; None for classes, and where the targets are all alike
    accuracy    the share of classes that are right; None for numbers
    baseline    the error or accuracy of always predicting `always`: the mean, or the most frequent class
    worse       whether the model is worse than that

    >>> print(Figures.of_numbers([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], 2.0))
    root mean squared error 0.57735, R² 0.786; always 2 comes to 1.29099
    >>> print(Figures.of_classes(["a", "b"], ["a", "a"], "b"))
    accuracy 50.0%; always 'b' comes to 50.0%
    """

    def __init__(
        self,
        rows: int,
        always: Any,
        baseline: float,
        *,
        error: float | None = None,
        r2: float | None = None,
        accuracy: float | None = None,
    ) -> None:
        self.rows, self.always, self.baseline, self.error, self.r2, self.accuracy = (
            rows, always, baseline, error, r2, accuracy,
        )  # fmt: skip

    @classmethod
    def of_numbers(cls, targets: Sequence[float], predictions: Sequence[float], always: float) -> Figures:
        """The figures of predicted numbers."""
        mean = total(targets) / len(targets)
        errors = total([(p - t) * (p - t) for p, t in zip(predictions, targets)])
        spread = total([(t - mean) * (t - mean) for t in targets])
        simple = total([(t - always) * (t - always) for t in targets])
        return cls(
            len(targets),
            always,
            math.sqrt(simple / len(targets)),
            error=math.sqrt(errors / len(targets)),
            r2=1.0 - errors / spread if 0.0 < spread < math.inf else None,
        )

    @classmethod
    def of_classes(cls, targets: Sequence[Any], predictions: Sequence[Any], always: Any) -> Figures:
        """The figures of predicted classes."""
        right = sum([p == t for p, t in zip(predictions, targets)])
        return cls(
            len(targets), always, sum([always == t for t in targets]) / len(targets), accuracy=right / len(targets)
        )

    @property
    def worse(self) -> bool:
        """Whether the model is worse than always predicting the same."""
        if self.error is None:
            return self.accuracy < self.baseline  # type: ignore[operator]
        return self.error > self.baseline

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a model file."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def __str__(self) -> str:
        if self.error is None:
            said = f"accuracy {self.accuracy:.1%}; always {self.always!r} comes to {self.baseline:.1%}"
        else:
            said = f"root mean squared error {self.error:.6g}"
            said += "" if self.r2 is None else f", R² {self.r2:.3f}"
            said += f"; always {self.always:.6g} comes to {self.baseline:.6g}"
        return said + ("; the model is worse than that" if self.worse else "")

    def __repr__(self) -> str:
        return f"Figures({self})"


def total(numbers: Sequence[float]) -> float:
    """Their sum, inf where they are too large for one."""
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        return math.inf


def figures_of(model: TableModel, source: Any) -> Figures | None:
    """How good the predictions are for a file, a frame or rows that hold the target; None where they do not.

    Rows whose target is missing are left out.

    >>> from micrograd import tables
    >>> table = {"a": [1, 2, 3, 4, 5, 6, 7, 8] * 5, "b": [2, 4, 6, 8, 10, 12, 14, 16] * 5}
    >>> figures_of(tables.train(table, epochs=20), table).error < 1.0
    True
    """
    encoded = model.encode(source)
    if model.target.name not in encoded.table.columns:
        return None
    targets = model.target.read(encoded.table.cells(model.target.name))
    known = [i for i, target in enumerate(targets) if target is not None]
    if not known:
        return None
    predictions = model.predict(encoded)
    return model.target.figures([targets[i] for i in known], [predictions[i] for i in known])  # type: ignore[misc]
