"""Text in pictures: short numbers, lists, and how wide a line will be. Names are typeset in `notation.signs`."""

from __future__ import annotations

from micrograd.notation.signs import SUPERSCRIPTS, numeral

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_TOOLTIP = 400

# Advance widths of Helvetica in thousandths of the font size, from its published metrics (Adobe Core 14 AFM).
METRICS = {
    222: "'`ijl", 260: "{}", 278: " !,./:;I[\\]ft|", 333: "()-r", 355: '"', 389: "*", 500: "ckJsvxyz", 584: "+<=>~−×÷",
    611: "FTZ", 667: "ABEKPSVXY&", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
WIDTHS = {ord(character): advance for advance, characters in METRICS.items() for character in characters}


def superscript(x: float) -> str:
    """A number as an exponent: raised where there are raised characters for it.

    >>> superscript(2.0), superscript(-1.0), superscript(0.5)
    ('²', '⁻¹', '^0.5')
    """
    raised = numeral(x).translate(SUPERSCRIPTS)
    return raised if all(character in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻" for character in raised) else "^" + numeral(x)


def plural(n: int, noun: str) -> str:
    """A number of things.

    >>> plural(1, "value"), plural(1234, "value"), plural(2, "box")
    ('1 value', '1,234 values', '2 boxes')
    """
    plural = noun + ("es" if noun.endswith("x") else "s")
    return f"{n:,} {noun if n == 1 else plural}"


def width(text: str, size: float) -> float:
    """Roughly how wide `text` is in points, in Helvetica or a font of its metrics at the given size."""
    total = 0
    for character in text:
        code = ord(character)
        if code < 0x300 or code == 0x2212:
            total += WIDTHS.get(code, 556)
        else:
            total += wide(character)
    return total * size / 1000.0


def wide(character: str) -> int:
    """Advance width of a character beyond Latin, in thousandths of the font size."""
    from unicodedata import category, east_asian_width

    if category(character) in ("Mn", "Cf", "Me"):
        return 0
    if "₀" <= character <= "ₜ" or "⁰" <= character <= "⁻" or character in "ᵢᵣᵤᵥⱼ":
        return 370
    return 1050 if east_asian_width(character) in ("W", "F") else 680


def listed(names: list[Any], longest: int) -> str:
    """The first names, separated by commas, and how many more there are.

    >>> listed(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    more = len(names) - longest
    return ", ".join(names[:longest]) + (f" and {more:,} more" if more > 0 else "")
