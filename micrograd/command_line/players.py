"""`python -m micrograd explore EXPR --at w=0.5,x=2 -o page.html`: a page that plays an expression, or the toy net.

With `--train` and its like it is a page on which a network learns, see `learning`.
"""

from __future__ import annotations

import os

from micrograd.command_line import learning
from micrograd.command_line.expressions import read_expression, values_at
from micrograd.command_line.results import expect_place, written
from micrograd.command_line.terminal import InputError
from micrograd.command_line.toy import SAMPLE, START
from micrograd.drawing import explore
from micrograd.drawing.explorer.page import expect_page

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

TOY = "z = w1*x; h = sigmoid(z); u = w2*h; yhat = sigmoid(u); L = (yhat - y)**2"


def run(options: argparse.Namespace) -> None:
    """Build, save as a page."""
    if options.training or options.data:
        learning.run(options)
        return
    for option in ("target", "classify", "regress", "hidden", "force"):
        if getattr(options, option):
            raise InputError(f"--{option}: is about a training: expected --train, --moons, --data FILE.csv or the like")
    options.output = options.output or "explore.html"
    with written(options.output):
        expect_page(options.output)
    expect_place(options.output)
    at = values_at(options.at)
    if not options.expression:
        at = {**START, **SAMPLE, **at}
    root, names = read_expression(options.expression or TOY, at)
    with written(options.output):
        explorer = explore(root, names, quiz=options.quiz)
        explorer.save(options.output)
    print(f"{root.label or 'value'} = {root.data:.10g}; the page is in {os.path.abspath(options.output)}")
