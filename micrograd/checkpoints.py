"""Checkpoints: all that a training needs to go on bit for bit, in a JSON file that is written whole or not at all.

    state       a dict of plain JSON types; floats survive JSON exactly
    run         what `fit` was called with, how many of its epochs are done, and how many of them brought no improvement

The order of the samples needs no state: that of an epoch depends on the seed and the number of the epoch alone.
"""
from __future__ import annotations

import math

from micrograd.history import History, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT, VERSION = "micrograd checkpoint", 1
KEYS = {"format", "version", "parameters", "optimizer", "history", "best", "least", "run"}
COLUMNS = ("epoch", "loss", "validation", "metric")


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or belongs to another training; nothing was changed."""


def names_of(parameters: Any) -> list[str]:
    """A name for each parameter: its label where no other has it, else p1, p2, … by place."""
    counts: dict[str, int] = {}
    for p in parameters:
        counts[p.label] = counts.get(p.label, 0) + 1
    return [p.label if p.label and counts[p.label] == 1 else f"p{i + 1}" for i, p in enumerate(parameters)]


def write(path: Any, state: dict[str, Any]) -> None:
    """Write the state as JSON: to a new file beside, which takes the place of the old one when it is safe on disk."""
    import json
    import os
    import tempfile

    text = json.dumps(state, indent=1, allow_nan=False)
    path = os.path.abspath(os.fspath(path))
    folder = os.path.dirname(path)
    handle, name = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name itself must reach the disk too
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(path: Any) -> dict[str, Any]:
    """The state in a file; CheckpointError for anything but a whole checkpoint of this version."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            state = json.load(file, parse_constant=refused)
    except (ValueError, RecursionError) as error:  # damaged JSON, other bytes than UTF-8, brackets without end
        raise CheckpointError(f"{path}: expected a checkpoint, got a damaged or foreign file ({error})") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path}: expected a checkpoint, with format {FORMAT!r}, got a foreign file")
    if state.get("version") != VERSION:
        raise CheckpointError(f"{path}: expected version {VERSION}, got {state.get('version')!r}; "
                              "another version of micrograd wrote it")  # fmt: skip
    if set(state) != KEYS:
        raise CheckpointError(f"{path}: expected the entries {sorted(KEYS)}, got {sorted(map(str, state))}")
    return state


def refused(constant: str) -> float:
    """JSON has no NaN and no Infinity."""
    raise ValueError(f"a number that is {constant}")


def state_of(trainer: Any, run: dict[str, Any] | None) -> dict[str, Any]:
    """The state of a trainer; ValueError if a figure is not finite."""
    names = names_of(trainer.parameters)
    return {
        "format": FORMAT, "version": VERSION,
        "parameters": dict(zip(names, trainer.numbers())),
        "optimizer": trainer.optimizer.to_state(),
        "history": trainer.history.to_dict(),
        "best": trainer.best,
        "least": trainer.least if math.isfinite(trainer.least) else None,
        "run": run,
    }  # fmt: skip


def restore(trainer: Any, state: dict[str, Any], path: Any) -> None:
    """Put a trainer into a state that was read; all is checked first, so that it is changed wholly or not at all."""
    names = names_of(trainer.parameters)
    saved = state["parameters"]
    if not isinstance(saved, dict) or list(saved) != names:
        got = list(saved) if isinstance(saved, dict) else saved
        raise CheckpointError(f"{path}: expected the parameters {short(names)}, got {short(got)}: "
                              "it belongs to another model")  # fmt: skip
    numbers = [finite(saved[name], f"{path}: parameter {name!r}") for name in names]
    best = state["best"]
    if best is not None:
        if not isinstance(best, list) or len(best) != len(names):
            raise CheckpointError(f"{path}: expected {len(names)} best parameters, got {short(best)}")
        best = [finite(x, f"{path}: a best parameter") for x in best]
    least = math.inf if state["least"] is None else finite(state["least"], f"{path}: the least loss")
    history = history_of(state["history"], path)
    check_run(state["run"], path)
    before = trainer.optimizer.to_state()
    try:
        trainer.optimizer.from_state(state["optimizer"])
        if trainer.optimizer.count not in (0, len(names)):
            raise ValueError(f"expected the state of {len(names)} parameters, got that of {trainer.optimizer.count}")
    except (ValueError, TypeError) as error:
        trainer.optimizer.from_state(before)
        raise CheckpointError(f"{path}: optimizer: {error}") from None
    for p, number in zip(trainer.parameters, numbers):
        p.data, p.grad = number, 0.0
    trainer.history[:], trainer.best, trainer.least = history, best, least


def check_run(run: Any, path: Any) -> None:
    """CheckpointError for a run that is not one."""
    if run is None:
        return
    whole = isinstance(run, dict) and set(run) == {"settings", "done", "waited"} and isinstance(run["settings"], dict)
    if not whole or any(run[key].__class__ is not int or run[key] < 0 for key in ("done", "waited")):
        raise CheckpointError(f"{path}: expected a run with settings and counts, got {short(run)}")


def history_of(columns: Any, path: Any) -> History:
    """The records of a state."""
    if not isinstance(columns, dict) or set(columns) != set(COLUMNS):
        raise CheckpointError(f"{path}: expected a history with the columns {', '.join(COLUMNS)}, got {short(columns)}")
    lengths = [len(columns[name]) if isinstance(columns[name], list) else -1 for name in COLUMNS]
    if len(set(lengths)) != 1 or lengths[0] < 0:
        raise CheckpointError(f"{path}: expected a history with columns of one length, got lengths {lengths}")
    history = History()
    for i, epoch in enumerate(columns["epoch"]):
        if epoch != i + 1:
            raise CheckpointError(f"{path}: expected epoch {i + 1} in the history, got {short(epoch)}")
        figures = [columns[name][i] for name in ("loss", "metric", "validation")]
        read = [None if x is None else finite(x, f"{path}: epoch {epoch}") for x in figures]
        if read[0] is None:
            raise CheckpointError(f"{path}: epoch {epoch}: expected a loss, got null")
        history.append(Record(epoch, read[0], read[1], read[2]))
    return history


def finite(x: Any, where: str) -> float:
    """A number as it stands in JSON; CheckpointError for anything else."""
    try:
        if isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x):
            return float(x)
    except OverflowError:
        pass
    raise CheckpointError(f"{where}: expected a finite number, got {short(x)}")


def short(x: Any) -> str:
    """What something looks like, in at most 80 characters."""
    shown = repr(x)
    return shown if len(shown) <= 80 else shown[:77] + "…"
