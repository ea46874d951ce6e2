"""`python -m micrograd explore --train`, `--moons`, `--data FILE.csv` …: a page on which a network learns."""

from __future__ import annotations

from pathlib import Path
from random import Random

from micrograd import losses, nn, optim, tables
from micrograd.command_line.data_sets import data_set
from micrograd.command_line.results import expect_places, written
from micrograd.command_line.tables.models import input_errors
from micrograd.command_line.terminal import InputError, one_line
from micrograd.command_line.toy import START, ToyNet, samples
from micrograd.drawing.explorer.page import expect_page
from micrograd.training import Trainer
from micrograd.watch import explore
from micrograd.watch.exploring import MOST_SAMPLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

HIDDEN, BATCH_SIZE = (8, 8), 10
LR, TABLE_LR, TOY_LR = 0.3, 0.1, 10.0


def run(options: argparse.Namespace) -> None:
    """Make the training and its page, save that, and open it unless a place is given."""
    expect_training(options)
    path = options.output or "explore.html"
    with written(path):
        expect_page(path)
    expect_places({"--output": path}, {"the table": options.data} if options.data else {}, force=options.force)
    page = page_of(options)
    with written(path):
        page.save(path)
    where = Path(path).absolute()
    print(f"The page is in {where}")
    if not options.output:
        import webbrowser

        webbrowser.open(where.as_uri())


def page_of(options: argparse.Namespace) -> Any:
    """The page of the training that is asked for."""
    if options.training == "train":
        trainer = Trainer(ToyNet(**START), losses.squared_error, optim.SGD(lr=TOY_LR))
        return explore(trainer, *samples())
    hidden = HIDDEN if options.hidden is None else options.hidden
    if options.training:
        X, y = data_set(options.training)
        return explore(trainer_of(2, hidden, 1, losses.logistic, LR), X, y, batch_size=BATCH_SIZE)
    with input_errors():
        return page_of_table(options, hidden)


def page_of_table(options: argparse.Namespace, hidden: Sequence[int]) -> Any:
    """The page of a table; what its columns are taken for is said. Two classes are -1 and 1."""
    names = [options.target] if options.target else []
    classify = True if options.classify else False if options.regress else None
    prepared = tables.prepare(tables.read_table(options.data, names=names), target=options.target, classify=classify)
    for line in [*prepared.table.notes, *prepared.notes]:
        print(one_line(line), flush=True)
    if len(prepared.trained) > MOST_SAMPLES:
        count = len(prepared.trained)
        raise InputError(f"{options.data}: {count:,} rows to learn from; expected {MOST_SAMPLES:,} at most on a page")
    loss: Any = prepared.target.loss
    y, outputs, classes = prepared.y, prepared.target.outputs, prepared.target.classes
    if classes is not None and len(classes) == 2:
        loss, outputs, y = losses.logistic, 1, [2.0 * label - 1.0 for label in y]
        print(one_line(f"on the page -1 is {classes[0]}, 1 is {classes[1]}"), flush=True)
    trainer = trainer_of(len(prepared.inputs), hidden, outputs, loss, TABLE_LR)
    trained, tested = [(prepared.frame(rows), [y[i] for i in rows]) for rows in (prepared.trained, prepared.tested)]
    page: Any = explore(trainer, *trained, validation=tested if tested[1] else None, batch_size=BATCH_SIZE)
    stage = page.scene["stage"]
    stage["note"] = "Numbers are in standard deviations from their mean."
    for shown, name in zip(stage["classes"] or [], classes or []):
        shown["name"] = str(name)
    return page


def trainer_of(inputs: int, hidden: Sequence[int], outputs: int, loss: Any, lr: float) -> Trainer:
    """The training of a network with these widths, from the same first weights every time."""
    network = nn.MLP(inputs, [*hidden, outputs], activation="tanh", generator=Random(0), initial="xavier uniform")
    return Trainer(network, loss, optim.SGD(lr=lr))


def expect_training(options: argparse.Namespace) -> None:
    """InputError for options that do not go with a training, or with this one."""
    kind = f"--{options.training}" if options.training else "--data"
    for option in ("expression", "at", "quiz"):
        if getattr(options, option):
            what = "an expression" if option == "expression" else f"--{option}"
            raise InputError(f"explore: {what} and {kind}; expected one of them")
    for option in ("target", "classify", "regress"):
        if getattr(options, option) and not options.data:
            raise InputError(f"--{option}: is about a table: expected --data FILE.csv, got {kind}")
    if options.hidden is not None and options.training == "train":
        raise InputError("--hidden: the toy net has no layers; expected --moons, --data FILE.csv or the like")
