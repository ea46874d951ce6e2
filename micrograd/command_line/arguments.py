"""What the command line takes: commands, options and their texts; what a misspelled word was meant to be.

option      a word with a dash, such as --target or -o
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from difflib import get_close_matches

from micrograd import __version__
from micrograd.command_line.terminal import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, NoReturn

MODULE = "python -m micrograd"
CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)$")


def meant(word: str, known: Iterable[str]) -> str:
    """What a misspelled word may have meant, to be put at the end of a line.

    >>> meant("--tagret", ["--target", "--seed"]), meant("nonsense", ["toy"])
    ('; did you mean --target?', '')
    """
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """InputError, with what was meant where a word is not among the choices."""
        message = message.removeprefix("argument ")
        found = CHOICE.search(message)
        if found:
            message += meant(found[1], re.findall(r"[\w-]+", found[2]))
        if message.endswith("expected one argument"):
            option = message.partition("/")[0].partition(":")[0]
            message += f"; one that begins with a dash is joined to the option: {option}=-x"
        raise InputError(message)


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command, `toy` for none. InputError for what is misspelled, missing or too much.

    >>> read_arguments(["train", "data.csv", "--tagret", "y"])
    Traceback (most recent call last):
    ...
    micrograd.command_line.terminal.InputError: train: no option --tagret; did you mean --target?
    """
    options, rest = parser().parse_known_args(arguments or ["toy"])
    command: argparse.ArgumentParser = options.parser
    wrong = [word for word in rest if word.startswith("-") and word != "-"] or rest
    if wrong:
        word = wrong[0].partition("=")[0]
        known = re.findall(r"--[a-z-]+", command.format_usage())
        what = f"no option {word}{meant(word, known)}" if word.startswith("-") else f"{word!r} is one argument too many"
        raise InputError(f"{options.command}: {what}")
    return options


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
    top = Parser(
        prog="micrograd" if os.path.basename(sys.argv[0]).partition(".")[0] == "micrograd" else MODULE,
        description="micrograd: write scalars, see every number and every derivative. "
        "Without a command, the toy net: one sample by hand, then trained on the dataset that ships with the package.",
    )
    top.add_argument("--version", action="version", version=f"micrograd {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for add in (add_toy, add_train, add_draw, add_explain):
        command = add(commands)
        command.set_defaults(parser=command)
    return top


def add_toy(commands: Any) -> argparse.ArgumentParser:
    """`toy` and its options."""
    toy: argparse.ArgumentParser = commands.add_parser("toy", help="the toy net (what runs when no command is given)")
    toy.add_argument("--epochs", type=at_least(1, int), default=500, help="passes over the data (%(default)s)")
    toy.add_argument("--lr", type=at_least(0.0, float), default=10.0, help="learning rate (%(default)s)")
    toy.add_argument("--output", "-o", default="toy-net.json", help="where the weights go (%(default)s)")
    return toy


def add_train(commands: Any) -> argparse.ArgumentParser:
    """`train` and its options."""
    train: argparse.ArgumentParser = commands.add_parser(
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
    return train


def add_draw(commands: Any) -> argparse.ArgumentParser:
    """`draw` and its options."""
    drawing: argparse.ArgumentParser = commands.add_parser(
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
    return drawing


def add_explain(commands: Any) -> argparse.ArgumentParser:
    """`explain` and its options."""
    telling: argparse.ArgumentParser = commands.add_parser(
        "explain",
        help="tell the chain rule of a gradient",
        description="Tell why a gradient is the number that it is: the chain rule in symbols, formulas and numbers. "
        "Without --wrt, the whole pass as a table.",
    )
    telling.add_argument("expression", metavar="EXPR", help="as for draw, such as 'h = sigmoid(w*x); (h - y)**2'")
    telling.add_argument("--at", default="", metavar="w=0.5,x=2", help="the number for each name")
    telling.add_argument("--wrt", default="", metavar="w,x", help="differentiate by these names")
    telling.add_argument("--paths", type=at_least(1, int), default=5, help="largest paths told (%(default)s)")
    return telling
