"""`LearningPage`: a training to watch. It shows itself in a notebook and saves itself as a page.

PLAYER      files of the player of `explore`
SCRIPTS     what the page consists of, one behind the other: parts of the player of `explore`, and its own
code        the generated functions {loss, outputs, neurons}, see `programs`
"""

from __future__ import annotations

from pathlib import Path

from micrograd.drawing.explorer.page import Page, asset, bare, literal
from micrograd.drawing.layouts.svg import escape
from micrograd.drawing.typography import plural
from micrograd.exporting.javascript.vocabulary import brought

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.drawing.picture import Picture

FOLDER = Path(__file__).parent / "page"
PLAYER = (
    "elements", "backward", "timeline", "words", "story", "picture", "frame", "views", "controls", "bar", "walk",
)  # fmt: skip
SCRIPTS = (
    "numbers/random", "numbers/training", "canvas/theme", "canvas/paint", "canvas/frames", "canvas/panel",
    "stage/answers", "network/tiles", "network/network_layout", "network/network_mouse", "network/network",
    "stage/points", "stage/stage", "stage/surface", "bar/loss_chart", "bar/transport", "bar/settings",
    "explained/formulas", "explained/sample_nodes", "explained/neuron_graph", "explained/figure",
    "explained/scalar_graph", "explained/update_text", "explained/sample_text", "explained/bars", "explained/next_step",
    "address/address_text", "address/journal", "address/address", "keys", "stage/editing", "layout", "actions", "watch",
)  # fmt: skip
STYLES = ("watch", "explained/explain")
STANDALONE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body class="micrograd-watch-page"><main>{player}</main></body></html>
"""


class LearningPage(Page):
    """A page on which a network learns. It shows itself in a notebook and saves itself as a page.

    svg         a still picture of what is trained, as SVG text
    html        a page of its own, as text
    save(path)  write that page; the path ends in .html

    >>> from micrograd import Trainer, Value, explore, losses, optim
    >>> w = Value(0.5, "w")
    >>> trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(lr=0.1), parameters=[w])
    >>> page = explore(trainer, [1.0, 2.0], [3.0, 6.0])
    >>> page.html.startswith("<!DOCTYPE html>"), len(page.html) < 250_000
    (True, True)
    """

    def __init__(
        self, picture: Picture, scene: dict[str, Any], code: str, updates: dict[str, str], rules: dict[str, str]
    ) -> None:
        self.picture, self.scene, self.code, self.updates, self.rules = picture, scene, code, updates, rules
        self.title = str(scene["title"])

    @property
    def html(self) -> str:
        """A page of its own, as text."""
        still = "<noscript>With scripts this page trains in front of you.</noscript>"
        return STANDALONE.format(title=escape(self.title), player=self._player(still))

    def notebook_html(self) -> str:
        """The page as a piece of HTML: a still picture with a line below, and the script that replaces both."""
        said = "A still picture: run this cell, or trust the notebook, and it trains in front of you."
        return self._player(f"{self.image()}<p>{said}</p>")

    def _player(self, still: str) -> str:
        """The element that holds the page, with what stands there until the script replaces it."""
        from hashlib import sha256

        program = self.program()
        key = "t" + sha256(program.encode()).hexdigest()[:16]
        return (
            f'<div class="micrograd-watch" data-key="{key}" data-lm-suppress-shortcuts="true" style="overflow-x:auto">'
            f'{still}</div>\n<script>(() => {{\n"use strict";\n{program}'
            f'watch("{key}", scene, code, updates, rules, style);\n}})();</script>\n'
        )

    def program(self) -> str:
        """The scripts of the page, and what they show."""
        scripts = [asset(f"{file}.js") for file in PLAYER] + [own(f"{file}.js") for file in SCRIPTS]
        style = "\n".join(map(bare, [asset("explore.css"), *[own(f"{file}.css") for file in STYLES]]))
        return "\n".join([*map(bare, scripts), self.numbers(), f"const style = {literal(style)};\n"])

    def numbers(self) -> str:
        """The constants scene, code, updates and rules: with `random` and `training` they are all that computes."""
        texts = [f"const code = (() => {{\n{self.code}\n}})();", functions("updates", self.updates)]
        texts.append(functions("rules", self.rules))
        known = f"const scene = {literal(self.scene)};"
        return "\n".join([*map(bare, [*brought("\n".join(texts)), *texts]), known])

    def __repr__(self) -> str:
        samples = plural(len(self.scene["X"]), "sample")
        return f"<LearningPage: {self.title}, {samples}>"


def functions(name: str, texts: dict[str, str]) -> str:
    """An object of functions, by name."""
    return f"const {name} = {{\n" + ",\n".join([f"{literal(key)}: {text}" for key, text in texts.items()]) + "\n};"


def own(file: str) -> str:
    """The text of a file of this page."""
    return (FOLDER / file).read_text(encoding="utf-8")
