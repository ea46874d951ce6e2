"""Standard output and error that take every text: where an encoding lacks a character it is spelled plainly.

encoding    of a stream, such as ascii, cp1252 or cp437
spelling    what stands for a character in ASCII: sigma for σ, dL/dw1 for ∂L/∂w1, yhat for ŷ
escape      what stands for a character of the user's own that has no spelling: \\u540d
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, suppress
from functools import lru_cache
from unicodedata import normalize

from micrograd.notation.signs import GREEK, LOWERED, MARKS, RAISED, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SPELLINGS = {
    **{letter: name for name, letter in GREEK.items() if name not in ("eps", "lam")},
    **MARKS,
    "∂": "d", "∇": "grad ", "∫": "integral ", "Π": "Pi", "√": "sqrt", "∞": "inf", "½": "1/2",
    "±": "+-", "×": "x", "·": "*", "∗": "*", "⊗": "x", "÷": "/", "−": "-", "‖": "||", "⌊": "floor(", "⌋": ")",
    "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "←": "<-", "→": "->", "↑": "^", "↓": "v", "⇒": "=>",
    "′": "'", "″": "''", "‘": "'", "’": "'", "“": '"', "”": '"', "ˆ": "^", "–": "-", "—": "--",
    "…": "...", "⋯": "...", "⋮": ":", "•": "*", "✓": "ok", "│": "|", "─": "-", "━": "-",
    "€": "EUR", "£": "GBP", "¥": "JPY", "ö": "oe", "ß": "ss",
    **dict.fromkeys("├└┌┐┘┤┬┴┼", "+"),
    "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ", "\N{FIRST STRONG ISOLATE}": "",
    "\N{POP DIRECTIONAL ISOLATE}": "", "\N{ZERO WIDTH JOINER}": "", "\N{REPLACEMENT CHARACTER}": "?",
    "\N{SYMBOL FOR NEWLINE}": "\\n", **{chr(0x2400 + code): repr(chr(code))[1:-1] for code in range(32)},
}  # fmt: skip
SUBSCRIPTS = {chr(lowered): chr(plain) for lowered, plain in LOWERED.items()}
SUPERSCRIPTS = {**{chr(raised): chr(plain) for raised, plain in RAISED.items()}, "⁽": "(", "⁾": ")", "⁺": "+", "⁻": "-",
                "ᵏ": "k", "ᵖ": "p", "ᵗ": "t", "ˢ": "s", "ˣ": "x", "ʸ": "y", "ⁿ": "n", "ⁱ": "i"}  # fmt: skip
RUNS = re.compile(f"∂·|[{''.join(SUPERSCRIPTS)}]+|[{''.join(SUBSCRIPTS)}]+")


def spelling_of_run(found: re.Match[str]) -> str:
    """The spelling of raised or lowered characters in a row: ^10 for ¹⁰, 12 for ₁₂, _i for ᵢ."""
    run = found[0]
    if run == "∂·":  # by anything, at the head of a column
        return "d."
    if run[0] in SUPERSCRIPTS:
        return "^" + "".join([SUPERSCRIPTS[c] for c in run])
    plain = "".join([SUBSCRIPTS[c] for c in run])
    return plain if plain.isdigit() else f"_{plain}"


@lru_cache(maxsize=4096)
def spelling(character: str) -> str:
    """A character in ASCII.

    >>> spelling("σ"), spelling("ŷ"), spelling("→"), spelling("名")
    ('sigma', 'yhat', '->', '\\\\u540d')
    """
    if character.isascii() or character in SPELLINGS:
        return SPELLINGS.get(character, character)
    letter, *marks = list(normalize("NFD", character))
    if marks and all(mark in MARKS for mark in marks):
        return spelling(letter) + "".join([MARKS[mark] for mark in marks])
    return character.encode("ascii", "backslashreplace").decode()


def encodable(text: str, encoding: str | None) -> bool:
    """Whether a stream of this encoding (any text, for None) takes a text."""
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return encoding is None
    return True


def spelled(text: str, encoding: str | None) -> str:
    """A text of which an encoding takes every character; what it lacks is spelled plainly.

    >>> spelled("∂L/∂w₁ = 2(ŷ−y)·σ'(u), 2¹⁰⁰", "ascii")
    "dL/dw1 = 2(yhat-y)*sigma'(u), 2^100"
    >>> spelled("∂L/∂w₁ = 2(ŷ−y)·σ'(u)", "cp437")
    "dL/dw1 = 2(yhat-y)·σ'(u)"
    """
    if encodable(text, encoding):
        return text
    text = RUNS.sub(lambda run: run[0] if encodable(run[0], encoding) else spelling_of_run(run), text)
    return "".join([c if encodable(c, encoding) else spelling(c) for c in text])


class InputError(Exception):
    """Something the user can mend; shown as one line, exit code 2."""


class OutputError(Exception):
    """Standard output or error takes no more, such as a file on a full disk."""


class Stream:
    """A text stream that takes every text, with OutputError for what the system says of it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, spelled for the encoding of the stream."""
        return self.asked(self.stream.write, spelled(text, self.stream.encoding))

    def flush(self) -> None:
        """Hand on what was written."""
        self.asked(self.stream.flush)

    def asked(self, method: Any, *given: str) -> Any:
        """What a method of the stream returns."""
        try:
            return method(*given)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError((error.strerror or str(error)).lower()) from None


def pour(text: str) -> None:
    """A text on standard output as it is, in UTF-8: data, which no encoding of a terminal may change."""
    if sys.stdout is not None:
        sys.stdout.flush()
        stream = sys.stdout.buffer
        try:
            stream.write(text.encode(errors="surrogateescape"))
            stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError((error.strerror or str(error)).lower()) from None


def silence() -> None:
    """Drop what standard output did not take, so that Python does not try it again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def streams() -> Iterator[None]:
    """Standard output and error as such streams, for a while; one that is closed (None) stays so."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = [stream and Stream(stream) for stream in before]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def spell(text: str) -> str:
    """A text as standard output will show it: what is put in columns is spelled before it is measured."""
    return spelled(text, getattr(sys.stdout, "encoding", None))


def one_line(text: str) -> str:
    """A text that holds data, such as the names of columns, on one line, without what controls a terminal.

    >>> one_line("a\\nb\\x1b[31m")
    'a␤b␛[31m'
    """
    return clean(text, len(text))


def complain(text: str) -> None:
    """One line on standard error, if it takes one."""
    with suppress(OutputError):
        print(f"micrograd: {text}", file=sys.stderr)
