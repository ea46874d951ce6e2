"""The tables and models that commands read; what is wrong with them is told in a line."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from micrograd import files, tables
from micrograd.command_line.terminal import InputError, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator


@contextmanager
def input_errors() -> Iterator[None]:
    """InputError, in terms of options, for what is wrong with a table, a model file, or the packages that read them."""
    try:
        yield
    except tables.TableError as error:
        raise InputError(one_line(error.on_command_line)) from None
    except OSError as error:
        raise InputError(one_line(f"{error.filename}: {(error.strerror or str(error)).lower()}")) from None
    except (ImportError, ValueError) as error:  # such as FileError
        raise InputError(one_line(str(error))) from None
    except ArithmeticError as error:
        said = str(error).replace("a smaller learning rate", "a smaller learning rate (--lr)")
        raise InputError(f"training diverged: {said}") from None


def read_table(options: argparse.Namespace, names: Collection[str]) -> tables.Table:
    """The table that a command is given, with a head that holds one of the names if any line does."""
    if options.file == "-" and sys.stdin is None:
        raise InputError("standard input is closed; expected a table there")
    return tables.read_table(options.file, header=False if options.no_header else None, names=names)


def read_model(path: str) -> tables.TableModel:
    """The model in a file; InputError for another one."""
    with input_errors():
        model = files.load(path)
    if not isinstance(model, tables.TableModel):
        raise InputError(f"{path}: expected a model that `train` wrote, got a graph of values")
    return model
