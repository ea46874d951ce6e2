"""The playground as one file of HTML: its parts put together, the package packed into it.

address     where the files of a Pyodide distribution lie: pyodide.js and the others beside it
known       what the scripts of the page know of the package, as JSON
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from html import escape
from pathlib import Path

from micrograd import __version__
from micrograd.drawing import look
from micrograd.drawing.explorer.page import asset, bare, literal
from micrograd.drawing.explorer.scene import ROLES
from micrograd.playground.answers import Session
from micrograd.playground.archive import FORM, packed
from micrograd.playground.examples import EXAMPLES
from micrograd.playground.training import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PYODIDE = "https://cdn.jsdelivr.net/pyodide/v0.29.5/full/"  # its public release, the one that is tested
BORROWED = ("elements", "frame", "controls", "curve")  # from the player of `explore`
SCRIPTS = ("inert", "python", "editor", "values", "panels", "chart", "training", "address", "playground")


def playground(address: str = PYODIDE) -> str:
    """The page, with Python to be loaded from `address`: absolute, or relative to where the page will lie.

    ValueError for an address that a page cannot load from.

    >>> playground().startswith("<!DOCTYPE html>")
    True
    >>> playground("ftp://here")
    Traceback (most recent call last):
    ...
    ValueError: expected an address such as https://host/pyodide/ or pyodide/, got 'ftp://here'
    """
    absolute = re.match(r"https?://[^/]", address) is not None
    if not address or re.search(r"[\s\"'<>;,\\?#]", address) or ":" in address and not absolute:
        raise ValueError(f"expected an address such as https://host/pyodide/ or pyodide/, got {address!r}")
    address = address.rstrip("/") + "/"
    program = [f"const known = {literal(known(address))};"]
    program += [bare(asset(f"{file}.js")) for file in BORROWED] + [part(f"{file}.js") for file in SCRIPTS]
    parts = {"allowed": escape(address) if absolute else "'self'", "version": __version__}
    parts |= {"style": part("style.css"), "program": "\n".join(program)}
    return re.sub(r"\{(allowed|version|style|program)\}", lambda found: parts[found[1]], part("page.html"))


def part(file: str) -> str:
    """The text of a file of the page."""
    return (Path(__file__).parent / "site" / file).read_text(encoding="utf-8")


def known(address: str) -> dict[str, Any]:
    """What the page knows; "first" is the answer that it shows while Python is on its way."""
    first = Session().answer(json.dumps({**EXAMPLES[0], "panel": "graph"}))
    roles = {role: (ROLES[role], *look.ROLES[role][:2]) for role in ROLES}
    return {
        "address": address,
        "archive": b64encode(packed()).decode(),
        "form": FORM,
        "room": part("room.html"),
        "worker": part("worker.js"),
        "examples": EXAMPLES,
        "rules": [*RULES],
        "first": json.loads(first),
        "roles": {role: {"word": word, "fill": fill, "colour": colour} for role, (word, fill, colour) in roles.items()},
        "look": {"positive": look.BLUE, "negative": look.RED},
    }
