"""`explore`: a graph to play with, or a training to watch: what can be explored, and what is given with it."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from micrograd import drawing
from micrograd.dispatch import brief
from micrograd.engine import Value
from micrograd.expect import rows_of, whole
from micrograd.system.packages import expect_whole, missing
from micrograd.training import Trainer
from micrograd.training.arguments import optimizer_of, size_of
from micrograd.training.compiled import Compiled
from micrograd.training.objectives import Eager
from micrograd.watch.page import LearningPage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, overload

    from micrograd.drawing import Explorer
else:
    from micrograd.chain_rule.explaining import overload

MOST_PARAMETERS, MOST_SAMPLES = 5_000, 2_000


@overload
def explore(
    what: Value,
    X: Mapping[str, Any] | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    leaves: Iterable[Value | str] | None = None,
    view: str = "auto",
    quiz: bool = False,
) -> Explorer: ...
@overload
def explore(  # noqa: F811
    what: Trainer,
    X: Any,
    y: Any,
    *,
    validation: tuple[Any, Any] | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> LearningPage: ...
def explore(  # noqa: F811
    what: Any,
    X: Any = None,
    y: Any = None,
    *,
    names: Mapping[str, Any] | None = None,
    leaves: Iterable[Value | str] | None = None,
    view: str = "auto",
    quiz: bool = False,
    validation: tuple[Any, Any] | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> Any:
    """A Value: its graph to play with. A Trainer and its data: a page on which it learns in front of you.

    Everything runs inside the page: no kernel, no network. It shows itself in a notebook, stays alive in a saved one,
    and `save("learn.html")` writes one file.

    explore(value, names, leaves=, view=, quiz=) plays the graph forward, backward and in steps of descent, with a
    slider for every leaf; `micrograd.drawing.explore` says what each argument means.

    explore(trainer, X, y, validation=, batch_size=, seed=, shuffle=) takes the arguments of `trainer.fit`, and the page
    the steps of `trainer.fit`: the same order of the samples, the same rule, the same numbers to nine digits, as long
    as Python's own backends have the same. Its code is the trainer's: model, loss, penalty and rule, in JavaScript.

    The page begins where the training began: at the parameters of a trainer that has not trained yet, else at those
    before its first step, where `trainer.reset()` goes. The trainer stays as it is. A penalty `losses.l2` becomes the
    slider of the page; any other is kept, and the slider is added to it. A metric is not shown: where there are classes
    the page counts the right answers.

    TypeError for what is neither, for arguments of the other kind, for a rule or a model that cannot be written down
    (a TraceError names the line that asks for a number), and for an objective of your own. ValueError for bad data,
    for more than 5,000 parameters or 2,000 samples. ImportError without NumPy, for a Trainer.

    >>> from micrograd import Trainer, Value, losses, optim
    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> explore((w * x).tanh(), {})
    <Explorer: Computation graph of f, 4 values>
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> explore(trainer, [1.0, 2.0], [3.0, 6.0])
    <LearningPage: 1–1, 1 parameter, 2 samples>
    """
    if isinstance(what, Value):
        if isinstance(X, Mapping) and names is None:
            names, X = X, None
        given = {"X": X, "y": y, "validation": validation, "batch_size": batch_size, "seed": seed or None}
        given["shuffle"] = None if shuffle else False
        refuse(given, "a Value", "explore(trainer, X, y) watches a training")
        if names is None:
            caller = sys._getframe(1)
            names = {**caller.f_globals, **caller.f_locals}
        return drawing.explore(what, names, leaves=leaves, view=view, quiz=quiz)
    if not isinstance(what, Trainer):
        cure = "; write explore(Trainer(model, loss, optimizer), X, y)" if callable(what) else ""
        raise TypeError(f"explore expects a Value or a Trainer, got {brief(what)}{cure}")
    refuse({"names": names}, "a Trainer", 'label the parameters, Value(0.5, "w"), and the columns of a frame X')
    given = {"leaves": leaves, "view": None if view == "auto" else view, "quiz": quiz or None}
    refuse(given, "a Trainer", "explore(loss) plays the graph of one sample, as in loss(model(X[0]), y[0])")
    if X is None or y is None:
        raise TypeError("explore expects the data of a Trainer, too: write explore(trainer, X, y)")
    return page_of(what, X, y, validation, size_of(batch_size), whole(seed, "seed"), shuffle)


def refuse(given: dict[str, Any], kind: str, cure: str) -> None:
    """TypeError for what is given, by name, and None where it is not."""
    for name, x in given.items():
        if x is not None:
            raise TypeError(f"explore takes no {name} for {kind}: {cure}")


def page_of(
    trainer: Trainer, X: Any, y: Any, validation: Any, size: int | None, seed: int, shuffle: bool
) -> LearningPage:
    """The page of a trainer and its data; the settings as they were checked."""
    if trainer.objective is not None and not isinstance(trainer.objective, (Eager, Compiled)):
        raise TypeError(
            f"explore writes model and loss down as JavaScript, and {type(trainer.objective).__name__} is an objective "
            "of your own: set trainer.objective = None, if model and loss say the same"
        )
    if optimizer_of(trainer.optimizer).minimises:
        raise TypeError(
            f"explore shows the steps of an update rule, and {trainer.optimizer!r} has none: it searches along lines. "
            "Take one of optim.SGD, Adam, AdamW, RMSProp"
        )
    columns = [str(name) for name in getattr(X, "columns", [])]
    X, y = rows_of(X, "X"), rows_of(y, "y")
    expect_few(len(trainer.parameters), "parameters", MOST_PARAMETERS, "a smaller model")
    expect_few(len(X), "samples", MOST_SAMPLES, "some of them, X[:2000]")
    settings = {"batch": size, "seed": str(seed), "shuffle": bool(shuffle)}  # a page would round a large seed
    if missing(["numpy"]):
        raise ImportError("explore of a Trainer needs numpy: pip install -e '.[fast]' in micrograd's folder")
    expect_whole("numpy", "micrograd.watch.making")
    from micrograd.watch.making import made

    return made(trainer, X, y, validation, columns, settings)


def expect_few(count: int, what: str, most: int, cure: str) -> None:
    """ValueError for more than a page computes in time."""
    if count > most:
        raise ValueError(f"explore watches up to {most:,} {what}, got {count:,}: give {cure}")
