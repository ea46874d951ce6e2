"""`python -m micrograd explain EXPR --at w=0.5,x=2 --wrt w`: why a gradient is the number that it is."""

from __future__ import annotations

from micrograd.chain_rule import explain
from micrograd.command_line.expressions import read_expression, values_at
from micrograd.command_line.terminal import InputError, spell
from micrograd.formulas import formula

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> None:
    """Build, differentiate, explain: the derivatives asked for, or the whole pass as a table."""
    root, names = read_expression(options.expression, values_at(options.at))
    root.backward()
    wanted = [name.strip() for name in options.wrt.split(",") if name.strip()]
    for name in wanted:
        if name not in names:
            raise InputError(f"--wrt: the expression has no {name!r}; it has {', '.join(names)}")
    print(formula(root, names), end="\n\n", flush=True)
    if wanted:
        print(explain(root, [names[name] for name in wanted], names, paths=options.paths).text(spell))
    else:
        print(explain(root, None, names).text(spell))
