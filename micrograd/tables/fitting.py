"""`Training`: a network trained on a prepared table, stopped when the rows held out are predicted no better."""

from __future__ import annotations

import math
import random

from micrograd import nn, optim
from micrograd.dispatch import brief
from micrograd.expect import whole
from micrograd.tables.model import TableModel
from micrograd.tables.preparation import prepare
from micrograd.training import Trainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import Any

    from micrograd.tables.figures import Figures
    from micrograd.tables.preparation import Prepared
    from micrograd.training.history import History, Record


class Training:
    """The training of a network on a prepared table.

    hidden          the widths of the hidden layers
    activation      of these, a name
    lr              the learning rate of `optim.SGD`
    seed            of the first weights and the order of the samples

    ValueError for an unknown activation, or a width below 1; TypeError for hidden that is no list.

    >>> from micrograd import tables
    >>> prepared = tables.prepare({"x": list(range(40)), "y": [2 * x for x in range(40)]})
    >>> training = Training(prepared, hidden=(4,))
    >>> for record in training.epochs(epochs=50):
    ...     pass
    >>> training.finish().predict([[10], [30]])[1] > 50.0
    True
    """

    def __init__(
        self,
        prepared: Prepared,
        *,
        hidden: Sequence[int] = (16, 16),
        activation: str = "tanh",
        lr: float = 0.05,
        seed: int = 0,
    ) -> None:
        if isinstance(hidden, str) or not hasattr(hidden, "__iter__"):
            raise TypeError(f"expected hidden to be a list of widths, such as [16, 16], got {brief(hidden)}")
        self.prepared, self.seed = prepared, seed
        generator = random.Random(seed)
        widths = [*[whole(width, "a width in hidden", 1) for width in hidden], prepared.target.outputs]
        network = nn.MLP(len(prepared.inputs), widths, activation=activation, generator=generator)
        shrink(network)
        self.model = TableModel(prepared.target, prepared.columns, network, left_out=prepared.left_out)
        self.trainer = Trainer(network, prepared.target.loss, optim.SGD(lr=lr))
        self.best_epoch = 0
        self.trained_figures: Figures | None = None
        self.tested_figures: Figures | None = None
        self._best: list[float] | None = None
        self._finished = False

    @property
    def history(self) -> History:
        """The records of the epochs."""
        return self.trainer.history

    def epochs(self, *, epochs: int = 100, batch_size: int = 16, patience: int = 20) -> Iterator[Record]:
        """Train, epoch by epoch, until the mean loss of the rows held out has not fallen for `patience` epochs."""
        X, y = self._part(self.prepared.trained)
        epochs, patience = whole(epochs, "epochs", 1), whole(patience, "patience", 1)
        tested = self._part(self.prepared.tested) if self.prepared.tested else None
        least = math.inf
        for record in self.trainer.epochs(
            X, y, epochs=epochs, batch_size=batch_size, seed=self.seed, validation=tested
        ):
            figure = record.loss if record.validation is None else record.validation
            if figure < least or self._best is None or record.validation is None:
                least, self.best_epoch = figure, record.epoch
                self._best = [p.data for p in self.model.parameters()]
            yield record
            if record.validation is not None and record.epoch - self.best_epoch >= patience:
                return

    def finish(self) -> TableModel:
        """The model with the best parameters, and figures."""
        if not self._finished:
            self._finished = True
            for p, number in zip(self.model.parameters(), self._best or []):
                p.data = number
            self.trained_figures = self._figures(self.prepared.trained)
            self.tested_figures = self._figures(self.prepared.tested)
            named = {"trained": self.trained_figures, "held out": self.tested_figures}
            self.model.figures = {name: figures.to_dict() for name, figures in named.items() if figures}
        return self.model

    def held_out(self) -> tuple[list[Any], list[Any]]:
        """The targets of the rows held out, and what is predicted for them."""
        return self._predicted(self.prepared.tested)

    def _part(self, places: Sequence[int]) -> tuple[Any, list[Any]]:
        X, y = self.prepared.X, self.prepared.y
        return X[places], [y[i] for i in places]

    def _predicted(self, places: Sequence[int]) -> tuple[list[Any], list[Any]]:
        targets = [self.prepared.targets[i] for i in places]
        return targets, self.model.answers(self.model.run(self.prepared.raw[places])) if places else []

    def _figures(self, places: Sequence[int]) -> Figures | None:
        return self.model.target.figures(*self._predicted(places)) if places else None


def train(
    source: Any,
    target: str | None = None,
    *,
    inputs: Collection[str] | None = None,
    ignore: Collection[str] = (),
    classify: bool | None = None,
    held_out: float = 0.2,
    hidden: Sequence[int] = (16, 16),
    activation: str = "tanh",
    lr: float = 0.05,
    epochs: int = 100,
    batch_size: int = 16,
    patience: int = 20,
    seed: int = 0,
) -> TableModel:
    """Read a table, choose its columns, train a network: `prepare` and `Training` in one call.

    source      a path, a DataFrame, a dict of columns, or rows
    target      the column to predict, the last unless given; inputs, ignore, classify, held_out: see `prepare`
    hidden      the widths of the hidden layers; activation, lr, seed: see `Training`
    epochs      at most so many; fewer if the mean loss of the rows held out has not fallen for `patience` of them
    batch_size  rows a step

    TableError, a ValueError, for a table or a choice of which no training comes; ValueError and TypeError for other
    arguments that cannot be.

    >>> model = train({"x": [1, 2, 3, 4] * 10, "y": ["low", "low", "high", "high"] * 10})
    >>> model.predict([[1], [4]])
    ['low', 'high']
    """
    prepared = prepare(
        source, target=target, inputs=inputs, ignore=ignore, classify=classify, held_out=held_out, seed=seed
    )
    training = Training(prepared, hidden=hidden, activation=activation, lr=lr, seed=seed)
    for _ in training.epochs(epochs=epochs, batch_size=batch_size, patience=patience):
        pass
    return training.finish()


def shrink(network: nn.MLP) -> None:
    """Scale first weights by 1/√(inputs), so that wide tables do not saturate the first layer."""
    for layer in network.layers:
        for neuron in layer.neurons:
            for w in neuron.w:
                w.data /= math.sqrt(len(neuron.w))
