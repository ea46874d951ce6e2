"""`python -m micrograd train FILE.csv`: a network on the numbers of the user's own file."""

from __future__ import annotations

import math
import os
import random

from micrograd import losses, nn, optim
from micrograd.command_line.results import expect_place, save_json
from micrograd.command_line.tables import as_number, read_table
from micrograd.command_line.terminal import InputError
from micrograd.training import Trainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from micrograd.command_line.tables import Table


def standardised(columns: list[list[float]]) -> tuple[list[list[float]], list[tuple[float, float]]]:
    """The columns with mean 0 and standard deviation 1, and the (mean, deviation) of each; a constant column is 0."""
    scales = []
    for column in columns:
        mean = math.fsum(column) / len(column)
        deviation = math.sqrt(math.fsum([(x - mean) ** 2 for x in column]) / len(column))
        scales.append((mean, deviation if deviation > 0.0 else 1.0))
    return [[(x - mean) / d for x in column] for column, (mean, d) in zip(columns, scales)], scales


def classes_of(table: Table, target: str, classify: bool) -> list[str] | None:
    """The classes of the target column in order, or None if it holds numbers to be predicted as they are."""
    cells = table.cells(target)
    wordy = [cell for cell in cells if as_number(cell) is None]
    if not classify and len(wordy) < len(cells):
        table.numbers(target)  # numbers, or an error that names the first cell that is none
        return None
    found = sorted(set(cells), key=lambda cell: (as_number(cell) or 0.0, cell))
    if not 2 <= len(found) <= 100:
        raise InputError(f"{table.path}: column {target!r} has {len(found)} classes; expected 2 to 100")
    return found


def split(n: int, held_out: float, seed: int) -> tuple[list[int], list[int]]:
    """Rows for training and rows held out, shuffled."""
    places = list(range(n))
    random.Random(seed).shuffle(places)
    kept = n - int(n * held_out)
    return places[:kept], places[kept:]


def scored(predictions: list[Any], targets: list[Any], classes: list[str] | None, deviation: float) -> str:
    """How good predictions are, in words: accuracy, or root mean squared error in the target's own unit."""
    if classes is None:
        squares = [(p - t) ** 2 for p, t in zip(predictions, targets)]
        return f"root mean squared error {math.sqrt(math.fsum(squares) / len(squares)) * deviation:.6g}"
    right = [max(range(len(p)), key=p.__getitem__) == t for p, t in zip(predictions, targets)]
    return f"accuracy {sum(right) / len(right):.1%}"


def columns_for(options: argparse.Namespace) -> tuple[Table, str, list[str]]:
    """The table, the target's name and the names of the inputs."""
    table = read_table(options.file)
    target = options.target or table.names[-1]
    table.column(target)
    names = [name for name in table.names if name != target]
    if not names:
        raise InputError(f"{table.path}: {target!r} is the only column; expected at least one input beside the target")
    if not 0.0 <= options.held_out < 1.0:
        raise InputError(f"--held-out: expected a share from 0 to below 1, got {options.held_out:g}")
    return table, target, names


def run(options: argparse.Namespace) -> None:
    """Read, train, report, save."""
    table, target, names = columns_for(options)
    expect_place(options.output)
    columns, scales = standardised([table.numbers(name) for name in names])
    rows = [list(row) for row in zip(*columns)]
    classes = classes_of(table, target, options.classify)
    if classes is None:
        [targets], [(mean, deviation)] = standardised([table.numbers(target)])
        loss: Any = losses.squared_error
    else:
        targets, mean, deviation = [classes.index(cell) for cell in table.cells(target)], 0.0, 1.0
        loss = losses.cross_entropy
    widths = [*options.hidden, 1 if classes is None else len(classes)]
    try:
        model = nn.MLP(len(names), widths, activation=options.activation, generator=random.Random(options.seed))
    except ValueError as error:
        raise InputError(f"--activation: {error}") from None
    shrink(model)
    kept, tested = split(len(rows), options.held_out, options.seed)
    what = f"{target} ({len(classes)} classes)" if classes else target
    print(f"{table.path}: {len(rows)} rows, {len(names)} inputs, predicting {what}; {len(tested)} rows held out")
    print(f"network {len(names)}-{'-'.join(map(str, widths))}, {len(model.parameters())} parameters\n")
    trainer = Trainer(model, loss, optim.SGD(lr=options.lr))
    report(trainer, [rows[i] for i in kept], [targets[i] for i in kept], options)
    for name, places in (("trained rows", kept), ("held-out rows", tested)):
        if places:
            predictions = trainer.predict([rows[i] for i in places])
            print(f"{name}: {scored(predictions, [targets[i] for i in places], classes, deviation)}")
    save_json(options.output, {
        "format": "micrograd network", "version": 1, "inputs": names, "target": target, "classes": classes,
        "input mean and deviation": scales, "target mean and deviation": [mean, deviation],
        "layers": [len(names), *widths], "activation": options.activation,
        "parameters": [p.data for p in model.parameters()],
    })  # fmt: skip
    print(f"The final weights are in {os.path.abspath(options.output)}")


def shrink(model: nn.MLP) -> None:
    """Scale initial weights by 1/√(inputs), so that wide tables do not saturate the first layer."""
    for layer in model.layers:
        for neuron in layer.neurons:
            for w in neuron.w:
                w.data /= math.sqrt(len(neuron.w))


def report(trainer: Trainer, rows: list[Any], targets: list[Any], options: argparse.Namespace) -> None:
    """Train, printing the falling mean loss about ten times."""
    shown = {1, *[round(options.epochs * k / 10) for k in range(11)]}
    print(f"  {'epoch':>5}{'mean loss':>14}")
    try:
        for record in trainer.epochs(
            rows, targets, epochs=options.epochs, batch_size=options.batch_size, seed=options.seed
        ):
            if record.epoch in shown:
                print(f"  {record.epoch:>5}{record.loss:>14.6f}", flush=True)
    except ArithmeticError as error:
        raise InputError(f"training diverged: {error}") from None
    print()
