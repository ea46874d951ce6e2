"""`TableError`: what is wrong with a table, in one line, and the argument that cures it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = "pip install -e '.[data]' in micrograd's folder"


class TableError(ValueError):
    """What the user can mend: the file, the choice of its columns, or an argument.

    on_command_line     the same line with the options of the command line in place of arguments

    >>> error = TableError("a.csv: columns 'a', 'b' are too large", "leave them out", ignore=["a", "b"])
    >>> print(error)
    a.csv: columns 'a', 'b' are too large: leave them out, ignore=['a', 'b']
    >>> print(error.on_command_line)
    a.csv: columns 'a', 'b' are too large: leave them out, --ignore a,b
    """

    def __init__(self, what: str, cure: str = "", **argument: Sequence[str] | bool | None) -> None:
        for name, value in argument.items():
            listed = [] if value is None or isinstance(value, bool) else list(value)
            option = f"--{name.replace('_', '-')} {','.join(listed)}".rstrip()
            super().__init__(f"{what}: {cure}, {name}={'…' if value is None else value}")
            self.on_command_line = f"{what}: {cure}, {option}"
            return
        super().__init__(f"{what}: {cure}" if cure else what)
        self.on_command_line = str(self)


def quoted(names: Sequence[str]) -> str:
    """Columns as a message names them: all of them, or where they are many the first.

    >>> quoted(["a"]), quoted(["a", "b"])
    ("column 'a'", "columns 'a', 'b'")
    """
    shown = [repr(name) for name in names]
    return f"column{'s' if len(shown) != 1 else ''} {', '.join(shown)}"


def listed(words: Sequence[str], most: int = 5) -> str:
    """The first of some words.

    >>> listed(["a", "b", "c"], 2)
    'a, b, …'
    """
    return ", ".join([*words[:most], *["…"] * (len(words) > most)])
