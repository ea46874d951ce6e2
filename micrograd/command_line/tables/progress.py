"""A bar that follows a training on a terminal; elsewhere nothing is shown."""

from __future__ import annotations

import sys
import time
from shutil import get_terminal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from micrograd.training.history import Record

OFTEN = 0.1  # seconds from one update to the next
LONGEST = 24  # characters of the bar


def followed(records: Iterable[Record], epochs: int) -> Iterator[Record]:
    """The records of at most so many epochs, while a bar on standard error shows how far they are, and then is gone."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield from records
        return
    room, due, shown = get_terminal_size().columns - 1, 0.0, ""
    try:
        for record in records:
            if time.monotonic() >= due:
                text = bar(record, epochs)[:room]
                print("\r" + text.ljust(len(shown)), end="", file=sys.stderr, flush=True)
                due, shown = time.monotonic() + OFTEN, text
            yield record
    finally:
        if shown:
            print("\r" + " " * len(shown) + "\r", end="", file=sys.stderr, flush=True)


def bar(record: Record, epochs: int) -> str:
    """How far a training is, in a line.

    >>> from micrograd.training.history import Record
    >>> bar(Record(25, 0.0312345, None, 0.04), 100)
    '━━━━━━                   epoch 25 of 100   loss 0.03123   held out 0.04'
    """
    done = "━" * round(LONGEST * record.epoch / epochs)
    held_out = "" if record.validation is None else f"   held out {record.validation:.4g}"
    return f"{done.ljust(LONGEST)} epoch {record.epoch} of {epochs}   loss {record.loss:.4g}{held_out}"
