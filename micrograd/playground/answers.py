"""Questions of the page and their answers, as JSON: the one thing that the page calls.

code        the text; at: the numbers of its free names, by name; panel: what is to be shown of it
error       what is wrong with the text, and in which line (0 for none)
"""

from __future__ import annotations

import json
import math

from micrograd.notation.naming import name_nodes
from micrograd.notation.signs import maths, numeral
from micrograd.playground.code import CodeError, read
from micrograd.playground.panels import PANELS, numbers
from micrograd.playground.running import numbers_at, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.playground.code import Code
    from micrograd.playground.running import Run
    from micrograd.playground.training import Training


class Session:
    """A page and its Python: answers questions, and keeps the training that the last ones were about.

    >>> session = Session()
    >>> found = json.loads(session.answer('{"code": "w * x", "at": {"w": 3}, "panel": "formula"}'))
    >>> found["result"], [x["grad"] for x in found["numbers"]]
    ({'name': 'f', 'text': '3', 'full': '3.0'}, [1.0, 3.0])
    >>> json.loads(session.answer('{"code": "w +", "at": {}, "panel": "graph"}'))["error"]
    {'message': 'invalid syntax', 'line': 1}
    """

    def __init__(self) -> None:
        self.training: Training | None = None
        self.page: dict[str, str] = {"why": ""}  # that of the training, see `learning_page`
        self.about: tuple[Any, ...] = ()  # what the training was begun with

    def answer(self, question: str) -> str:
        """The answer to a question of the page."""
        asked = json.loads(question)
        found: dict[str, Any] = {}
        try:
            code = read(asked["code"])
            found["at"] = numbers_at(code, asked["at"])
            done = run(code, found["at"])
            found |= {"said": done.said, "numbers": numbers(done), "result": result(done)}
            found["panel"] = self.panel(code, done, found["at"], asked)
        except CodeError as error:
            found["said"] = getattr(error, "said", "")
            found["error"] = {"message": error.message, "line": error.line}
        return json.dumps(finite(found))

    def panel(self, code: Code, done: Run, at: dict[str, float], asked: dict[str, Any]) -> dict[str, Any]:
        """What the panel that is asked for shows."""
        try:
            if asked["panel"] != "train":
                return PANELS[asked["panel"]](done, asked)
            return self.train(code, at, asked)
        except CodeError as error:
            return {"note": error.message}
        except Exception as error:  # such as a graph too large for the player: the other panels go on
            return {"note": str(error) or type(error).__name__}

    def train(self, code: Code, at: dict[str, float], asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a training, or go on with it for asked["epochs"] or asked["seconds"].

        With asked["watch"] it is a page that trains by itself, where there can be one.
        """
        from micrograd.playground.training import go_on, learning_page, told, training_of

        about = (asked["code"], at, *[asked[name] for name in ("data", "rule", "rate", "batch", "start", "watch")])
        new = self.training is None or about != self.about
        if self.training is None or new:
            self.training, self.about = training_of(code, at, asked), about
            self.page = learning_page(self.training) if asked["watch"] else {"why": ""}
        if "html" in self.page:
            return {**self.page, "columns": self.training.columns, "samples": len(self.training.rows)}
        go_on(self.training, asked["epochs"], asked["seconds"])
        return {**told(self.training, 0 if new else asked["since"]), "new": new, "why": self.page["why"]}


def result(done: Run) -> dict[str, str]:
    """The root, as it is called in pictures, and its number to three digits and in full."""
    name = name_nodes([done.root], done.names).name(done.root)
    return {"name": maths(name), "text": numeral(done.root.data), "full": repr(done.root.data)}


def finite(x: Any) -> Any:
    """JSON has no nan and no inf: they go as text."""
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    if isinstance(x, dict):
        return {key: finite(item) for key, item in x.items()}
    return [finite(item) for item in x] if isinstance(x, list) else x
