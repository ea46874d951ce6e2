"""The page that a report fills: its look in light, in dark and on paper, and the parts that it is made of.

part        a piece of the page, as HTML
escape      makes text of data: whatever names and cells hold, the page shows it and runs none of it
"""

from __future__ import annotations

from html import escape as escaped

from micrograd.notation.signs import clean
from micrograd.plotting.figures import inline_svg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

LONGEST = 60  # characters of a name or a cell

STYLE = """
:root { color-scheme: light dark; --ink: #23232e; --soft: #6a6a78; --line: #7a7a8640; --ground: #fff;
  --panel: #7a7a8612; --blue: #2f7fc0; --red: #d64a40; --green: #2b8a3e; --brown: #a06a1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6ee; --soft: #a2a2b0; --ground: #17171d; --blue: #6db3ea;
  --red: #f0796f; --green: #6cc47e; --brown: #d9a55b; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 62rem;
  margin: 0 auto; padding: 1.5rem 1.2rem 3rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem; }
.card { background: var(--panel); border-radius: 9px; padding: .7rem .9rem; display: flex; flex-direction: column; }
.card b { font-size: 1.45rem; line-height: 1.3; }
.card span { color: var(--soft); font-size: .85rem; }
.card.worse b { color: var(--red); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem .28rem 0; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
.columns { width: 100%; }
.columns td:last-child, .columns th:last-child { text-align: right; padding-right: .2rem; }
.columns i { font-style: normal; white-space: nowrap; color: var(--blue); }
.columns i.target { color: var(--green); font-weight: 600; }
.columns i.left-out { color: var(--soft); }
.columns i.category { color: var(--brown); }
.bars { fill: var(--blue); opacity: .7; display: block; }
figure { margin: .5rem 0; }
figure svg { max-width: 100%; height: auto; }
figure svg text { font-family: inherit !important; fill: currentColor; }
figcaption, section > p { color: var(--soft); font-size: .9rem; margin: .3rem 0; }
.network svg { max-width: 100%; height: auto; max-height: 46rem; }
ul { padding-left: 1.2rem; }
pre { background: var(--panel); border-radius: 9px; padding: .7rem .9rem; white-space: pre-wrap; }
@media (max-width: 36rem) { .columns :is(td, th):nth-child(3) { display: none; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --ground: #fff; }
  body { max-width: none; padding: 0; }
  figure, tr, .card, .network { break-inside: avoid; } h2 { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(title: str, body: str) -> str:
    """A page of its own, of a title and a body in HTML; the browser is told to load nothing and to run nothing."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>{STYLE}</style></head>
<body>
{body}
</body></html>
"""


def escape(text: Any, longest: int = LONGEST) -> str:
    """A name, a cell or another text on one line of a page.

    >>> escape("<b>\\x1b")
    '&lt;b&gt;␛'
    """
    return escaped(clean(str(text), longest))


def section(title: str, part: str) -> str:
    """A part of the page under its heading."""
    return f"<section><h2>{title}</h2>\n{part}\n</section>"


def notes(lines: Iterable[str]) -> str:
    """Lines of text as a list."""
    return "<ul>" + "".join([f"<li>{escape(line, 1_000)}</li>" for line in lines]) + "</ul>"


def rows_of(rows: Iterable[Iterable[str]], head: Iterable[str], kind: str = "") -> str:
    """A table of cells that are HTML already."""
    top = "".join([f'<th scope="col">{cell}</th>' for cell in head])
    body = "".join(["<tr>" + "".join([f"<td>{cell}</td>" for cell in row]) + "</tr>\n" for row in rows])
    return f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def figure(panel: Any, key: str, caption: str) -> str:
    """A plot under its caption."""
    svg = inline_svg(panel, key).replace("<svg ", f'<svg role="img" aria-label="{caption}" ', 1)
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"
