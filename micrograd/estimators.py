"""`Classifier` and `Regressor`: multilayer perceptrons with the interface of scikit-learn, which this module needs.

X, y        samples, (n, features), and targets, (n,) or (n, targets): anything that scikit-learn takes
scores      what the model returns: a logit, one a class, or predictions, (n,) or (n, outputs)
"""

from __future__ import annotations

import random
from copy import deepcopy

from micrograd import losses, nn, optim
from micrograd.dispatch import brief
from micrograd.expect import array_of
from micrograd.messages.counterparts import absent
from micrograd.training import Trainer
from micrograd.training.arguments import optimizer_of

__all__ = ["Classifier", "Regressor"]

try:
    import numpy
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except Exception as error:  # one that is broken, such as by another NumPy, raises what it likes
    raise ImportError("micrograd.estimators needs scikit-learn 1.6 or newer: pip install scikit-learn") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
else:
    __getattr__ = absent(__name__)


class Network(BaseEstimator):
    """What both estimators share.

    hidden          the widths of the hidden layers
    activation      of the hidden layers: a name, or a function Value -> Value
    optimizer       L-BFGS unless given, such as optim.Adam(lr=0.01); its state is not touched
    penalty         the strength of the L2 penalty on all parameters
    epochs          at most so many
    batch_size      samples a step; all unless given (L-BFGS needs all)
    random_state    of the first weights and the order of the samples: a seed, or a NumPy RandomState

    After fit: model_ (an nn.MLP), history_, n_iter_, n_features_in_. Scale the features first, by
    `make_pipeline(StandardScaler(), Classifier())`. Bad data raise ValueError, a diverging training DivergenceError.
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (16,),
        *,
        activation: Any = "tanh",
        optimizer: Any = None,
        penalty: float = 1e-4,
        epochs: int = 200,
        batch_size: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.hidden, self.activation, self.optimizer, self.penalty = hidden, activation, optimizer, penalty
        self.epochs, self.batch_size, self.random_state = epochs, batch_size, random_state

    def _train(self, X: Any, y: Any, outputs: int, loss: Callable[[Any, Any], Any]) -> None:
        """Train a new model of so many outputs; scikit-learn wants parameters to be checked here, not before."""
        if isinstance(self.hidden, str) or not hasattr(self.hidden, "__iter__"):
            raise TypeError(
                "expected hidden to be a tuple of the widths of the hidden layers, such as (8,), got "
                f"{brief(self.hidden)}"
            )
        try:
            penalty = losses.l2(self.penalty)
        except TypeError:
            raise TypeError(
                "expected penalty to be the strength of the L2 penalty, a number such as 1e-4 or 0.0, got "
                f"{brief(self.penalty)}"
            ) from None
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.model_ = nn.MLP(
            X.shape[1],
            [*self.hidden, outputs],
            activation=self.activation,
            initial="xavier uniform",
            generator=random.Random(seed),
        )
        optimizer = optimizer_of(optim.LBFGS(tolerance=1e-5) if self.optimizer is None else deepcopy(self.optimizer))
        optimizer.reset()
        trainer = Trainer(self.model_, loss, optimizer, penalty=penalty)
        self.history_ = trainer.fit(X, y, epochs=self.epochs, batch_size=self.batch_size, seed=seed)
        self.n_iter_ = len(self.history_)
        self._predictor = trainer.objective.portable()  # which can be pickled

    def _scores(self, X: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, array_of(X, "X"), reset=False, dtype=numpy.float64)
        return numpy.asarray(self._predictor.predict(X))


class Classifier(ClassifierMixin, Network):
    """A classifier for two classes or more, trained by cross-entropy; parameters as described by `Network`.

    After fit also: classes_.

    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["same", "differ", "differ", "same"]
    >>> model = Classifier(hidden=(4,)).fit(X, y)
    >>> model.predict([[0.0, 1.0], [0.1, 0.0]]).tolist(), model.score(X, y)
    (['differ', 'same'], 1.0)
    """

    def fit(self, X: Any, y: Any) -> Classifier:
        """Train on samples X, (n, features), of classes y, (n,): numbers or strings."""
        X, y = validate_data(self, array_of(X, "X"), array_of(y, "y"), dtype=numpy.float64)
        check_classification_targets(y)
        self.classes_, places = numpy.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"Classifier expects samples of at least two classes, got one class: {self.classes_[0]!r}")
        if count == 2:
            self._train(X, places, 1, losses.binary_cross_entropy)
        else:
            self._train(X, places, count, losses.cross_entropy)
        return self

    def decision_function(self, X: Any) -> Any:
        """The logits: of the second class, (n,), for two classes; of all, (n, classes), for more."""
        return self._scores(X)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, (n, classes)."""
        scores = self._scores(X)
        if scores.ndim == 1:
            scores = numpy.stack([numpy.zeros_like(scores), scores], axis=1)
        weights = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """The most probable class of each sample, (n,)."""
        scores = self._scores(X)
        return self.classes_[(scores > 0.0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]


class Regressor(RegressorMixin, Network):
    """A regressor for one target or several, trained by squared error; parameters as described by `Network`.

    >>> X = [[0.1 * i] for i in range(20)]
    >>> model = Regressor(hidden=(4,)).fit(X, [x * x for [x] in X])
    >>> model.score(X, [x * x for [x] in X]) > 0.99
    True
    """

    def fit(self, X: Any, y: Any) -> Regressor:
        """Train on samples X, (n, features), and targets y, (n,) or (n, targets)."""
        X, y = validate_data(
            self, array_of(X, "X"), array_of(y, "y"), dtype=numpy.float64, multi_output=True, y_numeric=True
        )
        self._train(X, numpy.asarray(y, numpy.float64), 1 if y.ndim == 1 else y.shape[1], losses.squared_error)
        return self

    def predict(self, X: Any) -> Any:
        """The predictions, (n,) or (n, targets)."""
        return self._scores(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
