"""What a classifier answers, of whatever kind it is: its outputs for samples, its classes, the threshold between two.

places      of classes: 0, 1, … in the order of a model's `classes_`
"""

from __future__ import annotations

from micrograd.collector import paused
from micrograd.compiler import compile
from micrograd.losses import of_logit, threshold
from micrograd.notation.signs import numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import numpy as np


def predictor(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the outputs for samples (n, 2) as an array (n, outputs), compiled where that can be done."""
    import numpy as np

    plain_model = getattr(model, "plain_model", None)  # of what predicts by plain code, sample by sample
    model = model if plain_model is None else plain_model
    if not (hasattr(model, "decision_function") or hasattr(model, "predict") or callable(model)):
        raise TypeError(f"expected a model: an nn.Module, a function, a Trainer or a compiled program, got {model!r}")
    predict: Any = getattr(model, "decision_function", None) or chances(model) or getattr(model, "predict", None)
    if predict is None:
        try:
            predict = compile(model, 2, parameters=[], backend="numpy").predict
        except Exception:  # it branches on numbers, or is no function of Values; the plain code shows its own error

            def predict(rows: np.ndarray) -> Any:
                found = []
                for row in rows.tolist():
                    with paused():
                        found.append(floats_of(model(row)))
                return found

    def outputs(rows: np.ndarray) -> np.ndarray:
        found = np.asarray(predict(rows), np.float64)
        return found.reshape(len(rows), -1)

    return outputs


def chances(model: Any) -> Any:
    """What gives the probabilities of a scikit-learn classifier without scores, or 1 for the class that it predicts.

    None for any other model.
    """
    import numpy as np

    kinds = getattr(model, "classes_", None)
    if kinds is None or not hasattr(model, "predict"):
        return None
    known: Any = getattr(model, "predict_proba", None)
    return known or (lambda rows: np.asarray(model.predict(rows))[:, None] == np.asarray(kinds))


def places_of(y: Any, kinds: Any, outputs: int) -> tuple[Any, list[str] | None]:
    """(y as places among the classes, their names) for text, and for the numbers of a classifier; else (y, None).

    Raises ValueError for what is none of the classes, and where it cannot be told which text belongs to which output.
    """
    import numpy as np

    given = np.asarray(getattr(y, "values", y))
    text = given.dtype.kind in "OU" and given.size > 0 and all(isinstance(one, str) for one in given.flat)
    if kinds is None and text:
        kinds = np.unique(given.astype(str))
        if len(kinds) != max(outputs, 2):
            found = f"{len(kinds)}: {', '.join(map(repr, kinds[:4].tolist()))}"
            raise ValueError(f"expected y of {max(outputs, 2)} classes, as many as the model parts, got {found}")
    if kinds is None or not text and (outputs == 1 or given.ndim != 1):
        return y, None
    places = {kind: place for place, kind in enumerate(np.asarray(kinds).tolist())}
    strange = [one for one in given.ravel().tolist() if one not in places]
    if strange:
        raise ValueError(f"expected y of the model's classes {', '.join(map(repr, places))}, got {strange[0]!r}")
    names = [kind if isinstance(kind, str) else f"class {kind}" for kind in places]
    return np.array([places[one] for one in given.ravel().tolist()], float), names


def floats_of(output: Any) -> Any:
    """The number, or the list of numbers, that a model returned."""
    if isinstance(output, (list, tuple)):
        return [floats_of(item) for item in output]
    return getattr(output, "data", output)


def middle(model: Any, kinds: np.ndarray, outputs: np.ndarray) -> float:
    """The threshold that goes with these classes; ValueError if it cannot be told."""
    loss = getattr(model, "loss", None)
    if hasattr(model, "decision_function") or of_logit(loss):
        return 0.0
    if callable(loss) and hasattr(model, "predict") and len(kinds) == 2:
        return threshold(loss, *kinds.tolist())
    if set(kinds) <= {-1.0, 1.0}:
        return 0.0
    if set(kinds) <= {0.0, 1.0}:
        return 0.5 if outputs.min() >= 0.0 and outputs.max() <= 1.0 else 0.0
    shown = " and ".join([numeral(float(kind)) for kind in kinds])
    raise ValueError(f"expected classes −1 and 1, or 0 and 1, got {shown}: give threshold=, the output that parts them")
