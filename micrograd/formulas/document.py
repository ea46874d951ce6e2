"""What explanations are made of, and how they are shown: as text, in LaTeX, in Markdown, in a notebook's HTML.

Math        a written formula; a plain str beside it is words
line        words and formulas in a row
cells       lines of a row in columns
"""

from __future__ import annotations

from html import escape
from itertools import zip_longest
from unicodedata import category, east_asian_width

from micrograd.formulas.writing import LATEX, PAGE, TEXT, Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Union

    Line = Sequence[str]
    Block = Union["Equations", "Words", "Table"]

STYLE = "text-align:left;white-space:nowrap;padding:1px 6px 1px 0;border:none"
# Notebooks would stripe the lines of a derivation; where styles are taken out, `align` stays.
BARE_ROW = '<tr align="left" style="background:transparent">'


class Math(str):
    """A written formula."""


class Equations:
    """Rows of cells that are equal: left = right = value, the signs below each other. A row of one cell has no sign."""

    def __init__(self, rows: Sequence[Sequence[Line]]) -> None:
        self.rows = rows


class Words:
    """A sentence."""

    def __init__(self, *line: str) -> None:
        self.line = line


class Table:
    """A table with a header."""

    def __init__(self, header: Sequence[Line], rows: Sequence[Sequence[Line]]) -> None:
        self.header, self.rows = header, rows


class Document:
    """Something told in blocks; subclasses give `blocks(writing)`.

    str(…)      text for a terminal
    latex       LaTeX maths, to be put between dollars
    markdown    Markdown with maths, as GitHub and notebooks read it
    """

    def blocks(self, writing: Writing) -> list[Block]:
        """The blocks, with formulas written in one way."""
        raise NotImplementedError

    def text(self, spell: Callable[[str], str] = str) -> str:
        """Text for a terminal, with every cell passed through `spell` before it is put below others."""
        text = ""
        for block in self.blocks(TEXT):  # a sentence stands directly above what it introduces
            text += "\n".join(text_rows(block, spell)) + ("\n" if isinstance(block, Words) else "\n\n")
        return text.rstrip()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return str(self)

    @property
    def latex(self) -> str:
        """LaTeX maths: a single formula, or the blocks below each other."""
        blocks = self.blocks(LATEX)
        if len(blocks) == 1 and isinstance(blocks[0], Equations) and len(blocks[0].rows) == 1:
            return " = ".join([in_latex(cell) for cell in blocks[0].rows[0]])
        parts = [latex_of(block) + (" \\\\" if isinstance(block, Words) else " \\\\ \\\\[-1ex]") for block in blocks]
        return "\\begin{array}{l}\n" + "\n".join(parts) + "\n\\end{array}"

    @property
    def markdown(self) -> str:
        """Markdown: displayed equations, sentences, tables."""
        return "\n\n".join([markdown_of(block) for block in self.blocks(LATEX)]) + "\n"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    def _repr_html_(self) -> str:
        blocks = "\n".join([html_of(block) for block in self.blocks(PAGE)])
        return f'<div style="line-height:1.5">\n{blocks}\n</div>'


def joined(line: Line, words: Callable[[str], str], formula: Callable[[str], str] = str) -> str:
    """A line with its words and formulas each passed through a function."""
    return "".join([formula(piece) if isinstance(piece, Math) else words(piece) for piece in line])


def in_latex(line: Line) -> str:
    """A line as LaTeX maths."""
    return joined(line, lambda words: f"\\text{{{words}}}")


def in_markdown(line: Line) -> str:
    """A line of Markdown; a bar would end the cell of a table."""
    return joined(line, str, lambda formula: "$" + formula.replace("|", r"\vert ") + "$" if formula else "")


def in_html(line: Line) -> str:
    """A line of HTML."""
    return joined(line, escape)


def width(text: str) -> int:
    """How many columns text takes in a terminal."""
    return sum([0 if category(c) in ("Mn", "Cf") else 2 if east_asian_width(c) in "WF" else 1 for c in text])


def columns(rows: Sequence[Sequence[str]], between: Sequence[str]) -> list[str]:
    """Rows of cells padded to columns; between[i] stands before column i + 1."""
    widths = [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")]
    shown = []
    for row in rows:
        text = ""
        for i, cell in enumerate(row):
            text += (between[min(i, len(between)) - 1] if i else "") + cell + " " * (widths[i] - width(cell))
        shown.append(text.rstrip())
    return shown


def text_rows(block: Block, spell: Callable[[str], str]) -> list[str]:
    """A block as lines of text."""
    if isinstance(block, Words):
        return [spell("".join(block.line))]
    rows = [block.header, *block.rows] if isinstance(block, Table) else block.rows
    texts = [[spell("".join(cell)) for cell in row] for row in rows]
    if isinstance(block, Table):
        return columns(texts, ["  "])
    signed = iter(columns([row for row in texts if len(row) > 1], [" = "]))
    return [next(signed) if len(row) > 1 else row[0] for row in texts]


def latex_of(block: Block) -> str:
    """A block as LaTeX maths."""
    if isinstance(block, Words):
        return r"\displaystyle " + in_latex(block.line)
    if isinstance(block, Table):
        head, *body = [" & ".join([in_latex(cell) for cell in row]) for row in [block.header, *block.rows]]
        start = f"\\begin{{array}}{{{'l' * len(block.header)}}}\n{head} \\\\ \\hline\n"
        return start + " \\\\\n".join(body) + "\n\\end{array}"
    rows = [[in_latex(cell) for cell in row] for row in block.rows]
    lines = ["& " + row[0] if len(row) == 1 else " &&= ".join([" &= ".join(row[:2]), *row[2:]]) for row in rows]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def markdown_of(block: Block) -> str:
    """A block as Markdown."""
    if isinstance(block, Words):
        return in_markdown(block.line)
    if isinstance(block, Table):
        lines = [[in_markdown(cell) for cell in row] for row in [block.header, *block.rows]]
        lines.insert(1, ["---"] * len(block.header))
        return "\n".join(["| " + " | ".join(line) + " |" for line in lines])
    return f"$$\n{latex_of(block)}\n$$"


def html_of(block: Block) -> str:
    """A block as HTML; what it says survives where styles and scripts are taken out."""
    if isinstance(block, Words):
        return f"<div>{in_html(block.line)}</div>"
    rows: list[list[str]] = [[in_html(cell) for cell in row] for row in block.rows]
    head = ""
    if isinstance(block, Table):
        head = "".join([f'<th style="{STYLE}">{in_html(cell)}</th>' for cell in block.header])
        head = f"<thead>{BARE_ROW}{head}</tr></thead>\n"
    else:
        rows = [[row[0], *["= " + cell for cell in row[1:]]] for row in rows]
    lines = ["".join([f'<td style="{STYLE}">{cell}</td>' for cell in row]) for row in rows]
    body = "\n".join([f"{BARE_ROW}{line}</tr>" for line in lines])
    return f'<table style="border:none;margin:0.6em 0">{head}<tbody>\n{body}\n</tbody></table>'
