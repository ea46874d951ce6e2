"""The files that commands write: that they can be is found out before the work, and they are whole or not there."""

from __future__ import annotations

import json
from contextlib import contextmanager

from micrograd.command_line.terminal import InputError
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
        raise InputError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{path}: {error}") from None


def expect_place(path: str) -> None:
    """InputError unless a result can be written to path; nothing is changed there."""
    with written(path):
        expect_writable(path)


def save_json(path: str, content: dict[str, Any]) -> None:
    """Write content to path; InputError if that is not possible."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with written(path):
        write(path, text)
