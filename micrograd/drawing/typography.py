"""Text in pictures: labels in maths type, short numbers, safe characters, and how wide a line will be.

    label       what a user called a value: any string at all
    clean       free of characters that XML forbids or that would reorder the text around it
"""
from __future__ import annotations

from math import isinf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST, LONGEST_TOOLTIP = 24, 400

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "lam": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
WORDS = frozenset(("what", "that", "chat"))  # no letters with a hat
SUBSCRIPTS = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

# Advance widths of Helvetica in thousandths of the font size, from its published metrics (Adobe Core 14 AFM).
METRICS = {
    222: "'`ijl", 260: "{}", 278: " !,./:;I[\\]ft|", 333: "()-r", 355: '"', 389: "*", 500: "ckJsvxyz", 584: "+<=>~−×÷",
    611: "FTZ", 667: "ABEKPSVXY&", 722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
WIDTHS = {ord(character): advance for advance, characters in METRICS.items() for character in characters}


def maths(label: str) -> str:
    """A label in maths type: `w1` is w₁, `w_1_12` is w₁,₁₂, `yhat` is ŷ; what is no such name stays as it is.

    A network's "layer 1 neuron 2 w3" is w₁₂₃; with a number of two digits w₁,₁₂,₃, so that no two look the same.

    >>> maths("w1"), maths("w_1_12"), maths("yhat"), maths("sigma2"), maths("x_i"), maths("learning_rate")
    ('w₁', 'w₁,₁₂', 'ŷ', 'σ₂', 'xᵢ', 'learning_rate')
    >>> maths("layer 1 neuron 2 w3"), maths("layer 1 neuron 12 b")
    ('w₁₂₃', 'b₁,₁₂')
    """
    import re
    from unicodedata import normalize

    parameter = re.fullmatch(r"(?:layer ([0-9]+) )?neuron ([0-9]+) ([wb])([0-9]*)", label)
    if parameter is not None:
        layer, neuron, letter, place = parameter.groups()
        numbers = [n for n in (layer, neuron, place) if n]
        return letter + ("," if any(len(n) > 1 for n in numbers) else "").join(numbers).translate(SUBSCRIPTS)
    places = "(?:_?[0-9]+)(?:_[0-9]+)*|_[aehijklmnoprstuvx]"
    found = re.fullmatch(f"([A-Za-z]+?)(?:_?(hat|bar|tilde|dot))?({places})?_?", label)
    if found is None or label in WORDS:
        return label
    stem, accent, index = found.groups()
    letter = GREEK.get(stem, stem)
    if len(letter) > 1 and (accent or index and index[-1].isalpha()):
        return label
    lowered = (index or "").lstrip("_").replace("_", ",").translate(SUBSCRIPTS)
    return normalize("NFC", letter + ACCENTS.get(accent or "", "")) + lowered


def clean(text: str, longest: int = LONGEST) -> str:
    """`text` on one line, no longer than `longest`, that can stand in any XML and beside any other text.

    Control characters become visible ones, what XML forbids becomes �, marks that steer the direction of writing are
    dropped, and right-to-left text is isolated, so that it does not turn the numbers beside it around.

    >>> clean("a\\nb"), clean("x" * 100, 5)
    ('a␤b', 'xxxx…')
    """
    from unicodedata import bidirectional, category

    if len(text) > longest:
        text = text[: longest - 1].rstrip("\u200d") + "…"
    if text.isascii() and text.isprintable():
        return text
    shown, leftward = [], False
    for character in text:
        kind, code = category(character), ord(character)
        if kind == "Cc":
            character = "␤" if character == "\n" else chr(0x2400 + code) if code < 32 else "�"
        elif kind == "Cs" or code & 0xFFFE == 0xFFFE or kind in ("Zl", "Zp"):
            character = "�"
        elif kind == "Cf" and character != "\u200d":
            continue
        leftward = leftward or bidirectional(character) in ("R", "AL")
        shown.append(character)
    text = "".join(shown)
    return f"\u2068{text}\u2069" if leftward else text


def number(x: float, digits: int = 3) -> str:
    """x to three significant digits, with a true minus sign.

    >>> number(-0.18432), number(1.0), number(12345.6), number(1.5e-7), number(float("inf"))
    ('−0.184', '1', '12346', '1.5e−7', '∞')
    """
    if isinf(x):
        return "∞" if x > 0 else "−∞"
    if 999.5 <= abs(x) < 99999.5:
        text = f"{x:.0f}"
    else:
        text = f"{x:.{digits}g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def superscript(x: float) -> str:
    """A number as an exponent: raised where there are raised characters for it.

    >>> superscript(2.0), superscript(-1.0), superscript(0.5)
    ('²', '⁻¹', '^0.5')
    """
    raised = number(x).translate(SUPERSCRIPTS)
    return raised if all(character in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻" for character in raised) else "^" + number(x)


def count(n: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "value"), count(1234, "value"), count(2, "box")
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
