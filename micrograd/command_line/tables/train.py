"""`micrograd train FILE.csv`: a table in, a model out, and in words what was taken for what and how good it is."""

from __future__ import annotations

import csv
import os

from micrograd import tables
from micrograd.command_line.results import expect_places, written
from micrograd.command_line.tables.models import input_errors, read_table
from micrograd.command_line.tables.progress import followed
from micrograd.command_line.tables.report import plots_of, report_of
from micrograd.command_line.terminal import InputError, one_line
from micrograd.plotting.figures import expect_format, image
from micrograd.system.disk import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

EPOCHS = 100


def run(options: argparse.Namespace) -> None:
    """Find out that all results can be written; read, train, tell, write."""
    expect_results(options)
    with input_errors():
        table = read_table(options, [options.target] if options.target else [])
        prepared = tables.prepare(
            table,
            target=options.target,
            inputs=None if options.inputs is None else listed(options.inputs, table.names),
            ignore=listed(options.ignore or [], table.names),
            classify=True if options.classify else False if options.regress else None,
            **given(options, "held_out", "seed"),
        )
    for line in [*table.notes, *prepared.notes]:
        print(one_line(line), flush=True)
    training = training_of(prepared, options)
    stopped = trained(training, options)
    with input_errors():
        training.finish()
    said = {"trained rows": training.trained_figures, "held-out rows": training.tested_figures}
    for rows, figures in said.items():
        if figures is not None:
            print(f"{rows}: {figures}")
    write_results(table, training, options)
    if stopped:
        raise KeyboardInterrupt


def expect_results(options: argparse.Namespace) -> None:
    """InputError unless the model, the picture and the report can be written, and what draws them is installed."""
    wanted = {"--output": options.output, "--plot": options.plot, "--save-report": options.save_report}
    results = {option: path for option, path in wanted.items() if path is not None}
    for option, path in results.items():
        if path == "-":
            raise InputError(f"{option}: expected a file; standard output is for what is said of the training")
    expect_places(results, {"the table": options.file}, force=options.force)
    if options.plot:
        with written(options.plot):
            expect_format(options.plot)
    if options.save_report:
        with written(options.save_report):
            expect_format("losses.svg")
        if not options.save_report.lower().endswith((".html", ".htm")):
            raise InputError(f"{options.save_report}: expected a path that ends in .html")


def write_results(table: tables.Table, training: tables.Training, options: argparse.Namespace) -> None:
    """Write the model, the picture and the report, and say where they are."""
    with written(options.output):
        training.model.save(options.output)
    print(f"The model is in {os.path.abspath(options.output)}")
    if options.plot:
        with written(options.plot):
            write(options.plot, image(list(plots_of(training).values()), expect_format(options.plot)))
        print(f"The picture is in {os.path.abspath(options.plot)}")
    if options.save_report:
        with written(options.save_report):
            write(options.save_report, report_of(table, training, options.output))
        print(f"The report is in {os.path.abspath(options.save_report)}")


def listed(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """The columns that options name: each text is a name, or names with commas between them.

    >>> listed(["a,b", "c, d"], ["a", "b", "c, d"]), listed(['"c, d",a'], ["a", "c, d"])
    (['a', 'b', 'c, d'], ['c, d', 'a'])
    """
    found = []
    for text in texts:
        try:
            found += [text] if text in names else next(csv.reader([text], skipinitialspace=True), [])
        except csv.Error:  # a line end
            found.append(text)
    return [name for name in map(str.strip, found) if name]


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Those options that are given; the others are left to the defaults of what takes them."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def training_of(prepared: tables.Prepared, options: argparse.Namespace) -> tables.Training:
    """The training, before its first epoch."""
    try:
        training = tables.Training(prepared, **given(options, "hidden", "activation", "lr", "seed"))
    except ValueError as error:
        raise InputError(f"--activation: {error}") from None
    sizes = [len(prepared.inputs), *[len(layer.neurons) for layer in training.model.network.layers]]
    print(f"network {'-'.join(map(str, sizes))}, {len(training.model.network.parameters())} parameters", flush=True)
    return training


def trained(training: tables.Training, options: argparse.Namespace) -> bool:
    """Train, and tell how that went; whether it was stopped by Ctrl-C, which keeps what was learned in whole epochs."""
    records = training.epochs(**given(options, "epochs", "batch_size"))
    epochs, stopped = options.epochs or EPOCHS, False
    try:
        with input_errors():
            for _ in followed(records, epochs):
                pass
    except KeyboardInterrupt:
        stopped = True
        if not training.history:
            raise
    history = training.history
    ended = ", stopped by Ctrl-C" if stopped else ", stopped early" if len(history) < epochs else ""
    best = f", the best after {training.best_epoch}" if training.best_epoch < len(history) else ""
    print(f"{len(history)} epochs{ended}{best}; loss {history.loss[0]:.6g} to {history.loss[-1]:.6g}")
    return stopped
