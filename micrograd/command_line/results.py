"""The files that commands write: that they can be is found out before the work, and they are whole or not there."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager

from micrograd.command_line.terminal import InputError, one_line
from micrograd.system.disk import expect_writable, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@contextmanager
def written(path: str) -> Iterator[None]:
    """InputError for what is wrong with the path of a result."""
    try:
        yield
    except OSError as error:
        raise InputError(one_line(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}")) from None
    except (ImportError, ValueError, RuntimeError) as error:
        raise InputError(one_line(f"{path}: {error}")) from None


def expect_place(path: str) -> None:
    """InputError unless a result can be written to path; nothing is changed there."""
    with written(path):
        expect_writable(path)


def expect_places(results: dict[str, str], read: dict[str, str], *, force: bool) -> None:
    """InputError unless all results, paths by option, can be written: each to a place of its own.

    read        files that the command reads, by what they are, which no result may replace
    force       whether files that are there already may be
    """
    taken = {os.path.realpath(path): what for what, path in read.items()}
    for option, path in results.items():
        where = os.path.realpath(path)
        if where in taken:
            raise InputError(one_line(f"{option}: {path} is {taken[where]}; expected another file"))
        taken[where] = f"the file of {option}"
    there = [path for path in results.values() if os.path.isfile(path)]
    if there and not force:
        them = "it" if len(there) == 1 else "them"
        raise InputError(one_line(f"{', '.join(there)}: there already; --force overwrites {them}"))
    for path in results.values():
        expect_place(path)


def save_json(path: str, content: dict[str, Any]) -> None:
    """Write content to path; InputError if that is not possible."""
    save(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def save(path: str, content: str | bytes) -> None:
    """Write content to path; InputError if that is not possible."""
    with written(path):
        write(path, content)
