"""Checkpoints: all that a training needs to go on bit for bit, in a JSON file that is written whole or not at all.

A file that was changed or damaged since is refused (`files`); one that you edit is read once its digest is null.

    state       a dict of plain JSON types; floats survive JSON exactly, inf and nan are the words "inf", "nan"
    fits        how many fits of the trainer are finished
    run         of the fit that wrote it: what it was called with, how many of its epochs are done, how many of them
                brought no improvement, and the backend (none in version 1); null where `save` wrote it

The order of the samples needs no state: that of an epoch depends on the seed and the number of the epoch alone, which
counts over the life of the trainer. A script that fits several times finds its place by `fits`.
"""

from __future__ import annotations

import math

from micrograd.files import FileError, read_json, read_number, short, write_json
from micrograd.training.history import History, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.optim.optimizer import Optimizer
    from micrograd.training.course import Course

FORMAT, VERSION = "micrograd checkpoint", 3
KEYS = {"parameters", "optimizer", "history", "best", "least", "run"}
VERSIONS = {1: KEYS, 2: {*KEYS, "fits"}, 3: {*KEYS, "fits", "digest"}}
# In version 1 epochs counted from the start of their fit; 2 had no digest.
COLUMNS = ("epoch", "loss", "validation", "metric")


class CheckpointError(FileError):
    """A file that is no checkpoint, is damaged or changed, or belongs to another training; nothing was changed.

    >>> import os, tempfile
    >>> from micrograd import Trainer, Value, losses, optim
    >>> path = os.path.join(tempfile.mkdtemp(), "trained.json")
    >>> one, two = [Trainer(lambda row: row[0], losses.squared_error, optim.SGD(), parameters=[Value(0.0, name)])
    ...             for name in ("a", "b")]
    >>> one.save(path)
    >>> try:
    ...     two.load(path)
    ... except CheckpointError as error:
    ...     print(str(error).split(": ", 1)[1].split(";")[0])
    expected the 1 parameters of this trainer, got 1: number 1 is 'b' here and 'a' in the file
    """


def names_of(parameters: Any) -> list[str]:
    """A name for each parameter: its label where no other has it, else p1, p2, … by place."""
    counts: dict[str, int] = {}
    for p in parameters:
        counts[p.label] = counts.get(p.label, 0) + 1
    names = []
    for i, p in enumerate(parameters):
        name = p.label
        if not name or counts[name] > 1:
            name = f"p{i + 1}"
            while name in counts:
                name += "_"
        names.append(name)
    return names


def write(path: Any, state: dict[str, Any]) -> None:
    """Write the state, an entry a line."""
    import json

    entries = {key: json.dumps(in_words(entry), allow_nan=False) for key, entry in state.items()}
    write_json(path, FORMAT, VERSION, entries)


def in_words(x: Any) -> Any:
    """x with words for inf and nan."""
    if isinstance(x, list):
        return [in_words(item) for item in x]
    if isinstance(x, dict):
        return {key: in_words(item) for key, item in x.items()}
    return repr(x) if isinstance(x, float) and not math.isfinite(x) else x


def read(path: Any) -> dict[str, Any]:
    """The state in a file; CheckpointError for anything but a whole checkpoint of this version or an older one."""
    try:
        state = read_json(path, FORMAT, VERSIONS)
    except FileError as error:
        raise CheckpointError(str(error)) from None
    return {"fits": 0, **state}


def state_of(course: Course, optimizer: Optimizer, run: dict[str, Any] | None) -> dict[str, Any]:
    """The state of a training."""
    names = names_of(course.position.parameters)
    return {
        "parameters": dict(zip(names, course.position.numbers())),
        "optimizer": optimizer.to_state(),
        "history": course.history.to_dict(),
        "best": course.best,
        "least": course.least,
        "fits": course.fits,
        "run": run,
    }


def restore(course: Course, optimizer: Optimizer, state: dict[str, Any], path: Any) -> None:
    """Put a training into a state that was read; all is checked first, so that it is changed wholly or not at all."""
    parameters = course.position.parameters
    names = names_of(parameters)
    saved = state["parameters"]
    if not isinstance(saved, dict) or list(saved) != names:
        got = difference(names, list(saved)) if isinstance(saved, dict) else short(saved)
        raise CheckpointError(
            f"{path}: expected the {len(names)} parameters of this trainer, got {got}; "
            "load it into a trainer of the same model"
        )
    numbers = [figure(saved[name], f"{path}: parameter {name!r}") for name in names]
    best = state["best"]
    if best is not None:
        if not isinstance(best, list) or len(best) != len(names):
            raise CheckpointError(f"{path}: expected {len(names)} best parameters, got {short(best)}")
        best = [figure(x, f"{path}: a best parameter") for x in best]
    least = figure(state["least"], f"{path}: the least loss")
    history = history_of(state["history"], path)
    check_run(state["run"], state["fits"], path)
    before = optimizer.to_state()
    try:
        optimizer.from_state(with_numbers(state["optimizer"]))
        if optimizer.count not in (0, len(names)):
            raise ValueError(f"expected the state of {len(names)} parameters, got that of {optimizer.count}")
    except (ValueError, TypeError) as error:
        optimizer.from_state(before)
        raise CheckpointError(f"{path}: optimizer: {error}") from None
    for p, number in zip(parameters, numbers):
        p.data, p.grad = number, 0.0
    course.history[:], course.best, course.least, course.fits = history, best, least, state["fits"]
    course.limit = None


def difference(names: list[str], saved: list[str]) -> str:
    """How many names are saved, and the first place where they are not those expected."""
    places = range(min(len(names), len(saved)))
    i = next((i for i in places if names[i] != saved[i]), len(places))
    here, there = [short(found[i]) if i < len(found) else "none" for found in (names, saved)]
    return f"{len(saved)}: number {i + 1} is {here} here and {there} in the file"


def with_numbers(state: Any) -> Any:
    """The state of an optimiser with numbers for the words in its moments."""
    moments = state.get("moments") if isinstance(state, dict) else None
    if not isinstance(moments, dict):
        return state
    read = {
        name: [read_number(x) if x.__class__ is str else x for x in column] if isinstance(column, list) else column
        for name, column in moments.items()
    }
    return {**state, "moments": read}


def check_run(run: Any, fits: Any, path: Any) -> None:
    """CheckpointError for a run that is not one, and for a wrong count of fits."""
    if fits.__class__ is not int or fits < 0:
        raise CheckpointError(f"{path}: expected how many fits are finished, got {short(fits)}")
    if run is None:
        return
    whole = isinstance(run, dict) and set(run) - {"backend"} == {"settings", "done", "waited"}
    whole = whole and isinstance(run["settings"], dict) and isinstance(run.get("backend", ""), str)
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
        read = [None if x is None else figure(x, f"{path}: epoch {epoch}") for x in figures]
        if read[0] is None:
            raise CheckpointError(f"{path}: epoch {epoch}: expected a loss, got null")
        history.append(Record(epoch, read[0], read[1], read[2]))
    return history


def figure(x: Any, where: str) -> float:
    """A number as it stands in the file; CheckpointError for anything else."""
    try:
        return read_number(x)
    except FileError as error:
        raise CheckpointError(f"{where}: {error}") from None


class Checkpoint:
    """The checkpoint of one fit: `resume` takes up what the file holds, `keep` writes it.

    backend     of the epochs in the file, then of those to come
    due         the time from which it may be written again
    """

    def __init__(self, course: Course, optimizer: Optimizer, path: Any, settings: dict[str, Any]) -> None:
        if optimizer.minimises:
            raise TypeError(f"{optimizer!r} cannot go on from a checkpoint: leave it out, and save after fit")
        self.course, self.optimizer, self.path, self.settings = course, optimizer, path, settings
        self.backend: str | None = None
        self.due = -math.inf

    def passes_over(self) -> bool:
        """Whether a later fit of the same script wrote the file; the trainer then stands where the file ends."""
        import os

        state = read(self.path) if os.path.exists(self.path) else None
        if state is None or state["run"] is None:
            return False
        check_run(state["run"], state["fits"], self.path)
        if state["fits"] <= self.course.fits:
            return False
        restore(self.course, self.optimizer, {**state, "fits": self.course.fits + 1}, self.path)
        return True

    def resume(self) -> tuple[int, int]:
        """How many epochs of this fit are in the file, and how many without improvement; (0, 0) for a new fit."""
        import os

        if not os.path.exists(self.path):
            return 0, 0
        state = read(self.path)
        run, history = state["run"], history_of(state["history"], self.path)
        check_run(run, state["fits"], self.path)
        if run is not None and state["fits"] < self.course.fits:
            if history.loss != self.course.history.loss[: len(history)]:
                raise CheckpointError(
                    f"{self.path}: expected an earlier epoch of this training, got one of another; "
                    "call reset() to go on from it, or remove the file"
                )
            return 0, 0
        if run is None or run["settings"] != self.settings:
            got = "one that save wrote" if run is None else f"one with {run['settings']}"
            raise CheckpointError(
                f"{self.path}: expected that of a fit with {self.settings}, got {short(got)}; "
                "fit as then, or remove the file"
            )
        if state["version"] == 1 and run["done"] != len(history):
            raise CheckpointError(
                f"{self.path}: expected a fit from the first epoch, got an older file of a later "
                "fit, whose epochs began again at 0; load it, and fit without it"
            )
        restore(self.course, self.optimizer, state, self.path)
        self.backend = run.get("backend")
        return run["done"], run["waited"]

    def compare(self, backend: str) -> None:
        """UserWarning if the epochs in the file were computed by another backend than those to come."""
        if self.backend not in (None, backend):
            from warnings import warn

            warn(
                f"{self.path}: expected to go on with the backend {self.backend!r}, got {backend!r}: the training "
                "goes on, but not to the same bits; print(trainer.objective) says why, and "
                f"Trainer(…, backend={self.backend!r}) asks for the same",
                stacklevel=4,
            )

    def keep(self, done: int, waited: int, *, last: bool) -> None:
        """Write the present state; not every one where writing would take more than a tenth of the time."""
        from time import perf_counter

        start = perf_counter()
        if last or start >= self.due:
            run = {"settings": self.settings, "done": done, "waited": waited, "backend": self.backend}
            write(self.path, state_of(self.course, self.optimizer, run))
            end = perf_counter()
            self.due = end + 9.0 * (end - start)
