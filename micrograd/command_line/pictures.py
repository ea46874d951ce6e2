"""`python -m micrograd draw EXPR --at w=0.5,x=2 -o net.svg`: a picture of an expression."""
from __future__ import annotations

import os

from micrograd.command_line.expressions import read_expression, values_at
from micrograd.command_line.tables import InputError
from micrograd.drawing import draw

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> None:
    """Build, differentiate, draw, save."""
    root, names = read_expression(options.expression, values_at(options.at))
    root.backward()
    picture = draw(root, names, view=options.view, direction=options.direction)
    try:
        picture.save(options.output)
    except OSError as error:
        raise InputError(f"{options.output}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{options.output}: {error}") from None
    print(f"{root.label or 'value'} = {root.data:.10g}; the picture is in {os.path.abspath(options.output)}")
