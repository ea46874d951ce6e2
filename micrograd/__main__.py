"""The command line: `python -m micrograd --help`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from micrograd import __version__
from micrograd.command_line.tables import InputError
from micrograd.command_line.terminal import OutputError, complain, silence, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

ROOMS = {"toy": "toy", "train": "train", "draw": "pictures", "explore": "players", "explain": "chain_rules"}


def at_least(least: float, kind: type) -> Callable[[str], float]:
    """The argparse type of a number of this kind that is at least (a float: above) `least`."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or value < least or (kind is float and not least < value < float("inf")):
            bound = f"above {least:g}" if kind is float else f"of at least {least:g}"
            noun = "number" if kind is float else "whole number"
            raise argparse.ArgumentTypeError(f"expected a {noun} {bound}, got {text!r}")
        return value

    return parse


def sizes(text: str) -> list[int]:
    """`16,16` as the widths of the hidden layers; none for an empty text."""
    try:
        widths = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        widths = [0]
    if any(width < 1 for width in widths):
        raise argparse.ArgumentTypeError(f"expected layer widths such as 16,16, got {text!r}")
    return widths


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m micrograd",
        description="micrograd: write scalars, see every number and every derivative. "
        "Without a command, the toy net: one sample by hand, then trained on the dataset that ships with the package.",
    )
    top.add_argument("--version", action="version", version=f"micrograd {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for add in (add_toy, add_train, add_draw, add_explore, add_explain):
        add(commands)
    return top


def add_toy(commands: Any) -> None:
    """`toy` and its options."""
    toy = commands.add_parser("toy", help="the toy net (what runs when no command is given)")
    toy.add_argument("--epochs", type=at_least(1, int), default=500, help="passes over the data (%(default)s)")
    toy.add_argument("--lr", type=at_least(0.0, float), default=10.0, help="learning rate (%(default)s)")
    toy.add_argument("--output", "-o", default="toy-net.json", help="where the weights go (%(default)s)")


def add_train(commands: Any) -> None:
    """`train` and its options."""
    train = commands.add_parser(
        "train",
        help="train a network on the numbers of a CSV file",
        description="Train a network on a CSV file. All columns but the target are inputs and must be numbers; inputs "
        "are standardised. A target of numbers is predicted as it is (squared error); a target of words is classified "
        "(cross-entropy).",
    )
    train.add_argument("file", metavar="FILE.csv")
    train.add_argument("--target", metavar="COL", help="column to predict (the last one)")
    train.add_argument("--classify", action="store_true", help="treat a target of numbers as classes")
    train.add_argument("--hidden", type=sizes, default=[16, 16], metavar="N,N", help="hidden layers (16,16)")
    train.add_argument("--activation", default="tanh", help="of the hidden layers: tanh, relu, … (%(default)s)")
    train.add_argument("--epochs", type=at_least(1, int), default=100, help="passes over the data (%(default)s)")
    train.add_argument("--lr", type=at_least(0.0, float), default=0.05, help="learning rate (%(default)s)")
    train.add_argument("--batch-size", type=at_least(1, int), default=16, help="samples a step (%(default)s)")
    train.add_argument("--held-out", type=float, default=0.2, help="share of rows kept for testing (%(default)s)")
    train.add_argument("--seed", type=int, default=0, help="initial weights and order of samples (%(default)s)")
    train.add_argument("--output", "-o", default="weights.json", help="where the weights go (%(default)s)")


def add_draw(commands: Any) -> None:
    """`draw` and its options."""
    drawing = commands.add_parser(
        "draw",
        help="draw an expression",
        description="Draw the computation graph of an expression such as 'tanh(w*x + b)', or of steps such as "
        "'z = w*x; h = sigmoid(z)', with every value and gradient.",
    )
    drawing.add_argument("expression", metavar="EXPR")
    drawing.add_argument("--at", default="", metavar="w=0.5,x=2", help="the number for each name")
    drawing.add_argument("--output", "-o", default="graph.svg", help="its suffix says how: .svg, .png … (%(default)s)")
    drawing.add_argument("--view", choices=["auto", "full", "fused", "collapsed"], default="auto")
    drawing.add_argument("--direction", choices=["LR", "TB"], default="LR", help="left to right, or top to bottom")


def add_explore(commands: Any) -> None:
    """`explore` and its options."""
    playing = commands.add_parser(
        "explore",
        help="make a page that plays an expression forward and backward",
        description="Make a page that plays the computation graph of an expression, given as for draw: forward, "
        "backward, down the gradient, with a slider for each leaf. Without an expression, that of the toy net's loss.",
    )
    playing.add_argument("expression", metavar="EXPR", nargs="?", default="")
    playing.add_argument("--at", default="", metavar="w=0.5,x=2", help="the number for each name")
    playing.add_argument("--quiz", action="store_true", help="hide the derivatives, to be found")
    playing.add_argument("--output", "-o", default="explore.html", help="where the page goes (%(default)s)")


def add_explain(commands: Any) -> None:
    """`explain` and its options."""
    telling = commands.add_parser(
        "explain",
        help="tell the chain rule of a gradient",
        description="Tell why a gradient is the number that it is: the chain rule in symbols, formulas and numbers. "
        "Without --wrt, the whole pass as a table.",
    )
    telling.add_argument("expression", metavar="EXPR", help="as for draw, such as 'h = sigmoid(w*x); (h - y)**2'")
    telling.add_argument("--at", default="", metavar="w=0.5,x=2", help="the number for each name")
    telling.add_argument("--wrt", default="", metavar="w,x", help="differentiate by these names")
    telling.add_argument("--paths", type=at_least(1, int), default=5, help="largest paths told (%(default)s)")


def run(arguments: Sequence[str]) -> None:
    """Run one command, and hand on all that it printed, however it ended."""
    try:
        options = parser().parse_args(arguments or ["toy"])
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
