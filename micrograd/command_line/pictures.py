"""`python -m micrograd draw EXPR --at w=0.5,x=2 -o net.svg`: a picture of an expression."""

from __future__ import annotations

import os

from micrograd.command_line.expressions import read_expression, values_at
from micrograd.command_line.results import expect_place, written
from micrograd.drawing import draw
from micrograd.drawing.picture import writer_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> None:
    """Build, differentiate, draw, save."""
    with written(options.output):
        writer_for(options.output)
    expect_place(options.output)
    root, names = read_expression(options.expression, values_at(options.at))
    root.backward()
    picture = draw(root, names, view=options.view, direction=options.direction)
    with written(options.output):
        picture.save(options.output)
    print(f"{root.label or 'value'} = {root.data:.10g}; the picture is in {os.path.abspath(options.output)}")
