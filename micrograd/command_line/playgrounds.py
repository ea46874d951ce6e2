"""`python -m micrograd playground -o playground.html`: a page on which visitors type scalar code, for any web host."""

from __future__ import annotations

import os

from micrograd.command_line.results import expect_place, save, written
from micrograd.command_line.terminal import InputError, one_line
from micrograd.drawing.explorer.page import expect_page
from micrograd.playground import PYODIDE, playground

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> None:
    """Build, save as a page."""
    with written(options.output):
        expect_page(options.output)
    expect_place(options.output)
    address = PYODIDE if options.pyodide is None else options.pyodide
    try:
        page = playground(address)
    except ValueError as error:
        raise InputError(one_line(f"--pyodide: {error}")) from None
    save(options.output, page)
    size = len(page.encode()) / 1e6
    print(f"the page, {size:.1f} MB, is in {os.path.abspath(options.output)}; it loads Python from {address}")
