"""`micrograd export SOURCE -o model.c`: a model or an expression, and its derivatives, as source that stands alone.

source      a file that `train` wrote: a function of the numbers in a row of the table;
            a file that `micrograd.save` wrote: a function of the leaves that --inputs names by their labels;
            an expression: a function of the names to which --at gives no number, or that --inputs names
parameters  the other leaves
"""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Any, NamedTuple

from micrograd import files, tables
from micrograd.command_line.expressions import read_expression, values_at
from micrograd.command_line.results import expect_places, save, written
from micrograd.command_line.tables.models import input_errors
from micrograd.command_line.tables.rows import head_of, prediction
from micrograd.command_line.terminal import InputError, one_line
from micrograd.engine import Value, topological
from micrograd.exporting import export

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

LANGUAGES = {".c": "c", ".js": "javascript", ".mjs": "javascript", ".py": "python"}
COMMENTS = {"c": "/* {} */\n", "header": "/* {} */\n", "javascript": "// {}\n", "python": "# {}\n"}


class Source(NamedTuple):
    """What is exported, as `export` takes it.

    head        lines that tell what goes in and what comes out
    """

    model: Any
    inputs: int | list[Value]
    parameters: list[Value]
    head: list[str]


def run(options: argparse.Namespace) -> None:
    """Read the source, write its code, and a header where one is wanted."""
    path = options.output
    if path == "-":
        raise InputError("--output: expected a file, got -")
    if options.wrt != "inputs" and not listed(options.derivatives):
        raise InputError(f"--wrt {options.wrt}: expected --derivatives, too")
    language = options.language or language_of(path)
    results = {"--output": path}
    if options.header:
        if language != "c":
            raise InputError(f"--header: expected the language c, got {language}")
        results["--header"] = os.path.splitext(path)[0] + ".h"
    is_file = os.path.isfile(options.source) or options.source.lower().endswith(".json")
    expect_places(results, {"the model": options.source} if is_file else {}, force=options.force)
    source = in_file(options) if is_file else in_expression(options)
    for option, place in results.items():
        written_in = "header" if option == "--header" else language
        text = text_of(source, options, written_in, place)
        if "--header" in results and written_in == "c":
            text = including(os.path.basename(results["--header"]), text)
        save(place, commented(source.head, written_in) + text)
    print(f"The function {options.name} is in {' and '.join([os.path.abspath(place) for place in results.values()])}")


def including(header: str, text: str) -> str:
    """The code in C with its header, so that compilers compare the two.

    >>> print(including("unit.h", "#include <math.h>\\n\\ndouble unit(double x);"))
    #include <math.h>
    #include "unit.h"
    <BLANKLINE>
    double unit(double x);
    """
    if not re.fullmatch(r"[\w.+ -]+", header, re.ASCII):
        return text  # no name for C
    own = "#include <math.h>\n"
    return text.replace(own, f'{own}#include "{header}"\n', 1)


def text_of(source: Source, options: argparse.Namespace, language: str, place: str) -> str:
    """The code; InputError for what cannot be exported so."""
    try:
        with written(place):
            return export(
                source.model,
                source.inputs,
                language=language,
                name=options.name,
                derivatives=listed(options.derivatives),
                wrt=options.wrt,
                parameters=options.parameters,
                leaves=source.parameters,
            )
    except TypeError as error:
        raise InputError(one_line(f"{options.source}: {error}")) from None


def language_of(path: str) -> str:
    """The language that a suffix says; InputError for another one.

    >>> language_of("model.mjs")
    'javascript'
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in LANGUAGES:
        *others, last = LANGUAGES
        expected = f"expected a path that ends in {', '.join(others)} or {last}, or the language (--language)"
        raise InputError(one_line(f"{path}: {expected}"))
    return LANGUAGES[suffix]


def in_file(options: argparse.Namespace) -> Source:
    """What a file holds: a model of a table, or Values."""
    with input_errors():
        found = files.load(options.source)
    if options.at:
        raise InputError("--at: expected an expression; a file has numbers of its own")
    if not isinstance(found, tables.TableModel):
        return graph(found, listed(options.inputs), options.source)
    if options.inputs:
        raise InputError("--inputs: expected an expression or a graph; a model of a table takes its columns")
    return Source(partial(prediction, found), len(found.columns), found.parameters(), head_of(found))


def graph(found: Any, names: Sequence[str], path: str) -> Source:
    """The Values in a file as a function of the leaves that are named."""
    roots = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else [found]
    outputs = [root for root in roots if root.args]
    if not outputs:
        raise InputError(one_line(f"{path}: expected Values that depend on others, got leaves alone"))
    leaves = {node.label: node for root in outputs for node in topological(root) if not node.args and node.label}
    if not names:
        raise InputError(one_line(f"{path}: expected the leaves that are inputs (--inputs), of {', '.join(leaves)}"))
    return function_of(names, leaves, outputs[0] if len(outputs) == 1 else outputs)


def in_expression(options: argparse.Namespace) -> Source:
    """An expression as a function of its names that have no number."""
    at, names = values_at(options.at), listed(options.inputs)
    root, found = read_expression(options.source, at, free=names or None)
    leaves = {name: leaf for name, leaf in found.items() if not leaf.args}
    names = names or tuple([name for name in leaves if name not in at])
    if not names:
        raise InputError("--at gives a number to every name; expected an input: leave one out, or name it (--inputs)")
    return function_of(names, leaves, root)


def function_of(names: Sequence[str], leaves: dict[str, Value], model: Any) -> Source:
    """A graph as a function of the leaves that are named; the others are its parameters."""
    for name in names:
        if name not in leaves:
            raise InputError(one_line(f"--inputs: no {name!r} there; the leaves are {', '.join(leaves)}"))
    others = [leaf for name, leaf in leaves.items() if name not in names]
    return Source(model, [leaves[name] for name in names], others, [f"inputs: {', '.join(names)}"])


def listed(text: str) -> tuple[str, ...]:
    """`a, b` as names."""
    return tuple([part.strip() for part in text.split(",") if part.strip()])


def commented(lines: Iterable[str], language: str) -> str:
    """Lines as a comment, whatever they hold.

    >>> print(commented(["a */ b /* c"], "c"), end="")
    /* a * / b / * c */
    """
    plain = [one_line(line) for line in lines]
    if language in ("c", "header"):
        plain = [line.replace("*/", "* /").replace("/*", "/ *") for line in plain]
    return "".join([COMMENTS[language].format(line) for line in plain])
