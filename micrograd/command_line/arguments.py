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
from micrograd.command_line.terminal import InputError, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, NoReturn

MODULE = "python -m micrograd"
CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)$")
FORCE = "overwrite files that are there already"
TRAININGS = {
    "train": "the toy net, on the dataset that ships with the package",
    "moons": "two classes of points, each a half moon",
    "xor": "a square in four, of two classes",
    "circles": "a disc, and a ring around it",
    "spiral": "two arms, wound around one another",
}
VIEWS = "all values (full), sums folded (fused), layers folded (collapsed); by the size of the graph unless given"


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
            near = meant(found[1], re.findall(r"[\w-]+", found[2]))
            message += f"; to learn from that table: train {found[1]}" if os.path.isfile(found[1]) else near
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
    top = parser()
    options, rest = top.parse_known_args(arguments or ["toy"])
    command: argparse.ArgumentParser = getattr(options, "parser", top)
    wrong = [word for word in rest if word.startswith("-") and word != "-"] or rest
    if wrong:
        word = one_line(wrong[0].partition("=")[0])
        known = re.findall(r"--[a-z-]+", command.format_usage())
        what = f"no option {word}{meant(word, known)}" if word.startswith("-") else f"{word!r} is one argument too many"
        raise InputError(f"{options.command}: {what}" if options.command else what)
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


def share(text: str) -> float:
    """A share from 0 to below 1."""
    try:
        value = float(text)
    except ValueError:
        value = 1.0
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to below 1, got {text!r}")
    return value


def seed(text: str) -> int:
    """A seed, as scikit-learn takes it."""
    value = int(at_least(0, int)(text))
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"expected a whole number below {2**32}, got {text!r}")
    return value


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(
        prog="micrograd" if os.path.basename(sys.argv[0]).partition(".")[0] == "micrograd" else MODULE,
        description="micrograd: write scalars, see every number and every derivative. "
        "Without a command, the toy net: one sample by hand, then trained on the dataset that ships with the package.",
    )
    top.add_argument("--version", action="version", version=f"micrograd {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for add in (add_toy, add_train, add_predict, add_export, add_draw, add_explore, add_playground, add_explain):
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
        help="a table in, a model out",
        description="Learn to predict one column of a table from the others, and write the model to a file, for "
        "`predict`. The table is a text file such as a spreadsheet saves as CSV. What each column is taken "
        "for, and which ones are left out, is said before the training; how good the predictions are for rows "
        "that were held out is said after it, beside those of always predicting the same. Ctrl-C ends the "
        "training early; what was learned by then is written.",
        epilog="Example: micrograd train birds.csv --target species --save-report page.html",
    )
    train.add_argument("file", metavar="FILE.csv", help="the table; - for standard input")
    columns = train.add_argument_group("columns")
    columns.add_argument("--target", metavar="COL", help="the column to predict (the last one)")
    columns.add_argument("--inputs", metavar="A,B", action="append", help="predict from these only (all others)")
    columns.add_argument("--ignore", metavar="A,B", action="append", help="leave these columns out")
    columns.add_argument("--no-header", action="store_true", help="the first line holds data; columns are c1, c2, …")
    task = columns.add_mutually_exclusive_group()
    task.add_argument("--classify", action="store_true", help="take the target's numbers for classes")
    task.add_argument("--regress", action="store_true", help="take the target for a number, not for classes")
    network = train.add_argument_group("network and training")
    network.add_argument("--hidden", type=sizes, metavar="N,N", help="widths of the hidden layers (16,16)")
    network.add_argument("--activation", metavar="NAME", help="of the hidden layers: tanh, relu, … (tanh)")
    network.add_argument("--epochs", type=at_least(1, int), metavar="N", help="passes over the rows, at most (100)")
    network.add_argument("--lr", type=at_least(0.0, float), metavar="RATE", help="learning rate (0.05)")
    network.add_argument("--batch-size", type=at_least(1, int), metavar="N", help="rows a step (16)")
    network.add_argument("--held-out", type=share, metavar="SHARE", help="rows that test it and choose the epoch (0.2)")
    network.add_argument("--seed", type=seed, metavar="N", help="of first weights, rows held out, order of rows (0)")
    results = train.add_argument_group("results")
    results.add_argument("--output", "-o", metavar="MODEL.json", default="model.json", help="the model (%(default)s)")
    results.add_argument("--plot", metavar="FILE.png", help="a picture of losses and predictions (.png, .svg, .pdf)")
    results.add_argument("--save-report", metavar="FILE.html", help="a page with columns, curves, figures and network")
    results.add_argument("--force", action="store_true", help=FORCE)
    return train


def add_predict(commands: Any) -> argparse.ArgumentParser:
    """`predict` and its options."""
    predict: argparse.ArgumentParser = commands.add_parser(
        "predict",
        help="predictions of a model for the rows of a table",
        description="Predict with a model that `train` wrote: the table again as a CSV file, with the prediction for "
        "every row, and for classes the probability of each. The table needs the columns that the model was "
        "trained on, by name; others are not looked at.",
    )
    predict.add_argument("model", metavar="MODEL.json", help="what `train` wrote")
    predict.add_argument("file", metavar="FILE.csv", help="the table; - for standard input")
    predict.add_argument("--no-header", action="store_true", help="the first line holds data, no names")
    predict.add_argument("--output", "-o", metavar="OUT.csv", default="-", help="the predictions (standard output)")
    predict.add_argument("--force", action="store_true", help=FORCE)
    return predict


def add_export(commands: Any) -> argparse.ArgumentParser:
    """`export` and its options."""
    export: argparse.ArgumentParser = commands.add_parser(
        "export",
        help="a model or an expression, with derivatives, as source code that stands alone",
        description="Write a model that `train` wrote, a graph that micrograd.save wrote, or an expression, given as "
        "for draw, down as functions in C, JavaScript or Python that need no library: the value and, where asked for, "
        "derivatives.",
    )
    export.add_argument("source", metavar="SOURCE", help="MODEL.json, or an expression such as 'tanh(w*x + b)'")
    export.add_argument("--output", "-o", required=True, metavar="FILE", help="its suffix says the language")
    export.add_argument("--language", choices=["c", "javascript", "python"], help="whatever the suffix says")
    export.add_argument("--name", default="model", help="of the function (%(default)s)")
    export.add_argument("--derivatives", default="", metavar="NAMES", help="gradient, jacobian, hessian, hvp: some")
    export.add_argument("--wrt", choices=["inputs", "parameters"], default="inputs", help="by these (%(default)s)")
    export.add_argument(
        "--parameters",
        choices=["constants", "argument"],
        default="constants",
        help="in the code, or an array that is given at each call (%(default)s)",
    )
    export.add_argument("--at", default="", metavar="w=0.5,b=2", help="parameters of an expression, and their numbers")
    export.add_argument("--inputs", default="", metavar="x,y", help="its inputs (the names without a number)")
    export.add_argument("--header", action="store_true", help="write a header beside the C")
    export.add_argument("--force", action="store_true", help=FORCE)
    return export


def add_draw(commands: Any) -> argparse.ArgumentParser:
    """`draw` and its options."""
    drawing: argparse.ArgumentParser = commands.add_parser(
        "draw",
        help="draw an expression",
        description="Draw the computation graph of an expression such as 'tanh(w*x + b)', or of steps such as "
        "'z = w*x; h = sigmoid(z)', with every value and gradient.",
    )
    drawing.add_argument("expression", metavar="EXPR", help="such as 'z = w*x; tanh(z + b)'")
    drawing.add_argument("--at", default="", metavar="w=0.5,x=2", help="the number for each name")
    drawing.add_argument("--output", "-o", default="graph.svg", help="its suffix says how: .svg, .png … (%(default)s)")
    drawing.add_argument("--view", choices=["auto", "full", "fused", "collapsed"], default="auto", help=VIEWS)
    drawing.add_argument("--direction", choices=["LR", "TB"], default="LR", help="left to right, or top to bottom")
    return drawing


def add_explore(commands: Any) -> argparse.ArgumentParser:
    """`explore` and its options."""
    playing: argparse.ArgumentParser = commands.add_parser(
        "explore",
        help="make a page that plays an expression forward and backward, or on which a network learns",
        description="Make a page that plays the computation graph of an expression, given as for draw: forward, "
        "backward, down the gradient, with a slider for each leaf. Without an expression, that of the toy net's loss. "
        "With one of the options below, a page on which a network learns while you watch; it opens in a browser "
        "unless -o says where it goes.",
    )
    playing.add_argument("expression", metavar="EXPR", nargs="?", default="", help="as for draw (the toy net's loss)")
    playing.add_argument("--at", default="", metavar="w=0.5,x=2", help="the number for each name")
    playing.add_argument("--quiz", action="store_true", help="hide the derivatives, to be found")
    playing.add_argument("--output", "-o", metavar="FILE.html", help="where the page goes (explore.html)")
    training = playing.add_argument_group("watch a network learn")
    kinds = training.add_mutually_exclusive_group()
    for name, what in TRAININGS.items():
        kinds.add_argument(f"--{name}", dest="training", action="store_const", const=name, help=what)
    kinds.add_argument("--data", metavar="FILE.csv", help="to predict one column of a table from the others")
    training.add_argument("--target", metavar="COL", help="the column to predict (the last one)")
    task = training.add_mutually_exclusive_group()
    task.add_argument("--classify", action="store_true", help="take the target's numbers for classes")
    task.add_argument("--regress", action="store_true", help="take the target for a number, not for classes")
    training.add_argument("--hidden", type=sizes, metavar="N,N", help="widths of the hidden layers (8,8)")
    training.add_argument("--force", action="store_true", help="overwrite a page of a training that is there already")
    return playing


def add_playground(commands: Any) -> argparse.ArgumentParser:
    """`playground` and its options."""
    playing: argparse.ArgumentParser = commands.add_parser(
        "playground",
        help="make a page on which visitors type code and see it drawn, explained and trained",
        description="Make a page of one file, for any web host, on which visitors type scalar code and see its graph, "
        "played, explained, as a formula, and trained on data, without installing anything: Python runs in their "
        "browser, by Pyodide, with this very package, which is in the file.",
    )
    playing.add_argument("--output", "-o", default="playground.html", help="where the page goes (%(default)s)")
    where = "where the page finds Pyodide's files: an address, or a folder beside the page (its public release)"
    playing.add_argument("--pyodide", metavar="URL", help=where)
    return playing


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
