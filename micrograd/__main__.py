"""The command line: `micrograd --help`, or `python -m micrograd --help`."""

from __future__ import annotations

import sys
from importlib import import_module

from micrograd.command_line.arguments import read_arguments
from micrograd.command_line.terminal import InputError, OutputError, complain, silence, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ROOMS = {  # where a command lives
    "toy": "toy",
    "train": "tables.train",
    "predict": "tables.predict",
    "export": "exports",
    "draw": "pictures",
    "explore": "players",
    "playground": "playgrounds",
    "explain": "chain_rules",
}


def run(arguments: Sequence[str]) -> None:
    """Run one command, and hand on all that it printed, however it ended."""
    try:
        options = read_arguments(arguments)
        import_module(f"micrograd.command_line.{ROOMS[options.command]}").run(options)
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it worked, 2 after one line on what is wrong with the input.

    1 if standard output was closed or takes no more, 130 after Ctrl-C.

    >>> main(["train", "no such file.csv"])
    2
    """
    with streams():
        try:
            run(sys.argv[1:] if arguments is None else arguments)
        except InputError as error:
            complain(str(error))
            return 2
        except KeyboardInterrupt:
            print(file=sys.stderr)  # ends the line in which a terminal shows ^C
            complain("stopped")
            return 130
        except OutputError as error:
            silence()
            complain(f"standard output: {error}")
            return 1
        except BrokenPipeError:  # the reader, such as head, has seen enough
            silence()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
