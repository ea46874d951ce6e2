"""The files that `train` writes and other commands read, and errors about tables and models in a line."""

from __future__ import annotations

from contextlib import contextmanager

from micrograd import files, tables
from micrograd.command_line.terminal import InputError, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def input_errors() -> Iterator[None]:
    """InputError, in terms of options, for what is wrong with a table, a model file, or the packages that read them."""
    try:
        yield
    except tables.TableError as error:
        raise InputError(one_line(error.on_command_line)) from None
    except OSError as error:
        raise InputError(one_line(f"{error.filename}: {(error.strerror or str(error)).lower()}")) from None
    except (files.FileError, ImportError) as error:
        raise InputError(one_line(str(error))) from None
    except ArithmeticError as error:
        said = str(error).replace("a smaller learning rate", "a smaller learning rate (--lr)")
        raise InputError(f"training diverged: {said}") from None


def read_model(path: str) -> tables.TableModel:
    """The model in a file; InputError for another one."""
    with input_errors():
        model = files.load(path)
    if not isinstance(model, tables.TableModel):
        raise InputError(f"{path}: expected a model that `train` wrote, got a graph of values")
    return model
